# SPDX-License-Identifier: GPL-2.0-or-later
"""What the maps of pages have in common: shapes as paths of SVG, and room for texts. Coordinates are px."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import shapely

_FIRST_WIDE_CHARACTER = 0x2E80


def make_path(shape: Any) -> str:
    """Return polygons and lines as a path: rings are closed."""
    pieces = []
    for part in shapely.get_parts(shape).tolist():
        if part.geom_type == "GeometryCollection":
            pieces.append(make_path(part))
        is_ring = part.geom_type == "Polygon"
        for line in shapely.get_rings(part) if is_ring else [part] if part.geom_type == "LineString" else []:
            points = shapely.get_coordinates(line).tolist()
            text = "L".join(f"{x:.1f},{y:.1f}" for x, y in (points[:-1] if is_ring else points))
            pieces.append(f"M{text}{'Z' if is_ring else ''}")
    return "".join(pieces)


def measure_text(text: str, wide: float, narrow: float) -> float:
    """Return about the width of a text; ``wide``, ``narrow``: widths of a Chinese and of another character."""
    return sum(wide if ord(one) >= _FIRST_WIDE_CHARACTER else narrow for one in text)


def has_room(box: Any, frame: Any, taken: Iterable[Any]) -> bool:
    """Return True if the box of a text is within the frame and covers nothing that is taken."""
    return bool(frame.contains(box)) and not any(box.intersects(one) for one in taken)

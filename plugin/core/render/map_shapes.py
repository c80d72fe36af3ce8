# SPDX-License-Identifier: GPL-2.0-or-later
"""What drawings of pages (SVG) have in common: paths of shapes, texts and the room for them. Coordinates are px."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

import shapely

from ..base.files.document_text import make_document_text

_FIRST_WIDE_CHARACTER = 0x2E80
_FONTS = "Noto Sans CJK SC, Microsoft YaHei, SimHei, sans-serif"
#: Width of a letter of a bold text, as a share of its size; a Chinese character is as wide as high.
_NARROW_SHARE = 0.62


def draw_text(
    text: str,
    x: float,
    y: float,
    size: float,
    colour: str,
    *,
    bold: bool = False,
    halo: bool = False,
    anchor: str = "middle",
) -> str:
    """Return a text, with a white field on request; (x, y): start, middle or end of its base line."""
    weight = ' font-weight="bold"' if bold else ""
    field = ""
    if halo:
        # Qt and Word draw no outlined texts.
        width = measure_text(text, size, _NARROW_SHARE * size) + 6
        field = (
            f'<rect x="{x - width / 2:.1f}" y="{y - size:.1f}" width="{width:.1f}" height="{size * 1.3:.1f}" rx="3" '
            'fill="#FFFFFF" fill-opacity="0.82"/>'
        )
    return (
        f'{field}<text x="{x:.1f}" y="{y:.1f}" font-family="{_FONTS}" font-size="{size:.1f}"{weight} '
        f'text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'
    )


def make_svg(width: float, height: float, pieces: Iterable[str]) -> str:
    """Return pieces as an SVG file."""
    return make_document_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.1f}" height="{height:.1f}" '
        f'viewBox="0 0 {width:.1f} {height:.1f}">{"".join(pieces)}</svg>'
    )


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

# SPDX-License-Identifier: GPL-2.0-or-later
"""Format short texts of a finding: map label, message after an edit, menu entry."""

from __future__ import annotations

from typing import Any

from ...bridge.texts import tr
from .groups import place_of


def format_hectares(area_m2: float) -> str:
    """Return an area in hectares: four decimals below 1 ha, two above; positive areas are never shown as 0."""
    from ...core.messages.texts import number

    if 0 < area_m2 < 0.5:
        figure = "< 0.0001"
    else:
        figure = number(area_m2 / 1e4, 4 if area_m2 < 1e4 else 2)
    return tr("{number} ha").format(number=figure)


def format_label_lines(finding: Any) -> list[str]:
    """Return the lines of the map label: rule code and township; area and width; feature keys."""
    from ...core.messages.texts import area_text, short_key, width_text

    keys = " ↔ ".join(short_key(key) for key in (finding.key, *finding.related_keys[:1]) if key)
    if len(finding.related_keys) > 1:
        keys += " …"
    figures = []
    if finding.area_m2 is not None:
        areas = {"hectares": format_hectares(finding.area_m2), "area": area_text(finding.area_m2)}
        figures.append(tr("{hectares} ({area})").format(**areas))
    if finding.width_m is not None:
        figures.append(tr("width {width} m").format(width=width_text(finding.width_m, 1)))
    head = tr("  ").join(part for part in (finding.code, finding.township) if part)
    return [line for line in (head, tr("  ").join(figures), keys) if line]


def format_menu_line(finding: Any) -> str:
    """Return one line: rule code, location, area."""
    area = "" if finding.area_m2 is None else format_hectares(finding.area_m2)
    return tr("  ").join(part for part in (finding.code, place_of(finding), area) if part)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Colours of cells: find letters that cannot be seen on their ground."""

from __future__ import annotations

import re
from typing import Any

from .looks import load_looks

_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
Colour = tuple[int, int, int]
#: A workbook counts the theme's colours with light and dark changed about (ECMA-376, 20.1.6.2).
_ORDER = ("lt1", "dk1", "lt2", "dk2", *(f"accent{n}" for n in range(1, 7)), "hlink", "folHlink")
_SCHEME = re.compile(rb'<a:(\w+)>\s*<a:(?:sysClr[^>]*lastClr|srgbClr val)="([0-9A-Fa-f]{6})"')


def theme_of(book: Any) -> list[Colour]:
    """The colours of a workbook's theme, in the order that cells count them by."""
    found = {name.decode(): _rgb(value.decode()) for name, value in _SCHEME.findall(book.loaded_theme or b"")}
    return [found.get(name, _WHITE if name.startswith("lt") else _BLACK) for name in _ORDER]


def is_unseen(cell: Any, theme: list[Colour]) -> bool:
    """Letters of the colour of their ground, or of next to no size."""
    font, ground = cell.font, cell.fill
    if font is None:
        return False
    if font.sz is not None and font.sz < load_looks().least_letter_points:
        return True
    ink = _colour(font.color, theme, _BLACK)
    below = _WHITE
    if ground is not None and ground.fill_type == "solid":
        below = _colour(ground.fgColor, theme, _WHITE)
    return max(abs(a - b) for a, b in zip(ink, below, strict=True)) < load_looks().least_colour_apart


def look_of(cell: Any) -> str:
    """How a cell is written: font, size, colour, ground, place."""
    font, ground, at = cell.font, cell.fill, cell.alignment
    colour = _named(font.color) if font is not None else ""
    written = [font.name, font.sz, font.b, font.i, font.u, font.strike, font.vertAlign] if font is not None else []
    under = [ground.fill_type, _named(ground.fgColor) if ground.fill_type else ""] if ground is not None else []
    placed = [at.horizontal, at.indent, at.textRotation, at.shrink_to_fit] if at is not None else []
    return "|".join(str(one or "") for one in (*written, colour, *under, *placed))


def _named(colour: Any) -> str:
    if colour is None:
        return ""
    return f"{colour.type} {colour.value} {colour.tint or 0}"


def _colour(colour: Any, theme: list[Colour], default: Colour) -> Colour:
    from openpyxl.styles.colors import COLOR_INDEX

    if colour is None or colour.value is None:
        return default
    if colour.type == "theme":
        base = theme[colour.value] if colour.value < len(theme) else default
    elif colour.type == "indexed":
        base = _rgb(COLOR_INDEX[colour.value][-6:]) if colour.value < len(COLOR_INDEX) else default
    elif colour.type == "rgb" and re.fullmatch(r"[0-9A-Fa-f]{6,8}", str(colour.value)):
        base = _rgb(str(colour.value)[-6:])
    else:
        return default
    tint = float(colour.tint or 0.0)
    return tuple(int(c * (1 + tint)) if tint < 0 else int(c + (255 - c) * tint) for c in base)  # type: ignore[return-value]


def _rgb(text: str) -> Colour:
    return int(text[:2], 16), int(text[2:4], 16), int(text[4:6], 16)

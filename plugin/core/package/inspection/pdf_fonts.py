# SPDX-License-Identifier: GPL-2.0-or-later
"""Widths of the characters of fonts of a PDF (ISO 32000-1, 9.2.4, 9.6 and 9.7.4.3)."""

from __future__ import annotations

from math import isfinite
from typing import Any, NamedTuple

from .pdf_objects import PdfObject, PdfObjects

#: Width of a character without a known width, as a share of the font's size: of one byte, and of two bytes.
_SIMPLE_WIDTH, _WIDE_WIDTH = 0.5, 1.0
_GLYPH_UNIT = 0.001


class Font(NamedTuple):
    """Bytes of a code, and widths of characters as shares of the font's size."""

    code_bytes: int
    width_by_code: dict[int, float]
    default_width: float


UNKNOWN_FONT = Font(1, {}, _SIMPLE_WIDTH)


def read_numbers(objects: PdfObjects, item: Any, count: int) -> tuple[float, ...] | None:
    """Return an array of ``count`` numbers, None for another value."""
    numbers = [objects.find(one) for one in objects.resolve_list(item)]
    return tuple(numbers) if len(numbers) == count and all(isinstance(one, float) for one in numbers) else None


def measure_font(objects: PdfObjects, font: PdfObject | None) -> Font:
    """Return the widths of a font's characters. Every code of a composite font is taken as two bytes."""
    entries = font.dictionary if font is not None else {}
    kind = objects.find(entries.get("Subtype"))
    if kind == "Type0":
        descendants = objects.resolve_list(entries.get("DescendantFonts"))
        descendant = objects.resolve_dictionary(descendants[0]) if descendants else {}
        default = objects.find(descendant.get("DW"))
        default_width = default * _GLYPH_UNIT if isinstance(default, float) else _WIDE_WIDTH
        return Font(2, _read_wide_widths(objects, descendant.get("W")), default_width)
    matrix = read_numbers(objects, entries.get("FontMatrix"), 6) if kind == "Type3" else None
    unit = matrix[0] if matrix is not None else _GLYPH_UNIT
    first_code = objects.find(entries.get("FirstChar"))
    start = int(first_code) if isinstance(first_code, float) and isfinite(first_code) else 0
    widths = [objects.find(one) for one in objects.resolve_list(entries.get("Widths"))]
    return Font(1, {start + n: w * unit for n, w in enumerate(widths) if isinstance(w, float)}, _SIMPLE_WIDTH)


def _read_wide_widths(objects: PdfObjects, item: Any) -> dict[int, float]:
    """Return code → width of an array with entries ``c [w …]`` or ``first last w``."""
    width_by_code: dict[int, float] = {}
    found_values = [objects.find(one) for one in objects.resolve_list(item)]
    values = [0.0 if isinstance(one, float) and not isfinite(one) else one for one in found_values]
    n = 0
    while n + 1 < len(values):
        first, second = values[n], values[n + 1]
        if isinstance(first, float) and isinstance(second, list):
            widths = [objects.find(one) for one in second]
            width_by_code |= {int(first) + k: w * _GLYPH_UNIT for k, w in enumerate(widths) if isinstance(w, float)}
            n += 2
        elif n + 2 < len(values) and all(isinstance(one, float) for one in values[n : n + 3]):
            last = min(int(second), int(first) + 0xFFFF)
            width_by_code |= dict.fromkeys(range(int(first), last + 1), values[n + 2] * _GLYPH_UNIT)
            n += 3
        else:
            break
    return width_by_code

# SPDX-License-Identifier: GPL-2.0-or-later
"""Comparison of a sheet of the plugin's workbook with the same sheet made again.

It covers words, number formats and styles. `compare` compares figures with their tolerance; this module compares the
other cells.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .compare import are_same_words
from .model import Cell, Sheet, load_style_limits

#: Placeholders of a digit of the value and of the text of a cell.
_DIGIT, _TEXT = "\x01", "\x02"
_GENERAL = re.compile("general", re.IGNORECASE)
_PART = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_.|\*(?P<filled>.)|\[\$(?P<money>[^\]-]*)[^\]]*\]|\[(?P<bracket>[^\]]*)\]|(?P<character>.)',
    re.DOTALL,
)
#: Colours in a format that are invisible on paper.
_WHITE = re.compile(r"white|白色|color\s*2|颜色\s*2", re.IGNORECASE)
#: Formats in the plugin's workbooks (`render.tables.workbook`).
_OWN_FORMATS = re.compile(r"#,##0(\.0+)?;\[Red\]-#,##0(\.0+)?")
GENERAL = "General"
#: Sections of a format: above zero, below zero, zero, text.
_ZERO, _WORDS = 2, 3
#: A literal digit of the format next to a digit of the value, with only points and blanks between them.
_ADJACENT_DIGITS = re.compile(rf"\d[\d., \u00a0]*{_DIGIT}|{_DIGIT}[{_DIGIT}., \u00a0]*\d")


class FormatSection(NamedTuple):
    """One section of a number format.

    ``shown`` has its literal characters and a placeholder for each digit and text of the value. ``divides`` means
    that a comma after the last digit divides by a thousand; ``white`` that it is written in white.
    """

    shown: str
    divides: bool
    white: bool


def is_own_format(number_format: str, of_number: bool) -> bool:
    """Return True for a number format that the plugin's workbooks have."""
    return _OWN_FORMATS.fullmatch(number_format) is not None if of_number else number_format == GENERAL


def is_misleading_format(number_format: str, of_number: bool) -> bool:
    """Return True for a format that makes a cell show another value, or none.

    A format that prints nothing on purpose (``;;;``) is reported as hidden, not here.
    """
    sections = [_section(one) for one in _split(number_format)]
    if not of_number:
        return len(sections) > _WORDS and bool(sections[_WORDS].shown) and _TEXT not in sections[_WORDS].shown
    for place, one in enumerate(sections[:_WORDS]):
        has_value = _DIGIT in one.shown
        if one.white or one.divides:
            return True
        if has_value and _ADJACENT_DIGITS.search(one.shown):
            return True
        if (
            not has_value
            and one.shown
            and (any(c.isdigit() for c in one.shown) or (place < _ZERO and _TEXT not in one.shown))
        ):
            return True
    return False


def _split(number_format: str) -> list[str]:
    """Return the sections of a format; quoted and escaped semicolons do not separate."""
    found = [""]
    for part in re.finditer(r'"[^"]*"?|\\.|\[[^\]]*\]|.', number_format, re.DOTALL):
        if part.group() == ";":
            found.append("")
        else:
            found[-1] += part.group()
    return found


def _section(text: str) -> FormatSection:
    shown, white, last_comma = "", False, False
    for part in _PART.finditer(_GENERAL.sub("0", text)):
        literal = next(
            (part[name] for name in ("quoted", "escaped", "filled", "money") if part[name] is not None), None
        )
        character = part["character"]
        if literal is not None:
            shown += literal
        elif part["bracket"] is not None:
            white = white or _WHITE.fullmatch(part["bracket"].strip()) is not None
        elif character is None:
            shown += " "
        elif character in "0#?":
            shown += _DIGIT
            last_comma = False
        elif character == "@":
            shown += _TEXT
        elif character == ",":
            last_comma = last_comma or shown.endswith(_DIGIT)
        elif character.lower() in "ymdhse":
            # Part of a date or an exponent: the value itself in another notation.
            shown += _DIGIT
        else:
            shown += character
    return FormatSection(shown, last_comma, white)


class CellChange(NamedTuple):
    """A differing cell at ``row`` and ``column`` with actual and expected content."""

    row: int
    column: int
    printed: str
    expected: str


@dataclass(frozen=True)
class SheetChanges:
    """Differences of a sheet.

    ``words`` are cells with other words, ``number_formats`` cells with another number format (``printed`` and
    ``expected`` are formats), ``styles`` cells with another font, colour or size, ``sizes`` rows and columns with
    another height or width.
    """

    words: list[CellChange] = field(default_factory=list)
    number_formats: list[CellChange] = field(default_factory=list)
    styles: list[CellChange] = field(default_factory=list)
    sizes: list[int | str] = field(default_factory=list)


_NONE = Cell("")


def compare_sheet(sheet: Sheet, made: Sheet, names: Mapping[str, str]) -> SheetChanges:
    """Compare a sheet with the one made again.

    ``names`` maps layer names in the report to those in the package.
    """
    changed = SheetChanges()
    for place in sorted(sheet.cells.keys() | made.cells.keys()):
        found, given = sheet.cells.get(place, _NONE), made.cells.get(place, _NONE)
        merged = found.state == given.state == "merged"
        if not (given.number or merged or are_same_words(apply_layer_names(found.text, names), given.text)):
            changed.words.append(CellChange(*place, found.text, given.text))
        if not found.text or not given.text:
            continue
        if found.number_format != given.number_format:
            changed.number_formats.append(CellChange(*place, found.number_format, given.number_format))
        elif found.style != given.style:
            changed.styles.append(CellChange(*place, found.style, given.style))
    # Another program may round sizes when it saves the workbook.
    limits = load_style_limits()
    changed.sizes.extend(
        key
        for key, size in made.sizes.items()
        if abs(sheet.sizes.get(key, size) - size) > max(limits.size_differs, size * limits.size_differs_share)
    )
    return changed


def apply_layer_names(text: str, names: Mapping[str, str]) -> str:
    """Replace the report's layer names in a text by those of the package."""
    for name, here in names.items():
        text = text.replace(f"“{name}”", f"“{here}”") if name != here else text
    return text


def find_misleading_formats(sheet: Sheet) -> list[CellChange]:
    """Return cells of any sheet whose number format shows another figure than they hold."""
    cells = [(place, cell) for place, cell in sorted(sheet.cells.items()) if cell.state != "merged"]
    return [
        CellChange(*place, cell.number_format, GENERAL)
        for place, cell in cells
        if cell.number_format and is_misleading_format(cell.number_format, cell.number)
    ]


def find_foreign_formats(sheet: Sheet) -> list[CellChange]:
    """Return cells whose number format no version of this plugin writes."""
    cells = [(place, cell) for place, cell in sorted(sheet.cells.items()) if cell.state != "merged"]
    return [
        CellChange(*place, cell.number_format, GENERAL)
        for place, cell in cells
        if cell.number_format and not is_own_format(cell.number_format, cell.number)
    ]

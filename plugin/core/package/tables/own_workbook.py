# SPDX-License-Identifier: GPL-2.0-or-later
"""A sheet of the plugin's own workbook against the same sheet made again: words, forms of numbers, and how cells are written.

Figures are compared by `compare`, with the allowance that they need; here are the cells that hold none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .compare import are_same_words
from .model import Cell, Sheet, load_style_limits

#: What stands for a digit of the value, and what for the text of a cell.
_DIGIT, _TEXT = "\x01", "\x02"
_GENERAL = re.compile("general", re.IGNORECASE)
_PART = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_.|\*(?P<filled>.)|\[\$(?P<money>[^\]-]*)[^\]]*\]|\[(?P<bracket>[^\]]*)\]|(?P<bare>.)',
    re.DOTALL,
)
#: Colours of a format that are invisible on paper.
_WHITE = re.compile(r"white|白色|color\s*2|颜色\s*2", re.IGNORECASE)
#: Forms that our own workbooks have (`render.tables.workbook`).
_OURS = re.compile(r"#,##0(\.0+)?;\[Red\]-#,##0(\.0+)?")
GENERAL = "General"
#: Sections of a format: above zero, below zero, zero, text.
_ZERO, _WORDS = 2, 3
#: A digit of the format beside one of the value, with nothing but points and blanks between.
_BESIDE = re.compile(rf"\d[\d., \u00a0]*{_DIGIT}|{_DIGIT}[{_DIGIT}., \u00a0]*\d")


class FormatSection(NamedTuple):
    """``shown``: its literal letters, a sign for each digit and text of the value; ``divides``: a comma behind the last digit
    divides by a thousand; ``white``: written in white."""

    shown: str
    divides: bool
    white: bool


def is_own_format(form: str, of_number: bool) -> bool:
    """Return True for a number format that our own workbooks have."""
    return _OURS.fullmatch(form) is not None if of_number else form == GENERAL


def is_misleading_format(form: str, of_number: bool) -> bool:
    """Return True for a form by which a cell shows another figure (or word) than it holds, or none.

    One that prints nothing on purpose (``;;;``) is reported as hidden, not here.
    """
    sections = [_section(one) for one in _split(form)]
    if not of_number:
        return len(sections) > _WORDS and bool(sections[_WORDS].shown) and _TEXT not in sections[_WORDS].shown
    for place, one in enumerate(sections[:_WORDS]):
        has_value = _DIGIT in one.shown
        if one.white or one.divides:
            return True
        if has_value and _BESIDE.search(one.shown):
            return True
        if (
            not has_value
            and one.shown
            and (any(c.isdigit() for c in one.shown) or (place < _ZERO and _TEXT not in one.shown))
        ):
            return True
    return False


def _split(form: str) -> list[str]:
    """The sections of a format; a semicolon in quotes, or behind a backslash, parts none."""
    found = [""]
    for part in re.finditer(r'"[^"]*"?|\\.|\[[^\]]*\]|.', form, re.DOTALL):
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
        bare = part["bare"]
        if literal is not None:
            shown += literal
        elif part["bracket"] is not None:
            white = white or _WHITE.fullmatch(part["bracket"].strip()) is not None
        elif bare is None:
            shown += " "
        elif bare in "0#?":
            shown += _DIGIT
            last_comma = False
        elif bare == "@":
            shown += _TEXT
        elif bare == ",":
            last_comma = last_comma or shown.endswith(_DIGIT)
        elif bare.lower() in "ymdhse":
            # Of a date, or an exponent: the value itself in another writing.
            shown += _DIGIT
        else:
            shown += bare
    return FormatSection(shown, last_comma, white)


class CellChange(NamedTuple):
    """A cell at ``row`` and ``column`` that differs: its content (``printed``) and the expected content (``expected``)."""

    row: int
    column: int
    printed: str
    expected: str


@dataclass(frozen=True)
class SheetChanges:
    """``words``: cells with other words; ``number_formats``: with another number format (``printed`` and ``expected`` are formats);
    ``styles``: with another font, colour or size; ``sizes``: rows and columns of another height or width."""

    words: list[CellChange] = field(default_factory=list)
    number_formats: list[CellChange] = field(default_factory=list)
    styles: list[CellChange] = field(default_factory=list)
    sizes: list[int | str] = field(default_factory=list)


_NONE = Cell("")


def compare_sheet(sheet: Sheet, made: Sheet, names: Mapping[str, str]) -> SheetChanges:
    """Compare a sheet with the one made again. ``names``: what the report calls a layer → what it is called here."""
    changed = SheetChanges()
    for place in sorted(sheet.cells.keys() | made.cells.keys()):
        told, given = sheet.cells.get(place, _NONE), made.cells.get(place, _NONE)
        merged = told.state == given.state == "merged"
        if not (given.number or merged or are_same_words(apply_layer_names(told.text, names), given.text)):
            changed.words.append(CellChange(*place, told.text, given.text))
        if not told.text or not given.text:
            continue
        if told.number_format != given.number_format:
            changed.number_formats.append(CellChange(*place, told.number_format, given.number_format))
        elif told.style != given.style:
            changed.styles.append(CellChange(*place, told.style, given.style))
    # What another program saves again may round sizes.
    looks = load_style_limits()
    changed.sizes.extend(
        key
        for key, size in made.sizes.items()
        if abs(sheet.sizes.get(key, size) - size) > max(looks.size_differs, size * looks.size_differs_share)
    )
    return changed


def apply_layer_names(text: str, names: Mapping[str, str]) -> str:
    """Words with the names that layers have here."""
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

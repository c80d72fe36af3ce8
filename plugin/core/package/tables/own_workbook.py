# SPDX-License-Identifier: GPL-2.0-or-later
"""Comparison of a sheet of the plugin's workbook with the same sheet made again.

Words, number formats and styles are compared here; `compare` compares figures, within their tolerance.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from .compare import do_texts_agree_within_tolerance
from .model import PrintedCell, PrintedSheet, load_style_limits

#: Placeholders of a digit of the value and of the text of a cell.
_DIGIT_PLACEHOLDER, _TEXT_PLACEHOLDER = "\x01", "\x02"
_GENERAL_PATTERN = re.compile("general", re.IGNORECASE)
_FORMAT_TOKEN_PATTERN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_.|\*(?P<filled>.)|\[\$(?P<money>[^\]-]*)[^\]]*\]|\[(?P<bracket>[^\]]*)\]|(?P<character>.)',
    re.DOTALL,
)
#: Colours in a format that are invisible on paper.
_WHITE_COLOUR_PATTERN = re.compile(r"white|白色|color\s*2|颜色\s*2", re.IGNORECASE)
#: Formats in the plugin's workbooks (`render.tables.workbook`).
_OWN_FORMAT_PATTERN = re.compile(r"#,##0(\.0+)?;\[Red\]-#,##0(\.0+)?")
GENERAL_FORMAT = "General"
#: Sections of a format: above zero, below zero, zero, text.
_ZERO_SECTION, _TEXT_SECTION = 2, 3
#: A literal digit of the format next to a digit of the value, with only points and blanks between them.
_ADJACENT_DIGITS_PATTERN = re.compile(
    rf"\d[\d., \u00a0]*{_DIGIT_PLACEHOLDER}|{_DIGIT_PLACEHOLDER}[{_DIGIT_PLACEHOLDER}., \u00a0]*\d"
)


class FormatSection(NamedTuple):
    """One section of a number format.

    ``shown_text`` has its literal characters and a placeholder for each digit and text of the value.
    ``divides_by_thousand`` means that a comma after the last digit divides by a thousand; ``is_white`` that the value
    is shown in white.
    """

    shown_text: str
    divides_by_thousand: bool
    is_white: bool


def is_format_written_by_plugin(number_format: str, is_number: bool) -> bool:
    """Return True for a number format that the plugin writes, and for the general one, which shows the value itself.

    ``is_number``: whether the cell has a number.
    """
    return number_format == GENERAL_FORMAT or (is_number and _OWN_FORMAT_PATTERN.fullmatch(number_format) is not None)


def is_misleading_format(number_format: str, is_number: bool) -> bool:
    """Return True for a number format with which a cell shows another value, or none.

    A format that deliberately prints nothing (``;;;``) is reported as hidden, not here. ``is_number``: whether the cell
    has a number.
    """
    sections = [_parse_section(section) for section in _split_sections(number_format)]
    if not is_number:
        return (
            len(sections) > _TEXT_SECTION
            and bool(sections[_TEXT_SECTION].shown_text)
            and _TEXT_PLACEHOLDER not in sections[_TEXT_SECTION].shown_text
        )
    for position, section in enumerate(sections[:_TEXT_SECTION]):
        has_value = _DIGIT_PLACEHOLDER in section.shown_text
        if section.is_white or section.divides_by_thousand:
            return True
        if has_value and _ADJACENT_DIGITS_PATTERN.search(section.shown_text):
            return True
        if (
            not has_value
            and section.shown_text
            and (
                any(c.isdigit() for c in section.shown_text)
                or (position < _ZERO_SECTION and _TEXT_PLACEHOLDER not in section.shown_text)
            )
        ):
            return True
    return False


def _split_sections(number_format: str) -> list[str]:
    """Return the sections of a number format; quoted semicolons do not separate."""
    sections = [""]
    for match in re.finditer(r'"[^"]*"?|\\.|\[[^\]]*\]|.', number_format, re.DOTALL):
        if match.group() == ";":
            sections.append("")
        else:
            sections[-1] += match.group()
    return sections


def _parse_section(text: str) -> FormatSection:
    """Return what one section of a number format shows."""
    shown_text, white, last_comma = "", False, False
    for match in _FORMAT_TOKEN_PATTERN.finditer(_GENERAL_PATTERN.sub("0", text)):
        literal = next(
            (match[name] for name in ("quoted", "escaped", "filled", "money") if match[name] is not None), None
        )
        character = match["character"]
        if literal is not None:
            shown_text += literal
        elif match["bracket"] is not None:
            white = white or _WHITE_COLOUR_PATTERN.fullmatch(match["bracket"].strip()) is not None
        elif character is None:
            shown_text += " "
        elif character in "0#?":
            shown_text += _DIGIT_PLACEHOLDER
            last_comma = False
        elif character == "@":
            shown_text += _TEXT_PLACEHOLDER
        elif character == ",":
            last_comma = last_comma or shown_text.endswith(_DIGIT_PLACEHOLDER)
        elif character.lower() in "ymdhse":
            # Part of a date or an exponent: the value itself in another notation.
            shown_text += _DIGIT_PLACEHOLDER
        else:
            shown_text += character
    return FormatSection(shown_text, last_comma, white)


class CellChange(NamedTuple):
    """A cell of a sheet that differs from the sheet made again: row, column, actual and expected text."""

    row: int
    column: int
    printed_text: str
    expected_text: str


@dataclass(frozen=True)
class SheetChanges:
    """Differences of a sheet from the same sheet made again.

    ``changed_texts``: cells with other words; ``text_figures``: cells with a figure that is stored as text;
    ``number_formats``: cells with another number format (``printed_text`` and ``expected_text`` are formats);
    ``changed_styles``: cells with another font, colour or size; ``changed_sizes``: rows and columns with another height
    or width.
    """

    changed_texts: list[CellChange] = field(default_factory=list)
    text_figures: list[CellChange] = field(default_factory=list)
    number_formats: list[CellChange] = field(default_factory=list)
    changed_styles: list[CellChange] = field(default_factory=list)
    changed_sizes: list[int | str] = field(default_factory=list)


_EMPTY_CELL = PrintedCell("")


def compare_sheet(sheet: PrintedSheet, remade_sheet: PrintedSheet) -> SheetChanges:
    """Return the differences of a sheet from the same sheet made again."""
    changes = SheetChanges()
    for position in sorted(sheet.cell_by_position.keys() | remade_sheet.cell_by_position.keys()):
        cell, expected_cell = (
            sheet.cell_by_position.get(position, _EMPTY_CELL),
            remade_sheet.cell_by_position.get(position, _EMPTY_CELL),
        )
        are_merged = cell.state == expected_cell.state == "merged"
        if not (
            expected_cell.is_number or are_merged or do_texts_agree_within_tolerance(cell.text, expected_cell.text)
        ):
            changes.changed_texts.append(CellChange(*position, cell.text, expected_cell.text))
        if not cell.text or not expected_cell.text:
            continue
        if expected_cell.is_number and not (cell.is_number or cell.state):
            changes.text_figures.append(CellChange(*position, cell.text, expected_cell.text))
        if cell.number_format != expected_cell.number_format:
            changes.number_formats.append(CellChange(*position, cell.number_format, expected_cell.number_format))
        elif cell.style != expected_cell.style:
            changes.changed_styles.append(CellChange(*position, cell.style, expected_cell.style))
    # Another program may round sizes when it saves the workbook.
    limits = load_style_limits()
    changes.changed_sizes.extend(
        key
        for key, size in remade_sheet.size_by_row_or_column.items()
        if abs(sheet.size_by_row_or_column.get(key, size) - size)
        > max(limits.size_differs, size * limits.size_differs_share)
    )
    return changes


def find_misleading_formats(sheet: PrintedSheet) -> list[CellChange]:
    """Return the cells whose number format shows another figure than the value."""
    cells = [(position, cell) for position, cell in sorted(sheet.cell_by_position.items()) if cell.state != "merged"]
    return [
        CellChange(*position, cell.number_format, GENERAL_FORMAT)
        for position, cell in cells
        if cell.number_format and is_misleading_format(cell.number_format, cell.is_number)
    ]


def find_formats_not_written_by_plugin(sheet: PrintedSheet) -> list[CellChange]:
    """Return the cells with a number format that the plugin does not write."""
    cells = [(position, cell) for position, cell in sorted(sheet.cell_by_position.items()) if cell.state != "merged"]
    return [
        CellChange(*position, cell.number_format, GENERAL_FORMAT)
        for position, cell in cells
        if cell.number_format and not is_format_written_by_plugin(cell.number_format, cell.is_number)
    ]

# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of a workbook as a document to be signed, with columns as wide as their texts need.

All widths of texts are in letters; a Chinese character is two letters wide, capitals, m and w are wider than other
letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ...standard.messages.texts import THIN_SPACE, Texts, format_number
from ..tables.report_table import ReportTable, ReportTableRow, TableNumber, list_rounding_notes, make_column_heading
from ..words import ReportTexts, load_report_settings
from .blocks import Block, Document, DocumentCell, DocumentColumn, DocumentTable, Heading, PageHeaderFooter, Paragraph
from .check_report import make_signature

#: A word counts up to this width: longer ones are codes that may be broken.
_MAX_WORD_WIDTH = 28
#: A figure of up to this width stays on one line, and other texts too if there is room.
_SHORT_TEXT_WIDTH = 19
#: A Chinese heading of more characters may have several lines.
_SHORT_HEADING = 4
#: Bold headings are wider than other texts.
_BOLD_FACTOR = 1.1
_FIRST_WIDE_CHARACTER, _CAPITAL_WIDTH, _WIDE_LETTERS = "\u2e80", 1.3, "mw"
#: Letters that a Chinese character takes.
_CHARACTER_WIDTH = 2.0
#: A line may be broken at these spaces, not at the thin spaces of figures.
_BREAKS = re.compile(r"[ \t\n]+")
#: The text of a figure, a code or a target.
_FIGURE = re.compile(r"[≤≥<−(]?[\s\u202f]?\d")
_WORDS = re.compile(r"[\u2e80-\U0003ffff]|[^\u2e80-\U0003ffff]+")


#: Demands on the space of columns, in letters: lines that a long Chinese heading may have, width of texts that stay on
#: one line, space between the texts of two columns. The first ones that the table has room for are used.
_DEMANDS = (
    *((lines, _SHORT_TEXT_WIDTH, 3.0) for lines in (2, 3)),
    *((3, short_text, 3.0) for short_text in (12, 8, 0)),
    (4, 0, 3.0),
    (4, 0, 1.5),
)
#: Letters by which a column is widened at once.
_STEPS = (1, 2, 4, 8, 16, 32)
#: Wider tables (characters) need a page in landscape.
_MAX_PORTRAIT_WIDTH = 100
#: Letters in a line of a table, on upright pages and in landscape.
_PORTRAIT_LETTERS, _LANDSCAPE_LETTERS = 110, 165
#: Columns up to this width (characters) have no space for the head of a group of rows.
_NARROW_WIDTH = 8
_INDENT = "\u3000"
#: The workbook's texts group digits by plain spaces, at which a line may be broken.
_GROUP_SPACE = re.compile(r"(?<=\d) (?=\d{3}(?!\d))")


def compute_text_width(text: str) -> float:
    """Return the width of a text in letters."""
    return sum(
        2.0
        if character >= _FIRST_WIDE_CHARACTER
        else _CAPITAL_WIDTH
        if "A" <= character <= "Z" or character in _WIDE_LETTERS
        else 1.0
        for character in text
    )


def compute_column_shares(
    headings: Sequence[str], rows: Sequence[Sequence[str]], width_in_letters: float
) -> list[float]:
    """Return the widths of columns in percent: no word is broken, and the table has as few lines as possible.

    Parameters
    ----------
    headings, rows : sequences of text
        The texts of the table: one heading, and one cell a row, for each column.
    width_in_letters : float
        Width of the table.
    """
    columns = [[row[n] for row in rows] for n in range(len(headings))]
    low_widths: list[float] = []
    padding = 0.0
    for heading_lines, short_text, padding in _DEMANDS:
        low_widths = [
            max(
                _compute_heading_width(heading, heading_lines),
                *(_compute_unbroken_width(cell, short_text) for cell in cells),
                1,
            )
            + padding
            for heading, cells in zip(headings, columns, strict=True)
        ]
        if sum(low_widths) <= width_in_letters:
            break
    texts = (headings, *rows)
    text_widths = np.array([[compute_text_width(text) for text in row] for row in texts])
    is_chinese = np.array([[any(one >= _FIRST_WIDE_CHARACTER for one in text) for text in row] for row in texts])
    # Each step widens the column that saves the most lines.
    widths = np.array(low_widths)
    while (rest := width_in_letters - widths.sum()) >= _STEPS[0]:
        lines = _count_lines(text_widths, is_chinese, widths - padding)
        height = lines.max(axis=1).sum()
        best_gain, best_column, best_step = 0.0, 0, 0
        for column in range(len(widths)):
            other_lines = np.delete(lines, column, axis=1).max(axis=1, initial=1)
            for step in _STEPS:
                if step > rest:
                    break
                new_lines = _count_lines(text_widths[:, column], is_chinese[:, column], widths[column] + step - padding)
                gain = (height - np.maximum(other_lines, new_lines).sum()) / step
                if gain > best_gain:
                    best_gain, best_column, best_step = gain, column, step
        if not best_step:
            break
        widths[best_column] += best_step
    return [float(share) for share in 100 * widths / widths.sum()]


def _count_lines(
    text_widths: npt.NDArray[np.float64], is_chinese: npt.NDArray[np.bool_], room: npt.NDArray[np.float64] | float
) -> npt.NDArray[np.float64]:
    """Return the lines of texts in columns with ``room`` letters; a line has whole Chinese characters only."""
    whole = np.maximum(np.floor(np.asarray(room) / _CHARACTER_WIDTH) * _CHARACTER_WIDTH, _CHARACTER_WIDTH)
    return np.where(text_widths <= room, 1.0, np.ceil(text_widths / np.where(is_chinese, whole, room)))


def _compute_heading_width(heading: str, lines: int) -> float:
    """Return the width that a heading needs, in letters.

    A long Chinese word of it may be broken into ``lines`` lines.
    """
    widths = []
    for word in _BREAKS.split(heading):
        width = compute_text_width(word)
        can_be_broken = word[-1:] >= _FIRST_WIDE_CHARACTER and len(word) > _SHORT_HEADING
        widths.append(max(-(-width // lines), 2 * _SHORT_HEADING) if can_be_broken else width)
    return _BOLD_FACTOR * max(widths)


def _compute_unbroken_width(text: str, short_text: float) -> float:
    """Return the width that a text needs so that no word, no figure and no text up to ``short_text`` is broken."""
    width = compute_text_width(text)
    if width <= (_SHORT_TEXT_WIDTH if _FIGURE.match(text) else short_text):
        return width
    words = [word for part in _BREAKS.split(text) for word in _WORDS.findall(part)]
    return min(max(map(compute_text_width, words), default=0), _MAX_WORD_WIDTH)


def make_table_document(tables: list[ReportTable], title: str, area: str, texts: Texts) -> Document:
    """Return tables as a document, each with its unit and notes, then the fields to be signed.

    ``title``: title of the document; ``area``: name of the county, printed below the title.
    """
    report_texts = ReportTexts(texts.lang)
    is_wide = any(sum(c.width_in_characters for c in table.columns) > _MAX_PORTRAIT_WIDTH for table in tables)
    blocks: list[Block] = [*make_table_blocks(tables, texts, is_wide=is_wide), make_signature(report_texts)]
    margins = PageHeaderFooter(
        header_left=area,
        header_right=title,
        footer_left=report_texts.get("page", "product"),
        page_number_format=report_texts.get("page", "number"),
    )
    return Document(title, area, margins, tuple(blocks), texts.lang, landscape=is_wide)


def make_table_blocks(
    tables: list[ReportTable], texts: Texts, *, is_wide: bool = False, level: int = 1
) -> Iterator[Block]:
    """Yield tables, each with its heading, unit and notes.

    ``is_wide``: for pages in landscape; ``level``: of the headings.
    """
    report_texts = ReportTexts(texts.lang)
    for table in tables:
        unit = texts.get("tables", "unit_line", unit=texts.get("unit_names", table.unit)) if table.unit else ""
        letters = _LANDSCAPE_LETTERS if is_wide else _PORTRAIT_LETTERS
        # The head of a group of rows goes where it has space: the first column may have numbers alone.
        place = next((n for n, c in enumerate(table.columns) if c.width_in_characters > _NARROW_WIDTH), 0)
        shown_rows = table.rows[: load_report_settings().length_limits["rows"]]
        rows = tuple(_make_row(row, place) for row in shown_rows)
        heads = frozenset(n for n, row in enumerate(shown_rows) if row.kind == "head")
        headings = [make_column_heading(column, table, texts) for column in table.columns]
        shares = compute_column_shares(headings, [[cell.text for cell in row] for row in rows], letters)
        columns = tuple(
            # A column for numbers has a unit, also if none of them is known.
            DocumentColumn(
                heading,
                share,
                "right"
                if table.columns[n].unit or any(isinstance(row.values[n], TableNumber) for row in table.rows)
                else "left",
            )
            for n, (heading, share) in enumerate(zip(headings, shares, strict=True))
        )
        yield from (
            Heading(texts.get("sheets", table.id), level, unit),
            DocumentTable(columns, rows, texts.get("tables", "no_rows"), heads),
        )
        limit = load_report_settings().length_limits["rows"]
        if len(table.rows) > limit:
            shown_count, count = format_number(limit, 0), format_number(len(table.rows), 0)
            yield Paragraph(
                report_texts.get("signed", "workbook_has_all", shown=shown_count, count=count), is_small=True
            )
        notes = [*table.notes, *list_rounding_notes(table, texts)]
        yield from (Paragraph(note, is_small=True) for note in notes)


def _make_row(row: ReportTableRow, head_place: int) -> tuple[DocumentCell, ...]:
    """Return the cells of a row; the text of a heading of rows is put into the column ``head_place``."""
    bold = row.kind in ("sum", "head")
    texts = [
        (
            format_number(value.value, value.decimals)
            if isinstance(value, TableNumber)
            else _GROUP_SPACE.sub(THIN_SPACE, value or "")
        )
        for value in row.values
    ]
    if row.kind == "head":
        texts[0], texts[head_place] = "", texts[0]
    if row.kind == "part":
        texts[0] = f"{_INDENT}{texts[0]}"
    return tuple(DocumentCell(text, is_bold=bold) for text in texts)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Recognition of a plan's tables in sheets of any layout.

Tables are recognised by titles, words of their heads, and codes and names of their rows.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from unicodedata import normalize

from ...figures.supplied_tables import FIGURE_UNIT_WORDS, parse_figure
from ...model.indicator import are_convertible
from ...render.tables.report_table import ReportTable, ReportTableRow, TableColumn, make_column_title
from ...standard.messages.texts import TEXT_LANGUAGES, Texts
from ..package_spec.spec import NamedFile
from .sheets import PrintedSheet

_FINAL_BRACKETS_PATTERN = re.compile(r"\(([^()]*)\)$")
#: Marks that refer to a note, and other names of a last row 合计.
_NOTE_MARKS_PATTERN, _TOTAL_WORDS_PATTERN = re.compile(r"[*＊※①-⑳\s]+"), re.compile(r"^(总计|总和|全县合计|全县)$")
_OF_WHICH_PREFIX_PATTERN = re.compile(r"^(其中|ofwhich)[::,]?")
#: Columns that identify the rows of each table: codes first, then names.
KEY_COLUMNS = {
    "indicators": ("indicator",),
    "lines": ("line",),
    "ratio": ("item",),
    "zones": ("code", "zone"),
    "spaces": ("space",),
    "land_use": ("class", "codes"),
    "transitions": ("from_to",),
    "townships": ("division_code", "township"),
}
#: Tables whose rows have a code and a name.
TABLES_WITH_CODES = ("zones", "townships")
#: The five tables that a package requires.
REQUIRED_TABLES = ("indicators", "lines", "zones", "land_use", "townships")
#: Columns of words with figures that the layers have, too; formulas and sources have only words.
TEXT_COLUMNS_WITH_FIGURES = ("target", "inputs")
#: Columns that depend on the county's targets, not on the layers alone.
TARGET_COLUMNS = ("target", "room")
#: Running numbers are not figures.
NUMBER_COLUMN = "number"
#: Rows above a head that may contain its title and its unit.
_MAX_TITLE_LINES_ABOVE_TABLE = 6
_UNIT_LINE_PATTERN = re.compile(r"(?:单位|unit)s?[::]?\s*([^\s::]+)$", re.IGNORECASE)


@dataclass(frozen=True)
class PrintedNumber:
    """A number that a cell prints; ``unit`` is empty if no unit follows it."""

    value: float
    decimals: int
    unit: str = ""


def parse_printed_number(text: str) -> PrintedNumber | None:
    """Return the number in a printed text; None if the text is not a number.

    Full-width digits, commas, a unit after the number and any minus sign are accepted.
    """
    plain_text = normalize("NFKC", text).replace("−", "-").replace("–", "-").strip()
    in_brackets = re.fullmatch(r"\((\d[\d,. ]*)\)", plain_text)
    figure = parse_figure("", f"-{in_brackets.group(1)}" if in_brackets else plain_text.removeprefix("+"))
    if figure.value is None or figure.unit is None or figure.comparison != "=":
        return None
    return PrintedNumber(figure.value, figure.decimals, figure.unit)


@lru_cache(maxsize=4096)
def normalise_word(text: str) -> str:
    """Return a word without variations of spelling, for comparison.

    Spaces, width of characters, brackets around a unit, the word 其中 and reference marks of footnotes are removed.
    """
    # Before the normalisation, which would turn ① into 1.
    plain_text = normalize("NFKC", _NOTE_MARKS_PATTERN.sub("", text)).lower()
    bracket_match = _FINAL_BRACKETS_PATTERN.search(plain_text)
    if bracket_match and parse_unit(bracket_match.group(1)):
        plain_text = plain_text[: bracket_match.start()]
    return _TOTAL_WORDS_PATTERN.sub("合计", _OF_WHICH_PREFIX_PATTERN.sub("", plain_text))


@lru_cache(maxsize=4096)
def parse_unit(text: str) -> str:
    """Return the unit that a text names; empty if it names none."""
    plain_text = re.sub(r"^(单位|unit)[::]?", "", re.sub(r"\s+", "", normalize("NFKC", text)).lower())
    return next((unit for unit, unit_words in _list_words_by_unit().items() if plain_text in unit_words), "")


@cache
def _list_words_by_unit() -> dict[str, set[str]]:
    """Return unit → words that name it in any language, in small letters."""
    words_of_unit: dict[str, set[str]] = defaultdict(set)
    for unit, unit_words in FIGURE_UNIT_WORDS.items():
        words_of_unit[unit] |= {normalize("NFKC", one).lower() for one in unit_words}
    for texts in map(Texts, TEXT_LANGUAGES):
        for unit, word in [*texts.get_section("units").items(), *texts.get_section("unit_names").items()]:
            words_of_unit[unit] |= {re.sub(r"\s+", "", normalize("NFKC", word)).lower()} - {""}
    return words_of_unit


def extract_bracketed_text(text: str) -> str:
    """Return the text in brackets at the end of a column head, empty without brackets."""
    match = _FINAL_BRACKETS_PATTERN.search(re.sub(r"\s+", "", normalize("NFKC", text)))
    return match.group(1) if match else ""


@dataclass(frozen=True)
class ColumnMatch:
    """A column of a sheet that matches a column of a table.

    ``sheet_column``: its number in the sheet, from 1; ``table_column``: the table's column; ``table_position``:
    position of this column in the table; ``sheet_unit``: unit in the sheet.
    """

    sheet_column: int
    table_column: TableColumn
    table_position: int
    sheet_unit: str


@dataclass(frozen=True)
class SheetTable:
    """A table of the plan (``table``) recognised in a sheet of a workbook.

    Attributes
    ----------
    last_head_line
        Number of the last line of its head.
    matched_columns
        Columns of the sheet that match columns of the table.
    row_by_line
        Line number → row of the table.
    unknown_figure_lines
        Numbers of lines with figures that match no row.
    foreign_columns
        Number of a column with figures that the table does not have → its head.
    """

    sheet: PrintedSheet
    table: ReportTable
    last_head_line: int
    matched_columns: tuple[ColumnMatch, ...]
    row_by_line: dict[int, ReportTableRow] = field(hash=False)
    unknown_figure_lines: tuple[int, ...] = ()
    foreign_columns: dict[int, str] = field(default_factory=dict, hash=False)


class KnownTables:
    """The tables computed from the layers, with the words by which they are recognised in sheets.

    ``aliases``: further names of tables and columns.
    """

    def __init__(self, tables: list[ReportTable], lang: str, aliases: NamedFile | None = None):
        self.tables = {table.id: table for table in tables if table.id in KEY_COLUMNS}
        titles: Mapping[str, tuple[str, ...]] = aliases.titles if aliases else {}
        heads: Mapping[str, tuple[str, ...]] = aliases.heads if aliases else {}
        all_texts = [Texts(lang), *(Texts(other) for other in TEXT_LANGUAGES if other != lang)]
        # Names of the sheets and titles above the tables in all languages, and aliases.
        self._titles = {
            name: [
                *map(normalise_word, titles.get(name, ())),
                *(normalise_word(texts.get("sheets", name)) for texts in all_texts),
                *(normalise_word(texts.get("sheet_titles", name, area="")) for texts in all_texts),
            ]
            for name in self.tables
        }
        # Heads of each column; every cell above a table is compared with every column.
        self._column_words = {
            name: [
                {
                    normalise_word(head)
                    for head in (
                        *([column.title] if column.title else [make_column_title(column, one) for one in all_texts]),
                        *heads.get(column.id, ()),
                    )
                }
                for column in table.columns
            ]
            for name, table in self.tables.items()
        }

    def find_sheet_tables(self, sheet: PrintedSheet) -> list[SheetTable]:
        """Return the tables found in a sheet, from top to bottom."""
        heads: list[tuple[int, int, ReportTable, tuple[ColumnMatch, ...]]] = []
        for row in range(1, sheet.last_row + 1):
            is_in_head = heads and row <= heads[-1][1]
            if not is_in_head and (head_match := self._find_head(sheet, row)) is not None:
                heads.append((row, *head_match))
        last_lines = [*(row - 1 for row, *_ in heads[1:]), sheet.last_row]
        return [
            self._make_sheet_table(sheet, table, head, last, places)
            for (_, head, table, places), last in zip(heads, last_lines, strict=False)
        ]

    def _find_head(self, sheet: PrintedSheet, row: int) -> tuple[int, ReportTable, tuple[ColumnMatch, ...]] | None:
        """Return the table whose head (one line or two) begins in a row of the sheet.

        None if no head begins there.

        The result is the head's last line, the table with the most matched columns and a title above, and the matched
        columns.
        """
        best: tuple[int, int, ReportTable, tuple[ColumnMatch, ...]] | None = None
        texts_above = [normalise_word(sheet.name)] + [
            normalise_word(sheet.get_cell_text(line, column))
            for line in range(max(1, row - _MAX_TITLE_LINES_ABOVE_TABLE), row)
            for column in range(1, min(sheet.last_column, 12) + 1)
        ]
        for lines in (1, 2):
            # The head of a column may have one or two lines.
            heads = {
                column: "".join(dict.fromkeys(sheet.get_cell_text(line, column) for line in range(row, row + lines)))
                for column in range(1, sheet.last_column + 1)
            }
            heads = {column: head for column, head in heads.items() if head}
            common_unit = parse_unit(_find_common_word(sheet, row))
            for table in self.tables.values():
                places = self._match_table_columns(table, heads, common_unit)
                key_count = sum(p.table_column.id in KEY_COLUMNS[table.id] for p in places)
                if not 0 < key_count < len(places):
                    continue
                has_title = any(title in text for text in texts_above if text for title in self._titles[table.id])
                score = 10 * has_title + len(places)
                is_known = has_title or len(places) >= min(4, len(table.columns))
                if is_known and (best is None or score > best[0]):
                    best = (score, row + lines - 1, table, places)
        return None if best is None else best[1:]

    def _match_table_columns(
        self, table: ReportTable, heads: dict[int, str], common_unit: str
    ) -> tuple[ColumnMatch, ...]:
        """Return the columns of a sheet that match columns of a table.

        ``heads``: column number → words of its head; ``common_unit``: unit that a line above the head states, or empty.
        """
        match_of_position: dict[int, ColumnMatch] = {}
        words_by_position = self._column_words[table.id]
        for column, text in heads.items():
            word, unit = normalise_word(text), parse_unit(extract_bracketed_text(text))
            positions = [
                n
                for n, words_of_column in enumerate(words_by_position)
                if n not in match_of_position and word and word in words_of_column
            ]
            # 净面积 in ha and in 万亩 are two columns with one name. Columns with equal units are matched in order.
            expected_unit = unit or common_unit or table.unit
            same_unit = [n for n in positions if table.columns[n].unit == expected_unit]
            if unit and not same_unit:
                positions = [
                    n for n in positions if not table.columns[n].unit or are_convertible(table.columns[n].unit, unit)
                ]
            positions = same_unit or positions
            if positions:
                table_column = table.columns[positions[0]]
                sheet_unit = unit or (common_unit if are_convertible(table_column.unit, common_unit) else "")
                match_of_position[positions[0]] = ColumnMatch(
                    column, table_column, positions[0], sheet_unit or table_column.unit
                )
        return tuple(match_of_position.values())

    def _make_sheet_table(
        self, sheet: PrintedSheet, table: ReportTable, head_line: int, last_line: int, places: tuple[ColumnMatch, ...]
    ) -> SheetTable:
        """Return the table between its head and its last line, with lines matched to rows by code and name."""
        keys = sorted(
            (p for p in places if p.table_column.id in KEY_COLUMNS[table.id]),
            key=lambda p: KEY_COLUMNS[table.id].index(p.table_column.id),
        )
        rows_of_key: dict[tuple[str, str], list[ReportTableRow]] = {}
        for row in table.rows:
            for name in KEY_COLUMNS[table.id]:
                position = [c.id for c in table.columns].index(name)
                if text := normalise_word(str(row.values[position] or "")):
                    rows_of_key.setdefault((name, text), []).append(row)
        rows: dict[int, ReportTableRow] = {}
        unknown_lines: list[int] = []
        matched_columns = {p.sheet_column for p in places}
        key_columns = {p.sheet_column for p in places if p.table_column.id in (*KEY_COLUMNS[table.id], NUMBER_COLUMN)}
        for line in range(head_line + 1, last_line + 1):
            row_keys = [(p.table_column.id, normalise_word(sheet.get_cell_text(line, p.sheet_column))) for p in keys]
            unmatched_rows = [
                [r for r in rows_of_key.get(key, ()) if not any(r is used_row for used_row in rows.values())]
                for key in row_keys
            ]
            matched_row = _choose_row(unmatched_rows, has_codes=table.id in TABLES_WITH_CODES)
            if matched_row is not None:
                rows[line] = matched_row
            elif any(
                parse_printed_number(sheet.get_cell_text(line, column)) for column in matched_columns - key_columns
            ):
                unknown_lines.append(line)
        # The other columns of figures, without columns of running numbers.
        foreign_columns = {}
        for column in sorted({*range(1, sheet.last_column + 1)} - matched_columns):
            cells = (sheet.get_cell_text(line, column) for line in range(head_line + 1, last_line + 1))
            figures = [number.value for number in map(parse_printed_number, cells) if number is not None]
            if figures and figures != [float(n) for n in range(1, len(figures) + 1)]:
                foreign_columns[column] = sheet.get_cell_text(head_line, column) or str(column)
        return SheetTable(sheet, table, head_line, places, rows, tuple(unknown_lines), foreign_columns)


def _choose_row(candidate_rows: list[list[ReportTableRow]], has_codes: bool) -> ReportTableRow | None:
    """Return the row of a table on which code and name of a line agree; None if no row matches.

    ``candidate_rows``: the rows with the code, then those with the name; ``has_codes``: the first list is by code. Of
    several rows with one name (one for each year) the first one is used. If only code or name is known, it decides. If
    they belong to two rows, the code decides.
    """
    candidates = [rows for rows in candidate_rows if rows]
    if not candidates:
        return None
    for row in candidates[0]:
        if all(any(row is other for other in rows) for rows in candidates[1:]):
            return row
    return candidates[0][0] if has_codes and candidate_rows[0] else None


def find_unit_word(sheet_table: SheetTable, line: int, column_match: ColumnMatch, unit: str) -> str:
    """Return the word by which a sheet names a figure's unit (公顷, ha); empty if unknown.

    The word is in the figure's row, in the head of its column, or in a line above.
    """
    sheet = sheet_table.sheet
    last_head_line = sheet_table.last_head_line
    unit_columns = (one.sheet_column for one in sheet_table.matched_columns if one.table_column.id == "unit")
    heads = (sheet.get_cell_text(row, column_match.sheet_column) for row in (last_head_line, last_head_line - 1))
    candidates = [
        *(sheet.get_cell_text(line, column) for column in unit_columns),
        *map(extract_bracketed_text, heads),
        _find_common_word(sheet, last_head_line),
    ]
    return next((one for one in candidates if unit and parse_unit(one) == unit), "")


def _find_common_word(sheet: PrintedSheet, head_line: int) -> str:
    """Return the word by which a line above the head names the table's unit; empty if none does."""
    matches = (
        _UNIT_LINE_PATTERN.search(normalize("NFKC", sheet.get_cell_text(line, column)).strip().rstrip(")"))
        for line in range(max(1, head_line - _MAX_TITLE_LINES_ABOVE_TABLE), head_line)
        for column in range(1, sheet.last_column + 1)
    )
    return next((match[1] for match in matches if match and parse_unit(match[1])), "")

# SPDX-License-Identifier: GPL-2.0-or-later
"""Recognition of a plan's tables in sheets of any layout.

Tables are recognised by titles, words of their heads, and codes and names of their rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING
from unicodedata import normalize

from ...indicators.typed_figures import UNITS, parse_figure
from ...messages.texts import LANGUAGES, Texts
from ...model.indicator import SQUARE_METRES
from ...render.tables.model import Column, Row, Table, Value, column_title

if TYPE_CHECKING:
    from ..package_spec.model import TableWords
    from .model import Sheet


_BRACKETS = re.compile(r"\(([^()]*)\)$")
#: Marks that refer to a note, and other names of a last row 合计.
_MARKS, _SUMS = re.compile(r"[*＊※①-⑳\s]+"), re.compile(r"^(总计|总和|全县合计|全县)$")
_PART = re.compile(r"^(其中|ofwhich)[::,]?")


@dataclass(frozen=True)
class PrintedNumber:
    """A printed number; ``unit`` is empty if no unit follows it."""

    value: float
    decimals: int
    unit: str = ""


def parse_printed_number(text: str) -> PrintedNumber | None:
    """Return the number that a cell prints, None if it is not a number.

    Full-width digits, commas, a unit after the number and any minus sign are accepted.
    """
    plain = normalize("NFKC", text).replace("−", "-").replace("–", "-").strip()
    wrapped = re.fullmatch(r"\((\d[\d,. ]*)\)", plain)
    read = parse_figure("", f"-{wrapped.group(1)}" if wrapped else plain.removeprefix("+"))
    if read.value is None or read.unit is None or read.comparison != "=":
        return None
    return PrintedNumber(read.value, read.decimals, read.unit)


@lru_cache(maxsize=4096)
def normalise_word(text: str) -> str:
    """Return a word without variations of spelling.

    These are spaces, width of characters, brackets around a unit, 其中 and marks of notes.
    """
    # Before the normalisation, which would turn ① into 1.
    plain = normalize("NFKC", _MARKS.sub("", text)).lower()
    inside = _BRACKETS.search(plain)
    if inside and parse_unit(inside.group(1)):
        plain = plain[: inside.start()]
    return _SUMS.sub("合计", _PART.sub("", plain))


@lru_cache(maxsize=4096)
def parse_unit(text: str) -> str:
    """Return the unit that a text names, empty if it names none."""
    plain = re.sub(r"^(单位|unit)[::]?", "", re.sub(r"\s+", "", normalize("NFKC", text)).lower())
    return next((unit for unit, words in _units().items() if plain in words), "")


@cache
def _units() -> dict[str, set[str]]:
    known = {unit: {normalize("NFKC", one).lower() for one in words} for unit, words in UNITS.items()}
    for lang in LANGUAGES:
        for section in ("units", "unit_names"):
            for unit, one in Texts(lang).section(section).items():
                if one:
                    known.setdefault(unit, set()).add(re.sub(r"\s+", "", normalize("NFKC", one)).lower())
    return known


def bracketed_text(text: str) -> str:
    """Return the text in brackets at the end of a head, empty without brackets."""
    inside = _BRACKETS.search(re.sub(r"\s+", "", normalize("NFKC", text)))
    return inside.group(1) if inside else ""


def are_convertible(known: str, other: str) -> bool:
    """Return True if two units are equal or figures can be converted between them."""
    return bool(other) and (known == other or (known in SQUARE_METRES and other in SQUARE_METRES))


#: Columns that identify the rows of each table: codes first, then names.
KEYS = {
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
CODED = ("zones", "townships")
#: The five tables that a package requires.
PROMISED = ("indicators", "lines", "zones", "land_use", "townships")
#: Columns of words with figures that the layers have, too; formulas and sources have only words.
WORDED = ("target", "inputs")
#: Columns that depend on the county's targets, not on the layers alone.
AIMS = ("target", "room")
#: Running numbers are not figures.
NUMBER = "number"
#: Rows above a head that may contain its title and its unit.
_ABOVE = 6
_UNIT_LINE = re.compile(r"(?:单位|unit)s?[::]?\s*([^\s::]+)$", re.IGNORECASE)


@dataclass(frozen=True)
class ColumnMatch:
    """A column of a sheet matched with a table's column; ``unit`` is the sheet's unit."""

    column: int
    known: Column
    position: int
    unit: str


@dataclass(frozen=True)
class TableBlock:
    """A table found in a sheet.

    ``rows`` maps line → row of the table, ``unknown`` lists other lines with figures. ``strange`` maps columns with
    figures that the table does not have to their heads.
    """

    sheet: Sheet
    table: Table
    head: int
    last: int
    places: tuple[ColumnMatch, ...]
    rows: dict[int, Row] = field(hash=False)
    unknown: tuple[int, ...] = ()
    strange: dict[int, str] = field(default_factory=dict, hash=False)


class KnownTables:
    """The tables of the layers, with all words by which each may be recognised."""

    def __init__(self, tables: list[Table], lang: str, words: TableWords | None = None):
        self.tables = {table.id: table for table in tables if table.id in KEYS}
        titles: Mapping[str, tuple[str, ...]] = words.titles if words else {}
        self._heads: Mapping[str, tuple[str, ...]] = words.heads if words else {}
        self._texts = [Texts(lang), *(Texts(other) for other in LANGUAGES if other != lang)]
        self._titles = {
            name: [normalise_word(t) for t in (*self._own_titles(name), *titles.get(name, ()))] for name in self.tables
        }
        # Every cell above a table is compared with every column.
        self._column_words = {
            name: [frozenset(self.words_of(column)) for column in table.columns] for name, table in self.tables.items()
        }

    def _own_titles(self, name: str) -> Iterator[str]:
        for texts in self._texts:
            yield texts.get("sheets", name)
            yield texts.get("sheet_titles", name, area="")

    def words_of(self, column: Column) -> list[str]:
        """Return the possible heads of a column."""
        own = [column.title] if column.title else [column_title(column, texts) for texts in self._texts]
        return [normalise_word(one) for one in (*own, *self._heads.get(column.id, ()))]

    def blocks(self, sheet: Sheet) -> list[TableBlock]:
        """Return the tables in a sheet, from top to bottom."""
        heads: list[tuple[int, int, Table, tuple[ColumnMatch, ...]]] = []
        row = 1
        while row <= sheet.last_row:
            found = self._find_head(sheet, row)
            if found is None:
                row += 1
            else:
                heads.append((row, *found))
                row = found[0] + 1
        made = []
        for number, (_, head, table, places) in enumerate(heads):
            last = heads[number + 1][0] - 1 if number + 1 < len(heads) else sheet.last_row
            made.append(self._make_block(sheet, table, head, last, places))
        return made

    def _find_head(self, sheet: Sheet, row: int) -> tuple[int, Table, tuple[ColumnMatch, ...]] | None:
        """Find the table whose head (one line or two) begins in a row.

        Returns the head's last line, the table with the most matched columns and a title above, and the matched
        columns.
        """
        best: tuple[int, int, Table, tuple[ColumnMatch, ...]] | None = None
        above = [normalise_word(sheet.name)] + [
            normalise_word(sheet.text(line, column))
            for line in range(max(1, row - _ABOVE), row)
            for column in range(1, min(sheet.last_column, 12) + 1)
        ]
        for lines in (1, 2):
            heads = _read_heads(sheet, row, lines)
            common = _find_common_unit(sheet, row)
            for table in self.tables.values():
                places = self._match_columns(table, heads, common)
                keys = [p for p in places if p.known.id in KEYS[table.id]]
                if not keys or len(places) == len(keys):
                    continue
                titled = any(title in text for text in above if text for title in self._titles[table.id])
                if not titled and len(places) < min(4, len(table.columns)):
                    continue
                score = 10 * titled + len(places)
                if best is None or score > best[0]:
                    best = (score, row + lines - 1, table, places)
        return None if best is None else best[1:]

    def _match_columns(self, table: Table, heads: dict[int, str], common: str) -> tuple[ColumnMatch, ...]:
        taken: dict[int, ColumnMatch] = {}
        words = self._column_words[table.id]
        for column, text in heads.items():
            plain, unit = normalise_word(text), parse_unit(bracketed_text(text))
            fits = [n for n, known in enumerate(words) if n not in taken and plain and plain in known]
            # 净面积 in ha and in 万亩 are two columns with one name. Columns with equal units are matched in order.
            wanted = unit or common or table.unit
            exact = [n for n in fits if table.columns[n].unit == wanted]
            if unit and not exact:
                fits = [n for n in fits if not table.columns[n].unit or are_convertible(table.columns[n].unit, unit)]
            fits = exact or fits
            if fits:
                known = table.columns[fits[0]]
                sheet_unit = unit or (common if are_convertible(known.unit, common) else "")
                taken[fits[0]] = ColumnMatch(column, known, fits[0], sheet_unit or known.unit)
        return tuple(taken.values())

    def _make_block(
        self, sheet: Sheet, table: Table, head: int, last: int, places: tuple[ColumnMatch, ...]
    ) -> TableBlock:
        keys = sorted(
            (p for p in places if p.known.id in KEYS[table.id]), key=lambda p: KEYS[table.id].index(p.known.id)
        )
        index: dict[tuple[str, str], list[Row]] = {}
        for row in table.rows:
            for name in KEYS[table.id]:
                position = [c.id for c in table.columns].index(name)
                if text := normalise_word(str(row.values[position] or "")):
                    index.setdefault((name, text), []).append(row)
        rows: dict[int, Row] = {}
        unknown: list[int] = []
        matched = {p.column for p in places}
        keyed = {p.column for p in places if p.known.id in (*KEYS[table.id], NUMBER)}
        for line in range(head + 1, last + 1):
            asked = [(p.known.id, normalise_word(sheet.text(line, p.column))) for p in keys]
            left = [[r for r in index.get(key, ()) if not any(r is known for known in rows.values())] for key in asked]
            found = _choose_row(left, coded=table.id in CODED)
            if found is not None:
                rows[line] = found
            elif any(parse_printed_number(sheet.text(line, column)) for column in matched - keyed):
                unknown.append(line)
        return TableBlock(
            sheet, table, head, last, places, rows, tuple(unknown), _find_strange_columns(sheet, head, last, matched)
        )


def _choose_row(choices: list[list[Row]], coded: bool) -> Row | None:
    """Return the row on which code and name agree.

    Of several rows with one name (one for each year) return the first one. If only code or name is known, it decides.
    If code and name belong to two rows, the code decides (``coded``: the first of the choices is the code).
    """
    candidates = [rows for rows in choices if rows]
    if not candidates:
        return None
    for row in candidates[0]:
        if all(any(row is other for other in rows) for rows in candidates[1:]):
            return row
    return candidates[0][0] if coded and choices[0] else None


def _read_heads(sheet: Sheet, row: int, lines: int) -> dict[int, str]:
    """Return column → words of its head, those of the second line after the first."""
    found = {}
    for column in range(1, sheet.last_column + 1):
        parts = list(dict.fromkeys(sheet.text(line, column) for line in range(row, row + lines)))
        if any(parts):
            found[column] = "".join(parts)
    return found


def unit_word(block: TableBlock, line: int, place: ColumnMatch, unit: str) -> str:
    """Return the table's word for a figure's unit (公顷, ha), empty if unknown.

    It is in the figure's row, its head, or a line above.
    """
    sheet = block.sheet
    own = [sheet.text(line, other.column) for other in block.places if other.known.id == "unit"]
    own += [bracketed_text(sheet.text(row, place.column)) for row in (block.head, block.head - 1)]
    own.append(_find_common_word(sheet, block.head))
    return next((one for one in own if unit and parse_unit(one) == unit), "")


def _find_common_unit(sheet: Sheet, head: int) -> str:
    """Return the unit that a line above the head names (单位:公顷)."""
    return parse_unit(_find_common_word(sheet, head))


def _find_common_word(sheet: Sheet, head: int) -> str:
    for line in range(max(1, head - _ABOVE), head):
        for column in range(1, sheet.last_column + 1):
            match = _UNIT_LINE.search(normalize("NFKC", sheet.text(line, column)).strip().rstrip(")"))
            if match and parse_unit(match.group(1)):
                return match.group(1)
    return ""


def _find_strange_columns(sheet: Sheet, head: int, last: int, matched: set[int]) -> dict[int, str]:
    """Return columns of figures that the table does not have, except running numbers."""
    found = {}
    for column in range(1, sheet.last_column + 1):
        if column in matched:
            continue
        numbers = [parse_printed_number(sheet.text(line, column)) for line in range(head + 1, last + 1)]
        there = [n.value for n in numbers if n is not None]
        if there and there != [float(n) for n in range(1, len(there) + 1)]:
            found[column] = sheet.text(head, column) or str(column)
    return found


def has_figures(sheet: Sheet) -> bool:
    """Return True if any cell of a sheet is a number."""
    return any(parse_printed_number(cell.text) is not None for cell in sheet.cells.values())


def block_value(row: Row, place: ColumnMatch) -> Value:
    """Return the value of a row in a matched column."""
    return row.values[place.position]

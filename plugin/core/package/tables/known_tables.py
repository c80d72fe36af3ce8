# SPDX-License-Identifier: GPL-2.0-or-later
"""Which table of the plan's figures stands where in a sheet of any layout: known by its titles, the words of its head, and
the codes and names of its rows."""

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
#: Marks that lead to a note below, and what a last row is called in place of 合计.
_MARKS, _SUMS = re.compile(r"[*＊※①-⑳\s]+"), re.compile(r"^(总计|总和|全县合计|全县)$")
_PART = re.compile(r"^(其中|ofwhich)[::,]?")


@dataclass(frozen=True)
class PrintedNumber:
    """A number as it is printed; ``unit`` empty where none stands behind it. None of both for what is no number."""

    value: float
    decimals: int
    unit: str = ""


def parse_printed_number(text: str) -> PrintedNumber | None:
    """The number that a cell prints; digits of full width, commas, a unit behind it and a minus of any kind are understood."""
    plain = normalize("NFKC", text).replace("−", "-").replace("–", "-").strip()
    wrapped = re.fullmatch(r"\((\d[\d,. ]*)\)", plain)
    read = parse_figure("", f"-{wrapped.group(1)}" if wrapped else plain.removeprefix("+"))
    if read.value is None or read.unit is None or read.comparison != "=":
        return None
    return PrintedNumber(read.value, read.decimals, read.unit)


@lru_cache(maxsize=4096)
def normalise_word(text: str) -> str:
    """A word without what hands write differently: spaces, widths of signs, brackets around a unit, 其中, marks of notes."""
    # Before the signs of full width are turned, for ① would be a 1.
    plain = normalize("NFKC", _MARKS.sub("", text)).lower()
    inside = _BRACKETS.search(plain)
    if inside and parse_unit(inside.group(1)):
        plain = plain[: inside.start()]
    return _SUMS.sub("合计", _PART.sub("", plain))


@lru_cache(maxsize=4096)
def parse_unit(text: str) -> str:
    """The unit that a text is, empty for none."""
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
    """What stands in brackets at the end of a head, empty for nothing."""
    inside = _BRACKETS.search(re.sub(r"\s+", "", normalize("NFKC", text)))
    return inside.group(1) if inside else ""


def are_convertible(known: str, other: str) -> bool:
    """Is the other unit the one that is known, or can figures be brought from one into the other?"""
    return bool(other) and (known == other or (known in SQUARE_METRES and other in SQUARE_METRES))


#: What a row of each table is known by: the codes first, then the names.
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
#: Those whose rows have a code and a name.
CODED = ("zones", "townships")
#: The five that a package is asked for.
PROMISED = ("indicators", "lines", "zones", "land_use", "townships")
#: Words with figures in them that the layers give, too; formulas and sources are words only.
WORDED = ("target", "inputs")
#: Columns that the county's targets make, and not the layers alone.
AIMS = ("target", "room")
#: Running numbers are no figures.
NUMBER = "number"
#: Rows above a head that may hold its title and its unit.
_ABOVE = 6
_UNIT_LINE = re.compile(r"(?:单位|unit)s?[::]?\s*([^\s::]+)$", re.IGNORECASE)


@dataclass(frozen=True)
class ColumnMatch:
    """A column of a sheet that is one of the table's. ``unit``: what its figures are in there."""

    column: int
    known: Column
    position: int
    unit: str


@dataclass(frozen=True)
class TableBlock:
    """A table found in a sheet: its head, its columns, the rows that are known (line → row of the table), and lines with
    figures that are not. ``strange``: heads of columns with figures that the table does not have, by column."""

    sheet: Sheet
    table: Table
    head: int
    last: int
    places: tuple[ColumnMatch, ...]
    rows: dict[int, Row] = field(hash=False)
    unknown: tuple[int, ...] = ()
    strange: dict[int, str] = field(default_factory=dict, hash=False)


class KnownTables:
    """The tables that the layers give, with all the words that each may be known by."""

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
        """What the head of a column may be."""
        own = [column.title] if column.title else [column_title(column, texts) for texts in self._texts]
        return [normalise_word(one) for one in (*own, *self._heads.get(column.id, ()))]

    def blocks(self, sheet: Sheet) -> list[TableBlock]:
        """The tables in a sheet, from above."""
        heads: list[tuple[int, int, Table, tuple[ColumnMatch, ...]]] = []
        row = 1
        while row <= sheet.last_row:
            found = self._head(sheet, row)
            if found is None:
                row += 1
            else:
                heads.append((row, *found))
                row = found[0] + 1
        made = []
        for number, (_, head, table, places) in enumerate(heads):
            last = heads[number + 1][0] - 1 if number + 1 < len(heads) else sheet.last_row
            made.append(self._block(sheet, table, head, last, places))
        return made

    def _head(self, sheet: Sheet, row: int) -> tuple[int, Table, tuple[ColumnMatch, ...]] | None:
        """The table whose head begins in a row (of one line or two), with the head's last line; the one that has most of its
        columns there and whose title stands above."""
        best: tuple[int, int, Table, tuple[ColumnMatch, ...]] | None = None
        above = [normalise_word(sheet.name)] + [
            normalise_word(sheet.text(line, column))
            for line in range(max(1, row - _ABOVE), row)
            for column in range(1, min(sheet.last_column, 12) + 1)
        ]
        for lines in (1, 2):
            heads = _heads(sheet, row, lines)
            common = _common_unit(sheet, row)
            for table in self.tables.values():
                places = self._places(table, heads, common)
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

    def _places(self, table: Table, heads: dict[int, str], common: str) -> tuple[ColumnMatch, ...]:
        taken: dict[int, ColumnMatch] = {}
        words = self._column_words[table.id]
        for column, text in heads.items():
            plain, unit = normalise_word(text), parse_unit(bracketed_text(text))
            fits = [n for n, known in enumerate(words) if n not in taken and plain and plain in known]
            # 净面积 in ha and in 万亩 are two columns of one name; what no unit tells apart comes in its order.
            wanted = unit or common or table.unit
            exact = [n for n in fits if table.columns[n].unit == wanted]
            if unit and not exact:
                fits = [n for n in fits if not table.columns[n].unit or are_convertible(table.columns[n].unit, unit)]
            fits = exact or fits
            if fits:
                known = table.columns[fits[0]]
                said = unit or (common if are_convertible(known.unit, common) else "")
                taken[fits[0]] = ColumnMatch(column, known, fits[0], said or known.unit)
        return tuple(taken.values())

    def _block(self, sheet: Sheet, table: Table, head: int, last: int, places: tuple[ColumnMatch, ...]) -> TableBlock:
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
        mine = {p.column for p in places}
        keyed = {p.column for p in places if p.known.id in (*KEYS[table.id], NUMBER)}
        for line in range(head + 1, last + 1):
            asked = [(p.known.id, normalise_word(sheet.text(line, p.column))) for p in keys]
            left = [[r for r in index.get(key, ()) if not any(r is known for known in rows.values())] for key in asked]
            found = _the_one(left, coded=table.id in CODED)
            if found is not None:
                rows[line] = found
            elif any(parse_printed_number(sheet.text(line, column)) for column in mine - keyed):
                unknown.append(line)
        return TableBlock(sheet, table, head, last, places, rows, tuple(unknown), _strange(sheet, head, last, mine))


def _the_one(choices: list[list[Row]], coded: bool) -> Row | None:
    """The row that code and name agree upon; the first of several of one name (one for each year); what only one tells. Where
    code and name tell of two rows, the one of the code (``coded``: that is the first of the choices)."""
    told = [rows for rows in choices if rows]
    if not told:
        return None
    for row in told[0]:
        if all(any(row is other for other in rows) for rows in told[1:]):
            return row
    return told[0][0] if coded and choices[0] else None


def _heads(sheet: Sheet, row: int, lines: int) -> dict[int, str]:
    """Column → the words of its head; those of a second line behind the first's."""
    found = {}
    for column in range(1, sheet.last_column + 1):
        parts = list(dict.fromkeys(sheet.text(line, column) for line in range(row, row + lines)))
        if any(parts):
            found[column] = "".join(parts)
    return found


def unit_word(block: TableBlock, line: int, place: ColumnMatch, unit: str) -> str:
    """A figure's unit in the table's own word (公顷, ha): out of its row, its head, or the line above; empty for none."""
    sheet = block.sheet
    own = [sheet.text(line, other.column) for other in block.places if other.known.id == "unit"]
    own += [bracketed_text(sheet.text(row, place.column)) for row in (block.head, block.head - 1)]
    own.append(_common_word(sheet, block.head))
    return next((one for one in own if unit and parse_unit(one) == unit), "")


def _common_unit(sheet: Sheet, head: int) -> str:
    """The unit that a line above the head names (单位:公顷)."""
    return parse_unit(_common_word(sheet, head))


def _common_word(sheet: Sheet, head: int) -> str:
    for line in range(max(1, head - _ABOVE), head):
        for column in range(1, sheet.last_column + 1):
            said = _UNIT_LINE.search(normalize("NFKC", sheet.text(line, column)).strip().rstrip(")"))
            if said and parse_unit(said.group(1)):
                return said.group(1)
    return ""


def _strange(sheet: Sheet, head: int, last: int, mine: set[int]) -> dict[int, str]:
    """Columns with figures that are none of the table's; running numbers are no figures."""
    found = {}
    for column in range(1, sheet.last_column + 1):
        if column in mine:
            continue
        numbers = [parse_printed_number(sheet.text(line, column)) for line in range(head + 1, last + 1)]
        there = [n.value for n in numbers if n is not None]
        if there and there != [float(n) for n in range(1, len(there) + 1)]:
            found[column] = sheet.text(head, column) or str(column)
    return found


def has_figures(sheet: Sheet) -> bool:
    return any(parse_printed_number(cell.text) is not None for cell in sheet.cells.values())


def block_value(row: Row, place: ColumnMatch) -> Value:
    return row.values[place.position]

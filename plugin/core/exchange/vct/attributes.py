# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the rows of attributes with the shapes of their ids."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...cancellation import Cancellation
from ...errors import InputError
from .batch import BATCH_ROWS, KEY, Batch, continues_last_row, key_position, merge_parts
from .declared_lengths import DuplicateCheck, LeadingZeroCheck, PlaceNames, compare_with_declared_lengths
from .geometry import Geometry
from .lines import Lines, shorten_line
from .location_check import CountyCodes
from .plausibility import PlausibilityCheck
from .settings import Remarks, load_settings
from .structure import KINDS, Structure, Table
from .values import READERS

Notes = list[tuple[str, dict[str, Any]]]
#: Two or more Chinese characters in UTF-8, which would be three rare ones in GBK.
_UTF8 = re.compile(rb"(?:[\xe4-\xe9][\x80-\xbf]{2}){2,}")


#: A code stored as a number loses leading zeros: 0103 becomes 103.
_LEADING_ZERO = re.compile(r"\s*0\d")
#: Control characters, including tab, which texts of a plan do not contain.
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")


class Rows:
    """The attribute section.

    ``join``: merge rows that are parts of one feature (`batch.continues_last_row`); ``counties``: the codes that rows
    name, complete after the last row.
    """

    def __init__(
        self,
        lines: Lines,
        structure: Structure,
        geometry: Geometry,
        remarks: Remarks,
        cancellation: Cancellation,
        join: bool = False,
    ):
        self.lines, self.structure, self.geometry = lines, structure, geometry
        self.remarks, self.cancellation, self.join = remarks, cancellation, join
        self.counties = CountyCodes()
        self._zeros, self._names = LeadingZeroCheck(), PlaceNames()
        self._county_fields = {*load_settings().county_fields, KEY}
        #: Lines that may follow where the end of a table is missing.
        self._ends = {name.upper().encode("gb18030") for name in (*structure.tables, "AttributeEnd", "StyleBegin")}
        self._control = lines.separator.encode() if lines.separator < " " else b""
        self._tables_of = [structure.tables_of.get(code, set()) for code in geometry.codes]

    def read(self, notes: Notes) -> Iterator[Batch]:
        """Yield all tables up to AttributeEnd in batches.

        ``notes`` receives remarks on whole tables. InputError names the line of a row with a wrong number of values,
        or with an invalid one.
        """
        lines, begun = self.lines, set()
        while (word := lines.word()).lower() != "attributeend":
            table = self.structure.tables.get(word.upper())
            if table is None:
                lines.refuse_mark(word)
                if word.lower() == "tableend":
                    raise lines.error("vct_table_end_twice")
                raise lines.error("vct_unknown_table", table=word[:40])
            if table.name in begun:
                raise lines.error("vct_rows_twice", table=table.name)
            begun.add(table.name)
            yield from self._table(table, notes)
        self._zeros.report(self.remarks)
        self._names.report(self.counties, self.remarks)
        for name in sorted({t.name for t in self.structure.tables.values()} - begun):
            self.remarks.add("vct_note_no_rows", lines.number, table=name)

    def _table(self, table: Table, notes: Notes) -> Iterator[Batch]:
        lines = self.lines
        batch, without_shape, first, joined = Batch(table), 0, 0, 0
        seen: set[int] = set()
        keyed = key_position(table) if self.join else None
        codes = {c.code for c in self.structure.classes if c.table.upper() == table.name.upper()}
        meant = PlausibilityCheck(table, codes, not self.geometry.geographic, self.remarks)
        repeats = DuplicateCheck(table, self.remarks, self.join)
        while True:
            line = lines.line()
            if line.strip().lower() == b"tableend":
                break
            ident, values = self._row(line, table)
            if ident in seen:
                raise lines.error("vct_row_twice", id=ident, table=table.name)
            seen.add(ident)
            shape = self._shape(ident, table)
            if shape is None and table.kind:
                if table.kind not in self.geometry.sections:
                    raise self._no_section(table)
                without_shape, first = without_shape + 1, first or lines.number
            batch.size += len(shape or b"")
            if keyed is not None and shape is not None and continues_last_row(batch, ident, values, keyed):
                batch.more.setdefault(len(batch.ids) - 1, []).append((ident, shape))
                continue
            if batch.full:
                self.cancellation.raise_if_cancelled()
                lines.report_progress()
                joined += self._close(batch, meant, repeats)
                yield batch
                batch = Batch(table, size=len(shape or b""))
            batch.ids.append(ident)
            batch.rows.append(values)
            batch.lines.append(lines.number)
            batch.shapes.append(shape)
            batch.texts.append(self.geometry.texts.get(ident, ("", None)))
        if batch.ids:
            joined += self._close(batch, meant, repeats)
            yield batch
        meant.close()
        repeats.close()
        if joined:
            notes.append(("vct_note_joined", {"layer": table.name, "count": joined}))
        if without_shape:
            notes.append(("vct_note_no_shape", {"layer": table.name, "count": without_shape, "line": first}))

    def _no_section(self, table: Table) -> InputError:
        """Return the error for a section of shapes that is missing or comes later."""
        lines, wanted, number = self.lines, KINDS[table.kind], self.lines.number
        later = lines.find(f"{wanted}Begin")
        # The order is wrong, whatever the last line is.
        lines.complete()
        lines.number = number
        if later:
            return lines.error("vct_sections_order", table=table.name, wanted=wanted, later=later)
        return lines.error("vct_section_missing", table=table.name, wanted=wanted)

    def _close(self, batch: Batch, meant: PlausibilityCheck, repeats: DuplicateCheck) -> int:
        """Compare a batch with its declared table and merge parts.

        Return the number of merged features.
        """
        meant.add(batch)
        self._zeros.add(batch)
        compare_with_declared_lengths(batch, self.remarks)
        for place, column in enumerate(batch.table.columns):
            if (name := column.name.upper()) in self._county_fields:
                self.counties.add(name, (row[place] for row in batch.rows))
        joined = merge_parts(batch)
        repeats.add(batch)
        self._names.add(batch)
        return joined

    def _row(self, line: bytes, table: Table) -> tuple[int, list[Any]]:
        lines = self.lines
        if _UTF8.search(line):
            self.remarks.add("vct_note_utf8", lines.number, table=table.name)
        if _CONTROL.search(line.replace(self._control, b"") if self._control else line):
            if b"\0" in line:
                raise lines.error("vct_nul", table=table.name)
            self.remarks.add("vct_note_control", lines.number, table=table.name)
        cells = lines.decoded(line).split(lines.separator)
        if len(cells) == 1 and line.strip().upper() in self._ends:
            raise lines.error("vct_table_end", table=table.name, value=shorten_line(line))
        if len(cells) != len(table.columns) + 1:
            key = "vct_values_few" if len(cells) <= len(table.columns) else "vct_values"
            raise lines.error(key, table=table.name, found=len(cells) - 1, count=len(table.columns))
        ident = lines.number_of(cells[0])
        values: list[Any] = []
        for column, cell in zip(table.columns, cells[1:], strict=True):
            if column.type in ("integer", "real") and _LEADING_ZERO.match(cell):
                self.remarks.add("vct_note_zeros", lines.number, table=table.name, field=column.name)
            if column.type != "text" and not cell.isascii() and cell.strip():
                value = shorten_line(cell.encode("gb18030"))
                self.remarks.add_example(
                    "vct_note_full_width", lines.number, value, 1, table=table.name, field=column.name
                )
            try:
                values.append(READERS[column.type](cell) if cell.strip() else None)
            except OverflowError as error:
                params = {"table": table.name, "field": column.name, "value": shorten_line(cell.encode("gb18030"))}
                raise lines.error("vct_value_large", **params) from error
            except ValueError as error:
                params = {"field": column.name, "value": cell[:40], "of_type": column.type}
                raise lines.error("vct_value", table=table.name, **params) from error
        return ident, values

    def _shape(self, ident: int, table: Table) -> bytes | None:
        if not table.kind:
            return None
        shapes, lines = self.geometry.shapes, self.lines
        place = int(shapes.find(np.array([ident]))[0])
        if place < 0:
            return None
        if shapes.used[place]:
            raise lines.error("vct_row_twice", id=ident, table=table.name)
        shapes.used[place] = True
        shape = shapes.get(place)
        if (found := kind_of(shape)) != ("point" if table.kind == "annotation" else table.kind):
            raise lines.error("vct_other_kind", id=ident, table=table.name, of_type=found)
        number = shapes.code(place)
        if table.name.upper() not in self._tables_of[number]:
            raise lines.error("vct_other_table", id=ident, table=table.name, code=self.geometry.codes[number])
        return shape


def kind_of(shape: bytes) -> str:
    """Return point, line or polygon, by the first bytes of the WKB, single or multiple."""
    return ("point", "line", "polygon")[(int.from_bytes(shape[1:5], sys.byteorder) - 1) % 3]


def shapes_without_rows(structure: Structure, geometry: Geometry, notes: Notes) -> Iterator[Batch]:
    """Yield shapes without a row, with empty fields, in the table of their 要素代码."""
    by_code: dict[int, list[int]] = {}
    for place in np.flatnonzero(~geometry.shapes.used).tolist():
        by_code.setdefault(geometry.shapes.code(place), []).append(place)
    for number, places in by_code.items():
        its = structure.codes[geometry.codes[number]]
        table = structure.tables.get(its.table.upper())
        if table is None:
            table = structure.tables[its.table.upper()] = Table(its.table, (), its.kind, its.code, its.title)
        notes.append(
            ("vct_note_no_row", {"layer": table.name, "count": len(places), "id": geometry.shapes.id(places[0])})
        )
        for start in range(0, len(places), BATCH_ROWS):
            batch = Batch(table)
            for place in places[start : start + BATCH_ROWS]:
                ident = geometry.shapes.id(place)
                batch.ids.append(ident)
                batch.rows.append([None] * len(table.columns))
                batch.shapes.append(geometry.shapes.get(place))
                batch.texts.append(geometry.texts.get(ident, ("", None)))
            yield batch

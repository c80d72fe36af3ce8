# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows of attributes, each with the shape of its id."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from . import parts
from .batch import BATCH_ROWS, Batch
from .geometry import Geometry
from .lines import Lines
from .structure import Structure, Table
from .values import READERS

Notes = list[tuple[str, dict[str, Any]]]


def read_attributes(
    lines: Lines, structure: Structure, geometry: Geometry, notes: Notes, check: Callable[[], None], join: bool = False
) -> Iterator[Batch]:
    """All tables up to AttributeEnd. InputError names the line of a row with too many values, or one that does not fit.

    ``join``: rows that are parts of one feature (`parts.continues`) become one.
    """
    while (word := lines.word()).lower() != "attributeend":
        table = structure.tables.get(word.upper())
        if table is None:
            raise lines.error("vct_unknown_table", table=word[:40])
        yield from _table(lines, table, geometry, notes, check, join)


def _table(
    lines: Lines, table: Table, geometry: Geometry, notes: Notes, check: Callable[[], None], join: bool
) -> Iterator[Batch]:
    batch, bare, first, joined = Batch(table), 0, 0, 0
    seen: set[int] = set()
    keyed = parts.key_position(table) if join else None
    while True:
        line = lines.text()
        if line.strip().lower() == "tableend":
            break
        ident, values = _row(line, lines, table)
        if ident in seen:
            raise lines.error("vct_row_twice", id=ident, table=table.name)
        seen.add(ident)
        shape = _shape(ident, lines, table, geometry)
        if shape is None and table.kind:
            bare, first = bare + 1, first or lines.number
        batch.size += len(shape or b"")
        if keyed is not None and shape is not None and parts.continues(batch, ident, values, keyed):
            batch.more.setdefault(len(batch.ids) - 1, []).append((ident, shape))
            continue
        if batch.full:
            check()
            joined += parts.put_together(batch)
            yield batch
            batch = Batch(table, size=len(shape or b""))
        batch.ids.append(ident)
        batch.rows.append(values)
        batch.shapes.append(shape)
        batch.texts.append(geometry.texts.get(ident, ("", None)))
    if batch.ids:
        joined += parts.put_together(batch)
        yield batch
    if joined:
        notes.append(("vct_note_joined", {"layer": table.name, "count": joined}))
    if bare:
        notes.append(("vct_note_no_shape", {"layer": table.name, "count": bare, "line": first}))


def _row(line: str, lines: Lines, table: Table) -> tuple[int, list[Any]]:
    cells = line.split(lines.separator)
    if len(cells) != len(table.columns) + 1:
        raise lines.error("vct_values", table=table.name, found=len(cells) - 1, count=len(table.columns))
    ident = lines.number_of(cells[0])
    values: list[Any] = []
    for column, cell in zip(table.columns, cells[1:], strict=True):
        try:
            values.append(READERS[column.type](cell) if cell.strip() else None)
        except ValueError as error:
            told = {"field": column.name, "value": cell[:40], "of_type": column.type}
            raise lines.error("vct_value", table=table.name, **told) from error
    return ident, values


def kind_of(shape: bytes) -> str:
    """point, line or polygon, by the first bytes of WKB: one part or many."""
    return ("point", "line", "polygon")[(int.from_bytes(shape[1:5], sys.byteorder) - 1) % 3]


def _shape(ident: int, lines: Lines, table: Table, geometry: Geometry) -> bytes | None:
    if not table.kind:
        return None
    place = int(geometry.shapes.find(np.array([ident]))[0])
    if place < 0:
        return None
    if geometry.shapes.used[place]:
        raise lines.error("vct_row_twice", id=ident, table=table.name)
    geometry.shapes.used[place] = True
    shape = geometry.shapes.get(place)
    if (found := kind_of(shape)) != ("point" if table.kind == "annotation" else table.kind):
        raise lines.error("vct_other_kind", id=ident, table=table.name, of_type=found)
    return shape


def shapes_without_rows(structure: Structure, geometry: Geometry, notes: Notes) -> Iterator[Batch]:
    """Shapes that no row belongs to, with empty fields, in the table of their 要素代码: nothing is lost."""
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

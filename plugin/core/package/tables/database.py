# SPDX-License-Identifier: GPL-2.0-or-later
"""The tables of a plan's figures in a database (mdb), through any DB-API connection, and read again from one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ...files.tables import printed
from ...messages.texts import Texts
from ...render.tables.model import Number, Table, Value, column_title, sheet_name
from .model import MOST_COLUMNS, MOST_ROWS, Cell, Sheet

#: A column of our own, so that rows come back in their order.
ORDER = "行号"
#: Access keeps shorter texts in a field, longer ones as a memo.
_TEXT = 255
#: Signs that no name of a table or field may hold there.
_FORBIDDEN = re.compile(r"[.!`\[\]\"'\x00-\x1f]")
_LONGEST_NAME = 64


class NotTheSame(Exception):
    """What was read again is not what was written: ``table``, ``line``, ``column``."""

    def __init__(self, table: str, line: int, column: str):
        super().__init__(f"{table} {line} {column}")
        self.table, self.line, self.column = table, line, column


def write_tables(connection: Any, tables: Iterable[Table], texts: Texts) -> dict[str, int]:
    """Each table as one of the database, with the heads of the workbook; name → rows. Figures are rounded as they are
    printed. Whoever calls commits."""
    written = {}
    cursor = connection.cursor()
    for table in tables:
        name, heads = _name(sheet_name(table, texts)), heads_of(table, texts)
        kinds = [_kind(row.values[n] for row in table.rows) for n in range(len(heads))]
        fields = ", ".join(f"[{head}] {kind}" for head, kind in zip(heads, kinds, strict=True))
        cursor.execute(f"CREATE TABLE [{name}] ([{ORDER}] INTEGER, {fields})")
        marks = ", ".join("?" * (len(heads) + 1))
        columns = ", ".join(f"[{head}]" for head in (ORDER, *heads))
        insert = f"INSERT INTO [{name}] ({columns}) VALUES ({marks})"  # nosec B608 # names are ours, cleaned by _name
        for line, row in enumerate(table.rows, 1):
            cursor.execute(insert, (line, *(plain(value) for value in row.values)))
        written[name] = len(table.rows)
    cursor.close()
    return written


def compare_tables(connection: Any, tables: Iterable[Table], texts: Texts) -> int:
    """Read every table again; how many figures were compared. NotTheSame for the first cell that differs."""
    compared = 0
    for table in tables:
        name, heads = _name(sheet_name(table, texts)), heads_of(table, texts)
        rows = rows_of(connection, name, heads)
        if len(rows) != len(table.rows):
            raise NotTheSame(name, min(len(rows), len(table.rows)) + 1, ORDER)
        for line, (row, read) in enumerate(zip(table.rows, rows, strict=True), 1):
            for head, value, found in zip(heads, row.values, read, strict=True):
                wanted = plain(value)
                same = (
                    found == wanted if not isinstance(wanted, float) else found is not None and float(found) == wanted
                )
                if not same:
                    raise NotTheSame(name, line, head)
                compared += isinstance(value, Number)
    return compared


def rows_of(connection: Any, name: str, heads: list[str]) -> list[tuple[Any, ...]]:
    columns = ", ".join(f"[{head}]" for head in heads)
    cursor = connection.cursor()
    cursor.execute(f"SELECT {columns} FROM [{name}] ORDER BY [{ORDER}]")  # nosec B608 # names are ours, cleaned by _name
    rows = [tuple(row) for row in cursor.fetchall()]
    cursor.close()
    return rows


def sheets_of(connection: Any, names: Iterable[str]) -> tuple[Sheet, ...]:
    """Tables of a database of any hand as sheets, the names of their fields as the head; for `known`."""
    found = []
    for name in names:
        if _FORBIDDEN.search(name):
            continue
        cursor = connection.cursor()
        cursor.execute(f"SELECT * FROM [{name}]")  # nosec B608 # names that could end the brackets are skipped
        heads = [str(column[0]) for column in cursor.description][:MOST_COLUMNS]
        rows = cursor.fetchmany(MOST_ROWS + 1)
        cursor.close()
        own = heads.index(ORDER) if ORDER in heads else None
        if own is not None:
            rows = sorted(rows, key=lambda row: row[own] or 0)
        cells = {(1, n): Cell(head) for n, head in enumerate(heads, 1) if n - 1 != own}
        for line, row in enumerate(rows[:MOST_ROWS], 2):
            for n, value in enumerate(row[: len(heads)], 1):
                if value is not None and n - 1 != own and (text := printed(value)):
                    cells[line, n] = Cell(text)
        found.append(Sheet(name, cells, len(rows) > MOST_ROWS))
    return tuple(found)


def heads_of(table: Table, texts: Texts) -> list[str]:
    """Names of fields: the heads with their units, told apart where two are alike."""
    heads: list[str] = []
    for column in table.columns:
        unit = column.unit if column.unit not in ("", "count", "ratio") else ""
        title = column_title(column, texts)
        name = _name(f"{title}（{texts.get('unit_names', unit)}）" if unit else title)
        heads.append(name if name not in heads else _name(f"{name}{len(heads)}"))
    return heads


def plain(value: Value) -> str | float | None:
    return round(value.value, value.decimals) if isinstance(value, Number) else value or None


def _kind(values: Iterable[Value]) -> str:
    there = [v for v in values if v is not None and v != ""]
    if there and all(isinstance(v, Number) for v in there):
        return "DOUBLE"
    longest = max((len(str(v)) for v in there), default=0)
    return "MEMO" if longest > _TEXT else f"VARCHAR({_TEXT})"


def _name(text: str) -> str:
    return _FORBIDDEN.sub("", text).strip()[:_LONGEST_NAME]

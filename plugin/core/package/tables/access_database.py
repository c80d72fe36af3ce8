# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of a plan's figures in a database (mdb), written through any DB-API connection; the driver of Access."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from ...base.errors import OutputError
from ...render.tables.report_table import CellValue, ReportTable, TableNumber, make_column_title
from ...standard.messages.texts import Texts

#: An additional column that keeps the order of rows.
ROW_NUMBER_COLUMN = "行号"
#: Access stores shorter texts in a field, longer ones as a memo.
_MAX_TEXT_CHARACTERS = 255
#: Characters that names of tables or fields must not have.
FORBIDDEN_CHARACTER_PATTERN = re.compile(r"[.!`\[\]\"'\x00-\x1f]")
_MAX_NAME_CHARACTERS = 64
#: Drivers that write .mdb by their Windows names, the newer first.
ACCESS_DRIVERS = ("Microsoft Access Driver (*.mdb, *.accdb)", "Microsoft Access Driver (*.mdb)")
#: Request to the ODBC installer: add a source for this user; with CREATE_DB it makes the file.
_ODBC_ADD_DSN = 1


def write_database_tables(connection: Any, tables: Iterable[ReportTable], texts: Texts) -> dict[str, int]:
    """Write each table into the database, with the column heads of the workbook.

    Return name → number of rows. Figures are rounded to their printed decimals. The caller commits.
    """
    row_count_by_table = {}
    cursor = connection.cursor()
    for table in tables:
        name, heads = _clean_name(texts.get("sheets", table.id)), make_column_names(table, texts)
        kinds = [_choose_sql_type(row.values[n] for row in table.rows) for n in range(len(heads))]
        fields = ", ".join(f"[{head}] {kind}" for head, kind in zip(heads, kinds, strict=True))
        cursor.execute(f"CREATE TABLE [{name}] ([{ROW_NUMBER_COLUMN}] INTEGER, {fields})")
        marks = ", ".join("?" * (len(heads) + 1))
        columns = ", ".join(f"[{head}]" for head in (ROW_NUMBER_COLUMN, *heads))
        insert = f"INSERT INTO [{name}] ({columns}) VALUES ({marks})"  # nosec B608 # names are ours, cleaned by _clean_name
        for line, row in enumerate(table.rows, 1):
            cursor.execute(insert, (line, *(convert_to_plain_cell(value) for value in row.values)))
        row_count_by_table[name] = len(table.rows)
    cursor.close()
    return row_count_by_table


def verify_written_tables(connection: Any, tables: Iterable[ReportTable], texts: Texts, file_name: str) -> int:
    """Compare tables in the database with the given ones; return the number of compared figures.

    Raises
    ------
    OutputError
        For the first cell that differs, with the name of the database's file.
    """
    compared_count = 0
    for table in tables:
        name, heads = _clean_name(texts.get("sheets", table.id)), make_column_names(table, texts)
        columns = ", ".join(f"[{head}]" for head in heads)
        cursor = connection.cursor()
        cursor.execute(f"SELECT {columns} FROM [{name}] ORDER BY [{ROW_NUMBER_COLUMN}]")  # nosec B608 # names are ours, cleaned by _clean_name
        rows = cursor.fetchall()
        cursor.close()
        if len(rows) != len(table.rows):
            raise OutputError(
                "package_table_not_the_same",
                file=file_name,
                place=f"{name} {min(len(rows), len(table.rows)) + 1} {ROW_NUMBER_COLUMN}",
            )
        for line, (row, read_row) in enumerate(zip(table.rows, rows, strict=True), 1):
            for head, value, read_value in zip(heads, row.values, read_row, strict=True):
                if read_value != convert_to_plain_cell(value):
                    raise OutputError("package_table_not_the_same", file=file_name, place=f"{name} {line} {head}")
                compared_count += isinstance(value, TableNumber)
    return compared_count


def make_column_names(table: ReportTable, texts: Texts) -> list[str]:
    """Return the field names of a table in the database: its column heads with units, made unique."""
    heads: list[str] = []
    for column in table.columns:
        title, has_unit = make_column_title(column, texts), column.unit not in ("", "count", "ratio")
        name = _clean_name(f"{title}（{texts.get('unit_names', column.unit)}）" if has_unit else title)
        heads.append(name if name not in heads else _clean_name(f"{name}{len(heads)}"))
    return heads


def convert_to_plain_cell(value: CellValue) -> str | float | None:
    """Return a value as the database stores it; figures are rounded."""
    return round(value.value, value.decimals) if isinstance(value, TableNumber) else value or None


def _choose_sql_type(values: Iterable[CellValue]) -> str:
    """Return the SQL type of a column with these values."""
    filled_values = [v for v in values if v is not None and v != ""]
    if filled_values and all(isinstance(v, TableNumber) for v in filled_values):
        return "DOUBLE"
    longest = max((len(str(v)) for v in filled_values), default=0)
    return "MEMO" if longest > _MAX_TEXT_CHARACTERS else f"VARCHAR({_MAX_TEXT_CHARACTERS})"


def _clean_name(text: str) -> str:
    """Return a text as a valid name of a table or field in the database."""
    return FORBIDDEN_CHARACTER_PATTERN.sub("", text).strip()[:_MAX_NAME_CHARACTERS]


@dataclass(frozen=True)
class AccessDriver:
    """Functions of the Access driver.

    ``create_database`` makes an empty database at a path and raises OSError if it cannot. ``open_connection`` opens one
    (DB-API). ``list_tables`` lists the tables of a connection. ``error_types`` are the exceptions of the library.
    """

    odbc_name: str
    create_database: Callable[[Path], None]
    open_connection: Callable[[Path], Any]
    list_tables: Callable[[Any], list[str]]
    error_types: tuple[type[Exception], ...]


def find_access_driver() -> AccessDriver | str:
    """Return this machine's Access driver, or why it is missing.

    The reason is the key of a message text.
    """
    if sys.platform != "win32":
        return "mdb_no_windows"
    try:
        pyodbc = import_module("pyodbc")
    except ImportError:
        return "mdb_no_pyodbc"
    installed = set(pyodbc.drivers())
    driver = next((name for name in ACCESS_DRIVERS if name in installed), "")
    return make_pyodbc_driver(pyodbc, driver) if driver else "mdb_no_driver"


def make_pyodbc_driver(pyodbc: Any, driver: str) -> AccessDriver:
    """Return the functions of an installed Access driver; ``driver``: its ODBC name."""

    def create_database(path: Path) -> None:
        """Make an empty .mdb with SQLConfigDataSource and CREATE_DB; raise OSError with the installer's message."""
        import ctypes

        installer = ctypes.WinDLL("ODBCCP32.DLL")  # type: ignore[attr-defined]
        # Each attribute ends with a zero, the list with a second one. ctypes passes a text with zeros only from a
        # buffer.
        attributes = ctypes.create_unicode_buffer(f'CREATE_DB="{path}" General\0\0')
        if not installer.SQLConfigDataSourceW(None, _ODBC_ADD_DSN, driver, attributes) or not path.is_file():
            code, text, length = ctypes.c_uint32(), ctypes.create_unicode_buffer(512), ctypes.c_uint16()
            installer.SQLInstallerErrorW(1, ctypes.byref(code), text, 511, ctypes.byref(length))
            raise OSError(f"ODBC {code.value}: {text.value}".strip())

    return AccessDriver(
        driver,
        create_database,
        open_connection=lambda path: pyodbc.connect(f"DRIVER={{{driver}}};DBQ={path};", autocommit=False),
        list_tables=lambda connection: [row.table_name for row in connection.cursor().tables(tableType="TABLE")],
        error_types=(pyodbc.Error, OSError),
    )

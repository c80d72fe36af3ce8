# SPDX-License-Identifier: GPL-2.0-or-later
"""Microsoft Access's driver (ODBC, Windows only): find it, make an empty .mdb, open one.

No library is needed to find out that the driver is missing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

#: Drivers that write .mdb by their Windows names, the newer first.
ACCESS_DRIVERS = ("Microsoft Access Driver (*.mdb, *.accdb)", "Microsoft Access Driver (*.mdb)")
#: Request to the ODBC installer: add a source for this user; with CREATE_DB it makes the file.
_ODBC_ADD_DSN = 1


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

    def open_connection(path: Path) -> Any:
        """Return a connection to the database at a path."""
        return pyodbc.connect(f"DRIVER={{{driver}}};DBQ={path};", autocommit=False)

    def list_tables(connection: Any) -> list[str]:
        """Return the names of the tables in a database."""
        return [row.table_name for row in connection.cursor().tables(tableType="TABLE")]

    return AccessDriver(
        driver, lambda path: _create_empty_mdb(path, driver), open_connection, list_tables, (pyodbc.Error, OSError)
    )


def _create_empty_mdb(path: Path, driver: str) -> None:
    """Make an empty .mdb with SQLConfigDataSource and CREATE_DB.

    Raises
    ------
    OSError
        With the message of the installer.
    """
    import ctypes

    installer = ctypes.WinDLL("ODBCCP32.DLL")  # type: ignore[attr-defined]
    # Each attribute ends with a zero, the list with a second one; ctypes passes a text with zeros only from a buffer.
    attributes = ctypes.create_unicode_buffer(f'CREATE_DB="{path}" General\0\0')
    if not installer.SQLConfigDataSourceW(None, _ODBC_ADD_DSN, driver, attributes) or not path.is_file():
        code, text, length = ctypes.c_uint32(), ctypes.create_unicode_buffer(512), ctypes.c_uint16()
        installer.SQLInstallerErrorW(1, ctypes.byref(code), text, 511, ctypes.byref(length))
        raise OSError(f"ODBC {code.value}: {text.value}".strip())

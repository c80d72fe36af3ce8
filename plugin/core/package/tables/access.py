# SPDX-License-Identifier: GPL-2.0-or-later
"""The thin part that speaks to Microsoft Access's own driver (ODBC, Windows only): is it here, make an empty .mdb, open one.

Everything else about tables as a database is in `database`, and takes any DB-API connection.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

#: Drivers that write .mdb, the newer first, as Windows lists them.
DRIVERS = ("Microsoft Access Driver (*.mdb, *.accdb)", "Microsoft Access Driver (*.mdb)")
#: What the installer of ODBC is told: a source for this user, which with CREATE_DB is the file itself.
_ADD_SOURCE = 1


@dataclass(frozen=True)
class Access:
    """``create`` makes an empty database at a path and raises OSError where it cannot; ``connect`` opens one (DB-API);
    ``tables`` lists the tables of a connection; ``errors``: what the library raises."""

    driver: str
    create: Callable[[Path], None]
    connect: Callable[[Path], Any]
    tables: Callable[[Any], list[str]]
    errors: tuple[type[Exception], ...]


def access() -> Access | str:
    """The driver of this machine, or why there is none, as a key of texts (``causes``)."""
    if sys.platform != "win32":
        return "mdb_no_windows"
    try:
        pyodbc = import_module("pyodbc")
    except ImportError:
        return "mdb_no_pyodbc"
    there = set(pyodbc.drivers())
    driver = next((name for name in DRIVERS if name in there), "")
    return of_pyodbc(pyodbc, driver) if driver else "mdb_no_driver"


def of_pyodbc(pyodbc: Any, driver: str) -> Access:
    def connect(path: Path) -> Any:
        return pyodbc.connect(f"DRIVER={{{driver}}};DBQ={path};", autocommit=False)

    def tables(connection: Any) -> list[str]:
        return [row.table_name for row in connection.cursor().tables(tableType="TABLE")]

    return Access(driver, lambda path: _create(path, driver), connect, tables, (pyodbc.Error, OSError))


def _create(path: Path, driver: str) -> None:
    """An empty .mdb by the driver's own installer (SQLConfigDataSource with CREATE_DB). OSError with its words."""
    import ctypes

    installer = ctypes.WinDLL("ODBCCP32.DLL")  # type: ignore[attr-defined]
    # Attributes end with a zero of their own, the list with a second; ctypes takes a text with zeros from a buffer only.
    wanted = ctypes.create_unicode_buffer(f'CREATE_DB="{path}" General\0\0')
    if not installer.SQLConfigDataSourceW(None, _ADD_SOURCE, driver, wanted) or not path.is_file():
        code, text, length = ctypes.c_uint32(), ctypes.create_unicode_buffer(512), ctypes.c_uint16()
        installer.SQLInstallerErrorW(1, ctypes.byref(code), text, 511, ctypes.byref(length))
        raise OSError(f"ODBC {code.value}: {text.value}".strip())

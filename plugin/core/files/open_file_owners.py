# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that have a file open, as far as the system reports them.

Sources: the Restart Manager of Windows, /proc of Linux, lock files of ArcGIS.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
from pathlib import Path
from typing import Any

#: ``_gdb.HOST.1234.5678.sr.lock``, ``a0000000b.gdbtable.HOST.1234.5678.rd.lock``: the computer, and the process there.
_LOCK_FILE_NAME_PATTERN = re.compile(r"(?:_gdb|.*\.gdbtable|.*)\.([^.]+)\.(\d+)\.\d+\.\w+\.lock", re.IGNORECASE)
#: Number of a folder's files that Windows is queried for at most.
_MAX_FILES_QUERIED = 500
#: The Restart Manager: characters of a session's key including the zero, the code for a too small buffer, and the
#: number of queries.
_SESSION_KEY_LENGTH, _MORE_DATA, _MAX_QUERIES = 33, 234, 5


def find_open_file_owners(path: Path) -> list[str]:
    """Return the names of programs that have a file, or a file of a folder, open.

    Names of computers in lock files are returned too. Empty if the system provides no information.
    """
    file_owners = dict.fromkeys(_read_locks(path))
    find_processes = _query_windows_restart_manager if sys.platform == "win32" else _search_proc
    file_owners |= dict.fromkeys(find_processes(path))
    return list(file_owners)


def _read_locks(path: Path) -> list[str]:
    """Return (as text) the computers and process ids that the lock files of ArcGIS in a folder name."""
    folders = [path, *path.glob("**/*.gdb")] if path.is_dir() else []
    lock_file_names = [lock.name for folder in folders for lock in sorted(folder.glob("*.lock"))]
    return [
        f"{match[1]} (ArcGIS, {match[2]})"
        for name in lock_file_names
        if (match := _LOCK_FILE_NAME_PATTERN.fullmatch(name))
    ]


def _search_proc(path: Path) -> list[str]:
    """Return the programs that have a file open, from /proc (Linux).

    Only processes that this user may inspect are searched.
    """
    real_path = os.path.realpath(path)
    file_owners = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            files = os.listdir(process / "fd")
            name = (process / "comm").read_text().strip()
        except OSError:
            # Another user's process, or one that has ended.
            continue
        open_paths = [_read_link(process / "fd" / file) for file in files]
        if any(f == real_path or f.startswith(real_path + os.sep) for f in open_paths):
            file_owners.append(f"{name} ({process.name})")
    return file_owners


def _read_link(path: Path) -> str:
    """Return the target of a symbolic link; empty if it cannot be read."""
    try:
        return os.readlink(path)
    except OSError:
        # Closed since the folder was listed, for example the listing itself.
        return ""


class _UniqueProcess(ctypes.Structure):
    """RM_UNIQUE_PROCESS of restartmanager.h: the id of a process, and when it started (FILETIME)."""

    _fields_ = (("id", ctypes.c_uint32), ("started", ctypes.c_uint32 * 2))


class _ProcessInfo(ctypes.Structure):
    """RM_PROCESS_INFO (restartmanager.h): one program that has a file open.

    The structure has 668 bytes on every system.
    """

    _fields_ = (
        ("process", _UniqueProcess),
        ("name", ctypes.c_uint16 * 256),
        ("service", ctypes.c_uint16 * 64),
        ("kind", ctypes.c_int32),
        ("status", ctypes.c_uint32),
        ("session", ctypes.c_uint32),
        ("restartable", ctypes.c_int32),
    )

    def __str__(self) -> str:
        name = bytes(self.name).decode("utf-16-le", errors="replace").partition("\0")[0]
        return f"{name} ({self.process.id})"


def _query_windows_restart_manager(path: Path) -> list[str]:
    """Return the programs that have a file open, from Windows' Restart Manager.

    It knows the programs of this computer, and files but not folders.
    """
    absolute_path = path.absolute()
    files = (
        [str(absolute_path)]
        if absolute_path.is_file()
        else [str(p) for p in absolute_path.rglob("*") if p.is_file()][:_MAX_FILES_QUERIED]
    )
    if not files:
        return []
    try:
        manager = ctypes.WinDLL("rstrtmgr")  # type: ignore[attr-defined]
    except OSError:
        # The smallest editions of Windows lack it.
        return []
    session, key = ctypes.c_uint32(), ctypes.create_unicode_buffer(_SESSION_KEY_LENGTH)
    if manager.RmStartSession(ctypes.byref(session), ctypes.c_uint32(0), key):
        return []
    try:
        file_names = (ctypes.c_wchar_p * len(files))(*files)
        nothing = (ctypes.c_uint32(0), None, ctypes.c_uint32(0), None)
        if manager.RmRegisterResources(session, ctypes.c_uint32(len(files)), file_names, *nothing):
            return []
        return _list_owners(manager, session)
    finally:
        manager.RmEndSession(session)


def _list_owners(manager: Any, session: ctypes.c_uint32) -> list[str]:
    """Return the programs that have a file open, from a session of the Restart Manager for that file.

    More programs may appear between two queries; then the query is repeated with a larger buffer.
    """
    row_capacity, needed_rows, reasons = 16, ctypes.c_uint32(), ctypes.c_uint32()
    for _ in range(_MAX_QUERIES):
        rows, count = (_ProcessInfo * row_capacity)(), ctypes.c_uint32(row_capacity)
        result_code = manager.RmGetList(
            session, ctypes.byref(needed_rows), ctypes.byref(count), rows, ctypes.byref(reasons)
        )
        if result_code != _MORE_DATA:
            return [] if result_code else [str(row) for row in rows[: count.value]]
        row_capacity = needed_rows.value + 16
    return []

# SPDX-License-Identifier: GPL-2.0-or-later
"""Who has a file open, where the system tells: the Restart Manager of Windows, /proc of Linux, lock files of ArcGIS."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

#: ``_gdb.HOST.1234.5678.sr.lock``, ``a0000000b.gdbtable.HOST.1234.5678.rd.lock``: the computer, and the process there.
_LOCK = re.compile(r"(?:_gdb|.*\.gdbtable|.*)\.([^.]+)\.(\d+)\.\d+\.\w+\.lock", re.IGNORECASE)
#: Files of a folder that Windows is asked about at most.
_ASKED = 500


def holders(path: Path) -> list[str]:
    """Programs that have a file, or one below a folder, open; computers named in lock files. Empty where nobody tells."""
    found = dict.fromkeys(_locks(path))
    asked = _windows if sys.platform == "win32" else _proc
    found |= dict.fromkeys(asked(path))
    return list(found)


def _locks(path: Path) -> list[str]:
    folders = [path, *path.glob("**/*.gdb")] if path.is_dir() else []
    names = [lock.name for folder in folders for lock in sorted(folder.glob("*.lock"))]
    return [f"{told[1]} (ArcGIS, {told[2]})" for name in names if (told := _LOCK.fullmatch(name))]


def _proc(path: Path) -> list[str]:
    """Linux: the open files of every process that we may look at."""
    own = os.path.realpath(path)
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            files = os.listdir(process / "fd")
            name = (process / "comm").read_text().strip()
        except OSError:
            # Another user's, or gone meanwhile.
            continue
        opened = [_link(process / "fd" / file) for file in files]
        if any(f == own or f.startswith(own + os.sep) for f in opened):
            found.append(f"{name} ({process.name})")
    return found


def _link(path: Path) -> str:
    try:
        return os.readlink(path)
    except OSError:
        # Closed meanwhile: the list of files was one itself.
        return ""


def _windows(path: Path) -> list[str]:
    """Windows: the Restart Manager, which installers ask the same question."""
    import ctypes
    from ctypes import wintypes

    class Process(ctypes.Structure):
        _fields_ = (("id", wintypes.DWORD), ("started", wintypes.FILETIME))

    class Info(ctypes.Structure):
        _fields_ = (
            ("process", Process),
            ("name", wintypes.WCHAR * 256),
            ("service", wintypes.WCHAR * 64),
            ("kind", ctypes.c_int),
            ("status", wintypes.ULONG),
            ("session", wintypes.DWORD),
            ("restartable", wintypes.BOOL),
        )

    files = [str(path)] if path.is_file() else [str(p) for p in path.rglob("*") if p.is_file()][:_ASKED]
    if not files:
        return []
    manager = ctypes.WinDLL("rstrtmgr")  # type: ignore[attr-defined]
    session, key = wintypes.DWORD(), ctypes.create_unicode_buffer(33)
    if manager.RmStartSession(ctypes.byref(session), 0, key):
        return []
    try:
        names = (wintypes.LPCWSTR * len(files))(*files)
        if manager.RmRegisterResources(session, len(files), names, 0, None, 0, None):
            return []
        needed, count, reasons = wintypes.UINT(), wintypes.UINT(16), wintypes.DWORD()
        rows = (Info * 16)()
        if manager.RmGetList(session, ctypes.byref(needed), ctypes.byref(count), rows, ctypes.byref(reasons)):
            return []
        return [f"{row.name} ({row.process.id})" for row in rows[: count.value]]
    finally:
        manager.RmEndSession(session)

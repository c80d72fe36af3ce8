# SPDX-License-Identifier: GPL-2.0-or-later
"""Find risks for editing a file: a network drive, or another program that has the file locked or open."""

from __future__ import annotations

import os
import re
import sqlite3
import sys
from dataclasses import dataclass
from pathlib import Path

from .holders import holders
from .network_drives import find_network_place

NETWORK, LOCKED, OPEN = "network", "locked", "open_elsewhere"
_LOCKS = Path("/proc/locks")
#: 12: POSIX  ADVISORY  WRITE 4312 fd:01:131 1073741825 1073741825
_LOCK_LINE = re.compile(r"^\d+: (?:POSIX|OFDLCK)\s+\S+\s+WRITE\s+(-?\d+)\s+([0-9a-f]+):([0-9a-f]+):(\d+)\s")
#: Files that SQLite keeps beside a database while it is in use.
_BESIDE = ("-wal", "-shm", "-journal")
_PROCESS = re.compile(r"\((\d+)\)$")


@dataclass(frozen=True)
class Risk:
    """``kind``: `NETWORK`, `LOCKED` or `OPEN`; ``detail``: the network share, or names and process ids of the programs."""

    kind: str
    detail: str


def find_edit_risks(path: str | Path, *, own_edits: bool = False) -> list[Risk]:
    """Return the risks for editing a file, the network first. Reads no content and writes nothing.

    ``own_edits``: this QGIS already edits another layer of the file, so a write lock is its own and is ignored.
    """
    path = Path(path)
    place = find_network_place(path)
    found = [Risk(NETWORK, place)] if place else []
    if not path.is_file():
        return found
    programs = [name for name in _find_programs(path) if not _is_own(name)]
    if path.suffix.lower() == ".gpkg" and not own_edits and is_write_locked(path):
        return [*found, Risk(LOCKED, ", ".join(programs))]
    return [*found, Risk(OPEN, ", ".join(programs))] if programs else found


def _find_programs(path: Path) -> list[str]:
    files = [path, *(Path(f"{path}{tail}") for tail in _BESIDE)]
    found = (name for file in files if file.exists() for name in holders(file))
    return list(dict.fromkeys(found))


def _is_own(name: str) -> bool:
    match = _PROCESS.search(name)
    return match is not None and int(match[1]) == os.getpid()


def is_write_locked(path: Path) -> bool:
    """Return True if another process holds SQLite's write lock; False if the system provides no information."""
    if sys.platform == "linux":
        return _has_linux_lock(path)
    # Locks of Windows belong to a handle; elsewhere (macOS) closing a second handle would release QGIS's own.
    return sys.platform == "win32" and refuses_writers(path)


def _has_linux_lock(path: Path) -> bool:
    """Search the kernel's list of locks: SQLite locks bytes of the database, in WAL mode bytes of its index (-shm)."""
    wanted = set()
    for file in (path, Path(f"{path}-shm")):
        try:
            state = file.stat()
        except OSError:
            continue
        wanted.add((os.major(state.st_dev), os.minor(state.st_dev), state.st_ino))
    try:
        lines = _LOCKS.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return False
    for line in lines:
        match = _LOCK_LINE.match(line)
        if match is None or int(match[1]) == os.getpid():
            continue
        if (int(match[2], 16), int(match[3], 16), int(match[4])) in wanted:
            return True
    return False


def refuses_writers(path: Path) -> bool:
    """Return True if SQLite cannot begin a write transaction. The transaction is rolled back; the file is unchanged."""
    database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=0, isolation_level=None)
    try:
        database.execute("BEGIN IMMEDIATE")
        database.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        # Not a database, or read-only: not a lock.
        return "locked" in str(error)
    except sqlite3.DatabaseError:
        return False
    finally:
        database.close()
    return False

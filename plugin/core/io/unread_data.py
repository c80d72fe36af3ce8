# SPDX-License-Identifier: GPL-2.0-or-later
"""Further data in a checked folder: subfolders, other formats, archives.

Nothing of it is read. A folder is searched to every depth; each subfolder directly in it becomes one entry.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ..cancellation import NEVER, Cancellation
from ..model.findings import UnreadData
from .formats import file_format

#: Maximum number of visited files and folders: it stops the search of a drive's root chosen by mistake, and is
#: reported.
MOST = 50_000
#: Number of a folder's files that a message names.
_NAMED = 5
#: Files of a FileGDB: tables, their indexes and rows, locks. The two without a suffix (gdb, timestamps) hold no data.
_TABLE_FILES = (".gdbtable", ".gdbtablx", ".gdbindexes", ".spx", ".atx", ".freelist", ".horizon", ".lock", ".cdf")
#: Entries between two checks for cancellation.
_BATCH = 200


@dataclass
class _Search:
    """State of a search.

    ``found``: (place below the folder, format); ``refused``: folders that may not be listed; ``full``: the limit was
    reached.
    """

    found: list[tuple[Path, str]] = field(default_factory=list)
    refused: list[Path] = field(default_factory=list)
    visited: int = 0
    full: bool = False


def find_unread_data(
    folder: Path,
    read: Iterable[Path],
    *,
    is_output: Callable[[Path], bool] = lambda path: False,
    cancellation: Cancellation = NEVER,
    most: int = MOST,
) -> list[UnreadData]:
    """Return the data in a folder that is not among the datasets ``read``.

    The time is linear in the number of files, at most ``most``. ``is_output`` returns whether a folder or file is a
    result of this plugin. Raises Cancelled.
    """
    read, search = set(read), _Search()
    _search_tree(folder, read, is_output, cancellation, most, search)
    unread = [
        UnreadData("format", {"file": place.name, "format": kind})
        for place, kind in search.found
        if len(place.parts) == 1
    ]
    below: dict[str, list[Path]] = {}
    for place, _ in search.found:
        if len(place.parts) > 1:
            below.setdefault(place.parts[0], []).append(place)
    databases = {path.name for path in read if is_geodatabase(path)}
    for top, places in sorted(below.items()):
        unread.append(_make_folder_entry("in_database" if top in databases else "folder", top, places))
    for place in search.refused:
        unread.append(UnreadData("no_access", {"file": place.as_posix()}))
    if search.full:
        unread.append(UnreadData("limit", {"count": most}))
    return unread


def find_data_in_database(database: Path, cancellation: Cancellation = NEVER) -> list[UnreadData]:
    """Return the data in the folder of a FileGDB that does not belong to it."""
    search = _Search()
    _search_tree(database, set(), lambda path: False, cancellation, MOST, search)
    places = [place for place, _ in search.found]
    return [_make_folder_entry("in_database", database.name, places)] if places else []


def is_geodatabase(path: Path) -> bool:
    """Return True if a path is a file geodatabase."""
    return path.suffix.lower() == ".gdb" and path.is_dir()


def _make_folder_entry(case: str, folder: str, places: list[Path]) -> UnreadData:
    names = "、".join(place.as_posix() for place in places[:_NAMED]) + ("…" if len(places) > _NAMED else "")
    return UnreadData(case, {"folder": folder, "count": len(places), "files": names})


def _search_tree(
    folder: Path,
    read: set[Path],
    is_output: Callable[[Path], bool],
    cancellation: Cancellation,
    most: int,
    search: _Search,
) -> None:
    """Search the folders breadth-first, each once, whatever links lead to it.

    Files that belong to a FileGDB that is read are skipped.
    """
    waiting, seen = deque([folder]), {_identify(folder)}
    while waiting:
        cancellation.raise_if_cancelled()
        place = waiting.popleft()
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    search.visited += 1
                    if search.visited > most:
                        search.full = True
                        return
                    if search.visited % _BATCH == 0:
                        cancellation.raise_if_cancelled()
                    path = Path(entry.path)
                    if path in read:
                        seen.add(_identify(path))
                        if is_geodatabase(path):
                            waiting.append(path)
                    elif place.suffix.lower() == ".gdb" and path.suffix.lower() in _TABLE_FILES:
                        continue
                    elif _is_folder(entry):
                        identity = _identify(path)
                        if identity in seen:
                            continue
                        seen.add(identity)
                        if _is_own_output(path, is_output):
                            continue
                        if path.suffix.lower() == ".gdb":
                            search.found.append((path.relative_to(folder), "FileGDB"))
                        else:
                            waiting.append(path)
                    elif path.suffix.lower() != ".gdbtable" or not _named(search, path.parent.relative_to(folder)):
                        _note_file(path, folder, is_output, search)
        except OSError:
            search.refused.append(place.relative_to(folder))
    search.found.sort()


def _named(search: _Search, folder: Path) -> bool:
    """Return True if a table of this database is reported.

    A database is a FileGDB without its suffix.
    """
    return any(place.parent == folder and kind == "FileGDB" for place, kind in search.found[-1:])


def _note_file(path: Path, folder: Path, is_output: Callable[[Path], bool], search: _Search) -> None:
    try:
        kind = file_format(path)
    except OSError:
        # A file without access, or a broken link.
        search.refused.append(path.relative_to(folder))
        return
    if kind and not is_output(path):
        search.found.append((path.relative_to(folder), kind))


def _is_own_output(path: Path, is_output: Callable[[Path], bool]) -> bool:
    """Return True if a folder is an output of this plugin.

    A folder without access counts as another one, so that the search reports it.
    """
    try:
        return is_output(path)
    except OSError:
        return False


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _identify(path: Path) -> tuple[int, int] | str:
    """Return a file's identity under any name; its path if the system has none."""
    try:
        status = path.stat()
    except OSError:
        return str(path)
    return (status.st_dev, status.st_ino) if status.st_ino else os.path.normcase(os.path.realpath(path))

# SPDX-License-Identifier: GPL-2.0-or-later
"""What else lies in a folder that is checked: databases in its subfolders, other formats, archives, folders without access.

Nothing of it is read. A folder is searched to every depth; each subfolder right below it becomes one entry.
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

#: Files and folders that are visited at most: a drive's root chosen by mistake ends here, and that is reported.
MOST = 50_000
#: Files named of a folder.
_NAMED = 5
#: Files of a FileGDB: tables, their indexes and rows, locks. The two without a suffix (gdb, timestamps) hold no data.
_TABLE_FILES = (".gdbtable", ".gdbtablx", ".gdbindexes", ".spx", ".atx", ".freelist", ".horizon", ".lock", ".cdf")
#: Entries between two looks at the cancel button.
_BATCH = 200


@dataclass
class _Search:
    """``found``: (place below the folder, format); ``shut``: folders that may not be listed; ``full``: the limit was reached."""

    found: list[tuple[Path, str]] = field(default_factory=list)
    shut: list[Path] = field(default_factory=list)
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
    """The data in a folder that is not among the datasets ``read``. Linear in the number of its files, ``most`` of them.

    ``is_output`` says of a folder or file whether it is a result that the plugin wrote itself. Raises
    Cancelled.
    """
    read, search = set(read), _Search()
    _walk(folder, read, is_output, cancellation, most, search)
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
        unread.append(_of_folder("in_database" if top in databases else "folder", top, places))
    for place in search.shut:
        unread.append(UnreadData("no_access", {"file": place.as_posix()}))
    if search.full:
        unread.append(UnreadData("limit", {"count": most}))
    return unread


def find_data_in_database(database: Path, cancellation: Cancellation = NEVER) -> list[UnreadData]:
    """The data in the folder of a FileGDB that is none of its own files."""
    search = _Search()
    _walk(database, set(), lambda path: False, cancellation, MOST, search)
    places = [place for place, _ in search.found]
    return [_of_folder("in_database", database.name, places)] if places else []


def is_geodatabase(path: Path) -> bool:
    return path.suffix.lower() == ".gdb" and path.is_dir()


def _of_folder(case: str, folder: str, places: list[Path]) -> UnreadData:
    names = "、".join(place.as_posix() for place in places[:_NAMED]) + ("…" if len(places) > _NAMED else "")
    return UnreadData(case, {"folder": folder, "count": len(places), "files": names})


def _walk(
    folder: Path,
    read: set[Path],
    is_output: Callable[[Path], bool],
    cancellation: Cancellation,
    most: int,
    search: _Search,
) -> None:
    """Go through the folders by depth, the nearest first; none twice, whatever links lead to it. In a FileGDB that is read,
    its own files are passed over."""
    waiting, seen = deque([folder]), {_identity(folder)}
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
                        seen.add(_identity(path))
                        if is_geodatabase(path):
                            waiting.append(path)
                    elif place.suffix.lower() == ".gdb" and path.suffix.lower() in _TABLE_FILES:
                        continue
                    elif _is_folder(entry):
                        identity = _identity(path)
                        if identity in seen:
                            continue
                        seen.add(identity)
                        if _made_here(path, is_output):
                            continue
                        if path.suffix.lower() == ".gdb":
                            search.found.append((path.relative_to(folder), "FileGDB"))
                        else:
                            waiting.append(path)
                    elif path.suffix.lower() != ".gdbtable" or not _named(search, path.parent.relative_to(folder)):
                        _file(path, folder, is_output, search)
        except OSError:
            search.shut.append(place.relative_to(folder))
    search.found.sort()


def _named(search: _Search, folder: Path) -> bool:
    """Is a table of this database (a FileGDB without its suffix) named already?"""
    return any(place.parent == folder and kind == "FileGDB" for place, kind in search.found[-1:])


def _file(path: Path, folder: Path, is_output: Callable[[Path], bool], search: _Search) -> None:
    try:
        kind = file_format(path)
    except OSError:
        # A file that may not be read, or a link to one that is gone.
        search.shut.append(path.relative_to(folder))
        return
    if kind and not is_output(path):
        search.found.append((path.relative_to(folder), kind))


def _made_here(path: Path, is_output: Callable[[Path], bool]) -> bool:
    """Return True if a folder is an output of ours; one that may not be entered shows nothing of it, and is walked to be named."""
    try:
        return is_output(path)
    except OSError:
        return False


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _identity(path: Path) -> tuple[int, int] | str:
    """What tells folders apart whatever name they have; the path where the system has no numbers for it."""
    try:
        status = path.stat()
    except OSError:
        return str(path)
    return (status.st_dev, status.st_ino) if status.st_ino else os.path.normcase(os.path.realpath(path))

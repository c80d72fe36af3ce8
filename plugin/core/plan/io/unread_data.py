# SPDX-License-Identifier: GPL-2.0-or-later
"""Find data in a checked folder that are not read: subfolders, other formats and archives.

A folder is searched to every depth; each subfolder directly in it becomes one entry.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ...base.cancellation import NEVER_CANCELLED, Cancellation
from ...model.findings import UnreadData
from .formats import detect_file_format

#: Maximum number of visited files and folders: it stops the search of a drive's root chosen by mistake, and is
#: reported.
MAX_FILES_VISITED = 50_000
#: Number of a folder's files that a message names.
_MAX_NAMED_FILES = 5
#: Files of a FileGDB: tables, their indexes and rows, locks. The two without a suffix (gdb, timestamps) hold no data.
_FILEGDB_SUFFIXES = (".gdbtable", ".gdbtablx", ".gdbindexes", ".spx", ".atx", ".freelist", ".horizon", ".lock", ".cdf")
#: Entries between two checks for cancellation.
_FILES_PER_CANCEL_CHECK = 200


@dataclass
class _FolderSearch:
    """What a search through folders has found so far.

    ``found_files``: (path below the folder, format); ``unlisted_folders``: folders whose content may not be listed;
    ``is_limit_reached``: the limit of visited files was reached.
    """

    found_files: list[tuple[Path, str]] = field(default_factory=list)
    unlisted_folders: list[Path] = field(default_factory=list)
    visited_count: int = 0
    is_limit_reached: bool = False


def find_unread_data(
    folder: Path,
    read: Iterable[Path],
    *,
    is_output: Callable[[Path], bool] = lambda path: False,
    cancellation: Cancellation = NEVER_CANCELLED,
    most: int = MAX_FILES_VISITED,
) -> list[UnreadData]:
    """Return entries on the data in a folder that are not among the data sets read.

    ``read``: paths of the data sets read; ``is_output``: returns True for a folder or file that this plugin wrote;
    ``most``: largest number of files visited. Raises Cancelled.
    """
    read, search = set(read), _FolderSearch()
    _search_tree(folder, read, is_output, cancellation, most, search)
    unread = [
        UnreadData("format", {"file": relative_path.name, "format": kind})
        for relative_path, kind in search.found_files
        if len(relative_path.parts) == 1
    ]
    paths_by_subfolder: dict[str, list[Path]] = {}
    for relative_path, _ in search.found_files:
        if len(relative_path.parts) > 1:
            paths_by_subfolder.setdefault(relative_path.parts[0], []).append(relative_path)
    databases = {path.name for path in read if is_geodatabase(path)}
    for top, places in sorted(paths_by_subfolder.items()):
        unread.append(_make_unread_folder_entry("in_database" if top in databases else "folder", top, places))
    unread += [UnreadData("no_access", {"file": path.as_posix()}) for path in search.unlisted_folders]
    if search.is_limit_reached:
        unread.append(UnreadData("limit", {"count": most}))
    return unread


def find_unrelated_data_in_geodatabase(
    database: Path, cancellation: Cancellation = NEVER_CANCELLED
) -> list[UnreadData]:
    """Return entries on data inside the folder of a FileGDB that do not belong to it. Raises Cancelled."""
    search = _FolderSearch()
    _search_tree(database, set(), lambda path: False, cancellation, MAX_FILES_VISITED, search)
    places = [relative_path for relative_path, _ in search.found_files]
    return [_make_unread_folder_entry("in_database", database.name, places)] if places else []


def is_geodatabase(path: Path) -> bool:
    """Return True if a path is a file geodatabase."""
    return path.suffix.lower() == ".gdb" and path.is_dir()


def _make_unread_folder_entry(case: str, folder: str, places: list[Path]) -> UnreadData:
    """Return one entry of unread data for all files in a subfolder."""
    file_names = "、".join(place.as_posix() for place in places[:_MAX_NAMED_FILES]) + (
        "…" if len(places) > _MAX_NAMED_FILES else ""
    )
    return UnreadData(case, {"folder": folder, "count": len(places), "files": file_names})


def _walk_folders(
    folder: Path, waiting: deque[Path], cancellation: Cancellation, max_files: int, search: _FolderSearch
) -> Iterator[os.DirEntry[str]]:
    """Yield what is in the ``waiting`` folders, also in those added meanwhile; stop at ``max_files``."""
    while waiting:
        cancellation.raise_if_cancelled()
        place = waiting.popleft()
        try:
            entries = list(os.scandir(place))
        except OSError:
            search.unlisted_folders.append(place.relative_to(folder))
            continue
        for entry in entries:
            search.visited_count += 1
            if search.visited_count > max_files:
                search.is_limit_reached = True
                return
            if search.visited_count % _FILES_PER_CANCEL_CHECK == 0:
                cancellation.raise_if_cancelled()
            yield entry


def _search_tree(
    folder: Path,
    datasets_read: set[Path],
    is_output: Callable[[Path], bool],
    cancellation: Cancellation,
    max_files: int,
    search: _FolderSearch,
) -> None:
    """Search folders level by level, and add the data found to ``search``.

    A folder to which several links lead is searched once. Files that belong to a FileGDB that is read are skipped.
    """
    waiting, visited_files = deque([folder]), {_identify_file(folder)}
    for entry in _walk_folders(folder, waiting, cancellation, max_files, search):
        path = Path(entry.path)
        relative_path = path.relative_to(folder)
        try:
            if path in datasets_read:
                visited_files.add(_identify_file(path))
                waiting += [path] if is_geodatabase(path) else []
            elif path.parent.suffix.lower() == ".gdb" and path.suffix.lower() in _FILEGDB_SUFFIXES:
                continue
            elif entry.is_dir():
                if _identify_file(path) not in visited_files and not is_output(path):
                    if path.suffix.lower() == ".gdb":
                        search.found_files.append((relative_path, "FileGDB"))
                    else:
                        waiting.append(path)
                visited_files.add(_identify_file(path))
            elif path.suffix.lower() == ".gdbtable" and any(
                found.parent == relative_path.parent and kind == "FileGDB" for found, kind in search.found_files[-1:]
            ):
                # A geodatabase in a folder without the suffix .gdb is reported once.
                continue
            elif (kind := detect_file_format(path)) and not is_output(path):
                search.found_files.append((relative_path, kind))
        except OSError:
            # Without access, or a broken link.
            search.unlisted_folders.append(relative_path)
    if not search.is_limit_reached:
        search.found_files.sort()


def _identify_file(path: Path) -> tuple[int, int] | str:
    """Return (device, file number), the same for all links to a file; its path if the system has none."""
    try:
        status = path.stat()
    except OSError:
        return str(path)
    return (status.st_dev, status.st_ino) if status.st_ino else os.path.normcase(os.path.realpath(path))

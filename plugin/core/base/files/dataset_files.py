# SPDX-License-Identifier: GPL-2.0-or-later
"""The files that a reader of a data set opens.

They are the parts of its format, the logs of a database, and the content of linked folders.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from .digests import iterate_files_below
from .encoding import find_sibling_file

#: Further files of formats of several files; readers of them ignore other files with their name.
_PART_SUFFIXES = {
    ".shp": (".dbf", ".shx", ".prj", ".cpg"),
    ".tab": (".dat", ".map", ".id", ".ind"),
    ".gml": (".xsd",),
}
#: Logs of a database that is open elsewhere.
LOG_SUFFIXES = ("-wal", "-journal")


def list_logs(path: Path) -> list[Path]:
    """Return the logs of a SQLite database that have content.

    The logs of a linked database are next to the file that the link leads to. Opening a database creates an empty log
    without changing the data.
    """
    logs = (Path(f"{os.path.realpath(path)}{suffix}") for suffix in LOG_SUFFIXES)
    return [log for log in logs if _has_content(log)]


def _has_content(path: Path) -> bool:
    """Return True for a file with content; another program may remove it at any time."""
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def iterate_dataset_files(path: Path) -> Iterator[tuple[str, Path]]:
    """Yield (name, path) of each file of a data set.

    For a file: itself, the parts of its format and its logs. For a folder: each file in and below it. Linked folders
    are searched too, except outer ones.
    """
    if path.is_dir():
        yield from iterate_linked_files_below(path)
        return
    suffixes = _PART_SUFFIXES.get(path.suffix.lower(), ()) if path.is_file() else ()
    parts = filter(None, (find_sibling_file(path, suffix) for suffix in suffixes))
    yield from ((one.name, one) for one in (path, *parts, *list_logs(path)))


def iterate_linked_files_below(folder: Path, outer_folders: frozenset[str] = frozenset()) -> Iterator[tuple[str, Path]]:
    """Yield (relative path with ``/``, path) of each file below a folder.

    Linked folders are followed. Logs of a linked database, which are in another folder, follow the link.
    ``outer_folders``: real paths of folders that are being searched, to which a link may lead back.
    """
    outer_folders |= {os.path.realpath(folder)}
    for name, path in iterate_files_below(folder):
        if not path.is_dir():
            yield name, path
            yield from ((f"{name}/{log.name}", log) for log in list_logs(path) if path.is_symlink())
        elif os.path.realpath(path) not in outer_folders:
            yield from ((f"{name}/{inner}", one) for inner, one in iterate_linked_files_below(path, outer_folders))

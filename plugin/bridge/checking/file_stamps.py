# SPDX-License-Identifier: GPL-2.0-or-later
"""Modification times and sizes of the files of a check; equal stamps mean unchanged files."""

from __future__ import annotations

from pathlib import Path

from ...core.results.kept_result import Stamp

#: Files that a check reads besides its layers, by their names in the options.
SIDE_FILES = ("profile", "targets", "waivers", "baseline", "register")
#: The file itself and the write-ahead log of a GeoPackage that is being written.
_SUFFIXES = ("", "-wal")


def read_stamp(path: str) -> Stamp:
    """Return name, time (ns) and size of a file and of each file in a folder (FileGDB); empty without a path."""
    if not path:
        return ()
    found: list[Path] = [Path(path + more) for more in _SUFFIXES]
    if Path(path).is_dir():
        found += sorted(Path(path).iterdir())
    return tuple(_read_file_stamp(one) for one in found)


def _read_file_stamp(path: Path) -> tuple[str, int, int]:
    try:
        state = path.stat()
    except OSError:
        return path.name, 0, 0
    # Opening a GeoPackage creates an empty log without changing the data; treat an empty log as absent.
    return (
        (path.name, 0, 0)
        if path.name.endswith("-wal") and not state.st_size
        else (path.name, state.st_mtime_ns, state.st_size)
    )

# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading and writing of files as bytes and text: encodings, tables, TOML, atomic output and locks."""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError, SanxianError


def make_path_next_to_data(source: str | Path, suffix: str) -> Path:
    """Return the path of a file that belongs to a data file or folder.

    ``county.gpkg`` → ``county<suffix>``; for a folder, a file in it.
    """
    source = Path(source)
    if source.is_dir() and source.suffix.lower() != ".gdb":
        return source / f"{source.resolve().name}{suffix}"
    return source.with_name(f"{source.stem}{suffix}")


def find_free_path(path: Path) -> str:
    """Return the path if no such file exists, else the path with the first number that is free."""
    free_path, number = path, 2
    while free_path.exists():
        free_path, number = path.with_name(f"{path.stem}-{number}{path.suffix}"), number + 1
    return str(free_path)


def read_bytes(
    path: Path, kind: str = "table", error_type: type[SanxianError] = InputError, *, may_be_missing: bool = False
) -> bytes:
    """Return the bytes of a file; raise an error of this type, with the path, if it is missing or may not be read.

    ``kind``: begins the keys of both texts, such as ``table_missing`` and ``table_no_access``; ``may_be_missing``: a
    missing file is empty.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        if may_be_missing:
            return b""
        raise error_type(f"{kind}_missing", file=str(path)) from error
    except OSError as error:
        raise error_type(f"{kind}_no_access", file=str(path)) from error

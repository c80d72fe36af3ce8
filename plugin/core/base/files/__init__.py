# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading and writing of files as bytes and text: encodings, tables, TOML, atomic output and locks."""

from __future__ import annotations

from pathlib import Path


def make_path_next_to_data(source: str | Path, suffix: str) -> Path:
    """Return the path of a file that belongs to a data file or folder.

    ``county.gpkg`` → ``county<suffix>``; for a folder, a file in it.
    """
    source = Path(source)
    if source.is_dir() and source.suffix.lower() != ".gdb":
        return source / f"{source.resolve().name}{suffix}"
    return source.with_name(f"{source.stem}{suffix}")

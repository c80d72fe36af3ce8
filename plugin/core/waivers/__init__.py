# SPDX-License-Identifier: GPL-2.0-or-later
"""Waivers (豁免): findings that somebody accepts, with reason, document, author and expiry, kept in a file beside the data.

Imports nothing of the GIS stack.
"""

from __future__ import annotations

from pathlib import Path

#: The ending of a file of waivers, behind the name of the data.
SUFFIX = ".waivers.csv"


def default_waiver_path(source: str | Path) -> Path:
    """Where the waivers of a file or folder stand: ``county.gpkg`` → ``county.waivers.csv``; a folder's in it."""
    source = Path(source)
    if source.is_dir() and source.suffix.lower() != ".gdb":
        return source / f"{source.resolve().name}{SUFFIX}"
    return source.with_name(f"{source.stem}{SUFFIX}")

# SPDX-License-Identifier: GPL-2.0-or-later
"""Build a plan from sources: recognise layers, choose one CRS, report unread data.

A plan is a county's recognised layers in one plane. A source is a file, a folder, or layers in memory.
"""

from __future__ import annotations

from pathlib import Path

from ...base.files import make_path_next_to_data

#: The suffix of the table next to the copy whose keys it explains, after the name of the data.
KEY_TABLE_SUFFIX = ".renumbered.csv"


def make_default_key_table_path(source: str | Path) -> Path:
    """Return the path of the table for a data file or folder: ``copy.gpkg`` → ``copy.renumbered.csv``."""
    return make_path_next_to_data(source, KEY_TABLE_SUFFIX)


def find_key_table(chosen: str, source: str | Path | None) -> str:
    """Return the path of the table to read: the chosen one, else the one next to the data; empty without one."""
    if chosen or not source:
        return chosen
    default_path = make_default_key_table_path(source)
    return str(default_path) if default_path.is_file() else ""

# SPDX-License-Identifier: GPL-2.0-or-later
"""The limits by which workbooks of a package are looked at (C): data, `resources/standards/common-2021/looks.toml`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

from ....paths import LOOK_SETTINGS
from ...files.data import check_keys, check_marks, expect, read_toml


@dataclass(frozen=True)
class Looks:
    least_colour_apart: float
    least_letter_points: float
    least_row_points: float
    least_column_letters: float
    size_differs: float
    size_differs_share: float
    slight_share: float


@cache
def load_looks(path: Path = LOOK_SETTINGS) -> Looks:
    """Read the limits, each of which has a mark. DataError names file and key."""
    table = read_toml(path)
    keys = [f.name for f in fields(Looks)]
    check_keys(table, required=[*keys, "marks"], allowed=(), file=path)
    check_marks(table, keys, file=path)
    return Looks(**{key: float(expect(table[key], (int, float), file=path, key=key)) for key in keys})

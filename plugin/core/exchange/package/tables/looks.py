# SPDX-License-Identifier: GPL-2.0-or-later
"""The limits by which workbooks of a package are looked at (C): data, `resources/standards/common-2021/looks.toml`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

from .....paths import LOOK_SETTINGS
from ....data import check_keys, expect, read_toml
from ....errors import DataError

#: What is known of a setting's source: A its text, B quoted or implemented elsewhere, C unverified.
_MARKS = ("A", "B", "C")


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
    marks = table.pop("marks")
    check_keys(marks, required=keys, allowed=(), file=path)
    for key, mark in marks.items():
        if mark not in _MARKS:
            known = ", ".join(_MARKS)
            raise DataError("data_value_unknown", file=str(path), key=f"marks.{key}", value=mark, known=known)
    return Looks(**{key: float(expect(table[key], (int, float), file=path, key=key)) for key in keys})

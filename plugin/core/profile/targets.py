# SPDX-License-Identifier: GPL-2.0-or-later
"""The figures of a profile, read row by row."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ..data import check_keys, expect
from ..indicators import AREA_FIGURES, SQUARE_METRES
from .checks import unknown
from .model import Target

TARGET_KEYS = ("indicator", "comparison", "value", "unit", "year", "binding", "source")


def merge_targets(base: tuple[Target, ...], own: tuple[Target, ...]) -> tuple[Target, ...]:
    """Own targets before the base's for the same figure. A target keeps its area code, so the base's only ever
    apply where the base is a profile of the same area: a county is never measured by its province's totals."""
    said = {(t.area_code, t.indicator, t.year) for t in own}
    return own + tuple(t for t in base if (t.area_code, t.indicator, t.year) not in said)


def read_target(row: dict[str, Any], area_code: str, path: Path, position: int) -> Target:
    where = f"targets[{position}]"
    check_keys(row, required=TARGET_KEYS, allowed=("area_code",), file=path, where=where)
    if not re.fullmatch(r"\d+(\.\d+)?", expect(row["value"], str, file=path, key=f"{where}.value")):
        raise unknown(path, f"{where}.value", row["value"], ('"16.46"',))
    for key, known in (
        ("indicator", tuple(AREA_FIGURES)),
        ("comparison", (">=", "<=", "=")),
        ("unit", tuple(SQUARE_METRES)),
    ):
        if row[key] not in known:
            raise unknown(path, f"{where}.{key}", row[key], known)
    return Target(**{"area_code": str(area_code), **row})

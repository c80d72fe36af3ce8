# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings for drawings: units, limits, and words that state the datum."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ....paths import DRAWINGS_FOLDER
from ...errors import DataError
from ...files.data import check_keys, check_type, read_toml

SETTINGS_FILE = DRAWINGS_FOLDER / "settings.toml"
_LIMITS = ("metres_insunits", "tolerance_m", "closing_m", "tolerance_range_m", "most_closing_m", "most_listed")


@dataclass(frozen=True)
class DrawingSettings:
    """The settings of settings.toml, which has a comment on each.

    ``metres_by_unit``: name of a unit → metres; ``unit_names``: value of $INSUNITS → name for messages.
    """

    metres_by_unit: dict[str, float]
    unit_names: dict[int, str]
    metres_insunits: int
    tolerance_m: float
    closing_m: float
    tolerance_range_m: tuple[float, float]
    most_closing_m: float
    most_listed: int
    statement_words: tuple[str, ...]


@cache
def load_settings(path: Path = SETTINGS_FILE) -> DrawingSettings:
    """Read the settings. Raise DataError with file and key for a missing, unknown or wrong value."""
    table = read_toml(path)
    check_keys(table, required=("units", "insunits", "limits", "statements"), allowed=(), file=path)
    for name in table:
        check_type(table[name], dict, file=path, key=name)
    limits = table["limits"]
    check_keys(limits, required=_LIMITS, allowed=(), file=path, where="limits")
    check_keys(table["statements"], required=("words",), allowed=(), file=path, where="statements")

    def read_number(section: str, key: str) -> float:
        """Return a number; raise DataError for anything else."""
        return float(check_type(table[section][key], (int, float), file=path, key=f"{section}.{key}"))

    interval = check_type(limits["tolerance_range_m"], list, file=path, key="limits.tolerance_range_m")
    if len(interval) != 2:
        raise DataError(
            "data_value_kind", file=str(path), key="limits.tolerance_range_m", value=repr(interval), expected="2"
        )
    words = check_type(table["statements"]["words"], list, file=path, key="statements.words")
    return DrawingSettings(
        {name: read_number("units", name) for name in table["units"]},
        {int(code): str(name) for code, name in table["insunits"].items() if code.isdecimal()},
        int(read_number("limits", "metres_insunits")),
        read_number("limits", "tolerance_m"),
        read_number("limits", "closing_m"),
        (float(interval[0]), float(interval[1])),
        read_number("limits", "most_closing_m"),
        int(read_number("limits", "most_listed")),
        tuple(map(str, words)),
    )

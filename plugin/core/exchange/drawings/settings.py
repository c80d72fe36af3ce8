# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings for drawings: units, limits, and words that state the datum."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ....paths import DRAWINGS_FOLDER
from ...base.files.data import read_toml

SETTINGS_FILE = DRAWINGS_FOLDER / "settings.toml"


@dataclass(frozen=True)
class DrawingSettings:
    """The settings of settings.toml, which has a comment on each.

    ``metres_by_unit``: name of a unit → metres; ``unit_names``: value of $INSUNITS → name for messages.
    """

    metres_by_unit: dict[str, float]
    unit_names: dict[str, str]
    statement_words: list[str]
    metres_insunits: int
    tolerance_m: float
    closing_m: float
    tolerance_range_m: list[float]
    most_closing_m: float
    most_listed: int


@cache
def load_settings() -> DrawingSettings:
    """Read the settings."""
    table = read_toml(SETTINGS_FILE)
    return DrawingSettings(table["units"], table["insunits"], table["statements"]["words"], **table["limits"])

# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings that can end a comparison, as listed in ``switches.toml``; no profile can change the list."""

from __future__ import annotations

from functools import cache
from typing import Any

from ...paths import STANDARDS_FOLDER
from ..base.files.data import read_toml
from .conflicts import ALLOWED_MEANING, CONFLICTS_SECTION

#: Put before the key of a setting in a report: the county ends a comparison by this setting.
DISABLED_PREFIX = "off."
_SWITCHES_FILE = STANDARDS_FOLDER / "common-2021" / "switches.toml"


@cache
def load_switches() -> dict[str, Any]:
    """Return the settings that can end a comparison, by the way in which they do.

    A setting under ``flags`` does so by False, one under ``lists`` by removed entries, one under ``at_least`` or
    ``at_most`` from a number on. Under ``users`` are the rules that use a setting without declaring it.
    """
    return read_toml(_SWITCHES_FILE)


def ends_comparison(key: str, value: Any, shipped_value: Any) -> bool:
    """Return True if a value of a setting ends a comparison that the shipped value makes."""
    switches = load_switches()
    if shipped_value is None or value == shipped_value:
        return False
    if key in switches["flags"]:
        return value is False
    if key in switches["lists"]:
        return len(value) < len(shipped_value) or not set(value) & set(shipped_value)
    if key.startswith(f"{CONFLICTS_SECTION}."):
        return bool(value == ALLOWED_MEANING)
    bounds = switches["at_least"].get(key, float("inf")), switches["at_most"].get(key, float("-inf"))
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and not bounds[1] < value < bounds[0]


def list_undeclared_users(key: str) -> list[str]:
    """Return the codes of rules that use a setting although the rules do not declare it.

    ``switches.toml`` lists them by setting key or section.
    """
    users = load_switches()["users"]
    return [*users.get(key, ()), *users.get(key.partition(".")[0], ())]

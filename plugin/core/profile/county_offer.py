# SPDX-License-Identifier: GPL-2.0-or-later
"""Choices of the county profile form (县配置), read from data, and inherited values with their sources."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from ...paths import COUNTY_FORM
from ..files.data import check_keys, expect, read_toml
from ..model.indicator import AREA_FIGURES, STATED_FIGURES
from .model import Target
from .norm import Norm
from .resolved import origin_of

#: Indicators that may have a county target; those allocated by the upper-level plan come first.
INDICATORS = (*AREA_FIGURES, *STATED_FIGURES)


@dataclass(frozen=True)
class Offer:
    """Choices of the form.

    ``limits``, ``tolerances``: setting keys; ``ratio_classes``: urban-rural codes for each check box; ``units``: area units;
    ``usual``: indicator → default unit, comparison and binding of a new target.
    """

    limits: tuple[str, ...]
    tolerances: tuple[str, ...]
    ratio_classes: tuple[tuple[str, ...], ...]
    units: tuple[str, ...]
    usual: dict[str, dict[str, str]]


@dataclass(frozen=True)
class Inherited:
    """A value that applies unless the county sets its own.

    ``origin``: name of the profile or standard that sets it, empty for a rule default; ``mark``: A, B or C.
    """

    key: str
    value: Any
    origin: str
    mark: str
    document: str = ""


@cache
def read_offer() -> Offer:
    """Read the choices of the form. Raise DataError with file and key."""
    table = read_toml(COUNTY_FORM)
    keys = ("limits", "tolerances", "ratio_classes", "units")
    check_keys(table, required=(*keys, "usual"), allowed=(), file=COUNTY_FORM)
    limits, tolerances, classes, units = (expect(table[key], list, file=COUNTY_FORM, key=key) for key in keys)
    usual = expect(table["usual"], dict, file=COUNTY_FORM, key="usual")
    check_keys(usual, required=INDICATORS, allowed=(), file=COUNTY_FORM, where="usual")
    for name, row in usual.items():
        check_keys(row, required=("unit", "comparison", "binding"), allowed=(), file=COUNTY_FORM, where=f"usual.{name}")
    return Offer(tuple(limits), tuple(tolerances), tuple(tuple(codes) for codes in classes), tuple(units), usual)


def get_inherited(key: str, norm: Norm) -> Inherited:
    """Return the inherited value of a setting with its source. ``norm``: the norm of the parent profile."""
    origin = origin_of(key, norm)
    return Inherited(key, norm.get(key), origin.name, norm.mark(key), norm.profile.mark_sources.get(key, ""))


def get_inherited_targets(area_code: str, norm: Norm) -> dict[tuple[str, int], Target]:
    """Return the parent's targets for this county by (indicator, year); totals of other areas never apply."""
    return {(t.indicator, t.year): t for t in norm.targets(area_code)}


def find_target_year(norm: Norm) -> int | None:
    """Return the latest target year of the parent profile, which is the horizon of the county's plan; None without targets."""
    return max((t.year for t in norm.profile.targets), default=None)

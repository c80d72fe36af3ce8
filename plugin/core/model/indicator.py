# SPDX-License-Identifier: GPL-2.0-or-later
"""Indicators with unit, basis and inputs; comparison with targets; area units."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from ..base.files.data import check_type, read_record

#: Name of a file in errors of a report whose file is not known.
REPORT_PATH = Path("report.json")

#: ``warning``: the target is met, but the margin is below the one that standard or county set (early warning).
#: ``close``: it is missed by less than half of its last printed digit (取整差).
TARGET_MET, LITTLE_MARGIN_LEFT, MISSED_BY_ROUNDING, TARGET_MISSED, REFERENCE_ONLY = (
    "met",
    "warning",
    "close",
    "broken",
    "reference",
)
#: The target is met only by a figure that the measured area contradicts.
UNCONFIRMED_STATE = "unconfirmed"
#: Printed signs of a comparison with a target.
COMPARISON_SIGNS = {">=": "≥", "<=": "≤", "=": "="}
#: Square metres in one unit of a target. 1 亩 = 10 000 / 15 m².
SQUARE_METRES = {"m2": 1.0, "ha": 1e4, "km2": 1e6, "wan_km2": 1e10, "mu": 10_000 / 15, "wan_mu": 1e8 / 15}
#: The areas that a plan sets targets for: their concept and basis.
AREA_FIGURES = {
    "cultivated_area": ("cultivated", "net"),
    "farmland_area": ("farmland", "net"),
    "red_line_area": ("red_line", "statutory"),
    "boundary_area": ("boundary", "statutory"),
}
#: A reason for doubt: the county's profile has no target for an area that a layer gives.
MISSING_TARGET_DOUBT = "targets.missing"
#: Further figures that a plan states and layers give: by statutory area, or by counting features.
STATED_FIGURES = {
    "reserves_area": ("reserves", "statutory"),
    "flood_line_area": ("flood_line", "statutory"),
    "centre_area": ("centre", "statutory"),
    "detail_units_count": ("detail_units", "count"),
}
#: Basis of a figure from the county's statistics, which is not measured.
STATISTICS_BASIS = "statistics"
#: The unit of a count.
COUNT_UNIT = "count"
RATIO_FORMS = ("n1", "n2", "n3")


def compute_margin(value: float | None, comparison: str, target: float | None) -> float | None:
    """Return by how much a value meets its target, in its unit; negative if it misses the target.

    For ``=`` it is value − target. None without a target or a finite value.
    """
    if target is None or value is None or not math.isfinite(value):
        return None
    return target - value if comparison == "<=" else value - target


def compare_area_with_target(
    value: float, comparison: str, target: float, decimals: int, warning_share: float = 0.0
) -> str:
    """Return the state of an area compared with a target that is printed with ``decimals``.

    Value and target have the same unit. A shortfall (for ``<=`` an excess) within half of the last printed digit is
    ``close`` (取整差), a larger one ``broken``. For ``=`` half a digit in either direction is ``met``, because a
    printed area is rounded. A target met with a margin below ``warning_share`` × target is ``warning``; 0 switches this
    off, and ``=`` has no warning.
    """
    half_digit = float(Decimal(1).scaleb(-decimals) / 2)
    return compare_with_target(value, comparison, target, allowance=half_digit, warning_share=warning_share)


def compare_with_target(
    value: float, comparison: str, target: float, *, allowance: float = 0.0, warning_share: float = 0.0
) -> str:
    """Return the state of a value compared with a target in the same unit.

    ``allowance``: the largest shortfall (for ``<=`` excess) that is ``close``; a limit of a ratio has none.
    ``warning_share`` and the states are as for `compare_area_with_target`.
    """
    margin = compute_margin(value, comparison, target)
    shortfall = math.inf if margin is None else abs(margin) if comparison == "=" else -margin
    # A double cannot hold these exactly: differences below its own error are ignored.
    rounding_error = abs(target) * 1e-12
    if shortfall <= (rounding_error if allowance else 0.0):
        is_low_margin = comparison != "=" and -shortfall < warning_share * abs(target) - rounding_error
        return LITTLE_MARGIN_LEFT if is_low_margin else TARGET_MET
    if comparison == "=" and shortfall <= allowance + rounding_error:
        # A text states the rounded area, so drawn and printed value agree.
        return TARGET_MET
    return MISSED_BY_ROUNDING if allowance and shortfall <= allowance + rounding_error else TARGET_MISSED


@dataclass
class Indicator:
    """A figure of the plan with its target.

    ``value`` in ``unit``; ``basis``: net, survey or statutory area; ``inputs``: name → value used in the formula.
    ``place``: the township of the figure, empty for the whole plan. ``target_year``: 0 if it is not stated.

    ``state``: met, warning (met, but with a low margin), close (missed within the rounding of the target), broken,
    unconfirmed (met by a figure that the measured area contradicts) or reference (no target).

    ``backed``: False if the figure is summed from an area field that the measured area contradicts (`area_backing`), or
    counts land twice (`indicators.repeated_land`), or if a layer has unknown data (`indicators.compute`).
    ``confirmed``: False if ``backed`` is False, and also if a setting
    marked C, an unknown base year or an invalid net field was used.
    """

    id: str
    value: float | None
    unit: str
    basis: str
    comparison: str = ""
    target: float | None = None
    target_decimals: int = 0
    target_source: str = ""
    inputs: dict[str, Any] = field(default_factory=dict)
    state: str = REFERENCE_ONLY
    confirmed: bool = True
    name: str = ""
    place: str = ""
    backed: bool = True
    target_year: int = 0

    def __post_init__(self) -> None:
        self.confirmed = self.confirmed and self.backed
        self.set_state(self.state)

    def set_state(self, state: str) -> None:
        """Set the state, but ``unconfirmed`` in place of ``met`` if the measured area contradicts the figure."""
        self.state = UNCONFIRMED_STATE if not self.backed and state in (TARGET_MET, LITTLE_MARGIN_LEFT) else state

    def mark_unconfirmed(self) -> None:
        """Mark the figure, and that it meets its target, as not confirmed."""
        self.backed = self.confirmed = False
        self.set_state(self.state)

    @property
    def margin(self) -> float | None:
        """Return the margin to the target (余量), positive if it is met.

        None without a target.
        """
        return compute_margin(self.value, self.comparison, self.target)

    def to_dict(self) -> dict[str, Any]:
        """Return the indicator as plain data for JSON."""
        return {**asdict(self), "room": self.margin}

    @classmethod
    def from_dict(cls, data: Any, file: Path = REPORT_PATH, where: str = "") -> Indicator:
        """Return the indicator of a dict made by `to_dict`.

        ``file``, ``where``: for the DataError that other data raise.
        """
        table = check_type(data, dict, file=file, key=where)
        return read_record(cls, {key: table[key] for key in table if key != "room"}, file=file, where=where)


def convert_area(area_m2: float, unit: str) -> float:
    """Return an area in square metres in another unit; a count is unchanged.

    Raise KeyError for an unknown unit.
    """
    return area_m2 if unit == COUNT_UNIT else area_m2 / SQUARE_METRES[unit]


def are_convertible(unit: str, other_unit: str) -> bool:
    """Return True if figures of one unit can be converted to the other."""
    return unit == other_unit or {unit, other_unit} <= SQUARE_METRES.keys()

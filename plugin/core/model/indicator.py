# SPDX-License-Identifier: GPL-2.0-or-later
"""One figure with its unit, basis, inputs and target; targets, and units of area."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

#: ``warning``: the target is met, but less is left than the margin that standard or county set (early warning).
#: ``close``: it is missed by less than half of its last printed digit (取整差).
MET, WARNING, CLOSE, BROKEN, REFERENCE = "met", "warning", "close", "broken", "reference"
#: The target would be met by a figure that the land does not back.
UNCONFIRMED = "unconfirmed"
#: How a comparison with a target is printed.
SIGNS = {">=": "≥", "<=": "≤", "=": "="}


def compute_margin(value: float | None, comparison: str, target: float | None) -> float | None:
    """What is left to the target, in its unit: positive on the good side, for ``=`` the plain difference.

    None without a target or a finite value.
    """
    if target is None or value is None or not math.isfinite(value):
        return None
    return target - value if comparison == "<=" else value - target


def compare_area_with_target(
    value: float, comparison: str, target: float, decimals: int, warning_share: float = 0.0
) -> str:
    """met / warning / close / broken, for an unrounded value against a target printed with ``decimals``.

    A shortfall (for ``<=`` an excess) within half of the last printed digit is ``close`` (取整差), beyond it
    ``broken``; for ``=`` half a digit either way is met: a printed area is a rounded one. Met with less left than ``warning_share`` × target is ``warning``
    (0: never; an ``=`` has nothing to leave). Value and target in the same unit.
    """
    half = float(Decimal(1).scaleb(-decimals) / 2)
    return compare_with_target(value, comparison, target, allowance=half, warning_share=warning_share)


def compare_with_target(
    value: float, comparison: str, target: float, *, allowance: float = 0.0, warning_share: float = 0.0
) -> str:
    """As `compare_area_with_target`, where what is missed by no more than ``allowance`` is ``close``. A ratio limit has none."""
    left = compute_margin(value, comparison, target)
    miss = math.inf if left is None else abs(left) if comparison == "=" else -left
    # A double cannot hold these exactly: what is less than its own error decides nothing.
    error = abs(target) * 1e-12
    if miss <= (error if allowance else 0.0):
        low = comparison != "=" and -miss < warning_share * abs(target) - error
        return WARNING if low else MET
    if comparison == "=" and miss <= allowance + error:
        # What a text states is the rounded area: drawn and printed agree.
        return MET
    return CLOSE if allowance and miss <= allowance + error else BROKEN


#: Square metres in one unit of a target. 1 亩 = 10 000 / 15 m².
SQUARE_METRES = {"m2": 1.0, "ha": 1e4, "km2": 1e6, "wan_km2": 1e10, "mu": 10_000 / 15, "wan_mu": 1e8 / 15}

#: The areas a plan sets targets for: the concept each is read from, and its basis.
AREA_FIGURES = {
    "cultivated_area": ("cultivated", "net"),
    "farmland_area": ("farmland", "net"),
    "red_line_area": ("red_line", "statutory"),
    "boundary_area": ("boundary", "statutory"),
}
#: A doubt: the county's profile has no target for an area that a layer gives.
NO_TARGET = "targets.missing"
#: Further figures that a plan states and layers give: by statutory area, or by counting features.
STATED_FIGURES = {
    "reserves_area": ("reserves", "statutory"),
    "flood_line_area": ("flood_line", "statutory"),
    "centre_area": ("centre", "statutory"),
    "detail_units_count": ("detail_units", "count"),
}
#: The unit of what is counted.
COUNT = "count"
RATIO_FORMS = ("n1", "n2", "n3")


@dataclass
class Indicator:
    """``value`` in ``unit``; ``basis`` net / survey / statutory; ``inputs``: name → value as put into the formula.

    ``state``: met, warning (met, with less left than the margin), close, broken, unconfirmed (met by a figure that the land
    does not back) or reference (no target); ``backed`` False when the figure is summed from an area field that the land does not
    back (`area_backing`); ``confirmed`` False then, and when a setting marked C, an unknown base year or a broken net field stands behind it. ``place``: the township that the
    figure is of, where it is not the whole plan's.
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
    state: str = REFERENCE
    confirmed: bool = True
    name: str = ""
    place: str = ""
    backed: bool = True

    def __post_init__(self) -> None:
        self.confirmed = self.confirmed and self.backed
        self.judge(self.state)

    def judge(self, state: str) -> None:
        """Set the state. A figure that the land does not back meets no target; it may still miss one."""
        self.state = UNCONFIRMED if not self.backed and state in (MET, WARNING) else state

    @property
    def margin(self) -> float | None:
        """What is left to the target (余量), positive on the good side; None without a target."""
        return compute_margin(self.value, self.comparison, self.target)

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "room": self.margin}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Indicator:
        return cls(**{key: value for key, value in data.items() if key != "room"})


def convert_area(area_m2: float, unit: str) -> float:
    """An area in square metres in another unit; a count stays what it is. KeyError for an unknown unit."""
    return area_m2 if unit == COUNT else area_m2 / SQUARE_METRES[unit]

# SPDX-License-Identifier: GPL-2.0-or-later
"""Indicators (指标): figures with their unit, basis, inputs and target, as pure functions."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

#: Square metres in one unit of a target. 1 亩 = 10 000 / 15 m².
SQUARE_METRES = {"m2": 1.0, "ha": 1e4, "km2": 1e6, "wan_km2": 1e10, "mu": 10_000 / 15, "wan_mu": 1e8 / 15}

#: The areas a plan sets targets for: the concept each is read from, and its basis.
AREA_FIGURES = {
    "cultivated_area": ("cultivated", "net"),
    "farmland_area": ("farmland", "net"),
    "red_line_area": ("red_line", "statutory"),
    "boundary_area": ("boundary", "statutory"),
}
RATIO_FORMS = ("n1", "n2", "n3")

MET, CLOSE, BROKEN, REFERENCE = "met", "close", "broken", "reference"


@dataclass
class Indicator:
    """``value`` in ``unit``; ``basis`` net / survey / statutory; ``inputs``: name → value as put into the formula.

    ``state``: met, close, broken or reference (no target); ``confirmed`` False when a setting marked C, an unknown
    base year or a broken net field stands behind it.
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

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def in_unit(area_m2: float, unit: str) -> float:
    """An area in square metres in another unit. KeyError for an unknown one."""
    return area_m2 / SQUARE_METRES[unit]


def compare_area(value: float, comparison: str, target: float, decimals: int) -> str:
    """met / close / broken, for an unrounded value against a target printed with ``decimals``.

    A shortfall (for ``<=`` an excess) within half of the last printed digit is ``close`` (取整差), beyond it
    ``broken``; ``=`` allows half a digit either way. Value and target in the same unit.
    """
    half = float(Decimal(1).scaleb(-decimals) / 2)
    miss = {">=": target - value, "<=": value - target, "=": abs(value - target)}[comparison]
    # A double cannot hold these exactly: what is less than its own error decides nothing.
    error = abs(target) * 1e-12
    if miss <= error:
        return MET
    return CLOSE if miss <= half + error else BROKEN


def expansion_ratios(
    denominator_m2: float, boundary_m2: float, concentrated_m2: float, flexible_m2: float, new_land_m2: float
) -> dict[str, float]:
    """扩展倍数 in its three forms (working definition, mark C: standards/expansion_ratio).

    n1 = whole boundary ÷ D; n2 = (集中建设区 + 弹性发展区) ÷ D; n3 = (D + new land) ÷ D, where D is the 2020 urban
    construction land and new land is the part of the boundary outside of it. All in m². ZeroDivisionError for D = 0.
    """
    return {
        "n1": boundary_m2 / denominator_m2,
        "n2": (concentrated_m2 + flexible_m2) / denominator_m2,
        "n3": (denominator_m2 + new_land_m2) / denominator_m2,
    }

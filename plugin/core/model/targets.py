# SPDX-License-Identifier: GPL-2.0-or-later
"""A value against its target: state, and what is left to it (余量)."""

from __future__ import annotations

import math
from decimal import Decimal

#: ``warning``: the target is met, but less is left than the margin that standard or county set (early warning).
#: ``close``: it is missed by less than half of its last printed digit (取整差).
MET, WARNING, CLOSE, BROKEN, REFERENCE = "met", "warning", "close", "broken", "reference"
#: The target would be met by a figure that the land does not back.
UNCONFIRMED = "unconfirmed"
#: How a comparison with a target is printed.
SIGNS = {">=": "≥", "<=": "≤", "=": "="}


def room(value: float | None, comparison: str, target: float | None) -> float | None:
    """What is left to the target, in its unit: positive on the good side, for ``=`` the plain difference.

    None without a target or a finite value.
    """
    if target is None or value is None or not math.isfinite(value):
        return None
    return target - value if comparison == "<=" else value - target


def compare_area(value: float, comparison: str, target: float, decimals: int, warning_share: float = 0.0) -> str:
    """met / warning / close / broken, for an unrounded value against a target printed with ``decimals``.

    A shortfall (for ``<=`` an excess) within half of the last printed digit is ``close`` (取整差), beyond it
    ``broken``; for ``=`` half a digit either way is met: a printed area is a rounded one. Met with less left than ``warning_share`` × target is ``warning``
    (0: never; an ``=`` has nothing to leave). Value and target in the same unit.
    """
    half = float(Decimal(1).scaleb(-decimals) / 2)
    return compare(value, comparison, target, allowance=half, warning_share=warning_share)


def compare(value: float, comparison: str, target: float, *, allowance: float = 0.0, warning_share: float = 0.0) -> str:
    """As `compare_area`, where what is missed by no more than ``allowance`` is ``close``. A ratio limit has none."""
    left = room(value, comparison, target)
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

# SPDX-License-Identifier: GPL-2.0-or-later
"""平差: areas of parts made to add up to a control area (控制面积), to the last step of rounding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

#: The setting behind `close`'s limit; its value is ours (C), the rule that parts are levelled to the control area the survey's.
LIMIT = "closure.limit_share"
#: Areas count in units of this (m²): finer than any rounding, and whole numbers add up exactly.
_UNIT_M2 = 1e-6


@dataclass(frozen=True)
class Closure:
    """The parts of one control area. ``adjusted``: (n,) m², whole steps that add up to ``control_m2``; None when refused.

    ``control_m2`` is the control area rounded to the step, ``sum_m2`` what the parts measured, ``allowed_m2`` the most
    that they may be off, ``most_m2`` the largest correction of one part.
    """

    control_m2: float
    sum_m2: float
    allowed_m2: float
    adjusted: NDArray | None
    most_m2: float = 0.0

    @property
    def misclosure_m2(self) -> float:
        """闭合差: control area less sum of the parts."""
        return self.control_m2 - self.sum_m2

    @property
    def refused(self) -> bool:
        return self.adjusted is None


def close(
    areas: NDArray, control_m2: float, *, limit_share: float, step_m2: float = 0.01, keys: Sequence[Any] | None = None
) -> Closure:
    """Adjust (n,) areas (m², ≥ 0, unrounded) so that, rounded to ``step_m2``, they add up to the control area exactly.

    Each gets area × control ÷ sum, cut to whole steps; the steps that are left go to the largest remainders
    (Hare–Niemeyer), the smaller of ``keys`` first among equals, so that the order of rows decides nothing. No part
    changes by more than its share of the misclosure and one step. Where the misclosure is more than ``limit_share``
    of the control area and one step, nothing is adjusted: then parts overlap, or leave gaps, and that is to be mended
    first. Raises InputError when the control area is none, or there is nothing to adjust.
    """
    if not np.isfinite(control_m2) or control_m2 <= 0:
        raise InputError("closure_control", value=f"{control_m2:g}")
    unit = max(round(step_m2 / _UNIT_M2), 1)
    # Whole numbers of Python: they neither round nor overflow.
    parts = [round(a / _UNIT_M2) for a in np.asarray(areas, dtype=float).tolist()]
    control = round(control_m2 / _UNIT_M2 / unit)
    total = sum(parts)
    if total <= 0:
        raise InputError("closure_no_parts")
    control_rounded, summed = control * unit * _UNIT_M2, total * _UNIT_M2
    allowed = limit_share * control_m2 + step_m2
    if abs(control * unit - total) > allowed / _UNIT_M2:
        return Closure(_clean(control_rounded, step_m2), summed, allowed, None)
    shares = [divmod(part * control, total) for part in parts]
    steps = [whole for whole, _ in shares]
    names = list(range(len(parts))) if keys is None else list(keys)
    order = sorted(range(len(parts)), key=lambda n: (-shares[n][1], -parts[n], names[n]))
    for n in order[: control - sum(steps)]:
        steps[n] += 1
    most = max(abs(step * unit - part) for step, part in zip(steps, parts, strict=True)) * _UNIT_M2
    adjusted = np.array([_clean(step * unit * _UNIT_M2, step_m2) for step in steps])
    return Closure(_clean(control_rounded, step_m2), summed, allowed, adjusted, most)


def _clean(area: float, step_m2: float) -> float:
    """A whole number of steps as the nearest double to its decimals: 0.07, not 0.07000000000000001."""
    decimals = 0
    while decimals < 6 and abs(step_m2 * 10**decimals - round(step_m2 * 10**decimals)) > 1e-9:
        decimals += 1
    return round(area, decimals)

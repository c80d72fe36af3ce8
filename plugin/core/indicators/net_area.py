# SPDX-License-Identifier: GPL-2.0-or-later
"""Do deduction and net area follow from the gross area? One answer for the rule that tells the rows (ATT003) and for
the figures that stand on them (LAW002)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..plan.layer import Layer


@dataclass(frozen=True)
class Break:
    """The first field of a row that does not follow. ``actual`` None when empty; areas in m²."""

    row: int
    case: str
    meaning: str
    actual: float | None
    expected: float | None


def breaks(layer: Layer, cultivated: NDArray, allowance_m2: float) -> list[Break]:
    """Rows whose KCXS, KCMJ or net area do not follow from the gross area (永农数据库标准; quality rule A7).

    KCXS in [0, 1), KCMJ = gross × KCXS, net = gross − KCMJ, each within ``allowance_m2``; a missing rate counts as none,
    a missing deduction is computed. Where the template knows no deduction (XZYDYH), the net area is no more than the gross
    area. ``cultivated``: (n,) bool, rows that must have a net area.
    """
    gross, net = layer.numbers("gross_area"), layer.numbers("net_area")
    has_rate = layer.has("deduction_rate")
    untold = layer.template.field("deduction_area") is None and not has_rate
    rate = np.nan_to_num(layer.numbers("deduction_rate"), nan=0.0)
    deduction = layer.numbers("deduction_area")
    expected_deduction = gross * rate
    deducted = np.where(np.isnan(deduction), np.round(expected_deduction, 2), deduction)
    # A double's own error is no fault of the table.
    slack = allowance_m2 + 1e-6
    beyond = net - gross if untold else np.abs(net - (gross - deducted))
    follows = (gross > 0) & (beyond <= slack)
    if has_rate:
        follows &= (rate >= 0) & (rate < 1) & (np.abs(deduction - expected_deduction) <= slack)
    found = []
    # Comparisons with NaN are False: rows that lack a value are judged one by one.
    for row in np.flatnonzero(~follows).tolist():
        g, n = gross[row], net[row]
        if not (g > 0):
            found.append(_break(row, "gross", "gross_area", g, None))
        elif has_rate and not (0 <= rate[row] < 1):
            found.append(_break(row, "rate", "deduction_rate", rate[row], None))
        elif has_rate and abs(deduction[row] - expected_deduction[row]) > slack:
            found.append(_break(row, "deduction", "deduction_area", deduction[row], expected_deduction[row]))
        elif np.isnan(n):
            if cultivated[row]:
                found.append(_break(row, "missing", "net_area", n, g - deducted[row]))
        elif n - g > slack if untold else abs(n - (g - deducted[row])) > slack:
            found.append(_break(row, "net", "net_area", n, g - deducted[row]))
    return found


def _break(row: int, case: str, meaning: str, actual: float, expected: float | None) -> Break:
    return Break(
        row,
        case,
        meaning,
        None if np.isnan(actual) else float(actual),
        None if expected is None else round(float(expected), 2),
    )

# SPDX-License-Identifier: GPL-2.0-or-later
"""Pair the rows of two copies of a layer: two editions, data sets of a package, packages of townships, two checks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def pair_equal_rows(former: Sequence[NDArray], present: Sequence[NDArray]) -> tuple[NDArray, NDArray]:
    """Return (k,) former and (k,) present rows that have equal values in every column, sorted by former row.

    Each row is in one pair: of several equal rows, the nth former row is paired with the nth present one.

    Parameters
    ----------
    former, present
        Columns with the identity of (n,) former and (m,) present rows, such as keys and hashes of shapes.
    """
    # Imported on use: QGIS lists the rules at every start.
    import pandas as pd

    table = pd.DataFrame({n: np.concatenate(columns) for n, columns in enumerate(zip(former, present, strict=True))})
    names = list(table)
    table["is_present"] = np.arange(len(table)) >= len(former[0])
    table["nth"] = table.groupby([*names, "is_present"], sort=False, dropna=False).cumcount()
    code_of_row = table.groupby([*names, "nth"], sort=False, dropna=False).ngroup().to_numpy()
    present_row_of_code = np.full(len(table), -1)
    present_row_of_code[code_of_row[len(former[0]) :]] = np.arange(len(present[0]))
    present_rows = present_row_of_code[code_of_row[: len(former[0])]]
    rows = np.flatnonzero(present_rows >= 0)
    return rows, present_rows[rows]

# SPDX-License-Identifier: GPL-2.0-or-later
"""自然保护地: which rows are a whole reserve and which a part of one, so that nothing counts twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..heritage.reserves import split_part

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..plan.layer import Layer

PART_WORDS = "reserves.part_words"


def parts_of(reserves: Layer, ctx: Context) -> tuple[NDArray, NDArray]:
    """(n,) bool: is a part, by a word at the end of its name; (n,) the reserve's name without that word."""
    words = list(ctx.norm.get(PART_WORDS))
    found = [split_part(name, words) for name in reserves.text("feature_name")]
    return np.array([bool(w) for w, _ in found], dtype=bool), np.array([site for _, site in found], dtype=object)


def counted(part: NDArray, site: NDArray) -> NDArray:
    """(n,) bool: what is there as a whole counts once, not with its parts too."""
    rows: NDArray = ~part | ~np.isin(site, site[~part & (site != "")])
    return rows


def counted_of(reserves: Layer, ctx: Context) -> NDArray:
    """(n,) bool: the rows that count towards the area of all reserves."""
    return counted(*parts_of(reserves, ctx))

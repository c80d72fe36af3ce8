# SPDX-License-Identifier: GPL-2.0-or-later
"""Two editions of one layer held against each other: what moved in (调入), moved out (调出), changed (属性变更)."""

from .compare import compare_also_by_township, compare_layers
from .model import CHANGED, IN, OUT, Balance, Comparison, Edition, Part, edition_of

__all__ = [
    "CHANGED",
    "IN",
    "OUT",
    "Balance",
    "Comparison",
    "Edition",
    "Part",
    "compare_also_by_township",
    "compare_layers",
    "edition_of",
]

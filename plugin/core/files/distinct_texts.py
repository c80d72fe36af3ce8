# SPDX-License-Identifier: GPL-2.0-or-later
"""Values of a column's texts, computed once for each distinct text: most columns repeat a few texts."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


def map_texts(function: Callable[[str], Any], texts: Collection[str], dtype: DTypeLike) -> NDArray:
    """Return the (n,) results of a function for texts; the function is called once for each distinct text."""
    result_by_text = {text: function(text) for text in set(texts)}
    return np.fromiter(map(result_by_text.__getitem__, texts), dtype=dtype, count=len(texts))


def mask_texts(texts: Collection[str], accepted: Collection[str]) -> NDArray:
    """Return (n,) bool: texts that are one of the ``accepted`` texts."""
    return np.fromiter(map(frozenset(accepted).__contains__, texts), dtype=bool, count=len(texts))

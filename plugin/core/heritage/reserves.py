# SPDX-License-Identifier: GPL-2.0-or-later
"""The parts of nature reserves (自然保护地) and of other ranges, told by words at the end of their names."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ..plan.layer import Layer
from ..profile import Norm


def split_part(name: str, words: Iterable[str]) -> tuple[str, str]:
    """The word for a part at the end of a name, in brackets, behind a dash or not, and the name without it; "" where there is
    none."""
    bare = name.strip().removesuffix("）").removesuffix(")")
    word = next((w for w in words if bare.endswith(w)), "")
    return (word, bare.removesuffix(word).rstrip("（( -—–－_·")) if word else ("", name.strip())


def core_rows(reserves: Layer, norm: Norm) -> NDArray:
    """(n,) bool: rows that are a 核心保护区."""
    words = list(norm.get("reserves.core_words"))
    return np.array([bool(split_part(name, words)[0]) for name in reserves.text("feature_name")], dtype=bool)

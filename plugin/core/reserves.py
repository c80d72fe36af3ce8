# SPDX-License-Identifier: GPL-2.0-or-later
"""The parts of nature reserves (自然保护地), told by words at the end of their names."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .layer import Layer
from .profile import Norm


def core_rows(reserves: Layer, norm: Norm) -> NDArray:
    """(n,) bool: rows that are a 核心保护区."""
    words = tuple(norm.get("reserves.core_words"))
    return np.array([name.endswith(words) for name in reserves.text("feature_name")], dtype=bool)

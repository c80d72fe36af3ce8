# SPDX-License-Identifier: GPL-2.0-or-later
"""Which township a place lies in."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from ..geometry.validity import missing
from ..plan.plan import Plan


def townships_at(plan: Plan, points: Any) -> list[str]:
    """The name of the township that each (k,) point lies in, empty where there is none."""
    layer = plan.concept("townships")
    if layer is None or not layer.has("division_name") or not len(points):
        return [""] * len(points)
    names = layer.text("division_name")
    present = np.flatnonzero(~missing(layer.plane))
    tree = shapely.STRtree(layer.plane[present])
    found = [""] * len(points)
    for i, j in zip(*tree.query(points, predicate="intersects"), strict=True):
        found[i] = found[i] or names[present[j]]
    return found

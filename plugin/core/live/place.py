# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a polygon changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from ..geometry.linework import linework
from ..geometry.validity import missing

Bounds = tuple[float, float, float, float]
#: A polygon of up to this many vertices has changed wherever it lies.
_SMALL_VERTICES = 200


def changed_bounds(before: Any, after: Any) -> Bounds | None:
    """Where two states of a polygon differ (xmin, ymin, xmax, ymax): the box of the edges that only one of them has.

    None when they are the same. For small polygons, the box around both.
    """
    if before is None or after is None or max(shapely.get_num_coordinates([before, after])) <= _SMALL_VERTICES:
        same = before is not None and after is not None and before.equals_exact(after, 0.0)
        return None if same else joined(before, after)
    lines = [linework(np.array([shape], dtype=object), np.array([0])) for shape in (before, after)]
    all_rows = np.ones(1, dtype=bool)
    corners = []
    for one, other in (lines, lines[::-1]):
        start = np.flatnonzero(one.unmatched(other, all_rows))
        corners += [one.xy[start], one.xy[start + 1]]
    xy = np.concatenate(corners)
    if not len(xy):
        return None
    (xmin, ymin), (xmax, ymax) = xy.min(axis=0).tolist(), xy.max(axis=0).tolist()
    return xmin, ymin, xmax, ymax


def joined(*shapes: Any) -> Bounds | None:
    """The box around shapes, some of which may be none."""
    array = np.array([*shapes, None], dtype=object)
    real = array[~missing(array)]
    if not len(real):
        return None
    xmin, ymin, xmax, ymax = shapely.total_bounds(real).tolist()
    return xmin, ymin, xmax, ymax

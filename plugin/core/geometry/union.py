# SPDX-License-Identifier: GPL-2.0-or-later
"""The union of a layer's polygons: what they share exactly is struck out, only the rest is overlaid."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..tolerance import Tolerance
from .ladder import Ladder, union
from .polygons import Polygons
from .validity import polygons_only


def united(
    a: Polygons, rows: NDArray | None = None, *, tolerance: Tolerance, ladder: Ladder | None = None, row: int = -1
) -> Any:
    """One polygon or multipolygon of ``rows`` ((n,) bool, default all); None when there are none.

    None too when GEOS gives up at every step: the ``ladder`` then says that ``row``, for which it is wanted, failed.
    """
    chosen = a.present if rows is None else a.present[rows[a.present]]
    if not len(chosen):
        return None
    sound = ~a.suspects()[chosen]
    try:
        rest = np.append(a.shapes[chosen[~sound]], shapely.coverage_union_all(a.shapes[chosen[sound]]))
    except shapely.GEOSException:
        # Edges that overlap by less than what ends are drawn in by: overlaid like the others.
        rest = a.shapes[chosen]
    return polygons_only(union(rest, row, tolerance, ladder or Ladder()))

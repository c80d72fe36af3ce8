# SPDX-License-Identifier: GPL-2.0-or-later
"""The union of a layer's polygons: what they share exactly is struck out, only the rest is overlaid."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from .ladder import Ladder, union
from .polygons import Polygons
from .tolerance import Tolerance
from .validity import polygons_only


def united(
    a: Polygons, rows: NDArray | None = None, *, tolerance: Tolerance, ladder: Ladder | None = None, row: int = -1
) -> Any:
    """One polygon or multipolygon of ``rows`` ((n,) bool, default all); None when there are none.

    None too when GEOS gives up at every step: the ``ladder`` then says that ``row``, for which it is wanted, failed.
    """
    ladder = ladder or Ladder()
    if rows is not None:
        return _united(a, a.present[rows[a.present]], row, tolerance, ladder)
    if tolerance not in a.wholes:
        own = Ladder()
        a.wholes[tolerance] = _united(a, a.present, -1, tolerance, own), own
    whole, own = a.wholes[tolerance]
    ladder.steps += [step._replace(left=row) for step in own.steps]
    ladder.failed += [(row, other) for _, other in own.failed]
    return whole


def _united(a: Polygons, chosen: NDArray, row: int, tolerance: Tolerance, ladder: Ladder) -> Any:
    if not len(chosen):
        return None
    sound = ~a.suspects()[chosen]
    suspects = a.shapes[chosen[~sound]]
    try:
        parts = shapely.get_parts(shapely.coverage_union_all(a.shapes[chosen[sound]]))
    except shapely.GEOSException:
        # Edges that overlap by less than what ends are drawn in by: overlaid like the others.
        parts, suspects = np.zeros(0, dtype=object), a.shapes[chosen]
    parts = parts[~shapely.is_empty(parts)]
    if not len(suspects):
        return _as_one(parts)
    met = np.zeros(len(parts), dtype=bool)
    met[shapely.STRtree(suspects).query(parts, predicate="intersects")[0]] = True
    near = union(np.append(suspects, parts[met]), row, tolerance, ladder)
    # What touches none of them stays as it is, unless a corner of it that lay on an edge does no longer.
    whole = None if near is None else _as_one(np.append(parts[~met], shapely.get_parts([polygons_only(near)])))
    if whole is not None and not shapely.is_valid(whole):
        whole = polygons_only(union(np.append(suspects, parts), row, tolerance, ladder))
    return whole


def _as_one(parts: NDArray) -> Any:
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)

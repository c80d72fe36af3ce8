# SPDX-License-Identifier: GPL-2.0-or-later
"""Points that bear witness to an overlay. Where boundaries almost match, GEOS can take a whole polygon for outside what
holds it, and its areas then even add up; whether a point lies in a polygon it tells without rounding. One point for each
part and each polygon: what goes wrong with whole polygons shows, what only with a corner may not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

#: Parts narrower than this (m) say nothing: their points may be on either side.
LEAST_WIDTH = 1e-3


def doubtful(result: NDArray, a: NDArray, b: NDArray, inside: bool, nearness: float) -> NDArray:
    """(n,) bool: overlays of (n,) pairs ``a``, ``b`` that a point gainsays; ``inside``: they are what both share, else
    what ``b`` leaves of ``a``. Points nearer than ``nearness`` (m) to a boundary are not heard; missing results neither.
    """
    there = ~shapely.is_missing(result)
    doubt = np.zeros(len(result), dtype=bool)
    if not there.any():
        return doubt
    # Nothing too many: each part lies where it should.
    parts, of = shapely.get_parts(result, return_index=True)
    wide = _wide(parts)
    x, y = _points(parts[wide])
    of = of[wide]
    wrong = ~shapely.contains_xy(a[of], x, y) | (shapely.contains_xy(b[of], x, y) != inside)
    _hear(doubt, of[wrong], x[wrong], y[wrong], a, b, nearness)
    # Nothing too few: a point of the first, and where both share also of the second.
    for side in (a, b) if inside else (a,):
        some = np.flatnonzero(there & ~(shapely.is_missing(side) | shapely.is_empty(side)) & ~doubt)
        x, y = _points(side[some])
        kept = shapely.contains_xy(a[some], x, y) & (shapely.contains_xy(b[some], x, y) == inside)
        wrong = kept & ~shapely.intersects_xy(result[some], x, y)
        _hear(doubt, some[wrong], x[wrong], y[wrong], a, b, nearness)
    return doubt


def _points(shapes: NDArray) -> tuple[NDArray, NDArray]:
    points = shapely.point_on_surface(shapes)
    return shapely.get_x(points), shapely.get_y(points)


def _hear(doubt: NDArray, of: NDArray, x: NDArray, y: NDArray, a: NDArray, b: NDArray, nearness: float) -> None:
    if len(of):
        points = shapely.points(x, y)
        near = np.fmin(*(shapely.distance(shapely.boundary(side[of]), points) for side in (a, b)))
        doubt[of[~(near < nearness)]] = True


def union_doubtful(joined: Any, shapes: NDArray, nearness: float) -> bool:
    """Is a polygon missing in a union of (n,) polygons, or the union larger than all of them?"""
    if shapely.area(joined) > shapely.area(shapes).sum() * (1 + 1e-9) + nearness:
        return True
    x, y = _points(shapes[_wide(shapes)])
    lost = ~shapely.intersects_xy(joined, x, y)
    return bool((shapely.distance(joined, shapely.points(x[lost], y[lost])) > nearness).any())


def _wide(parts: NDArray) -> NDArray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return 2 * shapely.area(parts) / shapely.length(parts) > LEAST_WIDTH

# SPDX-License-Identifier: GPL-2.0-or-later
"""Remove overlaps from polygons so that each place counts once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import NEVER, Cancellation

#: Area (m², and as a share of the polygon) below which what is left of a polygon is GEOS's rounding.
_ROUNDING_M2, _ROUNDING_SHARE = 1e-6, 1e-9
#: Pairs compared between two questions whether the user cancelled.
_BATCH = 10_000


@dataclass
class Distinct:
    """(k,) polygons minus earlier ones: together they are the union, without shared area.

    ``shapes`` what is left of each; ``own`` (k,) bool: is anything left? ``same_as`` (k,) the first polygon that is equal
    (itself where there is none); ``overlapping`` (k,) bool: it shares area with another that is not equal.
    """

    shapes: NDArray
    own: NDArray
    same_as: NDArray
    overlapping: NDArray


def distinct(shapes: NDArray, cancellation: Cancellation = NEVER) -> Distinct:
    """Take each place of (k,) valid polygons once; the first polygon keeps it."""
    k = len(shapes)
    same_as, overlapping, left = np.arange(k), np.zeros(k, dtype=bool), shapes.copy()
    own = np.ones(k, dtype=bool)
    first, second = _sharing(shapes, cancellation)
    if not len(first):
        return Distinct(left, own, same_as, overlapping)
    normal = np.empty(k, dtype=object)
    met = np.unique(np.concatenate([first, second]))
    normal[met] = shapely.normalize(shapes[met])
    equal = shapely.equals_exact(normal[first], normal[second], 0.0)
    np.minimum.at(same_as, second[equal], first[equal])
    own[same_as != np.arange(k)] = False
    crossing = own[first] & own[second]
    first, second = first[crossing], second[crossing]
    if not len(first):
        return Distinct(left, own, same_as, overlapping)
    overlapping[first] = overlapping[second] = True
    overlapping = overlapping[same_as]
    order = np.argsort(second, kind="stable")
    first, second = first[order], second[order]
    rows, starts = np.unique(second, return_index=True)
    ends = np.append(starts[1:], len(first))
    for n, (row, start, end) in enumerate(zip(rows.tolist(), starts.tolist(), ends.tolist(), strict=True)):
        if n % _BATCH == 0:
            cancellation.raise_if_cancelled()
        others = first[start:end]
        cover = shapes[others[0]] if len(others) == 1 else shapely.union_all(shapes[others])
        rest = shapely.difference(shapes[row], cover)
        left[row] = rest
        area = shapely.area(shapes[row])
        own[row] = shapely.area(rest) > _ROUNDING_M2 + _ROUNDING_SHARE * area
    return Distinct(left, own, same_as, overlapping)


def _sharing(shapes: NDArray, cancellation: Cancellation) -> tuple[NDArray, NDArray]:
    """Pairs (first < second) of polygons that share area."""
    i, j = shapely.STRtree(shapes).query(shapes)
    later = i < j
    i, j = i[later], j[later]
    kept = np.zeros(len(i), dtype=bool)
    for start in range(0, len(i), _BATCH):
        cancellation.raise_if_cancelled()
        some = slice(start, start + _BATCH)
        kept[some] = shapely.area(shapely.intersection(shapes[i[some]], shapes[j[some]])) > _ROUNDING_M2
    return i[kept], j[kept]

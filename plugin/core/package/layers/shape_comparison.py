# SPDX-License-Identifier: GPL-2.0-or-later
"""Are two geometries the same shape? A format may turn a ring round, begin it elsewhere or order parts anew; it may not move
a vertex, drop one or add one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ...geometry.linework import rings
from ...geometry.statutory_area import SEMI_MAJOR_M


def max_vertex_shift(given: NDArray, found: NDArray, crs: CRS) -> NDArray:
    """(n,) metres by which the vertex that moved most did; inf where the shapes are not the same at all.

    ``given`` and ``found``: (n,) geometries in one CRS, None for missing ones. In degrees a metre is taken at each shape's
    own latitude, which is exact enough for fractions of a millimetre.
    """
    farthest = np.zeros(len(given))
    lost = shapely.is_missing(given) != shapely.is_missing(found)
    kinds = [_kind(shapes) for shapes in (given, found)]
    lost |= kinds[0] != kinds[1]
    farthest[lost] = np.inf
    rows = np.flatnonzero(~lost & ~shapely.is_missing(given))
    if len(rows):
        farthest[rows] = _of_pairs(given[rows], found[rows], crs)
    return farthest


def outline_distance(given: NDArray, found: NDArray, crs: CRS) -> NDArray:
    """(n,) metres from the vertex of either shape that lies farthest from the other's outline to that outline (Hausdorff's
    distance, by vertices), however many vertices each has; inf for shapes of two kinds. None is missing."""
    answer = np.full(len(given), np.inf)
    alike = (_kind(given) == _kind(found)) & (_kind(given) < 3)
    for n, scale in zip(np.flatnonzero(alike).tolist(), _metres(given[alike], crs), strict=True):
        # About the shape's own corner, so that metres keep their digits.
        pieces = [_about(shape, shapely.bounds(given[n])[:2], scale) for shape in (given[n], found[n])]
        answer[n] = max(_farthest(*pieces), _farthest(*pieces[::-1]))
    return answer


def _about(shape: Any, corner: NDArray, scale: NDArray) -> NDArray:
    """The points of a shape, or the steps of its outline, in metres."""
    metric = np.array([shapely.transform(shape, lambda xy: (xy - corner) * scale)], dtype=object)
    if _kind(metric)[0] == 0:
        return shapely.get_parts(metric)
    pieces = _rings(metric) if _kind(metric)[0] == 2 else _parts(metric)
    ends = np.setdiff1d(np.arange(len(pieces.xy)), pieces.at[1:] - 1)
    return shapely.linestrings(np.stack([pieces.xy[ends], pieces.xy[ends + 1]], axis=1))


def _farthest(one: NDArray, other: NDArray) -> float:
    points = shapely.points(shapely.get_coordinates(one))
    _, away = shapely.STRtree(other).query_nearest(points, return_distance=True, all_matches=False)
    return float(away.max(initial=0.0))


def _kind(shapes: NDArray) -> NDArray:
    """0 points, 1 lines, 2 areas, one part or many."""
    return np.array([-1, 0, 1, 1, 2, 0, 1, 2, 3])[shapely.get_type_id(shapes) + 1]


def _of_pairs(given: NDArray, found: NDArray, crs: CRS) -> NDArray:
    scale = _metres(given, crs)
    areas = _kind(given) == 2
    answer = np.zeros(len(given))
    for rows, take in ((np.flatnonzero(areas), _rings), (np.flatnonzero(~areas), _parts)):
        if len(rows):
            answer[rows] = _compare(take(given[rows]), take(found[rows]), scale[rows])
    return answer


def _metres(shapes: NDArray, crs: CRS) -> NDArray:
    """(n, 2) metres of a unit of x and y."""
    if not crs.is_geographic:
        return np.ones((len(shapes), 2))
    degree = math.radians(1) * SEMI_MAJOR_M
    latitudes = shapely.bounds(shapes)[:, 1]
    return np.column_stack([degree * np.cos(np.radians(latitudes)), np.full(len(shapes), degree)])


class _Pieces:
    """Rings or lines of shapes: ``xy`` vertices piece after piece, ``at`` where each begins, ``of`` the shape each is of."""

    def __init__(self, xy: NDArray, at: NDArray, of: NDArray, shapes: int, closed: bool):
        self.xy, self.at, self.of, self.closed = xy, at, of, closed
        self.lengths = np.diff(at)
        self.per_shape = np.bincount(of, minlength=shapes)
        self.vertices = np.bincount(of, weights=self.lengths, minlength=shapes)

    def piece(self, number: int) -> NDArray:
        return self.xy[self.at[number] : self.at[number + 1]]


def _rings(shapes: NDArray) -> _Pieces:
    found = rings(shapes)
    order = np.argsort(found.shape, kind="stable")
    lengths = np.diff(found.at)[order]
    at = np.r_[0, np.cumsum(lengths)]
    take = np.repeat(found.at[:-1][order] - at[:-1], lengths) + np.arange(at[-1])
    return _Pieces(found.xy[take], at, found.shape[order], len(shapes), True)


def _parts(shapes: NDArray) -> _Pieces:
    parts, of = shapely.get_parts(shapes, return_index=True)
    at = np.r_[0, np.cumsum(shapely.get_num_coordinates(parts))]
    return _Pieces(shapely.get_coordinates(parts), at, of, len(shapes), False)


def _compare(given: _Pieces, found: _Pieces, scale: NDArray) -> NDArray:
    answer = np.full(len(scale), np.inf)
    same = (given.per_shape == found.per_shape) & (given.vertices == found.vertices)
    answer[same & (given.per_shape == 0)] = 0.0
    # Only what has as many pieces and vertices can be held side by side.
    first, second = _some(given, same), _some(found, same)
    alike = first.lengths == second.lengths if len(first.lengths) else np.zeros(0, dtype=bool)
    shapes = np.flatnonzero(same & (given.per_shape > 0))
    regular = np.ones(len(scale), dtype=bool)
    np.logical_and.at(regular, first.of, alike)
    straight = [n for n in shapes.tolist() if regular[n]]
    if straight:
        keep = np.isin(np.arange(len(scale)), straight)
        one, two = _some(given, keep), _some(found, keep)
        off = _per_piece(one, two, scale)
        np.copyto(answer, 0.0, where=keep)
        np.maximum.at(answer, one.of, off)
    # A ring begun elsewhere, or parts in another order: few, and looked at one by one.
    for shape in shapes[answer[shapes] > _NEAR].tolist():
        answer[shape] = _matched(given, found, shape, scale[shape])
    return answer


#: Metres; what is farther apart is looked at again, for it may be the same ring begun elsewhere.
_NEAR = 1e-4


def _some(pieces: _Pieces, keep: NDArray) -> _Pieces:
    chosen = keep[pieces.of]
    if chosen.all():
        return pieces
    lengths = pieces.lengths[chosen]
    at = np.r_[0, np.cumsum(lengths)].astype(np.int64)
    take = np.repeat(pieces.at[:-1][chosen] - at[:-1], lengths) + np.arange(at[-1])
    return _Pieces(pieces.xy[take], at, pieces.of[chosen], len(keep), pieces.closed)


def _per_piece(given: _Pieces, found: _Pieces, scale: NDArray) -> NDArray:
    """(p,) metres by which each piece is off, read as it stands or, for rings, the other way round."""
    per_vertex = np.repeat(scale[given.of], given.lengths, axis=0)

    def farthest(other: NDArray) -> NDArray:
        off = np.hypot(*((given.xy - other) * per_vertex).T)
        return np.maximum.reduceat(off, given.at[:-1])

    off = farthest(found.xy)
    if given.closed:
        back = np.repeat(given.at[:-1] + given.at[1:] - 1, given.lengths) - np.arange(len(given.xy))
        off = np.minimum(off, farthest(found.xy[back]))
    return off


def _matched(given: _Pieces, found: _Pieces, shape: int, scale: NDArray) -> float:
    """Metres by which a shape's pieces are off when each is held against the one that is nearest to it."""
    rest = np.flatnonzero(found.of == shape).tolist()
    farthest = 0.0
    for number in np.flatnonzero(given.of == shape).tolist():
        own = given.piece(number)
        offs = [_ring_off(own, found.piece(other), scale, given.closed) for other in rest]
        if not offs or min(offs) == np.inf:
            return np.inf
        farthest = max(farthest, min(offs))
        rest.pop(int(np.argmin(offs)))
    return farthest


def _ring_off(given: NDArray, found: NDArray, scale: NDArray, closed: bool) -> float:
    if len(given) != len(found):
        return np.inf
    if not closed:
        return float(np.hypot(*((given - found) * scale).T).max())
    own, other = given[:-1], found[:-1]
    best = np.inf
    for turned in (other, other[::-1]):
        away = np.hypot(*((turned - own[0]) * scale).T)
        # A ring that touches itself comes by its first vertex again.
        for start in np.flatnonzero(away <= away.min() + _NEAR).tolist():
            best = min(best, float(np.hypot(*((np.roll(turned, -start, axis=0) - own) * scale).T).max()))
    return best

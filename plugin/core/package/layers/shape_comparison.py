# SPDX-License-Identifier: GPL-2.0-or-later
"""Comparison of two geometries that a format may have reordered.

A format may reverse a ring, start it at another vertex or reorder parts. It must not move, drop or add a vertex.
"""

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
    """Return the largest distance that a vertex moved in each shape.

    Parameters
    ----------
    given, found
        (n,) geometries in one CRS, None for missing ones.
    crs
        Their CRS. In degrees, a metre is computed at the latitude of each shape, exact to fractions of a millimetre.

    Returns
    -------
    (n,) metres; inf for shapes with other numbers of parts or vertices.
    """
    farthest = np.zeros(len(given))
    lost = shapely.is_missing(given) != shapely.is_missing(found)
    kinds = [_dimension(shapes) for shapes in (given, found)]
    lost |= kinds[0] != kinds[1]
    farthest[lost] = np.inf
    rows = np.flatnonzero(~lost & ~shapely.is_missing(given))
    if len(rows):
        farthest[rows] = _compare_pairs(given[rows], found[rows], crs)
    return farthest


def outline_distance(given: NDArray, found: NDArray, crs: CRS) -> NDArray:
    """Return the Hausdorff distance (by vertices) between the outlines of each pair.

    Parameters
    ----------
    given, found
        (n,) geometries in one CRS, all of them present, with any numbers of vertices.

    Returns
    -------
    (n,) metres; inf for shapes of different kinds.
    """
    answer = np.full(len(given), np.inf)
    alike = (_dimension(given) == _dimension(found)) & (_dimension(given) < 3)
    for n, scale in zip(np.flatnonzero(alike).tolist(), _metres(given[alike], crs), strict=True):
        # Coordinates relative to a corner of the shape keep their precision in metres.
        pieces = [_to_metric(shape, shapely.bounds(given[n])[:2], scale) for shape in (given[n], found[n])]
        answer[n] = max(_largest_distance(*pieces), _largest_distance(*pieces[::-1]))
    return answer


def _to_metric(shape: Any, corner: NDArray, scale: NDArray) -> NDArray:
    """Return the points of a shape, or the segments of its outline, in metres."""
    metric = np.array([shapely.transform(shape, lambda xy: (xy - corner) * scale)], dtype=object)
    if _dimension(metric)[0] == 0:
        return shapely.get_parts(metric)
    pieces = _rings(metric) if _dimension(metric)[0] == 2 else _parts(metric)
    ends = np.setdiff1d(np.arange(len(pieces.xy)), pieces.at[1:] - 1)
    return shapely.linestrings(np.stack([pieces.xy[ends], pieces.xy[ends + 1]], axis=1))


def _largest_distance(one: NDArray, other: NDArray) -> float:
    points = shapely.points(shapely.get_coordinates(one))
    _, distance = shapely.STRtree(other).query_nearest(points, return_distance=True, all_matches=False)
    return float(distance.max(initial=0.0))


def _dimension(shapes: NDArray) -> NDArray:
    """Return 0 for points, 1 for lines, 2 for areas, of one part or several."""
    return np.array([-1, 0, 1, 1, 2, 0, 1, 2, 3])[shapely.get_type_id(shapes) + 1]


def _compare_pairs(given: NDArray, found: NDArray, crs: CRS) -> NDArray:
    scale = _metres(given, crs)
    areas = _dimension(given) == 2
    answer = np.zeros(len(given))
    for rows, take in ((np.flatnonzero(areas), _rings), (np.flatnonzero(~areas), _parts)):
        if len(rows):
            answer[rows] = _compare(take(given[rows]), take(found[rows]), scale[rows])
    return answer


def _metres(shapes: NDArray, crs: CRS) -> NDArray:
    """Return (n, 2) metres per unit of x and y."""
    if not crs.is_geographic:
        return np.ones((len(shapes), 2))
    degree = math.radians(1) * SEMI_MAJOR_M
    latitudes = shapely.bounds(shapes)[:, 1]
    return np.column_stack([degree * np.cos(np.radians(latitudes)), np.full(len(shapes), degree)])


class _Pieces:
    """Rings or lines of shapes.

    ``xy`` are the vertices of all pieces, ``at`` the start of each piece, ``of`` the shape of each piece.
    """

    def __init__(self, xy: NDArray, at: NDArray, of: NDArray, shapes: int, closed: bool):
        self.xy, self.at, self.of, self.closed = xy, at, of, closed
        self.lengths = np.diff(at)
        self.per_shape = np.bincount(of, minlength=shapes)
        self.vertices = np.bincount(of, weights=self.lengths, minlength=shapes)

    def piece(self, number: int) -> NDArray:
        """Return the vertices of a piece."""
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
    # Only shapes with equal numbers of pieces and vertices can be compared vertex by vertex.
    first, second = _select_pieces(given, same), _select_pieces(found, same)
    alike = first.lengths == second.lengths if len(first.lengths) else np.zeros(0, dtype=bool)
    shapes = np.flatnonzero(same & (given.per_shape > 0))
    regular = np.ones(len(scale), dtype=bool)
    np.logical_and.at(regular, first.of, alike)
    comparable = [n for n in shapes.tolist() if regular[n]]
    if comparable:
        keep = np.isin(np.arange(len(scale)), comparable)
        one, two = _select_pieces(given, keep), _select_pieces(found, keep)
        off = _compare_pieces(one, two, scale)
        np.copyto(answer, 0.0, where=keep)
        np.maximum.at(answer, one.of, off)
    # Rings with another start, or reordered parts, are few; match them one by one.
    for shape in shapes[answer[shapes] > _NEAR].tolist():
        answer[shape] = _match_pieces(given, found, shape, scale[shape])
    return answer


#: Metres; a larger distance may come from a ring with another start, so it is compared again.
_NEAR = 1e-4


def _select_pieces(pieces: _Pieces, keep: NDArray) -> _Pieces:
    chosen = keep[pieces.of]
    if chosen.all():
        return pieces
    lengths = pieces.lengths[chosen]
    at = np.r_[0, np.cumsum(lengths)].astype(np.int64)
    take = np.repeat(pieces.at[:-1][chosen] - at[:-1], lengths) + np.arange(at[-1])
    return _Pieces(pieces.xy[take], at, pieces.of[chosen], len(keep), pieces.closed)


def _compare_pieces(given: _Pieces, found: _Pieces, scale: NDArray) -> NDArray:
    """Return (p,) metres between the pieces; rings are also compared in reverse."""
    per_vertex = np.repeat(scale[given.of], given.lengths, axis=0)

    def farthest(other: NDArray) -> NDArray:
        off = np.hypot(*((given.xy - other) * per_vertex).T)
        return np.maximum.reduceat(off, given.at[:-1])

    off = farthest(found.xy)
    if given.closed:
        back = np.repeat(given.at[:-1] + given.at[1:] - 1, given.lengths) - np.arange(len(given.xy))
        off = np.minimum(off, farthest(found.xy[back]))
    return off


def _match_pieces(given: _Pieces, found: _Pieces, shape: int, scale: NDArray) -> float:
    """Return metres between a shape's pieces, each matched with the nearest piece."""
    rest = np.flatnonzero(found.of == shape).tolist()
    farthest = 0.0
    for number in np.flatnonzero(given.of == shape).tolist():
        own = given.piece(number)
        offs = [_compare_rings(own, found.piece(other), scale, given.closed) for other in rest]
        if not offs or min(offs) == np.inf:
            return np.inf
        farthest = max(farthest, min(offs))
        rest.pop(int(np.argmin(offs)))
    return farthest


def _compare_rings(given: NDArray, found: NDArray, scale: NDArray, closed: bool) -> float:
    if len(given) != len(found):
        return np.inf
    if not closed:
        return float(np.hypot(*((given - found) * scale).T).max())
    own, other = given[:-1], found[:-1]
    best = np.inf
    for direction in (other, other[::-1]):
        distance = np.hypot(*((direction - own[0]) * scale).T)
        # A ring that touches itself passes its first vertex again.
        for start in np.flatnonzero(distance <= distance.min() + _NEAR).tolist():
            best = min(best, float(np.hypot(*((np.roll(direction, -start, axis=0) - own) * scale).T).max()))
    return best

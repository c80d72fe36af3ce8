# SPDX-License-Identifier: GPL-2.0-or-later
"""Comparison of two geometries whose vertices a format may have reordered.

A format may reverse a ring, start it at another vertex or reorder parts. It must not move, drop or add a vertex.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ...geometry.polygon_rings import extract_rings
from ...geometry.statutory_area import SEMI_MAJOR_M


def compute_max_vertex_shift(originals: NDArray, copies: NDArray, crs: CRS) -> NDArray:
    """Return, for each pair of shapes, the largest distance between a vertex and its copy.

    Parameters
    ----------
    originals, copies
        (n,) geometries in one CRS, None for missing ones.
    crs
        Their CRS. In degrees, a metre is computed at the latitude of each shape, exact to fractions of a millimetre.

    Returns
    -------
    (n,) metres; inf for shapes with other numbers of parts or vertices.
    """
    farthest = np.zeros(len(originals))
    is_incomparable = shapely.is_missing(originals) != shapely.is_missing(copies)
    kinds = [_get_dimensions(shapes) for shapes in (originals, copies)]
    is_incomparable |= kinds[0] != kinds[1]
    farthest[is_incomparable] = np.inf
    rows = np.flatnonzero(~is_incomparable & ~shapely.is_missing(originals))
    if len(rows):
        farthest[rows] = _compare_pairs(originals[rows], copies[rows], crs)
    return farthest


def compute_outline_distance(originals: NDArray, copies: NDArray, crs: CRS) -> NDArray:
    """Return the Hausdorff distance (by vertices) between the outlines of each shape and its copy.

    Parameters
    ----------
    originals, copies
        (n,) geometries in one CRS, none of them missing, with any numbers of vertices.

    Returns
    -------
    (n,) metres; inf for shapes of different kinds.
    """
    distances = np.full(len(originals), np.inf)
    has_same_dimension = (_get_dimensions(originals) == _get_dimensions(copies)) & (_get_dimensions(originals) < 3)
    for n, scale in zip(
        np.flatnonzero(has_same_dimension).tolist(),
        _compute_metres_per_unit(originals[has_same_dimension], crs),
        strict=True,
    ):
        # Coordinates relative to a corner of the shape keep their precision in metres.
        outlines = [
            _split_outline_in_metres(shape, shapely.bounds(originals[n])[:2], scale)
            for shape in (originals[n], copies[n])
        ]
        distances[n] = max(_compute_largest_distance(*outlines), _compute_largest_distance(*outlines[::-1]))
    return distances


def _split_outline_in_metres(shape: Any, corner: NDArray, scale: NDArray) -> NDArray:
    """Return the points of a shape, or the segments of its outline, in metres.

    Coordinates are relative to ``corner`` (x, y); ``scale`` has the metres per unit of x and y.
    """
    metric = np.array([shapely.transform(shape, lambda xy: (xy - corner) * scale)], dtype=object)
    if _get_dimensions(metric)[0] == 0:
        return shapely.get_parts(metric)
    polylines = _split_into_rings(metric) if _get_dimensions(metric)[0] == 2 else _split_into_parts(metric)
    ends = np.setdiff1d(np.arange(len(polylines.xy)), polylines.piece_starts[1:] - 1)
    return shapely.linestrings(np.stack([polylines.xy[ends], polylines.xy[ends + 1]], axis=1))


def _compute_largest_distance(shapes: NDArray, other_shapes: NDArray) -> float:
    """Return the largest distance of a vertex of ``shapes`` from ``other_shapes``."""
    points = shapely.points(shapely.get_coordinates(shapes))
    _, distance = shapely.STRtree(other_shapes).query_nearest(points, return_distance=True, all_matches=False)
    return float(distance.max(initial=0.0))


def _get_dimensions(shapes: NDArray) -> NDArray:
    """Return the (n,) dimension of each shape.

    It is 0 for points, 1 for lines, 2 for areas, 3 for collections, −1 for missing shapes.
    """
    return np.array([-1, 0, 1, 1, 2, 0, 1, 2, 3])[shapely.get_type_id(shapes) + 1]


def _compare_pairs(originals: NDArray, copies: NDArray, crs: CRS) -> NDArray:
    """Return the (n,) largest vertex shift in metres of each pair of shapes, which have the same dimension."""
    scale = _compute_metres_per_unit(originals, crs)
    is_area = _get_dimensions(originals) == 2
    shifts = np.zeros(len(originals))
    for rows, split in ((np.flatnonzero(is_area), _split_into_rings), (np.flatnonzero(~is_area), _split_into_parts)):
        if len(rows):
            shifts[rows] = _compare_shapes(split(originals[rows]), split(copies[rows]), scale[rows])
    return shifts


def _compute_metres_per_unit(shapes: NDArray, crs: CRS) -> NDArray:
    """Return (n, 2) metres per unit of x and y, at the latitude of each shape."""
    if not crs.is_geographic:
        return np.ones((len(shapes), 2))
    degree = math.radians(1) * SEMI_MAJOR_M
    latitudes = shapely.bounds(shapes)[:, 1]
    return np.column_stack([degree * np.cos(np.radians(latitudes)), np.full(len(shapes), degree)])


class _ShapePieces:
    """Pieces (rings, lines or points) of all shapes in one array.

    ``xy``: vertices of all pieces; ``piece_starts``: first vertex of each piece in ``xy``; ``shape_of_piece``: index of
    the shape of each piece.
    """

    def __init__(self, xy: NDArray, piece_starts: NDArray, shape_of_piece: NDArray, shape_count: int, is_closed: bool):
        self.xy, self.piece_starts, self.shape_of_piece, self.is_closed = xy, piece_starts, shape_of_piece, is_closed
        self.lengths = np.diff(piece_starts)
        self.per_shape = np.bincount(shape_of_piece, minlength=shape_count)
        self.vertices = np.bincount(shape_of_piece, weights=self.lengths, minlength=shape_count)

    def get_vertices_of_piece(self, number: int) -> NDArray:
        """Return the vertices of a piece, which is given by its index."""
        return self.xy[self.piece_starts[number] : self.piece_starts[number + 1]]


def _split_into_rings(shapes: NDArray) -> _ShapePieces:
    """Return the rings of polygons as pieces."""
    shape_rings = extract_rings(shapes)
    order = np.argsort(shape_rings.polygon_of_ring, kind="stable")
    lengths = np.diff(shape_rings.ring_starts)[order]
    starts = np.r_[0, np.cumsum(lengths)]
    vertex_rows = np.repeat(shape_rings.ring_starts[:-1][order] - starts[:-1], lengths) + np.arange(starts[-1])
    return _ShapePieces(shape_rings.xy[vertex_rows], starts, shape_rings.polygon_of_ring[order], len(shapes), True)


def _split_into_parts(shapes: NDArray) -> _ShapePieces:
    """Return the single lines or points of shapes as pieces."""
    parts, shape_of_part = shapely.get_parts(shapes, return_index=True)
    starts = np.r_[0, np.cumsum(shapely.get_num_coordinates(parts))]
    return _ShapePieces(shapely.get_coordinates(parts), starts, shape_of_part, len(shapes), False)


def _compare_shapes(originals: _ShapePieces, copies: _ShapePieces, scale: NDArray) -> NDArray:
    """Return the (n,) largest vertex shift in metres of each pair of shapes, which are given as pieces.

    ``scale``: (n, 2) metres per unit of x and y.
    """
    shifts = np.full(len(scale), np.inf)
    has_same_counts = (originals.per_shape == copies.per_shape) & (originals.vertices == copies.vertices)
    shifts[has_same_counts & (originals.per_shape == 0)] = 0.0
    # Only shapes with equal numbers of pieces and vertices can be compared vertex by vertex.
    first, second = _select_pieces(originals, has_same_counts), _select_pieces(copies, has_same_counts)
    has_same_length = first.lengths == second.lengths if len(first.lengths) else np.zeros(0, dtype=bool)
    shapes = np.flatnonzero(has_same_counts & (originals.per_shape > 0))
    has_same_lengths = np.ones(len(scale), dtype=bool)
    np.logical_and.at(has_same_lengths, first.shape_of_piece, has_same_length)
    comparable = [n for n in shapes.tolist() if has_same_lengths[n]]
    if comparable:
        keep = np.isin(np.arange(len(scale)), comparable)
        selected_originals, selected_copies = _select_pieces(originals, keep), _select_pieces(copies, keep)
        shift = _compare_pieces(selected_originals, selected_copies, scale)
        np.copyto(shifts, 0.0, where=keep)
        np.maximum.at(shifts, selected_originals.shape_of_piece, shift)
    # Rings with another start, or reordered parts, are few; match them one by one.
    for shape in shapes[shifts[shapes] > _SAME_VERTEX_M].tolist():
        shifts[shape] = _measure_shift_of_pieces(originals, copies, shape, scale[shape])
    return shifts


#: Metres; a larger distance may come from a ring with another start, so it is compared again.
_SAME_VERTEX_M = 1e-4


def _select_pieces(pieces: _ShapePieces, keep: NDArray) -> _ShapePieces:
    """Return the pieces of the shapes for which ``keep``, (n,) bool, is True."""
    is_selected = keep[pieces.shape_of_piece]
    if is_selected.all():
        return pieces
    lengths = pieces.lengths[is_selected]
    starts = np.r_[0, np.cumsum(lengths)].astype(np.int64)
    vertex_rows = np.repeat(pieces.piece_starts[:-1][is_selected] - starts[:-1], lengths) + np.arange(starts[-1])
    return _ShapePieces(pieces.xy[vertex_rows], starts, pieces.shape_of_piece[is_selected], len(keep), pieces.is_closed)


def _compare_pieces(originals: _ShapePieces, copies: _ShapePieces, scale: NDArray) -> NDArray:
    """Return the (p,) largest vertex shift in metres of each pair of pieces.

    A ring may also be reversed.
    """
    per_vertex = np.repeat(scale[originals.shape_of_piece], originals.lengths, axis=0)

    def compute_largest_shift(other: NDArray) -> NDArray:
        """Return the (p,) largest shift of each piece against the vertices ``other``."""
        shift = np.hypot(*((originals.xy - other) * per_vertex).T)
        return np.maximum.reduceat(shift, originals.piece_starts[:-1])

    shift = compute_largest_shift(copies.xy)
    if originals.is_closed:
        reversed_rows = np.repeat(
            originals.piece_starts[:-1] + originals.piece_starts[1:] - 1, originals.lengths
        ) - np.arange(len(originals.xy))
        shift = np.minimum(shift, compute_largest_shift(copies.xy[reversed_rows]))
    return shift


def _measure_shift_of_pieces(originals: _ShapePieces, copies: _ShapePieces, shape_number: int, scale: NDArray) -> float:
    """Return the largest vertex shift in metres of one shape.

    Each piece is compared with the nearest one of the copy.
    """
    unmatched = np.flatnonzero(copies.shape_of_piece == shape_number).tolist()
    farthest = 0.0
    for number in np.flatnonzero(originals.shape_of_piece == shape_number).tolist():
        vertices_of_piece = originals.get_vertices_of_piece(number)
        shifts = [
            _compare_rings(vertices_of_piece, copies.get_vertices_of_piece(other), scale, originals.is_closed)
            for other in unmatched
        ]
        if not shifts or min(shifts) == np.inf:
            return np.inf
        farthest = max(farthest, min(shifts))
        unmatched.pop(int(np.argmin(shifts)))
    return farthest


def _compare_rings(original: NDArray, copy: NDArray, scale: NDArray, is_closed: bool) -> float:
    """Return the largest vertex shift in metres of two rings, which may begin at any vertex, or of two lines."""
    if len(original) != len(copy):
        return np.inf
    if not is_closed:
        return float(np.hypot(*((original - copy) * scale).T).max())
    ring, other = original[:-1], copy[:-1]
    best = np.inf
    for direction in (other, other[::-1]):
        distance = np.hypot(*((direction - ring[0]) * scale).T)
        # A ring that touches itself passes its first vertex again.
        for start in np.flatnonzero(distance <= distance.min() + _SAME_VERTEX_M).tolist():
            best = min(best, float(np.hypot(*((np.roll(direction, -start, axis=0) - ring) * scale).T).max()))
    return best

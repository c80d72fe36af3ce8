# SPDX-License-Identifier: GPL-2.0-or-later
"""Vertices that lay on a neighbour's long edge in a plane of metres, and lie beside it now that both are stored in degrees.

An edge of two kilometres drawn straight in a Gauss–Krüger zone passes its own middle by some centimetres once its ends alone
are stored in degrees. A neighbour's vertex on it stays where it was: a gap or an overlap opens that nobody drew.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ..cancellation import NEVER, Cancellation
from . import crs as crs_care
from .coverage import Mismatches
from .nearby import points_by_segments
from .rings import rings
from .straight import offsets, ring_edges
from .validity import missing


class InDegrees(NamedTuple):
    """(n,) polygons, or None, as they are stored, and the CRS (degrees) that they are stored in."""

    shapes: NDArray
    crs: CRS


def parted_edges(
    a: InDegrees, b: InDegrees, plane: CRS, edge_match_m: float, cancellation: Cancellation = NEVER
) -> Mismatches:
    """Vertices of ``b`` that lie on an edge of ``a`` (to ``edge_match_m``) where it is straight in ``plane`` (metres), and
    further off where it is straight in degrees. ``point`` in degrees, ``distance`` how far off (m); ``a is b``: neighbours
    within a layer."""
    edges = _long_edges(a, plane, edge_match_m)
    nothing = np.zeros(0, dtype=int)
    none = Mismatches(nothing, nothing, np.zeros((0, 2)), np.zeros(0), np.zeros(0, dtype=bool))
    if not len(edges.row):
        return none
    cancellation.raise_if_cancelled()
    row_b, xy_b = _vertices(b)
    put = crs_care.coordinates(xy_b, b.crs, plane)
    low, high = (crs_care.coordinates(end, a.crs, plane) for end in (edges.low, edges.high))
    i, j = points_by_segments(put, low, high, edge_match_m, cancellation)
    if a is b:
        other = row_b[i] != edges.row[j]
        i, j = i[other], j[other]
    off = _beside(xy_b[i], edges.low[j], edges.high[j])
    # Another edge of the ring may have that vertex.
    have = {(row, *xy) for row, xy in zip(*(side.tolist() for side in _vertices(a, edges.row[j])), strict=True)}
    lacks = np.array([(r, *p) not in have for r, p in zip(edges.row[j].tolist(), xy_b[i].tolist(), strict=True)], bool)
    kept = (off > edge_match_m) & lacks
    i, j, off = i[kept], j[kept], off[kept]
    once = np.unique(np.column_stack([edges.row[j], row_b[i], xy_b[i]]), axis=0, return_index=True)[1]
    i, j, off = i[once], j[once], off[once]
    return Mismatches(edges.row[j], row_b[i], xy_b[i], off, np.zeros(len(i), dtype=bool))


class _Edges(NamedTuple):
    row: NDArray
    low: NDArray
    high: NDArray


def _long_edges(a: InDegrees, plane: CRS, edge_match_m: float) -> _Edges:
    """Edges that are bent by a tenth of the tolerance or more: what is less is within it in either plane."""
    there = np.flatnonzero(~missing(a.shapes))
    found = rings(a.shapes[there])
    start, low, high, _ = ring_edges(found.xy, found.at, a.crs)
    bent = offsets(low, high, a.crs, plane) > edge_match_m / 10
    ring = np.searchsorted(found.at, start[bent], side="right") - 1
    return _Edges(there[found.shape[ring]], low[bent], high[bent])


def _vertices(layer: InDegrees, rows: NDArray | None = None) -> tuple[NDArray, NDArray]:
    """The row of each vertex, and the vertex, in degrees; of some rows only."""
    rows = np.flatnonzero(~missing(layer.shapes)) if rows is None else np.unique(rows)
    xy, at = shapely.get_coordinates(layer.shapes[rows], return_index=True)
    return rows[at], xy


def _beside(p: NDArray, a: NDArray, b: NDArray) -> NDArray:
    """(k,) m from points to segments that are straight in degrees."""
    if not len(p):
        return np.zeros(0)
    metres = crs_care.plane_of_degrees(*p[0])
    p, a, b = (crs_care.coordinates(xy, crs_care.GEODETIC, metres) for xy in (p, a, b))
    found: NDArray = shapely.distance(shapely.linestrings(np.stack([a, b], axis=1)), shapely.points(p))
    return found

# SPDX-License-Identifier: GPL-2.0-or-later
"""The current land on filed parcels (维护后), row by row; and what parts of land measure."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import Cancellation
from ..errors import InputError
from ..geometry import crs as crs_care
from ..geometry.overlay import shared_parts
from ..geometry.polygons import Polygons
from ..geometry.statutory_area import statutory_area
from ..geometry.tolerance import Tolerance
from ..versions import Comparison
from ..versions.pieces import Pieces, around
from ..versions.settle import settled
from .model import After

#: Slivers are told from land later, by what is left of a row.
_ALL = Tolerance(min_area_m2=0.0, min_width_m=0.0)
#: Planar area (m², and as a share) by which a union may miss its whole: GEOS's rounding.
_ROUNDING_M2, _ROUNDING_SHARE = 1e-3, 1e-9


def slivers(shapes: NDArray, tolerance: Tolerance) -> NDArray:
    """(k,) bool: polygons below both minimums."""
    with np.errstate(invalid="ignore", divide="ignore"):
        area = shapely.area(shapes)
        found: NDArray = tolerance.is_sliver(area, 2 * area / shapely.length(shapes))
    return found


def areas(found: Comparison, shapes: NDArray, cancellation: Cancellation) -> NDArray:
    """(k,) statutory m² of shapes of the plane, by their vertices: each is written as a feature of its own."""
    return statutory_area(shapes, crs_care.lonlat_of(found.after.layer.plane_crs), cancellation)


def share(area_m2: float, found: Comparison, row: int) -> float:
    """Which share of a current row an area is, 1 at most."""
    own = float(found.after.layer.statutory[row])
    return min(area_m2 / own, 1.0) if own > 0 else 1.0


def land_after(
    found: Comparison, pieces: Pieces, rows: NDArray, tolerance: Tolerance, cancellation: Cancellation
) -> list[After]:
    """The current land on filed rows ((q,) positions): row by row, in single parts, whatever filed parcels it lies on.

    ``pieces``: what the comparison cut both editions into. InputError where a pair of rows cannot be computed.
    """
    if not len(rows):
        return []
    there = np.isin(pieces.before, rows) & (pieces.after >= 0)
    more_of, more = _on_top(found, pieces, rows, tolerance, cancellation)
    of, shapes = np.concatenate([pieces.after[there], more_of]), np.concatenate([pieces.shape[there], more])
    order = np.argsort(of, kind="stable")
    shapes = shapes[order]
    own, starts, counts = np.unique(of[order], return_index=True, return_counts=True)
    joined = np.empty(len(own), dtype=object)
    whole = np.zeros(len(own), dtype=bool)
    for n, (row, first, count) in enumerate(zip(own.tolist(), starts.tolist(), counts.tolist(), strict=True)):
        cancellation.raise_if_cancelled()
        joined[n], whole[n] = _one_shape(shapes[first : first + count], found.after.shapes[row])
    parts, owner = shapely.get_parts(joined, return_index=True)
    whole &= np.bincount(owner, minlength=len(joined)) == 1
    kept = ~slivers(parts, tolerance)
    parts, owner = parts[kept], owner[kept]
    return [
        After(row, shape, area_m2, 1.0 if whole[n] else share(area_m2, found, row))
        for n, row, shape, area_m2 in zip(
            owner.tolist(), own[owner].tolist(), parts, areas(found, parts, cancellation).tolist(), strict=True
        )
    ]


def _on_top(
    found: Comparison, pieces: Pieces, rows: NDArray, tolerance: Tolerance, cancellation: Cancellation
) -> tuple[NDArray, NDArray]:
    """Current rows and what they have of filed ``rows`` beyond the pieces: rows with an equal were held against that one
    alone, and share land with others only where features of one edition lie on each other."""
    equal, its = pieces.before[pieces.whole], pieces.after[pieces.whole]
    stayed = np.isin(equal, rows)
    moved = np.setdiff1d(rows, equal)
    every = np.arange(len(found.after))
    # A row with an equal lies where that one does, to the last digit.
    asked = (
        (found.after.shapes[its[stayed]], its[stayed], every),
        (found.before.shapes[moved], np.full(len(moved), -1), its),
    )
    of, shapes = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=object)]
    for filed, own, others in asked:
        near = others[around(found.after.shapes[others], filed)]
        current = found.after.shapes[near]
        onto = settled(filed, current, tolerance.cluster_m, cancellation)
        shared = shared_parts(Polygons(current), Polygons(onto), tolerance=_ALL, cancellation=cancellation)
        if shared.ladder.failed:
            raise InputError("yearly_geometry", layer=found.after.layer.name, count=len(shared.ladder.failed))
        other = near[shared.left] != own[shared.right]
        of.append(near[shared.left][other])
        shapes.append(shared.geometry[other])
    return np.concatenate(of), np.concatenate(shapes)


def _one_shape(pieces: NDArray, own: object) -> tuple[object, bool]:
    """The union of a row's pieces; the row's own shape where they make it up."""
    shape = pieces[0] if len(pieces) == 1 else shapely.union_all(pieces)
    whole = shapely.area(own)
    same = abs(shapely.area(shape) - whole) <= _ROUNDING_M2 + _ROUNDING_SHARE * whole
    return (own, True) if same else (shape, False)

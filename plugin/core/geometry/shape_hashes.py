# SPDX-License-Identifier: GPL-2.0-or-later
"""Hashes and normal forms of geometries, to compare two rows or two checks."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from .polygon_rings import iterate_batches


def hash_shapes(shapes: NDArray) -> NDArray:
    """Return (n,) uint64 hashes of (n,) geometries or None.

    Equal geometries have equal hashes; a difference of two geometries is missed with a probability of 2⁻⁶⁴.
    """
    hashes = [hash_wkb(shapely.to_wkb(shapes[batch], flavor="iso")) for batch in iterate_batches(shapes)]
    return np.concatenate([np.zeros(0, dtype=np.uint64), *hashes])


def hash_wkb(wkb: NDArray) -> NDArray:
    """Return (n,) uint64 hashes of (n,) ISO WKB or None, equal to those that `hash_shapes` gives for the geometries."""
    # QGIS imports this module at every start and must not wait for pandas.
    from pandas.util import hash_array

    hashes: NDArray = hash_array(wkb, categorize=False)
    return hashes


#: A vertex this near (m) to the line between its neighbours is on it: coordinates of counties have 8 decimals.
_ON_LINE_M = 1e-6


def normalize_shapes(shapes: NDArray) -> NDArray:
    """Return (n,) shapes (m) in normal form.

    It does not depend on start, direction, and vertices on straight edges.
    """
    # A ring then begins at a corner, which is kept.
    normalized: NDArray = shapely.normalize(shapely.simplify(shapely.normalize(shapes), _ON_LINE_M))
    return normalized


def find_groups_of_equal_shapes(shapes: NDArray) -> list[list[int]]:
    """Return groups of at least two rows with equal shapes, whatever `normalize_shapes` ignores.

    ``shapes``: (n,) geometries in metres, or None. Only shapes with the same extent are compared.
    """
    rows_with_shape = np.flatnonzero(~(shapely.is_missing(shapes) | shapely.is_empty(shapes)))
    bounds = shapely.bounds(shapes[rows_with_shape]).reshape(-1, 4)
    _, extent_of_row, counts = np.unique(bounds, axis=0, return_inverse=True, return_counts=True)
    groups: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    for n in np.flatnonzero(counts[extent_of_row.ravel()] > 1).tolist():
        row = int(rows_with_shape[n])
        groups[int(extent_of_row.ravel()[n]), shapely.to_wkb(normalize_shapes(shapes[row]))].append(row)
    return [rows for rows in groups.values() if len(rows) > 1]


def hash_corners(shape: Any, to_lonlat: Callable[[NDArray], NDArray]) -> str:
    """Return a hash of the corners of a shape (m), 20 hexadecimal digits.

    Corners are rounded to 0.00001°, about a metre, and sorted: the CRS of the file changes nothing, nor does what
    `normalize_shapes` ignores. ``to_lonlat``: converts (v, 2) coordinates of the shape to degrees.
    """
    lonlat = to_lonlat(shapely.get_coordinates(normalize_shapes(shape)))
    corners = np.unique(np.round(lonlat * 1e5).astype(np.int64), axis=0)
    return hashlib.sha256(corners.tobytes()).hexdigest()[:20]

# SPDX-License-Identifier: GPL-2.0-or-later
"""Hashes and normal forms of geometries, to compare two rows or two checks."""

from __future__ import annotations

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

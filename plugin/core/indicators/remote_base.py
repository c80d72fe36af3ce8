# SPDX-License-Identifier: GPL-2.0-or-later
"""Towns of the base of the expansion ratio that lie apart from the boundary."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: A parcel is inside the boundary from this share of its area on.
_LEAST_INSIDE_SHARE = 0.01


def find_remote_towns(shapes: NDArray, shares_inside: NDArray, gap_m: float) -> NDArray:
    """Return (n,) bool: the urban parcels whose whole town is outside the boundary.

    Parameters
    ----------
    shapes
        (n,) polygons of the urban parcels, metres.
    shares_inside
        (n,) the share of each parcel that is inside the boundary; a parcel counts as inside from 1 % on.
    gap_m
        Parcels up to this distance apart are of one town, m.
    """
    # Load shapely only for measurements.
    import shapely

    from ..geometry.polygons import find_connected_components

    left, right = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=gap_m)
    town = find_connected_components(len(shapes), left, right)
    parcels_inside: NDArray = np.bincount(town, shares_inside >= _LEAST_INSIDE_SHARE, minlength=len(shapes))[town]
    return parcels_inside == 0

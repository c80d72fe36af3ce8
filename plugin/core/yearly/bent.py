# SPDX-License-Identifier: GPL-2.0-or-later
"""How much of a polygon's area may be of vertices on edges that were drawn straight in another coordinate system."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ..geometry import crs as crs_care
from ..geometry.statutory_area import SEMI_MAJOR_M

#: What the formula leaves out: a Gauss–Krüger zone bends by a fortieth of it at its edge, the edge may be slanted.
_MORE = 1.1


def bent_area(shape: Any, plane: CRS, cluster_m: float) -> float:
    """m² between a polygon's edges with the vertices that lie on them in another coordinate system, and without.

    ``shape`` in a plane (metres). A chord of length L that is straight in a plane of metres lies at most s = L²·tan φ / 8R beside
    the one that is straight in degrees (see `nodes`). So of vertices in a row that all lie within s of the chord of their ends
    nobody knows whether they were put on it; the area between them and that chord is summed up over the polygon, whatever its sign.
    """
    lonlat = crs_care.lonlat_of(plane)(shapely.get_coordinates(shapely.point_on_surface(shape)))
    # s = L² · bend
    bend = _MORE * abs(math.tan(math.radians(float(lonlat[0, 1])))) / (8 * SEMI_MAJOR_M)
    lines = [line for part in shapely.get_parts([shape]) for line in (part.exterior, *part.interiors)]
    return sum(_of_ring(shapely.get_coordinates(line)[:-1], bend, cluster_m) for line in lines)


def _of_ring(xy: NDArray, bend: float, cluster_m: float) -> float:
    before, after = np.roll(xy, 1, axis=0), np.roll(xy, -1, axis=0)
    chord = after - before
    with np.errstate(invalid="ignore", divide="ignore"):
        turn = np.abs(_cross(xy - before, chord)) / (chord**2).sum(axis=1) ** 1.5
    # Begun at a corner, no row of vertices runs over the ring's end.
    xy = np.roll(xy, -int(np.argmax(np.nan_to_num(turn, posinf=np.inf))), axis=0)
    xy = np.concatenate([xy, xy[:1]])
    found, first = 0.0, 0
    while first < len(xy) - 1:
        last = first + 1
        while last + 1 < len(xy) and _straight(xy[first : last + 2], bend, cluster_m):
            last += 1
        run = xy[first : last + 1] - xy[first]
        found += abs(float(_cross(run[:-1], run[1:]).sum())) / 2
        first = last
    return found


def _straight(run: NDArray, bend: float, cluster_m: float) -> bool:
    """Do all vertices of a run lie along the chord of its ends, and no further beside it than it may be bent?"""
    chord = run[-1] - run[0]
    length = float(np.hypot(*chord))
    if not length:
        return False
    along = (run - run[0]) @ chord
    off = np.abs(_cross(run[1:-1] - run[0], chord[None, :])) / length
    return bool((np.diff(along) > 0).all() and (off <= length**2 * bend + cluster_m).all())


def _cross(a: NDArray, b: NDArray) -> NDArray:
    found: NDArray = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return found

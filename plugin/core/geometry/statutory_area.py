# SPDX-License-Identifier: GPL-2.0-or-later
"""Statutory ellipsoidal area (图斑椭球面积), 国土调查办发〔2008〕32号 annex, kept by TD/T 1055-2019."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import NDArray

from .rings import batches, ring_sums, rings

ToLonLat = Callable[[NDArray], NDArray]

#: CGCS2000.
SEMI_MAJOR_M = 6378137.0
INVERSE_FLATTENING = 298.257222101
_B = SEMI_MAJOR_M * (1 - 1 / INVERSE_FLATTENING)
_E2 = (SEMI_MAJOR_M**2 - _B**2) / SEMI_MAJOR_M**2
#: The series' coefficients A to E with their alternating signs; the k-th goes with sin((2k+1)·ΔB/2)·cos((2k+1)·Bm).
COEFFICIENTS = (
    1 + 3 / 6 * _E2 + 30 / 80 * _E2**2 + 35 / 112 * _E2**3 + 630 / 2304 * _E2**4,
    -(1 / 6 * _E2 + 15 / 80 * _E2**2 + 21 / 112 * _E2**3 + 420 / 2304 * _E2**4),
    3 / 80 * _E2**2 + 7 / 112 * _E2**3 + 180 / 2304 * _E2**4,
    -(1 / 112 * _E2**3 + 45 / 2304 * _E2**4),
    5 / 2304 * _E2**4,
)


def trapezoid(lon_width: NDArray, lat1: NDArray, lat2: NDArray) -> NDArray:
    """Signed area in m² between the parallels ``lat1`` and ``lat2`` over ``lon_width``; all in radians.

    S = 2·b²·ΔL·[A·sin(ΔB/2)·cos(Bm) − B·sin(3ΔB/2)·cos(3Bm) + C·… − D·… + E·…], ΔB = B2−B1, Bm = (B1+B2)/2.
    """
    half, middle = (lat2 - lat1) / 2, (lat1 + lat2) / 2
    sines, cosines = np.sin(half), np.cos(middle)
    # sin 3x = 2 cos 2x sin x + sin x, cos 3x = 2 cos 2x cos x − cos x, and so on: the same values with two functions
    # in place of ten.
    twice_half, twice_middle = 2 - 4 * sines**2, 4 * cosines**2 - 2
    before_sines, before_cosines = -sines, cosines
    series = COEFFICIENTS[0] * sines * cosines
    for coefficient in COEFFICIENTS[1:]:
        sines, before_sines = twice_half * sines - before_sines, sines
        cosines, before_cosines = twice_middle * cosines - before_cosines, cosines
        series += coefficient * sines * cosines
    return 2 * _B**2 * lon_width * series


def statutory_area(
    shapes: NDArray, to_lonlat: ToLonLat | None = None, check: Callable[[], None] = lambda: None
) -> NDArray:
    """Statutory area of polygons and multipolygons, unrounded m².

    ``shapes``: (n,) shapely geometries, coordinates (longitude, latitude) in degrees, CGCS2000 (EPSG:4490); in another
    CRS, ``to_lonlat`` turns (v, 2) coordinates into such. Returns (n,) float64; 0 for missing, empty, line and point
    geometries. Only the stored vertices count: each edge is a trapezoid of its mean longitude, rings are |sum|, holes
    are taken off, parts are added (procedure of the annex). ``check`` is called between batches and may raise to stop.
    """
    shapes = np.atleast_1d(np.asarray(shapes, dtype=object))
    parts, owner = _polygons(shapes)
    areas = np.zeros(len(shapes))
    for batch in batches(parts):
        check()
        found = rings(parts[batch])
        lonlat = np.radians(to_lonlat(found.xy) if to_lonlat else found.xy)
        lat = lonlat[:, 1]
        # The reference meridian is free; near the ring, cancellation costs nothing.
        lon = lonlat[:, 0] - np.repeat(lonlat[found.at[:-1], 0], np.diff(found.at))
        steps = np.zeros(len(lon))
        steps[:-1] = trapezoid((lon[:-1] + lon[1:]) / 2, lat[:-1], lat[1:])
        ring_area = np.abs(ring_sums(steps, found.at))
        signed = np.where(found.hole, -ring_area, ring_area)
        areas += np.bincount(owner[batch][found.shape], weights=signed, minlength=len(shapes))
    return areas


def _polygons(geometries: NDArray) -> tuple[NDArray, NDArray]:
    """What of geometries (also inside collections) has an area, and the position of the geometry each came from."""
    kind = shapely.get_type_id(geometries)
    plain = np.isin(kind, (3, 6)) & ~shapely.is_empty(geometries)
    parts, owner = geometries[plain], np.flatnonzero(plain)
    mixed = np.flatnonzero((kind == 7) & ~shapely.is_empty(geometries))
    if len(mixed):
        inner, of = shapely.get_parts(geometries[mixed], return_index=True)
        inner, inner_owner = _polygons(inner)
        parts, owner = np.concatenate([parts, inner]), np.concatenate([owner, mixed[of[inner_owner]]])
    return parts, owner

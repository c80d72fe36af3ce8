# SPDX-License-Identifier: GPL-2.0-or-later
"""Statutory ellipsoidal area (图斑椭球面积), 国土调查办发〔2008〕32号 annex, kept by TD/T 1055-2019."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

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
    series = sum(c * np.sin((2 * k + 1) * half) * np.cos((2 * k + 1) * middle) for k, c in enumerate(COEFFICIENTS))
    return 2 * _B**2 * lon_width * series


def statutory_area(lonlat: NDArray) -> NDArray:
    """Statutory area of polygons and multipolygons, unrounded m².

    ``lonlat``: (n,) shapely geometries with coordinates (longitude, latitude) in degrees, CGCS2000 (EPSG:4490).
    Returns (n,) float64; 0 for missing, empty, line and point geometries. Only the stored vertices count: each edge
    is a trapezoid of its mean longitude, rings are |sum|, holes are taken off, parts are added (procedure of the annex).
    """
    lonlat = np.atleast_1d(np.asarray(lonlat, dtype=object))
    parts, owner = _polygons(lonlat)
    if not len(parts):
        return np.zeros(len(lonlat))
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    coords, ring_of_vertex = shapely.get_coordinates(rings, return_index=True)
    coords = np.radians(coords)
    edge = ring_of_vertex[1:] == ring_of_vertex[:-1]
    # The reference meridian is free; near the ring, cancellation costs nothing.
    first = np.searchsorted(ring_of_vertex, np.arange(len(rings)))
    origin = coords[first, 0][ring_of_vertex]
    lon = coords[:, 0] - origin
    areas = np.where(edge, trapezoid((lon[:-1] + lon[1:]) / 2, coords[:-1, 1], coords[1:, 1]), 0.0)
    ring_area = np.abs(np.bincount(ring_of_vertex[:-1], weights=areas, minlength=len(rings)))
    is_shell = np.r_[True, part_of_ring[1:] != part_of_ring[:-1]]
    signed = np.where(is_shell, ring_area, -ring_area)
    return np.bincount(owner[part_of_ring], weights=signed, minlength=len(lonlat))


def _polygons(geometries: NDArray) -> tuple[NDArray, NDArray]:
    """All polygons in geometries (also inside collections) and the index of the geometry each came from."""
    parts, owner = shapely.get_parts(geometries, return_index=True)
    nested = np.isin(shapely.get_type_id(parts), (6, 7))
    if nested.any():
        inner, inner_owner = _polygons(parts[nested])
        parts = np.concatenate([parts[~nested], inner])
        owner = np.concatenate([owner[~nested], owner[nested][inner_owner]])
        order = np.argsort(owner, kind="stable")
        parts, owner = parts[order], owner[order]
    is_polygon = (shapely.get_type_id(parts) == 3) & ~shapely.is_empty(parts)
    return parts[is_polygon], owner[is_polygon]

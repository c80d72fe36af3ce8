# SPDX-License-Identifier: GPL-2.0-or-later
"""Statutory ellipsoidal areas by the official formula, without plugin code.

This second implementation verifies the areas of the plugin.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyproj
import shapely

SEMI_MAJOR = 6378137.0
FLATTENING = 1 / 298.257222101
SEMI_MINOR = SEMI_MAJOR * (1 - FLATTENING)
ECCENTRICITY_SQUARED = FLATTENING * (2 - FLATTENING)

# Factors of sin((2k+1)·ΔB/2)·cos((2k+1)·Bm), signs alternating.
SERIES_COEFFICIENTS = (
    1
    + 3 / 6 * ECCENTRICITY_SQUARED
    + 30 / 80 * ECCENTRICITY_SQUARED**2
    + 35 / 112 * ECCENTRICITY_SQUARED**3
    + 630 / 2304 * ECCENTRICITY_SQUARED**4,
    1 / 6 * ECCENTRICITY_SQUARED
    + 15 / 80 * ECCENTRICITY_SQUARED**2
    + 21 / 112 * ECCENTRICITY_SQUARED**3
    + 420 / 2304 * ECCENTRICITY_SQUARED**4,
    3 / 80 * ECCENTRICITY_SQUARED**2 + 7 / 112 * ECCENTRICITY_SQUARED**3 + 180 / 2304 * ECCENTRICITY_SQUARED**4,
    1 / 112 * ECCENTRICITY_SQUARED**3 + 45 / 2304 * ECCENTRICITY_SQUARED**4,
    5 / 2304 * ECCENTRICITY_SQUARED**4,
)


def statutory_area(shapes: Sequence | np.ndarray, epsg: int = 4526) -> np.ndarray:
    """Return statutory areas, m², of polygons with coordinates (east, north).

    Null and empty shapes have area 0.
    """
    shapes = np.atleast_1d(np.asarray(shapes, dtype=object))
    parts, owner = shapely.get_parts(shapes, return_index=True)
    polygonal = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    parts, owner = parts[polygonal], owner[polygonal]
    if not len(parts):
        return np.zeros(len(shapes))
    coordinates, (rings, polygons) = shapely.to_ragged_array(parts)[1:]
    if epsg != 4490:
        to_degrees = pyproj.Transformer.from_crs(epsg, 4490, always_xy=True)
        coordinates = np.column_stack(to_degrees.transform(coordinates[:, 0], coordinates[:, 1]))
    ring_areas = _measure_ring_areas(np.radians(coordinates), rings)
    # The first ring of a polygon is its shell, the others are holes.
    sign = -np.ones(len(ring_areas))
    sign[polygons[:-1][np.diff(polygons) > 0]] = 1
    polygon = np.repeat(np.arange(len(parts)), np.diff(polygons))
    return np.bincount(owner[polygon], sign * ring_areas, minlength=len(shapes))


def measure_drawn_area(shapes: Sequence | np.ndarray, epsg: int = 4526, step: float = 1.0) -> np.ndarray:
    """Return areas, m², inside edges that are straight in the projected plane.

    This is the statutory sum with a vertex every metre (``step``).
    """
    return statutory_area(shapely.segmentize(np.atleast_1d(np.asarray(shapes, dtype=object)), step), epsg)


def _measure_ring_areas(radians: np.ndarray, rings: np.ndarray) -> np.ndarray:
    counts = np.diff(rings)
    east, north = radians.T
    # Longitudes are relative to the ring's first one: with a far meridian the terms are large and cancel.
    east = east - np.repeat(east[rings[:-1]], counts)
    width = (east[:-1] + east[1:]) / 2
    step, middle = north[1:] - north[:-1], (north[1:] + north[:-1]) / 2
    band = np.zeros_like(width)
    for order, factor in enumerate(SERIES_COEFFICIENTS):
        odd = 2 * order + 1
        band += (-1) ** order * factor * np.sin(odd * step / 2) * np.cos(odd * middle)
    edges = 2 * SEMI_MINOR**2 * width * band
    # Rings are closed, so the step from the end of a ring to the start of the next must not count as an edge.
    edges[rings[1:-1] - 1] = 0
    ring = np.repeat(np.arange(len(counts)), counts)[:-1]
    return np.abs(np.bincount(ring, edges, minlength=len(counts)))

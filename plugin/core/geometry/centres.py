# SPDX-License-Identifier: GPL-2.0-or-later
"""Centres of shapes in degrees, which distinguish findings, and by which waivers find them again."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from .crs import CGCS2000_DEGREES, reproject_coordinates, reproject_to_lonlat

#: Width (m) of a strip. An edge of 1 km, straight in the plane, is 2 cm beside the straight edge in degrees.
_STRIP_M = 1.0


def compute_centres(shapes: NDArray, crs: CRS) -> NDArray:
    """Return the (n, 2) centroids in degrees (longitude, latitude) of (n,) shapes in a projected CRS, m.

    They are computed in degrees, because those of two zones differ; those of strips in the plane, because vertices on
    the straight edges of a strip would move its centroid in degrees by metres. No shape may be missing or empty.
    """
    centres = _compute_centroids(reproject_to_lonlat(shapes, crs))
    is_strip = (shapely.get_dimensions(shapes) == 2) & (2 * shapely.area(shapes) < _STRIP_M * shapely.length(shapes))
    centres[is_strip] = reproject_coordinates(_compute_centroids(shapes[is_strip]), crs, CGCS2000_DEGREES)
    return centres


def _compute_centroids(shapes: NDArray) -> NDArray:
    """Return the (n, 2) centroids of shapes as the sums of those of their rings.

    GEOS takes a hole for land if the projection of its vertices made a narrow end of it cross itself.
    """
    centroids = shapely.get_coordinates(shapely.centroid(shapes)).reshape(-1, 2)
    rows = np.flatnonzero(shapely.get_dimensions(shapes) == 2)
    parts, shape_of_part = shapely.get_parts(shapes[rows], return_index=True)
    is_polygon = shapely.get_type_id(parts) == 3
    rings, part_of_ring = shapely.get_rings(parts[is_polygon], return_index=True)
    is_hole = np.diff(part_of_ring, prepend=-1) == 0
    polygons, shape_of_ring = shapely.polygons(rings), shape_of_part[is_polygon][part_of_ring]
    signed_areas = np.where(is_hole, -1.0, 1.0) * shapely.area(polygons)
    areas = np.bincount(shape_of_ring, signed_areas, minlength=len(rows))
    # Relative to one of them, centroids of rings keep their digits.
    origins = centroids[rows]
    steps = shapely.get_coordinates(shapely.centroid(polygons)) - origins[shape_of_ring]
    sums = [np.bincount(shape_of_ring, signed_areas * step, minlength=len(rows)) for step in steps.T]
    has_area = areas > 0
    centroids[rows[has_area]] = (origins + np.column_stack(sums) / np.where(has_area, areas, 1.0)[:, None])[has_area]
    return centroids

# SPDX-License-Identifier: GPL-2.0-or-later
"""The outline of a county for the overview map."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from ..geometry.crs import reproject_to_lonlat
from ..geometry.polygons import union_polygon_rows
from ..plan.plan import Plan

#: Distance (m) by which the outline may differ from the county's border: invisible on a page.
_SIMPLIFICATION_M = 20.0
#: Decimals of degrees: about 0.1 m.
_DEGREE_DECIMALS = 6
#: Where an outline comes from: the county layer, the townships, or the extent of the layers.
FROM_COUNTY, FROM_TOWNSHIPS, FROM_EXTENT = "county", "townships", "extent"


def make_outline(plan: Plan) -> tuple[str, str]:
    """Return the outline of a plan's county as WKT in degrees on CGCS2000, simplified, and where it comes from.

    Without a county layer it is the union of the townships, else the convex hull of the boxes around all features. Both
    texts are empty for a plan without geometries.
    """
    shape, basis = _find_shape(plan)
    if shape is None or shapely.is_empty(shape):
        return "", ""
    simplified = shapely.simplify(shape, _SIMPLIFICATION_M)
    lonlat = reproject_to_lonlat(np.array([simplified], dtype=object), plan.plane_crs)[0]
    return shapely.to_wkt(lonlat, rounding_precision=_DEGREE_DECIMALS), basis


def _find_shape(plan: Plan) -> tuple[Any, str]:
    """Return the county's shape in the plan's plane, and where it comes from; None without any geometry."""
    county = plan.compute_county_shape()
    if county is not None and county[1].shapes[0] is not None:
        return county[1].shapes[0], FROM_COUNTY
    townships = plan.find_layer_of_concept("townships")
    if townships is not None:
        union = union_polygon_rows(townships.polygons, tolerance=plan.norm.make_tolerance())
        if union is not None:
            return union, FROM_TOWNSHIPS
    bounds = [shapely.bounds(layer.plane_shapes) for layer in plan.layers.values() if len(layer)]
    boxes = np.concatenate(bounds) if bounds else np.empty((0, 4))
    boxes = boxes[np.isfinite(boxes).all(axis=1)]
    if not len(boxes):
        return None, ""
    corners = np.concatenate([boxes[:, :2], boxes[:, 2:], boxes[:, [0, 3]], boxes[:, [2, 1]]])
    return shapely.convex_hull(shapely.multipoints(corners)), FROM_EXTENT

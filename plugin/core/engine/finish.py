# SPDX-License-Identifier: GPL-2.0-or-later
"""Complete findings after all rules have run: township, message, fingerprint."""

from __future__ import annotations

from operator import is_
from typing import Any

import numpy as np
import shapely

from ..base.cancellation import Cancellation
from ..geometry import crs as crs_care
from ..geometry.polygon_rings import find_inner_points
from ..geometry.statutory_area import compute_drawn_area, measure_statutory_area
from ..model.findings import Finding, find_distinct_shapes, set_fingerprints, set_geometries
from ..plan.plan import Plan
from ..standard.messages.finding_message import format_message
from ..standard.messages.texts import Texts

#: Number of findings between two checks for cancellation.
_FINDINGS_PER_BATCH = 1000
#: Two areas within this difference (m², and as a share) are equal.
_SAME_M2, _SAME_SHARE = 0.01, 1e-6


def find_township_names_of_points(plan: Plan, points: Any) -> list[str]:
    """Return, for each of (k,) points in the plan's plane (m), the name of the township that contains it.

    The name is empty outside all townships, and everywhere if the plan has no layer of townships with names.
    """
    layer = plan.find_layer_of_concept("townships")
    if layer is None or not layer.has_field("division_name") or not len(points):
        return [""] * len(points)
    township_names = layer.text("division_name")
    rows_with_shape = np.flatnonzero(layer.has_shape)
    shapes, points = layer.plane_shapes[rows_with_shape], np.asarray(points, dtype=object)
    names_found = [""] * len(points)
    # The few large shapes are prepared and search the many points.
    shape_rows, point_rows = shapely.STRtree(points).query(shapes, predicate="intersects")
    is_ambiguous = np.bincount(point_rows, minlength=len(points)) > 1
    for i, j in zip(point_rows.tolist(), shape_rows.tolist(), strict=True):
        names_found[i] = township_names[rows_with_shape[j]]
    # A point on the border of townships has the name of the first that the search by points finds.
    border_points = np.flatnonzero(is_ambiguous)
    for i in border_points.tolist():
        names_found[i] = ""
    for i, j in zip(*shapely.STRtree(shapes).query(points[border_points], predicate="intersects"), strict=True):
        row = int(border_points[i])
        names_found[row] = names_found[row] or township_names[rows_with_shape[j]]
    return names_found


def complete_findings(plan: Plan, findings: list[Finding], texts: Texts, cancellation: Cancellation) -> None:
    """Set township, location, message and fingerprint of findings, in place.

    Their geometries are converted from the plane to the CRS of findings, without the vertices that densification
    added. Raise Cancelled.
    """
    all_shapes = np.array([finding.geometry for finding in findings], dtype=object)
    set_geometries(findings, all_shapes)
    has_place = ~(shapely.is_missing(all_shapes) | shapely.is_empty(all_shapes))
    located = [findings[n] for n in np.flatnonzero(has_place).tolist()]
    # Several rules may report one feature: each shape is located and converted once.
    first_rows, shape_of_finding = find_distinct_shapes(all_shapes[has_place])
    shapes = all_shapes[has_place][first_rows]
    townships = find_township_names_of_points(plan, find_inner_points(shapes))
    stored_shapes = plan.reproject_for_findings(plan.remove_added_vertices(shapes))
    is_kept = np.fromiter(map(is_, shapes, stored_shapes), dtype=bool, count=len(shapes))
    # The centroid in degrees: a representative point would differ in a plane with another orientation.
    centres = shapely.centroid(crs_care.reproject_to_lonlat(shapes, plan.plane_crs))
    places = [(x, y) for x, y in shapely.get_coordinates(centres).tolist()]
    for finding, n in zip(located, shape_of_finding.tolist(), strict=True):
        finding.township, finding.place = townships[n], places[n]
    # Areas by stored vertices: only findings whose area equals the drawn area of their shape get one, if it differs.
    to_lonlat = crs_care.make_lonlat_transformer(plan.plane_crs)
    areas = np.array([np.nan if finding.area_m2 is None else finding.area_m2 for finding in located])
    # Only shapes whose areas are compared are measured.
    drawn_areas = np.full(len(shapes), np.nan)
    rows = np.unique(shape_of_finding[np.isfinite(areas)])
    drawn_areas[rows] = compute_drawn_area(shapes[rows], to_lonlat)
    drawn_areas = drawn_areas[shape_of_finding]
    is_drawn = np.abs(areas - drawn_areas) <= _SAME_M2 + _SAME_SHARE * drawn_areas
    vertex_areas = np.full(len(shapes), np.nan)
    rows = np.unique(shape_of_finding[is_drawn])
    vertex_areas[rows] = measure_statutory_area(plan.remove_added_vertices(shapes[rows]), to_lonlat)
    vertex_areas = vertex_areas[shape_of_finding]
    for n in np.flatnonzero(is_drawn & (np.abs(drawn_areas - vertex_areas) > _SAME_M2)).tolist():
        located[n].by_nodes_m2 = float(vertex_areas[n])
    cancellation.raise_if_cancelled()
    set_fingerprints(findings)
    for number, finding in enumerate(findings):
        if number % _FINDINGS_PER_BATCH == 0:
            cancellation.raise_if_cancelled()
        finding.message = format_message(texts, finding, plan.norm.standard.templates)
    changed = np.flatnonzero(~is_kept[shape_of_finding])
    set_geometries([located[n] for n in changed.tolist()], stored_shapes[shape_of_finding[changed]])

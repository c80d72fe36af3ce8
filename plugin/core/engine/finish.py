# SPDX-License-Identifier: GPL-2.0-or-later
"""Complete findings after all rules have run: township, message, fingerprint.

The module also counts the fallback steps of the run's overlays.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import Cancellation
from ..geometry import crs as crs_care
from ..geometry.statutory_area import compute_drawn_area, measure_statutory_area
from ..messages.texts import Texts
from ..model.findings import Finding, set_fingerprints
from ..plan.plan import Plan


def find_township_name_of_points(plan: Plan, points: Any) -> list[str]:
    """Return for each of (k,) points the name of the township that contains it.

    The name is empty outside all townships, and everywhere if the plan has no layer of townships with names. Points
    are in the plan's plane (metres).
    """
    layer = plan.find_layer_of_concept("townships")
    if layer is None or not layer.has("division_name") or not len(points):
        return [""] * len(points)
    township_names = layer.text("division_name")
    rows_with_shape = np.flatnonzero(layer.has_shape)
    tree = shapely.STRtree(layer.plane[rows_with_shape])
    names_found = [""] * len(points)
    for i, j in zip(*tree.query(points, predicate="intersects"), strict=True):
        names_found[i] = names_found[i] or township_names[rows_with_shape[j]]
    return names_found


#: Number of findings between two checks for cancellation.
_FINDINGS_PER_BATCH = 1000
#: Two areas within this difference (m², and as a share) are equal.
_SAME_M2, _SAME_SHARE = 0.01, 1e-6


def complete_findings(plan: Plan, findings: list[Finding], texts: Texts, cancellation: Cancellation) -> None:
    """Set township, location, message and fingerprint of findings, in place.

    Their geometries are converted from the plane to the CRS of findings, without the vertices that densification
    added. Raise Cancelled.
    """
    located = [f for f in findings if f.geom_kind != "none"]
    shapes = np.array([f.geometry for f in located], dtype=object)
    points = shapely.point_on_surface(shapes)
    for finding, township in zip(located, find_township_name_of_points(plan, points), strict=True):
        finding.township = township
    # The centroid in degrees: a representative point would differ in a plane with another orientation.
    centres = shapely.centroid(crs_care.reproject_to_lonlat(shapes, plan.plane_crs))
    lonlat = shapely.get_coordinates(centres) if len(located) else np.zeros((0, 2))
    for finding, (x, y) in zip(located, lonlat, strict=True):
        finding.place = (float(x), float(y))
    _set_areas_by_vertices(plan, located, shapes)
    rounded_places = {id(f): (round(f.place[0], 5), round(f.place[1], 5)) for f in located if f.place}
    cancellation.raise_if_cancelled()
    set_fingerprints(findings, rounded_places)
    for number, finding in enumerate(findings):
        if number % _FINDINGS_PER_BATCH == 0:
            cancellation.raise_if_cancelled()
        finding.message = texts.format_message(finding, plan.norm.standard.templates)
    for finding, shape in zip(located, plan.reproject_for_findings(plan.remove_added_vertices(shapes)), strict=True):
        finding.geometry = shape


def _set_areas_by_vertices(plan: Plan, located: list[Finding], shapes: NDArray) -> None:
    """Set the area by stored vertices (``by_nodes_m2``) on findings with a shape.

    Only findings whose area equals the drawn area of their shape get the value, and only if it differs from that area.
    """
    if not len(located):
        return
    areas = np.array([np.nan if finding.area_m2 is None else finding.area_m2 for finding in located])
    to_lonlat = crs_care.make_lonlat_transformer(plan.plane_crs)
    drawn_areas, vertex_areas = (
        compute_drawn_area(shapes, to_lonlat),
        measure_statutory_area(plan.remove_added_vertices(shapes), to_lonlat),
    )
    is_different = (np.abs(areas - drawn_areas) <= _SAME_M2 + _SAME_SHARE * drawn_areas) & (
        np.abs(drawn_areas - vertex_areas) > _SAME_M2
    )
    for n in np.flatnonzero(is_different).tolist():
        located[n].by_nodes_m2 = float(vertex_areas[n])


def summarise_fallback_steps(steps: list[dict[str, Any]]) -> dict[str, Any]:
    """Return how often each fallback step of an overlay was used, and all uses.

    A use has the rule, the rows, and the area (m²) that the step changed.
    """
    return {"steps": dict(Counter(step["step"] for step in steps)), "steps_taken": steps}

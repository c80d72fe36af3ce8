# SPDX-License-Identifier: GPL-2.0-or-later
"""Complete findings when all rules are done: township, message, fingerprint.

Also sums the fallback steps of the run.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import Cancellation
from ..geometry import crs as crs_care
from ..geometry.statutory_area import drawn_area, statutory_area
from ..geometry.validity import is_missing
from ..messages.texts import Texts
from ..model.findings import Finding, set_fingerprints
from ..plan.plan import Plan


def find_townships(plan: Plan, points: Any) -> list[str]:
    """Return the name of the township that contains each (k,) point.

    Empty if none does.
    """
    layer = plan.concept("townships")
    if layer is None or not layer.has("division_name") or not len(points):
        return [""] * len(points)
    names = layer.text("division_name")
    present = np.flatnonzero(~is_missing(layer.plane))
    tree = shapely.STRtree(layer.plane[present])
    found = [""] * len(points)
    for i, j in zip(*tree.query(points, predicate="intersects"), strict=True):
        found[i] = found[i] or names[present[j]]
    return found


#: Findings between two reads of the cancellation.
_BATCH = 1000
#: Tolerance (m², and as a share) within which an area equals the area as drawn.
_SAME_M2, _SAME_SHARE = 0.01, 1e-6


def complete_findings(plan: Plan, findings: list[Finding], texts: Texts, cancellation: Cancellation) -> None:
    """Set township, message, fingerprint and shape (original CRS) of findings."""
    placed = [f for f in findings if f.geom_kind != "none"]
    shapes = np.array([f.geometry for f in placed], dtype=object)
    points = shapely.point_on_surface(shapes)
    for finding, township in zip(placed, find_townships(plan, points), strict=True):
        finding.township = township
    # The centroid in degrees: a representative point would differ in a plane with another orientation.
    centres = shapely.centroid(crs_care.to_lonlat(shapes, plan.plane))
    lonlat = shapely.get_coordinates(centres) if len(placed) else np.zeros((0, 2))
    for finding, (x, y) in zip(placed, lonlat, strict=True):
        finding.place = (float(x), float(y))
    _measure_by_nodes(plan, placed, shapes)
    places = {id(f): (round(f.place[0], 5), round(f.place[1], 5)) for f in placed if f.place}
    cancellation.raise_if_cancelled()
    set_fingerprints(findings, places)
    for number, finding in enumerate(findings):
        if number % _BATCH == 0:
            cancellation.raise_if_cancelled()
        finding.message = texts.message(finding, plan.norm.standard.templates)
    for finding, shape in zip(placed, plan.shown(plan.without_added_vertices(shapes)), strict=True):
        finding.geometry = shape


def _measure_by_nodes(plan: Plan, placed: list[Finding], shapes: NDArray) -> None:
    """Set the area by stored vertices on findings whose area is that of their shape.

    It is set only where it differs from the area as drawn.
    """
    if not len(placed):
        return
    areas = np.array([np.nan if f.area_m2 is None else f.area_m2 for f in placed])
    to_lonlat = crs_care.make_lonlat_transformer(plan.plane)
    drawn, by_nodes = drawn_area(shapes, to_lonlat), statutory_area(plan.without_added_vertices(shapes), to_lonlat)
    other = (np.abs(areas - drawn) <= _SAME_M2 + _SAME_SHARE * drawn) & (np.abs(drawn - by_nodes) > _SAME_M2)
    for n in np.flatnonzero(other).tolist():
        placed[n].by_nodes_m2 = float(by_nodes[n])


def sum_fallback_steps(steps: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the number of uses of each fallback step, and each use.

    A use has its rows and the area that it changed.
    """
    return {"steps": dict(Counter(step["step"] for step in steps)), "steps_taken": steps}

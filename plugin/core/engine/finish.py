# SPDX-License-Identifier: GPL-2.0-or-later
"""What findings get when all rules are done: township, sentence, fingerprint; and what was left aside, summed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import shapely

from ..context import Context
from ..findings import set_fingerprints
from ..geometry import crs as crs_care
from ..geometry.validity import missing
from ..plan import Plan
from ..report import Report
from ..texts import Texts

#: Findings between two looks at the cancel button.
_BATCH = 1000


def finish(plan: Plan, report: Report, texts: Texts, check: Callable[[], None]) -> None:
    """Township, sentence and fingerprint of every finding, its shape in the CRS it is given in, and the indicators' names."""
    findings = report.findings
    placed = [f for f in findings if f.geom_kind != "none"]
    shapes = np.array([f.geometry for f in placed], dtype=object)
    points = shapely.point_on_surface(shapes)
    for finding, township in zip(placed, _townships(plan, points), strict=True):
        finding.township = township
    # The centre in degrees: a point on the surface would be another in a plane that is turned against this one.
    centres = shapely.centroid(crs_care.to_lonlat(shapes, plan.plane))
    lonlat = shapely.get_coordinates(centres) if len(placed) else np.zeros((0, 2))
    for finding, (x, y) in zip(placed, lonlat, strict=True):
        finding.place = (float(x), float(y))
    places = {id(f): (round(f.place[0], 5), round(f.place[1], 5)) for f in placed if f.place}
    check()
    set_fingerprints(findings, places)
    for number, finding in enumerate(findings):
        if number % _BATCH == 0:
            check()
        finding.message = texts.message(finding, plan.norm.standard.templates)
    for finding, shape in zip(placed, plan.shown(plan.stored_only(shapes)), strict=True):
        finding.geometry = shape
    for indicator in report.indicators:
        name = texts.indicator(indicator.id)
        indicator.name = (
            texts.get("words", "figure_of_place", name=name, place=indicator.place) if indicator.place else name
        )


def _townships(plan: Plan, points: Any) -> list[str]:
    layer = plan.concept("townships")
    if layer is None or not layer.has("division_name") or not len(points):
        return [""] * len(points)
    names = layer.text("division_name")
    present = np.flatnonzero(~missing(layer.plane))
    tree = shapely.STRtree(layer.plane[present])
    found = [""] * len(points)
    for i, j in zip(*tree.query(points, predicate="intersects"), strict=True):
        found[i] = found[i] or names[present[j]]
    return found


def summed_steps(steps: list[dict[str, Any]]) -> dict[str, Any]:
    """How often each step of the ladder was taken, and each time: for which rows, and what area it changed."""
    return {"steps": dict(Counter(step["step"] for step in steps)), "steps_taken": steps}


def summed_slivers(plan: Plan, ignored: dict[str, list[Any]], limits: Any) -> dict[str, Any]:
    context = Context(plan, plan.norm, limits)
    by_rule = {
        code: {"count": len(shapes), "area_m2": round(float(context.statutory(shapes).sum()), 6)}
        for code, shapes in ignored.items()
    }
    return {
        "ignored_slivers": sum(r["count"] for r in by_rule.values()),
        "ignored_area_m2": round(sum(r["area_m2"] for r in by_rule.values()), 6),
        "ignored_by_rule": by_rule,
    }

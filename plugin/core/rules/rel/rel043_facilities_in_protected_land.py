# SPDX-License-Identifier: GPL-2.0-or-later
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._places import find_usable_layer_or_note_reason
from .._reserves import CORE_SETTINGS, find_core_rows_or_note_reason, name_sites, subtract_parts_in_core

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
OVERLAPPING_WKT = "POLYGON ((90 0, 190 0, 190 100, 90 100, 90 0))"
WIDE_WKT = "POLYGON ((0 0, 500 0, 500 100, 0 100, 0 0))"
CORE = {"wkt": SQUARE_WKT, "feature_name": "恒山自然保护区核心保护区"}
ROAD, PLANT = (
    {"wkt": "LINESTRING (-50 50, 800 50)", "feature_name": "高速公路"},
    {"wkt": "POINT (50 50)", "feature_name": "水厂"},
)


@dataclass
class FacilityParts:
    """Parts of facilities in a line: (k,) row of the facility, row of the line, shape of the part."""

    row: NDArray
    line_row: NDArray
    shape: NDArray

    def select(self, kept: NDArray) -> "FacilityParts":
        """Return the parts that ``kept`` ((k,) bool) selects."""
        return FacilityParts(self.row[kept], self.line_row[kept], self.shape[kept])


@rule(
    "REL043",
    "facilities-in-protected-land",
    problem="Major facilities are in a core zone, the red line or permanent basic farmland",
    severity=Severity.WARNING,
    basis=["red-line-activities", "red-line-142", "order-17"],
    needs={
        "red_line": LayerNeed("red_line", optional=True),
        "reserves": LayerNeed("reserves", reads=("feature_name",), optional=True),
        "farmland": LayerNeed("farmland", optional=True),
    },
    uses=["tolerance", *CORE_SETTINGS, "protected.facility_layers", "protected.min_facility_m", "protected.min_present_m2"],
    messages={
        "core": "{layer} ({key}, “{name}”) is in the core zone “{site}” ({related_layer}); the part there: {value} {unit}. Human "
        "activities are in principle excluded there. Choose another place or route; for a tunnel or an approved "
        "project, waive the finding and give the document; correct a point that only shows the place roughly.",
        "red_line": "{layer} ({key}, “{name}”) is in {related_layer} ({related_key}), outside core zones; the part there: {value} {unit}. "
        "Only facilities that cannot avoid the line are allowed there. Compare with the plan's text: if it cannot be "
        "avoided, prove it there; for an existing facility, a tunnel or a rough drawing, no action is needed.",
        "farmland": "{layer} ({key}, “{name}”) is in {related_layer} ({related_key}); the part there: {value} {unit}. Compare with "
        "the plan's text: only approved projects may occupy permanent basic farmland; for an existing facility, a "
        "bridge, a tunnel or a rough drawing, no action is needed.",
    },
    fails=[
        RuleExample("a motorway through the core zone", {"ZDJTJCSSX": [ROAD], "reserves": [CORE]}, finds=1),
        RuleExample("core zone, the rest of the red line, and fields", {"ZDJTJCSSX": [ROAD], "reserves": [CORE], "red_line": [WIDE_WKT],
                "farmland": ["POLYGON ((500 0, 900 0, 900 100, 500 100, 500 0))"]}, finds=3),
        RuleExample("water works in the core zone are not in the red line, too", {"ZDJCSSD": [PLANT], "reserves": [CORE], "red_line": [WIDE_WKT]}, finds=1),
        RuleExample("water works on a field", {"ZDJCSSD": [PLANT], "farmland": [SQUARE_WKT]}, finds=1),
        RuleExample("a station with an area", {"ZDJTJCSSM": [{"wkt": OVERLAPPING_WKT, "feature_name": "车站"}], "farmland": [SQUARE_WKT]}, finds=1, areas=(1000.0,)),
        RuleExample("a road of two segments and one without a name", {"ZDJTJCSSX": [{**ROAD, "wkt": "LINESTRING (0 50, 200 50)"}, {**ROAD, "wkt": "LINESTRING (200 50, 400 50)"},
                {"wkt": "LINESTRING (0 20, 400 20)"}], "red_line": [WIDE_WKT]}, finds=2),
    ],
    passes=[
        RuleExample("outside", {"ZDJTJCSSX": ["LINESTRING (0 150, 500 150)"], "ZDJCSSD": ["POINT (50 150)"], "reserves": [CORE], "red_line": [WIDE_WKT]}),
        RuleExample("along the edge", {"ZDJTJCSSX": ["LINESTRING (0 0, 500 0)"], "red_line": [WIDE_WKT]}),
        RuleExample("a corner cut by a rough line", {"ZDJTJCSSX": ["LINESTRING (-10 50, 10 -50, 30 50)"], "red_line": [SQUARE_WKT]}),
        RuleExample("no facilities", {"red_line": [WIDE_WKT]}),
    ],
)  # fmt: skip
def facilities_in_protected_land(
    red_line: Layer | None, reserves: Layer | None, farmland: Layer | None, *, ctx: RuleContext
) -> RuleResult:
    """Major facilities avoid core zones, the red line and permanent basic farmland.

    What it checks
        Points, lines and areas of the layers in `protected.facility_layers` (重大交通、重大基础设施) in the 核心保护区
        of a 自然保护地, a warning; in the rest of 生态保护红线 and in 永久基本农田, as information. One finding for each
        name (MC) and line, with number, length or area.
    Why
        Core zones exclude human activities; in the red line and in permanent basic farmland only projects that cannot
        avoid them are allowed, after approval. A plan shows that it considered another route.
    How to fix
        Choose another place or route, or state in the plan why the facility cannot avoid the line.
    Limits
        The layers do not show what exists and what is planned, nor what is above or below ground: their field tables
        were not read (C). Features of a name are one finding, those without a name another. Lines count from
        `protected.min_facility_m` on, areas from `protected.min_present_m2` on. REL038 compares planned land use. Runs
        for a whole county, by name or with the group control_lines.
    """
    result = RuleResult(is_applicable=False)
    is_core = np.zeros(0, dtype=bool)
    for role in ctx.norm.get("protected.facility_layers"):
        facilities = find_usable_layer_or_note_reason(str(role), ctx, result)
        if facilities is None or (red_line is None and reserves is None and farmland is None):
            continue
        if reserves is not None and not len(is_core):
            is_core = find_core_rows_or_note_reason(reserves, ctx, result)
        result.is_applicable = True
        in_core = FacilityParts(np.zeros(0, dtype=int), np.zeros(0, dtype=int), np.zeros(0, dtype=object))
        if reserves is not None and is_core.any():
            in_core = _find_parts(facilities, reserves, ctx)
            in_core = in_core.select(is_core[in_core.line_row])
            result.findings += _report("core", facilities, reserves, in_core, ctx)
        if red_line is not None:
            in_red_line = _leave_out_core(_find_parts(facilities, red_line, ctx), in_core)
            result.findings += _report("red_line", facilities, red_line, in_red_line, ctx)
        if farmland is not None:
            in_farmland = _find_parts(facilities, farmland, ctx)
            result.findings += _report("farmland", facilities, farmland, in_farmland, ctx)
    return result


def _find_parts(facilities: Layer, line: Layer, ctx: RuleContext) -> FacilityParts:
    """Return the parts of points, lines or polygons inside the polygons of a line."""
    if facilities.template.geometry == "polygon":
        parts = ctx.geometry.find_shared_parts(facilities, line, measured=True)
        return FacilityParts(parts.left, parts.right, parts.geometry)
    inside = ctx.geometry.find_point_line_parts_inside(facilities, line)
    return FacilityParts(inside.point_or_line_row, inside.polygon_row, inside.part_shape)


def _leave_out_core(parts: FacilityParts, in_core: FacilityParts) -> FacilityParts:
    """Return parts without the parts of the same facilities in core zones."""
    shapes = subtract_parts_in_core(parts.row, parts.shape, in_core.row, in_core.shape)
    return FacilityParts(parts.row, parts.line_row, shapes).select(~shapely.is_empty(shapes))


def _report(case: str, facilities: Layer, line: Layer, parts: FacilityParts, ctx: RuleContext) -> list[Finding]:
    """Return one finding for each name of facilities with enough of them in a line."""
    facility_names = np.array(facilities.text("feature_name"), dtype=object)[parts.row]
    findings = []
    for name in dict.fromkeys(facility_names.tolist()):
        of_name = parts.select(facility_names == name)
        extent = _measure(facilities, of_name, ctx)
        if extent is None:
            continue
        largest_part = int(np.argmax(shapely.area(of_name.shape) + shapely.length(of_name.shape)))
        params: dict[str, Any] = {"name": name or "—", **extent}
        if case == "core":
            params["site"] = name_sites(line, of_name.line_row)
        finding = ctx.finding_maker.make_row_finding(
            facilities,
            int(of_name.row[largest_part]),
            case=case,
            severity=Severity.WARNING if case == "core" else Severity.INFO,
            params=params,
            geometry=ctx.geometry.unite_shapes(of_name.shape),
            related_role=line.role,
            related_keys=[line.keys[int(of_name.line_row[largest_part])]],
        )
        if extent["unit"] == "ha":
            finding.area_m2 = 1e4 * extent["value"]
        findings.append(finding)
    return findings


def _measure(facilities: Layer, parts: FacilityParts, ctx: RuleContext) -> dict[str, Any] | None:
    """Return number, length or area of parts as parameters of a message; None below the limit."""
    if facilities.template.geometry == "point":
        return {"value": len(np.unique(parts.row)), "unit": "place"}
    if facilities.template.geometry == "line":
        length = float(shapely.length(shapely.union_all(parts.shape)))
        return {"value": length, "unit": "m"} if length >= float(ctx.norm.get("protected.min_facility_m")) else None
    area = float(ctx.geometry.measure_statutory_areas([ctx.geometry.unite_shapes(parts.shape)]).sum())
    return {"value": area / 1e4, "unit": "ha"} if area >= float(ctx.norm.get("protected.min_present_m2")) else None

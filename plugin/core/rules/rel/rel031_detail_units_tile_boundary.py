# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import Context
from ...geometry.polygons import Polygons
from ...model.findings import Finding
from ...model.rule import Example, Need, RuleResult, Severity, rule
from ...plan.layer import Layer

SQUARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
WEST = "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))"
EAST = "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))"
WINDOW = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (40 40, 60 40, 60 60, 40 60, 40 40))"
RING = "POLYGON ((0 0, 110 0, 110 100, 0 100, 0 0), (40 40, 60 40, 60 60, 40 60, 40 40))"


@rule(
    "REL031",
    "detail-units-tile-boundary",
    problem="Detail planning units leave gaps or overlap",
    severity=Severity.WARNING,
    basis=["centre-checks"],
    needs={"detail_units": Need("detail_units"), "boundary": Need("boundary"), "centre": Need("centre")},
    uses=["tolerance"],
    messages={
        "gap": "No unit of {layer} covers {area} of {related_layer} ({related_key}) in the central urban area (width {width} m). Extend the neighbouring unit, or add one.",
        "overlap": "The units {key} and {related_key} of {layer} share {area} (width {width} m). Each place belongs to one detailed plan: move one of them back.",
    },
    fails=[
        Example("half without a unit", {"detail_units": [WEST], "boundary": [SQUARE], "centre": [SQUARE]}, finds=1, areas=(5000.0,)),
        Example("two units on one place", {"detail_units": [SQUARE, EAST], "boundary": [SQUARE], "centre": [SQUARE]}, finds=1,
                areas=(5000.0,)),
    ],
    passes=[
        Example("tiled", {"detail_units": [WEST, EAST], "boundary": [SQUARE], "centre": [SQUARE]}),
        Example("the boundary outside the centre has no units here", {"detail_units": [WEST], "boundary": [SQUARE], "centre": [WEST]}),
        Example("a window in the boundary needs none, a unit may reach beyond",
                {"detail_units": [RING], "boundary": [WINDOW], "centre": [SQUARE]}),
        Example("boundary and centre apart", {"detail_units": [WEST], "boundary": [EAST], "centre": [WEST]}),
    ],
)  # fmt: skip
def detail_units_tile_boundary(detail_units: Layer, boundary: Layer, centre: Layer, *, ctx: Context) -> RuleResult:
    """Units of detailed plans tile the boundary in the central urban area.

    What it checks
        The part of 城镇开发边界 inside 中心城区范围: connected parts outside all 详细规划编制单元, and units that
        share area.
    Why
        Building permits are based on detailed plans: a place outside all units cannot be built on, one in two units
        has two plans.
    How to fix
        Extend or add units along roads and rivers until they fill the boundary; move one unit back where two overlap.
    Limits
        Units may extend beyond the boundary. Windows (holes of the boundary) need no unit. Inferred, mark C. Runs by
        name or with its group.
    """
    inside = ctx.geometry.shared(boundary, centre)
    result = RuleResult(applicable=bool(len(inside)))
    for n, row in enumerate(inside.left.tolist()):
        parts = ctx.geometry.uncovered_shape(boundary, Polygons(inside.geometry[n : n + 1]), detail_units, row=row)
        areas = ctx.geometry.statutory(parts.geometry)
        for k in range(len(parts)):
            finding = Finding(
                detail_units.role, related_role=boundary.role, related_keys=[boundary.keys[row]], case="gap"
            )
            finding.area_m2, finding.width_m = float(areas[k]), float(parts.width[k])
            finding.geometry = parts.geometry[k]
            if row in boundary.repeated_keys:
                finding.params["related_fid"] = boundary.fids[row]
            result.findings += ctx.make.by_place([finding])
    overlaps = ctx.geometry.shared(detail_units)
    result.findings += ctx.make.pairs(detail_units, detail_units, overlaps, case="overlap")
    result.applicable = result.applicable or bool(result.findings)
    return result

# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext
from ...geometry.polygons import Polygons
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
WEST_HALF_WKT = "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))"
EAST_HALF_WKT = "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))"
SQUARE_WITH_HOLE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (40 40, 60 40, 60 60, 40 60, 40 40))"
WIDER_RING_WKT = "POLYGON ((0 0, 110 0, 110 100, 0 100, 0 0), (40 40, 60 40, 60 60, 40 60, 40 40))"


@rule(
    "REL031",
    "detail-units-tile-boundary",
    problem="Detail planning units leave gaps or overlap",
    severity=Severity.WARNING,
    basis=["centre-checks"],
    needs={"detail_units": LayerNeed("detail_units"), "boundary": LayerNeed("boundary"), "centre": LayerNeed("centre")},
    uses=["tolerance"],
    messages={
        "gap": "No unit of {layer} covers {area} of {related_layer} ({related_key}) in the central urban area (width "
        "{width} m). Compare with the approved division into units: extend the unit to which the land belongs, or "
        "draw a missing one.",
        "overlap": "The units {key} and {related_key} of {layer} overlap by {area} (width {width} m). Each place "
        "belongs to one detailed-planning unit. Compare with the approved division into units, and cut the unit that "
        "differs from it back to the shared edge.",
    },
    fails=[
        RuleExample("half without a unit", {"detail_units": [WEST_HALF_WKT], "boundary": [SQUARE_WKT], "centre": [SQUARE_WKT]}, finds=1, areas=(5000.0,)),
        RuleExample("two units on one place", {"detail_units": [SQUARE_WKT, EAST_HALF_WKT], "boundary": [SQUARE_WKT], "centre": [SQUARE_WKT]}, finds=1,
                areas=(5000.0,)),
    ],
    passes=[
        RuleExample("tiled", {"detail_units": [WEST_HALF_WKT, EAST_HALF_WKT], "boundary": [SQUARE_WKT], "centre": [SQUARE_WKT]}),
        RuleExample("the boundary outside the centre has no units here", {"detail_units": [WEST_HALF_WKT], "boundary": [SQUARE_WKT], "centre": [WEST_HALF_WKT]}),
        RuleExample("a window in the boundary needs none, a unit may reach beyond",
                {"detail_units": [WIDER_RING_WKT], "boundary": [SQUARE_WITH_HOLE_WKT], "centre": [SQUARE_WKT]}),
        RuleExample("boundary and centre apart", {"detail_units": [WEST_HALF_WKT], "boundary": [EAST_HALF_WKT], "centre": [WEST_HALF_WKT]}),
    ],
)  # fmt: skip
def detail_units_tile_boundary(detail_units: Layer, boundary: Layer, centre: Layer, *, ctx: RuleContext) -> RuleResult:
    """Detailed-planning units tile the boundary in the central urban area.

    What it checks
        The part of 城镇开发边界 inside 中心城区范围: connected parts outside all 详细规划编制单元, and units that
        share area.
    Why
        Building permits are based on detailed plans: a place outside all units cannot be built on, one in two units
        has two plans.
    How to fix
        Extend or add units along roads and rivers until they fill the boundary; move one unit back where two overlap.
    Limits
        Units may extend beyond the boundary. Windows (holes of the boundary) need no unit. No norm that was read states
        this: it is inferred (mark C). Runs by default for a whole county (scope county), else if the rule or its group
        centre is selected.
    """
    boundary_in_centre = ctx.geometry.find_shared_pieces(boundary, centre)
    result = RuleResult(is_applicable=bool(len(boundary_in_centre)))
    for n, row in enumerate(boundary_in_centre.left.tolist()):
        gap_pieces = ctx.geometry.find_uncovered_pieces_of_outline(
            boundary, Polygons(boundary_in_centre.geometry[n : n + 1]), detail_units, row=row
        )
        areas = ctx.geometry.measure_drawn_areas(gap_pieces.geometry)
        for k in range(len(gap_pieces)):
            finding = Finding(
                detail_units.role,
                related_role=boundary.role,
                related_keys=[boundary.keys[row]],
                case="gap",
                params={"related_fid": boundary.fids[row]} if row in boundary.repeated_keys else {},
                area_m2=float(areas[k]),
                width_m=float(gap_pieces.width[k]),
                geometry=gap_pieces.geometry[k],
            )
            result.findings += ctx.finding_maker.mark_findings_by_location([finding])
    overlaps = ctx.geometry.find_shared_pieces(detail_units)
    result.findings += ctx.finding_maker.make_pair_findings(detail_units, detail_units, overlaps, case="overlap")
    result.is_applicable = result.is_applicable or bool(result.findings)
    return result

# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on layers and zones inside the centre and the boundary."""

import numpy as np

from ...engine.context import RuleContext
from ...geometry.polygons import Polygons
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import explain_missing_fields
from .._places import (
    EAST_HALF_WKT,
    SQUARE_WKT,
    WEST_HALF_WKT,
    WIDER_WKT,
    compare_zones_with_line,
    find_usable_layer_or_note_reason,
    make_findings_of_pieces,
)


@rule(
    "REL030",
    "centre-zones-in-centre",
    problem="Zones of the central urban area do not fill it",
    severity=Severity.WARNING,
    local=True,
    basis=["centre-checks"],
    needs={"centre_zones": LayerNeed("centre_zones", covers=True), "centre": LayerNeed("centre", covers=True)},
    uses=["tolerance"],
    messages={
        "zone_outside_line": "{layer} ({key}) reaches {area} beyond the central urban area in {related_layer} (width "
        "{width} m). {there} Compare with the approved central urban area: cut a wrong zone back to it, or correct "
        "the area's layer if it differs from the document.",
        "line_outside_zone": "{area} of the central urban area in {related_layer} ({related_key}) is in no zone of "
        "{layer} (width {width} m); zones must cover all of it. {there} Compare with the approved map of these "
        "zones: extend the neighbouring zone to which the land belongs, draw a missing zone, or correct an area that "
        "was drawn too large.",
    },
    fails=[
        RuleExample("zone beyond", {"centre_zones": [WIDER_WKT], "centre": [SQUARE_WKT]}, finds=1, areas=(1000.0,)),
        RuleExample("gap", {"centre_zones": ["POLYGON ((0 0, 100 0, 100 90, 0 90, 0 0))"], "centre": [SQUARE_WKT]}, finds=1, areas=(1000.0,)),
    ],
    passes=[
        RuleExample("two zones fill it", {"centre_zones": ["POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))",
                                                       "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))"], "centre": [SQUARE_WKT]}),
    ],
)  # fmt: skip
def zones_fill_central_area(centre_zones: Layer, centre: Layer, *, ctx: RuleContext) -> list[Finding]:
    """The zones of the central urban area fill its extent.

    What it checks
        In both directions: parts of 中心城区规划分区 outside 中心城区范围, and parts of that extent in none of its
        zones.
    Why
        The detailed zones apply in the central urban area only, and everywhere in it: the county's zones apply
        outside.
    How to fix
        Use the edge of the extent for the outermost zones; close gaps by extending the neighbouring zone. If a
        larger area was approved, extend the central urban area by that document.
    Limits
        TOP001 reports overlaps of zones. No norm that was read states this: it is inferred (mark C). Does not run by
        default: select the rule or its group centre.
    """
    return compare_zones_with_line(centre_zones, np.ones(len(centre_zones), dtype=bool), centre, ctx)


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
                {"detail_units": ["POLYGON ((0 0, 110 0, 110 100, 0 100, 0 0), (40 40, 60 40, 60 60, 40 60, 40 40))"], "boundary": ["POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (40 40, 60 40, 60 60, 40 60, 40 40))"], "centre": [SQUARE_WKT]}),
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
            result.findings.append(
                Finding(
                    detail_units.role,
                    related_role=boundary.role,
                    related_keys=[boundary.keys[row]],
                    case="gap",
                    params={"related_fid": boundary.fids[row]} if row in boundary.repeated_keys else {},
                    area_m2=float(areas[k]),
                    width_m=float(gap_pieces.width[k]),
                    geometry=gap_pieces.geometry[k],
                    by_place=True,
                )
            )
    result.findings += ctx.make_pair_findings(
        detail_units, detail_units, ctx.geometry.find_shared_pieces(detail_units), case="overlap"
    )
    result.is_applicable = result.is_applicable or bool(result.findings)
    return result


@rule(
    "REL032",
    "village-zone-in-boundary",
    problem="A village building zone exceeds its boundary",
    severity=Severity.WARNING,
    basis=["centre-checks", "zoning-guide"],
    needs={},
    uses=["tolerance", "zones.codes"],
    messages={
        "": "The village construction zone of {layer} ({key}) reaches {area} beyond {related_layer} (width {width} "
        "m). Compare with the approved results: cut a wrong zone back to the boundary; correct a boundary that was "
        "drawn wrongly or enlarged with approval, by that document."
    },
    fails=[
        RuleExample("zone beyond the boundary", {"YDYHGHFQ": [{"wkt": WIDER_WKT, "zone_code": "510"}], "CZJSBJ": [SQUARE_WKT]}, finds=1,
                areas=(1000.0,), standard="township_db"),
    ],
    passes=[
        RuleExample("within", {"YDYHGHFQ": [{"wkt": SQUARE_WKT, "zone_code": "510"}], "CZJSBJ": [WIDER_WKT]}, standard="township_db"),
        RuleExample("other zones lie where they do", {"YDYHGHFQ": [{"wkt": WIDER_WKT, "zone_code": "520"}], "CZJSBJ": [SQUARE_WKT]},
                standard="township_db"),
        RuleExample("the county's plan has no such boundary", {"YDYHGHFQ": [{"wkt": WIDER_WKT, "zone_code": "510"}]}),
    ],
)  # fmt: skip
def village_zone_in_boundary(*, ctx: RuleContext) -> RuleResult:
    """Village construction zones are within the village construction boundary.

    What it checks
        Connected parts of 村庄建设区 (by the zone's code) that no 村庄建设边界 (CZJSBJ) covers.
    Why
        A village may build inside the boundary only; a zone beyond it plans for land that cannot be granted.
    How to fix
        Cut the zone back to the boundary, or extend the boundary with its document.
    Limits
        Township and village plans only: the county's tables have no such boundary. Zone codes (`[zones]
        village_building`) are marked C. A boundary larger than the zones is valid. Does not run by default: select the
        rule or its group centre.
    """
    result = RuleResult(is_applicable=False)
    zones, boundary = (
        find_usable_layer_or_note_reason("zones", ctx, result),
        find_usable_layer_or_note_reason("CZJSBJ", ctx, result),
    )
    if zones is None or boundary is None:
        return result
    if not zones.has_field("zone_code"):
        result.not_checked.append(explain_missing_fields(zones, "zone_code"))
        return result
    village_rows = ctx.find_rows_with_code(zones, "zone_code", ctx.norm.get("zones.village_building"))
    pieces = ctx.geometry.find_uncovered_pieces(zones, boundary, rows=village_rows)
    result.findings = ctx.make_pair_findings(zones, boundary, pieces, by_place=True)
    result.is_applicable = bool(village_rows.any())
    return result


@rule(
    "REL033",
    "centre-layers-in-centre",
    problem="Layers of the central urban area exceed it",
    severity=Severity.WARNING,
    basis=["centre-checks"],
    needs={"layer": LayerNeed(EVERY_LAYER), "centre": LayerNeed("centre")},
    uses=["tolerance"],
    messages={
        "": "{layer} ({key}) reaches {area} beyond the central urban area in {related_layer} (width {width} m). "
        "Compare with the approved central urban area: cut a wrong feature back to it, or correct the area's layer "
        "if it differs from the document.",
        "point": "{layer} ({key}) is outside the central urban area in {related_layer}. Compare its position with "
        "the approved plan: move a wrong point, remove a point outside the area from this layer, or correct the "
        "area's layer if it differs from the document.",
        "line": "{layer} ({key}) runs {length} m outside the central urban area in {related_layer}. Compare with the "
        "approved central urban area: if it is right, cut the line at its edge; correct the area's layer if it "
        "differs from the document.",
    },
    fails=[
        RuleExample("a green line beyond", {"layer": [WIDER_WKT], "centre": [SQUARE_WKT]}, finds=1, areas=(1000.0,), roles={"layer": "ZXCQCSLVX"}),
        RuleExample("a road that runs out", {"layer": ["LINESTRING (50 50, 150 50)"], "centre": [SQUARE_WKT]}, finds=1, roles={"layer": "ZXCQDLZXX"}),
        RuleExample("a school outside", {"layer": ["POINT (150 50)"], "centre": [SQUARE_WKT]}, finds=1, roles={"layer": "ZXCQGGFWSSD"}),
    ],
    passes=[
        RuleExample("to the edge", {"layer": [SQUARE_WKT], "centre": [WIDER_WKT]}, roles={"layer": "ZXCQCSLX"}),
        RuleExample("a road to the edge, a stop on it", {"layer": ["LINESTRING (50 50, 100 50)", "POINT (100 50)"], "centre": [SQUARE_WKT]},
                roles={"layer": "ZXCQDLZXX"}),
        RuleExample("layers of the whole county go where they do", {"layer": [WIDER_WKT], "centre": [SQUARE_WKT]}, roles={"layer": "YDYHGHFQ"}),
        RuleExample("its zones are another rule's", {"layer": [WIDER_WKT], "centre": [SQUARE_WKT]}, roles={"layer": "ZXCQGHFQ"}),
    ],
)  # fmt: skip
def central_area_layers_within_extent(layer: Layer, centre: Layer, *, ctx: RuleContext) -> list[Finding] | None:
    """Layers of the central urban area are within its extent.

    What it checks
        Every layer of the group 中心城区 (land use, the four lines, facilities, intensity, units …): connected parts
        of polygons, points and stretches of lines outside 中心城区范围.
    Why
        These layers are drawn for the central urban area and apply nowhere else; the county's layers apply outside
        its extent.
    How to fix
        Cut them back to the extent; if the extent is outdated, extend it with its document.
    Limits
        REL030 checks the zones of the centre. That streets and rivers end at the extent is inferred (mark C). Runs by
        default for a whole county (scope county), else if the rule or its group centre is selected.
    """
    extent_roles = {
        centre_layer.role
        for c in ("centre", "centre_zones")
        if (centre_layer := ctx.plan.find_layer_of_concept(c)) is not None
    }
    if layer.template.group != centre.template.group or layer.role in extent_roles or layer.template.base:
        return None
    if layer.template.geometry == "polygon":
        return ctx.make_pair_findings(layer, centre, ctx.geometry.find_uncovered_pieces(layer, centre), by_place=True)
    return list(make_findings_of_pieces(layer, centre, ctx.geometry.find_point_line_pieces_outside(layer, centre), ctx))

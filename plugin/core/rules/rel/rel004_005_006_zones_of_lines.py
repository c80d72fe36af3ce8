# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on planning zones that must cover the land of a control line."""

from ...engine.context import RuleContext
from ...geometry.overlay_pieces import OverlayPieces
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.messages.clauses import describe_limit_origin
from ...standard.messages.numbers import format_number, round_unlike_limit
from .._places import (
    CONTROL_LINE_OVERLAPS,
    SQUARE_KM_WKT,
    SQUARE_WKT,
    WIDER_WKT,
    compare_zones_with_line,
    find_limit_origin,
    record_features_at_findings,
)

#: Setting: True if zone and line cover the same land in this county.
PROTECTION_SWITCH = "zones.protection_is_red_line"


def _compare_unless_switched_off(
    switch: str, zones: Layer, zone_setting: str, line: Layer, ctx: RuleContext
) -> list[Finding] | RuleResult:
    """Return findings where the zones of a setting and their control line differ, unless the county does not want it."""
    if not ctx.norm.get(switch):
        return RuleResult(is_applicable=False, switched_off=switch, notes=[("switched_off", {"setting": switch})])
    return compare_zones_with_line(
        zones, ctx.find_rows_with_code(zones, "zone_code", ctx.norm.get(zone_setting)), line, ctx
    )


@rule(
    "REL004",
    "protection-zone-is-red-line",
    problem="Ecological protection zone and red line differ",
    overlaps_first=dict.fromkeys(("zone_outside_line", "line_outside_zone"), CONTROL_LINE_OVERLAPS),
    local=True,
    concurrent=True,
    severity=Severity.WARNING,
    basis=["zoning-guide", "hunyuan-plan"],
    needs={"zones": LayerNeed("zones", fields=("zone_code",), covers=True), "red_line": LayerNeed("red_line", covers=True)},
    uses=["tolerance", "zones.codes", PROTECTION_SWITCH],
    messages={
        "zone_outside_line": "The ecological protection zone ({layer} {key}) reaches {area} beyond {related_layer} (width {width} m); "
        "both must cover the same land. {there} {overlaps_first}Compare with the approved result: if the layer of the red "
        "line lacks land, draw it; otherwise cut the zone back to the edge of the approved red line, and assign the "
        "land to other zones without gaps.",
        "line_outside_zone": "{area} of {related_layer} ({related_key}) is in no ecological protection zone of {layer} (width {width} "
        "m); both must cover the same land. {there} {overlaps_first}Compare with the approved result: for land of the "
        "approved red line, extend the zone to its edge and cut other zones back; delete other land from the layer "
        "of the red line.",
        "zone_outside_line_narrow_place": "The ecological protection zone ({layer} {key}) reaches {area} beyond {related_layer} in a "
        "strip {width} m wide; both must cover the same land. {there} The edges are probably not snapped, or a fragment was drawn by mistake: snap the zone "
        "to the approved edge of the red line; assign a fragment to the adjacent zone.",
        "line_outside_zone_narrow_place": "{area} of {related_layer} ({related_key}) is in no ecological protection zone of {layer}, in a "
        "strip {width} m wide; both must cover the same land. {there} The edges are probably not snapped, or a fragment was drawn by mistake: snap the zone "
        "to the approved edge of the red line; delete a fragment that was not approved from the layer of the red line.",
    },
    fails=[
        RuleExample("zone wider", {"zones": [{"wkt": WIDER_WKT, "zone_code": "100"}], "red_line": [SQUARE_WKT]}, finds=1, areas=(1000.0,)),
        RuleExample("line wider", {"zones": [{"wkt": SQUARE_WKT, "zone_code": "100"}], "red_line": [WIDER_WKT]}, finds=1, areas=(1000.0,)),
        RuleExample("no such zone at all", {"zones": [{"wkt": SQUARE_WKT, "zone_code": "500"}], "red_line": [SQUARE_WKT]}, finds=1, areas=(10000.0,)),
    ],
    passes=[
        RuleExample("equal", {"zones": [{"wkt": SQUARE_WKT, "zone_code": "100"}], "red_line": [SQUARE_WKT]}),
        RuleExample("county counts otherwise", {"zones": [{"wkt": WIDER_WKT, "zone_code": "100"}], "red_line": [SQUARE_WKT]},
                settings={"zones.protection_is_red_line": False}),
    ],
)  # fmt: skip
def protection_zone_is_red_line(zones: Layer, red_line: Layer, *, ctx: RuleContext) -> list[Finding] | RuleResult:
    """The ecological protection zone equals the red line.

    What it checks
        In both directions: parts of 生态保护区 outside 生态保护红线, and parts of the red line outside such zones.
    Why
        The zone follows the line; where they differ, two sets of requirements apply to the same land.
    How to fix
        Give the zone the edge of the approved red line. Draw what the red line layer lacks of the approved result,
        and delete fragments that do not belong to it.
    Limits
        The zone codes are marked C. Set `[zones] protection_is_red_line = false` if the county's plan differs.
    """
    return _compare_unless_switched_off(PROTECTION_SWITCH, zones, "zones.protection", red_line, ctx)


#: Setting: True if zone and line cover the same land in this county.
URBAN_SWITCH = "zones.urban_is_boundary"


@rule(
    "REL005",
    "urban-zone-is-boundary",
    problem="Urban development zone and boundary differ",
    overlaps_first=dict.fromkeys(("zone_outside_line", "line_outside_zone"), CONTROL_LINE_OVERLAPS),
    local=True,
    concurrent=True,
    severity=Severity.WARNING,
    basis=["zoning-guide", "hunyuan-plan"],
    needs={"zones": LayerNeed("zones", fields=("zone_code",), covers=True), "boundary": LayerNeed("boundary", covers=True)},
    uses=["tolerance", "zones.codes", URBAN_SWITCH],
    messages={
        "zone_outside_line": "The urban development zone ({layer} {key}) reaches {area} beyond {related_layer} (width {width} m); both "
        "must cover the same land. {there} {overlaps_first}Compare with the approved result: if the layer of the boundary "
        "lacks land, draw it; otherwise cut the zone back to the edge of the approved boundary, and assign the land "
        "to other zones without gaps.",
        "line_outside_zone": "{area} of {related_layer} ({related_key}) is in no urban development zone of {layer} (width {width} m); "
        "both must cover the same land. {there} {overlaps_first}Compare with the approved result: delete land that is not in "
        "it from {related_layer}; for other land, extend the urban development zone to the edge of the approved "
        "boundary and cut other zones back.",
        "zone_outside_line_narrow_place": "The urban development zone ({layer} {key}) reaches {area} beyond {related_layer} in a "
        "strip {width} m wide; both must cover the same land. {there} The edges are probably not snapped, or a fragment was drawn by mistake: snap the zone "
        "to the approved edge of the boundary; assign a fragment to the adjacent zone.",
        "line_outside_zone_narrow_place": "{area} of {related_layer} ({related_key}) is in no urban development zone of {layer}, in a "
        "strip {width} m wide; both must cover the same land. {there} The edges are probably not snapped, or a fragment was drawn by mistake: snap the zone "
        "to the approved edge of the boundary; delete a fragment that was not approved from the layer of the boundary.",
    },
    fails=[
        RuleExample("zone wider", {"zones": [{"wkt": WIDER_WKT, "zone_code": "410"}], "boundary": [SQUARE_WKT]}, finds=1, areas=(1000.0,)),
        RuleExample("boundary wider", {"zones": [{"wkt": SQUARE_WKT, "zone_code": "400"}], "boundary": [WIDER_WKT]}, finds=1, areas=(1000.0,)),
    ],
    passes=[
        RuleExample("two kinds of zone make one boundary", {"zones": [
            {"wkt": "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))", "zone_code": "411"},
            {"wkt": "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))", "zone_code": "420"}], "boundary": [SQUARE_WKT]}),
        RuleExample("county counts otherwise", {"zones": [{"wkt": WIDER_WKT, "zone_code": "410"}], "boundary": [SQUARE_WKT]},
                settings={"zones.urban_is_boundary": False}),
    ],
)  # fmt: skip
def urban_zone_is_boundary(zones: Layer, boundary: Layer, *, ctx: RuleContext) -> list[Finding] | RuleResult:
    """The urban development zone equals the boundary.

    What it checks
        In both directions: parts of 城镇发展区 (all its levels) outside 城镇开发边界, and parts of the boundary
        outside such zones.
    Why
        The zone follows the line; where they differ, two sets of requirements apply to the same land.
    How to fix
        Copy the boundary's edge into the zone.
    Limits
        The zone codes are marked C. Set `[zones] urban_is_boundary = false` if the county's plan differs.
    """
    return _compare_unless_switched_off(URBAN_SWITCH, zones, "zones.urban", boundary, ctx)


M2_PER_HA = 10_000.0

EAST_ZONE_WKT = "POLYGON ((1000 0, 9000 0, 9000 1000, 1000 1000, 1000 0))"


@rule(
    "REL006",
    "farmland-in-farmland-zone",
    problem="Permanent basic farmland is outside the farmland protection zone",
    overlaps_first={"large": CONTROL_LINE_OVERLAPS},
    local=True,
    partly_local=True,
    basis=["order-17", "zoning-guide"],
    needs={"farmland": LayerNeed("farmland"), "zones": LayerNeed("zones", fields=("zone_code",), covers=True)},
    uses=["tolerance", "zones.codes", "rules.REL006"],
    clauses=describe_limit_origin,
    messages={
        "urban": "{layer} ({key}) has {area} ({net}, width {width} m) in the urban development zone ({related_key}), which "
        "must not contain permanent basic farmland. Compare both with the approved result: if the farmland is "
        "right, cut the zone back to the parcel's edge and assign the land to the farmland protection zone; "
        "otherwise restore the approved edge of the farmland.",
        "large": "{layer} ({key}) has {area} outside the farmland protection zone. This is not less than the limit for "
        "scattered plots ({limit_area}), so it is not a scattered plot and must be in the zone. No regulation "
        "states the limit: it is {limit_origin} (setting “Large parcel”). {there} {overlaps_first}Compare with the approved "
        "result: extend the zone to this land, and cut other zones back; if the approved result leaves it outside, "
        "waive the finding and give the reason. If the county has another limit for scattered plots, change it in "
        "the county's profile file, and check again.",
        "scattered": "{layer} has plots smaller than {limit} m² outside the farmland protection zone; plots: "
        "{count}, {area_m2} in total, {share} % of the farmland, above the limit of {max_share} % (parameter "
        "“Largest share of scattered plots” of the county profile). Compare with the approved result, and extend the "
        "zone to the plots that are close together until the share is within the limit; if the approved result "
        "leaves them outside, waive the finding and give the source.",
        "share": "{layer} has {area} outside the farmland protection zone, {share} % of the farmland, above the limit of "
        "{max_share} % (parameter “Largest share” of the county profile). Compare with the approved result and "
        "extend the zone to land left out by mistake; if the approved result leaves it out, waive the finding and "
        "give the reason.",
    },
    fails=[
        RuleExample("in the urban zone", {"farmland": [SQUARE_WKT, EAST_ZONE_WKT], "zones": [{"wkt": SQUARE_KM_WKT, "zone_code": "410"}, {"wkt": EAST_ZONE_WKT, "zone_code": "300"}]},
                finds=1, areas=(10000.0,)),
        RuleExample("more than a tenth outside", {"farmland": [SQUARE_WKT], "zones": [{"wkt": SQUARE_KM_WKT, "zone_code": "500"}]}, finds=1, areas=(10000.0,)),
        RuleExample("many small plots outside", {"farmland": [SQUARE_WKT, "POLYGON ((200 200, 300 200, 300 300, 200 300, 200 200))", EAST_ZONE_WKT], "zones": [{"wkt": SQUARE_KM_WKT, "zone_code": "500"},
                                                                                     {"wkt": EAST_ZONE_WKT, "zone_code": "300"}]},
                parameters={"max_scattered_share": 0.002}, finds=1, areas=(20000.0,)),
        RuleExample("a large plot outside", {"farmland": [SQUARE_KM_WKT, EAST_ZONE_WKT], "zones": [{"wkt": SQUARE_KM_WKT, "zone_code": "500"}, {"wkt": EAST_ZONE_WKT, "zone_code": "300"}]},
                finds=2, areas=(1000000.0, 1000000.0)),
    ],
    passes=[
        RuleExample("inside", {"farmland": [SQUARE_WKT], "zones": [{"wkt": SQUARE_KM_WKT, "zone_code": "300"}]}),
        RuleExample("scattered plots may lie outside", {"farmland": [SQUARE_WKT, EAST_ZONE_WKT], "zones": [{"wkt": SQUARE_KM_WKT, "zone_code": "500"},
                                                                                     {"wkt": EAST_ZONE_WKT, "zone_code": "300"}]}),
    ],
)  # fmt: skip
def farmland_in_farmland_zone(
    farmland: Layer,
    zones: Layer,
    *,
    ctx: RuleContext,
    large_area_m2: float = 100_000.0,
    max_share: float = 0.10,
    max_scattered_share: float = 0.01,
) -> RuleResult:
    """Permanent basic farmland is in the farmland protection zone.

    What it checks
        永久基本农田 within 城镇发展区 is an error; connected parts of at least `large_area_m2` outside 农田保护区,
        and a share above `max_share` of all farmland outside, are warnings. Smaller parts are summed: the rule notes
        their total, and above `max_scattered_share` of all farmland they are one warning.
    Why
        The zone carries the protection in the plan; scattered plots may be in other zones, whole fields should not.
    How to fix
        Extend the farmland zone to the land; cut an urban zone back to the parcel's edge. If the approved result leaves
        plots outside, waive the finding and give the reason.
    Limits
        All thresholds and the zone codes are marked C. A farmland zone larger than the farmland is valid. A whole check
        computes shares and sums; the live check does not update them.
    """
    urban = ctx.find_rows_with_code(zones, "zone_code", ctx.norm.get("zones.urban"))
    protected = ctx.find_rows_with_code(zones, "zone_code", ctx.norm.get("zones.farmland"))
    urban_pieces = ctx.geometry.find_shared_pieces(farmland, zones, right_rows=urban)
    findings = ctx.make_pair_findings(
        farmland, zones, urban_pieces, with_net_area=True, case="urban", params={"kind": "urban"}
    )
    # Parts in urban zones have another finding and are not reported again as “outside”.
    outside_pieces = ctx.geometry.find_uncovered_pieces(farmland, zones, cover_rows=protected | urban)
    areas = ctx.geometry.compute_piece_areas(outside_pieces, farmland)
    total = float(farmland.statutory.sum())
    outside_m2 = float(areas.sum()) + sum(f.area_m2 or 0.0 for f in findings)
    small = areas < large_area_m2
    findings += _report_large_parts(farmland, zones, outside_pieces.select(~small), large_area_m2, ctx)
    result = RuleResult(findings=findings)
    if ctx.is_edit_check or not total > 0:
        # The sums of the county wait for the next whole check: the rows around an edit are not its farmland.
        return result
    scattered_m2 = float(areas[small].sum())
    if small.any():
        note = {
            "count": int(small.sum()),
            "area": format_number(scattered_m2 / M2_PER_HA, 2 if scattered_m2 >= M2_PER_HA else 4),
            "share": format_number(scattered_m2 / total * 100, 2),
            "limit": format_number(large_area_m2, 0),
        }
        result.notes.append(("scattered_outside", note))
    if outside_m2 / total > max_share:
        # Includes small parts, which have no finding then.
        area_m2, shapes = outside_m2, [*outside_pieces.geometry, *urban_pieces.geometry]
        params = {
            "kind": "share",
            "share": round_unlike_limit(outside_m2 / total * 100, max_share * 100),
            "max_share": round(max_share * 100, 2),
        }
    elif scattered_m2 / total > max_scattered_share:
        area_m2, shapes = scattered_m2, list(outside_pieces.geometry[small])
        params = {
            "kind": "scattered",
            "count": int(small.sum()),
            "share": round_unlike_limit(scattered_m2 / total * 100, max_scattered_share * 100),
            "limit": large_area_m2,
            "max_share": round(max_scattered_share * 100, 2),
        }
    else:
        return result
    result.findings.append(
        Finding(
            farmland.role,
            related_role=zones.role,
            case=str(params["kind"]),
            severity=Severity.WARNING,
            params=params,
            area_m2=area_m2,
            geometry=ctx.geometry.unite_shapes(shapes),
        )
    )
    return result


def _report_large_parts(
    farmland: Layer, zones: Layer, pieces: OverlayPieces, limit_m2: float, ctx: RuleContext
) -> list[Finding]:
    """Return a warning for each of the large parts of farmland outside its zone."""
    origin = find_limit_origin("rules.REL006.large_area_m2", limit_m2, ctx)
    findings = ctx.make_pair_findings(
        farmland,
        zones,
        pieces,
        case="large",
        severity=Severity.WARNING,
        params={"kind": "large", "limit": limit_m2, "shown": {"limit_area_m2": limit_m2, "limit_origin": origin}},
        by_place=True,
    )
    record_features_at_findings(findings, zones, ctx)
    return findings

# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._farmland import compare_zones_with_line
from .._places import CONTROL_LINE_OVERLAPS

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
WIDER_WKT = "POLYGON ((0 0, 110 0, 110 100, 0 100, 0 0))"

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
    if not ctx.norm.get(URBAN_SWITCH):
        return RuleResult(
            is_applicable=False, switched_off=URBAN_SWITCH, notes=[("switched_off", {"setting": URBAN_SWITCH})]
        )
    return compare_zones_with_line(
        zones, ctx.find_rows_with_code(zones, "zone_code", ctx.norm.get("zones.urban")), boundary, ctx
    )

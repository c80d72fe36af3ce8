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
PROTECTION_SWITCH = "zones.protection_is_red_line"


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
    if not ctx.norm.get(PROTECTION_SWITCH):
        return RuleResult(
            is_applicable=False, switched_off=PROTECTION_SWITCH, notes=[("switched_off", {"setting": PROTECTION_SWITCH})]
        )
    return compare_zones_with_line(
        zones, ctx.find_rows_with_code(zones, "zone_code", ctx.norm.get("zones.protection")), red_line, ctx
    )

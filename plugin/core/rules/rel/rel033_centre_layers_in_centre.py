# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, Severity, rule
from ...plan.layer import Layer
from .._places import make_findings_of_pieces

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
WIDER_WKT = "POLYGON ((0 0, 110 0, 110 100, 0 100, 0 0))"


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
        return ctx.finding_maker.mark_findings_by_location(
            ctx.finding_maker.make_pair_findings(layer, centre, ctx.geometry.find_uncovered_pieces(layer, centre))
        )
    outside_pieces = ctx.geometry.find_point_line_pieces_outside(layer, centre)
    return ctx.finding_maker.mark_findings_by_location(make_findings_of_pieces(layer, centre, outside_pieces, ctx))

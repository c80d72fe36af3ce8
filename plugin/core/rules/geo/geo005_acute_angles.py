# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext
from ...geometry.corners import find_sharp_corners
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, Severity, rule
from ...plan.layer import Layer
from .._places import make_findings_by_row, select_valid_polygons

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
SPIKE_WKT = "POLYGON ((0 0, 100 0, 100 50, 500 50.5, 100 51, 100 100, 0 100, 0 0))"


@rule(
    "GEO005",
    "acute-angles",
    problem="A geometry has acute angles or spikes",
    severity=Severity.WARNING,
    local=True,
    basis=["G2"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "acute": "{layer} ({key}) has acute corners below {limit}°: {count} (the sharpest {angle}°), most likely drawing "
        "errors. Compare the edge with {authority}: move or delete a wrong vertex; on an edge shared with a neighbour, "
        "enable topological editing and move both, because a change of one leaves a gap or an overlap. If the corner is "
        "right, leave it, and waive the finding with the reason.",
        "spike": "{layer} ({key}) has spikes, corners below {limit}°: {count} (the sharpest {angle}°). The edge runs "
        "out and back on itself, which the receiving side may report as an error. Delete the vertex at the tip (or "
        "use Fix…), and change a neighbouring feature along the same edge with it.",
    },
    fails=[
        RuleExample("a corner of 6°", {"layer": ["POLYGON ((0 0, 100 0, 100 10, 0 0))"]}, finds=1),
        RuleExample("a spike", {"layer": [SPIKE_WKT]}, finds=1),
        RuleExample("a notch into the shape", {"layer": ["POLYGON ((0 0, 100 0, 100 48, 10 50, 100 52, 100 100, 0 100, 0 0))"]}, finds=1),
        RuleExample("in a hole", {"layer": [SQUARE_WKT[:-1] + ", (10 10, 90 10, 90 20, 10 10))"]}, finds=1),
        RuleExample("a stricter county", {"layer": ["POLYGON ((0 0, 100 0, 100 30, 0 0))"]}, finds=1,
                parameters={"below_degrees": 20.0}),
        RuleExample("both in one shape", {"layer": ["POLYGON ((0 0, 100 0, 100 50, 500 50.5, 100 51, 100 100, -600 100, 0 60, 0 0))"]},
                finds=2),
    ],
    passes=[
        RuleExample("right angles", {"layer": [SQUARE_WKT]}),
        RuleExample("a flat vertex is no spike", {"layer": ["POLYGON ((0 0, 50 0, 100 0, 100 100, 0 100, 0 0))"]}),
        RuleExample("a vertex twice is no corner", {"layer": ["POLYGON ((0 0, 100 0, 100 0, 100 100, 0 100, 0 0))"]}),
        RuleExample("what is not valid is another rule's", {"layer": ["POLYGON ((0 0, 100 10, 100 0, 0 10, 0 0))"]}),
    ],
)  # fmt: skip
def acute_angles(
    layer: Layer, *, ctx: RuleContext, below_degrees: float = 10.0, spike_degrees: float = 1.0
) -> list[Finding] | None:
    """Polygons have no acute corners and no spikes.

    What it checks
        Corners, also of holes and notches, whose two edges form an angle below below_degrees (10° in the checking
        program that the value comes from); below spike_degrees (a limit of the plugin) the corner is a spike.
    Why
        Land parcels have no such corners: a vertex was snapped wrongly, or two nearly parallel lines were
        intersected.
    How to fix
        Zoom to the marked points and move or delete the vertex; on an edge shared with a neighbour, with topological
        editing. If the edge is right, waive the finding with its evidence.
    Limits
        Not part of the default run, because parcels along roads and rivers end in real acute corners. One finding for
        each feature and kind. GEO002 reports invalid shapes; this rule checks them after correction.
    """
    if layer.template.geometry != "polygon":
        return None
    corners = find_sharp_corners(
        select_valid_polygons(layer), max(below_degrees, spike_degrees), cancellation=ctx.cancellation
    )
    is_spike = corners.angle_or_distance < spike_degrees
    findings = make_findings_by_row(layer, corners, ~is_spike, "angle", ctx, case="acute", limit=below_degrees)
    return findings + make_findings_by_row(layer, corners, is_spike, "angle", ctx, case="spike", limit=spike_degrees)

# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, rule
from ...plan.layer import Layer
from ...standard.messages.clauses import describe_arc_step

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


@rule(
    "GEO004",
    "curves",
    problem="A geometry contains arcs",
    local=True,
    basis=["G1"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    clauses=describe_arc_step,
    messages={
        "": "{layer} ({key}) contains arcs or Bézier curves; the check read them as straight segments{step_fact}, "
        "and other programs may measure another area. Convert them to vertices with Fix… or in the source program; "
        "give the shared edge of neighbouring features the same vertices. The layer was not changed.",
    },
    fails=[RuleExample("one of two has an arc", {"layer": [{"wkt": SQUARE_WKT, "curve": True}, SQUARE_WKT]}, finds=1)],
    passes=[RuleExample("straight edges", {"layer": [SQUARE_WKT]})],
)
def curves(layer: Layer, *, ctx: RuleContext) -> list[Finding]:
    """Shapes have straight edges only.

    What it checks
        Features whose shape the source stores with arcs, Bézier curves or other curves.
    Why
        Programs convert a curve to different vertices: areas differ, and neighbouring edges do not match.
    How to fix
        Densify the feature in its source program, and draw neighbouring edges along the same vertices.
    Limits
        Not part of the default run, where GEO002 reports curves among other reasons; when both run, only this rule
        reports them. Formats without curves have already converted them: such a shape has very many vertices on a
        bend (GEO010).
    """
    fids_with_curves = set(layer.source.fids_with_arcs)
    return [
        ctx.finding_maker.make_row_finding(
            layer, row, params={"step": layer.source.curve_step}, geometry=layer.plane_shapes[row]
        )
        for row, fid in enumerate(layer.fids)
        if fid in fids_with_curves
    ]

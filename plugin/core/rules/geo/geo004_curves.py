# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import Context
from ...model.findings import Finding
from ...model.rule import EACH, Example, Need, rule
from ...plan.layer import Layer

SQUARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


@rule(
    "GEO004",
    "curves",
    problem="A geometry contains arcs",
    local=True,
    basis=["G1"],
    needs={"layer": Need(EACH)},
    messages={
        "": "{layer} ({key}) contains arcs or Bézier curves; the check read them as straight segments every {step} degrees. "
        "Convert them to vertices in the source program (densify) and deliver that; the layer was not changed."
    },
    fails=[Example("one of two has an arc", {"layer": [{"wkt": SQUARE, "curve": True}, SQUARE]}, finds=1)],
    passes=[Example("straight edges", {"layer": [SQUARE]})],
)
def curves(layer: Layer, *, ctx: Context) -> list[Finding]:
    """Shapes have straight edges only.

    What it checks
        Features whose shape the source stores with arcs, Béziers or other curves.
    Why
        Each program turns a curve into other vertices: areas differ, and no neighbour's edge fits.
    How to fix
        Densify the feature in the program it was drawn in, and draw its neighbours' edges along the same vertices.
    Limits
        Not in the default run, where GEO002 says it among other reasons; when both run, only this rule does. Formats
        that keep no curves have lost them before: such a shape shows as very many vertices on a bend (GEO010).
    """
    with_arcs = set(layer.source.curves)
    return [
        ctx.make.row(layer, row, params={"step": layer.source.curve_step}, geometry=layer.plane[row])
        for row, fid in enumerate(layer.fids)
        if fid in with_arcs
    ]

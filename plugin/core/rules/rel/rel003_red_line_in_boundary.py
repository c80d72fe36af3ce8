# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, rule
from ...plan.layer import Layer

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


@rule(
    "REL003",
    "red-line-in-boundary",
    problem="The ecological red line overlaps the urban development boundary",
    local=True,
    basis=["three-line-rules-2022", "shanxi-plan-3"],
    needs={"red_line": LayerNeed("red_line"), "boundary": LayerNeed("boundary")},
    uses=["tolerance"],
    messages={
        "": "{layer} ({key}) and {related_layer} ({related_key}) overlap by {area} (width {width} m). The three "
        "control lines must not overlap. Compare with the approved result: delete the parts of the red "
        "line that it does not have; if the red line is right, move the urban development boundary back to its edge, "
        "leave the red line inside the boundary as a window, and delete a boundary that is wholly inside the red line."
    },
    fails=[
        RuleExample("crossing", {"red_line": [SQUARE_WKT], "boundary": ["POLYGON ((90 0, 190 0, 190 100, 90 100, 90 0))"]}, finds=1, areas=(1000.0,)),
        RuleExample("boundary inside the red line", {"red_line": [SQUARE_WKT], "boundary": ["POLYGON ((10 10, 20 10, 20 20, 10 20, 10 10))"]},
                finds=1, areas=(100.0,)),
    ],
    passes=[
        RuleExample("window", {"red_line": ["POLYGON ((40 40, 60 40, 60 60, 40 60, 40 40))"], "boundary": [
            "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (40 40, 60 40, 60 60, 40 60, 40 40))"]}),
    ],
)  # fmt: skip
def red_line_in_boundary(red_line: Layer, boundary: Layer, *, ctx: RuleContext) -> list[Finding]:
    """The ecological red line is outside the urban development boundary.

    What it checks
        Pairs of 生态保护红线 and 城镇开发边界 that share area. Holes in the boundary (开天窗) are valid.
    Why
        The three control lines must not overlap; the red line takes precedence over the boundary.
    How to fix
        Move the boundary back to the red line, or cut a window around it.
    Limits
        None known beyond the tolerance.
    """
    return ctx.finding_maker.make_pair_findings(red_line, boundary, ctx.geometry.find_shared_pieces(red_line, boundary))

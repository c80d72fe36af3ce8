# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, Severity, rule
from ...plan.layer import Layer

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
WIDER_WKT = "POLYGON ((0 0, 110 0, 110 100, 0 100, 0 0))"


@rule(
    "REL023",
    "purple-line-in-heritage-line",
    problem="The purple line exceeds the heritage line",
    severity=Severity.WARNING,
    local=True,
    basis=["purple-line-2", "heritage-checks"],
    needs={"purple_line": LayerNeed("purple_line"), "heritage": LayerNeed("heritage", covers=True)},
    uses=["tolerance"],
    messages={
        "": "{layer} ({key}) reaches {area} beyond {related_layer} (width {width} m). A purple line bounds "
        "protection ranges, which must be in that layer. Compare with the approved protection plan: add a range that "
        "{related_layer} lacks, or correct a purple line that was drawn wrongly."
    },
    fails=[
        RuleExample("reaches beyond", {"purple_line": [WIDER_WKT], "heritage": [SQUARE_WKT]}, finds=1, areas=(1000.0,)),
        RuleExample("no range at all", {"purple_line": [SQUARE_WKT], "heritage": ["POLYGON ((200 0, 300 0, 300 100, 200 100, 200 0))"]}, finds=1,
                areas=(10000.0,)),
    ],
    passes=[
        RuleExample("within", {"purple_line": [SQUARE_WKT], "heritage": [WIDER_WKT]}),
        RuleExample("around two ranges", {"purple_line": [SQUARE_WKT], "heritage": [
            "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))", "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))"]}),
    ],
)  # fmt: skip
def purple_line_in_heritage_line(purple_line: Layer, heritage: Layer, *, ctx: RuleContext) -> list[Finding]:
    """The purple line is within the heritage line.

    What it checks
        Connected parts of 城市紫线 that no polygon of 历史文化保护线 covers.
    Why
        The purple line bounds the protection ranges of historic districts and of historic buildings outside them; the
        heritage line has all such ranges and therefore contains every purple line.
    How to fix
        Add the missing range to the heritage line, or copy its edge to the purple line.
    Limits
        The opposite direction is not checked: ranges in the countryside have no purple line. Runs by default for a
        whole county (scope county), else if the rule or its group heritage is selected.
    """
    pieces = ctx.geometry.find_uncovered_pieces(purple_line, heritage)
    return ctx.finding_maker.mark_findings_by_location(
        ctx.finding_maker.make_pair_findings(purple_line, heritage, pieces)
    )

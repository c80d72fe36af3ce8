# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext
from ...heritage.protection import list_heritage_range_roles
from ...model.rule import RuleExample, RuleResult, Severity, rule
from .._places import find_usable_layer_or_note_reason

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
WIDER_WKT = "POLYGON ((0 0, 110 0, 110 100, 0 100, 0 0))"


@rule(
    "REL024",
    "heritage-line-holds-ranges",
    problem="Heritage ranges exceed the heritage line",
    severity=Severity.WARNING,
    basis=["heritage-checks"],
    needs={},
    uses=["tolerance", "codes.heritage_kind"],
    messages={
        "": "{layer} ({key}) reaches {area} beyond {related_layer} (width {width} m), which must contain all "
        "protection ranges. Add the part to {related_layer}, or correct {layer} by the approved protection plan."
    },
    fails=[
        RuleExample("district beyond the line", {"LSWHJQ": [WIDER_WKT], "LSWHBHX": [SQUARE_WKT]}, finds=1, areas=(1000.0,)),
        RuleExample("two layers of ranges", {"LSWHMCUN": [WIDER_WKT], "WWBHDWM": ["POLYGON ((200 0, 210 0, 210 10, 200 10, 200 0))"],
                "LSWHBHX": [SQUARE_WKT]}, finds=2, areas=(1000.0, 100.0)),
    ],
    passes=[
        RuleExample("core and control zone hold the district", {"LSWHJQ": [SQUARE_WKT], "LSWHBHX": [
            "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))", "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))"]}),
        RuleExample("the line may be wider", {"DYZ": [SQUARE_WKT], "LSWHBHX": [WIDER_WKT]}),
        RuleExample("no ranges in layers of their own", {"LSWHBHX": [SQUARE_WKT]}),
    ],
)  # fmt: skip
def heritage_line_holds_ranges(*, ctx: RuleContext) -> RuleResult:
    """The heritage line contains the ranges of all kinds of heritage.

    What it checks
        Connected parts of the layers of ranges (历史文化名城, 街区, 名镇, 名村, 传统村落, 文物保护单位, 历史建筑,
        大遗址 …, by the list of kinds) that no polygon of LSWHBHX covers.
    Why
        LSWHBHX has all protection ranges; a rule that reads it would miss a range that is only in a layer of details.
    How to fix
        Add the missing part to LSWHBHX with kind and name, or correct the detail layer by the approved protection
        plan.
    Limits
        The list of kinds (heritage_kind, mark C) names the layers of ranges. A 历史文化名城 layer may show the whole
        city instead of its ranges: remove it from the data, or waive the finding. Runs by name or with its group.
    """
    result = RuleResult(is_applicable=False)
    heritage_line = find_usable_layer_or_note_reason("heritage", ctx, result)
    if heritage_line is None:
        return result
    for role in list_heritage_range_roles(ctx):
        layer = find_usable_layer_or_note_reason(role, ctx, result)
        if layer is None:
            continue
        result.is_applicable = True
        parts = ctx.geometry.find_uncovered(layer, heritage_line)
        result.findings += ctx.finding_maker.mark_findings_by_location(
            ctx.finding_maker.make_pair_findings(layer, heritage_line, parts)
        )
    return result

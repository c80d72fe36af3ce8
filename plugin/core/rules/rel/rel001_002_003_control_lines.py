# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on overlaps between two of the three control lines."""

from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, rule
from ...plan.layer import Layer
from .._places import SQUARE_WKT


@rule(
    "REL001",
    "farmland-in-red-line",
    problem="Permanent basic farmland overlaps the ecological red line",
    local=True,
    basis=["three-line-rules-2022", "shanxi-plan-3"],
    needs={"farmland": LayerNeed("farmland"), "red_line": LayerNeed("red_line")},
    uses=["tolerance"],
    messages={
        "": "{layer} ({key}) and {related_layer} ({related_key}) overlap by {area} ({net}, width {width} m). The three "
        "control lines must not overlap. Compare both lines with the approved result and restore the one that "
        "differs. If both agree: in the core zone of a nature reserve, withdraw the farmland step by step and "
        "supplement it; in its general control zone, keep or withdraw it by the approved result; elsewhere keep the "
        "farmland and withdraw the red line by the approval procedure. The check changes neither line.",
        "narrow_place": "{layer} ({key}) and {related_layer} ({related_key}) overlap by {area} ({net}) in a strip {width} m wide. "
        "The three control lines must not overlap. The edges are probably not snapped, or a fragment was drawn by "
        "mistake: compare both with the approved result, restore the edge that differs, and delete a fragment that "
        "was not approved. If both are as approved, do not move them; waive the finding and name the document. No "
        "farmland needs to be supplemented.",
    },
    fails=[
        RuleExample("crossing", {"farmland": [SQUARE_WKT], "red_line": ["POLYGON ((90 0, 190 0, 190 100, 90 100, 90 0))"]}, finds=1, areas=(1000.0,)),
        RuleExample("farmland inside the red line", {"farmland": ["POLYGON ((10 10, 20 10, 20 20, 10 20, 10 10))"], "red_line": [SQUARE_WKT]},
                finds=1, areas=(100.0,)),
        RuleExample("equal", {"farmland": [SQUARE_WKT], "red_line": [SQUARE_WKT]}, finds=1, areas=(10000.0,)),
        RuleExample("one farmland, two red lines", {"farmland": [SQUARE_WKT], "red_line": [
            "POLYGON ((-10 0, 10 0, 10 10, -10 10, -10 0))", "POLYGON ((90 0, 110 0, 110 10, 90 10, 90 0))"]}, finds=2, areas=(100.0, 100.0)),
    ],
    passes=[
        RuleExample("touch only", {"farmland": [SQUARE_WKT], "red_line": ["POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"]}),
        RuleExample("farmland in a window", {"farmland": ["POLYGON ((40 40, 60 40, 60 60, 40 60, 40 40))"], "red_line": [
            "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (40 40, 60 40, 60 60, 40 60, 40 40))"]}),
    ],
)  # fmt: skip
def farmland_in_red_line(farmland: Layer, red_line: Layer, *, ctx: RuleContext) -> list[Finding]:
    """Permanent basic farmland and the ecological red line do not overlap.

    What it checks
        Pairs of 永久基本农田 and 生态保护红线 that share area, including contained and equal ones.
    Why
        The three control lines must not cross, overlap or contradict each other; 永久基本农田 is drawn first, but is
        withdrawn from the core zones of nature reserves step by step.
    How to fix
        Compare both lines with their approval documents and restore the one that differs. If both agree: in the
        core zone of a nature reserve, withdraw the farmland step by step and supplement it (LAW011); elsewhere
        permanent basic farmland takes precedence. Both are sealed: the plugin changes neither.
    Limits
        The withdrawal from core zones was not read in the norm (mark C): the county's approved result decides. Small
        remnants in the 一般控制区 may be allowed by the approved result; register them with their document.
    """
    return ctx.make_pair_findings(
        farmland, red_line, ctx.geometry.find_shared_pieces(farmland, red_line), with_net_area=True
    )


@rule(
    "REL002",
    "farmland-in-boundary",
    problem="Permanent basic farmland overlaps the urban development boundary",
    local=True,
    basis=["order-17-5", "three-line-rules-2022"],
    needs={"farmland": LayerNeed("farmland"), "boundary": LayerNeed("boundary")},
    uses=["tolerance"],
    messages={
        "": "{layer} ({key}) and {related_layer} ({related_key}) overlap by {area} ({net}, width {width} m). The three "
        "control lines must not overlap. Compare with the approved result: delete the parts of the farmland that it "
        "does not have; if the farmland is right, move the urban development boundary back to its edge, or leave "
        "connected farmland inside the boundary as a window."
    },
    fails=[
        RuleExample("crossing", {"farmland": [SQUARE_WKT], "boundary": ["POLYGON ((90 0, 190 0, 190 100, 90 100, 90 0))"]}, finds=1, areas=(1000.0,)),
        RuleExample("farmland swallowed", {"farmland": ["POLYGON ((10 10, 20 10, 20 20, 10 20, 10 10))"], "boundary": [SQUARE_WKT]}, finds=1,
                areas=(100.0,)),
        RuleExample("farmland reaching out of its window", {"farmland": ["POLYGON ((40 40, 70 40, 70 60, 40 60, 40 40))"], "boundary": [
            "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (40 40, 60 40, 60 60, 40 60, 40 40))"]}, finds=1, areas=(200.0,)),
    ],
    passes=[
        RuleExample("window", {"farmland": ["POLYGON ((40 40, 60 40, 60 60, 40 60, 40 40))"], "boundary": [
            "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (40 40, 60 40, 60 60, 40 60, 40 40))"]}),
        RuleExample("touch only", {"farmland": [SQUARE_WKT], "boundary": ["POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"]}),
    ],
)  # fmt: skip
def farmland_in_boundary(farmland: Layer, boundary: Layer, *, ctx: RuleContext) -> list[Finding]:
    """Permanent basic farmland is outside the urban development boundary.

    What it checks
        Pairs of 永久基本农田 and 城镇开发边界 that share area. Holes in the boundary (开天窗) are valid and do not
        overlap.
    Why
        永久基本农田 remains unchanged in principle; an adjustment of the boundary may not change it (Order 17, art.
        5).
    How to fix
        Move the boundary back to the parcel's edge, or cut a window around farmland that remains. “Propose the
        Boundary…” drafts which land leaves.
    Limits
        The net area of a part is its share of the parcel's net area: shared ÷ parcel × YJJBNTMJ.
    """
    return ctx.make_pair_findings(
        farmland, boundary, ctx.geometry.find_shared_pieces(farmland, boundary), with_net_area=True
    )


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
        Move the boundary back to the red line, or cut a window around it. “Propose the Boundary…” drafts which land
        leaves.
    Limits
        None known beyond the tolerance.
    """
    return ctx.make_pair_findings(red_line, boundary, ctx.geometry.find_shared_pieces(red_line, boundary))

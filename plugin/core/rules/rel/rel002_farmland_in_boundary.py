# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import LayerNeed, RuleExample, rule
from ...plan.layer import Layer

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


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
        Move the boundary back to the parcel's edge, or cut a window around farmland that remains.
    Limits
        The net area of a part is its share of the parcel's net area: shared ÷ parcel × YJJBNTMJ.
    """
    return ctx.finding_maker.make_pair_findings(
        farmland, boundary, ctx.geometry.find_shared_pieces(farmland, boundary), with_net_area=True
    )

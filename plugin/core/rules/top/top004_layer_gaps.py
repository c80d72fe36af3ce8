# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import Context
from ...model.findings import Finding
from ...model.rule import EACH, Example, Need, Severity, rule
from ...plan.layer import Layer
from .._places import is_in_setting, is_reported_elsewhere, must_not_overlap

SQUARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
#: Beside `SQUARE` and joined to it above and below, with a gap of half a metre between.
BESIDE = "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 90, 100.5 90, 100.5 10, 100 10, 100 0))"


@rule(
    "TOP004",
    "layer-gaps",
    problem="A layer has narrow gaps",
    severity=Severity.WARNING,
    basis=["G8"],
    needs={"layer": Need(EACH)},
    uses=["tolerance"],
    messages={
        "": "{layer}: a gap of {area} (width {width} m) lies between {key} and {related_key}. Draw one of them up to the shared edge.",
        "hole": "{layer} ({key}) has a slit of {area} (width {width} m) inside. Close it.",
    },
    fails=[
        Example("half a metre between two", {"layer": [SQUARE, BESIDE]}, finds=1, areas=(40.0,)),
        Example("a slit in one", {"layer": [SQUARE[:-1] + ", (10 10, 10.5 10, 10.5 90, 10 90, 10 10))"]}, finds=1, areas=(40.0,)),
        Example("zones, where no county is there to measure by", {"layer": [SQUARE, BESIDE]}, finds=1, roles={"layer": "YDYHGHFQ"},
                parameters={"rules": ["TOP002"]}),
        Example("a wider limit", {"layer": [SQUARE[:-1] + ", (10 10, 18 10, 18 90, 10 90, 10 10))"]}, finds=1,
                parameters={"widest_m": 10.0}),
    ],
    passes=[
        Example("edge to edge", {"layer": [SQUARE, "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"]}),
        Example("wider than a gap", {"layer": [SQUARE[:-1] + ", (10 10, 60 10, 60 90, 10 90, 10 10))"]}),
        Example("open at one end", {"layer": [SQUARE, "POLYGON ((100.5 0, 200 0, 200 100, 100 100, 100 90, 100.5 90, 100.5 0))"]}),
        Example("below both minimums", {"layer": [SQUARE, "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 90, 100.005 90, 100.005 10, "
                                                  "100 10, 100 0))"]}),
        Example("said already where zones are held against the county",
                {"zones": [SQUARE, BESIDE], "county": ["POLYGON ((0 0, 200 0, 200 100, 0 100, 0 0))"]}, parameters={"rules": ["TOP002"]}),
    ],
)  # fmt: skip
def layer_gaps(layer: Layer, *, ctx: Context, widest_m: float = 1.0) -> list[Finding] | None:
    """No thin gaps are left between the features of a layer.

    What it checks
        Places that features of one layer enclose and none covers, up to widest_m wide (2 × area ÷ perimeter). For layers
        whose template forbids overlaps.
    Why
        Two lines that should be one have parted: the land between belongs to nobody, and totals are too small.
    How to fix
        Draw one of the two up to the other's edge, vertex on vertex.
    Limits
        Not in the default run: paths and ditches between parcels may be wanted gaps. What is open on one side is no gap
        here. Zones are left to TOP002 and parcels to TOP006 where these run and there is a county; wide holes are GEO006's.
        Gaps below both minimums are counted as slivers.
    """
    if not must_not_overlap(layer) or _told_against_the_county(layer, ctx):
        return None
    # A hole in a single feature is the other rule's.
    others = is_reported_elsewhere(ctx, "GEO006") and not is_in_setting(layer, "quality.tiled", ctx)
    parts = ctx.geometry.gaps(layer, widest_m, pairs=(lambda left, right: right >= 0) if others else None)
    found = ctx.make.pairs(layer, layer, parts)
    for finding in found:
        finding.case = "" if finding.related_keys else "hole"
    return ctx.make.by_place(found)


def _told_against_the_county(layer: Layer, ctx: Context) -> bool:
    if ctx.plan.concept("county") is None:
        return False
    rules = {"zones": "TOP002", "parcels": "TOP006"}
    return any(layer is ctx.plan.concept(c) and is_reported_elsewhere(ctx, code) for c, code in rules.items())

# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, Severity, rule
from ...plan.layer import Layer
from .._places import is_layer_in_setting, is_reported_elsewhere, must_not_overlap

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
#: Neighbour of `SQUARE_WKT`, joined above and below, with a gap of half a metre between.
NEIGHBOUR_WITH_GAP_WKT = "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 90, 100.5 90, 100.5 10, 100 10, 100 0))"


@rule(
    "TOP004",
    "layer-gaps",
    problem="A layer has narrow gaps",
    surroundings="gaps",
    checks_one_layer=True,
    severity=Severity.WARNING,
    concurrent=True,
    basis=["G8"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    uses=["tolerance"],
    messages={
        "": "{layer}: a gap of {area} is between {key} and {related_key} (width {width} m); no feature has this land, "
        "and both edges should be one. Compare with {authority}, and extend the feature that differs from it to the "
        "shared edge, with identical vertices.",
        "hole": "{layer} ({key}) has a slit of {area} (width {width} m) inside, most likely a drawing error. Delete "
        "the hole so that the feature is continuous.",
    },
    fails=[
        RuleExample("half a metre between two", {"layer": [SQUARE_WKT, NEIGHBOUR_WITH_GAP_WKT]}, finds=1, areas=(40.0,)),
        RuleExample("a slit in one", {"layer": [SQUARE_WKT[:-1] + ", (10 10, 10.5 10, 10.5 90, 10 90, 10 10))"]}, finds=1, areas=(40.0,)),
        RuleExample("zones, where no county is there to measure by", {"layer": [SQUARE_WKT, NEIGHBOUR_WITH_GAP_WKT]}, finds=1, roles={"layer": "YDYHGHFQ"},
                parameters={"rules": ["TOP002"]}),
        RuleExample("a wider limit", {"layer": [SQUARE_WKT[:-1] + ", (10 10, 18 10, 18 90, 10 90, 10 10))"]}, finds=1,
                parameters={"widest_m": 10.0}),
    ],
    passes=[
        RuleExample("edge to edge", {"layer": [SQUARE_WKT, "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"]}),
        RuleExample("wider than a gap", {"layer": [SQUARE_WKT[:-1] + ", (10 10, 60 10, 60 90, 10 90, 10 10))"]}),
        RuleExample("open at one end", {"layer": [SQUARE_WKT, "POLYGON ((100.5 0, 200 0, 200 100, 100 100, 100 90, 100.5 90, 100.5 0))"]}),
        RuleExample("below both minimums", {"layer": [SQUARE_WKT, "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 90, 100.005 90, 100.005 10, "
                                                  "100 10, 100 0))"]}),
        RuleExample("reported already where zones are compared with the county",
                {"zones": [SQUARE_WKT, NEIGHBOUR_WITH_GAP_WKT], "county": ["POLYGON ((0 0, 200 0, 200 100, 0 100, 0 0))"]}, parameters={"rules": ["TOP002"]}),
    ],
)  # fmt: skip
def layer_gaps(layer: Layer, *, ctx: RuleContext, widest_m: float = 1.0) -> list[Finding] | None:
    """Features of a layer have no narrow gaps between them.

    What it checks
        Places that features of one layer enclose and do not cover, up to widest_m wide (2 × area ÷ perimeter). For
        layers whose template forbids overlaps.
    Why
        Two lines that should be identical have separated: the land between is in no feature, and totals are too
        small.
    How to fix
        Extend one feature to the edge of the other, with identical vertices; delete a slit inside a feature.
    Limits
        Not part of the default run: paths and ditches between parcels may be intended gaps. A place that is open on
        one side is not reported. TOP002 reports gaps of zones and TOP006 gaps of parcels when they run and the plan
        has a county; GEO006 reports wide holes. Gaps below both minimums are counted as slivers.
    """
    if not must_not_overlap(layer) or _are_gaps_reported_by_county_rules(layer, ctx):
        return None
    # GEO006 reports a hole in a single feature.
    only_between_features = is_reported_elsewhere(ctx, "GEO006") and not is_layer_in_setting(
        layer, "quality.tiled", ctx
    )
    pieces = ctx.geometry.find_gaps(
        layer, widest_m, is_pair_selected=(lambda left, right: right >= 0) if only_between_features else None
    )
    findings = ctx.finding_maker.make_pair_findings(layer, layer, pieces)
    for finding in findings:
        finding.case = "" if finding.related_keys else "hole"
    return ctx.finding_maker.mark_findings_by_location(findings)


def _are_gaps_reported_by_county_rules(layer: Layer, ctx: RuleContext) -> bool:
    """Return True if TOP002 or TOP006 reports the gaps of this layer."""
    if ctx.plan.find_layer_of_concept("county") is None:
        return False
    rules = {"zones": "TOP002", "parcels": "TOP006"}
    return any(
        layer is ctx.plan.find_layer_of_concept(concept) and is_reported_elsewhere(ctx, code)
        for concept, code in rules.items()
    )

# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, rule
from ...plan.layer import Layer

#: Rounding of an area, as a share and as a distance (m) along the outline.
_ROUNDING_SHARE, _ROUNDING_M = 1e-9, 1e-6
SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


@rule(
    "TOP001",
    "layer-overlap",
    problem="Features of a layer overlap",
    local=True,
    concurrent=True,
    basis=["G8"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    uses=["tolerance"],
    messages={
        "": "{layer}: {key} and {related_key} overlap by {area} (width {width} m); features of one layer must not "
        "overlap, and this area is counted twice. Use the edge of {authority}: cut the feature that differs from it "
        "back to the shared edge, or delete a feature that was entered twice.",
        "duplicate": "{layer}: {key} and {related_key} have the same shape; {area} is counted twice. Compare with "
        "{authority}, keep the one with the right attributes, and delete the other.",
    },
    fails=[
        RuleExample("crossing", {"layer": [SQUARE_WKT, "POLYGON ((90 0, 190 0, 190 100, 90 100, 90 0))"]}, finds=1, areas=(1000.0,)),
        RuleExample("containment", {"layer": [SQUARE_WKT, "POLYGON ((10 10, 20 10, 20 20, 10 20, 10 10))"]}, finds=1, areas=(100.0,)),
        RuleExample("duplicate", {"layer": [SQUARE_WKT, SQUARE_WKT]}, finds=1, areas=(10000.0,)),
        RuleExample("duplicate with a vertex on an edge", {"layer": [SQUARE_WKT, "POLYGON ((100 100, 100 0, 50 0, 0 0, 0 100, 100 100))"]}, finds=1,
                areas=(10000.0,)),
        RuleExample("three-way", {"layer": [SQUARE_WKT, SQUARE_WKT, SQUARE_WKT]}, finds=3, areas=(10000.0, 10000.0, 10000.0)),
        RuleExample("thin but long", {"layer": [SQUARE_WKT, "POLYGON ((99.99 0, 190 0, 190 100, 99.99 100, 99.99 0))"]}, finds=1, areas=(1.0,)),
        RuleExample("repaired bow-tie", {"layer": [SQUARE_WKT, "POLYGON ((0 0, 100 100, 100 0, 0 100, 0 0))"]}, finds=1, areas=(5000.0,)),
    ],
    passes=[
        RuleExample("touch only", {"layer": [SQUARE_WKT, "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"]}),
        RuleExample("island in hole", {"layer": [
            "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (40 40, 60 40, 60 60, 40 60, 40 40))",
            "POLYGON ((40 40, 60 40, 60 60, 40 60, 40 40))"]}),
        RuleExample("sliver below both minimums", {"layer": [SQUARE_WKT, "POLYGON ((99.999 0, 190 0, 190 100, 99.999 100, 99.999 0))"]}),
        RuleExample("heritage may overlap", {"layer": [SQUARE_WKT, SQUARE_WKT]}, roles={"layer": "LSWHBHX"}),
    ],
)  # fmt: skip
def layer_overlap(layer: Layer, *, ctx: RuleContext) -> list[Finding] | None:
    """Features of one layer do not overlap.

    What it checks
        Pairs of features of one layer that share area: crossing, containing or equal to each other. For layers whose
        template forbids it (parcels, farmland, red line, boundary, zones, divisions; not heritage).
    Why
        Land counted twice makes every total too large, and its status is unclear.
    How to fix
        Take the approved edge, and cut the feature that differs from it back to the shared edge; of duplicates keep
        the one with the right attributes.
    Limits
        Parts below both the minimum area and the minimum width are slivers: they are counted, not listed.
    """
    if layer.template.geometry != "polygon" or layer.template.overlap != "never":
        return None
    pieces = ctx.geometry.find_shared_pieces(layer)
    findings = ctx.finding_maker.make_pair_findings(layer, layer, pieces)
    for n, finding in enumerate(findings):
        # All land of both is shared, wherever their rings begin and whatever vertices are on their edges.
        shapes = [layer.plane_shapes[row] for row in (pieces.left[n], pieces.right[n])]
        if all(
            abs(one.area - pieces.area[n]) <= _ROUNDING_SHARE * one.area + _ROUNDING_M * one.length for one in shapes
        ):
            finding.case = "duplicate"
    return findings

# SPDX-License-Identifier: GPL-2.0-or-later
from dataclasses import replace

import numpy as np

from ...engine.context import RuleContext
from ...geometry.crs import make_lonlat_transformer
from ...geometry.overlay_pieces import make_row_pieces
from ...geometry.shape_comparison import find_groups_of_equal_shapes, hash_corners
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, rule
from ...plan.layer import Layer
from .._attributes import make_row_list_params

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
        "duplicate_several": "{layer}: {count} features{listed_rows} have the same shape; {area} is counted {count} "
        "times. Compare with {authority}, keep the one with the right attributes, and delete the others.",
    },
    fails=[
        RuleExample("crossing", {"layer": [SQUARE_WKT, "POLYGON ((90 0, 190 0, 190 100, 90 100, 90 0))"]}, finds=1, areas=(1000.0,)),
        RuleExample("containment", {"layer": [SQUARE_WKT, "POLYGON ((10 10, 20 10, 20 20, 10 20, 10 10))"]}, finds=1, areas=(100.0,)),
        RuleExample("duplicate", {"layer": [SQUARE_WKT, SQUARE_WKT]}, finds=1, areas=(10000.0,)),
        RuleExample("duplicate with a vertex on an edge", {"layer": [SQUARE_WKT, "POLYGON ((100 100, 100 0, 50 0, 0 0, 0 100, 100 100))"]}, finds=1,
                areas=(10000.0,)),
        RuleExample("three times is one finding", {"layer": [SQUARE_WKT, SQUARE_WKT, SQUARE_WKT]}, finds=1, areas=(10000.0,)),
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
        Pairs of features of one layer that share area: crossing or containing each other; and all features with one
        shape, as one finding, whatever the start, direction and vertices on straight edges. For layers whose
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
    shapes = layer.polygons.shapes
    groups = [layer.sort_rows(rows) for rows in find_groups_of_equal_shapes(shapes)]
    first, second = np.array([rows[:2] for rows in groups], dtype=int).reshape(-1, 2).T
    copies = replace(make_row_pieces(first, shapes[first]), right=second)
    is_land = ~ctx.tolerance.is_sliver(copies.area, copies.width)
    copies, groups = copies.select_pieces(is_land), [rows for rows, kept in zip(groups, is_land, strict=True) if kept]
    group_of_row = np.arange(len(layer))
    for rows in groups:
        group_of_row[rows] = rows[0]
    pieces = ctx.geometry.find_shared_pieces(
        layer, is_pair_selected=lambda left, right: group_of_row[left] != group_of_row[right]
    )
    findings = ctx.finding_maker.make_pair_findings(layer, layer, pieces)
    for n, finding in enumerate(findings):
        # All land of both is shared, up to rounding of their vertices.
        if all(
            abs(one.area - pieces.area[n]) <= _ROUNDING_SHARE * one.area + _ROUNDING_M * one.length
            for one in layer.plane_shapes[[pieces.left[n], pieces.right[n]]]
        ):
            finding.case = "duplicate"
    # An edit may add or remove one copy of many: a check around it reports all copies there.
    duplicates = ctx.finding_maker.make_pair_findings(layer, layer, copies, case="duplicate")
    to_lonlat = make_lonlat_transformer(ctx.plan.plane_crs)
    for finding, rows in zip(duplicates, groups, strict=True):
        finding.params["shape_hash"] = hash_corners(shapes[rows[0]], to_lonlat)
        if len(rows) > 2:
            finding.related_keys = [layer.keys[row] for row in rows[1:]]
            listed = make_row_list_params(layer, rows)
            finding.params |= {**listed, "shown": {**listed["shown"], "variant": "several"}}
            if layer.repeated_keys.intersection(rows):
                fids = [layer.fids[row] if row in layer.repeated_keys else None for row in rows[1:]]
                finding.params["related_fids"] = fids
    return findings + duplicates

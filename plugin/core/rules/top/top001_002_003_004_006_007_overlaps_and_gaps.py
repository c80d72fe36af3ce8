# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on overlaps, gaps and copies among the features of one layer."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import shapely

from ...engine.context import RuleContext, find_rows_of_land_only, find_rows_of_sea_classes
from ...geometry.crs import make_lonlat_transformer
from ...geometry.overlay_pieces import OverlayPieces, make_row_pieces
from ...geometry.polygons import Polygons
from ...geometry.shape_comparison import find_groups_of_equal_shapes, hash_corners
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import make_row_list_params
from .._places import (
    EAST_HALF_WKT,
    SQUARE_WKT,
    WEST_HALF_WKT,
    is_layer_in_setting,
    is_reported_elsewhere,
    must_not_overlap,
)

#: Rounding of an area, as a share and as a distance (m) along the outline.
_ROUNDING_SHARE, _ROUNDING_M = 1e-9, 1e-6
#: East of `SQUARE_WKT`: the sea of examples.
NEIGHBOUR_WKT = "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"


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
    copies, groups = copies.select(is_land), [rows for rows, kept in zip(groups, is_land, strict=True) if kept]
    group_of_row = np.arange(len(layer))
    for rows in groups:
        group_of_row[rows] = rows[0]
    pieces = ctx.geometry.find_shared_pieces(
        layer, is_pair_selected=lambda left, right: group_of_row[left] != group_of_row[right]
    )
    findings = ctx.make_pair_findings(layer, layer, pieces)
    for n, finding in enumerate(findings):
        # All land of both is shared, up to rounding of their vertices.
        if all(
            abs(one.area - pieces.area[n]) <= _ROUNDING_SHARE * one.area + _ROUNDING_M * one.length
            for one in layer.plane_shapes[[pieces.left[n], pieces.right[n]]]
        ):
            finding.case = "duplicate"
    # An edit may add or remove one copy of many: a check around it reports all copies there.
    duplicates = ctx.make_pair_findings(layer, layer, copies, case="duplicate")
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


@rule(
    "TOP002",
    "zone-gaps",
    problem="Planning zones leave gaps",
    surroundings="gaps",
    basis=["G8"],
    needs={"zones": LayerNeed("zones"), "county": LayerNeed("county"), "sea": LayerNeed("sea", optional=True)},
    uses=["tolerance"],
    messages={"sea": "No zone of {layer} covers {area} of {related_layer} (width {width} m); zones must cover the whole sea "
              "area too. Compare the place with the plan: extend the neighbouring zone, or draw the missing zone at sea.",
              "": "No zone of {layer} covers {area} of the county (width {width} m); zones must cover the whole "
              "county. Compare the place with the plan: extend the neighbouring zone that it belongs to, or draw the missing zone.",
              "narrow_place": "No zone of {layer} covers {area} (width {width} m); zones must cover the whole county. "
              "The place is narrow: between two zones, snap their edges to one line; inside one zone, it is a hole that this zone must fill."},
    fails=[
        RuleExample("half the county", {"zones": ["POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))"], "county": [SQUARE_WKT]}, finds=1, areas=(5000.0,)),
        RuleExample("two gaps", {"zones": ["POLYGON ((0 10, 100 10, 100 90, 0 90, 0 10))"], "county": [SQUARE_WKT]}, finds=2, areas=(1000.0, 1000.0)),
        RuleExample("a hole inside", {"zones": ["POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (40 40, 60 40, 60 60, 40 60, 40 40))"],
                                  "county": [SQUARE_WKT]}, finds=1, areas=(400.0,)),
        RuleExample("half the sea", {"zones": [SQUARE_WKT, NEIGHBOUR_WKT], "county": [SQUARE_WKT], "sea": ["POLYGON ((100 0, 300 0, 300 100, 100 100, 100 0))"]},
                    finds=1, areas=(10000.0,)),
    ],
    passes=[
        RuleExample("land and sea are tiled", {"zones": [SQUARE_WKT, NEIGHBOUR_WKT], "county": [SQUARE_WKT], "sea": [NEIGHBOUR_WKT]}),
        RuleExample("two zones tile it", {"zones": ["POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))", "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))"],
                                      "county": [SQUARE_WKT]}),
    ],
)  # fmt: skip
def zone_gaps(zones: Layer, county: Layer, sea: Layer | None, *, ctx: RuleContext) -> list[Finding]:
    """Planning zones cover the whole county.

    What it checks
        Every connected part of the county that is in no 规划分区; of the sea area too, where the plan has its layer.
    Why
        Zones tile the county: each piece of land has one purpose, and zone totals sum to the county's area.
    How to fix
        Extend the right zone, with vertices identical to those of its neighbours.
    Limits
        Needs the county's outline; TOP001 reports overlaps of zones. Gaps below both minimums are counted as slivers.
    """
    county_extent = ctx.geometry.get_county_outline()
    if county_extent is None:
        return []
    gap_pieces = ctx.geometry.find_uncovered_pieces_of_outline(county, county_extent[1], zones)
    findings = _make_part_findings(zones, county, gap_pieces, range(len(gap_pieces)), ctx)
    sea_shape = ctx.plan.compute_sea_shape()
    if sea is None or sea_shape is None:
        return findings
    outline = Polygons(np.array([sea_shape], dtype=object))
    sea_pieces = ctx.geometry.find_uncovered_pieces_of_outline(sea, outline, zones)
    return findings + _make_part_findings(zones, sea, sea_pieces, range(len(sea_pieces)), ctx, "sea")


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
    if not must_not_overlap(layer) or (
        ctx.plan.find_layer_of_concept("county") is not None
        and any(
            layer is ctx.plan.find_layer_of_concept(concept) and is_reported_elsewhere(ctx, code)
            for concept, code in (("zones", "TOP002"), ("parcels", "TOP006"))
        )
    ):
        return None
    # GEO006 reports a hole in a single feature.
    only_between_features = is_reported_elsewhere(ctx, "GEO006") and not is_layer_in_setting(
        layer, "quality.tiled", ctx
    )
    pieces = ctx.geometry.find_gaps(
        layer, widest_m, is_pair_selected=(lambda left, right: right >= 0) if only_between_features else None
    )
    findings = ctx.make_pair_findings(layer, layer, pieces, by_place=True)
    for finding in findings:
        finding.case = "" if finding.related_keys else "hole"
    return findings


@rule(
    "TOP006",
    "parcel-coverage",
    problem="Parcels do not cover the township or county",
    surroundings="gaps",
    concurrent=True,
    basis=["G11"],
    needs={"parcels": LayerNeed("parcels"), "townships": LayerNeed("townships", optional=True), "county": LayerNeed("county", optional=True)},
    uses=["tolerance"],
    messages={
        "": "No parcel of {related_layer} covers {area} of {layer} ({key}; width {width} m); parcels must cover the "
        "whole county. First check the outline of {layer}, and correct a wrong one; if it is right, restore the "
        "missing parcel from the survey or extend the neighbouring one.",
        "beyond_county": "No parcel of {related_layer} covers {area} of {layer} ({key}; width {width} m); the place "
        "is outside the county (TOP003). First correct the outline of {layer} or of the county, and check again; do "
        "not extend parcels beyond the county.",
    },
    fails=[
        RuleExample("a township with half its parcels", {"parcels": [WEST_HALF_WKT], "townships": [WEST_HALF_WKT, EAST_HALF_WKT]}, finds=1, areas=(5000.0,)),
        RuleExample("a gap across two townships", {"parcels": ["POLYGON ((0 10, 100 10, 100 100, 0 100, 0 10))"], "townships": [WEST_HALF_WKT, EAST_HALF_WKT]},
                finds=2, areas=(500.0, 500.0)),
        RuleExample("no townships: the county", {"parcels": [WEST_HALF_WKT], "county": [SQUARE_WKT]}, finds=1, areas=(5000.0,),
                roles={"county": "XZQX"}),
    ],
    passes=[
        RuleExample("parcels tile the townships", {"parcels": [WEST_HALF_WKT, EAST_HALF_WKT], "townships": [WEST_HALF_WKT, EAST_HALF_WKT]}),
        RuleExample("nothing to hold them against", {"parcels": [WEST_HALF_WKT]}),
        RuleExample("a sliver", {"parcels": ["POLYGON ((0 0.001, 100 0.001, 100 100, 0 100, 0 0.001))"], "townships": [SQUARE_WKT]}),
    ],
)  # fmt: skip
def parcel_coverage(
    parcels: Layer, townships: Layer | None, county: Layer | None, *, ctx: RuleContext
) -> list[Finding] | None:
    """Parcels cover townships and county without gaps.

    What it checks
        Every connected part of a township, or of the county without a layer of townships, that no parcel covers.
    Why
        The survey assigns a use to every piece of land; a gap is in no balance and no total.
    How to fix
        Extend the neighbouring parcel to the gap, with identical vertices, or restore the lost parcel.
    Limits
        TOP003 reports parcels outside the county, TOP001 overlaps. If parcels are delivered for a part of the county
        only, the rest is reported as a gap. Gaps below both minimums are slivers.
    """
    divisions = townships or county
    if divisions is None or divisions is parcels:
        return None
    findings = ctx.make_pair_findings(
        divisions,
        parcels,
        ctx.geometry.find_uncovered_pieces(
            divisions, parcels, rows=ctx.geometry.find_uncovered_candidates(divisions, parcels)
        ),
        by_place=True,
    )
    if county is not None and county is not divisions:
        # Parcels must not be drawn outside the county.
        extent = ctx.plan.compute_county_shape()
        if extent is not None and extent[0] is county and extent[1].shapes[0] is not None:
            outline = extent[1].shapes[0]
            for finding in findings:
                if shapely.area(shapely.intersection(finding.geometry, outline)) < shapely.area(finding.geometry) / 2:
                    finding.params["shown"] = {"variant": "beyond_county"}
    return findings


REVERSED_SQUARE_WKT = "POLYGON ((100 100, 100 0, 0 0, 0 100, 100 100))"


@rule(
    "TOP007",
    "duplicate-shapes",
    problem="Shapes are repeated",
    surroundings="shapes",
    checks_one_layer=True,
    severity=Severity.WARNING,
    basis=["usual-practice"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "": "{layer}: {key} has the same shape as other features ({related_key}): {count}; they are counted several "
        "times. Compare with {authority}, keep the one with the right attributes, and delete the others.",
    },
    fails=[
        RuleExample("twice in a layer that may overlap", {"layer": [SQUARE_WKT, SQUARE_WKT]}, finds=1, roles={"layer": "LSWHBHX"}),
        RuleExample("drawn from another corner, the other way round", {"layer": [SQUARE_WKT, REVERSED_SQUARE_WKT]}, finds=1, roles={"layer": "LSWHBHX"}),
        RuleExample("three times is one finding", {"layer": [SQUARE_WKT, REVERSED_SQUARE_WKT, SQUARE_WKT]}, finds=1, roles={"layer": "LSWHBHX"}),
        RuleExample("points", {"layer": ["POINT (1 1)", "POINT (2 2)", "POINT (1 1)"]}, finds=1, roles={"layer": "BKYDWWD"}),
        RuleExample("parcels, where overlaps are not checked", {"layer": [SQUARE_WKT, SQUARE_WKT]}, finds=1),
        RuleExample("a vertex on an edge, off it by rounding", {"layer": [SQUARE_WKT, "POLYGON ((0 0, 50 -0.0000001, 100 0, 100 100, 0 100, 0 0))"]}, finds=1,
                roles={"layer": "LSWHBHX"}),
        RuleExample("another start and a vertex on an edge", {"layer": [SQUARE_WKT, "POLYGON ((100 100, 100 0, 50 0, 0 0, 0 100, 100 100))"]}, finds=1,
                roles={"layer": "LSWHBHX"}),
    ],
    passes=[
        RuleExample("other shapes with the same extent", {"layer": [SQUARE_WKT, "POLYGON ((0 0, 100 0, 100 100, 0 0))"]}, roles={"layer": "LSWHBHX"}),
        RuleExample("two rows without a shape", {"layer": [None, None, SQUARE_WKT]}, roles={"layer": "LSWHBHX"}),
        RuleExample("reported already as an overlap", {"layer": [SQUARE_WKT, SQUARE_WKT]}, parameters={"rules": ["TOP001"]}),
    ],
)  # fmt: skip
def duplicate_shapes(layer: Layer, *, ctx: RuleContext) -> list[Finding] | None:
    """No shape is repeated.

    What it checks
        Features of one layer, of any geometry type, with the same shape, whatever its start, direction and vertices on
        straight edges.
    Why
        A duplicate shape is counted twice, and one of its two rows of attributes is wrong.
    How to fix
        Compare the attributes, keep the right row, delete the others; never reuse their BSM.
    Limits
        When TOP001 also runs, it reports the duplicates in layers that must not overlap. One finding for all
        equal shapes. Runs by default for a whole county (scope county), else if the rule or its group quality is
        selected.
    """
    if must_not_overlap(layer) and is_reported_elsewhere(ctx, "TOP001"):
        return None
    return [
        ctx.make_row_finding(
            layer,
            rows[0],
            params={"count": len(rows) - 1},
            geometry=layer.unrepaired_shapes[rows[0]],
            related_role=layer.role,
            related_keys=[layer.keys[row] for row in rows[1:]],
        )
        for rows in map(layer.sort_rows, find_groups_of_equal_shapes(layer.unrepaired_shapes))
    ]


#: A feature is completely outside the county from this share of its area on; the rest is rounding.
WHOLE_SHARE = 0.999


@rule(
    "TOP003",
    "outside-county",
    problem="Features are outside the county",
    local=True,
    concurrent=True,
    basis=["G12"],
    needs={
        "layer": LayerNeed(EVERY_LAYER),
        "county": LayerNeed("county"),
        "townships": LayerNeed("townships", optional=True),
        "parcels": LayerNeed("parcels", optional=True),
        "sea": LayerNeed("sea", optional=True, covers=True),
    },
    uses=["tolerance"],
    may_use=["sea"],
    messages={
        "sea": "{layer} ({key}) reaches {area} outside the land and the sea of the county (width {width} m). Compare with "
        "{authority}: cut the feature back to the edge of the sea area with identical vertices, or correct a wrong edge.",
        "": "{layer} ({key}) reaches {area} outside the county (width {width} m). Compare with {authority}: restore "
        "an edge that was drawn wrongly; if the right edge crosses the county's, cut the feature back to it with "
        "identical vertices; correct a wrong edge of the county.",
        "point": "{layer} ({key}) is {distance} m outside the county. Compare its coordinates and its county with "
        "{authority}: move it if they are wrong, remove it if it belongs to another county; if it is outside and "
        "must be listed, leave it, and waive the finding with the reason.",
        "line": "{layer} ({key}) runs {length} m outside the county. Compare its coordinates with {authority}: "
        "correct wrong ones, else cut the line at the county's edge; if it must be listed completely, leave it, and "
        "waive the finding with the reason.",
        "townships": "{layer} reaches {area} beyond all townships of {related_layer} (width {width} m). Compare with "
        "the published boundaries: correct a wrong edge of the county or of a township, or draw the missing township.",
        "parcels": "{layer} reaches {area} beyond all parcels of {related_layer} at its edge (width {width} m). "
        "First compare the county's outline with the published boundary, and correct it if it is wrong; if it is "
        "right, restore the missing parcels from the survey.",
        "wholly_outside": "{layer} ({key}) is completely outside the county (here {area}, width {width} m). Compare "
        "coordinates and county with {authority}: move it back if the coordinates are wrong, delete it if it does not "
        "belong to the county; correct a wrong edge of the county.",
        "division": "{layer} ({key}) reaches {area} outside the county (width {width} m); the two boundaries must "
        "agree. Compare with {authority}: cut {layer} back to the county with identical vertices if it is wrong, or "
        "correct a wrong edge of the county.",
    },
    fails=[
        RuleExample("across the edge", {"layer": ["POLYGON ((90 0, 110 0, 110 10, 90 10, 90 0))"], "county": [SQUARE_WKT]}, finds=1, areas=(100.0,)),
        RuleExample("two parts outside", {"layer": ["POLYGON ((-10 0, 110 0, 110 10, -10 10, -10 0))"], "county": [SQUARE_WKT]}, finds=2,
                areas=(100.0, 100.0)),
        RuleExample("wholly outside", {"layer": ["POLYGON ((200 0, 210 0, 210 10, 200 10, 200 0))", SQUARE_WKT], "county": [SQUARE_WKT]}, finds=1,
                areas=(100.0,)),
        RuleExample("a zone of land beside one at sea", {"layer": [{"wkt": "POLYGON ((90 0, 110 0, 110 10, 90 10, 90 0))", "zone_code": code} for code in ("300", "600")],
                                                         "county": [SQUARE_WKT]}, finds=1, areas=(100.0,), roles={"layer": "GHFQ"}),
        RuleExample("a zone beyond the sea area", {"layer": [{"wkt": SQUARE_WKT, "zone_code": "300"}, {"wkt": "POLYGON ((100 0, 210 0, 210 100, 100 100, 100 0))", "zone_code": "610"}],
                                                   "county": [SQUARE_WKT], "sea": [NEIGHBOUR_WKT]}, finds=1, areas=(1000.0,), roles={"layer": "GHFQ"}),
        RuleExample("farmland at sea", {"layer": ["POLYGON ((90 0, 110 0, 110 10, 90 10, 90 0))"], "county": [SQUARE_WKT], "sea": [NEIGHBOUR_WKT]},
                finds=1, areas=(100.0,), roles={"layer": "YJJBNTBHTB"}),
        RuleExample("a site outside", {"layer": ["POINT (150 50)", "POINT (50 50)"], "county": [SQUARE_WKT]}, finds=1, roles={"layer": "WWBHDWD"}),
        RuleExample("a road that runs out", {"layer": ["LINESTRING (50 50, 150 50)"], "county": [SQUARE_WKT]}, finds=1,
                roles={"layer": "ZDJTJCSSX"}),
    ],
    passes=[
        RuleExample("inside, at the edge", {"layer": ["POLYGON ((90 0, 100 0, 100 10, 90 10, 90 0))"], "county": [SQUARE_WKT]}),
        RuleExample("zones at sea", {"layer": [{"wkt": SQUARE_WKT, "zone_code": "300"}, {"wkt": "POLYGON ((90 0, 200 0, 200 10, 90 10, 90 0))", "zone_code": "610"}],
                                     "county": [SQUARE_WKT]}, roles={"layer": "GHFQ"}),
        RuleExample("uses at sea, with padded codes", {"layer": [{"wkt": "POLYGON ((200 0, 210 0, 210 10, 200 10, 200 0))", "land_use": code} for code in ("180200", "240000")],
                                     "county": [SQUARE_WKT]}, roles={"layer": "GHYDYH"}),
        RuleExample("a zone within the sea area", {"layer": [{"wkt": SQUARE_WKT, "zone_code": "300"}, {"wkt": NEIGHBOUR_WKT, "zone_code": "610"}],
                                                   "county": [SQUARE_WKT], "sea": [NEIGHBOUR_WKT]}, roles={"layer": "GHFQ"}),
        RuleExample("a red line on land and at sea", {"layer": ["POLYGON ((50 0, 150 0, 150 50, 50 50, 50 0))"], "county": [SQUARE_WKT],
                                                      "sea": [NEIGHBOUR_WKT]}, roles={"layer": "STBHHX"}),
        RuleExample("a bridge in the sea", {"layer": ["LINESTRING (50 50, 150 50)"], "county": [SQUARE_WKT], "sea": [NEIGHBOUR_WKT]}, roles={"layer": "ZDJTJCSSX"}),
        RuleExample("a site on the edge", {"layer": ["POINT (100 50)"], "county": [SQUARE_WKT]}, roles={"layer": "WWBHDWD"}),
        RuleExample("a road along the edge", {"layer": ["LINESTRING (50 0, 100 0, 100 50)"], "county": [SQUARE_WKT]},
                roles={"layer": "ZDJTJCSSX"}),
    ],
)  # fmt: skip
def outside_county(
    layer: Layer,
    county: Layer,
    townships: Layer | None,
    parcels: Layer | None,
    sea: Layer | None,
    *,
    ctx: RuleContext,
) -> RuleResult | list[Finding] | None:
    """All features are inside the county.

    What it checks
        The connected parts of every polygon outside the county's outline; and, as warnings, points and stretches of
        lines outside it, the parts of that outline beyond all townships, and those at its edge beyond all parcels.
    Why
        A neighbour's land counts for the neighbour; the packages of two counties must match at their common edge. An
        outline that is too large includes such land.
    How to fix
        Restore an edge that was drawn wrongly. Cut a right edge that crosses the county's outline back to it, with
        identical vertices; or correct the outline so that it agrees with townships and survey. Move a point to its
        place.
    Limits
        Needs a county layer; if it comes from dissolved townships, gaps between them count as outside. TOP006 reports
        gaps of parcels inside the county and, when it runs, also gaps of townships. Zones and uses of sea classes,
        points, lines and layers that may be at sea (settings of the sea) are compared with land and sea together where the plan has a layer of
        the sea; without it, the former are not compared, and a notice names them. Parts of the outline beyond townships and parcels are found
        by a whole check, not around an edit.
    """
    extent = ctx.geometry.get_county_outline()
    if extent is None:
        return None
    outline = extent[1]
    if layer.template.geometry != "polygon":
        # Points and lines may be at sea: ports, bridges, cables, the coast.
        if (both := ctx.plan.compute_extent_of_land_and_sea()) is not None:
            outline = Polygons(np.array([both], dtype=object))
        elif find_rows_of_sea_classes(layer, ctx.norm).all():
            return []
        outside_pieces = ctx.geometry.find_point_line_pieces_outside(layer, county, outline)
        # A facility outside may serve the county, so they are not errors.
        return [
            ctx.make_row_finding(
                layer,
                row,
                case="line" if shape.length else "point",
                params={"length": round(float(shape.length), 1)}
                if shape.length
                else {"distance": round(float(shapely.distance(shape, outline.shapes[0])), 1)},
                geometry=shape,
                severity=Severity.WARNING,
                related_role=county.role,
                by_place=True,
            )
            for row, shape in zip(outside_pieces.point_or_line_row.tolist(), outside_pieces.piece_shape, strict=True)
        ]
    if layer is not county:
        # The setting concerns only counties with land at sea.
        at_sea = sea is not None or find_rows_of_sea_classes(layer, ctx.norm).any()
        findings = [] if layer is sea else _find_polygons_outside(layer, county, outline, ctx)
        return RuleResult(findings=findings, unconfirmed=["sea"] if at_sea else [])
    if ctx.is_edit_check or (townships is None and parcels is None):
        # Around an edit not all townships and parcels are known; the next whole check compares the outline.
        return None
    # Only parts without parcels that touch the outline's edge are reported.
    findings = []
    outside_townships = shapely.MultiPolygon()
    if townships is not None and townships is not county and not townships.has_no_geometry:
        pieces = ctx.geometry.find_uncovered_pieces_of_outline(county, outline, townships)
        findings = _make_part_findings(county, townships, pieces, range(len(pieces)), ctx, "townships")
        outside_townships = shapely.union_all(pieces.geometry)
    if (
        parcels is None
        or parcels is county
        or parcels.has_no_geometry
        or (townships is not None and is_reported_elsewhere(ctx, "TOP006"))
    ):
        return findings
    pieces = ctx.geometry.find_uncovered_pieces_of_outline(county, outline, parcels)
    shapes = np.array(list(pieces.geometry), dtype=object)
    at_edge = shapely.dwithin(shapes, outline.shapes[0].boundary, ctx.tolerance.edge_match_m)
    is_reported = shapely.area(shapely.intersection(shapes, outside_townships)) > shapely.area(shapes) / 2
    return findings + _make_part_findings(
        county, parcels, pieces, np.flatnonzero(at_edge & ~is_reported).tolist(), ctx, "parcels"
    )


def _find_polygons_outside(layer: Layer, county: Layer, outline: Polygons, ctx: RuleContext) -> list[Finding]:
    """Return findings on the parts of polygons outside the county's outline.

    With a layer of the sea, rows at sea and rows that may be there are compared with both.
    """
    is_land = find_rows_of_land_only(layer, ctx.plan)
    sea_findings: list[Finding] = []
    if not is_land.all() and (both := ctx.plan.compute_extent_of_land_and_sea()) is not None:
        cover = Polygons(np.array([both], dtype=object))
        pieces = ctx.geometry.find_uncovered_pieces(layer, county, cover, rows=~is_land)
        sea_findings = ctx.make_pair_findings(layer, county, pieces, case="sea", by_place=True)
    pieces = ctx.geometry.find_uncovered_pieces(layer, county, outline, rows=None if is_land.all() else is_land)
    findings = ctx.make_pair_findings(layer, county, pieces, by_place=True)
    # Two variants of the message: completely outside the county, or a township or village of the county.
    outside_areas = np.bincount(pieces.left, weights=pieces.area, minlength=len(layer))
    divisions = map(ctx.plan.list_roles_of_concept, ("townships", "villages"))
    is_division = any(layer.role in roles for roles in divisions)
    for finding, row in zip(findings, pieces.left.tolist(), strict=True):
        if outside_areas[row] >= WHOLE_SHARE * layer.plane_areas[row]:
            finding.params["shown"] = {"variant": "wholly_outside"}
        elif is_division:
            finding.params["shown"] = {"variant": "division"}
    return findings + sea_findings


def _make_part_findings(
    layer: Layer,
    other: Layer,
    pieces: OverlayPieces,
    positions: Iterable[int],
    ctx: RuleContext,
    case: str = "",
) -> list[Finding]:
    """Return a finding on the layer for each piece at one of the positions; a warning in a case."""
    areas = ctx.geometry.measure_drawn_areas(pieces.geometry)
    return [
        Finding(
            layer.role,
            case=case,
            severity=Severity.WARNING if case else None,
            related_role=other.role,
            area_m2=float(areas[n]),
            width_m=float(pieces.width[n]),
            geometry=pieces.geometry[n],
            by_place=True,
        )
        for n in positions
    ]

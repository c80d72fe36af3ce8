# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on traces of careless drawing: acute angles, tiny or narrow parts, near or too many vertices."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ...engine.context import RuleContext
from ...geometry.corners import (
    find_narrow_places as parts_narrower,
    find_near_vertices as vertices_near,
    find_sharp_corners,
)
from ...geometry.polygon_rings import extract_rings
from ...geometry.polygons import Polygons
from ...geometry.validity import mask_missing_shapes
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import find_value_of_most_land, format_code_with_name
from .._places import (
    ISLAND_WKT,
    RING_WKT,
    SQUARE_WKT,
    is_layer_in_setting,
    is_reported_elsewhere,
    list_layers_of_setting,
    make_findings_by_row,
    must_not_overlap,
    select_valid_polygons,
)


@rule(
    "GEO005",
    "acute-angles",
    problem="A geometry has acute angles or spikes",
    severity=Severity.WARNING,
    local=True,
    basis=["G2"],
    needs={"layer": LayerNeed(EVERY_LAYER, polygons_only=True)},
    uses=["tolerance"],
    messages={
        "acute": "{layer} ({key}) has acute corners below {limit}°: {count} (the sharpest {angle}°), most likely drawing "
        "errors. Compare the edge with {authority}: move or delete a wrong vertex; on an edge shared with a neighbour, "
        "enable topological editing and move both, because a change of one leaves a gap or an overlap. If the corner is "
        "right, leave it, and waive the finding with the reason.",
        "spike": "{layer} ({key}) has spikes, corners below {limit}°: {count} (the sharpest {angle}°). The edge runs "
        "out and back on itself, which the receiving side may report as an error. Delete the vertex at the tip (or "
        "use Fix…), and change a neighbouring feature along the same edge with it.",
    },
    fails=[
        RuleExample("a corner of 6°", {"layer": ["POLYGON ((0 0, 100 0, 100 10, 0 0))"]}, finds=1),
        RuleExample("a spike", {"layer": ["POLYGON ((0 0, 100 0, 100 50, 500 50.5, 100 51, 100 100, 0 100, 0 0))"]}, finds=1),
        RuleExample("a notch into the shape", {"layer": ["POLYGON ((0 0, 100 0, 100 48, 10 50, 100 52, 100 100, 0 100, 0 0))"]}, finds=1),
        RuleExample("in a hole", {"layer": [SQUARE_WKT[:-1] + ", (10 10, 90 10, 90 20, 10 10))"]}, finds=1),
        RuleExample("a tip of two vertices", {"layer": ["POLYGON ((0 0, 100 0, 100 50, 500 50.5, 500 50.50005, 100 51, 100 100, 0 100, 0 0))"]}, finds=1),
        RuleExample("a stricter county", {"layer": ["POLYGON ((0 0, 100 0, 100 30, 0 0))"]}, finds=1,
                parameters={"below_degrees": 20.0}),
        RuleExample("both in one shape", {"layer": ["POLYGON ((0 0, 100 0, 100 50, 500 50.5, 100 51, 100 100, -600 100, 0 60, 0 0))"]},
                finds=2),
    ],
    passes=[
        RuleExample("right angles", {"layer": [SQUARE_WKT]}),
        RuleExample("a flat vertex is no spike", {"layer": ["POLYGON ((0 0, 50 0, 100 0, 100 100, 0 100, 0 0))"]}),
        RuleExample("a vertex twice is no corner", {"layer": ["POLYGON ((0 0, 100 0, 100 0, 100 100, 0 100, 0 0))"]}),
        RuleExample("what is not valid is another rule's", {"layer": ["POLYGON ((0 0, 100 10, 100 0, 0 10, 0 0))"]}),
    ],
)  # fmt: skip
def acute_angles(
    layer: Layer, *, ctx: RuleContext, below_degrees: float = 10.0, spike_degrees: float = 1.0
) -> Iterator[Finding]:
    """Polygons have no acute corners and no spikes.

    What it checks
        Corners, also of holes and notches, whose two edges form an angle below below_degrees (10° in the checking
        program that the value comes from); below spike_degrees (a limit of the plugin) the corner is a spike.
    Why
        Land parcels have no such corners: a vertex was snapped wrongly, or two nearly parallel lines were
        intersected.
    How to fix
        Zoom to the marked points and move or delete the vertex; on an edge shared with a neighbour, with topological
        editing. If the edge is right, waive the finding with its evidence.
    Limits
        Not part of the default run, because parcels along roads and rivers end in real acute corners. One finding for
        each feature and kind. GEO002 reports invalid shapes; this rule checks them after correction.
    """
    corners = find_sharp_corners(
        select_valid_polygons(layer),
        max(below_degrees, spike_degrees),
        ctx.tolerance.cluster_m,
        cancellation=ctx.cancellation,
    )
    is_spike = corners.angle_or_distance < spike_degrees
    for case, is_of_case, limit in (("acute", ~is_spike, below_degrees), ("spike", is_spike, spike_degrees)):
        yield from make_findings_by_row(layer, corners, is_of_case, "angle", ctx, case=case, limit=limit)


#: Settings ``quality.min_area_m2.<role>``; a layer without the setting has no minimum area.
AREA_SETTING = "quality.min_area_m2"


@rule(
    "GEO007",
    "small-polygons",
    problem="A polygon is smaller than the minimum area",
    severity=Severity.WARNING,
    local=True,
    basis=["G5"],
    needs={"layer": LayerNeed(EVERY_LAYER, polygons_only=True)},
    may_use=[AREA_SETTING],
    messages={
        "": "{layer} ({key}) has {area_m2}, below the layer's minimum of {limit} m² (set under “minimum areas by "
        "layer” [quality.min_area_m2] in the county's profile file); the receiving side may reject it. Compare with "
        "{authority}: merge a leftover of a cut with the neighbour of the same use; complete a shape that lacks a "
        "part; if it is right, leave it, and waive the finding with the reason.",
    },
    fails=[
        RuleExample("100 m² of farmland", {"layer": ["POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0))"]}, finds=1, areas=(100.0,),
                roles={"layer": "YJJBNTBHTB"}),
        RuleExample("a county that wants 400 m²", {"layer": ["POLYGON ((0 0, 15 0, 15 20, 0 20, 0 0))"]}, finds=1,
                settings={"quality.min_area_m2.YJJBNTBHTB": 400.0}, roles={"layer": "YJJBNTBHTB"}),
        RuleExample("a layer that a county adds", {"layer": ["POLYGON ((0 0, 15 0, 15 20, 0 20, 0 0))"]}, finds=1,
                settings={"quality.min_area_m2.STBHHX": 400.0}),
    ],
    passes=[
        RuleExample("300 m² of farmland", {"layer": ["POLYGON ((0 0, 15 0, 15 20, 0 20, 0 0))"]}, roles={"layer": "YJJBNTBHTB"}),
        RuleExample("no least area is set for the red line", {"layer": ["POLYGON ((0 0, 1 0, 1 1, 0 1, 0 0))"]}),
        RuleExample("no area at all is another rule's", {"layer": [None]}, roles={"layer": "YJJBNTBHTB"}),
    ],
)  # fmt: skip
def small_polygons(layer: Layer, *, ctx: RuleContext) -> RuleResult:
    """Polygons have at least the minimum area of their layer.

    What it checks
        The statutory area of each polygon, compared with quality.min_area_m2 of its layer (a profile may set it by
        layer code).
    Why
        Fragments cannot be farmed, granted or drawn; receiving databases reject polygons below their minimum area.
    How to fix
        Merge the fragment into the neighbour with the longest common edge and the same use, or correct the cut that
        made it; complete a feature of which a part is missing.
    Limits
        Not part of the default run: 200 m² comes from the village plans of one city (mark B for them alone), others
        use 400 and 600 m² by class (mark C). A layer without a setting is not checked, and the outcome notes it.
        GEO002 reports shapes without area.
    """
    limit = ctx.norm.get_settings_section(AREA_SETTING).get(layer.role)
    if limit is None:
        return RuleResult(is_applicable=False, notes=[("min_area_unset", {})])
    county_setting = f"{AREA_SETTING}.{layer.role}"
    result = RuleResult(unconfirmed=[county_setting if county_setting in ctx.norm.profile.settings else AREA_SETTING])
    # An area in the plane is far less wrong than by half: only rows near the limit have to be measured.
    candidates = np.flatnonzero(layer.has_shape & (layer.plane_areas < 2 * limit))
    for row, area in zip(candidates.tolist(), layer.measure_rows(candidates).tolist(), strict=True):
        if 0 < area < limit:
            result.findings.append(
                ctx.make_row_finding(
                    layer, row, area_m2=area, params={"limit": float(limit)}, geometry=layer.plane_shapes[row]
                )
            )
    return result


#: Settings ``quality.narrow_m.<role>``: a width for one layer; 0 excludes the layer.
WIDTH_SETTING = "quality.narrow_m"


@rule(
    "GEO008",
    "narrow-parts",
    problem="A geometry has a narrow part",
    severity=Severity.WARNING,
    local=True,
    concurrent=True,
    basis=["usual-practice"],
    needs={"layer": LayerNeed(EVERY_LAYER, polygons_only=True)},
    messages={
        "": "{layer} ({key}) has places narrower than {limit} m: {count} ({area} in total), most likely left by a "
        "cut; such strips can be neither used nor bounded. Compare with {authority}: cut off a leftover and merge "
        "it with the neighbour; widen a neck that was drawn too narrow; if the shape is right, leave it, and waive "
        "the finding with the reason.",
    },
    fails=[
        RuleExample("a neck of one metre", {"layer": ["POLYGON ((0 0, 100 0, 100 49.5, 200 49.5, 200 0, 300 0, 300 100, 200 100, 200 50.5, 100 50.5, 100 100, 0 100, 0 0))"]}, finds=1),
        RuleExample("nearly round and slightly too narrow", {"layer": ["POLYGON ((1 0, 0.7 -0.7, 0 -1, -0.7 -0.7, -1 0, -0.7 0.7, 0 1, 0.7 0.7, 1 0))"]}, finds=1),
        RuleExample("a strip all along", {"layer": ["POLYGON ((0 0, 200 0, 200 1, 0 1, 0 0))"]}, finds=1),
        RuleExample("two arms, one finding", {"layer": ["POLYGON ((0 0, 100 0, 100 100, 60 100, 60 200, 59 200, 59 100, 20 100, 20 200, "
                                                    "19 200, 19 100, 0 100, 0 0))"]}, finds=1),
        RuleExample("a wider limit", {"layer": ["POLYGON ((0 0, 200 0, 200 8, 0 8, 0 0))"]}, finds=1, parameters={"narrow_m": 10.0}),
        RuleExample("a layer with a width of its own", {"layer": ["POLYGON ((0 0, 200 0, 200 8, 0 8, 0 0))"]}, finds=1,
                settings={"quality.narrow_m.STBHHX": 10.0}),
    ],
    passes=[
        RuleExample("a square: its corners are no arms", {"layer": [SQUARE_WKT]}),
        RuleExample("nor is a corner of fifteen degrees", {"layer": ["POLYGON ((0 0, 100 0, 100 26.8, 0 0))"]}),
        RuleExample("a layer that is narrow by nature", {"layer": ["POLYGON ((0 0, 200 0, 200 1, 0 1, 0 0))"]},
                settings={"quality.narrow_m.STBHHX": 0.0}),
        RuleExample("a strip of eight metres", {"layer": ["POLYGON ((0 0, 200 0, 200 8, 0 8, 0 0))"]}),
    ],
)  # fmt: skip
def narrow_parts(layer: Layer, *, ctx: RuleContext, narrow_m: float = 2.0) -> RuleResult | None:
    """Polygons have no narrow arms and necks.

    What it checks
        Parts of a polygon narrower than narrow_m, which a disc of that diameter cannot reach: necks, arms, strips.
        One finding for each feature, with the number of such places and their area. A profile sets a width for single
        layers by their code ([quality.narrow_m]); 0 excludes a layer.
    Why
        A strip is usually left over from a cut along the edge of another survey; it cannot be used or
        marked.
    How to fix
        Zoom to the marked parts; cut arms off and assign them to the neighbour, with identical vertices; widen a
        neck.
    Limits
        Not part of the default run: no text of a norm was read for it (mark C), and ditches and roads are narrow by
        nature. Parts thinner than a hundredth of half the width are not found (GEO005, GEO009). GEO002 reports
        invalid shapes.
    """
    width = float(ctx.norm.get_settings_section(WIDTH_SETTING).get(layer.role, narrow_m))
    if width <= 0:
        return None
    rows, places = parts_narrower(select_valid_polygons(layer), width, cancellation=ctx.cancellation)
    area = ctx.geometry.measure_drawn_areas(places)
    # A county's width for this layer is as reliable as its source.
    county_setting = f"{WIDTH_SETTING}.{layer.role}"
    result = RuleResult(unconfirmed=[county_setting] if county_setting in ctx.norm.profile.settings else [])
    for row in np.unique(rows).tolist():
        is_of_row = rows == row
        parts = places[is_of_row]
        result.findings.append(
            ctx.make_row_finding(
                layer,
                row,
                area_m2=float(area[is_of_row].sum()),
                params={"limit": width, "count": len(parts)},
                geometry=parts[0] if len(parts) == 1 else shapely.multipolygons(parts),
            )
        )
    return result


@rule(
    "GEO009",
    "near-vertices",
    problem="Vertices are repeated or too close",
    severity=Severity.WARNING,
    local=True,
    basis=["G7", "G9"],
    needs={"layer": LayerNeed(EVERY_LAYER, polygons_only=True)},
    uses=["tolerance"],
    messages={
        "repeated": "{layer} ({key}) has repeated vertices: {count}. The area is not affected, but the receiving side "
        "may report an error. Delete one of each (Fix…, or QGIS: Remove duplicate vertices).",
        "near": "{layer} ({key}) has neighbouring vertices closer than {limit} m: {count} (the nearest {distance} m). "
        "The receiving database may merge them, which moves the edge. Delete one of each (or use Fix…), on the "
        "neighbouring feature as well.",
    },
    fails=[
        RuleExample("twice the same", {"layer": ["POLYGON ((0 0, 100 0, 100 0, 100 100, 0 100, 0 0))"]}, finds=1),
        RuleExample("five millimetres apart", {"layer": ["POLYGON ((0 0, 100 0, 100 0.005, 100 100, 0 100, 0 0))"]}, finds=1),
        RuleExample("before the closing vertex", {"layer": ["POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0.005, 0 0))"]}, finds=1),
        RuleExample("one of each", {"layer": ["POLYGON ((0 0, 100 0, 100 0, 100 100, 100 100.005, 0 100, 0 0))"]}, finds=2),
        RuleExample("a wider limit", {"layer": ["POLYGON ((0 0, 100 0, 100 0.4, 100 100, 0 100, 0 0))"]}, finds=1,
                parameters={"within_m": 0.5}),
    ],
    passes=[
        RuleExample("a square, closed as it must be", {"layer": ["POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"]}),
        RuleExample("two centimetres apart", {"layer": ["POLYGON ((0 0, 100 0, 100 0.02, 100 100, 0 100, 0 0))"]}),
    ],
)  # fmt: skip
def near_vertices(layer: Layer, *, ctx: RuleContext, within_m: float = 0.01) -> Iterator[Finding]:
    """Vertices of a polygon do not coincide.

    What it checks
        Consecutive vertices of a ring that are equal (up to the cluster tolerance), or closer than within_m.
    Why
        A receiving database with a coarser grid merges them: the edge moves and no longer matches its neighbour.
    How to fix
        Delete one vertex of each pair, in neighbouring features as well: run “Remove duplicate vertices” on a copy
        of all layers together, with one tolerance; compare areas afterwards.
    Limits
        Not part of the default run, because the norm was not read (mark C). One finding for each feature and kind. A
        layer in degrees is measured in the plan's plane.
    """
    cluster_m = ctx.tolerance.cluster_m
    close_vertices = vertices_near(
        select_valid_polygons(layer), max(within_m, cluster_m), cancellation=ctx.cancellation
    )
    is_repeated = close_vertices.angle_or_distance <= cluster_m
    for case, is_of_case, limit in (("repeated", is_repeated, cluster_m), ("near", ~is_repeated, within_m)):
        yield from make_findings_by_row(
            layer, close_vertices, is_of_case, "distance", ctx, case=case, decimals=4, limit=limit
        )


THREE_HOLES_WKT = (
    SQUARE_WKT[:-1] + ", (10 10, 20 10, 20 20, 10 10), (30 30, 40 30, 40 40, 30 30), (50 50, 60 50, 60 60, 50 50))"
)


@rule(
    "GEO010",
    "complex-shapes",
    problem="A geometry is too complex",
    severity=Severity.INFO,
    local=True,
    basis=["usual-practice"],
    needs={"layer": LayerNeed(EVERY_LAYER, polygons_only=True)},
    messages={
        "vertices": "{layer} ({key}) has more than {limit} vertices (a limit of the plugin, no national norm): "
        "{count}; programs of the receiving side may not respond. If the shape is right and the receiving side sets "
        "no limit, no action is needed; else split it along townships or roads and number the parts, or simplify it "
        "together with its neighbours.",
        "holes": "{layer} ({key}) has more than {limit} holes (a limit of the plugin, no national norm): {count}; "
        "programs of the receiving side may not respond. First check whether they are intended (GEO006), and fill "
        "wrong ones. If all are intended and the receiving side sets no limit, no action is needed, or split the "
        "feature along townships or roads.",
    },
    fails=[
        RuleExample("more vertices than allowed", {"layer": [SQUARE_WKT]}, finds=1, parameters={"vertices_count": 3}),
        RuleExample("more holes than allowed", {"layer": [THREE_HOLES_WKT]}, finds=1, parameters={"holes_count": 2}),
    ],
    passes=[
        RuleExample(
            "four corners: the closing vertex is not counted", {"layer": [SQUARE_WKT]}, parameters={"vertices_count": 4}
        ),
        RuleExample("three holes", {"layer": [THREE_HOLES_WKT]}, parameters={"holes_count": 3}),
    ],
)
def complex_shapes(
    layer: Layer, *, ctx: RuleContext, vertices_count: int = 100_000, holes_count: int = 200
) -> Iterator[Finding]:
    """No single shape is too large to process.

    What it checks
        The number of vertices (without closing ones) and of holes of each polygon, compared with two settings.
    Why
        Receiving programs fail, or take hours, on single polygons with very many vertices or holes.
    How to fix
        Split the feature along existing boundaries (townships, roads), and number the parts; or simplify it
        together with its neighbours.
    Limits
        Not part of the default run, and only a note: the two limits are those of the plugin (mark C).
    """
    rows = np.flatnonzero(~mask_missing_shapes(select_valid_polygons(layer)))
    # A hole has at least four vertices, with the closing one. Stored vertices are counted: in the plane, long edges
    # may have more.
    rows = rows[shapely.get_num_coordinates(layer.raw_shapes[rows]) > min(vertices_count, 4 * holes_count)]
    shapes = layer.raw_shapes[rows]
    parts, shape_of_part = shapely.get_parts(shapes, return_index=True)
    holes = np.bincount(shape_of_part, weights=shapely.get_num_interior_rings(parts), minlength=len(shapes)).astype(int)
    # Each ring has a closing vertex.
    vertices = shapely.get_num_coordinates(shapes) - holes - shapely.get_num_geometries(shapes)
    for case, counts, limit in (("vertices", vertices, vertices_count), ("holes", holes, holes_count)):
        for n in np.flatnonzero(counts > limit).tolist():
            yield ctx.make_row_finding(
                layer,
                int(rows[n]),
                case=case,
                params={"count": int(counts[n]), "limit": limit},
                geometry=layer.plane_shapes[rows[n]],
            )


#: A hole with a smaller open share than this is filled: the rest is a gap, which TOP004 reports.
MIN_OPEN_SHARE = 0.5


@rule(
    "GEO006",
    "unexpected-holes",
    problem="A feature has a hole",
    surroundings="shapes",
    checks_one_layer=True,
    severity=Severity.WARNING,
    basis=["G3"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    uses=["tolerance", "quality.tiled", "quality.windowed", "quality.window_fillers"],
    messages={
        "hole": "{layer} ({key}) has a hole of {area} (width {width} m) that no feature of the layer fills{facts}; it "
        "is not in the area of {layer}. Compare with {authority}: fill a hole that is not there; if it is there, "
        "leave it, and waive the finding with the document.",
        "window": "{layer} ({key}) has a window of {area} (width {width} m), left open for the farmland or red line "
        "in it. No action is needed; the window is listed for the count.",
    },
    fails=[
        RuleExample("an open hole", {"layer": [RING_WKT]}, finds=1, areas=(400.0,)),
        RuleExample("two holes", {"layer": [RING_WKT[:-1] + ", (10 10, 20 10, 20 20, 10 20, 10 10))"]}, finds=2, areas=(400.0, 100.0)),
        RuleExample("in one part of two", {"layer": ["MULTIPOLYGON (((200 0, 300 0, 300 100, 200 0)), " + RING_WKT[8:] + ")"]}, finds=1),
        RuleExample("a small island leaves it open", {"layer": [RING_WKT, "POLYGON ((40 40, 45 40, 45 45, 40 45, 40 40))"]}, finds=1, areas=(375.0,)),
        RuleExample("a window in the boundary is listed", {"boundary": [RING_WKT], "farmland": [ISLAND_WKT]}, finds=1, areas=(400.0,)),
        RuleExample("a hole next to the farmland is not a window", {"boundary": [RING_WKT], "farmland": ["POLYGON ((0 0, 9 0, 9 9, 0 0))"]},
                finds=1, areas=(400.0,)),
    ],
    passes=[
        RuleExample("no hole", {"layer": [ISLAND_WKT]}),
        RuleExample("filled by another feature", {"layer": [RING_WKT, ISLAND_WKT]}),
        RuleExample("an island in the sea", {"sea": [RING_WKT], "county": [ISLAND_WKT]}),
        RuleExample("a hole in the zones is a gap, and another rule's", {"layer": [RING_WKT]}, roles={"layer": "YDYHGHFQ"}),
        RuleExample("a window that another rule tells", {"boundary": [RING_WKT], "farmland": [ISLAND_WKT]}, parameters={"rules": ["TOP009"]}),
        RuleExample("a protected range may have holes", {"layer": [RING_WKT]}, roles={"layer": "LSWHBHX"}),
    ],
)  # fmt: skip
def unexpected_holes(layer: Layer, *, ctx: RuleContext, window_share: float = 0.95) -> list[Finding] | None:
    """Polygons have no unexpected holes.

    What it checks
        Each hole of a polygon that no other feature of the layer fills; in the sea, no land or island. In the 城镇开发边界, a hole that farmland and
        red line fill by at least window_share is a window (开天窗): it is valid and listed as a note.
    Why
        A hole left over from a cut reduces a total, and is hardly visible on the map.
    How to fix
        Compare with the approved result. If it has no such hole, fill it, or assign the land to a feature of the
        layer; if it has, waive the finding with the document.
    Limits
        Not part of the default run: many holes (villages, roads) are intended, and only a person can decide. Layers
        that tile the county (quality.tiled) are not checked, because an open hole there is a gap (TOP002, TOP004,
        TOP006), nor are layers whose features may overlap. Slivers are counted, not listed. The setting
        quality.window_fillers lists the layers that fill windows; TOP009 reports windows when it runs.
    """
    if not must_not_overlap(layer) or is_layer_in_setting(layer, "quality.tiled", ctx):
        return None
    shapes = select_valid_polygons(layer)
    present_rows = np.flatnonzero(~shapely.is_missing(shapes))
    shape_rings = extract_rings(shapes[present_rows])
    hole_rings = np.flatnonzero(shape_rings.is_hole)
    hole_polygons = [
        shapely.Polygon(shape_rings.xy[shape_rings.ring_starts[n] : shape_rings.ring_starts[n + 1]])
        for n in hole_rings.tolist()
    ]
    holes, rows = np.array(hole_polygons, dtype=object), present_rows[shape_rings.polygon_of_ring[hole_rings]]
    filling = layer.polygons
    if layer is ctx.plan.find_layer_of_concept("sea"):
        # Islands are land.
        islands = filter(None, map(ctx.plan.find_layer_of_concept, ("county", "islands")))
        filling = Polygons(np.concatenate([layer.plane_shapes, *(one.plane_shapes for one in islands)]))
    unfilled_holes, shares = _find_open_parts(holes, rows, layer, filling, ctx, layer)
    left_open = shares > MIN_OPEN_SHARE
    holes, rows, unfilled_holes = holes[left_open], rows[left_open], unfilled_holes[left_open]
    is_window = np.zeros(len(holes), dtype=bool)
    if is_layer_in_setting(layer, "quality.windowed", ctx) and len(holes):
        fillers = [one.plane_shapes for one in list_layers_of_setting("quality.window_fillers", ctx)]
        filler_polygons = Polygons(np.concatenate([np.zeros(0, dtype=object), *fillers]))
        _, unfilled = _find_open_parts(holes, rows, layer, filler_polygons, ctx, None)
        if is_reported_elsewhere(ctx, "TOP009"):
            # A hole with features in it is a window, whether full or not.
            empty = (1 - unfilled) * shapely.area(holes) <= ctx.tolerance.min_area_m2
            rows, unfilled_holes, unfilled = rows[empty], unfilled_holes[empty], unfilled[empty]
        is_window = unfilled <= 1 - window_share
    areas, widths = (
        ctx.geometry.measure_drawn_areas(unfilled_holes),
        2 * shapely.area(unfilled_holes) / shapely.length(unfilled_holes),
    )
    findings = []
    for n, row in enumerate(rows.tolist()):
        finding = ctx.make_row_finding(
            layer,
            row,
            case="window" if is_window[n] else "hole",
            severity=Severity.INFO if is_window[n] else None,
            area_m2=float(areas[n]),
            width_m=float(widths[n]),
            geometry=unfilled_holes[n],
            by_place=True,
        )
        if finding.case == "hole" and (land := _find_main_land_use(unfilled_holes[n], layer, ctx)):
            finding.params["shown"] = {"hole_land": land}
        findings.append(finding)
    return findings


def _find_main_land_use(hole: Any, layer: Layer, ctx: RuleContext) -> dict[str, Any] | None:
    """Return the land use of most parcels in a hole, and its share in percent; None without parcels there."""
    parcels = ctx.plan.find_layer_of_concept("parcels")
    if parcels is None or parcels is layer or not parcels.has_field("land_use"):
        return None
    _, rows = parcels.polygons.find_pairs_within(np.array([hole]), 0.0)
    rows = rows[~parcels.invalid_rows[rows]]
    codes = np.array(parcels.text("land_use"), dtype=object)[rows]
    areas = shapely.area(shapely.intersection(parcels.plane_shapes[rows], hole))
    main_code = find_value_of_most_land(codes, areas)
    main_area = float(areas[codes == main_code].sum())
    if not main_code or not main_area:
        return None
    share = min(main_area / hole.area, 1.0)
    return {"name": format_code_with_name(parcels, "land_use", main_code, ctx), "share": f"{share * 100:.2f}"}


def _find_open_parts(
    holes: NDArray,
    rows: NDArray,
    layer: Layer,
    covering_polygons: Polygons,
    ctx: RuleContext,
    sliver_layer: Layer | None,
) -> tuple[NDArray, NDArray]:
    """Return the part of each hole that other polygons leave open, and its share of the hole.

    Parameters
    ----------
    holes, rows
        (k,) polygons and the rows of the layer to which they belong.
    covering_polygons
        The polygons that may fill the holes.
    sliver_layer
        The layer for which open slivers are recorded; None if only the share is needed.

    Returns
    -------
    tuple
        (k,) geometries, the hole itself if it is completely open, and (k,) shares from 0 to 1.
    """
    pieces = ctx.geometry.find_uncovered_pieces_of_shapes(layer, rows, holes, sliver_layer, covering_polygons)
    unfilled_holes = holes.copy()
    for n in np.unique(pieces.left).tolist():
        uncovered_parts = pieces.geometry[pieces.left == n]
        unfilled_holes[n] = uncovered_parts[0] if len(uncovered_parts) == 1 else shapely.multipolygons(uncovered_parts)
    return unfilled_holes, np.bincount(pieces.left, weights=pieces.area, minlength=len(holes)) / shapely.area(holes)

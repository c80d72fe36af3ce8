# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ...engine.context import RuleContext
from ...geometry.polygon_rings import extract_rings
from ...geometry.polygons import Polygons
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, Severity, rule
from ...plan.layer import Layer
from .._attributes import format_code_with_name
from .._places import (
    is_layer_in_setting,
    is_reported_elsewhere,
    list_layers_of_setting,
    must_not_overlap,
    select_valid_polygons,
)

RING_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (40 40, 60 40, 60 60, 40 60, 40 40))"
ISLAND_WKT = "POLYGON ((40 40, 60 40, 60 60, 40 60, 40 40))"
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
        RuleExample("a hole in the zones is a gap, and another rule's", {"layer": [RING_WKT]}, roles={"layer": "YDYHGHFQ"}),
        RuleExample("a window that another rule tells", {"boundary": [RING_WKT], "farmland": [ISLAND_WKT]}, parameters={"rules": ["TOP009"]}),
        RuleExample("a protected range may have holes", {"layer": [RING_WKT]}, roles={"layer": "LSWHBHX"}),
    ],
)  # fmt: skip
def unexpected_holes(layer: Layer, *, ctx: RuleContext, window_share: float = 0.95) -> list[Finding] | None:
    """Polygons have no unexpected holes.

    What it checks
        Each hole of a polygon that no other feature of the layer fills. In the 城镇开发边界, a hole that farmland and
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
    unfilled_holes, shares = _find_open_parts(holes, rows, layer, layer.polygons, ctx, layer)
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
        finding = ctx.finding_maker.make_row_finding(
            layer,
            row,
            case="window" if is_window[n] else "hole",
            severity=Severity.INFO if is_window[n] else None,
            area_m2=float(areas[n]),
            width_m=float(widths[n]),
            geometry=unfilled_holes[n],
        )
        if finding.case == "hole" and (land := _find_main_land_use(unfilled_holes[n], layer, ctx)):
            finding.params["shown"] = {"hole_land": land}
        findings.append(finding)
    return ctx.finding_maker.mark_findings_by_location(findings)


def _find_main_land_use(hole: Any, layer: Layer, ctx: RuleContext) -> dict[str, Any] | None:
    """Return the land use of most parcels in a hole, and its share in percent; None without parcels there."""
    parcels = ctx.plan.find_layer_of_concept("parcels")
    if parcels is None or parcels is layer or not parcels.has_field("land_use"):
        return None
    _, rows = parcels.polygons.find_pairs_within(np.array([hole]), 0.0)
    rows = rows[~parcels.invalid_rows[rows]]
    codes = np.array(parcels.text("land_use"), dtype=object)[rows]
    area_of_code: dict[str, float] = defaultdict(float)
    for code, area in zip(codes, shapely.area(shapely.intersection(parcels.plane_shapes[rows], hole)), strict=True):
        area_of_code[code] += float(area)
    main_code = max(area_of_code, key=area_of_code.__getitem__, default="")
    if not main_code or not area_of_code[main_code]:
        return None
    share = min(area_of_code[main_code] / hole.area, 1.0)
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

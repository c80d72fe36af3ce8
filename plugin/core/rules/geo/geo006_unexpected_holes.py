# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from ...engine.context import Context
from ...geometry.linework import rings
from ...geometry.polygons import Polygons
from ...model.findings import Finding
from ...model.rule import EACH, Example, Need, Severity, rule
from ...plan.layer import Layer
from .._places import is_in_setting, is_reported_elsewhere, must_not_overlap, valid_polygons

RING = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (40 40, 60 40, 60 60, 40 60, 40 40))"
ISLAND = "POLYGON ((40 40, 60 40, 60 60, 40 60, 40 40))"
#: A hole of which less than this share lies open is filled: what is left is a gap, and TOP004's.
OPEN_SHARE = 0.5


@rule(
    "GEO006",
    "unexpected-holes",
    problem="A feature has a hole",
    severity=Severity.WARNING,
    basis=["G3"],
    needs={"layer": Need(EACH)},
    uses=["tolerance", "quality.tiled", "quality.windowed", "quality.window_fillers"],
    messages={
        "hole": "{layer} ({key}) has a hole of {area} (width {width} m) that no feature of the layer fills. Fill it, or keep the "
        "reason for it with the plan.",
        "window": "{layer} ({key}) has a window of {area} (width {width} m), left open for the farmland or red line in it. Nothing to "
        "do; it is listed so that it can be counted.",
    },
    fails=[
        Example("an open hole", {"layer": [RING]}, finds=1, areas=(400.0,)),
        Example("two holes", {"layer": [RING[:-1] + ", (10 10, 20 10, 20 20, 10 20, 10 10))"]}, finds=2, areas=(400.0, 100.0)),
        Example("in one part of two", {"layer": ["MULTIPOLYGON (((200 0, 300 0, 300 100, 200 0)), " + RING[8:] + ")"]}, finds=1),
        Example("a small island leaves it open", {"layer": [RING, "POLYGON ((40 40, 45 40, 45 45, 40 45, 40 40))"]}, finds=1, areas=(375.0,)),
        Example("a window in the boundary is listed", {"boundary": [RING], "farmland": [ISLAND]}, finds=1, areas=(400.0,)),
        Example("a hole beside the farmland is no window", {"boundary": [RING], "farmland": ["POLYGON ((0 0, 9 0, 9 9, 0 0))"]},
                finds=1, areas=(400.0,)),
    ],
    passes=[
        Example("no hole", {"layer": [ISLAND]}),
        Example("filled by another feature", {"layer": [RING, ISLAND]}),
        Example("a hole in the zones is a gap, and another rule's", {"layer": [RING]}, roles={"layer": "YDYHGHFQ"}),
        Example("a window that another rule tells", {"boundary": [RING], "farmland": [ISLAND]}, parameters={"rules": ["TOP009"]}),
        Example("a protected range may have holes", {"layer": [RING]}, roles={"layer": "LSWHBHX"}),
    ],
)  # fmt: skip
def unexpected_holes(layer: Layer, *, ctx: Context, window_share: float = 0.95) -> list[Finding] | None:
    """Polygons have no holes that nobody expects.

    What it checks
        Each hole of a polygon that no other feature of the layer fills. In the 城镇开发边界, a hole of which farmland and red
        line fill at least window_share is a window (开天窗): legitimate, and listed as a note.
    Why
        A hole that a cut left over takes land out of a total that nobody misses on the map.
    How to fix
        Fill the hole, or give the land to a feature of the layer; where it is wanted, keep the reason.
    Limits
        Not in the default run: many holes of the lines (villages, roads) are wanted, and only a person can tell. Layers
        that tile the county (quality.tiled) are not looked at, for there an open hole is a gap (TOP002, TOP004, TOP006),
        nor are layers whose features may overlap. Slivers are counted, not listed. What fills windows is
        quality.window_fillers; where TOP009 runs, windows are told there.
    """
    if not must_not_overlap(layer) or is_in_setting(layer, "quality.tiled", ctx):
        return None
    holes, rows = _holes(valid_polygons(layer))
    bare, shares = _open(holes, rows, layer, layer.polygons, ctx, layer)
    left_open = shares > OPEN_SHARE
    holes, rows, bare = holes[left_open], rows[left_open], bare[left_open]
    window = np.zeros(len(holes), dtype=bool)
    if is_in_setting(layer, "quality.windowed", ctx) and len(holes):
        _, unfilled = _open(holes, rows, layer, _fillers(ctx), ctx, None)
        if is_reported_elsewhere(ctx, "TOP009"):
            # What lies in a hole makes it a window, full or not.
            empty = (1 - unfilled) * shapely.area(holes) <= ctx.tolerance.min_area_m2
            rows, bare, unfilled = rows[empty], bare[empty], unfilled[empty]
        window = unfilled <= 1 - window_share
    areas, widths = ctx.geometry.statutory(bare), 2 * shapely.area(bare) / shapely.length(bare)
    found = []
    for n, row in enumerate(rows.tolist()):
        finding = ctx.make.row(layer, row, area_m2=float(areas[n]), width_m=float(widths[n]), geometry=bare[n])
        finding.case = "window" if window[n] else "hole"
        finding.severity = Severity.INFO if window[n] else None
        found.append(finding)
    return ctx.make.by_place(found)


def _holes(shapes: NDArray) -> tuple[NDArray, NDArray]:
    """Each hole as a polygon, and the row it is in."""
    there = np.flatnonzero(~shapely.is_missing(shapes))
    found = rings(shapes[there])
    which = np.flatnonzero(found.hole)
    holes = [shapely.Polygon(found.xy[found.at[n] : found.at[n + 1]]) for n in which.tolist()]
    return np.array(holes, dtype=object), there[found.shape[which]]


def _open(
    holes: NDArray, rows: NDArray, layer: Layer, cover: Polygons, ctx: Context, by: Layer | None
) -> tuple[NDArray, NDArray]:
    """(k,) what of each hole no polygon of ``cover`` fills (the hole itself where there is nothing in it), and its share.
    ``by``: the layer to which slivers left open are noted; None where only the share is asked."""
    parts = ctx.geometry.uncovered_in(layer, rows, holes, by, cover)
    bare = holes.copy()
    for n in np.unique(parts.left).tolist():
        own = parts.geometry[parts.left == n]
        bare[n] = own[0] if len(own) == 1 else shapely.multipolygons(own)
    return bare, np.bincount(parts.left, weights=parts.area, minlength=len(holes)) / shapely.area(holes)


def _fillers(ctx: Context) -> Polygons:
    layers = [lay for c in ctx.norm.get("quality.window_fillers") if (lay := ctx.plan.concept(c)) is not None]
    return Polygons(np.concatenate([np.zeros(0, dtype=object), *(layer.plane for layer in layers)]))

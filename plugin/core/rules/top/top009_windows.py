# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine.context import Context
from ...geometry.parts import Parts
from ...geometry.polygons import Polygons
from ...model.findings import Finding
from ...model.rule import Example, RuleResult, Severity, rule
from ...plan.layer import Layer

RING = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (40 40, 60 40, 60 60, 40 60, 40 40))"
ISLAND = "POLYGON ((40 40, 60 40, 60 60, 40 60, 40 40))"
HALF = "POLYGON ((40 40, 60 40, 60 50, 40 50, 40 40))"
OTHER_HALF = "POLYGON ((40 50, 60 50, 60 60, 40 60, 40 50))"
#: Two features of the boundary that enclose a place together.
WEST = "POLYGON ((0 0, 50 0, 50 40, 40 40, 40 60, 50 60, 50 100, 0 100, 0 0))"
EAST = "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 60, 60 60, 60 40, 50 40, 50 0))"


@rule(
    "TOP009",
    "windows",
    problem="The development boundary has windows",
    severity=Severity.INFO,
    basis=["three-line-rules-2022", "G3"],
    needs={},
    uses=["tolerance", "quality.windowed", "quality.window_fillers"],
    messages={
        "window": "{layer} ({key}) has a window of {area} (width {width} m), filled by {fillers} ({share} %). No action is needed; the window is listed for the count.",
        "partly": "{layer} ({key}) has a window of {area} (width {width} m), filled by {fillers} to only {share} %; {open_m2} m² belong to no line. Extend the boundary to them, or complete the line in the window.",
    },
    fails=[
        Example("a window is listed", {"boundary": [RING], "farmland": [ISLAND]}, finds=1, areas=(400.0,)),
        Example("half filled", {"boundary": [RING], "farmland": [HALF]}, finds=1, areas=(400.0,)),
        Example("filled by two lines together", {"boundary": [RING], "farmland": [HALF], "red_line": [OTHER_HALF]}, finds=1, areas=(400.0,)),
        Example("between two features", {"boundary": [WEST, EAST], "red_line": [ISLAND]}, finds=1, areas=(400.0,)),
        Example("two windows", {"boundary": [RING[:-1] + ", (10 10, 20 10, 20 20, 10 20, 10 10))"],
                "farmland": [ISLAND, "POLYGON ((10 10, 20 10, 20 20, 10 20, 10 10))"]}, finds=2, areas=(100.0, 400.0)),
    ],
    passes=[
        Example("nothing in the hole", {"boundary": [RING], "farmland": ["POLYGON ((200 0, 300 0, 300 100, 200 0))"]}),
        Example("farmland next to the hole, edge to edge", {"boundary": [RING], "farmland": [
            "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"]}),
        Example("no hole", {"boundary": [ISLAND], "farmland": [HALF]}),
        Example("filled by the boundary itself", {"boundary": [RING, ISLAND], "farmland": [ISLAND]}),
        Example("a hole in the red line is no window", {"red_line": [RING], "farmland": [ISLAND]}),
    ],
)  # fmt: skip
def windows(*, ctx: Context, window_share: float = 0.95) -> RuleResult:
    """Windows of the urban boundary are listed with the land that fills them.

    What it checks
        Places that the 城镇开发边界 (quality.windowed) encloses without covering them, one feature alone or several
        together, and that contain permanent basic farmland or the red line (quality.window_fillers): windows
        (开天窗). Each is listed with its area and the land that fills it; a window filled by less than window_share
        is a warning.
    Why
        Control lines may stay inside the boundary as windows; their land is not urban land. Land covered by neither
        the boundary nor a line is in no total.
    How to fix
        Nothing for a full window. Otherwise move the boundary to the line inside, or complete that line.
    Limits
        Not part of the default run. GEO006 reports an empty hole; when both run, only this rule reports windows. The
        share is that of the plugin (mark C). Holes below both minimums of the tolerance are only counted.
    """
    layers = _present("quality.windowed", ctx)
    fillers = [layer for layer in _present("quality.window_fillers", ctx) if not layer.has_no_geometry]
    result = RuleResult(applicable=bool(layers and fillers))
    for layer in layers if fillers else []:
        holes = ctx.geometry.gaps(layer, np.inf)
        if len(holes):
            result.findings += _window_findings(layer, holes, fillers, window_share, ctx)
    return result


def _present(setting: str, ctx: Context) -> list[Layer]:
    return [lay for concept in ctx.norm.get(setting) if (lay := ctx.plan.concept(concept)) is not None]


def _window_findings(
    layer: Layer, holes: Parts, fillers: list[Layer], window_share: float, ctx: Context
) -> list[Finding]:
    filled = [_filled(layer, holes, filler.polygons, ctx) for filler in fillers]
    # Overlapping lines (REL001) fill a place once only.
    share = _filled(layer, holes, Polygons(np.concatenate([filler.plane for filler in fillers])), ctx)
    areas = ctx.geometry.statutory(holes.geometry)
    found = []
    for n, row in enumerate(holes.left.tolist()):
        area = float(areas[n])
        if share[n] * area <= ctx.tolerance.min_area_m2:
            continue
        inside = [f.role for f, part in zip(fillers, filled, strict=True) if part[n] * area > ctx.tolerance.min_area_m2]
        params: dict[str, Any] = {
            "fillers": inside,
            "share": round(100 * float(share[n]), 1),
            "open_m2": round((1 - float(share[n])) * area, 2),
        }
        full = share[n] >= window_share
        finding = ctx.make.row(
            layer, row, params=params, area_m2=area, width_m=float(holes.width[n]), geometry=holes.geometry[n]
        )
        finding.case, finding.severity = ("window", None) if full else ("partly", Severity.WARNING)
        found.append(finding)
    return ctx.make.by_place(found)


def _filled(layer: Layer, holes: Parts, cover: Polygons, ctx: Context) -> NDArray:
    """Return (k,) the share of each hole that these polygons cover."""
    parts = ctx.geometry.uncovered_in(layer, holes.left, np.array(holes.geometry, dtype=object), None, cover)
    return 1 - np.bincount(parts.left, weights=parts.area, minlength=len(holes)) / holes.area

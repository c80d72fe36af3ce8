# SPDX-License-Identifier: GPL-2.0-or-later
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ...engine.context import RuleContext
from ...geometry.crs import CGCS2000_DEGREES, reproject_coordinates
from ...geometry.overlay_pieces import OverlayPieces
from ...geometry.polygons import Polygons
from ...model.findings import Finding
from ...model.rule import RuleExample, RuleResult, Severity, rule
from ...model.window_register import RegisteredWindow
from ...plan.layer import Layer
from ...standard.messages.numbers import format_number
from ...standard.messages.texts import Texts
from ...standard.template import Template
from .._places import ISLAND_WKT, RING_WKT, list_layers_of_setting

SOUTH_HALF_WKT = "POLYGON ((40 40, 60 40, 60 50, 40 50, 40 40))"


def _describe_filled_share(finding: Finding, texts: Texts, _templates: dict[str, Template]) -> dict[str, str]:
    """Return the clause on how much of a window (开天窗) is filled: completely, or a share in percent."""
    if "share" not in finding.params:
        return {}
    share = float(finding.params["share"])
    return {
        "filled_share": texts.get(
            "words", "filled_wholly" if share >= 100.0 else "filled_partly", share=format_number(share, 2)
        )
    }


@rule(
    "TOP009",
    "windows",
    problem="The development boundary has windows",
    surroundings="shapes",
    severity=Severity.INFO,
    basis=["three-line-rules-2022", "G3"],
    needs={},
    uses=["tolerance", "quality.windowed", "quality.window_fillers"],
    clauses=_describe_filled_share,
    messages={
        "window": "{layer} ({key}) has a window of {area} (width {width} m), filled by {fillers}{filled_share}. No action is needed; the window is listed for the count.",
        "partly": "{layer} ({key}) has a window of {area} (width {width} m), filled by {fillers} to only {share} %; "
        "{open_m2} m² belong to no line. Compare with the approved results: complete a line in the window that was "
        "drawn incompletely; if the lines are right, extend the boundary to their edges.",
    },
    fails=[
        RuleExample("a window is listed", {"boundary": [RING_WKT], "farmland": [ISLAND_WKT]}, finds=1, areas=(400.0,)),
        RuleExample("half filled", {"boundary": [RING_WKT], "farmland": [SOUTH_HALF_WKT]}, finds=1, areas=(400.0,)),
        RuleExample("filled by two lines together", {"boundary": [RING_WKT], "farmland": [SOUTH_HALF_WKT], "red_line": ["POLYGON ((40 50, 60 50, 60 60, 40 60, 40 50))"]}, finds=1, areas=(400.0,)),
        RuleExample("between two features", {"boundary": ["POLYGON ((0 0, 50 0, 50 40, 40 40, 40 60, 50 60, 50 100, 0 100, 0 0))", "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 60, 60 60, 60 40, 50 40, 50 0))"], "red_line": [ISLAND_WKT]}, finds=1, areas=(400.0,)),
        RuleExample("two windows", {"boundary": [RING_WKT[:-1] + ", (10 10, 20 10, 20 20, 10 20, 10 10))"],
                "farmland": [ISLAND_WKT, "POLYGON ((10 10, 20 10, 20 20, 10 20, 10 10))"]}, finds=2, areas=(100.0, 400.0)),
    ],
    passes=[
        RuleExample("nothing in the hole", {"boundary": [RING_WKT], "farmland": ["POLYGON ((200 0, 300 0, 300 100, 200 0))"]}),
        RuleExample("farmland next to the hole, edge to edge", {"boundary": [RING_WKT], "farmland": [
            "POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"]}),
        RuleExample("no hole", {"boundary": [ISLAND_WKT], "farmland": [SOUTH_HALF_WKT]}),
        RuleExample("filled by the boundary itself", {"boundary": [RING_WKT, ISLAND_WKT], "farmland": [ISLAND_WKT]}),
        RuleExample("a hole in the red line is no window", {"red_line": [RING_WKT], "farmland": [ISLAND_WKT]}),
    ],
)  # fmt: skip
def windows(*, ctx: RuleContext, window_share: float = 0.95) -> RuleResult:
    """Windows of the urban boundary are listed with the land that fills them.

    What it checks
        Places that the 城镇开发边界 (quality.windowed) encloses without covering them, one feature alone or several
        together, and that contain permanent basic farmland or the red line (quality.window_fillers): windows
        (开天窗). Each is listed with its area and the land that fills it; a window filled by less than window_share
        is a warning. Where a register of windows (名称.windows.csv) is next to the data, each finding adds whether
        the window is registered.
    Why
        Control lines may stay inside the boundary as windows; their land is not urban land. Land covered by neither
        the boundary nor a line is in no total.
    How to fix
        Nothing for a full window. Otherwise move the boundary to the line inside, or complete that line.
    Limits
        Not part of the default run. GEO006 reports an empty hole; when both run, only this rule reports windows. The
        share is that of the plugin (mark C). Holes below both minimums of the tolerance are only counted.
    """
    layers = list_layers_of_setting("quality.windowed", ctx)
    fillers = [layer for layer in list_layers_of_setting("quality.window_fillers", ctx) if not layer.has_no_geometry]
    result = RuleResult(is_applicable=bool(layers and fillers))
    for layer in layers if fillers else []:
        holes = ctx.geometry.find_gaps(layer, np.inf)
        if len(holes):
            shares_by_filler = [_compute_covered_shares(layer, holes, filler.polygons, ctx) for filler in fillers]
            # Overlapping lines (REL001) fill a place once only.
            total_share = _compute_covered_shares(
                layer, holes, Polygons(np.concatenate([filler.plane_shapes for filler in fillers])), ctx
            )
            areas = ctx.geometry.measure_drawn_areas(holes.geometry)
            registered = ctx.side_inputs.get_input("windows", tuple)
            for n, row in enumerate(holes.left.tolist()):
                area = float(areas[n])
                if total_share[n] * area <= ctx.tolerance.min_area_m2:
                    continue
                filler_roles = [
                    f.role
                    for f, part in zip(fillers, shares_by_filler, strict=True)
                    if part[n] * area > ctx.tolerance.min_area_m2
                ]
                params: dict[str, Any] = {
                    "fillers": filler_roles,
                    "share": round(100 * float(total_share[n]), 1),
                    "open_m2": round((1 - float(total_share[n])) * area, 2),
                }
                if registered is not None:
                    params["shown"] = {
                        "registration": _describe_registration(layer, holes.geometry[n], registered, ctx)
                    }
                is_full = total_share[n] >= window_share
                result.findings.append(
                    ctx.make_row_finding(
                        layer,
                        row,
                        case="window" if is_full else "partly",
                        severity=None if is_full else Severity.WARNING,
                        params=params,
                        area_m2=area,
                        width_m=float(holes.width[n]),
                        geometry=holes.geometry[n],
                        by_place=True,
                    )
                )
    return result


def _describe_registration(
    layer: Layer, hole: Any, registered: tuple[RegisteredWindow, ...], ctx: RuleContext
) -> dict[str, str]:
    """Return the last entry of the register that is inside a hole, as parameters of a remark; empty without one."""
    layer_windows = [window for window in registered if window.role == layer.role]
    lonlat = np.array([(window.longitude, window.latitude) for window in layer_windows], dtype=float).reshape(-1, 2)
    places = reproject_coordinates(lonlat, CGCS2000_DEGREES, ctx.plan.plane_crs)
    inside = [
        window for window, place in zip(layer_windows, places, strict=True) if hole.contains(shapely.Point(place))
    ]
    return {"when": inside[-1].when, "document": inside[-1].document} if inside else {}


def _compute_covered_shares(
    layer: Layer, holes: OverlayPieces, covering_polygons: Polygons, ctx: RuleContext
) -> NDArray:
    """Return the (k,) shares, 0 to 1, of the holes that these polygons cover."""
    pieces = ctx.geometry.find_uncovered_pieces_of_shapes(
        layer, holes.left, np.array(holes.geometry, dtype=object), None, covering_polygons
    )
    return 1 - np.bincount(pieces.left, weights=pieces.area, minlength=len(holes)) / holes.area

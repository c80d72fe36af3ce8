# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import shapely
from numpy.typing import NDArray

from ...engine.context import Context
from ...geometry import crs as crs_care
from ...geometry.coverage import DegreePolygons, Mismatches, find_deviating_vertices
from ...geometry.validity import is_missing
from ...model.findings import Finding
from ...model.rule import Example, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._places import must_not_overlap

WEST = "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))"
EAST = "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))"
#: Its edge towards `WEST` has one more vertex.
WITH_VERTEX = "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 40, 50 0))"
#: Like `WITH_VERTEX`, but with the vertex five millimetres away.
PARTED = "POLYGON ((50 0, 100 0, 100 100, 50 100, 50.005 40, 50 0))"


@rule(
    "TOP005",
    "shared-edges",
    problem="Shared edges do not match",
    severity=Severity.WARNING,
    basis=["G10"],
    needs={},
    uses=["tolerance", "quality.edges_fit", "quality.edges_compared"],
    messages={
        "": "{layer} ({key}) and {related_layer} ({related_key}) have different vertices on their common edge; places: {count} (up to {distance} m apart). Add the missing vertices to both edges at the same place.",
        "parted": "{layer} ({key}) and {related_layer} ({related_key}) separated when a long edge was converted to degrees; places: {count}. A vertex of one was on the other's edge and is now up to {distance} m away. Add a vertex there to both edges.",
        "layers": "{layer} and {related_layer} have different vertices on common edges; places: {count}, pairs of features: {pairs} (up to {distance} m apart). They may be of different years or sources: decide which of them is right before moving vertices.",
    },
    fails=[
        Example("a vertex on one side only", {"zones": [WEST, WITH_VERTEX]}, finds=1),
        Example("edges five millimetres apart", {"zones": [WEST, PARTED]}, finds=1),
        Example("between two lines", {"red_line": [WEST], "boundary": [WITH_VERTEX]}, finds=1),
        Example("a line against the survey is one summary", {"red_line": [WEST, EAST], "parcels": [
            "POLYGON ((0 0, 50 0, 100 0, 100 100, 50 100, 0 100, 0 50, 0 0))"]}, finds=1),
    ],
    passes=[
        Example("vertex for vertex", {"zones": [WEST, EAST]}),
        Example("between two lines, vertex for vertex", {"red_line": [WEST], "boundary": [EAST]}),
        Example("farther apart than edges that should be one", {"zones": [WEST, "POLYGON ((50.1 40, 100 0, 100 100, 50.1 40))"]}),
        Example("heritage is not among the layers that must fit", {"red_line": [WEST], "heritage": [WITH_VERTEX]}),
    ],
)  # fmt: skip
def shared_edges(*, ctx: Context) -> RuleResult:
    """Common boundaries have identical vertices.

    What it checks
        Vertices of a feature on or near the edge of another (up to the tolerance for edges, 0.01 m) without a vertex
        there: within each layer that must not overlap, and between the layers of quality.edges_fit (divisions, three
        lines, zones). One finding for each pair of features. In data in degrees also vertices that are on a
        neighbour's edge in the projected plane, and off it in degrees (17 mm on a kilometre): a conversion has opened
        a gap or an overlap there. Between these layers and those of quality.edges_compared (the survey) one summary
        for each pair of layers.
    Why
        Statutory areas are computed from the vertices: if only one side has a vertex, the parts no longer sum to the
        whole, and the next transformation opens a gap.
    How to fix
        Snap the later layer to the earlier one's vertices in a copy (QGIS: Snap geometries, insert vertices), then
        compare areas. Do not move sealed lines.
    Limits
        Not part of the default run, because the wording of the norm was not read (mark C). Only places within the
        tolerance for edges are checked: TOP002 and TOP004 report wider gaps, TOP001 overlaps. Layers do not state
        their year: the two lists are settings.
    """
    fit, compared = _named("quality.edges_fit", ctx), _named("quality.edges_compared", ctx)
    within = [layer for layer in ctx.plan.layers.values() if must_not_overlap(layer)]
    result = RuleResult(applicable=not all(layer.has_no_geometry for layer in (*within, *fit)))
    for layer in within:
        ctx.cancellation.raise_if_cancelled()
        result.findings += _by_pair(layer, layer, [(ctx.geometry.mismatched(layer), False)], ctx)
        result.findings += _parted(layer, layer, ctx)
    for a, b in combinations(fit, 2):
        result.findings += _by_pair(a, b, _both_ways(a, b, ctx), ctx)
        result.findings += _parted(a, b, ctx)
    for a, b in ((a, b) for a in fit for b in compared if b not in fit):
        result.findings += _summary(a, b, _both_ways(a, b, ctx))
    return result


def _named(setting: str, ctx: Context) -> list[Layer]:
    """Return the plan's layers of a list of concepts, each once."""
    layers = (ctx.plan.concept(concept) for concept in ctx.norm.get(setting))
    return list({layer.role: layer for layer in layers if layer is not None}.values())


#: Mismatches, and whether their rows are those of the second layer.
_MismatchLists = list[tuple[Mismatches, bool]]


def _both_ways(a: Layer, b: Layer, ctx: Context) -> _MismatchLists:
    ctx.cancellation.raise_if_cancelled()
    first, second = ctx.geometry.mismatched_both(a, b)
    return [(first, False), (second, True)]


def _parted(a: Layer, b: Layer, ctx: Context) -> list[Finding]:
    """Return findings on pairs separated on a long edge by conversion to degrees."""
    if not all(layer.crs is not None and crs_care.describe_crs(layer.crs).geographic for layer in (a, b)):
        return []
    first = _in_degrees(a)
    second = first if a is b else _in_degrees(b)
    mismatch_lists: _MismatchLists = []
    for one, other, turned in ((first, second, False), (second, first, True))[: 1 if a is b else 2]:
        found = find_deviating_vertices(one, other, ctx.plan.crs, ctx.tolerance.edge_match_m, ctx.cancellation)
        found.point = crs_care.reproject_coordinates(found.point, one.crs, ctx.plan.plane)
        mismatch_lists.append((found, turned))
    return _by_pair(a, b, mismatch_lists, ctx, "parted")


def _in_degrees(layer: Layer) -> DegreePolygons:
    shapes = layer.raw_shapes.copy()
    shapes[is_missing(layer.plane) | ~np.isin(shapely.get_type_id(shapes), (3, 6))] = None
    return DegreePolygons(shapes, layer.known_crs)


def _joined(mismatch_lists: _MismatchLists) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Return the rows of both layers, the places (k, 2) and the distances.

    The mismatches of both directions are combined.
    """
    rows = [(m.other, m.row) if turned else (m.row, m.other) for m, turned in mismatch_lists]
    left, right = (np.concatenate(side).astype(int) for side in zip(*rows, strict=True))
    return (
        left,
        right,
        np.concatenate([m.point for m, _ in mismatch_lists]),
        np.concatenate([m.distance for m, _ in mismatch_lists]),
    )


def _by_pair(a: Layer, b: Layer, mismatch_lists: _MismatchLists, ctx: Context, case: str = "") -> list[Finding]:
    left, right, point, distance = _joined(mismatch_lists)
    if a is b:
        # Either of two neighbours may lack the other's vertex: it is one pair, and the smaller key comes first.
        turn = np.array([a.keys[i] > a.keys[j] for i, j in zip(left.tolist(), right.tolist(), strict=True)], dtype=bool)
        left, right = np.where(turn, right, left), np.where(turn, left, right)
    found = []
    for (i, j), own in _groups(left, right):
        finding = ctx.make.row(
            a, i, params=_measure_places(distance[own]), geometry=shapely.multipoints(point[own]), case=case
        )
        finding.related_role, finding.related_keys = b.role, [b.keys[j]]
        if j in b.repeated_keys:
            finding.params["related_fid"] = b.fids[j]
        found.append(finding)
    return found


def _summary(a: Layer, b: Layer, mismatch_lists: _MismatchLists) -> list[Finding]:
    left, right, point, distance = _joined(mismatch_lists)
    if not len(left):
        return []
    pairs = len(np.unique(np.column_stack([left, right]), axis=0))
    params = {**_measure_places(distance), "pairs": pairs}
    return [Finding(a.role, related_role=b.role, case="layers", params=params, geometry=shapely.multipoints(point))]


def _measure_places(distance: NDArray) -> dict[str, float]:
    return {"count": len(distance), "distance": round(float(distance.max()), 4)}


def _groups(left: NDArray, right: NDArray) -> Iterator[tuple[tuple[int, int], NDArray]]:
    """Yield each pair of rows with its positions."""
    order = np.lexsort((right, left))
    pairs = np.column_stack([left[order], right[order]])
    starts = np.flatnonzero(np.r_[True, (pairs[1:] != pairs[:-1]).any(axis=1)]) if len(pairs) else np.zeros(0, int)
    for own in np.split(order, starts[1:]) if len(pairs) else []:
        yield (int(left[own[0]]), int(right[own[0]])), own

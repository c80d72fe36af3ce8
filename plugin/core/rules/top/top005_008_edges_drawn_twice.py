# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on edges that two features or two lines share, but that were drawn twice."""

from collections.abc import Iterable, Iterator
from itertools import combinations, product

import numpy as np
import shapely
from numpy.typing import NDArray

from ...engine.context import RuleContext
from ...geometry import crs as crs_care
from ...geometry.coverage import DegreePolygons, VertexMismatches, find_vertices_off_edges_in_degrees
from ...geometry.overlay_pieces import OverlayPieces
from ...model.findings import Finding
from ...model.rule import RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.messages.numbers import format_square_metres, format_width
from ...standard.messages.texts import Texts, shorten_key
from ...standard.template import Template
from .._places import EAST_HALF_WKT, WEST_HALF_WKT, list_layers_of_setting, must_not_overlap

#: Its edge towards `WEST_HALF_WKT` has one more vertex.
EAST_HALF_WITH_VERTEX_WKT = "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 40, 50 0))"


def _describe_vertex_distance(finding: Finding, texts: Texts, _templates: dict[str, Template]) -> dict[str, str]:
    """Return how far vertices of two edges are apart, in words where the distance would be printed as zero."""
    distance = float(finding.params.get("distance") or 0.0)
    return {
        "distance_fact": texts.get(
            "words", "distance_fact" if distance else "distance_fact_none", distance=f"{distance:g}"
        )
    }


@rule(
    "TOP005",
    "shared-edges",
    problem="Shared edges do not match",
    surroundings="shapes",
    severity=Severity.WARNING,
    concurrent=True,
    basis=["G10"],
    needs={},
    uses=["tolerance", "quality.edges_fit", "quality.edges_compared"],
    clauses=_describe_vertex_distance,
    messages={
        "": "{layer} ({key}) and {related_layer} ({related_key}) have different vertices on their common edge; "
        "places: {count} ({distance_fact}). Small overlaps or gaps result. Take the edge of {authority}, and add the "
        "missing vertices to both edges at the same place.",
        "parted": "{layer} ({key}) and {related_layer} ({related_key}) separated when a long edge was converted to degrees; places: {count}. A vertex of one was on the other's edge and is now up to {distance} m away. Add a vertex there to both edges.",
        "layers": "{layer} and {related_layer} have different vertices on common edges; places: {count}, pairs of features: {pairs} (up to {distance} m apart). They may be of different years or sources: first determine which layer is in force (an approved or sealed one is not moved), then move vertices of the other one.",
    },
    fails=[
        RuleExample("a vertex on one side only", {"zones": [WEST_HALF_WKT, EAST_HALF_WITH_VERTEX_WKT]}, finds=1),
        RuleExample("edges five millimetres apart", {"zones": [WEST_HALF_WKT, "POLYGON ((50 0, 100 0, 100 100, 50 100, 50.005 40, 50 0))"]}, finds=1),
        RuleExample("between two lines", {"red_line": [WEST_HALF_WKT], "boundary": [EAST_HALF_WITH_VERTEX_WKT]}, finds=1),
        RuleExample("a line against the survey is one summary", {"red_line": [WEST_HALF_WKT, EAST_HALF_WKT], "parcels": [
            "POLYGON ((0 0, 50 0, 100 0, 100 100, 50 100, 0 100, 0 50, 0 0))"]}, finds=1),
    ],
    passes=[
        RuleExample("vertex for vertex", {"zones": [WEST_HALF_WKT, EAST_HALF_WKT]}),
        RuleExample("between two lines, vertex for vertex", {"red_line": [WEST_HALF_WKT], "boundary": [EAST_HALF_WKT]}),
        RuleExample("farther apart than edges that should be one", {"zones": [WEST_HALF_WKT, "POLYGON ((50.1 40, 100 0, 100 100, 50.1 40))"]}),
        RuleExample("heritage is not among the layers that must fit", {"red_line": [WEST_HALF_WKT], "heritage": [EAST_HALF_WITH_VERTEX_WKT]}),
    ],
)  # fmt: skip
def shared_edges(*, ctx: RuleContext) -> RuleResult:
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
        Decide which layer is right (do not move approved or sealed lines), then add the missing vertices at the
        same places: in a copy, snap the other layer to it (QGIS: Snap geometries, insert vertices) and compare
        areas.
    Limits
        Not part of the default run, because the wording of the norm was not read (mark C). Only places within the
        tolerance for edges are checked: TOP002 and TOP004 report wider gaps, TOP001 overlaps. Layers do not state
        their year: the two lists are settings.
    """
    fitting_layers, summarised_layers = (
        list_layers_of_setting("quality.edges_fit", ctx),
        list_layers_of_setting("quality.edges_compared", ctx),
    )
    non_overlapping_layers = [layer for layer in ctx.plan.layers.values() if must_not_overlap(layer)]
    result = RuleResult(
        is_applicable=not all(layer.has_no_geometry for layer in (*non_overlapping_layers, *fitting_layers))
    )
    pairs = [*((layer, layer) for layer in non_overlapping_layers), *combinations(fitting_layers, 2)]
    for first_layer, second_layer in pairs:
        ctx.cancellation.raise_if_cancelled()
        result.findings += _report_mismatches_by_pair(
            first_layer, second_layer, ctx.geometry.find_vertex_mismatches(first_layer, second_layer), ctx
        )
        result.findings += _report_vertices_parted_in_degrees(first_layer, second_layer, ctx)
    for first_layer, second_layer in product(
        fitting_layers, [layer for layer in summarised_layers if layer not in fitting_layers]
    ):
        ctx.cancellation.raise_if_cancelled()
        left, right, point, distance = _join_mismatches(ctx.geometry.find_vertex_mismatches(first_layer, second_layer))
        if not len(left):
            continue
        result.findings.append(
            Finding(
                first_layer.role,
                related_role=second_layer.role,
                case="layers",
                params={
                    **_make_mismatch_params(distance),
                    "pairs": len(np.unique(np.column_stack([left, right]), axis=0)),
                },
                geometry=shapely.multipoints(point),
            )
        )
    return result


def _report_vertices_parted_in_degrees(first_layer: Layer, second_layer: Layer, ctx: RuleContext) -> Iterable[Finding]:
    """Return findings on pairs of features separated by the conversion to degrees.

    A vertex is on the neighbour's long edge in the plane, but not on the straight edge in degrees.
    """
    if not all(
        layer.crs is not None and crs_care.describe_crs(layer.crs).is_geographic
        for layer in (first_layer, second_layer)
    ):
        return []
    first = _get_polygons_in_degrees(first_layer)
    directions = [(first, first)]
    if first_layer is not second_layer:
        second = _get_polygons_in_degrees(second_layer)
        directions = [(first, second), (second, first)]
    mismatches = [
        find_vertices_off_edges_in_degrees(one, other, ctx.plan.crs, ctx.tolerance.edge_match_m, ctx.cancellation)
        for one, other in directions
    ]
    for of_edges, (one, _) in zip(mismatches, directions, strict=True):
        of_edges.vertex_xy = crs_care.reproject_coordinates(of_edges.vertex_xy, one.crs, ctx.plan.plane_crs)
    return _report_mismatches_by_pair(first_layer, second_layer, mismatches, ctx, "parted")


def _get_polygons_in_degrees(layer: Layer) -> DegreePolygons:
    """Return the layer's polygons with their vertices in degrees."""
    shapes = layer.raw_shapes.copy()
    shapes[~layer.has_shape | ~np.isin(shapely.get_type_id(shapes), (3, 6))] = None
    return DegreePolygons(shapes, layer.known_crs)


def _join_mismatches(mismatches: list[VertexMismatches]) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Return mismatches on edges of the first layer, and on those of the second one, as four arrays.

    Returns
    -------
    tuple
        (k,) rows of the first layer, (k,) rows of the second, (k, 2) places and (k,) distances in metres.
    """
    rows = [
        (one.vertex_row, one.edge_row) if is_second else (one.edge_row, one.vertex_row)
        for is_second, one in enumerate(mismatches)
    ]
    left, right = (np.concatenate(rows_of_side).astype(int) for rows_of_side in zip(*rows, strict=True))
    return (
        left,
        right,
        np.concatenate([one.vertex_xy for one in mismatches]),
        np.concatenate([one.distance_m for one in mismatches]),
    )


def _report_mismatches_by_pair(
    first_layer: Layer, second_layer: Layer, mismatches: list[VertexMismatches], ctx: RuleContext, case: str = ""
) -> Iterator[Finding]:
    """Yield one finding for each pair of features with mismatched vertices."""
    left, right, point, distance = _join_mismatches(mismatches)
    if not len(left):
        return
    if first_layer is second_layer:
        # Either of two neighbours may lack the other's vertex: it is one pair, and the smaller key comes first.
        is_swapped = np.array(
            [first_layer.keys[i] > first_layer.keys[j] for i, j in zip(left.tolist(), right.tolist(), strict=True)],
            dtype=bool,
        )
        left, right = np.where(is_swapped, right, left), np.where(is_swapped, left, right)
    pairs, pair_of_place, counts = np.unique(
        np.column_stack([left, right]), axis=0, return_inverse=True, return_counts=True
    )
    positions_by_pair = np.split(np.argsort(pair_of_place.ravel(), kind="stable"), np.cumsum(counts)[:-1])
    for (i, j), pair_positions in zip(pairs.tolist(), positions_by_pair, strict=True):
        finding = ctx.make_row_finding(
            first_layer,
            i,
            params=_make_mismatch_params(distance[pair_positions]),
            geometry=shapely.multipoints(point[pair_positions]),
            case=case,
            related_role=second_layer.role,
            related_keys=[second_layer.keys[j]],
        )
        if j in second_layer.repeated_keys:
            finding.params["related_fid"] = second_layer.fids[j]
        yield finding


def _make_mismatch_params(distance: NDArray) -> dict[str, float]:
    """Return message parameters: the number of places and the largest distance."""
    return {"count": len(distance), "distance": round(float(distance.max()), 4)}


#: Strips that a message names, the largest first; the finding's shape has all.
MAX_NAMED_STRIPS = 5
#: Touches `WEST_HALF_WKT` above and below, with a gap of half a metre between.
EAST_HALF_WITH_GAP_WKT = "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 90, 50.5 90, 50.5 10, 50 10, 50 0))"


def _describe_ignored_places(finding: Finding, texts: Texts, _templates: dict[str, Template]) -> dict[str, str]:
    """Return how many places are below the tolerance; empty without one."""
    count = int(finding.params.get("ignored", 0))
    facts = texts.get("words", "between_names").join(finding.params.get("shown", {}).get("facts", []))
    tolerance = texts.get("words", "in_brackets", text=facts) if facts else ""
    return {"ignored_fact": texts.get("words", "ignored_fact", count=count, tolerance=tolerance) if count else ""}


@rule(
    "TOP008",
    "slivers-between-layers",
    problem="Control lines have slivers between them",
    surroundings="shapes",
    severity=Severity.INFO,
    concurrent=True,
    basis=["G10", "usual-practice"],
    needs={},
    uses=["tolerance", "quality.lines"],
    clauses=_describe_ignored_places,
    messages={
        "overlaps": "{layer} and {related_layer} overlap in strips narrower than {limit} m: {count} ({area_m2} in "
        "total{ignored_fact}). The two edges are normally one. Features, area and coordinates (X, Y) of each: "
        "{examples}. This is a summary: when REL001 to REL003 run, they list each place, and correcting it ends this "
        "finding, too. Compare each place with the approved result, and restore the line that differs from it; if "
        "both agree with it, move neither and waive the finding with the document.",
        "gaps": "{layer} and {related_layer} have gaps narrower than {limit} m between them: {count} ({area_m2} in "
        "total{ignored_fact}). The two edges are normally one. Features, area and coordinates (X, Y) of each: "
        "{examples}. Compare each place with the approved result, and restore the line that differs from it; if both "
        "agree with it, move neither and waive the finding with the document.",
    },
    fails=[
        RuleExample("half a metre of overlap", {"farmland": [WEST_HALF_WKT], "red_line": ["POLYGON ((49.5 0, 100 0, 100 100, 49.5 100, 49.5 0))"]}, finds=1, areas=(50.0,)),
        RuleExample("half a metre of gap", {"red_line": [WEST_HALF_WKT], "boundary": [EAST_HALF_WITH_GAP_WKT]}, finds=1, areas=(40.0,)),
        RuleExample("a gap that two rows of one line border", {"red_line": [
            "POLYGON ((0 0, 50 0, 50 50, 0 50, 0 0))", "POLYGON ((0 50, 50 50, 50 100, 0 100, 0 50))"], "boundary": [EAST_HALF_WITH_GAP_WKT]},
            finds=1, areas=(40.0,)),
        RuleExample("two strips, one finding", {"farmland": [WEST_HALF_WKT], "red_line": [
            "POLYGON ((49.5 0, 100 0, 100 40, 49.5 40, 49.5 0))", "POLYGON ((49.5 60, 100 60, 100 100, 49.5 100, 49.5 60))"]},
            finds=1, areas=(40.0,)),
    ],
    passes=[
        RuleExample("edge to edge", {"farmland": [WEST_HALF_WKT], "red_line": [EAST_HALF_WKT]}),
        RuleExample("a wide overlap is a conflict, and another rule's", {"farmland": [WEST_HALF_WKT], "boundary": [WEST_HALF_WKT]}),
        RuleExample("only below the tolerance", {"farmland": [WEST_HALF_WKT], "red_line": ["POLYGON ((49.999 0, 100 0, 100 100, 49.999 100, 49.999 0))"]}),
        RuleExample("a slit in one of them is not between two", {"farmland": [EAST_HALF_WKT], "red_line": [
            WEST_HALF_WKT[:-1] + ", (10 10, 10.5 10, 10.5 90, 10 90, 10 10))"]}),
        RuleExample("one line alone", {"farmland": [WEST_HALF_WKT]}),
    ],
)  # fmt: skip
def slivers_between_layers(*, ctx: RuleContext, thin_m: float = 1.0) -> RuleResult:
    """Control lines have no slivers between them.

    What it checks
        For each two layers of quality.lines (the three lines): strips narrower than thin_m (2 × area ÷ perimeter)
        that both cover, and equally narrow gaps that they enclose together. One summary for each pair of layers and
        kind, with number, area and the slivers below the tolerance.
    Why
        Many thin strips along one edge are not separate conflicts: the edge was drawn twice.
    How to fix
        Compare each place with the approved result. In a copy, restore the line that differs from it
        (QGIS: Snap geometries) and run the relation rules again; if both agree with it, move neither and waive the
        finding with the document.
    Limits
        Not part of the default run, and only a note: the limit is that of the plugin (mark C). When the relation
        rules (REL001 to REL003) run, they also report these overlaps one by one; this rule counts how many have the
        same cause. Gaps open on one side are not found.
    """
    layers = list_layers_of_setting("quality.lines", ctx)
    result = RuleResult(is_applicable=sum(not layer.has_no_geometry for layer in layers) > 1)
    for first_layer, second_layer in combinations(layers, 2):
        shared_pieces = ctx.geometry.find_shared_pieces(first_layer, second_layer, splits_connected=True)
        for case, pieces in (
            ("overlaps", shared_pieces.select(shared_pieces.width < thin_m)),
            ("gaps", ctx.geometry.find_gaps_between(first_layer, second_layer, thin_m)),
        ):
            result.findings += _summarise_slivers(case, first_layer, second_layer, pieces, ctx, thin_m)
    return result


def _summarise_slivers(
    case: str, first_layer: Layer, second_layer: Layer, pieces: OverlayPieces, ctx: RuleContext, limit: float
) -> Iterator[Finding]:
    """Yield one finding on all narrow overlaps or gaps between two layers.

    ``case`` is ``overlaps`` or ``gaps``, ``limit`` the width in metres below which a part is narrow.
    """
    if not len(pieces):
        return
    areas = ctx.geometry.measure_drawn_areas(pieces.geometry)
    limits = [format_square_metres(ctx.tolerance.min_area_m2), f"{format_width(ctx.tolerance.min_width_m)} m"]
    strip_texts = []
    for n in np.argsort(-areas, kind="stable")[:MAX_NAMED_STRIPS].tolist():
        rows = ((first_layer, int(pieces.left[n])), (second_layer, int(pieces.right[n])))
        keys = [shorten_key(layer.keys[row]) or f"#{layer.fids[row]}" for layer, row in rows if row >= 0]
        place = shapely.point_on_surface(pieces.geometry[n])
        area_text = format_square_metres(float(areas[n]))
        strip_texts.append(f"{' × '.join(keys)} {area_text} ({place.x:.0f}, {place.y:.0f})".strip())
    yield Finding(
        first_layer.role,
        related_role=second_layer.role,
        case=case,
        area_m2=float(areas.sum()),
        params={
            "count": len(pieces),
            "limit": limit,
            "ignored": len(pieces.slivers.polygons),
            "shown": {"facts": limits},
            "examples": strip_texts + (["…"] if len(areas) > MAX_NAMED_STRIPS else []),
        },
        geometry=shapely.multipolygons(shapely.get_parts(pieces.geometry)),
    )

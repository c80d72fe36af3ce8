# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ...engine.context import RuleContext
from ...geometry.overlay_pieces import OverlayPieces
from ...model.findings import Finding
from ...model.rule import RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.messages.numbers import format_square_metres, format_width
from ...standard.messages.texts import Texts, shorten_key
from ...standard.template import Template
from .._places import list_layers_of_setting

#: Strips that a message names, the largest first; the finding's shape has all.
MAX_NAMED_STRIPS = 5
WEST_HALF_WKT = "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))"
EAST_HALF_WKT = "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))"
#: Reaches half a metre into `WEST_HALF_WKT`.
OVERLAPPING_EAST_WKT = "POLYGON ((49.5 0, 100 0, 100 100, 49.5 100, 49.5 0))"
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
        RuleExample("half a metre of overlap", {"farmland": [WEST_HALF_WKT], "red_line": [OVERLAPPING_EAST_WKT]}, finds=1, areas=(50.0,)),
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
        result.findings += _summarise_slivers(
            "overlaps",
            first_layer,
            second_layer,
            shared_pieces.select_pieces(shared_pieces.width < thin_m),
            ctx,
            thin_m,
        )
        open_pieces = ctx.geometry.find_gaps_between(first_layer, second_layer, thin_m)
        result.findings += _summarise_slivers("gaps", first_layer, second_layer, open_pieces, ctx, thin_m)
    return result


def _summarise_slivers(
    case: str, first_layer: Layer, second_layer: Layer, pieces: OverlayPieces, ctx: RuleContext, limit: float
) -> list[Finding]:
    """Return one finding on all narrow overlaps or gaps between two layers.

    ``case`` is ``overlaps`` or ``gaps``, ``limit`` the width in metres below which a part is narrow.
    """
    if not len(pieces):
        return []
    areas = ctx.geometry.measure_drawn_areas(pieces.geometry)
    area = float(areas.sum())
    params: dict[str, Any] = {"count": len(pieces), "limit": limit, "ignored": len(pieces.slivers.polygons)}
    limits = [format_square_metres(ctx.tolerance.min_area_m2), f"{format_width(ctx.tolerance.min_width_m)} m"]
    params["shown"] = {"facts": limits}
    params["examples"] = _describe_largest_parts(first_layer, second_layer, pieces, areas)
    shape = shapely.multipolygons(shapely.get_parts(pieces.geometry))
    return [
        Finding(
            first_layer.role, related_role=second_layer.role, case=case, area_m2=area, params=params, geometry=shape
        )
    ]


def _describe_largest_parts(
    first_layer: Layer, second_layer: Layer, pieces: OverlayPieces, areas: NDArray
) -> list[str]:
    """Return the keys of both features, the area and the place in the plane (m) of the largest strips, as texts."""
    strip_texts = []
    for n in np.argsort(-areas, kind="stable")[:MAX_NAMED_STRIPS].tolist():
        rows = ((first_layer, int(pieces.left[n])), (second_layer, int(pieces.right[n])))
        keys = [shorten_key(layer.keys[row]) or f"#{layer.fids[row]}" for layer, row in rows if row >= 0]
        place = shapely.point_on_surface(pieces.geometry[n])
        area_text = format_square_metres(float(areas[n]))
        strip_texts.append(f"{' × '.join(keys)} {area_text} ({place.x:.0f}, {place.y:.0f})".strip())
    return strip_texts + (["…"] if len(areas) > MAX_NAMED_STRIPS else [])

# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from itertools import combinations
from typing import Any

import shapely

from ...engine.context import Context
from ...geometry.parts import Parts
from ...model.findings import Finding
from ...model.rule import Example, RuleResult, Severity, rule
from ...plan.layer import Layer

WEST = "POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))"
EAST = "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))"
#: Reaches half a metre into `WEST`.
INTO = "POLYGON ((49.5 0, 100 0, 100 100, 49.5 100, 49.5 0))"
#: Touches `WEST` above and below, with a gap of half a metre between.
SEPARATED = "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 90, 50.5 90, 50.5 10, 50 10, 50 0))"


@rule(
    "TOP008",
    "slivers-between-layers",
    problem="Control lines have slivers between them",
    severity=Severity.INFO,
    basis=["G10", "usual-practice"],
    needs={},
    uses=["tolerance", "quality.lines"],
    messages={
        "overlaps": "{layer} and {related_layer} overlap in strips narrower than {limit} m: {count} ({area} in total; below the tolerance: {ignored} more). The two edges should be identical: snap the later line to the earlier one.",
        "gaps": "{layer} and {related_layer} have gaps narrower than {limit} m between them: {count} ({area} in total; below the tolerance: {ignored} more). The two edges should be identical: snap the later line to the earlier one.",
    },
    fails=[
        Example("half a metre of overlap", {"farmland": [WEST], "red_line": [INTO]}, finds=1, areas=(50.0,)),
        Example("half a metre of gap", {"red_line": [WEST], "boundary": [SEPARATED]}, finds=1, areas=(40.0,)),
        Example("a gap that two rows of one line border", {"red_line": [
            "POLYGON ((0 0, 50 0, 50 50, 0 50, 0 0))", "POLYGON ((0 50, 50 50, 50 100, 0 100, 0 50))"], "boundary": [SEPARATED]},
            finds=1, areas=(40.0,)),
        Example("two strips, one finding", {"farmland": [WEST], "red_line": [
            "POLYGON ((49.5 0, 100 0, 100 40, 49.5 40, 49.5 0))", "POLYGON ((49.5 60, 100 60, 100 100, 49.5 100, 49.5 60))"]},
            finds=1, areas=(40.0,)),
    ],
    passes=[
        Example("edge to edge", {"farmland": [WEST], "red_line": [EAST]}),
        Example("a wide overlap is a conflict, and another rule's", {"farmland": [WEST], "boundary": [WEST]}),
        Example("only below the tolerance", {"farmland": [WEST], "red_line": ["POLYGON ((49.999 0, 100 0, 100 100, 49.999 100, 49.999 0))"]}),
        Example("a slit in one of them is not between two", {"farmland": [EAST], "red_line": [
            WEST[:-1] + ", (10 10, 10.5 10, 10.5 90, 10 90, 10 10))"]}),
        Example("one line alone", {"farmland": [WEST]}),
    ],
)  # fmt: skip
def slivers_between_layers(*, ctx: Context, thin_m: float = 1.0) -> RuleResult:
    """Control lines have no slivers between them.

    What it checks
        For each two layers of quality.lines (the three lines): strips narrower than thin_m (2 × area ÷ perimeter)
        that both cover, and equally narrow gaps that they enclose together. One summary for each pair of layers and
        kind, with number, area and the slivers below the tolerance.
    Why
        Many thin strips along one edge are not separate conflicts: the edge was drawn twice.
    How to fix
        Decide which line was first; in a copy, snap the later line to it (QGIS: Snap geometries) and run the relation
        rules again.
    Limits
        Not part of the default run, and only a note: the limit is that of the plugin (mark C). When the relation
        rules (REL001 to REL003) run, they also report these overlaps one by one; this rule counts how many have the
        same cause. Gaps open on one side are not found.
    """
    layers = [lay for concept in ctx.norm.get("quality.lines") if (lay := ctx.plan.concept(concept)) is not None]
    result = RuleResult(applicable=sum(not layer.has_no_geometry for layer in layers) > 1)
    for a, b in combinations(layers, 2):
        shared = ctx.geometry.shared(a, b, connected=True)
        result.findings += _summary("overlaps", a, b, shared.only(shared.width < thin_m), ctx, thin_m)
        open_parts = ctx.geometry.gaps_between(a, b, thin_m)
        result.findings += _summary("gaps", a, b, open_parts, ctx, thin_m)
    return result


def _summary(case: str, a: Layer, b: Layer, parts: Parts, ctx: Context, limit: float) -> list[Finding]:
    if not len(parts):
        return []
    area = float(ctx.geometry.statutory(parts.geometry).sum())
    params: dict[str, Any] = {"count": len(parts), "limit": limit, "ignored": len(parts.slivers.geometry)}
    shape = shapely.multipolygons(shapely.get_parts(parts.geometry))
    return [Finding(a.role, related_role=b.role, case=case, area_m2=area, params=params, geometry=shape)]

# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext
from ...geometry.corners import find_near_vertices as vertices_near
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, Severity, rule
from ...plan.layer import Layer
from .._places import make_findings_by_row, select_valid_polygons


@rule(
    "GEO009",
    "near-vertices",
    problem="Vertices are repeated or too close",
    severity=Severity.WARNING,
    local=True,
    basis=["G7", "G9"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
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
def near_vertices(layer: Layer, *, ctx: RuleContext, within_m: float = 0.01) -> list[Finding] | None:
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
    if layer.template.geometry != "polygon":
        return None
    cluster_m = ctx.tolerance.cluster_m
    close_vertices = vertices_near(
        select_valid_polygons(layer), max(within_m, cluster_m), cancellation=ctx.cancellation
    )
    is_repeated = close_vertices.angle_or_distance <= cluster_m
    findings = []
    for case, is_of_case, limit in (("repeated", is_repeated, cluster_m), ("near", ~is_repeated, within_m)):
        findings += make_findings_by_row(
            layer, close_vertices, is_of_case, "distance", ctx, case=case, decimals=4, limit=limit
        )
    return findings

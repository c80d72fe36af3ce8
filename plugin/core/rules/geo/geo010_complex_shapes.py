# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np
import shapely
from numpy.typing import NDArray

from ...engine.context import RuleContext
from ...geometry.validity import mask_missing_shapes
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, Severity, rule
from ...plan.layer import Layer
from .._places import select_valid_polygons

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
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
    needs={"layer": LayerNeed(EVERY_LAYER)},
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
) -> list[Finding] | None:
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
    if layer.template.geometry != "polygon":
        return None
    rows = np.flatnonzero(~mask_missing_shapes(select_valid_polygons(layer)))
    # A hole has at least four vertices, with the closing one. Stored vertices are counted: in the plane, long edges
    # may have more.
    rows = rows[shapely.get_num_coordinates(layer.raw_shapes[rows]) > min(vertices_count, 4 * holes_count)]
    shapes = layer.raw_shapes[rows]
    holes = _count_holes(shapes)
    closing_vertices = holes + shapely.get_num_geometries(shapes)
    vertices = shapely.get_num_coordinates(shapes) - closing_vertices
    findings = []
    for case, counts, limit in (("vertices", vertices, vertices_count), ("holes", holes, holes_count)):
        for n in np.flatnonzero(counts > limit).tolist():
            params = {"count": int(counts[n]), "limit": limit}
            row = int(rows[n])
            findings.append(
                ctx.finding_maker.make_row_finding(
                    layer, row, case=case, params=params, geometry=layer.plane_shapes[row]
                )
            )
    return findings


def _count_holes(shapes: NDArray) -> NDArray:
    """Return the (n,) numbers of holes of polygons and multipolygons."""
    parts, shape_of_part = shapely.get_parts(shapes, return_index=True)
    return np.bincount(shape_of_part, weights=shapely.get_num_interior_rings(parts), minlength=len(shapes)).astype(int)

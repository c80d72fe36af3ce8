# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np
import shapely

from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import MAX_NAMED_ROWS, make_row_list_params

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
#: By the dimension of a shape.
GEOMETRY_BY_DIMENSION = ("point", "line", "polygon")


@rule(
    "SCH005",
    "layer-geometry",
    problem="Geometry type differs from the template",
    basis=["county-db"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "": "{layer} requires the geometry type {expected}; features of another type ({types}): {count}{listed_rows}. Draw them "
        "again as {expected}; move features of other layers there, and delete superfluous ones.",
        "heights": "{layer} must be two-dimensional, but its features have heights (Z); features: {count}. Areas are "
        "measured without heights, and the receiver's program may refuse them. Save the layer again without Z.",
    },
    fails=[
        RuleExample("a line among polygons", {"layer": [SQUARE_WKT, "LINESTRING (0 0, 50 50)"]}, finds=1),
        RuleExample("points and lines", {"layer": [SQUARE_WKT, "LINESTRING (0 0, 50 50)", "POINT (1 1)", "POINT (2 2)"]}, finds=1),
        RuleExample("a polygon with heights", {"layer": [SQUARE_WKT, "POLYGON Z ((0 0 900, 9 0 900, 9 9 900, 0 0 900))"]}, finds=1),
    ],
    passes=[
        RuleExample("polygon and multipolygon", {"layer": [SQUARE_WKT, "MULTIPOLYGON (((0 0, 9 0, 9 9, 0 0)))"]}),
        RuleExample("a point with a height", {"layer": ["POINT Z (1 1 900)"]}, roles={"layer": "WWBHDWD"}),
        RuleExample("nothing drawn is another matter", {"layer": [SQUARE_WKT, None, "LINESTRING EMPTY"]}),
    ],
)  # fmt: skip
def layer_geometry(layer: Layer, *, ctx: RuleContext) -> RuleResult:
    """A layer's shapes have the template's geometry type.

    What it checks
        Every shape is a polygon, a line or a point as the layer's template requires; single and multi types are
        treated alike. Lines and polygons have no heights (Z).
    Why
        A line in a layer of polygons has no area: the table has it, but no figure and no overlap does. A
        layer of the county database is two-dimensional; heights usually come from a drawing program.
    How to fix
        Draw the features with the geometry type of the layer; move features of other layers there, and delete
        superfluous ones. Save a layer with heights without its Z dimension.
    Limits
        Checks the features, not the type that the file declares; a layer without features is not checked. A
        collection counts as the largest kind in it. Measures (M) are dropped on reading, with a notice.
    """
    dimensions = np.where(layer.empty_rows | layer.broken_rows, -1, shapely.get_dimensions(layer.raw_shapes))
    expected = GEOMETRY_BY_DIMENSION.index(layer.template.geometry)
    counts = [int((dimensions == dimension).sum()) for dimension in range(len(GEOMETRY_BY_DIMENSION))]
    other_dimensions = [n for n, count in enumerate(counts) if count and n != expected]
    result = RuleResult(is_applicable=any(counts))
    if other_dimensions:
        other_rows = np.flatnonzero(np.isin(dimensions, other_dimensions)).tolist()
        params = {
            "expected": layer.template.geometry,
            "actual": GEOMETRY_BY_DIMENSION[max(other_dimensions, key=lambda n: counts[n])],
            **make_row_list_params(layer, other_rows, MAX_NAMED_ROWS),
        }
        params["shown"]["types"] = [GEOMETRY_BY_DIMENSION[n] for n in other_dimensions]
        result.findings.append(Finding(layer.role, params=params))
    high = int(shapely.has_z(layer.frame.geometry.to_numpy()).sum()) if expected else 0
    if high:
        result.findings.append(Finding(layer.role, case="heights", severity=Severity.WARNING, params={"count": high}))
    return result

# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np
import shapely

from ...engine.context import Context
from ...model.findings import Finding
from ...model.rule import EACH, Example, Need, RuleResult, rule
from ...plan.layer import Layer

SQUARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
#: By the dimension of a shape.
KINDS = ("point", "line", "polygon")


@rule(
    "SCH005",
    "layer-geometry",
    problem="Geometry type differs from the template",
    basis=["county-db"],
    needs={"layer": Need(EACH)},
    messages={
        "": "{layer} requires the geometry type {expected}; features of another type: {count} (mostly {actual}). Move them to the right layer, or draw them again.",
    },
    fails=[
        Example("a line among polygons", {"layer": [SQUARE, "LINESTRING (0 0, 50 50)"]}, finds=1),
        Example("points and lines", {"layer": [SQUARE, "LINESTRING (0 0, 50 50)", "POINT (1 1)", "POINT (2 2)"]}, finds=1),
    ],
    passes=[
        Example("polygon and multipolygon", {"layer": [SQUARE, "MULTIPOLYGON (((0 0, 9 0, 9 9, 0 0)))"]}),
        Example("nothing drawn is another matter", {"layer": [SQUARE, None, "LINESTRING EMPTY"]}),
    ],
)  # fmt: skip
def layer_geometry(layer: Layer, *, ctx: Context) -> RuleResult:
    """A layer's shapes have the template's geometry type.

    What it checks
        Every shape is a polygon, a line or a point as the layer's template requires; single and multi types are
        treated alike.
    Why
        A line in a layer of polygons has no area: the table has it, but no figure and no overlap does.
    How to fix
        Move the features to the right layer, or draw them with the geometry type of the layer.
    Limits
        Checks the features, not the type that the file declares; a layer without features is not checked. A
        collection counts as the largest kind in it.
    """
    dimensions = np.where(layer.empty | layer.broken, -1, shapely.get_dimensions(layer.raw_shapes))
    expected = KINDS.index(layer.template.geometry)
    counts = [int((dimensions == dimension).sum()) for dimension in range(len(KINDS))]
    others = [n for n, count in enumerate(counts) if count and n != expected]
    result = RuleResult(applicable=any(counts))
    if others:
        params = {
            "expected": layer.template.geometry,
            "actual": KINDS[max(others, key=lambda n: counts[n])],
            "count": sum(counts[n] for n in others),
        }
        result.findings.append(Finding(layer.role, params=params))
    return result

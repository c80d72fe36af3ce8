# SPDX-License-Identifier: GPL-2.0-or-later
from typing import Any

import numpy as np
import shapely

from ...engine.context import Context
from ...geometry import crs as crs_care
from ...geometry.validity import invalidity_reason
from ...model.findings import Finding
from ...model.rule import EACH, Example, Need, rule
from ...plan.layer import Layer
from .._places import is_reported_elsewhere

SQUARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
BOW_TIE = "POLYGON ((0 0, 100 100, 100 0, 0 100, 0 0))"
_KINDS = {
    "Point": "point",
    "MultiPoint": "point",
    "LineString": "line",
    "MultiLineString": "line",
    "LinearRing": "line",
    "Polygon": "polygon",
    "MultiPolygon": "polygon",
    "GeometryCollection": "collection",
}


@rule(
    "GEO002",
    "invalid-geometry",
    problem="A geometry is invalid",
    local=True,
    basis=["G7"],
    needs={"layer": Need(EACH)},
    messages={
        "invalid": "{layer} ({key}) is not a valid shape: {reason}. Mend it at the marked place. A repaired copy was used "
        "for the other rules; the layer was not changed.",
        "type": "{layer} ({key}) is a {actual}; the layer holds {expected} only. Redraw it or move it to its own layer.",
        "types": "{count} of {layer} are {actual} features; the layer holds {expected} only. Redraw them or move them to their own "
        "layer.",
        "zero_area": "{layer} ({key}) encloses no area. Delete it or draw it again.",
        "misplaced": "{layer} ({key}) lies where {crs} has no place, unlike the layer's other features (another prefix, axis order "
        "or unit). Correct its coordinates; it took part in no other check, and the layer was not changed.",
        "curve": "{layer} ({key}) contains arcs. They were read as straight segments every {step} degrees; convert them to "
        "vertices yourself so that everybody measures the same line.",
    },
    fails=[
        Example("bow-tie", {"layer": [BOW_TIE]}, finds=1),
        Example(
            "hole outside the shell",
            {"layer": ["POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), (20 20, 21 20, 21 21, 20 20))"]},
            finds=1,
        ),
        Example("ring touching itself", {"layer": ["POLYGON ((0 0, 10 0, 10 10, 5 5, 0 10, 5 5, 0 0))"]}, finds=1),
        Example("no area", {"layer": ["POLYGON ((0 0, 10 0, 20 0, 0 0))"]}, finds=1),
        Example("a line among polygons", {"layer": [SQUARE, "LINESTRING (0 0, 10 10)"]}, finds=1),
        Example("a layer of points", {"layer": ["POINT (0 0)", "POINT (9 0)", "POINT (0 9)"]}, finds=1),
        Example("points and lines", {"layer": ["POINT (0 0)", "POINT (9 0)", "LINESTRING (0 0, 9 9)"]}, finds=2),
    ],
    passes=[
        Example("a square", {"layer": [SQUARE]}),
        Example("polygon hole", {"layer": ["POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), (2 2, 3 2, 3 3, 2 2))"]}),
        Example("null is another rule's", {"layer": [None]}),
        Example(
            "a layer of points is reported as a layer",
            {"layer": ["POINT (0 0)", "POINT (9 0)"]},
            parameters={"rules": ["SCH005"]},
        ),
    ],
)
def invalid_geometry(layer: Layer, *, ctx: Context) -> list[Finding]:
    """Every shape is valid and of the layer's kind.

    What it checks
        Self-intersections, rings touching themselves, misplaced or nested holes, repeated rings, coordinates that are not
        numbers or no place of the layer's CRS, shapes without area, another geometry type than the template's, and arcs.
    Why
        Areas and overlaps of such a shape depend on the program that computes them.
    How to fix
        Zoom to the marked place and mend the vertices there, or run QGIS's “Fix geometries” and look at the result.
    Limits
        One reason per feature: mend it and check again. Where more than half of a layer is of another geometry type, one finding
        for each type stands for all of them; SCH005 reports such a layer where it runs too.
    """
    found = []
    if layer.has_wrong_geometry_type and not ctx.around_an_edit and not is_reported_elsewhere(ctx, "SCH005"):
        found = _one_per_type(layer, ctx)
    # A rule of its own says it where it runs.
    curves = set() if is_reported_elsewhere(ctx, "GEO004") else set(layer.source.curves)
    wanted = layer.template.geometry
    areas = shapely.area(layer.original)
    for position in np.flatnonzero(~layer.empty).tolist():
        shape = layer.original[position]
        if layer.broken[position]:
            found.append(ctx.make.row(layer, position, case="invalid", params={"reason": "unreadable"}))
            continue
        if position in layer.stray_rows:
            params: dict[str, Any] = {"reason": "misplaced", "crs": crs_care.crs_label(layer.crs)}
            found.append(ctx.make.row(layer, position, case="misplaced", params=params))
        elif layer.invalid[position]:
            name, place = invalidity_reason(layer.raw_shapes[position])
            place = layer.in_plane(place) if place is not None else _somewhere(shape)
            found.append(ctx.make.row(layer, position, case="invalid", params={"reason": name}, geometry=place))
        elif _KINDS[shape.geom_type] != wanted:
            if layer.has_wrong_geometry_type:
                continue
            params = {"reason": "type", "expected": wanted, "actual": _KINDS[shape.geom_type]}
            found.append(ctx.make.row(layer, position, case="type", params=params, geometry=_somewhere(shape)))
        elif wanted == "polygon" and areas[position] == 0:
            found.append(
                ctx.make.row(
                    layer, position, case="zero_area", params={"reason": "zero_area"}, geometry=_somewhere(shape)
                )
            )
        if layer.fids[position] in curves:
            params = {"reason": "curve", "step": layer.source.curve_step}
            found.append(ctx.make.row(layer, position, case="curve", params=params, geometry=_somewhere(shape)))
    return found


def _one_per_type(layer: Layer, ctx: Context) -> list[Finding]:
    """Return one finding for each geometry type that is not the template's, with all its places."""
    places: dict[str, list[Any]] = {}
    for position in np.flatnonzero(~(layer.empty | layer.broken | layer.invalid)).tolist():
        shape = layer.original[position]
        if _KINDS[shape.geom_type] != layer.template.geometry and position not in layer.stray_rows:
            places.setdefault(_KINDS[shape.geom_type], []).append(_somewhere(shape))
    found = []
    for actual, points in places.items():
        params = {"reason": "type", "expected": layer.template.geometry, "actual": actual, "count": len(points)}
        there = shapely.multipoints([point for point in points if point is not None])
        found.append(Finding(layer.role, case="types", params=params, geometry=there))
    return ctx.make.by_place(found)


def _somewhere(shape: Any) -> Any:
    """A point of the shape to go to, or None when it has no finite coordinate."""
    coordinates = shapely.get_coordinates(shape)
    finite = coordinates[np.isfinite(coordinates).all(axis=1)]
    return shapely.Point(finite[0]) if len(finite) else None

# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on shapes that can be measured: present, valid, in one part, without arcs."""

from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import shapely

from ...engine.context import RuleContext
from ...geometry import crs as crs_care
from ...geometry.validity import find_invalidity_reason
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, rule
from ...plan.layer import Layer
from ...standard.messages.clauses import describe_arc_step
from .._attributes import shorten_or_mask_value
from .._places import SQUARE_WKT, is_reported_elsewhere


@rule(
    "GEO001",
    "empty-geometry",
    problem="A feature has no geometry",
    local=True,
    basis=["county-db"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "": "{layer} ({key}{named}) has attributes but no shape: it is in no area of the map and in no overlay. "
        "Restore its shape from {authority}; if the feature is not there, verify that it is a duplicate or was "
        "entered by mistake, and delete it.",
    },
    fails=[
        RuleExample("null", {"layer": [SQUARE_WKT, None]}, finds=1),
        RuleExample("empty polygon", {"layer": ["POLYGON EMPTY"]}, finds=1),
    ],
    passes=[RuleExample("a square", {"layer": [SQUARE_WKT]})],
)
def empty_geometry(layer: Layer, *, ctx: RuleContext) -> Iterator[Finding]:
    """Every row has a shape.

    What it checks
        Rows whose geometry is null or empty.
    Why
        Tables count such a row, the map does not show it: text, table and map no longer agree.
    How to fix
        Restore the shape from the approved result (survey parcels: from the survey). If the feature is not there,
        verify that the row is a duplicate or was entered by mistake, and delete it.
    Limits
        None known.
    """
    # ZLDWMC is 坐落单位名称, the village where the land is.
    name_field = layer.template.find_field("feature_name") or layer.template.find_field_by_name("ZLDWMC")
    for position in np.flatnonzero(layer.empty_rows).tolist():
        name = (
            shorten_or_mask_value(name_field, layer.get_texts_by_name(name_field.name)[position])
            if name_field is not None and not name_field.personal
            else ""
        )
        yield ctx.make_row_finding(layer, position, params={"shown": {"feature_name": name}} if name else {})


_GEOMETRY_TYPES = {
    "Point": "point",
    "MultiPoint": "point",
    "LineString": "line",
    "MultiLineString": "line",
    "LinearRing": "line",
    "Polygon": "polygon",
    "MultiPolygon": "polygon",
    "GeometryCollection": "collection",
}
_TYPE_IDS = {
    expected: [
        shapely.GeometryType[name.upper()].value
        for name, geometry_kind in _GEOMETRY_TYPES.items()
        if geometry_kind == expected
    ]
    for expected in ("point", "line", "polygon")
}


@rule(
    "GEO002",
    "invalid-geometry",
    problem="A geometry is invalid",
    local=True,
    basis=["G7"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    clauses=describe_arc_step,
    messages={
        "invalid": "{layer} ({key}) has an invalid shape: {reason}. Its area and overlaps are wrong. Use "
        "Fix… and check the area, or zoom to the marked place and move or delete the wrong vertex with the vertex "
        "tool. If the intended shape is unclear, restore it from {authority}. The other rules used a repaired copy; "
        "the layer was not changed.",
        "type": "{layer} ({key}) has the geometry type {actual}, but the layer requires {expected}. Compare with "
        "{authority}: redraw the feature as {expected}, or move it to the right layer if it does not belong here.",
        "types": "{layer} requires {expected}, but some features have the geometry type {actual}: {count}. Compare "
        "with {authority}: redraw them as {expected}, or move them to the right layer if they do not belong here.",
        "zero_area": "{layer} ({key}) encloses no area (zero, or narrower than the tolerance of vertices). Compare "
        "with {authority}: draw the feature again if it is there, else delete it.",
        "misplaced": "{layer} ({key}) has coordinates outside {crs}, unlike the layer's other features (another "
        "prefix, axis order or unit). Correct its coordinates; no other rule checked the part outside, and the "
        "layer was not changed.",
        "curve": "{layer} ({key}) contains arcs. They were read as straight segments{step_fact}, and other programs "
        "may measure another area. Convert the arcs to vertices with Fix… or in the source program; give the shared "
        "edge of neighbouring features the same vertices.",
    },
    fails=[
        RuleExample("bow-tie", {"layer": ["POLYGON ((0 0, 100 100, 100 0, 0 100, 0 0))"]}, finds=1),
        RuleExample(
            "hole outside the shell",
            {"layer": ["POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), (20 20, 21 20, 21 21, 20 20))"]},
            finds=1,
        ),
        RuleExample("ring touching itself", {"layer": ["POLYGON ((0 0, 10 0, 10 10, 5 5, 0 10, 5 5, 0 0))"]}, finds=1),
        RuleExample("no area", {"layer": ["POLYGON ((0 0, 10 0, 20 0, 0 0))"]}, finds=1),
        RuleExample("no area after a reprojection", {"layer": ["POLYGON ((0 0, 100 0.000001, 200 0, 0 0))"]}, finds=1),
        RuleExample("a line among polygons", {"layer": [SQUARE_WKT, "LINESTRING (0 0, 10 10)"]}, finds=1),
        RuleExample("a layer of points", {"layer": ["POINT (0 0)", "POINT (9 0)", "POINT (0 9)"]}, finds=1),
        RuleExample("points and lines", {"layer": ["POINT (0 0)", "POINT (9 0)", "LINESTRING (0 0, 9 9)"]}, finds=2),
    ],
    passes=[
        RuleExample("a square", {"layer": [SQUARE_WKT]}),
        RuleExample("polygon hole", {"layer": ["POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), (2 2, 3 2, 3 3, 2 2))"]}),
        RuleExample("null is another rule's", {"layer": [None]}),
        RuleExample(
            "a layer of points is reported as a layer",
            {"layer": ["POINT (0 0)", "POINT (9 0)"]},
            parameters={"rules": ["SCH005"]},
        ),
    ],
)
def invalid_geometry(layer: Layer, *, ctx: RuleContext) -> Iterator[Finding]:
    """Every shape is valid and has the layer's geometry type.

    What it checks
        Self-intersections, rings that touch themselves, misplaced or nested holes, repeated rings, coordinates that
        are not numbers or are outside the layer's CRS, shapes without area, geometry types that differ from the
        template's, and arcs.
    Why
        Areas and overlaps of such a shape depend on the program that computes them.
    How to fix
        Zoom to the marked place and move or delete the wrong vertex with the vertex tool; or use “Fix…” or QGIS's “Fix
        geometries”, and check the area of the result.
    Limits
        Only one reason is reported for a feature: correct it and check again. If more than half of a layer has
        another geometry type, the rule reports one finding for each type; SCH005 reports such a layer when it also
        runs.
    """
    expected_type = layer.template.geometry
    if layer.has_wrong_geometry_type and not ctx.is_edit_check and not is_reported_elsewhere(ctx, "SCH005"):
        yield from _report_wrong_types(layer, ctx)
    # GEO004 reports arcs when it also runs.
    curves = set() if is_reported_elsewhere(ctx, "GEO004") else set(layer.source.fids_with_arcs)
    is_flat = layer.find_flat_rows(ctx.tolerance.cluster_m)
    has_other_type = ~np.isin(shapely.get_type_id(layer.unrepaired_shapes), _TYPE_IDS[expected_type])
    has_curve = np.isin(layer.fids, list(curves)) if curves else np.zeros(len(layer), dtype=bool)
    is_suspect = layer.broken_rows | layer.invalid_rows | has_other_type | is_flat | has_curve
    is_suspect[list(layer.stray_rows)] = True
    for position in np.flatnonzero(is_suspect & ~layer.empty_rows).tolist():
        shape = layer.unrepaired_shapes[position]
        make_finding = partial(ctx.make_row_finding, layer, position)
        if layer.broken_rows[position]:
            yield make_finding(case="invalid", params={"reason": "unreadable"})
            continue
        if position in layer.stray_rows:
            yield make_finding(
                case="misplaced", params={"reason": "misplaced", "crs": crs_care.make_crs_label(layer.crs)}
            )
        elif layer.invalid_rows[position]:
            name, point = find_invalidity_reason(layer.raw_shapes[position])
            if point is None:
                point = _find_any_point(shape)
            else:
                points = np.array([point], dtype=object)
                (point,) = crs_care.reproject_geometries(points, layer.known_crs, layer.plane_crs)
            yield make_finding(case="invalid", params={"reason": name}, geometry=point)
        elif _GEOMETRY_TYPES[shape.geom_type] != expected_type:
            if layer.has_wrong_geometry_type:
                continue
            params = {"reason": "type", "expected": expected_type, "actual": _GEOMETRY_TYPES[shape.geom_type]}
            yield make_finding(case="type", params=params, geometry=_find_any_point(shape))
        elif expected_type == "polygon" and is_flat[position]:
            yield make_finding(case="zero_area", params={"reason": "zero_area"}, geometry=_find_any_point(shape))
        if has_curve[position]:
            yield make_finding(
                case="curve",
                params={"reason": "curve", "step": layer.source.curve_step},
                geometry=_find_any_point(shape),
            )


def _report_wrong_types(layer: Layer, ctx: RuleContext) -> Iterator[Finding]:
    """Yield one finding for each geometry type that is not the template's.

    Its geometry is a multipoint with one point of each shape of this type.
    """
    places: dict[str, list[Any]] = defaultdict(list)
    for position in np.flatnonzero(~(layer.empty_rows | layer.broken_rows | layer.invalid_rows)).tolist():
        shape = layer.unrepaired_shapes[position]
        if _GEOMETRY_TYPES[shape.geom_type] != layer.template.geometry and position not in layer.stray_rows:
            places[_GEOMETRY_TYPES[shape.geom_type]].append(_find_any_point(shape))
    for actual, points in places.items():
        yield Finding(
            layer.role,
            case="types",
            params={"reason": "type", "expected": layer.template.geometry, "actual": actual, "count": len(points)},
            geometry=shapely.multipoints([point for point in points if point is not None]),
            by_place=True,
        )


def _find_any_point(shape: Any) -> Any:
    """Return the leftmost finite vertex of a shape as point, wherever its rings start; None without one."""
    coordinates = shapely.get_coordinates(shape)
    finite = coordinates[np.isfinite(coordinates).all(axis=1)]
    return shapely.Point(min(finite.tolist())) if len(finite) else None


@rule(
    "GEO003",
    "multipart",
    problem="A feature has several parts",
    local=True,
    basis=["G4"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "": "{layer} ({key}) has several parts: {parts}{facts}. Each part must be a feature, so that it can be "
        "checked, moved and transferred. First compare with {authority} and delete tiny parts left by mistake, then "
        "split the feature (Fix… numbers the parts itself; after QGIS's Multipart to singleparts, number them): the "
        "largest part keeps the BSM, the others get new ones (function sanxian_next_bsm of the field calculator); "
        "they also get unused values in fields that number each feature, such as the parcel number. Then compute the "
        "area fields of all parts again.",
    },
    fails=[
        RuleExample(
            "two squares", {"layer": ["MULTIPOLYGON (((0 0, 9 0, 9 9, 0 0)), ((20 0, 29 0, 29 9, 20 0)))"]}, finds=1
        )
    ],
    passes=[
        RuleExample("multipolygon of one", {"layer": ["MULTIPOLYGON (((0 0, 9 0, 9 9, 0 0)))"]}),
        RuleExample("polygon hole", {"layer": ["POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), (2 2, 3 2, 3 3, 2 2))"]}),
    ],
)
def multipart(layer: Layer, *, ctx: RuleContext) -> Iterator[Finding]:
    """Every feature has one part.

    What it checks
        Features with more than one part. A multipart type with one part is valid, because shapefiles have no other
        type.
    Why
        One BSM identifies one piece of land; parts kilometres apart cannot be checked, moved or transferred
        separately.
    How to fix
        Explode the feature (Multipart to singleparts) and number the parts.
    Limits
        None known.
    """
    parts = shapely.get_num_geometries(layer.unrepaired_shapes)
    for position in np.flatnonzero(~layer.empty_rows & (parts > 1)).tolist():
        params: dict[str, Any] = {"parts": int(parts[position])}
        if layer.template.geometry == "polygon":
            areas = ctx.geometry.measure_drawn_areas(shapely.get_parts(layer.plane_shapes[position]))
            params["shown"] = {"part_areas_m2": sorted((round(float(area), 2) for area in areas), reverse=True)}
        yield ctx.make_row_finding(layer, position, params=params, geometry=layer.plane_shapes[position])


@rule(
    "GEO004",
    "curves",
    problem="A geometry contains arcs",
    local=True,
    basis=["G1"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    clauses=describe_arc_step,
    messages={
        "": "{layer} ({key}) contains arcs or Bézier curves; the check read them as straight segments{step_fact}, "
        "and other programs may measure another area. Convert them to vertices with Fix… or in the source program; "
        "give the shared edge of neighbouring features the same vertices. The layer was not changed.",
    },
    fails=[RuleExample("one of two has an arc", {"layer": [{"wkt": SQUARE_WKT, "curve": True}, SQUARE_WKT]}, finds=1)],
    passes=[RuleExample("straight edges", {"layer": [SQUARE_WKT]})],
)
def curves(layer: Layer, *, ctx: RuleContext) -> list[Finding]:
    """Shapes have straight edges only.

    What it checks
        Features whose shape the source stores with arcs, Bézier curves or other curves.
    Why
        Programs convert a curve to different vertices: areas differ, and neighbouring edges do not match.
    How to fix
        Densify the feature in its source program, and draw neighbouring edges along the same vertices.
    Limits
        Not part of the default run, where GEO002 reports curves among other reasons; when both run, only this rule
        reports them. Formats without curves have already converted them: such a shape has very many vertices on a
        bend (GEO010).
    """
    fids_with_curves = set(layer.source.fids_with_arcs)
    return [
        ctx.make_row_finding(layer, row, params={"step": layer.source.curve_step}, geometry=layer.plane_shapes[row])
        for row, fid in enumerate(layer.fids)
        if fid in fids_with_curves
    ]

# SPDX-License-Identifier: GPL-2.0-or-later
"""Validation of a layer before writing: whether every row can be written without change.

Drivers silently accept a code outside its domain and a text that is too long, so all values are validated here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, time
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ...base.errors import NEVER_CANCELLED, Cancellation
from ...exchange.schema import DATABASE_FORMATS, SHAPELY_TYPE_IDS
from ...exchange.vct.settings import load_settings
from ...exchange.vct.values import clean_text
from ...geometry.polygon_rings import extract_rings
from ...standard import Standard
from ...standard.messages.texts import ConceptName
from ...standard.template import CodeList, TemplateField
from ..names import find_field_name_problem
from ..package_spec.spec import FORMAT_NAMES, VectorSet
from ..problems import MAX_NAMED_FEATURES, ExportProblem, ProblemLevel
from . import layer_writers as dbf, vct_precision
from .content import MissingLayer, PackageLayer, list_row_names, mask_non_finite_shapes

#: A point layer has one point per row.
_MULTIPOINT_TYPE_ID = 4
#: Formats that store rings without their roles: they derive parts and holes from the nesting of rings.
_RING_SORTING_SUFFIXES = (".gdb", ".shp")
#: Row numbers of databases, which QGIS shows as fields; leaving them out is not reported.
_ROW_NUMBER_FIELDS = ("FID", "OGC_FID", "OBJECTID")


def make_layer_problem(
    package_layer: PackageLayer, level: ProblemLevel, key: str, name: str = "", count: int = 0, **params: Any
) -> ExportProblem:
    """Return a problem of a whole layer, or of the field ``name`` of it."""
    return ExportProblem(level, key, layer=package_layer.layer.name, field=name, count=count, params=params)


def make_row_problem(
    package_layer: PackageLayer, level: ProblemLevel, key: str, rows: NDArray, name: str = "", **params: Any
) -> Iterator[ExportProblem]:
    """Yield one problem that names rows of a layer; nothing without rows.

    ``rows``: (k,) positions; ``name``: the field concerned, or empty.
    """
    if len(rows):
        yield ExportProblem(
            level,
            key,
            package_layer.layer.name,
            name,
            count=len(rows),
            features=tuple(list_row_names(package_layer.layer, rows[:MAX_NAMED_FEATURES].tolist())),
            params=params,
        )


def _validate_shapes(package_layer: PackageLayer, vector_set: VectorSet) -> Iterator[ExportProblem]:
    """Yield problems of shapes that cannot be written as they are.

    These are shapes of another kind, broken, misplaced or missing ones, and those with arcs or heights.
    """
    layer, geometry, suffix = package_layer.layer, package_layer.template.geometry, vector_set.suffix
    raw_shapes, kinds = layer.raw_shapes, shapely.get_type_id(layer.raw_shapes)
    has_shape = (kinds >= 0) & ~layer.empty_rows
    is_wrong_kind = has_shape & ~np.isin(kinds, SHAPELY_TYPE_IDS[geometry])
    has_many_points = has_shape & (kinds == _MULTIPOINT_TYPE_ID) & (shapely.get_num_geometries(raw_shapes) != 1)
    rows_without_place = package_layer.find_rows_with_unusable_coordinates(CRS.from_user_input(vector_set.crs))
    nested = np.zeros(0, dtype=int)
    if geometry == "polygon" and suffix in _RING_SORTING_SUFFIXES:
        invalid_polygons = layer.invalid_rows & np.isin(kinds, SHAPELY_TYPE_IDS["polygon"])
        nested = find_nested_polygons(raw_shapes, invalid_polygons, includes_overlaps=suffix == ".shp")
    curved = np.flatnonzero(np.isin(layer.frame.index.to_numpy(), layer.source.fids_with_arcs))
    with_heights = np.flatnonzero(shapely.has_z(layer.frame.geometry.to_numpy()))
    stop, gate, target = ProblemLevel.STOP, ProblemLevel.GATE, {"target": vector_set.crs}
    problems: list[tuple[ProblemLevel, str, NDArray, dict[str, Any]]] = [
        (stop, "shape_kind", np.flatnonzero(is_wrong_kind), {"kind": geometry}),
        (stop, "shape_broken", np.flatnonzero(layer.broken_rows), {}),
        (stop, "shape_nowhere", rows_without_place, target),
        (stop, "points_many", np.flatnonzero(has_many_points & (geometry == "point")), {}),
        (gate, "shape_missing", np.flatnonzero(layer.empty_rows), {}),
        (gate, "shape_stray", np.array(sorted(layer.stray_rows), dtype=int), {}),
        (stop, "shape_nested", nested, {"format": FORMAT_NAMES[suffix]}),
        (gate, "shape_crossing", _find_new_crossings(package_layer, vector_set, rows_without_place), target),
        (gate, "shape_curved", curved, {"step": layer.source.curve_step}),
        (ProblemLevel.NOTE, "heights_left_out", with_heights, {}),
    ]
    for level, key, rows, params in problems:
        yield from make_row_problem(package_layer, level, key, rows, **params)


def _find_new_crossings(package_layer: PackageLayer, vector_set: VectorSet, rows_without_place: NDArray) -> NDArray:
    """Return the (k,) positions of valid areas that intersect themselves after conversion.

    Straight edges are not straight in another CRS, and files have limited digits. Areas that are invalid in the plan
    are not reported here, but by the check (GEO002). ``rows_without_place``: rows with unusable coordinates.
    """
    layer, plane = package_layer.layer, CRS.from_user_input(vector_set.crs)
    rounds_coordinates = vector_set.suffix == ".vct"
    if package_layer.template.geometry != "polygon" or (layer.crs == plane and not rounds_coordinates):
        return np.zeros(0, dtype=int)
    is_polygon = np.isin(shapely.get_type_id(layer.raw_shapes), SHAPELY_TYPE_IDS["polygon"])
    rows = np.setdiff1d(np.flatnonzero(is_polygon & ~layer.invalid_rows & ~layer.empty_rows), rows_without_place)
    shapes = package_layer.transform_shapes(plane)[rows]
    if not rounds_coordinates:
        return rows[~shapely.is_valid(shapes)]
    is_crossing = ~shapely.is_valid(vct_precision.round_coordinates(shapes, plane.is_geographic))
    # Rings that collapse to a point are reported separately.
    is_crossing[vct_precision.find_precision_changes(shapes, plane.is_geographic).collapsed] = False
    return rows[is_crossing]


def find_nested_polygons(shapes: NDArray, is_invalid: NDArray, *, includes_overlaps: bool) -> NDArray:
    """Return the (k,) positions of polygons with a ring that is not located as its role requires.

    Such a ring is a part within another part, a hole outside its shell, or a hole within another hole.

    Parameters
    ----------
    shapes
        (n,) polygons and multipolygons.
    is_invalid
        (n,) bool, True for invalid shapes; only these can have such rings.
    includes_overlaps
        Also find shapes in which two parts, or two holes, share area.
    """
    has_many_rings = (shapely.get_num_geometries(shapes) > 1) | (shapely.get_num_interior_rings(shapes) > 0)
    rows = np.flatnonzero(is_invalid & has_many_rings)
    # Shapes without a place are reported separately.
    rows = rows[~mask_non_finite_shapes(shapes[rows])]
    if not len(rows):
        return rows
    shape_rings = extract_rings(shapes[rows])
    ring_of_vertex = np.repeat(np.arange(len(shape_rings.is_hole)), np.diff(shape_rings.ring_starts))
    ring_polygons = shapely.polygons(shapely.linearrings(shape_rings.xy, indices=ring_of_vertex))
    # Rings of other features may also be near if a layer overlaps itself.
    ring, other_ring = shapely.STRtree(ring_polygons).query(ring_polygons)
    in_one_shape = (ring != other_ring) & (shape_rings.polygon_of_ring[ring] == shape_rings.polygon_of_ring[other_ring])
    ring, other_ring = ring[in_one_shape], other_ring[in_one_shape]
    is_equal = shapely.equals(ring_polygons[ring], ring_polygons[other_ring])
    has_same_role = shape_rings.is_hole[ring] == shape_rings.is_hole[other_ring]
    # Two equal parts do not contain each other.
    contains = shapely.covers(ring_polygons[ring], ring_polygons[other_ring]) & ~(is_equal & has_same_role)
    depth = np.bincount(other_ring[contains], minlength=len(ring_polygons))
    is_misplaced = (depth % 2 == 1) != shape_rings.is_hole
    if includes_overlaps:
        shares_area = shapely.relate_pattern(ring_polygons[ring], ring_polygons[other_ring], "T********")
        is_misplaced[ring[has_same_role & ~contains & shares_area]] = True
    return rows[np.unique(shape_rings.polygon_of_ring[is_misplaced])]


def validate_vct_precision(package_layer: PackageLayer, vector_set: VectorSet) -> Iterator[ExportProblem]:
    """Yield problems of values and shapes that writing a VCT file changes.

    The format rounds coordinates, stores single parts only and requires a feature code.
    """
    plane = CRS.from_user_input(vector_set.crs)
    changes = vct_precision.find_precision_changes(package_layer.transform_shapes(plane), plane.is_geographic)
    decimals = load_settings().get_coordinate_decimals(plane.is_geographic)
    yield from make_row_problem(package_layer, ProblemLevel.STOP, "vct_collapsed", changes.collapsed, decimals=decimals)
    yield from make_row_problem(
        package_layer, ProblemLevel.NOTE, "vct_merged", changes.with_merged_vertices, decimals=decimals
    )
    yield from make_row_problem(package_layer, ProblemLevel.NOTE, "vct_parts", changes.multipart)
    if not package_layer.template.feature_code and package_layer.column_by_field.get("YSDM") is None:
        yield make_layer_problem(package_layer, ProblemLevel.NOTE, "vct_no_code", code=load_settings().spare_code)


def validate_field(
    package_layer: PackageLayer, template_field: TemplateField, vector_set: VectorSet, code_lists: dict[str, CodeList]
) -> Iterator[ExportProblem]:
    """Yield problems of the values of one field: values that cannot be written, are invalid, or are left out."""
    name = template_field.name
    if package_layer.is_left_empty(template_field):
        column = package_layer.column_by_field[name]
        if column and (count := int(package_layer.layer.values(column).notna().sum())):
            yield make_layer_problem(
                package_layer, ProblemLevel.NOTE, "personal_left_out", name, count, alias=template_field.alias
            )
        return
    values, lost_positions = package_layer.convert_values(template_field)
    for key, rows in lost_positions.items():
        yield from make_row_problem(package_layer, ProblemLevel.STOP, key, rows, name)
    if template_field.constraint == "M":
        empty = np.array([v is None for v in values], dtype=bool)
        for rows in lost_positions.values():
            empty[rows] = False
        yield from make_row_problem(
            package_layer, ProblemLevel.STOP, "required_empty", np.flatnonzero(empty), name, alias=template_field.alias
        )
    if template_field.meaning == "feature_code":
        yield from _validate_feature_codes(package_layer, name, values)
    if template_field.codes in code_lists:
        codes = code_lists[template_field.codes]
        known_codes = codes.get_names_by_written_code(template_field.code_pad)
        unknown_positions = _find_positions_where(values, lambda v: str(v) not in known_codes)
        # A list that was not verified in a standard may lack valid codes.
        is_unverified = codes.mark == "C"
        yield from make_row_problem(
            package_layer,
            ProblemLevel.NOTE if is_unverified else ProblemLevel.GATE,
            "code_unverified" if is_unverified else "code_unknown",
            unknown_positions,
            name,
            codes=", ".join(sorted({str(values[n]) for n in unknown_positions})[:MAX_NAMED_FEATURES]),
            codes_of=codes.id,
        )
    if template_field.type == "text":
        yield from _validate_texts(package_layer, template_field, values, vector_set)
    elif template_field.type != "date":
        yield from _validate_numbers(package_layer, template_field, values, vector_set)
    elif vector_set.suffix != ".gdb":
        rows_with_time = _find_positions_where(values, lambda v: isinstance(v, datetime) and v.time() != time.min)
        yield from make_row_problem(package_layer, ProblemLevel.STOP, "time_lost", rows_with_time, name)


def _validate_feature_codes(package_layer: PackageLayer, name: str, values: NDArray) -> Iterator[ExportProblem]:
    """Yield notes on an empty 要素代码, and on one that neither standard nor county profile has."""
    expected = package_layer.template.feature_code
    blank = np.array([value is None for value in values], dtype=bool)
    key = "feature_code_blank" if expected else "feature_code_unknown"
    yield from make_row_problem(package_layer, ProblemLevel.NOTE, key, np.flatnonzero(blank), name, expected=expected)
    if not expected and not blank.all():
        codes = ", ".join(sorted(set(values[~blank].tolist()))[:MAX_NAMED_FEATURES])
        yield make_layer_problem(package_layer, ProblemLevel.NOTE, "feature_code_unverified", name, codes=codes)


def _find_positions_where(values: NDArray, test: Callable[[Any], bool]) -> NDArray:
    """Return the (k,) positions of values for which ``test`` returns True; None is not tested."""
    return np.array([n for n, value in enumerate(values) if value is not None and test(value)], dtype=int)


def _validate_texts(
    package_layer: PackageLayer, template_field: TemplateField, values: NDArray, vector_set: VectorSet
) -> Iterator[ExportProblem]:
    """Yield problems of texts that are too long, or have characters that the file cannot store."""
    name, length = template_field.name, template_field.length
    if length:
        too_long = _find_positions_where(values, lambda v: len(v) > length)
        yield from make_row_problem(
            package_layer,
            ProblemLevel.STOP,
            "too_long",
            too_long,
            name,
            length=length,
            longest=max((len(values[n]) for n in too_long), default=0),
        )
    if vector_set.encoding == "GBK":
        unencodable = _find_positions_where(values, lambda v: not is_encodable(v, "gbk"))
        characters = sorted({c for n in unencodable for c in values[n] if not is_encodable(c, "gbk")})
        key = "vct_not_gbk" if vector_set.suffix == ".vct" else "not_gbk"
        shown = "".join(characters[:MAX_NAMED_FEATURES])
        yield from make_row_problem(package_layer, ProblemLevel.STOP, key, unencodable, name, characters=shown)
    # A zero byte ends a text in most programs; a single surrogate of UTF-16 is not a character.
    broken_texts = _find_positions_where(values, lambda v: "\0" in v or not is_encodable(v, "utf-8"))
    yield from make_row_problem(package_layer, ProblemLevel.STOP, "not_text", broken_texts, name)
    if vector_set.suffix == ".vct":
        # Characters that end a value or a row in this format.
        yield from make_row_problem(
            package_layer,
            ProblemLevel.STOP,
            "separator_inside",
            _find_positions_where(values, lambda v: clean_text(v) != v),
            name,
        )
    if vector_set.suffix == ".shp":
        max_bytes = dbf.compute_text_field_bytes(template_field)
        too_many_bytes = _find_positions_where(
            values, lambda v: len(v.encode(dbf.PYTHON_CODECS[vector_set.encoding], errors="replace")) > max_bytes
        )
        short = [n for n in too_many_bytes if not length or len(values[n]) <= length]
        yield from make_row_problem(
            package_layer, ProblemLevel.STOP, "too_many_bytes", np.array(short, dtype=int), name, room=max_bytes
        )


def is_encodable(text: str, codec: str) -> bool:
    """Return True if a text can be encoded with a codec."""
    try:
        text.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def _validate_numbers(
    package_layer: PackageLayer, template_field: TemplateField, values: NDArray, vector_set: VectorSet
) -> Iterator[ExportProblem]:
    """Yield problems of numbers with more digits or decimals than the file can store."""
    problems: list[tuple[ProblemLevel, str, NDArray, dict[str, Any]]] = []
    if vector_set.suffix == ".shp":
        width, decimals = dbf.choose_dbf_number_format(template_field)
        too_wide, rounded = dbf.find_number_losses(values, template_field)
        problems = [
            (ProblemLevel.STOP, "number_wide", too_wide, {"room": width}),
            (ProblemLevel.STOP, "decimals_lost", rounded, {"decimals": decimals}),
        ]
    elif vector_set.suffix == ".vct":
        too_wide = vct_precision.find_too_wide_numbers(values, template_field)
        too_precise = vct_precision.find_too_precise_numbers(values, template_field)
        problems = [
            (ProblemLevel.GATE, "vct_wide", too_wide, {"length": template_field.length}),
            (ProblemLevel.NOTE, "vct_finer", too_precise, {"decimals": template_field.decimals}),
        ]
    elif template_field.type == "integer":
        kind = DATABASE_FORMATS[vector_set.suffix].choose_ogr_type(template_field)
        max_value = {"Integer": 2**31 - 1, "Integer64": 2**63 - 1, "Real": 2**53}[kind]
        too_wide = _find_positions_where(values, lambda v: abs(v) > max_value)
        problems = [(ProblemLevel.STOP, "number_wide", too_wide, {"room": len(str(max_value)) - 1})]
    for level, key, rows, params in problems:
        yield from make_row_problem(package_layer, level, key, rows, template_field.name, **params)


def validate_missing_layers(
    missing_layers: Iterable[MissingLayer], standards: Sequence[Standard]
) -> list[ExportProblem]:
    """Return problems of layers of the specification for which the plan has no layer.

    The first of the ``standards`` that has a layer code or concept (such as farmland) gives the suitable codes.
    """
    problems = []
    for missing_layer in missing_layers:
        need, unusable_name = missing_layer.slot.need, missing_layer.unusable_layer_name
        if need == "O" and not unusable_name:
            continue
        level = ProblemLevel.GATE if need == "M" else ProblemLevel.NOTE
        key = "layer_unusable" if unusable_name else "layer_missing" if need == "M" else "layer_absent"
        layer = missing_layer.slot.layer
        standard = next((s for s in standards if layer in s.templates or layer in s.concepts), None)
        params: dict[str, Any] = {"title": ConceptName(layer), "roles": layer}
        if standard is not None and layer in standard.templates:
            params["title"] = standard.templates[layer].name
        elif standard is not None:
            params["roles"] = " / ".join(standard.concepts[layer])
        problems.append(ExportProblem(level, key, layer=unusable_name or layer, params=params))
    return problems


def validate_layer(
    package_layer: PackageLayer,
    vector_set: VectorSet,
    code_lists: dict[str, CodeList],
    cancellation: Cancellation = NEVER_CANCELLED,
) -> list[ExportProblem]:
    """Return all problems of a layer that prevent writing it, or that the planner should know."""
    if not len(package_layer):
        level = ProblemLevel.GATE if package_layer.need == "M" else ProblemLevel.NOTE
        return [ExportProblem(level, "layer_empty", layer=package_layer.layer.name)]
    problem_of_name = {
        name: find_field_name_problem(name)
        or ("" if vector_set.encoding != "GBK" or is_encodable(name, "gbk") else "name_gbk")
        for name in (package_layer.name, *package_layer.column_by_field)
    }
    name_counts = Counter(f.name.upper() for f in package_layer.template.fields)
    problems = [
        *(
            make_layer_problem(package_layer, ProblemLevel.STOP, "name_forbidden", name, detail=problem)
            for name, problem in problem_of_name.items()
            if problem
        ),
        *(
            make_layer_problem(package_layer, ProblemLevel.STOP, "field_twice", name)
            for name, count in sorted(name_counts.items())
            if count > 1
        ),
        *_validate_shapes(package_layer, vector_set),
    ]
    cancellation.raise_if_cancelled()
    source_field_names = [f.name for f in package_layer.layer.source.fields if f.name.upper() not in _ROW_NUMBER_FIELDS]
    left_out_fields = [name for name in source_field_names if name not in set(package_layer.column_by_field.values())]
    lacking_fields = [f.name for f in package_layer.template.fields if package_layer.column_by_field[f.name] is None]
    problems += [
        make_layer_problem(package_layer, ProblemLevel.NOTE, key, fields=", ".join(names))
        for key, names in (("fields_left_out", left_out_fields), ("fields_lacking", lacking_fields))
        if names
    ]
    for template_field in package_layer.template.fields:
        problems += validate_field(package_layer, template_field, vector_set, code_lists)
        cancellation.raise_if_cancelled()
    if vector_set.suffix == ".vct":
        problems += validate_vct_precision(package_layer, vector_set)
    if vector_set.suffix == ".shp":
        problems += _validate_shapefile_limits(package_layer, vector_set)
    return problems


def _validate_shapefile_limits(package_layer: PackageLayer, vector_set: VectorSet) -> Iterator[ExportProblem]:
    """Yield problems of shapefiles that would be too large, and of missing numbers in a layer.

    Some programs read missing numbers in a shapefile as 0.
    """
    fields = package_layer.template.fields
    shapes = package_layer.transform_shapes(CRS.from_user_input(vector_set.crs))
    yield from (
        make_layer_problem(
            package_layer,
            ProblemLevel.STOP,
            "file_large",
            file=f"{package_layer.name}{suffix}",
            size=f"{size / 2**30:.1f}",
        )
        for suffix, size in zip((".shp", ".dbf"), dbf.estimate_file_sizes(shapes, fields), strict=True)
        if size > dbf.MAX_FILE_BYTES
    )
    fields_with_empty_values = [
        one.name
        for one in fields
        if one.type in ("integer", "real")
        and package_layer.column_by_field[one.name]
        and len({value is None for value in package_layer.convert_values(one).values}) == 2
    ]
    if fields_with_empty_values:
        yield make_layer_problem(
            package_layer, ProblemLevel.NOTE, "empty_numbers", fields=", ".join(fields_with_empty_values)
        )

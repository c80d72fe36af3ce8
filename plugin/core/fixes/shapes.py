# SPDX-License-Identifier: GPL-2.0-or-later
"""Shapes for fixes: cut and join polygons without leaving slivers, and give rows their new shapes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import shapely

from ..geometry import crs as crs_care
from ..geometry.edge_densification import VertexIndex
from ..geometry.statutory_area import measure_statutory_area
from ..geometry.tolerance import Tolerance
from ..geometry.validity import extract_polygons, make_shape_array, mask_missing_shapes
from ..standard.template import TemplateField
from .edits import FixRefused, RowEdit
from .state import EditingState, Row


def measure_width(shape: Any) -> float:
    """Return the mean width (m) of a shape: 2 × area ÷ perimeter; 0 without area."""
    polygons = extract_polygons(shape)
    return 0.0 if polygons is None or not polygons.length else float(2 * polygons.area / polygons.length)


def is_below_sliver_limits(area_m2: float, width_m: float, tolerance: Tolerance) -> bool:
    """Return True if land that a fix moves is too little to matter.

    It is below one of the two limits for slivers (`Tolerance`), while rules ignore only land below both. A narrow strip
    must also be below the limit for the sum of slivers on one feature, since a long strip may be large.
    """
    return area_m2 < tolerance.min_area_m2 or (
        width_m < tolerance.min_width_m and area_m2 < tolerance.ignored_feature_m2
    )


def list_parts(shape: Any) -> list[Any]:
    """Return the polygons of a shape, the largest first; of equal ones first the one farthest west and south."""
    polygons = extract_polygons(shape)
    if polygons is None:
        return []
    return sorted(shapely.get_parts([polygons]), key=lambda part: (-part.area, part.bounds))


def overlay_shapes(operation: Callable[[Any, Any], Any], shape: Any, other: Any, tolerance: Tolerance) -> Any:
    """Return the union, difference or intersection of two polygons, without slivers; None if nothing remains.

    ``operation``: that of shapely. The new edges have exactly the vertices of the two, except where edges cross. A part
    below both limits for slivers is dropped, and a hole below both is filled. Raise FixRefused if the overlay fails or
    is invalid.
    """
    try:
        result = operation(shape, other)
    except shapely.GEOSException as error:
        raise FixRefused("overlay_failed") from error
    if not result.is_valid:
        raise FixRefused("overlay_failed")
    return drop_slivers(snap_new_vertices(extract_polygons(result), [shape, other]), tolerance)


def snap_new_vertices(result: Any, sources: list[Any]) -> Any:
    """Return a shape whose vertices are moved onto vertices of the sources that are very near.

    Otherwise a computed crossing nearer to a stored vertex than any database distinguishes would leave an edge without
    length. The shape is unchanged if that would make it invalid.
    """
    if result is None:
        return None
    stored_vertices = np.concatenate([shapely.get_coordinates(source) for source in sources])
    snapped_shape = shapely.transform(result, VertexIndex(stored_vertices, 1e-6).find_nearest)
    if snapped_shape.equals_exact(result, 0.0):
        return result
    cleaned_shape = extract_polygons(shapely.remove_repeated_points(snapped_shape))
    return cleaned_shape if cleaned_shape is not None and cleaned_shape.is_valid else result


def drop_slivers(shape: Any, tolerance: Tolerance) -> Any:
    """Return a shape without parts and holes below both limits for slivers; None if no part remains."""
    kept_polygons = []
    for part in list_parts(shape):
        if tolerance.is_sliver(part.area, measure_width(part)):
            continue
        holes = [
            ring
            for ring in part.interiors
            if not tolerance.is_sliver(area := shapely.Polygon(ring).area, 2 * area / ring.length)
        ]
        kept_polygons.append(part if len(holes) == len(part.interiors) else shapely.Polygon(part.exterior, holes))
    if not kept_polygons:
        return None
    return kept_polygons[0] if len(kept_polygons) == 1 else shapely.multipolygons(kept_polygons)


def measure_shared_edge(shape: Any, other: Any, reach_m: float) -> float:
    """Return the length (m) of a polygon's boundary that is within ``reach_m`` of another polygon's boundary."""
    # A buffer of the few edges near the shape is much faster than one of the whole boundary.
    edges, bounds = other.boundary, shape.bounds
    lines = shapely.get_parts([edges])
    xy, line_numbers = shapely.get_coordinates(lines, return_index=True)
    starts, ends = xy[:-1], xy[1:]
    is_near = line_numbers[:-1] == line_numbers[1:]
    for axis in (0, 1):
        is_near &= np.maximum(starts[:, axis], ends[:, axis]) >= bounds[axis] - reach_m
        is_near &= np.minimum(starts[:, axis], ends[:, axis]) <= bounds[axis + 2] + reach_m
    if is_near.sum() < len(xy) - len(lines):
        edges = shapely.line_merge(
            shapely.multilinestrings(shapely.linestrings(np.stack([starts, ends], axis=1)[is_near]))
        )
    return float(shapely.intersection(shape.boundary, shapely.buffer(edges, reach_m, cap_style="flat")).length)


def measure_shared_edges(rows: list[Row], land: Any, state: EditingState, key: str = "") -> list[tuple[Row, float]]:
    """Return (row, length in m) for each row that has an edge in common with land; only those with a key if given."""
    pairs = [
        (row, measure_shared_edge(land, row.plane_shape, state.tolerance.cluster_m))
        for row in rows
        if not key or row.key == key
    ]
    return [(row, length) for row, length in pairs if length > state.tolerance.edge_match_m]


AREA_MEANINGS = ("area", "gross_area")
#: Difference (m²) that rounding to two decimals explains.
ROUNDING_M2 = 0.01


def measure_shape_areas_m2(state: EditingState, row: Row, *shapes: Any) -> list[float]:
    """Return the statutory area (m²) of each shape in the coordinates of the row's layer."""
    transformer = crs_care.make_lonlat_transformer(state.plan.layers[row.role].known_crs)
    return list(map(float, measure_statutory_area(make_shape_array(*shapes), transformer)))


def get_area_field_allowance_m2(state: EditingState) -> float:
    """Return by how much (m²) an area field may differ from the shape without a finding ATT013."""
    return float(state.norm.get_settings_section("rules.ATT013").get("allowance_m2", 1.0))


def compute_area_fields(state: EditingState, row: Row, shape: Any) -> dict[str, Any]:
    """Return field name → value of the area fields of a row for a new shape.

    An area that agreed with the former shape is measured anew. An adjusted area (平差), which differs from the former
    shape, changes by as much as the shape. Net areas follow from the gross area by the row's rate or share of
    deduction. A field without a value gets none.
    """
    return compute_area_fields_of_shapes(state, row, [shape], keep_sums=False)[0]


def compute_area_fields_of_shapes(
    state: EditingState, row: Row, shapes: list[Any], *, keep_sums: bool = True
) -> list[dict[str, Any]]:
    """Return field name → value of the area fields, for each of the shapes that replace a row's shape.

    ``keep_sums``: the shapes divide the former shape, so the values of each field sum to the former value; the first
    shape takes the rounding. If False, the land of the shapes may differ from the row's.
    """
    former_m2, *areas = measure_shape_areas_m2(state, row, row.plane_shape, *shapes)
    values: list[dict[str, Any]] = [{} for _ in shapes]
    for meaning in AREA_MEANINGS:
        template_field, stored_area = _get_field_and_number(row, meaning)
        if template_field is None or template_field.unit != "m2" or stored_area is None or former_m2 <= 0:
            continue
        decimals = 2 if template_field.decimals is None else template_field.decimals
        if keep_sums:
            parts = divide_by_weights(stored_area, areas, decimals)
        elif abs(stored_area - former_m2) <= get_area_field_allowance_m2(state) + ROUNDING_M2:
            parts = [round(area, decimals) for area in areas]
        else:
            parts = [round(stored_area + area - former_m2, decimals) for area in areas]
        for part_values, value in zip(values, parts, strict=True):
            part_values[template_field.name] = value
    _add_net_areas_to_values(row, values, keep_sums)
    return values


def _add_net_areas_to_values(row: Row, values: list[dict[str, Any]], keep_sums: bool) -> None:
    """Add deduction and net area to the area fields of each shape (``values``), in place."""
    gross_field, gross = _get_field_and_number(row, "gross_area")
    net_field, net = _get_field_and_number(row, "net_area")
    deduction_field, deduction = _get_field_and_number(row, "deduction_area")
    _, rate = _get_field_and_number(row, "deduction_rate")
    if gross_field is None or not gross or gross <= 0:
        return
    grosses = [float(part_values[gross_field.name]) for part_values in values]
    if deduction_field is not None and deduction is not None:
        follows_rate = rate is not None and abs(deduction - gross * rate) <= ROUNDING_M2 + 1e-6
        ratio = rate if follows_rate and rate is not None else deduction / gross
        deductions = (
            divide_by_weights(deduction, grosses, 2) if keep_sums else [round(one * ratio, 2) for one in grosses]
        )
        for part_values, value in zip(values, deductions, strict=True):
            part_values[deduction_field.name] = value
    if net_field is None or net is None:
        return
    if deduction_field is not None and deduction is not None and abs(net - (gross - deduction)) <= ROUNDING_M2 + 1e-6:
        nets = [
            round(one - float(part_values[deduction_field.name]), 2)
            for one, part_values in zip(grosses, values, strict=True)
        ]
        if keep_sums:
            nets[0] = round(net - sum(nets[1:]), 2)
    elif keep_sums:
        nets = divide_by_weights(net, grosses, 2)
    else:
        nets = [round(one * net / gross, 2) for one in grosses]
    for part_values, value in zip(values, nets, strict=True):
        part_values[net_field.name] = value


def derive_net_area_fields(row: Row, gross: float) -> dict[str, Any]:
    """Return field name → value of deduction and net area of a row for another gross area (m²)."""
    template_field, _ = _get_field_and_number(row, "gross_area")
    if template_field is None:
        return {}
    values: list[dict[str, Any]] = [{template_field.name: gross}]
    _add_net_areas_to_values(row, values, keep_sums=False)
    return {name: value for name, value in values[0].items() if name != template_field.name}


def divide_by_weights(total: float, weights: list[float], decimals: int) -> list[float]:
    """Return a total divided in proportion to weights, rounded to ``decimals``.

    The results sum to the total: the first one takes the rounding.
    """
    weight_sum = sum(weights)
    parts = [round(total * weight / weight_sum, decimals) for weight in weights]
    parts[0] = round(total - sum(parts[1:]), 10)
    return parts


def _get_field_and_number(row: Row, meaning: str) -> tuple[TemplateField | None, float | None]:
    """Return the field with a meaning (None if the layer lacks it), and its number in the row (None if empty)."""
    template_field = row.home_layer.template.find_field(meaning)
    if template_field is None or not row.home_layer.has_field(meaning):
        return None, None
    value = row.get_number(meaning)
    return template_field, value if math.isfinite(value) else None


def reshape_row(state: EditingState, row: Row, shape: Any) -> list[RowEdit]:
    """Return the edits that give a row a new shape of the plane, and make new rows of its further parts.

    The largest part stays in the row; each further part becomes a new row with the next free key (BSM) and the other
    attributes of the row. Area fields follow the shapes. Raise FixRefused if no land remains, or if the row's shape
    cannot be replaced without loss. An invalid shape is refused too: FIX002 repairs it first.
    """
    _require_replaceable(state, row)
    parts = list_parts(shape)
    if not parts:
        raise FixRefused("would_be_empty", role=row.role, key=row.key)
    return [
        RowEdit(
            row.role,
            row.fid,
            _convert_to_stored_geometry_type(row, parts[0]),
            compute_area_fields(state, row, parts[0]),
        ),
        *(make_new_row(state, row, part, compute_area_fields(state, row, part)) for part in parts[1:]),
    ]


def replace_shape(state: EditingState, row: Row, shape: Any, *, straightens_arcs: bool = False) -> RowEdit:
    """Return the edit that gives a row a new shape of the plane with all its parts. Area fields follow.

    Raise FixRefused as `reshape_row` does; with ``straightens_arcs`` as `EditingState.require_geometry_in_plane` does,
    but not for arcs.
    """
    if straightens_arcs:
        state.require_geometry_in_plane(row, may_have_arcs=True)
    else:
        _require_replaceable(state, row)
    return RowEdit(
        row.role, row.fid, _convert_to_stored_geometry_type(row, shape), compute_area_fields(state, row, shape)
    )


def _require_replaceable(state: EditingState, row: Row) -> None:
    """Raise FixRefused if the row's shape is invalid or cannot be replaced without loss."""
    state.require_geometry_in_plane(row)
    if not row.stored_shape.is_valid:
        raise FixRefused("row_invalid", role=row.role, key=row.key)


def divide_row(state: EditingState, row: Row, parts: list[Any], *, keeps_sums: bool = True) -> list[RowEdit]:
    """Return the edits that divide a row into several rows.

    ``parts``: the shapes of the rows. The first one stays in the row; the others become new rows with the next free
    keys (BSM). ``keeps_sums``: area fields sum to those of the row; if False, the land of the parts may differ from it.
    """
    state.require_geometry_in_plane(row)
    values = compute_area_fields_of_shapes(state, row, parts, keep_sums=keeps_sums)
    return [
        RowEdit(row.role, row.fid, _convert_to_stored_geometry_type(row, parts[0]), values[0]),
        *(make_new_row(state, row, part, one) for part, one in zip(parts[1:], values[1:], strict=True)),
    ]


def make_new_row(
    state: EditingState, row: Row, shape: Any, values: Mapping[str, Any], *, is_part: bool = True
) -> RowEdit:
    """Return the edit that adds a row with a shape, a free key and number, values, and other attributes of a row.

    ``is_part``: the new row is a further part of the row's feature.
    """
    attributes = dict(values) | state.reserve_new_numbers(row.role)
    if row.layer.has_field("key"):
        attributes[row.layer.get_field_name("key")] = state.reserve_new_key(row.role)
    return RowEdit(
        row.role,
        state.reserve_new_fid(row.role),
        _convert_to_stored_geometry_type(row, shape),
        attributes,
        is_new=True,
        attribute_source_fid=row.fid,
        is_part=is_part,
    )


def _convert_to_stored_geometry_type(row: Row, shape: Any) -> Any:
    """Return a polygon as a multipolygon of one part if the row stores a multipolygon."""
    if row.stored_shape is not None and row.stored_shape.geom_type == "MultiPolygon" and shape.geom_type == "Polygon":
        return shapely.multipolygons([shape])
    return shape


def require_shape(row: Row) -> Any:
    """Return the shape of a row in the plane; raise FixRefused if the row has no shape."""
    if mask_missing_shapes(np.array([row.plane_shape], dtype=object))[0]:
        raise FixRefused("no_shape", role=row.role, key=row.key)
    return row.plane_shape


def require_text_field(row: Row, name: str, code: str) -> None:
    """Raise FixRefused if a field of a row holds numbers, which would lose the leading zero of a code."""
    types = {one.name.upper(): one.type for one in row.layer.source.fields}
    if code.startswith("0") and types.get(name, "text") != "text":
        raise FixRefused("number_field", role=row.role, field=name, value=code)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Edits that give a row a new shape, or divide it into several rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from ..geometry.validity import mask_missing_shapes
from .area_fields import compute_area_fields, compute_area_fields_of_shapes
from .edits import FixRefused, RowEdit
from .shapes import list_parts
from .state import EditingState, Row


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
    row_edit = RowEdit(
        row.role, row.fid, _convert_to_stored_geometry_type(row, parts[0]), compute_area_fields(state, row, parts[0])
    )
    return [row_edit, *(_make_new_row(state, row, part, compute_area_fields(state, row, part)) for part in parts[1:])]


def replace_shape(state: EditingState, row: Row, shape: Any) -> RowEdit:
    """Return the edit that gives a row a new shape of the plane with all its parts. Area fields follow.

    Raise FixRefused as `reshape_row` does.
    """
    _require_replaceable(state, row)
    return RowEdit(
        row.role, row.fid, _convert_to_stored_geometry_type(row, shape), compute_area_fields(state, row, shape)
    )


def replace_arcs(state: EditingState, row: Row, shape: Any) -> RowEdit:
    """Return the edit that gives a row with arcs a new shape with straight edges. Area fields follow.

    ``shape``: in the plane. Raise FixRefused as `EditingState.require_geometry_in_plane` does, but not for arcs.
    """
    state.require_geometry_in_plane(row, may_have_arcs=True)
    return RowEdit(
        row.role, row.fid, _convert_to_stored_geometry_type(row, shape), compute_area_fields(state, row, shape)
    )


def _require_replaceable(state: EditingState, row: Row) -> None:
    """Raise FixRefused if the row's shape is invalid or cannot be replaced without loss."""
    state.require_geometry_in_plane(row)
    if not row.stored_shape.is_valid:
        raise FixRefused("row_invalid", role=row.role, key=row.key)


def divide_row(state: EditingState, row: Row, parts: list[Any]) -> list[RowEdit]:
    """Return the edits that divide a row into several rows; area fields sum to those of the row.

    ``parts``: the shapes of the rows. The first one stays in the row; the others become new rows with the next free
    keys (BSM).
    """
    state.require_geometry_in_plane(row)
    values = compute_area_fields_of_shapes(state, row, parts)
    row_edit = RowEdit(row.role, row.fid, _convert_to_stored_geometry_type(row, parts[0]), values[0])
    return [
        row_edit,
        *(_make_new_row(state, row, part, one) for part, one in zip(parts[1:], values[1:], strict=True)),
    ]


def _make_new_row(state: EditingState, row: Row, shape: Any, values: dict[str, Any]) -> RowEdit:
    """Return the edit that adds a row with a shape, a free key, and the other attributes of a row."""
    attributes = dict(values)
    if row.layer.has_field("key"):
        attributes[row.layer.get_field_name("key")] = state.reserve_new_key(row.role)
    return RowEdit(
        row.role,
        state.reserve_new_fid(row.role),
        _convert_to_stored_geometry_type(row, shape),
        attributes,
        is_new=True,
        attribute_source_fid=row.fid,
        is_part=True,
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

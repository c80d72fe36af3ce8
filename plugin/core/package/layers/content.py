# SPDX-License-Identifier: GPL-2.0-or-later
"""The layers of a plan that go into a data set of a package.

Names, fields and values of a layer are converted to those of the specification, in batches of rows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ...base.files.cells import format_column, strip_blanks
from ...geometry import crs as crs_care
from ...geometry.validity import mask_missing_shapes
from ...plan.layer import Layer
from ...plan.plan import Plan
from ...standard.template import Template, TemplateField
from ..package_spec.spec import LayerSlot, VectorSet

#: A date and, after it, a time without a zone. Without separators eight digits are required: 2024111 has two readings.
_DATE_PATTERN = re.compile(
    r"(?:(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{4})(\d{2})(\d{2}))"
    r"(?:[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:\.0+)?)?)?"
)
#: Rows that are converted to Python objects at a time.
BATCH_ROWS = 2_000


class ConvertedValues(NamedTuple):
    """Converted values of a field, and those that cannot be converted.

    ``values`` are (n,) objects: str, int, float, datetime or None. ``lost_positions`` maps a reason to the positions of
    lost values.
    """

    values: NDArray
    lost_positions: dict[str, NDArray]


def convert_values(series: pd.Series, template_field: TemplateField) -> ConvertedValues:
    """Convert a column to a field's type; texts are stripped, blank texts become None.

    Returns
    -------
    ConvertedValues
        Reasons for lost values are ``number_unreadable``, ``not_whole`` and ``date_unreadable``.
    """
    if template_field.type == "text":
        values = np.array(format_column(strip_blanks(series)), dtype=object)
        values[values == ""] = None
        return ConvertedValues(values, {})
    values = np.full(len(series), None, dtype=object)
    if series.dtype.kind == "f" and template_field.type == "real":
        # Areas have other values in nearly every row, and their texts take long.
        numbers = series.to_numpy()
        is_number = np.isfinite(numbers)
        values[is_number] = numbers[is_number].tolist()
        lost_positions = np.flatnonzero(np.isinf(numbers))
        return ConvertedValues(values, {"number_unreadable": lost_positions} if len(lost_positions) else {})
    positions_by_reason: dict[str, list[int]] = {"date_unreadable": [], "number_unreadable": [], "not_whole": []}
    is_integer = template_field.type == "integer"
    for position, value in enumerate(
        [_parse_date(value) for value in series.tolist()]
        if template_field.type == "date"
        else [_parse_number(text, is_integer) for text in format_column(strip_blanks(series))]
    ):
        if isinstance(value, str):
            positions_by_reason[value].append(position)
        else:
            values[position] = value
    return ConvertedValues(values, {reason: np.array(rows) for reason, rows in positions_by_reason.items() if rows})


def _parse_number(text: str, is_integer: bool) -> float | str | None:
    """Return the number in a text; None for an empty text.

    ``number_unreadable`` for a text that is not a finite number, ``not_whole`` if ``is_integer`` and the number is not.
    """
    if not text:
        return None
    try:
        # A float cannot represent 18 digits.
        number = int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)
    except ValueError:
        return "number_unreadable"
    # Python reads 1_000 as a thousand; other programs do not.
    if "_" in text or not math.isfinite(float(text)):
        return "number_unreadable"
    if not is_integer:
        return float(number)
    return int(number) if number == int(number) else "not_whole"


def _parse_date(value: Any) -> datetime | str | None:
    """Return a value as datetime without time zone and fractions of a second.

    None for a missing value, ``date_unreadable`` for an unreadable one.
    """
    if isinstance(value, str):
        match = _DATE_PATTERN.fullmatch(value.strip())
        try:
            if match:
                return datetime(*(int(part) for part in match.groups() if part))  # type: ignore[arg-type]
        except ValueError:
            return "date_unreadable"
        return "date_unreadable" if value.strip() else None
    if pd.isna(value):
        return None
    return datetime(*value.timetuple()[:6]) if isinstance(value, date) else "date_unreadable"


def list_row_names(layer: Layer, positions: Iterable[int]) -> list[str]:
    """Return the key (BSM) of each row of a layer, or its feature id if it has none."""
    return [layer.keys[n] or f"fid {layer.fids[n]}" for n in positions]


def replace_empty_by_none(shapes: NDArray) -> NDArray:
    """Return a copy of (n,) shapes in which empty shapes are None."""
    shapes = shapes.copy()
    shapes[mask_missing_shapes(shapes)] = None
    return shapes


def mask_non_finite_shapes(shapes: NDArray) -> NDArray:
    """Return (n,) bool: shapes with a coordinate that is not finite."""
    xy, shape_of_vertex = shapely.get_coordinates(shapes, return_index=True)
    return np.bincount(shape_of_vertex[~np.isfinite(xy).all(axis=1)], minlength=len(shapes)) > 0


class PackageRowBatch(NamedTuple):
    """Some rows of a layer in the form in which they are written.

    ``first_position`` is the position of the first row, ``shapes`` are (k,) 2D geometries in the target CRS or None,
    ``values`` maps field → (k,) objects or None.
    """

    first_position: int
    shapes: NDArray
    values: dict[str, NDArray]


@dataclass(frozen=True)
class PackageLayer:
    """One layer of a package, made from a layer of the plan.

    Attributes
    ----------
    layer
        The plan's layer.
    template
        Name, geometry and fields of the layer in the package.
    column_by_field
        Field in the package → column of the plan's layer, None for an empty field.
    need
        M (mandatory), C (if it exists) or O (optional).
    includes_personal_data
        Whether fields with personal data are filled.
    """

    layer: Layer
    template: Template
    column_by_field: dict[str, str | None]
    need: str
    includes_personal_data: bool

    @property
    def name(self) -> str:
        """Return the layer's name in the package."""
        return self.template.role

    def __len__(self) -> int:
        return len(self.layer)

    def convert_values(self, template_field: TemplateField, rows: slice = slice(None)) -> ConvertedValues:
        """Return the values of one field as they are written, and the positions of lost ones."""
        column = self.column_by_field[template_field.name]
        frame = self.layer.frame.iloc[rows]
        if column is None or self.is_left_empty(template_field):
            return ConvertedValues(np.full(len(frame), None, dtype=object), {})
        return convert_values(frame[column], template_field)

    def is_left_empty(self, template_field: TemplateField) -> bool:
        """Return True if a field has personal data and these are not included in the package."""
        return template_field.personal and not self.includes_personal_data

    def transform_shapes(self, target_crs: CRS, rows: slice = slice(None)) -> NDArray:
        """Return (k,) 2D geometries in the target CRS, transformed vertex by vertex.

        A multipoint with one point becomes a point, which every format accepts.
        """
        raw_shapes = replace_empty_by_none(self.layer.raw_shapes[rows])
        if self.template.geometry == "point":
            is_single_point = shapely.get_num_geometries(raw_shapes) == 1
            raw_shapes[is_single_point] = shapely.get_geometry(raw_shapes[is_single_point], 0)
        return crs_care.reproject_geometries(raw_shapes, self.layer.known_crs, target_crs)

    def find_rows_with_unusable_coordinates(self, target_crs: CRS) -> NDArray:
        """Return the (k,) positions of rows whose coordinates cannot be used.

        Such coordinates are not finite, or outside the range of the earth or of the target CRS.
        """
        raw_shapes = self.layer.raw_shapes
        rows = np.flatnonzero(~mask_missing_shapes(raw_shapes))
        has_no_place = mask_non_finite_shapes(raw_shapes[rows])
        # The corners show whether a shape is too far away.
        corners = shapely.bounds(raw_shapes[rows])[:, [0, 1, 2, 3, 0, 3, 2, 1]].reshape(-1, 2)
        for crs in (target_crs, crs_care.CGCS2000_DEGREES):
            xy = crs_care.reproject_coordinates(corners, self.layer.known_crs, crs)
            has_no_place |= ~np.isfinite(xy).reshape(-1, 8).all(axis=1)
        return rows[has_no_place]

    def iterate_batches(self, target_crs: CRS) -> Iterator[PackageRowBatch]:
        """Yield the rows in batches, with shapes in the CRS ``target_crs``."""
        for first in range(0, len(self), BATCH_ROWS):
            rows = slice(first, first + BATCH_ROWS)
            yield PackageRowBatch(
                first,
                self.transform_shapes(target_crs, rows),
                {f.name: self.convert_values(f, rows).values for f in self.template.fields},
            )


@dataclass(frozen=True)
class MissingLayer:
    """A layer of the specification for which the plan has no usable layer.

    ``slot``: the layer's entry in the specification; ``unusable_layer_name``: name of a layer for it whose coordinates
    cannot be used, or empty.
    """

    slot: LayerSlot
    unusable_layer_name: str = ""


def make_package_layers(
    plan: Plan, vector_set: VectorSet, *, includes_personal_data: bool = False
) -> tuple[list[PackageLayer], list[MissingLayer]]:
    """Return the layers of one data set, and the specification's entries that no layer fills.

    Layers are in the order of the specification, then of the standard. An entry may name a concept (such as
    ``farmland``), which the plan's layer for it fills. ``includes_personal_data``: also write fields with personal
    data.
    """
    layer_of_role: dict[str, PackageLayer] = {}
    missing_layers: list[MissingLayer] = []
    for slot in vector_set.layers:
        layer = plan.find_layer_of_concept(slot.layer)
        if layer is None:
            unusable_layer = plan.find_unusable_layer(slot.layer)
            missing_layers.append(MissingLayer(slot, unusable_layer.name if unusable_layer else ""))
        elif layer.role not in layer_of_role:
            layer_of_role[layer.role] = _make_package_layer(plan, layer, slot, includes_personal_data)
    if vector_set.others:
        layer_of_role |= {
            role: _make_package_layer(plan, plan.layers[role], None, includes_personal_data)
            for role in plan.norm.standard.templates
            if role in plan.layers and role not in layer_of_role
        }
    return list(layer_of_role.values()), missing_layers


def _make_package_layer(plan: Plan, layer: Layer, slot: LayerSlot | None, includes_personal_data: bool) -> PackageLayer:
    """Return a layer of the plan as a layer of the package.

    ``slot``: its entry in the specification, if it has one.
    """
    standard_template = plan.norm.standard.templates[layer.role]
    slot = slot or LayerSlot(layer.role, "O")
    fields = list(standard_template.fields)
    if slot.fields:
        position_of_field = {f.upper(): n for n, f in enumerate(slot.fields)}
        fields = sorted(
            (f for f in fields if f.name.upper() in position_of_field), key=lambda f: position_of_field[f.name.upper()]
        )
    standard_field_names = {f.name.upper() for f in standard_template.fields}
    columns: dict[str, str | None] = {}
    fields_in_package = []
    for template_field in fields:
        column = layer.find_column_name(template_field)
        # A column may have the same meaning in its edition, but the name of another field of this template.
        is_other_field = column is not None and column.upper() in standard_field_names - {template_field.name.upper()}
        name = slot.names_by_field.get(template_field.name, template_field.name)
        columns[name] = None if is_other_field else column
        # A personal field that is left empty must not be mandatory.
        is_left_empty = template_field.personal and not includes_personal_data
        fields_in_package.append(
            replace(
                template_field,
                name=name,
                # A short name belongs to the original name only.
                short=template_field.short if name == template_field.name else "",
                constraint="" if is_left_empty else template_field.constraint,
            )
        )
    name = slot.name or standard_template.role
    template = replace(standard_template, role=name, fields=tuple(fields_in_package))
    return PackageLayer(layer, template, columns, slot.need, includes_personal_data)

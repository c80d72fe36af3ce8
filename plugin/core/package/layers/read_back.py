# SPDX-License-Identifier: GPL-2.0-or-later
"""Comparison of written layers with the plan.

Each layer is read again, row by row, by a library that did not write it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ...base.errors import NEVER_CANCELLED, Cancellation, OutputError
from ...exchange.schema import DATABASE_FORMATS
from ...geometry import crs as crs_care
from ...geometry.shape_comparison import compute_max_vertex_shift
from ...geometry.statutory_area import measure_statutory_area
from ...geometry.validity import mask_missing_shapes, repair_polygon
from ...standard.messages.texts import Message, MessageLines
from ...standard.template import TemplateField
from ..names import AREA_FIELD_MEANING_BY_BASIS
from . import layer_writers, vct_precision
from .content import BATCH_ROWS, PackageLayer, PackageRowBatch, list_row_names
from .readers import OpenLayer, ReadRows, open_layer

#: Tolerances: metres by which a vertex may move; m² by which an area may differ, in total and per vertex.
MAX_VERTEX_SHIFT_M = 1e-4
AREA_TOLERANCE_M2, AREA_TOLERANCE_PER_VERTEX_M2 = 0.01, 2e-6
#: Most features named for a kind of difference.
_MAX_EXAMPLES = 5


@dataclass
class ReadBackResult:
    """Result of reading one written layer again.

    Attributes
    ----------
    library_version
        The reading library with its version.
    max_vertex_shift_m
        Largest accepted distance of a vertex from its original, in metres.
    max_area_difference_m2
        Largest difference of an area, in m².
    areas_m2
        Basis of measurement → total area as read, in m².
    extent
        Extent of the shapes in the layer's CRS.
    difference_counts
        (kind of difference, field) → number of differences.
    example_names
        (kind of difference, field) → names of the first features that differ.
    shape_changes
        Kind → names of the features whose shape was read as valid or invalid, or with parts or holes, unlike in the
        plan. Such a change does not stop the export, because vertices and areas are equal.
    has_declared_widths
        Whether the format stores widths of texts.
    """

    library_version: str
    feature_count: int = 0
    field_count: int = 0
    max_vertex_shift_m: float = 0.0
    max_area_difference_m2: float = 0.0
    areas_m2: dict[str, float] = field(default_factory=dict)
    extent: tuple[float, float, float, float] | None = None
    difference_counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    example_names: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    shape_changes: dict[str, list[str]] = field(default_factory=dict)
    has_declared_widths: bool = True

    def raise_if_different(self, file: Path, layer: str) -> None:
        """Raise OutputError if the layer of this name of a file differs when it is read again."""
        if self.difference_counts:
            messages = [
                Message("read_back", row["kind"], {**row, "features": ", ".join(row["features"])})
                for row in self.to_dict()["differences"]
            ]
            raise OutputError(
                "package_not_the_same", file=file.name, layer=layer, differences=MessageLines(tuple(messages))
            )

    def add_rows(self, read_rows: ReadRows, field_by_basis: dict[str, str], statutory_m2: float | None) -> None:
        """Add areas and extent of rows that were read.

        ``field_by_basis``: basis of measurement → field of the file; ``statutory_m2``: their statutory area, None if
        the layer has no areas.
        """
        if statutory_m2 is not None:
            self.areas_m2["statutory"] = self.areas_m2.get("statutory", 0.0) + statutory_m2
        for basis, name in field_by_basis.items():
            self.areas_m2[basis] = self.areas_m2.get(basis, 0.0) + sum(
                float(v) for v in read_rows.values.get(name, []) if v is not None
            )
        bounds = shapely.total_bounds(read_rows.shapes)
        if np.isfinite(bounds).all():
            boxes = [bounds, bounds if self.extent is None else self.extent]
            low, high = np.min(boxes, axis=0), np.max(boxes, axis=0)
            self.extent = (float(low[0]), float(low[1]), float(high[2]), float(high[3]))

    def add_difference(self, kind: str, name: str = "", features: list[str] | None = None, count: int = 1) -> None:
        """Count differences of a kind, with the names of features."""
        self.difference_counts[kind, name] += count
        example_names = self.example_names.setdefault((kind, name), [])
        example_names += (features or [])[: _MAX_EXAMPLES - len(example_names)]

    def add_differing_rows(self, kind: str, package_layer: PackageLayer, rows: NDArray, name: str = "") -> None:
        """Count differing rows of a layer, (k,) positions; ``name``: the field in which they differ, or empty."""
        if len(rows):
            self.add_difference(kind, name, list_row_names(package_layer.layer, rows.tolist()), len(rows))

    def to_dict(self) -> dict[str, Any]:
        """Return the result as values for JSON."""
        return {
            "library": self.library_version,
            "features": self.feature_count,
            "fields": self.field_count,
            "widths_told": self.has_declared_widths,
            "moved_m": round(self.max_vertex_shift_m, 9),
            "area_off_m2": round(self.max_area_difference_m2, 9),
            "same": not self.difference_counts,
            "differences": [
                {"kind": kind, "field": name, "count": count, "features": self.example_names[kind, name]}
                for (kind, name), count in self.difference_counts.items()
            ],
            "shape_changes": [
                {"kind": kind, "count": len(feature_names), "features": feature_names[:_MAX_EXAMPLES]}
                for kind, feature_names in self.shape_changes.items()
            ],
        }


def read_back(
    path: Path,
    package_layer: PackageLayer,
    horizontal_crs: CRS,
    *,
    first_row: int = 0,
    progress: Callable[[int], None] = lambda rows: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> ReadBackResult:
    """Read a written layer again and compare it with the plan's layer.

    Fields, rows, values, shapes (to 1e-4 m) and statutory areas are compared.

    Parameters
    ----------
    path
        The .gdb, .gpkg or .shp.
    package_layer
        The layer that was written.
    horizontal_crs
        The horizontal CRS of the written layer.
    first_row
        The row of the file at which the rows of ``package_layer`` begin; earlier rows are not read.

    Raises
    ------
    InputError
        If the layer cannot be read.
    """
    with open_layer(path, package_layer.name, first_row) as layer:
        return compare_layer(
            layer, package_layer, horizontal_crs, path.suffix.lower(), progress=progress, cancellation=cancellation
        )


def compare_layer(
    open_layer: OpenLayer,
    package_layer: PackageLayer,
    horizontal_crs: CRS,
    suffix: str,
    *,
    progress: Callable[[int], None] = lambda rows: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> ReadBackResult:
    """Compare an open layer with the plan's layer.

    ``suffix``: suffix of the file, which determines what its format stores.
    """
    result = ReadBackResult(open_layer.library, field_count=len(open_layer.fields))
    stored_name_by_field = (
        package_layer.template.shapefile_name_by_field
        if suffix == ".shp"
        else {f.name: f.name for f in package_layer.template.fields}
    )
    _compare_schema(open_layer, package_layer, stored_name_by_field, suffix, horizontal_crs, result)
    field_by_basis = {
        basis: stored_name_by_field[template_field.name]
        for basis, meaning in AREA_FIELD_MEANING_BY_BASIS.items()
        if (template_field := package_layer.template.find_field(meaning)) is not None
        and package_layer.column_by_field[template_field.name] is not None
    }
    read_batches = open_layer.iterate_batches(BATCH_ROWS)
    for rows in package_layer.iterate_batches(horizontal_crs):
        cancellation.raise_if_cancelled()
        read_rows = next(read_batches, None)
        result.feature_count += 0 if read_rows is None else len(read_rows.shapes)
        if read_rows is None or len(read_rows.shapes) != len(rows.shapes):
            break
        _compare_values(rows, read_rows, package_layer, stored_name_by_field, suffix, result)
        statutory_m2 = _compare_shapes(rows, read_rows.shapes, package_layer, horizontal_crs, suffix, result)
        result.add_rows(read_rows, field_by_basis, statutory_m2)
        progress(len(rows.shapes))
    result.feature_count += sum(len(further_rows.shapes) for further_rows in read_batches)
    # The stored number of rows (a GeoPackage has one) may differ from the rows: both must be right.
    for count in dict.fromkeys((result.feature_count, open_layer.feature_count)):
        if count != len(package_layer):
            result.add_difference("count", count=abs(count - len(package_layer)))
    return result


def _compare_schema(
    open_layer: OpenLayer,
    package_layer: PackageLayer,
    stored_name_by_field: dict[str, str],
    suffix: str,
    horizontal_crs: CRS,
    result: ReadBackResult,
) -> None:
    """Record differences of fields, types, widths and CRS in the result.

    ``stored_name_by_field``: field → its name in the file; ``suffix``: suffix of the file, which determines its format.
    """
    expected_names = [stored_name_by_field[f.name] for f in package_layer.template.fields]
    read_fields = {f.name: f for f in open_layer.fields}
    if [f.name for f in open_layer.fields] != expected_names:
        result.add_difference("fields", ", ".join(name for name in expected_names if name not in read_fields))
    result.has_declared_widths = any(f.length is not None for f in open_layer.fields if f.type == "text")
    for template_field in package_layer.template.fields:
        read_field = read_fields.get(stored_name_by_field[template_field.name])
        if read_field is None:
            continue
        expected_type = template_field.type
        if suffix in DATABASE_FORMATS and expected_type == "integer":
            is_real = DATABASE_FORMATS[suffix].choose_ogr_type(template_field) == "Real"
            expected_type = "real" if is_real else "integer"
        if read_field.type != expected_type:
            result.add_difference("type", template_field.name)
        length = layer_writers.compute_text_field_bytes(template_field) if suffix == ".shp" else template_field.length
        if template_field.type == "text" and length and read_field.length is not None and read_field.length != length:
            result.add_difference("width", template_field.name)
    if crs_care.make_crs_label(crs_care.parse_crs(open_layer.crs)) != crs_care.make_crs_label(horizontal_crs):
        result.add_difference("crs", open_layer.crs[:60])


def _compare_values(
    rows: PackageRowBatch,
    read_rows: ReadRows,
    package_layer: PackageLayer,
    stored_name_by_field: dict[str, str],
    suffix: str,
    result: ReadBackResult,
) -> None:
    """Record rows with differing values in the result."""
    for template_field in package_layer.template.fields:
        values = read_rows.values.get(stored_name_by_field[template_field.name])
        if values is None:
            continue
        written_values = rows.values[template_field.name]
        differing_positions = [
            n
            for n, (a, b) in enumerate(zip(written_values, values, strict=True))
            if not _are_equal_values(a, b, template_field, suffix)
        ]
        result.add_differing_rows(
            "value", package_layer, rows.first_position + np.array(differing_positions, dtype=int), template_field.name
        )


def _are_equal_values(written_value: Any, read_value: Any, template_field: TemplateField, suffix: str) -> bool:
    """Return True if a value was read as written, within what the format of this suffix can store."""
    if written_value is None:
        return read_value is None or read_value == ""
    if read_value is None:
        return False
    if template_field.type == "text":
        return bool(written_value == read_value)
    if template_field.type == "date":
        # Without time zone and fractions of a second.
        return isinstance(read_value, date) and datetime(*read_value.timetuple()[:6]) == written_value
    if suffix == ".vct" and template_field.type == "real":
        return vct_precision.is_same_number(written_value, read_value)
    if suffix == ".shp" and template_field.type == "real":
        written_value = float(f"{written_value:.{layer_writers.choose_dbf_number_format(template_field).decimals}f}")
    return (
        bool(float(read_value) == float(written_value))
        if template_field.type == "real"
        else int(read_value) == written_value
    )


def _compare_shapes(
    rows: PackageRowBatch,
    shapes: NDArray,
    package_layer: PackageLayer,
    horizontal_crs: CRS,
    suffix: str,
    result: ReadBackResult,
) -> float | None:
    """Record differing shapes in the result.

    Return the statutory area as read, m²; None if the layer has no areas.
    """
    expected_shapes = (
        vct_precision.remove_vertices_merged_by_rounding(rows.shapes, horizontal_crs.is_geographic)
        if suffix == ".vct"
        else rows.shapes
    )
    shifts_m = compute_max_vertex_shift(expected_shapes, shapes, horizontal_crs)
    # The negation includes NaN.
    result.add_differing_rows(
        "shape", package_layer, rows.first_position + np.flatnonzero(~(shifts_m <= MAX_VERTEX_SHIFT_M))
    )
    for kind, changed_positions in find_shape_changes(package_layer, rows, shapes).items():
        if len(changed_positions):
            result.shape_changes.setdefault(kind, []).extend(
                list_row_names(package_layer.layer, (rows.first_position + changed_positions).tolist())
            )
    small_shifts = shifts_m[shifts_m <= MAX_VERTEX_SHIFT_M]
    result.max_vertex_shift_m = float(small_shifts.max(initial=result.max_vertex_shift_m))
    if package_layer.template.geometry != "polygon":
        return None
    to_lonlat = crs_care.make_lonlat_transformer(horizontal_crs)
    areas = measure_statutory_area(shapes, to_lonlat)
    difference_m2 = np.abs(measure_statutory_area(rows.shapes, to_lonlat) - areas)
    tolerance_m2 = np.maximum(
        AREA_TOLERANCE_M2, AREA_TOLERANCE_PER_VERTEX_M2 * shapely.get_num_coordinates(rows.shapes)
    )
    if suffix == ".vct":
        # A row without a shape has no perimeter, so its tolerance is NaN.
        tolerance_m2 = np.fmax(tolerance_m2, vct_precision.compute_area_tolerance(rows.shapes, horizontal_crs))
    result.add_differing_rows(
        "area", package_layer, rows.first_position + np.flatnonzero(~(difference_m2 <= tolerance_m2))
    )
    # NaN, which is reported as a difference, is not a figure of the manifest.
    result.max_area_difference_m2 = max(result.max_area_difference_m2, float(difference_m2.max(initial=0.0)))
    # Figures of the plan, and those of an inspection, are computed from repaired shapes.
    invalid_positions = np.flatnonzero(
        package_layer.layer.invalid_rows[rows.first_position : rows.first_position + len(shapes)]
        & ~mask_missing_shapes(shapes)
    )
    repaired_shapes = np.array([repair_polygon(shapes[n]) for n in invalid_positions.tolist()], dtype=object)
    gained_m2 = measure_statutory_area(repaired_shapes, to_lonlat).sum() - areas[invalid_positions].sum()
    return float(areas.sum()) + (float(gained_m2) if len(invalid_positions) else 0.0)


def find_shape_changes(package_layer: PackageLayer, rows: PackageRowBatch, shapes: NDArray) -> dict[str, NDArray]:
    """Return kind of change → positions of shapes that were read with another validity or structure than in the plan.

    Conversion to another CRS and the coordinate grid of a format round coordinates: a shape whose edges touch or lie on
    one line may become valid, or invalid. Kinds are ``valid``, ``invalid`` and ``rings`` (other numbers of parts or
    holes).
    """
    if package_layer.template.geometry != "polygon":
        return {}
    was_invalid = package_layer.layer.invalid_rows[rows.first_position : rows.first_position + len(shapes)]
    is_present = ~mask_missing_shapes(rows.shapes) & ~mask_missing_shapes(shapes)
    is_valid = shapely.is_valid(shapes)
    has_other_rings = np.any(_count_parts_and_holes(rows.shapes) != _count_parts_and_holes(shapes), axis=0)
    return {
        "valid": np.flatnonzero(is_present & was_invalid & is_valid),
        "invalid": np.flatnonzero(is_present & ~was_invalid & ~is_valid),
        "rings": np.flatnonzero(is_present & has_other_rings),
    }


def _count_parts_and_holes(shapes: NDArray) -> NDArray:
    """Return (2, n): the number of parts and the number of holes of each polygon."""
    parts, shape_of_part = shapely.get_parts(shapes, return_index=True)
    holes = np.bincount(shape_of_part, weights=shapely.get_num_interior_rings(parts), minlength=len(shapes))
    return np.stack([np.bincount(shape_of_part, minlength=len(shapes)), holes])

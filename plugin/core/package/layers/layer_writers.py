# SPDX-License-Identifier: GPL-2.0-or-later
"""Writing of layers through osgeo: into a database (FileGDB, GeoPackage), or as shapefiles in one folder.

Widths and short field names come from the templates; texts of shapefiles are in GBK or UTF-8. A table in their folder
maps short names to fields.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ...base.errors import NEVER_CANCELLED, Cancellation
from ...base.files.csv_records import format_rows
from ...exchange.create import create_database, make_write_error
from ...exchange.gdal_setup import (
    check_row_counts,
    convert_to_spatial_reference,
    create_layer,
    define_field,
    load_gdal,
    raise_if_refused,
    set_gdal_option,
)
from ...exchange.schema import OGR_GEOMETRY_TYPES, SHAPEFILE_FORMAT, find_database_format
from ...standard.template import CodeList, TemplateField
from ..names import FIELD_NAME_FILE
from .content import PackageLayer, PackageRowBatch

#: Python's codec of an encoding of a package.
PYTHON_CODECS = {"GBK": "gbk", "UTF-8": "utf-8"}
#: Bytes of the widest text field.
_MAX_TEXT_BYTES = 254
#: Digits of an integer, and width and decimals of a real number, if the template has none.
_DEFAULT_INTEGER_DIGITS = 9
_DEFAULT_REAL_FORMAT = (24, 11)
#: Relative rounding error of a double.
_ROUNDING_SHARE = 1e-12
#: Maximum size of a file: many programs use signed 32-bit sizes.
MAX_FILE_BYTES = 2**31 - 1
#: Width of a date.
_DATE_WIDTH = 8
#: Encoding marks in the header of the table; programs without support for .cpg recognise the mark of GBK.
_LAYER_ENCODING_OPTION = {"GBK": "LDID/77", "UTF-8": "UTF-8"}
#: GDAL's names of the encodings.
_GDAL_ENCODING = {"GBK": "CP936", "UTF-8": "UTF-8"}
_FIELD_TABLE_HEAD = ("图层", "图层名称", "导出字段", "字段", "字段名称", "类型", "长度", "小数位")


def write_database(
    path: Path,
    package_layers: Iterable[PackageLayer],
    crs: CRS,
    *,
    code_lists: Mapping[str, CodeList],
    horizontal_crs: CRS | None = None,
    progress: Callable[[int], None] = lambda rows: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> None:
    """Write layers as a new FileGDB or GeoPackage, by the suffix of ``path``.

    `layer_validation` has validated the layers. After an error an incomplete database remains; the caller deletes its
    folder.

    Parameters
    ----------
    crs
        The CRS that is stored, with heights if specified.
    horizontal_crs
        Its horizontal part, by default ``crs``.
    progress
        Called with the number of rows of each written batch.

    Raises
    ------
    OutputError
        If the database cannot be written.
    """
    package_layers = list(package_layers)
    file_format = find_database_format(path)
    create_database(path, [c.template for c in package_layers], crs, code_lists=code_lists, cancellation=cancellation)
    try:
        with load_gdal() as gdal:
            database = raise_if_refused(
                gdal.OpenEx(str(path), gdal.OF_UPDATE | gdal.OF_VECTOR, [file_format.gdal_driver])
            )
            for content in package_layers:
                write_layer_rows(
                    database, content, horizontal_crs or crs, file_format.gdal_driver == "GPKG", progress, cancellation
                )
            # Closing writes the database.
            del database
            check_row_counts(gdal, path, {content.name: len(content) for content in package_layers})
    except RuntimeError as error:
        # The frames of the traceback would keep the database open.
        traceback.clear_frames(error.__traceback__)
        raise make_write_error(path, path.parent) from error


def write_layer_rows(
    database: Any,
    package_layer: PackageLayer,
    horizontal_crs: CRS,
    uses_transactions: bool,
    progress: Callable[[int], None],
    cancellation: Cancellation,
) -> None:
    """Write all rows of a layer to its table in an open database."""
    layer = raise_if_refused(database.GetLayerByName(package_layer.name))
    definition = layer.GetLayerDefn()
    field_indexes = {f.name: definition.GetFieldIndex(f.name) for f in package_layer.template.fields}
    geometry_type = OGR_GEOMETRY_TYPES[package_layer.template.geometry]
    for rows in package_layer.iterate_batches(horizontal_crs):
        cancellation.raise_if_cancelled()
        # Without a transaction, a GeoPackage waits for the disk after every row.
        if uses_transactions:
            raise_if_refused(layer.StartTransaction())
        write_rows(layer, definition, rows, field_indexes, geometry_type)
        if uses_transactions:
            raise_if_refused(layer.CommitTransaction())
        progress(len(rows.shapes))
    raise_if_refused(layer.SyncToDisk())


def write_rows(
    layer: Any, layer_definition: Any, rows: PackageRowBatch, field_indexes: dict[str, int], geometry_type: str = ""
) -> None:
    """Write rows to an open osgeo layer.

    ``field_indexes`` maps field → its index in the layer. ``geometry_type`` is the geometry type to which every shape
    is converted, empty for no conversion.
    """
    from osgeo import ogr

    columns = [(field_indexes[name], values.tolist()) for name, values in rows.values.items()]
    target = getattr(ogr, f"wkb{geometry_type}") if geometry_type else None
    for number, wkb in enumerate(shapely.to_wkb(rows.shapes, output_dimension=2)):
        feature = ogr.Feature(layer_definition)
        for position, values in columns:
            value = values[number]
            if value is None:
                feature.SetFieldNull(position)
            else:
                is_time = isinstance(value, datetime)
                feature.SetField(position, value.strftime("%Y/%m/%d %H:%M:%S") if is_time else value)
        if wkb is not None:
            shape = raise_if_refused(ogr.CreateGeometryFromWkb(wkb))
            if target is not None and shape.GetGeometryType() != target:
                shape = ogr.ForceTo(shape, target)
            raise_if_refused(feature.SetGeometryDirectly(shape))
        raise_if_refused(layer.CreateFeature(feature))


class DbfNumberFormat(NamedTuple):
    """Width, with sign and point, and decimals of a number in a .dbf file."""

    width: int
    decimals: int


def compute_text_field_bytes(template_field: TemplateField) -> int:
    """Return the width of a text field in bytes: the template's length, at most 254."""
    return min(template_field.length or _MAX_TEXT_BYTES, _MAX_TEXT_BYTES)


def choose_dbf_number_format(template_field: TemplateField) -> DbfNumberFormat:
    """Return the width and the decimals that a numeric field gets in a .dbf file."""
    length, decimals = template_field.length, template_field.decimals
    if template_field.type == "integer":
        return DbfNumberFormat(min(length or _DEFAULT_INTEGER_DIGITS, 18), 0)
    default_width, default_decimals = _DEFAULT_REAL_FORMAT
    if decimals is None:
        return DbfNumberFormat(default_width, default_decimals)
    return DbfNumberFormat(length or default_width, decimals)


def find_number_losses(values: NDArray, template_field: TemplateField) -> tuple[NDArray, NDArray]:
    """Return the positions of numbers that are too wide for their field, and of numbers that it would round."""
    width, decimals = choose_dbf_number_format(template_field)
    texts = {n: f"{value:.{decimals}f}" for n, value in enumerate(values) if value is not None}
    too_wide = [n for n, text in texts.items() if len(text) > width]
    rounded = [n for n, text in texts.items() if abs(float(text) - values[n]) > _ROUNDING_SHARE * abs(values[n])]
    return np.array(too_wide, dtype=int), np.array(rounded, dtype=int)


def estimate_file_sizes(shapes: NDArray, fields: Iterable[TemplateField]) -> tuple[int, int]:
    """Return the estimated sizes in bytes of .shp and .dbf for (n,) shapes and as many rows.

    References
    ----------
    ESRI Shapefile Technical Description, 1998; dBASE III.
    """
    existing_shapes = shapes[~shapely.is_missing(shapes)]
    vertices = shapely.get_num_coordinates(existing_shapes)
    is_point = np.isin(shapely.get_type_id(existing_shapes), (0, 4))
    parts, shape_of_part = shapely.get_parts(existing_shapes, return_index=True)
    rings = np.where(shapely.get_type_id(parts) == 3, shapely.get_num_interior_rings(parts) + 1, 1)
    rings_of_shape = np.bincount(shape_of_part, weights=rings, minlength=len(existing_shapes))
    record_bytes = np.where(is_point, 20, 44 + 4 * rings_of_shape + 16 * vertices)
    template_fields = list(fields)
    row_bytes = 1 + sum(_choose_field_type_and_width(one)[1] for one in template_fields)
    return (
        100 + 12 * len(shapes) + int((record_bytes - 4).sum()),
        33 + 32 * len(template_fields) + row_bytes * len(shapes) + 1,
    )


def write_shapefiles(
    folder: Path,
    package_layers: Iterable[PackageLayer],
    crs: CRS,
    *,
    encoding: str,
    progress: Callable[[int], None] = lambda rows: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> None:
    """Write each layer as ``folder/<name>.shp``, and a table of the short and full field names.

    `layer_validation` has validated the layers.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    package_layers = list(package_layers)
    folder.mkdir()
    try:
        # QGIS disables encoding by an empty SHAPE_ENCODING.
        with load_gdal() as gdal, set_gdal_option(gdal, "SHAPE_ENCODING", _GDAL_ENCODING[encoding]):
            driver = raise_if_refused(gdal.GetDriverByName(SHAPEFILE_FORMAT.gdal_driver))
            for content in package_layers:
                _write_one_shapefile(driver, folder, content, crs, encoding, progress, cancellation)
                check_row_counts(gdal, folder / f"{content.name}.shp", {content.name: len(content)})
    except RuntimeError as error:
        traceback.clear_frames(error.__traceback__)
        raise make_write_error(folder, folder) from error
    rows: list[tuple[str, ...]] = [_FIELD_TABLE_HEAD]
    for content in package_layers:
        short = content.template.shapefile_name_by_field
        for template_field in content.template.fields:
            name, alias = template_field.name, template_field.alias
            row = (content.name, content.template.name, short[name], name, alias)
            rows.append((*row, *map(str, _choose_field_type_and_width(template_field))))
    (folder / FIELD_NAME_FILE).write_bytes(format_rows(rows))


def _choose_field_type_and_width(template_field: TemplateField) -> tuple[str, int, int]:
    """Return the type, the width in bytes and the decimals of a field in a .dbf file."""
    if template_field.type == "text":
        return "text", compute_text_field_bytes(template_field), 0
    if template_field.type == "date":
        return "date", _DATE_WIDTH, 0
    return template_field.type, *choose_dbf_number_format(template_field)


def _write_one_shapefile(
    driver: Any,
    folder: Path,
    package_layer: PackageLayer,
    crs: CRS,
    encoding: str,
    progress: Callable[[int], None],
    cancellation: Cancellation,
) -> None:
    """Write one layer as a shapefile; raise RuntimeError if GDAL refuses it or changes a field name."""
    from osgeo import gdal, ogr

    target = folder / f"{package_layer.name}.shp"
    short = package_layer.template.shapefile_name_by_field
    source = raise_if_refused(driver.Create(str(target), 0, 0, 0, gdal.GDT_Unknown))
    options = [f"ENCODING={_LAYER_ENCODING_OPTION[encoding]}", "2GB_LIMIT=YES"]
    # A shapefile has no multi types: single and multi geometries share a type.
    kind = getattr(ogr, f"wkb{OGR_GEOMETRY_TYPES[package_layer.template.geometry].removeprefix('Multi')}")
    fields = [
        define_field(short[one.name], SHAPEFILE_FORMAT.choose_ogr_type(one), *_choose_field_type_and_width(one)[1:])
        for one in package_layer.template.fields
    ]
    layer = create_layer(source, package_layer.name, convert_to_spatial_reference(crs), kind, fields, options)
    definition = layer.GetLayerDefn()
    field_indexes = {f.name: n for n, f in enumerate(package_layer.template.fields)}
    created_names = [definition.GetFieldDefn(n).GetName() for n in field_indexes.values()]
    if created_names != list(short.values()):
        # The driver may shorten or rename fields.
        raise RuntimeError(f"{created_names} != {list(short.values())}")
    for rows in package_layer.iterate_batches(crs):
        cancellation.raise_if_cancelled()
        write_rows(layer, definition, rows, field_indexes)
        progress(len(rows.shapes))
    raise_if_refused(layer.SyncToDisk())
    del layer, source
    target.with_suffix(".cpg").write_text(encoding, encoding="ascii")

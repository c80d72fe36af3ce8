# SPDX-License-Identifier: GPL-2.0-or-later
"""Writing of layers to a FileGDB or GeoPackage, through osgeo."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely

from ...base.cancellation import NEVER_CANCELLED, Cancellation
from ...exchange.create import create_database, make_write_error
from ...exchange.gdal_setup import check_row_counts, load_gdal, raise_if_refused
from ...exchange.schema import OGR_GEOMETRY_TYPES, find_database_format
from .content import PackageLayer, PackageRowBatch

if TYPE_CHECKING:
    from pyproj import CRS

    from ...standard.codes import CodeList


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
            elif isinstance(value, datetime):
                feature.SetField(position, value.strftime("%Y/%m/%d %H:%M:%S"))
            else:
                feature.SetField(position, value)
        if wkb is not None:
            shape = raise_if_refused(ogr.CreateGeometryFromWkb(wkb))
            if target is not None and shape.GetGeometryType() != target:
                shape = ogr.ForceTo(shape, target)
            raise_if_refused(feature.SetGeometryDirectly(shape))
        raise_if_refused(layer.CreateFeature(feature))

# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows into a FileGDB or GeoPackage that was made of the same templates (`exchange.create`), batch by batch, through osgeo."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely
from numpy.typing import NDArray

from ...cancellation import NEVER, Cancellation
from ...exchange.create import create_database, driver_refusal
from ...exchange.gdal_setup import load_gdal, raise_if_refused
from ...exchange.schema import SHAPES, database_format
from .content import Content, Rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyproj import CRS

    from ...standard.codes import CodeList


def write_database(
    path: Path,
    contents: Iterable[Content],
    crs: CRS,
    *,
    code_lists: Mapping[str, CodeList],
    plane: CRS | None = None,
    progress: Callable[[int], None] = lambda rows: None,
    cancellation: Cancellation = NEVER,
) -> None:
    """Write layers as a new FileGDB or GeoPackage, by the suffix. What cannot be written is known before (`look`).

    ``crs`` is what the layers say of themselves (with heights, where asked), ``plane`` its horizontal part, default
    itself; ``progress`` is told rows. Raises OutputError; half a database stays behind, for the caller's folder goes as
    a whole.
    """
    contents = list(contents)
    form = database_format(path)
    create_database(path, [c.template for c in contents], crs, code_lists=code_lists, cancellation=cancellation)
    try:
        with load_gdal() as gdal:
            database = raise_if_refused(gdal.OpenEx(str(path), gdal.OF_UPDATE | gdal.OF_VECTOR, [form.driver]))
            for content in contents:
                _fill(database, content, plane or crs, form.driver == "GPKG", progress, cancellation)
            # Closed, and so written.
            del database
            _count(gdal, path, contents)
    except RuntimeError as error:
        # What the trace remembers would keep the database open.
        traceback.clear_frames(error.__traceback__)
        raise driver_refusal(path, path.parent) from error


def _fill(
    database: Any,
    content: Content,
    plane: CRS,
    transactions: bool,
    progress: Callable[[int], None],
    cancellation: Cancellation,
) -> None:
    layer = raise_if_refused(database.GetLayerByName(content.name))
    definition = layer.GetLayerDefn()
    at = {f.name: definition.GetFieldIndex(f.name) for f in content.template.fields}
    whole = SHAPES[content.template.geometry]
    for rows in content.batches(plane):
        cancellation.raise_if_cancelled()
        # In a GeoPackage every row by itself would wait for the disk.
        if transactions:
            raise_if_refused(layer.StartTransaction())
        put_rows(layer, definition, rows, at, whole)
        if transactions:
            raise_if_refused(layer.CommitTransaction())
        progress(len(rows.shapes))
    raise_if_refused(layer.SyncToDisk())


def put_rows(layer: Any, definition: Any, rows: Rows, at: dict[str, int], whole: str = "") -> None:
    """Rows into an osgeo layer. ``at``: field → its position there; ``whole``: the type every shape becomes, empty: as it is."""
    from osgeo import ogr

    columns = [(at[name], values.tolist()) for name, values in rows.values.items()]
    target = getattr(ogr, f"wkb{whole}") if whole else None
    for number, wkb in enumerate(_wkb(rows.shapes)):
        feature = ogr.Feature(definition)
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


def _wkb(shapes: NDArray) -> list[bytes | None]:
    return list(shapely.to_wkb(shapes, output_dimension=2))


def _count(gdal: Any, path: Path, contents: list[Content]) -> None:
    """RuntimeError when not every row arrived: drivers say nothing of a disk that is full while they close."""
    database = raise_if_refused(gdal.OpenEx(str(path), gdal.OF_VECTOR))
    short = [c.name for c in contents if database.GetLayerByName(c.name).GetFeatureCount() != len(c)]
    del database
    if short:
        raise RuntimeError(", ".join(short))

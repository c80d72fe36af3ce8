# SPDX-License-Identifier: GPL-2.0-or-later
"""Edits of GeoPackages with plain SQL and shapely, and comparisons of whole files, for the tests of packages."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import shapely
from osgeo import gdal, ogr


@contextmanager
def open_layer(path: Path, name: str) -> Iterator[ogr.Layer]:
    """Open a layer of a data set to edit it."""
    database = gdal.OpenEx(str(path), gdal.OF_VECTOR | gdal.OF_UPDATE)
    layer = database.GetLayerByName(name)
    yield layer
    layer.SyncToDisk()
    del layer
    database = None


def find_fid(path: Path, name: str, key: str) -> int:
    """Return the feature id of the row with a key."""
    with closing(sqlite3.connect(path)) as database:
        return database.execute(f'SELECT fid FROM "{name}" WHERE BSM = ?', (key,)).fetchone()[0]


def list_keys(path: Path, name: str) -> list[str]:
    """Return the keys of a layer."""
    with closing(sqlite3.connect(path)) as database:
        return [key for (key,) in database.execute(f'SELECT BSM FROM "{name}" ORDER BY fid')]


def set_value(path: Path, name: str, key: str, field: str, value: str | float | None) -> None:
    """Set a value of the row with a key."""
    fid = find_fid(path, name, key)
    with open_layer(path, name) as layer:
        feature = layer.GetFeature(fid)
        feature.SetFieldNull(field) if value is None else feature.SetField(field, value)
        assert layer.SetFeature(feature) == 0


def move_vertex(path: Path, name: str, key: str, dx: float, dy: float) -> None:
    """Move a vertex of the outer ring of the row with a key, in metres."""
    fid = find_fid(path, name, key)
    with open_layer(path, name) as layer:
        feature = layer.GetFeature(fid)
        shape = shapely.from_wkb(bytes(feature.GetGeometryRef().ExportToWkb()))
        parts = list(shapely.get_parts(shape))
        ring = [*parts[0].exterior.coords]
        ring[1] = (ring[1][0] + dx, ring[1][1] + dy)
        parts[0] = shapely.Polygon(ring, [hole.coords for hole in parts[0].interiors])
        moved = shapely.MultiPolygon(parts) if shape.geom_type == "MultiPolygon" else parts[0]
        feature.SetGeometry(ogr.CreateGeometryFromWkb(shapely.to_wkb(moved)))
        assert layer.SetFeature(feature) == 0


def read_shape(path: Path, name: str, key: str) -> shapely.Geometry:
    """Return the shape of the row with a key."""
    fid = find_fid(path, name, key)
    with open_layer(path, name) as layer:
        feature = layer.GetFeature(fid)
        return shapely.from_wkb(bytes(feature.GetGeometryRef().ExportToWkb()))


def set_shape(path: Path, name: str, key: str, shape: shapely.Geometry) -> None:
    """Set the shape of the row with a key."""
    fid = find_fid(path, name, key)
    with open_layer(path, name) as layer:
        feature = layer.GetFeature(fid)
        feature.SetGeometry(ogr.CreateGeometryFromWkb(shapely.to_wkb(shape)))
        assert layer.SetFeature(feature) == 0


def add_row(path: Path, name: str, like_key: str, new_key: str | None, dx: float = 5.0) -> None:
    """Add a row with the values of another one, a key, and its shape moved."""
    fid = find_fid(path, name, like_key)
    with open_layer(path, name) as layer:
        feature = layer.GetFeature(fid).Clone()
        feature.SetFID(-1)
        feature.SetFieldNull("BSM") if new_key is None else feature.SetField("BSM", new_key)
        shape = shapely.from_wkb(bytes(feature.GetGeometryRef().ExportToWkb()))
        moved = shapely.transform(shape, lambda xy: xy + np.array([dx, 0.0]))
        feature.SetGeometry(ogr.CreateGeometryFromWkb(shapely.to_wkb(moved)))
        assert layer.CreateFeature(feature) == 0


def delete_row(path: Path, name: str, key: str) -> None:
    """Delete the row with a key."""
    fid = find_fid(path, name, key)
    with open_layer(path, name) as layer:
        assert layer.DeleteFeature(fid) == 0


def read_table(path: Path, name: str) -> list[tuple]:
    """Return all rows of a layer of a GeoPackage without feature ids, with geometry as stored bytes, in order."""
    with closing(sqlite3.connect(path)) as database:
        columns = [row[1] for row in database.execute(f'PRAGMA table_info("{name}")') if row[1] != "fid"]
        names = ", ".join(f'"{column}"' for column in columns)
        rows = database.execute(f'SELECT {names} FROM "{name}"').fetchall()
    return sorted(rows, key=repr)


def read_all_tables(path: Path) -> dict[str, list[tuple]]:
    """Return layer → its rows, for all layers of a GeoPackage."""
    with closing(sqlite3.connect(path)) as database:
        names = [row[0] for row in database.execute("SELECT table_name FROM gpkg_contents")]
    return {name: read_table(path, name) for name in names}


def read_features(path: Path, name: str) -> list[tuple]:
    """Return key, values as text and geometry of all rows of a data set that GDAL reads."""
    database = gdal.OpenEx(str(path), gdal.OF_VECTOR)
    rows = []
    for feature in database.GetLayerByName(name):
        values = [feature.GetFieldAsString(number) for number in range(feature.GetFieldCount())]
        geometry = feature.GetGeometryRef()
        rows.append((feature.GetField("BSM"), *values, geometry and bytes(geometry.ExportToIsoWkb())))
    return rows

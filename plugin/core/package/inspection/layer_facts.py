# SPDX-License-Identifier: GPL-2.0-or-later
"""What is seen of the layers of a database or a folder of shapefiles in a package, without reading their rows."""

from __future__ import annotations

import re
import sqlite3
import warnings
from contextlib import closing
from pathlib import Path

import numpy as np

from ...cancellation import Cancellation
from ...geometry import crs as crs_care
from ..package_spec.model import FORMATS
from .facts import LayerFact


def read_layer_facts(folder: Path, place: str, cancellation: Cancellation, extents: bool) -> list[LayerFact]:
    """The layers of one data set; one of −1 features for a set or layer that cannot be read. ``extents``: with those of their
    shapes, from the shapes themselves, for what a file says of them may be out of date."""
    import pyogrio

    from ...io import ERRORS

    path = folder / place
    sources = [path]
    if path.suffix.lower() not in FORMATS:
        sources = sorted(one for one in path.iterdir() if one.suffix.lower() == ".shp")
    found = []
    for source in sources:
        cancellation.raise_if_cancelled()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                names = [str(name) for name, kind in pyogrio.list_layers(source) if kind is not None]
            except (*ERRORS, ValueError, UnicodeDecodeError):
                found.append(LayerFact(place, source.stem, -1))
                continue
            found += [_layer(place, source, name, extents) for name in names]
    return found


#: What GDAL and QGIS keep in a GeoPackage for themselves.
_GEOPACKAGE_OWN = re.compile(
    r"gpkg_\w+|rtree_\w+|sqlite_\w+|idx_\w+|layer_styles|qgis_projects|trigger_(?:insert|delete)_feature_count_\w+|fki_\w+"
    r"|gdal_\w+|ogr_empty_table",
    re.IGNORECASE,
)
#: What a FileGDB lists besides layers: its own tables.
_DATABASE_OWN = re.compile(r"GDB_\w+", re.IGNORECASE)


def find_other_tables(folder: Path, place: str) -> tuple[str, ...]:
    """Return the tables, views and triggers of a database that are not layers; in a GeoPackage also those that programs do
    not list. Nothing is written; empty for shapefiles and for a database that cannot be opened."""
    path = folder / place
    suffix = path.suffix.lower()
    if suffix == ".gpkg":
        return _beside_in_geopackage(path)
    return _beside_in_database(path) if suffix == ".gdb" else ()


def _beside_in_geopackage(path: Path) -> tuple[str, ...]:
    try:
        # immutable: SQLite makes no journal beside it.
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            rows = database.execute("SELECT type, name, tbl_name FROM sqlite_master").fetchall()
            layers = {str(name).upper() for (name,) in database.execute("SELECT table_name FROM gpkg_geometry_columns")}
    except sqlite3.Error:
        # No GeoPackage: reading its layers reports that.
        return ()
    return tuple(
        sorted(
            name
            for kind, name, table in rows
            if kind != "index" and str(name).upper() not in layers and not _GEOPACKAGE_OWN.fullmatch(name)
        )
    )


def _beside_in_database(path: Path) -> tuple[str, ...]:
    import pyogrio

    from ...io import ERRORS

    try:
        rows = pyogrio.list_layers(path)
    except (*ERRORS, ValueError, UnicodeDecodeError):
        # Reading its layers reports that it cannot be opened.
        return ()
    return tuple(sorted(str(n) for n, kind in rows if kind is None and not _DATABASE_OWN.fullmatch(str(n))))


def _layer(place: str, source: Path, name: str, extents: bool) -> LayerFact:
    """One layer; of −1 features where it cannot be read, whatever its neighbours are."""
    import pyogrio

    from ...io import ERRORS

    try:
        info = pyogrio.read_info(source, layer=name, force_feature_count=True)
        extent = _extent(source, name) if extents else None
    except (*ERRORS, ValueError, UnicodeDecodeError):
        return LayerFact(place, name, -1)
    kind = next((k for word, k in _KINDS.items() if word in str(info["geometry_type"])), "")
    crs, vertical = _systems(info["crs"])
    fields = tuple(str(field) for field in info["fields"] if str(field).upper() not in _KEPT)
    count, titles = int(info["features"]), _titles(source, name)
    return LayerFact(place, name, count, crs, vertical, geometry=kind, extent=extent, fields=fields, titles=titles)


def _titles(source: Path, name: str) -> tuple[str, ...]:
    """What a GeoPackage calls a layer in its contents, besides its name."""
    if source.suffix.lower() != ".gpkg":
        return ()
    try:
        with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            text = "SELECT identifier, description FROM gpkg_contents WHERE table_name = ?"
            rows = database.execute(text, (name,)).fetchall()
    except sqlite3.Error:
        return ()
    return tuple(dict.fromkeys(str(one) for row in rows for one in row if one and one != name))


#: Fields that formats and programs put there for themselves.
_KEPT = {"OBJECTID", "FID", "OGC_FID", "SHAPE", "SHAPE_LENGTH", "SHAPE_AREA", "SHAPE_LENG", "GLOBALID"}


#: Words in the geometry types of files.
_KINDS = {"Polygon": "polygon", "Surface": "polygon", "Line": "line", "Curve": "line", "Point": "point"}


def _extent(source: Path, layer: str) -> tuple[float, float, float, float] | None:
    import pyogrio

    _, bounds = pyogrio.read_bounds(source, layer=layer)
    if bounds.size == 0 or np.isnan(bounds).all():
        return None
    low, high = np.nanmin(bounds[:2], axis=1), np.nanmax(bounds[2:], axis=1)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _systems(text: str | None) -> tuple[str, str]:
    """Labels of the horizontal and the vertical part of a CRS."""
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    label = crs_care.crs_label(crs_care.parse_crs(text))
    try:
        whole = CRS.from_user_input(text) if text else None
    except CRSError:
        return label, ""
    if whole is None or not whole.is_compound or len(whole.sub_crs_list) < 2:
        return label, ""
    code = whole.sub_crs_list[1].to_epsg()
    return label, f"EPSG:{code}" if code else whole.sub_crs_list[1].name

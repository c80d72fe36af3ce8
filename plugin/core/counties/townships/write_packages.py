# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the rows of each township to a GeoPackage; the rows near it (neighbours) go to another one."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ....paths import STYLES_FOLDER
from ...base.errors import NEVER_CANCELLED, Cancellation
from ...exchange.gdal_setup import create_layer, load_gdal, raise_if_refused
from .stored_rows import (
    ROWS_PER_CANCEL_CHECK,
    StoredRow,
    compute_row_digest,
    find_key_field,
    list_fields,
    list_layers,
    open_dataset,
    read_cells,
    read_rows,
    read_shape_bytes,
)
from .township_rows import LayerKey, Ownership
from .work_package import NEIGHBOURS_NAME

#: A version that the GDAL of an older QGIS opens without a warning.
_CREATION_OPTIONS = ["VERSION=1.2"]
#: Names of the column of feature ids; a later one is used if a field has the name.
_FID_COLUMNS, _SHAPE_COLUMNS = ("fid", "ogc_fid", "package_fid"), ("geom", "geometry", "package_geom")


@dataclass
class CountyLayer:
    """A layer of the county: its data set, name, name in the packages, code of the plan layer, and fields."""

    key: LayerKey
    package_name: str
    role: str
    encoding: str
    fields: tuple[str, ...] = ()


@dataclass
class WrittenLayer:
    """The rows of a layer in a package: as stored in the county, and as stored in the package, by feature id."""

    county_rows: list[StoredRow] = field(default_factory=list)
    package_rows: dict[int, StoredRow] = field(default_factory=dict)
    neighbours: dict[int, StoredRow] = field(default_factory=dict)


@dataclass(frozen=True)
class PackageFolder:
    """The folder of a package."""

    folder: Path

    @property
    def neighbours(self) -> Path:
        """Return the path of the read-only neighbours."""
        return self.folder / NEIGHBOURS_NAME


@dataclass(frozen=True)
class PackageFiles(PackageFolder):
    """The files of a package, and its rows by layer (in the order of the county's layers)."""

    data: Path
    layers: list[WrittenLayer]


def list_county_layers(
    datasets: Sequence[Path], encodings: dict[LayerKey, str], roles: dict[LayerKey, str]
) -> list[CountyLayer]:
    """Return all layers and tables of the data sets of a county; names in packages are unique."""
    fields_by_key: dict[LayerKey, tuple[str, ...]] = {}
    with load_gdal() as gdal:
        for path in datasets:
            # Without its encoding, a shapefile has other names of fields; its layer has the name of the file.
            dataset = open_dataset(gdal, path, encodings.get((str(path), path.stem), ""))
            for layer in list_layers(dataset):
                fields_by_key[str(path), layer.GetName()] = tuple(list_fields(layer))
                del layer
            del dataset
    counts = Counter(name.upper() for _, name in fields_by_key)
    return [
        CountyLayer(
            key,
            key[1] if counts[key[1].upper()] == 1 else f"{Path(key[0]).stem}_{key[1]}",
            roles.get(key, ""),
            encodings.get(key, ""),
            names,
        )
        for key, names in fields_by_key.items()
    ]


def write_packages(
    county_layers: Sequence[CountyLayer],
    ownership: Ownership,
    packages: Sequence[PackageFiles],
    cancellation: Cancellation = NEVER_CANCELLED,
) -> None:
    """Write data and neighbours of all packages, and set their rows as read back.

    ``packages``: one for each township, and the last one for the rows in none. Raise RuntimeError or sqlite3.Error if a
    driver refuses, and Cancelled.
    """
    for package in packages:
        package.layers.extend(WrittenLayer() for _ in county_layers)
    with load_gdal() as gdal:
        schema = packages[0].folder.parent / "schema.gpkg"
        _create_schema(gdal, county_layers, schema)
        with closing(sqlite3.connect(schema)) as database, database:
            database.execute(
                "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256),"
                " f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30),"
                " styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),"
                " update_time DATETIME DEFAULT CURRENT_TIMESTAMP)"
            )
            shape_columns = dict(
                database.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchall()
            )
            for county_layer in county_layers:
                style = STYLES_FOLDER / f"{county_layer.role}.qml"
                if not county_layer.role or not style.is_file():
                    continue
                name = county_layer.package_name
                database.execute(
                    "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column,"
                    " styleName, styleQML, styleSLD, useAsDefault, description, owner)"
                    " VALUES ('', '', ?, ?, ?, ?, '', 1, '', '')",
                    (name, shape_columns.get(name, ""), county_layer.role, style.read_text(encoding="utf-8")),
                )
        for package in packages:
            package.folder.mkdir()
            shutil.copyfile(schema, package.data)
            shutil.copyfile(schema, package.neighbours)
        schema.unlink()
        targets = [
            [
                raise_if_refused(gdal.OpenEx(str(path), gdal.OF_VECTOR | gdal.OF_UPDATE))
                for path in (package.data, package.neighbours)
            ]
            for package in packages
        ]
        for pair in targets:
            for target in pair:
                raise_if_refused(target.StartTransaction())
        for number, county_layer in enumerate(county_layers):
            dataset = open_dataset(gdal, Path(county_layer.key[0]), county_layer.encoding)
            _write_layer(dataset, county_layer, number, ownership, packages, targets, cancellation)
            del dataset
        for pair in targets:
            for target in pair:
                raise_if_refused(target.CommitTransaction())
        del pair, target, targets
        for package in packages:
            _read_back(gdal, county_layers, package, cancellation)


def _create_schema(gdal: Any, county_layers: Sequence[CountyLayer], path: Path) -> None:
    """Create a GeoPackage with all layers of the county, without rows."""
    from osgeo import ogr

    database = raise_if_refused(
        gdal.GetDriverByName("GPKG").Create(str(path), 0, 0, 0, gdal.GDT_Unknown, _CREATION_OPTIONS)
    )
    domains: set[str] = set()
    for county_layer in county_layers:
        dataset = open_dataset(gdal, Path(county_layer.key[0]), county_layer.encoding)
        layer = raise_if_refused(dataset.GetLayerByName(county_layer.key[1]))
        names = {name.lower() for name in county_layer.fields}
        options = [
            f"FID={next(one for one in _FID_COLUMNS if one not in names)}",
            f"GEOMETRY_NAME={next(one for one in _SHAPE_COLUMNS if one not in names)}",
        ]
        shape_type: int = layer.GetGeomType()
        is_shapefile = dataset.GetDriver().ShortName == "ESRI Shapefile"
        can_be_multipart = ogr.GT_Flatten(shape_type) in (ogr.wkbLineString, ogr.wkbPolygon)
        definition = layer.GetLayerDefn()
        fields = [definition.GetFieldDefn(number) for number in range(definition.GetFieldCount())]
        for one in fields:
            domain = one.GetDomainName()
            if domain and domain not in domains:
                database.AddFieldDomain(raise_if_refused(dataset.GetFieldDomain(domain)))
                domains.add(domain)
        create_layer(
            database,
            county_layer.package_name,
            layer.GetSpatialRef(),
            ogr.GT_GetCollection(shape_type) if is_shapefile and can_be_multipart else shape_type,
            fields,
            options,
        )
        del layer, definition, fields, dataset
    del database


def _write_layer(
    dataset: Any,
    county_layer: CountyLayer,
    number: int,
    ownership: Ownership,
    packages: Sequence[PackageFiles],
    targets: Sequence[Sequence[Any]],
    cancellation: Cancellation,
) -> None:
    """Write each row of a layer to the package of its township, and to those that it is a neighbour of."""
    layer = raise_if_refused(dataset.GetLayerByName(county_layer.key[1]))
    fields = list_fields(layer)
    key_field = find_key_field(tuple(fields))
    near = ownership.near.get(county_layer.key, {})
    new_layers = [tuple(raise_if_refused(one.GetLayerByName(county_layer.package_name)) for one in p) for p in targets]
    for feature in cancellation.watch(layer, ROWS_PER_CANCEL_CHECK):
        fid = feature.GetFID()
        cells = read_cells(feature, fields)
        row = StoredRow(fid, (cells.get(key_field) or "").strip(), compute_row_digest(cells, read_shape_bytes(feature)))
        owner = ownership.find_owner(county_layer.key, fid)
        packages[owner].layers[number].county_rows.append(row)
        _copy_feature(feature, new_layers[owner][0])
        for position in near.get(fid, ()):
            packages[position].layers[number].neighbours[fid] = row
            _copy_feature(feature, new_layers[position][1])


def _copy_feature(feature: Any, layer: Any) -> None:
    """Write a copy of a GDAL feature with its id to a layer with the same fields."""
    from osgeo import ogr

    copy = ogr.Feature(layer.GetLayerDefn())
    raise_if_refused(copy.SetFromWithMap(feature, True, list(range(feature.GetFieldCount()))))
    copy.SetFID(feature.GetFID())
    raise_if_refused(layer.CreateFeature(copy))


def _read_back(
    gdal: Any, county_layers: Sequence[CountyLayer], package: PackageFiles, cancellation: Cancellation
) -> None:
    """Set the rows of a package as stored. Raise RuntimeError if rows are missing: a full disk is not reported."""
    data, neighbours = (open_dataset(gdal, path) for path in (package.data, package.neighbours))
    for county_layer, written in zip(county_layers, package.layers, strict=True):
        for database, rows, expected in (
            (data, written.package_rows, len(written.county_rows)),
            (neighbours, written.neighbours, len(written.neighbours)),
        ):
            layer = raise_if_refused(database.GetLayerByName(county_layer.package_name))
            stored = read_rows(layer, county_layer.fields, cancellation)
            if len(stored) != expected:
                raise RuntimeError(f"{county_layer.package_name}: {len(stored)} of {expected} rows")
            rows.clear()
            rows.update({row.fid: row for row in stored})
            del layer
    del data, neighbours

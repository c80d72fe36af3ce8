# SPDX-License-Identifier: GPL-2.0-or-later
"""Create an empty GeoPackage or FileGDB from templates.

The database is made in a temporary folder and moves to its target when it is complete.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import tempfile
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyproj import CRS

from ..base.choices import ACTIONS_ON_EXISTING
from ..base.errors import NEVER_CANCELLED, Cancellation, InputError, OutputError, ProgressCallback
from ..base.files.writing import check_writable, copy_path, write_atomically
from ..geometry import crs as crs_care
from ..standard.messages.texts import Texts
from ..standard.template import CodeList, Template
from .gdal_setup import convert_to_spatial_reference, create_layer, define_field, load_gdal, raise_if_refused
from .schema import OGR_GEOMETRY_TYPES, CodedDomain, DatabaseFormat, find_database_format, make_coded_domains

#: A GeoPackage version that the GDAL of an older QGIS opens without a warning.
_DATABASE_OPTIONS = {"GPKG": ["VERSION=1.2"], "OpenFileGDB": []}
#: FileGDB stores coordinates on a grid. Its default grids (1e-9°, 1e-4 m) change areas by square decimetres; steps of
#: 0.1 µm do not, and fit into the 53 bits of a coordinate.
_FILEGDB_GRID_OPTIONS = {
    True: ["XORIGIN=-400", "YORIGIN=-400", "XYSCALE=1000000000000"],
    False: ["XORIGIN=-10000000", "YORIGIN=-20000000", "XYSCALE=10000000"],
}
_CREATE_DATA_COLUMNS_SQL = """CREATE TABLE IF NOT EXISTS gpkg_data_columns (
    table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT, mime_type TEXT,
    constraint_name TEXT, CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
    CONSTRAINT gdc_tn UNIQUE (table_name, name))"""


@dataclass(frozen=True)
class CreatedLayers:
    """Names of the layers that `create_database` created, and of the layers that it left unchanged.

    ``database_path``: the database; ``existing_names``: layers that existed before and are unchanged.
    """

    database_path: Path
    created_names: tuple[str, ...]
    existing_names: tuple[str, ...] = ()


def create_database(
    path: str | Path,
    templates: Iterable[Template],
    crs: CRS,
    *,
    code_lists: Mapping[str, CodeList],
    existing: str = "stop",
    progress: ProgressCallback = lambda share, role: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> CreatedLayers:
    """Write empty layers to a GeoPackage or FileGDB, chosen by the path's suffix.

    Parameters
    ----------
    path : path
        Target; its suffix determines the format.
    templates : iterable of Template
        Layers to create.
    crs : CRS
        CRS of all layers.
    code_lists : mapping
        Code lists by id, for domains.
    existing : str
        For an existing database: ``stop`` raises an error, ``add`` creates the missing layers, ``replace`` replaces
        the database.
    progress : callable
        ``progress(share, role)`` is called before each layer.
    cancellation : Cancellation
        Checked before each layer.

    Raises
    ------
    OutputError, InputError, Cancelled
        An existing database is then unchanged.
    """
    target = Path(path)
    file_format = find_database_format(target)
    if existing not in ACTIONS_ON_EXISTING:
        raise InputError("existing_unknown", value=existing, known=", ".join(ACTIONS_ON_EXISTING))
    templates = list(templates)
    domains = make_coded_domains(templates, file_format, code_lists)
    exists = target.exists()
    if exists and existing == "stop":
        raise OutputError("output_exists", target=str(target))
    check_writable(target, [])
    if exists:
        _check_unlocked(target)
    with tempfile.TemporaryDirectory(prefix="sanxian-", ignore_cleanup_errors=True) as folder:
        # Write in the temporary folder, where a database can lock its file and the path is short.
        temporary_database = Path(folder) / f"made{file_format.file_suffix}"
        with explain_write_errors(target, folder):
            if exists and existing == "add":
                copy_path(target, temporary_database)
                created_layers, unchanged_layers = _add_missing_layers(
                    temporary_database, target, templates, domains, crs, file_format, progress, cancellation
                )
                if not created_layers:
                    return CreatedLayers(target, (), unchanged_layers)
            else:
                unchanged_layers = ()
                with load_gdal() as gdal:
                    driver = gdal.GetDriverByName(file_format.gdal_driver)
                    if driver is None:
                        raise InputError("osgeo_lacking")
                    options = _DATABASE_OPTIONS[file_format.gdal_driver]
                    database = raise_if_refused(
                        driver.Create(str(temporary_database), 0, 0, 0, gdal.GDT_Unknown, options)
                    )
                    created_layers = _create_layers(
                        database, templates, domains, crs, file_format, progress, cancellation
                    )
                    # Deleting the reference closes the database and writes it.
                    del database
            if file_format.gdal_driver == "GPKG":
                _write_column_titles(temporary_database, [t for t in templates if t.role in created_layers])
            _check_layers_written(temporary_database, {*created_layers, *unchanged_layers})
        with write_atomically(target) as new:
            copy_path(temporary_database, new)
    return CreatedLayers(target, created_layers, unchanged_layers)


def add_layers_in_place(
    path: Path, templates: Iterable[Template], crs: CRS, *, code_lists: Mapping[str, CodeList]
) -> None:
    """Add empty layers to a database that no other program uses yet, without a copy of it.

    After an error the database may be incomplete; the caller deletes its folder.

    Raises
    ------
    OutputError
        If a layer cannot be created.
    """
    file_format, templates = find_database_format(path), list(templates)
    domains = make_coded_domains(templates, file_format, code_lists)
    with explain_write_errors(path, path.parent):
        with load_gdal() as gdal:
            database = raise_if_refused(
                gdal.OpenEx(str(path), gdal.OF_UPDATE | gdal.OF_VECTOR, [file_format.gdal_driver])
            )
            _create_layers(database, templates, domains, crs, file_format, lambda share, role: None, NEVER_CANCELLED)
            del database
        if file_format.gdal_driver == "GPKG":
            _write_column_titles(path, templates)
        _check_layers_written(path, {one.role for one in templates})


@contextmanager
def stage_geopackage(target: Path) -> Iterator[Path]:
    """Yield the path of a new GeoPackage in a temporary folder; the block makes it, and copies it to ``target``.

    Raise OutputError if pyogrio cannot write it.
    """
    from ..plan.io import DRIVER_ERRORS

    with tempfile.TemporaryDirectory(prefix="sanxian-", ignore_cleanup_errors=True) as folder:
        try:
            yield Path(folder) / "made.gpkg"
        except DRIVER_ERRORS as error:
            raise make_write_error(target, folder) from error


@contextmanager
def explain_write_errors(target: Path, folder: str | Path, source: str | Path = "") -> Iterator[None]:
    """Raise OutputError (`make_write_error`) for an error of GDAL or SQLite in the block."""
    try:
        yield
    except BaseException as error:
        # The frames of the traceback would keep the database open and, on Windows, block the folder.
        traceback.clear_frames(error.__traceback__)
        if not isinstance(error, RuntimeError | sqlite3.Error):
            raise
        raise make_write_error(target, folder, source) from error


def make_write_error(target: Path, folder: str | Path, source: str | Path = "") -> OutputError:
    """Return the OutputError for a failed write to ``target``.

    ``folder``: the folder that was written. Drivers do not report a full disk. The error therefore names a full disk if
    the disk of ``folder`` has less than 1 MiB free. ``source``: the data that were copied; the driver may refuse what
    they hold.
    """
    is_disk_full = shutil.disk_usage(folder).free < 2**20
    if source and not is_disk_full:
        return OutputError("copy_refused", target=str(target), source=str(source))
    return OutputError("output_unwritable", target=str(target), detail="no_space" if is_disk_full else "refused")


def _check_unlocked(target: Path) -> None:
    """Raise OutputError if another program has the database open.

    ArcGIS leaves .lock files next to an open database, SQLite a log (-wal).
    """
    if target.is_dir():
        locks = sorted(p.name for p in target.iterdir() if p.suffix.lower() == ".lock")
        if locks:
            raise OutputError("output_locked", target=str(target), locks=", ".join(locks[:3]))
        if not os.access(target, os.W_OK):
            raise OutputError("output_unwritable", target=str(target), detail="no_permission")
        return
    try:
        with closing(sqlite3.connect(f"{target.absolute().as_uri()}?mode=rw", uri=True, timeout=0)) as database:
            database.execute("BEGIN EXCLUSIVE")
            database.rollback()
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise OutputError("output_open_elsewhere", target=str(target)) from error
    except sqlite3.DatabaseError:
        # Not a database: it can be replaced, and opening it to add layers reports it.
        return
    # The last program that closes a database removes its log. A remaining log means that another program has the
    # database open (QGIS while a layer is edited) and would save to a removed file.
    if target.with_name(f"{target.name}-wal").exists():
        raise OutputError("output_open_elsewhere", target=str(target))


def _check_layers_written(temporary_database: Path, layer_names: set[str]) -> None:
    """Reopen the database; raise RuntimeError if a layer is missing.

    Drivers do not report a full disk when they close a file.
    """
    with load_gdal() as gdal:
        database = raise_if_refused(gdal.OpenEx(str(temporary_database), gdal.OF_VECTOR))
        missing_layers = [n for n in layer_names if database.GetLayerByName(n) is None]
        del database
    if missing_layers:
        raise RuntimeError(", ".join(missing_layers))


def _add_missing_layers(
    temporary_database: Path,
    target: Path,
    templates: list[Template],
    domains: dict[tuple[str, str], CodedDomain],
    crs: CRS,
    file_format: DatabaseFormat,
    progress: ProgressCallback,
    cancellation: Cancellation,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Create the layers of the templates that the database at ``temporary_database`` lacks.

    Return the names of the created layers and of the layers that existed before. ``target``: the database's final path,
    for error messages.
    """
    with load_gdal() as gdal:
        try:
            database = raise_if_refused(
                gdal.OpenEx(str(temporary_database), gdal.OF_UPDATE | gdal.OF_VECTOR, [file_format.gdal_driver])
            )
        except RuntimeError as error:
            raise InputError("source_not_gis", source=str(target), detail="damaged") from error
        layers = [database.GetLayer(number) for number in range(database.GetLayerCount())]
        existing_names = {layer.GetName().upper() for layer in layers}
        missing_templates = [t for t in templates if t.role.upper() not in existing_names]
        # A feature dataset requires one CRS.
        layer_names = {t.role.upper() for t in templates}
        wanted = crs_care.make_crs_label(crs)
        for layer in layers:
            name, reference = layer.GetName(), layer.GetSpatialRef()
            if name.upper() not in layer_names or reference is None:
                continue
            found = crs_care.make_crs_label(crs_care.parse_crs(reference.ExportToWkt()))
            if found != wanted:
                raise InputError("create_other_crs", target=str(target), layer=name, found=found, crs=wanted)
        created = _create_layers(database, missing_templates, domains, crs, file_format, progress, cancellation)
        del database
    return created, tuple(t.role for t in templates if t.role.upper() in existing_names)


def _create_layers(
    database: Any,
    templates: list[Template],
    domains: dict[tuple[str, str], CodedDomain],
    crs: CRS,
    file_format: DatabaseFormat,
    progress: ProgressCallback,
    cancellation: Cancellation,
) -> tuple[str, ...]:
    """Create empty layers and their code lists in an open osgeo database.

    Return the names of the layers.
    """
    from osgeo import ogr

    reference = convert_to_spatial_reference(crs)
    used_titles = {database.GetLayer(n).GetMetadataItem("IDENTIFIER") for n in range(database.GetLayerCount())}
    # Create all domains first: a FileGDB does not know a new domain before it is written.
    roles = {template.role for template in templates}
    used_domains = dict.fromkeys(domain for (role, _), domain in domains.items() if role in roles)
    domain_names = {domain: _add_coded_domain(database, domain) for domain in used_domains}
    for number, template in cancellation.watch(enumerate(templates)):
        progress(number / len(templates), template.role)
        # Titles are unique in a GeoPackage; 防灾减灾设施（点） is in the parts of both county and centre.
        title = f"{template.name} {template.role}" if template.name in used_titles else template.name
        used_titles.add(title)
        fields = []
        for field in template.fields:
            kind = file_format.choose_ogr_type(field)
            definition = define_field(field.name, kind, (field.length or 0) if kind == "String" else 0)
            definition.SetAlternativeName(field.alias)
            definition.SetNullable(field.constraint != "M")
            if field.codes:
                definition.SetDomainName(domain_names[domains[template.role, field.name]])
            if default := field.default or (template.feature_code if field.meaning == "feature_code" else ""):
                is_text = kind in ("String", "Date", "DateTime")
                definition.SetDefault("'" + default.replace("'", "''") + "'" if is_text else default)
            fields.append(definition)
        geometry_type = getattr(ogr, f"wkb{OGR_GEOMETRY_TYPES[template.geometry]}")
        if file_format.gdal_driver == "GPKG":
            options = ["GEOMETRY_NAME=geom", "FID=fid", "SPATIAL_INDEX=YES"]
            options += [f"IDENTIFIER={title}", f"DESCRIPTION={template.name}"]
        else:
            # Names of datasets have no special characters: 三区三线封库/下发数据 → 三区三线封库_下发数据. Classes of
            # yearly maintenance are submitted at the root (S2).
            dataset = "" if template.base else re.sub(r"\W+", "_", template.group).strip("_")
            options = [f"LAYER_ALIAS={template.name}", *([f"FEATURE_DATASET={dataset}"] if dataset else [])]
            options += _FILEGDB_GRID_OPTIONS[bool(crs.is_geographic)]
        create_layer(database, template.role, reference, geometry_type, fields, options)
    database.FlushCache()
    return tuple(template.role for template in templates)


def _add_coded_domain(database: Any, domain: CodedDomain) -> str:
    """Add a coded domain to a database and return its name.

    If the database already has a domain of this name with other codes, the new name gets a number: ``name_2``.
    """
    from osgeo import ogr

    name, number = domain.name, 2
    while (existing_domain := database.GetFieldDomain(name)) is not None:
        if existing_domain.GetDomainType() == ogr.OFDT_CODED and existing_domain.GetEnumeration() == domain.codes:
            return name
        name, number = f"{domain.name}_{number}", number + 1
    kind = getattr(ogr, f"OFT{domain.kind}")
    title = Texts("zh").get_section("setting").get(f"codes.{domain.list_id}", domain.list_id)
    new_domain = ogr.CreateCodedFieldDomain(name, title, kind, ogr.OFSTNone, domain.codes)
    # Both parts of a split feature keep the code; for merged features the user has to choose.
    new_domain.SetSplitPolicy(ogr.OFDSP_DUPLICATE)
    new_domain.SetMergePolicy(ogr.OFDMP_DEFAULT_VALUE)
    raise_if_refused(database.AddFieldDomain(new_domain))
    return name


def _write_column_titles(temporary_database: Path, templates: list[Template]) -> None:
    """Write the Chinese titles of columns to the GeoPackage.

    GDAL before 3.7 does not write them.
    """
    with closing(sqlite3.connect(temporary_database)) as database, database:
        database.execute(_CREATE_DATA_COLUMNS_SQL)
        database.execute(
            "INSERT INTO gpkg_extensions "
            "SELECT 'gpkg_data_columns', NULL, 'gpkg_schema', "
            "'http://www.geopackage.org/spec121/#extension_schema', 'read-write' "
            "WHERE NOT EXISTS (SELECT 1 FROM gpkg_extensions WHERE table_name = 'gpkg_data_columns')"
        )
        database.executemany(
            "INSERT INTO gpkg_data_columns (table_name, column_name, title) VALUES (?, ?, ?) "
            "ON CONFLICT (table_name, column_name) DO UPDATE SET title = excluded.title",
            [(template.role, field.name, field.alias) for template in templates for field in template.fields],
        )

# SPDX-License-Identifier: GPL-2.0-or-later
"""What a database declares of its layers: length, title (alias) and coded domain of fields, and the CRS.

pyogrio reports none of a field's declarations. A GeoPackage is read through SQLite, because GDAL reads its titles only
from 3.7 on; a FileGDB through osgeo if available. Other formats (shapefile, GeoJSON) have neither titles nor domains.

A file describes a layer's CRS twice: by an EPSG code, and by the parameters of its projection (WKT). Drivers use the
code. Other programs use the parameters, and then place the layer elsewhere.
"""

from __future__ import annotations

import html
import re
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pyproj import CRS
from pyproj.exceptions import CRSError

from ...base.files.open_datasource import DATABASE_ERRORS, open_database, read_prj
from ...geometry.crs import have_same_parameters, make_crs_label, parse_crs
from ...standard.template import OGR_TYPES
from ..layer import FieldInfo
from .records import open_read_only

#: Formats with titles and coded domains.
FORMATS_WITH_DECLARATIONS = (".gpkg", ".gdb")
#: A text of at least this length counts as unlimited.
_MAX_TEXT_LENGTH = 2**16
_TEXT_WIDTH_PATTERN = re.compile(r"TEXT\s*\((\d+)\)", re.IGNORECASE)
#: Column types of the GeoPackage standard, in the terms of the templates.
_FIELD_TYPES_BY_SQL_TYPE = {
    "TEXT": "text",
    **dict.fromkeys(("BOOLEAN", "TINYINT", "SMALLINT", "MEDIUMINT", "INT", "INTEGER"), "integer"),
    **dict.fromkeys(("FLOAT", "DOUBLE", "REAL"), "real"),
    **dict.fromkeys(("DATE", "DATETIME"), "date"),
}
#: OGR's names of types, in the terms of the templates.
_FIELD_TYPES_BY_OGR_TYPE = {
    **{name: kind for kind, name in OGR_TYPES.items()},
    OGR_TYPES["long"]: "integer",
    "DateTime": "date",
}


@dataclass(frozen=True)
class DeclaredTable:
    """A layer as its database declares it.

    ``columns``: the type is empty if templates lack it, the title (alias) without one, the codes without a coded
    domain. ``crs``: an EPSG code or WKT, empty if undefined; ``has_no_rows``: the layer has no row; ``view_sql``:
    the statement that defines a view, which may hold only a part of the rows; empty for a table.
    """

    columns: tuple[FieldInfo, ...]
    has_no_rows: bool
    crs: str
    view_sql: str = ""

    def add_declarations_to_fields(self, fields: tuple[FieldInfo, ...]) -> tuple[FieldInfo, ...]:
        """Return fields with length, title and codes as the database declares them.

        A field without a declaration is returned unchanged.
        """
        column_by_name = {c.name: c for c in self.columns}
        return tuple(
            replace(
                f,
                length=column_by_name[f.name].length,
                alias=column_by_name[f.name].alias,
                codes=column_by_name[f.name].codes,
            )
            if f.name in column_by_name
            else f
            for f in fields
        )


def read_declared_tables(path: str | Path) -> dict[str, DeclaredTable]:
    """Return layer name → declaration of each layer in a database.

    Empty for a format without declarations, and for a database that cannot be read. No file is created next to the
    database.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    try:
        if suffix == ".gpkg" and path.is_file():
            return _read_geopackage(path)
        if suffix == ".gdb" and path.is_dir():
            return _read_filegdb(path)
    except (*DATABASE_ERRORS, RuntimeError, OSError):
        # Damaged or in use: reading its rows reports that with the file's name. The fields count as undeclared.
        return {}
    return {}


def _read_geopackage(path: Path) -> dict[str, DeclaredTable]:
    """Return layer name → declaration of each layer in a GeoPackage."""
    with open_database(path) as database:
        view_sql = {
            name: " ".join(sql.split()) if kind == "view" else ""
            for name, kind, sql in database.execute(
                "SELECT name, type, sql FROM sqlite_master WHERE type IN ('table', 'view')"
            )
        }
        # (table, column) → (title, name of its domain); name of a domain → code → name.
        titles: dict[tuple[str, str], tuple[str, str]] = {}
        codes: dict[str, dict[str, str]] = {}
        if "gpkg_data_columns" in view_sql:
            rows = database.execute(
                "SELECT table_name, column_name, title, name, constraint_name FROM gpkg_data_columns"
            )
            titles = {(row[0], row[1]): (row[2] or row[3] or "", row[4] or "") for row in rows}
        if "gpkg_data_column_constraints" in view_sql:
            rows = database.execute(
                "SELECT constraint_name, value, description FROM gpkg_data_column_constraints "
                "WHERE constraint_type = 'enum'"
            )
            for domain, value, description in rows:
                codes.setdefault(domain, {})[str(value)] = description or ""
        shapes = dict(database.execute("SELECT table_name, column_name FROM gpkg_geometry_columns"))
        layers = database.execute(
            "SELECT c.table_name, s.srs_id, s.organization, s.organization_coordsys_id, s.definition FROM "
            "gpkg_contents c "
            "LEFT JOIN gpkg_spatial_ref_sys s ON s.srs_id = c.srs_id WHERE c.data_type IN ('features', 'attributes')"
        ).fetchall()
        declared_tables = {}
        for name, srs_id, organization, code, definition in layers:
            if name in view_sql:
                columns = _read_columns(database, name, shapes.get(name, ""), titles, codes)
                quoted = name.replace('"', '""')
                try:
                    first = database.execute(f'SELECT 1 FROM "{quoted}" LIMIT 1').fetchone()  # nosec B608 # quotes in the name are doubled
                except DATABASE_ERRORS:
                    # Damaged, or a view of a missing table: reading its rows reports that.
                    continue
                crs = ""
                # The numbers 0 and −1 mean an undefined CRS.
                if srs_id is not None and srs_id > 0:
                    crs = f"EPSG:{code}" if (organization or "").upper() == "EPSG" else definition or ""
                declared_tables[name] = DeclaredTable(columns, first is None, crs, view_sql[name])
    return declared_tables


def _read_columns(
    database: sqlite3.Connection,
    table: str,
    shape: str,
    titles: dict[tuple[str, str], tuple[str, str]],
    codes: dict[str, dict[str, str]],
) -> tuple[FieldInfo, ...]:
    """Return the declared columns of a table without its primary key and geometry column ``shape``.

    ``titles``: (table, column) → (title, name of its domain); ``codes``: name of a domain → code → name.
    """
    declared_columns = []
    for name, kind, key in database.execute("SELECT name, type, pk FROM pragma_table_info(?)", (table,)).fetchall():
        if key or name == shape:
            continue
        title, domain = titles.get((table, name), ("", ""))
        width = _TEXT_WIDTH_PATTERN.fullmatch(kind.strip())
        plain_type = re.sub(r"\s*\(.*", "", kind).strip().upper()
        length = int(width.group(1)) if width and 0 < int(width.group(1)) < _MAX_TEXT_LENGTH else None
        declared_columns.append(
            FieldInfo(name, _FIELD_TYPES_BY_SQL_TYPE.get(plain_type, ""), length, title, codes.get(domain, {}))
        )
    return tuple(declared_columns)


@contextmanager
def open_filegdb(path: Path) -> Iterator[Any]:
    """Yield a file geodatabase as a GDAL data set; None if it cannot be opened, or without osgeo.

    GDAL prints nothing within the block.
    """
    try:
        from osgeo import gdal
    except ImportError:
        yield None
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gdal.PushErrorHandler("CPLQuietErrorHandler")
        try:
            yield gdal.OpenEx(str(path), gdal.OF_VECTOR, ["OpenFileGDB"])
        finally:
            gdal.PopErrorHandler()


def _read_filegdb(path: Path) -> dict[str, DeclaredTable]:
    """Return layer name → declaration of each layer in a file geodatabase; empty without osgeo."""
    with open_filegdb(path) as database:
        if database is None:
            # The declarations are unknown.
            return {}
        from osgeo import ogr

        declared_tables = {}
        for layer in (database.GetLayer(n) for n in range(database.GetLayerCount())):
            reference = layer.GetSpatialRef()
            crs = "" if reference is None else str(reference.ExportToWkt(["FORMAT=WKT2_2019"]))
            if reference is not None and reference.GetAuthorityName(None) == "EPSG":
                crs = f"EPSG:{reference.GetAuthorityCode(None)}"
            definition = layer.GetLayerDefn()
            columns = []
            for number in range(definition.GetFieldCount()):
                column = definition.GetFieldDefn(number)
                domain: Any = database.GetFieldDomain(column.GetDomainName()) if column.GetDomainName() else None
                is_coded_domain = domain is not None and domain.GetDomainType() == ogr.OFDT_CODED
                width = column.GetWidth()
                has_limit = column.GetType() == ogr.OFTString and 0 < width < _MAX_TEXT_LENGTH
                name_by_code = domain.GetEnumeration() if is_coded_domain else {}
                columns.append(
                    FieldInfo(
                        column.GetName(),
                        _FIELD_TYPES_BY_OGR_TYPE.get(column.GetTypeName(), ""),
                        length=width if has_limit else None,
                        alias=column.GetAlternativeName(),
                        codes={str(code): name or "" for code, name in name_by_code.items()},
                    )
                )
            declared_tables[layer.GetName()] = DeclaredTable(tuple(columns), layer.GetFeatureCount() == 0, crs)
        return declared_tables


#: EPSG code and definition of a CRS, as stored; the code is None if only the definition names one.
_CrsDefinition = tuple[int | None, str]


def find_contradicting_crs(path: Path, name: str) -> str:
    """Return the CRS that a layer's stored definition describes, if its code is that of another CRS.

    Parameters
    ----------
    path
        GeoPackage, file geodatabase or shapefile; other formats store no code beside a definition.
    name
        Name of the layer in the file.

    Returns
    -------
    str
        Code or name of the described CRS. Empty if code and definition agree, or if one of them is missing. Empty also
        if the file cannot be read, since reading its rows reports that.
    """
    for code, text in _read_definitions(path, name):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                described_crs = CRS.from_user_input(text) if text else None
            except CRSError:
                # "undefined", and definitions that only one program knows: there is nothing to compare.
                continue
            if described_crs is None:
                continue
            if code is None:
                definition_id = described_crs.to_json_dict().get("id", {})
                is_code = definition_id.get("authority") == "EPSG" and str(definition_id.get("code")).isdecimal()
                code = int(definition_id["code"]) if is_code else None
            try:
                coded_crs = CRS.from_epsg(code) if code is not None else None
            except CRSError:
                # EPSG lacks the code.
                continue
        if coded_crs is not None and not have_same_parameters(coded_crs, described_crs):
            return make_crs_label(parse_crs(text) or described_crs)
    return ""


def _read_definitions(path: Path, name: str) -> list[_CrsDefinition]:
    """Return (EPSG code or None, WKT) of each definition of a layer's CRS; none if the file cannot be read."""
    kind = path.suffix.lower()
    try:
        if kind == ".gpkg":
            database = open_read_only(path)
            if database is None:
                return []
            with closing(database):
                names = database.execute("SELECT name FROM pragma_table_info('gpkg_spatial_ref_sys')").fetchall()
                crs_definitions: list[_CrsDefinition] = []
                # The second column of definitions is of the extension for WKT of 2015 and later.
                for column in sorted({name for (name,) in names} & {"definition", "definition_12_063"}):
                    row = database.execute(
                        f"SELECT s.organization, s.organization_coordsys_id, s.{column} FROM gpkg_geometry_columns g "  # nosec B608 # a constant
                        "JOIN gpkg_spatial_ref_sys s ON s.srs_id = g.srs_id WHERE lower(g.table_name) = lower(?)",
                        (name,),
                    ).fetchone()
                    # SQLite does not enforce types: a code may be text.
                    if row and str(row[0]).upper() == "EPSG" and str(row[1]).isdecimal():
                        crs_definitions.append((int(row[1]), str(row[2] or "")))
            return crs_definitions
        if kind == ".gdb":
            definition_xml = ""
            with open_filegdb(path) as data_set:
                rows = data_set.ExecuteSQL(f"GetLayerDefinition {name}") if data_set is not None else None
                if rows is not None:
                    feature = rows.GetNextFeature()
                    definition_xml = feature.GetField(0) if feature is not None else ""
                    data_set.ReleaseResultSet(rows)
            reference = re.search(r"<SpatialReference\b.*?</SpatialReference>", definition_xml or "", re.DOTALL)
            items = dict(re.findall(r"<(WKT|WKID|LatestWKID)>([^<]*)<", reference.group())) if reference else {}
            code = items.get("LatestWKID") or items.get("WKID") or ""
            return [(int(code), html.unescape(items.get("WKT", "")))] if code.isdecimal() else []
        if kind == ".shp":
            return [(None, read_prj(path).decode("utf-8", "replace"))]
    except (*DATABASE_ERRORS, OSError, RuntimeError):
        # Reading the rows reports a damaged file.
        return []
    return []

# SPDX-License-Identifier: GPL-2.0-or-later
"""Definitions of coordinate systems in files that contradict their codes.

A file describes a layer's CRS twice: by an EPSG code, and by the parameters of its projection (WKT). Drivers use the
code. Other programs use the parameters, and then place the layer elsewhere.
"""

from __future__ import annotations

import html
import re
import warnings
from contextlib import closing
from pathlib import Path

from pyproj import CRS
from pyproj.exceptions import CRSError

from ...base.files.open_datasource import DATABASE_ERRORS, read_prj
from ...geometry.crs import have_same_parameters, make_crs_label, parse_crs
from .field_types import open_filegdb
from .records import open_read_only

#: EPSG code and definition of a CRS, as stored; the code is None if only the definition names one.
_CrsDefinition = tuple[int | None, str]
#: Columns of `gpkg_spatial_ref_sys` with definitions; the second one is of the extension for WKT of 2015 and later.
_DEFINITION_COLUMNS = ("definition", "definition_12_063")


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
            described_crs = _parse_crs(text)
            coded_crs = _make_coded_crs(code, described_crs)
        if described_crs is None or coded_crs is None:
            continue
        if not have_same_parameters(coded_crs, described_crs):
            return make_crs_label(parse_crs(text) or described_crs)
    return ""


def _read_definitions(path: Path, name: str) -> list[_CrsDefinition]:
    """Return (EPSG code or None, WKT) of each definition of a layer's CRS; none if the file cannot be read."""
    kind = path.suffix.lower()
    try:
        if kind == ".gpkg":
            return _read_geopackage(path, name)
        if kind == ".gdb":
            return _read_filegdb(path, name)
        if kind == ".shp":
            return [(None, read_prj(path).decode("utf-8", "replace"))]
    except (*DATABASE_ERRORS, OSError, RuntimeError):
        # Reading the rows reports a damaged file.
        return []
    return []


def _read_geopackage(path: Path, name: str) -> list[_CrsDefinition]:
    """Return (EPSG code, WKT) of each definition of a layer's CRS in a GeoPackage."""
    database = open_read_only(path)
    if database is None:
        return []
    with closing(database):
        column_names = {
            column for (column,) in database.execute("SELECT name FROM pragma_table_info('gpkg_spatial_ref_sys')")
        }
        crs_definitions: list[_CrsDefinition] = []
        for column in sorted(column_names.intersection(_DEFINITION_COLUMNS)):
            row = database.execute(
                f"SELECT s.organization, s.organization_coordsys_id, s.{column} FROM gpkg_geometry_columns g "  # nosec B608 # a constant
                "JOIN gpkg_spatial_ref_sys s ON s.srs_id = g.srs_id WHERE lower(g.table_name) = lower(?)",
                (name,),
            ).fetchone()
            # SQLite does not enforce types: a code may be text.
            if row and str(row[0]).upper() == "EPSG" and str(row[1]).isdecimal():
                crs_definitions.append((int(row[1]), str(row[2] or "")))
    return crs_definitions


def _read_filegdb(path: Path, name: str) -> list[_CrsDefinition]:
    """Return (EPSG code, WKT) of the CRS of a layer in a file geodatabase; none without a code."""
    definition_xml = ""
    with open_filegdb(path) as database:
        rows = database.ExecuteSQL(f"GetLayerDefinition {name}") if database is not None else None
        if rows is not None:
            feature = rows.GetNextFeature()
            definition_xml = feature.GetField(0) if feature is not None else ""
            database.ReleaseResultSet(rows)
    reference = re.search(r"<SpatialReference\b.*?</SpatialReference>", definition_xml or "", re.DOTALL)
    items = dict(re.findall(r"<(WKT|WKID|LatestWKID)>([^<]*)<", reference.group())) if reference else {}
    code = items.get("LatestWKID") or items.get("WKID") or ""
    return [(int(code), html.unescape(items.get("WKT", "")))] if code.isdecimal() else []


def _parse_crs(text: str) -> CRS | None:
    """Return the CRS of a WKT; None if the text is empty or no CRS."""
    try:
        return CRS.from_user_input(text) if text else None
    except CRSError:
        # "undefined", and definitions that only one program knows: there is nothing to compare.
        return None


def _make_coded_crs(code: int | None, described_crs: CRS | None) -> CRS | None:
    """Return the CRS of a code, or without one of the code within the definition; None if EPSG lacks the code."""
    if code is None and described_crs is not None:
        definition_id = described_crs.to_json_dict().get("id", {})
        is_code = definition_id.get("authority") == "EPSG" and str(definition_id.get("code")).isdecimal()
        code = int(definition_id["code"]) if is_code else None
    try:
        return CRS.from_epsg(code) if code is not None else None
    except CRSError:
        return None

# SPDX-License-Identifier: GPL-2.0-or-later
"""Recognise files that may hold a plan layer, by name, first bytes, texts, and the list of files in an archive.

Texts are searched for geometry, a GeoPackage for tables that no driver lists as layers.
"""

from __future__ import annotations

import re
import sqlite3
import struct
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from ...base.files.encoding import find_sibling_file
from ...base.files.open_datasource import DATABASE_ERRORS
from .records import quote_sql_name

#: The heading of a file of boundary points, in half-width or full-width brackets and in each encoding.
_BOUNDARY_POINTS_HEADINGS = b"|".join(
    re.escape(f"{bracket}地块坐标".encode(encoding))
    for bracket in "[［【"
    for encoding in ("utf-8", "gbk", "utf-16-le")
)
#: GeoJSON, Esri JSON, TopoJSON, GML, KML, a virtual layer of GDAL; WKT; WKB in hexadecimal digits; boundary points.
_TEXT_GEOMETRY_PATTERN = re.compile(
    rb"FeatureCollection|\"Feature\"|esriGeometry|\"Topology\"|<kml|<OGRVRT|\"(?:coordinates|rings)\"\s*:\s*\["
    rb"|POLYGON|(?i:polygon\s*(?:z|m|zm)?\s*\(\s*\()|\b010[36]0000[0-9A-Fa-f]{34}|" + _BOUNDARY_POINTS_HEADINGS
)
#: Tables of the format itself, and those of QGIS and GDAL.
INTERNAL_TABLE_PREFIXES = ("gpkg_", "rtree_", "sqlite_", "ogr_", "layer_styles", "qgis_")
#: Suffixes of GeoParquet, which is read without GDAL.
PARQUET_SUFFIXES = (".parquet", ".geoparquet")
#: Formats that a folder is searched for.
READ_SUFFIXES = (
    *(".shp", ".gpkg", ".geojson", ".json", ".gml", ".kml", ".tab", ".fgb"),
    *PARQUET_SUFFIXES,
)
#: Formats of layers that a folder is not searched for.
UNREAD_FORMATS = {
    ".vct": "VCT",
    ".mdb": "MDB",
    ".accdb": "ACCDB",
    ".dwg": "DWG",
    ".dxf": "DXF",
    ".dgn": "DGN",
    ".kmz": "KMZ",
    ".mif": "MIF",
    ".arrow": "Arrow",
    ".feather": "Arrow",
    ".e00": "E00",
    ".gdbtable": "FileGDB",
    ".geojsonl": "GeoJSON",
    ".geojsons": "GeoJSON",
    ".topojson": "TopoJSON",
    ".shz": "shapefile",
    ".wl": "MapGIS",
    ".wp": "MapGIS",
    ".wt": "MapGIS",
    ".lpk": "ArcGIS",
    ".mpk": "ArcGIS",
    ".gpkx": "ArcGIS",
}
ARCHIVE_SUFFIXES = (".zip", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz")
#: Files that never hold a layer: documents and workbooks, pictures, parts of a dataset read by its main file.
_DOCUMENT_SUFFIXES = (
    *(".xlsx", ".xlsm", ".xls", ".et"),
    *(".docx", ".doc", ".pptx", ".ppt", ".pdf", ".wps", ".odt", ".ods", ".qgs", ".mxd", ".aprx", ".qml"),
    *(".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".gif", ".svg", ".img", ".ecw", ".mbtiles", ".html", ".htm"),
    *(".shx", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".xsd", ".gfs", ".lock", ".toml", ".md", ".log"),
)
#: First bytes of files that hold layers, or an archive of them, whatever their names are.
_FILE_SIGNATURES = (
    (b"SQLite format 3\0", "SQLite"),
    (b"\0\x01\0\0Standard Jet DB", "MDB"),
    (b"\0\x01\0\0Standard ACE DB", "ACCDB"),
    (b"\0\0\x27\x0a", "shapefile"),
    (b"AC10", "DWG"),
    (b"fgb\x03", "FlatGeobuf"),
    (b"PAR1", "GeoParquet"),
    (b"DataMark:VCT", "VCT"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf\x27\x1c", "7Z"),
    (b"PK\x03\x04", "ZIP"),
)
#: Texts that hold layers if their content shows it (WKT in a CSV, GML as .xml, boundary points).
_TEXT_SUFFIXES = (".json", ".xml", ".vrt", ".csv", ".tsv", ".txt", ".wkt")
#: Bytes of a text, and texts of an archive, that are searched for geometry.
_INSPECTED_BYTE_COUNT, _INSPECTED_ENTRY_COUNT = 2**16, 50


def does_text_have_geometry(text: bytes) -> bool:
    """Return True if a text names itself a format of layers or of boundary points, or contains a polygon."""
    # Without zeros, words of ASCII are the same in UTF-16.
    return any(_TEXT_GEOMETRY_PATTERN.search(one) for one in (text, text.replace(b"\0", b"")))


class HiddenTable(NamedTuple):
    """A table or view of a database that is not among its listed layers, or cannot be read as one layer.

    ``columns``: their names; ``problem``: as of `SourceLayer`, None if the table is read by a view or reported as part
    of another one; ``row_count``: number of rows of a table without geometry, else None.
    """

    columns: list[str]
    problem: tuple[str, dict[str, Any]] | None
    row_count: int | None = None


#: A table that a database lists as a layer, but does not have, or has damaged.
MISSING_TABLE = HiddenTable([], ("layer_table_missing", {}))


def find_hidden_tables(path: Path, layers: set[str], tables: set[str]) -> dict[str, HiddenTable]:
    """Return name → table or view of a GeoPackage that the lists of layers and tables omit.

    ``layers``, ``tables``: names in the two lists. A table with geometry is hidden if it is not among ``layers``, any
    other table if it is not among ``tables``. A registered table that is missing or has several columns of shapes is
    hidden, too, and one that a view reads, which is a layer or hidden itself. Empty for other formats.
    """
    if path.suffix.lower() != ".gpkg" or path.with_name(f"{path.name}-wal").exists():
        return {}
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
        try:
            view_by_name = {
                name: str(sql) if kind == "view" else ""
                for name, kind, sql in database.execute(
                    "SELECT name, type, sql FROM sqlite_master WHERE type IN ('table', 'view')"
                )
            }
            registered_names = [
                str(name)
                for (name,) in database.execute("SELECT table_name FROM gpkg_contents WHERE data_type = 'features'")
            ]
            geometry_columns = database.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchall()
        except DATABASE_ERRORS:
            # Damaged as a whole: reading the layers reports that.
            return {}
        view_texts = " ".join(view_by_name.values())
        hidden_tables: dict[str, HiddenTable] = {}
        for name in dict.fromkeys([*view_by_name, *registered_names]):
            if name in layers or name.lower().startswith(INTERNAL_TABLE_PREFIXES):
                continue
            try:
                table = _inspect_table(database, name, tables)
            except DATABASE_ERRORS:
                # Missing, damaged, or (if it is not registered) of an extension that SQLite lacks.
                table = MISSING_TABLE if name in registered_names else None
            if view_by_name.get(name) == "" and re.search(rf"\b{re.escape(name)}\b", view_texts, re.IGNORECASE):
                table = HiddenTable([], None)
            shape_columns = [column for table_name, column in geometry_columns if table_name == name]
            if table is not None and len(shape_columns) > 1:
                table = HiddenTable(
                    table.columns,
                    ("shape_columns", {"count": len(shape_columns), "columns": "、".join(map(str, shape_columns))}),
                )
                # A driver makes a layer for each of them.
                hidden_tables |= {f"{name} ({column})": HiddenTable([], None) for column in shape_columns}
            if table is not None:
                hidden_tables[str(name)] = table
    return hidden_tables


def _inspect_table(database: sqlite3.Connection, name: str, tables: set[str]) -> HiddenTable | None:
    """Return a table or view that is not a layer; None for one without geometry among ``tables``.

    Raise sqlite3.Error if it cannot be read.
    """
    quoted = quote_sql_name(name)
    cursor = database.execute(f"SELECT * FROM {quoted} LIMIT 50")  # nosec B608 # the name is quoted
    columns, rows = [str(column[0]) for column in cursor.description], cursor.fetchall()
    if any(isinstance(value, bytes) and value[:2] == b"GP" for row in rows for value in row):
        return HiddenTable(columns, ("unregistered", {}))
    if name in tables:
        return None
    count = database.execute(f"SELECT COUNT(*) FROM {quoted}").fetchone()[0]  # nosec B608 # the name is quoted
    return HiddenTable(columns, ("table", {}), int(count))


def detect_file_format(path: Path) -> str:
    """Return the format of a file that may hold a plan layer, such as ``DWG``; empty for other files.

    Raises OSError.
    """
    suffix, name = path.suffix.lower(), path.name
    # The lock file of an open document, and metadata of macOS.
    if name.startswith("~$") or (name.startswith("._") and _read_start(path, 4) == b"\0\x05\x16\x07"):
        return ""
    if suffix == ".json":
        return "GeoJSON" if does_text_file_have_shapes(path) else ""
    if suffix in READ_SUFFIXES:
        return suffix[1:].upper()
    if suffix in UNREAD_FORMATS:
        return UNREAD_FORMATS[suffix]
    if suffix == ".dbf":
        if any(find_sibling_file(path, other) for other in (".shp", ".shx", ".tab")):
            return ""
        head = _read_start(path, _INSPECTED_BYTE_COUNT)
        # Each field is described by 32 bytes, which begin with its name.
        names = {
            head[at : at + 11].split(b"\0")[0].strip().upper()
            for at in range(32, min(int.from_bytes(head[8:10], "little"), len(head)), 32)
        }
        # Each layer of a plan has this field (标识码): a table with it has lost its geometry.
        return "DBF" if b"BSM" in names else ""
    if suffix == ".qgz":
        return "QGZ" if zipfile.is_zipfile(path) and _does_archive_have_data(path) else ""
    if suffix in _TEXT_SUFFIXES:
        return suffix[1:].upper() if does_text_file_have_shapes(path) else ""
    if suffix in ARCHIVE_SUFFIXES:
        return suffix[1:].upper() if _does_archive_have_data(path) else ""
    if suffix in _DOCUMENT_SUFFIXES:
        return ""
    start = _read_start(path, 32)
    format_name = next((name for signature, name in _FILE_SIGNATURES if start.startswith(signature)), "")
    is_text = not format_name and (b"\0" not in start or start[:2] in (b"\xff\xfe", b"\xfe\xff"))
    if is_text and does_text_file_have_shapes(path):
        return suffix[1:].upper() or "TXT"
    return format_name if format_name != "ZIP" or _does_archive_have_data(path) else ""


def does_text_file_have_shapes(path: Path) -> bool:
    """Return True if a text file begins with geometry, or with the heading of boundary points."""
    return does_text_have_geometry(_read_start(path, _INSPECTED_BYTE_COUNT))


def _read_start(path: Path, size: int) -> bytes:
    """Return the first bytes of a file, at most ``size``."""
    with path.open("rb") as handle:
        return handle.read(size)


def _does_archive_have_data(path: Path) -> bool:
    """Return True if a ZIP archive contains GIS data, or cannot be listed."""
    try:
        with zipfile.ZipFile(path) as archive:
            entry_paths = [Path(name) for name in archive.namelist()]
            texts = [name for name in archive.namelist() if Path(name).suffix.lower() in _TEXT_SUFFIXES]
            has_text_geometry = any(
                does_text_have_geometry(archive.open(name).read(_INSPECTED_BYTE_COUNT))
                for name in texts[:_INSPECTED_ENTRY_COUNT]
            )
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error):
        return True
    except RuntimeError:
        # Encrypted: only the listing is known.
        has_text_geometry = False
    return (
        bool(
            {name.suffix.lower() for name in entry_paths}
            & {*READ_SUFFIXES, *UNREAD_FORMATS, *ARCHIVE_SUFFIXES, ".sqlite", ".db", ".mldata"} - {".json"}
        )
        or has_text_geometry
    )

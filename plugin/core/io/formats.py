# SPDX-License-Identifier: GPL-2.0-or-later
"""Which files may hold a layer of a plan: by their names, their first bytes, and what an archive lists."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

#: What a folder is searched for.
TABLES = (".shp", ".gpkg", ".geojson", ".json", ".gml", ".kml", ".tab")
#: Formats of layers that no folder is searched for.
UNREAD = {
    ".vct": "VCT",
    ".mdb": "MDB",
    ".accdb": "ACCDB",
    ".dwg": "DWG",
    ".dxf": "DXF",
    ".dgn": "DGN",
    ".kmz": "KMZ",
    ".mif": "MIF",
    ".fgb": "FlatGeobuf",
    ".parquet": "GeoParquet",
    ".geoparquet": "GeoParquet",
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
ARCHIVES = (".zip", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz")
#: Files that hold no layer whatever they begin with: documents (zip inside), pictures, parts of a dataset read by its main file.
_PLAIN = (
    *(".docx", ".doc", ".pptx", ".ppt", ".pdf", ".wps", ".et", ".odt", ".ods", ".qgz", ".qgs", ".mxd", ".aprx", ".qml"),
    *(".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".gif", ".svg", ".img", ".ecw", ".mbtiles", ".html", ".htm"),
    *(".shx", ".dbf", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".lock", ".toml", ".md", ".log"),
)
#: First bytes of files that hold layers, or an archive of them, whatever they are called.
_BEGINNINGS = (
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
#: Words of text that draws shapes: GeoJSON, Esri JSON, TopoJSON, GML, KML, WKT.
_DRAWN = (b"FeatureCollection", b'"Feature"', b"esriGeometry", b'"Topology"', b"<kml", b"POLYGON")
_TEXTS = (".json", ".xml", ".csv", ".tsv", ".txt", ".wkt")
_BOOKS = (".xlsx", ".xlsm")
#: Bytes of a text that are searched for shapes, and of a sheet of a workbook.
_HEAD, _SHEET = 2**16, 2**20


def format_of(path: Path) -> str:
    """The format of a file that may hold a layer of a plan; empty for one that cannot. Raises OSError."""
    suffix, name = path.suffix.lower(), path.name
    if name.startswith("~$") or (name.startswith("._") and _begins(path, 4) == b"\0\x05\x16\x07"):
        # The lock of an open document; what macOS keeps of a file beside it.
        return ""
    if suffix == ".json":
        return "GeoJSON" if holds_shapes(path) else ""
    if suffix in TABLES:
        return suffix[1:].upper()
    if suffix in UNREAD:
        return UNREAD[suffix]
    if suffix in _BOOKS:
        return "XLSX" if _book_holds_shapes(path) else ""
    if suffix in _TEXTS:
        return suffix[1:].upper() if holds_shapes(path) else ""
    if suffix in ARCHIVES:
        return suffix[1:].upper() if _archive_holds_data(path) else ""
    return "" if suffix in _PLAIN else _by_beginning(path)


def holds_shapes(path: Path) -> bool:
    """Is it a text that draws shapes? Seen from its beginning."""
    head = _begins(path, _HEAD)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head.replace(b"\0", b"")
    return any(word in head for word in _DRAWN)


def _begins(path: Path, size: int) -> bytes:
    with path.open("rb") as handle:
        return handle.read(size)


def _by_beginning(path: Path) -> str:
    head = _begins(path, 32)
    found = next((name for start, name in _BEGINNINGS if head.startswith(start)), "")
    return found if found != "ZIP" or _archive_holds_data(path) else ""


def _archive_holds_data(path: Path) -> bool:
    """Does an archive list data? One that cannot be listed here may."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [Path(name) for name in archive.namelist()]
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error):
        return True
    suffixes = {name.suffix.lower() for name in names}
    return bool(suffixes & {*TABLES, *UNREAD, *ARCHIVES, ".sqlite", ".db"} - {".json"})


def _book_holds_shapes(path: Path) -> bool:
    """Does a workbook hold shapes as text (WKT)? One that cannot be opened holds no layer that anybody could read."""
    try:
        with zipfile.ZipFile(path) as book:
            sheets = [n for n in book.namelist() if n == "xl/sharedStrings.xml" or n.startswith("xl/worksheets/sheet")]
            for name in sheets[:20]:
                with book.open(name) as sheet:
                    if b"POLYGON" in sheet.read(_SHEET):
                        return True
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError):
        return False
    return False

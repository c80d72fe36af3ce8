# SPDX-License-Identifier: GPL-2.0-or-later
"""Recognise files that may hold a plan layer, by name, first bytes, and the list of files in an archive."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

from ...base.files.encoding import find_sibling_file
from .text_geometry import does_text_have_geometry

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
#: Each layer of a plan has this field (标识码): a table with it has lost its geometry.
_KEY_FIELD_BYTES = b"BSM"


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
        places = range(32, min(int.from_bytes(head[8:10], "little"), len(head)), 32)
        names = {head[at : at + 11].split(b"\0")[0].strip().upper() for at in places}
        return "DBF" if _KEY_FIELD_BYTES in names else ""
    if suffix == ".qgz":
        return "QGZ" if zipfile.is_zipfile(path) and _does_archive_have_data(path) else ""
    if suffix in _TEXT_SUFFIXES:
        return suffix[1:].upper() if does_text_file_have_shapes(path) else ""
    if suffix in ARCHIVE_SUFFIXES:
        return suffix[1:].upper() if _does_archive_have_data(path) else ""
    return "" if suffix in _DOCUMENT_SUFFIXES else _detect_format(path)


def does_text_file_have_shapes(path: Path) -> bool:
    """Return True if a text file begins with geometry, or with the heading of boundary points."""
    return does_text_have_geometry(_read_start(path, _INSPECTED_BYTE_COUNT))


def _read_start(path: Path, size: int) -> bytes:
    """Return the first bytes of a file, at most ``size``."""
    with path.open("rb") as handle:
        return handle.read(size)


def _detect_format(path: Path) -> str:
    """Return the format that the first bytes of a file show; empty if it cannot hold a plan layer."""
    head = _read_start(path, 32)
    format_name = next((name for start, name in _FILE_SIGNATURES if head.startswith(start)), "")
    if (
        not format_name
        and (b"\0" not in head or head[:2] in (b"\xff\xfe", b"\xfe\xff"))
        and does_text_file_have_shapes(path)
    ):
        return path.suffix[1:].upper() or "TXT"
    return format_name if format_name != "ZIP" or _does_archive_have_data(path) else ""


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
    suffixes = {name.suffix.lower() for name in entry_paths}
    return (
        bool(suffixes & {*READ_SUFFIXES, *UNREAD_FORMATS, *ARCHIVE_SUFFIXES, ".sqlite", ".db", ".mldata"} - {".json"})
        or has_text_geometry
    )

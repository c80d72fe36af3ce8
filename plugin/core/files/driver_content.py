# SPDX-License-Identifier: GPL-2.0-or-later
"""The gate of files that GDAL opens: content of the suffix's driver only, which names no other file and no server.

GDAL chooses a driver by content, whatever the suffix. Some drivers then read files, or ask servers, that the content
names. The content is examined before GDAL opens a file, because pyogrio cannot limit the drivers.
"""

from __future__ import annotations

import json
import mmap
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from ..errors import InputError
from .encoding import find_sibling_file
from .writing import explain_os_error

_JSON_DRIVERS = ["GeoJSON", "GeoJSONSeq", "ESRIJSON", "TopoJSON", "JSONFG"]
_JSON_START = re.compile(rb"(?:\xef\xbb\xbf)?[\s\x1e]*[{\[]")
_XML_START = re.compile(rb"[\xef\xbb\xbf\xff\xfe\0\s]*<")
_ANY_START = re.compile(rb"")
#: Suffix → GDAL drivers that may open the file, and how its content begins.
_FORMATS = {
    ".shp": (["ESRI Shapefile"], re.compile(rb"\0\0\x27\x0a")),
    ".gpkg": (["GPKG"], re.compile(rb"SQLite format 3\0")),
    ".gdb": (["OpenFileGDB"], _ANY_START),
    ".fgb": (["FlatGeobuf"], re.compile(rb"fgb\x03")),
    ".geojson": (_JSON_DRIVERS, _JSON_START),
    ".json": (_JSON_DRIVERS, _JSON_START),
    ".gml": (["GML"], _XML_START),
    ".kml": (["LIBKML", "KML"], _XML_START),
    ".tab": (["MapInfo File"], re.compile(rb"\s*!table", re.IGNORECASE)),
}
#: Bytes in which drivers search for their marks; bytes of a small file that is read completely.
_HEAD_BYTES, _SMALL_FILE_BYTES = 2**16, 2**24
#: Tables of a FileGDB that describe the others.
_LAST_SYSTEM_TABLE = "a00000008"
#: Marks of virtual layers, web services and algorithms.
_MARK_PATTERN = re.compile(rb"<OGR\w*DataSource|gdal_streamed_alg", re.IGNORECASE)
#: MapInfo tables that consist of other tables.
_JOINED_TABLE_PATTERN = re.compile(
    rb"^\s*(?:create\s+view|open\s+table)\b[^\r\n]{0,80}|\\IsSeamless\"\s*=\s*\"TRUE", re.IGNORECASE | re.MULTILINE
)
#: Files in the definition of a CRS, which PROJ opens: grids, and lists of definitions.
CRS_FILE_PATTERN = re.compile(
    r"(?:PROJ4_GRIDS|PARAMETERFILE|\+\w*grids=(?!@null\b)|\+init=(?!epsg:))[^\x00-\x1f\]\ufffd]{0,80}", re.IGNORECASE
)
#: The key of a CRS in GeoJSON or Esri JSON; each letter may be written as its number.
_JSON_CRS_KEY = re.compile(
    b'"(?:'
    + b"|".join(
        b"".join(rb"(?:%c|\\u00%x|\\u00%x)" % (letter, letter, letter - 32) for letter in word)
        for word in (b"crs", b"spatialreference")
    )
    + b')"',
    re.IGNORECASE,
)
#: Bytes of a CRS in JSON that are read.
_JSON_CRS_BYTES = 2**14
#: Virtual tables, and those that only index their own database; modules of SpatiaLite and GDAL read other files.
_VIRTUAL_TABLE_PATTERN = re.compile(r"create(?:\s|/\*.*?\*/|--.*?\n)*virtual\b.*", re.IGNORECASE | re.DOTALL)
_INDEX_PATTERN = re.compile(
    r"create virtual table (?:if not exists )?(?:\"[^\"]*\"|'[^']*'|\w+) using \"?(?:rtree|fts[345])\w*\"?\s*\(.*",
    re.IGNORECASE | re.DOTALL,
)


def check_content(path: Path, name: Path | None = None) -> list[str] | None:
    """Return the GDAL drivers that may open a file, None for a format without limits.

    ``name``: the file's path for messages, if ``path`` is a copy.

    Raises
    ------
    InputError
        The content is not that of the suffix's format, or it names other files or a server.
    """
    drivers, start = _FORMATS.get(path.suffix.lower(), (None, _ANY_START))
    try:
        heads = _read_heads(path)
        reference = next(_find_references(path, heads), "") if heads else ""
    except OSError as error:
        raise InputError("source_no_access", source=str(name or path), detail=explain_os_error(error)) from error
    if reference:
        raise InputError("source_refers", source=str(name or path), detail=" ".join(reference.split())[:100])
    if not heads or not start.match(heads[0]):
        raise InputError("source_not_gis", source=str(name or path), detail="unknown_format")
    return drivers


def _read_heads(path: Path) -> list[bytes]:
    """Return the first bytes of a file, or the descriptions of the tables of a FileGDB."""
    if not path.is_dir():
        with path.open("rb") as handle:
            return [handle.read(_SMALL_FILE_BYTES if path.suffix.lower() == ".tab" else _HEAD_BYTES)]
    heads = []
    for file in sorted(one for one in path.iterdir() if one.suffix.lower() == ".gdbtable"):
        with file.open("rb") as handle:
            head = handle.read(40)
            if file.stem.lower() > _LAST_SYSTEM_TABLE:
                handle.seek(min(int.from_bytes(head[32:40], "little"), file.stat().st_size))
                heads.append(handle.read(_HEAD_BYTES))
            else:
                heads.append(head + handle.read(_SMALL_FILE_BYTES))
    return heads


def _find_references(path: Path, heads: list[bytes]) -> Iterator[str]:
    """Yield texts with which a file names other files or servers."""
    suffix = path.suffix.lower()
    texts: list[bytes] = []
    # Drivers search text, which ends at the first zero.
    mark = _MARK_PATTERN.search(heads[0].split(b"\0", 1)[0])
    if suffix == ".tab":
        mark = mark or _JOINED_TABLE_PATTERN.search(heads[0])
    elif suffix == ".gdb":
        texts = heads
    elif suffix == ".fgb":
        texts = [heads[0][12 : 12 + int.from_bytes(heads[0][8:12], "little")]]
    elif suffix == ".shp":
        texts = [read_prj(path) or b""]
    elif heads[0].startswith(b"SQLite format 3\0"):
        yield from _find_references_of_database(path)
    if mark:
        yield mark[0].decode("utf-8", "replace")
    elif _FORMATS.get(suffix, ([], None))[0] is _JSON_DRIVERS and heads[0]:
        yield from _find_references_of_json(path)
    for text in texts:
        # FileGDB stores some definitions in UTF-16.
        if crs_file := CRS_FILE_PATTERN.search(text.replace(b"\0", b"").decode("utf-8", "replace")):
            yield crs_file[0]


def read_prj(path: Path) -> bytes | None:
    """Return the bytes that define the CRS of a shapefile; None without a .prj."""
    prj = find_sibling_file(path, ".prj")
    if prj is None:
        return None
    with prj.open("rb") as handle:
        return handle.read(_HEAD_BYTES)


def _find_references_of_json(path: Path) -> Iterator[str]:
    """Yield each CRS in GeoJSON or Esri JSON that is a link, names a file, or is too long to be read."""
    with path.open("rb") as handle:
        # The matches hold the mapped file, which is released with them.
        content = mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
        for key in _JSON_CRS_KEY.finditer(content):
            text = content[key.end() : key.end() + _JSON_CRS_BYTES].decode("utf-8", "replace")
            colon = re.match(r"\s*:\s*(?=\{)", text)
            if colon is None:
                continue
            try:
                crs, _ = json.JSONDecoder().raw_decode(text, colon.end())
            except (ValueError, RecursionError):
                yield text
                return
            kinds = {str(value).split("\0")[0].lower() for name, value in crs.items() if name.lower() == "type"}
            definition = json.dumps(crs, ensure_ascii=False)
            crs_file = CRS_FILE_PATTERN.search(definition)
            if crs_file or kinds & {"link", "url"}:
                yield crs_file[0] if crs_file else f"crs {definition}"


def _find_references_of_database(path: Path) -> Iterator[str]:
    """Yield tables of a SQLite database that other files hold, and CRSs that name files."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            database.text_factory = lambda text: text.decode("utf-8", "replace")
            # Otherwise a table that this version of SQLite cannot parse would hide the others.
            database.execute("PRAGMA writable_schema = ON")
            statements = [str(sql) for (sql,) in database.execute("SELECT sql FROM sqlite_master")]
            yield from (s for s in statements if _VIRTUAL_TABLE_PATTERN.match(s) and not _INDEX_PATTERN.fullmatch(s))
            for row in database.execute("SELECT * FROM gpkg_spatial_ref_sys"):
                yield from (one[0] for one in map(CRS_FILE_PATTERN.search, map(str, row)) if one)
    except sqlite3.Error:
        # Damaged, or no GeoPackage: reading the layers reports it.
        return

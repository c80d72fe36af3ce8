# SPDX-License-Identifier: GPL-2.0-or-later
"""The gate of files that a GIS driver opens: permission, completeness, content, side effects.

GDAL chooses a driver by content, whatever the suffix. Some drivers then read files, or ask servers, that the content
names. So the content is examined before GDAL opens a file: it is that of the suffix's driver, and names no other file
and no server. pyogrio cannot limit the drivers.
"""

from __future__ import annotations

import json
import mmap
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from ..errors import InputError
from .encoding import ShapefileEncoding, find_shapefile_encoding, find_sibling_file
from .shapefile_index import write_index
from .writing import make_access_error

_JSON = (["GeoJSON", "GeoJSONSeq", "ESRIJSON", "TopoJSON", "JSONFG"], rb"(?:\xef\xbb\xbf)?[\s\x1e]*[{\[]")
_XML_START = rb"[\xef\xbb\xbf\xff\xfe\0\s]*<"
#: Suffix → GDAL drivers that may open the file, and how its content begins.
_FORMATS: dict[str, tuple[list[str] | None, bytes]] = {
    ".shp": (["ESRI Shapefile"], rb"\0\0\x27\x0a|\Z"),
    ".gpkg": (["GPKG"], rb"SQLite format 3\0"),
    ".gdb": (["OpenFileGDB"], rb"."),
    ".fgb": (["FlatGeobuf"], rb"fgb\x03"),
    **dict.fromkeys((".geojson", ".json", ".geojsonl", ".geojsons", ".topojson"), _JSON),
    ".gml": (["GML"], _XML_START),
    ".kml": (["LIBKML", "KML"], _XML_START),
    ".tab": (["MapInfo File"], rb"(?i)\s*!table"),
}
#: Under another suffix, content of these formats is refused.
_OTHER_FORMAT = (None, rb"(?![\xef\xbb\xbf\xff\xfe\0\s\x1e]*[{\[<])")
#: Bytes that are read: of a file in which drivers search for their marks, of a description, of a CRS in JSON.
_HEAD_BYTES, _DESCRIPTION_BYTES, _JSON_CRS_BYTES = 2**16, 2**24, 2**14
#: Files that describe others, and are read completely: MapInfo tables, and system tables of a FileGDB.
_DESCRIBING_FILE = re.compile(r".*\.tab|a0000000[1-8]\.gdbtable", re.IGNORECASE)
#: In turn: virtual layers and web services, algorithms, MapInfo tables made of others, a CRS in JSON that is a link or
#: cannot be read, virtual tables that do more than index their own database, grids and lists of definitions of a CRS,
#: which PROJ opens. It is searched in small letters: without regard to case the search takes five times as long.
_REFERENCE_PATTERN = re.compile(
    rb"(?:<ogr\w*datasource|gdal_streamed_alg|\\isseamless\"\s*=\s*\"true"
    rb"|!table\b[\s\S]*?\n[ \t]*(?:create\s+view|open\s+table)\b|crs = (?:\s*:|.*\"type\": \"(?:link|url)[\"\\])"
    rb"|create(?:\s|/\*[\s\S]*?\*/|--.*\n)*virtual\b"
    rb"(?! table (?:(?:\"[^\"]*\")+|\w+) using \"?(?:rtree|fts[345]|virtual(?:spatialindex|elementary|knn)))"
    rb"|proj4_grids|parameterfile|\+\w*grids=(?!@null\b)|\+init=(?!epsg:))[^\x00-\x1f]{0,80}"
)
#: Errors of SQLite; one whose message quotes damaged text cannot be decoded.
DATABASE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
#: The key of a CRS in GeoJSON or Esri JSON; each letter may be written as its number.
_JSON_CRS_KEY = re.compile(
    b'"(?:%b|%b)"'
    % tuple(
        b"".join(rb"(?:%c|\\u00%x|\\u00%x)" % (letter, letter, letter - 32) for letter in word)
        for word in (b"crs", b"spatialreference")
    ),
    re.IGNORECASE,
)
#: File format versions in the header of a database in WAL mode.
_WAL_MODE = b"\2\2"


def check_content(path: Path, name: Path | None = None) -> list[str] | None:
    """Return the GDAL drivers that may open a file, None for a format without limits.

    ``name``: the file's path for messages, if ``path`` is a copy.

    Raises
    ------
    InputError
        The file cannot be read, its content is not that of the suffix's format, or names other files or a server. A
        driver would report the first as “not recognized”.
    """
    drivers, start = _FORMATS.get(path.suffix.lower(), _OTHER_FORMAT)
    source = str(name or path)
    try:
        tables = [one for one in sorted(path.iterdir()) if one.suffix.lower() == ".gdbtable"] if path.is_dir() else []
        head = b"\n".join(map(_read_head, tables or [path] * path.is_file()))
        for text in _describe(path, head):
            if found := _REFERENCE_PATTERN.search(text.lower()):
                reference = text[max(found.start(), found.end() - 120) : found.end()].decode("utf-8", "replace")
                raise InputError("source_refers", source=source, detail=" ".join(reference.split()))
    except OSError as error:
        raise make_access_error(source, error) from error
    if not re.match(start, head):
        raise InputError("source_not_gis", source=source, detail="unknown_format")
    return drivers


def read_prj(path: Path) -> bytes:
    """Return the bytes that define the CRS of a shapefile; none without a .prj."""
    prj = find_sibling_file(path, ".prj")
    return _read_head(prj) if prj else b""


def _read_head(file: Path) -> bytes:
    """Return the first bytes of a file, in which drivers search and a table of a FileGDB describes its fields."""
    with file.open("rb") as handle:
        return handle.read(_DESCRIPTION_BYTES if _DESCRIBING_FILE.fullmatch(file.name) else _HEAD_BYTES)


def _describe(path: Path, head: bytes) -> Iterator[bytes]:
    """Yield the texts of a file that drivers search for other files and servers."""
    suffix = path.suffix.lower()
    # Drivers end a text at the first zero. A FileGDB has texts in UTF-16.
    text = head if suffix in (".gdb", ".fgb") else head.split(b"\0", 1)[0]
    yield (read_prj(path) if suffix == ".shp" else text).replace(b"\0", b"")
    if head.startswith(b"SQLite format 3\0"):
        # Immutable: SQLite leaves no files beside it. Reading the layers reports a damaged database.
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        with suppress(*DATABASE_ERRORS), closing(sqlite3.connect(uri, uri=True)) as database:
            database.text_factory = bytes
            # Otherwise a table that this version of SQLite cannot parse would hide the others.
            database.execute("PRAGMA writable_schema = ON")
            for table in ("sqlite_master", "gpkg_spatial_ref_sys"):
                rows = database.execute(f"SELECT * FROM {table}")  # nosec B608 # a constant
                yield from (text for row in rows for text in row if isinstance(text, bytes))
    if _FORMATS.get(suffix) is _JSON and head:
        with path.open("rb") as handle:
            # The matches hold the mapped file, which is released with them.
            content = mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
            for key in _JSON_CRS_KEY.finditer(content):
                crs = content[key.end() : key.end() + _JSON_CRS_BYTES].decode("utf-8", "replace")
                if colon := re.match(r"\s*:\s*(?=\{)", crs):
                    with suppress(ValueError, RecursionError):
                        crs = json.dumps(json.JSONDecoder().raw_decode(crs, colon.end())[0], ensure_ascii=False)
                    yield f"crs = {crs}".encode()


def read_whole_file(path: Path) -> bytes:
    """Return the content of a file that no driver reads. Raise InputError if it is missing or may not be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InputError("source_missing", source=str(path)) from error
    except OSError as error:
        raise make_access_error(path, error) from error


def check_shapefile_complete(path: Path) -> ShapefileEncoding:
    """Return the encoding of a shapefile, after a check that its files are complete.

    Raise InputError as `check_content`, or if one of them is truncated, or missing and not to be made anew
    (`provide_safe_path`). A driver reads a truncated shapefile without an error: shapes beyond the end are returned as
    missing.
    """
    if not path.exists():
        raise InputError("shapefile_part_missing", source=str(path), part=path.name)
    check_content(path)
    try:
        encoding = find_shapefile_encoding(path)
        for file in filter(None, (path, find_sibling_file(path, ".shx"))):
            header = _read_head(file)[:28]
            # The header counts 16-bit words.
            if len(header) < 28 or int.from_bytes(header[24:28], "big") * 2 > file.stat().st_size:
                raise InputError("file_cut_off", source=str(path), part=file.name)
    except OSError as error:
        raise make_access_error(path, error) from error
    return encoding


@contextmanager
def provide_safe_path(path: Path) -> Iterator[Path]:
    """Yield the path of a file, or of a temporary copy if opening the file itself is unsafe.

    Every file that pyogrio opens comes from here. Raise InputError as `check_content`.

    Opening is unsafe in five cases:

    - A database that a program has open, or had open when it crashed, has log files next to it. SQLite merges or
      removes them when a reader closes the file. In QGIS, where pyogrio may bring a second SQLite, the program that has
      the file open then loses its logs.
    - A shapefile lacks its index (.shx), which the copy gets from the .shp.
    - Its .prj is not in UTF-8, which pyogrio cannot read.
    - The GML driver writes a .gfs next to its file, and loads the schemas that the file names.
    - pyogrio interprets ``!`` and ``;`` in a path.
    """
    check_content(path)
    suffix = path.suffix.lower()
    files_to_copy: list[Path] = []
    is_index_missing = suffix == ".shp" and find_sibling_file(path, ".shx") is None
    prj = read_prj(path) if suffix == ".shp" else b""
    is_prj_foreign = prj != prj.decode("utf-8", "replace").encode()
    is_copy_needed = suffix == ".gml" or is_index_missing or is_prj_foreign
    is_database = suffix in (".gpkg", ".sqlite")
    if is_database:
        # SQLite follows a link, and has the logs next to the file that it leads to.
        path = Path(os.path.realpath(path))
        files_to_copy = [log for log in (Path(f"{path}-wal"), Path(f"{path}-journal")) if log.exists()]
        # -shm is an index of the log that each reader creates.
        is_copy_needed = bool(files_to_copy) or Path(f"{path}-shm").exists()
    elif is_copy_needed:
        suffixes = (".xsd",) if suffix == ".gml" else (".dbf", ".shx", ".cpg", ".prj")
        files_to_copy = [part for part in (find_sibling_file(path, one) for one in suffixes) if part is not None]
    is_name_interpreted = os.name != "nt" and any(c in str(path) for c in "!;")
    if not is_copy_needed and not is_name_interpreted:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="sanxian-", ignore_cleanup_errors=True) as folder:
        stand_in = Path(folder) / f"{path.stem.replace('!', '_').replace(';', '_')}{path.suffix}"
        try:
            if is_database and files_to_copy:
                _copy_with_logs(path, stand_in, files_to_copy)
            else:
                siblings = path.parent.iterdir() if suffix in (".shp", ".tab") else [path]
                linked_files = [file for file in siblings if file.name.startswith(f"{path.stem}.")]
                for file in (path, *files_to_copy) if is_copy_needed else linked_files:
                    target = f"{stand_in.with_suffix('')}{file.name[len(path.stem) :]}"
                    (shutil.copyfile if is_copy_needed else os.symlink)(file, target)
                    if suffix == ".gml":
                        copy = Path(target)
                        with copy.open("r+b") as handle:
                            text = handle.read(_DESCRIPTION_BYTES)
                            handle.seek(0)
                            handle.write(re.sub(rb"(?i)schemaLocation", b"schemaL0cation", text))
            if is_index_missing:
                write_index(stand_in, stand_in.with_suffix(".shx"))
            if is_prj_foreign:
                stand_in.with_suffix(".prj").write_text(prj.decode("gb18030", "replace"), encoding="utf-8")
        except OSError as error:
            raise make_access_error(path, error) from error
        check_content(stand_in, path)
        yield stand_in


@contextmanager
def open_database(path: Path) -> Iterator[sqlite3.Connection]:
    """Yield a read-only connection to a database that shows all of its log, and leaves no file beside it.

    SQLite creates an index (-shm) beside a database in WAL mode, which a reader cannot remove, and fails where the
    folder refuses it. Raise sqlite3.Error if the database cannot be opened read-only, as that of a crashed program, of
    which a reader must roll back a transaction; or if another program locks it.
    """
    log, index = (Path(f"{os.path.realpath(path)}{suffix}") for suffix in ("-wal", "-shm"))
    with ExitStack() as stack:
        if log.exists() and not index.exists():
            # No program has the database open, so both files are of one moment.
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="sanxian-", ignore_cleanup_errors=True))
            path = Path(shutil.copyfile(path, f"{folder}/copy.gpkg"))
            shutil.copyfile(log, f"{path}-wal")
        with path.open("rb") as handle:
            is_log_missing = handle.read(20)[18:] == _WAL_MODE and not log.exists()
        uri = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if is_log_missing else ''}"
        yield stack.enter_context(closing(sqlite3.connect(uri, uri=True, timeout=1, isolation_level=None)))


def copy_database(path: Path, target: Path) -> None:
    """Copy a database with all that its log has, at one moment; the copy has no log.

    A program may write to it at the same time: copies of its files could be of different moments. Raise sqlite3.Error
    as `open_database`.
    """
    with open_database(path) as database, closing(sqlite3.connect(target)) as copy:
        # A backup would wait for as long as another program locks the database; a transaction stops waiting.
        database.execute("BEGIN")
        database.execute("SELECT 1 FROM sqlite_master").fetchone()
        database.backup(copy)
        # In WAL mode the copy could not be opened from a read-only folder or disc.
        copy.execute("PRAGMA journal_mode = DELETE")


def _copy_with_logs(path: Path, target: Path, logs: list[Path]) -> None:
    """Copy a database with what its logs have; that of a crashed program is copied and an open transaction undone."""
    try:
        copy_database(path, target)
    except DATABASE_ERRORS:
        for file in (path, *logs):
            shutil.copyfile(file, f"{target.with_suffix('')}{file.name[len(path.stem) :]}")
        # A driver that opens the copy read-only cannot undo it and fails. Reading a damaged database raises an error.
        with suppress(*DATABASE_ERRORS), closing(sqlite3.connect(target)) as database:
            database.execute("PRAGMA schema_version").fetchall()

# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks before a GIS driver opens a file: permission, completeness, side effects."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ..errors import InputError
from .driver_content import check_content, read_prj
from .encoding import ShapefileEncoding, find_shapefile_encoding, find_sibling_file
from .shapefile_index import write_index
from .writing import explain_os_error

#: Bytes of a GML file in which its driver searches for a schema.
_GML_HEAD_BYTES = 2**20


def check_readable(path: Path) -> None:
    """Raise InputError if the user may not read a file.

    A driver would report such a file as “not recognized”.
    """
    try:
        if path.is_file():
            with path.open("rb") as handle:
                handle.read(1)
        else:
            next(path.iterdir(), None)
    except OSError as error:
        raise InputError("source_no_access", source=str(path), detail=explain_os_error(error)) from error


def check_shapefile_complete(path: Path) -> ShapefileEncoding:
    """Return the encoding of a shapefile, after a check that its files are complete.

    Raise InputError if one of them is truncated, or missing and not to be made anew (`provide_safe_path`). A driver
    reads a truncated shapefile without an error: shapes beyond the end are returned as missing.
    """
    if not path.exists():
        raise InputError("shapefile_part_missing", source=str(path), part=path.name)
    try:
        encoding = find_shapefile_encoding(path)
        for file in filter(None, (path, find_sibling_file(path, ".shx"))):
            with file.open("rb") as handle:
                header = handle.read(28)
            # The header counts 16-bit words.
            if len(header) < 28 or int.from_bytes(header[24:28], "big") * 2 > file.stat().st_size:
                raise InputError("file_cut_off", source=str(path), part=file.name)
    except OSError as error:
        raise InputError("source_no_access", source=str(path), detail=explain_os_error(error)) from error
    return encoding


@contextmanager
def provide_safe_path(path: Path) -> Iterator[Path]:
    """Yield the path of a file, or of a temporary copy if opening the file itself is unsafe.

    Every file that pyogrio opens comes from here. Raise InputError as `check_content`.

    Opening is unsafe in five cases:

    - A GeoPackage that a program has open, or had open when it crashed, has log files next to it. SQLite merges or
      removes them when a reader closes the file. In QGIS, where pyogrio may bring a second SQLite, the program that has
      the file open then loses its logs.
    - A shapefile lacks its index (.shx), which the copy gets from the .shp.
    - Its .prj is not in UTF-8, which pyogrio cannot read.
    - The GML driver writes a .gfs next to its file, and loads the schemas that the file names.
    - pyogrio interprets ``!`` and ``;`` in a path.
    """
    suffix = path.suffix.lower()
    files_to_copy: list[Path] = []
    is_index_missing = suffix == ".shp" and find_sibling_file(path, ".shx") is None
    prj = read_prj(path) if suffix == ".shp" else None
    is_prj_foreign = prj is not None and prj != prj.decode("utf-8", "replace").encode()
    is_copy_needed = suffix == ".gml" or is_index_missing or is_prj_foreign
    if suffix == ".gpkg":
        # SQLite follows a link, and has the logs next to the file that it leads to.
        path = Path(os.path.realpath(path))
        logs = {log_suffix: Path(f"{path}{log_suffix}") for log_suffix in ("-wal", "-journal", "-shm")}
        is_copy_needed = any(log.exists() for log in logs.values())
        # -shm is an index of the log that each reader creates.
        files_to_copy = [log for log_suffix, log in logs.items() if log_suffix != "-shm" and log.exists()]
    elif is_copy_needed:
        suffixes = (".xsd",) if suffix == ".gml" else (".dbf", ".shx", ".cpg", ".prj")
        parts = (find_sibling_file(path, one) for one in suffixes)
        files_to_copy = [part for part in parts if part is not None]
    linked = os.name != "nt" and any(c in str(path) for c in "!;")
    if not is_copy_needed and not linked:
        check_content(path)
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="sanxian-", ignore_cleanup_errors=True) as folder:
        stand_in = Path(folder) / f"{path.stem.replace('!', '_').replace(';', '_')}{path.suffix}"
        try:
            if files_to_copy and suffix == ".gpkg" and _try_to_copy_database(path, stand_in):
                files_to_copy = []
            elif is_copy_needed:
                for file in (path, *files_to_copy):
                    shutil.copyfile(file, f"{stand_in.with_suffix('')}{file.name[len(path.stem) :]}")
            else:
                others = path.parent.iterdir() if suffix in (".shp", ".tab") else [path]
                for file in others:
                    if file.name.startswith(f"{path.stem}."):
                        os.symlink(file, f"{stand_in.with_suffix('')}{file.name[len(path.stem) :]}")
            if is_index_missing:
                write_index(stand_in, stand_in.with_suffix(".shx"))
            elif files_to_copy and suffix == ".gpkg":
                _roll_back(stand_in)
            elif suffix == ".gml":
                _hide_schemas(stand_in)
            if prj is not None and is_prj_foreign:
                stand_in.with_suffix(".prj").write_text(prj.decode("gb18030", "replace"), encoding="utf-8")
        except OSError as error:
            raise InputError("source_no_access", source=str(path), detail=explain_os_error(error)) from error
        check_content(stand_in, path)
        yield stand_in


def _hide_schemas(copy: Path) -> None:
    """Rename the attributes that name schemas, in a copied GML file and its .xsd; the length stays."""
    for file, size in ((copy, _GML_HEAD_BYTES), (find_sibling_file(copy, ".xsd"), -1)):
        if file is not None:
            with file.open("r+b") as handle:
                text = re.sub(rb"schemaLocation", b"schemaL0cation", handle.read(size), flags=re.IGNORECASE)
                handle.seek(0)
                handle.write(text)


def copy_database(path: Path, target: Path) -> None:
    """Copy a database with all that its log has, at one moment.

    A program may write to it at the same time: copies of its files could be of different moments. Raise sqlite3.Error
    if the database cannot be opened read-only, as that of a crashed program, of which a reader must roll back a
    transaction; or if another program locks it.
    """
    source_uri = f"{path.absolute().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(source_uri, uri=True, timeout=1, isolation_level=None)) as database,
        closing(sqlite3.connect(target)) as copy,
    ):
        # A backup would wait for as long as another program locks the database; a transaction stops waiting.
        database.execute("BEGIN")
        database.execute("SELECT 1 FROM sqlite_master").fetchone()
        database.backup(copy)


def _try_to_copy_database(path: Path, target: Path) -> bool:
    """Copy a database (`copy_database`); return False, without a copy, if that is impossible."""
    try:
        copy_database(path, target)
    except sqlite3.Error:
        target.unlink(missing_ok=True)
        return False
    return True


def _roll_back(copy: Path) -> None:
    """Roll back an unfinished transaction in a copied database.

    A driver that opens the copy read-only cannot do that and fails.
    """
    try:
        with closing(sqlite3.connect(copy)) as database:
            database.execute("PRAGMA schema_version").fetchall()
    except sqlite3.Error:
        # Damaged: reading it raises an error with the file's name.
        return

# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the layers of a source: a file, a folder, a zip of them, or a schema of a PostGIS database.

A zip is unpacked into a temporary folder, never next to it, and validated first (`files.archives`).
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ...base.connection_text import is_connection, strip_source
from ...base.errors import NEVER_CANCELLED, Cancellation, InputError
from ...base.files.archives import list_entry_paths, unpack_archive
from ...base.files.digests import MANIFEST_FILE_NAME
from ...base.files.encoding import find_sibling_file
from ...base.files.open_datasource import check_content
from ...base.files.writing import make_access_error, name_refused_file
from ..layer import TABLE_PROBLEMS, SourceLayer
from .file import LayerSelector, make_unreadable_layer, read_file
from .formats import PARQUET_SUFFIXES, READ_SUFFIXES, does_text_file_have_shapes
from .records import count_stored_rows

ZIP_SUFFIX = ".zip"
#: Files and folders that systems leave in an archive.
_SYSTEM_NAMES = ("__macosx", "thumbs.db", "desktop.ini", ".ds_store")


def is_zip(source: str | Path) -> bool:
    """Return True if a source is a zip file by its name."""
    return not is_connection(source) and str(source).strip().strip('"').lower().endswith(ZIP_SUFFIX)


@dataclass(frozen=True)
class ReadableSource:
    """A source that can be read: unpacked, if it is a zip.

    ``path``: what is read; ``root``: the temporary folder with the content of the zip, None without one; ``archive``:
    path of the zip.
    """

    path: str | Path
    root: Path | None = None
    archive: str = ""

    def name_path(self, path: str) -> str:
        """Return a path for results: ``county.zip/county.gdb`` for an unpacked file, any other text unchanged."""
        if self.root is None or not path or not Path(path).is_relative_to(self.root):
            return path
        return str(Path(self.archive) / Path(path).relative_to(self.root))

    def relabel(self, layers: Iterable[SourceLayer]) -> None:
        """Set the source of layers to their path in the zip."""
        for layer in layers:
            layer.source = self.name_path(layer.source)


@contextmanager
def provide_unpacked(source: str | Path, cancellation: Cancellation = NEVER_CANCELLED) -> Iterator[ReadableSource]:
    """Yield the data set or folder of data in a zip, unpacked until the block ends; another source unchanged.

    Errors of the block name the zip, not the temporary folder.

    Raises
    ------
    InputError
        As `unpack_archive`; the zip has no data, or data in several folders.
    Cancelled
        Between the files of the archive.
    """
    path = Path(str(source).strip().strip('"'))
    if not is_zip(source) or not path.is_file():
        yield ReadableSource(source)
        return
    if not zipfile.is_zipfile(path):
        raise InputError("package_zip_damaged", source=path.name)
    with unpack_archive(path, cancellation) as folder:
        # A .json may be a report or a manifest.
        datasets = [
            one
            for one in _walk(folder)
            if one.is_dir()
            or (
                one.suffix.lower() in READ_SUFFIXES
                and (one.suffix.lower() != ".json" or does_text_file_have_shapes(one))
            )
        ]
        parents = sorted({one.parent for one in datasets})
        if not parents:
            raise InputError("zip_no_data", source=str(path))
        if len(parents) > 1:
            raise InputError(
                "zip_several_folders",
                source=str(path),
                folders=", ".join(parent.relative_to(folder).as_posix() for parent in parents[:5]),
            )
        readable = ReadableSource(datasets[0] if len(datasets) == 1 else parents[0], folder, os.path.abspath(path))
        try:
            yield readable
        except InputError as error:
            params = {key: readable.name_path(v) if isinstance(v, str) else v for key, v in error.params.items()}
            raise InputError(error.key, **params) from error


def is_data_archive(path: Path) -> bool:
    """Return True if a zip has the data of one folder only, unlike a submission package.

    A package has a manifest, or documents and maps in folders of their names. False for a zip that cannot be listed:
    its inspection reports the damage.
    """
    entries = [one for one in list_entry_paths(path) if one.parts[0].lower() not in _SYSTEM_NAMES]
    # A geodatabase counts as one file.
    databases = [next((one for one in entry.parents if one.suffix.lower() == ".gdb"), None) for entry in entries]
    folders = {(database or entry).parent for entry, database in zip(entries, databases, strict=True)}
    has_data = any(databases) or any(entry.suffix.lower() in READ_SUFFIXES for entry in entries)
    return has_data and len(folders) == 1 and all(one.name != MANIFEST_FILE_NAME for one in entries)


def _walk(folder: Path) -> Iterator[Path]:
    """Yield all files and geodatabases below a folder, without those that systems leave."""
    for path in sorted(folder.iterdir()):
        if path.name.lower() in _SYSTEM_NAMES or path.name.startswith("."):
            continue
        if path.is_dir() and path.suffix.lower() != ".gdb":
            yield from _walk(path)
        else:
            yield path


def read_source(
    source: str | Path,
    *,
    select_layer: LayerSelector = lambda layer: True,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> list[SourceLayer]:
    """Return all layers of a file, a database, a folder of them, a zip of these, or a schema of PostGIS.

    Parameters
    ----------
    source
        A path, or a connection (`connection_text`).
    select_layer
        Called with name and fields before a layer's rows are read. Returns True, False (the layer remains empty) or the
        names of the fields to read, in capitals.

    Raises
    ------
    Cancelled
        Between layers, and between batches of rows of a database server.
    InputError
        With the file, or the connection without its password: a reader is not installed, the source is missing or not
        GIS data, or nothing in the folder can be read. A single unreadable file of a folder becomes a layer with a
        ``problem``, so that it does not stop the others.
    """
    if isinstance(source, str) and is_connection(source):
        # Most counties are files: a check imports the readers of other sources only when it needs them.
        from .postgis import read_schema

        return read_schema(source, select_layer, cancellation)
    with name_refused_file(strip_source(source)), provide_unpacked(source, cancellation) as readable:
        text = strip_source(readable.path)
        if not text or not Path(text).exists():
            raise InputError("source_missing", source=text)
        path = find_dataset(text)
        if path.is_dir() and path.suffix.lower() != ".gdb":
            layers = _read_folder(path, select_layer, cancellation)
        else:
            layers = _read_dataset(path, select_layer, cancellation)
        if readable.root is not None:
            for layer in layers:
                # Later the file of a layer that was not read is gone.
                if layer.declared_row_count is None and layer.frame.empty:
                    layer.declared_row_count = count_stored_rows(Path(layer.source), layer.name)
        readable.relabel(layers)
    return layers


def _read_dataset(
    path: Path, select_layer: LayerSelector, cancellation: Cancellation, *, tables: bool = False
) -> list[SourceLayer]:
    """Return the layers of one file with the reader of its format; parameters as of `read_file`."""
    if path.suffix.lower() in PARQUET_SUFFIXES:
        from .geoparquet import read_parquet

        check_content(path)
        return read_parquet(path, select_layer, cancellation)
    return read_file(path, select_layer, cancellation, tables=tables)


def find_source_folder(source: str | Path) -> Path | None:
    """Return the path of a source that is a folder of files; None for a single file.

    A file geodatabase counts as one file.
    """
    path = find_dataset(source)
    return path if path.is_dir() and path.suffix.lower() != ".gdb" else None


def find_dataset(source: str | Path) -> Path:
    """Return the absolute path of the data set that a chosen file belongs to.

    It is the .gdb for a file inside it, the .shp for its companion files, else the file itself.
    """
    path = Path(os.path.abspath(strip_source(source)))
    if path.parent.suffix.lower() == ".gdb" and path.is_file():
        return path.parent
    if path.suffix.lower() in (".dbf", ".shx", ".prj", ".cpg"):
        return find_sibling_file(path, ".shp") or path
    return path


def _read_folder(folder: Path, select_layer: LayerSelector, cancellation: Cancellation) -> list[SourceLayer]:
    """Return the layers of all files of a folder; an unreadable file gives a layer with a problem."""
    try:
        dataset_paths = list_folder_datasets(folder)
        data_folders = (
            []
            if dataset_paths
            else sorted({p.parent for p in (*folder.glob("*/*"), *folder.glob("*/*/*")) if _is_dataset(p)})
        )
    except OSError as error:
        raise make_access_error(folder, error) from error
    if data_folders:
        raise InputError(
            "source_in_subfolder",
            source=str(folder),
            folders=", ".join(str(p.relative_to(folder)) for p in data_folders[:5]),
        )
    layers, first = [], None
    for path in dataset_paths:
        cancellation.raise_if_cancelled()
        try:
            layers += _read_dataset(path, select_layer, cancellation, tables=True)
        except InputError as error:
            first = first or error
            # A .json need not be a map, and may be a report of this plugin; a file of tables has nothing to check.
            foreign = (
                path.suffix.lower() == ".json"
                and error.key == "source_not_gis"
                and not does_text_file_have_shapes(path)
            )
            if not foreign and error.key != "source_no_layer":
                layers.append(make_unreadable_layer(str(error.params.get("layer") or path.stem), path, error))
    if first is not None and layers and all(layer.problem for layer in layers):
        raise first
    if all(layer.problem and layer.problem[0] in TABLE_PROBLEMS for layer in layers):
        raise InputError("source_empty", source=str(folder))
    return layers


def list_source_datasets(source: Path) -> list[Path]:
    """Return the files and geodatabases of a source.

    For a folder these are its readable contents, else the file itself or the data set that contains it.
    """
    path = find_dataset(source)
    return list_folder_datasets(path) if path.is_dir() and path.suffix.lower() != ".gdb" else [path]


def _is_dataset(path: Path) -> bool:
    """Return True if a path is a file or geodatabase in a format that is read."""
    suffix = path.suffix.lower()
    return not path.name.startswith(".") and (suffix in READ_SUFFIXES or (suffix == ".gdb" and path.is_dir()))


def list_folder_datasets(folder: Path) -> list[Path]:
    """Return the files and databases directly in a folder whose format is read, sorted."""
    files = sorted(folder.iterdir())
    dataset_paths = [p for p in files if _is_dataset(p)]
    shapes = {p.stem.lower() for p in dataset_paths if p.suffix.lower() == ".shp"}
    # Report the rest of a shapefile whose .shp was not copied.
    for path in files:
        if (
            path.suffix.lower() in (".shx", ".dbf")
            and path.stem.lower() not in shapes
            and find_sibling_file(path, ".shx")
        ):
            shapes.add(path.stem.lower())
            dataset_paths.append(path.with_suffix(".shp"))
    return dataset_paths

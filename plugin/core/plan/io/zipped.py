# SPDX-License-Identifier: GPL-2.0-or-later
"""Data in a zip: a database, a folder of layers, or a delivered package.

The archive is unpacked into a temporary folder, never next to it, and validated first (`files.archives`).
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ...base.cancellation import NEVER_CANCELLED, Cancellation
from ...base.connection_text import is_connection
from ...base.errors import InputError
from ...base.files.archives import list_entry_paths, unpack_archive
from ...base.files.digests import MANIFEST_FILE_NAME
from ..layer import SourceLayer
from .formats import READ_SUFFIXES, does_text_file_have_shapes

ZIP_SUFFIX = ".zip"
_MAX_NAMED_FOLDERS = 5
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
        readable = ReadableSource(_find_data(folder, path), folder, os.path.abspath(path))
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


def _find_data(folder: Path, archive: Path) -> Path:
    """Return the folder with data below an unpacked folder, or the only data set in it. Raise InputError."""
    # A .json may be a report or a manifest.
    datasets = [
        path
        for path in _walk(folder)
        if path.is_dir()
        or (
            path.suffix.lower() in READ_SUFFIXES
            and (path.suffix.lower() != ".json" or does_text_file_have_shapes(path))
        )
    ]
    parents = sorted({path.parent for path in datasets})
    if not parents:
        raise InputError("zip_no_data", source=str(archive))
    if len(parents) > 1:
        names = ", ".join(parent.relative_to(folder).as_posix() for parent in parents[:_MAX_NAMED_FOLDERS])
        raise InputError("zip_several_folders", source=str(archive), folders=names)
    return datasets[0] if len(datasets) == 1 else parents[0]


def _walk(folder: Path) -> Iterator[Path]:
    """Yield all files and geodatabases below a folder, without those that systems leave."""
    for path in sorted(folder.iterdir()):
        if path.name.lower() in _SYSTEM_NAMES or path.name.startswith("."):
            continue
        if path.is_dir() and path.suffix.lower() != ".gdb":
            yield from _walk(path)
        else:
            yield path

# SPDX-License-Identifier: GPL-2.0-or-later
"""A source, file or folder, taken apart into its files; each is read by `file`."""

from __future__ import annotations

import os
from pathlib import Path

from ..cancellation import NEVER, Cancellation
from ..errors import InputError
from ..files.encoding import part
from ..files.writing import os_reason
from ..plan.layer import SourceLayer
from .file import Wanted, make_empty_layer, read_file
from .formats import TABLES, text_has_shapes


def _all(layer: SourceLayer) -> bool:
    return True


def read_source(source: str | Path, *, wanted: Wanted = _all, cancellation: Cancellation = NEVER) -> list[SourceLayer]:
    """All layers of a GeoPackage, FileGDB, shapefile or GeoJSON, or of a folder of them.

    ``wanted`` is asked with name and fields before the rows of a layer are read: True, False (the layer stays empty) or
    the names of the fields to read, in capitals.
    Raises Cancelled between layers. In a folder, a file that cannot be read becomes a layer
    with a ``problem``, so that it does not stop the others. Raises InputError naming the file: it is not there, it
    is not GIS data, nothing in the folder can be read.
    """
    text = _text(source)
    path = Path(text)
    try:
        if not text or not path.exists():
            raise InputError("source_missing", source=text)
    except OSError as error:
        raise InputError("source_no_access", source=text, detail=os_reason(error)) from error
    path = _whole(Path(os.path.abspath(path)))
    if path.is_dir() and path.suffix.lower() != ".gdb":
        return _read_folder(path, wanted, cancellation)
    return read_file(path, wanted, cancellation)


def folder_of(source: str | Path) -> Path | None:
    """The folder that a source is, as `read_source` takes it; None where it is one file or database."""
    path = _whole(Path(os.path.abspath(_text(source))))
    return path if path.is_dir() and path.suffix.lower() != ".gdb" else None


def _text(source: str | Path) -> str:
    return str(source).strip().strip('"')


def _whole(path: Path) -> Path:
    """The dataset that a chosen file is a part of: the .gdb of one of its tables, the .shp of its .dbf."""
    if path.parent.suffix.lower() == ".gdb" and path.is_file():
        return path.parent
    if path.suffix.lower() in (".dbf", ".shx", ".prj", ".cpg"):
        return part(path, ".shp") or path
    return path


def _read_folder(folder: Path, wanted: Wanted, cancellation: Cancellation) -> list[SourceLayer]:
    try:
        found = datasets(folder)
        inner = [] if found else sorted({p.parent for p in (*folder.glob("*/*"), *folder.glob("*/*/*")) if _is_data(p)})
    except OSError as error:
        raise InputError("source_no_access", source=str(folder), detail=os_reason(error)) from error
    if inner:
        names = ", ".join(str(p.relative_to(folder)) for p in inner[:5])
        raise InputError("source_in_subfolder", source=str(folder), folders=names)
    layers, first = [], None
    for path in found:
        cancellation.raise_if_cancelled()
        try:
            layers += read_file(path, wanted, cancellation, tables=True)
        except InputError as error:
            first = first or error
            # Not every .json is a map, and a report of ours may well lie here; a file of tables has nothing to check.
            foreign = path.suffix.lower() == ".json" and error.key == "source_not_gis" and not text_has_shapes(path)
            if not foreign and error.key != "source_no_layer":
                layers.append(_unread(path, error))
    if all(layer.problem for layer in layers):
        raise (first if layers else None) or InputError("source_empty", source=str(folder))
    return layers


def datasets_of(source: Path) -> list[Path]:
    """The files (and geodatabases) of a source: those of a folder, or the one that it is or is a part of."""
    path = _whole(source)
    return datasets(path) if path.is_dir() and path.suffix.lower() != ".gdb" else [path]


def _is_data(path: Path) -> bool:
    suffix = path.suffix.lower()
    return not path.name.startswith(".") and (suffix in TABLES or (suffix == ".gdb" and path.is_dir()))


def datasets(folder: Path) -> list[Path]:
    """The files and databases right in a folder that are read."""
    files = sorted(folder.iterdir())
    found = [p for p in files if _is_data(p)]
    shapes = {p.stem.lower() for p in found if p.suffix.lower() == ".shp"}
    # What is left of a shapefile whose .shp was not copied: said, not overlooked.
    for path in files:
        if path.suffix.lower() in (".shx", ".dbf") and path.stem.lower() not in shapes and part(path, ".shx"):
            shapes.add(path.stem.lower())
            found.append(path.with_suffix(".shp"))
    return found


def _unread(path: Path, error: InputError) -> SourceLayer:
    """A file of a folder that cannot be read, as a layer of its name that nobody can use."""
    # A report travels; the paths of this machine do not.
    params = {**error.params, "source": path.name}
    return make_empty_layer(str(error.params.get("layer") or path.stem), path, problem=(error.key, params))

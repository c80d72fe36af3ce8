# SPDX-License-Identifier: GPL-2.0-or-later
"""Writing and reading again of a set of layers.

There is one writer per format, by the suffix of the set's file; a new format is an entry in `WRITERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import OutputError
from ...messages.texts import Message, MessageLines
from ..export_context import ExportContext
from ..manifest import layer_row
from ..names import make_name
from .content import Content
from .database import write_database
from .prepare import PreparedSet
from .read_back import ReadBack, read_back
from .shapefile import write_shapefiles
from .vct import read_set, write_set


class WrittenLayer(NamedTuple):
    """A written layer; ``path`` is its file, ``done`` the result of reading it again."""

    content: Content
    path: Path
    done: ReadBack


#: Writes a set at a path and reads every layer again.
SetWriter = Callable[[PreparedSet, Path, ExportContext], Iterable[WrittenLayer]]


def write_vector_set(one: PreparedSet, context: ExportContext) -> list[dict[str, Any]]:
    """Write a set and read it again; return the manifest's rows of its layers.

    Raises
    ------
    OutputError
        If a layer cannot be written, or differs when it is read again.
    """
    vectors = one.vectors
    if not one.contents:
        return []
    path = context.place(vectors.folder, make_name(vectors.file, context.values))
    context.steps.text = path.stem if vectors.suffix == ".shp" else path.name
    rows = []
    for content, file, done in WRITERS[vectors.suffix](one, path, context):
        if not done.same:
            raise _not_the_same(content, done.to_dict()["differences"])
        place = context.inside(file)
        rows.append(layer_row(content, vectors, context.package_spec, place, done, one.plane, vectors.vertical))
    return rows


def _write_database(one: PreparedSet, path: Path, context: ExportContext) -> Iterator[WrittenLayer]:
    lists = context.plan.norm.standard.code_lists
    more: dict[str, Any] = {"progress": context.steps, "cancellation": context.cancellation}
    write_database(path, one.contents, one.crs, plane=one.plane, code_lists=lists, **more)
    for content in one.contents:
        yield WrittenLayer(content, path, read_back(path, content, one.plane, **more))


def _write_shapefiles(one: PreparedSet, path: Path, context: ExportContext) -> Iterator[WrittenLayer]:
    """Write a folder of shapefiles with the name of the set's file without its suffix."""
    folder = path.with_suffix("")
    more: dict[str, Any] = {"progress": context.steps, "cancellation": context.cancellation}
    write_shapefiles(folder, one.contents, one.plane, encoding=one.vectors.encoding, **more)
    for content in one.contents:
        file = folder / f"{content.name}.shp"
        yield WrittenLayer(content, file, read_back(file, content, one.plane, **more))


def _write_vct(one: PreparedSet, path: Path, context: ExportContext) -> Iterator[WrittenLayer]:
    more: dict[str, Any] = {"progress": context.steps, "cancellation": context.cancellation}
    written = write_set(path, one.contents, one.plane, **more)
    for content, done in read_set(path, one.contents, one.plane, written, **more):
        yield WrittenLayer(content, path, done)


WRITERS: dict[str, SetWriter] = {
    ".gdb": _write_database,
    ".gpkg": _write_database,
    ".shp": _write_shapefiles,
    ".vct": _write_vct,
}


def _not_the_same(content: Content, differences: list[dict[str, Any]]) -> OutputError:
    messages = [
        Message("read_back", row["kind"], {**row, "features": ", ".join(row["features"])}) for row in differences
    ]
    return OutputError("package_not_the_same", layer=content.name, differences=MessageLines(tuple(messages)))

# SPDX-License-Identifier: GPL-2.0-or-later
"""A set of layers written and read again. One writer per format, by the suffix of the set's file: a new format is a line in
`WRITERS`."""

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
    """``path``: the file that holds the layer; ``done``: what reading it again came to."""

    content: Content
    path: Path
    done: ReadBack


#: Writes a set at a path and reads every layer again.
SetWriter = Callable[[PreparedSet, Path, ExportContext], Iterable[WrittenLayer]]


def write_vector_set(one: PreparedSet, context: ExportContext) -> list[dict[str, Any]]:
    """Write a set and read it again; the rows of its layers in the manifest. OutputError, also when a layer is not the same."""
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


def _database(one: PreparedSet, path: Path, context: ExportContext) -> Iterator[WrittenLayer]:
    lists = context.plan.norm.standard.code_lists
    more: dict[str, Any] = {"progress": context.steps, "cancellation": context.cancellation}
    write_database(path, one.contents, one.crs, plane=one.plane, code_lists=lists, **more)
    for content in one.contents:
        yield WrittenLayer(content, path, read_back(path, content, one.plane, **more))


def _shapefiles(one: PreparedSet, path: Path, context: ExportContext) -> Iterator[WrittenLayer]:
    """A folder of shapefiles, called as the set's file without its suffix."""
    folder = path.with_suffix("")
    more: dict[str, Any] = {"progress": context.steps, "cancellation": context.cancellation}
    write_shapefiles(folder, one.contents, one.plane, encoding=one.vectors.encoding, **more)
    for content in one.contents:
        file = folder / f"{content.name}.shp"
        yield WrittenLayer(content, file, read_back(file, content, one.plane, **more))


def _vct(one: PreparedSet, path: Path, context: ExportContext) -> Iterator[WrittenLayer]:
    more: dict[str, Any] = {"progress": context.steps, "cancellation": context.cancellation}
    written = write_set(path, one.contents, one.plane, **more)
    for content, done in read_set(path, one.contents, one.plane, written, **more):
        yield WrittenLayer(content, path, done)


WRITERS: dict[str, SetWriter] = {".gdb": _database, ".gpkg": _database, ".shp": _shapefiles, ".vct": _vct}


def _not_the_same(content: Content, differences: list[dict[str, Any]]) -> OutputError:
    said = [Message("read_back", row["kind"], {**row, "features": ", ".join(row["features"])}) for row in differences]
    return OutputError("package_not_the_same", layer=content.name, differences=MessageLines(tuple(said)))

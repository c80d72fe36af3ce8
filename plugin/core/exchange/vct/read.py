# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading a VCT file in one pass: shapes into scratch files, then rows of attributes with their shapes, batch by batch."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from ...errors import InputError
from ...layer import FieldInfo, SourceLayer
from ...writing import is_about_writing, os_reason
from .attributes import read_attributes, shapes_without_rows
from .batch import Batch
from .geometry import Geometry
from .head import Head, read_head
from .lines import Lines, shown
from .structure import Structure, Table, read_classes, read_tables

#: Sections whose records are shapes.
_SHAPES = ("point", "line", "polygon", "annotation")
#: Sections that only tell how to draw or repeat what the lines say: left out without a word.
_SKIPPED = ("style", "styledata", "topology", "comment", "metadata")


@dataclass
class Vct:
    """A file that is open, its shapes read. ``batches`` gives the rows, once. ``notes``: text keys with parameters,
    complete after the last batch. ``join``: parts of one feature come as one row."""

    head: Head
    structure: Structure
    lines: Lines
    geometry: Geometry
    check: Callable[[], None]
    notes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    several: bool = False
    join: bool = False

    @property
    def tables(self) -> list[Table]:
        return list(self.structure.tables.values())

    def batches(self) -> Iterator[tuple[Table, gpd.GeoDataFrame]]:
        """Tables with some thousand rows each time; every table comes at least once, if only empty."""
        seen = set()
        for batch in self._all():
            seen.add(batch.table.name)
            yield batch.table, batch.frame(self.head.crs)
        for table in self.tables:
            if table.name not in seen:
                yield table, Batch(table).frame(self.head.crs)
        self.notes += self.geometry.notes()

    def _all(self) -> Iterator[Batch]:
        yield from read_attributes(self.lines, self.structure, self.geometry, self.notes, self.check, self.join)
        _rest(self.lines, self.notes)
        yield from shapes_without_rows(self.structure, self.geometry, self.notes)


@contextmanager
def open_vct(
    path: str | Path,
    check: Callable[[], None] = lambda: None,
    opened: Callable[[Lines], None] = lambda lines: None,
    *,
    join: bool = False,
) -> Iterator[Vct]:
    """Open a file and read all before its attributes. ``check`` may raise to stop; ``opened`` is given the lines, which
    tell how far they are read; ``join``: features of several parts come as one row each (`parts`).

    Raises InputError with the number of the line: not GBK, cut off, a count that does not fit, a reference to nothing;
    also when the disk of temporary files is full.
    """
    try:
        handle = Path(path).open("rb")
    except FileNotFoundError as error:
        raise InputError("source_missing", source=str(path)) from error
    except OSError as error:
        raise InputError("source_no_access", source=str(path), detail=os_reason(error)) from error
    with handle, tempfile.TemporaryDirectory(prefix="sanxian-", ignore_cleanup_errors=True) as folder:
        lines = Lines(handle, str(path))
        opened(lines)
        head = read_head(lines)
        with Geometry(Path(folder), head, check) as geometry:
            try:
                vct = _until_attributes(lines, head, geometry, check)
            except OSError as error:
                if not is_about_writing(error, Path(folder)):
                    raise
                # Not the file, but the disk that shapes wait on.
                raise InputError("vct_no_space", source=lines.source, detail=os_reason(error)) from error
            vct.join = join
            yield vct


def _until_attributes(lines: Lines, head: Head, geometry: Geometry, check: Callable[[], None]) -> Vct:
    vct = Vct(head, Structure([], {}), lines, geometry, check)
    while (section := _next_section(lines)) != "attribute":
        check()
        if section == "featurecode":
            vct.structure = Structure(read_classes(lines), {})
        elif section == "tablestructure":
            vct.structure.tables = read_tables(lines, vct.structure.classes)
            _refuse_utf8(lines, vct.structure)
        elif section in _SHAPES:
            if not vct.structure.classes:
                raise lines.error("vct_order")
            geometry.read(section, lines, vct.structure)
        else:
            _skip(section, lines, vct.notes)
    if not vct.structure.tables:
        raise lines.error("vct_order")
    geometry.seal(lines)
    vct.several = geometry.several
    return vct


def _next_section(lines: Lines) -> str:
    """The section that begins, in small letters. InputError where the file ends before its attributes."""
    word = lines.word()
    if not word.lower().endswith("begin"):
        raise lines.error("vct_no_section", value=shown(word.encode("gb18030")))
    lines.section = word[: -len("begin")]
    return lines.section.lower()


def _skip(section: str, lines: Lines, notes: list[tuple[str, dict[str, Any]]]) -> None:
    start, end, count = lines.number, f"{section}end".encode(), 0
    while lines.line().strip().lower() != end:
        count += 1
    if count and section not in _SKIPPED:
        notes.append(("vct_note_section", {"section": lines.section, "line": start}))


def _rest(lines: Lines, notes: list[tuple[str, dict[str, Any]]]) -> None:
    """What comes after the attributes: drawing styles, which nobody needs, but whole."""
    while (line := lines.raw()) is not None:
        word = line.strip().lower()
        if not word.endswith(b"begin"):
            raise lines.error("vct_no_section", value=shown(line))
        lines.section = line.strip().decode("ascii", errors="replace")[: -len("begin")]
        _skip(lines.section.lower(), lines, notes)


def _refuse_utf8(lines: Lines, structure: Structure) -> None:
    """InputError when names are UTF-8: read as GBK they would be nonsense, without any error."""
    names = [c.title for c in structure.classes] + [c.name for t in structure.tables.values() for c in t.columns]
    foreign = "".join(c for c in "".join(names) if not c.isascii())
    if not foreign:
        return
    try:
        again = foreign.encode("gb18030").decode("utf-8")
    except UnicodeDecodeError:
        return
    # A word or two of GBK may pass for UTF-8; common characters of Chinese come out only where it was that.
    if sum("\u4e00" <= c <= "\u9fff" for c in again) * 2 > len(again):
        raise lines.error("vct_utf8")


def read_vct(path: str | Path, check: Callable[[], None] = lambda: None, *, join: bool = False) -> list[SourceLayer]:
    """All layers at once, for a file that fits into memory."""
    with open_vct(path, check, join=join) as vct:
        return read_all(vct, str(path))


def read_all(vct: Vct, source: str) -> list[SourceLayer]:
    """Every table of an open file; a table without shapes has the ``problem`` that reading tells of such."""
    frames: dict[str, list[gpd.GeoDataFrame]] = {}
    for table, frame in vct.batches():
        frames.setdefault(table.name, []).append(frame)
    layers = []
    for table in vct.tables:
        parts = frames[table.name]
        whole = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
        frame = gpd.GeoDataFrame(whole, geometry=whole.geometry.name, crs=vct.head.crs)
        infos = tuple(FieldInfo(c.name, c.type, c.length or None) for c in table.columns)
        problem: tuple[str, dict[str, Any]] | None = None if table.kind else ("table", {})
        layers.append(SourceLayer(table.name, frame, infos, vct.head.crs, source, "GBK", problem=problem))
    if layers:
        layers[0].notices += vct.notes
    return layers

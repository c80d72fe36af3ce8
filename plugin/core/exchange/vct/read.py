# SPDX-License-Identifier: GPL-2.0-or-later
"""Read a VCT file in one pass.

Shapes go to scratch files first; then the rows are yielded in batches.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from ...base.cancellation import NEVER_CANCELLED, Cancellation, ProgressCallback
from ...base.errors import InputError
from ...base.files.writing import explain_os_error, is_write_error
from ...plan.layer import FieldInfo, SourceLayer
from .attributes import AttributeReader, read_shapes_without_rows
from .batch import VctRowBatch
from .geometry import ShapeReader
from .head import VctHeader, read_header
from .line_reader import LineReader, shorten_line
from .settings import FileRemarks
from .structure import SECTION_NAMES, VctStructure, VctTable, read_classes, read_tables

#: Sections with shapes.
_GEOMETRY_SECTIONS = ("point", "line", "polygon", "annotation")
#: Begin marks, which do not occur inside other sections.
_BEGIN_MARKS = {f"{name}begin".encode() for name in (*_GEOMETRY_SECTIONS, "attribute", "style")}
#: Sections that occur once, in this order, before those that are not read.
_ORDERED_SECTIONS = ("featurecode", "tablestructure", *_GEOMETRY_SECTIONS, "attribute")


@dataclass
class VctFile:
    """An open VCT file whose header, structure and shapes were read.

    ``read_batches`` yields the rows and can be called once. ``notes``: remarks as text keys with parameters, complete
    after the last batch; ``merges_parts``: whether the parts of a feature are merged into one row.
    """

    header: VctHeader
    structure: VctStructure
    line_reader: LineReader
    shape_reader: ShapeReader
    cancellation: Cancellation
    notes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    merges_parts: bool = False
    remarks: FileRemarks = field(default_factory=FileRemarks)

    @property
    def tables(self) -> list[VctTable]:
        """Return the tables that the file declares."""
        return list(self.structure.tables.values())

    def read_batches(self) -> Iterator[tuple[VctTable, gpd.GeoDataFrame]]:
        """Yield each table with some thousand of its rows at a time.

        A table without rows is yielded once.
        """
        yielded_tables = set()
        rows = AttributeReader(
            self.line_reader, self.structure, self.shape_reader, self.remarks, self.cancellation, self.merges_parts
        )
        for batch in rows.read_batches(self.notes):
            yielded_tables.add(batch.table.name)
            yield batch.table, batch.make_frame(self.header.crs)
        line_reader = self.line_reader
        while (line := line_reader.read_raw_line_or_none()) is not None:
            word = line.strip().lower()
            if not word.endswith(b"begin"):
                raise line_reader.make_error(
                    "vct_cut_between" if line_reader.ends_without_line_end else "vct_no_section",
                    value=shorten_line(line),
                )
            line_reader.section = line.strip().decode("ascii", errors="replace")[: -len("begin")]
            if line_reader.section.lower() in ("head", *_ORDERED_SECTIONS):
                raise line_reader.make_error("vct_section_late")
            _skip_section(line_reader.section.lower(), line_reader, self.remarks)
        line_reader.mark_as_complete()
        for batch in read_shapes_without_rows(self.structure, self.shape_reader, self.notes):
            yielded_tables.add(batch.table.name)
            yield batch.table, batch.make_frame(self.header.crs)
        for table in self.tables:
            if table.name not in yielded_tables:
                yield table, VctRowBatch(table).make_frame(self.header.crs)
        self.notes += self.shape_reader.make_position_notes()
        self.notes += self.remarks.make_notes()


@contextmanager
def open_vct(
    path: str | Path,
    cancellation: Cancellation = NEVER_CANCELLED,
    *,
    progress: ProgressCallback = lambda share, section: None,
    merges_parts: bool = False,
) -> Iterator[VctFile]:
    """Open a VCT file and read everything before its attribute section.

    Parameters
    ----------
    path : path
        A VCT file.
    cancellation : Cancellation
        Checked between records.
    progress : callable
        ``progress(share, section)`` receives the share of the file already read.
    merges_parts : bool
        Merge the parts of a feature into one row (`batch`).

    Raises
    ------
    Cancelled
        The task was cancelled.
    InputError
        With the line number: not GBK, cut off, a wrong count, an unknown reference, positions outside the
        zone of the header. Also for a full temporary disk.
    """
    try:
        handle = Path(path).open("rb")
    except FileNotFoundError as error:
        raise InputError("source_missing", source=str(path)) from error
    except OSError as error:
        raise InputError("source_no_access", source=str(path), detail=explain_os_error(error)) from error
    with handle, tempfile.TemporaryDirectory(prefix="sanxian-", ignore_cleanup_errors=True) as folder:
        lines = LineReader(handle, str(path), progress)
        remarks = FileRemarks()
        head = read_header(lines, remarks)
        with ShapeReader(Path(folder), head, cancellation, remarks) as geometry:
            try:
                vct = _read_until_attributes(lines, head, geometry, cancellation, remarks)
            except OSError as error:
                if not is_write_error(error, Path(folder)):
                    raise
                # The disk of the scratch files is full, not the disk of the file.
                raise InputError("vct_no_space", source=lines.source, detail=explain_os_error(error)) from error
            vct.merges_parts = merges_parts
            yield vct


def _require_structure(line_reader: LineReader, structure: VctStructure, sections_begun: dict[str, int]) -> None:
    """Raise InputError if classes or tables are missing or empty."""
    for name, content in (("FeatureCode", structure.feature_classes), ("TableStructure", structure.tables)):
        if name.lower() not in sections_begun:
            raise line_reader.make_error("vct_order", wanted=name)
        if not content:
            raise line_reader.make_error("vct_section_empty", wanted=name, first=sections_begun[name.lower()])


def _read_until_attributes(
    line_reader: LineReader, header: VctHeader, geometry: ShapeReader, cancellation: Cancellation, remarks: FileRemarks
) -> VctFile:
    """Read all sections before the attributes; return the open VCT file."""
    vct = VctFile(header, VctStructure([], {}), line_reader, geometry, cancellation, remarks=remarks)
    sections_begun: dict[str, int] = {}
    while (section := _read_next_section_name(line_reader, vct.structure, sections_begun)) != "attribute":
        cancellation.raise_if_cancelled()
        line_reader.report_progress()
        if section == "head":
            raise line_reader.make_error("vct_section_late")
        if section in _ORDERED_SECTIONS:
            if section in sections_begun:
                raise line_reader.make_error("vct_section_twice", first=sections_begun[section])
            sections_begun[section] = line_reader.number
        if section in ("tablestructure", *_GEOMETRY_SECTIONS) and "featurecode" not in sections_begun:
            raise line_reader.make_error("vct_order", wanted="FeatureCode")
        if section == "featurecode":
            vct.structure = VctStructure(read_classes(line_reader, remarks), {})
        elif section == "tablestructure":
            vct.structure.tables = read_tables(line_reader, vct.structure.feature_classes, remarks)
            _refuse_utf8(line_reader, vct.structure)
        elif section in _GEOMETRY_SECTIONS:
            geometry.read_section(section, line_reader, vct.structure)
        else:
            _skip_section(section, line_reader, remarks)
    _require_structure(line_reader, vct.structure, sections_begun)
    start = line_reader.number
    geometry.prepare_lookup_and_verify_positions(line_reader)
    line_reader.number = start
    for kind in sorted({c.shape_kind for c in vct.structure.feature_classes if c.shape_kind} - geometry.sections):
        remarks.add_remark("vct_note_no_section", start, section=SECTION_NAMES[kind])
    return vct


def _read_next_section_name(line_reader: LineReader, structure: VctStructure, sections_begun: dict[str, int]) -> str:
    """Return the name of the next section in small letters.

    Raises InputError at the end of the file.
    """
    line = line_reader.read_raw_line_or_none()
    if line is None:
        # The last line may lack a line end if it closed a section.
        line_reader.mark_as_complete()
        kinds = {c.shape_kind for c in structure.feature_classes}
        required_sections = (
            "FeatureCode",
            "TableStructure",
            *(SECTION_NAMES[k] for k in SECTION_NAMES if k in kinds),
            "Attribute",
        )
        missing_sections = ", ".join(name for name in required_sections if name.lower() not in sections_begun)
        raise line_reader.make_error("vct_ended", missing=missing_sections)
    word = line_reader.decode_line(line).strip()
    if not word.lower().endswith("begin"):
        raise line_reader.make_error(
            "vct_cut_between" if line_reader.ends_without_line_end else "vct_no_section", value=shorten_line(line)
        )
    line_reader.section = word[: -len("begin")]
    return line_reader.section.lower()


def _skip_section(section: str, line_reader: LineReader, remarks: FileRemarks) -> None:
    """Skip a section; add a remark if it has content."""
    start, end, count = line_reader.number, f"{section}end".encode(), 0
    while (line := line_reader.read_line().strip()).lower() != end:
        if line.lower() in _BEGIN_MARKS:
            line_reader.refuse_section_mark(line.decode())
        count += 1
    if count:
        remarks.add_remark("vct_note_section", start, section=line_reader.section)


def _refuse_utf8(line_reader: LineReader, structure: VctStructure) -> None:
    """Raise InputError for names in UTF-8.

    GBK would decode them wrongly without an error.
    """
    declared_names = [c.title for c in structure.feature_classes] + [
        c.name for t in structure.tables.values() for c in t.columns
    ]
    non_ascii = "".join(c for c in "".join(declared_names) if not c.isascii())
    if not non_ascii:
        return
    try:
        as_utf8 = non_ascii.encode("gb18030").decode("utf-8")
    except UnicodeDecodeError:
        return
    # Short GBK text may be valid UTF-8; only real UTF-8 gives common Chinese characters.
    if sum("\u4e00" <= c <= "\u9fff" for c in as_utf8) * 2 > len(as_utf8):
        raise line_reader.make_error("vct_utf8")


def read_vct(path: str | Path, *, merges_parts: bool = False) -> list[SourceLayer]:
    """Return all layers of a VCT file, completely in memory.

    ``merges_parts``: merge the parts of a feature into one row.
    """
    with open_vct(path, merges_parts=merges_parts) as vct:
        return read_all_layers(vct, str(path))


def read_all_layers(vct_file: VctFile, source: str) -> list[SourceLayer]:
    """Return every table of an open VCT file as a layer.

    A table without shapes gets the ``problem`` of layers without geometry.
    """
    frames: dict[str, list[gpd.GeoDataFrame]] = {}
    for table, frame in vct_file.read_batches():
        frames.setdefault(table.name, []).append(frame)
    layers = []
    for table in vct_file.tables:
        parts = frames[table.name]
        all_rows = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
        frame = gpd.GeoDataFrame(all_rows, geometry=all_rows.geometry.name, crs=vct_file.header.crs)
        infos = tuple(FieldInfo(c.name, c.type, c.length or None) for c in table.columns)
        problem: tuple[str, dict[str, Any]] | None = None if table.shape_kind else ("table", {})
        layers.append(SourceLayer(table.name, frame, infos, vct_file.header.crs, source, "GBK", problem=problem))
    if layers:
        layers[0].notices += vct_file.notes
    return layers

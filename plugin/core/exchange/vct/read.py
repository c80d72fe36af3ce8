# SPDX-License-Identifier: GPL-2.0-or-later
"""Read a VCT file in one pass.

Shapes go to scratch files first; then the rows are yielded in batches.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from ...base.errors import NEVER_CANCELLED, Cancellation, InputError, ProgressCallback
from ...base.files.writing import explain_os_error, is_write_error, make_access_error
from ...base.placeholders import join_first
from ...plan.io.records import choose_free_name
from ...plan.layer import FieldInfo, SourceLayer
from .geometry import ShapeReader
from .head import VctHeader, read_header
from .line_reader import LineReader, shorten_line
from .records import ANGLE_FIELD, KEY_FIELD, TEXT_FIELD
from .settings import VCT_SEPARATOR, FileRemarks, NoticeList
from .structure import SECTION_NAMES, VctStructure, VctTable, read_classes, read_tables
from .values import VALUE_PARSERS

#: Sections with shapes.
_GEOMETRY_SECTIONS = ("point", "line", "polygon", "annotation")
#: Begin marks, which do not occur inside other sections.
_BEGIN_MARKS = {f"{name}begin".encode() for name in (*_GEOMETRY_SECTIONS, "attribute", "style")}
#: Sections that occur once, in this order, before those that are not read.
_ORDERED_SECTIONS = ("featurecode", "tablestructure", *_GEOMETRY_SECTIONS, "attribute")
#: Number of rows in a batch, and bytes of shapes that close a batch earlier.
_BATCH_ROWS, _BATCH_BYTES = 5_000, 16_000_000
#: Number of merged features that a note lists.
_MAX_LISTED_FEATURES = 5


#: Text and angle of a row that is not annotation.
NO_TEXT: tuple[str, float | None] = ("", None)


@dataclass(slots=True)
class VctRow:
    """A row of a table: its id, its values by field, its WKB shape (``None`` if missing) and its line number.

    ``annotation_text``: text and angle of annotation. ``further_parts``: rows of the feature's other parts, which are
    not merged yet.
    """

    record_id: int
    values: list[Any]
    shape: bytes | None
    annotation_text: tuple[str, float | None] = NO_TEXT
    line_number: int = 0
    further_parts: list[VctRow] = field(default_factory=list)

    def continues(self, last: VctRow, key_column: int) -> bool:
        """Return True if this row is another part of the multipart feature in the row before.

        It is if its id follows the id of that feature's last part, and all values are equal. ``key_column``: index of
        the column of keys.
        """
        last_id = last.further_parts[-1].record_id if last.further_parts else last.record_id
        have_shapes = self.shape is not None and last.shape is not None
        is_equal = self.values[key_column] is not None and self.values == last.values
        return have_shapes and is_equal and self.record_id == last_id + 1


@dataclass
class VctRowBatch:
    """Some thousand rows of one table; ``shape_bytes``: size of all their shapes in bytes."""

    table: VctTable
    rows: list[VctRow] = field(default_factory=list)
    shape_bytes: int = 0

    def make_frame(self, crs: CRS) -> gpd.GeoDataFrame:
        """Return the rows as a GeoDataFrame with all fields.

        The geometry column is ``geometry``, with ``_`` added if a field has that name.
        """
        types = {"integer": "Int64", "real": "float64", "date": "datetime64[s]"}
        columns = {
            column.name: pd.Series([row.values[k] for row in self.rows], dtype=types.get(column.type, "object"))
            for k, column in enumerate(self.table.columns)
        }
        if self.table.shape_kind == "annotation":
            columns[TEXT_FIELD] = pd.Series([row.annotation_text[0] for row in self.rows], dtype="object")
            columns[ANGLE_FIELD] = pd.Series([row.annotation_text[1] for row in self.rows], dtype="float64")
        name = choose_free_name("geometry", columns)
        shapes = shapely.from_wkb(np.array([row.shape for row in self.rows], dtype=object))
        columns[name] = gpd.GeoSeries(shapes, crs=crs)
        return gpd.GeoDataFrame(pd.DataFrame(columns), geometry=name, crs=crs)


def merge_into_multipart(shapes: NDArray) -> BaseGeometry:
    """Merge (n,) points, lines or polygons into one multipart shape.

    Raises KeyError for another geometry type.
    """
    parts = shapely.get_parts(shapes)
    constructors = {0: shapely.multipoints, 1: shapely.multilinestrings, 3: shapely.multipolygons}
    return constructors[int(shapely.get_type_id(parts[0]))](parts)


def merge_feature_parts(batch: VctRowBatch, key_column: int | None) -> list[str]:
    """Merge the parts of each feature into one shape; return line and key of each.

    A file has a record and a row for each part, with successive ids and equal values. Parts that would form an invalid
    multipolygon remain separate rows.
    """
    merged_features: list[str] = []
    rows: list[VctRow] = []
    for row in batch.rows:
        rows.append(row)
        if row.further_parts:
            pieces = [row.shape, *(part.shape for part in row.further_parts)]
            merged_shape = merge_into_multipart(shapely.from_wkb(np.array(pieces, dtype=object)))
            if batch.table.shape_kind == "line" or shapely.is_valid(merged_shape):
                row.shape = shapely.to_wkb(merged_shape)
                key = "" if key_column is None else row.values[key_column]
                merged_features.append(f"{row.line_number} ({key})")
            else:
                rows += row.further_parts
    batch.rows = rows
    return merged_features


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
    notes: NoticeList = field(default_factory=list)
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
        yielded_tables, line_reader = set(), self.line_reader
        for batch in self._read_attributes():
            yielded_tables.add(batch.table.name)
            yield batch.table, batch.make_frame(self.header.crs)
        while (line := line_reader.read_raw_line_or_none()) is not None:
            if not line.strip().lower().endswith(b"begin"):
                raise line_reader.make_error(
                    "vct_cut_between" if line_reader.torn_line else "vct_no_section",
                    value=shorten_line(line),
                )
            line_reader.section = line.strip().decode("ascii", errors="replace")[: -len("begin")]
            if line_reader.section.lower() in ("head", *_ORDERED_SECTIONS):
                raise line_reader.make_error("vct_section_late")
            _skip_section(line_reader.section.lower(), line_reader, self.remarks)
        line_reader.torn_line = 0
        for batch in self._read_shapes_without_rows():
            yielded_tables.add(batch.table.name)
            yield batch.table, batch.make_frame(self.header.crs)
        for table in self.tables:
            if table.name not in yielded_tables:
                yield table, VctRowBatch(table).make_frame(self.header.crs)
        if any(self.header.position_offset):
            x, y = self.header.position_offset
            self.notes.append(("vct_note_offset", {"x": f"{x:g}", "y": f"{y:g}"}))
        if self.header.numbers_per_position == 3:
            self.notes.append(("vct_note_third", {}))
        self.notes += [(key, dict(params)) for (key, _), params in self.remarks.found.items()]

    def _read_attributes(self) -> Iterator[VctRowBatch]:
        """Yield the rows of all tables in batches, up to the end of the section.

        ``notes`` receives remarks on whole tables. InputError names the line of a row with a wrong number of values or
        an invalid value.
        """
        lines, tables_begun = self.line_reader, set[str]()
        while (word := lines.read_stripped_line()).lower() != "attributeend":
            table = self.structure.tables.get(word.upper())
            if table is None:
                lines.refuse_section_mark(word)
                raise lines.make_error("vct_unknown_table", table=word[:40])
            if table.name in tables_begun:
                raise lines.make_error("vct_rows_twice", table=table.name)
            tables_begun.add(table.name)
            yield from self._read_table(table)
        for name in sorted({t.name for t in self.structure.tables.values()} - tables_begun):
            self.remarks.add_remark("vct_note_no_rows", lines.number, table=name)

    def _read_table(self, table: VctTable) -> Iterator[VctRowBatch]:
        """Yield the rows of one table in batches, up to its line TableEnd.

        Add remarks on the table to ``notes``.
        """
        lines = self.line_reader
        batch, without_shape, first = VctRowBatch(table), 0, 0
        ids_with_row: set[int] = set()
        # The column 标识码 (BSM) is the key of a feature; only lines and polygons are merged from several rows.
        names = [column.name.upper() for column in table.columns]
        may_merge = self.merges_parts and table.shape_kind in ("polygon", "line") and KEY_FIELD in names
        key_column = names.index(KEY_FIELD) if may_merge else None
        merged_features: list[str] = []
        while (line := lines.read_line()).strip().lower() != b"tableend":
            record_id, values = self._parse_row(line, table)
            if record_id in ids_with_row:
                raise lines.make_error("vct_row_twice", id=record_id, table=table.name)
            ids_with_row.add(record_id)
            shape = self._read_shape_and_mark_used(record_id, table)
            if shape is None and table.shape_kind:
                if table.shape_kind not in self.shape_reader.sections:
                    raise lines.make_error(
                        "vct_section_missing", table=table.name, wanted=SECTION_NAMES[table.shape_kind]
                    )
                without_shape, first = without_shape + 1, first or lines.number
            batch.shape_bytes += len(shape or b"")
            row = VctRow(record_id, values, shape, self.shape_reader.texts.get(record_id, NO_TEXT), lines.number)
            if key_column is not None and batch.rows and row.continues(batch.rows[-1], key_column):
                batch.rows[-1].further_parts.append(row)
                continue
            if len(batch.rows) >= _BATCH_ROWS or batch.shape_bytes >= _BATCH_BYTES:
                self.cancellation.raise_if_cancelled()
                lines.report_progress()
                merged_features += merge_feature_parts(batch, key_column)
                yield batch
                batch = VctRowBatch(table, shape_bytes=len(shape or b""))
            batch.rows.append(row)
        if batch.rows:
            merged_features += merge_feature_parts(batch, key_column)
            yield batch
        if merged_features:
            listed = join_first(merged_features, limit=_MAX_LISTED_FEATURES)
            self.notes.append(
                ("vct_note_joined", {"layer": table.name, "count": len(merged_features), "features": listed})
            )
        if without_shape:
            self.notes.append(("vct_note_no_shape", {"layer": table.name, "count": without_shape, "line": first}))

    def _parse_row(self, line: bytes, table: VctTable) -> tuple[int, list[Any]]:
        """Return the id and the values (by column) of an attribute row.

        Raise InputError for an invalid row.
        """
        lines = self.line_reader
        if b"\0" in line:
            raise lines.make_error("vct_nul", table=table.name)
        cells = lines.decode_line(line).split(lines.separator)
        if len(cells) != len(table.columns) + 1:
            raise lines.make_error("vct_values", table=table.name, found=len(cells) - 1, count=len(table.columns))
        record_id = lines.parse_integer(cells[0])
        values: list[Any] = []
        for column, cell in zip(table.columns, cells[1:], strict=True):
            try:
                value = VALUE_PARSERS[column.type](cell) if cell.strip() else None
            except ValueError as error:
                params = {"field": column.name, "value": cell[:40], "of_type": column.type}
                raise lines.make_error("vct_value", table=table.name, **params) from error
            if isinstance(value, datetime):
                value = value.date()
                self.remarks.add_remark("vct_note_time", lines.number, layer=table.name, field=column.name)
            elif column.type == "real" and value is not None and abs(value) >= 2.0**53:
                declared = column.format_declaration().partition(VCT_SEPARATOR)[2]
                place = {"layer": table.name, "field": column.name, "declared": declared}
                self.remarks.add_remark("vct_note_digits", lines.number, **place)
            values.append(value)
        return record_id, values

    def _read_shape_and_mark_used(self, record_id: int, table: VctTable) -> bytes | None:
        """Return the shape (WKB) with a row's id and mark it as used.

        None if the table or the id has no shape. Raises InputError if another row has used the shape, or if it belongs
        to another table.
        """
        if not table.shape_kind:
            return None
        shapes, lines = self.shape_reader.shapes, self.line_reader
        record = int(shapes.find_records(np.array([record_id]))[0])
        if record < 0:
            return None
        if shapes.is_record_used[record]:
            raise lines.make_error("vct_row_twice", id=record_id, table=table.name)
        shapes.is_record_used[record] = True
        shape = shapes.read_content(record)
        # Types of WKB: 1 to 3, and multipart ones 4 to 6.
        shape_kind = ("point", "line", "polygon")[(int.from_bytes(shape[1:5], sys.byteorder) - 1) % 3]
        if shape_kind != ("point" if table.shape_kind == "annotation" else table.shape_kind):
            raise lines.make_error("vct_other_kind", id=record_id, table=table.name, of_type=shape_kind)
        code = self.shape_reader.codes[shapes.class_numbers[record]]
        if table.name.upper() not in self.structure.tables_of_code[code]:
            raise lines.make_error("vct_other_table", id=record_id, table=table.name, code=code)
        return shape

    def _read_shapes_without_rows(self) -> Iterator[VctRowBatch]:
        """Yield the shapes that no attribute row refers to, in batches of rows with empty fields.

        Each belongs to the table declared for its 要素代码 (feature class code).
        """
        shapes = self.shape_reader.shapes
        records_by_class: dict[int, list[int]] = {}
        for record in np.flatnonzero(~shapes.is_record_used).tolist():
            records_by_class.setdefault(shapes.class_numbers[record], []).append(record)
        for number, records in records_by_class.items():
            declared = self.structure.class_by_code[self.shape_reader.codes[number]]
            table = self.structure.tables.setdefault(declared.name.upper(), declared)
            params = {"layer": table.name, "count": len(records), "id": shapes.record_ids[records[0]]}
            self.notes.append(("vct_note_no_row", params))
            for start in range(0, len(records), _BATCH_ROWS):
                rows = [
                    VctRow(
                        shapes.record_ids[record],
                        [None] * len(table.columns),
                        shapes.read_content(record),
                        self.shape_reader.texts.get(shapes.record_ids[record], NO_TEXT),
                    )
                    for record in records[start : start + _BATCH_ROWS]
                ]
                yield VctRowBatch(table, rows)


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
        Merge the parts of a feature into one row (`merge_feature_parts`).

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
        raise make_access_error(path, error) from error
    with handle, tempfile.TemporaryDirectory(prefix="sanxian-", ignore_cleanup_errors=True) as folder:
        lines = LineReader(handle, str(path), progress)
        remarks = FileRemarks()
        head = read_header(lines, remarks)
        with closing(ShapeReader(Path(folder), head, cancellation, remarks)) as geometry:
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
        line_reader.torn_line = 0
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
            "vct_cut_between" if line_reader.torn_line else "vct_no_section", value=shorten_line(line)
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

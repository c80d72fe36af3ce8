# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the attribute rows of a VCT file and join them with their shapes by id."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import numpy as np

from ...base.cancellation import Cancellation
from .batch import BATCH_ROWS, VctRowBatch, continues_last_row, find_key_column, merge_feature_parts
from .geometry import ShapeReader
from .line_reader import LineReader
from .settings import VCT_SEPARATOR, FileRemarks
from .structure import SECTION_NAMES, VctStructure, VctTable
from .values import VALUE_PARSERS

NoticeList = list[tuple[str, dict[str, Any]]]
#: From here on a double cannot hold every integer: keys of 18 digits change.
_MAX_EXACT_INTEGER = 2.0**53
#: Number of merged features that a note lists.
_MAX_LISTED_FEATURES = 5


class AttributeReader:
    """Reader of a VCT file's attribute section.

    ``merges_parts``: merge rows that are parts of one multipart feature (`batch.continues_last_row`).
    """

    def __init__(
        self,
        line_reader: LineReader,
        structure: VctStructure,
        geometry: ShapeReader,
        remarks: FileRemarks,
        cancellation: Cancellation,
        merges_parts: bool = False,
    ):
        self.lines, self.structure, self.geometry = line_reader, structure, geometry
        self.remarks, self.cancellation, self.merges_parts = remarks, cancellation, merges_parts
        self._tables_of = [structure.tables_of_code.get(code, set()) for code in geometry.codes]

    def read_batches(self, notes: NoticeList) -> Iterator[VctRowBatch]:
        """Yield the rows of all tables in batches, up to the end of the section.

        ``notes`` receives remarks on whole tables. InputError names the line of a row with a wrong number of values or
        an invalid value.
        """
        lines, tables_begun = self.lines, set()
        while (word := lines.read_stripped_line()).lower() != "attributeend":
            table = self.structure.tables.get(word.upper())
            if table is None:
                lines.refuse_section_mark(word)
                raise lines.make_error("vct_unknown_table", table=word[:40])
            if table.name in tables_begun:
                raise lines.make_error("vct_rows_twice", table=table.name)
            tables_begun.add(table.name)
            yield from self._read_table(table, notes)
        for name in sorted({t.name for t in self.structure.tables.values()} - tables_begun):
            self.remarks.add_remark("vct_note_no_rows", lines.number, table=name)

    def _read_table(self, table: VctTable, notes: NoticeList) -> Iterator[VctRowBatch]:
        """Yield the rows of one table in batches, up to its line TableEnd.

        Add remarks on the table to ``notes``.
        """
        lines = self.lines
        batch, without_shape, first = VctRowBatch(table), 0, 0
        ids_with_row: set[int] = set()
        key_column = find_key_column(table) if self.merges_parts else None
        merged_features: list[str] = []
        while True:
            line = lines.read_line()
            if line.strip().lower() == b"tableend":
                break
            record_id, values = self._parse_row(line, table)
            if record_id in ids_with_row:
                raise lines.make_error("vct_row_twice", id=record_id, table=table.name)
            ids_with_row.add(record_id)
            shape = self._read_shape_and_mark_used(record_id, table)
            if shape is None and table.shape_kind:
                if table.shape_kind not in self.geometry.sections:
                    raise lines.make_error(
                        "vct_section_missing", table=table.name, wanted=SECTION_NAMES[table.shape_kind]
                    )
                without_shape, first = without_shape + 1, first or lines.number
            batch.shape_bytes += len(shape or b"")
            if (
                key_column is not None
                and shape is not None
                and continues_last_row(batch, record_id, values, key_column)
            ):
                batch.further_parts.setdefault(len(batch.ids) - 1, []).append((record_id, shape))
                continue
            if batch.is_full:
                self.cancellation.raise_if_cancelled()
                lines.report_progress()
                merged_features += merge_feature_parts(batch, key_column)
                yield batch
                batch = VctRowBatch(table, shape_bytes=len(shape or b""))
            batch.ids.append(record_id)
            batch.row_values.append(values)
            batch.line_numbers.append(lines.number)
            batch.shapes.append(shape)
            batch.annotation_texts.append(self.geometry.texts.get(record_id, ("", None)))
        if batch.ids:
            merged_features += merge_feature_parts(batch, key_column)
            yield batch
        if merged_features:
            more = " …" if len(merged_features) > _MAX_LISTED_FEATURES else ""
            listed = f"{', '.join(merged_features[:_MAX_LISTED_FEATURES])}{more}"
            notes.append(("vct_note_joined", {"layer": table.name, "count": len(merged_features), "features": listed}))
        if without_shape:
            notes.append(("vct_note_no_shape", {"layer": table.name, "count": without_shape, "line": first}))

    def _parse_row(self, line: bytes, table: VctTable) -> tuple[int, list[Any]]:
        """Return the id and the values (by column) of an attribute row.

        Raise InputError for an invalid row.
        """
        lines = self.lines
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
            elif column.type == "real" and value is not None and abs(value) >= _MAX_EXACT_INTEGER:
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
        shapes, lines = self.geometry.shapes, self.lines
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
        number = shapes.get_class_number(record)
        if table.name.upper() not in self._tables_of[number]:
            raise lines.make_error("vct_other_table", id=record_id, table=table.name, code=self.geometry.codes[number])
        return shape


def read_shapes_without_rows(
    structure: VctStructure, geometry: ShapeReader, notes: NoticeList
) -> Iterator[VctRowBatch]:
    """Yield the shapes that no attribute row refers to, in batches of rows with empty fields.

    Each belongs to the table declared for its 要素代码 (feature class code).
    """
    by_code: dict[int, list[int]] = {}
    for record in np.flatnonzero(~geometry.shapes.is_record_used).tolist():
        by_code.setdefault(geometry.shapes.get_class_number(record), []).append(record)
    for number, records in by_code.items():
        feature_class = structure.class_by_code[geometry.codes[number]]
        table = structure.tables.get(feature_class.table_name.upper())
        if table is None:
            table = structure.tables[feature_class.table_name.upper()] = VctTable(
                feature_class.table_name, (), feature_class.shape_kind, feature_class.class_code, feature_class.title
            )
        notes.append(
            (
                "vct_note_no_row",
                {"layer": table.name, "count": len(records), "id": geometry.shapes.get_record_id(records[0])},
            )
        )
        for start in range(0, len(records), BATCH_ROWS):
            batch = VctRowBatch(table)
            for record in records[start : start + BATCH_ROWS]:
                record_id = geometry.shapes.get_record_id(record)
                batch.ids.append(record_id)
                batch.row_values.append([None] * len(table.columns))
                batch.shapes.append(geometry.shapes.read_content(record))
                batch.annotation_texts.append(geometry.texts.get(record_id, ("", None)))
            yield batch

# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the geometry sections of a VCT file: points, lines, polygons, annotation; compare them with the header."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.errors import Cancellation
from ...geometry.crs import describe_crs, find_coordinate_problem, make_crs_label
from .head import VctHeader
from .line_reader import MAX_COORDINATE, LineReader
from .records import INDIRECT_COORDINATES, PLAIN_FEATURE, POLYGON_FEATURE, POLYLINE_SEGMENT
from .settings import FileRemarks, load_settings
from .stored_shapes import PolygonError, PolygonRecord, ShapeStore, make_polygons, trace_ring
from .structure import VctStructure

#: Number of records between two checks for cancellation.
_RECORDS_PER_CANCEL_CHECK = 2_000
#: The use of a line: boundary of polygons only, or also a feature.
_BOUNDARY_LINE, _FEATURE_LINE = 0, 1
#: Length of a degree of latitude in metres.
_DEGREE_M = 111_320.0
#: Largest northing in China, in metres.
_MAX_NORTHING_M = 6_700_000.0
#: Largest rounding error of a printed decimal number, as a share of a minute.
_MINUTE_ROUNDING = 1e-7
#: Seconds that rounding in print turns into sixty.
_MAX_SECONDS = 60.0001


class ShapeReader:
    """All shapes of a VCT file, in scratch files.

    ``shapes``: features as WKB by id; ``lines``: positions by id of all lines, from which polygons are assembled;
    ``places``: positions of points and annotation; ``texts``: text and angle of annotation by id; ``codes``: 要素代码
    (feature class codes) by the number stored with each shape; ``sections``: sections read so far.
    """

    def __init__(self, folder: Path, header: VctHeader, cancellation: Cancellation, remarks: FileRemarks):
        self.head, self.cancellation, self.remarks = header, cancellation, remarks
        self.shapes, self.lines = ShapeStore(folder / "shapes"), ShapeStore(folder / "lines")
        self.places = ShapeStore(folder / "places")
        self.texts: dict[int, tuple[str, float | None]] = {}
        self.codes: list[str] = []
        self.sections: set[str] = set()
        self._boundary_code = load_settings().bounding_code
        self._plain_style = load_settings().style.encode("gbk")
        self._sealed_lines = False
        self._unassembled_records: list[PolygonRecord] = []

    def close(self) -> None:
        """Close the scratch files."""
        for store in (self.shapes, self.lines, self.places):
            store.close()

    def read_section(self, section: str, line_reader: LineReader, structure: VctStructure) -> None:
        """Read all records of one section: point, line, polygon or annotation."""
        self.sections.add(section)
        if section == "polygon":
            self._prepare_lines_for_lookup(line_reader)
        elif section == "line":
            # Lines after polygons: boundaries would be missing, but line features are valid.
            self._sealed_lines = False
        record = {
            "point": self._read_point,
            "line": self._read_line,
            "polygon": self._read_polygon,
            "annotation": self._read_annotation,
        }[section]
        end, count = f"{section}end", 0
        codes_of_section = {c.class_code for c in structure.feature_classes if c.shape_kind == section}
        while True:
            word = line_reader.read_stripped_line()
            if word.lower() == end:
                break
            start = line_reader.number
            ident = line_reader.parse_integer(word)
            if ident < 1:
                raise line_reader.make_error("vct_id", id=ident)
            code = line_reader.read_stripped_line()
            if code not in structure.class_by_code:
                if code != self._boundary_code or section != "line":
                    raise line_reader.make_error("vct_unknown_code", code=code[:40])
            elif code not in codes_of_section and section != "annotation":
                raise line_reader.make_error(
                    "vct_code_kind", code=code[:40], of_type=structure.class_by_code[code].shape_kind or "table"
                )
            style = line_reader.read_line().strip()
            if style != self._plain_style and style:
                self.remarks.add_remark("vct_note_symbols", line_reader.number)
            record(ident, code, start, line_reader)
            count += 1
            if count % _RECORDS_PER_CANCEL_CHECK == 0:
                self._make_polygons(line_reader)
                self.cancellation.raise_if_cancelled()
                line_reader.report_progress()
        self._make_polygons(line_reader)

    def _read_positions(self, line_reader: LineReader, count: int) -> NDArray:
        """Return the next ``count`` positions as x and y (count, 2).

        Axes are swapped and the offset is added as the header states.
        """
        xy = line_reader.read_positions(count, self.head.numbers_per_position)
        if self.head.is_northing_first:
            xy = xy[:, ::-1]
        return xy + self.head.position_offset if any(self.head.position_offset) else np.ascontiguousarray(xy)

    def _store_shape(self, record_id: int, wkb: bytes, first_line_number: int, code: str) -> None:
        """Store a shape under its id; ``code``: its feature class code, of which the number in ``codes`` is stored."""
        if code not in self.codes:
            self.codes.append(code)
        self.shapes.append_content(record_id, wkb, first_line_number, self.codes.index(code))

    def _check_feature_type(self, section: str, line_reader: LineReader) -> None:
        """Read a record's geometry type; add a remark if it is not 1 (plain).

        Types up to 9 are read like 1. Raises InputError for others.
        """
        feature_type = line_reader.read_integer()
        if feature_type != PLAIN_FEATURE:
            # Types of features other than the plain one (nodes, directed points, clusters …) have small numbers.
            if not PLAIN_FEATURE < feature_type <= 9:
                raise line_reader.make_error("vct_unsupported", found=feature_type, wanted=PLAIN_FEATURE)
            self.remarks.add_remark("vct_note_types", line_reader.number, section=section, type=feature_type)

    def _read_point(self, record_id: int, code: str, first_line_number: int, line_reader: LineReader) -> None:
        """Read and store a record of one point or several."""
        self._check_feature_type("Point", line_reader)
        count = line_reader.read_count()
        xy = self._read_positions(line_reader, count)
        line_reader.expect_record_end(record_id)
        if not count:
            raise line_reader.make_error("vct_no_points", id=record_id)
        self.places.append_content(record_id, xy.tobytes(), first_line_number)
        shape = shapely.points(xy[0]) if count == 1 else shapely.multipoints(xy)
        self._store_shape(record_id, shapely.to_wkb(shape), first_line_number, code)

    def _read_line(self, record_id: int, code: str, first_line_number: int, line_reader: LineReader) -> None:
        """Read a record of segments and store them as one line.

        A boundary line is stored for polygons only.
        """
        self._check_feature_type("Line", line_reader)
        parts: list[NDArray] = []
        segments = line_reader.read_count()
        # A larger count means arcs or splines, whose type number is read as a count.
        if segments > 1_000_000:
            raise line_reader.make_error("vct_count_value", value=segments)
        for _ in range(segments):
            self._expect_type(line_reader, POLYLINE_SEGMENT)
            xy = self._read_positions(line_reader, line_reader.read_count())
            if len(xy) < 2:
                raise line_reader.make_error("vct_no_points", id=record_id)
            # A segment continues at the end of the one before, with or without repeating its last point.
            joins_last = bool(parts) and bool((parts[-1][-1] == xy[0]).all())
            if parts and not joins_last:
                self.remarks.add_remark("vct_note_segments", first_line_number, record_id)
            parts.append(xy[1:] if joins_last else xy)
        line_reader.expect_record_end(record_id)
        if not parts:
            raise line_reader.make_error("vct_no_points", id=record_id)
        vertices = np.concatenate(parts) if len(parts) > 1 else parts[0]
        is_boundary = code == self._boundary_code
        self.lines.append_content(
            record_id, vertices.tobytes(), first_line_number, _BOUNDARY_LINE if is_boundary else _FEATURE_LINE
        )
        if not is_boundary:
            self._store_shape(record_id, shapely.to_wkb(shapely.linestrings(vertices)), first_line_number, code)

    def _read_polygon(self, record_id: int, code: str, first_line_number: int, line_reader: LineReader) -> None:
        """Read a polygon's boundary line ids; its label point is not used.

        Keep the record until `_make_polygons` assembles it.

        Raises InputError for an unknown line and for rings that do not close.
        """
        self._expect_type(line_reader, POLYGON_FEATURE)
        self._read_positions(line_reader, 1)
        self._expect_type(line_reader, INDIRECT_COORDINATES)
        count = line_reader.read_count()
        items: list[int] = []
        while len(items) < count:
            numbers = line_reader.split_numbers(line_reader.read_line())
            items += [line_reader.parse_integer(number) for number in numbers if number.strip()]
        if len(items) > count:
            raise line_reader.make_error("vct_items", id=record_id, count=count, found=len(items))
        line_reader.expect_record_end(record_id)
        try:
            # A 0 separates two rings.
            rings = [trace_ring(list(ids), self.lines) for is_line, ids in groupby(items, bool) if is_line]
            if not rings:
                raise PolygonError("vct_no_ring")
        except PolygonError as error:
            line_reader.number = first_line_number
            is_line_section_missing = error.key == "vct_unknown_line" and "line" not in self.sections
            raise line_reader.make_error(
                "vct_polygons_first" if is_line_section_missing else error.key, id=record_id, **error.params
            ) from error
        self._unassembled_records.append(PolygonRecord(record_id, code, first_line_number, rings))

    def _make_polygons(self, line_reader: LineReader) -> None:
        """Assemble and store the polygons whose records were read since the last call."""
        records, self._unassembled_records = self._unassembled_records, []
        if not records:
            return
        contents = shapely.to_wkb(make_polygons(records, line_reader, self.remarks)).tolist()
        for record, content in zip(records, contents, strict=True):
            self._store_shape(record.record_id, content, record.line_number, record.class_code)

    def _read_annotation(self, record_id: int, code: str, first_line_number: int, line_reader: LineReader) -> None:
        """Read and store a record of annotation: its position, text and angle."""
        self._check_feature_type("Annotation", line_reader)
        text = line_reader.read_text_or_blank_line()
        line = line_reader.read_stripped_line()
        try:
            numbers = [float(part) for part in line.split(line_reader.separator)]
        except ValueError as error:
            raise line_reader.make_error("vct_position", value=line[:40]) from error
        if not 2 <= len(numbers) <= 3 or not (np.abs(numbers) <= MAX_COORDINATE).all() or "_" in line:
            raise line_reader.make_error("vct_position", value=line[:40])
        line_reader.expect_record_end(record_id)
        xy = np.array([numbers[:2]])
        xy = (xy[:, ::-1] if self.head.is_northing_first else xy) + self.head.position_offset
        self.texts[record_id] = (text, numbers[2] if len(numbers) > 2 else None)
        self.places.append_content(record_id, np.ascontiguousarray(xy).tobytes(), first_line_number)
        self._store_shape(record_id, shapely.to_wkb(shapely.points(xy[0])), first_line_number, code)

    @staticmethod
    def _expect_type(line_reader: LineReader, expected: int) -> None:
        """Read the next line as a type number; raise InputError if it is not ``expected``."""
        if (feature_type := line_reader.read_integer()) != expected:
            raise line_reader.make_error("vct_unsupported", found=feature_type, wanted=expected)

    def _prepare_lines_for_lookup(self, line_reader: LineReader) -> None:
        """Prepare the stored lines, once, for access by id; raise InputError for a repeated id."""
        if not self._sealed_lines:
            self._sealed_lines = True
            _refuse_repeated_id(self.lines.prepare_reading(), line_reader)

    def prepare_lookup_and_verify_positions(self, line_reader: LineReader) -> None:
        """Prepare all shapes for access by id, and verify their positions.

        Raises InputError for a repeated id, for boundary lines without polygons, and for positions that contradict the
        header.
        """
        self._prepare_lines_for_lookup(line_reader)
        _refuse_repeated_id(self.shapes.prepare_reading(), line_reader)
        is_boundary = np.array(self.lines.class_numbers, dtype=np.int32) == _BOUNDARY_LINE
        unused = np.flatnonzero(is_boundary & ~self.lines.is_record_used)
        if len(unused):
            first = int(unused[0])
            if not self.lines.is_record_used.any():
                line_reader.number = self.lines.line_numbers[first]
                raise line_reader.make_error("vct_no_polygons", count=len(unused))
            line_number, line_id = self.lines.line_numbers[first], self.lines.record_ids[first]
            self.remarks.add_remark("vct_note_unused_lines", line_number, line_id, len(unused))
        verify_positions(self.head, [self.lines, self.places], line_reader, self.remarks)


def _refuse_repeated_id(repeated_record: tuple[int, int, int] | None, line_reader: LineReader) -> None:
    """Raise InputError if ``repeated_record`` is not None.

    It is the repeated id, its line, and the line where the id occurs first.
    """
    if repeated_record is not None:
        ident, line_reader.number, first = repeated_record
        raise line_reader.make_error("vct_twice", id=ident, first=first)


def verify_positions(
    header: VctHeader, stores: list[ShapeStore], line_reader: LineReader, remarks: FileRemarks
) -> None:
    """Raise InputError for positions outside the zone of the header, and for degrees written as DD.MMSS.

    A declared extent that differs from the data gets a remark.
    """
    corners = [(xy.min(axis=0), xy.max(axis=0)) for store in stores for xy in store.iterate_position_blocks()]
    if not corners:
        return
    lows, highs = np.array(corners).swapaxes(0, 1)
    bounds = np.array([lows.min(axis=0), highs.max(axis=0)])
    if _find_problem(header, bounds):
        frame = describe_crs(header.crs)
        outside = [
            (store, record)
            for store in stores
            for record in range(len(store.record_ids))
            if _find_problem(header, store.read_positions(record))
        ]
        store, record = outside[0]
        problems = ((x, y, _find_problem(header, np.array([[x, y]]))) for x, y in store.read_positions(record).tolist())
        x, y, kind = next((x, y, problem) for x, y, problem in problems if problem)
        line_reader.number = store.line_numbers[record]
        raise line_reader.make_error(
            f"vct_place_{kind}" + ("_degrees" if kind == "beyond" and frame.is_geographic else ""),
            count=len(outside),
            crs=make_crs_label(header.crs),
            meridian=f"{frame.central_meridian or 0:g}",
            x=f"{x:.10g}",
            y=f"{y:.10g}",
            id=store.record_ids[record],
        )
    if describe_crs(header.crs).is_geographic and not any(header.position_offset):
        for store in stores:
            _refuse_packed_degrees(store, line_reader)
    if header.declared_extent is not None:
        # It may have the northing first, as the positions may, and may be given before the offset is added.
        extent, line_number = header.declared_extent
        extents = [extent, extent[:, ::-1]] if header.is_northing_first else [extent]
        extents += [corner_pair + header.position_offset for corner_pair in extents]
        differences = [float(np.abs(corner_pair - bounds).max()) for corner_pair in extents]
        distance = min(differences) * (_DEGREE_M if describe_crs(header.crs).is_geographic else 1.0)
        if distance > load_settings().extent_differs_m:
            texts = {
                name: " – ".join(", ".join(f"{value:.10g}" for value in corner) for corner in corners.tolist())
                for name, corners in (("extent", extents[int(np.argmin(differences))]), ("data", bounds))
            }
            remarks.add_remark("vct_note_extent", line_number, distance=f"{distance:.0f}", **texts)


def _find_problem(header: VctHeader, xy: NDArray) -> str:
    """Return the kind of problem (`find_coordinate_problem`) of positions (n, 2) outside the zone, empty without one.

    Both corners are judged by themselves: a position beyond one side is found, however far the others reach.
    """
    for x, y in (xy.min(axis=0), xy.max(axis=0)):
        if problem := find_coordinate_problem(header.crs, (x, y, x, y)):
            return problem[0]
        if not 0 <= y <= _MAX_NORTHING_M:
            return "beyond"
    return ""


def _refuse_packed_degrees(store: ShapeStore, line_reader: LineReader) -> None:
    """Raise InputError if all minutes and seconds of many positions are below 60: degrees written as DD.MMSS.

    Points, lines and polygons are judged separately, because a file may have only its points in this notation.
    """
    minutes: set[int] = set()
    seconds: set[int] = set()
    for xy in store.iterate_position_blocks():
        hundredths = xy % 1 * 100
        minute = np.floor(hundredths + _MINUTE_ROUNDING)
        second = (hundredths - minute) * 100
        if (minute >= 60).any() or (second > _MAX_SECONDS).any():
            return
        # The sign keeps the full minutes of both axes distinct.
        minutes.update(np.unique((np.floor(xy) * 100 + minute + 1) * (1, -1)).tolist())
        seconds.update(np.unique(np.floor(second)).tolist())
    settings = load_settings()
    if len(minutes) >= settings.packed_minutes and len(seconds) >= settings.packed_seconds:
        x, y = (f"{value:.10g}" for value in store.read_positions(0)[0].tolist())
        line_reader.number = store.line_numbers[0]
        raise line_reader.make_error("vct_place_packed", id=store.record_ids[0], x=x, y=y)

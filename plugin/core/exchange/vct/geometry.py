# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the sections of shapes: points, lines, polygons of lines, annotation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ...cancellation import Cancellation
from ...geometry.crs import describe_crs
from .head import Head
from .lines import FARTHEST, Lines
from .location_check import Bounds, verify_location
from .polygons import PolygonError, PolygonRecord, assemble_rings, has_stray_separator, make_polygons
from .records import INDIRECT, PLAIN, POLYGON, POLYLINE
from .settings import Remarks, load_settings
from .store import Store
from .structure import Structure

#: Number of records between two checks for cancellation.
_CHECK_EVERY = 2_000
#: A larger count means arcs or splines, whose type number is read as a count.
_MOST_SEGMENTS = 1_000_000
#: Types of features other than the plain one (nodes, directed points, clusters …) have small numbers.
_MOST_TYPES = 9
#: The use of a line: boundary of polygons only, or also a feature.
_BOUNDING, _FEATURE = 0, 1


class Geometry:
    """The shapes of a file.

    ``shapes``: features as WKB by id; ``lines``: positions of all lines by id, for polygons; ``places``: positions of
    points and annotation; ``texts``: text and angle of annotation by id; ``codes``: 要素代码 by the number stored with
    each shape; ``sections``: sections already read.
    """

    def __init__(self, folder: Path, head: Head, cancellation: Cancellation, remarks: Remarks):
        self.head, self.cancellation, self.remarks = head, cancellation, remarks
        self.shapes, self.lines = Store(folder / "shapes"), Store(folder / "lines")
        self.places = Store(folder / "places")
        self.texts: dict[int, tuple[str, float | None]] = {}
        self.codes: list[str] = []
        self.bounds: Bounds | None = None
        self.sections: set[str] = set()
        self._numbers: dict[str, int] = {}
        self.several = False
        self._bounding = load_settings().bounding_code
        self._plain_style = load_settings().style.encode("gbk")
        self.geographic = describe_crs(head.crs).geographic
        self._sealed_lines = False
        self._drafts: list[PolygonRecord] = []

    def __enter__(self) -> Geometry:
        return self

    def __exit__(self, *error: Any) -> None:
        for store in (self.shapes, self.lines, self.places):
            store.close()

    def read(self, section: str, lines: Lines, structure: Structure) -> None:
        """Read all records of a section."""
        self.sections.add(section)
        if section == "polygon":
            self._seal_lines(lines)
        elif section == "line":
            # Lines after polygons: boundaries would be missing, but line features are valid.
            self._sealed_lines = False
        record = {
            "point": self._point,
            "line": self._line,
            "polygon": self._polygon,
            "annotation": self._annotation,
        }[section]
        end, count = f"{section}end", 0
        while True:
            word = lines.word()
            if word.lower() == end:
                break
            start = lines.number
            ident = lines.number_of(word)
            if ident < 1:
                raise lines.error("vct_id", id=ident)
            record(ident, self._code(section, lines, structure), start, lines)
            count += 1
            if count % _CHECK_EVERY == 0:
                self._make_polygons(lines)
                self.cancellation.raise_if_cancelled()
                lines.report_progress()
        self._make_polygons(lines)

    def _code(self, section: str, lines: Lines, structure: Structure) -> str:
        """Read the 要素代码 and the symbol after it, which is not retained."""
        code = lines.word()
        if code not in structure.codes:
            if code != self._bounding or section != "line":
                raise lines.error("vct_unknown_code", code=code[:40])
        elif section not in structure.kinds[code] and section != "annotation":
            raise lines.error("vct_code_kind", code=code[:40], of_type=structure.codes[code].kind or "table")
        style = lines.line().strip()
        if style != self._plain_style and style:
            self.remarks.add("vct_note_symbols", lines.number)
        return code

    def _positions(self, lines: Lines, count: int) -> NDArray:
        xy = lines.coordinates(count, self.head.dim)
        if self.head.swapped:
            xy = xy[:, ::-1]
        return xy + self.head.offset if any(self.head.offset) else np.ascontiguousarray(xy)

    def _number(self, code: str) -> int:
        if code not in self._numbers:
            self._numbers[code] = len(self.codes)
            self.codes.append(code)
        return self._numbers[code]

    def _keep(self, ident: int, shape: Any, start: int, code: str) -> None:
        self.several = self.several or shapely.get_type_id(shape) >= 4
        self.shapes.put(ident, shapely.to_wkb(shape), start, self._number(code))

    def _type(self, section: str, lines: Lines) -> None:
        """Read the type of a feature; types other than 1 (plain) are read as plain and noted."""
        found = lines.whole()
        if found != PLAIN:
            if not PLAIN < found <= _MOST_TYPES:
                raise lines.error("vct_unsupported", found=found, wanted=PLAIN)
            self.remarks.add("vct_note_types", lines.number, section=section, type=found)

    def _point(self, ident: int, code: str, start: int, lines: Lines) -> None:
        self._type("Point", lines)
        count = lines.count()
        xy = self._positions(lines, count)
        lines.end_of_record(ident)
        if not count:
            raise lines.error("vct_no_points", id=ident)
        self.places.put(ident, xy.tobytes(), start)
        self._keep(ident, shapely.points(xy[0]) if count == 1 else shapely.multipoints(xy), start, code)

    def _line(self, ident: int, code: str, start: int, lines: Lines) -> None:
        self._type("Line", lines)
        parts: list[NDArray] = []
        segments = lines.count()
        if segments > _MOST_SEGMENTS:
            raise lines.error("vct_count_value", value=segments)
        for _ in range(segments):
            self._is(lines, POLYLINE)
            xy = self._positions(lines, lines.count())
            if len(xy) < 2:
                raise lines.error("vct_no_points", id=ident)
            # A segment continues at the end of the one before, with or without repeating its last point.
            meets = bool(parts) and bool((parts[-1][-1] == xy[0]).all())
            if parts and not meets:
                self.remarks.add("vct_note_segments", start, ident)
            parts.append(xy[1:] if meets else xy)
        lines.end_of_record(ident)
        if not parts:
            raise lines.error("vct_no_points", id=ident)
        whole = np.concatenate(parts) if len(parts) > 1 else parts[0]
        bounding = code == self._bounding
        self.lines.put(ident, whole.tobytes(), start, _BOUNDING if bounding else _FEATURE)
        if not bounding:
            if (whole == whole[0]).all():
                self.remarks.add("vct_note_flat", start, ident)
            self._keep(ident, shapely.linestrings(whole), start, code)

    def _polygon(self, ident: int, code: str, start: int, lines: Lines) -> None:
        self._is(lines, POLYGON)
        label = self._positions(lines, 1)[0]
        self._is(lines, INDIRECT)
        count = lines.count()
        items: list[int] = []
        while len(items) < count:
            items += lines.wholes()
        if len(items) > count:
            raise lines.error("vct_items", id=ident, count=count, found=len(items))
        lines.end_of_record(ident)
        if 0 in items and has_stray_separator(items):
            self.remarks.add("vct_note_ring_empty", start, ident)
        try:
            found = assemble_rings(items, self.lines)
        except PolygonError as error:
            lines.number = start
            late = error.key == "vct_unknown_line" and "line" not in self.sections
            raise lines.error("vct_polygons_first" if late else error.key, id=ident, **error.params) from error
        self._drafts.append(PolygonRecord(ident, code, start, found, label))

    def _make_polygons(self, lines: Lines) -> None:
        """Make polygons of the records read since the last call."""
        drafts, self._drafts = self._drafts, []
        if not drafts:
            return
        shapes = make_polygons(drafts, self.geographic, lines, self.remarks)
        self.several = self.several or bool((shapely.get_type_id(shapes) >= 4).any())
        for draft, content in zip(drafts, shapely.to_wkb(shapes).tolist(), strict=True):
            self.shapes.put(draft.ident, content, draft.line, self._number(draft.code))

    def _annotation(self, ident: int, code: str, start: int, lines: Lines) -> None:
        self._type("Annotation", lines)
        text = lines.text_or_blank()
        if not text.strip():
            self.remarks.add("vct_note_no_text", start, ident)
        numbers = self._numbers_of(lines)
        lines.end_of_record(ident)
        xy = np.array([numbers[:2]])
        xy = (xy[:, ::-1] if self.head.swapped else xy) + self.head.offset
        self.texts[ident] = (text, numbers[2] if len(numbers) > 2 else None)
        least, most = load_settings().angles
        if len(numbers) > 2 and not least <= numbers[2] <= most:
            self.remarks.add_example("vct_note_angle", start, f"{numbers[2]:g}", 1, declared=f"{least:g}–{most:g}")
        self.places.put(ident, np.ascontiguousarray(xy).tobytes(), start)
        self._keep(ident, shapely.points(xy[0]), start, code)

    @staticmethod
    def _numbers_of(lines: Lines) -> list[float]:
        line = lines.word()
        try:
            found = [float(part) for part in line.split(lines.separator)]
        except ValueError as error:
            raise lines.error("vct_position", value=line[:40]) from error
        if not 2 <= len(found) <= 3 or not (np.abs(found) <= FARTHEST).all() or "_" in line:
            raise lines.error("vct_position", value=line[:40])
        return found

    @staticmethod
    def _is(lines: Lines, wanted: int) -> None:
        if (found := lines.whole()) != wanted:
            raise lines.error("vct_unsupported", found=found, wanted=wanted)

    def _seal_lines(self, lines: Lines) -> None:
        if not self._sealed_lines:
            self._sealed_lines = True
            _refuse_twice(self.lines.seal(), lines)

    def seal(self, lines: Lines) -> None:
        """Finish the shapes for access by id, and verify positions.

        Raises InputError for a repeated id, for boundary lines without polygons, and for impossible positions.
        """
        self._seal_lines(lines)
        _refuse_twice(self.shapes.seal(), lines)
        unused = self.lines.unused(_BOUNDING)
        if len(unused):
            first = int(unused[0])
            if not self.lines.used.any():
                lines.number = self.lines.line(first)
                raise lines.error("vct_no_polygons", count=len(unused))
            self.remarks.add("vct_note_unused_lines", self.lines.line(first), self.lines.id(first), len(unused))
        self._note_shared_ids()
        self.bounds = verify_location(self.head, [self.lines, self.places], lines, self.remarks)

    def _note_shared_ids(self) -> None:
        """Note ids common to a boundary line and a feature.

        Rows can only refer to the feature.
        """
        bounding = self.lines.ids_of(_BOUNDING)
        places = self.shapes.find(bounding)
        both = places[places >= 0]
        if len(both):
            first = int(both[0])
            self.remarks.add("vct_note_shared_ids", self.shapes.line(first), self.shapes.id(first), len(both))

    def notes(self, lines: Lines) -> list[tuple[str, dict[str, Any]]]:
        """Return notes on changes of positions."""
        notes: list[tuple[str, dict[str, Any]]] = []
        if any(self.head.offset):
            notes.append(("vct_note_offset", {"x": f"{self.head.offset[0]:g}", "y": f"{self.head.offset[1]:g}"}))
        coarse = load_settings().coarse_degrees if self.geographic else load_settings().coarse_m
        if lines.coarsest > coarse:
            unit = "°" if self.geographic else "m"
            params = {
                "count": lines.coarse_count,
                "line": lines.coarse_line,
                "step": f"{lines.coarsest:g}",
                "unit": unit,
            }
            notes.append(("vct_note_coarse", params))
        if self.head.dim == 3:
            notes.append(("vct_note_third", {}))
        return notes


def _refuse_twice(twice: tuple[int, int, int] | None, lines: Lines) -> None:
    if twice is not None:
        ident, lines.number, first = twice
        raise lines.error("vct_twice", id=ident, first=first)

# SPDX-License-Identifier: GPL-2.0-or-later
"""The sections of shapes: points, lines, polygons of lines, annotation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from .assemble import Broken, polygon
from .head import Head
from .lines import FARTHEST, Lines
from .records import INDIRECT, POLYGON, POLYLINE
from .settings import load_settings
from .store import Store
from .structure import Structure

#: Records between two questions whether to stop.
_CHECK_EVERY = 2_000
#: Arcs and splines by the number of their type: more than a line's points would have to be read.
_MOST_SEGMENTS = 1_000_000


class Geometry:
    """``shapes``: features as WKB by id; ``lines``: positions of all lines by id, for polygons; ``texts``: annotation's
    text and angle by id; ``codes``: 要素代码 by the number kept with each shape."""

    def __init__(self, folder: Path, head: Head, check: Callable[[], None]):
        self.head, self.check = head, check
        self.shapes, self.lines = Store(folder / "shapes"), Store(folder / "lines")
        self.texts: dict[int, tuple[str, float | None]] = {}
        self.codes: list[str] = []
        self._numbers: dict[str, int] = {}
        self.several = False
        self._bounding = load_settings().bounding_code
        self._sealed_lines = False

    def __enter__(self) -> Geometry:
        return self

    def __exit__(self, *error: Any) -> None:
        self.shapes.close()
        self.lines.close()

    def read(self, section: str, lines: Lines, structure: Structure) -> None:
        """All records of a section."""
        if section == "polygon":
            self._seal_lines(lines)
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
                return
            start = lines.number
            record(lines.number_of(word), self._code(lines, structure), start, lines)
            count += 1
            if count % _CHECK_EVERY == 0:
                self.check()

    def _code(self, lines: Lines, structure: Structure) -> str:
        """The 要素代码 and, after it, the symbol, which is not kept."""
        code = lines.word()
        if code not in structure.codes and code != self._bounding:
            raise lines.error("vct_unknown_code", code=code[:40])
        lines.line()
        return code

    def _positions(self, lines: Lines, count: int) -> NDArray:
        xy = lines.coordinates(count, self.head.dim)
        if self.head.swapped:
            xy = xy[:, ::-1]
        return xy + self.head.offset if any(self.head.offset) else np.ascontiguousarray(xy)

    def _keep(self, ident: int, shape: Any, start: int, code: str) -> None:
        if code not in self._numbers:
            self._numbers[code] = len(self.codes)
            self.codes.append(code)
        self.several = self.several or shapely.get_type_id(shape) >= 4
        self.shapes.put(ident, shapely.to_wkb(shape), start, self._numbers[code])

    def _point(self, ident: int, code: str, start: int, lines: Lines) -> None:
        lines.whole()
        count = lines.count()
        xy = self._positions(lines, count)
        lines.end_of_record(ident)
        if not count:
            raise lines.error("vct_no_points", id=ident)
        self._keep(ident, shapely.points(xy[0]) if count == 1 else shapely.multipoints(xy), start, code)

    def _line(self, ident: int, code: str, start: int, lines: Lines) -> None:
        lines.whole()
        parts: list[NDArray] = []
        segments = lines.count()
        if segments > _MOST_SEGMENTS:
            raise lines.error("vct_number", value=segments)
        for _ in range(segments):
            self._is(lines, POLYLINE)
            xy = self._positions(lines, lines.count())
            if len(xy) < 2:
                raise lines.error("vct_no_points", id=ident)
            # Segments of one line go on where the one before ends, with its last point or after it.
            parts.append(xy[1:] if parts and (parts[-1][-1] == xy[0]).all() else xy)
        lines.end_of_record(ident)
        if not parts:
            raise lines.error("vct_no_points", id=ident)
        whole = np.concatenate(parts)
        self.lines.put(ident, whole.tobytes(), start)
        if code != self._bounding:
            self._keep(ident, shapely.linestrings(whole), start, code)

    def _polygon(self, ident: int, code: str, start: int, lines: Lines) -> None:
        self._is(lines, POLYGON)
        self._positions(lines, 1)
        self._is(lines, INDIRECT)
        count = lines.count()
        items: list[int] = []
        while len(items) < count:
            items += lines.wholes()
        if len(items) > count:
            raise lines.error("vct_items", id=ident, count=count, found=len(items))
        lines.end_of_record(ident)
        try:
            shape = polygon(items, self.lines)
        except Broken as error:
            lines.number = start
            raise lines.error(error.key, id=ident, **error.params) from error
        self._keep(ident, shape, start, code)

    def _annotation(self, ident: int, code: str, start: int, lines: Lines) -> None:
        lines.whole()
        text = lines.text_or_blank()
        numbers = self._numbers_of(lines)
        lines.end_of_record(ident)
        xy = np.array([numbers[:2]])
        xy = (xy[:, ::-1] if self.head.swapped else xy) + self.head.offset
        self.texts[ident] = (text, numbers[2] if len(numbers) > 2 else None)
        self._keep(ident, shapely.points(xy[0]), start, code)

    @staticmethod
    def _numbers_of(lines: Lines) -> list[float]:
        line = lines.word()
        try:
            found = [float(part) for part in line.split(lines.separator)]
        except ValueError as error:
            raise lines.error("vct_position", value=line[:40]) from error
        if len(found) < 2 or not (np.abs(found) <= FARTHEST).all():
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
        """Make shapes ready to be asked for. InputError for an id that came twice."""
        self._seal_lines(lines)
        _refuse_twice(self.shapes.seal(), lines)

    def notes(self) -> list[tuple[str, dict[str, Any]]]:
        """What was done to positions."""
        notes: list[tuple[str, dict[str, Any]]] = []
        if any(self.head.offset):
            notes.append(("vct_note_offset", {"x": f"{self.head.offset[0]:g}", "y": f"{self.head.offset[1]:g}"}))
        if self.head.dim == 3:
            notes.append(("vct_note_third", {}))
        return notes


def _refuse_twice(twice: tuple[int, int, int] | None, lines: Lines) -> None:
    if twice is not None:
        ident, lines.number, first = twice
        raise lines.error("vct_twice", id=ident, first=first)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Scratch files of shapes, and the polygons of a VCT file assembled from stored boundary lines.

Rings may be in another order than the format requires: nesting then decides which are holes.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.errors import KeyedError
from .line_reader import LineReader
from .settings import FileRemarks

#: Bytes of a position: two doubles.
_BYTES_PER_POSITION = 16
#: Number of positions read at once.
_POSITIONS_PER_BLOCK = 100_000


class ShapeStore:
    """Records of bytes in a scratch file, by id: first all are written, then they are read.

    ``record_ids``, ``line_numbers`` (lines of the VCT file) and ``class_numbers`` (numbers of feature classes) are in
    the order of the records. After `prepare_reading`, `find_records` returns the index of a record by its id.
    """

    def __init__(self, path: Path):
        self._file = path.open("w+b")
        self.record_ids, self.line_numbers, self.class_numbers = array("q"), array("q"), array("i")
        self._at = array("q", [0])
        self._sorted_ids: NDArray | None = None
        self._order_of_ids = np.zeros(0, dtype=np.int64)
        self.is_record_used = np.zeros(0, dtype=bool)

    def append_content(self, record_id: int, content: bytes, line_number: int, class_number: int = 0) -> None:
        """Append a record with an id.

        ``line_number``: line of the record in the VCT file; ``class_number``: number of its feature class.
        """
        self._file.write(content)
        self.record_ids.append(record_id)
        self._at.append(self._at[-1] + len(content))
        self.line_numbers.append(line_number)
        self.class_numbers.append(class_number)

    def prepare_reading(self) -> tuple[int, int, int] | None:
        """Sort the ids, so that records can be read by id.

        Return a repeated id with its line and the line where it occurs first; None if no id is repeated.
        """
        # A full disk must be detected here, not in a later read.
        self._file.flush()
        ids = np.array(self.record_ids, dtype=np.int64)
        self._order_of_ids = np.argsort(ids, kind="stable")
        self._sorted_ids = ids[self._order_of_ids]
        self.is_record_used = np.zeros(len(ids), dtype=bool)
        repeated_places = np.flatnonzero(self._sorted_ids[1:] == self._sorted_ids[:-1])
        if not len(repeated_places):
            return None
        k = int(repeated_places[np.argmin(self._order_of_ids[repeated_places + 1])])
        first, second = int(self._order_of_ids[k]), int(self._order_of_ids[k + 1])
        return int(ids[second]), self.line_numbers[second], self.line_numbers[first]

    def find_records(self, record_ids: NDArray) -> NDArray:
        """Return (n,) the record index of each id, −1 for an unknown id."""
        if self._sorted_ids is None or not len(self._sorted_ids):
            return np.full(len(record_ids), -1)
        at = np.minimum(np.searchsorted(self._sorted_ids, record_ids), len(self._sorted_ids) - 1)
        return np.where(self._sorted_ids[at] == record_ids, self._order_of_ids[at], -1)

    def read_content(self, record: int) -> bytes:
        """Return the bytes of a record, given by its index."""
        start_offset, end_offset = self._at[record], self._at[record + 1]
        self._file.seek(start_offset)
        return self._file.read(end_offset - start_offset)

    def read_positions(self, record: int) -> NDArray:
        """Return the content of a record, given by its index, as positions (n, 2).

        It must have been written as doubles.
        """
        return np.frombuffer(self.read_content(record)).reshape(-1, 2)

    def iterate_position_blocks(self) -> Iterator[NDArray]:
        """Yield all positions of the file in blocks (b, 2); the content must have been written as doubles."""
        self._file.flush()
        total = self._at[-1] // _BYTES_PER_POSITION
        for first in range(0, total, _POSITIONS_PER_BLOCK):
            self._file.seek(first * _BYTES_PER_POSITION)
            count = min(_POSITIONS_PER_BLOCK, total - first)
            yield np.frombuffer(self._file.read(count * _BYTES_PER_POSITION)).reshape(-1, 2)
        self._file.seek(0, 2)

    def close(self) -> None:
        """Close the scratch file."""
        self._file.close()


class PolygonError(KeyedError):
    """An error in the list of boundary lines of a polygon."""


def assemble_polygon(rings: NDArray) -> tuple[Any, str]:
    """Return the polygon of (n,) linear rings, n ≥ 2, and a text key for a remark on their order.

    The key is empty if the order is right: the shell first, then holes in the opposite direction. Otherwise the nesting
    of rings decides which are holes. Raises PolygonError for a hole outside every shell.
    """
    outward = shapely.is_ccw(rings)
    areas = shapely.polygons(rings)
    # A point inside each ring's area; the first vertex of a ring without area.
    inner_points, has_area = shapely.get_point(rings, 0), shapely.area(areas) > 0
    inner_points[has_area] = shapely.point_on_surface(areas[has_area])
    if (outward[1:] != outward[0]).all():
        is_larger = shapely.area(areas[1:]) > shapely.area(areas[0])
        is_first_inside = (shapely.intersects(areas[1:], inner_points[0]) & is_larger).any()
        if shapely.intersects(areas[0], inner_points[1:]).all() and not is_first_inside:
            return shapely.polygons(rings[0], rings[1:]), ""
        shape = _make_polygon_by_nesting(rings, areas, inner_points)
        if shapely.get_num_geometries(shape) > 1:
            # The ring in the opposite direction is the hole of another ring, or the other rings are its holes.
            raise PolygonError("vct_hole_outside")
        return shape, "vct_note_ring_order"
    return _make_polygon_by_nesting(rings, areas, inner_points), "vct_note_rings_alike"


def trace_ring(signed_line_ids: list[int], boundary_lines: ShapeStore) -> NDArray:
    """Return the closed ring (n, 2) that boundary lines form; a negative id reverses the line.

    The ends of successive lines are equal, because the lines were cut at shared vertices.
    """
    places = boundary_lines.find_records(np.abs(np.array(signed_line_ids)))
    if (places < 0).any():
        raise PolygonError("vct_unknown_line", item=signed_line_ids[int(np.argmax(places < 0))])
    boundary_lines.is_record_used[places] = True
    parts: list[NDArray] = []
    for item, place in zip(signed_line_ids, places.tolist(), strict=True):
        xy = boundary_lines.read_positions(place)
        xy = xy if item > 0 else xy[::-1]
        if parts and (parts[-1][-1] != xy[0]).any():
            raise PolygonError("vct_gap", item=item)
        parts.append(xy if not parts else xy[1:])
    ring = np.concatenate(parts)
    if len(ring) < 3 or (ring[0] != ring[-1]).any():
        raise PolygonError("vct_open_ring", item=signed_line_ids[-1])
    return ring


def _make_polygon_by_nesting(rings: NDArray, areas: NDArray, inner_points: NDArray) -> Any:
    """Return the polygon or multipolygon of rings, whose roles follow from their nesting.

    Rings within an even number of other rings are shells. The rest are holes of the smallest shell around them.
    """
    #: Number of a shell → its holes.
    holes: dict[int, list[Any]] = {}
    larger_rings: list[int] = []
    for k in np.argsort(-shapely.area(areas), kind="stable").tolist():
        enclosing_rings = [j for j in larger_rings if shapely.intersects(areas[j], inner_points[k])]
        larger_rings.append(k)
        if len(enclosing_rings) % 2 and (enclosing_shells := [j for j in enclosing_rings if j in holes]):
            holes[enclosing_shells[-1]].append(rings[k])
        else:
            holes[k] = []
    parts = [shapely.polygons(rings[k], holes[k] or None) for k in sorted(holes)]
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)


class PolygonRecord(NamedTuple):
    """A polygon as read: id, 要素代码 (feature class code), line number, closed rings."""

    record_id: int
    class_code: str
    line_number: int
    rings: list[NDArray]


def make_polygons(records: list[PolygonRecord], line_reader: LineReader, remarks: FileRemarks) -> NDArray:
    """Return the (n,) polygons of records.

    Raises InputError for a hole outside its polygon. A remark names polygons whose rings were put in order.
    """
    counts = np.array([len(draft.rings) for draft in records])
    xy = [ring for draft in records for ring in draft.rings]
    linear_rings = shapely.linearrings(np.concatenate(xy), indices=np.repeat(np.arange(len(xy)), list(map(len, xy))))
    first = np.r_[0, np.cumsum(counts)[:-1]]
    shapes = shapely.polygons(linear_rings[first])
    for k in np.flatnonzero(counts > 1).tolist():
        try:
            shapes[k], order = assemble_polygon(linear_rings[first[k] : first[k] + counts[k]])
        except PolygonError as error:
            line_reader.number = records[k].line_number
            raise line_reader.make_error(error.key, id=records[k].record_id, **error.params) from error
        if order:
            remarks.add_remark(order, records[k].line_number, records[k].record_id)
    return shapes

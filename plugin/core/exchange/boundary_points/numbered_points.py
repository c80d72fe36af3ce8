# SPDX-License-Identifier: GPL-2.0-or-later
"""Points and their numbers: by the north-west corner, clockwise, or as a form states.

The points to write for a parcel are those of its record where the land is unchanged; else they are numbered again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from ...standard.messages.numbers import count_decimals
from .forms import Numbering, PointForm
from .parcels import PointNote, PointParcel, find_point_number, make_note_on_parcels, parse_number
from .stored import StoredParcel, StoredRing

#: Decimals of coordinates (m) that count when vertices are compared: those of the file, within these limits, so that an
#: edit of a millimetre counts in a file of whole metres too.
_LEAST_DECIMALS, _MOST_DECIMALS = 3, 6


@dataclass(frozen=True)
class NumberedRing:
    """A ring with names of its points.

    ``vertices``: (n, 2) easting and northing in metres, without the closing vertex; ``names``: of the vertices;
    ``closing_name``: of the closing point, None if it is not written.
    """

    number: int
    vertices: NDArray
    names: tuple[str, ...]
    closing_name: str | None


def find_north_west_vertex(vertices: NDArray) -> int:
    """Return the position of the vertex that is nearest to the north-west corner of the ring's extent.

    ``vertices``: (n, 2) easting and northing. Of several vertices the northernmost, then the westernmost is taken.
    """
    corner = np.array([vertices[:, 0].min(), vertices[:, 1].max()])
    distances = np.hypot(*(vertices - corner).T)
    return int(np.lexsort((vertices[:, 0], -vertices[:, 1], distances))[0])


def is_clockwise(vertices: NDArray) -> bool:
    """Return True if a ring runs clockwise. ``vertices``: (n, 2), without the closing vertex."""
    return not shapely.is_ccw(shapely.linearrings(vertices))


def number_rings(rings: Sequence[tuple[NDArray, bool]], numbering: Numbering) -> list[NumberedRing]:
    """Return the rings of a parcel with names of their points.

    ``rings``: (n, 2) vertices without the closing one, and True for a hole; holes follow the ring around them.
    """
    numbered: list[NumberedRing] = []
    number = 1
    for position, (vertices, is_hole) in enumerate(rings, 1):
        number = 1 if numbering.restarts else number
        if numbering.direction != "stored":
            # Holes run the other way; the first vertex stays the first.
            runs_clockwise = (numbering.direction == "clockwise") != is_hole
            if is_clockwise(vertices) != runs_clockwise:
                vertices = np.concatenate([vertices[:1], vertices[:0:-1]])
        start = find_north_west_vertex(vertices) if numbering.start == "north-west" else 0
        ordered = np.roll(vertices, -start, axis=0)
        names = tuple(f"{numbering.prefix}{number + n}" for n in range(len(ordered)))
        number += len(ordered)
        closing_name = {"first": names[0], "next": f"{numbering.prefix}{number}", "none": None}[numbering.closing]
        # The number of the closing point is used, too.
        number += numbering.closing == "next"
        numbered.append(NumberedRing(position, ordered, names, closing_name))
    return numbered


def find_numbering_notes(parcels: Sequence[PointParcel], form: PointForm) -> list[PointNote]:
    """Return notes on parcels whose outer rings run or begin otherwise than the form states, one note for each kind.

    An export writes unchanged parcels as they were imported, whatever their direction.
    """
    found: dict[str, list[str]] = {"direction": [], "start": []}
    for parcel in parcels:
        vertices = shapely.get_coordinates(shapely.get_parts(parcel.shape)[0].exterior)[:-1]
        if form.numbering.direction != "stored" and is_clockwise(vertices) != (form.numbering.direction == "clockwise"):
            found["direction"].append(parcel.raw.label)
        if form.numbering.start == "north-west" and find_north_west_vertex(vertices):
            found["start"].append(parcel.raw.label)
    return [make_note_on_parcels(f"numbering_{key}", labels) for key, labels in found.items() if labels]


@dataclass(frozen=True)
class WrittenPoint:
    """A point to write. ``north``, ``east``: in metres, as text. ``cells``: as its file wrote them, if unchanged."""

    name: str
    ring: str
    north: str
    east: str
    cells: tuple[str, ...] | None = None


@dataclass(frozen=True)
class WrittenRings:
    """The points of a parcel to write, closing points included.

    ``closing_count``: number of closing points; ``are_kept``: the points are those of the record. ``plane_shape``: the
    polygon of the written coordinates.
    """

    points: tuple[WrittenPoint, ...]
    closing_count: int
    are_kept: bool
    plane_shape: BaseGeometry


def make_written_rings(
    shape: BaseGeometry, stored: StoredParcel | None, form: PointForm, shift_m: int | None
) -> WrittenRings:
    """Return the points to write for a polygon.

    Parameters
    ----------
    shape
        Polygon or multipolygon in the CRS to write.
    stored
        The parcel's record; None without one.
    form
        The form to write.
    shift_m
        What is added to the eastings of the record, where only the zone number differs; None if its CRS has another
        central meridian, so that the record's coordinates are not those to write.
    """
    # (n, 2) vertices of each ring without the closing one, and True for a hole; holes follow the ring around them.
    rings = [
        (shapely.get_coordinates(ring)[:-1], position > 0)
        for part in shapely.get_parts(shape)
        for position, ring in enumerate((part.exterior, *part.interiors))
    ]
    is_same_form = stored is not None and stored.form == form.id
    if stored is not None and shift_m is not None:
        stored_vertices = [_read_vertices(ring, stored.items, shift_m) for ring in stored.rings]
        if _are_same_rings([vertices for vertices, _ in rings], stored_vertices):
            # In another form a missing or unwanted closing point is added or left out.
            kept_points: list[WrittenPoint] = []
            closing_count = 0
            for ring in stored.rings:
                rows = [_keep_point(row, stored.items, shift_m, keeps_cells=is_same_form) for row in ring.rows]
                is_closed = ring.is_closed
                if not is_same_form and is_closed and form.numbering.closing == "none":
                    rows, is_closed = rows[:-1], False
                elif not is_same_form and not is_closed and form.numbering.closing != "none":
                    rows, is_closed = [*rows, rows[0]], True
                kept_points += rows
                closing_count += is_closed
            return WrittenRings(tuple(kept_points), closing_count, True, shape)
    numbering, decimals = form.numbering, form.numbers.coordinate_decimals
    if stored is not None and is_same_form:
        numbering = infer_numbering(stored, form)
        stored_decimals = max(
            count_decimals(text)
            for ring in stored.rings
            for text in _list_numbers(ring, (stored.items.index("north"), stored.items.index("east")))
        )
        # The decimals of the file, or as many more, up to the least that count, as the vertices need.
        all_vertices = np.concatenate([vertices for vertices, _ in rings])
        counted = np.round(all_vertices, _LEAST_DECIMALS)
        candidates = range(stored_decimals, _LEAST_DECIMALS)
        reach_m = 0.5 * 10.0**-_LEAST_DECIMALS
        decimals = next(
            (more for more in candidates if (np.abs(np.round(all_vertices, more) - counted) < reach_m).all()),
            max(stored_decimals, _LEAST_DECIMALS),
        )
    points: list[WrittenPoint] = []
    closing_count = 0
    parts: list[tuple[NDArray, list[NDArray]]] = []
    for numbered, (_, is_hole) in zip(number_rings(rings, numbering), rings, strict=True):
        texts = [(f"{north:.{decimals}f}", f"{east:.{decimals}f}") for east, north in numbered.vertices.tolist()]
        points += [
            WrittenPoint(name, str(numbered.number), north, east)
            for name, (north, east) in zip(numbered.names, texts, strict=True)
        ]
        if numbered.closing_name is not None:
            points.append(WrittenPoint(numbered.closing_name, str(numbered.number), *texts[0]))
            closing_count += 1
        written = np.array([(float(east), float(north)) for north, east in texts])
        if is_hole:
            parts[-1][1].append(written)
        else:
            parts.append((written, []))
    shape = shapely.multipolygons([shapely.Polygon(outer, holes) for outer, holes in parts])
    return WrittenRings(tuple(points), closing_count, False, shape)


def _list_numbers(ring: StoredRing, columns: tuple[int, int]) -> list[str]:
    """Return the coordinates of a stored ring as text."""
    return [parse_number(row[column])[0] for row in ring.points for column in columns]


def _read_vertices(ring: StoredRing, items: Sequence[str], shift_m: int) -> tuple[NDArray, float]:
    """Return (n, 2) easting and northing of a stored ring, and half of the last digit that counts (m)."""
    north, east = items.index("north"), items.index("east")
    numbers = _list_numbers(ring, (east, north))
    decimals = min(max(_LEAST_DECIMALS, *map(count_decimals, numbers)), _MOST_DECIMALS)
    vertices = np.array([float(number) for number in numbers]).reshape(-1, 2)
    return vertices + np.array([float(shift_m), 0.0]), 0.5 * 10.0**-decimals


def _are_same_rings(rings: list[NDArray], stored: list[tuple[NDArray, float]]) -> bool:
    """Return True if each ring is one of the stored rings, whatever their order, direction and first vertices are."""
    if len(rings) != len(stored):
        return False
    remaining = list(stored)
    for ring in rings:
        match = next((n for n, (other, reach_m) in enumerate(remaining) if _is_same_ring(ring, other, reach_m)), None)
        if match is None:
            return False
        del remaining[match]
    return True


def _is_same_ring(ring: NDArray, other: NDArray, reach_m: float) -> bool:
    """Return True if two rings have the same vertices in the same or the opposite direction."""
    return len(ring) == len(other) and any(
        (np.abs(np.roll(candidate, -start, axis=0) - ring) < reach_m).all()
        for candidate in (other, other[::-1])
        for start in np.flatnonzero((np.abs(candidate - ring[0]) < reach_m).all(axis=1))
    )


def _keep_point(row: tuple[str, ...], items: Sequence[str], shift_m: int, *, keeps_cells: bool) -> WrittenPoint:
    """Return a point of a record, with its easting shifted by whole metres."""
    text_by_item = dict(zip(items, row, strict=False))
    north, east = (parse_number(text_by_item[item])[0] for item in ("north", "east"))
    cells = row
    if shift_m:
        east = f"{Decimal(east) + shift_m:f}"
        cells = tuple(east if item == "east" else cell for item, cell in zip(items, row, strict=False))
    ring = text_by_item.get("ring", "").strip() or "1"
    return WrittenPoint(text_by_item["point"].strip(), ring, north, east, cells if keeps_cells else None)


def infer_numbering(stored: StoredParcel, form: PointForm) -> Numbering:
    """Return the numbering of a form with the closing points, counts and prefix that a record has."""
    numbering, point = form.numbering, stored.items.index("point")
    ring = stored.rings[0]
    first, last = ring.rows[0][point].strip(), ring.rows[-1][point].strip()
    closing: Literal["first", "next", "none"] = "none"
    if ring.is_closed:
        closing = "first" if last == first else "next"
    number = find_point_number(first)
    prefix = first[: -len(str(number))] if number is not None and first.endswith(str(number)) else numbering.prefix
    total = sum(len(one.rows) for one in stored.rings)
    closings = sum(one.is_closed for one in stored.rings)
    count = stored.values.get("count", "")
    counts_closing = numbering.counts_closing if not count else count != str(total - closings)
    restarts = (
        find_point_number(stored.rings[1].rows[0][point].strip()) == number
        if len(stored.rings) > 1
        else numbering.restarts
    )
    return replace(numbering, prefix=prefix, closing=closing, counts_closing=counts_closing, restarts=restarts)

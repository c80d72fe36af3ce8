# SPDX-License-Identifier: GPL-2.0-or-later
"""Rings of a parcel: closing points, crossing edges, holes, and the polygon that they bound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon

from ...geometry.validity import find_invalidity_reason
from .parcels import NoteLevel, PointNote, PointRing, PointRow, RawParcel, find_point_number

#: Points of a ring without the closing one.
_MIN_POINTS = 3
#: An edge this near to the place of a defect meets it (m).
_SAME_PLACE_M = 1e-6


def divide_at_closed_rings(parcels: Sequence[RawParcel]) -> tuple[RawParcel, ...]:
    """Return the parcels of a list without lines of parcels: ``parcels`` has the rows that nothing else divides.

    After a closed ring, a point with the same or a smaller ring number begins another parcel; a larger number is that
    of a hole.
    """
    divided: list[RawParcel] = []
    for parcel in parcels:
        groups: list[list[PointRow]] = [[]]
        ring: list[PointRow] = []
        for row in parcel.rows:
            if ring and (row.ring != ring[-1].ring or _is_closed(ring)):
                if _is_closed(ring) and _get_ring_order(row) <= _get_ring_order(ring[-1]):
                    groups.append([])
                ring = []
            groups[-1].append(row)
            ring.append(row)
        for rows in groups:
            place = rows[0].place if rows else parcel.place
            position = len(divided) + 1
            divided.append(replace(parcel, position=position, place=place, values=dict(parcel.values), rows=rows))
    return tuple(divided)


def _get_ring_order(row: PointRow) -> int:
    """Return the ring number of a point; 0 if it is not a number."""
    return find_point_number(row.ring) or 0


def _is_closed(ring: Sequence[PointRow]) -> bool:
    """Return True if the last point of a ring is its first one again."""
    return len(ring) > _MIN_POINTS and ring[-1].xy == ring[0].xy


def group_rings(rows: Sequence[PointRow]) -> list[PointRing]:
    """Return the rings of a parcel: points of one ring number, up to the closing point."""
    groups: list[list[PointRow]] = []
    for row in rows:
        if not groups or row.ring != groups[-1][-1].ring or _is_closed(groups[-1]):
            groups.append([])
        groups[-1].append(row)
    return [
        PointRing(tuple(group[:-1]), group[-1]) if _is_closed(group) else PointRing(tuple(group), None)
        for group in groups
    ]


def find_ring_problems(raw: RawParcel, rings: Sequence[PointRing], *, expects_closing: bool) -> list[PointNote]:
    """Return notes on the rings of a parcel; with an error the parcel has no usable shape.

    ``expects_closing``: the form of the file has closing points.
    """
    notes = [note for ring in rings for note in _find_problems_of_ring(raw, ring, expects_closing)]
    if any(note.level is NoteLevel.ERROR for note in notes):
        return notes
    if not all(shapely.is_valid(_make_polygon(ring)) for ring in rings) or not shapely.is_valid(build_shape(rings)):
        notes.append(_find_crossing(raw, rings))
    return notes


def _find_problems_of_ring(raw: RawParcel, ring: PointRing, expects_closing: bool) -> list[PointNote]:
    """Return notes on one ring: too few points, closing point, doubled points, order of the numbers."""
    notes: list[PointNote] = []

    def add(level: NoteLevel, key: str, row: PointRow, **params: object) -> None:
        """Add a note on a row."""
        notes.append(PointNote(key, level, row.place, raw.label, {"point": row.name, "ring": row.ring, **params}))

    points = ring.points
    if len({row.xy for row in points}) < _MIN_POINTS:
        add(NoteLevel.ERROR, "ring_few", points[-1], count=len(points))
        return notes
    if ring.closing is None:
        if len(points) > _MIN_POINTS and points[-1].name == points[0].name:
            add(NoteLevel.ERROR, "closing_differs", points[-1], first=points[0].place.line)
            return notes
        if expects_closing:
            add(NoteLevel.WARNING, "not_closed", points[-1], first=points[0].name)
    for former, row in pairwise(points):
        if former.xy == row.xy:
            add(NoteLevel.WARNING, "doubled", row, former=former.name, line=former.place.line)
    numbers = [find_point_number(row.name) for row in points]
    for former_row, row, former_number, number in zip(points, points[1:], numbers, numbers[1:], strict=False):
        if former_number is not None and number is not None and number != former_number + 1:
            add(NoteLevel.WARNING, "order", row, former=former_row.name)
            break
    return notes


def _find_crossing(raw: RawParcel, rings: Sequence[PointRing]) -> PointNote:
    """Return a note on the two edges that meet where a parcel is invalid."""
    broken_ring = next((ring for ring in rings if not shapely.is_valid(_make_polygon(ring))), None)
    shape = build_shape(rings) if broken_ring is None else _make_polygon(broken_ring)
    # Near the origin, so that the place has all digits.
    origin = np.floor(shapely.bounds(shape)[:2])
    reason, place = find_invalidity_reason(shapely.transform(shape, lambda xy: xy - origin))
    edges = [
        (number, position, row, following)
        for number, ring in enumerate(rings)
        if broken_ring in (None, ring)
        for position, (row, following) in enumerate(zip(ring.points, (*ring.points[1:], ring.points[0]), strict=True))
        if row.xy != following.xy
    ]
    lines = shapely.linestrings(np.array([[row.xy, following.xy] for _, _, row, following in edges]) - origin)
    near = np.flatnonzero(shapely.distance(lines, place) <= _SAME_PLACE_M).tolist()
    if reason == "interior_disconnected" or len(near) < 2:
        # Holes that touch each other or the outer ring in several points divide the land.
        return PointNote("divided", NoteLevel.ERROR, rings[0].points[0].place, raw.label)

    def prefer(pair: tuple[int, int]) -> tuple[bool, bool]:
        """Prefer edges of two rings, and edges that do not follow each other."""
        (ring, first, *_), (other_ring, second, *_) = (edges[number] for number in pair)
        return ring == other_ring, abs(first - second) in (1, len(rings[ring].points) - 1)

    one, other = min(combinations(near, 2), key=prefer)
    (number, _, other_row, _), (other_number, _, row, _) = edges[one], edges[other]
    params = {"point": row.name, "other": other_row.name, "line": other_row.place.line}
    if number != other_number:
        params |= {"ring": row.ring, "other_ring": other_row.ring}
        return PointNote("rings_crossing", NoteLevel.ERROR, row.place, raw.label, params)
    key = "crossing_order" if _is_simple_by_number(rings[number]) else "crossing"
    return PointNote(key, NoteLevel.ERROR, row.place, raw.label, params)


def _is_simple_by_number(ring: PointRing) -> bool:
    """Return True if the points of a ring, ordered by their numbers, bound a polygon without crossings."""
    numbers = [find_point_number(row.name) for row in ring.points]
    if None in numbers or len(set(numbers)) != len(numbers):
        return False
    ordered = sorted(zip(numbers, ring.points, strict=True), key=lambda pair: pair[0] or 0)
    return bool(shapely.is_valid(Polygon([row.xy for _, row in ordered])))


def _make_polygon(ring: PointRing) -> Polygon:
    """Return the polygon within a ring."""
    return Polygon([*(row.xy for row in ring.points), ring.points[0].xy])


def build_shape(rings: Sequence[PointRing]) -> Polygon | MultiPolygon:
    """Return the polygon of rings: a ring within another is a hole, one within a hole is a part.

    The vertices are those of the file, in its order and direction. ``rings``: each a valid polygon.
    """
    polygons = [_make_polygon(ring) for ring in rings]
    containers = [
        [n for n, outer in enumerate(polygons) if outer.area > inner.area and outer.covers(inner)] for inner in polygons
    ]
    parts = [
        Polygon(
            outer.exterior,
            [
                hole.exterior
                for hole, around in zip(polygons, containers, strict=True)
                if number in around and len(around) == len(containers[number]) + 1
            ],
        )
        for number, outer in enumerate(polygons)
        if len(containers[number]) % 2 == 0
    ]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)

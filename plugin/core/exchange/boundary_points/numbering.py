# SPDX-License-Identifier: GPL-2.0-or-later
"""Direction of rings and numbers of points: by the north-west corner, clockwise, or as a form states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from .forms import Numbering, PointForm
from .parcels import PointNote, PointParcel, make_note_on_parcels


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


def order_ring(vertices: NDArray, numbering: Numbering, *, is_hole: bool) -> NDArray:
    """Return (n, 2) vertices of a ring in the direction of a numbering, from its start. Holes run the other way."""
    if numbering.direction != "stored" and is_clockwise(vertices) != ((numbering.direction == "clockwise") != is_hole):
        # The first vertex stays the first.
        vertices = np.concatenate([vertices[:1], vertices[:0:-1]])
    start = find_north_west_vertex(vertices) if numbering.start == "north-west" else 0
    return np.roll(vertices, -start, axis=0)


def number_rings(rings: Sequence[tuple[NDArray, bool]], numbering: Numbering) -> list[NumberedRing]:
    """Return the rings of a parcel with names of their points.

    ``rings``: (n, 2) vertices without the closing one, and True for a hole; holes follow the ring around them.
    """
    numbered: list[NumberedRing] = []
    number = 1
    for position, (vertices, is_hole) in enumerate(rings, 1):
        number = 1 if numbering.restarts else number
        ordered = order_ring(vertices, numbering, is_hole=is_hole)
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
            found["direction"].append(parcel.label)
        if form.numbering.start == "north-west" and find_north_west_vertex(vertices):
            found["start"].append(parcel.label)
    return [make_note_on_parcels(f"numbering_{key}", labels) for key, labels in found.items() if labels]

# SPDX-License-Identifier: GPL-2.0-or-later
"""Places of findings in degrees, computed when they are first needed.

A check with hundreds of thousands of findings needs few of their places: those of findings that only the location
distinguishes, and those that a waiver may match.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from numpy.typing import NDArray

#: A place: longitude and latitude in degrees (EPSG:4490).
Place = Sequence[float]
#: Places that are computed together: one takes as long as a few, and no call is long.
_PLACES_PER_BATCH = 1000


class DeferredPlaces:
    """The places of (k,) geometries, by position.

    ``locate``: returns a place for each of some geometries. The geometries are kept until nothing refers to a place.
    """

    def __init__(self, shapes: NDArray, locate: Callable[[NDArray], list[tuple[float, float]]]):
        self._shapes, self._locate = shapes, locate
        self._places_by_batch: dict[int, list[tuple[float, float]]] = {}

    def list_places(self) -> list[Place]:
        """Return a place for each geometry; no coordinates are computed yet."""
        return [DeferredPlace(self, position) for position in range(len(self._shapes))]

    def compute(self, position: int) -> tuple[float, float]:
        """Return the place of one geometry; its neighbours in the array are located with it."""
        batch, number = divmod(position, _PLACES_PER_BATCH)
        if batch not in self._places_by_batch:
            start = batch * _PLACES_PER_BATCH
            self._places_by_batch[batch] = self._locate(self._shapes[start : start + _PLACES_PER_BATCH])
        return self._places_by_batch[batch][number]


class DeferredPlace(Sequence[float]):
    """A place that equals the tuple of its longitude and latitude."""

    __slots__ = ("_places", "_position")

    def __init__(self, places: DeferredPlaces, position: int):
        self._places, self._position = places, position

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: Any) -> Any:
        return self._places.compute(self._position)[index]

    def __iter__(self) -> Iterator[float]:
        return iter(self._places.compute(self._position))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DeferredPlace | tuple) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

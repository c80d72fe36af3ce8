# SPDX-License-Identifier: GPL-2.0-or-later
"""Polygons put together from lines again."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from .store import Store


class Broken(Exception):
    """What is wrong with the items of a polygon: a text key and its parameters."""

    def __init__(self, key: str, **params: Any):
        super().__init__(key)
        self.key, self.params = key, params


def polygon(items: list[int], lines: Store) -> Any:
    """The polygon of signed line ids, rings with a 0 between them: the first is the shell, others are its holes.

    Where rings turn the same way (several parts in one record, or a writer that did not turn its holes) their
    nesting decides. Raises Broken: an id that no line has, lines that do not meet, a ring that does not close.
    """
    rings = [_ring(chain, lines) for chain in _chains(items)]
    if not rings:
        raise Broken("vct_no_ring")
    made = shapely.linearrings(np.concatenate(rings), indices=np.repeat(np.arange(len(rings)), list(map(len, rings))))
    if len(rings) == 1:
        return shapely.polygons(made[0])
    outward = shapely.is_ccw(made)
    if (outward[1:] != outward[0]).all():
        return shapely.polygons(made[0], made[1:])
    return _nested(made)


def _chains(items: list[int]) -> list[list[int]]:
    chains: list[list[int]] = [[]]
    for item in items:
        if item:
            chains[-1].append(item)
        else:
            chains.append([])
    return [chain for chain in chains if chain]


def _ring(chain: list[int], lines: Store) -> NDArray:
    """(n, 2) a closed ring. Lines meet exactly, for they were cut at one vertex."""
    places = lines.find(np.abs(np.array(chain)))
    if (places < 0).any():
        raise Broken("vct_unknown_line", item=chain[int(np.argmax(places < 0))])
    parts: list[NDArray] = []
    for item, place in zip(chain, places.tolist(), strict=True):
        xy = lines.positions(place)
        xy = xy if item > 0 else xy[::-1]
        if parts and (parts[-1][-1] != xy[0]).any():
            raise Broken("vct_gap", item=item)
        parts.append(xy if not parts else xy[1:])
    ring = np.concatenate(parts)
    if len(ring) < 3 or (ring[0] != ring[-1]).any():
        raise Broken("vct_open_ring", item=chain[-1])
    return ring


def _nested(rings: NDArray) -> Any:
    """A multipolygon: rings within an even number of others are shells, others holes of the smallest shell around."""
    areas = shapely.polygons(rings)
    sizes = shapely.area(areas)
    order = np.argsort(-sizes, kind="stable")
    shells: list[int] = []
    holes: dict[int, list[Any]] = {}
    around: dict[int, list[int]] = {}
    for k in order.tolist():
        inner = shapely.point_on_surface(areas[k]) if sizes[k] else shapely.get_point(rings[k], 0)
        around[k] = [j for j in around if shapely.intersects(areas[j], inner)]
        if len(around[k]) % 2 and (above := [j for j in around[k] if j in holes]):
            holes[above[-1]].append(rings[k])
        else:
            shells.append(k)
            holes[k] = []
    parts = [shapely.polygons(rings[k], holes[k] or None) for k in sorted(shells)]
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)

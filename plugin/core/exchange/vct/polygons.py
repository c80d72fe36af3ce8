# SPDX-License-Identifier: GPL-2.0-or-later
"""Assemble polygons from lines in batches.

Rings are checked for order, direction, area, validity and label points.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from .lines import Lines
from .settings import Remarks
from .store import Store


class PolygonError(Exception):
    """An error in the items of a polygon: a text key and its parameters."""

    def __init__(self, key: str, **params: Any):
        super().__init__(key)
        self.key, self.params = key, params


def assemble_rings(items: list[int], lines: Store) -> list[NDArray]:
    """Return closed rings (n, 2) of signed line ids, which a 0 separates.

    Raises PolygonError for an unknown id, for lines that do not meet, and for an open ring.
    """
    found = [_ring(chain, lines) for chain in _chains(items)]
    if not found:
        raise PolygonError("vct_no_ring")
    return found


def has_stray_separator(items: list[int]) -> bool:
    """Return True if a 0 does not separate two rings: first, last, or after another 0."""
    zeros = [k for k, item in enumerate(items) if not item]
    return any(k in (0, len(items) - 1) or not items[k - 1] for k in zeros)


def assemble_polygon(made: NDArray) -> tuple[Any, str]:
    """Return the polygon of (n,) linear rings, n ≥ 2, and a text key on their order.

    The first ring should be the shell, the others holes in the opposite direction; otherwise the nesting of rings
    decides. Raises PolygonError for a hole outside every shell.
    """
    outward = shapely.is_ccw(made)
    areas = shapely.polygons(made)
    inner = np.array([_point_in(area, ring) for area, ring in zip(areas, made, strict=True)], dtype=object)
    if (outward[1:] != outward[0]).all():
        if shapely.intersects(areas[0], inner[1:]).all() and not _holds_first(areas, inner):
            return shapely.polygons(made[0], made[1:]), ""
        shape = _nested(made, areas, inner)
        if shapely.get_num_geometries(shape) > 1:
            # The ring in the opposite direction is the hole of another ring, or the other rings are its holes.
            raise PolygonError("vct_hole_outside")
        return shape, "vct_note_ring_order"
    return _nested(made, areas, inner), "vct_note_rings_alike"


def _holds_first(areas: NDArray, inner: NDArray) -> bool:
    larger = shapely.area(areas[1:]) > shapely.area(areas[0])
    return bool((shapely.intersects(areas[1:], inner[0]) & larger).any())


def _point_in(area: Any, ring: Any) -> Any:
    return shapely.point_on_surface(area) if area.area else shapely.get_point(ring, 0)


def _chains(items: list[int]) -> list[list[int]]:
    if 0 not in items:
        return [items] if items else []
    chains: list[list[int]] = [[]]
    for item in items:
        if item:
            chains[-1].append(item)
        else:
            chains.append([])
    return [chain for chain in chains if chain]


def _ring(chain: list[int], lines: Store) -> NDArray:
    """Return (n, 2) a closed ring.

    Lines meet exactly, because they were cut at one vertex.
    """
    places = lines.find(np.abs(np.array(chain)))
    if (places < 0).any():
        raise PolygonError("vct_unknown_line", item=chain[int(np.argmax(places < 0))])
    lines.used[places] = True
    parts: list[NDArray] = []
    for item, place in zip(chain, places.tolist(), strict=True):
        xy = lines.positions(place)
        xy = xy if item > 0 else xy[::-1]
        if parts and (parts[-1][-1] != xy[0]).any():
            raise PolygonError("vct_gap", item=item)
        parts.append(xy if not parts else xy[1:])
    ring = np.concatenate(parts)
    if len(ring) < 3 or (ring[0] != ring[-1]).any():
        raise PolygonError("vct_open_ring", item=chain[-1])
    return ring


def _nested(made: NDArray, areas: NDArray, inner: NDArray) -> Any:
    """Return a multipolygon by nesting of rings.

    Rings within an even number of others are shells, the rest are holes of the smallest shell around them.
    """
    order = np.argsort(-shapely.area(areas), kind="stable")
    shells: list[int] = []
    holes: dict[int, list[Any]] = {}
    around: dict[int, list[int]] = {}
    for k in order.tolist():
        around[k] = [j for j in around if shapely.intersects(areas[j], inner[k])]
        if len(around[k]) % 2 and (above := [j for j in around[k] if j in holes]):
            holes[above[-1]].append(made[k])
        else:
            shells.append(k)
            holes[k] = []
    parts = [shapely.polygons(made[k], holes[k] or None) for k in sorted(shells)]
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)


#: Allowed distance of a label point from its polygon: it has fewer digits than the boundary.
_LABEL_SLACK = {False: 1e-3, True: 2e-6}


class PolygonRecord(NamedTuple):
    """A polygon's record: id, 要素代码, line, closed rings, label point."""

    ident: int
    code: str
    line: int
    rings: list[NDArray]
    label: NDArray


def make_polygons(drafts: list[PolygonRecord], geographic: bool, lines: Lines, remarks: Remarks) -> NDArray:
    """Make the (n,) polygons of records.

    Raises InputError for a hole outside its polygon; unusual but readable records are noted.
    """
    counts = np.array([len(draft.rings) for draft in drafts])
    xy = [ring for draft in drafts for ring in draft.rings]
    made = shapely.linearrings(np.concatenate(xy), indices=np.repeat(np.arange(len(xy)), list(map(len, xy))))
    first = np.r_[0, np.cumsum(counts)[:-1]]
    shapes = shapely.polygons(made[first])
    _note("vct_note_turned", shapely.is_ccw(made[first]), drafts, remarks)
    for k in np.flatnonzero(counts > 1).tolist():
        try:
            shapes[k], order = assemble_polygon(made[first[k] : first[k] + counts[k]])
        except PolygonError as error:
            lines.number = drafts[k].line
            raise lines.error(error.key, id=drafts[k].ident, **error.params) from error
        if order:
            remarks.add(order, drafts[k].line, drafts[k].ident)
    flat = shapely.area(shapes) == 0
    _note("vct_note_flat", flat, drafts, remarks)
    _note("vct_note_invalid", ~shapely.is_valid(shapes) & ~flat, drafts, remarks)
    label = np.array([draft.label for draft in drafts])
    out = ~shapely.intersects_xy(shapes, label[:, 0], label[:, 1]) & ~flat
    if out.any():
        far = shapely.distance(shapes[out], shapely.points(label[out])) > _LABEL_SLACK[geographic]
        out[np.flatnonzero(out)[~far]] = False
        _note("vct_note_label", out, drafts, remarks)
    return shapes


def _note(key: str, which: NDArray, drafts: list[PolygonRecord], remarks: Remarks) -> None:
    found = np.flatnonzero(which)
    if len(found):
        first = drafts[found[0]]
        remarks.add(key, first.line, first.ident, len(found))

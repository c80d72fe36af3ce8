# SPDX-License-Identifier: GPL-2.0-or-later
"""The verbs that rules ask geometry with: which polygons share area, which parts are not covered.

All work in the plane of the plan's CRS (metres). Nothing raises on bad input: what cannot be computed as it is goes
down a ladder (fixed precision, repaired copies) and, at its end, is returned as failed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..tolerance import Tolerance
from .validity import missing, polygons_only, repair

#: A polygon with more vertices than this is cut into pieces before the index sees it.
PIECE_VERTICES = 512
#: How far around a shape a large neighbour is still looked at.
WINDOW_M = 10.0
#: Pairs per step between two looks at the cancel button.
BATCH = 4096


def _never() -> None:
    """Nobody asks to stop."""


@dataclass
class Ladder:
    """Which steps below “as is” were taken, how often; and the pairs that failed at the last."""

    fixed_precision: int = 0
    repaired: int = 0
    failed: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class Slivers:
    """Ignored slivers (碎图斑): kept to be counted and summed, never dropped unseen."""

    geometry: list[Any] = field(default_factory=list)


@dataclass
class Parts:
    """Parts found: ``left`` and ``right`` row positions ((k,) int; right −1 where there is none), their ``geometry``
    ((k,) polygons or multipolygons), planar ``area`` (m²) and ``width`` (m, 2 × area ÷ perimeter)."""

    left: NDArray
    right: NDArray
    geometry: NDArray
    area: NDArray
    width: NDArray
    slivers: Slivers
    ladder: Ladder

    def __len__(self) -> int:
        return len(self.left)


def shared_parts(
    a: NDArray,
    b: NDArray | None = None,
    *,
    tolerance: Tolerance,
    connected: bool = False,
    check: Callable[[], None] = _never,
) -> Parts:
    """Which polygons of ``a`` and ``b`` share area: containment, equality and crossing alike, never mere touching.

    ``a``, ``b``: (n,), (m,) valid polygons or multipolygons or None, one plane in metres; without ``b`` the pairs
    i < j within ``a``. One row a pair, or per connected part when ``connected``. Parts below both minimums of the
    tolerance are left out, counted in ``slivers``. ``check`` is called between batches and may raise to stop.
    """
    within = b is None
    right_side = a if b is None else b
    ladder, slivers = Ladder(), Slivers()
    left, right = _candidates(a, right_side, within, check)
    rows: list[tuple[int, int, Any]] = []
    for start in range(0, len(left), BATCH):
        check()
        i, j = left[start : start + BATCH], right[start : start + BATCH]
        shapes = _robust(shapely.intersection, a[i], right_side[j], i, j, tolerance, ladder)
        rows += _real_parts(i, j, shapes, tolerance, connected, slivers)
    return _parts(rows, slivers, ladder)


def uncovered_parts(
    a: NDArray,
    cover: NDArray,
    *,
    tolerance: Tolerance,
    check: Callable[[], None] = _never,
) -> Parts:
    """The connected parts of each polygon of ``a`` that no polygon of ``cover`` covers; ``right`` is −1.

    Shapes as for `shared_parts`. Slivers are left out and counted.
    """
    ladder, slivers = Ladder(), Slivers()
    present = np.flatnonzero(~missing(a))
    real = cover[~missing(cover)]
    check()
    rows: list[tuple[int, int, Any]] = []
    if len(real) == 0:
        none = np.full(len(present), -1)
        return _parts(_real_parts(present, none, a[present], tolerance, True, slivers), slivers, ladder)
    open_rows = _not_plainly_covered(a, present, real, check)
    tree = shapely.STRtree(real)
    large = shapely.get_num_coordinates(real) > PIECE_VERTICES
    for position in open_rows:
        check()
        shape = a[position]
        near = np.sort(tree.query(shape, predicate="intersects"))
        rest = _difference(shape, real[near], large[near], int(position), tolerance, ladder) if len(near) else shape
        rows += _real_parts(np.array([position]), np.array([-1]), np.array([rest]), tolerance, True, slivers)
    return _parts(rows, slivers, ladder)


def _not_plainly_covered(a: NDArray, present: NDArray, cover: NDArray, check: Callable[[], None]) -> NDArray:
    """Positions that no single polygon of the cover contains whole: only these need a difference.

    The cover asks which rows it contains, not the other way round: it is prepared once, however many rows there are.
    """
    shapely.prepare(cover)
    done = np.zeros(len(a), dtype=bool)
    for start in range(0, len(present), BATCH):
        check()
        batch = present[start : start + BATCH]
        tree = shapely.STRtree(a[batch])
        for step in range(0, len(cover), BATCH):
            check()
            _, inside = tree.query(cover[step : step + BATCH], predicate="covers")
            done[batch[inside]] = True
    return present[~done[present]]


def _difference(shape: Any, near: NDArray, large: NDArray, position: int, tolerance: Tolerance, ladder: Ladder) -> Any:
    """A polygon less all those near it; None when GEOS gives up on every step of the ladder."""
    xmin, ymin, xmax, ymax = shape.bounds
    # Only what is near matters of a large polygon; cut well outside the shape, so that no vertex is added to it.
    window = shapely.box(xmin - WINDOW_M, ymin - WINDOW_M, xmax + WINDOW_M, ymax + WINDOW_M)
    try:
        near = near.copy()
        if shapely.get_num_coordinates(shape) <= PIECE_VERTICES:
            near[large] = shapely.intersection(near[large], window)
        other = near[0] if len(near) == 1 else shapely.union_all(near)
    except shapely.GEOSException:
        try:
            other = shapely.union_all(near, grid_size=tolerance.cluster_m)
            ladder.fixed_precision += 1
        except shapely.GEOSException:
            ladder.failed.append((position, -1))
            return None
    return _one_by_ladder(shapely.difference, shape, other, (position, -1), tolerance, ladder)


def _candidates(a: NDArray, b: NDArray, within: bool, check: Callable[[], None]) -> tuple[NDArray, NDArray]:
    """Pairs that truly share some area, sorted; large polygons are looked at piece by piece."""
    if np.count_nonzero(~missing(a)) < (2 if within else 1) or missing(b).all():
        return np.array([], dtype=np.int64), np.array([], dtype=np.int64)
    pieces_a, owner_a = subdivide(a, check)
    pieces_b, owner_b = (pieces_a, owner_a) if within else subdivide(b, check)
    if not len(pieces_a) or not len(pieces_b):
        return np.array([], dtype=int), np.array([], dtype=int)
    tree = shapely.STRtree(pieces_b)
    found: set[tuple[int, int]] = set()
    for start in range(0, len(pieces_a), BATCH):
        check()
        i, j = tree.query(pieces_a[start : start + BATCH], predicate="intersects")
        i = i + start
        keep = owner_a[i] < owner_b[j] if within else np.ones(len(i), dtype=bool)
        i, j = i[keep], j[keep]
        for step in range(0, len(i), BATCH):
            check()
            k, m = i[step : step + BATCH], j[step : step + BATCH]
            meets = _interiors_meet(pieces_a[k], pieces_b[m])
            found.update(zip(owner_a[k[meets]].tolist(), owner_b[m[meets]].tolist(), strict=True))
    pairs = np.array(sorted(found), dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _interiors_meet(a: NDArray, b: NDArray) -> NDArray:
    """(n,) bool: the interiors share an area, neither mere touching nor a shared edge. In doubt, yes."""
    try:
        return shapely.relate_pattern(a, b, "2********")
    except shapely.GEOSException:
        return np.ones(len(a), dtype=bool)


def subdivide(geometries: NDArray, check: Callable[[], None] = _never) -> tuple[NDArray, NDArray]:
    """Cut large polygons by quadtree for the index. Returns the pieces and the row each came from.

    The pieces only tell where to look: areas and shapes are always computed from the originals, because a vertex
    added on a slanted edge changes the statutory area.
    """
    pieces: list[Any] = []
    owners: list[int] = []
    for position in np.flatnonzero(~missing(geometries)):
        todo = [geometries[position]]
        while todo:
            shape = todo.pop()
            if shapely.get_num_coordinates(shape) <= PIECE_VERTICES:
                pieces.append(shape)
                owners.append(int(position))
                continue
            check()
            todo += _quarters(shape)
    return np.array(pieces, dtype=object), np.array(owners, dtype=int)


def _quarters(shape: Any) -> list[Any]:
    xmin, ymin, xmax, ymax = shape.bounds
    xmid, ymid = (xmin + xmax) / 2, (ymin + ymax) / 2
    quarters = []
    for box in ((xmin, ymin, xmid, ymid), (xmid, ymin, xmax, ymid), (xmin, ymid, xmid, ymax), (xmid, ymid, xmax, ymax)):
        quarter = polygons_only(shapely.intersection(shape, shapely.box(*box)))
        if quarter is not None:
            quarters.append(quarter)
    return quarters


def _robust(
    operation: Callable[..., Any], a: NDArray, b: NDArray, i: NDArray, j: NDArray, tolerance: Tolerance, ladder: Ladder
) -> NDArray:
    """The operation on pairs of arrays; where GEOS gives up, down the ladder for that pair alone."""
    try:
        return operation(a, b)
    except shapely.GEOSException:
        results = np.empty(len(a), dtype=object)
        for n in range(len(a)):
            results[n] = _one_by_ladder(operation, a[n], b[n], (int(i[n]), int(j[n])), tolerance, ladder)
        return results


def _one_by_ladder(operation: Any, a: Any, b: Any, pair: tuple[int, int], tolerance: Tolerance, ladder: Ladder) -> Any:
    try:
        return operation(a, b)
    except shapely.GEOSException:
        pass  # the next steps are what is done about it
    try:
        result = operation(a, b, grid_size=tolerance.cluster_m)
        ladder.fixed_precision += 1
        return result
    except shapely.GEOSException:
        pass
    try:
        result = operation(repair(a), repair(b), grid_size=tolerance.cluster_m)
        ladder.repaired += 1
        return result
    except shapely.GEOSException:
        ladder.failed.append(pair)
        return None


def _real_parts(
    i: NDArray, j: NDArray, shapes: NDArray, tolerance: Tolerance, connected: bool, slivers: Slivers
) -> list[tuple[int, int, Any]]:
    """Take the areal parts of each shape, drop slivers, give back rows (i, j, geometry)."""
    rows = []
    for left, right, shape in zip(i.tolist(), j.tolist(), shapes, strict=True):
        polygons = polygons_only(shape)
        if polygons is None:
            continue
        parts = shapely.get_parts([polygons])
        areas, lengths = shapely.area(parts), shapely.length(parts)
        with np.errstate(invalid="ignore", divide="ignore"):
            sliver = tolerance.is_sliver(areas, 2 * areas / lengths)
        if sliver.any():
            slivers.geometry += list(parts[sliver])
            parts = parts[~sliver]
        if connected:
            rows += [(left, right, p) for p in parts]
        elif len(parts):
            rows.append((left, right, parts[0] if len(parts) == 1 else shapely.multipolygons(parts)))
    return rows


def _parts(rows: list[tuple[int, int, Any]], slivers: Slivers, ladder: Ladder) -> Parts:
    geometry = np.array([r[2] for r in rows], dtype=object)
    area, length = shapely.area(geometry), shapely.length(geometry)
    return Parts(
        left=np.array([r[0] for r in rows], dtype=int),
        right=np.array([r[1] for r in rows], dtype=int),
        geometry=geometry,
        area=area,
        width=2 * area / length if len(rows) else np.array([]),
        slivers=slivers,
        ladder=ladder,
    )

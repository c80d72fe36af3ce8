# SPDX-License-Identifier: GPL-2.0-or-later
"""Prototype: areas that polygons of two layers share, without their shapes, where edges do not match.

Run ``python -m tests.benchmarks.pair_areas --parcels 20000``. It times the prototype, `find_shared_parts` and
geopandas.overlay on a county whose plan layers have other vertices, moved by up to 0.5 m, and compares the areas of
all pairs.

The boundary of a shared part consists of the boundary of each polygon inside the other one. Its area is half the sum
of cross products along these chains. A chain ends where the boundaries cross, so only crossings are needed, and for
each ring the polygon in which it begins:

    2 · area = Σ over both polygons: Σ exits S − Σ entries S + (S of the whole ring, if its first vertex is inside)

S is the sum of cross products from the ring's first vertex on. Coordinates are rounded to 2⁻³⁰ m, so that the sign of
each predicate is exact. Where it is 0 (common vertices and edges), the left layer counts as moved by (ε, ε²): the area
is continuous, so its limit for ε → 0 is the area, and no case is special.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from plugin.core.geometry.overlay import find_shared_parts
from plugin.core.geometry.polygons import Polygons
from tests.county import make

from . import overlays

#: Coordinates are whole multiples of this (m), so that differences of coordinates are exact.
_GRID_M = 2.0**-30
#: Splits a float for an exact product (Dekker).
_SPLITTER = 134217729.0
#: Crossings of a ring that are closer (m) are one place: their order is uncertain, their sum is not.
_SAME_PLACE_M = 1e-7
#: A sign is certain if the determinant exceeds this share of its terms.
_CERTAIN_SHARE = 4e-16


class SharedAreas(NamedTuple):
    """Areas of pairs: rows of the left and the right layer, m², and whether the pair needs an overlay."""

    left: NDArray
    right: NDArray
    area: NDArray
    is_doubtful: NDArray


@dataclass
class Rings:
    """Rings of a layer as segments. ``weight``: 1 for a ring with its polygon on the left, else −1."""

    shapes: NDArray
    polygon: NDArray
    weight: NDArray
    origin: NDArray
    total: NDArray
    begin: NDArray
    end: NDArray
    ring: NDArray
    sum_before: NDArray
    length_before: NDArray
    length: NDArray

    @classmethod
    def of_shapes(cls, shapes: NDArray, centre: NDArray) -> Rings:
        """Return the rings of polygons, rounded and relative to ``centre``."""
        shapes = shapely.transform(shapes, lambda xy: np.round((xy - centre) / _GRID_M) * _GRID_M)
        parts, polygon = shapely.get_parts(shapes, return_index=True)
        rings, part = shapely.get_rings(parts, return_index=True)
        is_shell = np.append(True, part[1:] != part[:-1])[: len(part)]
        xy, ring = shapely.get_coordinates(rings, return_index=True)
        first = np.searchsorted(ring, np.arange(len(rings)))
        has_next = np.append(ring[1:] == ring[:-1], False) & np.append((xy[1:] != xy[:-1]).any(axis=1), False)
        segments = np.flatnonzero(has_next)
        begin, end, ring = xy[segments], xy[segments + 1], ring[segments]
        origin = xy[first]
        cross = compute_cross_products(begin - origin[ring], end - origin[ring])
        total = np.bincount(ring, cross, minlength=len(rings))
        length = np.hypot(*(end - begin).T)
        return cls(
            shapes=shapes,
            polygon=polygon[part],
            weight=np.where((total > 0) == is_shell, 1.0, -1.0),
            origin=origin,
            total=total,
            begin=begin,
            end=end,
            ring=ring,
            sum_before=sum_before_by_ring(cross, ring),
            length_before=sum_before_by_ring(length, ring),
            length=length,
        )

    def sum_until(self, segment: NDArray, point: NDArray, pair_origin: NDArray) -> NDArray:
        """Return the cross products from the ring's first vertex to a point on a segment, about the pair's origin."""
        own_origin = self.origin[self.ring[segment]]
        to_point = point - own_origin
        along_segment = compute_cross_products(self.begin[segment] - own_origin, to_point)
        return self.sum_before[segment] + along_segment + compute_cross_products(own_origin - pair_origin, to_point)


def compute_cross_products(a: NDArray, b: NDArray) -> NDArray:
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]


def sum_before_by_ring(values: NDArray, ring: NDArray) -> NDArray:
    """Return for each segment the sum of the values of earlier segments of its ring."""
    sums = np.cumsum(values) - values
    is_first = np.append(True, ring[1:] != ring[:-1])[: len(ring)]
    return sums - sums[np.maximum.accumulate(np.where(is_first, np.arange(len(ring)), 0))]


def multiply_exactly(a: NDArray, b: NDArray) -> tuple[NDArray, NDArray]:
    """Return product and rounding error; their sum is exact (Dekker 1971)."""
    product = a * b
    split = _SPLITTER * a
    a_high = split - (split - a)
    split = _SPLITTER * b
    b_high = split - (split - b)
    a_low, b_low = a - a_high, b - b_high
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def find_sides(begin: NDArray, end: NDArray, point: NDArray, moved: int) -> NDArray:
    """Return 1 for a point on the left of a segment, −1 on the right; 0 only for a segment without length.

    A point on the line of the segment is judged as if it were moved by (ε, ε²) (``moved`` 1), or the segment was (−1).
    """
    step, to_point = end - begin, point - begin
    one, other = step[:, 0] * to_point[:, 1], step[:, 1] * to_point[:, 0]
    sides = np.sign(one - other)
    doubtful = np.flatnonzero(np.abs(one - other) <= _CERTAIN_SHARE * (np.abs(one) + np.abs(other)))
    one, one_error = multiply_exactly(step[doubtful, 0], to_point[doubtful, 1])
    other, other_error = multiply_exactly(step[doubtful, 1], to_point[doubtful, 0])
    determinant = (one - other) + (one_error - other_error)
    sides[doubtful] = np.sign(determinant)
    on_line = doubtful[determinant == 0]
    moved_sides = np.where(step[on_line, 1] != 0, -np.sign(step[on_line, 1]), np.sign(step[on_line, 0]))
    sides[on_line] = moved * moved_sides
    return sides


@dataclass
class Crossings:
    """Crossings of segments of two layers; arrays of one length. Each ring there enters or leaves the other polygon."""

    left_segment: NDArray
    right_segment: NDArray
    point: NDArray
    left_enters: NDArray
    right_enters: NDArray


def find_crossings(left: Rings, right: Rings) -> Crossings:
    trees = [shapely.linestrings(np.stack([rings.begin, rings.end], axis=1)) for rings in (left, right)]
    i, j = shapely.STRtree(trees[1]).query(trees[0])
    begins = find_sides(right.begin[j], right.end[j], left.begin[i], 1)
    ends = find_sides(right.begin[j], right.end[j], left.end[i], 1)
    i, j, ends = (values[begins != ends] for values in (i, j, ends))
    other_begins = find_sides(left.begin[i], left.end[i], right.begin[j], -1)
    other_ends = find_sides(left.begin[i], left.end[i], right.end[j], -1)
    i, j, ends, other_ends = (values[other_begins != other_ends] for values in (i, j, ends, other_ends))
    begin, step, other_begin = left.begin[i], left.end[i] - left.begin[i], right.begin[j]
    other_step = right.end[j] - other_begin
    with np.errstate(divide="ignore", invalid="ignore"):
        share = compute_cross_products(other_begin - begin, other_step) / compute_cross_products(step, other_step)
    # On one line: any point that both segments have.
    parallel = ~np.isfinite(share)
    squares = (step[parallel] ** 2).sum(axis=1)
    shares = [
        ((end - begin[parallel]) * step[parallel]).sum(axis=1) / squares
        for end in (other_begin[parallel], right.end[j][parallel])
    ]
    share[parallel] = sum(np.clip(one, 0, 1) for one in shares) / 2
    return Crossings(
        i,
        j,
        begin + np.clip(share, 0, 1)[:, None] * step,
        ends * right.weight[right.ring[j]] > 0,
        other_ends * left.weight[left.ring[i]] > 0,
    )


def measure_shared_areas(left_shapes: Any, right_shapes: Any) -> SharedAreas:
    """Return the areas (m²) that polygons of two layers share, in the plane of their coordinates.

    Pairs that only touch may be listed with an area of about 0. Polygons may have holes and several parts, and the
    polygons of a layer may overlap. A doubtful pair has crossings whose order contradicts itself.
    """
    left_shapes, right_shapes = np.asarray(left_shapes, object), np.asarray(right_shapes, object)
    west, south, east, north = shapely.total_bounds(left_shapes)
    centre = np.round([(west + east) / 2, (south + north) / 2])
    left, right = (Rings.of_shapes(shapes, centre) for shapes in (left_shapes, right_shapes))
    crossings = find_crossings(left, right)
    left_ring, right_ring = left.ring[crossings.left_segment], right.ring[crossings.right_segment]
    row_count = len(right_shapes)
    pair = left.polygon[left_ring].astype(np.int64) * row_count + right.polygon[right_ring]
    pair_origin = left.origin[np.searchsorted(left.polygon, left.polygon[left_ring])]
    keys, sums, doubtful_pairs = [], [], []
    for rings, other, segment, ring, other_polygon, enters in (
        (left, right, crossings.left_segment, left_ring, right.polygon[right_ring], crossings.left_enters),
        (right, left, crossings.right_segment, right_ring, left.polygon[left_ring], crossings.right_enters),
    ):
        until = rings.sum_until(segment, crossings.point, pair_origin)
        keys.append(pair)
        sums.append(rings.weight[ring] * np.where(enters, -until, until))
        position = rings.length_before[segment] + np.hypot(*(crossings.point - rings.begin[segment]).T)
        inside, undecided, doubtful = find_beginnings(ring, other_polygon, position, enters, len(other.shapes))
        inside = np.concatenate([inside, locate_rings(rings, other, undecided)])
        for pairs, target in ((inside, keys), (doubtful, doubtful_pairs)):
            of_ring, of_other = pairs[:, 0], pairs[:, 1]
            rows = (rings.polygon[of_ring], of_other) if rings is left else (of_other, rings.polygon[of_ring])
            target.append(rows[0].astype(np.int64) * row_count + rows[1])
        sums.append(rings.weight[inside[:, 0]] * rings.total[inside[:, 0]])
    found, inverse = np.unique(np.concatenate(keys), return_inverse=True)
    area = np.bincount(inverse, np.concatenate(sums), minlength=len(found)) / 2
    return SharedAreas(found // row_count, found % row_count, area, np.isin(found, np.concatenate(doubtful_pairs)))


def find_beginnings(
    ring: NDArray, polygon: NDArray, position: NDArray, enters: NDArray, polygon_count: int
) -> tuple[NDArray, NDArray, NDArray]:
    """Return pairs (ring, other polygon): the ring begins inside; decided by crossings; contradictory.

    The first place with more exits than entries, or fewer, decides.
    """
    key = ring.astype(np.int64) * polygon_count + polygon
    order = np.lexsort((position, key))
    key, position, step = key[order], position[order], np.where(enters[order], -1, 1)
    is_new = np.append(True, (key[1:] != key[:-1]) | (np.diff(position) > _SAME_PLACE_M))[: len(key)]
    net = np.bincount(np.cumsum(is_new) - 1, step) if len(key) else np.zeros(0)
    place_key = key[is_new][net != 0]
    net = net[net != 0]
    is_first = np.append(True, place_key[1:] != place_key[:-1])[: len(place_key)]
    repeats = np.flatnonzero((place_key[1:] == place_key[:-1]) & (net[1:] == net[:-1])) + 1
    contradictory = np.concatenate([place_key[repeats], place_key[np.abs(net) > 1]])
    decided = place_key[is_first]
    return tuple(
        np.stack([keys // polygon_count, keys % polygon_count], axis=1)
        for keys in (decided[net[is_first] > 0], decided, contradictory)
    )


def locate_rings(rings: Rings, other: Rings, decided: NDArray) -> NDArray:
    """Return pairs (ring, other polygon) of rings inside a polygon whose boundary they do not cross."""
    polygon_count = len(other.shapes)
    vertices = shapely.points(rings.origin)
    ring, polygon = shapely.STRtree(other.shapes).query(vertices, predicate="intersects")
    is_open = ~np.isin(ring.astype(np.int64) * polygon_count + polygon, decided[:, 0] * polygon_count + decided[:, 1])
    ring, polygon = ring[is_open], polygon[is_open]
    shapely.prepare(other.shapes)
    is_inside = shapely.contains_properly(other.shapes[polygon], vertices[ring])
    # The first vertex is on the boundary: another vertex, or the middle of a segment, is not.
    for n in np.flatnonzero(~is_inside):
        own = slice(*np.searchsorted(rings.ring, [ring[n], ring[n] + 1]))
        tries = shapely.points(np.concatenate([rings.begin[own], (rings.begin[own] + rings.end[own]) / 2]))
        inside = shapely.contains_properly(other.shapes[polygon[n]], tries).sum()
        is_inside[n] = inside > (~shapely.intersects(other.shapes[polygon[n]], tries)).sum()
    return np.stack([ring[is_inside], polygon[is_inside]], axis=1).astype(np.int64)


def redraw_plan_layers(frames: dict[str, gpd.GeoDataFrame]) -> None:
    """Give the plan layers other vertices, moved by up to 0.5 m; parcels stay."""

    def move(xy: NDArray) -> NDArray:
        x, y = xy.T
        return xy + 0.35 * np.stack([np.sin(x / 311 + y / 177), np.cos(y / 271 - x / 419)], axis=1)

    for role in frames.keys() - {"DLTB"}:
        shapes = shapely.transform(shapely.segmentize(frames[role].geometry.to_numpy(), 60.0), move)
        frames[role] = gpd.GeoDataFrame(geometry=shapes[shapely.is_valid(shapes)], crs=frames[role].crs)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--parcels", type=int, default=20_000)
    given = options.parse_args()
    frames = overlays.repair_polygons(make(given.parcels).layers)
    redraw_plan_layers(frames)
    print("| 叠加 | 原型 s | 现用 s | geopandas s | 对数 | 面积最大差 m² | 待叠加 |\n|---|---|---|---|---|---|---|")
    for name, left, right in overlays.OVERLAYS:
        a, b = (frames[role].geometry.to_numpy() for role in (left, right))
        seconds = [time.perf_counter()]
        shared = measure_shared_areas(a, b)
        seconds.append(time.perf_counter())
        parts = find_shared_parts(Polygons(a), Polygons(b), tolerance=overlays.ZERO_TOLERANCE)
        seconds.append(time.perf_counter())
        gpd.overlay(frames[left], frames[right], how="intersection", keep_geom_type=True)
        seconds.append(time.perf_counter())
        keys, inverse = np.unique(parts.left.astype(np.int64) * len(b) + parts.right, return_inverse=True)
        expected = dict(zip(keys.tolist(), np.bincount(inverse, parts.area, minlength=len(keys)).tolist(), strict=True))
        own = dict(
            zip((shared.left.astype(np.int64) * len(b) + shared.right).tolist(), shared.area.tolist(), strict=True)
        )
        worst = max(
            (abs(own.get(key, 0.0) - expected.get(key, 0.0)) for key in own.keys() | expected.keys()), default=0.0
        )
        times = " | ".join(f"{seconds:.2f}" for seconds in np.diff(seconds))
        print(f"| {name} | {times} | {len(expected)} | {worst:.1e} | {shared.is_doubtful.sum()} |")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: GPL-2.0-or-later
"""Make polygons of the closed outlines of one layer: holes, duplicates, outlines that cross themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon

from ...base.choices import SEPARATE
from ...geometry.tolerance import Tolerance
from ...geometry.validity import find_invalidity_reason
from .drawing import DrawingPolygon, LeftOut, Ring

#: What an outline within another of the same layer is: a hole (and one within a hole land again), or a polygon.
_SAME_M = Tolerance().cluster_m
_NO_AREA_M2 = _SAME_M**2


def make_polygons(rings: Sequence[Ring], hole_rule: str) -> tuple[list[DrawingPolygon], list[LeftOut]]:
    """Return the polygons of the rings of one layer, and the rings that were not taken.

    ``hole_rule``: one of `HOLE_RULES`.
    """
    usable, left_out = _drop_unusable(rings)
    shapes = np.array([Polygon(ring.vertices) for ring in usable], dtype=object)
    keep, double = _drop_duplicates(usable, shapes)
    usable, shapes = [usable[number] for number in keep], shapes[keep]
    left_out += double
    if hole_rule == SEPARATE:
        polygons = [_make_polygon([ring], shape) for ring, shape in zip(usable, shapes, strict=True)]
        return polygons, left_out
    polygons, divided = _make_with_holes(usable, shapes)
    return polygons, [*left_out, *divided]


def _make_polygon(rings: Sequence[Ring], shape: Polygon) -> DrawingPolygon:
    """Return a polygon with the handles of its outer ring and of its holes."""
    handles = tuple(dict.fromkeys(handle for ring in rings for handle in ring.handles))
    return DrawingPolygon(handles, rings[0].layer, shape, max(ring.gap_m for ring in rings))


def _leave_out(key: str, ring: Ring, place: Sequence[float] | NDArray, **params: object) -> LeftOut:
    """Return a ring as left out, at a place."""
    return LeftOut(key, ring.layer, ring.handles, ring.kind, (float(place[0]), float(place[1])), params=params)


def _drop_unusable(rings: Sequence[Ring]) -> tuple[list[Ring], list[LeftOut]]:
    """Return the rings that bound land, and those that do not, or that cross themselves."""
    usable: list[Ring] = []
    left_out: list[LeftOut] = []
    for ring in rings:
        origin = ring.vertices[0]
        # Near the origin, so that intersections are computed with all digits.
        vertices = ring.vertices - origin
        # The area of an outline that crosses itself may be 0, that of its hull is not.
        if shapely.convex_hull(shapely.multipoints(vertices)).area <= _NO_AREA_M2:
            left_out.append(_leave_out("no_area", ring, origin))
            continue
        shape = Polygon(vertices)
        if not shape.is_valid:
            left_out.append(_leave_out("crossing", ring, _find_defect(shape) + origin))
        else:
            usable.append(ring)
    return usable, left_out


def _find_defect(shape: Polygon) -> NDArray:
    """Return the place (x, y) that makes a polygon invalid."""
    return shapely.get_coordinates(find_invalidity_reason(shape)[1])[0]


def _drop_duplicates(rings: Sequence[Ring], shapes: NDArray) -> tuple[list[int], list[LeftOut]]:
    """Return the positions of rings without those that bound the same land as an earlier one, and these."""
    centres = shapely.centroid(shapes)
    pairs = shapely.STRtree(centres).query(centres, predicate="dwithin", distance=_SAME_M).T.tolist()
    first_of: dict[int, int] = {}
    for later, earlier in sorted(pairs):
        if (
            earlier < later
            and later not in first_of
            and earlier not in first_of
            and shapely.hausdorff_distance(shapes[earlier], shapes[later]) <= _SAME_M
        ):
            first_of[later] = earlier
    double = [
        _leave_out("duplicate", rings[later], rings[later].vertices[0], other=" ".join(rings[earlier].handles))
        for later, earlier in first_of.items()
    ]
    return [number for number in range(len(rings)) if number not in first_of], double


def _make_with_holes(rings: Sequence[Ring], shapes: NDArray) -> tuple[list[DrawingPolygon], list[LeftOut]]:
    """Return polygons in which an outline within another is a hole, and one within a hole is land again."""
    areas = shapely.area(shapes)
    inner, outer = shapely.STRtree(shapes).query(shapes, predicate="covered_by")
    is_real = areas[outer] > areas[inner]
    containers: list[list[int]] = [[] for _ in rings]
    for number, container in zip(inner[is_real].tolist(), outer[is_real].tolist(), strict=True):
        containers[number].append(container)
    holes_of: dict[int, list[int]] = {}
    for number, outers in enumerate(containers):
        if len(outers) % 2:
            # The innermost of the outlines around it.
            holes_of.setdefault(max(outers, key=lambda other: len(containers[other])), []).append(number)
    polygons: list[DrawingPolygon] = []
    left_out: list[LeftOut] = []
    for number, ring in enumerate(rings):
        if len(containers[number]) % 2:
            continue
        members = [ring, *(rings[hole] for hole in holes_of.get(number, []))]
        shape = Polygon(ring.vertices, [hole.vertices for hole in members[1:]])
        if shape.is_valid:
            polygons.append(_make_polygon(members, shape))
        else:
            handles = tuple(dict.fromkeys(handle for member in members for handle in member.handles))
            left_out.append(replace(_leave_out("divided", ring, _find_defect(shape)), handles=handles))
    return polygons, left_out

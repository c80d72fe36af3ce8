# SPDX-License-Identifier: GPL-2.0-or-later
"""Make polygons of the closed outlines of one layer: holes, duplicates, outlines that cross themselves.

Texts of the drawing then fill fields of the polygons in which they are.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon

from ...base.choices import SEPARATE
from ...geometry.tolerance import Tolerance
from ...geometry.validity import find_invalidity_reason
from ...standard.template import TemplateField
from .drawing import DrawingPolygon, DrawingText, LeftOut, Ring
from .mapping import LayerTarget

#: What an outline within another of the same layer is: a hole (and one within a hole land again), or a polygon.
_SAME_M = Tolerance().cluster_m
_NO_AREA_M2 = _SAME_M**2


def make_polygons(rings: Sequence[Ring], hole_rule: str) -> tuple[list[DrawingPolygon], list[LeftOut]]:
    """Return the polygons of the rings of one layer, and the rings that were not taken.

    ``hole_rule``: one of `HOLE_RULES`.
    """
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
    shapes = np.array([Polygon(ring.vertices) for ring in usable], dtype=object)
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
        _leave_out("duplicate", usable[later], usable[later].vertices[0], other=" ".join(usable[earlier].handles))
        for later, earlier in first_of.items()
    ]
    keep = [number for number in range(len(usable)) if number not in first_of]
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


def _find_defect(shape: Polygon) -> NDArray:
    """Return the place (x, y) that makes a polygon invalid."""
    return shapely.get_coordinates(find_invalidity_reason(shape)[1])[0]


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


def assign_texts(
    texts: Sequence[DrawingText], polygons: Sequence[DrawingPolygon], target_by_layer: Mapping[str, LayerTarget]
) -> list[LeftOut]:
    """Give each polygon the texts in it, as values of fields and as a list; return the texts that were not used.

    The place of a text is its insertion point. Of each layer of the drawing it may be in one polygon. Texts in no
    polygon, in several of one layer, or of which several fit one field, become no value.
    """
    if not texts or not polygons:
        return [_leave_out_text("text_outside", text) for text in texts]
    points = shapely.points([text.place for text in texts])
    shapes = np.array([polygon.shape for polygon in polygons], dtype=object)
    numbers, places = shapely.STRtree(shapes).query(points, predicate="within")
    within: dict[int, list[int]] = defaultdict(list)
    for number, place in zip(numbers.tolist(), places.tolist(), strict=True):
        within[number].append(place)
    texts_of: dict[int, list[DrawingText]] = defaultdict(list)
    left_out: list[LeftOut] = []
    for number, text in enumerate(texts):
        by_layer: dict[str, list[int]] = defaultdict(list)
        for place in within[number]:
            by_layer[polygons[place].layer].append(place)
        if not by_layer:
            left_out.append(_leave_out_text("text_outside", text))
        for layer, found in by_layer.items():
            if len(found) == 1:
                texts_of[found[0]].append(text)
            else:
                handles = _join_handles(handle for place in found for handle in polygons[place].handles)
                left_out.append(_leave_out_text("text_overlap", text, polygon_layer=layer, others=handles))
    for place, members in sorted(texts_of.items()):
        left_out += _fill_polygon(polygons[place], members, target_by_layer[polygons[place].layer])
    return left_out


def _leave_out_text(key: str, text: DrawingText, **params: object) -> LeftOut:
    """Return a text as left out."""
    return LeftOut(key, text.layer, (text.handle,), text.kind, text.place, params={"text": text.text, **params})


def _join_handles(handles: Iterable[str]) -> str:
    """Return handles as one text, each once."""
    return " ".join(dict.fromkeys(handles))


def _fill_polygon(polygon: DrawingPolygon, texts: Sequence[DrawingText], target: LayerTarget) -> list[LeftOut]:
    """Set the values of a polygon from the texts in it; return the texts that became no value though a field fits."""
    polygon.texts = [text.text for text in texts]
    matches: dict[str, list[tuple[DrawingText, str]]] = defaultdict(list)
    for text in texts:
        found = ((field.field, field.match(text.text)) for field in target.text_fields)
        for name, part in [(name, part) for name, part in found if part][:1]:
            matches[name].append((text, part))
    left_out: list[LeftOut] = []
    handles = _join_handles(polygon.handles)
    for name, pairs in matches.items():
        values = {value for _, value in pairs}
        if len(values) > 1:
            left_out += [_leave_out_text("text_several", text, field=name, others=handles) for text, _ in pairs]
            continue
        field = target.template.find_field_by_name(name)
        value = _convert(pairs[0][1], field) if field else None
        if value is None:
            left_out += [_leave_out_text("text_value", text, field=name, others=handles) for text, _ in pairs]
        else:
            polygon.values[name] = value
    return left_out


def _convert(value: str, field: TemplateField) -> str | int | float | None:
    """Return a text as a value of a field; None if it does not fit its type or length."""
    if field.type == "text":
        return value if field.length is None or len(value) <= field.length else None
    try:
        number = float(value)
    except ValueError:
        return None
    if not math.isfinite(number) or (field.type == "integer" and not number.is_integer()):
        return None
    return int(number) if field.type == "integer" else number

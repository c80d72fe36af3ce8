# SPDX-License-Identifier: GPL-2.0-or-later
"""Make polygons of the closed outlines of one layer: holes, duplicates, outlines that cross themselves.

Texts of the drawing then fill fields of the polygons in which they are.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon

from ...base.choices import SEPARATE
from ...geometry.polygons import find_connected_components
from ...geometry.tolerance import Tolerance
from ...geometry.validity import find_invalidity_reason
from ...standard.template import TemplateField
from .drawing import DrawingLine, DrawingPolygon, DrawingText, LeftOut, Ring
from .mapping import LayerTarget

#: Two vertices this near are one (m); an outline of less area (m²) encloses no land.
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
        elif not (shape := Polygon(vertices)).is_valid:
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
    left_out += [
        _leave_out("duplicate", usable[later], usable[later].vertices[0], other=" ".join(usable[earlier].handles))
        for later, earlier in first_of.items()
    ]
    keep = [number for number in range(len(usable)) if number not in first_of]
    usable, shapes = [usable[number] for number in keep], shapes[keep]
    if hole_rule == SEPARATE:
        return [_make_polygon([ring], shape) for ring, shape in zip(usable, shapes, strict=True)], left_out
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
                handles = " ".join(dict.fromkeys(handle for place in found for handle in polygons[place].handles))
                left_out.append(_leave_out_text("text_overlap", text, polygon_layer=layer, others=handles))
    for place, members in sorted(texts_of.items()):
        left_out += _fill_polygon(polygons[place], members, target_by_layer[polygons[place].layer])
    return left_out


def _leave_out_text(key: str, text: DrawingText, **params: object) -> LeftOut:
    """Return a text as left out."""
    return LeftOut(key, text.layer, (text.handle,), text.kind, text.place, params={"text": text.text, **params})


def _fill_polygon(polygon: DrawingPolygon, texts: Sequence[DrawingText], target: LayerTarget) -> list[LeftOut]:
    """Set the values of a polygon from the texts in it; return the texts that became no value though a field fits."""
    polygon.texts = [text.text for text in texts]
    matches: dict[str, list[tuple[DrawingText, str]]] = defaultdict(list)
    for text in texts:
        found = ((field.field, field.match(text.text)) for field in target.text_fields)
        for name, part in [(name, part) for name, part in found if part][:1]:
            matches[name].append((text, part))
    left_out: list[LeftOut] = []
    handles = " ".join(polygon.handles)
    for name, pairs in matches.items():
        is_ambiguous = len({value for _, value in pairs}) > 1
        field = target.template.find_field_by_name(name)
        value = _convert(pairs[0][1], field) if field else None
        if is_ambiguous or value is None:
            key = "text_several" if is_ambiguous else "text_value"
            left_out += [_leave_out_text(key, text, field=name, others=handles) for text, _ in pairs]
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


@dataclass(frozen=True)
class _Chain:
    """Lines of one layer that are joined end to end. ``gap_m``: the largest gap that was bridged."""

    handles: tuple[str, ...]
    kinds: tuple[str, ...]
    layer: str
    vertices: NDArray
    gap_m: float = 0.0

    @property
    def end_gap_m(self) -> float:
        """Return the distance between both ends (m)."""
        return math.dist(self.vertices[0], self.vertices[-1])

    @property
    def length_m(self) -> float:
        """Return the length (m)."""
        return float(np.hypot(*np.diff(self.vertices, axis=0).T).sum())

    def leave_out(self, key: str, place: NDArray, gap_m: float | None = None) -> LeftOut:
        """Return the chain as left out, at a place."""
        x, y = place.tolist()
        return LeftOut(key, self.layer, self.handles, " ".join(self.kinds), (x, y), gap_m)

    def close(self) -> Ring:
        """Return the ring that ends exactly at the start of the chain."""
        vertices = self.vertices[:-1] if self.end_gap_m <= _SAME_M else self.vertices
        gap = max(self.gap_m, self.end_gap_m)
        closed = np.concatenate([vertices, self.vertices[:1]])
        return Ring(self.handles, self.layer, " ".join(self.kinds), closed, gap if gap > _SAME_M else 0.0)


def join_outlines(lines: Sequence[DrawingLine], closing_m: float) -> tuple[list[Ring], list[LeftOut]]:
    """Return the closed outlines of the lines of one layer, and the lines that do not close.

    Ends that meet are joined first, then those within the tolerance: no vertex moves, a straight segment bridges the
    gap. Where more than two ends meet, the outline is ambiguous, and its lines are left out.

    Parameters
    ----------
    lines
        Lines of one layer, coordinates in metres.
    closing_m
        Largest gap that is bridged (m).
    """
    rings: list[Ring] = []
    left_out: list[LeftOut] = []
    #: Vertices of an open line in one of its directions → the line.
    open_lines: dict[bytes, _Chain] = {}
    for line in lines:
        chain = _Chain((line.handle,), (line.kind,), line.layer, line.vertices)
        rounded = np.round(chain.vertices / _SAME_M).astype(np.int64)
        key = min(rounded.tobytes(), rounded[::-1].tobytes())
        if len(line.vertices) >= 4 and chain.end_gap_m <= _SAME_M:
            rings.append(chain.close())
        elif (first := open_lines.setdefault(key, chain)) is not chain:
            params = {"other": first.handles[0]}
            left_out.append(replace(chain.leave_out("double_line", chain.vertices[0]), params=params))
    joined, open_chains, branched = _join_ends(list(open_lines.values()), _SAME_M)
    left_out += branched
    rings += joined
    if closing_m > _SAME_M:
        left_out += [
            chain.leave_out("short", chain.vertices[0]) for chain in open_chains if chain.length_m <= closing_m
        ]
        open_chains = [chain for chain in open_chains if chain.length_m > closing_m]
        joined, open_chains, branched = _join_ends(open_chains, closing_m)
        left_out += branched
        rings += joined
    left_out += [chain.leave_out("open", chain.vertices[-1], chain.end_gap_m) for chain in open_chains]
    return rings, left_out


def _join_ends(lines: Sequence[_Chain], tolerance_m: float) -> tuple[list[Ring], list[_Chain], list[LeftOut]]:
    """Return the closed outlines, the open chains, and the lines that meet more than one other at an end.

    Ends meet within a tolerance.
    """
    rings: list[Ring] = []
    open_chains: list[_Chain] = []
    branched: list[LeftOut] = []
    points = shapely.points(np.array([[line.vertices[0], line.vertices[-1]] for line in lines]).reshape(-1, 2))
    pairs = shapely.STRtree(points).query(points, predicate="dwithin", distance=tolerance_m)
    # The group of ends to which start and end of each line belong; ends that others join are one group.
    nodes = find_connected_components(len(points), *pairs).reshape(-1, 2).tolist()
    # Group → lines, a line that begins and ends in the group twice.
    lines_at: dict[int, list[int]] = defaultdict(list)
    for number, pair in enumerate(nodes):
        for node in pair:
            lines_at[node].append(number)
    for component in _find_components(nodes, lines_at):
        degrees = Counter(node for number in component for node in nodes[number])
        node, degree = degrees.most_common(1)[0]
        if degree > 2:
            place = lines[node // 2].vertices[-(node % 2)]
            branched.append(
                _merge([lines[number] for number in component], lines[0].vertices, 0.0).leave_out("branch", place)
            )
        elif min(degrees.values()) == 2:
            rings.append(_walk(lines, nodes, lines_at, component).close())
        else:
            open_chains.append(_walk(lines, nodes, lines_at, component))
    return rings, open_chains, branched


def _find_components(nodes: list[list[int]], lines_at: dict[int, list[int]]) -> Iterable[list[int]]:
    """Yield the numbers of the lines that are connected with each other, each from a free end if there is one."""
    is_free = [any(len(lines_at[node]) == 1 for node in pair) for pair in nodes]
    visited: set[int] = set()
    for start in sorted(range(len(nodes)), key=lambda number: not is_free[number]):
        component, waiting = [], [start]
        while waiting:
            number = waiting.pop()
            if number not in visited:
                visited.add(number)
                component.append(number)
                waiting += [neighbour for node in nodes[number] for neighbour in lines_at[node]]
        if component:
            yield component


def _walk(
    lines: Sequence[_Chain], nodes: list[list[int]], lines_at: dict[int, list[int]], component: Sequence[int]
) -> _Chain:
    """Return connected lines as one chain.

    At most two meet in each group of ends; the first line of the component has a free end if any has.
    """
    number = component[0]
    is_forward = len(lines_at[nodes[number][1]]) > 1
    ordered: list[_Chain] = []
    parts: list[NDArray] = []
    gap = 0.0
    for _ in component:
        vertices = lines[number].vertices if is_forward else lines[number].vertices[::-1]
        if parts:
            step = math.dist(parts[-1][-1], vertices[0])
            gap = max(gap, step)
            vertices = vertices[1:] if step <= _SAME_M else vertices
        ordered.append(lines[number])
        parts.append(vertices)
        node = nodes[number][1 if is_forward else 0]
        number = next((other for other in lines_at[node] if other != number), number)
        is_forward = nodes[number][0] == node
    return _merge(ordered, np.concatenate(parts), gap)


def _merge(chains: Sequence[_Chain], vertices: NDArray, gap_m: float) -> _Chain:
    """Return one chain with the handles and kinds of several, and the given vertices."""
    handles = dict.fromkeys(handle for chain in chains for handle in chain.handles)
    kinds = dict.fromkeys(kind for chain in chains for kind in chain.kinds)
    gap = max(gap_m, *(chain.gap_m for chain in chains))
    return _Chain(tuple(handles), tuple(kinds), chains[0].layer, vertices, gap)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Write a copy of a drawing in which all curves are chords within a tolerance, for GDAL's driver.

The driver divides arcs by an angle and splines by a fixed number, whatever their size; the copy makes the distance from
the curve independent of both. It has the entities that become outlines or texts, and the blocks that are inserted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.errors import InputError
from ...geometry.arcs import divide_arc
from .drawing import LeftOut
from .tags import Block, DrawingTags, Entity, Tag

Point = tuple[float, float]
#: Vertices (n, 2) and the largest distance of the curve from its chords.
Chords = tuple[NDArray, float]
#: Angles (radians) that differ less are equal: programs write rounded ones.
_SAME_ANGLE = 1e-8
#: Parameters within a piece of a spline at which its distance from the chord is measured.
_SAMPLED_SHARES = np.array([0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875])
_KEPT_TYPES = ("INSERT", "TEXT", "MTEXT", "ATTRIB", "ATTDEF")
#: Bits of a POLYLINE that is a mesh, and of a VERTEX that only controls a spline.
_MESH_BITS, _CONTROL_BIT, _CLOSED_BIT = 16 | 64, 16, 1
_EXTRUSION_CODES = (210, 220, 230)
#: Types of entities that polylines replace.
_CONVERTED_TYPES = ("LINE", "CIRCLE", "ARC", "ELLIPSE", "SPLINE", "LWPOLYLINE", "POLYLINE")


def divide_circle(centre: Point, radius: float, tolerance: float) -> Chords:
    """Return a closed ring of chords of a circle, anticlockwise from its east."""
    east = (centre[0] + radius, centre[1])
    return _measure(divide_arc(east, (centre[0] - radius, centre[1]), east, tolerance), radius)


def divide_centred_arc(
    centre: Point, radius: float, start_degrees: float, end_degrees: float, tolerance: float
) -> Chords:
    """Return the chords of an arc that runs anticlockwise from a start to an end angle."""
    sweep = (end_degrees - start_degrees) % 360.0
    if min(sweep, 360.0 - sweep) < np.degrees(_SAME_ANGLE):
        return divide_circle(centre, radius, tolerance)
    start, middle, end = (
        (centre[0] + radius * np.cos(angle), centre[1] + radius * np.sin(angle))
        for angle in np.radians([start_degrees, start_degrees + sweep / 2, start_degrees + sweep])
    )
    return _measure(divide_arc(start, middle, end, tolerance), radius)


def divide_bulge(start: Point, end: Point, bulge: float, tolerance: float) -> Chords:
    """Return the chords of the arc between two vertices of a polyline.

    ``bulge``: tangent of a quarter of the arc's angle, positive for an arc that runs anticlockwise, which is to the
    right of the chord (DXF reference, group code 42 of LWPOLYLINE).
    """
    dx, dy = end[0] - start[0], end[1] - start[1]
    chord = float(np.hypot(dx, dy))
    if bulge == 0.0 or chord == 0.0:
        return np.array([start, end]), 0.0
    middle = ((start[0] + end[0]) / 2 + dy * bulge / 2, (start[1] + end[1]) / 2 - dx * bulge / 2)
    # r = chord · (1 + b²) / (4·|b|), as the height of the arc is |b| · chord / 2.
    radius = chord * (1 + bulge * bulge) / (4 * abs(bulge))
    return _measure(divide_arc(start, middle, end, tolerance), radius)


def _measure(vertices: NDArray, radius: float) -> Chords:
    """Return vertices of an arc, and its largest distance from a chord c: r − √(r² − c²/4)."""
    longest = float(np.hypot(*np.diff(vertices, axis=0).T).max(initial=0.0))
    half_sine = min(1.0, longest / (2 * radius)) if radius else 0.0
    # 1 − cos(a) = 2·sin²(a/2), which keeps its digits for small angles.
    return vertices, 2 * radius * float(np.sin(np.arcsin(half_sine) / 2)) ** 2


def divide_ellipse(centre: Point, major: NDArray, minor: NDArray, start: float, end: float, tolerance: float) -> Chords:
    """Return the chords of an ellipse or of a part of it.

    ``major``, ``minor``: vectors from the centre to the ends of the half axes; ``start``, ``end``: parameters in
    radians. An ellipse is the affine image of a circle: the distance from a chord with the parameter step h is at most
    a·(1 − cos(h/2)), where a is the longer half axis.
    """
    sweep = (end - start) % (2 * np.pi)
    is_whole = min(sweep, 2 * np.pi - sweep) < _SAME_ANGLE
    sweep = 2 * np.pi if is_whole else sweep
    longest = max(float(np.hypot(*major)), float(np.hypot(*minor)))
    largest_step = 4 * float(np.arcsin(min(1.0, np.sqrt(tolerance / (2 * longest))))) if longest else np.pi
    count = max(4 if sweep > np.pi else 2, int(np.ceil(sweep / largest_step)))
    parameters = start + sweep * np.arange(count + 1) / count
    vertices = np.array(centre) + np.outer(np.cos(parameters), major) + np.outer(np.sin(parameters), minor)
    if is_whole:
        vertices[-1] = vertices[0]
    return vertices, 2 * longest * float(np.sin(sweep / count / 4)) ** 2


class Spline:
    """A B-spline, rational if its weights differ.

    ``degree``; ``knots`` (n + degree + 1,); ``controls`` (n, 2) control points; ``weights`` (n,).
    """

    def __init__(self, degree: int, knots: Sequence[float], controls: NDArray, weights: Sequence[float] = ()):
        self.degree = degree
        self.knots = np.asarray(knots, dtype=float)
        self.origin = controls[0].copy() if len(controls) else np.zeros(2)
        factors = np.asarray(weights if len(weights) else np.ones(len(controls)), dtype=float)
        #: Homogeneous coordinates near the origin (n, 3).
        self.homogeneous = np.column_stack([(controls - self.origin) * factors[:, None], factors])

    @property
    def is_complete(self) -> bool:
        """Return True if numbers of knots and control points fit the degree, and knots do not decrease."""
        count = len(self.homogeneous)
        return (
            self.degree >= 1
            and count > self.degree
            and len(self.knots) == count + self.degree + 1
            and bool((np.diff(self.knots) >= 0).all())
            and self.knots[self.degree] < self.knots[count]
            and bool((self.homogeneous[:, 2] > 0).all())
        )

    def evaluate(self, parameters: NDArray) -> NDArray:
        """Return the (m, 2) points at (m,) parameters, less the origin, by de Boor's algorithm."""
        degree, count = self.degree, len(self.homogeneous)
        spans = np.clip(np.searchsorted(self.knots, parameters, side="right") - 1, degree, count - 1)
        points = [self.homogeneous[spans - degree + number] for number in range(degree + 1)]
        for level in range(1, degree + 1):
            for number in range(degree, level - 1, -1):
                low = self.knots[spans - degree + number]
                high = self.knots[spans + 1 + number - level]
                width = high - low
                share = np.divide(parameters - low, width, out=np.zeros_like(parameters), where=width > 0)[:, None]
                points[number] = (1 - share) * points[number - 1] + share * points[number]
        return points[degree][:, :2] / points[degree][:, 2:]

    def divide(self, tolerance: float) -> Chords:
        """Return the chords of the spline; pieces are halved until each is within the tolerance of its chord."""
        count = len(self.homogeneous)
        domain = np.unique(self.knots[(self.knots >= self.knots[self.degree]) & (self.knots <= self.knots[count])])
        parameters = np.unique(np.concatenate([domain, (domain[1:] + domain[:-1]) / 2]))
        for _ in range(30):
            coarse = self._measure_distances(parameters) > tolerance
            if not coarse.any():
                break
            parameters = np.unique(np.concatenate([parameters, ((parameters[1:] + parameters[:-1]) / 2)[coarse]]))
        return self.evaluate(parameters) + self.origin, float(self._measure_distances(parameters).max())

    def _measure_distances(self, parameters: NDArray) -> NDArray:
        """Return the largest distance of each piece between (m,) parameters from its chord, from samples of it."""
        vertices = self.evaluate(parameters)
        inner = parameters[:-1, None] + np.diff(parameters)[:, None] * _SAMPLED_SHARES
        samples = self.evaluate(inner.ravel())
        chords = shapely.linestrings(np.stack([vertices[:-1], vertices[1:]], axis=1))
        distances = shapely.distance(np.repeat(chords, len(_SAMPLED_SHARES)), shapely.points(samples))
        return distances.reshape(inner.shape).max(axis=1)


@dataclass
class StraightCopy:
    """What is in a copy of a drawing with straight lines.

    ``deviation``: largest distance of a curve from its chords, in units of the drawing; ``curve_count``: number of
    curves; ``kind_by_handle``: of the entities of the drawing.
    """

    deviation: float = 0.0
    curve_count: int = 0
    kind_by_handle: dict[str, str] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)


def write_straight_copy(drawing: DrawingTags, target: Path, tolerance: float) -> StraightCopy:
    """Write the copy in UTF-8; the drawing does not change. ``tolerance``: in units of the drawing.

    Raise InputError for blocks that contain each other, and for values that are not numbers.
    """
    scales = _measure_scales(drawing)
    copy = StraightCopy()
    lines = _format_pairs([(0, "SECTION"), (2, "HEADER"), (9, "$ACADVER"), (1, "AC1021"), (0, "ENDSEC")])
    lines += _format_pairs([(0, "SECTION"), (2, "BLOCKS")])
    for name, scale in scales.items():
        block = drawing.blocks[name]
        if block.head is not None:
            lines += _format_entity(block.head)
        lines += _convert_entities(block.entities, drawing.blocks, tolerance, scale, copy)
        lines += _format_pairs([(0, "ENDBLK")])
    lines += _format_pairs([(0, "ENDSEC"), (0, "SECTION"), (2, "ENTITIES")])
    # Group code 67 marks an entity of a layout (paper space).
    shown = [entity for entity in drawing.entities if entity.get(67) != "1"]
    if len(shown) < len(drawing.entities):
        copy.left_out.append(LeftOut("paper", params={"count": len(drawing.entities) - len(shown)}))
    copy.kind_by_handle = {entity.handle: entity.type for entity in shown}
    lines += _convert_entities(shown, drawing.blocks, tolerance, 1.0, copy)
    lines += _format_pairs([(0, "ENDSEC"), (0, "EOF")])
    target.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    return copy


def _measure_scales(drawing: DrawingTags) -> dict[str, float]:
    """Return the largest scale at which each inserted block appears, by its name in capitals.

    Raise InputError for a block that contains itself.
    """
    scales: dict[str, float] = {}

    def visit(entities: Iterable[Entity], scale: float, path: tuple[str, ...]) -> None:
        for entity in entities:
            name = entity.get(2).upper()
            if entity.type == "INSERT" and name in drawing.blocks:
                if name in path:
                    raise InputError("drawing_block_cycle", block=entity.get(2), handle=entity.handle)
                inner_scale = scale * max(abs(entity.get_number(41, 1.0)), abs(entity.get_number(42, 1.0)))
                if inner_scale > scales.get(name, 0.0):
                    scales[name] = inner_scale
                    visit(drawing.blocks[name].entities, inner_scale, (*path, name))

    visit(drawing.entities, 1.0, ())
    return scales


def _convert_entities(
    entities: Iterable[Entity], blocks: dict[str, Block], tolerance: float, scale: float, copy: StraightCopy
) -> list[str]:
    """Return the lines of entities in the copy; add those that are left out, and the deviation, to ``copy``."""
    lines: list[str] = []
    for entity in entities:
        problem = _find_problem(entity, blocks)
        if problem:
            copy.left_out.append(_leave_out(problem, entity))
        elif entity.type in _KEPT_TYPES:
            lines += _format_entity(entity)
        else:
            polyline = _convert(entity, tolerance / scale)
            if len(polyline.written_vertices) < 2:
                copy.left_out.append(_leave_out("no_area", entity))
                continue
            lines += polyline.format(entity)
            copy.deviation = max(copy.deviation, polyline.deviation * scale)
            copy.curve_count += polyline.has_curve
    return lines


def _leave_out(key: str, entity: Entity) -> LeftOut:
    """Return an entity as left out; its place is its first point in units of the drawing, None within a block."""
    params = {"kind": entity.type, "block": entity.get(2) if entity.type == "INSERT" else entity.block}
    x, y = entity.get_numbers(10), entity.get_numbers(20)
    place = (x[0], y[0]) if x and y and not entity.block else None
    return LeftOut(key, entity.layer, (entity.handle,), entity.type, place, params=params)


def _find_problem(entity: Entity, blocks: dict[str, Block]) -> str:
    """Return the key of the reason for which an entity cannot be taken, empty without one."""
    if entity.type == "INSERT":
        # The driver would read a wrong number as 0.
        # Place, scale and rotation of an INSERT.
        for code in (10, 20, 41, 42, 50):
            entity.get_number(code)
        block = blocks.get(entity.get(2).upper())
        return "block_missing" if block is None else "block_external" if block.is_external else ""
    if entity.type == "SPLINE":
        return "" if _make_spline(entity).is_complete else "spline"
    if entity.type == "POLYLINE" and entity.get_flags() & _MESH_BITS:
        return "kind"
    return "" if entity.type in _KEPT_TYPES or entity.type in _CONVERTED_TYPES else "kind"


@dataclass
class _Polyline:
    """A polyline that replaces an entity. ``in_world``: its coordinates do not depend on the extrusion."""

    vertices: NDArray
    deviation: float = 0.0
    is_closed: bool = False
    has_curve: bool = True
    in_world: bool = False

    def format(self, entity: Entity) -> list[str]:
        """Return the lines of a LWPOLYLINE with handle, layer and extrusion of an entity."""
        vertices = self.written_vertices
        pairs = [(0, "LWPOLYLINE"), (5, entity.handle), (100, "AcDbEntity"), (8, entity.layer), (100, "AcDbPolyline")]
        pairs += [(90, str(len(vertices))), (70, str(int(self.is_closed)))]
        for x, y in vertices.tolist():
            pairs += [(10, repr(x)), (20, repr(y))]
        if not self.in_world:
            pairs += [(tag.code, tag.value) for tag in entity.tags if tag.code in _EXTRUSION_CODES]
        return _format_pairs(pairs)

    @property
    def written_vertices(self) -> NDArray:
        """Return the vertices; without the last one of a closed polyline that is the first one again."""
        is_repeated = len(self.vertices) > 1 and bool((self.vertices[0] == self.vertices[-1]).all())
        return self.vertices[:-1] if self.is_closed and is_repeated else self.vertices


def _convert(entity: Entity, tolerance: float) -> _Polyline:
    """Return the chords of an entity. The coordinates of lines, splines and ellipses are those of the world."""
    if entity.type == "LINE":
        ends = [[entity.get_number(code), entity.get_number(code + 10)] for code in (10, 11)]
        return _Polyline(np.array(ends), has_curve=False, in_world=True)
    if entity.type == "SPLINE":
        return _Polyline(*_make_spline(entity).divide(tolerance), in_world=True)
    if entity.type in ("LWPOLYLINE", "POLYLINE"):
        rows = _list_vertices(entity)
        is_closed = bool(entity.get_flags() & _CLOSED_BIT)
        parts: list[NDArray] = [np.array([rows[0][:2]])] if rows else []
        deviation, has_curve = 0.0, False
        followers = [*rows[1:], rows[0]] if is_closed and rows else rows[1:]
        for (x, y, bulge), (next_x, next_y, _) in zip(rows, followers, strict=False):
            chords, distance = divide_bulge((x, y), (next_x, next_y), bulge, tolerance)
            parts.append(chords[1:])
            deviation, has_curve = max(deviation, distance), has_curve or bulge != 0.0
        vertices = np.concatenate(parts) if parts else np.zeros((0, 2))
        return _Polyline(vertices, deviation, is_closed, has_curve)
    centre = entity.get_number(10), entity.get_number(20)
    if entity.type == "CIRCLE":
        return _Polyline(*divide_circle(centre, entity.get_number(40), tolerance), is_closed=True)
    if entity.type == "ARC":
        angles = entity.get_number(50), entity.get_number(51, 360.0)
        return _Polyline(*divide_centred_arc(centre, entity.get_number(40), *angles, tolerance))
    major = np.array([entity.get_number(11), entity.get_number(21), entity.get_number(31)])
    normal = np.array(
        [entity.get_number(code, default) for code, default in zip(_EXTRUSION_CODES, (0, 0, 1), strict=True)]
    )
    minor = np.cross(normal, major) * entity.get_number(40, 1.0)
    start, end = entity.get_number(41), entity.get_number(42, 2 * np.pi)
    return _Polyline(*divide_ellipse(centre, major[:2], minor[:2], start, end, tolerance), in_world=True)


def _make_spline(entity: Entity) -> Spline:
    """Return the spline of an entity; incomplete if it has only points that it passes through."""
    x, y = entity.get_numbers(10), entity.get_numbers(20)
    count = min(len(x), len(y))
    controls = np.column_stack([x[:count], y[:count]]).astype(float)
    weights = entity.get_numbers(41)
    is_weighted = len(weights) == count
    return Spline(int(entity.get_number(71)), entity.get_numbers(40), controls, weights if is_weighted else ())


def _list_vertices(entity: Entity) -> list[list[float]]:
    """Return x, y and bulge to the next vertex for each vertex of a LWPOLYLINE or POLYLINE."""
    if entity.type == "POLYLINE":
        # Points that only control a spline are left out.
        return [
            [vertex.get_number(10), vertex.get_number(20), vertex.get_number(42)]
            for vertex in entity.children
            if vertex.type == "VERTEX" and not vertex.get_flags() & _CONTROL_BIT
        ]
    vertices: list[list[float]] = []
    for tag in entity.tags:
        if tag.code == 10:
            vertices.append([entity.convert(tag.value, 10), 0.0, 0.0])
        elif tag.code in (20, 42) and vertices:
            vertices[-1][1 if tag.code == 20 else 2] = entity.convert(tag.value, tag.code)
    return vertices


def _format_entity(entity: Entity) -> list[str]:
    """Return the lines of an entity and of those that follow it, with a handle if it has none."""
    tags = entity.tags if entity.get(5) else [Tag(5, entity.handle), *entity.tags]
    lines = _format_pairs([(0, entity.type), *((tag.code, tag.value) for tag in tags)])
    for child in entity.children:
        lines += _format_entity(child)
    return lines


def _format_pairs(pairs: Iterable[tuple[int, str]]) -> list[str]:
    """Return the two lines of each pair of group code and value."""
    return [line for code, value in pairs for line in (str(code), value)]

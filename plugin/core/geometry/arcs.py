# SPDX-License-Identifier: GPL-2.0-or-later
"""Circular arcs: divide them into chords to a tolerance, and read shapes with arcs from their WKT.

An arc is given by its start, a middle point on it, and its end (ISO 13249-3).
"""

from __future__ import annotations

import re
from cmath import phase
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

#: A middle point this near (m) to the line through start and end is on it: the arc is straight.
STRAIGHT_WITHIN_M = 1e-7
#: Largest central angle of a chord, so that a circle smaller than the tolerance still has an area.
_MAX_CHORD_ANGLE = np.pi / 2
_ARC_TYPE = "CIRCULARSTRING"
_CURVE_TYPES = ("LINESTRING", _ARC_TYPE, "COMPOUNDCURVE")
_SURFACE_TYPES = ("POLYGON", "CURVEPOLYGON")
_COLLECTION_TYPES = {"MULTICURVE": "MULTILINESTRING", "MULTISURFACE": "MULTIPOLYGON"}
_TOKEN_PATTERN = re.compile(r"[(),]|[A-Za-z]+|[-+]?\.?\d[\d.]*(?:[eE][-+]?\d+)?|\S")

Point = tuple[float, float]


class UnknownCurveError(ValueError):
    """A shape has a curve of another kind than circular arcs, or its text is unreadable."""


def count_arcs(text: str) -> int:
    """Return the number of circular arcs in the WKT of a shape."""
    points = [len(arc_text.split(",")) for arc_text in re.findall(rf"{_ARC_TYPE}[ZM ]*\(([^)]*)", text.upper())]
    return sum(count // 2 for count in points)


def divide_arc(start: Point, middle: Point, end: Point, tolerance_m: float) -> NDArray:
    """Return the vertices of chords that replace an arc.

    The vertices include both ends and the middle point. The same arc read from its end gives exactly the same vertices.
    An arc whose end is its start is a full circle, whose middle point is opposite; it runs counter-clockwise.

    Parameters
    ----------
    start, middle, end
        Coordinates in metres.
    tolerance_m
        Largest distance between an arc and its chord (m), above 0.

    Returns
    -------
    NDArray
        (n, 2) vertices from start to end.
    """
    if start == end:
        # A full circle, counter-clockwise.
        if start == middle:
            return np.array([start])
        west, east = sorted((start, middle))
        chord = complex(*east) - complex(*west)
        count = _count_chords(np.pi, abs(chord) / 2, tolerance_m)
        lower_half = np.concatenate([[west], _divide_between(west, chord, np.pi, count)])
        upper_half = np.concatenate([[east], _divide_between(east, -chord, np.pi, count)])
        halves = (lower_half, upper_half) if start == west else (upper_half, lower_half)
        return np.concatenate([*halves, [start]])
    if end < start:
        return divide_arc(end, middle, start, tolerance_m)[::-1]
    # Vectors as complex numbers.
    to_middle, to_end = complex(*middle) - complex(*start), complex(*end) - complex(*start)
    middle_to_end = complex(*end) - complex(*middle)
    cross = to_middle.real * to_end.imag - to_middle.imag * to_end.real
    if abs(cross) <= STRAIGHT_WITHIN_M * abs(to_end):
        is_between = (to_middle * middle_to_end.conjugate()).real > 0
        return np.array([start, middle, end] if is_between else [start, end])
    radius = abs(to_middle) * abs(to_end) * abs(middle_to_end) / (2 * abs(cross))
    # An arc seen from a point of its circle has twice the angle at the centre.
    angles = [2 * abs(phase(to_end * middle_to_end.conjugate())), 2 * abs(phase(to_middle * to_end.conjugate()))]
    turn_sign = 1.0 if cross > 0 else -1.0
    first, second = (
        _divide_between(point, chord, turn_sign * angle, _count_chords(angle, radius, tolerance_m))
        for point, chord, angle in zip((start, middle), (to_middle, middle_to_end), angles, strict=True)
    )
    return np.concatenate([[start], first, [middle], second, [end]])


def _count_chords(angle: float, radius: float, tolerance_m: float) -> int:
    """Return into how many equal chords an arc is divided: sagitta r·(1 − cos(θ/2)) ≤ tolerance for each."""
    # 1 − cos(θ/2) = 2·sin²(θ/4), which keeps its digits for small angles.
    largest_angle = min(_MAX_CHORD_ANGLE, 4 * float(np.arcsin(min(1.0, np.sqrt(tolerance_m / (2 * radius))))))
    return max(1, int(np.ceil(angle / largest_angle)))


def _divide_between(point: Point, chord: complex, angle: float, count: int) -> NDArray:
    """Return the (count − 1, 2) points that divide an arc, without its ends.

    ``point``: start of the arc; ``chord``: vector from its start to its end; ``angle``: of the arc at its centre,
    negative for clockwise. The chord to a point at a share t of the arc has the length 2r·sin(t·angle/2) and turns by
    (1 − t)·angle/2 from the whole chord. This needs no centre, which is far away and inexact for a flat arc.
    """
    share = np.arange(1, count) / count
    turned_chords = chord * np.exp(-0.5j * (1 - share) * angle) * (np.sin(share * angle / 2) / np.sin(angle / 2))
    return np.column_stack([point[0] + turned_chords.real, point[1] + turned_chords.imag])


def straighten_arcs(text: str, tolerance_m: float) -> shapely.Geometry:
    """Return the shape of a WKT with arcs, each arc replaced by chords (`divide_arc`).

    ``tolerance_m``: largest distance between an arc and its chord (m). Heights and M values are left out. Raise
    UnknownCurveError for other curves and for an unreadable text.
    """
    tokens = _TOKEN_PATTERN.findall(text)
    reader = _TextReader(tokens, tolerance_m)
    try:
        shape = reader.read_shape()
    except (IndexError, ValueError, shapely.GEOSException) as error:
        raise UnknownCurveError(text[:60]) from error
    if reader.position != len(tokens):
        raise UnknownCurveError(text[:60])
    return shape


@dataclass
class _TextReader:
    """Reads the tokens of a shape's WKT from left to right."""

    tokens: list[str]
    tolerance_m: float
    position: int = 0

    def _peek(self) -> str:
        """Return the next token in capitals, without reading it."""
        return self.tokens[self.position].upper()

    def _take(self, expected: str = "") -> str:
        """Read and return the next token. Raise UnknownCurveError if it is not the expected one."""
        token = self._peek()
        if expected and token != expected:
            raise UnknownCurveError(token)
        self.position += 1
        return token

    def _read_type(self, default: str) -> str:
        """Return the next type name without its dimensions; ``default`` where the text omits the name."""
        if self._peek() in ("(", "EMPTY"):
            return default
        name = self._take()
        if self._peek() in ("Z", "M", "ZM"):
            self._take()
        known_types = (*_CURVE_TYPES, *_SURFACE_TYPES, *_COLLECTION_TYPES, *_COLLECTION_TYPES.values())
        return next((one for one in known_types if name in (one, f"{one}Z", f"{one}M", f"{one}ZM")), name)

    def _read_list(self, read_one: Callable[[], NDArray | shapely.Geometry | None]) -> list:
        """Return the items within brackets, each read by ``read_one``, without empty ones (None)."""
        if self._peek() == "EMPTY":
            self._take()
            return []
        self._take("(")
        parts = [read_one()]
        while self._peek() == ",":
            self._take()
            parts.append(read_one())
        self._take(")")
        return [part for part in parts if part is not None]

    def read_shape(self) -> shapely.Geometry:
        """Read and return the next shape, with chords in place of arcs."""
        name = self._read_type("")
        if name in _CURVE_TYPES:
            vertices = self._read_curve_of(name)
            return shapely.LineString() if vertices is None else shapely.linestrings(vertices)
        if name in _SURFACE_TYPES:
            return self._read_surface() or shapely.Polygon()
        if name in ("MULTICURVE", "MULTILINESTRING"):
            return shapely.multilinestrings([shapely.linestrings(xy) for xy in self._read_list(self._read_curve)])
        if name in ("MULTISURFACE", "MULTIPOLYGON"):
            return shapely.multipolygons(self._read_list(self._read_polygon_of_collection))
        raise UnknownCurveError(name)

    def _read_polygon_of_collection(self) -> shapely.Geometry | None:
        """Read and return one polygon of a multipolygon or multisurface; None if it is empty."""
        if self._read_type("POLYGON") not in _SURFACE_TYPES:
            raise UnknownCurveError("surface")
        return self._read_surface()

    def _read_surface(self) -> shapely.Geometry | None:
        """Read and return a polygon from its rings; None if it is empty."""
        rings = [shapely.linearrings(xy) for xy in self._read_list(self._read_curve)]
        return shapely.Polygon(rings[0], rings[1:]) if rings else None

    def _read_curve(self) -> NDArray | None:
        """Read and return the (n, 2) vertices of a curve of any kind; None if it is empty."""
        return self._read_curve_of(self._read_type("LINESTRING"))

    def _read_curve_of(self, name: str) -> NDArray | None:
        """Return the (n, 2) vertices of a line, an arc or a compound curve; None if it is empty.

        ``name``: type of the curve, such as CIRCULARSTRING. Arcs are converted to chords.
        """
        if name == "COMPOUNDCURVE":
            pieces = self._read_list(self._read_curve)
        elif name == "LINESTRING":
            points = self._read_list(self._read_point)
            pieces = [np.array(points)] if points else []
        elif name == _ARC_TYPE:
            points = self._read_list(self._read_point)
            if points and (len(points) < 3 or len(points) % 2 == 0):
                raise UnknownCurveError(_ARC_TYPE)
            pieces = [
                divide_arc(start, middle, end, self.tolerance_m)
                for start, middle, end in zip(points[:-2:2], points[1:-1:2], points[2::2], strict=True)
            ]
        else:
            raise UnknownCurveError(name)
        if not pieces:
            return None
        vertices = np.concatenate(pieces)
        is_new = np.r_[True, (vertices[1:] != vertices[:-1]).any(axis=1)]
        return vertices[is_new]

    def _read_point(self) -> Point:
        """Read and return x and y of a point."""
        numbers = []
        while self._peek() not in (",", ")"):
            numbers.append(float(self._take()))
        x, y = numbers[:2]
        return x, y

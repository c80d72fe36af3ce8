# SPDX-License-Identifier: GPL-2.0-or-later
"""Vertices that replace the curves of a drawing by chords within a tolerance.

Coordinates and tolerances are in units of the drawing. Each function also returns the largest distance between the
curve and its chords.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from ...geometry.arcs import divide_arc

Point = tuple[float, float]
#: Vertices (n, 2) and the largest distance of the curve from its chords.
Chords = tuple[NDArray, float]
_MAX_HALVINGS = 30
#: Angles (radians) that differ less are equal: programs write rounded ones.
_SAME_ANGLE = 1e-8
#: Parameters within a piece of a spline at which its distance from the chord is measured.
_SAMPLED_SHARES = np.array([0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875])


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
        for _ in range(_MAX_HALVINGS):
            distances = self._measure_distances(parameters)
            coarse = distances > tolerance
            if not coarse.any():
                break
            halves = (parameters[1:] + parameters[:-1]) / 2
            parameters = np.unique(np.concatenate([parameters, halves[coarse]]))
        return self.evaluate(parameters) + self.origin, float(self._measure_distances(parameters).max())

    def _measure_distances(self, parameters: NDArray) -> NDArray:
        """Return the largest distance of each piece between (m,) parameters from its chord, from samples of it."""
        vertices = self.evaluate(parameters)
        inner = parameters[:-1, None] + np.diff(parameters)[:, None] * _SAMPLED_SHARES
        samples = self.evaluate(inner.ravel())
        chords = shapely.linestrings(np.stack([vertices[:-1], vertices[1:]], axis=1))
        distances = shapely.distance(np.repeat(chords, len(_SAMPLED_SHARES)), shapely.points(samples))
        return distances.reshape(inner.shape).max(axis=1)

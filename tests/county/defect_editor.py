# SPDX-License-Identifier: GPL-2.0-or-later
"""Editor that plants defects in a county and records the expected findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np
import pandas as pd
import shapely

from tests.county import attributes
from tests.county.attributes import County
from tests.county.measure import statutory_area
from tests.county.randomness import random_numbers

FARM, FIELD, RED, EDGE, ZONE = "YJJBNTBHTB", "GDBHMB", "STBHHX", "CZKFBJ", "YDYHGHFQ"
PARCEL, TOWNSHIP, COUNTY, HERITAGE = "DLTB", "XZQXZ", "XZQX", "LSWHBHX"
OPEN_ZONES = (200, 520, 530, 540)
"""Zones that no line must agree with."""


@dataclass
class ExpectedFinding:
    """An expected finding, with the shape of the planted conflict."""

    rule: str
    severity: str
    role: str
    key: str = ""
    related_role: str = ""
    related_keys: list[str] = field(default_factory=list)
    field: str = ""
    shape: shapely.Geometry | None = None
    net_of: int | None = None
    """Row of the farmland layer whose net area the shape takes its share of."""
    what: str = ""


class NoPlaceForDefectError(LookupError):
    """The county is too small for a planted defect."""


class DefectEditor:
    """Plants defects in a county; places of defects are separate, so that each has only its own findings."""

    def __init__(self, county: County) -> None:
        self.county = county
        self.fabric, self.lines, self.layers = county.fabric, county.lines, county.layers
        self.taken: set[int] = set()
        self.found: list[ExpectedFinding] = []
        self.slivers: list[tuple[str, str, shapely.Polygon]] = []
        self._row_of: dict[str, np.ndarray] = {}
        self._numbers = {role: len(frame) for role, frame in self.layers.items()}
        self._salt = 0

    @cached_property
    def farmland(self) -> np.ndarray:
        """Return the mask of permanent basic farmland inside its zone, (n,) bool.

        Farmland in holes of the development boundary is excluded.
        """
        return self.lines.farmland & (self.lines.zone == 300) & ~self.lines.boundary_windows

    @cached_property
    def fields(self) -> np.ndarray:
        """Return the mask of cultivated land outside boundary holes (开天窗), (n,) bool."""
        return self.lines.cultivated & ~self.lines.boundary_windows

    @cached_property
    def open_land(self) -> np.ndarray:
        """Return the mask of parcels in open zones that are not permanent basic farmland, (n,) bool."""
        return np.isin(self.lines.zone, OPEN_ZONES) & ~self.lines.farmland

    @cached_property
    def wild(self) -> np.ndarray:
        """Return the mask of open land outside cultivated land and all lines."""
        return self.open_land & ~self.lines.ploughed_land

    def list_near_parcels(self, parcel: int, chosen: np.ndarray) -> dict[int, int]:
        """Return the chosen neighbours of a parcel with the shared edge, longest first."""
        found = {n: e for n, e in self.fabric.neighbours(parcel).items() if n < len(chosen) and chosen[n]}
        ends = {n: self.fabric.chain(e)[[0, -1]] for n, e in found.items()}
        return dict(sorted(found.items(), key=lambda one: -np.hypot(*(ends[one[0]][0] - ends[one[0]][1]))))

    def choose(
        self,
        candidates: Iterable[int] | np.ndarray,
        fits: Callable[[int], object] = lambda _: True,
        around: bool = True,
    ):
        """Reserve an unused parcel; return it and the result of ``fits``.

        ``fits`` returns something true for a suitable parcel. If ``around``, its neighbours must be unused too. Raise
        NoPlaceForDefectError if no parcel is suitable.
        """
        self._salt += 1
        candidates = np.asarray(candidates)
        if candidates.dtype == bool:
            candidates = np.flatnonzero(candidates)
        order = np.argsort(random_numbers(self.fabric.land.seed, 201, self._salt, candidates), kind="stable")
        for parcel in candidates[order].tolist():
            reach = {parcel, *(self.fabric.neighbours(parcel) if around else ())}
            if reach & self.taken:
                continue
            if answer := fits(parcel):
                self.taken.add(parcel)
                return parcel, answer
        raise NoPlaceForDefectError("no place left for a defect; make the county with more parcels")

    def row(self, role: str, parcel: int) -> int:
        """Return the row of a layer that was made of this parcel, or -1."""
        if role not in self._row_of:
            table = np.full(len(self.fabric), -1)
            for row, parcels in enumerate(self.county.parcels[role]):
                table[parcels] = row
            self._row_of[role] = table
        return int(self._row_of[role][parcel])

    def key(self, role: str, row: int) -> str:
        """Return the feature number (BSM) of a row."""
        return self.layers[role].at[row, "BSM"]

    def shape(self, role: str, row: int) -> shapely.Geometry:
        """Return the shape of a row."""
        return self.layers[role].at[row, "geometry"]

    def reshape(self, role: str, row: int, shape: shapely.Geometry | None) -> None:
        """Replace the shape of a row, and its area field (MJ) if the layer has one."""
        self.layers[role].at[row, "geometry"] = shape
        if "MJ" in self.layers[role]:
            self.layers[role].at[row, "MJ"] = round(float(statutory_area([shape])[0]), 2)

    def change(self, role: str, row: int, **values) -> None:
        """Set field values of a row."""
        for name, value in values.items():
            self.layers[role].at[row, name] = value

    def value(self, role: str, row: int, name: str):
        """Return a field value of a row."""
        return self.layers[role].at[row, name]

    def add(self, role: str, shape: shapely.Geometry, like: int | None = None, **values) -> int:
        """Add a row with an unused feature number; return its position.

        ``like``: a row whose values are copied.
        """
        frame = self.layers[role]
        source = frame.index[0] if like is None else like
        self._numbers[role] += 1
        record = frame.loc[[source]].copy()
        record.index = [int(frame.index.max()) + 1]
        self.layers[role] = pd.concat([frame, record])
        row = int(record.index[0])
        self.change(role, row, BSM=attributes.make_feature_number(role, self._numbers[role]), **values)
        self.reshape(role, row, shape)
        return row

    def drop_row(self, role: str, row: int) -> None:
        self.layers[role] = self.layers[role].drop(index=row)

    def extend_shape(self, role: str, row: int, piece: shapely.Polygon) -> shapely.Polygon | None:
        """Return a row's shape extended by an adjacent polygon, or None if it falls apart."""
        grown = shapely.coverage_union_all([self.shape(role, row), piece])
        return grown if grown.geom_type == "Polygon" and grown.is_valid else None

    def reduce_shape(self, role: str, row: int, piece: shapely.Polygon) -> shapely.Polygon | None:
        """Return a row's shape without a polygon, or None if it is then empty or falls apart."""
        shrunk = shapely.difference(self.shape(role, row), piece)
        return shrunk if shrunk.geom_type == "Polygon" and shrunk.is_valid and not shrunk.is_empty else None

    def expect(
        self, rule: str, role: str, row: int | None = None, *, what: str, severity: str = "ERROR", **values
    ) -> None:
        """Record an expected finding of a rule on a row, or on a whole layer (None)."""
        key = "" if row is None else self.key(role, row) or ""
        self.found.append(ExpectedFinding(rule, severity, role, key, what=what, **values))

    def expect_pair(self, rule: str, a: tuple[str, int], b: tuple[str, int], shape, what: str, **values) -> None:
        """Record an expected finding between two rows.

        Within one layer the row with the smaller feature number is first.
        """
        if a[0] == b[0] and self.key(*a) > self.key(*b):
            a, b = b, a
        if a[0] == FARM and rule != "TOP001":
            values["net_of"] = a[1]
        self.expect(rule, a[0], a[1], related_role=b[0], related_keys=[self.key(*b)], shape=shape, what=what, **values)

    def expect_line_outside(self, rule: str, role: str, row: int, shape, what: str) -> None:
        """Record an expected REL004 or REL005: part of a line without its zone."""
        keys = [self.key(role, row)]
        self.expect(rule, ZONE, severity="WARNING", related_role=role, related_keys=keys, shape=shape, what=what)

    def expect_zone_outside(self, rule: str, row: int, role: str, shape, what: str) -> None:
        """Record an expected REL004 or REL005: part of a zone outside the line that it should follow."""
        self.expect(rule, ZONE, row, severity="WARNING", related_role=role, shape=shape, what=what)

    def expect_if_large(self, row: int, shape, what: str) -> None:
        """Record an expected REL006 if farmland outside its zone is at least 10 ha."""
        if statutory_area([shape])[0] >= 100_000:
            self.expect("REL006", "YJJBNTBHTB", row, severity="WARNING", related_role=ZONE, shape=shape, what=what)

    def ignore(self, rule: str, role: str, shape: shapely.Polygon) -> None:
        """Record a sliver: an overlap so small that the rule must ignore it."""
        self.slivers.append((rule, role, shape))

    def make_inner_ring(self, parcel: int) -> np.ndarray:
        """Return the corners of a parcel moved towards its point, a ring inside it."""
        site = self.fabric.sites[parcel]
        corners = self.fabric.points[np.unique(self.fabric.edge_nodes[self.fabric.edges_of(parcel)])]
        turn = np.arctan2(*(corners - site).T[::-1])
        return np.round(site + 0.25 * (corners[np.argsort(turn)] - site), 3)

    def choose_thin_triangle(
        self, candidates: np.ndarray, sides: Callable[[int], Iterable[tuple[int, int, str, int]]], thick: float | None
    ) -> tuple[int, str, int, shapely.Polygon]:
        """Choose a thin triangle of a neighbour's land; return parcel, layer, row, shape.

        `sides` yields for a parcel: the edge, the cell that loses the triangle, and the layer and row that gain it.
        With `thick` (m) the triangle is large enough for an error; without it, it is below both sliver limits. Short
        bases are preferred, because on long slanted ones the statutory area of a thin shape is mostly the error of
        the formula.
        """

        def fits(parcel, longest):
            for edge, cell, role, row in sides(parcel):
                if (corners := self._make_thin_triangle(edge, cell, longest, thick)) is None:
                    continue
                if (shape := dent_polygon(self.shape(role, row), *corners)) is not None and shape.is_valid:
                    return role, row, shape, shapely.Polygon(corners)
            return None

        for longest in (120, 300, 1500):
            try:
                parcel, (role, row, shape, triangle) = self.choose(candidates, partial(fits, longest=longest))
            except NoPlaceForDefectError:
                continue
            self.reshape(role, row, shape)
            return parcel, role, row, triangle
        raise NoPlaceForDefectError("no edge left for a thin triangle; make the county with more parcels")

    def _make_thin_triangle(self, edge: int, cell: int, longest: float, thick: float | None):
        """Return the corners of a thin triangle on one segment of an edge, or None if none fits.

        The triangle is inside a cell; its base has existing vertices, so that no other outline changes.
        ``longest``: longest base (m). ``thick``: height (m), None: below the sliver limits.
        """
        chain = self.fabric.chain(edge)
        length = np.hypot(*np.diff(chain, axis=0).T)
        segment = int(np.abs(length - 60).argmin())
        if not 15 < length[segment] < longest:
            return None
        start, end = chain[segment], chain[segment + 1]
        least, most = (0.1, 0.45) if thick is None else (0.6, np.inf)
        reach = thick or (least + most) / length[segment]
        across = np.array([start[1] - end[1], end[0] - start[0]]) / length[segment]
        for sign in (1, -1):
            tip = np.round((start + end) / 2 + sign * reach * across, 3)
            triangle = shapely.Polygon([start, tip, end])
            if least < triangle.area < most and self._contains_shape(cell, triangle):
                return start, tip, end
        return None

    def _contains_shape(self, cell: int, shape: shapely.Polygon) -> bool:
        """Return True if the parcel of a cell contains a shape."""
        parcel = self.fabric.polygons[cell]
        return shapely.intersection(parcel, shape).area > 0.999 * shape.area and shapely.covers(parcel, shape)


def dent_polygon(shape: shapely.Polygon, start: np.ndarray, tip: np.ndarray, end: np.ndarray) -> shapely.Polygon | None:
    """Return the polygon with a new vertex between two neighbouring vertices.

    Return None if the two vertices are not neighbours.
    """
    rings, found = [], False
    for ring in (shape.exterior, *shape.interiors):
        points = shapely.get_coordinates(ring)
        for a, b in ((start, end), (end, start)):
            at = np.flatnonzero((points[:-1] == a).all(axis=1) & (points[1:] == b).all(axis=1))
            if len(at):
                points, found = np.insert(points, at[0] + 1, tip, axis=0), True
                break
        rings.append(points)
    return shapely.Polygon(rings[0], rings[1:]) if found else None

# SPDX-License-Identifier: GPL-2.0-or-later
"""Thousands of small defects planted into a clean county, and what a batch of safe fixes must do with each.

The truth comes from the planting alone: no rule and no fix of the plugin is used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from tests.county.defect_editor import (
    EDGE,
    FARM,
    FIELD,
    OPEN_ZONES,
    PARCEL,
    RED,
    TOWNSHIP,
    ZONE,
    NoPlaceForDefectError,
    dent_polygon,
)  # fmt: skip
from tests.county.measure import statutory_area

#: Defects are at least this far apart (m), so that no two share a place.
SITE_M = 60.0
#: Geometry of sliver defects (m, m²): above one of the limits of the norm (0.5 m², 0.1 m), below the other.
THIN_AREA_M2, THIN_MIN_HEIGHT_M, THIN_MAX_HEIGHT_M, WIDE_HEIGHT_M = 0.8, 0.02, 0.16, 3.0
#: Lengths (m) of edges that a triangle may stand on.
SHORTEST_BASE_M, LONGEST_BASE_M = 8.0, 400.0
_ATTEMPTS_PER_DEFECT = 600


class Answer(StrEnum):
    """What a batch of safe fixes must do with a finding.

    What is left to a person has a proposal that is not safe, or none with the reason.
    """

    SAFE = "fixed safely"
    CONFIRM = "left to a person"
    SEALED = "refused: sealed layer"


@dataclass
class PlantedDefect:
    """A planted defect.

    ``role``, ``key``: the row that the finding names; ``point``: a point on the finding, in the county's plane.
    """

    kind: str
    rule: str
    role: str
    key: str
    answer: Answer
    point: shapely.Point


@dataclass(frozen=True)
class Kind:
    """A kind of defects: the rule that must find it, the layer, and the answer.

    ``share``: parts of all defects. ``plant``: plants one at a random place, or returns False.
    """

    name: str
    share: int
    rule: str
    role: str
    answer: Answer
    plant: Callable[[DefectPlanter, Kind], bool]


@dataclass(frozen=True)
class _Edge:
    """A straight edge of a row, ``start`` to ``end``, and the row on its other side (-1: none).

    ``tip``: the point above its middle, at a height, inside the row.
    """

    row: int
    other: int
    start: np.ndarray
    end: np.ndarray

    @property
    def length(self) -> float:
        return float(np.hypot(*(self.end - self.start)))

    def find_tip(self, inside: shapely.Geometry, height: float) -> np.ndarray | None:
        """Return the point at a height above the middle, on the side of a polygon that contains the triangle."""
        across = np.array([self.start[1] - self.end[1], self.end[0] - self.start[0]]) / self.length
        for sign in (1, -1):
            tip = np.round((self.start + self.end) / 2 + sign * height * across, 3)
            triangle = shapely.Polygon([self.start, tip, self.end])
            if triangle.area > 0 and shapely.intersection(inside, triangle).area > 0.999 * triangle.area:
                return tip
        return None


class DefectPlanter:
    """Plants defects into the layers of a county, each at a separate place and on separate rows."""

    def __init__(self, layers: dict[str, gpd.GeoDataFrame], seed: int):
        self.layers = {role: frame.reset_index(drop=True) for role, frame in layers.items()}
        self.shapes = {role: frame.geometry.to_numpy().copy() for role, frame in self.layers.items()}
        self.trees = {role: shapely.STRtree(shapes) for role, shapes in self.shapes.items()}
        self.values = {
            role: {name: frame[name].to_numpy(dtype=object).copy() for name in frame.columns if name != "geometry"}
            for role, frame in self.layers.items()
        }
        self.chance = np.random.default_rng(seed)
        self.planted: list[PlantedDefect] = []
        self.new_rows: dict[str, list[tuple[int, shapely.Geometry, dict[str, Any]]]] = {}
        self.dropped_rows: dict[str, set[int]] = {}
        self._used_cells: set[tuple[int, int]] = set()
        self.used_rows: set[tuple[str, int]] = set()
        self.used_pairs: set[tuple[str, int, int]] = set()
        zone_codes = self.values[ZONE]["GHFQDM"]
        self.open_zones = np.flatnonzero(np.isin(zone_codes.astype(str), [str(code) for code in OPEN_ZONES]))

    # --- places
    def take_site(self, point: np.ndarray) -> bool:
        """Reserve the surroundings of a point; return False if they are in use."""
        x, y = (int(value // SITE_M) for value in point)
        if any((x + dx, y + dy) in self._used_cells for dx in (-1, 0, 1) for dy in (-1, 0, 1)):
            return False
        self._used_cells.add((x, y))
        return True

    def choose_row(self, role: str, *, whole: bool = True) -> int | None:
        """Return a random row that no defect uses; ``whole``: of one polygon without holes."""
        row = int(self.chance.integers(len(self.shapes[role])))
        shape = self.shapes[role][row]
        if (role, row) in self.used_rows or shape is None or shape.area < 2000:
            return None
        if whole and (len(shapely.get_parts([shape])) != 1 or len(shapely.get_parts([shape])[0].interiors)):
            return None
        return row

    def take_rows(self, role: str, rows: list[int]) -> None:
        """Reserve rows."""
        self.used_rows |= {(role, row) for row in rows}

    def list_near(self, role: str, shape: Any, reach: float = 0.001) -> list[int]:
        """Return the rows of a layer near a shape."""
        return self.trees[role].query(shape, predicate="dwithin", distance=reach).tolist()

    def is_free_of(self, roles: tuple[str, ...], shape: Any, reach: float) -> bool:
        """Return True if no row of these layers is near a shape."""
        return not any(self.list_near(role, shape, reach) for role in roles)

    def choose_edge(self, role: str, row: int, *, shared: bool) -> _Edge | None:
        """Return a random edge of a row with another row of the layer on its other side, or with none."""
        points = shapely.get_coordinates(shapely.get_parts([self.shapes[role][row]])[0].exterior)
        at = int(self.chance.integers(len(points) - 1))
        start, end = points[at], points[at + 1]
        if not SHORTEST_BASE_M < np.hypot(*(end - start)) < LONGEST_BASE_M:
            return None
        # The ends of an edge may touch more rows; its middle has one row on each side.
        near = [one for one in self.list_near(role, shapely.Point((start + end) / 2)) if one != row]
        if not shared:
            return None if near else _Edge(row, -1, start, end)
        if len(near) != 1 or (role, near[0]) in self.used_rows:
            return None
        middle = (start + end) / 2
        if dent_polygon(_get_polygon(self.shapes[role][near[0]]), start, middle, end) is None:
            return None
        return _Edge(row, near[0], start, end)

    def key(self, role: str, row: int) -> str:
        """Return the key of a row."""
        return str(self.values[role]["BSM"][row])

    def note(self, kind: Kind, key: str, point: Any) -> bool:
        """Record a planted defect; return True."""
        role = TOWNSHIP if kind.rule == "TOP006" else kind.role
        self.planted.append(PlantedDefect(kind.name, kind.rule, role, key, kind.answer, shapely.Point(point)))
        return True

    def reshape(self, role: str, row: int, shape: shapely.Geometry) -> None:
        """Give a row another shape, with the areas of that shape if they differ."""
        former = self.shapes[role][row]
        if shape.geom_type != former.geom_type:
            shape = shapely.multipolygons([shape]) if former.geom_type == "MultiPolygon" else shape
        self.shapes[role][row] = shape
        if abs(shape.area - former.area) < 0.01 or not shape.is_valid:
            return
        area = round(float(statutory_area([shape])[0]), 2)
        values = self.values[role]
        for name in ("MJ", "TBMJ", "TBDLMJ"):
            if name in values:
                values[name][row] = area

    def make_layers(self) -> dict[str, gpd.GeoDataFrame]:
        """Return the layers with all defects."""
        made = {}
        for role, frame in self.layers.items():
            table = pd.DataFrame(self.values[role])
            shapes = self.shapes[role]
            new = self.new_rows.get(role, [])
            if new:
                rows = [{name: column[like] for name, column in self.values[role].items()} | v for like, _, v in new]
                table = pd.concat([table, pd.DataFrame(rows)], ignore_index=True)
                shapes = np.concatenate([shapes, np.array([shape for _, shape, _ in new], dtype=object)])
            kept = np.setdiff1d(np.arange(len(table)), list(self.dropped_rows.get(role, ())))
            crs = frame.crs
            made[role] = gpd.GeoDataFrame(table.iloc[kept].infer_objects(), geometry=shapes[kept], crs=crs).reset_index(
                drop=True
            )
        return made

    def reserve_new_key(self, role: str) -> str:
        """Return a key after all keys of a layer."""
        number = len(self.shapes[role]) + len(self.new_rows.get(role, [])) + 1
        first = str(self.values[role]["BSM"][0])
        return f"{first[:12]}{number:06d}"


def _get_polygon(shape: shapely.Geometry) -> shapely.Polygon:
    return shapely.get_parts([shape])[0]


def _has_no_deduction(planter: DefectPlanter, role: str, row: int) -> bool:
    return "KCXS" not in planter.values[role] or not planter.values[role]["KCXS"][row]


def _choose_plain_edge(planter: DefectPlanter, role: str) -> _Edge | None:
    """Return an edge between two rows, away from the control lines, whose areas may change without a deduction."""
    row = int(planter.chance.choice(planter.open_zones)) if role == ZONE else planter.choose_row(role)
    edge = None if row is None else planter.choose_edge(role, row, shared=True)
    if edge is None or (role == ZONE and edge.other not in planter.open_zones):
        return None
    if not all(_has_no_deduction(planter, role, one) for one in (edge.row, edge.other)):
        return None
    return edge if planter.is_free_of((FARM, RED, EDGE), shapely.LineString([edge.start, edge.end]), 5.0) else None


def _dent(planter: DefectPlanter, role: str, row: int, *points: Any) -> bool:
    """Put vertices between two neighbouring ones (the first and the last); return False if that is not valid."""
    if len(shapely.get_parts([planter.shapes[role][row]])) != 1:
        return False
    dented: Any = _get_polygon(planter.shapes[role][row])
    for start, tip in pairwise(points[:-1]):
        dented = None if dented is None else dent_polygon(dented, start, tip, points[-1])
    if dented is None or not dented.is_valid:
        return False
    planter.reshape(role, row, dented)
    return True


def _plant_triangle(planter: DefectPlanter, kind: Kind, *, is_gap: bool, is_thin: bool) -> bool:
    """Plant a gap or an overlap of two rows: a triangle on their common edge."""
    edge = _choose_plain_edge(planter, kind.role)
    if edge is None:
        return False
    height = max(2 * THIN_AREA_M2 / edge.length, THIN_MIN_HEIGHT_M) if is_thin else WIDE_HEIGHT_M
    if is_thin and height > THIN_MAX_HEIGHT_M:
        return False
    tip = edge.find_tip(planter.shapes[kind.role][edge.row], height)
    pair = kind.role, min(edge.row, edge.other), max(edge.row, edge.other)
    # Overlaps of the same two rows are one finding.
    if tip is None or (not is_gap and pair in planter.used_pairs) or not planter.take_site(tip):
        return False
    if not _dent(planter, kind.role, edge.row if is_gap else edge.other, edge.start, tip, edge.end):
        return False
    if kind.role != ZONE:
        planter.take_rows(kind.role, [edge.row, edge.other])
    planter.used_pairs.add(pair)
    # A gap has no row; an overlap is named by the smaller key.
    key = "" if is_gap else min(planter.key(kind.role, one) for one in (edge.row, edge.other))
    return planter.note(kind, key, shapely.Polygon([edge.start, tip, edge.end]).centroid)


def _plant_vertex(planter: DefectPlanter, kind: Kind, *, distance: float) -> bool:
    """Plant a vertex that repeats the one before, or is near it."""
    row = planter.choose_row(kind.role)
    edge = None if row is None else planter.choose_edge(kind.role, row, shared=False)
    if row is None or edge is None:
        return False
    near = edge.start + (edge.end - edge.start) / edge.length * distance
    if not planter.take_site(near) or not _dent(planter, kind.role, row, edge.start, near, edge.end):
        return False
    planter.take_rows(kind.role, [row])
    return planter.note(kind, planter.key(kind.role, row), near)


def _plant_spike(planter: DefectPlanter, kind: Kind) -> bool:
    """Plant a spike of 12 m by 5 cm, on land that no row of the layer has."""
    row = planter.choose_row(kind.role)
    edge = None if row is None else planter.choose_edge(kind.role, row, shared=False)
    if row is None or edge is None:
        return False
    along = (edge.end - edge.start) / edge.length
    across = np.array([-along[1], along[0]])
    middle = (edge.start + edge.end) / 2
    for sign in (1, -1):
        tip = np.round(middle + sign * 12 * across, 3)
        outside = shapely.LineString([middle + sign * 0.1 * across, tip])
        if not planter.is_free_of((kind.role, FARM, RED, EDGE), outside, 0.05):
            continue
        if not planter.take_site(tip):
            return False
        feet = np.round(middle, 3), np.round(middle + 0.05 * along, 3)
        if not _dent(planter, kind.role, row, edge.start, feet[0], tip, feet[1], edge.end):
            return False
        planter.take_rows(kind.role, [row])
        return planter.note(kind, planter.key(kind.role, row), tip)
    return False


def _plant_hole(planter: DefectPlanter, kind: Kind, *, side: float) -> bool:
    """Plant a square hole inside a row."""
    row = planter.choose_row(kind.role)
    if row is None or not _has_no_deduction(planter, kind.role, row):
        return False
    shape = _get_polygon(planter.shapes[kind.role][row])
    x, y = np.round(shapely.get_coordinates(shapely.point_on_surface(shape))[0], 3)
    hole = shapely.box(x, y, x + side, y + side)
    if not shape.contains(hole.buffer(2)) or not planter.is_free_of((FARM, RED, EDGE), hole, 5.0):
        return False
    if not planter.take_site(np.array([x, y])):
        return False
    planter.reshape(kind.role, row, shapely.Polygon(shape.exterior, [hole.exterior.coords]))
    planter.take_rows(kind.role, [row])
    return planter.note(kind, planter.key(kind.role, row), hole.centroid)


def _plant_duplicate(planter: DefectPlanter, kind: Kind) -> bool:
    """Plant a second row with the same shape and another key."""
    row = planter.choose_row(kind.role)
    if row is None or not planter.is_free_of((FARM, RED, EDGE), planter.shapes[kind.role][row], 0.001):
        return False
    point = shapely.point_on_surface(planter.shapes[kind.role][row])
    if not planter.take_site(shapely.get_coordinates(point)[0]):
        return False
    key, new = planter.reserve_new_key(kind.role), planter.new_rows.setdefault(kind.role, [])
    new.append((row, planter.shapes[kind.role][row], {"BSM": key}))
    planter.take_rows(kind.role, [row])
    return planter.note(kind, planter.key(kind.role, row), point)


def _plant_two_parts(planter: DefectPlanter, kind: Kind) -> bool:
    """Plant a row that has the land of another row too, whose own row is dropped."""
    role = kind.role
    row = planter.choose_row(role)
    if row is None or not _has_no_deduction(planter, role, row):
        return False
    shape, values = planter.shapes[role][row], planter.values[role]
    for other in planter.list_near(role, shape, 300.0):
        part = planter.shapes[role][other]
        if (
            (role, other) in planter.used_rows or not _has_no_deduction(planter, role, other) or shape.dwithin(part, 1.0)
            or any(values[name][row] != values[name][other] for name in ("ZLDWDM", "DLBM"))
        ):  # fmt: skip
            continue
        point = shapely.point_on_surface(shape)
        if not planter.take_site(shapely.get_coordinates(point)[0]):
            return False
        planter.reshape(role, row, shapely.multipolygons([_get_polygon(shape), *shapely.get_parts([part])]))
        planter.take_rows(role, [row, other])
        planter.dropped_rows.setdefault(role, set()).add(other)
        return planter.note(kind, planter.key(role, row), point)
    return False


def _plant_value(planter: DefectPlanter, kind: Kind, *, write: Callable[[DefectPlanter, str, int], bool]) -> bool:
    """Plant a wrong attribute; ``write`` writes it, or returns False for a row that is not suitable."""
    row = planter.choose_row(kind.role)
    if row is None:
        return False
    key = planter.key(kind.role, row)
    if not write(planter, kind.role, row):
        return False
    planter.take_rows(kind.role, [row])
    key = key if planter.values[kind.role]["BSM"][row] else ""
    return planter.note(kind, key, shapely.point_on_surface(planter.shapes[kind.role][row]))


def _write_wrong_name(planter: DefectPlanter, role: str, row: int) -> bool:
    if str(planter.values[role]["DLBM"][row]).startswith("02"):
        return False
    planter.values[role]["DLMC"][row] = "果园"
    return True


def _misspell_name(planter: DefectPlanter, role: str, row: int) -> bool:
    planter.values[role]["DLMC"][row] += "块"
    return True


def _add_to_area(planter: DefectPlanter, role: str, row: int) -> bool:
    """Add half a percent to an area, more than an adjustment to a control area (平差) would."""
    planter.values[role]["MJ"][row] = round(1.005 * planter.values[role]["MJ"][row], 2)
    return True


def _remove_key(planter: DefectPlanter, role: str, row: int) -> bool:
    planter.values[role]["BSM"][row] = None
    return True


def _repeat_key(planter: DefectPlanter, role: str, row: int) -> bool:
    """Give the key of a row to a later row."""
    later = int(planter.chance.integers(row, len(planter.shapes[role])))
    if later == row or (role, later) in planter.used_rows:
        return False
    planter.values[role]["BSM"][later] = planter.values[role]["BSM"][row]
    planter.take_rows(role, [later])
    return True


_THIN_GAP = partial(_plant_triangle, is_gap=True, is_thin=True)
_WIDE_GAP = partial(_plant_triangle, is_gap=True, is_thin=False)
_THIN_OVERLAP = partial(_plant_triangle, is_gap=False, is_thin=True)
_WIDE_OVERLAP = partial(_plant_triangle, is_gap=False, is_thin=False)

KINDS = (
    Kind("thin gap between zones", 12, "TOP002", ZONE, Answer.SAFE, _THIN_GAP),
    Kind("wide gap between zones", 4, "TOP002", ZONE, Answer.CONFIRM, _WIDE_GAP),
    Kind("thin overlap of zones", 8, "TOP001", ZONE, Answer.SAFE, _THIN_OVERLAP),
    Kind("wide overlap of zones", 3, "TOP001", ZONE, Answer.CONFIRM, _WIDE_OVERLAP),
    Kind("thin gap between fields", 6, "TOP004", FIELD, Answer.SAFE, _THIN_GAP),
    Kind("thin overlap of fields", 6, "TOP001", FIELD, Answer.SAFE, _THIN_OVERLAP),
    Kind("wide overlap of fields", 4, "TOP001", FIELD, Answer.CONFIRM, _WIDE_OVERLAP),
    Kind("repeated vertex", 6, "GEO009", FIELD, Answer.SAFE, partial(_plant_vertex, distance=0.0)),
    Kind("near vertex", 6, "GEO009", FIELD, Answer.SAFE, partial(_plant_vertex, distance=0.005)),
    Kind("spike", 6, "GEO005", FIELD, Answer.SAFE, _plant_spike),
    Kind("pin hole", 6, "GEO006", FIELD, Answer.SAFE, partial(_plant_hole, side=0.6)),
    Kind("hole", 4, "GEO006", FIELD, Answer.CONFIRM, partial(_plant_hole, side=8.0)),
    Kind("exact duplicate", 4, "TOP001", FIELD, Answer.CONFIRM, _plant_duplicate),
    Kind("two parts under one key", 3, "GEO003", FIELD, Answer.CONFIRM, _plant_two_parts),
    Kind("misspelt name", 6, "ATT002", FIELD, Answer.SAFE, partial(_plant_value, write=_misspell_name)),
    Kind("name of another code", 4, "ATT002", FIELD, Answer.CONFIRM, partial(_plant_value, write=_write_wrong_name)),
    Kind("wrong area", 1, "ATT013", ZONE, Answer.SAFE, partial(_plant_value, write=_add_to_area)),
    Kind("missing key", 3, "ATT001", FIELD, Answer.SAFE, partial(_plant_value, write=_remove_key)),
    Kind("repeated key", 2, "ATT001", FIELD, Answer.CONFIRM, partial(_plant_value, write=_repeat_key)),
    Kind("thin gap between parcels", 4, "TOP006", PARCEL, Answer.SEALED, _THIN_GAP),
    Kind("thin overlap of parcels", 4, "TOP001", PARCEL, Answer.SEALED, _THIN_OVERLAP),
    Kind("near vertex of farmland", 3, "GEO009", FARM, Answer.SEALED, partial(_plant_vertex, distance=0.005)),
    Kind("name of another code in farmland", 3, "ATT002", FARM, Answer.SEALED, partial(_plant_value, write=_write_wrong_name)),
)  # fmt: skip


def plant_many_defects(
    layers: dict[str, gpd.GeoDataFrame], count: int, seed: int = 2035
) -> tuple[dict[str, gpd.GeoDataFrame], list[PlantedDefect]]:
    """Return the layers of a clean county with planted defects of all kinds, and the truth.

    The given layers are not changed. Raise NoPlaceForDefectError if the county is too small.
    """
    planter = DefectPlanter(layers, seed)
    shares = np.array([kind.share for kind in KINDS])
    # Largest remainders, so that the counts add up.
    exact = count * shares / shares.sum()
    counts = np.floor(exact).astype(int)
    counts[np.argsort(counts - exact, kind="stable")[: count - counts.sum()]] += 1
    for kind, wanted in zip(KINDS, counts.tolist(), strict=True):
        done = 0
        for _ in range(_ATTEMPTS_PER_DEFECT * max(wanted, 5)):
            if done == wanted:
                break
            done += kind.plant(planter, kind)
        if done < wanted:
            raise NoPlaceForDefectError(f"{kind.name}: {done} of {wanted}; make the county with more parcels")
    return planter.make_layers(), planter.planted

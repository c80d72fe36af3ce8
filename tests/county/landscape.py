# SPDX-License-Identifier: GPL-2.0-or-later
"""Landscape of the fictitious county: outline, relief, towns, rivers and roads.

Location, size and names of townships are those of 浑源, but no line is copied from a map. Coordinates are metres from
CENTRE. The plain is in the north-west, the mountains are in the south-east.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import shapely

from tests.county.randomness import make_smooth_noise, random_numbers

AREA_CODE, AREA_NAME, CITY_NAME = "140225", "浑源县", "大同市"
EPSG = 4526
CENTRE = np.array([38_474_200.0, 4_385_200.0])
COUNTY_AREA = 1_968_600_000.0

# Township, seat in km from the centre. The first six are towns (建制镇), the first of all the county town.
TOWNSHIP_SEATS_KM = {
    "永安镇": (-2.6, 2.4),
    "王庄堡镇": (13.6, -11.6),
    "蔡村镇": (-4.4, 18.6),
    "西坊城镇": (-13.6, 12.4),
    "青磁窑镇": (-4.6, -8.4),
    "沙圪坨镇": (14.4, 1.8),
    "东坊城乡": (-1.2, 10.8),
    "裴村乡": (-18.8, -2.6),
    "驼峰乡": (-9.6, 17.4),
    "西留村乡": (5.6, 14.4),
    "下韩村乡": (-9.2, 5.6),
    "南榆林乡": (-16.8, 4.8),
    "吴城乡": (7.6, 6.6),
    "大仁庄乡": (13.4, 16.2),
    "官儿乡": (-11.6, -13.4),
    "千佛岭乡": (3.4, -17.6),
}
TOWNS = list(TOWNSHIP_SEATS_KM)[:6]
# Size of each town relative to the county town.
TOWN_WEIGHTS = np.array([1.0, 0.09, 0.11, 0.12, 0.08, 0.08])

_RIVER_KNOTS_KM = [
    (31, -15),
    (22, -8),
    (15, -1.2),
    (9, 3),
    (3, 5.4),
    (-3, 5.6),
    (-9, 8),
    (-15, 7.4),
    (-21, 4.4),
    (-31, 6),
]
_BROOK_KNOTS_KM = [(-9.5, -19), (-6, -13), (-5.6, -7), (-6.4, -1), (-5.8, 3), (-6.4, 6.6)]
_ROAD_KNOTS_KM = [
    [(-32, 12), (-20, 8.6), (-10, 3.6), (-5, -0.6), (0, -0.4), (5, 4.6), (10, 12), (18, 20), (26, 26)],
    [(-2.2, -0.6), (-1.6, -5), (3, -9.4), (9, -10), (15, -13), (23, -16.4), (32, -18)],
]


def smooth_step(value: np.ndarray) -> np.ndarray:
    """Return a smooth step: 0 below 0, 1 above 1."""
    value = np.clip(value, 0.0, 1.0)
    return value * value * (3 - 2 * value)


def _make_smooth_curve(knots: list[tuple[float, float]], steps: int = 40) -> np.ndarray:
    """Return a Catmull-Rom curve through the knots, in metres."""
    knots = np.array(knots) * 1000
    before = np.vstack([knots[:1], knots[:-1]])[:-1]
    after = np.vstack([knots[1:], knots[-1:]])[1:]
    start, end = knots[:-1], knots[1:]
    t = np.linspace(0, 1, steps, endpoint=False)[:, None, None]
    points = 0.5 * (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    )
    return np.vstack([points.transpose(1, 0, 2).reshape(-1, 2), knots[-1:]])


@dataclass
class Landscape:
    """The fictitious landscape; methods give its properties at (n, 2) points."""

    seed: int
    grain: float = 250_000.0
    """Size of an ordinary field in m²; all other parcels are sized against it."""
    town_area: float = 16_400_000.0
    """What all towns together will cover, so that their small parcels reach far enough."""
    seats: np.ndarray = field(default_factory=lambda: np.array(list(TOWNSHIP_SEATS_KM.values())) * 1000)

    @cached_property
    def outline(self) -> shapely.Polygon:
        """Return the county's outline as a polygon."""
        turn = np.linspace(0, 2 * np.pi, 1440, endpoint=False)
        radius = np.ones_like(turn)
        for wave in range(2, 48):
            strength = 0.115 / wave**1.05 * (0.3 + random_numbers(self.seed, 11, wave))
            radius += strength * np.cos(wave * turn + 2 * np.pi * random_numbers(self.seed, 12, wave))
        ring = np.column_stack([radius * np.cos(turn) * 1.06, radius * np.sin(turn)])
        return shapely.Polygon(ring * np.sqrt(COUNTY_AREA / shapely.Polygon(ring).area))

    @cached_property
    def rivers(self) -> list[np.ndarray]:
        """Return the (n, 2) points of each river."""
        return [
            self._bend_line_at_random(_make_smooth_curve(knots), 13 + one)
            for one, knots in enumerate([_RIVER_KNOTS_KM, _BROOK_KNOTS_KM])
        ]

    @cached_property
    def roads(self) -> list[np.ndarray]:
        """Return the (n, 2) points of each road."""
        return [_make_smooth_curve(knots) for knots in _ROAD_KNOTS_KM]

    def _bend_line_at_random(self, line: np.ndarray, salt: int) -> np.ndarray:
        shift = [make_smooth_noise(self.seed + salt + axis, line, 2500, 9000) for axis in (0, 1)]
        return line + 260 * np.column_stack(shift)

    @cached_property
    def town_radii(self) -> np.ndarray:
        """Return the mean radius of each town, m."""
        return np.sqrt(self.town_area * TOWN_WEIGHTS / TOWN_WEIGHTS.sum() / np.pi)

    def town_distance(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the nearest town of each point, and the relative distance to it.

        The distance is about 1.0 at the edge of the town. Towns have lobes, because they grow along roads.
        """
        best, which = np.full(len(points), np.inf), np.zeros(len(points), int)
        for town, radius in enumerate(self.town_radii):
            away = points - self.seats[town]
            turn = np.arctan2(away[:, 1], away[:, 0])
            phase = 2 * np.pi * random_numbers(self.seed, 21, town)
            lobes = 1 + 0.13 * np.sin(2 * turn + phase) + 0.09 * np.sin(5 * turn + 2 * phase)
            distance = np.hypot(away[:, 0], away[:, 1]) / (radius * lobes)
            nearer = distance < best
            best[nearer], which[nearer] = distance[nearer], town
        return best, which

    def height(self, points: np.ndarray) -> np.ndarray:
        """Return the relief at points, from 0 (plain) to about 1 (ridge)."""
        across = (points[:, 0] * 0.58 - points[:, 1] * 0.81) / 1000
        folds = make_smooth_noise(self.seed + 33, points, 5000, 14000)
        rim = smooth_step((np.hypot(points[:, 0] + 4000, points[:, 1] - 4000) / 1000 - 17) / 12)
        rim *= 0.55 * (1 + make_smooth_noise(self.seed + 34, points, 7000, 20000))
        mountain = smooth_step((across + 6.0 + 4.0 * make_smooth_noise(self.seed + 31, points, 6000, 21000)) / 23)
        height = 0.95 * mountain + rim * (1 - mountain)
        height += 0.16 * smooth_step((across + 7) / 10) * make_smooth_noise(self.seed + 32, points, 1800, 7000)
        # Valleys follow the zero lines of a noise and therefore have branches.
        height -= 0.6 * mountain * np.exp(-((folds / 0.17) ** 2))
        for seat in self.seats:
            height -= 0.3 * np.exp(-((points - seat) ** 2).sum(axis=1) / 2400**2)
        return np.clip(height - 0.3 * np.exp(-((self._compute_distance_to_river(points) / 1500) ** 2)), 0, 1.2)

    def _compute_distance_to_river(self, points: np.ndarray) -> np.ndarray:
        """Return the distance (m) of each point to the nearest river."""
        lines = shapely.MultiLineString([line[::8] for line in self.rivers])
        return shapely.distance(lines, shapely.points(points))

    def slope(self, points: np.ndarray) -> np.ndarray:
        """Return the change of relief per kilometre, which decides terraces and slopes."""
        steps = np.array([[500.0, 0.0], [0.0, 500.0]])
        east, north = (self.height(points + step) - self.height(points - step) for step in steps)
        return np.hypot(east, north) + 0.12 * self.height(points)

    @cached_property
    def village_radius(self) -> float:
        """Return the radius of villages, m."""
        return max(230.0, 0.5 * np.sqrt(0.14 * self.grain))

    @cached_property
    def villages(self) -> np.ndarray:
        """Return villages on a jittered grid, outside towns and few in the mountains."""
        spacing = max(2300.0, 2.1 * np.sqrt(self.grain))
        steps = np.arange(-np.ceil(36_000 / spacing), np.ceil(36_000 / spacing) + 1).astype(int)
        column, row = (grid.ravel() for grid in np.meshgrid(steps, steps))
        shake = np.column_stack([random_numbers(self.seed, 41 + axis, column, row) for axis in (0, 1)]) - 0.5
        points = (np.column_stack([column, row]) + 0.75 * shake) * spacing
        wanted = random_numbers(self.seed, 43, column, row) > 0.1 + 0.75 * self.height(points)
        inside = shapely.contains_xy(self.outline.buffer(-900), points[:, 0], points[:, 1])
        points = points[wanted & inside & (self._compute_distance_to_river(points) > 500)]
        points = np.vstack([self.seats[len(TOWNS) :], points])
        distance, _ = self.town_distance(points)
        return points[distance > 1.5]

    def in_village(self, points: np.ndarray) -> np.ndarray:
        """Return the mask of points inside a village, (n,) bool."""
        tree = shapely.STRtree(shapely.points(self.villages))
        return np.isin(
            np.arange(len(points)),
            tree.query(shapely.points(points), predicate="dwithin", distance=self.village_radius)[0],
        )

    def parcel_size(self, points: np.ndarray) -> np.ndarray:
        """Return the intended parcel size at points, m².

        Parcels are small in towns and villages and large in the mountains.
        """
        size = 1 + 3.4 * smooth_step((self.height(points) - 0.15) / 0.75)
        size[self.in_village(points)] = 0.14
        distance, _ = self.town_distance(points)
        town = min(0.055, 150_000 / self.grain)
        return self.grain * np.minimum(size, town + 1.1 * smooth_step((distance - 1.15) / 1.5))

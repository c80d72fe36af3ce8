# SPDX-License-Identifier: GPL-2.0-or-later
"""Protected heritage areas: the historic district and some monuments.

The district has the two areas of the approved plan. Names are from public lists; shapes and places are fictitious.
The areas may overlap each other and all other layers.
"""

from __future__ import annotations

import numpy as np
import shapely

from tests.county.landscape import CENTRE, Landscape
from tests.county.measure import statutory_area
from tests.county.randomness import random_numbers

CORE_AREA, CONTROL_AREA = 301_300.0, 332_100.0
# Name, metres east and north of the county town's centre, radius.
_HERITAGE_SITES = [
    ("永安寺", 60, 120, 62),
    ("圆觉寺塔", -110, -60, 45),
    ("文庙", 150, -90, 50),
    ("悬空寺", 900, -5200, 180),
    ("律吕神祠", -5200, 3900, 90),
    ("荆庄大云寺", -6900, -1900, 85),
    ("栗毓美墓", 2600, 1500, 120),
    ("古瓷窑遗址", -2300, -10400, 210),
]
# An old walled town: four sides, corners cut, not quite square.
_WALL_SHAPE = np.array(
    [(-0.93, -0.99), (0.2, -1.04), (0.9, -0.96), (1.02, -0.84), (1.0, 0.1), (0.97, 0.9), (0.84, 1.02), (-0.3, 1.0),
     (-0.88, 0.97), (-1.0, 0.85), (-1.03, -0.2), (-1.01, -0.86)]
)  # fmt: skip


def make_heritage_ranges(land: Landscape) -> tuple[np.ndarray, dict]:
    middle = land.seats[0] + CENTRE + np.array([-150.0, 90.0])
    core = _scale_to_area(middle, CORE_AREA)
    outer = _scale_to_area(middle, CORE_AREA + CONTROL_AREA)
    control = shapely.Polygon(outer.exterior.coords, [core.exterior.coords])
    names = ["浑源古城历史文化街区核心保护范围", "浑源古城历史文化街区建设控制地带"]
    shapes = [core, control]
    for number, (name, east, north, radius) in enumerate(_HERITAGE_SITES):
        names.append(f"{name}保护范围")
        shapes.append(make_round_polygon(middle + np.array([east, north]), radius, land.seed, number))
    return np.array(shapes, dtype=object), {"MC": names}


def _scale_to_area(middle: np.ndarray, area: float) -> shapely.Polygon:
    """Return the city wall's shape with a given statutory area, exact to 1 mm."""
    size = np.sqrt(area) / 2
    for _ in range(4):
        shape = shapely.Polygon(np.round(middle + size * _WALL_SHAPE, 3))
        size *= np.sqrt(area / statutory_area([shape])[0])
    return shape


def make_round_polygon(middle: np.ndarray, radius: float, seed: int, number: int) -> shapely.Polygon:
    """Return a roundish polygon of 14 sides."""
    turn = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    reach = radius * (0.85 + 0.3 * random_numbers(seed, 121, number, np.arange(14)))
    return shapely.Polygon(np.round(middle + np.column_stack([reach * np.cos(turn), reach * np.sin(turn)]), 3))

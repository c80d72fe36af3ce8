# SPDX-License-Identifier: GPL-2.0-or-later
"""3° zones (三度带) of CGCS2000 for a stretch of longitudes: which they are, which one suits, what it costs at its edge."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Proj

from . import crs as crs_care
from .statutory_area import statutory_area

#: Width of a zone and half of it, in degrees.
WIDTH = 3.0
HALF = WIDTH / 2
#: Zones that CGCS2000 has (EPSG:4513 to 4533).
FIRST, LAST = 25, 45


@dataclass(frozen=True)
class ZonePlan:
    """``shares``: zone → share of the county in it, by area where its shape is known, else by longitude.

    ``distortion``: how much larger areas in the plane of the recommended zone are at the zone's edge, as a share of
    the ellipsoidal area; None where no latitude is known.
    """

    west: float
    east: float
    shares: dict[int, float]
    by_area: bool
    recommended: int
    distortion: float | None = None

    @property
    def zones(self) -> tuple[int, ...]:
        return tuple(self.shares)

    @property
    def crosses(self) -> bool:
        return len(self.shares) > 1

    @property
    def room(self) -> float:
        """Degrees between the county and the nearer edge of its zone; 0 where it crosses one."""
        low, high = zone_edges(self.recommended)
        return 0.0 if self.crosses else max(min(self.west - low, high - self.east), 0.0)


def zone_edges(zone: int) -> tuple[float, float]:
    """Western and eastern edge of a 3° zone in degrees: 112.5 and 115.5 of zone 38."""
    return zone * WIDTH - HALF, zone * WIDTH + HALF


def zones_of(west: float, east: float) -> list[int]:
    """The 3° zones that a stretch of longitudes lies in. One that only touches an edge does not cross it."""
    first = math.floor(west / WIDTH + 0.5)
    last = max(math.ceil(east / WIDTH - 0.5), first)
    return [zone for zone in range(first, last + 1) if FIRST <= zone <= LAST]


def plan_zones(
    west: float, east: float, latitude: float | None = None, areas: Mapping[int, float] | None = None
) -> ZonePlan | None:
    """Which zone to use from ``west`` to ``east`` (degrees): the one that holds most. None outside China's zones.

    ``areas``: zone → m² in it (`areas_by_zone`), where the county's shape is known.
    """
    zones = zones_of(west, east)
    if not zones or west > east:
        return None
    if areas and sum(areas.get(z, 0.0) for z in zones):
        weights = {z: areas.get(z, 0.0) for z in zones}
    else:
        weights = {z: max(min(east, zone_edges(z)[1]) - max(west, zone_edges(z)[0]), 0.0) for z in zones}
    total = sum(weights.values()) or 1.0
    shares = {z: w / total for z, w in weights.items()}
    best = max(shares, key=lambda z: shares[z])
    cost = None if latitude is None else areal_distortion(best, zone_edges(best)[1], latitude)
    return ZonePlan(west, east, shares, bool(areas), best, cost)


def areal_distortion(zone: int, longitude: float, latitude: float) -> float:
    """How much larger an area is in the plane of a 3° zone than on the ellipsoid, as a share (4.3e-4 = 0.043 %).

    From the projection's own areal scale (PROJ), which near the meridian is 1 + (Δλ·cos φ)².
    """
    factors = Proj(crs_care.three_degree_zone(zone * WIDTH)).get_factors(longitude, latitude)
    return float(factors.areal_scale) - 1.0


def areas_by_zone(lonlat: NDArray) -> dict[int, float]:
    """Zone → statutory area in m² of the parts of (n,) polygons (longitude, latitude in degrees) that lie in it."""
    shapes = shapely.make_valid(lonlat[~shapely.is_empty(lonlat)])
    if not len(shapes):
        return {}
    west, south, east, north = shapely.total_bounds(shapes)
    found = {}
    for zone in zones_of(west, east):
        low, high = zone_edges(zone)
        found[zone] = float(statutory_area(np.atleast_1d(shapely.clip_by_rect(shapes, low, south, high, north))).sum())
    return found

# SPDX-License-Identifier: GPL-2.0-or-later
"""Choose a 3° zone (三度带) of CGCS2000 for a county; compute area distortion."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Proj

from . import crs as crs_care
from .statutory_area import measure_statutory_area

#: Width of a zone and half of it, in degrees.
ZONE_WIDTH_DEGREES = 3.0
HALF_ZONE_DEGREES = ZONE_WIDTH_DEGREES / 2
#: Zones that CGCS2000 has (EPSG:4513 to 4533).
FIRST_ZONE, LAST_ZONE = 25, 45


@dataclass(frozen=True)
class CrsZoneChoice:
    """The recommended 3° zone for a county, and the alternatives.

    ``west``, ``east``: extent of the county in degrees. ``shares_by_zone``: zone number, ascending → share of
    the county in that zone. ``has_area_shares``: the shares are of the county's area, since its shape is known;
    otherwise of its range of longitudes. ``area_distortion``: relative excess of plane areas over ellipsoidal areas at
    the edge of the recommended zone; None if the latitude is unknown.
    """

    west: float
    east: float
    shares_by_zone: dict[int, float]
    has_area_shares: bool
    recommended_zone: int
    area_distortion: float | None = None

    @property
    def crosses_zones(self) -> bool:
        """Return True if the county extends over several CRS zones."""
        return len(self.shares_by_zone) > 1

    @property
    def degrees_to_zone_edge(self) -> float:
        """Return the degrees between the county and the nearer edge of its zone; 0 if it crosses an edge."""
        low, high = compute_zone_edges(self.recommended_zone)
        return 0.0 if self.crosses_zones else max(min(self.west - low, high - self.east), 0.0)


def compute_zone_edges(zone: int) -> tuple[float, float]:
    """Return the western and eastern edge of a 3° zone in degrees (zone 38: 112.5, 115.5)."""
    return zone * ZONE_WIDTH_DEGREES - HALF_ZONE_DEGREES, zone * ZONE_WIDTH_DEGREES + HALF_ZONE_DEGREES


def list_zones(west: float, east: float) -> list[int]:
    """Return the numbers of the 3° zones that longitudes from ``west`` to ``east`` (degrees) lie in.

    A zone that is only touched at its edge does not count. Zones outside 25 to 45 are left out.
    """
    first = math.floor(west / ZONE_WIDTH_DEGREES + 0.5)
    last = max(math.ceil(east / ZONE_WIDTH_DEGREES - 0.5), first)
    return [zone for zone in range(first, last + 1) if FIRST_ZONE <= zone <= LAST_ZONE]


def choose_zone(
    west: float, east: float, latitude: float | None = None, areas: Mapping[int, float] | None = None
) -> CrsZoneChoice | None:
    """Return the 3° zones that a county lies in, with a recommended zone; None if no zone is in China.

    The zone with the largest share of the county is recommended. ``west``, ``east``, ``latitude``: extent and latitude
    of the county in degrees; without ``latitude`` the distortion is unknown. ``areas``: zone number → m² of the county
    in it (`measure_areas_by_zone`), if the county's shape is known.
    """
    zones = list_zones(west, east)
    if not zones or west > east:
        return None
    if areas and sum(areas.get(zone, 0.0) for zone in zones):
        weights = {zone: areas.get(zone, 0.0) for zone in zones}
    else:
        weights = {
            zone: max(min(east, compute_zone_edges(zone)[1]) - max(west, compute_zone_edges(zone)[0]), 0.0)
            for zone in zones
        }
    total = sum(weights.values()) or 1.0
    shares = {zone: weight / total for zone, weight in weights.items()}
    recommended = max(shares, key=lambda zone: shares[zone])
    distortion = (
        None if latitude is None else compute_area_distortion(recommended, compute_zone_edges(recommended)[1], latitude)
    )
    return CrsZoneChoice(west, east, shares, bool(areas), recommended, distortion)


def compute_area_distortion(zone: int, longitude: float, latitude: float) -> float:
    """Return by which share areas in a 3° zone's plane are too large (4.3e-4 means 0.043 %).

    ``longitude`` and ``latitude`` in degrees. Computed from the projection's areal scale (PROJ), which near the
    meridian is 1 + (Δλ·cos φ)².
    """
    factors = Proj(crs_care.find_three_degree_zone(zone * ZONE_WIDTH_DEGREES)).get_factors(longitude, latitude)
    return float(factors.areal_scale) - 1.0


def measure_areas_by_zone(lonlat: NDArray) -> dict[int, float]:
    """Return zone number → statutory area (m²) of the polygons within that 3° zone.

    ``lonlat``: (n,) polygons with (longitude, latitude) in degrees.
    """
    shapes = shapely.make_valid(lonlat[~shapely.is_empty(lonlat)])
    if not len(shapes):
        return {}
    west, south, east, north = shapely.total_bounds(shapes)
    areas = {}
    for zone in list_zones(west, east):
        low, high = compute_zone_edges(zone)
        areas[zone] = float(
            measure_statutory_area(np.atleast_1d(shapely.clip_by_rect(shapes, low, south, high, north))).sum()
        )
    return areas

# SPDX-License-Identifier: GPL-2.0-or-later
"""Planning zones (规划分区): one zone per parcel, so that zones tile the county."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.county.county_fabric import ParcelFabric
from tests.county.landscape import CENTRE
from tests.county.points import RIVER
from tests.county.randomness import make_smooth_noise

if TYPE_CHECKING:
    from tests.county.lines import Lines

LARGE_AREA_M2 = 90_000.0
"""Farmland parcels below this may lie scattered outside the farmland zone (the rule asks from 100 000 m² on)."""


def assign_zones(fabric: ParcelFabric, lines: Lines) -> np.ndarray:
    """Return the zone code of each parcel."""
    first, second = fabric.edge_cells[fabric.inner_edges].T
    ends = fabric.points[fabric.edge_nodes[fabric.inner_edges]]
    length = np.hypot(*(ends[:, 0] - ends[:, 1]).T)
    count = len(lines.area)
    whole = np.bincount(first, length, count) + np.bincount(second, length, count)

    def share(chosen: np.ndarray) -> np.ndarray:
        """Return the share of each parcel's outline that borders chosen parcels.

        Only the outline within the county counts.
        """
        found = np.bincount(first, length * chosen[second], count) + np.bincount(second, length * chosen[first], count)
        return found / whole

    wild = ~lines.ploughed_land & (lines.height > 0.3)
    grass = make_smooth_noise(fabric.land.seed + 98, fabric.sites[:count] - CENTRE, 4000, 12000) > 0.75
    zone = np.full(count, 520)
    zone[wild] = np.where(lines.height[wild] > 0.48, 200, np.where(grass[wild], 540, 530))
    zone[fabric.kinds == RIVER] = 200
    scattered = lines.farmland & ~lines.boundary_windows & (lines.area < LARGE_AREA_M2) & (share(lines.farmland) < 0.35)
    zone[lines.farmland & ~scattered] = 300
    built = lines.village_land | lines.mining | lines.industrial_land | (fabric.kinds == RIVER)
    fixed = lines.red_line | (lines.boundary > 0) | built | lines.farmland
    zone[lines.village_land] = 510
    zone[lines.mining] = 700
    zone[lines.red_line] = 100
    zone[lines.boundary > 0] = lines.boundary[lines.boundary > 0]
    codes = np.array([300, 520, 530, 540, 200])
    # Single parcels join the zone around them; farmland zones absorb parcels that they nearly enclose.
    for least in (0.62, 0.62, 0.55):
        shares = np.stack([share(zone == code) for code in codes])
        own = _compute_own_share(zone, first, second, length, whole)
        loose = ~fixed & ((shares[0] > least) | (own < 0.15))
        zone = np.where(loose & (shares.max(axis=0) > 0.2), codes[shares.argmax(axis=0)], zone)
    return zone


def _compute_own_share(zone, first, second, length, whole):
    same = length * (zone[first] == zone[second])
    return (np.bincount(first, same, len(zone)) + np.bincount(second, same, len(zone))) / whole

# SPDX-License-Identifier: GPL-2.0-or-later
"""Assign parcels to townships, land kinds, control lines and planning zones.

Every line consists of whole parcels. Lines that should coincide therefore match in every vertex, and no line crosses
another. Area targets are met by adding parcels in order of suitability until the area is reached.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from tests.county import zones
from tests.county.county_fabric import ParcelFabric, find_components
from tests.county.landscape import CENTRE, TOWNS, TOWNSHIP_SEATS_KM, Landscape, smooth_step
from tests.county.measure import statutory_area
from tests.county.points import RIVER, ROAD
from tests.county.randomness import make_smooth_noise, random_numbers

MU_10K = 10_000 * 10_000 / 15
"""万亩 in m²."""
# The approved figures of 浑源 (m²) and the margin of the clean county.
TARGET_AREAS_M2 = {
    "cultivated": 73.39 * MU_10K,
    "farmland": 63.25 * MU_10K,
    "red_line": 538.87e6,
    "boundary": 16.46e6,
    "expansion_ratio": 1.25,
}
AREA_MARGIN = 1.006


@dataclass
class Lines:
    """Properties and memberships of parcels, arrays with one entry per parcel."""

    area: np.ndarray
    gross_area: np.ndarray
    height: np.ndarray
    slope: np.ndarray
    slope_class: np.ndarray
    terraced: np.ndarray
    deduction_rate: np.ndarray
    """KCXS, should the parcel be cultivated."""
    township: np.ndarray
    village: np.ndarray
    """Number of the nearest village of the parcel's township."""
    village_land: np.ndarray
    """Part of a village's houses."""
    town_land: np.ndarray
    """Built town land of the base year (CZCSXM 202)."""
    industrial_land: np.ndarray
    """Industry standing alone outside the towns (202A)."""
    boundary: np.ndarray
    """410, 420, 430 or 0."""
    boundary_windows: np.ndarray
    ploughed_land: np.ndarray
    """Under the plough today, whether protected or not."""
    cultivated: np.ndarray
    farmland: np.ndarray
    red_line: np.ndarray
    mining: np.ndarray
    zone: np.ndarray


def assign_parcels_to_lines(fabric: ParcelFabric, terraces: bool = False) -> Lines:
    """Return township, land kind, lines and zone of each parcel; ``terraces``: make all farmland terraced."""
    land, count = fabric.land, len(fabric)
    points = fabric.sites[:count] - CENTRE
    area = statutory_area(fabric.polygons)
    gross = np.round(area, 2)
    height, slope = land.height(points), land.slope(points)
    slope_class = 1 + np.searchsorted([0.055, 0.15, 0.30, 0.52], slope)
    spread = random_numbers(land.seed, 71, np.arange(count))
    if terraces:
        terraced = np.ones(count, bool)
        rate = np.round(np.where(slope_class > 1, 0.12 + 0.13 * spread, 0.04 + 0.05 * spread), 4)
    else:
        terraced = slope_class > 2
        rate = np.round(np.where(terraced, 0.03 * slope_class - 0.03 + 0.1 * spread, 0.0), 4)
    net = gross - np.round(gross * rate, 2)

    strip = np.isin(fabric.kinds, (RIVER, ROAD))
    distance, town = land.town_distance(points)
    hamlet = land.in_village(points) & ~strip & (distance > 1.3)
    urban, industry, boundary, windows = _choose_built_land(fabric, area, gross, distance, town, strip)
    township = _assign_townships(fabric, points)
    taken = strip | hamlet | industry | (boundary > 0)
    cultivated, score = _choose_cultivated_land(land, points, height, slope, distance, net, taken & ~windows, windows)
    farmland = _choose_farmland(land, points, score, gross if terraces else net, cultivated, windows)
    red = _choose_red_line(fabric, points, area, height, distance, taken | cultivated)
    mining = _choose_mining_areas(land, points, taken | cultivated | red, height)
    # Fields inside the boundary are still cultivated, but no longer protected.
    fringe = (boundary > 0) & ~urban & (random_numbers(land.seed, 72, np.arange(count)) < 0.55)
    lines = Lines(
        area, gross, height, slope, slope_class, terraced, rate, township, _assign_villages(land, points, township), hamlet,
        urban, industry, boundary, windows, cultivated | fringe, cultivated, farmland, red, mining,
        zone=np.zeros(count, int),
    )  # fmt: skip
    lines.zone = zones.assign_zones(fabric, lines)
    return lines


def take_until_area(order: np.ndarray, amounts: np.ndarray, wanted: float) -> np.ndarray:
    """Return the first entries of ``order`` until their amounts reach a sum.

    Raise ValueError if all entries together do not reach it.
    """
    reached = np.searchsorted(np.cumsum(amounts[order]), wanted)
    if reached >= len(order):
        raise ValueError("not enough land; use another seed")
    return order[: reached + 1]


def _choose_built_land(fabric, area, gross, distance, town, strip):
    """Return built land, the boundary around it, and farmland inside it (开天窗)."""
    land = fabric.land
    order = np.argsort(np.where(strip, np.inf, distance), kind="stable")
    order = order[(distance[order] < 1.3) & ~strip[order]]
    limit = TARGET_AREAS_M2["boundary"] - 0.08e6

    def within(order):
        return order[: np.searchsorted(np.cumsum(area[order]), limit)]

    industry = np.zeros(len(area), bool)
    if len(area) > 1500:
        lonely = (distance > 1.45) & (distance < 2.1) & ~strip
        industry = lonely & (random_numbers(land.seed, 74, np.arange(len(area))) < 0.012)
    windows = _choose_boundary_windows(fabric, within(order), area)
    order = order[~windows[order]]
    chosen = within(order)
    urban = np.zeros(len(area), bool)
    wanted = area[chosen].sum() / (TARGET_AREAS_M2["expansion_ratio"] - 0.015)
    urban[take_until_area(order, gross, wanted - gross[industry].sum())] = True
    codes = np.zeros(len(area), int)
    codes[chosen] = 410
    # Flexible and special-purpose land are two quarters of the fringe, never next to a window.
    inner = np.zeros(len(area), bool)
    inner[[n for parcel in np.flatnonzero(windows) for n in fabric.neighbours(parcel)]] = True
    fringe = (codes > 0) & ~urban & ~inner
    away = fabric.sites[: len(area)] - CENTRE - land.seats[town]
    turn = np.degrees(np.arctan2(away[:, 1], away[:, 0])) % 360
    codes[fringe & (turn < 62) & np.isin(town, (0, 2, 3))] = 420
    codes[fringe & (turn > 100) & (turn < 150) & np.isin(town, (0, 1))] = 430
    return urban, industry, codes, windows


def _choose_boundary_windows(fabric, chosen, area):
    """Choose farmland parcels that become holes (开天窗) in the boundary.

    They are separate parcels near the edge of towns, each surrounded by the boundary.
    """
    inside = np.zeros(len(area), bool)
    inside[chosen] = True
    windows, blocked = np.zeros(len(area), bool), np.zeros(len(area), bool)
    kept = 0.0
    for parcel in chosen[::-1]:
        around = np.array(list(fabric.neighbours(parcel)))
        if around.max() >= len(area) or not inside[around].all() or blocked[parcel] or blocked[around].any():
            continue
        second = [n for near in around for n in fabric.neighbours(near) if n < len(area)]
        windows[parcel] = True
        blocked[parcel] = blocked[around] = blocked[second] = True
        kept += area[parcel]
        if kept > 0.3e6 or windows.sum() == 6:
            break
    return windows


def _assign_townships(fabric: ParcelFabric, points: np.ndarray) -> np.ndarray:
    seed = fabric.land.seed
    warp = np.column_stack([make_smooth_noise(seed + 81 + axis, points, 3000, 11000) for axis in (0, 1)])
    bent = points + 1100 * warp
    away = np.stack([np.hypot(*(bent - seat).T) for seat in fabric.land.seats])
    away[0] *= 0.9
    return connect_labels(fabric, away.argmin(axis=0), len(TOWNSHIP_SEATS_KM))


def connect_labels(fabric: ParcelFabric, label: np.ndarray, labels: int) -> np.ndarray:
    """Make the parcels of each label connected.

    Smaller separate groups get the label of a neighbour.
    """
    first, second = fabric.edge_cells[fabric.inner_edges].T
    label = label.copy()
    for _ in range(50):
        same = label[first] == label[second]
        piece = find_components(len(label), first[same], second[same])
        sizes = np.bincount(piece, minlength=len(label))
        largest = np.zeros(labels, int)
        for one in np.flatnonzero(sizes):
            if sizes[one] > sizes[largest[label[one]]] or label[largest[label[one]]] != label[one]:
                largest[label[one]] = one
        stray = piece != largest[label]
        if not stray.any():
            return label
        for near, far in ((first, second), (second, first)):
            move = stray[near] & ~stray[far]
            label[near[move]] = label[far[move]]
    raise ValueError("townships stay in pieces; use another seed")


def _assign_villages(land: Landscape, points: np.ndarray, township: np.ndarray) -> np.ndarray:
    """Assign parcels to the nearest village of their township.

    Villages are numbered within each township.
    """
    villages = np.vstack([land.seats, land.villages[len(TOWNSHIP_SEATS_KM) - len(TOWNS) :]])
    home = np.stack([np.hypot(*(villages - seat).T) for seat in land.seats]).argmin(axis=0)
    result = np.zeros(len(points), int)
    for one in range(len(TOWNSHIP_SEATS_KM)):
        mine = np.flatnonzero(home == one)
        which = np.flatnonzero(township == one)
        tree = shapely.STRtree(shapely.points(villages[mine]))
        result[which] = tree.nearest(shapely.points(points[which]))
    return result


def _choose_cultivated_land(land, points, height, slope, distance, net, taken, windows):
    """Choose the lowest and flattest parcels as cultivated land, without gaps."""
    tree = shapely.STRtree(shapely.points(land.villages))
    near = tree.query_nearest(shapely.points(points), return_distance=True, all_matches=False)[1]
    # Every mountain village has terraces, also on steep slopes.
    score = 0.5 * height + 0.1 * slope - (0.28 + 0.3 * height) * np.exp(-((near / 1500) ** 2))
    score += 0.09 * make_smooth_noise(land.seed + 91, points, 1500, 7000)
    # Towns are on good fields.
    score -= 0.2 * smooth_step((2.8 - distance) / 1.5)
    patch = make_smooth_noise(land.seed + 92, points, 700, 3500) + 0.9 * (
        random_numbers(land.seed, 93, np.arange(len(points))) - 0.5
    )
    free = ~taken & (patch < 0.95)
    order = np.argsort(np.where(windows, -9.0, score), kind="stable")
    order = order[free[order] | windows[order]]
    cultivated = np.zeros(len(points), bool)
    cultivated[take_until_area(order, net, TARGET_AREAS_M2["cultivated"] * AREA_MARGIN)] = True
    return cultivated, score


def _choose_farmland(land, points, score, amounts, cultivated, windows):
    """Choose the better six sevenths of cultivated land as basic farmland.

    The parcels form connected blocks.
    """
    better = score + 0.16 * make_smooth_noise(land.seed + 95, points, 2500, 9000)
    order = np.argsort(np.where(windows, -9.0, better), kind="stable")
    order = order[cultivated[order]]
    farmland = np.zeros(len(points), bool)
    farmland[take_until_area(order, amounts, TARGET_AREAS_M2["farmland"] * AREA_MARGIN)] = True
    return farmland


def _choose_red_line(fabric, points, area, height, distance, taken):
    """Choose ridges and forests as red line, few large areas without small holes."""
    score = -height + 0.2 * make_smooth_noise(fabric.land.seed + 97, points, 2500, 10000)
    free = ~taken & (distance > 1.6)
    order = np.argsort(np.where(free, score, np.inf), kind="stable")[: free.sum()]
    low, high = 0, len(order)
    red = np.zeros(len(area), bool)
    while low < high:
        middle = (low + high) // 2
        red[:] = False
        red[order[:middle]] = True
        red = _remove_islands_and_holes(fabric, red, free, area)
        if area[red].sum() < TARGET_AREAS_M2["red_line"] * AREA_MARGIN:
            low = middle + 1
        else:
            high = middle
    red[:] = False
    red[order[:low]] = True
    return _remove_islands_and_holes(fabric, red, free, area)


def _remove_islands_and_holes(fabric, chosen, free, area):
    """Remove small islands and fill small free holes."""
    first, second = fabric.edge_cells[fabric.inner_edges].T
    for wanted, limit in ((True, 4e6), (False, 5e6)):
        inside = chosen == wanted
        both = inside[first] & inside[second]
        piece = find_components(len(chosen), first[both], second[both])
        size = np.bincount(piece, area, len(chosen))[piece]
        small = inside & (size < limit)
        chosen = chosen & ~small if wanted else chosen | (small & free)
    return chosen


def _choose_mining_areas(land, points, taken, height):
    """Choose two mining areas in the hills nearest to 青磁窑镇."""
    seat = np.array(TOWNSHIP_SEATS_KM["青磁窑镇"]) * 1000
    away = np.hypot(*(points - seat).T)
    order = np.argsort(np.abs(away - 4200), kind="stable")
    hills = order[~taken[order] & (height[order] >= 0.25)]
    mining = np.zeros(len(points), bool)
    centres = []
    for parcel in hills[:400]:
        if all(np.hypot(*(points[parcel] - points[other])) > 3000 for other in centres):
            centres.append(parcel)
            mining |= (np.hypot(*(points - points[parcel]).T) < 900) & ~taken
        if len(centres) == 2:
            break
    return mining

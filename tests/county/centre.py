# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers of the sample county's central urban area (中心城区), without defects.

It has streets and blocks within the largest development boundary, and fields and villages around it. Its area is that
printed in the plan's text.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from tests.county import templates
from tests.county.attributes import County, group_connected_parcels
from tests.county.divisions import LAND_USE
from tests.county.landscape import EPSG
from tests.county.measure import statutory_area

COUNTY, NAME = "140225", "浑源县"
#: The centre's area by the text of 浑源's plan, m².
CENTRE_AREA = 31_590_000.0
#: Metres between street axes, and their width.
SPACING, WIDTH = 420.0, 24.0
#: Present and planned use of blocks: code and share.
PRESENT_LAND_USE_SHARES = (
    ("0701", 0.42),
    ("0804", 0.08),
    ("0901", 0.14),
    ("1001", 0.12),
    ("0806", 0.04),
    ("1401", 0.06),
    ("0702", 0.14),
)
PLANNED_LAND_USE_SHARES = (
    ("0701", 0.48),
    ("0804", 0.09),
    ("0901", 0.16),
    ("1001", 0.10),
    ("0806", 0.05),
    ("1401", 0.12),
)
#: The zone of a planned use.
ZONE_BY_LAND_USE = {
    "0701": "411",
    "0804": "412",
    "0901": "413",
    "1001": "414",
    "0806": "412",
    "1401": "416",
    "1207": "417",
}
#: Development intensity of a planned use.
INTENSITY_BY_LAND_USE = {
    "0701": "中强度区",
    "0804": "中强度区",
    "0901": "高强度区",
    "1001": "低强度区",
    "0806": "中强度区",
    "1401": "生态区",
}


def make_centre(county: County, seed: int) -> dict[str, gpd.GeoDataFrame]:
    """Return the central urban area layers of a clean county by layer code.

    Equal county and seed give equal layers.
    """
    chance = np.random.default_rng(seed)
    parts = shapely.get_parts(county.layers["CZKFBJ"].geometry.to_numpy())
    town = shapely.Polygon(max(parts, key=lambda part: part.area).exterior)
    around = choose_surrounding_parcels(county, town)
    wide = shapely.coverage_union_all([town, *county.fabric.polygons[around]])
    axes = _make_street_axes(town)
    streets = shapely.union_all(shapely.buffer(axes, WIDTH / 2, cap_style="square", join_style="mitre"))
    blocks, roads, ring = _node_blocks_and_streets(town, streets, county.fabric.polygons[around])
    now, then = (
        _choose_land_uses(chance, shares, len(blocks)) for shares in (PRESENT_LAND_USE_SHARES, PLANNED_LAND_USE_SHARES)
    )
    land = [*blocks, *roads]
    rural = [LAND_USE[code] for code in county.layers["DLTB"]["DLBM"].iloc[around]]
    streets_of = ["1207"] * len(roads)
    zones, groups = _list_surrounding_zones(county, around, ring)
    district = shapely.Polygon(county.layers["LSWHBHX"].geometry.iloc[1].exterior)
    # Windows stay fields: parks and substations are not on them.
    windows = shapely.union_all(county.fabric.polygons[county.lines.boundary_windows])
    built = [use if shapely.disjoint(block, windows) else "" for block, use in zip(blocks, then, strict=True)]
    return {
        "ZXCQFW": _make_layer("ZXCQFW", 1, [wide], MC=["浑源县中心城区"]),
        "ZXCQXZYDYH": _make_land_use_layer("ZXCQXZYDYH", 2, [*land, *ring], [*now, *streets_of, *rural]),
        "ZXCQGHYDYH": _make_land_use_layer("ZXCQGHYDYH", 3, [*land, *ring], [*then, *streets_of, *rural]),
        "ZXCQGHFQ": _make_zone_layer(
            [*land, *groups], [*(ZONE_BY_LAND_USE[code] for code in [*then, *streets_of]), *zones]
        ),
        "ZXCQCSLX": _make_layer("ZXCQCSLX", 5, [_make_river(town)], MC=["浑河"]),
        "ZXCQCSLVX": _make_layer_of_some_blocks("ZXCQCSLVX", 6, blocks, built, "1401", "公园"),
        "ZXCQCSHX": _make_layer_of_some_blocks("ZXCQCSHX", 7, blocks, built, "1001", "设施用地", most=2),
        "ZXCQCSZX": _make_layer("ZXCQCSZX", 8, [district], MC=["浑源古城历史文化街区"]),
        "ZXCQLDYKCKJ": _make_layer_of_some_blocks("ZXCQLDYKCKJ", 9, blocks, then, "1401", "绿地"),
        "ZXCQDLZXX": _make_layer("ZXCQDLZXX", 10, _make_line_strings(shapely.intersection(axes, town)), "道路"),
        "ZXCQJTSSD": _make_point_layer("ZXCQJTSSD", 11, blocks, then, "0901", "公交站"),
        "ZXCQGGFWSSD": _make_point_layer("ZXCQGGFWSSD", 12, blocks, then, "0804", "学校"),
        "ZXCQSZGYSSD": _make_point_layer("ZXCQSZGYSSD", 13, blocks, then, "1001", "变电站"),
        "ZXCQFZJZSSD": _make_point_layer("ZXCQFZJZSSD", 14, blocks, then, "1401", "应急避难场所"),
        "ZXCQKFQDFQ": _make_layer("ZXCQKFQDFQ", 15, blocks, MC=[INTENSITY_BY_LAND_USE[code] for code in then]),
    }


def choose_surrounding_parcels(county: County, town: Any) -> np.ndarray:
    """Return the parcels nearest to the town, until the printed area is reached.

    The last one or two parcels are chosen so that the sum matches the printed decimals as well as possible.
    """
    fabric, area = county.fabric, county.lines.area
    sites = fabric.sites[: len(fabric)]
    away = shapely.distance(town, shapely.points(sites))
    outside = np.flatnonzero(~shapely.contains_xy(town, *sites.T))
    order = outside[np.argsort(away[outside], kind="stable")]
    wanted = CENTRE_AREA - statutory_area([town])[0]
    most = int(np.searchsorted(np.cumsum(area[order]), wanted))
    best = (np.inf, order[:most])
    for count in range(most, max(most - 8, 0), -1):
        taken, left = order[:count], wanted - area[order[:count]].sum()
        chosen = set(taken.tolist())
        reached = {n for one in chosen for n in fabric.neighbours(one)}
        adjacent = sorted((reached & set(outside.tolist())) - chosen)
        for more in (*((one,) for one in adjacent), *combinations(adjacent, 2)):
            miss = abs(left - area[list(more)].sum())
            if miss < best[0] and _is_one_piece(county, town, [*taken, *more]):
                best = (miss, np.array([*taken, *more]))
    return best[1]


def _is_one_piece(county: County, town: Any, parcels: list[int]) -> bool:
    """Return True if the town and some parcels form one polygon without holes."""
    whole = shapely.coverage_union_all([town, *county.fabric.polygons[parcels]])
    return whole.geom_type == "Polygon" and not len(whole.interiors)


def _node_blocks_and_streets(town: Any, streets: Any, parcels: np.ndarray) -> tuple[list[Any], list[Any], list[Any]]:
    """Return blocks, streets and surrounding parcels with common vertices (1 mm).

    A parcel gets a vertex where a street ends on the edge of the town. Tiny blocks are merged with the adjacent
    street.
    """
    # Extend beyond the edge, so that the edge is crossed.
    kerbs = shapely.intersection(shapely.boundary(streets), shapely.buffer(town, 1))
    net = shapely.union_all([shapely.boundary(town), kerbs, *shapely.boundary(parcels)], grid_size=0.001)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts([net])))
    points = shapely.point_on_surface(faces)
    within, paved = shapely.contains(town, points), shapely.contains(streets, points)
    splinter = within & ~paved & (2 * shapely.area(faces) / shapely.length(faces) < 20)
    around = shapely.STRtree(parcels).nearest(points)
    ring = [shapely.coverage_union_all(faces[~within & (around == one)]) for one in range(len(parcels))]
    roads = shapely.get_parts([shapely.coverage_union_all(faces[within & (paved | splinter)])])
    return list(faces[within & ~paved & ~splinter]), list(roads), ring


def _list_surrounding_zones(county: County, around: np.ndarray, ring: list[Any]) -> tuple[list[str], list[Any]]:
    """Return codes and shapes of the county's planning zones around the town."""
    label = np.zeros(len(county.fabric), int)
    label[around] = county.lines.zone[around]
    shape_of = dict(zip(around.tolist(), ring, strict=True))
    labels, _, groups = group_connected_parcels(county.fabric, label)
    shapes = [shapely.coverage_union_all([shape_of[one] for one in group.tolist()]) for group in groups]
    return [str(one) for one in labels], shapes


def _make_street_axes(town: Any) -> np.ndarray:
    """Return street axes across the town, in whole metres, on a rotated grid."""
    x, y = (round(v) for v in shapely.get_coordinates(town.centroid)[0])
    reach = 40 * SPACING
    offsets = np.arange(-20, 20) * SPACING + SPACING / 2
    grid = [shapely.LineString([(x + o, y - reach), (x + o, y + reach)]) for o in offsets]
    grid += [shapely.LineString([(x - reach, y + o), (x + reach, y + o)]) for o in offsets]
    turn = np.radians(9)
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return shapely.transform(np.array(grid, dtype=object), lambda xy: np.round((xy - [x, y]) @ spin + [x, y], 3))


def _make_river(town: Any) -> Any:
    """Return the polygon of a river across the town."""
    xmin, ymin, xmax, ymax = town.bounds
    third = ymin + (ymax - ymin) / 3
    course = shapely.LineString([(xmin - 100, third), ((xmin + xmax) / 2, third + 120), (xmax + 100, third - 60)])
    return max(_extract_polygons(shapely.intersection(shapely.buffer(course, 35), town)), key=lambda part: part.area)


def _extract_polygons(shape: Any) -> list[Any]:
    """Return the polygonal parts of a shape, rounded to a millimetre."""
    parts = shapely.get_parts([shapely.set_precision(shape, 0.001)])
    return [part for part in parts if part.geom_type == "Polygon"]


def _make_line_strings(shapes: np.ndarray) -> list[Any]:
    """Return the lines of more than 50 m among shapes."""
    return [part for part in shapely.get_parts(shapes) if part.geom_type == "LineString" and part.length > 50]


def _choose_land_uses(chance: np.random.Generator, shares: Sequence[tuple[str, float]], count: int) -> list[str]:
    """Return a land use for each block by shares; each use occurs at least once."""
    codes = [code for code, _ in shares]
    drawn = chance.choice(codes, size=count, p=[share for _, share in shares]).tolist()
    return codes[:count] + drawn[len(codes) :]


def _make_layer(role: str, number: int, shapes: list[Any], called: str = "", **columns: list[Any]) -> gpd.GeoDataFrame:
    """Return rows with the common fields of central urban area layers.

    The fields are feature number, county, name, statutory area (0.01 m²) and length (0.1 m).
    """
    fields, count = templates.read_fields(role), len(shapes)
    columns |= {
        "BSM": [f"{COUNTY}{900 + number:03d}{n:09d}" for n in range(1, count + 1)],
        "YSDM": [templates.read_template(role).get("feature_code")] * count,
        "XZQDM": [COUNTY] * count,
        "XZQMC": [NAME] * count,
    }
    if called:
        columns["MC"] = [f"{called}{n}" for n in range(1, count + 1)]
    if "MJ" in fields:
        columns["MJ"] = np.round(statutory_area(shapes), 2).tolist()
    if "CD" in fields:
        columns["CD"] = [round(shape.length, 1) for shape in shapes]
    known = {name: columns.get(name, [None] * count) for name in fields}
    return gpd.GeoDataFrame(known, geometry=shapes, crs=EPSG)


def _make_land_use_layer(role: str, number: int, shapes: list[Any], codes: list[str]) -> gpd.GeoDataFrame:
    names = templates.read_code_names("land_use_2023")
    areas = np.round(statutory_area(shapes), 2).tolist()
    padded = [code.ljust(6, "0") for code in codes]
    called = [names[code] for code in codes]
    return _make_layer(role, number, shapes, YDYHFLDM=padded, YDYHFLMC=called, TBMJ=areas, TBDLMJ=areas)


def _make_zone_layer(shapes: list[Any], zones: list[str]) -> gpd.GeoDataFrame:
    names = templates.read_code_names("planning_zones")
    control = ["详细规划"] * len(shapes)
    return _make_layer("ZXCQGHFQ", 4, shapes, GHFQDM=zones, GHFQMC=[names[zone] for zone in zones], GKZY=control)


def _make_layer_of_some_blocks(
    role: str, number: int, blocks: list[Any], uses: list[str], code: str, called: str, most: int = 99
) -> Any:
    return _make_layer(role, number, [b for b, use in zip(blocks, uses, strict=True) if use == code][:most], called)


def _make_point_layer(
    role: str, number: int, blocks: list[Any], uses: list[str], code: str, called: str
) -> gpd.GeoDataFrame:
    chosen = [b for b, use in zip(blocks, uses, strict=True) if use == code][:8]
    return _make_layer(role, number, [shapely.set_precision(b.representative_point(), 0.001) for b in chosen], called)

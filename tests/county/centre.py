# SPDX-License-Identifier: GPL-2.0-or-later
"""The sample county's town centre (中心城区): streets and blocks within its largest development boundary, without defects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from tests.county import templates
from tests.county.landscape import EPSG
from tests.county.measure import statutory_area

COUNTY, NAME = "140225", "浑源县"
#: Metres between street axes, and their width.
SPACING, WIDTH = 420.0, 24.0
#: What blocks are used for now and are to be: code and share.
PRESENT = (
    ("0701", 0.42),
    ("0804", 0.08),
    ("0901", 0.14),
    ("1001", 0.12),
    ("0806", 0.04),
    ("1401", 0.06),
    ("0702", 0.14),
)
PLANNED = (("0701", 0.48), ("0804", 0.09), ("0901", 0.16), ("1001", 0.10), ("0806", 0.05), ("1401", 0.12))
#: The zone of a planned use.
ZONE_OF = {"0701": "411", "0804": "412", "0901": "413", "1001": "414", "0806": "412", "1401": "416", "1207": "417"}
#: Development intensity of a planned use.
INTENSITY = {
    "0701": "中强度区",
    "0804": "中强度区",
    "0901": "高强度区",
    "1001": "低强度区",
    "0806": "中强度区",
    "1401": "生态区",
}


def make_centre(county: dict[str, gpd.GeoDataFrame], seed: int) -> dict[str, gpd.GeoDataFrame]:
    """Layers of the centre by role; the same county and seed give the same centre."""
    chance = np.random.default_rng(seed)
    lines = [shape for shape in county["CZKFBJ"].geometry if shape is not None]
    parts = [part for shape in lines for part in shapely.get_parts([shape])]
    town = shapely.Polygon(max(parts, key=lambda part: part.area).exterior)
    axes = _axes(town)
    streets = shapely.union_all(shapely.buffer(axes, WIDTH / 2, cap_style="square", join_style="mitre"))
    blocks = _polygons(shapely.difference(town, streets))
    roads = _polygons(shapely.intersection(town, streets))
    now, then = (_uses(chance, shares, len(blocks)) for shares in (PRESENT, PLANNED))
    land = [*blocks, *roads]
    return {
        "ZXCQFW": _layer("ZXCQFW", 1, [town], MC=["浑源县中心城区"]),
        "ZXCQXZYDYH": _land("ZXCQXZYDYH", 2, land, [*now, *["1207"] * len(roads)]),
        "ZXCQGHYDYH": _land("ZXCQGHYDYH", 3, land, [*then, *["1207"] * len(roads)]),
        "ZXCQGHFQ": _zones(land, [*then, *["1207"] * len(roads)]),
        "ZXCQCSLX": _layer("ZXCQCSLX", 5, [_river(town)], MC=["浑河"]),
        "ZXCQCSLVX": _some("ZXCQCSLVX", 6, blocks, then, "1401", "公园"),
        "ZXCQCSHX": _some("ZXCQCSHX", 7, blocks, then, "1001", "设施用地", most=2),
        "ZXCQCSZX": _some("ZXCQCSZX", 8, blocks, then, "0806", "历史文化街区", most=1),
        "ZXCQLDYKCKJ": _some("ZXCQLDYKCKJ", 9, blocks, then, "1401", "绿地"),
        "ZXCQDLZXX": _layer("ZXCQDLZXX", 10, _lines(shapely.intersection(axes, town)), "道路"),
        "ZXCQJTSSD": _points("ZXCQJTSSD", 11, blocks, then, "0901", "公交站"),
        "ZXCQGGFWSSD": _points("ZXCQGGFWSSD", 12, blocks, then, "0804", "学校"),
        "ZXCQSZGYSSD": _points("ZXCQSZGYSSD", 13, blocks, then, "1001", "变电站"),
        "ZXCQFZJZSSD": _points("ZXCQFZJZSSD", 14, blocks, then, "1401", "应急避难场所"),
        "ZXCQKFQDFQ": _layer("ZXCQKFQDFQ", 15, blocks, MC=[INTENSITY[code] for code in then]),
    }


def _axes(town: Any) -> np.ndarray:
    """Street axes across the town, whole metres, the grid turned a little: no street runs along the map's edge."""
    x, y = (round(v) for v in shapely.get_coordinates(town.centroid)[0])
    reach = 40 * SPACING
    offsets = np.arange(-20, 20) * SPACING + SPACING / 2
    grid = [shapely.LineString([(x + o, y - reach), (x + o, y + reach)]) for o in offsets]
    grid += [shapely.LineString([(x - reach, y + o), (x + reach, y + o)]) for o in offsets]
    turn = np.radians(9)
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return shapely.transform(np.array(grid, dtype=object), lambda xy: np.round((xy - [x, y]) @ spin + [x, y], 3))


def _river(town: Any) -> Any:
    xmin, ymin, xmax, ymax = town.bounds
    third = ymin + (ymax - ymin) / 3
    course = shapely.LineString([(xmin - 100, third), ((xmin + xmax) / 2, third + 120), (xmax + 100, third - 60)])
    return max(_polygons(shapely.intersection(shapely.buffer(course, 35), town)), key=lambda part: part.area)


def _polygons(shape: Any) -> list[Any]:
    """The parts that are polygons, rounded to a millimetre."""
    parts = shapely.get_parts([shapely.set_precision(shape, 0.001)])
    return [part for part in parts if part.geom_type == "Polygon"]


def _lines(shapes: np.ndarray) -> list[Any]:
    return [part for part in shapely.get_parts(shapes) if part.geom_type == "LineString" and part.length > 50]


def _uses(chance: np.random.Generator, shares: Sequence[tuple[str, float]], count: int) -> list[str]:
    """A use for each block by shares, each use at least once."""
    codes = [code for code, _ in shares]
    drawn = chance.choice(codes, size=count, p=[share for _, share in shares]).tolist()
    return codes[:count] + drawn[len(codes) :]


def _layer(role: str, number: int, shapes: list[Any], called: str = "", **columns: list[Any]) -> gpd.GeoDataFrame:
    """Rows with what every layer has: BSM, division, a name with a number, statutory area to 0.01 m², length to 0.1 m."""
    fields, count = templates.fields(role), len(shapes)
    columns |= {
        "BSM": [f"{COUNTY}{900 + number:03d}{n:09d}" for n in range(1, count + 1)],
        "YSDM": [templates.template(role).get("feature_code")] * count,
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


def _land(role: str, number: int, shapes: list[Any], codes: list[str]) -> gpd.GeoDataFrame:
    names = templates.names("land_use_2023")
    areas = np.round(statutory_area(shapes), 2).tolist()
    padded = [code.ljust(6, "0") for code in codes]
    called = [names[code] for code in codes]
    return _layer(role, number, shapes, YDYHFLDM=padded, YDYHFLMC=called, TBMJ=areas, TBDLMJ=areas)


def _zones(shapes: list[Any], codes: list[str]) -> gpd.GeoDataFrame:
    names = templates.names("planning_zones")
    zones = [ZONE_OF[code] for code in codes]
    control = ["详细规划"] * len(shapes)
    return _layer("ZXCQGHFQ", 4, shapes, GHFQDM=zones, GHFQMC=[names[zone] for zone in zones], GKZY=control)


def _some(role: str, number: int, blocks: list[Any], uses: list[str], code: str, called: str, most: int = 99) -> Any:
    return _layer(role, number, [b for b, use in zip(blocks, uses, strict=True) if use == code][:most], called)


def _points(role: str, number: int, blocks: list[Any], uses: list[str], code: str, called: str) -> gpd.GeoDataFrame:
    chosen = [b for b, use in zip(blocks, uses, strict=True) if use == code][:8]
    return _layer(role, number, [shapely.set_precision(b.representative_point(), 0.001) for b in chosen], called)

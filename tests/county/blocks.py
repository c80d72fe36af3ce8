# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers of the central urban area (中心城区) that follow the parcels of the town.

They are its zones, land uses, detail units and the four city lines. All edges match parcel edges in every vertex. The
module `centre` makes the sample's central urban area with streets and blocks instead.
"""

from __future__ import annotations

import numpy as np
import shapely

from tests.county import templates
from tests.county.divisions import LAND_USE
from tests.county.rows import CountyLayers

#: The zone of a planned use; uses not listed are 居住生活区.
ZONE_BY_LAND_USE = {"08": "412", "09": "413", "10": "414", "11": "415", "14": "416", "12": "417", "17": "416"}


#: Layer, planned use and name of the city lines that are a parcel each.
CITY_LINES = (("ZXCQCSLX", "1701", "浑河"), ("ZXCQCSLVX", "1401", "公园"), ("ZXCQCSHX", "1303", "变电站"))


def add_centre_layers(drawing: CountyLayers) -> None:
    lines, fabric = drawing.lines, drawing.fabric
    town = max(drawing.pieces(lines.boundary > 0), key=lambda piece: lines.area[piece].sum())
    around = shapely.Polygon(shapely.coverage_union_all(fabric.polygons[town]).exterior)
    inside = np.flatnonzero(shapely.contains_xy(around, *fabric.sites[: len(fabric)].T))
    drawing.add("ZXCQFW", [around], MC="浑源县中心城区")
    lines_of_city = _choose_parcels_of_city_lines(drawing, town)
    use_by_parcel = {parcel: use for parcel, (_, use, _) in zip(lines_of_city, CITY_LINES, strict=True)}
    _add_land_use(drawing, inside, use_by_parcel)
    _add_zones(drawing, inside, use_by_parcel)
    _add_detail_units(drawing, inside)
    _add_four_lines(drawing, lines_of_city)
    _add_facilities(drawing, inside)


def _list_land_uses(drawing: CountyLayers, inside: np.ndarray) -> list[str]:
    return [LAND_USE[code] for code in drawing.county.layers["DLTB"]["DLBM"].iloc[inside]]


def _add_land_use(drawing: CountyLayers, inside: np.ndarray, use_by_parcel: dict[int, str]) -> None:
    names = templates.read_code_names("land_use_2023")
    each = [np.array([one]) for one in inside]
    areas = drawing.lines.gross_area[inside]
    now = _list_land_uses(drawing, inside)
    windows = drawing.lines.boundary_windows[inside]
    then = [code if kept or code[:2] > "06" else "0701" for code, kept in zip(now, windows, strict=True)]
    then = [use_by_parcel.get(parcel, code) for parcel, code in zip(inside.tolist(), then, strict=True)]
    for role, codes in (("ZXCQXZYDYH", now), ("ZXCQGHYDYH", then)):
        drawing.add_parcels(
            role,
            each,
            YDYHFLDM=[code.ljust(6, "0") for code in codes],
            YDYHFLMC=[names[code] for code in codes],
            TBMJ=areas,
            TBDLMJ=areas,
        )


def _add_zones(drawing: CountyLayers, inside: np.ndarray, use_by_parcel: dict[int, str]) -> None:
    """Add one zone for neighbouring parcels of one land-use kind.

    Farmland inside the development boundary stays farmland.
    """
    lines = drawing.lines
    codes = {"300": 1, "411": 2, "412": 3, "413": 4, "414": 5, "415": 6, "416": 7, "417": 8, "420": 9, "430": 10}
    label = np.zeros(len(lines.area), int)
    for parcel, use in zip(inside, _list_land_uses(drawing, inside), strict=True):
        zone = ZONE_BY_LAND_USE.get(use_by_parcel.get(parcel, use)[:2], "411")
        if lines.boundary_windows[parcel]:
            zone = "300"
        elif lines.boundary[parcel] in (420, 430):
            zone = str(lines.boundary[parcel])
        label[parcel] = codes[zone]
    groups = [group for one in range(1, 11) for group in drawing.pieces(label == one)]
    known = {number: code for code, number in codes.items()}
    zones = [known[label[group[0]]] for group in groups]
    names = templates.read_code_names("planning_zones")
    drawing.add_parcels("ZXCQGHFQ", groups, GHFQDM=zones, GHFQMC=[names[one] for one in zones], GKZY="详细规划")


def _add_detail_units(drawing: CountyLayers, inside: np.ndarray) -> None:
    """Add detailed planning units by quarters of the town, one per connected part."""
    away = drawing.fabric.sites[inside] - drawing.fabric.sites[inside].mean(axis=0)
    quarter = 2 * (away[:, 0] > 0) + (away[:, 1] > 0)
    label = np.zeros(len(drawing.lines.area), int)
    label[inside] = 1 + quarter
    groups = [piece for one in range(1, 5) for piece in drawing.pieces(label == one)]
    drawing.add_parcels("ZXCQXXGHBZDY", groups, MC=[f"HY-{one + 1:02d}" for one in range(len(groups))])


def _choose_parcels_of_city_lines(drawing: CountyLayers, town: np.ndarray) -> list[int]:
    """Return a parcel for each of the blue, green and yellow line (`CITY_LINES`).

    They are far from the historic district and from each other.
    """
    district = drawing.layers["LSWHJQ"].geometry.iloc[0]
    ranges = shapely.union_all([*drawing.county.layers["LSWHBHX"].geometry, district])
    clear = town[~shapely.intersects(drawing.fabric.polygons[town], ranges)]
    clear = clear[np.argsort(-drawing.lines.area[clear], kind="stable")]
    chosen: list[int] = []
    for parcel in clear.tolist():
        if all(not shapely.intersects(drawing.fabric.polygons[parcel], drawing.fabric.polygons[one]) for one in chosen):
            chosen.append(parcel)
    if len(chosen) < len(CITY_LINES):
        raise ValueError("the town is too small for the four lines; use another seed or more parcels")
    return chosen[: len(CITY_LINES)]


def _add_four_lines(drawing: CountyLayers, parcels: list[int]) -> None:
    """Add the blue, green, yellow and purple city lines (四线); the purple line is the historic district."""
    for (role, _, name), parcel in zip(CITY_LINES, parcels, strict=True):
        drawing.add_parcels(role, [np.array([parcel])], MC=name)
    drawing.add("ZXCQCSZX", [drawing.layers["LSWHJQ"].geometry.iloc[0]], MC=drawing.layers["LSWHJQ"]["MC"].to_list())


def _add_facilities(drawing: CountyLayers, inside: np.ndarray) -> None:
    """Add schools on the largest parcels of housing and services, and the axis of the largest road parcel."""
    planned_use = drawing.layers["ZXCQGHYDYH"]["YDYHFLDM"].str[:2].to_numpy()
    roads = inside[planned_use == "12"]
    inside = inside[np.isin(planned_use, ("07", "08"))]
    largest = inside[np.argsort(-drawing.lines.area[inside], kind="stable")][:6]
    points = shapely.points(np.round(drawing.fabric.sites[largest], 3))
    drawing.add("ZXCQGGFWSSD", points[:3], MC=[f"学校{one + 1}" for one in range(3)])
    road = roads[np.argmax(drawing.lines.area[roads])]
    x, y = drawing.fabric.sites[road]
    across = shapely.LineString([(x - 5000, y), (x + 5000, y)])
    line = shapely.set_precision(shapely.intersection(across, drawing.fabric.polygons[road].buffer(-1)), 0.001)
    drawing.add("ZXCQDLZXX", [line], MC=["恒山路"])

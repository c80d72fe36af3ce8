# SPDX-License-Identifier: GPL-2.0-or-later
"""中心城区 of a full plan, made of the town's parcels: its zones, uses, detail units and the city's four lines.

The sample's centre (`centre`) has streets and blocks that are independent of parcels. Here every line follows parcels, so
that layers match in every vertex.
"""

from __future__ import annotations

import numpy as np
import shapely

from tests.county import templates
from tests.county.divisions import LAND_USE
from tests.county.rows import CountyLayers

#: The zone of a planned use; uses not listed are 居住生活区.
ZONES = {"08": "412", "09": "413", "10": "414", "11": "415", "14": "416", "12": "417", "17": "416"}


def add(drawing: CountyLayers) -> None:
    lines, fabric = drawing.lines, drawing.fabric
    town = max(drawing.pieces(lines.boundary > 0), key=lambda piece: lines.area[piece].sum())
    around = shapely.Polygon(shapely.coverage_union_all(fabric.polygons[town]).exterior)
    inside = np.flatnonzero(shapely.contains_xy(around, *fabric.sites[: len(fabric)].T))
    drawing.add("ZXCQFW", [around], MC="浑源县中心城区")
    _land(drawing, inside)
    _zones(drawing, inside)
    _units(drawing, inside)
    _four_lines(drawing, town)
    _facilities(drawing, inside)


def _uses(drawing: CountyLayers, inside: np.ndarray) -> list[str]:
    return [LAND_USE[code] for code in drawing.county.layers["DLTB"]["DLBM"].iloc[inside]]


def _land(drawing: CountyLayers, inside: np.ndarray) -> None:
    names = templates.names("land_use_2023")
    each = [np.array([one]) for one in inside]
    areas = drawing.lines.gross[inside]
    now = _uses(drawing, inside)
    windows = drawing.lines.windows[inside]
    then = [code if kept or code[:2] > "06" else "0701" for code, kept in zip(now, windows, strict=True)]
    for role, codes in (("ZXCQXZYDYH", now), ("ZXCQGHYDYH", then)):
        drawing.add_parcels(
            role,
            each,
            YDYHFLDM=[code.ljust(6, "0") for code in codes],
            YDYHFLMC=[names[code] for code in codes],
            TBMJ=areas,
            TBDLMJ=areas,
        )


def _zones(drawing: CountyLayers, inside: np.ndarray) -> None:
    """Add a zone for neighbouring parcels of a kind; farmland inside the boundary stays farmland."""
    lines = drawing.lines
    codes = {"300": 1, "411": 2, "412": 3, "413": 4, "414": 5, "415": 6, "416": 7, "417": 8, "420": 9, "430": 10}
    label = np.zeros(len(lines.area), int)
    for parcel, use in zip(inside, _uses(drawing, inside), strict=True):
        zone = ZONES.get(use[:2], "411")
        if lines.windows[parcel]:
            zone = "300"
        elif lines.boundary[parcel] in (420, 430):
            zone = str(lines.boundary[parcel])
        label[parcel] = codes[zone]
    groups = [group for one in range(1, 11) for group in drawing.pieces(label == one)]
    known = {number: code for code, number in codes.items()}
    zones = [known[label[group[0]]] for group in groups]
    names = templates.names("planning_zones")
    drawing.add_parcels("ZXCQGHFQ", groups, GHFQDM=zones, GHFQMC=[names[one] for one in zones], GKZY="详细规划")


def _units(drawing: CountyLayers, inside: np.ndarray) -> None:
    """Add units by quarters of the town; separate parts of a quarter are separate units."""
    away = drawing.fabric.sites[inside] - drawing.fabric.sites[inside].mean(axis=0)
    quarter = 2 * (away[:, 0] > 0) + (away[:, 1] > 0)
    label = np.zeros(len(drawing.lines.area), int)
    label[inside] = 1 + quarter
    groups = [piece for one in range(1, 5) for piece in drawing.pieces(label == one)]
    drawing.add_parcels("ZXCQXXGHBZDY", groups, MC=[f"HY-{one + 1:02d}" for one in range(len(groups))])


def _four_lines(drawing: CountyLayers, town: np.ndarray) -> None:
    """Add 蓝线, 绿线 and 黄线 on parcels far from the historic district and each other; 紫线 is the district."""
    district = drawing.layers["LSWHJQ"].geometry.iloc[0]
    ranges = shapely.union_all([*drawing.county.layers["LSWHBHX"].geometry, district])
    clear = town[~shapely.intersects(drawing.fabric.polygons[town], ranges)]
    clear = clear[np.argsort(-drawing.lines.area[clear], kind="stable")]
    chosen: list[int] = []
    for parcel in clear.tolist():
        if all(not shapely.intersects(drawing.fabric.polygons[parcel], drawing.fabric.polygons[one]) for one in chosen):
            chosen.append(parcel)
    if len(chosen) < 3:
        raise ValueError("the town is too small for the four lines; use another seed or more parcels")
    for role, parcel, name in zip(
        ("ZXCQCSLX", "ZXCQCSLVX", "ZXCQCSHX"), chosen, ("浑河", "公园", "变电站"), strict=False
    ):
        drawing.add_parcels(role, [np.array([parcel])], MC=name)
    drawing.add("ZXCQCSZX", [district], MC=drawing.layers["LSWHJQ"]["MC"].to_list())


def _facilities(drawing: CountyLayers, inside: np.ndarray) -> None:
    largest = inside[np.argsort(-drawing.lines.area[inside], kind="stable")][:6]
    points = shapely.points(np.round(drawing.fabric.sites[largest], 3))
    drawing.add("ZXCQGGFWSSD", points[:3], MC=[f"学校{one + 1}" for one in range(3)])
    line = shapely.LineString(np.round(drawing.fabric.sites[largest[:2]], 3))
    drawing.add("ZXCQDLZXX", [line], MC=["恒山路"])

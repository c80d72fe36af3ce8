# SPDX-License-Identifier: GPL-2.0-or-later
"""A county of rectangles with the printed areas of 浑源县.

Areas are computed without code of the plugin.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely

from tests.core.small_plan import make_table
from tests.county.measure import statutory_area

#: A profile in which the county has confirmed every setting.
CONFIRMED_PROFILE_TEXT = """
id = "confirmed"
name = "浑源县"
area_code = "140225"
base = "hunyuan"
[confirmed]
by = "浑源县自然资源局"
document = "浑自然资〔2026〕1号"
date = "2026-01-01"
items = ["all"]
"""
#: South-west corner in EPSG:4526; m² in 万亩 and km².
X, Y = 38_500_000.0, 4_350_000.0
SQUARE_METRES_PER_WAN_MU, SQUARE_METRES_PER_KM2 = 1e8 / 15, 1e6
STRIP_HEIGHT_M = 20_000.0
#: 田坎: share deducted from a field.
DEDUCTION_RATE = 0.1


@dataclass(frozen=True)
class HunyuanAreas:
    """Areas of the county as printed in its plan.

    Cultivated land and farmland in net 万亩; red line, boundary and base parcels in km².
    """

    cultivated: float = 73.39
    farmland: float = 63.25
    red_line: float = 538.87
    boundary: float = 16.46
    base: float = 16.46 / 1.24


def make_strip(x: float, width: float) -> shapely.Polygon:
    """Return a rectangle (m) with 201 vertices on each side."""
    along = np.linspace(0.0, 1.0, 201)
    south = np.column_stack([x + along * width, np.full(201, Y)])
    east = np.column_stack([np.full(201, x + width), Y + along * STRIP_HEIGHT_M])
    north, west = south + np.array([0, STRIP_HEIGHT_M]), east - np.array([width, 0])
    return shapely.Polygon(np.concatenate([south, east[1:], north[::-1][1:], west[::-1][1:]]))


def make_strip_of_area(x: float, area_m2: float) -> shapely.Polygon:
    """Return a strip from easting ``x`` with this statutory area (to 1 cm²).

    The width is found by Newton's method.
    """
    width = area_m2 / STRIP_HEIGHT_M
    for _ in range(20):
        missing = area_m2 - float(statutory_area([make_strip(x, width)])[0])
        if abs(missing) < 1e-4:
            return make_strip(x, width)
        width += missing / STRIP_HEIGHT_M
    raise AssertionError("no width found")


def make_adjacent_strips(x: float, areas: list[float]) -> tuple[list[shapely.Polygon], float]:
    """Return strips side by side with these areas (m²), and the easting of their end."""
    made = []
    for area in areas:
        made.append(make_strip_of_area(x, area))
        x = made[-1].bounds[2]
    return made, x


def make_area_columns(net: list[float]) -> dict[str, list]:
    """Return the columns gross area, deduction rate and deduction for net areas (m²)."""
    gross = [round(a / (1 - DEDUCTION_RATE), 2) for a in net]
    return {
        "gross": gross,
        "rate": [DEDUCTION_RATE] * len(net),
        "taken": [round(g - a, 2) for g, a in zip(gross, net, strict=True)],
    }


def make_hunyuan_layers(areas: HunyuanAreas = HunyuanAreas()) -> dict[str, gpd.GeoDataFrame]:
    """Return the layers of the three control lines and base parcels by layer code.

    They do not overlap.
    """
    farm_net = [round(areas.farmland * SQUARE_METRES_PER_WAN_MU / 10, 2)] * 9
    farm_net.append(round(areas.farmland * SQUARE_METRES_PER_WAN_MU - sum(farm_net) + 0.005, 2))
    field_net = [*farm_net, round((areas.cultivated * SQUARE_METRES_PER_WAN_MU) - sum(farm_net) + 0.005, 2)]
    farm, plot = make_area_columns(farm_net), make_area_columns(field_net)
    field_shapes, x = make_adjacent_strips(X, plot["gross"])
    red, x = make_adjacent_strips(x, [areas.red_line * SQUARE_METRES_PER_KM2 + 0.01])
    edge, _ = make_adjacent_strips(x, [areas.boundary * SQUARE_METRES_PER_KM2 - 0.01])
    town = make_strip_of_area(x, areas.base * SQUARE_METRES_PER_KM2)
    base_area = round(areas.base * SQUARE_METRES_PER_KM2, 2)
    codes = {"DLBM": ["0103"], "DLMC": ["旱地"]}
    return {
        "YJJBNTBHTB": make_table(
            field_shapes[:10],
            **{k: v * 10 for k, v in codes.items()},
            YJJBNTTBMJ=farm["gross"], KCXS=farm["rate"], KCMJ=farm["taken"], YJJBNTMJ=farm_net,
        ),
        "GDBHMB": make_table(
            field_shapes,
            **{k: v * 11 for k, v in codes.items()},
            TBMJ=plot["gross"], KCXS=plot["rate"], KCMJ=plot["taken"], TBDLMJ=field_net,
        ),
        "STBHHX": make_table(red, MJ=[round(areas.red_line * SQUARE_METRES_PER_KM2 + 0.01, 2)]),
        "CZKFBJ": make_table(edge, GHFQDM=["410"], GHFQMC=["城镇集中建设区"], MJ=[round(areas.boundary * SQUARE_METRES_PER_KM2 - 0.01, 2)]),
        "XZYDYH": make_table(
            [town], YDYHFLDM=["070100"], YDYHFLMC=["城镇住宅用地"], CZCSXM=["202"], TBMJ=[base_area], TBDLMJ=[base_area]
        ),
    }  # fmt: skip

# SPDX-License-Identifier: GPL-2.0-or-later
"""Further protected and restricted areas of the generated plan.

They are a nature reserve with its parts, flood and mineral lines, hazards, reserve farmland and facilities.
"""

from __future__ import annotations

import numpy as np
import shapely

from tests.county.landscape import AREA_CODE, AREA_NAME, CENTRE
from tests.county.points import RIVER
from tests.county.rows import CountyLayers

RESERVE_NAME = "恒山省级自然保护区"


def add_protection_layers(drawing: CountyLayers) -> None:
    lines, fabric = drawing.lines, drawing.fabric
    used = (
        lines.farmland
        | lines.cultivated
        | (lines.boundary > 0)
        | lines.red_line
        | lines.mining
        | lines.boundary_windows
    )
    _split_red_line(drawing)
    _add_reserve(drawing)
    river = fabric.kinds[: len(used)] == RIVER
    drawing.add_parcels("HLFXKZX", drawing.pieces(river & ~used), MC="浑河洪涝风险控制线", LX="21")
    drawing.add_parcels("KCZYKCBHX", drawing.pieces(lines.mining), MC="青磁窑矿区", LX="11")
    free = np.flatnonzero(~used & ~river & ~lines.village_land & ~lines.industrial_land)
    # Small and remote from each other, so that they do not overlap.
    low, steep = free[np.argsort(lines.height[free])], free[np.argsort(-lines.slope[free])]
    drawing.add_parcels("XZHQ", [low[:1]], MC="裴村蓄滞洪区")
    drawing.add_parcels("XZZRZHFXFBM", [steep[:1], steep[1:2]], MC=["滑坡隐患区", "泥石流隐患区"])
    drawing.add("XZZRZHFXFBD", shapely.points(np.round(fabric.sites[steep[2:4]], 3)), MC=["滑坡", "崩塌"])
    _add_facilities(drawing)


def _split_red_line(drawing: CountyLayers) -> None:
    """Split red line rows around enclosed fields, so that no row has a hole."""
    line = drawing.county.layers["STBHHX"]
    values = {
        "XJXZQDM": AREA_CODE,
        "XJXZQMC": AREA_NAME,
        "SJXZQMC": line["SJXZQMC"].iloc[0],
        "LHLX": line["LHLX"].iloc[0],
    }
    groups = [part for piece in drawing.county.parcels["STBHHX"] for part in drawing.without_holes(piece)]
    drawing.add_parcels("STBHHX", groups, **values)


def _add_reserve(drawing: CountyLayers) -> None:
    """Add the largest part of the red line as nature reserve.

    Its eastern half is the core zone.
    """
    piece = max(drawing.parcels["STBHHX"], key=len)
    east = np.zeros(len(drawing.fabric), bool)
    east[piece] = drawing.fabric.sites[piece, 0] > np.median(drawing.fabric.sites[piece, 0])
    west = ~east & np.isin(np.arange(len(east)), piece)
    core, rest = (
        [part for one in drawing.pieces(half) for part in drawing.without_holes(one)] for half in (east, west)
    )
    names = [RESERVE_NAME, *[f"{RESERVE_NAME}核心保护区"] * len(core), *[f"{RESERVE_NAME}一般控制区"] * len(rest)]
    drawing.add_parcels("ZRBHD", [piece, *core, *rest], MC=names, LX="自然保护区", JB="省级")


def add_village_boundary(drawing: CountyLayers) -> None:
    """Add 村庄建设边界: the outline of every village with a margin.

    Only township and village plans have this layer.
    """
    drawing.add_parcels("CZJSBJ", drawing.pieces(drawing.lines.village_land))


def _add_facilities(drawing: CountyLayers) -> None:
    land = drawing.fabric.land
    seats = shapely.points(np.round(land.seats + CENTRE, 3))
    drawing.add("FZJZSSD", seats, MC=[f"避难场所{one + 1}" for one in range(len(seats))])
    drawing.add("ZDJCSSD", seats[:6], MC=[f"水厂{one + 1}" for one in range(6)])
    county = drawing.county.layers["XZQX"].geometry.iloc[0]
    roads = [shapely.LineString(np.round(line[::8] + CENTRE, 3)) for line in land.roads]
    inside = [shapely.intersection(road, shapely.buffer(county, -50)) for road in roads]
    parts = [part for part in shapely.get_parts(inside) if part.geom_type == "LineString" and part.length > 500]
    drawing.add("ZDJTJCSSX", parts, MC=[f"公路{one + 1}" for one in range(len(parts))])

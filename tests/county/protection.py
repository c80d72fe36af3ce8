# SPDX-License-Identifier: GPL-2.0-or-later
"""Other lines: a nature reserve with parts, flood, minerals, hazards, reserve farmland, facilities."""

from __future__ import annotations

import numpy as np
import shapely

from tests.county.landscape import AREA_CODE, AREA_NAME, CENTRE
from tests.county.points import RIVER
from tests.county.rows import CountyLayers

RESERVE = "恒山省级自然保护区"


def add(drawing: CountyLayers) -> None:
    lines, fabric = drawing.lines, drawing.fabric
    used = lines.farmland | lines.cultivated | (lines.boundary > 0) | lines.red | lines.mining | lines.windows
    _red_line(drawing)
    _reserve(drawing)
    river = fabric.kinds[: len(used)] == RIVER
    drawing.add_parcels("HLFXKZX", drawing.pieces(river & ~used), MC="浑河洪涝风险控制线", LX="21")
    drawing.add_parcels("KCZYKCBHX", drawing.pieces(lines.mining), MC="青磁窑矿区", LX="11")
    free = np.flatnonzero(~used & ~river & ~lines.hamlet & ~lines.industry)
    # Small and remote from each other, so that they do not overlap.
    low, steep = free[np.argsort(lines.height[free])], free[np.argsort(-lines.slope[free])]
    drawing.add_parcels("XZHQ", [low[:1]], MC="裴村蓄滞洪区")
    drawing.add_parcels("XZZRZHFXFBM", [steep[:1], steep[1:2]], MC=["滑坡隐患区", "泥石流隐患区"])
    drawing.add("XZZRZHFXFBD", shapely.points(np.round(fabric.sites[steep[2:4]], 3)), MC=["滑坡", "崩塌"])
    spare = lines.cultivated & ~lines.farmland & ~lines.red & (lines.boundary == 0)
    drawing.add_parcels("YJJBNTCBQ", [np.array([one]) for one in np.flatnonzero(spare)], MC="永久基本农田储备区")
    _facilities(drawing)


def _red_line(drawing: CountyLayers) -> None:
    """Split rows of the sample's red line around fields, so that no row has a hole."""
    line = drawing.county.layers["STBHHX"]
    values = {
        "XJXZQDM": AREA_CODE,
        "XJXZQMC": AREA_NAME,
        "SJXZQMC": line["SJXZQMC"].iloc[0],
        "LHLX": line["LHLX"].iloc[0],
    }
    groups = [part for piece in drawing.county.parcels["STBHHX"] for part in drawing.without_holes(piece)]
    drawing.add_parcels("STBHHX", groups, **values)


def _reserve(drawing: CountyLayers) -> None:
    """Add the largest part of the red line as reserve: its eastern half is the core."""
    piece = max(drawing.parcels["STBHHX"], key=len)
    east = np.zeros(len(drawing.fabric), bool)
    east[piece] = drawing.fabric.sites[piece, 0] > np.median(drawing.fabric.sites[piece, 0])
    west = ~east & np.isin(np.arange(len(east)), piece)
    core, rest = (
        [part for one in drawing.pieces(half) for part in drawing.without_holes(one)] for half in (east, west)
    )
    names = [RESERVE, *[f"{RESERVE}核心保护区"] * len(core), *[f"{RESERVE}一般控制区"] * len(rest)]
    drawing.add_parcels("ZRBHD", [piece, *core, *rest], MC=names, LX="自然保护区", JB="省级")


def add_village_boundary(drawing: CountyLayers) -> None:
    """Add 村庄建设边界, which township and village plans have: every village with a margin."""
    hamlets = drawing.pieces(drawing.lines.hamlet)
    drawing.add_parcels("CZJSBJ", hamlets)


def _facilities(drawing: CountyLayers) -> None:
    land = drawing.fabric.land
    seats = shapely.points(np.round(land.seats + CENTRE, 3))
    drawing.add("FZJZSSD", seats, MC=[f"避难场所{one + 1}" for one in range(len(seats))])
    drawing.add("ZDJCSSD", seats[:6], MC=[f"水厂{one + 1}" for one in range(6)])
    county = drawing.county.layers["XZQX"].geometry.iloc[0]
    roads = [shapely.LineString(np.round(line[::8] + CENTRE, 3)) for line in land.roads]
    inside = [shapely.intersection(road, shapely.buffer(county, -50)) for road in roads]
    parts = [part for part in shapely.get_parts(inside) if part.geom_type == "LineString" and part.length > 500]
    drawing.add("ZDJTJCSSX", parts, MC=[f"公路{one + 1}" for one in range(len(parts))])

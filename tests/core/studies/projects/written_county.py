# SPDX-License-Identifier: GPL-2.0-or-later
"""A small county written for the review of projects: rectangles on a grid, so that answers are known beforehand.

Coordinates are metres from the south-west corner; the county is 4000 m wide and 3000 m high, in zone 38 of CGCS2000.
"""

from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

CRS = "EPSG:4526"
EAST, NORTH = 38_472_000.0, 4_397_000.0
#: Net area of farmland as a share of its gross area.
NET_SHARE = 0.9

#: The county's admission table: every row read in its plan, so that projects can be 符合.
COUNTY_ADMISSION = """zone,use,outcome,condition,source,mark
410,09,允许,应符合详细规划,某县规划第三章,A
410,10,禁止,工业项目应进入园区,某县规划第四章,A
410,*,有条件,应符合详细规划,某县规划第三章,A
农田保护区,*,有条件,重点项目经批准方可占用,某县规划第二章,A
530,交通运输用地,允许,允许交通设施,某县规划第五章,A
530,*,有条件,应符合村庄规划,某县规划第五章,B
520,06,允许,鼓励农业设施,某县规划第五章,A
100,*,有条件,按红线管理,某县规划第二章,A
700,10,允许,允许采矿,某县规划第六章,A
STBHHX,12,有条件,线性基础设施确实无法避让的,某省红线清单,A
red_line,*,有条件,有限人为活动清单,未见原文,C
"""


def place(shape):
    """Return a shape in metres from the corner as coordinates of the CRS."""
    return shapely.transform(shape, lambda xy: xy + np.array([EAST, NORTH]))


def box(west, south, east, north):
    """Return a rectangle in coordinates of the CRS."""
    return place(shapely.box(west, south, east, north))


def _parcel(code, ownership, west, south, east, north):
    """Return a parcel (地类图斑) with its areas."""
    gross = float((east - west) * (north - south))
    rate = 1 - NET_SHARE if code.startswith("01") else 0.0
    areas = {"TBMJ": gross, "KCXS": rate, "KCMJ": gross * rate, "TBDLMJ": gross * (1 - rate)}
    return {"DLBM": code, "QSXZ": ownership, **areas, "geometry": box(west, south, east, north)}


def _farmland(west, south, east, north):
    """Return a parcel of 永久基本农田 with its areas."""
    gross = float((east - west) * (north - south))
    areas = {"YJJBNTTBMJ": gross, "KCXS": 1 - NET_SHARE, "KCMJ": gross * (1 - NET_SHARE), "YJJBNTMJ": gross * NET_SHARE}
    return {"DLBM": "0103", "QSXZ": "30", **areas, "geometry": box(west, south, east, north)}


def _cultivated(west, south, east, north):
    """Return a parcel of 耕地保护目标 with its areas."""
    gross = float((east - west) * (north - south))
    areas = {"TBMJ": gross, "KCXS": 1 - NET_SHARE, "TBDLMJ": gross * NET_SHARE}
    return {"DLBM": "0103", **areas, "geometry": box(west, south, east, north)}


def _zone(code, west, south, east, north):
    """Return a planning zone."""
    return {"GHFQDM": code, "geometry": box(west, south, east, north)}


_CORE = shapely.box(2600, 400, 2800, 600)
_CONTROL = shapely.difference(shapely.box(2500, 300, 2900, 700), _CORE)

ROWS_BY_ROLE = {
    "XZQX": [{"XZQDM": "140225", "XZQMC": "浑源县", "geometry": box(0, 0, 4000, 3000)}],
    "XZQXZ": [
        {"XZQDM": "140225100", "XZQMC": "甲镇", "geometry": box(0, 0, 2000, 3000)},
        {"XZQDM": "140225101", "XZQMC": "乙镇", "geometry": box(2000, 0, 4000, 3000)},
    ],
    "DLTB": [
        _parcel("0103", "30", 0, 0, 500, 500),
        _parcel("0103", "30", 0, 500, 500, 1000),
        _parcel("0103", "30", 500, 0, 1000, 1000),
        _parcel("0702", "30", 1000, 0, 2000, 1000),
        _parcel("0701", "10", 2000, 0, 3000, 1000),
        _parcel("0404", "10", 3000, 0, 4000, 1000),
        _parcel("0301", "30", 0, 1000, 1000, 3000),
        _parcel("0404", "30", 1000, 1000, 4000, 3000),
    ],
    "YJJBNTBHTB": [_farmland(0, 0, 500, 500), _farmland(0, 500, 500, 1000)],
    "GDBHMB": [_cultivated(0, 0, 500, 1000), _cultivated(500, 0, 1000, 1000)],
    "STBHHX": [{"LHLX": "生物多样性维护", "geometry": box(0, 2000, 1000, 3000)}],
    "CZKFBJ": [{"GHFQDM": "410", "geometry": box(2000, 0, 3000, 1000)}],
    "YDYHGHFQ": [
        _zone("300", 0, 0, 500, 1000),
        _zone("520", 500, 0, 1000, 1000),
        _zone("510", 1000, 0, 2000, 1000),
        _zone("410", 2000, 0, 3000, 1000),
        _zone("700", 3000, 0, 4000, 1000),
        _zone("200", 0, 1000, 1000, 2000),
        _zone("100", 0, 2000, 1000, 3000),
        _zone("530", 1000, 1000, 4000, 3000),
    ],
    "LSWHBHX": [
        {"MC": "古城", "LX": "21", "geometry": place(_CORE)},
        {"MC": "古城", "LX": "22", "geometry": place(_CONTROL)},
    ],
    "ZRBHD": [
        {"MC": "恒山自然保护区核心保护区", "geometry": box(0, 2000, 500, 3000)},
        {"MC": "恒山自然保护区一般控制区", "geometry": box(500, 2000, 800, 3000)},
    ],
    "KCZYKCBHX": [{"MC": "矿区", "geometry": box(3500, 0, 4000, 500)}],
    "HLFXKZX": [{"MC": "浑河", "geometry": box(3000, 1400, 4000, 1600)}],
    "XZZRZHFXFBM": [{"MC": "滑坡", "geometry": box(3000, 2000, 3200, 2200)}],
    "XZZTGNDW": [
        {"XZQDM": "140225100", "LX": "农产品主产区", "geometry": box(0, 0, 2000, 3000)},
        {"XZQDM": "140225101", "LX": "重点开发乡镇", "geometry": box(2000, 0, 4000, 3000)},
    ],
}


def write_county(path: Path, *, without=(), changed=None) -> Path:
    """Write the county to a GeoPackage and return its path.

    ``without``: layer codes to leave out; ``changed``: layer code → rows in place of the usual ones.
    """
    rows_by_role = ROWS_BY_ROLE | (changed or {})
    for role, rows in rows_by_role.items():
        if role not in without:
            keyed = [{"BSM": f"140225{number:012d}", **row} for number, row in enumerate(rows, 1)]
            gpd.GeoDataFrame(keyed, crs=CRS).to_file(path, layer=role, driver="GPKG")
    return path


def write_profile(folder: Path, admission: str = COUNTY_ADMISSION, name: str = "本县.toml") -> Path:
    """Write a profile with an admission table beside it; return the path of the profile."""
    (folder / "准入.csv").write_text(admission, encoding="utf-8")
    path = folder / name
    path.write_text(
        'id = "written"\nname = "浑源县"\narea_code = "140225"\n\n[projects]\nadmission = "准入.csv"\n',
        encoding="utf-8",
    )
    return path


def write_projects(path: Path, rows, crs=CRS) -> Path:
    """Write projects (dicts with ``geometry`` in the CRS) to a GeoPackage and return its path."""
    gpd.GeoDataFrame(rows, crs=crs).to_file(path, layer="projects", driver="GPKG")
    return path

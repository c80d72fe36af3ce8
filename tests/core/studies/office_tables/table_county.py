# SPDX-License-Identifier: GPL-2.0-or-later
"""A small county with land use of the plan and a sealed edition, and areas computed without the plugin.

`compute_ellipsoid_area` is written from the formula of 国土调查办发〔2008〕32号 (/standards/ellipsoid_area.md).
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from tests.county import make_county

ROLES = (
    *("XZQX", "XZQXZ", "DLTB", "XZYDYH", "YDYHGHFQ", "STBHHX", "GDBHMB", "YJJBNTBHTB", "CZKFBJ", "HLFXKZX"),
    *("ZRBHD", "LSWHBHX", "WWBHDWM", "WWBHDWD", "ZXCQXZYDYH", "ZXCQGHYDYH"),
)
#: Name, type, area, agricultural and unused land taken (ha) of projects; the last one has no figures.
PROJECTS = (
    ("大呼高速公路", "交通", 214.3566, 207.1, 0.0249),
    ("抽水蓄能电站", "能源", 182.7545, 176.38, 0.0),
    ("王庄堡高速公路", "交通", 86.4249, 84.9, 0.0),
    ("城南水厂", "", None, None, None),
)
M2_PER_HECTARE = 10_000.0
#: Rows of farmland that the sealed edition lacks (supplemented), and that the plan lacks (occupied).
SUPPLEMENTED, OCCUPIED = 3, 4
_A, _B = 6378137.0, 6356752.314140356
_E2 = (_A**2 - _B**2) / _A**2
_COEFFICIENTS = (
    1 + 3 / 6 * _E2 + 30 / 80 * _E2**2 + 35 / 112 * _E2**3 + 630 / 2304 * _E2**4,
    1 / 6 * _E2 + 15 / 80 * _E2**2 + 21 / 112 * _E2**3 + 420 / 2304 * _E2**4,
    3 / 80 * _E2**2 + 7 / 112 * _E2**3 + 180 / 2304 * _E2**4,
    1 / 112 * _E2**3 + 45 / 2304 * _E2**4,
    5 / 2304 * _E2**4,
)
_TO_DEGREES = pyproj.Transformer.from_crs(4526, 4490, always_xy=True)


def _compute_ring_area(ring: np.ndarray) -> float:
    """Return the area (m²) of a ring of longitudes and latitudes in degrees: a sum of trapezoids along its edges."""
    longitude, latitude = np.radians(ring).T
    reference = longitude.min()
    total = 0.0
    for n in range(len(ring) - 1):
        width = (longitude[n] + longitude[n + 1]) / 2 - reference
        difference, middle = latitude[n + 1] - latitude[n], (latitude[n] + latitude[n + 1]) / 2
        series = sum(
            (-1) ** k * c * math.sin((2 * k + 1) * difference / 2) * math.cos((2 * k + 1) * middle)
            for k, c in enumerate(_COEFFICIENTS)
        )
        total += 2 * _B**2 * width * series
    return abs(total)


def compute_ellipsoid_area(shape: shapely.Geometry) -> float:
    """Return the area (m²) of a polygon or multipolygon in EPSG:4526."""
    area = 0.0
    for polygon in getattr(shape, "geoms", [shape]):
        rings = [polygon.exterior, *polygon.interiors]
        areas = [_compute_ring_area(np.column_stack(_TO_DEGREES.transform(*np.array(r.coords).T[:2]))) for r in rings]
        area += areas[0] - sum(areas[1:])
    return area


def sum_hectares(frame: gpd.GeoDataFrame) -> float:
    """Return the sum of the ellipsoid areas of all rows, in hectares."""
    return sum(map(compute_ellipsoid_area, frame.geometry)) / M2_PER_HECTARE


@cache
def make_layers() -> dict[str, gpd.GeoDataFrame]:
    """Return the layers of a county of 600 parcels without defects, with land use of the plan.

    In the plan, every ninth parcel of dry land becomes built-up land, every fifth other one wood, and the first five
    woods become dry land. The flood line is moved, so that it overlaps other lines.
    """
    layers, _ = make_county(600, defects=False, full=True)
    layers = {role: layers[role] for role in ROLES}
    planned = layers["XZYDYH"].copy()
    planned["BSM"] = planned["BSM"].str.replace("000052", "000053")
    codes = planned["YDYHFLDM"].to_numpy(dtype=object)
    dry = np.flatnonzero(codes == "010300")
    codes[np.flatnonzero(codes == "030100")[:5]] = "010300"
    codes[dry[::5]] = "030100"
    codes[dry[::9]] = "070100"
    planned["YDYHFLDM"] = codes
    flood = layers["HLFXKZX"].copy()
    flood["geometry"] = flood.translate(2000, 0)
    layers["HLFXKZX"] = flood
    layers["GHYDYH"] = planned.drop(columns=["CZCSXM", "TBDLMJ"])
    columns = dict(zip(("XMMC", "XMLX", "YDMJ", "ZYNYDMJ", "ZYWLDMJ"), zip(*PROJECTS, strict=True), strict=True))
    shapes = list(planned.geometry.iloc[dry[: len(PROJECTS)]])
    layers["XS_XMKJFW"] = gpd.GeoDataFrame(columns, geometry=shapes, crs=planned.crs)
    return layers


def write_table_county(path: Path, without: tuple[str, ...] = ()) -> Path:
    """Write the county without some layers, and without the farmland that is occupied; return the path."""
    for role, frame in make_layers().items():
        if role not in without:
            rows = frame.iloc[: len(frame) - OCCUPIED] if role == "YJJBNTBHTB" else frame
            rows.to_file(path, layer=role, driver="GPKG", engine="pyogrio")
    return path


def write_sealed_edition(path: Path) -> Path:
    """Write the sealed farmland, without the rows that are supplemented, and the townships; return the path."""
    layers = make_layers()
    layers["YJJBNTBHTB"].iloc[SUPPLEMENTED:].to_file(path, layer="YJJBNTBHTB", driver="GPKG", engine="pyogrio")
    layers["XZQXZ"].to_file(path, layer="XZQXZ", driver="GPKG", engine="pyogrio")
    return path

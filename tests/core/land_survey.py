# SPDX-License-Identifier: GPL-2.0-or-later
"""A land survey as bureaus deliver it: a GBK shapefile with cut field names."""

from pathlib import Path

import geopandas as gpd
import pyogrio
import shapely

X, Y = 38_470_000.0, 4_390_000.0
#: Code, name, note, year: the last five cannot be mapped completely to the classes of 2023.
SURVEY_ROWS = (
    ("0103", "旱地", "坡地", "2020"),
    ("0103", "旱地", None, "2020"),
    ("0201K", "可调整果园", None, "2020"),
    ("0303", "红树林地", None, "2020"),
    ("1006", "农村道路", None, "2020"),
    ("0204", "其他园地", "油料", "2020"),
    ("0701", "城镇住宅用地", None, "2020"),
    ("01", "耕地", None, "2020"),
    ("9999", "不知道", None, "二〇二〇"),
    (None, None, None, None),
)


def make_survey_table() -> gpd.GeoDataFrame:
    count = len(SURVEY_ROWS)
    shapes = [shapely.box(X + 100 * n, Y, X + 100 * n + 100, Y + 50 + n) for n in range(count)]
    codes, names, notes, years = (list(column) for column in zip(*SURVEY_ROWS, strict=True))
    return gpd.GeoDataFrame(
        {
            "BSM": [f"1402250000000000{n:02d}" for n in range(count)],
            "DLBM": codes,
            "DLMC": names,
            "TBMJ": [round(s.area * 1.0003, 2) for s in shapes],
            "SJNF": years,
            "数据来源说": notes,
            "CZCSXM": [None] * (count - 1) + ["203"],
        },
        geometry=gpd.GeoSeries(shapes, crs=4526),
    )


def write_survey(folder: Path, name: str = "三调 图斑") -> Path:
    """Write the survey as a shapefile with a .cpg of GBK; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.shp"
    pyogrio.write_dataframe(make_survey_table(), path, driver="ESRI Shapefile", encoding="GBK")
    return path

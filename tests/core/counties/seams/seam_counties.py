# SPDX-License-Identifier: GPL-2.0-or-later
"""Four small neighbouring counties with planted seams, as WKT near 0, 0 and as files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio
import shapely

from tests.core.small_plan import move_wkt_to_county

NAMES = {"140212": "新荣区", "140213": "平城区", "140214": "云冈区", "140215": "云州区"}
SW, SE, NW, NE = NAMES
#: The counties are squares of 1 km; the border of SE recedes by 0.5 m, that of NW extends 2 m into NE.
OUTLINES = {
    SW: "POLYGON ((0 0, 1000 0, 1000 1000, 0 1000, 0 0))",
    SE: "POLYGON ((1000 0, 2000 0, 2000 1000, 1000 1000, 1000 300, 1000.5 300, 1000.5 200, 1000 200, 1000 0))",
    NW: "POLYGON ((0 1000, 1000 1000, 1000 1500, 1002 1500, 1002 1600, 1000 1600, 1000 2000, 0 2000, 0 1000))",
    NE: "POLYGON ((1000 1000, 2000 1000, 2000 2000, 1000 2000, 1000 1000))",
}
#: (layer, county) → WKT and code of each feature. Comments name the planted seam.
FEATURES: dict[tuple[str, str], list[tuple[str, str]]] = {
    ("STBHHX", SW): [
        ("POLYGON ((300 800, 500 800, 500 1000, 300 1000, 300 800))", "水源涵养"),  # stops at NW
        ("POLYGON ((900 150, 1000 150, 1000 700, 900 700, 900 150))", "水土保持"),  # continues, also along the gap
    ],
    ("STBHHX", SE): [
        (
            "POLYGON ((1000 150, 1100 150, 1100 700, 1000 700, 1000 300, 1000.5 300, 1000.5 200, 1000 200, 1000 150))",
            "水土保持",
        )
    ],
    ("STBHHX", NW): [("POLYGON ((900 1400, 1000 1400, 1000 1450, 900 1450, 900 1400))", "水源涵养")],
    ("STBHHX", NE): [("POLYGON ((1000 1400, 1100 1400, 1100 1450, 1000 1450, 1000 1400))", "水源涵养")],
    ("YDYHGHFQ", SW): [
        ("POLYGON ((0 0, 1000 0, 1000 1000, 800 1000, 800 900, 600 900, 600 1000, 0 1000, 0 0))", "200"),
        ("POLYGON ((600 900, 800 900, 800 1000, 600 1000, 600 900))", "510"),  # its edge jumps by 3 m at NW
    ],
    ("YDYHGHFQ", NW): [
        (
            "POLYGON ((0 1000, 603 1000, 603 1100, 800 1100, 800 1000, 1000 1000, 1000 1500, 1002 1500, 1002 1600, "
            "1000 1600, 1000 2000, 0 2000, 0 1000))",
            "200",
        ),
        ("POLYGON ((603 1000, 800 1000, 800 1100, 603 1100, 603 1000))", "510"),
    ],
    ("YDYHGHFQ", SE): [
        (
            "POLYGON ((1000 0, 2000 0, 2000 1000, 1800 1000, 1800 900, 1600 900, 1600 1000, 1500 1000, 1500 700, "
            "1200 700, 1200 1000, 1000 1000, 1000 300, 1000.5 300, 1000.5 200, 1000 200, 1000 0))",
            "200",
        ),
        ("POLYGON ((1200 700, 1500 700, 1500 1000, 1200 1000, 1200 700))", "300"),  # has another code in NE
        ("POLYGON ((1600 900, 1800 900, 1800 1000, 1600 1000, 1600 900))", "700"),  # meets another zone in NE: legal
    ],
    ("YDYHGHFQ", NE): [
        (
            "POLYGON ((1000 1000, 1200 1000, 1200 1300, 1500 1300, 1500 1000, 1650 1000, 1650 1100, 1950 1100, "
            "1950 1000, 2000 1000, 2000 2000, 1000 2000, 1000 1000))",
            "200",
        ),
        ("POLYGON ((1200 1000, 1500 1000, 1500 1300, 1200 1300, 1200 1000))", "520"),
        ("POLYGON ((1650 1000, 1950 1000, 1950 1100, 1650 1100, 1650 1000))", "600"),
    ],
    # Touches NE in a corner only, and the border of SE nowhere.
    ("CZKFBJ", SW): [("POLYGON ((800 800, 900 800, 1000 1000, 800 800))", "410")],
    ("CZKFBJ", SE): [("POLYGON ((1400 400, 1500 400, 1500 500, 1400 500, 1400 400))", "410")],
    ("CZKFBJ", NW): [("POLYGON ((400 1400, 500 1400, 500 1500, 400 1500, 400 1400))", "410")],
    ("CZKFBJ", NE): [("POLYGON ((1400 1400, 1500 1400, 1500 1500, 1400 1500, 1400 1400))", "410")],
}
#: Kind, layer, and codes of both counties of the planted seams.
PLANTED = {
    ("gap", "county", SW, SE),
    ("overlap", "county", NW, NE),
    ("stop", "red_line", SW, NW),
    ("code", "zones", SE, NE),
    ("shift", "zones", SW, NW),
}
_CODE_FIELDS = {"STBHHX": "LHLX", "YDYHGHFQ": "GHFQDM", "CZKFBJ": "GHFQDM"}


def make_layers(
    code: str,
    outlines: Mapping[str, str] | None = None,
    features: Mapping[tuple[str, str], list[tuple[str, str]]] | None = None,
    crs: int = 4526,
) -> dict[str, gpd.GeoDataFrame]:
    """Return the layers of a county; vertices are reprojected from EPSG:4526 into ``crs``."""
    outlines, features = OUTLINES if outlines is None else outlines, FEATURES if features is None else features

    def make_frame(number: int, wkts: Iterable[str], **columns: Any) -> gpd.GeoDataFrame:
        shapes = [move_wkt_to_county(wkt) for wkt in wkts]
        keys = [f"{code}{number:04d}{n:08d}" for n in range(1, len(shapes) + 1)]
        return gpd.GeoDataFrame({"BSM": keys, **columns}, geometry=gpd.GeoSeries(shapes, crs=4526)).to_crs(crs)

    layers = {"XZQX": make_frame(1, [outlines[code]], XZQDM=[code], XZQMC=[NAMES.get(code, "县")])}
    for number, role in enumerate(_CODE_FIELDS, 2):
        rows = features.get((role, code))
        if rows is not None:
            layers[role] = make_frame(
                number, [wkt for wkt, _ in rows], **{_CODE_FIELDS[role]: [value for _, value in rows]}
            )
    return layers


def write_county(folder: Path, code: str, **options: Any) -> Path:
    """Write a county as a GeoPackage; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{code}{NAMES.get(code, '')}.gpkg"
    for role, frame in make_layers(code, **options).items():
        pyogrio.write_dataframe(frame, path, layer=role, append=path.exists())
    return path


def write_counties(folder: Path, **options: Any) -> list[Path]:
    """Write the four counties; return their paths."""
    return [write_county(folder, code, **options) for code in NAMES]


def count_land(shapes: Iterable[Any]) -> tuple[float, float]:
    """Return the area of gaps and of overlaps (m²) of shapes by plain shapely: hull of squares, sums and union."""
    shapes = list(shapes)
    union = shapely.union_all(shapes)
    return shapely.box(*union.bounds).area - union.area, sum(one.area for one in shapes) - union.area

# SPDX-License-Identifier: GPL-2.0-or-later
"""Two made surveys (国土变更调查) of a county with 40 planted changes, and their list by plain shapely.

The county has cells of 100 m in 16 columns and 9 rows. Slanted borders divide it into three townships, so that they cut
cells and changes. No code of the plugin is used.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import Any, NamedTuple

import geopandas as gpd
import shapely
from shapely import Polygon

from tests.county.measure import measure_drawn_area, statutory_area

EAST, NORTH, EPSG, CELL = 38_600_000.0, 4_380_000.0, 4526, 100.0
COLUMNS, ROWS = 16, 9
#: Township → corners, in metres from the south-west corner of the county.
TOWNSHIPS = {
    "永安镇": [(0, 0), (530, 0), (570, 900), (0, 900)],
    "西坊城镇": [(530, 0), (1080, 0), (1020, 900), (570, 900)],
    "蔡村镇": [(1080, 0), (1600, 0), (1600, 900), (1020, 900)],
}
#: Class of each row of cells, from south to north; rows 0 to 4 are cultivated.
ROW_CLASSES = ("0103", "0103", "0102", "0101", "0103", "0201", "0404", "1206", "0702")
RATE_BY_CLASS = {"0103": 0.0825, "0102": 0.0413}
STABLE_WORDS = ("是", "否", "")
LOST, GAINED = "out", "in"


class Planted(NamedTuple):
    """A planted change: column and row of the cell, corners in the cell (m), class after."""

    column: int
    row: int
    part: tuple[float, float, float, float]
    code: str


WHOLE, WEST, EAST_PART, MIDDLE = (0, 0, 100, 100), (0, 0, 37, 100), (63, 0, 100, 100), (30, 30, 70, 71.5)
#: 20 losses, 13 gains, 4 changes within cultivated land, 3 changes of other land.
PLANTED = [
    *(Planted(n, 0, part, code) for n, part, code in (
        (0, WHOLE, "0702"), (2, WEST, "0601"), (5, WHOLE, "1003"), (7, MIDDLE, "0201"), (10, WHOLE, "1006"),
        (12, EAST_PART, "0301"), (14, WHOLE, "1206"),
    )),
    *(Planted(n, 2, part, code) for n, part, code in (
        (1, MIDDLE, "1202"), (3, WHOLE, "1104"), (5, WHOLE, "0301"), (8, WEST, "05H1"), (10, WHOLE, "1103"),
        (13, WHOLE, "0701"), (15, MIDDLE, "1101"),
    )),
    *(Planted(n, 4, part, code) for n, part, code in (
        (0, EAST_PART, "0404"), (5, MIDDLE, "0602"), (6, WHOLE, "0305"), (9, WHOLE, "1204"), (10, EAST_PART, "1001"),
        (11, WHOLE, "1108"),
    )),
    *(Planted(n, 5, part, "0103") for n, part in ((1, WHOLE), (5, WHOLE), (10, MIDDLE), (13, WEST))),
    *(Planted(n, 6, part, "0102") for n, part in ((2, EAST_PART), (5, WHOLE), (12, WHOLE))),
    *(Planted(n, 7, part, "0103") for n, part in ((0, WHOLE), (10, WHOLE), (15, MIDDLE))),
    *(Planted(n, 8, part, "0101") for n, part in ((3, MIDDLE), (5, WEST), (11, WHOLE))),
    *(Planted(n, 1, part, "0102") for n, part in ((1, WHOLE), (5, MIDDLE), (9, WEST), (12, WHOLE))),
    *(Planted(n, 7, part, "0301") for n, part in ((3, WHOLE), (8, WEST))),
    Planted(14, 5, WHOLE, "0301"),
]  # fmt: skip
#: Cause by class before and after as the county's table has it (survey classes, written by hand); None: no entry.
CAUSE_OF_LOSS = {
    **dict.fromkeys(("0702", "0601", "1003", "05H1", "0701", "0602", "1001"), "建设占用"),
    **dict.fromkeys(("0201", "0301", "0305", "0404", "1006", "1202", "1104"), "农业结构调整"),
    "1108": "生态退耕",
    **dict.fromkeys(("1206", "1204", "1101"), "灾毁"),
    "1103": None,
}
CAUSE_OF_GAIN = {"0201": "农业结构调整", "0404": "土地整治", "1206": "土地整治", "0702": "土地整治"}


class Piece(NamedTuple):
    """A piece of a planted change in one township, with its areas (m²)."""

    kind: str
    township: str
    before: str
    after: str
    cause: str | None
    stable: str
    shape: Any
    area_m2: float
    net_m2: float
    ridge_m2: float


def make_box(left: float, bottom: float, right: float, top: float) -> Polygon:
    """Return a rectangle, moved to the county."""
    return shapely.box(EAST + left, NORTH + bottom, EAST + right, NORTH + top)


def make_townships() -> gpd.GeoDataFrame:
    """Return the layer XZQXZ."""
    shapes = [Polygon([(EAST + x, NORTH + y) for x, y in corners]) for corners in TOWNSHIPS.values()]
    codes = [f"140225{100 + n}" for n in range(len(shapes))]
    rows = {"BSM": [f"1402250000{n:08d}" for n in range(9001, 9004)], "XZQDM": codes, "XZQMC": list(TOWNSHIPS)}
    return gpd.GeoDataFrame(rows, geometry=shapes, crs=EPSG)


def make_parcel(shape: Any, code: str, number: int, stable: str) -> dict[str, Any]:
    """Return a parcel with the area fields of a survey."""
    gross = round(float(statutory_area([shape])[0]), 2)
    rate = RATE_BY_CLASS.get(code, 0.0)
    ridges = round(gross * rate, 2)
    return {
        "BSM": f"1402250000{number:08d}", "DLBM": code, "TBMJ": gross, "KCXS": rate, "KCMJ": ridges,
        "TBDLMJ": round(gross - ridges, 2), "WDGD": stable, "geometry": shape,
    }  # fmt: skip


def make_surveys() -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the layers DLTB of both surveys."""
    planted = {(one.column, one.row): one for one in PLANTED}
    before, after = [], []
    for row in range(ROWS):
        for column in range(COLUMNS):
            cell = make_box(column * CELL, row * CELL, (column + 1) * CELL, (row + 1) * CELL)
            stable = STABLE_WORDS[column % 3] if row < 5 else ""
            parcel = make_parcel(cell, ROW_CLASSES[row], 16 * row + column + 1, stable)
            before.append(parcel)
            change = planted.get((column, row))
            if change is None:
                after.append(parcel)
                continue
            left, bottom, right, top = change.part
            x, y = column * CELL, row * CELL
            part = make_box(x + left, y + bottom, x + right, y + top)
            is_gain = row >= 5 and change.code.startswith("01")
            new = make_parcel(part, change.code, 1000 + len(after), STABLE_WORDS[column % 3] if is_gain else "")
            after.append(new)
            if (rest := cell - part).area:
                after.append(make_parcel(rest, ROW_CLASSES[row], 16 * row + column + 1, stable))
    return tuple(gpd.GeoDataFrame(rows, geometry="geometry", crs=EPSG) for rows in (before, after))


@cache
def list_pieces() -> tuple[Piece, ...]:
    """Return the planted changes of cultivated land, cut by parcel and township, by plain shapely."""
    before, after = make_surveys()
    pieces = []
    for township in make_townships().itertuples():
        for old in before.itertuples():
            for new in after[after.intersects(old.geometry)].itertuples():
                shape = old.geometry & new.geometry & township.geometry
                was, is_now = (one.DLBM.startswith("01") for one in (old, new))
                is_lost = was and not is_now
                is_gained = is_now and not was
                if not shape.area or not (is_lost or is_gained):
                    continue
                row, causes = (old, CAUSE_OF_LOSS) if is_lost else (new, CAUSE_OF_GAIN)
                share = shape.area / row.geometry.area
                pieces.append(
                    Piece(
                        LOST if is_lost else GAINED,
                        township.XZQMC,
                        old.DLBM,
                        new.DLBM,
                        causes[new.DLBM if is_lost else old.DLBM],
                        row.WDGD,
                        shape,
                        float(measure_drawn_area([shape])[0]),
                        share * row.TBDLMJ,
                        share * row.KCMJ,
                    )
                )
    return tuple(pieces)


def sum_pieces(*names: str, measure: str = "net_m2", **only: Any) -> dict[tuple[Any, ...], float]:
    """Return the values of fields → sum of a measure, of the pieces with some values of fields."""
    sums: defaultdict[tuple[Any, ...], float] = defaultdict(float)
    for one in list_pieces():
        if all(getattr(one, name) == value for name, value in only.items()):
            sums[tuple(getattr(one, name) for name in names)] += getattr(one, measure)
    return dict(sums)


def write_surveys(folder) -> tuple[str, str]:
    """Write both surveys with the townships as GeoPackages; return their paths."""
    paths = []
    for name, survey in zip(("2024", "2025"), make_surveys(), strict=True):
        paths.append(folder / f"{name}.gpkg")
        survey.to_file(paths[-1], layer="DLTB", engine="pyogrio")
        make_townships().to_file(paths[-1], layer="XZQXZ", engine="pyogrio", mode="a")
    return tuple(map(str, paths))

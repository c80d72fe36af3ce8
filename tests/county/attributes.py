# SPDX-License-Identifier: GPL-2.0-or-later
"""Official plan layers made from parcels: land use, areas, ownership, attributes."""

from __future__ import annotations

from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from tests.county import heritage, templates
from tests.county.county_fabric import ParcelFabric, find_components
from tests.county.landscape import AREA_CODE, AREA_NAME, CENTRE, CITY_NAME, EPSG, TOWNSHIP_SEATS_KM
from tests.county.lines import Lines
from tests.county.measure import statutory_area
from tests.county.points import RIVER, ROAD
from tests.county.randomness import make_smooth_noise, random_numbers

# Land use of a group of parcels: codes and their frequencies.
_TOWN_LAND_USE_SHARES = {
    "0701": 42,
    "05H1": 12,
    "0601": 11,
    "1004": 10,
    "08H2": 8,
    "08H1": 5,
    "0810": 5,
    "0508": 3,
    "0809": 3,
    "1201": 1,
}
_PLAIN_LAND_USE_SHARES = {
    "0307": 27,
    "0404": 21,
    "0201": 13,
    "0301": 11,
    "1202": 9,
    "0204": 6,
    "1006": 6,
    "1104": 4,
    "1204": 3,
}
_HILLS_LAND_USE_SHARES = {"0305": 34, "0301": 26, "0404": 26, "0307": 10, "1206": 4}
_RIDGES_LAND_USE_SHARES = {"0301": 58, "0305": 27, "0401": 9, "1207": 6}
_VILLAGE_LAND_USE_SHARES = {"0702": 93, "0601": 4, "1201": 3}
_MINE_LAND_USE_SHARES = {"0602": 60, "0404": 25, "1206": 15}
CULTIVATED = ("0101", "0102", "0103")

_VILLAGE_NAME_FIRST_CHARACTERS = "东西南北上下大小前后"
_VILLAGE_NAME_LAST_CHARACTERS = "河庄坊沟岭堡窑坪榆韩柳泉台寨峪"


@dataclass
class County:
    """Plan layers of the generated county, and the parcels of each of their rows."""

    fabric: ParcelFabric
    lines: Lines
    layers: dict[str, gpd.GeoDataFrame] = field(default_factory=dict)
    parcels: dict[str, list[np.ndarray]] = field(default_factory=dict)


def make_feature_number(role: str, number: int) -> str:
    """Return a feature number (BSM): county code, 4-digit millions of rows, 2-digit layer, 6-digit row."""
    sample, further = list(templates.STANDARD_BY_LAYER), templates.FURTHER_LAYERS
    layer = 50 + further.index(role) if role in further else sample.index(role) + 1
    millions, rest = divmod(number, 1_000_000)
    return f"{AREA_CODE}{100 * millions + layer:06d}{rest:06d}"


def make_layer_table(role: str, geometry, values: dict) -> gpd.GeoDataFrame:
    """Return a layer with all fields of its template; missing values are null."""
    schema = templates.read_fields(role)
    if unknown := set(values) - set(schema):
        raise KeyError(f"{role} has no field {sorted(unknown)}")
    count = len(geometry)
    given = {
        "BSM": [make_feature_number(role, one + 1) for one in range(count)],
        "YSDM": [templates.read_template(role).get("feature_code")] * count,
        **values,
    }
    empty = {"text": None, "integer": np.nan, "real": np.nan, "date": np.datetime64("NaT", "ms")}
    columns = {
        name: pd.Series(given[name]) if name in given else pd.Series([empty[one["type"]]] * count)
        for name, one in schema.items()
    }
    for name, one in schema.items():
        if one["type"] == "text":
            columns[name] = columns[name].astype(object).where(columns[name].notna(), None)
    return gpd.GeoDataFrame(columns, geometry=np.asarray(geometry, dtype=object), crs=EPSG)


def group_connected_parcels(fabric: ParcelFabric, label: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Return the connected groups of parcels with the same label above 0.

    The result is three sequences: label, polygon and parcel numbers of each group.
    """
    first, second = fabric.edge_cells[fabric.inner_edges].T
    same = (label[first] == label[second]) & (label[first] > 0)
    piece = find_components(len(label), first[same], second[same])
    chosen = np.flatnonzero(label > 0)
    chosen = chosen[np.argsort(piece[chosen], kind="stable")]
    groups = np.split(chosen, np.flatnonzero(np.diff(piece[chosen])) + 1)
    return np.array([label[group[0]] for group in groups]), join_parcels(fabric, groups), groups


def join_parcels(fabric: ParcelFabric, groups: list[np.ndarray]) -> np.ndarray:
    """Return the polygon of each group of parcels."""
    shapes = [shapely.coverage_union_all(fabric.polygons[group]) for group in groups]
    return shapely.normalize(np.array(shapes, dtype=object))


def choose_codes_by_share(shares: dict[str, int], random: np.ndarray) -> np.ndarray:
    """Return a code for each random number in [0, 1), with the given shares of codes."""
    codes, weights = np.array(list(shares)), np.cumsum(list(shares.values()))
    return codes[np.searchsorted(weights / weights[-1], random, side="right").clip(0, len(codes) - 1)]


def assign_land_use(fabric: ParcelFabric, lines: Lines) -> np.ndarray:
    """Return the land-use code of the national survey (三调) of each parcel."""
    count, seed = len(fabric), fabric.land.seed
    # Half of the chance depends on the place, half on the parcel: woods and orchards form patches.
    points = fabric.sites[:count] - CENTRE
    place = 0.5 + 0.5 * np.sin(2.6 * make_smooth_noise(seed + 111, points, 1200, 5000))
    random = (0.7 * place + 0.6 * random_numbers(seed, 112, np.arange(count))) % 1.0
    alone = random_numbers(seed, 113, np.arange(count))
    use = np.where(
        lines.height < 0.25,
        choose_codes_by_share(_PLAIN_LAND_USE_SHARES, random),
        choose_codes_by_share(_HILLS_LAND_USE_SHARES, random),
    )
    use = np.where(
        lines.red_line | (lines.height > 0.75), choose_codes_by_share(_RIDGES_LAND_USE_SHARES, random), use
    ).astype("U5")
    irrigated = (lines.slope_class <= 1) & (make_smooth_noise(seed + 114, points, 3000, 9000) > -0.2)
    use[lines.ploughed_land] = np.where(irrigated, "0102", "0103")[lines.ploughed_land]
    use[lines.town_land] = choose_codes_by_share(_TOWN_LAND_USE_SHARES, alone)[lines.town_land]
    use[lines.village_land] = choose_codes_by_share(_VILLAGE_LAND_USE_SHARES, alone)[lines.village_land]
    use[lines.mining] = choose_codes_by_share(_MINE_LAND_USE_SHARES, alone)[lines.mining]
    use[lines.industrial_land] = "0601"
    use[fabric.kinds == RIVER] = "1101"
    use[fabric.kinds == ROAD] = "1003"
    return use


def _assign_urban_codes(lines: Lines, use: np.ndarray) -> np.ndarray:
    """Return the urban code (CZCSXM) of each parcel, None outside towns and villages."""
    code = np.full(len(use), None, dtype=object)
    code[lines.village_land] = "203"
    code[lines.village_land & (use == "0601")] = "203A"
    code[use == "0602"] = "204"
    code[lines.town_land] = "202"
    code[lines.industrial_land] = "202A"
    return code


def make_layers(fabric: ParcelFabric, lines: Lines) -> County:
    """Return the county's official plan layers, made from parcels and their lines."""
    county = County(fabric, lines)
    use = assign_land_use(fabric, lines)
    base = _make_survey_columns(lines, use)

    def add(role: str, geometry, values: dict, parcels: list[np.ndarray]) -> None:
        county.layers[role] = make_layer_table(role, geometry, values)
        county.parcels[role] = parcels

    everything = np.ones(len(fabric), int)
    for role, label, codes, titles in (
        ("XZQX", everything, [AREA_CODE], [AREA_NAME]),
        ("XZQXZ", lines.township + 1, _list_township_codes(), list(TOWNSHIP_SEATS_KM)),
    ):
        labels, shapes, groups = group_connected_parcels(fabric, label)
        order = np.argsort(labels)
        add(
            role,
            shapes[order],
            {
                "XZQDM": [codes[labels[one] - 1] for one in order],
                "XZQMC": [titles[labels[one] - 1] for one in order],
                "MJ": np.round(statutory_area(shapes[order]), 2),
            },
            [groups[one] for one in order],
        )

    every = np.arange(len(fabric))
    add(
        "DLTB",
        fabric.polygons,
        base | {"CZCSXM": _assign_urban_codes(lines, use)},
        [every[one : one + 1] for one in every],
    )
    county_values = {"XZQDM": AREA_CODE, "XZQMC": AREA_NAME}
    for role, label in (("YDYHGHFQ", lines.zone), ("CZKFBJ", lines.boundary)):
        labels, shapes, groups = group_connected_parcels(fabric, label)
        codes = [str(one) for one in labels]
        values = {name: [value] * len(codes) for name, value in county_values.items()}
        values |= {"GHFQDM": codes, "GHFQMC": [templates.read_code_names("planning_zones")[one] for one in codes]}
        add(role, shapes, values | {"MJ": np.round(statutory_area(shapes), 2)}, groups)
    _, shapes, groups = group_connected_parcels(fabric, lines.red_line.astype(int))
    kinds = ["水源涵养", "水土保持", "生物多样性维护"]
    values = {"XJXZQDM": AREA_CODE, "SJXZQMC": CITY_NAME, "XJXZQMC": AREA_NAME}
    values = {name: [value] * len(groups) for name, value in values.items()}
    values["LHLX"] = [kinds[one % len(kinds)] for one in range(len(groups))]
    add("STBHHX", shapes, values | {"MJ": np.round(statutory_area(shapes), 2)}, groups)

    for role, chosen in (("GDBHMB", lines.cultivated), ("YJJBNTBHTB", lines.farmland)):
        which = np.flatnonzero(chosen)
        add(
            role,
            fabric.polygons[which],
            _make_farmland_columns(role, base, which),
            [which[one : one + 1] for one in range(len(which))],
        )
    shapes, values = heritage.make_heritage_ranges(fabric.land)
    values |= {name: [value] * len(shapes) for name, value in county_values.items()}
    add("LSWHBHX", shapes, values | {"MJ": np.round(statutory_area(shapes), 2)}, [np.array([], int)] * len(shapes))
    spare = np.flatnonzero(lines.cultivated & ~lines.farmland & ~lines.red_line & (lines.boundary == 0))
    shapes = fabric.polygons[spare]
    values = county_values | {"MC": "永久基本农田储备区"}
    values = {name: [value] * len(spare) for name, value in values.items()}
    add("YJJBNTCBQ", shapes, values | {"MJ": np.round(statutory_area(shapes), 2)}, [np.array([one]) for one in spare])
    county.layers = {role: county.layers[role] for role in templates.STANDARD_BY_LAYER}
    return county


def _list_township_codes() -> list[str]:
    """Return township codes: towns from 100, other townships from 200."""
    towns = [f"{AREA_CODE}{100 + one}" for one in range(6)]
    return towns + [f"{AREA_CODE}{200 + one}" for one in range(len(TOWNSHIP_SEATS_KM) - 6)]


def _make_survey_columns(lines: Lines, use: np.ndarray) -> dict:
    """Return the columns that the parcel, cultivated land and farmland layers share."""
    count = len(use)
    farmed = np.isin(use, CULTIVATED)
    rate = np.where(farmed, lines.deduction_rate, 0.0)
    deduction = np.round(lines.gross_area * rate, 2)
    titles, codes = list(TOWNSHIP_SEATS_KM), _list_township_codes()
    pairs = [a + b for b in _VILLAGE_NAME_LAST_CHARACTERS for a in _VILLAGE_NAME_FIRST_CHARACTERS]
    villages = [
        f"{titles[town]}{pairs[(town * 7 + village * 11) % len(pairs)]}村"
        for town, village in zip(lines.township, lines.village, strict=True)
    ]
    places = [f"{codes[t]}{200 + v:03d}0000000" for t, v in zip(lines.township, lines.village, strict=True)]
    number = np.zeros(count, int)
    for one in range(len(TOWNSHIP_SEATS_KM)):
        mine = lines.township == one
        number[mine] = np.arange(1, mine.sum() + 1)
    state_owned = lines.town_land | np.isin(use, ("1101", "1003"))
    slope_class = lines.slope_class.astype(str).astype(object)
    return {
        "TBBH": number.astype(str).astype(object),
        "DLBM": use.astype(object),
        "DLMC": [templates.read_code_names("sandiao")[one] for one in use],
        "QSXZ": np.where(state_owned, "10", "30").astype(object),
        "ZLDWDM": places,
        "ZLDWMC": villages,
        "TBMJ": lines.gross_area,
        "KCDLBM": np.where(rate > 0, "1203", None),
        "KCXS": rate,
        "KCMJ": deduction,
        "TBDLMJ": np.round(lines.gross_area - deduction, 2),
        "GDLX": np.where(farmed, np.where(lines.terraced, "TT", "PD"), None),
        "GDPDJB": np.where(farmed, slope_class, None),
        "GDDB": np.where(farmed, 10 + lines.slope_class, np.nan),
        "FRDBS": ["0"] * count,
        "SJNF": np.full(count, 2020),
    }


def _make_farmland_columns(role: str, base: dict, which: np.ndarray) -> dict:
    """Return the columns of a layer of cultivated land or farmland for some parcels."""
    schema = templates.read_fields(role)
    values = {name: np.asarray(column, dtype=object)[which] for name, column in base.items() if name in schema}
    values |= {name: values[name].astype(float) for name in ("KCXS", "KCMJ")}
    values |= {name: values[name].astype(int) for name in ("GDDB", "SJNF")}
    gross, net = (np.asarray(base[name])[which] for name in ("TBMJ", "TBDLMJ"))
    if role == "GDBHMB":
        return values | {"TBMJ": gross, "TBDLMJ": net, "SFWHTD": np.zeros(len(which), int)}
    return values | {
        "XZQDM": [AREA_CODE] * len(which),
        "XZQMC": [AREA_NAME] * len(which),
        "YJJBNTTBBH": [f"{AREA_CODE}{one + 1:08d}" for one in range(len(which))],
        "YJJBNTTBMJ": gross,
        "YJJBNTMJ": net,
    }

# SPDX-License-Identifier: GPL-2.0-or-later
"""All planted defects in their order, and those of single rows: geometry, keys, codes, areas."""

from __future__ import annotations

import numpy as np
import shapely

from tests.county import conflicts, coverage, heritage, templates
from tests.county.attributes import CULTIVATED
from tests.county.workshop import EDGE, FARM, FIELD, HERITAGE, PARCEL, TOWNSHIP, ZONE, Workshop


def plant(shop: Workshop) -> None:
    coverage.doubled_boundary(shop)
    conflicts.plant(shop)
    coverage.overlaps(shop)
    coverage.gaps(shop)
    coverage.outside(shop)
    broken_geometry(shop)
    not_cultivated(shop)
    multipart(shop)
    net_areas(shop)
    codes(shop)
    keys(shop)
    missing_field(shop)


def broken_geometry(shop: Workshop) -> None:
    for role, chosen in ((FIELD, shop.fields), (PARCEL, shop.wild)):
        parcel, _ = shop.choose(chosen, around=False)
        row = shop.row(role, parcel)
        shop.reshape(role, row, None)
        shop.expect("GEO001", role, row, what="a row without a shape")
        if role == PARCEL:
            _uncovered(shop, parcel, shop.fabric.polygons[parcel], "a parcel without a shape")
    row = shop.add(HERITAGE, shapely.Polygon(), MC="旧县衙遗址保护范围")
    shop.expect("GEO001", HERITAGE, row, what="a row with an empty shape")

    for role, chosen in ((FIELD, shop.fields), (FARM, shop.farmland), (PARCEL, shop.wild)):
        parcel, ring = shop.choose(chosen, lambda p: len(ring := shop.core(p)) >= 4 and [ring], around=False)
        row = shop.row(role, parcel)
        # Two corners swapped. Drawn small, so that its repaired copy stays within the parcel.
        bow_tie = shapely.Polygon(ring[0][[0, 2, 1, 3]])
        shop.reshape(role, row, bow_tie)
        shop.expect("GEO002", role, row, what="a bow-tie")
        if role == PARCEL:
            rest = shop.fabric.polygons[parcel].difference(shapely.make_valid(bow_tie))
            _uncovered(shop, parcel, rest, "a parcel that shrank to a bow-tie")
    parcel, _ = shop.choose(shop.fields, around=False)
    row, site = shop.row(FIELD, parcel), np.round(shop.fabric.sites[parcel], 3)
    shop.reshape(FIELD, row, shapely.Polygon(site + np.outer([0, 1, 2], [30, 10])))
    shop.expect("GEO002", FIELD, row, what="a polygon without area")
    parcel, _ = shop.choose(shop.wild, around=False)
    ring = shapely.get_coordinates(heritage.blob(shop.fabric.sites[parcel], 40, shop.fabric.land.seed, 903))
    spike = np.vstack([ring[:3], ring[2] + [25, 40], ring[2:]])
    row = shop.add(HERITAGE, shapely.Polygon(spike), MC="烽火台遗址保护范围")
    shop.expect("GEO002", HERITAGE, row, what="a spike: the ring runs out and back on itself")


def _uncovered(shop: Workshop, parcel: int, shape: shapely.Geometry, what: str) -> None:
    """TOP006: land of a township that no parcel covers."""
    row = shop.row(TOWNSHIP, parcel)
    shop.expect("TOP006", TOWNSHIP, row, related_role=PARCEL, shape=shape, what=what)


def multipart(shop: Workshop) -> None:
    level = shop.lines.rate == 0
    for role, chosen, gross, net in (
        (FIELD, shop.fields, "TBMJ", "TBDLMJ"),
        (FARM, shop.farmland, "YJJBNTTBMJ", "YJJBNTMJ"),
    ):
        first, _ = shop.choose(chosen & level, around=False)
        apart = chosen & level
        apart[[n for n in shop.fabric.neighbours(first) if n < len(apart)]] = False
        second, _ = shop.choose(apart, around=False)
        row, other = shop.row(role, first), shop.row(role, second)
        shop.reshape(role, row, shapely.multipolygons([shop.shape(role, row), shop.shape(role, other)]))
        for name in (gross, net):
            shop.change(role, row, **{name: round(shop.value(role, row, name) + shop.value(role, other, name), 2)})
        shop.drop(role, other)
        shop.expect("GEO003", role, row, what="two parcels under one number")


def not_cultivated(shop: Workshop) -> None:
    names = templates.names("sandiao")
    for code in ("0201K", "0301"):
        parcel, _ = shop.choose(shop.farmland, around=False)
        row = shop.row(FARM, parcel)
        shop.change(FARM, row, DLBM=code, DLMC=names[code])
        shop.expect(
            "LAW010", FARM, row, field="DLBM", shape=shop.fabric.polygons[parcel], net_of=row,
            what=f"permanent basic farmland of class {code}",
        )  # fmt: skip
    parcel, _ = shop.choose(shop.farmland, around=False)
    row = shop.row(PARCEL, parcel)
    gross = shop.value(PARCEL, row, "TBMJ")
    shop.change(PARCEL, row, DLBM="0305", DLMC=names["0305"], KCDLBM=None, KCXS=0.0, KCMJ=0.0, TBDLMJ=gross)
    shop.change(PARCEL, row, GDLX=None, GDPDJB=None, GDDB=np.nan)
    what = "permanent basic farmland where the survey has shrubs"
    shop.expect_pair(
        "LAW010", (FARM, shop.row(FARM, parcel)), (PARCEL, row), shop.fabric.polygons[parcel], what, field="DLBM"
    )


def net_areas(shop: Workshop) -> None:
    lines = shop.lines
    ploughed = np.isin(shop.layers[PARCEL]["DLBM"].iloc[: len(shop.fabric)].to_numpy(), CULTIVATED)
    terraces = shop.fields & (lines.rate > 0) & ploughed

    def broken(role, chosen, name, new, what):
        parcel, _ = shop.choose(chosen, around=False)
        row = shop.row(role, parcel)
        values = {one: shop.value(role, row, one) for one in shop.layers[role].columns}
        shop.change(role, row, **new(values))
        shop.expect("ATT003", role, row, severity="WARNING", field=name, what=what)
        if name == "KCXS" and not shop.value(role, row, "KCDLBM"):
            shop.expect("ATT019", role, row, severity="INFO", field="KCDLBM", what="a deduction without its class")

    broken(
        PARCEL, terraces, "KCMJ",
        lambda v: {"KCMJ": round(v["KCMJ"] + 100, 2), "TBDLMJ": round(v["TBDLMJ"] - 100, 2)},
        "deduction is not gross area times rate",
    )  # fmt: skip
    broken(PARCEL, terraces, "TBDLMJ", lambda v: {"TBDLMJ": v["TBMJ"]}, "net area without the deduction")
    broken(FARM, shop.farmland, "KCXS", lambda _: {"KCXS": 1.2}, "deduction rate above 1")
    sloping = shop.farmland & (lines.rate > 0)
    broken(FARM, sloping, "YJJBNTMJ", lambda v: {"YJJBNTMJ": v["YJJBNTTBMJ"]}, "net area without the deduction")
    broken(FARM, shop.farmland, "YJJBNTMJ", lambda _: {"YJJBNTMJ": np.nan}, "net area missing")


def codes(shop: Workshop) -> None:
    lines = shop.lines
    no_farmland = np.ones(len(shop.fabric), bool)
    for parcels in shop.county.parcels[ZONE]:
        no_farmland[parcels] = not lines.farmland[parcels].any()
    name = templates.names("sandiao")
    wooded = shop.wild & (shop.layers[PARCEL]["DLBM"].iloc[: len(shop.fabric)] == "0301").to_numpy()
    special = lines.boundary == 430
    for role, chosen, values, field in (
        (PARCEL, shop.wild, {"DLBM": "0308"}, "DLBM"),
        (PARCEL, wooded, {"DLMC": name["0305"]}, "DLMC"),
        (PARCEL, lines.hamlet, {"CZCSXM": "206"}, "CZCSXM"),
        (FIELD, shop.fields, {"GDLX": "TD"}, "GDLX"),
        (FARM, shop.farmland, {"GDPDJB": "6"}, "GDPDJB"),
        (ZONE, no_farmland & (lines.zone == 520), {"GHFQDM": "550"}, "GHFQDM"),
        (EDGE, special if special.any() else lines.boundary > 0, {"GHFQMC": "特殊用途区"}, "GHFQMC"),
    ):
        parcel, _ = shop.choose(chosen, around=False)
        row = shop.row(role, parcel)
        shop.change(role, row, **values)
        what = "a name that is not the code's" if field.endswith("MC") else "a code that is not in its list"
        shop.expect("ATT002", role, row, severity="WARNING", field=field, what=what)


def keys(shop: Workshop) -> None:
    for role, chosen, times in ((PARCEL, shop.wild, 2), (FIELD, shop.fields, 3)):
        rows = [shop.row(role, shop.choose(chosen, around=False)[0]) for _ in range(times)]
        for row in rows[1:]:
            shop.change(role, row, BSM=shop.key(role, rows[0]))
        shop.expect("ATT001", role, rows[0], field="BSM", what=f"one number for {times} rows")
    for role, chosen in ((PARCEL, shop.wild), (FIELD, shop.fields)):
        row = shop.row(role, shop.choose(chosen, around=False)[0])
        shop.change(role, row, BSM=None)
        shop.expect("ATT001", role, row, field="BSM", what="a row without a number")


def missing_field(shop: Workshop) -> None:
    shop.layers[FIELD] = shop.layers[FIELD].drop(columns="KCMJ")
    shop.expect("SCH002", FIELD, field="KCMJ", what="a field that the net-area rule needs is missing")

# SPDX-License-Identifier: GPL-2.0-or-later
"""Planted defects of single layers: geometry, keys, codes, areas, overlaps, gaps, and what lies outside the county."""

from __future__ import annotations

import numpy as np
import shapely

from tests.county import conflicts, heritage, templates
from tests.county.attributes import CULTIVATED
from tests.county.conflicts import EDGE, FARM, OPEN_ZONES, PARCEL, RED, TOWNSHIP, ZONE, near
from tests.county.workshop import Workshop, dented

FIELD, HERITAGE, COUNTY = "GDBHMB", "LSWHBHX", "XZQX"


def plant(shop: Workshop) -> None:
    doubled_boundary(shop)
    conflicts.plant(shop)
    overlaps(shop)
    gaps(shop)
    outside(shop)
    broken_geometry(shop)
    not_cultivated(shop)
    multipart(shop)
    net_areas(shop)
    codes(shop)
    keys(shop)
    missing_field(shop)


def _wild(shop: Workshop) -> np.ndarray:
    """Parcels without any line's interest: neither ploughed nor built nor in a line."""
    lines = shop.lines
    return np.isin(lines.zone, OPEN_ZONES) & ~lines.farmed & ~lines.farmland


def _fields(shop: Workshop) -> np.ndarray:
    """Rows of the cultivated layer, which is compared with no other layer."""
    return shop.lines.cultivated & ~shop.lines.windows


def _farmland(shop: Workshop) -> np.ndarray:
    return shop.lines.farmland & (shop.lines.zone == 300) & ~shop.lines.windows


# -- overlaps, gaps, outside ---------------------------------------------------------------------------------------


def overlaps(shop: Workshop) -> None:
    lines, fabric = shop.lines, shop.fabric
    count = len(fabric)

    parcel, _ = shop.choose(_wild(shop), around=False)
    row = shop.row(PARCEL, parcel)
    twin = shop.add(PARCEL, fabric.polygons[parcel], like=row)
    shop.expect_pair("TOP001", (PARCEL, row), (PARCEL, twin), fabric.polygons[parcel], "the same parcel twice")

    parcel, _ = shop.choose(_farmland(shop), around=False)
    row = shop.row(FARM, parcel)
    twin = shop.add(FARM, fabric.polygons[parcel], like=row)
    shop.expect_pair("TOP001", (FARM, row), (FARM, twin), fabric.polygons[parcel], "the same farmland twice")

    parcel, _ = shop.choose(_fields(shop), around=False)
    row = shop.row(FIELD, parcel)
    part = shapely.Polygon(shop.core(parcel, 0.4))
    inner = shop.add(FIELD, part, like=row)
    shop.expect_pair("TOP001", (FIELD, row), (FIELD, inner), part, "a parcel wholly inside another")

    parcel, edges = shop.choose(_wild(shop), lambda parcel: list(near(shop, parcel, _wild(shop)).items()))
    other, edge = edges[0]
    piece, row = fabric.wedge(edge, other), shop.row(PARCEL, parcel)
    shop.reshape(PARCEL, row, shop.grown(PARCEL, row, piece))
    shop.expect_pair(
        "TOP001", (PARCEL, row), (PARCEL, shop.row(PARCEL, other)), piece, "a parcel reaches into its neighbour"
    )

    def blade(parcel):
        for other, edge in near(shop, parcel, _wild(shop)).items():
            if corners := shop.blade(edge, other, 0.1, 0.45):
                return (corners,)
        return None

    parcel, (corners,) = shop.choose(_wild(shop), blade)
    row = shop.row(PARCEL, parcel)
    shop.reshape(PARCEL, row, dented(shop.shape(PARCEL, row), *corners))
    shop.ignore("TOP001", PARCEL, shapely.Polygon(corners))

    for role, label, what in (
        (TOWNSHIP, lines.township, "a village's land in two townships"),
        (ZONE, lines.zone, "a parcel in two zones"),
    ):

        def reached(parcel, role=role, label=label):
            for other in near(shop, parcel, (label != label[parcel]) & _open(shop, count)):
                row = shop.row(role, other)
                if grown := shop.grown(role, row, fabric.polygons[parcel]):
                    return row, grown
            return None

        parcel, (row, grown) = shop.choose(_open(shop, count), reached)
        shop.reshape(role, row, grown)
        shop.expect_pair("TOP001", (role, row), (role, shop.row(role, parcel)), fabric.polygons[parcel], what)

    parcel, _ = shop.choose(lines.red)
    row = shop.row(RED, parcel)
    twin = shop.add(RED, fabric.polygons[parcel], like=row)
    shop.expect_pair("TOP001", (RED, row), (RED, twin), fabric.polygons[parcel], "a piece of red line drawn again")


def doubled_boundary(shop: Workshop) -> None:
    """A town's whole boundary is there twice: the totals, the ratio and the target break with it."""
    frame = shop.layers[EDGE]
    row = int(frame.loc[frame["GHFQDM"] == "410", "MJ"].idxmin())
    shop.taken |= set(shop.county.parcels[EDGE][row].tolist())
    shape = shop.shape(EDGE, row)
    twin = shop.add(EDGE, shape, like=row)
    shop.expect_pair("TOP001", (EDGE, row), (EDGE, twin), shape, "a part of the boundary is there twice")


def _open(shop: Workshop, count: int) -> np.ndarray:
    return np.isin(shop.lines.zone[:count], OPEN_ZONES) & ~shop.lines.farmland


def gaps(shop: Workshop) -> None:
    fabric, lines = shop.fabric, shop.lines
    open_land = _open(shop, len(fabric))

    def gap(shape, what):
        shop.expect("TOP002", ZONE, related_role=COUNTY, shape=shape, what=what)

    parcel, shrunk = shop.choose(open_land, lambda p: shop.shrunk(ZONE, shop.row(ZONE, p), fabric.polygons[p]))
    shop.reshape(ZONE, shop.row(ZONE, parcel), shrunk)
    gap(fabric.polygons[parcel], "a parcel in no zone")

    def whole(parcel):
        parcels = set(shop.county.parcels[ZONE][shop.row(ZONE, parcel)].tolist())
        return len(parcels) < 4 and not parcels & shop.taken and parcels

    parcel, parcels = shop.choose(lines.hamlet & (lines.zone == 510), whole)
    shop.taken |= parcels
    row = shop.row(ZONE, parcel)
    gap(shop.shape(ZONE, row), "a village left out of the zones")
    shop.drop(ZONE, row)

    def blade(least, most, thick):
        def fits(parcel):
            for edge in near(shop, parcel, open_land & (lines.zone != lines.zone[parcel])).values():
                if corners := shop.blade(edge, parcel, least, most, thick):
                    return (corners,)
            return None

        return fits

    for limits in ((0.6, 1e4, 0.12), (0.1, 0.45, None)):
        parcel, (corners,) = shop.choose(open_land, blade(*limits))
        row = shop.row(ZONE, parcel)
        shop.reshape(ZONE, row, dented(shop.shape(ZONE, row), *corners))
        if limits[2]:
            gap(shapely.Polygon(corners), "a hair-thin gap between zones: narrow, but not small")
        else:
            shop.ignore("TOP002", ZONE, shapely.Polygon(corners))


def outside(shop: Workshop) -> None:
    fabric, count = shop.fabric, len(shop.fabric)
    at_border = np.zeros(count, bool)
    cells = fabric.edge_cells[fabric.border_edges]
    at_border[cells[cells < count]] = True
    county = shop.shape(COUNTY, 0)

    def beyond(role, row, shape, what):
        shop.expect("TOP003", role, row, related_role=COUNTY, shape=shape, what=what)

    def border_edge(parcel):
        return [edge for other, edge in fabric.neighbours(parcel).items() if other >= count]

    parcel, edges = shop.choose(at_border, border_edge)
    middle = fabric.chain(edges[0]).mean(axis=0)
    away = middle - county.centroid.coords[0]
    shape = heritage.blob(middle + 1200 * away / np.hypot(*away), 150, fabric.land.seed, 901)
    if shape.intersects(county):
        raise ValueError("the parcel outside is not outside; use another seed")
    row = shop.add(PARCEL, shape, like=shop.row(PARCEL, parcel))
    beyond(PARCEL, row, shape, "a parcel wholly outside the county")

    for role, what in (
        (PARCEL, "a parcel reaches over the county border"),
        (TOWNSHIP, "a township reaches over the county border"),
    ):

        def reaching(parcel, role=role):
            edge = border_edge(parcel)[0]
            piece = fabric.wedge(edge, fabric.other_side(edge, parcel))
            grown = shop.grown(role, shop.row(role, parcel), piece)
            return piece.is_valid and not piece.intersection(county).area and grown and (piece, grown)

        parcel, (piece, grown) = shop.choose(at_border, reaching)
        row = shop.row(role, parcel)
        shop.reshape(role, row, grown)
        beyond(role, row, piece, what)

    def wall(parcel):
        node = fabric.points[fabric.edge_nodes[border_edge(parcel)[0]][0]]
        shape = heritage.blob(node, 60, fabric.land.seed, 902)
        parts = shapely.get_parts(shapely.difference(shape, county))
        return all(part.area > 20 and 2 * part.area / part.length > 1 for part in parts) and (shape, parts)

    _, (shape, parts) = shop.choose(at_border, wall)
    row = shop.add(HERITAGE, shape, MC="长城敌楼保护范围")
    for part in parts:
        beyond(HERITAGE, row, part, "a protected site lies across the county border")


# -- one geometry --------------------------------------------------------------------------------------------------


def broken_geometry(shop: Workshop) -> None:
    for role, chosen in ((FIELD, _fields(shop)), (PARCEL, _wild(shop))):
        parcel, _ = shop.choose(chosen, around=False)
        row = shop.row(role, parcel)
        shop.reshape(role, row, None)
        shop.expect("GEO001", role, row, what="a row without a shape")
    row = shop.add(HERITAGE, shapely.Polygon(), MC="旧县衙遗址保护范围")
    shop.expect("GEO001", HERITAGE, row, what="a row with an empty shape")

    for role, chosen in ((FIELD, _fields(shop)), (FARM, _farmland(shop)), (PARCEL, _wild(shop))):
        parcel, ring = shop.choose(chosen, lambda p: len(ring := shop.core(p)) >= 4 and [ring], around=False)
        row = shop.row(role, parcel)
        # Two corners swapped. Drawn small, so that its repaired copy stays within the parcel.
        shop.reshape(role, row, shapely.Polygon(ring[0][[0, 2, 1, 3]]))
        shop.expect("GEO002", role, row, what="a bow-tie")
    parcel, _ = shop.choose(_fields(shop), around=False)
    row, site = shop.row(FIELD, parcel), np.round(shop.fabric.sites[parcel], 3)
    shop.reshape(FIELD, row, shapely.Polygon(site + np.outer([0, 1, 2], [30, 10])))
    shop.expect("GEO002", FIELD, row, what="a polygon without area")
    parcel, _ = shop.choose(_wild(shop), around=False)
    ring = shapely.get_coordinates(heritage.blob(shop.fabric.sites[parcel], 40, shop.fabric.land.seed, 903))
    spike = np.vstack([ring[:3], ring[2] + [25, 40], ring[2:]])
    row = shop.add(HERITAGE, shapely.Polygon(spike), MC="烽火台遗址保护范围")
    shop.expect("GEO002", HERITAGE, row, what="a spike: the ring runs out and back on itself")


def multipart(shop: Workshop) -> None:
    level = shop.lines.rate == 0
    for role, chosen, gross, net in (
        (FIELD, _fields(shop), "TBMJ", "TBDLMJ"),
        (FARM, _farmland(shop), "YJJBNTTBMJ", "YJJBNTMJ"),
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


# -- attributes ----------------------------------------------------------------------------------------------------


def not_cultivated(shop: Workshop) -> None:
    names = templates.names("sandiao")
    for code in ("0201K", "0301"):
        parcel, _ = shop.choose(_farmland(shop), around=False)
        row = shop.row(FARM, parcel)
        shop.change(FARM, row, DLBM=code, DLMC=names[code])
        shop.expect(
            "LAW010", FARM, row, field="DLBM", shape=shop.fabric.polygons[parcel], net_of=row,
            what=f"permanent basic farmland of class {code}",
        )  # fmt: skip
    parcel, _ = shop.choose(_farmland(shop), around=False)
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
    terraces = _fields(shop) & (lines.rate > 0) & ploughed

    def broken(role, chosen, name, new, what):
        parcel, _ = shop.choose(chosen, around=False)
        row = shop.row(role, parcel)
        values = {one: shop.value(role, row, one) for one in shop.layers[role].columns}
        shop.change(role, row, **new(values))
        shop.expect("ATT003", role, row, severity="WARNING", field=name, what=what)

    broken(
        PARCEL, terraces, "KCMJ",
        lambda v: {"KCMJ": round(v["KCMJ"] + 100, 2), "TBDLMJ": round(v["TBDLMJ"] - 100, 2)},
        "deduction is not gross area times rate",
    )  # fmt: skip
    broken(PARCEL, terraces, "TBDLMJ", lambda v: {"TBDLMJ": v["TBMJ"]}, "net area without the deduction")
    broken(FARM, _farmland(shop), "KCXS", lambda _: {"KCXS": 1.2}, "deduction rate above 1")
    sloping = _farmland(shop) & (lines.rate > 0)
    broken(FARM, sloping, "YJJBNTMJ", lambda v: {"YJJBNTMJ": v["YJJBNTTBMJ"]}, "net area without the deduction")
    broken(FARM, _farmland(shop), "YJJBNTMJ", lambda _: {"YJJBNTMJ": np.nan}, "net area missing")


def codes(shop: Workshop) -> None:
    lines = shop.lines
    no_farmland = np.ones(len(shop.fabric), bool)
    for parcels in shop.county.parcels[ZONE]:
        no_farmland[parcels] = not lines.farmland[parcels].any()
    name = templates.names("sandiao")
    wooded = _wild(shop) & (shop.layers[PARCEL]["DLBM"].iloc[: len(shop.fabric)] == "0301").to_numpy()
    special = lines.boundary == 430
    for role, chosen, values, field in (
        (PARCEL, _wild(shop), {"DLBM": "0308"}, "DLBM"),
        (PARCEL, wooded, {"DLMC": name["0305"]}, "DLMC"),
        (PARCEL, lines.hamlet, {"CZCSXM": "206"}, "CZCSXM"),
        (FIELD, _fields(shop), {"GDLX": "TD"}, "GDLX"),
        (FARM, _farmland(shop), {"GDPDJB": "6"}, "GDPDJB"),
        (ZONE, no_farmland & (lines.zone == 520), {"GHFQDM": "550"}, "GHFQDM"),
        (EDGE, special if special.any() else lines.boundary > 0, {"GHFQMC": "特殊用途区"}, "GHFQMC"),
    ):
        parcel, _ = shop.choose(chosen, around=False)
        row = shop.row(role, parcel)
        shop.change(role, row, **values)
        what = "a name that is not the code's" if field.endswith("MC") else "a code that is not in its list"
        shop.expect("ATT002", role, row, severity="WARNING", field=field, what=what)


def keys(shop: Workshop) -> None:
    for role, chosen, times in ((PARCEL, _wild(shop), 2), (FIELD, _fields(shop), 3)):
        rows = [shop.row(role, shop.choose(chosen, around=False)[0]) for _ in range(times)]
        for row in rows[1:]:
            shop.change(role, row, BSM=shop.key(role, rows[0]))
        shop.expect("ATT001", role, rows[0], field="BSM", what=f"one number for {times} rows")
    for role, chosen in ((PARCEL, _wild(shop)), (FIELD, _fields(shop))):
        row = shop.row(role, shop.choose(chosen, around=False)[0])
        shop.change(role, row, BSM=None)
        shop.expect("ATT001", role, row, field="BSM", what="a row without a number")


def missing_field(shop: Workshop) -> None:
    shop.layers[FIELD] = shop.layers[FIELD].drop(columns="KCMJ")
    shop.expect("SCH002", FIELD, field="KCMJ", what="a field that the net-area rule needs is missing")

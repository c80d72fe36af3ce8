# SPDX-License-Identifier: GPL-2.0-or-later
"""Planted conflicts between lines and zones. Each function makes one mistake and states everything it brings about.

Pieces are whole parcels, wedges (from a parcel's point to one of its edges) or blades (a thin triangle on one segment),
so what two rows share is known when it is made; only shapes drawn freely are cut with shapely.
"""

from __future__ import annotations

import numpy as np
import shapely

from tests.county import heritage, templates
from tests.county.workshop import EDGE, FARM, PARCEL, RED, ZONE, Workshop

#: Slope classes whose farmland has field ridges.
STEEP = ("3", "4", "5")


def plant(shop: Workshop) -> None:
    """Those with few possible places first."""
    filled_window(shop)
    boundary_over_farmland(shop)
    farmland_in_urban_zone(shop)
    red_line_over_farmland(shop)
    red_line_wedge(shop)
    red_line_blade(shop, thick=0.12)
    red_line_blade(shop, thick=None)
    red_line_speck(shop)
    farmland_in_forest_reserve(shop)
    boundary_drawn_freely(shop)
    red_line_in_town(shop)
    boundary_in_red_line(shop)
    protection_zone(shop)
    urban_zone(shop)
    large_farmland_outside(shop)
    farmland_reaches_into_wood(shop)


def moved(shop: Workshop, parcel: int, to: int) -> bool:
    """Takes a parcel out of its zone row and gives it to another one; False if either would fall apart."""
    source = shop.row(ZONE, parcel)
    piece = shop.fabric.polygons[parcel]
    grown, shrunk = shop.grown(ZONE, to, piece), shop.shrunk(ZONE, source, piece)
    if grown is None or shrunk is None:
        return False
    shop.reshape(ZONE, to, grown)
    shop.reshape(ZONE, source, shrunk)
    return True


def filled_window(shop: Workshop) -> None:
    """A 开天窗 was filled: the farmland in it is now inside the boundary."""

    def fits(parcel):
        (row,) = {shop.row(EDGE, n) for n in shop.fabric.neighbours(parcel)}
        full = shop.grown(EDGE, row, shop.fabric.polygons[parcel])
        return full is not None and (row, full)

    parcel, (row, full) = shop.choose(shop.lines.windows, fits)
    shop.reshape(EDGE, row, full)
    shape, what = shop.fabric.polygons[parcel], "a window (开天窗) of the boundary was filled"
    shop.expect_pair("REL002", (FARM, shop.row(FARM, parcel)), (EDGE, row), shape, what)
    shop.expect_line_outside("REL005", EDGE, row, shape, what)


def boundary_over_farmland(shop: Workshop) -> None:
    """The boundary swallows one farmland parcel whole and bites into the next."""
    lines, fabric = shop.lines, shop.fabric

    def fits(parcel):
        for town in shop.near(parcel, lines.boundary == 410):
            for other, edge in shop.near(parcel, shop.farmland).items():
                if shop.near(other, lines.boundary > 0):
                    continue
                bite = fabric.wedge(edge, other)
                piece = shapely.coverage_union_all([fabric.polygons[parcel], bite])
                row = shop.row(EDGE, town)
                if (grown := shop.grown(EDGE, row, piece)) is not None:
                    return row, other, bite, piece, grown
        return None

    parcel, (row, other, bite, piece, grown) = shop.choose(shop.farmland, fits)
    shop.taken.add(other)
    shop.reshape(EDGE, row, grown)
    what = "the boundary was drawn over farmland at the edge of a town"
    shop.expect_pair(
        "REL002", (FARM, shop.row(FARM, parcel)), (EDGE, row), fabric.polygons[parcel], what + ", parcel whole"
    )
    shop.expect_pair("REL002", (FARM, shop.row(FARM, other)), (EDGE, row), bite, what + ", parcel in part")
    shop.expect_line_outside("REL005", EDGE, row, piece, what)


def farmland_in_urban_zone(shop: Workshop) -> None:
    """A farmland parcel went into the urban zone, which thereby leaves the boundary."""
    lines = shop.lines

    def fits(parcel):
        for town in shop.near(parcel, lines.boundary > 0):
            zone = shop.row(ZONE, town)
            if moved(shop, parcel, zone):
                return (zone,)
        return None

    parcel, (zone,) = shop.choose(shop.farmland, fits)
    shape, what = shop.fabric.polygons[parcel], "a farmland parcel was put into the urban development zone"
    shop.expect_pair("REL006", (FARM, shop.row(FARM, parcel)), (ZONE, zone), shape, what)
    shop.expect_zone_outside("REL005", zone, EDGE, shape, what)


def _along_red_line(shop: Workshop, make):
    """A farmland parcel at the red line for which `make(parcel, row of the red line, edge)` gives something."""
    lines = shop.lines

    def fits(parcel):
        for reserve, edge in shop.near(parcel, lines.red).items():
            row = shop.row(RED, reserve)
            if (made := make(parcel, row, edge)) is not None:
                return row, made
        return None

    parcel, (row, made) = shop.choose(shop.farmland, fits)
    return parcel, row, made


def _red_grown(shop: Workshop, parcel: int, row: int, piece: shapely.Polygon, what: str) -> None:
    shop.expect_pair("REL001", (FARM, shop.row(FARM, parcel)), (RED, row), piece, what)
    shop.expect_line_outside("REL004", RED, row, piece, what)


def red_line_over_farmland(shop: Workshop) -> None:
    polygons = shop.fabric.polygons
    parcel, row, grown = _along_red_line(shop, lambda parcel, row, _: shop.grown(RED, row, polygons[parcel]))
    shop.reshape(RED, row, grown)
    _red_grown(shop, parcel, row, polygons[parcel], "the red line was drawn over a whole farmland parcel")


def red_line_wedge(shop: Workshop) -> None:
    def make(parcel, row, edge):
        piece = shop.fabric.wedge(edge, parcel)
        grown = shop.grown(RED, row, piece)
        return None if grown is None else (piece, grown)

    parcel, row, (piece, grown) = _along_red_line(shop, make)
    shop.reshape(RED, row, grown)
    _red_grown(shop, parcel, row, piece, "the red line cuts across a farmland parcel")


def red_line_blade(shop: Workshop, thick: float | None) -> None:
    lines = shop.lines

    def sides(parcel):
        for reserve, edge in shop.near(parcel, lines.red).items():
            yield edge, parcel, RED, shop.row(RED, reserve)

    parcel, _, row, piece = shop.choose_blade(shop.farmland, sides, thick)
    if thick is None:
        shop.ignore("REL001", FARM, piece)
        shop.ignore("REL004", ZONE, piece)
    else:
        _red_grown(shop, parcel, row, piece, "a hair-thin strip of farmland in the red line: narrow, but not small")


def red_line_speck(shop: Workshop) -> None:
    """Small but not narrow: not a sliver either."""
    parcel, _ = shop.choose(shop.farmland)
    x, y = np.round(shop.fabric.sites[parcel], 3)
    speck = shapely.box(x, y, x + 0.6, y + 0.6)
    row = shop.add(RED, speck)
    _red_grown(shop, parcel, row, speck, "a speck of red line in a field: small, but not narrow")


def farmland_in_forest_reserve(shop: Workshop) -> None:
    lines, fabric = shop.lines, shop.fabric
    inner = [
        n for n in np.flatnonzero(lines.red) if all(m < len(fabric) and lines.red[m] for m in fabric.neighbours(n))
    ]
    parcel, _ = shop.choose(inner)
    shape, area = fabric.polygons[parcel], float(lines.gross[parcel])
    values = {"YJJBNTTBMJ": area, "KCXS": 0.0, "KCMJ": 0.0, "YJJBNTMJ": area, "DLBM": "0103"}
    values |= {"DLMC": templates.names("sandiao")["0103"], "GDLX": "PD", "KCDLBM": None}
    row = shop.add(FARM, shape, **values)
    what = "farmland drawn on wooded land inside the red line"
    if shop.value(FARM, row, "GDPDJB") in STEEP:
        shop.expect("ATT019", FARM, row, severity="WARNING", field="KCXS", what="a slope without a deduction")
    shop.expect_pair("REL001", (FARM, row), (RED, shop.row(RED, parcel)), shape, what)
    shop.expect_pair("LAW010", (FARM, row), (PARCEL, shop.row(PARCEL, parcel)), shape, what, field="DLBM")
    shop.expect_if_large(row, shape, what)


def boundary_drawn_freely(shop: Workshop) -> None:
    """A new part of the boundary that follows no parcel edge, across farmland."""
    lines, fabric = shop.lines, shop.fabric

    def fits(parcel):
        for other, edge in shop.near(parcel, shop.farmland).items():
            node = fabric.points[fabric.edge_nodes[edge][0]]
            size = 0.33 * np.sqrt(min(lines.area[parcel], lines.area[other]))
            shape = heritage.blob(node, size, fabric.land.seed, 900)
            around = {parcel, other, *fabric.neighbours(parcel), *fabric.neighbours(other)}
            reached = [n for n in around if n < len(fabric) and shape.intersects(fabric.polygons[n])]
            covered = shapely.coverage_union_all(fabric.polygons[reached])
            free = lines.boundary[reached].max() == 0 and not lines.red[reached].any()
            if not free or (lines.zone[reached] // 100 == 4).any():
                continue
            fields = [n for n in reached if lines.farmland[n]]
            cut = [shapely.intersection(fabric.polygons[n], shape) for n in fields]
            tidy = all(c.geom_type == "Polygon" and c.area > 5 and 2 * c.area / c.length > 1 for c in cut)
            if tidy and covered.covers(shape) and not shop.taken & set(reached):
                shop.taken |= set(reached)
                return shape, fields, cut
        return None

    _, (shape, fields, cut) = shop.choose(shop.farmland, fits)
    row = shop.add(EDGE, shape, GHFQDM="420", GHFQMC=templates.names("planning_zones")["420"])
    what = "a part of the boundary was drawn freely across farmland"
    for parcel, piece in zip(fields, cut, strict=True):
        shop.expect_pair("REL002", (FARM, shop.row(FARM, parcel)), (EDGE, row), piece, what)
    shop.expect_line_outside("REL005", EDGE, row, shape, what)


def red_line_in_town(shop: Workshop) -> None:
    parcel, _ = shop.choose((shop.lines.boundary == 410) & ~shop.lines.windows)
    shape, what = shop.fabric.polygons[parcel], "a piece of red line inside the boundary"
    row = shop.add(RED, shape)
    shop.expect_pair("REL003", (RED, row), (EDGE, shop.row(EDGE, parcel)), shape, what)
    shop.expect_line_outside("REL004", RED, row, shape, what)


def boundary_in_red_line(shop: Workshop) -> None:
    lines, fabric = shop.lines, shop.fabric
    parcel, edges = shop.choose(lines.red, lambda parcel: list(shop.near(parcel, lines.red).values()))
    shape, what = fabric.wedge(edges[0], parcel), "a special-purpose part of the boundary inside the red line"
    row = shop.add(EDGE, shape, GHFQDM="430", GHFQMC=templates.names("planning_zones")["430"])
    shop.expect_pair("REL003", (RED, shop.row(RED, parcel)), (EDGE, row), shape, what)
    shop.expect_line_outside("REL005", EDGE, row, shape, what)


def _zone_swap(shop: Workshop, candidates: np.ndarray, takers: np.ndarray):
    """Moves one of the candidates into the zone row of a neighbour out of `takers`."""

    def fits(parcel):
        for other in shop.near(parcel, takers):
            zone = shop.row(ZONE, other)
            if moved(shop, parcel, zone):
                return (zone,)
        return None

    parcel, (zone,) = shop.choose(candidates, fits)
    return parcel, zone


def protection_zone(shop: Workshop) -> None:
    lines, polygons = shop.lines, shop.fabric.polygons
    parcel, _ = _zone_swap(shop, lines.red, shop.open_land)
    what = "the protection zone leaves out a parcel of the red line"
    shop.expect_line_outside("REL004", RED, shop.row(RED, parcel), polygons[parcel], what)
    parcel, zone = _zone_swap(shop, shop.open_land, lines.red)
    shop.expect_zone_outside("REL004", zone, RED, polygons[parcel], "the protection zone is wider than the red line")


def urban_zone(shop: Workshop) -> None:
    lines, polygons = shop.lines, shop.fabric.polygons
    parcel, _ = _zone_swap(shop, lines.boundary > 0, shop.open_land)
    what = "the urban zone leaves out a parcel of the boundary"
    shop.expect_line_outside("REL005", EDGE, shop.row(EDGE, parcel), polygons[parcel], what)
    parcel, zone = _zone_swap(shop, shop.open_land, lines.boundary > 0)
    shop.expect_zone_outside("REL005", zone, EDGE, polygons[parcel], "the urban zone is wider than the boundary")


def large_farmland_outside(shop: Workshop) -> None:
    lines = shop.lines
    large = shop.farmland & (lines.area > 105_000)
    if not large.any():
        return  # with many parcels none is large
    parcel, _ = _zone_swap(shop, large, shop.open_land)
    shape = shop.fabric.polygons[parcel]
    shop.expect_if_large(shop.row(FARM, parcel), shape, "a large farmland parcel outside the farmland zone")


def farmland_reaches_into_wood(shop: Workshop) -> None:
    lines, fabric = shop.lines, shop.fabric
    wood = shop.open_land & ~lines.farmed & ~lines.red

    def fits(parcel):
        for other, edge in shop.near(parcel, wood).items():
            piece = fabric.wedge(edge, other)
            grown = shop.grown(FARM, shop.row(FARM, parcel), piece)
            if grown is not None:
                return other, piece, grown
        return None

    parcel, (other, piece, grown) = shop.choose(shop.farmland, fits)
    shop.taken.add(other)
    row = shop.row(FARM, parcel)
    shop.reshape(FARM, row, grown)
    what = "a farmland parcel reaches into uncultivated land next door"
    shop.expect_pair("LAW010", (FARM, row), (PARCEL, shop.row(PARCEL, other)), piece, what, field="DLBM")
    shop.expect_if_large(row, piece, what)

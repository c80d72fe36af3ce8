# SPDX-License-Identifier: GPL-2.0-or-later
"""Planted faults of coverages: rows over each other, land in no zone, and what lies outside the county."""

from __future__ import annotations

import numpy as np
import shapely

from tests.county import heritage
from tests.county.workshop import COUNTY, EDGE, FARM, FIELD, HERITAGE, PARCEL, RED, TOWNSHIP, ZONE, Workshop


def overlaps(shop: Workshop) -> None:
    lines, fabric = shop.lines, shop.fabric

    parcel, _ = shop.choose(shop.wild, around=False)
    row = shop.row(PARCEL, parcel)
    twin = shop.add(PARCEL, fabric.polygons[parcel], like=row)
    shop.expect_pair("TOP001", (PARCEL, row), (PARCEL, twin), fabric.polygons[parcel], "the same parcel twice")

    parcel, _ = shop.choose(shop.farmland, around=False)
    row = shop.row(FARM, parcel)
    twin = shop.add(FARM, fabric.polygons[parcel], like=row)
    shop.expect_pair("TOP001", (FARM, row), (FARM, twin), fabric.polygons[parcel], "the same farmland twice")

    parcel, _ = shop.choose(shop.fields, around=False)
    row = shop.row(FIELD, parcel)
    part = shapely.Polygon(shop.core(parcel))
    inner = shop.add(FIELD, part, like=row)
    shop.expect_pair("TOP001", (FIELD, row), (FIELD, inner), part, "a parcel wholly inside another")

    parcel, edges = shop.choose(shop.wild, lambda parcel: list(shop.near(parcel, shop.wild).items()))
    other, edge = edges[0]
    shop.taken.add(other)
    piece, row = fabric.wedge(edge, other), shop.row(PARCEL, parcel)
    shop.reshape(PARCEL, row, shop.grown(PARCEL, row, piece))
    shop.expect_pair(
        "TOP001", (PARCEL, row), (PARCEL, shop.row(PARCEL, other)), piece, "a parcel reaches into its neighbour"
    )

    def sides(parcel):
        for other, edge in shop.near(parcel, shop.wild).items():
            yield edge, other, PARCEL, shop.row(PARCEL, parcel)

    *_, piece = shop.choose_blade(shop.wild, sides, None)
    shop.ignore("TOP001", PARCEL, piece)

    for role, label, what in (
        (TOWNSHIP, lines.township, "a village's land in two townships"),
        (ZONE, lines.zone, "a parcel in two zones"),
    ):

        def reached(parcel, role=role, label=label):
            for other in shop.near(parcel, (label != label[parcel]) & shop.open_land):
                row = shop.row(role, other)
                if grown := shop.grown(role, row, fabric.polygons[parcel]):
                    return row, grown
            return None

        parcel, (row, grown) = shop.choose(shop.open_land, reached)
        shop.reshape(role, row, grown)
        shop.expect_pair("TOP001", (role, row), (role, shop.row(role, parcel)), fabric.polygons[parcel], what)

    parcel, _ = shop.choose(lines.red)
    row = shop.row(RED, parcel)
    twin = shop.add(RED, fabric.polygons[parcel], like=row)
    shop.expect_pair("TOP001", (RED, row), (RED, twin), fabric.polygons[parcel], "a piece of red line drawn again")


def doubled_boundary(shop: Workshop) -> None:
    """A town's whole boundary is there twice: the totals, the ratio and the target break with it."""
    frame = shop.layers[EDGE]
    # A small town, but no splinter of one.
    row = int(frame.loc[(frame["GHFQDM"] == "410") & (frame["MJ"] > 500_000), "MJ"].idxmin())
    shop.taken |= set(shop.county.parcels[EDGE][row].tolist())
    shape = shop.shape(EDGE, row)
    twin = shop.add(EDGE, shape, like=row)
    shop.expect_pair("TOP001", (EDGE, row), (EDGE, twin), shape, "a part of the boundary is there twice")


def gaps(shop: Workshop) -> None:
    fabric, lines = shop.fabric, shop.lines

    def gap(shape, what):
        shop.expect("TOP002", ZONE, related_role=COUNTY, shape=shape, what=what)

    parcel, shrunk = shop.choose(shop.open_land, lambda p: shop.shrunk(ZONE, shop.row(ZONE, p), fabric.polygons[p]))
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

    def sides(parcel):
        for edge in shop.near(parcel, shop.open_land & (lines.zone != lines.zone[parcel])).values():
            yield edge, parcel, ZONE, shop.row(ZONE, parcel)

    *_, piece = shop.choose_blade(shop.open_land, sides, 0.12)
    gap(piece, "a hair-thin gap between zones: narrow, but not small")
    *_, piece = shop.choose_blade(shop.open_land, sides, None)
    shop.ignore("TOP002", ZONE, piece)


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
        if role == TOWNSHIP:
            shop.expect(
                "TOP006", role, row, related_role=PARCEL, shape=piece, what="a township without parcels at its edge"
            )

    def wall(parcel):
        node = fabric.points[fabric.edge_nodes[border_edge(parcel)[0]][0]]
        shape = heritage.blob(node, 60, fabric.land.seed, 902)
        parts = shapely.get_parts(shapely.difference(shape, county))
        return all(part.area > 20 and 2 * part.area / part.length > 1 for part in parts) and (shape, parts)

    _, (shape, parts) = shop.choose(at_border, wall)
    row = shop.add(HERITAGE, shape, MC="长城敌楼保护范围")
    for part in parts:
        beyond(HERITAGE, row, part, "a protected site lies across the county border")

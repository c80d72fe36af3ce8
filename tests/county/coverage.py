# SPDX-License-Identifier: GPL-2.0-or-later
"""Planted defects of layers that should tile an area.

They are overlapping rows, land without a zone, and rows outside the county.
"""

from __future__ import annotations

import numpy as np
import shapely

from tests.county import heritage
from tests.county.defect_editor import COUNTY, EDGE, FARM, FIELD, HERITAGE, PARCEL, RED, TOWNSHIP, ZONE, DefectEditor


def plant_overlaps(editor: DefectEditor) -> None:
    """Plant a copied parcel and overlaps of neighbouring rows, large and below the sliver limits."""
    lines, fabric = editor.lines, editor.fabric

    parcel, _ = editor.choose(editor.wild, around=False)
    row = editor.row(PARCEL, parcel)
    copy = editor.add(PARCEL, fabric.polygons[parcel], like=row)
    editor.expect_pair("TOP001", (PARCEL, row), (PARCEL, copy), fabric.polygons[parcel], "the same parcel twice")

    parcel, _ = editor.choose(editor.farmland, around=False)
    row = editor.row(FARM, parcel)
    copy = editor.add(FARM, fabric.polygons[parcel], like=row)
    editor.expect_pair("TOP001", (FARM, row), (FARM, copy), fabric.polygons[parcel], "the same farmland twice")

    parcel, _ = editor.choose(editor.fields, around=False)
    row = editor.row(FIELD, parcel)
    part = shapely.Polygon(editor.make_inner_ring(parcel))
    inner = editor.add(FIELD, part, like=row)
    editor.expect_pair("TOP001", (FIELD, row), (FIELD, inner), part, "a parcel wholly inside another")

    parcel, edges = editor.choose(
        editor.wild, lambda parcel: list(editor.list_near_parcels(parcel, editor.wild).items())
    )
    other, edge = edges[0]
    editor.taken.add(other)
    piece, row = fabric.wedge(edge, other), editor.row(PARCEL, parcel)
    editor.reshape(PARCEL, row, editor.extend_shape(PARCEL, row, piece))
    editor.expect_pair(
        "TOP001", (PARCEL, row), (PARCEL, editor.row(PARCEL, other)), piece, "a parcel reaches into its neighbour"
    )

    def sides(parcel):
        for other, edge in editor.list_near_parcels(parcel, editor.wild).items():
            yield edge, other, PARCEL, editor.row(PARCEL, parcel)

    *_, piece = editor.choose_thin_triangle(editor.wild, sides, None)
    editor.ignore("TOP001", PARCEL, piece)

    for role, label, what in (
        (TOWNSHIP, lines.township, "a village's land in two townships"),
        (ZONE, lines.zone, "a parcel in two zones"),
    ):

        def reached(parcel, role=role, label=label):
            for other in editor.list_near_parcels(parcel, (label != label[parcel]) & editor.open_land):
                row = editor.row(role, other)
                if grown := editor.extend_shape(role, row, fabric.polygons[parcel]):
                    return row, grown
            return None

        parcel, (row, grown) = editor.choose(editor.open_land, reached)
        editor.reshape(role, row, grown)
        editor.expect_pair("TOP001", (role, row), (role, editor.row(role, parcel)), fabric.polygons[parcel], what)

    parcel, _ = editor.choose(lines.red_line)
    row = editor.row(RED, parcel)
    copy = editor.add(RED, fabric.polygons[parcel], like=row)
    editor.expect_pair("TOP001", (RED, row), (RED, copy), fabric.polygons[parcel], "a piece of red line drawn again")


def plant_doubled_boundary(editor: DefectEditor) -> None:
    """Duplicate the development boundary of a town.

    This also breaks totals, the expansion ratio and a target.
    """
    frame = editor.layers[EDGE]
    # A small town, but not a splinter.
    row = int(frame.loc[(frame["GHFQDM"] == "410") & (frame["MJ"] > 500_000), "MJ"].idxmin())
    editor.taken |= set(editor.county.parcels[EDGE][row].tolist())
    shape = editor.shape(EDGE, row)
    copy = editor.add(EDGE, shape, like=row)
    editor.expect_pair("TOP001", (EDGE, row), (EDGE, copy), shape, "a part of the boundary is there twice")


def plant_gaps(editor: DefectEditor) -> None:
    """Plant land that no zone covers: a missing zone row and gaps between zones."""
    fabric, lines = editor.fabric, editor.lines

    def plant_gap(shape, what):
        editor.expect("TOP002", ZONE, related_role=COUNTY, shape=shape, what=what)

    parcel, shrunk = editor.choose(
        editor.open_land, lambda p: editor.reduce_shape(ZONE, editor.row(ZONE, p), fabric.polygons[p])
    )
    editor.reshape(ZONE, editor.row(ZONE, parcel), shrunk)
    plant_gap(fabric.polygons[parcel], "a parcel in no zone")

    def whole(parcel):
        parcels = set(editor.county.parcels[ZONE][editor.row(ZONE, parcel)].tolist())
        return len(parcels) < 4 and not parcels & editor.taken and parcels

    parcel, parcels = editor.choose(lines.village_land & (lines.zone == 510), whole)
    editor.taken |= parcels
    row = editor.row(ZONE, parcel)
    plant_gap(editor.shape(ZONE, row), "a village left out of the zones")
    editor.drop_row(ZONE, row)

    def sides(parcel):
        for edge in editor.list_near_parcels(parcel, editor.open_land & (lines.zone != lines.zone[parcel])).values():
            yield edge, parcel, ZONE, editor.row(ZONE, parcel)

    *_, piece = editor.choose_thin_triangle(editor.open_land, sides, 0.12)
    plant_gap(piece, "a hair-thin gap between zones: narrow, but not small")
    *_, piece = editor.choose_thin_triangle(editor.open_land, sides, None)
    editor.ignore("TOP002", ZONE, piece)


def plant_rows_outside_the_county(editor: DefectEditor) -> None:
    """Plant rows that reach over the county's border."""
    fabric, count = editor.fabric, len(editor.fabric)
    at_border = np.zeros(count, bool)
    cells = fabric.edge_cells[fabric.border_edges]
    at_border[cells[cells < count]] = True
    county = editor.shape(COUNTY, 0)

    def beyond(role, row, shape, what):
        editor.expect("TOP003", role, row, related_role=COUNTY, shape=shape, what=what)

    def border_edge(parcel):
        return [edge for other, edge in fabric.neighbours(parcel).items() if other >= count]

    parcel, edges = editor.choose(at_border, border_edge)
    middle = fabric.chain(edges[0]).mean(axis=0)
    away = middle - county.centroid.coords[0]
    shape = heritage.make_round_polygon(middle + 1200 * away / np.hypot(*away), 150, fabric.land.seed, 901)
    if shape.intersects(county):
        raise ValueError("the parcel outside is not outside; use another seed")
    row = editor.add(PARCEL, shape, like=editor.row(PARCEL, parcel))
    beyond(PARCEL, row, shape, "a parcel wholly outside the county")

    for role, what in (
        (PARCEL, "a parcel reaches over the county border"),
        (TOWNSHIP, "a township reaches over the county border"),
    ):

        def reaching(parcel, role=role):
            edge = border_edge(parcel)[0]
            piece = fabric.wedge(edge, fabric.other_side(edge, parcel))
            grown = editor.extend_shape(role, editor.row(role, parcel), piece)
            return piece.is_valid and not piece.intersection(county).area and grown and (piece, grown)

        parcel, (piece, grown) = editor.choose(at_border, reaching)
        row = editor.row(role, parcel)
        editor.reshape(role, row, grown)
        beyond(role, row, piece, what)
        if role == TOWNSHIP:
            editor.expect(
                "TOP006", role, row, related_role=PARCEL, shape=piece, what="a township without parcels at its edge"
            )

    def make_wall_shape(parcel):
        node = fabric.points[fabric.edge_nodes[border_edge(parcel)[0]][0]]
        shape = heritage.make_round_polygon(node, 60, fabric.land.seed, 902)
        parts = shapely.get_parts(shapely.difference(shape, county))
        return all(part.area > 20 and 2 * part.area / part.length > 1 for part in parts) and (shape, parts)

    _, (shape, parts) = editor.choose(at_border, make_wall_shape)
    row = editor.add(HERITAGE, shape, MC="长城敌楼保护范围")
    for part in parts:
        beyond(HERITAGE, row, part, "a protected site lies across the county border")

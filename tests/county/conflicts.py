# SPDX-License-Identifier: GPL-2.0-or-later
"""Planted conflicts between control lines and zones, with the expected findings.

The shared land is a whole parcel, a triangle between a parcel's point and one of its edges, or a thin triangle on one
segment. Its area is therefore known. Only freely drawn shapes are intersected with shapely.
"""

from __future__ import annotations

import numpy as np
import shapely

from tests.county import heritage, templates
from tests.county.defect_editor import EDGE, FARM, PARCEL, RED, ZONE, DefectEditor

#: Slope classes whose farmland has field ridges.
STEEP_SLOPE_CLASSES = ("3", "4", "5")


def plant_conflicts(editor: DefectEditor) -> None:
    """Plant all conflicts, beginning with those that fit in few places."""
    plant_filled_window(editor)
    plant_boundary_over_farmland(editor)
    plant_farmland_in_urban_zone(editor)
    plant_red_line_over_farmland(editor)
    plant_red_line_wedge(editor)
    plant_thin_red_line_triangle(editor, thick=0.12)
    plant_thin_red_line_triangle(editor, thick=None)
    plant_small_red_line_part(editor)
    plant_farmland_in_forest_reserve(editor)
    plant_boundary_off_parcel_edges(editor)
    plant_red_line_in_town(editor)
    plant_boundary_in_red_line(editor)
    plant_protection_zone_off_red_line(editor)
    plant_urban_zone_off_boundary(editor)
    plant_large_farmland_outside_zone(editor)
    plant_farmland_reaching_into_wood(editor)


def move_parcel_to_zone(editor: DefectEditor, parcel: int, to: int) -> bool:
    """Move a parcel to another zone row; return False if a row would fall apart."""
    source = editor.row(ZONE, parcel)
    piece = editor.fabric.polygons[parcel]
    grown, shrunk = editor.extend_shape(ZONE, to, piece), editor.reduce_shape(ZONE, source, piece)
    if grown is None or shrunk is None:
        return False
    editor.reshape(ZONE, to, grown)
    editor.reshape(ZONE, source, shrunk)
    return True


def plant_filled_window(editor: DefectEditor) -> None:
    """Fill a hole (开天窗) of the boundary, so that its farmland is inside."""

    def fits(parcel):
        rows = {editor.row(EDGE, n) for n in editor.fabric.neighbours(parcel)}
        if len(rows) > 1:
            # A window at the edge of the boundary.
            return None
        (row,) = rows
        full = editor.extend_shape(EDGE, row, editor.fabric.polygons[parcel])
        return full is not None and (row, full)

    parcel, (row, full) = editor.choose(editor.lines.boundary_windows, fits)
    editor.reshape(EDGE, row, full)
    shape, what = editor.fabric.polygons[parcel], "a window (开天窗) of the boundary was filled"
    editor.expect_pair("REL002", (FARM, editor.row(FARM, parcel)), (EDGE, row), shape, what)
    editor.expect_line_outside("REL005", EDGE, row, shape, what)


def plant_boundary_over_farmland(editor: DefectEditor) -> None:
    """Extend the development boundary over a farmland parcel and part of the next."""
    lines, fabric = editor.lines, editor.fabric

    def fits(parcel):
        for town in editor.list_near_parcels(parcel, lines.boundary == 410):
            for other, edge in editor.list_near_parcels(parcel, editor.farmland).items():
                if editor.list_near_parcels(other, lines.boundary > 0):
                    continue
                bite = fabric.wedge(edge, other)
                piece = shapely.coverage_union_all([fabric.polygons[parcel], bite])
                row = editor.row(EDGE, town)
                if (grown := editor.extend_shape(EDGE, row, piece)) is not None:
                    return row, other, bite, piece, grown
        return None

    parcel, (row, other, bite, piece, grown) = editor.choose(editor.farmland, fits)
    editor.taken.add(other)
    editor.reshape(EDGE, row, grown)
    what = "the boundary was drawn over farmland at the edge of a town"
    editor.expect_pair(
        "REL002", (FARM, editor.row(FARM, parcel)), (EDGE, row), fabric.polygons[parcel], what + ", parcel whole"
    )
    editor.expect_pair("REL002", (FARM, editor.row(FARM, other)), (EDGE, row), bite, what + ", parcel in part")
    editor.expect_line_outside("REL005", EDGE, row, piece, what)


def plant_farmland_in_urban_zone(editor: DefectEditor) -> None:
    """Move farmland into the urban zone, which then exceeds the boundary."""
    lines = editor.lines

    def fits(parcel):
        for town in editor.list_near_parcels(parcel, lines.boundary > 0):
            zone = editor.row(ZONE, town)
            if move_parcel_to_zone(editor, parcel, zone):
                return (zone,)
        return None

    parcel, (zone,) = editor.choose(editor.farmland, fits)
    shape, what = editor.fabric.polygons[parcel], "a farmland parcel was put into the urban development zone"
    editor.expect_pair("REL006", (FARM, editor.row(FARM, parcel)), (ZONE, zone), shape, what)
    editor.expect_zone_outside("REL005", zone, EDGE, shape, what)


def _choose_field_at_red_line(editor: DefectEditor, make):
    """Choose a farmland parcel at the red line for which a shape can be made.

    ``make(parcel, row of the red line, edge)`` returns the shape or None.
    """
    lines = editor.lines

    def fits(parcel):
        for reserve, edge in editor.list_near_parcels(parcel, lines.red_line).items():
            row = editor.row(RED, reserve)
            if (made := make(parcel, row, edge)) is not None:
                return row, made
        return None

    parcel, (row, made) = editor.choose(editor.farmland, fits)
    return parcel, row, made


def _expect_red_line_on_farmland(
    editor: DefectEditor, parcel: int, row: int, piece: shapely.Polygon, what: str
) -> None:
    """Record the findings on a part of the red line that covers a farmland row."""
    editor.expect_pair("REL001", (FARM, editor.row(FARM, parcel)), (RED, row), piece, what)
    editor.expect_line_outside("REL004", RED, row, piece, what)


def plant_red_line_over_farmland(editor: DefectEditor) -> None:
    polygons = editor.fabric.polygons
    parcel, row, grown = _choose_field_at_red_line(
        editor, lambda parcel, row, _: editor.extend_shape(RED, row, polygons[parcel])
    )
    editor.reshape(RED, row, grown)
    _expect_red_line_on_farmland(
        editor, parcel, row, polygons[parcel], "the red line was drawn over a whole farmland parcel"
    )


def plant_red_line_wedge(editor: DefectEditor) -> None:
    def make(parcel, row, edge):
        piece = editor.fabric.wedge(edge, parcel)
        grown = editor.extend_shape(RED, row, piece)
        return None if grown is None else (piece, grown)

    parcel, row, (piece, grown) = _choose_field_at_red_line(editor, make)
    editor.reshape(RED, row, grown)
    _expect_red_line_on_farmland(editor, parcel, row, piece, "the red line cuts across a farmland parcel")


def plant_thin_red_line_triangle(editor: DefectEditor, thick: float | None) -> None:
    lines = editor.lines

    def sides(parcel):
        for reserve, edge in editor.list_near_parcels(parcel, lines.red_line).items():
            yield edge, parcel, RED, editor.row(RED, reserve)

    parcel, _, row, piece = editor.choose_thin_triangle(editor.farmland, sides, thick)
    if thick is None:
        editor.ignore("REL001", FARM, piece)
        editor.ignore("REL004", ZONE, piece)
    else:
        _expect_red_line_on_farmland(
            editor, parcel, row, piece, "a hair-thin strip of farmland in the red line: narrow, but not small"
        )


def plant_small_red_line_part(editor: DefectEditor) -> None:
    """Add a small square of red line, too wide to be ignored as a sliver."""
    parcel, _ = editor.choose(editor.farmland)
    x, y = np.round(editor.fabric.sites[parcel], 3)
    speck = shapely.box(x, y, x + 0.6, y + 0.6)
    row = editor.add(RED, speck)
    _expect_red_line_on_farmland(editor, parcel, row, speck, "a speck of red line in a field: small, but not narrow")


def plant_farmland_in_forest_reserve(editor: DefectEditor) -> None:
    lines, fabric = editor.lines, editor.fabric
    inner = [
        n
        for n in np.flatnonzero(lines.red_line)
        if all(m < len(fabric) and lines.red_line[m] for m in fabric.neighbours(n))
    ]
    parcel, _ = editor.choose(inner)
    shape, area = fabric.polygons[parcel], float(lines.gross_area[parcel])
    values = {"YJJBNTTBMJ": area, "KCXS": 0.0, "KCMJ": 0.0, "YJJBNTMJ": area, "DLBM": "0103"}
    values |= {"DLMC": templates.read_code_names("sandiao")["0103"], "GDLX": "PD", "KCDLBM": None}
    row = editor.add(FARM, shape, **values)
    what = "farmland drawn on wooded land inside the red line"
    if editor.value(FARM, row, "GDPDJB") in STEEP_SLOPE_CLASSES:
        editor.expect("ATT019", FARM, row, severity="WARNING", field="KCXS", what="a slope without a deduction")
    editor.expect_pair("REL001", (FARM, row), (RED, editor.row(RED, parcel)), shape, what)
    editor.expect_pair("LAW010", (FARM, row), (PARCEL, editor.row(PARCEL, parcel)), shape, what, field="DLBM")
    editor.expect_if_large(row, shape, what)


def plant_boundary_off_parcel_edges(editor: DefectEditor) -> None:
    """Add boundary across farmland with edges that follow no parcel edge."""
    lines, fabric = editor.lines, editor.fabric

    def fits(parcel):
        for other, edge in editor.list_near_parcels(parcel, editor.farmland).items():
            node = fabric.points[fabric.edge_nodes[edge][0]]
            size = 0.33 * np.sqrt(min(lines.area[parcel], lines.area[other]))
            shape = heritage.make_round_polygon(node, size, fabric.land.seed, 900)
            around = {parcel, other, *fabric.neighbours(parcel), *fabric.neighbours(other)}
            reached = [n for n in around if n < len(fabric) and shape.intersects(fabric.polygons[n])]
            covered = shapely.coverage_union_all(fabric.polygons[reached])
            free = lines.boundary[reached].max() == 0 and not lines.red_line[reached].any()
            if not free or (lines.zone[reached] // 100 == 4).any():
                continue
            fields = [n for n in reached if lines.farmland[n]]
            cut = [shapely.intersection(fabric.polygons[n], shape) for n in fields]
            tidy = all(c.geom_type == "Polygon" and c.area > 5 and 2 * c.area / c.length > 1 for c in cut)
            if tidy and covered.covers(shape) and not editor.taken & set(reached):
                editor.taken |= set(reached)
                return shape, fields, cut
        return None

    _, (shape, fields, cut) = editor.choose(editor.farmland, fits)
    row = editor.add(EDGE, shape, GHFQDM="420", GHFQMC=templates.read_code_names("planning_zones")["420"])
    what = "a part of the boundary was drawn freely across farmland"
    for parcel, piece in zip(fields, cut, strict=True):
        editor.expect_pair("REL002", (FARM, editor.row(FARM, parcel)), (EDGE, row), piece, what)
    editor.expect_line_outside("REL005", EDGE, row, shape, what)


def plant_red_line_in_town(editor: DefectEditor) -> None:
    parcel, _ = editor.choose((editor.lines.boundary == 410) & ~editor.lines.boundary_windows)
    shape, what = editor.fabric.polygons[parcel], "a piece of red line inside the boundary"
    row = editor.add(RED, shape)
    editor.expect_pair("REL003", (RED, row), (EDGE, editor.row(EDGE, parcel)), shape, what)
    editor.expect_line_outside("REL004", RED, row, shape, what)


def plant_boundary_in_red_line(editor: DefectEditor) -> None:
    lines, fabric = editor.lines, editor.fabric
    parcel, edges = editor.choose(
        lines.red_line, lambda parcel: list(editor.list_near_parcels(parcel, lines.red_line).values())
    )
    shape, what = fabric.wedge(edges[0], parcel), "a special-purpose part of the boundary inside the red line"
    row = editor.add(EDGE, shape, GHFQDM="430", GHFQMC=templates.read_code_names("planning_zones")["430"])
    editor.expect_pair("REL003", (RED, editor.row(RED, parcel)), (EDGE, row), shape, what)
    editor.expect_line_outside("REL005", EDGE, row, shape, what)


def _swap_zone(editor: DefectEditor, candidates: np.ndarray, takers: np.ndarray):
    """Move a candidate parcel into the zone row of a neighbour among ``takers``."""

    def fits(parcel):
        for other in editor.list_near_parcels(parcel, takers):
            zone = editor.row(ZONE, other)
            if move_parcel_to_zone(editor, parcel, zone):
                return (zone,)
        return None

    parcel, (zone,) = editor.choose(candidates, fits)
    return parcel, zone


def plant_protection_zone_off_red_line(editor: DefectEditor) -> None:
    lines, polygons = editor.lines, editor.fabric.polygons
    parcel, _ = _swap_zone(editor, lines.red_line, editor.open_land)
    what = "the protection zone leaves out a parcel of the red line"
    editor.expect_line_outside("REL004", RED, editor.row(RED, parcel), polygons[parcel], what)
    parcel, zone = _swap_zone(editor, editor.open_land, lines.red_line)
    editor.expect_zone_outside("REL004", zone, RED, polygons[parcel], "the protection zone is wider than the red line")


def plant_urban_zone_off_boundary(editor: DefectEditor) -> None:
    lines, polygons = editor.lines, editor.fabric.polygons
    parcel, _ = _swap_zone(editor, lines.boundary > 0, editor.open_land)
    what = "the urban zone leaves out a parcel of the boundary"
    editor.expect_line_outside("REL005", EDGE, editor.row(EDGE, parcel), polygons[parcel], what)
    parcel, zone = _swap_zone(editor, editor.open_land, lines.boundary > 0)
    editor.expect_zone_outside("REL005", zone, EDGE, polygons[parcel], "the urban zone is wider than the boundary")


def plant_large_farmland_outside_zone(editor: DefectEditor) -> None:
    large = editor.farmland & (editor.lines.area > 105_000)
    if not large.any():
        return  # with many parcels all are small
    parcel, _ = _swap_zone(editor, large, editor.open_land)
    shape = editor.fabric.polygons[parcel]
    editor.expect_if_large(editor.row(FARM, parcel), shape, "a large farmland parcel outside the farmland zone")


def plant_farmland_reaching_into_wood(editor: DefectEditor) -> None:
    lines, fabric = editor.lines, editor.fabric
    wood = editor.open_land & ~lines.ploughed_land & ~lines.red_line

    def fits(parcel):
        for other, edge in editor.list_near_parcels(parcel, wood).items():
            piece = fabric.wedge(edge, other)
            grown = editor.extend_shape(FARM, editor.row(FARM, parcel), piece)
            if grown is not None:
                return other, piece, grown
        return None

    parcel, (other, piece, grown) = editor.choose(editor.farmland, fits)
    editor.taken.add(other)
    row = editor.row(FARM, parcel)
    editor.reshape(FARM, row, grown)
    what = "a farmland parcel reaches into uncultivated land next door"
    editor.expect_pair("LAW010", (FARM, row), (PARCEL, editor.row(PARCEL, other)), piece, what, field="DLBM")
    editor.expect_if_large(row, piece, what)

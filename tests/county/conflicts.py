# SPDX-License-Identifier: GPL-2.0-or-later
"""Conflicts between lines and zones; each function makes one and declares all expected findings.

Pieces are whole parcels, wedges (from a parcel's point to one of its edges) or blades (a thin triangle on one segment), so
that shared areas are known; only freely drawn shapes are intersected with shapely.
"""

from __future__ import annotations

import numpy as np
import shapely

from tests.county import heritage, templates
from tests.county.defect_editor import EDGE, FARM, PARCEL, RED, ZONE, DefectEditor

#: Slope classes whose farmland has field ridges.
STEEP = ("3", "4", "5")


def plant_conflicts(editor: DefectEditor) -> None:
    """Make all conflicts, those with few possible places first."""
    filled_window(editor)
    boundary_over_farmland(editor)
    farmland_in_urban_zone(editor)
    red_line_over_farmland(editor)
    red_line_wedge(editor)
    red_line_blade(editor, thick=0.12)
    red_line_blade(editor, thick=None)
    red_line_speck(editor)
    farmland_in_forest_reserve(editor)
    boundary_drawn_freely(editor)
    red_line_in_town(editor)
    boundary_in_red_line(editor)
    protection_zone(editor)
    urban_zone(editor)
    large_farmland_outside(editor)
    farmland_reaches_into_wood(editor)


def moved(editor: DefectEditor, parcel: int, to: int) -> bool:
    """Move a parcel to another zone row; return False if one of the rows would become two parts."""
    source = editor.row(ZONE, parcel)
    piece = editor.fabric.polygons[parcel]
    grown, shrunk = editor.grown(ZONE, to, piece), editor.shrunk(ZONE, source, piece)
    if grown is None or shrunk is None:
        return False
    editor.reshape(ZONE, to, grown)
    editor.reshape(ZONE, source, shrunk)
    return True


def filled_window(editor: DefectEditor) -> None:
    """Fill a 开天窗, so that its farmland is inside the boundary."""

    def fits(parcel):
        (row,) = {editor.row(EDGE, n) for n in editor.fabric.neighbours(parcel)}
        full = editor.grown(EDGE, row, editor.fabric.polygons[parcel])
        return full is not None and (row, full)

    parcel, (row, full) = editor.choose(editor.lines.windows, fits)
    editor.reshape(EDGE, row, full)
    shape, what = editor.fabric.polygons[parcel], "a window (开天窗) of the boundary was filled"
    editor.expect_pair("REL002", (FARM, editor.row(FARM, parcel)), (EDGE, row), shape, what)
    editor.expect_line_outside("REL005", EDGE, row, shape, what)


def boundary_over_farmland(editor: DefectEditor) -> None:
    """Extend the boundary over a farmland parcel and a part of the next."""
    lines, fabric = editor.lines, editor.fabric

    def fits(parcel):
        for town in editor.near(parcel, lines.boundary == 410):
            for other, edge in editor.near(parcel, editor.farmland).items():
                if editor.near(other, lines.boundary > 0):
                    continue
                bite = fabric.wedge(edge, other)
                piece = shapely.coverage_union_all([fabric.polygons[parcel], bite])
                row = editor.row(EDGE, town)
                if (grown := editor.grown(EDGE, row, piece)) is not None:
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


def farmland_in_urban_zone(editor: DefectEditor) -> None:
    """Move a farmland parcel into the urban zone, which then exceeds the boundary."""
    lines = editor.lines

    def fits(parcel):
        for town in editor.near(parcel, lines.boundary > 0):
            zone = editor.row(ZONE, town)
            if moved(editor, parcel, zone):
                return (zone,)
        return None

    parcel, (zone,) = editor.choose(editor.farmland, fits)
    shape, what = editor.fabric.polygons[parcel], "a farmland parcel was put into the urban development zone"
    editor.expect_pair("REL006", (FARM, editor.row(FARM, parcel)), (ZONE, zone), shape, what)
    editor.expect_zone_outside("REL005", zone, EDGE, shape, what)


def _along_red_line(editor: DefectEditor, make):
    """Choose a farmland parcel at the red line with a result of `make(parcel, row of the red line, edge)`."""
    lines = editor.lines

    def fits(parcel):
        for reserve, edge in editor.near(parcel, lines.red).items():
            row = editor.row(RED, reserve)
            if (made := make(parcel, row, edge)) is not None:
                return row, made
        return None

    parcel, (row, made) = editor.choose(editor.farmland, fits)
    return parcel, row, made


def _red_grown(editor: DefectEditor, parcel: int, row: int, piece: shapely.Polygon, what: str) -> None:
    editor.expect_pair("REL001", (FARM, editor.row(FARM, parcel)), (RED, row), piece, what)
    editor.expect_line_outside("REL004", RED, row, piece, what)


def red_line_over_farmland(editor: DefectEditor) -> None:
    polygons = editor.fabric.polygons
    parcel, row, grown = _along_red_line(editor, lambda parcel, row, _: editor.grown(RED, row, polygons[parcel]))
    editor.reshape(RED, row, grown)
    _red_grown(editor, parcel, row, polygons[parcel], "the red line was drawn over a whole farmland parcel")


def red_line_wedge(editor: DefectEditor) -> None:
    def make(parcel, row, edge):
        piece = editor.fabric.wedge(edge, parcel)
        grown = editor.grown(RED, row, piece)
        return None if grown is None else (piece, grown)

    parcel, row, (piece, grown) = _along_red_line(editor, make)
    editor.reshape(RED, row, grown)
    _red_grown(editor, parcel, row, piece, "the red line cuts across a farmland parcel")


def red_line_blade(editor: DefectEditor, thick: float | None) -> None:
    lines = editor.lines

    def sides(parcel):
        for reserve, edge in editor.near(parcel, lines.red).items():
            yield edge, parcel, RED, editor.row(RED, reserve)

    parcel, _, row, piece = editor.choose_blade(editor.farmland, sides, thick)
    if thick is None:
        editor.ignore("REL001", FARM, piece)
        editor.ignore("REL004", ZONE, piece)
    else:
        _red_grown(editor, parcel, row, piece, "a hair-thin strip of farmland in the red line: narrow, but not small")


def red_line_speck(editor: DefectEditor) -> None:
    """Add a small part of red line that is not narrow, hence not a sliver."""
    parcel, _ = editor.choose(editor.farmland)
    x, y = np.round(editor.fabric.sites[parcel], 3)
    speck = shapely.box(x, y, x + 0.6, y + 0.6)
    row = editor.add(RED, speck)
    _red_grown(editor, parcel, row, speck, "a speck of red line in a field: small, but not narrow")


def farmland_in_forest_reserve(editor: DefectEditor) -> None:
    lines, fabric = editor.lines, editor.fabric
    inner = [
        n for n in np.flatnonzero(lines.red) if all(m < len(fabric) and lines.red[m] for m in fabric.neighbours(n))
    ]
    parcel, _ = editor.choose(inner)
    shape, area = fabric.polygons[parcel], float(lines.gross[parcel])
    values = {"YJJBNTTBMJ": area, "KCXS": 0.0, "KCMJ": 0.0, "YJJBNTMJ": area, "DLBM": "0103"}
    values |= {"DLMC": templates.names("sandiao")["0103"], "GDLX": "PD", "KCDLBM": None}
    row = editor.add(FARM, shape, **values)
    what = "farmland drawn on wooded land inside the red line"
    if editor.value(FARM, row, "GDPDJB") in STEEP:
        editor.expect("ATT019", FARM, row, severity="WARNING", field="KCXS", what="a slope without a deduction")
    editor.expect_pair("REL001", (FARM, row), (RED, editor.row(RED, parcel)), shape, what)
    editor.expect_pair("LAW010", (FARM, row), (PARCEL, editor.row(PARCEL, parcel)), shape, what, field="DLBM")
    editor.expect_if_large(row, shape, what)


def boundary_drawn_freely(editor: DefectEditor) -> None:
    """Add a part of the boundary across farmland that follows no parcel edge."""
    lines, fabric = editor.lines, editor.fabric

    def fits(parcel):
        for other, edge in editor.near(parcel, editor.farmland).items():
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
            if tidy and covered.covers(shape) and not editor.taken & set(reached):
                editor.taken |= set(reached)
                return shape, fields, cut
        return None

    _, (shape, fields, cut) = editor.choose(editor.farmland, fits)
    row = editor.add(EDGE, shape, GHFQDM="420", GHFQMC=templates.names("planning_zones")["420"])
    what = "a part of the boundary was drawn freely across farmland"
    for parcel, piece in zip(fields, cut, strict=True):
        editor.expect_pair("REL002", (FARM, editor.row(FARM, parcel)), (EDGE, row), piece, what)
    editor.expect_line_outside("REL005", EDGE, row, shape, what)


def red_line_in_town(editor: DefectEditor) -> None:
    parcel, _ = editor.choose((editor.lines.boundary == 410) & ~editor.lines.windows)
    shape, what = editor.fabric.polygons[parcel], "a piece of red line inside the boundary"
    row = editor.add(RED, shape)
    editor.expect_pair("REL003", (RED, row), (EDGE, editor.row(EDGE, parcel)), shape, what)
    editor.expect_line_outside("REL004", RED, row, shape, what)


def boundary_in_red_line(editor: DefectEditor) -> None:
    lines, fabric = editor.lines, editor.fabric
    parcel, edges = editor.choose(lines.red, lambda parcel: list(editor.near(parcel, lines.red).values()))
    shape, what = fabric.wedge(edges[0], parcel), "a special-purpose part of the boundary inside the red line"
    row = editor.add(EDGE, shape, GHFQDM="430", GHFQMC=templates.names("planning_zones")["430"])
    editor.expect_pair("REL003", (RED, editor.row(RED, parcel)), (EDGE, row), shape, what)
    editor.expect_line_outside("REL005", EDGE, row, shape, what)


def _zone_swap(editor: DefectEditor, candidates: np.ndarray, takers: np.ndarray):
    """Move one of the candidates into the zone row of a neighbour among `takers`."""

    def fits(parcel):
        for other in editor.near(parcel, takers):
            zone = editor.row(ZONE, other)
            if moved(editor, parcel, zone):
                return (zone,)
        return None

    parcel, (zone,) = editor.choose(candidates, fits)
    return parcel, zone


def protection_zone(editor: DefectEditor) -> None:
    lines, polygons = editor.lines, editor.fabric.polygons
    parcel, _ = _zone_swap(editor, lines.red, editor.open_land)
    what = "the protection zone leaves out a parcel of the red line"
    editor.expect_line_outside("REL004", RED, editor.row(RED, parcel), polygons[parcel], what)
    parcel, zone = _zone_swap(editor, editor.open_land, lines.red)
    editor.expect_zone_outside("REL004", zone, RED, polygons[parcel], "the protection zone is wider than the red line")


def urban_zone(editor: DefectEditor) -> None:
    lines, polygons = editor.lines, editor.fabric.polygons
    parcel, _ = _zone_swap(editor, lines.boundary > 0, editor.open_land)
    what = "the urban zone leaves out a parcel of the boundary"
    editor.expect_line_outside("REL005", EDGE, editor.row(EDGE, parcel), polygons[parcel], what)
    parcel, zone = _zone_swap(editor, editor.open_land, lines.boundary > 0)
    editor.expect_zone_outside("REL005", zone, EDGE, polygons[parcel], "the urban zone is wider than the boundary")


def large_farmland_outside(editor: DefectEditor) -> None:
    lines = editor.lines
    large = editor.farmland & (lines.area > 105_000)
    if not large.any():
        return  # with many parcels all are small
    parcel, _ = _zone_swap(editor, large, editor.open_land)
    shape = editor.fabric.polygons[parcel]
    editor.expect_if_large(editor.row(FARM, parcel), shape, "a large farmland parcel outside the farmland zone")


def farmland_reaches_into_wood(editor: DefectEditor) -> None:
    lines, fabric = editor.lines, editor.fabric
    wood = editor.open_land & ~lines.farmed & ~lines.red

    def fits(parcel):
        for other, edge in editor.near(parcel, wood).items():
            piece = fabric.wedge(edge, other)
            grown = editor.grown(FARM, editor.row(FARM, parcel), piece)
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

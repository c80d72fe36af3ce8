# SPDX-License-Identifier: GPL-2.0-or-later
"""Defects between layers (REL)."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from tests.county import attributes, source
from tests.county.conflicts import moved
from tests.county.landscape import AREA_CODE, AREA_NAME
from tests.county.workshop import EDGE, HERITAGE, RED, ZONE
from tests.mutations.frame import Draft, plants

DISTRICT, SITES, SITE_POINTS, PURPLE = "LSWHJQ", "WWBHDWM", "WWBHDWD", "ZXCQCSZX"
FLOOD, MINES, BASE = "HLFXKZX", "KCZYKCBHX", "XZYDYH"
SCHOOLS, VILLAGE, HAZARD_SITES, RESERVES, FUNCTIONS = "ZXCQGGFWSSD", "XZQC", "XZZRZHFXFBD", "ZRBHD", "XZZTGNDW"
UNITS, CENTRE_ZONES, CENTRE = "ZXCQXXGHBZDY", "ZXCQGHFQ", "ZXCQFW"
FAULTS, PARK, STREETS = "XZZRZHFXFBX", "ZXCQCSLVX", "ZXCQDLZXX"


def speck(draft: Draft, chosen: np.ndarray, size: float = 30) -> Any:
    """A small square within one of the chosen parcels."""
    parcel, _ = draft.choose(chosen)
    x, y = np.round(draft.fabric.sites[parcel], 3)
    return shapely.box(x, y, x + size, y + size)


@plants("REL001", follows=["REL004", "REL010"])
def a_speck_of_red_line_in_a_field(draft: Draft) -> Any:
    return draw(draft, RED, speck(draft, draft.farmland))


@plants("REL002", follows=["REL005", "REL010"])
def a_shed_in_a_field(draft: Draft) -> Any:
    return draw(draft, EDGE, speck(draft, draft.farmland), GHFQDM="420", GHFQMC="城镇弹性发展区")


@plants("REL002", follows=["REL005", "REL010", "LAW007"])
def a_window_filled(draft: Draft) -> Any:
    parcel, row = draft.choose(
        draft.lines.windows, lambda p: next(draft.row(EDGE, n) for n in draft.fabric.neighbours(p)), around=False
    )
    draft.reshape(EDGE, row, draft.grown(EDGE, row, draft.fabric.polygons[parcel]))
    return draft.fabric.polygons[parcel]


@plants("REL003", follows=["REL004"])
def a_speck_of_red_line_in_town(draft: Draft) -> Any:
    return draw(draft, RED, speck(draft, (draft.lines.boundary == 410) & ~draft.lines.windows & draft.unlisted))


def draw(draft: Draft, role: str, shape: Any, **values: Any) -> Any:
    draft.add(role, shape, **values)
    return shape


def zone_swap(draft: Draft, candidates: np.ndarray, takers: np.ndarray) -> Any:
    """A parcel out of the candidates goes into the zone of a neighbour out of the takers: its land."""

    def fits(parcel: int) -> bool:
        return any(moved(draft, parcel, draft.row(ZONE, other)) for other in draft.near(parcel, takers))

    return draft.fabric.polygons[draft.choose(candidates, fits)[0]]


@plants("REL004", case="line_outside_zone")
def a_protection_zone_that_leaves_a_parcel_out(draft: Draft) -> Any:
    return zone_swap(draft, draft.lines.red, draft.open_land)


@plants("REL004", case="zone_outside_line")
def a_protection_zone_wider_than_the_red_line(draft: Draft) -> Any:
    return zone_swap(draft, draft.open_land, draft.lines.red)


@plants("REL005", case="line_outside_zone")
def an_urban_zone_that_leaves_a_parcel_out(draft: Draft) -> Any:
    return zone_swap(draft, draft.lines.boundary > 0, draft.open_land)


@plants("REL006", case="large")
def a_large_field_in_another_zone(draft: Draft) -> Any:
    return zone_swap(draft, draft.farmland & (draft.lines.area > 105_000), draft.open_land)


@plants("REL006", case="urban", follows=["REL005"])
def a_field_in_the_urban_zone(draft: Draft) -> Any:
    return zone_swap(draft, draft.farmland, draft.lines.boundary > 0)


@plants("REL010", case="warning")
def a_flood_line_in_town(draft: Draft) -> Any:
    return draw(draft, FLOOD, speck(draft, (draft.lines.boundary == 410) & draft.unlisted))


@plants("REL010", case="evidence", finds=2)
def a_mine_under_a_field(draft: Draft) -> Any:
    return draw(draft, MINES, speck(draft, draft.farmland & draft.unlisted))


@plants("REL011")
def a_parcel_that_one_survey_lacks(draft: Draft) -> Any:
    return lost(draft, BASE, draft.pick(BASE, draft.wild))


def lost(draft: Draft, role: str, row: int) -> Any:
    shape = draft.shape(role, row)
    draft.drop(role, row)
    return shape


def resized(draft: Draft, role: str, row: int, metres: float) -> Any:
    """A shape with another margin: the land by which the two differ."""
    before = draft.shape(role, row)
    draft.reshape(role, row, shapely.set_precision(before.buffer(metres, join_style="mitre"), 0.001))
    return shapely.symmetric_difference(before, draft.shape(role, row))


@plants("REL020", case="beyond", follows=["LAW023"])
def a_district_drawn_smaller_than_its_parts(draft: Draft) -> Any:
    return resized(draft, DISTRICT, 0, -20)


@plants("REL021", case="own", follows=["LAW023"])
def a_control_zone_on_its_own_core(draft: Draft) -> Any:
    core, outer = draft.shape(HERITAGE, 0), draft.shape(HERITAGE, 1).exterior
    inner = shapely.set_precision(core.buffer(-5, join_style="mitre"), 0.001)
    draft.reshape(HERITAGE, 1, shapely.Polygon(outer, [inner.exterior]))
    return shapely.difference(core, inner)


@plants("REL022", case="outside")
def a_temple_in_another_place(draft: Draft) -> None:
    row = draft.last(SITE_POINTS)
    draft.reshape(SITE_POINTS, row, shapely.transform(draft.shape(SITE_POINTS, row), lambda xy: np.add(xy, (900, 0))))


@plants("REL023")
def a_purple_line_beyond_the_range(draft: Draft) -> Any:
    return resized(draft, PURPLE, 0, 15)


@plants("REL024")
def a_range_that_the_line_does_not_have(draft: Draft) -> Any:
    return resized(draft, SITES, draft.last(SITES), 15)


@plants("REL030", case="line_outside_zone")
def a_hole_in_the_zones_of_the_centre(draft: Draft) -> Any:
    return lost(draft, CENTRE_ZONES, draft.last(CENTRE_ZONES))


@plants("REL031", case="gap")
def a_block_in_no_unit(draft: Draft) -> Any:
    inside = np.zeros(len(draft.fabric), bool)
    inside[np.concatenate(draft.county.parcels[UNITS])] = True

    def fits(parcel: int) -> Any:
        return draft.shrunk(UNITS, draft.row(UNITS, parcel), draft.fabric.polygons[parcel])

    parcel, shape = draft.choose(inside & (draft.lines.boundary > 0), fits)
    draft.reshape(UNITS, draft.row(UNITS, parcel), shape)
    return draft.fabric.polygons[parcel]


@plants("REL032", base="township")
def a_village_without_its_boundary(draft: Draft) -> Any:
    return lost(draft, "CZJSBJ", draft.first("CZJSBJ"))


@plants("REL033", case="point")
def a_school_of_the_centre_in_the_hills(draft: Draft) -> None:
    row = draft.first(SCHOOLS)
    draft.reshape(SCHOOLS, row, shapely.transform(draft.shape(SCHOOLS, row), lambda xy: np.add(xy, (0, 6000))))


@plants("REL034", case="other")
def a_village_with_the_code_of_the_next_township(draft: Draft) -> None:
    row = draft.first(VILLAGE)
    own = draft.value(VILLAGE, row, "XZQDM")
    other = next(code for code in draft.layers["XZQXZ"]["XZQDM"] if not own.startswith(code))
    draft.change(VILLAGE, row, XZQDM=f"{other}299")


@plants("REL035", case="point")
def a_landslide_in_town(draft: Draft) -> None:
    draft.add(HAZARD_SITES, speck(draft, (draft.lines.boundary == 410) & draft.unlisted).centroid)


@plants("REL036", case="")
def a_park_outside_the_red_line(draft: Draft) -> Any:
    return draw(draft, RESERVES, speck(draft, draft.wild & ~draft.lines.red), MC="某森林公园")


@plants("REL037", case="kind")
def a_township_of_no_function(draft: Draft) -> None:
    draft.change(FUNCTIONS, draft.last(FUNCTIONS), LX="综合区")


@plants("REL006", case="share", finds=None)
def a_block_of_fields_in_another_zone(draft: Draft) -> None:
    """The largest zone of farmland is called a zone of villages: more than a tenth of all farmland is in it."""
    frame = draft.layers[ZONE]
    row = int(frame.loc[frame["GHFQDM"] == "300", "MJ"].idxmax())
    draft.change(ZONE, row, GHFQDM="520", GHFQMC="一般农业区")


@plants("REL010", case="error")
def a_flood_line_in_a_town_of_a_stricter_county(draft: Draft) -> Any:
    draft.county_sets('[conflicts]\n"boundary-flood_line" = "error"\n')
    return a_flood_line_in_town(draft)


@plants("REL020", case="bare", follows=["REL024", "LAW023"])
def a_district_drawn_larger_than_its_parts(draft: Draft) -> Any:
    return resized(draft, DISTRICT, 0, 15)


@plants("REL021", case="stricter", follows=["REL010", "REL020"])
def a_control_zone_on_the_core_of_a_district(draft: Draft) -> Any:
    names = draft.layers[HERITAGE]["MC"]
    row = int(names.index[names == "永安寺保护范围"][0])
    around = shapely.set_precision(draft.shape(HERITAGE, row).buffer(20, join_style="mitre"), 0.001)
    ring = shapely.difference(around, draft.shape(HERITAGE, row))
    draft.add(HERITAGE, ring, like=row, MC="永安寺建设控制地带", LX="62")
    return shapely.intersection(ring, draft.shape(HERITAGE, 0))


@plants("REL022", case="unnamed", follows=["LAW024"])
def a_site_that_no_range_knows(draft: Draft) -> None:
    x, y = draft.shape(SITE_POINTS, draft.last(SITE_POINTS)).coords[0]
    draft.add(SITE_POINTS, shapely.Point(x + 900, y), MC="无名庙")


@plants("REL030", case="zone_outside_line", finds=None, follows=["REL033", "LAW002"])
def a_centre_drawn_smaller_than_its_zones(draft: Draft) -> None:
    """Told zone by zone: where they meet, slanted edges get a vertex more, so that the parts are no exact sum."""
    resized(draft, CENTRE, 0, -40)


@plants("REL031", case="overlap", follows=["TOP001"])
def a_block_in_two_units(draft: Draft) -> Any:
    inside = np.zeros(len(draft.fabric), bool)
    inside[np.concatenate(draft.county.parcels[UNITS])] = True

    def fits(parcel: int) -> Any:
        own = draft.row(UNITS, parcel)
        for other in draft.near(parcel, inside):
            row = draft.row(UNITS, other)
            if row != own and (grown := draft.grown(UNITS, row, draft.fabric.polygons[parcel])):
                return row, grown
        return None

    parcel, (row, grown) = draft.choose(inside, fits)
    draft.reshape(UNITS, row, grown)
    return draft.fabric.polygons[parcel]


@plants("REL033", case="", follows=["REL010"])
def a_park_of_the_centre_in_the_hills(draft: Draft) -> None:
    row = draft.first(PARK)
    draft.reshape(PARK, row, shapely.transform(draft.shape(PARK, row), lambda xy: np.add(xy, (0, 6000))))


@plants("REL033", case="line")
def a_street_of_the_centre_that_runs_on(draft: Draft) -> None:
    row = draft.first(STREETS)
    start = np.array(draft.shape(STREETS, row).coords[0])
    draft.change(STREETS, row, geometry=shapely.LineString([start, np.add(start, (0, 9000))]))


@plants("REL034", case="none")
def a_village_of_a_township_that_is_not_there(draft: Draft) -> None:
    draft.change(VILLAGE, draft.first(VILLAGE), XZQDM="140225990299")


@plants("REL035", case="line")
def a_fault_across_town(draft: Draft) -> None:
    square = speck(draft, (draft.lines.boundary == 410) & draft.unlisted)
    x, y, east, north = square.bounds
    line = shapely.LineString([(x, y), (east, north)])
    values = {"XZQDM": [AREA_CODE], "XZQMC": [AREA_NAME], "MC": ["断裂带"], "CD": [line.length]}
    draft.layers[FAULTS] = attributes.table(FAULTS, [line], values)
    draft.schema[FAULTS] = source.declared(FAULTS)


@plants("REL036", case="core", follows=["LAW022"])
def a_core_outside_the_red_line(draft: Draft) -> Any:
    names = draft.layers[RESERVES]["MC"]
    row = int(names.index[names.str.endswith("核心保护区")][0])
    moved_out = speck(draft, draft.wild & ~draft.lines.red, 200)
    draft.reshape(RESERVES, row, moved_out)
    return moved_out


@plants("REL037", case="energy")
def a_coal_township_without_a_mine(draft: Draft) -> None:
    """One in which no zone for mining lies."""
    mined = draft.layers[ZONE].geometry[draft.layers[ZONE]["GHFQDM"] == "700"]
    _also(draft, "能源资源富集区", [*mined, *draft.layers[MINES].geometry])


@plants("REL037", case="heritage")
def a_historic_township_without_a_site(draft: Draft) -> None:
    _also(draft, "历史文化资源富集区", list(draft.layers[HERITAGE].geometry))


def _also(draft: Draft, function: str, places: list[Any]) -> None:
    """A township in which none of the places lies has the function too."""
    tree = shapely.STRtree(places)
    shapes = draft.layers[FUNCTIONS].geometry.to_numpy()
    row = next(n for n, shape in enumerate(shapes) if not len(tree.query(shape, predicate="intersects")))
    draft.change(FUNCTIONS, row, LX=f"{draft.value(FUNCTIONS, row, 'LX')}，{function}")


@plants("REL037", case="bare")
def a_township_that_was_forgotten(draft: Draft) -> Any:
    return lost(draft, FUNCTIONS, draft.last(FUNCTIONS))


@plants("REL005", case="zone_outside_line")
def an_urban_zone_wider_than_the_boundary(draft: Draft) -> Any:
    return zone_swap(draft, draft.open_land, draft.lines.boundary > 0)


@plants("REL010", case="information", follows=["LAW023", "LAW024"])
def a_tomb_in_a_field(draft: Draft) -> Any:
    tomb = speck(draft, draft.farmland & draft.unlisted)
    return draw(draft, HERITAGE, tomb, like=draft.last(HERITAGE), MC="古墓保护范围")


@plants("REL037", case="share")
def a_mountain_township_that_is_called_a_city(draft: Draft) -> None:
    kinds = draft.layers[FUNCTIONS]["LX"]
    draft.change(FUNCTIONS, int(kinds.index[kinds == "重点生态功能区"][0]), LX="城市化地区")

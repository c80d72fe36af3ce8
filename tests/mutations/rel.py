# SPDX-License-Identifier: GPL-2.0-or-later
"""Defects between layers (REL)."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from tests.county.conflicts import moved
from tests.county.workshop import EDGE, HERITAGE, RED, ZONE
from tests.mutations.frame import Draft, plants

DISTRICT, SITES, SITE_POINTS, PURPLE = "LSWHJQ", "WWBHDWM", "WWBHDWD", "ZXCQCSZX"
FLOOD, MINES, BASE = "HLFXKZX", "KCZYKCBHX", "XZYDYH"
SCHOOLS, VILLAGE, HAZARD_SITES, RESERVES, FUNCTIONS = "ZXCQGGFWSSD", "XZQC", "XZZRZHFXFBD", "ZRBHD", "XZZTGNDW"
UNITS, CENTRE_ZONES = "ZXCQXXGHBZDY", "ZXCQGHFQ"


def speck(draft: Draft, chosen: np.ndarray, size: float = 30) -> Any:
    """A small square within one of the chosen parcels."""
    parcel, _ = draft.choose(chosen)
    x, y = np.round(draft.fabric.sites[parcel], 3)
    return shapely.box(x, y, x + size, y + size)


@plants("REL001", follows=["REL004", "REL010"])
def a_speck_of_red_line_in_a_field(draft: Draft) -> None:
    draft.add(RED, speck(draft, draft.farmland))


@plants("REL002", follows=["REL005", "REL010"])
def a_shed_in_a_field(draft: Draft) -> None:
    draft.add(EDGE, speck(draft, draft.farmland), GHFQDM="420", GHFQMC="城镇弹性发展区")


@plants("REL002", follows=["REL005", "REL010"])
def a_window_filled(draft: Draft) -> None:
    parcel, row = draft.choose(
        draft.lines.windows, lambda p: next(draft.row(EDGE, n) for n in draft.fabric.neighbours(p)), around=False
    )
    draft.reshape(EDGE, row, draft.grown(EDGE, row, draft.fabric.polygons[parcel]))


@plants("REL003", follows=["REL004"])
def a_speck_of_red_line_in_town(draft: Draft) -> None:
    draft.add(RED, speck(draft, (draft.lines.boundary == 410) & ~draft.lines.windows & draft.unlisted))


def zone_swap(draft: Draft, candidates: np.ndarray, takers: np.ndarray) -> int:
    """A parcel out of the candidates goes into the zone of a neighbour out of the takers."""

    def fits(parcel: int) -> bool:
        return any(moved(draft, parcel, draft.row(ZONE, other)) for other in draft.near(parcel, takers))

    return draft.choose(candidates, fits)[0]


@plants("REL004")
def a_protection_zone_that_leaves_a_parcel_out(draft: Draft) -> None:
    zone_swap(draft, draft.lines.red, draft.open_land)


@plants("REL004")
def a_protection_zone_wider_than_the_red_line(draft: Draft) -> None:
    zone_swap(draft, draft.open_land, draft.lines.red)


@plants("REL005")
def an_urban_zone_that_leaves_a_parcel_out(draft: Draft) -> None:
    zone_swap(draft, draft.lines.boundary > 0, draft.open_land)


@plants("REL006")
def a_large_field_in_another_zone(draft: Draft) -> None:
    zone_swap(draft, draft.farmland & (draft.lines.area > 105_000), draft.open_land)


@plants("REL006", follows=["REL005"])
def a_field_in_the_urban_zone(draft: Draft) -> None:
    zone_swap(draft, draft.farmland, draft.lines.boundary > 0)


@plants("REL010")
def a_flood_line_in_town(draft: Draft) -> None:
    draft.add(FLOOD, speck(draft, (draft.lines.boundary == 410) & draft.unlisted))


@plants("REL010")
def a_mine_under_a_field(draft: Draft) -> None:
    draft.add(MINES, speck(draft, draft.farmland & draft.unlisted))


@plants("REL011")
def a_parcel_that_one_survey_lacks(draft: Draft) -> None:
    draft.drop(BASE, draft.pick(BASE, draft.wild))


@plants("REL020")
def a_district_drawn_smaller_than_its_parts(draft: Draft) -> None:
    draft.reshape(DISTRICT, 0, shapely.set_precision(draft.shape(DISTRICT, 0).buffer(-20, join_style="mitre"), 0.001))


@plants("REL021")
def a_control_zone_on_its_own_core(draft: Draft) -> None:
    core, outer = draft.shape(HERITAGE, 0), draft.shape(HERITAGE, 1).exterior
    inner = shapely.set_precision(core.buffer(-5, join_style="mitre"), 0.001)
    draft.reshape(HERITAGE, 1, shapely.Polygon(outer, [inner.exterior]))


@plants("REL022")
def a_temple_in_another_place(draft: Draft) -> None:
    row = draft.last(SITE_POINTS)
    draft.reshape(SITE_POINTS, row, shapely.transform(draft.shape(SITE_POINTS, row), lambda xy: np.add(xy, (900, 0))))


@plants("REL023")
def a_purple_line_beyond_the_range(draft: Draft) -> None:
    draft.reshape(PURPLE, 0, shapely.set_precision(draft.shape(PURPLE, 0).buffer(15, join_style="mitre"), 0.001))


@plants("REL024")
def a_range_that_the_line_does_not_have(draft: Draft) -> None:
    row = draft.last(SITES)
    draft.reshape(SITES, row, shapely.set_precision(draft.shape(SITES, row).buffer(15, join_style="mitre"), 0.001))


@plants("REL030")
def a_hole_in_the_zones_of_the_centre(draft: Draft) -> None:
    draft.drop(CENTRE_ZONES, draft.last(CENTRE_ZONES))


@plants("REL031")
def a_block_in_no_unit(draft: Draft) -> None:
    inside = np.zeros(len(draft.fabric), bool)
    inside[np.concatenate(draft.county.parcels[UNITS])] = True

    def fits(parcel: int) -> Any:
        return draft.shrunk(UNITS, draft.row(UNITS, parcel), draft.fabric.polygons[parcel])

    parcel, shape = draft.choose(inside & (draft.lines.boundary > 0), fits)
    draft.reshape(UNITS, draft.row(UNITS, parcel), shape)


@plants("REL032", base="township")
def a_village_without_its_boundary(draft: Draft) -> None:
    draft.drop("CZJSBJ", draft.first("CZJSBJ"))


@plants("REL033")
def a_school_of_the_centre_in_the_hills(draft: Draft) -> None:
    row = draft.first(SCHOOLS)
    draft.reshape(SCHOOLS, row, shapely.transform(draft.shape(SCHOOLS, row), lambda xy: np.add(xy, (0, 6000))))


@plants("REL034")
def a_village_with_the_code_of_the_next_township(draft: Draft) -> None:
    row = draft.first(VILLAGE)
    own = draft.value(VILLAGE, row, "XZQDM")
    other = next(code for code in draft.layers["XZQXZ"]["XZQDM"] if not own.startswith(code))
    draft.change(VILLAGE, row, XZQDM=f"{other}299")


@plants("REL035")
def a_landslide_in_town(draft: Draft) -> None:
    draft.add(HAZARD_SITES, speck(draft, (draft.lines.boundary == 410) & draft.unlisted).centroid)


@plants("REL036")
def a_park_outside_the_red_line(draft: Draft) -> None:
    draft.add(RESERVES, speck(draft, draft.wild & ~draft.lines.red), MC="某森林公园")


@plants("REL037")
def a_township_of_no_function(draft: Draft) -> None:
    draft.change(FUNCTIONS, draft.last(FUNCTIONS), LX="综合区")

# SPDX-License-Identifier: GPL-2.0-or-later
"""Defects between the lines and the zones (REL001 to REL011)."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from tests.county.conflicts import moved
from tests.county.defect_editor import EDGE, HERITAGE, RED, ZONE
from tests.mutations.edit_helpers import draw_shape, lose_row, make_speck
from tests.mutations.mutation import CountyDraft, declare_mutation

FLOOD, MINES, BASE = "HLFXKZX", "KCZYKCBHX", "XZYDYH"


@declare_mutation("REL001", follows=["REL004", "REL010"])
def a_speck_of_red_line_in_a_field(draft: CountyDraft) -> Any:
    return draw_shape(draft, RED, make_speck(draft, draft.farmland))


@declare_mutation("REL002", follows=["REL005", "REL010"])
def a_shed_in_a_field(draft: CountyDraft) -> Any:
    return draw_shape(draft, EDGE, make_speck(draft, draft.farmland), GHFQDM="420", GHFQMC="城镇弹性发展区")


@declare_mutation("REL002", follows=["REL005", "REL010", "LAW007"])
def a_window_filled(draft: CountyDraft) -> Any:
    parcel, row = draft.choose(
        draft.lines.windows, lambda p: next(draft.row(EDGE, n) for n in draft.fabric.neighbours(p)), around=False
    )
    draft.reshape(EDGE, row, draft.grown(EDGE, row, draft.fabric.polygons[parcel]))
    return draft.fabric.polygons[parcel]


@declare_mutation("REL003", follows=["REL004"])
def a_speck_of_red_line_in_town(draft: CountyDraft) -> Any:
    return draw_shape(
        draft, RED, make_speck(draft, (draft.lines.boundary == 410) & ~draft.lines.windows & draft.unlisted)
    )


def move_parcel_between_zones(draft: CountyDraft, candidates: np.ndarray, takers: np.ndarray) -> Any:
    """Move one of the candidates into the zone of a neighbour among the takers; return its shape."""

    def fits(parcel: int) -> bool:
        return any(moved(draft, parcel, draft.row(ZONE, other)) for other in draft.near(parcel, takers))

    return draft.fabric.polygons[draft.choose(candidates, fits)[0]]


@declare_mutation("REL004", case="line_outside_zone")
def a_protection_zone_that_leaves_a_parcel_out(draft: CountyDraft) -> Any:
    return move_parcel_between_zones(draft, draft.lines.red, draft.open_land)


@declare_mutation("REL004", case="zone_outside_line")
def a_protection_zone_wider_than_the_red_line(draft: CountyDraft) -> Any:
    return move_parcel_between_zones(draft, draft.open_land, draft.lines.red)


@declare_mutation("REL005", case="line_outside_zone")
def an_urban_zone_that_leaves_a_parcel_out(draft: CountyDraft) -> Any:
    return move_parcel_between_zones(draft, draft.lines.boundary > 0, draft.open_land)


@declare_mutation("REL006", case="large")
def a_large_field_in_another_zone(draft: CountyDraft) -> Any:
    return move_parcel_between_zones(draft, draft.farmland & (draft.lines.area > 105_000), draft.open_land)


@declare_mutation("REL006", case="urban", follows=["REL005"])
def a_field_in_the_urban_zone(draft: CountyDraft) -> Any:
    return move_parcel_between_zones(draft, draft.farmland, draft.lines.boundary > 0)


@declare_mutation("REL010", case="warning")
def a_flood_line_in_town(draft: CountyDraft) -> Any:
    return draw_shape(draft, FLOOD, make_speck(draft, (draft.lines.boundary == 410) & draft.unlisted))


@declare_mutation("REL010", case="evidence", finds=2)
def a_mine_under_a_field(draft: CountyDraft) -> Any:
    return draw_shape(draft, MINES, make_speck(draft, draft.farmland & draft.unlisted))


@declare_mutation("REL011")
def a_parcel_that_one_survey_lacks(draft: CountyDraft) -> Any:
    return lose_row(draft, BASE, draft.pick(BASE, draft.wild))


@declare_mutation("REL006", case="share", finds=None)
def a_block_of_fields_in_another_zone(draft: CountyDraft) -> None:
    """Change the largest zone of farmland, with more than a tenth of all farmland, to a zone of villages."""
    frame = draft.layers[ZONE]
    row = int(frame.loc[frame["GHFQDM"] == "300", "MJ"].idxmax())
    draft.change(ZONE, row, GHFQDM="520", GHFQMC="一般农业区")


@declare_mutation("REL010", case="error")
def a_flood_line_in_a_town_of_a_stricter_county(draft: CountyDraft) -> Any:
    draft.county_sets('[conflicts]\n"boundary-flood_line" = "error"\n')
    return a_flood_line_in_town(draft)


@declare_mutation("REL005", case="zone_outside_line")
def an_urban_zone_wider_than_the_boundary(draft: CountyDraft) -> Any:
    return move_parcel_between_zones(draft, draft.open_land, draft.lines.boundary > 0)


@declare_mutation("REL010", case="information", follows=["LAW023", "LAW024"])
def a_tomb_in_a_field(draft: CountyDraft) -> Any:
    tomb = make_speck(draft, draft.farmland & draft.unlisted)
    return draw_shape(draft, HERITAGE, tomb, like=draft.last(HERITAGE), MC="古墓保护范围")


@declare_mutation("REL006", case="scattered")
def a_plot_outside_in_a_county_that_allows_few(draft: CountyDraft) -> Any:
    draft.county_sets("[rules.REL006]\nlarge_area_m2 = 1e7\nmax_scattered_share = 0.00001\n")
    return move_parcel_between_zones(draft, draft.farmland, draft.open_land)


def strips(draft: CountyDraft, shape: Any, wide: float = 0.04, metres: float = 10.0) -> Any:
    """Return strips in a polygon, each below both minimums, with more than 50 m² in total."""
    xmin, ymin, xmax, ymax = shape.bounds
    x, y = (np.arange(lo + 5, hi - 15, step) for lo, hi, step in ((xmin, xmax, 15.0), (ymin, ymax, 5.0)))
    east, north = (corner.ravel() for corner in np.meshgrid(np.round(x, 2), np.round(y, 2)))
    found = shapely.box(east, north, east + metres, north + wide)
    inside = found[shapely.contains_properly(shape, found)]
    assert len(inside) * wide * metres > 60, "the parcel is too small"
    return shapely.multipolygons(inside[: int(60 / (wide * metres))])


@declare_mutation("REL001", case="slivers", follows=["GEO003", "GEO008", "REL004", "REL010"])
def strips_of_red_line_in_a_field(draft: CountyDraft) -> Any:
    parcel, _ = draft.choose(draft.farmland & (draft.lines.area > 40_000))
    return draw_shape(draft, RED, strips(draft, draft.fabric.polygons[parcel]))

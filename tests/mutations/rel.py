# SPDX-License-Identifier: GPL-2.0-or-later
"""Planted conflicts between control lines and zones (REL001 to REL011)."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from tests.county.conflicts import move_parcel_to_zone
from tests.county.defect_editor import EDGE, HERITAGE, RED, ZONE
from tests.mutations.edit_helpers import draw_shape, lose_row, make_speck
from tests.mutations.mutation import CountyDraft, declare_mutation

FARMLAND = "YJJBNTBHTB"
FLOOD, MINES, BASE = "HLFXKZX", "KCZYKCBHX", "XZYDYH"


@declare_mutation("REL001", follows=["REL004", "REL010"])
def plant_small_red_line_part_in_a_field(draft: CountyDraft) -> Any:
    return draw_shape(draft, RED, make_speck(draft, draft.farmland))


@declare_mutation("REL002", follows=["REL005", "REL010"])
def plant_boundary_part_in_a_field(draft: CountyDraft) -> Any:
    return draw_shape(draft, EDGE, make_speck(draft, draft.farmland), GHFQDM="420", GHFQMC="城镇弹性发展区")


@declare_mutation("REL002", follows=["REL005", "REL010", "LAW007"])
def plant_filled_boundary_window(draft: CountyDraft) -> Any:
    parcel, row = draft.choose(
        draft.lines.boundary_windows,
        lambda p: next(draft.row(EDGE, n) for n in draft.fabric.neighbours(p)),
        around=False,
    )
    draft.reshape(EDGE, row, draft.extend_shape(EDGE, row, draft.fabric.polygons[parcel]))
    return draft.fabric.polygons[parcel]


@declare_mutation("REL003", follows=["REL004", "REL038"])
def plant_small_red_line_part_in_town(draft: CountyDraft) -> Any:
    return draw_shape(
        draft,
        RED,
        make_speck(
            draft, (draft.lines.boundary == 410) & ~draft.lines.boundary_windows & draft.without_heritage_or_city_line
        ),
    )


def move_parcel_between_zones(draft: CountyDraft, candidates: np.ndarray, takers: np.ndarray) -> Any:
    """Move a candidate parcel into a neighbour's zone; return its shape."""

    def fits(parcel: int) -> bool:
        return any(
            move_parcel_to_zone(draft, parcel, draft.row(ZONE, other))
            for other in draft.list_near_parcels(parcel, takers)
        )

    return draft.fabric.polygons[draft.choose(candidates, fits)[0]]


@declare_mutation("REL004", case="line_outside_zone")
def plant_protection_zone_without_red_line_parcel(draft: CountyDraft) -> Any:
    return move_parcel_between_zones(draft, draft.lines.red_line, draft.open_land)


@declare_mutation("REL004", case="zone_outside_line")
def plant_protection_zone_wider_than_the_red_line(draft: CountyDraft) -> Any:
    return move_parcel_between_zones(draft, draft.open_land, draft.lines.red_line)


@declare_mutation("REL005", case="line_outside_zone")
def plant_urban_zone_without_a_boundary_parcel(draft: CountyDraft) -> Any:
    return move_parcel_between_zones(draft, draft.lines.boundary > 0, draft.open_land)


@declare_mutation("REL006", case="large")
def plant_large_field_in_another_zone(draft: CountyDraft) -> Any:
    return move_parcel_between_zones(draft, draft.farmland & (draft.lines.area > 105_000), draft.open_land)


@declare_mutation("REL006", case="urban", follows=["REL005"])
def plant_field_in_the_urban_zone(draft: CountyDraft) -> Any:
    return move_parcel_between_zones(draft, draft.farmland, draft.lines.boundary > 0)


@declare_mutation("REL010", case="warning")
def plant_flood_line_in_town(draft: CountyDraft) -> Any:
    return draw_shape(
        draft, FLOOD, make_speck(draft, (draft.lines.boundary == 410) & draft.without_heritage_or_city_line)
    )


@declare_mutation("REL010", case="evidence", finds=2)
def plant_mine_under_a_field(draft: CountyDraft) -> Any:
    return draw_shape(draft, MINES, make_speck(draft, draft.farmland & draft.without_heritage_or_city_line))


@declare_mutation("REL011")
def plant_parcel_missing_in_one_survey(draft: CountyDraft) -> Any:
    return lose_row(draft, BASE, draft.pick_row(BASE, draft.wild))


@declare_mutation("REL006", case="share", finds=None)
def plant_block_of_fields_in_another_zone(draft: CountyDraft) -> None:
    """Change the largest farmland zone to a village zone.

    It has more than a tenth of all farmland.
    """
    frame = draft.layers[ZONE]
    row = int(frame.loc[frame["GHFQDM"] == "300", "MJ"].idxmax())
    draft.change(ZONE, row, GHFQDM="520", GHFQMC="一般农业区")


@declare_mutation("REL010", case="error")
def plant_flood_line_in_town_of_stricter_county(draft: CountyDraft) -> Any:
    draft.append_to_profile('[conflicts]\n"boundary-flood_line" = "error"\n')
    return plant_flood_line_in_town(draft)


@declare_mutation("REL005", case="zone_outside_line")
def plant_urban_zone_wider_than_the_boundary(draft: CountyDraft) -> Any:
    return move_parcel_between_zones(draft, draft.open_land, draft.lines.boundary > 0)


@declare_mutation("REL010", case="information", follows=["REL022", "LAW023", "LAW024"])
def plant_tomb_in_a_field(draft: CountyDraft) -> Any:
    tomb = make_speck(draft, draft.farmland & draft.without_heritage_or_city_line)
    return draw_shape(draft, HERITAGE, tomb, like=draft.last_row(HERITAGE), MC="古墓保护范围")


@declare_mutation("REL006", case="scattered")
def plant_farmland_outside_its_zone_above_share(draft: CountyDraft) -> Any:
    draft.append_to_profile("[rules.REL006]\nlarge_area_m2 = 1e7\nmax_scattered_share = 0.00001\n")
    return move_parcel_between_zones(draft, draft.farmland, draft.open_land)


def make_sliver_strips(draft: CountyDraft, shape: Any, wide: float = 0.04, metres: float = 10.0) -> Any:
    """Return strips in a polygon, each below both sliver limits.

    Together they have more than 50 m².
    """
    xmin, ymin, xmax, ymax = shape.bounds
    x, y = (np.arange(lo + 5, hi - 15, step) for lo, hi, step in ((xmin, xmax, 15.0), (ymin, ymax, 5.0)))
    east, north = (corner.ravel() for corner in np.meshgrid(np.round(x, 2), np.round(y, 2)))
    found = shapely.box(east, north, east + metres, north + wide)
    inside = found[shapely.contains_properly(shape, found)]
    assert len(inside) * wide * metres > 60, "the parcel is too small"
    return shapely.multipolygons(inside[: int(60 / (wide * metres))])


@declare_mutation("REL001", case="slivers", follows=["GEO003", "GEO008", "REL004", "REL010"])
def plant_strips_of_red_line_in_field(draft: CountyDraft) -> Any:
    parcel, _ = draft.choose(draft.farmland & (draft.lines.area > 40_000))
    return draw_shape(draft, RED, make_sliver_strips(draft, draft.fabric.polygons[parcel]))


PLANNED_USE, HOUSING = "ZXCQGHYDYH", {"YDYHFLDM": "070100", "YDYHFLMC": "城镇住宅用地"}


@declare_mutation("REL038", case="farmland", finds=None, follows=["REL039"])
def plant_field_planned_as_housing(draft: CountyDraft) -> Any:
    fields = shapely.union_all(draft.layers[FARMLAND].geometry.to_numpy())
    shapes = draft.layers[PLANNED_USE].geometry.to_numpy()
    row = int(np.argmax(shapely.area(shapely.intersection(shapes, fields))))
    draft.change(PLANNED_USE, row, **HOUSING)
    return shapely.intersection(shapes[row], fields)


@declare_mutation("REL038", case="red_line", follows=["ATT013", "ATT022", "REL033"])
def plant_planned_housing_in_the_red_line(draft: CountyDraft) -> Any:
    return draw_shape(draft, PLANNED_USE, make_speck(draft, draft.lines.red_line), **HOUSING)


CENTRE_ZONES, GREEN = "ZXCQGHFQ", "ZXCQCSLVX"


@declare_mutation("REL039", case="zone")
def plant_housing_called_an_industrial_zone(draft: CountyDraft) -> Any:
    zones = draft.layers[CENTRE_ZONES]
    row = int(zones.index[zones["GHFQDM"] == "411"][0])
    draft.change(CENTRE_ZONES, row, GHFQDM="414", GHFQMC="工业发展区")
    return draft.shape(CENTRE_ZONES, row)


@declare_mutation("REL039", case="line", finds=2)
def plant_housing_in_the_park(draft: CountyDraft) -> Any:
    park = draft.shape(GREEN, draft.first_row(GREEN))
    shapes = draft.layers[PLANNED_USE].geometry.to_numpy()
    row = int(np.argmax(shapely.area(shapely.intersection(shapes, park))))
    draft.change(PLANNED_USE, row, **HOUSING)
    return park

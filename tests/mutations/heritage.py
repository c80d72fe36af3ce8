# SPDX-License-Identifier: GPL-2.0-or-later
"""Planted defects of heritage areas and their parts (REL020 to REL024)."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from tests.county.defect_editor import HERITAGE
from tests.mutations.edit_helpers import add_layer, make_speck, resize_shape
from tests.mutations.mutation import CountyDraft, declare_mutation

DISTRICT, SITES, SITE_POINTS, PURPLE = "LSWHJQ", "WWBHDWM", "WWBHDWD", "ZXCQCSZX"


@declare_mutation("REL020", case="beyond", follows=["LAW023"])
def plant_district_drawn_smaller_than_its_parts(draft: CountyDraft) -> Any:
    return resize_shape(draft, DISTRICT, 0, -20)


@declare_mutation("REL021", case="own", follows=["LAW023"])
def plant_control_zone_on_its_own_core(draft: CountyDraft) -> Any:
    core, outer = draft.shape(HERITAGE, 0), draft.shape(HERITAGE, 1).exterior
    inner = shapely.set_precision(core.buffer(-5, join_style="mitre"), 0.001)
    draft.reshape(HERITAGE, 1, shapely.Polygon(outer, [inner.exterior]))
    return shapely.difference(core, inner)


@declare_mutation("REL022", case="outside")
def plant_temple_in_another_place(draft: CountyDraft) -> None:
    row = draft.last_row(SITE_POINTS)
    draft.reshape(SITE_POINTS, row, shapely.transform(draft.shape(SITE_POINTS, row), lambda xy: np.add(xy, (900, 0))))


@declare_mutation("REL023")
def plant_purple_line_beyond_the_range(draft: CountyDraft) -> Any:
    return resize_shape(draft, PURPLE, 0, 15)


@declare_mutation("REL024")
def plant_heritage_range_missing_in_the_protection_line(draft: CountyDraft) -> Any:
    return resize_shape(draft, SITES, draft.last_row(SITES), 15)


@declare_mutation("REL024", case="purple", finds=2)
def plant_purple_line_around_a_corner_of_the_district(draft: CountyDraft) -> None:
    """Leave the historic buildings and most of the district without a purple line."""
    shape = draft.shape(PURPLE, 0)
    west, south, east, north = shape.bounds
    for building in draft.layers["LSJZM"].geometry:
        shape = shapely.difference(shape, building.buffer(20))
    corner = shapely.intersection(shape, shapely.box(west, south, (west + east) / 2, (south + north) / 2))
    draft.reshape(PURPLE, 0, max(shapely.get_parts(shapely.set_precision(corner, 0.001)), key=shapely.area))


@declare_mutation("REL024", case="town", follows=["REL010"])
def plant_building_in_a_town_outside_the_centre(draft: CountyDraft) -> None:
    """Move a historic building with its point and range to another part of the urban development boundary."""
    building, point = draft.shape("LSJZM", 0), draft.shape("LSJZD", 0)
    polygons = draft.fabric.polygons[: len(draft.lines.boundary)]
    is_in_centre = shapely.intersects(polygons, shapely.union_all(draft.layers["ZXCQFW"].geometry.to_numpy()))

    def move_into(parcel: int) -> Any:
        to = np.round(np.array(polygons[parcel].representative_point().coords[0]) - building.centroid.coords[0])
        moved = shapely.set_precision(shapely.transform(building, lambda xy: xy + to), 0.001)
        return shapely.contains_properly(polygons[parcel], moved) and [moved, to]

    is_town = (draft.lines.boundary > 0) & draft.lines.town_land & ~is_in_centre
    _, (moved, to) = draft.choose(is_town, move_into, around=False)
    draft.reshape("LSJZM", 0, moved)
    draft.reshape("LSJZD", 0, shapely.set_precision(shapely.transform(point, lambda xy: xy + to), 0.001))
    draft.add(HERITAGE, moved, MC="穆家大院保护范围", LX="71", JB="90")


@declare_mutation("REL020", case="bare", follows=["REL024", "LAW023"])
def plant_district_drawn_larger_than_its_parts(draft: CountyDraft) -> Any:
    return resize_shape(draft, DISTRICT, 0, 15)


@declare_mutation("REL021", case="stricter", follows=["REL010", "REL020"])
def plant_control_zone_on_the_core_of_district(draft: CountyDraft) -> Any:
    names = draft.layers[HERITAGE]["MC"]
    row = int(names.index[names == "永安寺保护范围"][0])
    around = shapely.set_precision(draft.shape(HERITAGE, row).buffer(20, join_style="mitre"), 0.001)
    ring = shapely.difference(around, draft.shape(HERITAGE, row))
    draft.add(HERITAGE, ring, like=row, MC="永安寺建设控制地带", LX="62")
    return shapely.intersection(ring, draft.shape(HERITAGE, 0))


@declare_mutation("REL022", case="unnamed", follows=["LAW024"])
def plant_heritage_site_without_range(draft: CountyDraft) -> None:
    x, y = draft.shape(SITE_POINTS, draft.last_row(SITE_POINTS)).coords[0]
    draft.add(SITE_POINTS, shapely.Point(x + 900, y), MC="无名庙")


@declare_mutation("REL022", case="without_point")
def plant_temple_without_its_point(draft: CountyDraft) -> None:
    draft.drop_row(SITE_POINTS, draft.last_row(SITE_POINTS))


@declare_mutation("REL022", case="missing")
def plant_range_of_a_temple_that_no_layer_has(draft: CountyDraft) -> None:
    for role in (SITES, SITE_POINTS):
        draft.drop_row(role, int(draft.layers[role].index[draft.layers[role]["MC"] == "永安寺"][0]))


@declare_mutation("REL022", case="unprotected")
def plant_existing_heritage_site_missing_in_the_plan(draft: CountyDraft) -> None:
    point = make_speck(draft, draft.wild).centroid
    add_layer(draft, "XZLSWHYCFB", shapely.set_precision(point, 0.001), MC="某石窟（全国重点文物保护单位）")

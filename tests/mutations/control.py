# SPDX-License-Identifier: GPL-2.0-or-later
"""Planted defects of villages, hazards, reserves and main functions.

They are found by REL032 and REL034 to REL037.
"""

from __future__ import annotations

from typing import Any

import shapely

from tests.county import attributes, source
from tests.county.defect_editor import HERITAGE, ZONE
from tests.county.landscape import AREA_CODE, AREA_NAME
from tests.mutations.edit_helpers import add_layer, draw_shape, make_speck, remove_row
from tests.mutations.mutation import CountyDraft, declare_mutation

MINES = "KCZYKCBHX"
VILLAGE, HAZARD_SITES, RESERVES, FUNCTIONS = "XZQC", "XZZRZHFXFBD", "ZRBHD", "XZZTGNDW"
FAULTS = "XZZRZHFXFBX"


@declare_mutation("REL032", base="township")
def plant_village_without_its_boundary(draft: CountyDraft) -> Any:
    return remove_row(draft, "CZJSBJ", draft.first_row("CZJSBJ"))


@declare_mutation("REL034", case="other")
def plant_village_with_code_of_next_township(draft: CountyDraft) -> None:
    row = draft.first_row(VILLAGE)
    own = draft.value(VILLAGE, row, "XZQDM")
    other = next(code for code in draft.layers["XZQXZ"]["XZQDM"] if not own.startswith(code))
    draft.change(VILLAGE, row, XZQDM=f"{other}299")


@declare_mutation("REL035", case="point")
def plant_landslide_in_town(draft: CountyDraft) -> None:
    draft.add(
        HAZARD_SITES, make_speck(draft, (draft.lines.boundary == 410) & draft.without_heritage_or_city_line).centroid
    )


@declare_mutation("REL036", case="")
def plant_park_outside_the_red_line(draft: CountyDraft) -> Any:
    return draw_shape(
        draft, RESERVES, make_speck(draft, draft.wild & ~draft.lines.red_line), MC="某森林公园", LX="自然公园"
    )


@declare_mutation("REL037", case="kind", follows=["ATT002"])
def plant_township_of_unknown_function(draft: CountyDraft) -> None:
    draft.change(FUNCTIONS, draft.last_row(FUNCTIONS), LX="综合区")


@declare_mutation("REL034", case="none")
def plant_village_of_unknown_township(draft: CountyDraft) -> None:
    draft.change(VILLAGE, draft.first_row(VILLAGE), XZQDM="140225990299")


@declare_mutation("REL034", case="parcels", finds=2)
def plant_exchanged_names_of_two_villages(draft: CountyDraft) -> None:
    codes = draft.layers[VILLAGE]["XZQDM"]
    first, second = codes.index[codes.str.startswith(codes.str[:9].value_counts().index[0])][:2]
    values = [{name: draft.value(VILLAGE, row, name) for name in ("XZQDM", "XZQMC", "MC")} for row in (first, second)]
    draft.change(VILLAGE, first, **values[1])
    draft.change(VILLAGE, second, **values[0])


@declare_mutation("REL034", case="uncovered")
def plant_missing_village(draft: CountyDraft) -> Any:
    return remove_row(draft, VILLAGE, draft.first_row(VILLAGE))


@declare_mutation("REL035", case="line")
def plant_fault_across_town(draft: CountyDraft) -> None:
    square = make_speck(draft, (draft.lines.boundary == 410) & draft.without_heritage_or_city_line)
    x, y, east, north = square.bounds
    line = shapely.LineString([(x, y), (east, north)])
    values = {"XZQDM": [AREA_CODE], "XZQMC": [AREA_NAME], "MC": ["断裂带"], "CD": [line.length]}
    draft.layers[FAULTS] = attributes.make_layer_table(FAULTS, [line], values)
    draft.schema[FAULTS] = source.make_declared_fields(FAULTS)


@declare_mutation("REL036", case="core", follows=["LAW022"])
def plant_reserve_core_outside_the_red_line(draft: CountyDraft) -> Any:
    names = draft.layers[RESERVES]["MC"]
    row = int(names.index[names.str.endswith("核心保护区")][0])
    moved_out = make_speck(draft, draft.wild & ~draft.lines.red_line, 200)
    draft.reshape(RESERVES, row, moved_out)
    return moved_out


@declare_mutation("REL037", case="energy")
def plant_coal_township_without_mine(draft: CountyDraft) -> None:
    """Make a township without mining zone an energy township."""
    mined = draft.layers[ZONE].geometry[draft.layers[ZONE]["GHFQDM"] == "700"]
    _add_function_to_township(draft, "能源资源富集区", [*mined, *draft.layers[MINES].geometry])


@declare_mutation("REL037", case="heritage")
def plant_historic_township_without_site(draft: CountyDraft) -> None:
    _add_function_to_township(draft, "历史文化资源富集区", list(draft.layers[HERITAGE].geometry))


def _add_function_to_township(draft: CountyDraft, function: str, places: list[Any]) -> None:
    """Add a main function to a township that has none of the given places."""
    tree = shapely.STRtree(places)
    shapes = draft.layers[FUNCTIONS].geometry.to_numpy()
    row = next(n for n, shape in enumerate(shapes) if not len(tree.query(shape, predicate="intersects")))
    draft.change(FUNCTIONS, row, LX=f"{draft.value(FUNCTIONS, row, 'LX')}，{function}")


@declare_mutation("REL037", case="bare")
def plant_township_without_function_row(draft: CountyDraft) -> Any:
    return remove_row(draft, FUNCTIONS, draft.last_row(FUNCTIONS))


@declare_mutation("REL037", case="share")
def plant_mountain_township_with_urban_function(draft: CountyDraft) -> None:
    kinds = draft.layers[FUNCTIONS]["LX"]
    draft.change(FUNCTIONS, int(kinds.index[kinds == "重点生态功能区"][0]), LX="城市化地区")


@declare_mutation("REL035", case="refuge")
def plant_refuge_in_a_landslide_area(draft: CountyDraft) -> None:
    inside = draft.layers["XZZRZHFXFBM"].geometry.iloc[0].representative_point()
    townships, refuges = draft.layers["XZQXZ"].geometry, draft.layers["FZJZSSD"].geometry
    township = townships[townships.contains(inside)].iloc[0]
    draft.reshape("FZJZSSD", int(refuges.index[refuges.within(township)][0]), inside)


@declare_mutation("REL035", case="village")
def plant_landslide_area_in_a_village_zone(draft: CountyDraft) -> Any:
    return draw_shape(draft, "XZZRZHFXFBM", make_speck(draft, draft.lines.village_land & (draft.lines.boundary == 0)))


@declare_mutation("REL036", case="lost")
def plant_existing_nature_reserve_missing_in_the_plan(draft: CountyDraft) -> Any:
    lost = make_speck(draft, draft.wild & ~draft.lines.red_line, 200)
    add_layer(draft, "XZZRBHDFB", lost, MC="某保护区")
    return lost


@declare_mutation("REL035", case="without_facility")
def plant_refuge_moved_to_another_township(draft: CountyDraft) -> None:
    points = draft.layers["FZJZSSD"]
    rows = points.index[points["MC"].str.startswith("避难")]
    draft.reshape("FZJZSSD", int(rows[0]), shapely.transform(points.geometry[rows[1]], lambda xy: xy + 5))

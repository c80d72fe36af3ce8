# SPDX-License-Identifier: GPL-2.0-or-later
"""Planted defects of heritage counts and names (LAW023, LAW024)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely

from tests.county.defect_editor import HERITAGE
from tests.mutations.mutation import CountyDraft, declare_mutation
from tests.mutations.side_inputs import REGISTER


@declare_mutation("LAW023", case="count", follows=["LAW024", "REL022"])
def plant_one_building_more_than_in_the_text(draft: CountyDraft) -> None:
    house = draft.shape("LSJZM", draft.first_row("LSJZM"))
    draft.add("LSJZM", shapely.transform(house, lambda xy: np.add(xy, (60, 0))), MC="新宅")


def _resize_and_update_area(draft: CountyDraft, role: str, row: int, metres: float) -> None:
    draft.reshape(role, row, shapely.set_precision(draft.shape(role, row).buffer(metres, join_style="mitre"), 0.001))


@declare_mutation("LAW023", case="area", follows=["REL020"])
def plant_district_smaller_than_its_text(draft: CountyDraft) -> None:
    _resize_and_update_area(draft, "LSWHJQ", 0, -12)


@declare_mutation("LAW023", case="core_area", follows=["REL020", "REL023", "REL024"])
def plant_core_smaller_than_its_text(draft: CountyDraft) -> None:
    _resize_and_update_area(draft, HERITAGE, 0, -12)


@declare_mutation("LAW023", case="control_area", follows=["REL020", "REL023", "REL024"])
def plant_control_zone_smaller_than_its_text(draft: CountyDraft) -> None:
    core, outer = draft.shape(HERITAGE, 0), draft.shape(HERITAGE, 1).exterior
    inner = shapely.set_precision(core.buffer(12, join_style="mitre"), 0.001)
    draft.reshape(HERITAGE, 1, shapely.Polygon(outer, [inner.exterior]))


@declare_mutation("LAW023", case="site", follows=["LAW024"])
def plant_district_by_another_name(draft: CountyDraft) -> None:
    for role in (HERITAGE, "LSWHJQ", "ZXCQCSZX"):
        draft.layers[role]["MC"] = draft.layers[role]["MC"].str.replace("浑源古城", "旧城")


def _append_to_register(draft: CountyDraft, *lines: str, drop: str = "") -> None:
    """Append rows to the county's heritage register.

    Rows that begin with ``drop`` are removed.
    """
    own = Path(draft.options["register"]).read_text(encoding="utf-8").splitlines()
    kept = [line for line in own if not drop or not line.startswith(drop)]
    path = draft.folder / REGISTER
    path.write_text("\n".join([*kept, *lines]) + "\n", encoding="utf-8")
    draft.options["register"] = str(path)


@declare_mutation("LAW024", case="missing")
def plant_pagoda_missing_in_the_layers(draft: CountyDraft) -> None:
    _append_to_register(draft, "凌云塔,历史建筑,")


@declare_mutation("LAW024", case="alike")
def plant_temple_with_similar_name(draft: CountyDraft) -> None:
    _append_to_register(draft, "荆庄大云禅寺,文物保护单位,全国重点", drop="荆庄大云寺")


@declare_mutation("LAW024", case="level")
def plant_temple_with_another_protection_level(draft: CountyDraft) -> None:
    _append_to_register(draft, "悬空寺,文物保护单位,县级", drop="悬空寺")


@declare_mutation("LAW024", case="kind")
def plant_temple_registered_as_building(draft: CountyDraft) -> None:
    _append_to_register(draft, "悬空寺,历史建筑,全国重点", drop="悬空寺")


@declare_mutation("LAW024", case="unlisted")
def plant_temple_missing_in_the_register(draft: CountyDraft) -> None:
    _append_to_register(draft, drop="悬空寺")


@declare_mutation("LAW024", case="twice")
def plant_temple_twice_in_the_register(draft: CountyDraft) -> None:
    _append_to_register(draft, "悬 空寺,文物保护单位,全国重点")

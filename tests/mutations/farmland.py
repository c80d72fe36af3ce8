# SPDX-License-Identifier: GPL-2.0-or-later
"""Planted defects of farmland and of changes since the approved edition.

They are found by LAW011 to LAW017.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from tests.county.defect_editor import EDGE, FARM, PARCEL, RED
from tests.mutations.mutation import CountyDraft, declare_mutation
from tests.mutations.side_inputs import write_sealed_edition

RESERVES = "ZRBHD"


@declare_mutation("LAW011", follows=["LAW002", "REL010", "REL036"])
def plant_reserve_core_zone_in_farmland(draft: CountyDraft) -> None:
    parcel, _ = draft.choose(draft.farmland, around=False)
    draft.add(RESERVES, draft.shape(FARM, draft.row(FARM, parcel)), MC="神溪湿地自然保护区核心保护区")


@declare_mutation("LAW012", follows=["ATT019", "LAW010"])
def plant_steep_farmland(draft: CountyDraft) -> None:
    row = draft.pick_row(FARM, draft.farmland & (draft.lines.deduction_rate == 0))
    draft.change(FARM, row, GDPDJB="5")


@declare_mutation("LAW013", follows=["ATT024", "LAW004", "LAW010", "REL010"])
def plant_garden_farmland_far_from_fields(draft: CountyDraft) -> None:
    spare = draft.lines.cultivated & ~draft.lines.farmland & ~draft.lines.red_line & (draft.lines.boundary == 0)
    parcel, _ = draft.choose(spare, around=False)
    garden = shapely.Point(draft.fabric.sites[parcel]).buffer(20, quad_segs=4)
    row = draft.add(FARM, garden, like=draft.pick_row(FARM, draft.farmland & (draft.lines.deduction_rate == 0)))
    draft.replace_shape(FARM, row, garden)


@declare_mutation("LAW014", follows=["ATT023"])
def plant_building_parcel_in_farmland(draft: CountyDraft) -> None:
    row = draft.pick_row(PARCEL, draft.farmland & (draft.lines.deduction_rate == 0))
    draft.change(PARCEL, row, DLBM="0702", DLMC="农村宅基地", GDLX=None, GDPDJB=None, CZCSXM="203")


def _write_differing_sealed_edition(draft: CountyDraft, **layers: Any) -> None:
    """Write an approved (sealed) edition that differs from the plan."""
    known = {role: draft.layers[role] for role in (FARM, RED, EDGE)}
    draft.options |= write_sealed_edition(known | layers, draft.folder)


@declare_mutation("LAW015", base="sealed", follows=["LAW017"])
def plant_removed_field_of_sealed_edition(draft: CountyDraft) -> None:
    draft.drop_row(FARM, draft.pick_row(FARM, draft.farmland))


@declare_mutation("LAW015", case="county", base="sealed", follows=["LAW017", "RUN904"])
def plant_removed_sealed_field_without_townships(draft: CountyDraft) -> None:
    draft.remove_layer("XZQXZ")
    draft.drop_row(FARM, draft.pick_row(FARM, draft.farmland))


def _swap_sealed_field(draft: CountyDraft, **worse: Any) -> None:
    """Replace the largest field of the approved edition by the smallest.

    The new one differs by the given ``worse`` values and is not from reserve farmland.
    """
    net = draft.layers[FARM]["YJJBNTMJ"]
    old, new = int(net.idxmax()), int(net.idxmin())
    for row in (old, new):
        draft.change(FARM, row, GDPDJB="2", GDDB=10, GDDJ=5)
    draft.change(FARM, new, **worse)
    _write_differing_sealed_edition(draft, **{FARM: draft.layers[FARM].drop(index=new)})
    draft.drop_row(FARM, old)


@declare_mutation("LAW016", case="source", base="sealed", follows=["LAW015", "LAW017"])
def plant_supplement_not_from_reserve_farmland(draft: CountyDraft) -> None:
    _swap_sealed_field(draft)


@declare_mutation("LAW016", case="slope_class", base="sealed", finds=2, follows=["LAW015", "LAW017"])
def plant_steeper_supplement(draft: CountyDraft) -> None:
    _swap_sealed_field(draft, GDPDJB="3")


@declare_mutation("LAW016", case="yield_grade", base="sealed", finds=2, follows=["LAW015", "LAW017"])
def plant_supplement_of_lower_yield(draft: CountyDraft) -> None:
    _swap_sealed_field(draft, GDDB=11)


@declare_mutation("LAW016", case="quality_grade", base="sealed", finds=2, follows=["LAW015", "LAW017"])
def plant_supplement_of_lower_class(draft: CountyDraft) -> None:
    _swap_sealed_field(draft, GDDJ=6)


@declare_mutation("LAW016", case="net", base="sealed", finds=2, follows=["LAW017"], silent=["LAW015"])
def plant_too_small_supplement(draft: CountyDraft) -> None:
    draft.options["rules"] = ("LAW016", "LAW017")
    _swap_sealed_field(draft)


@declare_mutation("LAW017", case="added", base="sealed")
def plant_red_line_larger_than_sealed(draft: CountyDraft) -> None:
    red = draft.layers[RED]
    _write_differing_sealed_edition(draft, **{RED: red.drop(index=red.index[-1])})


@declare_mutation("LAW017", case="removed", base="sealed")
def plant_boundary_smaller_than_sealed(draft: CountyDraft) -> None:
    draft.drop_row(EDGE, draft.last_row(EDGE))


@declare_mutation("LAW017", case="shifted", base="sealed")
def plant_farmland_shifted_as_a_whole(draft: CountyDraft) -> None:
    """Seal the farmland 0.3 m farther west: the plan's is shifted against it."""
    farm = draft.layers[FARM]
    _write_differing_sealed_edition(draft, **{FARM: farm.set_geometry(farm.geometry.translate(-0.3, 0.2))})


@declare_mutation("LAW017", case="other", base="sealed")
def plant_sealed_field_with_another_code(draft: CountyDraft) -> None:
    row = draft.pick_row(FARM, draft.farmland)
    draft.change(FARM, row, DLBM="0101" if draft.value(FARM, row, "DLBM") != "0101" else "0102")


@declare_mutation("LAW026", case="left_out")
def plant_field_outside_the_protection_target(draft: CountyDraft) -> None:
    spare = draft.lines.cultivated & ~draft.lines.farmland & ~draft.lines.red_line & (draft.lines.boundary == 0)
    large = np.flatnonzero(spare & (draft.lines.area > 1.1e6))
    # The smallest of them, so that the target is still met.
    draft.drop_row("GDBHMB", draft.row("GDBHMB", int(large[draft.lines.area[large].argmin()])))


@declare_mutation("LAW026", case="inside", follows=["REL010"])
def plant_protection_target_in_the_town(draft: CountyDraft) -> None:
    land = draft.layers["DLTB"]
    inside = np.flatnonzero((draft.lines.boundary > 0) & land["DLBM"].str.startswith("01").to_numpy())
    parcel = int(inside[draft.lines.area[inside].argmax()])
    row = draft.add("GDBHMB", draft.fabric.polygons[parcel])
    copied = land.columns.intersection(draft.layers["GDBHMB"].columns).drop(["BSM", "YSDM", "geometry"])
    draft.change("GDBHMB", row, **{name: land.at[parcel, name] for name in copied})


@declare_mutation("LAW026", case="quality", follows=["ATT023"])
def plant_better_fields_outside_the_farmland(draft: CountyDraft) -> None:
    """Give the fields outside 永久基本农田 a better grade in the survey."""
    draft.layers["DLTB"].loc[np.flatnonzero(draft.lines.cultivated & ~draft.lines.farmland), "GDDB"] = 9

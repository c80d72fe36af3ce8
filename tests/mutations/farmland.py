# SPDX-License-Identifier: GPL-2.0-or-later
"""Defects of farmland and of changes since the sealed edition (LAW011 to LAW017)."""

from __future__ import annotations

from typing import Any

import shapely

from tests.county.defect_editor import EDGE, FARM, PARCEL, RED
from tests.mutations.mutation import CountyDraft, declare_mutation
from tests.mutations.side_inputs import sealed

RESERVES = "ZRBHD"


@declare_mutation("LAW011", follows=["LAW002", "REL010", "REL036"])
def a_core_zone_in_the_fields(draft: CountyDraft) -> None:
    parcel, _ = draft.choose(draft.farmland, around=False)
    field = draft.shape(FARM, draft.row(FARM, parcel))
    draft.add(RESERVES, field, MC="神溪湿地自然保护区核心保护区")


@declare_mutation("LAW012", follows=["ATT019", "LAW010"])
def a_steep_field(draft: CountyDraft) -> None:
    row = draft.pick(FARM, draft.farmland & (draft.lines.rate == 0))
    draft.change(FARM, row, GDPDJB="5")


@declare_mutation("LAW013", follows=["LAW004", "LAW010", "REL010"])
def a_garden_far_from_all_fields(draft: CountyDraft) -> None:
    spare = draft.lines.cultivated & ~draft.lines.farmland & ~draft.lines.red & (draft.lines.boundary == 0)
    parcel, _ = draft.choose(spare, around=False)
    garden = shapely.Point(draft.fabric.sites[parcel]).buffer(20, quad_segs=4)
    row = draft.add(FARM, garden, like=draft.pick(FARM, draft.farmland & (draft.lines.rate == 0)))
    draft.redraw(FARM, row, garden)


@declare_mutation("LAW014")
def a_yard_in_the_fields(draft: CountyDraft) -> None:
    row = draft.pick(PARCEL, draft.farmland & (draft.lines.rate == 0))
    draft.change(PARCEL, row, DLBM="0702", DLMC="农村宅基地", GDLX=None, GDPDJB=None, CZCSXM="203")


def _sealed_otherwise(draft: CountyDraft, **layers: Any) -> None:
    """Write a sealed edition that differs from the plan."""
    known = {role: draft.layers[role] for role in (FARM, RED, EDGE)}
    draft.options |= sealed(known | layers, draft.folder)


@declare_mutation("LAW015", base="sealed", follows=["LAW017"])
def a_field_that_was_sealed_is_gone(draft: CountyDraft) -> None:
    draft.drop(FARM, draft.pick(FARM, draft.farmland))


@declare_mutation("LAW015", case="county", base="sealed", follows=["LAW017", "RUN904"])
def a_field_is_gone_in_a_plan_without_townships(draft: CountyDraft) -> None:
    draft.lose("XZQXZ")
    draft.drop(FARM, draft.pick(FARM, draft.farmland))


def _swapped(draft: CountyDraft, **worse: Any) -> None:
    """Replace the largest sealed field by the smallest, which differs only by ``worse`` and is not from the reserve."""
    net = draft.layers[FARM]["YJJBNTMJ"]
    old, new = int(net.idxmax()), int(net.idxmin())
    for row in (old, new):
        draft.change(FARM, row, GDPDJB="2", GDDB=10, GDDJ=5)
    draft.change(FARM, new, **worse)
    _sealed_otherwise(draft, **{FARM: draft.layers[FARM].drop(index=new)})
    draft.drop(FARM, old)


@declare_mutation("LAW016", case="source", base="sealed", follows=["LAW015", "LAW017"])
def a_supplement_that_is_not_from_the_reserve(draft: CountyDraft) -> None:
    _swapped(draft)


@declare_mutation("LAW016", case="slope_class", base="sealed", finds=2, follows=["LAW015", "LAW017"])
def a_supplement_that_is_steeper(draft: CountyDraft) -> None:
    _swapped(draft, GDPDJB="3")


@declare_mutation("LAW016", case="yield_grade", base="sealed", finds=2, follows=["LAW015", "LAW017"])
def a_supplement_that_yields_less(draft: CountyDraft) -> None:
    _swapped(draft, GDDB=11)


@declare_mutation("LAW016", case="quality_grade", base="sealed", finds=2, follows=["LAW015", "LAW017"])
def a_supplement_of_a_lower_class(draft: CountyDraft) -> None:
    _swapped(draft, GDDJ=6)


@declare_mutation("LAW016", case="net", base="sealed", finds=2, follows=["LAW017"], silent=["LAW015"])
def a_supplement_that_is_too_small(draft: CountyDraft) -> None:
    draft.options["rules"] = ("LAW016", "LAW017")
    _swapped(draft)


@declare_mutation("LAW017", case="added", base="sealed")
def more_red_line_than_was_sealed(draft: CountyDraft) -> None:
    red = draft.layers[RED]
    _sealed_otherwise(draft, **{RED: red.drop(index=red.index[-1])})


@declare_mutation("LAW017", case="removed", base="sealed")
def less_boundary_than_was_sealed(draft: CountyDraft) -> None:
    draft.drop(EDGE, draft.last(EDGE))


@declare_mutation("LAW017", case="other", base="sealed")
def a_sealed_field_with_another_code(draft: CountyDraft) -> None:
    row = draft.pick(FARM, draft.farmland)
    draft.change(FARM, row, DLBM="0101" if draft.value(FARM, row, "DLBM") != "0101" else "0102")

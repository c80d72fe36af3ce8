# SPDX-License-Identifier: GPL-2.0-or-later
"""Defects of quotas and thresholds (LAW): ratio, areas, shares, zones, reserves."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from tests.county.defect_editor import EDGE, FARM, FIELD, PARCEL, ZONE
from tests.county.lines import TARGETS
from tests.mutations.att import multiply_alike
from tests.mutations.mutation import CountyDraft, declare_mutation
from tests.mutations.tasks import profile

BASE, RESERVES = "XZYDYH", "ZRBHD"


@declare_mutation("LAW001")
def towns_that_the_base_year_did_not_have(draft: CountyDraft) -> None:
    """Change a twentieth of the built land of 2020 to villages, so that the boundary grows too much."""
    built = np.flatnonzero(draft.lines.urban)
    gross = draft.lines.gross[built]
    for parcel in built[np.cumsum(gross) - gross < gross.sum() / 20]:
        draft.change(BASE, draft.row(BASE, parcel), CZCSXM="203")


@declare_mutation("LAW001", case="land", follows=["ATT013", "ATT022"])
def towns_of_2020_that_are_larger_by_their_field_only(draft: CountyDraft) -> None:
    """Let the boundary grow too much and hide it by area fields of built land raised by a quarter."""
    towns_that_the_base_year_did_not_have(draft)
    urban = draft.layers[BASE]["CZCSXM"].isin(["201", "202"])
    for name in ("TBMJ", "TBDLMJ"):
        draft.layers[BASE].loc[urban, name] *= 1.25


@declare_mutation("LAW001", case="contradicted")
def villages_in_the_base_of_the_ratio(draft: CountyDraft) -> None:
    draft.layers[BASE].loc[draft.layers[BASE]["CZCSXM"] == "203", "CZCSXM"] = "202"


@declare_mutation("LAW002", case="field", follows=["ATT013"])
def fields_that_meet_the_task_by_their_area_field_only(draft: CountyDraft) -> None:
    """Set a task 0.05 % above the area and raise the area field by a little less than 0.1 %."""
    frame = draft.layers[FIELD]
    task = frame["TBDLMJ"].sum() * 1.0005 / (1e8 / 15)
    target = f'[[targets]]\nindicator = "cultivated_area"\ncomparison = ">="\nvalue = "{task:.4f}"\nunit = "wan_mu"\n'
    profile(draft, target + 'year = 2035\nbinding = "约束性"\nsource = "文本第9条"\n')
    multiply_alike(draft, frame.index, 1.00095)


@declare_mutation("LAW002", case="also", follows=["LAW006"])
def a_task_that_another_document_sets_higher(draft: CountyDraft) -> None:
    target = (
        '[[targets]]\nindicator = "farmland_area"\ncomparison = ">="\nvalue = "63.25"\nunit = "wan_mu"\nyear = 2035\n'
    )
    profile(
        draft,
        target + 'binding = "约束性"\nsource = "文本第9条"\nalso_said = [{ value = "900.00", source = "任务书" }]\n',
    )


@declare_mutation("LAW002", case="broken")
def missing_fields(draft: CountyDraft) -> None:
    """Remove cultivated land outside farmland until the task is missed by a hectare or more."""
    net = draft.layers[FIELD]["TBDLMJ"]
    over = net.sum() - TARGETS["cultivated"]
    for parcel in np.flatnonzero(draft.lines.cultivated & ~draft.lines.farmland):
        if over < -1e6:
            break
        row = draft.row(FIELD, parcel)
        over -= net[row]
        draft.drop(FIELD, row)


@declare_mutation("LAW003", case="blank")
def a_zone_without_a_code(draft: CountyDraft) -> Any:
    row = draft.pick(ZONE, draft.lines.zone == 530)
    draft.change(ZONE, row, GHFQDM=None)
    return draft.shape(ZONE, row)


@declare_mutation("LAW010", case="code")
def farmland_of_orchards(draft: CountyDraft) -> Any:
    row = draft.pick(FARM, draft.farmland & (draft.lines.rate == 0))
    draft.change(FARM, row, DLBM="0201", DLMC="果园", GDLX=None, GDPDJB=None)
    return draft.shape(FARM, row)


@declare_mutation("LAW010", case="parcel")
def farmland_where_the_survey_has_shrubs(draft: CountyDraft) -> Any:
    row = draft.pick(PARCEL, draft.farmland & (draft.lines.rate == 0))
    draft.change(PARCEL, row, DLBM="0305", DLMC="灌木林地", GDLX=None, GDPDJB=None)
    return draft.shape(PARCEL, row)


@declare_mutation("LAW010", case="unprotected")
def farmland_that_is_not_protected_cultivated_land(draft: CountyDraft) -> Any:
    row = draft.pick(FIELD, draft.farmland)
    shape = draft.shape(FIELD, row)
    draft.drop(FIELD, row)
    return shape


@declare_mutation("LAW010", case="unsurveyed", follows=["TOP006", "REL011"])
def farmland_without_a_parcel(draft: CountyDraft) -> Any:
    row = draft.pick(PARCEL, draft.farmland)
    shape = draft.shape(PARCEL, row)
    draft.drop(PARCEL, row)
    return shape


@declare_mutation("LAW010", case="slope")
def farmland_flatter_than_its_parcel(draft: CountyDraft) -> Any:
    row = draft.pick(PARCEL, draft.farmland & (draft.lines.slope_class == 3))
    draft.change(PARCEL, row, GDPDJB="4")
    return draft.shape(PARCEL, row)


@declare_mutation("LAW010", case="protected_code")
def protected_land_of_orchards(draft: CountyDraft) -> Any:
    row = draft.pick(FIELD, draft.lines.cultivated & ~draft.lines.farmland & (draft.lines.rate == 0))
    draft.change(FIELD, row, DLBM="0201", DLMC="果园", GDLX=None, GDPDJB=None)
    return draft.shape(FIELD, row)


@declare_mutation("LAW010", case="protected")
def protected_land_where_the_survey_has_shrubs(draft: CountyDraft) -> Any:
    row = draft.pick(PARCEL, draft.lines.cultivated & ~draft.lines.farmland & (draft.lines.rate == 0))
    draft.change(PARCEL, row, DLBM="0305", DLMC="灌木林地", GDLX=None, GDPDJB=None)
    return draft.shape(PARCEL, row)


@declare_mutation("LAW020", case="flexible")
def a_quarter_of_the_town_is_kept_flexible(draft: CountyDraft) -> None:
    frame = draft.layers[EDGE]
    largest = int(frame.loc[frame["GHFQDM"] == "410", "MJ"].idxmax())
    others = [row for row in frame.index if frame.at[row, "GHFQDM"] == "410" and row != largest]
    for row in others:
        for zone in zones_of(draft, row):
            draft.change(ZONE, zone, GHFQDM="420", GHFQMC="城镇弹性发展区")
        draft.change(EDGE, row, GHFQDM="420", GHFQMC="城镇弹性发展区")


def zones_of(draft: CountyDraft, row: int) -> list[int]:
    """Return the zones that a row of 城镇开发边界 consists of."""
    zones = draft.layers[ZONE]
    shared = zones.geometry.intersection(draft.shape(EDGE, row)).area
    return [int(zone) for zone in zones.index[shared > 0.5 * zones.area]]


@declare_mutation("LAW020", case="zone")
def a_zone_that_is_flexible_in_one_layer_only(draft: CountyDraft) -> Any:
    frame = draft.layers[EDGE]
    row = next(row for row in frame.index if frame.at[row, "GHFQDM"] == "410" and len(zones_of(draft, row)) == 1)
    (zone,) = zones_of(draft, row)
    draft.change(ZONE, zone, GHFQDM="420", GHFQMC="城镇弹性发展区")
    return draft.shape(EDGE, row)


@declare_mutation("LAW021", follows=["ATT013"])
def a_zone_with_an_outdated_area(draft: CountyDraft) -> None:
    row = draft.first(ZONE)
    draft.change(ZONE, row, MJ=draft.value(ZONE, row, "MJ") + 20_000)


@declare_mutation("LAW022")
def a_part_of_the_reserve_is_missing(draft: CountyDraft) -> None:
    draft.drop(RESERVES, draft.last(RESERVES))


@declare_mutation("LAW022", case="share", follows=["REL036"])
def a_reserve_of_which_all_is_to_be_in_the_red_line(draft: CountyDraft) -> None:
    draft.county_sets("[rules.LAW022]\nmin_red_line_share = 1.0\n")
    parcel, _ = draft.choose(draft.wild & ~draft.lines.red)
    x, y = np.round(draft.fabric.sites[parcel], 3)
    draft.add(RESERVES, shapely.box(x, y, x + 30, y + 30), MC="某森林公园")


@declare_mutation("LAW002", case="rounding", finds=2, follows=["LAW005"])
def a_task_missed_by_a_hectare(draft: CountyDraft) -> None:
    """Miss the task by two hectares, 0.003 万亩, which is less than half of the last printed digit."""
    missing_fields(draft)
    missed = TARGETS["cultivated"] - draft.layers[FIELD]["TBDLMJ"].sum()
    draft.county_sets(
        _target("cultivated_area", f"{(TARGETS['cultivated'] - missed + 20_000) * 15 / 1e8:.2f}", "wan_mu")
    )


def _target(indicator: str, value: str, unit: str) -> str:
    words = {"indicator": indicator, "comparison": ">=", "value": value, "unit": unit, "binding": "", "source": "批文"}
    return "[[targets]]\nyear = 2035\n" + "".join(f'{key} = "{word}"\n' for key, word in words.items())


@declare_mutation("LAW003", case="")
def a_zone_without_a_space_of_the_county(draft: CountyDraft) -> None:
    draft.county_sets('[three_zones]\n"700" = "未对应"\n')


@declare_mutation("LAW010", case="blank")
def farmland_of_no_land_use(draft: CountyDraft) -> Any:
    row = draft.pick(FARM, draft.farmland & (draft.lines.rate == 0))
    draft.change(FARM, row, DLBM=None, DLMC=None)
    return draft.shape(FARM, row)


@declare_mutation("LAW020", case="special")
def a_limit_for_special_use_zones(draft: CountyDraft) -> None:
    draft.county_sets("[rules.LAW020]\nmax_special_share = 0.001\n")

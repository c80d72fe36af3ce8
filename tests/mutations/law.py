# SPDX-License-Identifier: GPL-2.0-or-later
"""Planted defects of quotas and thresholds, found by the LAW rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from tests.county.defect_editor import EDGE, FARM, FIELD, PARCEL, ZONE
from tests.county.lines import TARGET_AREAS_M2
from tests.mutations.att import multiply_alike
from tests.mutations.mutation import CountyDraft, declare_mutation
from tests.mutations.tasks import append_to_profile

BASE, RESERVES = "XZYDYH", "ZRBHD"


@declare_mutation("LAW001", follows=["ATT023"])
def plant_towns_missing_in_the_base_year(draft: CountyDraft) -> None:
    """Turn a twentieth of the base year's built land into villages.

    The development boundary then grows too much.
    """
    built = np.flatnonzero(draft.lines.town_land)
    gross = draft.lines.gross_area[built]
    for parcel in built[np.cumsum(gross) - gross < gross.sum() / 20]:
        draft.change(BASE, draft.row(BASE, parcel), CZCSXM="203")


@declare_mutation("LAW001", case="land", follows=["ATT013", "ATT022", "ATT023"])
def plant_base_year_towns_enlarged_by_area_field(draft: CountyDraft) -> None:
    """Let the boundary grow too much and hide it by inflated area fields.

    The area fields of built land are raised by a quarter.
    """
    plant_towns_missing_in_the_base_year(draft)
    urban = draft.layers[BASE]["CZCSXM"].isin(["201", "202"])
    for name in ("TBMJ", "TBDLMJ"):
        draft.layers[BASE].loc[urban, name] *= 1.25


@declare_mutation("LAW001", case="year")
def plant_base_parcels_of_a_later_year(draft: CountyDraft) -> None:
    draft.options["base_year"] = 2023


@declare_mutation("LAW001", case="contradicted", follows=["ATT023"])
def plant_villages_in_the_base_area_of_the_expansion_ratio(draft: CountyDraft) -> None:
    draft.layers[BASE].loc[draft.layers[BASE]["CZCSXM"] == "203", "CZCSXM"] = "202"


@declare_mutation("LAW001", case="margin")
def plant_base_year_street_of_the_centre_coded_as_orchard(draft: CountyDraft) -> None:
    """Leave the ratio within its limit, but take a part of its margin."""
    lots = draft.lines.town_land & (draft.lines.area > 5e4) & (draft.lines.area < 2e5)
    draft.change("ZXCQXZYDYH", draft.pick_row("ZXCQXZYDYH", lots), YDYHFLDM="020100", YDYHFLMC="果园")


@declare_mutation("LAW002", case="field", follows=["ATT013", "LAW005"])
def plant_fields_meeting_target_by_area_field_only(draft: CountyDraft) -> None:
    """Set a target 0.05 % above the area and raise the area field by almost 0.1 %."""
    frame = draft.layers[FIELD]
    task = frame["TBDLMJ"].sum() * 1.0005 / (1e8 / 15)
    target = f'[[targets]]\nindicator = "cultivated_area"\ncomparison = ">="\nvalue = "{task:.4f}"\nunit = "wan_mu"\n'
    append_to_profile(draft, target + 'year = 2035\nbinding = "约束性"\nsource = "文本第9条"\n')
    multiply_alike(draft, frame.index, 1.00095)


@declare_mutation("LAW002", case="also", follows=["LAW006"])
def plant_higher_target_in_another_document(draft: CountyDraft) -> None:
    target = (
        '[[targets]]\nindicator = "farmland_area"\ncomparison = ">="\nvalue = "63.25"\nunit = "wan_mu"\nyear = 2035\n'
    )
    append_to_profile(
        draft,
        target + 'binding = "约束性"\nsource = "文本第9条"\nalso_said = [{ value = "900.00", source = "任务书" }]\n',
    )


@declare_mutation("LAW002", case="broken", follows=["LAW026"])
def plant_too_little_cultivated_land(draft: CountyDraft) -> None:
    """Remove cultivated land until its target is missed by a hectare or more."""
    net = draft.layers[FIELD]["TBDLMJ"]
    over = net.sum() - TARGET_AREAS_M2["cultivated"]
    for parcel in np.flatnonzero(draft.lines.cultivated & ~draft.lines.farmland):
        if over < -1e6:
            break
        row = draft.row(FIELD, parcel)
        over -= net[row]
        draft.drop_row(FIELD, row)


@declare_mutation("LAW003", case="blank", follows=["ATT020"])
def plant_zone_without_code(draft: CountyDraft) -> Any:
    row = draft.pick_row(ZONE, draft.lines.zone == 530)
    draft.change(ZONE, row, GHFQDM=None)
    return draft.shape(ZONE, row)


@declare_mutation("LAW010", case="code")
def plant_farmland_on_orchards(draft: CountyDraft) -> Any:
    row = draft.pick_row(FARM, draft.farmland & (draft.lines.deduction_rate == 0))
    draft.change(FARM, row, DLBM="0201", DLMC="果园", GDLX=None, GDPDJB=None)
    return draft.shape(FARM, row)


@declare_mutation("LAW010", case="parcel", follows=["ATT023"])
def plant_farmland_where_the_survey_has_shrubs(draft: CountyDraft) -> Any:
    row = draft.pick_row(PARCEL, draft.farmland & (draft.lines.deduction_rate == 0))
    draft.change(PARCEL, row, DLBM="0305", DLMC="灌木林地", GDLX=None, GDPDJB=None)
    return draft.shape(PARCEL, row)


@declare_mutation("LAW010", case="unprotected", follows=["LAW026"])
def plant_farmland_outside_protected_land(draft: CountyDraft) -> Any:
    row = draft.pick_row(FIELD, draft.farmland)
    shape = draft.shape(FIELD, row)
    draft.drop_row(FIELD, row)
    return shape


@declare_mutation("LAW010", case="unsurveyed", follows=["TOP006", "REL011"])
def plant_farmland_without_parcel(draft: CountyDraft) -> Any:
    row = draft.pick_row(PARCEL, draft.farmland)
    shape = draft.shape(PARCEL, row)
    draft.drop_row(PARCEL, row)
    return shape


@declare_mutation("LAW010", case="slope", follows=["ATT023"])
def plant_farmland_flatter_than_its_parcel(draft: CountyDraft) -> Any:
    row = draft.pick_row(PARCEL, draft.farmland & (draft.lines.slope_class == 3))
    draft.change(PARCEL, row, GDPDJB="4")
    return draft.shape(PARCEL, row)


@declare_mutation("LAW010", case="protected_code")
def plant_protected_cultivated_land_on_orchards(draft: CountyDraft) -> Any:
    row = draft.pick_row(FIELD, draft.lines.cultivated & ~draft.lines.farmland & (draft.lines.deduction_rate == 0))
    draft.change(FIELD, row, DLBM="0201", DLMC="果园", GDLX=None, GDPDJB=None)
    return draft.shape(FIELD, row)


@declare_mutation("LAW010", case="protected", follows=["ATT023"])
def plant_protected_cultivated_land_where_the_survey_has_shrubs(draft: CountyDraft) -> Any:
    row = draft.pick_row(PARCEL, draft.lines.cultivated & ~draft.lines.farmland & (draft.lines.deduction_rate == 0))
    draft.change(PARCEL, row, DLBM="0305", DLMC="灌木林地", GDLX=None, GDPDJB=None)
    return draft.shape(PARCEL, row)


@declare_mutation("LAW020", case="flexible")
def plant_flexible_zone_of_a_quarter_of_the_town(draft: CountyDraft) -> None:
    frame = draft.layers[EDGE]
    largest = int(frame.loc[frame["GHFQDM"] == "410", "MJ"].idxmax())
    others = [row for row in frame.index if frame.at[row, "GHFQDM"] == "410" and row != largest]
    for row in others:
        for zone in list_zones_of_boundary_row(draft, row):
            draft.change(ZONE, zone, GHFQDM="420", GHFQMC="城镇弹性发展区")
        draft.change(EDGE, row, GHFQDM="420", GHFQMC="城镇弹性发展区")


def list_zones_of_boundary_row(draft: CountyDraft, row: int) -> list[int]:
    """Return the planning zone rows that a row of the boundary consists of."""
    zones = draft.layers[ZONE]
    shared = zones.geometry.intersection(draft.shape(EDGE, row)).area
    return [int(zone) for zone in zones.index[shared > 0.5 * zones.area]]


@declare_mutation("LAW020", case="zone")
def plant_zone_flexible_in_only_one_of_two_layers(draft: CountyDraft) -> Any:
    frame = draft.layers[EDGE]
    row = next(
        row
        for row in frame.index
        if frame.at[row, "GHFQDM"] == "410" and len(list_zones_of_boundary_row(draft, row)) == 1
    )
    (zone,) = list_zones_of_boundary_row(draft, row)
    draft.change(ZONE, zone, GHFQDM="420", GHFQMC="城镇弹性发展区")
    return draft.shape(EDGE, row)


@declare_mutation("LAW021", follows=["ATT013"])
def plant_zone_with_an_outdated_area_field(draft: CountyDraft) -> None:
    row = draft.first_row(ZONE)
    draft.change(ZONE, row, MJ=draft.value(ZONE, row, "MJ") + 20_000)


@declare_mutation("LAW022")
def plant_nature_reserve_without_one_of_its_parts(draft: CountyDraft) -> None:
    draft.drop_row(RESERVES, draft.last_row(RESERVES))


@declare_mutation("LAW022", case="share", follows=["REL036"])
def plant_reserve_not_wholly_in_the_red_line(draft: CountyDraft) -> None:
    draft.append_to_profile("[rules.LAW022]\nmin_red_line_share = 1.0\n")
    parcel, _ = draft.choose(draft.wild & ~draft.lines.red_line)
    x, y = np.round(draft.fabric.sites[parcel], 3)
    draft.add(RESERVES, shapely.box(x, y, x + 30, y + 30), MC="某森林公园", LX="自然公园")


@declare_mutation("LAW002", case="rounding", finds=2, follows=["LAW005", "LAW026"])
def plant_target_missed_by_one_hectare(draft: CountyDraft) -> None:
    """Miss the target by 2 ha, 0.003 万亩, less than half of its last digit."""
    plant_too_little_cultivated_land(draft)
    missed = TARGET_AREAS_M2["cultivated"] - draft.layers[FIELD]["TBDLMJ"].sum()
    draft.append_to_profile(
        _make_target_toml(
            "cultivated_area", f"{(TARGET_AREAS_M2['cultivated'] - missed + 20_000) * 15 / 1e8:.2f}", "wan_mu"
        )
    )


def _make_target_toml(indicator: str, value: str, unit: str) -> str:
    words = {"indicator": indicator, "comparison": ">=", "value": value, "unit": unit, "binding": "", "source": "批文"}
    return "[[targets]]\nyear = 2035\n" + "".join(f'{key} = "{word}"\n' for key, word in words.items())


@declare_mutation("LAW003", case="")
def plant_zone_not_assigned_to_any_space(draft: CountyDraft) -> None:
    draft.append_to_profile('[three_zones]\n"700" = "未对应"\n')


@declare_mutation("LAW010", case="blank", follows=["ATT020"])
def plant_farmland_without_land_use_code(draft: CountyDraft) -> Any:
    row = draft.pick_row(FARM, draft.farmland & (draft.lines.deduction_rate == 0))
    draft.change(FARM, row, DLBM=None, DLMC=None)
    return draft.shape(FARM, row)


@declare_mutation("LAW020", case="special")
def plant_exceeded_limit_of_special_use_zones(draft: CountyDraft) -> None:
    draft.append_to_profile("[rules.LAW020]\nmax_special_share = 0.001\n")


@declare_mutation("LAW001", case="remote", follows=["ATT023"])
def plant_base_year_streets_far_outside_the_boundary(draft: CountyDraft) -> None:
    """Let the boundary grow too much, and hide it by town streets outside the boundary in the base."""
    plant_towns_missing_in_the_base_year(draft)
    streets = np.flatnonzero(draft.wild & (draft.lines.boundary == 0) & ~draft.lines.red_line)
    gross = draft.lines.gross_area[streets]
    missing = draft.lines.gross_area[draft.lines.town_land].sum() / 20
    for parcel in streets[np.cumsum(gross) - gross < missing]:
        name = "城镇村道路用地"
        draft.change(BASE, draft.row(BASE, parcel), CZCSXM="202", YDYHFLDM="120700", YDYHFLMC=name)
        draft.change(PARCEL, draft.row(PARCEL, parcel), CZCSXM="202", DLBM="1004", DLMC=name)

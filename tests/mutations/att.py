# SPDX-License-Identifier: GPL-2.0-or-later
"""Planted defects of attributes, found by the ATT rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from tests.county.defect_editor import FARM, FIELD, PARCEL
from tests.mutations.mutation import CountyDraft, declare_mutation
from tests.mutations.side_inputs import FIGURES, write_figures

WOODS, BASE, CENTRE_ZONES, UNITS = "TRL", "XZYDYH", "ZXCQGHFQ", "ZXCQXXGHBZDY"


@declare_mutation("ATT001", case="repeated")
def plant_same_feature_number_for_two_parcels(draft: CountyDraft) -> None:
    rows = [draft.pick_row(PARCEL, draft.wild) for _ in range(2)]
    draft.change(PARCEL, rows[1], BSM=draft.key(PARCEL, rows[0]))


@declare_mutation("ATT001", case="missing")
def plant_parcel_without_feature_number(draft: CountyDraft) -> None:
    draft.change(PARCEL, draft.pick_row(PARCEL, draft.wild), BSM=None)


@declare_mutation("ATT002", case="unknown")
def plant_code_outside_the_code_list(draft: CountyDraft) -> None:
    draft.change(PARCEL, draft.pick_row(PARCEL, draft.wild), DLBM="0308")


@declare_mutation("ATT002", case="name")
def plant_name_of_another_code(draft: CountyDraft) -> None:
    wooded = draft.wild & (draft.layers[PARCEL]["DLBM"] == "0301").to_numpy()
    draft.change(PARCEL, draft.pick_row(PARCEL, wooded), DLMC="灌木林地")


@declare_mutation("ATT003", case="deduction")
def plant_deduction_unequal_to_gross_area_times_rate(draft: CountyDraft) -> None:
    row = draft.pick_row(FIELD, draft.fields & (draft.lines.deduction_rate > 0))
    values = {name: draft.value(FIELD, row, name) for name in ("KCMJ", "TBDLMJ")}
    draft.change(FIELD, row, KCMJ=round(values["KCMJ"] + 100, 2), TBDLMJ=round(values["TBDLMJ"] - 100, 2))


@declare_mutation("ATT003", case="missing")
def plant_cultivated_land_without_net_area(draft: CountyDraft) -> None:
    ploughed = draft.layers[PARCEL]["DLBM"].isin(["0102", "0103"]).to_numpy()
    draft.change(PARCEL, draft.pick_row(PARCEL, ploughed), TBDLMJ=np.nan)


@declare_mutation("ATT003", case="empty")
def plant_layer_without_net_areas(draft: CountyDraft) -> None:
    draft.layers[FIELD]["TBDLMJ"] = np.nan


@declare_mutation("ATT004", case="length", follows=["REL040"])
def plant_feature_number_without_last_digit(draft: CountyDraft) -> None:
    row = draft.first_row(WOODS)
    draft.change(WOODS, row, BSM=draft.key(WOODS, row)[:-1])


@declare_mutation("ATT004", case="county", follows=["REL040"])
def plant_feature_number_of_neighbouring_county(draft: CountyDraft) -> None:
    row = draft.first_row(WOODS)
    draft.change(WOODS, row, BSM="140226" + draft.key(WOODS, row)[6:])


@declare_mutation("ATT005", case="one", follows=["REL040"])
def plant_same_feature_number_in_two_layers(draft: CountyDraft) -> None:
    draft.change(WOODS, draft.first_row(WOODS), BSM=draft.key("STGYL", draft.first_row("STGYL")))


@declare_mutation("ATT006", follows=["REL040"])
def plant_feature_number_of_another_numbering_scheme(draft: CountyDraft) -> None:
    draft.change(WOODS, draft.first_row(WOODS), BSM="140225" + "2310" + "00000001")


@declare_mutation("ATT007", case="other")
def plant_feature_code_of_another_layer(draft: CountyDraft) -> None:
    draft.change("LSWHBHX", 0, YSDM=draft.value("HLFXKZX", 0, "YSDM"))


@declare_mutation("ATT007", case="unknown")
def plant_layer_of_unknown_code_without_codes(draft: CountyDraft) -> None:
    draft.change("CZKFBJ", 0, YSDM=None)


@declare_mutation("ATT007", case="mixed")
def plant_two_codes_in_a_layer_of_unknown_code(draft: CountyDraft) -> None:
    draft.change("CZKFBJ", 0, YSDM="2090020227")


@declare_mutation("ATT008")
def plant_code_of_four_digits(draft: CountyDraft) -> None:
    row = draft.pick_row(BASE, draft.wild)
    draft.change(BASE, row, YDYHFLDM=draft.value(BASE, row, "YDYHFLDM")[:4])


@declare_mutation("ATT009")
def plant_woods_without_kind(draft: CountyDraft) -> None:
    draft.change(PARCEL, draft.pick_row(PARCEL, draft.wild), DLBM="03", DLMC="林地")


@declare_mutation("ATT010")
def plant_centre_zone_with_first_level_code(draft: CountyDraft) -> None:
    living = draft.layers[CENTRE_ZONES].index[draft.layers[CENTRE_ZONES]["GHFQDM"] == "411"]
    draft.change(CENTRE_ZONES, int(living[0]), GHFQDM="400", GHFQMC="城镇发展区")


@declare_mutation("ATT011", case="form")
def plant_division_code_of_seven_digits(draft: CountyDraft) -> None:
    draft.change(WOODS, draft.first_row(WOODS), XZQDM="1402251")


@declare_mutation("ATT012", case="name", follows=["ATT021", "RUN904"])
def plant_row_with_another_county_name(draft: CountyDraft) -> None:
    draft.change(WOODS, draft.first_row(WOODS), XZQMC="浑原县")


@declare_mutation("ATT012", case="upper")
def plant_red_line_of_another_city(draft: CountyDraft) -> None:
    draft.layers["STBHHX"]["SJXZQMC"] = "忻州市"


@declare_mutation("ATT012", case="unknown")
def plant_unknown_township(draft: CountyDraft) -> None:
    draft.change(WOODS, draft.first_row(WOODS), XZQDM="140225999", XZQMC="旧镇")


@declare_mutation("ATT013")
def plant_outdated_area_field(draft: CountyDraft) -> None:
    row = draft.first_row(WOODS)
    draft.change(WOODS, row, MJ=draft.value(WOODS, row, "MJ") + 25)


@declare_mutation("ATT014", case="blank")
def plant_houses_without_urban_code(draft: CountyDraft) -> None:
    houses = (draft.layers[PARCEL]["DLBM"] == "0702").to_numpy()
    draft.change(PARCEL, draft.pick_row(PARCEL, houses), CZCSXM=None)


@declare_mutation("ATT015", case="garbled")
def plant_name_in_wrong_encoding(draft: CountyDraft) -> None:
    draft.change(WOODS, draft.first_row(WOODS), MC="天然林".encode().decode("gbk", errors="replace"))


@declare_mutation("ATT015", case="sign")
def plant_name_with_line_break(draft: CountyDraft) -> None:
    draft.change(WOODS, draft.first_row(WOODS), MC="天然\n林")


@declare_mutation("ATT016", case="future", follows=["ATT023"])
def plant_survey_year_in_the_future(draft: CountyDraft) -> None:
    draft.change(FIELD, draft.pick_row(FIELD, draft.fields), SJNF=2091)


@declare_mutation("ATT016", case="order")
def plant_protection_ending_before_its_begin(draft: CountyDraft) -> None:
    row = draft.pick_row(FARM, draft.farmland)
    dates = {name: np.datetime64(day, "ms") for name, day in (("BHKSSJ", "2022-09-01"), ("BHJSSJ", "2021-09-01"))}
    draft.change(FARM, row, **dates)


@declare_mutation("ATT017")
def plant_orchard_among_cultivated_land(draft: CountyDraft) -> None:
    level = draft.fields & (draft.lines.deduction_rate == 0)
    draft.change(FIELD, draft.pick_row(FIELD, level), DLBM="0201K", DLMC="可调整果园")


@declare_mutation("ATT018", case="slope")
def plant_plot_without_slope_class(draft: CountyDraft) -> None:
    draft.change(FIELD, draft.pick_row(FIELD, draft.fields), GDPDJB=None)


@declare_mutation("ATT019", case="blank")
def plant_deduction_rate_that_no_slope_class_has(draft: CountyDraft) -> None:
    draft.change(FIELD, draft.pick_row(FIELD, draft.fields & (draft.lines.deduction_rate > 0)), KCDLBM=None)


@declare_mutation("ATT020")
def plant_centre_zone_without_control_rules(draft: CountyDraft) -> None:
    draft.change(CENTRE_ZONES, draft.first_row(CENTRE_ZONES), GKZY=None)


@declare_mutation("ATT021")
def plant_village_with_two_names(draft: CountyDraft) -> None:
    units = draft.layers[PARCEL]["ZLDWDM"]
    many = (units.map(units.value_counts()) > 2).to_numpy()
    draft.change(PARCEL, draft.pick_row(PARCEL, draft.wild & many), ZLDWMC="永安镇别村")


@declare_mutation("ATT003", case="rate")
def plant_deduction_rate_above_one(draft: CountyDraft) -> None:
    draft.change(FIELD, draft.pick_row(FIELD, draft.fields & (draft.lines.deduction_rate > 0)), KCXS=1.2)


@declare_mutation("ATT003", case="net")
def plant_net_area_without_the_deduction(draft: CountyDraft) -> None:
    row = draft.pick_row(FIELD, draft.fields & (draft.lines.deduction_rate > 0))
    draft.change(FIELD, row, TBDLMJ=draft.value(FIELD, row, "TBMJ"))


@declare_mutation("ATT003", case="gross", follows=["ATT013", "ATT022"])
def plant_plot_with_zero_area_field(draft: CountyDraft) -> None:
    draft.change(FIELD, draft.pick_row(FIELD, draft.fields), TBMJ=0.0)


@declare_mutation("ATT004", case="signs", follows=["REL040"])
def plant_feature_number_with_small_letter(draft: CountyDraft) -> None:
    row = draft.first_row(WOODS)
    draft.change(WOODS, row, BSM=draft.key(WOODS, row)[:-1] + "a")


@declare_mutation("ATT005", case="many")
def plant_plots_with_feature_numbers_of_parcels(draft: CountyDraft) -> None:
    """Give plots the feature numbers of parcels, as if copied from that layer."""
    for parcel in np.flatnonzero(draft.lines.cultivated):
        draft.change(FIELD, draft.row(FIELD, parcel), BSM=draft.key(PARCEL, draft.row(PARCEL, parcel)))


@declare_mutation("ATT007", case="blank")
def plant_row_without_feature_code(draft: CountyDraft) -> None:
    draft.change("LSWHBHX", 0, YSDM=None)


@declare_mutation("ATT011", case="county", follows=["RUN904"])
def plant_woods_of_the_neighbouring_county(draft: CountyDraft) -> None:
    draft.change(WOODS, draft.first_row(WOODS), XZQDM="140226", XZQMC="左云县")


@declare_mutation("ATT014", case="other", follows=["ATT023"])
def plant_mine_with_urban_code_of_village(draft: CountyDraft) -> None:
    mines = (draft.layers[PARCEL]["DLBM"] == "0602").to_numpy()
    draft.change(PARCEL, draft.pick_row(PARCEL, mines), CZCSXM="203")


@declare_mutation("ATT016", case="form", follows=["ATT023"])
def plant_survey_year_of_two_digits(draft: CountyDraft) -> None:
    draft.change(FIELD, draft.pick_row(FIELD, draft.fields), SJNF=20)


@declare_mutation("ATT016", case="early", follows=["ATT023"])
def plant_survey_year_before_1949(draft: CountyDraft) -> None:
    draft.change(FIELD, draft.pick_row(FIELD, draft.fields), SJNF=1902)


@declare_mutation("ATT018", case="terrace", base="without ATT002", follows=["ATT023"])
def plant_plot_of_unknown_kind(draft: CountyDraft) -> None:
    draft.change(FIELD, draft.pick_row(FIELD, draft.fields), GDLX="TD")


@declare_mutation("ATT019", case="land")
def plant_deduction_area_in_woods(draft: CountyDraft) -> None:
    row = draft.pick_row(PARCEL, draft.wild)
    gross = draft.value(PARCEL, row, "TBMJ")
    taken = round(gross * 0.1, 2)
    draft.change(PARCEL, row, KCXS=0.1, KCMJ=taken, TBDLMJ=round(gross - taken, 2), KCDLBM="1203")


@declare_mutation("ATT019", case="kind")
def plant_deduction_area_in_roads(draft: CountyDraft) -> None:
    draft.change(FIELD, draft.pick_row(FIELD, draft.fields & (draft.lines.deduction_rate > 0)), KCDLBM="1006")


def multiply(draft: CountyDraft, role: str, rows: Any, factor: float, *names: str) -> None:
    """Multiply fields of some rows by a factor, rounded to their printed decimals.

    ``rows``: (n,) bool, or row numbers.
    """
    frame = draft.layers[role]
    for name in names:
        frame.loc[rows, name] = (frame.loc[rows, name] * factor).round(2)


def multiply_alike(draft: CountyDraft, rows: Any, factor: float) -> None:
    """Multiply gross, deducted and net area of cultivated land consistently."""
    multiply(draft, FIELD, rows, factor, "TBMJ")
    frame = draft.layers[FIELD]
    frame.loc[rows, "KCMJ"] = (frame.loc[rows, "TBMJ"] * frame.loc[rows, "KCXS"]).round(2)
    frame.loc[rows, "TBDLMJ"] = (frame.loc[rows, "TBMJ"] - frame.loc[rows, "KCMJ"]).round(2)


@declare_mutation("ATT022", case="", follows=["ATT013"])
def plant_plots_with_twelvefold_area_field(draft: CountyDraft) -> None:
    multiply_alike(draft, draft.layers[FIELD].index, 12)


@declare_mutation("ATT022", case="", follows=["ATT013"])
def plant_township_plots_with_inflated_area_field(draft: CountyDraft) -> None:
    codes = draft.layers[FIELD]["ZLDWDM"].str[:9]
    multiply_alike(draft, codes == codes.value_counts().index[0], 1.2)


@declare_mutation("ATT022", case="", follows=["ATT013"])
def plant_woods_with_area_field_in_hectares(draft: CountyDraft) -> None:
    multiply(draft, WOODS, draft.layers[WOODS].index, 1e-4, "MJ")


@declare_mutation("ATT022", case="net", follows=["ATT003"])
def plant_plots_with_net_area_above_gross_area(draft: CountyDraft) -> None:
    multiply(draft, FIELD, draft.layers[FIELD].index, 1.5, "TBDLMJ")


@declare_mutation("ATT022", case="unit")
def plant_net_area_field_in_mu(draft: CountyDraft) -> None:
    multiply(draft, BASE, draft.layers[BASE].index, 15 / 10_000, "TBDLMJ")


@declare_mutation("ATT019", case="none", follows=["ATT022"])
@declare_mutation("ATT022", case="deduction", follows=["ATT019"])
def plant_plots_without_deductions_of_the_survey(draft: CountyDraft) -> None:
    frame = draft.layers[FIELD]
    frame[["KCXS", "KCMJ"]] = 0.0
    frame["KCDLBM"] = None
    frame["TBDLMJ"] = frame["TBMJ"]


@declare_mutation("ATT022", case="blank")
def plant_red_line_without_its_area(draft: CountyDraft) -> None:
    draft.change("STBHHX", 0, MJ=None)


@declare_mutation("ATT022", case="county", follows=["TOP001"])
def plant_duplicated_villages(draft: CountyDraft) -> None:
    for row in list(draft.layers["XZQC"].index):
        draft.add("XZQC", draft.shape("XZQC", row), like=row)


@declare_mutation("ATT001", case="number", follows=["ATT024"])
def plant_same_feature_number_for_all_farmland(draft: CountyDraft) -> None:
    draft.layers[FARM]["YJJBNTTBBH"] = "14022500000001"


@declare_mutation("ATT016", case="survey", follows=["ATT023"])
def plant_field_of_the_previous_land_survey(draft: CountyDraft) -> None:
    draft.change(FIELD, draft.pick_row(FIELD, draft.fields), SJNF=2009)


@declare_mutation("ATT016", case="ended")
def plant_protection_that_has_ended(draft: CountyDraft) -> None:
    row = draft.first_row(FARM)
    draft.layers[FARM].loc[row, ["BHKSSJ", "BHJSSJ"]] = [pd.Timestamp("2010-01-01"), pd.Timestamp("2019-12-31")]


@declare_mutation("ATT019", case="small", finds=3, follows=["ATT022"])
def plant_ridge_coefficients_of_half_a_percent(draft: CountyDraft) -> None:
    """Reduce the coefficients in all layers alike, so that only their size is wrong."""
    for role, gross, net in ((PARCEL, "TBMJ", "TBDLMJ"), (FIELD, "TBMJ", "TBDLMJ"), (FARM, "YJJBNTTBMJ", "YJJBNTMJ")):
        frame = draft.layers[role]
        frame["KCXS"] = (frame["KCXS"] / 20).round(4)
        frame["KCMJ"] = (frame[gross] * frame["KCXS"]).round(2)
        frame[net] = (frame[gross] - frame["KCMJ"]).round(2)
    write_figures(draft.county, draft.folder)
    draft.options["figures"] = str(draft.folder / FIGURES)


@declare_mutation("ATT023")
def plant_plots_with_another_owner_than_parcels(draft: CountyDraft) -> None:
    draft.change(FIELD, draft.pick_row(FIELD, draft.fields), QSXZ="20")


@declare_mutation("ATT025", case="rare", finds=3)
def plant_fields_that_are_all_exclaves(draft: CountyDraft) -> None:
    for role in (PARCEL, FIELD, FARM):
        draft.layers[role]["FRDBS"] = "1"


@declare_mutation("ATT025", case="unfit", finds=2)
def plant_fields_and_farmland_with_planting_attribute_of_former_fields(draft: CountyDraft) -> None:
    for role in (PARCEL, FIELD, FARM):
        draft.layers[role]["ZZSXDM"] = None
        rows = draft.layers[role].index[draft.layers[role]["DLBM"] == "0103"][:20]
        draft.layers[role].loc[rows, "ZZSXDM"] = "GCHF"


@declare_mutation("ATT025", case="reason")
def plant_unstable_farmland_without_reason(draft: CountyDraft) -> None:
    draft.change(FARM, draft.first_row(FARM), WDGD="否")


@declare_mutation("ATT025", case="remark")
def plant_remark_that_farmland_is_a_fish_farm(draft: CountyDraft) -> None:
    draft.change(FARM, draft.first_row(FARM), BZ="实地已建养殖场，拟调出")


@declare_mutation("ATT023", case="class")
def plant_survey_field_coded_as_waste_land_in_the_base_year(draft: CountyDraft) -> None:
    draft.change(BASE, draft.pick_row(BASE, draft.fields), YDYHFLDM="230600", YDYHFLMC="裸土地")


@declare_mutation("ATT025", case="same_codes")
def plant_parcel_marked_as_exclave_of_its_own_village(draft: CountyDraft) -> None:
    draft.layers[PARCEL]["QSDWDM"] = None
    row = draft.pick_row(PARCEL, draft.wild)
    draft.change(PARCEL, row, FRDBS="1", QSDWDM=draft.value(PARCEL, row, "ZLDWDM"))


@declare_mutation("ATT023", finds=2)
def plant_grades_better_than_the_survey(draft: CountyDraft) -> None:
    for role in (FIELD, FARM):
        draft.layers[role]["GDDB"] -= 4


@declare_mutation("ATT023", case="class")
def plant_survey_field_coded_as_woods_in_the_base_year(draft: CountyDraft) -> None:
    draft.change(BASE, draft.pick_row(BASE, draft.fields), YDYHFLDM="030100", YDYHFLMC="乔木林地")


@declare_mutation("ATT023", case="redrawn", follows=["TOP004", "TOP005", "REL011"])
def plant_field_coded_as_waste_land_in_another_outline(draft: CountyDraft) -> None:
    row = draft.pick_row(BASE, draft.fields & (draft.lines.area > 1.5e6) & (draft.lines.deduction_rate == 0))
    shape = draft.shape(BASE, row)
    corner = shape.exterior.coords[0] if shape.geom_type == "Polygon" else shape.geoms[0].exterior.coords[0]
    draft.replace_shape(BASE, row, shape.difference(shapely.Point(corner).buffer(2, quad_segs=1)))
    draft.change(BASE, row, YDYHFLDM="230600", YDYHFLMC="裸土地")


@declare_mutation("ATT022", case="base")
def plant_base_year_ridges_larger_than_in_the_survey(draft: CountyDraft) -> None:
    frame = draft.layers[BASE]
    rows = frame["TBDLMJ"] < frame["TBMJ"]
    frame.loc[rows, "TBDLMJ"] = (frame["TBMJ"] - 2 * (frame["TBMJ"] - frame["TBDLMJ"]))[rows].round(2)


@declare_mutation("ATT022", case="partial")
def plant_evaluation_of_half_the_county(draft: CountyDraft) -> None:
    draft.layers["NYSCSYXPJJG"] = draft.layers["NYSCSYXPJJG"].iloc[:10]


@declare_mutation("ATT023", case="land", follows=["REL040"])
def plant_natural_forest_in_town(draft: CountyDraft) -> None:
    draft.replace_shape("TRL", draft.first_row("TRL"), draft.layers["CZKFBJ"].geometry.iloc[0])


@declare_mutation("ATT023", case="centre", follows=["LAW001"])
def plant_base_year_land_of_the_centre_coded_as_fields(draft: CountyDraft) -> None:
    frame = draft.layers["ZXCQXZYDYH"]
    frame["YDYHFLDM"], frame["YDYHFLMC"] = "010200", "水浇地"


@declare_mutation("ATT012", case="village", finds=None)
def plant_village_with_another_name_than_in_the_survey(draft: CountyDraft) -> None:
    draft.change("XZQC", draft.first_row("XZQC"), XZQMC="别村", MC="别村")


@declare_mutation("ATT002", case="words")
def plant_red_line_with_a_kind_that_is_not_ecological(draft: CountyDraft) -> None:
    draft.change("STBHHX", draft.first_row("STBHHX"), LHLX="城镇建设")


@declare_mutation("ATT001", case="grade", follows=["REL041"])
def plant_one_grade_for_the_whole_county(draft: CountyDraft) -> None:
    draft.layers["CZJSSYXPJJG"]["MC"] = "适宜"


@declare_mutation("ATT013", case="length")
def plant_road_with_tenfold_length_field(draft: CountyDraft) -> None:
    row = draft.first_row("ZDJTJCSSX")
    draft.change("ZDJTJCSSX", row, CD=10 * draft.value("ZDJTJCSSX", row, "CD"))


@declare_mutation("ATT020", case="unfilled")
def plant_red_line_without_kind(draft: CountyDraft) -> None:
    draft.change("STBHHX", draft.first_row("STBHHX"), LHLX=None)


@declare_mutation("ATT020", case="placeholder")
def plant_zone_that_is_not_approved(draft: CountyDraft) -> None:
    draft.change("YDYHGHFQ", draft.first_row("YDYHGHFQ"), BZ="待定，未批准")


@declare_mutation("ATT024")
def plant_number_of_another_parcel_of_the_village(draft: CountyDraft) -> None:
    first, second = _list_rows_of_largest_village(draft)[:2]
    draft.change("DLTB", second, TBBH=draft.value("DLTB", first, "TBBH"))


@declare_mutation("ATT024", case="many", follows=["ATT023"])
def plant_parcel_numbers_shared_by_pairs(draft: CountyDraft) -> None:
    for _, village in draft.layers["DLTB"].groupby("ZLDWDM"):
        for place, row in enumerate(village.index):
            draft.change("DLTB", int(row), TBBH=str(place // 2 + 1))


@declare_mutation("ATT002", case="layer")
def plant_mine_code_among_flood_lines(draft: CountyDraft) -> None:
    draft.change("HLFXKZX", draft.first_row("HLFXKZX"), LX="12")


@declare_mutation("ATT024", case="layer")
def plant_two_planning_units_of_one_name(draft: CountyDraft) -> None:
    draft.change(UNITS, draft.last_row(UNITS), MC=draft.value(UNITS, draft.first_row(UNITS), "MC"))


def _list_rows_of_largest_village(draft: CountyDraft) -> list[int]:
    parcels = draft.layers["DLTB"]
    village = parcels["ZLDWDM"].value_counts().index[0]
    return [int(row) for row in parcels.index[parcels["ZLDWDM"] == village]]


@declare_mutation("ATT025", case="name")
def plant_national_reserve_of_provincial_level(draft: CountyDraft) -> None:
    draft.change("ZRBHD", draft.first_row("ZRBHD"), JB="国家级")


@declare_mutation("ATT025", case="province")
def plant_black_soil_outside_its_provinces(draft: CountyDraft) -> None:
    draft.change(FIELD, draft.pick_row(FIELD, draft.fields), SFWHTD=1)


@declare_mutation("ATT025", case="pattern")
def plant_truncated_telephone_number(draft: CountyDraft) -> None:
    draft.change(FARM, draft.first_row(FARM), LXDH="03528")


@declare_mutation("ATT019", case="unused")
def plant_level_land_with_a_deducted_class(draft: CountyDraft) -> None:
    rows = draft.fields & (draft.lines.deduction_rate == 0)
    draft.change(FIELD, draft.pick_row(FIELD, rows), KCDLBM="1006")


@declare_mutation("ATT019", case="level", follows=["ATT023"])
def plant_terraces_coded_as_level_land(draft: CountyDraft) -> None:
    draft.change(FIELD, draft.pick_row(FIELD, draft.fields & (draft.lines.deduction_rate > 0)), GDPDJB="1")


@declare_mutation("ATT019", case="one_rate", follows=["ATT022", "ATT023", "LAW010"])
def plant_one_rate_for_all_terraces(draft: CountyDraft) -> None:
    draft.append_to_profile("[attributes]\nleast_rows_of_one_rate = 2\n")
    parcels = draft.layers[PARCEL]
    rows = parcels.index[parcels["KCXS"] > 0]
    parcels.loc[rows, "KCXS"] = 0.1
    parcels.loc[rows, "KCMJ"] = (parcels.loc[rows, "TBMJ"] * 0.1).round(2)
    parcels.loc[rows, "TBDLMJ"] = (parcels.loc[rows, "TBMJ"] - parcels.loc[rows, "KCMJ"]).round(2)
    parcels.loc[rows[0], "GDPDJB"] = "4"


@declare_mutation("ATT023")
def plant_cultivated_land_with_number_of_another_parcel(draft: CountyDraft) -> None:
    draft.change(FIELD, draft.pick_row(FIELD, draft.fields), TBBH="99999")


@declare_mutation("ATT025", case="digits", follows=["ATT023"])
def plant_location_codes_without_their_last_zeros(draft: CountyDraft) -> None:
    parcels = draft.layers["DLTB"]
    for row in parcels.index[:3]:
        draft.change("DLTB", int(row), ZLDWDM=parcels.at[row, "ZLDWDM"][:12])


@declare_mutation("ATT025", case="area")
def plant_historic_building_as_large_as_a_town_quarter(draft: CountyDraft) -> None:
    row = draft.first_row("LSJZM")
    draft.reshape("LSJZM", row, shapely.set_precision(draft.shape("LSJZM", row).buffer(60), 0.001))

# SPDX-License-Identifier: GPL-2.0-or-later
"""A county with one planted defect never passes (通过) the default check."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from plugin.core.check import RunOptions, check_plan
from plugin.core.model.verdict import Verdict
from tests.core.small_plan import get_outcome_of_rule, list_findings_of_rules
from tests.county import make_clean_county
from tests.county.source import make_read_layers
from tests.mutations import clean
from tests.parametrize import first_daily


@pytest.fixture(scope="module")
def complete_county():
    """Return a county without defects that has every layer, as tables by layer code."""
    return make_clean_county(clean.PARCELS, clean.SEED, full=True)


@pytest.fixture(scope="module")
def default_profile(complete_county, tmp_path_factory):
    """Return the path of a profile that confirms all settings and adds no rules."""
    path = clean.write_profile_with_all_rules(complete_county, tmp_path_factory.mktemp("profile"))
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(line for line in lines if not line.startswith("rules_extra")), encoding="utf-8")
    return str(path)


def check_layers(tables, profile, **options):
    """Return the report of a check of tables, as if the approvals that notes await were stated."""
    report = check_plan(make_read_layers(tables), RunOptions(profile=profile, **options)).report
    return clean.mark_approvals_as_stated(report)


def exchange_values(frame: gpd.GeoDataFrame, one: int, other: int, *fields: str) -> gpd.GeoDataFrame:
    """Return a table in which two rows have exchanged the values of some fields."""
    changed = frame.copy()
    for name in fields:
        column = frame.columns.get_loc(name)
        changed.iloc[one, column], changed.iloc[other, column] = frame.iloc[other, column], frame.iloc[one, column]
    return changed


def remove_a_parcel(tables):
    """Remove a parcel inside the county and the rows of other layers that lie on it."""
    parcels = tables["DLTB"]
    edge = tables["XZQX"].geometry.iloc[0].boundary
    woods = parcels[parcels["DLBM"].str.startswith("03") & (parcels.distance(edge) > 1000)]
    return {**tables, "DLTB": parcels.drop(index=woods.index[0]).reset_index(drop=True)}


def exchange_areas(tables):
    """Exchange the area values of two parcels of the same village and land use class."""
    parcels = tables["DLTB"]
    _, group = next(g for g in parcels.groupby(["ZLDWDM", "DLBM"]) if len(g[1]) > 1 and g[0][1].startswith("03"))
    one, other = (parcels.index.get_loc(i) for i in group.index[:2])
    return {**tables, "DLTB": exchange_values(parcels, one, other, "TBMJ", "TBDLMJ")}


def set_foreign_keys(tables):
    """Give all zones feature keys of another county."""
    zones = tables["YDYHGHFQ"].copy()
    zones["BSM"] = "140226" + zones["BSM"].str[6:]
    return {**tables, "YDYHGHFQ": zones}


def exchange_villages(tables):
    """Exchange code and name of two villages that lie in different townships."""
    villages = tables["XZQC"]
    other = next(n for n, code in enumerate(villages["XZQDM"]) if code[:9] != villages["XZQDM"].iloc[0][:9])
    return {**tables, "XZQC": exchange_values(villages, 0, other, "XZQDM", "XZQMC", "MC")}


def remove_a_village(tables):
    return {**tables, "XZQC": tables["XZQC"].iloc[1:]}


def add_centre_on_farmland(tables):
    """Add 10 km² of land use of the central urban area on farmland far from the centre."""
    centre = tables["ZXCQFW"].geometry.iloc[0]
    farm = tables["YJJBNTBHTB"]
    far = farm.geometry[farm.distance(centre).idxmax()].centroid
    square = shapely.box(far.x - 1581, far.y - 1581, far.x + 1581, far.y + 1581)
    square = square.intersection(tables["XZQX"].geometry.iloc[0])
    own = tables["ZXCQGHYDYH"]
    row = own.iloc[[0]].assign(BSM="140225009900000001").set_geometry([square], crs=own.crs)
    return {**tables, "ZXCQGHYDYH": gpd.GeoDataFrame(pd.concat([own, row], ignore_index=True), crs=own.crs)}


def move_core(tables):
    """Move a part of a nature reserve's core area outside the ecological red line."""
    reserves = tables["ZRBHD"].copy()
    row = reserves.index[reserves["MC"].str.endswith("核心保护区")][0]
    outside = tables["XZQX"].geometry.iloc[0].difference(tables["STBHHX"].union_all())
    place = shapely.maximum_inscribed_circle(outside).coords[0]
    shape = reserves.geometry[row]
    size = min(shapely.length(shapely.maximum_inscribed_circle(outside)) / 2, 2000)
    reserves.loc[[row], "geometry"] = [shapely.Point(place).buffer(size)]
    assert shape is not reserves.geometry[row]
    return {**tables, "ZRBHD": reserves}


def set_two_names(tables):
    """Give one parcel another village name than that of its code."""
    parcels = tables["DLTB"].copy()
    row = parcels.index[parcels["ZLDWDM"].duplicated()][0]
    parcels.loc[row, "ZLDWMC"] = "别处村"
    return {**tables, "DLTB": parcels}


def set_foreign_feature_codes(tables):
    """Give all zones the feature code of another layer."""
    return {**tables, "YDYHGHFQ": tables["YDYHGHFQ"].assign(YSDM="2090020227")}


def shorten_division_codes(tables):
    return {**tables, "STBHHX": tables["STBHHX"].assign(XJXZQDM="14022")}


def remove_control_guidance(tables):
    return {**tables, "ZXCQGHFQ": tables["ZXCQGHFQ"].assign(GKZY=None)}


def clear_area_fields(tables):
    return {**tables, "STBHHX": tables["STBHHX"].assign(MJ=float("nan"))}


def set_rows(tables, role, rows, **values):
    """Return the tables with values set in the rows of a mask."""
    return {**tables, role: tables[role].assign(**{n: tables[role][n].mask(rows, v) for n, v in values.items()})}


def code_base_year_fields_as_woods(tables):
    """Code forty fields as woods in the land use of the base year only."""
    base = tables["XZYDYH"]
    rows = base.index.isin(base.index[base["YDYHFLDM"] == "010300"][:40])
    return set_rows(tables, "XZYDYH", rows, YDYHFLDM="030100", YDYHFLMC="乔木林地")


def code_survey_woods_as_fields(tables):
    """Code five woods as dry fields in the survey only."""
    parcels = tables["DLTB"]
    rows = parcels.index.isin(parcels.index[parcels["DLBM"] == "0301"][:5])
    return set_rows(tables, "DLTB", rows, DLBM="0103", DLMC="旱地", GDLX="PD", GDPDJB="1")


def code_base_year_land_of_the_centre_as_fields(tables):
    return {**tables, "ZXCQXZYDYH": tables["ZXCQXZYDYH"].assign(YDYHFLDM="010200", YDYHFLMC="水浇地")}


def code_village_housing_as_town_housing(tables):
    """Code housing of villages as housing of towns, in the base year and in the survey."""
    base, parcels = tables["XZYDYH"], tables["DLTB"]
    tables = set_rows(
        tables, "XZYDYH", base["YDYHFLDM"] == "070300", CZCSXM="202", YDYHFLDM="070100", YDYHFLMC="城镇住宅用地"
    )
    return set_rows(tables, "DLTB", parcels["DLBM"] == "0702", CZCSXM="202", DLBM="0701", DLMC="城镇住宅用地")


def rename_villages_in_all_parcels(tables):
    return tables | {
        role: tables[role].assign(ZLDWMC=tables[role]["ZLDWMC"].str.replace("村$", "屯", regex=True))
        for role in ("DLTB", "GDBHMB", "YJJBNTBHTB")
    }


def exchange_names_of_two_villages(tables):
    return {**tables, "XZQC": exchange_values(tables["XZQC"], 0, 1, "XZQMC", "MC")}


def remove_two_monuments(tables):
    return tables | {role: tables[role].iloc[2:].reset_index(drop=True) for role in ("WWBHDWD", "WWBHDWM")}


def move_refuges_into_hazard_areas(tables):
    refuges = tables["FZJZSSD"].copy()
    places = [tables[role].geometry.iloc[0].representative_point() for role in ("XZZRZHFXFBM", "XZHQ")]
    refuges.loc[refuges.index[:2], "geometry"] = places
    return {**tables, "FZJZSSD": refuges}


def set_red_line_kind_to_building_land(tables):
    return {**tables, "STBHHX": tables["STBHHX"].assign(LHLX="城镇建设")}


def set_one_grade_everywhere(tables):
    return {**tables, "CZJSSYXPJJG": tables["CZJSSYXPJJG"].assign(MC="适宜")}


def set_grades_outside_the_evaluation_classes(tables):
    grades = tables["STBHZYXPJJG"]
    return set_rows(tables, "STBHZYXPJJG", grades["MC"] == "重要", MC="合格")


def set_unknown_main_functions(tables):
    return {**tables, "XZZTGNDW": tables["XZZTGNDW"].assign(LX="工业园区")}


def multiply_road_lengths_by_ten(tables):
    return {**tables, "ZDJTJCSSX": tables["ZDJTJCSSX"].assign(CD=tables["ZDJTJCSSX"]["CD"] * 10)}


def add_remark_that_zones_are_not_approved(tables):
    return {**tables, "YDYHGHFQ": tables["YDYHGHFQ"].assign(BZ="待定，未批准")}


def plan_housing_on_city_lines(tables):
    lines = pd.concat([tables[role].geometry for role in ("ZXCQCSLX", "ZXCQCSLVX", "ZXCQCSHX")]).union_all()
    inside = tables["ZXCQGHYDYH"].geometry.representative_point().within(lines)
    return set_rows(tables, "ZXCQGHYDYH", inside, YDYHFLDM="070100", YDYHFLMC="城镇住宅用地")


def plan_housing_in_industrial_zones(tables):
    zones = tables["ZXCQGHFQ"]
    industry = zones.geometry[zones["GHFQDM"] == "414"].union_all()
    inside = tables["ZXCQGHYDYH"].geometry.representative_point().within(industry)
    return set_rows(tables, "ZXCQGHYDYH", inside, YDYHFLDM="070100", YDYHFLMC="城镇住宅用地")


def exchange_green_and_blue_line(tables):
    blue, green = tables["ZXCQCSLX"], tables["ZXCQCSLVX"]
    return {
        **tables,
        "ZXCQCSLX": blue.set_geometry(green.geometry.to_numpy(), crs=blue.crs),
        "ZXCQCSLVX": green.set_geometry(blue.geometry.to_numpy(), crs=green.crs),
    }


def code_survey_woods_as_fields_and_shift_the_survey(tables):
    """Code woods as fields and shift the survey by less than a millimetre, as saving in another program does."""
    tables = code_survey_woods_as_fields(tables)
    return {**tables, "DLTB": tables["DLTB"].set_geometry(tables["DLTB"].geometry.translate(0.0004, -0.0003))}


DEFECTS_AND_RULES = [
    (code_survey_woods_as_fields_and_shift_the_survey, "ATT023"),
    (code_base_year_fields_as_woods, "ATT023"),
    (code_survey_woods_as_fields, "ATT023"),
    (code_base_year_land_of_the_centre_as_fields, "ATT023"),
    (code_village_housing_as_town_housing, "LAW001"),
    (rename_villages_in_all_parcels, "ATT012"),
    (exchange_names_of_two_villages, "ATT012"),
    (remove_two_monuments, "REL022"),
    (move_refuges_into_hazard_areas, "REL035"),
    (set_red_line_kind_to_building_land, "ATT002"),
    (set_one_grade_everywhere, "ATT001"),
    (set_grades_outside_the_evaluation_classes, "ATT002"),
    (set_unknown_main_functions, "ATT002"),
    (multiply_road_lengths_by_ten, "ATT013"),
    (add_remark_that_zones_are_not_approved, "ATT020"),
    (plan_housing_on_city_lines, "REL039"),
    (plan_housing_in_industrial_zones, "REL039"),
    (exchange_green_and_blue_line, "REL039"),
    (set_foreign_feature_codes, "ATT007"),
    (shorten_division_codes, "ATT011"),
    (remove_control_guidance, "ATT020"),
    (clear_area_fields, "ATT022"),
    (remove_a_parcel, "TOP006"),
    (exchange_areas, "ATT013"),
    (set_foreign_keys, "ATT004"),
    (exchange_villages, "REL034"),
    (remove_a_village, "REL034"),
    (add_centre_on_farmland, "REL033"),
    (move_core, "LAW022"),
    (move_core, "REL036"),
    (set_two_names, "ATT021"),
]


def test_county_without_defects_passes_the_default_check(complete_county, default_profile):
    report = check_layers(complete_county.layers, default_profile)
    assert report.verdict is Verdict.PASSED and report.provenance["scope"] == "county"


@pytest.mark.parametrize(
    ("damage", "code"), first_daily(DEFECTS_AND_RULES, 12), ids=[f"{d.__name__}-{c}" for d, c in DEFECTS_AND_RULES]
)
def test_county_with_one_planted_defect_never_passes_the_default_check(complete_county, default_profile, damage, code):
    report = check_layers(damage(complete_county.layers), default_profile)
    assert list_findings_of_rules(report, code), [f.code for f in report.findings]
    assert report.verdict is not Verdict.PASSED


def test_rule_on_heritage_counts_is_skipped_when_the_heritage_layer_is_empty(complete_county, default_profile):
    tables = {**complete_county.layers, "LSWHBHX": complete_county.layers["LSWHBHX"].iloc[:0]}
    report = check_layers(tables, default_profile)
    assert get_outcome_of_rule(report, "LAW023").outcome == "skipped" and report.verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize(
    ("damage", "code"), [(remove_a_parcel, "TOP006"), (set_foreign_keys, "ATT004"), (set_two_names, "ATT021")]
)
def test_check_of_three_control_lines_with_a_planted_defect_reports_it_and_does_not_pass(
    complete_county, default_profile, damage, code
):
    lines = {
        role: complete_county.layers[role]
        for role in ("XZQX", "XZQXZ", "YJJBNTBHTB", "STBHHX", "CZKFBJ", "DLTB", "YDYHGHFQ")
    }
    report = check_layers(damage({**lines}), default_profile)
    assert report.provenance["scope"] == "three_lines"
    assert list_findings_of_rules(report, code) and report.verdict is not Verdict.PASSED


# Copies of survey parcels


@pytest.mark.parametrize("role", ["YJJBNTBHTB", "GDBHMB"])
@pytest.mark.parametrize(
    ("field", "value"),
    [("GDLX", "TT"), ("FRDBS", "1"), ("QSXZ", "20"), ("ZLDWMC", "蔡村镇别庄村"), ("SJNF", 2019)],
)
def test_farmland_row_with_another_value_than_the_parcel_it_copies_is_reported(
    complete_county, default_profile, role, field, value
):
    copies = complete_county.layers[role].copy()
    rows = copies.index[copies[field].notna() & (copies[field] != value)][:3]
    copies.loc[rows, field] = value
    report = check_layers({**complete_county.layers, role: copies}, default_profile, rules=("ATT023",))
    (finding,) = list_findings_of_rules(report, "ATT023")
    assert (finding.role, finding.related_role, finding.field) == (role, "DLTB", field)
    assert finding.params["count"] == 3 and finding.key == copies["BSM"][rows[0]]
    assert str(value) in finding.message and "地类图斑" in finding.message
    assert "ATT023" in {rule.code for rule in check_layers(complete_county.layers, default_profile).rules}


# Values that are equal in all layers


def test_terraces_without_a_ridge_deduction_in_all_layers_are_reported(complete_county, default_profile):
    tables = dict(complete_county.layers)
    gross = {"DLTB": ("TBMJ", "TBDLMJ"), "GDBHMB": ("TBMJ", "TBDLMJ"), "YJJBNTBHTB": ("YJJBNTTBMJ", "YJJBNTMJ")}
    for role, (area, net) in gross.items():
        tables[role] = tables[role].assign(KCXS=0.0, KCMJ=0.0, KCDLBM=None, **{net: tables[role][area]})
    report = check_layers(tables, default_profile)
    findings = [f for f in list_findings_of_rules(report, "ATT019") if f.case == "none"]
    assert {f.role for f in findings} == set(gross)
    terraced = (complete_county.layers["DLTB"]["GDLX"] == "TT").sum()
    assert [f.params["count"] for f in findings if f.role == "DLTB"] == [terraced]
    assert all("KCXS" in f.message and "田坎" in f.message for f in findings)
    assert report.verdict is Verdict.CONDITIONAL


def test_expired_protection_period_is_reported(complete_county, default_profile):
    farm = complete_county.layers["YJJBNTBHTB"].copy()
    farm["BHKSSJ"], farm["BHJSSJ"] = pd.Timestamp("2010-01-01"), pd.Timestamp("2020-12-31")
    report = check_layers({**complete_county.layers, "YJJBNTBHTB": farm}, default_profile)
    findings = list_findings_of_rules(report, "ATT016")
    assert (
        len(findings) == len(farm)
        and {f.case for f in findings} == {"ended"}
        and {f.field for f in findings} == {"BHJSSJ"}
    )
    assert report.verdict is Verdict.CONDITIONAL


def test_protection_period_that_ends_before_its_start_is_reported_once(complete_county, default_profile):
    farm = complete_county.layers["YJJBNTBHTB"].copy()
    farm["BHKSSJ"], farm["BHJSSJ"] = pd.Timestamp("2020-01-01"), pd.Timestamp("2010-12-31")
    findings = list_findings_of_rules(
        check_layers({**complete_county.layers, "YJJBNTBHTB": farm}, default_profile, rules=("ATT016",)), "ATT016"
    )
    assert len(findings) == len(farm) and {f.case for f in findings} == {"order"}


def test_farmland_number_repeated_in_every_row_is_reported_in_one_warning(complete_county, default_profile):
    farm = complete_county.layers["YJJBNTBHTB"].assign(YJJBNTTBBH="14022500000001")
    report = check_layers({**complete_county.layers, "YJJBNTBHTB": farm}, default_profile)
    (finding,) = list_findings_of_rules(report, "ATT001")
    assert (finding.case, finding.field, finding.params["count"]) == ("number", "YJJBNTTBBH", len(farm))
    assert str(finding.severity) == "WARNING" and report.verdict is Verdict.CONDITIONAL


# A register without rows


def test_heritage_register_without_rows_makes_its_rule_and_the_verdict_incomplete(
    complete_county, default_profile, tmp_path
):
    path = tmp_path / "名录.csv"
    path.write_text("名称,类型,级别\n", encoding="utf-8")
    report = check_layers(complete_county.layers, default_profile, register=str(path))
    result = get_outcome_of_rule(report, "LAW024")
    assert result.incomplete and "名录.csv" in result.reason and "没有数据" in result.reason
    assert report.verdict is Verdict.INCOMPLETE


# Zones of two layers that contradict each other


def test_planning_zone_layers_with_different_codes_on_the_same_land_are_reported(complete_county, default_profile):
    zones = complete_county.layers["YDYHGHFQ"]
    other = zones.copy()
    row = other.index[other["GHFQDM"].str.startswith("5")][0]
    other.loc[row, "GHFQDM"] = "300"
    other["BSM"] = [f"14022500009{n:07d}" for n in range(len(other))]
    report = check_layers({**complete_county.layers, "GHFQ": other}, default_profile)
    findings = [f for f in list_findings_of_rules(report, "REL011") if f.case == "code"]
    assert [(f.role, f.related_role) for f in findings] == [("YDYHGHFQ", "GHFQ")]
    assert findings[0].params["related"] == "300" and "规划分区" in findings[0].message
    assert report.verdict is not Verdict.PASSED


def test_central_area_zones_on_county_zones_of_another_class_are_reported(complete_county, default_profile):
    centre = complete_county.layers["ZXCQGHFQ"].copy()
    row = centre.index[centre["GHFQDM"].str.startswith("4")][0]
    centre.loc[row, "GHFQDM"] = "300"
    report = check_layers({**complete_county.layers, "ZXCQGHFQ": centre}, default_profile, rules=("REL011",))
    findings = list_findings_of_rules(report, "REL011")
    assert findings and {(f.case, f.related_role) for f in findings} == {("code", "ZXCQGHFQ")}
    assert {f.related_keys[0] for f in findings} == {centre["BSM"][row]}

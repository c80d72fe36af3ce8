# SPDX-License-Identifier: GPL-2.0-or-later
"""A county with one planted defect never passes (通过) the default check."""

import pandas as pd
import pytest

from plugin.core.check import RunOptions, check_plan
from plugin.core.model.verdict import Verdict
from tests.core.small_plan import get_outcome_of_rule, list_findings_of_rules
from tests.county import make_clean_county
from tests.county.source import make_read_layers
from tests.mutations import clean


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


def remove_a_parcel(tables):
    """Remove a parcel inside the county and the rows of other layers that lie on it."""
    parcels = tables["DLTB"]
    edge = tables["XZQX"].geometry.iloc[0].boundary
    woods = parcels[parcels["DLBM"].str.startswith("03") & (parcels.distance(edge) > 1000)]
    return {**tables, "DLTB": parcels.drop(index=woods.index[0]).reset_index(drop=True)}


def set_foreign_keys(tables):
    """Give all zones feature keys of another county."""
    zones = tables["YDYHGHFQ"].copy()
    zones["BSM"] = "140226" + zones["BSM"].str[6:]
    return {**tables, "YDYHGHFQ": zones}


def set_two_names(tables):
    """Give one parcel another village name than that of its code."""
    parcels = tables["DLTB"].copy()
    row = parcels.index[parcels["ZLDWDM"].duplicated()][0]
    parcels.loc[row, "ZLDWMC"] = "别处村"
    return {**tables, "DLTB": parcels}


def set_rows(tables, role, rows, **values):
    """Return the tables with values set in the rows of a mask."""
    return {**tables, role: tables[role].assign(**{n: tables[role][n].mask(rows, v) for n, v in values.items()})}


def code_survey_woods_as_fields(tables):
    """Code five woods as dry fields in the survey only."""
    parcels = tables["DLTB"]
    rows = parcels.index.isin(parcels.index[parcels["DLBM"] == "0301"][:5])
    return set_rows(tables, "DLTB", rows, DLBM="0103", DLMC="旱地", GDLX="PD", GDPDJB="1")


def code_survey_woods_as_fields_and_shift_the_survey(tables):
    """Code woods as fields and shift the survey by less than a millimetre, as saving in another program does."""
    tables = code_survey_woods_as_fields(tables)
    return {**tables, "DLTB": tables["DLTB"].set_geometry(tables["DLTB"].geometry.translate(0.0004, -0.0003))}


def test_county_without_defects_passes_the_default_check(complete_county, default_profile):
    report = check_layers(complete_county.layers, default_profile)
    assert report.verdict is Verdict.PASSED and report.provenance["scope"] == "county"


def test_rule_on_heritage_counts_is_skipped_when_the_heritage_layer_is_empty(complete_county, default_profile):
    tables = {**complete_county.layers, "LSWHBHX": complete_county.layers["LSWHBHX"].iloc[:0]}
    report = check_layers(tables, default_profile)
    assert get_outcome_of_rule(report, "LAW023").outcome == "skipped" and report.verdict is Verdict.INCOMPLETE


DEFECTS_AND_RULES = [(remove_a_parcel, "TOP006"), (set_foreign_keys, "ATT004"), (set_two_names, "ATT021")]


@pytest.mark.parametrize(
    ("damage", "code"), [*DEFECTS_AND_RULES, (code_survey_woods_as_fields_and_shift_the_survey, "ATT023")]
)
def test_county_with_one_planted_defect_never_passes_the_default_check(complete_county, default_profile, damage, code):
    """Further defects: tests/mutations."""
    report = check_layers(damage(complete_county.layers), default_profile)
    assert list_findings_of_rules(report, code), [f.code for f in report.findings]
    assert report.verdict is not Verdict.PASSED


@pytest.mark.parametrize(("damage", "code"), DEFECTS_AND_RULES)
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

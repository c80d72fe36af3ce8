# SPDX-License-Identifier: GPL-2.0-or-later
"""Counties with missing, misassigned, empty or manipulated data never get the verdict 通过."""

import json
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.cli.examples.plans import make_example_norm
from plugin.core.engine.plan_consistency import INCONSISTENCY_CODE as FRAME
from plugin.core.model.findings import UNREAD_CODE as UNREAD
from plugin.core.model.report import Outcome, Report
from plugin.core.model.verdict import Verdict
from plugin.core.plan.loading.recognition import find_missed_scope
from tests.core.small_plan import get_outcome_of_rule, list_findings_of_rules, write_gpkg
from tests.county import make_clean_county
from tests.county.source import make_read_layers
from tests.mutations import clean
from tests.parametrize import first_daily

#: Layers of the three lines and of their surroundings, as in the shipped sample.
CONTROL_LINE_ROLES = ("YJJBNTBHTB", "STBHHX", "CZKFBJ", "DLTB", "XZYDYH")
#: Layers that only a county plan has, and a rule that needs none of the removed layers.
ONE_FAST_RULE = ("TOP001",)


@pytest.fixture(scope="module")
def complete_county():
    """Return a county without defects that has every layer, as tables by layer code."""
    return make_clean_county(clean.PARCELS, clean.SEED, full=True)


@pytest.fixture(scope="module")
def sample_layers():
    """Return the layers of a county without defects, as those of the mutations."""
    return make_clean_county(clean.PARCELS).layers


@pytest.fixture(scope="module")
def confirmed_profile(complete_county, tmp_path_factory):
    """Return the path of a profile that confirms all settings and states all figures."""
    return str(clean.write_profile_with_all_rules(complete_county, tmp_path_factory.mktemp("profile")))


def check_layers(tables, profile, *, names=None, more=(), **options):
    """Return the report of a check of tables by layer code.

    ``names`` gives another layer name by layer code; ``more`` lists (code, name) of layers to add a second time.
    """
    read = make_read_layers(tables) + [replace(make_read_layers({r: tables[r]})[0], name=name) for r, name in more]
    named = [replace(layer, name=(names or {}).get(layer.name, layer.name)) for layer in read]
    return clean.mark_approvals_as_stated(check_plan(named, RunOptions(profile=profile, **options)).report)


def remove_layers(tables, *roles):
    """Return the tables without some layers."""
    return {role: frame for role, frame in tables.items() if role not in roles}


def declare_concepts_absent(profile, tmp_path, *concepts):
    """Return the path of a copy of the profile in which the county has no such layers."""
    path = tmp_path / "absent.toml"
    listed = ", ".join(f'"{c}"' for c in concepts)
    text = Path(profile).read_text(encoding="utf-8")
    path.write_text(f"{text}\n[absent]\nconcepts = [{listed}]\n", encoding="utf-8")
    return str(path)


# The scope of the delivery


@pytest.mark.parametrize("gone", [("YDYHGHFQ",), ("XZQX",), ("XZQX", "XZQXZ", "YDYHGHFQ")])
def test_county_plan_without_a_mandatory_layer_gets_the_verdict_incomplete(complete_county, confirmed_profile, gone):
    report = check_layers(remove_layers(complete_county.layers, *gone), confirmed_profile, rules=ONE_FAST_RULE)
    (scope,) = list_findings_of_rules(report, FRAME)
    assert scope.case == "scope" and report.provenance["scope"] == "three_lines"
    names = {"YDYHGHFQ": "规划分区", "XZQX": "县级行政区", "XZQXZ": "乡镇级行政区"}
    assert all(names[role] in scope.message for role in gone)
    assert all(words in scope.message for words in ("三条控制线", "县级总体规划", "交付范围", "在县配置中声明"))
    assert report.verdict is Verdict.INCOMPLETE
    assert Report.from_dict(json.loads(json.dumps(report.to_dict()))).verdict is Verdict.INCOMPLETE


def test_narrower_delivery_scope_chosen_by_the_user_is_reported_with_the_omitted_layers(
    complete_county, confirmed_profile
):
    report = check_layers(
        remove_layers(complete_county.layers, "YDYHGHFQ"), confirmed_profile, rules=ONE_FAST_RULE, scope="three_lines"
    )
    (scope,) = list_findings_of_rules(report, FRAME)
    assert scope.case == "scope_chosen" and "规划分区" in scope.message and "县级总体规划" in scope.message
    assert report.verdict is Verdict.CONDITIONAL


def test_three_lines_scope_chosen_for_a_complete_county_plan_gives_the_verdict_conditional(
    complete_county, confirmed_profile
):
    report = check_layers(complete_county.layers, confirmed_profile, rules=ONE_FAST_RULE, scope="three_lines")
    (scope,) = list_findings_of_rules(report, FRAME)
    assert scope.case == "scope_narrower" and "本结论只适用于“三条控制线”" in scope.message
    assert report.verdict is Verdict.CONDITIONAL


@pytest.mark.parametrize("scope", ["county", ""])
def test_complete_county_checked_with_scope_county_chosen_or_detected_has_no_finding_on_its_scope(
    complete_county, confirmed_profile, scope
):
    report = check_layers(complete_county.layers, confirmed_profile, rules=ONE_FAST_RULE, scope=scope)
    assert not list_findings_of_rules(report, FRAME)


def test_layer_declared_absent_in_the_profile_does_not_narrow_the_delivery_scope(
    complete_county, confirmed_profile, tmp_path
):
    report = check_layers(
        remove_layers(complete_county.layers, "SD"),
        declare_concepts_absent(confirmed_profile, tmp_path, "SD"),
        rules=ONE_FAST_RULE,
    )
    assert not list_findings_of_rules(report, FRAME) and report.provenance["scope"] == "county"


def test_three_control_lines_with_a_village_layer_give_a_scope_hint_and_the_verdict_conditional(
    complete_county, sample_layers, confirmed_profile
):
    report = check_layers({**sample_layers, "SD": complete_county.layers["SD"]}, confirmed_profile, rules=ONE_FAST_RULE)
    (scope,) = list_findings_of_rules(report, FRAME)
    assert scope.case == "scope_hint" and "村级行政区（XZQC）" in scope.message
    hinted = check_layers(
        {**sample_layers, "SD": complete_county.layers["SD"]},
        confirmed_profile,
        rules=ONE_FAST_RULE,
        scope="three_lines",
    )
    assert not list_findings_of_rules(hinted, FRAME)
    again = Report.from_dict(json.loads(json.dumps(report.to_dict())))
    assert report.verdict is again.verdict is Verdict.CONDITIONAL


@pytest.mark.parametrize("gone", [(), ("YDYHGHFQ",), ("XZQX", "XZQXZ")])
def test_delivery_of_only_three_control_lines_is_checked_without_a_finding_on_its_scope(
    sample_layers, confirmed_profile, gone
):
    assert not list_findings_of_rules(
        check_layers(remove_layers(sample_layers, *gone), confirmed_profile, rules=ONE_FAST_RULE), FRAME
    )


@pytest.mark.parametrize(("present", "evident"), [(1, False), (6, False), (9, True), (13, True)])
def test_three_control_lines_with_9_of_13_other_county_layers_are_taken_for_a_county_plan_with_6_not(present, evident):
    norm = make_example_norm()
    scopes = norm.standard.scopes
    lines = scopes["three_lines"]
    county = scopes["county"]
    own = [c for c in county.mandatory_concepts if c not in (*lines.mandatory_concepts, *lines.optional_concepts)]
    assert len(own) == 13 and len(county.conditional_concepts) == 4
    missed = find_missed_scope(norm, {*CONTROL_LINE_ROLES, *own[:present]}, "three_lines")
    assert missed is not None and missed.is_evident is evident
    assert set(missed.lacking_concepts) >= {"zones", "county"} | set(own[present:])


def test_county_plan_with_one_layer_of_yearly_changes_is_not_taken_for_yearly_maintenance():
    """Check a county plan that has one layer of yearly changes and lacks other layers."""
    norm = make_example_norm()
    scope = norm.standard.scopes["county"]
    own = [c for c in scope.mandatory_concepts if c in norm.standard.templates]
    missed = find_missed_scope(norm, {*own, "CZKFBJ"}, "maintenance")
    assert missed is not None and missed.wider_scope == "county" and missed.is_evident
    changes = set(norm.standard.concepts["maintenance"])
    assert find_missed_scope(norm, changes, "maintenance") is None


# A layer without features


def test_empty_layer_that_a_county_plan_requires_allows_only_a_conditional_pass(sample_layers, confirmed_profile):
    emptied = {**sample_layers, "YDYHGHFQ": sample_layers["YDYHGHFQ"].iloc[:0]}
    report = check_layers(emptied, confirmed_profile, rules=("TOP001", "TOP002"))
    (empty,) = list_findings_of_rules(report, UNREAD)
    assert empty.case == "empty" and "YDYHGHFQ" in empty.message
    assert get_outcome_of_rule(report, "TOP002").outcome is Outcome.NOT_APPLICABLE
    assert report.verdict is Verdict.CONDITIONAL
    assert not list_findings_of_rules(check_layers(emptied, confirmed_profile, scope="three_lines"), UNREAD)


# Roles


def test_layer_assigned_to_another_role_than_that_of_its_name_is_reported(sample_layers, confirmed_profile):
    report = check_layers(sample_layers, confirmed_profile, rules=ONE_FAST_RULE, roles={"ZXCQFW": "YDYHGHFQ"})
    (named,) = list_findings_of_rules(report, UNREAD)
    assert (named.case, named.role) == ("elsewhere", "ZXCQFW")
    assert "规划分区" in named.message and "YDYHGHFQ" in named.message
    assert report.verdict is Verdict.CONDITIONAL


def test_second_urban_boundary_layer_assigned_to_another_role_is_reported_and_prevents_a_pass(
    sample_layers, confirmed_profile
):
    twice = [("CZKFBJ", "CZKFBJ_终稿")]
    report = check_layers(
        sample_layers,
        confirmed_profile,
        more=twice,
        rules=ONE_FAST_RULE,
        roles={"CZKFBJ": "CZKFBJ", "ZXCQFW": "CZKFBJ_终稿"},
    )
    assert [f.case for f in list_findings_of_rules(report, UNREAD)] == ["elsewhere"]
    assert report.verdict is Verdict.CONDITIONAL


def test_mandatory_layer_assigned_to_another_role_counts_as_missing(sample_layers, confirmed_profile):
    report = check_layers(sample_layers, confirmed_profile, roles={"ZXCQFW": "CZKFBJ"})
    assert get_outcome_of_rule(report, "REL002").outcome is Outcome.SKIPPED
    assert list_findings_of_rules(report, "SCH001") and report.verdict is Verdict.INCOMPLETE


def test_renamed_layer_with_the_fields_of_another_role_is_reported(sample_layers, confirmed_profile):
    report = check_layers(
        sample_layers, confirmed_profile, names={"DLTB": "图层1"}, rules=ONE_FAST_RULE, roles={"ZXCQFW": "图层1"}
    )
    assert [f.case for f in list_findings_of_rules(report, UNREAD)] == ["elsewhere"]


@pytest.mark.parametrize(("role", "name"), [("YDYHGHFQ", "YDYHGHFQ"), ("YDYHGHFQ", "分区成果"), ("XZQ", "XZQX")])
def test_layer_assigned_to_the_role_of_its_name_or_fields_is_not_reported(sample_layers, confirmed_profile, role, name):
    names = {} if name in sample_layers else {role: name}
    assert not list_findings_of_rules(
        check_layers(sample_layers, confirmed_profile, names=names, rules=ONE_FAST_RULE, roles={role: name}), UNREAD
    )


# The sealed edition


@pytest.mark.parametrize(
    ("role", "rules"),
    [("STBHHX", ("LAW017",)), ("CZKFBJ", ("LAW017",)), ("YJJBNTBHTB", ("LAW015", "LAW016", "LAW017"))],
)
def test_rules_that_compare_a_control_line_are_skipped_if_the_sealed_baseline_lacks_that_line(
    sample_layers, confirmed_profile, tmp_path, role, rules
):
    lines = {r: sample_layers[r] for r in ("STBHHX", "CZKFBJ", "YJJBNTBHTB") if r != role}
    sealed = str(write_gpkg(tmp_path / "sealed.gpkg", lines) or tmp_path / "sealed.gpkg")
    report = check_layers(sample_layers, confirmed_profile, rules=rules, baseline=sealed)
    for code in rules:
        result = get_outcome_of_rule(report, code)
        assert result.outcome is Outcome.SKIPPED and result.incomplete, result
        assert "封库版本" in result.reason
    assert report.verdict is Verdict.INCOMPLETE


def test_plan_that_declares_a_sealed_control_line_absent_skips_the_comparison_rule(
    sample_layers, confirmed_profile, tmp_path
):
    sealed = tmp_path / "sealed.gpkg"
    write_gpkg(sealed, {r: sample_layers[r] for r in ("STBHHX", "CZKFBJ", "YJJBNTBHTB")})
    declared = declare_concepts_absent(confirmed_profile, tmp_path, "red_line")
    report = check_layers(remove_layers(sample_layers, "STBHHX"), declared, rules=("LAW017",), baseline=str(sealed))
    result = get_outcome_of_rule(report, "LAW017")
    assert result.incomplete and "STBHHX" in result.reason and "生态保护红线" in result.reason
    assert report.verdict is Verdict.INCOMPLETE


# Declared figures without a layer


def test_figure_stated_in_the_profile_without_its_layer_allows_only_a_conditional_pass(
    sample_layers, confirmed_profile
):
    report = check_layers(sample_layers, confirmed_profile, rules=("LAW002",))
    doubts = {"targets.reserves_area", "targets.flood_line_area", "targets.centre_area", "targets.detail_units_count"}
    assert doubts <= set(report.summary["unconfirmed"])
    assert report.verdict is not Verdict.PASSED


def test_figure_stated_for_a_layer_declared_absent_in_the_profile_is_not_listed_as_unconfirmed(
    sample_layers, confirmed_profile, tmp_path
):
    declared = declare_concepts_absent(confirmed_profile, tmp_path, "reserves", "flood_line", "centre")
    unconfirmed = check_layers(sample_layers, declared, rules=("LAW002",)).summary["unconfirmed"]
    assert [name for name in unconfirmed if name.startswith("targets.")] == ["targets.detail_units_count"]


# Codes that contradict the place


TOWNSHIP_TARGET_TABLE = "乡镇代码,乡镇名称,指标,关系,数值,单位\n{code},,永久基本农田,≥,{value:.2f},万亩\n"


def sum_farmland_of_township(tables, code):
    """Return the net farmland (万亩) of the rows with a township's code."""
    rows = tables["YJJBNTBHTB"]
    return float(rows["YJJBNTMJ"][rows["ZLDWDM"].str[:9] == code].sum() / (1e8 / 15))


def set_location_code(tables, rows, code):
    """Return the tables with another location code (ZLDWDM) in some rows of the farmland."""
    farm = tables["YJJBNTBHTB"].copy()
    farm.loc[rows, "ZLDWDM"] = code
    return {**tables, "YJJBNTBHTB": farm}


def find_townships_with_farmland(tables):
    """Return the codes of the two townships with most farmland rows."""
    return list(tables["YJJBNTBHTB"]["ZLDWDM"].str[:9].value_counts().index[:2])


def test_farmland_coded_to_another_township_is_reported_and_counts_for_the_township_around_it(
    sample_layers, confirmed_profile, tmp_path
):
    credited, other = find_townships_with_farmland(sample_layers)
    rows = sample_layers["YJJBNTBHTB"]["ZLDWDM"].str[:9] == other
    forged = set_location_code(sample_layers, rows, credited + "2010000000")
    tasks = tmp_path / "任务.csv"
    own = sum_farmland_of_township(sample_layers, credited)
    tasks.write_text(TOWNSHIP_TARGET_TABLE.format(code=credited, value=1.2 * own), encoding="utf-8")
    assert sum_farmland_of_township(forged, credited) > 1.2 * own
    report = check_layers(forged, confirmed_profile, rules=("LAW004",), targets=str(tasks))
    misplaced, broken = sorted(list_findings_of_rules(report, "LAW004"), key=lambda f: f.case, reverse=True)
    assert (misplaced.case, broken.case) == ("misplaced", "broken")
    assert misplaced.params["count"] == rows.sum() and str(misplaced.severity) == "WARNING"
    assert misplaced.area_m2 == pytest.approx(sample_layers["YJJBNTBHTB"]["YJJBNTTBMJ"][rows].sum(), rel=1e-3)
    (figure,) = [i for i in report.indicators if i.place]
    assert figure.value == pytest.approx(own, rel=1e-3)
    assert report.verdict is Verdict.FAILED


# Deductions left out


def remove_deductions(tables, role, rows=None):
    """Return the tables without ridge deductions in a layer: net area equals gross area.

    ``rows``: mask or positions of the rows; None: all.
    """
    frame = tables[role].copy()
    rows = frame.index if rows is None else frame.index[rows]
    gross, net = ("YJJBNTTBMJ", "YJJBNTMJ") if role == "YJJBNTBHTB" else ("TBMJ", "TBDLMJ")
    frame.loc[rows, ["KCXS", "KCMJ"]] = 0.0
    frame.loc[rows, "KCDLBM"] = None
    frame.loc[rows, net] = frame.loc[rows, gross]
    return {**tables, role: frame}


@pytest.mark.parametrize(("role", "figure"), [("YJJBNTBHTB", "farmland_area"), ("GDBHMB", "cultivated_area")])
def test_farmland_net_areas_without_the_deductions_of_the_survey_are_reported(
    sample_layers, confirmed_profile, role, figure
):
    report = check_layers(
        remove_deductions(sample_layers, role), confirmed_profile, rules=("ATT003", "ATT022", "LAW002")
    )
    (left,) = list_findings_of_rules(report, "ATT022")
    survey = sample_layers[role]["YJJBNTMJ" if role == "YJJBNTBHTB" else "TBDLMJ"].sum()
    assert (left.case, left.role, left.related_role) == ("deduction", role, "DLTB")
    assert left.params["expected"] == pytest.approx(survey, rel=1e-6) and left.params["difference"] > 0
    assert "地类图斑" in left.message and str(left.severity) == "WARNING"
    figures = [i for i in report.indicators if i.id == figure]
    assert figures and all(not i.backed and i.state in ("unconfirmed", "broken", "close") for i in figures)
    assert f"figures.{figure}" in report.summary["unconfirmed"] and report.verdict is not Verdict.PASSED


def test_deductions_omitted_in_one_township_are_reported_and_its_target_is_unconfirmed(
    sample_layers, confirmed_profile, tmp_path
):
    credited, _ = find_townships_with_farmland(sample_layers)
    rows = (sample_layers["YJJBNTBHTB"]["ZLDWDM"].str[:9] == credited).to_numpy()
    gross = float(sample_layers["YJJBNTBHTB"]["YJJBNTTBMJ"][rows].sum() / (1e8 / 15))
    tasks = tmp_path / "任务.csv"
    tasks.write_text(
        TOWNSHIP_TARGET_TABLE.format(
            code=credited, value=(sum_farmland_of_township(sample_layers, credited) + gross) / 2
        ),
        encoding="utf-8",
    )
    forged = remove_deductions(sample_layers, "YJJBNTBHTB", rows)
    report = check_layers(forged, confirmed_profile, rules=("ATT022", "LAW004"), targets=str(tasks))
    assert [f.case for f in list_findings_of_rules(report, "ATT022")] == ["deduction"]
    (figure,) = [i for i in report.indicators if i.place]
    assert figure.value > figure.target and figure.state == "unconfirmed"


# Cultivated land to be retained that is forest


@pytest.mark.parametrize("role", ["GDBHMB", "YJJBNTCBQ"])
def test_forest_inside_cultivated_land_to_be_retained_is_reported(complete_county, confirmed_profile, role):
    parcels = complete_county.layers["DLTB"]
    forest = parcels[parcels["DLBM"].str.startswith("03")].iloc[:20]
    rows = complete_county.layers[role]
    keys = [f"1402250000990{n:05d}" for n in range(len(forest))]
    more = rows.iloc[[0] * len(forest)].assign(BSM=keys).set_geometry(forest.geometry.to_numpy(), crs=rows.crs)
    filled = gpd.GeoDataFrame(pd.concat([rows, more], ignore_index=True), geometry="geometry", crs=rows.crs)
    report = check_layers({**complete_county.layers, role: filled}, confirmed_profile, rules=("LAW010",))
    findings = list_findings_of_rules(report, "LAW010")
    assert {f.case for f in findings} == {"protected"} and {f.key for f in findings} == set(keys)
    assert all(f.role == role and f.related_role == "DLTB" and str(f.severity) == "WARNING" for f in findings)
    assert sum(f.area_m2 for f in findings) == pytest.approx(forest["TBMJ"].sum(), rel=1e-3)
    assert report.verdict is Verdict.CONDITIONAL


# Villages and orchards in the base of the ratio


def get_expansion_ratio(report):
    """Return the expansion ratio (form n1) of a report."""
    return next(i for i in report.indicators if i.id == "expansion_ratio_n1")


def code_parcels_as_urban(tables, role, rows):
    """Return the tables with the urban code 202 in some rows of a layer."""
    frame = tables[role].copy()
    frame.loc[rows, "CZCSXM"] = "202"
    return {**tables, role: frame}


@pytest.mark.parametrize("classes", [("0702",), ("0201", "0204"), ("0301",)], ids=["villages", "orchards", "woods"])
def test_urban_base_area_with_villages_or_orchards_leaves_the_expansion_ratio_unconfirmed(
    sample_layers, confirmed_profile, classes
):
    before = get_expansion_ratio(check_layers(sample_layers, confirmed_profile, rules=("LAW001",)))
    forged = code_parcels_as_urban(sample_layers, "DLTB", sample_layers["DLTB"]["DLBM"].isin(classes))
    report = check_layers(forged, confirmed_profile, rules=("LAW001",))
    (finding,) = list_findings_of_rules(report, "LAW001")
    assert (finding.case, finding.role, finding.field, str(finding.severity)) == (
        "contradicted",
        "DLTB",
        "CZCSXM",
        "WARNING",
    )
    assert float(finding.params["without_text"]) == pytest.approx(before.value, abs=1e-4)
    figure = get_expansion_ratio(report)
    assert figure.value < before.value and not figure.backed and figure.state in ("unconfirmed", "broken")
    assert report.verdict is Verdict.CONDITIONAL and "ratio.contradicted" in report.summary["unconfirmed"]


def test_urban_base_area_contradicted_by_the_survey_leaves_the_ratio_unconfirmed(complete_county, confirmed_profile):
    tables = complete_county.layers
    villages = (tables["DLTB"]["CZCSXM"] == "203").to_numpy()
    forged = code_parcels_as_urban(tables, "XZYDYH", villages)
    forged["XZYDYH"].loc[villages, ["YDYHFLDM", "YDYHFLMC"]] = ["070100", "城镇住宅用地"]
    report = check_layers(forged, confirmed_profile, rules=("LAW001",))
    (finding,) = list_findings_of_rules(report, "LAW001")
    assert (finding.case, finding.role, finding.params["count"]) == ("contradicted", "XZYDYH", villages.sum())
    assert get_expansion_ratio(report).state in ("unconfirmed", "broken") and report.verdict is Verdict.CONDITIONAL


def test_dry_land_parcel_coded_as_urban_is_reported_if_the_ratio_meets_its_limit_only_with_it(
    sample_layers, confirmed_profile
):
    """Check a ratio that exceeds its limit as soon as one field is not coded as urban."""
    clean = get_expansion_ratio(check_layers(sample_layers, confirmed_profile, rules=("LAW001",)))
    field = sample_layers["DLTB"][sample_layers["DLTB"]["DLBM"] == "0103"]["TBMJ"].idxmin()
    forged = code_parcels_as_urban(sample_layers, "DLTB", [field])
    forged_value = get_expansion_ratio(check_layers(forged, confirmed_profile, rules=("LAW001",))).value
    path = Path(confirmed_profile).with_name("decides.toml")
    limit = (clean.value + forged_value) / 2
    path.write_text(
        Path(confirmed_profile).read_text(encoding="utf-8") + f"\n[ratio]\nlimit = {limit!r}\n", encoding="utf-8"
    )
    assert [
        f.case for f in list_findings_of_rules(check_layers(sample_layers, str(path), rules=("LAW001",)), "LAW001")
    ] == [""]
    assert [f.case for f in list_findings_of_rules(check_layers(forged, str(path), rules=("LAW001",)), "LAW001")] == [
        "contradicted"
    ]


# An outline of the county that is too large


def enlarge_county_edge(tables, *roles):
    """Return the tables with rows widened beyond the county's edge, and the added area (m²)."""
    outline = tables["XZQX"].geometry.iloc[0]
    y = outline.representative_point().y
    east = outline.bounds[2]
    strip = shapely.box(east - 4000, y - 500, east + 1000, y + 500)
    tables = dict(tables)
    for role in roles:
        frame = tables[role].copy()
        row = frame.geometry.intersection(strip).area.idxmax()
        frame.loc[[row], "geometry"] = [shapely.union_all([frame.geometry[row], strip.difference(outline)])]
        tables[role] = frame
    return tables, strip.difference(outline).area


@pytest.mark.parametrize(
    ("roles", "expected"),
    [(("XZQX",), [("townships", "XZQXZ")]), (("XZQX", "XZQXZ"), [("parcels", "DLTB")])],
)
def test_county_outline_larger_than_its_townships_is_reported(sample_layers, confirmed_profile, roles, expected):
    tables, area = enlarge_county_edge(sample_layers, *roles)
    report = check_layers(tables, confirmed_profile, rules=("TOP003",))
    beyond = list_findings_of_rules(report, "TOP003")
    assert {(f.case, f.related_role) for f in beyond} == set(expected)
    assert all(f.role == "XZQX" and str(f.severity) == "WARNING" for f in beyond)
    assert sum(f.area_m2 for f in beyond) == pytest.approx(area, rel=1e-2)
    assert report.verdict is Verdict.CONDITIONAL


# Area fields raised within the allowance


# Farmland outside cultivated land to be retained, without a parcel, or flatter than its parcel


def find_smallest_farmland(tables, count):
    """Return the row labels of the smallest farmland rows by gross area."""
    return tables["YJJBNTBHTB"]["YJJBNTTBMJ"].nsmallest(count).index


def find_rows_under_farmland(tables, role, farmland):
    """Return the indices of the rows of a layer that overlap the given farmland rows."""
    points = tables["YJJBNTBHTB"].geometry[farmland].representative_point()
    frame = tables[role]
    return [frame.index[frame.contains(point)][0] for point in points]


@pytest.mark.parametrize(("role", "case"), [("GDBHMB", "unprotected"), ("DLTB", "unsurveyed")])
def test_farmland_outside_the_cultivated_land_to_be_retained_or_outside_all_parcels_gives_a_warning(
    sample_layers, confirmed_profile, role, case
):
    rows = find_smallest_farmland(sample_layers, 3)
    report = check_layers(
        {**sample_layers, role: sample_layers[role].drop(find_rows_under_farmland(sample_layers, role, rows))},
        confirmed_profile,
        rules=("LAW010",),
    )
    findings = list_findings_of_rules(report, "LAW010")
    assert {(f.case, f.role, f.related_role, str(f.severity)) for f in findings} == {
        (case, "YJJBNTBHTB", role, "WARNING")
    }
    assert sum(f.area_m2 for f in findings) == pytest.approx(
        sample_layers["YJJBNTBHTB"]["YJJBNTTBMJ"][rows].sum(), rel=1e-6
    )
    assert {f.key for f in findings} == set(
        sample_layers["YJJBNTBHTB"]["BSM"][rows]
    ) and report.verdict is Verdict.CONDITIONAL


def test_farmland_with_a_flatter_slope_class_than_its_parcel_is_reported(sample_layers, confirmed_profile):
    (row,) = find_smallest_farmland(sample_layers, 1)
    parcels = sample_layers["DLTB"].copy()
    parcels.loc[find_rows_under_farmland(sample_layers, "DLTB", [row]), "GDPDJB"] = "5"
    report = check_layers({**sample_layers, "DLTB": parcels}, confirmed_profile, rules=("LAW010",))
    (finding,) = list_findings_of_rules(report, "LAW010")
    assert (finding.case, finding.field, finding.params["related"], str(finding.severity)) == (
        "slope",
        "GDPDJB",
        "5",
        "WARNING",
    )
    assert finding.key == sample_layers["YJJBNTBHTB"]["BSM"][row] and report.verdict is Verdict.CONDITIONAL


# An empty window in the boundary


def test_empty_hole_in_the_urban_boundary_that_keeps_the_ratio_in_its_limit_is_reported(
    sample_layers, confirmed_profile
):
    clean = get_expansion_ratio(check_layers(sample_layers, confirmed_profile, rules=("LAW001",)))
    edge = sample_layers["CZKFBJ"].copy()
    largest = edge["MJ"].idxmax()
    whole_shape = edge.geometry[largest]
    built_land = sample_layers["DLTB"][
        sample_layers["DLTB"]["DLBM"].str.startswith(("05", "06", "07", "08", "09"))
    ].geometry.union_all()
    centre = whole_shape.intersection(built_land.buffer(-1)).representative_point()
    edge.loc[largest, "geometry"] = whole_shape.difference(centre.buffer(100))
    limit = clean.value * 0.9999
    path = Path(confirmed_profile).with_name("window.toml")
    path.write_text(
        Path(confirmed_profile).read_text(encoding="utf-8") + f"\n[ratio]\nlimit = {limit!r}\n", encoding="utf-8"
    )
    assert [
        f.case for f in list_findings_of_rules(check_layers(sample_layers, str(path), rules=("LAW001",)), "LAW001")
    ] == [""]
    report = check_layers({**sample_layers, "CZKFBJ": edge}, str(path), rules=("LAW001",))
    (finding,) = list_findings_of_rules(report, "LAW001")
    assert (finding.case, finding.role, finding.params["count"], str(finding.severity)) == (
        "windows",
        "CZKFBJ",
        1,
        "WARNING",
    )
    assert finding.area_m2 == pytest.approx(centre.buffer(100).area, rel=1e-2)
    assert float(finding.params["closed_text"]) == pytest.approx(clean.value, abs=1e-3)
    # A patch of the red line inside does not make the hole a window.
    patch = gpd.GeoDataFrame(
        sample_layers["STBHHX"].iloc[:1].drop(columns="geometry"), geometry=[centre.buffer(10)], crs=edge.crs
    )
    patched = {
        **sample_layers,
        "CZKFBJ": edge,
        "STBHHX": pd.concat([sample_layers["STBHHX"], patch], ignore_index=True),
    }
    (finding,) = list_findings_of_rules(check_layers(patched, str(path), rules=("LAW001",)), "LAW001")
    assert finding.case == "windows" and finding.area_m2 == pytest.approx(centre.buffer(100).area * 0.99, rel=1e-2)
    looser = path.read_text(encoding="utf-8").replace(repr(limit), repr(clean.value * 1.01))
    path.write_text(looser, encoding="utf-8")
    assert not list_findings_of_rules(
        check_layers({**sample_layers, "CZKFBJ": edge}, str(path), rules=("LAW001",)), "LAW001"
    )


# Codes of townships and of another county, without a table of tasks


def test_farmland_with_the_code_of_another_county_is_reported(sample_layers, confirmed_profile):
    rows = sample_layers["YJJBNTBHTB"].index[3:6]
    report = check_layers(
        set_location_code(sample_layers, rows, "1402231002010000000"), confirmed_profile, rules=("LAW004",)
    )
    (finding,) = list_findings_of_rules(report, "LAW004")
    assert (finding.case, finding.role, finding.field, finding.params["count"]) == (
        "foreign",
        "YJJBNTBHTB",
        "ZLDWDM",
        3,
    )
    assert finding.params["codes"] == ["140223"] and report.verdict is Verdict.CONDITIONAL


def test_township_code_contradicting_the_location_is_reported_without_a_township_target_table(
    sample_layers, confirmed_profile
):
    credited, other = find_townships_with_farmland(sample_layers)
    row = sample_layers["YJJBNTBHTB"].index[sample_layers["YJJBNTBHTB"]["ZLDWDM"].str[:9] == other][:1]
    report = check_layers(
        set_location_code(sample_layers, row, credited + "2010000000"), confirmed_profile, rules=("LAW004",)
    )
    (finding,) = list_findings_of_rules(report, "LAW004")
    assert (finding.case, finding.role, finding.params["count"]) == ("misplaced", "YJJBNTBHTB", 1)
    (key,) = finding.params["keys"]
    assert f"标识码为 {key}；" in finding.message and "如 " not in finding.message
    assert report.verdict is Verdict.CONDITIONAL


# Town land of the base inside the red line


def test_parcel_coded_as_urban_inside_the_red_line_is_reported_by_the_rule_on_the_expansion_ratio(
    sample_layers, confirmed_profile
):
    line = sample_layers["STBHHX"].geometry.union_all()
    parcels = sample_layers["DLTB"].copy()
    row = parcels[parcels.geometry.within(line)]["TBMJ"].idxmax()
    parcels.loc[row, ["DLBM", "DLMC", "CZCSXM"]] = ["0701", "城镇住宅用地", "202"]
    report = check_layers({**sample_layers, "DLTB": parcels}, confirmed_profile, rules=("LAW001",))
    (finding,) = [f for f in list_findings_of_rules(report, "LAW001") if f.case == "contradicted"]
    assert parcels.loc[row, "BSM"] in finding.params["keys"] and report.verdict is not Verdict.PASSED
    assert not [
        f
        for f in list_findings_of_rules(check_layers(sample_layers, confirmed_profile, rules=("LAW001",)), "LAW001")
        if f.case == "contradicted"
    ]


# Townships with the same code or name


@pytest.mark.parametrize(("field", "case"), [("XZQDM", "code_twice"), ("XZQMC", "name_twice")])
def test_two_townships_sharing_one_code_or_one_name_are_reported(sample_layers, confirmed_profile, field, case):
    townships = sample_layers["XZQXZ"].copy()
    townships.loc[townships.index[1], field] = townships.loc[townships.index[0], field]
    report = check_layers({**sample_layers, "XZQXZ": townships}, confirmed_profile, rules=("LAW004",))
    (finding,) = [f for f in list_findings_of_rules(report, "LAW004") if f.case == case]
    assert (finding.role, finding.field, finding.params["count"]) == ("XZQXZ", field, 2)
    assert report.verdict is Verdict.CONDITIONAL


@pytest.fixture(scope="module")
def default_profile(complete_county, tmp_path_factory):
    """Return the path of a profile that confirms all settings and adds no rules."""
    path = clean.write_profile_with_all_rules(complete_county, tmp_path_factory.mktemp("profile"))
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(line for line in lines if not line.startswith("rules_extra")), encoding="utf-8")
    return str(path)


def check_default_rules(tables, profile, **options):
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
    parcels.loc[parcels.index[parcels["ZLDWDM"].duplicated()][0], "ZLDWMC"] = "别处村"
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
    report = check_default_rules(complete_county.layers, default_profile)
    assert report.verdict is Verdict.PASSED and report.provenance["scope"] == "county"


def test_rule_on_heritage_counts_is_skipped_when_the_heritage_layer_is_empty(complete_county, default_profile):
    tables = {**complete_county.layers, "LSWHBHX": complete_county.layers["LSWHBHX"].iloc[:0]}
    report = check_default_rules(tables, default_profile)
    assert get_outcome_of_rule(report, "LAW023").outcome == "skipped" and report.verdict is Verdict.INCOMPLETE


DEFECTS_AND_RULES = [(remove_a_parcel, "TOP006"), (set_foreign_keys, "ATT004"), (set_two_names, "ATT021")]


@pytest.mark.parametrize(
    ("damage", "code"),
    first_daily([*DEFECTS_AND_RULES, (code_survey_woods_as_fields_and_shift_the_survey, "ATT023")], 2),
)
def test_county_with_one_planted_defect_never_passes_the_default_check(complete_county, default_profile, damage, code):
    """Further defects: tests/mutations."""
    report = check_default_rules(damage(complete_county.layers), default_profile)
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
    report = check_default_rules(damage({**lines}), default_profile)
    assert report.provenance["scope"] == "three_lines"
    assert list_findings_of_rules(report, code) and report.verdict is not Verdict.PASSED


# Copies of survey parcels


@pytest.mark.parametrize("role", first_daily(["YJJBNTBHTB", "GDBHMB"]))
@pytest.mark.parametrize(
    ("field", "value"),
    first_daily([("GDLX", "TT"), ("SJNF", 2019), ("FRDBS", "1"), ("QSXZ", "20"), ("ZLDWMC", "蔡村镇别庄村")], 2),
)
def test_farmland_row_with_another_value_than_the_parcel_it_copies_is_reported(
    complete_county, default_profile, role, field, value
):
    copies = complete_county.layers[role].copy()
    rows = copies.index[copies[field].notna() & (copies[field] != value)][:3]
    copies.loc[rows, field] = value
    report = check_default_rules({**complete_county.layers, role: copies}, default_profile, rules=("ATT023",))
    (finding,) = list_findings_of_rules(report, "ATT023")
    assert (finding.role, finding.related_role, finding.field) == (role, "DLTB", field)
    assert finding.params["count"] == 3 and finding.key == copies["BSM"][rows[0]]
    assert str(value) in finding.message and "地类图斑" in finding.message
    assert "ATT023" in {rule.code for rule in check_default_rules(complete_county.layers, default_profile).rules}


# Values that are equal in all layers


def test_terraces_without_a_ridge_deduction_in_all_layers_are_reported(complete_county, default_profile):
    tables = dict(complete_county.layers)
    gross = {"DLTB": ("TBMJ", "TBDLMJ"), "GDBHMB": ("TBMJ", "TBDLMJ"), "YJJBNTBHTB": ("YJJBNTTBMJ", "YJJBNTMJ")}
    for role, (area, net) in gross.items():
        tables[role] = tables[role].assign(KCXS=0.0, KCMJ=0.0, KCDLBM=None, **{net: tables[role][area]})
    report = check_default_rules(tables, default_profile)
    findings = [f for f in list_findings_of_rules(report, "ATT019") if f.case == "none"]
    assert {f.role for f in findings} == set(gross)
    terraced = (complete_county.layers["DLTB"]["GDLX"] == "TT").sum()
    assert [f.params["count"] for f in findings if f.role == "DLTB"] == [terraced]
    assert all("KCXS" in f.message and "田坎" in f.message for f in findings)
    assert report.verdict is Verdict.CONDITIONAL


def test_expired_protection_period_is_reported(complete_county, default_profile):
    farm = complete_county.layers["YJJBNTBHTB"].copy()
    farm["BHKSSJ"], farm["BHJSSJ"] = pd.Timestamp("2010-01-01"), pd.Timestamp("2020-12-31")
    report = check_default_rules({**complete_county.layers, "YJJBNTBHTB": farm}, default_profile)
    findings = list_findings_of_rules(report, "ATT016")
    assert (
        len(findings) == len(farm)
        and {f.case for f in findings} == {"ended"}
        and {f.field for f in findings} == {"BHJSSJ"}
    )
    assert report.verdict is Verdict.CONDITIONAL


def test_farmland_number_repeated_in_every_row_is_reported_in_one_warning(complete_county, default_profile):
    farm = complete_county.layers["YJJBNTBHTB"].assign(YJJBNTTBBH="14022500000001")
    report = check_default_rules({**complete_county.layers, "YJJBNTBHTB": farm}, default_profile)
    (finding,) = list_findings_of_rules(report, "ATT001")
    assert (finding.case, finding.field, finding.params["count"]) == ("number", "YJJBNTTBBH", len(farm))
    assert str(finding.severity) == "WARNING" and report.verdict is Verdict.CONDITIONAL


# A register without rows


def test_heritage_register_without_rows_makes_its_rule_and_the_verdict_incomplete(
    complete_county, default_profile, tmp_path
):
    path = tmp_path / "名录.csv"
    path.write_text("名称,类型,级别\n", encoding="utf-8")
    report = check_default_rules(complete_county.layers, default_profile, register=str(path))
    result = get_outcome_of_rule(report, "LAW024")
    assert result.incomplete and "名录.csv" in result.reason and "没有数据" in result.reason
    assert report.verdict is Verdict.INCOMPLETE


# Zones of two layers that contradict each other


def test_planning_zone_layers_with_different_codes_on_the_same_land_are_reported(complete_county, default_profile):
    other = complete_county.layers["YDYHGHFQ"].copy()
    other.loc[other.index[other["GHFQDM"].str.startswith("5")][0], "GHFQDM"] = "300"
    other["BSM"] = [f"14022500009{n:07d}" for n in range(len(other))]
    report = check_default_rules({**complete_county.layers, "GHFQ": other}, default_profile)
    findings = [f for f in list_findings_of_rules(report, "REL011") if f.case == "code"]
    assert [(f.role, f.related_role) for f in findings] == [("YDYHGHFQ", "GHFQ")]
    assert findings[0].params["related"] == "300" and "规划分区" in findings[0].message
    assert report.verdict is not Verdict.PASSED

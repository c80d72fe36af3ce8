# SPDX-License-Identifier: GPL-2.0-or-later
"""Counties with missing, misassigned, empty or manipulated data never get the verdict 通过."""

import json
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from plugin.core.check import Options, check_plan
from plugin.core.engine.plan_consistency import CODE as FRAME
from plugin.core.loading.recognition import find_missed_scope
from plugin.core.model.findings import CODE as UNREAD
from plugin.core.model.report import Outcome, Report
from plugin.core.model.verdict import Verdict
from tests.core.examples import norm_of
from tests.core.small_plan import findings_of_rule, rule_outcome, write_gpkg
from tests.county import make
from tests.county.source import as_read
from tests.mutations import clean

#: Layers of the three lines and of their surroundings, as in the shipped sample.
LINES = ("YJJBNTBHTB", "STBHHX", "CZKFBJ", "DLTB", "XZYDYH")
#: Layers that only a county plan has, and a rule that needs none of the removed layers.
RULE = ("TOP001",)


@pytest.fixture(scope="module")
def whole():
    """Return the complete clean county, by role."""
    return make(clean.PARCELS, clean.SEED, full=True)


@pytest.fixture(scope="module")
def lite():
    return make(clean.PARCELS).layers


@pytest.fixture(scope="module")
def profile(whole, tmp_path_factory):
    """Write a profile that confirms all settings and states the figures of the complete county."""
    return str(clean.profile_with_all_rules(whole, tmp_path_factory.mktemp("profile")))


def run(tables, profile, *, names=None, more=(), **options):
    """Check layers by role.

    ``names``: role → another layer name; ``more``: (role, name) of layers to add a second time.
    """
    read = as_read(tables) + [replace(as_read({r: tables[r]})[0], name=name) for r, name in more]
    named = [replace(layer, name=(names or {}).get(layer.name, layer.name)) for layer in read]
    return check_plan(named, Options(profile=profile, **options)).report


def without(tables, *roles):
    return {role: frame for role, frame in tables.items() if role not in roles}


def with_absent_concepts(profile, tmp_path, *concepts):
    """Write the profile with concepts that the county declares absent."""
    path = tmp_path / "absent.toml"
    listed = ", ".join(f'"{c}"' for c in concepts)
    text = Path(profile).read_text(encoding="utf-8")
    path.write_text(f"{text}\n[absent]\nconcepts = [{listed}]\n", encoding="utf-8")
    return str(path)


# The scope of the delivery


@pytest.mark.parametrize("gone", [("YDYHGHFQ",), ("XZQX",), ("XZQX", "XZQXZ", "YDYHGHFQ")])
def test_county_plan_without_a_mandatory_layer_is_incomplete(whole, profile, gone):
    report = run(without(whole.layers, *gone), profile, rules=RULE)
    (scope,) = findings_of_rule(report, FRAME)
    assert scope.case == "scope" and report.provenance["scope"] == "three_lines"
    names = {"YDYHGHFQ": "规划分区", "XZQX": "县级行政区", "XZQXZ": "乡镇级行政区"}
    assert all(names[role] in scope.message for role in gone)
    assert all(words in scope.message for words in ("三条控制线", "县级总体规划", "--scope", "[absent]"))
    assert report.verdict is Verdict.INCOMPLETE
    assert Report.from_dict(json.loads(json.dumps(report.to_dict()))).verdict is Verdict.INCOMPLETE


def test_complete_county_has_no_missed_scope(whole, profile):
    report = run(whole.layers, profile, rules=RULE)
    assert not findings_of_rule(report, FRAME) and report.provenance["scope"] == "county"


def test_narrower_scope_chosen_by_the_user_names_the_omitted_layers(whole, profile):
    report = run(without(whole.layers, "YDYHGHFQ"), profile, rules=RULE, scope="three_lines")
    (scope,) = findings_of_rule(report, FRAME)
    assert scope.case == "scope_chosen" and "规划分区" in scope.message and "县级总体规划" in scope.message
    assert report.verdict is Verdict.CONDITIONAL


def test_narrower_scope_chosen_for_a_complete_county_has_no_finding(whole, profile):
    assert not findings_of_rule(run(whole.layers, profile, rules=RULE, scope="three_lines"), FRAME)


def test_layer_declared_absent_keeps_the_scope(whole, profile, tmp_path):
    report = run(without(whole.layers, "SD"), with_absent_concepts(profile, tmp_path, "SD"), rules=RULE)
    assert not findings_of_rule(report, FRAME) and report.provenance["scope"] == "county"


def test_three_lines_with_one_layer_of_a_county_plan_are_conditional(whole, lite, profile):
    report = run({**lite, "SD": whole.layers["SD"]}, profile, rules=RULE)
    (scope,) = findings_of_rule(report, FRAME)
    assert scope.case == "scope_hint" and "村级行政区（XZQC）" in scope.message
    hinted = run({**lite, "SD": whole.layers["SD"]}, profile, rules=RULE, scope="three_lines")
    assert not findings_of_rule(hinted, FRAME)
    again = Report.from_dict(json.loads(json.dumps(report.to_dict())))
    assert report.verdict is again.verdict is Verdict.CONDITIONAL


@pytest.mark.parametrize("gone", [(), ("YDYHGHFQ",), ("XZQX", "XZQXZ")])
def test_three_lines_keep_their_scope(lite, profile, gone):
    assert not findings_of_rule(run(without(lite, *gone), profile, rules=RULE), FRAME)


@pytest.mark.parametrize(("present", "evident"), [(1, False), (6, False), (9, True), (13, True)])
def test_half_of_the_layers_of_a_scope_make_it_evident(present, evident):
    norm = norm_of()
    scopes = norm.standard.scopes
    lines = scopes["three_lines"]
    county = scopes["county"]
    own = [c for c in county.mandatory if c not in (*lines.mandatory, *lines.optional)]
    assert len(own) == 13 and len(county.conditional) == 4
    missed = find_missed_scope(norm, {*LINES, *own[:present]}, "three_lines")
    assert missed is not None and missed.evident is evident
    assert set(missed.lacking) >= {"zones", "county"} | set(own[present:])


def test_county_plan_with_one_class_of_changes_is_not_yearly_maintenance():
    """The narrowest scope requires one class of changes; it does not excuse layers that a plan lacks."""
    norm = norm_of()
    scope = norm.standard.scopes["county"]
    own = [c for c in scope.mandatory if c in norm.standard.templates]
    missed = find_missed_scope(norm, {*own, "CZKFBJ"}, "maintenance")
    assert missed is not None and missed.wider == "county" and missed.evident
    changes = set(norm.standard.concepts["maintenance"])
    assert find_missed_scope(norm, changes, "maintenance") is None


# A layer without features


def test_empty_layer_mandatory_in_a_county_plan_is_conditional(lite, profile):
    emptied = {**lite, "YDYHGHFQ": lite["YDYHGHFQ"].iloc[:0]}
    report = run(emptied, profile, rules=("TOP001", "TOP002"))
    (empty,) = findings_of_rule(report, UNREAD)
    assert empty.case == "empty" and "YDYHGHFQ" in empty.message
    assert rule_outcome(report, "TOP002").outcome is Outcome.NOT_APPLICABLE
    assert report.verdict is Verdict.CONDITIONAL
    assert not findings_of_rule(run(emptied, profile, scope="three_lines"), UNREAD)


def test_county_plan_with_an_empty_mandatory_layer_is_incomplete(whole, profile):
    emptied = {**whole.layers, "YDYHGHFQ": whole.layers["YDYHGHFQ"].iloc[:0]}
    report = run(without(emptied, "XZQX"), profile, rules=("TOP002",))
    assert report.verdict is Verdict.INCOMPLETE


# Roles


def test_layer_assigned_to_another_role_than_its_name_is_reported(lite, profile):
    report = run(lite, profile, rules=RULE, roles={"ZXCQFW": "YDYHGHFQ"})
    (named,) = findings_of_rule(report, UNREAD)
    assert (named.case, named.role) == ("elsewhere", "ZXCQFW")
    assert "规划分区" in named.message and "YDYHGHFQ" in named.message
    assert report.verdict is Verdict.CONDITIONAL


def test_second_boundary_assigned_to_another_role_is_reported(lite, profile):
    twice = [("CZKFBJ", "CZKFBJ_终稿")]
    report = run(lite, profile, more=twice, rules=RULE, roles={"CZKFBJ": "CZKFBJ", "ZXCQFW": "CZKFBJ_终稿"})
    assert [f.case for f in findings_of_rule(report, UNREAD)] == ["elsewhere"]
    assert report.verdict is Verdict.CONDITIONAL


def test_mandatory_layer_assigned_to_another_role_is_missing(lite, profile):
    report = run(lite, profile, roles={"ZXCQFW": "CZKFBJ"})
    assert rule_outcome(report, "REL002").outcome is Outcome.SKIPPED
    assert findings_of_rule(report, "SCH001") and report.verdict is Verdict.INCOMPLETE


def test_renamed_layer_with_the_fields_of_another_role_is_reported(lite, profile):
    report = run(lite, profile, names={"DLTB": "图层1"}, rules=RULE, roles={"ZXCQFW": "图层1"})
    assert [f.case for f in findings_of_rule(report, UNREAD)] == ["elsewhere"]


@pytest.mark.parametrize(("role", "name"), [("YDYHGHFQ", "YDYHGHFQ"), ("YDYHGHFQ", "分区成果"), ("XZQ", "XZQX")])
def test_correct_assignment_is_not_reported(lite, profile, role, name):
    names = {} if name in lite else {role: name}
    assert not findings_of_rule(run(lite, profile, names=names, rules=RULE, roles={role: name}), UNREAD)


# The sealed edition


@pytest.mark.parametrize(
    ("role", "rules"),
    [("STBHHX", ("LAW017",)), ("CZKFBJ", ("LAW017",)), ("YJJBNTBHTB", ("LAW015", "LAW016", "LAW017"))],
)
def test_rules_are_skipped_when_the_sealed_edition_lacks_the_line(lite, profile, tmp_path, role, rules):
    lines = {r: lite[r] for r in ("STBHHX", "CZKFBJ", "YJJBNTBHTB") if r != role}
    sealed = str(write_gpkg(tmp_path / "sealed.gpkg", lines) or tmp_path / "sealed.gpkg")
    report = run(lite, profile, rules=rules, baseline=sealed)
    for code in rules:
        result = rule_outcome(report, code)
        assert result.outcome is Outcome.SKIPPED and result.incomplete, result
        assert "封库版本" in result.reason
    assert report.verdict is Verdict.INCOMPLETE


def test_rule_is_skipped_when_the_plan_declares_a_sealed_line_absent(lite, profile, tmp_path):
    sealed = tmp_path / "sealed.gpkg"
    write_gpkg(sealed, {r: lite[r] for r in ("STBHHX", "CZKFBJ", "YJJBNTBHTB")})
    declared = with_absent_concepts(profile, tmp_path, "red_line")
    report = run(without(lite, "STBHHX"), declared, rules=("LAW017",), baseline=str(sealed))
    result = rule_outcome(report, "LAW017")
    assert result.incomplete and "STBHHX" in result.reason and "生态保护红线" in result.reason
    assert report.verdict is Verdict.INCOMPLETE


# Declared figures without a layer


def test_stated_figure_without_its_layer_is_conditional(lite, profile):
    report = run(lite, profile, rules=("LAW002",))
    doubts = {"targets.reserves_area", "targets.flood_line_area", "targets.centre_area", "targets.detail_units_count"}
    assert doubts <= set(report.summary["unconfirmed"])
    assert report.verdict is not Verdict.PASSED


def test_stated_figure_of_a_layer_declared_absent_has_no_finding(lite, profile, tmp_path):
    declared = with_absent_concepts(profile, tmp_path, "reserves", "flood_line", "centre")
    unconfirmed = run(lite, declared, rules=("LAW002",)).summary["unconfirmed"]
    assert [name for name in unconfirmed if name.startswith("targets.")] == ["targets.detail_units_count"]


def test_stated_figures_with_their_layers_have_no_finding(whole, profile):
    unconfirmed = run(whole.layers, profile, rules=("LAW002",)).summary["unconfirmed"]
    assert not [name for name in unconfirmed if name.startswith("targets.")]


# Codes that contradict the place


TASK = "乡镇代码,乡镇名称,指标,关系,数值,单位\n{code},,永久基本农田,≥,{value:.2f},万亩\n"


def farmland_of(lite, code):
    rows = lite["YJJBNTBHTB"]
    return float(rows["YJJBNTMJ"][rows["ZLDWDM"].str[:9] == code].sum() / (1e8 / 15))


def with_codes(lite, rows, place):
    farm = lite["YJJBNTBHTB"].copy()
    farm.loc[rows, "ZLDWDM"] = place
    return {**lite, "YJJBNTBHTB": farm}


def townships_with_farmland(lite):
    codes = lite["YJJBNTBHTB"]["ZLDWDM"].str[:9].value_counts()
    return list(codes.index[:2])


def test_farmland_with_the_code_of_another_township_counts_by_location(lite, profile, tmp_path):
    credited, other = townships_with_farmland(lite)
    rows = lite["YJJBNTBHTB"]["ZLDWDM"].str[:9] == other
    forged = with_codes(lite, rows, credited + "2010000000")
    tasks = tmp_path / "任务.csv"
    own = farmland_of(lite, credited)
    tasks.write_text(TASK.format(code=credited, value=1.2 * own), encoding="utf-8")
    assert farmland_of(forged, credited) > 1.2 * own
    report = run(forged, profile, rules=("LAW004",), targets=str(tasks))
    misplaced, broken = sorted(findings_of_rule(report, "LAW004"), key=lambda f: f.case, reverse=True)
    assert (misplaced.case, broken.case) == ("misplaced", "broken")
    assert misplaced.params["count"] == rows.sum() and str(misplaced.severity) == "WARNING"
    assert misplaced.area_m2 == pytest.approx(lite["YJJBNTBHTB"]["YJJBNTTBMJ"][rows].sum(), rel=1e-3)
    (figure,) = [i for i in report.indicators if i.place]
    assert figure.value == pytest.approx(own, rel=1e-3)
    assert report.verdict is Verdict.FAIL


def test_codes_that_agree_with_the_location_have_no_finding(lite, profile, tmp_path):
    credited, _ = townships_with_farmland(lite)
    tasks = tmp_path / "任务.csv"
    tasks.write_text(TASK.format(code=credited, value=0.5 * farmland_of(lite, credited)), encoding="utf-8")
    report = run(lite, profile, rules=("LAW004",), targets=str(tasks))
    assert not findings_of_rule(report, "LAW004") and rule_outcome(report, "LAW004").outcome is Outcome.PASSED


# Deductions left out


def without_deductions(lite, role, rows=None):
    frame = lite[role].copy()
    rows = frame.index if rows is None else frame.index[rows]
    gross, net = ("YJJBNTTBMJ", "YJJBNTMJ") if role == "YJJBNTBHTB" else ("TBMJ", "TBDLMJ")
    frame.loc[rows, ["KCXS", "KCMJ"]] = 0.0
    frame.loc[rows, "KCDLBM"] = None
    frame.loc[rows, net] = frame.loc[rows, gross]
    return {**lite, role: frame}


@pytest.mark.parametrize(("role", "figure"), [("YJJBNTBHTB", "farmland_area"), ("GDBHMB", "cultivated_area")])
def test_deductions_of_the_survey_omitted_in_a_line_are_reported(lite, profile, role, figure):
    report = run(without_deductions(lite, role), profile, rules=("ATT003", "ATT022", "LAW002"))
    (left,) = findings_of_rule(report, "ATT022")
    survey = lite[role]["YJJBNTMJ" if role == "YJJBNTBHTB" else "TBDLMJ"].sum()
    assert (left.case, left.role, left.related_role) == ("deduction", role, "DLTB")
    assert left.params["expected"] == pytest.approx(survey, rel=1e-6) and left.params["difference"] > 0
    assert "地类图斑" in left.message and str(left.severity) == "WARNING"
    figures = [i for i in report.indicators if i.id == figure]
    assert figures and all(not i.backed and i.state in ("unconfirmed", "broken", "close") for i in figures)
    assert f"figures.{figure}" in report.summary["unconfirmed"] and report.verdict is not Verdict.PASSED


def test_deductions_omitted_in_one_township_are_reported_for_it(lite, profile, tmp_path):
    credited, _ = townships_with_farmland(lite)
    rows = (lite["YJJBNTBHTB"]["ZLDWDM"].str[:9] == credited).to_numpy()
    gross = float(lite["YJJBNTBHTB"]["YJJBNTTBMJ"][rows].sum() / (1e8 / 15))
    tasks = tmp_path / "任务.csv"
    tasks.write_text(TASK.format(code=credited, value=(farmland_of(lite, credited) + gross) / 2), encoding="utf-8")
    forged = without_deductions(lite, "YJJBNTBHTB", rows)
    report = run(forged, profile, rules=("ATT022", "LAW004"), targets=str(tasks))
    assert [f.case for f in findings_of_rule(report, "ATT022")] == ["deduction"]
    (figure,) = [i for i in report.indicators if i.place]
    assert figure.value > figure.target and figure.state == "unconfirmed"


def test_deductions_of_the_survey_have_no_finding(lite, profile):
    assert not findings_of_rule(run(lite, profile, rules=("ATT022",)), "ATT022")


# Protected cultivated land that is forest


@pytest.mark.parametrize("role", ["GDBHMB", "YJJBNTCBQ"])
def test_forest_in_protected_cultivated_land_is_reported(whole, profile, role):
    parcels = whole.layers["DLTB"]
    forest = parcels[parcels["DLBM"].str.startswith("03")].iloc[:20]
    rows = whole.layers[role]
    keys = [f"1402250000990{n:05d}" for n in range(len(forest))]
    more = rows.iloc[[0] * len(forest)].assign(BSM=keys).set_geometry(forest.geometry.to_numpy(), crs=rows.crs)
    filled = gpd.GeoDataFrame(pd.concat([rows, more], ignore_index=True), geometry="geometry", crs=rows.crs)
    report = run({**whole.layers, role: filled}, profile, rules=("LAW010",))
    findings = findings_of_rule(report, "LAW010")
    assert {f.case for f in findings} == {"protected"} and {f.key for f in findings} == set(keys)
    assert all(f.role == role and f.related_role == "DLTB" and str(f.severity) == "WARNING" for f in findings)
    assert sum(f.area_m2 for f in findings) == pytest.approx(forest["TBMJ"].sum(), rel=1e-3)
    assert report.verdict is Verdict.CONDITIONAL


def test_protected_cultivated_land_of_the_clean_county_has_no_finding(whole, profile):
    assert not findings_of_rule(run(whole.layers, profile, rules=("LAW010",)), "LAW010")


# Villages and orchards in the base of the ratio


def ratio_of(report):
    return next(i for i in report.indicators if i.id == "expansion_ratio_n1")


def coded_urban(lite, role, rows):
    frame = lite[role].copy()
    frame.loc[rows, "CZCSXM"] = "202"
    return {**lite, role: frame}


@pytest.mark.parametrize("classes", [("0702",), ("0201", "0204"), ("0301",)], ids=["villages", "orchards", "woods"])
def test_ratio_base_of_villages_or_orchards_leaves_the_ratio_unconfirmed(lite, profile, classes):
    before = ratio_of(run(lite, profile, rules=("LAW001",)))
    forged = coded_urban(lite, "DLTB", lite["DLTB"]["DLBM"].isin(classes))
    report = run(forged, profile, rules=("LAW001",))
    (finding,) = findings_of_rule(report, "LAW001")
    assert (finding.case, finding.role, finding.field, str(finding.severity)) == (
        "contradicted",
        "DLTB",
        "CZCSXM",
        "WARNING",
    )
    assert float(finding.params["without_text"]) == pytest.approx(before.value, abs=1e-4)
    figure = ratio_of(report)
    assert figure.value < before.value and not figure.backed and figure.state in ("unconfirmed", "broken")
    assert report.verdict is Verdict.CONDITIONAL and "ratio.contradicted" in report.summary["unconfirmed"]


def test_ratio_base_contradicted_by_the_survey_leaves_the_ratio_unconfirmed(whole, profile):
    lite = whole.layers
    villages = (lite["DLTB"]["CZCSXM"] == "203").to_numpy()
    forged = coded_urban(lite, "XZYDYH", villages)
    forged["XZYDYH"].loc[villages, ["YDYHFLDM", "YDYHFLMC"]] = ["070100", "城镇住宅用地"]
    report = run(forged, profile, rules=("LAW001",))
    (finding,) = findings_of_rule(report, "LAW001")
    assert (finding.case, finding.role, finding.params["count"]) == ("contradicted", "XZYDYH", villages.sum())
    assert ratio_of(report).state in ("unconfirmed", "broken") and report.verdict is Verdict.CONDITIONAL


def test_small_decisive_part_of_the_base_is_reported(lite, profile):
    """Without a single field coded as urban, the ratio is above its limit."""
    clean = ratio_of(run(lite, profile, rules=("LAW001",)))
    field = lite["DLTB"][lite["DLTB"]["DLBM"] == "0103"]["TBMJ"].idxmin()
    forged = coded_urban(lite, "DLTB", [field])
    forged_value = ratio_of(run(forged, profile, rules=("LAW001",))).value
    path = Path(profile).with_name("decides.toml")
    limit = (clean.value + forged_value) / 2
    path.write_text(Path(profile).read_text(encoding="utf-8") + f"\n[ratio]\nlimit = {limit!r}\n", encoding="utf-8")
    assert [f.case for f in findings_of_rule(run(lite, str(path), rules=("LAW001",)), "LAW001")] == [""]
    assert [f.case for f in findings_of_rule(run(forged, str(path), rules=("LAW001",)), "LAW001")] == ["contradicted"]


def test_ratio_base_of_the_clean_county_is_not_contradicted(whole, lite, profile):
    for tables in (whole.layers, lite):
        report = run(tables, profile, rules=("LAW001",))
        assert not findings_of_rule(report, "LAW001") and "contradicted_m2" not in ratio_of(report).inputs


# An outline of the county that is too large


def enlarged(lite, *roles):
    """Return the layers with a strip of the neighbour's land added to the rows at the county's edge."""
    outline = lite["XZQX"].geometry.iloc[0]
    y = outline.representative_point().y
    east = outline.bounds[2]
    strip = shapely.box(east - 4000, y - 500, east + 1000, y + 500)
    tables = dict(lite)
    for role in roles:
        frame = lite[role].copy()
        row = frame.geometry.intersection(strip).area.idxmax()
        more = strip.difference(outline)
        frame.loc[[row], "geometry"] = [shapely.union_all([frame.geometry[row], more])]
        tables[role] = frame
    return tables, strip.difference(outline).area


@pytest.mark.parametrize(
    ("roles", "expected"),
    [(("XZQX",), [("townships", "XZQXZ")]), (("XZQX", "XZQXZ"), [("parcels", "DLTB")])],
)
def test_too_large_outline_of_the_county_is_reported(lite, profile, roles, expected):
    tables, area = enlarged(lite, *roles)
    report = run(tables, profile, rules=("TOP003",))
    beyond = findings_of_rule(report, "TOP003")
    assert {(f.case, f.related_role) for f in beyond} == set(expected)
    assert all(f.role == "XZQX" and str(f.severity) == "WARNING" for f in beyond)
    assert sum(f.area_m2 for f in beyond) == pytest.approx(area, rel=1e-2)
    assert report.verdict is Verdict.CONDITIONAL


def test_outline_of_the_clean_county_matches_its_townships_and_parcels(whole, lite, profile):
    for tables in (whole.layers, lite):
        assert not findings_of_rule(run(tables, profile, rules=("TOP003",)), "TOP003")


# Area fields raised within the allowance


def raised(lite, role, fields, share, rows=None):
    frame = lite[role].copy()
    rows = frame.index if rows is None else frame.index[rows]
    for name in fields:
        frame.loc[rows, name] = (frame.loc[rows, name] * (1 + share)).round(2)
    return {**lite, role: frame}


FARM = ("YJJBNTTBMJ", "KCMJ", "YJJBNTMJ")


def with_target(profile, value, name):
    path = Path(profile).with_name(name)
    target = (
        '\n[[targets]]\nindicator = "farmland_area"\ncomparison = ">="\nvalue = "{:.4f}"\nunit = "wan_mu"\n'
        'year = 2035\nbinding = "约束性"\nsource = "本县文件"\n'
    )
    path.write_text(Path(profile).read_text(encoding="utf-8") + target.format(value), encoding="utf-8")
    return str(path)


def test_target_met_only_by_the_raised_field_is_not_confirmed(lite, profile):
    """The area field is raised by less than the allowance of ATT022; the target is in between."""
    net = lite["YJJBNTBHTB"]["YJJBNTMJ"].sum() / (1e8 / 15)
    between = with_target(profile, net * 1.0005, "between.toml")
    forged = raised(lite, "YJJBNTBHTB", FARM, 0.00095)
    report = run(forged, between, rules=("ATT022", "LAW002"))
    assert not findings_of_rule(report, "ATT022")
    figures = [i for i in report.indicators if i.id == "farmland_area" and abs(i.target - net * 1.0005) < 1e-3]
    assert [(i.state, i.backed, i.confirmed) for i in figures] == [("unconfirmed", False, False)]
    (finding,) = [f for f in findings_of_rule(report, "LAW002") if f.case == "field"]
    assert finding.params["value"] == pytest.approx(net * 1.00095, rel=1e-6)
    assert finding.params["land"] == pytest.approx(net, rel=1e-6) and "YJJBNTMJ" in finding.message
    assert "figures.farmland_area" in report.summary["unconfirmed"]


@pytest.mark.parametrize("share", [0.0, 0.00095])
def test_target_met_by_the_measured_area_is_met(lite, profile, share):
    net = lite["YJJBNTBHTB"]["YJJBNTMJ"].sum() / (1e8 / 15)
    met = with_target(profile, net * 0.9999, "met.toml")
    report = run(raised(lite, "YJJBNTBHTB", FARM, share), met, rules=("LAW002",))
    assert not [f for f in findings_of_rule(report, "LAW002") if f.case == "field"]


def test_township_task_met_only_by_the_raised_field_is_not_confirmed(lite, profile, tmp_path):
    credited, _ = townships_with_farmland(lite)
    rows = (lite["YJJBNTBHTB"]["ZLDWDM"].str[:9] == credited).to_numpy()
    tasks = tmp_path / "任务.csv"
    own = farmland_of(lite, credited)
    tasks.write_text(TASK.replace(".2f", ".6f").format(code=credited, value=own * 1.0005), encoding="utf-8")
    forged = raised(lite, "YJJBNTBHTB", FARM, 0.00095, rows)
    report = run(forged, profile, rules=("LAW004",), targets=str(tasks))
    assert [f.case for f in findings_of_rule(report, "LAW004")] == ["field"]
    (figure,) = [i for i in report.indicators if i.place]
    assert figure.state == "unconfirmed" and "figures.farmland_area" in report.summary["unconfirmed"]


def test_ratio_within_its_limit_only_by_the_raised_field_is_not_confirmed(lite, profile):
    limit = ratio_of(run(lite, profile, rules=("LAW001",))).value / 1.0005
    path = Path(profile).with_name("raised.toml")
    path.write_text(Path(profile).read_text(encoding="utf-8") + f"\n[ratio]\nlimit = {limit!r}\n", encoding="utf-8")
    report = run(raised(lite, "DLTB", ("TBMJ", "KCMJ", "TBDLMJ"), 0.00095), str(path), rules=("LAW001",))
    assert [f.case for f in findings_of_rule(report, "LAW001")] == ["land"]
    assert ratio_of(report).state == "unconfirmed" and report.verdict is Verdict.CONDITIONAL


# Farmland outside protected cultivated land, without a parcel, or flatter than its parcel


def smallest_farmland(lite, count):
    return lite["YJJBNTBHTB"]["YJJBNTTBMJ"].nsmallest(count).index


def rows_below(lite, role, farmland):
    """Return the rows of a layer that overlap these rows of farmland."""
    points = lite["YJJBNTBHTB"].geometry[farmland].representative_point()
    frame = lite[role]
    return [frame.index[frame.contains(point)][0] for point in points]


@pytest.mark.parametrize(("role", "case"), [("GDBHMB", "unprotected"), ("DLTB", "unsurveyed")])
def test_farmland_outside_another_layer_is_reported(lite, profile, role, case):
    rows = smallest_farmland(lite, 3)
    report = run({**lite, role: lite[role].drop(rows_below(lite, role, rows))}, profile, rules=("LAW010",))
    findings = findings_of_rule(report, "LAW010")
    assert {(f.case, f.role, f.related_role, str(f.severity)) for f in findings} == {
        (case, "YJJBNTBHTB", role, "WARNING")
    }
    assert sum(f.area_m2 for f in findings) == pytest.approx(lite["YJJBNTBHTB"]["YJJBNTTBMJ"][rows].sum(), rel=1e-6)
    assert {f.key for f in findings} == set(lite["YJJBNTBHTB"]["BSM"][rows]) and report.verdict is Verdict.CONDITIONAL


def test_farmland_flatter_than_its_parcel_is_reported(lite, profile):
    (row,) = smallest_farmland(lite, 1)
    parcels = lite["DLTB"].copy()
    parcels.loc[rows_below(lite, "DLTB", [row]), "GDPDJB"] = "5"
    report = run({**lite, "DLTB": parcels}, profile, rules=("LAW010",))
    (finding,) = findings_of_rule(report, "LAW010")
    assert (finding.case, finding.field, finding.params["related"], str(finding.severity)) == (
        "slope",
        "GDPDJB",
        "5",
        "WARNING",
    )
    assert finding.key == lite["YJJBNTBHTB"]["BSM"][row] and report.verdict is Verdict.CONDITIONAL


# An empty window in the boundary


def test_empty_window_that_keeps_the_ratio_within_its_limit_is_reported(lite, profile):
    clean = ratio_of(run(lite, profile, rules=("LAW001",)))
    edge = lite["CZKFBJ"].copy()
    largest = edge["MJ"].idxmax()
    whole_shape = edge.geometry[largest]
    towns = lite["DLTB"][lite["DLTB"]["DLBM"].str.startswith(("05", "06", "07", "08", "09"))].geometry.union_all()
    centre = whole_shape.intersection(towns.buffer(-1)).representative_point()
    edge.loc[largest, "geometry"] = whole_shape.difference(centre.buffer(100))
    limit = clean.value * 0.9999
    path = Path(profile).with_name("window.toml")
    path.write_text(Path(profile).read_text(encoding="utf-8") + f"\n[ratio]\nlimit = {limit!r}\n", encoding="utf-8")
    assert [f.case for f in findings_of_rule(run(lite, str(path), rules=("LAW001",)), "LAW001")] == [""]
    report = run({**lite, "CZKFBJ": edge}, str(path), rules=("LAW001",))
    (finding,) = findings_of_rule(report, "LAW001")
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
        lite["STBHHX"].iloc[:1].drop(columns="geometry"), geometry=[centre.buffer(10)], crs=edge.crs
    )
    patched = {**lite, "CZKFBJ": edge, "STBHHX": pd.concat([lite["STBHHX"], patch], ignore_index=True)}
    (finding,) = findings_of_rule(run(patched, str(path), rules=("LAW001",)), "LAW001")
    assert finding.case == "windows" and finding.area_m2 == pytest.approx(centre.buffer(100).area * 0.99, rel=1e-2)
    looser = path.read_text(encoding="utf-8").replace(repr(limit), repr(clean.value * 1.01))
    path.write_text(looser, encoding="utf-8")
    assert not findings_of_rule(run({**lite, "CZKFBJ": edge}, str(path), rules=("LAW001",)), "LAW001")


# Codes of townships and of another county, without a table of tasks


def test_farmland_with_the_code_of_another_county_is_reported(lite, profile):
    rows = lite["YJJBNTBHTB"].index[3:6]
    report = run(with_codes(lite, rows, "1402231002010000000"), profile, rules=("LAW004",))
    (finding,) = findings_of_rule(report, "LAW004")
    assert (finding.case, finding.role, finding.field, finding.params["count"]) == (
        "foreign",
        "YJJBNTBHTB",
        "ZLDWDM",
        3,
    )
    assert finding.params["codes"] == ["140223"] and report.verdict is Verdict.CONDITIONAL


def test_township_code_contradicting_the_location_is_reported_without_tasks(lite, profile):
    credited, other = townships_with_farmland(lite)
    row = lite["YJJBNTBHTB"].index[lite["YJJBNTBHTB"]["ZLDWDM"].str[:9] == other][:1]
    report = run(with_codes(lite, row, credited + "2010000000"), profile, rules=("LAW004",))
    (finding,) = findings_of_rule(report, "LAW004")
    assert (finding.case, finding.role, finding.params["count"]) == ("misplaced", "YJJBNTBHTB", 1)
    assert report.verdict is Verdict.CONDITIONAL


def test_exchanged_codes_of_two_townships_are_reported_once_each(lite, profile):
    towns = lite["XZQXZ"].copy()
    both = towns[towns["XZQDM"].isin(townships_with_farmland(lite))].index
    towns.loc[both, ["XZQDM", "XZQMC"]] = towns.loc[both[::-1], ["XZQDM", "XZQMC"]].to_numpy()
    report = run({**lite, "XZQXZ": towns}, profile, rules=("LAW004",))
    findings = findings_of_rule(report, "LAW004")
    assert {(f.case, f.role) for f in findings} == {("exchanged", "XZQXZ")} and len(findings) == 2
    assert report.verdict is Verdict.CONDITIONAL


def test_codes_of_the_clean_county_have_no_finding(whole, lite, profile):
    for tables in (whole.layers, lite):
        report = run(tables, profile, rules=("LAW004",))
        assert (
            not findings_of_rule(report, "LAW004") and rule_outcome(report, "LAW004").outcome is Outcome.NOT_APPLICABLE
        )


# Town land of the base inside the red line


def test_town_land_of_the_base_inside_the_red_line_contradicts_the_ratio(lite, profile):
    line = lite["STBHHX"].geometry.union_all()
    parcels = lite["DLTB"].copy()
    inside = parcels[parcels.geometry.within(line)]
    row = inside["TBMJ"].idxmax()
    parcels.loc[row, ["DLBM", "DLMC", "CZCSXM"]] = ["0701", "城镇住宅用地", "202"]
    report = run({**lite, "DLTB": parcels}, profile, rules=("LAW001",))
    (finding,) = [f for f in findings_of_rule(report, "LAW001") if f.case == "contradicted"]
    assert parcels.loc[row, "BSM"] in finding.params["keys"] and report.verdict is not Verdict.PASSED
    assert not [
        f for f in findings_of_rule(run(lite, profile, rules=("LAW001",)), "LAW001") if f.case == "contradicted"
    ]


# Townships with the same code or name


@pytest.mark.parametrize(("field", "case"), [("XZQDM", "code_twice"), ("XZQMC", "name_twice")])
def test_two_townships_that_share_a_code_or_a_name_are_reported(lite, profile, field, case):
    towns = lite["XZQXZ"].copy()
    towns.loc[towns.index[1], field] = towns.loc[towns.index[0], field]
    report = run({**lite, "XZQXZ": towns}, profile, rules=("LAW004",))
    (finding,) = [f for f in findings_of_rule(report, "LAW004") if f.case == case]
    assert (finding.role, finding.field, finding.params["count"]) == ("XZQXZ", field, 2)
    assert report.verdict is Verdict.CONDITIONAL

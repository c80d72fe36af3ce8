# SPDX-License-Identifier: GPL-2.0-or-later
"""A rule's findings do not depend on other rules of a run; their order is fixed."""

import itertools
import re
import shutil

import pytest

from plugin.core.base.errors import DataError
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.checks.run_check import run_check
from plugin.core.cli.examples.plans import make_example_plan
from plugin.core.engine.evaluate import choose_rules
from plugin.core.model.findings import sort_findings
from plugin.core.model.rule import load_all_rules
from plugin.core.render.verdict import describe_rules_run, find_rules_for_data, list_caveats
from plugin.core.render.words import ReportTexts
from plugin.core.standard import load_standard
from plugin.core.standard.messages.texts import Texts, format_width
from plugin.core.standard.profile import Norm, load_profile
from plugin.paths import RESOURCES_FOLDER
from tests.core.small_plan import check_data, convert_to_source_layers, list_findings_of_rules, make_small_plan_layers
from tests.sample import check_sample_county, check_sample_folder

SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"


@pytest.fixture(scope="module")
def complete_county_report():
    return check_sample_county().report


def test_findings_on_required_fields_do_not_depend_on_which_other_rules_run(complete_county_report):
    tables = make_small_plan_layers()
    tables["DLTB"] = tables["DLTB"].drop(columns=["TBMJ"])
    wanted = [
        (f.role, f.field, f.case)
        for f in list_findings_of_rules(check_data(convert_to_source_layers(tables)).report, "SCH002")
    ]
    assert wanted
    for rules in (["SCH002"], ["SCH002", "LAW001"], ["all"]):
        report = check_data(convert_to_source_layers(tables), rules).report
        assert [(f.role, f.field, f.case) for f in list_findings_of_rules(report, "SCH002")] == wanted, rules


def test_report_findings_are_sorted_by_rule_layer_role_and_key(complete_county_report):
    order = [rule.code for rule in load_all_rules().values()]
    positions = [
        (order.index(f.code) if f.code in order else len(order), f.code, f.role, f.key)
        for f in complete_county_report.findings
    ]
    assert positions == sorted(positions) and len({code for _, code, _, _ in positions}) > 5
    assert [f.fingerprint for f in sort_findings(reversed(complete_county_report.findings))] == [
        f.fingerprint for f in complete_county_report.findings
    ]


def test_outcome_of_the_rule_on_invalid_shapes_names_the_rule_that_reports_arcs_in_its_place():
    report = check_data(
        convert_to_source_layers(make_small_plan_layers()), ["ATT002", "ATT018", "GEO002", "GEO004"]
    ).report
    reasons = {outcome.code: outcome.reason for outcome in report.rules}
    assert "GEO004" in reasons["GEO002"] and "GEO004" not in reasons["GEO004"]


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (None, "—"),
        (12.345, "12.35"),
        (0.1, "0.10"),
        (0.0999, "0.10"),
        (0.012, "0.012"),
        (0.00341, "0.0034"),
        (0.0002, "0.0002"),
        (0.00001, "< 0.0001"),
        (0.0, "0.00"),
    ],
)
def test_narrow_width_is_never_printed_as_zero_metres(width, text):
    assert format_width(width) == text


def test_narrow_overlap_prints_its_mean_width():
    strip = "POLYGON ((9 0, 309 0, 309 0.01, 9 0.01, 9 0))"
    plan = make_example_plan({"farmland": [strip], "red_line": [strip]})
    (finding,) = run_check(plan, [load_all_rules()["REL001"]]).findings
    # 2 × 3 m² ÷ 600.02 m.
    assert finding.width_m == pytest.approx(6 / 600.02, rel=1e-3)
    assert "宽 0.01 m" in finding.message and "0.00 " not in finding.message


SAMPLE_COUNTY_FILE = RESOURCES_FOLDER / "sample" / "county.gpkg"
#: Groups whose rules state when they run. Rules of quality also give a reason; packages and maintenance have their own checks.
DESCRIBED_GROUPS = ("attributes", "control_lines", "heritage", "centre", "quotas", "farmland")
#: Last sentence of a rule's limits, by language: whether a whole county (scope county) includes the rule.
RUN_CONDITIONS = {
    "en": {
        True: "Runs by default for a whole county (scope county), else if the rule or its group {group} is selected.",
        "register": "Runs if a register is given, or if the rule or its group {group} is selected.",
        False: "Does not run by default: select the rule or its group {group}.",
    },
    "zh": {
        True: "整套县级成果默认启用，其他成果默认不启用，可单独或随规则组 {group} 启用。",
        "register": "提供名录时启用，也可单独或随规则组 {group} 启用。",
        False: "默认不启用，可单独或随规则组 {group} 启用。",
    },
}
PROFILE_HEAD = 'id = "x"\nname = "某县"\narea_code = "140225"\n'


def write_and_load_profile(tmp_path, text):
    path = tmp_path / "x.toml"
    path.write_text(PROFILE_HEAD + text, encoding="utf-8")
    return load_profile(path)


def test_rule_groups_of_the_standard_contain_only_existing_rules_that_are_no_default_rules():
    standard = load_standard()
    assert {"quality", "delivery"} <= standard.rule_groups.keys()
    for codes in standard.rule_groups.values():
        assert set(codes) <= load_all_rules().keys()
        assert not set(codes) & set(standard.rules)


def test_help_of_a_rule_outside_the_default_rules_states_when_it_runs():
    standard, wrong = load_standard("county_db"), []
    for group, (lang, sentences) in itertools.product(DESCRIBED_GROUPS, RUN_CONDITIONS.items()):
        for code in standard.rule_groups[group]:
            *_, limits = Texts(lang).get_rule_help(load_all_rules()[code]).values()
            key = "register" if code == "LAW024" else code in standard.scopes["county"].additional_rules
            # The Chinese sentence of the first kind contains that of the last.
            stated = [kind for kind, sentence in sentences.items() if sentence.format(group=group) in limits]
            if stated[:1] != [key]:
                wrong.append((code, limits))
    assert not wrong


def test_profile_adds_a_rule_group_and_single_rules_to_the_default_rules(tmp_path):
    norm = Norm(load_standard(), write_and_load_profile(tmp_path, 'rules_extra = ["quality", "SCH004"]\n'))
    assert norm.rules == (*norm.standard.rules, *norm.standard.rule_groups["quality"], "SCH004")
    assert Norm(load_standard(), write_and_load_profile(tmp_path, "")).rules == norm.standard.rules
    with pytest.raises(DataError, match="GEO999"):
        write_and_load_profile(tmp_path, 'rules_extra = ["GEO999"]\n')


def test_rule_group_all_names_every_rule_and_cannot_be_redefined_in_a_standard(tmp_path):
    norm = Norm(load_standard(), write_and_load_profile(tmp_path, 'rules_extra = ["all"]\n'))
    assert set(norm.rules) == load_all_rules().keys()
    assert norm.rules[: len(norm.standard.rules)] == norm.standard.rules
    assert [r.code for r in choose_rules((), norm.expand_groups((" all ",)))] == list(load_all_rules())
    shutil.copytree(load_standard().folder, tmp_path / "own")
    with (tmp_path / "own" / "standard.toml").open("a", encoding="utf-8") as file:
        file.write('\n[rule_groups]\nall = ["GEO001"]\n')
    with pytest.raises(DataError, match=r"rule_groups\.all"):
        load_standard(str(tmp_path / "own"))


def test_rules_turned_off_in_the_profile_do_not_run_and_the_report_lists_them_as_left_out(tmp_path):
    text = 'rules_extra = ["quality"]\nrules_off = ["GEO003", "GEO008"]\n'
    norm = Norm(load_standard(), write_and_load_profile(tmp_path, text))
    assert set(norm.expected_rules) - set(norm.rules) == {"GEO003", "GEO008"}
    report = check_plan(SAMPLE_COUNTY_FILE, RunOptions(profile=str(tmp_path / "x.toml"))).report
    assert not {"GEO003", "GEO008"} & {r.code for r in report.rules}
    assert set(report.left_out) == {"GEO003", "GEO008"}
    named = check_plan(SAMPLE_COUNTY_FILE, RunOptions(profile=str(tmp_path / "x.toml"), rules=("GEO003",))).report
    assert [r.code for r in named.rules] == ["GEO003"]
    with pytest.raises(DataError, match=r"rules_off"):
        write_and_load_profile(tmp_path, 'rules_off = ["GEO999"]\n')


def test_county_profile_can_turn_on_a_rule_that_its_province_turned_off(tmp_path):
    province = PROFILE_HEAD.replace('"x"', '"p"').replace("140225", "140000")
    (tmp_path / "p.toml").write_text(province + 'rules_off = ["LAW006", "TOP002"]\n', encoding="utf-8")
    norm = Norm(load_standard(), write_and_load_profile(tmp_path, 'base = "p"\nrules_extra = ["TOP002"]\n'))
    assert norm.profile.rules_off == ("LAW006",) and "TOP002" in norm.rules


def test_minimum_width_of_a_layer_in_the_county_profile_is_used_and_an_invalid_one_refused(tmp_path):
    norm = Norm(load_standard(), write_and_load_profile(tmp_path, "[quality.narrow_m]\nDLTB = 0.0\nSTBHHX = 5.0\n"))
    assert norm.get_settings_section("quality.narrow_m") == {"DLTB": 0.0, "STBHHX": 5.0}
    for wrong in ("NOLAYER = 4.0", 'DLTB = "4"', "STBHHX = -1.0"):
        with pytest.raises(DataError):
            write_and_load_profile(tmp_path, f"[quality.narrow_m]\n{wrong}\n")


def test_minimum_area_of_a_layer_in_the_county_profile_is_used_and_an_invalid_one_refused(tmp_path):
    norm = Norm(load_standard(), write_and_load_profile(tmp_path, "[quality.min_area_m2]\nSTBHHX = 400.0\n"))
    assert norm.get_settings_section("quality.min_area_m2")["STBHHX"] == 400.0
    assert norm.get_settings_section("quality.min_area_m2")["DLTB"] == 200.0
    for wrong in ("NOLAYER = 400.0", 'DLTB = "400"', "STBHHX = -1.0"):
        with pytest.raises(DataError):
            write_and_load_profile(tmp_path, f"[quality.min_area_m2]\n{wrong}\n")


@pytest.fixture(scope="module")
def check_with_quality_rules():
    return check_plan(
        SAMPLE_COUNTY_FILE, RunOptions(profile="hunyuan", rules=("quality", "TOP001", "TOP002", "TOP003"))
    )


def list_findings_of_rule(checked, code):
    return [f for f in checked.report.findings if f.code == code]


@pytest.mark.slow
def test_quality_rules_run_on_the_sample_county_without_being_skipped_or_crashing(check_with_quality_rules):
    outcomes = {r.code: str(r.outcome) for r in check_with_quality_rules.report.rules}
    assert set(load_standard().rule_groups["quality"]) <= outcomes.keys()
    # All layers of the sample are polygons, which TOP003 checks.
    assert outcomes.pop("GEO011") == "not_applicable"
    assert set(outcomes.values()) <= {"passed", "failed"}, outcomes


def test_holes_of_the_urban_boundary_are_reported_as_windows_by_one_rule_and_as_holes_by_none(check_with_quality_rules):
    holes, windows = (
        list_findings_of_rule(check_with_quality_rules, "GEO006"),
        list_findings_of_rule(check_with_quality_rules, "TOP009"),
    )
    # When the rule that lists windows runs, only that rule reports them, with their contents.
    assert not [f for f in holes if f.case == "window"] and {f.case for f in windows} == {"window"}
    assert {tuple(f.params["fillers"]) for f in windows} == {("YJJBNTBHTB",)}
    alone = check_plan(SAMPLE_COUNTY_FILE, RunOptions(profile="hunyuan", rules=("GEO006",))).report.findings
    assert {round(f.area_m2, 2) for f in alone if f.case == "window"} == {round(f.area_m2, 2) for f in windows}
    assert {f.role for f in windows} == {"CZKFBJ"} and {str(f.severity) for f in windows} == {"INFO"}
    assert "CZKFBJ" not in {f.role for f in holes if f.case == "hole"}
    # The town boundary was drawn around this farmland, which is completely inside the windows.
    boundary, farmland = (check_with_quality_rules.plan.layers[role] for role in ("CZKFBJ", "YJJBNTBHTB"))
    assert len(windows) == sum(len(p.interiors) for p in boundary.plane_shapes if p is not None)
    for window in windows:
        inside = [p for p in farmland.plane_shapes if p is not None and p.intersects(window.geometry)]
        assert sum(p.intersection(window.geometry).area for p in inside) >= 0.95 * window.geometry.area


def test_choosing_a_rule_group_and_a_rule_name_gives_the_rules_of_the_group_and_that_rule():
    norm = RunOptions(profile="hunyuan").resolve_norm()
    chosen = choose_rules(norm.rules, norm.expand_groups(("delivery", "zone-gaps")))
    assert [r.code for r in chosen] == ["SCH004", "SCH006", "SCH007", "SCH008", "TOP002"]


def test_report_names_applicable_rules_that_did_not_run():
    report = check_sample_folder()
    beyond = report.provenance["beyond"]
    assert {"LAW012", "ATT012", "ATT013"} <= set(beyond)
    assert not set(beyond) & {r.code for r in report.rules}
    # Rules without required layers: the layers of their examples are there.
    assert {"TOP005", "TOP008", "TOP009", "LAW006"} <= set(beyond)
    # Without reserves, detail units, heritage ranges, a register or a package, these rules have no data to check.
    assert not set(beyond) & {"LAW011", "LAW022", "LAW024", "REL024", "DOC001"}
    listed = list_caveats(report, None, ReportTexts("zh"))
    assert any("LAW012" in sentence and f"{len(beyond)} 条" in sentence for sentence in listed)
    assert check_sample_folder("all").provenance["beyond"] == []


def test_report_states_how_many_of_all_rules_ran_and_how_many_of_each_omitted_rule_group_did_not():
    norm, report = RunOptions(profile="hunyuan").resolve_norm(), check_sample_folder()
    run = {rule.code for rule in report.rules}
    whole = check_sample_folder("all")
    total = len(find_rules_for_data(run, norm))
    assert total == len([code for code in load_all_rules() if not code.startswith("DOC")]) > len(run)
    lacking = {name: len(set(codes) - run) for name, codes in norm.standard.rule_groups.items()}
    count = lacking["farmland"]
    for lang, part in (("zh", f"永久基本农田（{count}）"), ("en", f"permanent basic farmland ({count})")):
        sentence = describe_rules_run(report, norm, ReportTexts(lang))
        assert part in sentence and str(total) in sentence and str(len(run)) in sentence and "package" not in sentence
        assert sentence in list_caveats(report, norm, ReportTexts(lang))
        # A rule of two groups counts once.
        assert sum(int(n) for n in re.findall(r"[(（](\d+)[)）]", sentence)) == total - len(run)
        assert str(len(whole.rules)) in describe_rules_run(whole, norm, ReportTexts(lang))
    assert describe_rules_run(whole, norm, ReportTexts("zh")) == f"共有规则 {len(whole.rules)} 条，本次全部运行。"


def test_every_rule_group_has_a_name_in_both_languages():
    groups = RunOptions(profile="hunyuan").resolve_norm().standard.rule_groups
    assert groups and all(ReportTexts(lang).has_text("rule_group", name) for lang in ("zh", "en") for name in groups)

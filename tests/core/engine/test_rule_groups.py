# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules that run by name or by their group, beside the default ones; what one says the other does not repeat."""

import shutil

import pytest

from plugin.core.check import Options, check_plan
from plugin.core.engine.evaluate import choose_rules
from plugin.core.errors import DataError
from plugin.core.model.rule import all_rules
from plugin.core.profile import Norm, load_profile
from plugin.core.render.rules_run import known_rules, rules_run
from plugin.core.render.verdict import caveats
from plugin.core.render.words import Words
from plugin.core.standard import load_standard
from plugin.paths import RESOURCES
from tests.sample import sample_report

SAMPLE = RESOURCES / "sample" / "county.gpkg"
PROFILE = 'id = "x"\nname = "某县"\narea_code = "140225"\n'


def profile(tmp_path, text):
    path = tmp_path / "x.toml"
    path.write_text(PROFILE + text, encoding="utf-8")
    return load_profile(path)


def test_groups_name_rules_that_exist_and_do_not_run_by_default():
    standard = load_standard()
    assert {"quality", "delivery"} <= standard.rule_groups.keys()
    for codes in standard.rule_groups.values():
        assert set(codes) <= all_rules().keys()
        assert not set(codes) & set(standard.rules)


def test_a_profile_adds_a_group_and_single_rules_to_the_default(tmp_path):
    norm = Norm(load_standard(), profile(tmp_path, 'rules_extra = ["quality", "SCH004"]\n'))
    assert norm.rules == (*norm.standard.rules, *norm.standard.rule_groups["quality"], "SCH004")
    assert Norm(load_standard(), profile(tmp_path, "")).rules == norm.standard.rules
    with pytest.raises(DataError, match="GEO999"):
        profile(tmp_path, 'rules_extra = ["GEO999"]\n')


def test_all_names_every_rule_there_is_and_is_no_group_to_be_written(tmp_path):
    norm = Norm(load_standard(), profile(tmp_path, 'rules_extra = ["all"]\n'))
    assert set(norm.rules) == all_rules().keys()
    assert norm.rules[: len(norm.standard.rules)] == norm.standard.rules
    assert [r.code for r in choose_rules((), norm.named_rules((" all ",)))] == list(all_rules())
    shutil.copytree(load_standard().folder, tmp_path / "own")
    with (tmp_path / "own" / "standard.toml").open("a", encoding="utf-8") as file:
        file.write('\n[rule_groups]\nall = ["GEO001"]\n')
    with pytest.raises(DataError, match=r"rule_groups\.all"):
        load_standard(str(tmp_path / "own"))


def test_a_profile_turns_rules_off_and_the_check_is_then_no_whole_one(tmp_path):
    text = 'rules_extra = ["quality"]\nrules_off = ["GEO003", "GEO008"]\n'
    norm = Norm(load_standard(), profile(tmp_path, text))
    assert set(norm.expected_rules) - set(norm.rules) == {"GEO003", "GEO008"}
    report = check_plan(SAMPLE, Options(profile=str(tmp_path / "x.toml"))).report
    assert not {"GEO003", "GEO008"} & {r.code for r in report.rules}
    assert set(report.left_out) == {"GEO003", "GEO008"}
    named = check_plan(SAMPLE, Options(profile=str(tmp_path / "x.toml"), rules=("GEO003",))).report
    assert [r.code for r in named.rules] == ["GEO003"]
    with pytest.raises(DataError, match=r"rules_off"):
        profile(tmp_path, 'rules_off = ["GEO999"]\n')


def test_a_county_turns_on_again_what_its_province_turned_off(tmp_path):
    province = PROFILE.replace('"x"', '"p"').replace("140225", "140000")
    (tmp_path / "p.toml").write_text(province + 'rules_off = ["LAW006", "TOP002"]\n', encoding="utf-8")
    norm = Norm(load_standard(), profile(tmp_path, 'base = "p"\nrules_extra = ["TOP002"]\n'))
    assert norm.profile.rules_off == ("LAW006",) and "TOP002" in norm.rules


def test_a_county_sets_a_least_width_for_single_layers(tmp_path):
    norm = Norm(load_standard(), profile(tmp_path, "[quality.narrow_m]\nDLTB = 0.0\nSTBHHX = 5.0\n"))
    assert norm.section("quality.narrow_m") == {"DLTB": 0.0, "STBHHX": 5.0}
    for wrong in ("NOLAYER = 4.0", 'DLTB = "4"', "STBHHX = -1.0"):
        with pytest.raises(DataError):
            profile(tmp_path, f"[quality.narrow_m]\n{wrong}\n")


def test_a_county_sets_a_least_area_of_its_own(tmp_path):
    norm = Norm(load_standard(), profile(tmp_path, "[quality.min_area_m2]\nSTBHHX = 400.0\n"))
    assert norm.section("quality.min_area_m2")["STBHHX"] == 400.0
    assert norm.section("quality.min_area_m2")["DLTB"] == 200.0
    for wrong in ("NOLAYER = 400.0", 'DLTB = "400"', "STBHHX = -1.0"):
        with pytest.raises(DataError):
            profile(tmp_path, f"[quality.min_area_m2]\n{wrong}\n")


@pytest.fixture(scope="module")
def by_name():
    return check_plan(SAMPLE, Options(profile="hunyuan", rules=("quality", "TOP001", "TOP002", "TOP003")))


def found(checked, code):
    return [f for f in checked.report.findings if f.code == code]


@pytest.mark.slow
def test_the_group_runs_over_the_sample_and_nothing_crashes(by_name):
    outcomes = {r.code: str(r.outcome) for r in by_name.report.rules}
    assert set(load_standard().rule_groups["quality"]) <= outcomes.keys()
    # All layers of the sample are polygons, and these are left to TOP003.
    assert outcomes.pop("GEO011") == "not_applicable"
    assert set(outcomes.values()) <= {"passed", "failed"}, outcomes


def test_every_window_of_the_sample_is_a_note_and_no_hole(by_name):
    holes, windows = found(by_name, "GEO006"), found(by_name, "TOP009")
    # Where the list of windows runs, they are told there alone, with what lies in them.
    assert not [f for f in holes if f.case == "window"] and {f.case for f in windows} == {"window"}
    assert {tuple(f.params["fillers"]) for f in windows} == {("YJJBNTBHTB",)}
    alone = check_plan(SAMPLE, Options(profile="hunyuan", rules=("GEO006",))).report.findings
    told = {round(f.area_m2, 2) for f in alone if f.case == "window"}
    assert told == {round(f.area_m2, 2) for f in windows}
    assert {f.role for f in windows} == {"CZKFBJ"} and {str(f.severity) for f in windows} == {"INFO"}
    assert "CZKFBJ" not in {f.role for f in holes if f.case == "hole"}
    # The edge of town was drawn around this farmland: it lies whole in the windows.
    boundary, farmland = (by_name.plan.layers[role] for role in ("CZKFBJ", "YJJBNTBHTB"))
    assert len(windows) == sum(len(p.interiors) for p in boundary.plane if p is not None)
    for window in windows:
        inside = [p for p in farmland.plane if p is not None and p.intersects(window.geometry)]
        assert sum(p.intersection(window.geometry).area for p in inside) >= 0.95 * window.geometry.area


@pytest.mark.slow
def test_nothing_is_told_twice(by_name):
    twice = [f for f in found(by_name, "TOP001") if f.case == "duplicate"]
    assert {f.role for f in twice} == {"CZKFBJ", "DLTB", "YJJBNTBHTB"}
    assert not found(by_name, "TOP007")
    alone = check_plan(SAMPLE, Options(profile="hunyuan", rules=("TOP007",))).report.findings
    assert {frozenset((f.key, *f.related_keys)) for f in alone} == {frozenset((f.key, *f.related_keys)) for f in twice}
    # The gap that TOP002 tells of the zones is not TOP004's as well.
    assert found(by_name, "TOP002") and not found(by_name, "TOP004")
    assert {f.code for f in check_plan(SAMPLE, Options(rules=("TOP004",))).report.findings} == {"TOP004"}


def test_rules_may_be_named_beside_a_group():
    norm = Options(profile="hunyuan").norm()
    chosen = choose_rules(norm.rules, norm.named_rules(("delivery", "zone-gaps")))
    assert [r.code for r in chosen] == ["SCH004", "SCH006", "SCH007", "SCH008", "TOP002"]


def test_a_report_names_the_rules_that_could_have_run_and_did_not():
    report = sample_report()
    beyond = report.provenance["beyond"]
    assert {"LAW012", "ATT012", "ATT013"} <= set(beyond)
    assert not set(beyond) & {r.code for r in report.rules}
    # No layer of reserves, no table of figures, no package: nothing that these could have looked at.
    assert not set(beyond) & {"LAW011", "LAW022", "LAW006", "DOC001"}
    words = Words("zh")
    said = caveats(report, None, words)
    assert any("LAW012" in sentence and f"{len(beyond)} 条" in sentence for sentence in said)
    whole = sample_report("all")
    assert whole.provenance["beyond"] == []


def test_a_report_counts_its_rules_and_names_the_groups_left_out():
    checked = check_plan(SAMPLE, Options(profile="hunyuan"))
    norm, report = checked.plan.norm, checked.report
    run = {rule.code for rule in report.rules}
    whole = check_plan(SAMPLE, Options(profile="hunyuan", rules=("all",)))
    total = len(known_rules(run, norm))
    assert total == len([code for code in all_rules() if not code.startswith("DOC")]) > len(run)
    lacking = {name: len(set(codes) - run) for name, codes in norm.standard.rule_groups.items()}
    farmland = f"永久基本农田 farmland（{lacking['farmland']}）"
    for lang, part in (("zh", farmland), ("en", f"permanent basic farmland, farmland ({lacking['farmland']})")):
        sentence = rules_run(report, norm, Words(lang))
        assert part in sentence and str(total) in sentence and str(len(run)) in sentence and "package" not in sentence
        assert sentence in caveats(report, norm, Words(lang))
        assert str(len(whole.report.rules)) in rules_run(whole.report, norm, Words(lang))
    assert rules_run(whole.report, norm, Words("zh")) == f"共有规则 {len(whole.report.rules)} 条，本次全部运行。"


def test_every_rule_group_has_a_name_in_both_languages():
    groups = Options(profile="hunyuan").norm().standard.rule_groups
    assert groups and all(Words(lang).has("rule_group", name) for lang in ("zh", "en") for name in groups)

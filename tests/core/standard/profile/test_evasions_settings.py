# SPDX-License-Identifier: GPL-2.0-or-later
"""No setting that a county writes itself turns a failing county into 通过 (passed)."""

from pathlib import Path

import pytest

from plugin.core.base.errors import DataError, InputError
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.engine.explanation import find_disabling_settings
from plugin.core.figures.supplied_tables import read_township_targets
from plugin.core.geometry.tolerance import Tolerance
from plugin.core.model.rule import load_all_rules
from plugin.core.model.verdict import Verdict
from plugin.core.render.verdict import list_caveats
from plugin.core.render.words import ReportTexts
from plugin.core.standard import load_standard
from plugin.core.standard.bounds import ends_comparison, load_switches
from plugin.core.standard.indicator_catalogue import load_catalogue
from plugin.core.standard.messages.texts import Texts
from plugin.core.standard.profile import IndicatorTarget, Norm, load_profile
from tests.core.small_plan import get_outcome_of_rule, list_findings_of_rules
from tests.county import make_clean_county
from tests.county.source import make_read_layers
from tests.mutations.clean import PROFILE

TARGET_SECTION = (
    '[[targets]]\nindicator = "{0}"\ncomparison = "{1}"\nvalue = "{2}"\nunit = "{3}"\nyear = 2035\n'
    'binding = "{4}"\nsource = "本县文件"\n'
)
FARMLAND_INDICATOR = "farmland_area"


@pytest.fixture(scope="module")
def clean_layers():
    return make_clean_county(400).layers


@pytest.fixture
def write_profile(tmp_path):
    def write_text(more="", head=""):
        path = tmp_path / "profile.toml"
        path.write_text(head + PROFILE.format(extra="") + more, encoding="utf-8")
        return str(path)

    return write_text


def write_standard(tmp_path, text, folder="mine"):
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "standard.toml").write_text(text, encoding="utf-8")
    return f'standard = "{folder}"\n'


# -- non-finite numbers ---------------------------------------------------------------------------------------------

BOUNDED_SETTINGS = [
    ("ratio", "limit"),
    ("tolerance", "ignored_pair_m2"),
    ("tolerance", "ignored_feature_m2"),
    ("rules.ATT022", "allowance_share"),
    ("rules.LAW007", "allowance_m2"),
    ("quality.min_area_m2", "DLTB"),
]


@pytest.mark.parametrize("value", ["nan", "-nan", "inf", "+inf", "1e999"])
@pytest.mark.parametrize(("section", "key"), BOUNDED_SETTINGS)
def test_profile_with_a_non_finite_number_is_refused(write_profile, section, key, value):
    with pytest.raises(DataError) as caught:
        load_profile(write_profile(f"[{section}]\n{key} = {value}\n"))
    assert caught.value.key == "data_value_not_finite"
    for lang in ("zh", "en"):
        message = Texts(lang).explain_error(caught.value)
        assert f"{section}.{key}" in message and "profile.toml" in message


def test_non_finite_parameters_of_a_check_are_refused(clean_layers):
    for options in (
        RunOptions(parameters={"LAW007": {"allowance_m2": float("nan")}}),
        RunOptions(tolerance=Tolerance(ignored_pair_m2=float("nan"))),
    ):
        with pytest.raises(InputError) as caught:
            check_plan(make_read_layers(clean_layers), options)
        assert caught.value.key == "parameter_not_finite" and "nan" in Texts("zh").explain_error(caught.value)


# -- targets -----------------------------------------------------------------------------------------------------------

LOOSER_TARGETS = {
    "lower": (">=", "50", "wan_mu", "约束性"),
    "in mu": (">=", "63.25", "mu", "约束性"),
    "nothing": (">=", "0", "wan_mu", "约束性"),
    "no task": (">=", "63.25", "wan_mu", "预期性"),
    "exactly less": ("=", "60", "wan_mu", "约束性"),
}


@pytest.mark.parametrize("own", LOOSER_TARGETS.values(), ids=LOOSER_TARGETS)
def test_looser_county_target_does_not_replace_the_target_of_the_base_profile(clean_layers, write_profile, own):
    report = check_plan(
        make_read_layers(clean_layers),
        RunOptions(profile=write_profile(TARGET_SECTION.format(FARMLAND_INDICATOR, *own))),
    ).report
    (warned,) = [f for f in list_findings_of_rules(report, "LAW005") if f.case == "target"]
    assert all(text in warned.message for text in (own[1], "63.25", "本县文件", "浑源县国土空间总体规划"))
    compared = {i.target for i in report.indicators if i.id == FARMLAND_INDICATOR and not i.place}
    assert compared == {63.25, float(own[1])}
    assert report.verdict in (Verdict.CONDITIONAL, Verdict.FAILED)


def test_county_that_misses_the_target_of_the_base_profile_fails_despite_its_own_looser_target(
    clean_layers, write_profile
):
    rows = clean_layers["YJJBNTBHTB"]
    short = {**clean_layers, "YJJBNTBHTB": rows.iloc[: len(rows) // 2]}
    report = check_plan(
        make_read_layers(short),
        RunOptions(profile=write_profile(TARGET_SECTION.format(FARMLAND_INDICATOR, *LOOSER_TARGETS["nothing"]))),
    ).report
    assert report.verdict is Verdict.FAILED
    assert [
        f.params["target"]
        for f in list_findings_of_rules(report, "LAW002")
        if f.params["indicator"] == FARMLAND_INDICATOR
    ] == ["63.25"]


STRICTER_TARGETS = [
    (">=", "63.26", "wan_mu"),
    ("=", "63.30", "wan_mu"),
    (">=", "632500.0", "mu"),
    (">=", "63.25", "wan_mu"),
]


@pytest.mark.parametrize(("comparison", "value", "unit"), STRICTER_TARGETS)
def test_county_target_as_strict_as_the_base_target_replaces_it(write_profile, comparison, value, unit):
    loaded = load_profile(write_profile(TARGET_SECTION.format(FARMLAND_INDICATOR, comparison, value, unit, "约束性")))
    own = [t for t in loaded.targets if t.indicator == FARMLAND_INDICATOR and t.area_code == "140225"]
    assert [t.source for t in own] == ["本县文件"]


def make_target(comparison, value, unit="km2"):
    return IndicatorTarget("140225", "boundary_area", comparison, value, unit, 2035, "约束性", "x")


def test_is_looser_follows_the_comparison_sign_and_converts_units():
    limit = make_target("<=", "16.46")
    assert make_target("<=", "17.00").is_looser(limit) and not make_target("<=", "16.00").is_looser(limit)
    assert not make_target("<=", "1646", "ha").is_looser(limit) and make_target("<=", "1647", "ha").is_looser(limit)
    assert not make_target("=", "16.46").is_looser(limit) and make_target(">=", "16.46").is_looser(limit)


REVERSED_COMPARISONS = {"cultivated_area": "<=", FARMLAND_INDICATOR: "<=", "red_line_area": "<=", "boundary_area": ">="}


@pytest.mark.parametrize(("indicator", "turned"), REVERSED_COMPARISONS.items())
def test_target_with_a_reversed_comparison_sign_is_refused(write_profile, indicator, turned):
    with pytest.raises(DataError) as caught:
        load_profile(write_profile(TARGET_SECTION.format(indicator, turned, "1", "km2", "约束性")))
    assert "targets[1].comparison" in Texts("zh").explain_error(caught.value)
    entry = load_catalogue(load_standard()).indicator_by_id[indicator]
    assert entry.comparison and entry.mark in ("A", "B") and entry.source_zh


def read_allocated_targets(tmp_path, row):
    path = tmp_path / "tasks.csv"
    path.write_text(f"乡镇代码,乡镇名称,指标,关系,数值,单位\n140225100,永安镇,{row},万亩\n", encoding="utf-8")
    return read_township_targets(path)


@pytest.mark.parametrize("row", ["永久基本农田,≤,60", "耕地,不超过,60", "生态保护红线,<=,60", "城镇开发边界,≥,60"])
def test_township_target_with_a_reversed_comparison_sign_is_refused(tmp_path, row):
    with pytest.raises(InputError) as caught:
        read_allocated_targets(tmp_path, row)
    assert "关系" in Texts("zh").explain_error(caught.value)


@pytest.mark.parametrize(("row", "comparison"), [("永久基本农田,,60", ">="), ("城镇开发边界,,60", "<=")])
def test_township_target_without_a_comparison_sign_uses_that_of_its_indicator(tmp_path, row, comparison):
    (task,) = read_allocated_targets(tmp_path, row).targets
    assert task.comparison == comparison


# -- rules and concepts that a county leaves out -----------------------------------------------------------------------

COUNTY_STANDARD_TEXT = 'id = "mine"\nedition = "1"\nname = "自编"\n{}default_rules = ["LAW001"]\n'
INCLUDES_SHIPPED_STANDARD = 'includes = ["county_db"]\n'


def test_rules_that_a_county_standard_omits_are_listed_as_left_out_and_make_the_verdict_conditional(
    clean_layers, tmp_path, write_profile
):
    path = write_profile(head=write_standard(tmp_path, COUNTY_STANDARD_TEXT.format(INCLUDES_SHIPPED_STANDARD)))
    report = check_plan(make_read_layers(clean_layers), RunOptions(profile=path)).report
    norm = RunOptions(profile=path).resolve_norm()
    usual = Norm(load_standard(), load_profile("hunyuan"))
    scope = report.provenance["scope"]
    assert [r.code for r in report.rules] == ["LAW001"]
    assert (
        set(report.left_out) == set(usual.list_expected_rules_of_scope(scope)) - {"LAW001"}
        and "REL002" in report.left_out
    )
    assert report.verdict is Verdict.CONDITIONAL
    assert any("ATT0" in caveat for caveat in list_caveats(report, norm, ReportTexts("zh")))


@pytest.mark.parametrize(
    "more",
    ["[rule_groups]\nmaintenance = []\n", '[scopes.maintenance]\nmandatory = ["maintenance"]\nwithout = ["TOP001"]\n'],
)
def test_county_standard_cannot_remove_rules_that_the_shipped_standard_expects_for_a_scope(
    tmp_path, write_profile, more
):
    head = write_standard(tmp_path, COUNTY_STANDARD_TEXT.format(INCLUDES_SHIPPED_STANDARD) + more)
    norm = RunOptions(profile=write_profile(head=head)).resolve_norm()
    usual = Norm(load_standard(), load_profile("hunyuan"))
    assert set(usual.list_expected_rules_of_scope("maintenance")) <= set(
        norm.list_expected_rules_of_scope("maintenance")
    )


def test_declaring_a_mandatory_layer_absent_counts_as_unconfirmed_and_prevents_a_pass(clean_layers, write_profile):
    tables = {role: frame for role, frame in clean_layers.items() if role != "YDYHGHFQ"}
    path = write_profile('[absent]\nconcepts = ["zones"]\n')
    report = check_plan(make_read_layers(tables), RunOptions(profile=path, scope="county")).report
    assert "absent.zones" in report.summary["unconfirmed"]
    assert "absent.zones" in get_outcome_of_rule(report, "SCH001").unconfirmed
    assert report.verdict not in (Verdict.PASSED,)
    assert any(
        "规划分区" in caveat
        for caveat in list_caveats(report, RunOptions(profile=path).resolve_norm(), ReportTexts("zh"))
    )


# -- a county standard looser than the shipped one ------------------------------------------------------------------

COUNTY_STANDARD_HEAD = 'id = "mine"\nedition = "1"\nname = "自编"\nincludes = ["county_db"]\n'
VALUES_BEYOND_BOUNDS = [
    ("tolerance", "ignored_pair_m2", 1e6),
    ("tolerance", "min_width_m", 50.0),
    ("waivers", "area_m2", 1000.0),
    ("rules.ATT022", "allowance_share", 0.5),
    ("rules.LAW007", "allowance_m2", 1e9),
    ("ratio", "denominator_share", 15),
    ("tolerance", "min_area_m2", -1.0),
]


@pytest.mark.parametrize(("section", "key", "value"), VALUES_BEYOND_BOUNDS)
def test_county_standard_with_a_value_beyond_the_bounds_for_profiles_is_refused_with_key_and_file(
    tmp_path, write_profile, section, key, value
):
    text = f"[{section}]\n{key} = {value}\n"
    with pytest.raises(DataError):
        load_profile(write_profile(text))
    head = write_standard(tmp_path, COUNTY_STANDARD_HEAD + text)
    for load in (
        lambda: load_profile(write_profile(head=head)),
        RunOptions(standard=str(tmp_path / "mine")).resolve_norm,
    ):
        with pytest.raises(DataError) as caught:
            load()
        assert caught.value.params["key"] == f"{section}.{key}" and "mine" in caught.value.params["file"]


def test_profile_of_a_county_standard_is_refused_if_a_value_exceeds_the_bound_of_the_shipped_standard(
    tmp_path, write_profile
):
    head = write_standard(tmp_path, COUNTY_STANDARD_HEAD + "[tolerance]\nmin_area_m2 = 40.0\n")
    assert (
        load_profile(write_profile("[tolerance]\nmin_area_m2 = 50.0\n", head)).settings["tolerance.min_area_m2"] == 50.0
    )
    with pytest.raises(DataError, match="data_value_unknown"):
        load_profile(write_profile("[tolerance]\nmin_area_m2 = 51.0\n", head))


LOOSER_STANDARD_TEXTS = {
    "scopes.county.mandatory": '[scopes.county]\nmandatory = ["farmland", "boundary", "base_parcels"]\n',
    "scopes.three_lines.mandatory": '[scopes.three_lines]\nmandatory = ["boundary"]\n',
    "concepts.farmland": '[concepts]\nfarmland = ["YJJBNT"]\n',
    "severity.LAW001": '[severity]\nLAW001 = "INFO"\n',
    "phase.approval.severity.REL002": '[phase.approval.severity]\nREL002 = "WARNING"\n',
    "confirmed.items": '[confirmed]\nitems = ["all"]\n',
    "marks.ratio.limit": '[ratio]\nlimit = 3.0\n[marks]\n"ratio.limit" = "A"\n',
    "templates/STBHHX.toml：overlap": "",
    "marks.tolerance": '[marks]\n"tolerance" = "A"\n[mark_sources]\n"tolerance" = "本县"\n',
}


@pytest.mark.parametrize(("item", "text"), LOOSER_STANDARD_TEXTS.items(), ids=LOOSER_STANDARD_TEXTS)
def test_county_standard_looser_than_the_shipped_one_is_reported(clean_layers, tmp_path, write_profile, item, text):
    head = write_standard(tmp_path, COUNTY_STANDARD_HEAD + text)
    if not text:
        template = (load_standard().folder / "templates" / "STBHHX.toml").read_text(encoding="utf-8")
        (tmp_path / "mine" / "templates").mkdir()
        own = template.replace('overlap = "never"', 'overlap = "allowed"')
        assert own != template
        (tmp_path / "mine" / "templates" / "STBHHX.toml").write_text(own, encoding="utf-8")
    report = check_plan(
        make_read_layers(clean_layers), RunOptions(profile=write_profile(head=head), rules=("TOP001",))
    ).report
    (named,) = [f for f in list_findings_of_rules(report, "RUN904") if f.case == "standard"]
    assert item in named.message and "自编" in named.message
    assert report.verdict is Verdict.INCOMPLETE


def test_code_list_that_turns_forest_into_cultivated_land_is_reported(clean_layers, tmp_path, write_profile):
    head = write_standard(tmp_path, COUNTY_STANDARD_HEAD)
    path = load_standard("survey_2020").folder / "codelists" / "sandiao.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    column = lines[0].split(",").index("cultivated")
    rows = [line.split(",") for line in lines]
    for row in rows:
        row[column] = "1" if row[0] == "0301" else row[column]
    (tmp_path / "mine" / "codelists").mkdir()
    text = "\n".join(",".join(row) for row in rows)
    (tmp_path / "mine" / "codelists" / "sandiao.csv").write_text(text, encoding="utf-8")
    report = check_plan(
        make_read_layers(clean_layers), RunOptions(profile=write_profile(head=head), rules=("TOP001",))
    ).report
    (named,) = [f for f in list_findings_of_rules(report, "RUN904") if f.case == "standard"]
    assert "sandiao.csv（0301）" in named.message


EQUALLY_STRICT_TEXTS = [
    "",
    "[ratio]\nlimit = 1.2\n[severity]\nSCH002 = 'ERROR'\n",
    "[concepts]\nfarmland = ['YJJBNTBHTB', 'YJJBNTTB', 'YJJBNT', 'YJJBNTBHHX', 'YJJBNTCBQ']\n",
    "[ratio]\nlimit = 1.2\n[marks]\n'ratio.limit' = 'A'\n[mark_sources]\n'ratio.limit' = '省规划第 3 条'\n",
]


@pytest.mark.parametrize("text", EQUALLY_STRICT_TEXTS)
def test_county_standard_as_strict_as_the_shipped_one_gives_no_finding(clean_layers, tmp_path, write_profile, text):
    head = write_standard(tmp_path, COUNTY_STANDARD_HEAD + text)
    report = check_plan(
        make_read_layers(clean_layers), RunOptions(profile=write_profile(head=head), rules=("TOP001",))
    ).report
    assert not list_findings_of_rules(report, "RUN904")


# -- values of a county profile that replace those of the standard ---------------------------------------------------

REPLACED_SETTINGS = {
    "ratio.limit": "[ratio]\nlimit = 3.0\n",
    "ratio.base_year": "[ratio]\nbase_year = 2023\n",
    "zones.codes": '[zones]\nfarmland = ["300", "520"]\n',
    "zones.urban_is_boundary": "[zones]\nurban_is_boundary = false\n",
    "rules.REL006": "[rules.REL006]\nmax_share = 1.0\n",
    "tolerance": "[tolerance]\nmin_area_m2 = 49.0\n",
    "rules.ATT022": "[rules.ATT022]\nallowance_share = 0.05\n",
}
CONFIRMED_PROFILE_TEXT = PROFILE.format(extra="")


def make_norm_with(tmp_path, text, items='["all"]'):
    """Return the norm of a county with one section of its profile replaced."""
    section = text.split("]")[0] + "]"
    before, _, after = CONFIRMED_PROFILE_TEXT.partition(section)
    rest = after.split("\n[", 1)[1] if after else ""
    whole = before + ("[" + rest if rest else "") if after else CONFIRMED_PROFILE_TEXT
    assert 'items = ["all"]' in whole
    path = tmp_path / "profile.toml"
    path.write_text(whole.replace('items = ["all"]', f"items = {items}") + text, encoding="utf-8")
    return Norm(load_standard(), load_profile(path))


@pytest.mark.parametrize(("item", "text"), REPLACED_SETTINGS.items(), ids=REPLACED_SETTINGS)
def test_confirming_all_settings_does_not_confirm_a_loosened_value_unless_its_key_is_named(tmp_path, item, text):
    assert not make_norm_with(tmp_path, text).is_confirmed(item)
    assert make_norm_with(tmp_path, text, f'["all", "{item}"]').is_confirmed(item)
    assert Norm(load_standard(), load_profile("hunyuan")).is_confirmed("ratio.limit")


def test_source_mark_without_a_source_does_not_confirm_a_looser_value(tmp_path):
    text = '[ratio]\nlimit = 3.0\n[marks]\n"ratio.limit" = "A"\n'
    assert not make_norm_with(tmp_path, text).is_confirmed("ratio.limit")
    assert make_norm_with(tmp_path, text + '[mark_sources]\n"ratio.limit" = "省规划第 3 条"\n').is_confirmed(
        "ratio.limit"
    )


STRICTER = ["[ratio]\nlimit = 1.2\n", "[tolerance]\nmin_area_m2 = 0.1\n", "[indicators]\nwarning_share = 0.02\n"]


@pytest.mark.parametrize("text", STRICTER)
def test_value_of_a_profile_stricter_than_the_standard_counts_as_confirmed(tmp_path, text):
    norm = make_norm_with(tmp_path, text)
    assert all(norm.is_confirmed(item) for item in ("ratio.limit", "tolerance", "indicators.warning_share"))


def test_rule_switched_off_by_the_county_prevents_a_pass(clean_layers, write_profile):
    text = "[zones]\nurban_is_boundary = false\n"
    report = check_plan(
        make_read_layers(clean_layers), RunOptions(profile=write_profile(text), rules=("REL005",))
    ).report
    assert (
        get_outcome_of_rule(report, "REL005").outcome == "not_applicable"
        and "urban_is_boundary" in report.rules[0].reason
    )
    assert report.rules[0].unconfirmed == ["off.zones.urban_is_boundary", "zones.urban_is_boundary"]


#: Setting that ends a comparison → its text, and a rule that compares by it.
ENDING_SETTINGS = {
    "zones.urban_is_boundary": ("[zones]\nurban_is_boundary = false\n", "REL005"),
    "zones.protection_is_red_line": ("[zones]\nprotection_is_red_line = false\n", "REL004"),
    "rules.REL006.max_share": ("[rules.REL006]\nmax_share = 1.0\n", "REL006"),
    "rules.LAW020.max_flexible_share": ("[rules.LAW020]\nmax_flexible_share = 0.0\n", "LAW020"),
    "ratio.doubtful_share": ("[ratio]\ndoubtful_share = 0.9\n", "LAW001"),
    "ratio.window_filled_share": ("[ratio]\nwindow_filled_share = 0.0\n", "LAW001"),
    "protected.facility_layers": ("[protected]\nfacility_layers = []\n", "REL043"),
    "zones.evaluated_lines": ("[zones]\nevaluated_lines = []\n", "REL041"),
    "zones.evaluated_parts": ("[zones]\nevaluated_parts = []\n", "REL041"),
    "attributes.value_words": ('[attributes]\nvalue_words = ["STBHHX LHLX 水源"]\n', "ATT020"),
    "farmland.steep_classes": ('[farmland]\nsteep_classes = ["9"]\n', "LAW012"),
    "conflicts.farmland-flood_line": ('[conflicts]\n"farmland-flood_line" = "allowed"\n', "REL010"),
}


@pytest.mark.parametrize(("key", "setting"), ENDING_SETTINGS.items(), ids=ENDING_SETTINGS)
def test_confirmed_setting_that_disables_a_comparison_is_reported_and_prevents_a_pass(
    clean_layers, write_profile, key, setting
):
    text, code = setting
    section = "conflicts" if key.startswith("conflicts") else key
    path = Path(write_profile(text))
    path.write_text(path.read_text(encoding="utf-8").replace('["all"]', f'["all", "{section}"]'), encoding="utf-8")
    report = check_plan(make_read_layers(clean_layers), RunOptions(profile=str(path), rules=(code,))).report
    assert f"off.{key}" in report.summary["unconfirmed"] and key not in report.summary["unconfirmed"]
    assert report.verdict is not Verdict.PASSED
    sentences = list_caveats(report, None, ReportTexts("zh"))
    assert any(f"“{Texts('zh').get_setting_name(key)}”" in sentence for sentence in sentences), sentences


@pytest.mark.parametrize(
    "text",
    [
        "[rules.REL006]\nmax_share = 0.2\n",
        "[ratio]\ndoubtful_share = 0.1\n",
        '[zones]\nvillage_building = ["510", "520"]\n',
        "[rules.LAW020]\nmax_special_share = 0.0\n",
    ],
)
def test_changed_setting_that_still_compares_is_not_reported_as_switched_off(tmp_path, text):
    assert make_norm_with(tmp_path, text).disabling_keys == ()


def test_every_setting_that_can_disable_a_comparison_exists_and_is_used_by_a_rule():
    switches, standard = load_switches(), load_standard()
    norm, rules = Norm(standard, load_profile("hunyuan")), load_all_rules().values()
    for key in (*switches["flags"], *switches["lists"], *switches["at_least"], *switches["at_most"]):
        assert key in standard.settings, key
        assert not ends_comparison(key, standard.settings[key], standard.settings[key])
        # Replaces the cached value, as if a profile had this setting.
        vars(norm)["disabling_keys"] = (key,)
        assert any(find_disabling_settings(rule, norm) for rule in rules), key


def test_target_many_times_off_the_area_because_of_its_unit_is_reported_and_prevents_a_pass(
    clean_layers, write_profile
):
    text = TARGET_SECTION.format("red_line_area", ">=", "538.87", "ha", "约束性")
    report = check_plan(
        make_read_layers(clean_layers), RunOptions(profile=write_profile(text), rules=("LAW002",))
    ).report
    (named,) = [f for f in list_findings_of_rules(report, "LAW002") if f.case == "unlikely"]
    assert "538.87 公顷" in named.message and "倍" in named.message and report.verdict is not Verdict.PASSED


def test_custom_profile_looser_than_the_shipped_profile_of_the_county_is_reported(clean_layers, tmp_path):
    path = tmp_path / "own.toml"
    head = 'id = "own"\nname = "浑源县"\narea_code = "140225"\n[ratio]\nlimit = 1.29\n'
    path.write_text(
        head + TARGET_SECTION.format(FARMLAND_INDICATOR, ">=", "43.00", "wan_mu", "约束性"), encoding="utf-8"
    )
    report = check_plan(make_read_layers(clean_layers), RunOptions(profile=str(path), rules=("LAW005",))).report
    cases = {f.case: f.message for f in list_findings_of_rules(report, "LAW005")}
    assert set(cases) == {"limit", "target"}
    assert "1.29" in cases["limit"] and "1.25" in cases["limit"] and "—" not in cases["limit"].split("的")[0]
    assert "43.00" in cases["target"] and "63.25" in cases["target"] and cases["target"].startswith("浑源县")


def test_limit_of_the_province_does_not_replace_that_of_the_shipped_profile_of_the_county(clean_layers, tmp_path):
    limit = "[ratio]\nlimit = 1.3\n"
    path = tmp_path / "own.toml"
    path.write_text(f'id = "own"\nname = "浑源县"\narea_code = "140225"\nbase = "shanxi"\n{limit}', encoding="utf-8")
    report = check_plan(make_read_layers(clean_layers), RunOptions(profile=str(path), rules=("LAW005",))).report
    messages = [f.message for f in list_findings_of_rules(report, "LAW005") if f.case == "limit"]
    assert len(messages) == 1 and "1.3" in messages[0] and "1.25" in messages[0]


# -- names and confirmations ----------------------------------------------------------------------------------------------


STATED_TARGET = TARGET_SECTION.replace("[[targets]]\nindicator", "[[stated]]\nname").format(
    "永久基本农田保护面积", ">=", "66.00", "万亩", "约束性"
)


@pytest.mark.parametrize(
    ("old", "new", "case", "words"),
    [
        # A blank confirmation confirms nothing.
        ('by = "', 'by = "无" #', "confirmed_blank", ()),
        ('document = "', 'document = "—" #', "confirmed_blank", ()),
        ('date = "', 'date = "1990-01-01" #', "confirmed_blank", ()),
        ('name = "浑源县"', 'name = "应县"', "profile_name", ("应县", "浑源县")),
        # A binding target entered only as a stated figure.
        ("[confirmed]", f"{STATED_TARGET}\n[confirmed]", "stated", ("[[targets]]",)),
    ],
)
def test_profile_with_a_blank_confirmation_another_name_or_a_target_as_stated_figure_is_reported(
    clean_layers, tmp_path, old, new, case, words
):
    assert old in CONFIRMED_PROFILE_TEXT
    path = tmp_path / "profile.toml"
    path.write_text(CONFIRMED_PROFILE_TEXT.replace(old, new, 1), encoding="utf-8")
    report = check_plan(make_read_layers(clean_layers), RunOptions(profile=str(path), rules=("TOP001",))).report
    (named,) = list_findings_of_rules(report, "RUN904")
    assert named.case == case and all(word in named.message for word in words)
    assert report.verdict is Verdict.INCOMPLETE or case != "confirmed_blank"


@pytest.mark.parametrize(
    ("role", "code", "name"),
    [
        ("XZQX", "140225", "应县"),
        *(
            (role, code, name)
            for role, code in (("XZQX", "140225"), ("XZQXZ", "140225100"))
            for name in ("上海市", "太原市", "上海市浦东新区", "丽水市")
        ),
    ],
)
def test_rows_that_name_another_county_or_a_city_outside_are_reported(clean_layers, write_profile, role, code, name):
    tables = {**clean_layers, role: clean_layers[role].assign(XZQDM=code, XZQMC=name)}
    report = check_plan(make_read_layers(tables), RunOptions(profile=write_profile(), rules=("TOP001",))).report
    (named,) = list_findings_of_rules(report, "RUN904")
    assert (named.case, named.role) == ("county_name", role) and name in named.message and "浑源县" in named.message


@pytest.mark.parametrize("name", ["浑源县", "大同市浑源县", "永安镇", "中心城市规划区", "新市", "浑源县开发区"])
def test_rows_named_like_the_county_or_a_town_or_district_within_it_give_no_finding(clean_layers, write_profile, name):
    tables = dict(clean_layers)
    for role, code in (("XZQX", "140225"), ("XZQXZ", "140225100")):
        tables[role] = tables[role].assign(XZQDM=code, XZQMC=name)
    assert not list_findings_of_rules(
        check_plan(make_read_layers(tables), RunOptions(profile=write_profile(), rules=("TOP001",))).report, "RUN904"
    )

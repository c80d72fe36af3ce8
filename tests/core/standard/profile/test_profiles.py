# SPDX-License-Identifier: GPL-2.0-or-later
"""Shipped and custom profiles: figures of the plans, errors, phases, editions."""

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path
from unicodedata import east_asian_width

import pytest

from plugin.core.__main__ import main
from plugin.core.base.errors import DataError, InputError
from plugin.core.base.files.writing import OutputPaths
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.checks.run_check import run_check
from plugin.core.cli.examples.plans import make_example_layer, make_example_plan
from plugin.core.model.rule import Severity, load_all_rules
from plugin.core.render.outputs import write_outputs
from plugin.core.standard import load_standard
from plugin.core.standard.edition import PLANNING_PHASES, list_standard_ids, parse_phase
from plugin.core.standard.messages.texts import Texts
from plugin.core.standard.profile import Norm, find_profile_problems, list_profile_ids, load_profile
from plugin.core.standard.profile.resolved import PROFILE_ORIGIN, RULE_DEFAULT_ORIGIN, STANDARD_ORIGIN, resolve_norm
from plugin.paths import PROFILES_FOLDER, STANDARDS_FOLDER

PROFILE_HEAD = 'id = "x"\nname = "某县"\narea_code = "140225"\n'
TARGET_SECTION = (
    '[[targets]]\nindicator = "red_line_area"\ncomparison = ">="\nvalue = "1.00"\nunit = "km2"\nyear = 2035\n'
    'binding = ""\nsource = "某文"\n'
)
STATED_FIGURE_SECTION = '[[stated]]\nname = "森林覆盖率"\ncomparison = ">="\nvalue = "1.00"\nunit = "%"\nyear = 2035\nbinding = ""\nsource = "某文"\n'
HERITAGE_COUNT_SECTION = (
    '[[heritage_register]]\nterm = "省保"\nkind = "文物保护单位"\nlevel = "省级"\ncount = 8\nsource = "某文"\n'
)
HERITAGE_SITE_SECTION = (
    '[[heritage_register]]\nterm = "街区"\nkind = "历史文化街区"\nlevel = ""\nname = "某街区"\narea = "63.34"\nunit = "ha"\n'
    'source = "某文"\n'
)
HECTARE_SQUARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
#: The table read from the planning texts, with file and line of each figure; independent of the profiles.
PLAN_TARGET_ROWS = list(csv.DictReader((Path(__file__).parent / "plan_targets.csv").open(encoding="utf-8")))
PROFILE_BY_AREA_CODE = {"140000": "shanxi", "cluster": "cluster", "140700": "jinzhong", "140225": "hunyuan"}


def write_profile(folder, text, name="x.toml"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# -- shipped profiles --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "row", PLAN_TARGET_ROWS, ids=[f"{r['area_code']} {r['indicator']} {r['year']}" for r in PLAN_TARGET_ROWS]
)
def test_every_figure_of_the_planning_texts_is_in_its_shipped_profile(row):
    """Find each figure as a target, stated figure, limit or heritage register entry.

    Value, year and area must agree.
    """
    profile = load_profile(PROFILE_BY_AREA_CODE[row["area_code"]])
    text = (PROFILES_FOLDER / f"{profile.id}.toml").read_text(encoding="utf-8")
    assert f"# {row['file']}:{row['line']}" in text
    figures = [(t.value, t.year, t.comparison, t.binding) for t in profile.targets if t.area_code == row["area_code"]]
    figures += [
        (s.value, s.year, s.comparison, s.binding) for s in profile.stated_figures if s.area_code == row["area_code"]
    ]
    if (row["value"], int(row["year"]), row["comparison"], row["binding"]) in figures:
        return
    if row["unit"] == "倍":
        assert profile.own_settings["ratio.limit"] == float(row["value"])
        return
    lines = [line for line in profile.register if line.area_code == row["area_code"]]
    counts = {line.term: line.count for line in lines if line.count is not None}
    areas = {a for line in lines for a in (line.area, line.core_area, line.control_area)}
    assert counts.get(row["indicator"]) == int(row["value"]) if row["value"].isdigit() else row["value"] in areas


def test_heritage_register_of_hunyuan_has_the_site_counts_of_the_plan_and_areas_that_add_up():
    """Add 7 + 8 + 5 + 9 protected sites; parts of the historic district add up, too.

    Source: lines 424 and 435 of the plan.
    """
    norm = RunOptions(profile="hunyuan").resolve_norm()
    assert {line.area_code for line in norm.profile.register} == {"140225"}
    by_level = {line.level: line.count for line in norm.profile.register if line.kind == "文物保护单位"}
    assert by_level == {"国家级": 7, "省级": 8, "市级": 5, "县级": 9}
    (block,) = [line for line in norm.profile.register if line.name]
    assert float(block.core_area) + float(block.control_area) == pytest.approx(float(block.area))
    assert [(one.area_code, one.name) for one in norm.profile.stated_figures][:1] == [("140225", "森林覆盖率")]


def test_targets_of_a_base_profile_do_not_apply_to_another_division():
    norm = RunOptions(profile="jinzhong").resolve_norm()
    assert norm.find_targets("140700") == [] and norm.get("ratio.limit") == 1.3
    assert {t.area_code for t in norm.profile.targets} == {"cluster", "140000"}
    assert [p.id for p in norm.profile.list_base_profiles()] == ["jinzhong", "cluster", "shanxi"]


def test_profile_applies_to_its_listed_counties_or_to_all_divisions_below_its_own():
    cluster = load_profile("cluster")
    assert cluster.covers("140727") and cluster.covers("140110") and not cluster.covers("140225")
    # 140226 shares the city prefix with 140225 but is a different county.
    assert not load_profile("hunyuan").covers("140226") and load_profile("shanxi").covers("140225")


def test_figure_that_two_texts_state_differently_is_stored_once_with_the_value_of_the_other_text():
    province = load_profile("shanxi")
    (target,) = [t for t in province.targets if t.other_sources]
    assert (target.value, target.year, target.other_sources[0].value) == ("4749", 2025, "4748")
    assert {s.name for s in province.stated_figures if s.other_sources} == {"森林覆盖率", "湿地保护率"}


def test_shipped_profiles_have_no_problem():
    assert set(PROFILE_BY_AREA_CODE.values()) <= set(list_profile_ids())
    assert not [problem for name in list_profile_ids() for problem in find_profile_problems(name)]


def test_missed_stated_figure_gives_a_warning_and_missed_target_an_error(tmp_path):
    """Compare one hectare with a stated 自然保护地 area and an assigned 红线 area.

    Both are missed by far; only the assigned figure gives an error.
    """
    path = write_profile(
        tmp_path, PROFILE_HEAD + TARGET_SECTION + TARGET_SECTION.replace("red_line", "reserves").replace(">=", "=")
    )
    rows = {"red_line": [HECTARE_SQUARE], "reserves": [HECTARE_SQUARE], "detail_units": [HECTARE_SQUARE]}
    plan = make_example_plan(rows)
    report = run_check(replace(plan, norm=Norm(plan.norm.standard, load_profile(path))), [load_all_rules()["LAW002"]])
    assert {(f.params["indicator"], str(f.severity)) for f in report.findings} == {
        ("red_line_area", "ERROR"),
        ("reserves_area", "WARNING"),
    }


def test_stated_figure_without_its_layer_is_shown_without_being_compared(tmp_path):
    path = write_profile(tmp_path, PROFILE_HEAD + TARGET_SECTION.replace("red_line", "reserves").replace(">=", "="))
    plan = make_example_plan({"red_line": [HECTARE_SQUARE]})
    report = run_check(replace(plan, norm=Norm(plan.norm.standard, load_profile(path))), [load_all_rules()["LAW002"]])
    (shown,) = [i for i in report.indicators if i.id == "reserves_area"]
    assert (shown.value, shown.target, shown.state) == (None, 1.0, "reference")
    assert not report.rules[0].incomplete


@pytest.mark.parametrize(
    ("below", "state"), [("", "met"), ('warn_below = "0.005"\n', "met"), ('warn_below = "0.02"\n', "warning")]
)
def test_warning_near_a_target_depends_on_the_margin_set_in_the_profile(tmp_path, below, state):
    """Compare 0.99975 ha with a target of 0.99 ha; the margin is 0.00975 ha."""
    path = write_profile(tmp_path, PROFILE_HEAD + TARGET_SECTION.replace("1.00", "0.99").replace("km2", "ha") + below)
    plan = make_example_plan({"red_line": [HECTARE_SQUARE]})
    report = run_check(replace(plan, norm=Norm(plan.norm.standard, load_profile(path))), [load_all_rules()["LAW002"]])
    assert [i.state for i in report.indicators if i.id == "red_line_area"] == [state]


# -- errors in a file -------------------------------------------------------------------------------------------------

INVALID_PROFILES = [
    (PROFILE_HEAD.replace('"140225"', '"14022"'), ["area_code", "14022"], "area code too short"),
    (PROFILE_HEAD.replace('"140225"', "140225"), ["area_code", "str"], "area code not text"),
    (PROFILE_HEAD.replace('"140225"', '"１４０２２５"'), ["area_code", "１４０２２５"], "area code full-width"),
    (PROFILE_HEAD.replace('"140225"', '"cluster"'), ["area_code", "members"], "cluster without members"),
    (PROFILE_HEAD + 'members = ["140226"]\n', ["members", "cluster"], "county with members"),
    (PROFILE_HEAD + 'base = "shanxy"\n', ["base", "shanxy", "shanxi"], "misspelt base"),
    (
        PROFILE_HEAD.replace("140225", "130225") + 'base = "shanxi"\n',
        ["area_code", "130225", "140000"],
        "another province's county",
    ),
    (PROFILE_HEAD + 'standard = "county"\n', ["county", "county_db"], "standard unknown"),
    (PROFILE_HEAD + 'edition = "2035"\n', ["county_db", "2035", "2021"], "edition unknown"),
    (PROFILE_HEAD + "edition = 2021\n", ["edition", "str"], "edition not text"),
    (PROFILE_HEAD + '[severity]\nLAW999 = "INFO"\n', ["severity.LAW999", "LAW001"], "severity of an unknown rule"),
    (PROFILE_HEAD + '[severity]\nLAW001 = "error"\n', ["severity.LAW001", "ERROR"], "severity unknown"),
    (PROFILE_HEAD + '[phase.final.severity]\nLAW001 = "INFO"\n', ["phase", "final", "approval"], "phase unknown"),
    (PROFILE_HEAD + '[phase.approval]\nLAW001 = "INFO"\n', ["phase.approval.severity"], "phase without its heading"),
    (
        PROFILE_HEAD + '[phase.approval.severity]\nLAW1 = "INFO"\n',
        ["phase.approval.severity.LAW1"],
        "phase of an unknown rule",
    ),
    (PROFILE_HEAD + "[ratio]\nlimit = true\n", ["ratio.limit", "int"], "limit not a number"),
    (PROFILE_HEAD + 'ratio = "1.3"\n', ["ratio", "dict"], "section not a table"),
    (PROFILE_HEAD + 'rules_extra = "quality"\n', ["rules_extra", "list"], "rules not a list"),
    (PROFILE_HEAD + 'targets = "1"\n', ["targets", "list"], "targets not a list"),
    (
        PROFILE_HEAD + "[ratio]\ndenominator_share = 15\n",
        ["ratio.denominator_share", "15", "0–1"],
        "per cent for a share",
    ),
    (
        PROFILE_HEAD + "[rules.LAW020]\nmax_flexible_share = 15\n",
        ["rules.LAW020.max_flexible_share", "0–1"],
        "per cent for a rule",
    ),
    (
        PROFILE_HEAD + "[rules.LAW020]\nmax_flexible_share = -1\n",
        ["rules.LAW020.max_flexible_share", ">= 0"],
        "negative value",
    ),
    (
        PROFILE_HEAD + TARGET_SECTION + 'area_code = "1402"\n',
        ["targets[1].area_code", "1402"],
        "target of an unknown area",
    ),
    (PROFILE_HEAD + TARGET_SECTION + TARGET_SECTION, ["targets[2]", "red_line_area", "also_said"], "duplicate target"),
    (PROFILE_HEAD + TARGET_SECTION.replace("2035", "20355"), ["targets[1].year", "2100"], "year"),
    (PROFILE_HEAD + TARGET_SECTION.replace("2035", '"2035"'), ["targets[1].year", "int"], "year not a number"),
    (
        PROFILE_HEAD + TARGET_SECTION.replace('binding = ""', 'binding = "约束"'),
        ["targets[1].binding", "约束性"],
        "binding",
    ),
    (PROFILE_HEAD + TARGET_SECTION.replace('">="', '">"'), ["targets[1].comparison", ">="], "comparison"),
    (
        PROFILE_HEAD + TARGET_SECTION.replace('"km2"', '"count"'),
        ["targets[1].unit", "count", "km2"],
        "an area that is counted",
    ),
    (PROFILE_HEAD + TARGET_SECTION + 'warn_below = "1%"\n', ["targets[1].warn_below", "1%"], "margin not a number"),
    (
        PROFILE_HEAD + TARGET_SECTION + 'also_said = [{ value = "1.10" }]\n',
        ["targets[1].also_said[1].source"],
        "no source",
    ),
    (PROFILE_HEAD + TARGET_SECTION + 'also_said = "1.10"\n', ["targets[1].also_said", "list"], "also_said not a list"),
    (
        PROFILE_HEAD + STATED_FIGURE_SECTION + "[[stated]]\n" + STATED_FIGURE_SECTION.partition("\n")[2],
        ["stated[2]", "森林覆盖率"],
        "duplicate stated figure",
    ),
    (PROFILE_HEAD + STATED_FIGURE_SECTION.replace("name", "indicator"), ["stated[1].name"], "stated without a name"),
    (
        PROFILE_HEAD + HERITAGE_COUNT_SECTION.replace("文物保护单位", "文保单位"),
        ["heritage_register[1].kind", "历史建筑"],
        "kind unknown",
    ),
    (
        PROFILE_HEAD + HERITAGE_COUNT_SECTION.replace('"省级"', '"省"'),
        ["heritage_register[1].level", "省级"],
        "level unknown",
    ),
    (
        PROFILE_HEAD + HERITAGE_COUNT_SECTION.replace("8", '"8"'),
        ["heritage_register[1].count", "int"],
        "count not a number",
    ),
    (
        PROFILE_HEAD + HERITAGE_COUNT_SECTION.replace("8", "-8"),
        ["heritage_register[1].count", ">= 0"],
        "negative count",
    ),
    (
        PROFILE_HEAD + HERITAGE_COUNT_SECTION + HERITAGE_COUNT_SECTION,
        ["heritage_register[2]", "省保"],
        "duplicate register line",
    ),
    (
        PROFILE_HEAD + HERITAGE_SITE_SECTION.replace('unit = "ha"\n', ""),
        ["heritage_register[1].unit", "ha"],
        "area without unit",
    ),
    (PROFILE_HEAD + HERITAGE_COUNT_SECTION + 'area = "1.0"\n', ["heritage_register[1].area"], "a count with an area"),
    (
        PROFILE_HEAD + HERITAGE_SITE_SECTION.replace('name = "某街区"\n', ""),
        ["heritage_register[1].name"],
        "neither count nor name",
    ),
    (
        PROFILE_HEAD + '[confirmed]\nby = "x"\ndocument = ""\ndate = "2026-11-20"\nitems = []\n',
        ["confirmed.document"],
        "document empty",
    ),
    (
        PROFILE_HEAD + '[confirmed]\nby = "x"\ndocument = "y"\ndate = "2026-13-20"\nitems = []\n',
        ["confirmed.date", "2026-13-20"],
        "invalid date",
    ),
    (PROFILE_HEAD + '[absent]\nconcepts = "heritage"\n', ["absent.concepts", "list"], "absent not a list"),
    (PROFILE_HEAD + "marks = 1\n", ["marks", "dict"], "marks not a table"),
    (PROFILE_HEAD + '[conflicts]\n"flood_line-boundary" = "error"\n', ["conflicts."], "conflict in reverse order"),
    (PROFILE_HEAD + '[conflicts]\n"boundary-flood_line" = "bad"\n', ["conflicts."], "meaning of a conflict unknown"),
    (PROFILE_HEAD + '[rules]\ndisabled = ["LAW010"]\n', ["rules.disabled"], "rules without their codes"),
    (PROFILE_HEAD + '[document]\nsecrecy = "保密"\n', ["document.secrecy", "保密", "公开"], "secrecy unknown"),
    (PROFILE_HEAD + '[document]\nsecrecie = "内部"\n', ["document.secrecie", "secrecy"], "document key unknown"),
    (PROFILE_HEAD + "[document]\ndate = 2026\n", ["document.date", "2026"], "document date not text"),
    (PROFILE_HEAD + "document = 1\n", ["document"], "document not a table"),
]


@pytest.mark.parametrize(("text", "words"), [pytest.param(t, w, id=i) for t, w, i in INVALID_PROFILES])
def test_profile_error_states_file_and_key(tmp_path, text, words):
    path = write_profile(tmp_path, text)
    with pytest.raises(DataError) as caught:
        load_profile(path)
    for lang in ("zh", "en"):
        sentence = Texts(lang).explain_error(caught.value)
        assert all(word in sentence for word in words), sentence
        assert "x.toml" in sentence or {"county", "2035"} & set(words)
    assert [(p.key, p.params) for p in find_profile_problems(path)] == [(caught.value.key, caught.value.params)]


def test_find_profile_problems_lists_all_errors_at_once(tmp_path):
    text = (
        PROFILE_HEAD
        + 'colour = 1\n[ratio]\nlimits = 1\nform = "n9"\n[severity]\nX = "INFO"\n'
        + TARGET_SECTION.replace('"1.00"', "1")
    )
    found = find_profile_problems(write_profile(tmp_path, text))
    assert [p.params["key"] for p in found] == [
        "colour",
        "ratio.limits",
        "ratio.form",
        "severity.X",
        "targets[1].value",
    ]


# -- location of a profile and its bases --------------------------------------------------------------------------------


def test_base_of_a_profile_may_be_a_relative_path_or_a_shipped_profile(tmp_path):
    (tmp_path / "市").mkdir()
    write_profile(
        tmp_path,
        'id = "datong"\nname = "大同市"\narea_code = "140200"\nbase = "shanxi"\n[ratio]\nlimit = 1.2\n',
        "市/datong.toml",
    )
    for base in ("市/datong.toml", "shanxi"):
        profile = load_profile(write_profile(tmp_path, PROFILE_HEAD + f'base = "{base}"\n'))
        assert profile.list_base_profiles()[-1].id == "shanxi"
        assert profile.settings["ratio.limit"] == (1.2 if "datong" in base else 1.3)


def test_profiles_based_on_each_other_raise_an_error(tmp_path):
    for name, base in (("x", "y"), ("y", "z"), ("z", "x")):
        write_profile(tmp_path, PROFILE_HEAD.replace('"x"', f'"{name}"') + f'base = "{base}"\n', f"{name}.toml")
    with pytest.raises(DataError) as caught:
        load_profile(tmp_path / "x.toml")
    assert caught.value.key == "profile_circle"


def test_confirmation_in_a_base_profile_confirms_nothing_for_the_county(tmp_path):
    confirmed = '[confirmed]\nby = "市"\ndocument = "文"\ndate = 2026-11-20\nitems = ["all"]\n'
    write_profile(tmp_path, 'id = "city"\nname = "市"\narea_code = "140200"\n' + confirmed, "city.toml")
    city, county = (
        load_profile(tmp_path / "city.toml"),
        load_profile(write_profile(tmp_path, PROFILE_HEAD + 'base = "city"\n')),
    )
    assert city.confirmed == {"all"} and city.confirmed_by["date"] == "2026-11-20"
    assert not county.confirmed and not county.confirmed_by


# -- phases -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "phase"), [("报批", "approval"), ("编制阶段", "drafting"), ("Publicity", "publicity"), (" ", "")]
)
def test_planning_phase_is_accepted_by_id_or_chinese_name(text, phase):
    assert parse_phase(text) == phase


def test_unknown_planning_phase_is_refused_with_the_known_ones():
    with pytest.raises(InputError) as caught:
        RunOptions(phase="终稿").resolve_norm()
    assert all(
        name in Texts("zh").explain_error(caught.value)
        for name in ("终稿", *PLANNING_PHASES, *PLANNING_PHASES.values())
    )


def test_severity_of_a_rule_is_taken_from_the_most_specific_source(tmp_path):
    """Search the phase of profile, base and standard, then each without phase.

    The rule's own severity is last.
    """
    folder = tmp_path / "本县标准"
    shutil.copytree(STANDARDS_FOLDER / "county_db-2021", folder)
    with (folder / "standard.toml").open("a", encoding="utf-8") as file:
        file.write('\n[severity]\nLAW001 = "INFO"\nLAW002 = "INFO"\n[phase.drafting.severity]\nLAW001 = "WARNING"\n')
    base = 'id = "city"\nname = "市"\narea_code = "140200"\nstandard = "本县标准"\n'
    write_profile(
        tmp_path, base + '[severity]\nLAW002 = "WARNING"\n[phase.approval.severity]\nLAW001 = "ERROR"\n', "city.toml"
    )
    path = write_profile(tmp_path, PROFILE_HEAD + 'base = "city"\n[phase.approval.severity]\nLAW002 = "ERROR"\n')
    rules = load_all_rules()

    def get_severity(phase, code):
        return str(RunOptions(profile=str(path), phase=phase).resolve_norm().get_severity(rules[code]))

    assert [get_severity("", c) for c in ("LAW001", "LAW002", "LAW010")] == [
        "INFO",
        "WARNING",
        str(rules["LAW010"].severity),
    ]
    assert [get_severity("编制", c) for c in ("LAW001", "LAW002")] == ["WARNING", "WARNING"]
    assert [get_severity("报批", c) for c in ("LAW001", "LAW002")] == ["ERROR", "ERROR"]


def test_severities_in_the_standards_name_existing_rules():
    for standard in map(load_standard, ("county_db", "three_lines_2022", "survey_2020")):
        tables = [standard.severity, *standard.phases.values()]
        assert {code for table in tables for code in table} <= set(load_all_rules())


def test_rule_without_a_confirmed_source_is_at_most_a_warning_in_every_planning_phase():
    """Keep rules without a confirmed source at most warnings in every phase."""
    standard = load_standard()
    norm = Norm(standard, load_profile())
    for table in (standard.severity, *standard.phases.values()):
        for code, severity in table.items():
            known = any(norm.is_confirmed(key) for key in load_all_rules()[code].basis)
            assert known or Severity(severity) is not Severity.ERROR, code


# -- editions ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def standards_with_two_editions(tmp_path, monkeypatch):
    """Return a folder of the shipped standards with a second edition of one of them."""
    folder = tmp_path / "standards"
    shutil.copytree(STANDARDS_FOLDER, folder)
    new = folder / "county_db-2028"
    shutil.copytree(STANDARDS_FOLDER / "county_db-2021", new)
    text = (new / "standard.toml").read_text(encoding="utf-8")
    text = text.replace('edition = "2021"', 'edition = "2028"').replace(
        'includes = ["common", ', 'includes = ["common", "county_db", '
    )
    (new / "standard.toml").write_text(text + '\n[ratio]\nlimit = 1.1\n[severity]\nLAW002 = "INFO"\n', encoding="utf-8")
    (new / "templates" / "CZKFBJ.toml").unlink()
    monkeypatch.setattr("plugin.core.standard.edition.STANDARDS_FOLDER", folder)
    load_standard.cache_clear()
    yield folder
    load_standard.cache_clear()


def test_edition_in_a_new_folder_inherits_templates_that_it_lacks_from_the_earlier_edition(standards_with_two_editions):
    new, old = load_standard(), load_standard("county_db", "2021")
    assert (new.edition, old.edition) == ("2028", "2021")
    assert load_standard("county_db-2021").folder == old.folder == standards_with_two_editions / "county_db-2021"
    assert (new.standard_key, old.standard_key) == ("county_db", "county_db-2021")
    assert {"county_db", "county_db-2021"} <= set(list_standard_ids())
    # Templates that the new edition lacks come from the earlier one.
    assert new.templates["CZKFBJ"] == old.templates["CZKFBJ"]
    assert new.settings["ratio.limit"] == 1.1 and old.settings["ratio.limit"] == 1.3


def test_profile_uses_the_edition_of_the_standard_that_it_names(standards_with_two_editions, tmp_path):
    path = write_profile(tmp_path, PROFILE_HEAD + 'edition = "2028"\n')
    norm = RunOptions(profile=str(path)).resolve_norm()
    assert (norm.standard.edition, norm.get("ratio.limit")) == ("2028", 1.1)
    assert norm.get_severity(load_all_rules()["LAW002"]) is Severity.INFO
    # A published profile keeps the edition that it was written for when newer ones are added.
    assert RunOptions(profile="hunyuan").resolve_norm().standard.edition == "2021"
    # A county on top of such a profile may still take another edition.
    path = write_profile(tmp_path, PROFILE_HEAD + 'base = "shanxi"\nedition = "2028"\n', "y.toml")
    assert RunOptions(profile=str(path)).resolve_norm().standard.edition == "2028"


def test_edition_of_a_standard_may_be_loaded_from_any_folder(tmp_path):
    folder = tmp_path / "标准" / "county_db-2030"
    shutil.copytree(STANDARDS_FOLDER / "county_db-2021", folder)
    text = (folder / "standard.toml").read_text(encoding="utf-8").replace('edition = "2021"', 'edition = "2030"')
    (folder / "standard.toml").write_text(text, encoding="utf-8")
    path = write_profile(tmp_path, PROFILE_HEAD + 'standard = "标准/county_db-2030"\n')
    norm = RunOptions(profile=str(path)).resolve_norm()
    assert (norm.standard.edition, norm.standard.folder) == ("2030", folder)
    assert load_standard().edition == "2021"


def test_two_folders_with_the_same_edition_raise_an_error(standards_with_two_editions):
    shutil.copytree(standards_with_two_editions / "county_db-2028", standards_with_two_editions / "copy")
    load_standard.cache_clear()
    with pytest.raises(DataError) as caught:
        load_standard()
    assert caught.value.key == "data_duplicate" and "2028" in Texts("zh").explain_error(caught.value)


def test_standards_that_include_each_other_raise_an_error(tmp_path):
    for name, other in (("one", "two"), ("two", "one")):
        (tmp_path / name).mkdir()
        text = f'id = "{name}"\nedition = "1"\nname = "{name}"\nincludes = ["{other}"]\n'
        (tmp_path / name / "standard.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_standard(str(tmp_path / "one"))
    assert caught.value.key == "standard_circle"


# -- a check in a phase -----------------------------------------------------------------------------------------------

ROWS_WITH_ONE_KEY = [
    {"wkt": HECTARE_SQUARE, "key": "140225000009000001"},
    {"wkt": "POLYGON ((200 0, 300 0, 300 100, 200 0))", "key": "140225000009000001"},
]


@pytest.mark.parametrize(("phase", "severity"), [("", "ERROR"), ("编制", "WARNING"), ("公示", "ERROR")])
def test_planning_phase_sets_the_severity_of_a_finding(phase, severity):
    """Check a repeated key while the plan is drafted, where it is only a warning.

    The result then depends on an unconfirmed setting.
    """
    norm = RunOptions(phase=phase).resolve_norm()
    layers = [make_example_layer("STBHHX", ROWS_WITH_ONE_KEY, norm)]
    report = check_plan(layers, RunOptions(phase=phase, rules=("ATT001",))).report
    assert {str(f.severity) for f in report.findings} == {severity} and report.rules[0].severity == severity
    assert report.provenance["phase"] == norm.phase
    assert ("phase" in report.rules[0].unconfirmed) == (severity == "WARNING")


def test_county_profile_can_confirm_the_severities_of_the_phases(tmp_path):
    text = PROFILE_HEAD + '[confirmed]\nby = "县局"\ndocument = "文"\ndate = "2026-01-01"\nitems = ["phase"]\n'
    options = RunOptions(profile=str(write_profile(tmp_path, text)), phase="drafting", rules=("ATT001",))
    report = check_plan([make_example_layer("STBHHX", ROWS_WITH_ONE_KEY, options.resolve_norm())], options).report
    assert "phase" not in report.rules[0].unconfirmed


def test_report_page_names_the_planning_phase(tmp_path):
    options = RunOptions(phase="报批", rules=("ATT001",))
    checked = check_plan([make_example_layer("STBHHX", ROWS_WITH_ONE_KEY, options.resolve_norm())], options)
    write_outputs(checked.report, checked.plan, OutputPaths(html=str(tmp_path / "报告.html")))
    assert "报批阶段" in (tmp_path / "报告.html").read_text(encoding="utf-8")


def test_retired_settings_of_a_profile_and_its_base_are_ignored_and_named_in_one_notice(tmp_path):
    write_profile(
        tmp_path, f"{PROFILE_HEAD}[rules.DOC005]\nmost_edge_share = 0.5\nleast_map_pixels = 900\n", "base.toml"
    )
    text = f'{PROFILE_HEAD}base = "base"\n[rules.DOC005]\nmost_plain_share = 0.9\n'
    text += '[marks]\n"rules.DOC005.most_plain_share" = "B"\n[mark_sources]\n"rules.DOC005.most_plain_share" = "某文"\n'
    path = write_profile(tmp_path, text.replace('id = "x"', 'id = "y"'), "county.toml")
    assert find_profile_problems(path) == []
    profile = load_profile(path)
    assert profile.settings == {"rules.DOC005.least_map_pixels": 900} and not profile.marks
    assert profile.retired_settings == ("rules.DOC005.most_edge_share", "rules.DOC005.most_plain_share")
    layers = [make_example_layer("STBHHX", ROWS_WITH_ONE_KEY, RunOptions().resolve_norm())]
    notices = check_plan(layers, RunOptions(profile=str(path), rules=("GEO001",))).report.provenance["notices"]
    assert [one for one in notices if "停用" in one] == [
        "县配置中以下设置已停用，未采用：rules.DOC005.most_edge_share, rules.DOC005.most_plain_share。"
    ]


def test_unknown_setting_of_a_rule_is_still_an_error(tmp_path):
    path = write_profile(tmp_path, f"{PROFILE_HEAD}[rules.DOC005]\nmost_edge_shares = 0.5\n")
    with pytest.raises(DataError, match="most_edge_shares"):
        load_profile(path)


COUNTY_PROFILE_TEXT = """
id = "mine"
name = "某县"
area_code = "140225"
base = "hunyuan"
[ratio]
form = "n2"
[rules.LAW020]
max_flexible_share = 0.2
[phase.approval.severity]
LAW021 = "INFO"
[confirmed]
by = "县局"
document = "某文〔2026〕1号"
date = "2026-01-01"
items = ["ratio.classes"]
"""


@pytest.fixture
def county_profile_path(tmp_path):
    path = tmp_path / "某县.toml"
    path.write_text(COUNTY_PROFILE_TEXT, encoding="utf-8")
    return path


def test_each_resolved_setting_states_the_profile_or_standard_that_its_value_comes_from(county_profile_path):
    resolved = resolve_norm(RunOptions(profile=str(county_profile_path)).resolve_norm())
    values = {v.key: v for v in resolved.settings}
    origins = {key: (values[key].value, values[key].origin.kind, values[key].origin.id) for key in values}
    assert origins["ratio.form"] == ("n2", PROFILE_ORIGIN, "mine")
    assert origins["ratio.limit"] == (1.25, PROFILE_ORIGIN, "hunyuan")
    assert origins["ratio.classes"][1:] == (STANDARD_ORIGIN, "common 2021")
    assert values["ratio.form"].mark == "C" and not values["ratio.form"].confirmed
    assert values["ratio.classes"].mark == "C" and values["ratio.classes"].confirmed
    # A mark on a heading applies to the keys below it.
    assert values["tolerance.min_area_m2"].mark == "C" and values["heritage.core_words"].mark == "C"
    (shares,) = [line for line in resolved.rules if line.code == "LAW020"]
    parameters = {p.key: (p.value, p.origin.kind) for p in shares.parameters}
    assert parameters["rules.LAW020.max_flexible_share"] == (0.2, PROFILE_ORIGIN)
    assert parameters["rules.LAW020.max_special_share"] == (0.0, STANDARD_ORIGIN)


def test_resolved_profile_contains_every_setting_and_rule(county_profile_path):
    norm = RunOptions(profile=str(county_profile_path)).resolve_norm()
    resolved = resolve_norm(norm)
    keys = {v.key for v in resolved.settings} | {p.key for line in resolved.rules for p in line.parameters}
    assert set(norm.standard.settings) | set(norm.profile.settings) <= keys
    assert [line.code for line in resolved.rules] == list(load_all_rules())
    assert {line.code for line in resolved.rules if line.runs_by_default} == set(norm.rules)


def test_resolved_severity_of_a_rule_states_the_profile_or_standard_and_the_phase_it_comes_from(county_profile_path):
    def find_severity(code, phase=""):
        (line,) = [
            one
            for one in resolve_norm(RunOptions(profile=str(county_profile_path), phase=phase).resolve_norm()).rules
            if one.code == code
        ]
        return line.severity, line.origin.kind, line.origin.id, line.origin.phase

    assert find_severity("LAW021") == ("WARNING", RULE_DEFAULT_ORIGIN, "", "")
    assert find_severity("LAW021", "报批") == ("INFO", PROFILE_ORIGIN, "mine", "approval")
    assert find_severity("SCH004", "报批") == ("ERROR", STANDARD_ORIGIN, "common 2021", "approval")
    assert find_severity("LAW007", "编制") == ("WARNING", STANDARD_ORIGIN, "common 2021", "drafting")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_profile_command_prints_the_resolved_profile(county_profile_path, capsys, lang):
    assert main(["profile", str(county_profile_path), "--phase", "approval", "--lang", lang]) == 0
    printed = capsys.readouterr().out
    for words in ("ratio.form", "ratio.limit", "73.39", "LAW021", "14.17", "某文〔2026〕1号", "4748"):
        assert words in printed
    assert ("报批阶段" if lang == "zh" else "approval") in printed
    codes = [line.split()[0] for line in printed.splitlines() if line[2:8].strip() in load_all_rules()]
    assert codes == list(load_all_rules())


def test_profile_command_prints_settings_and_targets_as_aligned_tables_with_units(county_profile_path, capsys):
    assert main(["profile", str(county_profile_path)]) == 0
    lines = capsys.readouterr().out.splitlines()

    def find_place(line, text):
        return sum(2 if east_asian_width(c) in "WF" else 1 for c in line[: line.index(text)])

    start = next(n for n, line in enumerate(lines) if line.startswith("设置 ")) + 1
    assert lines[start].split() == ["设置", "名称", "取值", "来源级别", "设定来源"]
    rows = {line.split()[0]: line for line in lines[start + 1 :] if line.strip()}
    for key, value in (("ratio.form", "n2"), ("ratio.limit", "1.25"), ("quality.min_area_m2.DLTB", "200 m²")):
        assert find_place(rows[key], f" {value} ") + 1 == find_place(lines[start], "取值"), rows[key]
    assert "indicators.least_township_share" in rows and "0.1 (10%)" in rows["indicators.least_township_share"]
    head = next(line for line in lines if line.split() == ["指标", "目标", "年份", "属性", "依据"])
    target = next(line for line in lines if line.startswith("  耕地保有量"))
    assert find_place(target, "≥ 73.39 万亩") == find_place(head, "目标")


def test_feature_codes_of_a_profile_are_those_of_its_templates_and_unknown_layers_are_refused(tmp_path):
    path = tmp_path / "县.profile.toml"
    head = 'id = "x"\nname = "浑源县"\narea_code = "140225"\nbase = "hunyuan"\n[ysdm]\n'
    path.write_text(f'{head}CZKFBJ = "2090020999"\n', encoding="utf-8")
    norm = RunOptions(profile=str(path)).resolve_norm()
    assert norm.standard.templates["CZKFBJ"].feature_code == "2090020999"
    assert load_standard(norm.standard.standard_key).templates["CZKFBJ"].feature_code == "", "the standard stays"
    assert Texts("zh").get_setting_name("ysdm.CZKFBJ") == "要素代码 CZKFBJ"
    for line, key in (
        ('CZKFBJX = "209"', "CZKFBJX"),
        ('CZKFBJ = "209 "', "ysdm.CZKFBJ"),
        ("CZKFBJ = 209", "ysdm.CZKFBJ"),
    ):
        path.write_text(head + line, encoding="utf-8")
        with pytest.raises(DataError) as caught:
            load_profile(path)
        assert key in str(caught.value.params)


def test_profile_command_prints_the_conflict_matrix_last_with_its_marks(county_profile_path, capsys):
    assert main(["profile", str(county_profile_path)]) == 0
    printed = capsys.readouterr().out.splitlines()
    pairs = [line for line in printed if "conflicts." in line]
    assert (
        printed[-len(pairs) :] == pairs and len(pairs) > 100 and printed[-len(pairs) - 1].startswith("控制线冲突矩阵")
    )
    (line,) = [p for p in pairs if "conflicts.farmland-boundary" in p]
    assert "永久基本农田 × 城镇开发边界" in line and "= 错误　[A] common 2021" in line
    (line,) = [p for p in pairs if "conflicts.CZJSBJ-boundary" in p]
    assert "村庄建设边界 CZJSBJ × 城镇开发边界" in line and "[C 未确认]" in line and "= 警告" in line


def test_profile_command_writes_the_resolved_profile_as_json(county_profile_path, tmp_path, capsys):
    target = tmp_path / "出 来.json"
    assert main(["profile", str(county_profile_path), "--json", str(target)]) == 0
    data = json.loads(target.read_text(encoding="utf-8"))
    assert data["chain"] == ["mine", "hunyuan", "shanxi"]
    assert len(data["rules"]) == len(load_all_rules()) and data["confirmed"]["items"] == ["ratio.classes"]
    assert str(target) in capsys.readouterr().out


def test_profile_command_reports_all_errors_of_an_invalid_file(tmp_path, capsys):
    path = tmp_path / "x.toml"
    path.write_text(COUNTY_PROFILE_TEXT.replace("form =", "forms =").replace("LAW021", "LAW999"), encoding="utf-8")
    assert main(["profile", str(path)]) == 2
    captured = capsys.readouterr()
    assert not captured.out and "2 处" in captured.err
    assert "ratio.forms" in captured.err and "phase.approval.severity.LAW999" in captured.err


@pytest.mark.parametrize("name", list_profile_ids())
def test_shipped_profiles_are_valid(name, capsys):
    assert main(["profile", name, "--check"]) == 0
    assert name in capsys.readouterr().out


def test_unknown_profile_or_phase_suggests_known_names(capsys):
    assert main(["profile", "hunyuen"]) == 2
    assert "hunyuan" in capsys.readouterr().err
    assert main(["profile", "hunyuan", "--phase", "终稿"]) == 2
    assert "报批" in capsys.readouterr().err


def test_settings_resolved_without_a_profile_all_come_from_the_standard():
    resolved = resolve_norm(RunOptions().resolve_norm())
    assert {v.origin.kind for v in resolved.settings} == {STANDARD_ORIGIN}
    assert {v.key for v in resolved.settings} >= {k for k in load_standard().settings if not k.startswith("rules.")}

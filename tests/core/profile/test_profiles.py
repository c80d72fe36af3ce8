# SPDX-License-Identifier: GPL-2.0-or-later
"""Profiles of province, cluster, city and county: every figure of the planning texts is there, and a slip is told."""

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from plugin.core.check import Options, check_plan
from plugin.core.errors import DataError, InputError
from plugin.core.files.writing import Outputs
from plugin.core.messages.texts import Texts
from plugin.core.model.rule import Severity, all_rules
from plugin.core.profile import Norm, find_profile_problems, load_profile, profile_ids
from plugin.core.render.outputs import write_outputs
from plugin.core.results.run import run_check
from plugin.core.standard import load_standard
from plugin.core.standard.editions import PHASES, phase_of, standard_ids
from plugin.paths import PROFILES, STANDARDS
from tests.core.examples import plan_of, source_layer

HEAD = 'id = "x"\nname = "某县"\narea_code = "140225"\n'
TARGET = (
    '[[targets]]\nindicator = "red_line_area"\ncomparison = ">="\nvalue = "1.00"\nunit = "km2"\nyear = 2035\n'
    'binding = ""\nsource = "某文"\n'
)
STATED = '[[stated]]\nname = "森林覆盖率"\ncomparison = ">="\nvalue = "1.00"\nunit = "%"\nyear = 2035\nbinding = ""\nsource = "某文"\n'
LINE = '[[heritage_register]]\nterm = "省保"\nkind = "文物保护单位"\nlevel = "省级"\ncount = 8\nsource = "某文"\n'
SITE = (
    '[[heritage_register]]\nterm = "街区"\nkind = "历史文化街区"\nlevel = ""\nname = "某街区"\narea = "63.34"\nunit = "ha"\n'
    'source = "某文"\n'
)
HECTARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
#: The table read from the planning texts, with file and line of each figure; independent of the profiles.
ROWS = list(csv.DictReader((Path(__file__).parent / "plan_targets.csv").open(encoding="utf-8")))
AREAS = {"140000": "shanxi", "cluster": "cluster", "140700": "jinzhong", "140225": "hunyuan"}


def written(folder, text, name="x.toml"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# -- the four that are shipped ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ROWS, ids=[f"{r['area_code']} {r['indicator']} {r['year']}" for r in ROWS])
def test_every_figure_of_the_planning_texts_is_in_its_profile(row):
    """As a target, a stated figure, a limit, or a line or an area of the heritage register; value, year and place agree."""
    profile = load_profile(AREAS[row["area_code"]])
    text = (PROFILES / f"{profile.id}.toml").read_text(encoding="utf-8")
    assert f"# {row['file']}:{row['line']}" in text
    figures = [(t.value, t.year, t.comparison, t.binding) for t in profile.targets if t.area_code == row["area_code"]]
    figures += [(s.value, s.year, s.comparison, s.binding) for s in profile.stated if s.area_code == row["area_code"]]
    if (row["value"], int(row["year"]), row["comparison"], row["binding"]) in figures:
        return
    if row["unit"] == "倍":
        assert profile.own["ratio.limit"] == float(row["value"])
        return
    lines = [line for line in profile.register if line.area_code == row["area_code"]]
    counts = {line.term: line.count for line in lines if line.count is not None}
    areas = {a for line in lines for a in (line.area, line.core_area, line.control_area)}
    assert counts.get(row["indicator"]) == int(row["value"]) if row["value"].isdigit() else row["value"] in areas


def test_hunyuans_register_adds_up_as_its_text_says():
    """7 + 8 + 5 + 9 protected sites; the named block's parts sum to its area (lines 424 and 435 of its plan)."""
    norm = Options(profile="hunyuan").norm()
    by_level = {line.level: line.count for line in norm.register("140225") if line.kind == "文物保护单位"}
    assert by_level == {"国家级": 7, "省级": 8, "市级": 5, "县级": 9}
    (block,) = [line for line in norm.register("140225") if line.name]
    assert float(block.core_area) + float(block.control_area) == pytest.approx(float(block.area))
    assert norm.register("140700") == [] and norm.stated("140225")[0].name == "森林覆盖率"


def test_figures_of_a_base_apply_nowhere_else():
    norm = Options(profile="jinzhong").norm()
    assert norm.targets("140700") == [] and norm.get("ratio.limit") == 1.3
    assert {t.area_code for t in norm.profile.targets} == {"cluster", "140000"}
    assert [p.id for p in norm.profile.chain()] == ["jinzhong", "cluster", "shanxi"]


def test_which_areas_a_profile_covers():
    cluster = load_profile("cluster")
    assert cluster.covers("140727") and cluster.covers("140110") and not cluster.covers("140225")
    # 晋源区 140110 is no part of a code that merely ends in nought.
    assert not load_profile("hunyuan").covers("140226") and load_profile("shanxi").covers("140225")


def test_texts_that_contradict_each_other_are_kept_side_by_side():
    province = load_profile("shanxi")
    (told,) = [t for t in province.targets if t.also_said]
    assert (told.value, told.year, told.also_said[0].value) == ("4749", 2025, "4748")
    assert {s.name for s in province.stated if s.also_said} == {"森林覆盖率", "湿地保护率"}


def test_shipped_profiles_are_sound():
    assert set(AREAS.values()) <= set(profile_ids())
    assert not [problem for name in profile_ids() for problem in find_profile_problems(name)]


def test_a_figure_that_is_only_stated_warns_where_a_task_fails(tmp_path):
    """自然保护地 392.27 km² stands in the text, 红线 is handed down: a hectare of either is far off, one is an error."""
    path = written(tmp_path, HEAD + TARGET + TARGET.replace("red_line", "reserves").replace(">=", "="))
    rows = {"red_line": [HECTARE], "reserves": [HECTARE], "detail_units": [HECTARE]}
    plan = plan_of(rows)
    report = run_check(replace(plan, norm=Norm(plan.norm.standard, load_profile(path))), [all_rules()["LAW002"]])
    assert {(f.params["indicator"], str(f.severity)) for f in report.findings} == {
        ("red_line_area", "ERROR"),
        ("reserves_area", "WARNING"),
    }


def test_a_stated_figure_without_its_layer_is_shown_and_leaves_no_gap(tmp_path):
    path = written(tmp_path, HEAD + TARGET.replace("red_line", "reserves").replace(">=", "="))
    plan = plan_of({"red_line": [HECTARE]})
    report = run_check(replace(plan, norm=Norm(plan.norm.standard, load_profile(path))), [all_rules()["LAW002"]])
    (shown,) = [i for i in report.indicators if i.id == "reserves_area"]
    assert (shown.value, shown.target, shown.state) == (None, 1.0, "reference")
    assert not report.rules[0].incomplete


@pytest.mark.parametrize(
    ("below", "state"), [("", "met"), ('warn_below = "0.005"\n', "met"), ('warn_below = "0.02"\n', "warning")]
)
def test_a_target_has_a_margin_of_its_own(tmp_path, below, state):
    """0.99975 ha against 0.99 ha: 0.00975 ha are left."""
    path = written(tmp_path, HEAD + TARGET.replace("1.00", "0.99").replace("km2", "ha") + below)
    plan = plan_of({"red_line": [HECTARE]})
    report = run_check(replace(plan, norm=Norm(plan.norm.standard, load_profile(path))), [all_rules()["LAW002"]])
    assert [i.state for i in report.indicators if i.id == "red_line_area"] == [state]


# -- slips of the pen -------------------------------------------------------------------------------------------------

SLIPS = [
    (HEAD.replace('"140225"', '"14022"'), ["area_code", "14022"], "area code too short"),
    (HEAD.replace('"140225"', "140225"), ["area_code", "str"], "area code no text"),
    (HEAD.replace('"140225"', '"１４０２２５"'), ["area_code", "１４０２２５"], "area code full-width"),
    (HEAD.replace('"140225"', '"cluster"'), ["area_code", "members"], "cluster without members"),
    (HEAD + 'members = ["140226"]\n', ["members", "cluster"], "county with members"),
    (HEAD + 'base = "shanxy"\n', ["base", "shanxy", "shanxi"], "base misspelt"),
    (
        HEAD.replace("140225", "130225") + 'base = "shanxi"\n',
        ["area_code", "130225", "140000"],
        "another province's county",
    ),
    (HEAD + 'standard = "county"\n', ["county", "county_db"], "standard unknown"),
    (HEAD + 'edition = "2035"\n', ["county_db", "2035", "2021"], "edition unknown"),
    (HEAD + "edition = 2021\n", ["edition", "str"], "edition no text"),
    (HEAD + '[severity]\nLAW999 = "INFO"\n', ["severity.LAW999", "LAW001"], "severity of no rule"),
    (HEAD + '[severity]\nLAW001 = "error"\n', ["severity.LAW001", "ERROR"], "severity unknown"),
    (HEAD + '[phase.final.severity]\nLAW001 = "INFO"\n', ["phase", "final", "approval"], "phase unknown"),
    (HEAD + '[phase.approval]\nLAW001 = "INFO"\n', ["phase.approval.severity"], "phase without its heading"),
    (HEAD + '[phase.approval.severity]\nLAW1 = "INFO"\n', ["phase.approval.severity.LAW1"], "phase of no rule"),
    (HEAD + "[ratio]\nlimit = true\n", ["ratio.limit", "int"], "limit no number"),
    (HEAD + 'ratio = "1.3"\n', ["ratio", "dict"], "section no table"),
    (HEAD + 'rules_extra = "quality"\n', ["rules_extra", "list"], "rules no list"),
    (HEAD + 'targets = "1"\n', ["targets", "list"], "targets no list"),
    (HEAD + "[ratio]\ndenominator_share = 15\n", ["ratio.denominator_share", "15", "0–1"], "per cent for a share"),
    (
        HEAD + "[rules.LAW020]\nmax_flexible_share = 15\n",
        ["rules.LAW020.max_flexible_share", "0–1"],
        "per cent for a rule",
    ),
    (HEAD + "[rules.LAW020]\nmax_flexible_share = -1\n", ["rules.LAW020.max_flexible_share", ">= 0"], "below nought"),
    (HEAD + TARGET + 'area_code = "1402"\n', ["targets[1].area_code", "1402"], "target of no area"),
    (HEAD + TARGET + TARGET, ["targets[2]", "red_line_area", "also_said"], "target twice"),
    (HEAD + TARGET.replace("2035", "20355"), ["targets[1].year", "2100"], "year"),
    (HEAD + TARGET.replace("2035", '"2035"'), ["targets[1].year", "int"], "year no number"),
    (HEAD + TARGET.replace('binding = ""', 'binding = "约束"'), ["targets[1].binding", "约束性"], "binding"),
    (HEAD + TARGET.replace('">="', '">"'), ["targets[1].comparison", ">="], "comparison"),
    (HEAD + TARGET.replace('"km2"', '"count"'), ["targets[1].unit", "count", "km2"], "an area that is counted"),
    (HEAD + TARGET + 'warn_below = "1%"\n', ["targets[1].warn_below", "1%"], "margin no figure"),
    (HEAD + TARGET + 'also_said = [{ value = "1.10" }]\n', ["targets[1].also_said[1].source"], "no source"),
    (HEAD + TARGET + 'also_said = "1.10"\n', ["targets[1].also_said", "list"], "said no list"),
    (HEAD + STATED + "[[stated]]\n" + STATED.partition("\n")[2], ["stated[2]", "森林覆盖率"], "stated twice"),
    (HEAD + STATED.replace("name", "indicator"), ["stated[1].name"], "stated without a name"),
    (HEAD + LINE.replace("文物保护单位", "文保单位"), ["heritage_register[1].kind", "历史建筑"], "kind unknown"),
    (HEAD + LINE.replace('"省级"', '"省"'), ["heritage_register[1].level", "省级"], "level unknown"),
    (HEAD + LINE.replace("8", '"8"'), ["heritage_register[1].count", "int"], "count no number"),
    (HEAD + LINE.replace("8", "-8"), ["heritage_register[1].count", ">= 0"], "count below nought"),
    (HEAD + LINE + LINE, ["heritage_register[2]", "省保"], "line twice"),
    (HEAD + SITE.replace('unit = "ha"\n', ""), ["heritage_register[1].unit", "ha"], "area without unit"),
    (HEAD + LINE + 'area = "1.0"\n', ["heritage_register[1].area"], "a count with an area"),
    (HEAD + SITE.replace('name = "某街区"\n', ""), ["heritage_register[1].name"], "neither count nor name"),
    (
        HEAD + '[confirmed]\nby = "x"\ndocument = ""\ndate = "2026-11-20"\nitems = []\n',
        ["confirmed.document"],
        "document empty",
    ),
    (
        HEAD + '[confirmed]\nby = "x"\ndocument = "y"\ndate = "2026-13-20"\nitems = []\n',
        ["confirmed.date", "2026-13-20"],
        "no day",
    ),
    (HEAD + '[absent]\nconcepts = "heritage"\n', ["absent.concepts", "list"], "absent no list"),
    (HEAD + "marks = 1\n", ["marks", "dict"], "marks no table"),
]


@pytest.mark.parametrize(("text", "words"), [pytest.param(t, w, id=i) for t, w, i in SLIPS])
def test_a_slip_is_told_with_file_and_key(tmp_path, text, words):
    path = written(tmp_path, text)
    with pytest.raises(DataError) as caught:
        load_profile(path)
    for lang in ("zh", "en"):
        sentence = Texts(lang).explain(caught.value)
        assert all(word in sentence for word in words), sentence
        assert "x.toml" in sentence or {"county", "2035"} & set(words)
    assert [(p.key, p.params) for p in find_profile_problems(path)] == [(caught.value.key, caught.value.params)]


def test_a_check_of_the_file_tells_all_slips_at_once(tmp_path):
    text = (
        HEAD + 'colour = 1\n[ratio]\nlimits = 1\nform = "n9"\n[severity]\nX = "INFO"\n' + TARGET.replace('"1.00"', "1")
    )
    found = find_profile_problems(written(tmp_path, text))
    assert [p.params["key"] for p in found] == [
        "colour",
        "ratio.limits",
        "ratio.form",
        "severity.X",
        "targets[1].value",
    ]


# -- where a profile and its bases lie --------------------------------------------------------------------------------


def test_a_base_lies_beside_or_is_shipped_or_is_a_path(tmp_path):
    (tmp_path / "市").mkdir()
    written(
        tmp_path,
        'id = "datong"\nname = "大同市"\narea_code = "140200"\nbase = "shanxi"\n[ratio]\nlimit = 1.2\n',
        "市/datong.toml",
    )
    for base in ("市/datong.toml", "shanxi"):
        profile = load_profile(written(tmp_path, HEAD + f'base = "{base}"\n'))
        assert profile.chain()[-1].id == "shanxi"
        assert profile.settings["ratio.limit"] == (1.2 if "datong" in base else 1.3)


def test_three_profiles_that_go_round_in_a_circle(tmp_path):
    for name, base in (("x", "y"), ("y", "z"), ("z", "x")):
        written(tmp_path, HEAD.replace('"x"', f'"{name}"') + f'base = "{base}"\n', f"{name}.toml")
    with pytest.raises(DataError) as caught:
        load_profile(tmp_path / "x.toml")
    assert caught.value.key == "profile_circle"


def test_a_base_confirms_nothing_for_a_county(tmp_path):
    confirmed = '[confirmed]\nby = "市"\ndocument = "文"\ndate = 2026-11-20\nitems = ["all"]\n'
    written(tmp_path, 'id = "city"\nname = "市"\narea_code = "140200"\n' + confirmed, "city.toml")
    city, county = load_profile(tmp_path / "city.toml"), load_profile(written(tmp_path, HEAD + 'base = "city"\n'))
    assert city.confirmed == {"all"} and city.confirmed_by["date"] == "2026-11-20"
    assert not county.confirmed and not county.confirmed_by


# -- phases -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "phase"), [("报批", "approval"), ("编制阶段", "drafting"), ("Publicity", "publicity"), (" ", "")]
)
def test_a_phase_by_id_or_chinese_name(text, phase):
    assert phase_of(text) == phase


def test_an_unknown_phase_names_those_there_are():
    with pytest.raises(InputError) as caught:
        Options(phase="终稿").norm()
    assert all(name in Texts("zh").explain(caught.value) for name in ("终稿", *PHASES, *PHASES.values()))


def test_severity_is_the_first_that_is_said(tmp_path):
    """Phase of the profile, of its base, of the standard; then the profile, its base, the standard; then the rule."""
    folder = tmp_path / "本县标准"
    shutil.copytree(STANDARDS / "county_db-2021", folder)
    with (folder / "standard.toml").open("a", encoding="utf-8") as file:
        file.write('\n[severity]\nLAW001 = "INFO"\nLAW002 = "INFO"\n[phase.drafting.severity]\nLAW001 = "WARNING"\n')
    base = 'id = "city"\nname = "市"\narea_code = "140200"\nstandard = "本县标准"\n'
    written(
        tmp_path, base + '[severity]\nLAW002 = "WARNING"\n[phase.approval.severity]\nLAW001 = "ERROR"\n', "city.toml"
    )
    path = written(tmp_path, HEAD + 'base = "city"\n[phase.approval.severity]\nLAW002 = "ERROR"\n')
    rules = all_rules()

    def told(phase, code):
        return str(Options(profile=str(path), phase=phase).norm().severity(rules[code]))

    assert [told("", c) for c in ("LAW001", "LAW002", "LAW010")] == ["INFO", "WARNING", str(rules["LAW010"].severity)]
    assert [told("编制", c) for c in ("LAW001", "LAW002")] == ["WARNING", "WARNING"]
    assert [told("报批", c) for c in ("LAW001", "LAW002")] == ["ERROR", "ERROR"]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[severity]\nLAW001 = "WARN"\n', "severity.LAW001"),
        ("[phase]\ndrafting = 1\n", "phase.drafting"),
        ("[phase.draft.severity]\n", "phase.draft"),
        ("[phase.drafting]\nLAW001 = 1\n", "phase.drafting.severity"),
    ],
)
def test_a_slip_in_the_severities_of_a_standard(tmp_path, text, key):
    folder = tmp_path / "own"
    folder.mkdir()
    head = 'id = "own"\nedition = "1"\nname = "本县"\nincludes = ["county_db"]\n'
    (folder / "standard.toml").write_text(head + text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_standard(str(folder))
    assert caught.value.params["key"] == key


def test_severities_of_the_standards_are_of_rules_there_are():
    for standard in map(load_standard, ("county_db", "three_lines_2022", "survey_2020")):
        said = [standard.severity, *standard.phases.values()]
        assert {code for table in said for code in table} <= set(all_rules())


def test_no_phase_makes_an_error_of_what_only_c_says():
    """As for the rules themselves: what nobody read in a norm is at most a warning, until a profile decides otherwise."""
    standard = load_standard()
    norm = Norm(standard, load_profile())
    for table in (standard.severity, *standard.phases.values()):
        for code, severity in table.items():
            known = any(norm.is_confirmed(key) for key in all_rules()[code].basis)
            assert known or Severity(severity) is not Severity.ERROR, code


# -- editions ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def editions(tmp_path, monkeypatch):
    """Our standards with a second edition of one dropped beside them: a folder, no code."""
    folder = tmp_path / "standards"
    shutil.copytree(STANDARDS, folder)
    new = folder / "county_db-2028"
    shutil.copytree(STANDARDS / "county_db-2021", new)
    text = (new / "standard.toml").read_text(encoding="utf-8")
    text = text.replace('edition = "2021"', 'edition = "2028"').replace(
        'includes = ["common", ', 'includes = ["common", "county_db", '
    )
    (new / "standard.toml").write_text(text + '\n[ratio]\nlimit = 1.1\n[severity]\nLAW002 = "INFO"\n', encoding="utf-8")
    (new / "templates" / "CZKFBJ.toml").unlink()
    monkeypatch.setattr("plugin.core.standard.editions.STANDARDS", folder)
    load_standard.cache_clear()
    yield folder
    load_standard.cache_clear()


def test_a_second_edition_is_a_folder_and_no_code(editions):
    new, old = load_standard(), load_standard("county_db", "2021")
    assert (new.edition, old.edition) == ("2028", "2021")
    assert load_standard("county_db-2021").folder == old.folder == editions / "county_db-2021"
    assert (new.key, old.key) == ("county_db", "county_db-2021")
    assert {"county_db", "county_db-2021"} <= set(standard_ids())
    # What the new edition does not describe is read as the earlier one has it.
    assert new.templates["CZKFBJ"] == old.templates["CZKFBJ"]
    assert new.settings["ratio.limit"] == 1.1 and old.settings["ratio.limit"] == 1.3


def test_a_profile_names_its_edition(editions, tmp_path):
    path = written(tmp_path, HEAD + 'edition = "2028"\n')
    norm = Options(profile=str(path)).norm()
    assert (norm.standard.edition, norm.get("ratio.limit")) == ("2028", 1.1)
    assert norm.severity(all_rules()["LAW002"]) is Severity.INFO
    # A published profile stays with the edition that it was written for, whatever is dropped beside it.
    assert Options(profile="hunyuan").norm().standard.edition == "2021"
    # A county on top of such a profile may still take another edition.
    path = written(tmp_path, HEAD + 'base = "shanxi"\nedition = "2028"\n', "y.toml")
    assert Options(profile=str(path)).norm().standard.edition == "2028"


def test_an_edition_in_a_folder_of_ones_own(tmp_path):
    folder = tmp_path / "标准" / "county_db-2030"
    shutil.copytree(STANDARDS / "county_db-2021", folder)
    text = (folder / "standard.toml").read_text(encoding="utf-8").replace('edition = "2021"', 'edition = "2030"')
    (folder / "standard.toml").write_text(text, encoding="utf-8")
    path = written(tmp_path, HEAD + 'standard = "标准/county_db-2030"\n')
    norm = Options(profile=str(path)).norm()
    assert (norm.standard.edition, norm.standard.folder) == ("2030", folder)
    assert load_standard().edition == "2021"


def test_two_folders_of_one_edition_are_told(editions):
    shutil.copytree(editions / "county_db-2028", editions / "copy")
    load_standard.cache_clear()
    with pytest.raises(DataError) as caught:
        load_standard()
    assert caught.value.key == "data_duplicate" and "2028" in Texts("zh").explain(caught.value)


def test_standards_that_include_each_other(tmp_path):
    for name, other in (("one", "two"), ("two", "one")):
        (tmp_path / name).mkdir()
        text = f'id = "{name}"\nedition = "1"\nname = "{name}"\nincludes = ["{other}"]\n'
        (tmp_path / name / "standard.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_standard(str(tmp_path / "one"))
    assert caught.value.key == "standard_circle"


# -- a check in a phase -----------------------------------------------------------------------------------------------

TWICE = [
    {"wkt": HECTARE, "key": "140225000009000001"},
    {"wkt": "POLYGON ((200 0, 300 0, 300 100, 200 0))", "key": "140225000009000001"},
]


@pytest.mark.parametrize(("phase", "severity"), [("", "ERROR"), ("编制", "WARNING"), ("公示", "ERROR")])
def test_a_finding_weighs_as_its_phase_says(phase, severity):
    """A key that is there twice: while the plan is drawn it warns, and the outcome rests on a setting that nobody confirmed."""
    norm = Options(phase=phase).norm()
    layers = [source_layer("STBHHX", TWICE, norm)]
    report = check_plan(layers, Options(phase=phase, rules=("ATT001",))).report
    assert {str(f.severity) for f in report.findings} == {severity} and report.rules[0].severity == severity
    assert report.provenance["phase"] == norm.phase
    assert ("phase" in report.rules[0].unconfirmed) == (severity == "WARNING")


def test_a_county_confirms_the_severities_of_the_phases(tmp_path):
    text = HEAD + '[confirmed]\nby = "县局"\ndocument = "文"\ndate = "2026-01-01"\nitems = ["phase"]\n'
    options = Options(profile=str(written(tmp_path, text)), phase="drafting", rules=("ATT001",))
    report = check_plan([source_layer("STBHHX", TWICE, options.norm())], options).report
    assert "phase" not in report.rules[0].unconfirmed


def test_the_page_says_which_phase(tmp_path):
    options = Options(phase="报批", rules=("ATT001",))
    checked = check_plan([source_layer("STBHHX", TWICE, options.norm())], options)
    write_outputs(checked.report, checked.plan, Outputs(html=str(tmp_path / "报告.html")))
    page = (tmp_path / "报告.html").read_text(encoding="utf-8")
    assert "报批阶段" in page

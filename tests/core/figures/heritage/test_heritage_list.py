# SPDX-License-Identifier: GPL-2.0-or-later
"""Lists of heritage sites in CSV or xlsx, compared with the heritage layers."""

import openpyxl
import pytest

from plugin.core.base.errors import InputError
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.checks.run_check import run_check
from plugin.core.cli.examples.plans import make_example_plan
from plugin.core.engine.context import RuleContext
from plugin.core.figures.heritage_sites import (
    HeritageRegister,
    ListedSite,
    collect_heritage_sites,
    find_core_rows,
    find_unknown_part_words,
    normalise_name,
    read_heritage_register,
)
from plugin.core.geometry.tolerance import Tolerance
from plugin.core.model.report import Outcome
from plugin.core.model.rule import load_all_rules
from plugin.core.model.side_inputs import SideInputs
from plugin.core.model.verdict import Verdict
from plugin.core.standard.profile import load_profile
from plugin.paths import SAMPLE_FOLDER
from tests.core.small_plan import get_outcome_of_rule
from tests.county import make_clean_county
from tests.county.source import make_read_layers
from tests.parametrize import for_each
from tests.sample import check_sample_county

DEFAULT_NORM = RunOptions().resolve_norm()
LIST_ROWS = [("甲寺", "文物保护单位", "全国重点"), ("乙宅", "历史建筑", ""), ("丙碑", "县级文物保护单位", "")]
LIST_AS_READ = (
    ListedSite("甲寺", "文物保护单位", "国家级", 2),
    ListedSite("乙宅", "历史建筑", "", 3),
    ListedSite("丙碑", "文物保护单位", "县级", 4),
)
LIST_COLUMNS = ("名称", "类型", "级别")


def write_heritage_csv(folder, *lines, encoding="utf-8-sig", head="名称,类型,级别"):
    path = folder / "名录.csv"
    path.write_text("\n".join([head, *lines]) + "\n", encoding=encoding)
    return path


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gbk"])
def test_heritage_list_is_read_from_csv(tmp_path, encoding):
    path = write_heritage_csv(tmp_path, *(",".join(row) for row in LIST_ROWS), ",,", encoding=encoding)
    assert read_heritage_register(path, DEFAULT_NORM) == HeritageRegister("名录.csv", LIST_AS_READ)


def test_heritage_list_with_a_title_row_is_read_from_a_workbook(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["某县历史文化保护名录"])
    for row in (LIST_COLUMNS, *LIST_ROWS):
        book.active.append(list(row))
    path = tmp_path / "名录.xlsx"
    book.save(path)
    found = read_heritage_register(path, DEFAULT_NORM)
    assert found.file_name == "名录.xlsx [Sheet]"
    assert [(r.name, r.kind, r.level, r.line_number - 1) for r in found.listed_sites] == [
        (r.name, r.kind, r.level, r.line_number) for r in LIST_AS_READ
    ]


def test_heritage_list_with_a_name_column_only_is_read_with_empty_kinds_and_levels(tmp_path):
    found = read_heritage_register(write_heritage_csv(tmp_path, "甲寺", "乙宅", head="保护对象"), DEFAULT_NORM)
    assert [(r.name, r.kind, r.level) for r in found.listed_sites] == [("甲寺", "", ""), ("乙宅", "", "")]


@pytest.mark.parametrize(
    ("lines", "head", "expected"),
    [
        (["甲寺,桥,省级"], "名称,类型,级别", "桥"),
        (["甲寺,历史建筑,特级"], "名称,类型,级别", "特级"),
        (["甲寺,历史建筑"], "甲,乙", "名称"),
    ],
)
def test_invalid_values_of_a_heritage_list_are_refused_with_their_row(tmp_path, lines, head, expected):
    with pytest.raises(InputError) as error:
        read_heritage_register(write_heritage_csv(tmp_path, *lines, head=head), DEFAULT_NORM)
    assert expected in str(error.value.params.values()), error.value.params


def compare_with_heritage_list(layers, rows):
    register = HeritageRegister("名录.csv", tuple(ListedSite(*row, n) for n, row in enumerate(rows, 2)))
    return run_check(
        make_example_plan(layers), [load_all_rules()["LAW024"]], side_inputs=SideInputs(register=register)
    ).findings


def test_nearly_equal_site_names_in_list_and_layer_are_reported_once():
    (found,) = compare_with_heritage_list(
        {"LSJZD": [{"wkt": "POINT (5 5)", "feature_name": "永安寺传法正宗殿"}]}, [("永安寺传法正宗之殿", "", "")]
    )
    assert found.case == "alike" and "永安寺传法正宗殿" in found.message and "第 2 行" in found.message
    assert found.key == "永安寺传法正宗之殿" and found.geometry is not None


def test_each_difference_between_list_and_layers_has_its_own_fingerprint():
    rows = [(f"第{n}处", "历史建筑", "") for n in range(5)]
    found = compare_with_heritage_list({"LSJZD": [{"wkt": "POINT (5 5)", "feature_name": "甲宅"}]}, rows)
    assert len({f.fingerprint for f in found}) == len(found) == 6


def test_check_with_a_heritage_list_compares_it_and_names_its_file_in_the_report(tmp_path):
    names = [
        "浑源古城历史文化街区",
        "永安寺",
        "圆觉寺塔",
        "文庙",
        "悬空寺",
        "律吕神祠",
        "荆庄大云寺",
        "栗毓美墓",
        "古瓷窑遗址",
    ]
    path = write_heritage_csv(tmp_path, *names, "不在数据里的塔", head="名称")
    before = path.read_bytes()
    checked = check_plan(
        SAMPLE_FOLDER / "county.gpkg", RunOptions(profile="hunyuan", rules=("LAW024",), register=str(path))
    )
    found = {(f.case, f.key) for f in checked.report.findings}
    assert ("missing", "不在数据里的塔") in found
    assert not {key for case, key in found if case == "missing"} & set(names)
    assert any("名录.csv" in text for text in checked.report.provenance["notices"])
    assert path.read_bytes() == before


def test_report_names_rules_that_were_off_although_a_heritage_list_was_given(tmp_path):
    path = tmp_path / "名录.csv"
    path.write_text("名称,类型,级别\n栗毓美墓,文物保护单位,国家级\n", encoding="utf-8")

    def uncompared_registers(*rules):
        report = check_plan(
            SAMPLE_FOLDER / "centre.gpkg", RunOptions(profile="hunyuan", register=str(path), rules=rules)
        ).report
        return " ".join(report.provenance["notices"])

    unused = uncompared_registers("GEO002")
    assert "因 LAW024 没有运行，未比对" in unused and "因 LAW023 没有运行，未比对" in unused
    compared = uncompared_registers("LAW023", "LAW024")
    assert "已与历史文化保护的图层比对" in compared and "没有运行" not in compared


def list_rules_that_ran(report):
    return {rule.code for rule in report.rules}


def test_check_with_a_heritage_list_runs_its_rule_although_it_was_not_chosen(tmp_path):
    path = write_heritage_csv(tmp_path, "不在数据里的塔", head="名称")
    report = check_plan(SAMPLE_FOLDER / "county.gpkg", RunOptions(profile="hunyuan", register=str(path))).report
    assert any(f.code == "LAW024" and f.key == "不在数据里的塔" for f in report.findings)
    assert not {"LAW023", "LAW024"} & list_rules_that_ran(check_sample_county().report)


def test_heritage_list_without_a_heritage_layer_makes_the_check_incomplete(tmp_path):
    path = write_heritage_csv(tmp_path, "不在数据里的塔", head="名称")
    layers = make_read_layers(
        {role: frame for role, frame in make_clean_county(400).layers.items() if role != "LSWHBHX"}
    )
    report = check_plan(layers, RunOptions(profile="hunyuan", rules=("LAW024",), register=str(path))).report
    assert get_outcome_of_rule(report, "LAW024").outcome is Outcome.SKIPPED and report.verdict is Verdict.INCOMPLETE
    assert "名录.csv" in get_outcome_of_rule(report, "LAW024").reason


SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
SECOND_SQUARE = "POLYGON ((200 0, 300 0, 300 100, 200 100, 200 0))"
POINT_WKT = "POINT (50 50)"


def make_heritage_sites(layers):
    plan = make_example_plan(layers)
    return collect_heritage_sites(RuleContext(plan, plan.norm, Tolerance()), plan.find_layer_of_concept)


def test_rows_with_one_site_name_in_several_layers_are_one_site():
    found = make_heritage_sites(
        {
            "LSWHBHX": [
                {"wkt": SQUARE_WKT, "feature_name": "甲 寺保护范围", "feature_kind": "61", "JB": "20"},
                {"wkt": SECOND_SQUARE, "feature_name": "甲寺建设控制地带", "feature_kind": "62", "JB": "国家级"},
            ],
            "WWBHDWM": [{"wkt": SQUARE_WKT, "feature_name": "甲寺"}],
            "WWBHDWD": [{"wkt": POINT_WKT, "feature_name": "甲寺"}, {"wkt": POINT_WKT, "feature_name": ""}],
        }
    )
    (site,) = found.by_name.values()
    assert (site.kind_names, site.level_names) == ({"文物保护单位"}, {"国家级"})
    assert len(site.layer_rows) == 4 and found.nameless_row_counts == {"WWBHDWD": 1}
    # Core, control zone, and the range of the separate layer have 1 ha each.
    assert [round(site.measure_part_area_m2(part) or 0, -2) for part in ("core", "control", "range")] == [
        10000,
        10000,
        10000,
    ]


def test_area_of_a_site_without_a_range_is_its_core_plus_control_zone():
    rows = [
        {"wkt": SQUARE_WKT, "feature_name": "乙村核心保护范围", "feature_kind": "41"},
        {"wkt": SECOND_SQUARE, "feature_name": "乙村建设控制地带", "feature_kind": "42"},
    ]
    site = make_heritage_sites({"LSWHBHX": rows}).by_name["乙村"]
    assert site is not None and site.kind_names == {"历史文化名村"}
    assert site.measure_part_area_m2("range") == pytest.approx(20_000, rel=2e-3)
    assert (
        make_heritage_sites({"LSJZD": [{"wkt": POINT_WKT, "feature_name": "丙宅"}]})
        .by_name["丙宅"]
        .measure_part_area_m2("range")
        is None
    )


@pytest.mark.parametrize("form", ["{}（{}）", "{}({})", "{}—{}", "{} {}", "{}-{}"])
def test_heritage_part_is_parsed_from_brackets_or_after_a_dash_in_the_name(form):
    rows = [
        {"wkt": SQUARE_WKT, "feature_name": form.format("乙村", "核心保护范围")},
        {"wkt": SECOND_SQUARE, "feature_name": form.format("乙村", "建设控制地带")},
    ]
    found = make_heritage_sites({"LSWHBHX": rows})
    assert list(found.by_name) == ["乙村"]
    assert [round(found.by_name["乙村"].measure_part_area_m2(part), -2) for part in ("core", "control")] == [
        10000,
        10000,
    ]


@pytest.mark.parametrize(("one", "other"), [("永安寺 ", "永安寺"), ("永安寺（北）", "永安寺(北)"), ("Ａ塔", "A塔")])
def test_site_names_are_compared_ignoring_spaces_and_full_width_forms(one, other):
    assert normalise_name(one) == normalise_name(other)


def compare_with_register(layers, register):
    report = run_check(make_example_plan(layers, settings={"register": register}), [load_all_rules()["LAW023"]])
    return report.rules[0], report.findings


def test_heritage_site_count_that_is_ambiguous_skips_the_rule_with_the_possible_counts():
    """Check sites without a protection level where one site of a level is missing."""
    rows = [{"wkt": SQUARE_WKT, "feature_name": "甲寺保护范围", "feature_kind": "61"}]
    rule, findings = compare_with_register({"LSWHBHX": rows}, [("国家级文物保护单位", "文物保护单位", "国家级", 1)])
    assert (str(rule.outcome), findings) == ("skipped", []) and "国家级文物保护单位 0–1 / 1" in rule.reason
    rule, findings = compare_with_register({"LSWHBHX": rows}, [("国家级文物保护单位", "文物保护单位", "国家级", 2)])
    assert str(rule.outcome) == "failed" and [f.params["count"] for f in findings] == [0]
    # Without a kind it may also be a district.
    without_kind = [{"wkt": SQUARE_WKT, "feature_name": "某地"}]
    assert (
        str(compare_with_register({"LSWHBHX": without_kind}, [("历史文化街区", "历史文化街区", "", 1)])[0].outcome)
        == "skipped"
    )


def test_heritage_site_with_two_protection_levels_skips_the_count_rule_with_the_possible_counts():
    rows = [
        {"wkt": SQUARE_WKT, "feature_name": "甲寺保护范围", "feature_kind": "61", "JB": "20"},
        {"wkt": SECOND_SQUARE, "feature_name": "甲寺建设控制地带", "feature_kind": "62", "JB": "30"},
    ]
    register = [(f"{level}文物保护单位", "文物保护单位", level, 1) for level in ("国家级", "省级")]
    rule, findings = compare_with_register({"LSWHBHX": rows}, register)
    assert (str(rule.outcome), findings) == ("skipped", []) and "0–1 / 1" in rule.reason


def test_rule_on_site_counts_without_stated_counts_explains_how_to_state_them():
    rule, _ = compare_with_register({"LSWHBHX": [{"wkt": SQUARE_WKT, "feature_name": "甲寺保护范围"}]}, [])
    assert str(rule.outcome) == "not_applicable" and "heritage_register" in rule.reason


def test_finding_on_a_heritage_count_states_both_counts_the_site_names_and_the_source():
    rows = [{"wkt": POINT_WKT, "feature_name": name} for name in ("甲宅", "乙宅")]
    _, (finding,) = compare_with_register({"LSJZD": rows}, [("历史建筑", "历史建筑", "", 14)])
    assert finding.key == "历史建筑"
    for expected in ("规划写明历史建筑 14 处", "example", "有 2 处", "甲宅、乙宅"):
        assert expected in finding.message


def test_register_entry_of_the_county_profile_replaces_that_of_its_base_profile(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text(
        'id = "x"\nname = "浑源县"\narea_code = "140225"\nbase = "hunyuan"\n[[heritage_register]]\nterm = "历史建筑"\n'
        'kind = "历史建筑"\nlevel = ""\ncount = 2\nsource = "x"\n',
        encoding="utf-8",
    )
    lines = [line for line in load_profile(path).register if line.kind == "历史建筑"]
    assert [line.count for line in lines] == [2]
    assert len(load_profile(path).register) == len(load_profile("hunyuan").register)


def test_approved_areas_of_the_sample_heritage_sites_equal_their_shapes():
    """Compare 63.34 = 30.13 + 33.21 公顷, printed for 浑源古城历史文化街区."""
    report = check_plan(SAMPLE_FOLDER / "county.gpkg", RunOptions(profile="hunyuan", rules=("LAW023",))).report
    assert not [f for f in report.findings if f.case in ("site", "area", "core_area", "control_area")]


WHOLE_NAME = "某山省级自然保护区"


def make_plan(*endings):
    """Return a plan of farmland in reserve rows; each name is that of the reserve with one ending."""
    reserves = [{"wkt": SQUARE_WKT, "feature_name": WHOLE_NAME + ending} for ending in endings]
    return make_example_plan({"ZRBHD": reserves, "YJJBNTBHTB": [SQUARE_WKT]})


UNKNOWN_WORD_CASES = {
    "known parts": (("", "核心保护区", "一般控制区"), []),
    "parts of the older regulations": (("", "核心区", "（缓冲区）", "实验区"), []),
    "no parts": (("",), []),
    "another end": (("", "东片"), ["东片"]),
    "a core by another word": (("核心地带", "一般控制区"), ["核心地带"]),
    "both ways to the same end": (("", "（核心地带）"), ["核心地带"]),
}


@for_each("endings, words", list(UNKNOWN_WORD_CASES.values()), ids=list(UNKNOWN_WORD_CASES))
def test_unknown_part_words_at_the_end_of_reserve_names_are_found(endings, words):
    plan = make_plan(*endings)
    assert find_unknown_part_words(plan.layers["ZRBHD"], plan.norm) == words


def test_reserve_row_named_core_zone_by_older_regulations_counts_as_core():
    plan = make_plan("", "核心区")
    assert find_core_rows(plan.layers["ZRBHD"], plan.norm).tolist() == [False, True]


@for_each(
    "endings, outcome, word",
    [
        (("", "核心地带"), Outcome.SKIPPED, "核心地带"),
        (("", "东片"), Outcome.NOT_APPLICABLE, "东片"),
        (("", "核心区"), Outcome.FAILED, ""),
        (("",), Outcome.NOT_APPLICABLE, ""),
    ],
    ids=["a core by another word", "another end", "a known core", "no parts"],
)
def test_reason_of_the_rule_on_farmland_in_reserve_cores_lists_unknown_part_words(endings, outcome, word):
    (law011,) = run_check(make_plan(*endings), [load_all_rules()["LAW011"]]).rules
    assert law011.outcome is outcome
    assert ("用词" in law011.reason) == bool(word) and word in law011.reason

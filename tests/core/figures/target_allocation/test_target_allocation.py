# SPDX-License-Identifier: GPL-2.0-or-later
"""Area targets of townships and targets of higher plans: read, summed, compared."""

from dataclasses import replace

import numpy as np
import pytest

from plugin.core.base.errors import InputError
from plugin.core.checks.run_check import run_check
from plugin.core.cli.examples.plans import make_example_plan
from plugin.core.engine.context import RuleContext
from plugin.core.figures.indicators.areas import compute_area_with_target
from plugin.core.figures.supplied_tables import read_township_targets
from plugin.core.figures.target_allocation.by_township import compute_area_by_township, find_townships_named_by_rows
from plugin.core.figures.target_allocation.levels import compare_targets_with_children, find_child_profiles
from plugin.core.model.report import Outcome
from plugin.core.model.rule import load_all_rules
from plugin.core.model.side_inputs import SideInputs
from plugin.core.render import figures, html
from plugin.core.render.html import render_report
from plugin.core.render.words import ReportTexts
from plugin.core.standard import load_standard
from plugin.core.standard.messages.texts import Texts
from plugin.core.standard.profile import Norm, load_profile
from plugin.core.standard.profile.profile_figures import AllocatedTarget, AllocatedTargets
from tests.core.small_plan import list_findings_of_rules

TABLE_WITH_FIGURE_ROWS = "乡镇代码,乡镇名称,指标,关系,数值,单位,来源\n140225100,永安镇,永久基本农田,≥,3.20,万亩,县政发〔2023〕1号\n,蔡村镇,开发边界,,12.5,公顷,\n"
TABLE_WITH_FIGURE_COLUMNS = "单位：万亩,,,\n乡镇,耕地保有量（万亩）,永久基本农田 (万亩),备注\n永安镇,3.65,3.20,\n蔡村镇,,2.90,退耕\n合 计,3.65,6.10,\n"


def make_square_wkt(x, y=0, size=1000):
    return f"POLYGON (({x} {y}, {x + size} {y}, {x + size} {y + size}, {x} {y + size}, {x} {y}))"


TOWNSHIP_ROWS = [
    {"wkt": make_square_wkt(0), "division_code": "140225100", "division_name": "甲镇"},
    {"wkt": make_square_wkt(1000), "division_code": "140225101", "division_name": "乙乡"},
]


def make_field_row(x, net, **more):
    return {"wkt": make_square_wkt(x, 100, 400), "gross_area": 160000.0, "net_area": net, **more}


def explain_target_error_in_both_languages(caught):
    return [Texts(lang).explain_error(caught.value) for lang in ("zh", "en")]


def save_target_table(folder, text, name="任务.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


# -- the table --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rows",
    [
        "140225100,永安镇,永久基本农田,≥,3.20,万亩\n,永安镇,永久基本农田,≥,3.20,万亩\n",
        ",永安镇,永久基本农田,≥,3.20,万亩\n140225100,永安镇,永久基本农田,≥,3.20,万亩\n",
    ],
)
def test_township_target_given_twice_with_and_without_code_is_refused(tmp_path, rows):
    with pytest.raises(InputError, match="tasks_twice"):
        read_township_targets(save_target_table(tmp_path, "乡镇代码,乡镇名称,指标,关系,数值,单位\n" + rows))


@pytest.mark.parametrize("row", ["140225000,合计", "140225000,浑源县", "140225000,", ",浑源县合计"])
def test_table_row_of_the_whole_county_is_read_as_a_total_not_as_a_township(tmp_path, row):
    text = f"乡镇代码,乡镇名称,指标,数值,单位\n140225100,永安镇,永久基本农田,3.20,万亩\n{row},永久基本农田,3.20,万亩\n"
    read = read_township_targets(save_target_table(tmp_path, text))
    assert [t.name for t in read.targets] == ["永安镇"] and [t.value for t in read.total_rows] == ["3.20"]


@pytest.mark.parametrize("head", ["永久基本农田", "永久基本农田（万市亩）"])
def test_township_target_without_a_known_unit_is_refused(tmp_path, head):
    with pytest.raises(InputError) as caught:
        read_township_targets(save_target_table(tmp_path, f"乡镇,耕地保有量（万亩）,{head},备注\n永安镇,3.65,3.20,\n"))
    assert all(head in text for text in explain_target_error_in_both_languages(caught))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_township_target_table_with_one_figure_per_row_is_read(tmp_path, encoding):
    read = read_township_targets(save_target_table(tmp_path, TABLE_WITH_FIGURE_ROWS, encoding=encoding))
    assert read.targets == (
        AllocatedTarget("140225100", "永安镇", "farmland_area", ">=", "3.20", "wan_mu", "县政发〔2023〕1号", 2),
        AllocatedTarget("", "蔡村镇", "boundary_area", "<=", "12.5", "ha", "", 3),
    )
    assert read.file_name == "任务.csv"


def test_township_target_table_with_one_column_per_indicator_is_read(tmp_path):
    read = read_township_targets(save_target_table(tmp_path, TABLE_WITH_FIGURE_COLUMNS))
    assert [(t.name, t.indicator, t.value, t.line_number) for t in read.targets] == [
        ("永安镇", "cultivated_area", "3.65", 3),
        ("永安镇", "farmland_area", "3.20", 3),
        ("蔡村镇", "farmland_area", "2.90", 4),
    ]
    assert [(t.indicator, t.value) for t in read.total_rows] == [("cultivated_area", "3.65"), ("farmland_area", "6.10")]


def test_township_targets_in_a_workbook_are_read_as_displayed(tmp_path):
    """Read a workbook with formatted decimals, merged names and a title row.

    The table is on the second sheet.
    """
    book = pytest.importorskip("openpyxl").Workbook()
    book.active.append(["说明", "本表由某县填报"])
    sheet = book.create_sheet("任务")
    sheet.append(["表1 各乡镇任务"])
    sheet.append(["乡镇名称", "指标", "数值", "单位"])
    sheet.append(["永安镇", "耕地保有量", 3.2, "万亩"])
    sheet.append([None, "永久基本农田", 3, "万亩"])
    sheet.merge_cells("A1:D1")
    sheet.merge_cells("A3:A4")
    sheet["C3"].number_format = "0.00"
    path = tmp_path / "任务.xlsx"
    book.save(path)
    read = read_township_targets(path)
    assert [(t.name, t.indicator, t.value, t.line_number) for t in read.targets] == [
        ("永安镇", "cultivated_area", "3.20", 3),
        ("永安镇", "farmland_area", "3", 4),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(
            TABLE_WITH_FIGURE_ROWS.replace("永久基本农田", "林地"),
            ["2", "林地", "永久基本农田"],
            id="indicator unknown",
        ),
        pytest.param(TABLE_WITH_FIGURE_ROWS.replace("万亩", "垧"), ["2", "垧", "万亩"], id="unit unknown"),
        pytest.param(TABLE_WITH_FIGURE_ROWS.replace("3.20", "约3"), ["2", "约3"], id="not a number"),
        pytest.param(TABLE_WITH_FIGURE_ROWS.replace("3.20", ""), ["2", "数值"], id="value empty"),
        pytest.param(TABLE_WITH_FIGURE_ROWS.replace("≥", ">"), ["2", "关系", "≥"], id="comparison unknown"),
        pytest.param(TABLE_WITH_FIGURE_ROWS.replace("140225100", "1402"), ["2", "1402"], id="code too short"),
        pytest.param(TABLE_WITH_FIGURE_ROWS.replace("140225100,永安镇", ","), ["2", "乡镇名称"], id="no township"),
        pytest.param(
            TABLE_WITH_FIGURE_ROWS + TABLE_WITH_FIGURE_ROWS.splitlines()[1], ["4", "2", "永安镇"], id="task twice"
        ),
        pytest.param(
            TABLE_WITH_FIGURE_ROWS.replace("指标", "指标,指标名称").replace("镇,", "镇,,"),
            ["1", "指标名称"],
            id="column twice",
        ),
        pytest.param(TABLE_WITH_FIGURE_ROWS.replace("乡镇名称", "地名"), ["乡镇名称"], id="no head"),
        pytest.param("乡镇,永久基本农田\n甲镇,3\n", ["1", "永久基本农田（万亩）"], id="figure without unit"),
        pytest.param("乡镇,永久基本农田（万亩）\n", ["任务.csv"], id="no rows"),
        pytest.param(TABLE_WITH_FIGURE_ROWS.replace("号\n", "号,1\n"), ["2", "1"], id="a cell without head"),
        pytest.param(TABLE_WITH_FIGURE_ROWS.replace("永安镇", '"永安镇'), ["任务.csv"], id="quotation marks"),
    ],
)
def test_invalid_township_target_table_is_refused_and_its_invalid_row_named(tmp_path, text, words):
    with pytest.raises(InputError) as caught:
        read_township_targets(save_target_table(tmp_path, text))
    for sentence in explain_target_error_in_both_languages(caught):
        assert all(word in sentence for word in (*words, "任务.csv")), sentence


# -- areas by township ------------------------------------------------------------------------------------------------


def make_context(layers):
    plan = make_example_plan(layers)
    return RuleContext(plan, plan.norm, plan.norm.make_tolerance())


def test_farmland_is_assigned_to_townships_by_code_or_else_by_location():
    """Check fields with the code of another township, no code or an unknown code.

    A code counts only if its township contains a part of the field.
    """
    ctx = make_context(
        {
            "townships": TOWNSHIP_ROWS,
            "farmland": [
                make_field_row(700, 100000.0, location_code="1402251012000000000"),
                make_field_row(700, 80000.0, location_code=None),
                make_field_row(1500, 40000.0, location_code="1402259990000000000"),
                make_field_row(1500, 10000.0, location_code="1402251002000000000"),
            ],
        }
    )
    found = compute_area_by_township("farmland_area", ctx)
    assert (found.named_row_count, found.divided_row_count, found.field_name) == (1, 3, "ZLDWDM")
    assert find_townships_named_by_rows(found.plan_figure.layer, ctx).misplaced_township.tolist() == [-1, -1, -1, 0]
    # The parts of the second are 300 and 100 m wide; the ellipsoid changes the ratio by less than 1e-6.
    assert found.areas_m2 == pytest.approx([60000.0, 100000.0 + 20000.0 + 50000.0, 0.0, 0.0], rel=1e-5)
    assert found.areas_m2.sum() == pytest.approx(compute_area_with_target("farmland_area", ctx).area_m2, rel=1e-12)


def test_overlap_of_two_townships_is_stated_in_the_reason_of_a_rule_that_passes():
    townships = [TOWNSHIP_ROWS[0], {**TOWNSHIP_ROWS[1], "wkt": make_square_wkt(900)}]
    allocated = [("", "甲镇", "red_line_area", ">=", "0.01", "ha")]
    report = run_target_rule("LAW004", {"townships": townships, "red_line": [make_square_wkt(500)]}, allocated)
    assert "重叠" in report.rules[0].reason and report.rules[0].outcome is Outcome.PASSED


def test_cultivated_land_by_township_is_computed_from_parcels_when_the_layer_is_missing():
    rows = [
        {**make_field_row(100, 150000.0), "land_use": "0103"},
        {**make_field_row(1100, 90000.0), "land_use": "0301"},
    ]
    found = compute_area_by_township("cultivated_area", make_context({"townships": TOWNSHIP_ROWS, "DLTB": rows}))
    assert not found.plan_figure.is_confirmed and found.areas_m2 == pytest.approx([150000.0, 0.0, 0.0, 0.0])


# -- LAW004 -----------------------------------------------------------------------------------------------------------


def run_target_rule(code, layers, allocated=(), totals=(), profile=None):
    """Return the report of a rule on township targets, given as rows and as totals of the table."""
    plan = make_example_plan(layers)
    if profile is not None:
        plan = replace(plan, norm=Norm(load_standard(), load_profile(profile)))
    made = tuple(AllocatedTarget(*row, "文件", n) for n, row in enumerate(allocated, 2))
    given = AllocatedTargets("任务.csv", made, tuple(AllocatedTarget(*row, "", 99) for row in totals))
    return run_check(plan, [load_all_rules()[code]], side_inputs=SideInputs(targets=given))


@pytest.mark.parametrize(
    ("net", "states"),
    [(10005.0, []), (9995.1, ["WARNING"]), (9994.9, ["ERROR"])],
    ids=["met", "rounding", "short"],
)
def test_township_targets_have_the_rounding_tolerance_of_county_targets(net, states):
    """Compare with 1.000 ha: 4.9 m² less is rounding, 5.1 m² less an error."""
    layers = {"townships": TOWNSHIP_ROWS, "farmland": [make_field_row(100, net, location_code="1402251002000000000")]}
    report = run_target_rule("LAW004", layers, [("140225100", "甲镇", "farmland_area", ">=", "1.000", "ha")])
    assert [str(f.severity) for f in report.findings] == states
    (shown,) = report.indicators
    assert (shown.id, shown.place, shown.name) == (
        "township_farmland_area",
        "甲镇",
        "永久基本农田保护面积（甲镇）",
    )
    for finding in report.findings:
        assert (
            finding.township == "甲镇"
            and "甲镇" in finding.message
            and "1.000 公顷" in finding.message.replace("ha", "公顷")
        )


def test_rule_on_township_targets_without_a_table_is_not_applicable_and_explains_how_to_give_one():
    (rule,) = run_target_rule("LAW004", {"townships": TOWNSHIP_ROWS, "red_line": [make_square_wkt(0)]}).rules
    assert (
        rule.outcome is Outcome.NOT_APPLICABLE
        and "乡镇任务表" in rule.reason
        and "--targets" in rule.reason
        and not rule.incomplete
    )


def test_township_targets_that_cannot_be_compared_are_reported_and_skip_the_rule():
    allocated = [
        ("", "丙镇", "red_line_area", ">=", "1", "ha"),
        ("140225100", "乙乡", "red_line_area", ">=", "1", "ha"),
        ("140225101", "", "boundary_area", "<=", "1", "ha"),
    ]
    (rule,) = run_target_rule("LAW004", {"townships": TOWNSHIP_ROWS, "red_line": [make_square_wkt(0)]}, allocated).rules
    assert rule.outcome is Outcome.SKIPPED and rule.incomplete
    assert all(word in rule.reason for word in ("丙镇", "第 3 行", "甲镇", "城镇开发边界"))


def test_target_with_an_unknown_township_code_is_matched_by_name():
    """Use codes of statistics, which differ from those of the survey."""
    allocated = [("140225001", "甲镇", "red_line_area", ">=", "1", "ha")]
    report = run_target_rule("LAW004", {"townships": TOWNSHIP_ROWS, "red_line": [make_square_wkt(0)]}, allocated)
    assert report.rules[0].outcome is Outcome.PASSED and [i.place for i in report.indicators] == ["甲镇"]


# -- LAW005 -----------------------------------------------------------------------------------------------------------

PROFILE_HEAD = 'id = "{id}"\nname = "{name}"\narea_code = "{code}"\n'
TARGET_SECTION = (
    '[[targets]]\nindicator = "{indicator}"\ncomparison = "{sign}"\nvalue = "{value}"\nunit = "{unit}"\nyear = 2035\n'
    'binding = "约束性"\nsource = "某文"\n'
)


def write_profile(folder, name, code, targets=(), base="", limit=None):
    """Write a profile with targets (indicator, sign, value, unit); return its path."""
    text = PROFILE_HEAD.format(id=name, name=name, code=code) + (f'base = "{base}"\n' if base else "")
    text += f"[ratio]\nlimit = {limit}\n" if limit else ""
    keys = ("indicator", "sign", "value", "unit")
    text += "".join(TARGET_SECTION.format(**dict(zip(keys, goal, strict=True))) for goal in targets)
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


TOWNSHIP_TARGETS = [
    ("140225100", "甲镇", "farmland_area", ">=", "40.00", "wan_mu"),
    ("140225101", "乙乡", "farmland_area", ">=", "23.25", "wan_mu"),
]


@pytest.mark.parametrize(
    ("second", "case"),
    [("23.25", None), ("23.246", "rounding"), ("23.24", "sum")],
)
def test_sum_of_township_targets_below_the_county_target_is_reported_as_rounding_or_as_too_small(
    tmp_path, second, case
):
    path = write_profile(tmp_path, "county", "140225", [("farmland_area", ">=", "63.25", "wan_mu")])
    allocated = [TOWNSHIP_TARGETS[0], (*TOWNSHIP_TARGETS[1][:4], second, "wan_mu")]
    report = run_target_rule("LAW005", {"townships": TOWNSHIP_ROWS}, allocated, profile=path)
    assert [f.case for f in report.findings] == ([case] if case else [])
    (shown,) = report.indicators
    assert shown.value == pytest.approx(40 + float(second), abs=1e-12) and shown.target == 63.25


def test_township_without_a_target_is_reported_and_no_sum_is_compared(tmp_path):
    path = write_profile(tmp_path, "county", "140225", [("farmland_area", ">=", "63.25", "wan_mu")])
    report = run_target_rule("LAW005", {"townships": TOWNSHIP_ROWS}, TOWNSHIP_TARGETS[:1], profile=path)
    (omitted,) = report.findings
    assert (omitted.case, omitted.params["names"], str(omitted.severity)) == ("omitted", "乙乡", "WARNING")
    assert "乙乡" in report.rules[0].reason and not [i for i in report.indicators if i.id.startswith("handed_down")]


def test_sum_above_the_county_limit_is_reported_even_if_a_township_is_missing(tmp_path):
    path = write_profile(tmp_path, "county", "140225", [("boundary_area", "<=", "16.46", "km2")])
    allocated = [("", "甲镇", "boundary_area", "<=", "1647", "ha")]
    report = run_target_rule("LAW005", {"townships": TOWNSHIP_ROWS}, allocated, profile=path)
    assert sorted(f.case for f in report.findings) == ["omitted", "sum"] and "乙乡" in report.rules[0].reason


def test_total_in_the_township_target_table_that_differs_from_its_rows_is_reported():
    total = ("", "合计", "farmland_area", ">=", "63.26", "wan_mu")
    (finding,) = run_target_rule("LAW005", {"townships": TOWNSHIP_ROWS}, TOWNSHIP_TARGETS, [total]).findings
    assert finding.case == "total" and "63.26" in finding.message and "63.25" in finding.message


def test_county_limit_above_the_limit_of_its_province_is_reported(tmp_path):
    for limit, cases in ((1.3, []), (1.31, ["limit"])):
        path = write_profile(tmp_path, "county", "140226", base="shanxi", limit=limit)
        report = run_target_rule("LAW005", {"boundary": [make_square_wkt(0)]}, profile=path)
        assert [f.case for f in list_findings_of_rules(report, "LAW005")] == cases
        assert report.rules[0].outcome is (Outcome.FAILED if cases else Outcome.PASSED)


@pytest.mark.parametrize(
    ("own", "cases"),
    [
        ('form = "n1"\nclasses = ["202", "201", "202A", "201A"]', []),
        ('form = "n3"', ["measure"]),
        ('classes = ["201", "201A", "202", "202A", "203"]', ["measure"]),
    ],
)
def test_ratio_limit_of_another_form_or_more_land_classes_than_the_base_is_warned_of_and_not_compared(
    tmp_path, own, cases
):
    """Compare the limit 1.30 with limits that have another numerator or more land."""
    path = write_profile(tmp_path, "county", "140226", base="shanxi")
    path.write_text(path.read_text(encoding="utf-8") + f"[ratio]\nlimit = 1.3\n{own}\n", encoding="utf-8")
    report = run_target_rule("LAW005", {"boundary": [make_square_wkt(0)]}, profile=path)
    assert [(f.case, str(f.severity)) for f in list_findings_of_rules(report, "LAW005")] == [
        (case, "WARNING") for case in cases
    ]
    if cases:
        (finding,) = list_findings_of_rules(report, "LAW005")
        assert "山西" in finding.message and own.split('"')[1].upper() in finding.message


def test_land_that_lies_in_two_townships_meets_no_township_target(tmp_path):
    both = [TOWNSHIP_ROWS[0], {**TOWNSHIP_ROWS[1], "wkt": TOWNSHIP_ROWS[0]["wkt"]}]
    allocated = [(t["division_code"], t["division_name"], "red_line_area", ">=", "15.00", "ha") for t in both]
    (rule,) = run_target_rule(
        "LAW004", {"townships": both, "red_line": [make_square_wkt(100, 100, 400)]}, allocated
    ).rules
    assert rule.outcome is Outcome.SKIPPED and "重叠" in rule.reason


def test_targets_of_all_counties_in_one_folder_are_summed_for_their_city(tmp_path):
    """Sum the five counties of 阳泉市 and compare the sum with the city's target."""
    counties = [c for c in load_standard().code_lists["divisions"].entry_by_code.values() if c.parent == "140300"]
    assert len(counties) == 5
    write_profile(tmp_path, "city", "140300", [("farmland_area", ">=", "50.00", "wan_mu")], base="shanxi")
    for n, county in enumerate(counties):
        write_profile(
            tmp_path, f"c{n}", county.code, [("farmland_area", ">=", "1000.00" if n else "9999.99", "mu")], base="city"
        )
    divisions = load_standard().code_lists["divisions"]
    city = load_profile(tmp_path / "city.toml")
    assert [c.id for c in find_child_profiles(city)[0]] == ["c0", "c1", "c2", "c3", "c4"]
    (total,) = compare_targets_with_children(city, find_child_profiles(city)[0], divisions)
    # 9999.99 + 4 × 1000 亩, by hand.
    assert (
        total.sum_value == pytest.approx(1.399999, rel=1e-12) and total.missing_parts == () and total.state == "broken"
    )
    (tmp_path / "c3.toml").unlink()
    (total,) = compare_targets_with_children(city, find_child_profiles(city)[0], divisions)
    assert total.missing_parts == (counties[3].name,) and total.state == ""


def test_county_with_two_profiles_counts_as_missing_in_the_sum_of_its_city(tmp_path):
    """Add a copy of a county's profile, which would offset a missing county."""
    divisions = load_standard().code_lists["divisions"]
    counties = [c for c in divisions.entry_by_code.values() if c.parent == "140300"]
    write_profile(tmp_path, "city", "140300", [("farmland_area", ">=", "5000", "mu")], base="shanxi")
    for n, county in enumerate(counties):
        write_profile(tmp_path, f"c{n}", county.code, [("farmland_area", ">=", "900", "mu")], base="city")
    write_profile(tmp_path, "copy", counties[0].code, [("farmland_area", ">=", "900", "mu")], base="city")
    city = load_profile(tmp_path / "city.toml")
    (total,) = compare_targets_with_children(city, find_child_profiles(city)[0], divisions)
    assert total.missing_parts == (counties[0].name,) and total.state == "" and total.sum_value == 3600
    write_profile(tmp_path, "copy", "140300", [("farmland_area", ">=", "5100", "mu")], base="city")
    (total,) = compare_targets_with_children(city, find_child_profiles(city)[0], divisions)
    assert (total.sum_value, total.part_count, total.state) == (5100, 1, "met")


@pytest.mark.parametrize(("goal", "expected"), [(("<=", "100"), False), (("<=", "40"), True), ((">=", "100"), False)])
def test_incomplete_sum_of_county_targets_is_reported_only_when_it_exceeds_the_limit(tmp_path, goal, expected):
    sign, value = goal
    indicator = "boundary_area" if sign == "<=" else "farmland_area"
    write_profile(tmp_path, "city", "130700", [(indicator, sign, value, "km2")])
    write_profile(tmp_path, "one", "130702", [(indicator, sign, "50", "km2")], base="city")
    city = load_profile(tmp_path / "city.toml")
    sums = compare_targets_with_children(city, find_child_profiles(city)[0], load_standard().code_lists["divisions"])
    assert [s.state for s in sums if s.state] == (["broken"] if expected else [])


def test_profile_in_the_folder_of_a_county_profile_replaces_the_shipped_profile_of_equal_id(tmp_path):
    path = write_profile(tmp_path, "jinzhong", "140700", [("farmland_area", ">=", "1", "wan_mu")], base="cluster")
    cluster = load_profile(path).base
    assert cluster.path.name == "cluster.toml"
    assert [c.path for c in find_child_profiles(cluster)[0]] == [cluster.path.parent / "jinzhong.toml"]


def test_unreadable_profile_in_the_folder_is_reported_and_does_not_stop_the_check(tmp_path):
    path = write_profile(
        tmp_path, "county", "140225", [("farmland_area", ">=", "63.25", "wan_mu")], base="shanxi", limit=1.2
    )
    write_profile(tmp_path, "a", "140226", base="county", limit=-1)
    (tmp_path / "别的.toml").write_text("x = ", encoding="utf-8")
    (rule,) = run_target_rule("LAW005", {"boundary": [make_square_wkt(0)]}, profile=path).rules
    assert rule.outcome is Outcome.PASSED and "a.toml" in rule.reason and "别的.toml" in rule.reason


# -- LAW006 -----------------------------------------------------------------------------------------------------------


def test_contradicting_figures_of_the_province_are_listed_for_its_county():
    report = run_target_rule("LAW006", {"red_line": [make_square_wkt(0)]}, profile="hunyuan")
    found = {(f.params["value"], f.params["said"], str(f.severity)) for f in report.findings}
    assert found == {("4749", "4748", "INFO"), ("22.60", "26.00", "INFO"), ("36", "55.00", "INFO")}
    (farmland,) = [f for f in report.findings if f.params["said"] == "4748"]
    assert all(word in farmland.message for word in ("山西省", "2025", "4749 万亩", "4748 万亩", "十四五"))
    assert farmland.message.startswith("山西省2025年永久基本农田保护面积")
    assert len({f.fingerprint for f in report.findings}) == 3


def test_indicator_without_its_layer_or_townships_has_no_sums_by_township():
    assert compute_area_by_township("farmland_area", make_context({"townships": TOWNSHIP_ROWS})) is None
    assert compute_area_by_township("farmland_area", make_context({"red_line": [make_square_wkt(0)]})) is None
    assert np.isfinite(
        compute_area_by_township(
            "red_line_area", make_context({"townships": TOWNSHIP_ROWS, "red_line": [make_square_wkt(0)]})
        ).areas_m2
    ).all()


# -- on the page ------------------------------------------------------------------------------------------------------


def test_townships_are_listed_in_a_table_with_missed_targets_first():
    allocated = [
        ("", "甲镇", "red_line_area", ">=", "1.00", "ha"),
        ("", "乙乡", "red_line_area", ">=", "200.00", "ha"),
        ("", "乙乡", "boundary_area", "<=", "200", "ha"),
    ]
    layers = {
        "townships": TOWNSHIP_ROWS,
        "red_line": [make_square_wkt(0), make_square_wkt(1000)],
        "boundary": [make_square_wkt(1000, 500, 100)],
    }
    report = run_target_rule("LAW004", layers, allocated)
    made = html.make_township_section(report, ReportTexts("zh"))
    assert made["columns"] == ["生态保护红线面积（公顷）", "城镇开发边界面积（公顷）"]
    assert [row["name"] for row in made["rows"]] == ["乙乡", "甲镇"]
    missed, kept = made["rows"]
    assert [c["state"] for c in missed["cells"]] == ["未达到", "未超限"] and missed["cells"][0]["target"] == "≥ 200.00"
    assert kept["cells"][1] is None
    # The table of the whole county does not repeat them.
    assert figures.make_figure_rows(report, ReportTexts("zh")) == []
    page = render_report(report)
    assert page.index("乙乡") < page.index("甲镇")


def test_full_width_digits_in_a_township_target_table_are_parsed(tmp_path):
    text = "乡镇代码,乡镇名称,指标,数值,单位\n１４０２２５１００,永安镇,永久基本农田,１，２３４．５０,亩\n１４０２２５０００,全部,永久基本农田,9,亩\n"
    (allocated,) = read_township_targets(save_target_table(tmp_path, text)).targets
    assert (allocated.code, allocated.value, allocated.unit) == ("140225100", "1234.50", "mu")

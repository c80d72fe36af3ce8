# SPDX-License-Identifier: GPL-2.0-or-later
"""Lists of heritage sites in CSV or xlsx, compared with the heritage layers."""

import openpyxl
import pytest

from plugin.core.check import RunOptions, check_plan
from plugin.core.errors import InputError
from plugin.core.examples.plans import make_example_plan
from plugin.core.heritage.heritage_sites import HeritageRegister, ListedSite, read_heritage_register
from plugin.core.model.report import Outcome
from plugin.core.model.rule import load_all_rules
from plugin.core.model.side_inputs import SideInputs
from plugin.core.model.verdict import Verdict
from plugin.core.results.run import run_check
from plugin.paths import SAMPLE_FOLDER
from tests.core.small_plan import get_outcome_of_rule
from tests.county import make_clean_county
from tests.county.source import make_read_layers
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
    without = check_sample_county().report
    assert not {"LAW023", "LAW024"} & list_rules_that_ran(without)


def test_heritage_list_without_a_heritage_layer_makes_the_check_incomplete(tmp_path):
    path = write_heritage_csv(tmp_path, "不在数据里的塔", head="名称")
    layers = make_read_layers(
        {role: frame for role, frame in make_clean_county(400).layers.items() if role != "LSWHBHX"}
    )
    report = check_plan(layers, RunOptions(profile="hunyuan", rules=("LAW024",), register=str(path))).report
    assert get_outcome_of_rule(report, "LAW024").outcome is Outcome.SKIPPED and report.verdict is Verdict.INCOMPLETE
    assert "名录.csv" in get_outcome_of_rule(report, "LAW024").reason

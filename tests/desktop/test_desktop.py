# SPDX-License-Identifier: GPL-2.0-or-later
"""The plugin in the real desktop; pictures are saved in build/screenshots."""

import json

import pytest


@pytest.fixture(scope="module")
def tour(desktop):
    return desktop("tour")


def test_loads_and_unload_leaves_nothing_behind(tour):
    assert "SanxianFindingsDock" in tour["loaded"]["docks"]
    assert "SanxianToolbar" in tour["loaded"]["toolbars"]
    assert "三区三线(&X)" in tour["loaded"]["menu_bar"]
    assert "sanxian" in tour["loaded"]["providers"]
    assert tour["loaded"]["translated"] == "检查结果" and tour["after"]["translated"] == "Findings"
    for after in ("after", "after_running"):
        for what in tour["before"]:
            assert tour[after][what] == tour["before"][what], (after, what)
        assert not tour[after]["widgets"] and "sanxian" not in tour[after]["providers"]
    assert tour["ran_at_unload"] and tour["heard"]


def test_no_error_was_logged_and_qgis_ended_well(tour):
    assert tour["log"] == []
    assert tour["returncode"] == 0


def test_empty_states_and_sample(tour):
    assert tour["empty"] == "尚无规划图层。请新建县级规划项目，或打开示例县。"
    assert tour["groups"] == ["三条控制线", "历史文化保护线", "规划分区", "基础数据"]
    assert tour["ready"] == "尚未检查。"


def test_forms_of_the_sample_and_by_the_menu(tour):
    assert tour["form_of_sample"] == tour["form_again"] == ["标识", "属性", "面积"]
    assert tour["forms_said"].startswith("9 个图层已应用模板的表单：") and "城镇开发边界" in tour["forms_said"]


def test_a_check_does_not_block_the_event_loop(tour):
    assert tour["summary"]["verdict"] == "fail" and tour["findings"] > 20
    assert tour["check_seconds"] < 60
    assert tour["deaf_while_checking"] < 1.0
    assert tour["progress"].startswith(("正在复检", "正在读取")), tour["progress"]


def test_cancel_answers_within_a_second_and_keeps_the_former_result(tour):
    assert tour["cancel_seconds"] < 1.0
    assert tour["cancelled_first"] == "已取消。"
    # On a fast machine the second run may end before the click.
    assert tour["cancelled_again"] in (f"已取消，仍显示 {tour['time']} 的结果", "")


def test_a_click_zooms_to_the_finding(tour):
    for where in ("clicked", "next"):
        assert tour[where]["contains"]
        assert tour[where]["share"] == pytest.approx(0.3, abs=0.03) or tour[where]["scale"] == pytest.approx(
            500, rel=0.02
        )
        assert tour[where]["scale"] > 499
    assert tour["click_seconds"] < 1.0


def test_keys_navigate_and_stop_at_the_end(tour):
    assert tour["next"]["key"] != tour["clicked"]["key"] == tour["previous"]
    assert tour["at_the_end"] == "已是第一处。"


def test_search_and_the_feature_s_form(tour):
    assert tour["found"] == ["REL002"]
    assert len(tour["form"]) == 1 and tour["form"][0].startswith("永久基本农田")


def test_a_parcel_drawn_over_others_is_found_at_once_and_gone_with_undo(tour):
    assert tour["may_save"] and "TOP001" in tour["drawn_over"]
    assert tour["edited"].startswith("编辑后已复检 ") and tour["edited"].endswith(" 处 · 全县指标未重算")
    assert tour["edit_seconds"] < 3 and tour["deaf_while_editing"] < 1.0
    assert tour["drawn_on_map"] and tour["undone"] and tour["undone_on_map"]


def test_saved_as_layer_json_and_html(tour):
    import pathlib

    import pyogrio

    folder = pathlib.Path(tour["folder"])
    report = json.loads((folder / "报告.json").read_text(encoding="utf-8"))
    assert len(report["findings"]) == tour["findings"]
    assert pyogrio.read_info(folder / "发现.gpkg")["features"] == tour["findings"]
    assert "<html" in (folder / "报告.html").read_text(encoding="utf-8")
    assert len(tour["saved"]) == 1, "one message at a time"


def test_one_findings_layer_and_the_panel_survives_the_project(tour):
    assert tour["findings_layers"] == [["问题（临时图层）", tour["findings"]]]
    assert tour["after_close"] == [True, 0, False]


def test_without_geopandas(desktop):
    noted = desktop("no_libraries", libraries=False)
    text = "检查未启动：缺少 geopandas 1.0 或更高版本。其他功能不受影响。"
    assert noted["empty"] == text and noted["after_run"] == text
    assert noted["buttons"] == ["环境自检…"]
    assert "geopandas" in noted["doctor"] and "python3-geopandas" in noted["doctor"]
    assert "sanxian:doctor" in noted["algorithms"]
    assert noted["log"] == []


@pytest.mark.parametrize(
    ("name", "size", "theme"),
    [("small", "1366x768", "default"), ("dark", "1600x900", "Night Mapping")],
    ids=["1366×768", "dark"],
)
def test_other_screens(desktop, monkeypatch, name, size, theme):
    monkeypatch.setenv("SANXIAN_PICTURE", name)
    facts = desktop("shots", size=size, theme=theme)
    assert facts["verdict"] == "不通过" and facts["layers"] == 10
    assert facts["tabs"] == (name == "small")
    assert facts["width"] < facts["window"][0] / 3 + 40
    if theme == "default":
        assert facts["live"] == dict.fromkeys(("dark", "toolbar", "panel", "counts"), True)


@pytest.mark.parametrize(
    ("name", "size", "theme"),
    [
        ("data", "1600x900", "default"),
        ("data-small", "1366x768", "default"),
        ("data-dark", "1366x768", "Night Mapping"),
    ],
    ids=["1600×900", "1366×768", "dark"],
)
def test_codes_dictionary_and_mapping(desktop, monkeypatch, name, size, theme):
    monkeypatch.setenv("SANXIAN_PICTURE", name)
    facts = desktop("data", size=size, theme=theme)
    assert facts["before"] != "0204" and facts["after"] == ["0204", "其他园地"]
    assert "三调地类代码表" in facts["tip"]
    assert facts["dictionary"].startswith("生态保护红线 STBHHX")
    assert "现状用地用海" in facts["mapped"] and "现状.mapping.toml" in facts["mapped"]
    assert "现状用地用海" in facts["layers"]
    width, height = map(int, size.split("x"))
    assert facts["mapping_fits"][0] <= width and facts["mapping_fits"][1] <= height
    assert facts["log"] == [] and facts["returncode"] == 0

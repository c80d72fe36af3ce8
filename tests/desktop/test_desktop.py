# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the main workflow in the real desktop: load, check, navigate, save.

Screenshots are saved in build/screenshots.
"""

import json
import re

import pytest


@pytest.fixture(scope="module")
def tour_facts(desktop):
    return desktop("tour")


def test_plugin_loads_in_qgis_desktop_and_unloading_removes_all_its_widgets(tour_facts):
    assert "SanxianFindingsDock" in tour_facts["loaded"]["docks"]
    assert "SanxianToolbar" in tour_facts["loaded"]["toolbars"]
    assert "三区三线(&X)" in tour_facts["loaded"]["menu_bar"]
    assert "sanxian" in tour_facts["loaded"]["providers"]
    assert tour_facts["loaded"]["translated"] == "检查结果" and tour_facts["after"]["translated"] == "Findings"
    for after in ("after", "after_running"):
        for what in tour_facts["before"]:
            assert tour_facts[after][what] == tour_facts["before"][what], (after, what)
        assert not tour_facts[after]["widgets"] and "sanxian" not in tour_facts[after]["providers"]
    assert tour_facts["ran_at_unload"] and tour_facts["heard"]


def test_checking_the_sample_in_qgis_logs_no_error_and_qgis_exits_with_code_zero(tour_facts):
    assert tour_facts["log"] == []
    assert tour_facts["returncode"] == 0


def test_panel_lists_what_to_do_in_an_empty_project_and_shows_the_opened_sample_as_not_checked(tour_facts):
    assert (
        tour_facts["empty"] == "工程中还没有规划图层。可以新建县级规划项目，将已有的规划图层添加到工程，或打开示例县。"
    )
    assert tour_facts["groups"] == ["三条控制线", "历史文化保护线", "规划分区", "基础数据"]
    assert tour_facts["ready"] == "尚未检查。"


def test_template_forms_are_applied_by_opening_the_sample_and_by_the_menu(tour_facts):
    assert tour_facts["form_of_sample"] == tour_facts["form_again"] == ["标识", "属性", "面积"]
    assert (
        tour_facts["forms_said"].startswith("10 个图层已应用模板的表单：")
        and "城镇开发边界" in tour_facts["forms_said"]
    )


def test_panel_on_a_large_screen_shows_list_and_details_without_tabs(tour_facts):
    assert not tour_facts["tabs"]


def test_full_check_blocks_the_main_thread_for_less_than_a_second(tour_facts):
    assert tour_facts["summary"]["verdict"] == "fail" and tour_facts["findings"] > 20
    assert tour_facts["check_seconds"] < 60
    assert tour_facts["deaf_while_checking"] < 1.0
    assert tour_facts["progress"].startswith(("正在复检", "正在读取")), tour_facts["progress"]


def test_cancelling_a_check_takes_under_a_second_and_keeps_the_previous_result(tour_facts):
    assert tour_facts["cancel_seconds"] < 1.0
    assert tour_facts["cancelled_first"] == "已取消。"
    # On a fast machine the second run may end before the click.
    assert tour_facts["cancelled_again"] in (f"已取消，仍显示 {tour_facts['time']} 的结果", "")


def test_click_on_a_listed_finding_zooms_the_map_to_it(tour_facts):
    for where in ("clicked", "next"):
        assert tour_facts[where]["contains"]
        assert tour_facts[where]["share"] == pytest.approx(0.3, abs=0.03) or tour_facts[where][
            "scale"
        ] == pytest.approx(500, rel=0.02)
        assert tour_facts[where]["scale"] > 499
    assert tour_facts["click_seconds"] < 1.0


def test_shortcut_keys_select_next_and_previous_finding_and_stop_at_the_first(tour_facts):
    assert tour_facts["next"]["key"] != tour_facts["clicked"]["key"] == tour_facts["previous"]
    assert tour_facts["at_the_end"] == "已是第一处。"


def test_search_filters_the_findings_and_the_form_of_a_found_feature_opens(tour_facts):
    assert tour_facts["found"] == ["REL002"]
    assert len(tour_facts["form"]) == 1 and tour_facts["form"][0].startswith("永久基本农田")


def test_live_check_finds_a_parcel_drawn_over_others_and_undo_removes_the_finding(tour_facts):
    assert tour_facts["may_save"] and "TOP001" in tour_facts["drawn_over"]
    assert tour_facts["edited"].startswith("编辑后已复检 ") and tour_facts["edited"].endswith(" 处 · 全县指标未重算")
    assert tour_facts["edit_seconds"] < 3 and tour_facts["deaf_while_editing"] < 1.0
    assert tour_facts["drawn_on_map"] and tour_facts["undone"] and tour_facts["undone_on_map"]


def test_findings_can_be_saved_as_a_layer_json_and_html(tour_facts):
    import pathlib

    import pyogrio

    folder = pathlib.Path(tour_facts["folder"])
    report = json.loads((folder / "报告.json").read_text(encoding="utf-8"))
    assert len(report["findings"]) == tour_facts["findings"]
    assert pyogrio.read_info(folder / "发现.gpkg")["features"] == tour_facts["findings"]
    assert "<html" in (folder / "报告.html").read_text(encoding="utf-8")
    assert len(tour_facts["saved"]) == 1, "one message at a time"


def test_project_has_one_findings_layer_and_the_panel_stays_open_when_the_project_is_closed(tour_facts):
    assert tour_facts["findings_layers"] == [["问题（临时图层）", tour_facts["findings"]]]
    assert tour_facts["after_close"] == [True, 0, False]


@pytest.mark.exhaustive
def test_desktop_without_geopandas_shows_the_missing_library_and_no_error(desktop):
    noted = desktop("no_libraries", libraries=("numpy", "pyproj", "certifi", "shapely"))
    text = "检查未启动：缺少 geopandas 1.0 或更高版本。详见“环境自检”。"
    assert noted["empty"] == text and noted["after_run"] == text
    assert noted["buttons"] == ["环境自检…"]
    assert "geopandas" in noted["doctor"] and "python3-geopandas" in noted["doctor"]
    assert re.search(r"未运行 · 算例：缺少或过旧的库：.*geopandas ≥ 1\.0", noted["doctor"])
    assert "sanxian:doctor" in noted["algorithms"]
    assert noted["log"] == []


@pytest.mark.exhaustive
def test_main_window_fits_a_small_screen_and_follows_a_change_of_theme(desktop, monkeypatch):
    monkeypatch.setenv("SANXIAN_PICTURE", "small")
    facts = desktop("shots", size="1366x768")
    assert facts["verdict"] == "不通过" and facts["layers"] == 11
    assert facts["tabs"]
    assert facts["width"] < facts["window"][0] / 3 + 40
    assert facts["live"] == dict.fromkeys(("dark", "toolbar", "panel", "counts"), True)

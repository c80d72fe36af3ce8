# SPDX-License-Identifier: GPL-2.0-or-later
"""Results of each project in the real desktop.

Pictures are saved in build/screenshots.
"""

import pytest


@pytest.fixture(scope="module")
def results(desktop):
    return desktop("results", timeout=150)


def test_the_sample_is_on_the_map_wherever_that_was(results):
    assert results["sample"] == {"sees_county": True, "title": "浑源县（示例）"}


def test_another_project_shows_nothing_of_the_former_result(results):
    other = results["other"]
    assert not other["result"] and not other["verdict"] and not other["stale"]
    assert "缺永久基本农田" in other["empty"]


def test_a_saved_project_comes_back_with_its_result(results):
    back, edited = results["back"], results["edited"]
    assert back["result"] and back["verdict"] == results["verdict"]
    assert back["stale"].endswith("的检查结果，此后图层和县配置未改动。") and back["stale"][:16] == back["when"][:16]
    assert "此后有改动的图层：城镇开发边界。" in edited["stale"]
    assert results["log"] == [] and results["returncode"] == 0


def test_raw_data_get_forms_symbols_and_groups_by_one_click(results):
    assert results["offered"] == "识别出 5 个规划图层，尚未应用模板的表单和符号。"
    assert results["applied"].startswith("已应用于 5 个图层：")
    assert results["groups"] == ["三条控制线", "基础数据"]


def test_after_a_vct_import_one_box_asks_which_group_is_checked(results):
    assert results["tree"][:2] == ["检查结果", "VCT 浑源"]
    assert len(results["choices"]) == 2 and results["choices"][1] == "VCT 浑源（浑源.gpkg，9 个图层）"
    (source,) = results["sources"]
    assert source.endswith("浑源.gpkg")

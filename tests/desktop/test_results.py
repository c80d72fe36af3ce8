# SPDX-License-Identifier: GPL-2.0-or-later
"""Test in the real desktop that each project shows its own check result.

Screenshots are saved in build/screenshots.
"""

import pytest


@pytest.fixture(scope="module")
def result_tour_facts(desktop):
    return desktop("results", timeout=150)


def test_opening_the_sample_moves_the_map_to_it_from_any_extent(result_tour_facts):
    assert result_tour_facts["sample"] == {"sees_county": True, "title": "浑源县（示例）"}


def test_opening_another_project_clears_the_previous_check_result(result_tour_facts):
    other = result_tour_facts["other"]
    assert not other["result"] and not other["verdict"] and not other["stale"]
    assert "缺永久基本农田" in other["empty"]


def test_reopening_a_saved_project_restores_its_check_result(result_tour_facts):
    back, edited = result_tour_facts["back"], result_tour_facts["edited"]
    assert back["result"] and back["verdict"] == result_tour_facts["verdict"]
    assert back["stale"].endswith("的检查结果，此后图层和县配置未改动。") and back["stale"][:16] == back["when"][:16]
    assert "此后有改动的图层：城镇开发边界。" in edited["stale"]
    assert result_tour_facts["log"] == [] and result_tour_facts["returncode"] == 0


def test_one_click_applies_forms_symbols_and_groups_to_unstyled_plan_layers(result_tour_facts):
    assert result_tour_facts["offered"] == "识别出 5 个规划图层，尚未应用模板的表单和符号。"
    assert result_tour_facts["applied"].startswith("已应用于 5 个图层：")
    assert result_tour_facts["groups"] == ["三条控制线", "基础数据"]


def test_check_after_a_vct_import_asks_which_layer_group_to_check(result_tour_facts):
    assert result_tour_facts["tree"][:2] == ["检查结果", "VCT 浑源"]
    assert (
        len(result_tour_facts["choices"]) == 2 and result_tour_facts["choices"][1] == "VCT 浑源（浑源.gpkg，9 个图层）"
    )
    (source,) = result_tour_facts["sources"]
    assert source.endswith("浑源.gpkg")

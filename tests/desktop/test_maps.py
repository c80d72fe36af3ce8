# SPDX-License-Identifier: GPL-2.0-or-later
"""Test map layouts and exported maps in the real desktop.

Screenshots are saved in build/screenshots.
"""

import pytest


@pytest.fixture(scope="module")
def map_tour_facts(desktop):
    return desktop("maps")


def test_menu_makes_a_print_layout_for_each_county_map(map_tour_facts):
    assert map_tour_facts["offered"] == ["land_use", "three_lines", "three_zones", "zones", "heritage"]
    assert len(map_tour_facts["layouts"]) == 5 and "02 县域三条控制线图 A3" in map_tour_facts["layouts"]
    assert map_tour_facts["said"].startswith("已生成 5 个布局")


def test_making_layouts_without_a_secrecy_level_asks_for_one(map_tour_facts):
    assert "没有设定密级" in map_tour_facts["asked"]
    assert (
        map_tour_facts["document"]
        == "公开（工程的成果信息） · 浑源县人民政府 · 浑源县自然资源局 · 2026年11月 · 晋S(2026)001号"
    )


def test_opening_a_layout_in_the_designer_does_not_mark_it_as_edited(map_tour_facts):
    assert map_tour_facts["edited_by_looking"] is False


def test_map_export_dialog_writes_the_chosen_maps_with_official_names(map_tour_facts):
    assert map_tour_facts["exported"] == [
        "140225浑源县02县域三条控制线图.jpg",
        "140225浑源县03县域三区图.jpg",
        "140225浑源县04县域国土空间规划分区图.jpg",
    ]


def test_cancelling_a_map_export_between_pages_leaves_no_file(map_tour_facts):
    assert map_tour_facts["cancelled"] == []


def test_exporting_maps_in_qgis_logs_only_the_lowered_secrecy_level_and_qgis_exits_with_code_zero(map_tour_facts):
    assert map_tour_facts["log"] == [
        "Sanxian: 密级由成果包样式的“内部”降为工程的成果信息的“公开”，降密理由：批后公布。"
    ]
    assert map_tour_facts["returncode"] == 0

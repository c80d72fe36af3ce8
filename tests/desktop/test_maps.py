# SPDX-License-Identifier: GPL-2.0-or-later
"""Layouts and exported maps in the real desktop.

Pictures are saved in build/screenshots.
"""

import pytest


@pytest.fixture(scope="module")
def tour(desktop):
    return desktop("maps")


def test_layouts_from_the_menu(tour):
    assert tour["offered"] == ["land_use", "three_lines", "three_zones", "zones", "heritage"]
    assert len(tour["layouts"]) == 5 and "02 县域三条控制线图 A3" in tour["layouts"]
    assert tour["said"].startswith("已生成 5 个布局")


def test_layouts_without_a_level_of_secrecy_ask_for_it(tour):
    assert "没有设定密级" in tour["asked"]
    assert (
        tour["document"] == "公开（工程的成果信息） · 浑源县人民政府 · 浑源县自然资源局 · 2026年11月 · 晋S(2026)001号"
    )


def test_looking_at_a_layout_is_not_editing_it(tour):
    assert tour["edited_by_looking"] is False


def test_export_from_the_dialog(tour):
    assert tour["exported"] == [
        "140225浑源县02县域三条控制线图.jpg",
        "140225浑源县03县域三区图.jpg",
        "140225浑源县04县域国土空间规划分区图.jpg",
    ]


def test_cancel_between_pages_leaves_no_file(tour):
    assert tour["cancelled"] == []


def test_no_error_was_logged_and_qgis_ended_well(tour):
    assert tour["log"] == []
    assert tour["returncode"] == 0

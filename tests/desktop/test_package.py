# SPDX-License-Identifier: GPL-2.0-or-later
"""Submission of a county in the real desktop.

Pictures are saved in build/screenshots.
"""

import pytest

ROOT = "140225浑源县国土空间总体规划"
TEXT = f"{ROOT}文本.pdf"


@pytest.fixture(scope="module")
def tour(desktop):
    return desktop("package")


def test_the_menu_fits_on_a_small_screen(tour):
    assert tour["menu_height"][0] < 768 - 40


def test_the_form_follows_files_as_they_are_added(tour):
    assert tour["default"] == [False, True], "nothing to export to, but Enter would"
    assert tour["missing"][0] == ["规划文本", "必须", f"未找到：{TEXT}"]
    assert tour["found"][0] == ["规划文本", "必须", TEXT]
    assert tour["found"][1][2] == "无法打开：140225浑源县数据库建设报告.pdf"
    assert ["01 县域用地现状图", "有则必交", "导出时生成"] in tour["found"]
    assert "会议记录.docx" in tour["left_out"]
    assert tour["verdict_before"] == "尚未检查：导出时先全面检查。"
    assert tour["fits"][0] <= tour["fits"][1]


def test_a_failing_county_is_not_packaged_and_the_reasons_are_shown(tour):
    text, reasons, left = tour["shut"]
    assert text.startswith("未生成") and "不通过" in reasons[0] and len(reasons) > 2
    assert left == [], "nothing half made"
    assert tour["result_in_panel"], "the check that ran first is in view"
    assert tour["verdict_after"].startswith("不通过：错误 55") and tour["verdict_after"].endswith("数据未变。")
    assert tour["against"][: len(reasons)] == reasons, "told before the next try"


def test_cancel_in_the_middle_leaves_nothing(tour):
    assert tour["cancel_seconds"] < 3
    assert tour["cancelled"] == ["已取消，未生成成果包；原有文件未改动。", []]


def test_forced_in_the_background(tour):
    assert tour["enter_starts"] and tour["goes_on"] and tour["same_window"]
    assert tour["told_in_bar"].startswith("成果包已强制生成")
    text, digest, reasons = tour["forced"]
    assert "强制" in text and len(digest) == 64 and "不通过" in reasons[0]
    assert tour["made"].endswith(ROOT) and "予以替换" in tour["replaced"]


def test_an_export_continues_after_its_project_is_closed(tour):
    assert tour["still_writing"] and tour["after_close"][0].startswith("成果包已强制生成")
    assert tour["after_close"][1] == [ROOT]


def test_inspecting_a_package_does_not_change_it(tour):
    stale, message = tour["inspected"]
    assert stale.startswith("以下为 ") and ROOT in stale and "不通过" in message
    # The package was forced and is reported as such; the other findings are those of the plan.
    assert "DOC007" in tour["package_codes"] and "TOP001" in tour["package_codes"]
    assert tour["package_layers"] == [9, True, 0] and tour["package_untouched"]


def test_a_file_that_is_not_a_package_is_reported_above_the_former_verdict(tour):
    stale, message = tour["not_inspected"]
    assert stale.startswith("“坏.zip”未能检查") and ROOT in stale
    assert message.startswith("“坏.zip”不是成果包文件夹")


def test_a_vct_file_dropped_on_the_map(tour):
    assert tour["dropped"] == [False, False]
    assert [path.rpartition("/")[2] for path in tour["vct_dialog"]] == ["浑源.vct", "浑源.gpkg"]


def test_no_error_was_logged_and_qgis_ended_well(tour):
    assert tour["log"] == [] and tour["returncode"] == 0


def test_unloading_or_closing_during_an_export_leaves_no_partial_package(desktop):
    """Compare the output: the package is complete or absent."""
    from pathlib import Path

    from plugin.core.files.digests import is_whole

    facts = desktop("package_exit")
    assert facts["unloaded"] and facts["closed"], "it was in the middle"
    assert facts["heard"] and not facts["after"]["widgets"]
    for what in ("docks", "toolbars", "menus", "shortcuts"):
        assert facts["before"][what] and not [name for name in facts["after"][what] if "Sanxian" in name], what
    assert facts["after"]["tasks"] == 0
    for folder in ("unloaded", "closed"):
        left = list((Path(facts["folder"]) / folder).iterdir())
        assert all(is_whole(one) for one in left if one.name == ROOT), left
        assert not [one for one in left if one.is_dir() and one.name != ROOT], left
    assert facts["log"] == [] and facts["returncode"] == 0


@pytest.mark.parametrize(
    ("name", "size", "theme"),
    [("package-small", "1366x768", "default"), ("package-dark", "1366x768", "Night Mapping")],
    ids=["1366×768", "dark"],
)
def test_other_screens(desktop, monkeypatch, name, size, theme):
    monkeypatch.setenv("SANXIAN_PICTURE", name)
    monkeypatch.setenv("SANXIAN_SHORT", "1")
    facts = desktop("package", size=size, theme=theme)
    assert facts["menu_height"][0] <= facts["menu_height"][1] and facts["fits"][0] <= facts["fits"][1]
    assert facts["shut"][2] == [] and facts["log"] == [] and facts["returncode"] == 0

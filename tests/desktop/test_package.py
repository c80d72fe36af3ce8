# SPDX-License-Identifier: GPL-2.0-or-later
"""Test export and inspection of a submission package in the real desktop.

Screenshots are saved in build/screenshots.
"""

import pytest

PACKAGE_NAME = "140225浑源县国土空间总体规划"
PLAN_TEXT_FILE = f"{PACKAGE_NAME}文本.pdf"


@pytest.fixture(scope="module")
def package_tour_facts(desktop):
    return desktop("package")


def test_plugin_menu_fits_on_a_small_screen(package_tour_facts):
    assert package_tour_facts["menu_height"][0] < 768 - 40


def test_package_form_updates_its_list_when_documents_are_added_to_the_folder(package_tour_facts):
    assert package_tour_facts["default"] == [False, True], "nothing to export to, but Enter would"
    assert [row[2] for row in package_tour_facts["without_folder"]] == ["请先填写存放位置"]
    assert package_tour_facts["missing"][0] == ["规划文本", "必须", f"未找到：{PLAN_TEXT_FILE}"]
    assert package_tour_facts["found"][0] == ["规划文本", "必须", PLAN_TEXT_FILE]
    assert package_tour_facts["found"][1][2] == "无法打开：140225浑源县数据库建设报告.pdf"
    assert ["01 县域用地现状图", "有则必须", "导出时生成"] in package_tour_facts["found"]
    assert sum(row[2].startswith("不生成：") for row in package_tour_facts["found"]) == 17
    # With maps that are drawn, no other map is asked for.
    assert "规划图件" not in [row[0] for row in package_tour_facts["found"]]
    assert "会议记录.docx" in package_tour_facts["left_out"]
    assert package_tour_facts["verdict_before"] == "尚未检查：导出时先全面检查。"
    assert package_tour_facts["fits"][0] <= package_tour_facts["fits"][1]


def test_package_export_of_a_failing_county_is_refused_with_the_reasons(package_tour_facts):
    text, reasons, left = package_tour_facts["shut"]
    assert text.startswith("未生成") and "不通过" in reasons[0] and len(reasons) > 2
    assert left == [], "nothing half made"
    assert package_tour_facts["result_in_panel"], "the check that ran first is in view"
    assert package_tour_facts["verdict_after"].startswith("不通过：错误 55") and package_tour_facts[
        "verdict_after"
    ].endswith("数据未变。")
    assert package_tour_facts["against"][: len(reasons)] == reasons, "told before the next try"


def test_cancelling_a_package_export_leaves_no_partial_package(package_tour_facts):
    assert package_tour_facts["cancel_seconds"] < 3
    assert package_tour_facts["cancelled"] == ["已取消，未生成成果包；原有文件未改动。", []]


def test_forced_package_export_continues_after_closing_its_dialog(package_tour_facts):
    assert package_tour_facts["enter_starts"] and package_tour_facts["goes_on"] and package_tour_facts["same_window"]
    assert package_tour_facts["told_in_bar"].startswith("成果包已强制生成")
    text, digest, reasons = package_tour_facts["forced"]
    assert "强制" in text and len(digest) == 64 and "不通过" in reasons[0]
    assert package_tour_facts["made"].endswith(PACKAGE_NAME)


def test_package_export_continues_after_its_project_is_closed(package_tour_facts):
    assert package_tour_facts["still_writing"] and package_tour_facts["forced"][0].startswith("成果包已强制生成")
    assert package_tour_facts["written"] == [PACKAGE_NAME]


def test_inspecting_a_submission_package_does_not_change_it(package_tour_facts):
    stale, message = package_tour_facts["inspected"]
    assert stale.startswith("以下为 ") and PACKAGE_NAME in stale and "不通过" in message
    # The package was forced and is reported as such; the other findings are those of the plan.
    # Its documents are empty.
    assert set(package_tour_facts["package_only"]) <= {"DOC002", "DOC005", "DOC007"}
    assert package_tour_facts["selected_in_package"] == [True, 1, False]
    assert "DOC007" in package_tour_facts["package_codes"] and "TOP001" in package_tour_facts["package_codes"]
    assert package_tour_facts["package_layers"] == [10, True, 0] and package_tour_facts["package_untouched"]


def test_inspecting_a_file_that_is_not_a_package_reports_it_and_keeps_the_previous_verdict(package_tour_facts):
    stale, message = package_tour_facts["not_inspected"]
    assert stale.startswith("“坏.zip”未能检查") and PACKAGE_NAME in stale
    assert message.startswith("“坏.zip”不是成果包文件夹")


def test_dropping_a_vct_file_on_the_map_opens_the_filled_import_dialog(package_tour_facts):
    assert package_tour_facts["dropped"] == [False, False]
    assert [path.rpartition("/")[2] for path in package_tour_facts["vct_dialog"]] == ["浑源.vct", "浑源.gpkg"]


def test_exporting_packages_in_qgis_logs_no_error_and_qgis_exits_with_code_zero(package_tour_facts):
    assert package_tour_facts["log"] == [] and package_tour_facts["returncode"] == 0


@pytest.mark.exhaustive
def test_unloading_the_plugin_or_quitting_during_an_export_leaves_no_partial_package(desktop):
    """Inspect the output folder: the package is either complete or absent."""
    from pathlib import Path

    from plugin.core.base.files.digests import is_complete_package

    facts = desktop("package_exit")
    assert facts["unloaded"] and facts["closed"], "it was in the middle"
    assert facts["heard"] and not facts["after"]["widgets"]
    for what in ("docks", "toolbars", "menus", "shortcuts"):
        assert facts["before"][what] and not [name for name in facts["after"][what] if "Sanxian" in name], what
    assert facts["after"]["tasks"] == 0
    for folder in ("unloaded", "closed"):
        left = list((Path(facts["folder"]) / folder).iterdir())
        assert all(is_complete_package(one) for one in left if one.name == PACKAGE_NAME), left
        assert not [one for one in left if one.is_dir() and one.name != PACKAGE_NAME], left
    assert facts["log"] == [] and facts["returncode"] == 0


@pytest.mark.exhaustive
def test_package_dialog_fits_a_small_screen_with_a_dark_theme(desktop, monkeypatch):
    monkeypatch.setenv("SANXIAN_PICTURE", "package-dark")
    monkeypatch.setenv("SANXIAN_SHORT", "1")
    facts = desktop("package", size="1366x768", theme="Night Mapping")
    assert facts["menu_height"][0] <= facts["menu_height"][1] and facts["fits"][0] <= facts["fits"][1]
    assert facts["shut"][2] == [] and facts["log"] == [] and facts["returncode"] == 0

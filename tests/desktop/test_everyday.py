# SPDX-License-Identifier: GPL-2.0-or-later
"""Test everyday work in the real desktop: targets, forms, bulk changes, panel.

Screenshots are saved in build/screenshots.
"""

import pytest


@pytest.fixture(scope="module")
def everyday_facts(desktop):
    return desktop("everyday")


def test_targets_and_confirmation_entered_in_the_dialog_are_saved_next_to_the_project(everyday_facts):
    own, inherited = everyday_facts["inherited"]
    assert own == "" and inherited == "73.39"
    error, may_save = everyday_facts["target_error"]
    assert error and not may_save
    warning, may_save = everyday_facts["weak_target"]
    assert "73.39" in warning and may_save, "the check applies both targets"
    assert everyday_facts["confirmed"] == "所用设置均已确认或有依据"
    profile = everyday_facts["profile"]
    assert '"80.50"' in profile and "Plan 2035" in profile
    assert "Bureau" in profile and "No. 1 of 2026" in profile and '"73.39"' not in profile


def test_farmland_form_has_one_scroll_bar_and_refuses_wrong_and_missing_codes(everyday_facts):
    assert everyday_facts["scroll_bars"] <= 1
    reasons, may_save = everyday_facts["empty_form"]
    assert "DLBM" in reasons and "必填" in reasons and "最多" not in reasons and not may_save
    text, reasons, may_save = everyday_facts["wrong_code"]
    assert text == "999（不在代码表中）" and "DLBM" in reasons and not may_save
    text, reasons, may_save = everyday_facts["right_code"]
    assert text == "0103 旱地" and reasons == "" and may_save


def test_bulk_change_in_the_attribute_table_fills_names_within_one_undo_step(everyday_facts):
    count, before, after = everyday_facts["rows"]
    assert before < count == after and everyday_facts["rows_seconds"] < 10
    assert everyday_facts["undo_steps"] == 1 and everyday_facts["rows_undone"] == before


def test_reopened_panel_keeps_its_width(everyday_facts):
    before, after = everyday_facts["panel_widths"]
    assert everyday_facts["panel_closed"] and before == after


def test_drawing_and_undoing_in_qgis_logs_no_error_and_qgis_exits_with_code_zero(everyday_facts):
    assert everyday_facts["log"] == [] and everyday_facts["returncode"] == 0

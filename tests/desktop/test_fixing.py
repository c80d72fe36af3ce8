# SPDX-License-Identifier: GPL-2.0-or-later
"""Test fixes in the real desktop by mouse and keyboard.

Screenshots are saved in build/screenshots.
"""

import pytest


@pytest.fixture(scope="module")
def fix_facts(desktop):
    return desktop("fixing", size="1366x768", timeout=300)


def test_conflict_drawn_by_mouse_is_fixed_from_its_preview(fix_facts):
    assert fix_facts["drawn"] and "修复…" in fix_facts["buttons"]
    assert fix_facts["can_apply"] and fix_facts["unchanged_by_preview"]
    assert any("REL002" in line for line in fix_facts["outcome"])
    assert any(row[2] not in ("", "0.00") for row in fix_facts["areas"])
    assert any(row[4] == "未改动" for row in fix_facts["areas"]), "the farmland is sealed"
    assert fix_facts["fixed"] and fix_facts["canvas_clean"]


def test_qgis_undo_restores_a_fixed_conflict_and_is_logged(fix_facts):
    assert fix_facts["undone"]
    (rows,) = fix_facts["log_rows"]
    assert [row.split(",")[2] for row in rows] == ["应用", "撤销"]


def test_dialogs_of_one_fix_and_of_a_batch_fit_a_small_screen(fix_facts):
    for size in (fix_facts["fits"], fix_facts["batch_fits"]):
        assert size[0] <= 1366 and size[1] <= 768


def test_conflict_between_two_sealed_layers_cannot_be_fixed(fix_facts):
    assert not fix_facts["sealed_can_be_fixed"]


def test_selected_feature_is_aligned_with_another_layer(fix_facts):
    assert fix_facts["aligned"] and len(fix_facts["alignment_ways"]) >= 1
    assert fix_facts["alignment_fits"][0] <= 1366 and fix_facts["alignment_fits"][1] <= 768


def test_fix_batch_ends_the_ticked_findings_and_adds_none(fix_facts):
    assert fix_facts["batch_button"].startswith("修复 ") and fix_facts["ticked"] > 0
    assert fix_facts["batch_gone"] == fix_facts["ticked"] and fix_facts["batch_new"] == 0


def test_fixing_findings_in_qgis_logs_no_error_and_qgis_exits_with_code_zero(fix_facts):
    assert fix_facts["log"] == [] and fix_facts["returncode"] == 0

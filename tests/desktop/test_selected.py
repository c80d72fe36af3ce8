# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the selected finding and the messages on edits in the real desktop.

Screenshots are saved in build/screenshots.
"""

import pytest


@pytest.fixture(
    scope="module", params=[("selected", "default"), ("selected-dark", "Night Mapping")], ids=["light", "dark"]
)
def selection_tour_facts(desktop, request):
    name, theme = request.param
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANXIAN_PICTURE", name)
        return desktop("selected", theme=theme)


def test_map_label_of_the_selected_finding_is_visible_at_every_scale(selection_tour_facts):
    assert selection_tour_facts["label_in_view"] == [True, True, True]
    assert (
        selection_tour_facts["lines"][0].startswith("REL002　")
        and "公顷（" in selection_tour_facts["lines"][1]
        and selection_tour_facts["lines"][2].startswith("A：永久基本农田保护图斑　…")
        and selection_tour_facts["lines"][3].startswith("B：城镇开发边界　…")
    )


def test_buttons_of_a_finding_select_both_overlapping_features(selection_tour_facts):
    assert selection_tour_facts["selected"] == selection_tour_facts["pair"]


def test_click_on_a_finding_on_the_map_selects_its_row_in_the_list(selection_tour_facts):
    assert selection_tour_facts["clicked"], selection_tour_facts["menus"]


def test_edit_that_causes_a_finding_shows_a_message_with_count_and_undo(selection_tour_facts):
    assert selection_tour_facts["message"].startswith("编辑后新增 ") and " 公顷" in selection_tour_facts["message"]
    assert selection_tour_facts["counter"].startswith("实时检查　本次编辑：错误 +")
    assert selection_tour_facts["undone"] and selection_tour_facts["after"].startswith("实时检查　本次编辑：错误 0")


def test_selecting_findings_in_qgis_logs_no_error_and_qgis_exits_with_code_zero(selection_tour_facts):
    assert selection_tour_facts["log"] == []
    assert selection_tour_facts["returncode"] == 0

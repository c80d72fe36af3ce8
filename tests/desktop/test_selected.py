# SPDX-License-Identifier: GPL-2.0-or-later
"""The selected finding and the notices of an edit in the real desktop.

Pictures are saved in build/screenshots.
"""

import pytest


@pytest.fixture(
    scope="module", params=[("selected", "default"), ("selected-dark", "Night Mapping")], ids=["light", "dark"]
)
def facts(desktop, request):
    name, theme = request.param
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANXIAN_PICTURE", name)
        return desktop("selected", theme=theme)


def test_the_label_is_in_view_at_every_scale(facts):
    assert facts["label_in_view"] == [True, True, True]
    assert facts["lines"][0].startswith("REL002　") and "公顷（" in facts["lines"][1] and " ↔ …" in facts["lines"][2]


def test_both_features_are_selected_by_their_buttons(facts):
    assert facts["selected"] == facts["pair"]


def test_a_click_on_the_map_selects_the_row(facts):
    assert facts["clicked"], facts["menus"]


def test_an_edit_is_reported_counted_and_undone(facts):
    assert facts["message"].startswith("编辑后新增 ") and " 公顷" in facts["message"]
    assert facts["counter"].startswith("实时检查　错误 +")
    assert facts["undone"] and facts["after"].startswith("实时检查　错误 0")


def test_no_error_was_logged_and_qgis_ended_well(facts):
    assert facts["log"] == []
    assert facts["returncode"] == 0

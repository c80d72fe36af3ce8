# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the wizard for a new county project in the real desktop, by mouse.

Screenshots are saved in build/screenshots.
"""

import pytest


@pytest.fixture(scope="module")
def wizard_tour_facts(desktop):
    return desktop("wizard")


def test_project_wizard_shows_the_crs_zones_of_the_county(wizard_tour_facts):
    assert wizard_tour_facts["inside"] == "全县都在 38 带内，距带边约 0.9°，不跨带。"
    assert (
        wizard_tour_facts["edge"].startswith("本县跨 37 带和 38 带。") and "0.044\u202f%" in wizard_tour_facts["edge"]
    )


def test_project_wizard_creates_and_opens_the_project_with_its_database(wizard_tour_facts):
    assert wizard_tour_facts["made"] and wizard_tour_facts["files"] == ["浑源县规划.gpkg", "浑源县规划.qgz"]
    assert wizard_tour_facts["said"].startswith("浑源县：13 个图层已建立") and not wizard_tour_facts["dirty"]
    assert wizard_tour_facts["at_county"] and wizard_tour_facts["ellipsoid"] == "EPSG:1024"


def test_polygon_drawn_by_mouse_gets_its_number_names_and_area(wizard_tour_facts):
    (drawn,) = wizard_tour_facts["drawn"]
    assert (drawn["BSM"], drawn["GHFQMC"]) == ("140225000000000001", "城镇集中建设区")
    assert (drawn["XZQDM"], drawn["XZQMC"]) == ("140225", "浑源县")
    # On the ellipsoid, so a little less than in the plane half a degree off the meridian.
    assert (
        drawn["MJ"] == pytest.approx(wizard_tour_facts["planar"][0], rel=2e-4)
        and drawn["MJ"] < wizard_tour_facts["planar"][0]
    )
    assert wizard_tour_facts["avoids"]


def test_feature_form_refuses_a_code_outside_the_list_and_shows_the_reason(wizard_tour_facts):
    assert wizard_tour_facts["wrong"][0] is False and wizard_tour_facts["right"] is True
    assert any("请从下拉表中选择" in text for text in wizard_tour_facts["why"]), wizard_tour_facts["why"]


def test_wizard_project_has_township_bookmarks_and_map_themes(wizard_tour_facts):
    assert wizard_tour_facts["bookmarks"] == ["永安镇", "蔡村镇"]
    assert wizard_tour_facts["themes"] == sorted(["三条控制线", "历史文化", "用地", "规划分区"])
    assert wizard_tour_facts["by_theme"] == ["XZQX", "XZQXZ", "YDYHGHFQ"]


def test_create_layers_dialog_opens_while_the_map_stays_usable(wizard_tour_facts):
    assert wizard_tour_facts["layers_dialog"]


def test_unloading_after_the_wizard_leaves_no_widgets_and_no_logged_error(wizard_tour_facts):
    for what in wizard_tour_facts["before"]:
        assert wizard_tour_facts["after"][what] == wizard_tour_facts["before"][what], what
    assert wizard_tour_facts["log"] == [] and wizard_tour_facts["returncode"] == 0


def test_project_wizard_fits_a_small_screen_with_a_dark_theme(desktop, monkeypatch):
    monkeypatch.setenv("SANXIAN_PICTURE", "wizard-dark")
    facts = desktop("wizard", size="1366x768", theme="Night Mapping")
    assert facts["dialog"][2] < 768 and facts["dialog"][3] < 1366, facts["dialog"]
    assert not facts["cut_off"] and facts["closed"]

# SPDX-License-Identifier: GPL-2.0-or-later
"""New County Plan in the real desktop, by mouse.

Pictures are saved in build/screenshots.
"""

import pytest


@pytest.fixture(scope="module")
def made(desktop):
    return desktop("wizard")


def test_the_steps_show_the_zone_of_the_county(made):
    assert made["inside"] == "全县都在 38 带内，距带边约 0.9°，不跨带。"
    assert made["edge"].startswith("本县跨 37 带和 38 带。") and "0.044\u202f%" in made["edge"]


def test_the_project_is_made_and_open(made):
    assert made["made"] and made["files"] == ["浑源县规划.gpkg", "浑源县规划.qgz"]
    assert made["said"].startswith("浑源县：13 个图层已建立") and not made["dirty"]
    assert made["at_county"] and made["ellipsoid"] == "EPSG:1024"


def test_a_polygon_drawn_by_mouse_knows_what_it_is(made):
    (drawn,) = made["drawn"]
    assert (drawn["BSM"], drawn["GHFQMC"]) == ("140225000000000001", "城镇集中建设区")
    assert (drawn["XZQDM"], drawn["XZQMC"]) == ("140225", "浑源县")
    # On the ellipsoid, so a little less than in the plane half a degree off the meridian.
    assert drawn["MJ"] == pytest.approx(made["planar"][0], rel=2e-4) and drawn["MJ"] < made["planar"][0]
    assert made["avoids"]


def test_a_wrong_code_cannot_be_saved_and_the_reason_is_shown(made):
    assert made["wrong"][0] is False and made["right"] is True
    assert any("请从下拉表中选择" in text for text in made["why"]), made["why"]


def test_bookmarks_and_themes(made):
    assert made["bookmarks"] == ["永安镇", "蔡村镇"]
    assert made["themes"] == sorted(["三条控制线", "历史文化", "用地", "规划分区"])
    assert made["by_theme"] == ["XZQX", "XZQXZ", "YDYHGHFQ"]


def test_new_layers_opens_next_to_the_map(made):
    assert made["layers_dialog"]


def test_nothing_is_left_behind(made):
    for what in made["before"]:
        assert made["after"][what] == made["before"][what], what
    assert made["log"] == [] and made["returncode"] == 0


@pytest.mark.parametrize(
    ("name", "size", "theme"),
    [("wizard-small", "1366x768", "default"), ("wizard-dark", "1600x900", "Night Mapping")],
    ids=["1366×768", "dark"],
)
def test_other_screens(desktop, monkeypatch, name, size, theme):
    monkeypatch.setenv("SANXIAN_PICTURE", name)
    facts = desktop("wizard", size=size, theme=theme)
    width, height = map(int, size.split("x"))
    assert facts["dialog"][2] < height and facts["dialog"][3] < width, facts["dialog"]
    assert not facts["cut_off"] and facts["closed"]

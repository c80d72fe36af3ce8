# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the panel of conformity in the real desktop: a project drawn with the mouse, against shapely and geodesics.

Screenshots are saved in build/screenshots.
"""

from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from pyproj import Geod

CGCS2000 = Geod(a=6378137.0, rf=298.257222101)
#: Edges of the statutory area and geodesics differ by some tenths of a square metre for edges of 200 m.
EDGES_M2 = 0.5
#: Rounding of the panel (hectares with two decimals).
ROUNDING_HA = 0.005


@pytest.fixture(scope="module")
def facts(desktop):
    return desktop("conformity_panel", size="1366x768", timeout=400)


def measure(shapes):
    """Return the sum (m²) of the areas of shapes of EPSG:4526 on the ellipsoid."""
    degrees = gpd.GeoSeries(shapes, crs=4526).to_crs(4490)
    return sum(abs(CGCS2000.geometry_area_perimeter(shapely.orient_polygons(shape))[0]) for shape in degrees)


def read_figures(shape, path):
    """Return the figures of a project by plain overlays of the layers in a file."""
    layers = {role: gpd.read_file(path, layer=role) for role in ("YJJBNTBHTB", "STBHHX", "CZKFBJ", "DLTB")}
    figures = {"area": measure([shape])}
    for role, layer in layers.items():
        shapes = shapely.make_valid(layer.geometry.to_numpy())
        near = shapely.intersects(shapes, shape)
        figures[role] = measure([shapely.intersection(shape, shapely.union_all(shapes[near]))]) if near.any() else 0.0
        if role == "YJJBNTBHTB":
            cut = shapely.intersection(shapes[near], shape)
            assert shapely.area(shapely.union_all(cut)) == pytest.approx(shapely.area(cut).sum()), "rows that overlap"
            shares = shapely.area(cut) / shapely.area(shapes[near])
            figures["net"] = float((shares * layer["YJJBNTMJ"].to_numpy()[near]).sum())
    return figures


def get_occupied(shown, name):
    """Return the occupied area (ha) of a row of the table."""
    return next(row[1] for row in shown["lines"] if row[0].startswith(name))


@pytest.mark.parametrize(
    ("state", "layers"),
    [("drawing", "layers"), ("finished", "layers"), ("edited", "edited_layers"), ("rolled_back", "layers")],
)
def test_figures_equal_plain_overlays_of_the_present_layers(facts, state, layers):
    shown = facts[state]
    expected = read_figures(shapely.from_wkb(bytes.fromhex(shown["shape"])), facts[layers])
    assert shown["area_m2"] == pytest.approx(expected["area"], abs=EDGES_M2)
    assert float(get_occupied(shown, "永久基本农田")) == pytest.approx(expected["net"] / 1e4, abs=ROUNDING_HA + 1e-4)
    assert float(get_occupied(shown, "生态保护红线")) == pytest.approx(expected["STBHHX"] / 1e4, abs=ROUNDING_HA + 1e-4)
    inside, outside = (float(text) for text in get_occupied(shown, "城镇开发边界").split("/"))
    assert inside == pytest.approx(expected["CZKFBJ"] / 1e4, abs=ROUNDING_HA + 1e-4)
    assert outside == pytest.approx((expected["area"] - expected["CZKFBJ"]) / 1e4, abs=ROUNDING_HA + 1e-4)
    classes = sum(float(row[2]) for row in shown["classes"])
    assert classes == pytest.approx(expected["DLTB"] / 1e4, abs=ROUNDING_HA * len(shown["classes"]) + 1e-4)


def test_panel_shows_verdict_marks_and_the_box_at_the_mouse(facts):
    drawn = facts["drawing"]
    assert drawn["verdict"] == "不符合" and drawn["township"] == "永安镇"
    assert [mark for _, mark in drawn["reasons"]] == ["A", "B", "B", "C"]
    assert "填写批准文号" in drawn["reasons"][0][0] and "缺图层" in drawn["missing"]
    assert drawn["at_mouse"].startswith(f"不符合    {drawn['area']}    6 点")
    assert drawn["hatched"] == ["boundary", "farmland", "red_line"]
    assert drawn["buttons"] == {"undo": True, "finish": True, "batch": False, "report": False}
    assert facts["finished"]["at_mouse"] == "" and facts["finished"]["buttons"]["report"]


def test_edit_changes_the_figures_and_a_rollback_restores_them(facts):
    assert get_occupied(facts["edited"], "永久基本农田") != get_occupied(facts["finished"], "永久基本农田")
    assert facts["edited"]["source"].endswith("已计入其后的编辑。")
    assert facts["rolled_back"]["lines"] == facts["finished"]["lines"]


def test_keys_report_and_removal(facts):
    assert facts["points_after_backspace"] == 5 and not facts["canvas_tool_after"]
    assert facts["in_batch"] == "项目 1（已入批量）" and facts["after_escape"] == [1, 0, "项目 1（已入批量）"]
    assert [Path(path).exists() for path in facts["written"]] == [True, True]
    assert "请重新检查" in facts["after_removal"]["source"]
    assert facts["after_closing"] == [0, 0, []] and not facts["left"] and facts["widgets_left"] == []
    assert facts["log"] == [] and facts["returncode"] == 0

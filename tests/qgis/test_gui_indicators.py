# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the panel of indicators: it shows those of the check, and follows edits."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QImage
from qgis.PyQt.QtTest import QTest

from plugin.core.model.indicator import LITTLE_MARGIN_LEFT, TARGET_MISSED, Indicator
from plugin.core.render.words import ReportTexts
from plugin.core.standard import load_standard
from plugin.gui.indicators.dock import (
    BAR_COLUMN,
    CHANGE_COLUMN,
    MARGIN_COLUMN,
    NAME_COLUMN,
    NOW_COLUMN,
    STATE_COLUMN,
    TARGET_COLUMN,
    IndicatorDock,
)
from plugin.gui.indicators.gauges import RatioDial, compute_scale, list_ticks
from plugin.gui.indicators.rows import compute_zone_shares, describe_ratio, make_indicator_rows
from tests.qgis.live_helpers import make_rectangle
from tests.qgis.test_gui_editing import draw_feature_in_layer, wait_for_live_check
from tests.qgis.waiting import process_events

TEXTS = ReportTexts("zh")


UNCONFIRMED = ["indicators.definitions", "ratio.form", "ratio.uncoded", "zones.codes"]


def make_ratio(value, state=LITTLE_MARGIN_LEFT):
    inputs = {"denominator_m2": 1e7, "numerator_m2": value * 1e7, "base_year": 2020}
    return Indicator(
        "expansion_ratio_n1",
        value,
        "ratio",
        "statutory/survey",
        "<=",
        1.25,
        2,
        "某县",
        inputs,
        state,
        name="扩展倍数 N1",
    )


@pytest.mark.parametrize(
    ("value", "limit", "scale"),
    [(1.2476, 1.25, (1.0, 1.3)), (1.3165, 1.3, (1.0, 1.4)), (0.93, 1.3, (0.9, 1.4)), (2.6, None, (1.0, 2.7))],
)
def test_dial_scale_contains_value_and_limit(value, limit, scale):
    low, high = compute_scale(value, limit)
    assert (low, high) == scale and low <= value <= high
    ticks = list_ticks(low, high)
    assert ticks[0] == low and ticks[-1] <= high and len(ticks) <= 6


def test_dial_draws_its_needle_farther_right_for_a_larger_ratio(qgis_app):
    def find_dark_pixels(value):
        dial = RatioDial()
        dial.resize(dial.sizeHint())
        dial.show_ratio(value, "", 1.25, 0.0, "ok")
        picture = dial.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        size = (picture.width(), picture.height())
        return {(x, y) for x in range(size[0]) for y in range(size[1]) if picture.pixelColor(x, y).lightness() < 40}

    small, large = find_dark_pixels(1.05), find_dark_pixels(1.2)
    needles = [sum(x for x, _ in pixels) / len(pixels) for pixels in (small - large, large - small)]
    assert needles[0] + 20 < needles[1]


def test_facts_on_the_ratio_give_the_area_by_which_the_boundary_may_still_grow():
    # (1.25 − 1.2476) × 1 000 ha = 2.40 ha
    facts = [text for text, _ in describe_ratio([make_ratio(1.2447)], [make_ratio(1.2476)], TEXTS)]
    assert any("2.40" in text for text in facts)
    exceeded = [text for text, _ in describe_ratio([make_ratio(1.2447)], [make_ratio(1.3, TARGET_MISSED)], TEXTS)]
    assert any("50.00" in text for text in exceeded)


def test_table_lists_areas_with_a_target_first_and_the_change_with_its_sign():
    before = [
        Indicator("agricultural_space_area", 1000.0, "km2", "statutory", name="农业空间"),
        Indicator("red_line_area", 539.02, "km2", "statutory", ">=", 538.87, 2, "规划文本", name="生态保护红线面积"),
        make_ratio(1.2),
    ]
    now = [before[0], Indicator("red_line_area", 538.5, "km2", "statutory", ">=", 538.87, 2, "规划文本", state=TARGET_MISSED, name="生态保护红线面积"), before[2]]  # fmt: skip
    rows = make_indicator_rows(before, now, TEXTS, {})
    assert [row.id for row in rows] == ["red_line_area", "agricultural_space_area"]
    assert (rows[0].change, rows[0].margin, rows[0].kind) == ("−0.52", "缺 0.37", "error")
    assert rows[0].margin_share == pytest.approx(-0.37 / 538.87)


def test_targets_of_several_plans_for_one_indicator_have_their_source():
    def make(target, source):
        return Indicator("farmland_area", 59.8, "wan_mu", "net", ">=", target, 2, source, name="永久基本农田保护面积")

    indicators = [make(60.1, "县配置"), make(63.25, "市级规划"), make_ratio(1.2)]
    assert [row.name.split(" · ")[1] for row in make_indicator_rows(indicators, indicators, TEXTS, {})] == [
        "县配置",
        "市级规划",
    ]
    assert " · " not in make_indicator_rows(indicators[:1], indicators[:1], TEXTS, {})[0].name


def test_zone_shares_sum_to_the_coded_part_of_the_boundary():
    inputs = {"concentrated_m2": 80.0, "flexible_m2": 10.0, "special_m2": 5.0, "uncoded_m2": 5.0}
    share = Indicator("boundary_concentrated_share", 80.0, "share", "statutory", inputs=inputs)
    assert compute_zone_shares([share]) == {"concentrated": 0.8, "flexible": 0.1, "special": 0.05}
    assert compute_zone_shares([]) == {}


def read_cells(dock, column):
    return {
        dock.table.item(row, NAME_COLUMN).text(): dock.table.item(row, column).text()
        for row in range(dock.table.rowCount())
    }


def test_panel_follows_an_edit_and_its_undo(checked):
    controller, layers = checked
    dock = controller.indicators
    dock.show()
    before = read_cells(dock, NOW_COLUMN)
    boundary = next(name for name in before if "开发边界" in name)
    assert not any(text.strip("−0. ") for text in read_cells(dock, CHANGE_COLUMN).values())
    draw_feature_in_layer(layers["CZKFBJ"], make_rectangle(50, 200), BSM="140225000050", GHFQDM="410")
    wait_for_live_check(controller)
    assert read_cells(dock, NOW_COLUMN)[boundary] != before[boundary]
    assert read_cells(dock, CHANGE_COLUMN)[boundary].startswith("+")
    layers["CZKFBJ"].undoStack().undo()
    wait_for_live_check(controller)
    assert read_cells(dock, NOW_COLUMN) == before
    assert all(read_cells(dock, STATE_COLUMN).values())


def test_panel_is_empty_without_a_result(open_controller):
    controller, _ = open_controller
    dock = controller.indicators
    dock.show()
    assert not dock.table.isVisible() and not dock.dial.isVisible() and dock.note.text()
    controller.actions["indicator_panel"].setChecked(False)
    assert not dock.isVisible()


# --- county and townships
@pytest.fixture
def dock(chinese, qgis_app):
    dock = IndicatorDock()
    dock.resize(1200, 400)
    yield dock
    dock.deleteLater()


def show_indicators(dock, indicators, unconfirmed=(), rules=()):
    norm = SimpleNamespace(get=lambda _name: 0.01, standard=load_standard(), is_confirmed=lambda _name: False)
    plan = SimpleNamespace(norm=norm)
    report = SimpleNamespace(indicators=indicators, unconfirmed_items=list(unconfirmed), rules=list(rules))
    dock.show_result(SimpleNamespace(report=report, check_result=SimpleNamespace(plan=plan)))


def make_farmland(value, place=""):
    return Indicator("farmland_area", value, "km2", "net", ">=", 10.0, 2, "任务", name="耕地保有量", place=place)


def test_explanations_name_what_is_not_confirmed(dock):
    ratio = replace(make_ratio(1.2), confirmed=False)
    share = replace(make_farmland(20.0), id="construction_land_area", confirmed=False)
    show_indicators(
        dock, [ratio, share, replace(make_farmland(8.0), inputs={"layer": "YJJBNTBHTB"}, backed=False)], UNCONFIRMED
    )
    assert dock.explanation.text().partition("未经确认*：")[2] == "扩展倍数算法、开发边界的规划分区代码"
    tips = [dock.table.item(row, NAME_COLUMN).toolTip() for row in range(2)]
    assert (
        sorted("各项指标的口径" in tip for tip in tips) == [False, True]
        and sum("永久基本农田保护图斑的面积与图形不符" in tip for tip in tips) == 1
    )
    opened = []
    dock.profile_requested.connect(lambda: opened.append(True))
    dock.confirm_link.linkActivated.emit("profile")
    assert opened and dock.confirm_link.isVisibleTo(dock)
    show_indicators(dock, [make_ratio(1.2)], ["zones.codes"])
    assert dock.explanation.text() and "未经确认" not in dock.explanation.text()
    assert not dock.confirm_link.isVisibleTo(dock)


def test_share_of_a_rule_names_the_settings_of_the_rule(dock):
    share = Indicator("boundary_flexible_share", 12.0, "share", "statutory", name="占比", confirmed=False)
    rules = [SimpleNamespace(code="LAW020", unconfirmed=["zones.codes", "targets.centre_area"])]
    show_indicators(dock, [make_ratio(1.2), share], UNCONFIRMED, rules)
    tip = dock.table.item(0, NAME_COLUMN).toolTip()
    assert tip.partition("未经确认*：")[2] == "规划分区代码"


@pytest.mark.parametrize("size", [(1200, 250), (300, 400)])
def test_explanation_is_visible_without_scrolling_and_that_of_the_ratio_returns_after_a_click(dock, size):
    dock.resize(*size)
    dock.show()
    areas = [replace(make_farmland(20.0 + n), name=f"耕地保有量{n}", confirmed=False) for n in range(9)]
    show_indicators(dock, [replace(make_ratio(1.2), confirmed=False), *areas], UNCONFIRMED)
    process_events(0.1)
    ratio_text = dock.explanation.text()
    assert "扩展倍数算法" in ratio_text and "扩展倍数算法" in dock.ratio_title.toolTip()
    dock.table.selectRow(8)
    process_events(0.1)
    assert "耕地保有量8" in dock.explanation.text()
    row = dock.table.visualItemRect(dock.table.item(8, NOW_COLUMN))
    assert dock.table.viewport().visibleRegion().contains(row.center())
    assert not dock.explanation.visibleRegion().isEmpty()
    assert dock.explanation.visibleRegion().boundingRect() == dock.explanation.rect()
    dock.resize(size[0] - 10, size[1])
    assert "扩展倍数算法" in dock.ratio_title.toolTip()
    QTest.mouseClick(dock.ratio_title, Qt.MouseButton.LeftButton)
    assert dock.explanation.text() == ratio_text and "扩展倍数算法" in dock.ratio_title.toolTip()


def test_targets_of_two_years_with_one_value_stay_two_rows(dock):
    years = [
        replace(make_farmland(12.0), name=f"耕地保有量（{year} 年）", target_source=year) for year in ("2025", "2035")
    ]
    show_indicators(dock, [make_ratio(1.2), *years])
    assert [dock.table.item(row, NAME_COLUMN).text()[:12] for row in range(2)] == [
        "耕地保有量（2025 年",
        "耕地保有量（2035 年",
    ]
    dock.show_edited([replace(one, value=13.0) for one in years], frozenset())
    assert read_now(dock) == ["13.00", "13.00"] and "2025" in dock.table.item(0, NAME_COLUMN).text()


def test_changed_settings_are_stated_until_the_next_check_for_each_place(dock):
    show_indicators(dock, [make_ratio(1.2), make_farmland(20.0), make_farmland(11.0, "永安镇")])
    dock.note_changed_settings()
    dock.place.setCurrentIndex(1)
    assert "重新检查" in dock.note.text() and dock.note.isVisibleTo(dock)
    show_indicators(dock, [make_ratio(1.2)])
    assert not dock.note.text()


def read_now(dock):
    return [dock.table.item(row, NOW_COLUMN).text() for row in range(dock.table.rowCount())]


def test_township_is_chosen_and_its_figures_are_marked_as_those_of_the_check_after_an_edit(dock):
    indicators = [make_ratio(1.2), make_farmland(20.0), make_farmland(11.0, "永安镇"), make_farmland(9.0, "蔡村镇")]
    show_indicators(dock, indicators)
    assert [dock.place.itemText(n) for n in range(dock.place.count())] == ["全县", "永安镇", "蔡村镇"]
    assert read_now(dock) == ["20.00"] and dock.dial.isVisibleTo(dock)
    dock.place.setCurrentIndex(2)
    assert read_now(dock) == ["9.00"] and not dock.dial.isVisibleTo(dock) and not dock.note.text()
    dock.show_edited([make_ratio(1.21), make_farmland(19.5)], set())
    assert read_now(dock) == ["9.00"] and "耕地保有量" in dock.note.text()
    dock.place.setCurrentIndex(0)
    assert read_now(dock) == ["19.50"] and not dock.note.text()
    # The chosen township stays chosen after the next check.
    dock.place.setCurrentIndex(1)
    show_indicators(dock, indicators)
    assert dock.place.currentText() == "永安镇" and read_now(dock) == ["11.00"]


@pytest.mark.parametrize("digits", [109, 64, 44, 27])
def test_no_figure_is_cut_and_nothing_scrolls_sideways_at_any_width_of_the_panel(dock, digits):
    names = ("耕地保有量", "弹性发展区与集中建设区之比的上限及其他说明")
    areas = [Indicator(f"area_{n}", 1234.5678, "km2", "net", ">=", 1230.0, 2, "任务", name=n) for n in names]
    dock.resize(dock.fontMetrics().horizontalAdvance("0") * digits, 357)
    dock.show()
    show_indicators(dock, [make_ratio(1.2), *areas])
    process_events(0.1)
    table = dock.table
    shown = [n for n in range(table.columnCount()) if not table.isColumnHidden(n)]
    assert {NAME_COLUMN, NOW_COLUMN} <= set(shown)
    assert (MARGIN_COLUMN in shown) == (digits > 27) and (BAR_COLUMN in shown) == (digits == 109)
    for column in shown:
        for row in range(table.rowCount()):
            item, least = table.item(row, column), table.sizeHintForIndex(table.model().index(row, column)).width()
            assert table.columnWidth(column) >= least or (column == NAME_COLUMN and item.text()[:5] in item.toolTip())
    for area in (table, dock.area):
        assert area.horizontalScrollBar().maximum() == 0
    has_target_below = table.item(0, NOW_COLUMN).text() == "1\u202f234.57\n≥ 1\u202f230.00"
    assert (TARGET_COLUMN in shown) != has_target_below and has_target_below == (digits == 27)
    assert STATE_COLUMN in shown or not table.item(0, NAME_COLUMN).icon().isNull()
    assert "1.2" in dock.ratio_title.text() or dock.dial.isVisible()
    assert not dock.place.isVisible(), "there are no townships to choose"

# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the selected finding: its mark and label on the map, and its features."""

import math
import re

import pytest
import shapely
from qgis.core import QgsGeometry, QgsProject, QgsRectangle
from qgis.gui import QgsMapCanvas, QgsMapToolPan
from qgis.PyQt.QtCore import QPoint, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QLabel, QMenu, QToolButton

from plugin.bridge.checking import findings_layer
from plugin.core.model.rule import Severity
from plugin.gui.findings import selection as selection_module
from plugin.gui.findings.features import find_layer_of_role, list_feature_refs
from plugin.gui.findings.groups import format_hectares_in_list, format_label_lines, format_side_lines
from plugin.gui.findings.map_marks import (
    FIRST_FEATURE_STROKES,
    SECOND_FEATURE_STROKES,
    FindingMapMark,
    compute_label_position,
)
from plugin.paths import STYLES_FOLDER
from tests.qgis.gui_helpers import X, Y, make_finding
from tests.qgis.live_helpers import make_rectangle
from tests.qgis.test_gui_editing import draw_feature_in_layer, wait_for_live_check
from tests.qgis.test_gui_work import FINDINGS_CRS
from tests.qgis.waiting import process_events, wait_until

YELLOW, BLACK = QColor("#FFE800"), QColor("#000000")


@pytest.fixture
def canvas(qgis_app, project):
    canvas = QgsMapCanvas()
    canvas.resize(QSize(800, 600))
    canvas.setDestinationCrs(FINDINGS_CRS)
    canvas.setExtent(QgsRectangle(X, Y, X + 40_000, Y + 30_000))
    canvas.show()
    yield canvas
    canvas.deleteLater()


def count_pixels(canvas, colour):
    """Count the pixels of the map canvas that have a colour."""
    image = canvas.grab().toImage()
    wanted = colour.rgb() & 0xFFFFFF
    return sum(image.pixel(x, y) & 0xFFFFFF == wanted for x in range(image.width()) for y in range(image.height()))


@pytest.mark.parametrize("scale", [500, 5_000, 50_000, 500_000])
def test_mark_of_the_selected_finding_is_visible_at_every_scale(canvas, scale):
    mark = FindingMapMark(canvas)
    one = make_finding("REL002", "140225000000000001", 3_000.0, width_m=71.2)
    assert count_pixels(canvas, YELLOW) == 0
    mark.show_finding(one, FINDINGS_CRS)
    canvas.zoomScale(scale)
    wait_until(lambda: not canvas.isDrawing())
    assert mark.callout.spot is not None
    assert count_pixels(canvas, YELLOW) > 60 and count_pixels(canvas, BLACK) > 60
    assert QRectF(canvas.rect()).contains(mark.callout.label)
    mark.clear()
    assert count_pixels(canvas, YELLOW) == 0


def test_label_on_a_narrow_map_has_a_line_for_each_figure(canvas):
    mark = FindingMapMark(canvas)
    mark.show_finding(make_finding("REL002", "140225000000000001", 818_678.32, width_m=459.66), FINDINGS_CRS)
    wide = list(mark.callout.lines)
    canvas.resize(QSize(150, 600))
    assert wait_until(lambda: " ".join(mark.callout.lines[1:3]).split() == wide[1].split())


def test_finding_that_is_small_on_the_map_is_marked_by_a_ring(canvas):
    mark = FindingMapMark(canvas)
    mark.show_finding(make_finding("REL002", "1", 12_640.35), FINDINGS_CRS)
    assert not mark.callout.is_small
    canvas.zoomScale(200_000)
    assert mark.callout.is_small


def test_label_of_the_selected_finding_is_hidden_while_out_of_view(canvas):
    mark = FindingMapMark(canvas)
    mark.show_finding(make_finding("REL002", "1", 12_640.35), FINDINGS_CRS)
    home = canvas.extent()
    canvas.setExtent(QgsRectangle(X + 50_000, Y, X + 60_000, Y + 8_000))
    assert mark.callout.spot is None
    canvas.setExtent(home)
    assert mark.callout.spot is not None


def test_mark_of_a_partly_visible_finding_is_placed_on_the_visible_part(canvas):
    mark = FindingMapMark(canvas)
    mark.show_finding(make_finding("REL002", "1", 1_000_000.0), FINDINGS_CRS)
    canvas.setExtent(QgsRectangle(X + 9_900, Y + 10, X + 9_990, Y + 80))
    assert canvas.rect().contains(mark.callout.spot.toPoint())


def test_map_label_states_rule_township_area_width_and_both_feature_keys(chinese):
    one = make_finding(
        "REL002",
        "140225000000001374",
        12_640.35,
        related_role="CZKFBJ",
        related_keys=["140225000000000003"],
        width_m=71.2,
    )
    assert format_label_lines(one) == ["REL002　永安镇", "1.26 公顷（12\u202f640.35 m²）　宽 71.20 m"]
    names = {"YJJBNTBHTB": "永久基本农田保护图斑", "CZKFBJ": "城镇开发边界"}
    assert format_side_lines(one, names.get) == {
        "A": "A：永久基本农田保护图斑　…001374",
        "B": "B：城镇开发边界　…000003",
    }
    without_place = make_finding("ATT001", "", None, "")
    assert format_label_lines(without_place) == ["ATT001"] and format_side_lines(without_place, names.get) == {}


def test_outlines_of_both_features_have_colours_that_no_layer_symbol_uses():
    used = {
        tuple(map(int, rgb))
        for path in STYLES_FOLDER.glob("*.qml")
        for rgb in re.findall(r'value="(\d+),(\d+),(\d+),\d+', path.read_text(encoding="utf-8"))
    }
    assert len(used) > 50
    tops = [QColor(strokes[-1][0]) for strokes in (FIRST_FEATURE_STROKES, SECOND_FEATURE_STROKES)]
    for top in tops:
        assert min(math.dist(rgb, (top.red(), top.green(), top.blue())) for rgb in used) > 50
    assert FIRST_FEATURE_STROKES[-1][2] != SECOND_FEATURE_STROKES[-1][2], "colour alone does not tell them apart"


def test_features_with_the_edges_of_the_finding_are_both_visible(canvas):
    one, mark = make_finding("TOP001", "1", 12_640.35), FindingMapMark(canvas)
    shape = QgsGeometry()
    shape.fromWkb(one.geometry.wkb)
    colours = [QColor(strokes[-1][0]) for strokes in (FIRST_FEATURE_STROKES, SECOND_FEATURE_STROKES)]
    for order in (1, -1):
        outlines = [(shape, FINDINGS_CRS, is_first) for is_first in (True, False)][::order]
        mark.show_finding(one, FINDINGS_CRS, features=outlines)
        wait_until(lambda: not canvas.isDrawing())
        assert min(count_pixels(canvas, colour) for colour in (*colours, YELLOW)) > 100


def test_hidden_layer_of_a_finding_is_listed_with_a_button_that_shows_it(overlap_on_canvas):
    controller, pair = overlap_on_canvas
    controller.selection.select_finding(pair)
    assert controller.dock.detail.findChild(QToolButton, "SanxianShowLayer") is None
    layer = find_layer_of_role(QgsProject.instance(), controller.dock.result, pair.related_role)
    node = QgsProject.instance().layerTreeRoot().findLayer(layer.id())
    node.setItemVisibilityChecked(False)
    controller.dock.refresh_hidden_layers()
    texts = [label.text() for label in controller.dock.detail.findChildren(QLabel)]
    assert f"图层“{layer.name()}”没有显示。" in texts
    controller.dock.detail.findChild(QToolButton, "SanxianShowLayer").click()
    assert node.isVisible()
    process_events(0.01)
    assert controller.dock.detail.widget().findChild(QToolButton, "SanxianShowLayer") is None


def test_hidden_layer_of_a_finding_is_shown_while_it_is_selected_in_the_list(overlap_on_canvas):
    controller, pair = overlap_on_canvas
    project = QgsProject.instance()
    layer = find_layer_of_role(project, controller.dock.result, pair.related_role)
    node = project.layerTreeRoot().findLayer(layer.id())
    node.setItemVisibilityChecked(False)
    project.setDirty(False)
    controller.selection.go_to_finding(pair)
    controller.selection.go_to_finding(pair)
    assert node.isVisible()
    controller.selection.go_to_finding(None)
    assert not node.isVisible() and not project.isDirty()
    node.setItemVisibilityChecked(True)
    controller.selection.go_to_finding(pair)
    controller.selection.go_to_finding(None)
    assert node.isVisible(), "the user had switched it on"


def list_codes_on_map():
    layer = findings_layer.find_findings_layer(QgsProject.instance())
    return sorted(feature["code"] for feature in layer.getFeatures())


def list_listed_codes(controller):
    return sorted(f.code for f in controller.dock.tree.findings.list_visible_findings())


@pytest.mark.parametrize("rows_per_batch", [5_000, 1])
def test_map_shows_only_findings_that_pass_the_filters_of_the_list(overlap_on_canvas, monkeypatch, rows_per_batch):
    monkeypatch.setattr(findings_layer, "ROWS_PER_BATCH", rows_per_batch)
    controller, pair = overlap_on_canvas
    dock, every = controller.dock, list_codes_on_map()
    assert every == list_listed_codes(controller) and pair.code in every
    dock.verdict.buttons[str(pair.severity)].setChecked(False)
    assert (
        wait_until(lambda: list_codes_on_map() == list_listed_codes(controller))
        and pair.code not in list_codes_on_map()
    )
    centre = pair.geometry.representative_point()
    area = controller.selection._make_click_area(map_to_pixel(controller, centre.x, centre.y))
    assert pair not in controller.on_map.find_visible_findings(area)
    dock.clear_filters()
    assert wait_until(lambda: list_codes_on_map() == every)
    dock.filters.search.setText(pair.code)
    assert wait_until(lambda: set(list_codes_on_map()) == {pair.code})
    # Switching the layer off and on keeps the filter.
    controller.on_map.set_shown(False)
    controller.on_map.set_shown(True)
    assert wait_until(lambda: set(list_codes_on_map()) == {pair.code})
    dock.filters.search.clear()
    assert wait_until(lambda: list_codes_on_map() == every)


def test_findings_layer_that_is_off_or_covered_is_listed_with_a_button_that_shows_it(overlap_on_canvas):
    controller, pair = overlap_on_canvas
    root = QgsProject.instance().layerTreeRoot()
    shown = findings_layer.find_findings_layer(QgsProject.instance())
    controller.selection.select_finding(pair)

    def find_button():
        process_events(0.01)
        return controller.dock.detail.widget().findChild(QToolButton, "SanxianShowLayer")

    assert find_button() is None
    root.findLayer(shown.id()).parent().setItemVisibilityChecked(False)
    controller.dock.refresh_hidden_layers()
    assert find_button().text() == "显示图层"
    find_button().click()
    assert root.findLayer(shown.id()).isVisible() and find_button() is None
    # A layer of polygons is moved above the findings.
    node = root.findLayer(find_layer_of_role(QgsProject.instance(), controller.dock.result, pair.role).id())
    root.insertChildNode(0, node.clone())
    node.parent().removeChildNode(node)
    controller.dock.refresh_hidden_layers()
    texts = [label.text() for label in controller.dock.detail.widget().findChildren(QLabel)]
    assert any("被遮住" in text and shown.name() in text for text in texts) and find_button().text() == "移到最上层"
    find_button().click()
    assert root.layerOrder()[0].id() == shown.id() and find_button() is None
    assert findings_layer.find_findings_layer(QgsProject.instance()) == shown, "moving it keeps the layer"
    assert shown.featureCount() == len(list_listed_codes(controller))


def test_selecting_a_rule_removes_the_mark_of_the_finding_selected_before(overlap_on_canvas):
    controller, pair = overlap_on_canvas
    controller.selection.select_finding(pair)
    assert controller.mark.is_shown
    tree = controller.dock.tree
    tree.setCurrentIndex(tree.currentIndex().parent())
    assert tree.get_selected_finding() is None and not controller.mark.is_shown


@pytest.mark.parametrize(
    ("area", "text"),
    [(0.2, "< 0.0001 公顷"), (900.0, "0.0900 公顷"), (9_999.9, "1.0000 公顷"), (52_000.0, "5.20 公顷")],
)
def test_map_label_areas_have_two_decimals_in_hectares_and_four_below_one_hectare(area, text):
    assert format_hectares_in_list(area) == text


@pytest.mark.parametrize(
    ("finding_box", "name"),
    [
        (QRectF(300, 200, 50, 50), "below right"),
        (QRectF(700, 500, 50, 50), "above left"),
        (QRectF(20, 500, 50, 50), "above right"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_map_label_does_not_cover_the_finding_and_is_inside_the_canvas(finding_box, name):
    canvas = QRectF(0, 0, 800, 600)
    label = compute_label_position((150, 60), finding_box, canvas, 20)
    assert canvas.contains(label) and not label.intersects(finding_box)
    assert (label.top() > finding_box.bottom()) == name.startswith("below")
    assert (label.left() > finding_box.right()) == name.endswith("right")


def test_map_label_is_placed_in_a_corner_if_the_finding_fills_the_view():
    canvas = QRectF(0, 0, 800, 600)
    label = compute_label_position((150, 60), canvas, canvas, 20)
    assert canvas.contains(label) and label.bottom() == 580 and label.right() == 780


@pytest.mark.parametrize(
    ("finding_box", "is_shown"), [(QRectF(120, 70, 30, 25), True), (QRectF(60, 30, 70, 40), False)]
)
def test_map_label_on_a_small_map_is_in_a_free_corner_or_left_out(finding_box, is_shown):
    canvas = QRectF(0, 0, 160, 100)
    label = compute_label_position((110, 60), finding_box, canvas, 20)
    assert (label is not None) == is_shown
    assert label is None or (canvas.contains(label) and not label.intersects(finding_box))


def test_map_label_is_left_out_if_it_would_hide_the_finding_that_fills_a_small_view():
    canvas = QRectF(0, 0, 160, 65)
    assert compute_label_position((150, 60), canvas, canvas, 20) is None


# --- its features
def find_overlap_finding(controller, code="REL002"):
    return next(f for f in controller.dock.result.findings if f.code == code)


@pytest.fixture
def selected_overlap(checked):
    """Draw a part of the boundary over farmland.

    Return controller, layers and the overlap finding.
    """
    controller, layers = checked
    draw_feature_in_layer(layers["CZKFBJ"], make_rectangle(50, 200), BSM="140225000050", GHFQDM="410")
    wait_for_live_check(controller)
    return controller, layers, find_overlap_finding(controller)


def list_buttons(controller, text):
    return [b for b in controller.dock.detail.findChildren(QToolButton) if b.text() == text]


def test_detail_buttons_select_both_features_of_an_overlap(selected_overlap):
    controller, layers, pair = selected_overlap
    controller.dock.tree.select_finding(pair)
    assert len(list_buttons(controller, "选中")) == 2
    names = [label.text() for label in controller.dock.detail.findChildren(QLabel)]
    assert f"永久基本农田保护图斑\n{pair.key}" in names and f"城镇开发边界\n{pair.related_keys[0]}" in names
    for button, role in zip(list_buttons(controller, "选中"), (pair.role, pair.related_role), strict=True):
        button.click()
        assert controller.iface.active is layers[role]
    keys = [[f["BSM"] for f in layers[role].selectedFeatures()] for role in (pair.role, pair.related_role)]
    assert keys == [[pair.key], pair.related_keys]


def test_selecting_both_overlapping_features_of_one_layer_keeps_both_selected(selected_overlap):
    controller, layers, _pair = selected_overlap
    draw_feature_in_layer(layers["CZKFBJ"], make_rectangle(60, 210), BSM="140225000051", GHFQDM="410")
    wait_for_live_check(controller)
    twice = find_overlap_finding(controller, "TOP001")
    layers["CZKFBJ"].selectAll()
    refs = list_feature_refs(twice)
    others = [f.id() for f in layers["CZKFBJ"].getFeatures() if f["BSM"] not in {ref.key for ref in refs}]
    assert others, "something else was selected"
    controller.dock.tree.select_finding(twice)
    for button in list_buttons(controller, "选中"):
        button.click()
    assert {f["BSM"] for f in layers["CZKFBJ"].selectedFeatures()} == {"140225000050", "140225000051"}


def test_detail_buttons_open_the_forms_of_both_overlapping_features(selected_overlap, monkeypatch):
    controller, layers, pair = selected_overlap
    opened = []
    monkeypatch.setattr(
        type(controller.iface),
        "openFeatureForm",
        lambda _self, layer, feature, *_how: opened.append((layer, feature["BSM"])),
    )
    controller.dock.tree.select_finding(pair)
    for button in list_buttons(controller, "属性表单"):
        button.click()
    assert opened == [(layers[pair.role], pair.key), (layers[pair.related_role], pair.related_keys[0])]


def test_selecting_a_feature_that_no_longer_exists_reports_it(selected_overlap):
    controller, layers, pair = selected_overlap
    controller.dock.tree.select_finding(pair)
    controller.editing.set_enabled(False)
    layers["CZKFBJ"].undoStack().undo()
    list_buttons(controller, "选中")[1].click()
    assert controller.dock.note.text() == "该要素已不在工程中。"


def test_both_features_of_the_selected_finding_are_outlined_on_the_map(selected_overlap):
    controller, _layers, pair = selected_overlap
    controller.mark.clear()
    without = len(controller.iface.mapCanvas().scene().items())
    controller.mark.show_finding(pair, controller.dock.result.crs, zoom=False)
    alone = len(controller.iface.mapCanvas().scene().items())
    controller.selection.show_on_map(pair, zoom=False)
    assert without < alone < len(controller.iface.mapCanvas().scene().items())


def test_findings_on_layers_or_files_refer_to_no_feature():
    assert list_feature_refs(make_finding("SCH002", "", None)) == []
    assert list_feature_refs(make_finding("DOC001", "a/b.pdf", None, role="")) == []


# --- a click on the map
def map_to_pixel(controller, x, y):
    point = controller.iface.mapCanvas().getCoordinateTransform().transform(x, y)
    return QPoint(round(point.x()), round(point.y()))


@pytest.fixture
def overlap_on_canvas(selected_overlap):
    """Show the findings layer on the map canvas at the overlap.

    Return controller and finding.
    """
    controller, _layers, pair = selected_overlap
    canvas = controller.iface.mapCanvas()
    canvas.setLayers([findings_layer.find_findings_layer(QgsProject.instance())])
    canvas.setExtent(QgsRectangle(*shapely.buffer(pair.geometry, 200).bounds))
    tool = QgsMapToolPan(canvas)
    canvas.setMapTool(tool)
    yield controller, pair
    canvas.unsetMapTool(tool)


def click_on_finding(controller, finding_):
    centre = finding_.geometry.representative_point()
    viewport = controller.iface.mapCanvas().viewport()
    QTest.mouseClick(
        viewport,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
        map_to_pixel(controller, centre.x, centre.y),
    )


def test_clicking_a_finding_on_the_map_selects_it_without_changing_the_scale(overlap_on_canvas, monkeypatch):
    controller, pair = overlap_on_canvas
    monkeypatch.setattr(controller.selection, "make_menu", lambda found: pytest.fail(f"{[f.code for f in found]}"))
    monkeypatch.setattr(controller.on_map, "find_visible_findings", lambda area: [pair])
    scale = controller.iface.mapCanvas().scale()
    click_on_finding(controller, pair)
    assert controller.dock.tree.get_selected_finding() is pair and controller.mark.is_shown
    assert controller.iface.mapCanvas().scale() == scale, "the planner is there already"


def test_findings_at_a_map_point_are_sorted_by_severity(overlap_on_canvas):
    controller, pair = overlap_on_canvas
    centre = pair.geometry.representative_point()
    found = controller.on_map.find_visible_findings(
        controller.selection._make_click_area(map_to_pixel(controller, centre.x, centre.y))
    )
    assert pair in found
    ranks = ["ERROR", "WARNING", "INFO"]
    assert [ranks.index(str(f.severity)) for f in found] == sorted(ranks.index(str(f.severity)) for f in found)
    assert controller.on_map.find_visible_findings(controller.selection._make_click_area(QPoint(3, 3))) == []
    controller.actions["layer"].setChecked(False)
    assert (
        controller.on_map.find_visible_findings(
            controller.selection._make_click_area(map_to_pixel(controller, centre.x, centre.y))
        )
        == []
    )


def test_clicking_several_findings_on_the_map_opens_a_menu_of_them(overlap_on_canvas, monkeypatch):
    controller, pair = overlap_on_canvas
    other = next(f for f in controller.dock.result.findings if f is not pair and f.geom_kind != "none")
    monkeypatch.setattr(controller.on_map, "find_visible_findings", lambda area: [pair, other])
    offered = []

    def choose(menu, *_where):
        offered.extend(action.text() for action in menu.actions())
        menu.actions()[1].trigger()

    monkeypatch.setattr(QMenu, "exec", choose)
    click_on_finding(controller, pair)
    assert len(offered) == 2 and offered[0].startswith("REL002")
    assert controller.dock.tree.get_selected_finding() is other


def test_menu_of_findings_at_a_map_point_ends_with_the_count_of_those_beyond_its_limit(overlap_on_canvas, monkeypatch):
    controller, pair = overlap_on_canvas
    monkeypatch.setattr(selection_module, "MAX_MENU_FINDINGS", 2)
    menu = controller.selection.make_menu([pair] * 5)
    assert [a.text() for a in menu.actions()][2] == "另有 3 处问题"
    assert not menu.actions()[2].isEnabled()


def test_long_line_of_the_menu_of_findings_is_cut_and_its_tool_tip_has_the_whole_text(overlap_on_canvas):
    controller, _pair = overlap_on_canvas
    message = "耕地保护目标缺必需的字段 KCMJ（扣除地类面积，类型为小数），" * 6
    menu = controller.selection.make_menu([make_finding("SCH002", "", None, "", message=message)])
    (action,) = menu.actions()
    assert action.text().startswith("SCH002") and action.text().endswith("…")
    assert menu.fontMetrics().horizontalAdvance(action.text()) <= menu.fontMetrics().horizontalAdvance("0") * 60
    assert message in action.toolTip() and menu.toolTipsVisible()


def test_selecting_a_finding_hidden_by_the_filter_marks_it_and_mentions_the_filter(overlap_on_canvas):
    controller, pair = overlap_on_canvas
    controller.dock.verdict.buttons["ERROR"].setChecked(False)
    controller.selection.select_finding(pair)
    assert controller.mark.is_shown and "筛选" in controller.dock.note.text()


def test_filter_that_hides_the_selected_finding_removes_its_mark_from_the_map(overlap_on_canvas):
    controller, pair = overlap_on_canvas
    controller.selection.select_finding(pair)
    assert controller.dock.tree.get_selected_finding() is pair and controller.mark.is_shown
    controller.dock.filters.search.setText("SCH")
    assert wait_until(lambda: controller.dock.tree.get_selected_finding() is None)
    assert not controller.mark.is_shown


def test_dragging_the_map_or_using_a_drawing_tool_selects_no_finding(overlap_on_canvas, monkeypatch):
    controller, pair = overlap_on_canvas
    monkeypatch.setattr(
        controller.selection, "select_finding_at_position", lambda place: pytest.fail("no click of ours")
    )
    canvas = controller.iface.mapCanvas()
    viewport, none = canvas.viewport(), Qt.KeyboardModifier.NoModifier
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, none, QPoint(100, 100))
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, none, QPoint(180, 160))
    from qgis.gui import QgsMapToolEmitPoint

    drawing = QgsMapToolEmitPoint(canvas)
    canvas.setMapTool(drawing)
    click_on_finding(controller, pair)
    canvas.unsetMapTool(drawing)


def test_map_marks_of_errors_and_warnings_have_different_icons(canvas):
    mark = FindingMapMark(canvas)
    images = []
    for severity in (Severity.ERROR, Severity.WARNING):
        mark.show_finding(make_finding("REL002", "1", 40_000.0, severity=severity), FINDINGS_CRS)
        images.append(mark.callout.icon.toImage())
    assert images[0] != images[1]


def test_click_on_a_finding_in_the_map_selects_nothing_after_map_selection_was_stopped(overlap_on_canvas, monkeypatch):
    controller, pair = overlap_on_canvas
    controller.selection.stop()
    monkeypatch.setattr(controller.selection, "select_finding_at_position", lambda place: pytest.fail("stopped"))
    click_on_finding(controller, pair)
    assert not controller.mark.is_shown
    process_events(0.01)

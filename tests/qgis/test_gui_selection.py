# SPDX-License-Identifier: GPL-2.0-or-later
"""The selected finding: mark at every scale, its features, map clicks."""

import pytest
import shapely
from qgis.core import QgsProject, QgsRectangle
from qgis.gui import QgsMapCanvas, QgsMapToolPan
from qgis.PyQt.QtCore import QPoint, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QLabel, QMenu, QToolButton

from plugin.core.model.rule import Severity
from plugin.gui.findings import selection as selection_module
from plugin.gui.findings.features import features_of
from plugin.gui.findings.groups import format_hectares, format_label_lines
from plugin.gui.findings.map_marks import MapMark, place_label
from tests.qgis.gui_helpers import X, Y, make_finding
from tests.qgis.live_helpers import make_rectangle
from tests.qgis.test_gui_editing import checked, draw, open_controller, wait_for_live_check  # noqa: F401
from tests.qgis.test_gui_work import HOME
from tests.qgis.waiting import process_events, wait_until

YELLOW, BLACK = QColor("#FFE800"), QColor("#000000")


@pytest.fixture
def canvas(qgis_app, project):
    canvas = QgsMapCanvas()
    canvas.resize(QSize(800, 600))
    canvas.setDestinationCrs(HOME)
    canvas.setExtent(QgsRectangle(X, Y, X + 40_000, Y + 30_000))
    canvas.show()
    yield canvas
    canvas.deleteLater()


def count_pixels(canvas, colour):
    """Count the pixels of the canvas that have a colour."""
    image = canvas.grab().toImage()
    wanted = colour.rgb() & 0xFFFFFF
    return sum(image.pixel(x, y) & 0xFFFFFF == wanted for x in range(image.width()) for y in range(image.height()))


@pytest.mark.parametrize("scale", [500, 5_000, 50_000, 500_000])
def test_the_selected_finding_stands_out_at_every_scale(canvas, scale):
    mark = MapMark(canvas)
    one = make_finding("REL002", "140225000000000001", 3_000.0, width_m=71.2)
    assert count_pixels(canvas, YELLOW) == 0
    mark.show(one, HOME)
    canvas.zoomScale(scale)
    wait_until(lambda: not canvas.isDrawing())
    assert mark.callout.spot is not None
    assert count_pixels(canvas, YELLOW) > 60 and count_pixels(canvas, BLACK) > 60
    assert QRectF(canvas.rect()).contains(mark.callout.label)
    mark.clear()
    assert count_pixels(canvas, YELLOW) == 0


def test_a_small_finding_has_a_ring(canvas):
    mark = MapMark(canvas)
    mark.show(make_finding("REL002", "1", 12_640.35), HOME)
    assert not mark.callout.is_small
    canvas.zoomScale(200_000)
    assert mark.callout.is_small


def test_out_of_view_the_label_goes_and_comes_back(canvas):
    mark = MapMark(canvas)
    one = make_finding("REL002", "1", 12_640.35)
    mark.show(one, HOME)
    home = canvas.extent()
    canvas.setExtent(QgsRectangle(X + 50_000, Y, X + 60_000, Y + 8_000))
    assert mark.callout.spot is None
    canvas.setExtent(home)
    assert mark.callout.spot is not None


def test_where_only_a_part_is_in_view_the_mark_is_on_that_part(canvas):
    mark = MapMark(canvas)
    mark.show(make_finding("REL002", "1", 1_000_000.0), HOME)
    canvas.setExtent(QgsRectangle(X + 9_900, Y + 10, X + 9_990, Y + 80))
    assert canvas.rect().contains(mark.callout.spot.toPoint())


def test_label_names_code_place_area_width_and_both_keys(chinese):
    one = make_finding(
        "REL002",
        "140225000000001374",
        12_640.35,
        related_role="CZKFBJ",
        related_keys=["140225000000000003"],
        width_m=71.2,
    )
    assert format_label_lines(one) == [
        "REL002　永安镇",
        "1.26 公顷（12\u202f640.35 m²）　宽 71.2 m",
        "…001374 ↔ …000003",
    ]
    assert format_label_lines(make_finding("ATT001", "", None, "")) == ["ATT001"]


@pytest.mark.parametrize(
    ("area", "text"),
    [(0.2, "< 0.0001 公顷"), (900.0, "0.0900 公顷"), (9_999.9, "1.0000 公顷"), (52_000.0, "5.20 公顷")],
)
def test_areas_in_hectares(area, text):
    assert format_hectares(area) == text


@pytest.mark.parametrize(
    ("finding_box", "name"),
    [
        (QRectF(300, 200, 50, 50), "below right"),
        (QRectF(700, 500, 50, 50), "above left"),
        (QRectF(20, 500, 50, 50), "above right"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_label_is_clear_of_the_finding_and_inside_the_canvas(finding_box, name):
    canvas = QRectF(0, 0, 800, 600)
    label = place_label((150, 60), finding_box, canvas, 20)
    assert canvas.contains(label) and not label.intersects(finding_box)
    assert (label.top() > finding_box.bottom()) == name.startswith("below")
    assert (label.left() > finding_box.right()) == name.endswith("right")


def test_label_over_a_finding_that_fills_the_view_is_in_a_corner():
    canvas = QRectF(0, 0, 800, 600)
    label = place_label((150, 60), canvas, canvas, 20)
    assert canvas.contains(label) and label.bottom() == 580 and label.right() == 780


# --- its features
def find_pair(controller, code="REL002"):
    return next(f for f in controller.dock.result.findings if f.code == code)


@pytest.fixture
def overlap(checked):  # noqa: F811
    """Make a finding between a farmland parcel and a piece of the boundary."""
    controller, layers = checked
    draw(layers["CZKFBJ"], make_rectangle(50, 200), BSM="140225000050", GHFQDM="410")
    wait_for_live_check(controller)
    return controller, layers, find_pair(controller)


def buttons(controller, text):
    return [b for b in controller.dock.detail.findChildren(QToolButton) if b.text() == text]


def test_both_features_of_a_pair_can_be_selected(overlap):
    controller, layers, pair = overlap
    controller.dock.tree.select(pair)
    assert len(buttons(controller, "选中")) == 2
    names = [label.text() for label in controller.dock.detail.findChildren(QLabel)]
    assert f"永久基本农田保护图斑\n{pair.key}" in names and f"城镇开发边界\n{pair.related_keys[0]}" in names
    for button, role in zip(buttons(controller, "选中"), (pair.role, pair.related_role), strict=True):
        button.click()
        assert controller.iface.active is layers[role]
    keys = [[f["BSM"] for f in layers[role].selectedFeatures()] for role in (pair.role, pair.related_role)]
    assert keys == [[pair.key], pair.related_keys]


def test_both_features_of_one_layer_stay_selected(overlap):
    controller, layers, _pair = overlap
    draw(layers["CZKFBJ"], make_rectangle(60, 210), BSM="140225000051", GHFQDM="410")
    wait_for_live_check(controller)
    twice = find_pair(controller, "TOP001")
    layers["CZKFBJ"].selectAll()
    refs = features_of(twice)
    others = [f.id() for f in layers["CZKFBJ"].getFeatures() if f["BSM"] not in {ref.key for ref in refs}]
    assert others, "something else was selected"
    controller.dock.tree.select(twice)
    for button in buttons(controller, "选中"):
        button.click()
    assert {f["BSM"] for f in layers["CZKFBJ"].selectedFeatures()} == {"140225000050", "140225000051"}


def test_both_features_of_a_pair_can_be_opened(overlap, monkeypatch):
    controller, layers, pair = overlap
    opened = []
    monkeypatch.setattr(
        type(controller.iface),
        "openFeatureForm",
        lambda _self, layer, feature, *_how: opened.append((layer, feature["BSM"])),
    )
    controller.dock.tree.select(pair)
    for button in buttons(controller, "属性表单"):
        button.click()
    assert opened == [(layers[pair.role], pair.key), (layers[pair.related_role], pair.related_keys[0])]


def test_a_missing_feature_is_reported(overlap):
    controller, layers, pair = overlap
    controller.dock.tree.select(pair)
    controller.editing.set_on(False)
    layers["CZKFBJ"].undoStack().undo()
    buttons(controller, "选中")[1].click()
    assert controller.dock.note.text() == "该要素已不在工程中。"


def test_features_are_outlined_in_distinct_strokes(overlap):
    controller, _layers, pair = overlap
    controller.mark.clear()
    without = len(controller.iface.mapCanvas().scene().items())
    controller.mark.show(pair, controller.dock.result.crs, zoom=False)
    alone = len(controller.iface.mapCanvas().scene().items())
    controller.selection.show(pair, zoom=False)
    assert without < alone < len(controller.iface.mapCanvas().scene().items())


def test_findings_on_layers_and_files_name_no_feature():
    assert features_of(make_finding("SCH002", "", None)) == []
    assert features_of(make_finding("DOC001", "a/b.pdf", None, role="")) == []


# --- a click on the map
def map_to_pixel(controller, x, y):
    point = controller.iface.mapCanvas().getCoordinateTransform().transform(x, y)
    return QPoint(round(point.x()), round(point.y()))


@pytest.fixture
def shown(overlap):
    """Show the findings layer on the canvas at the overlap."""
    controller, _layers, pair = overlap
    from plugin.bridge.checking import findings_layer

    canvas = controller.iface.mapCanvas()
    canvas.setLayers([findings_layer.find_findings_layer(QgsProject.instance())])
    canvas.setExtent(QgsRectangle(*shapely.buffer(pair.geometry, 200).bounds))
    tool = QgsMapToolPan(canvas)
    canvas.setMapTool(tool)
    yield controller, pair
    canvas.unsetMapTool(tool)


def click(controller, finding_):
    centre = finding_.geometry.representative_point()
    viewport = controller.iface.mapCanvas().viewport()
    QTest.mouseClick(
        viewport,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
        map_to_pixel(controller, centre.x, centre.y),
    )


def test_a_click_on_the_map_selects_the_row(shown, monkeypatch):
    controller, pair = shown
    monkeypatch.setattr(controller.selection, "menu", lambda found: pytest.fail(f"{[f.code for f in found]}"))
    monkeypatch.setattr(controller.on_map, "findings_in", lambda area: [pair])
    scale = controller.iface.mapCanvas().scale()
    click(controller, pair)
    assert controller.dock.tree.current() is pair and controller.mark.shown
    assert controller.iface.mapCanvas().scale() == scale, "the planner is there already"


def test_findings_at_a_point_are_sorted_by_severity(shown):
    controller, pair = shown
    centre = pair.geometry.representative_point()
    found = controller.on_map.findings_in(controller.selection._around(map_to_pixel(controller, centre.x, centre.y)))
    assert pair in found
    ranks = ["ERROR", "WARNING", "INFO"]
    assert [ranks.index(str(f.severity)) for f in found] == sorted(ranks.index(str(f.severity)) for f in found)
    assert controller.on_map.findings_in(controller.selection._around(QPoint(3, 3))) == []
    controller.actions["layer"].setChecked(False)
    assert (
        controller.on_map.findings_in(controller.selection._around(map_to_pixel(controller, centre.x, centre.y))) == []
    )


def test_several_findings_at_a_point_open_a_menu(shown, monkeypatch):
    controller, pair = shown
    other = next(f for f in controller.dock.result.findings if f is not pair and f.geom_kind != "none")
    monkeypatch.setattr(controller.on_map, "findings_in", lambda area: [pair, other])
    offered = []

    def choose(menu, *_where):
        offered.extend(action.text() for action in menu.actions())
        menu.actions()[1].trigger()

    monkeypatch.setattr(QMenu, "exec", choose)
    click(controller, pair)
    assert len(offered) == 2 and offered[0].startswith("REL002")
    assert controller.dock.tree.current() is other


def test_the_menu_of_a_point_is_limited_and_counts_the_rest(shown, monkeypatch):
    controller, pair = shown
    monkeypatch.setattr(selection_module, "OFFERED", 2)
    menu = controller.selection.menu([pair] * 5)
    assert [a.text() for a in menu.actions()][2] == "另有 3 处问题"
    assert not menu.actions()[2].isEnabled()


def test_selecting_a_filtered_finding_marks_and_reports_it(shown):
    controller, pair = shown
    controller.dock.verdict.buttons["ERROR"].setChecked(False)
    controller.selection.pick(pair)
    assert controller.mark.shown and "筛选" in controller.dock.note.text()


def test_a_drag_and_a_drawing_tool_select_nothing(shown, monkeypatch):
    controller, pair = shown
    monkeypatch.setattr(controller.selection, "click", lambda place: pytest.fail("no click of ours"))
    canvas = controller.iface.mapCanvas()
    viewport, none = canvas.viewport(), Qt.KeyboardModifier.NoModifier
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, none, QPoint(100, 100))
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, none, QPoint(180, 160))
    from qgis.gui import QgsMapToolEmitPoint

    drawing = QgsMapToolEmitPoint(canvas)
    canvas.setMapTool(drawing)
    click(controller, pair)
    canvas.unsetMapTool(drawing)


def test_waived_and_warning_marks_have_their_own_icon(canvas):
    mark = MapMark(canvas)
    images = []
    for severity in (Severity.ERROR, Severity.WARNING):
        mark.show(make_finding("REL002", "1", 40_000.0, severity=severity), HOME)
        images.append(mark.callout._icon.toImage())
    assert images[0] != images[1]


def test_a_stopped_selection_leaves_the_canvas_unchanged(shown, monkeypatch):
    controller, pair = shown
    controller.selection.stop()
    monkeypatch.setattr(controller.selection, "click", lambda place: pytest.fail("stopped"))
    click(controller, pair)
    assert not controller.mark.shown
    process_events(0.01)

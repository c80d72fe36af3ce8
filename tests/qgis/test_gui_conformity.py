# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the panel of conformity: map tool, figures that follow the mouse, stale results, edits, and removal."""

import threading
from dataclasses import replace

import pytest
from pyproj import Geod
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsRectangle,
)
from qgis.gui import QgsMapMouseEvent
from qgis.PyQt.QtCore import QEvent, QPoint, Qt
from qgis.PyQt.QtGui import QKeyEvent
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QInputDialog, QPushButton

from plugin.bridge.checking import drawn_projects
from plugin.gui.conformity import controller as conformity_module
from plugin.gui.conformity.figures import PanelFigures, Reason
from plugin.gui.conformity.map_tool import ProjectMapTool
from plugin.gui.conformity.projects import PanelProject, ProjectFactsDialog
from tests.qgis.helpers import X, Y, make_square, make_table, write_small
from tests.qgis.live_helpers import make_rectangle
from tests.qgis.test_gui_editing import check, wait_for_live_check
from tests.qgis.waiting import process_events, wait_until

CGCS2000 = Geod(a=6378137.0, rf=298.257222101)
#: Edges of the statutory area and geodesics differ by some hundredths of a square metre for edges of a hundred metres.
EDGES_M2 = 0.05


@pytest.fixture
def panel(checked):
    """Yield the panel of a checked small plan, in view, and the plan's layers."""
    controller, layers = checked
    canvas = controller.iface.mapCanvas()
    canvas.setFixedSize(600, 600)
    canvas.setExtent(QgsRectangle(X - 100, Y - 100, X + 400, Y + 400))
    controller.actions["conformity"].trigger()
    process_events(0.05)
    return controller.conformity, layers, controller


def send(tool, kind, x, y, button=Qt.MouseButton.NoButton):
    """Send a mouse event at a point of the map (metres from the corner of the plan) to the tool."""
    canvas = tool.canvas()
    pixel = canvas.getCoordinateTransform().transform(QgsPointXY(X + x, Y + y))
    event = QgsMapMouseEvent(canvas, kind, QPoint(round(pixel.x()), round(pixel.y())), button)
    (tool.canvasMoveEvent if kind == QEvent.Type.MouseMove else tool.canvasReleaseEvent)(event)


def move(tool, x, y):
    send(tool, QEvent.Type.MouseMove, x, y)


def click(tool, x, y):
    send(tool, QEvent.Type.MouseButtonRelease, x, y, Qt.MouseButton.LeftButton)


def press(tool, key):
    """Press a key; return True if QGIS may act on it too."""
    event = QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier)
    tool.keyPressEvent(event)
    return event.isAccepted()


def wait_for_figures(panel):
    assert wait_until(lambda: panel.is_current)


def draw_triangle(panel):
    """Draw two points and move to a third; the figures are shown."""
    panel.toggle_drawing()
    panel.dock.form.use.setCurrentIndex(panel.dock.form.use.findData("13"))
    click(panel.tool, 10, 10)
    click(panel.tool, 90, 10)
    move(panel.tool, 50, 90)
    wait_for_figures(panel)


def measure(geometry):
    """Return the area (m²) of a geometry of the map on the ellipsoid, with geodesic edges."""
    degrees = QgsGeometry(geometry)
    source, target = (QgsCoordinateReferenceSystem(f"EPSG:{code}") for code in (4526, 4490))
    degrees.transform(QgsCoordinateTransform(source, target, QgsProject.instance()))
    ring = degrees.asPolygon()[0]
    return abs(CGCS2000.polygon_area_perimeter([p.x() for p in ring], [p.y() for p in ring])[0])


def get_cells(panel, row):
    table = panel.dock.line_table
    return [table.item(row, column).text() for column in range(table.columnCount())]


def test_panel_offers_a_check_first_then_ways_to_get_a_project(open_controller):
    controller, _ = open_controller
    dock = controller.conformity.dock
    controller.actions["conformity"].trigger()
    assert dock.isVisible() and not dock.form.isEnabled()
    assert dock.empty.label.text() == "还没有检查过。占用情况取自最近一次检查的图层。"
    assert [button.text() for button in dock.empty.list_buttons()] == ["全面检查"]
    dock.empty.list_buttons()[0].click()
    assert wait_until(lambda: controller.dock.result is not None)
    wait_for_live_check(controller)
    assert dock.empty.label.text() == "绘制项目范围，选中要素，或读入文件（含界址点）。"
    assert [button.text() for button in dock.empty.list_buttons()] == ["绘制", "文件…"]
    assert dock.form.isEnabled() and not any(button.isEnabled() for button in dock.buttons.values())


def test_figures_follow_the_mouse_and_equal_an_independent_area(panel):
    panel, _, _ = panel
    draw_triangle(panel)
    figures = panel.dock.figures
    drawn = panel.tool.make_geometry()
    assert figures.area_m2 == pytest.approx(measure(drawn), abs=EDGES_M2)
    # The triangle is in the parcel and the farmland of the corner, and meets the red line east of x = 80.
    red = drawn.intersection(make_rectangle(80, 0, 200, 100))
    assert panel.dock.summary.word.text() == "不符合" and figures.township == ""
    assert get_cells(panel, 0)[:2] == ["永久基本农田", panel.dock.summary.area.text().removesuffix(" 公顷")]
    shown = next(row for row in figures.lines if row.name == "生态保护红线")
    assert float(shown.occupied) == pytest.approx(red.area() / 1e4, abs=6e-5)
    assert shown.word == "未能判定"
    move(panel.tool, 50, 60)
    wait_for_figures(panel)
    assert panel.dock.figures.area_m2 == pytest.approx(measure(panel.tool.make_geometry()), abs=EDGES_M2)
    assert panel.at_mouse.label.isVisible() and panel.at_mouse.label.text().startswith("不符合")
    assert sorted(panel.marks.lines) == ["farmland", "red_line"]
    panel.tool.cancel()
    assert panel.marks.lines == [] and len(panel.tool._bands) == 0 and panel.projects.items == []


def test_too_few_points_show_no_area_and_no_verdict(panel):
    panel, _, _ = panel
    panel.toggle_drawing()
    click(panel.tool, 10, 10)
    move(panel.tool, 50, 50)
    assert panel.dock.summary.word.text() == "—" and panel.dock.summary.area.text() == "—"
    assert not panel.dock.buttons["finish"].isEnabled() and panel.dock.buttons["undo"].isEnabled()
    panel.tool.cancel()


def test_crossing_outline_states_the_remedy_and_the_next_move_is_reviewed(panel):
    panel, _, _ = panel
    panel.toggle_drawing()
    for x, y in ((0, 0), (90, 90), (90, 0)):
        click(panel.tool, x, y)
    move(panel.tool, 0, 90)
    wait_for_figures(panel)
    assert panel.dock.figures.area_m2 is None
    assert "边线自相交，不能计算。请移动或撤销这个点。" in panel.dock.summary.remark.text()
    move(panel.tool, 95, -30)
    wait_for_figures(panel)
    assert panel.dock.figures.area_m2 == pytest.approx(measure(panel.tool.make_geometry()), abs=EDGES_M2)
    panel.tool.cancel()


def test_keys_and_buttons_of_the_map_tool(panel):
    panel, _, controller = panel
    tool, canvas = panel.tool, controller.iface.mapCanvas()
    panel.toggle_drawing()
    for x, y in ((0, 0), (90, 0), (90, 90), (0, 90)):
        click(tool, x, y)
    assert not press(tool, Qt.Key.Key_Backspace), "QGIS would delete selected features for an accepted key"
    assert len(tool.points) == 3
    panel.dock.buttons["undo"].click()
    assert len(tool.points) == 2
    send(tool, QEvent.Type.MouseButtonRelease, 0, 0, Qt.MouseButton.RightButton)
    assert panel.projects.current.is_drawing, "an outline needs three points"
    click(tool, 90, 90)
    send(tool, QEvent.Type.MouseButtonRelease, 0, 0, Qt.MouseButton.RightButton)
    wait_for_figures(panel)
    assert panel.projects.current.is_finished and canvas.mapTool() is not tool
    assert panel.dock.buttons["batch"].isEnabled() and panel.dock.buttons["report"].isEnabled()
    panel.dock.buttons["batch"].click()
    assert panel.dock.form.projects.itemText(0) == "项目 1（已入批量）" and panel.projects.current is None
    panel.choose_project(0)
    facts = ProjectFactsDialog([panel.projects.current])
    for key, text in (("name", "产业园"), ("number", "XM-1"), ("applicant", "某公司")):
        facts.lines[0][key].setText(text)
    facts.accept()
    shape = panel.projects.current.make_shape()
    assert [shape.attributes[key] for key in facts.lines[0]] == ["产业园", "XM-1", "某公司"]
    panel.projects.current.is_in_batch = False
    panel.toggle_drawing()
    drawing = panel.projects.current
    assert drawing.name == "项目 1" and "number" not in drawing.attributes, "facts belong to another place"
    click(tool, 0, 0)
    assert not press(tool, Qt.Key.Key_Escape)
    assert [one.name for one in panel.projects.items] == ["产业园"] and panel.dock.form.projects.count() == 2


def test_use_chosen_before_the_first_drawing_is_that_of_the_project(panel):
    panel, _, _ = panel
    form = panel.dock.form
    if not form.use.count():
        panel.refresh()
    form.use.setCurrentIndex(form.use.findData("13"))
    assert panel.projects.current is None and form.use.currentData() == "13"
    assert form.use.minimumWidth() > form.fontMetrics().horizontalAdvance("13 城镇用地"), "a line has a width beside it"
    assert form.width_box.isHidden(), "a polygon has no width"
    panel.toggle_drawing()
    assert panel.projects.current.attributes["use"] == "13" == form.use.currentData()


def test_use_chosen_among_the_offered_ones_is_shown_without_the_indent_of_the_list(panel):
    use = panel[0].dock.form.use
    panel[0].refresh()
    use.setFocus()
    QTest.keyClicks(use.lineEdit(), "1001")
    completer = use.completer()
    completer.complete()
    offered = completer.completionModel().index(0, 0)
    assert offered.data().strip() == "1001 工业用地" != offered.data(), "a lower class is indented in the list"
    completer.popup().setCurrentIndex(offered)
    QTest.keyClick(completer.popup(), Qt.Key.Key_Return)
    assert use.lineEdit().text() == "1001 工业用地"
    # The same row once more, in the list itself.
    use.showPopup()
    QTest.keyClick(use.view(), Qt.Key.Key_Return)
    assert use.lineEdit().text() == "1001 工业用地" and use.currentData() == "1001"


def test_result_of_a_cancelled_drawing_is_dropped(panel):
    panel, _, _ = panel
    draw_triangle(panel)
    stale = panel.requested_number
    panel.tool.cancel()
    figures = {0: PanelFigures("fails", "不符合", "9 ha", 9e4)}
    panel.reviewer._pass_on(stale, figures, None)
    assert panel.dock.figures.area_m2 is None
    panel.toggle_drawing()
    panel.reviewer._pass_on(stale, figures, None)
    assert panel.dock.figures.area_m2 is None
    panel.tool.cancel()


def test_latest_position_wins_and_waiting_ones_are_dropped(panel, monkeypatch):
    panel, _, _ = panel
    draw_triangle(panel)
    begun, go_on, reviewed = threading.Event(), threading.Event(), []
    review = drawn_projects._Reviews.review

    def review_slowly(self, request, *others):
        reviewed.append(request.number)
        begun.set()
        assert go_on.wait(60)
        return review(self, request, *others)

    monkeypatch.setattr(drawn_projects._Reviews, "review", review_slowly)
    move(panel.tool, 50, 80)
    first = panel.requested_number
    assert wait_until(begun.is_set)
    for y in range(20, 80, 10):
        move(panel.tool, 50, y)
    last = panel.requested_number
    assert wait_until(lambda: panel.dock.summary.state.text() == "计算中") and not panel.dock.summary.word.isEnabled()
    go_on.set()
    wait_for_figures(panel)
    assert reviewed == [first, last] and last == first + 6
    assert panel.dock.summary.state.text() == "" and panel.dock.summary.word.isEnabled()
    assert panel.dock.figures.area_m2 == pytest.approx(measure(panel.tool.make_geometry()), abs=EDGES_M2)
    panel.tool.cancel()


def test_error_of_a_review_is_shown_and_the_next_position_is_reviewed(panel, monkeypatch):
    panel, _, _ = panel
    draw_triangle(panel)

    def fail(*_all):
        raise ZeroDivisionError("broken")

    with monkeypatch.context() as patch:
        patch.setattr(drawn_projects._Reviews, "review", fail)
        move(panel.tool, 50, 70)
        wait_for_figures(panel)
    assert "ZeroDivisionError" in panel.dock.summary.remark.text() and panel.dock.figures.area_m2 is None
    move(panel.tool, 50, 75)
    wait_for_figures(panel)
    assert panel.dock.figures.area_m2 is not None
    panel.tool.cancel()


def test_line_takes_its_width_and_use_decides_on_the_verdict(panel):
    panel, _, _ = panel
    form = panel.dock.form
    form.kind.setCurrentIndex(form.kind.findData("line"))
    panel.toggle_drawing()
    click(panel.tool, 10, 50)
    move(panel.tool, 60, 50)
    wait_for_figures(panel)
    assert panel.dock.figures.area_m2 is None and "宽度" in panel.dock.summary.remark.text()
    form.show_kind("line")
    assert not form.width_box.isHidden()
    form.width.setValue(10.0)
    wait_for_figures(panel)
    width = panel.tool.make_geometry().length() * 10.0
    assert panel.dock.figures.area_m2 == pytest.approx(width, rel=2e-4), "on the ellipsoid, not in the plane"
    assert panel.dock.summary.word.text() == "不符合" and "请选择用途" in panel.dock.summary.remark.text()
    form.use.setCurrentIndex(form.use.findData("13"))
    wait_for_figures(panel)
    assert panel.dock.summary.word.text() == "不符合"
    panel.tool.cancel()


def test_document_of_approval_makes_occupied_farmland_conditional(panel, monkeypatch):
    panel, _, _ = panel
    draw_triangle(panel)
    click(panel.tool, 50, 60)
    panel.tool.finish()
    wait_for_figures(panel)
    assert panel.dock.figures.lines[0].word == "不符合"
    monkeypatch.setattr(QInputDialog, "getText", lambda *_all, **_more: (" 自然资函〔2026〕1号 ", True))
    panel.ask_for_approval()
    wait_for_figures(panel)
    assert panel.dock.figures.lines[0].word == "有条件" and "自然资函〔2026〕1号" in panel.dock.figures.lines[0].tip
    conditional = [one for one in panel.dock.figures.reasons if one.outcome == "conditional"]
    assert conditional and all(one.short == one.text for one in conditional), "the condition is the reason"


def test_figures_count_unsaved_edits_and_follow_their_undo(panel):
    panel, layers, controller = panel
    draw_triangle(panel)
    click(panel.tool, 50, 60)
    panel.tool.finish()
    wait_for_figures(panel)
    before = panel.dock.figures.lines[0]
    assert before.occupied != "0" and panel.dock.source_note.text().endswith("检查的状态。")
    farmland = layers["YJJBNTBHTB"]
    farmland.startEditing()
    farmland.beginEditCommand("delete")
    farmland.deleteFeature(1)
    farmland.endEditCommand()
    assert wait_until(lambda: panel.dock.figures.lines[0].occupied == "0")
    wait_for_live_check(controller)
    assert panel.dock.source_note.text().endswith("已计入其后的编辑。") and "farmland" not in panel.marks.lines
    farmland.undoStack().undo()
    assert wait_until(lambda: panel.dock.figures.lines[0] == before)


def test_selected_features_and_a_file_become_projects_of_the_batch(panel, tmp_path):
    panel, layers, controller = panel
    parcels = layers["DLTB"]
    controller.iface.setActiveLayer(parcels)
    panel.take_selected()
    assert panel.projects.items == [] and "没有选中要素" in panel._bar._message.text()
    parcels.selectByIds([1, 2])
    panel.take_selected()
    wait_for_figures(panel)
    assert [one.is_in_batch for one in panel.projects.items] == [True, True] and panel.dock.form.projects.count() == 3
    assert "2 个项目已加入批量" in panel._bar._message.text()
    numbered, unnumbered = make_square(0, 0, 50, 50), make_square(50, 0, 90, 50)
    keyed = tmp_path / "图斑.gpkg"
    make_table([numbered, unnumbered], BSM=["140225000000000007", None]).to_file(keyed, layer="图斑")
    panel.add_file(str(keyed))
    assert [one.name for one in panel.projects.items[2:]] == ["图斑 140225000000000007", "图斑 2"]
    del panel.projects.items[2:]
    path = tmp_path / "项目.gpkg"
    table = make_table([make_square(0, 0, 50, 50)], XMMC=["加油站"], YDYHFLDM=["13"])
    table.to_file(path, layer="xm")
    canvas = controller.iface.mapCanvas()
    canvas.setExtent(QgsRectangle(X + 5000, Y + 5000, X + 5100, Y + 5100))
    panel.add_file(str(path))
    wait_for_figures(panel)
    assert canvas.extent().contains(QgsPointXY(X + 25, Y + 25)), "the map moves to the project"
    shown = canvas.extent()
    panel.choose_project(panel.projects.current_position)
    assert canvas.extent() == shown, "a project in sight leaves the map as it is"
    assert panel.projects.current.name == "加油站" and panel.dock.form.use.currentData() == "13"
    assert panel.dock.figures.area_m2 == pytest.approx(2500.0, rel=2e-4)
    panel.choose_project(0)
    wait_for_figures(panel)
    assert panel.dock.figures.area_m2 == pytest.approx(10_000.0, rel=2e-4)


def test_use_of_one_project_is_given_to_all_without_one(panel, tmp_path):
    panel, _, _ = panel
    path, form = tmp_path / "项目.gpkg", panel.dock.form
    make_table([make_square(x, 0, x + 30, 50) for x in (0, 30, 60)], YDYHFLDM=[None, "09", None]).to_file(path)
    panel.add_file(str(path))
    assert form.use_for_others.isHidden(), "the current project has no use"
    form.use.setCurrentIndex(form.use.findData("13"))
    assert not form.use_for_others.isHidden() and form.use_for_others.text() == "另 1 个没有用途的项目也用此用途"
    form.use_for_others.click()
    assert [one.attributes["use"] for one in panel.projects.items] == ["13", "09", "13"]
    assert form.use_for_others.isHidden()
    wait_for_figures(panel)


def test_reasons_after_the_first_ones_are_shown_by_a_link(panel):
    summary = panel[0].dock.summary
    reasons = tuple(Reason("undetermined", f"理由{number}。", f"理由{number}。") for number in range(6))
    summary.show_figures(PanelFigures("undetermined", "未能判定", reasons=reasons))
    shown = [line for line in summary.lines if not line.isHidden()]
    assert len(shown) == 4 and "显示另 2 条理由" in summary.more.text()
    summary.more.linkActivated.emit("more")
    assert [line.label.text() for line in summary.lines if not line.isHidden()] == [one.short for one in reasons]
    assert summary.more.isHidden()


def test_window_asks_which_of_two_contradictory_fields_applies(panel, tmp_path, monkeypatch):
    panel, _, _ = panel
    path = tmp_path / "项目.gpkg"
    fields = {"XMMC": ["站"], "规划用途": ["13"], "用途": ["09"], "供地方式": ["出让"], "GDFS": ["划拨"]}
    make_table([make_square(0, 0, 50, 50)], **fields).to_file(path, layer="xm")
    panel.add_file(str(path))
    wait_for_figures(panel)
    asking = {reason.asks: reason for reason in panel.dock.figures.reasons if reason.choices}
    assert set(asking) == {"use", "supply"} and panel.dock.summary.word.text() == "不符合"
    assert "规划用途" in asking["use"].text and "“09”" in asking["use"].text
    offered = []
    monkeypatch.setattr(
        QInputDialog, "getItem", lambda _parent, _title, _text, items, *_: offered.append(items) or (items[1], True)
    )
    for reason in asking.values():
        panel.dock.summary.asked.emit(reason)
        wait_for_figures(panel)
    assert offered[0] == ["规划用途: 13", "用途: 09"]
    assert panel.projects.current.attributes["use"] == "09" and panel.dock.form.use.currentData() == "09"
    assert not [reason for reason in panel.dock.figures.reasons if reason.choices]
    assert panel.dock.summary.word.text() == "不符合"


def test_use_chosen_in_the_form_settles_contradictory_fields(panel, tmp_path):
    panel, _, _ = panel
    path = tmp_path / "项目.gpkg"
    make_table([make_square(0, 0, 50, 50)], 规划用途=["13"], 用途=["09"]).to_file(path, layer="xm")
    panel.add_file(str(path))
    wait_for_figures(panel)
    panel.dock.form.use.setCurrentIndex(panel.dock.form.use.findData("12"))
    wait_for_figures(panel)
    assert not [reason for reason in panel.dock.figures.reasons if reason.choices]
    assert panel.dock.summary.word.text() == "不符合"


def test_width_below_a_tenth_of_a_metre_is_refused_in_the_window(panel):
    panel, _, _ = panel
    panel.dock.form.kind.setCurrentIndex(1)
    panel.dock.form._on_kind_chosen()
    panel.toggle_drawing()
    for x, y in ((10, 10), (90, 10)):
        click(panel.tool, x, y)
    panel.tool.finish()
    panel.dock.form.width.setValue(0.05)
    wait_for_figures(panel)
    assert panel.dock.figures.area_m2 is None and "0.05" in panel.dock.summary.remark.text()


def test_boundary_points_are_imported_before_they_are_read(panel, tmp_path):
    panel, _, _ = panel
    layer = write_small(tmp_path / "地块.gpkg", YJJBNTBHTB=None, STBHHX=None, CZKFBJ=None)
    asked = []
    panel._import_points = lambda path: asked.append(path) or str(layer)
    panel.add_file(str(tmp_path / "界址点.txt"))
    wait_for_figures(panel)
    assert asked == [str(tmp_path / "界址点.txt")] and len(panel.projects.items) == 2
    panel._import_points = lambda path: ""
    panel.add_file("x.xlsx")
    assert len(panel.projects.items) == 2, "the user cancelled"


def test_report_writes_opinion_workbook_and_layer_of_the_batch(panel, tmp_path):
    import geopandas as gpd
    from docx import Document
    from openpyxl import load_workbook

    panel, layers, controller = panel
    layers["DLTB"].selectByIds([1, 2])
    controller.iface.setActiveLayer(layers["DLTB"])
    panel.take_selected()
    wait_for_figures(panel)
    selected, other = [one.make_shape() for one in panel.projects.list_reported()]
    shapes = [selected, replace(other, origin=drawn_projects.ProjectShape(b"", "").origin)]
    bar = controller.iface.messageBar()
    for suffix in (".docx", ".xlsx", ".gpkg"):
        path = tmp_path / f"报告{suffix}"
        panel.report.write(panel.plan.get_data(), shapes, str(path))
        assert wait_until(path.exists)
        assert wait_until(lambda name=path.name: bar.currentItem() is not None and name in bar.currentItem().text())
        buttons = {one.text(): one for one in bar.currentItem().findChildren(QPushButton)}
        if suffix == ".docx":
            buttons["再存同名 PDF"].click()
            assert wait_until((tmp_path / "报告.pdf").exists), "without a question"
        else:
            assert not {"再存同名 PDF", "再存同名 Word"} & buttons.keys()
    parts = gpd.read_file(tmp_path / "报告.gpkg")
    assert sorted(parts.loc[parts["item"] == "project", "row"]) == [1, 2]
    assert parts.loc[parts["item"] == "project", "area_m2"].iloc[0] == pytest.approx(panel.dock.figures.area_m2)
    opinion = Document(tmp_path / "报告.docx")
    assert any("审查意见" in one.text for one in opinion.paragraphs) and len(opinion.inline_shapes) >= 2, "a map each"
    cells = " ".join(cell.text for table in opinion.tables for row in table.rows for cell in row.cells)
    assert f"{layers['DLTB'].name()}，第 1 行，面" in cells and "在地图上绘制，面" in cells
    assert (tmp_path / "报告.pdf").read_bytes().startswith(b"%PDF")
    sheet = load_workbook(tmp_path / "报告.xlsx").worksheets[0]
    assert any(one.name in str(cell.value) for one in panel.projects.items for row in sheet for cell in row)


def test_use_and_shape_chosen_after_adding_to_the_batch_are_those_of_the_next_project(panel):
    panel, _, _ = panel
    draw_triangle(panel)
    click(panel.tool, 50, 90)
    panel.tool.finish()
    panel.add_to_batch()
    form, batched = panel.dock.form, panel.projects.items[0]
    assert panel.projects.current is None and form.use.currentData() == "13"
    outlines = panel.marks._outlines
    assert not outlines[True] and len(outlines[False]) == 1, "the project of the batch stays on the map"
    assert panel.dock.pages.currentIndex() == 0 and panel.dock.buttons["report"].isEnabled()
    assert (
        "批量中有 1 个项目" in panel.dock.empty.label.text()
        and "沿用上一项目的用途" in panel.dock.empty.label.text()
        and form.projects.currentText() == "新项目（批量 1 个）"
    )
    form.use.setCurrentIndex(form.use.findData("1202"))
    form.kind.setCurrentIndex(form.kind.findData("line"))
    form.kind.activated.emit(form.kind.currentIndex())
    form.width.setValue(20)
    assert batched.attributes["use"] == "13" and "width" not in batched.attributes
    panel.toggle_drawing()
    drawing = panel.projects.drawing
    assert (drawing.kind, drawing.attributes) == ("line", {"use": "1202", "width": "20"})
    # Removing the drawing, then the project of the batch, leaves none.
    form.buttons["remove"].click()
    assert panel.projects.items == [batched] and not panel.tool.points
    form.buttons["remove"].click()
    assert not panel.projects.items and not form.buttons["remove"].isEnabled() and not outlines[False]
    assert not panel.dock.buttons["report"].isEnabled()
    restore = next(one for one in panel._bar._message.findChildren(QPushButton) if one.text() == "恢复")
    restore.click()
    wait_for_figures(panel)
    assert panel.projects.current is batched and len(outlines[True]) == 1
    form.projects.activated.emit(form.projects.count() - 1)
    assert panel.projects.current is None and len(outlines[False]) == 1, "the fields are those of a new project"
    assert not outlines[True] and panel.marks.lines == []
    form.use.setCurrentIndex(form.use.findData("13"))
    assert batched.attributes["use"] == panel.projects.next_attributes["use"] == "13"


def test_end_of_the_key_begins_the_name_in_the_list_of_projects():
    key = "140225000007000753"
    assert PanelProject(f"永久基本农田保护图斑 {key}", attributes={"key": key}).label == "…000753 永久基本农田保护图斑"
    assert PanelProject("加油站 20261201").label == "加油站 20261201", "a name that a person gave is not changed"


def test_panel_and_opinion_state_the_same_verdict_without_a_use(panel):
    panel, _, _ = panel
    draw_triangle(panel)
    panel.dock.form.use.setCurrentIndex(0)
    wait_for_figures(panel)
    assert panel.dock.figures.verdict == "fails" and panel.dock.summary.word.text() == "不符合"
    assert "选择用途" in panel.dock.summary.remark.text()


def test_report_asks_for_the_name_of_each_drawn_project_and_counts_the_others(panel, tmp_path, monkeypatch):
    panel, _, _ = panel
    draw_triangle(panel)
    click(panel.tool, 50, 90)
    panel.tool.finish()
    panel.add_to_batch()
    path = tmp_path / "项目.gpkg"
    make_table([make_square(0, 0, 50, 50)], XMMC=["加油站"], YDYHFLDM=["13"]).to_file(path, layer="xm")
    panel.add_file(str(path))
    asked, written = [], []

    def name_it(dialog):
        asked.extend(one.name for one in dialog._projects)
        dialog.entered.emit(dialog._projects[-1])
        assert panel.projects.current is dialog._projects[-1], "the map shows which one is meant"
        dialog.lines[0]["name"].setText("物流园")
        dialog.accept()
        return True

    monkeypatch.setattr(ProjectFactsDialog, "exec", name_it)
    monkeypatch.setattr(panel.report, "ask_and_write", lambda _data, shapes, name: written.append((len(shapes), name)))
    panel.ask_for_report()
    assert asked == ["项目 1"] and written == [(2, "物流园及另 1 个")]
    panel.ask_for_report()
    assert asked == ["项目 1"] and len(written) == 2, "the facts are known"
    panel.choose_project(0)
    panel.dock.form.buttons["facts"].click()
    assert asked == ["项目 1", "物流园"]


def test_closing_the_project_while_drawing_leaves_nothing_on_the_map(panel, project):
    panel, _, _ = panel
    canvas = panel.tool.canvas()
    before = len(canvas.scene().items())
    draw_triangle(panel)
    assert len(canvas.scene().items()) > before
    project.clear()
    process_events(0.2)
    assert panel.projects.items == [] and len(panel.tool._bands) == 0 and panel.marks.lines == []
    assert canvas.mapTool() is not panel.tool and not panel.dock.form.isEnabled()
    assert panel.dock.figures.area_m2 is None


def test_removed_layer_leaves_the_figures_of_the_check_with_a_note(panel, project):
    panel, layers, controller = panel
    draw_triangle(panel)
    area = panel.dock.figures.area_m2
    project.removeMapLayer(layers["STBHHX"].id())
    assert wait_until(lambda: controller.editing.is_outdated)
    assert panel.dock.figures.area_m2 == area and "请重新检查" in panel.dock.source_note.text()
    move(panel.tool, 50, 60)
    wait_for_figures(panel)
    assert panel.dock.figures.area_m2 == pytest.approx(measure(panel.tool.make_geometry()), abs=EDGES_M2)
    panel.tool.cancel()


def test_other_map_tool_interrupts_the_drawing_which_continues_later(panel):
    panel, _, controller = panel
    draw_triangle(panel)
    canvas = controller.iface.mapCanvas()
    other = ProjectMapTool(canvas)
    canvas.setMapTool(other)
    assert not panel.dock.form.buttons["draw"].isChecked() and panel.projects.current.is_drawing
    assert panel.dock.figures.area_m2 is None, "two fixed points are no outline"
    panel.toggle_drawing()
    assert canvas.mapTool() is panel.tool and len(panel.tool.points) == 2
    canvas.unsetMapTool(panel.tool)
    other.deleteLater()
    panel.tool.cancel()


def test_unloading_while_drawing_removes_bands_box_tool_and_panel(open_controller, monkeypatch):
    controller, _ = open_controller
    check(controller)
    canvas, window = controller.iface.mapCanvas(), controller.iface.window
    canvas.setFixedSize(600, 600)
    canvas.setExtent(QgsRectangle(X - 100, Y - 100, X + 400, Y + 400))
    controller.actions["conformity"].trigger()
    draw_triangle(controller.conformity)
    stopped = conformity_module.ConformityController.stop
    calls = []
    monkeypatch.setattr(conformity_module.ConformityController, "stop", lambda self: calls.append(1) or stopped(self))
    panel = controller.conformity
    panel.stop()
    assert len(panel.tool._bands) == 0 and panel.marks.lines == [] and panel.at_mouse.label is None
    assert canvas.mapTool() is None
    assert wait_until(lambda: not controller.runner._running_jobs)
    # The fixture unloads the plugin: stopping twice is harmless.
    monkeypatch.setattr(conformity_module.ConformityController, "stop", lambda self: None)
    assert window.findChild(type(panel.dock)) is panel.dock


def test_mark_of_a_finding_leaves_the_map_when_a_drawing_begins(panel):
    panel, _, controller = panel
    finding = controller.dock.tree.findings.list_visible_findings()[0]
    controller.selection.select_finding(finding, zoom=True)
    assert wait_until(lambda: controller.mark.is_shown)
    panel.toggle_drawing()
    assert not controller.mark.is_shown
    panel.tool.cancel()

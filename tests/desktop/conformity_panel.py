# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: a project is drawn with the mouse on the sample county, and the panel's figures follow.

The points, the figures shown and the present rows of the layers are recorded, so that the test computes the same
figures with shapely alone.
"""

import subprocess

from gui_driver import (
    FACTS,
    FOLDER,
    click,
    list_children,
    map_to_pixel,
    open_sample,
    press_key,
    right_click,
    run_tour,
    save_picture,
    wait,
    wait_for_map,
    wait_seconds,
)
from qgis.core import QgsGeometry, QgsPointXY, QgsProject, QgsRectangle, QgsVectorFileWriter
from qgis.utils import iface, unloadPlugin

#: Use of the drawn project, and the size (m) of its surroundings on the map.
USE, VIEW_M = "13", 900.0
#: A place of the sample county where farmland, the red line and the urban boundary meet (EPSG:4526).
X, Y = 38_471_100.0, 4_385_450.0


def find_layer(role):
    """Return the layer of a role: the role is part of its data source."""
    layers = QgsProject.instance().mapLayers().values()
    return next(layer for layer in layers if f"layername={role}" in layer.source())


def move_mouse(x, y):
    """Move the pointer to a point of the map."""
    place = iface.mapCanvas().viewport().mapToGlobal(map_to_pixel(x, y)) * iface.mapCanvas().devicePixelRatioF()
    subprocess.run(["xdotool", "mousemove", str(place.x()), str(place.y())], check=True)


def wait_for_figures(panel):
    """Wait until the figures of the latest position are shown."""
    wait_seconds(0.15)
    assert wait(lambda: panel.is_current, 60)
    wait_seconds(0.1)


def describe(panel):
    """Return the figures and texts in view."""
    dock, figures = panel.dock, panel.dock.figures
    lines, classes = dock.line_table, dock.class_table
    return {
        "verdict": dock.summary.word.text(),
        "area": dock.summary.area.text(),
        "area_m2": figures.area_m2,
        "township": dock.summary.township.text(),
        "reasons": [(line.label.text(), line.mark.text()) for line in dock.summary.lines if line.isVisible()],
        "lines": [[lines.item(row, column).text() for column in range(4)] for row in range(lines.rowCount())],
        "classes": [[classes.item(row, column).text() for column in range(4)] for row in range(classes.rowCount())],
        "ownership": dock.ownership.text(),
        "duties": dock.duties.text(),
        "missing": dock.missing.text(),
        "source": dock.source_note.text(),
        "at_mouse": panel.at_mouse.label.text() if panel.at_mouse.label else "",
        "hatched": sorted(panel.marks.lines),
        "shape": panel.projects.current.shape.wkb.hex() if panel.projects.current.shape else "",
        "buttons": {name: button.isEnabled() for name, button in dock.buttons.items()},
        "label": dock.form.projects.currentText(),
    }


def run_conformity_steps():
    before = list_children()
    controller = open_sample()
    panel = controller.conformity
    controller.actions["conformity"].trigger()
    wait_seconds(0.5)
    FACTS["visible"] = panel.dock.isVisible()
    FACTS["empty_before_check"] = panel.dock.empty.label.text()
    save_picture("conformity-1-before-check")
    click(panel.dock.empty.list_buttons()[0])
    assert wait(lambda: controller.is_check_running, 10)
    assert wait(lambda: not controller.is_check_running, 120)
    controller.actions["conformity"].setChecked(True)
    panel.dock.setUserVisible(True)
    wait_seconds(0.5)
    FACTS["empty_after_check"] = panel.dock.empty.label.text()
    save_picture("conformity-2-nothing-drawn")
    draw_project(controller, panel)
    edit_and_compare(controller, panel)
    report_and_cancel(panel)
    FACTS["layers"] = write_layers("layers")
    # The marks of a removed layer stay correct: the panel has no layer.
    QgsProject.instance().removeMapLayer(find_layer("YJJBNTBHTB").id())
    wait_seconds(0.5)
    FACTS["after_removal"] = describe(panel)
    QgsProject.instance().clear()
    wait_seconds(0.5)
    FACTS["after_closing"] = [len(panel.projects.items), panel.tool.band_count, panel.marks.lines]
    unloadPlugin("sanxian")
    wait_seconds(0.3)
    after = list_children()
    FACTS["left"] = {key: [before[key], after[key]] for key in ("canvas_items",) if before[key] != after[key]}
    FACTS["widgets_left"] = after["widgets"]


def draw_project(controller, panel):
    """Draw a polygon around the place where the lines meet."""
    place = QgsPointXY(X, Y)
    iface.mapCanvas().setExtent(QgsRectangle.fromCenterAndSize(place, VIEW_M, VIEW_M))
    iface.mapCanvas().refresh()
    wait_for_map()
    row = panel.dock.form.use.findData(USE)
    click(panel.dock.form.buttons["draw"])
    wait_seconds(0.3)
    panel.dock.form.use.setCurrentIndex(row)
    x, y = place.x(), place.y()
    corners = [(x - 150, y + 120), (x + 60, y + 140), (x + 170, y + 20), (x + 150, y - 120), (x + 20, y - 160)]
    for number, (east, north) in enumerate(corners, 1):
        click(iface.mapCanvas().viewport(), map_to_pixel(east, north))
        wait_seconds(0.35)
        FACTS[f"points_{number}"] = [len(panel.tool.points), panel.dock.summary.area.text()]
    move_mouse(x - 160, y - 70)
    wait_for_figures(panel)
    FACTS["drawing"] = describe(panel)
    save_picture("conformity-3-drawing")
    click(iface.mapCanvas().viewport(), map_to_pixel(x - 160, y - 70))
    wait_seconds(0.3)
    press_key("BackSpace")
    wait_seconds(0.3)
    FACTS["points_after_backspace"] = len(panel.tool.points)
    right_click()
    wait_seconds(0.4)
    wait_for_figures(panel)
    FACTS["finished"] = describe(panel)
    FACTS["canvas_tool_after"] = iface.mapCanvas().mapTool() is panel.tool
    save_picture("conformity-4-finished")


def edit_and_compare(controller, panel):
    """Delete the farmland below the project without saving: the figures follow the edit."""
    layer = find_layer("YJJBNTBHTB")
    shape = QgsGeometry()
    shape.fromWkb(bytes.fromhex(FACTS["finished"]["shape"]))
    layer.startEditing()
    layer.beginEditCommand("delete")
    areas = {f.id(): f.geometry().intersection(shape).area() for f in layer.getFeatures(shape.boundingBox())}
    FACTS["deleted"] = max(areas, key=areas.get)
    layer.deleteFeature(FACTS["deleted"])
    layer.endEditCommand()
    live = controller.editing.live
    wait_seconds(0.5)
    assert wait(lambda: live.is_idle and live.waiting_count == 0, 60)
    wait_seconds(0.5)
    wait_for_figures(panel)
    FACTS["edited"] = describe(panel)
    FACTS["edited_layers"] = write_layers("edited")
    save_picture("conformity-5-after-edit")
    layer.rollBack()
    assert wait(lambda: live.is_idle and live.waiting_count == 0, 60)
    wait_seconds(0.5)
    wait_for_figures(panel)
    FACTS["rolled_back"] = describe(panel)


def report_and_cancel(panel):
    """Write workbook and layer, then begin another drawing and cancel it."""
    click(panel.dock.buttons["batch"])
    wait_seconds(0.3)
    FACTS["in_batch"] = panel.dock.form.projects.currentText()
    written = []
    data = panel.plan.get_data()
    shapes = [one.make_shape() for one in panel.list_reported_projects()]
    for suffix in (".xlsx", ".gpkg"):
        panel.report.write(data, shapes, str(FOLDER / f"report{suffix}"), written.append)
        wait(lambda suffix=suffix: any(path.endswith(suffix) for path in written), 60)
    FACTS["written"] = written
    iface.messageBar().clearWidgets()
    click(panel.dock.form.buttons["draw"])
    wait_seconds(0.3)
    centre = iface.mapCanvas().extent().center()
    for dx, dy in ((-100, 0), (100, 0), (0, 100)):
        click(iface.mapCanvas().viewport(), map_to_pixel(centre.x() + dx, centre.y() + dy))
        wait_seconds(0.35)
    press_key("Escape")
    wait_seconds(0.5)
    FACTS["after_escape"] = [len(panel.projects.items), panel.tool.band_count, panel.dock.form.projects.currentText()]


def write_layers(name):
    """Write the layers of the project with their edits to a file that the test reads; return its path."""
    path = str(FOLDER / f"{name}.gpkg")
    for position, role in enumerate(("YJJBNTBHTB", "STBHHX", "CZKFBJ", "DLTB", "XZQX")):
        options = QgsVectorFileWriter.SaveVectorOptions()
        options.layerName = role
        if position:
            options.actionOnExistingFile = QgsVectorFileWriter.ActionOnExistingFile.CreateOrOverwriteLayer
        context = QgsProject.instance().transformContext()
        QgsVectorFileWriter.writeAsVectorFormatV3(find_layer(role), path, context, options)
    return path


run_tour(run_conformity_steps)

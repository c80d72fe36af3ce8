# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: select a finding at three scales, on the map, and by an edit."""

import os

from gui_driver import (
    FACTS,
    click,
    map_to_pixel,
    open_sample,
    run_check,
    run_tour,
    save_picture,
    wait,
    wait_for_map,
    wait_seconds,
)
from qgis.core import QgsProject, QgsRectangle
from qgis.PyQt.QtCore import QRectF, Qt, QTimer
from qgis.PyQt.QtWidgets import QApplication, QDockWidget, QPushButton, QToolButton
from qgis.utils import iface

MAP_SCALES = (1500, 10_000, 100_000)


def run_selection_steps():
    controller = open_sample()
    canvas, window = iface.mapCanvas(), iface.mainWindow()
    layers = window.findChild(QDockWidget, "Layers")
    window.resizeDocks([layers, controller.dock], [240, 430], Qt.Orientation.Horizontal)
    run_check(controller)
    name = os.environ["SANXIAN_PICTURE"]
    pair = next(f for f in controller.dock.tree.findings.list_visible_findings() if f.code == "REL002")
    controller.dock.tree.select_finding(pair)
    wait_seconds(0.5)
    FACTS["label_in_view"] = []
    for scale in MAP_SCALES:
        canvas.zoomScale(scale)
        save_picture(f"{name}-{scale}")
        callout = controller.mark.callout
        FACTS["label_in_view"].append(QRectF(canvas.rect()).contains(callout.label) and callout.spot is not None)
    FACTS["lines"] = callout.lines
    select_both(controller, pair)
    save_picture(f"{name}-features")
    click_on_the_map(controller)
    make_and_undo_edit(controller, name)


def select_both(controller, pair):
    for button in controller.dock.detail.findChildren(QToolButton):
        if button.text() == "选中":
            click(button)
    roles = {v.customProperty("sanxian/template"): v for v in QgsProject.instance().mapLayers().values()}
    both = [roles[role] for role in (pair.role, pair.related_role)]
    wait(lambda: all(layer.selectedFeatureCount() for layer in both), 10)
    FACTS["selected"] = [[f["BSM"] for f in layer.selectedFeatures()] for layer in both]
    FACTS["pair"] = [[pair.key], pair.related_keys]
    iface.mapCanvas().zoomScale(10_000)


def click_on_the_map(controller):
    """Click with the pan tool on a finding that has no other finding near it."""
    iface.actionPan().trigger()
    alone = next(f for f in controller.dock.tree.findings.list_visible_findings() if f.code == "REL001")
    iface.mapCanvas().setExtent(QgsRectangle(*alone.geometry.buffer(500).bounds))
    wait_for_map()
    point = alone.geometry.representative_point()
    menus = []

    def choose():
        menu = QApplication.activePopupWidget()
        if menu is not None and not menus:
            menus.append([a.text() for a in menu.actions()])
            next(a for a in menu.actions() if a.text().startswith("REL001")).trigger()
            menu.close()

    timer = QTimer()
    timer.timeout.connect(choose)
    timer.start(100)
    click(iface.mapCanvas().viewport(), map_to_pixel(point.x, point.y))
    wait(lambda: controller.dock.tree.get_selected_finding() is alone, 10)
    timer.stop()
    FACTS["clicked"] = controller.dock.tree.get_selected_finding() is alone
    FACTS["menus"] = menus


def make_and_undo_edit(controller, name):
    """Draw an overlap that causes a finding; undo it by the message's button."""
    boundary = next(
        v for v in QgsProject.instance().mapLayers().values() if v.customProperty("sanxian/template") == "CZKFBJ"
    )
    iface.messageBar().clearWidgets()
    boundary.startEditing()
    first = next(boundary.getFeatures())
    moved = first.geometry()
    moved.translate(2500, 0)
    boundary.beginEditCommand("move")
    boundary.changeGeometry(first.id(), moved)
    boundary.endEditCommand()
    bar, counter = iface.messageBar(), controller.notices.counter
    wait(lambda: bar.currentItem() is not None, 60)
    FACTS["message"] = bar.currentItem().text()
    FACTS["counter"] = counter.text()
    save_picture(f"{name}-edited")
    buttons = {b.text(): b for b in bar.currentItem().findChildren(QPushButton)}
    click(buttons["缩放"])
    wait_seconds(0.5)
    save_picture(f"{name}-edited-zoomed")
    click(buttons["撤销这步编辑"])
    wait(lambda: boundary.undoStack().index() == 0, 10)
    back = next(f for f in boundary.getFeatures() if f.id() == first.id())
    FACTS["undone"] = back.geometry().equals(first.geometry())
    wait(lambda: bar.currentItem() is None, 60)
    FACTS["after"] = counter.text()
    boundary.rollBack()


run_tour(run_selection_steps)

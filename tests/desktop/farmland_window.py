# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: cut a window (开天窗) for farmland inside the boundary by mouse, find it registered, undo it."""

import csv
import os
from dataclasses import replace
from pathlib import Path

from gui_driver import (
    FACTS,
    click,
    open_sample,
    press_key,
    run_tour,
    save_picture,
    wait,
    wait_for_map,
    wait_seconds,
)
from qgis.core import QgsProject
from qgis.PyQt.QtWidgets import QDockWidget, QLabel
from qgis.utils import iface

PICTURE = os.environ["SANXIAN_PICTURE"]
#: The sample's farmland that is inside a feature of the boundary, without a window.
FARMLAND_KEY, BOUNDARY_KEY = "140225000007000708", "140225000008000005"


def run_boundary_window_steps():
    controller = open_sample()
    iface.mainWindow().findChild(QDockWidget, "Layers").hide()
    choose_all_rules()
    check_by_key(controller)
    roles = {v.customProperty("sanxian/template"): v for v in QgsProject.instance().mapLayers().values()}
    boundary = roles["CZKFBJ"]
    FACTS["farmland"] = read_shape(roles["YJJBNTBHTB"], FARMLAND_KEY)
    FACTS["before"], FACTS["rows_before"] = read_shape(boundary, BOUNDARY_KEY), read_rows(boundary)
    FACTS["windows_before"] = list_boundary_windows(controller)
    cut_boundary_window(controller, boundary)
    FACTS["after"], FACTS["rows_after"] = read_shape(boundary, BOUNDARY_KEY), read_rows(boundary)
    FACTS["register_after"] = read_register(boundary)
    check_by_key(controller)
    FACTS["conflict_after_check"] = find_conflict(controller) is not None
    FACTS["windows_after"] = list_boundary_windows(controller)
    show_new_boundary_window(controller)
    undo_by_key(controller, boundary)
    check_by_key(controller)
    FACTS["conflict_undone"] = find_conflict(controller) is not None
    FACTS["windows_undone"] = list_boundary_windows(controller)
    if boundary.isEditable():
        boundary.rollBack()
    wait_seconds(0.5)


def record_window_width():
    """Note whether QGIS, with the messages it shows, is still as wide as the screen."""
    window = iface.mainWindow()
    FACTS.setdefault("widths", []).append([window.width(), window.screen().availableGeometry().width()])


def choose_all_rules():
    """Choose all rules for the project: the list of windows is not among the default ones."""
    from sanxian.plugin.bridge.project import county

    project = QgsProject.instance()
    county.store_county_settings(project, replace(county.read_county_settings(project), rules="all"))


def check_by_key(controller):
    iface.mainWindow().activateWindow()
    iface.mapCanvas().setFocus()
    press_key("F8")
    assert wait(lambda: controller.is_check_running, 10)
    assert wait(lambda: not controller.is_check_running, 180)
    assert wait(lambda: controller.editing.live is not None and controller.editing.live.is_idle, 60)
    iface.messageBar().clearWidgets()
    wait_seconds(0.3)


def read_shape(layer, key):
    return next(bytes(f.geometry().asWkb()).hex() for f in layer.getFeatures() if f["BSM"] == key)


def read_rows(layer):
    return [[f.id(), bytes(f.geometry().asWkb()).hex(), *map(repr, f.attributes())] for f in layer.getFeatures()]


def read_register(layer):
    """Return the rows of the register of windows next to the data."""
    folder = Path(layer.source().split("|")[0]).parent
    rows = []
    for path in folder.glob("*.windows.csv"):
        with path.open(encoding="utf-8-sig", newline="") as handle:
            rows += list(csv.DictReader(handle))
    return rows


def find_conflict(controller):
    keys = {FARMLAND_KEY, BOUNDARY_KEY}
    findings = controller.dock.result.findings
    return next((f for f in findings if f.code == "REL002" and {f.key, *f.related_keys} == keys), None)


def list_boundary_windows(controller):
    """Return shape and message of the listed windows."""
    return [[f.geometry.wkb.hex(), f.message] for f in controller.dock.result.findings if f.code == "TOP009"]


def click_finding(controller, finding):
    """Click a finding in the list, once its row is in view."""
    tree = controller.dock.tree
    assert tree.select_finding(finding)
    wait_seconds(0.3)
    place = tree.visualRect(tree.currentIndex()).center()
    tree.clearSelection()
    click(tree.viewport(), place)
    assert wait(lambda: tree.selectionModel().hasSelection() and tree.get_selected_finding() is finding, 10)
    wait_for_map()


def cut_boundary_window(controller, boundary):
    """Open the preview from the finding, choose the window, and apply it."""
    click_finding(controller, find_conflict(controller))
    save_picture(f"{PICTURE}-1-finding")
    click(controller.dock.navigation.fix)
    fixer = controller.fixes.one
    assert wait(lambda: fixer.dialog is not None, 10)
    wait(lambda: not fixer.trial.is_running, 120)
    dialog = fixer.dialog
    number = next(n for n, one in enumerate(dialog.choices._choices) if one.proposal and one.proposal.windows)
    click(dialog.choices.buttons[number])
    wait_seconds(1.0)
    wait(lambda: not dialog.maps.before.isDrawing() and not dialog.maps.after.isDrawing(), 30)
    screen, frame = iface.mainWindow().screen().availableGeometry(), dialog.frameGeometry()
    FACTS["fits"] = screen.contains(frame)
    FACTS["fix"] = dialog.choices.current.fix.code
    FACTS["areas"] = [[dialog.areas.item(r, c).text() for c in range(5)] for r in range(dialog.areas.rowCount())]
    FACTS["outcome"] = dialog.outcome.lines
    FACTS["apply"] = dialog.apply.text()
    FACTS["rows_in_preview"] = read_rows(boundary)
    FACTS["register_in_preview"] = read_register(boundary)
    save_picture(f"{PICTURE}-2-preview")
    click(dialog.apply)
    assert wait(lambda: fixer.dialog is None, 20)
    wait(lambda: find_conflict(controller) is None, 30)
    FACTS["conflict_after"] = find_conflict(controller) is not None
    record_window_width()
    FACTS["message"] = iface.messageBar().currentItem().text()
    wait_seconds(0.5)
    save_picture(f"{PICTURE}-3-applied")


def show_tab(dock, number):
    """Click the tab of the list (0) or of the details (1), which a small screen shows in turn."""
    if dock.tabs.isVisible():
        click(dock.tabs, dock.tabs.tabRect(number).center())
        wait(lambda: dock.tabs.currentIndex() == number, 10)
        wait_seconds(0.3)


def show_new_boundary_window(controller):
    """Click the new window in the list, and read its message in the panel."""
    new = [one for one in controller.dock.result.findings if one.code == "TOP009" and "已登记" in one.message]
    FACTS["new_windows"] = len(new)
    click_finding(controller, new[0])
    show_tab(controller.dock, 1)
    FACTS["shown"] = [label.text() for label in controller.dock.detail.findChildren(QLabel) if label.isVisible()]
    save_picture(f"{PICTURE}-4-listed")
    show_tab(controller.dock, 0)


def undo_by_key(controller, boundary):
    """Undo with QGIS's own key, the map in focus."""
    iface.setActiveLayer(boundary)
    iface.mapCanvas().setFocus()
    press_key("ctrl+z")
    wait(lambda: find_conflict(controller) is not None, 30)
    wait_seconds(0.5)
    # Without another check.
    FACTS["windows_listed_after_undo"] = len(list_boundary_windows(controller))
    FACTS["rows_undone"], FACTS["register_undone"] = read_rows(boundary), read_register(boundary)
    record_window_width()
    save_picture(f"{PICTURE}-5-undone")


run_tour(run_boundary_window_steps)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: take a picture of every window of the plugin, for one language, theme and scale.

``tools/window_gallery.py`` runs it. Nothing is asserted: people inspect the pictures.
"""

import shutil
from datetime import datetime

from gui_driver import (
    FACTS,
    FOLDER,
    SAMPLE,
    SCREENSHOTS,
    open_sample,
    run_check,
    run_tour,
    save_picture,
    wait,
    wait_for_map,
    wait_seconds,
)
from qgis.core import QgsGeometry, QgsProject
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QApplication, QComboBox, QTableWidget, QTabWidget, QTreeView
from qgis.utils import iface

FACTS["pictures"], FACTS["missing"] = [], []
#: Windows by the name of their menu action.
ACTIONS_WITH_WINDOW = (
    "roles", "profile", "document", "inspect", "layouts", "maps", "doctor", "help", "dictionary", "mapping",
    "indicators", "layers", "yearly", "compare", "vct_in", "vct_out",
)  # fmt: skip


def save_window(name, window):
    """Save a picture of a window; a window that needs more room than the screen is cut as on the screen."""
    wait_seconds(0.4)
    assert window.grab().save(str(SCREENSHOTS / f"{name}.png"))
    FACTS["pictures"].append(name)


def save_screen(name):
    save_picture(name)
    FACTS["pictures"].append(name)


def save_tabs(name, window):
    """Save a window, and one picture more for each further tab."""
    save_window(name, window)
    for tabs in window.findChildren(QTabWidget):
        for index in range(1, tabs.count()):
            if tabs.isVisible() and tabs.isTabVisible(index):
                tabs.setCurrentIndex(index)
                save_window(f"{name}-tab{index + 1}", window)


def show_windows_of(name, open_them):
    """Open windows, save their pictures and close them.

    A modal window blocks the code that opens it, so a timer takes the pictures.
    """
    former, done = set(list_windows()), []

    def note():
        new = [window for window in list_windows() if window not in former]
        if not new and len(waits) < 40:
            waits.append(True)
            QTimer.singleShot(200, note)
            return
        try:
            for number, window in enumerate(new):
                wait_seconds(0.8)
                # The mapping reads its layer first.
                table = window.findChild(QTableWidget, "SanxianMappingTable")
                wait(lambda table=table: table is None or table.rowCount(), 30)
                save_tabs(name if number == 0 else f"{name}-{number + 1}", window)
        finally:
            for window in new:
                window.close()
            done.append(new)

    waits = []
    QTimer.singleShot(300, note)
    open_them()
    if not (wait(lambda: done, 30) and done[0]):
        FACTS["missing"].append(name)
    wait_seconds(0.3)


def list_windows():
    main = iface.mainWindow()
    return [w for w in QApplication.topLevelWidgets() if w.isVisible() and w is not main and w.isWindow()]


def show_panel(controller):
    dock = controller.dock
    dock.step_selection(1)
    wait_for_map()
    save_screen("desk-finding")
    for code in ("REL002", "TOP002", "ATT002", "SCH007"):
        finding = next((one for one in dock.result.findings if one.code == code), None)
        if finding is not None:
            dock.tree.select_finding(finding)
            wait_for_map()
            save_screen(f"desk-{code}")
    for combo in (dock.filters.townships, dock.filters.rules):
        combo.showPopup()
        wait_seconds(0.4)
        save_screen(f"desk-filter-{combo.objectName()}")
        combo.hidePopup()
    dock.tree.selectAll()
    save_screen("desk-all-selected")
    dock.filters.search.setText("nothing like it")
    wait(lambda: dock.stack.currentWidget() is dock.empty, 5)
    save_screen("desk-nothing-found")
    dock.clear_filters()
    menu = controller.actions.menu
    menu.popup(iface.mainWindow().mapToGlobal(iface.mainWindow().rect().center()))
    save_screen("desk-menu")
    menu.close()
    controller.actions["indicator_panel"].trigger()
    wait_for_map()
    save_screen("desk-indicators")
    controller.actions["indicator_panel"].trigger()


def show_work_list(controller):
    """Give findings to people, and change a row that another person changes in the file: states, menu, conflict."""
    from sanxian.plugin.core.worklist.file import change_worklist
    from sanxian.plugin.core.worklist.model import WorkEdit, WorkState, edit_items

    work, dock = controller.worklist, controller.dock

    def edit(finding, **content):
        dock.tree.select_finding(finding)
        work.edit_selected(WorkEdit(**content))
        assert wait(lambda: not work.store.is_busy and not work.store.unwritten_count, 30)

    def edit_elsewhere(worklist):
        items = [worklist.items[first.fingerprint]]
        return worklist.replace_items(edit_items(items, WorkEdit(note="退回外业核实"), "王五", datetime.now()))

    first, second, third = dock.tree.findings.list_visible_findings()[:3]
    edit(second, state=WorkState.FALSE_ALARM, assignee="李四", note="边线已核对批复")
    edit(third, state=WorkState.FIXED, assignee="张三")
    change_worklist(work.store.path, edit_elsewhere)
    edit(first, assignee="张三", note="已按批复改正")
    assert wait(lambda: work.store.conflicts, 30)
    wait_for_map()
    save_screen("desk-work-list")
    menu = dock.worklist_button.menu()
    menu.popup(dock.worklist_button.mapToGlobal(dock.worklist_button.rect().bottomLeft()))
    wait_seconds(0.4)
    save_screen("desk-work-list-menu")
    menu.close()
    show_windows_of("work-list-conflicts", work.show_conflicts)


def show_edit(controller, layers):
    """Draw a part of the boundary over farmland; show message, list, fix windows and alignment."""
    boundary, farmland = layers["CZKFBJ"], layers["YJJBNTBHTB"]
    field = max(farmland.getFeatures(), key=lambda row: row.geometry().area()).geometry()
    part = QgsGeometry.fromRect(field.boundingBox().buffered(-field.boundingBox().width() * 0.3))
    boundary.startEditing()
    fid = next(boundary.getFeatures()).id()
    before = {one.fingerprint for one in controller.dock.result.findings}
    boundary.beginEditCommand("move")
    boundary.changeGeometry(fid, QgsGeometry(boundary.getGeometry(fid)).combine(part))
    boundary.endEditCommand()
    wait(lambda: controller.dock.result.rechecked_features, 60)
    wait_seconds(1)
    iface.mapCanvas().setExtent(part.boundingBox().buffered(400))
    save_screen("edit-message")
    new = [one for one in controller.dock.result.findings if one.fingerprint not in before]
    finding = next((one for one in new if one.code == "REL002"), new[0])
    controller.fixes.preview_fixes(finding)
    wait(lambda: controller.fixes.one.dialog is not None and not controller.fixes.one.trial.is_running, 90)
    wait_for_map()
    save_screen("fix-one")
    controller.fixes.one.close()
    boundary.selectByIds([fid])
    iface.setActiveLayer(boundary)
    controller.fixes.align_selected()
    if wait(lambda: controller.fixes.alignment.dialog is not None, 10):
        wait(lambda: not controller.fixes.alignment.trial.is_running, 90)
        wait_for_map()
        save_screen("fix-align")
        controller.fixes.alignment.close()
    boundary.rollBack()
    wait(lambda: controller.editing.live is None or controller.editing.live.is_idle, 60)
    controller.fixes.preview_batch(list(controller.dock.result.findings))
    wait(lambda: controller.fixes.many.dialog is not None and not controller.fixes.many.trial.is_running, 180)
    wait_for_map()
    save_screen("fix-batch")
    controller.fixes.many.close()


def show_wizard(controller):
    controller.actions["new"].trigger()
    wizard = controller.new_project.wizard
    for page in range(1, 6):
        save_window(f"wizard-{page}", wizard)
        if page == 1:
            wizard.next.click()
            wizard.place.county.choose_county("140225")
        elif page < 5:
            wizard.next.click()
        wait_seconds(0.4)
    wizard.reject()
    wait_seconds(0.4)


def show_counties(controller):
    """Check copies of the sample county and a damaged file: form, forecast, results."""
    folder = FOLDER / "各县"
    folder.mkdir()
    for name in ("140212新荣区", "140225浑源县"):
        shutil.copyfile(SAMPLE / "county.gpkg", folder / f"{name}.gpkg")
    (folder / "140226左云县.gpkg").write_bytes(b"SQLite format 3\0 damaged")
    counties = controller.counties
    counties.show()
    save_window("counties-empty", counties.dialog)
    counties.dialog.form.profile.choose_profile("hunyuan")
    counties.dialog.form.source.line.setText(str(folder))
    wait_seconds(1)
    wait(lambda: counties._forecast_job is None, 60)
    save_window("counties-forecast", counties.dialog)
    counties.dialog.start.click()
    wait(lambda: any(row.stage == "running" for row in counties.dialog.model.rows), 60)
    save_window("counties-running", counties.dialog)
    wait(lambda: not counties.is_running, 300)
    counties.dialog.table.selectRow(2)
    save_window("counties-done", counties.dialog)
    counties.dialog.reject()


def show_form(layers):
    for role in ("DLTB", "CZKFBJ"):
        layer = layers[role]
        layer.startEditing()
        dialog = iface.getFeatureForm(layer, next(layer.getFeatures()))
        dialog.setParent(iface.mainWindow(), dialog.windowFlags())
        dialog.show()
        wait(dialog.isVisible, 5)
        save_tabs(f"form-{role}", dialog)
        for combo in dialog.findChildren(QComboBox)[:1]:
            combo.showPopup()
            save_screen(f"form-{role}-codes")
            combo.hidePopup()
        dialog.close()
        layer.rollBack()


def show_all_windows():
    controller = open_sample()
    save_screen("desk-start")
    run_check(controller)
    wait_for_map()
    layers = {v.customProperty("sanxian/template"): v for v in QgsProject.instance().mapLayers().values()}
    show_panel(controller)
    show_work_list(controller)
    controller.dock.tree.select_finding(next(f for f in controller.dock.result.findings if f.code == "REL002"))
    wait(controller.dock.navigation.waive.isEnabled, 10)
    show_windows_of("waiver", controller.dock.navigation.waive.click)
    show_windows_of("rule-help", lambda: controller.dialogs.open_help("ATT002"))
    iface.setActiveLayer(layers["DLTB"])
    handlers = controller._get_action_handlers()
    for name in ACTIONS_WITH_WINDOW:
        show_windows_of(name, handlers[name])
    handlers["package"]()
    package = controller.export.dialog
    wait(lambda: package.form.gate.reasons.count() > 0, 30)
    save_window("package", package)
    package.close()
    show_counties(controller)
    show_wizard(controller)
    show_form(layers)
    show_edit(controller, layers)
    for tree in iface.mainWindow().findChildren(QTreeView, "SanxianFindings"):
        tree.collapseAll()
    save_screen("desk-collapsed")
    QgsProject.instance().setDirty(False)


run_tour(show_all_windows)

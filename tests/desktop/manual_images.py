# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: take the manual's screenshots and record the texts they show.

tools/screenshots.py starts it.
"""

import shutil
from pathlib import Path

from gui_driver import (
    FACTS,
    FOLDER,
    SAMPLE,
    SCREENSHOTS,
    act_when_dialog_opens,
    click,
    draw_feature,
    find_form,
    has_object_name,
    map_to_pixel,
    open_sample,
    right_click,
    run_check,
    run_tour,
    save_picture,
    wait,
    wait_for_map,
    wait_seconds,
)
from qgis.core import QgsPointXY, QgsProject, QgsRectangle
from qgis.gui import QgsProcessingAlgorithmDialogBase
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QComboBox,
    QDialogButtonBox,
    QDockWidget,
    QGroupBox,
    QLabel,
    QLineEdit,
    QListView,
    QTabBar,
    QToolBar,
    QWidget,
)
from qgis.utils import iface

#: Number of rows of a list whose texts are noted.
MAX_LISTED_ROWS = 100
FACTS["shown"] = {}


def read_texts(widget):
    """Return all texts that the visible parts of a widget show."""
    found = {widget.windowTitle()}
    for child in widget.findChildren(QWidget):
        if not child.isVisible():
            continue
        if isinstance(child, QLabel | QAbstractButton):
            found.add(child.text())
        elif isinstance(child, QGroupBox):
            found.add(child.title())
        elif isinstance(child, QComboBox):
            found.add(child.currentText())
        elif isinstance(child, QLineEdit):
            found |= {child.text(), child.placeholderText()}
        elif isinstance(child, QTabBar):
            found |= {child.tabText(n) for n in range(child.count())}
        elif isinstance(child, QDockWidget):
            found.add(child.windowTitle())
        elif isinstance(child, QAbstractItemView) and child.model() is not None:
            found |= read_texts_of_view(child)
    return sorted(text.replace("&", "") for text in found if text.strip())


def read_texts_of_view(view):
    model = view.model()
    # A list model hides its number of columns.
    columns = range(1 if isinstance(view, QListView) else model.columnCount())
    # The sorted column has a mark after its title.
    found = {str(model.headerData(n, Qt.Orientation.Horizontal) or "").rstrip(" ▲▼") for n in columns}
    for row in range(min(model.rowCount(), MAX_LISTED_ROWS)):
        found |= {str(model.index(row, n).data() or "") for n in columns}
    return found


def save_window(name, widget, *more):
    """Save a screenshot of a window and record its texts.

    ``more``: further texts that the screenshot shows.
    """
    wait_for_map()
    assert widget.grab().save(str(SCREENSHOTS / f"{name}.png")), name
    FACTS["shown"][name] = sorted({*read_texts(widget), *more})


def save_desktop(name, controller):
    """Save the whole screen; record the texts of panel, toolbar and menu."""
    save_picture(name)
    bar = iface.mainWindow().findChild(QToolBar, "SanxianToolbar")
    around = {action.text() for action in bar.actions() if action.text()}
    FACTS["shown"][name] = sorted(
        {*read_texts(controller.dock), *around, controller.actions.menu.title().partition("(")[0]}
    )


def save_modal_window(is_wanted, open_it, keep_as, prepare=lambda dialog: None):
    """Open a modal window that meets a condition, save its screenshot, and cancel the window."""

    def save_dialog(dialog):
        prepare(dialog)
        wait_seconds(0.5)
        save_window(keep_as, dialog)
        dialog.reject()

    act_when_dialog_opens(is_wanted, save_dialog)
    open_it()


def save_tool_window(controller, name, keep_as):
    """Save a screenshot of the toolbox's window that an entry of the menu opens."""

    def prepare(dialog):
        dialog.resize(860, 560)
        for line in dialog.findChildren(QLineEdit):
            if "/" in line.text():
                replace_text(line, f"D:\\浑源县\\{Path(line.text()).name}")

    save_modal_window(
        lambda dialog: isinstance(dialog, QgsProcessingAlgorithmDialogBase),
        controller.actions[name].trigger,
        keep_as,
        prepare,
    )


def select_overlap_finding(controller):
    dock = controller.dock
    layers = iface.mainWindow().findChild(QDockWidget, "Layers")
    iface.mainWindow().resizeDocks([layers, dock], [270, 530], Qt.Orientation.Horizontal)
    tree = dock.tree
    tree.select_finding(next(f for f in dock.result.findings if f.code == "REL002"))
    wait_seconds(0.5)
    save_desktop("finding", controller)
    preview_fix(controller)


def preview_fix(controller):
    """Preview a fix of the selected overlap: the development boundary gives way to farmland."""
    controller.dock.navigation.fix.click()
    one = controller.fixes.one
    assert wait(lambda: one.dialog is not None and not one.trial.is_running)
    dialog = one.dialog
    dialog.resize(1000, 640)
    wait_seconds(0.5)
    dialog.maps.show_shapes(dialog.shapes)
    wait(lambda: not dialog.maps.before.isDrawing() and not dialog.maps.after.isDrawing(), 20)
    wait_seconds(0.5)
    save_window("fix", dialog)
    one.close()
    wait_seconds(0.3)


def show_live_check(controller):
    """Draw a parcel over others, so that the live check shows a finding."""
    parcels = next(
        v for v in QgsProject.instance().mapLayers().values() if v.customProperty("sanxian/template") == "DLTB"
    )
    canvas, centre = iface.mapCanvas(), parcels.extent().center()
    canvas.setExtent(QgsRectangle.fromCenterAndSize(centre, 900, 900))
    wait_for_map()
    x, y = centre.x(), centre.y()
    dialog = draw_feature(parcels, [(x - 120, y - 90), (x + 120, y - 90), (x + 120, y + 90), (x - 120, y + 90)])
    form = find_form(dialog)
    for name, value in (("DLBM", "0103"), ("TBBH", "9001"), ("QSXZ", "30")):
        form.changeAttribute(name, value)
    wait_seconds(0.4)
    dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok).click()
    assert wait(lambda: controller.dock.result.rechecked_features)
    wait_seconds(0.8)
    save_desktop("live", controller)
    parcels.rollBack()
    iface.actionPan().trigger()
    iface.messageBar().clearWidgets()
    wait_seconds(0.5)


def show_batch_of_fixes(controller):
    controller.fixes.preview_all()
    many = controller.fixes.many
    assert wait(lambda: many.dialog is not None and not many.trial.is_running, 180)
    wait_seconds(1.5)
    save_window("batch-fix", many.dialog)
    many.close()
    wait_seconds(0.3)


def show_boundary_drafts(controller):
    """Draft the boundary of the sample, and show where one of its parts leaves."""
    controller.actions["boundary"].trigger()
    boundary = controller.fixes.boundary
    assert wait(lambda: boundary.dialog is not None and not boundary.trial.is_running, 120)
    boundary.dialog.resize(1240, 800)
    wait(lambda: not boundary.dialog.maps.before.isDrawing() and not boundary.dialog.maps.after.isDrawing(), 20)
    wait_seconds(1)
    save_window("boundary", boundary.dialog)
    boundary.close()
    wait_seconds(0.3)


def show_supplement_drafts(controller):
    """Draft supplements for four parcels of farmland of the sample."""
    layers = QgsProject.instance().mapLayers().values()
    farmland = next(one for one in layers if one.customProperty("sanxian/template") == "YJJBNTBHTB")
    farmland.selectByIds([one.id() for one in farmland.getFeatures()][300:304])
    iface.setActiveLayer(farmland)
    controller.actions["supplement"].trigger()
    supplement = controller.fixes.supplement
    assert wait(lambda: supplement.dialog is not None and not supplement.trial.is_running, 120)
    supplement.dialog.resize(1240, 800)
    replace_text(supplement.dialog.demand.line, "D:\\浑源县\\占用.gpkg")
    wait(lambda: not supplement.dialog.maps.before.isDrawing() and not supplement.dialog.maps.after.isDrawing(), 20)
    wait_seconds(1)
    save_window("supplement", supplement.dialog)
    supplement.close()
    farmland.removeSelection()
    wait_seconds(0.3)


def show_counties(controller):
    """Check a county and a damaged file in the window of many counties."""
    folder = FOLDER / "各县数据"
    folder.mkdir()
    shutil.copy(SAMPLE / "county.gpkg", folder / "140225浑源县.gpkg")
    (folder / "140226左云县.gpkg").write_bytes(b"SQLite format 3\0 damaged")
    controller.actions["counties"].trigger()
    counties, dialog = controller.counties, controller.counties.dialog
    dialog.resize(980, 560)
    dialog.form.source.line.setText(str(folder))
    dialog.form.output.line.setText(str(FOLDER / "检查结果"))
    assert wait(lambda: len(dialog.model.rows) == 2 and counties._forecast_job is None, 60)
    dialog.start.click()
    assert wait(lambda: not counties.is_running, 180)
    replace_text(dialog.form.source.line, "D:\\大同市\\各县数据")
    replace_text(dialog.form.output.line, "D:\\大同市\\检查结果")
    save_window("counties", dialog)
    counties.close()


def show_project(controller):
    """Draw a project over farmland in its panel."""
    controller.actions["conformity"].trigger()
    panel, canvas = controller.conformity, iface.mapCanvas()
    overlap = next(f for f in controller.dock.result.findings if f.code == "REL002")
    x, y = overlap.geometry.centroid.x, overlap.geometry.centroid.y
    canvas.setExtent(QgsRectangle.fromCenterAndSize(QgsPointXY(x, y), 1600, 1600))
    canvas.refresh()
    wait_for_map()
    panel.toggle_drawing()
    panel.dock.form.use.setCurrentIndex(panel.dock.form.use.findData("13"))
    for corner in ((x - 300, y - 150), (x + 220, y - 220), (x + 280, y + 160), (x - 160, y + 240)):
        click(canvas.viewport(), map_to_pixel(*corner))
        wait_seconds(0.35)
    right_click()
    assert wait(lambda: panel.is_current, 30)
    wait_seconds(0.8)
    save_picture("project")
    FACTS["shown"]["project"] = read_texts(panel.dock)


def show_project_wizard(controller):
    controller.actions["new"].trigger()
    shown = controller.new_project.wizard
    wait_seconds(0.5)
    shown.resize(900, 690)
    shown.go_to_page(1)
    shown.place.county.choose_county("140225")
    wait_seconds(0.4)
    save_window("wizard", shown)
    shown.reject()
    wait_seconds(0.3)


def show_package_dialog(controller):
    controller.actions["package"].trigger()
    shown = controller.export.dialog
    wait(shown.isVisible)
    shown.resize(760, 640)
    documents = FOLDER / "文档"
    documents.mkdir()
    (documents / "140225浑源县国土空间总体规划文本.pdf").write_bytes(
        b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
    )
    shown.form.folder.line.setText(str(FOLDER))
    shown.form.documents.line.setText(str(documents))
    assert wait(shown.form.target.text, 30)
    wait_seconds(1.5)
    replace_text(shown.form.folder.line, "D:\\浑源县\\汇交")
    replace_text(shown.form.documents.line, "D:\\浑源县\\规划文档")
    save_window("package", shown)
    shown.reject()


def replace_text(line, text):
    """Show a neutral path instead of this run's folder, without Qt signals."""
    line.blockSignals(True)
    line.setText(text)
    line.blockSignals(False)


def fill_waiver_dialog(dialog):
    replace_text(dialog.file.line, "D:\\浑源县\\浑源县规划.waivers.csv")
    save_window("waive", dialog)
    dialog.reject()


def take_manual_screenshots():
    controller = open_sample()
    iface.mapCanvas().zoomToFullExtent()
    run_check(controller)
    select_overlap_finding(controller)
    act_when_dialog_opens(has_object_name("SanxianWaiverDialog"), fill_waiver_dialog)
    controller.dock.navigation.waive.click()
    show_package_dialog(controller)
    show_project_wizard(controller)
    save_modal_window(
        has_object_name("SanxianProfileDialog"),
        controller.dialogs.open_profile_dialog,
        "profile",
        lambda dialog: dialog.resize(1420, 800),
    )
    save_modal_window(
        has_object_name("SanxianRolesDialog"),
        controller.dialogs.open_roles_dialog,
        "roles",
        lambda dialog: dialog.resize(700, 520),
    )
    save_tool_window(controller, "split", "townships")
    save_tool_window(controller, "adjustment", "adjustment")
    show_counties(controller)
    show_batch_of_fixes(controller)
    show_boundary_drafts(controller)
    show_supplement_drafts(controller)
    show_project(controller)
    show_live_check(controller)


run_tour(take_manual_screenshots)

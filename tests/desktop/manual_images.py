# SPDX-License-Identifier: GPL-2.0-or-later
"""The pictures of the manual, each with the texts that its windows show. Started by tools/screenshots.py."""

from gui_driver import (
    FACTS,
    FOLDER,
    SCREENSHOTS,
    do_when_open,
    draw_feature,
    find_named,
    form_in,
    open_sample,
    run_check,
    run_tour,
    save_picture,
    wait,
    wait_for_map,
    wait_seconds,
)
from qgis.core import QgsProject, QgsRectangle
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

#: Rows of a list whose texts are noted.
ROWS = 100
FACTS["shown"] = {}


def texts_of(widget):
    """All texts that the visible parts of a widget show."""
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
            found |= texts_of_view(child)
    return sorted(text.replace("&", "") for text in found if text.strip())


def texts_of_view(view):
    model = view.model()
    # A list model hides its number of columns.
    columns = range(1 if isinstance(view, QListView) else model.columnCount())
    found = {str(model.headerData(n, Qt.Orientation.Horizontal) or "") for n in columns}
    for row in range(min(model.rowCount(), ROWS)):
        found |= {str(model.index(row, n).data() or "") for n in columns}
    return found


def keep(name, widget, *more):
    """Save the picture of a window, and note its texts; ``more``: texts that stand elsewhere."""
    wait_for_map()
    assert widget.grab().save(str(SCREENSHOTS / f"{name}.png")), name
    FACTS["shown"][name] = sorted({*texts_of(widget), *more})


def keep_desktop(name, desk):
    """Save the whole screen; its texts are those of the panel, the toolbar and the menu."""
    save_picture(name)
    bar = iface.mainWindow().findChild(QToolBar, "SanxianToolbar")
    around = {action.text() for action in bar.actions() if action.text()}
    FACTS["shown"][name] = sorted({*texts_of(desk.dock), *around, desk.actions.menu.title().partition("(")[0]})


def modal(name, open_it, keep_as, prepare=lambda dialog: None):
    """Open a modal window, keep its picture and leave it without a change."""

    def look(dialog):
        prepare(dialog)
        wait_seconds(0.5)
        keep(keep_as, dialog)
        dialog.reject()

    do_when_open(find_named(name), look)
    open_it()


def finding(desk):
    dock = desk.dock
    layers = iface.mainWindow().findChild(QDockWidget, "Layers")
    iface.mainWindow().resizeDocks([layers, dock], [280, 470], Qt.Orientation.Horizontal)
    tree = dock.tree
    tree.select(next(f for f in dock.result.findings if f.code == "REL002"))
    wait_seconds(0.5)
    keep_desktop("finding", desk)


def live(desk):
    """A parcel drawn over others."""
    parcels = next(
        v for v in QgsProject.instance().mapLayers().values() if v.customProperty("sanxian/template") == "DLTB"
    )
    canvas, centre = iface.mapCanvas(), parcels.extent().center()
    canvas.setExtent(QgsRectangle.fromCenterAndSize(centre, 900, 900))
    wait_for_map()
    x, y = centre.x(), centre.y()
    dialog = draw_feature(parcels, [(x - 120, y - 90), (x + 120, y - 90), (x + 120, y + 90), (x - 120, y + 90)])
    form = form_in(dialog)
    for name, value in (("DLBM", "0103"), ("TBBH", "9001"), ("QSXZ", "30")):
        form.changeAttribute(name, value)
    wait_seconds(0.4)
    dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok).click()
    assert wait(lambda: desk.dock.result.edited)
    wait_seconds(0.8)
    keep_desktop("live", desk)
    parcels.rollBack()
    iface.actionPan().trigger()
    iface.messageBar().clearWidgets()
    wait_seconds(0.5)


def wizard(desk):
    desk.actions["new"].trigger()
    shown = desk.new_project.wizard
    wait_seconds(0.5)
    shown.resize(900, 690)
    shown.go(1)
    shown.place.county.choose("140225")
    wait_seconds(0.4)
    keep("wizard", shown)
    shown.reject()
    wait_seconds(0.3)


def package(desk):
    desk.actions["package"].trigger()
    shown = desk.export.dialog
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
    keep("package", shown)
    shown.reject()


def replace_text(line, text):
    """Show another path than this run's own folder; the window does not hear of it."""
    line.blockSignals(True)
    line.setText(text)
    line.blockSignals(False)


def waive(dialog):
    replace_text(dialog.file.line, "D:\\浑源县\\浑源县规划.waivers.csv")
    keep("waive", dialog)
    dialog.reject()


def steps():
    desk = open_sample()
    iface.mapCanvas().zoomToFullExtent()
    run_check(desk)
    finding(desk)
    do_when_open(find_named("SanxianWaiverDialog"), waive)
    desk.dock.navigation.waive.click()
    package(desk)
    wizard(desk)
    modal("SanxianProfileDialog", desk.dialogs.profile, "profile", lambda dialog: dialog.resize(900, 690))
    modal("SanxianRolesDialog", desk.dialogs.roles, "roles", lambda dialog: dialog.resize(700, 520))
    live(desk)


run_tour(steps)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: make layouts, open the designer, export maps, and cancel."""

from gui_driver import (
    FACTS,
    FOLDER,
    act_when_dialog_opens,
    click,
    has_object_name,
    open_sample,
    run_tour,
    save_picture,
    wait,
    wait_seconds,
)
from qgis.core import QgsApplication, QgsProject
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QDialogButtonBox, QProgressBar, QPushButton
from qgis.utils import iface


def make_layouts(controller):
    def fill(form):
        FACTS["asked"] = form.problem.label.text()
        form.compiler.setText("浑源县人民政府")
        form.cartographer.setText("浑源县自然资源局")
        form.date.setText("2026年11月")
        form.secrecy.setEditText("公开")
        # The package specification that was chosen last has a higher level.
        form.reason.setText("批后公布")
        form.approval.setText("晋S(2026)001号")
        save_picture("document-dialog")
        form.ok.click()

    def answer(opened):
        FACTS["offered"] = [one.id for one in opened.get_chosen_maps()]
        save_picture("maps-dialog")
        # The level of secrecy is not set, so the form of 成果信息 opens first.
        act_when_dialog_opens(has_object_name("SanxianDocumentDialog"), fill)
        opened.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok).click()

    act_when_dialog_opens(has_object_name("SanxianLayoutsDialog"), answer)
    controller.actions["layouts"].trigger()
    layouts = QgsProject.instance().layoutManager()
    wait(lambda: len(layouts.printLayouts()) == 5 and iface.messageBar().currentItem() is not None)
    FACTS["layouts"] = sorted(layout.name() for layout in layouts.printLayouts())
    FACTS["said"] = iface.messageBar().currentItem().text()


def open_county_profile(controller):
    def answer(opened):
        FACTS["document"] = opened.document.label.text()
        save_picture("document-profile")
        opened.reject()

    act_when_dialog_opens(has_object_name("SanxianProfileDialog"), answer)
    controller.actions["profile"].trigger()


def open_in_designer():
    layout = QgsProject.instance().layoutManager().layoutByName("02 县域三条控制线图 A3")
    designer = iface.openLayoutDesigner(layout)
    window = designer.window()
    window.showMaximized()
    wait_seconds(1)
    designer.view().zoomFull()
    wait_seconds(3)
    save_picture("maps-designer")
    from sanxian.plugin.bridge.layouts import saved_layouts

    # Opening a layout is not an edit.
    FACTS["edited_by_looking"] = saved_layouts.is_layout_edited(layout)
    window.close()
    wait_seconds(0.5)


def export_maps_by_dialog(cancel_at):
    """Export maps by the Processing dialog; cancel it at page ``cancel_at``."""
    from processing.gui.AlgorithmDialog import AlgorithmDialog

    algorithm = QgsApplication.processingRegistry().createAlgorithmById("sanxian:export_maps")
    shown = AlgorithmDialog(algorithm, False, iface.mainWindow())
    folder = FOLDER / f"maps{cancel_at}"
    shown.setParameters({"MAPS": [1, 2, 3], "FORMAT": "jpg", "OUTPUT": str(folder), "TOWNSHIPS": bool(cancel_at)})
    shown.show()
    wait_seconds(0.5)
    if not cancel_at:
        save_picture("maps-export")
    running = [True]
    if cancel_at:

        def cancel():
            """Press Cancel in the progress window of QGIS.

            QGIS shows this window while an algorithm runs on the main thread.
            """
            window = shown.feedback_dialog
            if window and window.findChild(QProgressBar).value() >= cancel_at:
                save_picture("maps-cancel")
                click(next(b for b in window.findChildren(QPushButton) if b.text() in ("取消", "Cancel")))
            elif running:
                QTimer.singleShot(20, cancel)

        QTimer.singleShot(20, cancel)
    # The algorithm runs on the main thread: the call returns when it has finished or was cancelled.
    shown.runAlgorithm()
    running.clear()
    wait_seconds(0.3)
    if not cancel_at:
        save_picture("maps-exported")
    shown.close()
    wait_seconds(0.3)
    return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


def run_map_steps():
    controller = open_sample()
    make_layouts(controller)
    open_county_profile(controller)
    open_in_designer()
    FACTS["exported"] = export_maps_by_dialog(0)
    FACTS["cancelled"] = export_maps_by_dialog(10)
    QgsProject.instance().setDirty(False)


run_tour(run_map_steps)

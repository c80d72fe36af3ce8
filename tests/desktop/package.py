# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: export, force, cancel and inspect a submission package.

It also drops a VCT file on the map.
"""

import os

from gui_driver import (
    EMPTY_PDF,
    FACTS,
    FOLDER,
    Watch,
    act_when_dialog_opens,
    click,
    has_object_name,
    open_sample,
    press_key,
    run_tour,
    save_picture,
    wait,
    wait_seconds,
)
from qgis.core import QgsProject
from qgis.PyQt.QtCore import QMimeData, QPointF, Qt, QUrl
from qgis.PyQt.QtGui import QDragEnterEvent, QDropEvent
from qgis.PyQt.QtWidgets import QApplication, QLineEdit
from qgis.utils import iface

PICTURE_NAME = os.environ.get("SANXIAN_PICTURE", "package")
DOCUMENTS_FOLDER, TARGET_FOLDER = FOLDER / "浑源县 汇交文档", FOLDER / "成果"
PLAN_TEXT_FILE = "140225浑源县国土空间总体规划文本.pdf"


def read_tree_rows(tree):
    items = [tree.topLevelItem(n) for n in range(tree.topLevelItemCount())]
    return [[item.text(column) for column in range(3)] for item in items]


def read_listed_reasons(listed):
    return [listed.item(n).text() for n in range(listed.count())]


def fill_in_package_form(controller):
    """Fill in the export dialog by keyboard; add documents while it is open."""
    DOCUMENTS_FOLDER.mkdir()
    TARGET_FOLDER.mkdir()
    controller.actions["package"].trigger()
    shown = controller.export.dialog
    wait(shown.isVisible)
    FACTS["default"] = [shown.go.isEnabled(), shown.go.isDefault()]
    FACTS["without_folder"] = read_tree_rows(shown.form.slots)
    save_picture(f"{PICTURE_NAME}-1-empty")
    shown.form.folder.line.setText(str(TARGET_FOLDER))
    shown.form.documents.line.setText(str(DOCUMENTS_FOLDER))
    wait(lambda: shown.form.slots.topLevelItemCount() > 2)
    FACTS["missing"] = read_tree_rows(shown.form.slots)
    save_picture(f"{PICTURE_NAME}-1-form")
    for name in (PLAN_TEXT_FILE, "140225浑源县质量检查报告.pdf", "140225浑源县质量检查记录.pdf"):
        (DOCUMENTS_FOLDER / name).write_bytes(EMPTY_PDF)
    (DOCUMENTS_FOLDER / "140225浑源县数据库建设报告.pdf").write_bytes(b"not a pdf")
    (DOCUMENTS_FOLDER / "会议记录.docx").write_bytes(b"x")
    wait(lambda: read_tree_rows(shown.form.slots)[0][2] == PLAN_TEXT_FILE)
    wait(shown.form.left_out.text)
    FACTS["found"], FACTS["left_out"] = read_tree_rows(shown.form.slots), shown.form.left_out.text()
    (DOCUMENTS_FOLDER / "140225浑源县数据库建设报告.pdf").write_bytes(EMPTY_PDF)
    wait(
        lambda: (
            read_tree_rows(shown.form.slots)[1][2].endswith(".pdf")
            and "无法打开" not in read_tree_rows(shown.form.slots)[1][2]
        )
    )
    save_picture(f"{PICTURE_NAME}-2-found")
    FACTS["verdict_before"] = shown.form.gate.verdict.text()
    FACTS["fits"] = [shown.frameGeometry().height(), iface.mainWindow().screen().availableGeometry().height()]
    return shown


def wait_for_export_end(controller, seconds=180):
    wait(lambda: not controller.export.is_running, seconds)
    wait_seconds(0.5)


def refuse_at_gate(controller, shown):
    """Export the failing sample county; record the reasons of the refusal."""
    click(shown.go)
    wait(lambda: shown.run.bar.value() > 200)
    save_picture(f"{PICTURE_NAME}-3-running")
    wait_for_export_end(controller)
    FACTS["shut"] = [
        shown.end.text.text(),
        read_listed_reasons(shown.end.reasons),
        list(map(str, TARGET_FOLDER.iterdir())),
    ]
    save_picture(f"{PICTURE_NAME}-4-shut")
    FACTS["result_in_panel"] = controller.dock.result is not None
    click(shown.back)
    wait(lambda: shown.form.isVisible() and shown.form.gate.reasons.count() > 0)
    FACTS["verdict_after"] = shown.form.gate.verdict.text()
    FACTS["against"] = read_listed_reasons(shown.form.gate.reasons)


def cancel_writing(controller, shown):
    shown.form.gate.force.setChecked(True)
    wait_seconds(0.4)
    save_picture(f"{PICTURE_NAME}-5-force")
    click(shown.go)
    wait(lambda: shown.run.bar.value() > 100)
    watch = Watch()
    click(shown.run.button)
    wait(lambda: not controller.export.is_running)
    FACTS["cancel_seconds"] = watch.seconds
    wait_seconds(0.5)
    FACTS["cancelled"] = [shown.end.text.text(), sorted(p.name for p in TARGET_FOLDER.iterdir())]
    click(shown.back)
    wait(shown.form.isVisible)


def force_export(controller, shown):
    """Start a forced export with Enter, close its dialog with Esc, and close the project.

    The export continues with the layers that were read, and the message bar reports its end.
    """
    wait_seconds(0.5)
    shown.activateWindow()
    press_key("Return")
    wait(lambda: shown.is_running)
    FACTS["enter_starts"] = shown.is_running
    press_key("Escape")
    wait(lambda: not shown.isVisible())
    FACTS["goes_on"] = controller.export.is_running and not shown.isVisible()
    controller.actions["package"].trigger()
    FACTS["same_window"] = controller.export.dialog is shown and shown.is_running
    shown.reject()
    QgsProject.instance().setDirty(False)
    iface.newProject(False)
    FACTS["still_writing"] = controller.export.is_running
    iface.messageBar().clearWidgets()
    wait_for_export_end(controller)
    item = iface.messageBar().currentItem()
    FACTS["told_in_bar"] = item.text() if item is not None else ""
    save_picture(f"{PICTURE_NAME}-6-bar")
    shown.show()
    wait_seconds(0.3)
    FACTS["forced"] = [shown.end.text.text(), shown.end.digest.text(), read_listed_reasons(shown.end.reasons)]
    FACTS["made"] = str(shown.end.end.exported_package.path) if shown.end.end.exported_package else ""
    FACTS["written"] = sorted(path.name for path in TARGET_FOLDER.iterdir())
    save_picture(f"{PICTURE_NAME}-7-forced")
    shown.reject()
    iface.messageBar().clearWidgets()


def inspect_package(controller):
    from sanxian.plugin.bridge.layers import role_recognition

    def answer(opened):
        opened.package.line.setText(FACTS["made"])
        wait_seconds(0.3)
        save_picture(f"{PICTURE_NAME}-10-inspect")
        press_key("Return")

    before = {p: p.stat().st_mtime_ns for p in sorted(TARGET_FOLDER.rglob("*"))}
    act_when_dialog_opens(has_object_name("SanxianInspectPackage"), answer)
    controller.actions["inspect"].trigger()
    wait(lambda: controller.is_check_running)
    wait(lambda: not controller.is_check_running, 120)
    wait_seconds(0.5)
    FACTS["inspected"] = [controller.dock.stale.text(), iface.messageBar().currentItem().text()]
    FACTS["package_codes"] = sorted({f.code for f in controller.dock.result.findings})
    controller.inspection.show_layers()
    wait(lambda: QgsProject.instance().mapLayers())
    wait_seconds(0.5)
    tree = controller.dock.tree
    tree.setCurrentIndex(tree.findings.index(0, 0, tree.findings.index(0, 0)))
    wait_seconds(1.0)
    save_picture(f"{PICTURE_NAME}-11-findings")
    select_feature_of_package(controller)
    layers = list(QgsProject.instance().mapLayers().values())
    FACTS["package_layers"] = [
        len(layers),
        all(v.readOnly() for v in layers),
        len(role_recognition.list_plan_layers(QgsProject.instance())),
    ]
    FACTS["package_untouched"] = before == {p: p.stat().st_mtime_ns for p in sorted(TARGET_FOLDER.rglob("*"))}


def select_feature_of_package(controller):
    """Select a feature of a finding in the opened layers; list only findings on the package."""
    from sanxian.plugin.gui.findings.features import list_feature_refs

    dock = controller.dock
    finding = next(f for f in dock.result.findings if f.code == "TOP001")
    dock.tree.select_finding(finding)
    refs = list_feature_refs(finding)
    dock.featureChosen.emit(refs[0], refs)
    wait_seconds(1.0)
    layer = iface.activeLayer()
    FACTS["selected_in_package"] = [layer.readOnly(), layer.selectedFeatureCount(), dock.note.isVisible()]
    save_picture(f"{PICTURE_NAME}-11-selected")
    dock.filters.package_only.setChecked(True)
    wait_seconds(0.5)
    FACTS["package_only"] = sorted({f.code for f in dock.tree.findings.list_visible_findings()})
    save_picture(f"{PICTURE_NAME}-11-package-only")
    dock.filters.package_only.setChecked(False)


def inspect_damaged_file(controller):
    """Inspect a damaged zip after a package; the old verdict must not apply to it."""
    broken = FOLDER / "坏.zip"
    broken.write_bytes(b"PK")
    controller.inspection.start_inspection(str(broken), controller.export.dialog.form.forms.load_spec())
    wait(lambda: controller.is_check_running)
    wait(lambda: not controller.is_check_running)
    wait_seconds(0.5)
    FACTS["not_inspected"] = [controller.dock.stale.text(), iface.messageBar().currentItem().text()]
    save_picture(f"{PICTURE_NAME}-12-broken")
    iface.messageBar().clearWidgets()


def drop_vct_file(controller):
    """Drop a VCT file on the map: the import dialog opens, filled in.

    QGIS handles files of other types itself.
    """
    vct = FOLDER / "浑源.vct"
    vct.write_bytes("HeadBegin\nDatamark:CNSDTF-VCT\n".encode("gbk"))
    other = FOLDER / "别家.vct"
    other.write_bytes(b"\x00\x01\x02")
    FACTS["dropped"] = [
        controller.drop_handler.handleFileDrop(str(other)),
        controller.drop_handler.handleFileDrop(str(FOLDER / "a.shp")),
    ]
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(vct))])

    def answer(opened):
        wait_seconds(0.5)
        save_picture(f"{PICTURE_NAME}-13-vct")
        FACTS["vct_dialog"] = [
            line.text() for line in opened.findChildren(QLineEdit) if line.text().endswith((".vct", ".gpkg"))
        ]
        opened.reject()

    act_when_dialog_opens(lambda dialog: dialog.windowTitle().endswith("导入 VCT"), answer)
    place = iface.mapCanvas().mapTo(iface.mainWindow(), iface.mapCanvas().rect().center())
    with_what = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    # Qt delivers a drop to the widget that received the drag enter event.
    QApplication.sendEvent(iface.mainWindow(), QDragEnterEvent(place, *with_what))
    QApplication.sendEvent(iface.mainWindow(), QDropEvent(QPointF(place), *with_what))
    wait(lambda: "vct_dialog" in FACTS)


def measure_menu_height(controller):
    made = controller.actions.menu
    made.popup(iface.mainWindow().mapToGlobal(iface.mainWindow().rect().topLeft()))
    wait_seconds(0.5)
    FACTS["menu_height"] = [made.height(), iface.mainWindow().screen().availableGeometry().height()]
    save_picture(f"{PICTURE_NAME}-0-menu")
    made.close()


def run_package_steps():
    controller = open_sample()
    measure_menu_height(controller)
    shown = fill_in_package_form(controller)
    refuse_at_gate(controller, shown)
    if os.environ.get("SANXIAN_SHORT"):
        # For another screen size or theme, the pictures of the pages suffice.
        shown.form.gate.force.setChecked(True)
        save_picture(f"{PICTURE_NAME}-5-force")
        return
    cancel_writing(controller, shown)
    force_export(controller, shown)
    inspect_package(controller)
    inspect_damaged_file(controller)
    drop_vct_file(controller)


run_tour(run_package_steps)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: draw a boundary over farmland, fix the conflict, undo the fix; a sealed pair; a batch."""

from gui_driver import (
    FACTS,
    click,
    draw_rectangle,
    find_form,
    find_free_edge,
    open_sample,
    press_key,
    run_check,
    run_tour,
    save_picture,
    wait,
    wait_for_map,
    wait_seconds,
)
from qgis.core import Qgis, QgsGeometry, QgsProject
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QDialogButtonBox, QDockWidget, QPushButton
from qgis.utils import iface

KEY = "140225999900000001"
#: Size of the drawn boundary in metres.
WIDTH, HEIGHT = 240, 180


def run_fix_steps():
    controller = open_sample()
    window = iface.mainWindow()
    layers = window.findChild(QDockWidget, "Layers")
    window.resizeDocks([layers, controller.dock], [200, 430], Qt.Orientation.Horizontal)
    run_check(controller)
    roles = {v.customProperty("sanxian/template"): v for v in QgsProject.instance().mapLayers().values()}
    finding = draw_over_farmland(controller, roles["CZKFBJ"], roles["YJJBNTBHTB"])
    fix_and_undo(controller, roles["CZKFBJ"], finding)
    preview_sealed_pair(controller)
    align_drawn_boundary(controller, roles["CZKFBJ"], roles["YJJBNTBHTB"])
    fix_batch(controller)
    for layer in roles.values():
        if layer.isEditable():
            layer.rollBack()
    wait_seconds(0.5)


def draw_over_farmland(controller, boundary, farmland):
    """Draw a boundary across an edge of the farmland by mouse; return the conflict."""
    corner = find_free_edge(boundary, farmland, WIDTH, HEIGHT)
    dialog = draw_rectangle(boundary, corner, WIDTH, HEIGHT)
    form = find_form(dialog)
    form.changeAttribute("BSM", KEY)
    form.changeAttribute("GHFQDM", "410")
    wait_seconds(0.3)
    click(dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok))
    wait(lambda: find_conflict(controller) is not None)
    FACTS["drawn"] = find_conflict(controller) is not None
    iface.actionPan().trigger()
    wait_seconds(0.5)
    FACTS["buttons"] = [b.text() for b in iface.messageBar().currentItem().findChildren(QPushButton)]
    save_picture("fixing-1-conflict")
    return find_conflict(controller)


def find_conflict(controller):
    findings = controller.dock.result.findings
    return next((f for f in findings if f.code == "REL002" and KEY in (f.key, *f.related_keys)), None)


def fix_and_undo(controller, boundary, finding):
    dock = controller.dock
    dock.tree.select_finding(finding)
    wait_seconds(0.5)
    shape = find_drawn_shape(boundary)
    dock.tree.setFocus()
    press_key("f")
    assert wait(lambda: controller.fixes.one.dialog is not None, 10)
    dialog = controller.fixes.one.dialog
    wait(lambda: not controller.fixes.one.trial.is_running, 60)
    wait_seconds(1.5)
    wait(lambda: not dialog.maps.before.isDrawing() and not dialog.maps.after.isDrawing(), 20)
    FACTS["can_apply"] = dialog.apply.isEnabled()
    FACTS["fits"] = [dialog.width(), dialog.height()]
    FACTS["areas"] = [[dialog.areas.item(r, c).text() for c in range(5)] for r in range(dialog.areas.rowCount())]
    FACTS["outcome"] = dialog.outcome.lines
    FACTS["unchanged_by_preview"] = find_drawn_shape(boundary) == shape
    save_picture("fixing-2-preview")
    iface.messageBar().clearWidgets()
    click(dialog.apply)
    wait(lambda: controller.fixes.one.dialog is None and find_conflict(controller) is None)
    FACTS["fixed"] = find_conflict(controller) is None
    FACTS["canvas_clean"] = len(controller.fixes.one._mark._bands) == 0
    wait_seconds(0.5)
    save_picture("fixing-3-applied")
    # QGIS's own undo, with the list in focus, which has a key for changes of the work list.
    iface.setActiveLayer(boundary)
    controller.dock.tree.setFocus()
    press_key("ctrl+z")
    wait(lambda: find_conflict(controller) is not None, 20)
    FACTS["undone"] = find_conflict(controller) is not None and find_drawn_shape(boundary) == shape
    wait_seconds(0.5)
    save_picture("fixing-4-undone")
    controller.fixes.applier.log_writer.stop()
    path = controller.fixes.applier.steps and next(iter(controller.editing.live.get_layer_by_role().values()))
    FACTS["log_rows"] = read_log(path)


def find_drawn_shape(boundary):
    drawn = next(feature for feature in boundary.getFeatures() if feature["BSM"] == KEY)
    return bytes(drawn.geometry().asWkb())


def read_log(layer):
    from pathlib import Path

    folder = Path(layer.source().split("|")[0]).parent
    logs = list(folder.glob("*.changes.csv"))
    return [log.read_text(encoding="utf-8-sig").splitlines()[1:] for log in logs]


def preview_sealed_pair(controller):
    sealed = next(f for f in controller.dock.result.findings if f.code == "REL001")
    controller.dock.tree.select_finding(sealed)
    wait_seconds(0.3)
    FACTS["sealed_can_be_fixed"] = controller.dock.navigation.fix.isEnabled()
    save_picture("fixing-5-sealed")


def align_drawn_boundary(controller, boundary, farmland):
    """Move the drawn boundary to 0.4 m beside a field, and align it from the menu; then undo both steps."""
    fid = next(feature.id() for feature in boundary.getFeatures() if feature["BSM"] == KEY)
    field = max(farmland.getFeatures(), key=lambda feature: feature.geometry().area()).geometry()
    ring = field.buffer(0.4, 1, Qgis.EndCapStyle.Flat, Qgis.JoinStyle.Miter, 5)
    shape = ring.buffer(60, 1, Qgis.EndCapStyle.Flat, Qgis.JoinStyle.Miter, 5).difference(ring)
    boundary.beginEditCommand("move")
    boundary.changeGeometry(fid, QgsGeometry.fromWkt(shape.asWkt(9)))
    boundary.endEditCommand()
    wait(lambda: controller.editing.live.is_idle, 60)
    boundary.selectByIds([fid])
    iface.setActiveLayer(boundary)
    iface.mapCanvas().setExtent(boundary.boundingBoxOfSelected())
    wait_for_map()
    controller.actions["align"].trigger()
    dialog = controller.fixes.alignment.dialog
    dialog.reference.setCurrentIndex(dialog.reference.findData("YJJBNTBHTB"))
    wait(lambda: not controller.fixes.alignment.trial.is_running, 60)
    wait_seconds(1.5)
    FACTS["alignment_areas"] = [
        [dialog.areas.item(r, c).text() for c in range(5)] for r in range(dialog.areas.rowCount())
    ]
    FACTS["alignment_fits"] = [dialog.width(), dialog.height()]
    FACTS["alignment_ways"] = [button.full_text for button in dialog.choices.buttons]
    save_picture("fixing-8-alignment")
    can_apply = dialog.apply.isEnabled()
    if can_apply:
        click(dialog.apply)
        wait(lambda: controller.fixes.alignment.dialog is None, 20)
    gap = QgsGeometry(boundary.getGeometry(fid)).distance(field)
    FACTS["aligned"] = can_apply and gap < 1e-6
    boundary.undoStack().undo()
    boundary.undoStack().undo()
    wait(lambda: controller.editing.live.is_idle, 60)
    wait_seconds(0.5)


def fix_batch(controller):
    """Fix all findings of the county in a batch: only the safe ones."""
    tree = controller.dock.tree
    tree.setFocus()
    tree.selectAll()
    wait_seconds(0.5)
    FACTS["batch_button"] = controller.dock.navigation.fix.text()
    click(controller.dock.navigation.fix)
    assert wait(lambda: controller.fixes.many.dialog is not None, 10)
    wait(lambda: not controller.fixes.many.trial.is_running, 120)
    wait_seconds(1.5)
    dialog = controller.fixes.many.dialog
    FACTS["groups"] = [button.text() for button in dialog.group_buttons.values()]
    FACTS["batch_fits"] = [dialog.width(), dialog.height()]
    FACTS["reasons"] = sorted({row.cells[-1] for row in dialog.model.rows})
    before = {f.fingerprint for f in controller.dock.result.findings}
    ticked = {row.entry.finding.fingerprint for row in dialog.model.list_ticked()}
    FACTS["ticked"] = len(ticked)
    save_picture("fixing-6-batch")
    click(dialog.apply)
    wait(lambda: controller.fixes.many.dialog is None, 120)
    wait(lambda: controller.editing.live is None or controller.editing.live.is_idle, 60)
    wait_seconds(1.0)
    left = {f.fingerprint for f in controller.dock.result.findings}
    FACTS["batch_gone"] = len(ticked - left)
    FACTS["batch_new"] = len(left - before)
    save_picture("fixing-7-batch-applied")


run_tour(run_fix_steps)

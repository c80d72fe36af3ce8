# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: set targets, use forms, change many rows, resize the panel."""

from gui_driver import (
    FACTS,
    FOLDER,
    Watch,
    act_when_dialog_opens,
    click,
    draw_feature,
    find_form,
    has_object_name,
    open_sample,
    press_key,
    run_tour,
    save_picture,
    type_text,
    wait,
    wait_for_map,
    wait_seconds,
    wait_until_still,
)
from qgis.core import QgsFieldModel, QgsProject, QgsRectangle
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QDialogButtonBox,
    QDockWidget,
    QLabel,
    QPushButton,
    QScrollArea,
)
from qgis.utils import iface


def run_everyday_steps():
    controller = open_sample()
    project = QgsProject.instance()
    layers = {v.customProperty("sanxian/template"): v for v in project.mapLayers().values()}
    assert project.write(str(FOLDER / "county.qgz"))
    enter_targets(controller)
    fill_in_farmland_form(layers["YJJBNTBHTB"])
    change_many_rows(layers["DLTB"])
    reopen_panel(controller)
    project.setDirty(False)


def replace_text(line, text):
    """Click into a line and type another text."""
    click(line)
    wait_seconds(0.2)
    press_key("ctrl+a")
    type_text(text)
    wait(lambda: line.text() == text, 5)


def enter_targets(controller):
    """Enter a target and the confirmation in 县配置 by mouse and keyboard; save them."""

    def fill(dialog):
        row = next(row for row in dialog.form.targets.rows if row.indicator == "cultivated_area")
        FACTS["inherited"] = [row.value.text(), row.value.inherited_text]
        save_picture("everyday-1-targets")
        replace_text(row.value, "6o")
        wait(lambda: dialog.form.errors, 5)
        FACTS["target_error"] = [row.message.error, dialog._ok_button.isEnabled()]
        save_picture("everyday-1-wrong-target")
        replace_text(row.value, "60.12")
        replace_text(row.source, "Plan 2035")
        wait(lambda: row.message.kind == "warning", 5)
        FACTS["weak_target"] = [row.message.text(), dialog._ok_button.isEnabled()]
        save_picture("everyday-1-weak-target")
        replace_text(row.value, "80.50")
        confirmation = dialog.form.confirmation
        replace_text(confirmation.by, "Bureau")
        replace_text(confirmation.document, "No. 1 of 2026")
        every = next(b for b in confirmation.findChildren(QPushButton) if b.text() == "全选")
        next(one for one in dialog.findChildren(QScrollArea) if one.isAncestorOf(every)).ensureWidgetVisible(every)
        wait_until_still(every)
        click(every)
        deciding = confirmation._list_deciding_rows()
        deciding[0].setText(2, "No. 2 of 2026")
        for deciding_row in deciding:
            deciding_row.setCheckState(0, Qt.CheckState.Checked)
        wait(lambda: confirmation.badge.kind == "ok", 10)
        FACTS["confirmed"] = confirmation.badge.label.text()
        save_picture("everyday-1-confirmed")
        click(dialog._ok_button)
        if not wait(lambda: not dialog.isVisible(), 5):
            dialog.reject()

    act_when_dialog_opens(has_object_name("SanxianProfileDialog"), fill)
    click(controller.actions.toolbar.widgetForAction(controller.actions["profile"]))
    profile = FOLDER / "county.profile.toml"
    wait(profile.exists)
    FACTS["profile"] = profile.read_text(encoding="utf-8") if profile.exists() else ""
    wait_seconds(0.5)


def fill_in_farmland_form(layer):
    """Draw a farmland parcel; type a wrong code, then a right one, by keyboard."""
    canvas = iface.mapCanvas()
    centre = layer.extent().center()
    canvas.setExtent(QgsRectangle.fromCenterAndSize(centre, 1500, 1500))
    wait_for_map()
    x, y = centre.x(), centre.y()
    dialog = draw_feature(layer, [(x - 100, y - 80), (x + 100, y - 80), (x + 100, y + 80), (x - 100, y + 80)])
    form = find_form(dialog)
    box = next(b for b in form.findChildren(QComboBox) if b.objectName() == "DLBM")
    ok = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok)
    wait(box.isEditable)
    reasons = form.findChild(QLabel, "SanxianFormReasons")
    FACTS["empty_form"] = [reasons.text(), ok.isEnabled()]
    FACTS["scroll_bars"] = sum(
        bar.isVisible()
        for area in form.findChildren(QScrollArea)
        if area.isVisible()
        for bar in (area.verticalScrollBar(), area.horizontalScrollBar())
    )
    save_picture("everyday-2-empty-form")
    replace_text(box.lineEdit(), "999")
    press_key("Tab")
    wait(lambda: "999" in reasons.text() or "不在代码表中" in box.lineEdit().text(), 5)
    FACTS["wrong_code"] = [box.lineEdit().text(), reasons.text(), ok.isEnabled()]
    save_picture("everyday-2-wrong-code")
    replace_text(box.lineEdit(), "0103")
    press_key("Tab")
    wait(ok.isEnabled, 5)
    FACTS["right_code"] = [box.lineEdit().text(), reasons.text(), ok.isEnabled()]
    save_picture("everyday-2-right-code")
    dialog.reject()
    layer.rollBack()
    iface.actionPan().trigger()


def change_many_rows(layer):
    """Change the code of every row in the attribute table of QGIS; undo it as one step."""
    iface.setActiveLayer(layer)
    layer.startEditing()
    table = iface.showAttributeTable(layer)
    wait(table.isVisible)
    wait_seconds(1)
    choice, expression = [c for c in table.findChildren(QComboBox) if c.isVisible()][:2]
    fields = choice.model()
    names = [fields.data(fields.index(n, 0), QgsFieldModel.FieldRoles.FieldNameRole) for n in range(choice.count())]
    choice.setCurrentIndex(names.index("DLBM"))
    choice.activated.emit(choice.currentIndex())
    replace_text(expression.lineEdit(), "'0103'")
    button = next(b for b in table.findChildren(QAbstractButton) if b.isVisible() and b.text() == "全部更新")
    save_picture("everyday-3-before")
    steps = layer.undoStack().count()
    before = count_values(layer, "DLMC", "旱地")
    watch = Watch()
    click(button)
    wait(lambda: count_values(layer, "DLMC", "旱地") == layer.featureCount(), 60)
    FACTS["rows"] = [layer.featureCount(), before, count_values(layer, "DLMC", "旱地")]
    FACTS["rows_seconds"] = watch.seconds
    FACTS["undo_steps"] = layer.undoStack().count() - steps
    save_picture("everyday-3-after")
    table.close()
    layer.undoStack().undo()
    FACTS["rows_undone"] = count_values(layer, "DLMC", "旱地")
    layer.rollBack()
    wait_seconds(0.5)


def count_values(layer, field, value):
    """Return the number of rows with a value in a field."""
    index = layer.fields().lookupField(field)
    return sum(row[index] == value for row in layer.getFeatures())


def reopen_panel(controller):
    """Widen the panel, close it and open it again with the button of the toolbar."""
    dock, window = controller.dock, iface.mainWindow()
    window.resizeDocks([window.findChild(QDockWidget, "Layers"), dock], [240, 520], Qt.Orientation.Horizontal)
    wait_seconds(0.5)
    button = controller.actions.toolbar.widgetForAction(controller.actions["findings"])
    FACTS["panel_widths"] = [dock.width()]
    save_picture("everyday-4-wide")
    click(button)
    wait(lambda: not dock.isVisible(), 5)
    FACTS["panel_closed"] = not dock.isVisible()
    wait_seconds(0.5)
    click(button)
    wait(dock.isVisible, 5)
    wait_seconds(0.5)
    FACTS["panel_widths"].append(dock.width())
    save_picture("everyday-4-again")


run_tour(run_everyday_steps)

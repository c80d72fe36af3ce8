# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: waive findings (accept them with a reason) and undo this."""

import hashlib
import os
from pathlib import Path

from gui_driver import (
    FACTS,
    FOLDER,
    click,
    open_sample,
    press_key,
    run_check,
    run_tour,
    save_picture,
    type_text,
    wait,
    wait_seconds,
)
from qgis.core import QgsProject
from qgis.PyQt.QtCore import QPoint, QTimer
from qgis.PyQt.QtWidgets import QApplication, QDialogButtonBox

PICTURE_NAME = os.environ["SANXIAN_PICTURE"]


def run_waiver_steps():
    controller = open_sample()
    run_check(controller)
    dock = controller.dock
    dock.step_selection(1)
    wait_seconds(0.4)
    FACTS["button"] = dock.navigation.waive.text()
    chosen = dock.tree.get_selected_finding()
    FACTS["path"] = str(controller.waiving.get_waiver_path())
    waive_finding(dock)
    FACTS["state"] = chosen.state
    FACTS["said"] = dock.note.text()
    FACTS["next"] = dock.navigation.waive.isEnabled() and dock.tree.list_selected_findings() == [
        dock.tree.get_selected_finding()
    ]
    save_picture(f"{PICTURE_NAME}-2-done")
    click(dock.verdict.buttons["waived"])
    wait_seconds(0.3)
    dock.tree.select_finding(chosen)
    wait_seconds(0.4)
    save_picture(f"{PICTURE_NAME}-3-shown")
    FACTS["back"] = dock.navigation.waive.text()
    waive_rule_findings(controller)
    target = FOLDER / "报告.html"
    controller.exports.save_result("html", str(target))
    wait(target.exists)
    FACTS["report"] = "县城防洪堤已批复" in target.read_text(encoding="utf-8")
    click(dock.navigation.waive)
    wait(lambda: chosen.state == "open")
    FACTS["file"] = Path(FACTS["path"]).read_text(encoding="utf-8-sig")
    record_profile_dialog(controller)
    # The waiver file is in the folder of the sample's copy.
    FACTS["layers"] = len(QgsProject.instance().mapLayers())


def waive_finding(dock):
    """Waive the selected finding by filling in the dialog by keyboard."""

    def fill():
        dialog = QApplication.activeModalWidget()
        save_picture(f"{PICTURE_NAME}-0-empty")
        FACTS["waits"] = not dialog.ok.isEnabled()
        FACTS["errors_before_typing"] = dialog.find_errors()
        FACTS["missing"] = dialog.ok.toolTip().splitlines()
        show_error_at_field(dialog)
        attach_file(dialog)
        # Typing Chinese needs an input method, so the text is sent as an input method event.
        dialog.reason.insertPlainText("县城防洪堤已批复，占用部分已列入补划方案")
        dialog.document.insert("晋自然资函〔2026〕12号")
        click(dialog.author)
        wait_seconds(0.3)
        type_text("Wang")
        wait_seconds(0.3)
        FACTS["author"] = dialog.author.text()
        click(dialog.forever)
        wait_seconds(0.3)
        save_picture(f"{PICTURE_NAME}-1-dialog")
        FACTS["fits"] = [dialog.width(), dialog.height()]
        click(dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok))
        wait_seconds(1.0)
        if dialog.isVisible():
            FACTS["trouble"] = dialog.find_errors()
            dialog.reject()

    QTimer.singleShot(500, fill)
    click(dock.navigation.waive)
    wait(lambda: QApplication.activeModalWidget() is None and dock.note.text())


def show_error_at_field(dialog):
    """Type into a field and empty it again; record the error and whether any widget moved."""
    before = measure_places(dialog)
    click(dialog.document)
    wait_seconds(0.2)
    type_text("x")
    wait_seconds(0.2)
    press_key("BackSpace")
    wait(dialog.find_errors, 5)
    FACTS["error_at_field"] = [dialog.find_errors(), dialog._document_message.message.text(), dialog.ok.isEnabled()]
    save_picture(f"{PICTURE_NAME}-0-error")
    FACTS["moved"] = measure_places(dialog) != before


def measure_places(dialog):
    widgets = (dialog.reason, dialog.document, dialog.attachment, dialog.author, dialog.until, dialog.file, dialog.ok)
    return [one.mapToGlobal(one.rect().topLeft()) for one in widgets], dialog.size()


def attach_file(dialog):
    """Type the name of an attachment next to the waiver file; record its size and digest."""
    content = b"%PDF" * 500_000
    (Path(FACTS["path"]).parent / "reply.pdf").write_bytes(content)
    click(dialog.attachment.line)
    wait_seconds(0.2)
    type_text("reply.pdf")
    digest = hashlib.sha256(content).hexdigest()
    wait(lambda: digest[:8] in dialog._attachment_message.message.text(), 20)
    FACTS["attachment"] = [dialog._attachment_message.message.text(), digest[:8], digest[-4:]]


def waive_rule_findings(controller):
    """Select the row of a rule; open the dialog for its findings and cancel it."""
    tree = controller.dock.tree
    group = next(g for g in tree.findings.groups if len(g.findings) > 2)
    tree.setCurrentIndex(tree._get_group_index(group))
    wait_seconds(0.4)
    FACTS["several"] = controller.dock.navigation.waive.text()
    save_picture(f"{PICTURE_NAME}-4-several")

    def note_scope():
        dialog = QApplication.activeModalWidget()
        FACTS["scope"] = [dialog.only_this.text(), dialog.all_selected.text(), len(dialog.get_chosen_findings())]
        save_picture(f"{PICTURE_NAME}-4-scope")
        # Only the mark and the text of a radio button take clicks, not the empty space after them.
        click(dialog.only_this, QPoint(dialog.only_this.height() // 2, dialog.only_this.height() // 2))
        wait(dialog.only_this.isChecked, 5)
        FACTS["scope_of_one"] = len(dialog.get_chosen_findings())
        dialog.reject()

    QTimer.singleShot(500, note_scope)
    click(controller.dock.navigation.waive)
    wait(lambda: "scope_of_one" in FACTS)
    waived = next(f for f in controller.dock.result.findings if f.state == "waived")
    tree.select_finding(waived)
    wait_seconds(0.3)


def record_profile_dialog(controller):
    def note_profile():
        dialog = QApplication.activeModalWidget()
        wait_seconds(0.3)
        save_picture(f"{PICTURE_NAME}-5-profile")
        dialog.reject()

    QTimer.singleShot(500, note_profile)
    controller.dialogs.open_profile_dialog()


run_tour(run_waiver_steps)

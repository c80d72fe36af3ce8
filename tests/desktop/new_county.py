# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: plan another county from the wizard to its package, by mouse and keyboard.

It counts clicks, fields and characters by step.
"""

import json
import os
from pathlib import Path

from gui_driver import (
    FACTS,
    FOLDER,
    click,
    prepare_window_for_screenshots,
    press_key,
    run_tour,
    save_picture,
    type_text,
    wait,
    wait_seconds,
    wait_until_still,
)
from pasting import paste_data_into_layers
from qgis.core import QgsProject, QgsSettings
from qgis.PyQt.QtCore import QPoint, Qt
from qgis.PyQt.QtWidgets import QAbstractButton, QPushButton, QScrollArea
from qgis.utils import iface, plugins

DATA = os.environ["SANXIAN_COUNTY_DATA"]
TARGETS = json.loads(os.environ["SANXIAN_COUNTY_TARGETS"])
CODE, DOCUMENTS, RESULT = os.environ["SANXIAN_COUNTY_CODE"], FOLDER / "documents", FOLDER / "result"
PLAN_TITLE = "Plan 2035"


class CountedUser:
    """Sends clicks and texts, and counts them by step."""

    def __init__(self):
        self.steps, self._step = {}, None

    def begin(self, step):
        self._step = self.steps.setdefault(step, {"clicks": 0, "fields": 0, "characters": 0})

    def click(self, widget):
        """Click on a widget; the wheel, which moves it into view, is not counted."""
        show_in_scroll_area(widget)
        # A tick box takes clicks only on its mark and text.
        is_button = isinstance(widget, QAbstractButton) and not isinstance(widget, QPushButton)
        click(widget, QPoint(widget.height() // 2, widget.height() // 2) if is_button else None)
        self._step["clicks"] += 1
        wait_seconds(0.4)

    def type(self, line, text):
        """Type into a field; the click into it is counted with the field."""
        show_in_scroll_area(line)
        click(line)
        wait_seconds(0.2)
        press_key("ctrl+a")
        type_text(text)
        self._step["fields"] += 1
        self._step["characters"] += len(text)
        wait_seconds(0.3)

    def take_offered(self, line, beginning):
        """Type the beginning of a text that the field offers; take it with two keys."""
        self.type(line, beginning)
        wait(lambda: line.completer().popup().isVisible(), 5)
        press_key("Down")
        press_key("Return")
        self._step["characters"] += 2
        wait_seconds(0.3)

    def choose_next(self, combo):
        """Choose the next entry of a list by keyboard."""
        combo.setFocus()
        wait_seconds(0.2)
        press_key("Down")
        self._step["clicks"] += 2
        wait_seconds(0.3)

    def in_qgis(self, clicks):
        """Count clicks in windows of QGIS, which the script operates by API calls."""
        self._step["clicks"] += clicks


def show_in_scroll_area(widget):
    area = widget.parent()
    while area is not None and not isinstance(area, QScrollArea):
        area = area.parent()
    if area is not None:
        area.ensureWidgetVisible(widget)
        wait_until_still(widget)


def run_county_steps():
    prepare_window_for_screenshots()
    QgsSettings().setValue("sanxian/project_folder", str(FOLDER))
    controller, user = plugins["sanxian"].desktop, CountedUser()
    complete_wizard(controller, user)
    FACTS["files"] = sorted(p.name for p in FOLDER.iterdir() if p.name.startswith("新荣区"))
    user.begin("layers")
    paste_data_into_layers(user, QgsProject.instance(), DATA)
    iface.mapCanvas().zoomToFullExtent()
    save_picture("county-4-data")
    user.begin("check")
    user.click(controller.actions.toolbar.widgetForAction(controller.actions["check"]))
    wait(lambda: controller.dock.result is not None and not controller.is_check_running, 120)
    FACTS["verdict"] = controller.dock.verdict._word.text()
    FACTS["unconfirmed"] = list(controller.dock.result.report.summary.get("unconfirmed", []))
    save_picture("county-5-checked")
    export_package(controller, user)
    FACTS["steps"] = user.steps
    FACTS["total"] = {key: sum(step[key] for step in user.steps.values()) for key in ("clicks", "fields", "characters")}
    QgsProject.instance().setDirty(False)


def complete_wizard(controller, user):
    user.begin("wizard")
    user.click(controller.actions.toolbar.widgetForAction(controller.actions["new"]))
    wizard = controller.new_project.wizard
    wait(wizard.isVisible)
    wait_seconds(0.5)
    user.click(wizard.next)
    box = wizard.place.county
    user.take_offered(box.search.lineEdit(), CODE)
    while box.source.currentData() != "typed":
        user.choose_next(box.source)
    user.type(box.west, "113.1")
    user.type(box.east, "113.7")
    press_key("Tab")
    save_picture("county-1-place")
    user.click(wizard.next)
    user.begin("targets and confirmation")
    form = wizard.profile.form
    rows = {row.indicator: row for row in form.targets.rows}
    save_picture("county-2-empty")
    for number, (name, value) in enumerate(TARGETS.items()):
        user.type(rows[name].value, value)
        if number == 0:
            user.type(rows[name].source, PLAN_TITLE)
        else:
            user.take_offered(rows[name].source, PLAN_TITLE[:2])
    save_picture("county-2-targets")
    confirmation = form.confirmation
    user.type(confirmation.by, "Bureau")
    user.type(confirmation.document, "No. 1 of 2026")
    user.click(next(b for b in confirmation.findChildren(QPushButton) if b.text() == "全选"))
    rows = confirmation._list_deciding_rows()
    rows[0].setText(2, "No. 2 of 2026")
    for row in rows:
        row.setCheckState(0, Qt.CheckState.Checked)
    wait(lambda: confirmation.badge.kind == "ok", 10)
    save_picture("county-2-confirmed")
    user.begin("wizard")
    user.click(wizard.next)
    save_picture("county-3-folder")
    user.click(wizard.next)
    user.click(wizard.next)
    wait(lambda: controller.new_project.wizard is None)
    wait(lambda: len(QgsProject.instance().mapLayers()) > 5)
    wait_seconds(1)
    iface.messageBar().clearWidgets()


def export_package(controller, user):
    for folder in (DOCUMENTS, RESULT):
        folder.mkdir()
    title = f"{CODE}新荣区国土空间总体规划"
    (DOCUMENTS / f"{title}文本.pdf").write_bytes(Path(os.environ["SANXIAN_COUNTY_PDF"]).read_bytes())
    user.begin("package")
    user.click(controller.actions.toolbar.widgetForAction(controller.actions["package"]))
    shown = controller.export.dialog
    wait(shown.isVisible)
    wait_seconds(0.5)
    user.click(shown.form.maps)
    user.type(shown.form.documents.line, str(DOCUMENTS))
    user.type(shown.form.folder.line, str(RESULT))
    wait(shown.go.isEnabled, 20)
    save_picture("county-6-package")
    user.click(shown.go)
    wait(lambda: not controller.export.is_running and shown.end.isVisible(), 180)
    wait_seconds(0.5)
    FACTS["ended"] = shown.end.text.text()
    save_picture("county-7-exported")
    manifest = RESULT / title / "manifest.json"
    FACTS["manifest"] = json.loads(manifest.read_text(encoding="utf-8"))["check"] if manifest.exists() else None
    shown.reject()


run_tour(run_county_steps)

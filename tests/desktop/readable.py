# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: record what scrolls sideways, and the contrast of all texts, in the plugin's windows."""

import os

import numpy as np
from gui_driver import (
    FACTS,
    FOLDER,
    SAMPLE,
    SCREENSHOTS,
    act_when_dialog_opens,
    has_object_name,
    open_sample,
    run_check,
    run_tour,
    wait,
    wait_seconds,
)
from qgis.core import QgsProject
from qgis.PyQt.QtGui import QColor, QImage
from qgis.PyQt.QtWidgets import (
    QAbstractScrollArea,
    QApplication,
    QCheckBox,
    QDialog,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QTextBrowser,
)

PICTURE = os.environ["SANXIAN_PICTURE"]
FACTS["sideways"], FACTS["contrast"] = {}, []


def compute_luminance(colour):
    parts = [v / 255 for v in (colour.red(), colour.green(), colour.blue())]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def compute_contrast(one, other):
    light, dark = sorted((compute_luminance(one), compute_luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def measure_contrast(window, widget):
    """Return the contrast of a widget's text as drawn.

    The most frequent colour is the background; the colour with the highest contrast is the text.
    """
    image = window.grab(widget.rect().translated(widget.mapTo(window, widget.rect().topLeft()))).toImage()
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    memory = image.constBits()
    memory.setsize(image.sizeInBytes())
    pixels = np.frombuffer(memory, np.uint32).reshape(image.height(), -1)[2:-2, 2 : image.width() - 2]
    colours, counts = np.unique(pixels, return_counts=True)
    if not len(colours):
        return None
    ground = QColor(int(colours[counts.argmax()]))
    return round(max(compute_contrast(QColor(int(colour)), ground) for colour in colours), 2)


def get_text(widget):
    """Return the text of a widget and whether it is a placeholder."""
    if isinstance(widget, QLabel | QCheckBox):
        return widget.text(), ""
    if isinstance(widget, QLineEdit):
        inherited = getattr(widget, "inherited_text", "")
        return widget.text() or inherited or widget.placeholderText(), "" if widget.text() else "placeholder"
    if isinstance(widget, QTextBrowser):
        return widget.toPlainText()[:60], ""
    if isinstance(widget, QPlainTextEdit):
        return widget.toPlainText() or widget.placeholderText(), "" if widget.toPlainText() else "placeholder"
    return "", ""


def is_in_view(widget, window):
    """Return True if a widget is inside the window and inside all scroll areas."""
    return widget.isVisible() and widget.visibleRegion().boundingRect() == widget.rect() and widget.width() > 4


def inspect_window(name, window):
    """Note the horizontal scroll bars and the contrasts of a window; save a picture."""
    wait_seconds(0.4)
    sideways = {}
    for area in window.findChildren(QAbstractScrollArea):
        bar = area.horizontalScrollBar()
        if area.isVisible() and bar.maximum() > bar.minimum() and not isinstance(area, QPlainTextEdit):
            sideways[area.objectName() or type(area).__name__] = bar.maximum()
    # A window that is wider than its screen scrolls sideways, too.
    screen = QApplication.primaryScreen().availableGeometry()
    if window.isWindow() and window.minimumSizeHint().width() > screen.width():
        sideways["window"] = window.minimumSizeHint().width() - screen.width()
    FACTS["sideways"][name] = sideways
    assert window.grab().save(str(SCREENSHOTS / f"{PICTURE}-{name}.png"))
    kinds = (QLabel, QLineEdit, QPlainTextEdit, QTextBrowser)
    for widget in [child for kind in kinds for child in window.findChildren(kind)]:
        text, kind = get_text(widget)
        # A probe of a field's height is not in view.
        if not text.strip() or text == "国" or not is_in_view(widget, window):
            continue
        contrast = measure_contrast(window, widget)
        if contrast is not None:
            kind = (kind or "text") if widget.isEnabled() else "disabled"
            FACTS["contrast"].append([name, kind, type(widget).__name__, text[:60], contrast])


def inspect_dialog(name, object_name, open_it, prepare=lambda dialog: None):
    def note(dialog):
        screen = QApplication.primaryScreen().availableGeometry()
        dialog.resize(min(dialog.width(), screen.width()), min(dialog.height(), screen.height()))
        wait_seconds(0.3)
        for step in prepare(dialog) or [""]:
            inspect_window(f"{name}{step}", dialog)
        dialog.reject()

    act_when_dialog_opens(has_object_name(object_name), note)
    open_it()
    wait_seconds(0.3)


def prepare_profile(dialog):
    form = dialog.form
    yield "-form"
    # Errors and warnings below the fields.
    form.area_code.setText("14")
    for row in form.setting_rows.values():
        if hasattr(row, "value"):
            row.value.setText("x")
    form.targets.rows[0].value.setText("x")
    form.confirmation.by.setText("x")
    form.confirmation.date.setText("x") if hasattr(form.confirmation.date, "setText") else None
    yield "-errors"
    dialog.tabs.setCurrentIndex(1)
    yield "-checks"
    dialog.base_year.setText("20")
    dialog.accept()
    yield "-checks-error"


def prepare_document(dialog):
    yield ""
    dialog.secrecy.setEditText("公开")
    dialog.accept()
    yield "-error"


def prepare_waiver(dialog):
    yield ""
    dialog.reason.setPlainText("x")
    dialog.attachment.line.setText("none.pdf")
    wait_seconds(0.5)
    yield "-error"


def inspect_counties(counties):
    """Inspect the window of many counties: with a wrong path, with a forecast, and with a message on a county."""
    dialog = counties.dialog
    screen = QApplication.primaryScreen().availableGeometry()
    dialog.resize(min(dialog.width(), screen.width()), min(dialog.height(), screen.height()))
    for name, source in (("error", SAMPLE / "none"), ("forecast", SAMPLE)):
        dialog.form.source.line.setText(str(source))
        dialog.form.output.line.setText(str(FOLDER / "out"))
        wait_seconds(0.8)
        wait(lambda: counties._forecast_job is None, 60)
        if dialog.model.rows:
            dialog.table.selectRow(0)
            counties.open_report(dialog.model.rows[0].name)
        inspect_window(f"counties-{name}", dialog)
    dialog.reject()


def run_readable_steps():
    controller = open_sample()
    run_check(controller)
    dock, handlers = controller.dock, controller._get_action_handlers()
    dock.step_selection(1)
    inspect_window("panel", dock)
    dock.filters.search.setText("nothing like it")
    wait(lambda: dock.stack.currentWidget() is dock.empty, 5)
    inspect_window("panel-empty", dock)
    dock.clear_filters()
    dock.tree.select_finding(next(f for f in dock.result.findings if f.code == "REL002"))
    if dock.tabs.isVisible():
        dock.tabs.setCurrentIndex(1)
    inspect_window("panel-detail", dock)
    inspect_dialog("profile", "SanxianProfileDialog", handlers["profile"], prepare_profile)
    inspect_dialog("document", "SanxianDocumentDialog", handlers["document"], prepare_document)
    inspect_dialog("waiver", "SanxianWaiverDialog", dock.navigation.waive.click, prepare_waiver)
    inspect_dialog("help", "SanxianHelpDialog", lambda: controller.dialogs.open_help("ATT002"))
    inspect_dialog("roles", "SanxianRolesDialog", handlers["roles"])
    inspect_dialog("inspect", "SanxianInspectPackage", handlers["inspect"])
    handlers["package"]()
    package = controller.export.dialog
    # The form lists the reasons against an export when it has a folder.
    package.form.folder.line.setText(str(FOLDER))
    assert wait(lambda: package.form.gate.reasons.count() > 0, 30)
    inspect_window("package", package)
    package.close()
    handlers["counties"]()
    inspect_counties(controller.counties)
    handlers["dictionary"]()
    wait_seconds(1)
    for window in QApplication.topLevelWidgets():
        if isinstance(window, QDialog) and window.isVisible() and window.objectName() == "SanxianDictionaryDialog":
            inspect_window("dictionary", window)
            window.close()
    QgsProject.instance().setDirty(False)


run_tour(run_readable_steps)

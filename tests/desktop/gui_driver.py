# SPDX-License-Identifier: GPL-2.0-or-later
"""What a tour through the desktop needs: eyes, a mouse, a keyboard, patience and a notebook. Runs inside QGIS."""

import faulthandler
import json
import os
import subprocess
import sys
import time
import traceback
from pathlib import Path

from qgis.core import QgsApplication, QgsPointXY, QgsProject
from qgis.gui import QgsAttributeForm, QgsGui
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QCoreApplication, QEvent, QPoint, QTimer
from qgis.PyQt.QtWidgets import QApplication, QDialog, QDockWidget, QMenu, QToolBar, QWidget
from qgis.utils import iface, plugins, unloadPlugin

FOLDER = Path(os.environ["SANXIAN_TOUR"])
SCREENSHOTS = Path(os.environ["SANXIAN_SCREENSHOTS"])
FACTS = {"log": []}
PROJECT_SIGNALS = ("layersAdded", "layersRemoved", "cleared", "readProject")


# Where Python stood, should QGIS crash.
_FAULTS = (FOLDER / "faults.txt").open("w", encoding="utf-8")
faulthandler.enable(_FAULTS)


def wait(until, seconds=60):
    """Let QGIS work until something holds."""
    end = time.monotonic() + seconds
    while not until() and time.monotonic() < end:
        QApplication.processEvents()
        # Within a tour Qt would put these off until it is over.
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        time.sleep(0.002)
    return until()


class Watch:
    """Seconds that count against QGIS: as on the wall, but no more than it computed. The rest is the machine's other work."""

    def __init__(self):
        self._began = self._now()

    @staticmethod
    def _now():
        return time.monotonic(), time.process_time()

    @property
    def seconds(self):
        return round(min(now - began for now, began in zip(self._now(), self._began, strict=True)), 3)


def wait_seconds(seconds):
    wait(lambda: False, seconds)


def wait_for_map():
    """Until the map is drawn."""
    wait_seconds(0.2)
    wait(lambda: not iface.mapCanvas().isDrawing(), 30)
    wait_seconds(0.3)


def save_picture(name):
    wait_for_map()
    subprocess.run(["import", "-window", "root", str(SCREENSHOTS / f"{name}.png")], check=True)


def click(widget, place=None, times=1):
    """A real mouse: the X server moves it and presses."""
    point = widget.mapToGlobal(place or widget.rect().center()) * widget.devicePixelRatioF()
    command = ["xdotool", "mousemove", str(point.x()), str(point.y()), "click", "--repeat", str(times), "1"]
    subprocess.run(command, check=True)


def map_point(x, y):
    """A place of the map as a place of the canvas's widget."""
    point = iface.mapCanvas().getCoordinateTransform().transform(QgsPointXY(x, y))
    return QPoint(round(point.x()), round(point.y()))


def right_click():
    subprocess.run(["xdotool", "click", "3"], check=True)


def feature_forms():
    """Dialogs with the form of a feature; what PyQt takes for a plain widget is asked its true class."""
    return [w for w in dialogs() if form_in(w) is not None]


def form_in(dialog):
    inside = (w for w in dialog.findChildren(QWidget) if w.metaObject().className() == "QgsAttributeForm")
    found = next(inside, None)
    return None if found is None else sip.cast(found, QgsAttributeForm)


def draw_feature(layer, corners):
    """With QGIS's own tool: a click for each corner, then the other button. Gives back the dialog with the form."""
    iface.setActiveLayer(layer)
    if not layer.isEditable():
        iface.actionToggleEditing().trigger()
    iface.actionAddFeature().trigger()
    wait_seconds(0.3)
    viewport = iface.mapCanvas().viewport()
    for x, y in corners:
        click(viewport, map_point(x, y))
        wait_seconds(0.35)
    right_click()
    wait(feature_forms, 10)
    wait_seconds(0.5)
    return feature_forms()[0]


def press_key(combination):
    subprocess.run(["xdotool", "key", combination], check=True)


def type_text(text):
    subprocess.run(["xdotool", "type", text], check=True)


def tidy_window():
    """The window as in the pictures: no browser, room for names of layers, no messages of QGIS's own."""
    window = iface.mainWindow()
    window.showMaximized()
    wait_seconds(0.5)
    for dock in window.findChildren(QDockWidget):
        if dock.objectName() == "Browser":
            dock.hide()
    iface.messageBar().clearWidgets()


def open_sample():
    """The sample county in a tidy window; gives back the plugin's desk."""
    tidy_window()
    desk = plugins["sanxian"].desktop
    desk.open_sample()
    iface.messageBar().clearWidgets()
    wait_seconds(0.5)
    return desk


def run_check(desk):
    desk.run()
    assert wait(lambda: not desk.busy, 120)


def dialogs():
    return [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()]


def do_when_open(fits, action):
    """A modal dialog holds whoever opens it: what is done in the one that ``fits`` is done from a timer, once it is there."""

    def look():
        opened = next(filter(fits, dialogs()), None)
        if opened is None:
            QTimer.singleShot(100, look)
        else:
            action(opened)

    QTimer.singleShot(300, look)


def unload(desk):
    """Take the plugin away in the midst of its work. Has that ended by then, and not been given up?"""
    jobs = list(desk.runner._jobs)
    unloadPlugin("sanxian")
    return all(job.wait(0) for job in jobs)


def find_named(name):
    return lambda dialog: dialog.objectName() == name


def list_children():
    """Everything a plugin may leave behind."""
    window = iface.mainWindow()
    project = QgsProject.instance()
    return {
        "docks": sorted(d.objectName() for d in window.findChildren(QDockWidget)),
        "toolbars": sorted(t.objectName() for t in window.findChildren(QToolBar)),
        "menus": sorted(m.objectName() or m.title() for m in window.menuBar().findChildren(QMenu)),
        "menu_bar": [a.text() for a in window.menuBar().actions()],
        "actions": sorted(a.objectName() for a in window.actions()),
        "shortcuts": sorted(a.objectName() for a in QgsGui.shortcutsManager().listActions()),
        "providers": sorted(p.id() for p in QgsApplication.processingRegistry().providers()),
        "widgets": sorted(w.objectName() for w in QApplication.allWidgets() if w.objectName().startswith("Sanxian")),
        "canvas_items": len(iface.mapCanvas().scene().items()),
        "messages": len(iface.messageBar().items()),
        "tasks": len(QgsApplication.taskManager().tasks()),
        "listeners": [project.receivers(getattr(project, name)) for name in PROJECT_SIGNALS],
        "translated": QCoreApplication.translate("Sanxian", "Findings"),
        "modules": sorted(m for m in sys.modules if m == "sanxian" or m.startswith("sanxian.")),
    }


def run_tour(steps):
    """Run a tour once the desktop stands, note what it saw, and leave QGIS by its own door."""

    def note(message, tag, level):
        # The notices of GDAL and of this machine's fonts are not ours.
        if int(getattr(level, "value", level)) >= 1 and (
            "anxian" in message or "Traceback" in message or tag == "Sanxian"
        ):
            FACTS["log"].append(f"{tag}: {message}")

    QgsApplication.messageLog().messageReceived.connect(note)

    def go():
        try:
            steps()
        except Exception:
            FACTS["error"] = traceback.format_exc()
            subprocess.run(["import", "-window", "root", str(SCREENSHOTS / "error.png")])
        (FOLDER / "facts.json").write_text(
            json.dumps(FACTS, ensure_ascii=False, indent=1, default=str), encoding="utf-8"
        )
        QgsProject.instance().clear()
        QgsProject.instance().setDirty(False)
        QTimer.singleShot(100, iface.actionExit().trigger)

    QTimer.singleShot(1000, go)

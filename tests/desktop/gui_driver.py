# SPDX-License-Identifier: GPL-2.0-or-later
"""Helpers of the desktop scripts, which run inside QGIS.

They take screenshots, send mouse and keyboard events, wait, and record facts for the tests.
"""

import faulthandler
import json
import os
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

from qgis.core import QgsApplication, QgsGeometry, QgsPointXY, QgsProject, QgsRectangle
from qgis.gui import QgsAttributeForm, QgsGui, QgsLocatorWidget
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QCoreApplication, QEvent, QPoint, QTimer
from qgis.PyQt.QtWidgets import QApplication, QDialog, QDockWidget, QMenu, QToolBar, QWidget
from qgis.utils import iface, plugins, unloadPlugin

FOLDER = Path(os.environ["SANXIAN_TOUR"])
#: Folder of the sample county. QGIS runs a script without a file name, so that only imported modules know theirs.
SAMPLE = Path(__file__).resolve().parents[2] / "resources" / "sample"
SCREENSHOTS = Path(os.environ["SANXIAN_SCREENSHOTS"])
FACTS = {"log": [], "waits_in_vain": []}
#: A condition that is not met within this time is noted: the script lost the time, and what it waited for is untested.
_LONG_WAIT_SECONDS = 3.0
#: Smallest valid PDF.
EMPTY_PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\nstartxref\n0\n%%EOF\n"
PROJECT_SIGNALS = ("layersAdded", "layersRemoved", "cleared", "readProject")


# Write the Python stack if QGIS crashes.
_FAULTS = (FOLDER / "faults.txt").open("w", encoding="utf-8")
faulthandler.enable(_FAULTS)


def _record_late_script():
    """Save what a script that is about to run out of time waits for: a picture and the stacks of all threads."""
    faulthandler.dump_traceback(_FAULTS)
    _FAULTS.flush()
    subprocess.run(["import", "-window", "root", str(SCREENSHOTS / "late-script.png")], check=True)


_LATE = threading.Timer(float(os.environ["SANXIAN_TOUR_SECONDS"]), _record_late_script)
_LATE.daemon = True
_LATE.start()


def wait(condition, seconds=60):
    """Process events of QGIS until a condition is true or the time is over; return whether it is true."""
    if not (is_met := _process_events_until(condition, seconds)) and seconds >= _LONG_WAIT_SECONDS:
        caller = sys._getframe(1)
        FACTS["waits_in_vain"].append(f"{Path(caller.f_code.co_filename).name}:{caller.f_lineno}: {seconds} s")
    return is_met


def _process_events_until(condition, seconds):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        QApplication.processEvents()
        # Qt would postpone deferred deletions until the script has ended.
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        time.sleep(0.002)
    return condition()


class Watch:
    """Timer that is independent of other load.

    It takes the smaller of wall time and CPU time of QGIS.
    """

    def __init__(self):
        self._began = self._now()

    @staticmethod
    def _now():
        return time.monotonic(), time.process_time()

    @property
    def seconds(self):
        return round(min(now - began for now, began in zip(self._now(), self._began, strict=True)), 3)


def wait_seconds(seconds):
    """Process events of QGIS for some seconds."""
    _process_events_until(lambda: False, seconds)


def wait_until_still(widget, seconds=0.5):
    """Wait until a widget has kept its place on the screen for some time.

    A form that is validated after a pause shows messages that move what is below them.
    """
    place, since = widget.mapToGlobal(QPoint(0, 0)), time.monotonic()

    def is_still():
        nonlocal place, since
        now = widget.mapToGlobal(QPoint(0, 0))
        if now != place:
            place, since = now, time.monotonic()
        return time.monotonic() - since > seconds

    wait(is_still, 10)


def wait_for_map():
    """Wait until the map is drawn."""
    wait_seconds(0.2)
    wait(lambda: not iface.mapCanvas().isDrawing(), 30)
    wait_seconds(0.3)


def save_picture(name):
    """Save a picture of the screen."""
    wait_for_map()
    subprocess.run(["import", "-window", "root", str(SCREENSHOTS / f"{name}.png")], check=True)


def click(widget, place=None, times=1):
    """Click on a widget with the real mouse pointer of the X server."""
    point = widget.mapToGlobal(place or widget.rect().center()) * widget.devicePixelRatioF()
    command = ["xdotool", "mousemove", str(point.x()), str(point.y()), "click", "--repeat", str(times), "1"]
    subprocess.run(command, check=True)


def map_to_pixel(x, y):
    """Convert a point in map coordinates to pixels of the canvas."""
    point = iface.mapCanvas().getCoordinateTransform().transform(QgsPointXY(x, y))
    return QPoint(round(point.x()), round(point.y()))


def right_click():
    """Press the right mouse button where the pointer is."""
    subprocess.run(["xdotool", "click", "3"], check=True)


def list_feature_forms():
    """Return the dialogs with a feature form.

    PyQt wraps some of them as plain widgets, so the class is read from the meta-object.
    """
    return [w for w in list_dialogs() if find_form(w) is not None]


def find_form(dialog):
    """Return the feature form in a dialog."""
    inside = (w for w in dialog.findChildren(QWidget) if w.metaObject().className() == "QgsAttributeForm")
    found = next(inside, None)
    return None if found is None else sip.cast(found, QgsAttributeForm)


def draw_feature(layer, corners):
    """Draw a polygon with the QGIS tool; return the dialog with its form.

    The tool gets one left click for each corner, then a right click.
    """
    iface.setActiveLayer(layer)
    if not layer.isEditable():
        iface.actionToggleEditing().trigger()
    iface.actionAddFeature().trigger()
    wait_seconds(0.3)
    viewport = iface.mapCanvas().viewport()
    for x, y in corners:
        click(viewport, map_to_pixel(x, y))
        wait_seconds(0.35)
    right_click()
    wait(list_feature_forms, 10)
    wait_seconds(0.5)
    return list_feature_forms()[0]


def draw_rectangle(layer, centre, width, height):
    """Draw a rectangle (metres) around a point, in view, as `draw_feature` does; return the dialog with its form."""
    iface.mapCanvas().setExtent(QgsRectangle.fromCenterAndSize(centre, 900, 900))
    wait_for_map()
    x, y, w, h = centre.x(), centre.y(), width / 2, height / 2
    return draw_feature(layer, [(x - w, y - h), (x + w, y - h), (x + w, y + h), (x - w, y + h)])


def find_free_edge(boundary, farmland, width, height):
    """Return a point on the farmland's edge, in a rectangle (metres) around which no boundary lies."""
    taken = QgsGeometry.unaryUnion([feature.geometry() for feature in boundary.getFeatures()])
    for feature in farmland.getFeatures():
        for vertex in feature.geometry().vertices():
            point = QgsPointXY(vertex.x(), vertex.y())
            box = QgsGeometry.fromRect(QgsRectangle.fromCenterAndSize(point, width, height))
            share = box.intersection(feature.geometry()).area() / box.area()
            if 0.15 < share < 0.7 and box.distance(taken) > 50:
                return point
    raise LookupError("no free edge of farmland")


def press_key(combination):
    """Press a key combination on the keyboard of the X server."""
    subprocess.run(["xdotool", "key", combination], check=True)


def type_text(text):
    """Type a text on the keyboard of the X server."""
    subprocess.run(["xdotool", "type", text], check=True)


def prepare_window_for_screenshots():
    """Prepare the main window for screenshots.

    Close the browser panel, widen the layer names, and remove messages of QGIS.
    """
    window = iface.mainWindow()
    window.showMaximized()
    wait_seconds(0.5)
    for dock in window.findChildren(QDockWidget):
        if dock.objectName() == "Browser":
            dock.hide()
    iface.messageBar().clearWidgets()


def open_sample():
    """Open the sample county; return the plugin's DesktopController."""
    prepare_window_for_screenshots()
    controller = plugins["sanxian"].desktop
    controller.open_sample()
    iface.messageBar().clearWidgets()
    wait_seconds(0.5)
    return controller


def run_check(controller):
    """Start a check and wait for its end."""
    controller.start_check()
    assert wait(lambda: not controller.is_check_running, 120)


def list_dialogs():
    """Return the visible dialogs."""
    return [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()]


def act_when_dialog_opens(is_wanted, action):
    """Call a function when a modal dialog that meets a condition is open.

    A modal dialog blocks the code that opens it, so a timer calls the function.
    """

    def find_and_act():
        opened = next(filter(is_wanted, list_dialogs()), None)
        if opened is None:
            QTimer.singleShot(100, find_and_act)
        else:
            action(opened)

    QTimer.singleShot(300, find_and_act)


def unload(controller):
    """Unload the plugin while it works; return True if the work has ended."""
    jobs = list(controller.runner._running_jobs)
    unloadPlugin("sanxian")
    return all(job.wait(0) for job in jobs)


def has_object_name(name):
    """Return a function that returns True for a dialog with this object name."""
    return lambda dialog: dialog.objectName() == name


def list_locator_filters():
    """Return the names of the filters of the locator bar."""
    widgets = iface.mainWindow().findChildren(QWidget)
    found = next((w for w in widgets if w.metaObject().className() == "QgsLocatorWidget"), None)
    return [] if found is None else sorted(one.name() for one in sip.cast(found, QgsLocatorWidget).locator().filters())


def list_children():
    """List all widgets, actions and signal connections that a plugin may leave."""
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
        "locator_filters": list_locator_filters(),
        "tasks": len(QgsApplication.taskManager().tasks()),
        "listeners": [project.receivers(getattr(project, name)) for name in PROJECT_SIGNALS],
        "translated": QCoreApplication.translate("Sanxian", "Findings"),
        "modules": sorted(m for m in sys.modules if m == "sanxian" or m.startswith("sanxian.")),
    }


def run_tour(steps):
    """Run the script's steps when QGIS is ready, write its facts, and quit QGIS."""

    def note(message, tag, level):
        # Messages of GDAL and about the fonts of this machine do not concern the plugin.
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

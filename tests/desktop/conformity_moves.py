# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: time from a move of the mouse until the panel of conformity shows the figures of this position.

``SANXIAN_MOVES_COUNTY``: a county file; ``SANXIAN_MOVES``: number of moves.
"""

import math
import os
import random
import time

from gui_driver import (
    FACTS,
    Watch,
    prepare_window_for_screenshots,
    run_tour,
    save_picture,
    wait,
    wait_for_map,
    wait_seconds,
)
from qgis.core import QgsPointXY, QgsProject, QgsRectangle, QgsVectorLayer
from qgis.PyQt.QtCore import QEvent, QPoint, QPointF, Qt
from qgis.PyQt.QtGui import QMouseEvent
from qgis.PyQt.QtWidgets import QApplication
from qgis.utils import iface, plugins

COUNTY, MOVES = os.environ["SANXIAN_MOVES_COUNTY"], int(os.environ["SANXIAN_MOVES"])
#: Radii (m) of the drawn polygons, from 3 ha to 80 ha, and the time (s) in which a check ends.
RADII_M, CHECK_S = (100.0, 200.0, 300.0, 500.0), 600


def load_county():
    """Load the layers of the county file and check them; return the plugin's DesktopController."""
    from osgeo import ogr

    prepare_window_for_screenshots()
    controller = plugins["sanxian"].desktop
    dataset = ogr.Open(COUNTY)
    names = [dataset.GetLayer(position).GetName() for position in range(dataset.GetLayerCount())]
    del dataset
    layers = [QgsVectorLayer(f"{COUNTY}|layername={name}", name, "ogr") for name in names]
    project = QgsProject.instance()
    project.setCrs(next(layer.crs() for layer in layers if layer.crs().isValid()))
    # Drawing the map of a county takes the time of the processor: the map shows no layers here.
    iface.mapCanvas().freeze(True)
    project.addMapLayers(layers)
    from sanxian.plugin.bridge.project.county import ProjectCountySettings, store_county_settings

    store_county_settings(project, ProjectCountySettings(profile="hunyuan"))
    for node in project.layerTreeRoot().findLayers():
        node.setItemVisibilityChecked(False)
    controller.actions["layer"].setChecked(False)
    iface.mapCanvas().freeze(False)
    FACTS["parcels"] = max(layer.featureCount() for layer in layers)
    return controller


def send_mouse(kind, place, button=Qt.MouseButton.NoButton):
    """Send a mouse event to the canvas, as the window system does."""
    viewport = iface.mapCanvas().viewport()
    held = button if kind == QEvent.Type.MouseButtonPress else Qt.MouseButton.NoButton
    position = QPointF(place)
    event = QMouseEvent(
        kind, position, QPointF(viewport.mapToGlobal(place)), button, held, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(viewport, event)


def click_at(place):
    """Click with the left button."""
    send_mouse(QEvent.Type.MouseMove, place)
    send_mouse(QEvent.Type.MouseButtonPress, place, Qt.MouseButton.LeftButton)
    send_mouse(QEvent.Type.MouseButtonRelease, place, Qt.MouseButton.LeftButton)


def convert_to_pixel(x, y):
    """Return the pixel of a point of the map."""
    point = iface.mapCanvas().getCoordinateTransform().transform(QgsPointXY(x, y))
    return QPoint(round(point.x()), round(point.y()))


def measure_moves(panel):
    """Draw polygons around places of the county, and time each move of the mouse."""
    chance = random.Random(20)
    parcels = max(QgsProject.instance().mapLayers().values(), key=lambda layer: layer.featureCount())
    box = parcels.extent()
    drawings = 10
    seconds, shown_late = [], 0
    for number in range(drawings):
        radius = RADII_M[number % len(RADII_M)]
        x = box.xMinimum() + box.width() * (0.25 + 0.5 * chance.random())
        y = box.yMinimum() + box.height() * (0.25 + 0.5 * chance.random())
        iface.mapCanvas().setExtent(QgsRectangle.fromCenterAndSize(QgsPointXY(x, y), 4 * radius, 4 * radius))
        wait_seconds(0.2)
        panel.toggle_drawing()
        if number == 0:
            panel.dock.form.use.setCurrentIndex(panel.dock.form.use.findData("13"))
        for corner in range(5):
            angle = corner * math.tau / 6
            click_at(convert_to_pixel(x + radius * math.cos(angle), y + radius * math.sin(angle)))
        assert wait(lambda: panel.is_current, 60)
        for _ in range(MOVES // drawings):
            angle = 5 * math.tau / 6 + chance.uniform(-0.3, 0.3)
            reach = radius * chance.uniform(0.7, 1.3)
            place = convert_to_pixel(x + reach * math.cos(angle), y + reach * math.sin(angle))
            began, watch = time.perf_counter(), Watch()
            send_mouse(QEvent.Type.MouseMove, place)
            wanted = panel.requested_number
            while panel.shown_number < wanted:
                QApplication.processEvents()
                time.sleep(0.0005)
            QApplication.processEvents()
            seconds.append((time.perf_counter() - began, watch.seconds, radius))
            shown_late += panel.dock.figures.area_m2 is None
        if number == drawings - 1:
            save_picture("conformity-moves")
        panel.tool.cancel()
    FACTS["seconds"], FACTS["without_area"] = seconds, shown_late
    measure_moving_mouse(panel, box)


def measure_moving_mouse(panel, box):
    """Move the mouse every 16 ms without waiting: count the figures shown, and the longest time without new ones."""
    x, y, radius = box.center().x(), box.center().y(), 200.0
    iface.mapCanvas().setExtent(QgsRectangle.fromCenterAndSize(QgsPointXY(x, y), 800, 800))
    wait_seconds(0.2)
    panel.toggle_drawing()
    for corner in range(5):
        angle = corner * math.tau / 6
        click_at(convert_to_pixel(x + radius * math.cos(angle), y + radius * math.sin(angle)))
    assert wait(lambda: panel.is_current, 60)
    times, last = [], panel.shown_number
    began = changed = time.perf_counter()
    step = 0
    while time.perf_counter() - began < 4.0:
        angle = 5 * math.tau / 6 + 0.3 * math.sin(step / 20)
        send_mouse(QEvent.Type.MouseMove, convert_to_pixel(x + radius * math.cos(angle), y + radius * math.sin(angle)))
        step += 1
        until = time.perf_counter() + 0.016
        while time.perf_counter() < until:
            QApplication.processEvents()
            time.sleep(0.001)
        if panel.shown_number != last:
            now = time.perf_counter()
            times.append(now - changed)
            last, changed = panel.shown_number, now
    FACTS["moving"] = {"moves": step, "shown": len(times), "longest_s": max(times, default=None)}
    panel.tool.cancel()


def run_moves():
    controller = load_county()
    panel = controller.conformity
    controller.actions["conformity"].trigger()
    wait_for_map()
    controller.start_check()
    began = time.monotonic()
    assert wait(lambda: not controller.is_check_running, CHECK_S)
    FACTS["check_s"] = time.monotonic() - began
    assert wait(lambda: controller.editing.live is not None and controller.editing.live.is_idle, 300)
    panel.dock.setUserVisible(True)
    wait_seconds(1)
    began = time.monotonic()
    panel.toggle_drawing()
    centre = iface.mapCanvas().extent().center()
    for dx, dy in ((0, 0), (500, 0), (0, 500)):
        click_at(convert_to_pixel(centre.x() + dx, centre.y() + dy))
    wait(lambda: panel.is_current, 120)
    FACTS["first_s"] = time.monotonic() - began
    panel.tool.cancel()
    measure_moves(panel)


run_tour(run_moves)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: measure pauses of the main thread while a batch of fixes is tried, applied and undone.

First with the plugin: check the county, fix all findings in one batch, undo it, repeat both. Then the plugin is
unloaded, and the same edits are written and undone with functions of QGIS alone, in the same project: size of the
process, forms and symbols are the same in both.
"""

import os
import time
from pathlib import Path

from gui_driver import FACTS, prepare_window_for_screenshots, run_tour, wait, wait_for_map, wait_seconds
from pause_monitor import PauseMonitor
from qgis.core import QgsFeature, QgsGeometry, QgsProject, QgsRectangle, QgsVectorLayer
from qgis.PyQt.QtCore import QDate, QDateTime
from qgis.utils import iface, plugins, unloadPlugin

COUNTY = Path(os.environ["SANXIAN_PAUSES_COUNTY"])
ROUNDS = int(os.environ["SANXIAN_PAUSES_ROUNDS"])
#: Width of the map in metres, so that drawing takes the same time with the plugin and without it.
MAP_WIDTH_M = 2_000


def record_pause(name, action, is_done, seconds=600):
    """Run an action and wait for its end; record the longest pause and the time until the end."""
    began = time.monotonic()
    with PauseMonitor() as monitor:
        action()
        # What follows an edit in later turns of the event loop, such as drawing the map, belongs to it.
        wait_seconds(0.5)
        assert wait(is_done, seconds), name
    FACTS.setdefault(name, []).append([round(monitor.wall, 4), round(monitor.cpu, 4)])
    FACTS.setdefault(f"{name}_seconds", []).append(round(time.monotonic() - began, 3))


def load_layers():
    """Load the county's layers into a new project."""
    from osgeo import ogr

    dataset = ogr.Open(str(COUNTY))
    names = [dataset.GetLayer(position).GetName() for position in range(dataset.GetLayerCount())]
    del dataset
    layers = {name: QgsVectorLayer(f"{COUNTY}|layername={name}", name, "ogr") for name in names}
    assert all(layer.isValid() for layer in layers.values())
    project = QgsProject.instance()
    project.setCrs(next(layer.crs() for layer in layers.values() if layer.crs().isValid()))
    project.addMapLayers(list(layers.values()))
    centre = layers["DLTB"].extent().center()
    iface.mapCanvas().setExtent(QgsRectangle.fromCenterAndSize(centre, MAP_WIDTH_M, MAP_WIDTH_M))
    wait_for_map()
    return layers


# --- with the plugin
def measure_with_plugin(layers):
    """Measure a batch and its undo; return the edits that the batch wrote, by layer name."""
    controller = plugins["sanxian"].desktop
    from sanxian.plugin.bridge.project.county import ProjectCountySettings, store_county_settings
    from sanxian.plugin.bridge.running.portions import PortionedWork

    store_county_settings(QgsProject.instance(), ProjectCountySettings(profile=os.environ["SANXIAN_PAUSES_PROFILE"]))
    controller.actions["forms"].trigger()
    wait_seconds(1)
    iface.messageBar().clearWidgets()
    record_pause("check", controller.start_check, lambda: not controller.is_check_running)
    live = controller.editing.live
    assert wait(lambda: live.can_run_trials and live.is_idle, 120)
    FACTS["findings"] = len(controller.dock.result.findings)
    many, orders = controller.fixes.many, []
    controller.fixes.applier.applied.connect(orders.append)
    record_pause(
        "trial",
        lambda: many.open(list(controller.dock.result.findings)),
        lambda: many.dialog is not None and not many.trial.is_running,
    )
    FACTS["ticked"] = len(many.dialog.model.list_ticked())
    FACTS["state"] = many.dialog.status.text()
    record_pause("first_apply", many.apply, lambda: bool(orders) and many.dialog is None and live.is_idle)
    FACTS["left"] = len(controller.dock.result.findings)
    (order,) = orders
    saved_edits = collect_edits(layers)
    changed = [layer for layer in layers.values() if layer.isEditable()]
    norm, texts = controller.dock.result.check_result.plan.norm, many._texts

    answers, works = [], []

    def write_again():
        # As the batch dialog does, in portions.
        answers.clear()
        steps = controller.fixes.applier.apply_in_steps(order, live.get_layer_by_role(), norm, texts)
        works.append(PortionedWork(steps, answers.append, answers.append))

    record_pause("undo", controller.fixes.applier.steps[-1].undo, lambda: live.is_idle)
    for _ in range(ROUNDS):
        record_pause("write", write_again, lambda: answers == [""] and live.is_idle)
        record_pause("undo", controller.fixes.applier.steps[-1].undo, lambda: live.is_idle)
    assert not controller.editing.is_outdated

    def discard_edits():
        for layer in changed:
            layer.rollBack()

    # Starting to edit a layer for the first time takes longer, with the plugin or without it.
    write_again()
    assert wait(lambda: answers == [""] and live.is_idle, 600)
    for _ in range(ROUNDS):
        discard_edits()
        wait_seconds(1)
        assert wait(lambda: live.is_idle, 600)
        record_pause("apply", write_again, lambda: answers == [""] and live.is_idle)
    discard_edits()
    return saved_edits


def collect_edits(layers):
    """Return what the edit buffers contain, by layer name, as values that outlive the buffers."""
    saved = {}
    for name, layer in layers.items():
        buffer = layer.editBuffer()
        if buffer is None:
            continue
        saved[name] = {
            "geometries": {fid: bytes(shape.asWkb()).hex() for fid, shape in buffer.changedGeometries().items()},
            "values": {
                fid: {field: convert_value(value) for field, value in values.items()}
                for fid, values in buffer.changedAttributeValues().items()
            },
            "added": [
                [bytes(row.geometry().asWkb()).hex(), [convert_value(value) for value in row.attributes()]]
                for row in buffer.addedFeatures().values()
            ],
            "deleted": list(buffer.deletedFeatureIds()),
        }
    return saved


def convert_value(value):
    """Return a value of Python for a value of QGIS; dates as text."""
    if isinstance(value, QDate | QDateTime):
        return {"date": value.toString("yyyy-MM-dd")}
    return value if isinstance(value, int | float | str) else None


# --- without the plugin
def measure_without_plugin(layers, saved_edits):
    """Unload the plugin, then write and undo the edits of the batch."""
    unloadPlugin("sanxian")
    wait_seconds(1)
    edits = [(layers[name], make_layer_edits(layers[name], saved)) for name, saved in saved_edits.items()]
    FACTS["edits"] = sum(len(calls) for _, calls in edits)

    def write_first():
        for layer, _ in edits:
            layer.startEditing()
        write_edits_without_plugin(edits)

    for _ in range(ROUNDS):
        record_pause("plain_apply", write_first, lambda: not iface.mapCanvas().isDrawing())
        wait_for_map()
        for layer, _ in edits:
            layer.rollBack()
    write_first()
    record_pause("plain_undo", lambda: undo_edits_without_plugin(edits), lambda: not iface.mapCanvas().isDrawing())
    wait_for_map()
    for _ in range(2 * ROUNDS):
        record_pause(
            "plain_write", lambda: write_edits_without_plugin(edits), lambda: not iface.mapCanvas().isDrawing()
        )
        wait_for_map()
        record_pause("plain_undo", lambda: undo_edits_without_plugin(edits), lambda: not iface.mapCanvas().isDrawing())
        wait_for_map()
    for layer, _ in edits:
        layer.rollBack()


def make_layer_edits(layer, saved):
    """Return the calls that write the edits of a layer, with QGIS's own objects made beforehand."""
    calls = []
    for fid, wkb in saved["geometries"].items():
        calls.append((layer.changeGeometry, (int(fid), read_shape(wkb), True)))
    for fid, values in saved["values"].items():
        for field, value in values.items():
            calls.append((layer.changeAttributeValue, (int(fid), int(field), read_value(value), None, True)))
    for wkb, values in saved["added"]:
        row = QgsFeature(layer.fields())
        row.setGeometry(read_shape(wkb))
        row.setAttributes([read_value(value) for value in values])
        calls.append((layer.addFeature, (row,)))
    calls += [(layer.deleteFeature, (fid,)) for fid in saved["deleted"]]
    return calls


def read_shape(wkb):
    shape = QgsGeometry()
    shape.fromWkb(bytes.fromhex(wkb))
    return shape


def read_value(value):
    return QDate.fromString(value["date"], "yyyy-MM-dd") if isinstance(value, dict) else value


def write_edits_without_plugin(edits):
    for layer, calls in edits:
        layer.beginEditCommand("plain")
        for call, arguments in calls:
            assert call(*arguments)
        layer.endEditCommand()
        layer.triggerRepaint()


def undo_edits_without_plugin(edits):
    for layer, _ in edits:
        layer.undoStack().undo()
        layer.triggerRepaint()


def measure():
    prepare_window_for_screenshots()
    layers = load_layers()
    saved_edits = measure_with_plugin(layers)
    measure_without_plugin(layers, saved_edits)


run_tour(measure)

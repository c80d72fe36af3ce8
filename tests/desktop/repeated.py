# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: load and unload the plugin many times, open and close a project many times.

Then a layer is removed in the middle of a check, of an edit that is re-checked, and of the trial of a batch of fixes.
"""

import gc
import os

from gui_driver import FACTS, FOLDER, list_children, open_sample, run_check, run_tour, wait, wait_seconds
from qgis.core import QgsFeature, QgsProject
from qgis.PyQt.QtWidgets import QApplication
from qgis.utils import loadPlugin, plugins, startPlugin, unloadPlugin

TIMES = int(os.environ.get("SANXIAN_REPETITIONS", "8"))
#: Repetitions before the first count: objects that are created once exist then.
FIRST_TIMES = 3


def get_layer(role):
    """Return the project's layer that was made from the template of a role."""
    layers = QgsProject.instance().mapLayers().values()
    return next(layer for layer in layers if layer.customProperty("sanxian/template") == role)


def start_plugin():
    """Load and start the plugin; return its controller."""
    assert loadPlugin("sanxian") and startPlugin("sanxian")
    return plugins["sanxian"].desktop


def count_widgets():
    """Return the number of all widgets after deferred deletions."""
    wait_seconds(0.3)
    gc.collect()
    return len(QApplication.allWidgets())


def load_and_unload():
    """Load and unload the plugin many times; record what remains."""
    unloadPlugin("sanxian")
    wait_seconds(0.5)
    FACTS["before_loading"] = list_children()
    counts = []
    for number in range(TIMES):
        start_plugin()
        unloadPlugin("sanxian")
        wait_seconds(0.02)
        if number in (FIRST_TIMES, TIMES - 1):
            counts.append(count_widgets())
    FACTS["widgets_after_loads"] = counts
    FACTS["after_loading"] = list_children()


def open_and_close_projects():
    """Open and close a project with plan layers many times; record what remains."""
    project, path = QgsProject.instance(), str(FOLDER / "project.qgz")
    controller = open_sample()
    run_check(controller)
    assert project.write(path)
    children, counts = [], []
    for number in range(TIMES):
        assert project.read(path)
        # Half of the projects are closed before the saved result is read. The widgets that show a result are made once:
        # on a busy machine the first count would lack them if the others were closed after a fixed time.
        if number % 2:
            wait_seconds(0.02)
        else:
            assert wait(lambda: controller.dock.result is not None, 60)
            wait_seconds(0.3)
        project.clear()
        wait_seconds(0.02)
        if number in (FIRST_TIMES, TIMES - 1):
            counts.append(count_widgets())
            children.append(list_children())
    FACTS["widgets_after_projects"] = counts
    FACTS["children_after_projects"] = children
    FACTS["result_after_closing"] = controller.dock.result is None


def remove_layer_during_check():
    controller = open_sample()
    controller.start_check()
    wait_seconds(0.3)
    FACTS["check_ran_at_removal"] = controller.is_check_running
    QgsProject.instance().removeMapLayer(get_layer("YDYHGHFQ").id())
    FACTS["check_ended"] = wait(lambda: not controller.is_check_running, 120)


def remove_layer_during_edit():
    controller = open_sample()
    run_check(controller)
    live = controller.editing.live
    assert wait(lambda: live.is_idle, 60)
    boundary, parcels = get_layer("CZKFBJ"), get_layer("DLTB")
    # QGIS reads a GeoPackage through connections without locks. One that is left when editing begins cannot read the
    # file (“unable to open database file”) until it expires, so that the parcels would have no feature.
    shape = next(parcels.getFeatures()).geometry()
    boundary.startEditing()
    feature = QgsFeature(boundary.fields())
    feature.setGeometry(shape)
    boundary.addFeature(feature)
    wait_seconds(0.05)
    QgsProject.instance().removeMapLayer(parcels.id())
    wait_seconds(1)
    # QGIS asks whether to save the edits of a layer that is removed.
    boundary.rollBack()
    QgsProject.instance().removeMapLayer(boundary.id())
    wait_seconds(1)


def remove_layer_during_batch():
    controller = open_sample()
    run_check(controller)
    live = controller.editing.live
    assert wait(lambda: live.can_run_trials and live.is_idle, 60)
    many = controller.fixes.many
    many.open(list(controller.dock.result.findings))
    wait_seconds(0.2)
    FACTS["trial_ran_at_removal"] = many.trial.is_running
    layer = get_layer("GDBHMB")
    QgsProject.instance().removeMapLayer(layer.id())
    FACTS["trial_ended"] = wait(lambda: many.trial is None or not many.trial.is_running, 60)
    FACTS["edited_after_removal"] = [one.name() for one in QgsProject.instance().mapLayers().values()
                                     if hasattr(one, "isModified") and one.isModified()]  # fmt: skip


def run():
    load_and_unload()
    start_plugin()
    open_and_close_projects()
    for step in (remove_layer_during_check, remove_layer_during_edit, remove_layer_during_batch):
        step()
        for layer in QgsProject.instance().mapLayers().values():
            if hasattr(layer, "rollBack"):
                layer.rollBack()
        QgsProject.instance().clear()
        wait_seconds(0.5)
    unloadPlugin("sanxian")
    wait_seconds(1)
    FACTS["after_all"] = list_children()


run_tour(run)

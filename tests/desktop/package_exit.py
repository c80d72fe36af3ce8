# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: unload the plugin during an export, quit QGIS during another."""

from gui_driver import (
    FACTS,
    FOLDER,
    list_children,
    open_sample,
    prepare_window_for_screenshots,
    run_tour,
    unload,
    wait,
    wait_seconds,
)
from qgis.utils import loadPlugin, plugins, startPlugin


def begin_forced_export(controller, target):
    target.mkdir()
    controller.actions["package"].trigger()
    shown = controller.export.dialog
    wait(shown.isVisible)
    shown.form.folder.line.setText(str(target))
    shown.form.gate.force.setChecked(True)
    wait_seconds(0.6)
    shown.go.click()
    wait(lambda: controller.export._job is not None and shown.run.bar.value() > 200, 90)
    FACTS[target.name] = controller.export.is_running


def run_exit_steps():
    prepare_window_for_screenshots()
    FACTS["before"] = list_children()
    controller = open_sample()
    begin_forced_export(controller, FOLDER / "unloaded")
    FACTS["heard"] = unload(controller)
    wait_seconds(1.0)
    FACTS["after"] = list_children()
    loadPlugin("sanxian")
    startPlugin("sanxian")
    begin_forced_export(plugins["sanxian"].desktop, FOLDER / "closed")
    # The script ends here and quits QGIS during the export.


run_tour(run_exit_steps)

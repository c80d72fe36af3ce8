# SPDX-License-Identifier: GPL-2.0-or-later
"""An export that is not waited for: the plugin is unloaded in its middle, and then QGIS itself is closed."""

from gui_driver import FACTS, FOLDER, list_children, open_sample, run_tour, tidy_window, unload, wait, wait_seconds
from qgis.utils import loadPlugin, plugins, startPlugin


def begin(desk, target):
    target.mkdir()
    desk.actions["package"].trigger()
    shown = desk.export.dialog
    wait(shown.isVisible)
    shown.form.folder.line.setText(str(target))
    shown.form.gate.force.setChecked(True)
    wait_seconds(0.6)
    shown.go.click()
    wait(lambda: desk.export._job is not None and shown.run.bar.value() > 200, 90)
    FACTS[target.name] = desk.export.busy


def steps():
    tidy_window()
    FACTS["before"] = list_children()
    desk = open_sample()
    begin(desk, FOLDER / "unloaded")
    FACTS["heard"] = unload(desk)
    wait_seconds(1.0)
    FACTS["after"] = list_children()
    loadPlugin("sanxian")
    startPlugin("sanxian")
    begin(plugins["sanxian"].desktop, FOLDER / "closed")
    # The tour ends here, and closes QGIS by its own door.


run_tour(steps)

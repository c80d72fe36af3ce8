# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: check counties with the window, two at the same time, while the desktop stays usable."""

import os

from gui_driver import (
    FACTS,
    SCREENSHOTS,
    click,
    prepare_window_for_screenshots,
    run_tour,
    save_picture,
    wait,
    wait_for_map,
    wait_seconds,
)
from pause_monitor import PauseMonitor
from qgis.PyQt.QtWidgets import QApplication
from qgis.utils import iface, plugins

PICTURE, COUNTY_LIST = os.environ["SANXIAN_PICTURE"], os.environ["SANXIAN_COUNTY_LIST"]


def read_rows(dialog):
    """Return the texts of all cells in the order of the screen."""
    shown = dialog.table.filter
    return [[shown.index(row, c).data() for c in range(shown.columnCount())] for row in range(shown.rowCount())]


def save_window(name, dialog):
    wait_seconds(0.3)
    FACTS["sideways"][name] = dialog.table.horizontalHeader().length() - dialog.table.viewport().width()
    assert dialog.grab().save(str(SCREENSHOTS / f"{PICTURE}-{name}.png"))


def wait_for_forecast(controller):
    counties = controller.counties
    wait_seconds(0.8)
    assert wait(lambda: counties._forecast_job is None and not counties.dialog.form._timer.isActive(), 60)


def run_counties_steps():
    prepare_window_for_screenshots()
    controller = plugins["sanxian"].desktop
    FACTS["sideways"], FACTS["rows"] = {}, {}
    controller.actions["counties"].trigger()
    dialog = controller.counties.dialog
    screen = QApplication.primaryScreen().availableGeometry()
    FACTS["fits"] = [
        dialog.frameGeometry().width() <= screen.width(),
        dialog.frameGeometry().height() <= screen.height(),
    ]
    save_window("empty", dialog)
    dialog.form.source.line.setText(COUNTY_LIST)
    wait_for_forecast(controller)
    dialog.form.jobs.setMaximum(2)
    dialog.form.jobs.setValue(2)
    wait_for_forecast(controller)
    FACTS["rows"]["forecast"] = read_rows(dialog)
    save_window("forecast", dialog)
    with PauseMonitor() as pauses:
        click(dialog.start)
        FACTS["two_at_once"] = 0

        def is_first_done():
            stages = [row.stage for row in dialog.model.rows]
            FACTS["two_at_once"] = max(FACTS["two_at_once"], stages.count("running"))
            return "done" in stages

        has_first = wait(is_first_done, 60)
    FACTS["pause"] = round(pauses.wall, 3)
    assert has_first
    save_window("running", dialog)
    click(dialog.cancel)
    assert wait(lambda: not controller.counties.is_running, 60)
    wait_for_forecast(controller)
    FACTS["cancelled"] = dialog.outcome.text()
    output = dialog.form.make_output_path()
    FACTS["unfinished"] = [
        str(path)
        for path in output.rglob("*")
        if ".sanxian" in str(path) or (path.is_file() and not (path.parent / "county.json").exists())
    ]
    save_window("cancelled", dialog)
    click(dialog.start)
    assert wait(lambda: controller.counties.is_running, 10)
    assert wait(lambda: not controller.counties.is_running, 90)
    FACTS["rows"]["done"], FACTS["done"] = read_rows(dialog), dialog.outcome.text()
    broken = next(n for n, row in enumerate(FACTS["rows"]["done"]) if row[-1])
    dialog.table.selectRow(broken)
    save_window("done", dialog)
    click(dialog.map_button)
    assert wait(lambda: iface.activeLayer() is not None, 10)
    layer = iface.activeLayer()
    FACTS["layer"] = [layer.name(), layer.featureCount(), layer.readOnly()]
    dialog.reject()
    wait_for_map()
    save_picture(f"{PICTURE}-map")


run_tour(run_counties_steps)

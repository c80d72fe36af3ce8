# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: take a screenshot with a finding, for any size and theme."""

import os

from gui_driver import FACTS, open_sample, run_check, run_tour, save_picture, wait_seconds
from qgis.core import QgsApplication, QgsProject
from qgis.utils import iface


def run_screenshot_steps():
    controller = open_sample()
    run_check(controller)
    controller.dock.step_selection(1)
    name = os.environ["SANXIAN_PICTURE"]
    save_picture(name)
    FACTS["tabs"] = controller.dock.tabs.isVisible()
    FACTS["width"] = controller.dock.width()
    FACTS["window"] = [iface.mainWindow().width(), iface.mainWindow().height()]
    FACTS["verdict"] = controller.dock.verdict._word.text()
    FACTS["layers"] = len(QgsProject.instance().mapLayers())
    if controller.dock.tabs.isVisible():
        controller.dock.tabs.setCurrentIndex(1)
        save_picture(f"{name}-help")
    change_theme(controller)


def change_theme(controller):
    """Switch QGIS to a dark theme and record whether the panel's icons follow."""
    from sanxian.plugin.gui.widgets import theme

    def has_icon_of_theme(icon, name):
        return icon.pixmap(24, 24).toImage() == theme.load_icon(name).pixmap(24, 24).toImage()

    # QGIS changes back to the former theme at its next start only.
    if theme.is_dark():
        return
    QgsApplication.setUITheme("Night Mapping")
    wait_seconds(0.5)
    dock = controller.dock
    FACTS["live"] = {
        "dark": theme.is_dark(),
        "toolbar": has_icon_of_theme(controller.actions["check"].icon(), "run"),
        "panel": has_icon_of_theme(dock.run_button.icon(), "run"),
        "counts": has_icon_of_theme(dock.verdict.buttons["ERROR"].icon(), "error"),
    }
    save_picture(os.environ["SANXIAN_PICTURE"] + "-live")


run_tour(run_screenshot_steps)

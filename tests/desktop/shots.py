# SPDX-License-Identifier: GPL-2.0-or-later
"""One picture of the desk with a finding: for other sizes, themes and languages."""

import os

from gui_driver import FACTS, open_sample, run_check, run_tour, save_picture, wait_seconds
from qgis.core import QgsApplication, QgsProject
from qgis.utils import iface


def steps():
    desk = open_sample()
    run_check(desk)
    desk.dock.step(1)
    name = os.environ["SANXIAN_PICTURE"]
    save_picture(name)
    FACTS["tabs"] = desk.dock.tabs.isVisible()
    FACTS["width"] = desk.dock.width()
    FACTS["window"] = [iface.mainWindow().width(), iface.mainWindow().height()]
    FACTS["verdict"] = desk.dock.verdict._word.text()
    FACTS["layers"] = len(QgsProject.instance().mapLayers())
    if desk.dock.tabs.isVisible():
        desk.dock.tabs.setCurrentIndex(1)
        save_picture(f"{name}-help")
    live_theme(desk)


def live_theme(desk):
    """Another theme while all is open: is what is drawn what would be drawn now?"""
    from sanxian.plugin.gui.widgets import theme

    def right(icon, name):
        return icon.pixmap(24, 24).toImage() == theme.icon(name).pixmap(24, 24).toImage()

    # The way back QGIS goes with its next start only.
    if theme.is_dark():
        return
    QgsApplication.setUITheme("Night Mapping")
    wait_seconds(0.5)
    dock = desk.dock
    FACTS["live"] = {
        "dark": theme.is_dark(),
        "toolbar": right(desk.actions["check"].icon(), "run"),
        "panel": right(dock.run_button.icon(), "refresh"),
        "counts": right(dock.verdict.buttons["ERROR"].icon(), "error"),
    }
    save_picture(os.environ["SANXIAN_PICTURE"] + "-live")


run_tour(steps)

# SPDX-License-Identifier: GPL-2.0-or-later
"""One picture of the desk with a finding: for other sizes, themes and languages."""

import os

from hand import FACTS, check, open_sample, pause, picture, tour
from qgis.core import QgsApplication, QgsProject
from qgis.utils import iface


def steps():
    desk = open_sample()
    check(desk)
    desk.dock.step(1)
    name = os.environ["SANXIAN_PICTURE"]
    picture(name)
    FACTS["tabs"] = desk.dock.tabs.isVisible()
    FACTS["width"] = desk.dock.width()
    FACTS["window"] = [iface.mainWindow().width(), iface.mainWindow().height()]
    FACTS["verdict"] = desk.dock.verdict._word.text()
    FACTS["layers"] = len(QgsProject.instance().mapLayers())
    if desk.dock.tabs.isVisible():
        desk.dock.tabs.setCurrentIndex(1)
        picture(f"{name}-help")
    live_theme(desk)


def live_theme(desk):
    """Another theme while all is open: is what is drawn what would be drawn now?"""
    from sanxian.plugin.gui.widgets import look

    def right(icon, name):
        return icon.pixmap(24, 24).toImage() == look.icon(name).pixmap(24, 24).toImage()

    # The way back QGIS goes with its next start only.
    if look.is_dark():
        return
    QgsApplication.setUITheme("Night Mapping")
    pause(0.5)
    dock = desk.dock
    FACTS["live"] = {
        "dark": look.is_dark(),
        "toolbar": right(desk.actions["check"].icon(), "run"),
        "panel": right(dock.run_button.icon(), "refresh"),
        "counts": right(dock.verdict.buttons["ERROR"].icon(), "error"),
    }
    picture(os.environ["SANXIAN_PICTURE"] + "-live")


tour(steps)

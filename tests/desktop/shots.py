# SPDX-License-Identifier: GPL-2.0-or-later
"""One picture of the desk with a finding: for other sizes, themes and languages."""

import os

from hand import FACTS, pause, picture, tidy, tour, wait
from qgis.core import QgsProject
from qgis.utils import iface, plugins


def steps():
    tidy()
    desk = plugins["sanxian"].desk
    desk.open_sample()
    iface.messageBar().clearWidgets()
    pause(0.5)
    desk.run()
    wait(lambda: desk._job is None, 120)
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


tour(steps)

# SPDX-License-Identifier: GPL-2.0-or-later
"""With tomllib taken away, as on Python 3.9: the plugin loads, 环境自检 opens, and unloading leaves nothing."""

import sys

from gui_driver import FACTS, run_tour, save_picture, wait_seconds
from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QAction, QApplication, QLabel
from qgis.utils import iface, unloadPlugin


def steps():
    FACTS["provider"] = QgsApplication.processingRegistry().providerById("sanxian") is not None
    FACTS["said"] = [item.text() for item in iface.messageBar().items()]

    def look():
        dialog = QApplication.activeModalWidget()
        save_picture("old-python")
        FACTS["doctor"] = dialog.findChild(QLabel).text()
        dialog.reject()

    QTimer.singleShot(1500, look)
    action().trigger()
    wait_seconds(0.3)
    # With what was imported when the dialog opened.
    FACTS["loaded"] = sorted(name for name in sys.modules if name.startswith("sanxian"))
    FACTS["unloaded"] = unloadPlugin("sanxian")
    wait_seconds(0.3)
    FACTS["left"] = action() is not None


def action():
    return iface.mainWindow().findChild(QAction, "SanxianActionDoctor")


run_tour(steps)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Desktop script: load and unload the plugin without tomllib.

Python before 3.11 has no tomllib. The environment check (环境自检) must still open.
"""

import sys

from gui_driver import FACTS, run_tour, save_picture, wait_seconds
from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QAction, QApplication, QLabel
from qgis.utils import iface, unloadPlugin


def run_old_python_steps():
    FACTS["provider"] = QgsApplication.processingRegistry().providerById("sanxian") is not None
    FACTS["said"] = [item.text() for item in iface.messageBar().items()]

    def note_doctor():
        dialog = QApplication.activeModalWidget()
        save_picture("old-python")
        FACTS["doctor"] = dialog.findChild(QLabel).text()
        dialog.reject()

    QTimer.singleShot(1500, note_doctor)
    find_doctor_action().trigger()
    wait_seconds(0.3)
    # Include the modules that the dialog imported.
    FACTS["loaded"] = sorted(name for name in sys.modules if name.startswith("sanxian"))
    FACTS["unloaded"] = unloadPlugin("sanxian")
    wait_seconds(0.3)
    FACTS["left"] = find_doctor_action() is not None


def find_doctor_action():
    return iface.mainWindow().findChild(QAction, "SanxianActionDoctor")


run_tour(run_old_python_steps)

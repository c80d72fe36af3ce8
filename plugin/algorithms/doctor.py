# SPDX-License-Identifier: GPL-2.0-or-later
"""环境自检: report the state of the environment; runs without the libraries."""

from __future__ import annotations

from qgis.core import QgsProcessingOutputBoolean, QgsProcessingOutputString

from ..bridge import health
from ..bridge.settings import get_interface_language
from ..bridge.texts import tr
from .common import SanxianAlgorithm


class DoctorAlgorithm(SanxianAlgorithm):
    """Algorithm `doctor`: report versions of QGIS and of the libraries."""

    toolbox_section = "environment"
    identifier = "doctor"
    keywords = ("doctor", "environment", "versions", "geopandas", "环境自检")

    def displayName(self):
        return tr("Check the environment")

    def shortHelpString(self):
        return tr(
            "Lists the versions of QGIS and of the libraries, what is missing or too old, and how to install it. "
            "Nothing is changed."
        )

    def initAlgorithm(self, configuration=None):
        self.addOutput(QgsProcessingOutputBoolean("OK", tr("Checks can run")))
        self.addOutput(QgsProcessingOutputString("REPORT", tr("State of the machine")))

    def execute(self, parameters, context, feedback):
        lines, is_healthy = health.make_health_report(get_interface_language())
        for state, line in lines:
            if state in (health.VERSION_OK, health.OPTIONAL_LIBRARY_ABSENT):
                feedback.pushInfo(line)
            else:
                feedback.pushWarning(line)
        return {"OK": is_healthy, "REPORT": "\n".join(line for _, line in lines)}

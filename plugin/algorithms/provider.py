# SPDX-License-Identifier: GPL-2.0-or-later
"""The provider ``sanxian`` (三区三线)."""

from __future__ import annotations

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from ..bridge.texts import tr
from ..paths import ICONS


class SanxianProvider(QgsProcessingProvider):
    def id(self):
        return "sanxian"

    def name(self):
        return tr("Sanxian")

    def longName(self):
        return tr("Sanxian · three zones and three lines")

    def icon(self):
        return QIcon(str(ICONS / "sanxian.svg"))

    def svgIconPath(self):
        return str(ICONS / "sanxian.svg")

    def loadAlgorithms(self):
        pass

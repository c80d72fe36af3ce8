# SPDX-License-Identifier: GPL-2.0-or-later
"""Run by the QGIS desktop at its start: opens the copy of the sample county that tools/qgis.sh made."""

import os

from qgis.core import QgsProject, QgsProviderRegistry
from qgis.utils import iface, plugins


def open_copy(path):
    metadata = QgsProviderRegistry.instance().providerMetadata("ogr")
    for sublayer in metadata.querySublayers(path):
        layer = sublayer.toLayer(sublayer.LayerOptions(QgsProject.instance().transformContext()))
        QgsProject.instance().addMapLayer(layer)
    iface.mapCanvas().zoomToFullExtent()


plugin = plugins.get("sanxian")
if hasattr(plugin, "open_sample"):
    plugin.open_sample()
else:
    open_copy(os.environ["SANXIAN_SAMPLE"])

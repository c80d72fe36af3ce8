# SPDX-License-Identifier: GPL-2.0-or-later
"""The findings as one temporary layer of the project: made once, filled again after each check."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsFeature, QgsProject, QgsVectorLayer

from . import sinks, styles
from .layers import to_qgis_crs
from .recognise import FINDINGS_PROPERTY
from .texts import tr


def features(findings: list[Any]) -> list[QgsFeature]:
    """The rows, in any thread."""
    columns = sinks.fields()
    return [sinks.feature(f, columns) for f in findings]


def show(project: QgsProject, rows: list[QgsFeature], crs: Any) -> QgsVectorLayer:
    """Put the rows on the map, in the layer that is there already or in a new one on top. On the main thread."""
    layer = find(project)
    if layer is None:
        layer = sinks.memory_layer([], crs, tr("Findings (temporary layer)"))
        layer.setCustomProperty(FINDINGS_PROPERTY, 1)
        # It comes back with the next check: QGIS need not ask whether to keep it.
        layer.setCustomProperty("skipMemoryLayersCheck", 1)
        layer.setReadOnly(True)
        styles.apply(layer, styles.FINDINGS)
        project.addMapLayer(layer, False)
        group = project.layerTreeRoot().insertGroup(0, tr("Findings"))
        group.addLayer(layer)
    provider = layer.dataProvider()
    provider.truncate()
    layer.setCrs(to_qgis_crs(crs))
    provider.addFeatures(rows)
    layer.updateExtents()
    layer.triggerRepaint()
    return layer


def find(project: QgsProject) -> QgsVectorLayer | None:
    return next((v for v in project.mapLayers().values() if v.customProperty(FINDINGS_PROPERTY)), None)


def remove(project: QgsProject) -> None:
    """Take the layer off, and its group when nothing else is in it."""
    layer = find(project)
    if layer is None:
        return
    node = project.layerTreeRoot().findLayer(layer.id())
    group = node.parent() if node is not None else None
    project.removeMapLayer(layer.id())
    if group is not None and group is not project.layerTreeRoot() and not group.children():
        group.parent().removeChildNode(group)

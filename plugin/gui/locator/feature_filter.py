# SPDX-License-Identifier: GPL-2.0-or-later
"""Locator filter for features by key (标识码, BSM); it reads layers in the locator's thread."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from qgis.core import (
    Qgis,
    QgsExpression,
    QgsFeatureRequest,
    QgsLocatorFilter,
    QgsLocatorResult,
    QgsProject,
    QgsVectorLayer,
    QgsVectorLayerFeatureSource,
)

from ...bridge.layers.role_recognition import list_plan_layers
from ...bridge.texts import tr
from .plan_filter import PREFIX

#: Name of the key field in all standards.
_KEY_FIELD = "BSM"
#: Fewer digits are at the end of too many keys.
_KEY_PATTERN = re.compile(r"\d{4,18}")
_MAX_RESULTS_PER_LAYER = 5


@dataclass(frozen=True)
class _SearchedLayer:
    """A layer as the thread reads it; made on the main thread."""

    layer_id: str
    name: str
    source: QgsVectorLayerFeatureSource
    field: int
    field_name: str


class FeatureLocatorFilter(QgsLocatorFilter):
    """Finds features of plan layers with a key that contains the digits entered."""

    def __init__(self, iface: Any):
        super().__init__()
        self._iface = iface
        self._searched_layers: list[_SearchedLayer] = []

    def name(self) -> str:
        return "sanxian_features"

    def displayName(self) -> str:
        return tr("Sanxian: features by BSM")

    def prefix(self) -> str:
        return PREFIX

    def clone(self) -> FeatureLocatorFilter:
        return FeatureLocatorFilter(self._iface)

    def prepare(self, text, context) -> list[str]:
        """Take a snapshot of the layers on the main thread."""
        self._searched_layers = []
        if _KEY_PATTERN.fullmatch(text.strip()):
            for layer in list_plan_layers(QgsProject.instance()):
                field = layer.fields().lookupField(_KEY_FIELD)
                if field >= 0:
                    source = QgsVectorLayerFeatureSource(layer)
                    name = layer.fields().at(field).name()
                    self._searched_layers.append(_SearchedLayer(layer.id(), layer.name(), source, field, name))
        return []

    def fetchResults(self, text, context, feedback) -> None:
        digits = text.strip()
        for searched in self._searched_layers:
            if feedback is not None and feedback.isCanceled():
                return
            request = QgsFeatureRequest()
            column = QgsExpression.quotedColumnRef(searched.field_name)
            request.setFilterExpression(f"{column} LIKE '%{digits}%'")
            request.setFlags(Qgis.FeatureRequestFlag.NoGeometry)
            request.setSubsetOfAttributes([searched.field])
            request.setLimit(_MAX_RESULTS_PER_LAYER)
            for feature in searched.source.getFeatures(request):
                result = QgsLocatorResult()
                result.group = tr("Features")
                result.displayString, result.description = str(feature.attribute(searched.field)), searched.name
                result.setUserData((searched.layer_id, feature.id()))
                self.resultFetched.emit(result)

    def triggerResult(self, result) -> None:
        layer_id, fid = result.userData
        layer = QgsProject.instance().mapLayer(layer_id)
        if not isinstance(layer, QgsVectorLayer):
            return
        self._iface.setActiveLayer(layer)
        layer.selectByIds([fid])
        canvas = self._iface.mapCanvas()
        canvas.zoomToFeatureIds(layer, [fid])
        canvas.flashFeatureIds(layer, [fid])

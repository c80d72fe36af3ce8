# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers given to an algorithm, as snapshots taken on the main thread."""

from __future__ import annotations

from qgis.core import (
    Qgis,
    QgsFeatureRequest,
    QgsProcessingFeatureSourceDefinition,
    QgsProperty,
    QgsVectorLayer,
)

from ..bridge.layers import Snapshot, snapshot
from ..core.errors import InputError


def source_of(algorithm, parameters, name, context) -> Snapshot | None:
    """What was given for a feature source: the layer with its edits, narrowed to what the user chose of it.

    None when nothing was given; InputError when it cannot be read.
    """
    if not is_given(parameters, name):
        return None
    layer = algorithm.parameterAsVectorLayer(parameters, name, context)
    if layer is None or not layer.isValid():
        raise unreadable(name, parameters[name], context)
    request = QgsFeatureRequest()
    value = parameters[name]
    if isinstance(value, QgsProcessingFeatureSourceDefinition):
        if value.filterExpression:
            request.setFilterExpression(value.filterExpression)
        if value.selectedFeaturesOnly:
            request.setFilterFids(layer.selectedFeatureIds())
        if value.featureLimit > 0:
            request.setLimit(value.featureLimit)
    return snapshot(layer, request)


def layers_of(algorithm, parameters, name, context) -> list[Snapshot]:
    """All layers given for a list. InputError names one that is there but cannot be read, or is no vector layer."""
    if not is_given(parameters, name):
        return []
    layers = algorithm.parameterAsLayerList(parameters, name, context)
    given = parameters[name] if isinstance(parameters[name], list | tuple) else [parameters[name]]
    if len(layers) < len(given):
        known = {layer.source() for layer in layers} | {layer.id() for layer in layers} | {lay.name() for lay in layers}
        lost = next((g for g in given if isinstance(g, str) and g not in known), given[0])
        raise unreadable(name, lost, context)
    for layer in layers:
        if not isinstance(layer, QgsVectorLayer) or not layer.isValid():
            raise unreadable(name, layer, context)
    return [snapshot(layer) for layer in layers]


def project_layers(context) -> list[Snapshot]:
    """Every vector layer with shapes in the project."""
    project = context.project()
    layers = project.mapLayers().values() if project else ()
    return [snapshot(v) for v in layers if isinstance(v, QgsVectorLayer) and v.isValid() and v.isSpatial()]


def is_given(parameters, name) -> bool:
    value = parameters.get(name)
    if isinstance(value, QgsProcessingFeatureSourceDefinition):
        value = value.source
    if isinstance(value, QgsProperty):
        return value.propertyType() != Qgis.PropertyType.Static or bool(value.staticValue())
    return value not in (None, "", [])


def unreadable(name, value, context) -> InputError:
    """The error for a layer that is not there, with the words the user gave."""
    if isinstance(value, QgsProcessingFeatureSourceDefinition):
        value = value.source
    if isinstance(value, QgsProperty):
        value = value.valueAsString(context.expressionContext(), "")[0]
    spoken = value.name() if hasattr(value, "name") else str(value)
    return InputError("layer_unreadable_here", name=name, layer=spoken)

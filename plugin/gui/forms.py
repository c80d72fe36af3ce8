# SPDX-License-Identifier: GPL-2.0-or-later
"""From a finding back to the feature it speaks of. The finding holds none: it is looked for by its number each time."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsExpression, QgsFeature, QgsFeatureRequest, QgsProject, QgsVectorLayer

from ..bridge.layers import template_id
from .result import Result


def open_form(iface: Any, result: Result, finding: Any) -> bool:
    """Open the feature's form. False when layer or feature are not in the project (any more)."""
    layer = layer_of(QgsProject.instance(), result, finding.role)
    feature = feature_of(layer, result, finding) if layer is not None else None
    if feature is None:
        return False
    iface.openFeatureForm(layer, feature, False, False)
    return True


def layer_of(project: QgsProject, result: Result, role: str) -> QgsVectorLayer | None:
    """The layer of a role: the one that says so itself, else the one of the name that was checked."""
    layers = [v for v in project.mapLayers().values() if isinstance(v, QgsVectorLayer)]
    checked = result.checked.plan.layers.get(role)
    named = [v for v in layers if checked is not None and v.name() == checked.name]
    return next((v for v in layers if template_id(v) == role), named[0] if named else None)


def feature_of(layer: QgsVectorLayer, result: Result, finding: Any) -> QgsFeature | None:
    checked = result.checked.plan.layers.get(finding.role)
    field = checked.field_name("key") if checked is not None else ""
    request = QgsFeatureRequest()
    if "fid" in finding.params:
        request.setFilterFid(int(finding.params["fid"]))
    elif finding.key and layer.fields().lookupField(field) >= 0:
        request.setFilterExpression(QgsExpression.createFieldEqualityExpression(field, finding.key))
    else:
        return None
    return next(layer.getFeatures(request), None)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Values of other layers of the project, for constraints on foreign keys."""

from __future__ import annotations

from typing import Any

from qgis.core import Qgis, QgsExpression, QgsExpressionContext, QgsFeatureRequest, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QThread

from ..layers.properties import get_assigned_role, get_layer_name
from .dependent_fields import FORM_PROPERTY


def evaluate_in_layer(context: QgsExpressionContext | None, value: Any, role: Any, field: Any) -> bool:
    """Return True if a field of a plan layer has a value, unsaved edits included.

    ``role``: code of the plan layer; ``field``: name of its field. True also without the layer or the field, and in
    other threads, which must not read the project: a check decides then.
    """
    project = QgsProject.instance()
    if value is None or QThread.currentThread() != project.thread():
        return True
    for layer in project.mapLayers().values():
        if not isinstance(layer, QgsVectorLayer) or str(role) not in (
            get_assigned_role(layer),
            str(layer.customProperty(FORM_PROPERTY, "") or ""),
            get_layer_name(layer),
        ):
            continue
        index = layer.fields().lookupField(str(field))
        if index >= 0:
            column = QgsExpression.quotedColumnRef(layer.fields().at(index).name())
            text = QgsExpression.quotedString(str(value).strip())
            request = QgsFeatureRequest(QgsExpression(f"trim(to_string({column})) = {text}"))
            request.setFlags(Qgis.FeatureRequestFlag.NoGeometry).setSubsetOfAttributes([index]).setLimit(1)
            return next(layer.getFeatures(request), None) is not None
    return True

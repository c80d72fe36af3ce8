# SPDX-License-Identifier: GPL-2.0-or-later
"""Find the features of a finding in the project; each call searches by key."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NamedTuple

from qgis.core import (
    Qgis,
    QgsCoordinateTransform,
    QgsCsException,
    QgsExpression,
    QgsFeature,
    QgsFeatureRequest,
    QgsMapLayer,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)

from ...bridge.checking import findings_layer
from ...bridge.layers import role_recognition
from ...bridge.layers.properties import get_assigned_role
from ...bridge.package.layers import find_package_layer
from .result import CheckView


class FeatureRef(NamedTuple):
    """Reference to a feature that a finding concerns.

    ``role``: code of its plan layer; ``key``: its 标识码; ``fid``: feature id, used if the key is missing or repeated;
    ``bounds``: bounds of the finding (xmin, ymin, xmax, ymax in the plan's CRS), where the search begins.
    """

    role: str
    key: str
    fid: int | None = None
    bounds: tuple[float, float, float, float] | None = None


def list_feature_refs(finding: Any) -> list[FeatureRef]:
    """Return references to the features of a finding, its own feature first.

    Empty for a finding on a whole layer or file.
    """
    bounds = None if finding.geom_kind == "none" else finding.geometry.bounds
    refs = [FeatureRef(*row, bounds=bounds) for row in finding.list_rows()]
    return [ref for ref in refs if ref.role and (ref.key or ref.fid is not None)]


def get_layer_name(result: CheckView, role: str) -> str:
    """Return the name of the layer with a role, in the language of the result."""
    template = result.check_result.plan.norm.standard.templates.get(role)
    return template.name if template is not None and result.texts.lang == "zh" else role


def find_layers_of(result: CheckView, finding: Any) -> list[QgsVectorLayer]:
    """Return the plan layers of a finding that the project has."""
    roles = dict.fromkeys(role for role in (finding.role, finding.related_role) if role)
    layers = (_find_layer(QgsProject.instance(), result, role) for role in roles)
    return [layer for layer in layers if layer is not None]


def find_hidden_layers(result: CheckView, finding: Any) -> list[QgsVectorLayer]:
    """Return the layers of a finding's features that are switched off in the layer tree.

    The findings layer is among them if it is switched off or below a visible layer that covers it.
    """
    project = QgsProject.instance()
    hidden_layers = [layer for layer in find_layers_of(result, finding) if is_switched_off(layer)]
    layer_of_findings = findings_layer.find_findings_layer(project)
    if (
        layer_of_findings is not None
        and finding.geom_kind != "none"
        and (is_switched_off(layer_of_findings) or is_covered(layer_of_findings))
    ):
        hidden_layers.append(layer_of_findings)
    return hidden_layers


def is_switched_off(layer: QgsMapLayer) -> bool:
    """Return True if a layer of the project is not visible in the layer tree."""
    node = QgsProject.instance().layerTreeRoot().findLayer(layer.id())
    return node is not None and not node.isVisible()


def is_covered(layer: QgsMapLayer) -> bool:
    """Return True if a visible raster or layer of polygons is drawn above a layer."""
    for layer_above in QgsProject.instance().layerTreeRoot().layerOrder():
        if layer_above.id() == layer.id():
            return False
        is_area = not isinstance(layer_above, QgsVectorLayer) or layer_above.geometryType() == Qgis.GeometryType.Polygon
        if is_area and not is_switched_off(layer_above):
            return True
    return False


def show_layer(layer: QgsVectorLayer) -> None:
    """Switch a layer on in the layer tree, with the groups above it; move the findings layer to the top."""
    project = QgsProject.instance()
    node = project.layerTreeRoot().findLayer(layer.id())
    if node is not None:
        node.setItemVisibilityCheckedParentRecursive(True)
        if layer == findings_layer.find_findings_layer(project) and is_covered(layer):
            findings_layer.move_findings_layer_to_top(project)


def select_feature(iface: Any, result: CheckView, ref: FeatureRef, others: list[FeatureRef]) -> bool:
    """Select a feature in its layer and activate the layer; return False if it is missing.

    ``others``: the other features of the same finding. Those of them that are selected stay selected, so that the user
    can select both features of a pair.
    """
    layer, feature = find_feature(result, ref)
    if layer is None or feature is None:
        return False
    of_layer = (find_feature(result, other)[1] for other in others if other.role == ref.role)
    still_selected = {other.id() for other in of_layer if other is not None} & set(layer.selectedFeatureIds())
    layer.selectByIds([*still_selected, feature.id()])
    iface.setActiveLayer(layer)
    return True


def find_feature(result: CheckView, ref: FeatureRef) -> tuple[QgsVectorLayer | None, QgsFeature | None]:
    """Return layer and feature of a reference; None for a layer or feature that the project lacks."""
    layer = _find_layer(QgsProject.instance(), result, ref.role)
    return layer, _find_feature_in_layer(layer, result, ref) if layer is not None else None


def _find_layer(project: QgsProject, result: CheckView, role: str) -> QgsVectorLayer | None:
    """Return the layer that has a role: of the opened package if the result is of a package, else of the project."""
    if not result.is_of_package:
        return find_layer_of_role(project, result, role)
    inspected = result.check_result.plan.layers.get(role)
    return find_package_layer(project, inspected.name) if inspected is not None else None


def find_layer_of_role(project: QgsProject, result: CheckView, role: str) -> QgsVectorLayer | None:
    """Return the project's layer for a role (code of a plan layer), or None.

    The layer to which the role is assigned is preferred to one with the name of the checked layer.
    """
    layers = [
        v
        for v in project.mapLayers().values()
        if isinstance(v, QgsVectorLayer) and not role_recognition.is_excluded_from_checks(v)
    ]
    checked_layer = result.check_result.plan.layers.get(role)
    same_name_layers = [v for v in layers if checked_layer is not None and v.name() == checked_layer.name]
    return next((v for v in layers if get_assigned_role(v) == role), same_name_layers[0] if same_name_layers else None)


def _find_feature_in_layer(layer: QgsVectorLayer, result: CheckView, ref: FeatureRef) -> QgsFeature | None:
    """Return the feature of a reference in its layer, or None."""
    if ref.fid is not None:
        return next(layer.getFeatures(QgsFeatureRequest(int(ref.fid))), None)
    checked_layer = result.check_result.plan.layers.get(ref.role)
    field = checked_layer.get_field_name("key") if checked_layer is not None else ""
    if not ref.key or layer.fields().lookupField(field) < 0:
        return None
    request = QgsFeatureRequest(QgsExpression(QgsExpression.createFieldEqualityExpression(field, ref.key)))
    if ref.bounds is not None:
        # Use the spatial index: a search by key alone reads the whole layer for every selected finding.
        nearby_request = QgsFeatureRequest(request)
        with suppress(QgsCsException):
            transform = QgsCoordinateTransform(result.crs, layer.crs(), QgsProject.instance())
            nearby_request.setFilterRect(transform.transformBoundingBox(QgsRectangle(*ref.bounds)))
            nearby_feature = next(layer.getFeatures(nearby_request), None)
            if nearby_feature is not None:
                return nearby_feature
    return next(layer.getFeatures(request), None)

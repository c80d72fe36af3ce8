# SPDX-License-Identifier: GPL-2.0-or-later
"""Find the features of a finding in the project. A finding holds no features; each call searches by key."""

from __future__ import annotations

from typing import Any, NamedTuple

from qgis.core import (
    QgsCoordinateTransform,
    QgsCsException,
    QgsExpression,
    QgsFeature,
    QgsFeatureRequest,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)

from ...bridge.layers import recognise
from ...bridge.layers.properties import template_id
from .result import Result


class FeatureRef(NamedTuple):
    """A feature that a finding names: by its key, by its feature id where the key is missing or repeated.

    ``bounds``: of the finding (xmin, ymin, xmax, ymax in the plan's CRS), where the feature is searched for first.
    """

    role: str
    key: str
    fid: int | None = None
    bounds: tuple[float, float, float, float] | None = None


def features_of(finding: Any) -> list[FeatureRef]:
    """Return the finding's feature and the related features; empty for a finding on a whole layer or file."""
    params = finding.params
    bounds = None if finding.geom_kind == "none" else finding.geometry.bounds
    own = [FeatureRef(finding.role, finding.key, params.get("fid"), bounds)]
    fid = params.get("related_fid")
    related = [FeatureRef(finding.related_role, key, fid, bounds) for key in finding.related_keys]
    return [ref for ref in own + related if ref.role and (ref.key or ref.fid is not None)]


def open_form(iface: Any, result: Result, ref: FeatureRef) -> bool:
    """Open the feature's form. False when layer or feature are not in the project (any more)."""
    layer, feature = find_feature(result, ref)
    if layer is None or feature is None:
        return False
    iface.openFeatureForm(layer, feature, False, False)
    return True


def select_feature(iface: Any, result: Result, ref: FeatureRef, others: list[FeatureRef]) -> bool:
    """Select the feature in its layer and make that layer the active one. False when layer or feature are not there.

    ``others``: features that stay selected if they are, so that both sides of a pair can be selected.
    """
    layer, feature = find_feature(result, ref)
    if layer is None or feature is None:
        return False
    of_layer = (find_feature(result, other)[1] for other in others if other.role == ref.role)
    kept = {other.id() for other in of_layer if other is not None} & set(layer.selectedFeatureIds())
    layer.selectByIds([*kept, feature.id()])
    iface.setActiveLayer(layer)
    return True


def find_feature(result: Result, ref: FeatureRef) -> tuple[QgsVectorLayer | None, QgsFeature | None]:
    layer = layer_of(QgsProject.instance(), result, ref.role)
    return layer, feature_of(layer, result, ref) if layer is not None else None


def layer_of(project: QgsProject, result: Result, role: str) -> QgsVectorLayer | None:
    """The layer of a role: the one that says so itself, else the one of the name that was checked."""
    layers = [v for v in project.mapLayers().values() if isinstance(v, QgsVectorLayer) and not recognise.is_excluded(v)]
    checked = result.checked.plan.layers.get(role)
    named = [v for v in layers if checked is not None and v.name() == checked.name]
    return next((v for v in layers if template_id(v) == role), named[0] if named else None)


def feature_of(layer: QgsVectorLayer, result: Result, ref: FeatureRef) -> QgsFeature | None:
    if ref.fid is not None:
        return next(layer.getFeatures(QgsFeatureRequest(int(ref.fid))), None)
    checked = result.checked.plan.layers.get(ref.role)
    field = checked.field_name("key") if checked is not None else ""
    if not ref.key or layer.fields().lookupField(field) < 0:
        return None
    request = QgsFeatureRequest(QgsExpression(QgsExpression.createFieldEqualityExpression(field, ref.key)))
    place = _place_in(layer, result, ref)
    if place is not None:
        # Use the spatial index: a search by key alone reads the whole layer, for every finding selected in the list.
        near = QgsFeatureRequest(request)
        near.setFilterRect(place)
        found = next(layer.getFeatures(near), None)
        if found is not None:
            return found
    return next(layer.getFeatures(request), None)


def _place_in(layer: QgsVectorLayer, result: Result, ref: FeatureRef) -> QgsRectangle | None:
    """Return the bounds of the finding in the CRS of the layer; None without a location."""
    if ref.bounds is None:
        return None
    try:
        transform = QgsCoordinateTransform(result.crs, layer.crs(), QgsProject.instance())
        return transform.transformBoundingBox(QgsRectangle(*ref.bounds))
    except QgsCsException:
        return None

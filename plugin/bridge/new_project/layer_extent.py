# SPDX-License-Identifier: GPL-2.0-or-later
"""Extent of a county in degrees, measured from a layer of the project."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsFeatureRequest,
    QgsGeometry,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
    QgsWkbTypes,
)

from ..layers.properties import get_assigned_role
from ..layers.role_recognition import list_plan_layers

if TYPE_CHECKING:
    from ...core.standard import Standard

#: Outlines are few; of a layer with more features (parcels) only the extent is read.
_MAX_FEATURES_READ = 200


class LayerExtent(NamedTuple):
    """The extent of a layer in degrees (CGCS2000).

    ``area_m2_by_crs_zone``: 3° zone → area in m² in that zone, empty if the geometries were not read.
    """

    west: float
    east: float
    south: float
    north: float
    area_m2_by_crs_zone: dict[int, float]


def list_layers_for_extent(project: QgsProject, standard: Standard) -> list[QgsVectorLayer]:
    """Return the polygon layers with features, from which an extent can be measured.

    Layers of the county and of townships come first.
    """
    first = [r for concept in ("county", "townships") for r in standard.concepts.get(concept, ())]
    polygons = [
        v
        for v in list_plan_layers(project)
        if v.geometryType() == QgsWkbTypes.GeometryType.PolygonGeometry and v.featureCount() and v.crs().isValid()
    ]
    return sorted(
        polygons, key=lambda v: (first.index(_find_role(v)) if _find_role(v) in first else len(first), v.name())
    )


def _find_role(layer: QgsVectorLayer) -> str:
    """Return the assigned role of a layer, else its name."""
    return get_assigned_role(layer) or layer.name()


def measure_extent(layer: QgsVectorLayer, project: QgsProject) -> LayerExtent | None:
    """Return the extent of a layer; None if its coordinates are invalid. Main thread."""
    transform = QgsCoordinateTransform(
        layer.crs(), QgsCoordinateReferenceSystem("EPSG:4490"), project.transformContext()
    )
    shapes = []
    try:
        box = QgsRectangle(transform.transformBoundingBox(layer.extent()))
        request = QgsFeatureRequest().setNoAttributes()
        for feature in layer.getFeatures(request) if layer.featureCount() <= _MAX_FEATURES_READ else ():
            if feature.hasGeometry():
                shape = QgsGeometry(feature.geometry())
                shape.transform(transform)
                shapes.append(shape)
        if shapes:
            box = QgsRectangle()
        for shape in shapes:
            box.combineExtentWith(shape.boundingBox())
    except QgsCsException:
        return None
    if not (-180 <= box.xMinimum() <= box.xMaximum() <= 180) or not box.isFinite():
        return None
    return LayerExtent(
        box.xMinimum(), box.xMaximum(), box.yMinimum(), box.yMaximum(), _measure_area_by_crs_zone(shapes)
    )


def _measure_area_by_crs_zone(shapes: list[QgsGeometry]) -> dict[int, float]:
    """Return 3° zone → area in m² of the shapes (in degrees) in that zone; empty without shapes."""
    if not shapes:
        return {}
    import numpy as np
    import shapely

    from ...core.geometry.crs_zones import measure_areas_by_zone

    # Linear edges only: the check reads arcs; for the larger part of a county they do not matter.
    linear = [QgsGeometry(s.constGet().segmentize()) if s.constGet().hasCurvedSegments() else s for s in shapes]
    return measure_areas_by_zone(np.array([shapely.from_wkb(bytes(s.asWkb())) for s in linear], dtype=object))

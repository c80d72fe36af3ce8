# SPDX-License-Identifier: GPL-2.0-or-later
"""Extents measured from layers of the project: that of the county, and the bookmarks by township (乡镇书签)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from qgis.core import (
    QgsBookmark,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsFeatureRequest,
    QgsGeometry,
    QgsProject,
    QgsRectangle,
    QgsReferencedRectangle,
    QgsVectorLayer,
    QgsWkbTypes,
)

from ...core.standard import load_standard
from ..layers.properties import get_assigned_role
from ..layers.role_recognition import list_plan_layers
from ..project.county import read_county_settings

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
    rank = {role: n for n, role in enumerate(first)}
    return sorted(polygons, key=lambda v: (rank.get(get_assigned_role(v) or v.name(), len(first)), v.name()))


def measure_extent(layer: QgsVectorLayer, project: QgsProject) -> LayerExtent | None:
    """Return the extent of a layer; None if its coordinates are invalid. Main thread."""
    transform = QgsCoordinateTransform(
        layer.crs(), QgsCoordinateReferenceSystem("EPSG:4490"), project.transformContext()
    )
    request = QgsFeatureRequest().setNoAttributes()
    features = layer.getFeatures(request) if layer.featureCount() <= _MAX_FEATURES_READ else ()
    shapes = [QgsGeometry(feature.geometry()) for feature in features if feature.hasGeometry()]
    try:
        box = QgsRectangle() if shapes else QgsRectangle(transform.transformBoundingBox(layer.extent()))
        for shape in shapes:
            shape.transform(transform)
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


#: Their group in the list of bookmarks; a name of Chinese data, like the layers'.
BOOKMARK_GROUP = "乡镇"
_PROJECT_SCOPE, _AUTO_UPDATE_KEY = "sanxian", "township_bookmarks"
_BOOKMARK_ID_PREFIX = "sanxian-township-"


def enable_automatic_update(project: QgsProject) -> None:
    """Store in a project that `BookmarkUpdater` updates its township bookmarks."""
    project.writeEntry(_PROJECT_SCOPE, _AUTO_UPDATE_KEY, True)


def find_township_layer(project: QgsProject) -> QgsVectorLayer | None:
    """Return the layer of townships by its role (code of the plan layer), or None.

    Roles are tried in the order of the standard's concept of townships.
    """
    standard = load_standard(read_county_settings(project).standard or "county_db")
    by_role = {get_assigned_role(layer): layer for layer in list_plan_layers(project)}
    return next((by_role[r] for r in standard.concepts.get("townships", ()) if r in by_role), None)


def update_bookmarks(project: QgsProject, layer: QgsVectorLayer | None = None) -> int:
    """Replace the plugin's bookmarks by one per township; return their number.

    Several areas of one township make one bookmark; features without a name or a geometry make none.
    """
    layer = layer or find_township_layer(project)
    extents = _measure_township_extents(layer) if layer is not None else {}
    manager = project.bookmarkManager()
    existing_bookmarks = {b.id(): b for b in manager.bookmarks() if b.id().startswith(_BOOKMARK_ID_PREFIX)}
    extent_by_id = {f"{_BOOKMARK_ID_PREFIX}{code}-{name}": (name, box) for (code, name), box in extents.items()}
    for bookmark in set(existing_bookmarks) - set(extent_by_id):
        manager.removeBookmark(bookmark)
    for key, (name, box) in extent_by_id.items():
        new_bookmark = QgsBookmark()
        new_bookmark.setId(key)
        new_bookmark.setName(name)
        new_bookmark.setGroup(BOOKMARK_GROUP)
        new_bookmark.setExtent(QgsReferencedRectangle(box, layer.crs()))
        if key in existing_bookmarks:
            manager.updateBookmark(new_bookmark)
        else:
            manager.addBookmark(new_bookmark)
    return len(extent_by_id)


def _measure_township_extents(layer: QgsVectorLayer) -> dict[tuple[str, str], QgsRectangle]:
    """Return the extent of each township, by (code, name)."""
    fields = [layer.fields().lookupField(name) for name in ("XZQDM", "XZQMC")]
    if fields[1] < 0:
        return {}
    extent_by_division: dict[tuple[str, str], QgsRectangle] = {}
    for feature in layer.getFeatures(QgsFeatureRequest().setSubsetOfAttributes([n for n in fields if n >= 0])):
        code, name = (str(feature[n] or "") if n >= 0 else "" for n in fields)
        if name and feature.hasGeometry():
            box = extent_by_division.setdefault((code, name), QgsRectangle())
            box.combineExtentWith(feature.geometry().boundingBox())
    return extent_by_division


@dataclass
class BookmarkUpdater:
    """Updates township bookmarks when the edits of the townships are saved.

    Only in projects in which `enable_automatic_update` was called.
    """

    _project: QgsProject | None = None
    _layers: dict[str, Any] = field(default_factory=dict)

    def start(self, project: QgsProject) -> None:
        """Observe the layers of a project."""
        self._project = project
        project.layersAdded.connect(self._on_layers_added)
        project.layersWillBeRemoved.connect(self._on_layers_removed)
        self._on_layers_added(project.mapLayers().values())

    def stop(self) -> None:
        """Stop observing the layers of the project."""
        if self._project is not None:
            self._project.layersAdded.disconnect(self._on_layers_added)
            self._project.layersWillBeRemoved.disconnect(self._on_layers_removed)
            self._on_layers_removed(list(self._layers))
            self._project = None

    def _on_layers_added(self, layers: Any) -> None:
        concept = load_standard().concepts["townships"]
        for layer in layers:
            if (
                isinstance(layer, QgsVectorLayer)
                and get_assigned_role(layer) in concept
                and layer.id() not in self._layers
            ):
                layer.afterCommitChanges.connect(self._on_edits_saved)
                self._layers[layer.id()] = layer

    def _on_layers_removed(self, ids: list[str]) -> None:
        for name in ids:
            if (layer := self._layers.pop(name, None)) is not None:
                layer.afterCommitChanges.disconnect(self._on_edits_saved)

    def _on_edits_saved(self) -> None:
        project = self._project
        if project is not None and project.readBoolEntry(_PROJECT_SCOPE, _AUTO_UPDATE_KEY, False)[0]:
            update_bookmarks(project)

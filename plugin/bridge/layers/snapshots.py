# SPDX-License-Identifier: GPL-2.0-or-later
"""A layer as it stands at one moment, unsaved edits and filters counted: taken on the main thread, read (`reading`) anywhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsFeatureRequest,
    QgsFields,
    QgsVectorLayer,
    QgsVectorLayerFeatureSource,
)

from .properties import file_of, name_of, table_of, template_id, unsaved_edits


@dataclass
class Snapshot:
    """A layer as it stood at one moment. Holds no layer: the user may close it meanwhile."""

    name: str
    source: QgsVectorLayerFeatureSource
    fields: QgsFields
    crs: QgsCoordinateReferenceSystem
    request: QgsFeatureRequest
    count: int = 0
    path: str = ""
    encoding: str = ""
    template_id: str = ""
    filter: str = ""
    unsaved: int = 0
    layer_id: str = ""
    table: str = ""
    geometry: Qgis.WkbType = Qgis.WkbType.Unknown
    #: Is ``count`` the provider's own, and one that is exact? A GeoPackage's may be out of date, a server's an estimate.
    counted: bool = True
    exact: bool = False


def take_snapshot(layer: QgsVectorLayer, request: QgsFeatureRequest | None = None) -> Snapshot:
    """The layer now, with its unsaved edits. On the main thread only.

    ``request`` narrows the features (a selection, an expression); by default all that the layer's filter shows.
    """
    provider = layer.dataProvider()
    return Snapshot(
        name=name_of(layer),
        source=QgsVectorLayerFeatureSource(layer),
        fields=layer.fields(),
        crs=layer.crs(),
        request=request or QgsFeatureRequest(),
        count=max(int(layer.featureCount()), 0),
        path=file_of(layer),
        encoding=provider.encoding() if provider and layer.providerType() == "ogr" else "",
        template_id=template_id(layer),
        filter=layer.subsetString(),
        unsaved=unsaved_edits(layer),
        layer_id=layer.id(),
        table=table_of(layer),
        geometry=layer.wkbType(),
        counted=layer.featureCount() >= 0,
        exact=layer.providerType() in ("memory", "ogr") and not file_of(layer).lower().endswith(".gpkg"),
    )


def unique_names(snapshots: Iterable[Snapshot]) -> list[Snapshot]:
    """Layers of one name are told apart by a number: a project may hold several, a plan may not."""
    found = list(snapshots)
    taken: set[str] = set()
    for one in found:
        name, number = one.name, 2
        while name in taken:
            name, number = f"{one.name} ({number})", number + 1
        taken.add(name)
        one.name = name
    return found

# SPDX-License-Identifier: GPL-2.0-or-later
"""Snapshots of layers with unsaved edits and filters.

They are taken on the main thread; any thread may read them (module `reading`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsFeatureRequest,
    QgsFields,
    QgsProviderRegistry,
    QgsVectorLayer,
    QgsVectorLayerFeatureSource,
)

from .properties import (
    count_unsaved_edits,
    find_row_condition,
    get_assigned_role,
    get_file_path,
    get_layer_name,
    get_table_name,
)


@dataclass(frozen=True)
class BufferedEdits:
    """Ids of the features that a layer's edit buffer has added, in the order of the layer, changed and deleted."""

    added_fids: tuple[int, ...] = ()
    changed_fids: frozenset[int] = frozenset()
    deleted_fids: frozenset[int] = frozenset()


@dataclass
class LayerSnapshot:
    """State of a layer at one moment, to be read in another thread.

    It does not refer to the layer, because the user may remove the layer meanwhile. ``template_id``: assigned role;
    ``row_condition``: a condition that may hide rows of the source (`find_row_condition`); ``is_count_known``,
    ``is_count_exact``: ``feature_count`` is known, is exact.
    """

    name: str
    feature_source: QgsVectorLayerFeatureSource
    fields: QgsFields
    crs: QgsCoordinateReferenceSystem
    feature_request: QgsFeatureRequest
    feature_count: int = 0
    file_path: str = ""
    encoding: str = ""
    template_id: str = ""
    row_condition: str = ""
    unsaved_change_count: int = 0
    layer_id: str = ""
    table_name: str = ""
    geometry_type: Qgis.WkbType = Qgis.WkbType.Unknown
    #: True if ``feature_count`` is the provider's and exact. A GeoPackage's may be outdated, a server's an estimate.
    is_count_known: bool = True
    is_count_exact: bool = False
    #: The layer shows the rows of its table as the file has them, except for ``edits``.
    shows_stored_rows: bool = False
    edits: BufferedEdits = field(default_factory=BufferedEdits)


def take_snapshot(layer: QgsVectorLayer, request: QgsFeatureRequest | None = None) -> LayerSnapshot:
    """Return a layer's current state with unsaved edits. On the main thread only.

    ``request`` restricts the features (a selection, an expression); by default all features that pass the layer's
    filter are read.
    """
    provider = layer.dataProvider()
    return LayerSnapshot(
        name=get_layer_name(layer),
        feature_source=QgsVectorLayerFeatureSource(layer),
        fields=layer.fields(),
        crs=layer.crs(),
        feature_request=request or QgsFeatureRequest(),
        feature_count=max(int(layer.featureCount()), 0),
        file_path=get_file_path(layer),
        encoding=provider.encoding() if provider and layer.providerType() == "ogr" else "",
        template_id=get_assigned_role(layer),
        row_condition=find_row_condition(layer),
        unsaved_change_count=count_unsaved_edits(layer),
        layer_id=layer.id(),
        table_name=get_table_name(layer),
        geometry_type=layer.wkbType(),
        is_count_known=layer.featureCount() >= 0,
        is_count_exact=layer.providerType() in ("memory", "ogr") and not get_file_path(layer).lower().endswith(".gpkg"),
        shows_stored_rows=request is None and _shows_stored_rows(layer),
        edits=_find_buffered_edits(layer),
    )


def _shows_stored_rows(layer: QgsVectorLayer) -> bool:
    """Return True if a layer shows all rows of a table of a GeoPackage, but for the edits in its buffer.

    False in a transaction, where edits are in no buffer.
    """
    provider, fields, buffer = layer.dataProvider(), layer.fields(), layer.editBuffer()
    if layer.providerType() != "ogr" or layer.subsetString() or provider.transaction() is not None:
        return False
    if fields.names() != provider.fields().names():
        # Joined or virtual fields, or unsaved changes of fields.
        return False
    if buffer is not None and (buffer.addedAttributes() or buffer.deletedAttributeIds()):
        # A new field may have the name of a deleted one, but not its values.
        return False
    parts = QgsProviderRegistry.instance().decodeUri("ogr", layer.source())
    path, table = str(parts.pop("path", "") or ""), str(parts.pop("layerName", "") or "")
    # No open options, packed file, password or the like.
    return bool(table) and Path(path).suffix.lower() == ".gpkg" and not any(parts.values())


def _find_buffered_edits(layer: QgsVectorLayer) -> BufferedEdits:
    buffer = layer.editBuffer()
    if buffer is None:
        return BufferedEdits()
    # QGIS gives added features before the stored ones, the first added one first; its id is the largest.
    added_fids = tuple(sorted(buffer.addedFeatures(), reverse=True))
    changed_fids = frozenset({*buffer.changedAttributeValues(), *buffer.changedGeometries()})
    return BufferedEdits(added_fids, changed_fids - set(added_fids), frozenset(buffer.deletedFeatureIds()))


def make_snapshot_names_unique(snapshots: Iterable[LayerSnapshot]) -> list[LayerSnapshot]:
    """Return snapshots with unique layer names, made by appending numbers.

    A project may have several layers of one name, a plan may not.
    """
    renamed_snapshots = list(snapshots)
    taken_names: set[str] = set()
    for one in renamed_snapshots:
        name, number = one.name, 2
        while name in taken_names:
            name, number = f"{one.name} ({number})", number + 1
        taken_names.add(name)
        one.name = name
    return renamed_snapshots

# SPDX-License-Identifier: GPL-2.0-or-later
"""Properties of QGIS layers: name, file and table, assigned role, unsaved edits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    Qgis,
    QgsAbstractDatabaseProviderConnection,
    QgsCoordinateReferenceSystem,
    QgsDataSourceUri,
    QgsProviderConnectionException,
    QgsProviderRegistry,
    QgsVectorLayer,
    QgsVirtualLayerDefinition,
)
from qgis.PyQt.QtCore import QUrl

from ..running.threads import run_in_python_thread

#: The layer's template, stored in the project: the id of its role (``CZKFBJ``).
TEMPLATE_PROPERTY = "sanxian/template"
#: Layer property of imported layers: the import assigned the role, not the user.
IMPORTED_PROPERTY = "sanxian/imported"


def get_layer_name(layer: QgsVectorLayer) -> str:
    """Return a layer's name, or its table's name if QGIS named the layer by its file.

    QGIS then names it, for example, ``county.gpkg|layername=DLTB``.
    """
    parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
    table, path = str(parts.get("layerName") or ""), str(parts.get("path") or "")
    return table if table and layer.name() in ("", Path(path).stem) else layer.name()


def get_table_name(layer: QgsVectorLayer) -> str:
    """Return the name of a layer's table in its database.

    Empty without a table, or if it is the only table.
    """
    parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
    return str(parts.get("layerName") or "")


def get_file_path(layer: QgsVectorLayer) -> str:
    """Return the path of a layer's file; for a layer without a file, its data source without passwords."""
    parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
    return str(parts.get("path") or "") or layer.publicSource(True)


#: Parameters of data sources that limit the features: WFS, ArcGIS servers, text files.
_LIMITING_PARAMS = ("filter", "sql", "subset", "maxNumFeatures", "bbox")


def find_row_condition(layer: QgsVectorLayer) -> str:
    """Return the condition that may hide rows of a layer's source; empty without one.

    It is a filter, the query of a virtual or database layer, a view, a geometry type, or a limit of a service.
    """
    provider, source = layer.providerType(), layer.source()
    if layer.subsetString() or provider == "memory":
        return layer.subsetString()
    if provider == "virtual":
        return QgsVirtualLayerDefinition.fromUrl(QUrl.fromEncoded(source.encode())).query() or source
    if provider == "ogr":
        parts = QgsProviderRegistry.instance().decodeUri(provider, source)
        shown_type, path = str(parts.get("geometryType") or ""), str(parts.get("path") or "")
        return f"geometrytype={shown_type}" if shown_type else path if path.lower().endswith(".vrt") else ""
    uri = QgsDataSourceUri(source)
    if uri.table().lstrip().startswith("("):
        return uri.table()
    limits = [f"{name}={uri.param(name)}" for name in _LIMITING_PARAMS if uri.hasParam(name) and uri.param(name)]
    return " ".join(limits) or (uri.table() if _is_view(provider, uri) else "")


def _is_view(provider: str, uri: QgsDataSourceUri) -> bool:
    """Return True if the source of a layer is a view of its database."""
    metadata = QgsProviderRegistry.instance().providerMetadata(provider)
    if not uri.table() or metadata is None:
        return False
    try:
        table = metadata.createConnection(uri.uri(), {}).table(uri.schema(), uri.table())
    except QgsProviderConnectionException:
        # The provider has no connections, or the server does not answer: reading the rows reports that.
        return False
    flags = QgsAbstractDatabaseProviderConnection
    return bool(table.flags() & (flags.TableFlag.View | flags.TableFlag.MaterializedView))


def get_assigned_role(layer: QgsVectorLayer) -> str:
    """Return the role (code of the plan layer) that the user or the tool `create_layers` assigned to a layer.

    The edition of the standard is not part of it. Empty if no role is assigned.
    """
    return str(layer.customProperty(TEMPLATE_PROPERTY, "") or "").rsplit("/", 1)[-1]


def set_assigned_role(layer: QgsVectorLayer, role: str) -> None:
    """Store a layer's role (code of the plan layer) in it; an empty role removes it."""
    if role:
        layer.setCustomProperty(TEMPLATE_PROPERTY, role)
    else:
        layer.removeCustomProperty(TEMPLATE_PROPERTY)


def count_unsaved_edits(layer: QgsVectorLayer) -> int:
    """Return the number of added, changed or deleted features that are not saved."""
    buffer = layer.editBuffer()
    if buffer is None:
        return 0
    changed_fids = {*buffer.changedAttributeValues(), *buffer.changedGeometries()}
    return len(buffer.addedFeatures()) + len(changed_fids) + len(buffer.deletedFeatureIds())


def format_crs_for_pyproj(crs: QgsCoordinateReferenceSystem) -> str:
    """Return a CRS as text for pyproj: authority code, or WKT for a custom CRS.

    Empty for an invalid CRS.
    """
    if not crs.isValid():
        return ""
    if crs.authid().startswith("EPSG:"):
        return crs.authid()
    return crs.toWkt(Qgis.CrsWktVariant.Preferred)


@run_in_python_thread
def convert_to_qgis_crs(crs: Any) -> QgsCoordinateReferenceSystem:
    """Return a CRS of pyproj as a CRS of QGIS."""
    code = crs.to_epsg()
    qgis_crs = QgsCoordinateReferenceSystem(f"EPSG:{code}") if code else QgsCoordinateReferenceSystem()
    return qgis_crs if qgis_crs.isValid() else QgsCoordinateReferenceSystem.fromWkt(crs.to_wkt())

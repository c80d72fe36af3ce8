# SPDX-License-Identifier: GPL-2.0-or-later
"""What a layer of QGIS is: its name, its file and table, the role that was given to it, its unsaved edits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import Qgis, QgsCoordinateReferenceSystem, QgsProviderRegistry, QgsVectorLayer

from ..running.threads import steady

#: The layer's template, kept in the project: the id of its role (``CZKFBJ``).
TEMPLATE_PROPERTY = "sanxian/template"
#: Layer property of imported layers: the import assigned the role, not the user.
IMPORTED_PROPERTY = "sanxian/imported"


def name_of(layer: QgsVectorLayer) -> str:
    """The layer's name; its table's where QGIS only named it after the file (``county.gpkg|layername=DLTB``)."""
    parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
    table, path = str(parts.get("layerName") or ""), str(parts.get("path") or "")
    return table if table and layer.name() in ("", Path(path).stem) else layer.name()


def table_of(layer: QgsVectorLayer) -> str:
    """The layer's table in its database; empty where there is none, or only one."""
    parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
    return str(parts.get("layerName") or "")


def file_of(layer: QgsVectorLayer) -> str:
    """The file behind a layer, or what its provider says of it without passwords."""
    parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
    return str(parts.get("path") or "") or layer.publicSource(True)


def template_id(layer: QgsVectorLayer) -> str:
    """The role that the user or `create_layers` gave the layer; an edition in front of it does not matter."""
    return str(layer.customProperty(TEMPLATE_PROPERTY, "") or "").rsplit("/", 1)[-1]


def set_template(layer: QgsVectorLayer, role: str) -> None:
    """Remember the layer's role with the project; an empty one forgets it."""
    if role:
        layer.setCustomProperty(TEMPLATE_PROPERTY, role)
    else:
        layer.removeCustomProperty(TEMPLATE_PROPERTY)


def unsaved_edits(layer: QgsVectorLayer) -> int:
    """How many features were added, changed or deleted and not saved."""
    buffer = layer.editBuffer()
    if buffer is None:
        return 0
    changed = {*buffer.changedAttributeValues(), *buffer.changedGeometries()}
    return len(buffer.addedFeatures()) + len(changed) + len(buffer.deletedFeatureIds())


def crs_text(crs: QgsCoordinateReferenceSystem) -> str:
    """A CRS for pyproj: its code, or its WKT where the code is QGIS's own; empty when the layer has none."""
    if not crs.isValid():
        return ""
    if crs.authid().startswith("EPSG:"):
        return crs.authid()
    return crs.toWkt(Qgis.CrsWktVariant.Preferred)


@steady
def to_qgis_crs(crs: Any) -> QgsCoordinateReferenceSystem:
    """pyproj's CRS as QGIS's."""
    code = crs.to_epsg()
    found = QgsCoordinateReferenceSystem(f"EPSG:{code}") if code else QgsCoordinateReferenceSystem()
    return found if found.isValid() else QgsCoordinateReferenceSystem.fromWkt(crs.to_wkt())

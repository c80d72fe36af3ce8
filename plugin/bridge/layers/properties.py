# SPDX-License-Identifier: GPL-2.0-or-later
"""Properties of QGIS layers: name, file and table, assigned role, unsaved edits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import Qgis, QgsCoordinateReferenceSystem, QgsProviderRegistry, QgsVectorLayer

from ..running.threads import steady

#: The layer's template, stored in the project: the id of its role (``CZKFBJ``).
TEMPLATE_PROPERTY = "sanxian/template"
#: Layer property of imported layers: the import assigned the role, not the user.
IMPORTED_PROPERTY = "sanxian/imported"


def name_of(layer: QgsVectorLayer) -> str:
    """Return the layer's name, or its table's if QGIS derived the name from the file.

    For example ``county.gpkg|layername=DLTB``.
    """
    parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
    table, path = str(parts.get("layerName") or ""), str(parts.get("path") or "")
    return table if table and layer.name() in ("", Path(path).stem) else layer.name()


def table_of(layer: QgsVectorLayer) -> str:
    """Return the layer's table in its database.

    Empty without one, or if it is the only one.
    """
    parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
    return str(parts.get("layerName") or "")


def file_of(layer: QgsVectorLayer) -> str:
    """Return the file behind a layer, or its source without passwords."""
    parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
    return str(parts.get("path") or "") or layer.publicSource(True)


def template_id(layer: QgsVectorLayer) -> str:
    """Return the role assigned by the user or `create_layers`, without an edition."""
    return str(layer.customProperty(TEMPLATE_PROPERTY, "") or "").rsplit("/", 1)[-1]


def set_template(layer: QgsVectorLayer, role: str) -> None:
    """Store the layer's role in the project; an empty role removes it."""
    if role:
        layer.setCustomProperty(TEMPLATE_PROPERTY, role)
    else:
        layer.removeCustomProperty(TEMPLATE_PROPERTY)


def unsaved_edits(layer: QgsVectorLayer) -> int:
    """Return the number of added, changed or deleted features that are not saved."""
    buffer = layer.editBuffer()
    if buffer is None:
        return 0
    changed = {*buffer.changedAttributeValues(), *buffer.changedGeometries()}
    return len(buffer.addedFeatures()) + len(changed) + len(buffer.deletedFeatureIds())


def crs_text(crs: QgsCoordinateReferenceSystem) -> str:
    """Return a CRS for pyproj: its code, or WKT for a custom CRS; empty without a CRS."""
    if not crs.isValid():
        return ""
    if crs.authid().startswith("EPSG:"):
        return crs.authid()
    return crs.toWkt(Qgis.CrsWktVariant.Preferred)


@steady
def to_qgis_crs(crs: Any) -> QgsCoordinateReferenceSystem:
    """Convert pyproj's CRS to QGIS's."""
    code = crs.to_epsg()
    found = QgsCoordinateReferenceSystem(f"EPSG:{code}") if code else QgsCoordinateReferenceSystem()
    return found if found.isValid() else QgsCoordinateReferenceSystem.fromWkt(crs.to_wkt())

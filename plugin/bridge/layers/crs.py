# SPDX-License-Identifier: GPL-2.0-or-later
"""Coordinate systems between QGIS and pyproj."""

from __future__ import annotations

from typing import Any

from qgis.core import Qgis, QgsCoordinateReferenceSystem

from ..running.threads import steady


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

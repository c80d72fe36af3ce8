# SPDX-License-Identifier: GPL-2.0-or-later
"""Findings as a QGIS layer, in memory or in a file that is whole at every moment."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import (
    Qgis,
    QgsCoordinateTransformContext,
    QgsFeature,
    QgsField,
    QgsFields,
    QgsGeometry,
    QgsVectorFileWriter,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QMetaType

from ..core.errors import OutputError
from ..core.writing import beside
from .layers import to_qgis_crs

if TYPE_CHECKING:
    from ..core.findings import Finding

#: Always this, also for findings at a line or a point, so that any format can hold them.
GEOMETRY = Qgis.WkbType.MultiPolygon
_NUMBERS = ("area_m2", "net_area_m2", "width_m")
_BATCH = 500
_DATABASE = re.compile(r"^ogr:dbname='(.+?)'")


def fields() -> QgsFields:
    """The columns of a findings layer, as the core promises them."""
    from ..core.findings import COLUMNS

    found = QgsFields()
    for name in COLUMNS:
        kind = QMetaType.Type.Double if name in _NUMBERS else QMetaType.Type.QString
        found.append(QgsField(name, kind))
    return found


def feature(finding: Finding, columns: QgsFields) -> QgsFeature:
    """One row; no geometry where the finding has no place."""
    row = finding.row()
    made = QgsFeature(columns)
    made.setAttributes([row[name] for name in columns.names()])
    shape = finding.layer_geometry()
    if shape is not None:
        geometry = QgsGeometry()
        geometry.fromWkb(shape.wkb)
        made.setGeometry(geometry)
    return made


def fill(sink: Any, findings: list[Finding], target: str, check: Callable[[], None] = lambda: None) -> None:
    """Add all findings to a QgsFeatureSink; OutputError when it does not take one. ``target`` is for that error."""
    columns = fields()
    for number, finding in enumerate(findings):
        if number % _BATCH == 0:
            check()
        if not sink.addFeature(feature(finding, columns)):
            raise OutputError("output_unwritable", target=target, detail=str(sink.lastError()))
    if not sink.flushBuffer():
        raise OutputError("output_unwritable", target=target, detail=str(sink.lastError()))


def memory_layer(findings: list[Finding], crs: Any, name: str) -> QgsVectorLayer:
    """The findings as a layer that lives in the project only. ``crs``: the plan's (pyproj)."""
    layer = QgsVectorLayer("MultiPolygon", name, "memory")
    layer.setCrs(to_qgis_crs(crs))
    provider = layer.dataProvider()
    columns = fields()
    provider.addAttributes(columns.toList())
    layer.updateFields()
    provider.addFeatures([feature(f, columns) for f in findings])
    layer.updateExtents()
    return layer


def write_findings(
    target: str | Path, findings: list[Finding], crs: Any, *, check: Callable[[], None] = lambda: None
) -> None:
    """The findings layer at ``target`` (.gpkg, .shp, .gdb, .geojson, …), replacing what stood there as a whole."""
    with beside(target) as temporary:
        write_file(temporary, findings, crs, check=check)


def write_file(path: Path, findings: list[Finding], crs: Any, *, check: Callable[[], None] = lambda: None) -> None:
    """Write a new file; `core.writing.beside` gives the path."""
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = driver_of(path)
    options.layerName = path.stem
    options.fileEncoding = "UTF-8"
    writer = QgsVectorFileWriter.create(
        str(path), fields(), GEOMETRY, to_qgis_crs(crs), QgsCoordinateTransformContext(), options
    )
    if writer.hasError() != QgsVectorFileWriter.WriterError.NoError:
        raise OutputError("output_unwritable", target=path.name, detail=writer.errorMessage())
    try:
        columns = fields()
        for number, finding in enumerate(findings):
            if number % _BATCH == 0:
                check()
            if not writer.addFeature(feature(finding, columns)):
                raise OutputError("output_unwritable", target=path.name, detail=writer.errorMessage())
        if not writer.flushBuffer():
            raise OutputError("output_unwritable", target=path.name, detail=writer.errorMessage())
    finally:
        # Only the destructor closes the file.
        del writer
    written = QgsVectorLayer(str(path), path.stem, "ogr").featureCount()
    if written != len(findings):
        # FlatGeobuf, for one, leaves out what has no place and does not say so.
        raise OutputError("output_incomplete", target=path.name, written=max(written, 0), expected=len(findings))


def driver_of(path: str | Path) -> str:
    """The OGR driver for a suffix. OutputError for one that no driver writes."""
    suffix = Path(path).suffix.lower().lstrip(".")
    driver = QgsVectorFileWriter.driverForExtension(suffix) if suffix else ""
    if not driver:
        raise OutputError("output_format", target=str(path), known=".gpkg .gdb .shp .geojson")
    return driver


def database_of(destination: str) -> str:
    """The file of Processing's ``ogr:dbname='…' table="…"`` (a table within a GeoPackage); empty for another."""
    found = _DATABASE.match(destination)
    return found[1] if found else ""

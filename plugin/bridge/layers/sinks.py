# SPDX-License-Identifier: GPL-2.0-or-later
"""Findings as a QGIS layer in memory, or in an output of Processing.

Files are written by the core.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from qgis.core import (
    Qgis,
    QgsFeature,
    QgsField,
    QgsFields,
    QgsGeometry,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QMetaType

from ...core.base.cancellation import NEVER_CANCELLED, Cancellation
from ...core.base.errors import OutputError
from .properties import convert_to_qgis_crs

if TYPE_CHECKING:
    from ...core.model.findings import Finding

#: Used also for findings at a line or a point, so that any format can store them.
FINDINGS_GEOMETRY_TYPE = Qgis.WkbType.MultiPolygon
_ROWS_PER_BATCH = 500
_DATABASE_PATTERN = re.compile(r"^ogr:dbname='(.+?)'")


def make_findings_fields() -> QgsFields:
    """Return the columns of a findings layer as QGIS fields."""
    from ...core.model.findings import FINDING_COLUMNS, NUMERIC_FINDING_COLUMNS

    findings_fields = QgsFields()
    for name in FINDING_COLUMNS:
        kind = QMetaType.Type.Double if name in NUMERIC_FINDING_COLUMNS else QMetaType.Type.QString
        findings_fields.append(QgsField(name, kind))
    return findings_fields


def make_finding_feature(finding: Finding, columns: QgsFields) -> QgsFeature:
    """Return a finding as a feature; without geometry if the finding has no location."""
    row = finding.row()
    finding_feature = QgsFeature(columns)
    finding_feature.setAttributes([row[name] for name in columns.names()])
    shape = finding.make_layer_geometry()
    if shape is not None:
        geometry = QgsGeometry()
        geometry.fromWkb(shape.wkb)
        finding_feature.setGeometry(geometry)
    return finding_feature


def add_findings_to_sink(
    sink: Any, findings: list[Finding], target: str, cancellation: Cancellation = NEVER_CANCELLED
) -> None:
    """Add all findings to a QgsFeatureSink.

    ``target``: name of the output for the OutputError that is raised if the sink rejects a feature.
    """
    columns = make_findings_fields()
    for number, finding in enumerate(findings):
        if number % _ROWS_PER_BATCH == 0:
            cancellation.raise_if_cancelled()
        if not sink.addFeature(make_finding_feature(finding, columns)):
            raise OutputError("output_unwritable", target=target, detail=str(sink.lastError()))
    if not sink.flushBuffer():
        raise OutputError("output_unwritable", target=target, detail=str(sink.lastError()))


def make_findings_layer(findings: list[Finding], crs: Any, name: str) -> QgsVectorLayer:
    """Return findings as a layer in memory.

    ``crs``: CRS of the plan, of pyproj; ``name``: name of the layer.
    """
    layer = QgsVectorLayer("MultiPolygon", name, "memory")
    layer.setCrs(convert_to_qgis_crs(crs))
    provider = layer.dataProvider()
    columns = make_findings_fields()
    provider.addAttributes(columns.toList())
    layer.updateFields()
    provider.addFeatures([make_finding_feature(f, columns) for f in findings])
    layer.updateExtents()
    return layer


def parse_database_path(destination: str) -> str:
    """Return the file in an output of Processing such as ``ogr:dbname='…' table="…"``.

    Empty for any other output.
    """
    path_match = _DATABASE_PATTERN.match(destination)
    return path_match[1] if path_match else ""

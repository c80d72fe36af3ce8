# SPDX-License-Identifier: GPL-2.0-or-later
"""Properties of QGIS layers, and values and geometries of their features as those of the core."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import (
    NULL,
    Qgis,
    QgsAbstractDatabaseProviderConnection,
    QgsCoordinateReferenceSystem,
    QgsDataSourceUri,
    QgsGeometry,
    QgsProviderConnectionException,
    QgsProviderRegistry,
    QgsUnsetAttributeValue,
    QgsVectorLayer,
    QgsVirtualLayerDefinition,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QDate, QDateTime, QUrl

from ...core.geometry.tolerance import CURVE_STEP_DEGREES
from ..running.threads import run_in_python_thread

if TYPE_CHECKING:
    from ...core.plan.layer import FieldInfo

# Numbers of QMetaType, the same in Qt 5 and 6.
_INTEGER_TYPES = {1, 2, 3, 4, 5, 32, 33, 34, 35, 36, 37, 40}
_REAL_TYPES = {6, 38}
_DATE_TYPES = {14, 16}
BINARY_TYPE = 12
#: Decimals with which a coordinate's text gives back the same number.
_WKT_DECIMALS = 17
#: The layer's template, stored in the project: the id of its role (``CZKFBJ``).
TEMPLATE_PROPERTY = "sanxian/template"
#: Layer property of imported layers: the import assigned the role, not the user.
IMPORTED_PROPERTY = "sanxian/imported"
#: Parameters of data sources that limit the features: WFS, ArcGIS servers, text files.
_LIMITING_PARAMS = ("filter", "sql", "subset", "maxNumFeatures", "bbox")


def convert_to_wkb_and_curve_text(geometry: Any) -> tuple[bytes, str]:
    """Return a geometry as WKB that GEOS reads, and also as WKT if it has arcs.

    In the WKB, arcs are polylines, and M values are dropped. The text has all digits; it is empty for a geometry
    without arcs.
    """
    kind = geometry.wkbType()
    if QgsWkbTypes.isCurvedType(kind):
        shape = geometry.constGet()
        text = shape.asWkt(_WKT_DECIMALS) if shape.hasCurvedSegments() else ""
        shape = shape.segmentize(math.radians(CURVE_STEP_DEGREES))
        shape.dropMValue()
        return bytes(shape.asWkb()), text
    if QgsWkbTypes.hasM(kind):
        geometry.get().dropMValue()
    return bytes(geometry.asWkb()), ""


def get_field_type(field: Any) -> int:
    """Return the QMetaType number of a field's type."""
    kind = field.type()
    return int(getattr(kind, "value", kind))


def make_field_info(field: Any) -> FieldInfo:
    """Return a field's name, type, length and alias in the form of the core."""
    from ...core.plan.layer import FieldInfo

    number = get_field_type(field)
    kinds = (("integer", _INTEGER_TYPES), ("real", _REAL_TYPES), ("date", _DATE_TYPES))
    kind = next((name for name, numbers in kinds if number in numbers), "text")
    length = field.length() if kind == "text" and 0 < field.length() < 2**16 else None
    return FieldInfo(field.name(), kind, length)


def make_column(values: Iterable[Any], field: Any, index: Any) -> Any:
    """Return the values of one field as a pandas Series, with NULL as missing values.

    ``index``: index of the Series. The dtype is the one that the column gets when the core reads the file itself.
    """
    import pandas as pd

    number = get_field_type(field)
    python_values = [convert_to_python_value(v, number) for v in values]
    if number in _DATE_TYPES:
        return pd.Series(python_values, index=index, dtype="datetime64[ms]")
    if number in _REAL_TYPES:
        return pd.Series(python_values, index=index, dtype="float64")
    if number in _INTEGER_TYPES and None not in python_values:
        return pd.Series(python_values, index=index, dtype="int64")
    # Integers with missing values remain objects: a float cannot hold the 18 digits of a BSM.
    return pd.Series(python_values, index=index, dtype=object)


def convert_to_python_value(value: Any, field_type: int) -> Any:
    """Return a value of a QGIS feature as a Python value; None if it is missing.

    ``field_type``: QMetaType number of its field.
    """
    if field_type in _DATE_TYPES:
        if isinstance(value, QDateTime):
            return value.toPyDateTime().replace(tzinfo=None)
        return value.toPyDate() if isinstance(value, QDate) else None
    # A drawn feature has a placeholder for a value that the database sets on saving, for example in the field fid of a
    # GeoPackage. QGIS 3.44 returns an object for it, in fields of any type. QGIS 3.40 returns the text of the default
    # clause (Autogenerate), which differs from a value only in a numeric field.
    is_placeholder = isinstance(value, QgsUnsetAttributeValue) or (
        isinstance(value, str) and field_type in _INTEGER_TYPES | _REAL_TYPES
    )
    return None if is_placeholder or type(value) is type(NULL) else value


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


def read_wkb(wkb: bytes) -> QgsGeometry:
    """Return the geometry of a shape as WKB."""
    geometry = QgsGeometry()
    geometry.fromWkb(wkb)
    return geometry


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
    if (buffer := layer.editBuffer()) is None:
        return 0
    changed_fids = {*buffer.changedAttributeValues(), *buffer.changedGeometries()}
    return len(buffer.addedFeatures()) + len(changed_fids) + len(buffer.deletedFeatureIds())


def format_crs_for_pyproj(crs: QgsCoordinateReferenceSystem) -> str:
    """Return a CRS as text for pyproj: authority code, or WKT for a custom CRS.

    Empty for an invalid CRS.
    """
    if not crs.isValid():
        return ""
    return crs.authid() if crs.authid().startswith("EPSG:") else crs.toWkt(Qgis.CrsWktVariant.Preferred)


@run_in_python_thread
def convert_to_qgis_crs(crs: Any) -> QgsCoordinateReferenceSystem:
    """Return a CRS of pyproj as a CRS of QGIS."""
    code = crs.to_epsg()
    qgis_crs = QgsCoordinateReferenceSystem(f"EPSG:{code}") if code else QgsCoordinateReferenceSystem()
    return qgis_crs if qgis_crs.isValid() else QgsCoordinateReferenceSystem.fromWkt(crs.to_wkt())

# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables and findings of the core as QGIS features: in memory, in a file, or in a Processing sink.

A table has rows with the fields of a template, or is a list without geometry.

Files are written by the core.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransformContext,
    QgsFeature,
    QgsField,
    QgsFields,
    QgsVectorFileWriter,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QDate, QMetaType

from ...core.base.errors import NEVER_CANCELLED, Cancellation, OutputError
from ...core.standard.messages.texts import Texts
from ..running.threads import run_in_python_thread
from .properties import convert_to_qgis_crs, read_wkb

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from ...core.exchange.mapping import MappingLoss
    from ...core.model.findings import Finding
    from ...core.render.tables.report_table import TableColumn
    from ...core.standard.template import Template, TemplateField


LAYER_DRIVERS = {".gpkg": "GPKG", ".gdb": "OpenFileGDB"}
TABLE_DRIVERS = {".gpkg": "GPKG", ".csv": "CSV", ".xlsx": "XLSX"}
_ROWS_PER_CANCELLATION_CHECK = 2000
#: Digits of an integer in any format; FileGDB converts longer ones to reals.
_MAX_INTEGER_DIGITS = 9
_MULTI_TYPES = {
    "polygon": Qgis.WkbType.MultiPolygon,
    "line": Qgis.WkbType.MultiLineString,
    "point": Qgis.WkbType.MultiPoint,
}


@dataclass
class OutputTable:
    """A table to write: fields, geometry type, CRS, and an iterator of features."""

    name: str
    fields: QgsFields
    geometry_type: Qgis.WkbType
    crs: QgsCoordinateReferenceSystem
    iterate_features: Callable[[], Iterator[QgsFeature]]
    feature_count: int


@run_in_python_thread
def make_template_table(frame: GeoDataFrame, template: Template, crs: QgsCoordinateReferenceSystem) -> OutputTable:
    """Return the rows of a GeoDataFrame as an output table with the field types, lengths and aliases of a template."""
    import pandas as pd
    import shapely

    shapes = frame.geometry.to_numpy()
    fields = QgsFields()
    for template_field in template.fields:
        fields.append(make_template_field(template_field, frame[template_field.name].tolist()))
    geometry = _MULTI_TYPES[template.geometry]
    if bool(shapely.has_z(shapes).any()):
        geometry = Qgis.WkbType(int(geometry.value) + 1000)
    columns = [frame[f.name] for f in template.fields]
    dates = [f.type == "date" for f in template.fields]

    def iterate_rows() -> Iterator[QgsFeature]:
        """Yield the rows as QGIS features."""
        for shape, *values in zip(shapes, *(c.tolist() for c in columns), strict=True):
            feature = QgsFeature(fields)
            plain_values = [None if v is None or v is pd.NaT or v != v else v for v in values]
            feature.setAttributes(
                [QDate(v.year, v.month, v.day) if d and v else v for v, d in zip(plain_values, dates, strict=True)]
            )
            if shape is not None:
                multi_geometry = read_wkb(shapely.to_wkb(shape))
                multi_geometry.convertToMultiType()
                feature.setGeometry(multi_geometry)
            yield feature

    return OutputTable(template.role, fields, geometry, crs, iterate_rows, len(frame))


def make_template_field(declared: TemplateField, values: Sequence[Any] = ()) -> QgsField:
    """Return a template's field as a QGIS field.

    ``values``: values to be stored in it; an integer field is made wide enough for them.
    """
    types = {"real": QMetaType.Type.Double, "date": QMetaType.Type.QDate, "integer": QMetaType.Type.Int}
    kind = types.get(declared.type, QMetaType.Type.QString)
    if declared.type == "integer" and (
        (declared.length or 0) > _MAX_INTEGER_DIGITS or any(v is not None and abs(v) >= 2**31 for v in values)
    ):
        kind = QMetaType.Type.LongLong
    length = declared.length or 0 if declared.type in ("text", "real") else 0
    field = QgsField(declared.name, kind, "", length, declared.decimals or 0 if declared.type == "real" else 0)
    field.setAlias(declared.alias)
    return field


def make_record_table(
    name: str,
    types: Mapping[str, QMetaType.Type],
    rows: Sequence[Mapping[str, Any]],
    *,
    titles: Mapping[str, str] | None = None,
    shapes: Sequence[Any] = (),
    crs: QgsCoordinateReferenceSystem | None = None,
) -> OutputTable:
    """Return rows (column → value) as an output table.

    ``types``: column → type, in the order of the columns; ``titles``: column → title, which the fields get as alias;
    ``shapes``: polygons of the rows, in ``crs``, for a table with geometry.
    """
    fields = QgsFields()
    for column, kind in types.items():
        field = QgsField(column, kind)
        field.setAlias((titles or {}).get(column, ""))
        fields.append(field)
    wkb_of_rows = [bytes(shape.wkb) for shape in shapes]

    def iterate_rows() -> Iterator[QgsFeature]:
        """Yield the rows as QGIS features."""
        for number, row in enumerate(rows):
            feature = QgsFeature(fields)
            feature.setAttributes([row.get(column) for column in types])
            if crs is not None:
                geometry = read_wkb(wkb_of_rows[number])
                geometry.convertToMultiType()
                feature.setGeometry(geometry)
            yield feature

    kind = Qgis.WkbType.NoGeometry if crs is None else Qgis.WkbType.MultiPolygon
    return OutputTable(name, fields, kind, crs or QgsCoordinateReferenceSystem(), iterate_rows, len(rows))


def make_parcel_table(
    name: str, columns: Sequence[TableColumn], rows: Sequence[Mapping[str, Any]], shapes: Sequence[Any], crs: Any
) -> OutputTable:
    """Return the parcels of a study as features, with the columns of its sheet.

    ``rows``: key of the column → value; ``shapes``: polygons of the rows, in the pyproj ``crs``.
    """
    types = {"m2": QMetaType.Type.Double, "m": QMetaType.Type.Double, "count": QMetaType.Type.Int}
    return make_record_table(
        name,
        {one.key: types.get(one.unit, QMetaType.Type.QString) for one in columns},
        rows,
        titles={one.key: one.title for one in columns},
        shapes=shapes,
        crs=convert_to_qgis_crs(crs),
    )


def make_loss_table(losses: list[MappingLoss], texts: Texts, *, is_workbook: bool) -> OutputTable:
    """Return an output table of data that could not be converted, one row each.

    ``is_workbook``: people read it, so that headings and words are in the language of ``texts``.
    """
    rows = []
    words = [texts.get("mapping_loss", name) for name in ("no", "yes")] if is_workbook else ["no", "yes"]
    for loss in losses:
        params = dict(loss.params)
        if "list" in params:
            params["list"] = texts.get_setting_name(f"codes.{params['list']}")
        names = {"target": loss.target_field, "source": loss.source_field}
        rows.append(
            {
                "source_fid": loss.fid,
                "key": loss.key,
                "field": loss.target_field,
                "source_field": loss.source_field,
                "value": loss.value,
                "row_count": params.get("row_count"),
                "fids": params.get("fids"),
                "area_ha": None if (area := params.get("area_ha")) is None else round(area, 4),
                "reason": loss.reason,
                "carried": words[loss.is_carried_over],
                "message": texts.get("mapping", loss.reason, **names, **params),
            }
        )
    text, number = QMetaType.Type.QString, QMetaType.Type.LongLong
    types = {"source_fid": number, **dict.fromkeys(("key", "field", "source_field", "value"), text)}
    types |= {"row_count": number, "fids": text, "area_ha": QMetaType.Type.Double}
    types |= dict.fromkeys(("reason", "carried", "message"), text)
    if not is_workbook:
        return make_record_table("UNMAPPED", types, rows)
    heads = {name: texts.get("mapping_loss", name) for name in types if name != "reason"}
    headed_rows = [{head: row[name] for name, head in heads.items()} for row in rows]
    sheet = texts.get("mapping_loss", "sheet")
    return make_record_table(sheet, {head: types[name] for name, head in heads.items()}, headed_rows)


def write_selected_features(layer: QgsVectorLayer, path: str) -> None:
    """Write the selected features of a layer to a new GeoPackage. Raise OutputError if it cannot be written."""
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName, options.layerName, options.onlySelectedFeatures = "GPKG", layer.name(), True
    error, detail, *_ = QgsVectorFileWriter.writeAsVectorFormatV3(layer, path, QgsCoordinateTransformContext(), options)
    if error != QgsVectorFileWriter.WriterError.NoError:
        raise OutputError("output_unwritable", target=path, detail=detail)


def write_table(path: Path, table: OutputTable, driver: str, cancellation: Cancellation = NEVER_CANCELLED) -> None:
    """Write an output table to a new file.

    ``path``: temporary path from `core.base.files.writing.write_atomically`; ``driver``: GDAL's name of the format.
    Raise OutputError if the file cannot be created or the driver rejects a row.
    """
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = driver
    options.layerName = table.name
    options.fileEncoding = "UTF-8"
    if driver == "GPKG":
        # The version that an older QGIS opens.
        options.datasourceOptions = ["VERSION=1.2"]
    if driver == "CSV":
        # Without this mark Excel assumes the machine's code page.
        options.layerOptions = ["WRITE_BOM=YES"]
    writer = QgsVectorFileWriter.create(
        str(path), table.fields, table.geometry_type, table.crs, QgsCoordinateTransformContext(), options
    )
    try:
        if writer.hasError() != QgsVectorFileWriter.WriterError.NoError:
            raise OutputError("output_unwritable", target=path.name, detail="refused")
        write_rows_to_sink(writer, table, path.name, cancellation)
    finally:
        # The file is complete after the writer is deleted.
        del writer


def write_rows_to_sink(
    sink: Any, table: OutputTable, target: str, cancellation: Cancellation = NEVER_CANCELLED
) -> None:
    """Write all rows of an output table to a sink.

    ``target``: name of the output for the OutputError that is raised if the sink rejects a row.
    """
    for number, feature in enumerate(table.iterate_features()):
        if number % _ROWS_PER_CANCELLATION_CHECK == 0:
            cancellation.raise_if_cancelled()
        if not sink.addFeature(feature):
            raise OutputError("output_unwritable", target=target, detail=str(sink.lastError()) or "refused")
    if not sink.flushBuffer():
        raise OutputError("output_unwritable", target=target, detail=str(sink.lastError()) or "refused")


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
    from ...core.model.findings import make_layer_geometries

    row = finding.row()
    finding_feature = QgsFeature(columns)
    finding_feature.setAttributes([row[name] for name in columns.names()])
    if (shape := make_layer_geometries([finding])[0]) is not None:
        finding_feature.setGeometry(read_wkb(shape.wkb))
    return finding_feature


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

# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the edits of packages into a copy of the county, row by row as the packages store them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...base.errors import NEVER_CANCELLED, Cancellation, InputError, OutputError
from ...exchange.edited_copy import encode_text, open_for_editing, replace_feature
from ...exchange.gdal_setup import check_row_counts, load_gdal, raise_if_refused, repack_shapefile
from .decide import Edit, Outcome
from .stored_rows import find_key_field, list_fields, open_dataset, read_cell, read_shape_bytes
from .work_package import RecordKey


def find_dataset_of_layer(file: str, datasets: Sequence[Path]) -> Path:
    """Return the data set of the county from which a layer was handed out.

    A county in one data set may have another name now. Raise InputError if a folder lacks the file.
    """
    if len(datasets) == 1:
        return datasets[0]
    found = next((path for path in datasets if path.name == file), None)
    if found is None:
        raise InputError("townships_layer_gone", layer=file)
    return found


def apply_edits(
    edits: Sequence[Edit],
    copy_by_dataset: Mapping[Path, Path],
    encodings: Mapping[RecordKey, str],
    cancellation: Cancellation = NEVER_CANCELLED,
) -> None:
    """Write the applied edits into the copies of the data sets.

    ``copy_by_dataset``: data set of the county → copy; ``encodings``: layer → encoding of the texts of a shapefile.
    Raise RuntimeError if a driver refuses, OutputError for a value that a field cannot store, and Cancelled.
    """
    by_layer: dict[RecordKey, list[Edit]] = {}
    for edit in edits:
        if edit.outcome is Outcome.APPLIED:
            by_layer.setdefault(edit.layer.key, []).append(edit)
    with load_gdal() as gdal:
        sources = {one.package.number: open_dataset(gdal, one.package.data) for one in edits}
        for (file, name), layer_edits in by_layer.items():
            _apply_to_layer(
                gdal,
                copy_by_dataset[find_dataset_of_layer(file, tuple(copy_by_dataset))],
                name,
                layer_edits,
                sources,
                encodings.get((file, name), ""),
                cancellation,
            )
        sources.clear()


def _apply_to_layer(
    gdal: Any,
    path: Path,
    name: str,
    edits: Sequence[Edit],
    sources: Mapping[int, Any],
    encoding: str,
    cancellation: Cancellation,
) -> None:
    """Write the edits of a layer, in one transaction if the format has transactions."""
    text_codec = (encoding or "UTF-8") if path.suffix.lower() == ".shp" else ""
    database = open_for_editing(gdal, path)
    layer = raise_if_refused(database.GetLayerByName(name))
    expected = layer.GetFeatureCount()
    has_transactions = layer.TestCapability("Transactions")
    if has_transactions:
        raise_if_refused(layer.StartTransaction())
    deleted = [edit for edit in edits if edit.row is None]
    for edit in edits:
        cancellation.raise_if_cancelled()
        if edit.row is None:
            continue
        source = raise_if_refused(sources[edit.package.number].GetLayerByName(edit.layer.package_name))
        package_feature = raise_if_refused(source.GetFeature(edit.row.fid))
        if edit.county_fid is None:
            from osgeo import ogr

            feature = ogr.Feature(layer.GetLayerDefn())
            _set_values(feature, package_feature, edit, text_codec, only_differing=False)
            _set_shape(feature, package_feature)
            raise_if_refused(layer.CreateFeature(feature))
            expected += 1
        else:
            feature = raise_if_refused(layer.GetFeature(edit.county_fid))
            _set_values(feature, package_feature, edit, text_codec, only_differing=True)
            if read_shape_bytes(feature) != read_shape_bytes(package_feature):
                _set_shape(feature, package_feature)
            replace_feature(layer, feature, path)
            del feature
        del package_feature, source
    for edit in deleted:
        raise_if_refused(layer.DeleteFeature(edit.county_fid))
    expected -= len(deleted)
    if has_transactions:
        raise_if_refused(layer.CommitTransaction())
    if text_codec and deleted:
        # Deleted rows are only marked until the file is packed.
        del layer
        repack_shapefile(gdal, database, name)
    else:
        raise_if_refused(layer.SyncToDisk())
        del layer
    del database
    check_row_counts(gdal, path, {name: expected})


def _set_shape(feature: Any, package_feature: Any) -> None:
    """Set the geometry of a row to that of a package."""
    geometry = package_feature.GetGeometryRef()
    if geometry is None:
        raise_if_refused(feature.SetGeometry(None))
        return
    copy = geometry.Clone()
    former = feature.GetGeometryRef()
    if former is not None:
        copy.AssignSpatialReference(former.GetSpatialReference())
    raise_if_refused(feature.SetGeometryDirectly(copy))


def _set_values(feature: Any, package_feature: Any, edit: Edit, text_codec: str, *, only_differing: bool) -> None:
    """Set the values of a row to those of a package, for fields that the package has; raise OutputError."""
    from osgeo import ogr

    from ...plan.io.rows import BYTES_CODEC

    package_fields = list_fields(package_feature)
    key_field = find_key_field(edit.layer.fields)
    for name in edit.layer.fields:
        index = feature.GetFieldIndex(encode_text(name, text_codec))
        if index < 0:
            raise InputError("townships_field_gone", layer=edit.layer.name, field=name, file=edit.layer.file)
        if name == key_field and edit.new_key:
            feature.SetField(index, edit.new_key)
            continue
        if name not in package_fields:
            continue
        source_index, kind = package_fields[name]
        value = read_cell(package_feature, source_index, kind)
        if only_differing:
            field_kind = feature.GetFieldDefnRef(index).GetType()
            former = read_cell(feature, index, field_kind)
            if former is not None and text_codec and field_kind == ogr.OFTString:
                # Texts of a shapefile are bytes in the county.
                former = former.encode(BYTES_CODEC).decode(text_codec, "replace")
            if value == former:
                continue
        if value is None:
            feature.SetFieldNull(index)
        else:
            _set_value(feature, index, package_feature, source_index, text_codec)


def _set_value(feature: Any, index: int, package_feature: Any, source_index: int, text_codec: str) -> None:
    """Set a value of a row to the value of a package, which is not missing."""
    from osgeo import ogr

    definition = feature.GetFieldDefnRef(index)
    kind = definition.GetType()
    if kind in (ogr.OFTInteger, ogr.OFTInteger64):
        feature.SetField(index, package_feature.GetFieldAsInteger64(source_index))
    elif kind == ogr.OFTReal:
        feature.SetField(index, package_feature.GetFieldAsDouble(source_index))
    elif kind in (ogr.OFTDate, ogr.OFTTime, ogr.OFTDateTime):
        feature.SetField(index, *package_feature.GetFieldAsDateTime(source_index))
    elif kind == ogr.OFTBinary:
        feature.SetFieldBinaryFromHexString(index, bytes(package_feature.GetFieldAsBinary(source_index)).hex())
    else:
        value = package_feature.GetFieldAsString(source_index)
        stored = encode_text(value, text_codec)
        width = definition.GetWidth()
        if 0 < width < len(stored):
            raise OutputError("copy_too_long", field=definition.GetName(), value=value, length=width)
        feature.SetField(index, stored)

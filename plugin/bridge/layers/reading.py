# SPDX-License-Identifier: GPL-2.0-or-later
"""Conversion of layer snapshots to tables of the core, and of features to rows."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import QgsFeatureRequest, QgsFields, QgsVectorLayer, QgsVectorLayerFeatureSource, QgsWkbTypes

from ...core.base.errors import NEVER_CANCELLED, Cancellation, InputError
from ...core.base.parallel.process_state import remove_one_by_one
from ...core.geometry.tolerance import CURVE_STEP_DEGREES
from .properties import (
    BINARY_TYPE,
    convert_to_python_value,
    convert_to_wkb_and_curve_text,
    format_crs_for_pyproj,
    get_field_type,
    make_column,
    make_field_info,
)
from .snapshots import LayerSnapshot, StoredFiles, make_geometry_frame, merge_edited_rows

if TYPE_CHECKING:
    import geopandas as gpd
    from pyproj import CRS

    from ...core.checks.live.session import FeatureState
    from ...core.plan.io.declarations import DeclaredTable
    from ...core.plan.layer import FieldInfo, MistypedColumn, SourceLayer

#: Features between two checks for cancellation.
_ROWS_PER_CANCELLATION_CHECK = 2000


def read_snapshots(
    snapshots: Iterable[LayerSnapshot],
    *,
    progress: Callable[[float, str], None],
    cancellation: Cancellation,
    choose_fields: Callable[[SourceLayer], bool | frozenset[str]] = lambda layer: True,
) -> Iterator[SourceLayer]:
    """Read snapshots of layers in turn and yield each as a table; raise Cancelled.

    ``choose_fields`` is called with each layer before its rows are read. It returns True to read all fields, False to
    read no rows, or the names of the fields to read, in capitals.
    """
    outlines = [(one, make_source_layer_without_rows(one)) for one in snapshots]
    requests = [(one, outline, choose_fields(outline)) for one, outline in outlines]
    total = sum(one.feature_count for one, _, is_wanted in requests if is_wanted) or 1
    row_count_read = 0
    with StoredFiles(cancellation) as files:
        for one, outline, is_wanted in requests:
            if not is_wanted:
                yield outline
                continue
            progress(row_count_read / total, one.name)
            only_fields = None if is_wanted is True else is_wanted
            yield read_snapshot(one, cancellation=cancellation, only_fields=only_fields, files=files)
            row_count_read += one.feature_count


def make_source_layer_without_rows(snapshot: LayerSnapshot) -> SourceLayer:
    """Return name, fields and origin of a snapshot as a table without rows."""
    import geopandas as gpd

    from ...core.geometry.crs import parse_crs
    from ...core.plan.layer import SourceLayer

    crs = parse_crs(format_crs_for_pyproj(snapshot.crs))
    fields = tuple(make_field_info(snapshot.fields.at(n)) for n in _list_non_binary_field_positions(snapshot.fields))
    table = _find_declared_table(snapshot)
    return SourceLayer(
        name=snapshot.name,
        frame=gpd.GeoDataFrame(geometry=[], crs=crs),
        fields=table.add_declarations_to_fields(fields) if table else fields,
        crs=crs,
        source=snapshot.file_path,
        encoding=snapshot.encoding,
        template_id=snapshot.template_id,
        unsaved_edit_count=snapshot.unsaved_change_count,
        declared_geometry_type=QgsWkbTypes.displayString(snapshot.geometry_type),
        declared_row_count=snapshot.feature_count if snapshot.is_count_known else None,
        row_filter=snapshot.row_condition or (table.view_sql if table else ""),
    )


def _find_declared_table(snapshot: LayerSnapshot) -> DeclaredTable | None:
    """Return a layer as its database declares it; None without a declaration.

    The aliases that QGIS shows may be those of an attribute form.
    """
    from ...core.plan.io.declarations import FORMATS_WITH_DECLARATIONS

    path = Path(snapshot.file_path)
    if path.suffix.lower() not in FORMATS_WITH_DECLARATIONS:
        return None
    files = sorted(path.iterdir()) if path.is_dir() else [path, path.with_name(f"{path.name}-wal")]
    stamp = tuple((f.name, f.stat().st_mtime_ns, f.stat().st_size) for f in files if f.exists())
    tables = _read_declared_tables_once(snapshot.file_path, stamp)
    return tables.get(snapshot.table_name) if snapshot.table_name else next(iter(tables.values()), None)


@lru_cache(maxsize=8)
def _read_declared_tables_once(path: str, stamp: tuple[Any, ...]) -> dict[str, DeclaredTable]:
    """Return table name → fields as declared in a database; the result is cached by ``path`` and ``stamp``.

    ``stamp``: names, times and sizes of the database's files, which change when one is written.
    """
    from ...core.plan.io.declarations import read_declared_tables

    return read_declared_tables(path)


def read_snapshot(
    snapshot: LayerSnapshot,
    *,
    cancellation: Cancellation = NEVER_CANCELLED,
    only_fields: frozenset[str] | None = None,
    files: StoredFiles | None = None,
) -> SourceLayer:
    """Return the features of a snapshot as a table, read in one pass.

    Attributes are stored by column, geometries as WKB. ``only_fields``: names of the fields to read, in capitals; by
    default all. ``files``: from which layers are read that show what their file has, with unsaved edits; by default all
    features are read through QGIS.
    """
    from ...core.plan.io.declarations import find_contradicting_crs
    from ...core.plan.io.records import find_problem_of_parts
    from ...core.plan.io.stored_shapes import read_shape_headers

    outline = make_source_layer_without_rows(snapshot)
    outline.problem = find_problem_of_parts(Path(snapshot.file_path)) if snapshot.file_path else None
    if outline.problem is not None:
        return outline
    positions = _list_non_binary_field_positions(snapshot.fields)
    if only_fields is not None:
        positions = [n for n in positions if snapshot.fields.at(n).name().upper() in only_fields]
    stored_layer = None if files is None else files.read_layer(snapshot, positions, outline.crs)
    if stored_layer is not None:
        return _fill_from_stored_layer(outline, snapshot, stored_layer, positions, cancellation)
    feature_rows = _read_rows(snapshot, positions, cancellation)
    stored_row_count = _count_expected_features(snapshot)
    if stored_row_count is not None and stored_row_count != len(feature_rows.fids):
        counts = {"read": len(feature_rows.fids), "stored": stored_row_count}
        return replace(outline, problem=("rows_disagree", counts), declared_row_count=stored_row_count)
    file, table_name = Path(snapshot.file_path), snapshot.table_name or Path(snapshot.file_path).stem
    shape_headers = read_shape_headers(file, table_name)
    described_crs = find_contradicting_crs(file, table_name)
    frame, broken_fids = _make_frame(snapshot, positions, feature_rows, outline.crs, cancellation)
    mistyped_columns = _restore_mistyped_columns(snapshot, frame, files)
    return replace(
        outline,
        frame=frame,
        fields=_declare_as_texts(outline.fields, mistyped_columns),
        mistyped_columns=mistyped_columns,
        curve_texts=feature_rows.curve_texts,
        curve_step=CURVE_STEP_DEGREES if feature_rows.curve_texts else 0.0,
        notices=_list_reading_notices(snapshot, len(feature_rows.curve_texts)),
        broken_fids=broken_fids,
        shape_crs=shape_headers.other_crs,
        shape_crs_fids=shape_headers.other_crs_fids,
        described_crs=described_crs,
    )


def _make_frame(
    snapshot: LayerSnapshot,
    positions: list[int],
    feature_rows: _FeatureRows,
    crs: CRS | None,
    cancellation: Cancellation,
) -> tuple[gpd.GeoDataFrame, tuple[int, ...]]:
    """Return features as a table, and the ids of those with a geometry that GEOS cannot represent.

    ``positions``: those of the fields. The features are released. Raise Cancelled.
    """
    import pandas as pd

    index = pd.Index(feature_rows.fids, dtype="int64")
    table = {}
    for position in positions:
        cancellation.raise_if_cancelled()
        field_info, values = snapshot.fields.at(position), [row[position] for row in feature_rows.attributes]
        table[field_info.name()] = make_column(values, field_info, index)
    remove_one_by_one(feature_rows.attributes)
    # A ring that GEOS cannot represent is returned as missing, as for a file; GEO002 reports it.
    import numpy as np
    import shapely

    wkb_array = np.array(feature_rows.shapes_wkb, dtype=object)
    geometries = np.empty(len(wkb_array), dtype=object)
    # At once, shapely would hold Python's lock for a second.
    for begin in range(0, len(wkb_array), _ROWS_PER_CANCELLATION_CHECK):
        cancellation.raise_if_cancelled()
        batch = slice(begin, begin + _ROWS_PER_CANCELLATION_CHECK)
        geometries[batch] = shapely.from_wkb(wkb_array[batch], on_invalid="ignore")
    together = zip(feature_rows.fids, feature_rows.shapes_wkb, geometries, strict=True)
    broken_fids = tuple(fid for fid, wkb, shape in together if wkb is not None and shape is None)
    remove_one_by_one(feature_rows.shapes_wkb)
    return make_geometry_frame(table, geometries, index, crs), broken_fids


def _fill_from_stored_layer(
    outline: SourceLayer,
    snapshot: LayerSnapshot,
    stored: SourceLayer,
    positions: list[int],
    cancellation: Cancellation,
) -> SourceLayer:
    """Return a layer without rows with those of the layer that was read from its file, and with the unsaved edits."""
    if stored.problem is not None:
        return replace(outline, problem=stored.problem, declared_row_count=stored.declared_row_count)
    frame, curve_texts = stored.frame, {}
    # A layer with such geometries in its file is read through QGIS.
    broken_fids: tuple[int, ...] = ()
    edits = snapshot.edits
    edited_fids = [*edits.added_fids, *edits.changed_fids]
    if edited_fids or edits.deleted_fids:
        request = QgsFeatureRequest().setFilterFids(edited_fids)
        edited_rows = _read_rows(replace(snapshot, feature_request=request), positions, cancellation)
        curve_texts = edited_rows.curve_texts
        edited_frame, broken_fids = _make_frame(snapshot, positions, edited_rows, outline.crs, cancellation)
        frame = merge_edited_rows(frame, edited_frame, edits, stored.mistyped_columns)
    return replace(
        outline,
        frame=frame,
        curve_texts=curve_texts,
        curve_step=CURVE_STEP_DEGREES if curve_texts else 0.0,
        notices=_list_reading_notices(snapshot, len(curve_texts)),
        broken_fids=broken_fids,
        shape_crs=stored.shape_crs,
        shape_crs_fids=stored.shape_crs_fids,
        described_crs=stored.described_crs,
        mistyped_columns=stored.mistyped_columns,
        fields=_declare_as_texts(outline.fields, stored.mistyped_columns),
    )


def _declare_as_texts(fields: tuple[FieldInfo, ...], names: Container[str]) -> tuple[FieldInfo, ...]:
    """Return fields of which those with these names are texts."""
    return tuple(replace(one, type="text") if one.name in names else one for one in fields)


def _restore_mistyped_columns(
    snapshot: LayerSnapshot, frame: gpd.GeoDataFrame, files: StoredFiles | None
) -> dict[str, MistypedColumn]:
    """Restore the stored values of columns that QGIS has converted.

    Return field → what is wrong with its values. Values of edited features stay those of QGIS, and all values of a file
    that only QGIS can open.
    """
    from ...core.plan.io.file import DRIVER_ERRORS
    from ...core.plan.io.rows import find_field_positions, find_mistyped_fields, read_layer_info, read_mistyped_columns

    path, name = Path(snapshot.file_path), snapshot.table_name
    if path.suffix.lower() not in (".gpkg", ".sqlite") or not path.is_file() or not name:
        return {}
    with StoredFiles(NEVER_CANCELLED) as own_files:
        try:
            opened = (files or own_files).open(path)
            info = read_layer_info(opened, name, None)
        except (InputError, *DRIVER_ERRORS):
            return {}
        positions = find_field_positions(info, list(frame.columns))
        fields = find_mistyped_fields(opened, name, info, positions)
        values_by_field = {str(info["fields"][n]): frame[str(info["fields"][n])].to_numpy() for n in positions}
        mistyped = read_mistyped_columns(opened, name, info, fields, values_by_field, frame.index.to_numpy())
    edited_fids = [*snapshot.edits.added_fids, *snapshot.edits.changed_fids]
    for field_name, (texts, _) in mistyped.items():
        frame[field_name] = frame[field_name].where(frame.index.isin(edited_fids), texts).astype(object)
    return {field_name: column for field_name, (_, column) in mistyped.items()}


def _count_expected_features(snapshot: LayerSnapshot) -> int | None:
    """Return the number of features that reading the snapshot must give; None if unknown.

    It is the number in the file if the layer has neither filter nor edits, else the number in the layer. None if only
    selected features are read, or if neither number is exact.
    """
    from ...core.plan.io.records import count_stored_rows

    if (
        snapshot.feature_request.filterType() != QgsFeatureRequest.FilterType.FilterNone
        or snapshot.feature_request.limit() >= 0
    ):
        return None
    if (
        not snapshot.row_condition
        and not snapshot.unsaved_change_count
        and Path(snapshot.file_path).suffix.lower() in (".gdb", ".gpkg", ".shp")
    ):
        stored_row_count = count_stored_rows(
            Path(snapshot.file_path), snapshot.table_name or Path(snapshot.file_path).stem
        )
        if stored_row_count is not None:
            return stored_row_count
    return snapshot.feature_count if snapshot.is_count_exact and snapshot.is_count_known else None


@dataclass
class _FeatureRows:
    """Features read from a layer: feature ids, attributes and geometries.

    ``attributes``: for each feature the values of all fields, None for a field that was not read; ``shapes_wkb``: for
    each feature its shape as WKB or None; ``curve_texts``: id of each feature with arcs → its shape as WKT.
    """

    fids: list[int] = field(default_factory=list)
    attributes: list[list[Any]] = field(default_factory=list)
    shapes_wkb: list[bytes | None] = field(default_factory=list)
    curve_texts: dict[int, str] = field(default_factory=dict)


def _read_rows(snapshot: LayerSnapshot, field_positions: list[int], cancellation: Cancellation) -> _FeatureRows:
    """Read the features in one pass and return them, only with the fields at the given positions."""
    request, feature_rows = QgsFeatureRequest(snapshot.feature_request), _FeatureRows()
    if len(field_positions) < snapshot.fields.count() and request.filterExpression() is None:
        # An expression may use any field.
        request.setSubsetOfAttributes(field_positions)
    for number, feature in enumerate(snapshot.feature_source.getFeatures(request)):
        if number % _ROWS_PER_CANCELLATION_CHECK == 0:
            cancellation.raise_if_cancelled()
        wkb, curve_text = convert_to_wkb_and_curve_text(feature.geometry()) if feature.hasGeometry() else (None, "")
        feature_rows.fids.append(feature.id())
        feature_rows.attributes.append(feature.attributes())
        feature_rows.shapes_wkb.append(wkb)
        if curve_text:
            feature_rows.curve_texts[feature.id()] = curve_text
    cancellation.raise_if_cancelled()
    return feature_rows


#: Returns feature id → values and shape of features; None for one that does not exist.
StateReader = Callable[[Iterable[int]], "dict[int, FeatureState | None]"]


def make_state_reader(layer: QgsVectorLayer) -> StateReader:
    """Return a function that reads features as they are in the layer now, with unsaved edits.

    Make it on the main thread; it may be called in any thread.
    """
    return partial(_read_states, QgsVectorLayerFeatureSource(layer), _list_attribute_fields(layer.fields()))


def read_feature_state_by_id(layer: QgsVectorLayer, fids: Iterable[int]) -> dict[int, FeatureState | None]:
    """Return feature id → current values and shape, with values as `read_snapshot` reads them.

    None for a feature that does not exist. Main thread only; pandas and shapely are not used, as they would be slow.
    """
    return _read_states(layer, _list_attribute_fields(layer.fields()), fids)


def _list_attribute_fields(fields: QgsFields) -> list[tuple[int, str, int]]:
    """Return position, name and type of all fields except binary ones."""
    return [(n, fields.at(n).name(), get_field_type(fields.at(n))) for n in _list_non_binary_field_positions(fields)]


def _read_states(
    source: QgsVectorLayer | QgsVectorLayerFeatureSource,
    attribute_fields: list[tuple[int, str, int]],
    fids: Iterable[int],
) -> dict[int, FeatureState | None]:
    """Return feature id → values and shape; None for a feature that does not exist.

    ``attribute_fields``: position, name and type of the fields to read.
    """
    from ...core.checks.live.session import FeatureState

    state_by_fid: dict[int, FeatureState | None] = dict.fromkeys(fids)
    for feature in source.getFeatures(QgsFeatureRequest().setFilterFids(list(state_by_fid))):
        values = feature.attributes()
        attributes = {name: convert_to_python_value(values[n], kind) for n, name, kind in attribute_fields}
        wkb, curve_text = convert_to_wkb_and_curve_text(feature.geometry()) if feature.hasGeometry() else (None, "")
        state_by_fid[feature.id()] = FeatureState(wkb, attributes, curve_text)
    return state_by_fid


def _list_non_binary_field_positions(fields: QgsFields) -> list[int]:
    """Return the positions of all fields except binary ones."""
    return [n for n in range(fields.count()) if get_field_type(fields.at(n)) != BINARY_TYPE]


def _list_reading_notices(snapshot: LayerSnapshot, arc_count: int) -> list[tuple[str, dict[str, Any]]]:
    """Return (message key, parameters) of notices on arcs, filter and unsaved edits of a layer."""
    notices: list[tuple[str, dict[str, Any]]] = []
    if arc_count:
        step = CURVE_STEP_DEGREES
        notices.append(("notice_curves", {"layer": snapshot.name, "count": arc_count, "step": step}))
    if snapshot.row_condition:
        notices.append(("notice_filter", {"layer": snapshot.name, "filter": snapshot.row_condition}))
    if snapshot.unsaved_change_count:
        notices.append(("notice_unsaved", {"layer": snapshot.name, "count": snapshot.unsaved_change_count}))
    return notices

# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the layers of one file.

The caller selects layers and fields before rows are read. Notices report what may be wrong.
"""

from __future__ import annotations

import sqlite3
import unicodedata
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely

from ...base.errors import Cancellation, InputError
from ...base.files.encoding import ShapefileEncoding, find_sibling_file
from ...base.files.open_datasource import check_shapefile_complete, provide_safe_path
from ...geometry import crs as crs_care
from ..layer import FieldInfo, SourceLayer
from .columnar_rows import read_columnar_rows
from .declarations import DeclaredTable, find_contradicting_crs, read_declared_tables
from .formats import INTERNAL_TABLE_PREFIXES, MISSING_TABLE, find_hidden_tables
from .records import choose_free_name, count_geodatabase_rows, count_stored_rows, find_problem_of_parts
from .rows import (
    BYTES_CODEC,
    KEY_FIELD,
    CellwiseLayerError,
    find_field_positions,
    find_mistyped_fields,
    make_fields,
    make_names_unique,
    read_layer_info,
    read_rows,
)
from .stored_shapes import read_shape_headers

#: Exceptions of pyogrio.
DRIVER_ERRORS = (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError,
           pyogrio.errors.FieldError, pyogrio.errors.GeometryError, pyogrio.errors.CRSError)  # fmt: skip
#: Types of an empty column, as reading the file would give them.
_PANDAS_TYPES = {"text": "object", "integer": "int64", "real": "float64", "date": "datetime64[ms]"}
_LINE_TYPES = ("LINE", "COMPOUNDCURVE", "MULTICURVE", "CIRCULAR")


def make_encoding_notices(layer_name: str, encoding: ShapefileEncoding | None) -> list[tuple[str, dict[str, Any]]]:
    """Return notices on the encoding of a layer if it was detected, or contradicts the declared one.

    A notice is (text key, parameters). ``layer_name``: the layer's name for messages.
    """
    if encoding is None or encoding.source in ("cpg", "none"):
        return []
    name = {"GB18030": "GBK"}.get(encoding.name, encoding.name)
    if encoding.declared_codec:
        return [("notice_cpg_wrong", {"layer": layer_name, "declared": encoding.declared_codec, "encoding": name})]
    return [("notice_encoding", {"layer": layer_name, "encoding": name})]


def make_driver_notices(layer_name: str, caught: list[warnings.WarningMessage]) -> list[tuple[str, dict[str, Any]]]:
    """Return the driver's warnings as notices, each once.

    Warnings on problems that are reported elsewhere are left out. ``layer_name``: the layer's name for messages.
    """
    texts = dict.fromkeys(" ".join(str(w.message).split()) for w in caught if "pyogrio" in w.filename)
    notices: list[tuple[str, dict[str, Any]]] = [
        ("notice_measured", {"layer": layer_name}) for text in texts if "Measured (M)" in text
    ]
    others = [text for text in texts if "Measured (M)" not in text and "does not have any features" not in text]
    if others:
        printable = "".join(c for c in others[0] if unicodedata.category(c)[0] != "C")
        notices.append(("notice_driver", {"layer": layer_name, "count": len(others), "detail": printable[:200]}))
    return notices


LayerSelector = Callable[[SourceLayer], bool | frozenset[str]]


@dataclass(frozen=True)
class _LayerSource:
    """A layer in its file, before its rows are read.

    ``path_to_open``: the path that drivers open; ``stored_row_count``: the number of rows that the file records, None
    if it was not counted together with the other layers of the database; ``needs_columns``: see `read_rows`.
    """

    path: Path
    path_to_open: Path
    name: str
    has_shapes: bool
    encoding: ShapefileEncoding | None
    declared_table: DeclaredTable | None = None
    stored_row_count: int | None = None
    needs_columns: bool = False

    @property
    def display_name(self) -> str:
        """Return the layer's name for messages; for a shapefile this is the name of the file."""
        return self.path.stem if self.encoding else self.name


def read_file(
    path: Path, wanted: LayerSelector, cancellation: Cancellation, *, tables: bool = False
) -> list[SourceLayer]:
    """Return the layers of one file.

    ``wanted``: called with each layer before its rows are read, as ``select_layer`` of `source.read_source`;
    ``tables``: accept a file with tables only, if one of them may be a plan layer without its geometry.

    Raises
    ------
    InputError
        The file is packed, is not GIS data, has no layer, or no layer can be read. A single unreadable layer of a
        database gets a ``problem``, so that it does not stop the others.
    """
    suffix = path.suffix.lower()
    if suffix in (".rar", ".7z"):
        raise InputError("source_packed", source=str(path))
    if suffix == ".vct":
        raise InputError("source_vct", source=str(path))
    encoding = check_shapefile_complete(path) if suffix == ".shp" else None
    with provide_safe_path(path) as opened_path:
        layer_kinds = _list_layers(path, opened_path)
        if not layer_kinds and suffix == ".fgb":
            raise InputError("source_not_gis", source=str(path), detail="damaged")
        hidden_tables = find_hidden_tables(
            opened_path, {name for name, kind in layer_kinds if kind}, {name for name, _ in layer_kinds}
        )
        declared_tables = read_declared_tables(opened_path)
        row_count_by_layer = count_geodatabase_rows(opened_path) if suffix == ".gdb" else {}
        # A FileGDB lists each table, also one without a valid header.
        damaged_names = [n for n, count in row_count_by_layer.items() if count is None and not n.startswith("GDB_")]
        hidden_tables |= dict.fromkeys(damaged_names, MISSING_TABLE)
        layers, first_error = [], None
        for name, kind in layer_kinds:
            cancellation.raise_if_cancelled()
            if name in hidden_tables or (
                suffix == ".gpkg" and not kind and name.lower().startswith(INTERNAL_TABLE_PREFIXES)
            ):
                continue
            source = _LayerSource(
                path,
                opened_path,
                name,
                kind is not None,
                encoding,
                declared_tables.get(name),
                row_count_by_layer.get(name),
            )
            try:
                layers.append(_read_layer(source, wanted))
            except InputError as error:
                first_error = first_error or error
                layers.append(make_unreadable_layer(source.display_name, path, error))
        cancellation.raise_if_cancelled()
        layers += [
            make_empty_layer(
                name,
                path,
                fields=tuple(FieldInfo(column, "text") for column in table.columns),
                problem=table.problem,
                declared_row_count=table.row_count,
            )
            for name, table in hidden_tables.items()
            if table.problem is not None
        ]
    if first_error is not None and all(layer.problem for layer in layers):
        raise first_error
    # A table with the key field (标识码) may be a plan layer without its geometry.
    keyed = [layer for layer in layers if tables and any(field.name.upper() == KEY_FIELD for field in layer.fields)]
    if not keyed and all(layer.problem and layer.problem[0] == "table" for layer in layers):
        raise InputError("source_no_layer", source=str(path))
    return layers


def read_layer_by_columns(path: Path, opened_path: Path, name: str, fields: frozenset[str]) -> SourceLayer | None:
    """Return one layer of a GeoPackage, with the fields of these names (in capitals).

    ``opened_path``: the path that the driver opens (`files.open_datasource.provide_safe_path`). None for a layer that
    can be read only cell by cell: Python's other threads would wait until the last cell. Raises InputError if the layer
    cannot be read.
    """
    source = _LayerSource(path, opened_path, name, has_shapes=True, encoding=None, needs_columns=True)
    try:
        return _read_layer(source, lambda layer: fields)
    except CellwiseLayerError:
        return None


def _list_layers(path: Path, opened_path: Path) -> list[tuple[str, str | None]]:
    """Return name and geometry type of each layer in a file.

    The type is None for a table. Raises InputError if no driver reads the file.
    """
    try:
        with warnings.catch_warnings():
            # Reading a layer repeats them, by layer.
            warnings.simplefilter("ignore")
            return [(str(name), kind) for name, kind in pyogrio.list_layers(opened_path)]
    except (*DRIVER_ERRORS, ValueError, UnicodeDecodeError) as error:
        raise InputError("source_not_gis", source=str(path), detail=_find_error_reason_key(error)) from error


def _read_layer(source: _LayerSource, select_layer: LayerSelector) -> SourceLayer:
    """Return a layer with the rows and fields that ``select_layer`` selects. Raises InputError if it cannot be read."""
    declared_table = source.declared_table
    empty = declared_table is not None and declared_table.has_no_rows and not source.stored_row_count
    if declared_table is not None and empty and source.has_shapes and all(c.type for c in declared_table.columns):
        return _make_layer_without_rows(source.path, source.display_name, declared_table.columns, declared_table.crs)
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            info = read_layer_info(source.path_to_open, source.name, source.encoding)
            field_names, renamed_fields = make_names_unique(info["fields"])
            all_fields = make_fields(info, field_names)
            if declared_table is not None:
                all_fields = declared_table.add_declarations_to_fields(all_fields)
            # The count in a GeoPackage may be outdated.
            has_count = source.path.suffix.lower() != ".gpkg" and info["features"] >= 0
            layer_without_rows = make_empty_layer(
                source.display_name,
                source.path,
                fields=all_fields,
                problem=None if source.has_shapes else ("table", {}),
                declared_geometry_type=str(info["geometry_type"] or ""),
                declared_row_count=int(info["features"])
                if source.stored_row_count is None and has_count
                else source.stored_row_count,
            )
            needed_fields = select_layer(layer_without_rows) if source.has_shapes else False
            unread = _make_layer_if_rows_are_unneeded(source, layer_without_rows, info, needed_fields)
            if unread is not None:
                return unread
            # Texts of a foreign encoding have foreign field names too: such a file is read completely.
            fields = (
                None
                if isinstance(needed_fields, bool) or source.encoding or renamed_fields
                else [name for name in field_names if name.upper() in needed_fields]
            )
            layer = _read_needed_rows(source, layer_without_rows, info, field_names, fields)
    except (*DRIVER_ERRORS, sqlite3.Error, ValueError, UnicodeDecodeError, OverflowError, OSError) as error:
        # OverflowError: a number that is too large for its field.
        params = {"source": str(source.path), "layer": source.display_name, "detail": _find_error_reason_key(error)}
        raise InputError("layer_unreadable", **params) from error
    if layer.problem is not None:
        return layer
    layer.row_filter = declared_table.view_sql if declared_table else ""
    layer.described_crs = find_contradicting_crs(source.path_to_open, source.name)
    name = source.display_name
    lacks_index = source.encoding is not None and find_sibling_file(source.path, ".shx") is None
    layer.notices += [
        *(("notice_doubled_field", {"layer": name, "field": f, "renamed": n}) for f, n in renamed_fields),
        *([("notice_index_made", {"layer": name})] if lacks_index else []),
        *make_encoding_notices(name, source.encoding),
        *make_driver_notices(name, warned),
    ]
    return layer


def _read_needed_rows(
    source: _LayerSource,
    layer_without_rows: SourceLayer,
    info: dict[str, Any],
    field_names: list[str],
    only: list[str] | None,
) -> SourceLayer:
    """Return a layer with its rows, or marked as unusable if the file records another number of rows.

    ``only``: names of the fields to read, None for all.
    """
    path, name = source.path_to_open, source.name
    shape_headers = read_shape_headers(path, name)
    row_count = count_stored_rows(path, name) if source.stored_row_count is None else source.stored_row_count
    positions = find_field_positions(info, only)
    columnar_rows = None
    if source.encoding is None:
        columnar_rows = read_columnar_rows(path, name, info, positions, row_count)
    layer = read_rows(
        source.path,
        path,
        name,
        source.encoding,
        layer_without_rows,
        field_names,
        only,
        info=info,
        row_count=row_count,
        rows=columnar_rows,
        mistyped_fields=find_mistyped_fields(path, name, info, positions),
        needs_columns=source.needs_columns,
    )
    if row_count is not None and row_count != len(layer.frame):
        return _mark_row_count_mismatch(layer_without_rows, len(layer.frame), row_count)
    layer.shape_crs, layer.shape_crs_fids = shape_headers.other_crs, shape_headers.other_crs_fids
    return layer


def _make_layer_if_rows_are_unneeded(
    source: _LayerSource, layer_without_rows: SourceLayer, info: dict[str, Any], selection: bool | frozenset[str]
) -> SourceLayer | None:
    """Return the layer without rows if none are needed; None if they are.

    No rows are read of layers that the caller does not want, of files whose parts do not belong together, and of layers
    of a FileGDB that have none.
    """
    if selection is False:
        # Rows of a table are counted, a line layer is searched for closed lines.
        if layer_without_rows.problem is not None:
            if layer_without_rows.declared_row_count is None:
                layer_without_rows.declared_row_count = count_stored_rows(source.path_to_open, source.name)
        elif any(word in layer_without_rows.declared_geometry_type.upper() for word in _LINE_TYPES):
            _, _, wkb, _ = pyogrio.raw.read(
                source.path_to_open,
                layer=source.name,
                columns=[],
                max_features=1000,
                encoding=BYTES_CODEC if source.encoding else None,
            )
            lines = shapely.get_parts(shapely.from_wkb(wkb, on_invalid="ignore"))
            layer_without_rows.has_closed_lines_only = bool(len(lines)) and bool(shapely.is_closed(lines).all())
        return layer_without_rows
    layer_without_rows.problem = find_problem_of_parts(source.path_to_open)
    if layer_without_rows.problem is not None:
        return layer_without_rows
    if source.path.suffix.lower() != ".gdb" or info["features"] != 0:
        return None
    if source.stored_row_count:
        return _mark_row_count_mismatch(layer_without_rows, 0, source.stored_row_count)
    return _make_layer_without_rows(source.path, source.display_name, layer_without_rows.fields, info["crs"])


def _mark_row_count_mismatch(
    layer_without_rows: SourceLayer, read_row_count: int, stored_row_count: int
) -> SourceLayer:
    """Mark a layer as unusable because its file records another number of rows than read, and return it."""
    layer_without_rows.problem = "rows_disagree", {"read": read_row_count, "stored": stored_row_count}
    layer_without_rows.declared_row_count = stored_row_count
    return layer_without_rows


def _make_layer_without_rows(path: Path, name: str, fields: tuple[FieldInfo, ...], crs: str | None) -> SourceLayer:
    """Return a layer without rows, but with its fields and CRS, made without a driver.

    Reading a hundred empty layers would take a driver many seconds.
    """
    layer = make_empty_layer(name, path, fields=fields, declared_row_count=0)
    columns: dict[str, Any] = {f.name: pd.Series([], dtype=_PANDAS_TYPES[f.type]) for f in fields}
    shapes = choose_free_name("geometry", columns)
    layer.crs, layer.encoding = crs_care.parse_crs(crs), "UTF-8"
    columns[shapes] = gpd.GeoSeries([], crs=layer.crs)
    layer.frame = gpd.GeoDataFrame(
        pd.DataFrame(columns, index=pd.Index([], dtype="int64", name="fid")), geometry=shapes, crs=layer.crs
    )
    return layer


def make_empty_layer(name: str, path: Path, **more: Any) -> SourceLayer:
    """Return a layer without rows and CRS; ``more``: further fields of `SourceLayer`."""
    return SourceLayer(
        name=name,
        frame=gpd.GeoDataFrame({}, geometry=gpd.GeoSeries([], dtype="geometry")),
        fields=more.pop("fields", ()),
        crs=None,
        source=str(path),
        **more,
    )


def make_unreadable_layer(name: str, path: Path, error: InputError) -> SourceLayer:
    """Return a layer whose problem is the error that stopped its reading."""
    # A report is passed on; it must not contain the paths of this machine.
    return make_empty_layer(name, path, problem=(error.key, {**error.params, "source": path.name}))


def _find_error_reason_key(error: Exception) -> str:
    """Return the key of the message text on why a driver could not read a file."""
    text = str(error).lower()
    if "locked" in text or "busy" in text:
        return "in_use"
    if "permission" in text:
        return "no_permission"
    if "not recognized" in text or "no such file" in text or "not supported" in text:
        return "unknown_format"
    return "damaged"

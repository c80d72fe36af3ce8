# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the rows of one layer with pyogrio, without loss of digits or characters.

Values of a SQLite database that are not of their column's type are read as they are stored: SQLite stores any value in
any column, and a driver converts it. The text “12,5” in a column of numbers is read as 12, a number that is too large
as the largest one, a text with NUL is cut there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from numpy.typing import NDArray

from ...base.files.encoding import ShapefileEncoding, decode_cell
from ...base.files.open_datasource import DATABASE_ERRORS
from ...geometry import crs as crs_care
from ...geometry.tolerance import CURVE_STEP_DEGREES
from ..layer import FieldInfo, MistypedColumn, SourceLayer
from .columnar_rows import ColumnarRows
from .records import choose_free_name, open_if_database, quote_name, quote_sql_name
from .stored_shapes import read_curve_wkt, read_stored_shapes, replace_rounded_vertices

#: Features of a column that are listed.
_MAX_LISTED_FIDS = 20
#: A chord of that step encloses 0.08 % less than its arc; a larger difference to the stored area means a lost hole.
_MAX_CURVE_AREA_GAP = 0.005
#: Decodes each byte as one character, so that nothing is lost before `encoding.decode_cell`.
BYTES_CODEC = "ISO-8859-1"
#: The key of every layer of a plan (标识码).
KEY_FIELD = "BSM"
#: A column in which more than a share of a sample of its values differ from each other has few equal texts.
_SAMPLED_VALUES, _UNIQUE_SHARE = 2000, 0.95


def find_mistyped_fields(path: Path, name: str, info: dict[str, Any], positions: Iterable[int]) -> list[str]:
    """Return the fields that may have stored values which the driver converts.

    One pass over the table finds them. ``info``: pyogrio's description of the layer; ``positions``: of the fields to
    search. Empty for other formats.
    """
    fields = [str(info["fields"][n]) for n in positions]
    database = open_if_database(path) if fields else None
    if database is None:
        return []
    try:
        with closing(database):
            condition = " OR ".join(_make_condition(database, name, info, field) for field in fields)
            sql = f"SELECT 1 FROM {quote_sql_name(name)} WHERE {condition} LIMIT 1"  # nosec B608 # names are quoted
            return fields if database.execute(sql).fetchone() else []
    except DATABASE_ERRORS:
        # Too many columns for one condition: each is searched alone. Of a damaged file reading reports the cause.
        return fields


def read_mistyped_columns(
    path: Path, name: str, info: dict[str, Any], fields: list[str], values_by_field: dict[str, NDArray], fids: NDArray
) -> dict[str, tuple[NDArray, MistypedColumn]]:
    """Return field → (n,) texts as stored, and what is wrong, of mistyped columns.

    ``fields``: the fields to search (`find_mistyped_fields`); fields of dates of which the driver lost a value are
    added. ``values_by_field``: the driver's values (n,) of the rows ``fids`` (n,). Empty if the database cannot be
    read, since reading the rows reports that.
    """
    searched = [f for f, v in values_by_field.items() if f in fields or (v.dtype.kind == "M" and pd.isna(v).any())]
    database = open_if_database(path) if searched else None
    if database is None:
        return {}
    type_by_field = {field.name: field.type for field in make_fields(info, [str(field) for field in info["fields"]])}
    table, key = quote_sql_name(name), info.get("fid_column")
    mistyped = {}
    with closing(database):
        database.text_factory = lambda content: content.decode("utf-8", "replace")
        for field in searched:
            column, condition = quote_sql_name(field), _make_condition(database, name, info, field)
            sql = f"SELECT {quote_sql_name(key) if key else 'NULL'}, {column}, {condition} FROM {table}"  # nosec B608 # names are quoted
            rows = database.execute(sql).fetchall()
            # Rows of a view without ids are in the order in which the driver reads them.
            ids = [fid for fid, _, _ in rows] if key else fids.tolist()
            stored_by_fid = {fid: row[1:] for fid, row in zip(ids, rows, strict=False) if row[1] is not None}
            lost_fids = set(fids[pd.isna(values_by_field[field])].tolist())
            wrong_fids = [fid for fid, (_, is_wrong) in stored_by_fid.items() if is_wrong or fid in lost_fids]
            if wrong_fids:
                # Bytes as SQL writes them.
                text_by_fid = {
                    fid: f"X'{value.hex().upper()}'" if isinstance(value, bytes) else str(value)
                    for fid, (value, _) in stored_by_fid.items()
                }
                texts = np.array([text_by_fid.get(fid) for fid in fids.tolist()], dtype=object)
                mistyped[field] = (
                    texts,
                    MistypedColumn(
                        type_by_field[field],
                        len(wrong_fids),
                        text_by_fid[wrong_fids[0]],
                        tuple(wrong_fids[:_MAX_LISTED_FIDS]),
                    ),
                )
    return mistyped


def _make_condition(database: sqlite3.Connection, name: str, info: dict[str, Any], field: str) -> str:
    """Return the SQL condition of values of a field that the driver converts.

    Numbers are less than texts, and texts less than bytes: comparisons take less time than asking for the type.
    """
    column, dtype = quote_sql_name(field), str(dict(zip(info["fields"], info["dtypes"], strict=True))[field])
    if dtype.startswith("float"):
        return f"{column} >= ''"
    if dtype.startswith("datetime"):
        return f"{column} < '' OR {column} >= x''"
    if dtype == "object":
        # Bytes in a column of bytes are in order; pyogrio names such columns from version 0.12 on only.
        declared = database.execute("SELECT type FROM pragma_table_info(?) WHERE name = ?", (name, field)).fetchone()
        is_binary = declared is not None and declared[0].upper().startswith("BLOB")
        return "0" if is_binary else f"{column} >= x'' OR instr({column}, char(0))"
    low, high = (0, 1) if dtype == "bool" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return f"{column} NOT BETWEEN {low} AND {high} OR {column} <> CAST({column} AS INTEGER)"


def make_fields(info: dict[str, Any], names: list[str]) -> tuple[FieldInfo, ...]:
    """Return the fields of a layer with types of templates (text, integer, …).

    ``info``: pyogrio's description; ``names``: names to use for the fields.
    """
    kinds = (("int", "integer"), ("uint", "integer"), ("bool", "integer"), ("float", "real"), ("datetime", "date"))
    return tuple(
        FieldInfo(name, next((kind for start, kind in kinds if dtype.startswith(start)), "text"))
        for name, dtype in zip(names, map(str, info["dtypes"]), strict=True)
    )


def make_curve_notices(layer: SourceLayer) -> list[tuple[str, dict[str, Any]]]:
    """Return notices (text key, parameters) on a layer with arcs; none without arcs.

    They state the number of arcs, the step of their division, and areas that deviate from the stored ones.
    """
    notices: list[tuple[str, dict[str, Any]]] = [
        ("notice_curves", {"layer": layer.name, "count": len(layer.fids_with_arcs), "step": layer.curve_step})
    ]
    area_column = next((c for c in layer.frame.columns if str(c).upper() == "SHAPE_AREA"), None)
    if area_column is None:
        return notices
    # Some drivers lose a curved hole: the measured area is then far from the stored one.
    rows = layer.frame.loc[list(layer.fids_with_arcs)]
    stored_areas = pd.to_numeric(rows[area_column], errors="coerce").to_numpy(dtype=float)
    measured_areas = shapely.area(rows.geometry.to_numpy())
    with np.errstate(invalid="ignore"):
        gap = np.abs(measured_areas - stored_areas) > _MAX_CURVE_AREA_GAP * stored_areas
    deviating_fids = rows.index[gap & (stored_areas > 0)].tolist()
    if deviating_fids:
        notices.append(
            (
                "notice_curve_area",
                {"layer": layer.name, "count": len(deviating_fids), "fids": ", ".join(map(str, deviating_fids[:5]))},
            )
        )
    return notices


def read_layer_info(opened: Path, name: str, encoding: ShapefileEncoding | None) -> dict[str, Any]:
    """Return pyogrio's description of a layer, read without its rows.

    ``opened``: the path that the driver opens. Field names are decoded with ``encoding``.
    """
    try:
        info = pyogrio.read_info(opened, layer=name, encoding=BYTES_CODEC if encoding else None)
    except UnicodeDecodeError:
        info = pyogrio.read_info(opened, layer=name, encoding=BYTES_CODEC)
        encoding = ShapefileEncoding("UTF-8", "none")
    if encoding:
        info["fields"] = [decode_cell(str(f), encoding.name) for f in info["fields"]]
    return info


def find_field_positions(info: dict[str, Any], only: list[str] | None) -> list[int]:
    """Return the positions of the fields to read among those of a layer; ``only``: their names, None for all."""
    return [n for n, field in enumerate(info["fields"]) if only is None or str(field) in only]


def make_names_unique(names: Any) -> tuple[list[str], list[tuple[str, str]]]:
    """Return field names made unique, and (old name, new name) of each renamed field."""
    unique_names: list[str] = []
    renamed_fields = []
    for name in map(str, names):
        new, number = name, 2
        while new in unique_names:
            new, number = f"{name}_{number}", number + 1
        if new != name:
            renamed_fields.append((name, new))
        unique_names.append(new)
    return unique_names, renamed_fields


class CellwiseLayerError(Exception):
    """Raised for a layer that can be read only cell by cell, although the caller needs columns."""


def read_rows(
    path: Path,
    opened: Path,
    name: str,
    encoding: ShapefileEncoding | None,
    layer_without_rows: SourceLayer,
    names: list[str],
    only: list[str] | None = None,
    *,
    info: dict[str, Any],
    row_count: int | None,
    rows: ColumnarRows | None,
    mistyped_fields: list[str],
    needs_columns: bool = False,
) -> SourceLayer:
    """Return a layer with its rows.

    ``opened``: the path that the driver opens; ``layer_without_rows``: the layer to fill; ``names``: names to use for
    all fields, in their order; ``only``: names of the fields to read, None for all; ``info``: pyogrio's description of
    the layer; ``row_count``: number of rows that the file records, None if unknown; ``rows``: the rows with the
    fields to read, None if they are to be read cell by cell; ``mistyped_fields``: as of `find_mistyped_fields`;
    ``needs_columns``: raise CellwiseLayerError instead of reading cell by cell.
    """
    if rows is not None:
        positions = find_field_positions(info, only)
        meta = {**info, **{key: [info[key][n] for n in positions] for key in ("fields", "dtypes")}}
        names = [names[n] for n in positions]
    elif needs_columns and row_count:
        raise CellwiseLayerError(name)
    else:
        meta, rows = _read_cell_by_cell(path, opened, name, encoding, only, row_count)
        if only is not None:
            names = [str(field) for field in meta["fields"]]
    fids, shapes, columns = rows.fids, rows.shapes, rows.columns
    distinct_texts, column_digests = rows.distinct_texts_by_position, dict(rows.digest_by_position)
    key = info.get("fid_column")
    curve_texts = read_curve_wkt(path, opened, name, key, fids) if rows.has_unusual_shapes else {}
    # A shape that the driver or GEOS cannot represent (a ring of two points) differs from a row without a shape.
    is_missing = shapely.is_missing(shapes)
    stored_fids = [fid for fid, _ in read_stored_shapes(opened, name, key, fids)] if is_missing.any() else []
    broken_rows = np.flatnonzero(is_missing & (rows.has_shape | np.isin(fids, stored_fids)))
    stored_names = list(map(str, meta["fields"]))
    values_by_field = dict(zip(stored_names, columns, strict=True))
    mistyped = read_mistyped_columns(opened, name, info, mistyped_fields, values_by_field, fids)
    index = pd.Index(fids, dtype="int64", name="fid")
    table, mistyped_columns = {}, {}
    for position, (field_name, values) in enumerate(zip(names, columns, strict=True)):
        if stored_names[position] in mistyped:
            values, mistyped_columns[field_name] = mistyped[stored_names[position]]
            column_digests.pop(position, None)
            distinct_texts.pop(position, None)
        # pyogrio converts integers with gaps to doubles, which keep 15 digits; a BSM has 18.
        is_integer_as_float = str(meta["dtypes"][position]) == "int64" and values.dtype.kind == "f"
        if is_integer_as_float and np.nanmax(np.abs(values), initial=0) >= 2**53:
            values = _read_integers_as_text(opened, name, str(meta["fields"][position]), encoding, index)
            column_digests.pop(position, None)
        table[field_name] = values
    frame = _make_frame(table, gpd.GeoSeries(shapes, index=index, crs=crs_care.parse_crs(meta.get("crs"))))
    layer = SourceLayer(
        name=layer_without_rows.name,
        frame=frame,
        fields=tuple(
            replace(one, type="text") if one.name in mistyped_columns else one for one in layer_without_rows.fields
        ),
        crs=frame.crs,
        source=str(path),
        encoding=encoding.name if encoding else str(meta.get("encoding") or ""),
        curve_texts={fid: replace_rounded_vertices(text, frame.geometry.get(fid)) for fid, text in curve_texts.items()},
        # The angle of the piece of an arc that the driver replaces by one straight segment.
        curve_step=float(pyogrio.get_gdal_config_option("OGR_ARC_STEPSIZE") or CURVE_STEP_DEGREES)
        if curve_texts
        else 0.0,
        broken_fids=tuple(int(fids[p]) for p in broken_rows),
        mistyped_columns=mistyped_columns,
    )
    layer.keep_reading_results(
        {names[position]: texts for position, texts in distinct_texts.items()},
        {names[position]: digest for position, digest in column_digests.items()},
        rows.shape_hashes,
    )
    if curve_texts:
        layer.notices += make_curve_notices(layer)
    return layer


def _make_frame(table: dict[str, NDArray], shapes: gpd.GeoSeries) -> gpd.GeoDataFrame:
    """Return a frame of columns and shapes; the name of the geometry differs from those of the columns."""
    geometry_name = choose_free_name("geometry", table)
    # Columns of one type stay separate in memory: joining them would copy all values.
    return gpd.GeoDataFrame(
        pd.DataFrame({**table, geometry_name: shapes}, index=shapes.index, copy=False),
        geometry=geometry_name,
        copy=False,
    )


def _read_cell_by_cell(
    path: Path,
    opened_path: Path,
    name: str,
    encoding: ShapefileEncoding | None,
    only: list[str] | None,
    row_count: int | None,
) -> tuple[dict[str, Any], ColumnarRows]:
    """Return metadata and rows without hashes, digests and distinct texts; each shape may be an unusual one.

    Texts are decoded. ``only``: names of the fields to read, None for all; ``row_count``: the number of rows that the
    file has, None if it is unknown.
    """
    options: dict[str, Any] = {"return_fids": True, "columns": only, "layer": name}
    # A GeoPackage stores a count of its rows; if it is outdated, readers that rely on it leave rows out.
    if (
        path.suffix.lower() == ".gpkg"
        and row_count != pyogrio.read_info(opened_path, layer=name, force_feature_count=True)["features"]
    ):
        options |= {"sql": f"SELECT * FROM {quote_sql_name(name)}", "layer": None}  # nosec B608 # the name is quoted
    try:
        meta, fids, wkb, columns = pyogrio.raw.read(opened_path, encoding=BYTES_CODEC if encoding else None, **options)
    except UnicodeDecodeError:
        # Invalid UTF-8 in a format of UTF-8: continue reading, so that a message can name the place.
        encoding = ShapefileEncoding("UTF-8", "none")
        meta, fids, wkb, columns = pyogrio.raw.read(opened_path, encoding=BYTES_CODEC, **options)
    if encoding:
        columns = [_decode_all(values, encoding.name) for values in columns]
    columns = [_reuse_equal_text_objects(values) for values in columns]
    wkb = np.array(wkb, dtype=object) if wkb is not None else np.full(len(fids), None)
    has_shape = np.array([w is not None for w in wkb], dtype=bool)
    return meta, ColumnarRows(
        fids, shapely.from_wkb(wkb, on_invalid="ignore"), has_shape, columns, {}, {}, None, has_unusual_shapes=True
    )


def _reuse_equal_text_objects(values: NDArray) -> NDArray:
    """Return (n,) texts in which equal values (codes, class names) are one object, to save memory.

    A driver creates a new object for each cell.
    """
    if values.dtype != object or not len(values):
        return values
    sample = values[:: max(len(values) // _SAMPLED_VALUES, 1)]
    if len(pd.unique(sample)) > _UNIQUE_SHARE * len(sample):
        return values
    codes, distinct_texts = pd.factorize(values, use_na_sentinel=True)
    if 2 * len(distinct_texts) > len(values):
        return values
    # The last one for a missing text, whose code is -1.
    return np.array([*distinct_texts, None], dtype=object)[codes]


def _decode_all(values: NDArray, codec: str) -> NDArray:
    """Return texts read as ISO-8859-1 decoded with ``codec``; other values unchanged."""
    if values.dtype != object:
        return values
    # The same few texts are repeated.
    codes, distinct_values = pd.factorize(values, use_na_sentinel=True)
    # The last one for a missing value, whose code is -1.
    return np.array([*(decode_cell(value, codec) for value in distinct_values), None], dtype=object)[codes]


def _read_integers_as_text(
    opened_path: Path, name: str, field_name: str, encoding: ShapefileEncoding | None, index: pd.Index
) -> NDArray:
    """Return the values of an integer field as text with all digits, which float64 would lose."""
    _, fids, _, (texts,) = pyogrio.raw.read(
        opened_path,
        sql=f"SELECT CAST({quote_name(field_name)} AS CHARACTER(24)) AS v FROM {quote_name(name)}",  # nosec B608 # both names are quoted
        sql_dialect="OGRSQL",
        return_fids=True,
        read_geometry=False,
        encoding=BYTES_CODEC if encoding else None,
    )
    digits_by_fid = {int(f): t.strip() or None for f, t in zip(fids, texts, strict=True) if isinstance(t, str)}
    return np.array([digits_by_fid.get(int(f)) for f in index], dtype=object)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Read a GeoParquet file (versions 1.0 and 1.1) with pyarrow, which is not a part of QGIS.

References
----------
https://geoparquet.org/releases/v1.1.0/
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC
from decimal import Decimal
from pathlib import Path
from typing import Any

from pyproj import CRS
from pyproj.exceptions import CRSError

from ...base.errors import Cancellation, InputError
from ...base.files.data import parse_json, read_value
from ..layer import SourceLayer
from .file import LayerSelector
from .geopackage_writing import (
    UNDEFINED_CRS,
    StagedColumn,
    StagedGeopackage,
    StagedTable,
    make_shape_blob,
    read_staged_file,
)

#: Rows read at a time; between two batches reading can be cancelled.
_ROWS_PER_BATCH = 5000
#: What is read of a file's metadata, for `read_value`.
_METADATA_TYPES = {"primary_column?": str, "columns?": dict[str, dict[str, Any]]}
_COLUMN_TYPES = {"encoding?": str, "geometry_types?": list[str]}
#: The CRS of a file that names none: longitude and latitude on WGS 84 (GeoParquet 1.1, "crs").
_DEFAULT_CRS = "OGC:CRS84"
#: A whole number of at most this precision fits an integer of 64 bits.
_MAX_INTEGER_DIGITS = 18


@dataclass(frozen=True)
class _ShapeColumn:
    """The column of shapes: name, geometry type as MULTIPOLYGON, and CRS (None: undefined)."""

    name: str
    geometry_type: str
    crs: CRS | None


def read_parquet(path: Path, select_layer: LayerSelector, cancellation: Cancellation) -> list[SourceLayer]:
    """Return the layer of a GeoParquet file, named after it.

    Raises
    ------
    InputError
        pyarrow is not installed, the file is damaged, its shapes are not stored as WKB, or it has no shapes.
    Cancelled
        Between two batches of rows.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise InputError("reader_missing_pyarrow", source=str(path)) from error
    with tempfile.TemporaryDirectory(prefix="sanxian-", ignore_cleanup_errors=True) as folder:
        staged_path = Path(folder) / "table.gpkg"
        try:
            with parquet.ParquetFile(path) as file, closing(StagedGeopackage(staged_path, str(path))) as staged:
                schema = file.schema_arrow
                metadata = parse_json((schema.metadata or {}).get(b"geo", b"{}"), _METADATA_TYPES, file=path)
                shape = _find_shape_column(metadata, path)
                others = {*metadata.get("columns", {})}
                # Beginning of the name of a pandas index.
                fields = [
                    (one.name, kind)
                    for one in schema
                    if one.name not in others
                    and not one.name.startswith("__index_level_")
                    and (kind := _find_staged_type(one.type)) is not None
                ]
                crs = UNDEFINED_CRS if shape is None else _add_crs(staged, shape.crs)
                name = staged.create_table(
                    StagedTable(
                        path.stem,
                        tuple(StagedColumn(name, kind) for name, kind in fields),
                        shape.geometry_type if shape else "",
                        crs,
                        has_z=2,
                        has_m=2,
                    )
                )
                names = [*([shape.name] if shape else []), *(field_name for field_name, _ in fields)]
                converters = [_CONVERTERS.get(kind, lambda value: value) for _, kind in fields]
                for batch in file.iter_batches(_ROWS_PER_BATCH, columns=names):
                    cancellation.raise_if_cancelled()
                    values = [batch.column(column).to_pylist() for column in names]
                    wkb, values = (values[0], values[1:]) if shape else (None, values)
                    cells = [list(map(convert, column)) for convert, column in zip(converters, values, strict=True)]
                    blobs = [[make_shape_blob(one, crs) for one in wkb]] if wkb is not None else []
                    staged.add_rows(name, zip([None] * batch.num_rows, *blobs, *cells, strict=True))
        # SQLite and Python refuse what a GeoPackage cannot store: equal names of columns, integers above 64 bits.
        except (pyarrow.ArrowException, OSError, ValueError, OverflowError, sqlite3.Error) as error:
            raise InputError("source_not_gis", source=str(path), detail="damaged") from error
        layers = read_staged_file(staged_path, str(path), select_layer, cancellation)
    for layer in layers:
        # The format declares neither lengths nor titles nor codes.
        layer.fields = tuple(replace(one, length=None, alias=None, codes=None) for one in layer.fields)
        layer.declared_row_count = file.metadata.num_rows
    return layers


def _find_shape_column(metadata: dict[str, Any], path: Path) -> _ShapeColumn | None:
    """Return the primary column of shapes; None for a table without shapes. Raise InputError for another encoding."""
    name = metadata.get("primary_column", "")
    column = metadata.get("columns", {}).get(name)
    if column is None:
        return None
    read_value(column, _COLUMN_TYPES, file=path, key=f"geo.columns.{name}")
    if column.get("encoding") != "WKB":
        raise InputError("parquet_encoding", source=str(path), encoding=str(column.get("encoding")))
    kinds = {str(kind).upper().split()[0] for kind in column.get("geometry_types", [])}
    definition = column.get("crs", _DEFAULT_CRS)
    try:
        # Other texts than WKT may name files.
        is_plain = definition in (None, _DEFAULT_CRS) or isinstance(definition, dict)
        crs = None if definition is None else CRS.from_user_input(definition if is_plain else CRS.from_wkt(definition))
    except CRSError as error:
        raise InputError("parquet_crs", source=str(path)) from error
    return _ShapeColumn(name, kinds.pop() if len(kinds) == 1 else "GEOMETRY", crs)


def _add_crs(staged: StagedGeopackage, crs: CRS | None) -> int:
    """Add a CRS and return its number. Shapes are stored as x, y, as in a GeoPackage, whatever the CRS's axes are."""
    if crs is None:
        return UNDEFINED_CRS
    if crs == CRS.from_user_input(_DEFAULT_CRS):
        crs = CRS.from_epsg(4326)
    code = crs.to_epsg(min_confidence=100)
    return staged.add_crs("NONE" if code is None else "EPSG", code or 0, crs.to_wkt())


def _find_staged_type(kind: Any) -> str | None:
    """Return the GeoPackage's type of an Arrow type; None for a type without a text, such as a list."""
    from pyarrow import types

    if types.is_dictionary(kind):
        return _find_staged_type(kind.value_type)
    if types.is_decimal(kind):
        return "INTEGER" if kind.scale == 0 and kind.precision <= _MAX_INTEGER_DIGITS else "DOUBLE"
    staged_types = (
        ((types.is_boolean,), "BOOLEAN"),
        ((types.is_integer,), "INTEGER"),
        ((types.is_floating,), "DOUBLE"),
        ((types.is_date,), "DATE"),
        ((types.is_timestamp,), "DATETIME"),
        ((types.is_string, types.is_large_string), "TEXT"),
        ((types.is_binary, types.is_large_binary), "BLOB"),
    )
    return next((name for tests, name in staged_types if any(test(kind) for test in tests)), None)


def _convert_number(value: Any) -> Any:
    """Return a decimal as a number, other values unchanged."""
    if not isinstance(value, Decimal):
        return value
    return int(value) if value == value.to_integral_value() and value.as_tuple().exponent == 0 else float(value)


def _convert_time(value: Any) -> str | None:
    """Return a time as text of a GeoPackage, in UTC."""
    if value is None:
        return None
    in_utc = value.astimezone(UTC) if value.tzinfo is not None else value
    return f"{in_utc.strftime('%Y-%m-%dT%H:%M:%S')}.{in_utc.microsecond // 1000:03d}Z"


#: Type of a GeoPackage → function from a value of Arrow to a value of SQLite.
_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "INTEGER": _convert_number,
    "DOUBLE": _convert_number,
    "DATE": lambda value: None if value is None else value.isoformat(),
    "DATETIME": _convert_time,
}

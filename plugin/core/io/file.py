# SPDX-License-Identifier: GPL-2.0-or-later
"""One file: its layers in turn, asked for before their rows are read, and what is told of them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely

from ..cancellation import Cancellation
from ..errors import InputError
from ..files.encoding import Encoding
from ..files.opening import openable, touch, whole_shapefile
from ..geometry import crs as crs_care
from ..plan.layer import FieldInfo, SourceLayer
from .counts import geodatabase_rows, stored_rows
from .declared import Table, read_tables
from .drawn import drawn_column
from .hidden import OWN, hidden_tables
from .notices import driver_notices, encoding_notices
from .rows import BYTES, KEY, distinct, fields_of, layer_info, read_rows

#: What pyogrio raises.
ERRORS = (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError,
           pyogrio.errors.FieldError, pyogrio.errors.GeometryError, pyogrio.errors.CRSError)  # fmt: skip
#: What an empty column holds, as reading the file would give it.
_DTYPES = {"text": "object", "integer": "int64", "real": "float64", "date": "datetime64[ms]"}

_LINES = ("LINE", "COMPOUNDCURVE", "MULTICURVE", "CIRCULAR")
#: Rows of a table, and lines, that are looked at in a layer that is not read.
_FEW, _FEWER, _MANY = 50, 5, 1000

Wanted = Callable[[SourceLayer], bool | frozenset[str]]


def read_file(path: Path, wanted: Wanted, cancellation: Cancellation, *, tables: bool = False) -> list[SourceLayer]:
    """The layers of one file. InputError where it is packed, no GIS data, without a layer, or a layer cannot be read.

    ``tables``: a file of tables alone will do where one of them may be a layer that lost its shapes.
    """
    suffix = path.suffix.lower()
    if suffix in (".zip", ".rar", ".7z"):
        raise InputError("source_packed", source=str(path))
    if suffix == ".vct":
        raise InputError("source_vct", source=str(path))
    encoding = whole_shapefile(path) if suffix == ".shp" else None
    touch(path)
    with openable(path) as opened:
        try:
            with warnings.catch_warnings():
                # Reading a layer tells them again, by layer.
                warnings.simplefilter("ignore")
                names = [(str(name), kind) for name, kind in pyogrio.list_layers(opened)]
        except (*ERRORS, ValueError, UnicodeDecodeError) as error:
            raise InputError("source_not_gis", source=str(path), detail=_reason(error)) from error
        hidden = hidden_tables(opened, {name for name, kind in names if kind}, {name for name, _ in names})
        layers = []
        declared = read_tables(opened)
        counted = geodatabase_rows(opened) if suffix == ".gdb" else {}
        for name, kind in names:
            if name in hidden or (suffix == ".gpkg" and not kind and name.lower().startswith(OWN)):
                continue
            cancellation.raise_if_cancelled()
            stored = counted.get(name)
            layers.append(
                _read_layer(path, opened, name, kind is not None, encoding, wanted, declared.get(name), stored)
            )
        for name, table in hidden.items():
            fields = tuple(FieldInfo(column, "text") for column in table.columns)
            problem = ("unregistered", {}) if table.shapes else ("table", {"drawn": table.drawn})
            layers.append(no_rows(name, path, fields=fields, problem=problem, rows=table.rows))
    if all(layer.problem and layer.problem[0] == "table" and not (tables and _tells(layer)) for layer in layers):
        raise InputError("source_no_layer", source=str(path))
    return layers


def _tells(table: SourceLayer) -> bool:
    """Does a table draw shapes in its cells, or have the key (标识码) of a layer?"""
    _, params = table.problem or ("", {})
    return bool(params.get("drawn")) or any(f.name.upper() == KEY for f in table.fields)


def _read_layer(
    path: Path,
    opened: Path,
    name: str,
    has_shapes: bool,
    encoding: Encoding | None,
    wanted: Wanted,
    declared: Table | None = None,
    stored: int | None = None,
) -> SourceLayer:
    """``stored``: the rows by the file itself, where the whole database was counted at once."""
    shown = path.stem if encoding else name
    empty = declared is not None and declared.empty and not stored
    if declared is not None and empty and has_shapes and all(c.type for c in declared.columns):
        known = tuple(FieldInfo(c.name, c.type) for c in declared.columns)
        return _without_rows(path, shown, declared.described(known), declared.crs)
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            info = layer_info(opened, name, encoding)
            names, doubled = distinct(info["fields"])
            fields = fields_of(info, names)
            fields = declared.described(fields) if declared else fields
            sketch = no_rows(shown, path, fields=fields, problem=None if has_shapes else ("table", {"drawn": ""}))
            sketch.kind, sketch.rows = str(info["geometry_type"] or ""), _rows_known(path, info, stored)
            needed = wanted(sketch) if has_shapes else False
            if needed is False:
                _look_into(sketch, opened, name, encoding)
                return sketch
            if path.suffix.lower() == ".gdb" and info["features"] == 0:
                if stored:
                    return _with_two_counts(sketch, 0, stored)
                return _without_rows(path, shown, fields, info["crs"])
            only = None
            if needed is not True and not encoding and not doubled:
                # Texts of a foreign encoding have foreign field names too: such a file is read whole.
                only = [field for field in names if field.upper() in needed]
            layer = read_rows(path, opened, name, encoding, sketch, names, only)
    except (*ERRORS, ValueError, UnicodeDecodeError, OSError) as error:
        raise InputError("layer_unreadable", source=str(path), layer=shown, detail=_reason(error)) from error
    counted = stored_rows(opened, name) if stored is None else stored
    if counted is not None and counted != len(layer.frame):
        return _with_two_counts(sketch, len(layer.frame), counted)
    layer.notices += [("notice_doubled_field", {"layer": shown, "field": f, "renamed": n}) for f, n in doubled]
    layer.notices += encoding_notices(shown, encoding)
    layer.notices += driver_notices(shown, told)
    return layer


def _look_into(sketch: SourceLayer, opened: Path, name: str, encoding: Encoding | None) -> None:
    """What the first rows of a layer that is not read tell: a table whose cells draw shapes, lines that are closed rings."""
    if sketch.problem is not None:
        # Bytes may be photos of some megabytes each.
        few = _FEWER if "OFTBinary" in pyogrio.read_info(opened, layer=name)["ogr_types"] else _FEW
        meta, _, _, columns = pyogrio.raw.read(opened, layer=name, read_geometry=False, max_features=few)
        sketch.problem = ("table", {"drawn": drawn_column([str(f) for f in meta["fields"]], columns)})
        if sketch.rows is None:
            sketch.rows = stored_rows(opened, name)
    elif any(word in sketch.kind.upper() for word in _LINES):
        _, _, wkb, _ = pyogrio.raw.read(
            opened, layer=name, columns=[], max_features=_MANY, encoding=BYTES if encoding else None
        )
        lines = shapely.get_parts(shapely.from_wkb(wkb, on_invalid="ignore"))
        sketch.rings = bool(len(lines)) and bool(shapely.is_closed(lines).all())


def _rows_known(path: Path, info: dict[str, Any], stored: int | None) -> int | None:
    """Count the rows of a layer that is not read: by the file, else by the driver; None when neither is reliable."""
    if stored is not None:
        return stored
    # The count in a GeoPackage may be out of date.
    return None if path.suffix.lower() == ".gpkg" or info["features"] < 0 else int(info["features"])


def _with_two_counts(sketch: SourceLayer, read: int, stored: int) -> SourceLayer:
    """A layer that cannot be used: its file counts other rows than were read."""
    sketch.problem, sketch.rows = ("rows_disagree", {"read": read, "stored": stored}), stored
    return sketch


def _without_rows(path: Path, name: str, fields: tuple[FieldInfo, ...], crs: str | None) -> SourceLayer:
    """A layer that has no row. To ask a database of a hundred such layers for each one's takes a driver many seconds."""
    layer = no_rows(name, path, fields=fields, rows=0)
    columns: dict[str, Any] = {f.name: pd.Series([], dtype=_DTYPES[f.type]) for f in fields}
    shapes = "geometry"
    while shapes in columns:
        shapes += "_"
    layer.crs, layer.encoding = crs_care.parse(crs), "UTF-8"
    columns[shapes] = gpd.GeoSeries([], crs=layer.crs)
    index = pd.Index([], dtype="int64", name="fid")
    layer.frame = gpd.GeoDataFrame(pd.DataFrame(columns, index=index), geometry=shapes, crs=layer.crs)
    return layer


def no_rows(name: str, path: Path, **more: Any) -> SourceLayer:
    """A layer of which nothing but its name, and what else is given, is known yet."""
    frame = gpd.GeoDataFrame({}, geometry=gpd.GeoSeries([], dtype="geometry"))
    return SourceLayer(name=name, frame=frame, fields=more.pop("fields", ()), crs=None, source=str(path), **more)


def _reason(error: Exception) -> str:
    """Why a driver could not read, as a name that texts has words for."""
    text = str(error).lower()
    if "locked" in text or "busy" in text:
        return "in_use"
    if "permission" in text:
        return "no_permission"
    if "not recognized" in text or "no such file" in text or "not supported" in text:
        return "unknown_format"
    return "damaged"

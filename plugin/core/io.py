# SPDX-License-Identifier: GPL-2.0-or-later
"""Headless reading of layers, by pyogrio."""

from __future__ import annotations

import os
import unicodedata
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from .declared import Table, read_tables
from .encoding import Encoding, decode, part
from .errors import InputError
from .geometry import crs as crs_care
from .layer import FieldInfo, SourceLayer
from .opening import openable, touch, whole_shapefile
from .writing import os_reason

#: What a folder is searched for.
TABLES = (".shp", ".gpkg", ".geojson", ".json", ".gml", ".kml", ".tab")
#: OGR's own step for arcs when none is given: degrees per segment.
CURVE_STEP_DEGREES = 4.0
#: A chord of that step encloses 0.08 % less than its arc; a larger gap to the stored area means a lost hole.
_CURVE_AREA_GAP = 0.005
_CURVES = ("CIRCULARSTRING", "COMPOUNDCURVE", "CURVEPOLYGON", "MULTICURVE", "MULTISURFACE", "CURVE", "SURFACE")
#: Formats that know no arcs.
_STRAIGHT = (".shp", ".geojson", ".json", ".kml", ".tab")
#: Reads every byte as one character, so that nothing is lost before `encoding.decode`.
_BYTES = "ISO-8859-1"
#: What pyogrio raises.
ERRORS = (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError,
           pyogrio.errors.FieldError, pyogrio.errors.GeometryError, pyogrio.errors.CRSError)  # fmt: skip

Wanted = Callable[[SourceLayer], bool | frozenset[str]]


def _all(layer: SourceLayer) -> bool:
    return True


def _never() -> None:
    """Nobody asks to stop."""


def read_source(source: str | Path, *, wanted: Wanted = _all, check: Callable[[], None] = _never) -> list[SourceLayer]:
    """All layers of a GeoPackage, FileGDB, shapefile or GeoJSON, or of a folder of them.

    ``wanted`` is asked with name and fields before the rows of a layer are read: True, False (the layer stays empty) or
    the names of the fields to read, in capitals.
    ``check`` is called between layers and may raise to stop. In a folder, a file that cannot be read becomes a layer
    with a ``problem``, so that it does not stop the others. Raises InputError naming the file: it is not there, it
    is not GIS data, nothing in the folder can be read.
    """
    text = str(source).strip().strip('"')
    path = Path(text)
    try:
        if not text or not path.exists():
            raise InputError("source_missing", source=text)
    except OSError as error:
        raise InputError("source_no_access", source=text, detail=os_reason(error)) from error
    path = _whole(Path(os.path.abspath(path)))
    if path.is_dir() and path.suffix.lower() != ".gdb":
        return _read_folder(path, wanted, check)
    return _read_file(path, wanted, check)


def _whole(path: Path) -> Path:
    """The dataset that a chosen file is a part of: the .gdb of one of its tables, the .shp of its .dbf."""
    if path.parent.suffix.lower() == ".gdb" and path.is_file():
        return path.parent
    if path.suffix.lower() in (".dbf", ".shx", ".prj", ".cpg"):
        return part(path, ".shp") or path
    return path


def _read_folder(folder: Path, wanted: Wanted, check: Callable[[], None]) -> list[SourceLayer]:
    try:
        found = _datasets(folder)
        inner = [] if found else sorted({p.parent for p in (*folder.glob("*/*"), *folder.glob("*/*/*")) if _is_data(p)})
    except OSError as error:
        raise InputError("source_no_access", source=str(folder), detail=os_reason(error)) from error
    if inner:
        names = ", ".join(str(p.relative_to(folder)) for p in inner[:5])
        raise InputError("source_in_subfolder", source=str(folder), folders=names)
    layers, first = [], None
    for path in found:
        check()
        try:
            layers += _read_file(path, wanted, check)
        except InputError as error:
            first = first or error
            # Not every .json is a map, and a report of ours may well lie here; a file of tables has nothing to check.
            foreign = path.suffix.lower() == ".json" and error.key == "source_not_gis"
            if not foreign and error.key != "source_no_layer":
                layers.append(_unread(path, error))
    if all(layer.problem for layer in layers):
        raise (first if layers else None) or InputError("source_empty", source=str(folder))
    return layers


def _is_data(path: Path) -> bool:
    suffix = path.suffix.lower()
    return not path.name.startswith(".") and (suffix in TABLES or (suffix == ".gdb" and path.is_dir()))


def _datasets(folder: Path) -> list[Path]:
    files = sorted(folder.iterdir())
    found = [p for p in files if _is_data(p)]
    shapes = {p.stem.lower() for p in found if p.suffix.lower() == ".shp"}
    # What is left of a shapefile whose .shp was not copied: said, not overlooked.
    for path in files:
        if path.suffix.lower() in (".shx", ".dbf") and path.stem.lower() not in shapes and part(path, ".shx"):
            shapes.add(path.stem.lower())
            found.append(path.with_suffix(".shp"))
    return found


def _unread(path: Path, error: InputError) -> SourceLayer:
    """A file of a folder that cannot be read, as a layer of its name that nobody can use."""
    # A report travels; the paths of this machine do not.
    params = {**error.params, "source": path.name}
    return _no_rows(str(error.params.get("layer") or path.stem), path, problem=(error.key, params))


def _no_rows(name: str, path: Path, **more: Any) -> SourceLayer:
    frame = gpd.GeoDataFrame({}, geometry=gpd.GeoSeries([], dtype="geometry"))
    return SourceLayer(name=name, frame=frame, fields=more.pop("fields", ()), crs=None, source=str(path), **more)


def _read_file(path: Path, wanted: Wanted, check: Callable[[], None]) -> list[SourceLayer]:
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
        if not any(kind for _, kind in names):
            raise InputError("source_no_layer", source=str(path))
        layers = []
        declared = read_tables(opened)
        for name, kind in names:
            check()
            layers.append(_read_layer(path, opened, name, kind is not None, encoding, wanted, declared.get(name)))
    return layers


def _read_layer(
    path: Path,
    opened: Path,
    name: str,
    has_shapes: bool,
    encoding: Encoding | None,
    wanted: Wanted,
    declared: Table | None = None,
) -> SourceLayer:
    shown = path.stem if encoding else name
    if declared is not None and declared.empty and has_shapes and all(c.type for c in declared.columns):
        known = tuple(FieldInfo(c.name, c.type) for c in declared.columns)
        return _without_rows(path, shown, declared.described(known), declared.crs)
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            info = _info(opened, name, encoding)
            names, doubled = _distinct(info["fields"])
            fields = _fields(info, names)
            fields = declared.described(fields) if declared else fields
            sketch = _no_rows(shown, path, fields=fields, problem=None if has_shapes else ("table", {}))
            needed = wanted(sketch) if has_shapes else False
            if needed is False:
                return sketch
            if path.suffix.lower() == ".gdb" and info["features"] == 0:
                return _without_rows(path, shown, fields, info["crs"])
            only = None
            if needed is not True and not encoding and not doubled:
                # Texts of a foreign encoding have foreign field names too: such a file is read whole.
                only = [field for field in names if field.upper() in needed]
            layer = _read_rows(path, opened, name, encoding, sketch, names, only)
    except (*ERRORS, ValueError, UnicodeDecodeError, OSError) as error:
        raise InputError("layer_unreadable", source=str(path), layer=shown, detail=_reason(error)) from error
    layer.notices += [("notice_doubled_field", {"layer": shown, "field": f, "renamed": n}) for f, n in doubled]
    layer.notices += _encoding_notices(shown, encoding, path)
    layer.notices += _driver_notices(shown, told)
    return layer


#: What an empty column holds, as reading the file would give it.
_DTYPES = {"text": "object", "integer": "int64", "real": "float64", "date": "datetime64[ms]"}


def _without_rows(path: Path, name: str, fields: tuple[FieldInfo, ...], crs: str | None) -> SourceLayer:
    """A layer that has no row. To ask a database of a hundred such layers for each one's takes a driver many seconds."""
    layer = _no_rows(name, path, fields=fields)
    columns: dict[str, Any] = {f.name: pd.Series([], dtype=_DTYPES[f.type]) for f in fields}
    shapes = "geometry"
    while shapes in columns:
        shapes += "_"
    layer.crs, layer.encoding = read_crs(crs), "UTF-8"
    columns[shapes] = gpd.GeoSeries([], crs=layer.crs)
    index = pd.Index([], dtype="int64", name="fid")
    layer.frame = gpd.GeoDataFrame(pd.DataFrame(columns, index=index), geometry=shapes, crs=layer.crs)
    return layer


def _info(opened: Path, name: str, encoding: Encoding | None) -> dict[str, Any]:
    try:
        info = pyogrio.read_info(opened, layer=name, encoding=_BYTES if encoding else None)
    except UnicodeDecodeError:
        info = pyogrio.read_info(opened, layer=name, encoding=_BYTES)
        encoding = Encoding("UTF-8", "none")
    if encoding:
        info["fields"] = [decode(str(f), encoding.name) for f in info["fields"]]
    return info


def _distinct(names: Any) -> tuple[list[str], list[tuple[str, str]]]:
    """Field names of which none comes twice, and those that were given another name for it: (old, new)."""
    found: list[str] = []
    doubled = []
    for name in map(str, names):
        new, number = name, 2
        while new in found:
            new, number = f"{name}_{number}", number + 1
        if new != name:
            doubled.append((name, new))
        found.append(new)
    return found, doubled


def _read_rows(
    path: Path,
    opened: Path,
    name: str,
    encoding: Encoding | None,
    sketch: SourceLayer,
    names: list[str],
    only: list[str] | None = None,
) -> SourceLayer:
    """``names``: the fields as they are to be called, in their order; ``only``: those that are read, default all."""
    curves = [] if path.suffix.lower() in _STRAIGHT else _curve_ids(opened, name)
    meta, fids, wkb, columns = _raw(path, opened, name, encoding, only)
    if only is not None:
        names = [str(field) for field in meta["fields"]]
    shapes = shapely.from_wkb(wkb, on_invalid="ignore")
    # What GEOS cannot hold at all (a ring of two points) is not the same as a row without a shape.
    broken = np.flatnonzero(shapely.is_missing(shapes) & np.array([w is not None for w in wkb], dtype=bool))
    index = pd.Index(fids, dtype="int64", name="fid")
    table = {}
    for position, field_name in enumerate(names):
        values = columns[position]
        # pyogrio puts whole numbers with gaps into doubles, which hold 15 digits; a BSM has 18.
        whole = str(meta["dtypes"][position]) == "int64" and values.dtype.kind == "f"
        if whole and np.nanmax(np.abs(values), initial=0) >= 2**53:
            values = _digits(opened, name, str(meta["fields"][position]), encoding, index)
        table[field_name] = values
    crs = read_crs(meta.get("crs"))
    geometry_name = "geometry"
    while geometry_name in table:
        geometry_name += "_"
    table[geometry_name] = gpd.GeoSeries(shapes, index=index, crs=crs)
    frame = gpd.GeoDataFrame(pd.DataFrame(table, index=index), geometry=geometry_name)
    step = float(pyogrio.get_gdal_config_option("OGR_ARC_STEPSIZE") or CURVE_STEP_DEGREES)
    layer = SourceLayer(
        name=sketch.name,
        frame=frame,
        fields=sketch.fields,
        crs=crs,
        source=str(path),
        encoding=encoding.name if encoding else str(meta.get("encoding") or ""),
        curves=tuple(curves),
        curve_step=step if curves else 0.0,
        broken=tuple(int(fids[p]) for p in broken),
    )
    if curves:
        layer.notices.append(("notice_curves", {"layer": layer.name, "count": len(curves), "step": step}))
        lost = _curves_that_lost_area(layer)
        if lost:
            keys = ", ".join(map(str, lost[:5]))
            layer.notices.append(("notice_curve_area", {"layer": layer.name, "count": len(lost), "fids": keys}))
    return layer


def _raw(
    path: Path, opened: Path, name: str, encoding: Encoding | None, only: list[str] | None
) -> tuple[dict[str, Any], NDArray, NDArray, list[NDArray]]:
    """Rows as arrays, in the order of the file, with text decoded. InputError when there are fewer than there should be."""
    options: dict[str, Any] = {"return_fids": True, "columns": only}
    if path.suffix.lower() == ".gpkg":
        # A GeoPackage keeps a count of its rows; where it is out of date, readers that trust it leave rows out.
        table = name.replace('"', '""')
        counted = f'SELECT COUNT(*) AS n FROM "{table}"'  # nosec B608: the name is the file's own, quoted
        rows = int(pyogrio.raw.read(opened, sql=counted, read_geometry=False)[3][0][0])
        if rows != pyogrio.read_info(opened, layer=name, force_feature_count=True)["features"]:
            options |= {"sql": f'SELECT * FROM "{table}"'}  # nosec B608
    if "sql" not in options:
        options["layer"] = name
    try:
        meta, fids, wkb, columns = pyogrio.raw.read(opened, encoding=_BYTES if encoding else None, **options)
    except UnicodeDecodeError:
        # A text in a format of UTF-8 that is not: read on, so that it can be said where.
        encoding = Encoding("UTF-8", "none")
        meta, fids, wkb, columns = pyogrio.raw.read(opened, encoding=_BYTES, **options)
    if encoding:
        columns = [_decoded(values, encoding.name) for values in columns]
    return meta, fids, np.array(wkb, dtype=object) if wkb is not None else np.full(len(fids), None), columns


def _decoded(values: NDArray, codec: str) -> NDArray:
    if values.dtype != object:
        return values
    # The same few texts come again and again.
    known = {v: decode(v, codec) for v in set(values) if isinstance(v, str)}
    return np.array([known.get(v, v) if isinstance(v, str) else v for v in values], dtype=object)


def _digits(opened: Path, name: str, field_name: str, encoding: Encoding | None, index: pd.Index) -> NDArray:
    """A field of whole numbers as text, every digit kept."""
    sql = f"SELECT CAST({_quoted(field_name)} AS CHARACTER(24)) AS v FROM {_quoted(name)}"  # nosec B608
    _, fids, _, (texts,) = pyogrio.raw.read(
        opened,
        sql=sql,
        sql_dialect="OGRSQL",
        return_fids=True,
        read_geometry=False,
        encoding=_BYTES if encoding else None,
    )
    exact = {int(f): t.strip() or None for f, t in zip(fids, texts, strict=True) if isinstance(t, str)}
    return np.array([exact.get(int(f)) for f in index], dtype=object)


def _quoted(name: str) -> str:
    """A name for OGR's SQL. It comes from the file itself, and nothing is executed but a read of that file."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _fields(info: dict[str, Any], names: list[str]) -> tuple[FieldInfo, ...]:
    found = []
    for name, dtype in zip(names, map(str, info["dtypes"]), strict=True):
        kinds = (("int", "integer"), ("uint", "integer"), ("bool", "integer"), ("float", "real"), ("datetime", "date"))
        found.append(FieldInfo(name, next((kind for start, kind in kinds if dtype.startswith(start)), "text")))
    return tuple(found)


def read_crs(text: str | None) -> CRS | None:
    """A CRS from what a driver says, or None when it says nothing or nothing that can be understood."""
    return crs_care.parse(text)


def _curve_ids(opened: Path, name: str) -> list[int]:
    """Ids of features that hold arcs. pyogrio linearises without a word, also in what it says of a layer's type, so
    every feature is asked."""
    wanted = ", ".join(f"'{c}'" for c in _CURVES)
    sql = f"SELECT FID FROM {_quoted(name)} WHERE OGR_GEOMETRY IN ({wanted})"  # nosec B608
    found = pyogrio.raw.read(opened, sql=sql, sql_dialect="OGRSQL", return_fids=True, read_geometry=False)
    return [int(v) for v in found[1]]


def _curves_that_lost_area(layer: SourceLayer) -> list[int]:
    """Ids of features with arcs whose shape is far from the area the file stores: some drivers lose a curved hole."""
    stored = next((c for c in layer.frame.columns if str(c).upper() == "SHAPE_AREA"), None)
    if stored is None:
        return []
    rows = layer.frame.loc[list(layer.curves)]
    kept = pd.to_numeric(rows[stored], errors="coerce").to_numpy(dtype=float)
    drawn = shapely.area(rows.geometry.to_numpy())
    with np.errstate(invalid="ignore"):
        gap = np.abs(drawn - kept) > _CURVE_AREA_GAP * kept
    return [int(f) for f in rows.index[gap & (kept > 0)]]


def _encoding_notices(shown: str, encoding: Encoding | None, path: Path) -> list[tuple[str, dict[str, Any]]]:
    if encoding is None or encoding.how in ("cpg", "none"):
        return []
    name = {"GB18030": "GBK"}.get(encoding.name, encoding.name)
    if encoding.declared:
        return [("notice_cpg_wrong", {"layer": shown, "declared": encoding.declared, "encoding": name})]
    return [("notice_encoding", {"layer": shown, "encoding": name})]


def _driver_notices(shown: str, told: list[warnings.WarningMessage]) -> list[tuple[str, dict[str, Any]]]:
    """What the reader warned of, once each; what is reported elsewhere left out."""
    texts = dict.fromkeys(" ".join(str(w.message).split()) for w in told if "pyogrio" in w.filename)
    if not texts:
        return []
    notices: list[tuple[str, dict[str, Any]]] = []
    rest = []
    for text in texts:
        if "Measured (M)" in text:
            notices.append(("notice_measured", {"layer": shown}))
        elif "does not have any features" not in text:
            rest.append(text)
    if rest:
        notices.append(("notice_driver", {"layer": shown, "count": len(rest), "detail": printable(rest[0])[:200]}))
    return notices


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


def printable(text: str) -> str:
    """Text without control characters, for messages."""
    return "".join(c for c in text if unicodedata.category(c)[0] != "C")

# SPDX-License-Identifier: GPL-2.0-or-later
"""Headless reading and safe writing. pyogrio reads; a result is written beside its target and moved."""

from __future__ import annotations

import unicodedata
import warnings
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
from pyproj import CRS
from pyproj.exceptions import CRSError

from .errors import InputError
from .plan import FieldInfo, SourceLayer
from .writing import beside

#: What a folder is searched for.
TABLES = (".shp", ".gpkg", ".geojson", ".json", ".gml", ".kml", ".tab")
#: OGR's own step for arcs when none is given: degrees per segment.
CURVE_STEP_DEGREES = 4.0
_CURVES = ("CIRCULARSTRING", "COMPOUNDCURVE", "CURVEPOLYGON", "MULTICURVE", "MULTISURFACE", "CURVE", "SURFACE")
_TYPES = {"OFTString": "text", "OFTInteger": "integer", "OFTInteger64": "integer", "OFTReal": "real"}


def read_source(source: str | Path) -> list[SourceLayer]:
    """All layers of a GeoPackage, FileGDB, shapefile or GeoJSON, or of a folder of them.

    Raises InputError naming the file: it is not there, it is not GIS data, nothing in the folder can be read.
    """
    path = Path(source)
    if not path.exists():
        raise InputError("source_missing", source=str(source))
    if path.is_dir() and path.suffix.lower() != ".gdb":
        return _read_folder(path)
    return _read_file(path)


def _read_folder(folder: Path) -> list[SourceLayer]:
    found = sorted(
        p for p in folder.iterdir() if p.suffix.lower() in TABLES or (p.is_dir() and p.suffix.lower() == ".gdb")
    )
    if not found:
        raise InputError("source_empty", source=str(folder))
    return [layer for path in found for layer in _read_file(path)]


def _read_file(path: Path) -> list[SourceLayer]:
    try:
        names = pyogrio.list_layers(path)
    except (pyogrio.errors.DataSourceError, ValueError) as error:
        raise InputError("source_not_gis", source=str(path), detail=str(error)) from error
    layers = [_read_layer(path, str(name)) for name, kind in names if kind is not None]
    if not layers:
        raise InputError("source_no_layer", source=str(path))
    return layers


def _read_layer(path: Path, name: str) -> SourceLayer:
    encoding = shapefile_encoding(path) if path.suffix.lower() == ".shp" else None
    notices: list[tuple[str, dict[str, Any]]] = []
    try:
        info = pyogrio.read_info(path, layer=name, encoding=encoding)
        curves = _curve_ids(path, name, info)
        with warnings.catch_warnings():
            # A ring GEOS cannot hold comes back as missing; GEO001 reports it, the warning would only alarm.
            warnings.filterwarnings("ignore", category=RuntimeWarning, module="pyogrio")
            frame = pyogrio.read_dataframe(path, layer=name, encoding=encoding, fid_as_index=True, on_invalid="warn")
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, UnicodeDecodeError, ValueError) as error:
        raise InputError("layer_unreadable", source=str(path), layer=name, detail=str(error)) from error
    if not isinstance(frame, gpd.GeoDataFrame):
        frame = gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries([None] * len(frame), index=frame.index))
    if curves:
        notices.append(("notice_curves", {"layer": name, "count": len(curves), "step": CURVE_STEP_DEGREES}))
    if encoding and not path.with_suffix(".cpg").exists():
        notices.append(("notice_encoding", {"layer": name, "encoding": encoding}))
    return SourceLayer(
        name=name,
        frame=frame,
        fields=_fields(info),
        crs=read_crs(info.get("crs")),
        source=str(path),
        encoding=encoding or str(info.get("encoding") or ""),
        curves=tuple(curves),
        curve_step=CURVE_STEP_DEGREES if curves else 0.0,
        notices=notices,
    )


def _fields(info: dict[str, Any]) -> tuple[FieldInfo, ...]:
    types = info.get("ogr_types") or [""] * len(info["fields"])
    found = []
    for name, ogr_type, dtype in zip(info["fields"], types, info["dtypes"], strict=True):
        kind = _TYPES.get(str(ogr_type)) or ("date" if "datetime" in str(dtype) or "Date" in str(ogr_type) else "text")
        found.append(FieldInfo(str(name), kind))
    return tuple(found)


def read_crs(text: str | None) -> CRS | None:
    """A CRS from what a driver says, or None when it says nothing or nothing that can be understood."""
    if not text:
        return None
    try:
        crs = CRS.from_user_input(text)
    except CRSError:
        return None
    if crs.is_engineering:
        return None
    # A .prj of ESRI spells the same CRS otherwise; by its code two layers are seen to agree.
    code = crs.to_epsg(min_confidence=70)
    return CRS.from_epsg(code) if code else crs


def _curve_ids(path: Path, name: str, info: dict[str, Any]) -> list[int]:
    """Ids of features that hold arcs: pyogrio linearises without a word, so the driver is asked first."""
    declared = str(info.get("geometry_type") or "").upper()
    if path.suffix.lower() in (".shp", ".geojson", ".json"):
        return []
    if not (declared in ("UNKNOWN", "") or any(c in declared.replace(" ", "") for c in _CURVES)):
        return []
    wanted = ", ".join(f"'{c}'" for c in _CURVES)
    # Names come from the file itself and are quoted; nothing of it is executed but a read of that file.
    sql = f'SELECT FID FROM "{name.replace(chr(34), chr(34) * 2)}" WHERE OGR_GEOMETRY IN ({wanted})'  # nosec B608
    found = pyogrio.read_dataframe(path, sql=sql, sql_dialect="OGRSQL", fid_as_index=True, read_geometry=False)
    return [int(v) for v in found.index]


def shapefile_encoding(path: Path) -> str:
    """The encoding of a shapefile's attributes: by .cpg, else by its bytes (UTF-8 when all are, else GB18030).

    Raises InputError when the .cpg names an encoding that does not exist, or the bytes are neither.
    """
    cpg = path.with_suffix(".cpg")
    table = path.with_suffix(".dbf")
    if not table.exists():
        raise InputError("shapefile_part_missing", source=str(path), part=table.name)
    if not path.with_suffix(".shx").exists():
        raise InputError("shapefile_part_missing", source=str(path), part=path.with_suffix(".shx").name)
    if cpg.exists():
        return _known_encoding(cpg.read_text(encoding="ascii", errors="replace").strip(), cpg)
    data = table.read_bytes()
    header = int.from_bytes(data[8:10], "little")
    size = int.from_bytes(data[10:12], "little") or 1
    # A field cut at its width may end in half a character: look at whole cells without their last two bytes.
    text = b"\n".join(data[k : k + size].rstrip(b" \0") for k in range(header, len(data) - 1, size))
    for encoding in ("utf-8", "gb18030"):
        if _mostly(text, encoding):
            return encoding.upper()
    raise InputError("encoding_unknown", source=str(path))


def _known_encoding(name: str, cpg: Path) -> str:
    name = {"936": "GBK", "65001": "UTF-8", "54936": "GB18030"}.get(name, name)
    try:
        "".encode(name)
    except (LookupError, ValueError) as error:
        raise InputError("encoding_name", source=str(cpg), encoding=name) from error
    return name


def _mostly(data: bytes, encoding: str) -> bool:
    """Does nearly everything decode? One broken cell (cut in the middle of a character) is not another encoding."""
    text = data.decode(encoding, errors="replace")
    broken = text.count("�")
    foreign = sum(not c.isascii() for c in text) or 1
    return broken / foreign < 0.02


def write_text(target: str | Path, text: str) -> None:
    """UTF-8, ``\\n`` line ends, safely beside and moved."""
    with beside(target) as path:
        path.write_text(text, encoding="utf-8", newline="\n")


def write_findings(
    target: str | Path, rows: list[dict[str, Any]], shapes: list[Any], crs: CRS, layer: str = "findings"
) -> None:
    """The findings layer as GeoPackage or by the target's suffix; all columns also when there is no finding."""
    from .findings import COLUMNS

    numbers = ("area_m2", "net_area_m2", "width_m")
    columns: dict[str, Any] = {}
    for name in COLUMNS:
        values = [r[name] for r in rows]
        columns[name] = pd.Series(values, dtype="float64" if name in numbers else "str")
    frame = gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(shapes, crs=crs), crs=crs)
    with beside(target) as path:
        driver = None if path.suffix else "GPKG"
        pyogrio.write_dataframe(
            frame, path, layer=layer, driver=driver, geometry_type="MultiPolygon", promote_to_multi=True
        )


def printable(text: str) -> str:
    """Text without control characters, for messages."""
    return "".join(c for c in text if unicodedata.category(c)[0] != "C")

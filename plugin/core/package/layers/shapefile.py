# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers as shapefiles in one folder, through osgeo: widths and short names from the templates, GBK or UTF-8, the
bytes of their
tables, and a file that says which short name is which field."""

from __future__ import annotations

import csv
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ...cancellation import NEVER, Cancellation
from ...exchange.create import driver_refusal
from ...exchange.gdal_setup import load_gdal, raise_if_refused, to_spatial_reference
from ...standard.template import Field
from ..names import FIELD_NAMES
from .content import Content
from .database import put_rows

if TYPE_CHECKING:
    from pyproj import CRS


#: Python's codec for an encoding of a package.
CODECS = {"GBK": "gbk", "UTF-8": "utf-8"}
#: Bytes of the widest text.
_WIDEST = 254
#: Digits of a whole number, and form of a real one, where the template does not say.
_DIGITS = 9
_REAL = (24, 11)
#: A share of a value that rounding may change: what a double itself does not hold.
_ROUNDING = 1e-12
#: Bytes of a file at most: many programs count in 32 bits with a sign.
MOST_BYTES = 2**31 - 1
#: Width of a date.
DATE = 8


class DbfNumberFormat(NamedTuple):
    """``width`` counts sign, point and decimals."""

    width: int
    decimals: int


def text_width(declared: Field) -> int:
    """Bytes of a text field. The template's length: receiving sides compare it, whatever a character takes."""
    return min(declared.length or _WIDEST, _WIDEST)


def dbf_number_format(declared: Field) -> DbfNumberFormat:
    if declared.type == "integer":
        return DbfNumberFormat(min(declared.length or _DIGITS, 18), 0)
    if declared.length and declared.decimals is not None:
        return DbfNumberFormat(declared.length, declared.decimals)
    return DbfNumberFormat(_REAL[0], _REAL[1] if declared.decimals is None else declared.decimals)


def find_losses(values: NDArray, declared: Field) -> tuple[NDArray, NDArray]:
    """Positions of numbers that are too wide for their field, and of those that its decimals would round."""
    form = dbf_number_format(declared)
    there = [n for n, v in enumerate(values) if v is not None]
    wide = [n for n in there if len(f"{values[n]:.{form.decimals}f}") > form.width]
    rounded = [
        n for n in there if abs(float(f"{values[n]:.{form.decimals}f}") - values[n]) > _ROUNDING * abs(values[n])
    ]
    return np.array(wide, dtype=int), np.array(rounded, dtype=int)


def estimate_sizes(shapes: NDArray, fields: Iterable[Field]) -> tuple[int, int]:
    """Bytes of .shp and .dbf for (n,) shapes and as many rows (ESRI Shapefile Technical Description, 1998; dBASE III)."""
    there = shapes[~shapely.is_missing(shapes)]
    vertices = shapely.get_num_coordinates(there)
    points = np.isin(shapely.get_type_id(there), (0, 4))
    parts, of = shapely.get_parts(there, return_index=True)
    rings = np.where(shapely.get_type_id(parts) == 3, shapely.get_num_interior_rings(parts) + 1, 1)
    pieces = np.bincount(of, weights=rings, minlength=len(there))
    bodies = np.where(points, 20, 44 + 4 * pieces + 16 * vertices)
    declared = list(fields)
    row = 1 + sum(_width(one) for one in declared)
    return (
        100 + 12 * len(shapes) + int((bodies - 4).sum()),
        33 + 32 * len(declared) + row * len(shapes) + 1,
    )


def _width(declared: Field) -> int:
    if declared.type == "text":
        return text_width(declared)
    return DATE if declared.type == "date" else dbf_number_format(declared).width


_DRIVER = "ESRI Shapefile"
_KINDS = {"polygon": "Polygon", "line": "LineString", "point": "Point"}
#: What ArcGIS and QGIS know in a .cpg.
CPG = {"GBK": "GBK", "UTF-8": "UTF-8"}
#: What GDAL writes into the head of the table: GBK has a mark of its own there, which programs find that know no .cpg.
_MARKS = {"GBK": "LDID/77", "UTF-8": "UTF-8"}
#: The same as GDAL calls it.
_ENCODINGS = {"GBK": "CP936", "UTF-8": "UTF-8"}
_HEAD = ("图层", "图层名称", "导出字段", "字段", "字段名称", "类型", "长度", "小数位")


def write_shapefiles(
    folder: Path,
    contents: Iterable[Content],
    crs: CRS,
    *,
    encoding: str,
    progress: Callable[[int], None] = lambda rows: None,
    cancellation: Cancellation = NEVER,
) -> None:
    """Write each layer as ``folder/<name>.shp`` and, last, the file of names. What cannot be written is known before (`look`).

    Raises OutputError.
    """
    contents = list(contents)
    folder.mkdir()
    try:
        with load_gdal() as gdal, _in_encoding(gdal, encoding):
            driver = raise_if_refused(gdal.GetDriverByName(_DRIVER))
            for content in contents:
                _write(driver, folder, content, crs, encoding, progress, cancellation)
                _check_whole(gdal, folder, content)
    except RuntimeError as error:
        traceback.clear_frames(error.__traceback__)
        raise driver_refusal(folder, folder) from error
    with (folder / FIELD_NAMES).open("w", encoding="utf-8-sig", newline="") as handle:
        table = csv.writer(handle)
        table.writerow(_HEAD)
        for content in contents:
            short = content.template.export_names
            for declared in content.template.fields:
                row = (content.name, content.template.name, short[declared.name], declared.name, declared.alias)
                table.writerow((*row, *_form(declared)))


@contextmanager
def _in_encoding(gdal: Any, encoding: str) -> Iterator[None]:
    """QGIS tells GDAL to leave the texts of shapefiles as they are (SHAPE_ENCODING, empty); here they are to be encoded."""
    before = gdal.GetThreadLocalConfigOption("SHAPE_ENCODING")
    gdal.SetThreadLocalConfigOption("SHAPE_ENCODING", _ENCODINGS[encoding])
    try:
        yield
    finally:
        gdal.SetThreadLocalConfigOption("SHAPE_ENCODING", before)


def _form(declared: Field) -> tuple[str, int, int]:
    if declared.type == "text":
        return "text", text_width(declared), 0
    if declared.type == "date":
        return "date", DATE, 0
    return declared.type, *dbf_number_format(declared)


def _write(
    driver: Any,
    folder: Path,
    content: Content,
    crs: CRS,
    encoding: str,
    progress: Callable[[int], None],
    cancellation: Cancellation,
) -> None:
    from osgeo import gdal, ogr

    target = folder / f"{content.name}.shp"
    short = content.template.export_names
    source = raise_if_refused(driver.Create(str(target), 0, 0, 0, gdal.GDT_Unknown))
    options = [f"ENCODING={_MARKS[encoding]}", "2GB_LIMIT=YES"]
    kind = getattr(ogr, f"wkb{_KINDS[content.template.geometry]}")
    layer = raise_if_refused(source.CreateLayer(content.name, to_spatial_reference(crs), kind, options))
    for declared in content.template.fields:
        raise_if_refused(layer.CreateField(_defined(declared, short[declared.name])))
    definition = layer.GetLayerDefn()
    at = {f.name: n for n, f in enumerate(content.template.fields)}
    given = [definition.GetFieldDefn(n).GetName() for n in at.values()]
    if given != list(short.values()):
        # The driver has its own ideas of what is too long or twice the same.
        raise RuntimeError(f"{given} != {list(short.values())}")
    for rows in content.batches(crs):
        cancellation.raise_if_cancelled()
        put_rows(layer, definition, rows, at)
        progress(len(rows.shapes))
    raise_if_refused(layer.SyncToDisk())
    del layer, source
    target.with_suffix(".cpg").write_text(CPG[encoding], encoding="ascii")


def _defined(declared: Field, name: str) -> Any:
    from osgeo import ogr

    if declared.type == "text":
        made = ogr.FieldDefn(name, ogr.OFTString)
        made.SetWidth(text_width(declared))
    elif declared.type == "date":
        made = ogr.FieldDefn(name, ogr.OFTDate)
    else:
        form = dbf_number_format(declared)
        whole = ogr.OFTInteger if form.width <= 9 else ogr.OFTInteger64
        made = ogr.FieldDefn(name, whole if declared.type == "integer" else ogr.OFTReal)
        made.SetWidth(form.width)
        made.SetPrecision(form.decimals)
    return made


def _check_whole(gdal: Any, folder: Path, content: Content) -> None:
    source = raise_if_refused(gdal.OpenEx(str(folder / f"{content.name}.shp"), gdal.OF_VECTOR))
    rows = source.GetLayer(0).GetFeatureCount()
    del source
    if rows != len(content):
        raise RuntimeError(f"{rows} != {len(content)}")

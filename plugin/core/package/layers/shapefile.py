# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers as shapefiles in one folder, through osgeo: widths and short names from the templates, GBK or UTF-8, and a file that
says which short name is which field."""

from __future__ import annotations

import csv
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...cancellation import NEVER, Cancellation
from ...exchange.create import unwritable
from ...exchange.quiet import quiet_gdal, reference_of, sure
from ...standard.template import Field
from ..names import FIELD_NAMES
from .content import Content
from .database import put_rows
from .dbf import DATE, number_form, text_width

if TYPE_CHECKING:
    from pyproj import CRS

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
        with quiet_gdal() as gdal, _in_encoding(gdal, encoding):
            driver = sure(gdal.GetDriverByName(_DRIVER))
            for content in contents:
                _write(driver, folder, content, crs, encoding, progress, cancellation)
                _check_whole(gdal, folder, content)
    except RuntimeError as error:
        traceback.clear_frames(error.__traceback__)
        raise unwritable(folder, folder) from error
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
    return declared.type, *number_form(declared)


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
    source = sure(driver.Create(str(target), 0, 0, 0, gdal.GDT_Unknown))
    options = [f"ENCODING={_MARKS[encoding]}", "2GB_LIMIT=YES"]
    kind = getattr(ogr, f"wkb{_KINDS[content.template.geometry]}")
    layer = sure(source.CreateLayer(content.name, reference_of(crs), kind, options))
    for declared in content.template.fields:
        sure(layer.CreateField(_defined(declared, short[declared.name])))
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
    sure(layer.SyncToDisk())
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
        form = number_form(declared)
        whole = ogr.OFTInteger if form.width <= 9 else ogr.OFTInteger64
        made = ogr.FieldDefn(name, whole if declared.type == "integer" else ogr.OFTReal)
        made.SetWidth(form.width)
        made.SetPrecision(form.decimals)
    return made


def _check_whole(gdal: Any, folder: Path, content: Content) -> None:
    source = sure(gdal.OpenEx(str(folder / f"{content.name}.shp"), gdal.OF_VECTOR))
    rows = source.GetLayer(0).GetFeatureCount()
    del source
    if rows != len(content):
        raise RuntimeError(f"{rows} != {len(content)}")

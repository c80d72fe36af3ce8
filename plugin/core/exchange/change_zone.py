# SPDX-License-Identifier: GPL-2.0-or-later
"""Write a copy of data in another CRS zone (带号), and prove that the land stays."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import CRS

from ..base.errors import NEVER_CANCELLED, Cancellation, InputError, OutputError, ProgressCallback
from ..geometry.crs import (
    describe_crs,
    have_same_parameters,
    is_standard_zone,
    make_crs_label,
    make_gauss_kruger_crs,
    reproject_coordinates,
    reproject_to_lonlat,
)
from ..geometry.crs_zones import FIRST_ZONE, LAST_ZONE, ZONE_WIDTH_DEGREES
from ..geometry.edge_densification import find_long_edges
from ..geometry.statutory_area import measure_statutory_area
from ..plan.io.file import read_file
from ..plan.io.source import read_source
from ..plan.layer import SourceLayer
from ..plan.loading.assembly import validate_coordinates
from ..standard.messages.texts import Texts, format_number
from .edited_copy import (
    ROWS_PER_CANCEL_CHECK,
    check_copy_is_writable,
    check_tables_are_writable,
    find_dataset,
    open_for_editing,
    replace_feature,
    write_edited_copy,
    write_table,
)
from .gdal_setup import convert_to_spatial_reference, load_gdal, raise_if_refused

#: A vertex that is further from its place on the ground has moved (m). The grid of a FileGDB rounds to 0.1 mm.
MAX_MOVE_M = 0.001
_HEADINGS = {
    "zh": (
        "图层", "原坐标系", "新坐标系", "要素数", "节点数", "原图斑椭球面积（平方米）", "新图斑椭球面积（平方米）",
        "节点最大位移（米）", "边的最大弯曲（米）",
    ),
    "en": (
        "layer", "old CRS", "new CRS", "features", "vertices", "statutory area before (m2)",
        "statutory area after (m2)",
        "largest move of a vertex (m)", "largest bend of an edge (m)",
    ),
}  # fmt: skip
#: Attributes are copied with the file and need not be read.
_NO_FIELDS: frozenset[str] = frozenset()
_READ_SHARE = 0.2


class ZoneNumber(StrEnum):
    """What happens to the zone number at the beginning of eastings."""

    KEEP = "keep"
    ADD = "add"
    STRIP = "strip"


@dataclass(frozen=True)
class ZoneChange:
    """How the coordinates of a layer change.

    ``shift_m``: what is added to eastings where the central meridian stays; None if the layer is reprojected.
    """

    source_crs: CRS
    target_crs: CRS
    shift_m: float | None


def plan_zone_change(layer: str, source_crs: CRS | None, zone: int, number: ZoneNumber) -> ZoneChange | None:
    """Return how the coordinates of a layer change; None if they stay as they are.

    A layer in degrees has no zone and stays. ``zone``: number of the target's 3° zone; 0 keeps the central meridian.

    Raises
    ------
    InputError
        The layer has no CRS, or its CRS is not a Gauss–Krüger zone of CGCS2000 with the usual false easting; the
        central meridian is not that of a 3° zone and no zone is given.
    """
    if source_crs is None:
        raise InputError("zone_no_crs", layer=layer)
    frame = describe_crs(source_crs)
    if frame.is_geographic and frame.is_cgcs2000:
        return None
    # A central meridian that no 3° zone has stays a fraction.
    target_zone = zone or (frame.central_meridian or 0.0) / ZONE_WIDTH_DEGREES
    if not is_standard_zone(source_crs) or target_zone != round(target_zone):
        raise InputError("zone_crs", layer=layer, crs=make_crs_label(source_crs))
    if not FIRST_ZONE <= target_zone <= LAST_ZONE:
        raise InputError("zone_unknown", value=round(target_zone), first=FIRST_ZONE, last=LAST_ZONE)
    has_number = frame.has_zone_prefix if number is ZoneNumber.KEEP else number is ZoneNumber.ADD
    # EPSG:4513 to 4533 with zone number, EPSG:4534 to 4554 without.
    target_crs = make_gauss_kruger_crs(round(target_zone), 3, has_number=has_number)
    target_frame = describe_crs(target_crs)
    if target_frame.central_meridian != frame.central_meridian:
        return ZoneChange(source_crs, target_crs, None)
    shift_m = target_frame.false_easting - frame.false_easting
    return ZoneChange(source_crs, target_crs, shift_m) if shift_m else None


@dataclass(frozen=True)
class ConvertedLayer:
    """A layer before and after the change of its zone.

    ``area_before_m2``, ``area_after_m2``: statutory area (图斑椭球面积), 0 for layers without polygons. ``move_m``: the
    largest distance between a vertex in the copy and its place as computed from the source. ``bend_m``: how far an edge
    that is straight in the source is from the straight edge in the copy, at most; 0 where the central meridian stays.
    """

    name: str
    old_crs: CRS
    new_crs: CRS
    feature_count: int
    vertex_count: int
    area_before_m2: float
    area_after_m2: float
    move_m: float
    bend_m: float


@dataclass(frozen=True)
class ZoneRun:
    """The result of a change of zone.

    ``converted``: layers with other coordinates; ``unchanged_names``: layers in degrees or already in the target CRS;
    ``written``: paths of the written files.
    """

    converted: tuple[ConvertedLayer, ...]
    unchanged_names: tuple[str, ...]
    written: tuple[str, ...]


def check_zone_options(source: str, output: str, table: str) -> None:
    """Raise InputError or OutputError if a run cannot write its files; called before a long run."""
    if not output:
        raise InputError("zone_no_output")
    check_copy_is_writable(source, output)
    check_tables_are_writable([table], source, output)


def change_crs_zone(
    source: str,
    output: str,
    *,
    zone: int = 0,
    number: ZoneNumber = ZoneNumber.KEEP,
    table: str = "",
    lang: str = "zh",
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> ZoneRun:
    """Write a copy of a source in another CRS zone; the source is never changed.

    Where the central meridian stays, eastings change by whole millions of metres. Else each vertex is reprojected;
    shared vertices stay equal. No vertices are added, so a long edge bends a little against the ground, by
    at most ``bend_m``. The copy is read back before it is moved to its place: each vertex must be where it was on the
    ground.

    Parameters
    ----------
    zone
        Number of a 3° zone (25 to 45); 0 keeps the central meridian.
    table
        Path of the table (CSV) with the proof, one row for each layer; empty for none.

    Raises
    ------
    InputError
        Nothing would change; a layer cannot be read, has no CRS or no zone; a layer with arcs would be reprojected
        (another zone has no circular arcs in their place).
    OutputError
        The copy cannot be written, or a vertex would move by more than `MAX_MOVE_M`.
    Cancelled
        The user cancelled; nothing is written.
    """
    check_zone_options(source, output, table)
    if not zone and number is ZoneNumber.KEEP:
        raise InputError("zone_nothing")
    layers = read_source(source, select_layer=lambda layer: _NO_FIELDS, cancellation=cancellation)
    progress(_READ_SHARE, "")
    changes = [_plan_layer(layer, zone, number) for layer in layers]
    planned = [(layer, change) for layer, change in zip(layers, changes, strict=True) if change is not None]
    if not planned:
        # Tables have no CRS.
        are_in_degrees = all(layer.crs is None or layer.crs.is_geographic for layer in layers)
        raise InputError("zone_degrees" if are_in_degrees else "zone_nothing")
    converted: list[ConvertedLayer] = []

    def convert_copies(copies: dict[str, Path]) -> None:
        for layer, change in planned:
            path = copies[find_dataset(layer, copies)]
            _convert_layer(path, layer.name, change, cancellation)
            converted.append(_compare_with_copy(layer, change, path, cancellation))
            progress(_READ_SHARE + (1 - _READ_SHARE) * len(converted) / len(planned), "")

    written = [str(write_edited_copy(source, output, convert_copies))]
    if table:
        rows = [
            [
                layer.name,
                make_crs_label(layer.old_crs),
                make_crs_label(layer.new_crs),
                str(layer.feature_count),
                str(layer.vertex_count),
                f"{layer.area_before_m2:.2f}",
                f"{layer.area_after_m2:.2f}",
                f"{layer.move_m:.6f}",
                f"{layer.bend_m:.4f}",
            ]
            for layer in converted
        ]
        written.append(write_table(table, _HEADINGS[lang], rows))
    unchanged_names = [layer.name for layer, change in zip(layers, changes, strict=True) if change is None]
    return ZoneRun(tuple(converted), tuple(unchanged_names), tuple(written))


def _plan_layer(layer: SourceLayer, zone: int, number: ZoneNumber) -> ZoneChange | None:
    """Return how a layer changes; None for a table or a layer that stays. Raise InputError as `change_crs_zone`."""
    layer.require_usable()
    if layer.problem is not None:
        return None
    problem, stray_rows = validate_coordinates(layer)
    vertices, rows = shapely.get_coordinates(layer.frame.geometry.to_numpy(), return_index=True)
    endless = ~np.isfinite(vertices).all(axis=1)
    if endless.any():
        raise InputError("zone_endless", layer=layer.name, fid=int(layer.frame.index[rows[endless][0]]))
    if stray_rows:
        fid = int(layer.frame.index[next(iter(stray_rows))])
        raise InputError("zone_stray", layer=layer.name, fid=fid, count=len(stray_rows))
    if (problem and layer.crs is not None) or layer.shape_crs or layer.described_crs:
        raise InputError("zone_contradiction", layer=layer.name, crs=make_crs_label(layer.crs))
    change = plan_zone_change(layer.name, layer.crs, zone, number)
    if change is not None and change.shift_m is None and layer.curve_texts:
        raise InputError("zone_arcs", layer=layer.name, count=len(layer.curve_texts))
    return change


def _convert_layer(path: Path, name: str, change: ZoneChange, cancellation: Cancellation) -> None:
    """Change coordinates and CRS of a layer in place.

    Raise RuntimeError if the driver refuses, and InputError for a view and for a CRS with heights.
    """
    with load_gdal() as gdal:
        from osgeo import ogr, osr

        database = open_for_editing(gdal, path)
        layer = raise_if_refused(database.GetLayerByName(name))
        if not layer.TestCapability("RandomWrite"):
            raise InputError("zone_view", layer=name)
        if layer.GetSpatialRef() is not None and layer.GetSpatialRef().IsCompound():
            raise InputError("zone_heights", layer=name)
        options = osr.CoordinateTransformationOptions()
        crs_pair = [convert_to_spatial_reference(crs) for crs in (change.source_crs, change.target_crs)]
        if change.shift_m is not None:
            # Adds exactly; a reprojection would round.
            options.SetOperation(f"+proj=affine +xoff={change.shift_m:.1f}")
            crs_pair = [None, None]
        transformation = raise_if_refused(osr.CoordinateTransformation(*crs_pair, options))
        has_transactions = layer.TestCapability("Transactions")
        field = layer.GetLayerDefn().GetGeomFieldDefn(0)
        new_field = ogr.GeomFieldDefn(field.GetName(), field.GetType())
        new_field.SetSpatialRef(convert_to_spatial_reference(change.target_crs))
        raise_if_refused(layer.AlterGeomFieldDefn(0, new_field, ogr.ALTER_GEOM_FIELD_DEFN_SRS_FLAG))
        if has_transactions:
            raise_if_refused(layer.StartTransaction())
        for fid in cancellation.watch([feature.GetFID() for feature in layer], ROWS_PER_CANCEL_CHECK):
            feature = raise_if_refused(layer.GetFeature(fid))
            former_geometry = feature.GetGeometryRef()
            if former_geometry is not None and not former_geometry.IsEmpty():
                geometry = former_geometry.Clone()
                geometry.AssignSpatialReference(None)
                raise_if_refused(geometry.Transform(transformation))
                raise_if_refused(feature.SetGeometry(geometry))
                replace_feature(layer, feature, path)
            del feature
        if has_transactions:
            raise_if_refused(layer.CommitTransaction())
        raise_if_refused(layer.SyncToDisk())
        del layer, database
        # QGIS 2 also stored the CRS in this file.
        path.with_suffix(".qpj").unlink(missing_ok=True)
        _correct_stated_extent(gdal, path, name)


def _correct_stated_extent(gdal: Any, path: Path, name: str) -> None:
    """Correct the extent that a file states for a layer, which still includes the former coordinates."""
    if path.suffix.lower() != ".gpkg":
        database = raise_if_refused(gdal.OpenEx(str(path), gdal.OF_VECTOR | gdal.OF_UPDATE))
        # The driver takes the rest of the text as the name.
        database.ExecuteSQL(f"RECOMPUTE EXTENT ON {name}")
        del database
        return
    # GDAL 3.6 extends the stated extent of a GeoPackage, but never reduces it.
    database = raise_if_refused(gdal.OpenEx(str(path), gdal.OF_VECTOR))
    column = raise_if_refused(database.GetLayerByName(name)).GetGeometryColumn()
    quoted_column, quoted_name = (text.replace('"', '""') for text in (column, name))
    ends = ", ".join(f'ST_{end}("{quoted_column}")' for end in ("MinX", "MinY", "MaxX", "MaxY"))
    sql = f'SELECT {ends} FROM "{quoted_name}"'  # nosec B608 # names of the layer itself, in a copy
    rows = raise_if_refused(database.ExecuteSQL(sql))
    boxes = np.array([[row.GetField(n) for n in range(4)] for row in rows], dtype=float).reshape(-1, 4)
    database.ReleaseResultSet(rows)
    del rows, database
    if not np.isfinite(boxes).any():
        return
    low, high = np.nanmin(boxes[:, :2], axis=0), np.nanmax(boxes[:, 2:], axis=0)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "UPDATE gpkg_contents SET min_x = ?, min_y = ?, max_x = ?, max_y = ? WHERE table_name = ?",
            (*low.tolist(), *high.tolist(), name),
        )


def _compare_with_copy(
    layer: SourceLayer, change: ZoneChange, path: Path, cancellation: Cancellation
) -> ConvertedLayer:
    """Read a converted layer back, and compare it with the source, vertex by vertex.

    The places are computed with pyproj, so another program than that which converted the layer. Raise OutputError if
    rows or vertices are missing or moved.
    """
    copies = read_file(path, lambda one: _NO_FIELDS if one.name == layer.name else False, cancellation)
    copy = next(one for one in copies if one.name == layer.name)
    if copy.crs is None or not have_same_parameters(copy.crs, change.target_crs):
        # A FileGDB stores the CRS of a feature dataset once for all its layers; GDAL does not change it.
        raise OutputError("zone_dataset", layer=layer.name, crs=make_crs_label(copy.crs))
    before, after = (one.frame.geometry.dropna().to_numpy() for one in (layer, copy))
    vertices_before, vertices_after = shapely.get_coordinates(before), shapely.get_coordinates(after)
    if list(layer.frame.index) != list(copy.frame.index) or vertices_before.shape != vertices_after.shape:
        raise OutputError("zone_vertices", layer=layer.name)
    if change.shift_m is not None:
        expected = vertices_before + np.array([change.shift_m, 0.0])
    else:
        expected = reproject_coordinates(vertices_before, change.source_crs, change.target_crs)
    move_m = float(np.hypot(*(vertices_after - expected).T).max()) if len(expected) else 0.0
    if not move_m <= MAX_MOVE_M:
        raise OutputError("zone_moved", layer=layer.name, distance=f"{move_m:.4f}")
    areas = [
        float(measure_statutory_area(reproject_to_lonlat(shapes, crs)).sum())
        for shapes, crs in ((before, change.source_crs), (after, copy.crs))
    ]
    if not np.isfinite(areas).all():
        raise OutputError("zone_moved", layer=layer.name, distance="—")
    bend_m = 0.0
    if change.shift_m is None:
        # From the middle of an edge that is straight in the source to the straight edge in the target, at most.
        long_edges = find_long_edges(before, change.source_crs, change.target_crs)
        bend_m = float(long_edges.middle_shift_m.max(initial=0.0))
    counts = len(layer.frame), len(vertices_before)
    return ConvertedLayer(layer.name, change.source_crs, change.target_crs, *counts, areas[0], areas[1], move_m, bend_m)


def describe_zone_change(run: ZoneRun, lang: str) -> list[str]:
    """Return one sentence for each converted layer, and one on layers that stay."""
    texts = Texts(lang)
    lines = [
        texts.get(
            "conversion",
            "zone_changed" if layer.area_before_m2 else "zone_changed_lines",
            layer=layer.name,
            old=make_crs_label(layer.old_crs),
            new=make_crs_label(layer.new_crs),
            count=format_number(layer.feature_count, 0),
            move=f"{layer.move_m:.6f}",
            bend=f"{layer.bend_m:.4f}",
            before=format_number(layer.area_before_m2, 2),
            after=format_number(layer.area_after_m2, 2),
        )
        for layer in run.converted
    ]
    if run.unchanged_names:
        lines.append(texts.get("conversion", "zone_unchanged", layers=", ".join(run.unchanged_names)))
    return lines

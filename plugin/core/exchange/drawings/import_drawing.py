# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the lines and texts of a drawing (DXF), import it into layers of polygons, and list what was not taken."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from pyproj import CRS

from ...base.choices import HOLE, HOLE_RULES
from ...base.errors import NEVER_CANCELLED, Cancellation, InputError, OutputError, ProgressCallback
from ...base.files.open_datasource import check_content
from ...base.files.writing import check_writable, is_same_file, write_atomically
from ...geometry.crs import make_lonlat_transformer
from ...geometry.statutory_area import measure_statutory_area
from ...plan.io import DRIVER_ERRORS
from ...plan.io.geopackage_writing import append_rows
from ...standard.template import CodeList, Template, TemplateField
from ..boundary_points.parcels import measure_plane_areas
from ..create import create_database, stage_geopackage
from .drawing import DrawingImport, DrawingLine, DrawingPolygon, DrawingText, LeftOut, Ring
from .drawing_sentences import TABLE_SUFFIXES, LeftOutReasons, write_left_out_table
from .mapping import DrawingMapping, DrawingSettings, load_mapping, load_settings
from .placing import choose_crs, choose_unit, is_statement, take_lines_in_place
from .polygons import assign_texts, join_outlines, make_polygons
from .straighten import write_straight_copy
from .tags import DrawingTags, read_tags

#: Options of the driver. Entities of a block stay separate, each in its layer, and none is dropped.
_DRIVER_OPTIONS = {
    "DXF_ENCODING": "UTF-8",
    "DXF_INLINE_BLOCKS": "TRUE",
    "DXF_MERGE_BLOCK_GEOMETRIES": "FALSE",
    "DXF_FEATURE_LIMIT_PER_BLOCK": "-1",
}
LAYER_SUFFIX = ".gpkg"
_READ_SHARE, _SHAPES_SHARE = 0.5, 0.8
#: Fields that each layer has in addition to its template: where in the drawing a polygon is, and areas in m².
LAYER_FIELD, HANDLE_FIELD, TEXT_FIELD, GAP_FIELD = "TZTC", "TZJB", "TZWZ", "TZBHJL"
PLANE_FIELD, STATUTORY_FIELD = "TZPMMJ", "TZTQMJ"
_DRAWING_FIELDS = (
    TemplateField(LAYER_FIELD, "图纸图层", "text", "C"),
    TemplateField(HANDLE_FIELD, "图纸图元句柄", "text", "C"),
    TemplateField(TEXT_FIELD, "图纸文字", "text", "C"),
    TemplateField(GAP_FIELD, "图纸闭合间隙（米）", "real", "C"),
    TemplateField(PLANE_FIELD, "图纸平面面积（平方米）", "real", "C"),
    TemplateField(STATUTORY_FIELD, "图纸图斑椭球面积（平方米）", "real", "C"),
)


@dataclass(frozen=True)
class DrawingContent:
    """Lines and texts of a drawing in metres.

    ``deviation_m``: largest distance of a curve from its chords; ``curve_count``: number of curves in the drawing and
    in its blocks.
    """

    lines: list[DrawingLine]
    texts: list[DrawingText]
    left_out: list[LeftOut]
    deviation_m: float
    curve_count: int


def read_lines(drawing: DrawingTags, metres_per_unit: float, tolerance_m: float) -> DrawingContent:
    """Return lines and texts; curves are replaced by chords within the tolerance. The file does not change.

    Raise InputError if the driver cannot read the drawing, or as `check_content`.
    """
    with tempfile.TemporaryDirectory(prefix="sanxian-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "straight.dxf"
        copy = write_straight_copy(drawing, path, tolerance_m / metres_per_unit)
        check_content(path, drawing.path)
        # QGIS may use the same driver: its options are restored.
        former = {name: pyogrio.get_gdal_config_option(name) for name in _DRIVER_OPTIONS}
        pyogrio.set_gdal_config_options(_DRIVER_OPTIONS)
        try:
            meta, _, geometry, columns = pyogrio.raw.read(path, encoding="UTF-8")
        except DRIVER_ERRORS as error:
            raise InputError("drawing_unreadable", file=drawing.path.name, detail=type(error).__name__) from error
        finally:
            restored = {name: None if value is None else str(value) for name, value in former.items()}
            pyogrio.set_gdal_config_options(restored)
    values = dict(zip(meta["fields"], columns, strict=True))
    shapes = shapely.from_wkb(geometry)
    lines: list[DrawingLine] = []
    texts: list[DrawingText] = []
    for shape, layer, handle, text in zip(shapes, values["Layer"], values["EntityHandle"], values["Text"], strict=True):
        if shape is None or shape.is_empty:
            continue
        kind = copy.kind_by_handle.get(handle, "ATTRIB")
        parts = shapely.get_parts(shape)
        if shapely.get_type_id(parts[0]) == shapely.GeometryType.POINT:
            if text:
                x, y = (shapely.get_coordinates(parts[0])[0] * metres_per_unit).tolist()
                texts.append(DrawingText(handle, layer, kind, " ".join(text.split()), (x, y)))
            continue
        lines += [DrawingLine(handle, layer, kind, shapely.get_coordinates(part) * metres_per_unit) for part in parts]
    left_out = [
        replace(one, place=(one.place[0] * metres_per_unit, one.place[1] * metres_per_unit)) if one.place else one
        for one in copy.left_out
    ]
    return DrawingContent(lines, texts, left_out, copy.deviation * metres_per_unit, copy.curve_count)


@dataclass(frozen=True)
class DrawingOptions:
    """How a drawing is imported.

    ``mapping``: id or path of a mapping; ``crs_text``, ``unit``: empty if the drawing is to state them;
    ``tolerance_m``: largest distance of a curve from its chords; ``closing_m``: largest gap that is closed;
    ``hole_rule``: one of `HOLE_RULES`; ``lang``: of the table.
    """

    mapping: str = ""
    crs_text: str = ""
    unit: str = ""
    tolerance_m: float | None = None
    closing_m: float | None = None
    hole_rule: str = HOLE
    lang: str = "zh"


def check_import_outputs(source: str | Path, output: str | Path, table: str | Path = "") -> None:
    """Raise OutputError if the layers or the table cannot be written; called before the drawing is read."""
    if Path(output).suffix.lower() != LAYER_SUFFIX:
        raise OutputError("output_format", target=str(output), known=LAYER_SUFFIX)
    check_writable(output, [str(source)])
    if table:
        if Path(table).suffix.lower() not in TABLE_SUFFIXES:
            raise OutputError("output_format", target=str(table), known=" ".join(TABLE_SUFFIXES))
        if is_same_file(output, table):
            raise OutputError("output_twice", target=str(table))
        check_writable(table, [str(source)])


def _read_distances(options: DrawingOptions, settings: DrawingSettings) -> tuple[float, float]:
    """Return tolerance and closing distance in metres.

    Raise InputError for a distance or a hole rule that is not allowed.
    """
    tolerance_m = settings.tolerance_m if options.tolerance_m is None else options.tolerance_m
    low, high = settings.tolerance_range_m
    if not low <= tolerance_m <= high:
        raise InputError("drawing_tolerance", value=f"{tolerance_m:g}", low=f"{low:.6f}", high=f"{high:g}")
    closing_m = settings.closing_m if options.closing_m is None else options.closing_m
    if not 0 <= closing_m <= settings.most_closing_m:
        raise InputError("drawing_closing", value=f"{closing_m:g}", high=f"{settings.most_closing_m:g}")
    if options.hole_rule not in HOLE_RULES:
        raise InputError("drawing_hole_rule", value=options.hole_rule, known=", ".join(HOLE_RULES))
    return tolerance_m, closing_m


def import_drawing(
    source: str | Path,
    output: str | Path,
    table: str | Path = "",
    *,
    options: DrawingOptions | None = None,
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> DrawingImport:
    """Write the closed outlines of a drawing as polygons to a new GeoPackage; the drawing does not change.

    The GeoPackage has a layer for each template of the mapping that has polygons, in the CRS of the drawing.

    Parameters
    ----------
    table
        Path of a table (.csv, .xlsx) of what was not taken, empty for none.

    Raises
    ------
    InputError, DataError
        The drawing cannot be read (DWG, damaged), its unit or its CRS must be given, an option is wrong, or no outline
        can be taken; in the last case the table is written, and no layer.
    OutputError
        A file cannot be written; existing files stay.
    Cancelled
        The user cancelled; nothing is written.
    """
    options = options or DrawingOptions()
    check_import_outputs(source, output, table)
    mapping = load_mapping(options.mapping)
    settings = load_settings()
    tolerance_m, closing_m = _read_distances(options, settings)
    drawing = read_tags(Path(source))
    metres_per_unit = choose_unit(drawing, options.unit)
    cancellation.raise_if_cancelled()
    content = read_lines(drawing, metres_per_unit, tolerance_m)
    progress(_READ_SHARE, "")
    cancellation.raise_if_cancelled()
    lines, left_out = _take_mapped(content, mapping)
    if not lines and content.lines and not any(one.layer and one.key != "unmapped" for one in left_out):
        listed = "、".join(sorted({line.layer for line in content.lines})[: settings.most_listed]) or "—"
        raise InputError("drawing_no_layer", file=drawing.path.name, layers=listed)
    table_path = Path(table) if table else None
    if not lines:
        _refuse_without_polygon(drawing, left_out if content.lines else content.left_out, table_path, options.lang)
    crs = choose_crs(drawing, lines, content.texts, options.crs_text)
    lines, out_of_place = take_lines_in_place(lines, crs)
    left_out += out_of_place
    polygons, closed, not_taken = _make_all_polygons(lines, closing_m, options.hole_rule, cancellation)
    left_out += not_taken
    targets = {layer: target for layer in {p.layer for p in polygons} if (target := mapping.find_target(layer))}
    left_out += assign_texts([text for text in content.texts if not is_statement(text)], polygons, targets)
    progress(_SHAPES_SHARE, "")
    grouped: dict[str, list[DrawingPolygon]] = defaultdict(list)
    for polygon in polygons:
        grouped[targets[polygon.layer].template.role].append(polygon)
    frames = {role: _make_frame(members, crs) for role, members in grouped.items()}
    run = DrawingImport(
        source=drawing.path,
        path=Path(output),
        table_path=table_path,
        encoding=drawing.encoding,
        crs=crs,
        metres_per_unit=metres_per_unit,
        tolerance_m=tolerance_m,
        closing_m=closing_m,
        deviation_m=content.deviation_m,
        curve_count=content.curve_count,
        polygons_by_role=dict(grouped),
        name_by_role={target.template.role: target.template.name for target in targets.values()},
        areas_by_role={
            role: (float(frame[PLANE_FIELD].sum()), float(frame[STATUTORY_FIELD].sum()))
            for role, frame in frames.items()
        },
        closed=closed,
        left_out=left_out,
    )
    if not polygons:
        _refuse_without_polygon(drawing, left_out, table_path, options.lang)
    templates = {
        target.template.role: replace(target.template, fields=(*target.template.fields, *_DRAWING_FIELDS))
        for target in targets.values()
    }
    _write_outputs(run, frames, list(templates.values()), mapping.code_lists, options.lang, cancellation)
    progress(1.0, "")
    return run


def _refuse_without_polygon(drawing: DrawingTags, left_out: list[LeftOut], table: Path | None, lang: str) -> NoReturn:
    """Raise InputError with the entities of a drawing and why none became a polygon; write the table, if any."""
    if table:
        write_left_out_table(left_out, table, lang)
    counts = Counter(entity.type for entity in drawing.entities)
    found = "、".join(f"{kind} × {count}" for kind, count in counts.most_common()) or "—"
    reasons = LeftOutReasons(tuple(left_out))
    raise InputError("drawing_no_polygon", file=drawing.path.name, count=len(left_out), found=found, reasons=reasons)


def _take_mapped(content: DrawingContent, mapping: DrawingMapping) -> tuple[list[DrawingLine], list[LeftOut]]:
    """Return the lines of layers of the mapping, and what was left out: entities of these layers, other layers."""
    lines: list[DrawingLine] = []
    unmapped: dict[str, list[DrawingLine]] = defaultdict(list)
    for line in content.lines:
        if mapping.find_target(line.layer) is not None:
            lines.append(line)
        else:
            unmapped[line.layer].append(line)
    left_out = [one for one in content.left_out if not one.layer or mapping.find_target(one.layer) is not None]
    for layer, (example, *others) in sorted(unmapped.items()):
        x, y = example.vertices[0].tolist()
        params = {"count": 1 + len(others)}
        left_out.append(LeftOut("unmapped", layer, (example.handle,), example.kind, (x, y), params=params))
    return lines, left_out


def _make_all_polygons(
    lines: Sequence[DrawingLine], closing_m: float, hole_rule: str, cancellation: Cancellation
) -> tuple[list[DrawingPolygon], list[Ring], list[LeftOut]]:
    """Return the polygons of all layers, the outlines of which a gap was closed, and what was not taken."""
    by_layer: dict[str, list[DrawingLine]] = defaultdict(list)
    for line in lines:
        by_layer[line.layer].append(line)
    polygons: list[DrawingPolygon] = []
    closed: list[Ring] = []
    left_out: list[LeftOut] = []
    for members in cancellation.watch(by_layer.values()):
        rings, open_outlines = join_outlines(members, closing_m)
        closed += [ring for ring in rings if ring.gap_m]
        made, unusable = make_polygons(rings, hole_rule)
        polygons += made
        left_out += [*open_outlines, *unusable]
    return polygons, closed, left_out


def _make_frame(polygons: Sequence[DrawingPolygon], crs: CRS) -> gpd.GeoDataFrame:
    """Return the polygons of one layer of the database as rows."""
    shapes = np.array([polygon.shape for polygon in polygons], dtype=object)
    names = sorted({name for polygon in polygons for name in polygon.values})
    columns: dict[str, list[object]] = {
        **{name: [polygon.values.get(name) for polygon in polygons] for name in names},
        LAYER_FIELD: [polygon.layer for polygon in polygons],
        HANDLE_FIELD: [" ".join(polygon.handles) for polygon in polygons],
        TEXT_FIELD: ["；".join(polygon.texts) or None for polygon in polygons],
        GAP_FIELD: [polygon.gap_m for polygon in polygons],
        PLANE_FIELD: list(measure_plane_areas(shapes)),
        STATUTORY_FIELD: measure_statutory_area(shapes, make_lonlat_transformer(crs)).tolist(),
    }
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=crs)


def _write_outputs(
    run: DrawingImport,
    frames: dict[str, gpd.GeoDataFrame],
    templates: Iterable[Template],
    code_lists: Mapping[str, CodeList],
    lang: str,
    cancellation: Cancellation,
) -> None:
    """Write the layers and the table; both files move to their targets at the end."""
    with stage_geopackage(run.path) as database:
        create_database(database, templates, run.crs, code_lists=code_lists, cancellation=cancellation)
        for role, frame in cancellation.watch(frames.items()):
            append_rows(frame, database, role)
        with write_atomically(run.path) as new:
            shutil.copyfile(database, new)
            if run.table_path:
                write_left_out_table(run.left_out, run.table_path, lang)

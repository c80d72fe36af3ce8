# SPDX-License-Identifier: GPL-2.0-or-later
"""Export polygons as a boundary-point file: unchanged parcels as they were imported, others by the form.

The features of a layer that can be exported become parcels with their values and points; each other one becomes a note.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from ....paths import BOUNDARY_POINTS_FOLDER
from ...base.errors import NEVER_CANCELLED, Cancellation, InputError, OutputError, ProgressCallback
from ...base.files.cells import format_cell
from ...base.files.data import list_data_ids
from ...base.files.writing import check_writable, write_atomically
from ...geometry.crs import describe_crs, make_crs_label, make_gauss_kruger_crs, parse_crs, reproject_geometries
from ...plan.io import read_source
from ...plan.layer import SourceLayer
from .crs_choice import ZONE_STEP_M, get_zone_and_width, require_gauss_kruger, require_usable_crs
from .forms import AUTOMATIC, TABLE_KIND, TEXT_KIND, PointForm, load_form, load_settings, normalise_word
from .numbered_points import WrittenRings, infer_numbering, make_written_rings
from .parcels import (
    NoteLevel,
    Place,
    PointNote,
    PointParcel,
    RawParcel,
    compare_areas,
    format_area,
    get_square_metres,
    make_note_on_parcels,
    measure_plane_areas,
    parse_area,
)
from .stored import DECLARED_FIELD, FIELD_BY_ITEM, RECORD_FIELD, DamagedRecordError, StoredParcel, parse_record
from .write_points import WrittenParcel, make_cell_text, make_file_bytes

#: Areas (m²) that differ by less are the same value, read from another format.
_SAME_AREA_M2 = 1e-6
_WORKBOOK_SUFFIX = ".xlsx"
_TABLE_SUFFIXES = (".csv", _WORKBOOK_SUFFIX)


def read_polygon_layer(source: str, name: str) -> SourceLayer:
    """Return a layer of a source by its name; without a name the only one that the source has.

    Raise InputError if it is missing, or if a source of several layers is given without a name.
    """
    layers = read_source(source, select_layer=lambda layer: name.upper() in ("", layer.name.upper()))
    known = ", ".join(layer.name for layer in layers)
    wanted = [layer for layer in layers if name.upper() in ("", layer.name.upper())]
    if not wanted:
        raise InputError("boundary_layer_missing", source=source, layer=name, layers=known)
    if len(wanted) > 1:
        raise InputError("boundary_layer_choice", source=source, layers=known)
    return wanted[0]


@dataclass(frozen=True)
class ExportFeature:
    """A feature to export. ``attributes``: item → text; ``declared_m2``: None without a value in the field."""

    fid: int
    shape: BaseGeometry
    attributes: dict[str, str]
    has_declared_field: bool
    declared_m2: float | None
    stored: StoredParcel | None


@dataclass
class ExportLog:
    """Notes of an export, and parcels to list together in one note."""

    notes: list[PointNote] = field(default_factory=list)
    labels_by_key: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def read_features(layer: SourceLayer, log: ExportLog, cancellation: Cancellation) -> list[ExportFeature]:
    """Return the features of a layer that can be written; each other one becomes a note."""
    frame = layer.frame
    column_by_name = {str(name).upper(): name for name in frame.columns if name != frame.geometry.name}
    curves = set(layer.curve_texts)
    features = []
    for fid, shape, row in cancellation.watch(zip(frame.index, frame.geometry, frame.to_dict("records"), strict=True)):

        def read(field_name: str, row: dict = row) -> str:
            """Return the text in a field; empty if the layer lacks it."""
            column = column_by_name.get(field_name)
            return "" if column is None else format_cell(row[column])

        attributes = {item: read(name) for item, (name, _) in FIELD_BY_ITEM.items() if name in column_by_name}
        label = attributes.get("name") or attributes.get("number") or f"#{fid}"
        problem = _find_shape_problem(shape, fid in curves)
        if problem:
            log.notes.append(PointNote(problem, NoteLevel.ERROR, None, label, {"fid": int(fid)}))
            continue
        try:
            stored = parse_record(read(RECORD_FIELD))
        except DamagedRecordError:
            log.notes.append(PointNote("record_damaged", NoteLevel.WARNING, None, label, {"field": RECORD_FIELD}))
            stored = None
        has_declared = DECLARED_FIELD in column_by_name
        value = row[column_by_name[DECLARED_FIELD]] if has_declared else None
        declared_m2 = None if value is None or pd.isna(value) else float(value)
        features.append(ExportFeature(int(fid), shapely.force_2d(shape), attributes, has_declared, declared_m2, stored))
    return features


def _find_shape_problem(shape: BaseGeometry | None, has_arcs: bool) -> str:
    """Return the key of the note on why a shape cannot be written; empty if it can."""
    if shape is None or shape.is_empty:
        return "shape_missing"
    if shape.geom_type not in ("Polygon", "MultiPolygon"):
        return "shape_not_polygon"
    if has_arcs:
        return "shape_arcs"
    return "" if shapely.is_valid(shape) else "shape_invalid"


def compute_easting_shift(source_crs: CRS | None, crs: CRS) -> int | None:
    """Return what is added to eastings for another CRS with the same central meridian; None without such a CRS."""
    if source_crs is None or source_crs.is_geographic:
        return None
    old_frame, new_frame = describe_crs(source_crs), describe_crs(crs)
    if old_frame.central_meridian != new_frame.central_meridian:
        return None
    shift_m = new_frame.false_easting - old_frame.false_easting
    return round(shift_m) if shift_m % ZONE_STEP_M == 0 else None


def make_written_parcel(
    feature: ExportFeature, shape: BaseGeometry, number: int, form: PointForm, crs: CRS, log: ExportLog
) -> WrittenParcel:
    """Return a feature as it is written. ``shape``: in the CRS to write; ``number``: its position, from 1."""
    stored = feature.stored
    shift_m = compute_easting_shift(parse_crs(stored.crs), crs) if stored else None
    rings = make_written_rings(shape, stored, form, shift_m)
    is_same_form = stored is not None and stored.form == form.id
    former_values = stored.values if stored else {}
    values = {item: former_values.get(item, "") for item in form.parcel.items}
    values |= {item: text for item, text in feature.attributes.items() if item in form.parcel.items}
    texts = {item: text.strip() for item, text in values.items()}
    values = {item: make_cell_text(text, form) for item, text in values.items()}
    is_text_changed = values != texts
    values["kind"] = former_values.get("kind", "面")
    label = values.get("name") or values.get("number") or f"#{number}"
    if is_text_changed:
        log.labels_by_key["changed_text"].append(label)
    if not rings.are_kept:
        log.labels_by_key["renumbered" if stored else "numbered"].append(label)
    plane_m2 = measure_plane_areas(np.array([rings.plane_shape], dtype=object))[0]
    values["area"] = _choose_area(feature, rings, plane_m2, form)
    if is_same_form and rings.are_kept:
        values["count"] = former_values.get("count", "")
    else:
        numbering = infer_numbering(stored, form) if stored is not None and is_same_form else form.numbering
        values["count"] = str(len(rings.points) - (0 if numbering.counts_closing else rings.closing_count))
    raw = RawParcel(number, Place(0), values=values)
    declared, _ = parse_area(values["area"])
    unit_m2 = load_settings().area_units[form.numbers.area_unit]
    parcel = PointParcel(raw, (), shape, float(declared) * unit_m2 if declared else None, plane_m2)
    if not is_same_form or not rings.are_kept or values["area"] != former_values.get("area", ""):
        log.notes += [PointNote(note.key, note.level, None, label, note.params) for note in compare_areas(parcel, form)]
    cells = stored.cells if stored is not None and is_same_form and form.kind == TEXT_KIND else None
    return WrittenParcel(values, former_values, cells, rings.points)


def _choose_area(feature: ExportFeature, rings: WrittenRings, plane_m2: float, form: PointForm) -> str:
    """Return the declared area to write.

    It is the text of the record while land and field are unchanged; the value of the field if the user set it; else the
    area in the plane. A declared area that was empty stays empty while the land is unchanged.
    """
    stored, unit_m2 = feature.stored, load_settings().area_units[form.numbers.area_unit]
    stored_number = parse_area(stored.values.get("area", ""))[0] if stored else ""
    stored_unit_m2 = get_square_metres(stored.area_unit) if stored else 0.0
    stored_m2 = float(stored_number) * stored_unit_m2 if stored_number and stored_unit_m2 else None
    declared_m2 = feature.declared_m2 if feature.has_declared_field else stored_m2
    is_set = declared_m2 is not None and (stored_m2 is None or abs(declared_m2 - stored_m2) > _SAME_AREA_M2)
    if stored is not None and rings.are_kept and not is_set and (declared_m2 is None) == (stored_m2 is None):
        has_same_unit = normalise_word(stored.area_unit) == normalise_word(form.numbers.area_unit)
        if stored_m2 is None or (stored.form == form.id and (has_same_unit or form.kind == TEXT_KIND)):
            return stored.values.get("area", "") if stored.form == form.id else ""
        return format_area(stored_m2, unit_m2, form.numbers.area_decimals)
    if is_set and declared_m2 is not None:
        return format_area(declared_m2, unit_m2, form.numbers.area_decimals)
    if stored is not None and rings.are_kept:
        # The user emptied the field.
        return ""
    return format_area(plane_m2, unit_m2, form.numbers.area_decimals)


@dataclass(frozen=True)
class PointExport:
    """The result of an export.

    ``feature_count``: features of the layer, those that were left out included.
    """

    path: Path
    form: PointForm
    crs: CRS
    parcel_count: int
    point_count: int
    feature_count: int
    notes: tuple[PointNote, ...]


def check_export_output(inputs: list[str], output: str | Path, form_name: str) -> None:
    """Raise OutputError or DataError if the file cannot be written in the form; called before the layer is read."""
    suffix = Path(output).suffix.lower()
    if form_name not in ("", AUTOMATIC):
        form = load_form(form_name)
        fits = suffix in _TABLE_SUFFIXES if form.kind == TABLE_KIND else suffix not in (_WORKBOOK_SUFFIX, "")
        if not fits:
            known = " ".join(_TABLE_SUFFIXES) if form.kind == TABLE_KIND else ".txt"
            raise OutputError("output_format", target=str(output), known=known)
    elif suffix not in (".txt", *_TABLE_SUFFIXES):
        raise OutputError("output_format", target=str(output), known=" ".join((".txt", *_TABLE_SUFFIXES)))
    check_writable(output, inputs)


def export_boundary_points(
    layer: SourceLayer,
    output: str | Path,
    *,
    form_name: str = AUTOMATIC,
    crs_text: str = "",
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> PointExport:
    """Write the polygons of a layer as a boundary-point file; the layer does not change.

    A parcel whose land and attributes are as imported is written as its file wrote it: names, closing points, counts,
    digits, blanks. Points of other parcels are numbered by the form, which begins at the north-west corner and runs
    clockwise unless the form states otherwise.

    Parameters
    ----------
    layer
        Polygons in a Gauss–Krüger zone of CGCS2000, or in degrees of CGCS2000 with ``crs_text``.
    form_name
        Id or path of a form; `AUTOMATIC` takes the form of the import, else the usual one for the suffix of ``output``.
    crs_text
        CRS to write, as ``EPSG:4526``; empty for that of the layer.

    Raises
    ------
    InputError
        The layer cannot be read, its CRS is unusable, or none of its features can be written.
    DataError
        The form is unknown or has an error.
    OutputError
        The file cannot be written; an existing file stays.
    Cancelled
        The user cancelled; nothing is written.
    """
    check_export_output([], output, form_name)
    if layer.problem is not None:
        key, params = layer.problem
        unusable = key, {"layer": layer.name, "role": layer.name, **params}
        raise InputError("boundary_layer_unusable", layer=layer.name, unusable=unusable)
    source_crs, base_crs = _choose_base_crs(layer, crs_text)
    log = ExportLog()
    features = read_features(layer, log, cancellation)
    form = _choose_form(features, Path(output), form_name, log)
    crs = _choose_written_crs(base_crs, form, features, keeps_number=bool(crs_text))
    shift_m = compute_easting_shift(source_crs, crs)
    parcels = []
    for number, feature in cancellation.watch(enumerate(features, 1)):
        shape = feature.shape
        if shift_m is None:
            shape = reproject_geometries(np.array([shape], dtype=object), source_crs, crs)[0]
        elif shift_m:
            # Only the zone number differs: a reprojection would round.
            shape = shapely.transform(shape, lambda xy: xy + np.array([shift_m, 0.0]))
        parcels.append(make_written_parcel(feature, shape, number, form, crs, log))
        progress(number / len(features), "")
    if not parcels:
        reason = log.notes[0] if log.notes else PointNote("no_features", NoteLevel.ERROR)
        raise InputError("boundary_nothing_to_export", layer=layer.name, reason=reason)
    if form.kind == TABLE_KIND:
        # A parcel with number and name of the one before gets its position as number.
        distinct: list[WrittenParcel] = []
        for position, parcel in enumerate(parcels, 1):
            keys = [(one.values.get("number", ""), one.values.get("name", "")) for one in (*distinct[-1:], parcel)]
            if keys[-1] == ("", "") or (len(keys) > 1 and keys[0] == keys[1]):
                parcel = replace(parcel, values=parcel.values | {"number": str(position)})
                log.labels_by_key["given_number"].append(parcel.values["name"] or str(position))
            distinct.append(parcel)
        parcels = distinct
    layouts = [feature.stored.layout for feature in features if feature.stored and feature.stored.form == form.id]
    stored_crs = next((one.stored.crs for one in features if one.stored and one.stored.form == form.id), "")
    header_count = len({layout.header for layout in layouts})
    if header_count > 1:
        log.notes.append(PointNote("mixed_headers", NoteLevel.WARNING, params={"count": header_count}))
    content = make_file_bytes(Path(output), parcels, form, crs, layouts[0] if layouts else None, stored_crs)
    with write_atomically(output) as target:
        target.write_bytes(content)
    point_count = sum(len(parcel.points) for parcel in parcels)
    log.notes += [make_note_on_parcels(key, labels) for key, labels in log.labels_by_key.items()]
    notes = tuple(replace(note, file_name=layer.name) for note in log.notes)
    return PointExport(Path(output), form, crs, len(parcels), point_count, len(layer.frame), notes)


def _choose_base_crs(layer: SourceLayer, crs_text: str) -> tuple[CRS, CRS]:
    """Return the CRS of a layer, and the one to write, whose zone number may still change.

    Raise InputError for a layer without CRS, in another datum than CGCS2000, or in degrees without ``crs_text``.
    """
    if layer.crs is None:
        raise InputError("boundary_layer_no_crs", layer=layer.name)
    frame = describe_crs(layer.crs)
    if not frame.is_cgcs2000:
        raise InputError("boundary_layer_datum", layer=layer.name, crs=make_crs_label(layer.crs))
    if crs_text:
        return layer.crs, require_usable_crs(crs_text)
    if frame.is_geographic:
        raise InputError("boundary_layer_degrees", layer=layer.name)
    require_gauss_kruger(layer.crs)
    return layer.crs, layer.crs


def _choose_form(features: list[ExportFeature], output: Path, form_name: str, log: ExportLog) -> PointForm:
    """Return the form to write: the given one, else that of most records that fits the suffix, else the usual one."""
    if form_name not in ("", AUTOMATIC):
        return load_form(form_name)
    kind = TABLE_KIND if output.suffix.lower() in _TABLE_SUFFIXES else TEXT_KIND
    known = list_data_ids(BOUNDARY_POINTS_FOLDER)
    for name, count in Counter(feature.stored.form for feature in features if feature.stored).most_common():
        if name not in known:
            log.notes.append(PointNote("form_missing", NoteLevel.WARNING, params={"form": name, "count": count}))
        elif load_form(name).kind == kind:
            return load_form(name)
    return load_form("table" if kind == TABLE_KIND else "txt")


def _choose_written_crs(base_crs: CRS, form: PointForm, features: list[ExportFeature], *, keeps_number: bool) -> CRS:
    """Return the CRS to write: zone of ``base_crs``, with or without zone number as the form states.

    ``keeps_number``: the user gave the CRS. If the form is that of the import, the layer's CRS is kept too.
    """
    is_imported = any(feature.stored is not None and feature.stored.form == form.id for feature in features)
    has_number = describe_crs(base_crs).has_zone_prefix
    if keeps_number or is_imported or form.numbers.zone_number in ("stored", "with" if has_number else "without"):
        return base_crs
    return make_gauss_kruger_crs(*get_zone_and_width(base_crs), has_number=not has_number)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Export polygons as a boundary-point file: unchanged parcels as they were imported, others by the form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import shapely
from pyproj import CRS

from ...base.cancellation import NEVER_CANCELLED, Cancellation
from ...base.errors import InputError, OutputError
from ...base.files.writing import check_writable, write_atomically
from ...geometry.crs import describe_crs, make_crs_label, make_gauss_kruger_crs, reproject_geometries
from ...plan.layer import SourceLayer
from .crs_choice import get_zone_and_width, require_gauss_kruger, require_usable_crs
from .export_features import ExportFeature, ExportLog, read_features
from .export_parcels import compute_easting_shift, make_keys_distinct, make_written_parcel
from .forms import AUTOMATIC, TABLE_KIND, TEXT_KIND, PointForm, list_form_ids, load_form
from .parcels import NoteLevel, PointNote
from .write_points import make_file_bytes

ProgressCallback = Callable[[float, str], None]
_WORKBOOK_SUFFIX = ".xlsx"
_TABLE_SUFFIXES = (".csv", _WORKBOOK_SUFFIX)
#: Form of a file whose layer was not imported, by the suffix of the file.
_DEFAULT_FORMS = {".csv": "table", _WORKBOOK_SUFFIX: "table"}
_DEFAULT_TEXT_FORM = "txt"


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
    for number, feature in enumerate(features, 1):
        cancellation.raise_if_cancelled()
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
        parcels = make_keys_distinct(parcels, log)
    layouts = [feature.stored.layout for feature in features if feature.stored and feature.stored.form == form.id]
    stored_crs = next((one.stored.crs for one in features if one.stored and one.stored.form == form.id), "")
    if len({layout.header for layout in layouts}) > 1:
        log.add(NoteLevel.WARNING, "mixed_headers", count=len({layout.header for layout in layouts}))
    content = make_file_bytes(Path(output), parcels, form, crs, layouts[0] if layouts else None, stored_crs)
    with write_atomically(output) as target:
        target.write_bytes(content)
    point_count = sum(len(parcel.points) for parcel in parcels)
    notes = tuple(replace(note, file_name=layer.name) for note in log.make_notes())
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
    suffix = output.suffix.lower()
    kind = TABLE_KIND if suffix in _TABLE_SUFFIXES else TEXT_KIND
    known = list_form_ids()
    for name, count in Counter(feature.stored.form for feature in features if feature.stored).most_common():
        if name not in known:
            log.add(NoteLevel.WARNING, "form_missing", form=name, count=count)
        elif load_form(name).kind == kind:
            return load_form(name)
    return load_form(_DEFAULT_FORMS.get(suffix, _DEFAULT_TEXT_FORM))


def _choose_written_crs(base_crs: CRS, form: PointForm, features: list[ExportFeature], *, keeps_number: bool) -> CRS:
    """Return the CRS to write: zone of ``base_crs``, with or without zone number as the form states.

    ``keeps_number``: the user gave the CRS. If the form is that of the import, the layer's CRS is kept too.
    """
    is_imported = any(feature.stored is not None and feature.stored.form == form.id for feature in features)
    has_number = describe_crs(base_crs).has_zone_prefix
    if keeps_number or is_imported or form.zone_number == ("with" if has_number else "without"):
        return base_crs
    if form.zone_number == "stored":
        return base_crs
    return make_gauss_kruger_crs(*get_zone_and_width(base_crs), has_number=not has_number)

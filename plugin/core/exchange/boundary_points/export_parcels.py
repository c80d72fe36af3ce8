# SPDX-License-Identifier: GPL-2.0-or-later
"""The points and values of each parcel to write: as recorded while they are unchanged, else by the form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from ...geometry.crs import describe_crs, parse_crs
from .areas import compare_areas, format_area, get_square_metres, measure_plane_areas
from .cell_values import parse_area
from .crs_choice import ZONE_STEP_M
from .export_features import ExportFeature, ExportLog
from .export_rings import WrittenRings, infer_numbering, make_written_rings
from .forms import TEXT_KIND, PointForm
from .parcels import Place, PointNote, PointParcel, RawParcel
from .settings import load_settings, normalise_word
from .stored import StoredParcel
from .write_points import WrittenParcel, make_cell_text

_AREA_KIND = "面"
#: Areas (m²) that differ by less are the same value, read from another format.
_SAME_AREA_M2 = 1e-6


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
    values = {item: former_values.get(item, "") for item in form.parcel_items}
    values |= {item: text for item, text in feature.attributes.items() if item in form.parcel_items}
    texts = {item: text.strip() for item, text in values.items()}
    values = {item: make_cell_text(text, form) for item, text in values.items()}
    is_text_changed = values != texts
    values["kind"] = former_values.get("kind", _AREA_KIND)
    label = values.get("name") or values.get("number") or f"#{number}"
    if is_text_changed:
        log.list_parcel("changed_text", label)
    if not rings.are_kept:
        log.list_parcel("renumbered" if stored else "numbered", label)
    plane_m2 = measure_plane_areas(np.array([rings.plane_shape], dtype=object))[0]
    values["area"] = _choose_area(feature, rings, plane_m2, form)
    values["count"] = _choose_count(stored, rings, form, is_same_form=is_same_form)
    raw = RawParcel(number, Place(0), (), values, ())
    declared, _ = parse_area(values["area"])
    unit_m2 = load_settings().area_units[form.area_unit]
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
    stored, unit_m2 = feature.stored, load_settings().area_units[form.area_unit]
    stored_m2 = _read_stored_area(stored) if stored else None
    declared_m2 = feature.declared_m2 if feature.has_declared_field else stored_m2
    is_set = declared_m2 is not None and (stored_m2 is None or abs(declared_m2 - stored_m2) > _SAME_AREA_M2)
    if stored is not None and rings.are_kept and not is_set and (declared_m2 is None) == (stored_m2 is None):
        has_same_unit = normalise_word(stored.area_unit) == normalise_word(form.area_unit)
        if stored_m2 is None or (stored.form == form.id and (has_same_unit or form.kind == TEXT_KIND)):
            return stored.values.get("area", "") if stored.form == form.id else ""
        return format_area(stored_m2, unit_m2, form.area_decimals)
    if is_set and declared_m2 is not None:
        return format_area(declared_m2, unit_m2, form.area_decimals)
    if stored is not None and rings.are_kept:
        # The user emptied the field.
        return ""
    return format_area(plane_m2, unit_m2, form.area_decimals)


def _read_stored_area(stored: StoredParcel) -> float | None:
    """Return the declared area of a record in m²; None if it has none that can be read."""
    number, _ = parse_area(stored.values.get("area", ""))
    factor = get_square_metres(stored.area_unit)
    return float(number) * factor if number and factor else None


def _choose_count(stored: StoredParcel | None, rings: WrittenRings, form: PointForm, *, is_same_form: bool) -> str:
    """Return 界址点数 to write: as in the record while the land is unchanged, else counted as there or by the form."""
    if stored is not None and is_same_form and rings.are_kept:
        return stored.values.get("count", "")
    counts_closing = form.numbering.counts_closing
    if stored is not None and is_same_form:
        counts_closing = infer_numbering(stored, form).counts_closing
    return str(len(rings.points) - (0 if counts_closing else rings.closing_count))


def make_keys_distinct(parcels: list[WrittenParcel], log: ExportLog) -> list[WrittenParcel]:
    """Return the parcels of a table, each parcel with another number or name than the one before.

    A parcel with number and name of the one before gets its position as number.
    """
    distinct: list[WrittenParcel] = []
    for position, parcel in enumerate(parcels, 1):
        keys = [(one.values.get("number", ""), one.values.get("name", "")) for one in (*distinct[-1:], parcel)]
        if keys[-1] == ("", "") or (len(keys) > 1 and keys[0] == keys[1]):
            parcel = replace(parcel, values=parcel.values | {"number": str(position)})
            log.list_parcel("given_number", parcel.values["name"] or str(position))
        distinct.append(parcel)
    return distinct

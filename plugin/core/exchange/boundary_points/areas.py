# SPDX-License-Identifier: GPL-2.0-or-later
"""Areas of parcels in their plane, compared with the declared ones."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import shapely
from numpy.typing import NDArray

from ...standard.messages.texts import format_number
from .cell_values import parse_area
from .forms import PointForm
from .parcels import NoteLevel, PointNote, PointParcel, RawParcel
from .settings import load_settings, normalise_word

#: Share by which a declared area in another unit may differ from the area of the land.
_UNIT_DIFFERENCE = 0.001


def find_area_unit(raw: RawParcel, form: PointForm) -> tuple[str, float]:
    """Return the unit of a parcel's declared area, and its square metres.

    The unit is that in the cell, else that of the column, else that of the form. An unknown one has 0 m².
    """
    _, written = parse_area(raw.values.get("area", ""))
    unit = written or raw.area_unit or form.area_unit
    return unit, get_square_metres(unit)


def get_square_metres(unit: str) -> float:
    """Return the square metres of a unit of area; 0 for an unknown one."""
    units = {normalise_word(name): factor for name, factor in load_settings().area_units.items()}
    return units.get(normalise_word(unit), 0.0)


def parse_declared_area(raw: RawParcel, form: PointForm) -> float | None:
    """Return the declared area of a parcel in m²; None if none is declared or it cannot be read."""
    number, _ = parse_area(raw.values.get("area", ""))
    factor = find_area_unit(raw, form)[1]
    return float(number) * factor if number and factor else None


def format_area(area_m2: float, unit_m2: float, decimals: int) -> str:
    """Return an area in a unit, rounded half up to a number of decimals."""
    exact = Decimal(repr(area_m2)) / Decimal(repr(unit_m2))
    return f"{exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):f}"


def compare_areas(parcel: PointParcel, form: PointForm) -> list[PointNote]:
    """Return a note if a parcel's declared area is not its plane area, to the decimals of the form.

    ``parcel``: with areas. An area declared in another unit than the form's is named as such.
    """
    text = parcel.raw.values.get("area", "")
    unit, factor = find_area_unit(parcel.raw, form)
    if not text:
        return []
    if parcel.declared_m2 is None:
        params = {"value": text, "unit": unit}
        return [PointNote("area_unreadable", NoteLevel.WARNING, parcel.raw.place, parcel.label, params)]
    number = parse_area(text)[0]
    # A unit that is smaller than the form's has fewer decimals.
    decimals = form.area_decimals if unit == form.area_unit else 2
    if Decimal(format_area(parcel.plane_m2, factor, decimals)) == Decimal(format_area(float(number), 1.0, decimals)):
        return []
    for other, other_factor in load_settings().area_units.items():
        if abs(float(number) * other_factor - parcel.plane_m2) <= _UNIT_DIFFERENCE * parcel.plane_m2 and (
            other_factor != factor
        ):
            params = {"declared": text, "unit": unit, "other": other}
            return [PointNote("area_unit", NoteLevel.WARNING, parcel.raw.place, parcel.label, params)]
    params = {
        "declared": number,
        "unit": unit,
        "computed": format_area(parcel.plane_m2, factor, decimals),
        "difference": format_number(abs(parcel.declared_m2 - parcel.plane_m2), 2),
    }
    return [PointNote("area", NoteLevel.WARNING, parcel.raw.place, parcel.label, params)]


def measure_plane_areas(shapes: NDArray) -> list[float]:
    """Return the areas (m²) of (n,) polygons in their plane.

    Each is computed near the origin: with eastings of eight digits a product of coordinates has too few decimals.
    """
    return [
        float(shapely.area(shapely.transform(shape, lambda xy, shape=shape: xy - np.floor(shapely.bounds(shape)[:2]))))
        for shape in shapes
    ]

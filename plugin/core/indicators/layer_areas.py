# SPDX-License-Identifier: GPL-2.0-or-later
"""The areas of one layer on every basis side by side, what its own field says, and the parts adjusted to a control
area (平差)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..cancellation import NEVER, Cancellation
from ..errors import InputError
from ..files.cells import cell_text
from ..geometry import crs as crs_care
from ..geometry.statutory_area import geodesic_area, statutory_area
from ..geometry.validity import is_missing, make_valid_copies
from ..invariants import require_value
from ..loading.assembly import validate_coordinates
from ..loading.recognition import find_role
from ..plan.layer import SourceLayer

if TYPE_CHECKING:
    from ..messages.texts import Texts
    from ..profile import Norm
    from ..standard.template import Field, Template


#: The setting behind `adjust_areas`'s limit; its value is ours (C), the rule that parts are levelled to the control area the survey's.
LIMIT = "closure.limit_share"
#: Areas count in units of this (m²): finer than any rounding, and whole numbers add up exactly.
_UNIT_M2 = 1e-6


@dataclass(frozen=True)
class AreaAdjustment:
    """The parts of one control area. ``adjusted``: (n,) m², whole steps that add up to ``control_m2``; None when refused.

    ``control_m2`` is the control area rounded to the step, ``sum_m2`` what the parts measured, ``allowed_m2`` the most
    that they may be off, ``most_m2`` the largest correction of one part.
    """

    control_m2: float
    sum_m2: float
    allowed_m2: float
    adjusted: NDArray | None
    most_m2: float = 0.0

    @property
    def misclosure_m2(self) -> float:
        """闭合差: control area less sum of the parts."""
        return self.control_m2 - self.sum_m2

    @property
    def refused(self) -> bool:
        return self.adjusted is None


def adjust_areas(
    areas: NDArray, control_m2: float, *, limit_share: float, step_m2: float = 0.01, keys: Sequence[Any] | None = None
) -> AreaAdjustment:
    """Adjust (n,) areas (m², ≥ 0, unrounded) so that, rounded to ``step_m2``, they add up to the control area exactly.

    Each gets area × control ÷ sum, cut to whole steps; the steps that are left go to the largest remainders
    (Hare–Niemeyer), the smaller of ``keys`` first among equals, so that the order of rows decides nothing. No part
    changes by more than its share of the misclosure and one step. Where the misclosure is more than ``limit_share``
    of the control area and one step, nothing is adjusted: then parts overlap, or leave gaps, and that is to be mended
    first. Raises InputError when the control area is none, or there is nothing to adjust.
    """
    if not np.isfinite(control_m2) or control_m2 <= 0:
        raise InputError("closure_control", value=f"{control_m2:g}")
    unit = max(round(step_m2 / _UNIT_M2), 1)
    # Whole numbers of Python: they neither round nor overflow.
    parts = [round(a / _UNIT_M2) for a in np.asarray(areas, dtype=float).tolist()]
    control = round(control_m2 / _UNIT_M2 / unit)
    total = sum(parts)
    if total <= 0:
        raise InputError("closure_no_parts")
    control_rounded, summed = control * unit * _UNIT_M2, total * _UNIT_M2
    allowed = limit_share * control_m2 + step_m2
    if abs(control * unit - total) > allowed / _UNIT_M2:
        return AreaAdjustment(_clean(control_rounded, step_m2), summed, allowed, None)
    shares = [divmod(part * control, total) for part in parts]
    steps = [whole for whole, _ in shares]
    names = list(range(len(parts))) if keys is None else list(keys)
    order = sorted(range(len(parts)), key=lambda n: (-shares[n][1], -parts[n], names[n]))
    for n in order[: control - sum(steps)]:
        steps[n] += 1
    most = max(abs(step * unit - part) for step, part in zip(steps, parts, strict=True)) * _UNIT_M2
    adjusted = np.array([_clean(step * unit * _UNIT_M2, step_m2) for step in steps])
    return AreaAdjustment(_clean(control_rounded, step_m2), summed, allowed, adjusted, most)


def _clean(area: float, step_m2: float) -> float:
    """A whole number of steps as the nearest double to its decimals: 0.07, not 0.07000000000000001."""
    decimals = 0
    while decimals < 6 and abs(step_m2 * 10**decimals - round(step_m2 * 10**decimals)) > 1e-9:
        decimals += 1
    return round(area, decimals)


#: Where neither template nor user names one.
USUAL_FIELD = "MJ"
KEY = "BSM"
#: Digits after the point in m², where no template says.
DECIMALS = 2
#: What the values may be in instead of m², and how many m² that is.
OTHER_UNITS = {"ha": 1e4, "mu": 1e4 / 15, "km2": 1e6}


@dataclass
class Areas:
    """(n,) unrounded m² on three bases, NaN for rows without a usable shape (``without_shape``, positions).

    ``planar`` in the plane called ``plane`` (the layer's own, for degrees the 3° zone of its middle); ``geodesic`` with
    geodesics as edges; ``statutory`` as the annex prescribes. ``repaired``: rows measured by a repaired copy; ``stray``:
    rows whose coordinates lie where the CRS has no place; ``shapes`` what was measured, in the layer's own CRS.
    """

    planar: NDArray
    geodesic: NDArray
    statutory: NDArray
    plane: str
    shapes: NDArray
    without_shape: list[int]
    repaired: list[int]
    stray: list[int]

    def total(self, basis: str) -> float:
        return float(np.nansum(getattr(self, basis)))


def measure_areas(source: SourceLayer, norm: Norm, texts: Texts, cancellation: Cancellation = NEVER) -> Areas:
    """Measure every row. Only stored vertices count. InputError when coordinates and CRS contradict each other."""
    problem, stray = validate_coordinates(source)
    if problem is not None:
        role = find_role(source, norm)[0] or source.name
        reason = texts.problem(problem[0], {"layer": source.name, "role": role, **problem[1]})
        raise InputError("areas_unusable", layer=source.name, reason=reason)
    crs = require_value(source.crs, "the CRS of a layer without a problem")
    drawn = source.frame.geometry.to_numpy().copy()
    drawn[list(stray)] = None
    shapes, repaired = make_valid_copies(drawn)
    cancellation.raise_if_cancelled()
    bare = is_missing(shapes)
    to_lonlat = crs_care.make_lonlat_transformer(crs)
    statutory = statutory_area(shapes, to_lonlat)
    cancellation.raise_if_cancelled()
    geodesic = geodesic_area(shapes, to_lonlat, cancellation)
    plane = _plane(crs, shapes[~bare])
    planar = shapely.area(crs_care.reproject(shapes, crs, plane))
    for areas in (planar, geodesic, statutory):
        areas[bare] = np.nan
    rows = [np.flatnonzero(bare).tolist(), [n for n in repaired if not bare[n]], sorted(stray)]
    return Areas(planar, geodesic, statutory, crs_care.crs_label(plane), shapes, *rows)


def _plane(crs: crs_care.CRS, shapes: NDArray) -> crs_care.CRS:
    if not crs_care.describe_crs(crs).geographic:
        return crs
    xmin, ymin, xmax, ymax = shapely.total_bounds(shapes) if len(shapes) else (114.0, 36.0, 114.0, 36.0)
    return crs_care.choose_crs([], (xmin + xmax) / 2, (ymin + ymax) / 2)


def area_field(source: SourceLayer, norm: Norm, wanted: str = "") -> tuple[str, Field | None]:
    """The field that holds a layer's area, as written there, and what its template says of it (None: no template).

    Asked for by name, else the template's own (TBMJ, YJJBNTTBMJ, MJ), else MJ. It need not be there.
    """
    role = find_role(source, norm)[0]
    template: Template | None = norm.standard.templates.get(role)
    declared = None
    if template is not None:
        declared = template.field_named(wanted.upper()) if wanted else None
        declared = declared or (None if wanted else template.field("gross_area") or template.field("area"))
    name = wanted or (declared.name if declared else USUAL_FIELD)
    there = next((f.name for f in source.fields if f.name.upper() == name.upper()), name)
    return there, declared


def stored_values(source: SourceLayer, name: str) -> NDArray:
    """(n,) numbers of a field, NaN where there is none."""
    import pandas as pd

    values = pd.to_numeric(source.frame[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)


def list_keys(source: SourceLayer) -> list[str]:
    """Each row's BSM, empty where it has none."""
    column = next((f.name for f in source.fields if f.name.upper() == KEY), None)
    return [""] * len(source.frame) if column is None else [cell_text(v) for v in source.frame[column]]


def list_control_names(source: SourceLayer, norm: Norm) -> list[str]:
    """What each row of a control layer is called: the name of its division, else its BSM, else its feature id."""
    template = norm.standard.templates.get(find_role(source, norm)[0])
    declared = template.field("division_name") if template is not None else None
    column = next((f.name for f in source.fields if declared and f.name.upper() == declared.name), None)
    named = [""] * len(source.frame) if column is None else [cell_text(v) for v in source.frame[column]]
    rows = zip(named, list_keys(source), source.frame.index, strict=True)
    return [name or key or f"fid {fid}" for name, key, fid in rows]


@dataclass
class Compared:
    """``rounded`` (n,) the statutory areas as they are written, ``stored`` (n,) what the field says (NaN: nothing),
    ``difference`` (n,) stored less rounded; ``differs`` (n,) bool: by more than the tolerance, or nothing stored.

    ``unit``: what the stored values look like when that is not m² (``ha``, ``mu``, ``km2``).
    """

    rounded: NDArray
    stored: NDArray
    difference: NDArray
    differs: NDArray
    unit: str = ""


def compare_with_stored(areas: Areas, stored: NDArray | None, decimals: int, tolerance_m2: float) -> Compared:
    """Stored values ((n,) m², None when there is no such field) against the statutory ones, rounded alike."""
    rounded = np.round(areas.statutory, decimals)
    if stored is None:
        stored = np.full(len(rounded), np.nan)
    difference = np.round(stored - rounded, max(decimals, 4))
    there = ~np.isnan(rounded)
    # A double's own error is no difference.
    slack = tolerance_m2 + 1e-9 * np.nan_to_num(rounded) + 1e-6
    with np.errstate(invalid="ignore"):
        differs = there & (np.isnan(stored) | (np.abs(difference) > slack))
        factor = np.median((areas.statutory / stored)[there & (stored > 0)]) if (there & (stored > 0)).any() else 1.0
    unit = next((u for u, m2 in OTHER_UNITS.items() if abs(factor / m2 - 1) < 0.05), "")
    return Compared(rounded, stored, difference, differs, unit)


@dataclass
class AdjustedAreas:
    """Parts levelled to control areas. ``units``: name and closure of each control area that has parts;
    ``proposal`` (n,) m², NaN where nothing is proposed; ``parse_unit`` (n,) the control area's name of each part."""

    units: list[tuple[str, AreaAdjustment]]
    proposal: NDArray
    unit_of: list[str | None]
    outside: list[int] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)

    @property
    def control_m2(self) -> float:
        return sum(c.control_m2 for _, c in self.units)

    @property
    def misclosure_m2(self) -> float:
        return sum(c.misclosure_m2 for _, c in self.units)

    @property
    def refused(self) -> int:
        return sum(c.refused for _, c in self.units)


def adjust_to_total(
    areas: Areas, control_m2: float, keys: list[str], limit_share: float, step_m2: float, name: str = ""
) -> AdjustedAreas:
    """All parts levelled to one control area, given in m²."""
    here = np.flatnonzero(~np.isnan(areas.statutory))
    return _level(areas, [(name, control_m2, here)], keys, limit_share, step_m2)


def adjust_to_layer(
    areas: Areas,
    crs: crs_care.CRS,
    control: Areas,
    control_crs: crs_care.CRS,
    names: list[str],
    keys: list[str],
    limit_share: float,
    step_m2: float,
) -> AdjustedAreas:
    """Parts levelled to the statutory area of the control polygon that holds them (a point inside each decides)."""
    points = shapely.point_on_surface(crs_care.to_lonlat(areas.shapes, crs))
    holders = crs_care.to_lonlat(control.shapes, control_crs)
    tree = shapely.STRtree(points)
    holder = np.full(len(points), -1)
    row, point = tree.query(holders, predicate="covers")
    # Where control polygons overlap, the first has it: the misclosure of the other tells.
    order = np.argsort(-row, kind="stable")
    holder[point[order]] = row[order]
    units = [
        (name, float(control.statutory[n]), np.flatnonzero(holder == n))
        for n, name in enumerate(names)
        if not np.isnan(control.statutory[n])
    ]
    found = _level(areas, [u for u in units if len(u[2])], keys, limit_share, step_m2)
    found.outside = np.flatnonzero((holder < 0) & ~np.isnan(areas.statutory)).tolist()
    found.empty = [name for name, _, rows in units if not len(rows)]
    return found


def _level(
    areas: Areas, units: list[tuple[str, float, NDArray]], keys: list[str], limit_share: float, step_m2: float
) -> AdjustedAreas:
    proposal = np.full(len(areas.statutory), np.nan)
    unit_of: list[str | None] = [None] * len(proposal)
    closures = []
    for name, control_m2, rows in units:
        closure = adjust_areas(
            areas.statutory[rows],
            control_m2,
            limit_share=limit_share,
            step_m2=step_m2,
            keys=[(keys[n], n) for n in rows.tolist()],
        )
        closures.append((name, closure))
        for n in rows.tolist():
            unit_of[n] = name
        if closure.adjusted is not None:
            proposal[rows] = closure.adjusted
    return AdjustedAreas(closures, proposal, unit_of)

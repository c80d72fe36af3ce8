# SPDX-License-Identifier: GPL-2.0-or-later
"""Measure the areas of a layer's rows on several bases.

The areas are compared with the area field, or adjusted to a control area (平差).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.errors import NEVER_CANCELLED, Cancellation, InputError, require_value
from ...base.files.cells import format_cell
from ...geometry import crs as crs_care
from ...geometry.polygon_rings import find_inner_points
from ...geometry.statutory_area import compute_geodesic_area, measure_statutory_area
from ...geometry.validity import make_valid_copies, mask_missing_shapes
from ...model.indicator import SQUARE_METRES
from ...plan.layer import SourceLayer
from ...plan.loading.assembly import validate_coordinates
from ...plan.loading.recognition import find_role
from ...standard.messages.texts import Texts
from ...standard.profile import Norm
from ...standard.template import Template, TemplateField

#: The setting for the limit of `adjust_areas`. Its value is the plugin's (mark C). Adjusting parts to the control
#: area is a rule of the survey.
MISCLOSURE_LIMIT_SETTING = "closure.limit_share"
#: Areas are counted in units of this (m²), finer than any rounding; integers add up exactly.
_SMALLEST_UNIT_M2 = 1e-6
KEY_FIELD = "BSM"
#: Decimals in m² where the template gives none.
AREA_DECIMALS = 2


@dataclass(frozen=True)
class AreaAdjustment:
    """Parts of one control area, adjusted so that they add up to it.

    ``adjusted_m2``: (n,) m², whole steps that add up to ``control_m2``, None when refused; ``control_m2``: the control
    area rounded to the step; ``sum_m2``: sum of the measured parts; ``allowed_misclosure_m2``: the
    largest allowed misclosure; ``largest_correction_m2``: largest correction of one part.
    """

    control_m2: float
    sum_m2: float
    allowed_misclosure_m2: float
    adjusted_m2: NDArray | None
    largest_correction_m2: float = 0.0

    @property
    def misclosure_m2(self) -> float:
        """Misclosure (闭合差): control area minus the sum of the parts, m²."""
        return self.control_m2 - self.sum_m2

    @property
    def is_refused(self) -> bool:
        """True if the misclosure exceeds the limit, so that nothing is adjusted."""
        return self.adjusted_m2 is None


def adjust_areas(
    areas: NDArray, control_m2: float, *, limit_share: float, step_m2: float = 0.01, keys: Sequence[Any] | None = None
) -> AreaAdjustment:
    """Adjust areas so that, rounded to a step, they add up to the control area.

    Each part gets area × control ÷ sum, cut to whole steps. The remaining steps go to the largest remainders
    (Hare–Niemeyer method); among equal remainders the smaller key is first, so the order of rows has no effect. No part
    changes by more than its share of the misclosure and one step. Where the misclosure exceeds ``limit_share`` of the
    control area plus one step, nothing is adjusted: overlaps or gaps must be corrected first.

    Parameters
    ----------
    areas : (n,) array
        Unrounded areas, m², ≥ 0.
    control_m2 : float
        Control area, m².
    limit_share : float
        Largest misclosure as a share of the control area.
    step_m2 : float
        Unit of the result, m².
    keys : sequence of n, optional
        Sort keys for equal remainders; the row numbers by default.

    Raises
    ------
    InputError
        The control area is not a positive number, or the areas add up to 0.
    """
    if not np.isfinite(control_m2) or control_m2 <= 0:
        raise InputError("closure_control", value=f"{control_m2:g}")
    unit = max(round(step_m2 / _SMALLEST_UNIT_M2), 1)
    # Python's integers neither round nor overflow.
    parts = [round(a / _SMALLEST_UNIT_M2) for a in np.asarray(areas, dtype=float).tolist()]
    control = round(control_m2 / _SMALLEST_UNIT_M2 / unit)
    total = sum(parts)
    if total <= 0:
        raise InputError("closure_no_parts")
    control_rounded, summed = control * unit * _SMALLEST_UNIT_M2, total * _SMALLEST_UNIT_M2
    allowed_difference = limit_share * control_m2 + step_m2
    if abs(control * unit - total) > allowed_difference / _SMALLEST_UNIT_M2:
        return AreaAdjustment(_round_to_step(control_rounded, step_m2), summed, allowed_difference, None)
    shares = [divmod(part * control, total) for part in parts]
    steps = [whole_steps for whole_steps, _ in shares]
    part_keys = range(len(parts)) if keys is None else keys
    order = sorted(range(len(parts)), key=lambda n: (-shares[n][1], -parts[n], part_keys[n]))
    for n in order[: control - sum(steps)]:
        steps[n] += 1
    largest_change = max(abs(step * unit - part) for step, part in zip(steps, parts, strict=True)) * _SMALLEST_UNIT_M2
    adjusted = np.array([_round_to_step(step * unit * _SMALLEST_UNIT_M2, step_m2) for step in steps])
    return AreaAdjustment(
        _round_to_step(control_rounded, step_m2), summed, allowed_difference, adjusted, largest_change
    )


def _round_to_step(area: float, step_m2: float) -> float:
    """Return an area rounded to the decimals of the step: 0.07, not 0.07000000000000001."""
    decimals = (n for n in range(6) if abs(step_m2 * 10**n - round(step_m2 * 10**n)) <= 1e-9)
    return round(area, next(decimals, 6))


@dataclass
class LayerAreas:
    """Measured areas of a layer's rows, (n,) m² on three bases.

    They are unrounded, NaN for rows without a usable shape.

    ``planar``: in the CRS called ``plane_crs_name`` (the layer's CRS, for degrees the 3° zone of its middle);
    ``geodesic``: with geodesics as edges; ``statutory``: by the formula of 国土调查办发〔2008〕32号. ``without_shape``:
    positions of rows without a shape; ``repaired_rows``: rows measured by a repaired copy; ``rows_outside_zone``: rows
    with coordinates outside the valid area of the CRS; ``measured_shapes``: the measured shapes in the layer's CRS.
    """

    planar: NDArray
    geodesic: NDArray
    statutory: NDArray
    plane_crs_name: str
    measured_shapes: NDArray
    without_shape: list[int]
    repaired_rows: list[int]
    rows_outside_zone: list[int]

    def sum_area_m2(self, basis: str) -> float:
        """Return the sum of the areas on one basis, m²."""
        return float(np.nansum(getattr(self, basis)))


def measure_areas(
    source: SourceLayer, norm: Norm, texts: Texts, cancellation: Cancellation = NEVER_CANCELLED
) -> LayerAreas:
    """Measure the area of every row by its stored vertices, on three bases.

    Raises InputError where the coordinates contradict the CRS.
    """
    problem, stray = validate_coordinates(source)
    if problem is not None:
        raise InputError(
            "areas_unusable",
            layer=source.name,
            reason=texts.format_problem(
                problem[0], {"layer": source.name, "role": find_role(source, norm)[0] or source.name, **problem[1]}
            ),
        )
    crs = require_value(source.crs, "the CRS of a layer without a problem")
    stored_shapes = source.frame.geometry.to_numpy().copy()
    stored_shapes[list(stray)] = None
    shapes, repaired_positions = make_valid_copies(stored_shapes)
    cancellation.raise_if_cancelled()
    without_shape = mask_missing_shapes(shapes)
    to_lonlat = crs_care.make_lonlat_transformer(crs)
    statutory_areas = measure_statutory_area(shapes, to_lonlat)
    cancellation.raise_if_cancelled()
    geodesic_areas = compute_geodesic_area(shapes, to_lonlat, cancellation)
    plane = crs
    if crs_care.describe_crs(crs).is_geographic:
        # The 3° zone of the layer's middle.
        drawn = shapes[~without_shape]
        xmin, ymin, xmax, ymax = shapely.total_bounds(drawn) if len(drawn) else (114.0, 36.0, 114.0, 36.0)
        plane = crs_care.choose_crs([], (xmin + xmax) / 2, (ymin + ymax) / 2)
    planar_areas = shapely.area(crs_care.reproject_geometries(shapes, crs, plane))
    for areas in (planar_areas, geodesic_areas, statutory_areas):
        areas[without_shape] = np.nan
    return LayerAreas(
        planar_areas,
        geodesic_areas,
        statutory_areas,
        crs_care.make_crs_label(plane),
        shapes,
        np.flatnonzero(without_shape).tolist(),
        [n for n in repaired_positions if not without_shape[n]],
        sorted(stray),
    )


def find_area_field(source: SourceLayer, norm: Norm, requested: str = "") -> tuple[str, TemplateField | None]:
    """Return the name of a layer's area field, and its template's field or None.

    ``requested``: a name that comes first; then the field of the template (TBMJ, YJJBNTTBMJ, MJ), then MJ. The layer
    may lack the field.
    """
    template: Template | None = norm.standard.templates.get(find_role(source, norm)[0])
    template_field = None
    if template is not None and requested:
        template_field = template.find_field_by_name(requested.upper())
    elif template is not None:
        template_field = template.find_field("gross_area") or template.find_field("area")
    name = requested or (template_field.name if template_field else "MJ")
    actual_name = next((f.name for f in source.fields if f.name.upper() == name.upper()), name)
    return actual_name, template_field


def read_stored_areas(source: SourceLayer, name: str) -> NDArray:
    """Return (n,) numbers of a field, NaN where the value is missing."""
    import pandas as pd

    values = pd.to_numeric(source.frame[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)


def list_keys(source: SourceLayer) -> list[str]:
    """Return the key (BSM) of each row, empty where it is missing."""
    column = next((f.name for f in source.fields if f.name.upper() == KEY_FIELD), None)
    return [""] * len(source.frame) if column is None else [format_cell(v) for v in source.frame[column]]


def list_control_names(source: SourceLayer, norm: Norm) -> list[str]:
    """Return the name of each control area.

    It is the division name, else the key (BSM), else the feature id.
    """
    template = norm.standard.templates.get(find_role(source, norm)[0])
    template_field = template.find_field("division_name") if template is not None else None
    column = next((f.name for f in source.fields if template_field and f.name.upper() == template_field.name), None)
    name_texts = [""] * len(source.frame) if column is None else [format_cell(v) for v in source.frame[column]]
    rows = zip(name_texts, list_keys(source), source.frame.index, strict=True)
    return [name or key or f"fid {fid}" for name, key, fid in rows]


@dataclass
class StoredAreaComparison:
    """Stored areas of a layer compared with its statutory areas; (n,) m².

    ``rounded_m2``: the statutory areas rounded as written; ``stored_m2``: values of the field (NaN: missing);
    ``difference_m2``: stored minus rounded; ``is_different``: bool, a difference above the tolerance or a missing
    value; ``apparent_unit``: the apparent unit of the stored values if it is not m² (``ha``, ``mu``, ``km2``).
    """

    rounded_m2: NDArray
    stored_m2: NDArray
    difference_m2: NDArray
    is_different: NDArray
    apparent_unit: str = ""


def compare_with_stored(
    areas: LayerAreas, stored: NDArray | None, decimals: int, tolerance_m2: float
) -> StoredAreaComparison:
    """Compare stored areas with the statutory areas, rounded to the same decimals.

    ``stored``: (n,) m², None for a missing field.
    """
    rounded_areas = np.round(areas.statutory, decimals)
    if stored is None:
        stored = np.full(len(rounded_areas), np.nan)
    difference = np.round(stored - rounded_areas, max(decimals, 4))
    has_value = ~np.isnan(rounded_areas)
    # Ignore the rounding error of a double.
    slack = tolerance_m2 + 1e-9 * np.nan_to_num(rounded_areas) + 1e-6
    with np.errstate(invalid="ignore"):
        is_different = has_value & (np.isnan(stored) | (np.abs(difference) > slack))
        factor = (
            np.median((areas.statutory / stored)[has_value & (stored > 0)]) if (has_value & (stored > 0)).any() else 1.0
        )
    # Units that the values may have instead of m².
    unit = next((one for one in ("ha", "mu", "km2") if abs(factor / SQUARE_METRES[one] - 1) < 0.05), "")
    return StoredAreaComparison(rounded_areas, stored, difference, is_different, unit)


@dataclass
class AdjustedAreas:
    """Parts of a layer, adjusted to their control areas.

    ``control_area_adjustments``: name and adjustment of each control area with parts; ``proposed_m2``: (n,) m², NaN
    where nothing is proposed; ``control_name_of_part``: (n,) name of each part's control area;
    ``rows_outside_control``: rows in no control area; ``empty_control_names``: names of control areas without parts.
    """

    control_area_adjustments: list[tuple[str, AreaAdjustment]]
    proposed_m2: NDArray
    control_name_of_part: list[str | None]
    rows_outside_control: list[int] = field(default_factory=list)
    empty_control_names: list[str] = field(default_factory=list)

    @property
    def control_m2(self) -> float:
        """Sum of the control areas, m²."""
        return sum(c.control_m2 for _, c in self.control_area_adjustments)

    @property
    def misclosure_m2(self) -> float:
        """Sum of the misclosures (control area minus parts), m²."""
        return sum(c.misclosure_m2 for _, c in self.control_area_adjustments)

    @property
    def refused_count(self) -> int:
        """Number of control areas whose parts are not adjusted."""
        return sum(c.is_refused for _, c in self.control_area_adjustments)


def adjust_to_total(
    areas: LayerAreas, control_m2: float, keys: list[str], limit_share: float, step_m2: float, name: str = ""
) -> AdjustedAreas:
    """Adjust all parts of a layer to one control area in m².

    ``keys``: keys of the parts; ``limit_share`` and ``step_m2``: as in `adjust_areas`; ``name``: name of the control
    area.
    """
    return _adjust_parts_by_control_area(
        areas, [(name, control_m2, np.flatnonzero(~np.isnan(areas.statutory)))], keys, limit_share, step_m2
    )


def adjust_to_layer(
    areas: LayerAreas,
    crs: crs_care.CRS,
    control: LayerAreas,
    control_crs: crs_care.CRS,
    names: list[str],
    keys: list[str],
    limit_share: float,
    step_m2: float,
) -> AdjustedAreas:
    """Adjust parts to the statutory areas of control polygons.

    A part belongs to the control polygon that contains a point inside the part. ``areas``, ``crs``, ``keys``: measured
    areas, CRS and keys of the parts; ``control``, ``control_crs``, ``names``: measured areas, CRS and names of the
    control polygons; ``limit_share`` and ``step_m2``: as in `adjust_areas`.
    """
    points = find_inner_points(crs_care.reproject_to_lonlat(areas.measured_shapes, crs))
    containers = crs_care.reproject_to_lonlat(control.measured_shapes, control_crs)
    tree = shapely.STRtree(points)
    container_of = np.full(len(points), -1)
    row, point = tree.query(containers, predicate="covers")
    # Where control polygons overlap, the first one gets the part; the misclosure of the other shows it.
    order = np.argsort(-row, kind="stable")
    container_of[point[order]] = row[order]
    units = [
        (name, float(control.statutory[n]), np.flatnonzero(container_of == n))
        for n, name in enumerate(names)
        if not np.isnan(control.statutory[n])
    ]
    adjustments = _adjust_parts_by_control_area(areas, [u for u in units if len(u[2])], keys, limit_share, step_m2)
    adjustments.rows_outside_control = np.flatnonzero((container_of < 0) & ~np.isnan(areas.statutory)).tolist()
    adjustments.empty_control_names = [name for name, _, rows in units if not len(rows)]
    return adjustments


def _adjust_parts_by_control_area(
    areas: LayerAreas,
    control_areas: list[tuple[str, float, NDArray]],
    keys: list[str],
    limit_share: float,
    step_m2: float,
) -> AdjustedAreas:
    """Return the parts of a layer adjusted to their control areas.

    ``control_areas``: (name, area in m², rows of its parts) of each control area; ``keys``, ``limit_share``,
    ``step_m2``: as in `adjust_areas`.
    """
    proposal = np.full(len(areas.statutory), np.nan)
    unit_of = np.full(len(proposal), None, dtype=object)
    closures = []
    for name, control_m2, rows in control_areas:
        closure = adjust_areas(
            areas.statutory[rows],
            control_m2,
            limit_share=limit_share,
            step_m2=step_m2,
            keys=[(keys[n], n) for n in rows.tolist()],
        )
        closures.append((name, closure))
        unit_of[rows] = name
        if closure.adjusted_m2 is not None:
            proposal[rows] = closure.adjusted_m2
    return AdjustedAreas(closures, proposal, unit_of.tolist())

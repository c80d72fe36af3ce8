# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare sums of area fields with the statutory areas of the geometry.

The rule that reports the sums (ATT022) and every figure summed from a field use this result. Gross fields (面积,
图斑面积, 调查面积) add up to the statutory area of the shapes; net fields (图斑地类面积) never exceed the gross field.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from ...base.errors import require_value
from ...base.parallel.threads import apply_in_threads
from ...engine.context import RuleContext, cut_rows_at_coast
from ...geometry import crs as crs_care
from ...geometry.statutory_area import measure_statutory_area
from ...model.indicator import AREA_FIGURES, SQUARE_METRES
from ...plan.layer import Layer
from .survey_deductions import compare_with_survey
from .townships import SumFunction, TownshipSums, compute_box_centres, locate_row_centres

#: Meanings of fields with the area of the whole shape, and of the field with the area left after deductions.
GROSS_FIELDS = ("area", "gross_area", "survey_area")
NET_FIELD = "net_area"
AREA_MEANINGS = (*GROSS_FIELDS, NET_FIELD)
#: Uncertainty of a rule whose figures the geometry does not confirm.
AREA_FIELDS_SETTING = "figures.area_fields"
#: Largest difference between a sum and the geometry (as a share) and of a single row (m²): settings of ATT022 and
#: ATT013.
SUM_ALLOWANCE_SETTING, ROW_ALLOWANCE_SETTING = "rules.ATT022.allowance_share", "rules.ATT013.allowance_m2"
#: Largest deviation of the median row from a unit in which a field may be written by mistake.
_UNIT_SHARE = 0.05
#: Rounding error of two decimals in one row, m².
_ROUNDING_M2 = 0.005
#: Area between the two courses of an edge of length L, divided by L³: √2·(tan φ + 0.3) ÷ 12 R
#: (`measure_statutory_area`), at 53° N.
_BEND_PER_M3 = 2**0.5 * (1.33 + 0.3) / 12 / 6378137.0
#: Largest difference between the scale at a row's centre and that of the row: error of the surface, and per metre of
#: outline.
_SCALE_SHARE, _SCALE_SHARE_PER_M = 2e-6, 1e-8
#: Side of the squares by which the scale of the plane is measured.
PROBE_SIZE_M = 100.0


@dataclass(frozen=True)
class AreaFieldComparison(TownshipSums):
    """An area field of a layer, compared with the statutory areas of its rows.

    Arrays are (n,) m², 0 in rows without a value.

    ``field_values_m2``: the field; ``gross_values``: the gross areas, which are the field itself or, for a net field,
    the gross field of the same rows; ``land_areas``: statutory areas, 0 where a row has no shape; ``net_excess``:
    excess of a net area over the gross area, 0 for a gross field; ``has_value``: rows with a value;
    ``allowed_share``: allowed difference of two sums; ``allowed_row_difference_m2``: allowed difference of a single
    row; ``apparent_unit``: the unit that the values seem to have instead of the unit of the field.
    """

    field_meaning: str
    field_values_m2: NDArray
    gross_values: NDArray
    land_areas: NDArray
    net_excess: NDArray
    has_value: NDArray
    allowed_share: float
    allowed_row_difference_m2: float
    apparent_unit: str = ""

    @property
    def wrong_rows(self) -> NDArray:
        """Rows with a wrong area, (n,) bool.

        The gross area does not fit the shape, or the net area exceeds the gross area.
        """
        return (np.abs(self.gross_values - self.land_areas) > self.allowed_row_difference_m2) | (
            self.net_excess > self.allowed_row_difference_m2
        )

    def compare_field_sums(self, add: SumFunction) -> tuple[NDArray, NDArray]:
        """Compare k sums of the field with the geometry and with the gross area.

        ``add``: function that returns k sums of (n,) values, for example by township. Returns two (k,) bool arrays: the
        sum differs from the geometry; the net sum exceeds the gross sum.
        """
        land_sums = add(self.land_areas)
        allowed_differences = np.maximum(
            self.allowed_share * np.abs(land_sums), self.allowed_row_difference_m2 * add(self.has_value.astype(float))
        )
        return np.abs(add(self.gross_values) - land_sums) > allowed_differences, add(
            self.net_excess
        ) > allowed_differences

    def find_unconfirmed_sums(self, add: SumFunction) -> NDArray:
        """Return (k,) bool: sums of the field that the geometry does not confirm.

        A sum of net areas that seem to have another unit is never confirmed. ``add``: function that returns k sums of
        (n,) values.
        """
        is_unbacked = np.logical_or(*self.compare_field_sums(add))
        return (
            is_unbacked | (add(self.has_value.astype(float)) > 0)
            if self.field_meaning == NET_FIELD and self.apparent_unit
            else is_unbacked
        )

    def find_differing_townships(self, rows: NDArray) -> tuple[NDArray, NDArray]:
        """Compare the sums of some rows by township, as `compare_field_sums` does.

        ATT013 reports a single wrong row, so a township counts only with several wrong rows.
        """
        add = self.make_township_sum_function(rows)
        has_several_errors = add(self.wrong_rows.astype(float)) > 1
        is_different, is_excessive = self.compare_field_sums(add)
        return is_different & has_several_errors, is_excessive & has_several_errors

    def confirms_sums(self, rows: NDArray) -> bool:
        """Return True if the geometry confirms the sums of some rows, (n,) bool.

        The sums are compared in total and by township.
        """
        return not (
            self.find_unconfirmed_sums(lambda values: np.array([values[rows].sum()])).any()
            or np.logical_or(*self.find_differing_townships(rows)).any()
        )


def compare_area_field_with_shapes(
    layer: Layer, meaning: str, ctx: RuleContext, *, exact: bool = True
) -> AreaFieldComparison | None:
    """Return an area field of a layer compared with its geometry.

    None for lines, points and an empty field.

    ``exact``: False allows estimates where no areas are measured yet, which is many times faster.
    """
    exact = exact or layer.is_measured
    return ctx.compute_shared(
        "area_backing", (layer, meaning, exact), lambda: _compute_area_field_comparison(layer, meaning, ctx, exact)
    )


def is_sum_confirmed_by_geometry(layer: Layer, meaning: str, ctx: RuleContext, rows: NDArray | None = None) -> bool:
    """Return True if the geometry confirms the sum of an area field over some rows.

    ``rows``: (n,) bool, None for all. False for every sum of a layer whose areas exceed the county's area in total, and
    for a net area that contradicts the deductions of the survey on the same land.
    """
    comparison = compare_area_field_with_shapes(layer, meaning, ctx, exact=False)
    if comparison is None:
        return True
    is_summed = np.ones(len(layer), dtype=bool) if rows is None else rows
    # Areas of shapes that are estimated are accurate enough for half of the allowed difference.
    if not replace(comparison, allowed_share=comparison.allowed_share / 2).confirms_sums(is_summed):
        comparison = require_value(compare_area_field_with_shapes(layer, meaning, ctx), f"the values of {meaning}")
        if not comparison.confirms_sums(is_summed):
            return False
    deductions = compare_with_survey(layer, ctx) if meaning == NET_FIELD else None
    return (
        False
        if deductions is not None and not deductions.confirms_sums(is_summed)
        else find_county_excess(layer, ctx) is None
    )


def compute_net_area_by_geometry(layer: Layer, ctx: RuleContext) -> NDArray | None:
    """Return (n,) net areas by geometry: net × statutory ÷ gross area, m².

    None without a net area.
    """
    comparison = compare_area_field_with_shapes(layer, NET_FIELD, ctx)
    if comparison is None:
        return None
    factor = np.divide(
        comparison.land_areas, comparison.gross_values, out=np.ones(len(layer)), where=comparison.gross_values > 0
    )
    return comparison.field_values_m2 * factor


def find_county_excess(layer: Layer, ctx: RuleContext) -> tuple[str, float, float] | None:
    """Return (meaning of the area field, its sum, county's area) of an excess.

    Areas are in m². Only layers whose rows never overlap and layers with a target are compared; None for any other
    layer, and if the sum does not exceed the county's area. Land at sea does not count.
    """
    county = ctx.plan.find_layer_of_concept("county")
    lines = {role for concept, _ in AREA_FIGURES.values() for role in ctx.plan.list_roles_of_concept(concept)}
    if county is None or county.has_no_geometry or county.empty_rows.any() or county is layer:
        return None
    if layer.template.overlap != "never" and layer.role not in lines:
        return None
    county_area = float(county.statutory.sum())
    for meaning in GROSS_FIELDS:
        comparison = compare_area_field_with_shapes(layer, meaning, ctx, exact=False)
        total = 0.0 if comparison is None else float(comparison.gross_values @ cut_rows_at_coast(layer, ctx.plan)[1])
        if (
            comparison is not None
            and total > county_area * (1 + comparison.allowed_share) + comparison.allowed_row_difference_m2
        ):
            return meaning, total, county_area
    return None


def _compute_area_field_comparison(
    layer: Layer, meaning: str, ctx: RuleContext, is_exact: bool
) -> AreaFieldComparison | None:
    """Compare an area field of a layer with its geometry, as `compare_area_field_with_shapes` returns it."""
    if layer.template.geometry != "polygon" or not layer.has_values(meaning):
        return None
    written_areas = read_area_field_m2(layer, meaning)
    if is_exact:
        layer.measure_statutory(ctx.cancellation)
    land_areas = np.nan_to_num(layer.statutory) if is_exact else _estimate_areas(layer, ctx)
    has_value = np.isfinite(written_areas)
    net_excess = np.zeros(len(layer))
    expected = land_areas
    if meaning == NET_FIELD:
        gross = read_area_field_m2(layer, "gross_area")
        expected = np.where(np.isfinite(gross), gross, land_areas)
        net_excess = np.where(has_value, np.maximum(np.nan_to_num(written_areas) - expected, 0.0), 0.0)
    # The median of expected ÷ written area decides which unit the values seem to have instead of the field's.
    field_unit, unit = _get_field_unit(layer, meaning), ""
    comparable = (written_areas > 0) & (expected > 0)
    if comparable.any():
        factor = float(np.median(expected[comparable] / written_areas[comparable])) * SQUARE_METRES[field_unit]
        others = (one for one in ("m2", "ha", "mu", "km2") if one != field_unit)
        unit = next((one for one in others if abs(factor / SQUARE_METRES[one] - 1) < _UNIT_SHARE), "")
    sums = expected if meaning == NET_FIELD else written_areas
    return AreaFieldComparison(
        *locate_row_centres(layer, ctx),
        meaning,
        np.where(has_value, np.nan_to_num(written_areas), 0.0),
        np.where(has_value, np.nan_to_num(sums), 0.0),
        np.where(has_value, land_areas, 0.0),
        net_excess,
        has_value,
        float(ctx.norm.get(SUM_ALLOWANCE_SETTING)),
        float(ctx.norm.get(ROW_ALLOWANCE_SETTING)) + _ROUNDING_M2,
        unit,
    )


def _estimate_areas(layer: Layer, ctx: RuleContext) -> NDArray:
    """Estimate (n,) statutory areas to about 1e-5 of their value.

    The areas in the plan's CRS are multiplied by the scale at each row's centre.
    """
    cache = ctx.plan.get_cache("area_estimates", of_given_layers=True)
    if layer not in cache:
        estimated = layer.plane_areas.copy()
        rows = np.flatnonzero(layer.has_shape)
        if len(rows):
            x, y = compute_box_centres(layer, rows)
            # A surface of second degree is fitted to the statutory areas of squares in the plane.
            middle, half = np.array([x.mean(), y.mean()]), np.maximum([np.ptp(x) / 2, np.ptp(y) / 2], PROBE_SIZE_M)
            step = np.linspace(-1.0, 1.0, 5)
            u, v = (axis.ravel() for axis in np.meshgrid(step, step))
            left, low = middle[0] + u * half[0] - PROBE_SIZE_M / 2, middle[1] + v * half[1] - PROBE_SIZE_M / 2
            squares = shapely.box(left, low, left + PROBE_SIZE_M, low + PROBE_SIZE_M)
            to_lonlat = crs_care.make_lonlat_transformer(ctx.plan.plane_crs)
            scales = measure_statutory_area(squares, to_lonlat) / PROBE_SIZE_M**2
            surface = np.linalg.lstsq(_compute_polynomial_terms(u, v), scales, rcond=None)[0]
            terms = _compute_polynomial_terms((x - middle[0]) / half[0], (y - middle[1]) / half[1])
            estimated[rows] *= terms @ surface
        cache[layer] = estimated
    return cache[layer]


def find_rows_surely_matching_area(layer: Layer, written: NDArray, allowance_m2: float, ctx: RuleContext) -> NDArray:
    """Return rows whose statutory area is certainly close to the written area.

    The estimate differs from the statutory area by the bend of the row's edges between the two surfaces and by the
    change of the plane's scale over the row. Only the other rows have to be measured.

    Parameters
    ----------
    layer : Layer
        Polygons of the plan.
    written : (n,) array
        Written areas, m².
    allowance_m2 : float
        Largest allowed difference of a row, m².
    ctx : Context
        Plan and settings.

    Returns
    -------
    (n,) bool
    """
    perimeter, edge_bend = apply_in_threads(_measure_edges_of_rows, layer.plane_shapes, cancellation=ctx.cancellation).T
    estimated = _estimate_areas(layer, ctx)
    bound = edge_bend * _BEND_PER_M3 + estimated * (_SCALE_SHARE + _SCALE_SHARE_PER_M * perimeter)
    return np.abs(written - estimated) + bound <= allowance_m2


def _measure_edges_of_rows(shapes: NDArray) -> NDArray:
    """Return (n, 2) of each geometry: the sum of its edges' lengths (m), and that of their cubes (m³)."""
    xy, row = shapely.get_coordinates(shapes, return_index=True)
    x, y = np.diff(xy[:, 0]), np.diff(xy[:, 1])
    square = x * x + y * y
    # The step from the last vertex of a row to the first of the next is not an edge.
    square[row[1:] != row[:-1]] = 0.0
    length = np.sqrt(square)
    return np.column_stack([np.bincount(row[1:], edges, minlength=len(shapes)) for edges in (length, length * square)])


def _compute_polynomial_terms(u: NDArray, v: NDArray) -> NDArray:
    """Return (n, 6) the terms 1, u, v, u², uv and v² of a surface of second degree."""
    return np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=1)


def read_area_field_m2(layer: Layer, meaning: str) -> NDArray:
    """Return (n,) an area field in m², converted from the unit of its template.

    NaN where the value is missing.
    """
    return np.asarray(layer.numbers(meaning) * SQUARE_METRES[_get_field_unit(layer, meaning)], dtype=float)


def _get_field_unit(layer: Layer, meaning: str) -> str:
    """Return the unit of a field in the layer's template; m2 if it gives none."""
    template_field = layer.template.find_field(meaning)
    return (template_field.unit if template_field else "") or "m2"

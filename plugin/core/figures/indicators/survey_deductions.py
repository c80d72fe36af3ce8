# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare net areas with the deductions of the land survey on the same land.

Features of 永久基本农田 and 耕地保护目标 are cut from the parcels of the survey, with their deduction (扣除地类系数).
An omitted deduction raises the net area, on which the targets are counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ...engine.context import RuleContext
from ...geometry.polygon_rings import find_inner_points
from ...geometry.shape_comparison import normalize_shapes
from ...model.indicator import AREA_FIGURES
from ...plan.layer import Layer
from .townships import SumFunction, TownshipSums, locate_row_centres

#: The largest excess of a sum of net areas over the survey's, as a share of it (mark C).
DEDUCTION_ALLOWANCE_SETTING = "rules.ATT022.allowance_deduction_share"
#: Rounding error of two decimals in the fields of one row, m².
_ROUNDING_M2 = 0.02
#: Smallest net ÷ gross area of a parcel: ridges never take half of it. A smaller value indicates another unit, which
#: ATT022 reports for the survey.
_LEAST_NET_RATE = 0.5


def find_containing_rows(layer: Layer, survey_layer: Layer, ctx: RuleContext) -> NDArray:
    """Return (n,) the row of ``survey_layer`` that contains a point on each row of ``layer``.

    ``survey_layer``: any layer of polygons, such as the land survey. −1 where no row contains the point.
    """
    cache = ctx.plan.get_cache("rows_below", of_given_layers=True)
    if (layer, survey_layer) not in cache:
        ctx.cancellation.raise_if_cancelled()
        cache[layer, survey_layer] = ctx.geometry.compute_or_reuse_row_values(
            "containing rows",
            layer,
            survey_layer,
            lambda rows: _compute_containing_rows(layer, survey_layer, rows),
            refers_to_other=True,
        )
    return cache[layer, survey_layer]


def take_containing_values(values: NDArray, containing_rows: NDArray, default: Any) -> NDArray:
    """Return (n,) the value of the row that contains each row, ``default`` where none does.

    ``values``: (m,) a value for each row of the containing layer, which may have no rows; ``containing_rows``: (n,) as
    `find_containing_rows` returns them.
    """
    # −1 (no row) takes the last value.
    return np.append(values, default)[containing_rows]


def _compute_containing_rows(layer: Layer, survey_layer: Layer, rows: NDArray | None) -> NDArray:
    """Return (k,) the containing row of ``survey_layer`` for each of ``rows`` ((k,) int, None for all), −1 for none.

    `find_containing_rows` caches them.
    """
    survey_rows = np.full(len(layer), -1)
    survey = survey_layer.polygons
    if rows is None:
        rows_with_shape = np.flatnonzero(layer.has_shape)
        rows_at_points, positions = survey.find_meeting_rows(layer.inner_points[rows_with_shape])
    else:
        rows_with_shape = rows[layer.has_shape[rows]]
        # Trees of all polygons are not made for a few points.
        near_rows = survey.find_rows_meeting_bounds(layer.row_bounds[rows_with_shape])
        rows_at_points, positions = survey.select_rows(near_rows).find_meeting_rows(
            find_inner_points(layer.plane_shapes[rows_with_shape])
        )
        rows_at_points = near_rows[rows_at_points]
    # Of several rows that of the last key counts.
    if len(np.unique(positions)) < len(positions):
        rank = np.zeros(len(survey_layer), dtype=int)
        found_rows = survey_layer.sort_rows(np.unique(rows_at_points))
        rank[found_rows] = np.arange(len(found_rows))
        order = np.argsort(rank[rows_at_points], kind="stable")
        positions, rows_at_points = positions[order], rows_at_points[order]
    survey_rows[rows_with_shape[positions]] = rows_at_points
    return survey_rows if rows is None else survey_rows[rows]


def find_rows_cut_differently(layer: Layer, survey_layer: Layer, ctx: RuleContext) -> NDArray:
    """Return (n,) bool: rows whose shape is not that of the containing row of ``survey_layer``.

    Rows that no row of ``survey_layer`` contains are included.
    """
    cache = ctx.plan.get_cache("cut_otherwise", of_given_layers=True)
    if (layer, survey_layer) not in cache:
        survey_rows = find_containing_rows(layer, survey_layer, ctx)
        cache[layer, survey_layer] = ctx.geometry.compute_or_reuse_row_values(
            "rows cut differently",
            layer,
            survey_layer,
            lambda rows: _mask_rows_cut_differently(
                layer, survey_layer, np.arange(len(layer)) if rows is None else rows, survey_rows
            ),
        )
    return cache[layer, survey_layer]


def _mask_rows_cut_differently(layer: Layer, survey_layer: Layer, rows: NDArray, survey_rows: NDArray) -> NDArray:
    """Return (k,) bool: which of ``rows`` ((k,) int) have another shape than the row that contains them.

    ``survey_rows`` (n,): the row of ``survey_layer`` that contains each row, −1 for none. `find_rows_cut_differently`
    caches the result.
    """
    survey_rows = survey_rows[rows]
    positions = np.flatnonzero(survey_rows >= 0)
    shapes, survey_shapes = layer.plane_shapes[rows[positions]], survey_layer.plane_shapes[survey_rows[positions]]
    has_other_type = shapely.get_type_id(shapes) != shapely.get_type_id(survey_shapes)
    shapes[has_other_type] = _unwrap_single_parts(shapes[has_other_type])
    survey_shapes[has_other_type] = _unwrap_single_parts(survey_shapes[has_other_type])
    is_different = np.ones(len(rows), dtype=bool)
    is_different[positions] = ~shapely.equals_exact(shapes, survey_shapes, 0.0)
    has_equal_bounds = (shapely.bounds(shapes) == shapely.bounds(survey_shapes)).reshape(-1, 4).all(axis=1)
    unequal = np.flatnonzero(is_different[positions] & has_equal_bounds)
    is_different[positions[unequal]] = ~shapely.equals_exact(
        normalize_shapes(shapes[unequal]), normalize_shapes(survey_shapes[unequal]), 0.0
    )
    return is_different


def _unwrap_single_parts(shapes: NDArray) -> NDArray:
    """Return (n,) geometries with single-part multipolygons as polygons.

    File formats store either.
    """
    unwrapped_shapes = shapes.copy()
    lone = (shapely.get_type_id(shapes) == shapely.GeometryType.MULTIPOLYGON) & (
        shapely.get_num_geometries(shapes) == 1
    )
    unwrapped_shapes[lone] = shapely.get_geometry(shapes[lone], 0)
    return unwrapped_shapes


@dataclass(frozen=True)
class SurveyDeductions(TownshipSums):
    """Net areas of a layer compared with those of the land survey; (n,) m².

    Rows are compared where they are on a cultivated parcel with a net area; areas of rows that are not compared are 0.

    ``net_in_field_m2``: the field; ``expected_m2``: gross area × (net ÷ gross area) of the parcel below the row;
    ``is_compared``: compared rows; ``allowed_share``: allowed excess of a sum over the survey's; ``survey_parcels``:
    the layer of the survey.
    """

    net_in_field_m2: NDArray
    expected_m2: NDArray
    is_compared: NDArray
    allowed_share: float
    survey_parcels: Layer

    @property
    def excessive_rows(self) -> NDArray:
        """Rows whose net area exceeds the survey's, (n,) bool."""
        return self.net_in_field_m2 - self.expected_m2 > self.allowed_share * self.expected_m2 + _ROUNDING_M2

    def find_sums_exceeding_survey(self, add: SumFunction) -> NDArray:
        """Return (k,) bool: sums of net areas that exceed the survey's.

        ``add``: function that returns k sums of (n,) values. A sum with a single wrong row does not count.
        """
        expected = add(self.expected_m2)
        allowed_excess = self.allowed_share * expected + _ROUNDING_M2 * add(self.is_compared.astype(float))
        return (add(self.net_in_field_m2) - expected > allowed_excess) & (add(self.excessive_rows.astype(float)) > 1)

    def confirms_sums(self, rows: NDArray) -> bool:
        """Return True if the survey confirms the sums of some rows, (n,) bool.

        The sums are compared in total and by township.
        """
        return not (
            self.find_sums_exceeding_survey(lambda values: np.array([values[rows].sum()])).any()
            or self.find_sums_exceeding_survey(self.make_township_sum_function(rows)).any()
        )


def compare_with_survey(layer: Layer, ctx: RuleContext) -> SurveyDeductions | None:
    """Return the net areas of a layer compared with the land survey's.

    None for a layer whose net area no target counts, and without a survey that has deductions.
    """
    return ctx.compute_shared("survey_deductions", layer, lambda: _compute_deductions(layer, ctx))


def _compute_deductions(layer: Layer, ctx: RuleContext) -> SurveyDeductions | None:
    """Compare the net areas of a layer with the survey; None as in `compare_with_survey`."""
    parcels = ctx.plan.find_layer_of_concept("parcels")
    tasks = {
        role
        for concept, basis in AREA_FIGURES.values()
        if basis == "net"
        for role in ctx.plan.list_roles_of_concept(concept)
    }
    if (
        parcels is None
        or layer is parcels
        or layer.role not in tasks
        or layer.template.geometry != "polygon"
        or not all(layer.has_values(m) and parcels.has_values(m) for m in ("net_area", "gross_area"))
        or parcels.template.find_field("deduction_rate") is None
    ):
        return None
    on = find_containing_rows(layer, parcels, ctx)
    gross, net = parcels.numbers("gross_area"), parcels.numbers("net_area")
    rate = np.divide(net, gross, out=np.full(len(parcels), np.nan), where=gross > 0)
    rate[~ctx.find_cultivated_rows(parcels) | ~((rate >= _LEAST_NET_RATE) & (rate <= 1))] = np.nan
    expected = layer.numbers("gross_area") * take_containing_values(rate, on, np.nan)
    is_compared = np.isfinite(expected) & np.isfinite(layer.numbers("net_area"))
    return SurveyDeductions(
        *locate_row_centres(layer, ctx),
        np.where(is_compared, np.nan_to_num(layer.numbers("net_area")), 0.0),
        np.where(is_compared, np.nan_to_num(expected), 0.0),
        is_compared,
        float(ctx.norm.get(DEDUCTION_ALLOWANCE_SETTING)),
        parcels,
    )

# SPDX-License-Identifier: GPL-2.0-or-later
"""Areas by township, as targets count them, and rows that name a wrong township."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...base.files.cells import map_texts
from ...engine.context import RuleContext
from ...plan.layer import Layer
from ...standard.profile.profile_figures import AllocatedTargets
from ..indicators.area_backing import compare_area_field_with_shapes, compute_net_area_by_geometry, find_county_excess
from ..indicators.areas import ROUNDING_M2, AreaFigure, compute_area_with_target
from ..indicators.survey_deductions import compare_with_survey
from ..indicators.townships import Township, get_plan_townships, locate_row_centres, split_by_township

_TOWNSHIP_DIGITS, _COUNTY_DIGITS = 9, 6
#: The smallest share of a row inside the township that its code names (mark C).
LEAST_SHARE_SETTING = "indicators.least_township_share"
#: Areas whose rows name their township.
_FIGURES_BY_NAMED_TOWNSHIP = ("cultivated_area", "farmland_area")


@dataclass(frozen=True)
class RowTownships:
    """The townships that the rows of a layer name, compared with the rows' location; (n,) each.

    Townships are given by their position in ``townships``. ``named_township``: the township that a row's field
    ``field_name`` names, −1 for an unknown township; ``misplaced_township``: that township if the row is not inside it,
    else −1; ``township_of_centre``: the township that contains the row's centre, −1 for none; ``is_of_other_county``:
    the code belongs to another county; ``share_in_named_township``: share of the row's area in the named township, 0
    for rows that were not compared.
    """

    layer: Layer
    townships: list[Township]
    field_name: str
    named_township: NDArray
    misplaced_township: NDArray
    township_of_centre: NDArray
    is_of_other_county: NDArray
    share_in_named_township: NDArray

    def find_exchanged_codes(self) -> dict[int, int]:
        """Return pairs of townships whose codes are exchanged: the township → the township that its rows name.

        Two codes are exchanged where most rows in the first township name the second, most rows that name the second
        are in the first, and most rows that name the first are elsewhere.
        """
        exchanged_townships = {}
        for township in np.unique(self.township_of_centre[self.misplaced_township >= 0]).tolist():
            is_inside_township = self.township_of_centre == township
            named_townships, counts = np.unique(
                self.named_township[is_inside_township & (self.named_township >= 0)], return_counts=True
            )
            other = int(named_townships[np.argmax(counts)])
            is_naming_other = self.named_township == other
            is_named_elsewhere = (self.named_township == township) & ~is_inside_township
            if (
                township >= 0
                and other != township
                and 2 * counts.max() > is_inside_township.sum()
                and 2 * (is_naming_other & is_inside_township).sum() > is_naming_other.sum()
                and 2 * is_named_elsewhere.sum() > (self.named_township == township).sum()
            ):
                exchanged_townships[township] = other
        return exchanged_townships


def find_townships_named_by_rows(layer: Layer, ctx: RuleContext) -> RowTownships | None:
    """Return the townships that a layer's rows name, compared with their location.

    None without a layer of townships.
    """
    townships = get_plan_townships(ctx)
    if townships is None or layer is townships[0]:
        return None
    return ctx.compute_shared("row_codes", layer, lambda: _compare_row_codes(layer, *townships, ctx))


def _compare_row_codes(
    layer: Layer, township_layer: Layer, townships: list[Township], township_of_row: NDArray, ctx: RuleContext
) -> RowTownships:
    """Compare the townships that a layer's rows name with the rows' location.

    ``township_of_row``: position in ``townships`` of each row of ``township_layer``.
    """
    named_township, field = find_named_townships(layer, townships)
    centres, _ = locate_row_centres(layer, ctx)
    misplaced, share = _find_misplaced_rows(layer, named_township, centres, township_layer, township_of_row, ctx)
    digits = int(ctx.norm.get("attributes.area_digits"))
    county_code, complete_code = ctx.plan.area_code[:digits], re.compile(rf"\d{{{_COUNTY_DIGITS}}}")
    is_of_other_county = np.zeros(len(layer), dtype=bool)
    # A plan of a city or province has many counties.
    if len(county_code) == digits and not county_code.endswith("00"):
        is_of_other_county = map_texts(
            lambda code: bool(complete_code.match(code)) and not code.startswith(county_code),
            layer.text("location_code"),
            bool,
        )
    return RowTownships(layer, townships, field, named_township, misplaced, centres, is_of_other_county, share)


def find_named_townships(layer: Layer, townships: list[Township]) -> tuple[NDArray, str]:
    """Return (n,) the township that each row names, and the name of the field that names it.

    A township is given as its position in ``townships``, −1 if the row names no known township.
    """
    township_of_code = {township.code: n for n, township in enumerate(townships) if township.code}
    # 坐落单位代码, else 行政区代码.
    for meaning in ("location_code", "division_code"):
        named_township = map_texts(
            lambda code: township_of_code.get(code[:_TOWNSHIP_DIGITS], -1), layer.text(meaning), int
        )
        if (named_township >= 0).any():
            return named_township, layer.get_field_name(meaning)
    return np.full(len(layer), -1), ""


def _find_misplaced_rows(
    layer: Layer,
    named_township: NDArray,
    township_of_centre: NDArray,
    township_layer: Layer,
    township_of_row: NDArray,
    ctx: RuleContext,
) -> tuple[NDArray, NDArray]:
    """Return (n,) the named township of misplaced rows, −1 for other rows; and (n,) the share of each row in it.

    A row is misplaced if too small a share of it is inside the named township. Rows without a shape are skipped: other
    rules report them.
    """
    is_compared = (named_township >= 0) & (named_township != township_of_centre) & layer.has_shape
    if not is_compared.any():
        return np.full(len(layer), -1), np.zeros(len(layer))
    parts = ctx.geometry.find_shared_areas(layer, township_layer, left_rows=is_compared)
    is_in_named_township = township_of_row[parts.right] == named_township[parts.left]
    inside = np.bincount(parts.left[is_in_named_township], parts.area[is_in_named_township], minlength=len(layer))
    outside = inside < float(ctx.norm.get(LEAST_SHARE_SETTING)) * layer.plane_areas
    share = np.divide(inside, layer.plane_areas, out=np.zeros(len(layer)), where=layer.plane_areas > 0)
    return np.where(is_compared & outside, named_township, -1), share


@dataclass(frozen=True)
class AreasByTownship:
    """An area of the plan, such as farmland, divided by township.

    ``plan_figure``: the area of the whole plan; ``areas_m2``: (townships + 2,) m², the last but one outside all
    townships, the last (negative) counted twice by overlapping townships. ``named_row_count``: number of rows assigned
    to the township that their ``field_name`` names; ``divided_row_count``: number of rows divided by geometry, where
    each part gets its share of the row's net area. ``is_confirmed_by_geometry``: (townships + 2,) bool, the geometry
    confirms the sum. ``geometry_areas_m2``: (townships + 2,) m² by geometry instead of the net area, within
    ``rounding_m2``; None for other areas.
    """

    plan_figure: AreaFigure
    townships: list[Township]
    areas_m2: NDArray
    named_row_count: int
    divided_row_count: int
    field_name: str
    is_confirmed_by_geometry: NDArray
    geometry_areas_m2: NDArray | None = None
    rounding_m2: NDArray | None = None


def compute_area_by_township(name: str, ctx: RuleContext) -> AreasByTownship | None:
    """Compute one of `AREA_FIGURES` (such as ``farmland_area``) by township.

    None without townships or without a layer for the area.
    """
    townships = get_plan_townships(ctx)
    figure = compute_area_with_target(name, ctx)
    if townships is None or figure.layer is None:
        return None
    layer, township_list = figure.layer, townships[1]
    values = np.nan_to_num(layer.numbers("net_area") if figure.basis == "net" else layer.statutory)
    is_counted = values != 0.0
    if name == "cultivated_area" and ctx.plan.find_layer_of_concept("cultivated") is not layer:
        # The survey's parcels replace a missing layer of 耕地.
        is_counted &= ctx.find_cultivated_rows(layer)
    codes = find_townships_named_by_rows(layer, ctx) if name in _FIGURES_BY_NAMED_TOWNSHIP else None
    named_township = np.full(len(layer), -1) if codes is None else codes.named_township
    # Misplaced rows are divided by their geometry.
    by_code = is_counted & (named_township >= 0)
    if codes is not None:
        by_code &= codes.misplaced_township < 0
    is_split_by_location = is_counted & ~by_code
    parts = split_by_township(layer, ctx) if is_split_by_location.any() else None

    def add_amounts(amounts: NDArray) -> NDArray:
        """Return (townships + 2,) sums of (n,) amounts of the rows that count."""
        sums = np.zeros(len(township_list) + 2)
        np.add.at(sums, named_township[by_code], amounts[by_code])
        return sums if parts is None else sums + parts.sum_by_township(amounts, is_split_by_location)

    land_comparison = compare_area_field_with_shapes(layer, "net_area", ctx) if figure.basis == "net" else None
    is_confirmed = (
        np.ones(len(township_list) + 2, dtype=bool)
        if land_comparison is None
        else ~land_comparison.find_unconfirmed_sums(add_amounts)
    )
    deductions = compare_with_survey(layer, ctx) if figure.basis == "net" else None
    if deductions is not None:
        is_confirmed &= ~deductions.find_sums_exceeding_survey(add_amounts)
    if land_comparison is not None and find_county_excess(layer, ctx) is not None:
        is_confirmed[:] = False
    land = compute_net_area_by_geometry(layer, ctx) if figure.basis == "net" else None
    rounding = add_amounts(np.full(len(layer), ROUNDING_M2)) if land is not None else None
    on_land = add_amounts(land) if land is not None else None
    stated_rows, shared_rows = int(by_code.sum()), int(is_split_by_location.sum())
    field = "" if codes is None else codes.field_name
    return AreasByTownship(
        figure, township_list, add_amounts(values), stated_rows, shared_rows, field, is_confirmed, on_land, rounding
    )


def match_targets_with_townships(
    allocated_targets: AllocatedTargets, townships: list[Township], layer: str
) -> tuple[dict[int, int], list[tuple[str, dict[str, Any]]]]:
    """Match the rows of a table of township targets with townships by code, otherwise by name.

    Return row number in the table → position of the township, and (text key, parameters) of each reason why rows have
    no match. A row whose code and name belong to two townships has no match. ``layer``: name of the layer of townships,
    for the reasons.
    """
    by_code = {township.code: n for n, township in enumerate(townships) if township.code}
    by_name = {township.name: n for n, township in enumerate(townships)}
    township_by_row_number: dict[int, int] = {}
    unmatched_names: dict[str, None] = {}
    reasons: list[tuple[str, dict[str, Any]]] = []
    for allocated in allocated_targets.targets:
        township_of_code, township_of_name = by_code.get(allocated.code), by_name.get(allocated.name)
        at = township_of_name if township_of_code is None else township_of_code
        if at is None:
            unmatched_names[allocated.name or allocated.code] = None
        elif township_of_name is not None and township_of_name != at:
            params = {
                "file": allocated_targets.file_name,
                "line": allocated.line_number,
                "code": allocated.code,
                "name": allocated.name,
            }
            reasons.append(("tasks_two_townships", {**params, "known": townships[at].name}))
        else:
            township_by_row_number[allocated.line_number] = at
    if unmatched_names:
        params = {"file": allocated_targets.file_name, "names": "、".join(unmatched_names), "layer": layer}
        reasons.append(("tasks_unknown_township", params))
    return township_by_row_number, reasons

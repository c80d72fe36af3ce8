# SPDX-License-Identifier: GPL-2.0-or-later
"""Townships, and rows of layers divided among them by geometry or by their centre."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from ...engine.context import RuleContext
from ...plan.layer import Layer

#: A row with a smaller share outside all townships counts as wholly inside: shared edges have rounding errors.
_WHOLE_TOLERANCE = 1e-9


SumFunction = Callable[[NDArray], NDArray]


@dataclass(frozen=True)
class TownshipSums:
    """Values of rows that are summed by township.

    ``township_number`` (n,): the township of the row's centre, −1 for none; ``township_names``: names of all townships.
    """

    township_number: NDArray
    township_names: list[str]

    def make_township_sum_function(self, rows: NDArray) -> SumFunction:
        """Return a function that sums (n,) values of some rows by township.

        ``rows``: (n,) bool. The function returns (townships + 1,) sums; the last one is of rows outside all townships.
        """
        place = np.where(self.township_number < 0, len(self.township_names), self.township_number)
        return lambda values: np.bincount(place, np.where(rows, values, 0.0), minlength=len(self.township_names) + 1)


@dataclass(frozen=True)
class Township:
    """Code and name of a township."""

    code: str
    name: str


@dataclass
class TownshipSplit:
    """The rows of a layer divided by township.

    The row ``row_of_share[k]`` has the share ``area_shares[k]`` (0…1) of its area in the township
    ``township_of_share[k]``. ``outside_shares`` (n,): the share of each row in no township; negative where townships
    overlap. ``township_count``: number of townships.
    """

    row_of_share: NDArray
    township_of_share: NDArray
    area_shares: NDArray
    outside_shares: NDArray
    township_count: int = 0

    def sum_by_township(self, values: NDArray, counted: NDArray | None = None) -> NDArray:
        """Return (townships + 2,) sums of (n,) values by township; NaN counts as 0.

        The last but one is the sum outside all townships, the last (negative) the sum that overlapping townships count
        twice. All of them together are the sum of the values. ``counted``: (n,) bool, the rows that count.
        """
        amounts = np.nan_to_num(values) if counted is None else np.where(counted, np.nan_to_num(values), 0.0)
        township_sums = np.zeros(self.township_count + 2)
        np.add.at(township_sums, self.township_of_share, amounts[self.row_of_share] * self.area_shares)
        left = amounts * self.outside_shares
        township_sums[-2:] = left[self.outside_shares > 0].sum(), left[self.outside_shares < 0].sum()
        return township_sums


def get_plan_townships(ctx: RuleContext) -> tuple[Layer, list[Township], NDArray] | None:
    """Return the layer of townships, the townships by code, and (n,) each row's position among them.

    None without such a layer.
    """
    layer = ctx.plan.find_layer_of_concept("townships")
    return None if layer is None or layer.has_no_geometry else (layer, *list_townships_by_code(layer))


def list_townships_by_code(layer: Layer) -> tuple[list[Township], NDArray]:
    """Return the townships of a layer by code, and (n,) each row's position among them.

    Rows with one code are one township; without codes, rows with one name are. A township that only has rows of
    villages with different names uses its code as name.
    """
    # A survey's divisions go down to villages: nine digits are the township.
    codes = layer.text("division_code")
    row_names = layer.text("division_name")
    ids = [code[:9] or name or f"#{n}" for n, (code, name) in enumerate(zip(codes, row_names, strict=True), 1)]
    name_by_id: dict[str, str] = {}
    village_names_by_id: dict[str, set[str]] = {one: set() for one in sorted(ids)}
    for one, code, name in sorted(zip(ids, codes, row_names, strict=True)):
        village_names_by_id[one] |= {name} - {""}
        if name and not code[9:].strip("0"):
            name_by_id.setdefault(one, name)
    place = {one: n for n, one in enumerate(village_names_by_id)}
    code_of = {one: code[:9] for one, code in zip(ids, codes, strict=True)}
    townships = [
        Township(code_of[one], name_by_id.get(one) or (village_names.pop() if len(village_names) == 1 else one))
        for one, village_names in village_names_by_id.items()
    ]
    return townships, np.array([place[one] for one in ids], dtype=int)


def find_main_rows(layer: Layer, township_of_row: NDArray) -> NDArray:
    """Return (t,) the row of each township with the most land: a township may also have rows of islands."""
    by_area = np.argsort(-layer.plane_areas, kind="stable")
    return by_area[np.unique(township_of_row[by_area], return_index=True)[1]]


def split_by_township(layer: Layer, ctx: RuleContext) -> TownshipSplit | None:
    """Divide the rows of a layer among townships by geometry.

    A row wholly in one township belongs to that township. Parts of other rows get their share of the statutory area of
    all parts and of the land outside, so that sums of parts equal sums of rows. Rows without a shape count as outside.
    None without townships.
    """
    townships = get_plan_townships(ctx)
    if townships is None:
        return None
    township_layer, township_list, township_of_row = townships
    return ctx.compute_shared(
        "by_township",
        layer,
        lambda: split_rows_by_group(layer, township_layer, len(township_list), township_of_row, ctx),
    )


def split_rows_by_group(
    layer: Layer, townships: Layer, count: int, township_of_row: NDArray, ctx: RuleContext
) -> TownshipSplit:
    """Divide a layer's rows among groups of another layer's rows, as `split_by_township` does among townships.

    ``count``: number of groups; ``township_of_row`` (m,): the group of each row of the layer ``townships``, such as its
    township or its land-use class.
    """
    if layer is townships:
        all_rows = np.arange(len(layer))
        inside = layer.statutory > 0
        return TownshipSplit(
            all_rows[inside], township_of_row[inside], np.ones(inside.sum()), (~inside).astype(float), count
        )
    shared = ctx.geometry.find_shared_areas(layer, townships)
    rows, township_of_part = shared.left, township_of_row[shared.right]
    planar_areas = layer.plane_areas
    covered_areas = np.bincount(rows, weights=shared.area, minlength=len(layer))
    with np.errstate(invalid="ignore", divide="ignore"):
        uncovered_shares = 1.0 - np.where(planar_areas > 0, covered_areas / planar_areas, 0.0)
    is_whole = np.abs(uncovered_shares) < _WHOLE_TOLERANCE
    shares = shared.share
    summed = np.bincount(rows, weights=shares, minlength=len(layer))
    # Rounding along shared edges does not count as land outside.
    shares = np.divide(shares, summed[rows], out=shares, where=is_whole[rows] & (summed[rows] > 0))
    outside = 1.0 - np.bincount(rows, weights=shares, minlength=len(layer))
    outside[is_whole] = 0.0
    return TownshipSplit(rows, township_of_part, shares, outside, count)


def compute_box_centres(layer: Layer, rows: NDArray) -> tuple[NDArray, NDArray]:
    """Return (k,) x and y of the centres of the boxes of (k,) rows, which have a shape."""
    low_x, low_y, high_x, high_y = layer.row_bounds[rows].T
    return (low_x + high_x) / 2, (low_y + high_y) / 2


def locate_row_centres(layer: Layer, ctx: RuleContext) -> tuple[NDArray, list[str]]:
    """Return (n,) the township that contains each row's centre, −1 for none, and the names of all townships.

    A township is given as its position in the list of names.
    """
    return ctx.compute_shared("centre_townships", layer, lambda: _locate_centres_in_townships(layer, ctx))


def _locate_centres_in_townships(layer: Layer, ctx: RuleContext) -> tuple[NDArray, list[str]]:
    """Return township of each row's centre and township names, for `locate_row_centres`, which caches them."""
    townships = get_plan_townships(ctx)
    if townships is None:
        return np.full(len(layer), -1), []
    township_layer, township_list, township_of_row = townships
    township_names = [one.name or one.code for one in township_list]
    if township_layer is layer:
        return township_of_row, township_names
    row_of_centre = ctx.geometry.compute_or_reuse_row_values(
        "rows at centres",
        layer,
        township_layer,
        lambda rows: _find_rows_at_centres(layer, township_layer, np.arange(len(layer)) if rows is None else rows, ctx),
        refers_to_other=True,
    )
    return np.where(row_of_centre >= 0, township_of_row[row_of_centre], -1), township_names


def _find_rows_at_centres(layer: Layer, township_layer: Layer, rows: NDArray, ctx: RuleContext) -> NDArray:
    """Return (k,) the first row of a layer of townships that contains the centre of each of ``rows``, else −1.

    ``rows`` (k,): numbers of rows of ``layer``.
    """
    row_of_centre = np.full(len(rows), -1)
    positions = np.flatnonzero(layer.has_shape[rows])
    x, y = compute_box_centres(layer, rows[positions])
    rows_with_shape = np.flatnonzero(township_layer.has_shape)
    low_x, low_y, high_x, high_y = township_layer.row_bounds[rows_with_shape].T
    # A centre on a common border belongs to the first of its townships, which is written last.
    for n in range(len(rows_with_shape) - 1, -1, -1):
        ctx.cancellation.raise_if_cancelled()
        near_positions = np.flatnonzero((x >= low_x[n]) & (x <= high_x[n]) & (y >= low_y[n]) & (y <= high_y[n]))
        # shapely prepares the shape: a copy, because threads must not share a prepared one.
        shape = shapely.from_wkb(shapely.to_wkb(township_layer.plane_shapes[rows_with_shape[n]]))
        is_inside = shapely.intersects_xy(shape, x[near_positions], y[near_positions])
        row_of_centre[positions[near_positions[is_inside]]] = rows_with_shape[n]
    return row_of_centre

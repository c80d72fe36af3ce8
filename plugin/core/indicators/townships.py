# SPDX-License-Identifier: GPL-2.0-or-later
"""Areas by township: each row of a layer shared out among the townships it lies in, or given to the one that it names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from ..geometry.validity import is_missing

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..plan.layer import Layer


#: A row of which less than this share lies outside every township lies wholly inside: what shared edges lose to rounding.
_WHOLE = 1e-9


@dataclass(frozen=True)
class Township:
    code: str
    name: str


@dataclass
class TownshipSplit:
    """Rows of a layer by township: row ``rows[k]`` lies with ``shares[k]`` (0…1 of its area) in ``towns[k]``.

    ``outside`` (n,) is the share of each row in no township; below 0 where townships claim land twice.
    """

    rows: NDArray
    towns: NDArray
    shares: NDArray
    outside: NDArray
    count: int = 0
    _sums: dict[str, NDArray] = field(default_factory=dict)

    def sums(self, values: NDArray, kept: NDArray | None = None) -> NDArray:
        """(townships + 2,) sums of (n,) values by township; NaN counts as 0. The last but one is what lies in none of them, the
        last (below 0) what townships that overlap claim twice.

        All of them together are the sum of the values. ``kept``: (n,) bool, the rows that count.
        """
        amounts = np.nan_to_num(values) if kept is None else np.where(kept, np.nan_to_num(values), 0.0)
        found = np.zeros(self.count + 2)
        np.add.at(found, self.towns, amounts[self.rows] * self.shares)
        left = amounts * self.outside
        found[-2:] = left[self.outside > 0].sum(), left[self.outside < 0].sum()
        return found


def townships_of(ctx: Context) -> tuple[Layer, list[Township], NDArray] | None:
    """The layer of townships, the townships in the order of their codes, and which of them each row is part of. None without
    such a layer."""
    layer = ctx.plan.concept("townships")
    return None if layer is None or layer.has_no_geometry else (layer, *group_townships(layer))


def group_townships(layer: Layer) -> tuple[list[Township], NDArray]:
    """The townships of a layer in the order of their codes, and which of them each row is part of ((n,) positions).

    Rows of one code are one township; where there is no code, rows of one name. One that only its villages tell of, each by a
    name of its own, is called by its code.
    """
    # A survey's divisions go down to villages: nine digits are the township.
    codes = layer.text("division_code")
    names = layer.text("division_name")
    ids = [code[:9] or name or f"#{n}" for n, (code, name) in enumerate(zip(codes, names, strict=True), 1)]
    own: dict[str, str] = {}
    every: dict[str, set[str]] = {one: set() for one in sorted(ids)}
    for one, code, name in sorted(zip(ids, codes, names, strict=True)):
        every[one] |= {name} - {""}
        if name and not code[9:].strip("0"):
            own.setdefault(one, name)
    place = {one: n for n, one in enumerate(every)}
    code_of = {one: code[:9] for one, code in zip(ids, codes, strict=True)}
    towns = [
        Township(code_of[one], own.get(one) or (said.pop() if len(said) == 1 else one)) for one, said in every.items()
    ]
    return towns, np.array([place[one] for one in ids], dtype=int)


def split_by_township(layer: Layer, ctx: Context) -> TownshipSplit | None:
    """A layer's rows by township. None without townships.

    A row wholly in one township is that township's; of others each part takes its share of the statutory area of all parts
    and of what lies outside, so that sums of parts are sums of rows. Rows without a shape lie outside.
    """
    given = townships_of(ctx)
    if given is None:
        return None
    cache = ctx.plan.computed("by_township")
    if layer.role not in cache:
        towns_layer, towns, town_of = given
        cache[layer.role] = _split(layer, towns_layer, len(towns), town_of, ctx)
    found: TownshipSplit = cache[layer.role]
    return found


def _split(layer: Layer, townships: Layer, count: int, town_of: NDArray, ctx: Context) -> TownshipSplit:
    if layer is townships:
        every = np.arange(len(layer))
        inside = layer.statutory > 0
        return TownshipSplit(every[inside], town_of[inside], np.ones(inside.sum()), (~inside).astype(float), count)
    parts = ctx.geometry.shared(layer, townships, measured=True)
    rows, towns = parts.left, town_of[parts.right]
    planar = np.nan_to_num(shapely.area(layer.plane))
    covered = np.bincount(rows, weights=parts.area, minlength=len(layer))
    with np.errstate(invalid="ignore", divide="ignore"):
        bare = 1.0 - np.where(planar > 0, covered / planar, 0.0)
    whole = np.abs(bare) < _WHOLE
    shares = ctx.geometry.shares_of(parts, layer)
    summed = np.bincount(rows, weights=shares, minlength=len(layer))
    # Rounding along shared edges is not land outside.
    shares = np.divide(shares, summed[rows], out=shares, where=whole[rows] & (summed[rows] > 0))
    outside = 1.0 - np.bincount(rows, weights=shares, minlength=len(layer))
    outside[whole] = 0.0
    return TownshipSplit(rows, towns, shares, outside, count)


def centres_of(layer: Layer) -> tuple[NDArray, NDArray, NDArray]:
    """(k,) x and y of the middle of the rows that have a shape, and their positions."""
    rows = np.flatnonzero(~is_missing(layer.plane))
    low_x, low_y, high_x, high_y = shapely.bounds(layer.plane[rows]).T
    return (low_x + high_x) / 2, (low_y + high_y) / 2, rows


def towns_of_centres(layer: Layer, ctx: Context) -> tuple[NDArray, list[str]]:
    """(n,) the township that the centre of each row lies in, −1 for none, and the townships' names."""
    cache = ctx.plan.computed("area_towns")
    if layer not in cache:
        cache[layer] = _towns_of(layer, ctx)
    found: tuple[NDArray, list[str]] = cache[layer]
    return found


def _towns_of(layer: Layer, ctx: Context) -> tuple[NDArray, list[str]]:
    town = np.full(len(layer), -1)
    given = townships_of(ctx)
    if given is None:
        return town, []
    towns_layer, towns, of_row = given
    names = [one.name or one.code for one in towns]
    if towns_layer is layer:
        return of_row, names
    ctx.cancellation.raise_if_cancelled()
    x, y, rows = centres_of(layer)
    centres = shapely.points(x, y)
    there = np.flatnonzero(~is_missing(towns_layer.plane))
    holder, point = shapely.STRtree(centres).query(towns_layer.plane[there], predicate="intersects")
    # A centre on a common border goes to the first of its townships.
    order = np.argsort(-holder, kind="stable")
    town[rows[point[order]]] = of_row[there[holder[order]]]
    return town, names

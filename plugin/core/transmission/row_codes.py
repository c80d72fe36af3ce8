# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows that name a township (坐落单位代码) where they do not lie, or another county."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from ..geometry.validity import missing
from ..indicators.row_towns import towns_of_centres
from ..indicators.townships import Township, townships_of

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..plan.layer import Layer

#: By what rows say where they lie: 坐落单位代码, else 行政区代码.
_MEANINGS = ("location_code", "division_code")
_DIGITS, _COUNTY_DIGITS = 9, 6
#: The share of a row that lies at least in the township that its code names (C).
LEAST_SHARE = "indicators.least_township_share"


@dataclass(frozen=True)
class RowCodes:
    """What the rows of a layer say of their place; (n,) each.

    ``named``: the township that a row's ``field`` names, −1 for none of the map's; ``misplaced``: that township where the row does
    not lie in it, else −1; ``centres``: the township that the row's centre lies in, −1 for none; ``foreign``: the code is another
    county's.
    """

    layer: Layer
    towns: list[Township]
    field: str
    named: NDArray
    misplaced: NDArray
    centres: NDArray
    foreign: NDArray

    def exchanged(self) -> dict[int, int]:
        """Township → the one that most rows in it name, where most rows that name that one lie here, and rows name this one
        elsewhere: codes of townships that were exchanged."""
        found = {}
        for town in np.unique(self.centres[self.misplaced >= 0]).tolist():
            here = self.centres == town
            names, counts = np.unique(self.named[here & (self.named >= 0)], return_counts=True)
            other = int(names[np.argmax(counts)])
            named = self.named == other
            elsewhere = (self.named == town) & ~here
            if (
                town >= 0
                and other != town
                and 2 * counts.max() > here.sum()
                and 2 * (named & here).sum() > named.sum()
                and 2 * elsewhere.sum() > (self.named == town).sum()
            ):
                found[town] = other
        return found


def row_codes(layer: Layer, ctx: Context) -> RowCodes | None:
    """Return what a layer's rows say of their place; None without townships."""
    given = townships_of(ctx)
    if given is None or layer is given[0]:
        return None
    cache = ctx.plan.computed("row_codes")
    if layer not in cache:
        cache[layer] = _row_codes(layer, given[0], given[1], given[2], ctx)
    found: RowCodes = cache[layer]
    return found


def _row_codes(layer: Layer, towns_layer: Layer, towns: list[Township], town_of: NDArray, ctx: Context) -> RowCodes:
    named, field = named_townships(layer, towns)
    centres, _ = towns_of_centres(layer, ctx)
    misplaced = _misplaced(layer, named, centres, towns_layer, town_of, ctx)
    return RowCodes(layer, towns, field, named, misplaced, centres, _foreign(layer, ctx.plan.area_code))


def named_townships(layer: Layer, towns: list[Township]) -> tuple[NDArray, str]:
    """(n,) the township that each row names, −1 where it names none that there is; and the field that said so."""
    place = {town.code: n for n, town in enumerate(towns) if town.code}
    for meaning in _MEANINGS:
        found = np.array([place.get(code[:_DIGITS], -1) for code in layer.text(meaning)], dtype=int)
        if (found >= 0).any():
            return found, layer.field_name(meaning)
    return np.full(len(layer), -1), ""


def _foreign(layer: Layer, area_code: str) -> NDArray:
    """(n,) bool: rows whose location code begins with another county's."""
    own = area_code[:_COUNTY_DIGITS]
    if len(own) < _COUNTY_DIGITS or own.endswith("00"):
        # A city's or a province's plan has many counties.
        return np.zeros(len(layer), dtype=bool)
    codes = layer.text("location_code")
    whole = [len(code) >= _COUNTY_DIGITS and code[:_COUNTY_DIGITS].isdecimal() for code in codes]
    return np.array([w and not code.startswith(own) for w, code in zip(whole, codes, strict=True)], dtype=bool)


def _misplaced(
    layer: Layer, town: NDArray, centres: NDArray, towns_layer: Layer, town_of: NDArray, ctx: Context
) -> NDArray:
    """(n,) the township that a row names where less than the least share of the row lies in it, else −1.

    Rows without a shape lie nowhere: other rules report them.
    """
    asked = (town >= 0) & (town != centres) & ~missing(layer.plane)
    if not asked.any():
        return np.full(len(layer), -1)
    parts = ctx.geometry.shared(layer, towns_layer, rows_a=asked, measured=True)
    own = town_of[parts.right] == town[parts.left]
    inside = np.bincount(parts.left[own], parts.area[own], minlength=len(layer))
    outside = inside < float(ctx.norm.get(LEAST_SHARE)) * np.nan_to_num(shapely.area(layer.plane))
    return np.where(asked & outside, town, -1)

# SPDX-License-Identifier: GPL-2.0-or-later
"""A plan's areas by township on the basis that the tasks are counted on, and rows that name another township than they
lie in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..geometry.validity import is_missing
from ..indicators.area_backing import compare_with_land, find_county_excess, land_net
from ..indicators.areas import ROUNDING_M2, AreaFigure, target_figure
from ..indicators.survey_deductions import survey_deductions
from ..indicators.townships import Township, split_by_township, towns_of_centres, townships_of
from ..profile.figures import TownshipTasks

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


def check_row_codes(layer: Layer, ctx: Context) -> RowCodes | None:
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
    asked = (town >= 0) & (town != centres) & ~is_missing(layer.plane)
    if not asked.any():
        return np.full(len(layer), -1)
    parts = ctx.geometry.shared(layer, towns_layer, rows_a=asked, measured=True)
    own = town_of[parts.right] == town[parts.left]
    inside = np.bincount(parts.left[own], parts.area[own], minlength=len(layer))
    outside = inside < float(ctx.norm.get(LEAST_SHARE)) * np.nan_to_num(shapely.area(layer.plane))
    return np.where(asked & outside, town, -1)


#: Areas whose rows say in which township they lie.
_TOLD = ("cultivated_area", "farmland_area")


@dataclass(frozen=True)
class ByTownship:
    """``figure``: the whole; ``areas`` (townships + 2,) m²; the last but one is what lies in none of them, the last (below
    0) what townships that overlap claim twice.

    ``stated`` rows were given to the township that their own ``field`` names, ``shared`` ones by their geometry: each part
    takes its share of the row's net area (shared ÷ row × net). ``backed`` (townships + 2,) bool: the land backs the sum.
    ``land`` (townships + 2,) m²: what the land gives in place of the net area, within ``rounding``; None for other areas.
    """

    figure: AreaFigure
    towns: list[Township]
    areas: NDArray
    stated: int
    shared: int
    field: str
    backed: NDArray
    land: NDArray | None = None
    rounding: NDArray | None = None


def compute_by_township(name: str, ctx: Context) -> ByTownship | None:
    """One of `AREA_FIGURES` by township; None without townships, or without a layer that gives the area."""
    given = townships_of(ctx)
    figure = target_figure(name, ctx)
    if given is None or figure.layer is None:
        return None
    layer, towns = figure.layer, given[1]
    values = np.nan_to_num(layer.numbers("net_area") if figure.basis == "net" else layer.statutory)
    counted = values != 0.0
    if name == "cultivated_area" and ctx.plan.concept("cultivated") is not layer:
        # The survey's parcels stand in for the layer of its own.
        counted &= ctx.cultivated_rows(layer)
    codes = check_row_codes(layer, ctx) if name in _TOLD else None
    town = np.full(len(layer), -1) if codes is None else codes.named
    # Misplaced rows go by their geometry.
    told = counted & (town >= 0)
    if codes is not None:
        told &= codes.misplaced < 0
    rest = counted & ~told
    parts = split_by_township(layer, ctx) if rest.any() else None

    def add(amounts: NDArray) -> NDArray:
        """(townships + 2,) sums of (n,) amounts of the rows that count."""
        sums = np.zeros(len(towns) + 2)
        np.add.at(sums, town[told], amounts[told])
        return sums if parts is None else sums + parts.sums(amounts, rest)

    found = compare_with_land(layer, "net_area", ctx) if figure.basis == "net" else None
    sure = np.ones(len(towns) + 2, dtype=bool) if found is None else ~found.unbacked(add)
    deductions = survey_deductions(layer, ctx) if figure.basis == "net" else None
    if deductions is not None:
        sure &= ~deductions.exceeds(add)
    if found is not None and find_county_excess(layer, ctx) is not None:
        sure[:] = False
    land = land_net(layer, ctx) if figure.basis == "net" else None
    rounding = add(np.full(len(layer), ROUNDING_M2)) if land is not None else None
    on_land = add(land) if land is not None else None
    told_rows, shared_rows = int(told.sum()), int(rest.sum())
    field = "" if codes is None else codes.field
    return ByTownship(figure, towns, add(values), told_rows, shared_rows, field, sure, on_land, rounding)


def match_townships(
    tasks: TownshipTasks, towns: list[Township], layer: str
) -> tuple[dict[int, int], list[tuple[str, dict[str, Any]]]]:
    """Row of the table → township, by code, else by name; and reasons for those that are none of the map's.

    A code and a name of two townships are none: whose task it is, nobody can know.
    """
    by_code = {town.code: n for n, town in enumerate(towns) if town.code}
    by_name = {town.name: n for n, town in enumerate(towns)}
    found: dict[int, int] = {}
    lost: dict[str, None] = {}
    reasons: list[tuple[str, dict[str, Any]]] = []
    for task in tasks.tasks:
        coded, named = by_code.get(task.code), by_name.get(task.name)
        at = named if coded is None else coded
        if at is None:
            lost[task.name or task.code] = None
        elif named is not None and named != at:
            said = {"file": tasks.file, "line": task.line, "code": task.code, "name": task.name}
            reasons.append(("tasks_two_townships", {**said, "known": towns[at].name}))
        else:
            found[task.line] = at
    if lost:
        said = {"file": tasks.file, "names": "、".join(lost), "layer": layer}
        reasons.append(("tasks_unknown_township", said))
    return found, reasons

# SPDX-License-Identifier: GPL-2.0-or-later
"""Areas by township on the basis of tasks, and rows that name a wrong township."""

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


#: The fields that name a row's township: 坐落单位代码, else 行政区代码.
_MEANINGS = ("location_code", "division_code")
_DIGITS, _COUNTY_DIGITS = 9, 6
#: The smallest share of a row inside the township that its code names (C).
LEAST_SHARE = "indicators.least_township_share"


@dataclass(frozen=True)
class RowCodes:
    """The townships that the rows of a layer name; (n,) each.

    ``named``: the township that a row's ``field`` names, −1 for a township outside the map; ``misplaced``: that
    township if the row is not inside it, else −1; ``centres``: the township of the row's centre, −1 for none;
    ``foreign``: the code belongs to another county.
    """

    layer: Layer
    towns: list[Township]
    field: str
    named: NDArray
    misplaced: NDArray
    centres: NDArray
    foreign: NDArray

    def exchanged(self) -> dict[int, int]:
        """Return townships whose codes are exchanged: township → the township that its rows name.

        Two codes are exchanged where most rows in the first township name the second, most rows that name the second
        are in the first, and most rows that name the first are elsewhere.
        """
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
    """Return the townships that a layer's rows name; None without townships."""
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
    """Return (n,) the township that each row names, and the field that names it.

    −1: an unknown township.
    """
    place = {town.code: n for n, town in enumerate(towns) if town.code}
    for meaning in _MEANINGS:
        found = np.array([place.get(code[:_DIGITS], -1) for code in layer.text(meaning)], dtype=int)
        if (found >= 0).any():
            return found, layer.field_name(meaning)
    return np.full(len(layer), -1), ""


def _foreign(layer: Layer, area_code: str) -> NDArray:
    """Return (n,) bool: rows whose location code begins with that of another county."""
    own = area_code[:_COUNTY_DIGITS]
    if len(own) < _COUNTY_DIGITS or own.endswith("00"):
        # A plan of a city or province has many counties.
        return np.zeros(len(layer), dtype=bool)
    codes = layer.text("location_code")
    whole = [len(code) >= _COUNTY_DIGITS and code[:_COUNTY_DIGITS].isdecimal() for code in codes]
    return np.array([w and not code.startswith(own) for w, code in zip(whole, codes, strict=True)], dtype=bool)


def _misplaced(
    layer: Layer, town: NDArray, centres: NDArray, towns_layer: Layer, town_of: NDArray, ctx: Context
) -> NDArray:
    """Return (n,) the named township of misplaced rows, else −1.

    A row is misplaced if too small a share of it is inside the named township.

    Rows without a shape are skipped: other rules report them.
    """
    compared = (town >= 0) & (town != centres) & ~is_missing(layer.plane)
    if not compared.any():
        return np.full(len(layer), -1)
    parts = ctx.geometry.shared(layer, towns_layer, rows_a=compared, measured=True)
    own = town_of[parts.right] == town[parts.left]
    inside = np.bincount(parts.left[own], parts.area[own], minlength=len(layer))
    outside = inside < float(ctx.norm.get(LEAST_SHARE)) * np.nan_to_num(shapely.area(layer.plane))
    return np.where(compared & outside, town, -1)


#: Areas whose rows name their township.
_NAMES_TOWNSHIP = ("cultivated_area", "farmland_area")


@dataclass(frozen=True)
class ByTownship:
    """An area of the plan by township.

    ``figure``: the whole; ``areas``: (townships + 2,) m², the last but one outside all townships, the last (negative)
    counted twice by overlapping townships. ``stated``: number of rows assigned to the township that their ``field``
    names; ``shared``: number of rows divided by geometry, where each part gets its share of the row's net area
    (shared ÷ row × net). ``backed``: (townships + 2,) bool, the geometry confirms the sum. ``land``: (townships + 2,)
    m² by geometry instead of the net area, within ``rounding``; None for other areas.
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
    """Compute one of `AREA_FIGURES` by township.

    None without townships or without a layer for the area.
    """
    given = townships_of(ctx)
    figure = target_figure(name, ctx)
    if given is None or figure.layer is None:
        return None
    layer, towns = figure.layer, given[1]
    values = np.nan_to_num(layer.numbers("net_area") if figure.basis == "net" else layer.statutory)
    counted = values != 0.0
    if name == "cultivated_area" and ctx.plan.concept("cultivated") is not layer:
        # The survey's parcels replace a missing layer of 耕地.
        counted &= ctx.cultivated_rows(layer)
    codes = check_row_codes(layer, ctx) if name in _NAMES_TOWNSHIP else None
    town = np.full(len(layer), -1) if codes is None else codes.named
    # Misplaced rows are divided by their geometry.
    by_code = counted & (town >= 0)
    if codes is not None:
        by_code &= codes.misplaced < 0
    rest = counted & ~by_code
    parts = split_by_township(layer, ctx) if rest.any() else None

    def add(amounts: NDArray) -> NDArray:
        """Return (townships + 2,) sums of (n,) amounts of the rows that count."""
        sums = np.zeros(len(towns) + 2)
        np.add.at(sums, town[by_code], amounts[by_code])
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
    stated_rows, shared_rows = int(by_code.sum()), int(rest.sum())
    field = "" if codes is None else codes.field
    return ByTownship(figure, towns, add(values), stated_rows, shared_rows, field, sure, on_land, rounding)


def match_townships(
    tasks: TownshipTasks, towns: list[Township], layer: str
) -> tuple[dict[int, int], list[tuple[str, dict[str, Any]]]]:
    """Match rows of the table with townships by code, else by name.

    Returns row → township, and the reasons for rows without a match. A row whose code and name belong to two
    townships has no match.
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
            params = {"file": tasks.file, "line": task.line, "code": task.code, "name": task.name}
            reasons.append(("tasks_two_townships", {**params, "known": towns[at].name}))
        else:
            found[task.line] = at
    if lost:
        params = {"file": tasks.file, "names": "、".join(lost), "layer": layer}
        reasons.append(("tasks_unknown_township", params))
    return found, reasons

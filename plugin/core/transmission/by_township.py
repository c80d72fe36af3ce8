# SPDX-License-Identifier: GPL-2.0-or-later
"""A plan's areas by township, on the basis that the tasks are counted on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..indicators.area_backing import backing, beyond_county, land_net
from ..indicators.areas import ROUNDING_M2, Figure, target_figure
from ..indicators.survey_deductions import survey_deductions
from ..indicators.townships import Township, split, townships_of
from ..profile.township_tasks import TownshipTasks
from .row_codes import row_codes

if TYPE_CHECKING:
    from ..engine.context import Context

#: Areas whose rows say in which township they lie.
_TOLD = ("cultivated_area", "farmland_area")


@dataclass(frozen=True)
class ByTownship:
    """``figure``: the whole; ``areas`` (townships + 2,) m²; the last but one is what lies in none of them, the last (below
    0) what townships that overlap claim twice.

    ``told`` rows were given to the township that their own ``field`` names, ``shared`` ones by their geometry: each part
    takes its share of the row's net area (shared ÷ row × net). ``backed`` (townships + 2,) bool: the land backs the sum.
    ``land`` (townships + 2,) m²: what the land gives in place of the net area, within ``rounding``; None for other areas.
    """

    figure: Figure
    towns: list[Township]
    areas: NDArray
    told: int
    shared: int
    field: str
    backed: NDArray
    land: NDArray | None = None
    rounding: NDArray | None = None


def by_township(name: str, ctx: Context) -> ByTownship | None:
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
        counted &= ctx.cultivated(layer)
    codes = row_codes(layer, ctx) if name in _TOLD else None
    town = np.full(len(layer), -1) if codes is None else codes.named
    # Misplaced rows go by their geometry.
    told = counted & (town >= 0)
    if codes is not None:
        told &= codes.misplaced < 0
    rest = counted & ~told
    parts = split(layer, ctx) if rest.any() else None

    def add(amounts: NDArray) -> NDArray:
        """(townships + 2,) sums of (n,) amounts of the rows that count."""
        sums = np.zeros(len(towns) + 2)
        np.add.at(sums, town[told], amounts[told])
        return sums if parts is None else sums + parts.sums(amounts, rest)

    found = backing(layer, "net_area", ctx) if figure.basis == "net" else None
    sure = np.ones(len(towns) + 2, dtype=bool) if found is None else ~found.unbacked(add)
    deductions = survey_deductions(layer, ctx) if figure.basis == "net" else None
    if deductions is not None:
        sure &= ~deductions.exceeds(add)
    if found is not None and beyond_county(layer, ctx) is not None:
        sure[:] = False
    land = land_net(layer, ctx) if figure.basis == "net" else None
    rounding = add(np.full(len(layer), ROUNDING_M2)) if land is not None else None
    on_land = add(land) if land is not None else None
    told_rows, shared_rows = int(told.sum()), int(rest.sum())
    field = "" if codes is None else codes.field
    return ByTownship(figure, towns, add(values), told_rows, shared_rows, field, sure, on_land, rounding)


def placed(
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

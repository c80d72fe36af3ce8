# SPDX-License-Identifier: GPL-2.0-or-later
"""Sums of the counties' indicators: areas and counts; ratios and shares cannot be added."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ...model.indicator import COUNT_UNIT, SQUARE_METRES, Indicator
from .gathered_counties import CountyFigure, GatheredCounty

#: Unit of the areas.
_AREA_UNIT = "m2"


@dataclass
class FigureSum:
    """The sum of an indicator on one basis.

    ``counted``: counties with the figure; ``missing``: gathered counties without it; ``unconfirmed``: counted counties
    of which the figure is not confirmed.
    """

    id: str
    name: str
    basis: str
    unit: str
    value: float = 0.0
    counted: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unconfirmed: list[str] = field(default_factory=list)


def list_figures_to_add(indicators: Iterable[Indicator]) -> list[CountyFigure]:
    """Return the areas (m²) and counts of a whole county that have a value, each indicator once for each basis."""
    figures: dict[tuple[str, str], CountyFigure] = {}
    for one in indicators:
        if one.place or one.value is None or (one.unit != COUNT_UNIT and one.unit not in SQUARE_METRES):
            continue
        figure = CountyFigure(
            one.id,
            one.name,
            one.basis,
            COUNT_UNIT if one.unit == COUNT_UNIT else _AREA_UNIT,
            one.value * SQUARE_METRES.get(one.unit, 1.0),
            one.confirmed,
        )
        # With targets for several years, the report has the same figure once for each target.
        former = figures.setdefault((one.id, one.basis), figure)
        figures[one.id, one.basis] = replace(former, is_confirmed=former.is_confirmed and figure.is_confirmed)
    return list(figures.values())


def sum_figures(counties: Iterable[GatheredCounty]) -> list[FigureSum]:
    """Return the sum of each indicator over counties; one that counties have on two bases has two sums."""
    counties = list(counties)
    sums: dict[tuple[str, str], FigureSum] = {}
    for county in counties:
        for one in county.figures:
            found = sums.setdefault((one.id, one.basis), FigureSum(one.id, one.name, one.basis, one.unit))
            found.value += one.value
            found.counted.append(county.label)
            if not one.is_confirmed:
                found.unconfirmed.append(county.label)
    for (indicator, basis), found in sums.items():
        found.missing = [
            county.label
            for county in counties
            if not any((one.id, one.basis) == (indicator, basis) for one in county.figures)
        ]
    return list(sums.values())

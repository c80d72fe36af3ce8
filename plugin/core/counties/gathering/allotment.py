# SPDX-License-Identifier: GPL-2.0-or-later
"""Allotment (任务分解) of targets from city to counties and from counties to townships; what is not yet allotted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ...figures.target_allocation.levels import sum_printed_figures
from ...model.indicator import COMPARISON_SIGNS
from ...render.tables.report_table import ReportTable, TableColumn, TableNumber, make_table
from ...render.words import ReportTexts
from ...standard import load_standard
from ...standard.messages.texts import Texts
from ...standard.profile import IndicatorTarget, Norm, compute_division_prefix
from ..seams.sums import ParentTargets, are_targets_alike
from .allotted_target import Allotment
from .gathered_counties import GatherResult

_MORE_DECIMALS = 4


def make_allotments(targets: ParentTargets, result: GatherResult, norm: Norm) -> list[Allotment]:
    """Return the allotment of each target of the parent and of its counties, the parent first.

    The table of targets comes before the profiles of the parent (``norm``) and of the counties. Counties are those of
    the list of divisions, and those of the gathering, which may have a code of an earlier list.
    """
    prefix, code = compute_division_prefix(result.area_code), result.area_code
    # A row without a code is of the parent.
    parents = [replace(one, area_code=one.area_code or code) for one in targets.parent]
    if all(one.area_code != code for one in parents):
        parents += norm.find_targets(code)
    counties = {one.area_code: one for one in result.counties if one.area_code.startswith(prefix)}
    divisions = (norm.standard.code_lists.get("divisions") or load_standard().code_lists["divisions"]).entry_by_code
    all_names = {one: entry.name for one, entry in divisions.items() if one.startswith(prefix) and one != code}
    cities = {one: name for one, name in all_names.items() if one.endswith("00")}
    names = {one: name for one, name in all_names.items() if one not in cities}
    names |= {one: county.label for one, county in counties.items()}
    listed = [one for one in targets.children if one.area_code.startswith(prefix)]
    has_row = {(one.area_code, one.indicator) for one in listed}
    listed += [
        one for county in counties.values() for one in county.targets if (one.area_code, one.indicator) not in has_row
    ]
    allotments: list[Allotment] = []
    if cities:
        own = [one for one in parents if one.area_code == code]
        allotments += _compare("province", code, result.area_name, own, parents, cities)
    for city, city_name in (cities or {code: result.area_name}).items():
        below = {one: name for one, name in names.items() if one.startswith(compute_division_prefix(city))}
        own = [one for one in parents if one.area_code == city]
        allotments += _compare("city", city, city_name, own, [one for one in listed if one.area_code in below], below)
    for area, name in sorted(names.items()):
        own = [one for one in listed if one.area_code == area]
        townships = [one for one in targets.townships if one.area_code.startswith(area)]
        known = counties[area].townships if area in counties else {}
        allotments += _compare("county", area, name, own, townships, known)
    return allotments


def _compare(
    level: str,
    code: str,
    name: str,
    targets: Iterable[IndicatorTarget],
    parts: Sequence[IndicatorTarget],
    names: Mapping[str, str],
) -> Iterator[Allotment]:
    """Yield each target of an area with the sum of its parts; ``names``: of all areas below it, by code."""
    for target in targets:
        alike = [one for one in parts if one.comparison == target.comparison and are_targets_alike(one, target)]
        rows = [one for one in alike if one.area_code != code]
        known = {one.area_code for one in rows}
        missing = tuple(one for part, one in sorted(names.items()) if part not in known)
        yield Allotment(level, code, name, target, sum_printed_figures(rows, target.unit), len(rows), missing)


def make_allotment_table(allotments: Iterable[Allotment], texts: Texts) -> ReportTable:
    """Return the table of allotments."""
    report_texts = ReportTexts(texts.lang)

    def show(value: float, one: Allotment) -> TableNumber:
        return TableNumber(value, max(one.target.printed_decimals, _MORE_DECIMALS))

    columns = [
        TableColumn(
            "allotment_level",
            width_in_characters=10,
            value=lambda one: texts.get("gathering_returns", f"level_{one.level}"),
        ),
        TableColumn("allotment_area", width_in_characters=16, key="area_name"),
        TableColumn("division_code", width_in_characters=12, key="area_code"),
        TableColumn(
            "indicator", width_in_characters=24, value=lambda one: texts.get_indicator_name(one.target.indicator)
        ),
        TableColumn(
            "unit", width_in_characters=10, value=lambda one: report_texts.get_text_or_key("unit", one.target.unit)
        ),
        TableColumn(
            "county_comparison", width_in_characters=6, value=lambda one: COMPARISON_SIGNS[one.target.comparison]
        ),
        TableColumn(
            "allotment_target",
            width_in_characters=14,
            value=lambda one: TableNumber(one.target.numeric_value, one.target.printed_decimals),
        ),
        TableColumn("allotment_sum", width_in_characters=14, value=lambda one: show(one.parts_sum, one)),
        TableColumn("allotment_open", width_in_characters=14, value=lambda one: show(max(one.difference, 0.0), one)),
        TableColumn("allotment_above", width_in_characters=14, value=lambda one: show(max(-one.difference, 0.0), one)),
        TableColumn("allotment_parts", "count", width_in_characters=8, key="part_count"),
        TableColumn(
            "allotment_state",
            width_in_characters=16,
            value=lambda one: texts.get("gathering_returns", f"allotment_{one.state}"),
        ),
        TableColumn(
            "allotment_missing",
            width_in_characters=40,
            value=lambda one: texts.get("words", "between_names").join(one.missing),
        ),
    ]
    notes = [texts.get("gathering_returns", "allotment_note")]
    return make_table("gathering_allotment", columns, allotments, lambda one: one.area_code, notes=notes)

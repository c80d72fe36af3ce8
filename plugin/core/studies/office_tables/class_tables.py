# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of land use by class: all classes with total (用地用海汇总表), construction land of the town centre."""

from __future__ import annotations

import numpy as np

from ...figures.indicators.compute import PlanIndicators
from ...figures.indicators.land_use import CLASS_CODE_LIST_ID
from ...render.tables.by_land_use import BASE_LAYER, DEDUCTED_CODE, PLANNED_LAYER, find_land_use_layer
from ...render.tables.report_table import CellValue, ReportTable, ReportTableRow, TableColumn, TableNumber
from ...standard.messages.numbers import format_hectare_number
from ...standard.profile.profile_data import StatedFigure
from .use_tables import UseAreas, describe_uses, make_hectares, measure_uses

_SECTION = "office_tables"
CENTRE_LAYERS = ("centre_base", "planned_use")
#: Words that the name of a stated figure has if it is the population of the town centre, and persons per unit.
_POPULATION_WORDS = ("中心城区", "人口")
_PERSONS_BY_UNIT = {"人": 1.0, "万人": 10_000.0}


def make_class_table(figures: PlanIndicators) -> ReportTable | None:
    """Return the first- and second-level classes of the planned layer, else of the base year, with shares and total.

    None without both layers.
    """
    layers = [find_land_use_layer(concept, figures) for concept in (PLANNED_LAYER, BASE_LAYER)]
    layer = next((one for one in layers if one is not None), None)
    if layer is None:
        return None
    texts, uses = figures.texts, measure_uses(layer, figures)
    codes = figures.ctx.get_code_list(CLASS_CODE_LIST_ID)
    total_m2 = uses.total_m2
    columns = [TableColumn("level_1"), TableColumn("level_2"), TableColumn("name"), TableColumn("area", "ha")]
    table = ReportTable("use_summary", [*columns, TableColumn("share", "share")], unit="ha")

    def add_row(cells: list[CellValue], area_m2: float, kind: str, code: str) -> None:
        share = TableNumber(100 * area_m2 / total_m2, 2) if total_m2 else None
        table.rows.append(ReportTableRow([*cells, make_hectares(area_m2), share], kind, code))

    area_m2_by_class = _sum_by_digits(uses, 4)
    for first, area_m2 in _sum_by_digits(uses, 2).items():
        deducted_m2 = uses.deducted_m2 if first == "23" else 0.0
        if first in codes.entry_by_code:
            add_row([first, "", codes.entry_by_code[first].name], area_m2 + deducted_m2, "row", first)
            parts = {code: area for code, area in area_m2_by_class.items() if code[:2] == first}
            if deducted_m2:
                parts[DEDUCTED_CODE] = deducted_m2
            for code, part_m2 in parts.items() if set(parts) != {first} else ():
                entry = codes.entry_by_code.get(code)
                name = texts.get(_SECTION, "undivided") if code == first else entry.name if entry else code
                second = "2303" if code == DEDUCTED_CODE else "" if code == first else code
                name = texts.get(_SECTION, "ridges") if code == DEDUCTED_CODE else name
                add_row(["", second, name], part_m2, "part", code)
    unknown_m2 = float(uses.areas_m2[uses.codes == ""].sum())
    if unknown_m2:
        add_row(["", "", texts.get(_SECTION, "use_unknown")], unknown_m2, "row", "unknown")
    add_row(["", "", texts.get("tables", "sum")], total_m2, "sum", "")
    shown = {"layer": layer.template.name, "role": layer.role}
    table.notes.append(texts.get(_SECTION, "summary_base" if layers[0] is None else "summary_planned", **shown))
    table.notes += describe_uses([uses], figures)
    return table


def _sum_by_digits(uses: UseAreas, digits: int) -> dict[str, float]:
    """Return first digits of a class → area (m²), by code; deducted ridges are land of the class 23."""
    prefixes = np.array([code[:digits] for code in uses.codes], dtype=object)
    found = {*prefixes, *(["23"] if uses.deducted_m2 and digits == 2 else [])} - {""}
    return {prefix: float(uses.areas_m2[prefixes == prefix].sum()) for prefix in sorted(found)}


def make_centre_table(figures: PlanIndicators) -> ReportTable | None:
    """Return construction land of the town centre by first-level class, in base year and plan, total and per person.

    None without both layers of the centre.
    """
    layers = [find_land_use_layer(concept, figures) for concept in CENTRE_LAYERS]
    sides = [None if layer is None else measure_uses(layer, figures) for layer in layers]
    present = [side for side in sides if side is not None]
    if not present:
        return None
    texts = figures.texts
    group = next(group for group in figures.catalogue.land_groups if group.id == "construction")
    areas = [_sum_by_digits(side, 2) if side is not None else None for side in sides]
    totals = [None if one is None else sum(one.get(code, 0.0) for code in group.classes) for one in areas]
    population = find_centre_population(figures)
    columns = [TableColumn("name"), TableColumn("code")]
    for side in ("base", "planned"):
        columns += [TableColumn(f"{side}_area", "ha"), TableColumn(f"{side}_share", "share")]
    table = ReportTable("centre_use", [*columns, TableColumn("per_capita", "m2")], unit="ha")
    entries = figures.ctx.get_code_list(CLASS_CODE_LIST_ID).entry_by_code
    for code in (*group.classes, ""):
        cells: list[CellValue] = [entries[code].name if code else texts.get("tables", "sum"), code]
        values = [
            total if not code else None if one is None else one.get(code, 0.0)
            for one, total in zip(areas, totals, strict=True)
        ]
        for value, total in zip(values, totals, strict=True):
            cells += [make_hectares(value), None if value is None or not total else TableNumber(100 * value / total, 2)]
        planned = values[1]
        per_capita = None if planned is None or population is None else TableNumber(planned / population[1], 2)
        table.rows.append(ReportTableRow([*cells, per_capita], "row" if code else "sum", code))
    table.notes += describe_uses(present, figures)
    for side, total in zip(sides, totals, strict=True):
        if side is not None and total is not None:
            rest = format_hectare_number(side.total_m2 - total)
            shown = {"layer": side.layer.template.name, "role": side.layer.role}
            table.notes.append(texts.get(_SECTION, "centre_rest", **shown, area=rest))
    if population is None:
        table.notes.append(texts.get(_SECTION, "no_population"))
    else:
        figure = population[0]
        named = {"name": figure.name, "value": figure.value, "unit": figure.unit, "source": figure.source}
        table.notes.append(texts.get(_SECTION, "population_note", **named, year=str(figure.year)))
    for concept, side in zip(CENTRE_LAYERS, sides, strict=True):
        if side is None:
            table.notes.append(figures.format_missing_layers((concept,)))
    return table


def find_centre_population(figures: PlanIndicators) -> tuple[StatedFigure, float] | None:
    """Return the last stated population of the town centre, and its number of persons; None without one."""
    stated = [
        one
        for one in figures.ctx.norm.profile.stated_figures
        if one.area_code == figures.ctx.plan.area_code
        and all(word in one.name for word in _POPULATION_WORDS)
        and one.unit in _PERSONS_BY_UNIT
    ]
    if not stated:
        return None
    last = max(stated, key=lambda one: one.year)
    persons = last.numeric_value * _PERSONS_BY_UNIT[last.unit]
    return (last, persons) if persons > 0 else None

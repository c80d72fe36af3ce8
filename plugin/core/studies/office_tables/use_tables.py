# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of land use in the rows that annexes print: structure (用途结构), all classes (用地用海汇总), the town centre.

Each parcel is in one row. Construction land with the 城镇村属性码 of a town or a village is urban or village land; only
the rest is divided by its class. The rows are settings of the section ``use_structure`` (mark C).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...engine.context import trim_code_padding
from ...figures.indicators.compute import PlanIndicators
from ...figures.indicators.land_use import (
    AREA_FIELD_MEANINGS,
    CLASS_CODE_LIST_ID,
    classify_rows,
    get_row_areas,
)
from ...model.indicator import SQUARE_METRES
from ...plan.layer import Layer
from ...render.tables.by_land_use import (
    BASE_LAYER,
    PLANNED_LAYER,
    find_land_use_layer,
    find_layers_with_unconfirmed_sums,
    make_note_on_unconfirmed_sums,
)
from ...render.tables.report_table import CellValue, ReportTable, ReportTableRow, TableColumn, TableNumber
from ...standard.messages.numbers import format_hectare_number
from .office_table import URBAN_FIELD

CENTRE_LAYERS = ("centre_base", "planned_use")
COMPARED_COLUMNS = ("base_area", "base_share", "planned_area", "planned_share", "change")
_SETTINGS, _EDITION_2020 = "use_structure", "land_use_2020"
_SETTLEMENT, _URBAN, _VILLAGE, _UNATTRIBUTED = "settlement", "urban", "village", "unattributed"
_SETTLEMENT_PARTS = (_URBAN, _VILLAGE)
#: Rows of the structure as printed, the parts of settlements apart, and those that are printed only with land.
_ROWS = (
    *("cultivated", "garden", "forest", "grass", "farm_facilities", _SETTLEMENT, "infrastructure"),
    *("other_construction", _UNATTRIBUTED, "water", "wetland", "other", "sea", "unknown"),
)
_ROWS_WITH_LAND = (_UNATTRIBUTED, "sea", "unknown")
#: 三大类 → its rows; wetland is in the class that a setting names.
_CLASSES = {
    "agricultural": ("cultivated", "garden", "forest", "grass", "farm_facilities"),
    "construction": (_SETTLEMENT, "infrastructure", "other_construction", _UNATTRIBUTED),
    "rest": ("water", "other", "sea"),
}
#: The class of field ridges (田坎): what is deducted from parcels is a part without a parcel.
_RIDGES = "2303"
#: Words that the name of a stated figure has if it is the population of the town centre, and persons per unit.
_POPULATION_WORDS, _PERSONS_BY_UNIT = ("中心城区", "人口"), {"人": 1.0, "万人": 10_000.0}


@dataclass
class UseAreas:
    """Land of a layer by class; the last part is what is deducted from parcels as field ridges.

    ``codes``, ``areas_m2`` (n + 1,): class of the 2023 list or of the edition of 2020, empty if unknown, and area;
    ``area_m2_by_row``: area of each row of the structure, if the layer was divided by it; ``settlement_rows``: rows
    whose land is settlement land where it has the 城镇村属性码; ``notes``: on the layer.
    """

    layer: Layer
    codes: NDArray
    areas_m2: NDArray
    edition: str
    has_net: bool
    notes: list[str]
    area_m2_by_row: dict[str, float] = field(default_factory=dict)
    settlement_rows: frozenset[str] = frozenset()

    @property
    def has_urban_codes(self) -> bool:
        """Return True if towns and villages are apart."""
        return _URBAN in self.area_m2_by_row

    @property
    def total_m2(self) -> float:
        """Land of the layer, m²."""
        return float(self.areas_m2.sum())

    def sum_by_digits(self, digits: int) -> dict[str, float]:
        """Return first digits of known classes → area (m²), by code."""
        prefixes = np.array([code[:digits] for code in self.codes], dtype=object)
        found = sorted(set(prefixes[self.areas_m2 != 0]) - {""})
        return {prefix: float(self.areas_m2[prefixes == prefix].sum()) for prefix in found}


def measure_uses(layer: Layer, figures: PlanIndicators) -> UseAreas:
    """Return the land of a layer by class: net areas, else areas of the survey, else statutory ones.

    A parcel without the first has the second, so that all land counts.
    """
    areas, texts = get_row_areas(layer), figures.texts
    basis, values = areas.best_basis_and_areas
    whole = layer.statutory if areas.survey_m2 is None else areas.survey_m2
    whole = np.where(np.isnan(whole), layer.statutory, whole)
    is_blank = np.isnan(values)
    deducted_m2 = float((whole - values)[~is_blank].sum()) if basis == "net" and areas.survey_m2 is not None else 0.0
    classed = classify_rows(layer, figures.ctx)
    codes = [classed.class_names[n] for n in classed.class_index]
    declared = layer.template.find_field("land_use")
    edition = declared.codes if declared is not None else ""
    old_classes = set(figures.ctx.norm.get(f"{_SETTINGS}.only_2020"))
    if declared is not None and edition == CLASS_CODE_LIST_ID:
        written = [trim_code_padding(code, declared.code_pad) for code in layer.text("land_use")]
        if not old_classes.isdisjoint(written):
            edition = _EDITION_2020
            codes = [one if one in old_classes else code for one, code in zip(written, codes, strict=True)]
    shown = {"layer": layer.template.name, "role": layer.role, "basis": texts.get("bases", basis)}
    notes = [texts.get("office_tables", "use_note", **shown, edition=texts.get("office_tables", edition))]
    if deducted_m2:
        notes.append(texts.get("office_tables", "use_deducted", **shown, area=format_hectare_number(deducted_m2)))
    if is_blank.any():
        notes.append(texts.get("office_tables", "use_filled", **shown, count=str(is_blank.sum())))
    notes += make_note_on_unconfirmed_sums(
        find_layers_with_unconfirmed_sums([layer], tuple(AREA_FIELD_MEANINGS.values()), figures), figures
    )
    return UseAreas(
        layer,
        np.array([*codes, _RIDGES], dtype=object),
        np.append(np.where(is_blank, whole, values), deducted_m2),
        edition,
        basis == "net",
        notes,
    )


def divide_by_structure(layer: Layer, figures: PlanIndicators) -> UseAreas:
    """Return the land of a layer by row of the structure; together the rows are the land of the layer.

    Without any 城镇村属性码 towns and villages have no figure.
    """
    uses, texts = measure_uses(layer, figures), figures.texts
    settings = {key: tuple(codes) for key, codes in _read_code_settings(figures).items()}
    infrastructure = settings["infrastructure_2020" if uses.edition == _EDITION_2020 else "infrastructure"]
    by_class = {"infrastructure": infrastructure, "other_construction": settings["other_construction"]}
    groups = {group.id: group.classes for group in figures.catalogue.land_groups}
    groups[_UNATTRIBUTED] = groups.pop("construction")
    row_by_class = {code: row for row, codes in groups.items() for code in codes}

    def find_row(code: str, urban_code: str) -> str:
        """Return the row of a class and a 城镇村属性码."""
        part = next((one for one in _SETTLEMENT_PARTS if urban_code.startswith(settings[one])), "")
        if part and code.startswith(settings[_SETTLEMENT]):
            return part
        for row, classes in by_class.items():
            if code.startswith(classes):
                return row
        return row_by_class.get(code[:2], "unknown")

    urban_codes = layer.text("urban_code") if layer.has_field("urban_code") else layer.get_texts_by_name(URBAN_FIELD)
    pairs = list(zip(uses.codes, [*urban_codes, ""], strict=True))
    row_by_pair = {pair: find_row(*pair) for pair in set(pairs)}
    rows = np.array([row_by_pair[pair] for pair in pairs], dtype=object)
    sums = {row: float(uses.areas_m2[rows == row].sum()) for row in (*_ROWS, *_SETTLEMENT_PARTS)}
    inside = [code.startswith(settings[_URBAN] + settings[_VILLAGE]) for _, code in pairs]
    inside_m2 = float(uses.areas_m2[inside & ~np.isin(rows, _SETTLEMENT_PARTS)].sum())
    shown = {"layer": layer.template.name, "role": layer.role}
    if any(urban_codes):
        sums[_SETTLEMENT] = sums[_URBAN] + sums[_VILLAGE]
        for key, area_m2 in (("use_unattributed_note", sums[_UNATTRIBUTED]), ("use_inside", inside_m2)):
            if area_m2:
                uses.notes.append(texts.get("office_tables", key, **shown, area=format_hectare_number(area_m2)))
    else:
        # Without the code, construction land of neither other row is of settlements, undivided.
        sums = {row: area for row, area in sums.items() if row not in _SETTLEMENT_PARTS}
        sums[_SETTLEMENT] = sums.pop(_UNATTRIBUTED)
        uses.notes.append(texts.get("office_tables", "use_no_urban_codes", **shown))
    uses.area_m2_by_row = sums
    divided = [code for code in row_by_class if code.startswith(settings[_SETTLEMENT])]
    divided += [code for code in uses.codes if code.startswith(settings[_SETTLEMENT])]
    uses.settlement_rows = frozenset({_SETTLEMENT, *(find_row(code, "") for code in divided)})
    return uses


def _read_code_settings(figures: PlanIndicators) -> dict[str, Sequence[str]]:
    """Return the settings of the structure that are lists of codes."""
    settings = figures.ctx.norm.get_settings_section(_SETTINGS)
    return {key: value for key, value in settings.items() if not isinstance(value, bool)}


def make_structure_table(figures: PlanIndicators) -> ReportTable | None:
    """Return land use of base year and plan by the rows of 用途结构调整表, and by 三大类 (rows of kind ``class``).

    None without a layer of land use.
    """
    layers = [find_land_use_layer(concept, figures) for concept in (BASE_LAYER, PLANNED_LAYER)]
    sides = [None if layer is None else divide_by_structure(layer, figures) for layer in layers]
    if not any(sides):
        return None
    texts, separator = figures.texts, figures.texts.get("words", "between_names")
    groups = {group.id: group for group in figures.catalogue.land_groups}
    codes = {one: group.classes for one, group in groups.items()} | _read_code_settings(figures)
    codes |= {_UNATTRIBUTED: codes["construction"], _SETTLEMENT: ()}
    home = "agricultural" if figures.ctx.norm.get(f"{_SETTINGS}.wetland_is_agricultural") else "rest"
    classes = {**_CLASSES, home: (*_CLASSES[home], "wetland")}

    def get_name(row: str) -> str:
        """Return the printed name of a row: that of its group of land use, or its own."""
        return texts.find("office_tables", f"use_{row}") or groups[row].get_name(texts.lang)

    table = ReportTable("use_structure", _make_columns("codes", "change", "ha"), unit="ha")
    printed, totals = [], [None if side is None else side.total_m2 for side in sides]
    # Land of towns and villages is in other rows of a side without the code: changes of these rows mean nothing.
    is_mixed = all(sides) and len({side.has_urban_codes for side in sides if side is not None}) > 1
    incomparable = frozenset[str]().union(*(side.settlement_rows for side in sides if side is not None and is_mixed))
    for row in (*_ROWS[:6], *_SETTLEMENT_PARTS, *_ROWS[6:], *classes):
        areas = [
            None
            if side is None or (row not in classes and row not in side.area_m2_by_row)
            else sum(side.area_m2_by_row.get(part, 0.0) for part in classes.get(row, (row,)))
            for side in sides
        ]
        if row not in _ROWS_WITH_LAND or any(areas):
            printed.append(row)
            kind = "class" if row in classes else "part" if row in _SETTLEMENT_PARTS else "row"
            listed = separator.join(codes.get(row, ()) if kind != "class" else ())
            cells = make_compared_cells(areas, totals)
            if not incomparable.isdisjoint(classes.get(row, (row,))):
                cells[-1] = None
            table.rows.append(ReportTableRow([get_name(row), listed, *cells], kind, row))
    table.rows.append(ReportTableRow([texts.get("tables", "sum"), "", *make_compared_cells(totals, totals)], "sum", ""))
    table.notes += [note for side in sides if side is not None for note in side.notes]
    if len({side.has_net for side in sides if side is not None}) > 1:
        table.notes.append(texts.get("office_tables", "use_bases_differ"))
    listed_rows = {
        one: separator.join(get_name(row) for row in rows if row in printed) for one, rows in classes.items()
    }
    table.notes += [texts.get("office_tables", key, **listed_rows) for key in ("use_rule", "use_classes_note")]
    return table


def _make_columns(second: str, last: str, unit: str) -> list[TableColumn]:
    """Return the columns of a table of base year and plan, with a second and a last one."""
    return [
        TableColumn("name"),
        TableColumn(second),
        *(TableColumn(one, "share" if one.endswith("share") else "ha") for one in COMPARED_COLUMNS[:-1]),
        TableColumn(last, unit),
    ]


def make_compared_cells(areas_m2: Sequence[float | None], totals_m2: Sequence[float | None]) -> list[CellValue]:
    """Return area (ha) and share (%) of base year and plan, and the change; None without a figure."""
    cells: list[CellValue] = []
    for area, total in zip(areas_m2, totals_m2, strict=True):
        share = None if area is None or not total else TableNumber(100 * area / total, 2)
        cells += [make_hectares(area), share]
    base, planned = areas_m2
    return [*cells, None if base is None or planned is None else make_hectares(planned - base)]


def make_hectares(area_m2: float | None) -> TableNumber | None:
    """Return an area in hectares as a cell; small ones are kept, so that figures sum to the total before rounding."""
    return None if area_m2 is None else TableNumber(float(area_m2) / SQUARE_METRES["ha"], 2)


def make_class_table(figures: PlanIndicators) -> ReportTable | None:
    """Return the first- and second-level classes of the planned layer, else of the base year, with shares and total.

    None without both layers.
    """
    layers = [find_land_use_layer(concept, figures) for concept in (PLANNED_LAYER, BASE_LAYER)]
    layer = layers[0] or layers[1]
    if layer is None:
        return None
    texts, uses = figures.texts, measure_uses(layer, figures)
    entries = figures.ctx.get_code_list(CLASS_CODE_LIST_ID).entry_by_code
    units = {"level_1": "", "level_2": "", "name": "", "area": "ha", "share": "share"}
    table = ReportTable("use_summary", [TableColumn(one, unit) for one, unit in units.items()], unit="ha")
    rows: list[tuple[str, str, str, float]] = []
    area_by_class = uses.sum_by_digits(4)
    for first, area_m2 in uses.sum_by_digits(2).items():
        rows.append((first, entries[first].name, "row", area_m2))
        parts = [code for code in area_by_class if code[:2] == first]
        for code in parts if parts != [first] else ():
            known = entries[code].name if code in entries else code
            name = texts.get("office_tables", "undivided") if code == first else known
            rows.append((code, name, "part", area_by_class[code]))
    unknown_m2 = float(uses.areas_m2[uses.codes == ""].sum())
    if unknown_m2:
        rows.append(("unknown", texts.get("office_tables", "use_unknown"), "row", unknown_m2))
    rows.append(("", texts.get("tables", "sum"), "sum", uses.total_m2))
    for code, name, kind, area_m2 in rows:
        levels = [code if len(code) == digits and code.isdecimal() else "" for digits in (2, 4)]
        cells = make_compared_cells([area_m2, None], [uses.total_m2, None])[:2]
        table.rows.append(ReportTableRow([*levels, name, *cells], kind, code))
    shown = {"layer": layer.template.name, "role": layer.role}
    of_year = texts.get("office_tables", "summary_base" if layers[0] is None else "summary_planned", **shown)
    table.notes += [of_year, *uses.notes]
    return table


def make_centre_table(figures: PlanIndicators) -> ReportTable | None:
    """Return construction land of the town centre by first-level class, in base year and plan, total and per person.

    None without both layers of the centre.
    """
    layers = [find_land_use_layer(concept, figures) for concept in CENTRE_LAYERS]
    sides = [None if layer is None else measure_uses(layer, figures) for layer in layers]
    if not any(sides):
        return None
    texts, entries = figures.texts, figures.ctx.get_code_list(CLASS_CODE_LIST_ID).entry_by_code
    classes = next(group.classes for group in figures.catalogue.land_groups if group.id == "construction")
    sums = [None if side is None else dict.fromkeys(classes, 0.0) | side.sum_by_digits(2) for side in sides]
    totals = [None if one is None else sum(one[code] for code in classes) for one in sums]
    named = [
        one
        for one in figures.ctx.norm.profile.stated_figures
        if one.area_code == figures.ctx.plan.area_code
        and one.unit in _PERSONS_BY_UNIT
        and all(word in one.name for word in _POPULATION_WORDS)
    ]
    population = max(named, key=lambda one: one.year, default=None)
    persons = population.numeric_value * _PERSONS_BY_UNIT[population.unit] if population is not None else 0.0
    table = ReportTable("centre_use", _make_columns("code", "per_capita", "m2"), unit="ha")
    for code in (*classes, ""):
        areas = [None if one is None else one[code] for one in sums] if code else totals
        per_capita = TableNumber(areas[1] / persons, 2) if areas[1] is not None and persons else None
        cells = [
            entries[code].name if code else texts.get("tables", "sum"),
            code,
            *make_compared_cells(areas, totals)[:-1],
            per_capita,
        ]
        table.rows.append(ReportTableRow(cells, "row" if code else "sum", code))
    for side, total in zip(sides, totals, strict=True):
        if side is not None and total is not None:
            shown = {"layer": side.layer.template.name, "role": side.layer.role}
            shown["area"] = format_hectare_number(side.total_m2 - total)
            table.notes += [*side.notes, texts.get("office_tables", "centre_rest", **shown)]
    if population is None:
        table.notes.append(texts.get("office_tables", "no_population"))
    else:
        table.notes.append(
            texts.get(
                "office_tables",
                "population_note",
                name=population.name,
                value=population.value,
                unit=population.unit,
                year=str(population.year),
                source=population.source,
            )
        )
    return table

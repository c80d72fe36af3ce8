# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of land use in the rows that annexes print: structure (用途结构), three classes, summary, town centre.

Each parcel is in one row. Construction land with the 城镇村属性码 of a town or a village is urban or village land; only
the rest is divided by its class. The rows are settings of the section ``use_structure`` (mark C).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...engine.context import trim_code_padding
from ...figures.indicators.compute import PlanIndicators
from ...figures.indicators.land_use import CLASS_CODE_LIST_ID, classify_rows, get_row_areas
from ...model.indicator import SQUARE_METRES
from ...plan.layer import Layer
from ...render.tables.by_land_use import (
    BASE_LAYER,
    OTHER_CODE,
    PLANNED_LAYER,
    find_land_use_layer,
    find_layers_with_unconfirmed_sums,
    make_note_on_unconfirmed_sums,
)
from ...render.tables.report_table import CellValue, ReportTable, ReportTableRow, TableColumn, TableNumber
from ...standard.messages.numbers import format_hectare_number
from .office_table import URBAN_FIELD
from .rounding import round_figures

_SECTION = "office_tables"
_SETTINGS = "use_structure"
_CONSTRUCTION, _SEA = "construction", "sea"
_UNKNOWN, _UNATTRIBUTED = "unknown", "unattributed"
_SETTLEMENT, _URBAN, _VILLAGE = "settlement", "urban", "village"
_INFRASTRUCTURE, _OTHER_CONSTRUCTION = "infrastructure", "other_construction"
#: Rows of the structure as printed; the parts of settlements follow them.
_ROWS = (
    *("cultivated", "garden", "forest", "grass", "farm_facilities", _SETTLEMENT, _INFRASTRUCTURE, _OTHER_CONSTRUCTION),
    *(_UNATTRIBUTED, "water", "wetland", OTHER_CODE, _SEA, _UNKNOWN),
)
#: Rows that are printed only with land.
_ROWS_WITH_LAND = (_UNATTRIBUTED, _SEA, _UNKNOWN)
_CONSTRUCTION_ROWS = (_SETTLEMENT, _INFRASTRUCTURE, _OTHER_CONSTRUCTION, _UNATTRIBUTED)
#: Codes of three classes: agricultural, construction, other land.
_AGRICULTURAL, _REST = "agricultural", "rest"


@dataclass
class UseAreas:
    """Areas (m²) of a layer's parcels: the best known of each, and what is deducted as field ridges (田坎).

    ``codes``: land-use class of each parcel, of the 2023 list or of the edition of 2020, empty if unknown;
    ``filled_count``: parcels without an area on the layer's basis, which have another area.
    """

    layer: Layer
    codes: NDArray
    areas_m2: NDArray
    deducted_m2: float
    basis: str
    edition: str
    filled_count: int

    @property
    def total_m2(self) -> float:
        """Land of the layer, m²."""
        return float(self.areas_m2.sum()) + self.deducted_m2


def measure_uses(layer: Layer, figures: PlanIndicators) -> UseAreas:
    """Return the areas of a layer's parcels with their classes; a parcel without a net area has its whole area."""
    areas = get_row_areas(layer)
    basis, values = areas.best_basis_and_areas
    whole = layer.statutory if areas.survey_m2 is None else areas.survey_m2
    whole = np.where(np.isnan(whole), layer.statutory, whole)
    is_blank = np.isnan(values)
    deducted_m2 = float((whole - values)[~is_blank].sum()) if basis == "net" and areas.survey_m2 is not None else 0.0
    classed = classify_rows(layer, figures.ctx)
    codes = np.array(classed.class_names, dtype=object)[classed.class_index]
    declared = layer.template.find_field("land_use")
    edition = declared.codes if declared is not None else ""
    if edition == CLASS_CODE_LIST_ID and declared is not None:
        old_classes = set(figures.ctx.norm.get(f"{_SETTINGS}.classes_2020"))
        written = [trim_code_padding(code, declared.code_pad) for code in layer.text("land_use")]
        is_old = np.array([code in old_classes for code in written], dtype=bool)
        if is_old.any():
            edition = "land_use_2020"
            codes[is_old] = np.array(written, dtype=object)[is_old]
    return UseAreas(layer, codes, np.where(is_blank, whole, values), deducted_m2, basis, edition, int(is_blank.sum()))


@dataclass
class UseStructure:
    """Areas (m²) of a layer by row of the structure; None for a row that its fields do not give.

    ``inside_m2``: land of settlements that is no construction land and is counted in its class.
    """

    uses: UseAreas
    area_m2_by_row: dict[str, float | None] = field(default_factory=dict)
    inside_m2: float = 0.0
    has_urban_codes: bool = True

    def sum_rows_m2(self, *rows: str) -> float:
        """Return the area (m²) of rows."""
        return sum(self.area_m2_by_row.get(row) or 0.0 for row in rows)


def divide_by_structure(layer: Layer, figures: PlanIndicators) -> UseStructure:
    """Return the areas of a layer by row of the structure; together they are the land of the layer."""
    uses, get = measure_uses(layer, figures), figures.ctx.norm.get
    urban_codes = layer.text("urban_code") if layer.has_field("urban_code") else layer.get_texts_by_name(URBAN_FIELD)
    suffix = "_2020" if uses.edition == "land_use_2020" else ""
    group_by_class = {code: group.id for group in figures.catalogue.land_groups for code in group.classes}

    def find_row(code: str) -> str:
        """Return the row of a class without 城镇村属性码."""
        if code.startswith(tuple(get(f"{_SETTINGS}.infrastructure_classes{suffix}"))):
            return _INFRASTRUCTURE
        if code.startswith(tuple(get(f"{_SETTINGS}.other_construction_classes"))):
            return _OTHER_CONSTRUCTION
        group = group_by_class.get(code[:2], _UNKNOWN)
        return _UNATTRIBUTED if group == _CONSTRUCTION else group

    row_by_code = {code: find_row(code) for code in set(uses.codes)}
    rows = np.array([row_by_code[code] for code in uses.codes], dtype=object)
    settlement = tuple(get(f"{_SETTINGS}.settlement_classes"))
    may_settle = np.array([code.startswith(settlement) and bool(code) for code in uses.codes], dtype=bool)
    structure = UseStructure(uses, has_urban_codes=any(urban_codes))
    in_settlement = np.zeros(len(rows), dtype=bool)
    for row in (_URBAN, _VILLAGE):
        prefixes = tuple(get(f"{_SETTINGS}.{row}_codes"))
        is_inside = np.array([code.startswith(prefixes) for code in urban_codes], dtype=bool)
        in_settlement |= is_inside
        rows[is_inside & may_settle] = row
    structure.inside_m2 = float(uses.areas_m2[in_settlement & ~may_settle].sum())
    if not structure.has_urban_codes:
        # Without the code, construction land of neither other row is of settlements, undivided.
        rows[rows == _UNATTRIBUTED] = _SETTLEMENT
    for row in (*_ROWS, _URBAN, _VILLAGE):
        structure.area_m2_by_row[row] = float(uses.areas_m2[rows == row].sum())
    structure.area_m2_by_row[OTHER_CODE] = structure.sum_rows_m2(OTHER_CODE) + uses.deducted_m2
    if structure.has_urban_codes:
        structure.area_m2_by_row[_SETTLEMENT] = structure.sum_rows_m2(_URBAN, _VILLAGE)
    else:
        structure.area_m2_by_row |= {_URBAN: None, _VILLAGE: None}
    return structure


def _find_structures(figures: PlanIndicators) -> list[UseStructure | None]:
    """Return the structures of base year and plan, each None without its layer; computed once."""
    layers = [find_land_use_layer(concept, figures) for concept in (BASE_LAYER, PLANNED_LAYER)]
    return [
        None
        if layer is None
        else figures.ctx.compute_shared(_SETTINGS, layer, lambda one=layer: divide_by_structure(one, figures))
        for layer in layers
    ]


def make_structure_table(figures: PlanIndicators) -> ReportTable | None:
    """Return land use of base year and plan by the rows of 用途结构调整表. None without a layer of land use."""
    sides = _find_structures(figures)
    present = [side for side in sides if side is not None]
    if not present:
        return None
    rows = [
        (row, kind)
        for row in _ROWS
        if row not in _ROWS_WITH_LAND or any(side.sum_rows_m2(row) for side in present)
        for row, kind in ((row, "row"), *([(_URBAN, "part"), (_VILLAGE, "part")] if row == _SETTLEMENT else []))
    ]
    table = ReportTable("use_structure", _make_compared_columns("codes"), unit="ha")
    for row, kind in rows:
        areas = [None if side is None else side.area_m2_by_row[row] for side in sides]
        cells = [_name_row(row, figures), _list_codes(row, figures)]
        table.rows.append(ReportTableRow([*cells, *_compare_areas(areas, sides)], kind, row))
    totals = [None if side is None else side.uses.total_m2 for side in sides]
    cells = [figures.texts.get("tables", "sum"), ""]
    table.rows.append(ReportTableRow([*cells, *_compare_areas(totals, sides)], "sum", ""))
    table.notes += _describe_structures(sides, figures)
    return table


def make_three_class_table(figures: PlanIndicators) -> ReportTable | None:
    """Return agricultural, construction and other land of base year and plan: sums of printed rows of the structure.

    None without a layer of land use.
    """
    sides = _find_structures(figures)
    structure = make_structure_table(figures)
    if structure is None:
        return None
    printed = round_figures(structure, ("base_area", "base_share", "planned_area", "planned_share"))
    is_agricultural = bool(figures.ctx.norm.get(f"{_SETTINGS}.wetland_is_agricultural"))
    wetland = ("wetland",)
    classes = {
        _AGRICULTURAL: (*_ROWS[:4], *(wetland if is_agricultural else ()), "farm_facilities"),
        _CONSTRUCTION: _CONSTRUCTION_ROWS,
        _REST: ("water", *(() if is_agricultural else wetland), OTHER_CODE, _SEA),
        _UNKNOWN: (_UNKNOWN,),
    }
    separator = figures.texts.get("words", "between_names")
    table = ReportTable("use_classes", _make_compared_columns("parts"), unit="ha")
    for code, parts in (*classes.items(), ("", ("",))):
        listed = [part for part in parts if part in printed]
        if listed:
            names = separator.join(_name_row(part, figures) for part in listed) if code not in ("", _UNKNOWN) else ""
            name = figures.texts.get(_SECTION, f"use_{code}") if code else figures.texts.get("tables", "sum")
            sums: dict[str, CellValue] = {
                column: TableNumber(sum(printed[part][column] for part in listed), 2) for column in printed[""]
            }
            base, planned = sums.get("base_area"), sums.get("planned_area")
            if isinstance(base, TableNumber) and isinstance(planned, TableNumber):
                sums["change"] = TableNumber(planned.value - base.value, 2)
            cells: list[CellValue] = [name, names, *(sums.get(one.id) for one in table.columns[2:])]
            table.rows.append(ReportTableRow(cells, "row" if code else "sum", code))
    table.notes.append(figures.texts.get(_SECTION, "use_classes_note"))
    table.notes += _describe_structures(sides, figures)
    return table


def _make_compared_columns(second: str) -> list[TableColumn]:
    """Return the columns of a table of base year and plan; ``second``: id of the column of texts after the name."""
    return [
        TableColumn("name"),
        TableColumn(second),
        *[
            TableColumn(f"{side}_{figure}", unit)
            for side in ("base", "planned")
            for figure, unit in (("area", "ha"), ("share", "share"))
        ],
        TableColumn("change", "ha"),
    ]


def _compare_areas(areas_m2: list[float | None], sides: list[UseStructure | None]) -> list[CellValue]:
    """Return area (ha) and share (%) of base year and plan, and the change."""
    cells: list[CellValue] = []
    for area, side in zip(areas_m2, sides, strict=True):
        total = side.uses.total_m2 if side is not None else 0.0
        cells += [make_hectares(area), None if area is None or not total else TableNumber(100 * area / total, 2)]
    base, planned = areas_m2
    return [*cells, None if base is None or planned is None else make_hectares(planned - base)]


def make_hectares(area_m2: float | None) -> TableNumber | None:
    """Return an area in hectares as a cell; small ones are kept, so that figures sum to the total before rounding."""
    return None if area_m2 is None else TableNumber(area_m2 / SQUARE_METRES["ha"], 2)


def _name_row(row: str, figures: PlanIndicators) -> str:
    """Return the printed name of a row: that of its group of land use, or its own."""
    groups = {group.id: group.get_name(figures.texts.lang) for group in figures.catalogue.land_groups}
    return groups.get(row) or figures.texts.get(_SECTION, f"use_{row}")


def _list_codes(row: str, figures: PlanIndicators) -> str:
    """Return the codes of a row as text; runs of codes as first and last (1201—1206)."""
    classes = {group.id: list(group.classes) for group in figures.catalogue.land_groups}
    classes[_UNATTRIBUTED] = classes.pop(_CONSTRUCTION)
    for one, setting in (
        *((one, f"{one}_codes") for one in (_URBAN, _VILLAGE)),
        *((one, f"{one}_classes") for one in (_INFRASTRUCTURE, _OTHER_CONSTRUCTION)),
    ):
        classes[one] = list(figures.ctx.norm.get(f"{_SETTINGS}.{setting}"))
    runs: list[list[str]] = []
    for code in classes.get(row, ()):
        if runs and len(code) == len(runs[-1][-1]) and int(code) == int(runs[-1][-1]) + 1:
            runs[-1].append(code)
        else:
            runs.append([code])
    return figures.texts.get("words", "between_names").join(
        "—".join((run[0], run[-1])) if len(run) > 2 else figures.texts.get("words", "between_names").join(run)
        for run in runs
    )


def describe_uses(sides: list[UseAreas], figures: PlanIndicators) -> Iterator[str]:
    """Yield the notes on the layers: edition of codes, basis of areas, parcels without an area."""
    texts = figures.texts
    for uses in sides:
        params = {"layer": uses.layer.template.name, "role": uses.layer.role}
        basis = texts.get("bases", uses.basis)
        yield texts.get(_SECTION, "use_note", **params, basis=basis, edition=texts.get(_SECTION, uses.edition))
        if uses.deducted_m2:
            yield texts.get(_SECTION, "use_deducted", **params, area=format_hectare_number(uses.deducted_m2))
        if uses.filled_count:
            yield texts.get(_SECTION, "use_filled", **params, basis=basis, count=str(uses.filled_count))
    if len({uses.basis == "net" for uses in sides}) > 1:
        yield texts.get(_SECTION, "use_bases_differ")
    layers = [uses.layer for uses in sides]
    meanings = ("net_area", "gross_area")
    yield from make_note_on_unconfirmed_sums(find_layers_with_unconfirmed_sums(layers, meanings, figures), figures)


def _describe_structures(sides: list[UseStructure | None], figures: PlanIndicators) -> Iterator[str]:
    """Yield the notes on the rows of the structure: what 城镇村属性码 decides, and what its absence means."""
    texts = figures.texts
    present = [side for side in sides if side is not None]
    yield from describe_uses([side.uses for side in present], figures)
    yield texts.get(_SECTION, "use_rule")
    for side in present:
        params = {"layer": side.uses.layer.template.name, "role": side.uses.layer.role}
        if not side.has_urban_codes:
            yield texts.get(_SECTION, "use_no_urban_codes", **params)
        elif side.sum_rows_m2(_UNATTRIBUTED):
            area = format_hectare_number(side.sum_rows_m2(_UNATTRIBUTED))
            yield texts.get(_SECTION, "use_unattributed_note", **params, area=area)
        if side.inside_m2:
            yield texts.get(_SECTION, "use_inside", **params, area=format_hectare_number(side.inside_m2))
    for concept, side in zip((BASE_LAYER, PLANNED_LAYER), sides, strict=True):
        if side is None:
            yield figures.format_missing_layers((concept,))

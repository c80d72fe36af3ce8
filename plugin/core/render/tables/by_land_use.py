# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of land use in base year and plan (用地现状—规划), and of transitions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...figures.indicators.area_backing import is_sum_confirmed_by_geometry
from ...figures.indicators.compute import PlanIndicators
from ...figures.indicators.land_use import (
    AREA_FIELD_MEANINGS,
    CLASS_CODE_LIST_ID,
    classify_rows,
    find_first_level_class,
    get_row_areas,
)
from ...model.indicator import SQUARE_METRES
from ...plan.layer import Layer
from ...standard.messages.numbers import format_hectare_number
from .report_table import ReportTable, ReportTableRow, TableColumn, make_table_number

M2_PER_HECTARE = SQUARE_METRES["ha"]
BASE_LAYER, PLANNED_LAYER = "base_parcels", "GHYDYH"
#: The group of 田坎: deducted from a field, but still land.
DEDUCTED_CODE, OTHER_CODE = "deducted", "other"


@dataclass(frozen=True)
class LandUseAreas:
    """Areas (m²) of a layer by first-level class of the 2023 list.

    ``area_m2_by_code``: code → area; ``deducted_ridges_m2``: ridges of fields (田坎) deducted from parcels;
    ``unknown_code_area_m2``: land with an unknown code; ``basis``: the basis of these areas (net: 图斑地类面积). They
    add up to ``total_m2``. ``left_out``: number of parcels without an area on that basis, and their area on another
    basis (m²), which is in no sum.
    """

    area_m2_by_code: dict[str, float]
    deducted_ridges_m2: float
    unknown_code_area_m2: float
    basis: str
    left_out: tuple[int, float] = (0, 0.0)

    @property
    def total_m2(self) -> float:
        """Sum of all classes, m²."""
        return sum(self.area_m2_by_code.values()) + self.deducted_ridges_m2 + self.unknown_code_area_m2

    def sum_codes_m2(self, codes: tuple[str, ...]) -> float:
        """Return the area (m²) of a group of classes; 田坎 are added to a group with 其他土地 (23)."""
        return sum(self.area_m2_by_code.get(c, 0.0) for c in codes) + (
            self.deducted_ridges_m2 if "23" in codes else 0.0
        )


def sum_layer_by_class(layer: Layer, figures: PlanIndicators) -> LandUseAreas:
    """Return a layer's areas by first-level class.

    The net area is used where the layer has it; deductions are listed as 田坎.
    """
    areas = get_row_areas(layer)
    basis, values = areas.best_basis_and_areas
    codes = figures.ctx.get_code_list(CLASS_CODE_LIST_ID)
    classified = classify_rows(layer, figures.ctx)
    # A missing area counts as 0.
    totals = np.bincount(classified.class_index, weights=np.nan_to_num(values), minlength=len(classified.class_names))
    by_class = dict(zip(classified.class_names, totals.tolist(), strict=True))
    unknown_class_m2 = by_class.pop("", 0.0)
    sums: dict[str, float] = {}
    for code, area in by_class.items():
        first = find_first_level_class(code, codes)
        sums[first] = sums.get(first, 0.0) + area
    # Parcels with only one of the two areas have an unknown deduction.
    has_deductions = basis == "net" and areas.survey_m2 is not None
    deducted_m2 = float(np.nansum(areas.survey_m2 - values)) if has_deductions else 0.0
    is_blank = np.isnan(values)
    other = (
        layer.statutory
        if areas.survey_m2 is None
        else np.where(np.isnan(areas.survey_m2), layer.statutory, areas.survey_m2)
    )
    left_out = int(is_blank.sum()), float(np.nansum(other[is_blank]))
    return LandUseAreas(dict(sorted(sums.items())), deducted_m2, unknown_class_m2, basis, left_out)


def make_land_use_table(figures: PlanIndicators) -> ReportTable | None:
    """Return the land-use table: nine groups (mark C) with their classes, in base year and plan.

    用海 is added where present. None without a layer of land use.
    """
    layers = [find_land_use_layer(concept, figures) for concept in (BASE_LAYER, PLANNED_LAYER)]
    if not any(layers):
        return None
    base_and_planned = [sum_layer_by_class(layer, figures) if layer is not None else None for layer in layers]
    columns = [
        TableColumn("class", width_in_characters=26),
        TableColumn("codes", width_in_characters=16),
        TableColumn("base_area", "ha", width_in_characters=16),
        TableColumn("base_share", "share", width_in_characters=14),
        TableColumn("planned_area", "ha", width_in_characters=16),
        TableColumn("planned_share", "share", width_in_characters=14),
        TableColumn("change", "ha", width_in_characters=16),
    ]
    rows = list(_iterate_class_rows(base_and_planned, figures))
    texts = figures.texts
    present_layers = [layer for layer in layers if layer is not None]
    notes: list[str] = []
    for layer, side in zip(present_layers, filter(None, base_and_planned), strict=True):
        name, basis = layer.template.name, texts.get("bases", side.basis)
        notes.append(texts.get("tables", "land_note", layer=name, role=layer.role, basis=basis))
        count, area = side.left_out
        if count:
            field = layer.get_field_name({"net": "net_area", "survey": "gross_area"}[side.basis])
            omitted = {"role": layer.role, "field": field, "count": count, "area": format_hectare_number(area)}
            notes.append(texts.get("tables", "land_left_out", layer=name, **omitted))
    notes += [
        *[
            figures.format_missing_layers((name,))
            for name, layer in zip((BASE_LAYER, PLANNED_LAYER), layers, strict=True)
            if layer is None
        ],
        texts.get("tables", "land_groups_note"),
        *make_note_on_unconfirmed_sums(
            find_layers_with_unconfirmed_sums(present_layers, tuple(AREA_FIELD_MEANINGS.values()), figures), figures
        ),
    ]
    return ReportTable("land_use", columns, rows, notes=notes, unit="ha")


def _iterate_class_rows(
    base_and_planned: list[LandUseAreas | None], figures: PlanIndicators
) -> Iterator[ReportTableRow]:
    """Yield the rows of the land-use table: every group, its classes, unknown classes, all land.

    ``base_and_planned``: areas in base year and plan, each None without its layer.
    """
    texts = figures.texts

    def make_row(name: str, codes: str, areas_m2: list[float | None], kind: str, code: str) -> ReportTableRow:
        """Return a row: areas in ha, their shares of all land in %, and the change from base year to plan."""
        cells: list = [name, codes]
        for area, side in zip(areas_m2, base_and_planned, strict=True):
            cells += [
                make_table_number(None if area is None else area / M2_PER_HECTARE, "ha"),
                (
                    make_table_number(100 * area / side.total_m2, "share")
                    if side and side.total_m2 and area is not None
                    else None
                ),
            ]
        base_m2, planned_m2 = areas_m2
        change = None if base_m2 is None or planned_m2 is None else (planned_m2 - base_m2) / M2_PER_HECTARE
        return ReportTableRow([*cells, make_table_number(change, "ha")], kind, code)

    for group in figures.catalogue.land_groups:
        areas = [side.sum_codes_m2(group.classes) if side else None for side in base_and_planned]
        if group.id != "sea" or any(areas):
            span = f"{group.classes[0]}—{group.classes[-1]}" if (len(group.classes) > 1) else group.classes[0]
            yield make_row(group.get_name(texts.lang), span, areas, "row", group.id)
            class_entry_by_code = figures.ctx.get_code_list(CLASS_CODE_LIST_ID).entry_by_code
            for code in group.classes if len(group.classes) > 1 else ():
                areas = [side.area_m2_by_code.get(code, 0.0) if side else None for side in base_and_planned]
                if any(areas):
                    yield make_row(class_entry_by_code[code].name, code, areas, "part", code)
            deducted = [side.deducted_ridges_m2 if side else None for side in base_and_planned]
            if group.id == OTHER_CODE and any(deducted):
                yield make_row(texts.get("tables", "deducted"), "2303", deducted, "part", DEDUCTED_CODE)
    unknown_class_areas = [side.unknown_code_area_m2 if side else None for side in base_and_planned]
    if any(unknown_class_areas):
        yield make_row(texts.get("tables", "unknown_class"), "", unknown_class_areas, "row", "unknown")
    total = [side.total_m2 if side else None for side in base_and_planned]
    yield make_row(texts.get("tables", "sum"), "", total, "sum", "")


def make_transition_table(figures: PlanIndicators) -> ReportTable | None:
    """Return the transitions between land-use groups (ha, statutory, by overlay).

    ``None`` unless both layers are present.
    """
    base_layer, planned_layer = (find_land_use_layer(concept, figures) for concept in (BASE_LAYER, PLANNED_LAYER))
    if base_layer is None or planned_layer is None:
        return None
    texts = figures.texts
    groups = figures.catalogue.land_groups
    matrix, group_areas_m2 = sum_transitions(base_layer, planned_layer, base_layer.statutory, figures)
    group_names = [g.get_name(texts.lang) for g in groups] + [texts.get("tables", "unknown_class")]
    rows_with_land = [n for n in range(len(group_names)) if group_areas_m2[n]]
    columns_with_land = [n for n in range(len(group_names)) if matrix[rows_with_land, n].any()]
    columns = [
        TableColumn("from_to", width_in_characters=22),
        *(TableColumn(f"to_{n}", "ha", title=group_names[n], width_in_characters=14) for n in columns_with_land),
        TableColumn("not_planned", "ha", width_in_characters=14),
        TableColumn("sum_base", "ha", width_in_characters=16),
    ]
    table = ReportTable("transitions", columns, unit="ha")
    for n in [*rows_with_land, -1]:
        cells = matrix[n] if n >= 0 else matrix.sum(axis=0)
        numbers = [cells[k] for k in columns_with_land] + [
            cells[-1],
            group_areas_m2[n] if n >= 0 else group_areas_m2.sum(),
        ]
        name = group_names[n] if n >= 0 else texts.get("tables", "sum_planned")
        # So small an area is the rounding difference of two sums.
        table_numbers = [
            make_table_number((0.0 if abs(v) < 0.05 else float(v)) / M2_PER_HECTARE, "ha") for v in numbers
        ]
        code = groups[n].id if 0 <= n < len(groups) else "" if n < 0 else "unknown"
        table.rows.append(ReportTableRow([name, *table_numbers], "row" if n >= 0 else "sum", code))
    labels = {"base": figures.make_layer_label(base_layer), "planned": figures.make_layer_label(planned_layer)}
    table.notes.append(texts.get("tables", "transitions_note", **labels))
    return table


def sum_transitions(
    base_layer: Layer, planned_layer: Layer, values: NDArray, figures: PlanIndicators
) -> tuple[NDArray, NDArray]:
    """Divide values of base parcels among the land-use groups of the plan, by overlay.

    ``values`` (n,): areas of the base parcels, m²; NaN counts as 0.

    Returns
    -------
    (groups + 1, groups + 2), (groups + 1,)
        Sums by group in the base year and in the plan (the last but one: unknown class, the last: land that the plan's
        layer does not cover), and the sums of each group in the base year.
    """
    values = np.nan_to_num(values)
    base_positions, planned_positions = (find_group_positions(layer, figures) for layer in (base_layer, planned_layer))
    count = len(figures.catalogue.land_groups) + 1
    parts = figures.ctx.geometry.find_shared_areas(base_layer, planned_layer)
    matrix = np.zeros((count, count + 1))
    np.add.at(
        matrix,
        (base_positions[parts.left], planned_positions[parts.right]),
        parts.share * values[parts.left],
    )
    group_sums = np.zeros(count)
    np.add.at(group_sums, base_positions, values)
    matrix[:, -1] = group_sums - matrix[:, :-1].sum(axis=1)
    return matrix, group_sums


def find_land_use_layer(concept: str, figures: PlanIndicators) -> Layer | None:
    """Return the layer of a concept if it has geometry and land-use codes, else None."""
    layer = figures.ctx.plan.find_layer_of_concept(concept)
    return None if layer is None or layer.has_no_geometry or not layer.has_values("land_use") else layer


def find_group_positions(layer: Layer, figures: PlanIndicators) -> NDArray:
    """Return (n,) the position of each row's land-use group; the last position for an unknown code."""
    codes = figures.ctx.get_code_list(CLASS_CODE_LIST_ID)
    groups = figures.catalogue.land_groups
    place = {code: n for n, g in enumerate(groups) for code in g.classes}
    class_rows = classify_rows(layer, figures.ctx)
    group_positions = [
        place.get(find_first_level_class(name, codes), len(groups)) if name else len(groups)
        for name in class_rows.class_names
    ]
    return np.array(group_positions, dtype=int)[class_rows.class_index]


def find_layers_with_unconfirmed_sums(
    layers: Iterable[Layer], meanings: tuple[str, ...], figures: PlanIndicators
) -> list[Layer]:
    """Return the layers whose geometry does not confirm the sums of area fields.

    ``meanings``: meanings of the area fields.
    """
    return [
        layer
        for layer in layers
        if not all(is_sum_confirmed_by_geometry(layer, meaning, figures.ctx) for meaning in meanings)
    ]


def make_note_on_unconfirmed_sums(layers: list[Layer], figures: PlanIndicators) -> list[str]:
    """Return one note that names layers with unconfirmed areas; empty without layers."""
    if not layers:
        return []
    layer_labels = figures.texts.get("words", "between_names").join(
        dict.fromkeys(map(figures.make_layer_label, layers))
    )
    return [figures.texts.get("tables", "unbacked_note", layers=layer_labels)]

# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables by place: control lines in each planning zone (规划分区), and the targets allotted to townships."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...figures.indicators.compute import PlanIndicators
from ...figures.indicators.land_use import get_row_areas
from ...figures.indicators.townships import get_plan_townships, split_rows_by_group
from ...figures.three_zones import list_zone_codes
from ...model.indicator import AREA_FIGURES, SQUARE_METRES
from ...plan.layer import Layer
from ...render.tables.report_table import CellValue, ReportTable, ReportTableRow, TableColumn, TableNumber
from ...standard.messages.numbers import DECIMALS_BY_UNIT
from ...standard.profile.profile_figures import get_township_targets
from ...standard.profile.space_map import ZONES_LIST

#: A row for land outside the zones, or in two zones, is printed from this area (m²) on.
_LEAST_AREA_M2 = 0.05
LINES_BY_ZONE = ("boundary", "farmland", "red_line")
_OUTSIDE, _TWICE = "outside", "twice"


def make_zone_line_table(figures: PlanIndicators) -> ReportTable | None:
    """Return the areas of the control lines in each first-level planning zone; the sums are those of the lines.

    None without zones, or without any line.
    """
    ctx, texts = figures.ctx, figures.texts
    zones = ctx.plan.find_layer_of_concept("zones")
    found = {concept: ctx.plan.find_layer_of_concept(concept) for concept in LINES_BY_ZONE}
    lines = {concept: layer for concept, layer in found.items() if layer is not None and not layer.has_no_geometry}
    if zones is None or not lines or zones.has_no_geometry or not zones.has_values("zone_code"):
        return None
    codes, row_codes = ctx.get_code_list(ZONES_LIST), np.array(list_zone_codes(zones), dtype=object)
    tops = [entry for entry in codes.entry_by_code.values() if not entry.parent]
    position = np.full(len(zones), len(tops))
    for n, top in enumerate(tops):
        position[np.isin(row_codes, list(codes.collect_members([top.code])))] = n
    names = [*((top.code, top.name) for top in tops), ("unknown", texts.get("tables", "unknown_code"))]
    names += [(_OUTSIDE, texts.get("office_tables", "outside_zones")), (_TWICE, texts.get("tables", _TWICE))]
    areas: dict[str, NDArray] = {}

    def add_areas(column: str, layer: Layer, values: NDArray) -> None:
        split = ctx.compute_shared(
            "by_zone", layer, lambda: split_rows_by_group(layer, zones, len(tops) + 1, position, ctx)
        )
        areas[column] = split.sum_by_township(values)

    for concept, layer in lines.items():
        add_areas(f"{concept}_statutory", layer, layer.statutory)
        net = get_row_areas(layer).net_m2
        if net is not None:
            add_areas(f"{concept}_net", layer, net)
    columns = [TableColumn("name"), *(TableColumn(column, "ha") for column in areas)]
    table = ReportTable("zone_lines", columns, unit="ha")
    present = set(position.tolist())
    for n, (code, name) in enumerate(names):
        values = [sums[n] for sums in areas.values()]
        if n in present or any(abs(value) >= _LEAST_AREA_M2 for value in values):
            table.rows.append(ReportTableRow([name, *map(_make_hectares, values)], "row", code))
    totals = [sums.sum() for sums in areas.values()]
    table.rows.append(ReportTableRow([texts.get("tables", "sum"), *map(_make_hectares, totals)], "sum", ""))
    table.notes.append(texts.get("office_tables", "zone_lines_note", zones=figures.make_layer_label(zones)))
    return table


def _make_hectares(area_m2: float) -> TableNumber:
    """Return an area in hectares as a cell; small ones are kept, so that figures sum to the total before rounding."""
    return TableNumber(float(area_m2) / SQUARE_METRES["ha"], DECIMALS_BY_UNIT["ha"])


def make_township_target_table(figures: PlanIndicators) -> ReportTable | None:
    """Return the targets allotted to the townships in ha, in the rows of the table of townships.

    None without townships. Without a table of targets the rows have no figures.
    """
    townships = get_plan_townships(figures.ctx)
    if townships is None:
        return None
    texts, allotted = figures.texts, get_township_targets(figures.ctx.side_inputs)
    columns = [TableColumn("name"), *(TableColumn(concept, "ha") for concept, _ in AREA_FIGURES.values())]
    table = ReportTable("township_targets", columns, unit="ha")
    sums: dict[str, float] = {}
    for one in townships[1]:
        cells: list[CellValue] = [one.name]
        for name in AREA_FIGURES:
            target = next(
                (t for t in allotted.targets if t.indicator == name and (t.code or t.name) in (one.code, one.name)),
                None,
            )
            area_m2 = None if target is None else target.numeric_value * SQUARE_METRES[target.unit]
            if area_m2 is not None:
                sums[name] = sums.get(name, 0.0) + area_m2
            cells.append(None if area_m2 is None else _make_hectares(area_m2))
        table.rows.append(ReportTableRow(cells, "row", one.code or one.name))
    totals = [_make_hectares(sums[name]) if name in sums else None for name in AREA_FIGURES]
    table.rows.append(ReportTableRow([texts.get("tables", "sum"), *totals], "sum", ""))
    key = "township_targets_note" if allotted.targets else "no_township_targets"
    table.notes.append(texts.get("office_tables", key, file=allotted.file_name))
    return table

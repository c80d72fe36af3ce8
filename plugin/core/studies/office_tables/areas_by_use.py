# SPDX-License-Identifier: GPL-2.0-or-later
"""Areas of control lines and of planning zones by present land use (规划分区 × 用地), m² by the ellipsoid formula."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...figures.indicators.areas import find_counted_reserve_rows
from ...figures.indicators.compute import PlanIndicators
from ...figures.indicators.townships import TownshipSplit, split_rows_by_group
from ...figures.three_zones import list_zone_codes
from ...model.indicator import SQUARE_METRES
from ...plan.layer import Layer
from ...render.tables.by_land_use import BASE_LAYER, find_group_positions, find_land_use_layer
from ...render.tables.by_place import INDICATOR_BY_LINE_CONCEPT
from ...render.tables.report_table import ReportTable, ReportTableRow, TableColumn, TableNumber
from ...standard.messages.numbers import DECIMALS_BY_UNIT
from ...standard.profile.space_map import ZONES_LIST

_M2_PER_HECTARE = SQUARE_METRES["ha"]
#: Columns begin with this; below it, land without a known class, land without a parcel, and land in two parcels.
USE_PREFIX = "use_"
_UNKNOWN, _NO_PARCEL, _TWICE = "unknown", "no_parcel", "twice"
#: A column with less land (m²) in all rows is left out: rounding errors of sums.
_LEAST_AREA_M2 = 0.05


def make_zone_use_table(figures: PlanIndicators) -> ReportTable | None:
    """Return the first-level planning zones by land use of the base year.

    Rows divided by parcels keep their statutory area, so that the uses of a zone sum to the zone, and all zones to the
    table of planning zones. None without zones or parcels.
    """
    zones = figures.ctx.plan.find_layer_of_concept("zones")
    parcels = find_land_use_layer(BASE_LAYER, figures)
    if zones is None or parcels is None or zones.has_no_geometry or not zones.has_values("zone_code"):
        return None
    split = _split_by_use(zones, parcels, figures)
    codes = figures.ctx.get_code_list(ZONES_LIST)
    row_codes = np.array(list_zone_codes(zones), dtype=object)
    sums: list[tuple[str, str, NDArray]] = []
    is_listed = np.zeros(len(zones), dtype=bool)
    for top in (entry for entry in codes.entry_by_code.values() if not entry.parent):
        inside = np.isin(row_codes, list(codes.collect_members([top.code])))
        is_listed |= inside
        if inside.any():
            sums.append((top.code, top.name, split.sum_by_township(zones.statutory, inside)))
    if not is_listed.all():
        sums.append(
            (_UNKNOWN, figures.texts.get("tables", "unknown_code"), split.sum_by_township(zones.statutory, ~is_listed))
        )
    table = _make_table("zone_use", sums, figures)
    _add_row(table, "", figures.texts.get("tables", "sum"), np.sum([areas for _, _, areas in sums], axis=0), "sum")
    return _remove_empty_columns(table, parcels, zones, figures)


def make_line_use_table(figures: PlanIndicators) -> ReportTable | None:
    """Return each control line by land use of the base year (三线占用情况); lines do not add up.

    None without parcels or without any line.
    """
    parcels = find_land_use_layer(BASE_LAYER, figures)
    if parcels is None:
        return None
    sums: list[tuple[str, str, NDArray]] = []
    for concept in INDICATOR_BY_LINE_CONCEPT:
        layer = figures.ctx.plan.find_layer_of_concept(concept)
        if layer is not None and not layer.has_no_geometry:
            counted = find_counted_reserve_rows(layer, figures.ctx) if concept == "reserves" else None
            sums.append(
                (
                    concept,
                    layer.template.name,
                    _split_by_use(layer, parcels, figures).sum_by_township(layer.statutory, counted),
                )
            )
    return _remove_empty_columns(_make_table("line_use", sums, figures), parcels, None, figures) if sums else None


def _split_by_use(layer: Layer, parcels: Layer, figures: PlanIndicators) -> TownshipSplit:
    """Divide the rows of a layer among the land-use groups of parcels; the last group has unknown classes."""
    ctx = figures.ctx
    count = len(figures.catalogue.land_groups) + 1
    positions = find_group_positions(parcels, figures)
    return ctx.compute_shared("by_land_use", layer, lambda: split_rows_by_group(layer, parcels, count, positions, ctx))


def _make_table(table_id: str, sums: list[tuple[str, str, NDArray]], figures: PlanIndicators) -> ReportTable:
    """Return a table with a column for each land-use group; ``sums``: code, name and areas (m²) of each row."""
    texts = figures.texts
    titles = {group.id: group.name(texts.lang) for group in figures.catalogue.land_groups}
    titles[_UNKNOWN] = texts.get("tables", "unknown_class")
    titles |= {key: texts.get("office_tables", key) for key in (_NO_PARCEL, _TWICE)}
    columns = [
        TableColumn("name", width_in_characters=22),
        TableColumn("statutory", "ha", width_in_characters=16),
        *[TableColumn(f"{USE_PREFIX}{key}", "ha", title, 14) for key, title in titles.items()],
    ]
    table = ReportTable(table_id, columns, unit="ha")
    for code, name, areas in sums:
        _add_row(table, code, name, areas, "row")
    return table


def _add_row(table: ReportTable, code: str, name: str, areas_m2: NDArray, kind: str) -> None:
    """Add a row of areas (m²) by group, and their sum, to a table."""
    # Small areas are kept, so that the figures sum to the total before rounding.
    decimals = DECIMALS_BY_UNIT["ha"]
    numbers = [TableNumber(float(area) / _M2_PER_HECTARE, decimals) for area in (areas_m2.sum(), *areas_m2)]
    table.rows.append(ReportTableRow([name, *numbers], kind, code))


def _remove_empty_columns(
    table: ReportTable, parcels: Layer, zones: Layer | None, figures: PlanIndicators
) -> ReportTable:
    """Return a table without the columns of uses that have no land, with a note on the layers."""
    least = _LEAST_AREA_M2 / _M2_PER_HECTARE
    kept = [
        place
        for place, column in enumerate(table.columns)
        if not column.id.startswith(USE_PREFIX)
        or any(
            abs(value.value) >= least for row in table.rows if not isinstance(value := row.values[place], str | None)
        )
    ]
    rows = [ReportTableRow([row.values[place] for place in kept], row.kind, row.code) for row in table.rows]
    key = "zone_use_note" if zones is not None else "line_use_note"
    labels = {"parcels": figures.make_layer_label(parcels)}
    if zones is not None:
        labels["zones"] = figures.make_layer_label(zones)
    return ReportTable(
        table.id,
        [table.columns[place] for place in kept],
        rows,
        table.unit,
        [figures.texts.get("office_tables", key, **labels)],
    )

# SPDX-License-Identifier: GPL-2.0-or-later
"""Lists of features (一览表): a layout names layers, and the fields of its columns; overlays give townships and areas.

A cell is empty if none of its fields has a value; nothing is derived from a name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...figures.heritage_sites import split_part_word
from ...figures.indicators.areas import find_counted_reserve_rows
from ...figures.indicators.compute import PlanIndicators
from ...figures.indicators.land_use import get_row_areas
from ...figures.indicators.townships import get_plan_townships, locate_row_centres, split_by_township
from ...model.indicator import SQUARE_METRES
from ...plan.layer import Layer
from ...render.tables.report_table import CellValue, ReportTable, ReportTableRow, TableColumn, TableNumber
from ...render.versions.baseline import compare_with_baseline
from ...render.versions.edition_comparison import MOVED_IN_KIND
from .office_table import LAYER_NAME_FIELD, NAME_CONTENT, LayoutColumn, LayoutRows, TableLayout

#: Id of the list of features, and of the list of farmland moved in since the sealed edition (补划).
FEATURES, SUPPLEMENTED = "features", "supplemented"
#: Columns that no field gives: statutory and net area (ha), townships by overlay.
STATUTORY, NET, TOWNSHIP = "statutory", "net", "township"
_SECTION = "office_tables"
#: A township with less land (m²) of a feature than a printed digit is named only if it has the most.
_LEAST_TOWNSHIP_M2 = 50.0
_RESERVES = "reserves"
#: The geometry at the end of a layer's name: 文物保护单位（点）.
_GEOMETRY_WORD_PATTERN = re.compile(r"[（(][点线面][）)]$")


@dataclass
class ListedFeature:
    """A row of a list, which may join several features of one site.

    ``members``: (layer, row); areas in m², None without a polygon that counts; ``land_by_township``: name → m².
    """

    name: str
    members: list[tuple[Layer, int]] = field(default_factory=list)
    statutory_m2: float | None = None
    net_m2: float | None = None
    land_by_township: dict[str, float] = field(default_factory=dict)

    def add(self, layer: Layer, row: int, statutory_m2: float, net_m2: float, land: dict[str, float]) -> None:
        """Add a feature; an area that is NaN does not count."""
        self.members.append((layer, row))
        if not np.isnan(statutory_m2):
            self.statutory_m2 = (self.statutory_m2 or 0.0) + statutory_m2
        if not np.isnan(net_m2):
            self.net_m2 = (self.net_m2 or 0.0) + net_m2
        for name, area_m2 in land.items():
            self.land_by_township[name] = self.land_by_township.get(name, 0.0) + area_m2

    def list_townships(self) -> list[str]:
        """Return the townships with land of the feature, that with the most first."""
        names = sorted(self.land_by_township, key=lambda name: -self.land_by_township[name])
        return [n for k, n in enumerate(names) if not k or self.land_by_township[n] >= _LEAST_TOWNSHIP_M2]


def get_list_block(layout: TableLayout) -> LayoutRows:
    """Return the block of rows of a layout that lists features."""
    return next(block for block in layout.blocks if block.figures in (FEATURES, SUPPLEMENTED))


def make_feature_table(figures: PlanIndicators, layout: TableLayout) -> ReportTable | None:
    """Return the features of the layers that a layout names, with subtotals if it groups them, and their sum.

    None without these layers.
    """
    block = get_list_block(layout)
    found = [figures.ctx.plan.find_layer_of_concept(one) for one in block.layers]
    layers = [layer for layer in dict.fromkeys(found) if layer is not None]
    if not layers:
        return None
    norm = figures.ctx.norm
    words = [*norm.get("reserves.part_words"), *norm.get("heritage.core_words"), *norm.get("heritage.control_words")]
    words.sort(key=len, reverse=True)
    features: dict[tuple[str, ...], ListedFeature] = {}
    for layer in layers:
        figures.ctx.cancellation.raise_if_cancelled()
        statutory, net = _measure_counted_rows(layer, figures)
        land = _find_land_by_township(layer, statutory, figures)
        names = layer.text("feature_name")
        for row in range(len(layer)):
            site = split_part_word(names[row], words)[1] if block.is_merged else ""
            key = (site,) if site else (layer.role, str(row))
            feature = features.setdefault(key, ListedFeature(site))
            feature.add(layer, row, statutory[row], net[row], land[row])
    table = _make_list(layout, block, list(features.values()), figures)
    labels = figures.texts.get("words", "between_names").join(map(figures.make_layer_label, layers))
    key = "list_note_area" if any(column.content == STATUTORY for column in layout.columns) else "list_note"
    table.notes.insert(0, figures.texts.get(_SECTION, key, layers=labels, count=str(len(features))))
    return table


def make_supplement_table(figures: PlanIndicators, layout: TableLayout) -> ReportTable | None:
    """Return the parcels of permanent basic farmland with land that the sealed edition does not have (补划).

    Areas are those of the land moved in. None without a sealed edition or without farmland in one of them.
    """
    comparison = compare_with_baseline(figures.ctx, "farmland")
    if comparison is None:
        return None
    layer = comparison.later_edition.layer
    features: dict[int, ListedFeature] = {}
    for piece in comparison.list_pieces_of_kind(MOVED_IN_KIND):
        feature = features.setdefault(piece.after_row, ListedFeature(""))
        land = {piece.township: piece.area_m2} if piece.township else {}
        if feature.members:
            feature.members.clear()
        feature.add(layer, piece.after_row, piece.area_m2, piece.net_m2, land)
    table = _make_list(layout, get_list_block(layout), [features[row] for row in sorted(features)], figures)
    labels = (figures.make_layer_label(one.layer) for one in (comparison.earlier_edition, comparison.later_edition))
    named = dict(zip(("before", "after"), labels, strict=True))
    table.notes.insert(0, figures.texts.get(_SECTION, "supplement_note", **named, count=str(len(features))))
    return table


def _measure_counted_rows(layer: Layer, figures: PlanIndicators) -> tuple[NDArray, NDArray]:
    """Return (n,) statutory and net areas (m²); NaN for points and lines, and for parts of a reserve listed whole."""
    is_polygon = np.array([getattr(shape, "area", 0.0) > 0 for shape in layer.plane_shapes], dtype=bool)
    if layer.role in figures.ctx.plan.list_roles_of_concept(_RESERVES):
        is_polygon &= find_counted_reserve_rows(layer, figures.ctx)
    net = get_row_areas(layer).net_m2
    statutory = layer.statutory if is_polygon.any() else np.zeros(len(layer))
    return np.where(is_polygon, statutory, np.nan), np.full(len(layer), np.nan) if net is None else net


def _find_land_by_township(layer: Layer, statutory: NDArray, figures: PlanIndicators) -> list[dict[str, float]]:
    """Return township → land (m²) of each row by overlay; a point or line has its centre's township with 0 m²."""
    land: list[dict[str, float]] = [{} for _ in range(len(layer))]
    townships = get_plan_townships(figures.ctx)
    if townships is None:
        return land
    names = [one.name or one.code for one in townships[1]]
    split = split_by_township(layer, figures.ctx) if not np.isnan(statutory).all() else None
    if split is not None:
        areas = np.nan_to_num(statutory)[split.row_of_share] * split.area_shares
        for row, township, area_m2 in zip(
            split.row_of_share.tolist(), split.township_of_share.tolist(), areas.tolist(), strict=True
        ):
            land[row][names[township]] = land[row].get(names[township], 0.0) + area_m2
    centres, centre_names = locate_row_centres(layer, figures.ctx)
    for row, township in enumerate(centres.tolist()):
        if not land[row] and township >= 0:
            land[row][centre_names[township]] = 0.0
    return land


def _make_list(
    layout: TableLayout, block: LayoutRows, features: list[ListedFeature], figures: PlanIndicators
) -> ReportTable:
    """Return the table of features with the columns of a layout, subtotals, sum and notes."""
    texts = figures.texts
    shown = [one for one in layout.columns if one.fields or one.content in (STATUTORY, NET, TOWNSHIP)]
    columns = [TableColumn(one.content, one.unit or ("ha" if one.content in (STATUTORY, NET) else "")) for one in shown]
    table = ReportTable(block.figures, columns, unit=layout.unit)
    rows = [[_make_cell(column, one, figures) for column in shown] for one in features]
    group_place = next((n for n, one in enumerate(shown) if one.content == block.group_by), None)
    name_place = [one.id for one in columns].index(NAME_CONTENT)
    groups: dict[CellValue, list[list[CellValue]]] = {}
    for row in rows:
        groups.setdefault(row[group_place] if group_place is not None else "", []).append(row)

    def add_sum(name: str, summed: list[list[CellValue]], kind: str) -> None:
        """Add a row with the sums of the figures that its rows have."""
        cells: list[CellValue] = []
        for n, column in enumerate(columns):
            numbers = [row[n] for row in summed]
            values = [one.value for one in numbers if isinstance(one, TableNumber)]
            total = TableNumber(sum(values), 2) if column.unit and values else None
            cells.append(name if n == name_place else total if column.unit else "")
        table.rows.append(ReportTableRow(cells, kind, "" if kind == "sum" else name))

    for group, members in groups.items():
        start = len(table.rows)
        table.rows += [ReportTableRow(row, "row", f"{start + n}") for n, row in enumerate(members)]
        if group_place is not None:
            name = str(group) or texts.get(_SECTION, "no_group")
            add_sum(texts.get(_SECTION, "subtotal", name=name, count=str(len(members))), members, "subtotal")
    add_sum(texts.get("tables", "sum"), rows, "sum")
    separator = texts.get("words", "between_names")
    empty = [one.head[-1] for n, one in enumerate(shown) if rows and not any(row[n] for row in rows)]
    if empty:
        table.notes.append(texts.get(_SECTION, "list_empty", columns=separator.join(empty)))
    for n, one in enumerate(shown):
        lacking = sum(row[n] is None for row in rows)
        if columns[n].unit and 0 < lacking < len(rows):
            table.notes.append(texts.get(_SECTION, "list_lacking", column=one.head[-1], count=str(lacking)))
    return table


def _make_cell(column: LayoutColumn, feature: ListedFeature, figures: PlanIndicators) -> CellValue:
    """Return the cell of a feature: an area, its townships, or the first value that its fields have."""
    if column.fields and column.unit:
        return _sum_fields(column, feature)
    if column.fields:
        if column.content == NAME_CONTENT and feature.name:
            return feature.name
        values = (_read_text(layer, row, one, figures) for one in column.fields for layer, row in feature.members)
        return next((value for value in values if value), "")
    if column.content == TOWNSHIP:
        return figures.texts.get("words", "between_names").join(feature.list_townships())
    area_m2 = feature.statutory_m2 if column.content == STATUTORY else feature.net_m2
    return None if area_m2 is None else TableNumber(area_m2 / SQUARE_METRES["ha"], 2)


def _sum_fields(column: LayoutColumn, feature: ListedFeature) -> TableNumber | None:
    """Return the sum of a field, or of fields joined by +, over the members of a feature; None if a value is missing.

    The first of the column's fields that has values is used. A field has the unit of its template, else the column's.
    """
    for terms in (one.split("+") for one in column.fields):
        total = 0.0
        for layer, row in feature.members:
            for term in terms:
                declared = layer.template.find_field_by_name(term)
                unit = (declared.unit if declared is not None else "") or column.unit
                factor = SQUARE_METRES.get(unit, 1.0) / SQUARE_METRES.get(column.unit, 1.0)
                total += float(layer.get_numbers_by_name(_find_column(layer, term))[row]) * factor
        if not np.isnan(total):
            return TableNumber(total, 2)
    return None


def _read_text(layer: Layer, row: int, field_name: str, figures: PlanIndicators) -> str:
    """Return the value of a field, for a code its name; for a part of a protected site the name of the whole kind."""
    if field_name == LAYER_NAME_FIELD:
        return _GEOMETRY_WORD_PATTERN.sub("", layer.template.name)
    text = layer.get_texts_by_name(_find_column(layer, field_name))[row]
    declared = layer.template.find_field_by_name(field_name)
    if not declared or not declared.codes:
        return text
    codes = figures.ctx.get_code_list(declared.codes)
    entry = codes.entry_by_code.get(text)
    if entry is not None and entry.other_columns.get("part") in ("core", "control"):
        entry = codes.entry_by_code.get(entry.parent, entry)
    return entry.name if entry is not None else text


def _find_column(layer: Layer, field_name: str) -> str:
    """Return the name of a layer's column for a field, which a mapping may have given another name."""
    declared = layer.template.find_field_by_name(field_name)
    return (layer.find_column_name(declared) if declared is not None else None) or field_name

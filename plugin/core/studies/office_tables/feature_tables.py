# SPDX-License-Identifier: GPL-2.0-or-later
"""Lists of features (一览表): a layout names layers, and the fields of its columns; overlays give townships and areas.

A cell is empty if none of its fields has a value; nothing is derived from a name.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...figures.heritage_sites import split_part_word
from ...figures.indicators.areas import find_counted_reserve_rows
from ...figures.indicators.compute import PlanIndicators
from ...figures.indicators.land_use import get_row_areas
from ...figures.indicators.townships import locate_row_centres, split_by_township
from ...plan.layer import Layer
from ...render.tables.report_table import CellValue, ReportTable, ReportTableRow, TableColumn, TableNumber
from ...render.versions.baseline import compare_with_baseline
from ...render.versions.edition_comparison import MOVED_IN_KIND
from .office_table import LAYER_NAME_FIELD, NAME_CONTENT, LayoutColumn, LayoutRows, TableLayout
from .use_tables import make_hectares

#: Id of the list of features, and of the list of farmland moved in since the sealed edition (补划).
FEATURES, SUPPLEMENTED = "features", "supplemented"
#: Columns that no field gives: statutory and net area (ha), townships by overlay.
STATUTORY, NET, TOWNSHIP = "statutory", "net", "township"
#: A township with less land (m²) of a feature than a printed digit is named only if it has the most.
_LEAST_TOWNSHIP_M2 = 50.0


@dataclass
class ListedLayer:
    """A layer with what overlays give of its rows: areas (m², NaN without), and township → land (m²)."""

    layer: Layer
    statutory: NDArray
    net: NDArray
    land: list[dict[str, float]]


@dataclass
class ListedFeature:
    """A row of a list: one feature, or those of a site, whose name is without words for parts."""

    name: str
    members: list[tuple[ListedLayer, int]] = field(default_factory=list)

    def sum_area_m2(self, basis: str) -> float | None:
        """Return the area on a basis; None if no member has one."""
        areas = [float(getattr(one, basis)[row]) for one, row in self.members]
        return None if np.isnan(areas).all() else float(np.nansum(areas))

    def list_townships(self) -> list[str]:
        """Return the townships with land of the feature, that with the most first."""
        land: dict[str, float] = {}
        for one, row in self.members:
            for name, area_m2 in one.land[row].items():
                land[name] = land.get(name, 0.0) + area_m2
        names = sorted(land, key=lambda name: -land[name])
        return [name for name in names if name == names[0] or land[name] >= _LEAST_TOWNSHIP_M2]


def get_list_block(layout: TableLayout) -> LayoutRows:
    """Return the block of rows of a layout that lists features."""
    return next(block for block in layout.blocks if block.figures in (FEATURES, SUPPLEMENTED))


def make_feature_table(figures: PlanIndicators, layout: TableLayout) -> ReportTable | None:
    """Return the features of the layers that a layout names, with subtotals if it groups them, and their sum.

    None without these layers.
    """
    block, get = get_list_block(layout), figures.ctx.norm.get
    found = [figures.ctx.plan.find_layer_of_concept(one) for one in block.layers]
    layers = [_overlay_layer(layer, figures) for layer in dict.fromkeys(found) if layer is not None]
    if not layers:
        return None
    settings = ("reserves.part_words", "heritage.core_words", "heritage.control_words")
    words = sorted((word for key in settings for word in get(key)), key=len, reverse=True)
    features: dict[tuple[str, ...], ListedFeature] = {}
    for one in layers:
        for row, name in enumerate(one.layer.text("feature_name")):
            site = split_part_word(name, words)[1] if block.is_merged else ""
            key = (site,) if site else (one.layer.role, str(row))
            features.setdefault(key, ListedFeature(site)).members.append((one, row))
    labels = figures.texts.get("words", "between_names").join(figures.make_layer_label(one.layer) for one in layers)
    note = figures.texts.get("office_tables", "list_note", layers=labels, count=str(len(features)))
    return _make_list(layout, list(features.values()), figures, note)


def make_supplement_table(figures: PlanIndicators, layout: TableLayout) -> ReportTable | None:
    """Return the parcels of permanent basic farmland with land that the sealed edition does not have (补划).

    Areas are those of the land moved in. None without a sealed edition or without farmland in one of them.
    """
    comparison = compare_with_baseline(figures.ctx, "farmland")
    if comparison is None:
        return None
    layer, pieces = comparison.later_edition.layer, comparison.list_pieces_of_kind(MOVED_IN_KIND)
    moved = ListedLayer(layer, np.zeros(len(layer)), np.zeros(len(layer)), [{} for _ in range(len(layer))])
    for piece in pieces:
        row, land = piece.after_row, moved.land[piece.after_row]
        moved.statutory[row] += piece.area_m2
        moved.net[row] += piece.net_m2
        land[piece.township] = land.get(piece.township, 0.0) + piece.area_m2
    features = [ListedFeature("", [(moved, row)]) for row in sorted({piece.after_row for piece in pieces})]
    note = figures.texts.get(
        "office_tables",
        "supplement_note",
        before=figures.make_layer_label(comparison.earlier_edition.layer),
        after=figures.make_layer_label(layer),
        count=str(len(features)),
    )
    return _make_list(layout, features, figures, note)


def _overlay_layer(layer: Layer, figures: PlanIndicators) -> ListedLayer:
    """Return a layer with areas and townships of its rows; points and lines have the township of their centre.

    Points and lines have no area, nor have parts of a reserve that is listed whole.
    """
    figures.ctx.cancellation.raise_if_cancelled()
    counts = np.array([getattr(shape, "area", 0.0) > 0 for shape in layer.plane_shapes], dtype=bool)
    statutory = np.where(counts, layer.statutory, np.nan) if counts.any() else np.full(len(layer), np.nan)
    land: list[dict[str, float]] = [{} for _ in range(len(layer))]
    centres, names = locate_row_centres(layer, figures.ctx)
    split = split_by_township(layer, figures.ctx) if counts.any() else None
    if split is not None:
        areas = np.nan_to_num(statutory)[split.row_of_share] * split.area_shares
        for row, township, area_m2 in zip(split.row_of_share, split.township_of_share, areas, strict=True):
            land[row][names[township]] = land[row].get(names[township], 0.0) + float(area_m2)
    for row, township in enumerate(centres):
        if not land[row] and township >= 0:
            land[row][names[township]] = 0.0
    if layer.role in figures.ctx.plan.list_roles_of_concept("reserves"):
        statutory[~find_counted_reserve_rows(layer, figures.ctx)] = np.nan
    net = get_row_areas(layer).net_m2
    return ListedLayer(layer, statutory, np.full(len(layer), np.nan) if net is None else net, land)


def _make_list(layout: TableLayout, features: list[ListedFeature], figures: PlanIndicators, note: str) -> ReportTable:
    """Return the table of features with the columns of a layout, subtotals, sum and notes."""
    texts, block = figures.texts, get_list_block(layout)
    shown = [one for one in layout.columns if one.fields or one.content in (STATUTORY, NET, TOWNSHIP)]
    columns = [TableColumn(one.content, one.unit or ("ha" if one.content in (STATUTORY, NET) else "")) for one in shown]
    table = ReportTable(block.figures, columns, unit=layout.unit, notes=[note])
    rows = [[_make_cell(column, one, figures) for column in shown] for one in features]

    def add_sum(name: str, summed: list[list[CellValue]], kind: str) -> None:
        """Add a row with the sums of the figures that its rows have."""
        cells: list[CellValue] = []
        for n, column in enumerate(columns):
            values = [cell.value for cell in (row[n] for row in summed) if isinstance(cell, TableNumber)]
            cells.append(TableNumber(sum(values), 2) if values else None if column.unit else "")
            if column.id == NAME_CONTENT:
                cells[-1] = name
        table.rows.append(ReportTableRow(cells, kind, "" if kind == "sum" else name))

    place = next((n for n, one in enumerate(shown) if one.content == block.group_by), None)
    groups: dict[CellValue, list[list[CellValue]]] = {}
    for row in rows:
        groups.setdefault(row[place] if place is not None else "", []).append(row)
    for group, members in groups.items():
        table.rows += [ReportTableRow(row, "row", str(len(table.rows) + n)) for n, row in enumerate(members)]
        if place is not None:
            name = str(group) or texts.get("office_tables", "no_group")
            add_sum(texts.get("office_tables", "subtotal", name=name, count=str(len(members))), members, "subtotal")
    add_sum(texts.get("office_tables", "list_sum", count=str(len(rows))), rows, "sum")
    lacking = {one.head[-1]: sum(not row[n] for row in rows) for n, one in enumerate(shown)}
    empty = [title for title, count in lacking.items() if rows and count == len(rows)]
    if empty:
        separator = texts.get("words", "between_names")
        table.notes.append(texts.get("office_tables", "list_empty", columns=separator.join(empty)))
    for column, (title, count) in zip(columns, lacking.items(), strict=True):
        if column.unit and 0 < count < len(rows):
            table.notes.append(texts.get("office_tables", "list_lacking", column=title, count=str(count)))
    return table


def _make_cell(column: LayoutColumn, feature: ListedFeature, figures: PlanIndicators) -> CellValue:
    """Return the cell of a feature: an area, its townships, or the first value that its fields have.

    With a unit, the value is the sum of a field, or of fields joined by +, which are in the unit of the column.
    """
    if column.content == TOWNSHIP:
        return figures.texts.get("words", "between_names").join(feature.list_townships())
    if not column.fields:
        return make_hectares(feature.sum_area_m2(column.content))
    if column.content == NAME_CONTENT and feature.name:
        return feature.name
    members = [(one.layer, row) for one, row in feature.members]
    for field_name in column.fields:
        if column.unit:
            terms = field_name.split("+")
            total = sum(float(layer.get_numbers_by_name(term)[row]) for layer, row in members for term in terms)
            if not np.isnan(total):
                return TableNumber(total, 2)
        elif text := next(filter(None, (_read_text(*one, field_name, figures) for one in members)), ""):
            return text
    return None if column.unit else ""


def _read_text(layer: Layer, row: int, field_name: str, figures: PlanIndicators) -> str:
    """Return the value of a field, for a code its name; for a part of a protected site the name of the whole kind."""
    if field_name == LAYER_NAME_FIELD:
        kind = layer.template.find_field("feature_kind")
        # Without the geometry: 文物保护单位（点）. A layer of several kinds has the name of none.
        return "" if kind is not None and kind.codes else layer.template.name.partition("（")[0]
    text = layer.get_texts_by_name(field_name)[row]
    declared = layer.template.find_field_by_name(field_name)
    codes = figures.ctx.get_code_list(declared.codes).entry_by_code if declared and declared.codes else {}
    entry = codes.get(text)
    if entry is not None and entry.other_columns.get("part") in ("core", "control"):
        entry = codes.get(entry.parent, entry)
    return text if entry is None else entry.name

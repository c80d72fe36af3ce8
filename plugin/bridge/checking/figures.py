# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures of a plan as QGIS features and a workbook: indicators, area tables, area columns of a layer."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from qgis.core import QgsFeature, QgsField, QgsFields, QgsWkbTypes
from qgis.PyQt.QtCore import QMetaType

from ...core.base.errors import NEVER_CANCELLED, Cancellation, ProgressCallback
from ...core.checks.check import RunOptions
from ...core.checks.tabulate import TabulatedPlan, tabulate_sources as core_tabulate
from ...core.studies.office_tables.layout_files import load_layouts
from ...core.studies.office_tables.make_office_tables import OfficeTables, TableOrder, make_office_tables
from ...core.studies.office_tables.office_table import list_further_fields
from .. import health
from ..layers.snapshots import LayerSnapshot
from ..layers.tables import OutputTable, make_record_table
from ..running.threads import run_in_python_thread
from .check import read_plan_snapshots

if TYPE_CHECKING:
    from ...core.figures.indicators.layer_areas import AdjustedAreas, LayerAreas, StoredAreaComparison
    from ...core.standard.messages.texts import Texts


#: Columns of the table of figures in order; users rely on them. The last ones are empty for figures of other tables
#: than that of indicators.
FIGURE_COLUMNS = (
    *("sheet", "code", "name", "item", "value", "unit", "comparison", "target", "room", "state", "basis", "confirmed"),
    *("formula", "inputs", "source", "mark", "reason"),
)
_NUMERIC_COLUMNS = ("value", "target", "room")
#: Share of the progress that reading layers takes.
_READING_SHARE = 0.3
#: Added columns in order, with the keys of their titles; users rely on them. The last two are for adjusted areas only.
_TITLE_KEY_BY_AREA_COLUMN = {
    "planar_m2": "planar",
    "geodesic_m2": "geodesic",
    "statutory_m2": "statutory",
    "stored_m2": "stored",
    "diff_m2": "difference",
    "control": "control",
    "closed_m2": "closed",
}
AREA_COLUMNS = tuple(_TITLE_KEY_BY_AREA_COLUMN)


@run_in_python_thread
def compute_figures(
    path_or_snapshots: str | list[LayerSnapshot],
    options: RunOptions,
    *,
    source: str = "",
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> TabulatedPlan:
    """Compute all indicators and area tables of a plan.

    ``path_or_snapshots``: path of a file or a folder, or snapshots of layers; ``source``: origin of the layers as the
    result states it. May be called from any thread. Raises SanxianError, MissingLibraries, and Cancelled.
    """
    health.require_libraries(cancellation)
    path_or_layers, options = read_plan_snapshots(
        path_or_snapshots, options, lambda share, text: progress(0.3 * share, text), cancellation
    )
    return core_tabulate(path_or_layers, options, source=source, progress=progress, cancellation=cancellation)


@run_in_python_thread
def make_figures_table(tabulated_plan: TabulatedPlan) -> OutputTable:
    """Return indicators and other figures as an output table without geometry.

    One row per indicator and target, then one row per figure of the other area tables.
    """
    from ...core.render import figures as shown
    from ...core.render.tables.report_table import list_records
    from ...core.render.words import ReportTexts

    texts = tabulated_plan.indicators.texts
    report_texts = ReportTexts(texts.lang)
    rows: list[dict[str, Any]] = []
    for computed_indicator in tabulated_plan.indicators.compute_all_indicators():
        entry = computed_indicator.definition
        row = {
            "sheet": texts.get("sheets", "indicators"),
            "code": entry.id,
            "name": entry.get_name(texts.lang),
            "item": texts.get("columns", "value"),
            "unit": entry.unit,
            "formula": computed_indicator.get_formula(texts.lang),
            "source": entry.get_source(texts.lang),
            "mark": entry.mark,
            "reason": computed_indicator.missing_reason,
        }
        if not computed_indicator.figures:
            rows.append(row)
        for figure in computed_indicator.figures:
            figure_columns = {
                "value": figure.value,
                "unit": figure.unit,
                "comparison": figure.comparison,
                "target": figure.target,
                "room": figure.margin,
                "state": figure.state,
                "basis": figure.basis,
                "confirmed": "yes" if figure.confirmed else "no",
                "inputs": shown.format_inputs(figure, report_texts),
            }
            rows.append(row | figure_columns)
    tables = [table for table in tabulated_plan.tables if table.id != "indicators"]
    for one in list_records(tables, texts):
        row = {"sheet": one.table, "code": one.code, "name": one.row, "item": one.column}
        rows.append({**row, "value": one.value, "unit": one.unit})
    types = {
        name: QMetaType.Type.Double if name in _NUMERIC_COLUMNS else QMetaType.Type.QString for name in FIGURE_COLUMNS
    }
    titles = {name: texts.get("figure_columns", name) for name in FIGURE_COLUMNS}
    return make_record_table("figures", types, rows, titles=titles)


@run_in_python_thread
def make_tables(
    path_or_snapshots: str | list[LayerSnapshot],
    order: TableOrder,
    options: RunOptions,
    *,
    source: str,
    progress: ProgressCallback,
    cancellation: Cancellation,
) -> OfficeTables:
    """Make the ordered tables of a plan and write them.

    ``path_or_snapshots``: path of a file or a folder, or snapshots of layers; ``source``: origin of the layers. May be
    called from any thread. Raises SanxianError, MissingLibraries, and Cancelled.
    """
    health.require_libraries(cancellation)
    options = replace(options, further_fields=list_further_fields(load_layouts(order.tables)))
    path_or_layers, options = read_plan_snapshots(
        path_or_snapshots, options, lambda share, text: progress(_READING_SHARE * share, text), cancellation
    )
    is_read = not isinstance(path_or_snapshots, str)
    return make_office_tables(
        path_or_layers,
        order,
        options,
        source=source,
        progress=(lambda share, text: progress(_READING_SHARE + (1 - _READING_SHARE) * share, text))
        if is_read
        else progress,
        cancellation=cancellation,
    )


@dataclass
class AreaFieldSpec:
    """The area field of the output table and the rows whose area it receives.

    ``field_name``: name of the area field; ``fills_field``: the field receives rounded statutory areas (by the formula
    of the Ministry of Natural Resources, m²); ``alias``: its title; ``decimals``: number of decimals;
    ``filled_row_positions``: positions of the rows to fill, None for all.
    """

    field_name: str
    fills_field: bool
    alias: str = ""
    decimals: int = 2
    filled_row_positions: set[int] | None = None


def replace_nan(values: Any) -> list[Any]:
    """Return the values of a column (a list, or an array of numpy), None in place of NaN."""
    values = values if isinstance(values, list) else values.tolist()
    return [None if isinstance(value, float) and math.isnan(value) else value for value in values]


def make_area_table(
    snapshot: LayerSnapshot,
    fids: list[int],
    areas: LayerAreas,
    compared: StoredAreaComparison,
    adjusted: AdjustedAreas | None,
    area_field: AreaFieldSpec,
    texts: Texts,
) -> OutputTable:
    """Return a layer's features with added area columns (m²) as an output table.

    Attributes and geometries are those of ``snapshot``; arcs stay arcs. ``fids``: feature id of each position in
    ``areas``, ``compared`` and ``adjusted``; ``areas``: computed areas; ``compared``: their comparison with the stored
    areas; ``adjusted``: areas adjusted to control areas, or None; ``area_field``: the field that receives the areas.
    """
    columns: list[Any] = [areas.planar, areas.geodesic, areas.statutory, compared.stored_m2, compared.difference_m2]
    if adjusted is not None:
        columns += [adjusted.control_name_of_part, adjusted.proposed_m2]
    values_by_column = dict(zip(AREA_COLUMNS, map(replace_nan, columns), strict=False))
    own_positions = [n for n in range(snapshot.fields.count()) if snapshot.fields.at(n).name() not in AREA_COLUMNS]
    fields = QgsFields()
    for position in own_positions:
        fields.append(snapshot.fields.at(position))
    if area_field.fills_field and fields.lookupField(area_field.field_name) < 0:
        field = QgsField(area_field.field_name, QMetaType.Type.Double, "", 15, area_field.decimals)
        field.setAlias(area_field.alias or texts.get("areas", "new_field"))
        fields.append(field)
    for name in values_by_column:
        field = QgsField(name, QMetaType.Type.QString if name == "control" else QMetaType.Type.Double)
        field.setAlias(texts.get("areas", _TITLE_KEY_BY_AREA_COLUMN[name]))
        fields.append(field)
    area_field_index = fields.lookupField(area_field.field_name)
    rounded_areas_m2 = replace_nan(compared.rounded_m2)
    position_by_fid = {fid: position for position, fid in enumerate(fids)}

    def iterate_rows() -> Iterator[QgsFeature]:
        for feature in snapshot.feature_source.getFeatures(snapshot.feature_request):
            position = position_by_fid[feature.id()]
            if area_field.filled_row_positions is not None and position not in area_field.filled_row_positions:
                continue
            source_attributes = feature.attributes()
            attributes = [source_attributes[k] for k in own_positions]
            if area_field.fills_field:
                if area_field_index == len(attributes):
                    # The field is new.
                    attributes.append(None)
                # A row without an area keeps its value.
                if rounded_areas_m2[position] is not None:
                    attributes[area_field_index] = rounded_areas_m2[position]
            attributes += [values[position] for values in values_by_column.values()]
            area_feature = QgsFeature(fields, feature.id())
            area_feature.setAttributes(attributes)
            geometry = feature.geometry()
            if not geometry.isNull():
                geometry.convertToMultiType()
                area_feature.setGeometry(geometry)
            yield area_feature

    count = len(fids) if area_field.filled_row_positions is None else len(area_field.filled_row_positions)
    return OutputTable(
        snapshot.name, fields, QgsWkbTypes.multiType(snapshot.geometry_type), snapshot.crs, iterate_rows, count
    )

# SPDX-License-Identifier: GPL-2.0-or-later
"""Indicators and area tables of a plan, as QGIS features and as a workbook."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from qgis.PyQt.QtCore import QMetaType

from ...core.base.cancellation import NEVER_CANCELLED, Cancellation
from ...core.checks.check import RunOptions
from ...core.checks.tabulate import TabulatedPlan
from ...core.checks.tabulate import tabulate_sources as core_tabulate
from ...core.studies.office_tables.make_office_tables import OfficeTables, TableOrder, make_office_tables
from .. import health
from ..layers.snapshots import LayerSnapshot
from ..layers.tables import OutputTable, make_record_table
from ..running.threads import run_in_python_thread
from .check import read_plan_snapshots

ProgressCallback = Callable[[float, str], None]
#: Columns of the table of figures in order; users rely on them. The last ones are empty for figures of other tables
#: than that of indicators.
FIGURE_COLUMNS = (
    *("sheet", "code", "name", "item", "value", "unit", "comparison", "target", "room", "state", "basis", "confirmed"),
    *("formula", "inputs", "source", "mark", "reason"),
)
_NUMERIC_COLUMNS = ("value", "target", "room")


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
    rows = [*_iterate_indicator_rows(tabulated_plan), *_iterate_figure_rows(tabulated_plan)]
    types = {
        name: QMetaType.Type.Double if name in _NUMERIC_COLUMNS else QMetaType.Type.QString for name in FIGURE_COLUMNS
    }
    titles = {name: tabulated_plan.indicators.texts.get("figure_columns", name) for name in FIGURE_COLUMNS}
    return make_record_table("figures", types, rows, titles=titles)


def _iterate_indicator_rows(tabulated_plan: TabulatedPlan) -> Iterator[dict[str, Any]]:
    """Yield a row (column → value) for each figure of an indicator, and one for an indicator without figures."""
    from ...core.render import figures as shown
    from ...core.render.words import ReportTexts

    texts = tabulated_plan.indicators.texts
    report_texts = ReportTexts(texts.lang)
    for computed_indicator in tabulated_plan.indicators.compute_all_indicators():
        entry = computed_indicator.definition
        row = {
            "sheet": texts.get("sheets", "indicators"),
            "code": entry.id,
            "name": entry.name(texts.lang),
            "item": texts.get("columns", "value"),
            "unit": entry.unit,
            "formula": entry.get_formula(texts.lang),
            "source": entry.get_source(texts.lang),
            "mark": entry.mark,
            "reason": computed_indicator.missing_reason,
        }
        if not computed_indicator.figures:
            yield row
        for figure in computed_indicator.figures:
            yield row | {
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


def _iterate_figure_rows(tabulated_plan: TabulatedPlan) -> Iterator[dict[str, Any]]:
    """Yield a row (column → value) for each figure of the area tables other than the indicators."""
    from ...core.render.tables.report_table import list_records

    tables = [table for table in tabulated_plan.tables if table.id != "indicators"]
    for one in list_records(tables, tabulated_plan.indicators.texts):
        yield {
            "sheet": one.table,
            "code": one.code,
            "name": one.row,
            "item": one.column,
            "value": one.value,
            "unit": one.unit,
        }


#: Share of the progress that reading layers takes.
_READING_SHARE = 0.3


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

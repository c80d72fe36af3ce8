# SPDX-License-Identifier: GPL-2.0-or-later
"""Compute indicators and tables from sources, and write them to a workbook.

Command line and toolbox use this module. Only rules that give figures are run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..base.errors import NEVER_CANCELLED, Cancellation, OutputError, ProgressCallback
from ..model.side_inputs import NO_SIDE_INPUTS, SideInputs
from ..plan.loading.reading import read_plan
from ..render.tables.report_table import ReportTable, ReportTableRow, TableColumn, write_tables_workbook
from ..render.words import ReportTexts
from ..standard.messages.texts import Texts
from ..standard.options import RunOptions

if TYPE_CHECKING:
    from ..figures.indicators.compute import PlanIndicators
    from ..geometry.tolerance import Tolerance
    from ..plan.layer import SourceLayer
    from ..plan.plan import Plan
    from ..render.document.blocks import Document

#: Shares of the progress: reading the sources, the tables.
_READING_SHARE, _TABLES_SHARE = 0.4, 0.55


class TabulatedPlan(NamedTuple):
    """A plan with its indicators and the tables that are written to its workbook."""

    plan: Plan
    indicators: PlanIndicators
    tables: list[ReportTable]

    @property
    def notices(self) -> list[str]:
        """Return the notices on the plan's data, as sentences."""
        return self.tables[-1].notes


def tabulate_sources(
    sources: str | Path | Iterable[SourceLayer],
    options: RunOptions | None = None,
    *,
    source: str = "",
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> TabulatedPlan:
    """Compute all indicators and tables of a file, a folder, or layers already read.

    Raise InputError or DataError if no figure can be computed, and Cancelled.
    """
    options = options or RunOptions()
    norm, texts = options.resolve_norm(), Texts(options.lang)
    progress(0.0, "")
    plan = read_plan(sources, norm, options, source=source, cancellation=cancellation)
    progress(_READING_SHARE, texts.get("toolbox", "computing"))
    tabulated_plan = tabulate_plan(
        plan,
        options.lang,
        tolerance=options.tolerance,
        progress=lambda share: progress(_READING_SHARE + _TABLES_SHARE * share, ""),
        cancellation=cancellation,
    )
    progress(1.0, "")
    return tabulated_plan


def tabulate_plan(
    plan: Plan,
    lang: str,
    *,
    side_inputs: SideInputs = NO_SIDE_INPUTS,
    tolerance: Tolerance | None = None,
    progress: Callable[[float], None] = lambda share: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> TabulatedPlan:
    """Compute all indicators and tables of an existing plan. Raise Cancelled."""
    # GIS libraries load when something runs, not when a command line is parsed or a plugin starts.
    from ..engine.context import RuleContext
    from ..engine.provenance import make_provenance
    from ..figures.indicators.compute import PlanIndicators
    from ..figures.statistics_file import load_statistics
    from ..render.tables.indicator_tables import make_all_tables

    limits, texts = tolerance or plan.norm.make_tolerance(), Texts(lang)
    ctx = RuleContext(plan, plan.norm, limits, cancellation=cancellation, side_inputs=side_inputs, lang=lang)
    statistics = load_statistics(plan.norm, plan.area_code)
    figures = PlanIndicators(ctx, texts, statistics=statistics)
    source_data = make_provenance(plan, texts)
    notices = [*source_data["notices"], *plan.describe_gaps(texts)]
    if statistics is not None:
        notices += statistics.describe(texts)
        plan.input_files = tuple(dict.fromkeys((*plan.input_files, str(statistics.path))))
    return TabulatedPlan(
        plan,
        figures,
        [
            *make_all_tables(figures, progress),
            make_about_table(
                source_data,
                texts,
                datetime.now().strftime("%Y-%m-%d %H:%M"),
                notices,
            ),
        ],
    )


def check_workbook_can_be_written(target: str | Path) -> None:
    """Raise OutputError before a long run if no workbook can be written to the target.

    The target must end in .xlsx, and the library for workbooks must be installed.
    """
    if Path(target).suffix.lower() != ".xlsx":
        raise OutputError("output_format", target=str(target), known=".xlsx")
    if find_spec("openpyxl") is None:
        raise OutputError("output_openpyxl", target=Path(target).name)


def write_new_figures_workbook(tabulated_plan: TabulatedPlan, path: Path) -> None:
    """Write the tables of a plan as a new xlsx at this path.

    Raise OutputError if the Python package that writes workbooks is missing.
    """
    from ..engine.provenance import find_county_name

    write_tables_workbook(
        path, tabulated_plan.tables, find_county_name(tabulated_plan.plan), tabulated_plan.indicators.texts
    )


def make_figures_document(tabulated_plan: TabulatedPlan) -> Document:
    """Return the tables of a plan as a document with places for signatures."""
    from ..engine.provenance import find_county_name
    from ..render.document.table_document import make_table_document

    texts = tabulated_plan.indicators.texts
    return make_table_document(
        tabulated_plan.tables,
        texts.get("document_titles", "indicators"),
        find_county_name(tabulated_plan.plan),
        texts,
    )


def make_about_table(provenance: dict[str, Any], texts: Texts, time: str, notes: list[str]) -> ReportTable:
    """Return the table that describes the data, from a report's provenance.

    ``time``: when the table is made; ``notes``: sentences below the table.
    """
    standard, profile = provenance["standard"], provenance["profile"]
    lines = {
        "area": f"{provenance['area_name']} {provenance['area_code']}".strip(),
        "source": provenance["source"],
        "standard": f"{standard['name']}（{standard['edition']}）",
        "profile": profile["name"] or "-",
        "scope": ReportTexts(texts.lang).get_text_or_key("scope", provenance["scope"]),
        "crs": provenance["crs"],
        "basis": texts.get("about", "basis_text"),
        "time": time,
        "version": texts.get("about", "program", version=provenance["versions"]["sanxian"]),
    }
    table = ReportTable(
        "about", [TableColumn("name", width_in_characters=20), TableColumn("content", width_in_characters=96)]
    )
    table.rows += [ReportTableRow([texts.get("about", name), text], "row", name) for name, text in lines.items()]
    table.rows.append(ReportTableRow([texts.get("about", "layers"), None], "head", "layers"))
    for layer in provenance["layers"]:
        text = texts.get(
            "about", "layer", title=layer["title"], name=layer["name"], count=layer["features"], crs=layer["crs"]
        )
        table.rows.append(ReportTableRow([layer["role"], text], "row", layer["role"]))
    table.notes += notes
    return table

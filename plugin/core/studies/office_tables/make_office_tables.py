# SPDX-License-Identifier: GPL-2.0-or-later
"""Make the tables that an office hands in: read the data, fill the layouts, write workbook and document.

Command line and toolbox use this module.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ...base.errors import NEVER_CANCELLED, Cancellation, InputError, OutputError, ProgressCallback
from ...base.files.writing import check_writable, is_same_file, write_files
from ...render.document.docx_writer import import_docx_library, write_docx
from ...standard.messages.texts import Texts, format_number
from ...standard.options import RunOptions
from .layout_files import load_layouts
from .office_table import FilledTable, list_further_fields
from .template import TemplateResult, fill_template

if TYPE_CHECKING:
    from ...plan.layer import SourceLayer
    from ...plan.plan import Plan


#: Tables are handed in in Chinese, whatever the language of the interface.
TABLE_LANGUAGE = "zh"
#: First year of the unified form of the balance (mark B).
UNIFIED_FROM_SETTING = "indicators.unified_balance_from"
_READING_SHARE, _CHECK_SHARE, _TABLES_SHARE = 0.3, 0.6, 0.9
_SECTION = "office_tables"


@dataclass(frozen=True)
class TableOrder:
    """What is made: ids or paths of the layouts (`layout_files.load_layouts`), and the files.

    ``output``: .xlsx or .docx; ``docx``: a document besides the workbook; ``template``: a workbook of the office with
    named cells; ``filled``: its filled copy; ``year``: of the tables, None for the present one.
    """

    tables: str = ""
    output: str = ""
    docx: str = ""
    template: str = ""
    filled: str = ""
    year: int | None = None

    @property
    def files(self) -> list[str]:
        """Return the paths of all files that are written."""
        return [path for path in (self.output, self.docx, self.filled) if path]


@dataclass
class OfficeTables:
    """The filled tables of a county, and the result of filling the office's workbook, if there is one."""

    plan: Plan
    area: str
    tables: list[FilledTable]
    template: TemplateResult | None = None


def check_table_order(order: TableOrder, inputs: list[str]) -> None:
    """Raise an error, before a long run, for a wrong layout or template, or a file that cannot be written.

    ``inputs``: files that no output may replace.
    """
    from ...checks.tabulate import check_workbook_can_be_written

    layouts = load_layouts(order.tables)
    if not order.files:
        raise InputError("output_missing")
    if bool(order.template) != bool(order.filled):
        raise InputError("office_template_without_copy")
    if order.template and not Path(order.template).is_file():
        raise InputError("source_missing", source=order.template)
    inputs = [*inputs, *([order.template] if order.template else []), *(str(layout.path) for layout in layouts)]
    for number, path in enumerate(order.files):
        if any(is_same_file(path, other) for other in order.files[:number]):
            raise OutputError("output_twice", target=path)
        suffix = Path(path).suffix.lower()
        if path == order.filled and suffix != Path(order.template).suffix.lower():
            raise OutputError("output_format", target=path, known=Path(order.template).suffix)
        if suffix == ".docx" and path != order.filled:
            import_docx_library(Path(path).name)
        elif path == order.docx:
            raise OutputError("output_format", target=path, known=".docx")
        elif path == order.output:
            check_workbook_can_be_written(path)
        check_writable(path, inputs)


def make_office_tables(
    sources: str | Path | Iterable[SourceLayer],
    order: TableOrder,
    options: RunOptions | None = None,
    *,
    source: str = "",
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> OfficeTables:
    """Fill the ordered layouts with the figures of a plan, and write the files when all of them are complete.

    Raises
    ------
    InputError, DataError
        Data, layouts or template cannot be used.
    OutputError
        A file cannot be written; existing files are unchanged.
    Cancelled
    """
    options = options or RunOptions()
    check_table_order(order, [str(sources)] if isinstance(sources, str | Path) else [])
    result = fill_office_tables(sources, order, options, source=source, progress=progress, cancellation=cancellation)
    texts = Texts(TABLE_LANGUAGE)
    inputs = list(result.plan.input_files)
    for path in order.files:
        check_writable(path, inputs)
    progress(_TABLES_SHARE, "")
    from .office_files import make_office_document, write_office_workbook

    def write(path: Path, is_copy: bool) -> None:
        if is_copy:
            result.template = fill_template(Path(order.template), path, result.tables)
        elif path.suffix.lower() == ".docx":
            write_docx(make_office_document(result.tables, result.area, texts), path)
        else:
            write_office_workbook(path, result.tables, texts)

    # One file that fails does not stop the others.
    write_files([(one, partial(write, is_copy=one == order.filled)) for one in order.files], cancellation)
    progress(1.0, "")
    return result


def fill_office_tables(
    sources: str | Path | Iterable[SourceLayer],
    order: TableOrder,
    options: RunOptions,
    *,
    source: str = "",
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> OfficeTables:
    """Return the filled tables of a plan; nothing is written. Raise InputError, DataError and Cancelled."""
    # GIS libraries load when something runs, not when a command line is parsed or a plugin starts.
    from ...checks.side_tables import read_side_tables
    from ...engine.provenance import find_county_name
    from ...plan.loading.reading import read_plan
    from .fill import LayoutFiller

    layouts = load_layouts(order.tables)
    options = replace(options, lang=TABLE_LANGUAGE, further_fields=list_further_fields(layouts))
    norm = options.resolve_norm()
    side_tables = read_side_tables(options, norm, sources if isinstance(sources, str | Path) else None)
    progress(0.0, "")
    plan = read_plan(sources, norm, options, source=source, cancellation=cancellation)
    side = side_tables.make_side_inputs(plan, norm, cancellation)
    progress(_READING_SHARE, Texts(TABLE_LANGUAGE).get("toolbox", "computing"))
    codes = tuple(dict.fromkeys(code for layout in layouts for code in layout.rules))
    from ...checks.run_check import run_check
    from ...engine.context import RuleContext
    from ...engine.evaluate import choose_rules
    from ...figures.indicators.compute import PlanIndicators
    from ...render.tables.report_table import TableNumber
    from .figure_tables import PlanFigures

    norm = plan.norm
    tolerance = options.tolerance or norm.make_tolerance()
    report = None
    if codes:
        report = run_check(
            plan,
            choose_rules((), codes, norm.declared_rules),
            side_inputs=side,
            waivers=side_tables.waivers,
            parameters=options.parameters,
            tolerance=tolerance,
            lang=TABLE_LANGUAGE,
            progress=lambda share, text: progress(_READING_SHARE + (_CHECK_SHARE - _READING_SHARE) * share, text),
            cancellation=cancellation,
        )
    context = RuleContext(plan, norm, tolerance, cancellation=cancellation, side_inputs=side, lang=TABLE_LANGUAGE)
    figures = PlanFigures(PlanIndicators(context, Texts(TABLE_LANGUAGE)), report, codes)
    year = date.today().year if order.year is None else order.year
    # The form of the balance of cultivated land in this year.
    case = "unified" if year >= int(norm.get(UNIFIED_FROM_SETTING)) else "separate"
    area = find_county_name(plan)
    tables = []
    for number, layout in enumerate(layouts):
        cancellation.raise_if_cancelled()
        progress(_CHECK_SHARE + (_TABLES_SHARE - _CHECK_SHARE) * number / len(layouts), layout.name)
        figures.select_layout(layout)
        tables.append(LayoutFiller(layout, figures, area, case).fill())

    def lacks_figures(table: FilledTable) -> bool:
        values = (value for row in table.rows for value in row.values)
        return bool(table.missing) and not any(isinstance(value, TableNumber) for value in values)

    # A file begins with figures; tables that lack their data come last.
    return OfficeTables(plan, area, sorted(tables, key=lacks_figures))


class TableLine(NamedTuple):
    """A sentence, and whether it is a warning."""

    is_warning: bool
    text: str


def describe_tables(result: OfficeTables, lang: str) -> list[TableLine]:
    """Return a line for each table, its missing data, and what became of the names of the office's workbook."""
    texts = Texts(lang)
    lines = []
    for table in result.tables:
        name = table.layout.get_name(lang)
        row_count = format_number(sum(row.kind == "row" for row in table.rows), 0)
        adjusted_count = format_number(table.adjusted_count, 0)
        lines.append(
            TableLine(False, texts.get(_SECTION, "table_line", name=name, rows=row_count, adjusted=adjusted_count))
        )
        if table.missing:
            lines.append(
                TableLine(True, texts.get(_SECTION, "table_missing", name=name, reasons="".join(table.missing)))
            )
    lines += [TableLine(True, sentence) for sentence in result.plan.describe_gaps(texts)]
    template, separator = result.template, texts.get("words", "between_names")
    if template is not None:
        # What became of the names of a workbook.
        lines += [
            TableLine(False, texts.get(_SECTION, "template_filled", count=format_number(len(template.filled), 0))),
            *[
                TableLine(True, texts.get(_SECTION, key, names=separator.join(names)))
                for key, names in (("template_dashes", template.dashes), ("template_unknown", template.unknown))
                if names
            ],
            *[TableLine(True, texts.get(_SECTION, key, **params)) for key, params in template.problems],
        ]
    return lines

# SPDX-License-Identifier: GPL-2.0-or-later
"""报送表格: tables in the layouts that offices hand in, and an office's workbook filled."""

from __future__ import annotations

from ..bridge.checking.figures import make_tables
from ..bridge.settings import get_interface_language
from ..bridge.texts import mark_text, tr
from ..core.base.cancellation import Cancellation
from ..core.studies.office_tables.make_office_tables import TableOrder, check_table_order, describe_tables
from .common import (
    SanxianAlgorithm,
    describe_norms,
    list_given,
    log_options_from_project,
    log_written_files,
    make_progress_callback,
)
from .inputs import read_plan_inputs
from .parameters import (
    WORKBOOK_FILTER,
    declare_numbers,
    declare_texts,
    make_documents,
    make_file,
    make_file_output,
    make_norms,
    make_number,
    make_shared,
    make_source,
    make_text,
    make_workbook,
)


class OfficeTablesAlgorithm(SanxianAlgorithm):
    """Algorithm `office_tables`: fill the layouts of tables with the figures of a plan."""

    toolbox_section = "check"
    identifier = "office_tables"
    keywords = (
        "tables", "xlsx", "docx", "template", "报送表格", "附表", "汇总表", "三线占用", "占补平衡", "补划", "用地结构",
        "冲突清单", "名称管理器", "填表",
    )  # fmt: skip
    title = mark_text("Tables for submission")
    help_parts = (
        mark_text(
            "Fills the layouts of tables that offices hand in with the figures of a plan: use of land inside the "
            "control lines, three zones and lines, land use present and planned, zones by land use, lines by township, "
            "permanent basic farmland occupied and supplemented, balance of cultivated land, conflicts of lines. "
            "Inputs are not changed.\n\n"
            "Tables: ids separated by commas (empty: all), or the path of a layout or a folder. An office can add a "
            "table: copy a file of resources/office_tables, change it and give its path.\n\n"
            "Figures are those of the indicators and of the check. Printed parts sum to the printed totals: figures "
            "are rounded by largest remainders, and a note names those that differ from usual rounding. A figure that "
            "the data do not have is a dash with the reason, never zero.\n\n"
            "Farmland occupied and supplemented needs the sealed edition. The balance of cultivated land has its form "
            "by the year (setting indicators.unified_balance_from).\n\n"
            "Workbook of the office: cells with defined names, such as 三线占用_生态保护红线_面积 (table, row, "
            "column), are filled in a copy. Names that mean no figure are reported. The tables are in Chinese."
        ),
        describe_norms,
    )

    results = (
        *declare_numbers(
            TABLE_COUNT=mark_text("Tables made"),
            ADJUSTED=mark_text("Figures adjusted by rounding"),
            FILLED=mark_text("Names filled"),
            UNKNOWN=mark_text("Names not filled"),
        ),
        *declare_texts(REMARKS=mark_text("Remarks")),
    )

    def list_parameters(self):
        # Processing reads the tables' ids when a dialog opens; the layouts need no library.
        from ..core.studies.office_tables.office_table import ALL_TABLES, list_layout_ids

        tables = tr("Tables: ids, or path of a layout or folder (empty: all)")
        year = tr("Year of the tables (empty: the present one)")
        return [
            *make_source(),
            make_text("TABLES", tables, [ALL_TABLES, *list_layout_ids()]),
            *make_norms(),
            *make_shared("SCOPE", "BASELINE"),
            make_number("YEAR", year, is_integer=True, minValue=2000, maxValue=2100),
            *make_shared("ROLES", "BASE_YEAR"),
            make_file("TEMPLATE", tr("Workbook of the office with named cells"), WORKBOOK_FILTER),
            make_workbook("OUTPUT"),
            *make_documents("", tr("Tables to be signed (Word)")),
            make_file_output("OUTPUT_FILLED", tr("Filled copy of the office's workbook"), "Excel (*.xlsx *.xlsm)"),
        ]

    def prepare(self, parameters, context, feedback):

        inputs = read_plan_inputs(
            self, parameters, context, baseline=self.read_text_parameter(parameters, "BASELINE", context)
        )

        self.order = TableOrder(
            tables=self.read_text_parameter(parameters, "TABLES", context),
            output=self.parameterAsFileOutput(parameters, "OUTPUT", context),
            docx=self.parameterAsFileOutput(parameters, "OUTPUT_DOCX", context),
            template=self.read_text_parameter(parameters, "TEMPLATE", context),
            filled=self.parameterAsFileOutput(parameters, "OUTPUT_FILLED", context),
            year=self.read_number(parameters, "YEAR", context, is_integer=True),
        )
        check_table_order(self.order, [*inputs, *filter(None, (self.options.baseline, self.options.waivers))])

    def execute(self, parameters, context, feedback):

        log_options_from_project(feedback, self.options_from_project)
        result = make_tables(
            self.path_or_snapshots,
            self.order,
            self.options,
            source=self.origin,
            progress=make_progress_callback(feedback),
            cancellation=Cancellation(feedback.isCanceled),
        )
        remarks = []
        for line in describe_tables(result, get_interface_language()):
            if line.is_warning:
                feedback.pushWarning(line.text)
                remarks.append(line.text)
            else:
                feedback.pushInfo(line.text)
        log_written_files(feedback, self.order.files)
        order, template = self.order, result.template
        return {
            **list_given(OUTPUT=order.output, OUTPUT_DOCX=order.docx, OUTPUT_FILLED=order.filled),
            "TABLE_COUNT": len(result.tables),
            "ADJUSTED": sum(table.adjusted_count for table in result.tables),
            "FILLED": len(template.filled) if template is not None else 0,
            "UNKNOWN": len(template.unknown) + len(template.problems) if template is not None else 0,
            "REMARKS": "\n".join(remarks),
        }

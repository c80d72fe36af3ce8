# SPDX-License-Identifier: GPL-2.0-or-later
"""指标计算、体检评估、报送表格: indicators and areas, those of several years, and tables for submission."""

from dataclasses import replace

from qgis.core import Qgis

from ..bridge.checking.figures import compute_figures, make_figures_table, make_tables
from ..bridge.printing.pdf import render_svg, write_pdf
from ..bridge.running.threads import run_in_python_thread
from ..bridge.settings import get_interface_language
from ..bridge.texts import mark_text, tr
from ..core.base.errors import InputError
from ..core.base.files.data import list_data_ids
from ..core.base.files.writing import check_not_input
from ..core.standard.messages.texts import Texts
from ..core.studies.evaluation.evaluated_editions import Level, list_files_of_editions, read_editions, split_editions
from ..core.studies.office_tables.make_office_tables import TableOrder, check_table_order, describe_tables
from ..core.studies.office_tables.office_table import ALL_TABLES
from ..paths import OFFICE_TABLES_FOLDER
from .common import (
    SanxianAlgorithm,
    describe_norms,
    list_given,
    log_levels,
    log_lines,
    log_warnings,
    log_written_files,
    make_progress_callback,
    run_in_thread,
)
from .inputs import check_connection, read_plan_inputs
from .outputs import StudyOutputs, list_report_paths, read_report_paths
from .parameters import (
    BASE_YEAR,
    BASELINE,
    NORMS,
    ROLES,
    SCOPE,
    SIDE_TABLES,
    SIGNED_TABLES,
    SOURCE_AND_LAYERS,
    WORKBOOK_FILTER,
    Tool,
    declare_numbers,
    declare_texts,
    make_documents,
    make_file,
    make_file_output,
    make_layer_output,
    make_number,
    make_table,
    make_text,
    make_workbook,
    mark_advanced,
)


class ComputeIndicators(SanxianAlgorithm):
    """Algorithm `compute_indicators`: write the indicators as a table and a workbook."""

    tool = Tool(
        identifier="compute_indicators",
        section="check",
        title=mark_text("Compute indicators"),
        keywords=(
            "indicators",
            "areas",
            "targets",
            "xlsx",
            "ratio",
            "指标",
            "面积",
            "目标",
            "余量",
            "指标表",
            "扩展倍数",
            "乡镇",
        ),
        help_parts=(
            mark_text(
                "Computes the indicators of a county's plan from its layers and writes them as a table and as a "
                "workbook: indicators with target, state and margin; the three control lines; the expansion "
                "ratio; planning zones; the three zones; land use of the base year and of the plan; townships. Every "
                "figure states its basis, formula and inputs. Inputs are not changed.\n\n"
                "Source: a GeoPackage, FileGDB, shapefile or a folder of them. If no source is given, the chosen "
                "layers, or all vector layers of the project, are used, including unsaved edits.\n\n"
                "Indicators that no layer provides (population, GDP, events) are listed with the data that they "
                "require. Sums by zone and by township equal the county's figure. The indicators are defined in "
                "indicators.toml of the standard."
            ),
            describe_norms,
        ),
        parameters=(
            *SOURCE_AND_LAYERS,
            *NORMS,
            SCOPE,
            ROLES,
            BASE_YEAR,
            make_layer_output("OUTPUT", mark_text("Figures"), Qgis.ProcessingSourceType.Vector),
            make_workbook(),
            *SIGNED_TABLES,
        ),
        results=declare_numbers(
            COMPUTED=mark_text("Indicators computed"),
            NOT_COMPUTED=mark_text("Indicators that no layer provides"),
            MET=mark_text("Targets met"),
            LITTLE_LEFT=mark_text("Targets met with a small margin"),
            ROUNDING=mark_text("Targets missed by rounding"),
            BROKEN=mark_text("Targets missed"),
        ),
        needs_libraries_to_prepare=False,
    )

    def prepare(self, parameters, context, feedback):
        inputs = read_plan_inputs(self, parameters, context)
        self.outputs = StudyOutputs(self, parameters, context, tr("Figures"), inputs)

    def execute(self, parameters, context, feedback):
        from ..core.checks.tabulate import make_figures_document, write_new_figures_workbook
        from ..core.cli.checking import list_indicator_lines
        from ..core.render.words import ReportTexts

        tabulated_plan = compute_figures(
            self.path_or_snapshots,
            self.options,
            source=self.origin,
            progress=make_progress_callback(feedback),
            cancellation=self.cancellation,
        )
        log_lines(feedback, tabulated_plan.notices)
        report_texts = ReportTexts(tabulated_plan.indicators.texts.lang)
        for is_missed, text in list_indicator_lines(tabulated_plan, report_texts):
            (feedback.pushWarning if is_missed else feedback.pushInfo)(text)
        check_not_input(self.outputs.workbook, list(tabulated_plan.plan.input_files))
        results = self.outputs.write(
            feedback,
            lambda: make_figures_document(tabulated_plan),
            lambda path: write_new_figures_workbook(tabulated_plan, path),
            lambda: make_figures_table(tabulated_plan),
            self.cancellation,
        )
        computed_indicators = tabulated_plan.indicators.compute_all_indicators()
        states = [figure.state for one in computed_indicators for figure in one.figures]

        missing_count = sum(not one.figures for one in computed_indicators)
        return {
            **results,
            "BROKEN": states.count("broken"),
            "ROUNDING": states.count("close"),
            "LITTLE_LEFT": states.count("warning"),
            "MET": states.count("met"),
            "COMPUTED": len(computed_indicators) - missing_count,
            "NOT_COMPUTED": missing_count,
        }


class EvaluateIndicators(SanxianAlgorithm):
    """Algorithm `evaluate_indicators`: compare the indicators of several editions of a county."""

    tool = Tool(
        identifier="evaluate_indicators",
        section="check",
        title=mark_text("Evaluate indicators of several years"),
        keywords=(
            "evaluation",
            "monitoring",
            "series",
            "years",
            "trend",
            "warning",
            "体检",
            "评估",
            "监测",
            "预警",
            "年度",
            "指标",
            "变化",
        ),
        help_parts=(
            mark_text(
                "Computes the indicators of several years or editions of a county and compares them: values by year, "
                "changes to the edition before and to the first one, target, state and early warning, small charts. "
                "Inputs are not changed.\n\n"
                "Editions: lines or parts YEAR=SOURCE, separated by line breaks or semicolons (2021=D:/a.gpkg;2022=…). "
                "Or a list (csv, xlsx) with the columns 年份, 数据, 县配置, 版本 (year, source, profile, edition), the "
                "last two optional; paths begin in the folder of the list. An edition that cannot be read is a column "
                "with the reason. Editions are sorted by year; repeated and missing years are reported.\n\n"
                "Each figure is that of “Compute indicators”. A figure that an edition cannot give stays empty with "
                "the reason; nothing is interpolated. Areas with different bases, and figures by different methods or "
                "settings, are not compared. Different CRS, standards, profiles and settings are noted.\n\n"
                "Targets and thresholds are those of the profile of the last edition. Thresholds of warnings "
                "([evaluation]) are settings of mark C: until the county confirms them, warnings that depend on them "
                "have a star."
            ),
            describe_norms,
        ),
        parameters=(
            make_text("SOURCES", mark_text("Editions: YEAR=SOURCE, one on each line"), is_multiline=True),
            make_table("LIST", mark_text("List of editions (in place of the editions)")),
            *NORMS,
            *mark_advanced(SCOPE),
            ROLES,
            make_workbook(),
            *make_documents(
                mark_text("Chapter to be signed (PDF)"),
                mark_text("Chapter to be signed (Word)"),
                mark_text("Chapter (HTML)"),
                mark_text("Result (JSON)"),
            ),
        ),
        results=(
            *declare_numbers(
                EDITIONS=mark_text("Editions read"),
                UNREAD=mark_text("Editions not read"),
                INDICATORS=mark_text("Indicators with values"),
                ALERT=mark_text("Alerts"),
                WATCH=mark_text("Indicators to watch"),
                UNDETERMINED=mark_text("Undetermined indicators"),
                NORMAL=mark_text("Indicators without warning"),
            ),
            *declare_texts(REMARKS=mark_text("Remarks")),
        ),
    )

    def prepare(self, parameters, context, feedback):
        from ..core.studies.evaluation.write_evaluation import check_evaluation_outputs

        sources = self.read_text_parameter(parameters, "SOURCES", context)
        table = self.parameterAsFile(parameters, "LIST", context).strip()
        if bool(sources) == bool(table):
            raise InputError("evaluation_sources_or_list")
        given = [table] if table else split_editions(sources)
        self.editions = read_editions(given)
        for edition in self.editions:
            check_connection(edition.source)
        self.options = replace(
            self.read_norm_options(parameters, context),
            scope=self.read_text_parameter(parameters, "SCOPE", context),
            roles=self.read_text_parameter(parameters, "ROLES", context),
        )
        self.outputs = read_report_paths(self, parameters, context)
        check_evaluation_outputs(self.outputs, list_files_of_editions(given, self.editions))

    def execute(self, parameters, context, feedback):
        from ..core.studies.evaluation.evaluate_editions import evaluate_editions
        from ..core.studies.evaluation.evaluation_tables import list_log_lines, list_note_sentences
        from ..core.studies.evaluation.write_evaluation import write_evaluation_outputs

        result = run_in_thread(evaluate_editions, feedback, self.editions, self.options)
        run_in_python_thread(write_evaluation_outputs)(
            result,
            self.outputs,
            self.cancellation,
            print_pdf=lambda document, path: write_pdf(document, path, cancellation=self.cancellation),
            rasterise=render_svg,
        )
        texts = Texts(result.lang)
        log_lines(feedback, list_log_lines(result, texts))
        notes = list_note_sentences(result, texts)
        log_warnings(feedback, notes)
        log_written_files(feedback, self.outputs.list_paths())
        read_count = sum(one.is_read for one in result.editions)
        return {
            **list_report_paths(self.outputs),
            **{name: result.count(Level(name.lower())) for name in ("ALERT", "WATCH", "UNDETERMINED", "NORMAL")},
            "EDITIONS": read_count,
            "UNREAD": len(result.editions) - read_count,
            "INDICATORS": len(result.shown_series),
            "REMARKS": "\n".join(notes),
        }


class OfficeTablesAlgorithm(SanxianAlgorithm):
    """Algorithm `office_tables`: fill the layouts of tables with the figures of a plan."""

    tool = Tool(
        identifier="office_tables",
        section="check",
        title=mark_text("Tables for submission"),
        keywords=(
            "tables",
            "xlsx",
            "docx",
            "template",
            "报送表格",
            "附表",
            "汇总表",
            "用途结构调整表",
            "一览表",
            "指标分解",
            "三线占用",
            "占补平衡",
            "补划",
            "用地结构",
            "冲突清单",
            "名称管理器",
            "填表",
        ),
        help_parts=(
            mark_text(
                "Fills the layouts of tables that offices hand in with the figures of a plan: use of land inside the "
                "control lines, three zones and lines, land use present and planned, zones by land use, lines by "
                "township, permanent basic farmland occupied and supplemented, balance of cultivated land, conflicts "
                "of lines; and annex tables of the plan: land-use structure, land use by class, lines by zone, targets "
                "by township, construction land of the centre, lists of reserves, heritage, projects and supplemented "
                "farmland. Inputs are not changed.\n\n"
                "Tables: ids separated by commas (empty: all), or the path of a layout or a folder. An office can add "
                "a table: copy a file of resources/office_tables, change it and give its path.\n\n"
                "Figures are those of the indicators and of the check. Printed parts sum to the printed totals: "
                "figures are rounded by largest remainders, without a change where land did not change, and a note "
                "names those that differ from usual rounding. A "
                "figure that the data do not have is a dash with the reason, never zero.\n\n"
                "Farmland occupied and supplemented needs the sealed edition, allotted targets the table of township "
                "targets. The balance of cultivated land has its "
                "form by the year (setting indicators.unified_balance_from).\n\n"
                "Workbook of the office: cells with defined names, such as 三线占用_生态保护红线_面积 (table, row, "
                "column), are filled in a copy. Names that mean no figure are reported. The tables are in Chinese."
            ),
            describe_norms,
        ),
        parameters=(
            *SOURCE_AND_LAYERS,
            make_text(
                "TABLES",
                mark_text("Tables: ids, or path of a layout or folder (empty: all)"),
                lambda: [ALL_TABLES, *list_data_ids(OFFICE_TABLES_FOLDER)],
            ),
            *NORMS,
            SCOPE,
            BASELINE,
            SIDE_TABLES["targets"],
            make_number(
                "YEAR",
                mark_text("Year of the tables (empty: the present one)"),
                is_integer=True,
                minValue=2000,
                maxValue=2100,
            ),
            ROLES,
            BASE_YEAR,
            make_file("TEMPLATE", mark_text("Workbook of the office with named cells"), WORKBOOK_FILTER),
            make_workbook("OUTPUT"),
            *make_documents("", mark_text("Tables to be signed (Word)")),
            make_file_output(
                "OUTPUT_FILLED", mark_text("Filled copy of the office's workbook"), "Excel (*.xlsx *.xlsm)"
            ),
        ),
        results=(
            *declare_numbers(
                TABLE_COUNT=mark_text("Tables made"),
                ADJUSTED=mark_text("Figures adjusted by rounding"),
                FILLED=mark_text("Names filled"),
                UNKNOWN=mark_text("Names not filled"),
            ),
            *declare_texts(REMARKS=mark_text("Remarks")),
        ),
    )

    def prepare(self, parameters, context, feedback):

        inputs = read_plan_inputs(
            self,
            parameters,
            context,
            baseline=self.read_text_parameter(parameters, "BASELINE", context),
            targets=self.read_text_parameter(parameters, "TARGETS", context),
        )

        self.order = TableOrder(
            tables=self.read_text_parameter(parameters, "TABLES", context),
            output=self.parameterAsFileOutput(parameters, "OUTPUT", context),
            docx=self.parameterAsFileOutput(parameters, "OUTPUT_DOCX", context),
            template=self.read_text_parameter(parameters, "TEMPLATE", context),
            filled=self.parameterAsFileOutput(parameters, "OUTPUT_FILLED", context),
            year=self.read_number(parameters, "YEAR", context, is_integer=True),
        )
        check_table_order(
            self.order,
            [*inputs, *filter(None, (self.options.baseline, self.options.targets, self.options.waivers))],
        )

    def execute(self, parameters, context, feedback):

        result = make_tables(
            self.path_or_snapshots,
            self.order,
            self.options,
            source=self.origin,
            progress=make_progress_callback(feedback),
            cancellation=self.cancellation,
        )
        lines = describe_tables(result, get_interface_language())
        remarks = log_levels(feedback, [("warning" if line.is_warning else "info", line.text) for line in lines])
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

# SPDX-License-Identifier: GPL-2.0-or-later
"""指标计算、体检评估: compute indicators and areas, and compare those of several years."""

from __future__ import annotations

from dataclasses import replace

from qgis.core import (
    Qgis,
)

from ..bridge.checking.figures import compute_figures, make_figures_table
from ..bridge.printing.pdf import render_svg, write_pdf
from ..bridge.running.threads import run_in_python_thread
from ..bridge.texts import mark_text, tr
from ..core.base.cancellation import Cancellation
from ..core.base.errors import InputError
from ..core.base.files.writing import check_not_input
from ..core.standard.messages.texts import Texts
from ..core.studies.evaluation.evaluated_editions import Level, list_files_of_editions, read_editions, split_editions
from .common import (
    SanxianAlgorithm,
    describe_norms,
    log_lines,
    log_options_from_project,
    log_warnings,
    log_written_files,
    make_progress_callback,
    run_in_thread,
)
from .inputs import check_connection, read_plan_inputs
from .outputs import StudyOutputs, list_report_paths, read_report_paths
from .parameters import (
    declare_numbers,
    declare_texts,
    make_documents,
    make_layer_output,
    make_norms,
    make_shared,
    make_signed_tables,
    make_source,
    make_table,
    make_text,
    make_workbook,
    mark_advanced,
)


class ComputeIndicators(SanxianAlgorithm):
    """Algorithm `compute_indicators`: write the indicators as a table and a workbook."""

    toolbox_section = "check"
    identifier = "compute_indicators"
    keywords = (
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
    )
    title = mark_text("Compute indicators")
    help_parts = (
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
    )

    needs_libraries_to_prepare = False
    results = declare_numbers(
        COMPUTED=mark_text("Indicators computed"),
        NOT_COMPUTED=mark_text("Indicators that no layer provides"),
        MET=mark_text("Targets met"),
        LITTLE_LEFT=mark_text("Targets met with a small margin"),
        ROUNDING=mark_text("Targets missed by rounding"),
        BROKEN=mark_text("Targets missed"),
    )

    def list_parameters(self):
        return [
            *make_source(),
            *make_norms(),
            *make_shared("SCOPE", "ROLES", "BASE_YEAR"),
            make_layer_output("OUTPUT", tr("Figures"), Qgis.ProcessingSourceType.Vector),
            make_workbook(),
            *make_signed_tables(),
        ]

    def prepare(self, parameters, context, feedback):
        inputs = read_plan_inputs(self, parameters, context)
        self.outputs = StudyOutputs(self, parameters, context, tr("Figures"), inputs)

    def execute(self, parameters, context, feedback):
        from ..core.checks.tabulate import make_figures_document, write_new_figures_workbook
        from ..core.cli.checking import list_indicator_lines
        from ..core.render.words import ReportTexts

        cancellation = Cancellation(feedback.isCanceled)
        log_options_from_project(feedback, self.options_from_project)
        tabulated_plan = compute_figures(
            self.path_or_snapshots,
            self.options,
            source=self.origin,
            progress=make_progress_callback(feedback),
            cancellation=cancellation,
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
            cancellation,
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

    toolbox_section = "check"
    identifier = "evaluate_indicators"
    keywords = (
        "evaluation", "monitoring", "series", "years", "trend", "warning", "体检", "评估", "监测", "预警", "年度",
        "指标", "变化",
    )  # fmt: skip
    title = mark_text("Evaluate indicators of several years")
    help_parts = (
        mark_text(
            "Computes the indicators of several years or editions of a county and compares them: values by year, "
            "changes to the edition before and to the first one, target, state and early warning, small charts. "
            "Inputs are not changed.\n\n"
            "Editions: lines or parts YEAR=SOURCE, separated by line breaks or semicolons (2021=D:/a.gpkg;2022=…). "
            "Or a list (csv, xlsx) with the columns 年份, 数据, 县配置, 版本 (year, source, profile, edition), the "
            "last two optional; paths begin in the folder of the list. An edition that cannot be read is a column with "
            "the reason. Editions are sorted by year; repeated and missing years are reported.\n\n"
            "Each figure is that of “Compute indicators”. A figure that an edition cannot give stays empty with the "
            "reason; nothing is interpolated. Areas with different bases, and figures by different methods or "
            "settings, are not compared. Different CRS, standards, profiles and settings are noted.\n\n"
            "Targets and thresholds are those of the profile of the last edition. Thresholds of warnings "
            "([evaluation]) are settings of mark C: until the county confirms them, warnings that depend on them have "
            "a star."
        ),
        describe_norms,
    )

    results = (
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
    )

    def list_parameters(self):
        return [
            make_text("SOURCES", tr("Editions: YEAR=SOURCE, one on each line"), is_multiline=True),
            make_table("LIST", tr("List of editions (in place of the editions)")),
            *make_norms(),
            *mark_advanced(*make_shared("SCOPE")),
            *make_shared("ROLES"),
            make_workbook(),
            *make_documents(
                tr("Chapter to be signed (PDF)"),
                tr("Chapter to be signed (Word)"),
                tr("Chapter (HTML)"),
                tr("Result (JSON)"),
            ),
        ]

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

        cancellation = Cancellation(feedback.isCanceled)
        result = run_in_thread(evaluate_editions, feedback, self.editions, self.options)
        run_in_python_thread(write_evaluation_outputs)(
            result,
            self.outputs,
            cancellation,
            print_pdf=lambda document, path: write_pdf(document, path, cancellation=cancellation),
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

# SPDX-License-Identifier: GPL-2.0-or-later
"""体检评估: indicators of several years or editions as series, with changes, targets and early warnings."""

from __future__ import annotations

from qgis.core import (
    QgsProcessingOutputString,
    QgsProcessingParameterString,
)

from ..bridge import health
from ..bridge.printing.pdf import render_svg, write_pdf
from ..bridge.running.threads import run_in_python_thread
from ..bridge.texts import mark_text, tr
from ..core.base.cancellation import Cancellation
from ..core.base.errors import InputError
from ..core.base.files.writing import OutputPaths
from ..core.standard.messages.texts import Texts
from ..core.studies.evaluation.evaluated_editions import Evaluation, Level
from .common import (
    OUTPUT_DOCX,
    OUTPUT_PDF,
    SanxianAlgorithm,
    describe_norms,
    make_file_outputs,
    make_file_parameter,
    make_norm_parameters,
    make_progress_callback,
    make_roles_parameter,
    make_workbook_parameter,
    mark_parameter_advanced,
)
from .county_inputs import LIST, make_table_filter
from .inputs import ROLES, SCOPE, check_connection, make_scope_parameter
from .report_log import log_lines, log_warnings, log_written_files

SOURCES, OUTPUT_XLSX, OUTPUT_HTML, OUTPUT_JSON = "SOURCES", "OUTPUT_XLSX", "OUTPUT_HTML", "OUTPUT_JSON"
#: Outputs with numbers of indicators, and the level that each counts.
_LEVEL_BY_OUTPUT = {"ALERT": "alert", "WATCH": "watch", "UNDETERMINED": "undetermined", "NORMAL": "normal"}


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

    def initAlgorithm(self, configuration=None):
        sources = tr("Editions: YEAR=SOURCE, one on each line")
        self.add_parameters(
            QgsProcessingParameterString(SOURCES, sources, "", multiLine=True, optional=True),
            make_file_parameter(LIST, tr("List of editions (in place of the editions)"), make_table_filter()),
            *make_norm_parameters(),
            mark_parameter_advanced(make_scope_parameter()),
            make_roles_parameter(),
            make_workbook_parameter(OUTPUT_XLSX),
            *make_file_outputs(
                (OUTPUT_PDF, tr("Chapter to be signed (PDF)"), "PDF (*.pdf)"),
                (OUTPUT_DOCX, tr("Chapter to be signed (Word)"), "Word (*.docx)"),
                (OUTPUT_HTML, tr("Chapter (HTML)"), "HTML (*.html)"),
                (OUTPUT_JSON, tr("Result (JSON)"), "JSON (*.json)"),
            ),
        )
        self.add_numeric_outputs(
            ("EDITIONS", tr("Editions read")),
            ("UNREAD", tr("Editions not read")),
            ("INDICATORS", tr("Indicators with values")),
            ("ALERT", tr("Alerts")),
            ("WATCH", tr("Indicators to watch")),
            ("UNDETERMINED", tr("Undetermined indicators")),
            ("NORMAL", tr("Indicators without warning")),
        )
        self.addOutput(QgsProcessingOutputString("REMARKS", tr("Remarks")))

    def prepare(self, parameters, context, feedback):
        health.require_libraries()
        from dataclasses import replace

        from ..core.studies.evaluation.editions import list_files_of_editions, read_editions, split_editions
        from ..core.studies.evaluation.write_evaluation import check_evaluation_outputs

        sources = self.read_text_parameter(parameters, SOURCES, context)
        table = self.parameterAsFile(parameters, LIST, context).strip()
        if bool(sources) == bool(table):
            raise InputError("evaluation_sources_or_list")
        given = [table] if table else split_editions(sources)
        self.editions = read_editions(given)
        for edition in self.editions:
            check_connection(edition.source)
        self.options = replace(
            self.read_norm_options(parameters, context),
            scope=self.read_text_parameter(parameters, SCOPE, context),
            roles=self.read_text_parameter(parameters, ROLES, context),
        )
        self.outputs = OutputPaths(
            json=self.parameterAsFileOutput(parameters, OUTPUT_JSON, context),
            html=self.parameterAsFileOutput(parameters, OUTPUT_HTML, context),
            docx=self.parameterAsFileOutput(parameters, OUTPUT_DOCX, context),
            pdf=self.parameterAsFileOutput(parameters, OUTPUT_PDF, context),
            xlsx=self.parameterAsFileOutput(parameters, OUTPUT_XLSX, context),
        )
        check_evaluation_outputs(self.outputs, list_files_of_editions(given, self.editions))

    def execute(self, parameters, context, feedback):
        from ..core.studies.evaluation.evaluation_tables import list_log_lines, list_note_sentences

        result = self._evaluate(make_progress_callback(feedback), Cancellation(feedback.isCanceled))
        texts = Texts(result.lang)
        log_lines(feedback, list_log_lines(result, texts))
        notes = list_note_sentences(result, texts)
        log_warnings(feedback, notes)
        log_written_files(feedback, self.outputs.list_paths())
        named = {
            OUTPUT_XLSX: self.outputs.xlsx,
            OUTPUT_PDF: self.outputs.pdf,
            OUTPUT_DOCX: self.outputs.docx,
            OUTPUT_HTML: self.outputs.html,
            OUTPUT_JSON: self.outputs.json,
        }
        read_count = sum(one.is_read for one in result.editions)
        return {
            **{name: path for name, path in named.items() if path},
            **{name: result.count(Level(level)) for name, level in _LEVEL_BY_OUTPUT.items()},
            "EDITIONS": read_count,
            "UNREAD": len(result.editions) - read_count,
            "INDICATORS": len(result.shown_series),
            "REMARKS": "\n".join(notes),
        }

    @run_in_python_thread
    def _evaluate(self, progress, cancellation: Cancellation) -> Evaluation:
        from ..core.studies.evaluation.evaluate_editions import evaluate_editions
        from ..core.studies.evaluation.write_evaluation import write_evaluation_outputs

        result = evaluate_editions(self.editions, self.options, progress=progress, cancellation=cancellation)
        write_evaluation_outputs(
            result,
            self.outputs,
            cancellation,
            print_pdf=lambda document, path: write_pdf(document, path, cancellation=cancellation),
            rasterise=render_svg,
        )
        return result

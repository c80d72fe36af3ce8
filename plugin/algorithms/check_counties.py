# SPDX-License-Identifier: GPL-2.0-or-later
"""批量检查: check many counties, write a report for each and one summary."""

from __future__ import annotations

from qgis.core import QgsProcessingOutputString, QgsProcessingParameterBoolean, QgsProcessingParameterEnum

from ..bridge import health
from ..bridge.running.threads import run_in_python_thread
from ..bridge.settings import get_interface_language
from ..bridge.texts import mark_text, tr
from ..core.base.cancellation import Cancellation
from ..core.counties.county_record import REPORT_SUFFIXES, BatchOptions
from ..core.standard.edition import PLANNING_PHASES
from .common import (
    SanxianAlgorithm,
    describe_norms,
    make_norm_parameters,
    make_progress_callback,
    make_text_parameter,
    mark_parameter_advanced,
)
from .county_inputs import OUTPUT, make_county_parameters, make_results_parameter, read_source_and_output
from .inputs import make_scope_parameter
from .report_log import log_lines, log_written_files

PHASE, SCOPE, FORMS, RESUME = "PHASE", "SCOPE", "FORMS", "RESUME"


class CheckCounties(SanxianAlgorithm):
    """Algorithm `check_counties`: check the counties of a folder or a list, one after the other.

    Processes as of the command line are not used: the program that Python would start here is QGIS.
    """

    toolbox_section = "check"
    identifier = "check_counties"
    keywords = ("county", "counties", "batch", "summary", "批量检查", "多县", "汇总", "续查", "市域", "省")
    title = mark_text("Check many counties")
    help_parts = (
        mark_text(
            "Checks the data of each county in a folder or a list, as “Check the plan” does, one county after the "
            "other. Writes a report for each county and one summary: a page with a map of the counties by verdict, a "
            "workbook with verdicts, figures and problems, a layer, and JSON. Inputs are not changed.\n\n"
            "Folder: each GeoPackage, FileGDB, folder of shapefiles or submission package in it is a county. List: a "
            "table (csv, xlsx) with the columns 县, 数据, 县配置, 封库版本 (county, source, profile, baseline), the "
            "last two optional; paths begin in the folder of the list.\n\n"
            "Continue: counties with unchanged data, profile, settings and version keep the result in the output "
            "folder; those without a verdict are checked again. After a cancelled run the same tool continues.\n\n"
            "A county that cannot be read is a row with the reason. On the command line (batch) several counties are "
            "checked at the same time."
        ),
        describe_norms,
    )

    def initAlgorithm(self, configuration=None):
        phases = list(PLANNING_PHASES.values() if get_interface_language() == "zh" else PLANNING_PHASES)
        forms = tr("Forms of each county's report besides JSON")
        resume = tr("Continue: keep results of counties that are unchanged")
        self.add_parameters(
            *make_county_parameters(),
            *make_norm_parameters(),
            make_text_parameter(PHASE, tr("Phase of the plan"), phases),
            mark_parameter_advanced(make_scope_parameter()),
            QgsProcessingParameterEnum(FORMS, forms, list(REPORT_SUFFIXES), True, "html", usesStaticStrings=True),
            QgsProcessingParameterBoolean(RESUME, resume, defaultValue=True),
            make_results_parameter(),
        )
        self.add_numeric_outputs(
            ("COUNTIES", tr("Counties")),
            ("FAILED", tr("Counties that are not passed")),
            ("UNCHECKED", tr("Counties without a verdict")),
        )
        self.addOutput(QgsProcessingOutputString("VERDICT", tr("Verdict")))

    def prepare(self, parameters, context, feedback):
        health.require_libraries()
        from dataclasses import replace

        source, output = read_source_and_output(self, parameters, context)
        check = replace(
            self.read_norm_options(parameters, context),
            scope=self.read_text_parameter(parameters, SCOPE, context),
            phase=self.read_text_parameter(parameters, PHASE, context),
        )
        self.options = BatchOptions(
            source,
            output,
            check,
            forms=tuple(self.parameterAsEnumStrings(parameters, FORMS, context)),
            resumes=self.parameterAsBool(parameters, RESUME, context),
        )

    def execute(self, parameters, context, feedback):
        from ..core.counties.batch_sentences import describe_batch, describe_record
        from ..core.counties.run_batch import check_counties, check_in_sequence
        from ..core.model.verdict import Verdict
        from ..core.render.words import ReportTexts

        report_texts = ReportTexts(self.options.check.lang)
        result = run_in_python_thread(check_counties)(
            self.options,
            check_in_sequence,
            on_record=lambda record: feedback.pushInfo(describe_record(record, report_texts)),
            progress=make_progress_callback(feedback),
            cancellation=Cancellation(feedback.isCanceled),
        )
        summary = result.summary
        log_lines(feedback, describe_batch(summary, ReportTexts(summary.lang)))
        log_written_files(feedback, list(result.written))
        return {
            OUTPUT: str(self.options.output),
            "COUNTIES": len(summary.records),
            "FAILED": len(summary.list_records(Verdict.FAILED)),
            "UNCHECKED": len(summary.list_records(None)),
            "VERDICT": str(summary.verdict),
        }

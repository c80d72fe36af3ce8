# SPDX-License-Identifier: GPL-2.0-or-later
"""接边检查: compare neighbouring counties at their borders, and their sums with the targets of the parent."""

from __future__ import annotations

from ..bridge import health
from ..bridge.running.threads import run_in_python_thread
from ..bridge.texts import mark_text, tr
from ..core.base.cancellation import Cancellation
from .common import (
    SanxianAlgorithm,
    describe_norms,
    make_file_parameter,
    make_norm_parameters,
    make_progress_callback,
)
from .county_inputs import make_county_parameters, make_results_parameter, make_table_filter, read_source_and_output
from .report_log import log_lines, log_written_files


class CheckSeams(SanxianAlgorithm):
    """Algorithm `check_seams`: compare the counties of a folder or a list with their neighbours."""

    toolbox_section = "check"
    identifier = "check_seams"
    keywords = ("seam", "seams", "border", "neighbour", "county", "接边", "县界", "相邻县", "汇总", "衔接")
    title = mark_text("Check seams between counties")
    help_parts = (
        mark_text(
            "Compares neighbouring counties. Found are: borders that gap or overlap; control lines (永久基本农田, "
            "生态保护红线, 城镇开发边界) that stop at the border; edges of lines and planning zones that jump along "
            "the border; polygons that continue with another code of zone or type. Each finding is counted once and "
            "names the features of both counties. Inputs are not changed.\n\n"
            "What is a stop: a line runs along the border for longer than the setting seams.min_length_m, and the "
            "neighbour has none there. For 生态保护红线, which protects connected land, a stop is a warning; for the "
            "other lines, which follow land use and tasks of each county, it is a note (setting seams.continuing). "
            "Different zones that the border divides are legal and not reported; their length is given for each pair. "
            "A layer that one county lacks is named, not compared.\n\n"
            "Folder and list are those of “Check many counties”. Counties may be in different CRS zones. The table of "
            "targets (columns 指标, 数值, 单位, optionally 行政区代码, 关系) gives those of the city or province: the "
            "sums of the counties are compared with them, and counties that miss their targets are named although the "
            "sum meets its target.\n\n"
            "Results: a page, a workbook, a layer and JSON for all, and a page and JSON for each pair. A county that "
            "cannot be read is a row with the reason. Tolerances are settings of the profile ([seams])."
        ),
        describe_norms,
    )

    def initAlgorithm(self, configuration=None):
        self.add_parameters(
            *make_county_parameters(),
            *make_norm_parameters(),
            make_file_parameter("TARGETS", tr("Targets of the city or province"), make_table_filter()),
            make_results_parameter(),
        )
        self.add_numeric_outputs(
            ("PAIRS", tr("Neighbouring pairs")),
            ("WARNINGS", tr("Warnings")),
            ("NOTES", tr("Notes")),
            ("UNREAD", tr("Counties that were not compared")),
        )

    def prepare(self, parameters, context, feedback):
        health.require_libraries()
        from ..core.counties.seams.seam_result import SeamOptions

        source, output = read_source_and_output(self, parameters, context)
        self.options = SeamOptions(
            (source,),
            output,
            self.read_norm_options(parameters, context),
            targets=self.parameterAsFile(parameters, "TARGETS", context).strip(),
        )

    def execute(self, parameters, context, feedback):
        from ..core.counties.seams.check_seams import check_seams
        from ..core.counties.seams.seam_sentences import describe_result
        from ..core.model.rule import Severity
        from ..core.render.words import ReportTexts

        result, written = run_in_python_thread(check_seams)(
            self.options, progress=make_progress_callback(feedback), cancellation=Cancellation(feedback.isCanceled)
        )
        log_lines(feedback, describe_result(result, ReportTexts(result.lang)))
        log_written_files(feedback, written)
        notes = sum(one.severity is Severity.INFO for one in result.findings)
        return {
            "OUTPUT": str(self.options.output),
            "PAIRS": len(result.pairs),
            "WARNINGS": len(result.findings) - notes,
            "NOTES": notes,
            "UNREAD": sum(not one.is_read for one in result.counties),
        }

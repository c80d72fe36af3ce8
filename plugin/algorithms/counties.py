# SPDX-License-Identifier: GPL-2.0-or-later
"""批量检查、接边检查、汇总: check, compare and gather several counties, given by a folder or a list."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ..bridge.printing.pdf import write_pdf
from ..bridge.texts import mark_text
from ..core.base.connection_text import make_source
from ..core.base.errors import InputError
from ..core.counties.county_record import REPORT_SUFFIXES, BatchOptions
from ..core.render.words import ReportTexts
from ..core.standard.messages.texts import Texts
from .common import SanxianAlgorithm, describe_norms, log_lines, log_written_files, run_in_thread
from .inputs import check_connection
from .parameters import (
    COUNTIES,
    DOCUMENTS,
    FOLDER_OF_RESULTS,
    FORMER_ROUND,
    NORMS,
    PERSONAL,
    PHASE,
    SCOPE,
    TARGETS_OF_PARENT,
    Tool,
    declare_numbers,
    declare_texts,
    make_choice,
    make_package_form,
    make_switch,
    make_text,
    mark_advanced,
)


def _read_source_and_output(algorithm: SanxianAlgorithm, parameters: Any, context: Any) -> tuple[str | Path, Path]:
    """Return the folder, list or database of the counties, and the folder of results.

    Raise InputError unless one of folder and list is given, and without a folder of results.
    """
    folder, table = (algorithm.parameterAsFile(parameters, name, context).strip() for name in ("FOLDER", "LIST"))
    if bool(folder) == bool(table):
        raise InputError("counties_folder_or_list")
    return make_source(check_connection(folder or table)), algorithm.read_output_folder(parameters, context)


class CheckCounties(SanxianAlgorithm):
    """Algorithm `check_counties`: check the counties of a folder or a list, one after the other.

    Processes as of the command line are not used: the program that Python would start here is QGIS.
    """

    tool = Tool(
        identifier="check_counties",
        section="check",
        title=mark_text("Check many counties"),
        keywords=("county", "counties", "batch", "summary", "批量检查", "多县", "汇总", "续查", "市域", "省"),
        help_parts=(
            mark_text(
                "Checks the data of each county in a folder or a list, as “Check the plan” does, one county after the "
                "other. Writes a report for each county and one summary: a page with a map of the counties by verdict, "
                "a workbook with verdicts, figures and problems, a layer, and JSON. Inputs are not changed.\n\n"
                "Folder: each GeoPackage, FileGDB, folder of shapefiles or submission package in it is a county. List: "
                "a table (csv, xlsx) with the columns 县, 数据, 县配置, 封库版本 (county, source, profile, baseline), "
                "the last two optional; paths begin in the folder of the list.\n\n"
                "Continue: counties with unchanged data, profile, settings and version keep the result in the output "
                "folder; those without a verdict are checked again. After a cancelled run the same tool continues.\n\n"
                "A county that cannot be read is a row with the reason. On the command line (batch) several counties "
                "are checked at the same time."
            ),
            describe_norms,
        ),
        parameters=(
            *COUNTIES,
            *NORMS,
            PHASE,
            *mark_advanced(SCOPE),
            make_choice(
                "FORMS",
                mark_text("Forms of each county's report besides JSON"),
                REPORT_SUFFIXES,
                "html",
                allows_many=True,
            ),
            make_switch("RESUME", mark_text("Continue: keep results of counties that are unchanged"), True),
            FOLDER_OF_RESULTS,
        ),
        results=(
            *declare_numbers(
                COUNTIES=mark_text("Counties"),
                FAILED=mark_text("Counties that are not passed"),
                UNCHECKED=mark_text("Counties without a verdict"),
            ),
            *declare_texts(VERDICT=mark_text("Verdict")),
        ),
    )

    def prepare(self, parameters, context, feedback):
        source, output = _read_source_and_output(self, parameters, context)
        check = replace(
            self.read_norm_options(parameters, context),
            scope=self.read_text_parameter(parameters, "SCOPE", context),
            phase=self.read_text_parameter(parameters, "PHASE", context),
        )
        self.options = BatchOptions(
            source,
            output,
            check,
            forms=tuple(self.parameterAsEnumStrings(parameters, "FORMS", context)),
            resumes=self.parameterAsBool(parameters, "RESUME", context),
        )

    def execute(self, parameters, context, feedback):
        from ..core.counties.batch_sentences import describe_batch, describe_record
        from ..core.counties.run_batch import check_counties, check_in_sequence
        from ..core.model.verdict import Verdict

        report_texts = ReportTexts(self.options.check.lang)
        result = run_in_thread(
            check_counties,
            feedback,
            self.options,
            check_in_sequence,
            on_record=lambda record: feedback.pushInfo(describe_record(record, report_texts)),
        )
        summary = result.summary
        log_lines(feedback, describe_batch(summary, ReportTexts(summary.lang)))
        log_written_files(feedback, list(result.written))
        return {
            "OUTPUT": str(self.options.output),
            "COUNTIES": len(summary.records),
            "FAILED": len(summary.list_records(Verdict.FAILED)),
            "UNCHECKED": len(summary.list_records(None)),
            "VERDICT": str(summary.verdict),
        }


class CheckSeams(SanxianAlgorithm):
    """Algorithm `check_seams`: compare the counties of a folder or a list with their neighbours."""

    tool = Tool(
        identifier="check_seams",
        section="check",
        title=mark_text("Check seams between counties"),
        keywords=("seam", "seams", "border", "neighbour", "county", "接边", "县界", "相邻县", "汇总", "衔接"),
        help_parts=(
            mark_text(
                "Compares neighbouring counties. Found are: borders that gap or overlap; control lines (永久基本农田, "
                "生态保护红线, 城镇开发边界) that stop at the border; edges of lines and planning zones that jump "
                "along the border; polygons that continue with another code of zone or type. Each finding is counted "
                "once and names the features of both counties. Inputs are not changed.\n\n"
                "What is a stop: a line runs along the border for longer than the setting seams.min_length_m, and the "
                "neighbour has none there. For 生态保护红线, which protects connected land, a stop is a warning; for "
                "the other lines, which follow land use and tasks of each county, it is a note (setting "
                "seams.continuing). Different zones that the border divides are legal and not reported; their length "
                "is given for each pair. A layer that one county lacks is named, not compared.\n\n"
                "Folder and list are those of “Check many counties”. Counties may be in different CRS zones. The table "
                "of targets (columns 指标, 数值, 单位, optionally 行政区代码, 关系) gives those of the city or "
                "province: the sums of the counties are compared with them, and counties that miss their targets are "
                "named although the sum meets its target.\n\n"
                "Results: a page, a workbook, a layer and JSON for all, and a page and JSON for each pair. A county "
                "that cannot be read is a row with the reason. Tolerances are settings of the profile ([seams])."
            ),
            describe_norms,
        ),
        parameters=(
            *COUNTIES,
            *NORMS,
            TARGETS_OF_PARENT,
            FOLDER_OF_RESULTS,
        ),
        results=declare_numbers(
            PAIRS=mark_text("Neighbouring pairs"),
            WARNINGS=mark_text("Warnings"),
            NOTES=mark_text("Notes"),
            UNREAD=mark_text("Counties that were not compared"),
        ),
    )

    def prepare(self, parameters, context, feedback):
        from ..core.counties.seams.seam_result import SeamOptions

        source, output = _read_source_and_output(self, parameters, context)
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

        result, written = run_in_thread(check_seams, feedback, self.options)
        log_lines(feedback, describe_result(result))
        log_written_files(feedback, written)
        notes = sum(one.severity is Severity.INFO for one in result.findings)
        return {
            "OUTPUT": str(self.options.output),
            "PAIRS": len(result.pairs),
            "WARNINGS": len(result.findings) - notes,
            "NOTES": notes,
            "UNREAD": sum(not one.is_read for one in result.counties),
        }


class MergeCounties(SanxianAlgorithm):
    """Algorithm `merge_counties`: gather packages of counties into that of their parent."""

    tool = Tool(
        identifier="merge_counties",
        section="package",
        title=mark_text("Gather packages of counties"),
        keywords=(
            "gather",
            "merge",
            "county",
            "package",
            "province",
            "city",
            "汇总",
            "汇交",
            "合并",
            "市级",
            "省级",
            "成果包",
        ),
        help_parts=(
            mark_text(
                "Gathers the submission packages of counties into the package of their city or province. Each package "
                "is inspected; its layers are appended one after the other, read again and compared, so that only one "
                "county is in memory. Packages of counties are not changed.\n\n"
                "A package that cannot be read, that fails, or that was not inspected completely is refused: no "
                "package is made, and gathering.xlsx has the reasons. If it is to be left out, the other counties are "
                "gathered and the manifest lists those that are missing. Equal keys (BSM) of two counties stop the "
                "package unless it is forced.\n\n"
                "Layers are written in the CRS of the specification (EPSG:4490). Layers of counties in another CRS or "
                "another zone are transformed vertex by vertex, without additional vertices, and a note names layer, "
                "counties and both CRS. Layers with another code in the parent's database are renamed as the "
                "specification states ([gathering]); layers that it lacks are listed, not written. 市级行政区 is "
                "joined from 县级行政区."
            ),
            mark_text(
                "Results: the package; gathering.xlsx and gathering.json with verdicts, areas of each layer by county "
                "and their sums, notes and repeated keys; the comparison of borders in the folder seams. The data of a "
                "city are checked as a whole, and the package gets the report, the indicators and the tables of this "
                "check; the data of a province are not.\n\n"
                "The folder returns has a document (docx) for each county with errors or warnings: what is to be "
                "corrected, where, how and by when. With the results of an earlier round, tables show for each county "
                "which findings are corrected, new or still open. With targets, a table shows what is not yet allotted "
                "from the city to its counties and from these to their townships (rows with a township's code)."
            ),
            describe_norms,
        ),
        parameters=(
            *COUNTIES,
            make_package_form(mark_text("Specification of the parent (empty: city)")),
            make_text("AREA", mark_text("Division code of the parent (empty: from the names)")),
            DOCUMENTS,
            make_switch("LEAVE_OUT", mark_text("Leave out counties that cannot be gathered")),
            make_switch(
                "FORCE", mark_text("Force: make the package even if parts are missing or keys are repeated"), False
            ),
            make_switch("SEAMS", mark_text("Compare borders of neighbouring counties"), True),
            TARGETS_OF_PARENT,
            make_switch("CHECK", mark_text("Check the gathered data of a city as a whole"), True),
            make_text("DEADLINE", mark_text("Counties correct their findings by (such as 2026-12-15)")),
            FORMER_ROUND,
            *mark_advanced(
                make_package_form(mark_text("Specification of the counties (empty: county)"), "COUNTY_PACKAGE"),
                make_text("PARENT_PROFILE", mark_text("Profile of the city or province")),
                PERSONAL,
                *NORMS,
            ),
            FOLDER_OF_RESULTS,
        ),
        results=(
            *declare_numbers(
                COUNTIES=mark_text("Gathered counties"),
                REFUSED=mark_text("Counties that were not gathered"),
                ROWS=mark_text("Features"),
                SEAM_FINDINGS=mark_text("Findings at borders"),
            ),
            *declare_texts(DIGEST=mark_text("SHA-256 of the manifest")),
        ),
    )

    def prepare(self, parameters, context, feedback):
        from ..core.counties.gathering.gathered_counties import GatherOptions

        source, output = _read_source_and_output(self, parameters, context)
        self.options = GatherOptions(
            source,
            output,
            self.read_text_parameter(parameters, "PACKAGE", context) or "city",
            self.read_text_parameter(parameters, "COUNTY_PACKAGE", context) or "county",
            self.read_text_parameter(parameters, "AREA", context),
            self.read_documents_folder(parameters, context),
            self.read_norm_options(parameters, context),
            self.read_text_parameter(parameters, "PARENT_PROFILE", context),
            leaves_out=self.parameterAsBool(parameters, "LEAVE_OUT", context),
            is_forced=self.parameterAsBool(parameters, "FORCE", context),
            keeps_personal_fields=self.parameterAsBool(parameters, "PERSONAL", context),
            checks_seams=self.parameterAsBool(parameters, "SEAMS", context),
            targets=self.parameterAsFile(parameters, "TARGETS", context).strip(),
            checks_whole=self.parameterAsBool(parameters, "CHECK", context),
            deadline=self.read_text_parameter(parameters, "DEADLINE", context),
            former=self.parameterAsFile(parameters, "FORMER", context).strip(),
        )

    def execute(self, parameters, context, feedback):
        from ..bridge.pictures import draw_pictures
        from ..core.counties.gathering.gathered_counties import describe_county, describe_result
        from ..core.counties.gathering.run_gathering import gather_counties

        texts = Texts(self.options.check.lang)
        result, written = run_in_thread(
            gather_counties,
            feedback,
            self.options,
            print_pdf=partial(write_pdf, cancellation=self.cancellation),
            draw_pictures=partial(draw_pictures, cancellation=self.cancellation),
        )
        log_lines(feedback, [describe_county(one, texts) for one in result.counties])
        log_lines(feedback, describe_result(result, texts))
        log_written_files(feedback, written)
        return {
            "OUTPUT": str(self.options.output),
            "COUNTIES": len(result.gathered),
            "REFUSED": len(result.refused),
            "ROWS": sum(one.rows for one in result.amounts.values()),
            "SEAM_FINDINGS": len(result.seams.findings) if result.seams is not None else 0,
            "DIGEST": result.digest,
        }

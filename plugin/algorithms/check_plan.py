# SPDX-License-Identifier: GPL-2.0-or-later
"""全面检查、增补检查: check a county's layers with every rule or with declared checks; give a verdict and reports."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from ..bridge.checking.check import check_project_or_folder, write_check_outputs
from ..bridge.running.threads import run_in_python_thread
from ..bridge.texts import mark_text
from ..core.base.errors import OutputError
from ..core.base.files.writing import check_outputs
from ..core.standard.messages.texts import Texts
from ..core.standard.options import OFFERED_OPTIONS, OptionKind
from ..core.standard.profile.norm import DECLARED_GROUP
from ..core.studies.evaluation.evaluated_editions import CHECK_SHARE, list_files_of_editions, read_editions
from .common import (
    SanxianAlgorithm,
    describe_norms,
    log_lines,
    log_warnings,
    log_written_files,
    make_progress_callback,
)
from .inputs import OPTIONS_OF_PLAN, check_connection, read_plan_inputs, read_plan_source
from .outputs import FindingsOutput, list_report_paths, read_report_paths
from .parameters import (
    FINDINGS,
    FURTHER_RUN_OPTIONS,
    NORMS,
    PHASE,
    ROLES,
    SCOPE,
    SOURCE_AND_LAYERS,
    WAIVERS,
    WORKBOOK_FILTER,
    Tool,
    declare_numbers,
    declare_texts,
    make_file,
    make_file_output,
    make_switch,
    make_table,
    make_text,
    mark_advanced,
)

if TYPE_CHECKING:
    from ..core.checks.check import CheckResult


#: Numbers of errors, warnings and skipped rules, and the verdict.
CHECK_RESULTS = (
    *declare_numbers(
        ERRORS=mark_text("Errors"),
        WARNINGS=mark_text("Warnings"),
        SKIPPED=mark_text("Rules not fully checked"),
    ),
    *declare_texts(VERDICT=mark_text("Verdict")),
)


#: The findings layer, report files, and the template of the Word report.
REPORT_OUTPUTS = (
    FINDINGS,
    make_file_output("OUTPUT_HTML", mark_text("Report (HTML)"), "HTML (*.html)"),
    make_file_output("OUTPUT_PDF", mark_text("Report to be signed (PDF)"), "PDF (*.pdf)"),
    make_file_output("OUTPUT_DOCX", mark_text("Report to be signed (Word)"), "Word (*.docx)"),
    make_file_output("OUTPUT_XLSX", mark_text("Findings ledger (xlsx)"), WORKBOOK_FILTER),
    make_file_output("OUTPUT_JSON", mark_text("Report (JSON)"), "JSON (*.json)"),
    *mark_advanced(make_file("DOCX_TEMPLATE", mark_text("Template of the Word report"), "Word (*.docx)")),
    make_switch("PUBLIC", mark_text("Public edition of the report files")),
)


class CheckPlan(SanxianAlgorithm):
    """Algorithm `check_plan`: check a county plan with all rules.

    Base class of `ExportPackage` and `InspectPackage`, which check other data.
    """

    tool = Tool(
        identifier="check_plan",
        section="check",
        title=mark_text("Check the plan"),
        keywords=("check", "plan", "quality", "report", "verdict", "三区三线", "质检", "检查"),
        help_parts=(
            mark_text(
                "Checks the layers of a county against the rules of the standard and gives a verdict, a layer of "
                "findings, and reports in HTML and JSON.\n\n"
                "Source: a GeoPackage, FileGDB, shapefile or a folder of them. If no source is given, the chosen "
                "layers, or all vector layers of the project, are checked, including unsaved edits. Inputs are not "
                "changed.\n\n"
                "Roles: layers are recognised by template, name and fields. Assign other layers as ROLE=layer, "
                "separated by semicolons, or in a text file with one such line each.\n\n"
                "Verdict: pass, conditional (open warnings or unconfirmed settings), incomplete (some checks could "
                "not be done) or fail."
            ),
            mark_text(
                "Sealed edition: the data in which the three lines were issued. The rules report added and removed "
                "land, the loss of farmland by township, and the quality of supplements (LAW015 to LAW017)."
            ),
            mark_text(
                "Phase: 编制, 公示 or 报批 (drafting, publicity, approval); standard and profile can set the severity "
                "of rules by phase.\n\n"
                "Township targets: a table with the columns 乡镇名称, 指标, 数值, 单位, or a column for each figure "
                "such as 永久基本农田（万亩）; each township is compared with its target (LAW004), and their sum with "
                "the county's target (LAW005)."
            ),
            mark_text(
                "Figures of text and tables: a table (xlsx, csv) with the columns 指标, 数值, 单位, 位置. Each figure "
                "is compared with the map and with the other places that state it (LAW007)."
            ),
            mark_text(
                "Heritage register: a table (xlsx, csv) with the columns 名称, 类型, 级别. Names, kinds and levels are "
                "compared with the layers of heritage (LAW024)."
            ),
            mark_text(
                "Waivers: waived findings stay in the report, marked as waived. Waivers are read from the "
                ".waivers.csv in the data folder, or from the file given here; “none” ignores them."
            ),
            mark_text(
                "Earlier editions: a list (csv, xlsx) with the columns 年份, 数据, 县配置, 版本 (year, source, "
                "profile, edition), the last two optional. The report gets the chapter of the evaluation (体检评估): "
                "indicators by year, changes, targets, warnings and charts. The checked data are the last edition; a "
                "row with an empty source gives their year. An edition that cannot be read is a column with the "
                "reason. Warnings do not change the verdict. The public edition does not have this chapter."
            ),
            mark_text(
                "Public edition: the report files are written without coordinates, typed texts (except fields on the "
                "list), shapes, layers on the list of the public edition, the CRS, paths, source names and names of "
                "persons. Findings on such layers remain in all counts and areas. Each file lists what was left out. A "
                "findings layer in a file has no public edition. The list "
                "(resources/standards/common-2021/public_edition.toml) has no verified source (mark C); a county "
                "profile can name another one ([public_edition] list)."
            ),
            describe_norms,
        ),
        parameters=(
            *SOURCE_AND_LAYERS,
            *NORMS,
            SCOPE,
            PHASE,
            ROLES,
            *mark_advanced(make_text("RULES", mark_text("Rules, by code or group, or all (empty: the standard's)"))),
            *FURTHER_RUN_OPTIONS,
            *mark_advanced(make_table("EDITIONS", mark_text("List of earlier editions (xlsx or csv)"))),
            *REPORT_OUTPUTS,
        ),
        results=(*declare_texts(LEFT_OUT=mark_text("Left out of the public edition")), *CHECK_RESULTS),
        needs_libraries_to_prepare=False,
        repeatable_parameters=frozenset({"RULES"}),
    )
    #: Earlier editions and the checked plan (`EditionsOfCheck`); None without a list.
    editions = None
    #: Rules that run if the user chooses none; empty: those of the standard.
    default_rules: tuple[str, ...] = ()

    def prepare(self, parameters, context, feedback):
        inputs = self.prepare_check(parameters, context)
        inputs += self.prepare_editions(parameters, context)
        self.findings = FindingsOutput(parameters, context)
        self.outputs = read_report_paths(self, parameters, context, findings=self.findings.file)
        check_outputs(self.outputs, inputs, [self.findings.database])
        self.is_public = self.parameterAsBool(parameters, "PUBLIC", context)
        if self.is_public and (self.findings.file or self.findings.database):
            raise OutputError("public_findings_layer", target=Path(self.findings.file or self.findings.database).name)

    def prepare_editions(self, parameters, context) -> list[str]:
        """Read the list of earlier editions; return the files that no output may replace.

        Set the attribute ``editions``. Raise InputError for an unusable list.
        """
        self.editions = None
        if not (table := self.read_text_parameter(parameters, "EDITIONS", context)):
            return []
        from ..core.studies.evaluation.evaluate_editions import choose_editions_of_check, find_source_of_layers

        editions = read_editions([table], has_checked_plan=True)
        for edition in editions:
            check_connection(edition.source)
        if isinstance(self.path_or_snapshots, str):
            source = self.path_or_snapshots
        else:
            source = find_source_of_layers([one.file_path for one in self.path_or_snapshots]) or self.origin
        options = self.options
        self.editions = choose_editions_of_check(editions, source, options.profile, date.today().year, options.lang)
        return list_files_of_editions([table], editions)

    def prepare_check(self, parameters, context) -> list[str]:
        """Read layers and options of the check (`read_plan_inputs`); return the paths of files that it will read."""
        data = self.get_data_to_check(parameters, context)
        texts = {
            name: self.read_text_parameter(parameters, name.upper(), context)
            for name in OFFERED_OPTIONS
            if name not in OPTIONS_OF_PLAN
        }
        for name, text in texts.items():
            if OFFERED_OPTIONS[name].kind is OptionKind.DATA:
                check_connection(text)
        rules = tuple(self.read_names_parameter(parameters, "RULES", context)) or self.default_rules
        inputs = read_plan_inputs(self, parameters, context, data, rules=rules, **texts)
        kinds = (OptionKind.FILE, OptionKind.DATA)
        names = [name for name, option in OFFERED_OPTIONS.items() if option.kind in kinds]
        return [*inputs, *filter(None, (getattr(self.options, name) for name in names))]

    def get_data_to_check(self, parameters, context):
        """Return the data to check, as `read_plan_source`.

        Returns
        -------
        tuple
            The path or the snapshots of layers; their name in the report; the paths of the files that are read; True if
            the user chose a source or layers.
        """
        return read_plan_source(self, parameters, context)

    def run_check(self, feedback):
        """Run the check and return its result."""
        return check_project_or_folder(
            self.path_or_snapshots,
            self.options,
            source=self.origin,
            progress=make_progress_callback(feedback, end=1.0 if self.editions is None else CHECK_SHARE),
            cancellation=self.cancellation,
        )

    def execute(self, parameters, context, feedback):
        from ..core.cli.checking import make_public_edition

        check_result = self.run_check(feedback)
        log_report(feedback, check_result)
        # A plan of which no public edition may be made is refused before the earlier editions are read.
        public = run_in_python_thread(make_public_edition)(check_result, self.cancellation) if self.is_public else None
        write_check_outputs(
            check_result,
            self.outputs,
            docx_template=self.read_text_parameter(parameters, "DOCX_TEMPLATE", context),
            public=public,
            chapter=None if self.editions is None else self._evaluate(check_result, feedback, self.cancellation),
            cancellation=self.cancellation,
        )
        results = self.findings.write_findings(self, parameters, context, check_result, self.cancellation)
        log_written_files(feedback, self.outputs.list_paths())
        summary = check_result.report.summary
        results |= {key.upper(): summary[key] for key in ("errors", "warnings", "skipped", "verdict")}
        results |= list_report_paths(self.outputs)
        if public is not None:
            lines = public.record.list_log_lines(public.redactor.edition, public.redactor.texts)
            log_lines(feedback, lines)
            results["LEFT_OUT"] = "\n".join(lines)
        return results

    def _evaluate(self, check_result, feedback, cancellation):
        """Evaluate the earlier editions and the checked plan, log warnings and notes; return the chapter."""
        from ..bridge.printing.pdf import render_svg
        from ..core.studies.evaluation.evaluate_editions import evaluate_check
        from ..core.studies.evaluation.evaluation_tables import list_log_lines, list_note_sentences
        from ..core.studies.evaluation.write_evaluation import make_evaluation_chapter

        evaluation = run_in_python_thread(evaluate_check)(
            check_result,
            self.editions,
            self.options,
            has_roles=isinstance(self.path_or_snapshots, str),
            progress=make_progress_callback(feedback, CHECK_SHARE),
            cancellation=cancellation,
        )
        texts = Texts(evaluation.lang)
        log_lines(feedback, list_log_lines(evaluation, texts))
        log_warnings(feedback, list_note_sentences(evaluation, texts))
        chapter = run_in_python_thread(make_evaluation_chapter)(evaluation, render_svg, cancellation)
        if self.is_public:
            feedback.pushWarning(chapter.reason_left_out)
        return chapter


class DeclaredChecks(CheckPlan):
    """Algorithm `declared_checks`: run only the checks declared as data, all or some."""

    tool = Tool(
        identifier="declared_checks",
        section="check",
        title=mark_text("Declared checks"),
        keywords=("checks", "declared", "province", "profile", "attributes", "增补检查", "县配置", "省", "属性"),
        help_parts=(
            mark_text(
                "Checks layers with the checks that the profile or the standard declares as data ([[check]] in their "
                "file): conditions between fields, ranges, patterns, values that must occur in another layer, unique "
                "values. The manual explains how to write them.\n\n"
                "Source: a GeoPackage, FileGDB, shapefile or a folder of them. If no source is given, the chosen "
                "layers, or all vector layers of the project, are checked, including unsaved edits. Inputs are not "
                "changed.\n\n"
                "Checks: their codes, such as Xzhejiang-001; empty: all of the profile and its standard. A check of "
                "the whole plan includes them."
            ),
            describe_norms,
        ),
        parameters=(
            *SOURCE_AND_LAYERS,
            *NORMS,
            make_text("RULES", mark_text("Checks, by code (empty: all)")),
            *mark_advanced(SCOPE, ROLES, WAIVERS),
            *REPORT_OUTPUTS,
        ),
        results=CheckPlan.tool.results,
        needs_libraries_to_prepare=False,
        repeatable_parameters=frozenset({"RULES"}),
    )

    default_rules = (DECLARED_GROUP,)


def log_report(feedback, check_result: CheckResult) -> None:
    """Log layers, notices, rules with findings or errors, and the verdict of a check."""
    # Findings contain geometries; the list of algorithms must load without shapely.
    from ..core.model.report import INCOMPLETE_RUN_CODES
    from ..core.render.verdict import describe_package_waivers, describe_rules_run, format_rule_counts
    from ..core.render.words import ReportTexts
    from ..core.standard.profile.document import render_lowered_secrecy_messages

    report = check_result.report
    texts, report_texts = Texts(report.lang), ReportTexts(report.lang)
    for layer in report.provenance["layers"]:
        line = {"role": layer["role"], "layer": layer["name"], "features": layer["features"], "crs": layer["crs"]}
        feedback.pushInfo(texts.get("toolbox", "layer_line", **line))
    log_lines(feedback, report.provenance["notices"])
    log_warnings(feedback, render_lowered_secrecy_messages(report.provenance.get("document", {}), texts))
    for outcome in report.rules:
        if outcome.incomplete or str(outcome.outcome) not in ("passed", "not_applicable"):
            line = texts.get(
                "toolbox",
                "rule_line_found" if outcome.findings else "rule_line",
                code=outcome.code,
                title=outcome.heading,
                outcome=texts.get("outcomes", str(outcome.outcome)),
                findings=outcome.findings,
            )
            feedback.pushInfo(f"{line} {outcome.reason}".rstrip())
    log_warnings(feedback, (finding.message for finding in report.findings if finding.code in INCOMPLETE_RUN_CODES))
    summary = report.summary
    if summary["unconfirmed"]:
        settings = ", ".join(texts.get_setting_name(name) for name in summary["unconfirmed"])
        feedback.pushInfo(texts.get("toolbox", "not_confirmed", settings=settings))
    feedback.pushInfo(describe_rules_run(report, check_result.plan.norm, report_texts))
    if summary["left_out"]:
        feedback.pushInfo(texts.get("toolbox", "left_out", rules=", ".join(summary["left_out"])))
    if summary["waived"]:
        feedback.pushInfo(texts.get("toolbox", "waived", count=summary["waived"]))
    if package_waivers := describe_package_waivers(report, report_texts):
        feedback.pushInfo(package_waivers)
    verdict = texts.get("verdicts", summary["verdict"])
    counts = {"errors": summary["errors"], "warnings": summary["warnings"]}
    rules = format_rule_counts(report, report_texts)
    feedback.pushInfo(texts.get("toolbox", "summary", verdict=verdict, rules=rules, **counts))

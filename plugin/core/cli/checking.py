# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands on a whole plan: check, indicators, tables, package, inspect."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.errors import NEVER_CANCELLED, Cancellation, OutputError
from ..base.files.writing import OutputPaths, check_not_input, check_outputs, write_files
from ..base.parallel.process_state import set_thread_count
from ..checks.check import CheckResult, check_plan
from ..standard.messages.texts import Texts
from ..standard.options import RunOptions
from .console import (
    EXIT_CLEAN,
    EXIT_FOUND,
    check_tables_are_writable,
    make_run_options,
    print_line,
    print_line_of_run,
    print_lines,
    print_progress,
    print_written,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..checks.tabulate import TabulatedPlan
    from ..model.report import Report
    from ..package.package_spec.spec import PackageSpec
    from ..render.public_edition.redaction import PublicReport
    from ..render.words import ReportTexts
    from ..studies.evaluation.evaluate_editions import EditionsOfCheck

#: Largest number of rules in the summary on the console; the report has all.
_MAX_FINDINGS_PRINTED = 30


def run_check_command(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Check a plan or inspect a package, write the reports; return the exit code."""
    from ..render.outputs import write_outputs
    from ..studies.evaluation.evaluated_editions import CHECK_SHARE

    if args.command == "check" and args.jobs is not None:
        set_thread_count(args.jobs)
    if args.command == "check" and args.county:
        from ..counties.processes import check_county_of_input

        return check_county_of_input()
    outputs = OutputPaths(json=args.json, html=args.html, findings=args.findings, docx=args.docx, xlsx=args.xlsx)
    side = (args.figures, args.targets, args.register, args.baseline)
    editions, files_of_editions = _read_editions(args, report_texts.lang)
    check_outputs(outputs, [args.source, *filter(None, side), *files_of_editions])
    if args.public and outputs.findings:
        # Before the check, which may take long.
        raise OutputError("public_findings_layer", target=outputs.findings)
    if args.command == "check" and args.cache:
        print_line(report_texts.get("cli", "cache"), sys.stderr)
    check_share = 1.0 if editions is None else CHECK_SHARE
    if args.command == "inspect":
        from ..package.inspection.inspect import inspect_package

        check_result = inspect_package(
            args.source, *_load_spec_and_options(args, report_texts), progress=print_progress
        )
    else:
        check_result = check_plan(
            args.source,
            make_run_options(args, report_texts),
            progress=lambda share, text: print_progress(check_share * share, text),
        )
    # A plan of which no public edition may be made is refused before the earlier editions are read.
    public = make_public_edition(check_result) if args.public else None
    evaluation = chapter = None
    if editions is not None:
        from ..studies.evaluation.evaluate_editions import evaluate_check
        from ..studies.evaluation.evaluation_tables import list_log_lines, list_note_sentences
        from ..studies.evaluation.write_evaluation import make_evaluation_chapter

        evaluation = evaluate_check(
            check_result,
            editions,
            make_run_options(args, report_texts),
            progress=lambda share, text: print_progress(CHECK_SHARE + (1 - CHECK_SHARE) * share, text),
        )
        chapter = make_evaluation_chapter(evaluation)
    report, plan = check_result.report, check_result.plan
    write_outputs(report, plan, outputs, docx_template=args.docx_template, public=public, chapter=chapter)
    print_lines(format_summary(report, report_texts))
    if evaluation is not None:
        texts = Texts(evaluation.lang)
        print_lines(list_log_lines(evaluation, texts))
        print_lines(list_note_sentences(evaluation, texts), sys.stderr)
        if public is not None:
            print_line(texts.get("evaluation", "left_out"), sys.stderr)
    print_written(outputs.list_paths(), report_texts)
    if public is not None:
        print_lines(public.record.list_log_lines(public.redactor.edition, report_texts))
    return get_exit_code(report, args.strict)


def _read_editions(args: argparse.Namespace, lang: str) -> tuple[EditionsOfCheck | None, list[str]]:
    """Return the editions that ``--editions`` gives, None without any, and the files that no output may replace."""
    text = args.editions.strip() if args.command == "check" else ""
    if not text:
        return None, []
    from ..studies.evaluation.evaluate_editions import choose_editions_of_check
    from ..studies.evaluation.evaluated_editions import list_files_of_editions, read_editions, split_editions

    given = split_editions(text)
    editions = read_editions(given, has_checked_plan=True)
    chosen = choose_editions_of_check(editions, args.source, args.profile, date.today().year, lang)
    return chosen, list_files_of_editions(given, editions)


def make_public_edition(check_result: CheckResult, cancellation: Cancellation = NEVER_CANCELLED) -> PublicReport:
    """Return the public edition of a check's report, by the list of the county or the standard.

    Raise InputError, DataError and Cancelled.
    """
    from ..render.public_edition.edition import load_public_edition
    from ..render.public_edition.redaction import make_public_report

    return make_public_report(
        check_result.report, check_result.plan, load_public_edition(check_result.plan.norm), cancellation
    )


def _load_spec_and_options(args: argparse.Namespace, report_texts: ReportTexts) -> tuple[PackageSpec, RunOptions]:
    """Return the specification ``args.package``, and the options of the check of a package of it."""
    from ..package.export import make_options_for_package
    from ..package.package_spec.load import load_package_spec

    package_spec = load_package_spec(args.package)
    return package_spec, make_options_for_package(make_run_options(args, report_texts), package_spec)


def run_indicators(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Write the indicators of a plan to the requested files, and print them.

    Returns the exit code.
    """
    from ..checks.tabulate import (
        make_figures_document,
        tabulate_sources,
        write_new_figures_workbook,
    )
    from ..render.document.docx_writer import write_docx

    options = make_run_options(args, report_texts)
    check_tables_are_writable(args.xlsx, args.docx, [args.source])
    tabulated_plan = tabulate_sources(args.source, options, progress=print_progress)
    # The files come first: a reader (head) may close the pipe before all lines are printed.
    check_not_input(args.xlsx, list(tabulated_plan.plan.input_files))
    write_files(
        [
            (args.xlsx, lambda path: write_new_figures_workbook(tabulated_plan, path)),
            (args.docx, lambda path: write_docx(make_figures_document(tabulated_plan), path)),
        ]
    )
    print_lines(text for _is_missed, text in list_indicator_lines(tabulated_plan, report_texts))
    print_lines(tabulated_plan.plan.describe_gaps(Texts(report_texts.lang)), sys.stderr)
    if not all(
        one.confirmed
        for computed_indicator in tabulated_plan.indicators.compute_all_indicators()
        for one in computed_indicator.figures
    ):
        print_line(report_texts.get("text", "unconfirmed_note"))
    print_written((args.xlsx, args.docx), report_texts)
    return EXIT_CLEAN


def list_indicator_lines(tabulated_plan: TabulatedPlan, report_texts: ReportTexts) -> Iterator[tuple[bool, str]]:
    """Yield each indicator as a line, with True if it misses its target or may miss it."""
    for computed_indicator in tabulated_plan.indicators.compute_all_indicators():
        name = computed_indicator.definition.get_name(report_texts.lang)
        for one in computed_indicator.figures:
            yield (
                one.state in ("broken", "close", "unconfirmed"),
                _format_figure(name, one, bool(one.target), report_texts),
            )
        if not computed_indicator.figures:
            yield False, report_texts.get("cli", "no_figure", name=name, reason=computed_indicator.missing_reason)


def _format_figure(name: str, figure: Any, shows_target: bool, report_texts: ReportTexts) -> str:
    """Return an indicator with value, target and state as a line."""
    from ..render import figures

    target = figures.format_target(figure, report_texts) if shows_target else ""
    return report_texts.get(
        "cli",
        "figure",
        name=name,
        value=figures.format_indicator_value(figure, report_texts),
        target=report_texts.get("cli", "of_target", target=target) if shows_target else "",
        state=figures.format_state(figure, report_texts),
    )


def run_tables(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Make the tables of a plan and print what was made; without a source list the layouts.

    Return the exit code, FOUND if names of the office's workbook were not filled.
    """
    from ..studies.office_tables.layout_files import load_layouts
    from ..studies.office_tables.make_office_tables import (
        TableOrder,
        describe_tables,
        make_office_tables,
    )

    if not args.source:
        texts, lang = Texts(report_texts.lang), report_texts.lang
        print_lines(
            texts.get("office_tables", "layout_line", id=layout.id, name=layout.get_name(lang), mark=layout.mark)
            for layout in load_layouts(args.tables)
        )
        return EXIT_CLEAN
    order = TableOrder(args.tables, args.output, args.docx, args.template, args.filled, args.year)
    result = make_office_tables(args.source, order, make_run_options(args, report_texts), progress=print_progress)
    for is_warning, text in describe_tables(result, report_texts.lang):
        print_line(text, sys.stderr if is_warning else sys.stdout)
    print_written(order.files, report_texts)
    return EXIT_FOUND if result.template is not None and result.template.problems else EXIT_CLEAN


def run_export_package_command(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Check a plan and export its submission package; return the exit code."""
    from ..package.export import ExportOrder, export_package
    from ..standard.profile import DocumentInfo

    package_spec, options = _load_spec_and_options(args, report_texts)
    order = ExportOrder(
        package_spec,
        Path(args.output),
        Path(args.documents) if args.documents else None,
        is_forced=args.force,
        keeps_personal_fields=args.personal,
        document_info=DocumentInfo(secrecy=args.secrecy.strip(), secrecy_reason=args.secrecy_reason.strip()),
    )
    check_result = check_plan(args.source, options, progress=lambda share, text: print_progress(0.4 * share, text))
    for line in format_summary(check_result.report, report_texts):
        print_line_of_run(line)
    try:
        result = export_package(
            check_result, order, progress=lambda share, text: print_progress(0.4 + 0.6 * share, text)
        )
    except OutputError as error:
        if error.key != "package_gate":
            raise
        print_line(Texts(report_texts.lang).explain_error(error), sys.stderr)
        print_line(report_texts.get("cli", "package_forcing"), sys.stderr)
        return EXIT_FOUND
    print_lines((one.format_as_sentence(Texts(report_texts.lang)) for one in result.problems), sys.stderr)
    print_written([result.path], report_texts)
    print_line(report_texts.get("cli", "package_digest", digest=result.manifest_digest))
    return EXIT_FOUND if result.manifest["check"]["forced"] else EXIT_CLEAN


def get_exit_code(report: Report, strict: bool = False) -> int:
    """Return the exit code of a check: CLEAN, FOUND or NOT_RUN.

    With ``strict`` warnings count like errors.
    """
    counts = report.summary
    is_found = counts["verdict"] in ("fail", "incomplete") or (strict and counts["warnings"])
    return EXIT_FOUND if is_found else EXIT_CLEAN


def format_summary(report: Report, report_texts: ReportTexts) -> list[str]:
    """Return a report as lines for the console.

    The lines are verdict and counts, findings by rule, unchecked rules, and figures with a target.
    """
    from ..model.report import INCOMPLETE_RUN_CODES
    from ..render import figures, finding_lists, sections
    from ..render.verdict import format_rule_counts

    head = report_texts.get(
        "cli",
        "done",
        **{key: report.summary[key] for key in ("errors", "warnings", "infos", "waived")},
        rules=format_rule_counts(report, report_texts),
        verdict=report_texts.get("verdict", str(report.verdict)),
    )
    lines = []
    if report.rules and not report.has_examined_rules:
        lines.append(report_texts.get("say", "nothing_examined", count=len(report.rules)))
    lines += [f"{one.code} {one.message}" for one in report.findings if one.code in INCOMPLETE_RUN_CODES]
    sums = finding_lists.sum_findings_by_rule(report, report_texts)
    for row in sums[:_MAX_FINDINGS_PRINTED]:
        hectares = report_texts.get("text", "hectares", amount=row["area"])
        area = report_texts.get("cli", "area", area=hectares) if row["area"] != "—" else ""
        severity = report_texts.get("severity", row["severity"])
        lines.append(report_texts.get("cli", "by_rule", **{**row, "severity": severity, "area": area}))
    if further_sums := sums[_MAX_FINDINGS_PRINTED:]:
        count = sum(row["count"] for row in further_sums)
        lines.append(report_texts.get("cli", "more_rules", rows=len(further_sums), count=count))
    not_checked_rows = sections.make_not_checked_section(report, report_texts)["rows"]
    lines += [report_texts.get("cli", "could_not", **row) for row in not_checked_rows if row["title"]]
    if additional_rules := report.provenance.get("beyond", []):
        names = report_texts.join_parts(additional_rules)
        lines.append(report_texts.get("say", "beyond", count=len(additional_rules), names=names))
    # The report has the townships that fulfil their targets.
    targeted = [
        i
        for i in report.indicators
        if i.target is not None and not (figures.is_township_figure(i) and i.state == "met")
    ]
    lines += [_format_figure(one.name, one, True, report_texts) for one in targeted]
    if not all(indicator.confirmed for indicator in targeted):
        lines.append(report_texts.get("text", "unconfirmed_note"))
    return [head, *(f"  {line}" for line in lines)]

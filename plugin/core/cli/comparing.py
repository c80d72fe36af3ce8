# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that compare data: compare, yearly, cultivated, adjustment, statement, evaluate, conformity."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from ..base.files.writing import OutputPaths, write_files, write_text
from ..render.words import ReportTexts
from ..standard.messages.texts import Texts, format_number
from ..standard.options import read_lower_plan
from .console import (
    EXIT_CLEAN,
    EXIT_FOUND,
    check_tables_are_writable,
    make_run_options,
    print_levels,
    print_line,
    print_lines,
    print_progress,
    print_written,
)

if TYPE_CHECKING:
    from ..render.versions.baseline import PlanComparison

#: Largest number of changed parts on the console; the workbook has all.
_MAX_PARTS_PRINTED = 30


def run_compare(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Compare two editions of a layer, write the requested files and print the differences.

    Returns the exit code CLEAN if they are identical, otherwise FOUND.
    """
    from ..plan.loading.unread_files import describe_unread_files
    from ..render.document.docx_writer import write_docx
    from ..render.versions.baseline import compare_sources, find_layer_and_townships
    from ..render.versions.comparison_tables import (
        format_changes,
        get_piece_keys,
        list_difference_sentences,
        make_comparison_document,
        write_comparison_workbook,
    )

    norm, texts = make_run_options(args, report_texts).resolve_norm(), Texts(report_texts.lang)
    check_tables_are_writable(args.xlsx, args.docx, [args.before, args.after])
    (old_layer, _), (new_layer, townships) = (
        find_layer_and_townships(source, args.role, norm) for source in (args.before, args.after)
    )
    result = compare_sources(
        old_layer, new_layer, norm, townships=townships, role=args.role, renumbered=args.renumbered
    )
    comparison = result.comparison
    # The files come first: a reader (head) may close the pipe before all lines are printed.
    write_files(
        [
            (args.xlsx, lambda path: write_comparison_workbook(result, path, texts)),
            (args.docx, lambda path: write_docx(make_comparison_document(result, texts), path)),
        ]
    )
    print_line(format_comparison_summary(result, texts))
    print_lines(f"  {line}" for line in list_difference_sentences(result, texts))
    for source in (args.before, args.after):
        print_lines(describe_unread_files(source, texts), sys.stderr)
    for part in comparison.changed_pieces[:_MAX_PARTS_PRINTED]:
        old, new = get_piece_keys(result, part)
        line = texts.get(
            "versions",
            "line",
            before=old or "-",
            after=new or "-",
            changes=format_changes(part, texts).replace("\n", "; "),
            kind=texts.get("versions", part.kind),
            township=part.township,
            area=format_number(part.area_m2, 2),
        )
        print_line(f"  {line.rstrip()}")
    print_written((args.xlsx, args.docx), report_texts)
    return EXIT_CLEAN if comparison.is_identical else EXIT_FOUND


def format_comparison_summary(result: PlanComparison, texts: Texts) -> str:
    """Return verdict, layer and sums of a comparison of editions as a line."""
    from ..render.versions.comparison_tables import get_comparison_verdict
    from ..render.versions.edition_comparison import CHANGED_KIND, MOVED_IN_KIND, MOVED_OUT_KIND

    comparison, verdict = result.comparison, get_comparison_verdict(result, texts)
    kinds = {"moved_in": MOVED_IN_KIND, "moved_out": MOVED_OUT_KIND, "changed": CHANGED_KIND}
    area_sums = {name: format_number(comparison.sum_area_m2(kind), 2) for name, kind in kinds.items()}
    return texts.get(
        "versions",
        "summary",
        verdict=verdict,
        layer=comparison.later_edition.layer.template.name if texts.lang == "zh" else result.role,
        **area_sums,
    )


def run_yearly(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Make the database of a yearly update and print a summary.

    Returns the exit code.
    """
    from ..studies.yearly.balance import list_notes, summarise_layers
    from ..studies.yearly.make import compute_and_write_update

    texts = Texts(report_texts.lang)
    update, written_update = compute_and_write_update(
        args.filed, args.current, args.year, args.output, make_run_options(args, report_texts), progress=print_progress
    )
    print_lines([*summarise_layers(update, texts), *list_notes(update, texts)])
    print_lines(one.format_as_sentence(texts) for one in written_update.problems)
    print_written(written_update.written_files, report_texts)
    return EXIT_CLEAN


def run_cultivated(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Compare cultivated land of two surveys and certificates, write the requested files, print sums and notes.

    Returns the exit code.
    """
    from ..render.document.docx_writer import write_docx
    from ..studies.adjustment.adjustment_outputs import check_adjustment_target
    from ..studies.yearly.cultivated_changes import compare_surveys
    from ..studies.yearly.cultivated_result import SurveyOrder
    from ..studies.yearly.cultivated_tables import CultivatedTables

    order = SurveyOrder(args.before, args.after, args.year, args.approved, args.accepted)
    check_tables_are_writable(args.xlsx, args.docx, order.inputs)
    check_adjustment_target(args.output, ".gpkg", order.inputs)
    result = compare_surveys(order, make_run_options(args, report_texts), progress=print_progress)
    tables = CultivatedTables(result, Texts(report_texts.lang))
    # The files come first: a reader (head) may close the pipe before all lines are printed.
    write_files(
        [
            (args.xlsx, tables.write_workbook),
            (args.docx, lambda path: write_docx(tables.make_document(), path)),
            (args.output, tables.write_layer),
        ]
    )
    print_lines([*tables.summarise(), *tables.list_notes()])
    print_written((args.xlsx, args.docx, args.output), report_texts)
    return EXIT_CLEAN


def run_adjustment(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Compare a control line before and after a change, write the requested files, print the criteria.

    Return the exit code: FOUND for the verdicts 不符合 and 未能判定.
    """
    from ..render.document.docx_writer import write_docx
    from ..render.document.page_html import render_document_page
    from ..render.outputs import dump_json
    from ..studies.adjustment.adjustment_outputs import (
        adjustment_to_dict,
        check_adjustment_target,
        describe_reason,
        describe_verdict,
        list_missing_sentences,
        make_adjustment_document,
        write_adjustment_workbook,
    )
    from ..studies.adjustment.adjustment_result import AdjustmentOptions, Outcome
    from ..studies.adjustment.compare_lines import compare_line

    inputs, texts = [args.before, args.after], Texts(report_texts.lang)
    check_tables_are_writable(args.xlsx, args.docx, inputs)
    for target, suffix in ((args.html, ".html"), (args.json, ".json")):
        check_adjustment_target(target, suffix, inputs)
    result = compare_line(
        args.after,
        AdjustmentOptions(args.before, args.line, make_run_options(args, report_texts)),
        progress=print_progress,
    )
    # The files come first: a reader (head) may close the pipe before all lines are printed.
    document = make_adjustment_document(result, texts)
    write_files(
        [
            (args.xlsx, lambda path: write_adjustment_workbook(result, path, texts)),
            (args.docx, lambda path: write_docx(document, path)),
            (args.html, lambda path: write_text(path, render_document_page(document))),
            (args.json, lambda path: write_text(path, dump_json(adjustment_to_dict(result)))),
        ]
    )
    print_line(describe_verdict(result, texts))
    for one in result.criteria:
        name, outcome = texts.get("adjustment_criteria", one.id), texts.get("adjustment_outcomes", str(one.outcome))
        print_line(f"  {outcome}  {name}  {describe_reason(one, texts)}".rstrip())
    print_lines(f"  {line}" for line in list_missing_sentences(result, texts))
    print_written((args.xlsx, args.docx, args.html, args.json), report_texts)
    return EXIT_FOUND if result.verdict in (Outcome.FAILS, Outcome.UNDETERMINED) else EXIT_CLEAN


def run_statement(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Write the statement of a change of a control line, or the chapter on the lines of one edition; print sentences.

    Return the exit code: FOUND if a requirement is not met or not judged, a cause is blank, or lines overlap.
    """
    from ..render.document.docx_writer import write_docx
    from ..render.document.page_html import render_document_page
    from ..studies.adjustment.adjustment_outputs import check_adjustment_target
    from ..studies.adjustment.statement import StatementOrder, make_statement

    order, inputs = StatementOrder(args.before, args.after, args.ledger, args.line), [args.before]
    inputs += [one for one in (args.after, args.ledger) if one]
    check_tables_are_writable(args.xlsx, args.docx, inputs)
    check_adjustment_target(args.html, ".html", inputs)
    result = make_statement(order, make_run_options(args, report_texts), progress=print_progress)
    document = result.make_document()
    # The files come first: a reader (head) may close the pipe before all lines are printed.
    write_files(
        [
            (args.xlsx, result.write_workbook),
            (args.docx, lambda path: write_docx(document, path)),
            (args.html, lambda path: write_text(path, render_document_page(document))),
        ]
    )
    print_lines(result.list_sentences())
    print_written((args.xlsx, args.docx, args.html), report_texts)
    return EXIT_FOUND if result.is_open else EXIT_CLEAN


def run_evaluate(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Evaluate editions, print warnings and notes, write the requested files.

    Return the exit code: FOUND if an indicator has an alert or failed, or an edition could not be read.
    """
    from ..studies.evaluation.evaluate_editions import evaluate_editions
    from ..studies.evaluation.evaluated_editions import Level, list_files_of_editions, read_editions
    from ..studies.evaluation.evaluation_tables import list_log_lines, list_note_sentences
    from ..studies.evaluation.write_evaluation import check_evaluation_outputs, write_evaluation_outputs

    texts = Texts(report_texts.lang)
    editions = read_editions(args.editions)
    outputs = OutputPaths(json=args.json, html=args.html, docx=args.docx, xlsx=args.xlsx)
    check_evaluation_outputs(outputs, list_files_of_editions(args.editions, editions))
    result = evaluate_editions(editions, make_run_options(args, report_texts), progress=print_progress)
    # The files come first: a reader (head) may close the pipe before all lines are printed.
    write_evaluation_outputs(result, outputs)
    print_lines(list_log_lines(result, texts))
    print_lines(list_note_sentences(result, texts), sys.stderr)
    print_written(outputs.list_paths(), report_texts)
    return EXIT_CLEAN if result.is_complete and not result.count(Level.ALERT) else EXIT_FOUND


def run_conformity(args: argparse.Namespace, report_texts: ReportTexts) -> int:
    """Review the projects of a file against a plan and write the results.

    Return the exit code: FOUND if a project does not conform, is undetermined, or was left out.
    """
    from ..studies.projects.read_projects import read_project_layer
    from ..studies.projects.review_sentences import describe_result
    from ..studies.projects.run_review import review_projects
    from ..studies.projects.write_review import check_conformity_outputs, write_conformity_outputs

    outputs = OutputPaths(findings=args.output, json=args.json, xlsx=args.xlsx, docx=args.docx, html=args.html)
    inputs = [*filter(None, (args.projects, args.data, args.boundary))]
    check_conformity_outputs(outputs, inputs, args.project_list, args.use_control)
    result = review_projects(
        read_project_layer(args.projects, args.layer),
        args.data,
        make_run_options(args, report_texts),
        width_m=args.width,
        use=args.use,
        project_list=args.project_list,
        lower_plan=read_lower_plan(args.lower_plan),
        boundary=read_project_layer(args.boundary) if args.boundary else None,
        progress=print_progress,
    )
    write_conformity_outputs(result, outputs, use_control=args.use_control)
    print_levels(describe_result(result, report_texts.lang))
    print_written([*outputs.list_paths(), args.project_list, args.use_control], report_texts)
    return EXIT_FOUND if result.has_problems else EXIT_CLEAN

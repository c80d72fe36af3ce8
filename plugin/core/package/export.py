# SPDX-License-Identifier: GPL-2.0-or-later
"""Export of a checked plan as a submission package, with the documents that the plugin makes.

The core writes docx; the caller passes a function that prints a PDF, which only QGIS can.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from ..base.errors import NEVER_CANCELLED, Cancellation, OutputError, ProgressCallback, require_value
from ..base.files.digests import write_manifest_digest
from ..base.files.writing import is_write_error, make_access_error
from ..checks.check import CheckResult, RunOptions
from ..checks.run_check import run_check
from ..engine.evaluate import choose_rules
from ..engine.plan_consistency import INCONSISTENCY_CODE
from ..model.findings import UNREAD_CODE, Finding
from ..model.report import Report
from ..model.rule import Severity
from ..render.document.check_report import CHECK_DOCUMENT_MAKERS
from ..render.document.docx_writer import import_docx_library, write_docx
from ..render.finding_lists import ReportPictures, add_picture_digests
from ..render.html import render_report
from ..render.outputs import add_data_digest, dump_json
from ..standard.messages.texts import CauseMessage, RuleProblem
from ..standard.profile.document import add_document_info
from ..standard.profile.profile_data import load_secrecy_levels
from .export_order import (
    DocumentPrinter,
    ExportContext,
    ExportedPackage,
    ExportOrder,
    MapRenderer,
    RowProgress,
    find_placeholder_values,
    make_package_path,
    resolve_package_document_info,
)
from .folder import finish_interrupted_export, lock_for_writing, replace_folder
from .gate import (
    check_target_is_replaceable,
    find_check_problems,
    find_narrow_scope,
    make_export_folder,
)
from .inspection.inspect import RECEIVED_GROUP
from .layers.data_sets import PreparedSet, prepare_data_sets, write_vector_set
from .manifest import make_manifest_head, make_slot_rows, write_manifest
from .map_slots import MAP_PROGRESS_START, choose_maps_to_render, explain_missing_maps, make_maps_and_list_in_manifest
from .metadata import make_metadata_xml, read_back_metadata
from .names import fill_name_pattern
from .package_spec.spec import PackageSpec
from .problems import (
    MAX_NAMED_FEATURES,
    ExportProblem,
    ProblemLevel,
    drop_duplicate_notes,
    stop_on_gate_problems,
)
from .slot_files import FilledSlot, fill_slots
from .tables.write_tables import write_workbooks


def choose_documents_to_make(
    filled_slots: Iterable[FilledSlot], print_pdf: DocumentPrinter | None
) -> tuple[tuple[FilledSlot, ...], list[ExportProblem]]:
    """Decide which documents the plugin makes.

    Return them, and a problem for each that it cannot make. Nothing is written.
    """
    documents_to_make, problems = [], []
    for filled_slot in (one for one in filled_slots if one.slot.generated and not one.file_paths):
        slot = filled_slot.slot
        try:
            if not filled_slot.file_name.lower().endswith(".pdf"):
                import_docx_library(filled_slot.file_name)
            elif print_pdf is None:
                raise OutputError("output_pdf_without_qgis", target=filled_slot.file_name)
            documents_to_make.append(filled_slot)
        except OutputError as error:
            level = ProblemLevel.GATE if slot.need == "M" else ProblemLevel.NOTE
            if slot.need != "O":
                params = {"title": slot.title, "reason": CauseMessage(error)}
                problems.append(ExportProblem(level, "document_not_made", params=params))
    return tuple(documents_to_make), problems


def make_documents(context: ExportContext) -> None:
    """Make the planned documents on the check, write them and name their files in the manifest."""
    rows = {row["id"]: row for row in context.manifest["slots"]}
    for filled_slot in context.documents:
        context.cancellation.raise_if_cancelled()
        slot = filled_slot.slot
        path = context.prepare_file_path(slot.folder, fill_name_pattern(slot.file, context.placeholders))
        report, norm = context.check_result.report, context.plan.norm
        document = CHECK_DOCUMENT_MAKERS[slot.generated](report, norm, context.pictures)
        if path.suffix.lower() == ".docx":
            write_docx(document, path)
        else:
            # `choose_documents_to_make` plans a PDF only with a printer.
            require_value(context.print_pdf, "the printer of PDF")(document, path)
        rows[slot.id] |= {"files": [context.get_path_in_package(path)], "generated": slot.generated}


__all__ = [
    "ExportOrder",
    "ExportedPackage",
    "export_package",
    "find_placeholder_values",
    "make_options_for_package",
    "make_package_path",
]


def check_by_rules_of_receiving_body(check_result: CheckResult, cancellation: Cancellation) -> Iterator[ExportProblem]:
    """Run the rules that a receiving body runs and that the check did not run.

    These are the rules of the group ``received``. Yield one problem for each rule, layer and field with findings.
    Waived findings are omitted, and so are findings about inputs and unread data, which the check reported. Raises
    Cancelled.
    """
    plan, lang = check_result.plan, check_result.report.lang
    checked_codes = {outcome.code for outcome in check_result.report.rules}
    group = plan.norm.standard.rule_groups.get(RECEIVED_GROUP, ())
    rules = [rule for rule in choose_rules(group) if rule.code not in checked_codes]
    findings_by_place: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in run_check(
        plan, rules, side_inputs=check_result.side, waivers=check_result.waivers, lang=lang, cancellation=cancellation
    ).findings:
        if finding.state == "open" and finding.code not in (INCONSISTENCY_CODE, UNREAD_CODE):
            findings_by_place.setdefault((finding.code, finding.role, finding.field), []).append(finding)
    problem_of_rule = {rule.code: RuleProblem(rule) for rule in rules}
    for (code, role, field), findings in findings_by_place.items():
        level = ProblemLevel.GATE if any(one.severity is Severity.ERROR for one in findings) else ProblemLevel.NOTE
        layer = plan.layers[role].name if role in plan.layers else role
        features = tuple(one.key for one in findings[:MAX_NAMED_FEATURES])
        # Findings of the run itself (RUN) do not belong to a rule.
        params = {"rule": code, "problem": problem_of_rule.get(code, code)}
        yield ExportProblem(level, "as_received", layer, field, len(findings), features, params)


def copy_documents(context: ExportContext) -> None:
    """Copy the planner's files into the package's folders."""
    for filled_slot in context.filled_slots:
        for path in filled_slot.file_paths:
            context.cancellation.raise_if_cancelled()
            target = context.prepare_file_path(filled_slot.slot.folder, path.name)
            try:
                # Copy the content only, without the owner and times of this machine.
                shutil.copyfile(path, target)
            except OSError as error:
                if is_write_error(error, context.new_folder):
                    raise
                raise make_access_error(path, error) from error


def write_report(context: ExportContext) -> None:
    """Write the report of the check as page (HTML) and as data (JSON)."""
    check_result = context.check_result
    report = add_picture_digests(check_result.report, context.pictures)
    page = render_report(report, check_result.plan.norm, context.pictures)
    for suffix, content in ((".html", page), (".json", dump_json(dict(report.iterate_entries())))):
        path = context.prepare_generated_path(context.package_spec.report, suffix)
        path.write_text(content, encoding="utf-8", newline="\n")


def write_metadata(context: ExportContext) -> None:
    """Write the metadata from the manifest.

    Called last, because the metadata describe all other parts of the package.

    Raises
    ------
    OutputError
        If the metadata read again differ from those written.
    """
    path = context.prepare_generated_path(context.package_spec.metadata)
    path.write_bytes(make_metadata_xml(context.manifest, context.package_spec))
    context.manifest["metadata"] = read_back_metadata(
        path.read_bytes(), context.manifest, context.package_spec, context.get_path_in_package(path)
    )


def make_options_for_package(options: RunOptions, package_spec: PackageSpec) -> RunOptions:
    """Return the options of the check that precedes a package.

    If ``options`` have neither a standard nor a profile, the result has the standard of the specification.
    """
    return options if options.standard or options.profile else replace(options, standard=package_spec.standard)


def export_package(
    check_result: CheckResult,
    order: ExportOrder,
    *,
    draw_pictures: Callable[[Report], ReportPictures | None] = lambda report: None,
    map_renderer: MapRenderer | None = None,
    print_pdf: DocumentPrinter | None = None,
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> ExportedPackage:
    """Make the package of a checked plan.

    After an error or Cancelled, the previous content of the target is unchanged.

    Parameters
    ----------
    draw_pictures
        Draws the pictures of the report; by default it has none.
    map_renderer
        Renders the maps; by default no map is made, and the manifest records this.
    print_pdf
        Prints a document; by default no PDF is made, and the manifest records this.

    Raises
    ------
    InputError
        If no level of secrecy is set, or a level is lowered without a reason.
    OutputError
        If the gate refuses the package (the plan fails, or a required part is missing) and the request does not force
        it; if another process exports to the target or inspects it; if the content cannot be written without loss or
        differs when it is read again; if the target cannot be replaced.
    """
    target = make_package_path(check_result.plan, order)
    with make_export_folder(order.parent_folder), lock_for_writing(target):
        plan, spec, lang = check_result.plan, order.package_spec, check_result.report.lang
        values = find_placeholder_values(plan, spec)
        document = resolve_package_document_info(plan.norm, order, values)
        document.require_exportable(spec.secrecy_levels, spec.name)
        check_result = replace(
            check_result, report=add_data_digest(add_document_info(check_result.report, document), plan)
        )
        finish_interrupted_export(target)
        check_target_is_replaceable(target, plan.input_files, spec, values)
        progress(0.0, "")
        prepared_sets, problems = prepare_data_sets(check_result, order, cancellation)
        filled_slots, slot_problems = fill_slots(
            spec, values, order.documents_folder, target if target.is_dir() else None, lang
        )
        map_work = choose_maps_to_render(plan, order, filled_slots, values, map_renderer)
        documents, document_problems = choose_documents_to_make(filled_slots, print_pdf)
        problems = [
            *find_check_problems(check_result),
            *find_narrow_scope(check_result),
            *check_by_rules_of_receiving_body(check_result, cancellation),
            *problems,
            *slot_problems,
            *document_problems,
            *explain_missing_maps(map_work.missing_maps),
        ]
        problems += [
            ExportProblem(ProblemLevel.NOTE, "secrecy_lowered", params={"message": one.message})
            for one in document.lowered_levels
        ]
        info = document.document_info
        if map_work.requests and load_secrecy_levels().is_public(info.secrecy) and not info.map_approval:
            problems.append(ExportProblem(ProblemLevel.NOTE, "no_map_approval", params={"secrecy": info.secrecy}))
        stop_on_gate_problems(problems, order.is_forced, target.name)
        is_forced = any(problem.level == ProblemLevel.GATE for problem in problems)
        manifest = make_manifest_head(check_result, spec, values, target.name, document, is_forced=is_forced)
        row_count = sum(len(c) for s in prepared_sets for c in s.package_layers)
        row_progress = RowProgress(row_count, progress, MAP_PROGRESS_START if map_work.requests else 0.95)
        with replace_folder(target, cancellation) as new_folder:
            context = ExportContext(
                check_result,
                spec,
                new_folder,
                values,
                manifest,
                filled_slots,
                map_work,
                documents,
                print_pdf,
                draw_pictures,
                document,
                row_progress,
                cancellation,
            )
            exported = _write_package(context, target, prepared_sets, problems)
        progress(1.0, "")
        return exported


def _write_package(
    context: ExportContext, target: Path, prepared_sets: list[PreparedSet], problems: list[ExportProblem]
) -> ExportedPackage:
    """Write all files of the package that replaces ``target``; add what was noticed to its problems."""
    manifest = context.manifest
    written_sets = [write_vector_set(one, context) for one in prepared_sets]
    manifest["layers"] = [row for rows, _ in written_sets for row in rows]
    problems += [problem for _, set_problems in written_sets for problem in set_problems]
    manifest["slots"] = make_slot_rows(context.filled_slots, context.package_spec)
    copy_documents(context)
    problems += make_maps_and_list_in_manifest(context)
    write_report(context)
    make_documents(context)
    problems += write_workbooks(context)
    write_metadata(context)
    problems = drop_duplicate_notes(problems, manifest["slots"])
    written_manifest = write_manifest(
        context.new_folder, manifest, problems, context.check_result.report.lang, context.cancellation
    )
    return ExportedPackage(target, write_manifest_digest(context.new_folder), written_manifest, problems)

# SPDX-License-Identifier: GPL-2.0-or-later
"""A gathering (汇总): inspect each county's package, append its layers, compare seams, write the parent's package.

Command line and toolbox use this module. Only one county is in memory, besides its borders and sums.
"""

from __future__ import annotations

import gc
import re
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from ...base.errors import NEVER_CANCELLED, Cancellation, DataError, InputError, OutputError, ProgressCallback
from ...base.files.names import find_name_problem
from ...checks.check import CheckResult, check_plan
from ...exchange.schema import DATABASE_FORMATS
from ...package.export import choose_documents_to_make
from ...package.export_order import (
    DocumentPrinter,
    ExportOrder,
    find_placeholder_values_of_area,
    resolve_package_document_info,
)
from ...package.folder import finish_interrupted_export, lock_for_writing, replace_folder
from ...package.gate import check_target_is_replaceable, make_export_folder
from ...package.names import fill_name_pattern
from ...package.package_spec.load import load_package_spec
from ...package.package_spec.spec import PackageSpec
from ...package.problems import ExportProblem, ProblemLevel, stop_on_gate_problems
from ...package.slot_files import FilledSlot, fill_slots
from ...plan.plan import Plan
from ...render.outputs import add_data_digest
from ...standard import load_standard
from ...standard.messages.texts import CauseMessage, Message, MessageLines
from ...standard.numbering import DIVISION_CODE_DIGITS
from ...standard.options import RunOptions
from ...standard.profile import Norm, compute_division_prefix
from ...standard.profile.document import ResolvedDocument, add_document_info
from ..county_record import GATHERING_JSON, County
from ..seams.check_seams import compare_read_counties
from ..seams.placing import extract_borders, make_borders_or_reason
from ..seams.seam_result import CountyBorders, SeamResult, SeamSettings
from ..seams.sums import ParentTargets, read_parent_targets
from ..seams.write_seams import check_output_folder, has_former_result, place_result
from ..sources import CountyList, check_files_writable, check_output_outside_data, list_counties
from .allotment import make_allotments
from .appending import Appender, KeyRegister
from .data_set import PictureDrawer, draw_no_pictures, write_package_parts
from .gathered_counties import (
    GATHERING_XLSX,
    SEAMS_FOLDER,
    GatheredCounty,
    GatherOptions,
    GatherResult,
    find_gathering_problems,
)
from .inspect_county import check_area, inspect_county, keep_county_fields
from .return_documents import parse_deadline
from .round_states import FormerRound
from .rounds import compare_rounds, read_former_round
from .write_gathering import check_returns_replaceable, place_result_files, write_result_files

#: Shares of the progress for the counties, for the seams and for the check of the whole; the rest is the tables.
_COUNTIES_SHARE, _SEAMS_SHARE, _WHOLE_SHARE = 0.8, 0.07, 0.1
#: Digits of a province's code: its data are not checked as a whole, since all layers would have to be in memory.
_PROVINCE_DIGITS = 2
#: Digits at the beginning of a name that are the code of a county.
_CODE_PATTERN = re.compile(rf"\d{{{DIVISION_CODE_DIGITS}}}(?!\d)")
#: Counties that the error of a refused gathering names; the table has all.
_MAX_NAMED_COUNTIES = 12
#: A seam needs two counties.
_MIN_COUNTIES = 2


@dataclass
class _Run:
    """State of a gathering that does not change after its start."""

    options: GatherOptions
    spec: PackageSpec
    county_spec: PackageSpec
    norm: Norm
    placeholders: dict[str, str]
    document: ResolvedDocument
    order: ExportOrder
    target: Path
    found: CountyList
    filled_slots: list[FilledSlot]
    slot_problems: list[ExportProblem]
    seams: GatheredSeams | None
    progress: ProgressCallback
    cancellation: Cancellation
    former: FormerRound | None = None
    targets: ParentTargets = field(default_factory=ParentTargets)
    print_pdf: DocumentPrinter | None = None
    picture_drawer: PictureDrawer = draw_no_pictures

    @property
    def checks_whole(self) -> bool:
        """Return True if the gathered data are to be checked as a whole."""
        return self.options.checks_whole and self.spec.digits > _PROVINCE_DIGITS


def gather_counties(
    options: GatherOptions,
    *,
    on_county: Callable[[GatheredCounty], None] = lambda county: None,
    print_pdf: DocumentPrinter | None = None,
    draw_pictures: PictureDrawer = draw_no_pictures,
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> tuple[GatherResult, list[str]]:
    """Gather packages of counties into the package of their parent; return the result and the paths of its files.

    ``on_county``: called with each county after its inspection; ``print_pdf``: as for `export_package`;
    ``draw_pictures``: draws the pictures of the report of a plan. After Cancelled, and after an error, the former
    package and tables are unchanged; a gathering that is refused, also at the gate, writes its tables and makes no
    package.

    Raises
    ------
    InputError, DataError
        An option is wrong, or no county is found.
    OutputError
        A county is refused and not to be left out, a required part is missing and the package is not forced, or
        something cannot be written.
    """
    spec, county_spec = load_package_spec(options.parent_spec), load_package_spec(options.county_spec)
    if spec.digits == DIVISION_CODE_DIGITS:
        raise InputError("gather_spec", value=spec.id, name=spec.name)
    for vectors in spec.vectors:
        if vectors.suffix not in DATABASE_FORMATS:
            raise InputError("gather_format", value=vectors.file, name=spec.name)
    # Errors in options are reported before any county is read.
    parse_deadline(options.deadline)
    former, targets = read_former_round(options.former), read_parent_targets(options.targets)
    norm = _make_parent_options(options, spec).resolve_norm()
    found = list_counties(options.source, options.output)
    check_output_outside_data(options.output, [options.source], found.counties)
    code = options.area_code or (norm.profile.area_code if norm.profile.area_code.isdigit() else "")
    if not code:
        prefixes = {
            match[0][: spec.digits] for match in [_CODE_PATTERN.match(one.name) for one in found.counties] if match
        }
        if len(prefixes) != 1:
            raise InputError("gather_area_unknown", found=", ".join(sorted(prefixes)) or "—")
        code = f"{prefixes.pop():0<{DIVISION_CODE_DIGITS}}"
    values = find_placeholder_values_of_area(code, norm, spec, norm.profile.name)
    if values is None or values["code"] != code:
        raise InputError("gather_area_wrong", value=code, name=spec.name)
    placeholders = values
    order = ExportOrder(
        spec,
        options.output,
        options.documents_folder,
        is_forced=options.is_forced,
        keeps_personal_fields=options.keeps_personal_fields,
        makes_maps=False,
    )
    document = resolve_package_document_info(norm, order, placeholders)
    document.require_exportable(spec.secrecy_levels, spec.name)
    root = fill_name_pattern(spec.root, placeholders)
    if problem := find_name_problem(root):
        raise OutputError("package_root", value=root, detail=problem)
    target = options.output / root
    seams = GatheredSeams(options) if options.checks_seams else None
    seams_folder = options.output / SEAMS_FOLDER if seams is not None else options.output
    # Folders that stay empty are deleted at the end of the block.
    with make_export_folder(options.output), lock_for_writing(target), make_export_folder(seams_folder):
        finish_interrupted_export(target)
        check_target_is_replaceable(target, [one.source for one in found.counties], spec, placeholders)
        check_files_writable(options.output, (GATHERING_XLSX, GATHERING_JSON))
        check_returns_replaceable(options.output)
        if seams is not None:
            check_output_folder(seams_folder)
        filled_slots, slot_problems = fill_slots(
            spec, placeholders, options.documents_folder, target if target.is_dir() else None, options.check.lang
        )
        stop_on_gate_problems(slot_problems, order.is_forced, target.name)
        run = _Run(
            options, spec, county_spec, norm, placeholders, document, order, target, found, filled_slots,
            slot_problems, seams, progress, cancellation, former, targets, print_pdf,
            draw_pictures,
        )  # fmt: skip
        return _gather(run, on_county)


def _make_parent_options(options: GatherOptions, spec: PackageSpec) -> RunOptions:
    """Return the options of a check by the standard and profile of the parent."""
    return RunOptions(standard=spec.standard, profile=options.parent_profile, lang=options.check.lang)


def _gather(run: _Run, on_county: Callable[[GatheredCounty], None]) -> tuple[GatherResult, list[str]]:
    """Make the package while the target is locked."""
    result = GatherResult(
        run.placeholders["code"],
        run.placeholders["name"],
        [],
        run.options.check.lang,
        datetime.now().astimezone(),
        ignored_names=run.found.ignored_names,
    )
    # Leaving the stack after an error restores former tables: also if the package cannot be replaced.
    with (
        ExitStack() as tables,
        tempfile.TemporaryDirectory(prefix="sanxian-", ignore_cleanup_errors=True) as folder,
        closing(KeyRegister(Path(folder) / "keys.sqlite")) as keys,
        replace_folder(run.target, run.cancellation) as new_folder,
    ):
        appender = Appender(
            run.spec,
            keep_county_fields(run.norm, load_standard(run.county_spec.standard), run.spec.gathering.renamed),
            new_folder,
            run.placeholders,
            keys,
            run.options.keeps_personal_fields,
            run.cancellation,
        )
        _append_counties(run, appender, result, on_county)
        _stop_on_refused(run, result)
        appender.add_joined_divisions()
        result.amounts, result.repeated_keys = appender.amounts, keys.list_repeated()
        problems = [
            *run.slot_problems,
            *appender.problems.by_kind.values(),
            *appender.find_layer_problems(),
            *find_gathering_problems(result, run.norm, run.filled_slots, checks_whole=run.checks_whole),
        ]
        _stop_on_gate_problems(run, result, problems)
        for data_set in appender.data_sets:
            data_set.finish(run.cancellation)
        if run.seams is not None:
            result.seams = run.seams.compare(
                lambda share: run.progress(_COUNTIES_SHARE + _SEAMS_SHARE * share, ""), run.cancellation
            )
        result.digest, result.problems = write_package_parts(
            run.norm,
            run.order,
            new_folder,
            run.placeholders,
            run.document,
            run.filled_slots,
            appender.data_sets,
            result,
            problems,
            _check_whole(run, appender.data_sets[0].path, result, problems) if run.checks_whole else None,
            run.print_pdf,
            run.picture_drawer,
            run.cancellation,
        )
        result.package = run.target
        written = [str(run.target), *_place_tables(run, result, tables)]
    run.progress(1.0, "")
    return result, written


def _check_whole(run: _Run, path: Path, result: GatherResult, problems: list[ExportProblem]) -> CheckResult | None:
    """Check the gathered data at a path; add problems of its report, or why it was not made.

    The package is made whatever the verdict: its report shows the parent what is to be corrected.
    """
    start = _COUNTIES_SHARE + _SEAMS_SHARE
    try:
        checked = check_plan(
            path,
            _make_parent_options(run.options, run.spec),
            progress=lambda share, text: run.progress(start + _WHOLE_SHARE * share, text),
            cancellation=run.cancellation,
        )
    except (InputError, DataError) as error:
        problems.append(ExportProblem(ProblemLevel.NOTE, "gather_whole_failed", params={"reason": CauseMessage(error)}))
        return None
    report = add_data_digest(add_document_info(checked.report, run.document), checked.plan, run.cancellation)
    result.whole = report
    problems += choose_documents_to_make(run.filled_slots, run.print_pdf)[1]
    params = {
        "verdict": Message("verdicts", str(report.verdict)),
        **{key: report.summary[key] for key in ("errors", "warnings", "skipped")},
    }
    problems.append(ExportProblem(ProblemLevel.NOTE, "gather_checked", params=params))
    return replace(checked, report=report)


def _place_tables(run: _Run, result: GatherResult, tables: ExitStack) -> list[str]:
    """Write tables and seams in place of the former ones, which the stack keeps; return their paths. Raise OutputError.

    The package follows: a workbook that is open elsewhere stops the run before the package is replaced.
    """
    run.cancellation.raise_if_cancelled()
    seams_folder = run.options.output / SEAMS_FOLDER
    written = [] if result.seams is None else tables.enter_context(place_result(result.seams, seams_folder))
    if result.seams is None and has_former_result(seams_folder):
        # It concerns the folder of the results, not the package: the manifest does not have it.
        result.problems = [
            *result.problems,
            ExportProblem(ProblemLevel.NOTE, "gather_seams_former", params={"folder": SEAMS_FOLDER}),
        ]
    return [*tables.enter_context(place_result_files(result, run.options.output)), *written]


def _append_counties(
    run: _Run, appender: Appender, result: GatherResult, on_county: Callable[[GatheredCounty], None]
) -> None:
    """Inspect each county and append its layers; after a refusal that stops the gathering only inspect.

    Then compare them with the earlier round and with their targets.
    """
    counties = run.found.counties
    prefix = compute_division_prefix(run.placeholders["code"])
    for number, source in enumerate(counties):
        run.cancellation.raise_if_cancelled()
        run.progress(_COUNTIES_SHARE * number / len(counties), source.name)
        county, plan = inspect_county(source, run.options, run.county_spec, run.cancellation)
        check_area(county, result.counties, prefix)
        result.counties.append(county)
        if result.refused and not run.options.leaves_out and county.is_gathered:
            county.mark_not_gathered()
        if plan is not None and county.is_gathered:
            appender.add_county(county, plan)
            if county.is_gathered and run.seams is not None:
                run.seams.add(source, plan, run.cancellation)
        on_county(county)
        # Plans have reference cycles: without this call the memory of several counties adds up.
        del plan
        gc.collect()
    if run.former is not None:
        result.former, result.rounds = run.former, compare_rounds(run.former, result.counties)
    result.deadline = parse_deadline(run.options.deadline)
    result.allotments = make_allotments(run.targets, result, run.norm)


def _stop_on_gate_problems(run: _Run, result: GatherResult, problems: list[ExportProblem]) -> None:
    """Write the tables and raise OutputError if problems stop the package."""
    try:
        stop_on_gate_problems(problems, run.order.is_forced, run.target.name)
    except OutputError:
        result.problems = problems
        result.mark_not_gathered()
        write_result_files(result, run.options.output)
        raise


def _stop_on_refused(run: _Run, result: GatherResult) -> None:
    """Write the tables and raise OutputError if refused counties are not to be left out, or none remains."""
    if result.gathered and (run.options.leaves_out or not result.refused):
        return
    result.mark_not_gathered()
    write_result_files(result, run.options.output)
    shown = tuple(
        Message("gathering", "refused_line", {"name": one.name, "reasons": MessageLines(tuple(one.reasons))})
        for one in result.refused[:_MAX_NAMED_COUNTIES]
    )
    key = "gather_refused" if len(result.refused) < len(result.counties) else "gather_none"
    raise OutputError(key, target=run.target.name, count=len(result.refused), reasons=MessageLines(shown))


class GatheredSeams:
    """Borders of the counties so far, to compare when all are gathered. Raise InputError for unusable targets."""

    def __init__(self, options: GatherOptions):
        self.lang, self.norm = options.check.lang, options.check.resolve_norm()
        self.settings = SeamSettings.from_norm(self.norm)
        self.targets = read_parent_targets(options.targets)
        self.borders: list[CountyBorders] = []

    def add(self, county: County, plan: Plan, cancellation: Cancellation) -> None:
        """Keep the borders of a county, or the reason why it has none. Raise Cancelled and MemoryError."""
        has_targets = bool(self.targets.parent)
        self.borders.append(
            make_borders_or_reason(
                county,
                lambda: extract_borders(county, plan, self.settings, has_targets, self.lang, cancellation),
                self.lang,
            )
        )

    def compare(self, progress: Callable[[float], None], cancellation: Cancellation) -> SeamResult | None:
        """Return the comparison of the counties; None if fewer than two have a border.

        ``progress``: called with the share of the comparison, 0 to 1. Raise Cancelled.
        """
        if sum(one.is_read for one in self.borders) < _MIN_COUNTIES:
            return None
        progress(0.0)
        return compare_read_counties(
            self.borders,
            self.targets,
            self.settings,
            self.norm,
            self.lang,
            progress=progress,
            cancellation=cancellation,
        )

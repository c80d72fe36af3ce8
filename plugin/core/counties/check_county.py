# SPDX-License-Identifier: GPL-2.0-or-later
"""Check one county of a batch: write its report and its record."""

from __future__ import annotations

import time
import traceback
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from ..base.connection_text import describe_exception
from ..base.errors import NEVER_CANCELLED, Cancellation, Cancelled, DataError, InputError, OutputError, SanxianError
from ..base.files.cells import parse_date
from ..base.files.digests import add_digest, compute_sha256, is_complete_file, read_json_with_digest
from ..base.files.writing import OutputPaths, explain_os_error, make_access_error, write_text
from ..checks.check import CheckResult, check_plan
from ..model.indicator import AREA_FIGURES
from ..render.outputs import dump_json, write_outputs
from ..standard.messages.texts import Message, Texts, strip_folders
from ..standard.numbering import DIVISION_CODE_DIGITS
from .county_record import RECORD_FILE, REPORT_SUFFIXES, CountyRecord, CountyState, CountyTask

#: Forms of a report that are not edited; a planner signs documents, fills in the ledger and styles the layer.
_UNEDITED_FORMS = ("json", "html")
#: Name of a county's report in all forms, without suffix; that of the layer of findings.
REPORT_STEM, FINDINGS_STEM = "report", "findings"


def check_county(
    task: CountyTask,
    progress: Any = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> CountyRecord:
    """Check a county, write its report, then its record; return the record.

    The record is written last and names the digest of the inputs, so that a folder without a record was not finished.
    An error of data, settings or files, and an unexpected error, become a record with the reason and without a report.
    Raise Cancelled, and MemoryError.
    """
    start_time, started = time.monotonic(), datetime.now().astimezone().isoformat(timespec="seconds")
    try:
        clear_county_folder(task.folder)
        if task.county.is_package:
            from ..package.export import make_options_for_package
            from ..package.inspection.inspect import inspect_package
            from ..package.package_spec.load import load_package_spec

            spec = load_package_spec(task.package_spec)
            result = inspect_package(
                task.county.source,
                spec,
                make_options_for_package(task.options, spec),
                progress=progress,
                cancellation=cancellation,
            )
        else:
            result = check_plan(task.county.source, task.options, progress=progress, cancellation=cancellation)
        record = make_checked_record(task, result)
        paths = make_report_paths(task.folder, task.forms)
        write_outputs(
            result.report,
            result.plan,
            OutputPaths(**{form: str(path) for form, path in paths.items()}),
            cancellation=cancellation,
        )
        record.digests = {path.name: compute_sha256(path) for form, path in paths.items() if form in _UNEDITED_FORMS}
    except OutputError as error:
        record = _make_error_record(task, CountyState.UNWRITTEN, error)
    except (InputError, DataError) as error:
        record = _make_error_record(task, CountyState.UNREAD, error)
    except OSError as error:
        record = _make_error_record(
            task,
            CountyState.UNREAD,
            make_access_error(task.county.source, error),
        )
    except (MemoryError, Cancelled):
        raise
    except Exception as error:  # an unexpected error of one county must not stop the others: its row has the reason
        record = make_failed_record(
            task,
            CountyState.CRASHED,
            describe_exception(error),
            [
                f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(error.__traceback__)
            ],
        )
    record.times = {"started": started, "seconds": round(time.monotonic() - start_time, 3)}
    return store_record(task, record)


def store_record(task: CountyTask, record: CountyRecord) -> CountyRecord:
    """Write a record into the county's folder; return it.

    If that fails, return a record with the reason; without a stored record the county counts as not finished.
    """
    try:
        if not record.is_checked:
            clear_county_folder(task.folder)
        write_record(record, task.folder)
    except OutputError as error:
        return replace(_make_error_record(task, CountyState.UNWRITTEN, error), times=record.times)
    return record


def make_report_paths(folder: Path, forms: tuple[str, ...]) -> dict[str, Path]:
    """Return form → path of a county's report; JSON is always among them."""
    stems = dict.fromkeys(forms, REPORT_STEM) | ({"findings": FINDINGS_STEM} if "findings" in forms else {})
    return {
        "json": folder / f"{REPORT_STEM}.json",
        **{form: folder / f"{stem}{REPORT_SUFFIXES[form]}" for form, stem in stems.items()},
    }


def make_checked_record(task: CountyTask, result: CheckResult) -> CountyRecord:
    """Return the record of a checked county."""
    from ..render.finding_lists import sum_findings_by_rule
    from ..render.sections import make_not_checked_section
    from ..render.words import ReportTexts
    from .overview_map import make_outline

    report, provenance = result.report, result.report.provenance
    report_texts = ReportTexts(report.lang)
    outline, basis = make_outline(result.plan)
    from ..rules._attributes import read_setting_words

    today, plan, waivers = date.today(), result.plan, result.waivers.entries
    end_fields = [end for _, end in read_setting_words(plan.norm, "attributes.date_pairs", 2, 2)]
    texts = {text for layer in plan.layers.values() for end in end_fields for text in layer.get_texts_by_name(end)}
    ends = [*(one.until for one in waivers), *map(parse_date, texts)]
    days = [
        *[one.date for one in waivers],
        *[end + timedelta(days=1) for end in ends if end is not None and end < date.max],
    ]
    later_days = [day for day in days if day > today]
    return CountyRecord(
        task.county.name,
        CountyState.CHECKED,
        task.fingerprint,
        report.lang,
        verdict=str(report.verdict),
        area_code=provenance["area_code"],
        area_name=provenance["area_name"],
        scope=provenance["scope"],
        phase=provenance["phase"],
        standard=provenance["standard"]["name"],
        profile=provenance["profile"]["name"],
        counts={key: report.summary[key] for key in ("errors", "warnings", "infos", "waived", "rules", "skipped")},
        figures=[
            one.to_dict()
            for one in report.indicators
            if not one.place and (one.target is not None or one.id in AREA_FIGURES)
        ],
        problems=[
            {key: row[key] for key in ("code", "title", "severity", "count", "area_m2")}
            for row in sum_findings_by_rule(report, report_texts)
        ],
        unchecked=[row for row in make_not_checked_section(report, report_texts)["rows"] if row["title"]],
        outline=outline,
        outline_basis=basis,
        forms=sorted(task.forms),
        input_bytes=task.input_bytes,
        changes_on=min(later_days).isoformat() if later_days else "",
    )


def _make_error_record(task: CountyTask, state: CountyState, error: SanxianError) -> CountyRecord:
    """Return the record of a county that could not be checked, with the sentence on the reason and the remedy."""
    return make_failed_record(task, state, strip_folders(Texts(task.options.lang).explain_error(error)))


def make_failed_record(
    task: CountyTask, state: CountyState, reason: str, trace: list[str] | None = None
) -> CountyRecord:
    """Return the record of a county without a verdict. ``reason``: without folders of this machine.

    Code and name of the county come from the six digits that its name or that of its data begins with.
    """
    from ..standard import load_standard

    divisions = load_standard("county_db").code_lists["divisions"].entry_by_code
    beginnings = (name[:DIVISION_CODE_DIGITS] for name in (task.county.name, Path(task.county.source).name))
    area_code = next((code for code in beginnings if code in divisions), "")
    return CountyRecord(
        task.county.name,
        state,
        task.fingerprint,
        task.options.lang,
        reason=reason,
        trace=trace or [],
        area_code=area_code,
        area_name=divisions[area_code].name if area_code else "",
        forms=sorted(task.forms),
        input_bytes=task.input_bytes,
    )


def make_lost_record(task: CountyTask, loss: Message) -> CountyRecord:
    """Return and store the record of a county that had no record at two attempts; ``loss``: why it has none."""
    return store_record(task, make_failed_record(task, CountyState.LOST, loss.render(Texts(task.options.lang))))


def clear_county_folder(folder: Path) -> None:
    """Create the folder of a county, and remove an earlier record, then the earlier reports.

    The record goes first: a folder that a killed run left without it counts as not finished. Raise OutputError.
    """
    targets = [folder / RECORD_FILE, *make_report_paths(folder, tuple(REPORT_SUFFIXES)).values()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in targets:
            path.unlink(missing_ok=True)
    except PermissionError as error:
        raise OutputError("output_open_elsewhere", target=str(error.filename or folder)) from error
    except OSError as error:
        raise OutputError("output_unwritable", target=str(folder), detail=explain_os_error(error)) from error


def write_record(record: CountyRecord, folder: Path) -> None:
    """Write a record with its digest into a county's folder, atomically.

    Raise OutputError.
    """
    write_text(folder / RECORD_FILE, add_digest(dump_json(record.to_dict())))


def read_record(folder: Path) -> CountyRecord | None:
    """Return the record in a county's folder; None without a valid one.

    A record is valid if this version of the plugin wrote it and nothing changed it since.
    """
    try:
        return CountyRecord.from_dict(read_json_with_digest(folder / RECORD_FILE), folder / RECORD_FILE)
    except (OSError, ValueError, DataError):
        # Without a readable record the county is checked again, and the record is written anew.
        return None


def is_current(record: CountyRecord, task: CountyTask) -> bool:
    """Return True if a record belongs to a county's present inputs.

    Its report must have all requested forms, unchanged. A county that was renamed in the list may have the folder, and
    so the record, of its former name. Documents, the ledger and the layer of findings may have been edited since; they
    count if they are complete files.
    """
    if record.name != task.county.name or record.fingerprint != task.fingerprint:
        return False
    if record.changes_on and date.today().isoformat() >= record.changes_on:
        return False
    return not record.is_checked or all(
        _is_unchanged(path, record) if form in _UNEDITED_FORMS else is_complete_file(path)
        for form, path in make_report_paths(task.folder, task.forms).items()
    )


def _is_unchanged(path: Path, record: CountyRecord) -> bool:
    """Return True if a report is the file that was written with a record."""
    try:
        return record.digests.get(path.name) == compute_sha256(path)
    except OSError:
        return False

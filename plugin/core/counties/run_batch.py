# SPDX-License-Identifier: GPL-2.0-or-later
"""A batch check: find the counties, check those without a current result, summarise all.

Command line, toolbox and desktop use this module. The folder of results has a folder for each county with its report
and its record, and the summary. A run that is killed leaves complete reports; the next run continues.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ..base.errors import NEVER_CANCELLED, Cancellation, InputError, OutputError, ProgressCallback
from ..base.files.names import make_unique_file_names
from ..base.files.open_datasource import DATABASE_ERRORS
from ..base.files.writing import check_result_folder, explain_os_error
from ..base.parallel.threads import map_in_threads
from ..engine.evaluate import choose_rules
from ..package.folder import lock_for_writing
from ..package.package_spec.load import load_package_spec
from ..plan.loading.reading import check_base_year
from ..plan.loading.recognition import choose_scope
from ..standard.messages.texts import Message
from ..standard.options import RunOptions
from .check_county import check_county, is_current, make_lost_record, read_record
from .county_record import (
    COUNTIES_FOLDER,
    LOCK_NAME,
    STAGING_FOLDER,
    SUMMARY_FILES,
    TEMPORARY_PREFIX,
    BatchOptions,
    County,
    CountyRecord,
    CountyTask,
)
from .sources import (
    check_files_writable,
    check_output_outside_data,
    compute_data_digest,
    compute_settings_digest,
    join_digests,
    list_counties,
    measure_bytes,
)
from .summary import BatchSummary, make_summary
from .write_summary import write_summary

#: Checks counties, with a folder for temporary files, and calls a function with the record of each. Raises Cancelled.
TaskRunner = Callable[[list[CountyTask], Path, Callable[[CountyRecord], None], ProgressCallback, Cancellation], None]
#: Share of the progress for the digests of all inputs.
_DIGEST_SHARE = 0.05


@dataclass(frozen=True)
class PlannedCounty:
    """A county of a batch with its task and the record of an earlier run.

    ``needs_check``: False if the earlier result is used.
    """

    task: CountyTask
    record: CountyRecord | None
    needs_check: bool

    @property
    def name(self) -> str:
        """Return the name of the county."""
        return self.task.county.name


@dataclass(frozen=True)
class PlannedBatch:
    """What a batch check will do: its counties in order, and names of data that belong to no county."""

    counties: tuple[PlannedCounty, ...]
    ignored_names: tuple[str, ...]


@dataclass(frozen=True)
class BatchResult:
    """The result of a batch check: the summary, and the paths of its files."""

    summary: BatchSummary
    written: tuple[str, ...]


def plan_batch(
    options: BatchOptions,
    *,
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> PlannedBatch:
    """Find the counties of a batch and decide which are checked. Nothing is written.

    Raise InputError, DataError or OutputError if the batch cannot run, and Cancelled.
    """
    if options.jobs < 1:
        raise InputError("counties_jobs", value=str(options.jobs))
    check = options.check
    norm = check.resolve_norm()
    choose_rules(norm.rules, norm.expand_groups(check.rules), norm.declared_rules)
    choose_scope(norm, set(), check.scope)
    check_base_year(check.base_year)
    load_package_spec(options.package_spec)
    found = list_counties(options.source, options.output)
    check_output_outside_data(options.output, (options.source,), found.counties)
    check_result_folder(options.output, COUNTIES_FOLDER)
    folder_names = make_unique_file_names((one.name for one in found.counties), "county")
    counties = found.counties
    check_options = [
        replace(check, profile=one.profile or check.profile, baseline=one.baseline or check.baseline)
        for one in counties
    ]
    # The settings of counties differ in profile and specification only.
    specs = [options.package_spec if one.is_package else "" for one in counties]
    options_by_key = {(one.profile, spec): one for one, spec in zip(check_options, specs, strict=True)}
    digest_by_key = {key: compute_settings_digest(one, key[1]) for key, one in options_by_key.items()}
    done_counts = [0]

    def digest_data(pair: tuple[County, RunOptions]) -> str:
        digest = compute_data_digest(pair[0], pair[1].baseline, cancellation)
        done_counts[0] += 1
        progress(done_counts[0] / len(counties), "")
        return digest

    data_digests = map_in_threads(digest_data, list(zip(counties, check_options, strict=True)), cancellation)
    planned = []
    for county, folder_name, county_options, spec, data_digest in zip(
        counties, folder_names, check_options, specs, data_digests, strict=True
    ):
        task = CountyTask(
            county,
            county_options,
            options.package_spec,
            options.output / COUNTIES_FOLDER / folder_name,
            tuple(sorted(options.forms)),
            join_digests([digest_by_key[county_options.profile, spec], data_digest]),
            measure_bytes(Path(county.source)),
        )
        record = read_record(task.folder) if options.resumes else None
        planned.append(PlannedCounty(task, record, needs_check(task, record, options.only_changed)))
    return PlannedBatch(tuple(planned), found.ignored_names)


def needs_check(task: CountyTask, record: CountyRecord | None, only_changed: bool) -> bool:
    """Return True for a county without a current result; a county without a verdict is tried again by default."""
    return True if record is None or not is_current(record, task) else not record.is_checked and not only_changed


def check_counties(
    options: BatchOptions,
    run_tasks: TaskRunner,
    *,
    on_record: Callable[[CountyRecord], None] = lambda record: None,
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> BatchResult:
    """Check the counties of a batch that have no current result, then write the summary of all.

    ``run_tasks``: checks the counties, such as `check_in_sequence`; ``on_record``: called with each new record.

    Raises
    ------
    InputError, DataError, OutputError
        The batch cannot run, or the summary cannot be written; reports of counties that are complete remain.
    Cancelled
        Reports of counties that are complete remain; the former summary is unchanged.
    """
    planned = plan_batch(
        options, progress=lambda share, text: progress(_DIGEST_SHARE * share, text), cancellation=cancellation
    )
    with _open_output_folder(options.output) as temporary_folder:
        check_files_writable(options.output, SUMMARY_FILES)
        tasks = [one.task for one in planned.counties if one.needs_check]
        new_records: dict[str, CountyRecord] = {}

        def keep_record(record: CountyRecord) -> None:
            new_records[record.name] = record
            on_record(record)

        run_tasks(
            tasks,
            temporary_folder,
            keep_record,
            lambda share, text: progress(_DIGEST_SHARE + (1 - _DIGEST_SHARE) * share, text),
            cancellation,
        )
        records = [new_records.get(one.name) or one.record for one in planned.counties]
        summary = make_summary(
            [record for record in records if record is not None],
            {one.name: one.task.folder for one in planned.counties},
            options,
            frozenset(new_records),
            planned.ignored_names,
        )
        cancellation.raise_if_cancelled()
        write_summary(summary, options.output, temporary_folder, options.output / STAGING_FOLDER)
    progress(1.0, "")
    return BatchResult(summary, tuple(str(options.output / name) for name in SUMMARY_FILES))


@contextmanager
def _open_output_folder(output: Path) -> Iterator[Path]:
    """Create and lock the folder of results; yield a folder for temporary files.

    What a killed run left unfinished is deleted first. The temporary folder is in the output, so that nothing else of
    the machine is written; on a file system without SQLite's locks it is in the system's temporary folder. Raise
    OutputError, also while another batch writes there.
    """
    try:
        (output / COUNTIES_FOLDER).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError("output_unwritable", target=str(output), detail=explain_os_error(error)) from error
    with ExitStack() as stack:
        try:
            stack.enter_context(lock_for_writing(output / LOCK_NAME))
        except OutputError as error:
            if error.key != "package_busy":
                raise
            raise OutputError("counties_busy", target=str(output), who=error.params["who"]) from error
        temporary_folder = output / STAGING_FOLDER
        _remove_leftovers(output)
        try:
            temporary_folder.mkdir()
            if _supports_locks(temporary_folder):
                yield temporary_folder
            else:
                with tempfile.TemporaryDirectory(prefix="sanxian-", ignore_cleanup_errors=True) as folder:
                    yield Path(folder)
        finally:
            _remove_leftovers(output)


def _remove_leftovers(output: Path) -> None:
    """Delete temporary folders of this or an earlier run."""
    for folder in (output / STAGING_FOLDER, *(output / COUNTIES_FOLDER).glob(f"*/{TEMPORARY_PREFIX}*")):
        # A file that is open elsewhere is deleted by the next run.
        shutil.rmtree(folder, ignore_errors=True)
    for folder in output.glob(f"{TEMPORARY_PREFIX}*"):
        # The test whether the summary can be written leaves only empty ones; others are not of a batch.
        with suppress(OSError):
            folder.rmdir()


def _supports_locks(folder: Path) -> bool:
    """Return True if SQLite can lock a database in a folder, as the writer of GeoPackages must."""
    path = folder / "lock.sqlite"
    try:
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("CREATE TABLE lock (id INTEGER)")
    except DATABASE_ERRORS:
        return False
    path.unlink(missing_ok=True)
    return True


def check_in_sequence(
    tasks: list[CountyTask],
    temporary_folder: Path,
    on_record: Callable[[CountyRecord], None],
    progress: ProgressCallback,
    cancellation: Cancellation,
    on_start: Callable[[CountyTask], None] = lambda task: None,
) -> None:
    """Check one county after the other in this process, with all its threads. Raise Cancelled.

    A county for which memory does not suffice is reported, because here it cannot be tried alone on the machine.
    ``on_start``: called with each county whose check begins.
    """
    for number, task in enumerate(tasks):
        cancellation.raise_if_cancelled()
        on_start(task)
        progress(number / len(tasks), task.county.name)
        try:
            record = check_county(
                task,
                lambda share, text, number=number: progress((number + share) / len(tasks), ""),
                cancellation,
            )
        except MemoryError:
            record = make_lost_record(task, Message("counties", "out_of_memory"))
        on_record(record)


def count_progress(
    tasks: list[CountyTask], on_record: Callable[[CountyRecord], None], progress: ProgressCallback
) -> Callable[[CountyRecord], None]:
    """Return a function that passes a record on and reports the progress, by the size of the data."""
    total = sum(task.input_bytes for task in tasks) or 1
    bytes_by_name = {task.county.name: task.input_bytes for task in tasks}
    done = [0]

    def report_record(record: CountyRecord) -> None:
        done[0] += bytes_by_name[record.name]
        on_record(record)
        progress(done[0] / total, record.name)

    return report_record

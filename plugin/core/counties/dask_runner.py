# SPDX-License-Identifier: GPL-2.0-or-later
"""Check counties with Dask, in workers of this machine or of several machines; one county is one task.

Dask and distributed are imported only here, when a scheduler is asked for. As many counties are given to Dask as there
are workers, so that each worker has one, and the worker that ends names the county that it checked.

A county for which a worker lacked memory is checked once more alone, after all others. A county that lost its worker
for another reason is given to another worker first, `_MAX_ATTEMPTS` times in all; a running scheduler repeats it in
addition, if it is not started with `allowed-failures` 0.
"""

from __future__ import annotations

import logging
import math
import re
import time
import uuid
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..cancellation import Cancellation
from ..connection_text import is_connection
from ..engine.provenance import collect_versions, compute_program_digest
from ..errors import InputError
from ..messages.privacy import describe_exception
from ..messages.texts import Texts
from ..parallel.process_state import get_available_cores
from . import dask_preload
from .check_county import check_county, make_failed_record, store_record
from .dask_worker import CountyOrder, NoRecord, WorkerProblem, check_on_worker
from .model import STAGING_FOLDER, CountyRecord, CountyState, CountyTask
from .run import ProgressCallback, count_progress

#: The scheduler that is started on this machine for a run.
LOCAL = "local"
_ADDRESS_PATTERN = re.compile(r"(tcp|tls|ws|wss)://\S+", re.IGNORECASE)
_BYTES_PER_GB = 1e9
#: Seconds between two queries of the tasks, and of the number of workers.
_POLL_SECONDS, _WORKERS_SECONDS = 0.1, 1.0
_CONNECTION_SECONDS = 20
#: Without any worker for this time (s) the run ends.
_MAX_SECONDS_WITHOUT_WORKER = 60.0
#: Seconds until workers on other machines must have noticed that the run was cancelled.
_MAX_CANCELLING_SECONDS = 60.0
#: Topic of the events by which a scheduler knows which workers were ended for their memory, and how long the report of
#: an ended worker may take (s).
_MEMORY_TOPIC, _REPORT_SECONDS = "worker-restart-memory", 1.0
#: Attempts at a county whose worker is lost, before it is checked alone.
_MAX_ATTEMPTS = 3


@dataclass(frozen=True)
class Loss:
    """Why a county has no record: its worker lacked memory, or ended (``detail``: an unexpected error, if any)."""

    lacked_memory: bool
    detail: str = ""


def import_distributed() -> Any:
    """Return the library distributed. Raise InputError if Dask or distributed is not installed."""
    try:
        import distributed
    except ImportError as error:
        raise InputError("counties_dask_missing", library=error.name or "distributed") from error
    return distributed


class DaskRunner:
    """Checks counties in workers of Dask.

    ``scheduler``: ``local``, or the address of a running scheduler (tcp://host:port); ``jobs``: number of local
    workers; ``memory_limit_gb``: of a local worker in GB, by default an equal share of the machine's memory. Workers of
    a running scheduler have the limit with which they were started.
    """

    def __init__(
        self,
        scheduler: str,
        jobs: int = 1,
        memory_limit_gb: float | None = None,
        check: Callable[..., CountyRecord] = check_county,
    ):
        self._is_local = scheduler.strip().lower() == LOCAL
        if not self._is_local and not _ADDRESS_PATTERN.fullmatch(scheduler.strip()):
            raise InputError("counties_scheduler", value=scheduler)
        if memory_limit_gb is not None:
            if not self._is_local:
                raise InputError("counties_memory_not_local")
            if not (math.isfinite(memory_limit_gb) and memory_limit_gb > 0):
                raise InputError("counties_memory_limit", value=str(memory_limit_gb))
        import_distributed()
        self._scheduler, self._jobs, self._check = scheduler.strip(), jobs, check
        self._memory_limit_gb = memory_limit_gb

    def __call__(
        self,
        tasks: list[CountyTask],
        temporary_folder: Path,
        on_record: Callable[[CountyRecord], None],
        progress: ProgressCallback,
        cancellation: Cancellation,
    ) -> None:
        """Check the counties of all tasks; the progress follows the size of the data.

        Raise InputError if the scheduler or its workers cannot be used, and Cancelled.
        """
        if not tasks:
            return
        report_record = count_progress(tasks, on_record, progress)
        tasks = [_make_paths_absolute(task) for task in tasks]
        with _create_run_mark(tasks[0]) as run_mark:

            def check_all(client: Any, tasks: list[CountyTask], **limits: int) -> list[tuple[CountyTask, Loss]]:
                folder = str(temporary_folder.absolute()) if self._is_local else ""
                session = _Session(client, run_mark, folder, self._check, cancellation, waits_at_end=not self._is_local)
                return session.check_all(tasks, report_record, **limits)

            def report_lost(lost: list[tuple[CountyTask, Loss]], limit_bytes: int | None) -> None:
                for task, loss in lost:
                    report_record(make_lost_record(task, loss, limit_bytes))

            if self._is_local:
                self._check_locally(tasks, temporary_folder, check_all, report_lost)
                return
            with _connect(self._scheduler) as client:
                one_thread = [replace(task, thread_count=1) for task in tasks]
                lost = check_all(client, one_thread, most_at_once=0, most_attempts=_MAX_ATTEMPTS)
                for task, _ in lost:
                    report_lost(
                        check_all(client, [replace(task, thread_count=0)], most_at_once=1, most_attempts=1), None
                    )

    def _check_locally(
        self,
        tasks: list[CountyTask],
        temporary_folder: Path,
        check_all: Callable[..., list[tuple[CountyTask, Loss]]],
        report_lost: Callable[[list[tuple[CountyTask, Loss]], int | None], None],
    ) -> None:
        """Check counties in workers of this machine, then each lost one alone, with the memory of all workers."""
        from distributed.system import MEMORY_LIMIT

        count = min(self._jobs, len(tasks))
        limit_bytes, limit_alone_bytes = compute_memory_limits(MEMORY_LIMIT, self._jobs, count, self._memory_limit_gb)
        with _start_local(count, limit_bytes, temporary_folder) as client:
            threads = max(1, get_available_cores() // count)
            shared = [replace(task, thread_count=threads) for task in tasks]
            lost = check_all(client, shared, most_at_once=count, most_attempts=_MAX_ATTEMPTS)
        if not lost:
            return
        with _start_local(1, limit_alone_bytes, temporary_folder) as client:
            alone = [replace(task, thread_count=0) for task, _ in lost]
            report_lost(check_all(client, alone, most_at_once=1, most_attempts=1), limit_alone_bytes)


def compute_memory_limits(
    machine_bytes: int, jobs: int, worker_count: int, limit_gb: float | None = None
) -> tuple[int, int]:
    """Return the memory limits in bytes of a local worker, and of one that checks a county alone.

    ``worker_count``: workers that start, fewer than ``jobs`` for few counties; ``limit_gb``: limit that the user gives
    each of ``jobs`` workers, None for equal shares of the machine.
    """
    if limit_gb is None:
        return machine_bytes // worker_count, machine_bytes
    limit_bytes = min(int(limit_gb * _BYTES_PER_GB), machine_bytes)
    return limit_bytes, min(limit_bytes * jobs, machine_bytes)


def _make_paths_absolute(task: CountyTask) -> CountyTask:
    """Return a task whose paths do not depend on the folder in which a process runs."""
    county, options = task.county, task.options
    source = county.source if is_connection(county.source) else str(Path(county.source).absolute())
    baseline = options.baseline
    if baseline and not is_connection(baseline):
        baseline = str(Path(baseline).absolute())
    profile = options.profile
    if profile and Path(profile).is_file():
        profile = str(Path(profile).absolute())
    return replace(
        task,
        county=replace(county, source=source),
        options=replace(options, profile=profile, baseline=baseline),
        folder=task.folder.absolute(),
    )


@contextmanager
def _create_run_mark(task: CountyTask) -> Iterator[Path]:
    """Create the file in the folder of results whose removal cancels the run on all workers; remove it at the end."""
    path = task.folder.parent.parent / STAGING_FOLDER / f"{uuid.uuid4().hex}.run"
    path.touch()
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def _start_local(workers: int, limit_bytes: int, temporary_folder: Path) -> Iterator[Any]:
    """Start workers on this machine, each a process with a memory limit; yield a client; end them afterwards."""
    import dask

    distributed = import_distributed()
    settings = {
        # The scheduler makes a folder too, by default in the temporary folder of the system, and leaves it there.
        "temporary-directory": str(temporary_folder),
        # A county that lost its worker is given out again by the session, which knows why.
        "distributed.scheduler.allowed-failures": 0,
        # A worker holds no data between two counties; one that paused for its memory would never go on.
        "distributed.worker.memory.target": False,
        "distributed.worker.memory.spill": False,
        "distributed.worker.memory.pause": False,
        "distributed.worker.multiprocessing-method": "spawn",
    }
    with (
        dask.config.set(settings),
        distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            memory_limit=limit_bytes,
            host="127.0.0.1",
            dashboard_address=None,
            local_directory=str(temporary_folder),
            silence_logs=logging.CRITICAL,
            preload=[dask_preload.__name__],
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


@contextmanager
def _connect(address: str) -> Iterator[Any]:
    """Connect to a running scheduler; yield the client. Raise InputError."""
    distributed = import_distributed()
    try:
        with warnings.catch_warnings():
            # Dask compares all libraries; a worker compares those that decide the results, and an error names them.
            warnings.simplefilter("ignore", distributed.versions.VersionMismatchWarning)
            client = distributed.Client(address, set_as_default=False, timeout=_CONNECTION_SECONDS)
    except (OSError, TimeoutError, ValueError) as error:
        raise InputError("counties_scheduler_unreachable", address=address, detail=str(error)) from error
    with client:
        yield client


class _Session:
    """Gives counties to the workers of a scheduler, and collects their records."""

    def __init__(
        self,
        client: Any,
        run_mark: Path,
        temporary_folder: str,
        check: Callable[..., CountyRecord],
        cancellation: Cancellation,
        waits_at_end: bool,
    ):
        self._client, self._cancellation = client, cancellation
        self._run_mark, self._temporary_folder, self._check = run_mark, temporary_folder, check
        self._waits_at_end = waits_at_end
        self._workers = _WorkerCount(client)

    def check_all(
        self, tasks: list[CountyTask], on_record: Callable[[CountyRecord], None], most_at_once: int, most_attempts: int
    ) -> list[tuple[CountyTask, Loss]]:
        """Check counties; return those without a record, with the reason.

        ``most_at_once``: 0 for the number of workers; ``most_attempts``: for counties that lost their worker, except
        for lack of memory.
        """
        queue = deque((task, 1) for task in tasks)
        running: dict[Any, tuple[CountyTask, int]] = {}
        lost: list[tuple[CountyTask, Loss]] = []
        try:
            while queue or running:
                self._cancellation.raise_if_cancelled()
                worker_count = self._workers.get_count()
                while queue and len(running) < min(worker_count, most_at_once or worker_count):
                    task, attempt = queue.popleft()
                    running[self._submit(task)] = task, attempt
                ended = [future for future in running if future.done()]
                if not ended:
                    time.sleep(_POLL_SECONDS)
                for future in ended:
                    task, attempt = running[future]
                    outcome = self._read_outcome(future)
                    del running[future]
                    if isinstance(outcome, CountyRecord):
                        on_record(outcome)
                    elif outcome.lacked_memory or attempt == most_attempts:
                        lost.append((task, outcome))
                    else:
                        queue.append((task, attempt + 1))
        finally:
            if running:
                self._stop(list(running))
        return lost

    def _submit(self, task: CountyTask) -> Any:
        """Give a county to the scheduler; return the future of its outcome."""
        paths = [task.folder.parent, self._run_mark.parent]
        names = [task.county.source, task.options.baseline, task.options.profile]
        paths += [Path(name) for name in names if name and not is_connection(name) and Path(name).is_absolute()]
        order = CountyOrder(
            task,
            compute_program_digest(),
            collect_versions(),
            tuple(path for path in paths if path.exists()),
            self._run_mark,
            self._temporary_folder,
            self._check,
        )
        return self._client.submit(check_on_worker, order, key=f"sanxian-county-{uuid.uuid4().hex}", pure=False)

    def _read_outcome(self, future: Any) -> CountyRecord | Loss:
        """Return the record of a task that ended, or why it is missing.

        Raise InputError if workers cannot check any county, or the scheduler is lost.
        """
        distributed = import_distributed()
        if future.status == "finished":
            answer = future.result()
            if isinstance(answer, WorkerProblem):
                raise InputError(answer.key, **answer.params)
            if isinstance(answer, CountyRecord):
                return answer
            return Loss(lacked_memory=answer == NoRecord.OUT_OF_MEMORY)
        if future.status != "error":
            raise InputError("counties_scheduler_lost", address=self._client.scheduler.address)
        error = future.exception()
        if isinstance(error, distributed.KilledWorker):
            return Loss(self._has_ended_for_memory(error.last_worker.address))
        import_error = _find_import_error(error)
        if import_error is not None:
            raise InputError("counties_worker_package", detail=describe_exception(import_error)) from error
        return Loss(False, describe_exception(error))

    def _has_ended_for_memory(self, address: str) -> bool:
        """Return True if a worker was ended because its memory exceeded its limit.

        The process that watches the worker reports that to the scheduler, about when the worker ends.
        """
        deadline = time.monotonic() + _REPORT_SECONDS
        while True:
            events = [event for _, event in self._client.get_events(_MEMORY_TOPIC)]
            if any(isinstance(event, dict) and event.get("worker") == address for event in events):
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)

    def _stop(self, futures: list[Any]) -> None:
        """Cancel counties that are being checked.

        Workers of other machines run on after this: wait until they left their county, so that none writes into the
        folder of the next run.
        """
        self._run_mark.unlink(missing_ok=True)
        deadline = time.monotonic() + _MAX_CANCELLING_SECONDS
        while self._waits_at_end and time.monotonic() < deadline and not all(future.done() for future in futures):
            time.sleep(_POLL_SECONDS)
        self._client.cancel(futures, force=True)


class _WorkerCount:
    """The number of workers, asked for now and then."""

    def __init__(self, client: Any):
        self._client, self._count, self._next_time = client, 0, 0.0
        self._last_seen = time.monotonic()

    def get_count(self) -> int:
        """Return the number of workers. Raise InputError without any for long, or without the scheduler."""
        if time.monotonic() >= self._next_time:
            try:
                self._count = len(self._client.nthreads())
            except (OSError, TimeoutError) as error:
                raise InputError("counties_scheduler_lost", address=self._client.scheduler.address) from error
            self._next_time = time.monotonic() + _WORKERS_SECONDS
            if self._count:
                self._last_seen = time.monotonic()
            elif time.monotonic() - self._last_seen > _MAX_SECONDS_WITHOUT_WORKER:
                raise InputError("counties_no_worker", address=self._client.scheduler.address)
        return self._count


def _find_import_error(error: BaseException) -> ImportError | None:
    """Return the error of a module that is not installed where a task was read, if another error follows from it."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ImportError):
        cause = cause.__cause__ or cause.__context__
    return cause


def make_lost_record(task: CountyTask, loss: Loss, limit_bytes: int | None) -> CountyRecord:
    """Return and store the record of a county that lost its worker also alone.

    ``limit_bytes``: memory limit of the worker that had the county alone, None if it is not known.
    """
    texts = Texts(task.options.lang)
    if not loss.lacked_memory:
        key = "worker_failed" if loss.detail else "worker_lost"
        reason = texts.get("counties", key, **({"detail": loss.detail} if loss.detail else {}))
    elif limit_bytes is None:
        reason = texts.get("counties", "worker_memory")
    else:
        reason = texts.get("counties", "worker_memory_limit", limit=f"{limit_bytes / _BYTES_PER_GB:.2f}")
    return store_record(task, make_failed_record(task, CountyState.LOST, reason))

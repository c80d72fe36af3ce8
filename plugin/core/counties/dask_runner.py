# SPDX-License-Identifier: GPL-2.0-or-later
"""Check counties with Dask, in workers of this machine or of several machines; one county is one task.

Dask and distributed are imported only here, when a scheduler is asked for. A county that loses its worker is checked
once more alone, after all others; a running scheduler repeats it in addition, if it is not started with
`allowed-failures` 0. A worker needs this program, the data and the folder of results.
"""

from __future__ import annotations

import logging
import math
import re
import socket
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..base.connection_text import describe_exception, is_connection
from ..base.errors import Cancellation, Cancelled, InputError, ProgressCallback
from ..base.parallel.process_state import get_available_cores, set_thread_count
from ..base.parallel.python_program import make_process_environment
from ..engine.provenance import collect_versions, compute_program_digest
from ..standard.messages.texts import Message
from .check_county import check_county, make_lost_record
from .county_record import STAGING_FOLDER, CountyRecord, CountyTask
from .processes import CountyPool
from .run_batch import count_progress

#: The scheduler that is started on this machine for a run.
LOCAL = "local"
_ADDRESS_PATTERN = re.compile(r"(tcp|tls|ws|wss)://\S+", re.IGNORECASE)
_BYTES_PER_GB = 1e9
_CONNECTION_SECONDS = 20
#: Without any worker for this time (s) at its begin the run ends.
_MAX_SECONDS_WITHOUT_WORKER = 60
#: Seconds until workers on other machines must have noticed that the run was cancelled; between two tests for that.
_MAX_CANCELLING_SECONDS, _MARK_SECONDS = 60.0, 1.0
#: A worker with several threads still checks one county at a time: recorded warnings belong to the whole process.
_ONE_COUNTY = threading.Lock()


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

        def check_all(
            client: Any, tasks: list[CountyTask], jobs: int, threads: int
        ) -> list[tuple[CountyTask, Message]]:
            # The file in the folder of results whose removal cancels the checks on all workers.
            mark = tasks[0].folder.parent.parent / STAGING_FOLDER / f"{uuid.uuid4().hex}.run"
            return _TaskPool(
                client, mark, self._check, threads, 0 if self._is_local else _MAX_CANCELLING_SECONDS
            ).check_all(tasks, jobs, report_record, cancellation)

        if self._is_local:
            lost = self._check_locally(tasks, temporary_folder, check_all)
        else:
            with _connect(self._scheduler) as client:
                lost = check_all(client, tasks, len(tasks), 1)
                if lost:
                    lost = check_all(client, [task for task, _ in lost], 1, get_available_cores())
        for task, loss in lost:
            report_record(make_lost_record(task, loss))

    def _check_locally(
        self,
        tasks: list[CountyTask],
        temporary_folder: Path,
        check_all: Callable[..., list[tuple[CountyTask, Message]]],
    ) -> list[tuple[CountyTask, Message]]:
        """Check counties in workers of this machine, then each lost one alone, with the memory of all workers.

        Return those that were lost twice.
        """
        from distributed.system import MEMORY_LIMIT

        count, cores = min(self._jobs, len(tasks)), get_available_cores()
        limit_bytes, limit_alone_bytes = compute_memory_limits(MEMORY_LIMIT, self._jobs, count, self._memory_limit_gb)
        with _start_local(count, limit_bytes, temporary_folder) as client:
            lost = check_all(client, tasks, count, max(1, cores // count))
        if not lost:
            return []
        with _start_local(1, limit_alone_bytes, temporary_folder) as client:
            lost = check_all(client, [task for task, _ in lost], 1, cores)
        limit = f"{limit_alone_bytes / _BYTES_PER_GB:.2f}"
        return [(task, Message("counties", "worker_memory_limit", {"limit": limit})) for task, _ in lost]


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
    source, baseline = (
        str(Path(one).absolute()) if one and not is_connection(one) else one
        for one in (task.county.source, task.options.baseline)
    )
    # A profile may be an id, or a file.
    profile = task.options.profile
    profile = str(Path(profile).absolute()) if profile and Path(profile).is_file() else profile
    return replace(
        task,
        county=replace(task.county, source=source),
        options=replace(task.options, profile=profile, baseline=baseline),
        folder=task.folder.absolute(),
    )


@contextmanager
def _start_local(workers: int, limit_bytes: int, temporary_folder: Path) -> Iterator[Any]:
    """Start workers on this machine, each a process with a memory limit; yield a client; end them afterwards."""
    import dask

    distributed = import_distributed()
    folder = str(temporary_folder.absolute())
    settings = {
        # The scheduler makes a folder too, by default in the temporary folder of the system, and leaves it there.
        "temporary-directory": folder,
        # A county that lost its worker is checked alone.
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
            local_directory=folder,
            silence_logs=logging.CRITICAL,
            env=make_process_environment(Path(folder)),
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


@contextmanager
def _connect(address: str) -> Iterator[Any]:
    """Connect to a running scheduler that has a worker; yield the client. Raise InputError."""
    distributed = import_distributed()
    try:
        with warnings.catch_warnings():
            # Dask compares all libraries; a worker compares those that decide the results, and an error names them.
            warnings.simplefilter("ignore", distributed.versions.VersionMismatchWarning)
            client = distributed.Client(address, set_as_default=False, timeout=_CONNECTION_SECONDS)
    except (OSError, TimeoutError, ValueError) as error:
        raise InputError("counties_scheduler_unreachable", address=address, detail=str(error)) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=_MAX_SECONDS_WITHOUT_WORKER)
        except TimeoutError as error:
            raise InputError("counties_no_worker", address=address) from error
        yield client


class _TaskPool(CountyPool):
    """Gives counties to the workers of a scheduler.

    ``mark``: the file by which checks are cancelled; ``threads``: of a geometry operation; ``cancelling_seconds``: how
    long workers may take to leave their county.
    """

    def __init__(
        self, client: Any, mark: Path, check: Callable[..., CountyRecord], threads: int, cancelling_seconds: float
    ):
        self._client, self._mark, self._check, self._threads = client, mark, check, threads
        self._cancelling_seconds = cancelling_seconds
        mark.touch()

    def start(self, task: CountyTask) -> Any:
        paths = [
            Path(name)
            for name in [task.county.source, task.options.baseline, task.options.profile]
            if not is_connection(name) and Path(name).is_absolute()
        ]
        order = CountyOrder(
            task,
            compute_program_digest(),
            collect_versions(),
            tuple(path for path in (self._mark.parent, *paths) if path.exists()),
            self._mark,
            self._threads,
            self._check,
        )
        return self._client.submit(check_on_worker, order, key=f"sanxian-county-{uuid.uuid4().hex}", pure=False)

    def has_ended(self, job: Any) -> bool:
        return bool(job.done())

    def read_result(self, job: Any, task: CountyTask) -> CountyRecord | Message:
        """Return the record of a job that has ended, or why it has none.

        Raise InputError if workers cannot check any county, or the scheduler is lost.
        """
        if job.status == "finished":
            answer = job.result()
            if isinstance(answer, InputError):
                raise answer
            return answer if isinstance(answer, CountyRecord) else Message("counties", "worker_lost")
        if job.status != "error":
            raise InputError("counties_scheduler_lost", address=self._client.scheduler.address)
        error = job.exception()
        if isinstance(error, import_distributed().KilledWorker):
            return Message("counties", "worker_lost")
        # The check of a county raises no exception.
        raise InputError("counties_worker_package", detail=describe_exception(error)) from error

    def stop(self, jobs: list[Any]) -> None:
        """Cancel counties that are being checked.

        Workers of other machines run on after this: wait until they left their county, so that none writes into the
        folder of the next run.
        """
        self._mark.unlink(missing_ok=True)
        deadline = time.monotonic() + self._cancelling_seconds
        while time.monotonic() < deadline and not all(job.done() for job in jobs):
            time.sleep(_MARK_SECONDS / 10)
        if jobs:
            self._client.cancel(jobs, force=True)


@dataclass(frozen=True, repr=False)
class CountyOrder:
    """A county for a worker, complete for another machine.

    ``program_digest`` and ``versions``: those of the client; ``needed_paths``: files and folders that exist for the
    client; ``run_mark``: a file that exists until the client cancels; ``threads``: of a geometry operation; ``check``:
    `check_county`, or a function of a module for tests.

    Dask writes arguments into logs, so that this class has no text form: a source may be a connection with a password.
    """

    task: CountyTask
    program_digest: str
    versions: dict[str, str]
    needed_paths: tuple[Path, ...]
    run_mark: Path
    threads: int
    check: Callable[..., CountyRecord]


def check_on_worker(order: CountyOrder) -> CountyRecord | InputError | None:
    """Check a county in this process of a worker.

    Return its record, None if memory did not suffice or the client cancelled, or why no county can be checked here. No
    exception is raised, because Dask logs it with the arguments.
    """
    host = socket.gethostname()
    with _ONE_COUNTY:
        if compute_program_digest() != order.program_digest:
            versions = collect_versions()
            different = [
                f"{name} {versions.get(name, '-')}" for name, one in order.versions.items() if versions.get(name) != one
            ]
            return InputError("counties_worker_program", worker=host, versions=", ".join(different) or "-")
        missing = next((path for path in order.needed_paths if not path.exists()), None)
        if missing is not None:
            return InputError("counties_worker_path", worker=host, path=str(missing))
        set_thread_count(order.threads)
        cancellation = Cancellation(_FileWatch(order.run_mark).is_missing)
        try:
            cancellation.raise_if_cancelled()
            return order.check(order.task, cancellation=cancellation)
        except (MemoryError, Cancelled):
            return None


@dataclass
class _FileWatch:
    """Tests now and then whether a file is missing, which may be on a network drive; once missing, it stays missing."""

    path: Path
    _is_missing: bool = False
    _next_time: float = 0.0

    def is_missing(self) -> bool:
        """Return True if the file was missing at the last test. May be called often and in any thread."""
        if not self._is_missing and time.monotonic() >= self._next_time:
            self._is_missing = not self.path.exists()
            self._next_time = time.monotonic() + _MARK_SECONDS
        return self._is_missing

# SPDX-License-Identifier: GPL-2.0-or-later
"""What a Dask worker does with a county. It needs this program, the data and the folder of results."""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ..cancellation import Cancellation
from ..engine.provenance import collect_versions, compute_program_digest
from ..errors import Cancelled
from ..parallel.process_state import get_available_cores, set_thread_count
from .model import CountyRecord, CountyTask

#: Seconds between two tests for the file by which the client cancels: it may be on a network drive.
_MARK_SECONDS = 1.0
#: A worker with several threads still checks one county at a time: recorded warnings belong to the whole process.
_ONE_COUNTY = threading.Lock()


class NoRecord(StrEnum):
    """Why a worker that runs on returns no record of a county."""

    OUT_OF_MEMORY = "out of memory"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class WorkerProblem:
    """Why a worker can check no county: ``key`` and ``params`` of an InputError."""

    key: str
    params: dict[str, str]


@dataclass(frozen=True, repr=False)
class CountyOrder:
    """A county for a worker, complete for another machine.

    ``program_digest`` and ``versions``: those of the client; ``needed_paths``: files and folders that exist for the
    client; ``run_mark``: a file that exists until the client cancels; ``temporary_folder``: empty for that of the
    worker's machine; ``check``: `check_county`, or a function of a module for tests.

    Dask writes arguments into logs, so that this class has no text form: a source may be a connection with a password.
    """

    task: CountyTask
    program_digest: str
    versions: dict[str, str]
    needed_paths: tuple[Path, ...]
    run_mark: Path
    temporary_folder: str
    check: Callable[..., CountyRecord]


def check_on_worker(order: CountyOrder) -> CountyRecord | NoRecord | WorkerProblem:
    """Check a county in this process; return its record, or why it is missing. Raise no exception of a check."""
    with _ONE_COUNTY:
        problem = find_worker_problem(order)
        if problem is not None:
            return problem
        if order.temporary_folder:
            tempfile.tempdir = order.temporary_folder
        set_thread_count(order.task.thread_count or get_available_cores())
        cancellation = Cancellation(_FileWatch(order.run_mark).is_missing)
        try:
            cancellation.raise_if_cancelled()
            return order.check(order.task, cancellation=cancellation)
        except MemoryError:
            return NoRecord.OUT_OF_MEMORY
        except Cancelled:
            return NoRecord.CANCELLED


def find_worker_problem(order: CountyOrder) -> WorkerProblem | None:
    """Return why no county of the client can be checked in this process, None if all can."""
    host = socket.gethostname()
    if compute_program_digest() != order.program_digest:
        versions = collect_versions()
        different = [
            f"{name} {versions.get(name, '-')}" for name, one in order.versions.items() if versions.get(name) != one
        ]
        return WorkerProblem("counties_worker_program", {"worker": host, "versions": ", ".join(different) or "-"})
    for path in order.needed_paths:
        if not path.exists():
            return WorkerProblem("counties_worker_path", {"worker": host, "path": str(path)})
    return None


class _FileWatch:
    """Tests now and then whether a file is missing; once missing, it stays missing."""

    def __init__(self, path: Path):
        self._path, self._is_missing, self._next_time = path, False, 0.0

    def is_missing(self) -> bool:
        """Return True if the file was missing at the last test. May be called often and in any thread."""
        if not self._is_missing and time.monotonic() >= self._next_time:
            self._is_missing = not self._path.exists()
            self._next_time = time.monotonic() + _MARK_SECONDS
        return self._is_missing

# SPDX-License-Identifier: GPL-2.0-or-later
"""Check counties in several processes of the machine: one county is one process of the command `check`.

A county that ends its process, such as for lack of memory, affects no other county: it is checked once more, alone on
the machine, and then reported as lost. A process gets its county on standard input and ends with the process that
started it. Inside QGIS, `sys.executable` may be QGIS itself: there the caller names the Python to start.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..base.errors import NEVER_CANCELLED, Cancellation, ProgressCallback
from ..base.parallel.process_state import get_available_cores
from ..base.parallel.python_program import make_process_environment, start_process
from ..standard.messages.texts import Message
from ..standard.options import RunOptions
from .check_county import check_county, make_lost_record, read_record
from .county_record import County, CountyRecord, CountyTask
from .run_batch import count_progress

#: Seconds between two checks of the processes and for cancellation.
_POLL_SECONDS = 0.1
#: Exit code of a process whose memory did not suffice, and of one that could not store its record.
_OUT_OF_MEMORY, _NOT_STORED = 12, 13
_PROGRAM = __name__.removesuffix(".counties.processes")


class CountyPool(ABC):
    """Checks counties side by side, each as a job: a process, or a task of Dask."""

    @abstractmethod
    def start(self, task: CountyTask) -> Any:
        """Begin the check of a county; return the job."""

    @abstractmethod
    def has_ended(self, job: Any) -> bool:
        """Return True if a job has ended."""

    @abstractmethod
    def read_result(self, job: Any, task: CountyTask) -> CountyRecord | Message:
        """Return the record of a job that has ended, or why it has none."""

    @abstractmethod
    def stop(self, jobs: list[Any]) -> None:
        """End jobs."""

    def check_all(
        self,
        tasks: list[CountyTask],
        jobs: int,
        on_record: Callable[[CountyRecord], None],
        cancellation: Cancellation,
    ) -> list[tuple[CountyTask, Message]]:
        """Check counties, up to ``jobs`` at the same time; return those without a record, with the reason.

        ``on_record``: called with each record, in the order of their ends. Raise Cancelled after all jobs are ended.
        """
        queue = deque(tasks)
        running: dict[Any, CountyTask] = {}
        lost = []
        try:
            while queue or running:
                cancellation.raise_if_cancelled()
                while queue and len(running) < jobs:
                    task = queue.popleft()
                    running[self.start(task)] = task
                ended = [job for job in running if self.has_ended(job)]
                if not ended:
                    time.sleep(_POLL_SECONDS)
                for job in ended:
                    task = running[job]
                    result = self.read_result(job, task)
                    del running[job]
                    if isinstance(result, Message):
                        lost.append((task, result))
                    else:
                        on_record(result)
        finally:
            self.stop(list(running))
        return lost


class _ProcessPool(CountyPool):
    """Processes of the command `check`, each with the same number of threads.

    ``python``: program of the processes; ``on_start``: called with each county whose check begins.
    """

    def __init__(self, python: str, temporary_folder: Path, threads: int, on_start: Callable[[CountyTask], None]):
        self._command = [python, "-m", _PROGRAM, "check", "-", "--county", "--jobs", str(threads)]
        self._environment = make_process_environment(temporary_folder)
        self._on_start = on_start

    def start(self, task: CountyTask) -> subprocess.Popen[bytes]:
        self._on_start(task)
        process = start_process(self._command, self._environment)
        text = json.dumps({**asdict(task), "folder": str(task.folder)})
        # If the process has ended, its exit code is the reason.
        with suppress(BrokenPipeError):
            if process.stdin is not None:
                process.stdin.write(f"{text}\n".encode())
                process.stdin.flush()
        return process

    def has_ended(self, job: subprocess.Popen[bytes]) -> bool:
        return job.poll() is not None

    def read_result(self, job: subprocess.Popen[bytes], task: CountyTask) -> CountyRecord | Message:
        record = read_record(task.folder) if job.returncode == 0 else None
        if record is not None:
            return record
        if job.returncode == _OUT_OF_MEMORY:
            return Message("counties", "out_of_memory")
        if job.returncode < 0:
            return Message("counties", "killed", {"signal": -job.returncode})
        return Message("counties", "ended", {"code": job.returncode})

    def stop(self, jobs: list[subprocess.Popen[bytes]]) -> None:
        for process in jobs:
            process.kill()
            process.wait()


def check_in_processes(
    tasks: list[CountyTask],
    temporary_folder: Path,
    on_record: Callable[[CountyRecord], None],
    progress: ProgressCallback,
    cancellation: Cancellation = NEVER_CANCELLED,
    *,
    jobs: int = 1,
    on_start: Callable[[CountyTask], None] = lambda task: None,
    python: str = "",
) -> None:
    """Check counties in up to ``jobs`` processes; the progress follows the size of the data.

    Counties that ended their process are checked last, each alone. ``temporary_folder``: folder for temporary files of
    the processes; ``on_start``: called with each county whose check begins, twice for one that ended its process;
    ``python``: program of the processes, empty for the one that runs. Raise Cancelled; the processes are then ended.
    """
    report_record = count_progress(tasks, on_record, progress)
    python, cores = python or sys.executable, get_available_cores()
    shared = _ProcessPool(python, temporary_folder, max(1, cores // max(1, min(jobs, len(tasks)))), on_start)
    lost = shared.check_all(tasks, jobs, report_record, cancellation)
    alone = _ProcessPool(python, temporary_folder, cores, on_start)
    for task, loss in alone.check_all([task for task, _ in lost], 1, report_record, cancellation):
        report_record(make_lost_record(task, loss))


def check_county_of_input() -> int:
    """Check the county that another process wrote to standard input; return the exit code.

    This process ends with the other one, also if that is killed; the next run repeats the county.
    """
    values = json.loads(sys.stdin.readline())
    changed = {
        "county": County(**values["county"]),
        "options": RunOptions(**{**values["options"], "rules": tuple(values["options"]["rules"])}),
        "folder": Path(values["folder"]),
    }
    task = CountyTask(**{**values, **changed, "forms": tuple(values["forms"])})
    threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        record = check_county(task)
    except MemoryError:
        return _OUT_OF_MEMORY
    return 0 if read_record(task.folder) == record else _NOT_STORED


def _end_with_input() -> None:
    """End this process when the process at the other end of its standard input ends."""
    os.read(0, 1)
    os._exit(1)

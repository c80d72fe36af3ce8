# SPDX-License-Identifier: GPL-2.0-or-later
"""Check counties in several processes of the machine.

A process checks one county after the other. A county that ends its process, such as for lack of memory, affects no
other county: it is checked once more, alone on the machine, and then reported as lost. Processes are started anew
(spawn), on Linux as on Windows, so that they share no state with their parent. They end with it.

Inside QGIS, the program that Python would start may be QGIS itself: there the caller names the Python to start.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.spawn
import os
import signal
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from ..cancellation import NEVER_CANCELLED, Cancellation
from ..parallel.process_state import get_available_cores, set_thread_count
from .check_county import check_county
from .model import CountyRecord, CountyTask

#: Seconds between two checks for cancellation.
_POLL_SECONDS = 0.2
#: A process is replaced after this number of counties, so that memory that is not returned to the system is limited.
_MAX_COUNTIES_PER_PROCESS = 10
#: Sent in place of a record, before the process ends.
_OUT_OF_MEMORY = "out of memory"

CheckFunction = Callable[[CountyTask], CountyRecord]
#: Makes the record of a county that ended its process twice, from its task and the exit code (None: lack of memory).
LostFunction = Callable[[CountyTask, int | None], CountyRecord]
#: Called with each county whose check begins.
StartFunction = Callable[[CountyTask], None]


@dataclass(frozen=True)
class _Crew:
    """What all processes of a run have in common: the check, their temporary folder, and the call at each begin."""

    check: CheckFunction
    temporary_folder: Path
    on_start: StartFunction


class _Worker:
    """A process that checks counties; ``task``: the county that it checks now."""

    def __init__(self, context: Any, crew: _Crew):
        self._on_start = crew.on_start
        self.connection, child_connection = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(child_connection, crew.check, str(crew.temporary_folder)), daemon=True
        )
        with postpone_interrupts():
            self._process.start()
        child_connection.close()
        self.task: CountyTask | None = None
        self.remaining_counties = _MAX_COUNTIES_PER_PROCESS

    def start_task(self, task: CountyTask) -> None:
        """Send a county to the process. A process that has ended is noticed by `receive_record`."""
        self.task = task
        self.remaining_counties -= 1
        self._on_start(task)
        try:
            self.connection.send(task)
        except (BrokenPipeError, ConnectionResetError):
            # The end of the process makes its connection readable, so that the county is reported as its last one.
            return

    def receive_record(self) -> CountyRecord | None:
        """Return the record that the process sent; None if the process ended or lacked memory."""
        try:
            received = self.connection.recv()
        except (EOFError, ConnectionResetError):
            return None
        return None if received == _OUT_OF_MEMORY else received

    def stop(self) -> int | None:
        """End the process; return its exit code, None if it was still running."""
        self._process.join(timeout=_POLL_SECONDS)
        exit_code = self._process.exitcode
        if exit_code is None:
            self._process.kill()
            self._process.join()
        self.connection.close()
        return exit_code


@contextmanager
def postpone_interrupts() -> Iterator[None]:
    """Postpone interrupts until the end of the ``with`` block, which starts a process.

    An interrupt on the keyboard reaches all processes, but the parent ends the others: the process that starts inherits
    that interrupts are held back. Windows has no such setting; there the process is without it until `_serve` begins.
    """
    with _postpone_handler(), _hold_back_signal():
        yield


@contextmanager
def _postpone_handler() -> Iterator[None]:
    """Postpone what this process does at an interrupt, which any of its threads may receive."""
    former_handler = signal.getsignal(signal.SIGINT)
    # Python handles signals on its main thread only, and a handler of another program cannot be put back.
    if threading.current_thread() is not threading.main_thread() or former_handler is None:
        yield
        return
    received: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _frame: received.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former_handler)
        if received:
            signal.raise_signal(signal.SIGINT)


@contextmanager
def _hold_back_signal() -> Iterator[None]:
    """Hold interrupts back on this thread and in the processes that it starts."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    # It starts with the first process and would let interrupts through.
    resource_tracker.ensure_running()
    former_mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former_mask)


def _serve(connection: Connection, check: CheckFunction, temporary_folder: str) -> None:
    """Check the counties that the parent sends, one after the other. Runs in a separate process."""
    # Windows does not pass the parent's setting on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    tempfile.tempdir = temporary_folder
    while True:
        try:
            task: CountyTask | None = connection.recv()
        except (EOFError, ConnectionResetError):
            return
        if task is None:
            return
        if task.thread_count:
            set_thread_count(task.thread_count)
        try:
            record = check(task)
        except MemoryError:
            connection.send(_OUT_OF_MEMORY)
            return
        connection.send(record)


def _end_with_parent() -> None:
    """End this process when its parent ends, also if the parent is killed; the next run repeats the county."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def check_in_processes(
    tasks: list[CountyTask],
    jobs: int,
    temporary_folder: Path,
    on_record: Callable[[CountyRecord], None],
    make_lost_record: LostFunction,
    cancellation: Cancellation = NEVER_CANCELLED,
    check: CheckFunction = check_county,
    *,
    on_start: StartFunction = lambda task: None,
    python: str = "",
) -> None:
    """Check counties in up to ``jobs`` processes; call ``on_record`` with each record, in the order of their ends.

    Counties that ended their process are checked last, each alone. ``temporary_folder``: folder for temporary files of
    the processes; ``check``: a function of a module, for tests; ``on_start``: called with each county whose check
    begins, twice for one that ended its process; ``python``: program of the processes, empty for the one that runs.
    Raise Cancelled; the processes are then ended.
    """
    crew = _Crew(check, temporary_folder, on_start)
    lost_tasks: list[CountyTask] = []
    threads = max(1, get_available_cores() // max(1, min(jobs, len(tasks))))
    with _use_program(python):
        _run(
            [replace(task, thread_count=threads) for task in tasks],
            jobs,
            crew,
            on_record,
            lambda task, exit_code: lost_tasks.append(task),
            cancellation,
        )
        _run(
            [replace(task, thread_count=get_available_cores()) for task in lost_tasks],
            1,
            crew,
            on_record,
            lambda task, exit_code: on_record(make_lost_record(task, exit_code)),
            cancellation,
        )


@contextmanager
def _use_program(python: str) -> Iterator[None]:
    """Let new processes run a Python program while the ``with`` block runs; no change for an empty one."""
    former = multiprocessing.spawn.get_executable()
    if python:
        multiprocessing.set_executable(python)
    try:
        yield
    finally:
        if python:
            multiprocessing.set_executable(former)


def _run(
    tasks: list[CountyTask],
    jobs: int,
    crew: _Crew,
    on_record: Callable[[CountyRecord], None],
    on_lost: Callable[[CountyTask, int | None], None],
    cancellation: Cancellation,
) -> None:
    """Check counties in processes; call ``on_lost`` with each county whose process ended, and its exit code."""
    context = multiprocessing.get_context("spawn")
    queue = deque(tasks)
    workers: list[_Worker] = []
    try:
        while queue or workers:
            cancellation.raise_if_cancelled()
            while queue and len(workers) < jobs:
                workers.append(_Worker(context, crew))
                workers[-1].start_task(queue.popleft())
            ready = wait([worker.connection for worker in workers], timeout=_POLL_SECONDS)
            for worker in [one for one in workers if one.connection in ready]:
                record, task = worker.receive_record(), worker.task
                if record is None:
                    workers.remove(worker)
                    exit_code = worker.stop()
                    if task is not None:
                        # A process that lacked memory reports it and ends with the code of success.
                        on_lost(task, exit_code or None)
                    continue
                on_record(record)
                if queue and worker.remaining_counties:
                    worker.start_task(queue.popleft())
                else:
                    workers.remove(worker)
                    worker.connection.send(None)
                    worker.stop()
    finally:
        for worker in workers:
            worker.stop()

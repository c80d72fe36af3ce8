# SPDX-License-Identifier: GPL-2.0-or-later
"""Run a command and measure it with the processes that it starts: CPU, memory, waiting for a core. Linux only."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

#: Seconds between two readings of /proc; what a process uses after its last reading is unknown, except for CPU.
_POLL_SECONDS = 0.1
#: Word in the command line of a process that a batch starts for a county.
_WORKER_MARK = b"--county"
#: Fields of the line of all cores in /proc/stat in which a core works: user, nice, system, irq, softirq, steal.
_BUSY_FIELDS = (0, 1, 2, 5, 6, 7)
_NANOSECONDS = 1e9


@dataclass
class MeasuredRun:
    """What a command and the processes that it started took.

    ``cpu_seconds``: user and system time of all of them; ``main_peak_mb`` and ``worker_peaks_mb``: peak memory of the
    command and of each process that it started for work; ``waiting_seconds``: longest time that a worker was ready to
    run and waited for a core; ``other_cores``: cores that other programs, and the host of a virtual machine, used;
    ``path_seconds``: about the time by the clock on a machine without other load, if each worker was given a core: CPU
    of the command, then that of the workers of the core with the most work.
    """

    exit_code: int
    wall_seconds: float
    cpu_seconds: float
    main_peak_mb: float
    worker_peaks_mb: dict[int, float] = field(default_factory=dict)
    waiting_seconds: float = 0.0
    other_cores: float = 0.0
    path_seconds: float = 0.0


class _Monitor(threading.Thread):
    """Reads peak memory and waiting time of a process tree, and gives each worker a core, until `stop`."""

    def __init__(self, process_id: int, cores: list[int]):
        super().__init__(daemon=True)
        self._process_id, self._cores = process_id, cores
        self._core_by_worker: dict[int, int] = {}
        self._stopped = threading.Event()
        self.main_peak_mb = 0.0
        self.peaks_mb: dict[int, float] = {}
        self.waiting: dict[int, float] = {}
        self._working: dict[int, float] = {}

    def run(self) -> None:
        while not self._stopped.wait(_POLL_SECONDS):
            self.main_peak_mb = read_peak_mb(self._process_id) or self.main_peak_mb
            workers = [one for one in list_descendants(self._process_id) if _is_worker(one)]
            for worker in workers:
                self._read_worker(worker)
            if self._cores:
                self._pin(workers)

    def stop(self) -> None:
        """End the readings."""
        self._stopped.set()
        self.join()

    def _read_worker(self, worker: int) -> None:
        self.peaks_mb[worker] = read_peak_mb(worker) or self.peaks_mb.get(worker, 0.0)
        text = _read(f"/proc/{worker}/schedstat").split()
        if len(text) > 1:
            self._working[worker], self.waiting[worker] = (int(one) / _NANOSECONDS for one in text[:2])

    def compute_path(self, cpu_seconds: float) -> float:
        """Return the CPU of the command and of the core with the most work; ``cpu_seconds``: those of all processes."""
        by_core: dict[int, float] = defaultdict(float)
        for worker, seconds in self._working.items():
            by_core[self._core_by_worker.get(worker, -1)] += seconds
        return cpu_seconds - sum(self._working.values()) + max(by_core.values(), default=0.0)

    def _pin(self, workers: list[int]) -> None:
        """Restrict each worker with all its threads to one core, that with the fewest workers."""
        for worker in workers:
            counts = Counter(core for pid, core in self._core_by_worker.items() if pid in workers)
            core = self._core_by_worker.setdefault(worker, min(self._cores, key=lambda one: counts[one]))
            for task in _list_names(f"/proc/{worker}/task"):
                try:
                    os.sched_setaffinity(int(task), {core})
                except ProcessLookupError:
                    # The thread has ended since the folder was read.
                    continue


def run_and_measure(command: list[str], cores: set[int], *, pins_workers: bool, env: dict[str, str]) -> MeasuredRun:
    """Run a command on some cores of the machine and return what it took.

    ``pins_workers``: each process that it starts for work runs on one of these cores only. ``env``: variables of the
    environment besides those of this process. Raise RuntimeError with the errors of a command that ends with 2 or more.
    """
    former_cores = os.sched_getaffinity(0)
    busy, start = read_busy_seconds(), time.perf_counter()
    with tempfile.TemporaryFile() as errors:
        # A process inherits the cores of the one that starts it.
        os.sched_setaffinity(0, cores)
        try:
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, env={**os.environ, **env})
        finally:
            os.sched_setaffinity(0, former_cores)
        monitor = _Monitor(process.pid, sorted(cores) if pins_workers else [])
        monitor.start()
        # The usage has that of all processes that the command started and waited for.
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        monitor.stop()
        if process.returncode not in (0, 1):
            errors.seek(0)
            raise RuntimeError(f"exit code {process.returncode}: {errors.read().decode(errors='replace')[-2000:]}")
    cpu = usage.ru_utime + usage.ru_stime
    return MeasuredRun(
        process.returncode,
        wall,
        cpu,
        monitor.main_peak_mb,
        monitor.peaks_mb,
        max(monitor.waiting.values(), default=0.0),
        max(read_busy_seconds() - busy - cpu, 0.0) / wall,
        monitor.compute_path(cpu) if pins_workers else 0.0,
    )


def list_descendants(process_id: int) -> list[int]:
    """Return the ids of all processes below a process."""
    found = []
    for task in _list_names(f"/proc/{process_id}/task"):
        for child in _read(f"/proc/{process_id}/task/{task}/children").split():
            found += [int(child), *list_descendants(int(child))]
    return found


def read_peak_mb(process_id: int) -> float:
    """Return the peak memory of a process since its program began, MB; 0 if it has ended."""
    for line in _read(f"/proc/{process_id}/status").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def read_busy_seconds() -> float:
    """Return the seconds of work of all cores since the machine started."""
    values = _read("/proc/stat").splitlines()[0].split()[1:]
    return sum(int(values[one]) for one in _BUSY_FIELDS) / os.sysconf("SC_CLK_TCK")


def _is_worker(process_id: int) -> bool:
    try:
        return _WORKER_MARK in Path(f"/proc/{process_id}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


def _read(path: str) -> str:
    """Return the text of a file of /proc; empty if its process has ended."""
    try:
        return Path(path).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _list_names(folder: str) -> list[str]:
    """Return the names in a folder of /proc; none if its process has ended."""
    try:
        return os.listdir(folder)
    except (FileNotFoundError, ProcessLookupError):
        return []

# SPDX-License-Identifier: GPL-2.0-or-later
"""Solve programs in another process where a solve would hold Python's lock, which would stop the desktop.

The process reads orders from its standard input, and programs from files of a folder; it ends with the process that
started it (docs/adr/084). It is kept for the solves of one proposal: each imports scipy only once.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...base.errors import Cancellation, InputError
from ...base.parallel.python_program import find_python_program, make_process_environment, start_process
from .mixed_integer_program import MilpResult, Solver, does_solve_release_lock, find_scipy_version, run_milp

_PROGRAM = __name__ if __name__ != "__main__" else ""
_POLL_SECONDS = 0.05


@contextmanager
def open_solver(keeps_lock_free: bool, cancellation: Cancellation) -> Iterator[Solver | None]:
    """Yield the solver of a proposal; None if programs cannot be solved, so that the choice is a heuristic.

    ``keeps_lock_free``: other threads of this process, such as the desktop's, run during a solve.
    """
    if find_scipy_version() is None:
        yield None
    elif not keeps_lock_free or does_solve_release_lock():
        yield run_milp
    elif python := find_python_program((_PROGRAM, "scipy.optimize"), cancellation):
        process = SolverProcess(python, cancellation)
        try:
            yield process.run_milp
        finally:
            process.close()
    else:
        yield None


class SolverProcess:
    """A process of a Python program that solves one program after another, until `close`."""

    def __init__(self, python: str, cancellation: Cancellation):
        self._cancellation, self._number = cancellation, 0
        self._folder = tempfile.TemporaryDirectory()
        self._path = Path(self._folder.name)
        environment = make_process_environment(self._path)
        self._process = start_process([python, "-m", _PROGRAM, self._folder.name], environment, subprocess.DEVNULL)

    def run_milp(self, arrays: Mapping[str, NDArray], options: Mapping[str, Any]) -> MilpResult:
        """Solve as `mixed_integer_program.run_milp` does. Raise Cancelled, and InputError if the process ends."""
        self._number += 1
        np.savez(self._path / f"{self._number}.npz", **dict(arrays))  # type: ignore[arg-type]
        try:
            if self._process.stdin is not None:
                self._process.stdin.write(f"{json.dumps({'number': self._number, **options})}\n".encode())
                self._process.stdin.flush()
        except BrokenPipeError:
            self._process.wait()
        answer = _get_answer_path(self._path, self._number)
        while not answer.exists():
            if self._process.poll() is not None:
                raise InputError("supplement_process", code=self._process.returncode)
            self._cancellation.raise_if_cancelled()
            time.sleep(_POLL_SECONDS)
        with np.load(answer, allow_pickle=False) as found:
            return MilpResult(int(found["status"]), found.get("x"), float(found["bound"]), found.get("prices"))

    def close(self) -> None:
        """End the process and remove its files."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            # An order that the process did not read is still in the pipe.
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        self._folder.cleanup()


def _get_answer_path(folder: Path, number: int) -> Path:
    return folder / f"answer-{number}.npz"


def solve_orders(folder: Path) -> None:
    """Solve the programs that standard input orders, and write each answer to the folder; end with the input."""
    orders: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_read_orders, args=(orders,), daemon=True).start()
    while True:
        order = orders.get()
        number = order.pop("number")
        with np.load(folder / f"{number}.npz", allow_pickle=False) as arrays:
            result = run_milp(dict(arrays), order)
        partial = folder / f"partial-{number}.npz"
        np.savez(partial, **{name: value for name, value in result._asdict().items() if value is not None})
        partial.replace(_get_answer_path(folder, number))


def _read_orders(orders: queue.SimpleQueue[dict[str, Any]]) -> None:
    """Pass on the orders; end this process when the one at the other end of its standard input ends."""
    for line in sys.stdin:
        orders.put(json.loads(line))
    os._exit(1)


if __name__ == "__main__":
    solve_orders(Path(sys.argv[1]))

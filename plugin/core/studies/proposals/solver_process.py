# SPDX-License-Identifier: GPL-2.0-or-later
"""Choose a supplement in another process where a solve would hold Python's lock, which would stop the desktop.

The process gets the model on its standard input, writes its choice to a file, and ends with the process that started it
(docs/adr/084).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from ...base.errors import InputError
from ...base.parallel.python_program import find_python_program, make_process_environment, start_process
from .choose_supplement import choose_supplement
from .greedy_supplement import choose_greedily
from .mixed_integer_solver import SolverLimits, StageResult, StageState, does_solve_release_lock, find_scipy_version
from .supplement_model import (
    SupplementCandidates,
    SupplementChoice,
    SupplementDemand,
    SupplementModel,
    SupplementRules,
)

_PROGRAM = __name__ if __name__ != "__main__" else ""
_POLL_SECONDS = 0.1


def choose_without_lock(model: SupplementModel, limits: SolverLimits) -> SupplementChoice:
    """Choose as `choose_supplement` does while other threads of this process run. Raise Cancelled and InputError.

    Without a Python program for another process, the choice is a heuristic.
    """
    if find_scipy_version() is None or does_solve_release_lock():
        return choose_supplement(model, limits)
    python = find_python_program((_PROGRAM, "scipy.optimize"), limits.cancellation)
    return choose_in_process(model, limits, python) if python else choose_greedily(model)


def choose_in_process(model: SupplementModel, limits: SolverLimits, python: str) -> SupplementChoice:
    """Choose in a process of a Python program. Raise Cancelled, after the process is ended, and InputError."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "choice.json"
        order = {
            "candidates": asdict(model.candidates),
            "demand": asdict(model.demand),
            "rules": asdict(model.rules),
            "limits": {"seconds": limits.seconds, "gap": limits.gap, "nodes": limits.nodes},
            "target": str(target),
        }
        process = start_process([python, "-m", _PROGRAM], make_process_environment(Path(folder)), subprocess.DEVNULL)
        try:
            if process.stdin is not None:
                process.stdin.write(f"{json.dumps(order, default=_to_list)}\n".encode())
                process.stdin.flush()
            while process.poll() is None:
                limits.cancellation.raise_if_cancelled()
                time.sleep(_POLL_SECONDS)
        except BrokenPipeError:
            process.wait()
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
        if process.returncode or not target.is_file():
            raise InputError("supplement_process", code=process.returncode)
        return _read_choice(json.loads(target.read_text(encoding="utf-8")))


def _read_choice(values: dict[str, Any]) -> SupplementChoice:
    """Return the choice that a process wrote."""
    return SupplementChoice(
        None if values["chosen"] is None else np.array(values["chosen"], dtype=bool),
        {
            name: StageResult(StageState(state), None if found is None else np.array(found), *numbers)
            for name, (state, found, *numbers) in values["stages"].items()
        },
        values["excess_share"],
        tuple(values["contradiction"]),
        tuple(values["unmet"]),
    )


def choose_for_other_process() -> int:
    """Choose for the model on standard input and write the choice; return the exit code."""
    order = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_input, daemon=True).start()
    arrays = {one.name for one in fields(SupplementCandidates) if one.type == "NDArray"}
    columns: dict[str, Any] = {
        name: np.array(one) if name in arrays else one for name, one in order["candidates"].items()
    }
    for name in ("class_rank", "left", "right"):
        columns[name] = columns[name].astype(int)
    for name in ("is_in_reserve", "is_refused"):
        columns[name] = columns[name].astype(bool)
    columns["keys"], columns["townships"] = tuple(columns["keys"]), tuple(columns["townships"])
    columns["grades"] = {name: np.array(one, float) for name, one in columns["grades"].items()}
    model = SupplementModel(
        SupplementCandidates(**columns), SupplementDemand(**order["demand"]), SupplementRules(**order["rules"])
    )
    choice = choose_supplement(model, SolverLimits(**order["limits"]))
    text = json.dumps({name: getattr(choice, name) for name in SupplementChoice.__dataclass_fields__}, default=_to_list)
    Path(order["target"]).write_text(text, encoding="utf-8")
    return 0


def _to_list(value: Any) -> Any:
    """Return an array as a list, for JSON."""
    return value.tolist()


def _end_with_input() -> None:
    """End this process when the process at the other end of its standard input ends."""
    os.read(0, 1)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(choose_for_other_process())

# SPDX-License-Identifier: GPL-2.0-or-later
"""Find the Python program that can run this program's code in another process.

In a program that embeds Python, such as QGIS on Windows, `sys.executable` is that program, which would open a second
window. A program is used only after it was tried.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from ..cancellation import NEVER_CANCELLED, Cancellation

#: Time limit of a trial in seconds; on a slow disk the libraries take long to load. Interval of checks for cancellation.
_TRIAL_SECONDS, _POLL_SECONDS = 60.0, 0.1
#: The module that the trial imports: it needs all libraries of a check.
_TRIAL_MODULE = f"{__name__.rpartition('.parallel.')[0]}.check"
#: Path of a program → result of its trial; a trial that was cancelled has none.
_results: dict[str, bool] = {}
_TRIAL_CODE = """
import importlib, json, sys
version, path, module = json.load(sys.stdin)
if list(sys.version_info[:2]) != version:
    sys.exit(1)
sys.path[:] = path
importlib.import_module(module)
"""


def find_python_program(cancellation: Cancellation = NEVER_CANCELLED) -> str:
    """Return the path of a Python of this version in which a check can run; empty without one. Raise Cancelled.

    The first call starts each candidate once, which takes seconds.
    """
    return next((path for path in _list_candidates() if _can_run_check(path, cancellation)), "")


def _list_candidates() -> tuple[str, ...]:
    """Return paths where this Python's program may be, without the program that embeds Python."""
    return tuple(dict.fromkeys(str(path) for path in _iterate_candidates() if path.is_file()))


def _iterate_candidates() -> Iterator[Path]:
    executable = Path(sys.executable or "")
    if executable.stem.casefold().startswith("python"):
        yield executable
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    # pythonw opens no console window.
    names = ("pythonw.exe", "python.exe", "python3.exe") if os.name == "nt" else (f"python{version}", "python3")
    for folder in dict.fromkeys((sys.exec_prefix, sys.base_exec_prefix, str(executable.parent))):
        for name in names:
            yield from (Path(folder) / name, Path(folder) / "bin" / name)


def _can_run_check(python: str, cancellation: Cancellation) -> bool:
    """Return True if a program is a Python of this version that imports the check with this process's path."""
    if python not in _results:
        _results[python] = _try_program(python, cancellation)
    return _results[python]


def _try_program(python: str, cancellation: Cancellation) -> bool:
    """Start a program with the trial; return True if it passes. Raise Cancelled."""
    text = json.dumps([list(sys.version_info[:2]), sys.path, _TRIAL_MODULE])
    try:
        process = subprocess.Popen(
            [python, "-c", _TRIAL_CODE],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError:
        # Not a program of this machine.
        return False
    try:
        return _pass_trial(process, text.encode("ascii"), cancellation)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _pass_trial(process: subprocess.Popen[bytes], text: bytes, cancellation: Cancellation) -> bool:
    """Send the trial's input to a process; return True if it ends without an error in time. Raise Cancelled."""
    try:
        with process.stdin as stream:
            stream.write(text)
    except OSError:
        # The program ended without reading.
        return False
    waited = 0.0
    while waited < _TRIAL_SECONDS:
        try:
            return process.wait(_POLL_SECONDS) == 0
        except subprocess.TimeoutExpired:
            waited += _POLL_SECONDS
            cancellation.raise_if_cancelled()
    return False

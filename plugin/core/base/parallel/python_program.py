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
from pathlib import Path

from ..errors import NEVER_CANCELLED, Cancellation

#: Time limit of a trial in seconds, because libraries load slowly from a slow disk; interval of checks for
#: cancellation.
_TRIAL_SECONDS, _POLL_SECONDS = 60.0, 0.1
#: (path of a program, names of modules) → result of the trial; one that was cancelled or took too long has none.
_results: dict[tuple[str, tuple[str, ...]], bool] = {}
#: Another build of the same version fails, because modules that one has built in are files in the other.
_TRIAL_CODE = """
import importlib, json, sys
version, modules = json.loads(sys.argv[1])
if list(sys.version_info[:2]) != version:
    sys.exit(1)
for module in modules:
    importlib.import_module(module)
"""


def find_python_program(modules: tuple[str, ...], cancellation: Cancellation = NEVER_CANCELLED) -> str:
    """Return the path of a Python of this version that imports modules; empty without one. Raise Cancelled.

    ``modules``: names of all that a process imports. The first call starts candidates, which takes seconds; one that
    takes too long is tried again by the next call.
    """
    for path in _list_candidates():
        if (path, modules) not in _results:
            result = _try_program(path, modules, cancellation)
            if result is not None:
                _results[path, modules] = result
        # Without a result, a machine that is busy now may be faster at the next trial.
        if _results.get((path, modules)):
            return path
    return ""


def make_process_environment(temporary_folder: Path | None = None) -> dict[str, str]:
    """Return the environment of a process that imports what this one imports; its temporary files are in a folder."""
    names = ("TMPDIR", "TEMP", "TMP") if temporary_folder else ()
    path = os.pathsep.join(folder or os.getcwd() for folder in sys.path)
    return {**os.environ, "PYTHONPATH": path, **dict.fromkeys(names, str(temporary_folder))}


def start_process(
    command: list[str], environment: dict[str, str], errors: int | None = None
) -> subprocess.Popen[bytes]:
    """Start a Python program with a pipe as its standard input; ``errors``: where its errors go, None for ours."""
    return subprocess.Popen(  # nosec B603 # a Python that was found here, or the running one, without a shell
        command,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        # An interrupt on the keyboard reaches this process only, which ends the others.
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def _list_candidates() -> tuple[str, ...]:
    """Return paths where this Python's program may be, without the program that embeds Python."""
    executable = Path(sys.executable or "")
    paths = [executable] if executable.stem.casefold().startswith("python") else []
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    # pythonw opens no console window.
    names = ("pythonw.exe", "python.exe", "python3.exe") if os.name == "nt" else (f"python{version}", "python3")
    for folder in dict.fromkeys((sys.exec_prefix, sys.base_exec_prefix, str(executable.parent))):
        paths += [place / name for name in names for place in (Path(folder), Path(folder) / "bin")]
    return tuple(dict.fromkeys(str(path) for path in paths if path.is_file()))


def _try_program(python: str, modules: tuple[str, ...], cancellation: Cancellation) -> bool | None:
    """Start a program with the trial; return True if it ends without an error, None if not in time. Raise Cancelled."""
    text = json.dumps([list(sys.version_info[:2]), modules])
    try:
        process = start_process([python, "-c", _TRIAL_CODE, text], make_process_environment(), subprocess.DEVNULL)
    except OSError:
        # Not a program of this machine.
        return False
    waited = 0.0
    try:
        while waited < _TRIAL_SECONDS:
            try:
                return process.wait(_POLL_SECONDS) == 0
            except subprocess.TimeoutExpired:
                waited += _POLL_SECONDS
                cancellation.raise_if_cancelled()
        return None
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()

# SPDX-License-Identifier: GPL-2.0-or-later
"""For programs that run commands: the outcome of a run as JSON, and runs that leave no file."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..base.files.writing import check_not_input, check_writable, copy_path, write_text
from . import console

#: Version of the JSON of a run (resources/reports/run.schema.json).
FORMAT_VERSION = 1
#: Destination of the option ``--json``, unless the command writes its result as JSON.
JSON_OF_RUN = "json_of_run"
#: Destination of the option ``--dry-run``, unless the command gives it another meaning.
DRY_RUN = "trial"
#: Arguments that name a file or folder which a command writes.
OUTPUT_ARGUMENTS = frozenset(
    {
        "output", "json", "html", "docx", "xlsx", "csv", "findings", "table", "gaps", "database", "folder", "filled",
        "conflicts", JSON_OF_RUN,
    }
)  # fmt: skip
#: Command → the argument with the file that it changes in place.
CHANGED_IN_PLACE = {"worklist": "list"}


def write_json_of_run(args: argparse.Namespace, record: console.RunRecord, exit_code: int) -> None:
    """Write what a run printed and wrote, and its exit code, to the file of ``--json``, or to standard output (-)."""
    from ..render.outputs import dump_json

    target = getattr(args, JSON_OF_RUN)
    text = dump_json(
        {
            "format_version": FORMAT_VERSION,
            "command": args.command,
            "action": getattr(args, "action", ""),
            "dry_run": getattr(args, DRY_RUN, False),
            "exit_code": exit_code,
            "lines": [{"level": level, "text": line} for level, line in record.lines],
            "written": record.written,
        }
    )
    if target == "-":
        console.record = None
        console.print_line(text)
    else:
        write_text(target, text + "\n")


@contextmanager
def divert_outputs(args: argparse.Namespace) -> Iterator[dict[str, str]]:
    """Let a command write into a temporary folder, which is removed afterwards.

    Yields real folder → temporary folder. What stands at a target is copied, so that the command treats it as it
    would. Raises OutputError if a target is an input, or a file cannot be written.
    """
    names = OUTPUT_ARGUMENTS | {CHANGED_IN_PLACE.get(args.command, "")} - {JSON_OF_RUN}
    given = {name: value for name, value in vars(args).items() if isinstance(value, str) and value not in ("", "-")}
    inputs = [value for name, value in given.items() if name not in names and Path(value).exists()]
    with TemporaryDirectory(prefix="sanxian-") as root:
        folders: dict[str, str] = {}
        for name in sorted(names & given.keys() - {JSON_OF_RUN}):
            target = Path(given[name]).absolute()
            check_not_input(target, inputs)
            if target.suffix and not target.is_dir():
                check_writable(target, inputs)
            folder = folders.setdefault(str(target.parent), str(Path(root) / str(len(folders))))
            copy = Path(folder) / target.name
            copy.parent.mkdir(exist_ok=True)
            if target.exists():
                copy_path(target, copy)
            setattr(args, name, str(copy))
        yield folders


def run_command(function: Any, args: argparse.Namespace, report_texts: Any) -> int:
    """Run a command with the options for programs; return its exit code."""
    if not getattr(args, DRY_RUN, False):
        return function(args, report_texts)
    with divert_outputs(args) as folders:
        console.shown_folders.update({temporary: real for real, temporary in folders.items()})
        try:
            exit_code = function(args, report_texts)
            console.print_line(report_texts.get("cli", "dry_run_done"))
        finally:
            console.shown_folders.clear()
    return exit_code

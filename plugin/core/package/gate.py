# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests before a package is made: may the target be replaced, does the plan pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import OutputError
from ..files.digests import UNLISTED, files_below, is_link, read_manifest
from ..files.writing import same_file
from ..messages.texts import Message
from .folder import sibling_folders
from .names import make_name_matcher
from .problems import HELD_BACK, NAMED, GateRefusal, Level, Problem, group_by_level
from .slot_files import is_stray

if TYPE_CHECKING:
    from ..check import CheckResult
    from .order import ExportOrder
    from .package_spec.model import PackageSpec


@contextmanager
def make_export_folder(folder: Path) -> Iterator[None]:
    """Make the folder for the block; delete it afterwards if it was new and is empty.

    Raises
    ------
    OutputError
        If the folder's parent does not exist.
    """
    there = folder.exists()
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError("package_no_folder", folder=str(folder)) from error
    try:
        yield
    finally:
        if not there:
            with suppress(OSError):
                # Fails if the folder has content.
                folder.rmdir()


def check_target(target: Path, inputs: Iterable[str | Path], package_spec: PackageSpec, values: dict[str, str]) -> None:
    """Validate that a target may be replaced.

    Raises
    ------
    OutputError
        If the target is not a package of this plugin, has files that would be lost, or contains an input.
    """
    for source in inputs:
        inside = Path(source).absolute()
        for folder in (target, *sibling_folders(target)):
            if same_file(source, folder) or folder.absolute() in inside.parents:
                raise OutputError("output_is_input", target=str(target))
    if not target.exists():
        return
    there = list(files_below(target)) if target.is_dir() else None
    if there == []:
        return
    manifest, _ = read_manifest(target)
    if there is None or manifest is None:
        raise OutputError("package_not_ours", target=str(target))
    listed = {row["path"] for row in manifest["files"]}
    slots = [make_name_matcher(slot.file, values) for slot in package_spec.files]
    more = [
        name
        for name, place in there
        # The target of a link is never taken over.
        if is_link(place)
        or (
            name not in listed
            and name not in UNLISTED
            and not is_stray(place.name)
            and not any(slot.fullmatch(place.name) for slot in slots)
        )
    ]
    if more:
        shown = ", ".join(more[:NAMED]) + (" …" if len(more) > NAMED else "")
        raise OutputError("package_has_more", target=str(target), count=len(more), files=shown)


def judge_check(checked: CheckResult) -> Iterator[Problem]:
    """Yield the problems that the check of the plan causes for a package."""
    summary = checked.report.summary
    if summary["verdict"] in HELD_BACK:
        word = Message("verdicts", summary["verdict"])
        params = {"verdict": word, "errors": summary["errors"], "skipped": summary["skipped"] + summary["crashed"]}
        yield Problem(Level.GATE, "not_passed", params=params)
    if summary["left_out"]:
        named = tuple(summary["left_out"][:NAMED])
        yield Problem(Level.GATE, "rules_left_out", count=len(summary["left_out"]), features=named)


def pass_gate(problems: list[Problem], order: ExportOrder, target: Path) -> None:
    """Raise OutputError unless the package may be made."""
    for level, key in ((Level.STOP, "package_stopped"), (Level.GATE, "package_gate")):
        refused = group_by_level(problems, level)
        if refused and not (order.force and level is Level.GATE):
            raise OutputError(key, target=target.name, count=len(refused), reasons=GateRefusal(tuple(refused)))

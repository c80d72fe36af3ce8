# SPDX-License-Identifier: GPL-2.0-or-later
"""Before a package is made: may the target be replaced, and does the plan pass?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import OutputError
from ..files.digests import UNLISTED, files_below, is_link, told_manifest
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
    """The folder in which the package is made; its own parent must be there. OutputError. One made in vain goes again."""
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
                # Refused while there is something in it.
                folder.rmdir()


def check_target(target: Path, inputs: Iterable[str | Path], package_spec: PackageSpec, values: dict[str, str]) -> None:
    """OutputError for a target that is no package of ours, holds files that a new one would lose, or one of the inputs."""
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
    manifest, _ = told_manifest(target)
    if there is None or manifest is None:
        raise OutputError("package_not_ours", target=str(target))
    listed = {row["path"] for row in manifest["files"]}
    slots = [make_name_matcher(slot.file, values) for slot in package_spec.files]
    more = [
        name
        for name, place in there
        # What a link leads to is nobody's to take over.
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
    """What the check of the plan has against a package."""
    said = checked.report.summary
    if said["verdict"] in HELD_BACK:
        word = Message("verdicts", said["verdict"])
        params = {"verdict": word, "errors": said["errors"], "skipped": said["skipped"] + said["crashed"]}
        yield Problem(Level.GATE, "not_passed", params=params)
    if said["left_out"]:
        named = tuple(said["left_out"][:NAMED])
        yield Problem(Level.GATE, "rules_left_out", count=len(said["left_out"]), features=named)


def pass_gate(problems: list[Problem], order: ExportOrder, target: Path) -> None:
    """OutputError unless the package may be made."""
    for level, key in ((Level.STOP, "package_stopped"), (Level.GATE, "package_gate")):
        shut = group_by_level(problems, level)
        if shut and not (order.force and level is Level.GATE):
            raise OutputError(key, target=target.name, count=len(shut), reasons=GateRefusal(tuple(shut)))

# SPDX-License-Identifier: GPL-2.0-or-later
"""Conditions for making a package, such as a passed check and a target that may be replaced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ..base.errors import OutputError
from ..base.files.digests import UNLISTED_FILES, is_link, iterate_files_below, read_manifest
from ..base.files.writing import is_same_file
from ..base.placeholders import join_first
from ..checks.check import CheckResult
from ..model.report import Outcome
from ..model.rule import Severity
from ..standard.messages.texts import Message, Texts
from .folder import make_sibling_folder_paths
from .names import make_name_matcher
from .package_spec.spec import PackageSpec
from .problems import (
    BLOCKING_VERDICTS,
    ExportProblem,
    ProblemLevel,
    make_names_problem,
)
from .slot_files import is_stray_file

_NOT_CHECKED = (Outcome.SKIPPED, Outcome.CRASHED)


@contextmanager
def make_export_folder(folder: Path) -> Iterator[None]:
    """Make a folder for the duration of the block, if it does not exist.

    A folder that this function made is deleted afterwards if it is still empty.

    Raises
    ------
    OutputError
        If the folder's parent does not exist.
    """
    existed = folder.exists()
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError("package_no_folder", folder=str(folder)) from error
    try:
        yield
    finally:
        if not existed:
            with suppress(OSError):
                # Fails if the folder has content.
                folder.rmdir()


def check_target_is_replaceable(
    target: Path, inputs: Iterable[str | Path], package_spec: PackageSpec, placeholder_values: dict[str, str]
) -> None:
    """Raise an error unless the export may replace the target.

    ``inputs``: paths of the plan's files.

    Raises
    ------
    OutputError
        If the target is not a package of this plugin, has files that would be lost, or contains an input of the plan.
    """
    for source in inputs:
        input_path = Path(source).absolute()
        for folder in (target, *make_sibling_folder_paths(target)):
            if is_same_file(source, folder) or folder.absolute() in input_path.parents:
                raise OutputError("output_is_input", target=str(target))
    files_in_target = list(iterate_files_below(target)) if target.is_dir() else None
    if not target.exists() or files_in_target == []:
        return
    manifest, _ = read_manifest(target)
    if files_in_target is None or manifest is None:
        raise OutputError("package_not_ours", target=str(target))
    manifest_paths = {row["path"] for row in manifest["files"]}
    slots = [make_name_matcher(slot.file, placeholder_values) for slot in package_spec.files]
    unknown_files = [
        name
        for name, path in files_in_target
        # The target of a link is never taken over.
        if is_link(path)
        or (
            name not in manifest_paths
            and name not in UNLISTED_FILES
            and not is_stray_file(path.name)
            and not any(slot.fullmatch(path.name) for slot in slots)
        )
    ]
    if unknown_files:
        raise OutputError(
            "package_has_more", target=str(target), count=len(unknown_files), files=join_first(unknown_files)
        )


def find_check_problems(check_result: CheckResult) -> Iterator[ExportProblem]:
    """Yield problems if the check before the export failed or skipped rules."""
    summary = check_result.report.summary
    if summary["verdict"] in BLOCKING_VERDICTS:
        rules = check_result.report.rules
        failed_codes = tuple(r.code for r in rules if r.findings and r.severity == str(Severity.ERROR))
        unchecked_codes = tuple(r.code for r in rules if r.incomplete or r.outcome in _NOT_CHECKED)
        yield ExportProblem(
            ProblemLevel.GATE,
            "not_passed",
            params={
                "verdict": Message("verdicts", summary["verdict"]),
                "errors": summary["errors"],
                "skipped": summary["skipped"] + summary["crashed"],
                "failed_rules": CodesInBrackets(failed_codes),
                "unchecked_rules": CodesInBrackets(unchecked_codes),
            },
        )
    if summary["left_out"]:
        yield make_names_problem(ProblemLevel.GATE, "rules_left_out", summary["left_out"])
    # The year was found in the name of the source layer or file, or given as a parameter. Names in the package
    # differ, so that an inspection would not confirm the ratio.
    inputs = next((i.inputs for i in check_result.report.indicators if "base_year_source" in i.inputs), None)
    if inputs is None or inputs["base_year"] is None:
        return
    layer = check_result.plan.layers[str(inputs["denominator_layer"])]
    field = layer.get_field_name("data_year")
    if inputs["base_year_source"] not in (field, layer.role):
        key = "base_year_outside" if field else "base_year_without_field"
        yield ExportProblem(ProblemLevel.GATE, key, layer.name, field, params={"year": inputs["base_year"]})


def find_narrow_scope(check_result: CheckResult) -> Iterator[ExportProblem]:
    """Yield a note if the check was of a narrower scope (kind of delivery) than the standard's complete one.

    If the user chose no scope, the layers decide it; a plan with few layers is then checked as control lines only.
    """
    scopes, used = check_result.plan.norm.standard.scopes, check_result.plan.scope
    # A scope that excludes rules (yearly changes) is not a complete delivery.
    widest = max(
        (name for name, scope in scopes.items() if not scope.excluded_rules),
        key=lambda name: len(scopes[name].mandatory_concepts),
        default=used,
    )
    if len(scopes[widest].mandatory_concepts) > len(scopes[used].mandatory_concepts):
        yield ExportProblem(
            ProblemLevel.NOTE, "scope_narrower", params={"scope": ScopeName(used), "wider": ScopeName(widest)}
        )


@dataclass(frozen=True)
class ScopeName:
    """The name of a scope (kind of delivery) in a message."""

    scope: str

    def render(self, texts: Texts) -> str:
        """Return the name in the language of the texts."""
        return texts.find("scopes", self.scope) or self.scope


@dataclass(frozen=True)
class CodesInBrackets:
    """The first codes of rules as a text in brackets, with “…” where more follow; an empty text without codes."""

    codes: tuple[str, ...]

    def render(self, texts: Texts) -> str:
        """Return the codes in the language of the texts."""
        if not self.codes:
            return ""
        return texts.get("words", "in_brackets", text=join_first(self.codes, texts.get("words", "between_names")))

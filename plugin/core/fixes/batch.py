# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixes for many findings: propose each one, and apply those that may be applied, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..cancellation import NEVER_CANCELLED, Cancellation
from ..errors import InputError
from ..model.findings import Finding
from .edits import FixRefused
from .judge import get_problem_name, is_same_problem, propose_fix
from .model import Fix, load_all_fixes
from .proposal import Proposal, Refusal
from .state import EditingState

ProgressCallback = Callable[[float, str], None]


@dataclass
class BatchEntry:
    """What became of one finding: a proposal, applied or not, or the reason without one.

    ``ended_by``: for a finding that is gone already, the applied proposal that ended it.
    """

    finding: Finding
    proposal: Proposal | None = None
    refusal: Refusal | None = None
    is_applied: bool = False
    ended_by: Proposal | None = None


@dataclass
class BatchResult:
    """The entries of a batch in the order of the findings, and the state with the applied fixes."""

    state: EditingState
    entries: list[BatchEntry] = field(default_factory=list)

    @property
    def applied(self) -> list[Proposal]:
        """Return the applied proposals in their order."""
        return [one.proposal for one in self.entries if one.is_applied and one.proposal is not None]


def choose_fixes(requested: Iterable[str]) -> list[Fix]:
    """Return fixes by code or name; all without a request. Raise InputError for an unknown one."""
    fixes = load_all_fixes()
    names = [text.strip() for text in requested if text.strip()]
    chosen = []
    for text in names:
        found = [one for one in fixes.values() if text.upper() == one.code or text.replace("_", "-") == one.name]
        if not found:
            raise InputError("fix_unknown", fix=text, known=", ".join(fixes))
        chosen += found
    return chosen or list(fixes.values())


def propose_best_fix(
    state: EditingState, finding: Finding, fixes: Iterable[Fix], parameters: Mapping[str, Mapping[str, Any]]
) -> tuple[Proposal, EditingState] | Refusal:
    """Return the first safe proposal for a finding, else the first one, else the reason without one.

    ``parameters``: code of a fix → keyword arguments.
    """
    best: tuple[Proposal, EditingState] | None = None
    refusals = []
    for fix in fixes:
        if not fix.answers(finding):
            continue
        try:
            judged = propose_fix(state, fix, finding, parameters.get(fix.code))
        except FixRefused as refused:
            refusals.append(Refusal(finding, refused.reason, refused.params, fix.code))
            continue
        if judged[0].is_safe:
            return judged
        best = best or judged
    if best is not None:
        return best
    return refusals[0] if refusals else Refusal(finding, "no_fix")


class _EndedFindings:
    """The findings that applied proposals ended, by the name of the problem."""

    def __init__(self) -> None:
        self._by_name: dict[tuple[Any, ...], list[tuple[Finding, Proposal]]] = {}

    def add(self, finding: Finding, proposal: Proposal) -> None:
        self._by_name.setdefault(get_problem_name(finding), []).append((finding, proposal))

    def find(self, finding: Finding) -> Proposal | None:
        """Return the first proposal that ended a finding; None for a finding that has not ended."""
        same_name = self._by_name.get(get_problem_name(finding), [])
        return next((by for one, by in same_name if is_same_problem(one, finding)), None)


def run_batch(
    state: EditingState,
    findings: Iterable[Finding],
    fixes: Iterable[Fix],
    *,
    safe_only: bool = True,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> BatchResult:
    """Propose fixes for findings in turn, and apply each safe proposal before the next finding.

    Without ``safe_only`` the others are applied as well. A refused finding does not stop the batch. The given state is
    not changed.

    Raises
    ------
    Cancelled
        The user cancelled; nothing is kept.
    """
    chosen, listed = list(fixes), list(findings)
    result = BatchResult(state)
    ended = _EndedFindings()
    # A finding whose row has a new name is looked for under that name.
    renamed: dict[int, Finding] = {}
    for number, finding in enumerate(listed):
        cancellation.raise_if_cancelled()
        progress(number / max(len(listed), 1), finding.code)
        finding = renamed.get(id(finding), finding)
        entry = BatchEntry(finding)
        result.entries.append(entry)
        entry.ended_by = ended.find(finding)
        if entry.ended_by is not None:
            continue
        answer = propose_best_fix(result.state, finding, chosen, parameters or {})
        if isinstance(answer, Refusal):
            entry.refusal = answer
            continue
        entry.proposal, after = answer
        if entry.proposal.is_safe or not safe_only:
            result.state, entry.is_applied = after, True
            for one in entry.proposal.ended_findings:
                ended.add(one, entry.proposal)
            for former, present in entry.proposal.renamed:
                for later in listed[number + 1 :]:
                    if is_same_problem(renamed.get(id(later), later), former):
                        renamed[id(later)] = present
                        break
    progress(1.0, "")
    return result

# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixes for many findings: propose fixes, and apply those that may be applied, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..base.errors import NEVER_CANCELLED, Cancellation, InputError, ProgressCallback
from ..model.findings import Finding
from .differences import find_remaining_finding, is_same_problem
from .edits import FixRefused
from .fix_declaration import Fix, load_all_fixes
from .judge import Attempt, FixJudgement, apply_judgements, judge_alone, judge_separate, run_fix
from .proposal import Proposal, Refusal
from .state import EditingState
from .surroundings import OccupiedLand, Region, compute_edits_region, compute_finding_region

#: Largest number of findings that are judged together.
MAX_GROUP = 100
#: Findings on land that is occupied that are passed over at most, in the search of a group.
MAX_POSTPONED = 300


@dataclass
class BatchEntry:
    """The outcome of one finding of a batch.

    It is a proposal, applied or not, or the reason for the missing proposal. ``finding``: as the check listed it;
    ``ended_by``: the applied proposal that ended this finding together with its own, before a proposal was made for it.
    ``present_finding``: the same problem as a check would list it after the fixes applied so far, which may have given
    its row another key.
    """

    finding: Finding
    proposal: Proposal | None = None
    refusal: Refusal | None = None
    is_applied: bool = False
    ended_by: Proposal | None = None
    present_finding: Finding = field(init=False)


@dataclass
class BatchResult:
    """The entries of a batch in the order of the findings, and the state with the applied fixes."""

    state: EditingState
    entries: list[BatchEntry] = field(default_factory=list)
    #: The applied proposals in the order in which they were applied.
    applied: list[Proposal] = field(default_factory=list)


def choose_fixes(requested: Iterable[str]) -> list[Fix]:
    """Return the fixes with the requested codes or names; all fixes if none is requested.

    Raise InputError for an unknown fix.
    """
    fixes = load_all_fixes()
    selected_fixes = []
    for text in filter(None, map(str.strip, requested)):
        matching_fixes = [
            one for one in fixes.values() if text.upper() == one.code or text.replace("_", "-") == one.name
        ]
        if not matching_fixes:
            raise InputError("fix_unknown", fix=text, known=", ".join(fixes))
        selected_fixes += matching_fixes
    return selected_fixes or list(fixes.values())


class _Candidate:
    """A finding of a batch with its fixes, which are tried one after the other until a proposal is safe.

    ``number``: position of the finding in the batch; ``attempt``: the edits that are judged next, None for none.
    """

    def __init__(
        self, number: int, finding: Finding, fixes: Iterable[Fix], parameters: Mapping[str, Mapping[str, Any]]
    ):
        self.number, self.finding, self._parameters = number, finding, parameters
        self._fixes = iter([fix for fix in fixes if fix.is_for_finding(finding)])
        self._best: FixJudgement | None = None
        self._refusals: list[Refusal] = []
        self.attempt: Attempt | None = None

    def find_next_attempt(self, state: EditingState) -> Attempt | None:
        """Return the edits of the next fix that does not refuse, and store them as ``attempt``.

        None if no further fix applies.
        """
        self.attempt = None
        for fix in self._fixes:
            try:
                self.attempt = Attempt(
                    fix, self.finding, run_fix(fix, self.finding, state, self._parameters.get(fix.code))
                )
                break
            except FixRefused as refused:
                self._add_refusal(fix, refused)
        return self.attempt

    def store_judgement(self, judgement: FixJudgement | FixRefused) -> bool:
        """Store the judgement of the stored attempt; return True if it is a safe proposal."""
        if isinstance(judgement, FixRefused):
            if self.attempt is not None:
                self._add_refusal(self.attempt.fix, judgement)
            return False
        if judgement.proposal.is_safe:
            self._best = judgement
            return True
        self._best = self._best or judgement
        return False

    def _add_refusal(self, fix: Fix, refusal_error: FixRefused) -> None:
        """Store the reason for which a fix was refused."""
        self._refusals.append(Refusal(self.finding, refusal_error.key, refusal_error.params, fix.code))

    @property
    def result(self) -> FixJudgement | Refusal:
        """Return the safe proposal, else the first proposal, else the first reason for having none."""
        return self._best or next(iter(self._refusals), Refusal(self.finding, "no_fix"))


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
    """Propose fixes for findings in turn, and apply each safe proposal before the next finding on the same land.

    Findings on separate land are judged together. If ``safe_only`` is False, proposals that are not safe are applied
    too. A refused finding does not stop the batch. The given state is not changed.

    Raises
    ------
    Cancelled
        The user cancelled; no change is kept.
    """
    run = _BatchRun(state, list(findings), list(fixes), safe_only, parameters or {})
    while run.pending:
        cancellation.raise_if_cancelled()
        entries = run.result.entries
        progress(1.0 - len(run.pending) / len(entries), entries[run.pending[0]].finding.code)
        run.process_next_group(cancellation)
    progress(1.0, "")
    return run.result


class _BatchRun:
    """A batch that is running: the state so far, and the findings that are still pending."""

    def __init__(
        self,
        state: EditingState,
        findings: list[Finding],
        fixes: list[Fix],
        safe_only: bool,
        parameters: Mapping[str, Mapping[str, Any]],
    ):
        self.result = BatchResult(state, [BatchEntry(finding) for finding in findings])
        #: Positions of the findings that are not settled, in their order.
        self.pending = list(range(len(findings)))
        self._fixes, self._safe_only, self._parameters = fixes, safe_only, parameters
        #: Name of a problem → the entries that have or had a present finding with this name.
        self._entries_by_name: dict[tuple[Any, ...], list[BatchEntry]] = {}
        for entry in self.result.entries:
            self._set_present_finding(entry, entry.finding)
        #: Position of a postponed finding → the region of its edits when they were last found: as long as other
        #: findings concern it, they are not found again.
        self._postponed_regions: dict[int, Region] = {}

    def process_next_group(self, cancellation: Cancellation) -> None:
        """Judge the next pending findings that are on separate land, at least one, and apply proposals.

        Raise Cancelled if the user cancelled.
        """
        group, alone = self._take_next_group(cancellation)
        together = list(group)
        while together:
            # Candidates that cannot be separated from others are judged alone, the rest again with their next attempt.
            judgements = judge_separate(
                self.result.state, [one.attempt for one in together if one.attempt is not None], cancellation
            )
            retried_candidates: list[_Candidate] = []
            for candidate, judgement in zip(together, judgements, strict=True):
                if judgement is None:
                    alone.append(candidate)
                    continue
                if candidate.store_judgement(judgement) or candidate.find_next_attempt(self.result.state) is None:
                    continue
                region = self._find_attempt_region(candidate, group[candidate])
                others = OccupiedLand([one for other, one in group.items() if other is not candidate])
                if region is None or others.meets_region(region):
                    alone.append(candidate)
                else:
                    group[candidate] = region
                    retried_candidates.append(candidate)
            together = retried_candidates
        self._store_results_and_apply([candidate for candidate in group if candidate not in alone])
        for candidate in alone:
            cancellation.raise_if_cancelled()
            attempt = candidate.attempt or candidate.find_next_attempt(self.result.state)
            while attempt is not None and not candidate.store_judgement(judge_alone(self.result.state, attempt)):
                attempt = candidate.find_next_attempt(self.result.state)
            self._store_results_and_apply([candidate])
        if not self.pending:
            # A later proposal may have caused another finding on the land of an ended one: it is pending again. Each
            # proposal settles an entry, so this ends.
            for number, entry in enumerate(self.result.entries):
                if entry.ended_by and (remaining := find_remaining_finding(self.result.state, entry.finding)):
                    entry.ended_by = None
                    self._set_present_finding(entry, remaining)
                    self.pending.append(number)

    def _take_next_group(self, cancellation: Cancellation) -> tuple[dict[_Candidate, Region], list[_Candidate]]:
        """Return candidates on separate land with their regions, and a candidate that must be judged alone.

        One of both is empty. Findings that have ended, or that all fixes refuse, get their entry here. A finding on the
        land of an earlier one stays pending.
        """
        group: dict[_Candidate, Region] = {}
        land = OccupiedLand()
        postponed: list[int] = []
        for position, number in enumerate(self.pending):
            if len(group) >= MAX_GROUP or len(postponed) >= MAX_POSTPONED:
                postponed += self.pending[position:]
                break
            cancellation.raise_if_cancelled()
            state, entry = self.result.state, self.result.entries[number]
            if entry.ended_by is not None:
                continue
            place = compute_finding_region(state, entry.present_finding)
            region = self._postponed_regions.get(number, place)
            if region is not None and land.meets_region(region):
                land.add(region)
                postponed.append(number)
                continue
            candidate = _Candidate(number, entry.present_finding, self._fixes, self._parameters)
            if candidate.find_next_attempt(state) is None:
                self._store_results_and_apply([candidate])
                continue
            region = self._find_attempt_region(candidate, place)
            if region is None or land.meets_region(region):
                if not group and not postponed:
                    self.pending = self.pending[position + 1 :]
                    return {}, [candidate]
                postponed += self.pending[position:] if region is None else [number]
                if region is None:
                    break
                land.add(region)
                self._postponed_regions[number] = region
                continue
            group[candidate] = region
            land.add(region)
        self.pending = postponed
        return group, []

    def _find_attempt_region(self, candidate: _Candidate, place: Region | None) -> Region | None:
        """Return the region of a finding (``place``) with the edits of its attempt; None if it is unknown."""
        if place is None or candidate.attempt is None:
            return None
        return compute_edits_region(self.result.state, place, candidate.attempt.edits)

    def _store_results_and_apply(self, candidates: Iterable[_Candidate]) -> None:
        """Store the results of candidates on separate land in their entries, and apply accepted proposals."""
        accepted_judgements: list[FixJudgement] = []
        for candidate in candidates:
            entry, judgement = self.result.entries[candidate.number], candidate.result
            if isinstance(judgement, Refusal):
                entry.refusal = judgement
                continue
            entry.proposal = judgement.proposal
            entry.is_applied = judgement.proposal.is_safe or not self._safe_only
            if entry.is_applied:
                accepted_judgements.append(judgement)
        if accepted_judgements:
            self.result.state = apply_judgements(self.result.state, accepted_judgements)
        for proposal in (judgement.proposal for judgement in accepted_judgements):
            self.result.applied.append(proposal)
            present_by_id = {id(former): present for former, present in (*proposal.renamed, *proposal.remaining)}
            for former in proposal.ended_findings:
                open_entries = [
                    entry
                    for entry in self._entries_by_name.get(former.problem_name, ())
                    if not (entry.proposal or entry.refusal or entry.ended_by)
                    and is_same_problem(entry.present_finding, former)
                ]
                for entry in open_entries:
                    if id(former) in present_by_id:
                        self._set_present_finding(entry, present_by_id[id(former)])
                    else:
                        entry.ended_by = proposal

    def _set_present_finding(self, entry: BatchEntry, finding: Finding) -> None:
        """Set the finding that an entry is on at present."""
        entry.present_finding = finding
        self._entries_by_name.setdefault(finding.problem_name, []).append(entry)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Findings of rules that are not local, which a fix ends or adds: the live check does not follow these rules."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import replace
from typing import Any


class NonLocalFindingChanges:
    """The changes that applied fixes make to findings of rules that are not local.

    A rule is local if its findings depend only on a row and the rows that it meets. The changes were found when the
    fixes were tried on a copy of the layers.
    """

    def __init__(self, ended: list[Any], added: list[Any]):
        self._ended, self._added = ended, added

    @classmethod
    def compare(cls, proposals: list[Any], findings: list[Any]) -> NonLocalFindingChanges:
        """Compare the proposals with the displayed ``findings``, before or after they are applied."""
        remaining = _FindingsByProblem(filter(_is_of_non_local_rule, findings))
        added = _FindingsByProblem(())
        ended: list[Any] = []
        for proposal in proposals:
            for ended_finding in filter(_is_of_non_local_rule, proposal.ended_findings):
                if added.take_same_problem(ended_finding) is not None:
                    continue
                match = remaining.take_same_problem(ended_finding)
                if match is not None:
                    ended.append(match)
            unknown_findings = [
                one
                for one in filter(_is_of_non_local_rule, proposal.new_findings)
                if not (remaining.has_same_problem(one) or added.has_same_problem(one))
            ]
            added.add(unknown_findings)
        return cls(ended, added.list_all())

    def get_change_of_fixes(self) -> Any:
        """Return what the fixes end and add (`core.checks.live.session.FindingsChange`); None without any."""
        return _make_change(self._ended, self._added)

    def get_change_of_undo(self, findings: list[Any]) -> Any:
        """Return the findings that an undo of the fixes ends and adds (`core.checks.live.session.FindingsChange`).

        None without any. ``findings``: the displayed findings, of which only these can end.
        """
        displayed_ids = {id(finding) for finding in findings}
        return _make_change([one for one in self._added if id(one) in displayed_ids], self._ended)


class _FindingsByProblem:
    """Findings in the order in which they were added, to be searched by the problem that they state."""

    def __init__(self, findings: Iterable[Any]):
        self._candidates: dict[tuple[Any, ...], list[Any]] = {}
        #: id() of a finding → the finding, in the order in which they were added.
        self._findings: dict[int, Any] = {}
        self.add(findings)

    def add(self, findings: Iterable[Any]) -> None:
        for finding in findings:
            self._candidates.setdefault(finding.problem_name, []).append(finding)
            self._findings[id(finding)] = finding

    def list_all(self) -> list[Any]:
        return list(self._findings.values())

    def has_same_problem(self, finding: Any) -> bool:
        return self._find_same_problem(finding) is not None

    def take_same_problem(self, finding: Any) -> Any:
        """Remove and return the first finding on the same problem; None without one."""
        found = self._find_same_problem(finding)
        if found is not None:
            candidates, position = found
            finding_taken = candidates.pop(position)
            return self._findings.pop(id(finding_taken))
        return None

    def _find_same_problem(self, finding: Any) -> tuple[list[Any], int] | None:
        """Return a list of findings and the position in it of the first on the same problem; None without one."""
        from ...core.fixes.differences import is_same_problem

        candidates = self._candidates.get(finding.problem_name, [])
        return next(((candidates, n) for n, one in enumerate(candidates) if is_same_problem(one, finding)), None)


def make_undo_changes(proposals: list[Any], findings: list[Any], codes: Container[str]) -> Any:
    """Return how an undo of fixes changes the findings of a check that was made after the fixes.

    ``proposals``: the fixes; ``findings``: findings of that check; ``codes``: codes of its rules. Return a
    `core.checks.live.session.FindingsChange`, None for no change.
    """
    reverted = [
        replace(
            proposal,
            ended_findings=proposal.new_findings,
            new_findings=[one for one in proposal.ended_findings if one.code in codes],
        )
        for proposal in reversed(proposals)
    ]
    return NonLocalFindingChanges.compare(reverted, findings).get_change_of_fixes()


def _is_of_non_local_rule(finding: Any) -> bool:
    from ...core.model.rule import load_all_rules

    rule = load_all_rules().get(finding.code)
    return rule is not None and not rule.local


def _make_change(ended_findings: list[Any], new_findings: list[Any]) -> Any:
    """Return a `core.checks.live.session.FindingsChange` with these findings; None without any."""
    from ...core.checks.live.session import FindingsChange

    return (
        FindingsChange(ended_findings=list(ended_findings), new_findings=list(new_findings))
        if ended_findings or new_findings
        else None
    )

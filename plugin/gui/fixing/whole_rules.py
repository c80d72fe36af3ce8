# SPDX-License-Identifier: GPL-2.0-or-later
"""Findings of rules that are not local, which a fix ends or adds: the live check does not follow these rules."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace
from typing import Any


class NonLocalFindingChanges:
    """The changes that applied fixes make to findings of rules that are not local.

    They were found when the fixes were tried on a copy of the layers.

    ``apply`` and ``revert`` return the change (`core.live.session.FindingsChange`) for the list, None for no change.
    """

    def __init__(self, proposals: list[Any], findings: list[Any]):
        """Compare the proposals with the displayed findings, before or right after they are applied."""
        from ...core.fixes.differences import is_same_problem

        remaining_findings = [finding for finding in findings if _is_of_non_local_rule(finding)]
        self._ended: list[Any] = []
        self._added: list[Any] = []
        for proposal in proposals:
            for ended_finding in filter(_is_of_non_local_rule, proposal.ended_findings):
                added_finding = next((one for one in self._added if is_same_problem(one, ended_finding)), None)
                if added_finding is not None:
                    self._added.remove(added_finding)
                    continue
                match = next((one for one in remaining_findings if is_same_problem(one, ended_finding)), None)
                if match is not None:
                    remaining_findings.remove(match)
                    self._ended.append(match)
            self._added += [
                one
                for one in filter(_is_of_non_local_rule, proposal.new_findings)
                if not any(is_same_problem(one, other) for other in (*remaining_findings, *self._added))
            ]

    def apply(self) -> Any:
        """Return the change that the fixes make."""
        return _make_change(self._ended, self._added)

    def revert(self, findings: list[Any]) -> Any:
        """Return the change that an undo of the fixes makes; ``findings``: the displayed ones."""
        displayed_ids = {id(finding) for finding in findings}
        return _make_change([one for one in self._added if id(one) in displayed_ids], self._ended)


def make_undo_changes(proposals: list[Any], findings: list[Any], codes: Container[str]) -> Any:
    """Return the change that an undo of fixes makes to the findings of a check that was made after the fixes.

    ``findings``: the displayed ones; ``codes``: the rules of their check. None for no change.
    """
    reverted = [
        replace(
            proposal,
            ended_findings=proposal.new_findings,
            new_findings=[one for one in proposal.ended_findings if one.code in codes],
        )
        for proposal in reversed(proposals)
    ]
    return NonLocalFindingChanges(reverted, findings).apply()


def _is_of_non_local_rule(finding: Any) -> bool:
    from ...core.model.rule import load_all_rules

    rule = load_all_rules().get(finding.code)
    return rule is not None and not rule.local


def _make_change(ended_findings: list[Any], new_findings: list[Any]) -> Any:
    from ...core.live.session import FindingsChange

    return (
        FindingsChange(ended_findings=list(ended_findings), new_findings=list(new_findings))
        if ended_findings or new_findings
        else None
    )

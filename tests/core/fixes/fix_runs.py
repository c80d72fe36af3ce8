# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs of fixes on small plans."""

from __future__ import annotations

from typing import Any

import shapely

from plugin.core.cli.examples.plans import make_example_norm
from plugin.core.cli.examples.run_examples import (
    check_and_start_editing,
    check_rules,
    list_layer_rows,
    make_fix_example_plan,
    parse_shape,
)
from plugin.core.fixes.batch import run_batch
from plugin.core.fixes.differences import is_same_problem
from plugin.core.fixes.edits import FixRefused
from plugin.core.fixes.fix_declaration import Fix
from plugin.core.fixes.judge import propose_fix
from plugin.core.fixes.proposal import Proposal, Refusal
from plugin.core.fixes.state import EditingState
from plugin.core.model.findings import Finding
from plugin.core.plan.loading.assembly import assemble_plan
from plugin.core.plan.plan import Plan
from tests.core.fixes.edited_layers import make_edited_layers

#: Findings on the sum of a layer, which neither the live check nor the judge follows.
TOTALS = {("REL006", "share"), ("REL006", "scattered")}


def propose_fix_or_fail(
    fix: Fix, finding: Finding, state: EditingState, **parameters: Any
) -> tuple[Proposal, EditingState]:
    """Return the judged proposal of a fix for a finding, and the editing state after it."""
    return propose_fix(state, fix, finding, parameters)


def propose_best_fix(
    state: EditingState, finding: Finding, fixes: list[Fix]
) -> tuple[Proposal, EditingState] | Refusal:
    """Return the proposal of a batch of one finding, and the state after it.

    A refusal if no fix has a proposal.
    """
    result = run_batch(state, [finding], fixes, safe_only=False)
    (entry,) = result.entries
    if entry.proposal is None:
        assert entry.refusal is not None
        return entry.refusal
    return entry.proposal, result.state


def check_again(state: EditingState, codes: list[str], settings: dict[str, Any] | None = None) -> list[Finding]:
    """Return the findings of a whole check of the layers with the fixes applied."""
    plan = assemble_plan(make_edited_layers(state), make_example_norm(settings), scope="three_lines")
    return check_rules(plan, codes).report.findings


#: The plan of the last judgement, which has usually several, with the rules and their findings.
_LAST_CHECK: list[tuple[Plan, list[str], list[Finding]]] = []


def _check_once(plan: Plan, codes: list[str]) -> list[Finding]:
    """Return the findings of a whole check of a plan, which is done once for judgements that follow each other."""
    if not _LAST_CHECK or _LAST_CHECK[0][0] is not plan or _LAST_CHECK[0][1] != codes:
        _LAST_CHECK[:] = [(plan, codes, check_rules(plan, codes).report.findings)]
    return _LAST_CHECK[0][2]


def assert_judgement_agrees_with_a_whole_check(
    proposal: Proposal, after: EditingState, codes: list[str], settings: dict[str, Any] | None = None
) -> None:
    """Compare the findings that the judge expects to end and appear with a whole check of the edited layers."""
    before = _check_once(after.plan, codes)
    now = check_again(after, codes, settings)
    # One to one: of two rows with one key, each has its findings, and a deleted row takes away its own only.
    renamed = [former for former, _ in proposal.renamed]

    def is_among(one: Finding, others: list[Finding]) -> bool:
        return any(is_same_problem(one, other) for other in others)

    def measure_difference(one: Finding, other: Finding) -> tuple[bool, bool]:
        return shapely.to_wkb(one.geometry) != shapely.to_wkb(other.geometry), is_among(other, renamed)

    ended, begun = list(before), []
    # Of a problem that falls apart, the largest part stays and the others are new.
    for one in sorted(now, key=lambda one: -(one.area_m2 or 0.0)):
        matches = [n for n, other in enumerate(ended) if is_same_problem(one, other)]
        if matches:
            # Where a feature id is no longer named, several may match.
            del ended[min(matches, key=lambda n: measure_difference(one, ended[n]))]
        else:
            begun.append(one)
    # A part of a problem that joins another one has not ended.
    ended = [
        one for one in ended if not one.by_place or is_among(one, proposal.ended_findings) or not is_among(one, now)
    ]
    assert name_findings(ended) == name_findings(proposal.ended_findings)
    # One that grew is there before and after; a part of a problem that falls apart is new.
    appearing = [one for one in proposal.new_findings if is_among(one, begun) or not is_among(one, before)]
    assert name_findings(begun) == name_findings(appearing)


def name_findings(findings: list[Finding]) -> list[tuple[str, ...]]:
    """Return rule, case, layer and keys of findings, sorted; findings on totals are left out."""
    return sorted(
        (f.code, f.case, f.role, f.key, *sorted(f.related_keys)) for f in findings if (f.code, f.case) not in TOTALS
    )


__all__ = [
    "FixRefused",
    "check_and_start_editing",
    "check_rules",
    "list_layer_rows",
    "make_fix_example_plan",
    "parse_shape",
    "propose_best_fix",
    "propose_fix_or_fail",
]

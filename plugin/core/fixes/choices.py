# SPDX-License-Identifier: GPL-2.0-or-later
"""All ways to fix one finding, for a person who chooses one of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ..cancellation import NEVER_CANCELLED, Cancellation
from ..live.session import FeatureKey
from ..model.findings import Finding
from .edits import FixRefused
from .judge import propose_fix
from .model import Fix, load_all_fixes
from .proposal import Proposal, Refusal
from .rows_before import RowBefore, read_rows_before
from .state import EditingState

#: Most features that one fix offers as an alternative.
MAX_ALTERNATIVES = 6


@dataclass(frozen=True)
class FixChoice:
    """One way to fix a finding: a judged proposal, or why this fix does not apply.

    ``parameters``: the keyword arguments of the fix, where it is not its default. ``rows_before``: the rows that the
    proposal was judged on.
    """

    fix: Fix
    proposal: Proposal | None = None
    refusal: Refusal | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    rows_before: dict[FeatureKey, RowBefore] = field(default_factory=dict)


def list_choices(
    state: EditingState,
    finding: Finding,
    *,
    progress: Callable[[float, str], None] = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> list[FixChoice]:
    """Return a choice for each fix of the finding, and for each feature that a fix may change instead.

    Safe proposals come first, then the others, then the fixes that do not apply, each in the order of their codes.
    Raises Cancelled.
    """
    fixes = load_all_fixes().find_for(finding)
    choices: list[FixChoice] = []
    for number, fix in enumerate(fixes):
        cancellation.raise_if_cancelled()
        progress(number / len(fixes), fix.code)
        first = make_choice(state, fix, finding, {})
        choices.append(first)
        for parameters in _list_alternatives(fix, finding, first.proposal):
            cancellation.raise_if_cancelled()
            other = make_choice(state, fix, finding, parameters)
            if other.proposal is not None and not _is_already_offered(other.proposal, choices):
                choices.append(other)
    progress(1.0, "")
    return sorted(choices, key=_rank)


def make_choice(state: EditingState, fix: Fix, finding: Finding, parameters: dict[str, Any]) -> FixChoice:
    """Return the choice that one fix with these parameters is."""
    try:
        proposal, _after = propose_fix(state, fix, finding, parameters)
    except FixRefused as refused:
        return FixChoice(fix, None, Refusal(finding, refused.reason, refused.params, fix.code), parameters)
    return FixChoice(fix, proposal, None, parameters, read_rows_before(state, proposal.edits))


def _rank(choice: FixChoice) -> int:
    if choice.proposal is None:
        return 2
    return 0 if choice.proposal.is_safe else 1


def _list_alternatives(fix: Fix, finding: Finding, proposal: Proposal | None) -> Iterable[dict[str, Any]]:
    """Return parameters that choose another feature than the default: the one that is cut, or that takes the gap."""
    names = inspect.signature(fix.function).parameters
    if "cut" in names:
        return [{"cut": key} for key in (finding.key, *finding.related_keys) if key][:MAX_ALTERNATIVES]
    if "neighbour" in names and proposal is not None:
        candidates = proposal.edits.params.get("candidates", [])
        return [{"neighbour": key} for key in candidates if key][:MAX_ALTERNATIVES]
    return []


def _is_already_offered(proposal: Proposal, choices: list[FixChoice]) -> bool:
    """Return True if another choice changes the same rows in the same way."""
    edited = {(edit.role, edit.fid, edit.is_new) for edit in proposal.edits}
    return any(
        one.fix is proposal.fix
        and one.proposal is not None
        and {(edit.role, edit.fid, edit.is_new) for edit in one.proposal.edits if not edit.is_new}
        == {edit for edit in edited if not edit[2]}
        for one in choices
    )

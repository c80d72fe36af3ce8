# SPDX-License-Identifier: GPL-2.0-or-later
"""All ways to fix one finding, from which a person chooses one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ..base.errors import NEVER_CANCELLED, Cancellation
from ..checks.live.session import FeatureKey
from ..model.findings import Finding
from .applied_edits import RowBefore, read_rows_before
from .edits import FixRefused, is_same_shape
from .fix_declaration import Fix, find_fixes_for, load_all_fixes
from .judge import propose_fix
from .proposal import Proposal, Refusal
from .state import EditingState

#: Most features that one fix offers as an alternative.
MAX_ALTERNATIVES = 6

#: Ways to align that are offered: shares of the distance, and stretches of the outline.
_ALIGNMENT_SHARES, _ALIGNMENT_PARTS = (1.0, 0.5), ("both", "gain", "loss")


@dataclass(frozen=True)
class FixChoice:
    """One way to fix a finding: a judged proposal, or the reason why this fix does not apply.

    ``parameters``: the keyword arguments with which the fix was run, empty for its defaults. ``rows_before``: the rows
    on which the proposal was judged.
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
    """Return a choice for each fix of a finding, and for each other feature that a fix may change instead.

    Safe proposals come first, then other proposals, then fixes that do not apply, each in the order of their codes.
    Raise Cancelled.
    """
    fixes = find_fixes_for(finding)
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
    return sorted(choices, key=_get_sort_rank)


def make_choice(state: EditingState, fix: Fix, finding: Finding, parameters: dict[str, Any]) -> FixChoice:
    """Run one fix with parameters on a finding, and return its judged proposal or its refusal as a choice."""
    try:
        proposal, _after = propose_fix(state, fix, finding, parameters)
    except FixRefused as refused:
        return FixChoice(fix, None, Refusal(finding, refused.key, refused.params, fix.code), parameters)
    return FixChoice(fix, proposal, None, parameters, read_rows_before(state, proposal.edits))


def make_alignment_request(role: str, key: str, fid: int, reference_role: str) -> Finding:
    """Return a finding, made by no rule, that requests FIX016 to align a feature with another layer.

    ``role``, ``key``, ``fid``: layer code, key and id of the feature; ``reference_role``: code of the other layer.
    """
    return Finding(role, key, related_role=reference_role, params={"fid": fid})


def list_alignments(
    state: EditingState,
    request: Finding,
    within_m: float,
    *,
    progress: Callable[[float, str], None] = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> list[FixChoice]:
    """Return the ways to align a feature: the whole outline, only where it gains, only where it loses land.

    ``request``: result of `make_alignment_request`; ``within_m``: largest distance (m) of edges that are aligned. Each
    way is also offered with half the distance if that gives another result. Raise Cancelled.
    """
    fix = load_all_fixes()["FIX016"]
    choices: list[FixChoice] = []
    ways = [(within_m * share, part) for share in _ALIGNMENT_SHARES for part in _ALIGNMENT_PARTS]
    for number, (distance_m, part) in enumerate(ways):
        cancellation.raise_if_cancelled()
        progress(number / len(ways), fix.code)
        choice = make_choice(state, fix, request, {"within_m": distance_m, "part": part})
        if not choices or (choice.proposal is not None and not _is_already_offered(choice.proposal, choices)):
            choices.append(choice)
    progress(1.0, "")
    return sorted(choices, key=_get_sort_rank)


def _get_sort_rank(choice: FixChoice) -> int:
    """Return 0 for a safe proposal, 1 for another proposal, 2 for a refusal."""
    if choice.proposal is None:
        return 2
    return 0 if choice.proposal.is_safe else 1


def _list_alternatives(fix: Fix, finding: Finding, proposal: Proposal | None) -> Iterable[dict[str, Any]]:
    """Return keyword arguments of a fix that choose another feature than its default.

    It is the feature that is cut, or that takes the land of a gap.
    """
    fix_parameters = inspect.signature(fix.function).parameters
    if "cut" in fix_parameters:
        return [{"cut": key} for key in (finding.key, *finding.related_keys) if key][:MAX_ALTERNATIVES]
    if "part" in fix_parameters:
        return [{"part": "gain"}, {"part": "loss"}]
    if "neighbour" in fix_parameters and proposal is not None:
        return [{"neighbour": key} for key in proposal.edits.params.get("candidates", []) if key][:MAX_ALTERNATIVES]
    return []


def _is_already_offered(proposal: Proposal, choices: list[FixChoice]) -> bool:
    """Return True if a choice in the list changes the same rows in the same way as the proposal.

    Added rows follow from the others.
    """
    edit_by_row = {(one.role, one.fid): one for one in proposal.edits if not one.is_new}
    for choice in choices:
        if choice.fix is proposal.fix and choice.proposal is not None:
            other_edits = {(one.role, one.fid): one for one in choice.proposal.edits if not one.is_new}
            if other_edits.keys() == edit_by_row.keys() and all(
                one.is_deleted == edit_by_row[row].is_deleted and is_same_shape(one.shape, edit_by_row[row].shape)
                for row, one in other_edits.items()
            ):
                return True
    return False

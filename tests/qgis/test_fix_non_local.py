# SPDX-License-Identifier: GPL-2.0-or-later
"""Test how applied fixes change the displayed findings of rules that are not local."""

import copy
import random
from types import SimpleNamespace

import pytest

pytest.importorskip("qgis.core")

from plugin.bridge.running.portions import run_to_end
from plugin.core.fixes.differences import is_same_problem
from plugin.gui.fixing.non_local_findings import NonLocalFindingChanges
from tests.qgis.gui_helpers import make_finding

NON_LOCAL_RULE, LOCAL_RULE = "TOP002", "TOP001"


def compare(proposals, findings):
    return run_to_end(NonLocalFindingChanges.compare_in_steps(proposals, findings))


def make_proposal(ended=(), new=()):
    return SimpleNamespace(ended_findings=list(ended), new_findings=list(new))


def test_fix_that_ends_a_finding_of_a_non_local_rule_removes_the_displayed_finding_with_the_same_problem():
    displayed = [make_finding(NON_LOCAL_RULE, key, 100.0) for key in "abc"]
    change = compare([make_proposal([copy.copy(displayed[1])])], displayed).get_change_of_fixes()
    assert [id(one) for one in change.ended_findings] == [id(displayed[1])] and change.new_findings == []


def test_fix_leaves_findings_of_local_rules_to_the_live_check():
    displayed = [make_finding(LOCAL_RULE, "a", 100.0)]
    proposal = make_proposal(displayed, [make_finding(LOCAL_RULE, "b", 50.0)])
    assert compare([proposal], displayed).get_change_of_fixes() is None


def test_finding_that_a_later_fix_of_the_batch_ends_is_not_added():
    gap = make_finding(NON_LOCAL_RULE, "a", 100.0)
    proposals = [make_proposal(new=[gap]), make_proposal([copy.copy(gap)])]
    assert compare(proposals, []).get_change_of_fixes() is None


def test_undo_returns_the_ended_finding_and_removes_the_displayed_added_one():
    ended, added = make_finding(NON_LOCAL_RULE, "a", 100.0), make_finding(NON_LOCAL_RULE, "b", 50.0)
    changes = compare([make_proposal([ended], [added])], [ended])
    reverted = changes.get_change_of_undo([added])
    assert reverted.ended_findings == [added] and reverted.new_findings == [ended]


def compare_one_by_one(proposals, findings):
    """Return ended and added findings by comparing every pair."""
    remaining, ended, added = list(findings), [], []
    for proposal in proposals:
        for one in proposal.ended_findings:
            for former in (added, remaining):
                position = next((n for n, other in enumerate(former) if is_same_problem(other, one)), None)
                if position is not None:
                    match = former.pop(position)
                    if former is remaining:
                        ended.append(match)
                    break
        known = [*remaining, *added]
        added += [one for one in proposal.new_findings if not any(is_same_problem(one, other) for other in known)]
    return ended, added


@pytest.mark.parametrize("seed", range(30))
def test_findings_changed_by_a_random_batch_equal_those_of_a_comparison_of_every_pair(seed):
    rng = random.Random(seed)

    def draw(count):
        # Of two findings with one name, only the place differs.
        return [
            make_finding(NON_LOCAL_RULE, rng.choice("abcd"), rng.choice((1e2, 1e4)), by_place=rng.random() < 0.5)
            for _ in range(count)
        ]

    findings = draw(12)
    proposals = [make_proposal(draw(rng.randrange(3)), draw(rng.randrange(3))) for _ in range(8)]
    ended, added = compare_one_by_one(proposals, findings)
    change = compare(proposals, findings).get_change_of_fixes()
    found = ([], []) if change is None else (change.ended_findings, change.new_findings)
    assert [[id(one) for one in side] for side in found] == [[id(one) for one in side] for side in (ended, added)]

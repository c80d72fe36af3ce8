# SPDX-License-Identifier: GPL-2.0-or-later
"""Test how applied fixes change the displayed findings of rules that are not local."""

import copy
import random
from types import SimpleNamespace

import pytest

pytest.importorskip("qgis.core")

from plugin.core.fixes.differences import is_same_problem
from plugin.gui.fixing.actions import NonLocalFindingChanges
from tests.parametrize import first_daily
from tests.qgis.gui_helpers import make_finding

NON_LOCAL_RULE, LOCAL_RULE = "TOP002", "TOP001"


def compare(proposals, findings):
    return NonLocalFindingChanges.compare(proposals, findings)


def make_proposal(ended=(), new=()):
    return SimpleNamespace(ended_findings=list(ended), new_findings=list(new))


def test_fix_removes_the_displayed_finding_of_a_non_local_rule_that_equals_the_one_it_ended():
    displayed = [make_finding(NON_LOCAL_RULE, key, 100.0) for key in "abc"]
    change = compare([make_proposal([copy.copy(displayed[1])])], displayed).get_change_of_fixes()
    assert [id(one) for one in change.ended_findings] == [id(displayed[1])] and change.new_findings == []


def test_fix_changes_no_displayed_finding_of_a_local_rule_because_the_live_check_does():
    displayed = [make_finding(LOCAL_RULE, "a", 100.0)]
    proposal = make_proposal(displayed, [make_finding(LOCAL_RULE, "b", 50.0)])
    assert compare([proposal], displayed).get_change_of_fixes() is None


def test_finding_that_one_fix_of_a_batch_adds_and_a_later_one_ends_is_not_displayed():
    gap = make_finding(NON_LOCAL_RULE, "a", 100.0)
    assert compare([make_proposal(new=[gap]), make_proposal([copy.copy(gap)])], []).get_change_of_fixes() is None


def test_undo_of_a_fix_restores_the_finding_that_it_ended_and_removes_the_one_that_it_added():
    ended, added = make_finding(NON_LOCAL_RULE, "a", 100.0), make_finding(NON_LOCAL_RULE, "b", 50.0)
    reverted = compare([make_proposal([ended], [added])], [ended]).get_change_of_undo([added])
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


@pytest.mark.parametrize("seed", first_daily(range(30), 6))
def test_findings_changed_by_a_random_fix_batch_equal_those_of_a_plain_pairwise_comparison(seed):
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

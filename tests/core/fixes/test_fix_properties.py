# SPDX-License-Identifier: GPL-2.0-or-later
"""Properties of fixes on random layouts, judged by plain shapely and by a whole check."""

import os
import re

import numpy as np
import pytest
import shapely

from plugin.core.examples.plans import make_example_plan
from plugin.core.fixes import batch
from plugin.core.fixes.batch import choose_fixes, run_batch
from plugin.core.fixes.differences import is_same_problem
from plugin.core.fixes.edits import FixRefused
from plugin.core.fixes.judge import MAX_IMBALANCE_M2
from plugin.core.fixes.merging import merge_edits
from plugin.core.fixes.proposal import Refusal
from plugin.core.fixes.rows_before import read_rows_before
from plugin.core.live.session import are_equal_values
from plugin.core.profile.norm import is_sealed_or_supplied
from tests.core.fixes.fix_runs import (
    TOTALS,
    assert_judgement_agrees_with_a_whole_check,
    check_again,
    check_and_start_editing,
    list_layer_rows,
    propose_best_fix,
)
from tests.core.fixes.random_layouts import draw_layout, draw_row_of_layouts
from tests.parametrize import first_daily

RULES = [
    "GEO001", "GEO002", "GEO003", "GEO005", "GEO006", "GEO009", "ATT001", "ATT002", "ATT003", "ATT013", "TOP001", "TOP002",
    "TOP003", "TOP004", "REL001", "REL002", "REL003", "REL004", "REL005", "REL006",
]  # fmt: skip
#: With the rule on shared edges, which takes several times as long.
RULES_WITH_EDGES = [*RULES, "TOP005"]
#: Seeds of the layouts. Fixed ones, so that every machine tries the same layouts; the variable names others (100:300).
_WIDE_TRIAL_SEEDS = os.environ.get("SANXIAN_LAYOUT_SEEDS", "")
#: Layouts next to each other in one county.
_LAYOUTS_IN_ROW = 5


def for_seeds(daily, others=0):
    """Return a decorator that runs a test once for each layout.

    ``daily``: number of layouts in `make test`; ``others``: number of further ones. A wide trial has its own seeds.
    """
    if _WIDE_TRIAL_SEEDS:
        first, _, last = _WIDE_TRIAL_SEEDS.partition(":")
        return pytest.mark.parametrize("seed", range(int(first), int(last)))
    return pytest.mark.parametrize("seed", first_daily(range(daily + others), daily))


def for_rows_of_seeds(count):
    """Return a decorator that runs a test once for each row of layouts; those of a wide trial have all its seeds."""
    first, _, last = (_WIDE_TRIAL_SEEDS or f"0:{count * _LAYOUTS_IN_ROW}").partition(":")
    seeds = range(int(first), int(last))
    rows = [seeds[first_seed : first_seed + _LAYOUTS_IN_ROW] for first_seed in range(0, len(seeds), _LAYOUTS_IN_ROW)]
    return pytest.mark.parametrize("row", first_daily(rows), ids=[f"{row.start}-{row.stop - 1}" for row in rows])


def list_rows(state):
    """Return layer and feature id → WKB and attributes of all rows."""
    return {
        (role, row.fid): (
            shapely.to_wkb(row.stored_shape),
            row.layer.frame.drop(columns=row.layer.frame.geometry.name).to_json(),
        )
        for role in state.plan.layers
        for row in list_layer_rows(state, role)
    }


def sum_area(state, role):
    """Return the planar area (m²) of a layer in an editing state."""
    shapes = np.array([row.plane_shape for row in list_layer_rows(state, role)] + [None], dtype=object)
    return float(np.nansum(shapely.area(shapes)))


def check_safe_batch(seed, rules=RULES):
    """Apply all safe fixes of a layout and require that they end only their findings and need no second run."""
    plan = make_example_plan(draw_layout(seed))
    state, findings = check_and_start_editing(plan, rules)
    result = run_batch(state, findings, choose_fixes(()))
    applied = result.applied
    now = check_again(result.state, rules)
    before = list(findings)
    for proposal in applied:
        assert not any(is_same_problem(proposal.finding, one) for one in now), (proposal.fix.code, proposal.finding)
        before += [present for _, present in proposal.renamed]
    new = [
        one
        for one in now
        if (one.code, one.case) not in TOTALS and not any(is_same_problem(one, other) for other in before)
    ]
    assert not new, [(one.code, one.case, one.role, one.key, one.area_m2) for one in new]
    rows_before, rows_after = list_rows(state), list_rows(result.state)
    edited = {(edit.role, edit.fid) for proposal in applied for edit in proposal.edits}
    assert {name for name in rows_before if rows_after.get(name) != rows_before[name]} <= edited
    assert rows_after.keys() - rows_before.keys() <= edited
    for role in plan.layers:
        moved = sum(one.moved_in_m2 - one.moved_out_m2 for p in applied for one in p.areas if one.role == role)
        assert sum_area(result.state, role) == pytest.approx(sum_area(state, role) + moved, abs=MAX_IMBALANCE_M2)
        if is_sealed_or_supplied(role, plan.norm):
            assert not any(name[0] == role for name in edited)
    again = run_batch(result.state, findings, choose_fixes(()))
    assert not [one for one in again.applied if any(one.finding is other.finding for other in applied)]
    twice = run_batch(result.state, [proposal.finding for proposal in applied], choose_fixes(()))
    assert not twice.applied and list_rows(twice.state) == rows_after


def check_each_proposal(seed, rules=RULES):
    """Compare what each proposal of a layout expects to end and appear with a whole check."""
    plan = make_example_plan(draw_layout(seed))
    state, findings = check_and_start_editing(plan, rules)
    for finding in findings:
        answer = propose_best_fix(state, finding, choose_fixes(()))
        if isinstance(answer, Refusal):
            assert answer.reason != "unbalanced"
            continue
        proposal, after = answer
        assert_judgement_agrees_with_a_whole_check(proposal, after, rules)
        for one in proposal.areas:
            assert abs(one.imbalance_m2) <= MAX_IMBALANCE_M2
            assert sum_area(after, one.role) - sum_area(state, one.role) == pytest.approx(
                one.moved_in_m2 - one.moved_out_m2, abs=MAX_IMBALANCE_M2
            )


@for_seeds(2, others=16)
def test_safe_fixes_of_a_random_layout_end_their_findings_add_none_and_need_no_second_run(seed):
    check_safe_batch(seed)


def run_and_describe(layers, **options):
    """Return the rows after a batch, and what became of each finding; new rows are described without their numbers."""
    state, findings = check_and_start_editing(make_example_plan(layers), RULES)
    result = run_batch(state, findings, choose_fixes(()), **options)
    read_keys = {role: set(layer.keys) for role, layer in state.plan.layers.items()}

    def describe(found):
        return sorted(
            (
                one.code, one.case, one.role, one.key if one.key in read_keys[one.role] else "new",
                *(key if key in read_keys[one.related_role] else "new" for key in one.related_keys),
            )
            for one in found
            if (one.code, one.case) not in TOTALS
        )  # fmt: skip

    def hide_new_key(name, row):
        key = re.search(r"\d{18}", row[1])
        return row[0], row[1].replace(key[0], "new") if key and key[0] not in read_keys[name[0]] else row[1]

    answers = []
    for entry in result.entries:
        one = entry.proposal
        judged = one and (
            one.fix.code, entry.is_applied, describe(one.ended_findings), describe(one.new_findings), [key for key, _ in one.doubts],
            [round(area.imbalance_m2, 4) for area in one.areas],
        )  # fmt: skip
        answers.append((
            describe([entry.finding]), entry.ended_by is not None,
            entry.refusal and (entry.refusal.reason, entry.refusal.fix_code), judged,
        ))  # fmt: skip
    rows, read = list_rows(result.state), list_rows(state)
    return (
        {name: hide_new_key(name, row) for name, row in rows.items() if name in read},
        sorted((name[0], row[0]) for name, row in rows.items() if name not in read),
        answers,
    )


@for_rows_of_seeds(4)
@pytest.mark.parametrize("safe_only", first_daily([True, False]))
def test_findings_judged_together_get_the_same_fixes_as_judged_one_by_one(row, safe_only, monkeypatch):
    layers = draw_row_of_layouts(row)
    sizes = []
    judge_separate = batch.judge_separate

    def count_attempts(state, attempts, cancellation):
        sizes.append(len(attempts))
        return judge_separate(state, attempts, cancellation)

    monkeypatch.setattr(batch, "judge_separate", count_attempts)
    together = run_and_describe(layers, safe_only=safe_only)
    assert max(sizes) >= 3
    monkeypatch.setattr(batch, "MAX_GROUP", 1)
    assert run_and_describe(layers, safe_only=safe_only) == together


@for_rows_of_seeds(8)
def test_merged_edits_of_a_batch_give_the_rows_on_which_its_last_fix_was_judged(row):
    """QGIS applies the merged edits as one step."""
    state, findings = check_and_start_editing(make_example_plan(draw_row_of_layouts(row)), RULES)
    result = run_batch(state, findings, choose_fixes(()), safe_only=False)
    merged = merge_edits(proposal.edits for proposal in result.applied)
    read_rows_before(state, merged)
    for (role, fid), made in state.make_batch(merged).states_by_feature.items():
        if made is None:
            with pytest.raises(FixRefused, match="stale"):
                result.state.get_row(role, fid)
            continue
        judged = result.state.get_row(role, fid)
        assert made.wkb == (None if judged.stored_shape is None else shapely.to_wkb(judged.stored_shape)), (role, fid)
        different = {
            name: (value, judged.values[name])
            for name, value in made.attributes.items()
            if not are_equal_values(value, judged.values[name])
        }
        assert not different, (role, fid, different)


@for_seeds(2, others=16)
def test_findings_that_a_proposal_ends_or_adds_agree_with_a_full_check(seed):
    check_each_proposal(seed)


@for_seeds(1, others=3)
def test_safe_fixes_of_shared_edges_end_their_findings_and_add_none(seed):
    check_safe_batch(seed, RULES_WITH_EDGES)


@for_seeds(0, others=4)
def test_findings_on_shared_edges_that_a_proposal_ends_or_adds_agree_with_a_full_check(seed):
    check_each_proposal(seed, RULES_WITH_EDGES)

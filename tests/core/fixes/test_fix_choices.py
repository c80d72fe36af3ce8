# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the ways to fix one finding, the rows that they were judged on, and the net edits of several fixes."""

import numpy as np
import pytest
import shapely

from plugin.core.examples.plans import make_example_plan
from plugin.core.fixes.choices import list_choices
from plugin.core.fixes.edits import Edits, NewField, RowEdit
from plugin.core.fixes.merging import merge_edits
from plugin.core.fixes.model import load_all_fixes
from plugin.core.fixes.rows_before import RowBefore, is_same_row, read_rows_before
from plugin.core.fixes.state import EditingState
from plugin.core.live.session import EditBatch, FeatureState
from tests.core.fixes.fix_runs import check_and_start_editing, check_rules, propose_fix_or_fail

WEST_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
EAST_WKT = "POLYGON ((90 0, 190 0, 190 100, 90 100, 90 0))"


def start_with_overlap():
    """Return the editing state of two overlapping boundary rows, and the finding on them."""
    plan = make_example_plan({"layer": [WEST_WKT, EAST_WKT]}, {"layer": "CZKFBJ"}, {})
    state, findings = check_and_start_editing(plan, ["TOP001"])
    return state, findings[0]


def test_overlap_finding_offers_to_cut_either_feature_and_gives_a_refusal_reason_for_other_fixes():
    state, finding = start_with_overlap()
    choices = list_choices(state, finding)
    cuts = [choice for choice in choices if choice.fix.code == "FIX007" and choice.proposal is not None]
    assert len(cuts) == 2 and {edit.fid for choice in cuts for edit in choice.proposal.edits} == {
        row.fid for row in (state.get_finding_row(finding), state.get_related_row(finding))
    }
    assert [choice.proposal is None for choice in choices] == sorted(choice.proposal is None for choice in choices)
    assert {choice.fix.code for choice in choices} == {fix.code for fix in load_all_fixes().find_for(finding)}
    assert all(choice.refusal.reason for choice in choices if choice.proposal is None)


def test_row_counts_as_unchanged_only_if_its_shape_and_all_values_are_equal():
    state, finding = start_with_overlap()
    proposal = list_choices(state, finding)[0].proposal
    ((feature, before),) = read_rows_before(state, proposal.edits).items()
    assert before.key and feature[0] == "CZKFBJ"
    same = FeatureState(before.feature.wkb, dict(before.feature.attributes))
    assert is_same_row(before, same)
    assert not is_same_row(before, None)
    assert not is_same_row(before, FeatureState(None, same.attributes))
    moved = shapely.to_wkb(shapely.transform(shapely.from_wkb(same.wkb), lambda xy: xy + 0.001))
    assert not is_same_row(before, FeatureState(moved, same.attributes))
    assert not is_same_row(before, FeatureState(same.wkb, same.attributes | {"BSM": "another"}))
    assert is_same_row(RowBefore("", FeatureState(None, {"A": None})), FeatureState(None, {"A": float("nan")}))


def test_editing_state_made_from_a_live_session_has_its_new_rows_and_leaves_the_session_unchanged():
    plan = make_example_plan({"layer": [WEST_WKT, EAST_WKT]}, {"layer": "CZKFBJ"}, {})
    checked = check_rules(plan, ["TOP001"])
    first, _findings = check_and_start_editing(plan, ["TOP001"])
    session = first.session
    batch = EditBatch()
    layer = plan.layers["CZKFBJ"]
    shape = shapely.transform(layer.frame.geometry.iloc[1], lambda xy: xy + np.array([200.0, 0.0]))
    highest = max(layer.fids) + 7
    batch.states_by_feature["CZKFBJ", highest] = FeatureState(shapely.to_wkb(shape), {"BSM": "140225000000000999"})
    session.check_edits(batch)
    from plugin.core.check import RunOptions

    state = EditingState(checked, RunOptions(rules=("TOP001",)), session=session)
    assert state.get_row("CZKFBJ", highest).key == "140225000000000999"
    assert state.reserve_new_fid("CZKFBJ") == highest + 1, "the id of a saved new feature is not used again"
    assert state.reserve_new_key("CZKFBJ") == "140225000000001000"
    assert session.find_row_number("CZKFBJ", highest + 1) is None


def test_merged_edits_have_each_row_once_with_its_last_shape_and_all_values():
    first, second = shapely.box(0, 0, 1, 1), shapely.box(0, 0, 2, 2)
    merged = merge_edits(
        [
            Edits([RowEdit("A", 1, first, {"X": 1}), RowEdit("A", 2, attributes={"Y": 1})], [NewField("A", "Y")]),
            Edits([RowEdit("A", 1, second, {"Z": 2}), RowEdit("A", 8, first, {"X": 5}, True, False, 1)]),
            Edits([RowEdit("A", 9, second, {"W": 6}, True, False, 8), RowEdit("A", 2, is_deleted=True)]),
            Edits([RowEdit("A", 8, is_deleted=True)], [NewField("A", "Y")]),
        ]
    )
    rows = {edit.fid: edit for edit in merged}
    assert rows.keys() == {1, 2, 9}, "a row that was added and deleted is left out"
    assert rows[1].shape is second and rows[1].attributes == {"X": 1, "Z": 2}
    assert rows[2].is_deleted and not rows[1].is_deleted
    # A copy of a new row is a copy of the row before all fixes, with the values that earlier fixes gave.
    assert rows[9].is_new and rows[9].attribute_source_fid == 1 and rows[9].attributes == {"X": 5, "W": 6}
    assert merged.new_fields == [NewField("A", "Y")]


@pytest.mark.parametrize("deletes_first", [True, False])
def test_row_that_replaces_another_new_row_keeps_the_values_of_that_row(deletes_first):
    """A row was divided, and a later fix replaces the second part by a new row."""
    shape = shapely.box(0, 0, 1, 1)
    replacing = [
        RowEdit("A", 8, is_deleted=True),
        RowEdit("A", 9, shape, {"W": 6}, is_new=True, attribute_source_fid=8),
    ]
    merged = merge_edits(
        [
            Edits([RowEdit("A", 1, attributes={"Z": 2})]),
            Edits([RowEdit("A", 1, shape, {"Y": 3}), RowEdit("A", 8, shape, {"X": 5}, True, False, 1)]),
            Edits(replacing if deletes_first else replacing[::-1]),
        ]
    )
    rows = {edit.fid: edit for edit in merged}
    assert rows.keys() == {1, 9}
    # Row 8 was a copy of row 1 as it was before the second fix.
    assert rows[9].attribute_source_fid == 1 and rows[9].attributes == {"Z": 2, "X": 5, "W": 6}


def test_new_row_that_replaces_a_row_keeps_values_that_earlier_fixes_gave_to_that_row():
    shape = shapely.box(0, 0, 1, 1)
    merged = merge_edits(
        [
            Edits([RowEdit("A", 1, attributes={"Z": 2})]),
            Edits([RowEdit("A", 1, is_deleted=True), RowEdit("A", 9, shape, {"W": 6}, True, False, 1)]),
        ]
    )
    rows = {edit.fid: edit for edit in merged}
    assert rows[1].is_deleted and rows[9].attribute_source_fid == 1 and rows[9].attributes == {"Z": 2, "W": 6}


def test_new_feature_has_the_same_key_in_each_proposal_on_one_state():
    rows = {
        "boundary": ["POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"],
        "farmland": ["POLYGON ((40 -10, 60 -10, 60 110, 40 110, 40 -10))"],
    }
    state, (overlap,) = check_and_start_editing(make_example_plan(rows, {}, {}), ["REL002"])
    proposals = [propose_fix_or_fail(load_all_fixes()["FIX010"], overlap, state)[0] for _ in range(3)]
    keys = [sorted(one.row_keys.values()) for one in proposals]
    assert len(keys[0]) == 2 and keys[0] == keys[1] == keys[2]

# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the ways to fix one finding, the rows that they were judged on, and the net edits of several fixes."""

from dataclasses import replace

import numpy as np
import pytest
import shapely

from plugin.core.base.errors import Cancellation, Cancelled
from plugin.core.checks.live.session import EditBatch, FeatureState
from plugin.core.cli.examples.plans import make_example_layer, make_example_norm, make_example_plan
from plugin.core.fixes.applied_edits import RowBefore, is_same_row, merge_edits, read_rows_before
from plugin.core.fixes.batch import choose_fixes, run_batch
from plugin.core.fixes.choices import list_alignments, list_choices, make_alignment_request
from plugin.core.fixes.edits import Edits, FixRefused, NewField, RowEdit
from plugin.core.fixes.fix_declaration import Safety, find_fixes_for, load_all_fixes
from plugin.core.fixes.judge import MAX_IMBALANCE_M2, judge_edits
from plugin.core.fixes.proposal import Proposal, Refusal
from plugin.core.fixes.state import EditingState
from plugin.core.plan.loading.assembly import assemble_plan
from plugin.core.standard.profile.norm import is_sealed_or_supplied
from tests.core.fixes.fix_runs import (
    check_and_start_editing,
    check_rules,
    list_layer_rows,
    parse_shape,
    propose_best_fix,
    propose_fix_or_fail,
)

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
    assert {choice.fix.code for choice in choices} == {fix.code for fix in find_fixes_for(finding)}
    assert all(choice.refusal.reason for choice in choices if choice.proposal is None)


def test_row_counts_as_unchanged_only_if_its_shape_and_all_values_are_equal():
    state, finding = start_with_overlap()
    ((feature, before),) = read_rows_before(state, list_choices(state, finding)[0].proposal.edits).items()
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
    from plugin.core.checks.check import RunOptions

    state = EditingState(checked, RunOptions(rules=("TOP001",)), session=session)
    assert state.get_row("CZKFBJ", highest).key == "140225000000000999"
    assert state.reserve_new_fid("CZKFBJ") == highest + 1, "the id of a saved new feature is not used again"
    assert state.reserve_new_key("CZKFBJ") == "140225000000001000"
    assert highest + 1 not in session.row_numbers["CZKFBJ"]


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


UNIT_BOX = shapely.box(0, 0, 1, 1)
#: A row was divided, and a later fix replaces the second part by a new row.
DIVIDED = Edits([RowEdit("A", 1, UNIT_BOX, {"Y": 3}), RowEdit("A", 8, UNIT_BOX, {"X": 5}, True, False, 1)])
REPLACING = [RowEdit("A", 8, is_deleted=True), RowEdit("A", 9, UNIT_BOX, {"W": 6}, True, False, 8)]
REPLACED = Edits([RowEdit("A", 1, is_deleted=True), RowEdit("A", 9, UNIT_BOX, {"W": 6}, True, False, 1)])


@pytest.mark.parametrize(
    ("later", "is_deleted", "attributes"),
    [
        # Row 8 was a copy of row 1 as it was before the second fix.
        ([DIVIDED, Edits(REPLACING)], False, {"Z": 2, "X": 5, "W": 6}),
        ([DIVIDED, Edits(REPLACING[::-1])], False, {"Z": 2, "X": 5, "W": 6}),
        ([REPLACED], True, {"Z": 2, "W": 6}),
    ],
)
def test_row_that_replaces_another_row_keeps_the_values_that_earlier_fixes_gave_to_that_row(
    later, is_deleted, attributes
):
    rows = {edit.fid: edit for edit in merge_edits([Edits([RowEdit("A", 1, attributes={"Z": 2})]), *later])}
    assert rows.keys() == {1, 9} and rows[1].is_deleted is is_deleted
    assert rows[9].attribute_source_fid == 1 and rows[9].attributes == attributes


def test_new_feature_has_the_same_key_in_each_proposal_on_one_state():
    rows = {
        "boundary": ["POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"],
        "farmland": ["POLYGON ((40 -10, 60 -10, 60 110, 40 110, 40 -10))"],
    }
    state, (overlap,) = check_and_start_editing(make_example_plan(rows, {}, {}), ["REL002"])
    proposals = [propose_fix_or_fail(load_all_fixes()["FIX010"], overlap, state)[0] for _ in range(3)]
    keys = [sorted(one.row_keys.values()) for one in proposals]
    assert len(keys[0]) == 2 and keys[0] == keys[1] == keys[2]


SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
CROSSING_WKT = "POLYGON ((90 0, 190 0, 190 100, 90 100, 90 0))"
TWO_PARTS_WKT = "MULTIPOLYGON (((0 0, 30 0, 30 10, 0 10, 0 0)), ((50 0, 60 0, 60 10, 50 10, 50 0)))"
COUNTY_WKT = "POLYGON ((0 0, 200 0, 200 200, 0 200, 0 0))"


def get_refusal_reason(plan, code, **changes):
    """Return why the first finding of a rule, with some values changed, is not fixed."""
    state, findings = check_and_start_editing(plan, [code])
    answer = propose_best_fix(state, replace(findings[0], **changes), choose_fixes(()))
    assert isinstance(answer, Refusal)
    return answer.reason


def test_county_profile_sets_which_layers_are_sealed_for_fixes():
    norm = make_example_norm({"sealed.roles": ["farmland"], "sealed.supplied": ["CZK*"]})
    assert [is_sealed_or_supplied(role, norm) for role in ("YJJBNTBHTB", "STBHHX", "DLTB", "CZKFBJ")] == [
        True,
        False,
        False,
        True,
    ]


def test_fix_of_a_finding_on_a_deleted_or_changed_row_is_refused_as_stale():
    plan = make_example_plan({"boundary": [TWO_PARTS_WKT]})
    assert get_refusal_reason(plan, "GEO003", key="140225000000009999") == "stale"
    state, findings = check_and_start_editing(plan, ["GEO003"])
    after = run_batch(state, findings, choose_fixes(()), safe_only=False).state
    assert propose_best_fix(after, findings[0], choose_fixes(())).reason == "stale"


@pytest.mark.parametrize(
    ("rows", "code", "reason"),
    [
        ({"farmland": [{"wkt": SQUARE_WKT, "land_use": "0301"}]}, "LAW010", "no_fix"),
        # An invalid row is not reshaped until it is repaired.
        (
            {"farmland": [SQUARE_WKT], "boundary": ["POLYGON ((50 0, 150 100, 150 0, 50 100, 50 0))"]},
            "REL002",
            "row_invalid",
        ),
    ],
)
def test_finding_without_a_fix_or_on_an_invalid_row_is_refused_with_that_reason(rows, code, reason):
    assert get_refusal_reason(make_example_plan(rows), code) == reason


def test_fix_of_a_row_with_arcs_or_with_heights_or_in_degrees_is_refused():
    norm = make_example_norm()

    def make_plan(row):
        return assemble_plan([make_example_layer("CZKFBJ", [row], norm)], norm, scope="three_lines")

    assert get_refusal_reason(make_plan({"wkt": TWO_PARTS_WKT, "curve": True}), "GEO003") == "has_arcs"
    with_heights = shapely.force_3d(shapely.from_wkt(TWO_PARTS_WKT), 5.0).wkt
    assert get_refusal_reason(make_plan({"wkt": with_heights}), "GEO003") == "has_heights"
    in_degrees = "MULTIPOLYGON (((113.7 39.7, 113.701 39.7, 113.701 39.701, 113.7 39.7)), ((113.71 39.7, 113.711 39.7, 113.711 39.701, 113.71 39.7)))"
    degrees = make_example_layer("CZKFBJ", [None], norm, crs=4490)
    degrees.frame.geometry = [shapely.from_wkt(in_degrees)]
    assert get_refusal_reason(assemble_plan([degrees], norm, scope="three_lines"), "GEO003") == "other_crs"


def test_gap_between_rows_in_degrees_is_not_fixed():
    norm = make_example_norm()
    corner = 113.7, 39.7
    county = shapely.box(*corner, corner[0] + 0.02, corner[1] + 0.01)
    layers = {"XZQX": county, "YDYHGHFQ": shapely.box(*corner, corner[0] + 0.01, corner[1] + 0.01)}
    sources = [make_example_layer(role, [None], norm, crs=4490) for role in layers]
    for source, shape in zip(sources, layers.values(), strict=True):
        source.frame.geometry = [shape]
    assert get_refusal_reason(assemble_plan(sources, norm, scope="three_lines"), "TOP002") == "other_crs"


def test_line_of_two_parts_is_divided_by_its_fix_into_one_row_for_each_part():
    plan = make_example_plan({"ZDJTJCSSX": ["MULTILINESTRING ((0 0, 10 0), (20 0, 50 0))"]})
    state, findings = check_and_start_editing(plan, ["GEO003"])
    assert not run_batch(state, findings, choose_fixes(())).applied
    result = run_batch(state, findings, choose_fixes(()), safe_only=False)
    lengths = sorted(round(row.stored_shape.length, 6) for row in list_layer_rows(result.state, "ZDJTJCSSX"))
    assert len(result.applied) == 1 and lengths == [10.0, 30.0]


def test_rows_without_a_key_get_different_new_keys():
    rows = [{"wkt": f"POLYGON (({x} 0, {x + 9} 0, {x + 9} 9, {x} 9, {x} 0))", "key": None} for x in range(0, 50, 10)]
    plan = make_example_plan({"boundary": [*rows, {"wkt": SQUARE_WKT, "key": "140225000000000007"}]})
    state, findings = check_and_start_editing(plan, ["ATT001"])
    result = run_batch(state, findings, choose_fixes(()))
    keys = [row.key for row in list_layer_rows(result.state, "CZKFBJ")]
    assert len(result.applied) == 5 and len(set(keys)) == 6 and max(keys) == "140225000000000012"


def judge_shape(wkt, layers=None, code="GEO003", attributes=None):
    """Judge a fix that gives the first row of the boundary another shape."""
    plan = make_example_plan(layers or {"boundary": [TWO_PARTS_WKT], "county": [COUNTY_WKT]})
    state, findings = check_and_start_editing(plan, [code, "ATT003"])
    row = list_layer_rows(state, "CZKFBJ" if "CZKFBJ" in plan.layers else "GDBHMB")[0]
    origin = shapely.get_coordinates(row.stored_shape).min(axis=0)
    shape = None if wkt is None else shapely.transform(shapely.from_wkt(wkt), lambda xy: xy + origin)
    edits = Edits([RowEdit(row.role, row.fid, shape, attributes or {})])
    return judge_edits(state, load_all_fixes()["FIX001"], findings[0], edits)


NET_AREA_ROW = {
    "wkt": TWO_PARTS_WKT,
    "gross_area": 400.0,
    "deduction_rate": 0.1,
    "deduction_area": 40.0,
    "net_area": 360.0,
}


@pytest.mark.parametrize(
    ("wkt", "reason", "more"),
    [
        (None, "would_be_empty", {}),
        ("POLYGON EMPTY", "would_be_empty", {}),
        ("POLYGON ((0 0, 30 30, 30 0, 0 30, 0 0))", "would_be_invalid", {}),
        ("POLYGON ((0 0, 30 0, 30 -10, 0 -10, 0 0))", "leaves_county", {}),
        (TWO_PARTS_WKT, "not_solved", {}),
        (
            "POLYGON ((0 0, 30 0, 30 10, 0 10, 0 0))",
            "net_area_sum",
            {"layers": {"GDBHMB": [NET_AREA_ROW]}, "attributes": {"TBMJ": 300.0}},
        ),
    ],
)
def test_fix_that_spoils_a_shape_or_the_sum_of_net_areas_or_leaves_its_finding_is_refused_with_the_reason(
    wkt, reason, more
):
    with pytest.raises(FixRefused) as refused:
        judge_shape(wkt, **more)
    assert refused.value.key == reason


def test_row_at_sea_may_be_reshaped_outside_the_county():
    layers = {"boundary": [{"wkt": TWO_PARTS_WKT, "zone_code": "610"}], "county": [COUNTY_WKT]}
    assert judge_shape("POLYGON ((0 0, 30 0, 30 -10, 0 -10, 0 0))", layers)


def test_judging_a_fix_changes_neither_the_editing_state_nor_the_plan():
    plan = make_example_plan({"farmland": [SQUARE_WKT], "boundary": [CROSSING_WKT]})
    state, findings = check_and_start_editing(plan, ["REL002"])
    before = [shapely.to_wkb(row.stored_shape) for row in list_layer_rows(state, "CZKFBJ")]
    answers = [propose_best_fix(state, findings[0], choose_fixes(())) for _ in range(2)]
    assert all(isinstance(answer[0], Proposal) for answer in answers)
    assert [shapely.to_wkb(row.stored_shape) for row in list_layer_rows(state, "CZKFBJ")] == before
    assert [one.fingerprint for one in state.session.findings] == [one.fingerprint for one in findings]
    assert shapely.to_wkb(plan.layers["CZKFBJ"].frame.geometry.iloc[0]) == before[0]


def test_fix_batch_continues_after_a_refusal_and_names_the_fix_that_ended_a_finding():
    duplicate = {
        "boundary": [SQUARE_WKT, SQUARE_WKT, TWO_PARTS_WKT],
        "farmland": [CROSSING_WKT],
        "red_line": [TWO_PARTS_WKT],
    }
    state, findings = check_and_start_editing(make_example_plan(duplicate), ["GEO003", "TOP001", "REL002"])
    result = run_batch(state, findings, choose_fixes(()), safe_only=False)
    assert any(entry.refusal is not None and entry.refusal.reason == "sealed" for entry in result.entries)
    ended = [entry for entry in result.entries if entry.ended_by is not None]
    assert ended and all(entry.proposal is None and entry.refusal is None for entry in ended)
    assert [entry.finding.code for entry in result.entries if entry.is_applied].count("REL002") == 1


def test_cancelled_fix_batch_leaves_no_changes():
    state, findings = check_and_start_editing(make_example_plan({"boundary": [TWO_PARTS_WKT]}), ["GEO003"])
    with pytest.raises(Cancelled):
        run_batch(state, findings, choose_fixes(()), cancellation=Cancellation(lambda: True))
    assert len(list_layer_rows(state, "CZKFBJ")) == 1


def test_fix_that_is_never_safe_is_not_applied_in_a_safe_batch():
    never = {code for code, fix in load_all_fixes().items() if fix.safety is Safety.NEVER}
    assert {"FIX008", "FIX009", "FIX012", "FIX013", "FIX025", "FIX026"} <= never
    state, findings = check_and_start_editing(make_example_plan({"boundary": [SQUARE_WKT, SQUARE_WKT]}), ["TOP001"])
    result = run_batch(state, findings, choose_fixes(()))
    assert not result.applied and len(list_layer_rows(result.state, "CZKFBJ")) == 2


def test_new_planning_zone_row_cut_out_by_a_fix_has_no_field_that_its_layer_lacks():
    halves = ["POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))", "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))"]
    zones = [{"wkt": wkt, "zone_code": code} for wkt, code in zip(halves, ("300", "410"), strict=True)]
    farmland = "POLYGON ((70 10, 80 10, 80 20, 70 20, 70 10))"
    state, findings = check_and_start_editing(make_example_plan({"farmland": [farmland], "zones": zones}), ["REL006"])
    finding = next(one for one in findings if one.case == "urban")
    proposal, _after = propose_best_fix(state, finding, choose_fixes(["FIX013"]))
    (new,) = [edit for edit in proposal.edits if edit.is_new]
    assert new.attributes["GHFQDM"] == "300" and new.attributes.keys() <= set(state.plan.layers["YDYHGHFQ"].frame)


RULES = ["GEO002", "TOP001", "TOP004", "REL002", "ATT013"]
#: Half a metre beside the parcels in the west and north, over them in the east.
BOUNDARY_WKT = "POLYGON ((-0.4 0, 100.3 0, 100.3 100.4, -0.4 100.4, -0.4 0))"
NORTH_WKT = "POLYGON ((-0.4 100.4, 100.3 100.4, 100.3 200, -0.4 200, -0.4 100.4))"
PARCELS = ["POLYGON ((0 0, 50 0, 50 100, 0 100, 0 0))", "POLYGON ((50 0, 100 0, 100 100, 50 100, 50 0))"]


def start_with_boundary(layers=None):
    """Return the editing state of a plan with two boundary rows and parcels."""
    plan = make_example_plan(
        {"layer": [BOUNDARY_WKT, NORTH_WKT], "parcels": PARCELS, **(layers or {})}, {"layer": "CZKFBJ"}, {}
    )
    return check_and_start_editing(plan, RULES)[0]


def make_request(state, role="CZKFBJ", position=0, reference="DLTB"):
    """Return a request to align a row of a layer with a reference layer."""
    row = list_layer_rows(state, role)[position]
    return make_alignment_request(role, row.key, row.fid, reference)


def list_shapes(state, role="CZKFBJ"):
    """Return the shapes of a layer's rows in an editing state."""
    return [row.plane_shape for row in list_layer_rows(state, role)]


def test_aligned_feature_gets_the_reference_edge_and_its_neighbour_is_changed_without_gap_or_overlap():
    state = start_with_boundary()
    before = list_shapes(state)
    proposal, after = propose_fix_or_fail(load_all_fixes()["FIX016"], make_request(state), state)
    aligned = list_shapes(after)
    assert aligned[0].equals(parse_shape("POLYGON ((0 0, 50 0, 100 0, 100 100, 50 100, 0 100, 0 0))"))
    assert shapely.intersection(*aligned).area == 0 and shapely.union_all(aligned).area == pytest.approx(
        sum(shapely.area(aligned))
    )
    (balance,) = proposal.areas
    assert (
        balance.before_m2 == pytest.approx(sum(shapely.area(before))) and abs(balance.imbalance_m2) <= MAX_IMBALANCE_M2
    )
    assert list_shapes(state) == before


def test_alignment_with_a_survey_layer_needs_confirmation():
    state = start_with_boundary()
    proposal, _after = propose_fix_or_fail(load_all_fixes()["FIX016"], make_request(state), state)
    assert "other_survey" in [key for key, _params in proposal.doubts] and not proposal.is_safe
    state = start_with_boundary({"zones": PARCELS})
    proposal, _after = propose_fix_or_fail(load_all_fixes()["FIX016"], make_request(state, reference="YDYHGHFQ"), state)
    assert "other_survey" not in [key for key, _params in proposal.doubts] and not proposal.is_safe


def test_alignment_offers_separate_proposals_for_all_edges_for_gaining_ones_and_for_losing_ones():
    state = start_with_boundary({"parcels": [PARCELS[0], "POLYGON ((50 0, 100.5 0, 100.5 100, 50 100, 50 0))"]})
    choices = [one for one in list_alignments(state, make_request(state), 0.5) if one.proposal is not None]
    by_part = {one.parameters["part"]: one.proposal.areas[0] for one in choices if one.parameters["within_m"] == 0.5}
    assert by_part.keys() == {"both", "gain", "loss"}
    assert by_part["gain"].moved_in_m2 > by_part["gain"].moved_out_m2
    assert by_part["loss"].moved_out_m2 > by_part["loss"].moved_in_m2
    shapes = [[(edit.fid, edit.shape.wkb) for edit in one.proposal.edits] for one in choices]
    assert len(shapes) == len({tuple(one) for one in shapes})


@pytest.mark.parametrize("part", ["gain", "loss"])
@pytest.mark.parametrize("shift", [0.1, 0.25, 0.4])
def test_neighbour_loses_or_gains_the_land_that_an_aligned_feature_gains_or_loses(part, shift):
    parcels = [PARCELS[0], "POLYGON ((50 0, 100.6 0, 99.9 100.6, 50 100.2, 50 0))"]
    state = start_with_boundary({"parcels": parcels})
    before = list_shapes(state)
    _proposal, after = propose_fix_or_fail(
        load_all_fixes()["FIX016"], make_request(state), state, part=part, within_m=0.3 + shift
    )
    aligned = list_shapes(after)
    moved = aligned[0].area - before[0].area
    assert (moved > 0.1) if part == "gain" else (moved < -0.1)
    wrong_side = (
        shapely.difference(before[0], aligned[0]) if part == "gain" else shapely.difference(aligned[0], before[0])
    )
    assert wrong_side.area < 1e-6
    assert shapely.intersection(*aligned).area < 1e-6
    assert shapely.difference(before[1], shapely.union_all(aligned)).area < 1e-6


def test_aligned_line_takes_over_the_edges_of_a_polygon():
    plan = make_example_plan(
        {"line": ["LINESTRING (50.2 -20, 49.8 50, 50.1 120)"], "parcels": PARCELS}, {"line": "FZJZSSX"}, {}
    )
    state = check_and_start_editing(plan, RULES)[0]
    _proposal, after = propose_fix_or_fail(load_all_fixes()["FIX016"], make_request(state, "FZJZSSX"), state)
    (line,) = list_shapes(after, "FZJZSSX")
    expected = parse_shape("POLYGON ((50 0, 50 100, 0 50, 50 0))").boundary
    on_edge = shapely.intersection(line, shapely.box(*expected.bounds).buffer(0.001))
    assert line.length > 139 and on_edge.length == pytest.approx(100, abs=0.1)


@pytest.mark.parametrize(
    ("role", "reference", "reason"),
    [("YJJBNTBHTB", "CZKFBJ", "sealed"), ("CZKFBJ", "CZKFBJ", "stale"), ("CZKFBJ", "STBHHX", "stale")],
)
def test_invalid_alignment_request_is_refused_with_its_reason(role, reference, reason):
    state = start_with_boundary({"farmland": ["POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"]})
    with pytest.raises(FixRefused) as refusal:
        propose_fix_or_fail(load_all_fixes()["FIX016"], make_request(state, role, reference=reference), state)
    assert refusal.value.key == reason


def test_alignment_without_a_reference_edge_within_the_distance_is_refused():
    state = start_with_boundary({"parcels": ["POLYGON ((10 10, 90 10, 90 90, 10 90, 10 10))"]})
    (choice,) = list_alignments(state, make_request(state), 0.5)
    assert choice.proposal is None and choice.refusal.reason == "nothing_to_align"

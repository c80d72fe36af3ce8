# SPDX-License-Identifier: GPL-2.0-or-later
"""Refusals of fixes: bad input gives a reason, nothing is done by half, and a batch goes on."""

from dataclasses import replace

import pytest
import shapely

from plugin.core.cancellation import Cancellation
from plugin.core.errors import Cancelled
from plugin.core.examples.plans import make_example_layer, make_example_norm, make_example_plan
from plugin.core.fixes.batch import choose_fixes, run_batch
from plugin.core.fixes.edits import Edits, FixRefused, RowEdit
from plugin.core.fixes.judge import judge_edits
from plugin.core.fixes.model import Safety, load_all_fixes
from plugin.core.fixes.proposal import Proposal, Refusal
from plugin.core.loading.assembly import assemble_plan
from plugin.core.profile.norm import is_sealed_or_supplied
from tests.core.fixes.fix_runs import check_and_start_editing, list_layer_rows, propose_best_fix

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


def test_finding_of_a_rule_without_a_fix_is_refused_with_that_reason():
    plan = make_example_plan({"farmland": [{"wkt": SQUARE_WKT, "land_use": "0301"}]})
    assert get_refusal_reason(plan, "LAW010") == "no_fix"


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


def test_invalid_row_is_not_reshaped_until_it_is_repaired():
    bow_tie = "POLYGON ((50 0, 150 100, 150 0, 50 100, 50 0))"
    assert (
        get_refusal_reason(make_example_plan({"farmland": [SQUARE_WKT], "boundary": [bow_tie]}), "REL002")
        == "row_invalid"
    )


def judge_shape(wkt, layers=None, code="GEO003", attributes=None):
    """Judge a fix that gives the first row of the boundary another shape."""
    plan = make_example_plan(layers or {"boundary": [TWO_PARTS_WKT], "county": [COUNTY_WKT]})
    state, findings = check_and_start_editing(plan, [code, "ATT003"])
    row = list_layer_rows(state, "CZKFBJ" if "CZKFBJ" in plan.layers else "GDBHMB")[0]
    origin = shapely.get_coordinates(row.stored_shape).min(axis=0)
    shape = None if wkt is None else shapely.transform(shapely.from_wkt(wkt), lambda xy: xy + origin)
    edits = Edits([RowEdit(row.role, row.fid, shape, attributes or {})])
    return judge_edits(state, load_all_fixes()["FIX001"], findings[0], edits)


@pytest.mark.parametrize(
    ("wkt", "reason"),
    [
        (None, "would_be_empty"),
        ("POLYGON EMPTY", "would_be_empty"),
        ("POLYGON ((0 0, 30 30, 30 0, 0 30, 0 0))", "would_be_invalid"),
        ("POLYGON ((0 0, 30 0, 30 -10, 0 -10, 0 0))", "leaves_county"),
        (TWO_PARTS_WKT, "not_solved"),
    ],
)
def test_fix_that_empties_or_spoils_a_shape_or_leaves_its_finding_is_refused_with_the_reason(wkt, reason):
    with pytest.raises(FixRefused) as refused:
        judge_shape(wkt)
    assert refused.value.reason == reason


def test_row_at_sea_may_be_reshaped_outside_the_county():
    layers = {"boundary": [{"wkt": TWO_PARTS_WKT, "zone_code": "610"}], "county": [COUNTY_WKT]}
    assert judge_shape("POLYGON ((0 0, 30 0, 30 -10, 0 -10, 0 0))", layers)


def test_edits_that_break_the_sum_of_net_areas_are_refused():
    values = {"gross_area": 400.0, "deduction_rate": 0.1, "deduction_area": 40.0, "net_area": 360.0}
    layers = {"GDBHMB": [{"wkt": TWO_PARTS_WKT, **values}]}
    with pytest.raises(FixRefused) as refused:
        judge_shape("POLYGON ((0 0, 30 0, 30 10, 0 10, 0 0))", layers, attributes={"TBMJ": 300.0})
    assert refused.value.reason == "net_area_sum"


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

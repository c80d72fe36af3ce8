# SPDX-License-Identifier: GPL-2.0-or-later
"""Properties of fixes on random layouts, judged by plain shapely and by a whole check."""

import os
import re

import numpy as np
import pytest
import shapely

from plugin.core.checks.live.edited_rows import are_equal_values
from plugin.core.cli.examples.plans import make_example_plan
from plugin.core.fixes import batch, batch as fix_batch
from plugin.core.fixes.applied_edits import merge_edits, read_rows_before
from plugin.core.fixes.batch import choose_fixes, run_batch
from plugin.core.fixes.differences import is_same_problem
from plugin.core.fixes.edits import FixRefused
from plugin.core.fixes.judge import MAX_IMBALANCE_M2
from plugin.core.fixes.proposal import Refusal
from plugin.core.fixes.shapes import measure_shared_edge
from plugin.core.fixes.surroundings import compute_finding_region
from plugin.core.standard.profile.norm import is_sealed_or_supplied
from tests.benchmarks.batch_fixes import run_and_compare
from tests.core.fixes.fix_runs import (
    TOTALS,
    assert_judgement_agrees_with_a_whole_check,
    check_again,
    check_and_start_editing,
    list_layer_rows,
    propose_best_fix,
)
from tests.core.fixes.random_layouts import draw_layout, draw_row_of_layouts
from tests.county import make_county
from tests.county.many_defects import KINDS, Answer, plant_many_defects
from tests.county.write import write_geopackage
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
    state, findings = check_and_start_editing(make_example_plan(draw_layout(seed)), rules)
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


@pytest.mark.exhaustive
@for_rows_of_seeds(4)
@pytest.mark.parametrize("safe_only", [True, False])
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


@pytest.mark.exhaustive
@pytest.mark.slow
def test_batch_fixes_the_planted_defects_that_are_safe_to_fix_and_adds_no_finding(tmp_path):
    layers, truth = plant_many_defects(make_county(parcels=2500, defects=False)[0], 40)
    assert {one.kind for one in truth} >= {kind.name for kind in KINDS if kind.share > 1}
    write_geopackage(tmp_path / "county.gpkg", layers)
    compared = run_and_compare(tmp_path / "county.gpkg", truth, tmp_path)
    assert [kind for kind, counts in compared["counts"].items() if len(set(counts)) > 1] == []
    # Holes of the red line that the clean county has too.
    assert set(compared["unplanted"]) <= {"GEO006", "REL006"}
    assert compared["appearing"] == [] and compared["remaining"] == []
    assert compared["applied"] == sum(one.answer is Answer.SAFE for one in truth)


SMALL_ROWS = 40


@pytest.fixture
def strip_above_squares():
    """Return the state and findings of a long strip with a spike, above squares that each repeat a vertex."""
    squares = [
        f"POLYGON (({x} 0, {x + 50} 0, {x + 90} 0, {x + 90} 0, {x + 90} 80, {x} 80, {x} 0))"
        for x in range(0, 100 * SMALL_ROWS, 100)
    ]
    right = 100 * SMALL_ROWS
    strip = f"POLYGON ((0 100, {right} 100, {right} 150, 60.1 150, 60 170, 60 150, 0 150, 0 100))"
    below = f"POLYGON ((0 -50, {right} -50, {right} -20, 0 -20, 0 -50))"
    plan = make_example_plan({"layer": [strip, below, *squares]}, {"layer": "CZKFBJ"}, {})
    return check_and_start_editing(plan, ["GEO005", "GEO009", "TOP001", "TOP004"])


def test_finding_ended_by_an_earlier_fix_of_the_batch_is_not_fixed_again(strip_above_squares):
    state, findings = strip_above_squares
    repeated = [one for one in findings if one.code == "GEO009"]
    entries = run_batch(state, [repeated[0], repeated[0]], choose_fixes(["FIX003"])).entries
    assert entries[0].is_applied and entries[1].ended_by is entries[0].proposal


def test_fix_of_a_key_repeated_in_two_distant_rows_is_judged_in_one_group_with_fixes_of_rows_between(monkeypatch):
    squares = [
        f"POLYGON (({x} 0, {x + 50} 0, {x + 90} 0, {x + 90} 0, {x + 90} 80, {x} 80, {x} 0))"
        for x in range(0, 200 * SMALL_ROWS, 200)
    ]
    keys = ["140225000000000001", *(f"1402250000000001{n:02}" for n in range(SMALL_ROWS - 2)), "140225000000000001"]
    rows = [{"wkt": square, "key": key} for square, key in zip(squares, keys, strict=True)]
    plan = make_example_plan({"layer": rows}, {"layer": "CZKFBJ"}, {})
    state, findings = check_and_start_editing(plan, ["ATT001", "GEO006", "GEO009", "TOP004"])
    (repeated_key,) = [one for one in findings if one.code == "ATT001"]
    region = compute_finding_region(state, repeated_key)
    assert [round(right - left) for left, _, right, _ in region.boxes] == [100, 100]
    groups = []
    judge_separate = fix_batch.judge_separate

    def count_attempts(state, attempts, *more):
        groups.append(len(attempts))
        return judge_separate(state, attempts, *more)

    monkeypatch.setattr(fix_batch, "judge_separate", count_attempts)
    between = [one for one in findings if one.code == "GEO009" and one.key != repeated_key.key]
    batch = run_batch(state, [repeated_key, *between], choose_fixes([]))
    assert groups == [SMALL_ROWS - 1]
    # Which of the two rows keeps the key is for a person to decide.
    assert len(batch.applied) == len(between) == SMALL_ROWS - 2


@pytest.mark.parametrize("seed", range(5))
def test_length_of_a_shared_edge_equals_that_of_the_boundary_within_a_buffer_of_the_other_boundary(seed):
    chance = np.random.default_rng(seed)
    for _ in range(40):
        points = shapely.multipoints(chance.uniform(0, 100, (30, 2)))
        cells = shapely.intersection(shapely.get_parts(shapely.voronoi_polygons(points)), shapely.box(0, 0, 100, 100))
        order = chance.permutation(len(cells))
        shape, other = cells[order[0]], shapely.union_all(cells[order[1:16]])
        expected_m = shapely.intersection(shape.boundary, shapely.buffer(other.boundary, 0.01, cap_style="flat")).length
        assert measure_shared_edge(shape, other, 0.01) == pytest.approx(expected_m, abs=1e-6)


def make_zone_around_boundary(farmland):
    """Return the state and findings of a zone on both sides of a boundary, with farmland in the boundary."""
    rows = {
        "zones": [{"wkt": "POLYGON ((50 0, 300 0, 300 100, 50 100, 50 0))", "zone_code": "410"}],
        "boundary": ["POLYGON ((100 0, 200 0, 200 100, 100 100, 100 0))"],
        "farmland": [farmland],
    }
    return check_and_start_editing(make_example_plan(rows, {}, {}), ["REL002", "REL005"])


def list_findings_on_land(findings, land):
    """Return the findings on the differing zone that have land in common with a shape."""
    return [one for one in findings if one.code == "REL005" and shapely.intersection(one.geometry, land).area > 1]


def test_finding_that_joins_another_one_has_not_ended():
    # The cut for the farmland joins both parts of the zone outside the boundary: 5000 and 10,000 become 17,000 m².
    state, findings = make_zone_around_boundary("POLYGON ((100 40, 200 40, 200 60, 100 60, 100 40))")
    small, large = sorted((one for one in findings if one.code == "REL005"), key=lambda one: one.area_m2)
    (overlap,) = [one for one in findings if one.code == "REL002"]
    batch = run_batch(state, [overlap, small, large], choose_fixes(["FIX010"]), safe_only=False)
    (joined,) = [one for one in check_again(batch.state, ["REL002", "REL005"]) if one.case == "zone_outside_line"]
    assert joined.geometry.area == pytest.approx(17_000)
    (proposal,) = batch.applied
    assert [one.code for one in proposal.resolved_findings] == ["REL002"]
    # The list has one of the two findings less, but none of their land is right.
    assert [former.geometry.area for former, _ in proposal.remaining] == [5000]
    assert [present.geometry.area for _, present in proposal.remaining] == pytest.approx([17_000])
    assert [one.geometry.area for one in proposal.new_findings if one.case == "zone_outside_line"] == pytest.approx(
        [17_000]
    )
    assert [entry.ended_by for entry in batch.entries] == [None, None, None]
    assert [entry.refusal and entry.refusal.reason for entry in batch.entries] == [None, "no_fix", "no_fix"]


@pytest.mark.parametrize("first", range(2))
def test_finding_has_not_ended_while_another_feature_has_the_same_problem_on_its_land(first):
    square = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
    rows = {"zones": [{"wkt": square, "zone_code": "500"}], "boundary": [square, square]}
    state, findings = check_and_start_editing(make_example_plan(rows, {}, {}), ["TOP001", "REL005"])
    duplicate = [one for one in findings if one.code == "TOP001"]
    outside = [one for one in findings if one.code == "REL005"]
    assert len(duplicate) == 1 and len(outside) == 2
    listed = outside if first else outside[::-1]
    batch = run_batch(state, [*duplicate, *listed], choose_fixes(["FIX008"]), safe_only=False)
    (remaining,) = list_findings_on_land(check_again(batch.state, ["TOP001", "REL005"]), outside[0].geometry)
    assert batch.applied and remaining.area_m2 == pytest.approx(outside[0].area_m2)
    assert [entry.ended_by for entry in batch.entries] == [None] * 3
    assert [one.code for one in batch.applied[0].resolved_findings] == ["TOP001"]

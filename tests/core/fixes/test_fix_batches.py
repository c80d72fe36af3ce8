# SPDX-License-Identifier: GPL-2.0-or-later
"""Batches of many fixes: the counts of planted defects, no new finding, and a cost that does not grow with edits."""

import numpy as np
import pytest
import shapely

from plugin.core.examples.plans import make_example_plan
from plugin.core.fixes import batch as fix_batch
from plugin.core.fixes.batch import choose_fixes, run_batch
from plugin.core.fixes.regions import compute_finding_region
from plugin.core.fixes.shapes import measure_shared_edge
from tests.benchmarks.batch_fixes import run_and_compare
from tests.core.fixes.fix_runs import check_again, check_and_start_editing
from tests.county import make_county
from tests.county.many_defects import KINDS, Answer, plant_many_defects
from tests.county.write import write_geopackage
from tests.parametrize import first_daily


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


@pytest.mark.parametrize("seed", first_daily(range(5), 3))
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

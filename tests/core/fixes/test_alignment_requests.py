# SPDX-License-Identifier: GPL-2.0-or-later
"""A person's request to align a feature with another layer (FIX016), without a finding."""

import pytest
import shapely

from plugin.core.examples.plans import make_example_plan
from plugin.core.fixes.choices import list_alignments, make_alignment_request
from plugin.core.fixes.edits import FixRefused
from plugin.core.fixes.judge import MAX_IMBALANCE_M2
from plugin.core.fixes.model import load_all_fixes
from tests.core.fixes.fix_runs import check_and_start_editing, list_layer_rows, parse_shape, propose_fix_or_fail

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
    assert refusal.value.reason == reason


def test_alignment_without_a_reference_edge_within_the_distance_is_refused():
    state = start_with_boundary({"parcels": ["POLYGON ((10 10, 90 10, 90 90, 10 90, 10 10))"]})
    (choice,) = list_alignments(state, make_request(state), 0.5)
    assert choice.proposal is None and choice.refusal.reason == "nothing_to_align"

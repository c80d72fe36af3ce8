# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that features with one shape are one finding (TOP001), whose identity is the shape."""

from dataclasses import replace
from datetime import date
from itertools import combinations

import numpy as np
import pytest
import shapely

from plugin.core.checks.live.session import EditBatch
from plugin.core.cli.examples.plans import make_example_plan
from plugin.core.cli.examples.run_examples import check_and_start_editing
from plugin.core.engine.waivers.application import match_waivers_with_findings
from plugin.core.engine.waivers.waiver import WaiverEntry, WaiverLimits, Waivers, make_waivers
from plugin.core.geometry.overlay_fallback import mask_containing_shapes
from tests.core.small_plan import check_data, convert_to_source_layers, make_county_box, make_table

#: Far from the meridian, where areas by vertices differ more.
FAR_EAST = (38_690_400.0, 4_390_000.0)
ENTRY = WaiverEntry("已核", "县函〔2026〕1号", "王", date(2026, 1, 1))


def check_copies(count, **columns):
    """Return the report of a layer of red lines with a number of equal shapes, and one elsewhere."""
    shapes = [make_county_box(0, 0)] * count + [make_county_box(500, 0)]
    return check_data(convert_to_source_layers({"STBHHX": make_table(shapes, **columns)}), ["TOP001"]).report


def test_many_copies_are_one_finding_with_all_members_and_the_fingerprint_of_two():
    (many,), (two,) = check_copies(60).findings, check_copies(2).findings
    assert (many.case, many.key, len(many.related_keys), many.area_m2) == ("duplicate", two.key, 59, two.area_m2)
    assert many.fingerprint == two.fingerprint
    assert "60 个要素" in many.message and len(many.message) < 600


def test_copies_with_one_key_have_distinct_feature_ids():
    (finding,) = check_copies(3, BSM=["140225000000000001"] * 3 + ["140225000000000009"]).findings
    assert len({fid for _, _, fid in finding.list_rows()}) == 3


@pytest.mark.parametrize(("waived", "is_accepted"), [(3, True), (2, False)], ids=["each pair", "two of three pairs"])
def test_waivers_of_former_pairs_accept_copies_only_if_they_accept_each_pair(waived, is_accepted):
    (finding,) = check_copies(3).findings
    pairs = list(combinations([finding.key, *finding.related_keys], 2))[:waived]
    entries = make_waivers([replace(finding, key=a, related_keys=[b]) for a, b in pairs], ENTRY, WaiverLimits())
    matches = match_waivers_with_findings(Waivers(tuple(entries)), entries, [finding])
    assert bool(matches.waiver_by_finding_id) == is_accepted and not matches.unmatched_waivers
    assert len(matches.outdated_matches) == (0 if is_accepted else waived)


def test_copy_removed_and_restored_during_edits_gives_the_findings_of_a_whole_check():
    square = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
    plan = make_example_plan({"layer": [square] * 3}, {"layer": "STBHHX"}, {})
    state, before = check_and_start_editing(plan, ["TOP001"])
    fid = plan.layers["STBHHX"].fids[0]
    copy = state.session._read_row_state(("STBHHX", fid))
    state.session.check_edits(EditBatch(states_by_feature={("STBHHX", fid): None}))
    (two_left,) = state.session.findings
    assert len(two_left.related_keys) == 1 and two_left.fingerprint == before[0].fingerprint
    state.session.check_edits(EditBatch(states_by_feature={("STBHHX", fid): copy}))
    assert [sorted(one.list_rows()) for one in state.session.findings] == [sorted(before[0].list_rows())]


#: The same land, but vertices amid different edges, where they are a few µm off: areas by vertices differ by 1 m².
NEARLY_EQUAL = (
    "POLYGON ((0 400, 186.033916 45.89355433, 233.22337961 75.02791625, 136.67825818 209.55331999, 0 400))",
    "POLYGON ((0 400, 152.90812153 108.94688886, 186.03392392 45.89354831, 233.22337961 75.02791625, 0 400))",
)


def test_area_that_nearly_equal_shapes_share_does_not_depend_on_the_order_of_rows():
    table = make_table([shapely.transform(shapely.from_wkt(wkt), lambda xy: xy + FAR_EAST) for wkt in NEARLY_EQUAL])
    tables = [table, table.iloc[::-1].reset_index(drop=True)]
    (one,), (other,) = (
        check_data(convert_to_source_layers({"STBHHX": one}), ["TOP001"]).report.findings for one in tables
    )
    assert (one.case, one.key, one.area_m2) == ("duplicate", other.key, other.area_m2)


def test_points_in_a_shape_of_many_parts_are_found_as_by_shapely():
    """GEOS compares a point with all edges of a shape that is not prepared: minutes for 100 000 parts (REL002)."""
    x, y = map(np.ravel, np.meshgrid(np.arange(0.0, 600, 3), np.arange(0.0, 600, 3)))
    many_parts = shapely.multipolygons(shapely.box(x, y, x + 2, y + 2))
    shapes = np.repeat(np.array([many_parts, shapely.box(0, 0, 10, 10), None], dtype=object), [len(x), 2, 1])
    points = np.concatenate([x + 1.5, [5.0, 11.0, 1.0]]), np.concatenate([y + 1.5, [5.0, 5.0, 1.0]])
    assert mask_containing_shapes(shapes, *points).tolist() == [True] * len(x) + [True, False, False]
    assert not mask_containing_shapes(shapes[: len(x)], points[0][: len(x)] + 1, points[1][: len(x)]).any()

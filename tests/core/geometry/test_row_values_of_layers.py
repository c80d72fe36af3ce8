# SPDX-License-Identifier: GPL-2.0-or-later
"""Values of a layer's rows that rules share: boxes, flat polygons and repeated keys."""

from __future__ import annotations

from collections import Counter

import shapely
from hypothesis import given
from hypothesis import strategies as st

from plugin.core.examples.plans import make_example_plan
from plugin.core.geometry import validity
from plugin.core.plan.layer import Layer

coordinates = st.tuples(st.integers(0, 40), st.integers(0, 40))
rings = st.lists(coordinates, min_size=3, max_size=7)
#: Slivers between 0.02 mm and 20 m wide.
slivers = st.builds(lambda width, length: [(0, 0), (length, 0), (length, width)], st.floats(2e-5, 20), st.floats(1, 90))


def make_layer(outlines: list[list[tuple[float, float]]], crs: int = 4526) -> Layer:
    """Return a layer of survey parcels with these outlines, a row without a shape and an empty one."""
    rows = [{"wkt": shapely.Polygon(ring).wkt, "crs": crs} for ring in outlines]
    return make_example_plan({"DLTB": [*rows, {"wkt": None}, {"wkt": "POLYGON EMPTY"}]}).layers["DLTB"]


@given(st.lists(st.one_of(rings, slivers), max_size=8), st.sampled_from([1e-4, 1e-3, 1.0]))
def test_flat_rows_are_those_that_the_measured_outlines_show(outlines, width_m):
    layer = make_layer(outlines)
    expected = validity.find_flat_polygons(layer.unrepaired_shapes, width_m)
    assert layer.find_flat_rows(width_m).tolist() == expected.tolist()


@given(st.lists(st.sampled_from([None, "1", "2", "3", "4"]), min_size=1, max_size=8))
def test_repeated_keys_are_the_rows_with_a_missing_or_repeated_key(keys):
    rows = [{"wkt": "POLYGON ((0 0, 9 0, 9 9, 0 0))", "key": key} for key in keys]
    layer = make_example_plan({"DLTB": rows}).layers["DLTB"]
    counts = Counter(keys)
    assert layer.repeated_keys == {n for n, key in enumerate(keys) if key is None or counts[key] > 1}

# SPDX-License-Identifier: GPL-2.0-or-later
"""Sorting of segments by their hashes."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from plugin.core.geometry.linework import _sort_hashes, build_linework
from plugin.core.parallel import process_state

#: Hashes that differ in the upper bits, in the lower bits only, or not at all.
HASHES = st.lists(
    st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 7), st.integers(2**63, 2**63 + 7), st.just(2**64 - 1)),
    max_size=60,
)


@given(HASHES)
def test_fast_sort_of_hashes_equals_the_sort_of_python_and_returns_its_order(values):
    key = np.array(values, dtype=np.uint64)
    order, ordered = _sort_hashes(key)
    assert ordered.tolist() == sorted(values)
    assert sorted(order.tolist()) == list(range(len(values)))
    assert key[order].tolist() == ordered.tolist()


@pytest.mark.parametrize("thread_count", [1, 2, 3])
def test_many_hashes_are_sorted_in_several_threads_as_in_one(monkeypatch, thread_count):
    monkeypatch.setattr(process_state, "_thread_count", thread_count)
    # Few upper bits, so that parts are of unequal lengths and hashes are equal.
    key = np.random.default_rng(3).integers(0, 2**17, 600_000).astype(np.uint64) << np.uint64(46)
    order, ordered = _sort_hashes(key.copy())
    expected = np.argsort(key, kind="stable")
    assert (order == expected).all()
    assert (ordered == key[expected]).all()


def test_a_segment_is_paired_only_if_it_is_drawn_exactly_twice_once_from_either_side():
    square = shapely.box(0, 0, 1, 1)
    right, right_again = shapely.box(1, 0, 2, 1), shapely.box(1, 0, 2, 1)

    def count_unpaired(*shapes):
        return int(build_linework(np.array(shapes), np.arange(len(shapes))).unpaired_segments.sum())

    assert count_unpaired() == 0
    assert count_unpaired(square, right) == 6
    assert count_unpaired(square, right.reverse()) == 6
    assert count_unpaired(square, square) == 8
    # The common edge is drawn three times, the other edges of the right square twice from one side.
    assert count_unpaired(square, right, right_again) == 12

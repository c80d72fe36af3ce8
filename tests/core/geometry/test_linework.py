# SPDX-License-Identifier: GPL-2.0-or-later
"""Sorting of segments by their hashes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from plugin.core.geometry.linework import _sort_hashes

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

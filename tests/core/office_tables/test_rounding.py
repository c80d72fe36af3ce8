# SPDX-License-Identifier: GPL-2.0-or-later
"""Printed parts sum to printed totals, and no figure differs by a whole last digit from its exact value."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from plugin.core.office_tables.rounding import do_parts_add_up, round_parts, round_table, round_to_digits

_VALUES = st.floats(-1e5, 1e5, allow_nan=False)


@given(arrays(float, st.tuples(st.integers(1, 8), st.integers(1, 8)), elements=_VALUES), st.integers(0, 4))
@example(np.array([[1e-06, 1e-06]]), 0)
@example(np.array([[0.5, 0.500001], [0.999999, 0.3]]), 0)
def test_cells_sum_to_both_totals(cells, decimals):
    rounded, rows, columns, grand = round_table(cells, decimals)
    assert (rounded.sum(axis=1) == rows).all() and (rounded.sum(axis=0) == columns).all()
    assert rows.sum() == columns.sum() == grand == round_to_digits(float(cells.sum()), decimals)
    scale = 10.0**decimals
    for digits, exact in ((rounded, cells), (rows, cells.sum(axis=1)), (columns, cells.sum(axis=0))):
        assert np.abs(digits - exact * scale).max() < 1 + 1e-4


def test_whole_figures_are_kept():
    cells = np.array([[1.25, 2.5], [0.0, 3.75]])
    rounded, rows, columns, grand = round_table(cells, 2)
    assert rounded.tolist() == [[125, 250], [0, 375]]
    assert (rows.tolist(), columns.tolist(), grand) == ([375, 375], [125, 625], 750)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30), st.integers(0, 4))
def test_parts_sum_to_the_total(parts, decimals):
    total = round_to_digits(sum(parts), decimals)
    rounded = round_parts(parts, total, decimals)
    assert sum(rounded) == total
    assert max(abs(digits - part * 10**decimals) for digits, part in zip(rounded, parts, strict=True)) < 1 + 1e-4


def test_largest_remainders_are_raised():
    assert round_parts([0.166, 0.169, 0.665], 100, 2) == [17, 17, 66]
    assert round_parts([1 / 3, 1 / 3, 1 / 3], 100, 2) == [34, 33, 33]


def test_parts_of_another_total_are_refused():
    with pytest.raises(ValueError, match="do not sum"):
        round_parts([0.1, 0.2], 100, 2)
    assert do_parts_add_up([0.1, 0.2], 0.3, 2)
    assert not do_parts_add_up([0.1, 0.2], 0.31, 2)


@pytest.mark.parametrize(
    ("parts", "total", "decimals"), [([0, 0], -0.00008, 4), ([0.0005, 0, 0], 0.00042, 4), ([0.0, 0.0, 0.0], 0.00012, 4)]
)
def test_parts_that_add_up_with_parts_shown_as_zero_can_be_rounded(parts, total, decimals):
    assert do_parts_add_up(parts, total, decimals)
    printed = round_to_digits(total, decimals)
    assert sum(round_parts(parts, printed, decimals)) == printed

# SPDX-License-Identifier: GPL-2.0-or-later
"""Area adjustment (平差): parcel areas scaled to an exact control total."""

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.core.errors import InputError
from plugin.core.indicators.layer_areas import adjust_areas

random_parcel_areas = st.lists(st.floats(0.001, 5e7), min_size=1, max_size=60)
rounding_steps = st.sampled_from([0.01, 1.0])
misclosure_shares = st.floats(-1e-4, 1e-4)


def convert_to_whole_steps(values, step):
    """Return areas (m²) as counts of a rounding step; fail for other areas."""
    counts = [round(v / step) for v in values]
    assert [round(c * step, 2) for c in counts] == list(values)
    return counts


def adjust_to_changed_total(areas, share, step, keys=None):
    return adjust_areas(np.array(areas), math.fsum(areas) * (1 + share), limit_share=2e-4, step_m2=step, keys=keys)


@given(random_parcel_areas, misclosure_shares, rounding_steps)
def test_adjusted_areas_have_the_exact_total_and_proportional_corrections(areas, share, step):
    if sum(areas) < step:
        return
    found = adjust_to_changed_total(areas, share, step)
    counts = convert_to_whole_steps(found.adjusted_m2.tolist(), step)
    assert sum(counts) == round(found.control_m2 / step)
    assert abs(found.control_m2 - sum(areas) * (1 + share)) <= step / 2 + 1e-6
    for before, after in zip(areas, found.adjusted_m2.tolist(), strict=True):
        assert after >= 0
        assert abs(after - before * found.control_m2 / sum(areas)) <= step + 1e-5
        assert abs(after - before) <= before * abs(found.control_m2 / sum(areas) - 1) + step + 1e-5
    largest = max(abs(a - b) for a, b in zip(areas, found.adjusted_m2.tolist(), strict=True))
    assert found.largest_correction_m2 == pytest.approx(largest, abs=2e-6)


@given(random_parcel_areas, misclosure_shares, rounding_steps)
def test_larger_area_is_never_adjusted_below_a_smaller_one(areas, share, step):
    if sum(areas) < step:
        return
    pairs = sorted(
        zip(np.round(areas, 6), adjust_to_changed_total(areas, share, step).adjusted_m2.tolist(), strict=True)
    )
    assert all(after <= later for (one, after), (two, later) in pairwise(pairs) if one < two)


@given(random_parcel_areas, misclosure_shares, rounding_steps)
def test_second_adjustment_of_areas_to_the_same_total_changes_nothing(areas, share, step):
    if sum(areas) < step:
        return
    once = adjust_to_changed_total(areas, share, step)
    again = adjust_areas(once.adjusted_m2, once.control_m2, limit_share=0.0, step_m2=step)
    assert again.adjusted_m2.tolist() == once.adjusted_m2.tolist()
    assert again.misclosure_m2 == pytest.approx(0, abs=1e-6)


@given(random_parcel_areas, misclosure_shares, st.randoms(use_true_random=False))
def test_adjusted_areas_do_not_depend_on_the_order_of_rows(areas, share, chance):
    # Among equal areas only the key decides which one gets the last step.
    areas = areas + areas[:3]
    keys = [f"{n:03d}" for n in range(len(areas))]
    order = list(range(len(areas)))
    chance.shuffle(order)
    if sum(areas) < 0.01:
        return
    straight = adjust_to_changed_total(areas, share, 0.01, keys).adjusted_m2.tolist()
    mixed = adjust_to_changed_total([areas[n] for n in order], share, 0.01, [keys[n] for n in order])
    assert mixed.adjusted_m2.tolist() == [straight[n] for n in order]


def test_adjusted_areas_equal_an_example_computed_by_hand():
    # Distribute 1 000.00 over 100.004, 300.004 and 599.985 (sum 999.993): factors of 1.000007.
    found = adjust_areas(np.array([100.004, 300.004, 599.985]), 1000.0, limit_share=1e-5)
    exact = [Fraction(a) * 1000 / Fraction("999.993") for a in ("100.004", "300.004", "599.985")]
    assert [float(round(e, 6)) for e in exact] == [100.0047, 300.0061, 599.9892]
    # Rounded down to hundredths 100.00, 300.00, 599.98: two steps remain, for the remainders .92 and .61.
    assert found.adjusted_m2.tolist() == [100.0, 300.01, 599.99]
    assert (found.control_m2, found.sum_m2) == (1000.0, pytest.approx(999.993))
    assert found.misclosure_m2 == pytest.approx(0.007) and found.largest_correction_m2 == pytest.approx(0.006)


@pytest.mark.exhaustive
def test_parcels_of_a_whole_county_are_adjusted_to_the_exact_total():
    areas = np.abs(np.random.default_rng(1).normal(13_000, 9_000, 150_000))
    found = adjust_areas(areas, areas.sum() + 500.0, limit_share=1e-5)
    assert round(found.adjusted_m2.sum() * 100) == round((areas.sum() + 500.0) * 100)
    assert found.largest_correction_m2 < 0.05


@pytest.mark.parametrize("share", [3e-5, -3e-5])
def test_areas_with_a_sum_too_different_from_the_control_area_are_refused(share):
    areas = np.array([1e6, 2e6, 3e6])
    found = adjust_areas(areas, 6e6 * (1 + share), limit_share=1e-5)
    assert found.is_refused and found.adjusted_m2 is None
    assert found.misclosure_m2 == pytest.approx(6e6 * share) and found.allowed_misclosure_m2 == pytest.approx(
        60.01, rel=1e-4
    )


@pytest.mark.parametrize("control", [0.0, -1.0, float("nan"), float("inf")])
def test_invalid_control_area_of_an_adjustment_is_refused(control):
    with pytest.raises(InputError, match="closure_control"):
        adjust_areas(np.array([1.0]), control, limit_share=1.0)


@pytest.mark.parametrize("areas", [[], [0.0, 0.0]])
def test_adjustment_without_any_areas_is_refused(areas):
    with pytest.raises(InputError, match="closure_no_parts"):
        adjust_areas(np.array(areas), 1.0, limit_share=1.0)


def test_parcel_without_area_stays_zero_in_an_adjustment():
    assert adjust_areas(np.array([0.0, 10.004, 0.0]), 10.01, limit_share=0.1).adjusted_m2.tolist() == [0.0, 10.01, 0.0]

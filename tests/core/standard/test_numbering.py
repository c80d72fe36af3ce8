# SPDX-License-Identifier: GPL-2.0-or-later
"""Feature keys (BSM, 标识码): built from the county code, unique after any edit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.core.errors import InputError
from plugin.core.standard.numbering import (
    MAX_RUNNING_NUMBER,
    find_highest_number_by_county,
    find_most_frequent_county,
    make_bsm,
    split_bsm,
)

COUNTY_CODE, OTHER_COUNTY_CODE = "140225", "140226"

#: Values of a BSM column: our numbers, those of a neighbour or another scheme, empty, invalid.
random_running_numbers = st.integers(1, 10**6)
random_bsm_values = st.one_of(
    random_running_numbers.map(lambda n: make_bsm(COUNTY_CODE, n)),
    random_running_numbers.map(lambda n: make_bsm(OTHER_COUNTY_CODE, n)),
    random_running_numbers.map(lambda n: f"{COUNTY_CODE}2010{n:08d}"),
    st.none(),
    st.text(max_size=20),
    st.integers(),
)


def test_feature_key_consists_of_county_code_zeros_and_eight_digits():
    assert make_bsm(COUNTY_CODE, 17) == "140225000000000017"
    assert split_bsm("140225000000000017") == (COUNTY_CODE, 17)
    assert split_bsm(140225000000000017) == (COUNTY_CODE, 17)
    assert split_bsm("140225201000000017") is None
    assert split_bsm("１４０２２５000000000017") is None
    assert find_highest_number_by_county([]) == {}
    assert find_highest_number_by_county(["140225000008000001"]) == {COUNTY_CODE: 8000001}


@pytest.mark.slow
@given(st.lists(random_bsm_values))
def test_feature_key_above_the_highest_number_of_a_layer_is_not_used(used):
    highest = find_highest_number_by_county(used).get(COUNTY_CODE, 0)
    made = make_bsm(COUNTY_CODE, highest + 1)
    assert len(made) == 18 and made not in used
    ours = [parts[1] for parts in map(split_bsm, used) if parts and parts[0] == COUNTY_CODE]
    assert highest == max([0, *ours])


@given(
    st.lists(st.one_of(st.just("add"), st.just("drop"), st.tuples(st.just("bring"), random_bsm_values)), max_size=60)
)
def test_no_feature_key_is_assigned_twice(steps):
    """Add rows, delete the highest and paste rows in any order.

    The highest number used is stored.
    """
    layer, given_out, water = [], [], 0
    for step in steps:
        if step == "add":
            made = make_bsm(COUNTY_CODE, max(find_highest_number_by_county(layer).get(COUNTY_CODE, 0), water) + 1)
            assert made not in given_out and made not in layer
            given_out.append(made)
            layer.append(made)
        elif step == "drop" and layer:
            layer.sort(key=str)
            layer.pop()
        elif step != "drop":
            layer.append(step[1])
        water = max(water, find_highest_number_by_county(layer).get(COUNTY_CODE, 0))


def test_find_most_frequent_county_returns_the_county_code_of_most_feature_keys():
    assert (
        find_most_frequent_county(
            [None, make_bsm(OTHER_COUNTY_CODE, 1), make_bsm(COUNTY_CODE, 1), make_bsm(COUNTY_CODE, 9), "x"]
        )
        == COUNTY_CODE
    )
    assert find_most_frequent_county([None, "", "17"]) == ""


def test_invalid_feature_key_is_refused_with_a_reason():
    for county in ("", "14022", "1402251", "14022x", "１４０２２５"):
        with pytest.raises(InputError) as caught:
            make_bsm(county, 1)
        assert caught.value.key == "bsm_county"
    with pytest.raises(InputError) as caught:
        make_bsm(COUNTY_CODE, MAX_RUNNING_NUMBER + 1)
    assert caught.value.key == "bsm_used_up"

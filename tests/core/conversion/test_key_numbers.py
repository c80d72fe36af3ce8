# SPDX-License-Identifier: GPL-2.0-or-later
"""New keys are unique, above all used ones, and leave the counties of a city apart; gaps are those of plain sets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.core.conversion.key_numbers import KeyNumberer, find_key_gaps
from plugin.core.errors import InputError

COUNTY = "140225"


def make_key(number, county=COUNTY, middle="0000"):
    return f"{county}{middle}{number:08d}"


KEYS = st.one_of(
    st.builds(make_key, st.integers(1, 60), st.sampled_from([COUNTY, "140226"]), st.sampled_from(["0000", "2005"])),
    st.sampled_from(["", "A7", "140225"]),
)


@given(st.lists(st.lists(KEYS, max_size=12), min_size=1, max_size=3))
def test_new_keys_are_unique_and_above_every_used_number(layers):
    used = [key for keys in layers for key in keys]
    numberer = KeyNumberer(COUNTY, used)
    new_keys = [numberer.number_layer(f"L{n}", keys, "1402") for n, keys in enumerate(layers)]
    assigned = [key for keys in new_keys for key in keys.keys]
    assert len(set(assigned)) == len(assigned) == len(used) and not set(assigned) & set(used)
    for county in (COUNTY, "140226"):
        highest = max([int(key[-8:]) for key in used if len(key) == 18 and key.startswith(county)], default=0)
        of_county = [key for key in assigned if key.startswith(county)]
        assert of_county == [make_key(highest + 1 + n, county) for n in range(len(of_county))]
    for keys, old_keys in zip(new_keys, layers, strict=True):
        # Of several rows with one key, the first is meant.
        assert keys.new_key_by_old == {old: keys.keys[old_keys.index(old)] for old in old_keys if old}
        assert keys.keyless_count == old_keys.count("")
        assert keys.repeated_count == len([key for key in old_keys if key]) - len(set(old_keys) - {""})


def test_rows_of_a_neighbour_get_the_county_of_the_plan():
    numberer = KeyNumberer(COUNTY, [make_key(5)])
    assert numberer.number_layer("CZKFBJ", [make_key(1, "130101")], COUNTY).keys == (make_key(6),)


@pytest.mark.parametrize("first_number", [1, 5])
def test_first_number_that_was_used_is_refused(first_number):
    with pytest.raises(InputError) as refused:
        KeyNumberer(COUNTY, [make_key(5)], first_number)
    assert refused.value.key == "renumber_start" and refused.value.params["highest"] == 5


def test_first_number_above_the_used_ones_leaves_a_gap():
    assert KeyNumberer(COUNTY, [make_key(5)], 100).number_layer("DLTB", [""], COUNTY).keys == (make_key(100),)


def test_exhausted_numbers_and_a_plan_without_county_are_errors():
    with pytest.raises(InputError) as refused:
        KeyNumberer(COUNTY, [make_key(99_999_999)]).number_layer("DLTB", [""], COUNTY)
    assert refused.value.key == "bsm_used_up"
    with pytest.raises(InputError) as refused:
        KeyNumberer("", [])
    assert refused.value.key == "bsm_county"


@given(st.dictionaries(st.sampled_from(["DLTB", "CZKFBJ", "STBHHX"]), st.sets(st.integers(1, 40), max_size=12)))
def test_gaps_are_the_numbers_that_no_layer_has_between_the_ends_of_each_layer(numbers_by_role):
    gaps = find_key_gaps({role: map(make_key, numbers) for role, numbers in numbers_by_role.items()})
    used = set().union(*numbers_by_role.values())
    for role, numbers in numbers_by_role.items():
        free = [n for n in range(min(numbers, default=1), max(numbers, default=0) + 1) if n not in used]
        listed = [
            n for gap in gaps if gap.role == role for n in range(int(gap.first_key[-8:]), int(gap.last_key[-8:]) + 1)
        ]
        assert listed == free
        assert sum(gap.count for gap in gaps if gap.role == role) == len(free)


def test_keys_of_another_scheme_have_no_gaps():
    assert find_key_gaps({"DLTB": [make_key(1, middle="2005"), make_key(9, middle="2005"), "x"]}) == []

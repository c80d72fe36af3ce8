# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on keys: the tests of whole columns agree with a test of one key at a time."""

from __future__ import annotations

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from plugin.core.cancellation import NEVER_CANCELLED
from plugin.core.rules.att.att004_key_make_up import _mask_well_composed_keys
from plugin.core.rules.att.att005_key_across_layers import _find_shared_keys

right_keys = st.from_regex(r"140225[0-9A-Z]{12}", fullmatch=True)
keys_of_any_kind = st.one_of(
    right_keys,
    st.from_regex(r"[0-9A-Za-z]{0,20}", fullmatch=True),
    st.text(max_size=20),
    st.tuples(right_keys, st.integers(0, 17), st.characters()).map(lambda k: k[0][: k[1]] + k[2] + k[0][k[1] + 1 :]),
)


def is_well_composed(key: str, county: str) -> bool:
    """Return True if one key has 18 digits and capital letters and begins with six digits, which are the county's."""
    is_composed = key.isascii() and key[:6].isdigit() and key[6:].isalnum() and key == key.upper()
    return is_composed and len(key) == 18 and key.startswith(county)


@given(st.lists(keys_of_any_kind), st.sampled_from(["140225", "1402", ""]))
def test_column_of_keys_is_tested_as_each_key(keys, county):
    assert _mask_well_composed_keys(keys, county).tolist() == [is_well_composed(key, county) for key in keys]


@given(st.lists(st.lists(st.sampled_from(["", "a", "b", "c", "d"]), max_size=6), max_size=4))
def test_shared_keys_are_those_of_an_earlier_layer_with_the_first_row_of_the_later(keys_by_layer):
    layers = [SimpleNamespace(role=f"layer {n}", keys=keys) for n, keys in enumerate(keys_by_layer)]
    expected: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for number, keys in enumerate(keys_by_layer):
        for row, key in enumerate(keys):
            owner = next(n for n, other_keys in enumerate(keys_by_layer) if key in other_keys)
            if key and owner != number and keys.index(key) == row:
                expected.setdefault((f"layer {owner}", f"layer {number}"), []).append((key, row))
    assert _find_shared_keys(layers, SimpleNamespace(cancellation=NEVER_CANCELLED)) == expected

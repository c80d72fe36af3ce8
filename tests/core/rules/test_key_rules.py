# SPDX-License-Identifier: GPL-2.0-or-later
"""The rule on keys of several layers finds what a search of one key at a time finds."""

from __future__ import annotations

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from plugin.core.cancellation import NEVER_CANCELLED
from plugin.core.rules.att.att005_key_across_layers import _find_shared_keys


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

# SPDX-License-Identifier: GPL-2.0-or-later
"""Values of texts, computed once for each distinct text."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from plugin.core.files.cells import map_texts, mask_texts

texts_of_rows = st.lists(st.sampled_from(["", "0101", "0102", "水田", "1"]))


@given(texts_of_rows)
def test_each_row_has_the_value_of_its_text_and_each_text_is_computed_once(texts):
    calls: Counter[str] = Counter()

    def count_characters(text):
        calls[text] += 1
        return len(text)

    values = map_texts(count_characters, texts, int)
    assert values.dtype == int
    assert values.tolist() == [len(text) for text in texts]
    assert max(calls.values(), default=1) == 1


@given(texts_of_rows, st.lists(st.sampled_from(["", "0101", "水田", "x"])))
def test_accepted_texts_are_masked(texts, accepted):
    mask = mask_texts(texts, accepted)
    assert mask.dtype == np.bool_
    assert mask.tolist() == [text in accepted for text in texts]

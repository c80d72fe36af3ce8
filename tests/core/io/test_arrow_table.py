# SPDX-License-Identifier: GPL-2.0-or-later
"""Columns given as an Arrow stream, read by another reader of the interface."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.core.io import arrow_table
from plugin.core.io.arrow_stream import ArrowStreamError, read_batches
from plugin.core.io.arrow_table import ArrowTable

ROWS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.text(max_size=5)),
        st.one_of(st.none(), st.floats(allow_nan=False)),
        st.one_of(st.none(), st.binary()),
    ),
    min_size=1,
)


def read_items(column):
    """Return the bytes of each row of a column, None where one is missing."""
    data = column.values.tobytes()
    items = [data[start:end] for start, end in zip(column.offsets[:-1], column.offsets[1:], strict=True)]
    present = [True] * len(items) if column.is_present is None else column.is_present.tolist()
    return [item if is_present else None for item, is_present in zip(items, present, strict=True)]


@given(ROWS, st.integers(1, 4))
def test_stream_gives_the_values_of_all_columns_in_batches(rows, rows_per_batch):
    texts, numbers, shapes = (list(column) for column in zip(*rows, strict=True))
    columns = {"名": texts, "n": np.array(numbers, dtype=np.float64), "geom": shapes}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrow_table, "_ROWS_PER_BATCH", rows_per_batch)
        table = ArrowTable(columns, "geom")
        batches = list(read_batches(table))
    assert len(batches) == -(-len(rows) // rows_per_batch)
    assert all(list(batch) == ["名", "n", "geom"] for batch in batches)
    assert [text for batch in batches for text in read_items(batch["名"])] == [
        None if text is None else text.encode() for text in texts
    ]
    assert [shape for batch in batches for shape in read_items(batch["geom"])] == shapes
    read_numbers = []
    for batch in batches:
        column = batch["n"]
        present = np.ones(column.row_count, dtype=bool) if column.is_present is None else column.is_present
        read_numbers += [n if p else None for n, p in zip(column.values.tolist(), present.tolist(), strict=True)]
    assert read_numbers == numbers
    # The reader has released each batch.
    assert not table._batches


def test_reader_gets_the_text_of_an_error():
    table = ArrowTable({"a": ["x", "\ud800"], "geom": [None, b"1"]}, "geom")
    with pytest.raises(ArrowStreamError, match="surrogates"):
        list(read_batches(table))
    assert isinstance(table.error, UnicodeEncodeError)


def test_cancelled_program_ends_the_stream_and_the_exception_is_kept(monkeypatch):
    def cancel(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(arrow_table, "_encode_items", cancel)
    table = ArrowTable({"a": ["x"], "geom": [None]}, "geom")
    with pytest.raises(ArrowStreamError):
        list(read_batches(table))
    assert isinstance(table.error, KeyboardInterrupt)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Blank cells and spaces removed from table columns."""

import datetime

import numpy as np
import pandas as pd
import pytest

from plugin.core.files.cells import format_cell, format_column, strip_blanks

LONG_KEY = 140225004000000001


@pytest.mark.parametrize(
    ("values", "expected", "as_texts"),
    [
        ([" 0101 ", None, "", "  ", "0101"], ["0101", None, None, None, "0101"], ["0101", "", "", "", "0101"]),
        ([1, 1.0, True, "1", None], [1, 1.0, True, "1", None], ["1", "1", "True", "1", ""]),
        ([LONG_KEY, None, 2.5], [LONG_KEY, None, 2.5], [str(LONG_KEY), "", "2.5"]),
        ([np.nan, "甲", pd.NA], [None, "甲", None], ["", "甲", ""]),
        ([datetime.date(2024, 1, 2), " x"], [datetime.date(2024, 1, 2), "x"], ["2024-01-02", "x"]),
        ([], [], []),
    ],
)
def test_blanks_are_stripped_equally_in_columns_of_texts_and_of_mixed_values(values, expected, as_texts):
    series = pd.Series(values, dtype=object)
    found = strip_blanks(series)
    assert found.tolist() == expected
    assert [type(v) for v in found] == [type(v) for v in expected]
    assert format_column(series) == as_texts == [format_cell(v) for v in found]


def test_stripping_blanks_keeps_numeric_columns_and_index_labels():
    numbers = pd.Series([1.5, np.nan], index=[7, 9])
    assert strip_blanks(numbers) is numbers
    assert format_column(numbers) == ["1.5", ""]
    assert strip_blanks(pd.Series([" a"], index=[7])).index.tolist() == [7]


def test_pandas_string_columns_are_stripped_like_object_columns_and_blank_values_become_missing():
    series = pd.Series([" a ", None, ""], dtype="string")
    assert strip_blanks(series).tolist() == ["a", None, None]
    assert format_column(series) == ["a", "", ""]

# SPDX-License-Identifier: GPL-2.0-or-later
"""Blank cells and spaces removed from table columns."""

import datetime
from collections import Counter
from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from plugin.core.base.files import filegdb_driver
from plugin.core.base.files.cells import format_cell, format_column, map_texts, mask_texts, strip_blanks
from plugin.core.base.files.names import make_default_stem
from plugin.core.base.files.tables import display_cell, display_value

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


PRINTED_CELL_CASES = [
    (63.2, "0.00", "63.20", "63.20"), (63.2, "General", "63.2", "63.2"), (63, "0.00", "63.00", "63.00"), (63, "General", "63", "63"),
    (0.5, "0%", "50%", "50%"), (0.6351, "0.0%", "63.5%", "63.5%"), (1234.5, "#,##0.00", "1234.50", "1234.50"),
    (-1.25, "0.0_);(0.0)", "-1.3", "-1.3"), (7.0, "0", "7", "7"), (2.675, "0.00", "2.68", "2.68"), (1e20, "0.0", "100000000000000000000.0", "100000000000000000000.0"),
    (0.285, "0%", "29%", "29%"), (1e30, "0.0", "1" + "0" * 30 + ".0", "1" + "0" * 30 + ".0"), (float("inf"), "0.0", "inf", "inf"), (1e-3, "0.00E+00", "0.001", "0.001"),
    (5.5, '"第"0.0', "5.5", "5.5"), (5.5, '0.0"E"', "5.5", "5.5"), (25.0, '"00年"General', "25", "25"),
    (" 63 ", "0.00", "63", "63"), (True, "0", "True", "True"), ("  乡 ", "General", "乡", "乡"), (0.1 + 0.2, "General", "0.3", "0.3"),
    (3, '0.0"公顷"', "3.0", "3.0"), (1234.567, "#,##0.00;[Red]-#,##0.00", "1234.57", "1234.57"),
    # The typed digits are read, not the rounded ones.
    (63.2, "0", "63", "63.2"), (-0.4, "0", "-0", "-0.4"), (1234.5, "#,##0", "1235", "1234.5"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "cell_format", "seen", "typed"), PRINTED_CELL_CASES)
def test_cell_value_is_printed_as_a_spreadsheet_shows_it(value, cell_format, seen, typed):
    assert display_value(value, cell_format) == seen
    assert display_cell(SimpleNamespace(value=value, number_format=cell_format)) == typed


def test_empty_cell_is_printed_as_empty_text():
    assert display_cell(SimpleNamespace(value=None, number_format="0.00")) == ""


@pytest.mark.parametrize(
    ("given", "stem"),
    [
        (("140225", "浑源县", "检查报告", "2026-11-20T14:32:07+08:00"), "140225浑源县_检查报告_20261120"),
        (("140225001000", "浑源县", "问题台账", "2026-11-20"), "140225浑源县_问题台账_20261120"),
        (("", "", "检查报告", "2026-11-20"), "检查报告_20261120"),
        (("140225", "浑/源:县", "检查报告", "2026-11-20"), "140225浑源县_检查报告_20261120"),
    ],
)
def test_default_output_name_has_county_code_county_name_kind_and_date(given, stem):
    assert make_default_stem(*given) == stem


@pytest.mark.parametrize("made", ["", "gestern"])
def test_default_output_name_without_a_known_date_has_the_date_of_today(made):
    assert make_default_stem("140225", "浑源县", "检查报告", made).endswith(f"_{date.today():%Y%m%d}")


@pytest.mark.parametrize(
    ("version", "is_damaging"), [("3.6.2", True), ("3.8.5", True), ("3.9.0", False), ("3.10.3", False), ("", False)]
)
def test_driver_damages_rows_before_version_3_9(monkeypatch, version, is_damaging):
    monkeypatch.setattr(filegdb_driver, "read_gdal_version", lambda: version)
    assert filegdb_driver.does_driver_damage_rows() is is_damaging

# SPDX-License-Identifier: GPL-2.0-or-later
"""Conversion of field values for a package: complete or reported as a problem."""

from datetime import datetime

import pandas as pd
import pytest

from plugin.core.package.layers.content import convert_values
from plugin.core.standard.template import TemplateField

DATE_FIELD, REAL_FIELD, INTEGER_FIELD = (TemplateField("X", "x", kind, "B") for kind in ("date", "real", "integer"))


def convert_one_value(value, declared):
    values, wrong = convert_values(pd.Series([value], dtype=object), declared)
    return (values[0], *wrong)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-05-06", datetime(2024, 5, 6)),
        ("2024/5/6", datetime(2024, 5, 6)),
        ("2024年5月6日", datetime(2024, 5, 6)),
        ("20240506", datetime(2024, 5, 6)),
        (" 2024-05-06 00:00:00 ", datetime(2024, 5, 6)),
        ("2024-05-06 13:45", datetime(2024, 5, 6, 13, 45)),
        ("2024-05-06T13:45:07.000", datetime(2024, 5, 6, 13, 45, 7)),
        (" ", None),
    ],
)
def test_dates_stored_as_text_keep_their_time_on_conversion(text, moment):
    assert convert_one_value(text, DATE_FIELD) == (moment,)


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-06 不详",
        "2024/5/6 上午",
        "2024-05-06T25:00",
        "20240506T",
        "2024111",
        "2024-02-30",
        "2024-05-06 13:45+09:00",
    ],
)
def test_ambiguous_date_texts_are_reported(text):
    assert convert_one_value(text, DATE_FIELD) == (None, "date_unreadable")


@pytest.mark.parametrize("declared", [REAL_FIELD, INTEGER_FIELD])
@pytest.mark.parametrize("text", ["1_000", "1,000", "12亩", "nan", "0x10", "9" * 310])
def test_texts_that_are_no_numbers_are_reported_on_conversion(text, declared):
    assert convert_one_value(text, declared) == (None, "number_unreadable")


@pytest.mark.parametrize(("declared", "expected"), [(INTEGER_FIELD, [2020, None]), (REAL_FIELD, [2020.0, None])])
def test_missing_values_among_whole_numbers_are_none(declared, expected):
    # As read from a VCT: a column of integers with an empty one.
    values, wrong = convert_values(pd.Series([2020, None], dtype="Int64"), declared)
    assert values.tolist() == expected and wrong == {}

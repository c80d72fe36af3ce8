# SPDX-License-Identifier: GPL-2.0-or-later
"""Default names of files: county code, name, what it is, and the date."""

from datetime import date

import pytest

from plugin.core.files.names import make_default_stem


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

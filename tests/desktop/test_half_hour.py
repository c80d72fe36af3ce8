# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that the errors of the sample county are mended by mouse and keyboard, and that the whole check agrees.

Screenshots are saved in build/screenshots.
"""

import pytest

#: Sums of the county, which the live check does not compute again; the panel states it.
SUMS = ("LAW001", "LAW002")

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def half_hour_facts(desktop):
    return desktop("half_hour", size="1366x768", timeout=800)


def test_batches_and_single_fixes_end_all_26_fixable_errors_and_refuse_the_other_29(half_hour_facts):
    assert half_hour_facts["errors_before"] == 55
    # The other 29: two sums, and errors on sealed layers, which are only explained.
    assert half_hour_facts["ended_by_batch"] + half_hour_facts["ended_one_by_one"] == 26
    assert sum(half_hour_facts["refused"].values()) == 29
    assert half_hour_facts["actions"]["batch"] == 3 and half_hour_facts["actions"]["apply"] <= 23


def test_full_check_after_the_fixes_agrees_with_the_live_check(half_hour_facts):
    assert half_hour_facts["only_whole"] == []
    assert [rule for rule, _keys in half_hour_facts["only_live"] if rule not in SUMS] == []


def test_fixing_all_errors_logs_no_error_and_qgis_exits_with_code_zero(half_hour_facts):
    assert half_hour_facts["log"] == [] and half_hour_facts["returncode"] == 0

# SPDX-License-Identifier: GPL-2.0-or-later
"""Declared checks follow edits: on one row, and on a foreign key with the values of the whole other layer."""

import pytest

from plugin.core.check import check_plan
from plugin.core.live.session import IncrementalSession
from plugin.core.options import RunOptions
from plugin.paths import RESOURCES_FOLDER

OPTIONS = RunOptions(profile="zhejiang")
CODES = ("Xzhejiang-001", "Xzhejiang-002", "Xzhejiang-003")


@pytest.fixture
def checked():
    """Return the sample county, checked with the shipped checks alone."""
    return check_plan(str(RESOURCES_FOLDER / "sample" / "county.gpkg"), RunOptions(profile="zhejiang", rules=CODES))


def edit_row(checker, role, row, **attributes):
    """Edit a row; return code and field of the findings on it."""
    result = checker.edit_row(role, row, **attributes)
    return [(finding.code, finding.field) for finding in result.new_findings]


def test_session_runs_the_declared_checks_of_the_norm(checked):
    session = IncrementalSession(checked, OPTIONS)
    codes = [rule.code for rule in session.checker.rules]
    assert [code for code in codes if code.startswith("X")] == list(CODES)


def test_edits_of_a_row_begin_and_end_findings(checked):
    checker = IncrementalSession(checked, RunOptions(profile="zhejiang", rules=CODES)).checker
    assert edit_row(checker, "YJJBNTBHTB", 3, KCXS=0.31) == [("Xzhejiang-002", "KCXS")]
    assert edit_row(checker, "YJJBNTBHTB", 3, KCXS=0.2) == []
    assert edit_row(checker, "YJJBNTBHTB", 3, GDPDJB="4", GDLX=None) == [("Xzhejiang-001", "GDLX")]
    assert edit_row(checker, "YJJBNTBHTB", 3, GDLX="TT") == []


def test_a_foreign_key_is_compared_with_all_rows_of_the_other_layer_as_edited(checked):
    checker = IncrementalSession(checked, RunOptions(profile="zhejiang", rules=CODES)).checker
    assert edit_row(checker, "CZKFBJ", 0, XZQDM="330122") == [("Xzhejiang-003", "XZQDM")]
    assert edit_row(checker, "CZKFBJ", 0, XZQDM="140225") == []
    # The code of the county changes: the former one is no longer known, the new one is.
    checker.edit_row("XZQX", 0, XZQDM="330122")
    assert edit_row(checker, "CZKFBJ", 1, XZQDM="330122") == []
    assert edit_row(checker, "CZKFBJ", 2, XZQMC="某县") == [("Xzhejiang-003", "XZQDM")]
    # Without any code left, the check of the whole layer changes.
    assert "Xzhejiang-003" in checker.remove_row("XZQX", 0).rules_changed_everywhere

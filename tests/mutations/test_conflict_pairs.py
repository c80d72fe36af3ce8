# SPDX-License-Identifier: GPL-2.0-or-later
"""Test every pair of layers in the conflict matrix with two overlapping rows.

The rule REL010 must report each pair once.
"""

import pytest

from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.rules.rel.rel010_011_layers_in_conflict import SEVERITY_OF_MEANING
from plugin.core.standard import load_standard
from plugin.core.standard.conflicts import ALLOWED_MEANING
from tests.core.small_plan import convert_to_source_layers, make_county_box, make_table
from tests.parametrize import first_daily

#: The edition that has village boundaries too.
STANDARD = load_standard("township_db")


def choose_role_of_line(line):
    return STANDARD.concepts.get(line, (line,))[0]


def check_overlapping_pair(conflict):
    layers = {
        choose_role_of_line(conflict.left): make_table([make_county_box(0, 0)]),
        choose_role_of_line(conflict.right): make_table([make_county_box(90, 90)]),
    }
    report = check_plan(convert_to_source_layers(layers), RunOptions(standard="township_db", rules=("REL010",))).report
    return [f for f in report.findings if f.code == "REL010"]


def list_conflict_pairs(wanted):
    chosen = [one for one in STANDARD.conflicts if not one.rule and (one.meaning == ALLOWED_MEANING) is not wanted]
    return [pytest.param(one, id=one.setting_key.removeprefix("conflicts.")) for one in chosen]


@pytest.mark.parametrize("conflict", first_daily(list_conflict_pairs(True), 12))
def test_overlap_of_two_layers_has_the_severity_of_the_conflict_matrix(conflict):
    (finding,) = check_overlapping_pair(conflict)
    assert {finding.role, finding.related_role} == {
        choose_role_of_line(conflict.left),
        choose_role_of_line(conflict.right),
    }
    assert (finding.case, finding.severity) == (conflict.meaning, SEVERITY_OF_MEANING[conflict.meaning])
    assert finding.area_m2 == pytest.approx(100, rel=1e-3)


@pytest.mark.parametrize("conflict", first_daily(list_conflict_pairs(False), 6))
def test_overlap_that_the_conflict_matrix_allows_is_not_reported(conflict):
    assert check_overlapping_pair(conflict) == []

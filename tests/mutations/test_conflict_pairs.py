# SPDX-License-Identifier: GPL-2.0-or-later
"""Every pair of the conflict matrix: two overlapping layers, and REL010 reports the pair once."""

import pytest

from plugin.core.check import Options, check_plan
from plugin.core.rules.rel.rel010_control_line_conflicts import SEVERITY
from plugin.core.standard import load_standard
from plugin.core.standard.conflicts import ALLOWED
from tests.core.small_plan import as_read_layers, box, table

#: The edition that has village boundaries too.
STANDARD = load_standard("township_db")


def role(line):
    return STANDARD.concepts.get(line, (line,))[0]


def shared(conflict):
    layers = {role(conflict.left): table([box(0, 0)]), role(conflict.right): table([box(90, 90)])}
    report = check_plan(as_read_layers(layers), Options(standard="township_db", rules=("REL010",))).report
    return [f for f in report.findings if f.code == "REL010"]


def pairs(wanted):
    chosen = [one for one in STANDARD.conflicts if not one.rule and (one.meaning == ALLOWED) is not wanted]
    return [pytest.param(one, id=one.key.removeprefix("conflicts.")) for one in chosen]


@pytest.mark.parametrize("conflict", pairs(True))
def test_pair_is_reported_as_the_matrix_defines(conflict):
    (finding,) = shared(conflict)
    assert {finding.role, finding.related_role} == {role(conflict.left), role(conflict.right)}
    assert (finding.case, finding.severity) == (conflict.meaning, SEVERITY[conflict.meaning])
    assert finding.area_m2 == pytest.approx(100, rel=1e-3)


@pytest.mark.parametrize("conflict", pairs(False))
def test_allowed_pair_is_not_reported(conflict):
    assert shared(conflict) == []

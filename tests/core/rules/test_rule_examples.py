# SPDX-License-Identifier: GPL-2.0-or-later
"""The WKT examples of every rule: failing ones have findings, passing ones none."""

import pytest
import shapely

from plugin.core.model.report import Outcome
from plugin.core.model.rule import load_all_rules
from tests.core.examples import run_example
from tests.parametrize import for_each

FAILING_EXAMPLES = [(rule, example) for rule in load_all_rules().values() for example in rule.fails]
PASSING_EXAMPLES = [(rule, example) for rule in load_all_rules().values() for example in rule.passes]


def format_example_title(case):
    rule, example = case
    return f"{rule.code}-{example.title}"


@for_each("rule, example", FAILING_EXAMPLES, ids=format_example_title)
def test_failing_example_of_a_rule_has_its_stated_findings(rule, example):
    report = run_example(rule, example)
    assert report.rules[0].outcome is Outcome.FAILED, report.rules[0]
    assert len(report.findings) == example.finds
    if example.areas:
        found = sorted(shapely.area(f.geometry) for f in report.findings)
        assert found == pytest.approx(sorted(example.areas), abs=1e-6)
        # Statutory and planar area are nearly equal here; a wrong projection would differ much.
        assert [f.area_m2 for f in report.findings] == pytest.approx(
            [shapely.area(f.geometry) for f in report.findings], rel=2e-3
        )


@for_each("rule, example", PASSING_EXAMPLES, ids=format_example_title)
def test_passing_example_of_a_rule_has_no_finding(rule, example):
    report = run_example(rule, example)
    assert not report.findings, [f.message for f in report.findings]
    assert report.rules[0].outcome in (Outcome.PASSED, Outcome.NOT_APPLICABLE), report.rules[0]


def test_every_rule_has_failing_and_passing_examples():
    for rule in load_all_rules().values():
        assert rule.fails and rule.passes, rule.code

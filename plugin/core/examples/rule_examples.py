# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare the findings of a rule on its examples with the declared ones."""

from __future__ import annotations

import numpy as np
import shapely

from ..model.report import Outcome
from ..model.rule import DECLARED_FAMILY, Rule, RuleExample
from .plans import run_example
from .problem import ExampleProblem

#: Planar areas (m²) of findings may differ by rounding of coordinates of millions of metres.
_AREA_TOLERANCE_M2 = 1e-6
#: Statutory and planar area are nearly equal at the place of the examples; a wrong projection would differ much.
_STATUTORY_AREA_SHARE = 2e-3


def find_failing_example_problem(rule: Rule, example: RuleExample) -> ExampleProblem | None:
    """Return how the findings on a failing example differ from the declared number and areas; None if they agree."""
    report = run_example(rule, example)
    outcome = report.rules[0]
    if outcome.outcome is not Outcome.FAILED:
        return _make_outcome_problem(Outcome.FAILED, outcome.outcome, outcome.reason)
    # A row that breaks several conditions of a declared check has a finding for each.
    is_declared = rule.family == DECLARED_FAMILY
    count = len({finding.key for finding in report.findings}) if is_declared else len(report.findings)
    if count != example.finds:
        return ExampleProblem("count", {"expected": example.finds, "found": count})
    if not example.areas:
        return None
    found = np.array([shapely.area(finding.geometry) for finding in report.findings])
    expected = np.sort(example.areas)
    if found.shape != expected.shape or not np.allclose(np.sort(found), expected, rtol=0, atol=_AREA_TOLERANCE_M2):
        return ExampleProblem("areas", {"expected": _join_areas(expected), "found": _join_areas(np.sort(found))})
    statutory = np.array([finding.area_m2 for finding in report.findings])
    if not np.allclose(statutory, found, rtol=_STATUTORY_AREA_SHARE, atol=0):
        return ExampleProblem("statutory_areas", {"expected": _join_areas(found), "found": _join_areas(statutory)})
    return None


def find_passing_example_problem(rule: Rule, example: RuleExample) -> ExampleProblem | None:
    """Return what a rule finds on a passing example, or why it does not pass; None if it passes."""
    report = run_example(rule, example)
    outcome = report.rules[0]
    if outcome.outcome not in (Outcome.PASSED, Outcome.NOT_APPLICABLE):
        return _make_outcome_problem(Outcome.PASSED, outcome.outcome, outcome.reason)
    if report.findings:
        return ExampleProblem("count", {"expected": 0, "found": len(report.findings)})
    return None


def _make_outcome_problem(expected: Outcome, found: Outcome, reason: str) -> ExampleProblem:
    return ExampleProblem("outcome", {"expected": expected.value, "found": found.value, "reason": reason})


def _join_areas(areas: np.ndarray) -> str:
    return ", ".join(f"{area:.6f}" for area in areas)

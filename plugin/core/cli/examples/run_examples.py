# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the examples of all rules, fixes and declared checks of the shipped standards and profiles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import shapely

from ...base.cancellation import NEVER_CANCELLED, Cancellation
from ...base.connection_text import describe_exception
from ...base.errors import Cancelled
from ...fixes.fix_declaration import load_all_fixes
from ...model.report import Outcome
from ...model.rule import DECLARED_FAMILY, Rule, RuleExample, load_all_rules
from ...standard import list_standard_ids, load_standard
from ...standard.profile import Norm, list_profile_ids, load_profile
from .fix_examples import find_fix_example_problem
from .plans import ExampleProblem, run_example

#: Planar areas (m²) of findings may differ by rounding of coordinates of millions of metres.
_AREA_TOLERANCE_M2 = 1e-6
#: Statutory and planar area are nearly equal at the place of the examples; a wrong projection would differ much.
_STATUTORY_AREA_SHARE = 2e-3
#: Kinds of examples, in the order of the run.
RULE, FIX, CHECK = "rule", "fix", "check"


@dataclass(frozen=True)
class DeclaredExample:
    """An example of a rule, fix or declared check.

    ``kind``: rule, fix or check; ``code``: that of the rule, fix or check; ``find_problem`` runs the example.
    """

    kind: str
    code: str
    title: str
    find_problem: Callable[[], ExampleProblem | None]


@dataclass(frozen=True)
class ExampleFailure:
    """An example with another result than the declared one."""

    kind: str
    code: str
    title: str
    problem: ExampleProblem


@dataclass
class ExampleRun:
    """The result of a run: numbers of examples by kind, and the examples that failed."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[ExampleFailure] = field(default_factory=list)


def list_examples() -> list[DeclaredExample]:
    """Return the examples of all rules and fixes, and of the checks that shipped standards and profiles declare."""
    examples = list(_iterate_rule_examples(RULE, load_all_rules().values()))
    examples += [
        DeclaredExample(FIX, fix.code, example.title, partial(find_fix_example_problem, fix, example))
        for fix in load_all_fixes().values()
        for example in fix.examples
    ]
    return [*examples, *_iterate_rule_examples(CHECK, list_declared_checks().values())]


def list_declared_checks() -> dict[str, Rule]:
    """Return the rules of the checks that shipped standards and profiles declare, by code."""
    norms = [Norm(load_standard(name), load_profile()) for name in list_standard_ids()]
    norms += [Norm(load_standard(profile.standard), profile) for profile in map(load_profile, list_profile_ids())]
    return {code: rule for norm in norms for code, rule in norm.declared_rules.items()}


def _iterate_rule_examples(kind: str, rules: Iterable[Rule]) -> Iterator[DeclaredExample]:
    for rule in rules:
        for example in rule.fails:
            yield DeclaredExample(kind, rule.code, example.title, partial(find_failing_example_problem, rule, example))
        for example in rule.passes:
            yield DeclaredExample(kind, rule.code, example.title, partial(find_passing_example_problem, rule, example))


def run_examples(
    progress: Callable[[float, str], None] = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> ExampleRun:
    """Run all examples; an error in one is its failure, the others still run.

    ``progress`` gets the share done (0…1) and the code of the present rule, fix or check. Raises Cancelled.
    """
    run, examples = ExampleRun(), list_examples()
    for position, example in enumerate(examples):
        cancellation.raise_if_cancelled()
        progress(position / len(examples), example.code)
        try:
            problem = example.find_problem()
        except Cancelled:
            raise
        except Exception as error:
            # Whatever a library of this machine raises is what the run must report.
            problem = ExampleProblem("crashed", {"error": describe_exception(error)})
        run.counts[example.kind] += 1
        if problem is not None:
            run.failures.append(ExampleFailure(example.kind, example.code, example.title, problem))
    progress(1.0, "")
    return run


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

# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the examples of all rules, fixes and declared checks of the shipped standards and profiles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import shapely

from ...base.connection_text import describe_exception
from ...base.errors import NEVER_CANCELLED, Cancellation, Cancelled
from ...checks.check import CheckResult, RunOptions
from ...checks.run_check import run_check
from ...engine.waivers.waiver import NO_WAIVERS
from ...fixes.edits import FixRefused
from ...fixes.fix_declaration import Fix, FixExample, load_all_fixes
from ...fixes.judge import propose_fix
from ...fixes.proposal import Proposal
from ...fixes.state import EditingState
from ...model.findings import Finding
from ...model.report import Outcome, RuleOutcome
from ...model.rule import DECLARED_FAMILY, Rule, RuleExample, load_all_rules
from ...model.side_inputs import NO_SIDE_INPUTS
from ...plan.plan import Plan
from ...standard import list_standard_ids, load_standard
from ...standard.profile import Norm, list_profile_ids, load_profile
from .plans import ExampleProblem, make_example_plan, move_to_origin, run_example

#: Land (m²) by which an expected shape may differ: rounding of coordinates of millions of metres.
_ROUNDING_M2 = 1e-4
#: Planar areas (m²) of findings may differ by rounding of coordinates of millions of metres.
_AREA_TOLERANCE_M2 = 1e-6
#: Statutory and planar area are nearly equal at the place of the examples; a wrong projection would differ much.
_STATUTORY_AREA_SHARE = 2e-3
#: Kinds of examples, in the order of the run.
RULE, FIX, CHECK = "rule", "fix", "check"


def make_fix_example_plan(example: FixExample) -> Plan:
    """Return the plan of an example; the input ``layer`` is the boundary unless it names another layer."""
    return make_example_plan(example.before, {"layer": "CZKFBJ", **example.roles}, example.settings)


def check_rules(plan: Plan, codes: list[str]) -> CheckResult:
    """Return the result of some rules on a plan."""
    return CheckResult(plan, run_check(plan, [load_all_rules()[code] for code in codes]), NO_SIDE_INPUTS, NO_WAIVERS)


def check_and_start_editing(
    plan: Plan, codes: list[str], documents: dict[str, str] | None = None
) -> tuple[EditingState, list[Finding]]:
    """Return the editing state of a plan checked with some rules, and its findings."""
    checked = check_rules(plan, codes)
    return EditingState(checked, RunOptions(rules=tuple(codes)), documents=documents), checked.report.findings


def list_layer_rows(state: EditingState, role: str) -> list[Any]:
    """Return the rows of a layer in an editing state, in the order of their numbers."""
    rows = state.session.checker.rows
    numbers = sorted({*range(len(state.plan.layers[role])), *rows.list_edited_rows(role)})
    return [row for number in numbers if (row := state.get_row_by_number(role, number)) is not None]


def parse_shape(wkt: str | None) -> Any:
    """Return the shape of an example's WKT, moved as `make_example_plan` moves it."""
    return None if wkt is None else shapely.transform(shapely.from_wkt(wkt), move_to_origin)


def find_fix_example_problem(fix: Fix, example: FixExample) -> ExampleProblem | None:
    """Return how the result of a fix differs from its example; None if it agrees."""
    return apply_fix_to_example(fix, example)[0]


def apply_fix_to_example(
    fix: Fix, example: FixExample
) -> tuple[ExampleProblem | None, Proposal | None, EditingState | None]:
    """Return how the result of a fix differs from its example, its proposal, and the editing state after it.

    The problem is None if they agree; proposal and state are None if the fix refuses or has nothing to answer.
    """
    plan = make_fix_example_plan(example)
    state, findings = check_and_start_editing(plan, [example.rule, *example.rules])
    findings = [finding for finding in findings if finding.code == example.rule and fix.is_for_finding(finding)]
    if not findings:
        return ExampleProblem("fix_no_finding", {"rule": example.rule}), None, None
    try:
        proposal, after = propose_fix(state, fix, findings[0], example.parameters)
    except FixRefused as refusal:
        is_expected = refusal.key == example.refused
        params = {"expected": example.refused or "-", "found": refusal.key}
        return None if is_expected else ExampleProblem("fix_refused", params), None, None
    if example.refused:
        return ExampleProblem("fix_not_refused", {"expected": example.refused}), proposal, after
    if proposal.is_safe != example.safe:
        return ExampleProblem("fix_safe" if example.safe else "fix_not_safe"), proposal, after
    for name, rows in example.after.items():
        role = {"layer": "CZKFBJ", **example.roles}.get(name) or plan.find_layer_of_concept(name).role  # type: ignore[union-attr]
        if not _are_rows_as_expected(list_layer_rows(after, role), rows):
            return ExampleProblem("fix_rows", {"layer": role}), proposal, after
    return None, proposal, after


def _are_rows_as_expected(rows: list[Any], expected_rows: list[Any]) -> bool:
    """Return True if rows have the expected shapes and given attributes, in any order."""
    remaining = list(rows)
    if len(rows) != len(expected_rows):
        return False
    for expected in (row if isinstance(row, dict) else {"wkt": row} for row in expected_rows):
        shape = parse_shape(expected["wkt"])
        match = next((row for row in remaining if _is_same_shape(row.stored_shape, shape)), None)
        if match is None:
            return False
        remaining.remove(match)
        for meaning, value in expected.items():
            if meaning != "wkt" and match.get_value(match.layer.get_field_name(meaning) or meaning) != value:
                return False
    return True


def _is_same_shape(shape: Any, expected: Any) -> bool:
    if shape is None or expected is None:
        return shape is expected
    return bool(shape.is_valid and shapely.symmetric_difference(shape, expected).area < _ROUNDING_M2)


@dataclass(frozen=True)
class DeclaredExample:
    """An example of a rule, fix or declared check.

    ``kind``: rule, fix or check; ``code``: that of the rule, fix or check; ``find_problem`` runs the example.
    """

    kind: str
    code: str
    title: str
    find_problem: Callable[[], ExampleProblem | None]


@dataclass
class ExampleRun:
    """The result of a run: numbers of examples by kind, and examples with another result than the declared one."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[DeclaredExample, ExampleProblem]] = field(default_factory=list)


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
        finders = [(one, find_failing_example_problem) for one in rule.fails]
        finders += [(one, find_passing_example_problem) for one in rule.passes]
        yield from (
            DeclaredExample(kind, rule.code, example.title, partial(find_problem, rule, example))
            for example, find_problem in finders
        )


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
            run.failures.append((example, problem))
    progress(1.0, "")
    return run


def find_failing_example_problem(rule: Rule, example: RuleExample) -> ExampleProblem | None:
    """Return how the findings on a failing example differ from the declared number and areas; None if they agree."""
    report = run_example(rule, example)
    if report.rules[0].outcome is not Outcome.FAILED:
        return _make_outcome_problem(Outcome.FAILED, report.rules[0])
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
    if report.rules[0].outcome not in (Outcome.PASSED, Outcome.NOT_APPLICABLE):
        return _make_outcome_problem(Outcome.PASSED, report.rules[0])
    found_count = len(report.findings)
    return ExampleProblem("count", {"expected": 0, "found": found_count}) if found_count else None


def _make_outcome_problem(expected: Outcome, run: RuleOutcome) -> ExampleProblem:
    return ExampleProblem("outcome", {"expected": expected.value, "found": run.outcome.value, "reason": run.reason})


def _join_areas(areas: np.ndarray) -> str:
    return ", ".join(f"{area:.6f}" for area in areas)

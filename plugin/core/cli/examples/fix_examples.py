# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare the rows after a fix with those that its example declares."""

from __future__ import annotations

from typing import Any

import shapely

from ...checks.check import CheckResult, RunOptions
from ...checks.run_check import run_check
from ...engine.waivers.waiver import NO_WAIVERS
from ...fixes.edits import FixRefused
from ...fixes.fix_declaration import Fix, FixExample
from ...fixes.judge import propose_fix
from ...fixes.proposal import Proposal
from ...fixes.state import EditingState
from ...model.findings import Finding
from ...model.rule import load_all_rules
from ...model.side_inputs import NO_SIDE_INPUTS
from ...plan.plan import Plan
from .plans import ExampleProblem, make_example_plan, move_to_origin

#: Land (m²) by which an expected shape may differ: rounding of coordinates of millions of metres.
_ROUNDING_M2 = 1e-4


def make_fix_example_plan(example: FixExample) -> Plan:
    """Return the plan of an example; the input ``layer`` is the boundary unless it names another layer."""
    return make_example_plan(example.before, {"layer": "CZKFBJ", **example.roles}, example.settings)


def check_rules(plan: Plan, codes: list[str]) -> CheckResult:
    """Return the result of some rules on a plan."""
    report = run_check(plan, [load_all_rules()[code] for code in codes])
    return CheckResult(plan, report, NO_SIDE_INPUTS, NO_WAIVERS)


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
    problem, _, _ = apply_fix_to_example(fix, example)
    return problem


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
        is_expected = refusal.reason == example.refused
        params = {"expected": example.refused or "-", "found": refusal.reason}
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

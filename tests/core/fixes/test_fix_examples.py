# SPDX-License-Identifier: GPL-2.0-or-later
"""Each example of a fix is a test: the rows afterwards, judged by plain shapely."""

import pytest
import shapely

from plugin.core.fixes.edits import FixRefused
from plugin.core.fixes.model import FIX_HEADINGS, load_all_fixes
from plugin.core.model.rule import load_all_rules
from tests.core.fixes.fix_runs import (
    assert_judgement_agrees_with_a_whole_check,
    check_and_start_editing,
    list_layer_rows,
    make_fix_example_plan,
    parse_shape,
    propose_fix_or_fail,
)

#: Land (m²) by which an expected shape may differ: rounding of coordinates of millions of metres.
ROUNDING_M2 = 1e-4

EXAMPLES = [(fix, example) for fix in load_all_fixes().values() for example in fix.examples]


@pytest.mark.parametrize(("fix", "example"), EXAMPLES, ids=[f"{fix.code} {example.title}" for fix, example in EXAMPLES])
def test_fix_applied_to_its_example_gives_the_rows_or_the_refusal_that_the_example_declares(fix, example):
    plan = make_fix_example_plan(example)
    state, findings = check_and_start_editing(plan, [example.rule, *example.rules])
    findings = [finding for finding in findings if finding.code == example.rule and fix.is_for_finding(finding)]
    assert findings, "the rule finds nothing that the fix answers"
    if example.refused:
        with pytest.raises(FixRefused) as refusal:
            propose_fix_or_fail(fix, findings[0], state, **example.parameters)
        assert refusal.value.reason == example.refused
        return
    proposal, after = propose_fix_or_fail(fix, findings[0], state, **example.parameters)
    assert proposal.is_safe == example.safe, (proposal.doubts, [f.message for f in proposal.new_findings])
    for name, rows in example.after.items():
        role = {"layer": "CZKFBJ", **example.roles}.get(name) or plan.find_layer_of_concept(name).role
        compare_rows(list_layer_rows(after, role), rows)
    assert_judgement_agrees_with_a_whole_check(proposal, after, [example.rule, *example.rules], example.settings)


def compare_rows(rows, expected):
    """Compare shapes and given attributes of rows with the expected ones, in any order."""
    expected = [row if isinstance(row, dict) else {"wkt": row} for row in expected]
    assert len(rows) == len(expected)
    remaining = list(rows)
    for one in expected:
        shape = parse_shape(one["wkt"])
        match = next((row for row in remaining if is_same_shape(row.stored_shape, shape)), None)
        assert match is not None, (one["wkt"], [shapely.to_wkt(row.stored_shape) for row in remaining])
        remaining.remove(match)
        for meaning, value in one.items():
            if meaning != "wkt":
                field = match.layer.get_field_name(meaning) or meaning
                assert match.get_value(field) == value, meaning


def is_same_shape(shape, expected):
    if shape is None or expected is None:
        return shape is expected
    return shape.is_valid and shapely.symmetric_difference(shape, expected).area < ROUNDING_M2


@pytest.mark.parametrize("fix", load_all_fixes().values(), ids=lambda fix: fix.code)
def test_fix_has_examples_and_help_sections_and_names_existing_rules(fix):
    assert fix.examples and any(not example.refused for example in fix.examples)
    assert set(fix.sections) == {"", *FIX_HEADINGS}
    for code, cases in fix.solves.items():
        assert set(cases) <= set(load_all_rules()[code].messages)
    assert {example.rule for example in fix.examples} <= set(fix.solves)

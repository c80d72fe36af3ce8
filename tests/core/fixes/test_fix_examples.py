# SPDX-License-Identifier: GPL-2.0-or-later
"""Each example of a fix is a test: the rows afterwards, judged by plain shapely."""

from dataclasses import replace

import pytest

from plugin.core.examples.fix_examples import apply_fix_to_example
from plugin.core.fixes.edits import Edits
from plugin.core.fixes.model import FIX_HEADINGS, load_all_fixes
from plugin.core.model.rule import load_all_rules
from tests.core.fixes.fix_runs import assert_judgement_agrees_with_a_whole_check

EXAMPLES = [(fix, example) for fix in load_all_fixes().values() for example in fix.examples]


@pytest.mark.parametrize(("fix", "example"), EXAMPLES, ids=[f"{fix.code} {example.title}" for fix, example in EXAMPLES])
def test_fix_applied_to_its_example_gives_the_rows_or_the_refusal_that_the_example_declares(fix, example):
    problem, proposal, after = apply_fix_to_example(fix, example)
    assert problem is None
    if not example.refused:
        assert_judgement_agrees_with_a_whole_check(proposal, after, [example.rule, *example.rules], example.settings)


FIX007 = load_all_fixes()["FIX007"]
CLEAR_EXAMPLE = next(example for example in FIX007.examples if not example.refused)
REFUSED_FIX, REFUSED_EXAMPLE = next((fix, example) for fix, example in EXAMPLES if example.refused)


def change_nothing(finding, *, state, **parameters):
    return Edits()


@pytest.mark.parametrize(
    ("fix", "example", "key"),
    [
        (replace(FIX007, function=change_nothing), CLEAR_EXAMPLE, "fix_refused"),
        (FIX007, replace(CLEAR_EXAMPLE, after=CLEAR_EXAMPLE.before), "fix_rows"),
        (FIX007, replace(CLEAR_EXAMPLE, safe=not CLEAR_EXAMPLE.safe), "fix_safe"),
        (FIX007, replace(CLEAR_EXAMPLE, refused="other"), "fix_not_refused"),
        (REFUSED_FIX, replace(REFUSED_EXAMPLE, refused="other"), "fix_refused"),
        (replace(FIX007, solves={}), CLEAR_EXAMPLE, "fix_no_finding"),
    ],
    ids=[
        "changes nothing",
        "other rows",
        "other safety",
        "not refused",
        "refused for another reason",
        "answers nothing",
    ],
)
def test_example_with_another_result_has_a_problem(fix, example, key):
    problem, _, _ = apply_fix_to_example(fix, example)
    assert problem.key.replace("fix_not_safe", "fix_safe") == key


@pytest.mark.parametrize("fix", load_all_fixes().values(), ids=lambda fix: fix.code)
def test_fix_has_examples_and_help_sections_and_names_existing_rules(fix):
    assert fix.examples and any(not example.refused for example in fix.examples)
    assert set(fix.sections) == {"", *FIX_HEADINGS}
    for code, cases in fix.solves.items():
        assert set(cases) <= set(load_all_rules()[code].messages)
    assert {example.rule for example in fix.examples} <= set(fix.solves)

# SPDX-License-Identifier: GPL-2.0-or-later
"""The WKT examples of every rule: failing ones have findings, passing ones none."""

from dataclasses import replace

import pytest
import shapely

from plugin.core.examples.run import find_failing_example_problem, find_passing_example_problem
from plugin.core.model.rule import load_all_rules
from tests.parametrize import for_each

FAILING_EXAMPLES = [(rule, example) for rule in load_all_rules().values() for example in rule.fails]
PASSING_EXAMPLES = [(rule, example) for rule in load_all_rules().values() for example in rule.passes]


def format_example_title(case):
    rule, example = case
    return f"{rule.code}-{example.title}"


@for_each("rule, example", FAILING_EXAMPLES, ids=format_example_title)
def test_failing_example_of_a_rule_has_its_stated_findings(rule, example):
    assert find_failing_example_problem(rule, example) is None


@for_each("rule, example", PASSING_EXAMPLES, ids=format_example_title)
def test_passing_example_of_a_rule_has_no_finding(rule, example):
    assert find_passing_example_problem(rule, example) is None


def test_every_rule_has_failing_and_passing_examples():
    for rule in load_all_rules().values():
        assert rule.fails and rule.passes, rule.code


def break_shapes(rule, change):
    """Return a rule with the shapes of its findings changed."""

    def function(*layers, ctx, **arguments):
        result = rule.find_problems(layers, ctx, arguments)
        result.findings = [replace(one, geometry=change(one.geometry)) for one in result.findings]
        return result

    return replace(rule, function=function)


@pytest.mark.parametrize(
    ("make_function", "key"),
    [
        (lambda rule: lambda *layers, ctx, **arguments: [], "outcome"),
        (lambda rule: lambda *layers, ctx, **arguments: rule.function(*layers, ctx=ctx, **arguments) * 2, "count"),
        (lambda rule: lambda *layers, ctx, **arguments: 1 / 0, "outcome"),
    ],
    ids=["finds nothing", "finds twice as much", "crashes"],
)
def test_example_of_a_broken_rule_has_a_problem(make_function, key):
    rule = load_all_rules()["REL002"]
    broken = replace(rule, function=make_function(rule))
    assert find_failing_example_problem(broken, rule.fails[0]).key == key


def test_example_of_a_rule_that_measures_another_area_has_a_problem():
    rule = load_all_rules()["REL002"]
    (example,) = [one for one in rule.fails if one.areas][:1]
    broken = break_shapes(rule, lambda shape: shapely.buffer(shape, 0.5))
    assert find_failing_example_problem(broken, example).key == "areas"


def test_passing_example_of_a_rule_that_finds_something_has_a_problem():
    rule = load_all_rules()["REL002"]
    problem = find_passing_example_problem(rule, rule.fails[0])
    assert (problem.key, problem.params["found"]) == ("outcome", "failed")

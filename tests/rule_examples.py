# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports of the failing examples of all rules, cached per process; tests must not change them."""

from functools import cache

from plugin.core.examples.plans import run_example
from plugin.core.model.report import Report
from plugin.core.model.rule import load_all_rules


@cache
def run_failing_examples(code: str) -> tuple[Report, ...]:
    """Return the report of each failing example of a rule, in their order."""
    rule = load_all_rules()[code]
    return tuple(run_example(rule, example) for example in rule.fails)

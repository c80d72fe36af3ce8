# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports of the examples of all rules, cached per process; tests must not change them.

Also which settings a rule reads in its examples, and which of its messages word a case differently.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import pytest

from plugin.core.cli.examples import plans
from plugin.core.engine import outcome
from plugin.core.model.report import Report
from plugin.core.model.rule import Rule, RuleExample, load_all_rules
from plugin.core.standard.messages.finding_message import NARROW_CASE
from plugin.core.standard.profile import Norm

#: Ends of the keys of messages that word a case differently: for a narrow place, or as the rule notes in the parameters
#: that only word the message (``shown.variant``). Waivers and fingerprints have the case alone.
MESSAGE_VARIANTS = (
    NARROW_CASE,
    "area_first",
    "wholly_outside",
    "division",
    "beyond_county",
    "apart",
    "same_place",
    "zeros",
    "several",
    "large_rate",
    "parameters",
)


class RecordingNorm(Norm):
    """A norm that records which setting keys a rule reads."""

    def get(self, key):
        self.__dict__.setdefault("read", set()).add(key)
        return super().get(key)

    def get_settings_section(self, name):
        self.__dict__.setdefault("read", set()).add(name)
        return super().get_settings_section(name)


@dataclass
class ExampleRuns:
    """Reports of a rule's examples by title, the keys of settings that it read, and those that it noted itself."""

    failing: dict[str, Report] = field(default_factory=dict)
    passing: dict[str, Report] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    noted: set[str] = field(default_factory=set)


@cache
def run_all_examples(code: str) -> ExampleRuns:
    """Run the examples of a rule."""
    rule, runs = load_all_rules()[code], ExampleRuns()
    make_norm, apply_rule = plans.make_example_norm, outcome.apply_rule
    norms: list[RecordingNorm] = []

    def make_recording_norm(*args, **kwargs):
        norm = make_norm(*args, **kwargs)
        norms.append(RecordingNorm(norm.standard, norm.profile, norm.phase))
        return norms[-1]

    def apply_recorded(rule, context, *args, **kwargs):
        norms[-1].__dict__["read"] = set()
        result = apply_rule(rule, context, *args, **kwargs)
        runs.read.update(norms[-1].__dict__["read"])
        runs.noted.update(result.unconfirmed if result is not None else ())
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plans, "make_example_norm", make_recording_norm)
        patch.setattr(outcome, "apply_rule", apply_recorded)
        for examples, reports in ((rule.fails, runs.failing), (rule.passes, runs.passing)):
            reports.update({example.title: plans.run_example(rule, example) for example in examples})
            assert len(reports) == len(examples), f"{code}: titles of examples must differ"
    return runs


def get_example_report(rule: Rule, example: RuleExample) -> Report:
    """Return the report of an example of a rule."""
    runs = run_all_examples(rule.code)
    return (runs.failing if example in rule.fails else runs.passing)[example.title]


def run_failing_examples(code: str) -> tuple[Report, ...]:
    """Return the report of each failing example of a rule, in their order."""
    return tuple(run_all_examples(code).failing.values())


def is_variant_key(key: str) -> bool:
    """Return True for the key of a variant (`make_variant_key`), False for that of a case itself."""
    return any(key == variant or key.endswith(f"_{variant}") for variant in MESSAGE_VARIANTS)

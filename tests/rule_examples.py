# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports of the failing examples of all rules, cached per process; tests must not change them.

Also which of a rule's messages word a case differently.
"""

from functools import cache

from plugin.core.examples.plans import run_example
from plugin.core.messages.texts import NARROW_CASE
from plugin.core.model.report import Report
from plugin.core.model.rule import load_all_rules

#: Ends of the keys of messages that word a case differently: for a narrow place, or as the rule notes in the parameters
#: that only word the message (``shown.variant``). Waivers and fingerprints have the case alone.
MESSAGE_VARIANTS = (
    NARROW_CASE,
    "wholly_outside",
    "division",
    "beyond_county",
    "apart",
    "same_place",
    "large_rate",
    "parameters",
)


@cache
def run_failing_examples(code: str) -> tuple[Report, ...]:
    """Return the report of each failing example of a rule, in their order."""
    rule = load_all_rules()[code]
    return tuple(run_example(rule, example) for example in rule.fails)


def is_variant_key(key: str) -> bool:
    """Return True for the key of a variant (`make_variant_key`), False for that of a case itself."""
    return any(key == variant or key.endswith(f"_{variant}") for variant in MESSAGE_VARIANTS)

# SPDX-License-Identifier: GPL-2.0-or-later
"""What the receiver's inspection asks of the layers beyond the check: told before the package is made, while it can be mended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..cancellation import Cancellation
from ..engine.evaluate import choose_rules
from ..messages.texts import RuleNamed
from ..model.rule import Severity
from ..results.run import run
from .inspection.inspect import RECEIVED_GROUP
from .problems import NAMED, Level, Problem

if TYPE_CHECKING:
    from ..check import Checked
    from ..model.findings import Finding


def as_received(checked: Checked, cancellation: Cancellation) -> Iterator[Problem]:
    """What rules of the group ``received`` find that the check did not run; a problem for each rule, layer and field. Findings
    that are waived are not told. Raises Cancelled."""
    plan, lang = checked.plan, checked.report.lang
    asked = {outcome.code for outcome in checked.report.rules}
    group = plan.norm.standard.rule_groups.get(RECEIVED_GROUP, ())
    rules = [rule for rule in choose_rules(group) if rule.code not in asked]
    found: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in run(
        plan, rules, side=checked.side, waivers=checked.waivers, lang=lang, cancellation=cancellation
    ).findings:
        if finding.state == "open":
            found.setdefault((finding.code, finding.role, finding.field), []).append(finding)
    named = {rule.code: RuleNamed(rule) for rule in rules}
    for (code, role, field), those in found.items():
        level = Level.GATE if any(one.severity is Severity.ERROR for one in those) else Level.NOTE
        layer = plan.layers[role].name if role in plan.layers else role
        features = tuple(one.key for one in those[:NAMED])
        # What the run says of itself (RUN) is of no rule.
        params = {"rule": named.get(code, code)}
        yield Problem(level, "as_received", layer, field, len(those), features, params)

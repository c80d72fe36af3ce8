# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules outside the default ones whose layers the plan has. A report names them, so that readers do not overrate 通过."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..model.rule import EACH, Rule, all_rules

if TYPE_CHECKING:
    from ..model.side_inputs import SideInputs
    from ..plan.plan import Plan


def rules_beyond(plan: Plan, side: SideInputs) -> list[Rule]:
    """Return the rules outside those that the plan's scope asks for whose layers are all there, in order of their codes.

    Rules of packages (DOC) are left to the inspection of one, rules that go by a table beside the layers to whoever has it.
    """
    expected = set(plan.norm.expected_in(plan.scope))
    rules = all_rules()
    # What belongs to a package is not even loaded.
    codes = [code for code in sorted(rules) if code not in expected and not code.startswith("DOC")]
    return [rules[code] for code in codes if _could_run(rules[code], plan, side)]


def _could_run(rule: Rule, plan: Plan, side: SideInputs) -> bool:
    if any(name not in side for name in rule.side):
        return False
    needed = [need.concept for need in rule.needs.values() if not need.optional]
    if not needed:
        return False
    layers = [layer for c in needed for layer in (plan.layers.values() if c == EACH else [plan.concept(c)])]
    return all(layer is not None for layer in layers) and any(layer is not None and not layer.bare for layer in layers)

# SPDX-License-Identifier: GPL-2.0-or-later
"""What the rules on yearly maintenance (年度动态维护) share: the three classes of each maintained layer that the plan has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ...engine.context import Context
from ...model.findings import Finding
from ...model.rule import RuleResult
from ...plan.layer import Layer
from ...standard.maintenance import AFTER, BEFORE, CHANGE, Maintained


@dataclass(frozen=True)
class Classes:
    """Before, change and after of one layer; None for a class that is not there."""

    maintained: Maintained
    before: Layer | None
    change: Layer
    after: Layer | None

    @property
    def layers(self) -> list[Layer]:
        """The classes that are there."""
        return [layer for layer in (self.before, self.change, self.after) if layer is not None]

    @property
    def kinds(self) -> list[str]:
        """(n,) 维护类型 of the changes."""
        return self.change.text("maintenance_kind")


def classes(ctx: Context) -> list[Classes]:
    """Of every maintained layer that has a class of changes, in the standard's order."""
    rules, layers = ctx.norm.standard.maintenance, ctx.plan.layers
    if rules is None:
        return []
    prefix = {stage: rules.stage(stage).prefix for stage in (BEFORE, CHANGE, AFTER)}
    return [
        Classes(
            one,
            layers.get(prefix[BEFORE] + one.role),
            layers[prefix[CHANGE] + one.role],
            layers.get(prefix[AFTER] + one.role),
        )
        for one in rules.layers
        if prefix[CHANGE] + one.role in layers
    ]


def of_each(ctx: Context, look: Callable[[Classes], Iterable[Finding]]) -> RuleResult:
    """What is found in each layer's classes; not applicable where there are none."""
    there = classes(ctx)
    if not there:
        return RuleResult(applicable=False, notes=[("maintenance_not_there", {})])
    return RuleResult(findings=[finding for one in there for finding in look(one)])

# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers for rules that look at whatever is there and so declare no needs."""

from __future__ import annotations

from ..engine.context import Context
from ..model.rule import RuleResult
from ..plan.layer import Layer


def there(what: str, ctx: Context, result: RuleResult) -> Layer | None:
    """The layer that answers a concept (or layer code), when something is in it.

    One whose coordinates cannot be used, or none of whose shapes can, is told in ``result.not_checked``; a second layer
    of the same concept, which nobody reads, in ``result.doubts``.
    """
    layer = ctx.plan.concept(what)
    if layer is None:
        lost = ctx.plan.unusable_for(what)
        if lost is not None:
            _say(result, "layer_unusable", {"layer": lost.name, "role": lost.role})
        return None
    if layer.bare and not ctx.around_an_edit:
        if len(layer):
            _say(result, "layer_bare", {"layer": layer.name, "role": layer.role})
        return None
    result.doubts += [f"roles.{role}" for role in ctx.plan.unread_roles(what)]
    return layer


def _say(result: RuleResult, reason: str, params: dict) -> None:
    if (reason, params) not in result.not_checked:
        result.not_checked.append((reason, params))

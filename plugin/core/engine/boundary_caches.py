# SPDX-License-Identifier: GPL-2.0-or-later
"""Release the memory of the boundaries of layers that no further rule of a run compares."""

from __future__ import annotations

from threading import Lock

from ..model.rule import EVERY_LAYER, Rule
from ..plan.plan import Plan


class BoundaryCaches:
    """The layers of a plan, each with the rules that may still compare its boundaries."""

    def __init__(self, plan: Plan, rules: list[Rule]):
        self._layers = dict(dict.items(plan.layers))
        self._lock = Lock()
        #: Role → codes of the rules that have not run yet.
        self._waiting_codes: dict[str, set[str]] = {role: set() for role in self._layers}
        for rule in rules:
            for role in _list_compared_roles(plan, rule):
                self._waiting_codes[role].add(rule.code)

    def release_after(self, rule: Rule) -> None:
        """Release the caches of each layer that only this rule was waiting for; call it when the rule has run."""
        with self._lock:
            released_roles = [role for role, codes in self._waiting_codes.items() if codes == {rule.code}]
            for codes in self._waiting_codes.values():
                codes.discard(rule.code)
        for role in released_roles:
            self._layers[role].polygons.release_caches()


def _list_compared_roles(plan: Plan, rule: Rule) -> list[str]:
    """Return the roles of the layers whose boundaries a rule may compare."""
    concepts = [need.concept for need in rule.needs.values()]
    if EVERY_LAYER in concepts or not (concepts or rule.inputs):
        # A rule without needs uses all layers; a rule with inputs only uses those inputs.
        return list(plan.layers)
    layers = (plan.find_layer_of_concept(concept) for concept in concepts)
    return [layer.role for layer in layers if layer is not None]

# SPDX-License-Identifier: GPL-2.0-or-later
"""Choose the rules of a run, and apply them to a plan one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ..cancellation import NEVER, Cancellation
from ..errors import InputError
from ..geometry.tolerance import Tolerance
from ..messages.texts import Texts
from ..model.findings import Finding
from ..model.indicator import Indicator
from ..model.report import RuleOutcome
from ..model.rule import EACH, Rule, all_rules
from ..model.side_inputs import NO_SIDE_INPUTS, SideInputs
from ..plan.plan import Focus, Plan
from .context import Context
from .outcome import run_rule
from .run_log import Ignored

Progress = Callable[[float, str], None]


def choose_rules(plan_rules: Iterable[str], wanted: Iterable[str] = ()) -> list[Rule]:
    """The rules of a run by code or name, in their order. InputError names one that does not exist."""
    known = all_rules()
    codes = [c.strip() for c in wanted if c.strip()] or list(plan_rules)
    chosen = {}
    for code in codes:
        found = code.upper() if code.upper() in known else known.code_of(code)
        if found is None:
            raise InputError("rule_unknown", rule=code, known=", ".join(known))
        chosen[found] = known[found]
    return sorted(chosen.values(), key=lambda r: r.order)


@dataclass
class Evaluation:
    """What rules found in a plan: an outcome per rule, their findings and figures, and what was left out on the way.

    Findings have neither place, sentence nor fingerprint yet (`finish`).
    """

    rules: list[Rule]
    tolerance: Tolerance
    outcomes: list[RuleOutcome] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    indicators: list[Indicator] = field(default_factory=list)
    #: By the rule's code the slivers that it ignored.
    ignored: dict[str, list[Ignored]] = field(default_factory=dict)
    #: Steps of the ladder that geometries took.
    steps: list[dict[str, Any]] = field(default_factory=list)


def evaluate(
    rules: Iterable[Rule],
    plan: Plan,
    *,
    side: SideInputs = NO_SIDE_INPUTS,
    focus: Focus | None = None,
    parameters: dict[str, dict[str, Any]] | None = None,
    tolerance: Tolerance | None = None,
    lang: str = "zh",
    progress: Progress = lambda share, text: None,
    cancellation: Cancellation = NEVER,
) -> Evaluation:
    """Apply rules to a plan, one after the other: for a whole check, around an edit (``focus``), or a single rule.

    ``parameters``: code → keyword arguments that beat the standard's and the profile's. ``progress(0…1, text)`` is called
    before each rule; ``cancellation`` is asked between batches of pairs. Nothing but Cancelled is raised: a rule that raises
    becomes an outcome ``crashed`` and a finding RUN900.
    """
    texts = Texts(lang)
    done = Evaluation(list(rules), tolerance or plan.norm.tolerance())
    last = _last_asked(plan, done.rules)
    for position, rule in enumerate(done.rules):
        cancellation.raise_if_cancelled()
        progress(position / max(len(done.rules), 1), f"{rule.code} {texts.rule_title(rule)}")
        context = Context(plan, plan.norm, done.tolerance, tuple(done.rules), cancellation, side, focus, lang=lang)
        begun = time.monotonic()
        outcome, found, indicators = run_rule(rule, context, parameters or {}, texts)
        outcome.seconds = round(time.monotonic() - begun, 3)
        outcome.findings = len(found)
        done.outcomes.append(outcome)
        done.findings += found
        done.indicators += indicators
        if context.log.ignored:
            done.ignored[rule.code] = context.log.ignored
        done.steps += [{"rule": rule.code, **step} for step in context.log.steps]
        for layer in plan.layers.values():
            if focus is None and last.get(layer.role, -1) == position:
                layer.polygons.forget()
    cancellation.raise_if_cancelled()
    return done


def _last_asked(plan: Plan, rules: list[Rule]) -> dict[str, int]:
    """Role → the position of the last rule that may compare its boundaries: afterwards their room is better used."""
    last: dict[str, int] = {}
    for position, rule in enumerate(rules):
        concepts = [need.concept for need in rule.needs.values()]
        if EACH in concepts or not (concepts or rule.inputs):
            # One without needs looks at whatever is there; one with inputs only, at what it is given.
            asked = list(plan.layers)
        else:
            layers = (plan.concept(concept) for concept in concepts)
            asked = [layer.role for layer in layers if layer is not None]
        last |= dict.fromkeys(asked, position)
    return last


def find_additional_rules(plan: Plan, side: SideInputs) -> list[Rule]:
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
    return all(layer is not None for layer in layers) and any(
        layer is not None and not layer.has_no_geometry for layer in layers
    )

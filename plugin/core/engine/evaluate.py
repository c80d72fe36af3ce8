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
    """Return the rules of a run by code or name, in their order.

    Raise InputError for a rule that does not exist.
    """
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
    """The results of the rules: outcomes, findings, figures and ignored slivers.

    Findings have neither place, message nor fingerprint yet (`finish`).
    """

    rules: list[Rule]
    tolerance: Tolerance
    outcomes: list[RuleOutcome] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    indicators: list[Indicator] = field(default_factory=list)
    #: Slivers that each rule ignored, by its code.
    ignored: dict[str, list[Ignored]] = field(default_factory=dict)
    #: Fallback steps of the geometry operations.
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
    """Apply rules to a plan, one after the other.

    Serves a whole check, a check around an edit (``focus``) and a single rule.

    Parameters
    ----------
    parameters
        Rule code → keyword arguments that take precedence over the standard and the profile.
    progress
        Called with a share (0 to 1) and a text before each rule.
    cancellation
        Read between batches of pairs.

    Raises
    ------
    Cancelled
        The user cancelled. No other error is raised: a failing rule gives the outcome ``crashed`` and a finding
        RUN900.
    """
    texts = Texts(lang)
    done = Evaluation(list(rules), tolerance or plan.norm.tolerance())
    last = _last_use(plan, done.rules)
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


def _last_use(plan: Plan, rules: list[Rule]) -> dict[str, int]:
    """Return role → position of the last rule that may compare its boundaries.

    After that rule the memory of the boundary index is released.
    """
    last: dict[str, int] = {}
    for position, rule in enumerate(rules):
        concepts = [need.concept for need in rule.needs.values()]
        if EACH in concepts or not (concepts or rule.inputs):
            # A rule without needs uses all layers; a rule with inputs only uses those inputs.
            compared = list(plan.layers)
        else:
            layers = (plan.concept(concept) for concept in concepts)
            compared = [layer.role for layer in layers if layer is not None]
        last |= dict.fromkeys(compared, position)
    return last


def find_additional_rules(plan: Plan, side: SideInputs) -> list[Rule]:
    """Return the rules outside the plan's scope whose layers are all present.

    They are sorted by code. Rules of packages (DOC) run in the inspection of a package; rules that read a table run
    where the table is given.
    """
    expected = set(plan.norm.expected_in(plan.scope))
    rules = all_rules()
    # Rules of packages are not even loaded.
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

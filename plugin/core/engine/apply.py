# SPDX-License-Identifier: GPL-2.0-or-later
"""Call a rule with the layers that it needs, or say why it cannot be called."""

from __future__ import annotations

from typing import Any

from ..errors import SanxianError
from ..messages.texts import Texts, without_folders
from ..model.report import Outcome, RuleOutcome
from ..model.rule import EACH, Need, Rule, RuleResult
from ..plan.layer import Layer
from ..plan.plan import Plan
from ..profile.model import ABSENT
from .context import Context

#: The family of the rules that compare a layer's schema, which it has without features too.
STRUCTURE = "SCH"
#: The family of the rules that compare the shapes of a layer with each other.
COVERAGE = "TOP"


def apply(
    rule: Rule, context: Context, given: dict[str, Any], outcome: RuleOutcome, texts: Texts, *, telling: bool = False
) -> RuleResult | None:
    """Call the rule with its layers; None when they are not there (the outcome then says why). ``telling``: a field that it
    needs must hold a value; one of blanks is as good as none."""
    missing = next((name for name in rule.side if name not in context.side), None)
    if missing is not None:
        outcome.outcome, outcome.reason = Outcome.NOT_APPLICABLE, texts.reason(f"{missing}_not_given", {})
        return None
    layers: list[Layer | None] = []
    each = [need for need in rule.needs.values() if need.concept == EACH]
    for need in (need for need in rule.needs.values() if need.concept != EACH):
        layer = context.plan.concept(need.concept)
        obstacle = _obstacle(need, layer, context, texts, telling)
        if obstacle is not None:
            outcome.outcome, outcome.reason = obstacle
            if layer is None and _is_unconfirmed_absence(need.concept, context.plan):
                outcome.unconfirmed = [ABSENT]
            return None
        layers.append(layer)
    if each:
        return _apply_to_each(rule, each[0], layers, context, given)
    result = rule.function(*layers, ctx=context, **given)
    if result is None:
        return RuleResult(applicable=False)
    return result if isinstance(result, RuleResult) else RuleResult(findings=result)


def _obstacle(
    need: Need, layer: Layer | None, context: Context, texts: Texts, telling: bool
) -> tuple[Outcome, str] | None:
    """Return why a rule cannot be called with a needed layer: absent, without shapes, or without a needed field."""
    plan = context.plan
    if layer is None:
        return None if need.optional else _absent(plan, need.concept, texts)
    named = {"layer": layer.name, "role": layer.role}
    if not need.optional and layer.bare and not context.around_an_edit:
        # Nothing to look at is no pass. (Around an edit, a layer that has nothing there is an answer.)
        skipped = plan.expects(need.concept) or len(layer)
        return Outcome.SKIPPED if skipped else Outcome.NOT_APPLICABLE, texts.reason("layer_bare", named)
    lacking = [m for m in need.fields if not (layer.tells(m) if telling else layer.has(m))]
    if lacking:
        names = ", ".join(layer.field_name(m) or texts.meaning(m) for m in lacking)
        return Outcome.SKIPPED, texts.reason("field_missing", {**named, "fields": names})
    return None


def _is_unconfirmed_absence(concept: str, plan: Plan) -> bool:
    """Return True if the county declares that it has no such layer, and nobody confirmed this."""
    return concept in plan.norm.profile.absent and not plan.norm.is_confirmed(ABSENT)


def _apply_to_each(
    rule: Rule, need: Need, others: list[Layer | None], context: Context, given: dict[str, Any]
) -> RuleResult:
    """Call the rule for every layer of the plan in turn; a layer without a needed field is said, the others go on."""
    total = RuleResult(applicable=False)
    asked = context.focus.roles if context.focus is not None else None
    for layer in list(context.plan.layers.values()):
        context.cancellation.raise_if_cancelled()
        if asked is not None and layer.role not in asked:
            continue
        if not context.around_an_edit and _nothing_to_check(rule, layer):
            # SCH001 reports an empty mandatory layer and leaves the run incomplete.
            continue
        declared = [m for m in need.fields if layer.template.field(m)]
        lacking = [m for m in declared if not layer.has(m)]
        if lacking:
            names = ", ".join(layer.field_name(m) for m in lacking)
            total.not_checked.append(("field_missing", {"layer": layer.name, "role": layer.role, "fields": names}))
            continue
        one = rule.function(layer, *others, ctx=context, **given)
        if one is not None:
            _merge(total, one if isinstance(one, RuleResult) else RuleResult(findings=one))
    for lost in context.plan.unusable.values():
        total.not_checked.append(("layer_unusable", {"layer": lost.name, "role": lost.role}))
    return total


def _nothing_to_check(rule: Rule, layer: Layer) -> bool:
    """Return True if a layer has no features, or none with a shape for a rule that compares shapes.

    Without features only its structure can be checked; features without a shape are findings of GEO001.
    """
    if rule.family == STRUCTURE:
        return False
    return not len(layer) or (rule.family == COVERAGE and layer.bare)


def _merge(total: RuleResult, one: RuleResult) -> None:
    total.applicable = total.applicable or one.applicable
    total.findings += one.findings
    total.indicators += one.indicators
    total.not_checked += one.not_checked
    total.unconfirmed += one.unconfirmed
    total.doubts += one.doubts
    total.notes += one.notes


def _absent(plan: Plan, concept: str, texts: Texts) -> tuple[Outcome, str]:
    lost = plan.unusable_for(concept)
    if lost:
        return Outcome.SKIPPED, texts.reason("layer_unusable", {"layer": lost.name, "role": lost.role})
    what = {"concept": texts.concept(concept), "roles": " / ".join(plan.roles_of(concept))}
    if concept in plan.norm.profile.absent:
        return Outcome.NOT_APPLICABLE, texts.reason("declared_absent", what)
    if plan.expects(concept):
        return Outcome.SKIPPED, texts.reason("layer_missing", what)
    return Outcome.NOT_APPLICABLE, texts.reason("layer_optional", what)


def result_of(rule: Rule, context: Context, texts: Texts) -> tuple[RuleResult | None, str]:
    """What a rule gives for a plan outside of a run, with its parameters as standard and profile set them: its figures.

    None with the reason, as a sentence, where it has nothing to look at or the data is at fault.
    """
    outcome = RuleOutcome(rule.code, rule.name, str(rule.severity), Outcome.PASSED)
    given = context.norm.parameters(rule.code)
    try:
        own = {p.name: given[p.name] for p in rule.parameters if p.name in given}
        result = apply(rule, context, own, outcome, texts, telling=True)
    except SanxianError as error:
        return None, without_folders(texts.explain(error))
    return result, outcome.reason

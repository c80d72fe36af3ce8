# SPDX-License-Identifier: GPL-2.0-or-later
"""Call one rule with the layers that it needs, and set its outcome."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from typing import Any

from ..errors import Cancelled, SanxianError
from ..messages.texts import Texts, strip_folders
from ..model.findings import Finding
from ..model.indicator import NO_TARGET, Indicator
from ..model.report import Outcome, RuleOutcome
from ..model.rule import EACH, Need, Rule, RuleResult, Severity
from ..plan.layer import Layer
from ..plan.plan import Plan
from ..profile.model import ABSENT
from .context import Context
from .explanation import find_effective_values, unconfirmed_settings

#: The family of the rules that compare a layer's schema; they also run on layers without features.
STRUCTURE = "SCH"
#: The family of the rules that compare the shapes of a layer with each other.
COVERAGE = "TOP"


def apply_rule(
    rule: Rule, context: Context, given: dict[str, Any], outcome: RuleOutcome, texts: Texts, *, explain: bool = False
) -> RuleResult | None:
    """Call the rule with its layers; return None if they are missing.

    The outcome then gives the reason. ``explain``: a needed field must have a value; a field of blanks counts as
    missing.
    """
    missing = next((name for name in rule.side if name not in context.side), None)
    if missing is not None:
        outcome.outcome, outcome.reason = Outcome.NOT_APPLICABLE, texts.reason(f"{missing}_not_given", {})
        return None
    layers: list[Layer | None] = []
    each = [need for need in rule.needs.values() if need.concept == EACH]
    for need in (need for need in rule.needs.values() if need.concept != EACH):
        layer = context.plan.concept(need.concept)
        obstacle = _find_obstacle(need, layer, context, texts, explain)
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


def _find_obstacle(
    need: Need, layer: Layer | None, context: Context, texts: Texts, explain: bool
) -> tuple[Outcome, str] | None:
    """Return why a rule cannot be called with a needed layer.

    The layer is absent, has no shapes, or lacks a needed field.
    """
    plan = context.plan
    if layer is None:
        return None if need.optional else _absent(plan, need.concept, texts)
    named = {"layer": layer.name, "role": layer.role}
    if not need.optional and layer.has_no_geometry and not context.around_an_edit:
        # A rule without features to check has not passed. Around an edit an empty layer is a valid input.
        skipped = plan.expects(need.concept) or len(layer)
        return Outcome.SKIPPED if skipped else Outcome.NOT_APPLICABLE, texts.reason("layer_bare", named)
    lacking = [m for m in need.fields if not (layer.has_values(m) if explain else layer.has(m))]
    if lacking:
        names = ", ".join(layer.field_name(m) or texts.meaning(m) for m in lacking)
        return Outcome.SKIPPED, texts.reason("field_missing", {**named, "fields": names})
    return None


def _is_unconfirmed_absence(concept: str, plan: Plan) -> bool:
    """Return True if an unconfirmed declaration of the county excludes this layer."""
    return concept in plan.norm.profile.absent and not plan.norm.is_confirmed(ABSENT)


def _apply_to_each(
    rule: Rule, need: Need, others: list[Layer | None], context: Context, given: dict[str, Any]
) -> RuleResult:
    """Call the rule for each layer of the plan.

    A layer without a needed field is reported as not checked; the others are checked.
    """
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
    """Return True if a layer has no features that the rule could check.

    A rule that compares shapes needs features with a shape. Without features only the structure can be checked;
    features without a shape are findings of GEO001.
    """
    if rule.family == STRUCTURE:
        return False
    return not len(layer) or (rule.family == COVERAGE and layer.has_no_geometry)


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


def run_rule_alone(rule: Rule, context: Context, texts: Texts) -> tuple[RuleResult | None, str]:
    """Return the result of a rule outside a run, used for its figures.

    The rule takes its parameters from standard and profile. Return no result but the reason, as a sentence, if there
    is nothing to check or the data are invalid.
    """
    outcome = RuleOutcome(rule.code, rule.name, str(rule.severity), Outcome.PASSED)
    given = context.norm.parameters(rule.code)
    try:
        own = {p.name: given[p.name] for p in rule.parameters if p.name in given}
        result = apply_rule(rule, context, own, outcome, texts, explain=True)
    except SanxianError as error:
        return None, strip_folders(texts.explain(error))
    return result, outcome.reason


#: Layers named where one sentence describes several; the rest is counted.
_NAMED = 5
#: One or two layers have a sentence each; more are combined.
_ALIKE = 3
_MANY = "_many"


def render_reasons(reasons: Iterable[tuple[str, dict[str, Any]]], texts: Texts) -> list[str]:
    """Return one sentence for each reason.

    Three or more reasons of one kind are combined where the texts have a case for it (``…_many``).
    """
    by_key: dict[str, list[dict[str, Any]]] = {}
    for key, params in reasons:
        by_key.setdefault(key, []).append(params)
    sentences: list[str] = []
    for key, each in by_key.items():
        if len(each) >= _ALIKE and key + _MANY in texts.section("reasons"):
            sentences.append(texts.reason(key + _MANY, _together(each, texts)))
        else:
            sentences += [texts.reason(key, params) for params in each]
    return list(dict.fromkeys(sentences))


def _together(each: list[dict[str, Any]], texts: Texts) -> dict[str, Any]:
    names = list(dict.fromkeys(str(params["layer"]) for params in each))
    shown = texts.get("words", "between_names").join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")
    return {"layers": shown, "number": len(names), "count": sum(int(params.get("count", 1)) for params in each)}


def run_rule(
    rule: Rule, context: Context, parameters: dict[str, dict[str, Any]], texts: Texts
) -> tuple[RuleOutcome, list[Finding], list[Indicator]]:
    """Run a rule over a plan. Raise Cancelled, and no other error."""
    severity = context.norm.severity(rule)
    outcome = RuleOutcome(rule.code, rule.name, str(severity), Outcome.PASSED, title=texts.rule_title(rule))
    outcome.problem = texts.rule_problem(rule)
    given = {**context.norm.parameters(rule.code), **parameters.get(rule.code, {})}
    given = {p.name: given[p.name] for p in rule.parameters if p.name in given}
    if not context.around_an_edit:
        # A check around an edit shows no parameters.
        outcome.parameters = _list_effective_values(rule, context, parameters.get(rule.code, {}))
    try:
        result = apply_rule(rule, context, given, outcome, texts)
    except Cancelled:
        raise
    except SanxianError as error:
        # The error is in the data, not in the rule, and its message names the place.
        outcome.outcome, outcome.reason = Outcome.SKIPPED, strip_folders(texts.explain(error))
        return outcome, [], []
    except Exception as error:
        return _crashed(rule, outcome, error)
    if result is None:
        return outcome, [], []
    failed = _could_not_be_checked(context, rule)
    _complete(result, rule, severity, context)
    outcome.unconfirmed = _unconfirmed(result, rule, context)
    _set_outcome(outcome, result, context, len(failed), texts)
    return outcome, result.findings + failed, result.indicators


def _complete(result: RuleResult, rule: Rule, severity: Severity, context: Context) -> None:
    """Set code and severity of the findings; add doubts from norm and layers."""
    for finding in result.findings:
        finding.code = rule.code
        finding.severity = finding.severity or severity
    if rule.severity is not Severity.INFO and severity is Severity.INFO and result.findings:
        # A county may lower an error or a warning to a hint; its findings then still prevent an unconditional 通过.
        result.doubts.append("severity.lowered")
    for need in rule.needs.values():
        # Rules read one layer of a concept. The contents of the second layer enter no figure.
        result.doubts += [f"roles.{role}" for role in context.plan.unread_roles(need.concept)]


def _unconfirmed(result: RuleResult, rule: Rule, context: Context) -> list[str]:
    """Return the settings and doubts that prevent an unconditional 通过 of this rule."""
    if context.norm.phase_decides(rule):
        result.unconfirmed.append("phase")
    norm = context.norm
    unconfirmed = {u for u in result.unconfirmed if not norm.is_confirmed(u)}
    return sorted(unconfirmed.union(unconfirmed_settings(rule, norm), result.doubts))


def _set_outcome(outcome: RuleOutcome, result: RuleResult, context: Context, failed: int, texts: Texts) -> None:
    """Set the outcome (failed, skipped, not applicable or passed) and its reason.

    ``failed``: number of pairs that could not be checked.
    """
    if result.findings:
        outcome.outcome = Outcome.FAILED
    reasons = render_reasons(result.not_checked, texts)
    if context.log.outline_failed:
        reasons.append(texts.reason("outline_failed", {}))
    if failed:
        reasons.append(texts.reason("pairs_failed", {"count": failed}))
    if context.log.reported_by:
        result.notes.append(("left_to", {"codes": ", ".join(context.log.reported_by)}))
    notes = " ".join(dict.fromkeys(texts.reason(key, params) for key, params in result.notes))
    if reasons:
        outcome.incomplete = True
        outcome.reason = " ".join(dict.fromkeys([*reasons, *([notes] if notes else [])]))
        if not result.findings:
            outcome.outcome = Outcome.SKIPPED
    elif not result.applicable:
        outcome.outcome = Outcome.NOT_APPLICABLE
        # The rule lacks input; no setting could replace it.
        outcome.unconfirmed = sorted({doubt for doubt in result.doubts if doubt == NO_TARGET})
        if result.switched_off and not context.norm.is_confirmed(result.switched_off):
            outcome.unconfirmed.append(result.switched_off)
        outcome.reason = notes or texts.reason("nothing_of_this_kind", {})
    else:
        outcome.reason = notes


def _list_effective_values(rule: Rule, context: Context, call: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the values that the rule uses.

    Tolerances that differ from the norm come from this run.
    """
    usual = context.norm.tolerance().to_dict()
    tolerance = {f"tolerance.{k}": v for k, v in context.tolerance.to_dict().items() if v != usual[k]}
    return [one.to_dict() for one in find_effective_values(rule, context.norm, {**call, **tolerance})]


def _crashed(rule: Rule, outcome: RuleOutcome, error: Exception) -> tuple[RuleOutcome, list[Finding], list[Indicator]]:
    """Return the outcome and the finding of a rule that raised an error.

    The trace names files without their folders, because reports are passed on.
    """
    frames = traceback.extract_tb(error.__traceback__)
    trace = [f"{f.filename.replace(chr(92), '/').rsplit('/', 1)[-1]}:{f.lineno} {f.name}" for f in frames]
    outcome.outcome = Outcome.CRASHED
    outcome.reason = strip_folders(f"{type(error).__name__}: {error}")
    finding = Finding(
        role="",
        code="RUN900",
        severity=Severity.WARNING,
        case="crashed",
        params={"rule": rule.code, "error": outcome.reason, "trace": trace},
    )
    return outcome, [finding], []


def _could_not_be_checked(context: Context, rule: Rule) -> list[Finding]:
    found = []
    for a, i, b, j in context.log.failed:
        finding = context.make.row(
            a, i, code="RUN901", severity=Severity.WARNING, case="pair", params={"rule": rule.code}
        )
        finding.geometry = a.plane[i]
        if b is not None and j >= 0:
            finding.related_role, finding.related_keys = b.role, [b.keys[j]]
        found.append(finding)
    return found

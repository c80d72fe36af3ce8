# SPDX-License-Identifier: GPL-2.0-or-later
"""Run rules over a plan. No rule can stop a run; what could not be looked at is said."""

from __future__ import annotations

import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import shapely

from .context import Context
from .errors import Cancelled, InputError, SanxianError
from .explain import in_force
from .findings import Finding, set_fingerprints
from .geometry import crs as crs_care
from .geometry.validity import missing
from .layer import Layer
from .plan import Plan
from .provenance import provenance
from .reasons import sentences
from .report import Outcome, Report, RuleOutcome
from .rule import EACH, Need, Rule, RuleResult, Severity, all_rules
from .texts import Texts, without_folders
from .waivers.judge import judge

Progress = Callable[[float, str], None]
#: Findings between two looks at the cancel button.
_BATCH = 1000


def choose_rules(plan_rules: Iterable[str], wanted: Iterable[str] = ()) -> list[Rule]:
    """The rules of a run by code or name, in their order. InputError names one that does not exist."""
    known = all_rules()
    by_name = {r.name: r for r in known.values()} | {r.algorithm_id: r for r in known.values()}
    codes = [c.strip() for c in wanted if c.strip()] or list(plan_rules)
    chosen = {}
    for code in codes:
        rule = known.get(code.upper()) or by_name.get(code)
        if rule is None:
            raise InputError("rule_unknown", rule=code, known=", ".join(known))
        chosen[rule.code] = rule
    return sorted(chosen.values(), key=lambda r: r.order)


def run(
    plan: Plan,
    rules: Iterable[Rule],
    *,
    parameters: dict[str, dict[str, Any]] | None = None,
    tolerance: Any = None,
    lang: str = "zh",
    progress: Progress = lambda share, text: None,
    cancelled: Callable[[], bool] = lambda: False,
    reading_seconds: float = 0.0,
) -> Report:
    """Check a plan. ``parameters``: code → keyword arguments that beat the standard's and the profile's.

    ``progress(0…1, text)`` is called before each rule; ``cancelled`` is asked between batches of pairs. Raises
    Cancelled, and nothing else: a rule that raises becomes an outcome ``crashed`` and a finding RUN900.
    """
    started = time.monotonic()
    texts = Texts(lang)
    rules = list(rules)
    report = Report(lang=lang)
    limits = tolerance or plan.norm.tolerance()
    ignored: dict[str, list[Any]] = {}
    steps: list[dict[str, Any]] = []

    def check() -> None:
        if cancelled():
            raise Cancelled

    for position, rule in enumerate(rules):
        check()
        progress(position / max(len(rules), 1), f"{rule.code} {texts.rule_title(rule)}")
        context = Context(plan, plan.norm, limits, tuple(rules), check, lang=lang)
        begun = time.monotonic()
        outcome, found = _run_one(rule, context, report, parameters or {}, texts)
        outcome.seconds = round(time.monotonic() - begun, 3)
        outcome.findings = len(found)
        report.rules.append(outcome)
        report.findings += found
        if context.slivers:
            ignored[rule.code] = context.slivers
        steps += [{"rule": rule.code, **step} for step in context.steps]
    check()
    _finish(plan, report, texts, check)
    judge(report, plan, lambda finding: texts.message(finding, plan.norm.standard.templates))
    report.tolerance = {**limits.to_dict(), **_ignored(plan, ignored, limits), **_steps(steps)}
    report.provenance = provenance(plan, texts)
    report.provenance["seconds"] = round(time.monotonic() - started + reading_seconds, 3)
    progress(1.0, "")
    return report


def _run_one(
    rule: Rule, context: Context, report: Report, parameters: dict[str, dict[str, Any]], texts: Texts
) -> tuple[RuleOutcome, list[Finding]]:
    severity = context.norm.severity(rule)
    outcome = RuleOutcome(rule.code, rule.name, str(severity), Outcome.PASSED, title=texts.rule_title(rule))
    given = {**context.norm.parameters(rule.code), **parameters.get(rule.code, {})}
    given = {p.name: given[p.name] for p in rule.parameters if p.name in given}
    if not context.plan.asked:
        # Around an edit nobody reads it.
        outcome.parameters = _told(rule, context, parameters.get(rule.code, {}))
    try:
        result = _apply(rule, context, given, outcome, texts)
    except Cancelled:
        raise
    except SanxianError as error:
        # The data, not the rule, is at fault and says so itself.
        outcome.outcome, outcome.reason = Outcome.SKIPPED, without_folders(texts.explain(error))
        return outcome, []
    except Exception as error:
        return _crashed(rule, outcome, error)
    if result is None:
        return outcome, []
    for finding in result.findings:
        finding.code = rule.code
        finding.severity = finding.severity or severity
    if rule.severity is Severity.ERROR and severity is Severity.INFO and result.findings:
        # A county may take an error for a hint; that its lines overlap is then nobody's 通过.
        result.doubts.append("severity.lowered")
    report.indicators += result.indicators
    for need in rule.needs.values():
        # Whether two layers of one concept agree is not checked: what the second holds is in nobody's figures.
        result.doubts += [f"roles.{role}" for role in context.plan.unread_roles(need.concept)]
    if context.norm.phase_decides(rule):
        result.unconfirmed.append("phase")
    unconfirmed = {u for u in (*rule.uses, *result.unconfirmed) if not context.norm.is_confirmed(u)}
    outcome.unconfirmed = sorted(unconfirmed | set(result.doubts))
    if result.findings:
        outcome.outcome = Outcome.FAILED
    reasons = sentences(result.not_checked, texts)
    failed = _could_not_be_checked(context, rule)
    if context.outline_failed:
        reasons.append(texts.reason("outline_failed", {}))
    if failed:
        reasons.append(texts.reason("pairs_failed", {"count": len(failed)}))
    notes = " ".join(dict.fromkeys(texts.reason(key, params) for key, params in result.notes))
    if reasons:
        outcome.incomplete = True
        outcome.reason = " ".join(dict.fromkeys([*reasons, *([notes] if notes else [])]))
        if not result.findings:
            outcome.outcome = Outcome.SKIPPED
    elif not result.applicable:
        outcome.outcome = Outcome.NOT_APPLICABLE
        outcome.unconfirmed = []
        outcome.reason = notes or texts.reason("nothing_of_this_kind", {})
    else:
        outcome.reason = notes
    return outcome, result.findings + failed


def result_of(rule: Rule, context: Context, texts: Texts) -> tuple[RuleResult | None, str]:
    """What a rule gives for a plan outside of a run, with its parameters as standard and profile set them.

    None with the reason, as a sentence, where it has nothing to look at or the data is at fault.
    """
    outcome = RuleOutcome(rule.code, rule.name, str(rule.severity), Outcome.PASSED)
    given = context.norm.parameters(rule.code)
    try:
        result = _apply(
            rule, context, {p.name: given[p.name] for p in rule.parameters if p.name in given}, outcome, texts
        )
    except SanxianError as error:
        return None, without_folders(texts.explain(error))
    return result, outcome.reason


def _told(rule: Rule, context: Context, call: dict[str, Any]) -> list[dict[str, Any]]:
    """What the rule goes by; tolerances that are not the norm's were set for this run."""
    usual = context.norm.tolerance().to_dict()
    tolerance = {f"tolerance.{k}": v for k, v in context.tolerance.to_dict().items() if v != usual[k]}
    return [one.to_dict() for one in in_force(rule, context.norm, {**call, **tolerance})]


def _apply(
    rule: Rule, context: Context, given: dict[str, Any], outcome: RuleOutcome, texts: Texts
) -> RuleResult | None:
    """Call the rule with its layers; None when they are not there (the outcome then says why)."""
    plan = context.plan
    for name in rule.side:
        if getattr(plan, name) is None:
            outcome.outcome, outcome.reason = Outcome.NOT_APPLICABLE, texts.reason(f"{name}_not_given", {})
            return None
    layers: list[Layer | None] = []
    each = [need for need in rule.needs.values() if need.concept == EACH]
    for need in rule.needs.values():
        if need.concept == EACH:
            continue
        layer = plan.concept(need.concept)
        if layer is None and not need.optional:
            outcome.outcome, outcome.reason = _absent(plan, need.concept, texts)
            return None
        if layer is not None and not need.optional and layer.bare and not plan.asked:
            # Nothing to look at is no pass. (Around an edit, a layer that has nothing there is an answer.)
            outcome.outcome = Outcome.SKIPPED if plan.expects(need.concept) or len(layer) else Outcome.NOT_APPLICABLE
            outcome.reason = texts.reason("layer_bare", {"layer": layer.name, "role": layer.role})
            return None
        lacking = [m for m in need.fields if layer is not None and not layer.has(m)]
        if lacking and layer is not None:
            names = ", ".join(layer.field_name(m) or texts.meaning(m) for m in lacking)
            outcome.outcome = Outcome.SKIPPED
            outcome.reason = texts.reason("field_missing", {"layer": layer.name, "role": layer.role, "fields": names})
            return None
        layers.append(layer)
    if each:
        return _apply_to_each(rule, each[0], layers, context, given)
    result = rule.function(*layers, ctx=context, **given)
    if result is None:
        return RuleResult(applicable=False)
    return result if isinstance(result, RuleResult) else RuleResult(findings=result)


def _apply_to_each(
    rule: Rule, need: Need, others: list[Layer | None], context: Context, given: dict[str, Any]
) -> RuleResult:
    """Call the rule for every layer of the plan in turn; a layer without a needed field is said, the others go on."""
    total = RuleResult(applicable=False)
    asked = context.plan.each_of
    for layer in list(context.plan.layers.values()):
        context.check()
        if asked is not None and layer.role not in asked:
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


def _crashed(rule: Rule, outcome: RuleOutcome, error: Exception) -> tuple[RuleOutcome, list[Finding]]:
    """The trace names files without their folders: a report travels, the paths of this machine do not."""
    frames = traceback.extract_tb(error.__traceback__)
    trace = [f"{f.filename.replace(chr(92), '/').rsplit('/', 1)[-1]}:{f.lineno} {f.name}" for f in frames]
    outcome.outcome = Outcome.CRASHED
    outcome.reason = without_folders(f"{type(error).__name__}: {error}")
    finding = Finding(
        role="",
        code="RUN900",
        severity=Severity.WARNING,
        case="crashed",
        params={"rule": rule.code, "error": outcome.reason, "trace": trace},
    )
    return outcome, [finding]


def _could_not_be_checked(context: Context, rule: Rule) -> list[Finding]:
    found = []
    for a, i, b, j in context.failed:
        finding = context.row(a, i, code="RUN901", severity=Severity.WARNING, case="pair", params={"rule": rule.code})
        finding.geometry = a.plane[i]
        if b is not None and j >= 0:
            finding.related_role, finding.related_keys = b.role, [b.keys[j]]
        found.append(finding)
    return found


def _finish(plan: Plan, report: Report, texts: Texts, check: Callable[[], None]) -> None:
    """Township, sentence and fingerprint of every finding, its shape in the CRS it is given in, and the indicators' names."""
    findings = report.findings
    placed = [f for f in findings if f.geom_kind != "none"]
    shapes = np.array([f.geometry for f in placed], dtype=object)
    points = shapely.point_on_surface(shapes)
    for finding, township in zip(placed, _townships(plan, points), strict=True):
        finding.township = township
    # The centre in degrees: a point on the surface would be another in a plane that is turned against this one.
    centres = shapely.centroid(crs_care.to_lonlat(shapes, plan.plane))
    lonlat = shapely.get_coordinates(centres) if len(placed) else np.zeros((0, 2))
    for finding, (x, y) in zip(placed, lonlat, strict=True):
        finding.place = (float(x), float(y))
    places = {id(f): (round(f.place[0], 5), round(f.place[1], 5)) for f in placed if f.place}
    check()
    set_fingerprints(findings, places)
    for number, finding in enumerate(findings):
        if number % _BATCH == 0:
            check()
        finding.message = texts.message(finding, plan.norm.standard.templates)
    for finding, shape in zip(placed, plan.shown(plan.stored_only(shapes)), strict=True):
        finding.geometry = shape
    for indicator in report.indicators:
        name = texts.indicator(indicator.id)
        indicator.name = (
            texts.get("words", "figure_of_place", name=name, place=indicator.place) if indicator.place else name
        )


def _townships(plan: Plan, points: Any) -> list[str]:
    layer = plan.concept("townships")
    if layer is None or not layer.has("division_name") or not len(points):
        return [""] * len(points)
    names = layer.text("division_name")
    present = np.flatnonzero(~missing(layer.plane))
    tree = shapely.STRtree(layer.plane[present])
    found = [""] * len(points)
    for i, j in zip(*tree.query(points, predicate="intersects"), strict=True):
        found[i] = found[i] or names[present[j]]
    return found


def _steps(steps: list[dict[str, Any]]) -> dict[str, Any]:
    """How often each step of the ladder was taken, and each time: for which rows, and what area it changed."""
    return {"steps": dict(Counter(step["step"] for step in steps)), "steps_taken": steps}


def _ignored(plan: Plan, ignored: dict[str, list[Any]], limits: Any) -> dict[str, Any]:
    context = Context(plan, plan.norm, limits)
    by_rule = {
        code: {"count": len(shapes), "area_m2": round(float(context.statutory(shapes).sum()), 6)}
        for code, shapes in ignored.items()
    }
    return {
        "ignored_slivers": sum(r["count"] for r in by_rule.values()),
        "ignored_area_m2": round(sum(r["area_m2"] for r in by_rule.values()), 6),
        "ignored_by_rule": by_rule,
    }

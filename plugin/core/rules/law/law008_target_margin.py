# SPDX-License-Identifier: GPL-2.0-or-later
from typing import Any

from ...base.invariants import require_value
from ...engine.context import RuleContext
from ...figures.indicators.areas import WARNING_SHARE_SETTING
from ...figures.indicators.compute import ComputedIndicator, PlanIndicators
from ...model.findings import Finding
from ...model.indicator import COMPARISON_SIGNS, LITTLE_MARGIN_LEFT, Indicator
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...standard.messages.numbers import format_number
from ...standard.messages.texts import IndicatorName, Texts
from ...standard.profile import IndicatorTarget
from ...standard.template import Template

#: Decimals of a margin, or those of its target if they are more.
_MARGIN_DECIMALS = 4
SQUARE_KM_WKT = "POLYGON ((0 0, 1000 0, 1000 1000, 0 1000, 0 0))"
MARGIN_SETTING = {WARNING_SHARE_SETTING: 0.05}


def _describe_share_and_origin(finding: Finding, texts: Texts, _templates: dict[str, Template]) -> dict[str, str]:
    """Return the margin for early warning, and what set it; a general clause in a result of an earlier version."""
    margin = finding.params.get("shown", {}).get("margin")
    if margin is None:
        return {"margin_fact": texts.get("words", "margin_fact_unknown")}
    share = format_number(100 * float(margin["share"]), 2)
    origin = texts.get("words", f"margin_of_{margin['origin']}", share=share)
    amount = f"{margin['amount']} {texts.get('units', str(margin['unit']))}".strip()
    return {"margin_fact": texts.get("words", "margin_fact", amount=amount, origin=origin)}


@rule(
    "LAW008",
    "target-margin",
    problem="A target's margin is small",
    sum_cases=("",),
    severity=Severity.INFO,
    basis=["usual-practice"],
    needs={
        "farmland": LayerNeed("farmland", optional=True),
        "cultivated": LayerNeed("cultivated", optional=True),
        "red_line": LayerNeed("red_line", optional=True),
        "boundary": LayerNeed("boundary", optional=True),
        "parcels": LayerNeed("parcels", optional=True),
        "base_parcels": LayerNeed("base_parcels", optional=True),
    },
    uses=["ratio.form"],
    clauses=_describe_share_and_origin,
    messages={
        "": "{indicator} is {value} {unit}, the target is {comparison} {target} {unit}: it is met, but the remainder "
        "of {left} {unit} is less than {margin_fact}. {repeated}Nothing has to be changed now; later changes of "
        "{layer} must not exceed the remainder."
    },
    fails=[
        RuleExample("little of the red line to spare", {"red_line": [SQUARE_KM_WKT]}, finds=1,
                settings={"targets": [("red_line_area", ">=", "0.97", "km2")], **MARGIN_SETTING}),
        RuleExample("little room in the boundary", {"boundary": [SQUARE_KM_WKT]}, finds=1,
                settings={"targets": [("boundary_area", "<=", "1.03", "km2")], **MARGIN_SETTING}),
    ],
    passes=[
        RuleExample("enough is left", {"red_line": [SQUARE_KM_WKT]}, settings={"targets": [("red_line_area", ">=", "0.90", "km2")], **MARGIN_SETTING}),
        RuleExample("missed: another rule's", {"red_line": [SQUARE_KM_WKT]}, settings={"targets": [("red_line_area", ">=", "1.10", "km2")], **MARGIN_SETTING}),
        RuleExample("no margin set", {"red_line": [SQUARE_KM_WKT]}, settings={"targets": [("red_line_area", ">=", "0.999", "km2")]}),
    ],
)  # fmt: skip
def target_margin(*layers: object, ctx: RuleContext) -> RuleResult:
    """Targets are met with a margin.

    What it checks
        Targets and the limit of the expansion ratio that are met with less than the margin: the share of the target
        in `get_warning_share` under `[indicators]`, or a target's own `warn_below`.
    Why
        A county without a remainder misses its target at the next small change; an early warning leaves a choice.
    How to fix
        Limit changes to the remainder; or find land elsewhere before the next change.
    Limits
        Information, never an error. The county sets the margin: no norm gives one, and without one the rule does not
        run.
    """
    share = float(ctx.norm.get(WARNING_SHARE_SETTING))
    targets = ctx.norm.find_targets(ctx.plan.area_code)
    if not share and not any(t.warn_below for t in targets):
        return RuleResult(is_applicable=False, notes=[("margin_off", {})])
    figures = PlanIndicators(ctx, Texts(ctx.lang))
    indicator_ids = {t.indicator for t in targets} & figures.catalogue.indicator_by_id.keys()
    computed_indicators = [figures.compute_indicator(name) for name in sorted(indicator_ids)]
    computed_indicators.append(figures.compute_indicator(f"expansion_ratio_{ctx.norm.get('ratio.form')}"))
    with_targets = [
        (computed_indicator, figure)
        for computed_indicator in computed_indicators
        for figure in computed_indicator.figures
        if figure.target is not None
    ]
    return RuleResult(
        [
            _make_margin_finding(computed_indicator, figure, targets, ctx)
            for computed_indicator, figure in with_targets
            if figure.state == LITTLE_MARGIN_LEFT
        ],
        is_applicable=bool(with_targets),
        unconfirmed=[WARNING_SHARE_SETTING] if share else [],
    )


def _make_margin_finding(
    computed_indicator: ComputedIndicator, figure: Indicator, targets: list[IndicatorTarget], ctx: RuleContext
) -> Finding:
    """Return the finding on an indicator that meets its target with little margin."""
    layer = ctx.plan.find_layer_of_concept(computed_indicator.definition.inputs[0])
    value, margin = (
        require_value(figure.value, "the figure"),
        require_value(figure.margin, "what is left of the target"),
    )
    digits = figure.target_decimals + 4
    params = {
        "indicator": IndicatorName(figure.id),
        "value": round(value, digits),
        "unit": figure.unit,
        "comparison": COMPARISON_SIGNS[figure.comparison],
        "target": f"{figure.target:.{figure.target_decimals}f}",
        "left": round(margin, digits),
        "shown": {"margin": _describe_margin(figure, targets, ctx)},
    }
    return Finding(layer.role if layer else "", field=figure.id, params=params)


def _describe_margin(figure: Indicator, targets: list[IndicatorTarget], ctx: RuleContext) -> dict[str, Any]:
    """Return the margin for early warning of a figure for its message: amount, unit, share of the target, and origin.

    The origin is ``target`` if the target sets its margin, else ``share``.
    """
    target_value = require_value(figure.target, "the target")
    share, origin = float(ctx.norm.get(WARNING_SHARE_SETTING)), "share"
    for target in targets:
        if target.indicator == figure.id and target.numeric_value == target_value and target.warn_below:
            share, origin = target.get_warning_share(share), "target"
    amount = format_number(share * target_value, max(figure.target_decimals, _MARGIN_DECIMALS))
    return {"amount": amount, "unit": figure.unit, "share": round(share, 6), "origin": origin}

# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on area targets: whether they are met, and by what margin."""

from collections.abc import Iterator

from ...base.errors import require_value
from ...engine.context import RuleContext
from ...figures.indicators.area_backing import ROW_ALLOWANCE_SETTING, SUM_ALLOWANCE_SETTING
from ...figures.indicators.areas import (
    LAND_AREA_INPUT_KEY,
    WARNING_SHARE_SETTING,
    AreaFigure,
    compute_area_with_target,
    compute_stated_figure,
    is_met_only_by_field,
)
from ...figures.indicators.compute import ComputedIndicator, PlanIndicators
from ...figures.indicators.survey_deductions import DEDUCTION_ALLOWANCE_SETTING
from ...model.findings import Finding
from ...model.indicator import (
    AREA_FIGURES,
    COMPARISON_SIGNS,
    LITTLE_MARGIN_LEFT,
    MISSED_BY_ROUNDING,
    MISSING_TARGET_DOUBT,
    STATED_FIGURES,
    TARGET_MISSED,
    Indicator,
    compare_area_with_target,
    convert_area,
)
from ...model.rule import LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.messages.numbers import count_decimals, format_number
from ...standard.messages.texts import IndicatorName, Texts
from ...standard.profile import IndicatorTarget
from ...standard.template import Template
from .._places import SQUARE_KM_WKT, SQUARE_WKT


@rule(
    "LAW002",
    "area-targets",
    problem="An area misses its target",
    sum_cases=("broken", "rounding", "field", "also"),
    basis=["plan-review", "hunyuan-plan"],
    needs={
        "farmland": LayerNeed("farmland", optional=True),
        "cultivated": LayerNeed("cultivated", optional=True),
        "red_line": LayerNeed("red_line", optional=True),
        "boundary": LayerNeed("boundary", optional=True),
        "parcels": LayerNeed("parcels", optional=True),
        "reserves": LayerNeed("reserves", optional=True),
        "flood_line": LayerNeed("flood_line", optional=True),
        "centre": LayerNeed("centre", optional=True),
        "detail_units": LayerNeed("detail_units", optional=True),
    },
    uses=["reserves.part_words", "rules.ATT003", SUM_ALLOWANCE_SETTING, ROW_ALLOWANCE_SETTING, DEDUCTION_ALLOWANCE_SETTING],
    messages={
        "broken": "{indicator} is {value} {unit}, the target is {comparison} {target} {unit}{limit_source}: difference {miss} "
        "{unit}. {repeated}First check the target: if the county profile has it wrong, correct it by the approval "
        "document. If it is right, compare {layer} with the approved result and adjust it until it meets the target.",
        "rounding": "{indicator} is {value} {unit}, the target is {comparison} {target} {unit}{limit_source}: difference {miss} "
        "{unit}{miss_area}, within half of the target's last digit, perhaps by rounding only. {repeated}Find the "
        "unrounded number in the approval document: if {layer} meets it, enter it in the county profile and change "
        "no shape; otherwise correct {layer}.",
        "unlikely": "{indicator} is {value} {unit}, the target in {source} is {comparison} {target} {unit}. They differ by a factor of {times}: most likely the unit or the decimal point of the target is wrong, and the target cannot be used. Correct its value and unit in the county profile.",
        "also": "{indicator} is {value} {unit}: it meets {comparison} {target} {unit} ({source}), but not {said} {unit} "
        "({other}): difference {miss} {unit}. {repeated}Determine which document is in force, then correct {layer}, "
        "or the wrong number in the plan's text or the profile.",
        "field": "{indicator} is {value} {unit} by {field}, but {land} {unit} by the shapes of the same features; the target "
        "is {comparison} {target} {unit}{limit_source}: difference {miss} {unit}. The target is met only within the "
        "allowance for area sums (ATT022) and is not confirmed. {repeated}Compute {field} again from the shapes; if "
        "the target is still missed, compare {layer} with the approved result and adjust it.",
    },
    fails=[
        RuleExample("red line too small", {"red_line": [SQUARE_WKT]}, finds=1, settings={"targets": [("red_line_area", ">=", "2.00", "ha")]}),
        RuleExample("boundary too large", {"boundary": [SQUARE_WKT]}, finds=1, settings={"targets": [("boundary_area", "<=", "0.50", "ha")]}),
        RuleExample("one unit less than in the text", {"detail_units": [SQUARE_WKT]}, finds=1,
                settings={"targets": [("detail_units_count", "=", "2", "count")]}),
        RuleExample("a target in the wrong unit", {"red_line": [SQUARE_WKT]}, finds=1, settings={"targets": [("red_line_area", ">=", "0.50", "mu")]}),
        RuleExample("another document asks for more", {"red_line": [SQUARE_WKT]}, finds=1,
                settings={"targets": [("red_line_area", ">=", "0.50", "ha", ("2.00", "另一份规划"))]}),
        RuleExample("net farmland short while gross is not", {"farmland": [{"wkt": SQUARE_WKT, "gross_area": 10000.0, "net_area": 9000.0,
                "deduction_area": 1000.0}]}, finds=1, settings={"targets": [("farmland_area", ">=", "1.00", "ha")]}),
    ],
    passes=[
        RuleExample("met", {"red_line": [SQUARE_WKT]}, settings={"targets": [("red_line_area", ">=", "0.50", "ha")]}),
        RuleExample("another document is met, too", {"red_line": [SQUARE_WKT]},
                settings={"targets": [("red_line_area", ">=", "0.50", "ha", ("0.90", "另一份规划"))]}),
        RuleExample("as stated", {"reserves": [SQUARE_WKT]}, settings={"targets": [("reserves_area", "=", "1.00", "ha")]}),
        RuleExample("no target of this area", {"red_line": [SQUARE_WKT]}),
    ],
)  # fmt: skip
def area_targets(
    farmland: Layer | None,
    cultivated: Layer | None,
    red_line: Layer | None,
    boundary: Layer | None,
    parcels: Layer | None,
    reserves: Layer | None,
    flood_line: Layer | None,
    centre: Layer | None,
    detail_units: Layer | None,
    *,
    ctx: RuleContext,
    implausible_times: float = 10.0,
) -> RuleResult:
    """Areas meet the plan's targets.

    What it checks
        耕地 and 永久基本农田 (net area), 生态保护红线 and 城镇开发边界 (statutory area), compared with the targets of
        this area code; also the plan's figures of 自然保护地, 洪涝风险控制线, 中心城区 (area) and 详规单元 (count),
        if the layer exists.
    Why
        The allocated target is a number; layer, table and text must meet and show the same number.
    How to fix
        Correct the layer; “Propose the Boundary…” drafts which land leaves a boundary that is too large. If the printed
        figure is wrong, correct it with its document.
    Limits
        Targets of another area code never apply: a county is not compared with the province's totals. A shortfall
        within half of the last printed digit is a rounding difference (取整差) and a warning; so is a missed figure
        that is not binding (预期性, or only stated).
    """
    targets = ctx.norm.find_targets(ctx.plan.area_code)
    warning_share = float(ctx.norm.get(WARNING_SHARE_SETTING))
    result = RuleResult(is_applicable=bool(targets))
    for indicator, (concept, _) in AREA_FIGURES.items():
        indicator_targets = [t for t in targets if t.indicator == indicator]
        figure = compute_area_with_target(indicator, ctx)
        if figure.layer is None:
            if indicator_targets:
                params = {"concept": concept, "roles": " / ".join(ctx.plan.list_roles_of_concept(concept))}
                result.not_checked.append(("target_no_layer", {**params, "indicator": indicator}))
            continue
        if not indicator_targets and ctx.norm.profile.area_code:
            result.doubts.append(MISSING_TARGET_DOUBT)
        # One indicator for each target (of each year), or the figure alone.
        compared_indicators = [
            figure.make_indicator_with_target(indicator, target, warning_share) for target in indicator_targets
        ]
        if indicator_targets and not (figure.is_confirmed and all(one.confirmed for one in compared_indicators)):
            result.doubts.append(f"figures.{indicator}")
        result.indicators += compared_indicators or [figure.make_indicator(indicator)]
        result.findings += _report_missed_targets(figure, indicator_targets, compared_indicators)
        # More than implausible_times suggests a wrong unit of the target.
        for target, compared in zip(indicator_targets, compared_indicators, strict=True):
            if (
                compared.state in (TARGET_MISSED, MISSED_BY_ROUNDING)
                or not compared.confirmed
                or not compared.value
                or not compared.target
            ):
                continue
            factor = max(compared.value / compared.target, compared.target / compared.value)
            if factor > implausible_times:
                result.findings.append(
                    Finding(
                        figure.layer.role,
                        case="unlikely",
                        severity=Severity.WARNING,
                        params={
                            "indicator": IndicatorName(compared.id),
                            "value": round(compared.value, compared.target_decimals + 4),
                            "comparison": COMPARISON_SIGNS[compared.comparison],
                            "target": f"{compared.target:.{compared.target_decimals}f}",
                            "unit": compared.unit,
                            "times": round(factor),
                            "source": target.source,
                        },
                    )
                )
    for indicator in STATED_FIGURES:
        indicator_targets = [t for t in targets if t.indicator == indicator]
        figure = compute_stated_figure(indicator, ctx)
        if indicator_targets and figure.layer is None and STATED_FIGURES[indicator][0] not in ctx.norm.profile.absent:
            # A stated figure is not binding: without a comparison the run is complete, but not an unconditional 通过.
            result.doubts.append(f"targets.{indicator}")
        compared_indicators = [
            figure.make_indicator_with_target(indicator, t, warning_share) for t in indicator_targets
        ]
        result.indicators += compared_indicators
        result.findings += _report_missed_targets(figure, indicator_targets, compared_indicators)
    return result


def _report_missed_targets(
    figure: AreaFigure, targets: list[IndicatorTarget], compared_indicators: list[Indicator]
) -> Iterator[Finding]:
    """Yield findings on targets that a figure of the plan misses."""
    for target, indicator in zip(targets, compared_indicators, strict=True):
        if indicator.state in (TARGET_MISSED, MISSED_BY_ROUNDING) or is_met_only_by_field(indicator):
            layer = require_value(figure.layer, "the layer of a missed figure")
            computed_value, target_value = (
                require_value(indicator.value, "the missed figure"),
                require_value(indicator.target, "the missed target"),
            )
            rounding, decimals = indicator.state == MISSED_BY_ROUNDING, indicator.target_decimals
            by_field = is_met_only_by_field(indicator)
            value = convert_area(indicator.inputs[LAND_AREA_INPUT_KEY], indicator.unit) if by_field else computed_value
            yield Finding(
                layer.role,
                case="field" if by_field else "rounding" if rounding else "broken",
                severity=Severity.WARNING if by_field or rounding or not target.must_be_met else None,
                field=layer.get_field_name("net_area") if figure.basis == "net" else "",
                params={
                    "indicator": IndicatorName(indicator.id),
                    "value": round(computed_value, decimals + 4),
                    "comparison": COMPARISON_SIGNS[indicator.comparison],
                    "target": f"{target_value:.{decimals}f}",
                    "unit": indicator.unit,
                    "miss": round(abs(target_value - value), decimals + 4),
                    "shown": {"limit_source": target.source},
                    **({"land": round(value, decimals + 4)} if by_field else {}),
                },
            )
        else:
            # The target itself is met; the profile lists the values of other documents as also_said.
            for source in target.other_sources:
                if indicator.value is None or figure.layer is None or (source.year or target.year) != target.year:
                    continue
                source_decimals, other_target = count_decimals(source.value), float(source.value)
                if compare_area_with_target(indicator.value, target.comparison, other_target, source_decimals) not in (
                    TARGET_MISSED,
                    MISSED_BY_ROUNDING,
                ):
                    continue
                yield Finding(
                    figure.layer.role,
                    case="also",
                    severity=Severity.WARNING,
                    field=source.source,
                    params={
                        "indicator": IndicatorName(indicator.id),
                        "value": round(indicator.value, source_decimals + 4),
                        "comparison": COMPARISON_SIGNS[target.comparison],
                        "target": target.value,
                        "unit": target.unit,
                        "source": target.source,
                        "said": source.value,
                        "other": source.source,
                        "miss": round(abs(other_target - indicator.value), source_decimals + 4),
                    },
                )


#: Decimals of a margin, or those of its target if they are more.
_MARGIN_DECIMALS = 4
MARGIN_SETTING = {WARNING_SHARE_SETTING: 0.05}


def _describe_share_and_origin(finding: Finding, texts: Texts, _templates: dict[str, Template]) -> dict[str, str]:
    """Return the margin for early warning, and what set it; a general clause in a result of an earlier version."""
    margin = finding.params.get("shown", {}).get("margin")
    if margin is None:
        return {"margin_fact": texts.get("words", "margin_fact_unknown")}
    return {
        "margin_fact": texts.get(
            "words",
            "margin_fact",
            amount=f"{margin['amount']} {texts.get('units', str(margin['unit']))}".strip(),
            origin=texts.get(
                "words", f"margin_of_{margin['origin']}", share=format_number(100 * float(margin["share"]), 2)
            ),
        )
    }


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
    may_use=[WARNING_SHARE_SETTING],
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
    computed_indicators = [
        figures.compute_indicator(name)
        for name in (*sorted(indicator_ids), f"expansion_ratio_{ctx.norm.get('ratio.form')}")
    ]
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
    value, margin, target_value = (
        require_value(figure.value, "the figure"),
        require_value(figure.margin, "what is left of the target"),
        require_value(figure.target, "the target"),
    )
    digits = figure.target_decimals + 4
    # The origin is target if the target sets its margin, else share.
    share, origin = float(ctx.norm.get(WARNING_SHARE_SETTING)), "share"
    for target in targets:
        if target.indicator == figure.id and target.numeric_value == target_value and target.warn_below:
            share, origin = target.get_warning_share(share), "target"
    return Finding(
        layer.role if layer else "",
        field=figure.id,
        params={
            "indicator": IndicatorName(figure.id),
            "value": round(value, digits),
            "unit": figure.unit,
            "comparison": COMPARISON_SIGNS[figure.comparison],
            "target": f"{figure.target:.{figure.target_decimals}f}",
            "left": round(margin, digits),
            "shown": {
                "margin": {
                    "amount": format_number(share * target_value, max(figure.target_decimals, _MARGIN_DECIMALS)),
                    "unit": figure.unit,
                    "share": round(share, 6),
                    "origin": origin,
                }
            },
        },
    )

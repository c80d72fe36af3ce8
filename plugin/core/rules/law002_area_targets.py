# SPDX-License-Identifier: GPL-2.0-or-later
from ..context import Context
from ..findings import Finding
from ..indicators import AREA_FIGURES, BROKEN, CLOSE, Indicator
from ..indicators.areas import WARNING_SHARE, Figure, target_figure
from ..layer import Layer
from ..rule import Example, Need, RuleResult, Severity, rule

HECTARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


@rule(
    "LAW002",
    "area-targets",
    basis=["plan-review", "hunyuan-plan"],
    needs={
        "farmland": Need("farmland", optional=True),
        "cultivated": Need("cultivated", optional=True),
        "red_line": Need("red_line", optional=True),
        "boundary": Need("boundary", optional=True),
        "parcels": Need("parcels", optional=True),
    },
    messages={
        "broken": "{indicator} is {value} {unit}, the target is {comparison} {target} {unit}: {miss} {unit} off. Correct the layer, "
        "or the figure with its document.",
        "rounding": "{indicator} is {value} {unit} against {comparison} {target} {unit}: {miss} {unit} off, within half of the last "
        "printed digit. Make layer and printed figure agree.",
    },
    fails=[
        Example("red line too small", {"red_line": [HECTARE]}, finds=1, settings={"targets": [("red_line_area", ">=", "2.00", "ha")]}),
        Example("boundary too large", {"boundary": [HECTARE]}, finds=1, settings={"targets": [("boundary_area", "<=", "0.50", "ha")]}),
        Example("net farmland short while gross is not", {"farmland": [{"wkt": HECTARE, "gross_area": 10000.0, "net_area": 9000.0,
                "deduction_area": 1000.0}]}, finds=1, settings={"targets": [("farmland_area", ">=", "1.00", "ha")]}),
    ],
    passes=[
        Example("met", {"red_line": [HECTARE]}, settings={"targets": [("red_line_area", ">=", "0.50", "ha")]}),
        Example("no target of this area", {"red_line": [HECTARE]}),
    ],
)  # fmt: skip
def area_targets(
    farmland: Layer | None,
    cultivated: Layer | None,
    red_line: Layer | None,
    boundary: Layer | None,
    parcels: Layer | None,
    *,
    ctx: Context,
) -> RuleResult:
    """Areas meet the plan's own targets.

    What it checks
        耕地 and 永久基本农田 (net area), 生态保护红线 and 城镇开发边界 (statutory area) against the targets of this area code.
    Why
        The task handed down is a number; layer, table and text must meet and show the same one.
    How to fix
        Correct the layer; or, where the printed figure is wrong, correct it with its document.
    Limits
        Targets of another area code never apply: a county is not measured by the province's totals. A shortfall within half of the
        last printed digit is a rounding difference (取整差) and a warning.
    """
    targets = ctx.norm.targets(ctx.plan.area_code)
    warning_share = float(ctx.norm.get(WARNING_SHARE))
    result = RuleResult(applicable=bool(targets))
    for indicator, (concept, _) in AREA_FIGURES.items():
        own = [t for t in targets if t.indicator == indicator]
        figure = target_figure(indicator, ctx)
        if figure.layer is None:
            if own:
                roles = " / ".join(ctx.plan.roles_of(concept))
                result.not_checked.append(
                    ("target_no_layer", {"concept": concept, "roles": roles, "indicator": indicator})
                )
            continue
        if own and not figure.confirmed:
            result.doubts.append(f"figures.{indicator}")
        # One indicator a target (of each year), or the bare figure.
        shown = [figure.against(indicator, target, warning_share) for target in own]
        result.indicators += shown or [figure.indicator(indicator)]
        result.findings += [_missed(figure, i) for i in shown if i.state in (BROKEN, CLOSE)]
    return result


def _missed(figure: Figure, shown: Indicator) -> Finding:
    assert figure.layer is not None and shown.value is not None and shown.target is not None
    rounding, decimals = shown.state == CLOSE, shown.target_decimals
    return Finding(
        figure.layer.role,
        case="rounding" if rounding else "broken",
        severity=Severity.WARNING if rounding else None,
        field=figure.layer.field_name("net_area") if figure.basis == "net" else "",
        params={
            "indicator": shown.id,
            "value": round(shown.value, decimals + 4),
            "comparison": {">=": "≥", "<=": "≤", "=": "="}[shown.comparison],
            "target": f"{shown.target:.{decimals}f}",
            "unit": shown.unit,
            "miss": round(abs(shown.target - shown.value), decimals + 4),
        },
    )

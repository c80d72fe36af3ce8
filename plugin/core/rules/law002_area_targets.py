# SPDX-License-Identifier: GPL-2.0-or-later
from dataclasses import dataclass

import numpy as np

from ..context import Context
from ..findings import Finding
from ..indicators import AREA_FIGURES, BROKEN, CLOSE, Indicator, compare_area, in_unit
from ..layer import Layer
from ..net_area import breaks
from ..profile import Target
from ..rule import Example, Need, RuleResult, Severity, rule

HECTARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


@dataclass
class Figure:
    """An area in m² and how sure it is; ``layer`` None when nothing in the plan gives it."""

    layer: Layer | None
    area_m2: float = 0.0
    basis: str = ""
    confirmed: bool = True
    inputs: dict | None = None


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
    layers = {"farmland": farmland, "cultivated": cultivated, "red_line": red_line, "boundary": boundary}
    targets = ctx.norm.targets(ctx.plan.area_code)
    result = RuleResult(applicable=bool(targets))
    for indicator, (concept, basis) in AREA_FIGURES.items():
        own = [t for t in targets if t.indicator == indicator]
        figure = _figure(layers[concept], concept, basis, parcels, ctx)
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
        each: list[Target | None] = [*own] or [None]
        for target in each:
            shown = Indicator(
                indicator, figure.area_m2, "m2", figure.basis, inputs=figure.inputs or {}, confirmed=figure.confirmed
            )
            result.indicators.append(shown)
            if target is None:
                continue
            shown.value, shown.unit = in_unit(figure.area_m2, target.unit), target.unit
            shown.comparison, shown.target, shown.target_decimals = target.comparison, target.number, target.decimals
            shown.target_source = target.source
            shown.state = compare_area(shown.value, target.comparison, target.number, target.decimals)
            if shown.state in (BROKEN, CLOSE):
                result.findings.append(_missed(figure, shown, target.decimals))
    return result


def _missed(figure: Figure, shown: Indicator, decimals: int) -> Finding:
    assert figure.layer is not None and shown.value is not None and shown.target is not None
    rounding = shown.state == CLOSE
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


def _figure(layer: Layer | None, concept: str, basis: str, parcels: Layer | None, ctx: Context) -> Figure:
    if layer is not None and layer.bare:
        # A layer without a single shape is no answer: other rules skip it too.
        layer = None
    if layer is None and concept == "cultivated" and parcels is not None and parcels.has("net_area"):
        # 耕地 has a layer of its own in a delivery; the survey's parcels stand in for it, and that is said.
        rows = ctx.cultivated(parcels)
        net = parcels.numbers("net_area")[rows]
        inputs = {"layer": parcels.role, "field": parcels.field_name("net_area"), "features": int(rows.sum())}
        return Figure(parcels, float(np.nansum(net)), "net", confirmed=False, inputs=inputs)
    if layer is None:
        return Figure(None)
    statutory = float(layer.statutory.sum())
    if basis == "statutory":
        inputs = {"layer": layer.role, "features": len(layer), "statutory_m2": statutory}
        return Figure(layer, statutory, "statutory", inputs=inputs)
    if not layer.has("net_area"):
        # No net area to read: the drawn area stands in and is not confirmed.
        return Figure(
            layer, statutory, "statutory", confirmed=False, inputs={"layer": layer.role, "statutory_m2": statutory}
        )
    net, gross = layer.numbers("net_area"), layer.numbers("gross_area")
    taken = float(np.nansum(net))
    inputs = {
        "layer": layer.role,
        "field": layer.field_name("net_area"),
        "features": len(layer),
        "gross_m2": float(np.nansum(gross)),
        "statutory_m2": statutory,
        "difference_m2": taken - statutory,
    }
    return Figure(layer, taken, "net", confirmed=_sound(layer, ctx), inputs=inputs)


def _sound(layer: Layer, ctx: Context) -> bool:
    """Does every row's net area follow (ATT003 names the rows), and has each row a shape (GEO001)?"""
    allowance = float(ctx.norm.parameters("ATT003").get("allowance_m2", 0.01))
    return not layer.empty.any() and not breaks(layer, ctx.cultivated(layer), allowance)

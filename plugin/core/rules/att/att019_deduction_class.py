# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np
from numpy.typing import NDArray

from ...engine.context import Context
from ...model.findings import Finding
from ...model.rule import EACH, Example, Need, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import ValueProblem, limit_fids, make_value_finding

SQUARE = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
PARCELS = {"layer": "DLTB"}
#: 扣除地类编码: the deducted class.
KIND = "KCDLBM"


def _row(land_use: str, rate: float | None, kind: str | None) -> dict[str, list[dict[str, object]]]:
    return {"layer": [{"wkt": SQUARE, "land_use": land_use, "deduction_rate": rate, KIND: kind}]}


@rule(
    "ATT019",
    "deduction-class",
    problem="A ridge deduction is wrong",
    severity=Severity.INFO,
    basis=["attribute-habits", "A7"],
    uses=["attributes.deduction_classes", "attributes.ridged_kinds", "attributes.ridged_slopes"],
    needs={"layer": Need(EACH)},
    messages={
        "land": "{layer} ({key}): {field} = {value}, but {code} is not cultivated land; field ridges are deducted from cultivated land only. Set the rate to 0, or correct the land use.",
        "none": "{layer}: {field} is 0 or empty on terraces or steep cultivated land, which have field ridges; rows: {count} (ids {fids}{more}). Enter the coefficient of the survey and compute the net areas again.",
        "blank": "{layer} ({key}): a rate of {value} is deducted, but {field} is empty. Enter the deducted class ({expected}).",
        "kind": "{layer} ({key}): {field} = “{kind}”, but the deducted class must be {expected}. Correct the code.",
    },
    fails=[
        Example("ridges in a forest", _row("0301", 0.1, "1203"), finds=1, roles=PARCELS),
        Example("terraces without ridges", {"layer": [{"wkt": SQUARE, "land_use": "0103", "deduction_rate": 0.0, "terrace": "TT",
                "slope_class": "3"}]}, finds=1, roles=PARCELS),
        Example("a steep slope without ridges", {"layer": [{"wkt": SQUARE, "land_use": "0103", "deduction_rate": None, "terrace": "PD",
                "slope_class": "4"}]}, finds=1, roles=PARCELS),
        Example("of what?", _row("0103", 0.1, None), finds=1, roles=PARCELS),
        Example("roads taken off", _row("0103", 0.1, "1003"), finds=1, roles=PARCELS),
    ],
    passes=[
        Example("ridges", _row("0103", 0.1, "1203"), roles=PARCELS),
        Example("nothing is taken off", _row("0301", 0.0, None), roles=PARCELS),
        Example("level land has no ridges", {"layer": [{"wkt": SQUARE, "land_use": "0103", "deduction_rate": 0.0, "terrace": "PD",
                "slope_class": "1"}]}, roles=PARCELS),
    ],
)  # fmt: skip
def deduction_class(layer: Layer, *, ctx: Context) -> RuleResult:
    """Only field ridges are deducted, and only from cultivated land.

    What it checks
        Rows with a 扣除地类系数 (KCXS) above 0: they are 耕地, and 扣除地类编码 (KCDLBM) names the deducted class
        (`attributes.deduction_classes`: 田坎 1203). As a warning, one for each layer: 耕地 of a kind or slope class
        with ridges (`attributes.ridged_kinds`: 梯田; `attributes.ridged_slopes`) without a coefficient.
    Why
        A deduction on other land makes its net area too small; one without a class is missing in the table of
        classes.
    How to fix
        Set the rate to 0 and compute the net area again, or fill in the class.
    Limits
        Kinds and slope classes with ridges are settings of mark C. No clause was found that only 田坎 is deducted,
        and only from 耕地 (mark C). ATT003 checks the arithmetic.
    """
    needed = ("deduction_rate", "land_use")
    result = RuleResult(applicable=all(layer.has(meaning) for meaning in needed))
    if not result.applicable:
        return result
    declared = layer.template.field_named(KIND)
    there, kinds = layer.named(KIND) is not None, layer.named_text(KIND)
    codes, rates, cultivated = layer.text("land_use"), layer.numbers("deduction_rate"), ctx.cultivated_rows(layer)
    allowed = ctx.norm.get("attributes.deduction_classes")
    for position in np.flatnonzero(rates > 0).tolist():
        params = {"value": float(rates[position]), "code": codes[position], "expected": " / ".join(allowed)}
        if not cultivated[position]:
            field, case = layer.field_name("deduction_rate"), "land"
        elif declared is None or not there or kinds[position] in allowed:
            continue
        else:
            field, case = KIND, "kind" if kinds[position] else "blank"
            params["kind"] = kinds[position]
        result.findings.append(make_value_finding(ctx, layer, position, field, ValueProblem(case, params)))
    result.findings += _without_ridges(layer, cultivated & ~(rates > 0), ctx)
    return result


def _without_ridges(layer: Layer, rows: NDArray, ctx: Context) -> list[Finding]:
    """Return a warning on rows ((n,) bool) without a coefficient that have ridges.

    Their kind or slope class has field ridges.
    """
    kinds, slopes = ctx.norm.get("attributes.ridged_kinds"), ctx.norm.get("attributes.ridged_slopes")
    ridged = np.isin(layer.text("terrace"), kinds) | np.isin(layer.text("slope_class"), slopes)
    wrong = np.flatnonzero(rows & ridged).tolist()
    if not wrong:
        return []
    field = layer.field_name("deduction_rate")
    return [ctx.make.row(layer, wrong[0], field=field, case="none", severity=Severity.WARNING, params=limit_fids(layer, wrong),
                    geometry=layer.plane[wrong[0]])]  # fmt: skip

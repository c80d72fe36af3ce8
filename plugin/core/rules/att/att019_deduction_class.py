# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np
from numpy.typing import NDArray

from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import ValueProblem, make_row_list_params, make_value_finding

SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
PARCEL_LAYER = {"layer": "DLTB"}
#: 扣除地类编码: the deducted class.
DEDUCTED_CLASS_FIELD = "KCDLBM"


def _make_plan_with_deduction(
    land_use: str, rate: float | None, kind: str | None
) -> dict[str, list[dict[str, object]]]:
    return {"layer": [{"wkt": SQUARE_WKT, "land_use": land_use, "deduction_rate": rate, DEDUCTED_CLASS_FIELD: kind}]}


@rule(
    "ATT019",
    "deduction-class",
    problem="A ridge deduction is wrong",
    severity=Severity.INFO,
    basis=["attribute-habits", "A7"],
    uses=["attributes.deduction_classes", "attributes.ridged_kinds", "attributes.ridged_slopes"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "land": "{layer} ({key}): {field} = {value}, but {code} is not cultivated land; field ridges are deducted from cultivated land only. Set the rate to 0, or correct the land use.",
        "none": "{layer}: {field} is 0 or empty on terraces or steep cultivated land; rows: {count} ("
        "{rows}{more}). Such land has field ridges, which must be deducted. Enter the coefficient of the survey and "
        "compute the net areas again.",
        "blank": "{layer} ({key}): a rate of {value} is deducted, but {field} is empty. Enter the deducted class ({expected}); correct a wrong rate (ATT003) first.",
        "kind": "{layer} ({key}): {field} = “{kind}”, but the deducted class must be {expected}. Correct the code.",
    },
    fails=[
        RuleExample("ridges in a forest", _make_plan_with_deduction("0301", 0.1, "1203"), finds=1, roles=PARCEL_LAYER),
        RuleExample("terraces without ridges", {"layer": [{"wkt": SQUARE_WKT, "land_use": "0103", "deduction_rate": 0.0, "terrace": "TT",
                "slope_class": "3"}]}, finds=1, roles=PARCEL_LAYER),
        RuleExample("a steep slope without ridges", {"layer": [{"wkt": SQUARE_WKT, "land_use": "0103", "deduction_rate": None, "terrace": "PD",
                "slope_class": "4"}]}, finds=1, roles=PARCEL_LAYER),
        RuleExample("of what?", _make_plan_with_deduction("0103", 0.1, None), finds=1, roles=PARCEL_LAYER),
        RuleExample("roads taken off", _make_plan_with_deduction("0103", 0.1, "1003"), finds=1, roles=PARCEL_LAYER),
    ],
    passes=[
        RuleExample("ridges", _make_plan_with_deduction("0103", 0.1, "1203"), roles=PARCEL_LAYER),
        RuleExample("nothing is taken off", _make_plan_with_deduction("0301", 0.0, None), roles=PARCEL_LAYER),
        RuleExample("level land has no ridges", {"layer": [{"wkt": SQUARE_WKT, "land_use": "0103", "deduction_rate": 0.0, "terrace": "PD",
                "slope_class": "1"}]}, roles=PARCEL_LAYER),
    ],
)  # fmt: skip
def deduction_class(layer: Layer, *, ctx: RuleContext) -> RuleResult:
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
    result = RuleResult(is_applicable=all(layer.has(meaning) for meaning in needed))
    if not result.is_applicable:
        return result
    declared = layer.template.find_field_by_name(DEDUCTED_CLASS_FIELD)
    has_kind_field, kinds = (
        layer.get_column_by_name(DEDUCTED_CLASS_FIELD) is not None,
        layer.get_texts_by_name(DEDUCTED_CLASS_FIELD),
    )
    codes, rates, cultivated = layer.text("land_use"), layer.numbers("deduction_rate"), ctx.find_cultivated_rows(layer)
    allowed = ctx.norm.get("attributes.deduction_classes")
    for position in np.flatnonzero(rates > 0).tolist():
        params = {"value": float(rates[position]), "code": codes[position], "expected": " / ".join(allowed)}
        if not cultivated[position]:
            field, case = layer.get_field_name("deduction_rate"), "land"
        elif declared is None or not has_kind_field or kinds[position] in allowed:
            continue
        else:
            field, case = DEDUCTED_CLASS_FIELD, "kind" if kinds[position] else "blank"
            params["kind"] = kinds[position]
        result.findings.append(make_value_finding(ctx, layer, position, field, ValueProblem(case, params)))
    result.findings += _report_missing_deductions(layer, cultivated & ~(rates > 0), ctx)
    return result


def _report_missing_deductions(layer: Layer, rows: NDArray, ctx: RuleContext) -> list[Finding]:
    """Return one warning on rows that have field ridges but no deduction.

    ``rows`` is (n,) bool: cultivated rows without a deduction rate. Kind of farmland or slope class show that a row
    has ridges.
    """
    kinds, slopes = ctx.norm.get("attributes.ridged_kinds"), ctx.norm.get("attributes.ridged_slopes")
    has_ridges = np.isin(layer.text("terrace"), kinds) | np.isin(layer.text("slope_class"), slopes)
    ridged_rows = np.flatnonzero(rows & has_ridges).tolist()
    if not ridged_rows:
        return []
    field = layer.get_field_name("deduction_rate")
    return [ctx.finding_maker.make_row_finding(layer, ridged_rows[0], field=field, case="none", severity=Severity.WARNING, params=make_row_list_params(layer, ridged_rows),
                    geometry=layer.plane[ridged_rows[0]])]  # fmt: skip

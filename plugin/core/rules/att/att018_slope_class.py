# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np

from ...engine.context import RuleContext
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import ValueProblem, explain_missing_fields, make_findings_of_wrong_values, make_value_finding
from .._places import is_reported_elsewhere

SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
PARCEL_LAYER = {"layer": "DLTB"}


def _make_plan_with_parcel(
    land_use: str, slope_class: str | None, terrace: str | None
) -> dict[str, list[dict[str, str | None]]]:
    """Return the layers of an example: one parcel with land use, slope class and kind of farmland."""
    return {"layer": [{"wkt": SQUARE_WKT, "land_use": land_use, "slope_class": slope_class, "terrace": terrace}]}


@rule(
    "ATT018",
    "slope-class",
    problem="Slope class or terrace type of cultivated land is wrong",
    local=True,
    severity=Severity.WARNING,
    basis=["A9"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "slope": "{layer} ({key}): cultivated land ({code}), but {field} is empty. Fill in the slope class of the survey (1 to 5).",
        "terrace": "{layer} ({key}): {field} = “{value}”; valid values are PD (坡地), TT (梯田) or empty. Correct the kind of cultivated land.",
    },
    fails=[
        RuleExample("no slope class", _make_plan_with_parcel("0103", None, "PD"), finds=1, roles=PARCEL_LAYER),
        RuleExample("no such kind", _make_plan_with_parcel("0103", "3", "XX"), finds=1, roles=PARCEL_LAYER),
        RuleExample("both", _make_plan_with_parcel("0103", None, "XX"), finds=2, roles=PARCEL_LAYER),
    ],
    passes=[
        RuleExample("filled", _make_plan_with_parcel("0103", "3", "TT"), roles=PARCEL_LAYER),
        RuleExample("flat land has no kind", _make_plan_with_parcel("0102", "1", None), roles=PARCEL_LAYER),
        RuleExample("a forest needs neither", _make_plan_with_parcel("0301", None, None), roles=PARCEL_LAYER),
        RuleExample("restorable land is not 耕地", _make_plan_with_parcel("0201K", None, None), roles=PARCEL_LAYER),
    ],
)
def slope_class(layer: Layer, *, ctx: RuleContext) -> RuleResult:
    """Cultivated land has a slope class, and its kind is PD or TT.

    What it checks
        In layers that have the fields: 耕地坡度级别 (GDPDJB) is filled on every row of 耕地; 耕地类型 (GDLX) is PD,
        TT or empty.
    Why
        The slope decides whether land may be permanent basic farmland, and the quality of a supplement.
    How to fix
        Copy both from the land survey, or from its slope map.
    Limits
        ATT002 checks the slope class against the list; when it runs, it also checks the kind, and the outcome notes it.
        No source states whether flat land may have a kind, and steep land none; this is not checked. Runs by default
        for a whole county (scope county), else if the rule or its group attributes is selected.
    """
    result = RuleResult(is_applicable=False)
    slope, terrace = layer.template.find_field("slope_class"), layer.template.find_field("terrace")
    if slope is not None and layer.template.find_field("land_use") is not None:
        result.is_applicable = True
        missing_meanings = [m for m in ("slope_class", "land_use") if not layer.has_field(m)]
        if missing_meanings:
            result.not_checked.append(explain_missing_fields(layer, *missing_meanings))
        else:
            codes = layer.text("land_use")
            is_blank = np.array([not value for value in layer.text("slope_class")], dtype=bool)
            for position in np.flatnonzero(is_blank & ctx.find_cultivated_rows(layer)).tolist():
                problem = ValueProblem("slope", {"code": codes[position]})
                result.findings.append(make_value_finding(ctx, layer, position, slope.name, problem))
    if terrace is not None and layer.has_field("terrace") and not is_reported_elsewhere(ctx, "ATT002"):
        result.is_applicable = True
        kinds = ctx.get_code_list(terrace.codes).entry_by_code
        result.findings += make_findings_of_wrong_values(
            ctx,
            layer,
            terrace.name,
            layer.text("terrace"),
            lambda value: ValueProblem("terrace", {"value": value}) if value and value not in kinds else None,
        )
    return result

# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext, trim_code_padding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import ValueProblem, explain_missing_fields, make_findings_of_wrong_values
from .._places import is_reported_elsewhere

SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
#: Last character of the codes of 可调整地类 in the survey's list.
RESTORABLE_SUFFIX = "K"


@rule(
    "ATT017",
    "restorable-land",
    problem="Restorable land is counted as cultivated land",
    local=True,
    severity=Severity.WARNING,
    basis=["A11"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "": "{layer} ({key}): {field} = “{value}” ({name}) is restorable land, not cultivated land, and must not be "
        "counted as such. First compare the code with the survey, and correct a wrong one. If it is right: land that "
        "can be farmed again is restored and its class changed; other land is removed from this layer after approval, "
        "and permanent basic farmland is supplemented.",
    },
    fails=[
        RuleExample("an orchard in 耕地保护目标", {"layer": [{"wkt": SQUARE_WKT, "land_use": "0201K"}]}, finds=1, roles={"layer": "GDBHMB"}),
        RuleExample("a forest in 永久基本农田", {"layer": [{"wkt": SQUARE_WKT, "land_use": "0301K"}]}, finds=1, roles={"layer": "YJJBNTBHTB"}),
    ],
    passes=[
        RuleExample("cultivated", {"layer": [{"wkt": SQUARE_WKT, "land_use": "0103"}]}, roles={"layer": "GDBHMB"}),
        RuleExample("in the survey it may stand", {"layer": [{"wkt": SQUARE_WKT, "land_use": "0201K"}]}, roles={"layer": "DLTB"}),
    ],
)  # fmt: skip
def restorable_land(layer: Layer, *, ctx: RuleContext) -> RuleResult:
    """Restorable land is not counted as cultivated land.

    What it checks
        Land-use codes with K (可调整果园 0201K …) in the layers of 耕地保护目标 and 永久基本农田.
    Why
        可调整地类 can be cultivated again, but is not 耕地; targets for 耕地 do not include it.
    How to fix
        Compare the code with the survey, and correct a wrong one. Restore land that can be farmed again and change its
        class; remove other land after approval, and supplement permanent basic farmland.
    Limits
        LAW010 reports other land that is not 耕地, and K codes in its own layer: when both run, LAW010 reports that
        layer. Parcels of the survey may have K codes. Does not run by default: select the rule or its group attributes.
    """
    checked_roles = {*ctx.plan.list_roles_of_concept("farmland"), *ctx.plan.list_roles_of_concept("cultivated")}
    template_field = layer.template.find_field("land_use") if layer.role in checked_roles else None
    result = RuleResult(is_applicable=template_field is not None)
    if template_field is None or (
        is_reported_elsewhere(ctx, "LAW010") and ctx.plan.find_layer_of_concept("farmland") is layer
    ):
        return result
    if not layer.has_field("land_use"):
        result.not_checked.append(explain_missing_fields(layer, "land_use"))
        return result
    codes, pad = ctx.get_code_list(template_field.codes).entry_by_code, template_field.code_pad

    def find_restorable_code(written_code: str) -> ValueProblem | None:
        code = trim_code_padding(written_code, pad)
        if not code.endswith(RESTORABLE_SUFFIX) or code not in codes:
            return None
        return ValueProblem(params={"value": written_code, "name": codes[code].name})

    result.findings = make_findings_of_wrong_values(
        ctx, layer, template_field.name, layer.text("land_use"), find_restorable_code
    )
    return result

# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import ValueProblem, explain_missing_fields, make_findings_of_wrong_values

SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
ZONE_LAYER = {"layer": "YDYHGHFQ"}


@rule(
    "ATT007",
    "feature-code",
    problem="A feature code does not match its layer",
    local=True,
    severity=Severity.WARNING,
    basis=["A2"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    uses=["attributes.doubtful_feature_codes"],
    messages={
        "other": "{layer} ({key}): {field} = “{value}”, but the standard requires {expected} in every feature of "
        "this layer. Change the feature code to {expected}; if the feature belongs to another layer, move it there.",
        "blank": "{layer} ({key}): {field} is empty, but the standard requires {expected} in every feature of this "
        "layer. Fill in {expected}.",
    },
    fails=[
        RuleExample(
            "another layer's", {"layer": [{"wkt": SQUARE_WKT, "feature_code": "2090020227"}]}, finds=1, roles=ZONE_LAYER
        ),
        RuleExample("empty", {"layer": [{"wkt": SQUARE_WKT, "feature_code": None}]}, finds=1, roles=ZONE_LAYER),
    ],
    passes=[
        RuleExample(
            "the layer's own", {"layer": [{"wkt": SQUARE_WKT, "feature_code": "2090020610"}]}, roles=ZONE_LAYER
        ),
        RuleExample("a layer whose code is not known", {"layer": [{"wkt": SQUARE_WKT, "feature_code": "1"}]}),
    ],
)
def feature_code(layer: Layer, *, ctx: RuleContext) -> RuleResult:
    """YSDM is the layer's code on every feature.

    What it checks
        要素代码 (YSDM) is filled and is the code that the template gives for the layer.
    Why
        The receiving side sorts features by this code, whatever their table.
    How to fix
        Fill the field of the whole layer with the code in the message.
    Limits
        Only layers with a known code (about fifteen) are checked. Codes that the source itself doubts
        (`attributes.doubtful_feature_codes`: 蓝线 has the code of 紫线) are only information. Runs by default for a whole
        county (scope county), else if the rule or its group attributes is selected.
    """
    expected = layer.template.feature_code
    result = RuleResult(is_applicable=bool(expected))
    if not expected:
        return result
    if not layer.has_field("feature_code"):
        result.not_checked.append(explain_missing_fields(layer, "feature_code"))
        return result
    doubtful = (layer.template.base or layer.role) in ctx.norm.get("attributes.doubtful_feature_codes")
    severity = Severity.INFO if doubtful else None

    def find_code_problem(code: str) -> ValueProblem | None:
        if code == expected:
            return None
        return ValueProblem("other" if code else "blank", {"value": code, "expected": expected}, severity)

    result.findings = make_findings_of_wrong_values(
        ctx, layer, layer.get_field_name("feature_code"), layer.text("feature_code"), find_code_problem
    )
    return result

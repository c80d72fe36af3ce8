# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np

from ...engine.context import Context
from ...model.rule import EVERY_LAYER, Example, Need, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import ValueProblem, make_value_finding

SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
CENTRE_ZONE_LAYER = {"layer": "ZXCQGHFQ"}
COMPLETE_ROW = {"wkt": SQUARE_WKT, "zone_code": "410", "zone_name": "城镇集中建设区", "GKZY": "控制建设强度"}


@rule(
    "ATT020",
    "required-values",
    problem="A required field is empty",
    local=True,
    severity=Severity.WARNING,
    basis=["county-db", "A5"],
    needs={"layer": Need(EVERY_LAYER)},
    messages={"": "{layer} ({key}): {field} ({alias}) is empty, but the standard requires a value. Fill in the value."},
    fails=[
        Example("no control guidance", {"layer": [{**COMPLETE_ROW, "GKZY": None}]}, finds=1, roles=CENTRE_ZONE_LAYER),
        Example(
            "blanks only",
            {"layer": [{**COMPLETE_ROW, "GKZY": "  ", "zone_name": ""}]},
            finds=2,
            roles=CENTRE_ZONE_LAYER,
        ),
    ],
    passes=[
        Example("all filled", {"layer": [COMPLETE_ROW]}, roles=CENTRE_ZONE_LAYER),
        Example("a field that may be empty", {"layer": [{**COMPLETE_ROW, "BZ": None}]}, roles=CENTRE_ZONE_LAYER),
    ],
)
def required_values(layer: Layer, *, ctx: Context) -> RuleResult:
    """Required fields are filled.

    What it checks
        Every field that the template marks as required (M) has a value on every row; 0 is a value, a blank is not.
    Why
        The receiving side's first check rejects an empty required field; for zones of the 中心城区, 管控指引 (GKZY)
        is required.
    How to fix
        Fill in the value named in the message; the layer's form marks required fields.
    Limits
        Templates name few required fields so far, because most field tables were read without that column. SCH002
        reports a missing field, ATT001 a missing BSM, ATT007 a missing YSDM where the layer's code is known; an
        unverified field (mark C) is only information. Runs for a whole county, by name or with its group.
    """
    result = RuleResult(is_applicable=False)
    for declared in layer.template.fields:
        is_checked_by_other_rule = declared.meaning == "key" or (
            declared.meaning == "feature_code" and layer.template.feature_code
        )
        values = layer.named(declared.name) if declared.constraint == "M" and not is_checked_by_other_rule else None
        if values is None:
            continue
        result.is_applicable = True
        severity = Severity.INFO if declared.mark == "C" else None
        problem = ValueProblem(params={"alias": declared.alias}, severity=severity)
        for position in np.flatnonzero(values.isna().to_numpy()).tolist():
            result.findings.append(make_value_finding(ctx, layer, position, declared.name, problem))
    return result

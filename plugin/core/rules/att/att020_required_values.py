# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np

from ...engine.context import Context
from ...model.rule import EACH, Example, Need, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import ValueProblem, make_value_finding

SQUARE = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
CENTRE = {"layer": "ZXCQGHFQ"}
FULL = {"wkt": SQUARE, "zone_code": "410", "zone_name": "城镇集中建设区", "GKZY": "控制建设强度"}


@rule(
    "ATT020",
    "required-values",
    problem="A required field is empty",
    local=True,
    severity=Severity.WARNING,
    basis=["county-db", "A5"],
    needs={"layer": Need(EACH)},
    messages={"": "{layer} ({key}): {field} ({alias}) is empty, but the standard requires a value. Fill in the value."},
    fails=[
        Example("no control guidance", {"layer": [{**FULL, "GKZY": None}]}, finds=1, roles=CENTRE),
        Example("blanks only", {"layer": [{**FULL, "GKZY": "  ", "zone_name": ""}]}, finds=2, roles=CENTRE),
    ],
    passes=[
        Example("all filled", {"layer": [FULL]}, roles=CENTRE),
        Example("a field that may be empty", {"layer": [{**FULL, "BZ": None}]}, roles=CENTRE),
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
    result = RuleResult(applicable=False)
    for declared in layer.template.fields:
        elsewhere = declared.meaning == "key" or (declared.meaning == "feature_code" and layer.template.feature_code)
        values = layer.named(declared.name) if declared.constraint == "M" and not elsewhere else None
        if values is None:
            continue
        result.applicable = True
        severity = Severity.INFO if declared.mark == "C" else None
        wrong = ValueProblem(params={"alias": declared.alias}, severity=severity)
        for position in np.flatnonzero(values.isna().to_numpy()).tolist():
            result.findings.append(make_value_finding(ctx, layer, position, declared.name, wrong))
    return result

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
    messages={"": "{layer} ({key}): {field} ({alias}) is empty; the standard wants it filled. Fill in the value."},
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
        Every field that the template marks as required (M) has a value on every row; 0 is a value, blanks are none.
    Why
        An empty required field is returned by the receiving side's first check; of the 中心城区 zones 管控指引 (GKZY) is one.
    How to fix
        Fill in the value named in the message; the layer's form marks required fields.
    Limits
        Templates name few required fields so far, for most field tables were read without that column. A missing field is SCH002's,
        a missing BSM ATT001's, a missing YSDM ATT007's where the layer's code is known; a field that itself is unverified (mark C)
        is only information. Runs for a whole county, by name or with its group.
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

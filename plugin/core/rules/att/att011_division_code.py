# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, Severity, rule
from ...plan.layer import Layer
from .._attributes import ValueProblem, find_plan_code_prefix, make_findings_of_wrong_values

SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
TOWNSHIP_LAYER = {"layer": "XZQXZ"}
#: Digits of the codes of a county, a township, and a township or village in the national statistical form.
CODE_LENGTHS = (6, 9, 12)


def _make_plan_with_division_codes(*codes: str | None) -> dict[str, list[dict[str, str | None]]]:
    """Return the layers of an example: one row for each division code."""
    return {"layer": [{"wkt": SQUARE_WKT, "division_code": code} for code in codes]}


@rule(
    "ATT011",
    "division-code",
    problem="A division code is not of this county",
    local=True,
    severity=Severity.WARNING,
    basis=["A3"],
    needs={"layer": LayerNeed(EVERY_LAYER, fields=("division_code",))},
    messages={
        "form": "{layer} ({key}): {field} = “{value}” is not a division code (county 6 digits, township 9, village "
        "12). Sums by code would miss the feature. Enter the code of its division.",
        "county": "{layer} ({key}): {field} = “{value}” does not begin with {county} as codes of this plan do. First "
        "see where the feature is: correct the code if it is in the county, remove it if it is in the neighbour's.",
    },
    fails=[
        RuleExample(
            "another county's township",
            _make_plan_with_division_codes("140225100", "140225101", "140226100"),
            finds=1,
            roles=TOWNSHIP_LAYER,
        ),
        RuleExample("the city's code", _make_plan_with_division_codes("140225", "140225", "140200"), finds=1),
        RuleExample(
            "a digit is missing", _make_plan_with_division_codes("140225100", "14022510"), finds=1, roles=TOWNSHIP_LAYER
        ),
    ],
    passes=[
        RuleExample(
            "county and townships",
            _make_plan_with_division_codes("140225", "140225100", "140225100000"),
            roles=TOWNSHIP_LAYER,
        ),
        RuleExample("blank is another rule's", _make_plan_with_division_codes("140225", None), roles=TOWNSHIP_LAYER),
        RuleExample(
            "counties of one city",
            _make_plan_with_division_codes("140225", "140226"),
            settings={"attributes.area_digits": 4},
        ),
    ],
)
def division_code(layer: Layer, *, ctx: RuleContext) -> list[Finding] | None:
    """Division codes belong to the county.

    What it checks
        行政区代码 (XZQDM) has 6, 9 or 12 digits and begins with the county's code.
    Why
        Tables by township join this code; a foreign or shortened code silently drops the row.
    How to fix
        Correct the code. Remove a neighbour's feature from the layer or transfer it.
    Limits
        The county is that of most rows; in a city's plan the first four digits are compared (`attributes.area_digits`).
        Blank codes are not checked; ATT012 checks whether the township exists and agrees with the name. Runs by default
        for a whole county (scope county), else if the rule or its group attributes is selected.
    """
    if not layer.has_field("division_code"):
        return None
    county_digits = find_plan_code_prefix(ctx)

    def find_code_problem(code: str) -> ValueProblem | None:
        params = {"value": code, "county": county_digits}
        if not code:
            return None
        if not (code.isascii() and code.isdigit() and len(code) in CODE_LENGTHS):
            return ValueProblem("form", params)
        return ValueProblem("county", params) if not code.startswith(county_digits) else None

    return make_findings_of_wrong_values(
        ctx, layer, layer.get_field_name("division_code"), layer.text("division_code"), find_code_problem
    )

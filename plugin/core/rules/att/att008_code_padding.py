# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import ValueProblem, make_findings_of_wrong_values

SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
LAND_USE_LAYER = {"layer": "XZYDYH"}


@rule(
    "ATT008",
    "code-padding",
    problem="A land-use code has fewer than six digits",
    local=True,
    severity=Severity.WARNING,
    basis=["A4"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "": "{layer} ({key}): {field} = “{value}”, but the code must be padded with 0 to the field's full length (digits: {count}). Write {expected}.",
    },
    fails=[
        RuleExample("four digits", {"layer": [{"wkt": SQUARE_WKT, "land_use": "0103"}]}, finds=1, roles=LAND_USE_LAYER)
    ],
    passes=[
        RuleExample("six digits", {"layer": [{"wkt": SQUARE_WKT, "land_use": "010300"}]}, roles=LAND_USE_LAYER),
        RuleExample(
            "not in the list is ATT002's", {"layer": [{"wkt": SQUARE_WKT, "land_use": "0999"}]}, roles=LAND_USE_LAYER
        ),
        RuleExample(
            "a field without padding", {"layer": [{"wkt": SQUARE_WKT, "land_use": "0103"}]}, roles={"layer": "DLTB"}
        ),
    ],
)
def code_padding(layer: Layer, *, ctx: RuleContext) -> RuleResult:
    """Land-use codes have six digits.

    What it checks
        用地用海分类代码 (YDYHFLDM), and every other field with padding in its template, is padded with zeros to its
        full number of digits: 耕地 is 010000, 旱地 010300.
    Why
        Tables join codes with the official list as text; 0103 and 010300 would be two classes of a table.
    How to fix
        Append zeros up to the full length, in the field calculator: rpad("YDYHFLDM", 6, '0').
    Limits
        Blank codes are not checked. ATT002 checks whether the code is in the list and agrees with its name. Does not
        run by default: select the rule or its group attributes.
    """
    result = RuleResult(is_applicable=False)
    for template_field in layer.template.fields:
        values = (
            layer.get_column_by_name(template_field.name) if template_field.codes and template_field.code_pad else None
        )
        if values is None:
            continue
        result.is_applicable = True
        entry_by_code, pad = ctx.get_code_list(template_field.codes).entry_by_code, template_field.code_pad

        def find_padding_problem(code: str, entry_by_code: dict = entry_by_code, pad: int = pad) -> ValueProblem | None:
            if code not in entry_by_code or not code.isdigit() or len(code) >= pad:
                return None
            return ValueProblem(params={"value": code, "expected": code.ljust(pad, "0"), "count": pad})

        result.findings += make_findings_of_wrong_values(
            ctx, layer, template_field.name, layer.get_texts_by_name(template_field.name), find_padding_problem
        )
    return result

# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .sch002_required_fields import find_needed_fields, is_type_compatible

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
COMPLETE_ROW = {"feature_code": "2090020610", "division_code": "140225", "division_name": "浑源县", "zone_code": "300",
         "zone_name": "农田保护区", "area": 1.0, "BZ": ""}  # fmt: skip


@rule(
    "SCH008",
    "field-list",
    problem="Fields are missing or in another order than the template",
    severity=Severity.WARNING,
    basis=["county-db", "survey-2020"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "missing": "{layer} lacks the field {field} ({alias}, {expected}); the receiving side checks each field. "
        "Create an empty layer with all fields with New Layers…, and paste the features into it; leave values empty "
        "where there are no data.",
        "type": "{layer}: the field {field} has the type {actual}; the template has {expected}, which the receiving "
        "side checks. Create a field of that type under a temporary name, convert the values with the field "
        "calculator, delete the old field, and rename the new one.",
        "order": "{layer}: the order of fields differs from the template: {field} is where {wanted} must be. Values "
        "are not affected, but the receiving side checks the order. Create an empty layer with New Layers…, and paste "
        "the features into it.",
    },
    fails=[
        RuleExample("a field left out", {"layer": [{"wkt": SQUARE_WKT, "key": "1", **{m: v for m, v in COMPLETE_ROW.items() if m != "zone_name"}}]},
                finds=1, roles={"layer": "GHFQ"}),
        RuleExample("a number as text", {"layer": [{"wkt": SQUARE_WKT, "key": "1", **COMPLETE_ROW, "area": "12"}]}, finds=1,
                roles={"layer": "GHFQ"}),
        RuleExample("another order", {"layer": [{"wkt": SQUARE_WKT, **COMPLETE_ROW, "key": "1"}]}, finds=1, roles={"layer": "GHFQ"}),
    ],
    passes=[RuleExample("all, in order", {"layer": [{"wkt": SQUARE_WKT, "key": "1", **COMPLETE_ROW}]}, roles={"layer": "GHFQ"})],
)  # fmt: skip
def field_list(layer: Layer, *, ctx: RuleContext) -> RuleResult:
    """A layer has all fields of the template, in its order.

    What it checks
        Every field of the template is present with the template's type, also fields that no rule reads, and the
        fields are in the template's order. If the template's field is not verified (mark C) or is optional, a
        difference is only noted.
    Why
        The receiving side compares field by field; a table with another order or without a column is rejected.
    How to fix
        Copy the rows into a layer from “New layers” (use “Map fields to a template”), or add the field.
    Limits
        Fields outside the template are ignored. Problems that SCH002 reports in the same run are not repeated.
    """
    result = RuleResult()
    actual_types = {f.name.upper(): f.type for f in layer.source.fields}
    reported_elsewhere = find_needed_fields(layer, ctx) if any(r.code == "SCH002" for r in ctx.rules) else set()
    for template_field in layer.template.fields:
        if template_field.name in reported_elsewhere:
            continue
        severity = Severity.INFO if template_field.mark == "C" or template_field.constraint in ("C", "O") else None
        params = {
            "expected": template_field.type,
            "actual": actual_types.get(template_field.name, ""),
            "alias": template_field.alias,
        }
        if template_field.name not in actual_types:
            case = "missing"
        elif not is_type_compatible(actual_types[template_field.name], template_field.type):
            case = "type"
        else:
            continue
        result.findings.append(
            Finding(layer.role, field=template_field.name, case=case, severity=severity, params=params)
        )
    template_order = [f.name for f in layer.template.fields if f.name in actual_types]
    actual_order = [name for name in actual_types if name in set(template_order)]
    for actual_name, expected_name in zip(actual_order, template_order, strict=True):
        if actual_name != expected_name:
            severity = Severity.INFO if layer.template.fields_mark == "C" else None
            params = {"wanted": expected_name}
            result.findings.append(
                Finding(layer.role, field=actual_name, case="order", severity=severity, params=params)
            )
            break
    return result

# SPDX-License-Identifier: GPL-2.0-or-later
from collections import defaultdict
from typing import Any

from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, rule
from ...plan.layer import Layer
from .._attributes import MAX_NAMED_ROWS, make_row_list_params, shorten_or_mask_value

#: Skipped rules that a message names.
MAX_LISTED_RULES = 5
SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


def _make_parcel_row(**other: Any) -> dict[str, Any]:
    """Return a parcel (地类图斑) with all fields that default rules need.

    ``None`` for a field omits it.
    """
    row = {
        "wkt": SQUARE_WKT,
        "land_use": "0103",
        "urban_code": "202",
        "gross_area": 12.0,
        "deduction_area": 0.0,
        "deduction_rate": 0.0,
        "net_area": 12.0,
    }
    return {name: value for name, value in (row | other).items() if value is not None}


@rule(
    "SCH002",
    "required-fields",
    problem="A mandatory field is missing or of another type",
    surroundings="fields",
    basis=["county-db", "survey-2020"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "missing": "{layer} lacks the required field {field} ({field_title}, type {expected}). Rules that need "
        "it{facts} are skipped and do not count as passed. Add the field (Fix…), and fill in each row from "
        "{authority}. If the field has another name, use field mapping; if this is the wrong layer, assign the right "
        "one under Layer Roles.",
        "type": "{layer}: the field {field} has the type {actual}; the standard requires {expected}. Sums and "
        "comparisons would be wrong. Create a field of that type under a temporary name, convert the values with the "
        "field calculator, delete the old field, and rename the new one.",
        "type_zeros": "{layer}: the field {field} has the type {actual}; the standard requires {expected}. A number cannot "
        "store the leading zero of a code ({example} must be “{restored}”). Create a field of that type under a temporary "
        "name, convert the values with the field calculator and restore the zeros as the code list has them, delete the "
        "old field, and rename the new one.",
        "stored": "{layer}: the field {field} has the type {expected}, but {count} values are stored as others, such "
        "as “{example}”{listed_rows}. The field was read as text, unchanged, and nothing was converted. Correct "
        "these values (in numbers only digits, a minus sign and a decimal point), then write the layer again; the layer "
        "was not changed.",
    },
    fails=[
        RuleExample("no urban code", {"layer": [_make_parcel_row(urban_code=None)]}, finds=1, roles={"layer": "DLTB"}),
        RuleExample("number kept as text", {"layer": [_make_parcel_row(gross_area="12")]}, finds=1, roles={"layer": "DLTB"}),
    ],
    passes=[RuleExample("all there", {"layer": [_make_parcel_row()]}, roles={"layer": "DLTB"})],
)  # fmt: skip
def required_fields(layer: Layer, *, ctx: RuleContext) -> list[Finding]:
    """Required fields are present and have the right type.

    What it checks
        Each field that the layer's template makes mandatory (M), or that a default rule of the standard or the
        profile needs, exists and has the template's type. A whole-number field in place of a real one loses nothing
        and is accepted. The values that a GeoPackage stores in a field are of its type.
    Why
        A rule cannot be checked without its fields, and text in place of a number breaks every sum.
    How to fix
        Add the field with type and length of the template, or convert it; the layer dictionary lists the fields.
    Limits
        SCH008 checks other fields and their order, SCH004 lengths, SCH006 aliases, SCH007 domains.
    """
    needed_names, reading_rules = find_needed_fields(layer, ctx), _find_rules_by_needed_field(layer, ctx)
    actual_types = {f.name.upper(): f.type for f in layer.source.fields}
    mistyped_columns = {name.upper(): column for name, column in layer.source.mistyped_columns.items()}
    findings = []
    for name, column in mistyped_columns.items():
        declared, fids = layer.template.find_field_by_name(name), set(column.fids)
        positions = [position for position, fid in enumerate(layer.fids) if fid in fids]
        stored = make_row_list_params(layer, positions, MAX_NAMED_ROWS) | {
            "count": column.count,
            "expected": column.declared_type,
            "example": shorten_or_mask_value(declared, column.example.replace("\0", "␀")) if declared else "…",
        }
        findings.append(Finding(layer.role, field=name, case="stored", params=stored))
    for template_field in layer.template.fields:
        if template_field.name not in needed_names or template_field.name in mistyped_columns:
            continue
        params: dict[str, Any] = {"expected": template_field.type, "actual": actual_types.get(template_field.name, "")}
        if template_field.name not in actual_types:
            if codes := reading_rules.get(template_field.name):
                params["shown"] = {"facts": [*codes[:MAX_LISTED_RULES], *["…"][: len(codes) > MAX_LISTED_RULES]]}
            findings.append(
                Finding(layer.role, field=template_field.name, case="missing", params={"problem": "missing", **params})
            )
        elif not is_type_compatible(params["actual"], template_field.type):
            code_list = ctx.norm.standard.code_lists.get(template_field.codes)
            for example in dict.fromkeys(layer.get_texts_by_name(template_field.name)):
                if code_list and (restored := code_list.restore_leading_zeros(example, template_field.code_pad)):
                    params["shown"] = {"variant": "zeros", "example": example, "restored": restored}
                    break
            findings.append(
                Finding(layer.role, field=template_field.name, case="type", params={"problem": "type", **params})
            )
    return findings


def find_needed_fields(layer: Layer, ctx: RuleContext) -> set[str]:
    """Return names of the fields that the template requires or a default rule reads.

    The default rules are those of standard, profile and scope, so that the result does not depend on the rules that a
    user selects for a run.
    """
    needed_names = {f.name for f in layer.template.fields if f.constraint == "M"}
    rules_by_code = ctx.norm.rules_by_code
    for code in ctx.norm.list_default_rules_of_scope(ctx.plan.scope):
        for need in rules_by_code[code].needs.values():
            # A rule reads the layer of its concept, not every layer that could have it.
            if need.concept == EVERY_LAYER or ctx.plan.find_layer_of_concept(need.concept) is layer:
                needed_names |= {
                    f.name for f in layer.template.fields if f.meaning and f.meaning in need.fields + need.reads
                }
    return needed_names


def _find_rules_by_needed_field(layer: Layer, ctx: RuleContext) -> dict[str, list[str]]:
    """Return field name → codes of the default rules that do not run on this layer without the field."""
    rules_by_code = ctx.norm.rules_by_code
    codes_by_field: dict[str, list[str]] = defaultdict(list)
    for code in sorted(ctx.norm.list_default_rules_of_scope(ctx.plan.scope)):
        meanings = {
            meaning
            for need in rules_by_code[code].needs.values()
            if need.concept == EVERY_LAYER or ctx.plan.find_layer_of_concept(need.concept) is layer
            for meaning in need.fields
        }
        for template_field in layer.template.fields:
            if template_field.meaning in meanings:
                codes_by_field[template_field.name].append(code)
    return codes_by_field


def is_type_compatible(actual: str, expected: str) -> bool:
    """Return True for equal types, and for whole numbers in place of real ones."""
    return actual == expected or (actual, expected) == ("integer", "real")

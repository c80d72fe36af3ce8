# SPDX-License-Identifier: GPL-2.0-or-later
from typing import Any

from ...engine.context import Context
from ...model.findings import Finding
from ...model.rule import EACH, Example, Need, all_rules, rule
from ...plan.layer import Layer

SQUARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


def _parcel(**other: Any) -> dict[str, Any]:
    """Return a row of DLTB with all fields that default rules need; ``None`` leaves a field out."""
    row = {
        "wkt": SQUARE,
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
    basis=["county-db", "survey-2020"],
    needs={"layer": Need(EACH)},
    messages={
        "missing": "{layer} lacks the field {field} ({expected}). Rules that need it are skipped. Add the field, or "
        "assign another layer under Layer Roles.",
        "type": "{layer} has the field {field} as {actual}; the standard says {expected}. Change the field's type and "
        "carry the values over.",
    },
    fails=[
        Example("no urban code", {"layer": [_parcel(urban_code=None)]}, finds=1, roles={"layer": "DLTB"}),
        Example("number kept as text", {"layer": [_parcel(gross_area="12")]}, finds=1, roles={"layer": "DLTB"}),
    ],
    passes=[Example("all there", {"layer": [_parcel()]}, roles={"layer": "DLTB"})],
)  # fmt: skip
def required_fields(layer: Layer, *, ctx: Context) -> list[Finding]:
    """Required fields are there and of the right type.

    What it checks
        Each field that the layer's template makes mandatory (M), or that a default rule of the standard or the profile needs,
        exists and has the template's type. A whole-number field where the template has a real one loses nothing and is accepted.
    Why
        A rule cannot be checked without its fields, and text in place of a number breaks every sum.
    How to fix
        Add the field with the type and length of the template, or convert it; the layer dictionary lists them.
    Limits
        Other fields, and their order, are SCH008's; lengths SCH004's, aliases SCH006's, domains SCH007's.
    """
    needed = needed_fields(layer, ctx)
    actual = {f.name.upper(): f.type for f in layer.source.fields}
    found = []
    for declared in layer.template.fields:
        if declared.name not in needed:
            continue
        params = {"expected": declared.type, "actual": actual.get(declared.name, "")}
        if declared.name not in actual:
            found.append(
                Finding(layer.role, field=declared.name, case="missing", params={"problem": "missing", **params})
            )
        elif not is_type_compatible(params["actual"], declared.type):
            found.append(Finding(layer.role, field=declared.name, case="type", params={"problem": "type", **params}))
    return found


def needed_fields(layer: Layer, ctx: Context) -> set[str]:
    """Return the names of the fields that the template makes mandatory, or that a default rule reads in this layer.

    The default rules are those of the standard, the profile and the scope, so that the answer does not depend on which rules
    one run selects; a selected rule that lacks a field reports that itself.
    """
    needed = {f.name for f in layer.template.fields if f.constraint == "M"}
    known = all_rules()
    for code in ctx.norm.rules_in(ctx.plan.scope):
        for need in known[code].needs.values():
            # A rule reads the layer that answers its concept, not every layer that could.
            if need.concept == EACH or ctx.plan.concept(need.concept) is layer:
                needed |= {f.name for f in layer.template.fields if f.meaning and f.meaning in need.fields + need.reads}
    return needed


def is_type_compatible(actual: str, expected: str) -> bool:
    return actual == expected or (actual, expected) == ("integer", "real")

# SPDX-License-Identifier: GPL-2.0-or-later
from ..context import Context
from ..findings import Finding
from ..layer import Layer
from ..rule import EACH, Example, Need, rule

SQUARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


@rule(
    "SCH002",
    "required-fields",
    basis=["county-db", "survey-2020"],
    needs={"layer": Need(EACH)},
    messages={
        "missing": "{layer} lacks the field {field} ({expected}). Rules that need it are skipped. Add the field, or "
        "assign another layer under Layer Roles.",
        "type": "{layer} has the field {field} as {actual}; the standard says {expected}. Change the field's type and "
        "carry the values over.",
    },
    fails=[
        Example("no urban code", {"layer": [{"wkt": SQUARE, "land_use": "0103", "gross_area": 1.0}]}, finds=1,
                roles={"layer": "DLTB"}, parameters={"rules": ["LAW001"]}),
        Example("number kept as text", {"layer": [{"wkt": SQUARE, "urban_code": "202", "gross_area": "12"}]}, finds=1,
                roles={"layer": "DLTB"}, parameters={"rules": ["LAW001"]}),
    ],
    passes=[
        Example("all there", {"layer": [{"wkt": SQUARE, "urban_code": "202", "gross_area": 12.0}]},
                roles={"layer": "DLTB"}, parameters={"rules": ["LAW001"]}),
    ],
)  # fmt: skip
def required_fields(layer: Layer, *, ctx: Context) -> list[Finding]:
    """Required fields are there and of the right type.

    What it checks
        Each field that the layer's template makes mandatory (M), or that a rule of this run needs, exists and has the
        template's type. A whole-number field where the template has a real one loses nothing and is accepted.
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
        elif not fits(params["actual"], declared.type):
            found.append(Finding(layer.role, field=declared.name, case="type", params={"problem": "type", **params}))
    return found


def needed_fields(layer: Layer, ctx: Context) -> set[str]:
    """Names of the fields that the template makes mandatory, or that a rule of this run reads in this layer."""
    needed = {f.name for f in layer.template.fields if f.constraint == "M"}
    for other in ctx.rules:
        for need in other.needs.values():
            # A rule reads the layer that answers its concept, not every layer that could.
            if need.concept == EACH or ctx.plan.concept(need.concept) is layer:
                needed |= {f.name for f in layer.template.fields if f.meaning and f.meaning in need.fields + need.reads}
    return needed


def fits(actual: str, expected: str) -> bool:
    return actual == expected or (actual, expected) == ("integer", "real")

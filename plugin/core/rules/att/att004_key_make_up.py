# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, Severity, rule
from ...plan.layer import Layer
from ...standard.numbering import BSM_LENGTH
from .._attributes import ValueProblem, find_plan_code_prefix, make_findings_of_wrong_values

#: Digits of the county with which a key begins; letters may follow.
_DIGIT_COUNT = 6
SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"


def _make_plan_with_key(key: str) -> dict[str, list[dict[str, str]]]:
    """Return the layers of an example: one row with this key."""
    return {"layer": [{"wkt": SQUARE_WKT, "key": key, "division_code": "140225"}]}


@rule(
    "ATT004",
    "key-make-up",
    problem="A key is composed wrongly",
    local=True,
    severity=Severity.WARNING,
    basis=["A1"],
    needs={"layer": LayerNeed(EVERY_LAYER, fields=("key",))},
    messages={
        "length": "{layer} ({key}): {field} “{value}” has {count} characters instead of {length}: county code (6), "
        "layer code or 0000, serial number. Number the feature again (function sanxian_next_bsm of the field "
        "calculator).",
        "signs": "{layer} ({key}): {field} “{value}” has characters other than digits and capital letters. Assign a "
        "new number with half-width digits only.",
        "county": "{layer} ({key}): {field} “{value}” begins with {head}, but codes of this plan begin with "
        "{county}. First see where the feature is: number it again if it is in the county (function sanxian_next_bsm "
        "of the field calculator), remove it if it is in the neighbour's.",
    },
    fails=[
        RuleExample("too short", _make_plan_with_key("1402250001"), finds=1),
        RuleExample("another county's", _make_plan_with_key("140226000000000001"), finds=1),
        RuleExample("full-width digits", _make_plan_with_key("１４０２２５000000000001"), finds=1),
    ],
    passes=[
        RuleExample("county, 0000, running number", _make_plan_with_key("140225000000000001")),
        RuleExample("county, layer code, running number", _make_plan_with_key("140225200500000001")),
        RuleExample(
            "another county of the city",
            _make_plan_with_key("140226000000000001"),
            settings={"attributes.area_digits": 4},
        ),
    ],
)
def key_make_up(layer: Layer, *, ctx: RuleContext) -> list[Finding] | None:
    """BSM is composed as the standards require.

    What it checks
        标识码 (BSM) has 18 characters, digits or capital letters, and begins with the county's six digits. Both known
        schemes are valid: county + layer code + running number, and county + 0000 + running number of eight digits.
    Why
        The receiving side identifies counties and features by this number; another scheme is rejected or assigned to
        another county.
    How to fix
        Assign a new number; “next BSM” in the field calculator and the layer's form use the second scheme.
    Limits
        ATT001 reports missing and repeated numbers. The layer code in the number is not verified. The county is that
        of most rows; in a city's plan the first four digits are compared (`attributes.area_digits`).
    """
    if not layer.has_field("key"):
        return None
    county_digits = find_plan_code_prefix(ctx)

    def find_key_problem(key: str) -> ValueProblem | None:
        if not key:
            return None
        if len(key) != BSM_LENGTH:
            case = "length"
        elif not (
            key.isascii() and key[:_DIGIT_COUNT].isdigit() and key[_DIGIT_COUNT:].isalnum() and key == key.upper()
        ):
            case = "signs"
        elif not key.startswith(county_digits):
            case = "county"
        else:
            return None
        params = {
            "value": key,
            "count": len(key),
            "length": BSM_LENGTH,
            "head": key[: len(county_digits)],
            "county": county_digits,
        }
        return ValueProblem(case, params)

    return make_findings_of_wrong_values(ctx, layer, layer.get_field_name("key"), layer.keys, find_key_problem)

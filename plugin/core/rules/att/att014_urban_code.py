# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import ValueProblem, explain_missing_fields, make_findings_of_wrong_values, read_setting_words

SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
PARCEL_LAYER = {"layer": "DLTB"}
#: The classes of the settings belong to this list (三调).
SURVEY_CODE_LIST = "sandiao"


def _make_plan_with_parcel(land_use: str, urban_code: str | None) -> dict[str, list[dict[str, str | None]]]:
    """Return the layers of an example: one parcel with land use and urban-rural code."""
    return {"layer": [{"wkt": SQUARE_WKT, "land_use": land_use, "urban_code": urban_code}]}


@rule(
    "ATT014",
    "urban-code",
    problem="Urban code and land-use code disagree",
    local=True,
    severity=Severity.WARNING,
    basis=["A6", "attribute-habits"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "blank": "{layer} ({key}): land use {code} ({name}), but {field} is empty. Fill in the 城镇村属性码 from the survey, or correct a wrong land use.",
        "other": "{layer} ({key}): land use {code} ({name}), {field} = “{value}”; the usual value for this land use "
        "is {expected}. Compare both codes with the survey, and correct the wrong one.",
    },
    fails=[
        RuleExample("housing without a code", _make_plan_with_parcel("0701", None), finds=1, roles=PARCEL_LAYER),
        RuleExample("a mine coded as a town", _make_plan_with_parcel("0602", "202"), finds=1, roles=PARCEL_LAYER),
        RuleExample(
            "special land coded as a village", _make_plan_with_parcel("09", "203"), finds=1, roles=PARCEL_LAYER
        ),
    ],
    passes=[
        RuleExample("housing in a village", _make_plan_with_parcel("0702", "203"), roles=PARCEL_LAYER),
        RuleExample("a mine", _make_plan_with_parcel("0602", "204"), roles=PARCEL_LAYER),
        RuleExample("fields need none", _make_plan_with_parcel("0103", None), roles=PARCEL_LAYER),
        RuleExample(
            "the county uses other codes",
            _make_plan_with_parcel("0602", "202"),
            roles=PARCEL_LAYER,
            settings={"attributes.urban_expected": []},
        ),
    ],
)
def urban_code(layer: Layer, *, ctx: RuleContext) -> RuleResult:
    """CZCSXM agrees with the land use.

    What it checks
        城镇村属性码 (CZCSXM) is filled on the land-use classes that the survey checks (`attributes.urban_classes`:
        05, 06, 07, 08, 09, 1004, 1005, 1201), and has the usual value if the class has one
        (`attributes.urban_expected`: 采矿用地 and 盐田 204, 特殊用地 205).
    Why
        This code selects the base of the expansion ratio; a parcel without it is in no figure.
    How to fix
        Fill in the code of the survey, or correct the land use.
    Limits
        The checked classes are known (B). That a blank is wrong on all of them, and which code is usual, is an
        interpretation of mark C; the latter is only information. Land use in the classes of 2023 is not checked; ATT002
        reports codes outside the list. Does not run by default: select the rule or its group attributes.
    """
    template_field = layer.template.find_field("urban_code")
    land_use = layer.template.find_field("land_use")
    if template_field is None or land_use is None or land_use.codes != SURVEY_CODE_LIST:
        return RuleResult(is_applicable=False)
    result = RuleResult()
    missing_meanings = [m for m in ("urban_code", "land_use") if not layer.has_field(m)]
    if missing_meanings:
        result.not_checked.append(explain_missing_fields(layer, *missing_meanings))
        return result
    name_by_code = {c.code: c.name for c in ctx.get_code_list(SURVEY_CODE_LIST).entry_by_code.values()}
    urban_classes = tuple(ctx.norm.get("attributes.urban_classes"))
    usual_codes: dict[str, set[str]] = {}
    for code, expected in read_setting_words(ctx.norm, "attributes.urban_expected", 2, 2):
        usual_codes.setdefault(code, set()).add(expected)
    if usual_codes:
        result.unconfirmed.append("attributes.urban_expected")

    def find_urban_code_problem(pair: tuple[str, str]) -> ValueProblem | None:
        code, value = pair
        params = {"code": code, "name": name_by_code.get(code, ""), "value": value}
        if code not in name_by_code or not code.startswith(urban_classes):
            return None
        if not value:
            return ValueProblem("blank", params)
        # 204A counts as 204.
        if code in usual_codes and value.rstrip("A") not in usual_codes[code]:
            return ValueProblem("other", {**params, "expected": " / ".join(sorted(usual_codes[code]))}, Severity.INFO)
        return None

    values = list(zip(layer.text("land_use"), layer.text("urban_code"), strict=True))
    result.findings = make_findings_of_wrong_values(ctx, layer, template_field.name, values, find_urban_code_problem)
    return result

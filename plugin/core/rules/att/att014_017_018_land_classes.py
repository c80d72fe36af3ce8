# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on attributes that depend on the land use of a parcel: urban code, restorable land, slope class."""

import numpy as np

from ...engine.context import RuleContext, trim_code_padding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._attributes import (
    PARCEL_LAYER,
    SMALL_SQUARE_WKT,
    ValueProblem,
    explain_missing_fields,
    make_example,
    make_findings_of_wrong_values,
    make_value_finding,
    read_setting_words,
)
from .._places import is_reported_elsewhere

#: The classes of the settings belong to this list (三调).
SURVEY_CODE_LIST = "sandiao"


@rule(
    "ATT014",
    "urban-code",
    problem="Urban code and land-use code disagree",
    local=True,
    severity=Severity.WARNING,
    basis=["A6", "attribute-habits"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    may_use=["attributes.urban_expected"],
    messages={
        "blank": "{layer} ({key}): land use {code} ({name}), but {field} is empty. Fill in the 城镇村属性码 from the survey, or correct a wrong land use.",
        "other": "{layer} ({key}): land use {code} ({name}), {field} = “{value}”; the usual value for this land use "
        "is {expected}. Compare both codes with the survey, and correct the wrong one.",
    },
    fails=[
        RuleExample(
            "housing without a code", make_example(land_use="0701", urban_code=None), finds=1, roles=PARCEL_LAYER
        ),
        RuleExample(
            "a mine coded as a town", make_example(land_use="0602", urban_code="202"), finds=1, roles=PARCEL_LAYER
        ),
        RuleExample(
            "special land coded as a village",
            make_example(land_use="09", urban_code="203"),
            finds=1,
            roles=PARCEL_LAYER,
        ),
    ],
    passes=[
        RuleExample("housing in a village", make_example(land_use="0702", urban_code="203"), roles=PARCEL_LAYER),
        RuleExample("a mine", make_example(land_use="0602", urban_code="204"), roles=PARCEL_LAYER),
        RuleExample("fields need none", make_example(land_use="0103", urban_code=None), roles=PARCEL_LAYER),
        RuleExample(
            "the county uses other codes",
            make_example(land_use="0602", urban_code="202"),
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
    result.findings += make_findings_of_wrong_values(ctx, layer, template_field.name, values, find_urban_code_problem)
    return result


@rule(
    "ATT017",
    "restorable-land",
    problem="Restorable land is counted as cultivated land",
    local=True,
    severity=Severity.WARNING,
    basis=["A11"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "": "{layer} ({key}): {field} = “{value}” ({name}) is restorable land, not cultivated land, and must not be "
        "counted as such. First compare the code with the survey, and correct a wrong one. If it is right: land that "
        "can be farmed again is restored and its class changed; other land is removed from this layer after approval, "
        "and permanent basic farmland is supplemented.",
    },
    fails=[
        RuleExample("an orchard in 耕地保护目标", {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use": "0201K"}]}, finds=1, roles={"layer": "GDBHMB"}),
        RuleExample("a forest in 永久基本农田", {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use": "0301K"}]}, finds=1, roles={"layer": "YJJBNTBHTB"}),
    ],
    passes=[
        RuleExample("cultivated", {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use": "0103"}]}, roles={"layer": "GDBHMB"}),
        RuleExample("in the survey it may stand", {"layer": [{"wkt": SMALL_SQUARE_WKT, "land_use": "0201K"}]}, roles={"layer": "DLTB"}),
    ],
)  # fmt: skip
def restorable_land(layer: Layer, *, ctx: RuleContext) -> RuleResult:
    """Restorable land is not counted as cultivated land.

    What it checks
        Land-use codes with K (可调整果园 0201K …) in the layers of 耕地保护目标 and 永久基本农田.
    Why
        可调整地类 can be cultivated again, but is not 耕地; targets for 耕地 do not include it.
    How to fix
        Compare the code with the survey, and correct a wrong one. Restore land that can be farmed again and change its
        class; remove other land after approval, and supplement permanent basic farmland.
    Limits
        LAW010 reports other land that is not 耕地, and K codes in its own layer: when both run, LAW010 reports that
        layer. Parcels of the survey may have K codes. Does not run by default: select the rule or its group attributes.
    """
    checked_roles = {*ctx.plan.list_roles_of_concept("farmland"), *ctx.plan.list_roles_of_concept("cultivated")}
    template_field = layer.template.find_field("land_use") if layer.role in checked_roles else None
    result = RuleResult(is_applicable=template_field is not None)
    if template_field is None or (
        is_reported_elsewhere(ctx, "LAW010") and ctx.plan.find_layer_of_concept("farmland") is layer
    ):
        return result
    if not layer.has_field("land_use"):
        result.not_checked.append(explain_missing_fields(layer, "land_use"))
        return result
    codes, pad = ctx.get_code_list(template_field.codes).entry_by_code, template_field.code_pad

    def find_restorable_code(written_code: str) -> ValueProblem | None:
        code = trim_code_padding(written_code, pad)
        # 可调整地类
        is_restorable = code.endswith("K") and code in codes
        return ValueProblem(params={"value": written_code, "name": codes[code].name}) if is_restorable else None

    result.findings += make_findings_of_wrong_values(
        ctx, layer, template_field.name, layer.text("land_use"), find_restorable_code
    )
    return result


@rule(
    "ATT018",
    "slope-class",
    problem="Slope class or terrace type of cultivated land is wrong",
    local=True,
    severity=Severity.WARNING,
    basis=["A9"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "slope": "{layer} ({key}): cultivated land ({code}), but {field} is empty. Fill in the slope class of the survey (1 to 5).",
        "terrace": "{layer} ({key}): {field} = “{value}”; valid values are PD (坡地), TT (梯田) or empty. Correct the kind of cultivated land.",
    },
    fails=[
        RuleExample(
            "no slope class", make_example(land_use="0103", slope_class=None, terrace="PD"), finds=1, roles=PARCEL_LAYER
        ),
        RuleExample(
            "no such kind", make_example(land_use="0103", slope_class="3", terrace="XX"), finds=1, roles=PARCEL_LAYER
        ),
        RuleExample("both", make_example(land_use="0103", slope_class=None, terrace="XX"), finds=2, roles=PARCEL_LAYER),
    ],
    passes=[
        RuleExample("filled", make_example(land_use="0103", slope_class="3", terrace="TT"), roles=PARCEL_LAYER),
        RuleExample(
            "flat land has no kind", make_example(land_use="0102", slope_class="1", terrace=None), roles=PARCEL_LAYER
        ),
        RuleExample(
            "a forest needs neither", make_example(land_use="0301", slope_class=None, terrace=None), roles=PARCEL_LAYER
        ),
        RuleExample(
            "restorable land is not 耕地",
            make_example(land_use="0201K", slope_class=None, terrace=None),
            roles=PARCEL_LAYER,
        ),
    ],
)
def slope_class(layer: Layer, *, ctx: RuleContext) -> RuleResult:
    """Cultivated land has a slope class, and its kind is PD or TT.

    What it checks
        In layers that have the fields: 耕地坡度级别 (GDPDJB) is filled on every row of 耕地; 耕地类型 (GDLX) is PD,
        TT or empty.
    Why
        The slope decides whether land may be permanent basic farmland, and the quality of a supplement.
    How to fix
        Copy both from the land survey, or from its slope map.
    Limits
        ATT002 checks the slope class against the list; when it runs, it also checks the kind, and the outcome notes it.
        No source states whether flat land may have a kind, and steep land none; this is not checked. Runs by default
        for a whole county (scope county), else if the rule or its group attributes is selected.
    """
    result = RuleResult(is_applicable=False)
    slope, terrace = layer.template.find_field("slope_class"), layer.template.find_field("terrace")
    if slope is not None and layer.template.find_field("land_use") is not None:
        result.is_applicable = True
        missing_meanings = [m for m in ("slope_class", "land_use") if not layer.has_field(m)]
        if missing_meanings:
            result.not_checked.append(explain_missing_fields(layer, *missing_meanings))
        else:
            codes = layer.text("land_use")
            is_blank = np.array([not value for value in layer.text("slope_class")], dtype=bool)
            for position in np.flatnonzero(is_blank & ctx.find_cultivated_rows(layer)).tolist():
                result.findings.append(
                    make_value_finding(
                        ctx, layer, position, slope.name, ValueProblem("slope", {"code": codes[position]})
                    )
                )
    if terrace is not None and layer.has_field("terrace") and not is_reported_elsewhere(ctx, "ATT002"):
        result.is_applicable = True
        kinds = ctx.get_code_list(terrace.codes).entry_by_code
        result.findings += make_findings_of_wrong_values(
            ctx,
            layer,
            terrace.name,
            layer.text("terrace"),
            lambda value: ValueProblem("terrace", {"value": value}) if value and value not in kinds else None,
        )
    return result

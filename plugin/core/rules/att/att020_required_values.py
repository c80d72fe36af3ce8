# SPDX-License-Identifier: GPL-2.0-or-later
from functools import partial

import numpy as np

from ...engine.context import RuleContext
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.template import TemplateField
from .._attributes import (
    ValueProblem,
    make_findings_of_wrong_values,
    make_value_finding,
    read_setting_words,
    shorten_or_mask_value,
)

SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
CENTRE_ZONE_LAYER = {"layer": "ZXCQGHFQ"}
RED_LINE_LAYER = {"layer": "STBHHX"}
#: What names the division of a feature.
_DIVISION_MEANINGS = ("division_code", "division_name")
COMPLETE_ROW = {"wkt": SQUARE_WKT, "zone_code": "410", "zone_name": "城镇集中建设区", "GKZY": "控制建设强度"}


@rule(
    "ATT020",
    "required-values",
    problem="A field is empty or not filled in for good",
    local=True,
    severity=Severity.WARNING,
    basis=["county-db", "A5"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    uses=[
        "attributes.placeholder_words",
        "attributes.empty_words",
        "attributes.filled_codes",
        "attributes.filled_fields",
        "attributes.value_words",
    ],
    messages={
        "": "{layer} ({key}): {field} ({alias}) is empty, but the standard requires a value. Fill it in from "
        "{authority}.",
        "unfilled": "{layer} ({key}): {field} ({alias}) is empty, so that tables and searches by it leave the feature out. "
        "Fill in the value.",
        "placeholder": "{layer} ({key}): {field} ({alias}) is “{value}”, which marks a value that is not final. Fill in the "
        "final value, or clear the remark.",
    },
    fails=[
        RuleExample(
            "no control guidance", {"layer": [{**COMPLETE_ROW, "GKZY": None}]}, finds=1, roles=CENTRE_ZONE_LAYER
        ),
        RuleExample(
            "blanks only",
            {"layer": [{**COMPLETE_ROW, "GKZY": "  ", "zone_name": ""}]},
            finds=2,
            roles=CENTRE_ZONE_LAYER,
        ),
        RuleExample(
            "no division",
            {"layer": [{"wkt": SQUARE_WKT, "division_code": None, "LHLX": "水源涵养"}]},
            finds=1,
            roles=RED_LINE_LAYER,
        ),
        RuleExample(
            "no kind, no name of the county",
            {"layer": [{"wkt": SQUARE_WKT, "division_name": " ", "LHLX": None}]},
            finds=2,
            roles=RED_LINE_LAYER,
        ),
        RuleExample(
            "a dash for a name", {"layer": [{**COMPLETE_ROW, "zone_name": "—"}]}, finds=1, roles=CENTRE_ZONE_LAYER
        ),
        RuleExample("to be settled", {"layer": [{**COMPLETE_ROW, "BZ": "待定"}]}, finds=1, roles=CENTRE_ZONE_LAYER),
    ],
    passes=[
        RuleExample("no remark", {"layer": [{**COMPLETE_ROW, "BZ": "无"}]}, roles=CENTRE_ZONE_LAYER),
        RuleExample("a remark", {"layer": [{**COMPLETE_ROW, "BZ": "现状保留"}]}, roles=CENTRE_ZONE_LAYER),
        RuleExample("all filled", {"layer": [COMPLETE_ROW]}, roles=CENTRE_ZONE_LAYER),
        RuleExample("a field that may be empty", {"layer": [{**COMPLETE_ROW, "BZ": None}]}, roles=CENTRE_ZONE_LAYER),
    ],
)
def required_values(layer: Layer, *, ctx: RuleContext) -> RuleResult:
    """Required fields are filled.

    What it checks
        Every field that the template marks as required (M) has a value on every row; 0 is a value, a blank is not. So
        have code and name of the division, the fields with a code list in `attributes.filled_codes`, apart from kinds
        (LX), the fields in `attributes.filled_fields` (year of the data, number), and the fields with words in
        `attributes.value_words`. Text fields without a code list have no word for a value that is still to come
        (`attributes.placeholder_words`); names and the fields above have no value that means an empty one
        (`attributes.empty_words`).
    Why
        The receiving side's first check rejects an empty required field; for zones of the 中心城区, 管控指引 (GKZY)
        is required.
    How to fix
        Fill in the value named in the message; the layer's form marks required fields.
    Limits
        Templates name few required fields so far, because most field tables were read without that column. SCH002
        reports a missing field, ATT001 a missing BSM, ATT007 a missing YSDM where the layer's code is known; an
        unverified field (mark C) is only information. The words are a setting of mark C; fields with personal data are
        not searched for them. Runs by default for a whole county (scope county), else if the rule or its group
        attributes is selected.
    """
    result = RuleResult(is_applicable=False)
    filled_codes = ctx.norm.get("attributes.filled_codes")
    filled_fields = ctx.norm.get("attributes.filled_fields")
    expected_names: set[str] = set()
    names_with_words = [
        name for role, name, *_ in read_setting_words(ctx.norm, "attributes.value_words", 3) if role == layer.role
    ]
    for template_field in layer.template.fields:
        is_checked_by_other_rule = template_field.meaning == "key" or (
            template_field.meaning == "feature_code" and layer.template.feature_code
        )
        is_required = template_field.constraint == "M"
        is_expected = (
            template_field.meaning in _DIVISION_MEANINGS
            or template_field.name in names_with_words
            or template_field.name in filled_fields
            or (
                bool(template_field.codes)
                and template_field.name in filled_codes
                and template_field.meaning != "feature_kind"
            )
        )
        if is_checked_by_other_rule or template_field.personal or not (is_required or is_expected):
            continue
        values = layer.get_column_by_name(template_field.name)
        if values is None:
            continue
        expected_names.add(template_field.name)
        result.is_applicable = True
        severity = Severity.INFO if template_field.mark == "C" else None
        case = "" if is_required else "unfilled"
        problem = ValueProblem(case, {"alias": template_field.alias}, severity)
        for position in np.flatnonzero(values.isna().to_numpy()).tolist():
            result.findings.append(make_value_finding(ctx, layer, position, template_field.name, problem))
    result.is_applicable |= _report_placeholder_values(layer, expected_names, result, ctx)
    return result


def _report_placeholder_values(layer: Layer, expected_names: set[str], result: RuleResult, ctx: RuleContext) -> bool:
    """Add a finding for each placeholder, such as 待定; return True if any field was searched.

    ``expected_names``: fields that need a value. In these fields and in names, a value that means an empty one (无) is
    reported, too.
    """
    placeholder_words = list(ctx.norm.get("attributes.placeholder_words"))
    empty_words = set(ctx.norm.get("attributes.empty_words"))
    was_searched = False
    for template_field in layer.template.fields:
        if (
            template_field.type != "text"
            or template_field.codes
            or template_field.personal
            or template_field.meaning == "key"
        ):
            continue
        if layer.get_column_by_name(template_field.name) is None:
            continue
        was_searched = True
        texts = layer.get_texts_by_name(template_field.name)
        # One search of all values is much faster than one for each value.
        joined_texts = "\n".join(texts)
        refused_words = (
            empty_words if template_field.name in expected_names or template_field.meaning == "feature_name" else set()
        )
        if any(word in joined_texts for word in placeholder_words) or not refused_words.isdisjoint(texts):
            judge = partial(
                _find_placeholder,
                placeholder_words=placeholder_words,
                empty_words=refused_words,
                template_field=template_field,
            )
            result.findings += make_findings_of_wrong_values(ctx, layer, template_field.name, texts, judge)
    return was_searched


def _find_placeholder(
    value: str, *, placeholder_words: list[str], empty_words: set[str], template_field: TemplateField
) -> ValueProblem | None:
    """Return the problem of a value that means a missing one; None for another value."""
    if value not in empty_words and not any(word in value for word in placeholder_words):
        return None
    return ValueProblem(
        "placeholder", {"value": shorten_or_mask_value(template_field, value), "alias": template_field.alias}
    )

# SPDX-License-Identifier: GPL-2.0-or-later
"""Values in messages, displayed by their type and not by their placeholder."""

import json

import pytest

from plugin.core.messages.placeholders import find_placeholders
from plugin.core.messages.texts import (
    NARROW_CASE,
    CodeListName,
    ConceptName,
    IndicatorName,
    Texts,
    insert_field_alias,
    nest_quotation_marks,
)
from plugin.core.model.findings import Finding
from plugin.core.model.rule import load_all_rules


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_message_shows_a_value_by_its_type_not_by_its_placeholder_name(lang):
    texts = Texts(lang)
    names = {
        ConceptName("farmland"): texts.get_concept_name("farmland"),
        CodeListName("planning_zones"): texts.get_setting_name("codes.planning_zones"),
        IndicatorName("red_line_area"): texts.get_indicator_name("red_line_area"),
    }
    for value, name in names.items():
        assert name != value
        # One placeholder, three kinds of values: its name plays no part.
        finding = Finding("STBHHX", code="REL011", params={"concept": value})
        assert name in texts.format_message(finding, {})
        plain = Finding("STBHHX", code="REL011", params={"concept": str(value)})
        assert str(value) in texts.format_message(plain, {})


def test_typed_message_value_is_a_plain_string_in_json_and_comparisons():
    finding = Finding("STBHHX", params={"concept": ConceptName("farmland")})
    assert json.dumps(finding.params) == '{"concept": "farmland"}'
    assert finding.params == {"concept": "farmland"}


def list_narrow_variants():
    """Return rule, case and key of each message for narrow places."""
    return [
        (rule, key.removesuffix(NARROW_CASE).removesuffix("_"), key)
        for rule in load_all_rules().values()
        for key in rule.messages
        if key.endswith(NARROW_CASE)
    ]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_finding_narrower_than_a_metre_has_the_message_for_narrow_places(lang):
    texts, variants = Texts(lang), list_narrow_variants()
    assert len(variants) >= 7
    for rule, case, key in variants:
        widths = {0.4: key, 0.99: key, 1.0: case, 423.0: case, None: case}
        for width, expected_key in widths.items():
            params = {"value": "120700"}
            finding = Finding("STBHHX", code=rule.code, case=case, params=params, area_m2=50.0, width_m=width)
            message = texts.format_message(finding, {})
            end = texts.get_message_template(rule, expected_key)[-12:]
            assert message.endswith(end), (rule.code, width, message)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{layer}的 {field} 为空，请填写 {field}。", "{layer}的图斑面积（{field}）为空，请填写 {field}。"),
        ("维护编号（{field}）", "维护编号（图斑面积 {field}）"),
        ("{field}（{alias}）为空", "{field}（{alias}）为空"),
        ("没有字段", "没有字段"),
    ],
)
def test_chinese_message_names_a_field_by_its_title_once(text, expected):
    assert insert_field_alias(text, "TBMJ", "图斑面积") == expected
    assert insert_field_alias(text, "TBMJ", "") == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("“省“十四五”规划”为 36 %", "“省‘十四五’规划”为 36 %"),
        ("“甲”和“乙”", "“甲”和“乙”"),
        ("“山西省“十四五…”为 36 %", "“山西省“十四五…”为 36 %"),
        ("甲”乙“", "甲”乙“"),
        ("“甲“乙”“丙””", "“甲‘乙’‘丙’”"),
        ("甲", "甲"),
    ],
)
def test_quotation_marks_inside_other_quotation_marks_become_single_ones(text, expected):
    assert nest_quotation_marks(text) == expected


def test_placeholders_of_a_text_are_found_by_their_names():
    assert find_placeholders("{a} 和 {b[0]}、{c.d:.2f}，{{e}}") == {"a", "b", "c"}


def test_message_on_features_of_a_wrong_geometry_type_states_that_type():
    params = {"expected": "polygon", "actual": "line", "count": 6, "more": " …"}
    shown = {"row_names": [["", 15], ["140225000000000016", None]], "types": ["point", "line"]}
    texts = Texts("zh")
    message = texts.format_message(Finding("TRL", code="SCH005", params={**params, "shown": shown}), {})
    assert "有 6 个要素不是面，而是点、线（要素号 15、…000016，其余 4 个在改正后重新检查时列出）" in message
    # A result of an earlier version does not name them.
    assert "而是线。" in texts.format_message(Finding("TRL", code="SCH005", params=params), {})


def test_message_shows_a_value_with_signs_of_placeholders_as_it_is():
    for params, shown in (({"value": "a%{x}"}, "a%{x}"), ({"shown": {"value": "b"}}, "b"), ({"value": 3}, "3")):
        finding = Finding("DLTB", key="140225000000000001", code="ATT004", case="signs", field="BSM", params=params)
        assert all(shown in Texts(lang).format_message(finding, {}) for lang in ("zh", "en"))

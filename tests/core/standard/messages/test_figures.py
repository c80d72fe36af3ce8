# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures in messages: one precision for each value, and none that hides a miss."""

import json
import re
import tomllib

import pytest

from plugin.core.base.placeholders import find_placeholders
from plugin.core.cli.examples.plans import run_example
from plugin.core.fixes.fix_declaration import load_all_fixes
from plugin.core.fixes.proposal import FixTexts
from plugin.core.model.findings import Finding
from plugin.core.model.rule import load_all_rules
from plugin.core.standard import load_standard
from plugin.core.standard.messages.finding_message import NARROW_CASE, format_message
from plugin.core.standard.messages.numbers import (
    choose_decimals_unlike_limits,
    choose_figure_decimals,
    format_hectare_number,
    format_number,
    format_plain_number,
    format_ratio_limit,
    format_signed_number,
    format_square_metres,
    round_unlike_limit,
)
from plugin.core.standard.messages.setting_names import find_where_to_change_setting
from plugin.core.standard.messages.texts import (
    CodeListName,
    ConceptName,
    IndicatorName,
    Texts,
    insert_field_alias,
    nest_quotation_marks,
)
from plugin.core.standard.profile.resolved import read_county_form_choices
from plugin.paths import I18N, TEXTS_FOLDER
from tests.parametrize import for_each
from tests.rule_examples import run_failing_examples

#: A figure with its unit in a Chinese or English message, and the sign before it.
FIGURE_PATTERN = re.compile(r"(?<![\w.…])(\d[\d\u202f]*(?:\.\d+)?) ?(公顷|ha|m²|km²|万亩|wan mu)(?![\w²])")
#: Decimals that figures of each unit may have; a target is printed as it is set, with up to two.
DECIMALS = {"公顷": (2, 4), "ha": (2, 4), "m²": (0, 2), "km²": (0, 1, 2, 3, 4), "万亩": (0, 1, 2, 4), "wan mu": (0, 1, 2, 4)}  # fmt: skip


def list_example_messages(lang):
    """Yield code, message and finding of every example of every rule that finds something."""
    texts, templates = Texts(lang), load_standard("county_db").templates
    for code in load_all_rules():
        for report in run_failing_examples(code):
            for finding in report.findings:
                yield code, format_message(texts, finding, templates), finding


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_figures_of_all_example_messages_have_the_decimals_of_their_unit(lang):
    wrong, seen = [], 0
    for code, message, finding in list_example_messages(lang):
        for text, unit in FIGURE_PATTERN.findall(message):
            seen += 1
            decimals = len(text.partition(".")[2])
            value = float(text.replace("\u202f", ""))
            # Figures with a target have as many as the miss needs; figures of printed tables are quoted.
            if "unit" in finding.params or code.startswith("DOC"):
                continue
            hectares = unit in ("公顷", "ha")
            if decimals not in DECIMALS[unit] or (hectares and decimals != (2 if value >= 1 else 4)):
                wrong.append((code, text, unit, message))
        wrong += [(code, text) for text in re.findall(r"\d\.\d{5,}(?= ?(?:公顷|ha|m²|km²|万亩))", message)]
    assert seen > 200 and not wrong, wrong


@pytest.mark.parametrize(
    ("value", "target", "unit", "shown", "miss"),
    [
        # As the indicators print them: km² two decimals, 万亩 four.
        (17.434765, "16.46", "km2", "17.43", "0.97"),
        (0.246033, "0.25", "wan_mu", "0.2460", "0.0040"),
        (63.828012, "63.52", "wan_mu", "63.8280", "0.3080"),
        # As many decimals as a miss needs.
        (16.461234, "16.46", "km2", "16.4612", "0.0012"),
        (16.460004, "16.46", "km2", "16.460004", "0.000004"),
        # As the target prints.
        (17.434765, "16.4600", "km2", "17.4348", "0.9748"),
        (3.0, "2", "count", "3", "1"),
    ],
)
def test_value_that_misses_its_target_is_shown_with_enough_decimals_to_differ_from_the_target(
    value, target, unit, shown, miss
):
    params = {"indicator": "boundary_area", "value": value, "comparison": "≤", "target": target, "unit": unit,
              "miss": round(abs(value - float(target)), 8)}  # fmt: skip
    finding = Finding("CZKFBJ", code="LAW002", case="broken", params=params)
    message = format_message(Texts("zh"), finding, load_standard("county_db").templates)
    assert f"为 {shown} " in message and f"超出 {miss} " in message
    assert shown != target
    # Waivers are matched by the stored parameters.
    assert finding.params["value"] == value


TEMPLATES = load_standard("county_db").templates


@for_each(
    "finding, lang, text",
    [
        # In the unit of its limit.
        (Finding("DLTB", "1", code="GEO007", params={"limit": 400.0}, area_m2=123.456), "zh", "面积 123.46 m²，小于该图层的最小面积 400 m²"),
        (Finding("DLTB", "1", code="GEO007", params={"limit": 400.0}, area_m2=123.456), "en", "has 123.46 m², below"),
        # Never as the limit that it misses.
        (Finding("DLTB", "1", code="GEO007", params={"limit": 400.0}, area_m2=399.998), "zh", "面积 399.998 m²"),
        (Finding("CZKFBJ", code="LAW001", params={"form": "N1", "limit": 1.2, "ratio_text": "1.2001", "numerator": 1.0, "denominator": 1.0, "excess": 1.0}), "zh", "超过上限 1.20"),
        (Finding("ZRBHD", code="LAW022", case="share", params={"share": 99.9999, "limit": 100.0, "short": 899.96}), "zh", "99.9999%"),
        (Finding("DLTB", code="SCH001", params={"concept": ConceptName("DLTB"), "roles": ["DLTB"]}), "zh", "缺地类图斑图层（图层代码：DLTB）"),
    ],
)  # fmt: skip
def test_message_shows_figures_unlike_their_limit_and_a_missing_layer_by_name_and_code(finding, lang, text):
    message = format_message(Texts(lang), finding, TEMPLATES)
    assert text in message and "100.00%" not in message


FORMATTED_FIGURES = {
    format_hectare_number: [
        ((0.36,), "< 0.0001"), ((6.89,), "0.0007"), ((9_999.0,), "0.9999"), ((10_000.0,), "1.00"), ((1_261_300.0,), "126.13"),
        ((28_000_000.0,), "2\u202f800.00"), ((0.0,), "0.0000"), ((None,), "—"),
    ],
    # Areas below a hundredth of a hectare are in square metres.
    Texts("zh").format_area: [
        ((0.53,), "0.53 m²"), ((0.004,), "< 0.01 m²"), ((6.89,), "6.89 m²"), ((99.99,), "99.99 m²"), ((100.0,), "0.0100 公顷"),
        ((0.0,), "0.0000 公顷"), ((None,), "—"),
    ],
    Texts("en").format_area: [((0.004,), "< 0.01 m²"), ((99.99,), "99.99 m²"), ((100.0,), "0.0100 ha"), ((0.0,), "0.0000 ha"), ((None,), "—")],
    format_square_metres: [((12_640.354,), "12\u202f640.35 m²"), ((None,), "—")],
    # A minus sign, but not for zero.
    format_number: [((1234.5, 1), "1\u202f234.5"), ((-1234.5, 2), "−1\u202f234.50"), ((-0.004, 2), "0.00")],
    format_signed_number: [((0.35, 2), "+0.35"), ((-0.35, 2), "−0.35"), ((0.004, 2), "0.00"), ((-0.004, 2), "0.00")],
    # Settings keep the decimals they were written with.
    format_plain_number: [
        ((100_000.0,), "100\u202f000"), ((1000,), "1\u202f000"), ((0.5,), "0.5"), ((0.0001,), "0.0001"), ((-1234.25,), "−1\u202f234.25"), ((50,), "50"),
    ],
    format_ratio_limit: [((1.2,), "1.20"), ((1.25,), "1.25"), ((1.255,), "1.255")],
    choose_figure_decimals: [(("count", 0, -1.0, 3.0), 0)],
    # A value that misses a limit is not rounded to it.
    round_unlike_limit: [
        ((99.99994, 100.0), 99.9999), ((99.994, 100.0), 99.99), ((100.0, 100.0), 100.0), ((5.000001, 5.0), 5.000001), ((36.0, 55.0), 36.0),
    ],
    choose_decimals_unlike_limits: [((1.0 + 1e-9, [1.0]), 6)],
    nest_quotation_marks: [
        (("“省“十四五”规划”为 36 %",), "“省‘十四五’规划”为 36 %"), (("“甲”和“乙”",), "“甲”和“乙”"), (("“山西省“十四五…”为 36 %",), "“山西省“十四五…”为 36 %"),
        (("甲”乙“",), "甲”乙“"), (("“甲“乙”“丙””",), "“甲‘乙’‘丙’”"), (("甲",), "甲"),
    ],
    find_placeholders: [(("{a} 和 {b[0]}、{c.d:.2f}，{{e}}",), {"a", "b", "c"})],
}  # fmt: skip


@for_each(
    "function, given, shown", [(function, *case) for function, cases in FORMATTED_FIGURES.items() for case in cases]
)
def test_figures_and_quotations_are_printed_by_their_kind_and_size(function, given, shown):
    assert function(*given) == shown


@pytest.mark.parametrize(
    ("unit", "hectares"), [("wan_mu", "（约 16.13 公顷）"), ("km2", "（约 2.42 公顷）"), ("ha", ""), ("count", "")]
)
def test_message_on_a_rounding_difference_adds_the_hectares_unless_the_unit_is_hectare_or_count(unit, hectares):
    params = {"indicator": "farmland_area", "town": "甲镇", "value": 10.8758, "comparison": "≥", "target": "10.9", "unit": unit,
              "miss": 0.0242}  # fmt: skip
    finding = Finding("YJJBNTBHTB", code="LAW004", case="rounding", params=params)
    message = format_message(Texts("zh"), finding, load_standard("county_db").templates)
    assert f"{hectares}，在任务数末位" in message and message.count("（约") == bool(hectares)


def test_figure_in_a_message_has_fewer_decimals_than_the_stored_one_that_waivers_compare():
    texts, templates, compared = Texts("zh"), load_standard("county_db").templates, 0
    for example in load_all_rules()["LAW007"].fails:
        for finding in run_example(load_all_rules()["LAW007"], example).findings:
            stored, displayed = finding.params.get("value"), finding.params.get("shown", {}).get("value")
            if displayed is None or "{value}" not in texts.get_message_template(
                load_all_rules()["LAW007"], finding.case
            ):
                continue
            compared += 1
            message = format_message(texts, finding, templates)
            assert displayed in message and stored not in message and len(stored) > len(displayed)
            assert abs(float(stored.split()[0]) - float(displayed.split()[0])) < 0.01
    assert compared


def test_message_lists_rows_with_changed_attributes_of_a_sealed_line():
    rule = load_all_rules()["LAW017"]
    *_, another_land_use = rule.fails
    (finding,) = run_example(rule, another_land_use).findings
    assert "要素不一致（" in finding.message
    assert finding.geometry is None, "earlier waivers have no place"


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
        assert name in format_message(texts, finding, {})
        plain = Finding("STBHHX", code="REL011", params={"concept": str(value)})
        assert str(value) in format_message(texts, plain, {})


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
            message = format_message(texts, finding, {})
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


def test_message_on_features_of_a_wrong_geometry_type_states_that_type():
    params = {"expected": "polygon", "actual": "line", "count": 6, "more": " …"}
    shown = {"row_names": [["", 15], ["140225000000000016", None]], "types": ["point", "line"]}
    texts = Texts("zh")
    message = format_message(texts, Finding("TRL", code="SCH005", params={**params, "shown": shown}), {})
    assert "有 6 个要素不是面，而是点、线（要素号 15、…000016，其余 4 个在改正后重新检查时列出）" in message
    # A result of an earlier version does not name them.
    assert "而是线。" in format_message(texts, Finding("TRL", code="SCH005", params=params), {})


#: What looks like a key of the standard's settings.
SETTING_KEY_PATTERN = re.compile(r"(?<![\w./-])[a-z_]+(?:\.\w+)+", re.ASCII)
STANDARD = load_standard("county_db")
SETTINGS = set(STANDARD.settings)


def find_keys(text: str) -> list[str]:
    """Return the keys of settings in a text: those of the standard, and of groups of them."""
    return [
        k for k in SETTING_KEY_PATTERN.findall(text) if k in SETTINGS or any(s.startswith(f"{k}.") for s in SETTINGS)
    ]


def find_keys_without_title(text: str, titles: dict[str, str], closing_text: str) -> list[str]:
    """Return the keys in a text that are not in brackets after their title.

    ``closing_text``: text between title and bracket, such as a quotation mark.
    """
    named = {key for key in find_keys(text) if f"{titles.get(key)}{closing_text}[{key}]" in text}
    return [key for key in find_keys(text) if key not in named]


@pytest.mark.parametrize(("lang", "close"), [("zh", "”"), ("en", "” ")])
def test_help_of_rules_and_fixes_states_titles_of_settings_and_where_to_change_them(lang, close):
    texts = Texts(lang)
    titles, place_texts = texts.get_section("setting"), texts.get_section("setting_place")
    fix_texts = FixTexts(lang, STANDARD.templates)
    helps = {code: texts.get_rule_help(rule) for code, rule in load_all_rules().items()}
    helps |= {code: fix_texts.get_help(fix) for code, fix in load_all_fixes().items()}
    untitled = {}
    with_settings = 0
    for code, help_texts in helps.items():
        whole = " ".join(help_texts.values())
        if found := find_keys_without_title(whole, titles, close):
            untitled[code] = found
        last = list(help_texts.values())[-1]
        for key in find_keys(whole):
            with_settings += 1
            opening = place_texts[find_where_to_change_setting(key)].partition("{titles}")[0]
            sentence = last[last.index(opening) :]
            assert f"“{titles[key]}”" in sentence, (code, key)
    assert not untitled
    assert with_settings > 40


@pytest.mark.parametrize(("lang", "close"), [("zh", "”"), ("en", "” ")])
def test_messages_name_settings_by_title(lang, close):
    texts = Texts(lang)
    titles = texts.get_section("setting")
    messages = {
        f"{code} {case}": texts.get_message_template(rule, case)
        for code, rule in load_all_rules().items()
        for case in rule.messages
    }
    messages |= {f"reasons {key}": str(text) for key, text in texts.get_section("reasons").items()}
    assert not {name: keys for name, text in messages.items() if (keys := find_keys_without_title(text, titles, close))}


def test_place_of_a_setting_states_its_group_in_the_county_profile_dialog():
    choices = read_county_form_choices()
    assert {find_where_to_change_setting(key) for key in choices.limits} == {"limits"}
    assert {find_where_to_change_setting(key) for key in choices.tolerances} == {"tolerances"}
    assert find_where_to_change_setting("attributes.layer_codes") == "file"
    words = tomllib.loads((TEXTS_FOLDER / "zh.toml").read_text(encoding="utf-8"))["setting_place"]
    window_texts = (I18N / "sanxian_zh_CN.ts").read_text(encoding="utf-8")
    sources = {
        "ratio": "Expansion ratio of the urban development boundary",
        "limits": "Other limits",
        "tolerances": "Tolerances",
    }
    for place, source in sources.items():
        title = re.search(rf"<source>{source}</source>\s*<translation>([^<]+)</translation>", window_texts)[1]
        assert f"“{title}”" in words[place], "the text names the group as the window does"

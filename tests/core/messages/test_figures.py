# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures in messages: one precision for each value, and none that hides a miss."""

import re

import pytest

from plugin.core.examples.plans import run_example
from plugin.core.messages.numbers import (
    choose_figure_decimals,
    format_hectare_number,
    format_number,
    format_plain_number,
    format_signed_number,
    format_square_metres,
)
from plugin.core.messages.texts import Texts
from plugin.core.model.findings import Finding
from plugin.core.model.rule import load_all_rules
from plugin.core.standard import load_standard
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
                yield code, texts.format_message(finding, templates), finding


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
    message = Texts("zh").format_message(finding, load_standard("county_db").templates)
    assert f"为 {shown} " in message and f"超出 {miss} " in message
    assert shown != target
    # Waivers are matched by the stored parameters.
    assert finding.params["value"] == value


def test_message_shows_an_area_in_square_metres_if_its_limit_is_in_square_metres():
    finding = Finding("DLTB", code="GEO007", key="1", params={"limit": 400.0})
    finding.area_m2 = 123.456
    message = Texts("zh").format_message(finding, load_standard("county_db").templates)
    assert "面积 123.46 m²，小于该图层的最小面积 400 m²" in message
    assert "has 123.46 m², below" in Texts("en").format_message(finding, load_standard("county_db").templates)


@pytest.mark.parametrize(
    ("area", "text"),
    [(0.36, "< 0.0001"), (6.89, "0.0007"), (9_999.0, "0.9999"), (10_000.0, "1.00"), (1_261_300.0, "126.13"),
     (28_000_000.0, "2\u202f800.00"), (0.0, "0.0000"), (None, "—")],
)  # fmt: skip
def test_areas_in_hectares_have_two_decimals_or_four_below_one_hectare(area, text):
    assert format_hectare_number(area) == text


@pytest.mark.parametrize(
    ("area", "zh", "en"),
    [(0.53, "0.53 m²", "0.53 m²"), (0.004, "< 0.01 m²", "< 0.01 m²"),
     (6.89, "6.89 m²", "6.89 m²"), (99.99, "99.99 m²", "99.99 m²"), (100.0, "0.0100 公顷", "0.0100 ha"), (0.0, "0.0000 公顷", "0.0000 ha"), (None, "—", "—")],
)  # fmt: skip
def test_messages_show_areas_below_a_hundredth_of_a_hectare_in_square_metres(area, zh, en):
    assert Texts("zh").format_area(area) == zh and Texts("en").format_area(area) == en


@pytest.mark.parametrize(
    ("unit", "hectares"), [("wan_mu", "（约 16.13 公顷）"), ("km2", "（约 2.42 公顷）"), ("ha", ""), ("count", "")]
)
def test_message_on_a_rounding_difference_adds_the_hectares_unless_the_unit_is_hectare_or_count(unit, hectares):
    params = {"indicator": "farmland_area", "town": "甲镇", "value": 10.8758, "comparison": "≥", "target": "10.9", "unit": unit,
              "miss": 0.0242}  # fmt: skip
    finding = Finding("YJJBNTBHTB", code="LAW004", case="rounding", params=params)
    message = Texts("zh").format_message(finding, load_standard("county_db").templates)
    assert f"{hectares}，在任务数末位" in message and message.count("（约") == bool(hectares)


def test_message_shows_square_metres_with_two_decimals():
    assert format_square_metres(12_640.354) == "12\u202f640.35 m²" and format_square_metres(None) == "—"
    assert format_number(1234.5, 1) == "1\u202f234.5"


def test_message_shows_a_count_near_its_target_without_decimals():
    assert choose_figure_decimals("count", 0, -1.0, 3.0) == 0


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
            message = texts.format_message(finding, templates)
            assert displayed in message and stored not in message and len(stored) > len(displayed)
            assert abs(float(stored.split()[0]) - float(displayed.split()[0])) < 0.01
    assert compared


def test_settings_have_thin_spaces_between_groups_and_the_decimals_they_were_written_with():
    values = (100_000.0, 1000, 0.5, 0.0001, -1234.25, 50)
    figures = [format_plain_number(value) for value in values]
    assert figures == ["100\u202f000", "1\u202f000", "0.5", "0.0001", "−1\u202f234.25", "50"]


def test_message_shows_a_minus_sign_for_negative_figures_but_not_for_zero():
    assert format_number(-1234.5, 2) == "−1\u202f234.50"
    assert format_number(-0.004, 2) == "0.00"
    assert [format_signed_number(v, 2) for v in (0.35, -0.35, 0.004, -0.004)] == ["+0.35", "−0.35", "0.00", "0.00"]

# SPDX-License-Identifier: GPL-2.0-or-later
"""A value that misses its limit never looks equal to the limit, and messages name layers, rows and areas."""

from plugin.core.examples.plans import run_example
from plugin.core.messages.numbers import choose_decimals_unlike_limits, round_unlike_limit
from plugin.core.messages.texts import ConceptName, Texts
from plugin.core.model.findings import Finding
from plugin.core.model.rule import load_all_rules
from plugin.core.standard import load_standard
from tests.parametrize import for_each

TEMPLATES = load_standard("county_db").templates


@for_each(
    "value, limit, rounded",
    [(99.99994, 100.0, 99.9999), (99.994, 100.0, 99.99), (100.0, 100.0, 100.0), (5.000001, 5.0, 5.000001), (36.0, 55.0, 36.0)],
)  # fmt: skip
def test_value_that_misses_a_limit_is_not_rounded_to_the_limit(value, limit, rounded):
    assert round_unlike_limit(value, limit) == rounded


def test_value_near_a_limit_is_shown_with_at_most_six_decimals():
    assert choose_decimals_unlike_limits(1.0 + 1e-9, [1.0]) == 6


def test_share_below_its_limit_is_not_printed_as_the_limit():
    params = {"share": 99.9999, "limit": 100.0, "short": 899.96}
    message = Texts("zh").format_message(Finding("ZRBHD", code="LAW022", case="share", params=params), TEMPLATES)
    assert "99.9999%" in message and "100.00%" not in message


def test_area_below_its_limit_is_not_printed_as_the_limit():
    finding = Finding("DLTB", "1", code="GEO007", params={"limit": 400.0}, area_m2=399.998)
    assert "面积 399.998 m²" in Texts("zh").format_message(finding, TEMPLATES)


def test_message_on_a_missing_layer_states_its_name_and_code():
    params = {"concept": ConceptName("DLTB"), "roles": ["DLTB"]}
    message = Texts("zh").format_message(Finding("DLTB", code="SCH001", params=params), TEMPLATES)
    assert message.startswith("缺地类图斑图层（图层代码：DLTB）")


def test_message_lists_rows_with_changed_attributes_of_a_sealed_line():
    rule = load_all_rules()["LAW017"]
    *_, another_land_use = rule.fails
    (finding,) = run_example(rule, another_land_use).findings
    assert "要素不一致（" in finding.message
    assert finding.geometry is None, "earlier waivers have no place"

# SPDX-License-Identifier: GPL-2.0-or-later
"""A rule's findings do not depend on other rules of a run; their order is fixed."""

import pytest

from plugin.core.examples.plans import make_example_plan
from plugin.core.messages.texts import format_width
from plugin.core.model.findings import sort_findings
from plugin.core.model.rule import load_all_rules
from plugin.core.results.run import run_check
from tests.core.small_plan import check_data, convert_to_source_layers, list_findings_of_rules, make_small_plan_layers
from tests.sample import check_sample_county

SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"


@pytest.fixture(scope="module")
def complete_county_report():
    return check_sample_county().report


def test_findings_on_required_fields_do_not_depend_on_which_other_rules_run(complete_county_report):
    tables = make_small_plan_layers()
    tables["DLTB"] = tables["DLTB"].drop(columns=["TBMJ"])
    wanted = [
        (f.role, f.field, f.case)
        for f in list_findings_of_rules(check_data(convert_to_source_layers(tables)).report, "SCH002")
    ]
    assert wanted
    for rules in (["SCH002"], ["SCH002", "LAW001"], ["all"]):
        report = check_data(convert_to_source_layers(tables), rules).report
        assert [(f.role, f.field, f.case) for f in list_findings_of_rules(report, "SCH002")] == wanted, rules


def test_report_findings_are_sorted_by_rule_layer_role_and_key(complete_county_report):
    order = [rule.code for rule in load_all_rules().values()]
    positions = [
        (order.index(f.code) if f.code in order else len(order), f.code, f.role, f.key)
        for f in complete_county_report.findings
    ]
    assert positions == sorted(positions) and len({code for _, code, _, _ in positions}) > 5
    assert [f.fingerprint for f in sort_findings(reversed(complete_county_report.findings))] == [
        f.fingerprint for f in complete_county_report.findings
    ]


def test_outcome_of_the_rule_on_invalid_shapes_names_the_rule_that_reports_arcs_in_its_place():
    report = check_data(
        convert_to_source_layers(make_small_plan_layers()), ["ATT002", "ATT018", "GEO002", "GEO004"]
    ).report
    reasons = {outcome.code: outcome.reason for outcome in report.rules}
    assert "GEO004" in reasons["GEO002"] and "GEO004" not in reasons["GEO004"]


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (None, "—"),
        (12.345, "12.35"),
        (0.1, "0.10"),
        (0.0999, "0.10"),
        (0.012, "0.012"),
        (0.00341, "0.0034"),
        (0.0002, "0.0002"),
        (0.00001, "< 0.0001"),
        (0.0, "0.00"),
    ],
)
def test_narrow_width_is_never_printed_as_zero_metres(width, text):
    assert format_width(width) == text


def test_narrow_overlap_prints_its_mean_width():
    strip = "POLYGON ((9 0, 309 0, 309 0.01, 9 0.01, 9 0))"
    plan = make_example_plan({"farmland": [strip], "red_line": [strip]})
    (finding,) = run_check(plan, [load_all_rules()["REL001"]]).findings
    # 2 × 3 m² ÷ 600.02 m.
    assert finding.width_m == pytest.approx(6 / 600.02, rel=1e-3)
    assert "宽 0.01 m" in finding.message and "0.00 " not in finding.message

# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on attributes: personal values, dates and repeated values; defects are planted in tests/mutations."""

import pytest

from plugin.core.engine.evaluate import choose_rules
from plugin.core.examples.plans import make_example_plan
from plugin.core.files.cells import parse_date
from plugin.core.model.report import Outcome
from plugin.core.model.rule import load_all_rules
from plugin.core.results.run import run_check
from plugin.core.rules._attributes import ValueProblem, find_wrong_rows

ATTRIBUTE_RULES = [code for code in load_all_rules() if code.startswith("ATT")]
SQUARE = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"


def test_findings_of_attribute_rules_contain_no_personal_value():
    secret = "王某某锟斤拷|'"
    plan = make_example_plan({"farmland": [{"wkt": SQUARE, **dict.fromkeys(("CFZR", "ZRRMC", "JZDZ"), secret)}]})
    report = run_check(plan, choose_rules([], ATTRIBUTE_RULES))
    assert {f.field for f in report.findings if f.code == "ATT015"} == {"CFZR", "ZRRMC", "JZDZ"}
    assert "王某" not in "".join(str(f.to_dict()) for f in report.findings)


def test_rule_with_an_invalid_setting_of_code_and_name_pairs_is_skipped_with_the_key_as_reason():
    rows = {"parcels": [{"wkt": SQUARE, "ZLDWDM": "1", "ZLDWMC": "甲"}]}
    plan = make_example_plan(rows, settings={"attributes.name_pairs": ["ZLDWDM"]})
    (outcome,) = run_check(plan, choose_rules([], ["ATT021"])).rules
    assert outcome.outcome is Outcome.SKIPPED and "attributes.name_pairs" in outcome.reason


def test_each_distinct_attribute_value_is_inspected_once():
    asked = []

    def inspect_value(value):
        asked.append(value)
        return ValueProblem(value) if value == "b" else None

    assert [(n, wrong.case) for n, wrong in find_wrong_rows(["a", "b", "a", "b", ""], inspect_value)] == [
        (1, "b"),
        (3, "b"),
    ]
    assert sorted(asked) == ["", "a", "b"]


@pytest.mark.parametrize(
    ("text", "day"),
    [("2025-10-01", "2025-10-01"), ("2025/1/5", "2025-01-05"), ("2025.10.1", "2025-10-01"), ("2025年2月3日", "2025-02-03"),
     ("20240229", "2024-02-29"), ("2025-10-01 00:00:00", "2025-10-01"), ("2025-10-01T08:00:00+08:00", "2025-10-01"),
     ("2025-02-29", None), ("2025", None), ("1/10/2025", None), ("45231", None), ("２０２５-10-01x", None)],
)  # fmt: skip
def test_dates_of_a_protection_period_are_parsed_from_text(text, day):
    found = parse_date(text)
    assert (found and found.isoformat()) == day


@pytest.mark.parametrize(
    ("numbers", "names_villages"),
    [(["7", "7"], True), (["14022500000001", "14022500000001"], False), (["7", "7", "14022500000001"], False)],
)
def test_summary_of_repeated_numbers_names_villages_only_if_all_are_counted_by_village(numbers, names_villages):
    square = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
    villages = ["1402251002000000000", "1402251002010000000"]
    rows = [{"wkt": square, "ZLDWDM": village, "TBBH": number} for number in set(numbers) for village in villages * 2]
    plan = make_example_plan({"layer": rows}, {"layer": "DLTB"})
    report = run_check(plan, [load_all_rules()["ATT024"]], parameters={"ATT024": {"listed_count": 0}})
    (finding,) = report.findings
    assert finding.case == "many"
    assert ("不同坐落单位的相同编号不计" in finding.message) == names_villages

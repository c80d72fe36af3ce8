# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts of rules by outcome: each rule counts once, in reports, logs and the console."""

import re

import pytest

from plugin.core.cli.checking import format_summary
from plugin.core.exchange.vct.database import check_imported_plan
from plugin.core.messages.texts import Texts
from plugin.core.model.report import Outcome, Report
from plugin.core.render.verdict import count_by_family, format_rule_counts, list_caveats
from plugin.core.render.words import ReportTexts
from tests.core.report_fixtures import make_report


def make_report_with_partly_checked_rule(lang: str = "zh") -> Report:
    """Return a report in which one rule with findings could not check everything."""
    report = make_report(lang)
    rule = next(r for r in report.rules if r.outcome is Outcome.FAILED)
    rule.incomplete, rule.reason = True, "图层 GDBHMB 没有字段 JMJ。"
    return report


def sum_of_counts(sentence: str) -> int:
    """Return the sum of the counts by outcome in a sentence, without those in brackets."""
    counts = re.sub("[（(][^）)]*[）)]", "", sentence).partition("：" if "：" in sentence else ":")[2]
    return sum(int(number) for number in re.findall(r"\d+", counts))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_each_rule_counts_under_one_outcome(lang):
    report = make_report_with_partly_checked_rule(lang)
    words = ReportTexts(lang)
    assert sum_of_counts(format_rule_counts(report, words)) == len(report.rules)
    skipped = sum(rule.outcome is Outcome.SKIPPED for rule in report.rules)
    assert report.rule_counts["skipped"] == skipped
    # Report files promise the number of all rules that were not checked completely.
    assert report.summary["skipped"] == skipped + 1


def test_counts_of_rules_by_outcome_state_how_many_of_them_were_checked_only_in_part():
    report, words = make_report_with_partly_checked_rule(), ReportTexts("zh")
    failed = report.rule_counts["failed"]
    assert f"有问题 {failed} 条（其中 1 条部分未检查）" in format_rule_counts(report, words)
    caveats = list_caveats(report, None, words)
    assert any("有 1 条规则只检查了一部分数据" in sentence for sentence in caveats)
    assert any(f"有 {report.rule_counts['skipped']} 条规则被跳过" in sentence for sentence in caveats)


def test_console_and_log_state_the_same_counts_as_the_report():
    report, words = make_report_with_partly_checked_rule(), ReportTexts("zh")
    counts = format_rule_counts(report, words)
    assert counts in format_summary(report, words)[0]
    assert counts in check_imported_plan(lambda: report, Texts("zh")).summary_sentences[0]


def test_outcomes_of_a_family_sum_to_its_rules():
    table = count_by_family(make_report_with_partly_checked_rule(), ReportTexts("zh"))
    assert table["columns"][-1] == "其中部分未检查"
    for row in table["rows"]:
        assert row["values"][0] == sum(row["values"][1:-1]), row["name"]

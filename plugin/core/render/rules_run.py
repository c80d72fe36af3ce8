# SPDX-License-Identifier: GPL-2.0-or-later
"""The sentence on how many rules ran and which groups of rules did not.

Report, panel and log show it.
"""

from __future__ import annotations

from collections.abc import Collection

from ..model.report import Report
from ..profile import Norm
from .words import ReportTexts


def describe_rules_run(report: Report, norm: Norm, report_texts: ReportTexts) -> str:
    """Return the sentence on how many rules ran, of how many, and the groups left out.

    Each group has the number of its rules.
    """
    run = [rule.code for rule in report.rules]
    total = len(find_rules_for_data(run, norm))
    groups = find_omitted_rule_groups(run, norm)
    if not groups:
        return report_texts.get("say", "rules_run" if len(run) < total else "rules_run_all", run=len(run), total=total)
    group_counts_text = report_texts.join_parts(
        report_texts.get("say", "group", name=report_texts.get_text_or_key("rule_group", name), count=count)
        for name, count in groups.items()
    )
    return report_texts.get("say", "rules_run_groups", run=len(run), total=total, names=group_counts_text)


def find_rules_for_data(run_codes: Collection[str], norm: Norm) -> list[str]:
    """Return the codes of all rules for the kind of data that a run checked.

    ``run_codes``: codes of the rules that ran. Rules on packages and on yearly maintenance (DOC) count only if a rule
    of the same group ran: other data have nothing for them.
    """
    foreign = {code for codes in _get_rule_groups_for_other_data(run_codes, norm).values() for code in codes}
    return [code for code in norm.rules_by_code if code not in foreign or code in run_codes]


def find_omitted_rule_groups(run_codes: Collection[str], norm: Norm) -> dict[str, int]:
    """Return rule group → number of its rules that did not run; without groups whose rules all ran.

    ``run_codes``: codes of the rules that ran. A rule of several groups counts in the first of them.
    """
    foreign = _get_rule_groups_for_other_data(run_codes, norm)
    counts, counted_codes = {}, set(run_codes)
    for name, codes in norm.standard.rule_groups.items():
        if name not in foreign and (omitted := set(codes) - counted_codes):
            counts[name] = len(omitted)
            counted_codes |= omitted
    return counts


def _get_rule_groups_for_other_data(run_codes: Collection[str], norm: Norm) -> dict[str, tuple[str, ...]]:
    """Return the rule groups on packages or yearly maintenance of which no rule ran: group → rule codes."""
    return {
        name: tuple(codes)
        for name, codes in norm.standard.rule_groups.items()
        if all(code.startswith("DOC") for code in codes) and not set(codes) & set(run_codes)
    }

# SPDX-License-Identifier: GPL-2.0-or-later
"""The verdict of a report, its caveats, and the counts of rules by outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

from ..base.placeholders import join_first
from ..model.findings import is_about_unread_data
from ..model.report import Report, makes_run_incomplete
from ..standard.bounds import DISABLED_PREFIX
from ..standard.messages.numbers import format_square_metres
from ..standard.messages.texts import Texts, format_number
from ..standard.profile import Norm
from ..standard.profile.profile_data import ABSENCE_ITEM
from ..standard.profile.resolved import read_county_form_choices
from .finding_lists import make_rule_sort_key
from .words import ReportTexts

#: Largest number of expected rules that did not run in one sentence.
_MAX_GROUPS_NAMED = 5
_OUTCOME_COLUMNS = ("passed", "failed", "waived", "not_applicable", "skipped", "crashed")
#: Key of the texts for the column of rules that checked only a part, whatever their outcome.
_PARTLY_CHECKED = "partly_checked"


def format_rule_counts(report: Report, report_texts: ReportTexts) -> str:
    """Return the number of rules by outcome as a sentence; each rule counts once.

    Rules that checked only a part are stated in brackets behind their outcome.
    """
    counts = report.rule_counts
    partly_checked = Counter(str(rule.outcome) for rule in report.rules if rule.is_partly_checked)
    always = ("passed", "failed", "skipped", "crashed")
    parts = [
        report_texts.get("count", "of_rules", outcome=report_texts.get("outcome", key), count=counts[key])
        + (
            report_texts.put_in_brackets(report_texts.get("count", "partly_checked", count=partly_checked[key]))
            if partly_checked[key]
            else ""
        )
        for key in _OUTCOME_COLUMNS
        if counts[key] or key in always
    ]
    head = report_texts.get("count", "rules", count=len(report.rules))
    return report_texts.get("count", "list", head=head, parts=report_texts.get("count", "comma").join(parts))


def list_caveats(
    report: Report, norm: Norm | None, report_texts: ReportTexts, *, names_settings: bool = True
) -> list[str]:
    """Return what a reader must know about a report, the most important first.

    ``names_settings`` False: unconfirmed settings are counted, because an appendix lists them.
    """
    if not report.rules:
        return [report_texts.get("say", "no_rule")]
    summary = report.summary
    not_run = summary["skipped"] + summary["crashed"]
    doubts, settings = list_unconfirmed_items(summary["unconfirmed"], report_texts)
    slivers = format_number(report.tolerance.get("ignored_slivers", 0), 0)
    area = format_square_metres(report.tolerance.get("ignored_area_m2", 0.0))
    is_examined, has_findings = report.has_examined_rules, bool(report.findings)
    count, skipped, crashed = len(report.rules), report.rule_counts["skipped"], report.rule_counts["crashed"]
    unread, in_part = sum(map(is_about_unread_data, report.findings)), sum(r.is_partly_checked for r in report.rules)
    # Rules that ran, expected rules that did not run, and additional rules; some sentences are empty.
    provenance = report.provenance
    expected = norm.list_expected_rules_of_scope(provenance.get("scope", "")) if norm is not None else ()
    left_out = sorted(set(expected) - {r.code for r in report.rules})
    names = join_first(left_out, report_texts.get("page", "separator"), limit=_MAX_GROUPS_NAMED)
    counts = {"default": len(expected), "run": len(expected) - len(left_out)}
    beyond, reused = provenance.get("beyond", []), provenance.get("reused_rules", [])
    scope_sentences = [
        describe_rules_run(report, norm, report_texts) if norm is not None else "",
        report_texts.get("say", "fewer_rules", **counts, names=names) if left_out else "",
        report_texts.get("say", "beyond", count=len(beyond), names=report_texts.join_parts(beyond)) if beyond else "",
        report_texts.get("say", "reused", count=len(reused)) if reused else "",
    ]
    caveats = [
        report_texts.get("say", "none_found_skipped", count=not_run) if not_run and not has_findings else "",
        report_texts.get("say", "skipped_and_crashed", skipped=skipped, crashed=crashed) if skipped and crashed else "",
        report_texts.get("say", "skipped", count=skipped) if skipped and not crashed else "",
        report_texts.get("say", "crashed", count=crashed) if crashed and not skipped else "",
        report_texts.get("say", "unread", count=unread) if unread else "",
        report_texts.get("say", "partly", count=in_part) if in_part else "",
        report_texts.get("say", "wrong_frame") if any(map(makes_run_incomplete, report.findings)) else "",
        report_texts.get("say", "nothing_examined", count=count) if not (not_run or is_examined) else "",
        report_texts.get("say", "clean", count=count, slivers=slivers, area=area)
        if is_examined and not (not_run or has_findings)
        else "",
        report_texts.get("say", "unconfirmed", names=report_texts.join_parts(settings))
        if settings and names_settings
        else "",
        describe_unconfirmed_settings(report, len(settings), report_texts) if settings and not names_settings else "",
        report_texts.get("say", "doubtful", names=report_texts.join_parts(doubts)) if doubts else "",
        *scope_sentences,
        report_texts.get("say", "unsaved") if has_unsaved_edits(report) else "",
        report_texts.get("say", "waived", count=summary["waived"]) if summary["waived"] else "",
        describe_package_waivers(report, report_texts),
    ]
    return list(filter(None, caveats))


def has_unsaved_edits(report: Report) -> bool:
    """Return True if a layer had unsaved edits when it was checked."""
    return any(layer.get("unsaved") for layer in report.provenance.get("layers", []))


def describe_unconfirmed_settings(report: Report, count: int, report_texts: ReportTexts) -> str:
    """Return a sentence with the number of unconfirmed settings (``count``) and of the rules that use them.

    Those that decide verdicts are counted apart.
    """
    users = sum(bool(list_unconfirmed_items(rule.unconfirmed, report_texts)[1]) for rule in report.rules)
    deciding = len({*report.unconfirmed_items} & {*read_county_form_choices().deciding})
    return report_texts.get("signed", "unconfirmed_settings", deciding=deciding, others=count - deciding, rules=users)


def describe_package_waivers(report: Report, report_texts: ReportTexts) -> str:
    """Return a sentence on the findings that the report inside an inspected package has as waived.

    It states their number and rules. Empty for other data and for a package without waivers.
    """
    waivers = report.provenance.get("package_waivers")
    if not waivers:
        return ""
    rules = report_texts.join_parts(
        report_texts.get("say", "package_waivers_of_rule", rule=code, count=count)
        for code, count in waivers["rules"].items()
    )
    key = "package_waivers" if rules else "package_waivers_not_found"
    return report_texts.get("say", key, count=waivers["waived"], covered=waivers["covered"], rules=rules)


def list_unconfirmed_items(names: list[str], report_texts: ReportTexts) -> tuple[list[str], list[str]]:
    """Return the texts of doubts about the data, and the names of settings that a county can confirm.

    ``names``: ids of unconfirmed items, as an outcome lists them.
    """
    texts = Texts(report_texts.lang)
    absence_items = [n for n in names if n.startswith(f"{ABSENCE_ITEM}.")]
    doubts = [
        *[report_texts.get("doubt", n) for n in names if report_texts.has_text("doubt", n)],
        *[
            report_texts.get("doubt", "absent_concept", name=texts.get_concept_name(n.partition(".")[2]))
            for n in absence_items
        ],
    ]
    disabled_items = [n for n in names if n.startswith(DISABLED_PREFIX)]
    doubts += [texts.get_setting_name(n) for n in disabled_items]
    settings = [
        texts.get_setting_name(n)
        for n in names
        if not report_texts.has_text("doubt", n) and n not in (*absence_items, *disabled_items)
    ]
    return list(dict.fromkeys(doubts)), list(dict.fromkeys(settings))


def count_by_family(report: Report, report_texts: ReportTexts) -> dict[str, Any]:
    """Return the numbers of rules by family and outcome, and of rules that checked only a part of the data.

    The dict has the titles of columns, the name and values of each family, and the values of all families. The outcomes
    of a family sum to its rules. Empty columns are left out, except the usual ones.
    """
    counts: dict[str, Counter[str]] = {}
    for rule in report.rules:
        row = counts.setdefault(rule.code[:3], Counter())
        row["rules"] += 1
        row[str(rule.outcome)] += 1
        row[_PARTLY_CHECKED] += rule.is_partly_checked
    total: Counter[str] = sum(counts.values(), Counter())
    columns = [c for c in (*_OUTCOME_COLUMNS, _PARTLY_CHECKED) if total[c] or c in ("passed", "failed", "skipped")]
    rows = [
        {
            "name": f"{code} {report_texts.get_text_or_key('family', code)}",
            "values": [row["rules"], *(row[c] for c in columns)],
        }
        for code, row in sorted(counts.items(), key=lambda item: make_rule_sort_key(item[0]))
    ]
    return {
        "columns": [report_texts.get("outcome", c) for c in columns],
        "rows": rows,
        "total": [total["rules"], *(total[c] for c in columns)],
    }


def describe_rules_run(report: Report, norm: Norm, report_texts: ReportTexts) -> str:
    """Return the sentence on how many rules ran, of how many, and the groups left out.

    Each group has the number of its rules.
    """
    run = [rule.code for rule in report.rules]
    total = len(find_rules_for_data(run, norm))
    foreign = _get_rule_groups_for_other_data(run, norm)
    # A rule of several groups counts in the first of them.
    groups, counted_codes = {}, set(run)
    for name, codes in norm.standard.rule_groups.items():
        if name not in foreign and (omitted := set(codes) - counted_codes):
            groups[name] = len(omitted)
            counted_codes |= omitted
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


def _get_rule_groups_for_other_data(run_codes: Collection[str], norm: Norm) -> dict[str, tuple[str, ...]]:
    """Return the rule groups on packages or yearly maintenance of which no rule ran: group → rule codes."""
    return {
        name: tuple(codes)
        for name, codes in norm.standard.rule_groups.items()
        if all(code.startswith("DOC") for code in codes) and not set(codes) & set(run_codes)
    }

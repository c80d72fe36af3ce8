# SPDX-License-Identifier: GPL-2.0-or-later
"""The findings of a check in groups, by rule or otherwise, with figures and order in the list."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from heapq import merge
from itertools import compress
from typing import Any

from ...bridge import settings
from ...bridge.running.portions import run_to_end
from ...bridge.texts import tr
from .work_rows import WorkRows, get_state_order

PLACE_COLUMN, COUNT_COLUMN, AREA_COLUMN, STATE_COLUMN, ASSIGNEE_COLUMN, NOTE_COLUMN, UPDATED_COLUMN = COLUMNS = range(7)
_SEVERITY_RANK = {"ERROR": 0, "WARNING": 1, "INFO": 2, "": 3}
_KIND_RANK = {**_SEVERITY_RANK, "waived": 4}
NOT_RUN_OUTCOMES = ("skipped", "crashed")
#: The code of a rule, which messages of other rules may name.
_RULE_CODE_PATTERN = re.compile(r"\b(?:[A-Z]{3}\d{3}|X[\w-]+-\d{3})\b", re.ASCII)
#: Number of rows of a group that are loaded at once.
ROWS_LOADED_AT_ONCE = 1000
#: Findings that one step of a long preparation treats, so that it takes some milliseconds.
FINDINGS_PER_STEP = 2000
#: Begins the keys of groups that are not rules, so that no key is the code of a rule.
_VALUE_MARK = "\t"
NO_WORK = WorkRows()


class Grouping(Enum):
    """By what the findings list is grouped."""

    RULE = "rule"
    LAYER = "layer"
    TOWNSHIP = "township"
    SEVERITY = "severity"
    ASSIGNEE = "assignee"


@dataclass
class FindingGroup:
    """A rule in the list with its findings, or the findings with the same layer, township, severity or person.

    Attributes
    ----------
    position_by_row
        Row → position in ``findings``; −1 means the row with the reason why the rule was skipped.
    rank_by_row
        As ``position_by_row``, but in the order of the sort column only. In a long list, ``position_by_row`` begins
        with the findings that pass the filters.
    passes_filter, passes_reason_filter
        True for each finding, and for the skip reason, that passes the filters.
    search_texts
        Search text of each finding; empty until the first search.
    shown_count, shown_area, shown_kind
        Number, area (m²) and gravest kind of the findings that pass the filters.
    loaded_row_count
        Number of rows that the tree has.
    rows_to_last_visible
        Number of rows down to the last one that passes the filters.
    rule_number
        Permanent number of the group within the list.
    key
        Identifies the group; the code of a rule.
    titles
        Rule code → title, for findings of several rules.
    open_count
        Number of findings that need work; −1 without a work list.
    severity, area_m2, is_waived, has_several_kinds
        Figures of all findings, updated by `update_figures`.
    """

    code: str
    title: str
    rule_outcome: Any
    findings: list[Any] = field(default_factory=list)
    position_by_row: list[int] = field(default_factory=list)
    rank_by_row: list[int] = field(default_factory=list)
    passes_filter: list[bool] = field(default_factory=list)
    search_texts: list[str] = field(default_factory=list)
    passes_reason_filter: bool = False
    shown_count: int = 0
    shown_area: float | None = None
    shown_kind: str = ""
    loaded_row_count: int = 0
    rows_to_last_visible: int = 0
    rule_number: int = 0
    severity: str = ""
    area_m2: float | None = None
    is_waived: bool = False
    has_several_kinds: bool = False
    key: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)
    open_count: int = -1

    def __post_init__(self) -> None:
        self.key = self.key or self.code
        if self.findings:
            self.update_figures()

    @property
    def is_rule(self) -> bool:
        """Return True if the group is a rule."""
        return bool(self.code)

    def get_rule_title(self, finding: Any) -> str:
        """Return the title of a finding's rule."""
        return self.title if self.is_rule else self.titles.get(get_listed_rule(finding), "")

    @property
    def is_not_fully_checked(self) -> bool:
        """Return True if the rule was skipped, in full or in part, or crashed."""
        return str(self.rule_outcome.outcome) in NOT_RUN_OUTCOMES or self.rule_outcome.incomplete

    @property
    def check_state(self) -> str:
        """Return whether the rule is ``skipped``, ``crashed`` or ``partly`` checked.

        Empty for a rule that was checked in full. ``partly`` also for a rule that the full check skipped, but that has
        findings on edited features, which were checked since.
        """
        outcome = str(self.rule_outcome.outcome)
        if outcome in NOT_RUN_OUTCOMES and not any(f.code == self.code for f in self.findings):
            return outcome
        return "partly" if self.is_not_fully_checked else ""

    @property
    def reason(self) -> str:
        """Return why the rule was not checked completely."""
        reason = str(self.rule_outcome.reason)
        if self.check_state == "partly" and str(self.rule_outcome.outcome) in NOT_RUN_OUTCOMES:
            text = tr(
                "At the full check: {reason} Since then only edited features were checked. Run the full check again."
            )
            return text.format(reason=reason)
        return reason

    def update_open_count(self, work: WorkRows) -> None:
        """Update the number of findings that need work."""
        run_to_end(self.update_open_count_in_steps(work))

    def update_open_count_in_steps(self, work: WorkRows) -> Generator[None, None, None]:
        """Update the number of findings that need work; yield between steps of some milliseconds."""
        if not work.items:
            self.open_count = -1
            return
        count = 0
        for part in split_for_steps(self.findings):
            count += sum(map(work.is_open, part))
            yield
        self.open_count = count

    def update_figures(self) -> None:
        """Update severity, area and waived state after the findings have changed."""
        run_to_end(self.update_figures_in_steps())

    def update_figures_in_steps(self) -> Generator[None, None, None]:
        """Update severity, area and waived state; yield between steps of some milliseconds."""
        severities, kinds, area = set(), set(), _AreaSum()
        for part in split_for_steps(self.findings):
            severities |= {f.severity for f in part}
            kinds |= set(map(get_finding_kind, part))
            area.add(part)
            yield
        self.severity = min(map(str, severities), key=_SEVERITY_RANK.__getitem__, default="")
        self.area_m2 = area.total_m2
        self.is_waived = kinds <= {"waived"}
        self.has_several_kinds = len(kinds) > 1

    def get_icon_kind(self) -> str:
        """Return the kind (severity or outcome) whose icon represents the rule."""
        if not self.findings or self.check_state == "crashed":
            return self.check_state if self.check_state in NOT_RUN_OUTCOMES else "skipped"
        return self.shown_kind or ("waived" if self.is_waived else self.severity)

    def update_shown_figures(self) -> None:
        """Update number, area and gravest kind of the findings that pass the filters."""
        run_to_end(self.update_shown_figures_in_steps())

    def update_shown_figures_in_steps(self) -> Generator[None, None, None]:
        """Update the figures of `update_shown_figures`; yield between steps of some milliseconds."""
        count, kinds, area = 0, set(), _AreaSum()
        for start in range(0, len(self.findings), FINDINGS_PER_STEP):
            part = slice(start, start + FINDINGS_PER_STEP)
            shown_findings = list(compress(self.findings[part], self.passes_filter[part]))
            count += len(shown_findings)
            kinds |= set(map(get_finding_kind, shown_findings))
            area.add(shown_findings)
            yield
        self.shown_count, self.shown_area = count, area.total_m2
        self.shown_kind = min(kinds, key=_KIND_RANK.__getitem__, default="")


def split_for_steps(findings: Sequence[Any]) -> Generator[Sequence[Any], None, None]:
    """Yield parts of findings that one step of a long preparation treats."""
    for start in range(0, len(findings), FINDINGS_PER_STEP):
        yield findings[start : start + FINDINGS_PER_STEP]


class _AreaSum:
    """Sum of areas (m²) of findings; ``total_m2`` is None while no finding has an area."""

    def __init__(self):
        self.total_m2: float | None = None

    def add(self, findings: Sequence[Any]) -> None:
        """Add the areas of findings."""
        areas = sum_finding_areas(list(findings))
        if areas is not None:
            self.total_m2 = (self.total_m2 or 0) + areas


def sum_finding_areas(findings: list[Any]) -> float | None:
    """Return the sum of the findings' areas in m²; None if no finding has an area."""
    areas = [f.area_m2 for f in findings if f.area_m2 is not None]
    return sum(areas) if areas else None


def get_finding_kind(finding: Any) -> str:
    """Return the kind (severity, or waived) by which a finding is filtered."""
    return "waived" if finding.state == "waived" else str(finding.severity)


def describe_location(finding: Any) -> str:
    """Return township and shortened key of a finding's feature as text; without both, the finding's message.

    A path in place of a key is not shortened, because the file name alone may not be unique.
    """
    from ...core.messages.texts import shorten_key

    if not finding.township and not finding.key:
        return finding.message
    key = finding.key if "/" in finding.key or "." in finding.key else shorten_key(finding.key)
    return "  ".join(t for t in (finding.township, key) if t)


def get_listed_rule(finding: Any) -> str:
    """Return the code of the rule under which a finding is listed.

    An error while a rule ran is listed under that rule.
    """
    return finding.params.get("rule", finding.code) if finding.code.startswith("RUN") else finding.code


def make_group_of_rule_not_run(code: str, number: int) -> FindingGroup:
    """Return an empty group for findings on waivers of a rule that did not run, or on the run itself (RUN9xx).

    ``number``: permanent number of the rule within the list.
    """
    from ...core.model.report import Outcome, RuleOutcome
    from ...core.render.words import ReportTexts

    if code.startswith("RUN"):
        title = ReportTexts(settings.get_report_language()).get("run_title", code)
    else:
        title = tr("not run in this check")
    return FindingGroup(code, title, RuleOutcome(code, "", "", Outcome.PASSED, title=title), rule_number=number)


def find_group_key(finding: Any, grouping: Grouping, work: WorkRows) -> str:
    """Return the key of the group of a finding."""
    if grouping is Grouping.RULE:
        return get_listed_rule(finding)
    value = {
        Grouping.LAYER: lambda: finding.role,
        Grouping.TOWNSHIP: lambda: finding.township,
        Grouping.SEVERITY: lambda: str(finding.severity),
        Grouping.ASSIGNEE: lambda: work.get_assignee(finding),
    }[grouping]()
    return _VALUE_MARK + value


def make_group_of_value(
    key: str, grouping: Grouping, number: int, titles: Mapping[str, str], layer_names: Mapping[str, str]
) -> FindingGroup:
    """Return an empty group of findings with the same layer, township, severity or person.

    ``titles``: rule code → title; ``layer_names``: role → name of the layer.
    """
    from ...core.model.report import Outcome, RuleOutcome
    from ..widgets.theme import get_kind_word

    value = key.removeprefix(_VALUE_MARK)
    title = {
        Grouping.LAYER: lambda: " ".join(filter(None, (layer_names.get(value, ""), value))) or tr("No layer"),
        Grouping.TOWNSHIP: lambda: value or tr("No township"),
        Grouping.SEVERITY: lambda: get_kind_word(value),
        Grouping.ASSIGNEE: lambda: value or tr("Not assigned"),
    }[grouping]()
    outcome = RuleOutcome("", "", "", Outcome.PASSED)
    return FindingGroup("", title, outcome, rule_number=number, key=key, titles=titles)


def make_finding_groups(report: Any) -> list[FindingGroup]:
    """Return a group for each rule with findings or a skip reason, unsorted."""
    return run_to_end(make_finding_groups_in_steps(report))


def make_finding_groups_in_steps(
    report: Any,
    findings: Sequence[Any] | None = None,
    grouping: Grouping = Grouping.RULE,
    work: WorkRows = NO_WORK,
    layer_names: Mapping[str, str] | None = None,
) -> Generator[None, None, list[FindingGroup]]:
    """Yield between steps of some milliseconds; the result is a group for each value, unsorted.

    Rules that did not run or ran in part are listed in each grouping, with the reason.

    Parameters
    ----------
    findings
        The present findings; by default those of the report.
    """
    findings = report.findings if findings is None else findings
    groups = {r.code: FindingGroup(r.code, r.heading, r, rule_number=n) for n, r in enumerate(report.rules, 1)}
    titles = {r.code: r.heading for r in report.rules}
    for number, finding in enumerate(findings):
        if number % FINDINGS_PER_STEP == 0:
            yield
        key = find_group_key(finding, grouping, work)
        if key not in groups:
            groups[key] = (
                make_group_of_rule_not_run(key, len(groups) + 1)
                if grouping is Grouping.RULE
                else make_group_of_value(key, grouping, len(groups) + 1, titles, layer_names or {})
            )
        groups[key].findings.append(finding)
    listed_groups = [g for g in groups.values() if g.findings or g.is_not_fully_checked]
    for group in listed_groups:
        yield from group.update_figures_in_steps()
        yield from group.update_open_count_in_steps(work)
        group.position_by_row = group.rank_by_row = [-1] * group.is_not_fully_checked + list(range(len(group.findings)))
        yield
    return listed_groups


def sort_groups(groups: list[FindingGroup], column: int, descending: bool) -> list[FindingGroup]:
    """Return the groups sorted by severity, then by a column; skipped rules last."""

    def get_sort_value(number: int) -> Any:
        group = groups[number]
        outcome = str(group.rule_outcome.outcome)
        return {
            PLACE_COLUMN: group.key,
            COUNT_COLUMN: len(group.findings),
            STATE_COLUMN: outcome,
        }.get(column, group.area_m2)

    ranked = [groups[n] for n in _sort_items(range(len(groups)), get_sort_value, descending)]
    return sorted(ranked, key=lambda g: _SEVERITY_RANK[g.severity])


def order_group_rows(group: FindingGroup, column: int, descending: bool, work: WorkRows = NO_WORK) -> list[int]:
    """Return for each row of a group the position of its finding in ``group.findings``, sorted by a column.

    A row with the reason why the rule was skipped (−1) comes first.
    """
    return run_to_end(order_group_rows_in_steps(group, column, descending, work))


def order_group_rows_in_steps(
    group: FindingGroup, column: int, descending: bool, work: WorkRows = NO_WORK
) -> Generator[None, None, list[int]]:
    """Yield between steps of some milliseconds; the result is that of `order_group_rows`."""
    get_value = _SORT_VALUES.get(column, lambda finding, work: finding.area_m2)
    # Each part is sorted alone, then all are merged: one sort of all rows would be a long step.
    parts: list[list[tuple[Any, int]]] = []
    without_value: list[int] = []
    for start in range(0, len(group.findings), FINDINGS_PER_STEP):
        part = []
        for position, finding in enumerate(group.findings[start : start + FINDINGS_PER_STEP], start):
            value = get_value(finding, work)
            if value is None:
                without_value.append(position)
            else:
                # Rows with the same value keep their order, in both directions.
                part.append((value, -position if descending else position))
        part.sort(reverse=descending)
        parts.append(part)
        yield
    ordered: list[int] = []
    for number, (_, position) in enumerate(merge(*parts, reverse=descending)):
        ordered.append(-position if descending else position)
        if number % FINDINGS_PER_STEP == 0:
            yield
    return [-1] * group.is_not_fully_checked + ordered + without_value


_SORT_VALUES: dict[int, Callable[[Any, WorkRows], Any]] = {
    PLACE_COLUMN: lambda finding, work: (finding.township, finding.key),
    STATE_COLUMN: lambda finding, work: get_state_order(work.find_state_key(finding)),
    ASSIGNEE_COLUMN: lambda finding, work: work.get_assignee(finding) or None,
    NOTE_COLUMN: lambda finding, work: work.get_note(finding) or None,
    UPDATED_COLUMN: lambda finding, work: (item.updated or None) if (item := work.get_item(finding)) else None,
}


def order_rows_visible_first(group: FindingGroup) -> list[int]:
    """Return for each row of a group the position of its finding in ``group.findings``, in the order of display.

    In a long list, of which only the first rows are loaded at once, the findings that pass the filters come first.
    """
    if len(group.rank_by_row) <= ROWS_LOADED_AT_ONCE or not group.passes_filter:
        return group.rank_by_row
    passes_filter = group.passes_filter
    hidden_positions = [position for position in group.rank_by_row if position >= 0 and not passes_filter[position]]
    return [position for position in group.rank_by_row if position < 0 or passes_filter[position]] + hidden_positions


def make_search_text(group: FindingGroup, finding: Any, work: WorkRows = NO_WORK) -> str:
    """Return the case-folded text that the search compares with the user's words.

    Rule codes in the message are left out: a search for a code finds only the findings of that rule.
    """
    searched_texts = (
        get_listed_rule(finding),
        group.get_rule_title(finding),
        work.get_assignee(finding),
        work.get_note(finding),
        finding.township,
        finding.key,
        *finding.related_keys,
        finding.role,
        _RULE_CODE_PATTERN.sub("", finding.message),
    )
    return " ".join(searched_texts).casefold()


def _sort_items(items, get_value, descending):
    """Return the items sorted by value; those without a value are last."""
    values = {item: get_value(item) for item in items}
    with_value = [item for item in values if values[item] is not None]
    return sorted(with_value, key=values.__getitem__, reverse=descending) + [
        item for item in values if values[item] is None
    ]


def format_hectares_in_list(area_m2: float) -> str:
    """Return an area in hectares as text with its unit, with as many decimals as in reports."""
    from ...core.messages.numbers import format_hectare_number

    return tr("{number} ha").format(number=format_hectare_number(area_m2))


def format_label_lines(finding: Any) -> list[str]:
    """Return the first lines of a finding's map label: rule code and township; area and width."""
    from ...core.messages.numbers import format_square_metres, format_width

    figures = []
    if finding.area_m2 is not None:
        areas = {"hectares": format_hectares_in_list(finding.area_m2), "area": format_square_metres(finding.area_m2)}
        figures.append(tr("{hectares} ({area})").format(**areas))
    if finding.width_m is not None:
        figures.append(tr("width {width} m").format(width=format_width(finding.width_m)))
    head = tr("  ").join(part for part in (finding.code, finding.township) if part)
    return [line for line in (head, tr("  ").join(figures)) if line]


def format_side_lines(finding: Any, get_layer_name: Callable[[str], str]) -> dict[str, str]:
    """Return letter → line with letter, layer and key, for the two features of a finding.

    A is the finding's own feature, B the first related one; a feature without a key is left out. ``get_layer_name``:
    returns the name of a layer by its role.
    """
    from ...core.messages.texts import shorten_key

    related_keys_text = " ".join(shorten_key(key) for key in finding.related_keys[:1] if key)
    if len(finding.related_keys) > 1:
        related_keys_text += " …"
    sides = (("A", finding.role, shorten_key(finding.key)), ("B", finding.related_role, related_keys_text))
    return {
        letter: tr("{letter}: {side}").format(letter=letter, side=tr("  ").join((get_layer_name(role), key)))
        for letter, role, key in sides
        if role and key
    }


def format_menu_line(finding: Any) -> str:
    """Return a menu entry for a finding: rule code, location, area."""
    area = "" if finding.area_m2 is None else format_hectares_in_list(finding.area_m2)
    return tr("  ").join(part for part in (finding.code, describe_location(finding), area) if part)

# SPDX-License-Identifier: GPL-2.0-or-later
"""The findings of a check in groups, by rule or otherwise, with figures, order, and their work list."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ...bridge import settings
from ...bridge.texts import tr
from ...core.render.words import ReportTexts, load_report_settings
from ...core.render.worklist.worklist_row import WorkItem, WorkState
from ...core.standard.messages.numbers import format_hectare_number, format_square_metres, format_width
from ...core.standard.messages.texts import shorten_key
from ..widgets.theme import get_kind_word

#: Keys of the states that the list shows and filters by: those of the work list, and two of the present moment.
STALE, CONFLICT = "stale", "conflict"
_OPEN, _WAIVED = WorkState.OPEN.name, WorkState.WAIVED.name
STATE_KEYS = (*(state.name for state in WorkState), STALE, CONFLICT)
#: Keys in the order in which the list sorts states: what needs work comes first.
STATE_ORDER = (CONFLICT, WorkState.OPEN.name, STALE, "FALSE_ALARM", "FIXED", _WAIVED)
PLACE_COLUMN, COUNT_COLUMN, AREA_COLUMN, STATE_COLUMN, ASSIGNEE_COLUMN, NOTE_COLUMN, UPDATED_COLUMN = COLUMNS = range(7)
_SEVERITY_RANK = {"ERROR": 0, "WARNING": 1, "INFO": 2, "": 3}
_KIND_RANK = {**_SEVERITY_RANK, "waived": 4}
NOT_RUN_OUTCOMES = ("skipped", "crashed")
#: The code of a rule, which messages of other rules may name.
_RULE_CODE_PATTERN = re.compile(r"\b(?:[A-Z]{3}\d{3}|X[\w-]+-\d{3})\b", re.ASCII)
#: Most findings of a group that have a row; a last row counts the others.
MAX_ROWS = 5_000
#: Rows of a group that are not findings: why the rule was not fully checked, and how many findings have no row.
REASON_ROW, REST_ROW = "reason", "rest"
#: Begins the keys of groups that are not rules, so that no key is the code of a rule.
_VALUE_MARK = "\t"


def get_work_state_word(key: str) -> str:
    """Return the translated name of a state by its key."""
    return {
        WorkState.OPEN.name: tr("To do"),
        WorkState.FIXED.name: tr("Fixed"),
        WorkState.FALSE_ALARM.name: tr("False alarm"),
        WorkState.WAIVED.name: tr("Waived"),
        STALE: tr("To re-check"),
        CONFLICT: tr("Conflict"),
    }[key]


@dataclass(frozen=True)
class WorkRows:
    """The rows of a work list by fingerprint, and those about which two people disagree.

    ``items``: fingerprint → row; empty without a list. ``conflicts``: fingerprint → versions of the row from other
    people (`core.render.worklist.merge.WorkConflict`).
    """

    items: Mapping[str, WorkItem] = field(default_factory=dict)
    conflicts: Mapping[str, list[Any]] = field(default_factory=dict)

    def get_item(self, finding: Any) -> WorkItem | None:
        """Return the row of a finding; None without one."""
        return self.items.get(finding.fingerprint)

    def find_state_key(self, finding: Any, is_stale: bool = False) -> str:
        """Return the key of the state of a finding: a waiver precedes a conflict, and this an edit since the check."""
        if finding.state == "waived":
            return _WAIVED
        if finding.fingerprint in self.conflicts:
            return CONFLICT
        if is_stale:
            return STALE
        item = self.items.get(finding.fingerprint)
        # The finding is open again as soon as its waiver is withdrawn; the list follows with the next check.
        return _OPEN if item is None or item.state is WorkState.WAIVED else item.state.name

    def is_open(self, finding: Any) -> bool:
        """Return True if a finding needs work: it is 待处理, or two people disagree about it."""
        if finding.state == "waived":
            return False
        item = self.items.get(finding.fingerprint)
        return item is None or item.state in (WorkState.OPEN, WorkState.WAIVED) or finding.fingerprint in self.conflicts

    def get_assignee(self, finding: Any) -> str:
        """Return the person to whom a finding is assigned; empty without one."""
        item = self.items.get(finding.fingerprint)
        return item.assignee if item is not None else ""

    def get_note(self, finding: Any) -> str:
        """Return the note on a finding; empty without one."""
        item = self.items.get(finding.fingerprint)
        return item.note if item is not None else ""


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
    shown
        The findings that pass the filters, in the order of the sort column.
    first_row
        Position in ``shown`` of the first finding that has a row.
    rows
        The rows: `REASON_ROW`, findings, `REST_ROW`.
    shows_reason
        True if the row with the reason passes the filters.
    matching_kinds
        Kind → number of findings that pass all filters but that by kind.
    shown_area, shown_kind
        Area (m²) and gravest kind of the findings that pass the filters.
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
    shown: list[Any] = field(default_factory=list)
    first_row: int = 0
    rows: list[Any] = field(default_factory=list)
    shows_reason: bool = False
    matching_kinds: Counter[str] = field(default_factory=Counter)
    shown_area: float | None = None
    shown_kind: str = ""
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
            return tr(
                "At the full check: {reason} Since then only edited features were checked. Run the full check again."
            ).format(reason=reason)
        return reason

    @property
    def rest_count(self) -> int:
        """Return the number of findings that pass the filters and have no row."""
        return max(0, len(self.shown) - MAX_ROWS)

    def update_open_count(self, work: WorkRows) -> None:
        """Update the number of shown findings that need work."""
        self.open_count = sum(map(work.is_open, self.shown)) if work.items else -1

    def update_figures(self) -> None:
        """Update severity, area and waived state after the findings have changed."""
        kinds = set(map(get_finding_kind, self.findings))
        severities = {f.severity for f in self.findings}
        self.severity = min(map(str, severities), key=_SEVERITY_RANK.__getitem__, default="")
        self.area_m2 = sum_finding_areas(self.findings)
        self.is_waived = kinds <= {"waived"}
        self.has_several_kinds = len(kinds) > 1

    def show_findings(self, matches: Sequence[Any], shown_kinds: frozenset[str]) -> None:
        """Show the ``matches`` that are of a shown kind; update their figures."""
        kinds = list(map(get_finding_kind, matches))
        self.matching_kinds = Counter(kinds)
        self.shown = [finding for finding, kind in zip(matches, kinds, strict=True) if kind in shown_kinds]
        self.shown_area = sum_finding_areas(self.shown)
        self.shown_kind = min(self.matching_kinds.keys() & shown_kinds, key=_KIND_RANK.__getitem__, default="")

    def sort(self, column: int, descending: bool, work: WorkRows) -> None:
        """Sort the shown findings by a column; those with the same value keep their order."""
        get_value = _SORT_VALUES.get(column, lambda finding, work: finding.area_m2)
        self.shown = _sort_items(self.shown, lambda finding: get_value(finding, work), descending)
        self.first_row = 0

    def make_rows(self, selected_finding: Any) -> list[Any]:
        """Return the rows of the group for the present order and filters; the selected finding is among them."""
        if self.rest_count:
            position = next((p for p, finding in enumerate(self.shown) if finding is selected_finding), self.first_row)
            if not self.first_row <= position < self.first_row + MAX_ROWS:
                self.first_row = max(0, min(position - MAX_ROWS // 2, self.rest_count))
        findings = self.shown[self.first_row : self.first_row + MAX_ROWS]
        return [REASON_ROW] * self.shows_reason + findings + [REST_ROW] * (self.rest_count > 0)

    def get_icon_kind(self) -> str:
        """Return the kind (severity or outcome) whose icon represents the rule."""
        if not self.findings or self.check_state == "crashed":
            return self.check_state if self.check_state in NOT_RUN_OUTCOMES else "skipped"
        return self.shown_kind or ("waived" if self.is_waived else self.severity)


def sum_finding_areas(findings: list[Any]) -> float | None:
    """Return the sum of the findings' areas in m²; None if no finding has an area."""
    areas = [f.area_m2 for f in findings if f.area_m2 is not None]
    return sum(areas) if areas else None


def get_finding_kind(finding: Any) -> str:
    """Return the kind (severity, or waived) by which a finding is filtered."""
    return "waived" if finding.state == "waived" else str(finding.severity)


def can_be_fixed(finding: Any) -> bool:
    """Return True if a finding is on data, of a rule and case that a fix is declared for."""
    # Imported only for a finding, which needs the libraries of the check.
    from ...core.fixes.fix_declaration import find_fixes_for

    return bool(finding.role and find_fixes_for(finding))


def describe_location(finding: Any) -> str:
    """Return township and shortened key of a finding's feature as text; without both, what its message states first.

    A path in place of a key is not shortened, because the file name alone may not be unique.
    """
    if not finding.township and not finding.key:
        # The first sentence without its brackets: a row elides the rest in its middle.
        sentence = re.split(r"(?<=。)|(?<=\.)\s", finding.message, maxsplit=1)[0]
        return re.sub(r"（[^（）]*）| \([^()]*\)", "", sentence)
    key = finding.key if "/" in finding.key or "." in finding.key else shorten_key(finding.key)
    return "  ".join(t for t in (finding.township, key) if t)


def get_listed_rule(finding: Any) -> str:
    """Return the code of the rule under which a finding is listed.

    An error while a rule ran is listed under that rule.
    """
    return finding.params.get("rule", finding.code) if finding.code.startswith("RUN") else finding.code


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


def add_to_groups(
    groups: dict[str, FindingGroup],
    findings: Sequence[Any],
    grouping: Grouping,
    work: WorkRows,
    layer_names: Mapping[str, str],
) -> None:
    """Add findings to their groups, which are made if they are missing."""
    for finding in findings:
        key = find_group_key(finding, grouping, work)
        if key not in groups:
            groups[key] = _make_further_group(key, groups, grouping, layer_names)
        groups[key].findings.append(finding)


def _make_further_group(
    key: str, groups: Mapping[str, FindingGroup], grouping: Grouping, layer_names: Mapping[str, str]
) -> FindingGroup:
    """Return an empty group that the rules of the report lack.

    By rule, it is for findings on waivers of a rule that did not run, or on the run itself (RUN9xx); else it has the
    findings with the same layer, township, severity or person.
    """
    from ...core.model.report import Outcome, RuleOutcome

    number = len(groups) + 1
    if grouping is Grouping.RULE:
        title = tr("not run in this check")
        if key.startswith("RUN"):
            title = ReportTexts(settings.get_report_language()).get("run_title", key)
        return FindingGroup(key, title, RuleOutcome(key, "", "", Outcome.PASSED, title=title), rule_number=number)
    value = key.removeprefix(_VALUE_MARK)
    title = {
        Grouping.LAYER: lambda: " ".join(filter(None, (layer_names.get(value, ""), value))) or tr("No layer"),
        Grouping.TOWNSHIP: lambda: value or tr("No township"),
        Grouping.SEVERITY: lambda: get_kind_word(value),
        Grouping.ASSIGNEE: lambda: value or tr("Not assigned"),
    }[grouping]()
    titles = {group.code: group.title for group in groups.values() if group.is_rule}
    return FindingGroup("", title, RuleOutcome("", "", "", Outcome.PASSED), rule_number=number, key=key, titles=titles)


def sort_groups(groups: Sequence[FindingGroup], column: int, descending: bool) -> list[FindingGroup]:
    """Return the groups sorted by severity, then by a column; skipped rules last.

    By area, rules are first in the statutory order of the report, the three control lines before all others.
    """

    def get_sort_value(group: FindingGroup) -> Any:
        if column == PLACE_COLUMN:
            return group.key
        if column == COUNT_COLUMN:
            return len(group.findings)
        return str(group.rule_outcome.outcome) if column == STATE_COLUMN else group.area_m2

    make_rank = load_report_settings().make_sort_key if column == AREA_COLUMN else lambda _code: (0, 0)
    return sorted(
        _sort_items(groups, get_sort_value, descending),
        key=lambda group: (_SEVERITY_RANK[group.severity], make_rank(group.code)),
    )


_SORT_VALUES: dict[int, Callable[[Any, WorkRows], Any]] = {
    PLACE_COLUMN: lambda finding, work: (finding.township, finding.key),
    STATE_COLUMN: lambda finding, work: STATE_ORDER.index(work.find_state_key(finding)),
    ASSIGNEE_COLUMN: lambda finding, work: work.get_assignee(finding) or None,
    NOTE_COLUMN: lambda finding, work: work.get_note(finding) or None,
    UPDATED_COLUMN: lambda finding, work: (item.updated or None) if (item := work.get_item(finding)) else None,
}


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


def _sort_items(items: Sequence[Any], get_value: Callable[[Any], Any], descending: bool) -> list[Any]:
    """Return the items sorted by value; those without a value are last."""
    values = list(map(get_value, items))
    positions = sorted(
        (n for n, value in enumerate(values) if value is not None), key=values.__getitem__, reverse=descending
    )
    return [items[n] for n in positions] + [item for item, value in zip(items, values, strict=True) if value is None]


def format_hectares_in_list(area_m2: float) -> str:
    """Return an area in hectares as text with its unit, with as many decimals as in reports."""
    return tr("{number} ha").format(number=format_hectare_number(area_m2))


def format_label_lines(finding: Any) -> list[str]:
    """Return the first lines of a finding's map label: rule code and township; area and width."""
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
    related_keys_text = " ".join(shorten_key(key) for key in finding.related_keys[:1] if key)
    if len(finding.related_keys) > 1:
        related_keys_text += " …"
    sides = (("A", finding.role, shorten_key(finding.key)), ("B", finding.related_role, related_keys_text))
    return {
        letter: tr("{letter}: {side}").format(letter=letter, side=tr("  ").join((get_layer_name(role), key)))
        for letter, role, key in sides
        if role and key
    }

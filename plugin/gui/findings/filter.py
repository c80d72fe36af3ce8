# SPDX-License-Identifier: GPL-2.0-or-later
"""Filters of the findings list; for all findings they are evaluated in one pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from itertools import compress
from typing import Any

from qgis.PyQt.QtCore import QModelIndex, QSortFilterProxyModel, Qt, pyqtSignal

from ...bridge.running.portions import run_to_end
from ..widgets.theme import FINDING_KINDS
from .groups import (
    AREA_COLUMN,
    COLUMNS,
    COUNT_COLUMN,
    FINDINGS_PER_STEP,
    NOT_RUN_OUTCOMES,
    ROWS_LOADED_AT_ONCE,
    FindingGroup,
    get_finding_kind,
    get_listed_rule,
    make_search_text,
    order_rows_visible_first,
    split_for_steps,
)
from .model import FindingsModel
from .rows import FINDING_ROW_FLAGS, RULE_ROW_FLAGS

#: Codes of rules on packages.
_PACKAGE_RULE_PREFIX = "DOC"


@dataclass
class FilterSettings:
    """The filters that the user set for the findings list.

    ``shown_kinds``: kinds of findings that are shown (severities, ``waived``, ``skipped``); ``search_text``: words that
    a finding must contain; ``shown_townships``: names of the townships whose findings are shown; ``shown_rules``: codes
    of the rules whose findings are shown; ``package_only``: show only findings on the package itself (DOC rules);
    ``shown_states``: keys of the states (`work_rows.STATE_KEYS`) whose findings are shown; ``shown_assignees``: persons
    whose findings are shown, the empty text for findings without one; ``shown_fingerprints``: fingerprints of the
    findings that are shown, such as those that a message names. Empty sets and texts hide nothing, except empty
    ``shown_kinds``, which hides all.
    """

    shown_kinds: frozenset[str] = frozenset(FINDING_KINDS) - {"waived"}
    search_text: str = ""
    shown_townships: frozenset[str] = frozenset()
    shown_rules: frozenset[str] = frozenset()
    package_only: bool = False
    shown_states: frozenset[str] = frozenset()
    shown_assignees: frozenset[str] = frozenset()
    shown_fingerprints: frozenset[str] = frozenset()
    _search_words: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self):
        self._search_words = tuple(self.search_text.casefold().split())

    def accepts_rule(self, group: FindingGroup) -> bool:
        """Return True if the filters by rule and by package do not hide the whole group."""
        if not group.is_rule:
            return True
        if self.package_only and not group.code.startswith(_PACKAGE_RULE_PREFIX):
            return False
        return not self.shown_rules or group.code in self.shown_rules

    def accepts_skip_reason(self, group: FindingGroup) -> bool:
        """Return True if the row with the reason why a rule was not fully checked passes the filters.

        For a rule that was checked in part, the row is shown together with its findings.
        """
        kinds = {"skipped", *map(get_finding_kind, group.findings)} if group.check_state == "partly" else {"skipped"}
        return (
            group.is_not_fully_checked
            and bool(kinds & self.shown_kinds)
            and not (self.shown_townships or self.shown_states or self.shown_assignees or self.shown_fingerprints)
            and self._matches_search_text(f"{group.code} {group.title} {group.rule_outcome.reason}")
        )

    @property
    def hides_by_rule_or_work(self) -> bool:
        """Return True if findings are hidden by their rule in groups of several rules, by work list or fingerprint."""
        return bool(
            self.shown_rules
            or self.package_only
            or self.shown_states
            or self.shown_assignees
            or self.shown_fingerprints
        )

    def matches_finding(self, group: FindingGroup, finding: Any, model: FindingsModel) -> bool:
        """Return True if a finding of an accepted group passes the filters."""
        return (
            get_finding_kind(finding) in self.shown_kinds
            and (not self.shown_townships or finding.township in self.shown_townships)
            and (not self.hides_by_rule_or_work or self._matches_rule_and_work(finding, model))
            and (not self._search_words or self._matches_search_text(make_search_text(group, finding, model.work)))
        )

    def _matches_rule_and_work(self, finding: Any, model: FindingsModel) -> bool:
        code = get_listed_rule(finding)
        return (
            (not self.package_only or code.startswith(_PACKAGE_RULE_PREFIX))
            and (not self.shown_rules or code in self.shown_rules)
            and (not self.shown_fingerprints or finding.fingerprint in self.shown_fingerprints)
            and (not self.shown_states or model.find_state_key(finding) in self.shown_states)
            and (not self.shown_assignees or model.work.get_assignee(finding) in self.shown_assignees)
        )

    def compute_finding_matches(self, group: FindingGroup, model: FindingsModel) -> list[bool]:
        """Return for each finding of a group whether it passes the filters."""
        return run_to_end(self.compute_finding_matches_in_steps(group, model))

    def compute_finding_matches_in_steps(
        self, group: FindingGroup, model: FindingsModel
    ) -> Generator[None, None, list[bool]]:
        """Yield between steps of some milliseconds; the result is True for each finding that passes the filters."""
        kinds, townships, search_words = self.shown_kinds, self.shown_townships, self._search_words
        result: list[bool] = []
        has_texts = len(group.search_texts) == len(group.findings)
        texts = group.search_texts if has_texts else []
        for start in range(0, len(group.findings), FINDINGS_PER_STEP):
            findings = group.findings[start : start + FINDINGS_PER_STEP]
            passes = [("waived" if f.state == "waived" else f.severity) in kinds for f in findings]
            if townships:
                passes = [ok and f.township in townships for ok, f in zip(passes, findings, strict=True)]
            if self.hides_by_rule_or_work:
                passes = [ok and self._matches_rule_and_work(f, model) for ok, f in zip(passes, findings, strict=True)]
            if search_words:
                if not has_texts:
                    for half in (findings[: len(findings) // 2], findings[len(findings) // 2 :]):
                        texts += [model.get_search_text(group, f) for f in half]
                        yield
                for word in search_words:
                    part = texts[start : start + FINDINGS_PER_STEP]
                    passes = [ok and word in text for ok, text in zip(passes, part, strict=True)]
            result += passes
            yield
        if search_words:
            group.search_texts = texts
        return result

    def _matches_search_text(self, text: str) -> bool:
        text = text.casefold()
        return all(word in text for word in self._search_words)


def _update_shown_counts(group: FindingGroup) -> None:
    group.update_shown_figures()
    _update_last_visible_row(group)


def _update_last_visible_row(group: FindingGroup) -> None:
    last = (n for n, p in enumerate(reversed(group.position_by_row)) if p < 0 or group.passes_filter[p])
    group.rows_to_last_visible = len(group.position_by_row) - next(last, len(group.position_by_row))


@dataclass
class PreparedGroups:
    """Groups of a report, sorted and filtered.

    ``shown_findings``: the findings that pass the filters, in list order; ``numbers``: id() of a shown finding → its
    number among those of its kind, and kind → number of shown findings; ``matching_counts``: see
    `FindingsFilter.count_matching_by_kind`.
    """

    report: Any
    groups: list[FindingGroup]
    shown_findings: list[Any]
    numbers: tuple[dict[int, int], dict[str, int]]
    matching_counts: dict[str, int] | None = None


def _number_findings_in_steps(findings: list[Any]) -> Generator[None, None, tuple[dict[int, int], dict[str, int]]]:
    """Yield between steps; the result is id() of a finding → its number among those of its kind, and kind → number."""
    numbers: dict[int, int] = {}
    counts: dict[str, int] = {}
    for part in split_for_steps(findings):
        for finding in part:
            kind = get_finding_kind(finding)
            numbers[id(finding)] = counts[kind] = counts.get(kind, 0) + 1
        yield
    return numbers, counts


class FindingsFilter(QSortFilterProxyModel):
    """Proxy model that hides the rows of the findings list that do not pass the filters.

    Which rows pass is computed in one pass for all rows; Qt then asks row by row.
    """

    sortRequested = pyqtSignal()

    def __init__(self, parent=None):
        super().__init__(parent)
        self.filters = FilterSettings()
        self.defers_sorting = False
        self._discard_results()

    def set_filters(self, filters: FilterSettings) -> None:
        """Set the filters and apply them to all rows."""
        self.filters = filters
        self.apply_filters()

    def apply_filters(self) -> None:
        """Compute again which rows pass the filters, and update the list."""
        model: FindingsModel = self.sourceModel()
        for group in model.groups:
            run_to_end(self.filter_group_in_steps(group))
        model.reorder_after_filtering()
        for group in model.groups:
            _update_shown_counts(group)
        self._discard_results()
        self.invalidateFilter()
        if model.groups:
            model.dataChanged.emit(model.index(0, COUNT_COLUMN), model.index(len(model.groups) - 1, AREA_COLUMN))

    def filter_group_in_steps(self, group: FindingGroup) -> Generator[None, None, None]:
        """Compute which rows of a group pass the filters; yield between steps of some milliseconds."""
        is_rule_accepted = self.filters.accepts_rule(group)
        if is_rule_accepted:
            steps = self.filters.compute_finding_matches_in_steps(group, self.sourceModel())
            group.passes_filter = yield from steps
        else:
            group.passes_filter = [False] * len(group.findings)
        group.passes_reason_filter = is_rule_accepted and self.filters.accepts_skip_reason(group)
        group.shown_count = sum(group.passes_filter)
        group.rows_to_last_visible = group.is_not_fully_checked + group.shown_count

    def prepare_groups(self, report: Any, findings: list[Any] | None) -> Generator[None, None, PreparedGroups]:
        """Yield between steps of some milliseconds; the result are groups, sorted and filtered, for `show_groups`."""
        model: FindingsModel = self.sourceModel()
        groups = yield from model.prepare_groups(report, findings)
        for group in groups:
            yield from self.filter_group_in_steps(group)
            group.position_by_row = order_rows_visible_first(group)
            yield
            yield from group.update_shown_figures_in_steps()
            _update_last_visible_row(group)
            yield
        shown: list[Any] = []
        for group in groups:
            findings_of_group, passes = group.findings, group.passes_filter
            for part in split_for_steps(group.position_by_row):
                shown += [findings_of_group[position] for position in part if position >= 0 and passes[position]]
                yield
        numbers = yield from _number_findings_in_steps(shown)
        counts = yield from self._count_matching_in_steps(groups)
        return PreparedGroups(report, groups, shown, numbers, counts)

    def show_groups(self, prepared: PreparedGroups) -> None:
        """Show prepared groups in place of the former ones."""
        self.sourceModel().show_groups(prepared.report, prepared.groups)
        self._findings_in_view, self._numbers = prepared.shown_findings, prepared.numbers
        self._matching_counts = (prepared.matching_counts,)

    def apply_changes(self, change: Any) -> list[FindingGroup]:
        """Apply changed findings without a reset of the list; return the groups that were added to it.

        ``change``: `core.live.session.FindingsChange`. A group is a rule with its findings.
        """
        model: FindingsModel = self.sourceModel()
        self._discard_results()
        new_groups = model.apply_changes(
            change,
            lambda group, finding: (
                self.filters.accepts_rule(group) and self.filters.matches_finding(group, finding, model)
            ),
        )
        # The change may have moved the selection and so filled the caches again.
        self._discard_results()
        changed_rule_codes = {
            model.find_group_key(f)
            for f in [
                *change.ended_findings,
                *change.new_findings,
                *(new_finding for _, new_finding in change.changed_findings),
            ]
        }
        for group in model.groups:
            if group.key in changed_rule_codes:
                _update_shown_counts(group)
        if model.groups:
            # Qt then filters the rules again.
            model.dataChanged.emit(model.index(0, 0), model.index(len(model.groups) - 1, COLUMNS[-1]))
        return new_groups

    def flags(self, index):
        # Qt calls this for each row of an expanded rule; avoid a call of the source model.
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return RULE_ROW_FLAGS if index.internalId() == self.index(0, 0).internalId() else FINDING_ROW_FLAGS

    def filterAcceptsRow(self, row, parent):
        groups = self.sourceModel().groups
        if not parent.isValid():
            return groups[row].passes_reason_filter or groups[row].shown_count > 0
        group = groups[parent.row()]
        position = group.position_by_row[row]
        return group.passes_reason_filter if position < 0 else group.passes_filter[position]

    def sort(self, column, order):
        """Sort in the source model: sorting through Qt row by row would take seconds.

        With ``defers_sorting``, only store the order and emit a signal: the owner prepares the list anew.
        """
        if self.defers_sorting:
            if self.sourceModel().store_sort_order(column, order):
                self.sortRequested.emit()
            return
        self._discard_results()
        self.sourceModel().sort(column, order)

    def _discard_results(self) -> None:
        self._findings_in_view: list[Any] | None = None
        #: Number of each visible finding among those of its kind, and their number; None if they are unknown.
        self._numbers: tuple[dict[int, int], dict[str, int]] | None = None
        #: The counts of `count_matching_by_kind` in a tuple; empty if they are unknown.
        self._matching_counts: tuple[dict[str, int] | None, ...] = ()

    def list_visible_findings(self) -> list[Any]:
        """Return all findings that pass the filters, in list order, also those of collapsed rules.

        Callers must not change the returned list.
        """
        if self._findings_in_view is None:
            self._findings_in_view = [
                group.findings[position]
                for group in self.sourceModel().groups
                for position in group.position_by_row
                if position >= 0 and group.passes_filter[position]
            ]
        return self._findings_in_view

    def count_matching_by_kind(self) -> dict[str, int] | None:
        """Return kind → number of findings (or of skipped rules) that pass all filters except the filter by kind.

        None if no filter except that by kind is set.
        """
        if not self._matching_counts:
            self._matching_counts = (run_to_end(self._count_matching_in_steps(self.sourceModel().groups)),)
        return self._matching_counts[0]

    def _count_matching_in_steps(self, groups: list[FindingGroup]) -> Generator[None, None, dict[str, int] | None]:
        """Yield between steps; the result is that of `count_matching_by_kind` for these groups."""
        all_kinds_filter = replace(self.filters, shown_kinds=frozenset(FINDING_KINDS))
        if not (
            all_kinds_filter.search_text.split()
            or all_kinds_filter.shown_townships
            or all_kinds_filter.hides_by_rule_or_work
        ):
            return None
        count_by_kind: Counter[str] = Counter()
        for group in groups:
            if not all_kinds_filter.accepts_rule(group):
                continue
            passes_filter = yield from all_kinds_filter.compute_finding_matches_in_steps(group, self.sourceModel())
            for start in range(0, len(passes_filter), FINDINGS_PER_STEP):
                part = slice(start, start + FINDINGS_PER_STEP)
                count_by_kind.update(map(get_finding_kind, compress(group.findings[part], passes_filter[part])))
                yield
            is_not_run = str(group.rule_outcome.outcome) in NOT_RUN_OUTCOMES
            count_by_kind["skipped"] += is_not_run and all_kinds_filter.accepts_skip_reason(group)
        return {kind: count_by_kind[kind] for kind in FINDING_KINDS}

    def get_finding_position(self, finding: Any) -> tuple[int, int, str] | None:
        """Return the position of a finding among the visible findings of its kind, as (position, count, kind).

        Positions begin with 1. None if the finding is not visible.
        """
        if self._numbers is None:
            self._numbers = run_to_end(_number_findings_in_steps(self.list_visible_findings()))
        numbers, counts = self._numbers
        number, kind = numbers.get(id(finding)), get_finding_kind(finding)
        return None if number is None or kind not in counts else (number, counts[kind], kind)

    def load_more_rows(self, parent: QModelIndex) -> bool:
        """Load further rows of an expanded rule; return True if there were any to load."""
        model: FindingsModel = self.sourceModel()
        group = model.groups[self.mapToSource(parent).row()]
        former_row_count = group.loaded_row_count
        model.load_rows(group, former_row_count + ROWS_LOADED_AT_ONCE)
        return group.loaded_row_count > former_row_count

    def get_index(self, finding: Any) -> QModelIndex:
        """Return the model index of a finding; load the rows of its rule if necessary.

        An invalid index if the filters hide the finding.
        """
        model: FindingsModel = self.sourceModel()
        for n, group in enumerate(model.groups):
            position = next((p for p, candidate in enumerate(group.findings) if candidate is finding), -1)
            if position >= 0:
                row = group.position_by_row.index(position)
                # Load whole batches, so that rows follow it.
                model.load_rows(group, -(-(row + 1) // ROWS_LOADED_AT_ONCE) * ROWS_LOADED_AT_ONCE)
                return self.mapFromSource(model.index(row, 0, model.index(n, 0)))
        return QModelIndex()

# SPDX-License-Identifier: GPL-2.0-or-later
"""Filters of the findings list; for all findings they are evaluated in one pass."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from qgis.PyQt.QtCore import QModelIndex, QSortFilterProxyModel, Qt

from ..widgets.theme import FINDING_KINDS
from .groups import (
    AREA_COLUMN,
    COLUMNS,
    COUNT_COLUMN,
    NOT_RUN_OUTCOMES,
    ROWS_LOADED_AT_ONCE,
    FindingGroup,
    get_finding_kind,
    get_listed_rule,
    make_search_text,
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
    of the rules whose findings are shown; ``package_only``: show only findings on the package itself (DOC rules).
    Empty sets and texts hide nothing, except empty ``shown_kinds``, which hides all.
    """

    shown_kinds: frozenset[str] = frozenset(FINDING_KINDS) - {"waived"}
    search_text: str = ""
    shown_townships: frozenset[str] = frozenset()
    shown_rules: frozenset[str] = frozenset()
    package_only: bool = False
    _search_words: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self):
        self._search_words = tuple(self.search_text.casefold().split())

    def accepts_rule(self, group: FindingGroup) -> bool:
        """Return True if the filters by rule and by package do not hide the rule."""
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
            and not self.shown_townships
            and self._matches_search_text(f"{group.code} {group.title} {group.rule_outcome.reason}")
        )

    def matches_finding(self, group: FindingGroup, finding: Any) -> bool:
        """Return True if a finding of an accepted rule passes the filters by kind, township and text."""
        return (
            get_finding_kind(finding) in self.shown_kinds
            and (not self.shown_townships or finding.township in self.shown_townships)
            and (not self._search_words or self._matches_search_text(make_search_text(group, finding)))
        )

    def compute_finding_matches(self, group: FindingGroup) -> list[bool]:
        """Return for each finding of a rule whether it passes the filters."""
        kinds, townships, search_words = self.shown_kinds, self.shown_townships, self._search_words
        passes_filter = [("waived" if f.state == "waived" else f.severity) in kinds for f in group.findings]
        if townships:
            passes_filter = [
                passes and f.township in townships for passes, f in zip(passes_filter, group.findings, strict=True)
            ]
        if search_words and not group.search_texts:
            group.search_texts = [make_search_text(group, f) for f in group.findings]
        for word in search_words:
            passes_filter = [
                passes and word in text for passes, text in zip(passes_filter, group.search_texts, strict=True)
            ]
        return passes_filter

    def _matches_search_text(self, text: str) -> bool:
        text = text.casefold()
        return all(word in text for word in self._search_words)


def _update_shown_counts(group: FindingGroup) -> None:
    group.update_shown_figures()
    last = (n for n, p in enumerate(reversed(group.position_by_row)) if p < 0 or group.passes_filter[p])
    group.rows_to_last_visible = len(group.position_by_row) - next(last, len(group.position_by_row))


class FindingsFilter(QSortFilterProxyModel):
    """Proxy model that hides the rows of the findings list that do not pass the filters.

    Which rows pass is computed in one pass for all rows; Qt then asks row by row.
    """

    def __init__(self, parent=None):
        super().__init__(parent)
        self.filters = FilterSettings()
        self._discard_results()

    def set_filters(self, filters: FilterSettings) -> None:
        """Set the filters and apply them to all rows."""
        self.filters = filters
        self.apply_filters()

    def apply_filters(self) -> None:
        """Compute again which rows pass the filters, and update the list."""
        model: FindingsModel = self.sourceModel()
        for group in model.groups:
            is_rule_accepted = self.filters.accepts_rule(group)
            group.passes_filter = (
                self.filters.compute_finding_matches(group) if is_rule_accepted else [False] * len(group.findings)
            )
            group.passes_reason_filter = is_rule_accepted and self.filters.accepts_skip_reason(group)
            group.shown_count = sum(group.passes_filter)
            group.rows_to_last_visible = group.is_not_fully_checked + group.shown_count
        model.reorder_after_filtering()
        for group in model.groups:
            _update_shown_counts(group)
        self._discard_results()
        self.invalidateFilter()
        if model.groups:
            model.dataChanged.emit(model.index(0, COUNT_COLUMN), model.index(len(model.groups) - 1, AREA_COLUMN))

    def apply_changes(self, change: Any) -> list[FindingGroup]:
        """Apply changed findings without a reset of the list; return the groups that were added to it.

        ``change``: `core.live.session.FindingsChange`. A group is a rule with its findings.
        """
        model: FindingsModel = self.sourceModel()
        self._discard_results()
        new_groups = model.apply_changes(
            change,
            lambda group, finding: self.filters.accepts_rule(group) and self.filters.matches_finding(group, finding),
        )
        # The change may have moved the selection and so filled the caches again.
        self._discard_results()
        changed_rule_codes = {
            get_listed_rule(f)
            for f in [
                *change.ended_findings,
                *change.new_findings,
                *(new_finding for _, new_finding in change.changed_findings),
            ]
        }
        for group in model.groups:
            if group.code in changed_rule_codes:
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
        """Sort in the source model: sorting through Qt row by row would take seconds."""
        self._discard_results()
        self.sourceModel().sort(column, order)

    def _discard_results(self) -> None:
        self._findings_in_view: list[Any] | None = None
        self._positions_of_findings: dict[int, tuple[int, int, str]] = {}

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
        all_kinds_filter = replace(self.filters, shown_kinds=frozenset(FINDING_KINDS))
        if not (
            all_kinds_filter.search_text.split()
            or all_kinds_filter.shown_townships
            or all_kinds_filter.shown_rules
            or all_kinds_filter.package_only
        ):
            return None
        count_by_kind: Counter[str] = Counter()
        for group in self.sourceModel().groups:
            if not all_kinds_filter.accepts_rule(group):
                continue
            passes_filter = all_kinds_filter.compute_finding_matches(group)
            count_by_kind.update(
                get_finding_kind(f) for f, passes in zip(group.findings, passes_filter, strict=True) if passes
            )
            is_not_run = str(group.rule_outcome.outcome) in NOT_RUN_OUTCOMES
            count_by_kind["skipped"] += is_not_run and all_kinds_filter.accepts_skip_reason(group)
        return {kind: count_by_kind[kind] for kind in FINDING_KINDS}

    def get_finding_position(self, finding: Any) -> tuple[int, int, str] | None:
        """Return the position of a finding among the visible findings of its kind, as (position, count, kind).

        Positions begin with 1. None if the finding is not visible.
        """
        if not self._positions_of_findings:
            by_kind: dict[str, list[Any]] = {}
            for finding_in_view in self.list_visible_findings():
                by_kind.setdefault(get_finding_kind(finding_in_view), []).append(finding_in_view)
            for kind, findings_of_kind in by_kind.items():
                self._positions_of_findings |= {
                    id(finding_in_view): (n, len(findings_of_kind), kind)
                    for n, finding_in_view in enumerate(findings_of_kind, 1)
                }
        return self._positions_of_findings.get(id(finding))

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

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
    COUNT_COLUMN,
    NOT_RUN_OUTCOMES,
    ROWS_LOADED_AT_ONCE,
    STATE_COLUMN,
    FindingGroup,
    get_kind,
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

    ``shown_kinds``: kinds of findings that are shown; ``search_text``: search text; ``shown_townships``,
    ``shown_rules``: those that are shown; ``package_only``: only findings on the package itself (DOC) are shown, not
    those on its layers. Empty sets and texts hide nothing, except empty ``shown_kinds``.
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
        if self.package_only and not group.code.startswith(_PACKAGE_RULE_PREFIX):
            return False
        return not self.shown_rules or group.code in self.shown_rules

    def accepts_reason(self, group: FindingGroup) -> bool:
        """Return True if the row with the reason of a rule that was not fully checked passes the filters.

        The reason of a rule that was checked in part is shown with its findings, too.
        """
        kinds = {"skipped", *map(get_kind, group.findings)} if group.check_state == "partly" else {"skipped"}
        return (
            group.is_not_fully_checked
            and bool(kinds & self.shown_kinds)
            and not self.shown_townships
            and self._matches_search_text(f"{group.code} {group.title} {group.rule_outcome.reason}")
        )

    def matches_finding(self, group: FindingGroup, finding: Any) -> bool:
        return (
            get_kind(finding) in self.shown_kinds
            and (not self.shown_townships or finding.township in self.shown_townships)
            and (not self._search_words or self._matches_search_text(make_search_text(group, finding)))
        )

    def match_findings(self, group: FindingGroup) -> list[bool]:
        """Return for each finding of a rule whether it passes the filters."""
        kinds, townships, words = self.shown_kinds, self.shown_townships, self._search_words
        seen = [("waived" if f.state == "waived" else f.severity) in kinds for f in group.findings]
        if townships:
            seen = [passes and f.township in townships for passes, f in zip(seen, group.findings, strict=True)]
        if words and not group.search_texts:
            group.search_texts = [make_search_text(group, f) for f in group.findings]
        for word in words:
            seen = [passes and word in text for passes, text in zip(seen, group.search_texts, strict=True)]
        return seen

    def _matches_search_text(self, text: str) -> bool:
        text = text.casefold()
        return all(word in text for word in self._search_words)


def _update_shown_counts(group: FindingGroup) -> None:
    group.update_shown_figures()
    last = (n for n, p in enumerate(reversed(group.position_by_row)) if p < 0 or group.passes_filter[p])
    group.rows_to_last_visible = len(group.position_by_row) - next(last, len(group.position_by_row))


class FindingsFilter(QSortFilterProxyModel):
    """Proxy model that hides rows of the findings list by the filters.

    It answers Qt row by row from results that were computed in one pass.
    """

    def __init__(self, parent=None):
        super().__init__(parent)
        self.wanted = FilterSettings()
        self._discard_results()

    def set_wanted(self, wanted: FilterSettings) -> None:
        self.wanted = wanted
        self.apply_filters()

    def apply_filters(self) -> None:
        model: FindingsModel = self.sourceModel()
        for group in model.groups:
            wanted = self.wanted.accepts_rule(group)
            group.passes_filter = self.wanted.match_findings(group) if wanted else [False] * len(group.findings)
            group.passes_reason_filter = wanted and self.wanted.accepts_reason(group)
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
        """Apply changed findings in place; return the groups that are listed anew.

        A group is a rule with its findings.
        """
        model: FindingsModel = self.sourceModel()
        self._discard_results()
        new = model.apply_changes(
            change,
            lambda group, finding: self.wanted.accepts_rule(group) and self.wanted.matches_finding(group, finding),
        )
        # The change may have moved the selection and so filled the caches again.
        self._discard_results()
        touched = {
            get_listed_rule(f)
            for f in [*change.ended_findings, *change.new_findings, *(now for _, now in change.changed_findings)]
        }
        for group in model.groups:
            if group.code in touched:
                _update_shown_counts(group)
        if model.groups:
            # Qt then filters the rules again.
            model.dataChanged.emit(model.index(0, 0), model.index(len(model.groups) - 1, STATE_COLUMN))
        return new

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
        """Return all findings that pass the filters, in list order.

        Those of collapsed rules are included. Callers must not change the list.
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
        """Return numbers of findings and skipped rules that pass all filters but kinds.

        The numbers are by kind. Return None if no other filter is set.
        """
        wanted = replace(self.wanted, shown_kinds=frozenset(FINDING_KINDS))
        if not (wanted.search_text.split() or wanted.shown_townships or wanted.shown_rules or wanted.package_only):
            return None
        found: Counter[str] = Counter()
        for group in self.sourceModel().groups:
            if not wanted.accepts_rule(group):
                continue
            seen = wanted.match_findings(group)
            found.update(get_kind(f) for f, passes in zip(group.findings, seen, strict=True) if passes)
            found["skipped"] += str(group.rule_outcome.outcome) in NOT_RUN_OUTCOMES and wanted.accepts_reason(group)
        return {kind: found[kind] for kind in FINDING_KINDS}

    def get_finding_position(self, finding: Any) -> tuple[int, int, str] | None:
        """Return (number, count, kind) of a finding among those of its kind, or None."""
        if not self._positions_of_findings:
            by_kind: dict[str, list[Any]] = {}
            for finding_in_view in self.list_visible_findings():
                by_kind.setdefault(get_kind(finding_in_view), []).append(finding_in_view)
            for kind, alike in by_kind.items():
                self._positions_of_findings |= {
                    id(finding_in_view): (n, len(alike), kind) for n, finding_in_view in enumerate(alike, 1)
                }
        return self._positions_of_findings.get(id(finding))

    def load_more(self, parent: QModelIndex) -> bool:
        """Load further rows of an expanded rule; return whether there were any."""
        model: FindingsModel = self.sourceModel()
        group = model.groups[self.mapToSource(parent).row()]
        before = group.loaded_row_count
        model.load_rows(group, before + ROWS_LOADED_AT_ONCE)
        return group.loaded_row_count > before

    def get_index(self, finding: Any) -> QModelIndex:
        """Return the model index of a finding and load its rule; invalid if not in view."""
        model: FindingsModel = self.sourceModel()
        for n, group in enumerate(model.groups):
            position = next((p for p, candidate in enumerate(group.findings) if candidate is finding), -1)
            if position >= 0:
                row = group.position_by_row.index(position)
                # Load whole batches, so that rows follow it.
                model.load_rows(group, -(-(row + 1) // ROWS_LOADED_AT_ONCE) * ROWS_LOADED_AT_ONCE)
                return self.mapFromSource(model.index(row, 0, model.index(n, 0)))
        return QModelIndex()

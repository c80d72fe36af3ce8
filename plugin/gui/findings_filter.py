# SPDX-License-Identifier: GPL-2.0-or-later
"""What of the findings is in view: a chain of small questions, asked once per finding and change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from qgis.PyQt.QtCore import QModelIndex, QSortFilterProxyModel

from .findings_groups import AREA, COUNT, STATE, Group, area_of, kind_of, rule_of
from .findings_model import FindingsModel
from .look import KINDS


@dataclass
class Wanted:
    """What the user asks to see. Empty sets and texts hide nothing, except ``kinds``."""

    kinds: frozenset[str] = frozenset(KINDS) - {"waived"}
    text: str = ""
    townships: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()
    _words: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self):
        self._words = tuple(self.text.casefold().split())

    def rule(self, group: Group) -> bool:
        return not self.rules or group.code in self.rules

    def reason(self, group: Group) -> bool:
        """The row that says why a rule was skipped."""
        return (
            group.aside
            and "skipped" in self.kinds
            and not self.townships
            and self._found(f"{group.code} {group.title} {group.outcome.reason}")
        )

    def finding(self, group: Group, finding: Any) -> bool:
        return (
            kind_of(finding) in self.kinds
            and (not self.townships or finding.township in self.townships)
            and (not self._words or self._found(_haystack(group, finding)))
        )

    def _found(self, text: str) -> bool:
        text = text.casefold()
        return all(word in text for word in self._words)


def _count(group: Group) -> None:
    in_view = [f for f, yes in zip(group.findings, group.seen, strict=True) if yes]
    group.shown, group.shown_area = len(in_view), area_of(in_view)


def _haystack(group: Group, finding: Any) -> str:
    parts = (
        group.code,
        group.title,
        finding.township,
        finding.key,
        *finding.related_keys,
        finding.role,
        finding.message,
    )
    return " ".join(parts)


class FindingsFilter(QSortFilterProxyModel):
    """Answers Qt row by row from marks made in one pass: no question is asked twice while scrolling."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.wanted = Wanted()

    def set_wanted(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.refilter()

    def refilter(self) -> None:
        model: FindingsModel = self.sourceModel()
        for group in model.groups:
            wanted = self.wanted.rule(group)
            group.seen = [wanted and self.wanted.finding(group, f) for f in group.findings]
            group.reason_seen = wanted and self.wanted.reason(group)
            _count(group)
        self.invalidateFilter()
        if model.groups:
            model.dataChanged.emit(model.index(0, COUNT), model.index(len(model.groups) - 1, AREA))

    def change(self, change: Any) -> list[Group]:
        """Findings that go, come or have other figures, in place. Gives back the rules that are listed for the first
        time."""
        model: FindingsModel = self.sourceModel()
        new = model.change(
            change, lambda group, finding: self.wanted.rule(group) and self.wanted.finding(group, finding)
        )
        touched = {rule_of(f) for f in [*change.gone, *change.found, *(now for _, now in change.renewed)]}
        for group in model.groups:
            if group.code in touched:
                _count(group)
        if model.groups:
            # Qt asks anew which of the rules are in view.
            model.dataChanged.emit(model.index(0, 0), model.index(len(model.groups) - 1, STATE))
        return new

    def filterAcceptsRow(self, row, parent):
        groups = self.sourceModel().groups
        if not parent.isValid():
            return groups[row].reason_seen or groups[row].shown > 0
        group = groups[parent.row()]
        position = group.order[row]
        return group.reason_seen if position < 0 else group.seen[position]

    def sort(self, column, order):
        """The model sorts itself: comparing rows one by one through Qt would take seconds."""
        self.sourceModel().sort(column, order)

    def in_view(self) -> list[Any]:
        """All findings in view, in the order of the list, whether their rule is open or not."""
        return [
            group.findings[position]
            for group in self.sourceModel().groups
            for position in group.order
            if position >= 0 and group.seen[position]
        ]

    def index_of(self, finding: Any) -> QModelIndex:
        """The row of a finding; its rule is loaded for it. An invalid index when it is not in view."""
        model: FindingsModel = self.sourceModel()
        for n, group in enumerate(model.groups):
            position = next((p for p, one in enumerate(group.findings) if one is finding), -1)
            if position >= 0:
                parent = model.index(n, 0)
                model.fetchMore(parent)
                return self.mapFromSource(model.index(group.order.index(position), 0, parent))
        return QModelIndex()

# SPDX-License-Identifier: GPL-2.0-or-later
"""The findings of a report as the rows of a tree, rule → its findings: which there are, and in what order.

A rule's children become rows when the rule is opened, `BATCH` at a time: a report of 100 000 findings shows at once.
What a row says is `model`'s, what an edit does to the rows `changes`'.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.PyQt.QtCore import QAbstractItemModel, QModelIndex, Qt

from .groups import AREA, BATCH, Group, groups_of, in_order, in_view_first, ranked

BRANCH = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
LEAF = BRANCH | Qt.ItemFlag.ItemNeverHasChildren


class FindingsRows(QAbstractItemModel):
    """Four columns. Internal id: 0 for a rule, its rule's number for a finding."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.groups: list[Group] = []
        #: Number of a rule → its row; rules that have nothing to say are not there, but may come.
        self._rows: dict[int, int] = {}
        self._silent: dict[str, Group] = {}
        self._sorting = (AREA, Qt.SortOrder.DescendingOrder)
        #: Do all rows stand where their figures put them?
        self._sorted = True
        #: Rows go or come: no others may come meanwhile.
        self._changing = False

    def set_report(self, report: Any) -> None:
        self.beginResetModel()
        self.groups = groups_of(report) if report is not None else []
        self._arrange(*self._sorting)
        self._sorted = True
        listed = {g.code for g in self.groups}
        rules = enumerate(report.rules, 1) if report is not None else ()
        self._silent = {r.code: Group(r.code, r.title or r.name, r, number=n) for n, r in rules if r.code not in listed}
        self.endResetModel()

    # --- shape
    def columnCount(self, parent=QModelIndex()):  # noqa: B008 - Qt's own signature
        return 4

    def rowCount(self, parent=QModelIndex()):  # noqa: B008
        if not parent.isValid():
            return len(self.groups)
        if parent.internalId() or parent.column() > 0:
            return 0
        return self.groups[parent.row()].loaded

    def hasChildren(self, parent=QModelIndex()):  # noqa: B008
        if not parent.isValid():
            return bool(self.groups)
        return not parent.internalId() and bool(self.groups[parent.row()].order)

    def canFetchMore(self, parent):
        # Only the first rows: Qt asks for more whenever it lays the list out.
        if not parent.isValid() or parent.internalId() or self._changing:
            return False
        group = self.groups[parent.row()]
        return not group.loaded and _there(group) > 0

    def fetchMore(self, parent):
        if self.canFetchMore(parent):
            self.load(self.groups[parent.row()], BATCH)

    def load(self, group: Group, rows: int) -> None:
        """See to it that the tree has so many rows of a rule, as far as there are as many to be seen."""
        rows = min(rows, _there(group))
        if rows > group.loaded:
            self.beginInsertRows(self._at(group), group.loaded, rows - 1)
            group.loaded = rows
            self.endInsertRows()

    def index(self, row, column, parent=QModelIndex()):  # noqa: B008
        # Asked for every row of an open rule: no detour through rowCount.
        if not parent.isValid():
            inside, group = row < len(self.groups), 0
        else:
            group = self.groups[parent.row()].number
            inside = not parent.internalId() and row < self.groups[parent.row()].loaded
        return self.createIndex(row, column, group) if inside and row >= 0 <= column < 4 else QModelIndex()

    def parent(self, index):
        group = index.internalId() if index.isValid() else 0
        return self.createIndex(self._rows[group], 0, 0) if group else QModelIndex()

    def flags(self, index):
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return LEAF if index.internalId() else BRANCH

    def group_at(self, index) -> Group:
        return self.groups[self._rows[index.internalId()] if index.internalId() else index.row()]

    def finding_at(self, index) -> Any:
        """The finding of a row; None for a rule and for a reason."""
        if not index.isValid() or not index.internalId():
            return None
        group = self.group_at(index)
        position = group.order[index.row()]
        return group.findings[position] if position >= 0 else None

    # --- order
    def sort(self, column, order=Qt.SortOrder.AscendingOrder):
        """Rules and, within them, findings. A reason stays on top; ties keep the report's order."""
        # Qt asks twice for each click on a column.
        if self._sorted and self._sorting == (column, order):
            return
        self._sorting, self._sorted = (column, order), True
        self._rearrange(lambda: self._arrange(column, order))

    def seen_changed(self) -> None:
        """Another filter: a long list has other rows first. Of what was loaded by and by only the first rows stay."""
        for group in self.groups:
            if group.loaded > BATCH:
                self.beginRemoveRows(self._at(group), BATCH, group.loaded - 1)
                group.loaded = BATCH
                self.endRemoveRows()
        long = [group for group in self.groups if len(group.ranks) > BATCH]

        def order() -> None:
            for group in long:
                group.order = in_view_first(group)

        if any(group.loaded for group in long):
            self._rearrange(order)
        else:
            order()
        for group in long:
            if group.loaded:
                self.load(group, BATCH)

    def _rearrange(self, arrange: Callable[[], None]) -> None:
        """Put rows in another order; what is selected goes with its row, as long as that is one of those loaded."""
        self.layoutAboutToBeChanged.emit()
        kept = [
            (i, self.group_at(i), i.internalId() and self.group_at(i).order[i.row()])
            for i in self.persistentIndexList()
        ]
        arrange()
        places = {id(g): n for n, g in enumerate(self.groups)}
        rows: dict[int, dict[int, int]] = {}
        moved = []
        for index, group, position in kept:
            row = places[id(group)]
            if not index.internalId():
                moved.append(self.createIndex(row, index.column(), 0))
                continue
            if row not in rows:
                rows[row] = {p: n for n, p in enumerate(group.order)}
            now = rows[row][position]
            inside = now < group.loaded
            moved.append(self.createIndex(now, index.column(), group.number) if inside else QModelIndex())
        self.changePersistentIndexList([i for i, _, _ in kept], moved)
        self.layoutChanged.emit()

    def _arrange(self, column, order):
        down = order == Qt.SortOrder.DescendingOrder

        self.groups = ranked(self.groups, column, down)
        self._number()
        for group in self.groups:
            group.ranks = in_order(group, column, down)
            group.order = in_view_first(group)

    def _number(self):
        self._rows = {group.number: row for row, group in enumerate(self.groups)}

    def _at(self, group: Group) -> QModelIndex:
        return self.index(self._rows[group.number], 0)

    def _sorting_down(self) -> tuple[int, bool]:
        column, order = self._sorting
        return column, order == Qt.SortOrder.DescendingOrder


def _there(group: Group) -> int:
    """How many rows of a rule the tree may ask for: all of a short list, of a long one down to the last in view."""
    return len(group.order) if len(group.order) <= BATCH else group.reach

# SPDX-License-Identifier: GPL-2.0-or-later
"""The findings of a report as a tree: rule → its findings. Holds plain data, no layer and no feature.

A rule's children become rows when the rule is opened, `BATCH` at a time: a report of 100 000 findings shows at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.PyQt.QtCore import QAbstractItemModel, QModelIndex, Qt
from qgis.PyQt.QtGui import QBrush

from ..bridge.texts import tr
from . import look
from .findings_groups import (
    AREA,
    ASIDE,
    BATCH,
    COUNT,
    PLACE,
    STATE,
    Group,
    groups_of,
    haystack,
    hectares,
    in_order,
    in_view_first,
    not_run,
    place_of,
    ranked,
    rule_of,
)

#: Role under which the proxy and the dock get at the row itself: a Group, or (Group, Finding or None).
ROW = Qt.ItemDataRole.UserRole + 1
BRANCH = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
LEAF = BRANCH | Qt.ItemFlag.ItemNeverHasChildren
_ALIGN = Qt.AlignmentFlag
# As numbers: Qt 6 keeps flags apart from them, the role of alignment does not.
_RIGHT, _LEFT = (
    int(getattr(flags, "value", flags))
    for flags in (_ALIGN.AlignRight | _ALIGN.AlignVCenter, _ALIGN.AlignLeft | _ALIGN.AlignVCenter)
)


class FindingsModel(QAbstractItemModel):
    """Columns: rule or place, count, area in hectares, state. Internal id: 0 for a rule, its rule's number for a finding."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.groups: list[Group] = []
        #: Number of a rule → its row; rules that have nothing to say are not there, but may come.
        self._rows: dict[int, int] = {}
        self._silent: dict[str, Group] = {}
        self._icons: dict[str, Any] = {}
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

    def refresh_icons(self) -> None:
        """After a change of theme."""
        self._icons.clear()
        if self.groups:
            self.dataChanged.emit(
                self.index(0, 0), self.index(len(self.groups) - 1, 0), [Qt.ItemDataRole.DecorationRole]
            )

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

    # --- content
    def group_at(self, index) -> Group:
        return self.groups[self._rows[index.internalId()] if index.internalId() else index.row()]

    def finding_at(self, index) -> Any:
        """The finding of a row; None for a rule and for a reason."""
        if not index.isValid() or not index.internalId():
            return None
        group = self.group_at(index)
        position = group.order[index.row()]
        return group.findings[position] if position >= 0 else None

    def data(self, index, role=Qt.ItemDataRole.DisplayRole):
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(index)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if index.column() in (COUNT, AREA) else None
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            finding = self.finding_at(index)
            group = self.group_at(index)
            return finding.message if finding is not None else group.outcome.reason or f"{group.code} {group.title}"
        if role == Qt.ItemDataRole.DecorationRole and index.column() == PLACE and not index.internalId():
            return self._icon(self.groups[index.row()].kind())
        if role == Qt.ItemDataRole.ForegroundRole:
            finding = self.finding_at(index)
            faint = finding.state == "waived" if finding is not None else not self.group_at(index).findings
            return QBrush(look.faint()) if faint else None
        if role == ROW:
            return self.finding_at(index)
        return None

    def headerData(self, section, orientation, role=Qt.ItemDataRole.DisplayRole):
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (tr("Rule / place"), tr("Count"), tr("Area ha"), tr("State"))[section]
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if section in (COUNT, AREA) else _LEFT
        return None

    def _text(self, index):
        column = index.column()
        group = self.group_at(index)
        if not index.internalId():
            return self._group_text(group, column)
        finding = self.finding_at(index)
        if finding is None:
            return group.outcome.reason if column == PLACE else ""
        if column == PLACE:
            return place_of(finding)
        if column == AREA:
            return hectares(finding.area_m2)
        return look.state_word(finding.state) if column == STATE else ""

    def _group_text(self, group, column):
        if column == PLACE:
            return f"{group.code}  {group.title}"
        if column == COUNT:
            return str(group.shown) if group.findings else "—"
        if column == AREA:
            return hectares(group.shown_area) if group.findings else "—"
        outcome = str(group.outcome.outcome)
        if outcome in ASIDE:
            return look.outcome_word(outcome)
        return tr("Partly checked") if group.outcome.incomplete else ""

    def _icon(self, kind):
        if kind not in self._icons:
            self._icons[kind] = look.icon(look.KIND_ICONS[kind])
        return self._icons[kind]

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

    # --- change in place
    def change(self, change: Any, sees: Callable[[Group, Any], bool]) -> list[Group]:
        """Findings that go, come or have other figures (`core.edits.Change`): what is selected and open stays so.

        ``sees``: is a finding in view? Gives back the rules that are listed for the first time.
        """
        self._changing = True
        try:
            return self._change(change, sees)
        finally:
            self._changing = False

    def _change(self, change: Any, sees: Callable[[Group, Any], bool]) -> list[Group]:
        gone, renewed = {id(f) for f in change.gone}, {id(old): new for old, new in change.renewed}
        touched = {rule_of(f) for f in [*change.gone, *(old for old, _ in change.renewed)]}
        for group in self.groups:
            if group.code in touched:
                self._renew(group, renewed, sees)
                self._drop(group, gone)
        found: dict[str, list[Any]] = {}
        for finding in change.found:
            found.setdefault(rule_of(finding), []).append(finding)
        for group in self.groups:
            if group.code in found:
                self._add(group, found.pop(group.code), sees)
        for group in self.groups:
            group.told_anew()
        number = max([0, *self._rows, *(group.number for group in self._silent.values())])
        strangers = {code: not_run(code, number + n) for n, code in enumerate(found, 1) if code not in self._silent}
        return [self._list((self._silent | strangers)[code], new, sees) for code, new in found.items()]

    def _at(self, group: Group) -> QModelIndex:
        return self.index(self._rows[group.number], 0)

    def _renew(self, group: Group, renewed: dict[int, Any], sees: Callable[[Group, Any], bool]) -> None:
        if not any(id(f) in renewed for f in group.findings):
            return
        self._sorted = False
        for position, finding in enumerate(group.findings):
            if id(finding) in renewed:
                new = renewed[id(finding)]
                group.findings[position], group.seen[position] = new, sees(group, new)
                if group.texts:
                    group.texts[position] = haystack(group, new)
        if group.loaded:
            parent, last = self._at(group), group.loaded - 1
            self.dataChanged.emit(self.index(0, 0, parent), self.index(last, STATE, parent))

    def _drop(self, group: Group, gone: set[int]) -> None:
        going = {position for position, f in enumerate(group.findings) if id(f) in gone}
        rows = [n for n, position in enumerate(group.order) if position in going]
        group.order = list(group.order)
        for row in reversed(rows):
            there = row < group.loaded
            if there:
                self.beginRemoveRows(self._at(group), row, row)
                group.loaded -= 1
            del group.order[row]
            if there:
                self.endRemoveRows()
        kept = [position for position in range(len(group.findings)) if position not in going]
        place = {position: n for n, position in enumerate(kept)} | {-1: -1}
        group.findings = [group.findings[position] for position in kept]
        group.seen = [group.seen[position] for position in kept]
        group.texts = [group.texts[position] for position in kept] if group.texts else []
        group.order = [place[position] for position in group.order]
        group.ranks = [place[position] for position in group.ranks if position not in going]

    def _add(self, group: Group, new: list[Any], sees: Callable[[Group, Any], bool]) -> None:
        first = len(group.findings)
        group.findings += new
        group.seen += [sees(group, f) for f in new]
        if group.texts:
            group.texts += [haystack(group, f) for f in new]
        group.ranks = in_order(group, *self._sorting_down())
        group.order = list(group.order)
        # Those that were there keep their order, also where their figures have changed since they were sorted.
        for row, position in enumerate(in_view_first(group)):
            if position < first:
                continue
            there = row < group.loaded or (row == group.loaded == len(group.order) and row > 0)
            if there:
                self.beginInsertRows(self._at(group), row, row)
                group.loaded += 1
            group.order.insert(row, position)
            if there:
                self.endInsertRows()

    def _list(self, group: Group, new: list[Any], sees: Callable[[Group, Any], bool]) -> Group:
        """A rule that had nothing to say."""
        group.findings, group.seen = new, [sees(group, f) for f in new]
        group.told_anew()
        group.ranks = in_order(group, *self._sorting_down())
        group.order = in_view_first(group)
        group.shown = sum(group.seen)
        row = ranked([*self.groups, group], *self._sorting_down()).index(group)
        self.beginInsertRows(QModelIndex(), row, row)
        self.groups.insert(row, group)
        self._number()
        self.endInsertRows()
        return group

    def _sorting_down(self) -> tuple[int, bool]:
        column, order = self._sorting
        return column, order == Qt.SortOrder.DescendingOrder


def _there(group: Group) -> int:
    """How many rows of a rule the tree may ask for: all of a short list, of a long one down to the last in view."""
    return len(group.order) if len(group.order) <= BATCH else group.reach

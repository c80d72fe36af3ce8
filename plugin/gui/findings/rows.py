# SPDX-License-Identifier: GPL-2.0-or-later
"""Model of the findings of a report as a tree: group → findings. A group is a rule, unless the user chose otherwise.

The findings of a group are loaded when it is expanded, a batch at a time, so that a report of 100 000 findings opens
at once. Subclasses render the rows and apply edits.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import Any

from qgis.PyQt.QtCore import QAbstractItemModel, QModelIndex, Qt

from ...bridge.running.portions import run_to_end
from .groups import (
    AREA_COLUMN,
    COLUMNS,
    NO_WORK,
    ROWS_LOADED_AT_ONCE,
    FindingGroup,
    Grouping,
    find_group_key,
    make_finding_groups_in_steps,
    make_search_text,
    order_group_rows,
    order_group_rows_in_steps,
    order_rows_visible_first,
    sort_groups,
)
from .work_rows import WorkRows

RULE_ROW_FLAGS = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
FINDING_ROW_FLAGS = RULE_ROW_FLAGS | Qt.ItemFlag.ItemNeverHasChildren


class FindingsRows(QAbstractItemModel):
    """Tree model of groups, and the findings of each group.

    The internal id of an index is 0 for a rule, and the number of its rule for a finding.
    """

    def __init__(self, parent=None):
        super().__init__(parent)
        self.groups: list[FindingGroup] = []
        #: The work list, by what the list is grouped, and role → name of the layer.
        self.work: WorkRows = NO_WORK
        self.grouping = Grouping.RULE
        self.layer_names: Mapping[str, str] = {}
        #: id() of a listed finding → its search text, which all groupings share.
        self._search_texts: dict[int, str] = {}
        #: Number of a rule → its row. Rules without findings are not listed, but may be later.
        self._rows: dict[int, int] = {}
        self._silent: dict[str, FindingGroup] = {}
        self._sort_column_and_order = (AREA_COLUMN, Qt.SortOrder.DescendingOrder)
        #: True if all rows are sorted by their current figures.
        self._is_sorted = True
        #: True while rows are inserted or removed; no other rows may be loaded meanwhile.
        self._is_changing = False

    def set_report(self, report: Any) -> None:
        """Show the findings of a report (`core.model.report.Report`); none for None."""
        self.show_groups(report, run_to_end(self.prepare_groups(report)) if report is not None else [])

    def prepare_groups(
        self, report: Any, findings: Sequence[Any] | None = None
    ) -> Generator[None, None, list[FindingGroup]]:
        """Yield between steps of some milliseconds; the result are sorted groups for `show_groups`.

        ``findings``: the present findings; by default those of the report. The model does not change.
        """
        column, descending = self._get_sort_column_and_direction()
        steps = make_finding_groups_in_steps(report, findings, self.grouping, self.work, self.layer_names)
        groups = sort_groups((yield from steps), column, descending)
        for group in groups:
            group.rank_by_row = yield from order_group_rows_in_steps(group, column, descending, self.work)
            group.position_by_row = group.rank_by_row
        return groups

    def show_groups(self, report: Any, groups: list[FindingGroup]) -> None:
        """Show prepared groups of a report."""
        self.beginResetModel()
        self.groups = groups
        self._set_row_by_rule_number()
        self._is_sorted = True
        listed_codes = {g.code for g in self.groups}
        rules = enumerate(report.rules, 1) if report is not None else ()
        self._silent = {
            r.code: FindingGroup(r.code, r.title or r.name, r, rule_number=n)
            for n, r in rules
            if r.code not in listed_codes
        }
        self.endResetModel()

    # --- shape
    def columnCount(self, parent=QModelIndex()):  # noqa: B008 - Qt's own signature
        return len(COLUMNS)

    def rowCount(self, parent=QModelIndex()):  # noqa: B008
        if not parent.isValid():
            return len(self.groups)
        if parent.internalId() or parent.column() > 0:
            return 0
        return self.groups[parent.row()].loaded_row_count

    def hasChildren(self, parent=QModelIndex()):  # noqa: B008
        if not parent.isValid():
            return bool(self.groups)
        return not parent.internalId() and bool(self.groups[parent.row()].position_by_row)

    def canFetchMore(self, parent):
        # Only the first rows: Qt calls this whenever it lays the list out.
        if not parent.isValid() or parent.internalId() or self._is_changing:
            return False
        group = self.groups[parent.row()]
        return not group.loaded_row_count and _count_loadable_rows(group) > 0

    def fetchMore(self, parent):
        if self.canFetchMore(parent):
            self.load_rows(self.groups[parent.row()], ROWS_LOADED_AT_ONCE)

    def load_rows(self, group: FindingGroup, row_count: int) -> None:
        """Load the first ``row_count`` rows of a rule, or as many as can be loaded; loaded rows stay."""
        row_count = min(row_count, _count_loadable_rows(group))
        if row_count > group.loaded_row_count:
            self.beginInsertRows(self._get_index_of_group(group), group.loaded_row_count, row_count - 1)
            group.loaded_row_count = row_count
            self.endInsertRows()

    def index(self, row, column, parent=QModelIndex()):  # noqa: B008
        # Qt calls this for every row of an expanded rule; avoid a call of rowCount.
        if not parent.isValid():
            inside, group = row < len(self.groups), 0
        else:
            group = self.groups[parent.row()].rule_number
            inside = not parent.internalId() and row < self.groups[parent.row()].loaded_row_count
        return self.createIndex(row, column, group) if inside and row >= 0 <= column < len(COLUMNS) else QModelIndex()

    def parent(self, index):
        group = index.internalId() if index.isValid() else 0
        return self.createIndex(self._rows[group], 0, 0) if group else QModelIndex()

    def flags(self, index):
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return FINDING_ROW_FLAGS if index.internalId() else RULE_ROW_FLAGS

    def get_group(self, index) -> FindingGroup:
        """Return the rule of a row, for the row of a rule or of one of its findings."""
        return self.groups[self._rows[index.internalId()] if index.internalId() else index.row()]

    def get_finding(self, index) -> Any:
        """Return the finding of a row; None for a rule and for a skip reason."""
        if not index.isValid() or not index.internalId():
            return None
        group = self.get_group(index)
        position = group.position_by_row[index.row()]
        return group.findings[position] if position >= 0 else None

    # --- order
    def sort(self, column, order=Qt.SortOrder.AscendingOrder):
        """Sort the rules and their findings by a column.

        The reason why a rule was skipped stays on top; equal rows keep their order.
        """
        # Qt calls this twice for each click on a column.
        if self._is_sorted and self._sort_column_and_order == (column, order):
            return
        self._sort_column_and_order, self._is_sorted = (column, order), True
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, self.columnCount() - 1)
        self._reorder_rows(lambda: self._sort_rows(column, order))

    def store_sort_order(self, column: int, order: Any) -> bool:
        """Store a new order for the next preparation of the list; return False if it is the present one."""
        if self._sort_column_and_order == (column, order):
            return False
        self._sort_column_and_order = (column, order)
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, self.columnCount() - 1)
        return True

    def reorder_after_filtering(self) -> None:
        """Reorder long lists after filters changed; unload all but their first rows."""
        for group in self.groups:
            if group.loaded_row_count > ROWS_LOADED_AT_ONCE:
                self.beginRemoveRows(self._get_index_of_group(group), ROWS_LOADED_AT_ONCE, group.loaded_row_count - 1)
                group.loaded_row_count = ROWS_LOADED_AT_ONCE
                self.endRemoveRows()
        long = [group for group in self.groups if len(group.rank_by_row) > ROWS_LOADED_AT_ONCE]

        def sort_rows() -> None:
            for group in long:
                group.position_by_row = order_rows_visible_first(group)

        if any(group.loaded_row_count for group in long):
            self._reorder_rows(sort_rows)
        else:
            sort_rows()
        for group in long:
            if group.loaded_row_count:
                self.load_rows(group, ROWS_LOADED_AT_ONCE)

    def _reorder_rows(self, arrange: Callable[[], None]) -> None:
        """Reorder the rows by calling ``arrange``; selected rows that are loaded stay selected."""
        self.layoutAboutToBeChanged.emit()
        persistent = [
            (i, self.get_group(i), i.internalId() and self.get_group(i).position_by_row[i.row()])
            for i in self.persistentIndexList()
        ]
        arrange()
        group_rows = {id(g): n for n, g in enumerate(self.groups)}
        position_rows: dict[int, dict[int, int]] = {}
        new_indexes = []
        for index, group, position in persistent:
            row = group_rows[id(group)]
            if not index.internalId():
                new_indexes.append(self.createIndex(row, index.column(), 0))
                continue
            if row not in position_rows:
                position_rows[row] = {p: n for n, p in enumerate(group.position_by_row)}
            new_row = position_rows[row][position]
            is_loaded = new_row < group.loaded_row_count
            new_indexes.append(
                self.createIndex(new_row, index.column(), group.rule_number) if is_loaded else QModelIndex()
            )
        self.changePersistentIndexList([i for i, _, _ in persistent], new_indexes)
        self.layoutChanged.emit()

    def _sort_rows(self, column, order):
        down = order == Qt.SortOrder.DescendingOrder

        self.groups = sort_groups(self.groups, column, down)
        self._set_row_by_rule_number()
        for group in self.groups:
            group.rank_by_row = order_group_rows(group, column, down, self.work)
            group.position_by_row = order_rows_visible_first(group)

    def get_search_text(self, group: FindingGroup, finding: Any) -> str:
        """Return the search text of a finding (`make_search_text`), made once."""
        text = self._search_texts.get(id(finding))
        if text is None:
            text = self._search_texts[id(finding)] = make_search_text(group, finding, self.work)
        return text

    def forget_search_texts(self, findings: Iterable[Any] | None = None) -> None:
        """Forget the search texts of findings that are no longer listed; by default of all."""
        if findings is None:
            self._search_texts.clear()
        for finding in findings or ():
            self._search_texts.pop(id(finding), None)

    def set_work(self, work: WorkRows) -> None:
        """Set the work list of the findings; groups that depend on it are made anew by the caller."""
        self.work = work
        for group in self.groups:
            group.search_texts = []
        self.forget_search_texts()

    def find_group_key(self, finding: Any) -> str:
        """Return the key of the group in which a finding is listed."""
        return find_group_key(finding, self.grouping, self.work)

    def _set_row_by_rule_number(self):
        self._rows = {group.rule_number: row for row, group in enumerate(self.groups)}

    def _get_index_of_group(self, group: FindingGroup) -> QModelIndex:
        return self.index(self._rows[group.rule_number], 0)

    def _get_sort_column_and_direction(self) -> tuple[int, bool]:
        column, order = self._sort_column_and_order
        return column, order == Qt.SortOrder.DescendingOrder


def _count_loadable_rows(group: FindingGroup) -> int:
    """Return the number of rows of a rule that can be loaded.

    All rows of a short list can be loaded; of a long list, those down to the last row that passes the filters.
    """
    return (
        len(group.position_by_row) if len(group.position_by_row) <= ROWS_LOADED_AT_ONCE else group.rows_to_last_visible
    )

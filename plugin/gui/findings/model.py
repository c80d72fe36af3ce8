# SPDX-License-Identifier: GPL-2.0-or-later
"""Model of the findings list: texts, colours and icons of its rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.PyQt.QtCore import QModelIndex, Qt
from qgis.PyQt.QtGui import QBrush

from ...bridge.texts import tr
from ...core.messages.numbers import format_hectare_number
from ...core.results.saved_result import OutdatedFindings
from ...core.worklist.model import WorkState
from ..widgets import theme
from .groups import (
    AREA_COLUMN,
    ASSIGNEE_COLUMN,
    COLUMNS,
    COUNT_COLUMN,
    NOT_RUN_OUTCOMES,
    NOTE_COLUMN,
    PLACE_COLUMN,
    ROWS_LOADED_AT_ONCE,
    STATE_COLUMN,
    UPDATED_COLUMN,
    FindingGroup,
    Grouping,
    describe_location,
    get_finding_kind,
    get_listed_rule,
    make_group_of_rule_not_run,
    make_group_of_value,
    make_search_text,
    order_group_rows,
    order_rows_visible_first,
    sort_groups,
)
from .rows import FindingsRows
from .work_rows import CONFLICT, get_work_state_word


class ChangingFindings(FindingsRows):
    """Rows of the findings list to which changes by edits and waivers can be applied one by one."""

    def apply_changes(self, change: Any, passes_filter: Callable[[FindingGroup, Any], bool]) -> list[FindingGroup]:
        """Apply changed findings row by row; return the groups that were added to the list.

        ``change``: `core.live.session.FindingsChange`. Selection and expansion stay. ``passes_filter``: returns True if
        a finding passes the filter. A group is a rule with its findings.
        """
        self._is_changing = True
        try:
            return self._apply_changes_to_groups(change, passes_filter)
        finally:
            self._is_changing = False

    def _apply_changes_to_groups(
        self, change: Any, passes_filter: Callable[[FindingGroup, Any], bool]
    ) -> list[FindingGroup]:
        # Another finding may get the id() of one that is freed.
        self.forget_search_texts([*change.ended_findings, *(old for old, _ in change.changed_findings)])
        ended_ids = {id(f) for f in change.ended_findings}
        new_version_by_id = {id(old): new for old, new in change.changed_findings}
        changed_rule_codes = {
            self.find_group_key(f) for f in [*change.ended_findings, *(old for old, _ in change.changed_findings)]
        }
        for group in self.groups:
            if group.key in changed_rule_codes:
                self._replace_findings(group, new_version_by_id, passes_filter)
                self._remove_findings(group, ended_ids)
        new_findings_by_rule: dict[str, list[Any]] = {}
        for finding in change.new_findings:
            new_findings_by_rule.setdefault(self.find_group_key(finding), []).append(finding)
        changed_rule_codes |= new_findings_by_rule.keys()
        for group in self.groups:
            if group.key in new_findings_by_rule:
                self._add_finding(group, new_findings_by_rule.pop(group.key), passes_filter)
        for group in self.groups:
            # The figures of the other rules are as before.
            if group.key in changed_rule_codes:
                group.update_figures()
                group.update_open_count(self.work)
        number = max([0, *self._rows, *(group.rule_number for group in self._silent.values())])
        unlisted = {
            code: self._make_group(code, number + n)
            for n, code in enumerate(new_findings_by_rule, 1)
            if code not in self._silent
        }
        return [
            self._insert_group_row((self._silent | unlisted)[code], new, passes_filter)
            for code, new in new_findings_by_rule.items()
        ]

    def _make_group(self, key: str, number: int) -> FindingGroup:
        """Return an empty group for findings that no listed group has."""
        if self.grouping is Grouping.RULE:
            return make_group_of_rule_not_run(key, number)
        titles = next((group.titles for group in self.groups if group.titles), {})
        return make_group_of_value(key, self.grouping, number, titles, self.layer_names)

    def _replace_findings(
        self, group: FindingGroup, new_version_by_id: dict[int, Any], passes_filter: Callable[[FindingGroup, Any], bool]
    ) -> None:
        if not any(id(f) in new_version_by_id for f in group.findings):
            return
        self._is_sorted = False
        for position, finding in enumerate(group.findings):
            if id(finding) in new_version_by_id:
                new_finding = new_version_by_id[id(finding)]
                group.findings[position], group.passes_filter[position] = new_finding, passes_filter(group, new_finding)
                if group.search_texts:
                    group.search_texts[position] = make_search_text(group, new_finding, self.work)
        if group.loaded_row_count:
            parent, last = self._get_index_of_group(group), group.loaded_row_count - 1
            self.dataChanged.emit(self.index(0, 0, parent), self.index(last, COLUMNS[-1], parent))

    def _remove_findings(self, group: FindingGroup, ended_ids: set[int]) -> None:
        removed_positions = {position for position, f in enumerate(group.findings) if id(f) in ended_ids}
        rows = [n for n, position in enumerate(group.position_by_row) if position in removed_positions]
        group.position_by_row = list(group.position_by_row)
        for row in reversed(rows):
            is_loaded = row < group.loaded_row_count
            if is_loaded:
                self.beginRemoveRows(self._get_index_of_group(group), row, row)
                group.loaded_row_count -= 1
            del group.position_by_row[row]
            if is_loaded:
                self.endRemoveRows()
        remaining_positions = [position for position in range(len(group.findings)) if position not in removed_positions]
        new_position = {position: n for n, position in enumerate(remaining_positions)} | {-1: -1}
        group.findings = [group.findings[position] for position in remaining_positions]
        group.passes_filter = [group.passes_filter[position] for position in remaining_positions]
        group.search_texts = (
            [group.search_texts[position] for position in remaining_positions] if group.search_texts else []
        )
        group.position_by_row = [new_position[position] for position in group.position_by_row]
        group.rank_by_row = [
            new_position[position] for position in group.rank_by_row if position not in removed_positions
        ]

    def _add_finding(
        self, group: FindingGroup, new: list[Any], passes_filter: Callable[[FindingGroup, Any], bool]
    ) -> None:
        first = len(group.findings)
        group.findings += new
        group.passes_filter += [passes_filter(group, f) for f in new]
        if group.search_texts:
            group.search_texts += [make_search_text(group, f, self.work) for f in new]
        group.rank_by_row = order_group_rows(group, *self._get_sort_column_and_direction(), self.work)
        group.position_by_row = list(group.position_by_row)
        # Former rows stay in their order, even if their figures have changed since the sorting.
        for row, position in enumerate(order_rows_visible_first(group)):
            if position < first:
                continue
            is_loaded = row < group.loaded_row_count or (
                row == group.loaded_row_count == len(group.position_by_row) and row > 0
            )
            if is_loaded:
                self.beginInsertRows(self._get_index_of_group(group), row, row)
                group.loaded_row_count += 1
            group.position_by_row.insert(row, position)
            if is_loaded:
                self.endInsertRows()

    def _insert_group_row(
        self, group: FindingGroup, new: list[Any], passes_filter: Callable[[FindingGroup, Any], bool]
    ) -> FindingGroup:
        """Add the group of a rule that had no findings to the list, and return the group.

        ``new``: the rule's first findings; ``passes_filter``: returns True if a finding passes the filter.
        """
        group.findings, group.passes_filter = new, [passes_filter(group, f) for f in new]
        group.update_figures()
        group.update_open_count(self.work)
        group.rank_by_row = order_group_rows(group, *self._get_sort_column_and_direction(), self.work)
        group.position_by_row = order_rows_visible_first(group)
        group.shown_count = sum(group.passes_filter)
        row = sort_groups([*self.groups, group], *self._get_sort_column_and_direction()).index(group)
        self.beginInsertRows(QModelIndex(), row, row)
        self.groups.insert(row, group)
        self._set_row_by_rule_number()
        self.endInsertRows()
        return group


#: Item role of the Finding itself, for proxy and panel; None for a rule or a reason.
ROW_ROLE = Qt.ItemDataRole.UserRole + 1
_ALIGNMENT_FLAG = Qt.AlignmentFlag
# As integers: the alignment role of Qt 6 does not accept flags.
_ALIGN_RIGHT, _ALIGN_LEFT = (
    int(getattr(flags, "value", flags))
    for flags in (
        _ALIGNMENT_FLAG.AlignRight | _ALIGNMENT_FLAG.AlignVCenter,
        _ALIGNMENT_FLAG.AlignLeft | _ALIGNMENT_FLAG.AlignVCenter,
    )
)


#: Marks after the title of the sorted column: ascending, descending. Styles of Qt disagree on their own arrow.
SORT_MARKS = (" ▲", " ▼")


def get_column_title(column: int) -> str:
    """Return the title of a column without the arrow that shows the sort order."""
    return (
        tr("Rule / place"),
        tr("Count"),
        tr("Area ha"),
        tr("State"),
        tr("Assignee"),
        tr("Note"),
        tr("Updated"),
    )[column]


class FindingsModel(ChangingFindings):
    """Model of the findings list: rule or location, count, area in hectares, and the columns of the work list."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._icons: dict[str, Any] = {}
        #: Determines outdated findings; None if all are current.
        self.outdated: OutdatedFindings | None = None

    def refresh_rows(self) -> None:
        """Update the display of findings that may be outdated."""
        for row, group in enumerate(self.groups):
            parent = self.index(row, 0)
            self.dataChanged.emit(parent, self.index(row, COLUMNS[-1]))
            if group.loaded_row_count:
                self.dataChanged.emit(
                    self.index(0, 0, parent), self.index(group.loaded_row_count - 1, COLUMNS[-1], parent)
                )

    def refresh_icons(self) -> None:
        """Reload the icons after a change of theme."""
        self._icons.clear()
        if self.groups:
            self.dataChanged.emit(
                self.index(0, 0), self.index(len(self.groups) - 1, 0), [Qt.ItemDataRole.DecorationRole]
            )

    def data(self, index, role=Qt.ItemDataRole.DisplayRole):
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._format_cell(index)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _ALIGN_RIGHT if index.column() in (COUNT_COLUMN, AREA_COLUMN) else None
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            finding = self.get_finding(index)
            group = self.get_group(index)
            if finding is None:
                return group.reason or f"{group.code} {group.title}".strip()
            # The list may elide the key and the note.
            return "\n".join(t for t in (finding.key, finding.message, self.work.get_note(finding)) if t)
        if role == Qt.ItemDataRole.DecorationRole and index.column() == PLACE_COLUMN:
            return self._choose_icon(index)
        if role == Qt.ItemDataRole.ForegroundRole:
            return QBrush(theme.get_faint_color(in_field=True)) if self._is_faint(index) else None
        if role == ROW_ROLE:
            return self.get_finding(index)
        return None

    def _choose_icon(self, index: QModelIndex) -> Any:
        """Return the icon of a rule, or of a finding if its rule has findings of several kinds; else None."""
        if not index.internalId():
            return self._load_icon(self.groups[index.row()].get_icon_kind())
        finding = self.get_finding(index)
        if finding is None or not self.get_group(index).has_several_kinds:
            return None
        return self._load_icon(get_finding_kind(finding))

    def headerData(self, section, orientation, role=Qt.ItemDataRole.DisplayRole):
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            sort_column, descending = self._get_sort_column_and_direction()
            return get_column_title(section) + (SORT_MARKS[descending] if section == sort_column else "")
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            return _ALIGN_RIGHT if section in (COUNT_COLUMN, AREA_COLUMN) else _ALIGN_LEFT
        return None

    def _format_cell(self, index):
        column = index.column()
        group = self.get_group(index)
        if not index.internalId():
            return self._format_group_cell(group, column)
        finding = self.get_finding(index)
        if finding is None:
            return group.reason if column == PLACE_COLUMN else ""
        if column == PLACE_COLUMN:
            place = describe_location(finding)
            return place if group.is_rule else f"{get_listed_rule(finding)}  {group.get_rule_title(finding)}  {place}"
        if column == AREA_COLUMN:
            return format_hectare_number(finding.area_m2)
        if column == STATE_COLUMN:
            return self._format_state(finding)
        item = self.work.get_item(finding)
        if item is None:
            return ""
        if column == ASSIGNEE_COLUMN:
            return item.assignee
        if column == NOTE_COLUMN:
            return " ".join(item.note.split())
        return " ".join(filter(None, (item.updated, item.by))) if column == UPDATED_COLUMN else ""

    def _format_state(self, finding: Any) -> str:
        key = self.find_state_key(finding)
        if key == WorkState.OPEN.name and finding.params.get("package_waiver"):
            return tr("Waived by sender")
        return get_work_state_word(key)

    def find_state_key(self, finding: Any) -> str:
        """Return the key of the state of a finding (`work_rows.STATE_KEYS`)."""
        return self.work.find_state_key(finding, self._is_outdated(finding))

    def _is_outdated(self, finding: Any) -> bool:
        return self.outdated is not None and self.outdated.is_finding_outdated(get_listed_rule(finding), finding)

    def _is_faint(self, index):
        """Return True for a row in grey: findings that are done or outdated, and their groups."""
        finding, group, outdated = self.get_finding(index), self.get_group(index), self.outdated
        if finding is not None:
            return self.find_state_key(finding) not in (WorkState.OPEN.name, CONFLICT)
        if not group.findings or group.open_count == 0:
            return True
        if outdated is None:
            return False
        # Many findings are not asked one by one each time that the row is drawn.
        return (group.is_rule and outdated.is_rule_outdated(group.code)) or (
            len(group.findings) <= ROWS_LOADED_AT_ONCE and all(map(self._is_outdated, group.findings))
        )

    def _format_group_cell(self, group, column):
        if column == PLACE_COLUMN:
            title = f"{group.code}  {group.title}" if group.is_rule else group.title
            if group.open_count < 0 or not group.findings:
                return title
            text = tr("{title}  open {count} / {total}")
            return text.format(title=title, count=group.open_count, total=len(group.findings))
        if column > STATE_COLUMN:
            return ""
        if column == COUNT_COLUMN:
            return str(group.shown_count) if group.findings else "—"
        if column == AREA_COLUMN:
            return format_hectare_number(group.shown_area) if group.findings else "—"
        if group.check_state in NOT_RUN_OUTCOMES:
            return theme.get_outcome_word(group.check_state)
        return tr("Partly checked") if group.check_state else ""

    def _load_icon(self, kind):
        if kind not in self._icons:
            self._icons[kind] = theme.load_icon(theme.KIND_ICONS[kind])
        return self._icons[kind]

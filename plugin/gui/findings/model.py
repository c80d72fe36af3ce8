# SPDX-License-Identifier: GPL-2.0-or-later
"""Model of the findings list: texts, colours and icons of its rows."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QModelIndex, Qt
from qgis.PyQt.QtGui import QBrush

from ...bridge.texts import tr
from ...core.render.worklist.worklist_row import WorkState
from ...core.standard.messages.numbers import format_hectare_number
from ..widgets import theme
from .groups import (
    AREA_COLUMN,
    ASSIGNEE_COLUMN,
    COLUMNS,
    CONFLICT,
    COUNT_COLUMN,
    MAX_ROWS,
    NOT_RUN_OUTCOMES,
    NOTE_COLUMN,
    PLACE_COLUMN,
    REST_ROW,
    STATE_COLUMN,
    UPDATED_COLUMN,
    describe_location,
    get_finding_kind,
    get_listed_rule,
    get_work_state_word,
)
from .rows import FindingsRows

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


class FindingsModel(FindingsRows):
    """Model of the findings list: rule or location, count, area in hectares, and the columns of the work list."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._icons: dict[str, Any] = {}

    def refresh_rows(self) -> None:
        """Update the display of findings that may be outdated."""
        for row in range(len(self.groups)):
            parent = self.index(row, 0)
            self.dataChanged.emit(parent, self.index(row, COLUMNS[-1]))
            self.dataChanged.emit(self.index(0, 0, parent), self.index(self.rowCount(parent) - 1, COLUMNS[-1], parent))

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
            if finding is None and index.internalId():
                return self._format_row_without_finding(index)
            if finding is None:
                return group.reason or f"{group.code} {group.title}".strip()
            # The list may elide the key and the note.
            return "\n".join(t for t in (finding.key, finding.message, self.work.get_note(finding)) if t)
        if role == Qt.ItemDataRole.DecorationRole and index.column() == PLACE_COLUMN:
            if not index.internalId():
                return self._load_icon(self.groups[index.row()].get_icon_kind())
            finding = self.get_finding(index)
            if finding is None or not self.get_group(index).has_several_kinds:
                return None
            return self._load_icon(get_finding_kind(finding))
        if role == Qt.ItemDataRole.ForegroundRole:
            return QBrush(theme.get_faint_color(in_field=True)) if self._is_faint(index) else None
        if role == ROW_ROLE:
            return self.get_finding(index)
        return None

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
            return self._format_row_without_finding(index) if column == PLACE_COLUMN else ""
        if column == PLACE_COLUMN:
            place = describe_location(finding)
            return place if group.is_rule else f"{get_listed_rule(finding)}  {group.get_rule_title(finding)}  {place}"
        if column == AREA_COLUMN:
            return format_hectare_number(finding.area_m2)
        if column == STATE_COLUMN:
            key = self.find_state_key(finding)
            if key == WorkState.OPEN.name and finding.params.get("package_waiver"):
                return tr("Waived by sender")
            return get_work_state_word(key)
        item = self.work.get_item(finding)
        if item is None:
            return ""
        if column == ASSIGNEE_COLUMN:
            return item.assignee
        if column == NOTE_COLUMN:
            return " ".join(item.note.split())
        return " ".join(filter(None, (item.updated, item.by))) if column == UPDATED_COLUMN else ""

    def _format_row_without_finding(self, index: QModelIndex) -> str:
        group = self.get_group(index)
        if self._get_row(index) != REST_ROW:
            return group.reason
        return tr("{count} more: filter the list, or see the findings layer").format(count=group.rest_count)

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
            len(group.findings) <= MAX_ROWS and all(map(self.is_outdated, group.findings))
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
            return str(len(group.shown)) if group.findings else "—"
        if column == AREA_COLUMN:
            return format_hectare_number(group.shown_area) if group.findings else "—"
        if group.check_state in NOT_RUN_OUTCOMES:
            return theme.get_outcome_word(group.check_state)
        return tr("Partly checked") if group.check_state else ""

    def _load_icon(self, kind):
        if kind not in self._icons:
            self._icons[kind] = theme.load_icon(theme.KIND_ICONS[kind])
        return self._icons[kind]

# SPDX-License-Identifier: GPL-2.0-or-later
"""Tree view of findings by rule: selection, keys, and steps between findings."""

from __future__ import annotations

from itertools import takewhile
from typing import Any

from qgis.PyQt.QtCore import (
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    Qt,
    QTimer,
    pyqtSignal,
)
from qgis.PyQt.QtGui import QGuiApplication, QKeySequence
from qgis.PyQt.QtWidgets import QAbstractItemView, QHeaderView, QStyle, QStyledItemDelegate, QTreeView

from ...bridge.running.portions import run_to_end
from ...bridge.texts import tr
from ..widgets import FittedWidget
from .groups import (
    AREA_COLUMN,
    ASSIGNEE_COLUMN,
    COUNT_COLUMN,
    NOTE_COLUMN,
    PLACE_COLUMN,
    STALE,
    STATE_COLUMN,
    UPDATED_COLUMN,
    FindingGroup,
    WorkRows,
    get_listed_rule,
)
from .model import SORT_MARKS, FilterSettings, FindingsModel, get_column_title

#: Least width of rule and place, in Chinese characters, without and with a work list; a narrower list has no column of
#: states, which matter more with a work list.
_MIN_PLACE_CHARACTERS, _MIN_PLACE_CHARACTERS_WITH_WORK = 18, 11
#: Keys of the list; they take precedence over shortcuts of other programs.
_LIST_KEYS = (
    *(Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F, Qt.Key.Key_W, Qt.Key.Key_N, Qt.Key.Key_S),
    *(Qt.Key.Key_A, Qt.Key.Key_E),
)


#: Key → what it does with the work list.
_WORK_KEYS = {Qt.Key.Key_S: "state", Qt.Key.Key_A: "assign", Qt.Key.Key_E: "note"}


def _has_modifiers(event: Any) -> bool:
    return event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier != Qt.KeyboardModifier.NoModifier


class _PlaceDelegate(QStyledItemDelegate):
    """Elides the title of a rule in its middle, beside its code and the place of a finding; a sentence at its end."""

    def initStyleOption(self, option, index):
        super().initStyleOption(option, index)
        group, is_row = index.model().get_group(index), index.parent().isValid()
        if is_row and index.model().get_finding(index) is None:
            return
        # The end of a key distinguishes it from its neighbours; that of a title names the fault.
        option.textElideMode = Qt.TextElideMode.ElideMiddle
        # Of several rules, each row has code, title and place.
        code, *texts = option.text.split("  ", 2) if group.is_rule != is_row else (option.text,)
        if texts:
            title, *place = texts
            fixed = "  ".join((code, "", *place))
            style, measure = option.widget.style(), option.fontMetrics.horizontalAdvance
            room = style.subElementRect(QStyle.SubElement.SE_ItemViewItemText, option, option.widget).width()
            room -= measure(fixed) + 2 * (style.pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin) + 1)
            title = option.fontMetrics.elidedText(title, option.textElideMode, max(room, measure("国…国")))
            option.text = "  ".join((code, title, *place))


class FindingsTree(FittedWidget, QTreeView):
    """Tree view of the findings, grouped by rule.

    Signals: ``chosen(finding)``: another row was selected, None for a row without a finding;
    ``zoomRequested(finding)``: the user clicked the finding that was selected before; ``selectionSettled``: the
    selection has changed, emitted once for several changes; ``workKeyPressed(action)``: ``state``, ``assign`` or
    ``note`` by its key.
    """

    chosen = pyqtSignal(object)
    zoomRequested = pyqtSignal(object)
    formRequested = pyqtSignal(object)
    waiveRequested = pyqtSignal()
    fixRequested = pyqtSignal()
    selectionSettled = pyqtSignal()
    menuRequested = pyqtSignal(object)
    workKeyPressed = pyqtSignal(str)
    nextOpenRequested = pyqtSignal()
    undoRequested = pyqtSignal()

    def __init__(self):
        super().__init__(
            objectName="SanxianFindings",
            accessibleName=tr("Findings"),
            uniformRowHeights=True,
            selectionMode=QAbstractItemView.SelectionMode.ExtendedSelection,
            allColumnsShowFocus=True,
            expandsOnDoubleClick=True,
            contextMenuPolicy=Qt.ContextMenuPolicy.CustomContextMenu,
        )
        self.findings = FindingsModel(self)
        self.setModel(self.findings)
        self.findings.layoutChanged.connect(self._span_sentences)
        self.setItemDelegateForColumn(PLACE_COLUMN, _PlaceDelegate(self))
        self.setIndentation(self.fontMetrics().height())
        header = self.header()
        #: Widths by which columns are hidden, while they are hidden too.
        self._column_widths: dict[int, int] = {}
        #: Columns of the work list that have contents.
        self._work_columns: set[int] = set()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(PLACE_COLUMN, QHeaderView.ResizeMode.Stretch)
        # Reserve room for the margins of the style and the sort mark; the title takes the rest.
        margin = 2 * (self.style().pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, None, self) + 1)
        header.setMinimumSectionSize(margin)
        measure = self.fontMetrics().horizontalAdvance
        # Rare states are elided if they are much longer than the usual one.
        state = min(max(map(measure, (tr("To do"), tr("Partly checked")))), measure(tr("To do")) * 3 // 2)
        for column, widest in (
            (COUNT_COLUMN, measure("00/00")),
            (AREA_COLUMN, measure("< 0.0001")),
            (STATE_COLUMN, state),
            (ASSIGNEE_COLUMN, measure("国国国")),
            (NOTE_COLUMN, measure("国" * 14)),
            (UPDATED_COLUMN, measure("2026-11-20 14:32 国国国")),
        ):
            title = get_column_title(column) + SORT_MARKS[column == AREA_COLUMN]
            width = max(widest, header.fontMetrics().horizontalAdvance(title)) + 2 * margin
            self._column_widths[column] = width
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            header.resizeSection(column, width)
        header.setSortIndicator(AREA_COLUMN, Qt.SortOrder.DescendingOrder)
        self.setSortingEnabled(True)
        header.setSortIndicatorShown(False)
        self._changed = self._quiet = False
        #: The latest change is one of features, which QGIS undoes, not one of the work list.
        self.leaves_undo_to_qgis = False
        #: Findings before and after a selected one that an edit ended; stepping continues from there.
        self._findings_before: list[Any] = []
        self._findings_after: list[Any] = []
        self.selectionModel().currentChanged.connect(self._on_current_changed)
        # Rows are selected and deselected one by one; report the selection once.
        self._selection_timer = QTimer(self, singleShot=True, interval=0, timeout=self.selectionSettled)
        for signal, slot in (
            (self.selectionModel().selectionChanged, lambda *_which: self._selection_timer.start()),
            (self.customContextMenuRequested, lambda at: self.menuRequested.emit(self.viewport().mapToGlobal(at))),
            (self.clicked, self._on_clicked),
            (self.doubleClicked, self._on_double_clicked),
        ):
            signal.connect(slot)

    def fit_contents(self) -> None:
        """Hide columns where rule and place would have no room: notes first, states last; icons show rare states."""
        header = self.header()
        character = self.fontMetrics().horizontalAdvance("国")
        room = self.viewport().width() - self._column_widths[AREA_COLUMN] - self._column_widths[COUNT_COLUMN]
        hidden_columns = {ASSIGNEE_COLUMN, NOTE_COLUMN, UPDATED_COLUMN} - self._work_columns
        for column in (STATE_COLUMN, *sorted(self._work_columns)):
            is_state_of_work = column == STATE_COLUMN and self._work_columns
            least = _MIN_PLACE_CHARACTERS_WITH_WORK if is_state_of_work else _MIN_PLACE_CHARACTERS
            room -= self._column_widths[column]
            if room < character * least:
                hidden_columns.add(column)
        for column in (STATE_COLUMN, ASSIGNEE_COLUMN, NOTE_COLUMN, UPDATED_COLUMN):
            header.setSectionHidden(column, column in hidden_columns)
        self.findings.shows_states = STATE_COLUMN not in hidden_columns

    # --- content
    def show_report(self, report: Any, filters: FilterSettings) -> None:
        """Show the findings of a report, or nothing; keep expansion and selection."""
        self.findings.filters = filters
        steps = self.findings.prepare_groups(report, report.findings) if report is not None else None
        self.show_groups(run_to_end(steps) if steps is not None else {})

    def show_groups(self, groups: dict[str, FindingGroup]) -> None:
        """Show groups that `FindingsModel.prepare_groups` made; keep expansion and selection."""
        former_finding = self.get_selected_finding()
        self._quiet = True
        self.findings.show_groups(groups)
        if former_finding is not None:
            shown = self.findings.list_visible_findings()
            present = next((f for f in shown if f is former_finding), None)
            present = present or next((f for f in shown if f.fingerprint == former_finding.fingerprint), None)
            self._select_or_go_to_group(present, None)
        # A list without an expanded group shows the findings of the first one.
        first = self.findings.index(0, 0)
        if first.isValid() and not any(
            self.isExpanded(self.findings.index(row, 0)) for row in range(self.findings.rowCount())
        ):
            self.expand(first)
        self._quiet = False

    def _span_sentences(self) -> None:
        """Give the rows that are sentences the width of all columns."""
        for row in range(self.findings.rowCount()):
            rows = self.findings.groups[row].rows
            for number in (0, len(rows) - 1):
                if rows and isinstance(rows[number], str):
                    self.setFirstColumnSpanned(number, self.findings.index(row, 0), True)

    def _select_or_go_to_group(self, finding: Any, group: FindingGroup | None) -> None:
        """Select a finding that a change of the list may have moved; if it is None or hidden, its group."""
        if finding is None or not self.findings.is_visible(finding):
            # An invalid index, for a group that is hidden too, clears the selection.
            row = next((n for n, g in enumerate(self.findings.groups) if group and g.key == group.key), -1)
            self.setCurrentIndex(self.findings.index(row, 0))
        elif self.get_selected_finding() is not finding or not self.selectionModel().hasSelection():
            self.select_finding(finding)

    def apply_changes(self, change: Any, *, moves_on: bool = False) -> bool:
        """Apply changed findings; return True if another finding or none is selected afterwards.

        Selection, expansion and scroll position stay. If the selected finding was resolved, nothing is selected, and
        下一个 continues from its place; with ``moves_on`` its neighbour is selected.
        """
        former_finding, former_group = self.get_selected_finding(), self.get_selected_group()
        top_index = QPersistentModelIndex(self.indexAt(QPoint(0, 0)))
        has_ended = any(finding is former_finding for finding in change.ended_findings)
        new_version_by_id = {id(old): new for old, new in change.changed_findings}
        present = None if has_ended else new_version_by_id.get(id(former_finding), former_finding)
        listed = self.findings.list_visible_findings()
        self._quiet = True
        for group in self.findings.apply_changes(change):
            self.expand(self._get_group_index(group))
        before, after = [], []
        if former_finding is not None and not self.findings.is_visible(present):
            # The visible open findings that were before, and those that were after, the one that is hidden now.
            visible_ids = {id(f) for f in self.findings.list_visible_findings() if f.state != "waived"}
            position = next((n for n, f in enumerate(listed) if f is former_finding), len(listed))
            versions = [new_version_by_id.get(id(f), f) for f in listed]
            before, after = (
                [f for f in part if id(f) in visible_ids] for part in (versions[:position], versions[position + 1 :])
            )
        if moves_on and (before or after):
            present = (after or before[::-1])[0]
        if present is not None:
            self._select_or_go_to_group(present, former_group)
        elif has_ended:
            self._findings_before, self._findings_after = before, after
            self.setCurrentIndex(QModelIndex())
            self.clearSelection()
        if top_index.isValid():
            self.scrollTo(QModelIndex(top_index), QAbstractItemView.ScrollHint.PositionAtTop)
        self._quiet = False
        return self.get_selected_finding() is not former_finding

    def set_filters(self, filters: FilterSettings) -> None:
        """Set the filters; if they hide the selected finding, select its rule, so that 下一个 skips no finding."""
        former_finding, group = self.get_selected_finding(), self.get_selected_group()
        self._quiet = True
        self.findings.set_filters(filters)
        if former_finding is not None:
            self._select_or_go_to_group(former_finding, group)
            self.scrollTo(self.currentIndex())
        self._quiet = False

    def _get_group_index(self, group: FindingGroup) -> QModelIndex:
        return self.findings.index(next(n for n, g in enumerate(self.findings.groups) if g is group), 0)

    # --- selection
    def get_selected_finding(self) -> Any:
        """Return the selected finding, or None."""
        return self.findings.get_finding(self.currentIndex())

    def block_selection_signal(self) -> None:
        """Emit no further ``selectionSettled``; a pending emission is dropped."""
        self._selection_timer.stop()
        self._selection_timer.blockSignals(True)

    def list_selected_findings(self) -> list[Any]:
        """Return the selected findings in list order.

        For a selected rule, these are its findings that pass the filters; if some of its loaded rows are selected and
        others are not, only the selected ones, as when a range of rows includes the rule.
        """
        groups: set[int] = set()
        rows_by_group: dict[int, set[int]] = {}
        # By ranges, because a range may have a thousand rows.
        for part in self.selectionModel().selection():
            rows, parent = range(part.top(), part.bottom() + 1), part.parent()
            if parent.isValid():
                rows_by_group.setdefault(parent.row(), set()).update(rows)
            else:
                groups |= set(rows)
        selected_findings: list[Any] = []
        for n in sorted(groups | rows_by_group.keys()):
            group, rows = self.findings.groups[n], rows_by_group.get(n, set())
            takes_all = n in groups and len(rows) in (0, len(group.rows))
            selected_rows = group.shown if takes_all else [group.rows[row] for row in sorted(rows)]
            selected_findings += [row for row in selected_rows if not isinstance(row, str)]
        return selected_findings

    def get_selected_group(self) -> FindingGroup | None:
        """Return the selected rule, or the rule of the selected finding; None without a selection."""
        index = self.currentIndex()
        return self.findings.get_group(index) if index.isValid() else None

    def select_finding(self, finding: Any) -> bool:
        """Select a finding and scroll to it; return False if the filters hide it."""
        index = self.findings.get_index(finding)
        if not index.isValid():
            return False
        self.expand(index.parent())
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.selectionModel().setCurrentIndex(index, flags)
        # With the row below it, so that one sees what follows.
        self.scrollTo(self.indexBelow(index))
        self.scrollTo(index)
        return True

    def step_selection(self, direction: int) -> bool:
        """Select the next (1) or previous (−1) visible finding that is not waived; return False without one."""
        findings = self.findings.list_visible_findings()
        position = self._find_start_position(findings, direction)
        while 0 <= position < len(findings) and findings[position].state == "waived":
            position += direction
        return 0 <= position < len(findings) and self.select_finding(findings[position])

    def find_next_open(self) -> Any:
        """Return the next visible finding that needs work and is not to be re-checked; None without one."""
        findings, model = self.findings.list_visible_findings(), self.findings
        following = findings[self._find_start_position(findings, 1) :]
        return next((f for f in following if model.work.is_open(f) and model.find_state_key(f) != STALE), None)

    def set_work(self, work: WorkRows) -> None:
        """Set the work list and update the visible rows; sorting and filters follow with the next preparation."""
        had_work, self.findings.work = bool(self.findings.work.items), work
        items = work.items.values()
        has_contents = {
            ASSIGNEE_COLUMN: any(item.assignee for item in items),
            NOTE_COLUMN: any(item.note for item in items),
            UPDATED_COLUMN: bool(items),
        }
        self._work_columns = {column for column, is_used in has_contents.items() if is_used}
        self.fit_contents()
        if work.items and not had_work:
            # A bar with the progress appears above the list.
            QTimer.singleShot(0, self._show_current_row)
        self.viewport().update()

    def _show_current_row(self) -> None:
        self.scrollTo(self.currentIndex())

    def _find_start_position(self, findings: list[Any], direction: int) -> int:
        """Return the position in the visible findings from which a step of 1 or −1 searches on.

        It is outside of the list if there is nothing in this direction.
        """
        selected_finding, group = self.get_selected_finding(), self.get_selected_group()
        if selected_finding is not None:
            for position, finding in enumerate(findings):
                if finding is selected_finding:
                    return position + direction
        if group is None:
            # Continue beside the finding that was selected when it was resolved; without a neighbour, at the first one.
            if not (self._findings_before or self._findings_after):
                return 0 if direction > 0 else -1
            neighbours = self._findings_after if direction > 0 else self._findings_before[::-1]
            position_by_id = {id(f): n for n, f in enumerate(findings) if f.state != "waived"}
            known_positions = (position_by_id[id(f)] for f in neighbours if id(f) in position_by_id)
            return next(known_positions, len(findings) if direction > 0 else -1)
        # From a group or a reason, continue there.
        preceding_groups = takewhile(lambda other: other is not group, self.findings.groups)
        first = sum(len(other.shown) for other in preceding_groups)
        return first if direction > 0 else first - 1

    def get_selected_position(self) -> tuple[int, int, str] | None:
        """Return the position of the selected finding (see `FindingsModel.get_finding_position`), or None."""
        selected_finding = self.get_selected_finding()
        return None if selected_finding is None else self.findings.get_finding_position(selected_finding)

    def _on_current_changed(self, *_indexes: QModelIndex) -> None:
        if self.currentIndex().isValid():
            self._findings_before, self._findings_after = [], []
            self.findings.selected_finding = self.get_selected_finding()
        if not self._quiet:
            self._changed = True
            self.chosen.emit(self.get_selected_finding())

    def _on_clicked(self, _index: QModelIndex) -> None:
        # A click on the row that was selected before shows it again; a first click has done so already.
        has_selection_changed, self._changed = self._changed, False
        if not has_selection_changed and self.get_selected_finding() is not None:
            self.zoomRequested.emit(self.get_selected_finding())

    def _on_double_clicked(self, _index: QModelIndex) -> None:
        if self.get_selected_finding() is not None:
            self.formRequested.emit(self.get_selected_finding())

    # --- keys
    def event(self, event):
        # QGIS and other plugins have shortcuts; in the list these keys belong to the list.
        if event.type() == QEvent.Type.ShortcutOverride and (
            (event.key() in _LIST_KEYS and not _has_modifiers(event))
            or event.matches(QKeySequence.StandardKey.Copy)
            or (event.matches(QKeySequence.StandardKey.Undo) and not self.leaves_undo_to_qgis)
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event):
        finding, group = self.get_selected_finding(), self.get_selected_group()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and finding is not None:
            self.zoomRequested.emit(finding)
        elif event.matches(QKeySequence.StandardKey.Copy) and group is not None:
            QGuiApplication.clipboard().setText(self._format_text(group, finding))
        elif event.key() == Qt.Key.Key_W and not _has_modifiers(event) and group is not None:
            self.waiveRequested.emit()
        elif event.matches(QKeySequence.StandardKey.Undo) and not self.leaves_undo_to_qgis:
            self.undoRequested.emit()
        elif event.key() == Qt.Key.Key_N and not _has_modifiers(event):
            self.nextOpenRequested.emit()
        elif event.key() in _WORK_KEYS and not _has_modifiers(event):
            self.workKeyPressed.emit(_WORK_KEYS[event.key()])
        elif event.key() == Qt.Key.Key_F and not _has_modifiers(event) and group is not None:
            self.fixRequested.emit()
        else:
            self._changed = False
            super().keyPressEvent(event)
            self._changed = False

    def _format_text(self, group: FindingGroup, finding: Any) -> str:
        """Return the texts of a row, to be copied: of a finding, or of a rule if ``finding`` is None."""
        if finding is None:
            return " ".join(t for t in (group.code, group.title, group.rule_outcome.reason) if t)
        code = get_listed_rule(finding)
        return "\t".join((code, finding.township, finding.key, *finding.related_keys, finding.message))

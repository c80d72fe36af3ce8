# SPDX-License-Identifier: GPL-2.0-or-later
"""Tree view of findings by rule: selection, keys, and steps between findings."""

from __future__ import annotations

from collections.abc import Generator
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
from .filter import FilterSettings, FindingsFilter, PreparedGroups
from .groups import (
    AREA_COLUMN,
    ASSIGNEE_COLUMN,
    COUNT_COLUMN,
    FINDINGS_PER_STEP,
    NOTE_COLUMN,
    PLACE_COLUMN,
    ROWS_LOADED_AT_ONCE,
    STATE_COLUMN,
    UPDATED_COLUMN,
    FindingGroup,
    get_listed_rule,
)
from .model import ROW_ROLE, SORT_MARKS, FindingsModel, get_column_title
from .work_rows import STALE, WorkRows

#: Least width of rule and place, in Chinese characters; a narrower list has no column of states.
_MIN_PLACE_CHARACTERS = 12
#: Rows that may be loaded at once to keep a finding selected.
_MAX_ROWS_TO_SELECTION = 5_000
#: Width of the column of notes, in Chinese characters.
_NOTE_CHARACTERS = 14
#: Keys of the list; they take precedence over shortcuts of other programs.
_LIST_KEYS = (
    *(Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F, Qt.Key.Key_F1, Qt.Key.Key_W, Qt.Key.Key_N, Qt.Key.Key_S),
    *(Qt.Key.Key_A, Qt.Key.Key_E),
)


#: Key → what it does with the work list.
_WORK_KEYS = {Qt.Key.Key_S: "state", Qt.Key.Key_A: "assign", Qt.Key.Key_E: "note"}


def _has_modifiers(event: Any) -> bool:
    return event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier != Qt.KeyboardModifier.NoModifier


def _is_list_key(event: Any) -> bool:
    return (event.key() in _LIST_KEYS and not _has_modifiers(event)) or any(
        map(event.matches, (QKeySequence.StandardKey.Copy, QKeySequence.StandardKey.Undo))
    )


class _ElidingDelegate(QStyledItemDelegate):
    """Elides titles of rules and notes at the end, and keys of findings in the middle.

    The end of a key distinguishes it from its neighbours.
    """

    def initStyleOption(self, option, index):
        super().initStyleOption(option, index)
        # Only the column with keys asks the model: Qt calls this for each cell that it draws.
        has_key = index.column() == PLACE_COLUMN and index.data(ROW_ROLE) is not None
        option.textElideMode = Qt.TextElideMode.ElideMiddle if has_key else Qt.TextElideMode.ElideRight


class FindingsTree(QTreeView):
    """Tree view of the findings, grouped by rule.

    Signals: ``chosen(finding)``: another row was selected, None for a row without a finding;
    ``zoomRequested(finding)``: the user clicked the finding that was selected before; ``selectionSettled``: the
    selection has changed, emitted once for several changes; ``workKeyPressed(action)``: ``state``, ``assign`` or
    ``note`` by its key.
    """

    chosen = pyqtSignal(object)
    zoomRequested = pyqtSignal(object)
    formRequested = pyqtSignal(object)
    helpRequested = pyqtSignal(str)
    waiveRequested = pyqtSignal()
    fixRequested = pyqtSignal()
    selectionSettled = pyqtSignal()
    menuRequested = pyqtSignal(object)
    workKeyPressed = pyqtSignal(str)
    nextOpenRequested = pyqtSignal()
    undoRequested = pyqtSignal()

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setObjectName("SanxianFindings")
        self.setAccessibleName(tr("Findings"))
        self.findings = FindingsModel(self)
        self.filter = FindingsFilter(self)
        self.filter.setSourceModel(self.findings)
        self.setModel(self.filter)
        self.setUniformRowHeights(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setAllColumnsShowFocus(True)
        self.setIndentation(self.fontMetrics().height())
        self.setExpandsOnDoubleClick(True)
        self.setItemDelegate(_ElidingDelegate(self))
        self._arrange_columns()
        self._changed = False
        self._quiet = False
        #: Findings before and after a selected one that an edit ended; stepping continues from there.
        self._findings_before: list[Any] = []
        self._findings_after: list[Any] = []
        self.selectionModel().currentChanged.connect(self._on_current_changed)
        # Rows are selected and deselected one by one; report the selection once.
        self._selection_timer = QTimer(self)
        self._selection_timer.setSingleShot(True)
        self._selection_timer.setInterval(0)
        self._selection_timer.timeout.connect(self.selectionSettled)
        self.selectionModel().selectionChanged.connect(lambda *_which: self._selection_timer.start())
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(lambda at: self.menuRequested.emit(self.viewport().mapToGlobal(at)))
        self.verticalScrollBar().valueChanged.connect(self._load_rows_on_scroll)
        self.clicked.connect(self._on_clicked)
        self.doubleClicked.connect(self._on_double_clicked)

    def _arrange_columns(self) -> None:
        header = self.header()
        #: Widths by which columns are hidden, while they are hidden too.
        self._column_widths: dict[int, int] = {}
        header.setStretchLastSection(False)
        header.setSectionResizeMode(PLACE_COLUMN, QHeaderView.ResizeMode.Stretch)
        # Reserve room for the margins of the style and the sort mark; the title takes the rest.
        margin = 2 * (self.style().pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, None, self) + 1)
        header.setMinimumSectionSize(margin)
        measure = self.fontMetrics().horizontalAdvance
        # Rare states are elided if they are much longer than the usual one.
        state = min(max(map(measure, (tr("To do"), tr("Partly checked")))), measure(tr("To do")) * 3 // 2)
        for column, widest in (
            (COUNT_COLUMN, measure("000")),
            (AREA_COLUMN, measure("000.00")),
            (STATE_COLUMN, state),
            (ASSIGNEE_COLUMN, measure("国国国")),
            (NOTE_COLUMN, measure("国" * _NOTE_CHARACTERS)),
            (UPDATED_COLUMN, measure("2026-11-20 14:32 国国国")),
        ):
            texts = (
                widest,
                header.fontMetrics().horizontalAdvance(get_column_title(column) + SORT_MARKS[column == AREA_COLUMN]),
            )
            width = self._column_widths[column] = max(texts) + 2 * margin
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            header.resizeSection(column, width)
        header.setSortIndicator(AREA_COLUMN, Qt.SortOrder.DescendingOrder)
        self.setSortingEnabled(True)
        header.setSortIndicatorShown(False)

    def resizeEvent(self, event):
        super().resizeEvent(event)
        self._hide_states_if_narrow()

    def _hide_states_if_narrow(self) -> None:
        """Hide columns where rule and place would have no room: notes first, states last; icons show rare states.

        With a work list, groups state their numbers in the title, so the column of counts yields to the assignees.
        """
        header = self.header()
        has_work = bool(self.findings.work.items)
        room = self.viewport().width() - self.fontMetrics().horizontalAdvance("国") * _MIN_PLACE_CHARACTERS
        room -= self._column_widths[AREA_COLUMN]
        columns = (STATE_COLUMN, ASSIGNEE_COLUMN, NOTE_COLUMN, UPDATED_COLUMN) if has_work else (STATE_COLUMN,)
        if not has_work:
            room -= self._column_widths[COUNT_COLUMN]
        hidden_columns = {ASSIGNEE_COLUMN, NOTE_COLUMN, UPDATED_COLUMN} - set(columns)
        if has_work:
            hidden_columns.add(COUNT_COLUMN)
        for column in columns:
            room -= self._column_widths[column]
            if room < 0:
                hidden_columns.add(column)
        for column in (COUNT_COLUMN, STATE_COLUMN, ASSIGNEE_COLUMN, NOTE_COLUMN, UPDATED_COLUMN):
            header.setSectionHidden(column, column in hidden_columns)

    # --- content
    def show_report(self, report: Any, filters: FilterSettings) -> None:
        """Show the findings of a report, or nothing; keep expansion and selection."""
        self.filter.filters = filters
        if report is None:
            self.show_groups(PreparedGroups(None, [], [], ({}, {})))
        else:
            self.show_groups(run_to_end(self.filter.prepare_groups(report, None)))

    def show_groups(self, prepared: PreparedGroups) -> None:
        """Show groups that `FindingsFilter.prepare_groups` made; keep expansion and selection."""
        expanded_keys = {g.key for n, g in enumerate(self.findings.groups) if self.isExpanded(self._get_row_index(n))}
        former_selection = self.get_selected_finding()
        self._quiet = True
        self.filter.show_groups(prepared)
        groups = [g for g in self.findings.groups if g.shown_count or g.passes_reason_filter]
        shown_keys = {group.key for group in groups}
        for group in groups:
            if group.key in expanded_keys or (not (expanded_keys & shown_keys) and group is groups[0]):
                # Load the rows now, not at the next layout: a step or a click may precede it.
                self.filter.fetchMore(self._get_group_index(group))
                self.expand(self._get_group_index(group))
        findings = prepared.shown_findings if former_selection is not None else []
        matching_finding = next((f for f in findings if f.fingerprint == former_selection.fingerprint), None)
        if matching_finding is not None and self._is_near(matching_finding):
            self.select_finding(matching_finding)
        self._quiet = False

    def _is_near(self, finding: Any) -> bool:
        """Return True if few rows must be loaded to select a finding: loading very many would stop QGIS."""
        position = self.filter.get_finding_position(finding)
        return position is not None and position[0] <= _MAX_ROWS_TO_SELECTION

    def apply_changes(self, change: Any, *, moves_on: bool = False) -> bool:
        """Apply changed findings; return True if another finding or none is selected afterwards.

        Selection, expansion and scroll position stay. If the selected finding was resolved, nothing is selected, and
        下一个 continues from its place; with ``moves_on`` its neighbour is selected.
        """
        former_selection, top_index = self.get_selected_finding(), QPersistentModelIndex(self.indexAt(QPoint(0, 0)))
        has_ended = any(finding is former_selection for finding in change.ended_findings)
        preceding, following = self._list_remaining_neighbours(former_selection, change) if has_ended else ([], [])
        self._quiet = True
        for group in self.filter.apply_changes(change):
            if group.shown_count:
                self.filter.fetchMore(self._get_group_index(group))
                self.expand(self._get_group_index(group))
        if has_ended and moves_on and (following or preceding):
            self.select_finding((following or preceding[::-1])[0])
        elif has_ended:
            self._findings_before, self._findings_after = preceding, following
            self.setCurrentIndex(QModelIndex())
            self.clearSelection()
        elif (
            former_selection is not None
            and not self.selectionModel().hasSelection()
            and self.get_selected_finding() is not None
        ):
            # The neighbour that the list moved to is the one that the buttons below apply to.
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
            self.selectionModel().setCurrentIndex(self.currentIndex(), flags)
        if top_index.isValid():
            self.scrollTo(QModelIndex(top_index), QAbstractItemView.ScrollHint.PositionAtTop)
        self._quiet = False
        return self.get_selected_finding() is not former_selection

    def _list_remaining_neighbours(self, ended_finding: Any, change: Any) -> tuple[list[Any], list[Any]]:
        """Return the visible open findings before, and those after, a finding that was resolved.

        Other findings that ``change`` resolves or waives are left out.
        """
        ended_ids = {id(f) for f in change.ended_findings}
        new_version_by_id = {id(old): new for old, new in change.changed_findings}
        findings = self.filter.list_visible_findings()
        ended_position = next((n for n, f in enumerate(findings) if f is ended_finding), len(findings))
        before, after = (
            [new_version_by_id.get(id(f), f) for f in part if id(f) not in ended_ids and f.state != "waived"]
            for part in (findings[:ended_position], findings[ended_position + 1 :])
        )
        return before, after

    def set_filters(self, filters: FilterSettings, *, moves_on: bool = False) -> None:
        """Set the filters; if they hide the selected finding, select its rule, so that 下一个 skips no finding.

        With ``moves_on`` the neighbour is selected instead, because the selected finding has been dealt with.
        """
        former_selection, group = self.get_selected_finding(), self.get_selected_group()
        # The map follows to the neighbour, but not to a rule.
        self._quiet = not moves_on
        self.filter.set_filters(filters)
        is_hidden = former_selection is not None and self.filter.get_finding_position(former_selection) is None
        if is_hidden and not moves_on:
            # An invalid index, for a rule that is hidden too, clears the selection.
            self.setCurrentIndex(self._get_group_index(group))
        elif former_selection is not None and not is_hidden and self.get_selected_finding() is not former_selection:
            # Far down in a long list, its row may have been unloaded.
            self.select_finding(former_selection)
        self._quiet = False

    def _load_rows_on_scroll(self, *_value: int) -> None:
        """Load more rows of a long list when the end of the loaded ones becomes visible."""
        index, bottom = self.indexAt(QPoint(0, 0)), self.viewport().height()
        while index.isValid() and self.visualRect(index).top() <= bottom:
            upper_index, index = index, self.indexBelow(index)
            parent = upper_index.parent()
            if parent.isValid() and index.parent() != parent and self.filter.load_more_rows(parent):
                return

    def _get_group_index(self, group: FindingGroup) -> QModelIndex:
        return self._get_row_index(next(n for n, g in enumerate(self.findings.groups) if g is group))

    def _get_row_index(self, row: int) -> QModelIndex:
        return self.filter.mapFromSource(self.findings.index(row, 0))

    # --- selection
    def get_selected_finding(self) -> Any:
        """Return the selected finding, or None."""
        return self.findings.get_finding(self.filter.mapToSource(self.currentIndex()))

    def set_selection_signal_enabled(self, on: bool) -> None:
        """Allow or block ``selectionSettled``; a pending emission is dropped."""
        self._selection_timer.stop()
        self._selection_timer.blockSignals(not on)

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
                rows_by_group.setdefault(self.filter.mapToSource(parent).row(), set()).update(rows)
            else:
                groups |= {self.filter.mapToSource(self.filter.index(row, 0)).row() for row in rows}
        selected_findings: list[Any] = []
        for n in sorted(groups | rows_by_group.keys()):
            group = self.findings.groups[n]
            visible_positions = [
                p for p in group.position_by_row if (group.passes_filter[p] if p >= 0 else group.passes_reason_filter)
            ]
            rows = rows_by_group.get(n, set())
            takes_all = n in groups and len(rows) in (0, self.filter.rowCount(self._get_group_index(group)))
            positions = visible_positions if takes_all else [visible_positions[row] for row in sorted(rows)]
            selected_findings += [group.findings[p] for p in positions if p >= 0]
        return selected_findings

    def get_selected_group(self) -> FindingGroup | None:
        """Return the selected rule, or the rule of the selected finding; None without a selection."""
        index = self.filter.mapToSource(self.currentIndex())
        return self.findings.get_group(index) if index.isValid() else None

    def select_finding(self, finding: Any) -> bool:
        """Select a finding and scroll to it; return False if the filters hide it."""
        index = self.filter.get_index(finding)
        if not index.isValid():
            return False
        self.expand(index.parent())
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.selectionModel().setCurrentIndex(index, flags)
        self.scrollTo(index)
        return True

    def step_selection(self, direction: int) -> bool:
        """Select the next (1) or previous (−1) visible finding that is not waived; return False without one."""
        findings = self.filter.list_visible_findings()
        position = self._find_start_position(findings, direction)
        while 0 <= position < len(findings) and findings[position].state == "waived":
            position += direction
        return 0 <= position < len(findings) and self.select_finding(findings[position])

    def find_next_open_in_steps(self) -> Generator[None, None, Any]:
        """Find the next visible finding that needs work and is not to be re-checked; the result is None without one.

        Yield between steps of some milliseconds.
        """
        findings, model = self.filter.list_visible_findings(), self.findings
        yield
        first = self._find_start_position(findings, 1)
        yield
        for position in range(first, len(findings)):
            finding = findings[position]
            if model.work.is_open(finding) and model.find_state_key(finding) != STALE:
                return finding
            if position % FINDINGS_PER_STEP == 0:
                yield
        return None

    def is_far(self, finding: Any) -> bool:
        """Return True if so many rows precede a finding that laying them out would stop QGIS."""
        for group in self.findings.groups:
            position = next((p for p, candidate in enumerate(group.findings) if candidate is finding), -1)
            if position >= 0:
                return group.position_by_row.index(position) - group.loaded_row_count > _MAX_ROWS_TO_SELECTION
        return False

    def load_rows_to(self, finding: Any) -> Generator[None, None, None]:
        """Load the rows of a group down to a finding, a batch in each step."""
        for group in self.findings.groups:
            position = next((p for p, candidate in enumerate(group.findings) if candidate is finding), -1)
            if position >= 0:
                row = group.position_by_row.index(position)
                while group.loaded_row_count <= row:
                    yield
                    loaded_row_count = group.loaded_row_count
                    self.findings.load_rows(group, loaded_row_count + ROWS_LOADED_AT_ONCE)
                    if group.loaded_row_count == loaded_row_count:
                        return
                return

    def set_work(self, work: WorkRows) -> None:
        """Set the work list and update the visible rows; sorting and filters follow with the next preparation."""
        self.findings.set_work(work)
        self._hide_states_if_narrow()
        self.viewport().update()

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
            return self._find_position_around_ended_finding(findings, direction)
        # From a group or a reason, continue there.
        first = 0
        for other_group in self.findings.groups:
            if other_group is group:
                break
            first += other_group.shown_count
        return first if direction > 0 else first - 1

    def _find_position_around_ended_finding(self, findings: list[Any], direction: int) -> int:
        """Return the position of the finding next to the one that was selected when it was resolved.

        Without such a neighbour, return the position of the first finding.
        """
        neighbours = self._findings_after if direction > 0 else self._findings_before[::-1]
        if not (self._findings_before or self._findings_after):
            return 0 if direction > 0 else -1
        position_by_id = {id(f): n for n, f in enumerate(findings) if f.state != "waived"}
        known_positions = (position_by_id[id(f)] for f in neighbours if id(f) in position_by_id)
        return next(known_positions, len(findings) if direction > 0 else -1)

    def get_selected_position(self) -> tuple[int, int, str] | None:
        """Return the position of the selected finding (see `FindingsFilter.get_finding_position`), or None."""
        selected_finding = self.get_selected_finding()
        if selected_finding is None:
            return None
        return self.filter.get_finding_position(selected_finding)

    def _on_current_changed(self, *_indexes: QModelIndex) -> None:
        if self.currentIndex().isValid():
            self._findings_before, self._findings_after = [], []
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
        # QGIS has shortcuts such as F1; in the list these keys belong to the list.
        if event.type() == QEvent.Type.ShortcutOverride and _is_list_key(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event):
        finding, group = self.get_selected_finding(), self.get_selected_group()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and finding is not None:
            self.zoomRequested.emit(finding)
        elif event.matches(QKeySequence.StandardKey.Copy) and group is not None:
            QGuiApplication.clipboard().setText(self._format_text(group, finding))
        elif event.key() == Qt.Key.Key_F1 and group is not None:
            self.helpRequested.emit(group.code if finding is None else get_listed_rule(finding))
        elif event.key() == Qt.Key.Key_W and not _has_modifiers(event) and finding is not None:
            self.waiveRequested.emit()
        elif event.matches(QKeySequence.StandardKey.Undo):
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

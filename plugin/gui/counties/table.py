# SPDX-License-Identifier: GPL-2.0-or-later
"""List of counties: model, filter by verdict, view."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import IntEnum
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import QAbstractTableModel, QModelIndex, QSortFilterProxyModel, Qt, pyqtSignal
from qgis.PyQt.QtGui import QFont, QIcon
from qgis.PyQt.QtWidgets import QTableView

from ...bridge.checking.counties import CountyEvent
from ...bridge.texts import tr
from ...core.counties.county_record import CountyRecord
from ..widgets import FittedWidget, show_as_list, theme
from .rows import (
    DONE,
    KEPT,
    KIND_ICONS,
    KINDS,
    NO_VERDICT,
    RUNNING,
    WAITING,
    CountyRow,
    count_findings,
    describe_profile,
    describe_reason,
    describe_result,
    describe_row,
    describe_source,
    describe_stage,
    describe_time,
)

_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_SORT_ROLE = Qt.ItemDataRole.UserRole + 1
#: Rows whose texts are measured for the widths of columns.
_MEASURED_ROWS = 200
_MIN_REASON_DIGITS, _MIN_DIGITS = 14, 10
_ROW_EM = 1.5


class Column(IntEnum):
    """Columns of the list."""

    NAME, SOURCE, PROFILE, STAGE, TIME, RESULT, ERRORS, WARNINGS, REASON = range(9)


#: Without the time: right of it, the verdict begins.
_RIGHT_COLUMNS = (Column.ERRORS, Column.WARNINGS)
#: Widths in digits: most of columns with names, least of the last column.
_MAX_DIGITS = {Column.NAME: 22, Column.SOURCE: 24, Column.PROFILE: 16}
#: Columns that shrink in a narrow window, one after the other.
_SHRINKING_COLUMNS = (Column.SOURCE, Column.PROFILE, Column.STAGE, Column.NAME, Column.RESULT)

_CELL_TEXTS: dict[Column, Callable[[CountyRow], str]] = {
    Column.NAME: lambda row: row.name,
    Column.SOURCE: describe_source,
    Column.PROFILE: describe_profile,
    Column.STAGE: describe_stage,
    Column.TIME: describe_time,
    Column.RESULT: describe_result,
    Column.ERRORS: lambda row: _format_count(count_findings(row, "errors")),
    Column.WARNINGS: lambda row: _format_count(count_findings(row, "warnings")),
    Column.REASON: describe_reason,
}


def _format_count(count: int | None) -> str:
    return "" if count is None else str(count)


class CountyModel(QAbstractTableModel):
    """The counties of a batch with their states."""

    def __init__(self, parent: Any = None):
        super().__init__(parent)
        self.rows: list[CountyRow] = []
        #: Name of a county → its place in the list.
        self.place_by_name: dict[str, int] = {}
        self._icons: dict[str, QIcon] = {}
        self._titles = {
            Column.NAME: tr("County or district"),
            Column.SOURCE: tr("Data"),
            Column.PROFILE: tr("Profile"),
            Column.STAGE: tr("This run"),
            Column.TIME: tr("Time"),
            Column.RESULT: tr("Verdict"),
            Column.ERRORS: tr("Errors"),
            Column.WARNINGS: tr("Warnings"),
            Column.REASON: tr("Explanation"),
        }

    def set_rows(self, rows: list[CountyRow]) -> None:
        """Replace all rows."""
        self.beginResetModel()
        self.rows = rows
        self.place_by_name = {row.name: place for place, row in enumerate(rows)}
        self.endResetModel()

    def find_row(self, name: str) -> CountyRow | None:
        """Return the row of a county; None for an unknown one."""
        place = self.place_by_name.get(name)
        return None if place is None else self.rows[place]

    def begin_run(self, resumes: bool) -> None:
        """Show that all counties wait; those whose result is expected to be kept show it.

        ``resumes``: the run keeps results, also those of the run before.
        """
        for row in self.rows:
            is_kept = row.kind not in ("", NO_VERDICT) or (not row.stage and row.action == KEPT)
            row.stage = KEPT if resumes and is_kept else WAITING
        self._emit_all_changed()

    def show_event(self, event: CountyEvent) -> None:
        """Show that the check of a county has begun, or its new result."""
        if (row := self.find_row(event.name)) is None:
            return
        if event.record is None:
            row.stage, row.folder = RUNNING, event.folder or row.folder
        else:
            row.stage, row.record = DONE, event.record
        self._emit_changed(event.name)

    def show_kept(self, record: CountyRecord, folder: Path | None) -> None:
        """Show that the result of a county was kept, or else stays."""
        if (row := self.find_row(record.name)) is not None and row.stage != DONE:
            row.stage, row.record, row.folder = KEPT, record, folder
            self._emit_changed(record.name)

    def refresh_icons(self) -> None:
        """Load the icons anew, after a change of theme."""
        self._icons.clear()
        self._emit_all_changed()

    def _emit_changed(self, name: str) -> None:
        place = self.place_by_name[name]
        self.dataChanged.emit(self.index(place, 0), self.index(place, len(Column) - 1))

    def _emit_all_changed(self) -> None:
        if self.rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.rows) - 1, len(Column) - 1))

    # --- Qt's interface
    def rowCount(self, parent=None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent=None) -> int:
        return 0 if parent is not None and parent.isValid() else len(Column)

    def headerData(self, section, orientation, role=Qt.ItemDataRole.DisplayRole):
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._titles[Column(section)]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if section in _RIGHT_COLUMNS else _LEFT
        return None

    def data(self, index: QModelIndex, role=Qt.ItemDataRole.DisplayRole):
        row, column = self.rows[index.row()], Column(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return _CELL_TEXTS[column](row)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column in _RIGHT_COLUMNS else _LEFT
        if role == Qt.ItemDataRole.ToolTipRole:
            return theme.make_plain_tip(describe_row(row))
        icon_name = KIND_ICONS[row.kind] if column is Column.RESULT and row.kind else ""
        if column is Column.STAGE and row.stage == RUNNING:
            icon_name = "run"
        if role == Qt.ItemDataRole.DecorationRole and icon_name:
            if icon_name not in self._icons:
                self._icons[icon_name] = theme.load_icon(icon_name)
            return self._icons[icon_name]
        if role == Qt.ItemDataRole.FontRole and (column is Column.NAME or icon_name):
            font = QFont()
            font.setBold(True)
            return font
        return _get_sort_value(row, column) if role == _SORT_ROLE else None


def _get_sort_value(row: CountyRow, column: Column) -> float | str:
    """Return the number or text that a column is sorted by. Cells without a value come first."""
    if column is Column.TIME:
        record = row.valid_record
        seconds = record.times.get("seconds") if record is not None else row.seconds
        return -1.0 if seconds is None else float(seconds)
    if column in (Column.ERRORS, Column.WARNINGS):
        count = count_findings(row, "errors" if column is Column.ERRORS else "warnings")
        return -1 if count is None else count
    if column is Column.RESULT:
        return KINDS.index(row.kind) if row.kind else len(KINDS)
    return _CELL_TEXTS[column](row)


class CountyFilter(QSortFilterProxyModel):
    """Hides counties of some verdicts; those that are not checked yet are always shown."""

    def __init__(self, model: CountyModel, parent: Any = None):
        super().__init__(parent)
        self._hidden_kinds: frozenset[str] = frozenset()
        self.setSourceModel(model)
        self.setSortRole(_SORT_ROLE)
        self.setDynamicSortFilter(True)

    def hide_kinds(self, kinds: Iterable[str]) -> None:
        """Hide the counties of these kinds, show all others."""
        self._hidden_kinds = frozenset(kinds)
        self.invalidateFilter()

    def filterAcceptsRow(self, row: int, parent: QModelIndex) -> bool:
        return self.sourceModel().rows[row].kind not in self._hidden_kinds


class CountyTable(FittedWidget, QTableView):
    """The list of counties. Signal ``opened(name)``: double click or Enter on a county."""

    opened = pyqtSignal(str)

    def __init__(self, model: CountyModel):
        super().__init__(objectName="SanxianCountiesTable", accessibleName=tr("Counties of the batch"))
        self._model, self.filter = model, CountyFilter(model, self)
        self.setModel(self.filter)
        self.setTabKeyNavigation(False)
        show_as_list(self, _ROW_EM)
        self.horizontalHeader().setStretchLastSection(True)
        self.setSortingEnabled(True)
        # The order of the folder or list, until a heading is clicked.
        self.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        self.doubleClicked.connect(
            lambda index: self.opened.emit(self._model.rows[self.filter.mapToSource(index).row()].name)
        )
        model.modelReset.connect(self.fit_contents)

    def get_selected_row(self) -> CountyRow | None:
        """Return the row of the selected county; None without a selection."""
        indexes = self.selectionModel().selectedRows()
        return self._model.rows[self.filter.mapToSource(indexes[0]).row()] if indexes else None

    def select_county(self, name: str) -> None:
        """Select a county by name; nothing for an unknown or hidden one."""
        if (place := self._model.place_by_name.get(name)) is not None:
            self.selectRow(self.filter.mapFromSource(self._model.index(place, 0)).row())

    def keyPressEvent(self, event) -> None:
        row = self.get_selected_row()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and row is not None:
            self.opened.emit(row.name)
        else:
            super().keyPressEvent(event)

    def fit_contents(self) -> None:
        """Give each column the width of its texts; columns with names shrink until the last one has enough room."""
        digit = self.fontMetrics().horizontalAdvance("0")
        widths = {column: self._measure_column(column) for column in Column if column is not Column.REASON}
        for column, digits in _MAX_DIGITS.items():
            widths[column] = min(widths[column], digits * digit)
        excess = sum(widths.values()) + _MIN_REASON_DIGITS * digit - self.viewport().width()
        for column in _SHRINKING_COLUMNS:
            cut = min(max(excess, 0), widths[column] - _MIN_DIGITS * digit)
            widths[column] -= max(cut, 0)
            excess -= max(cut, 0)
        for column, width in widths.items():
            self.setColumnWidth(column, width)

    def _measure_column(self, column: Column) -> int:
        """Return the width that a column needs for its heading, its texts and what may come in it."""
        metrics, model = self.fontMetrics(), self._model
        texts = {_CELL_TEXTS[column](row) for row in model.rows[:_MEASURED_ROWS]}
        if column is Column.STAGE:
            texts |= {tr("Checking now"), tr("Result kept"), tr("No verdict before")}
        elif column is Column.RESULT:
            texts |= {theme.get_verdict_word(str(kind)) for kind in KINDS if kind != NO_VERDICT}
        elif column is Column.TIME:
            texts.add(tr("about {time}").format(time=tr("{count} min").format(count=100)))
        # Bold letters are wider; an icon has the height of the text.
        text_width = max((metrics.horizontalAdvance(text) for text in texts), default=0) * 1.08
        icon_width = 1.6 * metrics.height() if column in (Column.RESULT, Column.STAGE) else 0
        return max(round(text_width + icon_width + metrics.height()), self.horizontalHeader().sectionSizeHint(column))

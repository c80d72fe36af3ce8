# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialog 批量修复: what fixes of many findings would do, which are applied, and what that changes."""

from __future__ import annotations

from typing import Any

from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QSortFilterProxyModel, Qt, pyqtSignal
from qgis.PyQt.QtGui import QResizeEvent
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QStyle,
    QToolButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from ...bridge.texts import tr
from ..widgets.labels import set_bold
from ..widgets.layout import fill_layout, make_row, make_row_widget, make_splitter, resize_within_screen
from ..widgets.sections import FormSection, make_faint_label
from ..widgets.whole_rows import WholeRows
from .area_table import AreaTable
from .batch_model import (
    CONFIRM,
    FEATURE_COLUMN,
    FIX_COLUMN,
    IN_COLUMN,
    NEW_COLUMN,
    OUT_COLUMN,
    REFUSED,
    RULE_COLUMN,
    SAFE,
    TOWNSHIP_COLUMN,
    BatchModel,
    BatchRow,
)
from .dialog import TrialDialog
from .linked_maps import LinkedMaps

_WIDTH_DIGITS, _HEIGHT_LINES = 190, 44
#: Widths of the columns, of which the last takes the rest.
_COLUMN_DIGITS = {RULE_COLUMN: 14, FEATURE_COLUMN: 40, TOWNSHIP_COLUMN: 10, FIX_COLUMN: 34, OUT_COLUMN: 11,
                  IN_COLUMN: 11, NEW_COLUMN: 7}  # fmt: skip
#: Columns that a narrow dialog narrows, down to this width; so wide is at least the last column.
_LONG_TEXT_COLUMNS, _MIN_LONG_TEXT_DIGITS = (FEATURE_COLUMN, FIX_COLUMN), 12


class _GroupFilter(QSortFilterProxyModel):
    """Proxy model that shows only rows of the chosen groups: safe fixes, fixes to confirm, findings without a fix."""

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        self.groups = {SAFE, CONFIRM, REFUSED}

    def set_group(self, group: int, is_shown: bool) -> None:
        """Show or hide the rows of a group (SAFE, CONFIRM or REFUSED)."""
        self.groups = self.groups | {group} if is_shown else self.groups - {group}
        self.invalidateFilter()

    def filterAcceptsRow(self, source_row: int, _parent: Any) -> bool:
        return self.sourceModel().rows[source_row].group in self.groups


class _Table(QTreeView):
    """A table that emits ``resized`` when its width or height has changed."""

    resized = pyqtSignal()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()


class BatchDialog(TrialDialog):
    """Lists the fixes proposed for many findings; it only emits signals and changes no layer.

    Signals: those of `TrialDialog`; ``rowShown`` with the current row; ``previewRequested`` with a row: preview all
    fixes of its finding; ``ticksChanged``; ``exportRequested``: save the table.
    """

    rowShown = pyqtSignal(object)
    previewRequested = pyqtSignal(object)
    ticksChanged = pyqtSignal()
    exportRequested = pyqtSignal()

    def __init__(self, main_canvas: QgsMapCanvas, parent: QWidget | None = None):
        super().__init__(parent, objectName="SanxianBatchFixDialog", windowTitle=tr("Batch Fix"))
        self.maps, self.areas = LinkedMaps(main_canvas), AreaTable()
        self.model, self.filter = BatchModel(self), _GroupFilter(self)
        #: Width in pixels in which all layers and keys are visible.
        self._feature_width = 0
        self.filter.setSourceModel(self.model)
        self.table = self._make_table()
        self.summary = QLabel()
        set_bold(self.summary)
        self.progress = QProgressBar()
        self.progress.setFixedWidth(self.fontMetrics().horizontalAdvance("0") * 36)
        self.cancel_button = QPushButton(tr("Cancel"), clicked=self.cancelRequested)
        self.retry_button = QPushButton(tr("Try Again"), clicked=self.retryRequested)
        layout = fill_layout(
            QVBoxLayout(self),
            make_row(self.summary, None, self.progress, self.cancel_button, self.retry_button),
            self._make_filters(),
        )
        box = FormSection(
            tr("Area balance"), tr("ticked fixes, statutory area; before − out + in = after, ± rounding"), wraps=True
        )
        box.layout_.addWidget(WholeRows(self.areas), 1)
        splitter = make_splitter(
            Qt.Orientation.Vertical, (WholeRows(self.table), 1), (make_row_widget((box, 1), (self.maps, 1)), 0)
        )
        line = self.fontMetrics().lineSpacing()
        splitter.setSizes([line * 20, line * 10])
        self.status = make_faint_label(objectName="SanxianBatchFixStatus", wordWrap=True)
        self.apply = QPushButton(
            tr("Apply"), objectName="SanxianBatchFixApply", default=True, clicked=self.applyRequested
        )
        fill_layout(
            layout, (splitter, 1), make_row((self.status, 1), self.apply, QPushButton(tr("Close"), clicked=self.reject))
        )
        size = self.fontMetrics()
        resize_within_screen(self, size.horizontalAdvance("0") * _WIDTH_DIGITS, size.lineSpacing() * _HEIGHT_LINES)
        self.model.ticksChanged.connect(self.ticksChanged)
        # The layout gives the table its width after the dialog has its own.
        self.table.resized.connect(self._fit_columns)
        self.table.setFocus()
        self.show_state("", can_apply=False)

    # --- widgets
    def _make_table(self) -> _Table:
        table = _Table(
            objectName="SanxianBatchFixes",
            accessibleName=tr("Proposals"),
            rootIsDecorated=False,
            uniformRowHeights=True,
            allColumnsShowFocus=True,
            selectionMode=QAbstractItemView.SelectionMode.SingleSelection,
        )
        table.setModel(self.filter)
        header = table.header()
        header.setStretchLastSection(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        digit = self.fontMetrics().horizontalAdvance("0")
        for column, width in _COLUMN_DIGITS.items():
            header.resizeSection(column, max(digit * width, header.sectionSizeHint(column)))
        table.selectionModel().currentRowChanged.connect(lambda *_rows: self._on_row_changed())
        table.doubleClicked.connect(lambda _index: self._request_preview())
        return table

    def _fit_columns(self) -> None:
        """Narrow the columns with long texts, which have tool tips, instead of scrolling sideways."""
        header, digit = self.table.header(), self.fontMetrics().horizontalAdvance("0")
        others = sum(header.sectionSize(column) for column in _COLUMN_DIGITS if column not in _LONG_TEXT_COLUMNS)
        room = self.table.viewport().width() - others
        # The last column, with the reason, has a share, too, and what the others leave.
        least = digit * _MIN_LONG_TEXT_DIGITS
        share = max(room // (len(_LONG_TEXT_COLUMNS) + 1), least)
        # The keys identify the features; the other texts can be read in the tool tip, and need only their least width.
        feature_width = min(max(share, self._feature_width), max(room - 2 * least, share))
        feature_width = min(digit * _COLUMN_DIGITS[FEATURE_COLUMN], feature_width)
        share = max((room - feature_width) // len(_LONG_TEXT_COLUMNS), least)
        header.resizeSection(FEATURE_COLUMN, feature_width)
        header.resizeSection(FIX_COLUMN, min(digit * _COLUMN_DIGITS[FIX_COLUMN], share))

    def _make_filters(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.group_buttons = {}
        for group in (SAFE, CONFIRM, REFUSED):
            # Dark themes show whether a tool button is pressed, but not whether a push button is.
            button = QToolButton(
                checkable=True, checked=True, toggled=lambda on, group=group: self.filter.set_group(group, on)
            )
            self.group_buttons[group] = button
            row.addWidget(button)
        row.addStretch()
        only_safe_button, none_button = QPushButton(tr("Safe Only")), QPushButton(tr("None"))
        only_safe_button.clicked.connect(lambda _on=False: self.model.tick_only_safe(True))
        none_button.clicked.connect(lambda: self.model.tick_only_safe(False))
        self.preview_button = QPushButton(tr("Other Fixes…"), clicked=self._request_preview)
        self.export_button = QPushButton(tr("Export Table…"), clicked=self.exportRequested)
        for button in (only_safe_button, none_button, self.preview_button, self.export_button):
            button.setAutoDefault(False)
            row.addWidget(button)
        return row

    # --- content
    def show_rows(self, rows: list[BatchRow]) -> None:
        """Show what the fixes did when they were tried on a copy of the layers."""
        self.model.set_rows(rows)
        counts = {group: sum(row.group == group for row in rows) for group in (SAFE, CONFIRM, REFUSED)}
        text_by_group = {
            SAFE: tr("Safe {count}"),
            CONFIRM: tr("To confirm {count}"),
            REFUSED: tr("Not fixable {count}"),
        }
        for group, button in self.group_buttons.items():
            button.setText(text_by_group[group].format(count=counts[group]))
        fixable = counts[SAFE] + counts[CONFIRM]
        text = tr("{count} findings can be fixed; {others} are explained only.")
        self.summary.setText(text.format(count=fixable, others=counts[REFUSED]) if rows else "")
        self.export_button.setEnabled(bool(rows))
        # The width in which all layers and keys are visible; two more pixels, as a style rounds that of a text up.
        measure = self.table.fontMetrics().horizontalAdvance
        margin = self.style().pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, None, self.table) + 1
        self._feature_width = max((measure(row.cells[FEATURE_COLUMN]) + 2 * margin + 2 for row in rows), default=0)
        self._fit_columns()
        if rows:
            self.table.setCurrentIndex(self.filter.index(0, 0))

    def show_state(self, text: str, *, can_apply: bool, can_retry: bool = False) -> None:
        """Show ``text`` in the status line, and enable Apply if ``can_apply`` and a fix is ticked.

        ``can_retry``: show the button that tries again.
        """
        count = len(self.model.list_ticked())
        self.show_progress(None)
        self.status.setText(text)
        self.retry_button.setVisible(can_retry)
        self.table.setEnabled(not self.progress.isVisible())
        self.apply.setEnabled(can_apply and count > 0)
        self.apply.setText(tr("Apply {count}").format(count=count) if count else tr("Apply"))

    @property
    def current_row(self) -> BatchRow | None:
        """Return the row that the preview shows; None without a row."""
        index = self.filter.mapToSource(self.table.currentIndex())
        return self.model.rows[index.row()] if index.isValid() else None

    def _on_row_changed(self) -> None:
        index = self.filter.mapToSource(self.table.currentIndex())
        if index.isValid():
            self.rowShown.emit(self.model.rows[index.row()])
            self.model.mark_seen(index.row())

    def _request_preview(self) -> None:
        if self.current_row is not None:
            self.previewRequested.emit(self.current_row)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialog 批量修复: what fixes of many findings would do, which are applied, and what that changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QAbstractTableModel, QModelIndex, QSortFilterProxyModel, Qt, pyqtSignal
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
from ..findings.groups import get_finding_kind
from ..widgets import theme
from ..widgets.labels_and_buttons import set_bold
from ..widgets.layout import fill_layout, make_row, make_row_widget, make_splitter, resize_within_screen
from ..widgets.lists import WholeRows
from ..widgets.sections import FormSection, make_faint_label
from .change_preview import AreaTable, LinkedMaps
from .dialog import TrialDialog

RULE_COLUMN, FEATURE_COLUMN, TOWNSHIP_COLUMN, FIX_COLUMN, OUT_COLUMN, IN_COLUMN, NEW_COLUMN, REASON_COLUMN = range(8)
#: Groups of rows, in their order.
SAFE, CONFIRM, REFUSED = range(3)
_RIGHT_ALIGNED = (OUT_COLUMN, IN_COLUMN, NEW_COLUMN)
_WIDTH_DIGITS, _HEIGHT_LINES = 190, 44
#: Widths of the columns, of which the last takes the rest.
_COLUMN_DIGITS = {RULE_COLUMN: 14, FEATURE_COLUMN: 40, TOWNSHIP_COLUMN: 10, FIX_COLUMN: 34, OUT_COLUMN: 11,
                  IN_COLUMN: 11, NEW_COLUMN: 7}  # fmt: skip
#: Columns that a narrow dialog narrows, down to this width; so wide is at least the last column.
_LONG_TEXT_COLUMNS, _MIN_LONG_TEXT_DIGITS = (FEATURE_COLUMN, FIX_COLUMN), 12


@dataclass
class BatchRow:
    """A finding with its proposed fix, as a row of the batch.

    ``entry``: `core.fixes.batch.BatchEntry`; ``group``: SAFE, CONFIRM or REFUSED; ``cells``: text of each column.
    """

    entry: Any
    group: int
    cells: list[str]
    is_ticked: bool = False
    #: True once the preview of the row was shown; only then a fix that is not safe can be ticked.
    is_seen: bool = False

    @property
    def can_be_ticked(self) -> bool:
        """Return True for a safe fix, and for one to confirm whose preview was shown."""
        return self.group == SAFE or (self.group == CONFIRM and self.is_seen)


def make_batch_rows(entries: list[Any], texts: Any) -> list[BatchRow]:
    """Return a row for each tried fix; rows of safe fixes come first and are ticked.

    ``entries``: `core.fixes.batch.BatchEntry`; ``texts``: `core.fixes.proposal.FixTexts`.
    """
    groups = map(_find_group, entries)
    rows = [
        BatchRow(entry, group, _make_cells(entry, group, texts), group == SAFE)
        for entry, group in zip(entries, groups, strict=True)
    ]
    return sorted(rows, key=lambda row: row.group)


def _find_group(entry: Any) -> int:
    """Return the group of a tried fix."""
    return REFUSED if entry.proposal is None else SAFE if entry.proposal.is_safe else CONFIRM


def _make_cells(entry: Any, group: int, texts: Any) -> list[str]:
    """Return the text of each column for a finding and its proposed fix, or the reason why it has none."""
    from ...core.standard.messages.texts import format_number, shorten_key

    finding, proposal = entry.finding, entry.proposal
    sides = [f"{finding.role} {shorten_key(finding.key)}".strip()]
    if finding.related_keys:
        # Two rows of one layer need its code once; a narrow column would cut the second key.
        role = finding.related_role if finding.related_role != finding.role or not finding.key else ""
        sides.append(f"{role} {shorten_key(finding.related_keys[0])}".strip())
    cells = [finding.code, " ↔ ".join(sides), finding.township]
    if proposal is None:
        if entry.ended_by is not None:
            reason = tr("Ends with the fix of {code}").format(code=entry.ended_by.finding.code)
        else:
            reason = texts.explain_refusal(entry.refusal)
        return [*cells, "—", "—", "—", "—", reason]
    moved_out = sum(area.ellipsoid_out_m2 for area in proposal.areas)
    moved_in = sum(area.ellipsoid_in_m2 for area in proposal.areas)
    doubts = tr("; ").join(texts.list_doubts(proposal))
    return [
        *cells,
        texts.make_sentence(proposal),
        format_number(moved_out, 2) if proposal.areas else "—",
        format_number(moved_in, 2) if proposal.areas else "—",
        str(len(proposal.new_findings)) if proposal.new_findings or proposal.untried_rules else tr("none"),
        tr("; ").join(filter(None, [tr("Safe") if group == SAFE else doubts, texts.describe_untried_rules(proposal)])),
    ]


class BatchModel(QAbstractTableModel):
    """Table model of the batch; the first column has the tick boxes."""

    ticksChanged = pyqtSignal()

    def __init__(self, parent: Any = None):
        super().__init__(parent)
        self.rows: list[BatchRow] = []
        self._titles = [
            tr("Rule"), tr("Affected features"), tr("Township"), tr("Method"), tr("Out m²"), tr("In m²"),
            tr("New findings"), tr("Safe, or why not"),
        ]  # fmt: skip
        self._icons = {kind: theme.load_icon(name) for kind, name in theme.KIND_ICONS.items()}

    def set_rows(self, rows: list[BatchRow]) -> None:
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()
        self.ticksChanged.emit()

    def list_ticked(self) -> list[BatchRow]:
        """Return the rows whose fixes are ticked."""
        return [row for row in self.rows if row.is_ticked]

    def show_second_trial(self, pairs: list[tuple[BatchRow, Any]], changed_rows: list[BatchRow], texts: Any) -> bool:
        """Show what a second trial found for rows; return False if a row that stays ticked has other cells now.

        ``pairs``: rows, each with its present `core.fixes.batch.BatchEntry`. ``changed_rows``: those with another fix,
        which are unticked; a fix to confirm has to be viewed again.
        """
        former_cells = [row.cells for row, _entry in pairs]
        for row, entry in pairs:
            row.entry.proposal, row.entry.refusal, row.entry.ended_by = entry.proposal, entry.refusal, entry.ended_by
            is_changed = any(row is one for one in changed_rows)
            row.is_ticked, row.is_seen = entry.proposal is not None and not is_changed, not is_changed
            row.group = _find_group(entry)
            row.cells = _make_cells(row.entry, row.group, texts)
        self._refresh()
        return all(row.cells == cells or not row.is_ticked for (row, _), cells in zip(pairs, former_cells, strict=True))

    def tick_only_safe(self, on: bool = True) -> None:
        """Tick the safe rows and no other; with ``on`` False tick none."""
        for row in self.rows:
            row.is_ticked = on and row.group == SAFE
        self._refresh()

    def mark_seen(self, position: int) -> None:
        """Record that the user saw the preview of a row, so that it can be ticked."""
        row = self.rows[position]
        if not row.is_seen:
            row.is_seen = True
            self.dataChanged.emit(self.index(position, 0), self.index(position, len(self._titles) - 1))

    def _refresh(self) -> None:
        if self.rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.rows) - 1, 0))
        self.ticksChanged.emit()

    # --- Qt
    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._titles)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._titles[section]
        return None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if index.column() == RULE_COLUMN and self.rows[index.row()].can_be_ticked:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self.rows[index.row()], index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return row.cells[column]
        if role == Qt.ItemDataRole.CheckStateRole and column == RULE_COLUMN and row.group != REFUSED:
            return Qt.CheckState.Checked if row.is_ticked else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.DecorationRole and column == RULE_COLUMN:
            return self._icons.get(get_finding_kind(row.entry.finding))
        if role == Qt.ItemDataRole.TextAlignmentRole and column in _RIGHT_ALIGNED:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.ForegroundRole and row.group == REFUSED:
            return theme.get_faint_color(in_field=True)
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        row = self.rows[index.row()]
        if role != Qt.ItemDataRole.CheckStateRole or not row.can_be_ticked:
            return False
        row.is_ticked = Qt.CheckState(value) == Qt.CheckState.Checked
        self.dataChanged.emit(index, index)
        self.ticksChanged.emit()
        return True


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
        layout = fill_layout(
            QVBoxLayout(self),
            make_row(self.summary, None, self.progress, self.cancel_button, self.retry_button),
            row,
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

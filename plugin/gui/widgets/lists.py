# SPDX-License-Identifier: GPL-2.0-or-later
"""A list or table whose last row is never cut, and the page that stands for an empty one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableView,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from .layout import fill_layout


class WholeRows(QWidget):
    """Gives a list with rows of one height, inside a layout, the height of whole rows.

    A half row at the end of a list that scrolls looks like a text that is cut. A list without a scroll bar takes the
    whole height.
    """

    def __init__(self, view: QAbstractItemView, parent: QWidget | None = None):
        super().__init__(parent)
        self._view = view
        view.setParent(self)
        self.setSizePolicy(view.sizePolicy())
        self.setFocusProxy(view)
        for bar in (view.verticalScrollBar(), view.horizontalScrollBar()):
            bar.rangeChanged.connect(self._fit)

    def sizeHint(self) -> QSize:
        return self._view.sizeHint().expandedTo(self._view.minimumSize())

    def minimumSizeHint(self) -> QSize:
        hint, least = self._view.minimumSizeHint(), self._view.minimumSize()
        # An explicit minimum replaces the hint, as in a layout.
        return QSize(least.width() or hint.width(), least.height() or hint.height())

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self, *_range: int) -> None:
        height = self.height()
        if self._view.verticalScrollBar().maximum() > 0:
            row_height = self._get_row_height()
            rows_height = height - 2 * self._view.frameWidth() - self._get_header_height()
            bar = self._view.horizontalScrollBar()
            if bar.maximum() > 0:
                rows_height -= bar.sizeHint().height()
            height -= rows_height % row_height if 0 < row_height <= rows_height else 0
        self._view.setGeometry(0, 0, self.width(), height)

    def _get_row_height(self) -> int:
        view = self._view
        if isinstance(view, QTableView):
            return view.rowHeight(0) if view.model().rowCount() else 0
        return view.visualRect(view.model().index(0, 0)).height()

    def _get_header_height(self) -> int:
        view = self._view
        if isinstance(view, QTreeView):
            header = view.header()
        elif isinstance(view, QTableView):
            header = view.horizontalHeader()
        else:
            return 0
        return header.height() if not header.isHidden() else 0


def show_as_list(table: QTableView, row_em: float) -> None:
    """Show a table as a list: rows of ``row_em`` times the font's height, selected one at a time, read-only."""
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    table.verticalHeader().hide()
    table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    table.verticalHeader().setMinimumSectionSize(1)
    table.verticalHeader().setDefaultSectionSize(round(row_em * table.fontMetrics().height()))
    table.horizontalHeader().setHighlightSections(False)


@dataclass
class EmptyPage:
    """Content of a page that is shown in place of an empty list.

    ``function_by_label``: (label, function) of each button.
    """

    text: str
    function_by_label: list[tuple[str, Callable[[], None]]] = field(default_factory=list)
    tool_tip: str = ""


class EmptyStateWidget(QWidget):
    """Widget that shows a text, and buttons for the next steps."""

    def __init__(self, parent=None):
        super().__init__(parent, objectName="SanxianEmptyState")
        self.label = QLabel(
            objectName="SanxianEmptyText",
            wordWrap=True,
            alignment=Qt.AlignmentFlag.AlignCenter,
            textInteractionFlags=Qt.TextInteractionFlag.TextSelectableByMouse,
        )
        self._row = QHBoxLayout()
        self._button_callbacks: list[Callable[[], None]] = []
        fill_layout(QVBoxLayout(self), (None, 2), self.label, self._row, (None, 3))

    def show_empty_page(self, page: EmptyPage) -> None:
        """Show text, tool tip and buttons of a page in place of the former ones."""
        is_unchanged = page.text == self.label.text() and [t for t, _ in page.function_by_label] == [
            b.text() for b in self.list_buttons()
        ]
        self._button_callbacks = [callback for _, callback in page.function_by_label]
        self.label.setToolTip(page.tool_tip)
        if is_unchanged:
            return
        self.label.setText(page.text)
        while self._row.count():
            widget = self._row.takeAt(0).widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._row.addStretch()
        for number, (label, _) in enumerate(page.function_by_label):
            button = QPushButton(label, self)
            # A click may change the state and delete the button: finish the click first.
            button.clicked.connect(
                lambda _on=False, n=number: self._button_callbacks[n](), Qt.ConnectionType.QueuedConnection
            )
            self._row.addWidget(button)
        self._row.addStretch()

    def list_buttons(self) -> list[QPushButton]:
        widgets = [self._row.itemAt(n).widget() for n in range(self._row.count())]
        return [w for w in widgets if w is not None]

# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of the panel: lines and zones, and land classes with a bar for each share."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import QRectF, Qt
from qgis.PyQt.QtGui import QIcon, QPainter, QPalette
from qgis.PyQt.QtWidgets import (
    QHeaderView,
    QSizePolicy,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
)

from ...bridge.texts import tr
from ..widgets import theme
from ..widgets.labels_and_buttons import set_bold
from ..widgets.lists import show_as_list
from .figures import ICON_BY_OUTCOME, ClassRow, LineRow

NAME_COLUMN, OCCUPIED_COLUMN, BASIS_COLUMN, OUTCOME_COLUMN = range(4)
CODE_COLUMN, CLASS_COLUMN, AREA_COLUMN, SHARE_COLUMN, BAR_COLUMN = range(5)
#: Role of the share (0 to 1) of a cell.
SHARE_ROLE = Qt.ItemDataRole.UserRole + 1
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_ROW_EM, _BAR_EM, _OPACITY = 1.45, 0.6, 140
_MAX_CLASS_ROWS = 40


class ShareBarDelegate(QStyledItemDelegate):
    """Draws a share as a bar from the left, in the colour of the text."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index) -> None:
        share = index.data(SHARE_ROLE)
        if not share:
            return
        height = _BAR_EM * option.fontMetrics.height()
        box = QRectF(option.rect).adjusted(2, 0, -2, 0)
        ink = option.palette.color(QPalette.ColorRole.Text)
        ink.setAlpha(_OPACITY)
        painter.fillRect(
            QRectF(box.left(), box.center().y() - height / 2, box.width() * min(float(share), 1.0), height), ink
        )


class _FiguresTable(QTableWidget):
    """A table that shows rows as high as needed, without scroll bars, in a scrolling panel."""

    def __init__(self, name: str, titles: Sequence[str], right_columns: Sequence[int]):
        super().__init__(0, len(titles), objectName=name)
        self._right_columns = right_columns
        self.setHorizontalHeaderLabels(list(titles))
        for column in range(len(titles)):
            side = (
                _RIGHT if column in right_columns else int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
            )
            self.horizontalHeaderItem(column).setTextAlignment(side)
        show_as_list(self, _ROW_EM)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._fit_height()

    def set_cells(self, rows: Sequence[Sequence[str]]) -> None:
        """Show texts; items are reused, because figures change with each move of the mouse."""
        if self.rowCount() != len(rows):
            self.setRowCount(len(rows))
            self._fit_height()
        for number, cells in enumerate(rows):
            for column, text in enumerate(cells):
                item = self.item(number, column)
                if item is None:
                    item = QTableWidgetItem()
                    if column in self._right_columns:
                        item.setTextAlignment(_RIGHT)
                    self.setItem(number, column, item)
                if item.text() != text:
                    item.setText(text)

    def _fit_height(self) -> None:
        rows = self.rowCount() * self.verticalHeader().defaultSectionSize()
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + rows + 2 * self.frameWidth())

    def set_widths(self, widths: Sequence[int], stretched: int) -> None:
        """Give columns their widths, and the rest of the table to one of them."""
        rest = self.viewport().width() - sum(width for column, width in enumerate(widths) if column != stretched)
        for column, width in enumerate(widths):
            self.setColumnWidth(column, max(rest, width) if column == stretched else width)

    def _measure(self, text: str) -> int:
        return self.fontMetrics().horizontalAdvance(text) + self.fontMetrics().height()


def _load_outcome_icon(outcome: str) -> QIcon:
    name = ICON_BY_OUTCOME.get(outcome, "")
    return theme.load_icon(name) if name else QIcon()


class LineTable(_FiguresTable):
    """Control lines and zones: occupied land, basis, outcome."""

    def __init__(self) -> None:
        titles = [tr("Content"), tr("Occupied"), tr("Basis"), tr("Conclusion")]
        super().__init__("SanxianConformityLines", titles, (OCCUPIED_COLUMN,))
        self.setAccessibleName(tr("Control lines and zones"))

    def show_rows(self, rows: Sequence[LineRow]) -> None:
        """Show the rows of a project."""
        self.set_cells([(row.name, row.occupied, row.basis, row.word) for row in rows])
        for number, row in enumerate(rows):
            for column in range(self.columnCount()):
                item = self.item(number, column)
                if item.toolTip() != row.tip:
                    item.setToolTip(row.tip)
                if item.font().bold() != (is_bold := row.is_main and column <= OCCUPIED_COLUMN):
                    set_bold(item, is_bold=is_bold)
            outcome = self.item(number, OUTCOME_COLUMN)
            if outcome.data(SHARE_ROLE) != row.outcome:
                outcome.setData(SHARE_ROLE, row.outcome)
                outcome.setIcon(_load_outcome_icon(row.outcome))

    def refresh_icons(self) -> None:
        """Load the icons anew, after a change of theme."""
        for number in range(self.rowCount()):
            item = self.item(number, OUTCOME_COLUMN)
            item.setIcon(_load_outcome_icon(item.data(SHARE_ROLE)))

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        widths = [
            self._measure("00"),
            self._measure("000.00 / 000.00"),
            self._measure(tr("ellipsoidal area")),
            self._measure(tr("Undetermined")) + 2 * self.fontMetrics().height(),
        ]
        self.set_widths(widths, NAME_COLUMN)


class ClassTable(_FiguresTable):
    """Land classes of a project with their shares."""

    def __init__(self) -> None:
        titles = [tr("Code"), tr("Land class"), tr("Area"), tr("Share"), ""]
        super().__init__("SanxianConformityClasses", titles, (AREA_COLUMN, SHARE_COLUMN))
        self.setAccessibleName(tr("Present land classes"))
        self.setItemDelegateForColumn(BAR_COLUMN, ShareBarDelegate(self))

    def show_rows(self, rows: Sequence[ClassRow]) -> None:
        """Show the classes of a project."""
        shown = rows[:_MAX_CLASS_ROWS]
        self.set_cells([(row.code, row.name, row.area, row.share_text, "") for row in shown])
        for number, row in enumerate(shown):
            self.item(number, BAR_COLUMN).setData(SHARE_ROLE, row.share)

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        widths = [
            self._measure("0000"),
            self._measure("00"),
            self._measure("0 000.0000"),
            self._measure("100.00%"),
            7 * self.fontMetrics().height(),
        ]
        self.set_widths(widths, CLASS_COLUMN)

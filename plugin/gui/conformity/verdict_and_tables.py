# SPDX-License-Identifier: GPL-2.0-or-later
"""Verdict of a project with its reasons, and tables of lines, zones and land classes."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from qgis.PyQt.QtCore import QRectF, Qt, pyqtSignal
from qgis.PyQt.QtGui import QIcon, QPainter, QPalette
from qgis.PyQt.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QSizePolicy,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ...bridge.texts import tr
from ..widgets import (
    FittedWidget,
    IconLabel,
    SourceMarkLabel,
    fill_layout,
    make_faint_label,
    make_row,
    set_bold,
    show_as_list,
    theme,
)
from .figures import DASH, ICON_BY_OUTCOME, ClassRow, LineRow, PanelFigures, Reason

#: Reasons that are shown at first; a link shows the others.
_FIRST_REASONS = 4
NAME_COLUMN, OCCUPIED_COLUMN, BASIS_COLUMN, OUTCOME_COLUMN = range(4)
CODE_COLUMN, CLASS_COLUMN, AREA_COLUMN, SHARE_COLUMN, BAR_COLUMN = range(5)
#: Role of the share (0 to 1) of a cell.
SHARE_ROLE = Qt.ItemDataRole.UserRole + 1
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_ROW_EM, _BAR_EM, _OPACITY = 1.45, 0.6, 140
_MAX_CLASS_ROWS = 40


class _ReasonLine(QWidget):
    """One reason: icon of the outcome, sentence, mark of the source."""

    asked = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self.icon, self.mark = IconLabel(alignment=Qt.AlignmentFlag.AlignTop), SourceMarkLabel("C")
        self.label = QLabel(
            wordWrap=True,
            textFormat=Qt.TextFormat.RichText,
            textInteractionFlags=Qt.TextInteractionFlag.TextBrowserInteraction,
            linkActivated=lambda _link: self.asked.emit(self._shown),
        )
        fill_layout(
            QHBoxLayout(self),
            (self.icon, 0, Qt.AlignmentFlag.AlignTop),
            (self.label, 1),
            (self.mark, 0, Qt.AlignmentFlag.AlignTop),
            has_margins=False,
        )
        self._shown: Reason | None = None

    def show_reason(self, reason: Reason, is_first: bool) -> None:
        """Show a reason, in full if it is the first; nothing is done if it is shown already."""
        if reason == self._shown:
            return
        self._shown = reason
        word = tr("Choose the value") if reason.choices else tr("Enter the document")
        link = f" {theme.make_link(reason.asks, word)}" if reason.asks else ""
        self.label.setText(escape(reason.text if is_first else reason.short) + link)
        self.label.setToolTip(theme.make_plain_tip(f"{reason.text}\n{reason.source}".strip()))
        self.mark.setVisible(bool(reason.mark))
        if reason.mark:
            self.mark.show_mark(reason.mark)
        self.icon.show_icon(ICON_BY_OUTCOME.get(reason.outcome, ""))


class ProjectSummary(QWidget):
    """The verdict and its reasons.

    ``asked(reason)``: the user wants to enter what a reason asks for.
    """

    asked = pyqtSignal(object)

    def __init__(self):
        super().__init__()
        self.word = QLabel(objectName="SanxianConformityVerdict")
        self.icon = IconLabel(text_label=self.word)
        self.area = QLabel(objectName="SanxianConformityArea")
        set_bold(self.area)
        set_bold(self.word, 1.35)
        self.township = make_faint_label(
            sizePolicy=QSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        )
        self.state = make_faint_label()
        head = make_row(self.icon, self.word, self.state, None, self.area, self.township)
        box = fill_layout(QVBoxLayout(self), head, has_margins=False)
        self.lines: list[_ReasonLine] = []
        self._reason_box = fill_layout(QVBoxLayout(), has_margins=False)
        box.addLayout(self._reason_box)
        self.more = QLabel(textFormat=Qt.TextFormat.RichText, linkActivated=lambda _link: self.show_all_reasons())
        box.addWidget(self.more)
        self._figures, self._shows_all = PanelFigures(), False
        self.remark = make_faint_label(wordWrap=True)
        box.addWidget(self.remark)
        self.show_figures(PanelFigures())

    def show_figures(self, figures: PanelFigures) -> None:
        """Show verdict, area, township, reasons and remarks of a project."""
        self.word.setText(figures.verdict_word or DASH)
        self.area.setText(figures.area)
        self.township.setText(figures.township)
        self._figures = figures
        self._show_reasons()
        remarks = list(figures.remarks)
        if not figures.has_use:
            remarks.insert(0, tr("Choose a use: without one, planning zones cannot be judged."))
        self.remark.setText("\n".join(remarks))
        self.remark.setVisible(bool(remarks))
        self.icon.show_icon(ICON_BY_OUTCOME[figures.verdict] if figures.verdict else "")
        self.icon.setVisible(bool(figures.verdict))

    def show_all_reasons(self) -> None:
        """Show the reasons after the first ones too, from now on."""
        self._shows_all = True
        self._show_reasons()

    def _show_reasons(self) -> None:
        reasons = self._figures.reasons
        shown = reasons if self._shows_all else reasons[:_FIRST_REASONS]
        while len(self.lines) < len(shown):
            self.lines.append(_ReasonLine())
            self.lines[-1].asked.connect(self.asked)
            self._reason_box.addWidget(self.lines[-1])
        for number, line in enumerate(self.lines):
            line.setVisible(number < len(shown))
            if number < len(shown):
                line.show_reason(shown[number], number == 0)
        more_count = len(reasons) - len(shown)
        self.more.setText(theme.make_link("more", tr("Show {count} more reasons").format(count=more_count)))
        self.more.setVisible(more_count > 0)

    def show_state(self, text: str, is_former: bool) -> None:
        """Show what the thread does; ``is_former``: the figures are of a former position, and are shown in grey."""
        self.state.setText(text)
        for label in (self.word, self.area):
            label.setEnabled(not is_former)


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


class _FiguresTable(FittedWidget, QTableWidget):
    """A table that shows rows as high as needed, without scroll bars, in a scrolling panel.

    ``widths``: longest text of each column, and its margin in em; the column ``stretched`` gets the rest.
    """

    def __init__(
        self,
        name: str,
        titles: Sequence[str],
        right_columns: Sequence[int],
        widths: Sequence[tuple[str, int]],
        stretched: int,
    ):
        super().__init__(0, len(titles), objectName=name)
        self._right_columns, self._widths, self._stretched = right_columns, widths, stretched
        self.setHorizontalHeaderLabels(list(titles))
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column in right_columns:
            self.horizontalHeaderItem(column).setTextAlignment(_RIGHT)
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
                if (item := self.item(number, column)) is None:
                    item = QTableWidgetItem()
                    if column in self._right_columns:
                        item.setTextAlignment(_RIGHT)
                    self.setItem(number, column, item)
                if item.text() != text:
                    item.setText(text)

    def _fit_height(self) -> None:
        rows = self.rowCount() * self.verticalHeader().defaultSectionSize()
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + rows + 2 * self.frameWidth())

    def fit_contents(self) -> None:
        """Give columns their widths, and the rest of the table to one of them."""
        metrics = self.fontMetrics()
        widths = [metrics.horizontalAdvance(text) + margin * metrics.height() for text, margin in self._widths]
        rest = self.viewport().width() - sum(widths) + widths[self._stretched]
        for column, width in enumerate(widths):
            self.setColumnWidth(column, max(rest, width) if column == self._stretched else width)


def _load_outcome_icon(outcome: str) -> QIcon:
    name = ICON_BY_OUTCOME.get(outcome, "")
    return theme.load_icon(name) if name else QIcon()


class LineTable(_FiguresTable):
    """Control lines and zones: occupied land, basis, outcome."""

    def __init__(self) -> None:
        titles = [tr("Content"), tr("Occupied"), tr("Basis"), tr("Conclusion")]
        widths = [("00", 1), ("000.00 / 000.00", 1), (tr("ellipsoidal area"), 1), (tr("Undetermined"), 3)]
        super().__init__("SanxianConformityLines", titles, (OCCUPIED_COLUMN,), widths, NAME_COLUMN)
        self.setAccessibleName(tr("Control lines and zones"))

    def show_rows(self, rows: Sequence[LineRow]) -> None:
        """Show the rows of a project."""
        self.set_cells([(row.name, row.occupied, row.basis, row.word) for row in rows])
        for number, row in enumerate(rows):
            for column in range(self.columnCount()):
                item = self.item(number, column)
                # Rich text wraps.
                if item.toolTip() != (tip := f"<qt>{escape(row.tip)}</qt>" if row.tip else ""):
                    item.setToolTip(tip)
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


class ClassTable(_FiguresTable):
    """Land classes of a project with their shares."""

    def __init__(self) -> None:
        titles = [tr("Code"), tr("Land class"), tr("Area"), tr("Share"), ""]
        widths = [("0000", 1), ("00", 1), ("0 000.0000", 1), ("100.00%", 1), ("", 7)]
        super().__init__("SanxianConformityClasses", titles, (AREA_COLUMN, SHARE_COLUMN), widths, CLASS_COLUMN)
        self.setAccessibleName(tr("Present land classes"))
        self.setItemDelegateForColumn(BAR_COLUMN, ShareBarDelegate(self))

    def show_rows(self, rows: Sequence[ClassRow]) -> None:
        """Show the classes of a project."""
        shown = rows[:_MAX_CLASS_ROWS]
        self.set_cells([(row.code, row.name, row.area, row.share_text, "") for row in shown])
        for number, row in enumerate(shown):
            self.item(number, BAR_COLUMN).setData(SHARE_ROLE, row.share)

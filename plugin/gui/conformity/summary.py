# SPDX-License-Identifier: GPL-2.0-or-later
"""Verdict of a project with area and township, and the reasons with the mark of their source."""

from __future__ import annotations

from html import escape

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from ...bridge.texts import tr
from ..widgets import theme
from ..widgets.labels_and_buttons import SourceMarkLabel, describe_source_marks, set_bold
from ..widgets.layout import fill_layout, make_row
from ..widgets.sections import make_faint_label
from .figures import DASH, ICON_BY_OUTCOME, PanelFigures, Reason

_MAX_REASONS = 4
_WORD_SCALE = 1.35


class _ReasonLine(QWidget):
    """One reason: icon of the outcome, sentence, mark of the source."""

    asked = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self.icon, self.label, self.mark = QLabel(), QLabel(), SourceMarkLabel("C")
        self.icon.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.label.setWordWrap(True)
        self.label.setTextFormat(Qt.TextFormat.RichText)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self.label.linkActivated.connect(lambda _link: self.asked.emit(self._shown))
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
        former, self._shown = self._shown, reason
        word = tr("Choose the value") if reason.choices else tr("Enter the document")
        link = f" {theme.make_link(reason.asks, word)}" if reason.asks else ""
        self.label.setText(escape(reason.text if is_first else reason.short) + link)
        self.label.setToolTip(f"{reason.text}\n{reason.source}".strip())
        self.mark.setVisible(bool(reason.mark))
        if reason.mark:
            self.mark.setText(reason.mark)
            self.mark.setToolTip(f"{reason.mark}  {describe_source_marks()[reason.mark]}")
        if former is None or former.outcome != reason.outcome:
            self.refresh_icon()

    def refresh_icon(self) -> None:
        """Load the icon of the outcome."""
        if self._shown is not None and (name := ICON_BY_OUTCOME.get(self._shown.outcome)):
            size = self.fontMetrics().height()
            self.icon.setPixmap(theme.load_pixmap(name, size, self.devicePixelRatioF()))


class ProjectSummary(QWidget):
    """The verdict and its reasons.

    ``asked(reason)``: the user wants to enter what a reason asks for.
    """

    asked = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.icon, self.word, self.area = QLabel(), QLabel(), QLabel()
        self.word.setObjectName("SanxianConformityVerdict")
        self.area.setObjectName("SanxianConformityArea")
        set_bold(self.area)
        set_bold(self.word, _WORD_SCALE)
        self.township = make_faint_label(
            sizePolicy=QSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        )
        self.state = make_faint_label()
        head = make_row(self.icon, self.word, self.state, None, self.area, self.township)
        box = fill_layout(QVBoxLayout(self), head, has_margins=False)
        self.lines = [_ReasonLine() for _ in range(_MAX_REASONS)]
        for line in self.lines:
            line.asked.connect(self.asked)
            box.addWidget(line)
        self.remark = make_faint_label(wordWrap=True)
        box.addWidget(self.remark)
        self._verdict = ""
        self.show_figures(PanelFigures())

    def show_figures(self, figures: PanelFigures) -> None:
        """Show verdict, area, township, reasons and remarks of a project."""
        self.word.setText(figures.verdict_word or DASH)
        self.area.setText(figures.area)
        self.township.setText(figures.township)
        for number, line in enumerate(self.lines):
            line.setVisible(number < len(figures.reasons))
            if number < len(figures.reasons):
                line.show_reason(figures.reasons[number], number == 0)
        remarks = list(figures.remarks)
        if not figures.has_use:
            remarks.insert(0, tr("Choose a use; without one the occupied land is listed and nothing is judged."))
        if len(figures.reasons) > _MAX_REASONS:
            remarks.append(
                tr("{count} more reasons are in the table and in the report.").format(
                    count=len(figures.reasons) - _MAX_REASONS
                )
            )
        self.remark.setText("\n".join(remarks))
        self.remark.setVisible(bool(remarks))
        if figures.verdict != self._verdict:
            self._verdict = figures.verdict
            self.refresh_icons()
        self.icon.setVisible(bool(figures.verdict))

    def show_state(self, text: str, is_former: bool) -> None:
        """Show what the thread does; ``is_former``: the figures are of a former position, and are shown in grey."""
        self.state.setText(text)
        for label in (self.word, self.area):
            label.setEnabled(not is_former)

    def refresh_icons(self) -> None:
        """Load the icons, after a change of verdict or theme."""
        if self._verdict:
            size = self.word.fontMetrics().height()
            self.icon.setPixmap(theme.load_pixmap(ICON_BY_OUTCOME[self._verdict], size, self.devicePixelRatioF()))
        for line in self.lines:
            line.refresh_icon()

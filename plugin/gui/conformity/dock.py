# SPDX-License-Identifier: GPL-2.0-or-later
"""Panel 项目合规性: verdict, lines and zones, land classes, and what is to be met."""

from __future__ import annotations

from typing import Any

from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import QEvent, QSize, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ...bridge.texts import tr
from ..widgets import theme
from ..widgets.labels_and_buttons import set_bold
from ..widgets.layout import fill_layout, make_row
from ..widgets.lists import EmptyPage, EmptyStateWidget
from ..widgets.sections import make_faint_label
from .figures import PanelFigures
from .form import ProjectForm
from .summary import ProjectSummary
from .tables import ClassTable, LineTable

_WIDTH_EM, _HEIGHT_EM = 27, 36
_ROLES_LINK = "roles"


class ConformityDock(QgsDockWidget):
    """The panel; it holds no layer. Signals are requests of the user."""

    undo_requested = pyqtSignal()
    finish_requested = pyqtSignal()
    batch_requested = pyqtSignal()
    report_requested = pyqtSignal()
    roles_requested = pyqtSignal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(tr("Project Conformity"), parent, objectName="SanxianConformity")
        self.form = ProjectForm()
        self.summary = ProjectSummary()
        self.line_table, self.class_table = LineTable(), ClassTable()
        self.class_title, self.class_note = QLabel(), make_faint_label()
        self.ownership, self.duties, self.missing = QLabel(), QLabel(), QLabel()
        for label in (self.ownership, self.duties, self.missing):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self.missing.setTextFormat(Qt.TextFormat.RichText)
        self.missing.linkActivated.connect(lambda _link: self.roles_requested.emit())
        self.source_note = make_faint_label(wordWrap=True)
        self.empty = EmptyStateWidget()
        self.buttons = {
            "undo": self._make_button(tr("Undo Point"), self.undo_requested),
            "finish": self._make_button(tr("Finish Drawing"), self.finish_requested),
            "batch": self._make_button(tr("Add to Batch"), self.batch_requested),
            "report": self._make_button(tr("Conformity Report…"), self.report_requested),
        }
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self._make_figures_page())
        content = QWidget()
        box = fill_layout(QVBoxLayout(content), self.form, (self.pages, 1), self.source_note)
        row = make_row(
            self.buttons["undo"], self.buttons["finish"], None, self.buttons["batch"], self.buttons["report"]
        )
        box.addLayout(row)
        self.setWidget(content)
        for part in (self.form, self.summary, self.line_table):
            theme.call_after_theme_change(self, part.refresh_icons, QEvent.Type.FontChange)
        self.figures = PanelFigures()

    def sizeHint(self) -> QSize:
        em = self.fontMetrics().height()
        return QSize(_WIDTH_EM * em, _HEIGHT_EM * em)

    def _make_button(self, text: str, signal: Any) -> QPushButton:
        return QPushButton(text, autoDefault=False, clicked=lambda _on=False: signal.emit())

    def _make_figures_page(self) -> QWidget:
        inner = QWidget()
        box = QVBoxLayout(inner)
        # Room for the scroll bar, so that it does not narrow the text when it appears.
        box.setContentsMargins(0, 0, round(0.4 * self.fontMetrics().height()), 0)
        box.addWidget(self.summary)
        lines_note = make_faint_label(tr("ha, follows the mouse"))
        fill_layout(
            box,
            _make_title_row(QLabel(tr("Control lines and zones")), lines_note),
            self.line_table,
            _make_title_row(self.class_title, self.class_note),
            self.class_table,
            _make_title_row(QLabel(tr("Ownership and duties")), make_faint_label()),
            self.ownership,
            self.duties,
            self.missing,
            (None, 1),
        )
        area = QScrollArea(
            objectName="SanxianConformityFigures",
            widgetResizable=True,
            frameShape=QFrame.Shape.NoFrame,
            horizontalScrollBarPolicy=Qt.ScrollBarPolicy.ScrollBarAlwaysOff,
        )
        area.setWidget(inner)
        return area

    # --- what is shown
    def show_page(self, page: EmptyPage | None) -> None:
        """Show a page without figures; None shows the figures."""
        if page is not None:
            self.empty.show_empty_page(page)
        self.pages.setCurrentIndex(0 if page is not None else 1)

    def show_figures(self, figures: PanelFigures) -> None:
        """Show the figures on a project."""
        self.figures = figures
        self.summary.show_figures(figures)
        self.line_table.show_rows(figures.lines)
        self.class_table.show_rows(figures.classes)
        title = tr("Present land classes")
        if figures.class_year:
            title = tr("Present land classes, parcels of {year}").format(year=figures.class_year)
        self.class_title.setText(title)
        self.class_note.setText(tr("total {area}").format(area=figures.area) if figures.classes else "")
        self.ownership.setText(tr("Ownership: {shares}").format(shares=figures.ownership) if figures.ownership else "")
        self.duties.setText("\n".join(figures.duties))
        missing = ""
        if figures.missing:
            text = tr("Layers missing: {names}.").format(names=figures.missing)
            missing = f"{text} {theme.make_link(_ROLES_LINK, tr('Layer Roles…'))}"
        if self.missing.text() != missing:
            self.missing.setText(missing)
        for label in (self.ownership, self.duties, self.missing):
            label.setVisible(bool(label.text()))

    def show_source(self, text: str) -> None:
        """Show of which state of the data the figures are."""
        self.source_note.setText(text)
        self.source_note.setVisible(bool(text))

    def enable_buttons(self, **enabled: bool) -> None:
        """Enable buttons by name."""
        for name, is_enabled in enabled.items():
            self.buttons[name].setEnabled(is_enabled)


def _make_title_row(title: QLabel, note: QLabel) -> QHBoxLayout:
    """Return a row with a bold title and a note at its right."""
    set_bold(title)
    return make_row(title, None, note)

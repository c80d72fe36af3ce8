# SPDX-License-Identifier: GPL-2.0-or-later
"""Panel 项目合规性: fields and buttons of a project, verdict, lines and zones, land classes, what is to be met."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qgis.gui import QgsDockWidget, QgsDoubleSpinBox
from qgis.PyQt.QtCore import QEvent, QSignalBlocker, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...bridge.editing.attribute_forms import LEVEL_INDENT
from ...bridge.texts import tr
from ...core.standard.template import CodeList
from ..editing.open_forms import CodeSearch
from ..widgets import (
    EmptyPage,
    EmptyStateWidget,
    SizedInEm,
    add_entries,
    fill_combo,
    fill_layout,
    make_faint_label,
    make_row,
    make_row_widget,
    set_bold,
    theme,
)
from .figures import PanelFigures
from .projects import LINE, POINT, POLYGON, PanelProject
from .verdict_and_tables import ClassTable, LineTable, ProjectSummary

_MAX_WIDTH_M, _WIDTH_DECIMALS = 10_000.0, 2
#: Minimum width of the use, in digits; a code with the name of a use needs it.
_MIN_USE_DIGITS = 18
_ICON_BY_BUTTON = {"draw": "draw", "selected": "select", "file": "open", "facts": "document", "remove": "remove"}


class ProjectForm(QWidget):
    """Fields and buttons of a project. Signals are emitted for changes by the user only.

    ``chosen(position)``: another project, or −1 for a new one; ``facts_requested``: name, number and applicant;
    ``use_changed(code)``; ``use_given``: the use is also that of the projects
    without one; ``kind_changed(kind)``: polygon or line, for the next drawing; ``width_changed(metres)``: 0 for none.
    """

    draw_requested = pyqtSignal()
    selected_requested = pyqtSignal()
    file_requested = pyqtSignal()
    facts_requested = pyqtSignal()
    remove_requested = pyqtSignal()
    chosen = pyqtSignal(int)
    use_changed = pyqtSignal(str)
    use_given = pyqtSignal()
    kind_changed = pyqtSignal(str)
    width_changed = pyqtSignal(float)

    def __init__(self):
        super().__init__()
        self._code_list_id = ""
        narrow = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.projects = QComboBox(
            objectName="SanxianConformityProjects",
            accessibleName=tr("Reviewed project"),
            sizePolicy=narrow,
            activated=lambda row: self.chosen.emit(row if row < self.projects.count() - 1 else -1),
        )
        selected_tip = tr("Take the selected features of the current layer as projects")
        file_tip = tr("Read projects from a file, also boundary points (TXT, Excel, CSV)")
        facts_tip = tr("Name, number and applicant, which the opinion prints")
        remove_tip = tr("Remove this project, also from the batch")
        self.buttons = {
            "draw": self._make_button("draw", tr("Draw"), tr("Draw the project on the map"), self.draw_requested),
            "selected": self._make_button("selected", tr("Selected"), selected_tip, self.selected_requested),
            "file": self._make_button("file", tr("File…"), file_tip, self.file_requested),
            "facts": self._make_button("facts", tr("Facts of Projects"), facts_tip, self.facts_requested),
            "remove": self._make_button("remove", tr("Remove"), remove_tip, self.remove_requested),
        }
        self.buttons["draw"].setCheckable(True)
        for name in ("facts", "remove"):
            self.buttons[name].setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        self.use = QComboBox(
            objectName="SanxianConformityUse",
            accessibleName=tr("Planned use"),
            sizePolicy=narrow,
            currentIndexChanged=lambda row: self.use_changed.emit(str(self.use.itemData(row) or "")),
        )
        self._search: CodeSearch | None = None
        self.kind = QComboBox(
            objectName="SanxianConformityKind",
            accessibleName=tr("Shape"),
            activated=lambda _row: self._on_kind_chosen(),
        )
        add_entries(self.kind, ((tr("Polygon"), POLYGON), (tr("Line"), LINE), (tr("Point"), POINT)))
        self.width = QgsDoubleSpinBox(
            objectName="SanxianConformityWidth",
            accessibleName=tr("Width (m)"),
            decimals=_WIDTH_DECIMALS,
            maximum=_MAX_WIDTH_M,
            specialValueText="—",
            showClearButton=False,
            valueChanged=self.width_changed,
        )
        self.use_for_others = QToolButton(
            objectName="SanxianConformityUseForOthers",
            focusPolicy=Qt.FocusPolicy.StrongFocus,
            clicked=lambda _on=False: self.use_given.emit(),
        )
        self._fill_grid()
        self.offer_use(0)
        self.show_kind(POLYGON)

    def _fill_grid(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        for row, (text, buddy) in enumerate(((tr("Reviewed"), self.projects), (tr("Planned use"), self.use))):
            label = QLabel(text)
            label.setBuddy(buddy)
            grid.addWidget(label, row, 0)
        shape_label, width_label = QLabel(tr("Shape")), QLabel(tr("Width m"))
        shape_label.setBuddy(self.kind)
        width_label.setBuddy(self.width)
        # A polygon has no width: on a narrow screen the use gets its room.
        self.width_box = make_row_widget(width_label, self.width)
        second = make_row((self.use, 1), shape_label, self.kind, self.width_box)
        grid.addLayout(make_row((self.projects, 1), *self.buttons.values()), 0, 1)
        grid.addLayout(second, 1, 1)
        grid.addWidget(self.use_for_others, 2, 1)
        grid.setColumnStretch(1, 1)

    def _make_button(self, name: str, text: str, tip: str, signal: Any) -> QToolButton:
        button = QToolButton(
            objectName=f"SanxianConformity{name.capitalize()}",
            text=text,
            toolTip=tip,
            toolButtonStyle=Qt.ToolButtonStyle.ToolButtonTextBesideIcon,
            focusPolicy=Qt.FocusPolicy.StrongFocus,
            clicked=lambda _on=False: signal.emit(),
        )
        theme.set_icon(button, _ICON_BY_BUTTON[name])
        return button

    # --- what is shown
    def show_uses(self, list_id: str, codes: CodeList | None) -> None:
        """Offer the codes of a list of uses. ``list_id``: identifies the list, which is filled once."""
        if list_id == self._code_list_id or codes is None:
            return
        self._code_list_id = list_id
        depths = {code: len(codes.list_code_and_parents(code)) - 1 for code in codes.entry_by_code}
        uses = [(f"{LEVEL_INDENT * depths[n]}{n} {entry.name}", n) for n, entry in codes.entry_by_code.items()]
        with QSignalBlocker(self.use):
            fill_combo(self.use, [("", ""), *uses])
            if self._search is None:
                self._search = CodeSearch(self.use, self.use.count())
                self.use.setMinimumWidth(self.use.fontMetrics().horizontalAdvance("0") * _MIN_USE_DIGITS)
                theme.set_placeholder(self.use.lineEdit(), tr("Choose a use: code or name"))
            self.use.setCurrentIndex(0)

    def show_projects(self, items: Sequence[PanelProject], current: int) -> None:
        """Show the projects and the current one with its fields; after them an entry for a new project."""
        batch_count = sum(one.is_in_batch for one in items)
        text = tr("New project (batch: {count})").format(count=batch_count) if batch_count else tr("New project")
        self.projects.clear()
        self.projects.addItems([*(one.label for one in items), text])
        is_one_shown = 0 <= current < len(items)
        self.projects.setCurrentIndex(current if is_one_shown else len(items))
        self.projects.setToolTip(theme.make_plain_tip(items[current].name) if is_one_shown else "")
        self.projects.setEnabled(bool(items))
        self.buttons["remove"].setEnabled(is_one_shown)
        self.buttons["facts"].setEnabled(is_one_shown and items[current].is_finished)
        if is_one_shown:
            project = items[current]
            # The use is a code, a name, or a text that is in no list.
            text = project.attributes.get("use", "")
            with QSignalBlocker(self.use):
                row = self.use.findData(text)
                if row < 0 and text and self._search is not None:
                    row = self._search.find_row(text)
                    if row < 0:
                        self.use.addItem(text, text)
                        row = self.use.count() - 1
                self.use.setCurrentIndex(max(row, 0))
                if self.use.isEditable():
                    self.use.setEditText(self.use.itemText(self.use.currentIndex()).strip())
                    self.use.lineEdit().setCursorPosition(0)
            self.show_kind(project.kind)
            with QSignalBlocker(self.width):
                try:
                    self.width.setValue(float(project.attributes.get("width") or 0.0))
                except ValueError:
                    self.width.setValue(0.0)

    def offer_use(self, count: int) -> None:
        """Offer to give the use to other projects. ``count``: of those without one."""
        self.use_for_others.setText(tr("Same use for the {count} projects without one").format(count=count))
        self.use_for_others.setVisible(count > 0)

    def show_kind(self, kind: str) -> None:
        """Show the kind of the shape; a width is for lines and points."""
        self.kind.setCurrentIndex(max(self.kind.findData(kind), 0))
        self.width_box.setVisible(kind != POLYGON)

    def get_kind(self) -> str:
        """Return the chosen kind for a drawing: polygon or line."""
        return LINE if self.kind.currentData() == LINE else POLYGON

    def _on_kind_chosen(self) -> None:
        self.width_box.setVisible(self.kind.currentData() != POLYGON)
        self.kind_changed.emit(str(self.kind.currentData()))


class ConformityDock(SizedInEm, QgsDockWidget):
    """The panel; it holds no layer. Signals are requests of the user."""

    SIZE_EM = 27, 36
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
            name: QPushButton(text, autoDefault=False, clicked=requested)
            for name, text, requested in (
                ("undo", tr("Undo Point"), self.undo_requested),
                ("finish", tr("Finish Drawing"), self.finish_requested),
                ("batch", tr("Add to Batch"), self.batch_requested),
                ("report", tr("Conformity Report…"), self.report_requested),
            )
        }
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        inner = QWidget()
        box = fill_layout(
            QVBoxLayout(inner),
            self.summary,
            _make_title_row(QLabel(tr("Control lines and zones")), make_faint_label(tr("ha; live while drawing"))),
            self.line_table,
            _make_title_row(self.class_title, self.class_note),
            self.class_table,
            _make_title_row(QLabel(tr("Ownership and duties")), make_faint_label()),
            self.ownership,
            self.duties,
            self.missing,
            (None, 1),
        )
        # Room for the scroll bar, so that it does not narrow the text when it appears.
        box.setContentsMargins(0, 0, round(0.4 * self.fontMetrics().height()), 0)
        area = QScrollArea(
            objectName="SanxianConformityFigures",
            widgetResizable=True,
            frameShape=QFrame.Shape.NoFrame,
            horizontalScrollBarPolicy=Qt.ScrollBarPolicy.ScrollBarAlwaysOff,
        )
        area.setWidget(inner)
        self.pages.addWidget(area)
        content = QWidget()
        buttons = self.buttons
        row = make_row(buttons["undo"], buttons["finish"], None, buttons["batch"], buttons["report"])
        fill_layout(QVBoxLayout(content), self.form, (self.pages, 1), self.source_note, row)
        self.setWidget(content)
        theme.call_after_theme_change(self, self.line_table.refresh_icons, QEvent.Type.FontChange)
        self.figures = PanelFigures()

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
        title = tr("Present land classes, parcels of {year}") if figures.class_year else tr("Present land classes")
        self.class_title.setText(title.format(year=figures.class_year))
        self.class_note.setText(tr("total {area}").format(area=figures.area) if figures.classes else "")
        self.ownership.setText(tr("Ownership: {shares}").format(shares=figures.ownership) if figures.ownership else "")
        self.duties.setText("\n".join(figures.duties))
        missing = ""
        if figures.missing:
            text = tr("Layers missing: {names}.").format(names=figures.missing)
            missing = f"{text} {theme.make_link('roles', tr('Layer Roles…'))}"
        if self.missing.text() != missing:
            self.missing.setText(missing)
        for label in (self.ownership, self.duties, self.missing):
            label.setVisible(bool(label.text()))

    def enable_buttons(self, **enabled: bool) -> None:
        """Enable buttons by name."""
        for name, is_enabled in enabled.items():
            self.buttons[name].setEnabled(is_enabled)


def _make_title_row(title: QLabel, note: QLabel) -> QHBoxLayout:
    """Return a row with a bold title and a note at its right."""
    set_bold(title)
    return make_row(title, None, note)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Drafts of a study in the window of fixes: one for each preference, judged by the rules; one becomes the plan."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from qgis.core import QgsProject
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QScrollArea,
    QTabWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from ...bridge.fixes.apply import FixOrder
from ...bridge.layers.properties import read_wkb
from ...bridge.printing.pdf import write_documents
from ...bridge.project import saved_paths
from ...bridge.running.tasks import BackgroundJob, JobRunner
from ...bridge.texts import tr
from ..findings.groups import format_hectare_number
from ..widgets import WholeRows, fill_layout, messages, resize_within_screen, theme
from ..widgets.paths import choose_save_path, make_open_buttons
from .change_preview import AreaRow, FixShapes
from .dialog import DialogHeadings, FixDialog
from .trial_runner import FixChoiceController

_SHAPE_ROLE = Qt.ItemDataRole.UserRole
_WIDTH_DIGITS, _HEIGHT_LINES = 200, 56
_SUFFIXES = (".docx", ".pdf", ".xlsx", ".gpkg")
#: A draft has more inputs and lists than a fix: its maps may be lower.
_MIN_MAP_LINES = 4
#: Rows of areas beside which the land has room.
_MAX_AREA_ROWS = 4
#: Digits of a key that differ between the features of a layer.
_KEY_END = 6


class DraftDialog(FixDialog):
    """Shows drafts with the land that leaves or comes, and the tables of their study.

    ``figure``: heading of the last column of that land. Signals: ``changed``: other inputs were chosen;
    ``exportRequested``.
    """

    changed = pyqtSignal()
    exportRequested = pyqtSignal()

    def __init__(self, main_canvas: QgsMapCanvas, parent: QWidget | None, title: str, figure: str):
        maps = tr("Before the draft"), tr("After the draft (nothing written yet)")
        headings = DialogHeadings(tr("Drafts"), tr("statutory area, changed features only"), maps)
        super().__init__(main_canvas, parent, headings)
        self.setWindowTitle(title)
        self.changes = QTreeWidget(
            objectName="SanxianDraftChanges", accessibleName=tr("Land that leaves or comes"), uniformRowHeights=True
        )
        self.changes.setHeaderLabels([tr("Piece"), tr("Township"), tr("Land use"), tr("Area ha"), figure])
        header = self.changes.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.tabs = QTabWidget(documentMode=True)
        self.tabs.addTab(WholeRows(self.changes), tr("Land"))
        self._boxes[1].layout_.addWidget(self.tabs, 3)
        # The list of land needs more of a low screen than in the preview of one fix.
        self._rows.setStretch(self._rows.indexOf(self.maps), 1)
        for button in (self.previous, self.skip, self.apply_next):
            button.hide()
        self.export = QPushButton(tr("Export Draft…"), objectName="SanxianDraftExport", clicked=self.exportRequested)
        self.export.setAutoDefault(False)
        buttons = self._rows.itemAt(self._rows.count() - 1).layout()
        buttons.insertWidget(buttons.indexOf(self.apply), self.export)
        self.changes.currentItemChanged.connect(self._on_change_selected)
        line = self.fontMetrics().lineSpacing()
        for canvas in (self.maps.before, self.maps.after):
            canvas.setMinimumHeight(_MIN_MAP_LINES * line)
        resize_within_screen(self, self.fontMetrics().horizontalAdvance("0") * _WIDTH_DIGITS, line * _HEIGHT_LINES)

    def add_inputs(self, *inputs: tuple[str, QWidget], others: Sequence[QWidget] = ()) -> None:
        """Add a row of inputs, each with its label, above the maps; then ``others``."""
        row = QHBoxLayout()
        for text, widget in inputs:
            label = QLabel(text)
            label.setBuddy(widget)
            fill_layout(row, label, (widget, 1))
        self._rows.insertLayout(1, fill_layout(row, *others))

    def show_proposal(
        self, proposal: Any, texts: Any, rows: list[AreaRow], shapes: FixShapes, *, is_decided: bool = True
    ) -> None:
        super().show_proposal(proposal, texts, rows, shapes, is_decided=is_decided)
        shown = sum(self.areas.rowHeight(n) for n in range(min(len(rows), _MAX_AREA_ROWS)))
        height = self.areas.horizontalHeader().sizeHint().height() + shown + 2 * self.areas.frameWidth()
        self.areas.setFixedHeight(height)

    def show_changes(self, changes: Sequence[Any]) -> None:
        """List the changes of a draft (`core.fixes.drafts.DraftChange`) by reason, and show the first on the maps."""
        self.changes.clear()
        groups: dict[str, QTreeWidgetItem] = {}
        for one in changes:
            if one.reason not in groups:
                groups[one.reason] = self.add_group(one.reason[:1].upper() + one.reason[1:])
            area = format_hectare_number(abs(one.area_m2))
            names = (str(one.number) if one.number else "", f"…{one.key[-_KEY_END:]}" if one.key else "")
            name = tr("  ").join(filter(None, names))
            cells = [name, one.township, one.land_use, f"−{area}" if one.area_m2 < 0 else area, one.figure]
            item = QTreeWidgetItem(groups[one.reason], cells)
            item.setToolTip(0, theme.make_plain_tip(one.key))
            item.setData(0, _SHAPE_ROLE, read_wkb(one.wkb))
            _align_numbers(item, (3, 4))
            self.prepare_item(item, one)
        self.changes.expandAll()
        if first := self.changes.topLevelItem(0):
            self.changes.setCurrentItem(first.child(0))

    def add_group(self, title: str) -> QTreeWidgetItem:
        """Return a new group of land."""
        group = QTreeWidgetItem(self.changes, [title])
        group.setFont(0, self._title.font())
        group.setFirstColumnSpanned(True)
        return group

    def prepare_item(self, item: QTreeWidgetItem, change: Any) -> None:
        """Add to the row of a change what the user may choose."""

    def show_study(self, study: Any) -> None:
        """Show the tables of a study (`core.studies.proposals.proposal_tables.ProposalTables`) in tabs; None: none."""
        for number in range(self.tabs.count() - 1, 0, -1):
            self.tabs.widget(number).deleteLater()
            self.tabs.removeTab(number)
        self.export.setEnabled(study is not None)
        if study is None:
            return
        for table in study.make_tables():
            self.tabs.addTab(_make_table_view(table, study.texts), study.texts.get("sheets", table.id))
        notes = study.list_notes()
        page = QScrollArea(widgetResizable=True, frameShape=QScrollArea.Shape.NoFrame)
        page.setWidget(QLabel("\n".join(notes), wordWrap=True, textFormat=Qt.TextFormat.PlainText))
        page.widget().setAlignment(Qt.AlignmentFlag.AlignTop)
        self.tabs.addTab(page, tr("Remarks {count}").format(count=len(notes)))

    def _on_change_selected(self, item: QTreeWidgetItem | None) -> None:
        shape = item.data(0, _SHAPE_ROLE) if item is not None else None
        if shape is not None and self.shapes is not None:
            self.maps.show_part(shape, self.shapes.crs)


def _align_numbers(item: QTreeWidgetItem, columns: Sequence[int]) -> None:
    for column in columns:
        item.setTextAlignment(column, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter))


def _make_table_view(table: Any, texts: Any) -> QTreeWidget:
    """Return a list with the rows of a table (`core.render.tables.report_table.ReportTable`)."""
    from ...core.render.tables.report_table import TableNumber, make_column_heading
    from ...core.standard.messages.numbers import format_number

    view = QTreeWidget(rootIsDecorated=False, uniformRowHeights=True, objectName=f"SanxianTable_{table.id}")
    # The unit of the table stands above it on paper.
    units = [column.unit if column.unit == table.unit and column.unit else "" for column in table.columns]
    heads = zip(table.columns, units, strict=True)
    headings = [
        make_column_heading(column, table, texts) + (f" {texts.get('unit_names', unit)}" if unit else "")
        for column, unit in heads
    ]
    view.setHeaderLabels(headings)
    _align_numbers(view.headerItem(), [n for n, column in enumerate(table.columns) if column.unit])
    view.header().setStretchLastSection(False)
    view.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    if not table.rows:
        QTreeWidgetItem(view, [texts.get("tables", "no_rows")])
    for row in table.rows:
        numbers = [n for n, value in enumerate(row.values) if isinstance(value, TableNumber)]
        cells = [format_number(*value) if isinstance(value, TableNumber) else value or "" for value in row.values]
        item = QTreeWidgetItem(view, cells)
        for n, text in enumerate(cells):
            item.setToolTip(n, theme.make_plain_tip(text))
        _align_numbers(item, numbers)
    return view


class Drafter(FixChoiceController):
    """Opens the drafts of a study, exports them, and applies the chosen one as one step.

    A subclass makes the window, reads its inputs in ``get_order``, and starts their trial in ``draft``.
    """

    def __init__(self, runner: JobRunner, *window_args: Any):
        super().__init__(*window_args)
        self._runner = runner
        #: Inputs of the drafts in view.
        self._order: tuple[Any, ...] = ()

    def open_drafts(self, role: str, dialog: DraftDialog, title: str) -> None:
        """Show the window of the drafts of a layer, and draft them."""
        from ...core.model.findings import Finding

        self._read_texts()
        self.close()
        self._finding, self._documents, self._order = Finding(role), {}, ()
        self._show_dialog(dialog)
        dialog.changed.connect(self.on_changed)
        dialog.documentRequested.connect(self.ask_document)
        dialog.exportRequested.connect(self._export)
        title = title.format(layer=self._texts.get_layer_name(role))
        dialog.show_fix_subject("align", title, "", self._make_place_shapes())
        dialog.show_study(None)
        self.on_changed()

    @abstractmethod
    def get_order(self) -> tuple[Any, ...]:
        """Return the inputs in the window; empty if they do not suffice, which the window states."""

    def on_changed(self) -> None:
        """Draft again if the inputs differ from those of the drafts in view."""
        order = self.get_order()
        if order and order != self._order:
            self._order = order
            self.draft()

    @abstractmethod
    def draft(self) -> None:
        """Start the trial of the inputs."""

    def try_again(self) -> None:
        """Show the draft in view with the documents that are given now."""
        self._show_choice(self.dialog.choices.current)

    def _show_choice(self, choice: Any) -> None:
        super()._show_choice(choice)
        missing = [role for role, document in self._make_order(choice).documents.items() if not document]
        self._sealed_role = next(iter(missing), "")
        if missing:
            text = tr("{layers} is sealed: the draft is applied with the number of the document that approves it.")
            names = tr(", ").join(map(self._texts.get_layer_name, missing))
            self.dialog.show_state(text.format(layers=names), can_apply=False, needs_document=True)
        draft = choice.parameters["draft"]
        self.dialog.show_changes(draft.changes)
        self.dialog.show_study(draft.study)

    def _make_order(self, choice: Any) -> FixOrder:
        order = super()._make_order(choice)
        documents = {role: self._documents.get(role, "") for role in choice.proposal.documents}
        return replace(order, proposals=[replace(choice.proposal, documents=documents)], documents=documents)

    def show_choices(self, choices: list[Any]) -> None:
        self.dialog.choices.show_choices(choices, self._texts, tr("No draft can be offered."))
        if self.dialog.choices.current is None:
            self._show_place_only()
            self.dialog.show_changes([])
            self.dialog.show_study(None)
            text = tr("No draft can be offered; the reason is above.")
            self.dialog.show_state(text, can_apply=False)

    def step(self, direction: int) -> None:
        """Do nothing: there is one subject."""

    def _export(self) -> None:
        """Write the draft in view to a document, a workbook or a layer that the user chooses."""
        study = self.dialog.choices.current.parameters["draft"].study
        filters = (tr("Word (*.docx)"), tr("PDF (*.pdf)"), tr("Excel (*.xlsx)"), tr("Draft layer (*.gpkg)"))
        start = str(Path(saved_paths.get_start_folder(QgsProject.instance())) / study.make_document_title())
        path = choose_save_path(self.dialog, tr("Export Draft"), start, ";;".join(filters), _SUFFIXES)
        if not path:
            return
        show = self._applier.messages
        self._runner.start(
            BackgroundJob(
                tr("Saving {name}").format(name=Path(path).name),
                lambda _progress, cancellation: _write_study(study, path, cancellation),
                on_done=lambda _none: self._report_saved(path),
                on_error=partial(
                    messages.report_failure,
                    show.show_warning,
                    tr("Nothing was saved ({error}). Details are in the log, tab Sanxian."),
                ),
            )
        )

    def _report_saved(self, path: str) -> None:
        text = tr("Saved: {path}").format(path=path)
        self._applier.messages.show_message(text, "success", *make_open_buttons(path))
        if self.dialog is not None:
            # The message bar is behind the window.
            self.dialog.status.setText(text)


def _write_study(study: Any, path: str, cancellation: Any) -> None:
    """Write a study by the suffix of the path. Raise OutputError."""
    writers: dict[str, Callable[[Path], None]] = {".xlsx": study.write_workbook, ".gpkg": study.write_layer}
    writer = writers.get(Path(path).suffix.lower())
    documents, others = ([], [(path, writer)]) if writer is not None else ([path], [])
    write_documents(study.make_document, documents, cancellation, others)

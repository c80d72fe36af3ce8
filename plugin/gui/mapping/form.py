# SPDX-License-Identifier: GPL-2.0-or-later
"""Widgets and layout of the mapping dialog; the logic is in `dialog`."""

from __future__ import annotations

from qgis.core import Qgis, QgsProject
from qgis.gui import QgsFileWidget, QgsMapLayerComboBox
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ...bridge.layers.role_recognition import list_findings_layers
from ...bridge.texts import tr
from ...core.exchange.mapping.preview import UndecidedCode
from ...core.standard.messages.texts import Texts
from ...core.standard.template import CodeList, Template
from ..widgets import theme
from ..widgets.buttons import ManualStartDialog, make_close_button
from ..widgets.combos import ScrollSafeComboBox, make_searchable
from ..widgets.layout import fill_layout, make_form, make_row, make_splitter, resize_within_screen
from ..widgets.whole_rows import WholeRows
from .table import MappingTable

#: Maximum number of codes with a combo box, which are slow to create.
_MAX_SHOWN_CODES = 200
#: Number of codes that a small dialog shows without scrolling.
_MIN_SHOWN_CODES = 2


class CodeChoiceTable(QWidget):
    """Table in which the user maps codes of the source to codes of a code list.

    Signal ``chosen(source code, target code)``: the user decided; the target code is empty if the decision was
    undone.
    """

    chosen = pyqtSignal(str, str)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent, objectName="SanxianMappingChoices")
        self.label = QLabel(wordWrap=True)
        self.table = QTableWidget(
            0,
            4,
            selectionMode=QAbstractItemView.SelectionMode.NoSelection,
            editTriggers=QAbstractItemView.EditTrigger.NoEditTriggers,
        )
        self.table.setHorizontalHeaderLabels([tr("Code"), tr("Name"), tr("Rows"), tr("Becomes")])
        self.table.verticalHeader().hide()
        fill_layout(QVBoxLayout(self), self.label, WholeRows(self.table), has_margins=False)

    def show_codes(self, field: str, rows: list[UndecidedCode], codes: CodeList | None) -> None:
        """Show the codes that the user has to map; hide the table without any."""
        self.setVisible(bool(rows))
        if not rows or codes is None:
            self.table.setRowCount(0)
            return
        open_count = sum(not row.chosen_code for row in rows)
        text = tr(
            "{field}: {count} codes match several codes, {open} not chosen yet. Choices are saved in the mapping."
        )
        lines = [text.format(field=field, count=len(rows), open=open_count)]
        if len(rows) > _MAX_SHOWN_CODES:
            limit_note = tr(
                "The {count} most frequent codes are listed; check whether the code list of the source is "
                "the right one."
            )
            lines.append(limit_note.format(count=_MAX_SHOWN_CODES))
            rows = rows[:_MAX_SHOWN_CODES]
        self.label.setText("\n".join(lines))
        self.table.setRowCount(0)
        self.table.setRowCount(len(rows))
        for table_row, row in enumerate(rows):
            for column, value in enumerate((row.code, row.name, str(row.row_count))):
                self.table.setItem(table_row, column, QTableWidgetItem(value))
            self.table.setCellWidget(table_row, 3, self._make_code_combo(row, codes))
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        # A small dialog would leave room for half a row.
        shown_height = self.table.rowHeight(0) * min(len(rows), _MIN_SHOWN_CODES)
        self.table.setMinimumHeight(header.sizeHint().height() + shown_height + 2 * self.table.frameWidth())

    def _make_code_combo(self, row: UndecidedCode, codes: CodeList) -> ScrollSafeComboBox:
        box = ScrollSafeComboBox(objectName=f"choice.{row.code}")
        box.addItem(tr("(left empty)"), "")
        candidate_codes = [code for code in row.candidate_codes if code in codes.entry_by_code]
        for code in candidate_codes:
            box.addItem(f"{code} {codes.entry_by_code[code].name}", code)
        if candidate_codes:
            box.insertSeparator(box.count())
        for code in codes.entry_by_code:
            if code not in candidate_codes:
                box.addItem(f"{code} {codes.entry_by_code[code].name}", code)
        box.setCurrentIndex(max(box.findData(row.chosen_code), 0))
        make_searchable(box)
        box.activated.connect(lambda _place: self.chosen.emit(row.code, box.currentData()))
        return box


class MappingForm(ManualStartDialog):
    """Widgets of the dialog 字段映射."""

    def __init__(self, project: QgsProject, templates: dict[str, Template], texts: Texts, parent=None):
        super().__init__(parent, objectName="SanxianMappingDialog", windowTitle=tr("Map Fields"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._make_widgets(project, templates, texts)
        self._lay_out_widgets()

    def _make_widgets(self, project: QgsProject, templates: dict[str, Template], texts: Texts) -> None:
        self.source = QgsMapLayerComboBox(objectName="SanxianMappingSource")
        self.source.setProject(project)
        self.source.setFilters(Qgis.LayerFilter.HasGeometry)
        self.source.setExceptedLayerList(list_findings_layers(project))
        self.browse = QPushButton(tr("File…"))
        self.template = ScrollSafeComboBox(objectName="SanxianMappingTemplate")
        for role, one in templates.items():
            self.template.addItem(f"{one.name} {role}", role)
        make_searchable(self.template)
        self.again = QPushButton(tr("Propose Again"))
        self.load = QPushButton(tr("Open Mapping…"))
        self.save = QPushButton(tr("Save Mapping…"))
        self.table = MappingTable(texts)
        self.choices = CodeChoiceTable()
        self.choices.hide()
        self.summary = QLabel(
            objectName="SanxianMappingSummary",
            wordWrap=True,
            textInteractionFlags=Qt.TextInteractionFlag.TextSelectableByMouse,
        )
        self.output = QgsFileWidget(objectName="SanxianMappingOutput", storageMode=QgsFileWidget.StorageMode.SaveFile)
        self.output.setConfirmOverwrite(True)
        self.output.setFilter(tr("GeoPackage (*.gpkg);;FileGDB (*.gdb)"))
        theme.set_placeholder(self.output.lineEdit(), tr("Empty: a layer in memory"))
        self.losses = QCheckBox(
            tr("List the values that were not converted (xlsx, in the folder of the output)"), checked=True
        )
        self.personal = QCheckBox(tr("Leave personal data out"))
        self.bar = QProgressBar(visible=False)

    def _lay_out_widgets(self) -> None:
        source = make_row((self.source, 1), self.browse)
        template = make_row((self.template, 1), self.again, self.load, self.save)
        top = make_form((tr("Layer"), source), (tr("Target template"), template))
        splitter = make_splitter(Qt.Orientation.Vertical, (WholeRows(self.table), 3), (self.choices, 1))
        output_form = make_form((tr("Write to"), self.output), ("", self.losses), ("", self.personal))
        self.buttons = make_close_button(self)
        self.start = self.buttons.addButton(tr("Run"), QDialogButtonBox.ButtonRole.ActionRole)
        self.stop = self.buttons.addButton(tr("Cancel"), QDialogButtonBox.ButtonRole.ActionRole)
        self.stop.hide()
        fill_layout(QVBoxLayout(self), top, (splitter, 1), self.summary, output_form, self.bar, self.buttons)
        letter = self.fontMetrics()
        resize_within_screen(self, letter.horizontalAdvance("0") * 150, letter.lineSpacing() * 44)

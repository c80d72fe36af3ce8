# SPDX-License-Identifier: GPL-2.0-or-later
"""Widgets of the mapping dialog, with its source and template; reads the source in the background."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qgis.core import Qgis, QgsProject, QgsVectorLayer
from qgis.gui import QgsFileWidget, QgsMapLayerComboBox
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QDialogButtonBox,
    QFileDialog,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ...bridge import settings
from ...bridge.editing import attribute_forms
from ...bridge.layers.role_recognition import list_findings_layers, read_layer_schema
from ...bridge.layers.snapshots import take_snapshot
from ...bridge.mapping import run as mapping_run
from ...bridge.project import county, saved_paths
from ...bridge.running.tasks import BackgroundJob, JobRunner
from ...bridge.texts import tr
from ...core.exchange.mapping.preview import UndecidedCode
from ...core.plan.loading.recognition import find_role, find_similar_role
from ...core.standard.messages.numbers import format_number
from ...core.standard.messages.texts import Texts
from ...core.standard.template import CodeList, Template
from ..help.help_dialog import add_help_button
from ..widgets import (
    ManualStartDialog,
    ScrollSafeComboBox,
    WholeRows,
    choose_or_add_entry,
    fill_combo,
    fill_layout,
    make_close_button,
    make_form,
    make_row,
    make_searchable,
    make_splitter,
    messages,
    resize_to_letters,
    theme,
)
from .table import MappingTable

#: Maximum number of codes with a combo box, which are slow to create.
_MAX_SHOWN_CODES = 200
#: Number of codes that a small dialog shows without scrolling.
_MIN_SHOWN_CODES = 2
_FOLDER_SETTING = "mapping_folder"


class CodeChoiceTable(QWidget):
    """Table in which the user maps codes of the source to codes of a code list.

    Signal ``chosen(source code, target code)``: the user decided; the target code is empty if the decision was
    undone.
    """

    chosen = pyqtSignal(str, str)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent, objectName="SanxianMappingChoices")
        self.label = QLabel(wordWrap=True)
        #: The field whose codes are shown, and the order of the codes of each field.
        self._field = ""
        self._codes_by_field: dict[str, list[str]] = {}
        self.table = QTableWidget(
            0,
            5,
            selectionMode=QAbstractItemView.SelectionMode.NoSelection,
            editTriggers=QAbstractItemView.EditTrigger.NoEditTriggers,
        )
        self.table.setHorizontalHeaderLabels([tr("Value"), tr("Name"), tr("Rows"), tr("Plane area ha"), tr("Becomes")])
        self.table.verticalHeader().hide()
        fill_layout(QVBoxLayout(self), self.label, WholeRows(self.table), has_margins=False)

    def show_codes(self, field: str, rows: list[UndecidedCode], codes: CodeList | None) -> None:
        """Show the codes that the user has to map; hide the table until there are any."""
        # Once it is there it stays, so that the rows of fields do not move when another one is selected.
        self.setVisible(bool(rows) or self.isVisibleTo(self.parentWidget()))
        if not rows or codes is None:
            self._field = ""
            self.label.setText(tr("No value of this field needs a choice."))
            self.table.setRowCount(0)
            return
        scrolled = self.table.verticalScrollBar().value() if field == self._field else 0
        self._field = field
        open_count = sum(not row.chosen_code for row in rows)
        text = tr(
            "{field}: {count} values are not in the code list or match several codes, {open} not chosen yet. Where one "
            "name is alike, its code is proposed: check it. Choices are saved in the mapping; several values may "
            "become one code."
        )
        lines = [text.format(field=field, count=len(rows), open=open_count)]
        rows = self._put_open_first(field, rows)
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
            area = "" if row.area_ha is None else format_number(row.area_ha, 2)
            for column, value in enumerate((row.code, row.name, str(row.row_count), area)):
                self.table.setItem(table_row, column, QTableWidgetItem(value))
            self.table.setCellWidget(table_row, 4, self._make_code_combo(row, codes))
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(4, QHeaderView.ResizeMode.Stretch)
        self.table.verticalScrollBar().setValue(scrolled)
        # A small dialog would leave room for half a row.
        shown_height = self.table.rowHeight(0) * min(len(rows), _MIN_SHOWN_CODES)
        self.table.setMinimumHeight(header.sizeHint().height() + shown_height + 2 * self.table.frameWidth())

    def _put_open_first(self, field: str, rows: list[UndecidedCode]) -> list[UndecidedCode]:
        """Return the rows with those still to choose first; no row moves while the user chooses."""
        codes = [row.code for row in sorted(rows, key=lambda row: bool(row.chosen_code))]
        if set(codes) != set(self._codes_by_field.get(field, ())):
            self._codes_by_field[field] = codes
        return sorted(rows, key=lambda row: self._codes_by_field[field].index(row.code))

    def _make_code_combo(self, row: UndecidedCode, codes: CodeList) -> ScrollSafeComboBox:
        box = ScrollSafeComboBox(objectName=f"choice.{row.code}")
        candidate_codes = [code for code in row.candidate_codes if code in codes.entry_by_code]
        offered_codes = dict.fromkeys((*candidate_codes, *codes.entry_by_code))
        choices = [(f"{code} {codes.entry_by_code[code].name}", code) for code in offered_codes]
        without_choice = tr("(value kept)") if row.is_kept else tr("(left empty)")
        fill_combo(box, [(without_choice, ""), *choices])
        # A saved choice that the layer does not accept is shown, too.
        choose_or_add_entry(box, row.chosen_code)
        if candidate_codes:
            box.insertSeparator(1 + len(set(candidate_codes)))
        make_searchable(box)
        box.activated.connect(lambda _place: self.chosen.emit(row.code, box.currentData()))
        return box


class MappingForm(ManualStartDialog):
    """Widgets of the dialog 字段映射."""

    def __init__(self, project: QgsProject, templates: dict[str, Template], texts: Texts, parent=None):
        super().__init__(parent, objectName="SanxianMappingDialog", windowTitle=tr("Map Fields"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.source = QgsMapLayerComboBox(objectName="SanxianMappingSource")
        self.source.setProject(project)
        self.source.setFilters(Qgis.LayerFilter.HasGeometry)
        self.source.setExceptedLayerList(list_findings_layers(project))
        self.browse = QPushButton(tr("File…"))
        self.template = ScrollSafeComboBox(objectName="SanxianMappingTemplate")
        for role, one in sorted(templates.items()):
            self.template.addItem(f"{role} {one.name}", role)
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
        self.append = QCheckBox(objectName="SanxianMappingAppend", visible=False)
        self.losses = QCheckBox(
            tr("List the values that were not converted (xlsx, in the folder of the output)"), checked=True
        )
        self.personal = QCheckBox(tr("Leave personal data out"))
        self.bar = QProgressBar(visible=False)
        source = make_row((self.source, 1), self.browse)
        template = make_row((self.template, 1), self.again, self.load, self.save)
        top = make_form((tr("Layer"), source), (tr("Target template"), template))
        splitter = make_splitter(Qt.Orientation.Vertical, (WholeRows(self.table), 1), (self.choices, 1))
        output_form = make_form(
            ("", self.append), (tr("Write to"), self.output), ("", self.losses), ("", self.personal)
        )
        self.append.toggled.connect(self.output.setDisabled)
        self.buttons = add_help_button(make_close_button(self), "map_fields")
        self.start = self.buttons.addButton(tr("Run"), QDialogButtonBox.ButtonRole.ActionRole)
        self.stop = self.buttons.addButton(tr("Cancel"), QDialogButtonBox.ButtonRole.ActionRole)
        self.stop.hide()
        fill_layout(QVBoxLayout(self), top, (splitter, 1), self.summary, output_form, self.bar, self.buttons)
        resize_to_letters(self, 150, 60)


class MappingSource(MappingForm):
    """Mapping dialog with its source layer; calls `_show_mapping` when the layer is read.

    Signal ``state_changed``: the available actions may have changed.
    """

    state_changed = pyqtSignal()

    def __init__(self, project: QgsProject, runner: JobRunner, layer: Any = None, parent=None):
        norm = county.make_check_options(project).resolve_norm()
        super().__init__(project, norm.standard.templates, Texts(settings.get_interface_language()), parent)
        self._project, self._runner, self._norm = project, runner, norm
        self._prepared_mapping: mapping_run.PreparedMapping | None = None
        self._job: BackgroundJob | None = None
        self._files: dict[str, QgsVectorLayer] = {}
        if isinstance(layer, QgsVectorLayer):
            self.source.setLayer(layer)
        self._propose_template()
        for signal, slot in (
            (self.source.layerChanged, self._on_source_changed),
            (self.browse.clicked, self._browse_source),
            (self.template.activated, lambda _row: self._prepare_mapping()),
            (self.again.clicked, lambda _checked: self._read_again()),
        ):
            signal.connect(slot)

    def get_role(self) -> str:
        """Return the role (code of the plan layer) of the chosen template."""
        return str(self.template.currentData() or "")

    @property
    def _target_template(self) -> Template:
        return self._norm.standard.templates[self.get_role()]

    def _ask_for_file(self, ask: Callable[..., tuple[str, str]], title: str, filters: str, name: str = "") -> str:
        """Ask for a file in the folder used last, else that of the project; return its path, empty on cancel.

        ``ask``: a function of `QFileDialog`; ``name``: proposed name.
        """
        folder = settings.read_setting(_FOLDER_SETTING, "") or saved_paths.get_start_folder(self._project)
        if path := ask(self, title, str(Path(folder) / name), filters)[0]:
            settings.store_setting(_FOLDER_SETTING, str(Path(path).parent))
        return path

    def _browse_source(self) -> None:
        files = tr("Layers (*.shp *.gpkg *.geojson *.json);;All files (*)")
        if path := self._ask_for_file(QFileDialog.getOpenFileName, tr("Layer"), files):
            self.use_layer_of_file(path)

    def use_layer_of_file(self, path: str) -> None:
        """Use a layer of a file as source, without adding it to the project."""
        layer = QgsVectorLayer(path, Path(path).stem, "ogr")
        if not layer.isValid():
            self.summary.setText(
                tr("{file} cannot be opened as a layer. Choose another file.").format(file=Path(path).name)
            )
        else:
            self._files[path] = layer
            self.source.setAdditionalItems(list(self._files))
            self.source.setCurrentIndex(self.source.findText(path))
            self._on_source_changed()

    def _on_source_changed(self) -> None:
        self._propose_template()
        self._read_again()

    def _read_again(self) -> None:
        self._prepared_mapping = None
        self._prepare_mapping()

    def _propose_template(self) -> None:
        """Choose the template that the source is recognised as, or whose name is similar; none if neither is known."""
        if (layer := self._get_source_layer()) is not None:
            schema = read_layer_schema(layer)
            role = find_role(schema, self._norm)[0] or find_similar_role(schema.name, self._norm.standard)
            self.template.setCurrentIndex(self.template.findData(role))

    def _get_source_layer(self) -> QgsVectorLayer | None:
        if (layer := self.source.currentLayer()) is None:
            layer = self._files.get(self.source.currentText())
        return layer if isinstance(layer, QgsVectorLayer) else None

    def _prepare_mapping(self, given_mapping: Any = None) -> None:
        """Read the source in the background, and show its mapping with a preview of the result.

        The mapping is ``given_mapping``, else one proposed from names.
        """
        layer = self._get_source_layer()
        if self._job is not None:
            self._job.cancel_and_disconnect()
            self._job = None
        if layer is None:
            self.table.setRowCount(0)
            self._end_reading(tr("Choose a layer, or a file with File…"))
            return
        if not self.get_role():
            self.table.setRowCount(0)
            self.append.hide()
            self._end_reading(tr("The layer's name resembles no layer of the plan. Choose the target template."))
            return
        source: Any = (
            self._prepared_mapping.source_columns if self._prepared_mapping is not None else take_snapshot(layer)
        )
        template, norm = self._target_template, self._norm
        constant_values = attribute_forms.find_constant_value_by_field(template, self._norm)
        failed = tr("The layer could not be read ({error}). Details are in the log, tab Sanxian.")
        self._job = BackgroundJob(
            tr("Map Fields"),
            lambda _progress, cancellation: mapping_run.prepare_mapping(
                source, template, norm, given_mapping, cancellation, constant_values
            ),
            on_done=self._show_mapping,
            on_error=lambda error: self._end_reading(messages.explain_and_log(error, failed)),
            # In QGIS's list of tasks: the dialog has no button for it.
            on_cancelled=lambda: self._end_reading(
                tr("Reading was cancelled. Click Propose Again to read the layer again.")
            ),
        )
        self.summary.setText(tr("Reading {layer}…").format(layer=layer.name()))
        self.state_changed.emit()
        self._runner.start(self._job)

    def _show_mapping(self, prepared_mapping: mapping_run.PreparedMapping) -> None:
        self._job, self._prepared_mapping = None, prepared_mapping
        self.table.show_mapping(prepared_mapping, self._target_template, self._norm.standard)
        self.personal.setVisible(bool(self._target_template.personal_fields))
        self.personal.setToolTip(tr(", ").join(f"{f.alias} {f.name}" for f in self._target_template.personal_fields))
        self.state_changed.emit()

    def _end_reading(self, text: str) -> None:
        """Show why no layer is being read."""
        self._job = None
        self.summary.setText(text)
        self.state_changed.emit()

    def done(self, result: int) -> None:
        """Cancel the reading when the dialog closes, without waiting for it."""
        if self._job is not None:
            self._job.cancel_and_disconnect()
        super().done(result)

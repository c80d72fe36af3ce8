# SPDX-License-Identifier: GPL-2.0-or-later
"""成果图件 on the desktop: add layouts to the project, export maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qgis.core import QgsProject
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDialogButtonBox,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMessageBox,
    QVBoxLayout,
)

from ..bridge import settings
from ..bridge.layers import role_recognition
from ..bridge.layouts import saved_layouts
from ..bridge.layouts.build import LayoutBuilder
from ..bridge.layouts.map_layers import MapLayers, collect_from_recognition
from ..bridge.project import county
from ..bridge.running.tasks import BackgroundJob, JobRunner
from ..bridge.texts import tr
from ..core.base.errors import InputError, SanxianError
from ..core.standard.map_set import MapSet, MapSpec, PageSize, load_map_set
from ..core.standard.messages.texts import Texts
from ..core.standard.profile import DocumentInfo
from .help.help_dialog import add_help_button
from .project.document_line import DocumentLine, ensure_exportable_document_info
from .widgets import (
    FocusedButtonDialog,
    WholeRows,
    explain_and_log,
    explain_error,
    fill_layout,
    make_form,
    make_ok_cancel_buttons,
    push_message,
    resize_to_letters,
    theme,
)

_MAP_ID_ROLE = Qt.ItemDataRole.UserRole


@dataclass(eq=False)
class MapActions:
    """Runs the menu actions 生成布局 (add layouts to the project) and 导出图件 (export maps)."""

    iface: Any
    runner: JobRunner

    def open_export_dialog(self) -> None:
        """Open the toolbox dialog of 导出图件, then report its result in the message bar."""
        import processing

        try:
            if not ensure_exportable_document_info(QgsProject.instance(), self.iface.mainWindow()):
                return
        except (SanxianError, ImportError) as error:
            self.iface.messageBar().pushWarning(tr("Export Maps"), explain_error(error))
            return
        results = processing.execAlgorithmDialog("sanxian:export_maps", {})
        if results and results.get("FILES"):
            bar, title = self.iface.messageBar(), tr("Export Maps")
            made = {"made": results["MADE"], "files": results["FILES"], "folder": results["OUTPUT"]}
            push_message(bar, "success", title, tr("{made} maps, {files} files, in {folder}.").format(**made))
            if results["NOT_MADE"]:
                text = tr("Not made, because layers are missing: {names}.").format(names=results["NOT_MADE"])
                push_message(bar, "info", title, text)

    def open_layouts_dialog(self) -> None:
        """Recognise the layers in the background, then open the dialog 生成布局."""
        project = QgsProject.instance()
        options, outlines = county.make_check_options(project), role_recognition.read_layer_schemas(project)
        if not outlines:
            self._on_failed(InputError("no_layers"))
            return
        self.runner.start(
            BackgroundJob(
                tr("Recognising layers"),
                lambda progress, cancellation: (
                    role_recognition.recognise_layers(outlines, options),
                    options.resolve_norm(),
                ),
                on_done=self._on_recognised,
                on_error=self._on_failed,
            )
        )

    def _on_recognised(self, layers_and_norm: Any) -> None:
        project = QgsProject.instance()
        try:
            available_layers = collect_from_recognition(
                project, role_recognition.list_plan_layers(project), *layers_and_norm
            )
            dialog = LayoutsDialog(available_layers, load_map_set(), self.iface.mainWindow())
            if dialog.exec():
                self.create_layouts(
                    LayoutBuilder(available_layers, dialog.catalogue, dialog.get_document_info()),
                    dialog.list_wanted_layouts(),
                )
        except SanxianError as error:
            self._on_failed(error)

    def create_layouts(self, builder: LayoutBuilder, wanted_layouts: list) -> None:
        """Add layouts to the project; ask before replacing layouts that the user edited.

        ``wanted_layouts``: (map, page size, True for a page per township) of each layout.
        """
        project = builder.available_layers.project
        existing_layouts = [saved_layouts.find_layout(project, *one) for one in wanted_layouts]
        edited_layout_names = [
            layout.name()
            for layout in existing_layouts
            if layout is not None and saved_layouts.is_layout_edited(layout)
        ]
        replace = edited_layout_names if edited_layout_names and self._ask_to_replace(edited_layout_names) else []
        QApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
        try:
            save_outcome = saved_layouts.save_layouts(builder, wanted_layouts, replace)
        finally:
            QApplication.restoreOverrideCursor()
        project.setDirty(True)
        bar, title = self.iface.messageBar(), tr("Make Layouts")
        new_names, kept_names = save_outcome.new_layout_names, save_outcome.kept_layout_names
        if new_names:
            text = tr("{count} layouts are in the project's list (Project → Layouts): {names}.")
            push_message(bar, "success", title, text.format(count=len(new_names), names=tr(", ").join(new_names)))
        texts = Texts(settings.get_interface_language())
        for message in dict.fromkeys(note.render(texts) for note in save_outcome.notes):
            push_message(bar, "warning", title, message)
        if kept_names:
            text = tr("Kept as you edited them: {names}.").format(names=tr(", ").join(kept_names))
            push_message(bar, "info", title, text)

    def _ask_to_replace(self, layout_names: list[str]) -> bool:
        text = tr(
            "These layouts were edited since they were made:\n{names}\n\nReplace them by new ones? The changes are "
            "lost."
        )
        box = QMessageBox(
            QMessageBox.Icon.Question,
            tr("Make Layouts"),
            text.format(names="\n".join(layout_names)),
            parent=self.iface.mainWindow(),
        )
        yes = box.addButton(tr("Replace"), QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(tr("Keep Mine"), QMessageBox.ButtonRole.RejectRole))
        box.exec()
        return box.clickedButton() is yes

    def _on_failed(self, error: Exception) -> None:
        text = tr("No layout was made ({error}). Details are in the log, tab Sanxian.")
        push_message(self.iface.messageBar(), "warning", tr("Make Layouts"), explain_and_log(error, text))


class LayoutsDialog(FocusedButtonDialog):
    """Dialog 生成布局, in which the user chooses the maps to lay out.

    Maps that cannot be created are disabled, with the reason as tool tip.
    """

    def __init__(self, available_layers: MapLayers, catalogue: MapSet, parent=None):
        super().__init__(parent, objectName="SanxianLayoutsDialog", windowTitle=tr("Make Layouts"))
        self.catalogue = catalogue
        self._texts = Texts(settings.get_interface_language())
        self.maps = QListWidget(objectName="SanxianMaps", wordWrap=True)
        for map_spec in catalogue.map_by_id.values():
            title = map_spec.title if settings.get_interface_language() == "zh" else map_spec.title_en
            item = QListWidgetItem(f"{map_spec.number:02d}  {title}")
            item.setData(_MAP_ID_ROLE, map_spec.id)
            if missing_input := available_layers.find_missing_input(map_spec):
                item.setFlags(Qt.ItemFlag.NoItemFlags)
                # The colour of disabled rows is hardly readable in QGIS's dark theme.
                item.setForeground(theme.get_faint_color(in_field=True))
                item.setToolTip(self._texts.get("maps", missing_input.key, map=title, **missing_input.params))
                item.setText(f"{item.text()}  {tr('(layers missing)')}")
            else:
                item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
                item.setCheckState(Qt.CheckState.Checked)
            self.maps.addItem(item)
        self.maps.itemChanged.connect(self._enable_ok)
        self.page = QComboBox()
        self.page.addItems(list(catalogue.page_size_by_id))
        self.townships = QCheckBox(
            tr("Also a township atlas, one page per township"), enabled=bool(available_layers.townships)
        )
        self._project, self._profile = available_layers.project, available_layers.norm.profile
        self.document = DocumentLine(self._project, lambda: self._profile)
        form = make_form((tr("Page"), self.page), ("", self.townships), (tr("Document information"), self.document))
        note = QLabel(
            tr("Layouts keep their present layers and symbols. Edit them under Project → Layouts."), wordWrap=True
        )
        buttons = add_help_button(make_ok_cancel_buttons(self), "layouts")
        self._ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self._ok.setText(tr("Make Layouts"))
        fill_layout(QVBoxLayout(self), (WholeRows(self.maps), 1), form, note, buttons)
        self._enable_ok()
        resize_to_letters(self, 70, 36)

    def get_chosen_maps(self) -> list[MapSpec]:
        """Return the definitions of the ticked maps."""
        items = [self.maps.item(row) for row in range(self.maps.count())]
        return [
            self.catalogue.map_by_id[item.data(_MAP_ID_ROLE)]
            for item in items
            if item.flags() & Qt.ItemFlag.ItemIsEnabled and item.checkState() == Qt.CheckState.Checked
        ]

    def list_wanted_layouts(self) -> list[tuple[MapSpec, PageSize, bool]]:
        """Return (map, page size, True for a page per township) of each chosen layout."""
        sheet = self.catalogue.page_size_by_id[self.page.currentText()]
        township_options = (False, True) if self.townships.isChecked() else (False,)
        return [
            (one, sheet, is_by_township)
            for one in self.get_chosen_maps()
            for is_by_township in township_options
            if one.is_by_township or not is_by_township
        ]

    def get_document_info(self) -> DocumentInfo:
        """Return the document information (成果信息) for the layouts."""
        return self.document.resolve_document().document_info

    def accept(self) -> None:
        ready = ensure_exportable_document_info(self._project, self, profile=self._profile)
        self.document.update_summary()
        if ready:
            super().accept()

    def _enable_ok(self) -> None:
        self._ok.setEnabled(bool(self.get_chosen_maps()))

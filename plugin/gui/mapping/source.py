# SPDX-License-Identifier: GPL-2.0-or-later
"""Source and template of the mapping dialog; reads the source in the background."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QFileDialog, QWidget

from ...bridge import settings
from ...bridge.editing import attribute_forms
from ...bridge.layers.properties import get_assigned_role
from ...bridge.layers.snapshots import take_snapshot
from ...bridge.mapping import run as mapping_work
from ...bridge.mapping.run import PreparedMapping
from ...bridge.project import county
from ...bridge.running.tasks import BackgroundJob, JobRunner
from ...bridge.texts import tr
from ...core.standard.messages.texts import Texts
from ...core.standard.template import Template
from ..widgets import messages as trouble
from .form import MappingForm

_FOLDER_SETTING = "mapping_folder"


def ask_existing_mapping(parent: QWidget, project: QgsProject) -> str:
    """Ask for an existing mapping file; return its path, empty if the user cancels."""
    title, files = tr("Open Mapping"), tr("Mapping (*.toml)")
    return _store_folder_of(QFileDialog.getOpenFileName(parent, title, _get_folder(project), files)[0])


def ask_new_mapping(parent: QWidget, project: QgsProject, role: str) -> str:
    """Ask for the file to save a mapping to; return its path, empty on cancel."""
    name = str(Path(_get_folder(project)) / f"{role}.mapping.toml")
    return _store_folder_of(QFileDialog.getSaveFileName(parent, tr("Save Mapping"), name, tr("Mapping (*.toml)"))[0])


def _get_folder(project: QgsProject) -> str:
    """Return the initial folder of file dialogs: the last one used, else that of the project."""
    return settings.read_setting(_FOLDER_SETTING, "") or project.homePath() or str(Path.home())


def _store_folder_of(path: str) -> str:
    """Store the folder of a chosen file, to be proposed next time; return the path unchanged."""
    if path:
        settings.store_setting(_FOLDER_SETTING, str(Path(path).parent))
    return path


class MappingSource(MappingForm):
    """Mapping dialog with its source layer; calls `_show_mapping` when the layer is read.

    Signal ``state_changed``: the available actions may have changed.
    """

    state_changed = pyqtSignal()

    def __init__(self, project: QgsProject, runner: JobRunner, layer: Any = None, parent=None):
        norm = county.make_check_options(project).resolve_norm()
        super().__init__(project, norm.standard.templates, Texts(settings.get_interface_language()), parent)
        self._project, self._runner, self._norm = project, runner, norm
        self._prepared_mapping: PreparedMapping | None = None
        self._job: BackgroundJob | None = None
        self._files: dict[str, QgsVectorLayer] = {}
        if isinstance(layer, QgsVectorLayer):
            self.source.setLayer(layer)
        chosen = self.source.currentLayer()
        role = get_assigned_role(chosen) if isinstance(chosen, QgsVectorLayer) else ""
        self.template.setCurrentIndex(max(self.template.findData(role or "DLTB"), 0))
        self.source.layerChanged.connect(self._on_source_changed)
        self.browse.clicked.connect(self._browse_source)
        self.template.activated.connect(lambda _row: self._prepare_mapping())
        self.again.clicked.connect(lambda _checked: self._prepare_mapping())

    def get_role(self) -> str:
        """Return the role (code of the plan layer) of the chosen template."""
        return str(self.template.currentData() or "")

    @property
    def _target_template(self) -> Template:
        return self._norm.standard.templates[self.get_role()]

    def _browse_source(self) -> None:
        files = tr("Layers (*.shp *.gpkg *.geojson *.json);;All files (*)")
        path = _store_folder_of(QFileDialog.getOpenFileName(self, tr("Layer"), _get_folder(self._project), files)[0])
        if path:
            self.use_layer_of_file(path)

    def use_layer_of_file(self, path: str) -> None:
        """Use a layer of a file as source, without adding it to the project."""
        layer = QgsVectorLayer(path, Path(path).stem, "ogr")
        if not layer.isValid():
            self._show_message(
                tr("{file} cannot be opened as a layer. Choose another file.").format(file=Path(path).name)
            )
            return
        self._files[path] = layer
        self.source.setAdditionalItems(list(self._files))
        self.source.setCurrentIndex(self.source.findText(path))
        self._on_source_changed()

    def _on_source_changed(self) -> None:
        self._prepared_mapping = None
        self._prepare_mapping()

    def _get_source_layer(self) -> QgsVectorLayer | None:
        layer = self.source.currentLayer()
        if layer is None:
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
            self._show_message(tr("Choose a layer, or a file with File…"))
            self.state_changed.emit()
            return
        source: Any = (
            self._prepared_mapping.source_columns if self._prepared_mapping is not None else take_snapshot(layer)
        )
        template, standard = self._target_template, self._norm.standard
        constant_values = attribute_forms.find_constant_value_by_field(template, self._norm)

        def prepare_in_background(progress, cancellation):
            return mapping_work.prepare_mapping(
                source, template, standard, given_mapping, cancellation, constant_values
            )

        self._job = BackgroundJob(
            tr("Map Fields"),
            prepare_in_background,
            on_done=self._show_mapping,
            on_error=self._on_failed,
            on_cancelled=self._on_cancelled,
        )
        self._show_message(tr("Reading {layer}…").format(layer=layer.name()))
        self.state_changed.emit()
        self._runner.start(self._job)

    def _show_mapping(self, prepared_mapping: PreparedMapping) -> None:
        self._job, self._prepared_mapping = None, prepared_mapping
        self.table.show_mapping(prepared_mapping, self._target_template, self._norm.standard)
        self.personal.setVisible(bool(self._target_template.personal_fields))
        self.personal.setToolTip(tr(", ").join(f"{f.alias} {f.name}" for f in self._target_template.personal_fields))
        self.state_changed.emit()

    def _on_cancelled(self) -> None:
        """Update the dialog after a cancellation in QGIS's task manager.

        The dialog has no button for it.
        """
        self._job = None
        self._show_message(tr("Reading was cancelled. Click Propose Again to read the layer again."))
        self.state_changed.emit()

    def _on_failed(self, error: Exception) -> None:
        self._job = None
        self._show_message(
            trouble.explain_and_log(
                error, tr("The layer could not be read ({error}). Details are in the log, tab Sanxian.")
            )
        )
        self.state_changed.emit()

    def _show_message(self, text: str) -> None:
        self.summary.setText(text)

    def done(self, result: int) -> None:
        """Cancel the reading when the dialog closes, without waiting for it."""
        if self._job is not None:
            self._job.cancel_and_disconnect()
        super().done(result)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Warnings before editing a layer whose file is remote, locked or open elsewhere."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import Any

from qgis.core import QgsMapLayer, QgsProject, QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, QTimer

from ...bridge.fixes.apply import STARTED_BY_FIX_PROPERTY
from ...bridge.layers.properties import get_file_path
from ...bridge.running.tasks import log_error
from ...bridge.running.threads import BackgroundMode
from ...bridge.texts import tr
from ..widgets.messages import MessageBarMessages

#: How long the start of editing waits for the inspection, in seconds. A later result is reported when it arrives.
_INSPECTION_TIMEOUT_S = 0.4
_POLL_MS = 100


class EditWarnings(QObject):
    """Warns when editing of a project layer with a risky file begins.

    `stop` disconnects it from the layers.
    """

    def __init__(self, iface: Any, parent: QObject | None = None):
        super().__init__(parent)
        self._messages = MessageBarMessages(iface, tr("Before Editing"))
        self._followed_layers: dict[str, tuple[QgsVectorLayer, Any]] = {}
        #: File → its risks that were reported in this project and still exist.
        self._reported: dict[str, set[Any]] = {}
        #: The inspection that began last.
        self._inspection: _RiskInspectionThread | None = None
        project = QgsProject.instance()
        self._signal_connections = (
            (project.layersAdded, self._observe_layers),
            (project.cleared, self._forget_reported_risks),
        )
        for signal, slot in self._signal_connections:
            signal.connect(slot)
        self._observe_layers(list(project.mapLayers().values()))

    def stop(self) -> None:
        for signal, slot in self._signal_connections:
            signal.disconnect(slot)
        self._signal_connections = ()
        for layer, slot in self._followed_layers.values():
            if not sip.isdeleted(layer):
                layer.beforeEditingStarted.disconnect(slot)
        self._followed_layers.clear()
        self._messages.close()

    def _observe_layers(self, layers: list[QgsMapLayer]) -> None:
        self._followed_layers = {key: one for key, one in self._followed_layers.items() if not sip.isdeleted(one[0])}
        for layer in layers:
            if (
                isinstance(layer, QgsVectorLayer)
                and layer.providerType() == "ogr"
                and layer.id() not in self._followed_layers
            ):
                slot = partial(self._inspect_and_warn, layer)
                layer.beforeEditingStarted.connect(slot)
                self._followed_layers[layer.id()] = (layer, slot)

    def _forget_reported_risks(self) -> None:
        self._reported.clear()

    def _inspect_and_warn(self, layer: QgsVectorLayer) -> None:
        """Find the risks of editing the layer's file, and show a warning.

        A thread inspects the file, because a server may respond late. The method waits for it briefly, so that the
        warning usually precedes the edits. A fix, which the user has confirmed, does not wait.
        """
        path = get_file_path(layer)
        if not path:
            return
        is_started_by_fix = bool(layer.property(STARTED_BY_FIX_PROPERTY))
        if is_started_by_fix and self._inspection is not None and self._inspection.is_inspecting(path):
            # A fix starts to edit several layers of one file at once.
            return
        self._inspection = inspection = _RiskInspectionThread(
            path, has_own_edits=self._is_other_layer_edited(path, layer)
        )
        inspection.start()
        if not is_started_by_fix:
            inspection.join(_INSPECTION_TIMEOUT_S)
        self._report_risks(inspection, layer.name())

    def _is_other_layer_edited(self, path: str, except_layer: QgsVectorLayer) -> bool:
        """Return True if another layer of the same file is being edited in this QGIS."""
        layers = [one for one, _ in self._followed_layers.values() if not sip.isdeleted(one)]
        return any(one is not except_layer and one.isEditable() and get_file_path(one) == path for one in layers)

    def _report_risks(self, inspection: _RiskInspectionThread, name: str) -> None:
        if not self._signal_connections:
            return
        if inspection.is_alive():
            QTimer.singleShot(_POLL_MS, partial(self._report_risks, inspection, name))
            return
        if inspection.error is not None:
            log_error(inspection.error)
        else:
            former_risks = self._reported.get(inspection.path, set())
            # A risk that ended and began again is reported again.
            self._reported[inspection.path] = set(inspection.edit_risks)
            new_risks = [risk for risk in inspection.edit_risks if risk not in former_risks]
            self._warn_of_risks(new_risks, name, Path(inspection.path).name)

    def _warn_of_risks(self, risks: list[Any], layer: str, file: str) -> None:
        text = ""
        for risk in risks:
            sentence = describe_risk(risk, layer, file)
            text = tr("{first} {second}").format(first=text, second=sentence) if text else sentence
        if text:
            self._messages.show_warning(text)


class _RiskInspectionThread(threading.Thread):
    """Python thread that finds the risks of editing one file."""

    def __init__(self, path: str, *, has_own_edits: bool):
        super().__init__(name="sanxian-edit-risks", daemon=True)
        self.path, self._has_own_edits = path, has_own_edits
        self.edit_risks: list[Any] = []
        self.error: Exception | None = None
        # From here on: in the thread, the collection would begin with its first objects.
        self._background_mode = BackgroundMode()

    def is_inspecting(self, path: str) -> bool:
        """Return True if this thread still inspects the file with this path."""
        return self.path == path and self.is_alive()

    def run(self) -> None:
        try:
            from ...core.files.edit_risks import find_edit_risks

            self.edit_risks = find_edit_risks(self.path, own_edits=self._has_own_edits)
        except Exception as error:
            self.error = error
        finally:
            self._background_mode.release()


def describe_risk(risk: Any, layer: str, file: str) -> str:
    """Return the translated message about a risk of editing a file, with its remedy."""
    if risk.kind == "network":
        text = tr(
            "Layer “{layer}” is on the network ({detail}): its file can be damaged if several people edit it or the "
            "connection breaks. Copy “{file}” to a local disk, edit the copy, and copy it back afterwards."
        )
    elif risk.kind == "driver":
        text = tr(
            "Layer “{layer}” is in a FileGDB: this QGIS ({detail}) can damage features of “{file}” when it saves an "
            "edited feature that needs more space. Copy the layer to a GeoPackage and edit it there, or use a QGIS "
            "with GDAL 3.9 or newer."
        )
    elif risk.kind == "locked":
        text = tr(
            "“{file}” of layer “{layer}” is being written by another program ({detail}): edits made now cannot be "
            "saved. "
            "Save and end editing there first, then begin to edit here."
        )
    else:
        text = tr(
            "“{file}” of layer “{layer}” is also open in {detail}: if both programs edit it, one of them may be unable "
            "to save. Close it there first, then begin to edit here."
        )
    return text.format(layer=layer, file=file, detail=risk.detail or tr("an unknown program"))

# SPDX-License-Identifier: GPL-2.0-or-later
"""Warning before editing a FileGDB that this QGIS can damage."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from qgis.core import QgsMapLayer, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QObject

from ...bridge.layers.properties import get_file_path
from ...bridge.texts import tr
from ...core.base.files import filegdb_driver
from ..widgets import MessageBarMessages


class FileGdbWarning(QObject):
    """Warns, once for each file, when editing of a FileGDB begins and GDAL is older than 3.9.

    `stop` disconnects it from the layers.
    """

    def __init__(self, iface: Any, parent: QObject | None = None):
        super().__init__(parent)
        self._messages = MessageBarMessages(iface, tr("Before Editing"))
        self._reported_files: set[str] = set()
        QgsProject.instance().layersAdded.connect(self._observe_layers)
        self._observe_layers(list(QgsProject.instance().mapLayers().values()))

    def stop(self) -> None:
        QgsProject.instance().layersAdded.disconnect(self._observe_layers)
        for layer in QgsProject.instance().mapLayers().values():
            # Layers of other kinds were not connected.
            with suppress(TypeError, AttributeError):
                layer.beforeEditingStarted.disconnect(self._warn)
        self._messages.close()

    def _observe_layers(self, layers: list[QgsMapLayer]) -> None:
        for layer in layers:
            if isinstance(layer, QgsVectorLayer) and layer.providerType() == "ogr":
                layer.beforeEditingStarted.connect(self._warn)

    def _warn(self) -> None:
        layer = self.sender()
        path = get_file_path(layer)
        if not path.lower().endswith(".gdb") or path in self._reported_files:
            return
        if not filegdb_driver.does_driver_damage_rows():
            return
        self._reported_files.add(path)
        text = tr(
            "Layer “{layer}” is in a FileGDB: this QGIS ({detail}) can damage features of “{file}” when it saves an "
            "edited feature that needs more space. Copy the layer to a GeoPackage and edit it there, or use a QGIS "
            "with GDAL 3.9 or newer."
        )
        detail = f"GDAL {filegdb_driver.read_gdal_version()}"
        self._messages.show_warning(text.format(layer=layer.name(), file=Path(path).name, detail=detail))

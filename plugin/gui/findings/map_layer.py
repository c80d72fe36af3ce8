# SPDX-License-Identifier: GPL-2.0-or-later
"""The findings of the result in view on the map: their layer in the project they are of, and in no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.core import (
    QgsCoordinateTransform,
    QgsCsException,
    QgsFeatureRequest,
    QgsGeometry,
    QgsProject,
)
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...bridge import settings
from ...bridge.checking import findings_layer
from ...bridge.texts import tr
from ..widgets import look
from .dock import FindingsDock
from .groups import kind_of

_SHOW_LAYER = "show_findings_layer"


class FindingsOnMap(QObject):
    """``current``: is there a result, and is it of the project that is open? ``taken``: the user took the layer off."""

    taken = pyqtSignal()

    def __init__(self, dock: FindingsDock, canvas: QgsMapCanvas, current: Callable[[], bool], parent: QObject):
        super().__init__(parent)
        self._dock, self._canvas, self._current = dock, canvas, current
        self.wanted = settings.get(_SHOW_LAYER, True)
        #: The findings' rows for the map, by id() of the finding.
        self._rows: dict[int, Any] = {}
        self._layer_id = ""

    def set_wanted(self, on: bool) -> None:
        """Without a result it is a wish for the next check."""
        settings.put(_SHOW_LAYER, on)
        self.wanted = on
        if on:
            self._put()
        else:
            findings_layer.remove(QgsProject.instance())

    def show_result(self, findings: list[Any], rows: list[Any]) -> None:
        self._rows = {id(f): row for f, row in zip(findings, rows, strict=True)}
        if self.wanted:
            self._put()

    def renew(self, former: list[Any], rows: dict[int, Any]) -> None:
        """Rows of some findings go, others come."""
        gone = [self._rows.pop(id(f)) for f in former]
        self._rows |= rows
        if not self._current():
            return
        layer = findings_layer.find(QgsProject.instance()) if self.wanted else None
        if layer is not None and not findings_layer.change(layer, gone, list(rows.values())):
            self._put()

    def findings_in(self, area: QgsGeometry) -> list[Any]:
        """Return the visible findings in an area (CRS of the map), most severe first; empty while their layer is hidden."""
        layer = findings_layer.find(QgsProject.instance())
        if layer is None or layer not in self._canvas.layers() or not self._current():
            return []
        transform = QgsCoordinateTransform(
            self._canvas.mapSettings().destinationCrs(), layer.crs(), QgsProject.instance()
        )
        try:
            area.transform(transform)
        except QgsCsException:
            return []
        request = QgsFeatureRequest(area.boundingBox()).setFlags(QgsFeatureRequest.Flag.ExactIntersect)
        fids = {feature.id() for feature in layer.getFeatures(request.setNoAttributes())}
        found = [f for f in self._dock.result.findings if fids and self._rows[id(f)].id() in fids]
        return sorted(found, key=lambda f: look.KINDS.index(kind_of(f)))

    def forget(self) -> None:
        """Another project: a layer in memory is saved without its rows, and would come back empty, as if all were well."""
        self._layer_id = ""
        project = QgsProject.instance()
        dirty = project.isDirty()
        findings_layer.remove(project)
        project.setDirty(dirty)

    def layers_taken(self, ids: list[str]) -> None:
        """Layers were taken off; when ours is one of them, that is as good as unticking the action."""
        if self._layer_id and self._layer_id in ids:
            self._layer_id = ""
            self.taken.emit()
            findings_layer.drop_empty_group(QgsProject.instance())

    def _put(self) -> None:
        if not self._current():
            return
        self._layer_id = ""
        result = self._dock.result
        rows = [self._rows[id(f)] for f in result.findings]
        layer = findings_layer.show(QgsProject.instance(), rows, result.checked.plan.crs, self._lost)
        if layer is None:
            self._lost()
        else:
            self._layer_id = layer.id()

    def _lost(self) -> None:
        self._dock.say(
            tr("The findings could not be put on the map; the list is complete. Check again, or save it by Export.")
        )

# SPDX-License-Identifier: GPL-2.0-or-later
"""The findings layer on the map, for the displayed result."""

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
from ..widgets import theme
from .dock import FindingsDock
from .groups import get_finding_kind


class FindingsOnMap(QObject):
    """Shows the listed findings of the displayed result as a layer of the project.

    Findings that the filters of the list hide, such as waived ones, are not in the layer. ``has_current_result``:
    returns True if the displayed result is of the open project. Signal ``taken``: the user removed the layer from the
    project.
    """

    taken = pyqtSignal()

    def __init__(
        self, dock: FindingsDock, canvas: QgsMapCanvas, has_current_result: Callable[[], bool], parent: QObject
    ):
        super().__init__(parent)
        self._dock, self._canvas, self._has_current_result = dock, canvas, has_current_result
        self.is_requested = settings.read_setting(settings.SHOW_FINDINGS_LAYER, True)
        #: Rows of all findings, and of those in the layer, by id() of the finding.
        self._rows: dict[int, Any] = {}
        self._shown_rows: dict[int, Any] = {}
        self._layer_id = ""
        dock.listFiltered.connect(self._update_layer)

    def set_shown(self, is_shown: bool) -> None:
        """Show or hide the layer and store the choice, which also applies to the next check."""
        settings.store_setting(settings.SHOW_FINDINGS_LAYER, is_shown)
        self.is_requested = is_shown
        if is_shown:
            self._add_layer()
        else:
            findings_layer.remove_findings_layer(QgsProject.instance())

    def show_result(self, findings: list[Any], rows: list[Any]) -> None:
        """Show a new result; ``rows``: a feature of the findings layer for each of ``findings``."""
        self._rows = {id(f): row for f, row in zip(findings, rows, strict=True)}
        if self.is_requested:
            self._add_layer()

    def replace_rows(self, former: list[Any], rows: dict[int, Any]) -> None:
        """Replace the rows of the findings ``former`` by ``rows``, as far as the list shows their findings.

        ``rows``: feature of the findings layer by id() of the finding.
        """
        for finding in former:
            self._rows.pop(id(finding))
        self._rows |= rows
        self._update_layer()

    def _collect_listed_rows(self) -> dict[int, Any]:
        """Return the features of the findings that pass the filters of the list, by id() of the finding."""
        listed_ids = {id(finding) for finding in self._dock.tree.findings.list_visible_findings()}
        findings = self._dock.result.findings
        return {id(f): self._rows[id(f)] for f in findings if id(f) in listed_ids and id(f) in self._rows}

    def _update_layer(self) -> None:
        """Remove the rows of findings that the list no longer shows, and add those of findings that it shows now."""
        layer = findings_layer.find_findings_layer(QgsProject.instance()) if self.is_requested else None
        if layer is None or not self._has_current_result():
            return
        listed_rows, shown_rows = self._collect_listed_rows(), self._shown_rows
        removed_rows = [row for key, row in shown_rows.items() if listed_rows.get(key) is not row]
        added_rows = [row for key, row in listed_rows.items() if shown_rows.get(key) is not row]
        if len(removed_rows) + len(added_rows) > findings_layer.ROWS_PER_BATCH:
            # Filling the layer in batches keeps QGIS responsive.
            self._add_layer()
        elif removed_rows or added_rows:
            self._shown_rows = listed_rows
            if not findings_layer.replace_findings_in_layer(layer, removed_rows, added_rows):
                self._add_layer()

    def find_visible_findings(self, area: QgsGeometry) -> list[Any]:
        """Return the visible findings in an area of the map, most severe first.

        ``area``: in the CRS of the map. Empty while the layer is hidden.
        """
        layer = findings_layer.find_findings_layer(QgsProject.instance())
        if layer is None or layer not in self._canvas.layers() or not self._has_current_result():
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
        shown_rows = self._shown_rows
        visible_findings = [
            f for f in self._dock.result.findings if fids and id(f) in shown_rows and shown_rows[id(f)].id() in fids
        ]
        return sorted(visible_findings, key=lambda f: theme.FINDING_KINDS.index(get_finding_kind(f)))

    def remove_layer(self) -> None:
        """Remove the findings layer before another project opens.

        A saved layer in memory would be restored without rows, as if there were no findings.
        """
        self._layer_id, self._shown_rows = "", {}
        project = QgsProject.instance()
        dirty = project.isDirty()
        findings_layer.remove_findings_layer(project)
        project.setDirty(dirty)

    def on_layers_removed(self, ids: list[str]) -> None:
        """Untick the menu action if the user removed the findings layer."""
        if self._layer_id and self._layer_id in ids:
            self._layer_id = ""
            self.taken.emit()
            findings_layer.remove_empty_findings_group(QgsProject.instance())

    def _add_layer(self) -> None:
        if not self._has_current_result():
            return
        self._layer_id = ""
        result = self._dock.result
        self._shown_rows = self._collect_listed_rows()
        rows = list(self._shown_rows.values())
        layer = findings_layer.show_findings(
            QgsProject.instance(), rows, result.check_result.plan.crs, self._report_failure
        )
        if layer is None:
            self._report_failure()
        else:
            self._layer_id = layer.id()

    def _report_failure(self) -> None:
        self._dock.show_note(
            tr(
                "The findings could not be shown on the map; the list is complete. Check again, or save the list "
                "with Export."
            )
        )

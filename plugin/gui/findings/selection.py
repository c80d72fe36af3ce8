# SPDX-License-Identifier: GPL-2.0-or-later
"""Findings on the map: their layer, and selection in both directions between list and map."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.core import (
    QgsCoordinateTransform,
    QgsCsException,
    QgsFeatureRequest,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
)
from qgis.gui import QgsMapCanvas, QgsMapToolIdentify, QgsMapToolPan
from qgis.PyQt.QtCore import QEvent, QObject, QPoint, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QApplication, QMenu

from ...bridge import settings
from ...bridge.checking import findings_layer
from ...bridge.package import layers as package_layers
from ...bridge.project.own_changes import keep_unchanged
from ...bridge.texts import tr
from ..widgets import show_menu, theme
from .dock import FindingsDock
from .features import (
    FeatureRef,
    find_feature,
    find_hidden_layers,
    find_layers_of,
    get_layer_name,
    list_feature_refs,
    select_feature,
    show_layer,
)
from .groups import describe_location, format_hectares_in_list, get_finding_kind
from .map_marks import FindingMapMark
from .result_owner import ResultOwner

#: Maximum number of features of a finding outlined on the map.
_MAX_OUTLINED_FEATURES = 6
#: Map tools whose clicks may also select a finding: pan and identify.
_SELECTING_TOOLS = (QgsMapToolPan, QgsMapToolIdentify)
#: Maximum number of findings at one location listed in the menu.
MAX_MENU_FINDINGS = 20
#: Maximum width of a line of that menu.
_MENU_LINE_DIGITS = 60


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
        map_crs = self._canvas.mapSettings().destinationCrs()
        try:
            area.transform(QgsCoordinateTransform(map_crs, layer.crs(), QgsProject.instance()))
        except QgsCsException:
            return []
        request = QgsFeatureRequest(area.boundingBox()).setFlags(QgsFeatureRequest.Flag.ExactIntersect)
        fids = {feature.id() for feature in layer.getFeatures(request.setNoAttributes())}
        shown_rows = self._shown_rows
        visible_findings = [
            f for f in self._dock.result.findings if fids and id(f) in shown_rows and shown_rows[id(f)].id() in fids
        ]
        return sorted(visible_findings, key=lambda f: theme.FINDING_KINDS.index(get_finding_kind(f)))

    def remove_layer(self, *, is_reading: bool = False) -> None:
        """Remove the findings layer before another project opens; ``is_reading``: QGIS is reading the project.

        A saved layer in memory would be restored without rows, as if there were no findings.
        """
        self._layer_id, self._shown_rows = "", {}
        project = QgsProject.instance()
        with keep_unchanged(project):
            if is_reading:
                findings_layer.remove_findings_layer_after_reading(project)
            else:
                findings_layer.remove_findings_layer(project)

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
        layer = findings_layer.show_findings(
            QgsProject.instance(), list(self._shown_rows.values()), result.check_result.plan.crs, self._report_failure
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


class FindingSelection(QObject):
    """Connects the selection in the findings list with the map; `stop` disconnects.

    ``owner``: knows which data the displayed result is of; ``on_map``: the findings layer.
    """

    def __init__(self, iface: Any, dock: FindingsDock, owner: ResultOwner, on_map: FindingsOnMap, parent: QObject):
        super().__init__(parent)
        self._iface, self._dock, self._owner, self._on_map = iface, dock, owner, on_map
        self._canvas = iface.mapCanvas()
        self.mark = FindingMapMark(self._canvas)
        self._pressed_position: QPoint | None = None
        #: Ids of the layers switched on for the selected finding, to be switched off with the next one.
        self._borrowed_ids: list[str] = []
        #: True while `select_finding` selects a finding in the list, which must not zoom the map.
        self._is_picking = False
        for signal, slot in (
            (dock.findingChosen, self.go_to_finding),
            (dock.formRequested, self._open_form),
            (dock.featureChosen, self._select_feature),
            (dock.detail.showLayerRequested, self._show_layer),
        ):
            signal.connect(slot)
        dock.hidden_layer_finder = self._find_hidden_layers
        self._canvas.layersChanged.connect(dock.refresh_hidden_layers)
        self._watches_layers = True
        self._canvas.viewport().installEventFilter(self)

    def stop(self) -> None:
        if self._watches_layers:
            self._watches_layers = False
            self._canvas.layersChanged.disconnect(self._dock.refresh_hidden_layers)
            self._dock.hidden_layer_finder = lambda finding: []
        self._canvas.viewport().removeEventFilter(self)
        self.mark.clear()
        self._switch_layers_for(None)

    # --- from the list to the map
    def go_to_finding(self, finding: Any) -> None:
        """Mark a finding selected in the list on the map and zoom to it; remove the mark for None."""
        if self._is_picking:
            return
        if finding is None or self._dock.result is None:
            self._switch_layers_for(None)
            self.mark.clear()
        else:
            self._switch_layers_for(finding)
            self.show_on_map(finding)

    def _switch_layers_for(self, finding: Any) -> None:
        """Switch on the plan layers of a finding that are off in a visible group; off those of the former finding.

        None: only switch off. The project counts as edited only if it did before.
        """
        project = QgsProject.instance()
        root = project.layerTreeRoot()
        wanted = [] if finding is None else self._find_hidden_layers(finding)
        wanted_ids = [one.id() for one in wanted if one != findings_layer.find_findings_layer(project)]
        own_ids = {one.id() for one in find_layers_of(self._dock.result, finding)} if finding is not None else set()
        with keep_unchanged(project):
            for layer_id in self._borrowed_ids:
                node = root.findLayer(layer_id)
                if node is not None and layer_id not in own_ids:
                    node.setItemVisibilityChecked(False)
            self._borrowed_ids = [layer_id for layer_id in self._borrowed_ids if layer_id in own_ids]
            for node in filter(None, map(root.findLayer, wanted_ids)):
                if node.parent().isVisible():
                    node.setItemVisibilityChecked(True)
                    self._borrowed_ids.append(node.layerId())

    def show_on_map(self, finding: Any, zoom: bool = True) -> None:
        """Mark a finding on the map and outline its features as they are now."""
        result, outlines = self._dock.result, []
        for ref in list_feature_refs(finding)[:_MAX_OUTLINED_FEATURES] if self._owner.can_find_features() else ():
            layer, feature = find_feature(result, ref)
            if layer is not None and feature is not None and feature.hasGeometry():
                is_own_feature = (ref.role, ref.key) == (finding.role, finding.key)
                outlines.append((feature.geometry(), layer.crs(), is_own_feature))
        self.mark.show_finding(
            finding, result.crs, zoom=zoom, features=outlines, get_layer_name=lambda role: get_layer_name(result, role)
        )

    def _find_hidden_layers(self, finding: Any) -> list[Any]:
        return find_hidden_layers(self._dock.result, finding) if self._owner.can_find_features() else []

    def show_selection_in_new_layers(self) -> None:
        """Outline the features of the selected finding in layers that were just added, without moving the map."""
        finding = self._dock.tree.get_selected_finding()
        self._dock.show_note("")
        self._dock.refresh_hidden_layers()
        if finding is not None:
            self.show_on_map(finding, zoom=False)

    def _show_layer(self, layer: Any) -> None:
        show_layer(layer)
        self._dock.refresh_hidden_layers()

    def _open_form(self, ref: FeatureRef) -> None:
        can_find = self._owner.can_find_features()
        layer, feature = find_feature(self._dock.result, ref) if can_find else (None, None)
        if feature is not None:
            self._iface.openFeatureForm(layer, feature, False, False)
        self._report_if_missing(feature is not None)

    def _select_feature(self, ref: FeatureRef, others: list[FeatureRef]) -> None:
        self._report_if_missing(
            self._owner.can_find_features() and select_feature(self._iface, self._dock.result, ref, others)
        )

    def _report_if_missing(self, is_shown: bool) -> None:
        """Report why a feature could not be shown, if ``is_shown`` is False."""
        if is_shown:
            return
        if self._owner.package and package_layers.find_package_layers(QgsProject.instance()):
            self._dock.show_note(tr("The layers of the package on the map do not have this feature."))
        elif self._owner.package:
            self._dock.show_note(
                tr(
                    "The feature belongs to the package, not to this project. Click “Show Its "
                    "Layers” to add the layers of the package to the map."
                )
            )
        else:
            self._dock.show_note(tr("The feature is no longer in this project."))

    # --- from the map to the list
    def eventFilter(self, watched, event):
        """Handle left clicks of tools that only pan or identify; no event is consumed."""
        if event.type() == QEvent.Type.MouseButtonPress:
            is_plain_click = event.button() == Qt.MouseButton.LeftButton and not event.modifiers()
            tool = self._canvas.mapTool()
            allows_selection = tool is None or isinstance(tool, _SELECTING_TOOLS)
            self._pressed_position = event.pos() if is_plain_click and allows_selection else None
        elif event.type() == QEvent.Type.MouseButtonRelease and self._pressed_position is not None:
            drag_distance = (event.pos() - self._pressed_position).manhattanLength()
            self._pressed_position = None
            if drag_distance < QApplication.startDragDistance():
                self.select_finding_at_position(event.pos())
        return False

    def select_finding_at_position(self, position: QPoint) -> None:
        """Select the finding at a position of the map; show a menu if there are several."""
        findings = self._on_map.find_visible_findings(self._make_click_area(position))
        if len(findings) == 1:
            self.select_finding(findings[0])
        elif findings:
            show_menu(self.make_menu(findings), self._canvas.mapToGlobal(position))

    def make_menu(self, findings: list[Any], zoom: bool = False) -> QMenu:
        """Return a menu of findings, of which the first `MAX_MENU_FINDINGS` are named."""
        menu = QMenu(self._canvas, objectName="SanxianFindingsHere", toolTipsVisible=True)
        width = menu.fontMetrics().horizontalAdvance("0") * _MENU_LINE_DIGITS
        for finding in findings[:MAX_MENU_FINDINGS]:
            area = "" if finding.area_m2 is None else format_hectares_in_list(finding.area_m2)
            line = tr("  ").join(part for part in (finding.code, describe_location(finding), area) if part)
            # A finding without a place is named by its message, which can be longer than the screen is wide.
            shown_line = menu.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, width)
            action = menu.addAction(theme.load_icon(theme.KIND_ICONS[get_finding_kind(finding)]), shown_line)
            tip = line if finding.township or finding.key else f"{finding.code}  {finding.message}"
            action.setToolTip(theme.make_plain_tip(tip))
            action.triggered.connect(lambda _on=False, finding=finding: self.select_finding(finding, zoom))
        if len(findings) > MAX_MENU_FINDINGS:
            text = tr("and {count} more findings").format(count=len(findings) - MAX_MENU_FINDINGS)
            menu.addAction(text).setEnabled(False)
        return menu

    def select_finding(self, finding: Any, zoom: bool = False) -> None:
        """Select a finding in the list and mark it; without ``zoom`` the map stays."""
        self._dock.setUserVisible(True)
        self._is_picking = True
        is_listed = self._dock.tree.select_finding(finding)
        self._is_picking = False
        self.show_on_map(finding, zoom)
        if not is_listed:
            self._dock.show_note(tr("The filter hides this finding in the list. Clear the filter to see it there."))

    def _make_click_area(self, position: QPoint) -> QgsGeometry:
        """Return the square around a click in the CRS of the map.

        Half its side is half the font height.
        """
        half_side = max(1, self._canvas.fontMetrics().height() // 2)
        transform = self._canvas.getCoordinateTransform()
        corners = [
            transform.toMapCoordinates(position.x() + x, position.y() + y)
            for x, y in (
                (-half_side, -half_side),
                (half_side, -half_side),
                (half_side, half_side),
                (-half_side, half_side),
            )
        ]
        return QgsGeometry.fromPolygonXY([[QgsPointXY(c) for c in (*corners, corners[0])]])

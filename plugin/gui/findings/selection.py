# SPDX-License-Identifier: GPL-2.0-or-later
"""Connection of list and map: show a finding on the map, select it by a click."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsGeometry, QgsPointXY, QgsProject
from qgis.gui import QgsMapToolIdentify, QgsMapToolPan
from qgis.PyQt.QtCore import QEvent, QObject, QPoint, Qt
from qgis.PyQt.QtWidgets import QApplication, QMenu

from ...bridge.package import layers as package_layers
from ...bridge.texts import tr
from ..widgets import theme
from .dock import FindingsDock
from .features import (
    FeatureRef,
    find_feature,
    find_hidden_layers,
    get_layer_name,
    list_feature_refs,
    open_feature_form,
    select_feature,
    show_layer,
)
from .groups import format_menu_line, get_finding_kind
from .map_layer import FindingsOnMap
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
        #: True while `select_finding` selects a finding in the list, which must not zoom the map.
        self._is_picking = False
        dock.findingChosen.connect(self.go_to_finding)
        dock.formRequested.connect(self._open_form)
        dock.featureChosen.connect(self._select_feature)
        dock.detail.showLayerRequested.connect(self._show_layer)
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

    # --- from the list to the map
    def go_to_finding(self, finding: Any) -> None:
        """Mark a finding selected in the list on the map and zoom to it; remove the mark for None."""
        if self._is_picking:
            return
        if finding is None or self._dock.result is None:
            self.mark.clear()
        else:
            self.show_on_map(finding)

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
        self._report_if_missing(
            self._owner.can_find_features() and open_feature_form(self._iface, self._dock.result, ref)
        )

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
            menu = self.make_menu(findings)
            menu.exec(self._canvas.mapToGlobal(position))
            menu.deleteLater()

    def make_menu(self, findings: list[Any], zoom: bool = False) -> QMenu:
        """Return a menu of findings, of which the first `MAX_MENU_FINDINGS` are named."""
        menu = QMenu(self._canvas, objectName="SanxianFindingsHere", toolTipsVisible=True)
        width = menu.fontMetrics().horizontalAdvance("0") * _MENU_LINE_DIGITS
        for finding in findings[:MAX_MENU_FINDINGS]:
            line = format_menu_line(finding)
            # A finding without a place is named by its message, which can be longer than the screen is wide.
            shown_line = menu.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, width)
            action = menu.addAction(theme.load_icon(theme.KIND_ICONS[get_finding_kind(finding)]), shown_line)
            action.setToolTip(line)
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

# SPDX-License-Identifier: GPL-2.0-or-later
"""Draft supplements (补划选址): the land that is taken, parcels that are not wanted, the drafts by preference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import Qgis, QgsCoordinateTransform, QgsProject, QgsVectorLayer
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import Qt, QTemporaryDir
from qgis.PyQt.QtWidgets import QPushButton, QTreeWidgetItem, QWidget

from ...bridge.fixes.trial import make_supplement_trial
from ...bridge.layers.tables import write_selected_features
from ...bridge.project import saved_paths
from ...bridge.texts import tr
from ...core.base.choices import SUPPLEMENT_PREFERENCES
from ...core.base.errors import OutputError
from ...core.base.files.names import remove_forbidden_characters
from ..widgets import FileLine, messages
from .change_preview import FixShapes
from .draft_dialog import DraftDialog, Drafter

_KEY_ROLE = Qt.ItemDataRole.UserRole + 1


class SupplementDraftDialog(DraftDialog):
    """Shows a draft of supplements for each preference; a parcel without its tick is not wanted in the next ones.

    ``selected``: the polygon layer with selected features, None without.
    """

    def __init__(self, main_canvas: QgsMapCanvas, parent: QWidget | None, selected: QgsVectorLayer | None):
        super().__init__(main_canvas, parent, tr("Draft of Supplements"), tr("Net area ha"))
        self.setObjectName("SanxianSupplementDraft")
        self._selected, self._folder = selected, QTemporaryDir()
        #: Keys of the parcels that are not wanted, and those that the drafts in view leave out.
        self.refused: set[str] = set()
        self.left_out: set[str] = set()
        folder = saved_paths.get_start_folder(QgsProject.instance())
        self.demand = FileLine("", folder, tr("Layers and tables (*.gpkg *.shp *.xlsx *.csv)"))
        take = QPushButton(tr("Selected Features"), objectName="SanxianSupplementSelected", clicked=self.take_selected)
        take.setEnabled(selected is not None)
        take.setToolTip(
            tr("Select polygons on the map first, such as a project or parcels of farmland.")
            if selected is None
            else tr("{count} features of {layer}").format(count=selected.selectedFeatureCount(), layer=selected.name())
        )
        self.solve = QPushButton(tr("Solve Again"), objectName="SanxianSupplementSolve", clicked=self.changed)
        for button in (take, self.solve):
            button.setAutoDefault(False)
        self.solve.setEnabled(False)
        self.add_inputs((tr("Farmland that is taken"), self.demand), others=(take, self.solve))
        self.demand.line.editingFinished.connect(self.changed)
        self.changes.itemChanged.connect(self._on_ticked)

    def take_selected(self) -> None:
        """Make the selected features the land that is taken."""
        name = tr("{count} features of {layer}")
        name = name.format(count=self._selected.selectedFeatureCount(), layer=self._selected.name())
        path = str(Path(self._folder.path()) / f"{remove_forbidden_characters(name)}.gpkg")
        try:
            write_selected_features(self._selected, path)
        except OutputError as error:
            self.show_state(messages.explain_error(error), can_apply=False)
            return
        self.demand.line.setText(path)
        self.changed.emit()

    def show_changes(self, changes: Any) -> None:
        super().show_changes(changes)
        others = sorted(self.refused.difference(one.key for one in changes if one.area_m2 > 0))
        group = self.add_group(tr("Not wanted")) if others else None
        for key in others:
            self._make_checkable(QTreeWidgetItem(group, [key]), key)
        self.changes.expandAll()
        self.solve.setEnabled(self.refused != self.left_out)

    def prepare_item(self, item: QTreeWidgetItem, change: Any) -> None:
        if change.area_m2 > 0:
            self._make_checkable(item, change.key)

    def _make_checkable(self, item: QTreeWidgetItem, key: str) -> None:
        item.setCheckState(0, Qt.CheckState.Unchecked if key in self.refused else Qt.CheckState.Checked)
        item.setData(0, _KEY_ROLE, key)

    def _on_ticked(self, item: QTreeWidgetItem) -> None:
        key = item.data(0, _KEY_ROLE)
        if key:
            (self.refused.discard if item.checkState(0) == Qt.CheckState.Checked else self.refused.add)(key)
            self.solve.setEnabled(self.refused != self.left_out)


class SupplementDrafter(Drafter):
    """Opens the drafts of supplements."""

    def __init__(self, *window_args: Any):
        super().__init__(*window_args)
        self._label = tr("Draft of supplements: {title}")

    def open(self) -> str:
        """Open the drafts; return why they cannot be opened, else an empty text."""
        layer = self._dock.result.check_result.plan.find_layer_of_concept("farmland")
        if layer is None or layer.role not in self._get_layers_by_role():
            return tr("The checked layers have no permanent basic farmland.")
        active = self._iface.activeLayer()
        is_selected = isinstance(active, QgsVectorLayer) and active.selectedFeatureCount() > 0
        selected = active if is_selected and active.geometryType() == Qgis.GeometryType.Polygon else None
        dialog = SupplementDraftDialog(self._iface.mapCanvas(), self._iface.mainWindow(), selected)
        self.open_drafts(layer.role, dialog, tr("{layer}: what is taken, and what may replace it"))
        if selected is not None:
            dialog.take_selected()
        return ""

    def _make_place_shapes(self) -> FixShapes:
        """Return the land that is taken."""
        shapes = FixShapes(self._dock.result.crs)
        path = self.dialog.demand.text()
        layer = QgsVectorLayer(path, "", "ogr") if path else None
        if layer is not None and layer.isValid() and layer.isSpatial():
            transform = QgsCoordinateTransform(layer.crs(), shapes.crs, QgsProject.instance())
            for feature in layer.getFeatures():
                geometry = feature.geometry()
                geometry.transform(transform)
                shapes.place.append(geometry)
        return shapes

    def get_order(self) -> tuple[Any, ...]:
        demand = self.dialog.demand.text()
        if not demand:
            text = tr("Choose the farmland that is taken: a layer, a table, or the selected features.")
            self.dialog.show_state(text, can_apply=False)
        return (demand, tuple(sorted(self.dialog.refused))) if demand else ()

    def draft(self) -> None:
        from ...core.studies.proposals.supplement_result import SupplementOrder

        demand, refused = self._order
        self.dialog.left_out = set(refused)
        order = SupplementOrder(demand, SUPPLEMENT_PREFERENCES[0], refused)
        self.trial.start(tr("Draft supplements"), make_supplement_trial(order))

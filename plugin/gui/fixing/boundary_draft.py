# SPDX-License-Identifier: GPL-2.0-or-later
"""Draft a boundary (边界调优): mode, approved land and land that stays; the drafts by preference."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsGeometry, QgsProject
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtWidgets import QComboBox, QWidget

from ...bridge.fixes.trial import make_boundary_trial
from ...bridge.project import saved_paths
from ...bridge.texts import tr
from ...core.base.choices import BOUNDARY_MODES
from ..widgets import FileLine, add_entries
from .change_preview import FixShapes
from .draft_dialog import DraftDialog, Drafter

RETREATING, SWAPPING = BOUNDARY_MODES


class BoundaryDraftDialog(DraftDialog):
    """Shows a draft of the boundary for each preference."""

    def __init__(self, main_canvas: QgsMapCanvas, parent: QWidget | None = None):
        super().__init__(main_canvas, parent, tr("Draft of the Boundary"), tr("N1 then"))
        self.setObjectName("SanxianBoundaryDraft")
        self.mode = QComboBox(objectName="SanxianBoundaryMode")
        modes = {RETREATING: tr("Only give back"), SWAPPING: tr("Swap: take in no more than is given back")}
        add_entries(self.mode, ((text, mode) for mode, text in modes.items()))
        folder = saved_paths.get_start_folder(QgsProject.instance())
        layers = tr("Layers (*.gpkg *.shp)")
        self.approved, self.locked = FileLine("", folder, layers), FileLine("", folder, layers)
        self.add_inputs(
            (tr("Mode"), self.mode), (tr("Approved land"), self.approved), (tr("Land that stays"), self.locked)
        )
        self.mode.currentIndexChanged.connect(lambda _index: self.changed.emit())
        for file in (self.approved, self.locked):
            file.line.editingFinished.connect(self.changed)


class BoundaryDrafter(Drafter):
    """Opens the drafts of the boundary."""

    def __init__(self, *window_args: Any):
        super().__init__(*window_args)
        self._label = tr("Draft of the boundary: {title}")

    def open(self) -> str:
        """Open the drafts of the boundary; return why they cannot be opened, else an empty text."""
        layer = self._dock.result.check_result.plan.find_layer_of_concept("boundary")
        if layer is None or layer.role not in self._get_layers_by_role():
            return tr("The checked layers have no urban development boundary.")
        dialog = BoundaryDraftDialog(self._iface.mapCanvas(), self._iface.mainWindow())
        self.open_drafts(layer.role, dialog, tr("{layer}: what has to leave, and what may come"))
        return ""

    def _make_place_shapes(self) -> FixShapes:
        """Return the boundary as it is in its layer."""
        shapes = FixShapes(self._dock.result.crs)
        layer = self._get_layers_by_role().get(self._finding.role)
        if layer is not None:
            shapes.place += [QgsGeometry(feature.geometry()) for feature in layer.getFeatures()]
        return shapes

    def get_order(self) -> tuple[Any, ...]:
        return self.dialog.mode.currentData(), self.dialog.approved.text(), self.dialog.locked.text()

    def draft(self) -> None:
        from ...core.studies.proposals.propose_boundary import BoundaryOrder

        mode, approved, locked = self._order
        order = BoundaryOrder(mode, approved=approved, locked=locked)
        self.trial.start(tr("Draft the boundary"), make_boundary_trial(order))

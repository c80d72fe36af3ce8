# SPDX-License-Identifier: GPL-2.0-or-later
"""Draft a boundary (边界调优): a draft for each preference, judged by the rules, of which one becomes the plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qgis.core import QgsGeometry, QgsProject
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QHBoxLayout, QHeaderView, QLabel, QTreeWidget, QTreeWidgetItem, QWidget

from ...bridge.fixes.trial import make_boundary_trial
from ...bridge.layers.properties import read_wkb
from ...bridge.project import saved_paths
from ...bridge.texts import tr
from ...core.base.choices import BOUNDARY_MODES
from ..findings.groups import format_hectare_number
from ..widgets import FileLine, WholeRows, add_entries, fill_layout, resize_within_screen
from .change_preview import FixShapes
from .dialog import DialogHeadings, FixDialog
from .trial_runner import FixChoiceController

RETREATING, SWAPPING = BOUNDARY_MODES
_SHAPE_ROLE = Qt.ItemDataRole.UserRole
_WIDTH_DIGITS, _HEIGHT_LINES = 200, 56


class BoundaryDraftDialog(FixDialog):
    """Shows a draft of the boundary for each preference; signal ``changed``: another mode or file was chosen."""

    changed = pyqtSignal()

    def __init__(self, main_canvas: QgsMapCanvas, parent: QWidget | None = None):
        maps = tr("Before the draft"), tr("After the draft (nothing written yet)")
        headings = DialogHeadings(tr("Drafts"), tr("statutory area, changed features only"), maps)
        super().__init__(main_canvas, parent, headings)
        self.setObjectName("SanxianBoundaryDraft")
        self.setWindowTitle(tr("Draft of the Boundary"))
        self.mode = QComboBox(objectName="SanxianBoundaryMode")
        modes = {RETREATING: tr("Only give back"), SWAPPING: tr("Swap: take in no more than is given back")}
        add_entries(self.mode, ((text, mode) for mode, text in modes.items()))
        folder = saved_paths.get_start_folder(QgsProject.instance())
        layers = tr("Layers (*.gpkg *.shp)")
        self.approved, self.locked = FileLine("", folder, layers), FileLine("", folder, layers)
        row = QHBoxLayout()
        for text, widget in (
            (tr("Mode"), self.mode),
            (tr("Approved land"), self.approved),
            (tr("Land that stays"), self.locked),
        ):
            label = QLabel(text)
            label.setBuddy(widget)
            fill_layout(row, label, (widget, 1))
        self._rows.insertLayout(1, row)
        self.changes = QTreeWidget(
            objectName="SanxianBoundaryChanges", accessibleName=tr("Land that leaves or comes"), uniformRowHeights=True
        )
        self.changes.setHeaderLabels([tr("Piece"), tr("Township"), tr("Land use"), tr("Area ha"), tr("N1 then")])
        header = self.changes.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._boxes[1].layout_.addWidget(WholeRows(self.changes), 3)
        for button in (self.previous, self.skip, self.apply_next):
            button.hide()
        self.mode.currentIndexChanged.connect(lambda _index: self.changed.emit())
        for file in (self.approved, self.locked):
            file.line.editingFinished.connect(self.changed)
        self.changes.currentItemChanged.connect(self._on_change_selected)
        line = self.fontMetrics().lineSpacing()
        resize_within_screen(self, self.fontMetrics().horizontalAdvance("0") * _WIDTH_DIGITS, line * _HEIGHT_LINES)

    def show_changes(self, changes: Sequence[Any]) -> None:
        """List the changes of a draft (`core.fixes.drafts.DraftChange`) by reason, and show the first on the maps."""
        self.changes.clear()
        groups: dict[str, QTreeWidgetItem] = {}
        right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for number, one in enumerate(changes, 1):
            if one.reason not in groups:
                groups[one.reason] = QTreeWidgetItem(self.changes, [one.reason[:1].upper() + one.reason[1:]])
                groups[one.reason].setFont(0, self._title.font())
                groups[one.reason].setFirstColumnSpanned(True)
            area = format_hectare_number(abs(one.area_m2))
            cells = [str(number), one.township, one.land_use, f"−{area}" if one.area_m2 < 0 else area, one.figure]
            item = QTreeWidgetItem(groups[one.reason], cells)
            item.setData(0, _SHAPE_ROLE, read_wkb(one.wkb))
            for column in (3, 4):
                item.setTextAlignment(column, right)
        self.changes.expandAll()
        if first := self.changes.topLevelItem(0):
            self.changes.setCurrentItem(first.child(0))

    def _on_change_selected(self, item: QTreeWidgetItem | None) -> None:
        shape = item.data(0, _SHAPE_ROLE) if item is not None else None
        if shape is not None and self.shapes is not None:
            self.maps.show_part(shape, self.shapes.crs)


class BoundaryDrafter(FixChoiceController):
    """Opens the drafts of the boundary and applies the chosen one as one step."""

    def __init__(self, *window_args: Any):
        super().__init__(*window_args)
        self._label = tr("Draft of the boundary: {title}")
        #: Mode and files of the drafts in view.
        self._order: tuple[str, ...] = ()

    def open(self) -> str:
        """Open the drafts; return why they cannot be opened, else an empty text."""
        layer = self._dock.result.check_result.plan.find_layer_of_concept("boundary")
        if layer is None or layer.role not in self._get_layers_by_role():
            return tr("The checked layers have no urban development boundary.")
        from ...core.model.findings import Finding

        self._read_texts()
        self.close()
        self._finding, self._documents, self._order = Finding(layer.role), {}, ()
        self._show_dialog(BoundaryDraftDialog(self._iface.mapCanvas(), self._iface.mainWindow()))
        self.dialog.changed.connect(self._on_changed)
        self.dialog.documentRequested.connect(self.ask_document)
        title = tr("{layer}: what has to leave, and what may come").format(layer=self._texts.get_layer_name(layer.role))
        self.dialog.show_fix_subject("align", title, "", self._make_place_shapes())
        self._on_changed()
        return ""

    def _make_place_shapes(self) -> FixShapes:
        """Return the boundary as it is in its layer."""
        shapes = FixShapes(self._dock.result.crs)
        layer = self._get_layers_by_role().get(self._finding.role)
        if layer is not None:
            shapes.place += [QgsGeometry(feature.geometry()) for feature in layer.getFeatures()]
        return shapes

    def _on_changed(self) -> None:
        order = (self.dialog.mode.currentData(), self.dialog.approved.text(), self.dialog.locked.text())
        if order != self._order:
            self._order = order
            self.try_again()

    def try_again(self) -> None:
        from ...core.studies.proposals.propose_boundary import BoundaryOrder

        mode, approved, locked = self._order
        order = BoundaryOrder(mode, approved=approved, locked=locked)
        self.trial.start(tr("Draft the boundary"), make_boundary_trial(order, self._documents))

    def _show_choice(self, choice: Any) -> None:
        super()._show_choice(choice)
        self.dialog.show_changes(choice.parameters["draft"].changes)

    def show_choices(self, choices: list[Any]) -> None:
        self.note_sealed_layer(choices)
        self.dialog.choices.show_choices(choices, self._texts, tr("No draft can be offered."))
        if self.dialog.choices.current is None:
            self._show_place_only()
            text = tr("No draft can be offered; the reason is above.")
            self.dialog.show_state(text, can_apply=False, needs_document=bool(self._sealed_role))

    def step(self, direction: int) -> None:
        """Do nothing: there is one boundary."""

# SPDX-License-Identifier: GPL-2.0-or-later
"""Two maps side by side that move together: before and after a fix."""

from __future__ import annotations

from qgis.core import QgsCoordinateTransform, QgsCsException, QgsProject
from qgis.gui import QgsMapCanvas, QgsMapToolPan
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ...bridge.checking.findings_layer import is_temporary_findings_layer
from ...bridge.texts import tr
from ..widgets import theme
from ..widgets.labels import ElidedLabel, set_bold
from ..widgets.layout import fill_layout, make_row
from ..widgets.map_items import NEAREST_SCALE, compute_zoom_extent
from ..widgets.sections import BorderedFrame, make_faint_label
from .map_preview import FixMapPreview, FixShapes


class LinkedMaps(QWidget):
    """Maps 修复前 and 修复后 with the layers of the main map; nothing on them is written anywhere."""

    def __init__(self, main_canvas: QgsMapCanvas, parent: QWidget | None = None):
        super().__init__(parent)
        self._main_canvas = main_canvas
        self._is_moving = False
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self.before, self.after = QgsMapCanvas(), QgsMapCanvas()
        self._tools = []
        self.scale_label = make_faint_label()
        # A long remark must not make one map wider than the other.
        linked_label = theme.set_faint(ElidedLabel(tr("Both maps move together"), hides_cut_text=True))
        sides = (
            (self.before, tr("Before"), self.scale_label),
            (self.after, tr("After (preview, nothing written yet)"), linked_label),
        )
        for canvas, title, remark_label in sides:
            row.addWidget(self._make_frame(canvas, title, remark_label), 1)
        self.marks = [
            FixMapPreview(self.before, shows_after=False),
            FixMapPreview(self.after),
        ]
        self.before.extentsChanged.connect(lambda: self._copy_extent_to_other_map(self.before, self.after))
        self.after.extentsChanged.connect(lambda: self._copy_extent_to_other_map(self.after, self.before))
        self.refresh_layers()

    def _make_frame(self, canvas: QgsMapCanvas, title: str, remark_label: QLabel) -> QFrame:
        frame = BorderedFrame()
        margin = self.fontMetrics().height() // 3
        name = QLabel(title)
        set_bold(name)
        remark_label.setAlignment(Qt.AlignmentFlag.AlignRight)
        head = make_row(name, (remark_label, 1))
        head.setContentsMargins(margin, margin // 2, margin, margin // 2)
        fill_layout(QVBoxLayout(frame, spacing=0), head, (canvas, 1), has_margins=False)
        # Keys such as Escape belong to the dialog.
        canvas.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        canvas.setCanvasColor(self._main_canvas.canvasColor())
        canvas.setMinimumSize(self.fontMetrics().height() * 10, self.fontMetrics().height() * 7)
        tool = QgsMapToolPan(canvas)
        canvas.setMapTool(tool)
        self._tools.append(tool)
        return frame

    def refresh_layers(self) -> None:
        """Show the layers of the main map; without findings on the map after the fix, which may end them."""
        layers = self._main_canvas.layers()
        for canvas in (self.before, self.after):
            canvas.setDestinationCrs(self._main_canvas.mapSettings().destinationCrs())
        self.before.setLayers(layers)
        self.after.setLayers([layer for layer in layers if not is_temporary_findings_layer(layer)])

    def show_shapes(self, shapes: FixShapes) -> None:
        """Show a fix on both maps and zoom to what it changes."""
        for mark in self.marks:
            mark.show_shapes(shapes)
        box = shapes.compute_extent()
        if box.isNull():
            return
        target = self.before.mapSettings().destinationCrs()
        try:
            box = QgsCoordinateTransform(shapes.crs, target, QgsProject.instance()).transformBoundingBox(box)
        except QgsCsException:
            return
        size = self.before.size()
        is_point = not box.width() and not box.height()
        if is_point:
            # A map that was never drawn has no scale: it needs an extent before it can zoom.
            box.grow(1)
        self.before.setExtent(compute_zoom_extent(box, size.width() / max(size.height(), 1)))
        if is_point or self.before.scale() < NEAREST_SCALE:
            self.before.zoomScale(NEAREST_SCALE)
        self._copy_extent_to_other_map(self.before, self.after)
        self.before.refresh()
        self.after.refresh()

    def clear(self) -> None:
        """Remove the fix from both maps."""
        for mark in self.marks:
            mark.clear()

    def release(self) -> None:
        """Stop drawing and drop the layers, before the maps are deleted."""
        self.clear()
        for canvas in (self.before, self.after):
            canvas.stopRendering()
            canvas.setLayers([])

    def _copy_extent_to_other_map(self, moved_map: QgsMapCanvas, other_map: QgsMapCanvas) -> None:
        if self._is_moving:
            return
        self._is_moving = True
        other_map.setExtent(moved_map.extent())
        other_map.refresh()
        self._is_moving = False
        # A map without layers and shapes has no scale.
        text = "" if moved_map.extent().isEmpty() else f"1:{round(moved_map.scale()):,}".replace(",", "\u2009")
        self.scale_label.setText(text)

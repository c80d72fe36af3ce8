# SPDX-License-Identifier: GPL-2.0-or-later
"""Occupied land of a project on the map, hatched by line, and the figures at the mouse."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsWkbTypes,
)
from qgis.gui import QgsMapCanvas, QgsRubberBand
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QPoint, Qt
from qgis.PyQt.QtGui import QColor, QPalette
from qgis.PyQt.QtWidgets import QFrame, QLabel, QToolTip

from ...bridge.texts import tr
from ..widgets.map_items import convert_to_edges, make_rubber_band, read_wkb, remove_items, transform_to_map
from .figures import OccupiedShape, PanelFigures

_EDGE_EM, _GAP_EM = 0.07, 0.9
_OUTLINE_EM = 0.13
#: Colour and hatching by id of a line; all others have those of the last entry.
_STYLE_BY_LINE = {
    "farmland": ("#D50058", Qt.BrushStyle.BDiagPattern),
    "red_line": ("#8C1C2C", Qt.BrushStyle.Dense5Pattern),
    "boundary": ("#1B1F5E", Qt.BrushStyle.FDiagPattern),
    "heritage": ("#6A1B9A", Qt.BrushStyle.DiagCrossPattern),
    "": ("#0057A8", Qt.BrushStyle.CrossPattern),
}


class OccupiedMarks:
    """Draws occupied land and the outline of a finished project on the canvas; it references no layer."""

    def __init__(self, canvas: QgsMapCanvas):
        self._canvas = canvas
        self._bands: dict[str, QgsRubberBand] = {}

    @property
    def lines(self) -> list[str]:
        """Return the ids of the lines whose land is drawn."""
        return [line for line in self._bands if line]

    def show(self, shapes: Sequence[OccupiedShape], crs: QgsCoordinateReferenceSystem) -> None:
        """Draw occupied land in place of the former."""
        for line in self._bands.keys() - {one.line for one in shapes} - {""}:
            self._remove(line)
        for one in shapes:
            geometry = transform_to_map(self._canvas, read_wkb(one.wkb), crs)
            if geometry is not None:
                self._get_band(one.line).setToGeometry(geometry, None)

    def show_outline(self, wkb: bytes | None, crs: QgsCoordinateReferenceSystem) -> None:
        """Draw the outline of a project; None removes it."""
        self._remove("")
        geometry = transform_to_map(self._canvas, read_wkb(wkb), crs) if wkb else None
        if geometry is not None:
            self._bands[""] = make_rubber_band(self._canvas, convert_to_edges(geometry), QColor("#111111"), _OUTLINE_EM)

    def clear(self) -> None:
        """Remove all that is drawn."""
        for line in list(self._bands):
            self._remove(line)

    def _get_band(self, line: str) -> QgsRubberBand:
        if line not in self._bands:
            name, pattern = _STYLE_BY_LINE.get(line, _STYLE_BY_LINE[""])
            colour = QColor(name)
            band = QgsRubberBand(self._canvas, QgsWkbTypes.GeometryType.PolygonGeometry)
            band.setStrokeColor(colour)
            band.setFillColor(colour)
            band.setBrushStyle(pattern)
            band.setWidth(max(1, round(_EDGE_EM * self._canvas.fontMetrics().height())))
            band.setZValue(2)
            self._bands[line] = band
        return self._bands[line]

    def _remove(self, line: str) -> None:
        band = self._bands.pop(line, None)
        if band is not None:
            remove_items(self._canvas, [band])


class MouseFigures:
    """A small box below the mouse with verdict, area, points and occupied lines."""

    def __init__(self, canvas: QgsMapCanvas):
        self._canvas = canvas
        self.label: QLabel | None = None

    def show(self, figures: PanelFigures, point_count: int, place: QPoint) -> None:
        """Show figures at a position of the canvas (pixels)."""
        head = "    ".join(
            text
            for text in (figures.verdict_word, figures.area, tr("{count} points").format(count=point_count))
            if text
        )
        self._get_label().setText("\n".join([head, *figures.tip, *figures.remarks[:1]]))
        self.move(place)

    def move(self, place: QPoint) -> None:
        """Move the box to a position of the mouse, inside the canvas."""
        label = self.label
        if label is None or not label.text():
            return
        label.adjustSize()
        gap = round(_GAP_EM * label.fontMetrics().height())
        area = self._canvas.viewport().rect()
        x = min(place.x() - label.width() // 2, area.right() - label.width())
        y = place.y() + gap if place.y() + gap + label.height() <= area.bottom() else place.y() - gap - label.height()
        label.move(max(x, 0), max(y, 0))
        label.show()

    def hide(self) -> None:
        """Hide the box."""
        if self.label is not None:
            self.label.hide()
            self.label.clear()

    def remove(self) -> None:
        """Remove the box from the canvas."""
        label, self.label = self.label, None
        if label is not None and not sip.isdeleted(label):
            label.hide()
            label.deleteLater()

    def _get_label(self) -> QLabel:
        if self.label is None:
            self.label = QLabel(
                self._canvas.viewport(),
                objectName="SanxianConformityAtMouse",
                frameShape=QFrame.Shape.Box,
                autoFillBackground=True,
            )
            self.label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            self.label.setMargin(round(0.35 * self.label.fontMetrics().height()))
            palette = QToolTip.palette()
            palette.setColor(QPalette.ColorRole.Window, palette.color(QPalette.ColorRole.ToolTipBase))
            palette.setColor(QPalette.ColorRole.WindowText, palette.color(QPalette.ColorRole.ToolTipText))
            self.label.setPalette(palette)
        return self.label

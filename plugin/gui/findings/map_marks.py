# SPDX-License-Identifier: GPL-2.0-or-later
"""Show one finding on the map: zoom with context, a distinctive outline, its features, a label and one flash."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsGeometry,
    QgsProject,
    QgsRectangle,
    QgsWkbTypes,
)
from qgis.gui import QgsMapCanvas, QgsRubberBand
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor

from ..widgets import look
from .callout import ICON, Callout
from .groups import format_label_lines, kind_of

#: How much of the view the conflict takes.
SHARE_OF_VIEW = 0.30
#: Never nearer than 1:500.
NEAREST_SCALE = 500.0
_FLASHES = 1
_FLASH_MS = 600
#: Strokes of the selected finding from the lowest up, widths in heights of the canvas's font; the last has its colour.
_STROKES = (("#000000", 0.75), ("#FFE800", 0.58), ("#FFFFFF", 0.33))
_LINE = 0.17
_FILL = 0.25
#: Strokes of its features: (colour, opacity, width, style), the first concept's and the second's.
FIRST = (("#FFFFFF", 0.85, 0.3, Qt.PenStyle.SolidLine), ("#7A4B00", 1.0, 0.2, Qt.PenStyle.DotLine))
SECOND = (("#0B3FB8", 0.3, 0.6, Qt.PenStyle.SolidLine), ("#1B1F5E", 1.0, 0.17, Qt.PenStyle.DashDotLine))
#: Outlines with more vertices are simplified, because the canvas repaints them at every mouse move.
_MANY_VERTICES = 20_000

#: A feature's geometry with its CRS, and whether it is of the first concept.
Outline = tuple[QgsGeometry, QgsCoordinateReferenceSystem, bool]


def to_qgis(geometry: Any) -> QgsGeometry:
    """The core's geometry as QGIS's."""
    made = QgsGeometry()
    made.fromWkb(geometry.wkb)
    return made


def view_of(box: QgsRectangle, width_to_height: float) -> QgsRectangle:
    """The extent in which the box takes its share of the view, whichever side is the longer."""
    width = max(box.width(), box.height() * width_to_height) / SHARE_OF_VIEW
    height = width / width_to_height
    centre = box.center()
    return QgsRectangle(
        centre.x() - width / 2, centre.y() - height / 2, centre.x() + width / 2, centre.y() + height / 2
    )


class MapMark:
    """The mark of the finding that is selected. Holds geometry of its own, no layer."""

    def __init__(self, canvas: QgsMapCanvas):
        self._canvas = canvas
        self._items: list[QgsRubberBand | Callout] = []

    @property
    def shown(self) -> bool:
        return bool(self._items)

    @property
    def callout(self) -> Callout | None:
        return next((item for item in self._items if isinstance(item, Callout)), None)

    def show(
        self,
        finding: Any,
        crs: QgsCoordinateReferenceSystem,
        *,
        zoom: bool = True,
        features: Sequence[Outline] = (),
    ) -> bool:
        """Mark a finding, outline its features and zoom to it. Return False if it has no location on this map."""
        self.clear()
        if finding.geom_kind == "none":
            return False
        if not self._canvas.mapSettings().destinationCrs().isValid():
            self._canvas.setDestinationCrs(crs)
        moved = self._to_map_crs(to_qgis(finding.geometry), crs)
        # Lines and points are outlined with the buffer of the findings layer.
        area = self._to_map_crs(to_qgis(finding.layer_geometry()), crs)
        if moved is None or area is None:
            return False
        if zoom:
            self._zoom(moved.boundingBox())
        for geometry, home, first in features:
            shape = self._to_map_crs(geometry, home)
            if shape is not None:
                self._add_outline(_simplify(shape), FIRST if first else SECOND)
        name = look.KIND_ICONS[kind_of(finding)]
        bright = look.map_color(name)
        self._draw(area, bright)
        side = round(ICON * self._canvas.fontMetrics().height())
        icon = look.map_pixmap(name, side, self._canvas.devicePixelRatioF())
        self._items.append(Callout(self._canvas, area, icon, format_label_lines(finding)))
        faded = QColor(bright)
        faded.setAlpha(0)
        target = self._canvas.mapSettings().destinationCrs()
        self._canvas.flashGeometries([moved], target, bright, faded, _FLASHES, _FLASH_MS)
        return True

    def clear(self) -> None:
        for item in self._items:
            self._canvas.scene().removeItem(item)
        self._items = []

    def _to_map_crs(self, geometry: QgsGeometry, crs: QgsCoordinateReferenceSystem) -> QgsGeometry | None:
        moved = QgsGeometry(geometry)
        target = self._canvas.mapSettings().destinationCrs()
        try:
            moved.transform(QgsCoordinateTransform(crs, target, QgsProject.instance()))
        except QgsCsException:
            return None
        return moved

    def _zoom(self, box: QgsRectangle) -> None:
        size = self._canvas.size()
        extent = view_of(box, size.width() / max(size.height(), 1))
        if extent.width() > 0:
            self._canvas.setExtent(extent)
        else:
            self._canvas.setCenter(box.center())
        if extent.width() <= 0 or self._canvas.scale() < NEAREST_SCALE:
            self._canvas.zoomScale(NEAREST_SCALE)
        self._canvas.refresh()

    def _add_outline(self, geometry: QgsGeometry, strokes: Any) -> None:
        for name, opacity, width, style in strokes:
            colour = QColor(name)
            colour.setAlphaF(opacity)
            self._add_band(geometry, colour, width).setLineStyle(style)

    def _draw(self, geometry: QgsGeometry, colour: QColor) -> None:
        for name, width in _STROKES:
            self._add_band(geometry, QColor(name), width)
        top = self._add_band(geometry, colour, _LINE)
        fill = QColor(colour)
        fill.setAlphaF(_FILL)
        top.setFillColor(fill)
        top.setBrushStyle(Qt.BrushStyle.SolidPattern)

    def _add_band(self, geometry: QgsGeometry, colour: QColor, width: float) -> QgsRubberBand:
        band = QgsRubberBand(self._canvas, QgsWkbTypes.geometryType(geometry.wkbType()))
        band.setToGeometry(geometry, None)
        band.setStrokeColor(colour)
        band.setFillColor(QColor(0, 0, 0, 0))
        # Of the canvas's font, so that it grows with the screen's resolution.
        band.setWidth(max(1, round(width * self._canvas.fontMetrics().height())))
        self._items.append(band)
        return band


def _simplify(geometry: QgsGeometry) -> QgsGeometry:
    """Return the geometry, simplified if it has very many vertices."""
    if geometry.constGet().nCoordinates() <= _MANY_VERTICES:
        return geometry
    box = geometry.boundingBox()
    simple = geometry.simplify(max(box.width(), box.height()) / _MANY_VERTICES)
    return geometry if simple.isEmpty() else simple

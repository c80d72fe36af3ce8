# SPDX-License-Identifier: GPL-2.0-or-later
"""One finding on the map: zoom with context, a lasting mark with a white halo, one flash."""

from __future__ import annotations

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

from . import look
from .findings_groups import kind_of

#: How much of the view the conflict takes.
SHARE_OF_VIEW = 0.30
#: Never nearer than 1:500.
NEAREST_SCALE = 500.0
_FLASHES = 1
_FLASH_MS = 600


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
        self._band: QgsRubberBand | None = None

    def show(self, finding: Any, crs: QgsCoordinateReferenceSystem, *, zoom: bool = True) -> bool:
        """Mark a finding, and go there. False when it has no place, or none on this map."""
        self.clear()
        if finding.geom_kind == "none":
            return False
        geometry = to_qgis(finding.geometry)
        if not self._canvas.mapSettings().destinationCrs().isValid():
            self._canvas.setDestinationCrs(crs)
        target = self._canvas.mapSettings().destinationCrs()
        try:
            moved = QgsGeometry(geometry)
            moved.transform(QgsCoordinateTransform(crs, target, QgsProject.instance()))
        except QgsCsException:
            return False
        if zoom:
            self._zoom(moved.boundingBox())
        bright = look.map_color(look.KIND_ICONS[kind_of(finding)])
        self._draw(moved, bright)
        faded = QColor(bright)
        faded.setAlpha(0)
        self._canvas.flashGeometries([moved], target, bright, faded, _FLASHES, _FLASH_MS)
        return True

    def clear(self) -> None:
        if self._band is not None:
            self._canvas.scene().removeItem(self._band)
            self._band = None

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

    def _draw(self, geometry: QgsGeometry, colour: QColor) -> None:
        self._band = QgsRubberBand(self._canvas, QgsWkbTypes.geometryType(geometry.wkbType()))
        self._band.setToGeometry(geometry, None)
        self._band.setStrokeColor(colour)
        self._band.setSecondaryStrokeColor(QColor(Qt.GlobalColor.white))
        fill = QColor(colour)
        fill.setAlphaF(0.12)
        self._band.setFillColor(fill)
        # Of the canvas's font, so that it grows with the screen's resolution.
        self._band.setWidth(max(2, round(self._canvas.fontMetrics().height() / 6)))

# SPDX-License-Identifier: GPL-2.0-or-later
"""Shapes on map canvases: reprojection, rubber bands and zoom."""

from __future__ import annotations

from collections.abc import Iterable
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
from qgis.PyQt import sip
from qgis.PyQt.QtGui import QColor

#: Share of the view that a shape takes after a zoom.
SHARE_OF_VIEW = 0.30
#: Largest scale of a zoom, 1:500.
NEAREST_SCALE = 500.0


def transform_to_map(
    canvas: QgsMapCanvas, geometry: QgsGeometry, crs: QgsCoordinateReferenceSystem
) -> QgsGeometry | None:
    """Return a copy of a geometry in the CRS of a map; None if it cannot be reprojected."""
    map_geometry = QgsGeometry(geometry)
    target = canvas.mapSettings().destinationCrs()
    try:
        map_geometry.transform(QgsCoordinateTransform(crs, target, QgsProject.instance()))
    except QgsCsException:
        return None
    return map_geometry


def convert_to_edges(shape: QgsGeometry) -> QgsGeometry:
    """Return the boundary of a polygon and of its holes, as lines; return any other shape unchanged."""
    if shape.type() != QgsWkbTypes.GeometryType.PolygonGeometry:
        return shape
    edge = shape.constGet().boundary()
    return shape if edge is None else QgsGeometry(edge)


def make_rubber_band(canvas: QgsMapCanvas, geometry: QgsGeometry, colour: QColor, width_em: float) -> QgsRubberBand:
    """Return a band without a fill that shows a geometry of the map's CRS.

    ``width_em``: width in font heights of the canvas, to scale with the resolution of the screen.
    """
    band = QgsRubberBand(canvas, QgsWkbTypes.geometryType(geometry.wkbType()))
    band.setToGeometry(geometry, None)
    band.setStrokeColor(colour)
    band.setFillColor(QColor(0, 0, 0, 0))
    band.setWidth(max(1, round(width_em * canvas.fontMetrics().height())))
    return band


def remove_items(canvas: QgsMapCanvas, items: Iterable[Any]) -> None:
    """Remove items from a map, unless it was deleted with them."""
    if not sip.isdeleted(canvas):
        for item in items:
            canvas.scene().removeItem(item)


def compute_zoom_extent(box: QgsRectangle, width_to_height: float) -> QgsRectangle:
    """Return the map extent with ``box`` in its centre, in which the box takes a fixed share of width or height.

    ``width_to_height``: width of the map canvas divided by its height.
    """
    width = max(box.width(), box.height() * width_to_height) / SHARE_OF_VIEW
    height = width / width_to_height
    centre = box.center()
    return QgsRectangle(
        centre.x() - width / 2, centre.y() - height / 2, centre.x() + width / 2, centre.y() + height / 2
    )


def zoom_to_box(canvas: QgsMapCanvas, box: QgsRectangle) -> None:
    """Show a box in map coordinates in the middle of the canvas, not nearer than `NEAREST_SCALE`."""
    extent = compute_zoom_extent(box, canvas.width() / max(canvas.height(), 1))
    if extent.width() > 0:
        canvas.setExtent(extent)
    else:
        canvas.setCenter(box.center())
    if extent.width() <= 0 or canvas.scale() < NEAREST_SCALE:
        canvas.zoomScale(NEAREST_SCALE)
    canvas.refresh()

# SPDX-License-Identifier: GPL-2.0-or-later
"""Preview of a fix on a map canvas: shapes before and after, and the land that moves, hatched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

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
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor

#: Widths in font heights of the canvas, so that they scale with the resolution of the screen.
_LINE_WIDTH_EM, _HALO_WIDTH_EM, _HATCH_WIDTH_EM = 0.16, 0.34, 0.07
_BEFORE_COLOUR, _AFTER_COLOUR, _HALO_COLOUR = QColor("#555555"), QColor("#00694E"), QColor(255, 255, 255, 210)
#: Land that a row loses and gains; colour and direction of the hatching differ.
OUT_COLOUR, IN_COLOUR = QColor("#B0004A"), QColor("#0057A8")
OUT_PATTERN, IN_PATTERN = Qt.BrushStyle.BDiagPattern, Qt.BrushStyle.FDiagPattern


@dataclass
class FixShapes:
    """Shapes that a fix changes, to be drawn on a map.

    ``crs``: CRS of all shapes; ``before``, ``after``: shapes of the edited rows before and after the fix;
    ``moved_out``, ``moved_in``: land that rows lose and gain; ``place``: location of the finding.
    """

    crs: QgsCoordinateReferenceSystem
    before: list[QgsGeometry] = field(default_factory=list)
    after: list[QgsGeometry] = field(default_factory=list)
    moved_out: list[QgsGeometry] = field(default_factory=list)
    moved_in: list[QgsGeometry] = field(default_factory=list)
    place: list[QgsGeometry] = field(default_factory=list)

    def compute_extent(self) -> QgsRectangle:
        """Return the bounds of the land that rows lose and gain; without any, of the finding, else of the rows."""
        for shapes in ([*self.moved_out, *self.moved_in], self.place, [*self.before, *self.after]):
            box = QgsRectangle()
            for shape in shapes:
                box.combineExtentWith(shape.boundingBox())
            if not box.isNull():
                return box
        return QgsRectangle()


class FixMapPreview:
    """Draws the shapes of a fix on a map canvas until `clear`; it references no layer.

    ``shows_before``, ``shows_after``: whether this canvas shows the shapes before and after the fix.
    """

    def __init__(self, canvas: QgsMapCanvas, *, shows_before: bool = True, shows_after: bool = True):
        self._canvas = canvas
        self._shows_before, self._shows_after = shows_before, shows_after
        self._bands: list[QgsRubberBand] = []

    @property
    def band_count(self) -> int:
        """Return the number of rubber bands that are drawn."""
        return len(self._bands)

    def show_shapes(self, shapes: FixShapes) -> None:
        """Draw the shapes of a fix, in place of those of the former fix."""
        self.clear()
        if self._shows_after:
            self._draw_hatched(shapes.moved_out, shapes.crs, OUT_COLOUR, OUT_PATTERN)
            self._draw_hatched(shapes.moved_in, shapes.crs, IN_COLOUR, IN_PATTERN)
        else:
            self._draw_hatched(
                [*shapes.moved_out, *shapes.moved_in], shapes.crs, OUT_COLOUR, Qt.BrushStyle.Dense5Pattern
            )
        if not shapes.before and not shapes.after:
            self._draw_outlines(shapes.place, shapes.crs, OUT_COLOUR, Qt.PenStyle.SolidLine)
        if self._shows_before:
            self._draw_outlines(shapes.before, shapes.crs, _BEFORE_COLOUR, Qt.PenStyle.DashLine)
        if self._shows_after:
            self._draw_outlines(shapes.after, shapes.crs, _AFTER_COLOUR, Qt.PenStyle.SolidLine)

    def clear(self) -> None:
        """Remove the preview from the canvas."""
        bands, self._bands = self._bands, []
        if sip.isdeleted(self._canvas):
            return
        for band in bands:
            self._canvas.scene().removeItem(band)

    def _draw_hatched(
        self,
        shapes: Iterable[QgsGeometry],
        crs: QgsCoordinateReferenceSystem,
        colour: QColor,
        pattern: Qt.BrushStyle,
    ) -> None:
        for shape in shapes:
            band = self._add_rubber_band(shape, crs, colour, _HATCH_WIDTH_EM)
            if band is not None:
                band.setFillColor(colour)
                band.setBrushStyle(pattern)

    def _draw_outlines(
        self, shapes: Iterable[QgsGeometry], crs: QgsCoordinateReferenceSystem, colour: QColor, style: Qt.PenStyle
    ) -> None:
        for shape in shapes:
            edge = _convert_to_edges(shape)
            self._add_rubber_band(edge, crs, _HALO_COLOUR, _HALO_WIDTH_EM)
            band = self._add_rubber_band(edge, crs, colour, _LINE_WIDTH_EM)
            if band is not None:
                band.setLineStyle(style)

    def _add_rubber_band(
        self, shape: QgsGeometry, crs: QgsCoordinateReferenceSystem, colour: QColor, width_em: float
    ) -> QgsRubberBand | None:
        map_geometry = QgsGeometry(shape)
        target = self._canvas.mapSettings().destinationCrs()
        try:
            map_geometry.transform(QgsCoordinateTransform(crs, target, QgsProject.instance()))
        except QgsCsException:
            return None
        band = QgsRubberBand(self._canvas, QgsWkbTypes.geometryType(map_geometry.wkbType()))
        band.setToGeometry(map_geometry, None)
        band.setStrokeColor(colour)
        band.setFillColor(QColor(0, 0, 0, 0))
        band.setWidth(max(1, round(width_em * self._canvas.fontMetrics().height())))
        self._bands.append(band)
        return band


def _convert_to_edges(shape: QgsGeometry) -> QgsGeometry:
    """Return the boundary of a polygon and of its holes, as lines; return any other shape unchanged."""
    if shape.type() != QgsWkbTypes.GeometryType.PolygonGeometry:
        return shape
    edge = shape.constGet().boundary()
    return shape if edge is None else QgsGeometry(edge)

# SPDX-License-Identifier: GPL-2.0-or-later
"""The marker and label of the selected finding, drawn above the map with constant screen size."""

from __future__ import annotations

from qgis.core import QgsGeometry, QgsPointXY, QgsRectangle
from qgis.gui import QgsMapCanvas, QgsMapCanvasItem
from qgis.PyQt.QtCore import QPointF, QRectF, Qt
from qgis.PyQt.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPixmap

#: Sizes in multiples of the font height of the canvas.
ICON, _RING, _GAP, _PADDING = 1.4, 1.2, 2.2, 0.5
#: Findings smaller on the screen than this many icons get a ring, because their outline would be a dot.
_SMALL = 2.5
_BLACK, _WHITE, RING_COLOR = QColor("#000000"), QColor("#FFFFFF"), QColor("#FFE800")


def place_label(size: tuple[float, float], finding: QRectF, canvas: QRectF, gap: float) -> QRectF:
    """Return the position of a label: beside the finding inside the canvas, else the corner that hides least of the finding.

    All values are in pixels. Positions below are preferred, because messages cover the upper edge of the map.
    """
    width, height = size
    beside = [
        QRectF(x, y, width, height)
        for y in (finding.bottom() + gap, finding.top() - gap - height)
        for x in (finding.right() + gap, finding.left() - gap - width)
    ]
    corners = [
        QRectF(x, y, width, height)
        for y in (canvas.bottom() - gap - height, canvas.top() + gap)
        for x in (canvas.right() - gap - width, canvas.left() + gap)
    ]
    inside = next((one for one in beside if canvas.contains(one)), None)
    if inside is not None:
        return inside
    return min(corners, key=lambda one: _area(one.intersected(finding)))


def _area(box: QRectF) -> float:
    return max(box.width(), 0.0) * max(box.height(), 0.0)


class Callout(QgsMapCanvasItem):
    """``geometry``: geometry of the finding in the CRS of the map; ``lines``: lines of the label, the first in bold."""

    def __init__(self, canvas: QgsMapCanvas, geometry: QgsGeometry, icon: QPixmap, lines: list[str]):
        super().__init__(canvas)
        self._canvas, self._geometry, self._icon, self.lines = canvas, geometry, icon, lines
        self._around = geometry.boundingBox()
        self._seen: tuple[str, QgsPointXY | None] = ("", None)
        self._bold = QFont(canvas.font())
        self._bold.setBold(True)
        #: Screen positions of the marker, the finding and the label; `spot` is None while the finding is out of view.
        self.spot: QPointF | None = None
        self.label, self._box = QRectF(), QRectF()
        self.setZValue(1)
        self.updatePosition()

    # --- geometry
    def boundingRect(self) -> QRectF:
        return QRectF(0, 0, self._canvas.width(), self._canvas.height())

    def updatePosition(self) -> None:
        self.prepareGeometryChange()
        self.setPos(0, 0)
        anchor = self._anchor()
        self.spot = None
        if anchor is not None:
            corners = [
                self.toCanvasCoordinates(QgsPointXY(x, y))
                for x in (self._around.xMinimum(), self._around.xMaximum())
                for y in (self._around.yMinimum(), self._around.yMaximum())
            ]
            xs, ys = [c.x() for c in corners], [c.y() for c in corners]
            canvas = self.boundingRect()
            box = QRectF(QPointF(min(xs), min(ys)), QPointF(max(xs), max(ys)))
            self.spot = QPointF(self.toCanvasCoordinates(anchor))
            self._box = box
            seen = box.united(QRectF(self.spot, self.spot)).intersected(canvas)
            self.label = place_label(self._size(), seen, canvas, _GAP * self._em)
        self.update()

    def _anchor(self) -> QgsPointXY | None:
        """Return a point of the visible part, computed once per extent."""
        extent = self._canvas.extent()
        if self._seen[0] != extent.toString():
            self._seen = extent.toString(), _point_in(self._geometry, extent)
        return self._seen[1]

    @property
    def _em(self) -> float:
        return float(self._canvas.fontMetrics().height())

    @property
    def is_small(self) -> bool:
        """True if the finding is too small on the screen for its outline to be visible."""
        return max(self._box.width(), self._box.height()) < _SMALL * ICON * self._em

    def _size(self) -> tuple[float, float]:
        plain, bold = QFontMetricsF(self._canvas.font()), QFontMetricsF(self._bold)
        widths = [(plain if n else bold).horizontalAdvance(line) for n, line in enumerate(self.lines)]
        return max(widths) + 2 * _PADDING * self._em, len(self.lines) * plain.lineSpacing() + 2 * _PADDING * self._em

    # --- drawing
    def paint(self, painter: QPainter, *_style) -> None:
        if self.spot is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        if self.is_small:
            self._draw_ring(painter)
        self._draw_leader(painter)
        side = ICON * self._em
        painter.drawPixmap(QRectF(self.spot.x() - side / 2, self.spot.y() - side / 2, side, side).toRect(), self._icon)
        self._draw_label(painter)

    def _draw_ring(self, painter: QPainter) -> None:
        radius = max(self._box.width(), self._box.height()) / 2 + _RING * self._em
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((_BLACK, 0.5), (RING_COLOR, 0.3)):
            painter.setPen(QPen(colour, width * self._em))
            painter.drawEllipse(self.spot, radius, radius)

    def _draw_leader(self, painter: QPainter) -> None:
        label, spot = self.label, self.spot
        end = QPointF(min(max(spot.x(), label.left()), label.right()), min(max(spot.y(), label.top()), label.bottom()))
        for colour, width in ((_WHITE, 0.25), (_BLACK, 0.1)):
            painter.setPen(QPen(colour, width * self._em))
            painter.drawLine(spot, end)

    def _draw_label(self, painter: QPainter) -> None:
        # The map is light whatever the theme: black on white.
        painter.setPen(QPen(_BLACK, max(1.0, 0.1 * self._em)))
        painter.setBrush(_WHITE)
        painter.drawRoundedRect(self.label, 0.2 * self._em, 0.2 * self._em)
        metrics = QFontMetricsF(self._canvas.font())
        x, y = self.label.left() + _PADDING * self._em, self.label.top() + _PADDING * self._em + metrics.ascent()
        for n, line in enumerate(self.lines):
            painter.setFont(self._canvas.font() if n else self._bold)
            painter.drawText(QPointF(x, y + n * metrics.lineSpacing()), line)


def _point_in(geometry: QgsGeometry, extent: QgsRectangle) -> QgsPointXY | None:
    """Return a point on the geometry inside the extent; None if they do not intersect."""
    if not geometry.boundingBoxIntersects(extent):
        return None
    point = geometry.pointOnSurface()
    if point.isEmpty() or not extent.contains(point.asPoint()):
        part = geometry.intersection(QgsGeometry.fromRect(extent))
        point = QgsGeometry() if part.isEmpty() else part.pointOnSurface()
    return None if point.isEmpty() else point.asPoint()

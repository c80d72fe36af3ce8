# SPDX-License-Identifier: GPL-2.0-or-later
"""Map tool that draws a project, marks of the land that it occupies, and figures at the mouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsGeometry,
    QgsPointXY,
    QgsWkbTypes,
)
from qgis.gui import QgsMapCanvas, QgsMapMouseEvent, QgsMapTool, QgsRubberBand, QgsSnapIndicator
from qgis.PyQt.QtCore import QPoint, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QPalette
from qgis.PyQt.QtWidgets import QFrame, QLabel, QToolTip

from ...bridge.checking.drawn_projects import ProjectShape
from ...bridge.layers.properties import read_wkb
from ...bridge.texts import tr
from ..widgets import close_and_delete
from ..widgets.map_items import convert_to_edges, make_rubber_band, remove_items, transform_to_map
from .figures import OccupiedShape, PanelFigures
from .projects import LINE, POLYGON

#: Widths in font heights of the canvas.
_EDGE_EM, _HALO_EM, _ICON_EM = 0.13, 0.3, 0.5
_INK, _HALO = QColor("#111111"), QColor(255, 255, 255, 220)
_MIN_POINTS = {POLYGON: 3, LINE: 2}
_OUTLINE_EDGE_EM, _GAP_EM = 0.07, 0.9
#: Colour and hatching by id of a line; all others have those of the last entry.
_STYLE_BY_LINE = {
    "farmland": ("#D50058", Qt.BrushStyle.BDiagPattern),
    "red_line": ("#8C1C2C", Qt.BrushStyle.Dense5Pattern),
    "boundary": ("#1B1F5E", Qt.BrushStyle.FDiagPattern),
    "heritage": ("#6A1B9A", Qt.BrushStyle.DiagCrossPattern),
    "": ("#0057A8", Qt.BrushStyle.CrossPattern),
}


class ProjectMapTool(QgsMapTool):
    """Draws a polygon or a line: a click adds a point, a right click ends.

    Backspace removes the last point, Esc cancels. Points snap as set in QGIS. Signals: ``moved(pixel)``: points or
    mouse have moved, ``pixel`` is the position of the mouse on the canvas; ``finished``: the shape has enough points
    and is complete; ``cancelled``; ``left``: another tool was chosen.
    """

    moved = pyqtSignal(QPoint)
    finished = pyqtSignal()
    cancelled = pyqtSignal()
    left = pyqtSignal()

    def __init__(self, canvas: QgsMapCanvas):
        super().__init__(canvas)
        self.kind = POLYGON
        self.points: list[QgsPointXY] = []
        self.mouse: QgsPointXY | None = None
        self._bands: list[QgsRubberBand] = []
        self._snap_indicator: QgsSnapIndicator | None = None
        self.setCursor(Qt.CursorShape.CrossCursor)

    # --- the shape
    def begin(self, kind: str) -> None:
        """Begin a new shape."""
        self.kind, self.points, self.mouse = kind, [], None
        self.refresh()

    @property
    def can_finish(self) -> bool:
        """Return True if there are enough fixed points."""
        return len(self.points) >= _MIN_POINTS[self.kind]

    def make_geometry(self) -> QgsGeometry | None:
        """Return the shape in map coordinates, with the point at the mouse; None with too few points."""
        if len(points := self.list_points()) < _MIN_POINTS[self.kind]:
            return None
        if self.kind == LINE:
            return QgsGeometry.fromPolylineXY(points)
        return QgsGeometry.fromPolygonXY([[*points, points[0]]])

    def list_points(self) -> list[QgsPointXY]:
        """Return the fixed points and that of the mouse, if it is elsewhere."""
        if self.mouse is None or (self.points and self.mouse == self.points[-1]):
            return list(self.points)
        return [*self.points, self.mouse]

    def undo_point(self) -> None:
        """Remove the last point; the mouse keeps its point."""
        if self.points:
            self.points.pop()
            self.moved.emit(self.canvas().mouseLastXY())
            self.refresh()

    def finish(self) -> None:
        """End the shape with its fixed points, if they are enough."""
        if self.can_finish:
            self.mouse = None
            self.refresh()
            self._hide_snap()
            self.finished.emit()

    def cancel(self) -> None:
        """Drop the shape."""
        self.clear()
        self.cancelled.emit()

    def clear(self) -> None:
        """Remove points and bands."""
        self.points, self.mouse = [], None
        remove_items(self.canvas(), self._bands)
        self._bands = []
        self._hide_snap()

    # --- events
    def canvasMoveEvent(self, event: QgsMapMouseEvent) -> None:
        self.mouse = self._snap(event)
        self.moved.emit(event.pos())
        self.refresh()

    def canvasReleaseEvent(self, event: QgsMapMouseEvent) -> None:
        if event.button() == Qt.MouseButton.RightButton:
            self.finish()
        elif event.button() == Qt.MouseButton.LeftButton:
            point = self._snap(event)
            if not self.points or point != self.points[-1]:
                self.points.append(point)
            self.mouse = point
            self.moved.emit(event.pos())
            self.refresh()

    def keyPressEvent(self, event) -> None:
        keys = Qt.Key
        actions = {keys.Key_Backspace: self.undo_point, keys.Key_Escape: self.cancel}
        actions |= {keys.Key_Return: self.finish, keys.Key_Enter: self.finish}
        if event.key() in actions:
            actions[event.key()]()
            # QGIS deletes selected features for a key that the tool has accepted.
            event.ignore()
        else:
            super().keyPressEvent(event)

    def activate(self) -> None:
        super().activate()
        self._snap_indicator = QgsSnapIndicator(self.canvas())

    def deactivate(self) -> None:
        self._hide_snap()
        self._snap_indicator = None
        super().deactivate()
        self.left.emit()

    def _snap(self, event: QgsMapMouseEvent) -> QgsPointXY:
        """Return the map point of an event, snapped as set in QGIS."""
        match = self.canvas().snappingUtils().snapToMap(event.pos())
        if self._snap_indicator is not None:
            self._snap_indicator.setMatch(match)
        return match.point() if match.isValid() else self.toMapCoordinates(event.pos())

    def _hide_snap(self) -> None:
        if self._snap_indicator is not None:
            self._snap_indicator.setVisible(False)

    # --- bands
    def refresh(self) -> None:
        """Draw fixed edges, edges to the mouse, and the points."""
        if not self._bands:
            em, kinds = self.canvas().fontMetrics().height(), QgsWkbTypes.GeometryType
            for kind, colour, width in (
                (kinds.LineGeometry, _HALO, _HALO_EM),
                (kinds.LineGeometry, _INK, _EDGE_EM),
                (kinds.LineGeometry, _INK, _EDGE_EM),
                (kinds.PointGeometry, _INK, _EDGE_EM),
            ):
                band = QgsRubberBand(self.canvas(), kind)
                band.setStrokeColor(colour)
                band.setWidth(max(1, round(width * em)))
                band.setZValue(3)
                self._bands.append(band)
            self._bands[2].setLineStyle(Qt.PenStyle.DashLine)
            self._bands[3].setIcon(QgsRubberBand.IconType.ICON_FULL_BOX)
            self._bands[3].setIconSize(round(_ICON_EM * em))
            self._bands[3].setFillColor(QColor("#FFFFFF"))
        halo, fixed, dashed, dots = self._bands
        closes = self.kind == POLYGON and self.mouse is None and self.can_finish
        line = [*self.points, self.points[0]] if closes else list(self.points)
        loose = [self.points[-1], self.mouse] if self.points and self.mouse is not None else []
        if loose and self.kind == POLYGON and len(self.points) > 1:
            loose.append(self.points[0])
        for band, points in ((halo, line), (fixed, line), (dashed, loose)):
            band.setToGeometry(QgsGeometry.fromPolylineXY(points if len(points) > 1 else []), None)
        dots.setToGeometry(QgsGeometry.fromMultiPointXY(self.points), None)


def read_crs(text: str) -> QgsCoordinateReferenceSystem:
    """Return the CRS of a project's shape."""
    is_code = text.startswith("EPSG:")
    return QgsCoordinateReferenceSystem(text) if is_code else QgsCoordinateReferenceSystem.fromWkt(text)


@dataclass(eq=False)
class OccupiedMarks:
    """Draws occupied land and the outlines of finished projects on the canvas; it references no layer."""

    canvas: QgsMapCanvas
    _bands: dict[str, QgsRubberBand] = field(default_factory=dict, init=False)
    #: Of the current project (True) and of the others.
    _outlines: dict[bool, list[QgsRubberBand]] = field(default_factory=dict, init=False)

    @property
    def lines(self) -> list[str]:
        """Return the ids of the lines whose land is drawn."""
        return list(self._bands)

    def show(self, shapes: Sequence[OccupiedShape], crs: QgsCoordinateReferenceSystem) -> None:
        """Draw occupied land in place of the former."""
        for line in set(self.lines) - {one.line for one in shapes}:
            self._remove(line)
        for one in shapes:
            geometry = transform_to_map(self.canvas, read_wkb(one.wkb), crs)
            if geometry is None:
                continue
            if one.line not in self._bands:
                name, pattern = _STYLE_BY_LINE.get(one.line, _STYLE_BY_LINE[""])
                band = QgsRubberBand(self.canvas, QgsWkbTypes.GeometryType.PolygonGeometry)
                band.setStrokeColor(QColor(name))
                band.setFillColor(QColor(name))
                band.setBrushStyle(pattern)
                band.setWidth(max(1, round(_OUTLINE_EDGE_EM * self.canvas.fontMetrics().height())))
                band.setZValue(2)
                self._bands[one.line] = band
            self._bands[one.line].setToGeometry(geometry, None)

    def show_outlines(self, shapes: Sequence[ProjectShape], is_current: bool) -> None:
        """Draw the outlines of the current project or, dashed, of the others in place of the former."""
        remove_items(self.canvas, self._outlines.pop(is_current, ()))
        edges: dict[QgsWkbTypes.GeometryType, list[QgsGeometry]] = {}
        for one in shapes:
            if (placed := transform_to_map(self.canvas, read_wkb(one.wkb), read_crs(one.crs))) is not None:
                edge = convert_to_edges(placed)
                edges.setdefault(edge.type(), []).append(edge)
        self._outlines[is_current] = bands = [
            make_rubber_band(self.canvas, QgsGeometry.collectGeometry(some), _INK, _EDGE_EM) for some in edges.values()
        ]
        for band in bands:
            band.setLineStyle(Qt.PenStyle.SolidLine if is_current else Qt.PenStyle.DashLine)

    def clear(self) -> None:
        """Remove all that is drawn."""
        for line in list(self._bands):
            self._remove(line)
        for is_current in (True, False):
            self.show_outlines((), is_current)

    def _remove(self, line: str) -> None:
        if (band := self._bands.pop(line, None)) is not None:
            remove_items(self.canvas, [band])


@dataclass(eq=False)
class MouseFigures:
    """A small box below the mouse with verdict, area, points and occupied lines."""

    canvas: QgsMapCanvas
    label: QLabel | None = None

    def show(self, figures: PanelFigures, point_count: int, place: QPoint) -> None:
        """Show figures at a position of the canvas (pixels)."""
        head = "    ".join(
            text
            for text in (figures.verdict_word, figures.area, tr("{count} points").format(count=point_count))
            if text
        )
        if self.label is None:
            self.label = QLabel(
                self.canvas.viewport(),
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
        self.label.setText("\n".join([head, *figures.tip, *figures.remarks[:1]]))
        self.move(place)

    def move(self, place: QPoint) -> None:
        """Move the box to a position of the mouse, inside the canvas."""
        if (label := self.label) is None or not label.text():
            return
        label.adjustSize()
        gap = round(_GAP_EM * label.fontMetrics().height())
        area = self.canvas.viewport().rect()
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
        close_and_delete(label)

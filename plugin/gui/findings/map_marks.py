# SPDX-License-Identifier: GPL-2.0-or-later
"""Marks of a finding on the map: outline, features, a label and one flash."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsGeometry,
    QgsPointXY,
    QgsRectangle,
)
from qgis.gui import QgsMapCanvas, QgsMapCanvasItem, QgsRubberBand
from qgis.PyQt.QtCore import QPointF, QRectF, Qt
from qgis.PyQt.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPixmap

from ...bridge.layers.properties import read_wkb
from ...bridge.texts import tr
from ..widgets import theme
from ..widgets.map_items import (
    make_rubber_band,
    remove_items,
    transform_to_map,
    zoom_to_box,
)
from .groups import format_label_lines, format_side_lines, get_finding_kind

#: Sizes in multiples of the font height of the canvas.
ICON_SIZE_EM, _RING_SIZE_EM, _LABEL_GAP_EM, _LABEL_PADDING_EM = 1.4, 1.2, 2.2, 0.5
#: Findings smaller on the screen than this many icons get a ring, because their outline would be a dot.
_MIN_OUTLINE_EM = 2.5
_BLACK_COLOUR, _WHITE_COLOUR, RING_COLOUR = QColor("#000000"), QColor("#FFFFFF"), QColor("#FFE800")
#: Strokes of the selected finding, lowest first; widths in font heights of the canvas. The top stroke has the
#: finding's colour.
_OUTLINE_STROKES = (("#000000", 0.75), ("#FFE800", 0.58), ("#FFFFFF", 0.33))
_BAND_WIDTH_EM = 0.17
_FILL_OPACITY = 0.25
#: Strokes of the features of the first and the second concept: (colour, width, style). No symbol of a template has
#: these colours.
FIRST_FEATURE_STROKES = (("#000000", 0.42, Qt.PenStyle.SolidLine), ("#00E5FF", 0.25, Qt.PenStyle.SolidLine))
SECOND_FEATURE_STROKES = (("#000000", 0.42, Qt.PenStyle.SolidLine), ("#39FF14", 0.25, Qt.PenStyle.DashLine))
#: Width of a sample of these strokes in a label, and the gap behind it, in font heights.
_SAMPLE_WIDTH_EM, _SAMPLE_GAP_EM = 1.6, 0.4
#: Largest share of a finding that its label may hide, and the part of the gap that is left at the edge of a small map.
_MAX_HIDDEN_SHARE, _EDGE_GAPS = 0.05, 5
#: Outlines with more vertices are simplified, because the canvas repaints them at every mouse move.
_MANY_VERTICES = 20_000


def compute_label_position(size: tuple[float, float], finding: QRectF, canvas: QRectF, gap: float) -> QRectF | None:
    """Return the rectangle for a finding's label on the map canvas; all sizes in pixels.

    ``size``: width and height of the label; ``finding``: rectangle of the finding; ``canvas``: rectangle of the canvas;
    ``gap``: distance between finding and label. The label is next to the finding and inside the canvas; else in the
    corner that hides least of the finding, nearer to the edge if the canvas has no room for the gap. Positions below
    are preferred, because messages cover the upper edge of the map. None if every place hides much of the finding.
    """
    width, height = size
    adjacent = [
        QRectF(x, y, width, height)
        for y in (finding.bottom() + gap, finding.top() - gap - height)
        for x in (finding.right() + gap, finding.left() - gap - width)
    ]
    inside = next((one for one in adjacent if canvas.contains(one)), None)
    if inside is not None:
        return inside
    margins = [
        (max(0.0, min(margin, (canvas.width() - width) / 2)), max(0.0, min(margin, (canvas.height() - height) / 2)))
        for margin in (gap, gap / _EDGE_GAPS)
    ]
    corners = [
        QRectF(x, y, width, height)
        for margin_x, margin_y in margins
        for y in (canvas.bottom() - margin_y - height, canvas.top() + margin_y)
        for x in (canvas.right() - margin_x - width, canvas.left() + margin_x)
    ]
    hidden = [one.intersected(finding) for one in corners]
    areas = [max(box.width(), 0.0) * max(box.height(), 0.0) for box in hidden]
    is_hiding_much = min(areas) > _MAX_HIDDEN_SHARE * finding.width() * finding.height()
    return None if is_hiding_much else corners[areas.index(min(areas))]


def draw_stroke_sample(
    painter: QPainter, strokes: Iterable[tuple[str, float, Qt.PenStyle]], em: float, start: QPointF, end: QPointF
) -> None:
    """Draw the line that outlines a feature on the map; ``em``: font height in pixels."""
    for colour, width, style in strokes:
        painter.setPen(QPen(QColor(colour), width * em, style, Qt.PenCapStyle.FlatCap))
        painter.drawLine(start, end)


#: Largest share of the map that a label with lines of both features may take.
_MAX_LABEL_SHARE = 0.12


class MapCallout(QgsMapCanvasItem):
    """Marker and label of a finding on the map canvas.

    ``geometry``: geometry of the finding in the CRS of the map; ``lines``: lines of the label, the first in bold;
    ``sides``: further lines by letter, which begin with a sample of the outline of the first (A) or second feature (B).
    """

    def __init__(
        self, canvas: QgsMapCanvas, geometry: QgsGeometry, icon: QPixmap, lines: list[str], sides: Mapping[str, str]
    ):
        super().__init__(canvas)
        self._canvas, self._geometry, self.icon = canvas, geometry, icon
        self._texts, self._sides = lines, sides
        #: The lines drawn, and the strokes of the samples by line.
        self.lines: list[str] = []
        self._samples: dict[int, tuple] = {}
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
        extent = self._canvas.extent()
        if self._seen[0] != extent.toString():
            self._seen = extent.toString(), _find_visible_point(self._geometry, extent)
        anchor = self._seen[1]
        self.spot = None
        if anchor is not None:
            corners = [
                self.toCanvasCoordinates(QgsPointXY(x, y))
                for x in (self._around.xMinimum(), self._around.xMaximum())
                for y in (self._around.yMinimum(), self._around.yMaximum())
            ]
            xs, ys = [c.x() for c in corners], [c.y() for c in corners]
            canvas = self.boundingRect()
            self._box = QRectF(QPointF(min(xs), min(ys)), QPointF(max(xs), max(ys)))
            self.spot = QPointF(self.toCanvasCoordinates(anchor))
            visible_box = self._box.united(QRectF(self.spot, self.spot)).intersected(canvas)
            # The marker, or the ring of a small finding, belongs to what the label must not hide.
            reach = (_RING_SIZE_EM if self.is_small else ICON_SIZE_EM / 2) * self._font_height_px
            visible_box = visible_box.united(QRectF(self.spot, self.spot).adjusted(-reach, -reach, reach, reach))
            self._place_label(visible_box, canvas)
        self.update()

    def _place_label(self, finding: QRectF, canvas: QRectF) -> None:
        """Set lines and rectangle of the label: the most lines that do not hide the finding; none if all do."""
        plain_metrics, bold_metrics = QFontMetricsF(self._canvas.font()), QFontMetricsF(self._bold)
        padding = 2 * _LABEL_PADDING_EM * self._font_height_px
        head, all_figures, all_sides = self._break_lines(canvas)
        self.label, self.lines = QRectF(), []
        for figures, sides in ((all_figures, all_sides), (all_figures, {}), ([], {})):
            lines = [head, *figures, *sides.values()]
            strokes = {"A": FIRST_FEATURE_STROKES, "B": SECOND_FEATURE_STROKES}
            self._samples = {number: strokes[letter] for number, letter in enumerate(sides, 1 + len(figures))}
            widths = [
                (plain_metrics if n else bold_metrics).horizontalAdvance(line) + self._compute_indent(n)
                for n, line in enumerate(lines)
            ]
            # On a narrow map the ends of lines are cut, not their beginnings.
            size = min(max(widths) + padding, canvas.width()), len(lines) * plain_metrics.lineSpacing() + padding
            label = compute_label_position(size, finding, canvas, _LABEL_GAP_EM * self._font_height_px)
            if label is not None:
                self.label, self.lines = label, lines
                return

    def _break_lines(self, canvas: QRectF) -> tuple[str, list[str], Mapping[str, str]]:
        """Return head, figures and lines of the features by letter.

        On a narrow map, each figure has its own line, and a small one has no lines of the features. The panel has
        those, too.
        """
        head, *figures = self._texts
        metrics, gap = QFontMetricsF(self._canvas.font()), tr("  ")
        width = canvas.width() - 2 * _LABEL_PADDING_EM * self._font_height_px
        if any(metrics.horizontalAdvance(one) > width for one in figures):
            figures = [part for one in figures for part in one.split(gap)]
        lines = [head, *figures, *self._sides.values()]
        size = max(map(metrics.horizontalAdvance, lines)) * len(lines) * metrics.lineSpacing()
        is_small_map = size > _MAX_LABEL_SHARE * canvas.width() * canvas.height()
        return head, figures, {} if is_small_map else self._sides

    @property
    def _font_height_px(self) -> float:
        return float(self._canvas.fontMetrics().height())

    @property
    def is_small(self) -> bool:
        """Return True if the finding is too small on the screen to draw its outline."""
        return max(self._box.width(), self._box.height()) < _MIN_OUTLINE_EM * ICON_SIZE_EM * self._font_height_px

    def _compute_indent(self, line: int) -> float:
        """Return the indent in pixels of a line, which leaves room for a sample of an outline."""
        return (_SAMPLE_WIDTH_EM + _SAMPLE_GAP_EM) * self._font_height_px if line in self._samples else 0.0

    # --- drawing
    def paint(self, painter: QPainter, *_style) -> None:
        if self.spot is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        if self.is_small:
            radius = max(self._box.width(), self._box.height()) / 2 + _RING_SIZE_EM * self._font_height_px
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for colour, width in ((_BLACK_COLOUR, 0.5), (RING_COLOUR, 0.3)):
                painter.setPen(QPen(colour, width * self._font_height_px))
                painter.drawEllipse(self.spot, radius, radius)
        if self.lines:
            end = QPointF(
                min(max(self.spot.x(), self.label.left()), self.label.right()),
                min(max(self.spot.y(), self.label.top()), self.label.bottom()),
            )
            for colour, width in ((_WHITE_COLOUR, 0.25), (_BLACK_COLOUR, 0.1)):
                painter.setPen(QPen(colour, width * self._font_height_px))
                painter.drawLine(self.spot, end)
        side = ICON_SIZE_EM * self._font_height_px
        painter.drawPixmap(QRectF(self.spot.x() - side / 2, self.spot.y() - side / 2, side, side).toRect(), self.icon)
        if self.lines:
            self._draw_label(painter)

    def _draw_label(self, painter: QPainter) -> None:
        # The map is light in every theme: black on white.
        painter.setPen(QPen(_BLACK_COLOUR, max(1.0, 0.1 * self._font_height_px)))
        painter.setBrush(_WHITE_COLOUR)
        painter.drawRoundedRect(self.label, 0.2 * self._font_height_px, 0.2 * self._font_height_px)
        metrics = QFontMetricsF(self._canvas.font())
        x, y = (
            self.label.left() + _LABEL_PADDING_EM * self._font_height_px,
            self.label.top() + _LABEL_PADDING_EM * self._font_height_px + metrics.ascent(),
        )
        for n, line in enumerate(self.lines):
            baseline_y = y + n * metrics.lineSpacing()
            start = QPointF(x, baseline_y - metrics.ascent() / 3)
            end = start + QPointF(_SAMPLE_WIDTH_EM * self._font_height_px, 0)
            draw_stroke_sample(painter, self._samples.get(n, ()), self._font_height_px, start, end)
            painter.setPen(_BLACK_COLOUR)
            painter.setFont(self._canvas.font() if n else self._bold)
            left = x + self._compute_indent(n)
            room = self.label.right() - _LABEL_PADDING_EM * self._font_height_px - left
            # Half a pixel: widths are rounded.
            text = QFontMetricsF(painter.font()).elidedText(line, Qt.TextElideMode.ElideRight, room + 0.5)
            painter.drawText(QPointF(left, baseline_y), text)


def _find_visible_point(geometry: QgsGeometry, extent: QgsRectangle) -> QgsPointXY | None:
    """Return a point on the geometry inside the extent; None if they do not intersect."""
    if not geometry.boundingBoxIntersects(extent):
        return None
    point = geometry.pointOnSurface()
    if point.isEmpty() or not extent.contains(point.asPoint()):
        part = geometry.intersection(QgsGeometry.fromRect(extent))
        point = QgsGeometry() if part.isEmpty() else part.pointOnSurface()
    return None if point.isEmpty() else point.asPoint()


#: A feature's geometry, its CRS, and whether it belongs to the first concept.
FeatureOutline = tuple[QgsGeometry, QgsCoordinateReferenceSystem, bool]


@dataclass(eq=False)
class FindingMapMark:
    """Marks the selected finding on the map canvas, independently of layers."""

    canvas: QgsMapCanvas
    _canvas_items: list[QgsRubberBand | MapCallout] = field(default_factory=list, init=False)

    @property
    def is_shown(self) -> bool:
        return bool(self._canvas_items)

    @property
    def callout(self) -> MapCallout | None:
        """Return the label of the marked finding on the map; None without a mark."""
        return next((item for item in self._canvas_items if isinstance(item, MapCallout)), None)

    def show_finding(
        self,
        finding: Any,
        crs: QgsCoordinateReferenceSystem,
        *,
        zoom: bool = True,
        features: Sequence[FeatureOutline] = (),
        get_layer_name: Callable[[str], str] = str,
    ) -> bool:
        """Mark a finding on the map, outline its features and zoom to it.

        ``get_layer_name``: returns the name of a layer by its role. Return False if the finding has no location on
        this map.
        """
        from ...core.model.findings import make_layer_geometries

        self.clear()
        if finding.geom_kind == "none":
            return False
        if not self.canvas.mapSettings().destinationCrs().isValid():
            self.canvas.setDestinationCrs(crs)
        map_geometry = transform_to_map(self.canvas, read_wkb(finding.geometry.wkb), crs)
        # Lines and points are outlined with the buffer of the findings layer.
        area = transform_to_map(self.canvas, read_wkb(make_layer_geometries([finding])[0].wkb), crs)
        if map_geometry is None or area is None:
            return False
        if zoom:
            zoom_to_box(self.canvas, map_geometry.boundingBox())
        icon_name = theme.KIND_ICONS[get_finding_kind(finding)]
        bright = theme.get_map_color(icon_name)
        for name, width in _OUTLINE_STROKES:
            self._add_rubber_band(area, QColor(name), width)
        top = self._add_rubber_band(area, bright, _BAND_WIDTH_EM)
        fill = QColor(bright)
        fill.setAlphaF(_FILL_OPACITY)
        top.setFillColor(fill)
        top.setBrushStyle(Qt.BrushStyle.SolidPattern)
        self._outline_features(features)
        side = round(ICON_SIZE_EM * self.canvas.fontMetrics().height())
        icon = theme.load_map_pixmap(icon_name, side, self.canvas.devicePixelRatioF())
        sides = format_side_lines(finding, get_layer_name)
        self._canvas_items.append(MapCallout(self.canvas, area, icon, format_label_lines(finding), sides))
        faded = QColor(bright)
        faded.setAlpha(0)
        # One flash of 600 ms.
        self.canvas.flashGeometries([map_geometry], self.canvas.mapSettings().destinationCrs(), bright, faded, 1, 600)
        return True

    def _outline_features(self, features: Sequence[FeatureOutline]) -> None:
        """Outline features, so that each outline is visible where the finding or the other feature has the same edge.

        The strokes are narrower than those of the finding beneath, and the dashes of the second feature are last.
        """
        outlines = [
            (_simplify_geometry(shape), FIRST_FEATURE_STROKES if first else SECOND_FEATURE_STROKES)
            for geometry, feature_crs, first in features
            if (shape := transform_to_map(self.canvas, geometry, feature_crs)) is not None
        ]
        bands = [(*stroke, shape) for shape, strokes in outlines for stroke in strokes]
        bands.sort(key=lambda one: (-one[1], one[2] == Qt.PenStyle.DashLine))
        for colour, width, style, shape in bands:
            self._add_rubber_band(shape, QColor(colour), width).setLineStyle(style)

    def clear(self) -> None:
        """Remove the mark from the map."""
        remove_items(self.canvas, self._canvas_items)
        self._canvas_items = []

    def _add_rubber_band(self, geometry: QgsGeometry, colour: QColor, width: float) -> QgsRubberBand:
        band = make_rubber_band(self.canvas, geometry, colour, width)
        self._canvas_items.append(band)
        return band


def _simplify_geometry(geometry: QgsGeometry) -> QgsGeometry:
    """Return the geometry, simplified if it has very many vertices."""
    if geometry.constGet().nCoordinates() <= _MANY_VERTICES:
        return geometry
    box = geometry.boundingBox()
    simple = geometry.simplify(max(box.width(), box.height()) / _MANY_VERTICES)
    return geometry if simple.isEmpty() else simple

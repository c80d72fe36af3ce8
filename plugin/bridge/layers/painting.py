# SPDX-License-Identifier: GPL-2.0-or-later
"""Rendering of plan rows to images with QGIS.

It may run in any thread: it uses memory layers only, no project and no layer of a project.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from qgis.core import (
    Qgis,
    QgsFeature,
    QgsField,
    QgsFillSymbol,
    QgsLabelObstacleSettings,
    QgsMapRendererCustomPainterJob,
    QgsMapSettings,
    QgsNullSymbolRenderer,
    QgsPalLayerSettings,
    QgsRectangle,
    QgsSingleSymbolRenderer,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
)
from qgis.PyQt.QtCore import QBuffer, QByteArray, QIODevice, QLineF, QMetaType, QPointF, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QColor, QFont, QImage, QImageWriter, QPainter, QPainterPath, QPen, QPolygonF

from . import styles
from .properties import read_wkb

#: Common Chinese fonts; the first available one is used.
FONT_FAMILIES = ("Noto Sans CJK SC", "Microsoft YaHei", "Source Han Sans SC", "PingFang SC", "SimHei", "sans-serif")
MM_PER_INCH = 25.4
#: The style of a layer without one.
_PLAIN_OUTLINE = {"color": "255,255,255,0", "outline_color": "#444444", "outline_width": "0.3"}
#: Corners and lines of the marks of severities, of 22 × 22 units.
_WARNING_MARK = (((11, 1), (21.5, 19.2), (0.5, 19.2)), ((11, 7.4, 11, 13.0), (11, 15.4, 11, 16.6)))
_ERROR_MARK = (
    ((19.9, 14.7), (14.7, 19.9), (7.3, 19.9), (2.1, 14.7), (2.1, 7.3), (7.3, 2.1), (14.7, 2.1), (19.9, 7.3)),
    ((7.5, 7.5, 14.5, 14.5), (14.5, 7.5, 7.5, 14.5)),
)
#: Lines of one pixel remain sharp; above it files grow without a visible difference.
_JPEG_QUALITY = 66


@dataclass(frozen=True)
class ImageFrame:
    """The geometry of an image: extent in the plan's CRS (m), size in pixels and mm.

    ``extent``: xmin, ymin, xmax, ymax; ``symbol_scale``: factor for the size of symbols, which are too large on a map
    of a whole county that is ten centimetres wide.
    """

    extent: tuple[float, float, float, float]
    width_px: int
    height_px: int
    width_mm: float
    symbol_scale: float = 1.0

    @property
    def dots_per_mm(self) -> float:
        """Return the resolution of the image in pixels per mm on paper."""
        return self.width_px / self.width_mm

    @property
    def pixel_size_m(self) -> float:
        """Return the size of a pixel in metres on the ground."""
        return (self.extent[2] - self.extent[0]) / self.width_px

    def convert_to_pixels(self, x: float, y: float) -> tuple[float, float]:
        """Return the pixel position of a point given in metres (plan's CRS)."""
        return (x - self.extent[0]) / self.pixel_size_m, (self.extent[3] - y) / self.pixel_size_m

    def convert_box_to_ground_polygon(self, left: float, top: float, right: float, bottom: float) -> Any:
        """Return a box given in pixels as a shapely polygon in metres (plan's CRS)."""
        import shapely

        west, north = self.extent[0], self.extent[3]
        m = self.pixel_size_m
        return shapely.box(west + left * m, north - bottom * m, west + right * m, north - top * m)


@cache
def _read_color_by_severity() -> dict[str, str]:
    """Return severity → colour, as in the symbols of the findings layer."""
    return {str(c["value"]): str(c["color"]) for c in styles.read_style_table()["findings"]["classes"]}


def make_styled_layer(
    name: str, crs: Any, columns: Sequence[str], rows: Iterable[tuple[Any, Sequence[str]]]
) -> QgsVectorLayer:
    """Return a layer in memory with the symbols of the style ``name``.

    ``rows``: shapely geometries with the values of their ``columns``.
    """
    layer = QgsVectorLayer("MultiPolygon?index=no", name, "memory")
    layer.setCrs(crs)
    # Edit the layer, do not use its provider: in a worker, PyQt may take it for deleted (see `LaidOutText`).
    layer.startEditing()
    # Not in the layer's URI: a # or & in a field's name would end it there.
    for column in columns:
        layer.addAttribute(QgsField(column, QMetaType.Type.QString))
    features = []
    for shape, values in rows:
        feature = QgsFeature(layer.fields())
        feature.setGeometry(read_wkb(shape.wkb))
        feature.setAttributes(list(values))
        features.append(feature)
    layer.addFeatures(features)
    layer.commitChanges()
    layer.updateExtents()
    if styles.has_style_entry(name):
        styles.apply_style_file(layer, styles.get_style_name(name, styles.get_geometry_kind(layer)))
    else:
        layer.setRenderer(QgsSingleSymbolRenderer(QgsFillSymbol.createSimple(_PLAIN_OUTLINE)))
    return layer


def make_label_obstacle_layer(crs: Any, shapes: Iterable[Any]) -> QgsVectorLayer:
    """Return an invisible layer in memory whose shapes no label of another layer covers."""
    layer = make_styled_layer("obstacles", crs, [], [(shape, []) for shape in shapes])
    layer.setRenderer(QgsNullSymbolRenderer())
    settings = QgsPalLayerSettings()
    settings.drawLabels = False
    obstacle = QgsLabelObstacleSettings()
    obstacle.setIsObstacle(True)
    obstacle.setFactor(2.0)
    settings.setObstacleSettings(obstacle)
    layer.setLabeling(QgsVectorLayerSimpleLabeling(settings))
    layer.setLabelsEnabled(True)
    return layer


def make_white_image(frame: ImageFrame) -> QImage:
    """Return a white image of the frame's size."""
    image = QImage(frame.width_px, frame.height_px, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(QColor("#FFFFFF"))
    return image


def draw_layers(frame: ImageFrame, layers: Sequence[QgsVectorLayer], crs: Any) -> QImage:
    """Draw layers on a white image and return it; the first layer is on top."""
    image = make_white_image(frame)
    settings = QgsMapSettings()
    settings.setLayers(list(layers))
    settings.setDestinationCrs(crs)
    settings.setExtent(QgsRectangle(*frame.extent))
    settings.setOutputSize(QSize(frame.width_px, frame.height_px))
    settings.setOutputDpi(frame.dots_per_mm * MM_PER_INCH * frame.symbol_scale)
    settings.setBackgroundColor(QColor("#FFFFFF"))
    settings.setFlag(Qgis.MapSettingsFlag.Antialiasing, True)
    settings.setFlag(Qgis.MapSettingsFlag.DrawLabeling, True)
    settings.setFlag(Qgis.MapSettingsFlag.UseAdvancedEffects, True)
    with paint_on(image) as painter:
        # The only way of rendering without an event loop, which a worker thread lacks.
        QgsMapRendererCustomPainterJob(settings, painter).renderSynchronously()
    return image


@contextmanager
def paint_on(image: QImage) -> Iterator[QPainter]:
    """Give the ``with`` block an antialiasing painter of an image."""
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setRenderHint(QPainter.RenderHint.TextAntialiasing, True)
    try:
        yield painter
    finally:
        painter.end()


def draw_text(
    painter: QPainter, frame: ImageFrame, text: str, x: float, y: float, size_mm: float, bold: bool = False
) -> None:
    """Draw black text with a halo; (x, y) is the middle of its left end in pixels."""
    font = QFont()
    font.setFamilies(list(FONT_FAMILIES))
    font.setPixelSize(max(round(size_mm * frame.dots_per_mm), 6))
    font.setBold(bold)
    path = QPainterPath()
    path.addText(QPointF(x, y + 0.36 * font.pixelSize()), font, text)
    halo = QPen(QColor("#FFFFFF"), 0.7 * frame.dots_per_mm)
    halo.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.strokePath(path, halo)
    painter.fillPath(path, QColor("#000000"))


def draw_leader_line(
    painter: QPainter, frame: ImageFrame, start: tuple[float, float], end: tuple[float, float]
) -> None:
    """Draw a thin black line with a halo between two positions in pixels."""
    for colour, width_mm in (("#FFFFFF", 0.6), ("#000000", 0.2)):
        painter.setPen(QPen(QColor(colour), width_mm * frame.dots_per_mm))
        painter.drawLine(QPointF(*start), QPointF(*end))


def draw_severity_marker(
    painter: QPainter, frame: ImageFrame, severity: str, x: float, y: float, size_mm: float
) -> None:
    """Draw the mark of a severity, which is distinguishable without colour.

    Errors have an octagon with a cross, warnings a triangle with a bar.
    """
    unit = size_mm * frame.dots_per_mm / 22
    painter.save()
    painter.translate(x - 11 * unit, y - 11 * unit)
    painter.scale(unit, unit)
    pen = QPen(QColor("#FFFFFF"), 2.4)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(QColor(_read_color_by_severity().get(severity, _read_color_by_severity()["INFO"])))
    corners, lines = _WARNING_MARK if severity == "WARNING" else _ERROR_MARK
    painter.drawPolygon(QPolygonF([QPointF(*corner) for corner in corners]))
    painter.setPen(QPen(QColor("#FFFFFF"), 2.3))
    for line in lines:
        painter.drawLine(QLineF(*line))
    painter.restore()


def round_down_length(most_m: float) -> float:
    """Return the largest length of 1, 2 or 5 × 10ⁿ metres up to ``most_m`` metres."""
    power = 1.0
    while power * 10 <= most_m:
        power *= 10
    while power > most_m:
        power /= 10
    return next(power * n for n in (5, 2, 1) if power * n <= most_m)


def draw_scale_bar(painter: QPainter, frame: ImageFrame) -> None:
    """Draw a scale bar of a round length, half black, half white, at the lower left."""
    length = round_down_length((frame.extent[2] - frame.extent[0]) * 0.22)
    dot = frame.dots_per_mm
    width, height = length / frame.pixel_size_m, 0.9 * dot
    x, y = 2.5 * dot, frame.height_px - 2.5 * dot
    painter.setPen(QPen(QColor("#FFFFFF"), 0.9 * dot))
    painter.drawRect(QRectF(x, y - height, width, height))
    painter.setPen(QPen(QColor("#000000"), 0.18 * dot))
    painter.setBrush(QColor("#FFFFFF"))
    painter.drawRect(QRectF(x, y - height, width, height))
    painter.fillRect(QRectF(x, y - height, width / 2, height), QColor("#000000"))
    text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    draw_text(painter, frame, text, x + width + 1.2 * dot, y - height / 2, 2.4)


def draw_map_frame(painter: QPainter, frame: ImageFrame) -> None:
    """Draw a line around the map, so that land cut at its edge does not look like the end of the county."""
    dot = frame.dots_per_mm
    painter.setPen(QPen(QColor("#000000"), 0.3 * dot))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    half = 0.15 * dot
    painter.drawRect(QRectF(half, half, frame.width_px - 2 * half, frame.height_px - 2 * half))


def draw_north_arrow(painter: QPainter, frame: ImageFrame, letter: str) -> None:
    """Draw a north arrow with its letter."""
    dot = frame.dots_per_mm
    x, y = frame.width_px - 5.5 * dot, 2.5 * dot
    painter.setPen(QPen(QColor("#FFFFFF"), 0.8 * dot))
    arrow = QPolygonF(
        [
            QPointF(x, y),
            QPointF(x + 1.7 * dot, y + 6 * dot),
            QPointF(x, y + 4.6 * dot),
            QPointF(x - 1.7 * dot, y + 6 * dot),
        ]
    )
    painter.drawPolygon(arrow)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor("#000000"))
    painter.drawPolygon(arrow)
    draw_text(painter, frame, letter, x - (1.3 if len(letter.encode()) > 1 else 0.8) * dot, y + 8 * dot, 2.6)


def encode_data_uri(image: QImage) -> str:
    """Return an image as a data URI: as PNG, or as JPEG if that is smaller."""
    flat = image.convertToFormat(QImage.Format.Format_RGB888)
    for key in flat.textKeys():
        flat.setText(key, "")
    data_by_format = {kind: _encode_image(flat, kind) for kind in ("png", "jpeg")}
    kind = min(data_by_format, key=lambda k: len(data_by_format[k]))
    return f"data:image/{kind};base64,{bytes(QByteArray(data_by_format[kind]).toBase64()).decode('ascii')}"


def _encode_image(image: QImage, kind: str) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QImageWriter(buffer, kind.encode("ascii"))
    if kind == "png":
        writer.setCompression(9)
    else:
        writer.setQuality(_JPEG_QUALITY)
        writer.setOptimizedWrite(True)
        writer.setProgressiveScanWrite(True)
    writer.write(image)
    return bytes(buffer.data())

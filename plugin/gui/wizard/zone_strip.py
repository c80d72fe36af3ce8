# SPDX-License-Identifier: GPL-2.0-or-later
"""3° zones as a strip of longitudes with the county on it."""

from __future__ import annotations

import math

from qgis.PyQt.QtCore import QPointF, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPalette, QPen
from qgis.PyQt.QtWidgets import QSizePolicy, QWidget

from ...bridge.texts import tr
from ...core.geometry.zones import HALF, WIDTH, ZonePlan
from ..widgets import look

#: Degrees of room beside the county, so that its box does not touch the strip's end.
_ROOM = 0.4


class ZoneStrip(QWidget):
    """Reads the palette; says in words what it draws (accessible description)."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._plan: ZonePlan | None = None
        self._whose = ""
        self.setObjectName("SanxianZoneStrip")
        self.setAccessibleName(tr("3° zones"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_plan(self, plan: ZonePlan | None, whose: str = "") -> None:
        """``whose``: the division that the longitudes are of, where it is not the county."""
        self._plan, self._whose = plan, whose
        self.setVisible(plan is not None)
        if plan is not None:
            text = tr("{county}, zones {zones}, zone edge {edge}°E")
            zones = ", ".join(map(str, plan.zones))
            self.setAccessibleDescription(text.format(county=self._name(plan), zones=zones, edge=f"{self._edge():g}"))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance("0") * 60, round(self.fontMetrics().height() * 4.2))

    minimumSizeHint = sizeHint

    def _edge(self) -> float:
        """The zone edge nearest the county's middle."""
        plan = self._plan
        middle = (plan.west + plan.east) / 2 if plan else 0.0
        return round((middle - HALF) / WIDTH) * WIDTH + HALF

    def span(self) -> tuple[float, float]:
        """Western and eastern end of the strip in degrees."""
        plan, edge = self._plan, self._edge()
        if plan is None:
            return edge - HALF, edge + HALF
        return min(edge - HALF - _ROOM / 4, plan.west - _ROOM), max(edge + HALF + _ROOM / 4, plan.east + _ROOM)

    def paintEvent(self, _event) -> None:
        plan = self._plan
        if plan is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line = self.fontMetrics().height()
        strip = QRectF(1, line * 1.3, self.width() - 2, line * 1.4)
        low, high = self.span()

        def x(longitude: float) -> float:
            return strip.left() + (longitude - low) / (high - low) * strip.width()

        self._zones(painter, strip, low, high, x)
        self._county(painter, strip, plan, x)

    def _zones(self, painter, strip, low, high, x) -> None:
        colors, line = self.palette(), self.fontMetrics().height()
        first, last = math.floor(low / WIDTH + 0.5), math.ceil(high / WIDTH - 0.5)
        painter.setPen(QPen(colors.color(QPalette.ColorRole.Mid), 1))
        for zone in range(first, last + 1):
            left, right = max(low, zone * WIDTH - HALF), min(high, zone * WIDTH + HALF)
            part = QRectF(QPointF(x(left), strip.top()), QPointF(x(right), strip.bottom()))
            painter.fillRect(part, self._ground(zone))
            painter.drawRect(part)
            self._zone_name(painter, part, zone)
        ink = colors.color(QPalette.ColorRole.WindowText)
        below = strip.bottom() + line * 1.1
        for zone in range(first, last + 1):
            meridian, edge = zone * WIDTH, zone * WIDTH + HALF
            if low <= meridian <= high:
                painter.setPen(QPen(ink, 1, Qt.PenStyle.DashLine))
                painter.drawLine(QPointF(x(meridian), strip.top()), QPointF(x(meridian), strip.bottom()))
                painter.setPen(ink)
                self._text(painter, x(meridian), below, tr("meridian {degrees}°E").format(degrees=f"{meridian:g}"))
            if low < edge < high:
                painter.setPen(QPen(ink, max(2.0, line / 7)))
                painter.drawLine(QPointF(x(edge), strip.top()), QPointF(x(edge), strip.bottom() + line / 4))
                painter.setPen(ink)
                self._text(painter, x(edge), below, tr("zone edge {degrees}°E").format(degrees=f"{edge:g}"))

    def _ground(self, zone: int) -> QColor:
        """Every other zone a little nearer the ink: some themes have no usable alternate base."""
        base = self.palette().color(QPalette.ColorRole.Base)
        ink = self.palette().color(QPalette.ColorRole.Text)
        parts = ((7 * i + 93 * b) // 100 for i, b in zip(ink.getRgb()[:3], base.getRgb()[:3], strict=True))
        return base if zone % 2 else QColor(*parts)

    def _zone_name(self, painter, part: QRectF, zone: int) -> None:
        """In the part of the zone that its meridian and the county leave free."""
        text = tr("zone {number}").format(number=zone)
        width = self.fontMetrics().horizontalAdvance(text)
        taken = self._box(part.left(), part.right())
        rooms = [(part.left(), min(taken[0], part.right())), (max(taken[1], part.left()), part.right())]
        left, right = max(rooms, key=lambda r: r[1] - r[0])
        if right - left > width * 1.2:
            pen = painter.pen()
            painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
            painter.drawText(QRectF(left, part.top(), right - left, part.height()), Qt.AlignmentFlag.AlignCenter, text)
            painter.setPen(pen)

    def _box(self, left: float, right: float) -> tuple[float, float]:
        """The county on the strip, in pixels; outside of the part it takes nothing."""
        low, high = self.span()
        scale = (self.width() - 2) / (high - low)
        west, east = (1 + (v - low) * scale for v in (self._plan.west, self._plan.east))
        return (west, east) if east > left and west < right else (right, right)

    def _county(self, painter, strip, plan: ZonePlan, x) -> None:
        color = look.color("warning" if plan.crosses else "ok")
        ground = QColor(color)
        ground.setAlpha(90)
        box = QRectF(QPointF(x(plan.west), strip.top() + 3), QPointF(x(plan.east), strip.bottom() - 3))
        painter.setPen(QPen(color, 2))
        painter.setBrush(ground)
        painter.drawRect(box)
        font = painter.font()
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        self._text(painter, box.center().x(), strip.top() - self.fontMetrics().descent() - 2, self._name(plan))

    def _name(self, plan: ZonePlan) -> str:
        text = tr("{whose} {west}°–{east}°E")
        return text.format(whose=self._whose or tr("county area"), west=f"{plan.west:.1f}", east=f"{plan.east:.1f}")

    def _text(self, painter, middle: float, baseline: float, text: str) -> None:
        width = painter.fontMetrics().horizontalAdvance(text)
        painter.drawText(QPointF(min(max(middle - width / 2, 0), self.width() - width), baseline), text)

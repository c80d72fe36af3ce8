# SPDX-License-Identifier: GPL-2.0-or-later
"""Dial of the expansion ratio, with its limit."""

from __future__ import annotations

import math

from qgis.PyQt.QtCore import QPointF, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QBrush, QColor, QPainter, QPainterPath, QPalette, QPen
from qgis.PyQt.QtWidgets import QSizePolicy, QWidget

from ..widgets import theme
from ..widgets.labels_and_buttons import set_bold

#: Size and parts of the dial in heights of the font.
_WIDTH_EM, _HEIGHT_EM, _RING_EM, _TICK_EM = 15.0, 9.0, 1.4, 0.5
#: Values are on half a circle, the lowest at the left.
_HALF_CIRCLE_DEGREES = 180.0
#: Space above the highest value, and rounding of the ends of the scale.
_ROOM_ABOVE, _END_STEP = 0.04, 0.1
_MAX_TICKS = 6


def compute_scale(value: float, limit: float | None) -> tuple[float, float]:
    """Return the lowest and highest value of the dial, multiples of 0.1 around value and limit."""
    values = [value] if limit is None else [value, limit]
    low = math.floor(min([1.0, *values]) / _END_STEP + 1e-9) * _END_STEP
    high = math.ceil((max([1.0, *values]) + _ROOM_ABOVE) / _END_STEP - 1e-9) * _END_STEP
    return round(low, 6), round(max(high, low + _END_STEP), 6)


def list_ticks(low: float, high: float) -> list[float]:
    """Return the values of the ticks from ``low`` to ``high``, at most six, as multiples of 0.1."""
    steps = round((high - low) / _END_STEP)
    every = max(1, math.ceil(steps / (_MAX_TICKS - 1)))
    return [round(low + n * _END_STEP, 6) for n in range(0, steps + 1, every)]


class RatioDial(QWidget):
    """A half circle with needle and value; land beyond the limit is hatched, and so is the range close to it."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._value: float | None = None
        self._limit: float | None = None
        self._warning_share = 0.0
        self.text, self._kind = "", ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_ratio(self, value: float | None, text: str, limit: float | None, warning_share: float, kind: str) -> None:
        """Show a ratio.

        ``text``: the value as text; ``warning_share``: share of the limit below it that counts as close; ``kind``: kind
        of the state (``ok``, ``warning``, ``error``), which gives the needle its colour.
        """
        self._value, self.text, self._limit = value, text, limit
        self._warning_share, self._kind = warning_share, kind
        self.setAccessibleName(text)
        self.update()

    def sizeHint(self) -> QSize:
        em = self.fontMetrics().height()
        return QSize(round(_WIDTH_EM * em), round(_HEIGHT_EM * em))

    def paintEvent(self, _event) -> None:
        if self._value is None or not math.isfinite(self._value):
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        em = float(self.fontMetrics().height())
        low, high = compute_scale(self._value, self._limit)
        centre = QPointF(self.width() / 2, self.height() - 1.2 * em)
        radius = min(self.width() / 2 - 2.4 * em, centre.y() - 1.6 * em)
        ink = self.palette().color(QPalette.ColorRole.WindowText)

        def compute_angle(value: float) -> float:
            share = min(max((value - low) / (high - low), 0.0), 1.0)
            return _HALF_CIRCLE_DEGREES * (1.0 - share)

        faded = QColor(ink)
        faded.setAlpha(40)
        self._draw_ring(painter, centre, radius, (compute_angle(low), compute_angle(high)), QBrush(faded), em)
        if self._limit is not None:
            close = max(low, self._limit * (1.0 - self._warning_share))
            for ends, kind in (((close, self._limit), "warning"), ((self._limit, high), "error")):
                brush = QBrush(theme.get_color(kind), Qt.BrushStyle.BDiagPattern)
                self._draw_ring(painter, centre, radius, tuple(map(compute_angle, ends)), brush, em)
        self._draw_ticks(painter, centre, radius, [(v, compute_angle(v)) for v in list_ticks(low, high)], ink)
        if self._limit is not None:
            self._draw_limit(painter, centre, radius, compute_angle(self._limit), ink)
        self._draw_needle(painter, centre, radius, compute_angle(self._value), ink)
        set_bold(painter, 1.5)
        painter.setPen(theme.get_text_color(self._kind) if self._kind in ("error", "warning") else ink)
        painter.drawText(
            QRectF(0, centre.y() - 2.9 * em, self.width(), 2 * em), Qt.AlignmentFlag.AlignCenter, self.text
        )
        painter.end()

    def _draw_ring(
        self, painter: QPainter, centre: QPointF, radius: float, ends: tuple[float, ...], brush: QBrush, em: float
    ) -> None:
        """Fill the ring between two angles, in degrees counted from the right, counterclockwise."""
        start, end = ends
        inner = radius - _RING_EM * em
        outer_box = QRectF(centre.x() - radius, centre.y() - radius, 2 * radius, 2 * radius)
        inner_box = QRectF(centre.x() - inner, centre.y() - inner, 2 * inner, 2 * inner)
        path = QPainterPath()
        path.arcMoveTo(outer_box, start)
        path.arcTo(outer_box, start, end - start)
        path.arcTo(inner_box, end, start - end)
        path.closeSubpath()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(brush)
        painter.drawPath(path)

    def _draw_ticks(
        self, painter: QPainter, centre: QPointF, radius: float, ticks: list[tuple[float, float]], ink: QColor
    ) -> None:
        em = float(self.fontMetrics().height())
        painter.setPen(QPen(ink, 1.0))
        for value, angle in ticks:
            painter.drawLine(_move(centre, radius, angle), _move(centre, radius + _TICK_EM * em, angle))
            if self._limit is not None and abs(value - self._limit) < _ROOM_ABOVE:
                # The limit's label is there.
                continue
            self._draw_label(painter, _move(centre, radius + 1.4 * em, angle), f"{value:.1f}")

    def _draw_label(self, painter: QPainter, place: QPointF, text: str) -> None:
        em = float(self.fontMetrics().height())
        painter.drawText(QRectF(place.x() - 2 * em, place.y() - em / 2, 4 * em, em), Qt.AlignmentFlag.AlignCenter, text)

    def _draw_limit(self, painter: QPainter, centre: QPointF, radius: float, angle: float, ink: QColor) -> None:
        em = float(self.fontMetrics().height())
        painter.setPen(QPen(ink, max(2.0, 0.16 * em)))
        painter.drawLine(_move(centre, radius - _RING_EM * em, angle), _move(centre, radius + _TICK_EM * em, angle))
        set_bold(painter)
        self._draw_label(painter, _move(centre, radius + 1.5 * em, angle), f"{self._limit:g}")

    def _draw_needle(self, painter: QPainter, centre: QPointF, radius: float, angle: float, ink: QColor) -> None:
        em = float(self.fontMetrics().height())
        painter.setPen(QPen(ink, max(2.0, 0.16 * em)))
        painter.setBrush(QBrush(ink))
        painter.drawLine(_move(centre, radius - _RING_EM * em, angle), _move(centre, radius, angle))
        tip, side = _move(centre, radius - _RING_EM * em, angle), 0.3 * em
        painter.drawEllipse(tip, side, side)


def _move(start: QPointF, distance: float, angle_degrees: float) -> QPointF:
    """Return the point at a distance from another, at an angle counted from the right, counterclockwise."""
    angle = math.radians(angle_degrees)
    return QPointF(start.x() + distance * math.cos(angle), start.y() - distance * math.sin(angle))

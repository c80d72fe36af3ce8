# SPDX-License-Identifier: GPL-2.0-or-later
"""Dial of the expansion ratio, with its limit, and bars of margins in a table."""

from __future__ import annotations

import math

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QPointF, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QBrush, QColor, QPainter, QPainterPath, QPalette, QPen
from qgis.PyQt.QtWidgets import QSizePolicy, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from ...bridge.texts import tr
from ...core.standard.messages.numbers import format_ratio_limit
from ..widgets import SizedInEm, set_bold, theme

#: Parts of the dial in heights of the font.
_RING_EM, _TICK_EM = 1.4, 0.5
#: Space above the highest value, and rounding of the ends of the scale.
_ROOM_ABOVE, _END_STEP = 0.04, 0.1
_MAX_TICKS = 6
#: Role of the data of a cell: (margin ÷ target or None, share of the target that counts as close, kind of the state).
MARGIN_ROLE = Qt.ItemDataRole.UserRole + 1
#: The bar ends at this many times the share that counts as close, or at this share of the target if none does.
_CLOSE_SHARES_SHOWN, _SHARE_SHOWN_WITHOUT_CLOSE = 4.0, 0.05
_BAR_HEIGHT_EM, _BAR_WIDTH_EM = 0.7, 6.0
#: Greys of the zones inside the boundary, from 集中建设区 to 特别用途区.
_ZONE_OPACITIES = {"concentrated": 200, "flexible": 110, "special": 0}


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


class RatioDial(SizedInEm, QWidget):
    """A half circle with needle and value; land beyond the limit is hatched, and so is the range close to it."""

    SIZE_EM = 15.0, 9.0

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

    def paintEvent(self, _event) -> None:
        if self._value is None or not math.isfinite(self._value):
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        em = float(self.fontMetrics().height())
        low, high = compute_scale(self._value, self._limit)
        centre = QPointF(self.width() / 2, self.height() - 1.2 * em)
        radius = min(self.width() / 2 - 2.4 * em, centre.y() - 1.6 * em)
        ink = QgsApplication.palette().color(QPalette.ColorRole.WindowText)

        def compute_angle(value: float) -> float:
            return 180.0 * (1.0 - min(max((value - low) / (high - low), 0.0), 1.0))

        faded = QColor(ink)
        faded.setAlpha(40)
        self._draw_ring(painter, centre, radius, (compute_angle(low), compute_angle(high)), QBrush(faded), em)
        if self._limit is not None:
            close = max(low, self._limit * (1.0 - self._warning_share))
            for ends, kind in (((close, self._limit), "warning"), ((self._limit, high), "error")):
                brush = QBrush(theme.get_color(kind), Qt.BrushStyle.BDiagPattern)
                self._draw_ring(painter, centre, radius, tuple(map(compute_angle, ends)), brush, em)
        painter.setPen(QPen(ink, 1.0))
        for value in list_ticks(low, high):
            angle = compute_angle(value)
            painter.drawLine(_move(centre, radius, angle), _move(centre, radius + _TICK_EM * em, angle))
            # The limit has its label there.
            if self._limit is None or abs(value - self._limit) >= _ROOM_ABOVE:
                self._draw_label(painter, _move(centre, radius + 1.4 * em, angle), f"{value:.1f}")
        painter.setPen(QPen(ink, max(2.0, 0.16 * em)))
        if self._limit is not None:
            angle = compute_angle(self._limit)
            painter.drawLine(_move(centre, radius - _RING_EM * em, angle), _move(centre, radius + _TICK_EM * em, angle))
            set_bold(painter)
            self._draw_label(painter, _move(centre, radius + 1.5 * em, angle), format_ratio_limit(self._limit))
        # The needle.
        painter.setBrush(QBrush(ink))
        angle = compute_angle(self._value)
        tip = _move(centre, radius - _RING_EM * em, angle)
        painter.drawLine(tip, _move(centre, radius, angle))
        painter.drawEllipse(tip, 0.3 * em, 0.3 * em)
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
        outer_box = QRectF(centre.x() - radius, centre.y() - radius, 2 * radius, 2 * radius)
        inner_box = outer_box.adjusted(_RING_EM * em, _RING_EM * em, -_RING_EM * em, -_RING_EM * em)
        path = QPainterPath()
        path.arcMoveTo(outer_box, start)
        path.arcTo(outer_box, start, end - start)
        path.arcTo(inner_box, end, start - end)
        path.closeSubpath()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(brush)
        painter.drawPath(path)

    def _draw_label(self, painter: QPainter, place: QPointF, text: str) -> None:
        em = float(self.fontMetrics().height())
        painter.drawText(QRectF(place.x() - 2 * em, place.y() - em / 2, 4 * em, em), Qt.AlignmentFlag.AlignCenter, text)


def _move(start: QPointF, distance: float, angle_degrees: float) -> QPointF:
    """Return the point at a distance from another, at an angle counted from the right, counterclockwise."""
    angle = math.radians(angle_degrees)
    return QPointF(start.x() + distance * math.cos(angle), start.y() - distance * math.sin(angle))


class MarginBarDelegate(QStyledItemDelegate):
    """Draws a margin as a bar from the target on: to the right where it is met, hatched where it is missed."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index) -> None:
        if (data := index.data(MARGIN_ROLE)) is None or data[0] is None:
            return
        share, close_share, kind = data
        em = float(option.fontMetrics.height())
        shown = close_share * _CLOSE_SHARES_SHOWN or _SHARE_SHOWN_WITHOUT_CLOSE
        box = QRectF(option.rect).adjusted(0.4 * em, 0, -0.4 * em, 0)
        bar = QRectF(box.left(), box.center().y() - _BAR_HEIGHT_EM * em / 2, box.width(), _BAR_HEIGHT_EM * em)
        ink = option.palette.color(QPalette.ColorRole.Text)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        faint = QColor(ink)
        faint.setAlpha(90)
        painter.setPen(QPen(faint, 1.0))
        painter.drawRect(bar)
        if close_share:
            close = QRectF(bar.left(), bar.top(), bar.width() * close_share / shown, bar.height())
            painter.fillRect(close, QBrush(faint, Qt.BrushStyle.BDiagPattern))
        filled = QRectF(bar.left(), bar.top() + 1, bar.width() * min(abs(share) / shown, 1.0), bar.height() - 2)
        color = theme.get_color(kind or "ok")
        painter.fillRect(
            filled, QBrush(color, Qt.BrushStyle.SolidPattern if share >= 0 else Qt.BrushStyle.Dense4Pattern)
        )
        painter.setPen(QPen(ink, max(2.0, 0.14 * em)))
        lift = QPointF(0.0, 0.2 * em)
        painter.drawLine(bar.topLeft() - lift, bar.bottomLeft() + lift)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index) -> QSize:
        hint = super().sizeHint(option, index)
        return QSize(round(_BAR_WIDTH_EM * option.fontMetrics.height()), hint.height())


class ZoneSharesBar(SizedInEm, QWidget):
    """The shares of the zones inside the boundary (边界构成) as one bar with a legend."""

    SIZE_EM = 20, 1.5

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._shares: dict[str, float] = {}
        #: Name and share of each zone.
        self._entries: list[str] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_shares(self, shares: dict[str, float]) -> None:
        """Show the share of each zone, 0…1; hide the bar without any."""
        names = {
            "concentrated": tr("Concentrated construction area"),
            "flexible": tr("Flexible development area"),
            "special": tr("Special use area"),
        }
        self._shares = shares
        self._entries = [f"{names[kind]} {share:.2%}" for kind, share in shares.items()]
        self.setVisible(bool(shares))
        self.setToolTip(", ".join(self._entries))
        self.update()

    def paintEvent(self, _event) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        em = float(self.fontMetrics().height())
        ink = QgsApplication.palette().color(QPalette.ColorRole.WindowText)
        title = tr("Boundary")
        painter.setPen(ink)
        x = float(self.fontMetrics().horizontalAdvance(title)) + em
        middle = self.height() / 2
        painter.drawText(QRectF(0, 0, x, self.height()), Qt.AlignmentFlag.AlignVCenter, title)
        width = min(14 * em, max(self.width() - x - 24 * em, 5 * em))
        for kind, share in self._shares.items():
            part = QRectF(x, middle - 0.4 * em, width * share, 0.8 * em)
            painter.setPen(QPen(ink, 1.0))
            painter.setBrush(_make_zone_brush(ink, kind))
            painter.drawRect(part)
            x += part.width()
        x += em
        metrics, entries = self.fontMetrics(), self._entries
        if x + sum(metrics.horizontalAdvance(entry) + 2.1 * em for entry in entries) > self.width():
            # The tool tip has the whole names.
            names = {"concentrated": tr("Concentrated"), "flexible": tr("Flexible"), "special": tr("Special")}
            entries = [f"{names[kind]} {share:.2%}" for kind, share in self._shares.items()]
        for text, kind in zip(entries, self._shares, strict=True):
            painter.setPen(QPen(ink, 1.0))
            painter.setBrush(_make_zone_brush(ink, kind))
            painter.drawRect(QRectF(x, middle - 0.35 * em, 0.7 * em, 0.7 * em))
            x += 1.1 * em
            painter.drawText(QRectF(x, 0, self.width() - x, self.height()), Qt.AlignmentFlag.AlignVCenter, text)
            x += metrics.horizontalAdvance(text) + em
        painter.end()


def _make_zone_brush(ink: QColor, kind: str) -> QBrush:
    color = QColor(ink)
    color.setAlpha(_ZONE_OPACITIES[kind])
    return QBrush(color)

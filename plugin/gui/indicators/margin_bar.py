# SPDX-License-Identifier: GPL-2.0-or-later
"""Bar of the margin to a target in a table, and bar of the zones inside the boundary."""

from __future__ import annotations

from qgis.PyQt.QtCore import QPointF, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QBrush, QColor, QPainter, QPalette, QPen
from qgis.PyQt.QtWidgets import QSizePolicy, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from ...bridge.texts import tr
from ..widgets import theme

#: Role of the data of a cell: (margin ÷ target or None, share of the target that counts as close, kind of the state).
MARGIN_ROLE = Qt.ItemDataRole.UserRole + 1
#: The bar ends at this many times the share that counts as close, or at this share of the target if none does.
_CLOSE_SHARES_SHOWN, _SHARE_SHOWN_WITHOUT_CLOSE = 4.0, 0.05
_BAR_HEIGHT_EM, _WIDTH_EM = 0.7, 9.0
#: Greys of the zones inside the boundary, from 集中建设区 to 特别用途区.
_ZONE_OPACITIES = {"concentrated": 200, "flexible": 110, "special": 0}


class MarginBarDelegate(QStyledItemDelegate):
    """Draws a margin as a bar from the target on: to the right where it is met, hatched where it is missed."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index) -> None:
        data = index.data(MARGIN_ROLE)
        if data is None or data[0] is None:
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
        length = bar.width() * min(abs(share) / shown, 1.0)
        filled = QRectF(bar.left(), bar.top() + 1, length, bar.height() - 2)
        color = theme.get_color(kind or "ok")
        painter.fillRect(
            filled, QBrush(color, Qt.BrushStyle.SolidPattern if share >= 0 else Qt.BrushStyle.Dense4Pattern)
        )
        painter.setPen(QPen(ink, max(2.0, 0.14 * em)))
        painter.drawLine(bar.topLeft() - _lift(em), bar.bottomLeft() + _lift(em))
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index) -> QSize:
        hint = super().sizeHint(option, index)
        return QSize(round(_WIDTH_EM * option.fontMetrics.height()), hint.height())


def _lift(em: float) -> QPointF:
    return QPointF(0.0, 0.2 * em)


class ZoneSharesBar(QWidget):
    """The shares of the zones inside the boundary (边界构成) as one bar with a legend."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._shares: dict[str, float] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_shares(self, shares: dict[str, float]) -> None:
        """Show the share of each zone, 0…1; hide the bar without any."""
        self._shares = shares
        self.setVisible(bool(shares))
        self.setToolTip(", ".join(f"{name} {share:.2%}" for name, share in self._list_names_with_shares()))
        self.update()

    def _list_names_with_shares(self) -> list[tuple[str, float]]:
        names = {
            "concentrated": tr("Concentrated construction area"),
            "flexible": tr("Flexible development area"),
            "special": tr("Special use area"),
        }
        return [(names[kind], share) for kind, share in self._shares.items()]

    def sizeHint(self) -> QSize:
        em = self.fontMetrics().height()
        return QSize(20 * em, round(1.5 * em))

    def paintEvent(self, _event) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        em = float(self.fontMetrics().height())
        ink = self.palette().color(QPalette.ColorRole.WindowText)
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
        metrics, entries = self.fontMetrics(), [f"{name} {share:.2%}" for name, share in self._list_names_with_shares()]
        if x + sum(metrics.horizontalAdvance(entry) + 2.1 * em for entry in entries) > self.width():
            # The tool tip has the names.
            entries = [f"{share:.2%}" for share in self._shares.values()]
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

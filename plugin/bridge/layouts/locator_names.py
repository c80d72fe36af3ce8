# SPDX-License-Identifier: GPL-2.0-or-later
"""Label the counties of a city on the locator map, and set the graticule interval to fit its extent."""

from __future__ import annotations

from collections.abc import Iterable

from qgis.core import (
    Qgis,
    QgsLayoutItemLabel,
    QgsLayoutItemMap,
    QgsLayoutPoint,
    QgsLayoutSize,
    QgsPointXY,
    QgsPrintLayout,
    QgsTextFormat,
)
from qgis.PyQt.QtCore import QRectF, Qt
from qgis.PyQt.QtGui import QColor, QFont

from ...core.standard.map_set import Sheet
from . import frame
from .looks import font_family
from .surroundings import Place

#: Font size in points, box height and width per character in mm, on A3.
_FONT_PT, _HEIGHT_MM, _CHARACTER_MM = 6.0, 3.2, 2.3
#: Graticule intervals in degrees, and the maximum number of lines across the locator.
_STEPS, _MAX_LINES = (0.25, 0.5, 1.0, 2.0), 6
_METRES_PER_DEGREE = 111_000.0


def add_names(layout: QgsPrintLayout, locator: QgsLayoutItemMap, places: Iterable[Place], sheet: Sheet) -> None:
    """Add a label for each place, in order; skip labels that overlap earlier ones. The locator's extent must be set."""
    grid = locator.grids().grid(0) if locator.grids().size() else None
    if grid is not None:
        degrees = locator.extent().width() / _METRES_PER_DEGREE
        frame.space_graticule(grid, next((s for s in _STEPS if degrees / s <= _MAX_LINES), _STEPS[-1]))
    occupied: list[QRectF] = []
    edge = QRectF(locator.pos().x(), locator.pos().y(), locator.rect().width(), locator.rect().height())
    for number, place in enumerate(places, start=1):
        width, height = (_CHARACTER_MM * len(place.name) + 1) * sheet.factor, _HEIGHT_MM * sheet.factor
        at = _point_on_page(locator, place.at)
        box = QRectF(at[0] - width / 2, at[1] - height / 2, width, height)
        if not edge.contains(box) or any(box.intersects(other) for other in occupied):
            continue
        occupied.append(box)
        _add_label(layout, f"locator_name_{number}", place.name, box, sheet)


def _add_label(layout: QgsPrintLayout, identifier: str, name: str, box: QRectF, sheet: Sheet) -> None:
    label = QgsLayoutItemLabel(layout)
    label.setId(identifier)
    label.setText(name)
    text = QgsTextFormat()
    text.setFont(QFont(font_family()))
    text.setSize(_FONT_PT * sheet.factor)
    text.setSizeUnit(Qgis.RenderUnit.Points)
    text.setColor(QColor(frame.QUIET))
    label.setTextFormat(text)
    label.setHAlign(Qt.AlignmentFlag.AlignHCenter)
    label.setVAlign(Qt.AlignmentFlag.AlignVCenter)
    label.setMarginX(0.0)
    label.setMarginY(0.0)
    layout.addLayoutItem(label)
    label.attemptMove(QgsLayoutPoint(round(box.x(), 2), round(box.y(), 2), frame.MM))
    label.attemptResize(QgsLayoutSize(round(box.width(), 2), round(box.height(), 2), frame.MM))


def _point_on_page(locator: QgsLayoutItemMap, point: QgsPointXY) -> tuple[float, float]:
    extent, size = locator.extent(), frame.size_of(locator)
    x = (point.x() - extent.xMinimum()) / extent.width() * size.width()
    y = (extent.yMaximum() - point.y()) / extent.height() * size.height()
    return locator.pos().x() + x, locator.pos().y() + y

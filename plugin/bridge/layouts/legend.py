# SPDX-License-Identifier: GPL-2.0-or-later
"""The legend: what is on the map and nothing else, in Chinese, within its frame."""

from __future__ import annotations

from qgis.core import (
    QgsLayerTreeModelLegendNode,
    QgsLayoutExporter,
    QgsLayoutItemLegend,
    QgsLayoutItemMap,
    QgsLayoutItemShape,
    QgsLegendStyle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize

from . import frame

#: Sizes to try with one column and with two, large where there is little to say; and then all that is left.
_SHRINK = (1.2, 1.1, 1.0, 0.92, 0.85, 0.78)
_LAST = (0.7, 0.62, 0.55, 0.5)
_COLUMNS = (1, 2, 3)
_GLANCE_DPI = 20.0


def fill_legend(
    legend: QgsLayoutItemLegend, item: QgsLayoutItemMap, entries: list[tuple[QgsVectorLayer, str]], townships: bool
) -> None:
    """Entries are layers with their names, the topmost first. Classes and layers not seen on the map are left out."""
    legend.setLinkedMap(item)
    # Said again, for the legend hears of the map's styles only from now on.
    item.setLayerStyleOverrides(item.layerStyleOverrides())
    legend.setAutoUpdateModel(False)
    group = legend.model().rootGroup()
    group.clear()
    for layer, name in entries:
        node = group.addLayer(layer)
        node.setUseLayerName(False)
        node.setName(name)
        node.setCustomProperty("cached_name", name)
        node.setCustomProperty("legend/title-label", name)
    legend.setLegendFilterByMapEnabled(True)
    # Of a township's page: what lies in the township, not in its pale neighbours.
    legend.setLegendFilterOutAtlas(townships)
    legend.setSplitLayer(True)
    legend.setEqualColumnWidth(True)
    settle(legend)


def settle(legend: QgsLayoutItemLegend) -> None:
    """See what is on the map now, and make the legend fit its frame: more columns, then smaller."""
    _look_at_map(legend)
    room = _room(legend)
    if room is None:
        legend.adjustBoxSize()
        return
    size = _Size(legend)
    for columns, factor in [(c, f) for c in _COLUMNS[:2] for f in _SHRINK] + [(c, f) for f in _LAST for c in _COLUMNS]:
        legend.setColumnCount(columns)
        size.apply(factor)
        legend.adjustBoxSize()
        taken = frame.size_of(legend)
        if taken.width() <= room[0] + 0.1 and taken.height() <= room[1] + 0.1:
            return


def _look_at_map(legend: QgsLayoutItemLegend) -> None:
    """QGIS sees what is on the map when a legend is painted, and in a task of its own: paint it small, and wait."""
    legend.updateFilterByMap(False)
    QgsLayoutExporter(legend.layout()).renderRegionToImage(legend.sceneBoundingRect(), QSize(), _GLANCE_DPI)
    legend.model().waitForHitTestBlocking()


def shown(legend: QgsLayoutItemLegend) -> dict[str, list[str]]:
    """Name of each layer in the legend → its symbols' names, as they will be drawn."""
    found = {}
    for node in legend.model().rootGroup().findLayers():
        nodes = legend.model().layerLegendNodes(node)
        if nodes:
            found[node.name()] = [_label(one) for one in nodes]
    return found


def _label(node: QgsLayerTreeModelLegendNode) -> str:
    return str(node.data(0) or "")


def _room(legend: QgsLayoutItemLegend) -> tuple[float, float] | None:
    box = legend.layout().itemById(frame.LEGEND_FRAME)
    if not isinstance(box, QgsLayoutItemShape):
        return None
    size = frame.size_of(box)
    return size.width(), size.height()


class _Size:
    """The legend's own sizes, to be scaled from and not from what a former page left."""

    _STYLES = ("Group", "Subgroup", "SymbolLabel")

    def __init__(self, legend: QgsLayoutItemLegend):
        self.legend = legend
        kept = legend.customProperty("sanxian/sizes", "")
        now = [legend.symbolWidth(), legend.symbolHeight(), *(self._style(s).textFormat().size() for s in self._STYLES)]
        self.full = [float(v) for v in str(kept).split()] or now
        legend.setCustomProperty("sanxian/sizes", " ".join(f"{v:.4f}" for v in self.full))

    def _style(self, name: str):
        return self.legend.style(getattr(QgsLegendStyle.Style, name))

    def apply(self, factor: float) -> None:
        width, height, *sizes = (v * factor for v in self.full)
        self.legend.setSymbolWidth(width)
        self.legend.setSymbolHeight(height)
        for name, size in zip(self._STYLES, sizes, strict=True):
            style = self._style(name)
            text = style.textFormat()
            text.setSize(size)
            style.setTextFormat(text)
            self.legend.setStyle(getattr(QgsLegendStyle.Style, name), style)

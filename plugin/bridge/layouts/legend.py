# SPDX-License-Identifier: GPL-2.0-or-later
"""The legend: what is on the map and nothing else, in Chinese, within its frame."""

from __future__ import annotations

from qgis.core import (
    Qgis,
    QgsCategorizedSymbolRenderer,
    QgsCoordinateTransform,
    QgsExpression,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsFeatureRequest,
    QgsGeometry,
    QgsLayerTreeLayer,
    QgsLayerTreeModelLegendNode,
    QgsLayoutExporter,
    QgsLayoutItemLegend,
    QgsLayoutItemMap,
    QgsLayoutItemShape,
    QgsLegendStyle,
    QgsMapLayerStyle,
    QgsMergedFeatureRenderer,
    QgsProject,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize

from . import frame

# Which classes of a layer are on a page: asked of the features once, by their codes.
#
# QGIS's own filter of a legend evaluates every class for every feature, twice for a page: 23 s each for 60 000 parcels.

#: A neighbour that only touches the boundary is not inside (metres).
_TOUCH_M = 0.5


def area_of(item: QgsLayoutItemMap, township: QgsGeometry | None, crs) -> QgsGeometry:
    """What the page is about, in the map's plane: its frame, or the township, whose geometry is in ``crs``."""
    if township is None or township.isEmpty():
        return QgsGeometry.fromRect(item.extent())
    area = QgsGeometry(township)
    area.transform(QgsCoordinateTransform(crs, item.crs(), QgsProject.instance()))
    inner = area.buffer(-_TOUCH_M, 4)
    return area if inner.isEmpty() else inner


def classes_on(layer: QgsVectorLayer, style: str, area: QgsGeometry, crs) -> list[int] | None:
    """Positions of a style's classes that have a feature within the area (in ``crs``); None: all, for the layer has no
    classes of codes, but something is there. Empty: nothing is."""
    here = QgsGeometry(area)
    here.transform(QgsCoordinateTransform(crs, layer.crs(), QgsProject.instance()))
    renderer = _renderer(layer, style)
    if not isinstance(renderer, QgsCategorizedSymbolRenderer):
        return None if _any(layer, here) else []
    positions: dict[str, int] = {}
    for n, category in enumerate(renderer.categories()):
        value = category.value()
        for one in value if isinstance(value, list) else [value]:
            positions.setdefault(_key(one), n)
    others = positions.get("")
    found = {positions.get(_key(value), others) for value in _values(layer, renderer.classAttribute(), here)}
    return sorted(n for n in found if n is not None)


def _renderer(layer: QgsVectorLayer, style: str):
    renderer = layer.renderer()
    if style:
        copy = layer.clone()
        QgsMapLayerStyle(style).writeToLayer(copy)
        renderer = copy.renderer().clone()
    return renderer.embeddedRenderer().clone() if isinstance(renderer, QgsMergedFeatureRenderer) else renderer


def _key(value: object) -> str:
    return str(value) if isinstance(value, str | int | float) else ""


def _values(layer: QgsVectorLayer, attribute: str, here: QgsGeometry) -> set:
    """The values of a field or an expression that are there; shapes are looked at only where a value is new."""
    index = layer.fields().lookupField(attribute)
    whole = here.isGeosValid() and here.boundingBox().contains(layer.extent()) and _is_box(here)
    if whole and index >= 0:
        return {_key(value) for value in layer.uniqueValues(index)}
    expression = QgsExpression(attribute if index < 0 else f'"{attribute}"')
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    expression.prepare(context)
    engine = QgsGeometry.createGeometryEngine(here.constGet())
    engine.prepareGeometry()
    request = QgsFeatureRequest().setFilterRect(here.boundingBox())
    request.setSubsetOfAttributes(list(expression.referencedColumns()), layer.fields())
    found: set[str] = set()
    for feature in layer.getFeatures(request):
        context.setFeature(feature)
        value = _key(expression.evaluate(context))
        if value not in found and engine.intersects(feature.geometry().constGet()):
            found.add(value)
    return found


def _any(layer: QgsVectorLayer, here: QgsGeometry) -> bool:
    engine = QgsGeometry.createGeometryEngine(here.constGet())
    engine.prepareGeometry()
    request = QgsFeatureRequest().setFilterRect(here.boundingBox()).setNoAttributes()
    return any(engine.intersects(feature.geometry().constGet()) for feature in layer.getFeatures(request))


def _is_box(here: QgsGeometry) -> bool:
    return (
        Qgis.GeometryType.Polygon == here.type() and abs(here.area() - here.boundingBox().area()) < 1e-6 * here.area()
    )


#: Sizes to try with one column and with two, large where there is little to say; and then all that is left.
_SHRINK = (1.2, 1.1, 1.0, 0.92, 0.85, 0.78)
_LAST = (0.7, 0.62, 0.55, 0.5)
_COLUMNS = (1, 2, 3)
_GLANCE_DPI = 20.0
#: QGIS keeps the classes that a legend shows, and how a layer's name is written, in properties of its node. Beside them
#: what they were before we looked at a page, and what we made of them.
_ORDER, _STYLE = "legend/node-order", "legend/title-style"
_ALL, _NONE = "all", "empty"
_FIRST, _OURS = ("sanxian/order", "sanxian/style"), ("sanxian/order-made", "sanxian/style-made")


def fill_legend(legend: QgsLayoutItemLegend, item: QgsLayoutItemMap, entries: list[tuple[QgsVectorLayer, str]]) -> None:
    """Entries are layers with their names, the topmost first. Classes and layers not on the map are left out."""
    legend.setLinkedMap(item)
    legend.setAutoUpdateModel(False)
    group = legend.model().rootGroup()
    group.clear()
    for layer, name in entries:
        node = group.addLayer(layer)
        node.setUseLayerName(False)
        node.setName(name)
        node.setCustomProperty("cached_name", name)
        node.setCustomProperty("legend/title-label", name)
    legend.setLegendFilterByMapEnabled(False)
    legend.setSplitLayer(True)
    legend.setEqualColumnWidth(True)
    filter_legend(legend)


def filter_legend(legend: QgsLayoutItemLegend, township: QgsGeometry | None = None, crs: object = None) -> None:
    """Keep what is on the map (of the page's township, in ``crs``), and fit the frame: more columns, then smaller."""
    _keep_present(legend, township, crs)
    # Until it has been painted once, QGIS does not size a legend.
    QgsLayoutExporter(legend.layout()).renderRegionToImage(legend.sceneBoundingRect(), QSize(), _GLANCE_DPI)
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
        # Letters are a hair wider at other dots per inch.
        if taken.width() <= 0.985 * room[0] and taken.height() <= 0.985 * room[1]:
            return


def _keep_present(legend: QgsLayoutItemLegend, township: QgsGeometry | None, crs: object) -> None:
    """Hide classes, and layers, of which nothing is there. What somebody took out of the legend stays out."""
    item = legend.linkedMap()
    if item is None:
        return
    area, styles = area_of(item, township, crs), item.layerStyleOverrides()
    # QGIS itself would tell the legend of them when it is painted: too late to count its classes.
    legend.model().setLayerStyleOverrides(styles)
    for node in legend.model().rootGroup().findLayers():
        layer = node.layer()
        if not isinstance(layer, QgsVectorLayer):
            continue
        now = [str(node.customProperty(key, default)) for key, default in ((_ORDER, _ALL), (_STYLE, ""))]
        if now != [node.customProperty(key, None) for key in _OURS]:
            # Not as we left it: new, or changed by hand.
            for key, value in zip(_FIRST, now, strict=True):
                node.setCustomProperty(key, value)
        first, style = (str(node.customProperty(key)) for key in _FIRST)
        present = classes_on(layer, styles.get(layer.id(), ""), area, item.crs())
        kept = present if first == _ALL else [int(n) for n in first.split(",") if n.isdigit()]
        if present is None:
            _set_order(node, first)
        else:
            _set_order(node, ",".join(str(n) for n in kept or () if n in present) or _NONE)
        node.setCustomProperty(_STYLE, "hidden" if present == [] else style)
        for key, value in zip(_OURS, (node.customProperty(_ORDER, _ALL), node.customProperty(_STYLE)), strict=True):
            node.setCustomProperty(key, value)
        legend.model().refreshLayerLegend(node)


def _set_order(node: QgsLayerTreeLayer, order: str) -> None:
    if order == _ALL:
        node.removeCustomProperty(_ORDER)
    else:
        node.setCustomProperty(_ORDER, order)


def legend_entries(legend: QgsLayoutItemLegend) -> dict[str, list[str]]:
    """Name of each layer in the legend → its symbols' names, as they will be drawn."""
    found = {}
    for node in legend.model().rootGroup().findLayers():
        nodes = legend.model().layerLegendNodes(node)
        if nodes:
            # The title is what is drawn; a node read again from a project goes by its layer's name.
            found[str(node.customProperty("legend/title-label", "") or node.name())] = [_label(one) for one in nodes]
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

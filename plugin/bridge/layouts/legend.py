# SPDX-License-Identifier: GPL-2.0-or-later
"""The legend of a layout: only content of the map, in Chinese, fit to its frame."""

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
from .layer_styles import list_category_codes

# The classes of a layer on a page are read from the features once, by their codes.
# QGIS's legend filter evaluates every class for every feature, twice for a page: 23 s each for 60 000 parcels.

#: A neighbour that only touches the boundary is not inside (metres).
_TOUCH_TOLERANCE_M = 0.5
#: Sizes to try with one column and with two, large for short legends; then smaller ones.
_SIZE_FACTORS = (1.2, 1.1, 1.0, 0.92, 0.85, 0.78)
_LAST_SIZE_FACTORS = (0.7, 0.62, 0.55, 0.5)
_COLUMN_COUNTS = (1, 2, 3)
_PROBE_DPI = 20.0
#: Node properties of QGIS for the shown classes and the style of the layer's name. Next to them, their values before
#: the first filter, and after the last one.
_ORDER_PROPERTY, _TITLE_STYLE_PROPERTY = "legend/node-order", "legend/title-style"
_ALL_CLASSES, _NO_CLASSES = "all", "empty"
_ORIGINAL_PROPERTIES, _WRITTEN_PROPERTIES = (
    ("sanxian/order", "sanxian/style"),
    ("sanxian/order-made", "sanxian/style-made"),
)


def compute_page_area(item: QgsLayoutItemMap, township: QgsGeometry | None, crs) -> QgsGeometry:
    """Return the area that a page shows, in the CRS of the maps.

    That is the extent of the map frame, or the ``township``, whose geometry is in ``crs``.
    """
    if township is None or township.isEmpty():
        return QgsGeometry.fromRect(item.extent())
    area = QgsGeometry(township)
    area.transform(QgsCoordinateTransform(crs, item.crs(), QgsProject.instance()))
    inner_area = area.buffer(-_TOUCH_TOLERANCE_M, 4)
    return area if inner_area.isEmpty() else inner_area


def _find_classes_in_area(layer: QgsVectorLayer, style: str, area: QgsGeometry, crs) -> list[int] | None:
    """Return the positions of a style's classes that occur in an area.

    ``style``: style as XML; ``crs``: CRS of the area. None if all classes are to be shown, because the layer has
    features in the area but no classes by code; an empty list if the layer has no feature there.
    """
    here = QgsGeometry(area)
    here.transform(QgsCoordinateTransform(crs, layer.crs(), QgsProject.instance()))
    renderer = layer.renderer()
    if style:
        copy = layer.clone()
        QgsMapLayerStyle(style).writeToLayer(copy)
        renderer = copy.renderer().clone()
    renderer = renderer.embeddedRenderer().clone() if isinstance(renderer, QgsMergedFeatureRenderer) else renderer
    if not isinstance(renderer, QgsCategorizedSymbolRenderer):
        return None if _has_features_in_area(layer, here) else []
    positions: dict[str, int] = {}
    for n, category in enumerate(renderer.categories()):
        for one in list_category_codes(category):
            positions.setdefault(_make_category_key(one), n)
    others = positions.get("")
    class_positions = {
        positions.get(_make_category_key(value), others)
        for value in _find_values_in_area(layer, renderer.classAttribute(), here)
    }
    return sorted(n for n in class_positions if n is not None)


def _make_category_key(value: object) -> str:
    """Return a value as text to compare it with category values; empty for NULL."""
    return str(value) if isinstance(value, str | int | float) else ""


def _find_values_in_area(layer: QgsVectorLayer, attribute: str, area: QgsGeometry) -> set:
    """Return the values that a field or an expression has in the features inside an area.

    Only features whose value was not found yet are compared with the area.
    """
    index = layer.fields().lookupField(attribute)
    box = area.boundingBox()
    is_rectangle = area.type() == Qgis.GeometryType.Polygon and abs(area.area() - box.area()) < 1e-6 * area.area()
    is_layer_inside = area.isGeosValid() and box.contains(layer.extent()) and is_rectangle
    if is_layer_inside and index >= 0:
        return {_make_category_key(value) for value in layer.uniqueValues(index)}
    expression = QgsExpression(attribute if index < 0 else f'"{attribute}"')
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    expression.prepare(context)
    engine = QgsGeometry.createGeometryEngine(area.constGet())
    engine.prepareGeometry()
    request = QgsFeatureRequest().setFilterRect(area.boundingBox())
    request.setSubsetOfAttributes(list(expression.referencedColumns()), layer.fields())
    attribute_values: set[str] = set()
    for feature in layer.getFeatures(request):
        context.setFeature(feature)
        value = _make_category_key(expression.evaluate(context))
        if value not in attribute_values and engine.intersects(feature.geometry().constGet()):
            attribute_values.add(value)
    return attribute_values


def _has_features_in_area(layer: QgsVectorLayer, area: QgsGeometry) -> bool:
    engine = QgsGeometry.createGeometryEngine(area.constGet())
    engine.prepareGeometry()
    request = QgsFeatureRequest().setFilterRect(area.boundingBox()).setNoAttributes()
    return any(engine.intersects(feature.geometry().constGet()) for feature in layer.getFeatures(request))


def fill_legend(legend: QgsLayoutItemLegend, item: QgsLayoutItemMap, entries: list[tuple[QgsVectorLayer, str]]) -> None:
    """Fill a legend with ``entries``, (layer, name) with the topmost first.

    Layers and classes that are not on the map ``item`` are left out.
    """
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
    filter_and_fit_legend(legend)


def filter_and_fit_legend(legend: QgsLayoutItemLegend, township: QgsGeometry | None = None, crs: object = None) -> None:
    """Hide classes that are not on the map, and fit the legend to its frame.

    The legend gets more columns first, then smaller text and symbols. For a page of an atlas, only classes in
    ``township`` are kept (geometry in ``crs``).
    """
    _hide_absent_entries(legend, township, crs)
    # QGIS sizes a legend only after it was painted once.
    QgsLayoutExporter(legend.layout()).renderRegionToImage(legend.sceneBoundingRect(), QSize(), _PROBE_DPI)
    if not isinstance(box := legend.layout().itemById(frame.LEGEND_FRAME_ITEM_ID), QgsLayoutItemShape):
        legend.adjustBoxSize()
        return
    size = _LegendSizes(legend)
    for columns, factor in [(c, f) for c in _COLUMN_COUNTS[:2] for f in _SIZE_FACTORS] + [
        (c, f) for f in _LAST_SIZE_FACTORS for c in _COLUMN_COUNTS
    ]:
        legend.setColumnCount(columns)
        size.apply_size_factor(factor)
        legend.adjustBoxSize()
        legend_size, available_size = legend.rect().size(), box.rect().size()
        # Letters are slightly wider at other resolutions.
        is_low = legend_size.height() <= 0.985 * available_size.height()
        if is_low and legend_size.width() <= 0.985 * available_size.width():
            return


def _hide_absent_entries(legend: QgsLayoutItemLegend, township: QgsGeometry | None, crs: object) -> None:
    """Hide classes and layers without features on the page.

    Entries that the user removed stay hidden.
    """
    if (item := legend.linkedMap()) is None:
        return
    area, styles = compute_page_area(item, township, crs), item.layerStyleOverrides()
    # QGIS would pass them to the legend only when it is painted: too late to filter its classes.
    legend.model().setLayerStyleOverrides(styles)
    for node in legend.model().rootGroup().findLayers():
        if not isinstance(layer := node.layer(), QgsVectorLayer):
            continue
        current_properties = [
            str(node.customProperty(key, default))
            for key, default in ((_ORDER_PROPERTY, _ALL_CLASSES), (_TITLE_STYLE_PROPERTY, ""))
        ]
        if current_properties != [node.customProperty(key, None) for key in _WRITTEN_PROPERTIES]:
            # Not the values after the last filter: new, or changed by the user.
            for key, value in zip(_ORIGINAL_PROPERTIES, current_properties, strict=True):
                node.setCustomProperty(key, value)
        first, style = (str(node.customProperty(key)) for key in _ORIGINAL_PROPERTIES)
        present_classes = _find_classes_in_area(layer, styles.get(layer.id(), ""), area, item.crs())
        order = first
        if present_classes is not None:
            allowed_classes = map(str, present_classes) if first == _ALL_CLASSES else first.split(",")
            present_names = [n for n in allowed_classes if n.isdigit() and int(n) in present_classes]
            order = ",".join(present_names) or _NO_CLASSES
        if order == _ALL_CLASSES:
            node.removeCustomProperty(_ORDER_PROPERTY)
        else:
            node.setCustomProperty(_ORDER_PROPERTY, order)
        node.setCustomProperty(_TITLE_STYLE_PROPERTY, "hidden" if present_classes == [] else style)
        for key, value in zip(
            _WRITTEN_PROPERTIES,
            (node.customProperty(_ORDER_PROPERTY, _ALL_CLASSES), node.customProperty(_TITLE_STYLE_PROPERTY)),
            strict=True,
        ):
            node.setCustomProperty(key, value)
        legend.model().refreshLayerLegend(node)


class _LegendSizes:
    """Original font and symbol sizes of a legend, from which each page is scaled."""

    _STYLES = (QgsLegendStyle.Style.Group, QgsLegendStyle.Style.Subgroup, QgsLegendStyle.Style.SymbolLabel)

    def __init__(self, legend: QgsLayoutItemLegend):
        self.legend = legend
        stored_sizes = legend.customProperty("sanxian/sizes", "")
        current_sizes = [
            legend.symbolWidth(),
            legend.symbolHeight(),
            *(legend.style(one).textFormat().size() for one in self._STYLES),
        ]
        self.full = [float(v) for v in str(stored_sizes).split()] or current_sizes
        legend.setCustomProperty("sanxian/sizes", " ".join(f"{v:.4f}" for v in self.full))

    def apply_size_factor(self, factor: float) -> None:
        width, height, *sizes = (v * factor for v in self.full)
        self.legend.setSymbolWidth(width)
        self.legend.setSymbolHeight(height)
        for component, size in zip(self._STYLES, sizes, strict=True):
            style = self.legend.style(component)
            text = style.textFormat()
            text.setSize(size)
            style.setTextFormat(text)
            self.legend.setStyle(component, style)

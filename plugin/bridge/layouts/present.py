# SPDX-License-Identifier: GPL-2.0-or-later
"""Which classes of a layer are on a page: asked of the features once, by their codes.

QGIS's own filter of a legend evaluates every class for every feature, twice for a page: 23 s each for 60 000 parcels.
"""

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
    QgsLayoutItemMap,
    QgsMapLayerStyle,
    QgsMergedFeatureRenderer,
    QgsProject,
    QgsVectorLayer,
)

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

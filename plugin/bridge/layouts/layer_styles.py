# SPDX-License-Identifier: GPL-2.0-or-later
"""How a layer looks on a map: the official symbols of its role with the map's changes, as a style the sheet keeps.

The layer itself is never changed: a style is read from a copy of it and locked into the map item, so that whatever the
planner does to the layer tree later, the sheet stays as it was made.
"""

from __future__ import annotations

import re

from qgis.core import (
    Qgis,
    QgsCategorizedSymbolRenderer,
    QgsExpressionContext,
    QgsExpressionContextScope,
    QgsFeatureRenderer,
    QgsFillSymbol,
    QgsFontUtils,
    QgsMapLayerStyle,
    QgsMergedFeatureRenderer,
    QgsPalLayerSettings,
    QgsProperty,
    QgsRendererCategory,
    QgsSimpleFillSymbolLayer,
    QgsSimpleLineSymbolLayer,
    QgsSingleSymbolRenderer,
    QgsSymbol,
    QgsSymbolLayer,
    QgsTextFormat,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor, QFont

from ...core.standard.map_set import LayerStyle, MapCatalogue, PageSize
from ..layers import styles
from ..layers.painting import FONTS
from .map_layers import MapLayers, Neighbours

#: Over townships that a page is not about.
_VEIL = QColor(255, 255, 255, 190)
_PLAIN = LayerStyle()
SPACES_ROLE = "SQKJ"
#: The code that precedes the name of a class.
_CODE = re.compile(r"^\d{2,6}\s+")
#: Default font size (points, A3) and colour of adjoining county names; grey, because they are not the map's subject.
_NEIGHBOUR_SIZE, _NEIGHBOUR_INK = 8.0, "#6B6760"
#: From a site to its name.
_BESIDE_MM = 1.2


def font_family() -> str:
    """The first Chinese font that this machine has; a last resort where it has none."""
    return next((name for name in FONTS if QgsFontUtils.fontFamilyOnSystem(name)), FONTS[-1])


def map_style(
    material: MapLayers,
    role: str,
    layer: QgsVectorLayer,
    look: LayerStyle | None,
    catalogue: MapCatalogue,
    sheet: PageSize,
    scale: float = 0.0,
    smaller: bool = False,
) -> str:
    """The XML of a style: official symbols, changed as the map wants; by township: see `veil_other_townships`.

    ``scale``: that of the map, 0 when not known: symbols made for other scales are left out, also from the legend.
    ``smaller``: symbols take the sheet's factor.
    """
    look = look or _PLAIN
    copy = layer.clone()
    # A layer that has no symbols of ours keeps those it has in the project.
    has_own = styles.has_own_style(role)
    if has_own:
        styles.apply_style(copy, role)
    if look.spaces:
        _as_spaces(copy, material, role)
    elif look.classes:
        _only(copy, look)
    elif look.fill:
        _plain(copy, look, sheet)
    if has_own:
        _drop_codes(copy)
    if look.opacity is not None:
        copy.setOpacity(look.opacity)
    if scale:
        copy.setRenderer(_at_scale(copy.renderer(), scale))
    smaller = smaller and not look.fixed
    if smaller:
        copy.renderer().setReferenceScale(scale * sheet.symbols)
    # A layer's labels follow its symbols: what those lose, these get first.
    _labels(copy, look, sheet, 1 / sheet.symbols if smaller else 1.0)
    if copy.featureCount() > catalogue.raster_above:
        copy.renderer().setForceRasterRender(True)
    return _xml(copy)


def neighbours_style(beside: Neighbours, own_code: str, look: LayerStyle, sheet: PageSize) -> str:
    """Return the style of adjoining counties as XML: outlines, and names of all counties except ``own_code``."""
    copy = beside.layer.clone()
    _plain(copy, LayerStyle(fill=look.fill or "#00FFFFFF", line=look.line), sheet)
    settings = QgsPalLayerSettings()
    settings.fieldName = f'CASE WHEN "{beside.code_field}" <> \'{own_code}\' THEN "{beside.name_field}" END'
    settings.isExpression = True
    settings.placement = Qgis.LabelPlacement.Horizontal
    # A page shows only part of each neighbour; place the name in the visible part.
    settings.centroidWhole = False
    settings.fitInPolygonOnly = False
    text = QgsTextFormat()
    text.setFont(QFont(font_family()))
    text.setSize((look.labels or _NEIGHBOUR_SIZE) * sheet.labels)
    text.setSizeUnit(Qgis.RenderUnit.Points)
    text.setColor(QColor(_NEIGHBOUR_INK))
    settings.setFormat(text)
    copy.setLabeling(QgsVectorLayerSimpleLabeling(settings))
    copy.setLabelsEnabled(True)
    return _xml(copy)


def has_classes(xml: str) -> bool:
    """Does a style show classes, each with a name of its own?"""
    return "<category " in xml


def veil_other_townships(xml: str, layer: QgsVectorLayer, code_field: str) -> str:
    """A style of the townships under which all but the page's own are pale."""
    copy = layer.clone()
    QgsMapLayerStyle(xml).writeToLayer(copy)
    others = f"coalesce(\"{code_field}\" <> attribute(@atlas_feature, '{code_field}'), false)"
    _cover(copy, _VEIL, others)
    return _xml(copy)


def mark_township(xml: str, layer: QgsVectorLayer, code_field: str) -> str:
    """A style of the townships that shows which one the page is about."""
    copy = layer.clone()
    QgsMapLayerStyle(xml).writeToLayer(copy)
    own = f"coalesce(\"{code_field}\" = attribute(@atlas_feature, '{code_field}'), false)"
    _cover(copy, QColor("#E0A526"), own)
    return _xml(copy)


def _cover(layer: QgsVectorLayer, color: QColor, when: str) -> None:
    renderer = layer.renderer().clone()
    if isinstance(renderer, QgsSingleSymbolRenderer):
        symbol = renderer.symbol().clone()
        cover = QgsSimpleFillSymbolLayer(color)
        cover.setStrokeStyle(Qt.PenStyle.NoPen)
        cover.setDataDefinedProperty(QgsSymbolLayer.Property.LayerEnabled, QgsProperty.fromExpression(when))
        # Below the outlines, above what lies under the layer.
        symbol.insertSymbolLayer(_first_line(symbol), cover)
        renderer.setSymbol(symbol)
        layer.setRenderer(renderer)


def _first_line(symbol: QgsSymbol) -> int:
    kinds = [isinstance(symbol.symbolLayer(n), QgsSimpleLineSymbolLayer) for n in range(symbol.symbolLayerCount())]
    return kinds.index(True) if True in kinds else len(kinds)


def _xml(layer: QgsVectorLayer) -> str:
    style = QgsMapLayerStyle()
    style.readFromLayer(layer)
    return style.xmlData()


def _categorized(layer: QgsVectorLayer) -> QgsCategorizedSymbolRenderer | None:
    renderer = layer.renderer()
    if isinstance(renderer, QgsMergedFeatureRenderer):
        renderer = renderer.embeddedRenderer()
    return renderer if isinstance(renderer, QgsCategorizedSymbolRenderer) else None


def _filled(color: str, line: str = "") -> QgsFillSymbol:
    described = {"color": color, "outline_color": line or color, "outline_width": "0.1"}
    return QgsFillSymbol.createSimple(described | ({} if line else {"outline_style": "no"}))


def _values(category: QgsRendererCategory) -> list:
    value = category.value()
    return value if isinstance(value, list) else [value]


def _drop_codes(layer: QgsVectorLayer) -> None:
    """Remove codes from class names for the legend: 耕地 instead of 01 耕地."""
    renderer = layer.renderer()
    inner = _categorized(layer)
    if inner is None:
        return
    inner = inner.clone()
    for n, category in enumerate(inner.categories()):
        inner.updateCategoryLabel(n, _CODE.sub("", category.label()))
    layer.setRenderer(QgsMergedFeatureRenderer(inner) if isinstance(renderer, QgsMergedFeatureRenderer) else inner)


def _only(layer: QgsVectorLayer, look: LayerStyle) -> None:
    """Some classes of land use, joined and calm; the codes stay those of the layer's own symbols."""
    renderer = _categorized(layer)
    if renderer is None:
        return
    by_code = {c.label().split(" ")[0]: _values(c) for c in renderer.categories()}
    made = []
    for name, fill, codes in look.classes:
        values = [value for code in codes for value in by_code.get(code, ())]
        if values:
            made.append(QgsRendererCategory(values, _filled(fill), name))
    layer.setRenderer(QgsCategorizedSymbolRenderer(renderer.classAttribute(), made))


def _as_spaces(layer: QgsVectorLayer, material: MapLayers, role: str) -> None:
    """三区 of the planning zones: the symbols of 三区空间, by the mapping of standard and profile."""
    from ...core.profile.space_map import UNMAPPED, space_map

    field = material.field(role, layer, "zone_code")
    if role == SPACES_ROLE or not field:
        return
    mapping = space_map(material.norm)
    scratch = layer.clone()
    styles.apply_style(scratch, SPACES_ROLE)
    looks = {str(v): c for c in _categorized(scratch).categories() for v in _values(c)}
    values: dict[str, list] = {}
    for value in sorted(layer.uniqueValues(layer.fields().lookupField(field)), key=str):
        code = mapping.space(str(value).strip()) if isinstance(value, str | int) else UNMAPPED
        values.setdefault(code, []).append(value if isinstance(value, str | int) else "")
    made = []
    for code in sorted(values):
        like = looks.get(code, looks.get(""))
        made.append(QgsRendererCategory(values[code], like.symbol().clone(), mapping.name(code)))
    layer.setRenderer(QgsMergedFeatureRenderer(QgsCategorizedSymbolRenderer(field, made)))


def _plain(layer: QgsVectorLayer, look: LayerStyle, sheet: PageSize) -> None:
    described = {"color": look.fill, "outline_color": look.line or "#555555"}
    described["outline_width"] = f"{0.2 * sheet.factor:.2f}"
    layer.setRenderer(QgsSingleSymbolRenderer(QgsFillSymbol.createSimple(described)))


def _at_scale(renderer: QgsFeatureRenderer, scale: float) -> QgsFeatureRenderer:
    """Parts of symbols that are switched by the map's scale, decided: the legend would show them all at once."""
    renderer = renderer.clone()
    inner = renderer
    if isinstance(renderer, QgsMergedFeatureRenderer):
        inner = renderer.embeddedRenderer().clone()
    if isinstance(inner, QgsSingleSymbolRenderer):
        inner.setSymbol(_symbol_at(inner.symbol(), scale))
    elif isinstance(inner, QgsCategorizedSymbolRenderer):
        for n, category in enumerate(inner.categories()):
            inner.updateCategorySymbol(n, _symbol_at(category.symbol(), scale))
    if inner is not renderer:
        renderer.setEmbeddedRenderer(inner)
    return renderer


def _symbol_at(symbol: QgsSymbol, scale: float) -> QgsSymbol:
    symbol = symbol.clone()
    scope = QgsExpressionContextScope()
    scope.setVariable("map_scale", scale)
    context = QgsExpressionContext()
    context.appendScope(scope)
    for n in reversed(range(symbol.symbolLayerCount())):
        layer = symbol.symbolLayer(n)
        switch = layer.dataDefinedProperties().property(QgsSymbolLayer.Property.LayerEnabled)
        if not switch.isActive() or "@map_scale" not in switch.asExpression() or switch.referencedFields(context):
            continue
        if switch.valueAsBool(context, True)[0]:
            layer.setDataDefinedProperty(QgsSymbolLayer.Property.LayerEnabled, QgsProperty())
        elif symbol.symbolLayerCount() > 1:
            symbol.deleteSymbolLayer(n)
    return symbol


def _labels(layer: QgsVectorLayer, look: LayerStyle, sheet: PageSize, factor: float) -> None:
    """Names in a Chinese font at a size for the page; at any scale, where the map says how large they are."""
    if look.labels == 0:
        layer.setLabelsEnabled(False)
    labeling = layer.labeling()
    if labeling is None or not layer.labelsEnabled() or not isinstance(labeling, QgsVectorLayerSimpleLabeling):
        return
    settings = labeling.settings()
    text = settings.format()
    font = QFont(text.font())
    font.setFamily(font_family())
    text.setFont(font)
    text.setSize((look.labels or text.size()) * sheet.labels * factor)
    buffer = text.buffer()
    buffer.setSize(buffer.size() * sheet.labels * factor)
    text.setBuffer(buffer)
    settings.setFormat(text)
    if look.labels:
        settings.scaleVisibility = False
        settings.placement = Qgis.LabelPlacement.AroundPoint if look.around else Qgis.LabelPlacement.Horizontal
        settings.dist = _BESIDE_MM if look.around else 0.0
        settings.distUnits = Qgis.RenderUnit.Millimeters
    layer.setLabeling(QgsVectorLayerSimpleLabeling(settings))

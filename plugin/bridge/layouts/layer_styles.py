# SPDX-License-Identifier: GPL-2.0-or-later
"""Layer styles of maps: the official symbols of a role, with the changes that a map's definition states.

The layer itself is never changed: a style is read from a copy of it and locked into the map item, so that later changes
of the layer tree do not affect the layout.
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

from ...core.standard.map_set import LayerStyle, MapSet, PageSize
from ..layers import styles
from ..layers.painting import FONT_FAMILIES
from .map_layers import MapLayers, NeighbourLayer

#: Covers townships that are not the page's subject, and marks the one that is.
COVER_COLOR, MARK_COLOR = QColor(255, 255, 255, 190), QColor("#E0A526")
THREE_ZONES_ROLE = "SQKJ"
#: The code that precedes the name of a class.
_LEADING_CODE_PATTERN = re.compile(r"^\d{2,6}\s+")
#: Default font size (points, A3) and colour of adjoining county names; grey, because they are not the map's subject.
_NEIGHBOUR_LABEL_PT, _NEIGHBOUR_LABEL_COLOR = 8.0, "#6B6760"
#: Distance from a site to its name.
_LABEL_DISTANCE_MM = 1.2


def choose_font_family() -> str:
    """Return the first available Chinese font family, else a default one."""
    return next((name for name in FONT_FAMILIES if QgsFontUtils.fontFamilyOnSystem(name)), FONT_FAMILIES[-1])


def make_text_format(size: float, color: str) -> QgsTextFormat:
    """Return the format of a Chinese text; ``size``: in points."""
    text = QgsTextFormat()
    text.setFont(QFont(choose_font_family()))
    text.setSize(size)
    text.setSizeUnit(Qgis.RenderUnit.Points)
    text.setColor(QColor(color))
    return text


def make_map_style(
    available_layers: MapLayers,
    role: str,
    layer: QgsVectorLayer,
    style: LayerStyle | None,
    catalogue: MapSet,
    page_size: PageSize,
    scale: float = 0.0,
    reduces_symbols: bool = False,
) -> str:
    """Return a layer's style for one map, as XML.

    The style has the official symbols of ``role``, with the changes that ``style`` defines. ``scale``: denominator of
    the map's scale, 0 if unknown; symbols for other scales are left out, also from the legend. ``reduces_symbols``:
    make symbols smaller by the factor of the page size.
    """
    style = style or LayerStyle()
    copy = layer.clone()
    # A layer without an official style keeps its symbols of the project.
    if has_own := styles.has_style_entry(role):
        styles.apply_role_style(copy, role)
    if style.spaces:
        _show_zones_as_three_zones(copy, available_layers, role)
    elif style.classes:
        _show_merged_land_use_classes(copy, style)
    elif style.fill:
        _set_plain_symbol(copy, style, page_size)
    if has_own:
        # Remove codes from class names for the legend: 耕地 instead of 01 耕地.
        renderer = copy.renderer()
        if (categorized_renderer := _find_categorized_renderer(copy)) is not None:
            categorized_renderer = categorized_renderer.clone()
            for n, category in enumerate(categorized_renderer.categories()):
                categorized_renderer.updateCategoryLabel(n, _LEADING_CODE_PATTERN.sub("", category.label()))
            copy.setRenderer(
                QgsMergedFeatureRenderer(categorized_renderer)
                if isinstance(renderer, QgsMergedFeatureRenderer)
                else categorized_renderer
            )
    if style.opacity is not None:
        copy.setOpacity(style.opacity)
    if scale:
        copy.setRenderer(_reduce_renderer_to_scale(copy.renderer(), scale))
    reduces_symbols = reduces_symbols and not style.fixed
    if reduces_symbols:
        copy.renderer().setReferenceScale(scale * page_size.symbols)
    # Labels shrink with the symbols; the inverse factor keeps their size.
    _set_labels(copy, style, page_size, 1 / page_size.symbols if reduces_symbols else 1.0)
    if copy.featureCount() > catalogue.raster_above:
        copy.renderer().setForceRasterRender(True)
    return _make_style_xml(copy)


def make_neighbours_style(neighbours: NeighbourLayer, county_code: str, style: LayerStyle, page_size: PageSize) -> str:
    """Return the style of adjoining counties as XML: outlines, and the names of all counties except ``county_code``."""
    copy = neighbours.layer.clone()
    _set_plain_symbol(copy, LayerStyle(fill=style.fill or "#00FFFFFF", line=style.line), page_size)
    settings = QgsPalLayerSettings()
    settings.fieldName = f'CASE WHEN "{neighbours.code_field}" <> \'{county_code}\' THEN "{neighbours.name_field}" END'
    settings.isExpression = True
    settings.placement = Qgis.LabelPlacement.Horizontal
    # A page shows only part of each neighbour; place the name in the visible part.
    settings.centroidWhole = False
    settings.fitInPolygonOnly = False
    size = (style.labels or _NEIGHBOUR_LABEL_PT) * page_size.labels
    settings.setFormat(make_text_format(size, _NEIGHBOUR_LABEL_COLOR))
    copy.setLabeling(QgsVectorLayerSimpleLabeling(settings))
    copy.setLabelsEnabled(True)
    return _make_style_xml(copy)


def fill_townships(xml: str, layer: QgsVectorLayer, code_field: str, comparison: str, color: QColor) -> str:
    """Return a style (XML) changed so that townships have another colour on an atlas page.

    ``comparison``: ``=`` for the township of the page, ``<>`` for all others.
    """
    layer = layer.clone()
    QgsMapLayerStyle(xml).writeToLayer(layer)
    condition = f"coalesce(\"{code_field}\" {comparison} attribute(@atlas_feature, '{code_field}'), false)"
    if isinstance(renderer := layer.renderer().clone(), QgsSingleSymbolRenderer):
        symbol = renderer.symbol().clone()
        cover_fill = QgsSimpleFillSymbolLayer(color)
        cover_fill.setStrokeStyle(Qt.PenStyle.NoPen)
        cover_fill.setDataDefinedProperty(QgsSymbolLayer.Property.LayerEnabled, QgsProperty.fromExpression(condition))
        # Below the outlines, above the layers underneath.
        symbol_layers = [symbol.symbolLayer(n) for n in range(symbol.symbolLayerCount())]
        lines = [n for n, one in enumerate(symbol_layers) if isinstance(one, QgsSimpleLineSymbolLayer)]
        symbol.insertSymbolLayer(lines[0] if lines else len(symbol_layers), cover_fill)
        renderer.setSymbol(symbol)
        layer.setRenderer(renderer)
    return _make_style_xml(layer)


def _make_style_xml(layer: QgsVectorLayer) -> str:
    style = QgsMapLayerStyle()
    style.readFromLayer(layer)
    return style.xmlData()


def _find_categorized_renderer(layer: QgsVectorLayer) -> QgsCategorizedSymbolRenderer | None:
    if isinstance(renderer := layer.renderer(), QgsMergedFeatureRenderer):
        renderer = renderer.embeddedRenderer()
    return renderer if isinstance(renderer, QgsCategorizedSymbolRenderer) else None


def list_category_codes(category: QgsRendererCategory) -> list:
    """Return the values of a category, which may have one value or a list."""
    value = category.value()
    return value if isinstance(value, list) else [value]


def _show_merged_land_use_classes(layer: QgsVectorLayer, style: LayerStyle) -> None:
    """Show only the land-use classes of the map's style, merged, in plain colours.

    Classes are matched by the codes of the official symbols.
    """
    renderer = _find_categorized_renderer(layer)
    if renderer is None:
        return
    by_code = {c.label().split(" ")[0]: list_category_codes(c) for c in renderer.categories()}
    class_categories = []
    for merged_class in style.classes:
        values = [value for code in merged_class.codes for value in by_code.get(code, ())]
        if values:
            symbol = QgsFillSymbol.createSimple({"color": merged_class.fill, "outline_style": "no"})
            class_categories.append(QgsRendererCategory(values, symbol, merged_class.name))
    layer.setRenderer(QgsCategorizedSymbolRenderer(renderer.classAttribute(), class_categories))


def _show_zones_as_three_zones(layer: QgsVectorLayer, available_layers: MapLayers, role: str) -> None:
    """Show planning zones with the symbols of the three zones (三区空间).

    Which zone belongs to which of the three is defined by standard and profile.
    """
    from ...core.standard.profile.space_map import UNMAPPED_ZONE_CODE, load_space_map

    field = available_layers.get_field_name(role, layer, "zone_code")
    if role == THREE_ZONES_ROLE or not field:
        return
    mapping = load_space_map(available_layers.norm)
    scratch = layer.clone()
    styles.apply_role_style(scratch, THREE_ZONES_ROLE)
    categories = {str(v): c for c in _find_categorized_renderer(scratch).categories() for v in list_category_codes(c)}
    values: dict[str, list] = {}
    for value in sorted(layer.uniqueValues(layer.fields().lookupField(field)), key=str):
        code = mapping.get_three_zone_code(str(value).strip()) if isinstance(value, str | int) else UNMAPPED_ZONE_CODE
        values.setdefault(code, []).append(value if isinstance(value, str | int) else "")
    default = categories.get("")
    zone_categories = [
        QgsRendererCategory(values[code], categories.get(code, default).symbol().clone(), mapping.name(code))
        for code in sorted(values)
    ]
    layer.setRenderer(QgsMergedFeatureRenderer(QgsCategorizedSymbolRenderer(field, zone_categories)))


def _set_plain_symbol(layer: QgsVectorLayer, style: LayerStyle, page_size: PageSize) -> None:
    colors = {"color": style.fill, "outline_color": style.line or "#555555"}
    symbol = QgsFillSymbol.createSimple({**colors, "outline_width": f"{0.2 * page_size.factor:.2f}"})
    layer.setRenderer(QgsSingleSymbolRenderer(symbol))


def _reduce_renderer_to_scale(renderer: QgsFeatureRenderer, scale: float) -> QgsFeatureRenderer:
    """Return a renderer without the parts of symbols that are for other scales.

    The legend would otherwise show the parts for all scales.
    """
    renderer = inner_renderer = renderer.clone()
    if isinstance(renderer, QgsMergedFeatureRenderer):
        inner_renderer = renderer.embeddedRenderer().clone()
    if isinstance(inner_renderer, QgsSingleSymbolRenderer):
        inner_renderer.setSymbol(_reduce_symbol_to_scale(inner_renderer.symbol(), scale))
    elif isinstance(inner_renderer, QgsCategorizedSymbolRenderer):
        for n, category in enumerate(inner_renderer.categories()):
            inner_renderer.updateCategorySymbol(n, _reduce_symbol_to_scale(category.symbol(), scale))
    if inner_renderer is not renderer:
        renderer.setEmbeddedRenderer(inner_renderer)
    return renderer


def _reduce_symbol_to_scale(symbol: QgsSymbol, scale: float) -> QgsSymbol:
    """Return a copy of a symbol without the symbol layers that are switched off at a scale (denominator)."""
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


def _set_labels(layer: QgsVectorLayer, style: LayerStyle, page_size: PageSize, factor: float) -> None:
    """Set labels with the names of features, in a Chinese font whose size suits the page.

    If the map's definition sets a font size, the labels are shown at any scale.
    """
    if style.labels == 0:
        layer.setLabelsEnabled(False)
    labeling = layer.labeling()
    if labeling is None or not layer.labelsEnabled() or not isinstance(labeling, QgsVectorLayerSimpleLabeling):
        return
    settings = labeling.settings()
    text = settings.format()
    font = QFont(text.font())
    font.setFamily(choose_font_family())
    text.setFont(font)
    text.setSize((style.labels or text.size()) * page_size.labels * factor)
    buffer = text.buffer()
    buffer.setSize(buffer.size() * page_size.labels * factor)
    text.setBuffer(buffer)
    settings.setFormat(text)
    if style.labels:
        settings.scaleVisibility = False
        settings.placement = Qgis.LabelPlacement.AroundPoint if style.around else Qgis.LabelPlacement.Horizontal
        settings.dist = _LABEL_DISTANCE_MM if style.around else 0.0
        settings.distUnits = Qgis.RenderUnit.Millimeters
    layer.setLabeling(QgsVectorLayerSimpleLabeling(settings))

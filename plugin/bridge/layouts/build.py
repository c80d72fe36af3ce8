# SPDX-License-Identifier: GPL-2.0-or-later
"""Layouts filled with a county's layers: extent, scale, styles, legend, locator."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsExpressionContextUtils,
    QgsLayoutItemLabel,
    QgsLayoutItemLegend,
    QgsLayoutItemMap,
    QgsLayoutItemScaleBar,
    QgsLayoutPoint,
    QgsLayoutSize,
    QgsPrintLayout,
    QgsReadWriteContext,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QRectF, Qt
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtXml import QDomDocument

from ...core.base.errors import DataError
from ...core.standard.map_set import MapSet, MapSpec, PageSize
from ...core.standard.profile.profile_data import DocumentInfo
from ...paths import LAYOUTS_FOLDER
from . import frame, layer_styles
from .legend import fill_legend
from .map_layers import (
    CENTRAL_AREA_ROLE,
    COUNTY_ROLE,
    TOWNSHIPS_CONCEPT,
    MapLayers,
    NamedPoint,
    has_features,
)

#: Font size in points, box height and width per character in mm, on A3.
_LABEL_FONT_PT, _LABEL_HEIGHT_MM, _CHARACTER_MM = 6.0, 3.2, 2.3
#: Graticule intervals in degrees, and the maximum number of lines across the locator.
_GRATICULE_STEPS_DEGREES, _MAX_LINES = (0.25, 0.5, 1.0, 2.0), 6
_METRES_PER_DEGREE = 111_000.0
#: Custom properties of a layout: its map, its page size, and whether it is by township.
MAP_PROPERTY, SHEET_PROPERTY, TOWNSHIPS_PROPERTY = "sanxian/map", "sanxian/sheet", "sanxian/townships"
#: Margin around 中心城区 and around a township, as a share of the map.
_AREA_MARGIN_SHARE = 0.04
#: Margin around the county on the locator.
_LOCATOR_MARGIN_SHARE = 0.06
#: The same if there are names of other counties near its edge.
_PLACE_NAMES_MARGIN_SHARE = 0.12
_MERIDIAN_PATTERN = re.compile(r"\+lon_0=([\d.]+)")
#: Layout variables of the document information (成果信息).
SECRECY_VARIABLE, APPROVAL_VARIABLE = "sanxian_secrecy", "sanxian_approval"


def _add_place_labels(
    layout: QgsPrintLayout, locator: QgsLayoutItemMap, places: Iterable[NamedPoint], page_size: PageSize
) -> None:
    """Add a label for each place to the locator map, in order.

    Labels that would overlap earlier ones are left out. The locator's extent must be set.
    """
    extent = locator.extent()
    grid = locator.grids().grid(0) if locator.grids().size() else None
    if grid is not None:
        degrees = extent.width() / _METRES_PER_DEGREE
        steps = _GRATICULE_STEPS_DEGREES
        interval = next((step for step in steps if degrees / step <= _MAX_LINES), steps[-1])
        grid.setIntervalX(interval)
        grid.setIntervalY(interval)
    occupied: list[QRectF] = []
    edge = QRectF(locator.pos().x(), locator.pos().y(), locator.rect().width(), locator.rect().height())
    for number, place in enumerate(places, start=1):
        width, height = (_CHARACTER_MM * len(place.name) + 1) * page_size.factor, _LABEL_HEIGHT_MM * page_size.factor
        x = edge.x() + (place.centre.x() - extent.xMinimum()) / extent.width() * edge.width()
        y = edge.y() + (extent.yMaximum() - place.centre.y()) / extent.height() * edge.height()
        box = QRectF(x - width / 2, y - height / 2, width, height)
        if not edge.contains(box) or any(box.intersects(other) for other in occupied):
            continue
        occupied.append(box)
        label = QgsLayoutItemLabel(layout)
        label.setId(f"locator_name_{number}")
        label.setText(place.name)
        size = _LABEL_FONT_PT * page_size.factor
        label.setTextFormat(layer_styles.make_text_format(size, frame.SECONDARY_TEXT_COLOUR))
        label.setHAlign(Qt.AlignmentFlag.AlignHCenter)
        label.setVAlign(Qt.AlignmentFlag.AlignVCenter)
        label.setMarginX(0.0)
        label.setMarginY(0.0)
        layout.addLayoutItem(label)
        label.attemptMove(QgsLayoutPoint(round(box.x(), 2), round(box.y(), 2), frame.MILLIMETRES))
        label.attemptResize(QgsLayoutSize(round(box.width(), 2), round(box.height(), 2), frame.MILLIMETRES))


def make_document_variables(info: DocumentInfo) -> dict[str, str]:
    """Return name of a layout variable → value of the document information (成果信息).

    Empty values remain empty, to be filled in by hand on the printed map.
    """
    return {
        SECRECY_VARIABLE: info.secrecy,
        "sanxian_maker": info.compiler,
        "sanxian_drawer": info.cartographer,
        "sanxian_date": info.date,
        APPROVAL_VARIABLE: info.printable_map_approval,
    }


class LayoutBuilder:
    """Builds the print layouts of one county's maps. Main thread only.

    Title blocks show its document information (成果信息).
    """

    def __init__(
        self,
        available_layers: MapLayers,
        catalogue: MapSet,
        document: DocumentInfo | None = None,
        folder: Path = LAYOUTS_FOLDER,
    ):
        self.available_layers, self.catalogue, self.folder = available_layers, catalogue, folder
        self.document = document or DocumentInfo()

    def build_layout(self, map_spec: MapSpec, page_size: PageSize, *, by_township: bool = False) -> QgsPrintLayout:
        """Return the layout of a map.

        With ``by_township``, the layout is an atlas with a page per township. The map must not lack input
        (`MapLayers.find_missing_input`). Raise DataError if the layout's .qpt is missing or has no item ``map``.
        """
        file = self.folder / f"{page_size.id}.qpt"
        document = QDomDocument()
        try:
            text = file.read_text(encoding="utf-8")
        except OSError as error:
            raise DataError("data_file_missing", file=str(file)) from error
        layout = QgsPrintLayout(self.available_layers.project)
        text = frame.adapt_fonts(text, layer_styles.choose_font_family())
        is_read, _reason, line, column = document.setContent(text)
        if not is_read:
            raise DataError("data_xml_broken", file=str(file), line=line, column=column)
        layout.loadFromTemplate(document, QgsReadWriteContext())
        if not isinstance(layout.itemById(frame.MAP_ITEM_ID), QgsLayoutItemMap):
            raise DataError("data_key_missing", file=str(file), key=f"id={frame.MAP_ITEM_ID}")
        title = f"{map_spec.short}（分乡镇）" if by_township else map_spec.title
        layout.setName(f"{map_spec.number:02d} {title} {page_size.id}")
        for key, value in (
            (MAP_PROPERTY, map_spec.id),
            (SHEET_PROPERTY, page_size.id),
            (TOWNSHIPS_PROPERTY, "1" if by_township else ""),
        ):
            layout.setCustomProperty(key, value)
        county = self.available_layers.county
        values = {
            "sanxian_plan": self.catalogue.plan.format(county=county.name),
            "sanxian_title": map_spec.title,
            "sanxian_short": map_spec.short,
            "sanxian_number": f"{map_spec.number:02d}",
            "sanxian_county": county.name,
            "sanxian_city": self.available_layers.find_city_name()
            if self._is_city_locator(map_spec, by_township)
            else "",
            "sanxian_crs": format_crs_for_map(self.available_layers.crs),
            "sanxian_note": self.catalogue.note,
            **make_document_variables(self.document),
        }
        QgsExpressionContextUtils.setLayoutVariables(layout, values)
        if by_township:
            self._set_up_atlas(layout)
        item = self._fill_map(layout, map_spec, page_size, by_township)
        self._fill_locator(layout, map_spec, page_size, by_township, item)
        frame.fit_labels(
            layout, page_size, names=[t.name for t in self.available_layers.townships] if by_township else []
        )
        if isinstance(bar := layout.itemById(frame.SCALE_BAR_ITEM_ID), QgsLayoutItemScaleBar):
            bar.setLinkedMap(item)
            if by_township:
                frame.bind_scale_bar_to_scale(bar, page_size)
            else:
                frame.fit_scale_bar(bar, item, page_size)
        if isinstance(legend := layout.itemById(frame.LEGEND_ITEM_ID), QgsLayoutItemLegend):
            entries: list[tuple[QgsVectorLayer, str]] = []
            for spec in map_spec.layers:
                role_and_layer = self.available_layers.find_drawn_role_and_layer(spec)
                if role_and_layer is not None and role_and_layer[1] not in [layer for layer, _ in entries]:
                    entries.append((role_and_layer[1], spec.name))
            styles = item.layerStyleOverrides()
            # Layers with one symbol come first: below the classes of another layer they would seem to be one of these.
            fill_legend(legend, item, sorted(entries, key=lambda entry: "<category " in styles[entry[0].id()]))
        return layout

    def _set_up_atlas(self, layout: QgsPrintLayout) -> None:
        role, layer = self.available_layers.find_role_and_layer((TOWNSHIPS_CONCEPT,))
        code, name = (self.available_layers.get_field_name(role, layer, m) for m in ("division_code", "division_name"))
        atlas = layout.atlas()
        atlas.setEnabled(True)
        atlas.setCoverageLayer(layer)
        atlas.setPageNameExpression(f'"{name}"')
        atlas.setSortFeatures(True)
        atlas.setSortExpression(f'"{code}"')
        # A township in several rows is one page.
        atlas.setFilterFeatures(True)
        atlas.setFilterExpression(f'"{code}" <> \'\' AND @id = minimum(@id, group_by:="{code}")')
        atlas.setHideCoverage(False)
        layout.renderContext().setPredefinedScales(self.catalogue.list_scales())

    # -- maps

    def _is_city_locator(self, map_spec: MapSpec, by_township: bool) -> bool:
        """Return True if the locator shows the county within its city.

        A township would be only a dot at that scale.
        """
        if map_spec.scope != "county" or by_township or self.available_layers.neighbours is not None:
            return False
        return bool(self.available_layers.sister_counties)

    def _make_neighbour_layers(
        self, layer_style: str, page_size: PageSize, drawn_layers: list[QgsVectorLayer]
    ) -> list[tuple[QgsVectorLayer, str]]:
        """Return (layer, style as XML) of adjoining counties, to be drawn below all other layers.

        An empty list if the project or the map set has no such layer.
        """
        neighbours, style_by_id = self.available_layers.neighbours, self.catalogue.style_by_id
        if neighbours is None or neighbours.layer in drawn_layers or layer_style not in style_by_id:
            return []
        county_code = self.available_layers.county.code
        xml = layer_styles.make_neighbours_style(neighbours, county_code, style_by_id[layer_style], page_size)
        return [(neighbours.layer, xml)]

    def _add_styled_layer(
        self,
        styled_layers: list[tuple[QgsVectorLayer, str]],
        role_and_layer: tuple[str, QgsVectorLayer] | None,
        style_id: str,
        page_size: PageSize,
        fill: tuple[str, QColor] | None,
        scale: float = 0.0,
        reduces_symbols: bool = False,
    ) -> None:
        """Append (layer, style as XML) of a layer that is not in the list yet.

        ``fill``: which townships have another colour on an atlas page (`layer_styles.fill_townships`); ``scale`` and
        ``reduces_symbols``: as of `layer_styles.make_map_style`.
        """
        if role_and_layer is None or role_and_layer[1] in [layer for layer, _ in styled_layers]:
            return
        role, layer = role_and_layer
        style = self.catalogue.style_by_id.get(style_id)
        xml = layer_styles.make_map_style(
            self.available_layers, role, layer, style, self.catalogue, page_size, scale, reduces_symbols
        )
        if fill is not None:
            code_field = self.available_layers.get_field_name(role, layer, "division_code")
            xml = layer_styles.fill_townships(xml, layer, code_field, *fill)
        styled_layers.append((layer, xml))

    def _fill_map(
        self, layout: QgsPrintLayout, map_spec: MapSpec, page_size: PageSize, by_township: bool
    ) -> QgsLayoutItemMap:
        """Set extent, scale, layers and styles of the main map, and return its item."""
        item = layout.itemById(frame.MAP_ITEM_ID)
        item.setCrs(self.available_layers.crs)
        # The extent is centred, at the largest round scale that contains it.
        item.setExtent(_enlarge_extent_to_item_shape(item, self.get_map_extent(map_spec), 1 / self.catalogue.fill))
        item.setScale(self.catalogue.find_round_scale(item.scale()))
        scale = item.scale()
        if by_township:
            # That of a township of medium size: all pages of an atlas then have the same symbols.
            townships = self.available_layers.find_role_and_layer((TOWNSHIPS_CONCEPT,))[1]
            boxes = [
                self.available_layers.transform_box_to_map_crs(townships, feature.geometry().boundingBox())
                for feature in townships.getFeatures()
            ]
            size = item.rect().size()
            scales = sorted(max(box.width() / size.width(), box.height() / size.height()) * 1000 for box in boxes)
            if scales:
                margins = 1 + 2 * _AREA_MARGIN_SHARE
                scale = self.catalogue.find_round_scale(scales[len(scales) // 2] * margins)
        smaller = map_spec.scope == "county" and not by_township
        styled_layers: list[tuple[QgsVectorLayer, str]] = []
        for spec in map_spec.layers:
            fill = ("<>", layer_styles.COVER_COLOR) if by_township and spec.of == (TOWNSHIPS_CONCEPT,) else None
            role_and_layer = self.available_layers.find_drawn_role_and_layer(spec)
            self._add_styled_layer(styled_layers, role_and_layer, spec.style, page_size, fill, scale, smaller)
        _lock_layers_and_styles(
            item,
            styled_layers + self._make_neighbour_layers("neighbours", page_size, [layer for layer, _ in styled_layers]),
        )
        if by_township:
            item.setAtlasDriven(True)
            item.setAtlasScalingMode(QgsLayoutItemMap.AtlasScalingMode.Predefined)
            item.setAtlasMargin(_AREA_MARGIN_SHARE)
        return item

    def get_map_extent(self, map_spec: MapSpec) -> QgsRectangle:
        """Return the extent of a map in the CRS of the maps: the county, or 中心城区."""
        if map_spec.scope == "county":
            return self.available_layers.compute_county_extent()
        centre = self.available_layers.find_role_and_layer((CENTRAL_AREA_ROLE,))
        if centre and has_features(centre[1]):
            return self.available_layers.compute_common_extent([centre[1]])
        specs = [spec for spec in map_spec.layers if not spec.underlay]
        drawn_layers = filter(None, map(self.available_layers.find_drawn_role_and_layer, specs))
        return self.available_layers.compute_common_extent([layer for _, layer in drawn_layers])

    def _fill_locator(
        self, layout: QgsPrintLayout, map_spec: MapSpec, page_size: PageSize, by_township: bool, item: QgsLayoutItemMap
    ) -> None:
        """Set extent, layers and place names of the locator map; ``item``: main map, whose frame it shows."""
        if not isinstance(locator := layout.itemById(frame.LOCATOR_ITEM_ID), QgsLayoutItemMap):
            return
        locator_layers: list[tuple[QgsVectorLayer, str]] = []
        in_city = self._is_city_locator(map_spec, by_township)
        for of in ((COUNTY_ROLE,), (TOWNSHIPS_CONCEPT,)):
            if in_city and locator_layers:
                break
            # With townships below it, the county is their outline.
            is_outline_only = of == (COUNTY_ROLE,) and bool(self.available_layers.townships) and not in_city
            style_id = "locator_outline" if is_outline_only else "locator"
            fill = ("=", layer_styles.MARK_COLOR) if by_township and of == (TOWNSHIPS_CONCEPT,) else None
            role_and_layer = self.available_layers.find_role_and_layer(of)
            self._add_styled_layer(locator_layers, role_and_layer, style_id, page_size, fill)
        locator.setCrs(self.available_layers.crs)
        county = self.available_layers.compute_county_extent()
        neighbour_layers = self._make_neighbour_layers(
            "locator_neighbours", page_size, [layer for layer, _ in locator_layers]
        )
        places = []
        if in_city:
            places = [NamedPoint(self.available_layers.county.name, county.center())]
            places += self.available_layers.sister_counties
        extent = self.available_layers.compute_locator_extent(county) if neighbour_layers else QgsRectangle(county)
        for place in places:
            extent.combineExtentWith(QgsRectangle(place.centre, place.centre))
        _lock_layers_and_styles(locator, locator_layers + neighbour_layers)
        locator.setExtent(
            _enlarge_extent_to_item_shape(
                locator, extent, 1 + 2 * (_PLACE_NAMES_MARGIN_SHARE if places else _LOCATOR_MARGIN_SHARE)
            )
        )
        _add_place_labels(layout, locator, places, page_size)
        overview = locator.overviews().overview(0) if locator.overviews().size() else None
        if overview is not None:
            # A frame around everything would have no meaning.
            overview.setEnabled(map_spec.scope != "county" or by_township)
            overview.setLinkedMap(item)


def _lock_layers_and_styles(item: QgsLayoutItemMap, styled: list[tuple[QgsVectorLayer, str]]) -> None:
    """Lock layers and styles in a map item.

    Later changes of the layer tree then do not affect the layout.
    """
    item.setFollowVisibilityPreset(False)
    item.setLayers([layer for layer, _ in styled])
    item.setKeepLayerSet(True)
    item.setLayerStyleOverrides({layer.id(): xml for layer, xml in styled})
    item.setKeepLayerStyles(True)


def _enlarge_extent_to_item_shape(item: QgsLayoutItemMap, extent: QgsRectangle, factor: float) -> QgsRectangle:
    """Return an extent enlarged ``factor`` and widened to the item's aspect ratio."""
    size = item.rect().size()
    width, height = max(extent.width(), 1.0) * factor, max(extent.height(), 1.0) * factor
    ratio = size.width() / size.height()
    width, height = max(width, height * ratio), max(height, width / ratio)
    x, y = extent.center().x(), extent.center().y()
    return QgsRectangle(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def format_crs_for_map(crs: QgsCoordinateReferenceSystem) -> str:
    """Return the name of a coordinate system for a map's margin, in Chinese."""
    name = "2000国家大地坐标系" if "CGCS2000" in crs.description() or "4490" in crs.authid() else crs.description()
    meridian = _MERIDIAN_PATTERN.search(crs.toProj())
    if crs.isGeographic() or not meridian:
        return name
    return f"{name}\n高斯—克吕格投影　中央经线{float(meridian[1]):g}°"

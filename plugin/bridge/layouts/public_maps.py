# SPDX-License-Identifier: GPL-2.0-or-later
"""Public edition of maps: no hidden layers, grids and coordinates, and legends that disclose nothing.

What a layout shows is searched item by item. An item that cannot be searched stops its map, rather than disclose
something.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsExpressionContextUtils,
    QgsLayerTree,
    QgsLayerTreeGroup,
    QgsLayerTreeLayer,
    QgsLayoutItem,
    QgsLayoutItemGroup,
    QgsLayoutItemLabel,
    QgsLayoutItemLegend,
    QgsLayoutItemMap,
    QgsLayoutItemPage,
    QgsLayoutItemPicture,
    QgsLayoutItemPolygon,
    QgsLayoutItemPolyline,
    QgsLayoutItemScaleBar,
    QgsLayoutItemShape,
    QgsLayoutObject,
    QgsLegendRenderer,
    QgsLegendStyle,
    QgsMapLayer,
    QgsPrintLayout,
    QgsVectorLayer,
)

from ...core.base.errors import InputError
from ...core.render.public_edition.edition import (
    CRS_TEXTS,
    GRIDS,
    HiddenKind,
    PublicEdition,
    RemovalRecord,
    load_public_edition,
    make_record_page,
    require_public_level,
)
from ...core.standard.map_set import MapSet, MapSpec, MissingMapReason
from ...core.standard.messages.texts import Message
from .build import LayoutBuilder
from .map_layers import MapLayers

if TYPE_CHECKING:
    from ...core.render.public_edition.redactor import Redactor


_TITLE_PROPERTY, _LABEL_PROPERTY = "legend/title-label", "legend/label-"
#: Items without texts and layers.
_PLAIN_ITEMS = (
    QgsLayoutItemPage,
    QgsLayoutItemGroup,
    QgsLayoutItemScaleBar,
    QgsLayoutItemShape,
    QgsLayoutItemPolygon,
    QgsLayoutItemPolyline,
)
#: Functions and variables that give coordinates or a CRS.
_COORDINATE_EXPRESSION = re.compile(
    r"\$x\b|\$y\b|\b[xyz](?:_min|_max|_at)?\s*\(|geom_to_wkt|geom_to_gml|\$geometry|map_extent|map_crs|map_proj"
    r"|project_crs|layer_crs|canvas_cursor|to_dms|to_dm\b|point_n|centroid|bounds",
    re.IGNORECASE,
)
#: Words of a CRS, also without its number: a label of a map has no other reason to show them.
_CRS_WORDS = re.compile(
    r"中央经线|中央子午线|高斯|CGCS|EPSG|国家大地坐标系|西安\s*80|北京\s*54|Gauss|central\s+meridian"
    r"|[36三六]\s?(?:度|°)\s?(?:分带|带)|带号|(?<![A-Za-z])TM\s?\d",
    re.IGNORECASE,
)
_LABEL_FIELD = re.compile(r'fieldName="([^"]*)"')
_LABELS_ON = re.compile(r'labelsEnabled="1"')
#: The plugin's picture of the north arrow.
_NORTH_ITEM_ID = "north"


def _remove_empty_groups(group: QgsLayerTreeGroup) -> None:
    for node in filter(QgsLayerTree.isGroup, group.children()):
        if node.findLayers():
            _remove_empty_groups(node)
        else:
            group.removeChildNode(node)


def _blank_group_texts(group: QgsLayerTreeGroup, is_leaking: Callable[[str], bool]) -> int:
    count = 0
    for node in group.children():
        if QgsLayerTree.isGroup(node):
            count += _blank_group_texts(node, is_leaking)
        for key in node.customProperties():
            if key.startswith(_LABEL_PROPERTY) and is_leaking(str(node.customProperty(key))):
                node.setCustomProperty(key, "")
                count += 1
        if is_leaking(node.name()) or is_leaking(str(node.customProperty(_TITLE_PROPERTY, "") or "")):
            if isinstance(node, QgsLayerTreeLayer):
                node.setUseLayerName(False)
                node.setCustomProperty("cached_name", "")
            node.setName("")
            node.removeCustomProperty(_TITLE_PROPERTY)
            QgsLegendRenderer.setNodeLegendStyle(node, QgsLegendStyle.Style.Hidden)
            count += 1
    return count


@dataclass(eq=False)
class NotPublic(Exception):
    """Raised for a map that has no public edition; ``reason``: why."""

    reason: MissingMapReason


@dataclass
class PublicMaps:
    """Makes the layouts of maps public, and records what it takes out of each map.

    ``all_layers``: the layers of the county with the hidden ones; ``records``: map → what was taken out of each of its
    layouts; ``notes``: messages on what could not be searched; ``refused_layers``: kind and name of the layers of maps
    that are not made.
    """

    edition: PublicEdition
    redactor: Redactor
    all_layers: MapLayers
    records: dict[str, tuple[MapSpec, list[RemovalRecord]]] = field(default_factory=dict)
    notes: list[Message] = field(default_factory=list)
    refused_layers: list[tuple[HiddenKind, str]] = field(default_factory=list)

    def explain_missing(self, map_spec: MapSpec, reason: MissingMapReason) -> MissingMapReason:
        """Return why a map is missing: hidden layers, if it could be made with them."""
        if self.all_layers.find_missing_input(map_spec) is not None:
            return reason
        hidden = list(self._list_hidden(map_spec))
        self.refused_layers += [(kind, layer.name()) for kind, layer in hidden]
        kinds = dict.fromkeys(kind.get_name(self.redactor.texts.lang) for kind, _ in hidden)
        return MissingMapReason("public_layers", {"kinds": "、".join(kinds)})

    def _list_hidden(self, map_spec: MapSpec) -> Iterator[tuple[HiddenKind, QgsVectorLayer]]:
        """Yield kind and layer of the hidden layers that a map would show."""
        for spec in map_spec.layers:
            found = self.all_layers.find_drawn_role_and_layer(spec)
            if found and (kind := self.edition.find_kind(found[0], found[1].name())):
                yield kind, found[1]

    def find_kind(self, layer: QgsMapLayer) -> HiddenKind | None:
        """Return the kind of a hidden layer of the project; None for another layer."""
        return self.edition.find_kind(self._find_role(layer), layer.name())

    def _find_role(self, layer: QgsMapLayer) -> str:
        return next((role for role, one in self.all_layers.roles.items() if one.id() == layer.id()), "")

    def make_public(self, layout: QgsPrintLayout, map_spec: MapSpec, builder: LayoutBuilder, *, is_saved: bool) -> None:
        """Take hidden layers, grids, and texts with coordinates out of a layout.

        ``is_saved``: a copy of a layout of the project, which may show anything. Raise NotPublic for a layout that
        cannot be searched.
        """
        record = RemovalRecord()
        self.records.setdefault(map_spec.id, (map_spec, []))[1].append(record)
        for kind, layer in self._list_hidden(map_spec):
            record.add_layer(kind, layer.name())
        if CRS_TEXTS in self.edition.elements:
            record.count("crs_texts")
            QgsExpressionContextUtils.setLayoutVariable(
                layout, "sanxian_crs", self.redactor.texts.get("public", "map_crs")
            )
        pictures = 0
        for item in layout.items():
            if not isinstance(item, QgsLayoutItem) or isinstance(item, _PLAIN_ITEMS):
                continue
            if isinstance(item, QgsLayoutItemMap):
                self._make_map_public(item, layout, builder, record, is_saved)
            elif isinstance(item, QgsLayoutItemLegend):
                self._make_legend_public(item, builder, record, is_saved)
            elif isinstance(item, QgsLayoutItemPicture):
                pictures += item.id() != _NORTH_ITEM_ID
            elif not isinstance(item, QgsLayoutItemLabel):
                name = item.id() or item.displayName()
                raise NotPublic(MissingMapReason("public_item", {"layout": layout.name(), "item": name}))
        if pictures:
            self.notes.append(Message("maps", "public_pictures", {"layout": layout.name(), "count": pictures}))
        self.blank_labels(layout, map_spec)

    def _make_legend_public(
        self, item: QgsLayoutItemLegend, builder: LayoutBuilder, record: RemovalRecord, is_saved: bool
    ) -> None:
        """Remove hidden layers from a legend, and groups without layers; blank texts that disclose something."""
        item.setAutoUpdateModel(False)
        root = item.model().rootGroup()
        for node in root.findLayers():
            layer = node.layer()
            is_hidden = layer is None or self.find_kind(layer) is not None
            if is_hidden or (is_saved and not self._is_plan_layer(layer, builder)):
                node.parent().removeChildNode(node)
        _remove_empty_groups(root)
        record.count("labels", _blank_group_texts(root, self._is_leaking))
        if self._is_leaking(item.title()):
            item.setTitle("")
            record.count("labels")

    def blank_labels(self, layout: QgsPrintLayout, map_spec: MapSpec) -> None:
        """Blank the labels of a page that show coordinates, a CRS or a hidden layer."""
        record = self.records[map_spec.id][1][-1]
        for item in layout.items():
            if (
                isinstance(item, QgsLayoutItemLabel)
                and item.text()
                and (_COORDINATE_EXPRESSION.search(item.text()) or self._is_leaking(item.currentText()))
            ):
                item.setText("")
                record.count("labels")

    def _is_leaking(self, text: str) -> bool:
        """Return True for a text that shows coordinates, a CRS, a hidden layer or a path, or an expression for them."""
        shows_crs = CRS_TEXTS in self.edition.elements and _CRS_WORDS.search(text) is not None
        has_expression = "[%" in text and _COORDINATE_EXPRESSION.search(text) is not None
        return shows_crs or has_expression or bool(self.redactor.find_leaks(text))

    def _make_map_public(
        self,
        item: QgsLayoutItemMap,
        layout: QgsPrintLayout,
        builder: LayoutBuilder,
        record: RemovalRecord,
        is_saved: bool,
    ) -> None:
        """Take hidden layers, grids, annotations and labels of hidden fields out of a map item."""
        names = {"layout": layout.name(), "item": item.id() or item.displayName()}
        properties = item.dataDefinedProperties()
        chosen_by_expression = any(
            properties.isActive(key)
            for key in (
                QgsLayoutObject.DataDefinedProperty.MapLayers,
                QgsLayoutObject.DataDefinedProperty.MapStylePreset,
            )
        )
        if item.followVisibilityPreset() or not item.keepLayerSet() or not item.layers() or chosen_by_expression:
            raise NotPublic(MissingMapReason("public_not_locked", names))
        if GRIDS in self.edition.elements:
            for grid in item.grids().asList():
                record.count("grids", int(grid.enabled()))
                item.grids().removeGrid(grid.id())
        item.setDrawAnnotations(False)
        shown, styles = [], item.layerStyleOverrides()
        for layer in item.layers():
            if (kind := self.find_kind(layer)) is not None:
                record.add_layer(kind, layer.name())
                styles.pop(layer.id(), None)
                continue
            if is_saved and not self._is_plan_layer(layer, builder):
                params = {"layout": layout.name(), "layer": layer.name()}
                raise NotPublic(MissingMapReason("public_unknown_layer", params))
            shown.append(layer)
            style = styles.get(layer.id()) or layer.styleManager().style(layer.styleManager().currentStyle()).xmlData()
            fields = [unescape(one) for one in _LABEL_FIELD.findall(style)] if _LABELS_ON.search(style) else []
            role, names = self._find_role(layer), [one.name() for one in layer.fields()]
            template = self.all_layers.norm.standard.templates.get(role)
            typed = [one for one in fields if role and self.edition.shows_typed_text(one, names, template)]
            if typed or any(
                self.edition.shows_hidden_field(one) or _COORDINATE_EXPRESSION.search(one) for one in fields
            ):
                record.count("labels", int(not typed))
                for one in typed:
                    record.count_texts(one.strip('"'), layer.featureCount())
                styles[layer.id()] = _LABELS_ON.sub('labelsEnabled="0"', style)
        item.setLayers(shown)
        item.setKeepLayerStyles(True)
        item.setLayerStyleOverrides(styles)

    def _is_plan_layer(self, layer: QgsMapLayer, builder: LayoutBuilder) -> bool:
        """Return True for a layer with a role, and for the layer of adjoining counties."""
        neighbours = builder.available_layers.neighbours
        return bool(self._find_role(layer)) or (neighbours is not None and neighbours.layer.id() == layer.id())

    def find_scale_problem(self, layout: QgsPrintLayout) -> MissingMapReason | None:
        """Return the reason if a page has a larger scale than public maps may have, else None."""
        limit = self.edition.largest_scale
        scales = [item.scale() for item in layout.items() if isinstance(item, QgsLayoutItemMap)]
        if not limit or min(scales, default=limit) >= limit:
            return None
        return MissingMapReason("public_scale", {"scale": f"{min(scales):.0f}", "limit": f"{limit:.0f}"})

    @property
    def record(self) -> RemovalRecord:
        """Return what was taken out of all maps together; a layer counts once."""
        total = RemovalRecord()
        for _, records in self.records.values():
            total.add(_merge_records(records))
        for kind, name in self.refused_layers:
            total.add_layer(kind, name)
        return total

    def write_record_page(self, path: Path, county: str) -> None:
        """Write the page that lists what was taken out of each map."""
        from ...core.render.document.blocks import DocumentCell, DocumentColumn, DocumentTable

        texts = self.redactor.texts
        columns = tuple(
            DocumentColumn(texts.get("public", key), share, align)
            for key, share, align in (
                ("map", 40, "left"),
                ("map_layers", 30, "left"),
                ("map_grids", 12, "right"),
                ("map_texts", 18, "right"),
            )
        )
        rows = [
            (
                DocumentCell(f"{spec.number:02d} {spec.title}"),
                DocumentCell(
                    texts.join_parts(
                        f"{kind.get_name(texts.lang)} {len(names)}" for kind, names in record.layer_names.items()
                    )
                    or "—"
                ),
                DocumentCell(str(record.counts["grids"])),
                DocumentCell(str(record.counts["crs_texts"] + record.counts["labels"])),
            )
            for spec, records in self.records.values()
            for record in [_merge_records(records)]
        ]
        blocks = [*self.record.make_blocks(self.edition, texts), DocumentTable(columns, tuple(rows))]
        path.write_text(make_record_page(f"{county}{texts.get('public', 'maps_title')}", blocks, texts.lang), "utf-8")


def _merge_records(records: list[RemovalRecord]) -> RemovalRecord:
    """Return what was taken out of a map: its page and its pages by township lack the same."""
    merged = RemovalRecord()
    for record in records:
        merged.merge(record)
    return merged


def make_public_builder(builder: LayoutBuilder, lang: str) -> tuple[LayoutBuilder, PublicMaps]:
    """Return a builder of public layouts, which lacks the hidden layers, and what makes its layouts public.

    Names of public files differ, so that they do not replace the internal maps. Raise InputError for a
    level of secrecy that is not public, and DataError for an invalid list.
    """
    from ...core.render.public_edition.coordinates import make_finder_of_extent
    from ...core.render.public_edition.redactor import Redactor

    require_public_level(builder.document.secrecy)
    layers, edition = builder.available_layers, load_public_edition(builder.available_layers.norm)
    hidden = [layer.name() for role, layer in layers.roles.items() if edition.find_kind(role, layer.name())]
    known = [layers.crs, layers.project.crs(), *(layer.crs() for layer in layers.roles.values())]
    crs_labels = {text for crs in known if crs.isValid() for text in (crs.authid(), crs.description()) if text}
    extent = layers.compute_county_extent()
    transform = QgsCoordinateTransform(layers.crs, QgsCoordinateReferenceSystem("EPSG:4490"), layers.project)
    degrees = transform.transformBoundingBox(extent)
    redactor = Redactor(
        edition,
        make_finder_of_extent(
            (extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()),
            (degrees.xMinimum(), degrees.yMinimum(), degrees.xMaximum(), degrees.yMaximum()),
        ),
        lang,
        hidden,
        crs_labels=crs_labels,
    )
    public_roles = {role: one for role, one in layers.roles.items() if not edition.find_kind(role, one.name())}
    public_layers = replace(layers, roles=public_roles, known_county=layers.county)
    texts = redactor.texts
    catalogue: MapSet = replace(
        builder.catalogue,
        note=f"{builder.catalogue.note}\n{texts.get('public', 'map_note')}",
        file_name=builder.catalogue.file_name + texts.get("public", "map_suffix"),
    )
    public_builder = LayoutBuilder(public_layers, catalogue, builder.document, builder.folder)
    return public_builder, PublicMaps(edition, redactor, layers)


def require_no_world_file(writes_world_file: bool) -> None:
    """Raise InputError if a public export would write world files."""
    if writes_world_file:
        raise InputError("public_world_file")

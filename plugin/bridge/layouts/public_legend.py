# SPDX-License-Identifier: GPL-2.0-or-later
"""Legends of public maps: without hidden layers, empty groups, and texts that disclose something."""

from __future__ import annotations

from collections.abc import Callable

from qgis.core import (
    QgsLayerTree,
    QgsLayerTreeGroup,
    QgsLayerTreeLayer,
    QgsLayerTreeNode,
    QgsLayoutItemLegend,
    QgsLegendRenderer,
    QgsLegendStyle,
    QgsMapLayer,
)

_TITLE_PROPERTY, _LABEL_PROPERTY = "legend/title-label", "legend/label-"


def keep_legend_layers(legend: QgsLayoutItemLegend, is_shown: Callable[[QgsMapLayer], bool]) -> None:
    """Remove all other layers from a legend, and groups without layers: their headings may name what is hidden."""
    legend.setAutoUpdateModel(False)
    root = legend.model().rootGroup()
    for node in root.findLayers():
        if node.layer() is None or not is_shown(node.layer()):
            node.parent().removeChildNode(node)
    _remove_empty_groups(root)


def _remove_empty_groups(group: QgsLayerTreeGroup) -> None:
    for node in group.children():
        if not QgsLayerTree.isGroup(node):
            continue
        if node.findLayers():
            _remove_empty_groups(node)
        else:
            group.removeChildNode(node)


def blank_legend_texts(legend: QgsLayoutItemLegend, is_leaking: Callable[[str], bool]) -> int:
    """Blank the title, headings and labels of a legend that disclose something; return their number."""
    count = _blank_group_texts(legend.model().rootGroup(), is_leaking)
    if is_leaking(legend.title()):
        legend.setTitle("")
        count += 1
    return count


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
            _blank_heading(node)
            count += 1
    return count


def _blank_heading(node: QgsLayerTreeNode) -> None:
    """Blank the heading of a group or a layer; the classes of the layer remain, and the layer keeps its name."""
    if isinstance(node, QgsLayerTreeLayer):
        node.setUseLayerName(False)
        node.setCustomProperty("cached_name", "")
    node.setName("")
    node.removeCustomProperty(_TITLE_PROPERTY)
    QgsLegendRenderer.setNodeLegendStyle(node, QgsLegendStyle.Style.Hidden)

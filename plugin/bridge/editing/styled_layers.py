# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers of a new database in the project: role, symbols, form, place in the tree.

The wizard and the tool `create_layers` both use this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import QgsLayerTreeLayer, QgsProject, QgsProviderRegistry, QgsVectorLayer

from ...core.standard.layer_tree import find_branch, list_branches
from ..layers import styles
from ..layers.properties import get_assigned_role, set_assigned_role
from . import attribute_forms
from .feature_numbers import COUNTY_CODE_PROPERTY

if TYPE_CHECKING:
    from ...core.standard import Standard
    from ...core.standard.profile import Norm

#: A longer legend is collapsed, as classes of land use are many.
_MAX_OPEN_LEGEND_ENTRIES = 6


def find_sources_by_layer_name(database: Path) -> dict[str, str]:
    """Return layer name → data source (URI) for all layers in a database."""
    details = QgsProviderRegistry.instance().providerMetadata("ogr").querySublayers(str(database))
    return {one.name(): one.uri() for one in details}


def make_vector_layer(source: str, name: str, project: QgsProject) -> QgsVectorLayer:
    """Return a vector layer for a data source, with a name."""
    options = QgsVectorLayer.LayerOptions(project.transformContext())
    options.loadDefaultStyle = False
    return QgsVectorLayer(source, name, "ogr", options)


def set_up_layer(layer: QgsVectorLayer, role: str, norm: Norm, county_code: str, county_name: str) -> None:
    """Set name, role, symbols, form, constraints and default values of a layer.

    ``role``: code of the plan layer; ``county_code``, ``county_name``: stored in the layer.
    """
    template = attribute_forms.find_matching_template(layer, role, norm.standard) or norm.standard.templates[role]
    layer.setName(template.name)
    set_assigned_role(layer, role)
    styles.apply_role_style(layer, role)
    layer.setCustomProperty(COUNTY_CODE_PROPERTY, county_code)
    layer.setCustomProperty(attribute_forms.COUNTY_NAME_PROPERTY, county_name)
    attribute_forms.apply_template_form(layer, template, norm)


def place_layer_in_tree(
    project: QgsProject,
    layer: QgsVectorLayer,
    role: str,
    standard: Standard,
    role_by_layer_id: Mapping[str, str] | None = None,
) -> QgsLayerTreeLayer:
    """Place a layer in the standard's layer tree, or move its existing node there; return the node.

    ``role``: code of the plan layer; ``role_by_layer_id``: layer id → role, for layers without a role property.
    """
    root, branch = project.layerTreeRoot(), find_branch(role, standard)
    former_node = root.findLayer(layer.id())
    group = root.findGroup(branch.name)
    if group is None:
        # A new group is placed below those of earlier branches, else on top.
        branch_names = [b.name for b in list_branches(standard)]
        names_above = branch_names[: branch_names.index(branch.name)]
        places = [n for n, child in enumerate(root.children()) if child.name() in names_above]
        group = root.insertGroup(places[-1] + 1 if places else 0, branch.name)
    order = {r: n for n, r in enumerate(branch.roles + branch.roles_of_other_editions)}
    later = (
        n
        for n, child in enumerate(group.children())
        if order.get(_find_role(child, role_by_layer_id or {}), -1) > order[role]
    )
    node = QgsLayerTreeLayer(layer)
    # The new node first: a layer without a node would be removed from the project.
    group.insertChildNode(next(later, len(group.children())), node)
    if former_node is not None:
        former_node.parent().removeChildNode(former_node)
    node.setItemVisibilityChecked(branch.is_shown)
    node.setExpanded(
        layer.renderer() is not None and len(layer.renderer().legendSymbolItems()) <= _MAX_OPEN_LEGEND_ENTRIES
    )
    return node


def get_position_by_role(standard: Standard) -> dict[str, int]:
    """Return role → position in the standard's layer tree, counted from the top."""
    roles = dict.fromkeys(role for one in list_branches(standard) for role in one.roles + one.roles_of_other_editions)
    return {role: n for n, role in enumerate(roles)}


def arrange_layers(project: QgsProject, layer_id_by_role: Mapping[str, str], standard: Standard) -> list[str]:
    """Move layers to the groups of the standard's layer tree; return their names.

    ``layer_id_by_role``: role → layer id. Moved layers stay visible or hidden. Groups that become empty are removed.
    """
    by_id, arranged_layer_names = {layer_id: role for role, layer_id in layer_id_by_role.items()}, []
    order = get_position_by_role(standard)
    for role in sorted(layer_id_by_role.keys() & order.keys(), key=order.__getitem__):
        layer, node = (
            project.mapLayer(layer_id_by_role[role]),
            project.layerTreeRoot().findLayer(layer_id_by_role[role]),
        )
        if not isinstance(layer, QgsVectorLayer) or node is None:
            continue
        group, is_visible = node.parent(), node.itemVisibilityChecked()
        place_layer_in_tree(project, layer, role, standard, by_id).setItemVisibilityChecked(is_visible)
        while group.parent() is not None and not group.children():
            group, empty = group.parent(), group
            group.removeChildNode(empty)
        arranged_layer_names.append(layer.name())
    return arranged_layer_names


def _find_role(node: object, role_by_layer_id: Mapping[str, str]) -> str:
    layer = node.layer() if isinstance(node, QgsLayerTreeLayer) else None
    return get_assigned_role(layer) or role_by_layer_id.get(layer.id(), "") if isinstance(layer, QgsVectorLayer) else ""

# SPDX-License-Identifier: GPL-2.0-or-later
"""Choice of the layers to check if several databases contain the same plan layers.

A project has several such databases, for example, after a VCT file was imported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import QgsProject, QgsVectorLayer

from . import role_recognition
from .properties import IMPORTED_PROPERTY, get_file_path
from .role_recognition import EXCLUDED_PROPERTY

if TYPE_CHECKING:
    from ...core.checks.check import RunOptions

#: Database formats with many layers per file; layers of other formats are grouped by folder.
_DATABASE_SUFFIXES = (".gpkg", ".gdb", ".sqlite", ".db", ".mdb")

#: Key of the group of all layers in memory, which have no file.
_MEMORY_KEY = "memory"


@dataclass(frozen=True)
class LayerGroup:
    """The plan layers of one database or folder; another group may have the same plan layers.

    ``name``: name of the layer tree group that contains all of the layers, else empty; ``source_path``: path of the
    database or folder, empty for layers in memory; ``roles``: codes of the recognised plan layers;
    ``repeated_roles``: those roles that another group also has; ``is_imported``: the layers come from a VCT file.
    """

    name: str
    source_path: str
    layer_ids: tuple[str, ...]
    roles: frozenset[str]
    repeated_roles: frozenset[str]
    is_imported: bool


def find_conflicting_groups(project: QgsProject, options: RunOptions) -> list[LayerGroup]:
    """Return the layer groups that have a role (code of a plan layer) in common with another group.

    Groups imported from VCT come last. Empty without conflicts. A role that the user assigned to one layer is not a
    conflict. Call on the main thread; the geometry libraries are loaded only if there is more than one group.
    """
    groups: dict[str, list[QgsVectorLayer]] = {}
    for layer in role_recognition.list_plan_layers(project):
        groups.setdefault(_make_group_key(layer), []).append(layer)
    if len(groups) < 2:
        return []
    roles_of = {key: _find_roles(layers, options) for key, layers in groups.items()}
    chosen = {role: project.mapLayer(layer_id) for role, layer_id in options.get_role_choices().items()}
    assigned = {role for role, layer in chosen.items() if layer is not None and not _was_imported_from_vct(layer)}
    claims = Counter(role for roles in roles_of.values() for role in roles - assigned)
    repeated_roles = {role for role, count in claims.items() if count > 1}
    conflicting_groups = [
        LayerGroup(
            _find_group_name(project, layers),
            "" if key == _MEMORY_KEY else Path(key).name,
            tuple(layer.id() for layer in layers),
            roles_of[key],
            frozenset(roles_of[key] & repeated_roles),
            any(_was_imported_from_vct(layer) for layer in layers),
        )
        for key, layers in groups.items()
        if roles_of[key] & repeated_roles
    ]
    return sorted(conflicting_groups, key=lambda group: (group.is_imported, -len(group.repeated_roles), group.name))


def exclude_other_groups(project: QgsProject, chosen: LayerGroup, groups: Iterable[LayerGroup]) -> None:
    """Exclude from checks the groups that repeat a role of the chosen group.

    They remain excluded while the chosen group is in the project.
    """
    for group in groups:
        if group != chosen and group.repeated_roles & chosen.repeated_roles:
            for layer_id in group.layer_ids:
                layer = project.mapLayer(layer_id)
                if layer is not None:
                    layer.setCustomProperty(EXCLUDED_PROPERTY, list(chosen.layer_ids))
    project.setDirty(True)


def find_excluded_layers(project: QgsProject) -> list[QgsVectorLayer]:
    """Return the layers that are excluded from checks."""
    layers = project.mapLayers().values()
    return [v for v in layers if isinstance(v, QgsVectorLayer) and v.customProperty(EXCLUDED_PROPERTY)]


def include_excluded_layers(project: QgsProject, *, only_orphans: bool = False) -> list[QgsVectorLayer]:
    """Include excluded layers in checks again and return them.

    ``only_orphans``: only layers whose chosen group is no longer in the project.
    """
    released = []
    for layer in find_excluded_layers(project):
        chosen_layer_ids = layer.customProperty(EXCLUDED_PROPERTY)
        is_group_present = any(project.mapLayer(layer_id) is not None for layer_id in chosen_layer_ids)
        if not (only_orphans and is_group_present):
            layer.removeCustomProperty(EXCLUDED_PROPERTY)
            released.append(layer)
    return released


def _make_group_key(layer: QgsVectorLayer) -> str:
    """Return the path of the database or folder by which layers are grouped; one key for all layers in memory."""
    path = get_file_path(layer)
    if layer.providerType() != "ogr":
        # Memory layers form one group; layers on a server are grouped by their source.
        return _MEMORY_KEY if layer.providerType() == "memory" else path
    return path if Path(path).suffix.lower() in _DATABASE_SUFFIXES else str(Path(path).parent)


def _find_roles(layers: list[QgsVectorLayer], options: RunOptions) -> frozenset[str]:
    """Return the roles (codes of plan layers) of the recognised ones among the layers."""
    recognised_roles = (role_recognition.recognise_role(layer, options) for layer in layers)
    return frozenset(role for role in recognised_roles if role)


def _was_imported_from_vct(layer: QgsVectorLayer) -> bool:
    """Return True for a layer that the tool import_vct has made."""
    return bool(layer.customProperty(IMPORTED_PROPERTY))


def _find_group_name(project: QgsProject, layers: list[QgsVectorLayer]) -> str:
    """Return the name of the layer tree group that contains all the layers.

    Empty without such a group.
    """
    root = project.layerTreeRoot()
    nodes = [root.findLayer(layer.id()) for layer in layers]
    parents = {node.parent() for node in nodes if node is not None}
    return parents.pop().name() if len(parents) == 1 and root not in parents else ""

# SPDX-License-Identifier: GPL-2.0-or-later
"""Recognition of plan layers in the project, by names and fields, and choice among repeated ones.

A role is the code of a plan layer in the standard, such as CZKFBJ. Roles that the user chose are stored in the
layers.

A project has several databases with the same layers, for example, after a VCT file was imported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from qgis.core import QgsProject, QgsVectorLayer

from ...core.base.errors import InputError, SanxianError
from ...core.model.rule import EVERY_LAYER, LayerNeed
from .properties import IMPORTED_PROPERTY, get_assigned_role, get_file_path, get_layer_name, set_assigned_role

if TYPE_CHECKING:
    from ...core.checks.check import RunOptions
    from ...core.plan.layer import SourceLayer
    from ...core.standard.profile import Norm


#: The layer of findings in the project: a result, never an input.
FINDINGS_PROPERTY = "sanxian/findings"
#: Layers for viewing only: those of an inspected package, with their name in the package in capitals.
SHOWN_PACKAGE_PROPERTY = "sanxian/shown"
#: Property of layers excluded from checks because another group was chosen: ids of the layers of that group.
EXCLUDED_PROPERTY = "sanxian/aside"
#: Fields of a findings layer, which no plan layer has.
_FINDING_FIELDS = {"code", "severity", "role", "geom_kind"}
#: Database formats with many layers per file; layers of other formats are grouped by folder.
_DATABASE_SUFFIXES = (".gpkg", ".gdb", ".sqlite", ".db", ".mdb")
#: Key of the group of all layers in memory, which have no file.
_MEMORY_KEY = "memory"


class FieldName(NamedTuple):
    """The name of a field as an object with the attribute ``name``, as recognition requires fields."""

    name: str


@dataclass(frozen=True)
class LayerSchema:
    """Properties of a layer by which its role is recognised, collected on the main thread.

    ``template_id``: role that the user or a tool assigned, empty without one. Recognition runs in another thread.
    """

    id: str
    name: str
    template_id: str
    fields: tuple[FieldName, ...]


@dataclass
class RecognisedLayers:
    """Which layers of the project are which layers of the plan.

    ``layer_id_by_role``: role (code of the plan layer) → layer id; ``missing_concepts``: (concept, its roles) that the
    kind of delivery requires and no layer fulfils; ``repeated_roles``: roles that several layers have;
    ``missing_name_by_role``: role of a missing layer → its Chinese name in the standard.
    """

    layer_id_by_role: dict[str, str]
    missing_concepts: list[tuple[str, tuple[str, ...]]]
    repeated_roles: list[str]
    missing_name_by_role: dict[str, str] = field(default_factory=dict)


def list_plan_layers(project: QgsProject) -> list[QgsVectorLayer]:
    """Return the project's vector layers with geometry that a check reads."""
    return [
        layer
        for layer in project.mapLayers().values()
        if isinstance(layer, QgsVectorLayer)
        and layer.isValid()
        and layer.isSpatial()
        and not is_excluded_from_checks(layer)
    ]


def is_excluded_from_checks(layer: QgsVectorLayer) -> bool:
    """Return True for a layer that checks do not read.

    Checks do not read findings, layers of an inspected package, and layer groups that the user did not choose.
    """
    return is_findings_layer(layer) or any(
        layer.customProperty(name) for name in (SHOWN_PACKAGE_PROPERTY, EXCLUDED_PROPERTY)
    )


def is_findings_layer(layer: QgsVectorLayer) -> bool:
    """Return True if a layer contains findings of a check, in memory or in a file."""
    return bool(layer.customProperty(FINDINGS_PROPERTY)) or _FINDING_FIELDS <= set(layer.fields().names())


def list_findings_layers(project: QgsProject) -> list[QgsVectorLayer]:
    """Return the layers of a project that contain findings, which choosers of a source leave out."""
    return [v for v in project.mapLayers().values() if isinstance(v, QgsVectorLayer) and is_findings_layer(v)]


def read_layer_schemas(project: QgsProject) -> list[LayerSchema]:
    """Return id, name and fields of all plan layers of a project, for recognition."""
    return [read_layer_schema(layer) for layer in list_plan_layers(project)]


def read_layer_schema(layer: QgsVectorLayer) -> LayerSchema:
    """Return id, name and fields of a layer, for recognition."""
    fields = tuple(FieldName(f.name()) for f in layer.fields())
    return LayerSchema(layer.id(), get_layer_name(layer), get_assigned_role(layer), fields)


def recognise_role(layer: QgsVectorLayer, options: RunOptions) -> str:
    """Return the role (code of the plan layer) of one layer; empty if unknown.

    If the geometry libraries are missing or the profile is unreadable, only an assigned role is returned; the next
    command reports the error.
    """
    try:
        from ...core.plan.loading.recognition import find_role

        return find_role(read_layer_schema(layer), options.resolve_norm())[0]
    except (SanxianError, ImportError):
        return get_assigned_role(layer)


def recognise_layers(layers: list[LayerSchema], options: RunOptions) -> RecognisedLayers:
    """Return which layer has which role of the plan.

    May be called from any thread. The geometry libraries are loaded the first time.
    """
    from ...core.plan.loading.recognition import choose_scope, find_role

    norm = options.resolve_norm()
    role_choices = options.get_role_choices()
    roles: dict[str, str] = {}
    twice: list[str] = []
    for layer in layers:
        role = find_role(layer, norm)[0]
        choice = role_choices.get(role)
        if role in roles and choice not in (roles[role], layer.id):
            twice.append(role)
        if role and (role not in roles or choice == layer.id):
            roles[role] = layer.id
    scope = norm.standard.scopes[choose_scope(norm, set(roles), options.scope)]
    concepts = norm.standard.concepts
    missing_roles = [
        (concept, concepts.get(concept, (concept,)))
        for concept in scope.mandatory_concepts
        if concept not in norm.profile.absent and not set(concepts.get(concept, (concept,))) & set(roles)
    ]
    templates = norm.standard.templates
    missing_names = {
        role: templates[role].name for _, concept_roles in missing_roles for role in concept_roles if role in templates
    }
    return RecognisedLayers(roles, missing_roles, sorted(set(twice)), missing_names)


def get_layer_id_by_assigned_role(project: QgsProject) -> dict[str, str]:
    """Return role → id of the layer to which the user assigned the role.

    A copied layer has the role of its original. A role that several layers have is left out, and the user has to
    choose.
    """
    claimed: dict[str, list[str]] = {}
    for layer in list_plan_layers(project):
        if get_assigned_role(layer):
            claimed.setdefault(get_assigned_role(layer), []).append(layer.id())
    return {role: ids[0] for role, ids in claimed.items() if len(ids) == 1}


def assign_role(project: QgsProject, role: str, layer: QgsVectorLayer | None) -> None:
    """Assign a role to a layer and remove the role from other layers.

    If ``layer`` is None, the role is only removed.
    """
    for other in project.mapLayers().values():
        if isinstance(other, QgsVectorLayer) and other is not layer and get_assigned_role(other) == role:
            set_assigned_role(other, "")
    if layer is not None:
        set_assigned_role(layer, role)
        layer.removeCustomProperty(IMPORTED_PROPERTY)


def assign_roles_for_rule(
    layer_by_need: Mapping[str, SourceLayer], needs: Mapping[str, LayerNeed], norm: Norm, role: str = ""
) -> dict[str, str]:
    """Return role → layer name for the layers that one rule needs.

    ``layer_by_need``: name of the need → its layer; ``needs``: the layers that the rule asks for. A layer keeps its
    recognised role if the rule can use that role; otherwise, if the needed concept is unambiguous, it gets the role
    that shares most fields. ``role``: the user's choice for a layer of any role (an ``EVERY_LAYER`` need). Raise
    InputError if that layer is not recognised and the user made no choice.
    """
    from ...core.plan.loading.recognition import find_role

    roles: dict[str, str] = {}
    templates = norm.standard.templates
    for name, source in layer_by_need.items():
        concept = needs[name].concept
        recognised_role = find_role(source, norm)[0]
        if concept == EVERY_LAYER:
            assigned_role = role.upper() or recognised_role
            if not assigned_role:
                raise InputError("role_unclear", layer=source.name, known=", ".join(sorted(templates)))
        else:
            usable_roles = [r for r in norm.standard.concepts.get(concept, (concept,)) if r in templates]
            free_roles = [r for r in usable_roles if roles.get(r, source.name) == source.name]
            if not free_roles:
                raise InputError("role_unknown", role=concept, known=", ".join(sorted(templates)))
            columns = {f.name.upper() for f in source.fields}
            # The share of a template's fields that the layer has; the best edition of the template counts.
            shares = {
                r: max(
                    sum(f.name in columns for f in t.fields) / max(len(t.fields), 1)
                    for t in norm.standard.list_templates_of_role(r)
                )
                for r in free_roles
            }
            assigned_role = recognised_role if recognised_role in shares else max(shares, key=shares.__getitem__)
        roles[assigned_role] = source.name
    return roles


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
    for layer in list_plan_layers(project):
        groups.setdefault(_make_group_key(layer), []).append(layer)
    if len(groups) < 2:
        return []
    roles_of = {
        key: frozenset(filter(None, (recognise_role(layer, options) for layer in layers)))
        for key, layers in groups.items()
    }
    chosen = {role: project.mapLayer(layer_id) for role, layer_id in options.get_role_choices().items()}
    assigned = {
        role for role, layer in chosen.items() if layer is not None and not layer.customProperty(IMPORTED_PROPERTY)
    }
    claims = Counter(role for roles in roles_of.values() for role in roles - assigned)
    repeated_roles = {role for role, count in claims.items() if count > 1}
    conflicting_groups = [
        LayerGroup(
            _find_group_name(project, layers),
            "" if key == _MEMORY_KEY else Path(key).name,
            tuple(layer.id() for layer in layers),
            roles_of[key],
            frozenset(roles_of[key] & repeated_roles),
            any(layer.customProperty(IMPORTED_PROPERTY) for layer in layers),
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
                if (layer := project.mapLayer(layer_id)) is not None:
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


def _find_group_name(project: QgsProject, layers: list[QgsVectorLayer]) -> str:
    """Return the name of the layer tree group that contains all the layers.

    Empty without such a group.
    """
    root = project.layerTreeRoot()
    nodes = [root.findLayer(layer.id()) for layer in layers]
    parents = {node.parent() for node in nodes if node is not None}
    return parents.pop().name() if len(parents) == 1 and root not in parents else ""

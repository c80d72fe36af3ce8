# SPDX-License-Identifier: GPL-2.0-or-later
"""Which layers of the project play which role, told by their names and fields alone: no feature is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from qgis.core import QgsProject, QgsVectorLayer

from ...core.errors import SanxianError
from .properties import file_of, name_of, template_id

if TYPE_CHECKING:
    from ...core.check import Options

#: The layer of findings that the panel puts into the project: a result, never an input.
FINDINGS_PROPERTY = "sanxian/findings"
#: Layers that are there to be looked at: those of a package that somebody handed in.
SHOWN_PROPERTY = "sanxian/shown"
#: Property of layers excluded from checks because another group was chosen: ids of the layers of that group.
EXCLUDED_PROPERTY = "sanxian/aside"
#: No layer of a plan has these.
_TELLING = {"code", "severity", "role", "geom_kind"}


class FieldName(NamedTuple):
    name: str


@dataclass(frozen=True)
class Outline:
    """What recognition looks at, taken on the main thread."""

    id: str
    name: str
    template_id: str
    fields: tuple[FieldName, ...]


@dataclass
class Recognised:
    """``roles``: role → layer id; ``lacking``: (concept, its roles) that the scope demands and nobody answers."""

    roles: dict[str, str]
    lacking: list[tuple[str, tuple[str, ...]]]
    twice: list[str]


def plan_layers(project: QgsProject) -> list[QgsVectorLayer]:
    """The vector layers with shapes that a check looks at."""
    layers = project.mapLayers().values()
    return [
        layer
        for layer in layers
        if isinstance(layer, QgsVectorLayer) and layer.isValid() and layer.isSpatial() and not is_excluded(layer)
    ]


def broken_layers(project: QgsProject) -> list[tuple[str, dict[str, str]]]:
    """A notice for each vector layer that QGIS cannot open, its file moved or its database away."""
    layers = [v for v in project.mapLayers().values() if isinstance(v, QgsVectorLayer) and not v.isValid()]
    layers = [v for v in layers if not is_excluded(v)]
    return [("notice_layer_broken", {"layer": v.name(), "file": Path(file_of(v)).name}) for v in layers]


def is_excluded(layer: QgsVectorLayer) -> bool:
    """Return True for a layer that checks do not read: findings, layers of a package, groups that were not chosen."""
    return is_findings(layer) or any(layer.customProperty(name) for name in (SHOWN_PROPERTY, EXCLUDED_PROPERTY))


def is_findings(layer: QgsVectorLayer) -> bool:
    """The result of a check, in memory or opened from a file: a result, never an input."""
    return bool(layer.customProperty(FINDINGS_PROPERTY)) or _TELLING <= set(layer.fields().names())


def outlines(project: QgsProject) -> list[Outline]:
    return [outline(layer) for layer in plan_layers(project)]


def outline(layer: QgsVectorLayer) -> Outline:
    fields = tuple(FieldName(f.name()) for f in layer.fields())
    return Outline(layer.id(), name_of(layer), template_id(layer), fields)


def role_of(layer: QgsVectorLayer, options: Options) -> str:
    """The role of one layer, empty when nothing tells. Without the libraries, or with a profile that cannot be read, only one
    that was given to it: what runs next says what is amiss."""
    try:
        from ...core.loading.recognition import find_role

        return find_role(outline(layer), options.norm())[0]
    except (SanxianError, ImportError):
        return template_id(layer)


def recognise(layers: list[Outline], options: Options) -> Recognised:
    """In any thread; loads the geometry libraries the first time."""
    from ...core.loading.recognition import choose_scope, find_role

    norm = options.norm()
    chosen = options.role_choices()
    roles: dict[str, str] = {}
    twice: list[str] = []
    for layer in layers:
        role, _ = find_role(layer, norm)
        if not role:
            continue
        if role in roles and chosen.get(role) not in (roles[role], layer.id):
            twice.append(role)
        if role not in roles or chosen.get(role) == layer.id:
            roles[role] = layer.id
    scope = norm.standard.scopes[choose_scope(norm, set(roles), options.scope)]
    concepts = norm.standard.concepts
    lacking = [
        (concept, concepts.get(concept, (concept,)))
        for concept in scope.mandatory
        if concept not in norm.profile.absent and not set(concepts.get(concept, (concept,))) & set(roles)
    ]
    return Recognised(roles, lacking, sorted(set(twice)))

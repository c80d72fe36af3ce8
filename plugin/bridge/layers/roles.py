# SPDX-License-Identifier: GPL-2.0-or-later
"""Which layer plays which role: the choices kept with a project, and those a single rule needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from qgis.core import QgsProject, QgsVectorLayer

from ...core.errors import InputError
from ...core.model.rule import EACH, Need
from .properties import IMPORTED_PROPERTY, set_template, template_id
from .recognise import plan_layers

if TYPE_CHECKING:
    from ...core.plan.layer import SourceLayer
    from ...core.profile import Norm


def chosen(project: QgsProject) -> dict[str, str]:
    """Role → id of the layer the user gave it to; kept in the layers themselves, so it moves with them.

    A copied layer carries the role of its original: where two claim one, nobody has chosen, and the user is asked.
    """
    claimed: dict[str, list[str]] = {}
    for layer in plan_layers(project):
        if template_id(layer):
            claimed.setdefault(template_id(layer), []).append(layer.id())
    return {role: ids[0] for role, ids in claimed.items() if len(ids) == 1}


def choose(project: QgsProject, role: str, layer: QgsVectorLayer | None) -> None:
    """Give a role to a layer and take it from any other; None only takes it."""
    for other in project.mapLayers().values():
        if isinstance(other, QgsVectorLayer) and other is not layer and template_id(other) == role:
            set_template(other, "")
    if layer is not None:
        set_template(layer, role)
        layer.removeCustomProperty(IMPORTED_PROPERTY)


def roles_for(
    given: Mapping[str, SourceLayer], needs: Mapping[str, Need], norm: Norm, role: str = ""
) -> dict[str, str]:
    """Role → layer name for the layers that were handed to one rule, by need.

    A layer keeps the role it is recognised by when that answers the need; otherwise, the concept being clear, it gets
    the role whose fields it has most of. ``role`` is the user's word for the layer of an ``EACH`` need. InputError
    when that layer is not recognised and nothing was said.
    """
    from ...core.loading.recognition import find_role

    roles: dict[str, str] = {}
    templates = norm.standard.templates
    for name, source in given.items():
        concept = needs[name].concept
        recognised = find_role(source, norm)[0]
        if concept == EACH:
            found = role.upper() or recognised
            if not found:
                raise InputError("role_not_told", layer=source.name, known=", ".join(sorted(templates)))
        else:
            wanted = [r for r in norm.standard.concepts.get(concept, (concept,)) if r in templates]
            free = [r for r in wanted if roles.get(r, source.name) == source.name]
            if not free:
                raise InputError("role_unknown", role=concept, known=", ".join(sorted(templates)))
            found = recognised if recognised in free else max(free, key=lambda r: _likeness(source, r, norm))
        roles[found] = source.name
    return roles


def _likeness(source: SourceLayer, role: str, norm: Norm) -> float:
    """Share of a template's fields that the layer has, in the edition that fits best."""
    columns = {f.name.upper() for f in source.fields}
    return max(
        sum(f.name in columns for f in t.fields) / max(len(t.fields), 1) for t in norm.standard.all_templates(role)
    )

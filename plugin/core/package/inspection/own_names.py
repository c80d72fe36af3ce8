# SPDX-License-Identifier: GPL-2.0-or-later
"""Fields that a form calls by names of its own, back under the template's: rules know no others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...loading.recognition import find_role

if TYPE_CHECKING:
    from ...io.file import Wanted
    from ...plan.layer import SourceLayer
    from ...profile import Norm
    from ...standard.template import Template
    from ..form.model import LayerSlot, VectorSet


def named_back(layer: SourceLayer, sets: list[VectorSet], norm: Norm) -> SourceLayer:
    """The layer of a data set that the form has as ``sets``, with the fields that it renames under the template's names. A
    field whose own name is there, too, stays: nobody can tell which of the two is meant."""
    slot = next((slot for vectors in sets for slot in vectors.layers if _is(layer, slot, norm)), None)
    if slot is None or not slot.names:
        return layer
    there = {f.name.upper(): f.name for f in layer.fields}
    # Names may change places.
    told = {name.upper() for name in slot.names.values()}
    back = {
        there[name.upper()]: own
        for own, name in slot.names.items()
        if name.upper() in there and (own.upper() not in there or own.upper() in told)
    }
    fields = tuple(replace(f, name=back.get(f.name, f.name)) for f in layer.fields)
    return replace(layer, frame=layer.frame.rename(columns=back), fields=fields)


def with_own_names(wanted: Wanted, sets: list[VectorSet]) -> Wanted:
    """What is wanted of a data set, and the fields that the form renames under the names they have there."""
    own = {name.upper() for vectors in sets for slot in vectors.layers for name in slot.names.values()}

    def more(layer: SourceLayer) -> bool | frozenset[str]:
        fields = wanted(layer)
        return fields if isinstance(fields, bool) else fields | own

    return more


def not_wanted(layer: SourceLayer, sets: list[VectorSet], template: Template, norm: Norm) -> frozenset[str]:
    """Fields (capitals) of a layer's template that the form leaves out of a data set that it has as ``sets``."""
    slot = next((slot for vectors in sets for slot in vectors.layers if _is(layer, slot, norm)), None)
    if slot is None or not slot.fields:
        return frozenset()
    return frozenset(f.name.upper() for f in template.fields) - {name.upper() for name in slot.fields}


def _is(layer: SourceLayer, slot: LayerSlot, norm: Norm) -> bool:
    if slot.name:
        return layer.name.upper() == slot.name.upper()
    roles = norm.standard.concepts.get(slot.layer, (slot.layer,))
    return find_role(layer, norm)[0] in roles

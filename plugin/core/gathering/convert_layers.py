# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers of a county as layers of its parent's database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ..cancellation import Cancellation
from ..loading.assembly import assemble_plan

if TYPE_CHECKING:
    from ..plan.layer import SourceLayer
    from ..plan.plan import Plan
    from ..profile import Norm


def convert_plan(
    plan: Plan, norm: Norm, renamed: Mapping[str, str], cancellation: Cancellation
) -> tuple[Plan, dict[str, int]]:
    """Return a county's plan under its parent's norm, and the layers that the parent's database lacks with their rows.

    Parameters
    ----------
    renamed
        Layer code of the county → code of the parent, where they differ. A layer with the parent's code has
        precedence.
    """
    sources: dict[str, SourceLayer] = {}
    left_out = dict.fromkeys(plan.unrecognised_layers, 0)
    for role, layer in sorted(plan.layers.items(), key=lambda item: item[0] in renamed):
        target = renamed.get(role, role)
        if target in norm.standard.templates and target not in sources:
            sources[target] = replace(layer.source, name=target, template_id="")
        else:
            left_out[layer.name] = len(layer)
    parent_plan = assemble_plan(
        sources.values(),
        norm,
        roles={role: role for role in sources},
        source=plan.source,
        cancellation=cancellation,
        allow_no_layers=True,
    )
    return parent_plan, left_out

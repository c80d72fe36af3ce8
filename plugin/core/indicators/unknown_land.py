# SPDX-License-Identifier: GPL-2.0-or-later
"""Mark figures of layers with unknown data.

Rows could not be used, or the source hides them (`Layer.gaps`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..model.indicator import Indicator
from ..standard.indicator_catalogue import load_catalogue

if TYPE_CHECKING:
    from ..plan.plan import Plan

_TOWNSHIP_PREFIX = "township_"


def mark_figures_of_unknown_land(figures: Iterable[Indicator], plan: Plan) -> bool:
    """Mark figures computed from layers with unknown data as not confirmed, in place.

    Return True if any was marked.
    """
    is_any_marked = False
    entries = load_catalogue(plan.norm.standard).indicator_by_id
    for figure in figures:
        entry = entries.get(figure.id.removeprefix(_TOWNSHIP_PREFIX))
        # A figure states the layers that replace those of its definition.
        layers = {str(value) for value in figure.inputs.values() if isinstance(value, str)} & plan.layers.keys()
        if plan.list_gaps(*layers, *((*entry.inputs, entry.within) if entry is not None else ())):
            figure.mark_unconfirmed()
            is_any_marked = True
    return is_any_marked

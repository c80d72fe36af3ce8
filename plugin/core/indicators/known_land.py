# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures of layers of which not all is known: rows that could not be used, or that a source hides."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..model.indicator import Indicator
from ..standard.indicator_catalogue import load_catalogue

if TYPE_CHECKING:
    from ..plan.plan import Plan

_TOWNSHIP_PREFIX = "township_"


def mark_figures_of_unknown_land(figures: Iterable[Indicator], plan: Plan) -> bool:
    """Mark figures as not confirmed, in place, if not all rows of a layer that they are computed from are known.

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

# SPDX-License-Identifier: GPL-2.0-or-later
"""The note below a table whose sums of area fields the drawn land does not back."""

from __future__ import annotations

from collections.abc import Iterable

from ...indicators.area_backing import backed
from ...indicators.compute import Figures
from ...plan.layer import Layer


def unbacked(layers: Iterable[Layer], meanings: tuple[str, ...], figures: Figures) -> list[Layer]:
    """The layers of which the land does not back the sum of one of these fields."""
    return [layer for layer in layers if not all(backed(layer, meaning, figures.ctx) for meaning in meanings)]


def unbacked_note(layers: list[Layer], figures: Figures) -> list[str]:
    """One note that names the layers; none where there are no such layers."""
    if not layers:
        return []
    named = figures.texts.get("words", "between_names").join(dict.fromkeys(layer.name for layer in layers))
    return [figures.texts.get("tables", "unbacked_note", layers=named)]

# SPDX-License-Identifier: GPL-2.0-or-later
"""Common edges of polygons, and the layers whose land a proposal leaves out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray

from ...engine.context import RuleContext
from ...figures.heritage_sites import CORE_PART, classify_heritage_parts
from ...plan.layer import Layer
from ...rules._attributes import read_setting_words
from ...standard.messages.texts import Message

#: Pairs of polygons whose edges are in memory together.
_PAIRS_AT_ONCE = 2_000
#: In the setting: the core zones of heritage.
_CORE = "core"


def measure_shared_edges(shapes: NDArray, others: NDArray, reach_m: float) -> tuple[NDArray, NDArray, NDArray]:
    """Return pairs of polygons within reach and the length of the common edge (m); corners that touch are left out."""
    left, right = shapely.STRtree(others).query(shapes, predicate="dwithin", distance=reach_m)
    if shapes is others:
        left, right = left[left != right], right[left != right]
    length, exact = np.zeros(len(left)), np.zeros(len(left))
    for start in range(0, len(left), _PAIRS_AT_ONCE):
        pairs = slice(start, start + _PAIRS_AT_ONCE)
        edges, other = shapely.boundary(shapes[left[pairs]]), others[right[pairs]]
        length[pairs] = shapely.length(shapely.intersection(edges, shapely.buffer(other, reach_m)))
        # The reach lengthens both ends; edges that agree exactly have their own length.
        exact[pairs] = shapely.length(shapely.intersection(edges, shapely.boundary(other)))
    length = np.where(length - exact <= 4 * reach_m, exact, length)
    # Near a corner the reach alone gives a length of a few times the reach.
    is_edge = length > 8 * reach_m
    return left[is_edge], right[is_edge], length[is_edge]


def list_excluded_layers(
    section: str, ctx: RuleContext, notes: list[Message]
) -> Iterator[tuple[str, Layer, NDArray | None]]:
    """Yield reason, layer and rows of the setting ``excluded_land`` of a section; layers that lack go to ``notes``."""
    missing: list[str] = []
    for reason, concept, *condition in read_setting_words(ctx.norm, f"{section}.excluded_land", 2, 3):
        layer = ctx.plan.find_layer_of_concept(concept)
        if layer is None or layer.has_no_geometry or layer.template.geometry != "polygon":
            missing.append(concept)
            continue
        rows: NDArray | None = None
        if condition == [_CORE]:
            rows = classify_heritage_parts(layer, ctx).find_rows_of_part(CORE_PART)
        elif condition:
            rows = ctx.find_rows_with_code(layer, "land_use", condition[0].split("|"))
        yield reason, layer, rows
    if missing:
        notes.append(Message(section, "exclusions_missing", {"concepts": tuple(missing)}))

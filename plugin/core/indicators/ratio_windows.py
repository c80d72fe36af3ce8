# SPDX-License-Identifier: GPL-2.0-or-later
"""Windows (开天窗) of the boundary that the lines they are made for do not fill."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .ratio_base import of_classes

if TYPE_CHECKING:
    from ..engine.context import Context
    from ..plan.layer import Layer

#: The lines that a window is made for.
FILLERS = "quality.window_fillers"
#: By code list of the land use: water, which a boundary may leave out, too (C).
WATER = "ratio.window_water"
#: The share of a window that must be filled; what is open of one filled less counts as boundary (C).
FILLED_SHARE = "ratio.window_filled_share"


def unfilled_shares(places: NDArray, ctx: Context) -> NDArray:
    """(k,) the share of each window (polygons, m) that 永久基本农田, 生态保护红线 and water leave open; 0 where they fill it.

    A window is filled from `ratio.window_filled_share` on.
    """
    # Shapely loads when something is measured.
    import shapely

    parcels = {layer: None for name in ("parcels", "base_parcels") if (layer := ctx.plan.concept(name)) is not None}
    fillers: list[tuple[Layer, NDArray]] = [(layer, of_classes(layer, WATER, ctx)) for layer in parcels]
    lines = [ctx.plan.concept(name) for name in ctx.norm.get(FILLERS)]
    fillers += [(layer, np.ones(len(layer), dtype=bool)) for layer in lines if layer is not None]
    inside: list[list[NDArray]] = [[] for _ in places]
    for layer, rows in fillers:
        present = layer.polygons.present
        shapes = layer.polygons.shapes[present[rows[present]]]
        window, row = shapely.STRtree(shapes).query(places, predicate="intersects")
        parts = shapely.intersection(places[window], shapes[row])
        for place, part in zip(window.tolist(), parts, strict=True):
            inside[place].append(part)
    filled = np.array([shapely.area(shapely.union_all(parts)) for parts in inside]) / shapely.area(places)
    return np.where(filled < float(ctx.norm.get(FILLED_SHARE)), np.clip(1 - filled, 0.0, 1.0), 0.0)

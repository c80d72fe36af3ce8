# SPDX-License-Identifier: GPL-2.0-or-later
"""Windows (开天窗) of the boundary in which nothing is that a window is made for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .ratio_base import of_classes

if TYPE_CHECKING:
    from ..context import Context
    from ..layer import Layer

#: The lines that a window is made for.
FILLERS = "quality.window_fillers"
#: By code list of the land use: water, which a boundary may leave out, too (C).
WATER = "ratio.window_water"


def bare_windows(places: NDArray, ctx: Context) -> NDArray:
    """(k,) bool: windows (polygons) without 永久基本农田, without 生态保护红线 and without water."""
    # Shapely loads when something is measured.
    import shapely

    bare = np.ones(len(places), dtype=bool)
    parcels = {layer: None for name in ("parcels", "base_parcels") if (layer := ctx.plan.concept(name)) is not None}
    fillers: list[tuple[Layer, NDArray]] = [(layer, of_classes(layer, WATER, ctx)) for layer in parcels]
    lines = [ctx.plan.concept(name) for name in ctx.norm.get(FILLERS)]
    fillers += [(layer, np.ones(len(layer), dtype=bool)) for layer in lines if layer is not None]
    for layer, rows in fillers:
        present = layer.polygons.present
        shapes = layer.polygons.shapes[present[rows[present]]]
        window, row = shapely.STRtree(shapes).query(places, predicate="intersects")
        inside = shapely.area(shapely.intersection(places[window], shapes[row]))
        bare[window[inside > ctx.tolerance.min_area_m2]] = False
    return bare

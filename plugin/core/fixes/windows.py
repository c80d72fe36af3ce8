# SPDX-License-Identifier: GPL-2.0-or-later
"""Windows (开天窗): holes of a line left open for other land, which no fix fills."""

from __future__ import annotations

from typing import Any

import shapely

from .state import EditingState, Row


def find_window_filler(state: EditingState, role: str, hole: Any) -> Row | None:
    """Return a row inside a hole of a layer that may have windows; None if the hole is not a window.

    ``hole``: a polygon in the plane.
    """
    windowed = (state.plan.find_layer_of_concept(concept) for concept in state.norm.get("quality.windowed"))
    if not any(layer is not None and layer.role == role for layer in windowed):
        return None
    for concept in state.norm.get("quality.window_fillers"):
        layer = state.plan.find_layer_of_concept(concept)
        if layer is None or layer.role == role:
            continue
        for row in state.find_rows_meeting(layer.role, hole):
            if shapely.intersection(row.plane_shape, hole).area > state.tolerance.min_area_m2 / 2:
                return row
    return None

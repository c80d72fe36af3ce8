# SPDX-License-Identifier: GPL-2.0-or-later
"""Clip layers to the surroundings of an edit, so that a large row takes no longer than the land around the edit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from ..geometry.validity import extract_polygons
from ..live.rows import RowBounds as Bounds
from ..live.rows import join_bounds
from ..parallel.threads import apply_in_threads

if TYPE_CHECKING:
    from ..plan.layer import Layer

#: Land around the surroundings (m) that is kept, so that no gap in them ends at the edge of a clipped row.
_MARGIN_M = 20.0


def clip_layers(layers: Mapping[str, Layer], boxes: Sequence[Bounds]) -> dict[str, Layer]:
    """Return role → layer with its polygons clipped to boxes that are widened by `_MARGIN_M`.

    ``boxes``: xmin, ymin, xmax, ymax (m, in the plane). Rows without land there are left out; without boxes, layers are
    returned unchanged. Raise `shapely.GEOSException` if a polygon cannot be clipped.
    """
    kept_boxes = join_meeting_boxes(
        (xmin - _MARGIN_M, ymin - _MARGIN_M, xmax + _MARGIN_M, ymax + _MARGIN_M) for xmin, ymin, xmax, ymax in boxes
    )
    return {role: _clip_layer(layer, kept_boxes) if kept_boxes else layer for role, layer in layers.items()}


def join_meeting_boxes(boxes: Iterable[Bounds]) -> list[Bounds]:
    """Return boxes in place of which no two touch: those that touch or overlap are merged into one box."""
    joined_boxes: list[Bounds] = []
    for box in boxes:
        meeting_boxes = [one for one in joined_boxes if _do_boxes_meet(one, box)]
        while meeting_boxes:
            joined_boxes = [one for one in joined_boxes if one not in meeting_boxes]
            box = join_bounds([box, *meeting_boxes]) or box
            meeting_boxes = [one for one in joined_boxes if _do_boxes_meet(one, box)]
        joined_boxes.append(box)
    return joined_boxes


def _do_boxes_meet(first: Bounds, second: Bounds) -> bool:
    """Return True if two boxes touch or overlap."""
    return first[0] <= second[2] and first[2] >= second[0] and first[1] <= second[3] and first[3] >= second[1]


def _clip_layer(layer: Layer, boxes: list[Bounds]) -> Layer:
    """Return a layer with its polygons clipped to boxes, which must not meet each other."""
    if layer.template.geometry != "polygon" or not len(layer):
        return layer
    plane = layer.plane_shapes
    xmin, ymin, xmax, ymax = shapely.bounds(plane).T
    parts_by_row: dict[int, list[Any]] = {}
    cut_rows, cut_boxes = [], []
    for box in boxes:
        left, bottom, right, top = box
        meets = (xmin <= right) & (xmax >= left) & (ymin <= top) & (ymax >= bottom)
        is_inside = (xmin >= left) & (xmax <= right) & (ymin >= bottom) & (ymax <= top)
        for row in np.flatnonzero(is_inside).tolist():
            parts_by_row[row] = [plane[row]]
        rows_of_box = np.flatnonzero(meets & ~is_inside).tolist()
        cut_rows += rows_of_box
        cut_boxes += [shapely.box(*box)] * len(rows_of_box)
    parts = apply_in_threads(shapely.intersection, plane[cut_rows], np.array(cut_boxes, dtype=object))
    for row, part in zip(cut_rows, parts, strict=True):
        polygon = extract_polygons(part)
        if polygon is not None:
            parts_by_row.setdefault(row, []).append(polygon)
    rows = sorted(parts_by_row)
    shapes = np.empty(len(rows), dtype=object)
    for position, row in enumerate(rows):
        parts_of_row = parts_by_row[row]
        shapes[position] = (
            parts_of_row[0] if len(parts_of_row) == 1 else shapely.multipolygons(shapely.get_parts(parts_of_row))
        )
    return layer.select_rows_with_shapes(np.array(rows, dtype=int), shapes)

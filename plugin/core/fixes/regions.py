# SPDX-License-Identifier: GPL-2.0-or-later
"""The land that a fix reads and changes: two fixes on separate land do not affect each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from ..geometry.validity import is_missing
from ..live.rows import compute_changed_edge_bounds, compute_common_bounds, join_bounds
from ..model.findings import Finding
from .edits import UNCHANGED, Edits, RowEdit
from .state import EditingState
from .window import MARGIN_M, Bounds


@dataclass(frozen=True)
class Region:
    """What a fix concerns, in the plane (m).

    ``land``: the box around the finding and all edges that change, `MARGIN_M` wider, and around the findings there of
    rules on whole layers; ``shapes``: the changed rows before and after.
    """

    land: Bounds
    shapes: tuple[Any, ...] = ()


def compute_finding_region(state: EditingState, finding: Finding) -> Region | None:
    """Return the region of a finding, or of its row if it has no shape; None without either."""
    bounds = compute_common_bounds(state.get_finding_shape(finding))
    if bounds is None and finding.role in state.plan.layers:
        numbers = state.find_row_numbers_with_key(finding.role, finding.key)
        bounds = state.session.checker.rows.compute_bounds(finding.role, numbers)
    return None if bounds is None else Region(widen(bounds))


def compute_edits_region(state: EditingState, place: Region, edits: Edits) -> Region | None:
    """Return the region of edits; ``place``: that of the finding.

    None if the edits concern more than the land around their rows: a new field, or a row without a shape.
    """
    if edits.new_fields:
        return None
    boxes: list[Bounds | None] = [place.land]
    shapes: list[Any] = []
    for edit in edits:
        shape_before = None if edit.is_new else state.get_row(edit.role, edit.fid).plane
        shape_after = shape_before if edit.shape is UNCHANGED else edit.shape
        shape_pair = np.array([shape_before, shape_after, None], dtype=object)
        present_shapes = shape_pair[~is_missing(shape_pair)].tolist()
        if not present_shapes:
            return None
        shapes += present_shapes
        is_whole = len(present_shapes) == 1 or edit.is_deleted or _affects_whole_row(state, edit)
        box = compute_common_bounds(*present_shapes) if is_whole else compute_changed_box(shape_before, shape_after)
        boxes.append(None if box is None else widen(box))
    land = join_bounds(boxes) or place.land
    return Region(state.places_of_window_findings.extend(land), tuple(shapes))


def compute_changed_box(before: Any, after: Any) -> Bounds | None:
    """Return the box around what changes of a row's shape in the plane (m), None for nothing.

    Of two polygons it is around the edges that differ, else around both shapes. One of them may be None.
    """
    if before is None or after is None or min(shapely.get_dimensions([before, after])) < 2:
        return compute_common_bounds(before, after)
    return compute_changed_edge_bounds(before, after)


def _affects_whole_row(state: EditingState, edit: RowEdit) -> bool:
    return not state.session.checker.affect_only_row(edit.role, edit.attributes)


def widen(bounds: Bounds) -> Bounds:
    """Return a box that is `MARGIN_M` wider on each side."""
    xmin, ymin, xmax, ymax = bounds
    return xmin - MARGIN_M, ymin - MARGIN_M, xmax + MARGIN_M, ymax + MARGIN_M


class OccupiedLand:
    """The regions of a group of fixes."""

    def __init__(self, regions: Iterable[Region] = ()):
        self._lands: list[Bounds] = []
        self._shapes: list[tuple[Bounds, Any]] = []
        for region in regions:
            self.add(region)

    def add(self, region: Region) -> None:
        """Add a region."""
        self._lands.append(region.land)
        self._shapes += [(shape.bounds, shape) for shape in region.shapes]

    def meets(self, region: Region) -> bool:
        """Return True if a region changes land next to a row that another one changes, or the other way round."""
        if any(_overlap(region.land, land) for land in self._lands):
            return True
        nearby_shapes = [shape for bounds, shape in self._shapes if _overlap(region.land, bounds)]
        if nearby_shapes and shapely.intersects(shapely.box(*region.land), nearby_shapes).any():
            return True
        for shape in region.shapes:
            bounds = shape.bounds
            lands = [shapely.box(*land) for land in self._lands if _overlap(bounds, land)]
            if lands and shapely.intersects(shape, lands).any():
                return True
        return False


def _overlap(box: Bounds, other: Bounds) -> bool:
    """Return True if two boxes share a point."""
    return box[0] <= other[2] and box[2] >= other[0] and box[1] <= other[3] and box[3] >= other[1]

# SPDX-License-Identifier: GPL-2.0-or-later
"""Regions of land that fixes read and change: two fixes on separate land do not affect each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from ..checks.live.edited_rows import compute_changed_edge_bounds, compute_common_bounds
from ..exchange.edited_copy import UNCHANGED
from ..geometry.polygons import do_boxes_meet
from ..geometry.validity import mask_missing_shapes
from ..model.findings import Finding
from .edits import Edits
from .land_boxes import join_meeting_boxes
from .state import EditingState
from .surroundings import MARGIN_M, Bounds

#: Parts of a shape that get a box each, at most; more of them get one box around all.
_MAX_SEPARATE_PARTS = 20


@dataclass(frozen=True)
class Region:
    """The land that a fix concerns, in the plane (m).

    ``boxes``: around the parts of the finding and around the edges that change, widened by `MARGIN_M`, and around the
    findings there of rules that are not local; no two of them meet. ``shapes``: the changed rows before and after.
    """

    boxes: tuple[Bounds, ...]
    shapes: tuple[Any, ...] = ()


def compute_finding_region(state: EditingState, finding: Finding) -> Region | None:
    """Return the region of a finding, or of its row if the finding has no shape; None without either."""
    boxes = list_part_boxes(state.get_finding_shape(finding))
    if not boxes and finding.role in state.plan.layers:
        numbers = state.find_row_numbers_with_key(finding.role, finding.key)
        bounds = state.session.checker.rows.compute_bounds(finding.role, numbers)
        boxes = [] if bounds is None else [bounds]
    return Region(tuple(join_meeting_boxes(widen_box(box) for box in boxes))) if boxes else None


def list_part_boxes(shape: Any) -> list[Bounds]:
    """Return the boxes around the parts of a multipart shape; none without a shape.

    The rows with one key may be anywhere in the county: a box around all would be most of it. A shape of more than
    `_MAX_SEPARATE_PARTS` parts has one box around all of them.
    """
    bounds = compute_common_bounds(shape)
    if bounds is None:
        return []
    parts = [part for part in shapely.get_parts([shape]) if not part.is_empty]
    return [part.bounds for part in parts] if len(parts) <= _MAX_SEPARATE_PARTS else [bounds]


def compute_edits_region(state: EditingState, place: Region, edits: Edits) -> Region | None:
    """Return the region of edits and their finding; ``place``: the region of the finding.

    None if the edits concern more than the land around their rows: a new field, or a row without a shape.
    """
    if edits.new_fields:
        return None
    boxes = list(place.boxes)
    shapes: list[Any] = []
    for edit in edits:
        shape_before = None if edit.is_new else state.get_row(edit.role, edit.fid).plane_shape
        shape_after = shape_before if edit.shape is UNCHANGED else edit.shape
        shape_pair = np.array([shape_before, shape_after, None], dtype=object)
        present_shapes = shape_pair[~mask_missing_shapes(shape_pair)].tolist()
        if not present_shapes:
            return None
        shapes += present_shapes
        is_whole = (
            len(present_shapes) == 1
            or edit.is_deleted
            or (not state.session.checker.do_changes_affect_only_row(edit.role, edit.attributes))
        )
        box = compute_common_bounds(*present_shapes) if is_whole else compute_changed_box(shape_before, shape_after)
        boxes += [] if box is None else [widen_box(box)]
    extended_boxes = (state.places_of_uncut_findings.extend_box_to_findings(box) for box in boxes)
    return Region(tuple(join_meeting_boxes(extended_boxes)), tuple(shapes))


def compute_changed_box(before: Any, after: Any) -> Bounds | None:
    """Return the box (m) around the land in which two shapes of a row in the plane differ; None if they do not.

    For two polygons it is the box around the edges that differ, else around both shapes. One of them may be None.
    """
    if before is None or after is None or min(shapely.get_dimensions([before, after])) < 2:
        return compute_common_bounds(before, after)
    return compute_changed_edge_bounds(before, after)


def widen_box(bounds: Bounds) -> Bounds:
    """Return a box that is `MARGIN_M` wider on each side."""
    xmin, ymin, xmax, ymax = bounds
    return xmin - MARGIN_M, ymin - MARGIN_M, xmax + MARGIN_M, ymax + MARGIN_M


class OccupiedLand:
    """The regions of the fixes in a group, to find out whether a further fix is on separate land."""

    def __init__(self, regions: Iterable[Region] = ()):
        self._boxes: list[Bounds] = []
        #: The same boxes as polygons.
        self._box_shapes: list[Any] = []
        self._shapes: list[tuple[Bounds, Any]] = []
        for region in regions:
            self.add(region)

    def add(self, region: Region) -> None:
        """Add the region of a further fix."""
        self._boxes += region.boxes
        self._box_shapes += [shapely.box(*box) for box in region.boxes]
        self._shapes += [(shape.bounds, shape) for shape in region.shapes]

    def meets_region(self, region: Region) -> bool:
        """Return True if a further fix would not be on separate land.

        That is so if one of the two changes land next to a row that the other changes.
        """
        if any(do_boxes_meet(box, other) for box in region.boxes for other in self._boxes):
            return True
        for box in region.boxes:
            nearby_shapes = [shape for bounds, shape in self._shapes if do_boxes_meet(box, bounds)]
            if nearby_shapes and shapely.intersects(shapely.box(*box), nearby_shapes).any():
                return True
        for shape in region.shapes:
            bounds = shape.bounds
            boxes = [
                box_shape
                for box, box_shape in zip(self._boxes, self._box_shapes, strict=True)
                if do_boxes_meet(bounds, box)
            ]
            if boxes and shapely.intersects(shape, boxes).any():
                return True
        return False

# SPDX-License-Identifier: GPL-2.0-or-later
"""Boxes of land around edits: layers are clipped to them, and they do not cut a finding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely

from ..base.parallel.threads import apply_in_threads
from ..checks.live.edited_rows import RowBounds as Bounds, compute_common_bounds, join_bounds
from ..geometry import crs as crs_care
from ..geometry.polygons import MAX_UNCLIPPED_VERTICES, do_boxes_meet, widen_bounds
from ..geometry.validity import extract_polygons, make_shape_array
from ..model.findings import Finding
from ..model.rule import load_all_rules
from ..plan.layer import Layer
from ..plan.plan import Plan

#: Land around the surroundings (m) that is kept, so that no gap in them ends at the edge of a clipped row.
_MARGIN_M = 20.0
#: Boxes up to this number are faster clipped one by one: a small piece of a zone of 65,000 vertices takes 2 ms, one
#: half of it 17 ms.
_MAX_UNDIVIDED_BOXES = 40
#: Land around several boxes (m) that stays when a polygon is clipped to all of them at first.
_GROUP_MARGIN_M = 1.0


class LayerClipper:
    """Clip the polygons of layers to the same boxes; a polygon that several layers have is clipped once.

    ``boxes``: xmin, ymin, xmax, ymax (m, in the plane), as given. Layers are clipped to these boxes widened by
    `_MARGIN_M`.
    """

    def __init__(self, boxes: Sequence[Bounds]):
        self.boxes = boxes
        self._kept_boxes = join_meeting_boxes(widen_bounds(box, _MARGIN_M) for box in boxes)
        #: Id of a polygon → the polygon, which keeps its id as long as it is here, and its land in the boxes.
        self._clips: dict[int, tuple[Any, Any]] = {}

    def clip_layers(self, layers: Mapping[str, Layer]) -> dict[str, Layer]:
        """Return role → layer with its polygons clipped to the boxes.

        Rows without land there are left out; without boxes, layers are returned unchanged. Raise
        `shapely.GEOSException` if a polygon cannot be clipped.
        """
        clipped_layers = dict(layers)
        if not self._kept_boxes:
            return clipped_layers
        for role, layer in layers.items():
            if layer.template.geometry != "polygon" or not len(layer):
                continue
            plane = layer.plane_shapes
            self._clip_rows(
                layer, [row for row in layer.polygons.present.tolist() if id(plane[row]) not in self._clips]
            )
            clips = np.array([None if one is None else self._clips[id(one)][1] for one in plane] + [None])[:-1]
            rows = np.flatnonzero(~shapely.is_missing(clips))
            clipped_layers[role] = layer.select_rows_with_shapes(rows, clips[rows])
        return clipped_layers

    def _clip_rows(self, layer: Layer, rows: list[int]) -> None:
        """Store the land of a layer's polygons in the boxes; None for a polygon without land there."""
        plane = layer.plane_shapes
        xmin, ymin, xmax, ymax = shapely.bounds(plane[rows]).T[:, :, None]
        left, bottom, right, top = np.array(self._kept_boxes).T[:, None, :]
        meets = (xmin <= right) & (xmax >= left) & (ymin <= top) & (ymax >= bottom)
        is_inside = ((xmin >= left) & (xmax <= right) & (ymin >= bottom) & (ymax <= top)).any(axis=1)
        parts_by_row: dict[int, list[Any]] = {row: [] for row in rows}
        cut_rows, pieces, boxes = [], [], []
        for row, boxes_of_row, is_whole in zip(rows, meets, is_inside, strict=True):
            if is_whole:
                parts_by_row[row].append(plane[row])
                continue
            met_boxes = [self._kept_boxes[n] for n in np.flatnonzero(boxes_of_row)]
            for piece, box in _divide_among_boxes(plane[row], met_boxes):
                cut_rows.append(row)
                pieces.append(piece)
                boxes.append(shapely.box(*box))
        clips = apply_in_threads(shapely.intersection, make_shape_array(*pieces), make_shape_array(*boxes))
        for row, clip in zip(cut_rows, clips, strict=True):
            polygon = extract_polygons(clip)
            if polygon is not None:
                parts_by_row[row].append(polygon)
        for row, parts in parts_by_row.items():
            land = shapely.multipolygons(shapely.get_parts(parts)) if len(parts) > 1 else next(iter(parts), None)
            self._clips[id(plane[row])] = plane[row], land


def _divide_among_boxes(shape: Any, boxes: list[Bounds]) -> Iterator[tuple[Any, Bounds]]:
    """Yield (piece of a polygon, box) for each box; the piece has all land of the polygon in the box.

    A polygon of many vertices that meets many boxes is first clipped to the box around one half of them, then to that
    around the other half, and so on. So its vertices are not read once for each box.
    """
    if len(boxes) <= _MAX_UNDIVIDED_BOXES or shapely.get_num_coordinates(shape) <= MAX_UNCLIPPED_VERTICES:
        yield from ((shape, box) for box in boxes)
        return
    centres = np.array([(xmin + xmax, ymin + ymax) for xmin, ymin, xmax, ymax in boxes])
    order = np.argsort(centres[:, np.argmax(np.ptp(centres, axis=0))], kind="stable").tolist()
    middle = len(order) // 2
    for half in (order[:middle], order[middle:]):
        boxes_of_half = [boxes[n] for n in half]
        joined = np.array(join_bounds(boxes_of_half)) + _GROUP_MARGIN_M * np.array([-1, -1, 1, 1])
        piece = extract_polygons(shapely.intersection(shape, shapely.box(*joined.tolist())))
        if piece is not None:
            yield from _divide_among_boxes(piece, boxes_of_half)


def join_meeting_boxes(boxes: Iterable[Bounds]) -> list[Bounds]:
    """Return boxes in place of which no two touch: those that touch or overlap are merged into one box."""
    joined_boxes: list[Bounds] = []
    for box in boxes:
        meeting_boxes = [one for one in joined_boxes if do_boxes_meet(one, box)]
        while meeting_boxes:
            joined_boxes = [one for one in joined_boxes if one not in meeting_boxes]
            box = join_bounds([box, *meeting_boxes]) or box
            meeting_boxes = [one for one in joined_boxes if do_boxes_meet(one, box)]
        joined_boxes.append(box)
    return joined_boxes


def get_finding_shape_in_plane(finding: Finding, plan: Plan) -> Any:
    """Return the shape of a finding in the plan's plane (m); None without one."""
    if finding.geom_kind == "none" or plan.crs == plan.plane_crs:
        return None if finding.geom_kind == "none" else finding.geometry
    return crs_care.reproject_geometries(np.array([finding.geometry], dtype=object), plan.crs, plan.plane_crs)[0]


@dataclass
class FindingPlaces:
    """The shapes (m, in the plane) of findings on a plan, computed when they are first needed."""

    findings: list[Finding]
    plan: Plan

    @cached_property
    def _tree(self) -> shapely.STRtree:
        """Return a search tree of the shapes of the findings."""
        shapes = (get_finding_shape_in_plane(one, self.plan) for one in self.findings)
        return shapely.STRtree([shape for shape in shapes if shape is not None])

    def list_boxes_near(self, shape: Any, distance_m: float) -> list[Bounds]:
        """Return the bounding box of each finding within ``distance_m`` m of a shape in the plane."""
        near_findings = self._tree.geometries[self._tree.query(shape, predicate="dwithin", distance=distance_m)]
        return [box for one in near_findings if (box := compute_common_bounds(one)) is not None]

    def extend_box_to_findings(self, box: Bounds) -> Bounds:
        """Return the box around a given box and all findings that it meets."""
        met_findings = self._tree.geometries[self._tree.query(shapely.box(*box), predicate="intersects")]
        return join_bounds([box, compute_common_bounds(*met_findings)]) or box


def is_found_by_place(finding: Finding) -> bool:
    """Return True if the edge of the surroundings of an edit must not cut the finding.

    A finding on one key has the rows of the key, which are read wherever they are, so that its place does not matter.
    """
    rule = load_all_rules().get(finding.code)
    return rule is not None and rule.surroundings not in ("", "keys")

# SPDX-License-Identifier: GPL-2.0-or-later
"""The locations of findings, so that no finding is cut when rules are evaluated on the land around an edit."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from ..checks.live.edited_rows import RowBounds, compute_common_bounds, join_bounds
from ..geometry import crs as crs_care
from ..model.rule import load_all_rules

if TYPE_CHECKING:
    from ..model.findings import Finding
    from ..plan.plan import Plan


def get_finding_shape_in_plane(finding: Finding, plan: Plan) -> Any:
    """Return the shape of a finding in the plan's plane (m); None without one."""
    if finding.geom_kind == "none" or plan.crs == plan.plane_crs:
        return None if finding.geom_kind == "none" else finding.geometry
    return crs_care.reproject_geometries(np.array([finding.geometry], dtype=object), plan.crs, plan.plane_crs)[0]


class FindingPlaces:
    """The shapes (m, in the plane) of findings on a plan, computed when they are first needed."""

    def __init__(self, findings: Iterable[Finding], plan: Plan):
        self._findings, self._plan = list(findings), plan

    @cached_property
    def _tree(self) -> shapely.STRtree:
        """Return a search tree of the shapes of the findings."""
        shapes = (get_finding_shape_in_plane(one, self._plan) for one in self._findings)
        return shapely.STRtree([shape for shape in shapes if shape is not None])

    def list_boxes_near(self, shape: Any, distance_m: float) -> list[RowBounds]:
        """Return the bounding box of each finding within ``distance_m`` m of a shape in the plane."""
        near_findings = self._tree.geometries[self._tree.query(shape, predicate="dwithin", distance=distance_m)]
        return [box for one in near_findings if (box := compute_common_bounds(one)) is not None]

    def add_findings(self, findings: Iterable[Finding]) -> FindingPlaces:
        """Return a new object with the stored findings and further ones."""
        return FindingPlaces([*self._findings, *findings], self._plan)

    def extend_box_to_findings(self, box: RowBounds) -> RowBounds:
        """Return the box around a given box and all findings that it meets."""
        nearby_boxes = self._tree.geometries[self._tree.query(shapely.box(*box), predicate="intersects")]
        return join_bounds([box, compute_common_bounds(*nearby_boxes)]) or box


def is_found_by_place(finding: Finding) -> bool:
    """Return True if the edge of the surroundings of an edit must not cut the finding.

    A finding on one key has the rows of the key, which are read wherever they are, so that its place does not matter.
    """
    rule = load_all_rules().get(finding.code)
    return rule is not None and rule.surroundings not in ("", "keys")
